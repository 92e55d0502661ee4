//! Diagnostics to text: for a terminal, one a line, or one JSON object a line.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, renderer::DecorStyle};
use serde_json::json;

use super::{Diagnostic, Severity, Sources, Span};

/// How diagnostics are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// With source lines and a caret.
    Human {
        /// Whether to use colour.
        colour: bool,
    },
    /// One line each: `file:line:column: severity[code]: message`.
    Short,
    /// One JSON object a line.
    Json,
    /// One annotation for GitHub a line.
    Github,
}

/// The text of a diagnostic in a format, with a newline at its end.
pub fn print(diagnostic: &Diagnostic, sources: &Sources, format: Format) -> String {
    match format {
        Format::Human { colour } => human(diagnostic, sources, colour),
        Format::Short => short(diagnostic, sources),
        Format::Json => json(diagnostic, sources),
        Format::Github => github(diagnostic, sources),
    }
}

/// A 1-based line and column, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// The line and column of a byte in a text.
pub fn position(text: &str, byte: usize) -> Position {
    let mut byte = byte.min(text.len());
    while !text.is_char_boundary(byte) {
        byte -= 1;
    }
    let before = &text[..byte];
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    Position { line: before.matches('\n').count() + 1, column: before[start..].chars().count() + 1 }
}

pub(super) fn message(diagnostic: &Diagnostic) -> String {
    match diagnostic.repeated {
        0 => diagnostic.message.clone(),
        1 => format!("{} (and on 1 more page)", diagnostic.message),
        n => format!("{} (and on {n} more pages)", diagnostic.message),
    }
}

fn human(diagnostic: &Diagnostic, sources: &Sources, colour: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let message = message(diagnostic);
    let mut group = level.primary_title(message).id(diagnostic.code.as_str()).elements(Vec::<Origin>::new());
    if let Some(span) = &diagnostic.span {
        group = with_place(group, span, None, AnnotationKind::Primary, sources);
    }
    for label in &diagnostic.labels {
        group = with_place(group, &label.span, Some(&label.text), AnnotationKind::Context, sources);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    format!("{}\n\n", renderer.decor_style(DecorStyle::Ascii).render(&[group]))
}

/// The longest line shown whole; of a longer one the part around the place is shown.
const WIDE: usize = 160;

fn with_place<'a>(
    group: Group<'a>,
    span: &'a Span,
    label: Option<&'a str>,
    kind: AnnotationKind,
    sources: &'a Sources,
) -> Group<'a> {
    let Some(text) = sources.get(&span.file).filter(|text| !text.is_empty()) else {
        return match label {
            Some(label) => group.element(Level::NOTE.message(format!("{label}: {}", span.file))),
            None => group.element(Origin::path(span.file.as_str())),
        };
    };
    let (start, end) = clamp(text, span.start, span.end);
    let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let line_end = text[start..].find(['\r', '\n']).map_or(text.len(), |i| start + i);
    // Only the lines of the place are handed over: a story of a thousand lines is not scanned for each.
    let line = &text[line_start..line_end];
    let (from, to) =
        if line.len() > WIDE { window(text, line_start, line_end, start) } else { (line_start, line_end) };
    let shown_end = end.clamp(start, to);
    let shown_end = if shown_end == start { next_char(text, start).min(to.max(start)) } else { shown_end };
    let annotation = kind.span(start - from..shown_end.max(start) - from).label(label);
    let snippet = Snippet::source(&text[from..to])
        .line_start(position(text, start).line)
        .path(span.file.as_str())
        .annotation(annotation);
    group.element(snippet)
}

/// A part of a long line around a byte.
fn window(text: &str, line_start: usize, line_end: usize, at: usize) -> (usize, usize) {
    let mut from = at.saturating_sub(WIDE / 2).max(line_start);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let mut to = (from + WIDE).min(line_end);
    while !text.is_char_boundary(to) {
        to += 1;
    }
    (from, to)
}

fn next_char(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(at, |c| at + c.len_utf8())
}

/// The range on character boundaries and inside the text.
fn clamp(text: &str, start: usize, end: usize) -> (usize, usize) {
    let mut start = start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    (start, end)
}

fn short(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let severity = diagnostic.severity.as_str();
    let place = match &diagnostic.span {
        None => String::new(),
        Some(span) => match sources.get(&span.file) {
            None => format!("{}: ", span.file),
            Some(text) => {
                let Position { line, column } = position(text, span.start);
                format!("{}:{line}:{column}: ", span.file)
            }
        },
    };
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
    format!("{place}{severity}[{}]: {}{help}\n", diagnostic.code.as_str(), message(diagnostic))
}

/// A workflow command of GitHub: `::warning file=…,line=…,col=…::message`.
/// <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
fn github(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| escape(text).replace(':', "%3A").replace(',', "%2C");
    let mut place = String::new();
    if let Some(span) = &diagnostic.span {
        place = format!("file={},", property(span.file.as_str()));
        if let Some(text) = sources.get(&span.file) {
            let (start, end) = (position(text, span.start), position(text, span.end));
            place.push_str(&format!("line={},endLine={},", start.line, end.line));
            // GitHub takes columns only for a place in one line.
            if start.line == end.line {
                place.push_str(&format!("col={},endColumn={},", start.column, end.column));
            }
        }
    }
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("\n{help}"));
    let text = escape(&format!("{}{help}", message(diagnostic)));
    let title = property(diagnostic.code.as_str());
    format!("::{} {place}title={title}::{text}\n", diagnostic.severity.as_str())
}

fn json(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let text = |span: &Span| sources.get(&span.file).map_or("", |text| &**text);
    let span = diagnostic.span.as_ref();
    let start = span.map(|s| position(text(s), s.start));
    let end = span.map(|s| position(text(s), s.end));
    let object = json!({
        "code": diagnostic.code.as_str(),
        "severity": diagnostic.severity.as_str(),
        "message": message(diagnostic),
        "file": span.map(|s| s.file.as_str()),
        "line": start.map(|p| p.line),
        "column": start.map(|p| p.column),
        "end_line": end.map(|p| p.line),
        "end_column": end.map(|p| p.column),
        "help": diagnostic.help,
    });
    format!("{object}\n")
}
