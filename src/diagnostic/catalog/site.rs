//! Diagnostics about documents as a whole site: addresses, references, links, explainers.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, warning, with_help};
use crate::diagnostic::nearest::{did_you_mean, nearest};
use crate::diagnostic::{Diagnostic, Span};
use crate::path::SitePath;

pub fn duplicate_id(span: Span, what: &str, id: &str, first: &SitePath) -> Diagnostic {
    error(Code::DuplicateId, span, format!("the {what} `{id}` exists already, in {first}"))
        .help("rename one of the two files, or give one a `slug:` of its own")
}

pub fn same_language(file: &SitePath, language: &str, first: &SitePath) -> Diagnostic {
    error(
        Code::DuplicateId,
        Span::file(file),
        format!("this is the `{language}` text a second time: {first} is it too"),
    )
    .help("keep one of the two files")
}

pub fn duplicate_url(span: Span, url: &str, other: &str) -> Diagnostic {
    error(Code::DuplicateUrl, span, format!("`{url}` is already the address of {other}"))
        .help("rename one of the two files, or give one a `slug:` or alias of its own")
}

/// A reference to a document, by the kind of document that is meant.
pub fn unknown_reference<'a>(
    code: Code,
    span: Span,
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    with_help(error(code, span, format!("there is no {what} `{name}`")), did_you_mean(name, known))
}

pub fn unknown_section<'a>(span: Span, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let help = did_you_mean(name, known)
        .unwrap_or_else(|| format!("add it to nutgraf.yaml: `sections: {{{name}: {{title: …}}}}`"));
    error(Code::UnknownSection, span, format!("there is no section `{name}`")).help(help)
}

pub fn unknown_version(span: Span, explainer: &str, version: &str, nearest: Option<&str>) -> Diagnostic {
    let help = nearest.map(|v| format!("the nearest is `{v}`"));
    with_help(
        error(Code::UnknownVersion, span, format!("the explainer `{explainer}` has no version `{version}`")),
        help,
    )
}

pub fn ambiguous_briefing(span: Span, slug: &str, paths: &[&SitePath]) -> Diagnostic {
    let listed: Vec<String> = paths.iter().map(|p| format!("`{p}`")).collect();
    error(Code::AmbiguousBriefing, span, format!("several briefings have the slug `{slug}`"))
        .help(format!("name the file instead: {}", listed.join(" or ")))
}

/// A file that was named as a picture and is none that can be shown: why, and what to do.
pub fn bad_picture(span: Span, written: &str, reason: &str, help: &str) -> Diagnostic {
    error(Code::BadPicture, span, format!("`{written}` {reason}")).help(help)
}

pub fn dead_link<'a>(span: Span, target: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let is_host = target.starts_with("www.")
        || target.split('/').next().is_some_and(|host| {
            host.rsplit_once('.').is_some_and(|(name, end)| {
                !name.is_empty()
                    && ["com", "org", "net", "kz", "ru", "int", "gov", "io", "eu", "uk", "info"]
                        .contains(&end)
            })
        });
    if target.contains('@') {
        return error(Code::DeadLink, span, format!("`{target}` leads to nothing on this site"))
            .help(format!("write `mailto:{target}` for an address of electronic mail"));
    }
    if is_host {
        return error(Code::DeadLink, span, format!("`{target}` leads to nothing on this site"))
            .help(format!("write `https://{target}` for a page elsewhere"));
    }
    let help = did_you_mean(target, known).unwrap_or_else(|| {
        "link to the file as it lies in content/ (`other.md`), or to its address from the root (`/explainers/x/`)".into()
    });
    error(Code::DeadLink, span, format!("`{target}` leads to nothing on this site")).help(help)
}

pub fn dead_anchor<'a>(
    span: Span,
    page: &str,
    anchor: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    with_help(
        error(Code::DeadAnchor, span, format!("{page} has no place named `#{anchor}`")),
        nearest(anchor, known).map(|near| format!("did you mean `#{near}`?")),
    )
}

