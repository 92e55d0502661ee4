//! Tera's errors to diagnostics: at the template's line, with the page that was being made. Tera gives errors
//! of syntax and of rendering with their place; errors of references it gives as text, which is read here.

use std::ops::Range;
use std::sync::Arc;

use tera::{Error, ErrorKind, Tera};

use super::PREFIX;
use crate::diagnostic::catalog::{components, templates as say};
use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::path::SitePath;

/// The file of a template.
pub fn file_of(template: &str) -> SitePath {
    match template.strip_prefix(PREFIX) {
        Some(name) => SitePath::new(format!("nutgraf/templates/{}", name.replace("/nutgraf.", "/"))),
        None => SitePath::new(format!("templates/{template}")),
    }
}

/// The error of a template's own syntax, seen alone.
pub fn syntax_error(name: &str, text: &str) -> Option<Diagnostic> {
    let error = Tera::default().add_raw_template(name, text).err()?;
    match error.kind() {
        ErrorKind::SyntaxError(report) => {
            let span = Span::new(&file_of(name), report.span().range.clone());
            Some(syntax(span, report.message()))
        }
        _ => None,
    }
}

/// An error of syntax, with the cure for the usual causes.
fn syntax(span: Span, message: &str) -> Diagnostic {
    let lower = message.to_lowercase();
    let help = if lower.contains("unknown tag") || lower.contains("end of input") {
        Some(
            "a `{% for %}`, `{% if %}` or `{% block %}` above is not closed, or there is no such tag (components replace macros and imports)",
        )
    } else if lower.contains("found `.`") {
        Some(
            "take the result of a call into a variable first: `{% set picture = image(src=src) %}{{ picture.url }}`",
        )
    } else if lower.contains("but expected identifier") {
        Some("arguments of functions have names: `t(key=\"read_also\")`")
    } else {
        None
    };
    let diagnostic = say::syntax(span, &in_house_style(message));
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// The errors of templates as a set: the template to blame, when there is one, with what to say of it.
pub fn load_errors(error: &Error, templates: &[(String, Arc<str>)]) -> Vec<(Option<String>, Diagnostic)> {
    let source = |name: &str| templates.iter().find(|(n, _)| n == name).map_or("", |(_, text)| &**text);
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let span = Span::new(&file_of(report.filename()), report.span().range.clone());
            vec![(Some(report.filename().to_owned()), say::syntax(span, &in_house_style(report.message())))]
        }
        ErrorKind::MissingParent { current, parent } => {
            let at = find(source(current), parent);
            let message = format!("there is no template `{parent}` to extend");
            vec![(Some(current.clone()), say::reference(Span::new(&file_of(current), at), &message))]
        }
        ErrorKind::CircularExtend { tpl, inheritance_chain } => {
            let message = format!("these templates extend each other: {}", inheritance_chain.join(" → "));
            let diagnostic = say::reference(Span::file(&file_of(tpl)), &message).help(
                "to extend the built-in template of the same name, write `{% extends \"nutgraf/…\" %}`",
            );
            vec![(Some(tpl.clone()), diagnostic)]
        }
        ErrorKind::CircularInclude { tpl, include_chain } => {
            let message = format!("these templates include each other: {}", include_chain.join(" → "));
            vec![(Some(tpl.clone()), say::reference(Span::file(&file_of(tpl)), &message))]
        }
        ErrorKind::Msg(text) => from_text(text, &source),
        other => vec![(
            None,
            say::reference(Span::file(&SitePath::new("templates")), &in_house_style(&other.to_string())),
        )],
    }
}

/// Several reports as one text, each `error: message` with ` --> file:line:column` below it; or a sentence.
fn from_text<'a>(text: &str, source: &impl Fn(&str) -> &'a str) -> Vec<(Option<String>, Diagnostic)> {
    if let Some(twice) = defined_twice(text, source) {
        return vec![twice];
    }
    let mut found = Vec::new();
    for report in text.split("\n\n").filter(|r| !r.trim().is_empty()) {
        let message = report.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let place = report.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
        let Some((template, line, column)) = place.and_then(read_place) else {
            let span = Span::file(&SitePath::new("templates"));
            found.push((None, say::reference(span, &in_house_style(message))));
            continue;
        };
        let width = report.lines().last().map_or(1, |l| l.matches('^').count().max(1));
        let start = byte_at(source(template), line, column);
        let span = Span::new(&file_of(template), start..start + width);
        found.push((Some(template.to_owned()), say::reference(span, &in_house_style(message))));
    }
    found
}

/// "Component `a` is defined in both `b` and `c`".
fn defined_twice<'a>(text: &str, source: &impl Fn(&str) -> &'a str) -> Option<(Option<String>, Diagnostic)> {
    let mut quoted = text.strip_prefix("Component `")?.split('`');
    let (name, _, first, _, second) =
        (quoted.next()?, quoted.next()?, quoted.next()?, quoted.next()?, quoted.next()?);
    let at = find(source(second), &format!("component {name}"));
    let diagnostic = components::twice(Span::new(&file_of(second), at), name, &file_of(first));
    Some((Some(second.to_owned()), diagnostic))
}

fn read_place(place: &str) -> Option<(&str, usize, usize)> {
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.trim().parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?, line, column))
}

fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(column.saturating_sub(1)).map_or(0, |(i, _)| i)
}

fn find(text: &str, wanted: &str) -> Range<usize> {
    text.find(wanted).map_or(0..0, |at| at..at + wanted.len())
}

/// The error of a page that could not be made: at the template's line, naming the page.
pub fn render_error(error: &Error, sources: &Sources, page: &Span, what: &str) -> Diagnostic {
    match error.kind() {
        ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
            let file = file_of(report.filename());
            // The second name of a built-in component is longer than what its file says.
            let shift = if report.filename().contains("/nutgraf.") { PREFIX.len() } else { 0 };
            let range = &report.span().range;
            let span = Span::new(&file, range.start.saturating_sub(shift)..range.end.saturating_sub(shift));
            let named = sources
                .get(&file)
                .and_then(|text| text.get(span.start..span.end))
                .filter(|_| undefined(report.message()));
            let after = sources.get(&file).and_then(|text| text.get(span.end..)).unwrap_or_default();
            let field = after.strip_prefix('.').map(|rest| {
                rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()
            });
            let diagnostic = match named {
                Some(name)
                    if field.is_some()
                        && ["page", "site", "list", "home", "data", "shown"].contains(&name) =>
                {
                    say::no_field(span, field.unwrap_or_default())
                }
                Some(name) if sources.get(&file).is_some_and(|text| text[..span.start].ends_with('.')) => {
                    say::no_field(span, name)
                }
                Some(name) if report.filename().contains("components/") => {
                    say::undefined_argument(span, name)
                }
                Some(name) => say::undefined(span, name),
                None => say::failed(span, &in_house_style(report.message())),
            };
            diagnostic.label(page.clone(), what)
        }
        other => say::failed(page.clone(), &in_house_style(&other.to_string())),
    }
}

/// Whether a message says that a name stands for nothing.
fn undefined(message: &str) -> bool {
    message.contains("`undefined`") || message.contains("is undefined") || message.contains("not defined")
}

/// Tera's message as ours are: lower case, no full stop, one line.
fn in_house_style(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
