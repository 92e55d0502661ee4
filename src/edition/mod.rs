//! An [`Edition`] is a site, a theme and an instant: everything a page is made from, immutable and shared.

pub mod check;
mod desk;
pub mod functions;
mod read;
pub mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use jiff::Timestamp;
use tera::{Tera, Value};

pub use desk::Desk;

use crate::diagnostic::{Diagnostic, Sources};
use crate::links::Linker;
use crate::media::{Assets, Inventory};
use crate::path::SitePath;
use crate::route::Routes;
use crate::site::{EntryId, Shows, Site};
use crate::theme::Theme;
use crate::tree::Tree;

/// What an edition depends on besides the files.
#[derive(Clone, Debug)]
pub struct Options {
    /// The moment the site is seen at.
    pub now: Now,
    /// What is shown besides what is published.
    pub shows: Shows,
    /// Another address than that of nutgraf.yaml.
    pub base_url: Option<String>,
}

/// A moment, as far as it is known before the settings are read.
#[derive(Clone, Debug)]
pub enum Now {
    /// An instant.
    At(Timestamp),
    /// A time as typed, in the site's zone unless it says otherwise.
    Typed(String),
}

/// What came of a tree.
pub struct Loaded {
    /// The edition; `None` when there is no nutgraf.yaml.
    pub edition: Option<Edition>,
    /// What is wrong so far.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that diagnostics point into.
    pub sources: Sources,
}

/// Makes an edition of a tree: everything is read, linked and checked once.
pub fn load(tree: &Tree, options: Options) -> Loaded {
    match Desk::open(tree, options) {
        Ok(desk) => {
            let edition = desk.edition();
            let mut diagnostics = desk.said();
            diagnostics.extend(check::all(&edition.world));
            let sources = desk.sources();
            Loaded { edition: Some(edition), diagnostics, sources }
        }
        Err((diagnostics, sources)) => Loaded { edition: None, diagnostics, sources },
    }
}

/// What pages are made from.
pub struct Edition {
    /// What its functions know too.
    pub world: Arc<World>,
    /// Templates, components, strings.
    pub theme: Arc<Theme>,
    /// The engine, its functions knowing the site.
    pub engine: Tera,
}

impl Edition {
    /// An edition of a site in a theme's dress; no view of it is made yet.
    fn new(
        theme: Arc<Theme>,
        site: Site,
        routes: Arc<Routes>,
        inventory: Arc<Inventory>,
        assets: Arc<Assets>,
    ) -> Self {
        let cards = site.entries.iter().map(|_| OnceLock::new()).collect();
        let (sites, asked) = (BTreeMap::new(), Mutex::default());
        let mut world = World { site, routes, inventory, assets, cards, sites, asked };
        world.sites = views::sites(&world, &theme);
        let world = Arc::new(world);
        let mut engine = theme.engine.clone();
        functions::register(&mut engine, &world, &theme);
        Self { world, theme, engine }
    }

    /// The same edition without the views that pages have made so far: to make many pages of a large site
    /// and keep none of it.
    #[must_use]
    pub fn afresh(&self) -> Self {
        let World { site, routes, inventory, assets, .. } = &*self.world;
        let (routes, inventory, assets) = (Arc::clone(routes), Arc::clone(inventory), Arc::clone(assets));
        Self::new(Arc::clone(&self.theme), site.clone(), routes, inventory, assets)
    }
}

/// What the functions of templates know of the site.
pub struct World {
    /// The site.
    pub site: Site,
    /// Its outputs.
    pub routes: Arc<Routes>,
    /// Its files.
    pub inventory: Arc<Inventory>,
    /// The addresses of its files.
    pub assets: Arc<Assets>,
    /// A short view of every entry, made when a list first shows it and shared by all.
    cards: Vec<OnceLock<Value>>,
    /// The view of the site in each language.
    pub sites: BTreeMap<String, Value>,
    /// The files of static/ that templates asked for by `asset()`. Asking is not seeing: the set grows
    /// while pages are made and changes none of them.
    pub asked: Mutex<BTreeSet<SitePath>>,
}

impl World {
    /// The short view of an entry.
    pub fn card(&self, id: EntryId) -> Value {
        let make = || Value::from_serializable(&views::card(self, &self.site.entries[id]));
        self.cards[id].get_or_init(make).clone()
    }

    /// A resolver of links.
    pub fn linker(&self) -> Linker<'_> {
        Linker { site: &self.site, routes: &self.routes, inventory: &self.inventory, assets: &self.assets }
    }
}
