//! Documents to a [`Site`]: entries with their addresses, who belongs to what, which explainers are shown
//! where, what to read also. A pure function of the documents, the settings and the clock; the order of
//! everything is fixed.

pub mod explainers;
pub mod gather;
mod groups;
pub mod references;
mod related;
pub mod stale;
pub mod time;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;
use jiff::Timestamp;
use rayon::prelude::*;

pub use explainers::{Explainers, Shown};
pub use gather::{Gathered, Gathering};
pub use groups::{Group, Groups};
pub use related::related;
pub use time::{Clock, LeftOut, Shows, Turn, Withheld};

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
    pub id: Arc<str>,
    /// Its front matter, with what a translation takes from its original.
    pub front: Arc<Front>,
    /// Its address.
    pub url: Url,
    /// When it was published: the later of its date and its embargo.
    pub published: Option<Moment>,
    /// When it last changed significantly.
    pub modified: Option<Moment>,
    /// Why it would not be published, when it is shown all the same.
    pub unpublished: Vec<Withheld>,
}

impl Entry {
    /// Whether a site with this entry links as with another one: they differ in text and words alone.
    fn links_like(&self, other: &Self) -> bool {
        // The titles of hubs stand on other pages' lists of names.
        let wordless = !matches!(self.kind, Kind::Topic | Kind::Author | Kind::Thread);
        let same_words = || self.front.title == other.front.title;
        (self.kind, &self.language, &self.id, &self.url)
            == (other.kind, &other.language, &other.id, &other.url)
            && (self.published, &self.unpublished) == (other.published, &other.unpublished)
            && self.document.path == other.document.path
            && (wordless || same_words())
            && self.front.links_like(&other.front)
            && self.document.facts.links_like(&other.document.facts)
    }

    /// Its title; its id while it has none.
    pub fn title(&self) -> &str {
        self.front.title.as_ref().map_or(&self.id, |t| &t.value)
    }
}

/// A site at a moment. What linking found out is shared, so that a copy with another text costs little.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its settings.
    pub config: Arc<Config>,
    /// The instant it is seen at.
    pub now: Timestamp,
    /// What of it is shown besides what is published.
    pub shows: Shows,
    /// Its published documents: briefings first, the newest first; of an explainer the newest version.
    pub entries: Vec<Arc<Entry>>,
    /// Older versions of explainers, which have no page of their own.
    pub older: Vec<Arc<Entry>>,
    /// Who belongs to what.
    pub groups: Arc<Groups>,
    /// Explainers and their versions.
    pub explainers: Explainers,
    /// The briefings that show an explainer, by the entry of its page, the newest first.
    pub uses: Arc<BTreeMap<EntryId, Vec<EntryId>>>,
    /// What the clock withholds.
    pub left_out: Arc<Vec<LeftOut>>,
    /// The ids of documents that are withheld.
    withheld: Arc<Vec<(Kind, Arc<str>, Withheld)>>,
    /// The same document in other languages, by language; of those that have any.
    translations: Arc<HashMap<EntryId, Vec<EntryId>, FixedState>>,
    by_path: Arc<HashMap<SitePath, Target, FixedState>>,
    withheld_urls: Arc<HashMap<Url, Withheld, FixedState>>,
    /// Documents by address; made when somebody first asks.
    by_url: Arc<OnceLock<HashMap<Url, EntryId, FixedState>>>,
}

/// What a file or an address of content/ is at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A published document.
    Entry(EntryId),
    /// One that is withheld.
    Withheld(Withheld),
}

