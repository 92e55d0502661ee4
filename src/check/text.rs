//! Paragraphs and words: what is too long, what is not spelled out, what was perhaps to be a head.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::Range;

use super::Story;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::editorial as say;
use crate::document::Kind;
use crate::document::prose::{Passage, PassageKind};
use crate::language::usage::Usage;

/// The longest first paragraph, in words.
const LEDE: usize = 40;

/// The longest paragraph, in words.
const PARAGRAPH: usize = 80;

/// How many acronyms of a text are looked at: a list of a thousand is no text.
const MANY: usize = 60;

/// A briefing whose first paragraph does not come to the point.
pub fn long_lede(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(lede) = &story.document().facts.lede_at else { return };
    if story.entry.kind != Kind::Briefing {
        return;
    }
    let mut all = story.prose.passages.iter().chain(&story.giants);
    let found = all.find(|passage| passage.at.start == lede.start);
    if let Some(passage) = found
        && passage.word_count() > LEDE
    {
        d.push(say::long_lede(story.span(&passage.at), passage.word_count(), LEDE));
    }
}

/// Paragraphs that fill the screen of a phone.
pub fn long_paragraphs(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let lede = story.document().facts.lede_at.as_ref().map(|at| at.start);
    let is_lede = |passage: &Passage| story.entry.kind == Kind::Briefing && Some(passage.at.start) == lede;
    let all = story.prose.passages.iter().chain(&story.giants);
    let paragraphs = all.filter(|p| p.kind == PassageKind::Paragraph && !p.quoted);
    for passage in paragraphs.filter(|passage| !is_lede(passage)) {
        let words = passage.word_count();
        if words > PARAGRAPH {
            d.push(say::long_paragraph(story.span(&passage.at), words, PARAGRAPH));
        }
    }
}

/// Acronyms that are not spelled out where they first stand.
pub fn acronyms(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(usage) = story.usage else { return };
    if !matches!(story.entry.kind, Kind::Briefing | Kind::Explainer) {
        return;
    }
    let known =
        |acronym: &str| usage.knows(acronym) || story.check().acronyms.iter().any(|own| own == acronym);
    // A word that stands in small letters too is no acronym, but loud.
    let small: OnceCell<BTreeSet<&str>> = OnceCell::new();
    let is_small = |word: &&str| word.chars().all(char::is_lowercase);
    let words =
        || story.prose.passages.iter().flat_map(Passage::words).map(|(_, word)| word).filter(is_small);
    let is_loud =
        |acronym: &str| small.get_or_init(|| words().collect()).contains(acronym.to_lowercase().as_str());
    let mut met: BTreeSet<&str> = BTreeSet::new();
    let front = story.own.texts().map(|(text, _)| text);
    let mut before: Vec<&str> = front.collect();
    for passage in &story.prose.passages {
        let read = matches!(passage.kind, PassageKind::Paragraph | PassageKind::Item);
        if read {
            for (at, word) in passage.words() {
                let Some(acronym) = acronym(word).filter(|_| met.len() < MANY) else { continue };
                // A word in capitals between quotation marks is a word.
                let is_named = passage.text[..at.start].ends_with(['«', '“', '"', '‘', '\'']);
                if is_named
                    || known(acronym)
                    || !met.insert(acronym)
                    || is_expanded(passage, &at, acronym, usage)
                    || is_shouted(&passage.text)
                    || is_loud(acronym)
                {
                    continue;
                }
                if !before.iter().any(|earlier| spells(earlier, acronym, usage)) {
                    d.push(say::acronym(story.span(&passage.place(&at)), acronym));
                }
            }
        }
        before.push(&passage.text);
    }
}

/// A word that is an acronym, without the ending of a plural.
fn acronym(word: &str) -> Option<&str> {
    // `ОБСЕ-нің`, `OSCE-led`
    let (word, rest) = word.split_once(['-', '‑']).unwrap_or((word, ""));
    if !rest.chars().all(char::is_lowercase) {
        return None;
    }
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("’s")).unwrap_or(word);
    let word = word.strip_suffix('s').unwrap_or(word);
    let letters = word.chars().count();
    // Typed with Cyrillic letters it is a number too.
    let is_roman = word.chars().all(|c| "IVXLCDMІХСМ".contains(c));
    // Two letters are mostly a code: of a state, a language, a person's name.
    ((3..=6).contains(&letters) && word.chars().all(char::is_uppercase) && !is_roman).then_some(word)
}

