//! "Read also": what an editor named, then the same thread, the same explainer, shared topics (a rarer
//! topic counts more), then what is nearest in date. Found through sorted lists, never by comparing every
//! pair; what is near an old briefing is old too, so its page rarely changes.

use std::collections::BTreeMap;

use super::explainers::refs;
use super::references::find_briefing;
use super::{EntryId, Group, Site};

/// How many entries "Read also" has.
const ENTRIES: usize = 4;

/// How many neighbours of a topic are looked at.
const NEIGHBOURS: usize = 12;

/// The entries of a briefing.
pub fn related(site: &Site, id: EntryId) -> Vec<EntryId> {
    let entry = &site.entries[id];
    let language = entry.language.as_str();
    let mut chosen = Chosen { id, site, written: written(site, id), entries: Vec::new() };
    for reference in &entry.front.related {
        if let Ok(Some(other)) = find_briefing(site, entry, &reference.value) {
            chosen.add(site.in_language(other, language));
        }
    }
    if let Some(thread) = &entry.front.thread {
        chosen.add_nearest(site.groups.of(Group::Thread(&thread.value.id), language));
    }
    for reference in refs(&entry.front, &entry.document) {
        chosen.add_nearest(site.groups.of(Group::Explainer(&reference.id.value), language));
    }
    if !chosen.is_full() {
        for other in by_topics(site, id) {
            chosen.add(other);
        }
    }
    chosen.add_nearest(site.groups.of(Group::All, language));
    chosen.entries
}

/// The briefings that a "Read also" in the text links to already.
fn written(site: &Site, id: EntryId) -> Vec<EntryId> {
    let entry = &site.entries[id];
    let Some(placed) = entry.document.facts.components.iter().find(|c| c.value == "read_also") else {
        return Vec::new();
    };
    let next =
        entry.document.facts.headings.iter().map(|h| h.start).filter(|start| *start > placed.at.start).min();
    let inside = placed.at.start..next.unwrap_or(usize::MAX);
    let links = entry.document.facts.links.iter().filter(|link| inside.contains(&link.at.start));
    let plain = |link: &str| link.split(['#', '?']).next().unwrap_or_default().to_owned();
    links.filter_map(|link| find_briefing(site, entry, &plain(&link.value)).ok().flatten()).collect()
}

/// Briefings with shared topics: the greater weight first, then the nearer in date.
fn by_topics(site: &Site, id: EntryId) -> Vec<EntryId> {
    let entry = &site.entries[id];
    let mut weights: BTreeMap<EntryId, u64> = BTreeMap::new();
    for topic in &entry.front.topics {
        let list = site.groups.of(Group::Topic(&topic.value.id), &entry.language);
        let weight = 1_000_000 / u64::try_from(list.len().max(1)).unwrap_or(u64::MAX);
        for other in nearest(site, id, list).take(NEIGHBOURS) {
            *weights.entry(other).or_default() += weight;
        }
    }
    let mut ranked: Vec<(EntryId, u64)> = weights.into_iter().collect();
    ranked.sort_by_key(|(other, weight)| (std::cmp::Reverse(*weight), distance(site, id, *other), *other));
    ranked.into_iter().map(|(other, _)| other).collect()
}

/// Seconds between two briefings.
fn distance(site: &Site, a: EntryId, b: EntryId) -> u64 {
    let second = |id: EntryId| site.entries[id].published.map_or(0, |m| m.at.as_second());
    second(a).abs_diff(second(b))
}

/// The members of a sorted list outward from a briefing, the nearer in date first.
fn nearest<'a>(site: &'a Site, id: EntryId, list: &'a [EntryId]) -> impl Iterator<Item = EntryId> + 'a {
    let at = list.partition_point(|other| *other < id);
    let mut newer = list[..at].iter().rev().copied().peekable();
    let mut older = list[at..].iter().copied().filter(move |other| *other != id).peekable();
    std::iter::from_fn(move || match (newer.peek(), older.peek()) {
        (Some(a), Some(b)) if distance(site, id, *a) < distance(site, id, *b) => newer.next(),
        (_, Some(_)) => older.next(),
        (_, None) => newer.next(),
    })
}

/// What has been chosen so far.
struct Chosen<'a> {
    id: EntryId,
    site: &'a Site,
    written: Vec<EntryId>,
    entries: Vec<EntryId>,
}

impl Chosen<'_> {
    fn is_full(&self) -> bool {
        self.entries.len() + self.written.len() >= ENTRIES
    }

    fn add(&mut self, other: EntryId) {
        let is_translation = self.site.translations(self.id).contains(&other);
        let known = self.entries.contains(&other) || self.written.contains(&other);
        if !self.is_full() && other != self.id && !is_translation && !known {
            self.entries.push(other);
        }
    }

    fn add_nearest(&mut self, list: &[EntryId]) {
        // One more than there is room for, and as many as may be known already.
        let enough = 2 * ENTRIES + self.written.len();
        if !self.is_full() {
            let near: Vec<EntryId> = nearest(self.site, self.id, list).take(enough).collect();
            for other in near {
                self.add(other);
            }
        }
    }
}
