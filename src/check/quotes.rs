//! Quotations: that somebody said them, and that their marks are those of the language.

use std::ops::Range;

use super::Story;
use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::{Diagnostic, Edit};
use crate::document::prose::{Passage, PassageKind};
use crate::document::{Block, Kind};
use crate::language::usage::Usage;

/// Every pair that may hold a quotation.
const PAIRS: &[(char, char)] =
    &[('«', '»'), ('“', '”'), ('„', '“'), ('„', '”'), ('"', '"'), ('"', '”'), ('“', '"')];

/// How many words make a quotation of what may else be a title or a word held at arm's length.
const WORDS: usize = 8;

/// The quotations of a text, their marks included; those inside others are part of them.
pub fn quotations(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // Every mark is `"` or begins with one of these bytes.
    if !text.bytes().any(|byte| matches!(byte, b'"' | 0xC2 | 0xE2)) {
        return found;
    }
    let mut open: Vec<(usize, char)> = Vec::new();
    for (i, letter) in text.char_indices() {
        let before = text[..i].chars().next_back();
        let after = text[i + letter.len_utf8()..].chars().next();
        // A straight mark opens before a word and closes after one.
        let may_close = letter != '"' || before.is_some_and(|c| !c.is_whitespace() && c != '(');
        let may_open =
            !before.is_some_and(char::is_alphanumeric) && after.is_some_and(|c| !c.is_whitespace());
        let closes = |opened: char| PAIRS.iter().any(|(a, b)| *a == opened && *b == letter);
        match open.last() {
            Some((start, opened)) if may_close && closes(*opened) => {
                let start = *start;
                open.pop();
                if open.is_empty() {
                    found.push(start..i + letter.len_utf8());
                }
            }
            _ if may_open && PAIRS.iter().any(|(opens, _)| *opens == letter) => open.push((i, letter)),
            _ => {}
        }
    }
    found
}

/// Quotations that nobody said.
pub fn unattributed(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(usage) = story.usage else { return };
    if !matches!(story.entry.kind, Kind::Briefing | Kind::Explainer) {
        return;
    }
    let passages = &story.prose.passages;
    for (i, passage) in passages.iter().enumerate().filter(|(_, p)| p.kind == PassageKind::Paragraph) {
        // Words between elements of HTML may be a caption, or no words at all.
        let source = &story.document().source[passage.at.clone()];
        let has_html =
            source.match_indices('<').any(|(i, _)| source[i + 1..].starts_with(char::is_alphabetic));
        if passage.quoted || has_html {
            continue;
        }
        let quotations = quotations(&passage.text);
        // In Russian and Kazakh the mark at the end stands outside.
        let with_mark = |at: &Range<usize>| {
            let mark = passage.text[at.end..].chars().next().filter(|c| matches!(c, '.' | ','));
            format!(
                "{}{}",
                passage.text[at.clone()].trim_end_matches(['»', '”', '“', '"']),
                mark.map_or_else(String::new, String::from)
            )
        };
        let is_code =
            |at: &Range<usize>| passage.code.iter().any(|code| code.start < at.end && at.start < code.end);
        let Some(long) = quotations.iter().find(|at| is_speech(&with_mark(at)) && !is_code(at)) else {
            continue;
        };
        let before = i.checked_sub(1).map(|i| &passages[i]);
        let above = before.map(|passage| passage.text.as_str()).unwrap_or_default();
        let below = passages.get(i + 1).map(|passage| passage.text.as_str()).unwrap_or_default();
        // Below a heading stands who is named there, and below a question who was asked.
        let is_name = |text: &str| {
            text.split_whitespace().filter(|word| word.starts_with(char::is_uppercase)).count() > 1
        };
        let is_answer = above.trim_end().ends_with('?')
            || before.is_some_and(|p| p.kind == PassageKind::Heading && is_name(&p.text));
        if !is_answer && !is_attributed(passage, &quotations, above, below, usage) {
            d.push(say::unattributed_quote(story.span(&passage.place(long))));
        }
    }
    block_quotes(story, usage, d);
}

/// Whether what stands in quotation marks is a sentence that somebody said: many words, a capital at the beginning,
/// a mark at the end, and no title, in which most words have a capital.
fn is_speech(quotation: &str) -> bool {
    let inner = quotation.trim_matches(|c: char| "«»“”„\"".contains(c)).trim();
    let words: Vec<&str> = inner.split_whitespace().collect();
    let capitals = words.iter().filter(|word| word.starts_with(char::is_uppercase)).count();
    words.len() >= WORDS
        && inner.starts_with(|c: char| c.is_uppercase() || c == '…' || c == '[')
        // A question is more often one that may be asked.
        && inner.ends_with(['.', ',', '!', '…'])
        && capitals * 2 < words.len()
}

fn is_attributed(
    passage: &Passage,
    quotations: &[Range<usize>],
    above: &str,
    below: &str,
    usage: &Usage,
) -> bool {
    let mut outside = String::new();
    let mut at = 0;
    for quotation in quotations {
        outside.push_str(&passage.text[at..quotation.start]);
        outside.push(' ');
        at = quotation.end;
    }
    outside.push_str(&passage.text[at..]);
    let dash = |text: &str| text.trim_start().starts_with(['—', '–', '-']);
    // `… — Kassym-Jomart Tokayev`, and Russian and Kazakh dialogue with a dash before who spoke.
    let signed = outside.contains(['—', '–']) || outside.contains(" - ");
    usage.has_speech(&outside)
        || signed
        || outside.trim_end().ends_with(':')
        || outside.contains(": ")
        || above.trim_end().ends_with(':')
        || dash(below)
        // A quotation that goes on from the paragraph above.
        || outside.trim().is_empty() && usage.has_speech(above)
        || outside.trim().is_empty() && usage.has_speech(below)
}