/// Links documents into a site. What is wrong with its ids is said here; [`check_entry`] and
/// [`check_rings`] look at the rest.
pub fn link(config: Arc<Config>, gathering: &Gathering, clock: Clock) -> (Site, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let d = &mut diagnostics;
    let mut entries = Vec::new();
    let mut left_out = Vec::new();
    let mut withheld = Vec::new();
    let mut withheld_urls = Vec::new();
    for gathered in gathering.all() {
        entries.extend(gathered.entries.iter().cloned());
        left_out.extend(gathered.left_out.iter().cloned());
        withheld.extend(gathered.withheld.iter().cloned());
        withheld_urls.extend(gathered.withheld_urls.iter().cloned());
        d.extend(gathered.diagnostics.iter().cloned());
    }
    let (mut entries, older, explainers) = explainers::take_versions(entries, d);
    sort(&mut entries);
    let (by_path, groups) =
        rayon::join(|| paths(&entries, &explainers, &left_out), || groups::group(&config, &entries));
    let translations = translations(&entries, &by_path, gathering);
    let mut site = Site {
        config,
        now: clock.now,
        shows: clock.shows,
        entries,
        older,
        groups: Arc::new(groups),
        explainers,
        uses: Arc::default(),
        left_out: Arc::new(left_out),
        withheld: Arc::new(withheld),
        translations: Arc::new(translations),
        by_path: Arc::new(by_path),
        withheld_urls: Arc::new(withheld_urls.into_iter().collect()),
        by_url: Arc::default(),
    };
    for kind in [Kind::Topic, Kind::Author, Kind::Thread] {
        for id in site.languages().flat_map(|language| site.groups.of_kind(kind, language)) {
            let entry = &site.entries[*id];
            let first = site.find(kind, &entry.id, &entry.language).filter(|first| first != id);
            if let Some(first) = first {
                let first = &site.entries[first].document.path;
                d.push(say::duplicate_id(Span::file(&entry.document.path), kind.name(), &entry.id, first));
            }
        }
    }
    site.uses = Arc::new(explainers::uses(&site));
    (site, diagnostics)
}

/// Names the rings of explainers that show each other, and those that show too many.
pub fn check_rings(site: &Site) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    explainers::graph(site, &mut diagnostics);
    diagnostics
}

/// What is wrong with the references of one document.
pub fn check_entry(site: &Site, entry: &Entry) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    references::check(site, entry, &mut diagnostics);
    explainers::check(site, entry, &mut diagnostics);
    diagnostics
}

/// What leads the front page of a language at a moment: the first briefing that is pinned, else the newest.
pub fn lead(site: &Site, language: &str, at: Timestamp) -> Option<EntryId> {
    let all = site.groups.of(Group::All, language);
    let pinned = |id: &&EntryId| site.entries[**id].front.pin.is_some_and(|pin| pin.at > at);
    all.iter().find(pinned).or(all.first()).copied()
}

/// The briefings of its running story before and after a briefing, in its language.
pub fn thread_neighbours(site: &Site, id: EntryId) -> (Option<EntryId>, Option<EntryId>) {
    let entry = &site.entries[id];
    let (Kind::Briefing, Some(thread)) = (entry.kind, &entry.front.thread) else { return (None, None) };
    let Some(group) = Group::of_hub(Kind::Thread, &thread.value.id) else { return (None, None) };
    let members = site.groups.of(group, &entry.language);
    // The newest stands first.
    let Some(at) = members.iter().position(|member| *member == id) else { return (None, None) };
    (members.get(at + 1).copied(), at.checked_sub(1).map(|at| members[at]))
}

/// Puts entries in their order: by kind, the newest first, then by path.
fn sort(entries: &mut Vec<Arc<Entry>>) {
    // What is compared stands side by side, not scattered over memory.
    let mut keyed: Vec<_> = std::mem::take(entries)
        .into_iter()
        .map(|entry| ((entry.kind, std::cmp::Reverse(entry.published.map(|m| m.at))), entry))
        .collect();
    keyed.par_sort_by(|(a, one), (b, other)| {
        a.cmp(b).then_with(|| one.document.path.cmp(&other.document.path))
    });
    entries.extend(keyed.into_iter().map(|(_, entry)| entry));
}

