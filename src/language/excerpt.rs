//! The beginning of a text, for lists and metadata: cut where a reader would stop.

/// Text cut to a length in characters: after a sentence, if one ends in the last third, else after a word.
pub fn of(text: &str, length: usize) -> String {
    let text = words(text).collect::<Vec<_>>().join(" ");
    if text.chars().count() <= length {
        return text;
    }
    let at = |length| text.char_indices().nth(length).map_or(text.len(), |(i, _)| i);
    // A word or sentence that is just long enough ends before the space that comes next.
    let (least, most) = (at(length * 2 / 3), at(length + 1));
    let spaces = || text[..most].match_indices(' ').map(|(i, _)| i).rev();
    if let Some(end) = spaces().take_while(|i| *i >= least).find(|i| ends_sentence(&text, *i)) {
        return text[..end].to_owned();
    }
    let end = spaces().next().unwrap_or(at(length));
    format!("{}…", text[..end].trim_end_matches(['.', ',', ';', ':', '–', '—', ' ']))
}

/// The words of a text. A space at which no line may end does not part them.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = |c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}');
    text.split(parts).filter(|word| !word.is_empty())
}

/// Words that end with a full stop and no sentence, in the languages that come with the program.
const SHORTENED: &[&str] = &[
    "approx",
    "capt",
    "col",
    "gen",
    "gov",
    "inc",
    "ltd",
    "mrs",
    "prof",
    "rep",
    "rev",
    "sen",
    "sgt",
    "vs",
    "акад",
    "ген",
    "млн",
    "млрд",
    "обл",
    "пос",
    "просп",
    "проф",
    "тыс",
];

/// Whether a sentence ends before a space: a mark, and after it what begins another.
fn ends_sentence(text: &str, space: usize) -> bool {
    let before = text[..space].trim_end_matches(['»', '”', '"', '’', ')']);
    let Some(word) = before.strip_suffix(['.', '!', '?']) else { return false };
    let word = word.rsplit([' ', '«', '“', '"', '(']).next().unwrap_or_default();
    let next = text[space..].trim_start().trim_start_matches(['«', '“', '"', '(']);
    let letters = word.chars().filter(|c| c.is_alphanumeric()).count();
    let is_word = !before.ends_with('.')
        || letters > 2 && !word.contains('.') && !SHORTENED.contains(&word.to_lowercase().as_str());
    let begins = next.starts_with(char::is_uppercase) || next.starts_with(char::is_numeric) && letters > 4;
    is_word && begins
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_text_ends_with_a_sentence_in_the_last_third_or_with_a_word() {
        let cases = [
            ("One  short\nsentence of\u{a0}5 words.", "One short sentence of\u{a0}5 words."),
            ("It was completed years ago. Built with a loan, it stands.", "It was completed years ago."),
            (
                "The bridge will be opened by Gov. Smith and his wife.",
                "The bridge will be opened by Gov. Smith…",
            ),
            (
                "The bridge will be opened by the U.S.A. Smith said so.",
                "The bridge will be opened by the U.S.A…",
            ),
            (
                "He has asked: «Who is to pay?» asked the mayor of it.",
                "He has asked: «Who is to pay?» asked…",
            ),
            ("He has then asked: «Who is to pay?» Nobody answered.", "He has then asked: «Who is to pay?»"),
            (
                "Дорогу отремонтируют до 2024 г. Об этом сообщил проф. Ким.",
                "Дорогу отремонтируют до 2024 г. Об этом…",
            ),
            (
                "Аймақтан жүз мың адам бұрын кетті. 2025 жылы келісім болды.",
                "Аймақтан жүз мың адам бұрын кетті.",
            ),
            (
                "Exactly as many letters as it may have got, and more.",
                "Exactly as many letters as it may have…",
            ),
            (
                "Exactly as many letters as it may havee got, and more.",
                "Exactly as many letters as it may havee…",
            ),
            (
                "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk",
                "Donaudampfschifffahrtselektrizitätenhau…",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text, 39), expected);
        }
    }
}