/// Quotations that are set off: by `>` or by the component.
fn block_quotes(story: &Story<'_>, usage: &Usage, d: &mut Vec<Diagnostic>) {
    let passages = &story.prose.passages;
    let mut i = 0;
    while i < passages.len() {
        if !passages[i].quoted {
            i += 1;
            continue;
        }
        let end = i + passages[i..].iter().take_while(|passage| passage.quoted).count();
        let by_component = story.prose.components.iter().find(|c| {
            c.name.value.ends_with("quote") && c.body.iter().any(|block| starts_in(block, &passages[i].at))
        });
        let named = if let Some(component) = by_component {
            component
                .arguments
                .iter()
                .any(|argument| matches!(argument.name.value.as_str(), "speaker" | "source" | "role"))
        } else {
            let above = i.checked_sub(1).map(|i| passages[i].text.as_str()).unwrap_or_default();
            let below = passages.get(end).map(|passage| passage.text.as_str()).unwrap_or_default();
            let inside: Vec<&str> = passages[i..end].iter().map(|passage| passage.text.as_str()).collect();
            let inside = inside.join(" ");
            above.trim_end().ends_with(':')
                || usage.has_speech(above)
                || usage.has_speech(below)
                || usage.has_speech(&inside)
                || inside.contains(['—', '–'])
                || below.trim_start().starts_with(['—', '–', '-'])
        };
        let words: usize = passages[i..end].iter().map(Passage::word_count).sum();
        // What begins with a label, or is set in italics, is a note.
        let source = &story.document().source[passages[i].at.clone()];
        let is_label = |text: &str| text.split_once(':').is_some_and(|(label, _)| !label.contains(' '));
        let is_note = source.starts_with(['*', '_', '!', '[', '<'])
            || is_label(&passages[i].text)
            || passages[i].text.trim_end_matches(['”', '»', '"']).ends_with('?');
        // `> Aigerim Example, mayor` in the last line, or a signature in italics below.
        let last = source.lines().next_back().unwrap_or_default().trim_start_matches(['>', ' ']);
        let is_short = |line: &str| line.split_whitespace().count() <= 8;
        let is_signed = source.contains('\n') && is_short(last) && last.ends_with(char::is_alphabetic)
            || passages.get(end).is_some_and(|below| {
                is_short(&below.text) && story.document().source[below.at.clone()].starts_with(['*', '_'])
            });
        let is_spoken = passages[i..end].iter().any(|passage| is_spoken(&passage.text, usage));
        if !named && !is_signed && !is_note && is_spoken && words >= WORDS {
            d.push(say::unattributed_quote(story.span(&passages[i].at)));
        }
        i = end;
    }
}

/// Whether somebody speaks in a text: it has quotation marks, or says "I" and "we".
fn is_spoken(text: &str, usage: &Usage) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
    !quotations(text).is_empty() || words.any(|word| usage.first_person.contains(&word.as_str()))
}

fn starts_in(block: &Block, at: &Range<usize>) -> bool {
    match block {
        Block::Markdown(markdown) => markdown.range.contains(&at.start),
        Block::Component(component) => component.body.iter().any(|block| starts_in(block, at)),
    }
}

/// Quotation marks of another language, those of a passage in one message with one mending.
pub fn marks(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    let Some(usage) = story.usage else { return };
    let house = story.check().quotation_marks.get(&story.entry.language).copied();
    let wanted = house.unwrap_or(usage.marks[0]);
    let foreign = story.foreign();
    let is_own = |passage: &&Passage| !foreign.iter().any(|part| part.contains(&passage.at.start));
    for passage in story.front.iter().chain(&story.prose.passages).filter(is_own) {
        let mut wrong: Vec<(Range<usize>, char)> = Vec::new();
        let mut edits: Vec<Edit> = Vec::new();
        for quotation in quotations(&passage.text) {
            let marks: Vec<char> = passage.text[quotation.clone()].chars().collect();
            let [open, .., close] = marks[..] else { continue };
            let is_code = passage.code.iter().any(|code| code.contains(&quotation.start));
            let is_pair = usage.marks.iter().chain(house.iter()).any(|pair| *pair == (open, close));
            if is_code || is_pair {
                continue;
            }
            let ends = [
                (quotation.start..quotation.start + open.len_utf8(), wanted.0),
                (quotation.end - close.len_utf8()..quotation.end, wanted.1),
            ];
            wrong.push((passage.place(&ends[0].0), open));
            let exact: Vec<Edit> = ends
                .iter()
                .filter_map(|(at, mark)| {
                    let at = passage.exact(at)?;
                    let written = story.document().source.get(at.clone())?;
                    // In YAML and in attributes a straight mark may be no quotation mark.
                    let is_text = passage.kind != PassageKind::Value && written.starts_with(|c| c != '\\');
                    is_text.then(|| Edit { span: story.span(&at), text: mark.to_string() })
                })
                .collect();
            // Marks inside marks are for a person to choose.
            let is_mark = |c: &char| PAIRS.iter().any(|(a, b)| a == c || b == c);
            if exact.len() == 2 && !marks[1..marks.len() - 1].iter().any(is_mark) {
                edits.extend(exact);
            }
        }
        let Some((at, found)) = wrong.first() else { continue };
        let pair = format!("{}…{}", wanted.0, wanted.1);
        let said = say::quotation_marks(story.span(at), &found.to_string(), &pair, wrong.len());
        d.push(if edits.is_empty() { said } else { said.fix(format!("write {pair}"), edits) });
    }
}
