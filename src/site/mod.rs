//! Documents to a [`Site`]: entries with their addresses, who belongs to what, which explainers are shown
//! where, what to read also. A pure function of the documents, the settings and the clock; the order of
//! everything is fixed.

pub mod explainers;
mod gather;
mod groups;
pub mod references;
mod related;
pub mod time;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

pub use explainers::{Explainers, Shown};
pub use groups::{Group, Groups};
pub use time::{Clock, LeftOut, Withheld};

use crate::config::Config;
use crate::diagnostic::catalog::site as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{Document, Front, Kind};
use crate::moment::Moment;
use crate::path::{SitePath, Url};

/// A published document's place in [`Site::entries`]. Of two briefings the smaller is the newer.
pub type EntryId = usize;

/// A published document, with everything that other files decide about it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The document.
    pub document: Arc<Document>,
    /// Its kind.
    pub kind: Kind,
    /// Its language.
    pub language: String,
    /// Its slug or id.
    pub id: String,
    /// Its front matter, with what a translation takes from its original.
    pub front: Arc<Front>,
    /// Its address.
    pub url: Url,
    /// When it was published: the later of its date and its embargo.
    pub published: Option<Moment>,
    /// When it last changed significantly.
    pub modified: Option<Moment>,
    /// The same document in other languages, by language.
    pub translations: Vec<EntryId>,
}

impl Entry {
    /// Its title; its id while it has none.
    pub fn title(&self) -> &str {
        self.front.title.as_ref().map_or(&self.id, |t| &t.value)
    }
}

/// A site at a moment.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its settings.
    pub config: Arc<Config>,
    /// The instant it is seen at.
    pub now: Timestamp,
    /// Its published documents: briefings first, the newest first; of an explainer the newest version.
    pub entries: Vec<Entry>,
    /// Older versions of explainers, which have no page of their own.
    pub older: Vec<Entry>,
    /// Who belongs to what.
    pub groups: Groups,
    /// Explainers, their versions and uses.
    pub explainers: Explainers,
    /// "Read also" of each briefing.
    pub related: HashMap<EntryId, Vec<EntryId>>,
    /// What the clock withholds.
    pub left_out: Vec<LeftOut>,
    by_path: HashMap<SitePath, Target>,
    by_url: HashMap<Url, Target>,
}

/// What a file or an address of content/ is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A published document.
    Entry(EntryId),
    /// One that is withheld.
    Withheld(Withheld),
}

/// Links documents into a site.
pub fn link(config: Arc<Config>, documents: &[Arc<Document>], clock: Clock) -> (Site, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let d = &mut diagnostics;
    let gathered = gather::gather(&config, documents, clock, d);
    let (mut entries, older, explainers) = explainers::take_versions(gathered.entries, d);
    entries.sort_by(|a, b| {
        let key = |e: &Entry| (e.kind, std::cmp::Reverse(e.published.map(|m| m.at)));
        key(a).cmp(&key(b)).then_with(|| a.document.path.cmp(&b.document.path))
    });
    let by_path = paths(&entries, &explainers, &gathered.left_out);
    let by_url = urls(&entries, &gathered.withheld_urls);
    let groups = groups::group(&config, &entries);
    link_translations(&mut entries);
    let mut site = Site {
        config,
        now: clock.now,
        entries,
        older,
        groups,
        explainers,
        related: HashMap::new(),
        left_out: gathered.left_out,
        by_path,
        by_url,
    };
    for (id, entry) in site.entries.iter().enumerate() {
        let is_hub = matches!(entry.kind, Kind::Topic | Kind::Author | Kind::Thread);
        if is_hub
            && let Some(first) =
                site.find(entry.kind, &entry.id, &entry.language).filter(|first| *first != id)
        {
            let first = &site.entries[first].document.path;
            d.push(say::duplicate_id(Span::file(&entry.document.path), entry.kind.name(), &entry.id, first));
        }
    }
    references::check(&site, &gathered.withheld, d);
    site.explainers.uses = explainers::uses(&site, &gathered.withheld, d);
    site.related = related::related(&site);
    (site, diagnostics)
}

