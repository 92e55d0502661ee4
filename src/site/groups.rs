//! Who belongs to what: briefings by section, topic, author and thread; documents by kind and id.

use std::collections::{BTreeMap, HashMap};

use super::{Entry, EntryId};
use crate::config::Config;
use crate::document::Kind;

/// What briefings belong to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Everything.
    All,
    /// A section.
    Section(String),
    /// A topic.
    Topic(String),
    /// An author.
    Author(String),
    /// A running story.
    Thread(String),
}

impl Group {
    /// The group that a hub page of a kind stands for.
    pub fn of_hub(kind: Kind, id: &str) -> Option<Self> {
        match kind {
            Kind::Topic => Some(Self::Topic(id.to_owned())),
            Kind::Author => Some(Self::Author(id.to_owned())),
            Kind::Thread => Some(Self::Thread(id.to_owned())),
            Kind::Briefing | Kind::Explainer | Kind::Page => None,
        }
    }
}

/// The members of every group, and the documents by id.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// Briefings by group and language, the newest first.
    pub members: BTreeMap<(Group, String), Vec<EntryId>>,
    /// Documents by kind, language and id.
    pub by_id: HashMap<(Kind, String, String), Vec<EntryId>>,
    /// The names that topics, authors and threads were first given in a text, by kind and id.
    pub names: BTreeMap<(Kind, String), String>,
    /// Explainers by topic and language.
    pub explainers_of_topic: BTreeMap<(String, String), Vec<EntryId>>,
}

impl Groups {
    /// The briefings of a group in a language, the newest first.
    pub fn of(&self, group: &Group, language: &str) -> &[EntryId] {
        self.members.get(&(group.clone(), language.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The explainers of a topic in a language.
    pub fn explainers_of(&self, topic: &str, language: &str) -> &[EntryId] {
        let key = (topic.to_owned(), language.to_owned());
        self.explainers_of_topic.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The hubs of a kind that a language has: those with briefings or a text in it, by id.
    pub fn hubs(&self, kind: Kind, language: &str) -> Vec<String> {
        let mut ids: Vec<String> = self
            .names
            .keys()
            .filter(|(k, id)| {
                *k == kind
                    && (self.by_id.contains_key(&(kind, language.to_owned(), id.clone()))
                        || Group::of_hub(kind, id).is_some_and(|group| !self.of(&group, language).is_empty())
                        || kind == Kind::Topic && !self.explainers_of(id, language).is_empty())
            })
            .map(|(_, id)| id.clone())
            .collect();
        ids.sort();
        ids
    }
}

/// Groups the entries, which stand in their final order.
pub fn group(config: &Config, entries: &[Entry]) -> Groups {
    let mut groups = Groups::default();
    for (id, entry) in entries.iter().enumerate() {
        groups.by_id.entry((entry.kind, entry.language.clone(), entry.id.clone())).or_default().push(id);
        let hub = matches!(entry.kind, Kind::Topic | Kind::Author | Kind::Thread);
        if hub
            && (entry.language == config.language
                || !groups.names.contains_key(&(entry.kind, entry.id.clone())))
        {
            groups.names.insert((entry.kind, entry.id.clone()), entry.title().to_owned());
        }
    }
    for (id, entry) in entries.iter().enumerate() {
        let front = &entry.front;
        for topic in &front.topics {
            name(&mut groups, Kind::Topic, &topic.value.id, &topic.value.name);
        }
        if entry.kind == Kind::Explainer {
            for topic in &front.topics {
                let key = (topic.value.id.clone(), entry.language.clone());
                groups.explainers_of_topic.entry(key).or_default().push(id);
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
        let section = front.section.iter().map(|s| Group::Section(s.value.clone()));
        let topics = front.topics.iter().map(|t| Group::Topic(t.value.id.clone()));
        let authors = front.authors.iter().map(|a| Group::Author(a.value.id.clone()));
        let thread = front.thread.iter().map(|t| Group::Thread(t.value.id.clone()));
        for group in std::iter::once(Group::All).chain(section).chain(topics).chain(authors).chain(thread) {
            groups.members.entry((group, entry.language.clone())).or_default().push(id);
        }
    }
    groups
}

/// Remembers a term's name; an id in lower case becomes words.
fn name(groups: &mut Groups, kind: Kind, id: &str, written: &str) {
    groups.names.entry((kind, id.to_owned())).or_insert_with(|| {
        if written == id {
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
        }
    });
}
