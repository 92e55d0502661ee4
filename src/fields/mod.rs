//! A YAML map read key by key: every wrong type, duplicate and unknown key of a map becomes a diagnostic,
//! and reading goes on. Front matter, nutgraf.yaml and component bodies are all read through this.

pub mod shape;

use std::ops::Range;

use crate::diagnostic::catalog::{front_matter, settings};
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Diagnostic, Edit, Span};
use crate::path::SitePath;
use crate::yaml::{Entry, Node, Value};
use shape::{Keys, Shape};

/// A value and the bytes of the file it stands in. Two are equal when their values are, wherever they stand.
#[derive(Clone, Debug, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands in its file.
    pub at: Range<usize>,
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// The file a map stands in.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Its path.
    pub file: &'a SitePath,
    /// Its whole text.
    pub source: &'a str,
}

impl Place<'_> {
    /// A range of bytes of the file.
    pub fn span(&self, at: &Range<usize>) -> Span {
        Span::new(self.file, at.clone())
    }
}

/// What a map does with a key it does not know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// A warning: somebody else's key in front matter.
    Warn,
    /// A warning: a key of a group inside front matter.
    Inside,
    /// An error: a mistake in the settings.
    Refuse,
}

/// A map being read.
pub struct Fields<'a> {
    /// Where it stands.
    pub place: Place<'a>,
    /// The whole map, in bytes of the file.
    pub at: Range<usize>,
    /// What the map may hold.
    keys: Keys,
    entries: Vec<(&'a str, &'a Entry)>,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Starts reading a node as a map of these keys; `rename` gives keys the name they are known under. A node that is
    /// no map is an error and reads as an empty one.
    pub fn new(
        place: Place<'a>,
        node: &'a Node,
        keys: Keys,
        rename: impl Fn(&'a str) -> &'a str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut entries: Vec<(&str, &Entry)> = Vec::new();
        match &node.value {
            Value::Null => {}
            Value::Map(all) => {
                for entry in all {
                    let key = rename(&entry.key);
                    if let Some(comment) = comment_for_value(place.source, entry) {
                        diagnostics.push(front_matter::comment_for_value(place.span(&comment), key));
                    }
                    match entries.iter().find(|(known, _)| *known == key) {
                        Some((_, first)) => diagnostics.push(front_matter::duplicate_key(
                            place.span(&entry.key_at),
                            key,
                            place.span(&first.key_at),
                        )),
                        None => entries.push((key, entry)),
                    }
                }
            }
            Value::Scalar { .. } | Value::List(_) => {
                diagnostics.push(front_matter::not_a_map(place.span(&node.at), node.describe()));
            }
        }
        Self { place, at: node.at.clone(), keys, entries, asked: Vec::new() }
    }

    /// The value of a key, unless it is absent, empty or null.
    pub fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        debug_assert!(shape::find(self.keys, key).is_some(), "`{key}` is among the keys of its map");
        self.asked.push(key);
        self.entries.iter().find(|(known, _)| *known == key).map(|(_, e)| &e.value).filter(|n| !n.is_empty())
    }

    /// Where a key stands, whether or not it has a value.
    pub fn key_at(&self, key: &str) -> Option<Range<usize>> {
        self.entries.iter().find(|(known, _)| *known == key).map(|(_, e)| e.key_at.clone())
    }

    /// A key's text.
    pub fn text(&mut self, key: &'static str, diagnostics: &mut Vec<Diagnostic>) -> Option<Located<String>> {
        let node = self.get(key)?;
        text(self.place, key, node, diagnostics)
    }

    /// A key's value as true or false.
    pub fn flag(&mut self, key: &'static str, diagnostics: &mut Vec<Diagnostic>) -> Option<bool> {
        let node = self.get(key)?;
        match node.as_text().map(str::to_lowercase).as_deref() {
            Some("true" | "yes" | "on") => Some(true),
            Some("false" | "no" | "off") => Some(false),
            _ => {
                let found = node.as_text().map_or(node.describe().to_owned(), |t| format!("`{t}`"));
                diagnostics.push(front_matter::wrong_type(
                    self.place.span(&node.at),
                    key,
                    "`true` or `false`",
                    &found,
                ));
                None
            }
        }
    }

    /// A key's value as a whole number above zero.
    pub fn number(&mut self, key: &'static str, diagnostics: &mut Vec<Diagnostic>) -> Option<usize> {
        let node = self.get(key)?;
        let number = node.as_text().and_then(|t| t.parse().ok()).filter(|n| *n > 0);
        if number.is_none() {
            let span = self.place.span(&node.at);
            let found = node.as_text().map_or_else(|| node.describe().to_owned(), |text| format!("`{text}`"));
            diagnostics.push(front_matter::wrong_type(span, key, "a whole number above 0", &found));
        }
        number
    }

    /// A key's list of texts; one text where a list is due is a list of one.
    pub fn texts(&mut self, key: &'static str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Located<String>> {
        let place = self.place;
        self.items(key).iter().filter_map(|node| text(place, key, node, diagnostics)).collect()
    }

    /// The items of a key's list, without empty ones; anything else than a list is a list of one.
    pub fn items(&mut self, key: &'static str) -> Vec<&'a Node> {
        match self.get(key) {
            None => Vec::new(),
            Some(Node { value: Value::List(items), .. }) => items.iter().filter(|n| !n.is_empty()).collect(),
            Some(node) => vec![node],
        }
    }

    /// The entries of a key's map.
    pub fn entries(&mut self, key: &'static str, diagnostics: &mut Vec<Diagnostic>) -> &'a [Entry] {
        match self.get(key) {
            None => &[],
            Some(Node { value: Value::Map(entries), .. }) => entries,
            Some(node) => {
                let span = self.place.span(&node.at);
                diagnostics.push(front_matter::wrong_type(span, key, "a group of keys", node.describe()));
                &[]
            }
        }
    }

    /// Ends reading: every key that nobody asked for is reported, with the nearest that was.
    pub fn finish(self, of: &str, unknown: Unknown, ignore: &[String], diagnostics: &mut Vec<Diagnostic>) {
        let is_read =
            |key: &shape::Key| self.asked.contains(&key.name) || matches!(key.shape, Shape::Alias(_));
        debug_assert!(self.keys.iter().copied().flatten().all(is_read), "every key of {of} is read");
        let mut taken: Vec<&str> = self.entries.iter().map(|(key, _)| *key).collect();
        for (key, entry) in &self.entries {
            if self.asked.contains(key) || ignore.iter().any(|i| i == key || *i == entry.key) {
                continue;
            }
            let span = self.place.span(&entry.key_at);
            let known = self.asked.iter().copied();
            let comma = entry.value.value == Value::Null && key.contains(' ') && unknown == Unknown::Inside;
            // Under the name that was meant there may be something already.
            let fits =
                |meant: &&str| shape::find(self.keys, meant).is_some_and(|key| key.shape.fits(&entry.value));
            let meant =
                nearest(key, known.clone()).filter(|meant| !taken.contains(meant) && !comma).filter(fits);
            taken.extend(meant);
            let written = self.place.source.get(entry.key_at.clone()).unwrap_or_default();
            let quote = written
                .chars()
                .next()
                .filter(|c| matches!(c, '"' | '\''))
                .map_or_else(String::new, String::from);
            let fix = meant.map(|meant| {
                (format!("name the key `{meant}`"), span.clone(), format!("{quote}{meant}{quote}"))
            });
            let diagnostic = match unknown {
                Unknown::Inside if comma => front_matter::comma_in_braces(span, of),
                Unknown::Warn => front_matter::unknown_key(span, key, of, known),
                Unknown::Inside => front_matter::unknown_inner_key(span, key, of, known),
                Unknown::Refuse => settings::unknown_key(span, key, of, known),
            };
            diagnostics.push(match fix {
                Some((what, span, text)) => diagnostic.fix(what, vec![Edit { span, text }]),
                None => diagnostic,
            });
        }
    }
}

/// `accent: #0b5394`: to YAML the value is a comment, and there is none.
fn comment_for_value(source: &str, entry: &Entry) -> Option<Range<usize>> {
    if entry.value.value != Value::Null {
        return None;
    }
    let line = source.get(entry.key_at.end..)?.lines().next()?;
    let comment = line.trim_start().strip_prefix(':')?.trim();
    let start = entry.key_at.end + line.find('#')?;
    comment.starts_with('#').then(|| start..start + comment.len())
}

/// A node's text; a list or a map is an error, text cut by a comment a warning.
pub fn text(
    place: Place<'_>,
    key: &str,
    node: &Node,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Located<String>> {
    let Some(text) = node.as_text() else {
        let span = place.span(&node.at);
        diagnostics.push(front_matter::wrong_type(span, key, "text", node.describe()));
        return None;
    };
    // In settings a comment after a value is a comment; in a story it is more often the end of a headline.
    let is_story = place.file.as_str().starts_with("content/");
    if let Some(comment) = node.comment_after(place.source).filter(|_| is_story) {
        diagnostics.push(front_matter::comment_cut(place.span(&comment)));
    }
    Some(Located { value: text.trim().to_owned(), at: node.at.clone() })
}

/// Whether a text is a place in a picture as CSS says it: `30% 20%`, `left top`.
pub fn is_position(text: &str) -> bool {
    let mut parts = text.split_whitespace();
    let is_part = |part: &str| {
        let percent = part.strip_suffix('%').and_then(|n| n.parse::<u8>().ok()).is_some_and(|n| n <= 100);
        percent || matches!(part, "left" | "right" | "top" | "bottom" | "center")
    };
    let count = parts.clone().count();
    (1..=2).contains(&count) && parts.all(is_part)
}

/// Whether a link's scheme is one that browsers would run or that hides its content.
pub fn is_unsafe_url(url: &str) -> bool {
    let clean: String = url.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(12).collect();
    let clean = clean.to_ascii_lowercase();
    ["javascript:", "data:", "vbscript:", "file:"].iter().any(|scheme| clean.starts_with(scheme))
}