pub fn withheld_link(span: Span, target: &str, reason: &str) -> Diagnostic {
    warning(
        Code::WithheldLink,
        span,
        format!("`{target}` is not published ({reason}), so nothing leads there"),
    )
}

pub fn missing_file<'a>(span: Span, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let help = did_you_mean(name, known)
        .unwrap_or_else(|| "name a file beside this one, one in static/ from the root (`/photo.jpg`), or a full `https://` address".into());
    error(Code::MissingFile, span, format!("there is no file `{name}`")).help(help)
}

pub fn missing_static<'a>(span: Span, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let help = did_you_mean(name, known).unwrap_or_else(|| "name a file of static/, like `extra.css`".into());
    error(Code::MissingFile, span, format!("there is no file `{name}` in static/")).help(help)
}

pub fn unknown_topic<'a>(span: Span, name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    with_help(
        warning(Code::UnknownTopic, span, format!("no briefing has the topic `{name}`, so it shows nothing")),
        did_you_mean(name, known),
    )
}

pub fn unknown_author(span: Span, name: &str, nearest: &str) -> Diagnostic {
    warning(Code::UnknownAuthor, span, format!("there is no content/authors/{name}.md"))
        .help(format!("did you mean `{nearest}`?"))
}

pub fn explainer_ring(span: Span, ring: &[&str]) -> Diagnostic {
    let listed: Vec<String> = ring.iter().map(|id| format!("`{id}`")).collect();
    error(Code::ExplainerRing, span, format!("these explainers include each other: {}", listed.join(" → ")))
        .help("take one of them out, or link to it instead")
}

pub fn explainer_depth(span: Span, shown: usize, deep: usize) -> Diagnostic {
    error(
        Code::ExplainerDepth,
        span,
        format!("this shows more than {shown} explainers, or explainers more than {deep} deep"),
    )
    .help("link to some of them instead of showing them")
}

pub fn explainer_twice(span: Span, id: &str, other: &SitePath) -> Diagnostic {
    error(
        Code::ExplainerTwice,
        span,
        format!("the explainer `{id}` is one file here and has dated versions in {other}"),
    )
    .help("move this file into the folder under its date, like `2023-09-11.md`")
}

pub fn explainer_later(span: Span, id: &str, version: &str) -> Diagnostic {
    warning(Code::ExplainerLater, span, format!("every version of `{id}` is later than this briefing")).help(
        format!("the oldest is shown, of {version}; add an earlier version, or name one with `version=`"),
    )
}

pub fn explainer_untranslated(
    span: Span,
    id: &str,
    language: &str,
    shown: &str,
    file: &SitePath,
) -> Diagnostic {
    let stem = file.as_str().trim_end_matches(".md").trim_end_matches(".markdown");
    let stem = stem.strip_suffix(&format!(".{shown}")).unwrap_or(stem);
    warning(
        Code::ExplainerUntranslated,
        span,
        format!("the explainer `{id}` has no `{language}` text, so the `{shown}` one is shown"),
    )
    .help(format!("add {stem}.{language}.md"))
}

pub fn unknown_language<'a>(
    file: &SitePath,
    suffix: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let help = did_you_mean(suffix, known).map_or_else(
        || format!("add it to nutgraf.yaml: `languages: {{{suffix}: {{title: …}}}}`"),
        |h| h.replace('`', "").replacen("did you mean ", "did you mean `.", 1).replace('?', "`?"),
    );
    error(
        Code::UnknownLanguage,
        Span::file(file),
        format!("the ending `.{suffix}` is a language that this site does not have"),
    )
    .help(help)
}

pub fn date_order(span: Span, earlier: &str, later: &str) -> Diagnostic {
    error(Code::DateOrder, span, format!("`{earlier}` is before `{later}`"))
}
