//! YAML text to a tree of nodes that know where they stand. Scalars keep the spelling of their author
//! (`yes`, `0123` and `2020` stay text until somebody asks for a type); nothing is executed or expanded
//! beyond a small budget.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Spanned;

/// A value and the bytes of the file it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Where it stands in the file.
    pub at: Range<usize>,
}

/// The shapes YAML has, with scalars as they were written.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing: an empty value, `null` or `~`.
    Null,
    /// Text; `plain` when it stood without quotes, so that it may be read as a number, a boolean or a date.
    Scalar {
        /// The text as written, without quotes.
        text: String,
        /// Whether it stood without quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands in the file.
    pub key_at: Range<usize>,
    /// Its value.
    pub value: Node,
}

/// Why a text is not YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What the parser says, in one line.
    pub message: String,
    /// Where, in bytes of the file.
    pub at: Range<usize>,
    /// What kind of trouble it is.
    pub kind: Trouble,
}

/// The kinds of malformed YAML that get words of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A tab where spaces are due.
    Tab,
    /// More aliases, nodes or nesting than any front matter needs.
    Budget,
    /// A value that needs quotes.
    Quotes,
    /// A bracket that is never closed.
    Unclosed,
    /// A quoted value with more text after it.
    InnerQuotes,
    /// A quotation mark that is never closed.
    UnclosedQuote,
    /// A no-break space where a space is due.
    NoBreakSpace,
    /// Anything else.
    Other,
}

impl Node {
    /// The text of a scalar.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What the value is, in an editor's words.
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Scalar { .. } => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a group of keys",
        }
    }

    /// Whether there is nothing: null, or empty text without quotes.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::Scalar { text, .. } => text.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
        }
    }

    /// What follows the value on its line after ` #`: a comment that its author may have meant as text.
    pub fn comment_after(&self, source: &str) -> Option<Range<usize>> {
        let Value::Scalar { plain: true, .. } = self.value else { return None };
        let rest = source.get(self.at.end..)?.lines().next()?;
        let comment = rest.trim_start();
        (rest.starts_with([' ', '\t']) && comment.starts_with('#')).then(|| {
            let start = self.at.end + rest.len() - comment.len();
            start..start + comment.trim_end().len()
        })
    }

    /// The value as JSON: plain scalars as the numbers and booleans they look like.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Scalar { text, plain } if *plain => scalar_to_json(text),
            Value::Scalar { text, .. } => serde_json::Value::String(text.clone()),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                let pairs = entries.iter().map(|e| (e.key.clone(), e.value.to_json()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}

/// A plain scalar as YAML 1.2's core schema reads it; anything unusual stays text.
fn scalar_to_json(text: &str) -> serde_json::Value {
    match text {
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    if let Some(number) = integer(text) {
        return number.into();
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && looks_numeric(text) => number.into(),
        _ => text.into(),
    }
}

/// A decimal integer without a leading zero: `0123` is an id, not a number.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = digits == "0" || (!digits.starts_with('0') && !digits.is_empty());
    (canonical && digits.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn looks_numeric(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && !(digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0."))
}

/// Parses the YAML in `source[range]`; places in the result are bytes of `source`.
///
/// # Errors
/// When the text is not YAML, or needs more than the budget.
pub fn parse(source: &str, range: Range<usize>) -> Result<Node, Malformed> {
    let text = &source[range.clone()];
    // A tab is looked for only when something is wrong: inside a block of text it is allowed.
    let raw: Spanned<Raw> = serde_yaml::from_str_with_options(text, options()).map_err(|e| {
        tab_indent(text, range.start)
            .or_else(|| no_break_space(text, range.start))
            .unwrap_or_else(|| malformed(&e, text, range.start))
    })?;
    let node = place(raw, text, range.start);
    match anchor_for_text(&node, source) {
        Some(at) => Err(Malformed { message: "an anchor without a value".into(), at, kind: Trouble::Quotes }),
        None => Ok(node),
    }
}

/// `title: &x y`: YAML takes the first word for an anchor and drops it.
fn anchor_for_text(node: &Node, source: &str) -> Option<Range<usize>> {
    let Value::Map(entries) = &node.value else { return None };
    let is_text = |entry: &&Entry| matches!(entry.value.value, Value::Null | Value::Scalar { .. });
    entries.iter().filter(is_text).find_map(|entry| {
        let line = source[entry.key_at.end..].lines().next()?;
        let value = line.trim_start_matches(['"', '\'']).strip_prefix(':')?.trim();
        let at = entry.key_at.end + line.find(value)?;
        value.starts_with('&').then_some(at..at + value.len())
    })
}

fn options() -> serde_yaml::Options {
    let budget = serde_yaml::budget! {
        max_nodes: 20_000,
        max_events: 60_000,
        max_depth: 40,
        max_aliases: 50,
        max_anchors: 50,
        max_documents: 1,
    };
    serde_yaml::options! {
        budget: budget,
        duplicate_keys: serde_yaml::options::DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    }
}

/// A line indented with a tab, which YAML forbids and parsers explain badly.
fn tab_indent(text: &str, offset: usize) -> Option<Malformed> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t')
            && !line.trim().is_empty()
        {
            let at = offset + start + tab;
            return Some(Malformed { message: "a tab".into(), at: at..at + 1, kind: Trouble::Tab });
        }
        start += line.len();
    }
    None
}

/// A no-break space at the start of a line or after a key, which nobody can see.
fn no_break_space(text: &str, offset: usize) -> Option<Malformed> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let head = line.split(['"', '\'']).next().unwrap_or(line);
        let indent = line.len() - line.trim_start().len();
        let after_key = head.find(":\u{a0}").map(|i| i + 1);
        let at = line[..indent].find('\u{a0}').or(after_key);
        if let Some(at) = at {
            let at = offset + start + at;
            return Some(Malformed {
                message: "a no-break space".into(),
                at: at..at + 2,
                kind: Trouble::NoBreakSpace,
            });
        }
        start += line.len();
    }
    None
}

