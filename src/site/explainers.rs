//! Living explainers: which version a page shows, which explainers include which, who uses each.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;
use jiff::civil::Date;
use rayon::prelude::*;

use super::{Entry, EntryId, Site, Withheld};
use crate::diagnostic::catalog::site as say;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::document::facts::ExplainerRef;
use crate::document::{Document, Front, Kind};
use crate::moment::parse_date;
use crate::path::SitePath;

/// One version of an explainer in one language.
#[derive(Clone, Debug)]
pub struct Version {
    /// The date its facts are of.
    pub as_of: Date,
    /// Its text.
    pub document: Arc<Document>,
    /// Its front matter.
    pub front: Arc<Front>,
}

/// Versions by id and language, the oldest first.
type Versions = BTreeMap<Arc<str>, BTreeMap<String, Vec<Version>>>;

/// The explainers of a site.
#[derive(Clone, Debug, Default)]
pub struct Explainers {
    versions: Arc<Versions>,
}

/// An explainer as a page shows it.
pub struct Shown<'a> {
    /// The version.
    pub version: &'a Version,
    /// The language it is in: the page's, or the default one.
    pub language: &'a str,
    /// Whether a newer version exists.
    pub updated_since: bool,
    /// Whether every version is later than the page, so that the oldest is shown.
    pub later: bool,
}

impl Explainers {
    /// Every version of an explainer in a language, the oldest first.
    pub fn versions(&self, id: &str, language: &str) -> &[Version] {
        self.versions.get(id).and_then(|versions| versions.get(language)).map_or(&[], Vec::as_slice)
    }

    /// Puts another text in the place of a version.
    pub fn replace(&mut self, entry: &Entry) {
        let languages = Arc::make_mut(&mut self.versions).get_mut(&entry.id);
        let versions = languages.and_then(|languages| languages.get_mut(&entry.language));
        let own = versions.and_then(|v| v.iter_mut().find(|v| v.document.path == entry.document.path));
        if let Some(version) = own {
            version.document = Arc::clone(&entry.document);
            version.front = Arc::clone(&entry.front);
        }
    }

    /// The ids of all explainers.
    pub fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        self.versions.keys().map(|id| &**id)
    }

    /// The version a page shows: the one pinned, the newest for `latest` or without a date, else the one
    /// in force at the date. A single file has one version. `None` when there is no such explainer or version.
    pub fn shown<'a>(
        &'a self,
        id: &str,
        language: &'a str,
        default_language: &'a str,
        pin: Option<&str>,
        date: Option<Date>,
    ) -> Option<Shown<'a>> {
        let own = self.versions(id, language);
        let default = self.versions(id, default_language);
        let in_versions = own.iter().chain(default).any(|v| v.document.identity.version.is_some());
        if !in_versions {
            // A single file has one version.
            let (language, version) = own
                .last()
                .map(|v| (language, v))
                .or_else(|| default.last().map(|v| (default_language, v)))?;
            let pinned = pin.is_none_or(|pin| pin == "latest" || parse_date(pin) == Some(version.as_of));
            return pinned.then_some(Shown { version, language, updated_since: false, later: false });
        }
        // First the version, then the language: a text of another time is no translation.
        let mut dates: Vec<Date> = own.iter().chain(default).map(|v| v.as_of).collect();
        dates.sort_unstable();
        let (oldest, newest) = (*dates.first()?, *dates.last()?);
        let (as_of, later) = match (pin, date) {
            (Some("latest"), _) | (None, None) => (newest, false),
            (Some(pin), _) => (parse_date(pin)?, false),
            (None, Some(date)) => {
                dates.iter().rev().find(|d| **d <= date).map_or((oldest, true), |in_force| (*in_force, false))
            }
        };
        let (language, version) = [(language, own), (default_language, default)]
            .into_iter()
            .find_map(|(language, versions)| Some((language, versions.iter().find(|v| v.as_of == as_of)?)))?;
        Some(Shown { version, language, updated_since: as_of < newest, later })
    }
}

