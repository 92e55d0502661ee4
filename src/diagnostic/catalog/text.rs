//! Diagnostics about the text of a document: directives, Markdown, raw HTML.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, warning};
use crate::diagnostic::{Diagnostic, Span};

pub fn directive_malformed(span: Span, what: &str, help: &str) -> Diagnostic {
    error(Code::DirectiveMalformed, span, what).help(help)
}

pub fn directive_unclosed(span: Span, name: &str) -> Diagnostic {
    error(Code::DirectiveUnclosed, span, format!("the block `:::{name}` is never closed"))
        .help("put a line with `:::` and nothing else where it ends; a component without a body has two colons: `::name{…}`")
}

pub fn directive_stray(span: Span) -> Diagnostic {
    error(Code::DirectiveStray, span, "this `:::` closes nothing")
        .help("remove it, or open a block above it with `:::name`")
}

pub fn directive_nested(span: Span, inside: &str) -> Diagnostic {
    error(Code::DirectiveNested, span, format!("a component cannot stand inside {inside}"))
        .help("put it on a line of its own, at the start of the line")
}

pub fn directive_depth(span: Span, limit: usize) -> Diagnostic {
    error(Code::DirectiveDepth, span, format!("blocks are nested more than {limit} deep"))
        .help("close the blocks above with `:::`")
}

pub fn html_unclosed(span: Span, end: &str) -> Diagnostic {
    error(Code::HtmlUnclosed, span, "this is never closed, so everything below it is hidden")
        .help(format!("put `{end}` where it ends"))
}

pub fn stray_stars(span: Span) -> Diagnostic {
    let message = "these stars stay in the text: Markdown does not take them for bold";
    warning(Code::StrayStars, span, message).help(
        "close what is open; or, where quotation marks meet letters, move the marks out (`«**…**»ның`) or the \
         ending in (`**«…»ның**`); write `\\*\\*` if stars are meant",
    )
}

pub fn stray_brackets(span: Span, address: &str) -> Diagnostic {
    let address = address.trim_end_matches(')');
    warning(
        Code::StrayBrackets,
        span,
        "this stays as it is typed: Markdown does not take it for a link or a picture",
    )
    .help(if address.contains(' ') {
        format!("an address with spaces stands between `<` and `>`: `(<{address}>)`")
    } else {
        "write `[text](address)` without a space between the brackets".to_owned()
    })
}

pub fn accidental_heading(span: Span) -> Diagnostic {
    warning(Code::AccidentalHeading, span, "a paragraph with `---` right under it becomes a heading")
        .help("leave an empty line before `---` for a line across the page, or write `## ` before a heading")
}

pub fn footnote_missing(span: Span, label: &str) -> Diagnostic {
    warning(Code::FootnoteMissing, span, format!("there is no footnote `[^{label}]`, so this stays as typed"))
        .help(format!("add a paragraph that begins with `[^{label}]: `"))
}

pub fn html_too_deep(span: Span) -> Diagnostic {
    error(Code::HtmlUnclosed, span, "HTML elements are nested too deeply here")
        .help("close the elements above")
}

pub fn unsafe_link(span: Span, url: &str) -> Diagnostic {
    let scheme = url.split(':').next().unwrap_or_default();
    warning(Code::UnsafeUrl, span, format!("a link may not begin with `{scheme}:`, so it becomes plain text"))
        .help("link to a page with `https://…`, or from the site's root with `/…`")
}

pub fn html_removed(span: Span, what: &str) -> Diagnostic {
    warning(Code::HtmlRemoved, span, format!("{what} is removed from the page")).help(
        "use a component, or set `raw_html: allow` in nutgraf.yaml if everybody who writes here is trusted",
    )
}
