//! Run-in heads: which bold starts open a section, and through which component. The rules are those of
//! the documentation's page on writing; they are narrow on purpose, because most bold starts are not heads.

/// The heads of one language: patterns with the component each opens, the longest match winning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    text: String,
    open_start: bool,
    open_end: bool,
    component: String,
}

impl Heads {
    /// Adds a head as written in a strings file or in nutgraf.yaml: `*` at an end stands for any text.
    pub fn add(&mut self, head: &str, component: &str) {
        let text = normal(head.trim_matches('*'));
        let pattern = Pattern {
            text,
            open_start: head.starts_with('*'),
            open_end: head.ends_with('*'),
            component: component.to_owned(),
        };
        self.patterns.retain(|p| {
            (&p.text, p.open_start, p.open_end) != (&pattern.text, pattern.open_start, pattern.open_end)
        });
        self.patterns.push(pattern);
        self.patterns.sort_by_key(|p| std::cmp::Reverse(p.text.chars().count()));
    }

    /// The component of the longest head that a text matches; a final mark does not count.
    pub fn component(&self, text: &str) -> Option<&str> {
        let text = normal(text);
        self.patterns.iter().find(|p| p.matches(&text)).map(|p| p.component.as_str())
    }
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => text == self.text,
            (true, false) => text.ends_with(&self.text),
            (false, true) => text.starts_with(&self.text),
            (true, true) => text.contains(&self.text),
        }
    }
}

/// Lower case, ё as е, typographic apostrophe and no-break space as plain ones, without a final mark.
fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'ё' => normal.push('е'),
            '’' | '‘' | 'ʼ' => normal.push('\''),
            c if c.is_whitespace() || c == '\u{a0}' || c == '\u{202f}' => {
                if !normal.ends_with(' ') {
                    normal.push(' ');
                }
            }
            c => normal.push(c),
        }
    }
    normal.trim().trim_end_matches(['.', ':', '?', '!', '…']).trim().to_owned()
}

/// A bold start, seen as a possible head.
pub struct BoldStart<'a> {
    /// The text inside the stars.
    pub text: &'a str,
    /// The character right after the stars, if any.
    pub after: Option<char>,
    /// Whether text follows in the paragraph.
    pub followed: bool,
    /// Whether it begins the first paragraph of the document.
    pub first: bool,
}

/// The head a bold start is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The component it renders through.
    pub component: String,
    /// Its title: the bold text without a final `.` or `:`.
    pub title: String,
    /// Whether the mark right after the stars belongs to it.
    pub takes_mark: bool,
}

/// Decides whether a bold start is a run-in head.
pub fn run_in_head(start: &BoldStart<'_>, heads: &Heads) -> Option<Head> {
    let text = start.text.trim();
    let mark_after = start.after.filter(|c| matches!(c, '.' | ':' | '?' | '!' | '…'));
    let title = |mark: Option<char>| {
        let mut title = text.trim_end_matches(['.', ':']).trim_end().to_owned();
        if let Some(mark @ ('?' | '!')) = mark {
            title.push(mark);
        }
        title
    };
    if let Some(component) = heads.component(text) {
        let takes_mark = mark_after.is_some();
        return Some(Head { component: component.to_owned(), title: title(mark_after), takes_mark });
    }
    let words = text.split_whitespace().count();
    let asks_after = mark_after == Some('?');
    if (text.ends_with('?') || asks_after) && words <= 15 && !has_speaker(text) {
        let mark = asks_after.then_some('?');
        return Some(Head { component: "question".into(), title: title(mark), takes_mark: asks_after });
    }
    let one_stop = text.ends_with('.') && !text.ends_with("..");
    let last = text.trim_end_matches('.').split_whitespace().next_back().unwrap_or_default();
    let plain_end = !is_abbreviation(last) && !last.chars().all(|c| c.is_numeric() || ",.-–%".contains(c));
    if one_stop
        && (2..=8).contains(&words)
        && plain_end
        && start.followed
        && !start.first
        && !has_speaker(text)
    {
        return Some(Head { component: "section".into(), title: title(None), takes_mark: false });
    }
    None
}