/// Takes the versions of explainers out of the entries: those with pages, older versions, and all of them by
/// explainer.
pub fn take_versions(
    entries: Vec<Arc<Entry>>,
    d: &mut Vec<Diagnostic>,
) -> (Vec<Arc<Entry>>, Vec<Arc<Entry>>, Explainers) {
    let mut explainers = Versions::new();
    let mut kept = Vec::with_capacity(entries.len());
    let mut older = Vec::new();
    let mut pages: BTreeMap<(Arc<str>, String), Arc<Entry>> = BTreeMap::new();
    for entry in entries {
        if entry.kind != Kind::Explainer {
            kept.push(entry);
            continue;
        }
        let key = (Arc::clone(&entry.id), entry.language.clone());
        let as_of = entry.front.as_of.as_ref().map_or(Date::MIN, |a| a.value);
        let languages = explainers.entry(Arc::clone(&entry.id)).or_default();
        let versions = languages.entry(entry.language.clone()).or_default();
        let is_dated = |document: &Document| document.identity.version.is_some();
        if let Some(other) = versions.iter().find(|v| is_dated(&v.document) != is_dated(&entry.document)) {
            let (single, dated) = if is_dated(&entry.document) {
                (&other.document, &entry.document)
            } else {
                (&entry.document, &other.document)
            };
            d.push(say::explainer_twice(Span::file(&single.path), &entry.id, &dated.path));
        } else if let Some(other) = versions.iter().find(|v| !is_dated(&v.document) || v.as_of == as_of) {
            d.push(say::duplicate_id(
                Span::file(&entry.document.path),
                "explainer",
                &entry.id,
                &other.document.path,
            ));
            continue;
        }
        versions.push(Version {
            as_of,
            document: Arc::clone(&entry.document),
            front: Arc::clone(&entry.front),
        });
        let newest =
            pages.get(&key).and_then(|page| page.front.as_of.as_ref()).is_none_or(|a| a.value <= as_of);
        older.extend(if newest { pages.insert(key, entry) } else { Some(entry) });
    }
    for versions in explainers.values_mut().flat_map(BTreeMap::values_mut) {
        versions.sort_by_key(|v| v.as_of);
    }
    kept.extend(pages.into_values());
    (kept, older, Explainers { versions: Arc::new(explainers) })
}

/// The explainers a document shows: after its text and in it.
pub fn refs<'a>(front: &'a Front, document: &'a Document) -> impl Iterator<Item = &'a ExplainerRef> {
    front.explainers.iter().chain(&document.facts.explainers)
}

/// Who shows what: the briefings by the entry of an explainer's page, also through other explainers.
pub fn uses(site: &Site) -> BTreeMap<EntryId, Vec<EntryId>> {
    let plain = plain(site);
    let briefings = site.entries.par_iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Briefing);
    let shown: Vec<(EntryId, EntryId)> = briefings
        .flat_map_iter(|(id, entry)| used(site, &plain, entry).into_iter().map(move |page| (page, id)))
        .collect();
    let mut uses: BTreeMap<EntryId, Vec<EntryId>> = BTreeMap::new();
    for (page, id) in shown {
        uses.entry(page).or_default().push(id);
    }
    uses
}

/// Explainers of which every page shows the same: in one file, in the page's language, showing no other.
/// By language and id, the entry of their page.
type Plain<'a> = BTreeMap<&'a str, HashMap<&'a str, EntryId, FixedState>>;

fn plain(site: &Site) -> Plain<'_> {
    let mut plain = Plain::new();
    for language in site.languages() {
        let ids = site.groups.of_kind(Kind::Explainer, language).iter().copied();
        let is_plain = |id: &EntryId| {
            let entry = &site.entries[*id];
            let default = site.explainers.versions(&entry.id, &site.config.language);
            let own = site.explainers.versions(&entry.id, language);
            own.iter().chain(default).all(|version| version.document.identity.version.is_none())
                && entry.document.facts.explainers.is_empty()
                && site.find(Kind::Explainer, &entry.id, language) == Some(*id)
        };
        plain.insert(language, ids.filter(is_plain).map(|id| (&*site.entries[id].id, id)).collect());
    }
    plain
}

