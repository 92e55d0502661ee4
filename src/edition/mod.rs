//! An [`Edition`] is a site, a theme and an instant: everything a page is made from, immutable and shared.

pub mod functions;
mod load;
pub mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use tera::{Tera, Value};

pub use load::{Loaded, Now, Options, load};

use crate::links::Linker;
use crate::media::{Assets, Inventory};
use crate::path::SitePath;
use crate::route::Routes;
use crate::site::{EntryId, Site};
use crate::theme::Theme;

/// What pages are made from.
pub struct Edition {
    /// What its functions know too.
    pub world: Arc<World>,
    /// Templates, components, strings.
    pub theme: Theme,
    /// The engine, its functions knowing the site.
    pub engine: Tera,
}

/// What the functions of templates know of the site.
pub struct World {
    /// The site.
    pub site: Site,
    /// Its outputs.
    pub routes: Routes,
    /// Its files.
    pub inventory: Inventory,
    /// The addresses of its files.
    pub assets: Assets,
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
