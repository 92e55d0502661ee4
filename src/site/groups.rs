//! Who belongs to what: briefings by section, topic, author and thread; documents by kind and id.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;
use rayon::prelude::*;

use super::explainers::refs;
use super::{Entry, EntryId};
use crate::config::Config;
use crate::document::Kind;
use crate::document::front::Term;

/// What briefings belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group<'a> {
    /// Everything.
    All,
    /// Those with corrections.
    Corrected,
    /// A section.
    Section(&'a str),
    /// A topic.
    Topic(&'a str),
    /// An author.
    Author(&'a str),
    /// A running story.
    Thread(&'a str),
    /// Those that name an explainer themselves.
    Explainer(&'a str),
}

impl<'a> Group<'a> {
    /// The group that a hub page of a kind stands for.
    pub fn of_hub(kind: Kind, id: &'a str) -> Option<Self> {
        match kind {
            Kind::Topic => Some(Self::Topic(id)),
            Kind::Author => Some(Self::Author(id)),
            Kind::Thread => Some(Self::Thread(id)),
            Kind::Briefing | Kind::Explainer | Kind::Page => None,
        }
    }

    /// Which of the maps of [`Members`] it stands in, and under what name.
    fn place(self) -> (usize, &'a str) {
        match self {
            Self::All => (0, ""),
            Self::Corrected => (0, "corrected"),
            Self::Section(id) => (1, id),
            Self::Topic(id) => (2, id),
            Self::Author(id) => (3, id),
            Self::Thread(id) => (4, id),
            Self::Explainer(id) => (5, id),
        }
    }
}

/// Briefings by what they belong to, the newest first.
type Members = [HashMap<String, Vec<EntryId>, FixedState>; 6];

/// The documents of a kind in a language.
#[derive(Clone, Debug, Default)]
struct OfKind {
    /// All of them, in their order.
    all: Vec<EntryId>,
    /// By id; made when somebody first asks.
    by_id: OnceLock<ById>,
}

/// Documents by id.
#[derive(Clone, Debug, Default)]
struct ById {
    /// Of several with one id the first.
    first: HashMap<Arc<str>, EntryId, FixedState>,
    /// The others.
    others: BTreeMap<Arc<str>, Vec<EntryId>>,
}

/// What belongs together in one language.
#[derive(Clone, Debug, Default)]
struct OfLanguage {
    members: Members,
    kinds: BTreeMap<Kind, OfKind>,
    explainers_of_topic: BTreeMap<String, Vec<EntryId>>,
}

/// The members of every group, and the documents by id.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    languages: BTreeMap<String, OfLanguage>,
    /// The names that topics, authors and threads were first given in a text, by id.
    names: BTreeMap<Kind, BTreeMap<String, String>>,
}

impl Groups {
    /// The briefings of a group in a language, the newest first.
    pub fn of(&self, group: Group<'_>, language: &str) -> &[EntryId] {
        let (map, name) = group.place();
        let members = self.languages.get(language).and_then(|l| l.members[map].get(name));
        members.map_or(&[], Vec::as_slice)
    }

    /// The documents of a kind in a language, in their order.
    pub fn of_kind(&self, kind: Kind, language: &str) -> &[EntryId] {
        self.kind(kind, language).map_or(&[], |k| k.all.as_slice())
    }

    /// The documents of a kind with an id in a language: the first, and the others.
    pub fn of_id(
        &self,
        entries: &[Arc<Entry>],
        kind: Kind,
        id: &str,
        language: &str,
    ) -> Option<(EntryId, &[EntryId])> {
        let of_kind = self.kind(kind, language)?;
        let by_id = of_kind.by_id.get_or_init(|| by_id(entries, &of_kind.all));
        let first = *by_id.first.get(id)?;
        Some((first, by_id.others.get(id).map_or(&[], Vec::as_slice)))
    }

    /// The explainers of a topic in a language.
    pub fn explainers_of(&self, topic: &str, language: &str) -> &[EntryId] {
        let of_topic = self.languages.get(language).and_then(|l| l.explainers_of_topic.get(topic));
        of_topic.map_or(&[], Vec::as_slice)
    }

    /// The name that a topic, an author or a thread was first given.
    pub fn name(&self, kind: Kind, id: &str) -> Option<&str> {
        self.names.get(&kind)?.get(id).map(String::as_str)
    }

    /// The hubs of a kind that a language has: those with briefings or a text in it, by id.
    pub fn hubs(&self, entries: &[Arc<Entry>], kind: Kind, language: &str) -> Vec<String> {
        let is_there = |id: &&String| {
            self.of_id(entries, kind, id, language).is_some()
                || Group::of_hub(kind, id).is_some_and(|group| !self.of(group, language).is_empty())
                || kind == Kind::Topic && !self.explainers_of(id, language).is_empty()
        };
        self.names.get(&kind).into_iter().flat_map(BTreeMap::keys).filter(is_there).cloned().collect()
    }

    fn kind(&self, kind: Kind, language: &str) -> Option<&OfKind> {
        self.languages.get(language)?.kinds.get(&kind)
    }
}

fn by_id(entries: &[Arc<Entry>], all: &[EntryId]) -> ById {
    let mut by_id = ById::default();
    by_id.first.reserve(all.len());
    for id in all.iter().copied() {
        let name = &entries[id].id;
        let first = *by_id.first.entry(Arc::clone(name)).or_insert(id);
        if first != id {
            by_id.others.entry(Arc::clone(name)).or_default().push(id);
        }
    }
    by_id
}

/// How many entries are grouped together, beside others.
const TOGETHER: usize = 8 * 1024;

/// Groups the entries, which stand in their final order.
pub fn group(config: &Config, entries: &[Arc<Entry>]) -> Groups {
    let numbered: Vec<(EntryId, &Arc<Entry>)> = entries.iter().enumerate().collect();
    let parts: Vec<Groups> = numbered.par_chunks(TOGETHER).map(part).collect();
    let mut groups = Groups::default();
    for language in config.languages.keys() {
        groups.languages.insert(language.clone(), OfLanguage::default());
    }
    for entry in entries {
        if !matches!(entry.kind, Kind::Topic | Kind::Author | Kind::Thread) {
            continue;
        }
        // A profile's own title goes before what a text calls it, and the default language before others.
        let names = groups.names.entry(entry.kind).or_default();
        if entry.language == config.language || !names.contains_key(&*entry.id) {
            names.insert(entry.id.to_string(), entry.title().to_owned());
        }
    }
    for part in parts {
        groups.append(part);
    }
    groups
}

/// Groups some entries that follow each other.
fn part(entries: &[(EntryId, &Arc<Entry>)]) -> Groups {
    let mut groups = Groups::default();
    for (id, entry) in entries.iter().copied() {
        let Groups { languages, names } = &mut groups;
        let language = of_language(languages, &entry.language);
        language.kinds.entry(entry.kind).or_default().all.push(id);
        let front = &entry.front;
        if entry.kind == Kind::Explainer {
            for topic in &front.topics {
                push(&mut language.explainers_of_topic, &topic.value.id, id);
                name(names, Kind::Topic, &topic.value);
            }
        }
        if entry.kind != Kind::Briefing {
            continue;
        }
        let members = &mut language.members;
        let mut add = |group: Group<'_>, kind_and_term: Option<(Kind, &Term)>| {
            let (map, called) = group.place();
            // Most names are known: they are not copied to look them up.
            match members[map].get_mut(called) {
                // What is named twice has it once.
                Some(list) if list.last() == Some(&id) => {}
                Some(list) => list.push(id),
                None => {
                    members[map].insert(called.to_owned(), vec![id]);
                    if let Some((kind, term)) = kind_and_term {
                        name(names, kind, term);
                    }
                }
            }
        };
        add(Group::All, None);
        if !front.corrections.is_empty() {
            add(Group::Corrected, None);
        }
        if let Some(section) = &front.section {
            add(Group::Section(&section.value), None);
        }
        for topic in &front.topics {
            add(Group::Topic(&topic.value.id), Some((Kind::Topic, &topic.value)));
        }
        for author in &front.authors {
            add(Group::Author(&author.value.id), Some((Kind::Author, &author.value)));
        }
        if let Some(thread) = &front.thread {
            add(Group::Thread(&thread.value.id), Some((Kind::Thread, &thread.value)));
        }
        for reference in refs(front, &entry.document) {
            add(Group::Explainer(&reference.id.value), None);
        }
    }
    groups
}

impl Groups {
    /// Adds the groups of entries that come after all that are here.
    fn append(&mut self, later: Self) {
        for (code, later) in later.languages {
            let language = of_language(&mut self.languages, &code);
            for (kind, later) in later.kinds {
                language.kinds.entry(kind).or_default().all.extend(later.all);
            }
            for (members, later) in language.members.iter_mut().zip(later.members) {
                // In which order names come makes no difference: each has its own list.
                #[expect(clippy::iter_over_hash_type, reason = "into another map")]
                for (name, ids) in later {
                    members.entry(name).or_default().extend(ids);
                }
            }
            for (topic, ids) in later.explainers_of_topic {
                language.explainers_of_topic.entry(topic).or_default().extend(ids);
            }
        }
        for (kind, later) in later.names {
            let names = self.names.entry(kind).or_default();
            for (id, name) in later {
                names.entry(id).or_insert(name);
            }
        }
    }
}

fn of_language<'a>(languages: &'a mut BTreeMap<String, OfLanguage>, language: &str) -> &'a mut OfLanguage {
    if !languages.contains_key(language) {
        languages.insert(language.to_owned(), OfLanguage::default());
    }
    languages.get_mut(language).expect("it was there or has just been added")
}

fn push(map: &mut BTreeMap<String, Vec<EntryId>>, name: &str, id: EntryId) {
    match map.get_mut(name) {
        Some(list) => list.push(id),
        None => {
            map.insert(name.to_owned(), vec![id]);
        }
    }
}

/// Remembers a term's name; an id in lower case becomes words.
fn name(names: &mut BTreeMap<Kind, BTreeMap<String, String>>, kind: Kind, term: &Term) {
    let names = names.entry(kind).or_default();
    if names.contains_key(&term.id) {
        return;
    }
    let name = if term.name == term.id {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        };
        match kind {
            Kind::Author => term.id.split('-').map(capital).collect::<Vec<String>>().join(" "),
            _ => capital(&term.id.replace('-', " ")),
        }
    } else {
        term.name.clone()
    };
    names.insert(term.id.clone(), name);
}
