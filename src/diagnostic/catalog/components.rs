//! Diagnostics about components and their arguments.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, list_names, with_help};
use crate::diagnostic::nearest::did_you_mean;
use crate::diagnostic::{Diagnostic, Span};
use crate::path::SitePath;

pub fn unknown<'a>(span: Span, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let help = did_you_mean(name, known).unwrap_or_else(|| "`nutgraf components` lists them all".into());
    error(Code::UnknownComponent, span, format!("there is no component `{name}`")).help(help)
}

pub fn not_for_text(span: Span, name: &str, help: &str) -> Diagnostic {
    error(Code::ComponentNotForText, span, format!("`{name}` cannot be written in the text")).help(help)
}

pub fn unknown_argument<'a>(
    span: Span,
    component: &str,
    argument: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let help = did_you_mean(argument, known.clone()).or_else(|| {
        let listed = list_names(known);
        (!listed.is_empty()).then(|| format!("it has {listed}"))
    });
    with_help(error(Code::UnknownArgument, span, format!("`{component}` has no argument `{argument}`")), help)
}

pub fn missing_argument(span: Span, component: &str, argument: &str, example: Option<&str>) -> Diagnostic {
    let diagnostic =
        error(Code::MissingArgument, span, format!("`{component}` needs the argument `{argument}`"));
    let help = match (argument, example) {
        ("title", _) => Some(format!("write it in brackets: `{component}[…]`")),
        (_, Some(example)) => Some(format!("for example: {example}")),
        _ => Some(format!("add `{{{argument}=…}}`")),
    };
    with_help(diagnostic, help)
}

pub fn duplicate_argument(span: Span, argument: &str, first: Span) -> Diagnostic {
    error(Code::DuplicateArgument, span, format!("the argument `{argument}` stands here a second time"))
        .label(first, "first here")
}

pub fn wrong_argument(span: Span, argument: &str, wanted: &str, found: &str) -> Diagnostic {
    error(Code::WrongArgument, span, format!("`{argument}` should be {wanted}, not {found}"))
}

pub fn needs_text(span: Span, component: &str) -> Diagnostic {
    error(Code::MissingArgument, span, format!("`{component}` has no text")).help(format!(
        "open it with three colons, `:::{component}`, write the text below, and close it with `:::`"
    ))
}

pub fn no_text(span: Span, component: &str) -> Diagnostic {
    error(Code::WrongArgument, span, format!("`{component}` takes no text: what is inside it would be lost"))
        .help(format!("write it on one line with two colons, `::{component}{{…}}`, and the text after it"))
}

pub fn plain_item(span: Span, component: &str, bold: &str) -> Diagnostic {
    error(Code::WrongArgument, span, format!("every item of `{component}` begins with its {bold} in bold"))
        .help(format!("write it like `- **{bold}** what belongs to it`"))
}

pub fn missing_item_key(span: Span, argument: &str, key: &str) -> Diagnostic {
    error(Code::MissingArgument, span, format!("an item of `{argument}` needs `{key}`"))
}

pub fn unknown_item_key<'a>(
    span: Span,
    argument: &str,
    key: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let help = did_you_mean(key, known.clone()).unwrap_or_else(|| format!("it has {}", list_names(known)));
    error(Code::UnknownArgument, span, format!("an item of `{argument}` has no `{key}`")).help(help)
}

pub fn twice(span: Span, name: &str, other: &SitePath) -> Diagnostic {
    error(Code::ComponentTwice, span, format!("the component `{name}` is also defined in {other}"))
        .help("rename or remove one of the two")
}

pub fn metadata(span: Span, component: &str, what: &str) -> Diagnostic {
    error(Code::ComponentMetadata, span, format!("the metadata of `{component}`: {what}"))
}
