//! What Nutgraf has to say about a site: values, made only by [`catalog`], printed only by [`mod@print`].

pub mod catalog;
pub mod nearest;
pub mod print;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

pub use catalog::Code;

use crate::path::SitePath;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The site cannot be published.
    Error,
    /// Something is probably not what the author meant.
    Warning,
}

impl Severity {
    /// The word printed before the message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place in a file: a range of bytes. An empty range at 0 stands for the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: SitePath,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// A range of bytes in a file.
    pub fn new(file: &SitePath, range: Range<usize>) -> Self {
        Self { file: file.clone(), start: range.start, end: range.end.max(range.start) }
    }

    /// The file as a whole.
    pub fn file(file: &SitePath) -> Self {
        Self::new(file, 0..0)
    }
}

/// A second place that explains the first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, in a few words.
    pub text: String,
}

/// One thing to say about a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable name, documented in docs/diagnostics.md.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in words an editor understands: lower case, no full stop.
    pub message: String,
    /// Where it is wrong.
    pub span: Option<Span>,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// How many further pages show the same error.
    pub repeated: usize,
}

impl Diagnostic {
    /// The same diagnostic with a second place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The same diagnostic with what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The texts that spans point into.
pub type Sources = BTreeMap<SitePath, Arc<str>>;

/// Puts diagnostics in the order they are shown: by file, place, code; the same thing once.
///
/// A template's error on many pages becomes one diagnostic that counts the rest.
pub fn sort(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut groups: BTreeMap<(Option<Span>, Code, String), Vec<Diagnostic>> = BTreeMap::new();
    for diagnostic in diagnostics {
        let key = (diagnostic.span.clone(), diagnostic.code, diagnostic.message.clone());
        groups.entry(key).or_default().push(diagnostic);
    }
    groups
        .into_values()
        .filter_map(|mut group| {
            group.sort_by(|a, b| a.labels.cmp(&b.labels));
            group.dedup();
            let repeated = group.len() - 1;
            let mut first = group.into_iter().next()?;
            first.repeated = repeated;
            Some(first)
        })
        .collect()
}

/// Whether any of them stops publication.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}
