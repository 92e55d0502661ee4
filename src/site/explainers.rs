//! Living explainers: which version a page shows, which explainers include which, who uses each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::{Entry, EntryId, Site, Withheld};
use crate::diagnostic::catalog::site as say;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::document::facts::ExplainerRef;
use crate::document::{Document, Front, Kind};
use crate::moment::parse_date;

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

/// The explainers of a site.
#[derive(Clone, Debug, Default)]
pub struct Explainers {
    /// Versions by id and language, the oldest first.
    versions: BTreeMap<(String, String), Vec<Version>>,
    /// The briefings that show an explainer, by the entry of its page, the newest first.
    pub uses: BTreeMap<EntryId, Vec<EntryId>>,
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
        self.versions.get(&(id.to_owned(), language.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The ids of all explainers.
    pub fn ids(&self) -> BTreeSet<&str> {
        self.versions.keys().map(|(id, _)| id.as_str()).collect()
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
        let (language, versions) = [language, default_language]
            .into_iter()
            .map(|language| (language, self.versions(id, language)))
            .find(|(_, versions)| !versions.is_empty())?;
        let newest = versions.last()?;
        let dated = newest.document.identity.version.is_some();
        let in_force = |date: Date| versions.iter().rev().find(|v| v.as_of <= date);
        let (version, later) = match pin {
            Some("latest") => (newest, false),
            Some(pin) => (versions.iter().find(|v| Some(v.as_of) == parse_date(pin))?, false),
            None => match date.filter(|_| dated) {
                None => (newest, false),
                Some(date) => in_force(date).map_or((&versions[0], true), |v| (v, false)),
            },
        };
        Some(Shown { version, language, updated_since: version.as_of < newest.as_of, later })
    }
}

/// Takes the versions of explainers out of the entries and leaves the newest of each.
pub fn take_versions(entries: Vec<Entry>, d: &mut Vec<Diagnostic>) -> (Vec<Entry>, Explainers) {
    let mut explainers = Explainers::default();
    let mut kept = Vec::with_capacity(entries.len());
    let mut pages: BTreeMap<(String, String), Entry> = BTreeMap::new();
    for entry in entries {
        if entry.kind != Kind::Explainer {
            kept.push(entry);
            continue;
        }
        let key = (entry.id.clone(), entry.language.clone());
        let as_of = entry.front.as_of.as_ref().map_or(Date::MIN, |a| a.value);
        let versions = explainers.versions.entry(key.clone()).or_default();
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
        if newest {
            pages.insert(key, entry);
        }
    }
    for versions in explainers.versions.values_mut() {
        versions.sort_by_key(|v| v.as_of);
    }
    kept.extend(pages.into_values());
    (kept, explainers)
}

/// The explainers a document shows: after its text and in it.
pub fn refs<'a>(front: &'a Front, document: &'a Document) -> impl Iterator<Item = &'a ExplainerRef> {
    front.explainers.iter().chain(&document.facts.explainers)
}

/// Checks every reference to an explainer, names rings, and lists who uses what.
pub fn uses(
    site: &Site,
    withheld: &[(Kind, String, Withheld)],
    d: &mut Vec<Diagnostic>,
) -> BTreeMap<EntryId, Vec<EntryId>> {
    let known = site.explainers.ids();
    for entry in &site.entries {
        check(site, entry, &known, withheld, d);
    }
    rings(site, d);
    let mut uses: BTreeMap<EntryId, BTreeSet<EntryId>> = BTreeMap::new();
    for (id, entry) in site.entries.iter().enumerate().filter(|(_, e)| e.kind == Kind::Briefing) {
        let date = entry.published.map(|m| m.date(&site.config.timezone));
        let mut seen = BTreeSet::new();
        let mut open: Vec<&ExplainerRef> = refs(&entry.front, &entry.document).collect();
        while let Some(reference) = open.pop() {
            if !seen.insert(reference.id.value.as_str()) {
                continue;
            }
            let Some(shown) = shown(site, entry, reference, date) else { continue };
            if let Some(page) = site.find(Kind::Explainer, &reference.id.value, shown.language) {
                uses.entry(page).or_default().insert(id);
            }
            open.extend(shown.version.document.facts.explainers.iter());
        }
    }
    uses.into_iter().map(|(page, users)| (page, users.into_iter().collect())).collect()
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

fn check(
    site: &Site,
    entry: &Entry,
    known: &BTreeSet<&str>,
    withheld: &[(Kind, String, Withheld)],
    d: &mut Vec<Diagnostic>,
) {
    let date = entry.published.map(|m| m.date(&site.config.timezone));
    let file = &entry.document.path;
    let hub = entry.document.front.explainer.iter().map(|id| ExplainerRef {
        id: id.clone(),
        version: None,
        show: None,
    });
    let hub: Vec<ExplainerRef> = hub.collect();
    // What a translation takes from its original was checked there, but for the language.
    if entry.document.front.explainers.is_empty() {
        for reference in &entry.front.explainers {
            let shown = shown(site, entry, reference, date).filter(|shown| shown.language != entry.language);
            if let Some(shown) = shown {
                let id = &reference.id.value;
                d.push(say::explainer_untranslated(Span::file(file), id, &entry.language, shown.language));
            }
        }
    }
    for reference in refs(&entry.document.front, &entry.document).chain(&hub) {
        let span = Span::new(file, reference.id.at.clone());
        let id = &reference.id.value;
        if !known.contains(id.as_str()) {
            let hidden = withheld.iter().find(|(kind, other, _)| *kind == Kind::Explainer && other == id);
            d.push(match hidden {
                Some((_, _, why)) => say::withheld_link(span, id, &why.reason(&site.config.timezone)),
                None => say::unknown_reference(
                    Code::UnknownExplainer,
                    span,
                    "explainer",
                    id,
                    known.iter().copied(),
                ),
            });
            continue;
        }
        match shown(site, entry, reference, date) {
            None => {
                let version = reference.version.as_ref();
                let written = version.map_or("", |v| &v.value);
                let nearest = nearest_version(site, id, &entry.language, written);
                let span = version.map_or(span, |v| Span::new(file, v.at.clone()));
                d.push(say::unknown_version(span, id, written, nearest.as_deref()));
            }
            Some(shown) => {
                if shown.later {
                    d.push(say::explainer_later(span.clone(), id, &shown.version.as_of.to_string()));
                }
                if shown.language != entry.language {
                    d.push(say::explainer_untranslated(span, id, &entry.language, shown.language));
                }
            }
        }
    }
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

/// Names every ring of explainers that include each other, once, where it closes.
fn rings(site: &Site, d: &mut Vec<Diagnostic>) {
    let mut done: BTreeSet<EntryId> = BTreeSet::new();
    for (id, entry) in site.entries.iter().enumerate() {
        if entry.kind == Kind::Explainer && !done.contains(&id) {
            follow(site, id, &mut Vec::new(), &mut done, d);
        }
    }
}

/// Depth-first; the way is at most as long as there are explainers, and kept on the heap by `MAX_WAY`.
fn follow(
    site: &Site,
    id: EntryId,
    way: &mut Vec<EntryId>,
    done: &mut BTreeSet<EntryId>,
    d: &mut Vec<Diagnostic>,
) {
    way.push(id);
    let entry = &site.entries[id];
    for reference in &entry.document.facts.explainers {
        let Some(next) = site.find_or_default(Kind::Explainer, &reference.id.value, &entry.language) else {
            continue;
        };
        if let Some(start) = way.iter().position(|step| *step == next) {
            let mut ring: Vec<&str> =
                way[start..].iter().map(|step| site.entries[*step].id.as_str()).collect();
            ring.push(&site.entries[next].id);
            d.push(say::explainer_ring(Span::new(&entry.document.path, reference.id.at.clone()), &ring));
        } else if !done.contains(&next) && way.len() < MAX_WAY {
            follow(site, next, way, done, d);
        }
    }
    way.pop();
    done.insert(id);
}

/// How deep explainers may include explainers; also the limit while rendering.
pub const MAX_WAY: usize = 32;