/// The pages of the explainers that a document shows.
fn used(site: &Site, plain: &Plain<'_>, entry: &Entry) -> Vec<EntryId> {
    let plain = plain.get(entry.language.as_str());
    let date = entry.published.map(|m| m.date(&site.config.timezone));
    let mut pages: Vec<EntryId> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    let mut open: Vec<&ExplainerRef> = refs(&entry.front, &entry.document).collect();
    while let Some(reference) = open.pop() {
        let id = reference.id.value.as_str();
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        // One pinned to a version may not have it.
        if let Some(page) = plain.and_then(|plain| plain.get(id)).filter(|_| reference.version.is_none()) {
            pages.push(*page);
            continue;
        }
        let Some(shown) = shown(site, entry, reference, date) else { continue };
        let page = site.find(Kind::Explainer, id, shown.language);
        pages.extend(page.filter(|page| !pages.contains(page)));
        open.extend(shown.version.document.facts.explainers.iter());
    }
    pages
}

/// A version of an explainer that a briefing shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The version.
    pub as_of: Date,
    /// How it was chosen.
    pub choice: Choice,
    /// The explainer it stands in, when the briefing does not name it itself.
    pub inside: Option<Arc<str>>,
    /// Whether there is a newer one.
    pub updated_since: bool,
}

/// How a page's version of an explainer is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one in force at the page's date.
    InForce,
    /// Always the newest.
    Latest,
    /// The one that is named.
    Pinned,
    /// There is but one.
    Only,
}

impl Choice {
    /// In a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::Latest => "latest",
            Self::Pinned => "pinned",
            Self::Only => "the only one",
        }
    }
}

/// The versions of one explainer that an entry shows, in the order they stand in, each once.
pub fn used_versions(site: &Site, entry: &Entry, id: &str) -> Vec<Use> {
    let date = entry.published.map(|m| m.date(&site.config.timezone));
    let mut uses: Vec<Use> = Vec::new();
    let mut seen: Vec<(&SitePath, Option<&str>)> = Vec::new();
    let mut open: Vec<(&ExplainerRef, Option<Arc<str>>)> =
        refs(&entry.front, &entry.document).map(|reference| (reference, None)).collect();
    open.reverse();
    while let Some((reference, inside)) = open.pop() {
        let Some(shown) = shown(site, entry, reference, date) else { continue };
        let document = &shown.version.document;
        let pin = reference.version.as_ref().map(|version| version.value.as_str());
        if seen.contains(&(&document.path, pin)) {
            continue;
        }
        seen.push((&document.path, pin));
        let explainer: Arc<str> = reference.id.value.as_str().into();
        if *explainer == *id {
            let choice = match pin {
                _ if document.identity.version.is_none() => Choice::Only,
                None => Choice::InForce,
                Some("latest") => Choice::Latest,
                Some(_) => Choice::Pinned,
            };
            let (as_of, updated_since) = (shown.version.as_of, shown.updated_since);
            uses.push(Use { as_of, choice, inside, updated_since });
        }
        let inner = document.facts.explainers.iter();
        open.extend(inner.rev().map(|reference| (reference, Some(Arc::clone(&explainer)))));
    }
    uses
}

/// What an entry shows for a reference.
pub fn shown<'a>(
    site: &'a Site,
    entry: &'a Entry,
    reference: &ExplainerRef,
    date: Option<Date>,
) -> Option<Shown<'a>> {
    let pin = reference.version.as_ref().map(|v| v.value.as_str());
    site.explainers.shown(&reference.id.value, &entry.language, &site.config.language, pin, date)
}

