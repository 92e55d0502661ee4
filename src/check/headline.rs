//! Headlines: their length, their end, and that no two are the same.

use std::collections::BTreeMap;

use super::{Story, headline_of, stories};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::editorial as say;
use crate::document::Kind;
use crate::edition::Edition;
use crate::language::heads::is_abbreviation;
use crate::site::Entry;

/// What search engines show of a headline, in characters: Google's old limit for `headline`.
const LONGEST: usize = 110;

/// A headline that is cut where it is shown elsewhere.
pub fn long(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(title) = &story.own.title else { return };
    let letters = title.value.chars().count();
    if letters > LONGEST {
        d.push(say::long_headline(story.span(&title.at), letters, LONGEST));
    }
}

/// A headline that ends like a sentence.
pub fn period(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let (Some(title), Some(passage)) = (&story.own.title, story.front.first()) else { return };
    if !matches!(story.entry.kind, Kind::Briefing | Kind::Explainer) {
        return;
    }
    let Some(text) = title.value.strip_suffix('.') else { return };
    let last = text.rsplit([' ', '\u{a0}', '-']).next().unwrap_or_default();
    // `U.S.`, `Inc.`, `г.` and `…` end with their own.
    let shortened = is_abbreviation(last) || text.ends_with(['.', '…']);
    if !shortened {
        let period = passage.exact(&(title.value.len() - 1..title.value.len()));
        d.push(say::headline_period(story.span(&title.at), period.map(|at| story.span(&at))));
    }
}

/// Two briefings that readers cannot tell apart in a list.
pub fn same(edition: &Edition) -> Vec<Diagnostic> {
    let world = &*edition.world;
    let mut first: BTreeMap<(&str, String), &Entry> = BTreeMap::new();
    let mut said = Vec::new();
    let mut briefings: Vec<&Entry> = stories(world).filter(|entry| entry.kind == Kind::Briefing).collect();
    briefings.sort_by_key(|entry| (entry.published.map(|moment| moment.at), &entry.document.path));
    for entry in briefings {
        let Some(title) = &entry.document.front.title else { continue };
        let words: Vec<String> = title
            .value
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        if words.is_empty() {
            continue;
        }
        let key = (entry.language.as_str(), words.join(" "));
        match first.get(&key) {
            Some(other) => said.push(say::same_headline(headline_of(entry), headline_of(other))),
            None => {
                first.insert(key, entry);
            }
        }
    }
    said
}