fn paths(
    entries: &[Arc<Entry>],
    explainers: &Explainers,
    left_out: &[LeftOut],
) -> HashMap<SitePath, Target, FixedState> {
    let mut paths = HashMap::with_capacity_and_hasher(entries.len(), FixedState::default());
    paths.extend(left_out.iter().map(|l| (l.path().clone(), Target::Withheld(l.why))));
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

/// The translations of every document that has any.
fn translations(
    entries: &[Arc<Entry>],
    by_path: &HashMap<SitePath, Target, FixedState>,
    gathering: &Gathering,
) -> HashMap<EntryId, Vec<EntryId>, FixedState> {
    let mut groups: Vec<Vec<EntryId>> = Vec::new();
    let mut explainers: BTreeMap<&str, Vec<EntryId>> = BTreeMap::new();
    for gathered in gathering.all().filter(|gathered| gathered.entries.len() > 1) {
        let ids = gathered.entries.iter().filter(|entry| entry.kind != Kind::Explainer);
        let ids = ids.filter_map(|entry| match by_path.get(&entry.document.path) {
            Some(Target::Entry(id)) => Some(*id),
            Some(Target::Withheld(_)) | None => None,
        });
        groups.push(ids.collect());
    }
    // Of an explainer the newest version has the page, in each language another one.
    for (id, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Explainer) {
        explainers.entry(&entry.id).or_default().push(id);
    }
    let mut translations = HashMap::with_hasher(FixedState::default());
    for mut group in groups.into_iter().chain(explainers.into_values()).filter(|group| group.len() > 1) {
        group.sort_by(|a, b| entries[*a].language.cmp(&entries[*b].language));
        for &id in &group {
            translations.insert(id, group.iter().copied().filter(|other| *other != id).collect());
        }
    }
    translations
}

impl Site {
    /// The same site with other texts, when they differ from what was gathered before in nothing that has
    /// to do with other documents; `None` when the site must be linked again.
    pub fn with(&self, changes: &[(Arc<Gathered>, Arc<Gathered>)]) -> Option<Self> {
        let mut site = self.clone();
        for (before, after) in changes {
            if !after.links_like(before) {
                return None;
            }
            for (old, new) in before.entries.iter().zip(&after.entries) {
                site.replace(old, new)?;
            }
            for new in &after.left_out {
                let all = Arc::make_mut(&mut site.left_out).iter_mut();
                all.filter(|old| old.path() == new.path()).for_each(|old| *old = new.clone());
            }
        }
        Some(site)
    }

    fn replace(&mut self, old: &Arc<Entry>, new: &Arc<Entry>) -> Option<()> {
        let Target::Entry(id) = self.at_path(&old.document.path)? else { return None };
        let place = if Arc::ptr_eq(&self.entries[id], old) {
            &mut self.entries[id]
        } else {
            self.older.iter_mut().find(|entry| Arc::ptr_eq(entry, old))?
        };
        *place = Arc::clone(new);
        if new.kind == Kind::Explainer {
            self.explainers.replace(new);
        }
        Some(())
    }

    /// The published document that a file is, also an older version of an explainer.
    pub fn entry_at(&self, path: &SitePath) -> Option<&Entry> {
        let Target::Entry(id) = self.at_path(path)? else { return None };
        let own = Some(&self.entries[id]).filter(|entry| entry.document.path == *path);
        own.or_else(|| self.older.iter().find(|entry| entry.document.path == *path)).map(|entry| &**entry)
    }

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

    /// The document whose address this is.
    pub fn at_url(&self, url: &Url) -> Option<EntryId> {
        let by_url = self.by_url.get_or_init(|| {
            // Of two at one address the first has it.
            self.entries.iter().enumerate().rev().map(|(id, entry)| (entry.url.clone(), id)).collect()
        });
        by_url.get(url).copied()
    }

    /// Why nothing is shown at an address at this moment.
    pub fn withheld_at(&self, url: &Url) -> Option<Withheld> {
        self.withheld_urls.get(url).copied()
    }

    /// The hubs of a kind that a language has, by id.
    pub fn hubs(&self, kind: Kind, language: &str) -> Vec<String> {
        self.groups.hubs(&self.entries, kind, language)
    }

    /// The documents of a kind with an id in a language: the first, and the others.
    pub fn find_all(&self, kind: Kind, id: &str, language: &str) -> Option<(EntryId, &[EntryId])> {
        self.groups.of_id(&self.entries, kind, id, language)
    }

    /// An entry in another language, or itself when there is none.
    pub fn in_language(&self, id: EntryId, language: &str) -> EntryId {
        if self.entries[id].language == language {
            return id;
        }
        self.translations(id).iter().copied().find(|t| self.entries[*t].language == language).unwrap_or(id)
    }

    /// The same document in other languages.
    pub fn translations(&self, id: EntryId) -> &[EntryId] {
        self.translations.get(&id).map_or(&[], Vec::as_slice)
    }

    /// The document of a kind with an id in a language.
    pub fn find(&self, kind: Kind, id: &str, language: &str) -> Option<EntryId> {
        self.find_all(kind, id, language).map(|(first, _)| first)
    }

    /// The document of a kind with an id in a language, else in the default language.
    pub fn find_or_default(&self, kind: Kind, id: &str, language: &str) -> Option<EntryId> {
        self.find(kind, id, language).or_else(|| self.find(kind, id, &self.config.language))
    }

    /// Why a document with an id is withheld, when it is.
    pub fn withheld(&self, kind: Kind, id: &str) -> Option<Withheld> {
        self.withheld.iter().find(|(k, other, _)| *k == kind && **other == *id).map(|(_, _, why)| *why)
    }

    /// The base path with an address: what a link on a page says.
    pub fn href(&self, url: &Url) -> String {
        format!("{}{url}", self.config.base_path)
    }
}