/// Checks the references of a document to explainers.
pub fn check(site: &Site, entry: &Entry, d: &mut Vec<Diagnostic>) {
    let date = entry.published.map(|m| m.date(&site.config.timezone));
    let file = &entry.document.path;
    let hub = entry.document.front.explainer.clone().map(ExplainerRef::of);
    // What a translation takes from its original was checked there, but for the language.
    if entry.document.front.explainers.is_empty() {
        for reference in &entry.front.explainers {
            let shown = shown(site, entry, reference, date).filter(|shown| shown.language != entry.language);
            if let Some(shown) = shown {
                let id = &reference.id.value;
                let of = &shown.version.document.path;
                d.push(say::explainer_untranslated(
                    Span::file(file),
                    id,
                    &entry.language,
                    shown.language,
                    of,
                ));
            }
        }
    }
    for reference in refs(&entry.document.front, &entry.document).chain(&hub) {
        let span = Span::new(file, reference.id.at.clone());
        let id = &reference.id.value;
        if !site.explainers.versions.contains_key(id.as_str()) {
            let known = site.explainers.ids();
            d.push(site.withheld(Kind::Explainer, id).map_or_else(
                || say::unknown_reference(Code::UnknownExplainer, span.clone(), "explainer", id, known),
                |why| say::withheld_link(span.clone(), id, &why.reason(&site.config.timezone)),
            ));
            continue;
        }
        match shown(site, entry, reference, date) {
            None => {
                let version = reference.version.as_ref();
                let written = version.map_or("", |v| &v.value);
                if let Some(why) = withheld_version(site, id, written) {
                    d.push(say::withheld_link(span, id, &why.reason(&site.config.timezone)));
                    continue;
                }
                let nearest = nearest_version(site, id, &entry.language, written);
                let span = version.map_or(span, |v| Span::new(file, v.at.clone()));
                d.push(say::unknown_version(span, id, written, nearest.as_deref()));
            }
            Some(shown) => {
                if shown.later {
                    d.push(say::explainer_later(span.clone(), id, &shown.version.as_of.to_string()));
                }
                if shown.language != entry.language {
                    let of = &shown.version.document.path;
                    d.push(say::explainer_untranslated(span, id, &entry.language, shown.language, of));
                }
            }
        }
    }
}

/// Why a version of an explainer is not published, when there is such a version.
fn withheld_version(site: &Site, id: &str, written: &str) -> Option<Withheld> {
    let date = parse_date(written)?;
    let is_it = |entry: &Entry| {
        let as_of = entry.front.as_of.as_ref().map(|as_of| as_of.value);
        entry.kind == Kind::Explainer && *entry.id == *id && as_of == Some(date)
    };
    site.left_out.iter().find(|left_out| is_it(&left_out.entry)).map(|left_out| left_out.why)
}

/// The version nearest to a date that has none.
fn nearest_version(site: &Site, id: &str, language: &str, written: &str) -> Option<String> {
    let languages = [language, &site.config.language];
    let versions = languages.iter().map(|l| site.explainers.versions(id, l)).find(|v| !v.is_empty())?;
    let dates = versions.iter().map(|v| v.as_of);
    match parse_date(written) {
        Some(wanted) => dates.min_by_key(|date| (wanted - *date).get_days().abs()),
        None => dates.max(),
    }
    .map(|date| date.to_string())
}

/// How deep explainers may show explainers.
pub const MAX_WAY: usize = 32;

/// How many explainers a page may show, those inside others counted.
pub const MAX_SHOWN: usize = 1_000;

/// A version of an explainer, by its file.
type Node<'a> = &'a str;

