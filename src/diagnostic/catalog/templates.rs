//! Diagnostics about templates.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, warning};
use crate::diagnostic::{Diagnostic, Span};
use crate::path::SitePath;

pub fn syntax(span: Span, message: &str) -> Diagnostic {
    error(Code::TemplateSyntax, span, message)
}

pub fn reference(span: Span, message: &str) -> Diagnostic {
    error(Code::TemplateReference, span, message)
}

pub fn undefined(span: Span, name: &str) -> Diagnostic {
    error(Code::TemplateFailed, span, format!("`{name}` is not defined here")).help(
        "every template knows `site`, `page` or `list`, `lang`, `now` and `data`; `| default(value=…)` forgives the rest",
    )
}

pub fn no_field(span: Span, name: &str) -> Diagnostic {
    error(Code::TemplateFailed, span, format!("there is no `{name}` in what stands before the dot"))
        .help("it may be nothing on this page: ask first, `{% if page.image %}`; the documentation lists every field")
}

pub fn undefined_argument(span: Span, name: &str) -> Diagnostic {
    error(Code::TemplateFailed, span, format!("`{name}` is not defined here"))
        .help("a component knows its own arguments only; ask for the page's things with `@page: map`, `@site: map`, `@lang: string`")
}

pub fn failed(span: Span, message: &str) -> Diagnostic {
    error(Code::TemplateFailed, span, message)
}

pub fn card_letters(span: Span, letter: char) -> Diagnostic {
    let message = format!("this page has no social card: the typefaces of cards have no `{letter}`");
    warning(Code::CardLetters, span, message)
        .help("put typefaces that have it (.ttf or .otf) into templates/fonts/, or set `cards: false` in nutgraf.yaml")
}

pub fn bad_feed(template: &str, reason: &str) -> Diagnostic {
    let file = SitePath::new(format!("templates/{template}"));
    error(Code::TemplateFailed, Span::file(&file), format!("`{template}` gives no well-formed XML: {reason}"))
        .help("compare it with the built-in template; text in `{{ … }}` is escaped by itself")
}

pub fn bad_card(reason: &str) -> Diagnostic {
    let file = SitePath::new("templates/card.svg");
    error(Code::BadCard, Span::file(&file), format!("the social card is no drawing: {reason}"))
        .help("a card's template must give a whole SVG; `page.title | escape` is not needed, text is escaped")
}
