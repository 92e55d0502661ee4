//! What Nutgraf has to say about a site: values, made only by [`catalog`], printed only by [`mod@print`].

pub mod catalog;
pub mod nearest;
pub mod print;
pub mod sarif;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

pub use catalog::{Code, Nature};

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
    /// What would mend it, where that is known.
    pub fix: Option<Box<Fix>>,
    /// How many further pages show the same error.
    pub repeated: u32,
}

/// What mends a file: texts in the place of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in a few words.
    pub what: String,
    /// What is replaced by what; nothing in two of them overlaps.
    pub edits: Vec<Edit>,
}

/// A text in the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes; an empty place when something is only put in.
    pub span: Span,
    /// What comes.
    pub text: String,
}

impl Diagnostic {
    /// The same diagnostic with a second place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The same diagnostic with what would mend it.
    #[must_use]
    pub fn fix(mut self, what: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Box::new(Fix { what: what.into(), edits }));
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

/// Names files as seen from the folder that the site's folder lies in.
pub fn rebase(diagnostics: &mut [Diagnostic], sources: &Sources, folder: &str) -> Sources {
    let place = |file: &SitePath| SitePath::new(format!("{folder}/{file}"));
    for diagnostic in diagnostics {
        let labels = diagnostic.labels.iter_mut().map(|label| &mut label.span);
        let edits = diagnostic.fix.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.span);
        for span in diagnostic.span.iter_mut().chain(labels).chain(edits) {
            span.file = place(&span.file);
        }
    }
    sources.iter().map(|(file, text)| (place(file), Arc::clone(text))).collect()
}

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
            let repeated = u32::try_from(group.len() - 1).unwrap_or(u32::MAX);
            let gravest = group.iter().map(|diagnostic| diagnostic.severity).min()?;
            let mut first = group.into_iter().next()?;
            first.repeated = repeated;
            first.severity = gravest;
            Some(first)
        })
        .collect()
}

/// Whether any of them stops publication.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}