/// Whether a text begins with `Name:`, as in an interview.
fn has_speaker(text: &str) -> bool {
    text.split_once(':').is_some_and(|(name, rest)| {
        !name.is_empty() && (rest.is_empty() || rest.starts_with(char::is_whitespace))
    })
}

/// Whether a word that stood before a full stop is an abbreviation: `U.S.`, `Inc.`, `г.`
pub fn is_abbreviation(word: &str) -> bool {
    const KNOWN: &[&str] = &[
        "bros", "co", "corp", "dept", "dr", "e.g", "est", "etc", "gen", "gov", "i.e", "inc", "jr", "ltd",
        "mr", "mrs", "ms", "no", "prof", "rep", "sen", "sr", "st", "vs", "гг", "др", "долл", "млн", "млрд",
        "обл", "пр", "проф", "руб", "св", "стр", "тг", "тыс", "ул", "т.б", "т.д", "т.п", "жж",
    ];
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '.').to_lowercase();
    word.chars().count() == 1 || word.contains('.') || KNOWN.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads() -> Heads {
        let mut heads = Heads::default();
        for (head, component) in [
            ("The context", "context"),
            ("What do we know*", "what_we_know"),
            ("*мән-жайы", "context"),
            ("What's next", "section"),
            ("Read also", "read_also"),
        ] {
            heads.add(head, component);
        }
        heads
    }

    fn head(text: &str, after: &str) -> Option<(String, String)> {
        let start =
            BoldStart { text, after: after.chars().next(), followed: !after.trim().is_empty(), first: false };
        run_in_head(&start, &heads()).map(|h| (h.component, h.title))
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with what `head` returns")]
    fn is(component: &str, title: &str) -> Option<(String, String)> {
        Some((component.into(), title.into()))
    }

    #[test]
    fn known_heads_are_found_in_every_spelling() {
        assert_eq!(head("The context.", " On"), is("context", "The context"));
        assert_eq!(head("the context", ": On"), is("context", "the context"));
        assert_eq!(head("The\u{a0}Context", ""), is("context", "The\u{a0}Context"));
        assert_eq!(head("What’s next", "? It"), is("section", "What’s next?"));
        assert_eq!(
            head("What do we know about Karabakh?", " It"),
            is("what_we_know", "What do we know about Karabakh?")
        );
        assert_eq!(head("Сайлаудың мән-жайы.", " Бұл"), is("context", "Сайлаудың мән-жайы"));
        assert_eq!(head("Read also", ""), is("read_also", "Read also"));
    }

    #[test]
    fn questions_and_short_sentences_are_heads() {
        assert_eq!(head("What was the reaction?", " The"), is("question", "What was the reaction?"));
        assert_eq!(head("What was the reaction", "? The"), is("question", "What was the reaction?"));
        assert_eq!(head("A long way home.", " The"), is("section", "A long way home"));
    }

    #[test]
    fn bold_starts_that_are_no_heads_are_left_alone() {
        for (text, after) in [
            ("AW:", " hello"),
            ("AW: What do you think?", " I"),
            ("License", ": GFDL"),
            ("CVE-2025-0996", ": a bug"),
            ("Stop.", " One word"),
            ("It happened in the U.S.", " Then"),
            ("It was in 2020.", " Then"),
            ("A bold sentence that is much longer than eight words.", " Then"),
            ("A short one.", ""),
            ("Wait and see...", " Then"),
            ("Сумма 5 млн.", " Потом"),
        ] {
            assert_eq!(head(text, after), None, "{text}");
        }
        let first = BoldStart { text: "A short one.", after: Some(' '), followed: true, first: true };
        assert_eq!(run_in_head(&first, &heads()), None);
    }
}