fn malformed(error: &serde_yaml::Error, text: &str, offset: usize) -> Malformed {
    let (line, column) = error.location().map_or((1, 1), |l| {
        (usize::try_from(l.line()).unwrap_or(1), usize::try_from(l.column()).unwrap_or(1))
    });
    let at = byte_at(text, line, column);
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or_default().to_owned();
    let message = match message.rsplit_once(" at line ") {
        Some((before, _)) => before.to_owned(),
        None => message,
    };
    let kind = if message.contains("budget") || message.contains("limit exceeded") {
        Trouble::Budget
    } else if message.contains("trailing content after") {
        Trouble::InnerQuotes
    } else if message.contains("unclosed quote") {
        Trouble::UnclosedQuote
    } else if is_unclosed(text, line) {
        Trouble::Unclosed
    } else if needs_quotes(text, line) {
        Trouble::Quotes
    } else {
        Trouble::Other
    };
    let at = match kind {
        Trouble::Quotes | Trouble::Unclosed | Trouble::InnerQuotes | Trouble::UnclosedQuote => {
            value_of_line(text, line).unwrap_or(at..at)
        }
        Trouble::Tab | Trouble::Budget | Trouble::NoBreakSpace | Trouble::Other => at..at,
    };
    Malformed { message, at: offset + at.start..offset + at.end, kind }
}

/// The byte offset of a 1-based line and column (in characters).
fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let inside = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(i, _)| i);
    start + inside
}

/// The bytes of the value in `key: value` on a 1-based line.
fn value_of_line(text: &str, line: usize) -> Option<Range<usize>> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let content = text[start..].lines().next()?;
    let colon = content.find(": ")? + 2;
    let value = content[colon..].trim();
    let from = start + colon + content[colon..].find(value)?;
    (!value.is_empty()).then(|| from..from + value.len())
}

/// Whether the value on this line opens a bracket that it does not close.
fn is_unclosed(text: &str, line: usize) -> bool {
    value_of_line(text, line).is_some_and(|at| {
        let value = &text[at];
        value.starts_with('[') && !value.contains(']') || value.starts_with('{') && !value.contains('}')
    })
}

/// Whether the value on this line is one that editors forget to quote.
fn needs_quotes(text: &str, line: usize) -> bool {
    value_of_line(text, line).is_some_and(|at| {
        let value = &text[at];
        !value.starts_with(['"', '\''])
            && (value.contains(": ") || value.starts_with(['@', '[', '%', '{', '*', '&', '`']))
    })
}

/// What serde hands over before it is placed.
enum Raw {
    Null,
    Scalar(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }

    fn visit_i128<E>(self, v: i128) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }

    fn visit_u128<E>(self, v: u128) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }

    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Raw, E> {
        Ok(Raw::Scalar(v))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

/// Turns what serde handed over into nodes with places, taking plain scalars by their source text.
fn place(raw: Spanned<Raw>, text: &str, offset: usize) -> Node {
    let at = bytes_of(&raw.defined, text);
    let source = text.get(at.clone()).unwrap_or_default();
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Scalar(value) => {
            let plain = !source.starts_with(['"', '\'']) && !value.contains('\n');
            let text = if plain && !source.contains('\n') && !source.trim().is_empty() {
                source.trim().to_owned()
            } else {
                value
            };
            Value::Scalar { text, plain }
        }
        Raw::List(items) => Value::List(items.into_iter().map(|item| place(item, text, offset)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let key_at = bytes_of(&key.defined, text);
                    Entry {
                        key: key.value,
                        key_at: offset + key_at.start..offset + key_at.end,
                        value: place(value, text, offset),
                    }
                })
                .collect(),
        ),
    };
    // The parser gives a collection's first mark only: it reaches to the end of what is in it.
    let inside = match &value {
        Value::List(items) => items.last().map(|item| item.at.end),
        Value::Map(entries) => entries.last().map(|entry| entry.value.at.end.max(entry.key_at.end)),
        Value::Null | Value::Scalar { .. } => None,
    };
    let end = inside.map_or(at.end, |inside| {
        let inside = inside - offset;
        let closed = source.starts_with(['[', '{']) && text[inside..].starts_with([']', '}']);
        at.end.max(inside + usize::from(closed))
    });
    Node { value, at: offset + at.start..offset + end }
}

fn bytes_of(location: &serde_yaml::Location, text: &str) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().and_then(|b| usize::try_from(b).ok()).unwrap_or(0).min(text.len());
    let len = span.byte_len().and_then(|b| usize::try_from(b).ok()).unwrap_or(0);
    let mut end = (start + len).min(text.len());
    while end > start && text.as_bytes()[end - 1].is_ascii_whitespace() {
        end -= 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        parse(text, 0..text.len()).expect("valid YAML")
    }

    fn text_of<'a>(node: &'a Node, key: &str) -> (&'a str, bool) {
        let Value::Map(entries) = &node.value else { panic!("not a map") };
        let entry = entries.iter().find(|e| e.key == key).expect("the key");
        match &entry.value.value {
            Value::Scalar { text, plain } => (text, *plain),
            other => panic!("{key} is {other:?}"),
        }
    }

    #[test]
    fn scalars_keep_their_spelling() {
        let map = node("a: 0123\nb: yes\nc: 2023-09-11\nd: \"4: x\"\ne: |\n  1\n  2\n");
        assert_eq!(text_of(&map, "a"), ("0123", true));
        assert_eq!(text_of(&map, "b"), ("yes", true));
        assert_eq!(text_of(&map, "c"), ("2023-09-11", true));
        assert_eq!(text_of(&map, "d"), ("4: x", false));
        assert_eq!(text_of(&map, "e"), ("1\n2\n", false));
    }

    #[test]
    fn values_that_need_quotes_are_named() {
        for text in [
            "title: Tokyo: a story\n",
            "t: @home\n",
            "t: [a] b\n",
            "t: %x\n",
            "t: `x`\n",
            "t: {a} b\n",
            "t: *x\n",
            "t: &x\n",
        ] {
            let malformed = parse(text, 0..text.len()).expect_err(text);
            assert_eq!(malformed.kind, Trouble::Quotes, "{text}");
            assert!(malformed.at.start >= 3, "{text}");
        }
    }

    #[test]
    fn a_bomb_and_a_tower_are_refused() {
        let mut bomb = String::from("a: &a [x,x,x,x,x,x,x,x,x]\n");
        for (name, before) in [('b', 'a'), ('c', 'b'), ('d', 'c'), ('e', 'd'), ('f', 'e')] {
            let nine = vec![format!("*{before}"); 9].join(",");
            bomb.push_str(&format!("{name}: &{name} [{nine}]\n"));
        }
        let tower = "[".repeat(10_000);
        for text in [bomb.as_str(), tower.as_str()] {
            assert_eq!(parse(text, 0..text.len()).expect_err("refused").kind, Trouble::Budget);
        }
    }
}
