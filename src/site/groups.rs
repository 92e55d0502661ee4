//! Who belongs to what: briefings by section, topic, author and thread; documents by kind and id.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::explainers::refs;
use super::{Entry, EntryId};
use crate::config::Config;
use crate::document::Kind;

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
    /// By id; of several the first.
    by_id: HashMap<Arc<str>, EntryId, FixedState>,
    /// The others of an id that several have.
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
    pub fn of_id(&self, kind: Kind, id: &str, language: &str) -> Option<(EntryId, &[EntryId])> {
        let of_kind = self.kind(kind, language)?;
        let first = *of_kind.by_id.get(id)?;
        Some((first, of_kind.others.get(id).map_or(&[], Vec::as_slice)))
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
    pub fn hubs(&self, kind: Kind, language: &str) -> Vec<String> {
        let is_there = |id: &&String| {
            self.of_id(kind, id, language).is_some()
                || Group::of_hub(kind, id).is_some_and(|group| !self.of(group, language).is_empty())
                || kind == Kind::Topic && !self.explainers_of(id, language).is_empty()
        };
        self.names.get(&kind).into_iter().flat_map(BTreeMap::keys).filter(is_there).cloned().collect()
    }

    fn kind(&self, kind: Kind, language: &str) -> Option<&OfKind> {
        self.languages.get(language)?.kinds.get(&kind)
    }
}

/// Groups the entries, which stand in their final order.
pub fn group(config: &Config, entries: &[Arc<Entry>]) -> Groups {
    let mut groups = Groups::default();
    for language in config.languages.keys() {
        groups.languages.insert(language.clone(), OfLanguage::default());
    }
    for (id, entry) in entries.iter().enumerate() {
        let language = of_language(&mut groups.languages, &entry.language);
        let of_kind = language.kinds.entry(entry.kind).or_default();
        of_kind.all.push(id);
        let first = *of_kind.by_id.entry(Arc::clone(&entry.id)).or_insert(id);
        if first != id {
            of_kind.others.entry(Arc::clone(&entry.id)).or_default().push(id);
        }
        let hub = matches!(entry.kind, Kind::Topic | Kind::Author | Kind::Thread);
        if hub {
            let names = groups.names.entry(entry.kind).or_default();
            if entry.language == config.language || !names.contains_key(&*entry.id) {
                names.insert(entry.id.to_string(), entry.title().to_owned());
            }
        }
    }
    for (id, entry) in entries.iter().enumerate() {
        let front = &entry.front;
        for topic in &front.topics {
            name(&mut groups, Kind::Topic, &topic.value.id, &topic.value.name);
        }
        if entry.kind == Kind::Explainer {
            let language = of_language(&mut groups.languages, &entry.language);
            for topic in &front.topics {
                push(&mut language.explainers_of_topic, &topic.value.id, id);
            }
        }
        if entry.kind != Kind::Briefing {
            continue;
        }
        for author in &front.authors {
            name(&mut groups, Kind::Author, &author.value.id, &author.value.name);
        }
        if let Some(thread) = &front.thread {
            name(&mut groups, Kind::Thread, &thread.value.id, &thread.value.name);
        }
        let corrected = (!front.corrections.is_empty()).then_some(Group::Corrected);
        let section = front.section.iter().map(|s| Group::Section(&s.value));
        let topics = front.topics.iter().map(|t| Group::Topic(&t.value.id));
        let authors = front.authors.iter().map(|a| Group::Author(&a.value.id));
        let thread = front.thread.iter().map(|t| Group::Thread(&t.value.id));
        let explainers = refs(front, &entry.document).map(|r| Group::Explainer(&r.id.value));
        let own = section.chain(topics).chain(authors).chain(thread).chain(explainers);
        let members = &mut of_language(&mut groups.languages, &entry.language).members;
        for group in std::iter::once(Group::All).chain(corrected).chain(own) {
            let (map, name) = group.place();
            let map = &mut members[map];
            // Most names are known: they are not copied to look them up.
            match map.get_mut(name) {
                // What is named twice has it once.
                Some(list) if list.last() == Some(&id) => {}
                Some(list) => list.push(id),
                None => {
                    map.insert(name.to_owned(), vec![id]);
                }
            }
        }
    }
    groups
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
fn name(groups: &mut Groups, kind: Kind, id: &str, written: &str) {
    let names = groups.names.entry(kind).or_default();
    if names.contains_key(id) {
        return;
    }
    let name = if written == id {
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
        };
        match kind {
            Kind::Author => id.split('-').map(capital).collect::<Vec<String>>().join(" "),
            _ => capital(&id.replace('-', " ")),
        }
    } else {
        written.to_owned()
    };
    names.insert(id.to_owned(), name);
}