/// Text in capitals has no acronyms.
fn is_shouted(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = text.chars().filter(|c| c.is_uppercase()).count();
    capitals * 10 > letters * 7
}

/// Whether an acronym stands beside its name.
fn is_expanded(passage: &Passage, at: &Range<usize>, acronym: &str, usage: &Usage) -> bool {
    let (before, after) = (&passage.text[..at.start], &passage.text[at.end..]);
    let after = after.trim_start_matches(['s', '\'', '’', '»', '”', '"']);
    // `ASTANA — …`: where a story was filed.
    let is_dateline = before.is_empty() && after.trim_start().starts_with(['—', '–', ',', '.']);
    let is_other_name = [", or ", " или ", " немесе "].iter().any(|or| before.ends_with(or));
    let is_explained = after.trim_start().starts_with(['—', '–']);
    // `ADA.gov` is an address, and what is shouted is no name.
    let mut next = after.chars();
    let is_address = next.next() == Some('.') && next.next().is_some_and(char::is_alphabetic);
    let is_cry = after.starts_with('!') || before.ends_with('*');
    // Capitals beside capitals are a name that is shouted: `DATA ACT`.
    let is_loud = |word: Option<&str>| {
        let letters = word.unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric());
        letters.chars().count() > 2 && letters.chars().all(char::is_uppercase)
    };
    let is_beside = before.ends_with(' ') && is_loud(before.split(' ').rev().nth(1))
        || after.starts_with(' ') && is_loud(after.split(' ').nth(1));
    let opens = before.trim_end_matches(['«', '“', '"']).ends_with(['(', '[']) || before.ends_with("(the ");
    // `GSA (General Services Administration)`, `GSA, or General Services Administration`
    let named = after.trim_start().strip_prefix(['(', '[']).is_some_and(|rest| {
        rest.split([')', ']']).next().is_some_and(|name| name.split_whitespace().count() > 1)
    });
    opens
        || named
        || is_address
        || is_cry
        || is_beside
        || is_dateline
        || is_other_name
        || is_explained
        || spells(&passage.text, acronym, usage)
}

/// Whether words of a text begin with the letters of an acronym, one after another.
fn spells(text: &str, acronym: &str, usage: &Usage) -> bool {
    let mut initials: Vec<char> = Vec::new();
    let mut all: Vec<char> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’') {
        let Some(first) = word.chars().next() else { continue };
        if word.chars().count() > 1 && word.chars().all(char::is_uppercase) {
            // The acronym itself spells nothing.
            initials.push('\0');
            all.push('\0');
            continue;
        }
        let first = first.to_uppercase().next().unwrap_or(first);
        all.push(first);
        if !usage.small.contains(&word.to_lowercase().as_str()) {
            initials.push(first);
        }
    }
    let wanted: Vec<char> = acronym.chars().collect();
    [initials, all].iter().any(|letters| letters.windows(wanted.len()).any(|window| window == wanted))
}

/// Bold starts that open no section.
pub fn bold_starts(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let config = &story.world.site.config;
    if !story.entry.front.run_in_heads.unwrap_or(config.run_in_heads) {
        return;
    }
    for passage in &story.prose.passages {
        let Some(bold) = &passage.bold else { continue };
        if let Some(reason) = meant_as_head(&bold.value, passage) {
            d.push(say::bold_start(story.span(&bold.at), reason));
        }
    }
}

/// Why a bold start that looks like a head is none; nothing for one that is plainly something else.
fn meant_as_head(bold: &str, passage: &Passage) -> Option<&'static str> {
    let words = bold.split_whitespace().count();
    let rest = passage.text.get(bold.len()..).unwrap_or_default();
    let is_alone = rest.trim().is_empty();
    let bold = bold.trim();
    // A name, a label or a number before what is said of it.
    if bold.ends_with(':') || rest.starts_with(':') || bold.contains(": ") || words > 20 {
        return None;
    }
    if bold.ends_with('?') || rest.starts_with('?') {
        return Some("a question has at most 15 words");
    }
    if is_alone {
        return Some("the whole paragraph is bold; write `## ` before a heading");
    }
    if rest.starts_with('.') {
        return Some("the full stop stands outside the stars");
    }
    if !bold.ends_with('.') {
        return None;
    }
    match words {
        1 => None,
        2..=8 => Some("it begins the text, or its last word is an abbreviation or a number"),
        _ => Some("it has more than 8 words"),
    }
}
