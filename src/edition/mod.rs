//! An [`Edition`] is a site, a theme and an instant: everything a page is made from, immutable and shared.

pub mod check;
mod desk;
pub mod functions;
pub mod history;
mod read;
pub mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use tera::{Tera, Value};

pub use desk::Desk;
pub use read::{instant, settings};
use views::Card;

use crate::cache::Cache;
use crate::diagnostic::{Diagnostic, Sources};
use crate::links::{Linker, is_outside};
use crate::media::recipe::Recipe;
use crate::media::tag::{self, Wanted};
use crate::media::{AssetBytes, Assets, Inventory};
use crate::path::{SitePath, Url};
use crate::route::Routes;
use crate::route::machine::TwinForm;
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
    /// What was found out earlier.
    pub cache: Cache,
    /// Who is told how the work goes on.
    pub progress: Progress,
}

/// Is told how many of how many pictures have been looked at.
#[derive(Clone)]
pub struct Progress(pub Arc<dyn Fn(usize, usize) + Send + Sync>);

impl Default for Progress {
    fn default() -> Self {
        Self(Arc::new(|_, _| ()))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// Pictures that pages asked for, by their address. The same note is kept from one edition to the next: a tab
/// may ask for the picture of a page that was made before the last change, and an address names its bytes.
pub type Made = Mutex<BTreeMap<Url, Recipe>>;

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
        made: Arc<Made>,
    ) -> Self {
        let cards = site.entries.iter().map(|_| OnceLock::new()).collect();
        let (feed_texts, plain_texts) = (Mutex::default(), Mutex::default());
        let site_graphs = site.languages().map(|code| (code.to_owned(), OnceLock::new())).collect();
        let (sites, asked, styles) = (BTreeMap::new(), Mutex::default(), Mutex::default());
        let mut world = World {
            site,
            routes,
            inventory,
            assets,
            made,
            cards,
            site_graphs,
            feed_texts,
            plain_texts,
            sites,
            asked,
            styles,
        };
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
        let World { site, routes, inventory, assets, made, .. } = &*self.world;
        let (routes, inventory, assets) = (Arc::clone(routes), Arc::clone(inventory), Arc::clone(assets));
        Self::new(Arc::clone(&self.theme), site.clone(), routes, inventory, assets, Arc::clone(made))
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
    /// The pictures that pages asked for. Asking is not seeing: the note changes no page.
    pub made: Arc<Made>,
    /// A short view of every entry, as it is and as templates have it; made when a page first shows it and shared by all.
    cards: Vec<OnceLock<(Card, Value)>>,
    /// What every page of a language says of the site in its structured data.
    site_graphs: BTreeMap<String, OnceLock<String>>,
    /// The texts of entries as feeds have them, of those that some feed has.
    feed_texts: Mutex<BTreeMap<EntryId, Arc<str>>>,
    /// Plain texts of entries whose second twin is still to be made.
    plain_texts: Mutex<BTreeMap<EntryId, String>>,
    /// The view of the site in each language.
    pub sites: BTreeMap<String, Value>,
    /// The files of static/ that templates asked for by `asset()`. Asking is not seeing: the set grows
    /// while pages are made and changes none of them.
    pub asked: Mutex<BTreeSet<SitePath>>,
    /// The style sheets that pages carry, each set of files joined once.
    styles: Mutex<BTreeMap<String, Value>>,
}

impl World {
    /// The short view of an entry, as templates have it.
    pub fn card(&self, id: EntryId) -> Value {
        self.both_cards(id).1.clone()
    }

    /// The short view of an entry.
    pub fn card_view(&self, id: EntryId) -> &Card {
        &self.both_cards(id).0
    }

    fn both_cards(&self, id: EntryId) -> &(Card, Value) {
        self.cards[id].get_or_init(|| {
            let card = views::card(self, &self.site.entries[id]);
            let value = Value::from_serializable(&card);
            (card, value)
        })
    }

    /// What every page of a language says of the site in its structured data; made when the first asks for it.
    pub fn site_graph(&self, language: &str, make: impl FnOnce() -> String) -> String {
        match self.site_graphs.get(language) {
            Some(graph) => graph.get_or_init(make).clone(),
            None => make(),
        }
    }

    /// The text of an entry as feeds have it; made when the first asks for it.
    pub fn feed_text(&self, id: EntryId, make: impl FnOnce() -> Arc<str>) -> Arc<str> {
        let texts = || self.feed_texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = texts().get(&id) {
            return Arc::clone(text);
        }
        // Two that ask at once both make it, and it is the same.
        let text = make();
        Arc::clone(texts().entry(id).or_insert(text))
    }

    /// The plain text of an entry, of which two forms are made one after the other: the first makes it and leaves it for
    /// the second.
    pub fn plain_text(&self, id: EntryId, make: impl FnOnce() -> String) -> String {
        let texts = || self.plain_texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = texts().remove(&id) {
            return text;
        }
        let text = make();
        if TwinForm::of(&self.site.config).count() > 1 {
            texts().insert(id, text.clone());
        }
        text
    }

    /// A resolver of links.
    pub fn linker(&self) -> Linker<'_> {
        let Self { site, routes, inventory, assets, asked, .. } = self;
        Linker { site, routes, inventory, assets, asked: Some(asked) }
    }

    /// The address of a picture to be made, from the root of the host.
    pub fn ask(&self, recipe: Recipe) -> String {
        let url = recipe.url();
        let href = self.site.href(&url);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).entry(url).or_insert(recipe);
        href
    }

    /// The HTML of a picture: `key` is what components are given for it, a path in the site or a whole address.
    /// `None` when there is no such file.
    pub fn picture(&self, key: &str, wanted: &Wanted<'_>) -> Option<String> {
        if is_outside(key) {
            return Some(tag::plain(key, None, wanted, ""));
        }
        let file = self.file(key)?;
        let asset = self.assets.get(&file)?;
        // A file of static/ that nothing is made of keeps its own name.
        if file.as_str().starts_with("static/") && !matches!(asset.bytes, AssetBytes::Made(_)) {
            let size = asset.picture.as_ref().and_then(|picture| picture.as_ref().ok()?.size);
            return Some(tag::plain(&self.linker().file_href(&file)?, size, wanted, ""));
        }
        let href = |url: &Url| {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(file.clone());
            self.site.href(url)
        };
        Some(tag::picture(&file, asset, wanted, &href, &|recipe| self.ask(recipe)))
    }

    /// The file that a key names.
    pub fn file(&self, key: &str) -> Option<SitePath> {
        match key.strip_prefix('/') {
            Some(name) => self.inventory.statics.get(name).cloned(),
            None => Some(SitePath::new(key)),
        }
    }
}