/// Names every ring of explainers once, and those that show more others than a page can hold. What an
/// explainer includes depends on the date of the page, so every date at which a version begins is looked at.
pub fn graph(site: &Site, d: &mut Vec<Diagnostic>) {
    let mut dates: BTreeSet<Option<Date>> = BTreeSet::from([None]);
    let versions = || site.entries.iter().chain(&site.older).filter(|e| e.kind == Kind::Explainer);
    dates.extend(versions().filter_map(|e| e.document.identity.version).map(Some));
    let mut told: BTreeSet<Vec<Node<'_>>> = BTreeSet::new();
    for language in site.languages() {
        for at in &dates {
            let mut done: BTreeMap<Node<'_>, (usize, usize)> = BTreeMap::new();
            let in_force = site
                .explainers
                .ids()
                .filter_map(|id| site.explainers.shown(id, language, &site.config.language, None, *at))
                .map(|shown| &*shown.version.document);
            // A version that is pinned may be no date's own: those are looked at as the newest pages show them.
            let pinned = versions().filter(|_| at.is_none()).map(|entry| &*entry.document);
            for document in in_force.chain(pinned) {
                follow(site, document, language, *at, &mut done, &mut told, d);
            }
        }
    }
}

/// Depth-first from one explainer, its way on the heap. `done` keeps how many explainers each shows in all
/// and how deep.
fn follow<'a>(
    site: &'a Site,
    start: &'a Document,
    language: &'a str,
    at: Option<Date>,
    done: &mut BTreeMap<Node<'a>, (usize, usize)>,
    told: &mut BTreeSet<Vec<Node<'a>>>,
    d: &mut Vec<Diagnostic>,
) {
    struct Step<'a> {
        document: &'a Document,
        next: usize,
        weight: usize,
        depth: usize,
    }
    let mut way = vec![Step { document: start, next: 0, weight: 1, depth: 1 }];
    while let Some(step) = way.last_mut() {
        let document = step.document;
        let node = document.path.as_str();
        let known = step.next == 0 && done.contains_key(node);
        let reference = document.facts.explainers.get(step.next).filter(|_| !known);
        if let Some(reference) = reference {
            step.next += 1;
            let pin = reference.version.as_ref().map(|v| v.value.as_str());
            let shown = site.explainers.shown(&reference.id.value, language, &site.config.language, pin, at);
            let Some(shown) = shown else { continue };
            let target: &Document = &shown.version.document;
            let ring = way.iter().position(|step| step.document.path == target.path);
            match (ring, done.get(target.path.as_str())) {
                (Some(from), _) => {
                    let mut ring: Vec<&Document> = way[from..].iter().map(|step| step.document).collect();
                    let mut members: Vec<Node<'_>> =
                        ring.iter().map(|document| document.path.as_str()).collect();
                    members.sort_unstable();
                    ring.push(target);
                    if told.insert(members) {
                        let ids: Vec<&str> = ring.iter().map(|document| &*document.identity.id).collect();
                        d.push(say::explainer_ring(Span::new(&document.path, reference.id.at.clone()), &ids));
                    }
                }
                (None, Some((weight, depth))) => {
                    let (weight, depth) = (*weight, *depth);
                    let step = way.last_mut().expect("the way is not empty here");
                    step.weight = step.weight.saturating_add(weight);
                    step.depth = step.depth.max(depth + 1);
                }
                (None, None) => way.push(Step { document: target, next: 0, weight: 1, depth: 1 }),
            }
            continue;
        }
        let Some(step) = way.pop() else { break };
        let (weight, depth) = *done.entry(node).or_insert((step.weight, step.depth));
        if !known && (weight > MAX_SHOWN || depth > MAX_WAY) && told.insert(vec![node]) {
            let at = document.facts.explainers.first().map_or(0..0, |reference| reference.id.at.clone());
            d.push(say::explainer_depth(Span::new(&document.path, at), MAX_SHOWN, MAX_WAY));
        }
        if let Some(parent) = way.last_mut()
            && !known
        {
            parent.weight = parent.weight.saturating_add(weight);
            parent.depth = parent.depth.max(depth + 1);
        }
    }
}
