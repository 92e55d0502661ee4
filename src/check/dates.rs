//! Days: those that depend on when they are read, those without a year, and those out of order.

use std::ops::Range;

use jiff::civil::Date;

use super::Story;
use super::quotes;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::editorial as say;
use crate::document::Kind;
use crate::document::blocks::ComponentBlock;
use crate::document::lists::bold_items;
use crate::document::prose::{Passage, PassageKind};
use crate::fields::Located;
use crate::language::usage::{Day, Usage};
use crate::moment::{Partial, parse_period};
use crate::yaml::Value;

/// Words like "yesterday", which are another day for a later reader. In a quotation they are the speaker's.
pub fn relative(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(usage) = story.usage else { return };
    if !matches!(story.entry.kind, Kind::Briefing | Kind::Explainer) {
        return;
    }
    for passage in story.prose.passages.iter().filter(|p| p.kind != PassageKind::Heading && !p.quoted) {
        // Russian and Kazakh set what is said off with a dash.
        if passage.text.starts_with(['—', '–']) {
            continue;
        }
        // Most passages have none, and are not read word by word.
        let lower = passage.text.to_lowercase();
        let first = |phrase: &&&str| lower.contains(phrase.split(' ').next().unwrap_or_default());
        if !usage.relative.iter().any(|phrase| first(&phrase)) {
            continue;
        }
        let quotations = quotes::quotations(&passage.text);
        let words: Vec<(Range<usize>, String)> =
            passage.words().map(|(at, word)| (at, word.to_lowercase())).collect();
        let mut i = 0;
        while i < words.len() {
            let found = usage.relative.iter().find_map(|phrase| {
                let parts: Vec<&str> = phrase.split(' ').collect();
                let matches = parts
                    .iter()
                    .enumerate()
                    .all(|(n, part)| words.get(i + n).is_some_and(|(_, word)| word == part));
                matches.then_some(parts.len())
            });
            let Some(count) = found else {
                i += 1;
                continue;
            };
            let at = words[i].0.start..words[i + count - 1].0.end;
            let is_quoted = quotations.iter().any(|quotation| quotation.contains(&at.start));
            // `over the next month` is a time, and `the jobs of tomorrow` no day; `his last year` is one of his.
            let is_no_day = i.checked_sub(1).is_some_and(|before| match words[before].1.as_str() {
                "the" | "every" | "each" | "his" | "her" | "its" | "their" | "my" | "our" => true,
                "of" | "after" => count == 1,
                _ => false,
            });
            // `«Вчера»` as a name, and `tomorrow's` as an adjective, are no days.
            if !is_quoted && !is_no_day && !passage.text[at.end..].starts_with(['»', '”', '’', '\'']) {
                d.push(say::relative_date(story.span(&passage.place(&at)), &passage.text[at.clone()]));
            }
            i += count;
        }
    }
}

/// Days whose year a later reader cannot tell: in a text without a date, or nearer to another year.
pub fn without_year(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(usage) = story.usage else { return };
    let published = match story.entry.kind {
        Kind::Briefing => {
            let Some(moment) = story.entry.published else { return };
            Some(moment.date(&story.world.site.config.timezone))
        }
        Kind::Explainer => None,
        Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => return,
    };
    let (mut in_heading, mut in_above) = (false, false);
    for passage in story.prose.passages.iter().filter(|p| !p.quoted) {
        if passage.kind == PassageKind::Heading {
            in_heading = years(&passage.text).next().is_some();
            continue;
        }
        let days = days(passage, usage);
        let is_told_above = std::mem::replace(&mut in_above, years(&passage.text).next().is_some());
        if days.is_empty() {
            continue;
        }
        let quotations = quotes::quotations(&passage.text);
        let is_yearly = |text: &str| {
            let text = text.to_lowercase();
            usage.every_year.iter().any(|words| text.contains(words))
        };
        // A year that was named shortly before is the one that is meant.
        let is_told = in_heading || is_told_above || is_yearly(&passage.text);
        for (at, month, day) in days {
            // What somebody said stays as it was said.
            let is_quoted = quotations.iter().any(|quotation| quotation.contains(&at.start));
            if is_told || is_quoted || has_year(&passage.text, &at) {
                continue;
            }
            let needs = published.is_none_or(|published| !is_nearest(published, month, day));
            if needs {
                let written = &passage.text[at.clone()];
                d.push(say::date_without_year(story.span(&passage.place(&at)), written, published.is_some()));
            }
        }
    }
}

/// The days of a passage that are a month with a day: where, and which.
fn days(passage: &Passage, usage: &Usage) -> Vec<(Range<usize>, i8, i8)> {
    if !passage.text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Vec::new();
    }
    let words: Vec<(Range<usize>, &str)> = passage.words().collect();
    // `9`, `9th`, `25-го`, and the first of `25-28`.
    let number = |word: &str| {
        let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = &word[digits..];
        let is_ordinal = matches!(rest, "" | "st" | "nd" | "rd" | "th" | "-го" | "-е");
        let is_range = rest.strip_prefix('-').is_some_and(|to| to.bytes().all(|b| b.is_ascii_digit()));
        word[..digits].parse::<i8>().ok().filter(|day| (1..=31).contains(day) && (is_ordinal || is_range))
    };
    // Only spaces and dots stand inside a date.
    let beside = |a: &Range<usize>, b: &Range<usize>| {
        let between = passage.text.get(a.end..b.start).unwrap_or(",");
        between.chars().all(|c| c.is_whitespace() || c == '.')
    };
    let mut found = Vec::new();
    for (i, (at, word)) in words.iter().enumerate() {
        // "may" and "march" are verbs too; «1 Мая» is the name of a square.
        if word.starts_with(char::is_uppercase) != (usage.day == Day::EitherSide) {
            continue;
        }
        let before = i.checked_sub(1).map(|i| &words[i]).filter(|(other, _)| beside(other, at));
        let after = words.get(i + 1).filter(|(other, _)| beside(at, other));
        let day_before = before.and_then(|(other, word)| Some((other.start..at.end, number(word)?)));
        let day_after = after
            .filter(|_| usage.day == Day::EitherSide)
            .and_then(|(other, word)| Some((at.start..other.end, number(word)?)));
        if let Some((at, day)) = day_after.or(day_before)
            && let Some(month) = usage.month(word)
        {
            found.push((at, month, day));
        }
    }
    found
}

