//! Markdown to events. The one place that knows which Markdown Nutgraf reads and how a piece of a file
//! shares the definitions of the whole; facts and HTML are made from the same events.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, TextMergeWithOffset};

/// Between shared definitions and a piece, so that no block of the one reaches into the other.
const SEPARATOR: &str = "\n\n<!---->\n\n";

/// `CommonMark` with tables, footnotes, strikethrough, heading attributes and GFM alerts.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_GFM
}

/// A piece of Markdown, ready to be read.
pub struct Text<'a> {
    whole: Cow<'a, str>,
    /// Bytes of shared definitions before the piece.
    before: usize,
    /// Where the piece begins in its file.
    start: usize,
}

/// The link definitions and footnotes that the pieces of a file share, by what refers to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definitions {
    by_label: BTreeMap<String, Range<usize>>,
}

impl Definitions {
    /// Those that a piece refers to, in the file's order. Of a footnote only that it exists: its text is
    /// rendered from its own place.
    fn of(&self, source: &str, piece: &str) -> String {
        let wanted: BTreeSet<String> = labels(piece).collect();
        let mut found: Vec<(&str, &Range<usize>)> =
            wanted.iter().filter_map(|label| Some((label.as_str(), self.by_label.get(label)?))).collect();
        found.sort_by_key(|(_, range)| range.start);
        let lines: Vec<String> = found
            .into_iter()
            .map(|(label, range)| match label.strip_prefix('^') {
                Some(note) => format!("[^{note}]: x"),
                None => source[range.clone()].to_owned(),
            })
            .collect();
        lines.join("\n\n")
    }
}

/// What stands in brackets in a text, as labels are compared: in lower case, spaces as one.
fn labels(text: &str) -> impl Iterator<Item = String> {
    text.split('[').skip(1).filter_map(|rest| {
        // An escaped bracket is part of the label.
        let ends = rest.match_indices(']').map(|(i, _)| i);
        let end = ends.into_iter().find(|i| !rest[..*i].ends_with('\\'))?;
        Some(label(&rest[..end]))
    })
}

/// A label as labels are compared.
pub fn label(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl<'a> Text<'a> {
    /// The piece `source[range]` of a file whose pieces share `definitions`.
    pub fn new(source: &'a str, range: &Range<usize>, definitions: &Definitions) -> Self {
        let piece = &source[range.clone()];
        let definitions =
            if definitions.by_label.is_empty() { String::new() } else { definitions.of(source, piece) };
        if definitions.is_empty() {
            return Self { whole: Cow::Borrowed(piece), before: 0, start: range.start };
        }
        let text = format!("{definitions}{SEPARATOR}{piece}");
        Self { before: text.len() - piece.len(), whole: Cow::Owned(text), start: range.start }
    }

    /// Its events with their bytes in the file.
    pub fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        let (before, start) = (self.before, self.start);
        let parser = Parser::new_ext(&self.whole, options()).into_offset_iter();
        TextMergeWithOffset::new(parser)
            .filter(move |(_, at)| at.start >= before)
            .map(move |(event, at)| (event, start + at.start - before..start + at.end - before))
    }
}

/// An event, unless it belongs to a run-in head, which is a title of its own.
pub fn without_head<'t>(
    source: &str,
    skip: Option<&Range<usize>>,
    event: Event<'t>,
    at: Range<usize>,
) -> Option<(Event<'t>, Range<usize>)> {
    match (skip, event) {
        (Some(skip), _) if at.end <= skip.end => None,
        // The head's mark, spaces and dash are part of this text; the rest of it may hold what the source
        // writes otherwise (`&amp;`, `\*`), so they are taken off the text and not off the source.
        (Some(skip), Event::Text(text)) if at.start < skip.end => {
            let skipped = source[at.start..skip.end].chars().count();
            let rest: String = text.chars().skip(skipped).collect();
            Some((Event::Text(rest.into()), skip.end..at.end))
        }
        (_, event) => Some((event, at)),
    }
}

/// Collects the link definitions and footnotes of a piece; the first of a label counts.
pub fn definitions(source: &str, range: &Range<usize>, found: &mut Definitions) {
    let text = &source[range.clone()];
    if !text.contains("]:") {
        return;
    }
    let parser = Parser::new_ext(text, options());
    let mut all: Vec<(String, Range<usize>)> =
        parser.reference_definitions().iter().map(|(name, d)| (label(name), d.span.clone())).collect();
    for (event, at) in parser.into_offset_iter() {
        if let Event::Start(pulldown_cmark::Tag::FootnoteDefinition(name)) = event {
            all.push((label(&format!("^{name}")), at));
        }
    }
    all.sort_by_key(|(_, at)| at.start);
    for (name, at) in all {
        found.by_label.entry(name).or_insert(range.start + at.start..range.start + at.end);
    }
}

/// Events as Markdown again.
pub fn written(events: Vec<Event<'_>>) -> String {
    let form = pulldown_cmark_to_cmark::Options { code_block_token_count: 3, ..Default::default() };
    let mut out = String::new();
    let done = pulldown_cmark_to_cmark::cmark_with_options(events, &mut out, options(), form);
    // It refuses what no parser gives, like an end without a beginning.
    if done.is_ok() { out } else { String::new() }
}

/// A short text without its marks.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for event in Parser::new_ext(text, options()) {
        match event {
            Event::Text(piece) | Event::Code(piece) => plain.push_str(&piece),
            Event::SoftBreak | Event::HardBreak => plain.push(' '),
            _ => {}
        }
    }
    plain
}

/// A link in a short text.
pub struct ShortLink {
    /// The whole of it.
    pub at: Range<usize>,
    /// Its label, as Markdown.
    pub label: Range<usize>,
    /// Its destination as written; `None` when it cannot be told in the source.
    pub destination: Option<Range<usize>>,
    /// Where it leads.
    pub url: String,
}

/// The links of a short text.
pub fn links(text: &str) -> Vec<ShortLink> {
    if !text.contains(['[', '<']) {
        return Vec::new();
    }
    let parser = Parser::new_ext(text, options()).into_offset_iter();
    parser
        .filter_map(|(event, at)| match event {
            Event::Start(pulldown_cmark::Tag::Link { dest_url, .. }) => {
                let source = &text[at.clone()];
                let found = source.rfind(&*dest_url).filter(|_| !dest_url.is_empty());
                let destination = found.map(|i| at.start + i..at.start + i + dest_url.len());
                let close = source.rfind("](").or_else(|| source.rfind("][")).or_else(|| source.rfind(']'));
                let label = close
                    .filter(|_| source.starts_with('['))
                    .map_or(at.clone(), |i| at.start + 1..at.start + i);
                Some(ShortLink { at, label, destination, url: dest_url.into_string() })
            }
            _ => None,
        })
        .collect()
}

/// The bare web addresses in a text.
pub fn bare_urls(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut finder = linkify::LinkFinder::new();
    finder.kinds(&[linkify::LinkKind::Url]);
    finder.url_must_have_scheme(true);
    let links: Vec<Range<usize>> = if text.contains("://") {
        finder
            .links(text)
            .filter(|link| link.as_str().starts_with("http://") || link.as_str().starts_with("https://"))
            .map(|link| link.start()..link.end())
            .collect()
    } else {
        Vec::new()
    };
    links.into_iter()
}
