//! Letters: of two alphabets in one word, and Kazakh without its own.

use std::ops::Range;

use super::Story;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::editorial as say;
use crate::document::prose::PassageKind;

/// Latin letters and the Cyrillic ones that look like them.
const ALIKE: &[(char, char)] = &[
    ('A', 'А'),
    ('B', 'В'),
    ('C', 'С'),
    ('E', 'Е'),
    ('H', 'Н'),
    ('K', 'К'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('T', 'Т'),
    ('X', 'Х'),
    ('Y', 'У'),
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('o', 'о'),
    ('p', 'р'),
    ('x', 'х'),
    ('y', 'у'),
];

/// Such letters that Russian has not, and Kazakh has.
const ALIKE_KAZAKH: &[(char, char)] = &[('I', 'І'), ('i', 'і'), ('h', 'һ'), ('Ə', 'Ә'), ('ə', 'ә')];

/// The letters that Kazakh has and Russian has not.
const KAZAKH: &str = "әғқңөұүһіӘҒҚҢӨҰҮҺІ";

/// Words with letters of two alphabets that look alike.
pub fn mixed(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    for passage in story.front.iter().chain(&story.prose.passages) {
        // Cyrillic letters begin with one of these bytes.
        if !passage.text.bytes().any(|byte| (0xD0..=0xD4).contains(&byte)) {
            continue;
        }
        for (at, word) in passage.words() {
            for (part, word) in parts(word) {
                let at = at.start + part.start..at.start + part.end;
                let Some(mended) = mend(word, &story.entry.language) else { continue };
                let Mended { letters, script, word: right } = &mended;
                let mut said =
                    say::mixed_script(story.span(&passage.place(&at)), word, letters, script, right);
                // What cannot be found letter by letter in the source is not replaced there; and in Kazakh a Latin `y`
                // may stand for one of two letters.
                let is_open = story.entry.language == "kk" && letters.contains(['y', 'Y']);
                if passage.exact(&at).is_none() || is_open {
                    said.fix = None;
                }
                d.push(said);
            }
        }
    }
}

/// The parts of a word between hyphens: `IT-компания` is two words in two alphabets.
fn parts(word: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    word.split(['-', '‑', '&']).map(move |part| {
        let start = at;
        at += part.len() + 1;
        // The hyphen that does not break has three bytes.
        if word[start + part.len()..].starts_with('‑') {
            at += 2;
        }
        (start..start + part.len(), part)
    })
}

/// A word with letters of one alphabet.
struct Mended {
    /// The letters that were of the wrong one.
    letters: String,
    /// The name of that.
    script: &'static str,
    /// The word.
    word: String,
}

/// Mends a word; `None` for one of one alphabet, and for one that is mixed on purpose.
fn mend(word: &str, language: &str) -> Option<Mended> {
    let of_latin = |c: char| c.is_ascii_alphabetic() || matches!(c, 'ə' | 'Ə');
    let is_cyrillic = |c: char| ('\u{400}'..='\u{52f}').contains(&c);
    if !word.contains(of_latin) || !word.contains(is_cyrillic) || has_ending(word) {
        return None;
    }
    let alike = || ALIKE.iter().chain(ALIKE_KAZAKH.iter().filter(|_| language == "kk"));
    let to_cyrillic = |c: char| alike().find(|(latin, _)| *latin == c).map(|(_, cyrillic)| *cyrillic);
    // A number is written with Latin letters, whatever looks like them.
    let all = || ALIKE.iter().chain(ALIKE_KAZAKH);
    let to_latin = |c: char| all().find(|(_, cyrillic)| *cyrillic == c).map(|(latin, _)| *latin);
    let spelled: String = word.chars().map(|c| to_latin(c).unwrap_or(c)).collect();
    let is_number = spelled.chars().all(|c| "IVXLCDM".contains(c));
    let all_latin_alike = word.chars().filter(|c| of_latin(*c)).all(|c| to_cyrillic(c).is_some());
    let all_cyrillic_alike = word.chars().filter(|c| is_cyrillic(*c)).all(|c| to_latin(c).is_some());
    let make_cyrillic = match (all_latin_alike, all_cyrillic_alike) {
        _ if is_number => false,
        (true, false) => true,
        (false, true) => false,
        (true, true) => matches!(language, "ru" | "kk" | "uk" | "be" | "bg" | "ky" | "mk" | "sr"),
        // Each alphabet has letters that the other lacks.
        (false, false) => return None,
    };
    let wrong = |c: char| if make_cyrillic { of_latin(c) } else { is_cyrillic(c) };
    let letters: String = word.chars().filter(|c| wrong(*c)).collect();
    let right = |c: char| if make_cyrillic { to_cyrillic(c) } else { to_latin(c) }.unwrap_or(c);
    let mended: String = word.chars().map(|c| if wrong(c) { right(c) } else { c }).collect();
    Some(Mended { letters, script: if make_cyrillic { "Latin" } else { "Cyrillic" }, word: mended })
}

/// Whether a word is a Latin name with the ending of a Cyrillic language: `VPNом`, `iPhone'ом`, `Telegramда`.
fn has_ending(word: &str) -> bool {
    let name = word.len() - word.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).len();
    let ending = word[name..].trim_start_matches(['\'', '’']);
    let is_name = name > 2 || name == 2 && word[..name].bytes().all(|b| b.is_ascii_uppercase());
    is_name
        && (1..=6).contains(&ending.chars().count())
        && ending.chars().all(|c| ('\u{400}'..='\u{52f}').contains(&c) && c.is_lowercase())
}

/// How many letters must stand without a Kazakh one before that is no chance. About every sixth letter of Kazakh is
/// one of its own.
const LETTERS: usize = 80;

/// A Kazakh text that was typed without Kazakh letters: its first paragraph like that.
pub fn kazakh(story: &Story<'_>, d: &mut Vec<Diagnostic>) {
    if story.entry.language != "kk" {
        return;
    }
    let foreign = story.foreign();
    for passage in story.prose.passages.iter().filter(|p| p.kind != PassageKind::Value) {
        let letters = passage.text.chars().filter(|c| ('\u{400}'..='\u{52f}').contains(c)).count();
        let own = passage.text.chars().filter(|c| KAZAKH.contains(*c)).count();
        // Whoever is quoted may have spoken Russian.
        let is_foreign = passage.quoted || foreign.iter().any(|part| part.contains(&passage.at.start));
        if letters >= LETTERS && own * 50 < letters && !is_foreign {
            d.push(say::no_kazakh_letters(story.span(&passage.at)));
            return;
        }
    }
}