/// The years that a text names.
fn years(text: &str) -> impl Iterator<Item = (usize, i16)> + '_ {
    let bytes = text.as_bytes();
    let is_digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).filter_map(move |i| {
        let starts = is_digit(i) && (i == 0 || !is_digit(i - 1));
        let is_four = starts && (i + 1..i + 4).all(is_digit) && !is_digit(i + 4);
        let year: i16 = if is_four { text.get(i..i + 4)?.parse().ok()? } else { return None };
        (1500..2200).contains(&year).then_some((i, year))
    })
}

/// Whether the sentence of a day names a year, or the passage does before it.
fn has_year(text: &str, at: &Range<usize>) -> bool {
    let mut ends = text[at.end..].match_indices(". ").map(|(i, _)| at.end + i);
    // `г. Актау` and `St. Petersburg` end no sentence.
    let ends_sentence = |end: &usize| {
        let word = text[..*end].rsplit(char::is_whitespace).next().unwrap_or_default();
        word.chars().count() > 3 || word.contains(|c: char| c.is_ascii_digit())
    };
    let end = ends.find(ends_sentence).unwrap_or(text.len());
    years(text).any(|(i, _)| i < end)
}

/// Whether the day nearest to a date lies in the date's own year.
fn is_nearest(published: Date, month: i8, day: i8) -> bool {
    let in_year = |year: i16| Date::new(year, month, day.min(28)).ok();
    let distance = |date: Date| (date - published).get_days().abs();
    let Some(own) = in_year(published.year()).map(distance) else { return true };
    let others = [published.year() - 1, published.year() + 1];
    others.into_iter().filter_map(in_year).all(|date| distance(date) >= own)
}

/// Timelines that do not go one way.
pub fn timelines(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let timelines = story
        .prose
        .components
        .iter()
        .filter(|c| matches!(c.name.value.as_str(), "timeline" | "nutgraf.timeline"));
    for timeline in timelines {
        let events = events(story, timeline);
        let dated: Vec<(&Located<String>, Key)> =
            events.iter().filter_map(|date| Some((date, key(&date.value)?))).collect();
        let goes = |a: Key, b: Key, down: bool| if down { before(b, a) } else { before(a, b) };
        let wrong = |down: bool| dated.windows(2).filter(|pair| !goes(pair[0].1, pair[1].1, down)).count();
        // Newest first is an order too.
        let down = wrong(true) < wrong(false);
        for pair in dated.windows(2).filter(|pair| !goes(pair[0].1, pair[1].1, down)) {
            let (above, date) = (pair[0].0, pair[1].0);
            d.push(say::timeline_order(story.span(&date.at), &date.value, story.span(&above.at)));
        }
    }
}

/// A date as it is ordered: year, month and day as far as they are known.
type Key = (i16, Option<i8>, Option<i8>);

fn key(text: &str) -> Option<Key> {
    Some(match parse_period(text)?.0 {
        Partial::Year(year) => (year, None, None),
        Partial::Month(year, month) => (year, Some(month), None),
        Partial::Day(date) => (date.year(), Some(date.month()), Some(date.day())),
    })
}

/// Whether one date may stand before another: a year alone may stand before and after its months.
fn before(a: Key, b: Key) -> bool {
    if a.0 != b.0 {
        return a.0 < b.0;
    }
    match (a.1, b.1) {
        (Some(one), Some(other)) if one != other => one < other,
        (Some(_), Some(_)) => a.2.zip(b.2).is_none_or(|(one, other)| one <= other),
        _ => true,
    }
}

/// The dates of a timeline's events.
fn events(story: &Story<'_>, timeline: &ComponentBlock) -> Vec<Located<String>> {
    let given = timeline.arguments.iter().find(|argument| argument.name.value == "events");
    if let Some(Value::List(items)) = given.map(|argument| &argument.value.value) {
        let dates = items.iter().filter_map(|item| {
            let Value::Map(entries) = &item.value else { return None };
            let date = &entries.iter().find(|entry| entry.key == "date")?.value;
            Some(Located { value: date.as_text()?.to_owned(), at: date.at.clone() })
        });
        return dates.collect();
    }
    let document = story.document();
    let items = bold_items(&document.source, &document.definitions, &timeline.body).unwrap_or_default();
    items.into_iter().filter_map(|item| item.bold).collect()
}

/// A change before the publication.
pub fn updated(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    if let (Some(updated), Some(date)) = (&story.own.updated, &story.entry.front.date)
        && (updated.value.at < date.value.at)
    {
        let zone = &story.world.site.config.timezone;
        // A day without a time is the whole of it.
        let same_day = !updated.value.has_time && updated.value.date(zone) == date.value.date(zone);
        if !same_day {
            d.push(say::updated_before_date(story.span(&updated.at)));
        }
    }
}