fn paths(entries: &[Entry], explainers: &Explainers, left_out: &[LeftOut]) -> HashMap<SitePath, Target> {
    let mut paths: HashMap<SitePath, Target> =
        left_out.iter().map(|l| (l.path.clone(), Target::Withheld(l.why))).collect();
    for (id, entry) in entries.iter().enumerate() {
        paths.insert(entry.document.path.clone(), Target::Entry(id));
        if entry.kind == Kind::Explainer {
            for version in explainers.versions(&entry.id, &entry.language) {
                paths.insert(version.document.path.clone(), Target::Entry(id));
            }
        }
    }
    paths
}

fn urls(entries: &[Entry], withheld: &[(Url, Withheld)]) -> HashMap<Url, Target> {
    let mut urls: HashMap<Url, Target> =
        withheld.iter().map(|(url, why)| (url.clone(), Target::Withheld(*why))).collect();
    for (id, entry) in entries.iter().enumerate().rev() {
        urls.insert(entry.url.clone(), Target::Entry(id));
    }
    urls
}

fn link_translations(entries: &mut [Entry]) {
    let mut groups: BTreeMap<(Kind, String), Vec<EntryId>> = BTreeMap::new();
    for (id, entry) in entries.iter().enumerate() {
        let key = match entry.kind {
            Kind::Explainer => entry.id.clone(),
            Kind::Briefing | Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => {
                entry.document.identity.key.clone()
            }
        };
        groups.entry((entry.kind, key)).or_default().push(id);
    }
    for mut group in groups.into_values().filter(|group| group.len() > 1) {
        group.sort_by(|a, b| entries[*a].language.cmp(&entries[*b].language));
        for &id in &group {
            entries[id].translations = group.iter().copied().filter(|other| *other != id).collect();
        }
    }
}

impl Site {
    /// The languages of the site, the default one first.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        let default = self.config.language.as_str();
        let others = self.config.languages.keys().map(String::as_str).filter(move |l| *l != default);
        std::iter::once(default).chain(others)
    }

    /// What a file of content/ is.
    pub fn at_path(&self, path: &SitePath) -> Option<Target> {
        self.by_path.get(path).copied()
    }

    /// What document answers at an address.
    pub fn at_url(&self, url: &Url) -> Option<Target> {
        self.by_url.get(url).copied()
    }

    /// An entry in another language, or itself when there is none.
    pub fn in_language(&self, id: EntryId, language: &str) -> EntryId {
        let entry = &self.entries[id];
        if entry.language == language {
            return id;
        }
        entry.translations.iter().copied().find(|t| self.entries[*t].language == language).unwrap_or(id)
    }

    /// The document of a kind with an id in a language.
    pub fn find(&self, kind: Kind, id: &str, language: &str) -> Option<EntryId> {
        self.groups
            .by_id
            .get(&(kind, language.to_owned(), id.to_owned()))
            .and_then(|ids| ids.first().copied())
    }

    /// The document of a kind with an id in a language, else in the default language.
    pub fn find_or_default(&self, kind: Kind, id: &str, language: &str) -> Option<EntryId> {
        self.find(kind, id, language).or_else(|| self.find(kind, id, &self.config.language))
    }

    /// The published documents of a kind in a language, in their order.
    pub fn of(&self, kind: Kind, language: &str) -> impl Iterator<Item = EntryId> {
        let of = move |(_, entry): &(EntryId, &Entry)| entry.kind == kind && entry.language == language;
        self.entries.iter().enumerate().filter(of).map(|(id, _)| id)
    }

    /// The base path with an address: what a link on a page says.
    pub fn href(&self, url: &Url) -> String {
        format!("{}{url}", self.config.base_path)
    }
}
