//! One Markdown file to a [`Document`]: its front matter, its blocks with their places in the source, and
//! the facts that linking needs. Each file is read alone; nothing here knows another file, the clock or HTML.

pub mod allow;
pub mod blocks;
pub mod directives;
pub mod facts;
pub mod front;
pub mod identity;
pub mod keys;
pub mod lists;
pub mod markdown;
pub mod nesting;
pub mod prose;
pub mod raw_html;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::tz::TimeZone;

pub use blocks::{Argument, Block, ComponentBlock, MarkdownBlock};
pub use facts::Facts;
pub use front::Front;
pub use identity::{Identity, Kind};
pub use markdown::Definitions;

use crate::config::RawHtml;
use crate::diagnostic::catalog::front_matter;
use crate::diagnostic::{Diagnostic, Span};
use crate::fields::Place;
use crate::language::Heads;
use crate::path::SitePath;

/// One file of content/, read.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file.
    pub path: SitePath,
    /// Its whole text; every range of the document is bytes of it.
    pub source: Arc<str>,
    /// What its path says it is.
    pub identity: Identity,
    /// Its front matter.
    pub front: Arc<Front>,
    /// Its text as blocks.
    pub blocks: Vec<Block>,
    /// Link definitions and footnotes of the whole file, which its pieces of Markdown share; empty when the
    /// file is one piece.
    pub definitions: Definitions,
    /// What linking, lists and metadata need to know of the text.
    pub facts: Facts,
    /// What is wrong with it, seen alone.
    pub diagnostics: Vec<Diagnostic>,
}

/// What reading a document depends on besides its text.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The default language.
    pub language: String,
    /// The languages of the site.
    pub languages: Vec<String>,
    /// The zone of dates without an offset.
    pub zone: TimeZone,
    /// Keys of front matter under other names.
    pub rename: BTreeMap<String, String>,
    /// Keys of front matter that are somebody else's.
    pub ignore: Vec<String>,
    /// Whether bold starts may open sections.
    pub run_in_heads: bool,
    /// Run-in heads by language.
    pub heads: BTreeMap<String, Heads>,
    /// What the text must know of each component.
    pub components: BTreeMap<String, ComponentRule>,
    /// What becomes of HTML in the text.
    pub raw_html: RawHtml,
}

/// What the text must know of a component before any template runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComponentRule {
    /// Whether it is a section, so that it ends a run-in section before it.
    pub section: bool,
    /// Which of its arguments name pictures or files.
    pub files: Vec<String>,
    /// Which of its arguments, and which keys of its items, are links.
    pub urls: Vec<String>,
}

/// Reads one file.
pub fn read(path: &SitePath, source: Arc<str>, identity: Identity, rules: &Rules) -> Document {
    let mut diagnostics = Vec::new();
    let place = Place { file: path, source: &source };
    let (yaml, body) = split(place, &mut diagnostics);
    let front = front::read(place, yaml, &identity, rules, &mut diagnostics);
    let language = identity.language.as_deref().unwrap_or(&rules.language);
    let text = blocks::read(place, body, language, front.run_in_heads, rules, &mut diagnostics);
    Document {
        path: path.clone(),
        identity,
        front: Arc::new(front),
        blocks: text.blocks,
        definitions: text.definitions,
        facts: text.facts,
        diagnostics,
        source,
    }
}

/// A file that could not be read as text, so that references to it do not fail too; `source` is as much of
/// it as can be shown.
pub fn unreadable(path: &SitePath, source: Arc<str>, identity: Identity, diagnostic: Diagnostic) -> Document {
    Document {
        path: path.clone(),
        source,
        identity,
        front: Arc::default(),
        blocks: Vec::new(),
        definitions: Definitions::default(),
        facts: Facts::default(),
        diagnostics: vec![diagnostic],
    }
}

/// Finds the YAML between `---` lines and the text after it.
fn split(place: Place<'_>, diagnostics: &mut Vec<Diagnostic>) -> (Option<Range<usize>>, Range<usize>) {
    let source = place.source;
    let is_fence = |line: &str| line.trim_end() == "---";
    let blank = source.len() - source.trim_start().len();
    let first = source[blank..].split_inclusive('\n').next().unwrap_or_default();
    if !is_fence(first) {
        let shown = blank..blank + first.trim_end().len().min(80);
        if is_dashes(first) {
            diagnostics.push(front_matter::fence_dashes(Span::new(place.file, shown)));
            return (None, source.len()..source.len());
        }
        diagnostics.push(front_matter::missing(Span::new(place.file, shown)));
        return (None, 0..source.len());
    }
    let start = blank + first.len();
    let mut at = start;
    for line in source[start..].split_inclusive('\n') {
        if is_fence(line) {
            return (Some(start..at), at + line.len()..source.len());
        }
        at += line.len();
    }
    let mut at = start;
    for line in source[start..].split_inclusive('\n') {
        if is_dashes(line) {
            diagnostics
                .push(front_matter::fence_dashes(Span::new(place.file, at..at + line.trim_end().len())));
            return (None, source.len()..source.len());
        }
        at += line.len();
    }
    diagnostics.push(front_matter::unclosed(Span::new(place.file, blank..blank + 3)));
    (None, source.len()..source.len())
}

/// A line that is nothing but dashes, as a text program makes of `---`.
fn is_dashes(line: &str) -> bool {
    let line = line.trim();
    line.chars().any(|c| matches!(c, '–' | '—')) && line.chars().all(|c| matches!(c, '-' | '–' | '—'))
}
