//! The path of a file of content/ to what it is: its kind, its language, its id, its date or version.

use std::sync::Arc;

use jiff::civil::Date;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::{front_matter, site};
use crate::language::{is_language_code, letters, meant_by};
use crate::moment::parse_date;
use crate::path::SitePath;

/// The kinds of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A story.
    Briefing,
    /// A living explainer, or a dated version of one.
    Explainer,
    /// The text of a topic's page.
    Topic,
    /// An author's profile.
    Author,
    /// The text of a running story's page.
    Thread,
    /// Any other page.
    Page,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] =
        &[Self::Briefing, Self::Explainer, Self::Topic, Self::Author, Self::Thread, Self::Page];

    /// The folder below content/ its files lie in.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Briefing => "briefings",
            Self::Explainer => "explainers",
            Self::Topic => "topics",
            Self::Author => "authors",
            Self::Thread => "threads",
            Self::Page => "pages",
        }
    }

    /// Its name in messages and templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Briefing => "briefing",
            Self::Explainer => "explainer",
            Self::Topic => "topic",
            Self::Author => "author",
            Self::Thread => "thread",
            Self::Page => "page",
        }
    }
}

/// What a path says of a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Its kind.
    pub kind: Kind,
    /// The path below content/ without language and ending; translations of one document share it.
    pub key: Arc<str>,
    /// The language suffix, if the file has one.
    pub language: Option<String>,
    /// The slug or id that the file's name gives.
    pub id: Arc<str>,
    /// The date at the start of a briefing's file name.
    pub date: Option<Date>,
    /// The date of a version of an explainer.
    pub version: Option<Date>,
}

/// Whether a path is a Markdown file.
pub fn is_markdown(path: &SitePath) -> bool {
    matches!(path.extension().as_str(), "md" | "markdown")
}

/// Reads a path below content/. `None` with no diagnostic for what is no document; `None` with one for a
/// document whose path cannot be understood.
pub fn identify(
    path: &SitePath,
    default_language: &str,
    languages: &[String],
) -> (Option<Identity>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let Some(below) = path.as_str().strip_prefix("content/").filter(|_| is_markdown(path)) else {
        return (None, diagnostics);
    };
    let Some(kind) = Kind::ALL
        .iter()
        .copied()
        .find(|k| below.strip_prefix(k.folder()).is_some_and(|rest| rest.starts_with('/')))
    else {
        diagnostics.push(crate::diagnostic::catalog::files::misplaced(path));
        return (None, diagnostics);
    };
    let stem = below.rsplit_once('.').map_or(below, |(stem, _)| stem);
    let (stem, language) = match stem.rsplit_once('.') {
        Some((rest, suffix)) if !rest.ends_with('/') => {
            if languages.iter().any(|l| l == suffix) {
                (rest, (suffix != default_language).then(|| suffix.to_owned()))
            } else if is_language_code(suffix) {
                let known = languages.iter().map(String::as_str);
                let meant = meant_by(suffix);
                let diagnostic = site::unknown_language(path, suffix, known);
                diagnostics.push(match meant {
                    Some(meant) if known_language(meant, languages) => diagnostic.help(format!("did you mean `.{meant}`?")),
                    Some(meant) => diagnostic.help(format!(
                        "`{suffix}` is a country; its language is `{meant}`: end the file's name in `.{meant}.md`, and add \
                         `languages: {{{meant}: {{}}}}` to nutgraf.yaml"
                    )),
                    None => diagnostic,
                });
                return (None, diagnostics);
            } else {
                (stem, None)
            }
        }
        _ => (stem, None),
    };
    let inside = &stem[kind.folder().len() + 1..];
    let mut key = stem.to_owned();
    let mut name = inside.rsplit('/').next().unwrap_or(inside);
    if name == "index"
        && let Some((folder, _)) = inside.rsplit_once('/')
    {
        name = folder.rsplit('/').next().unwrap_or(folder);
        key.truncate(stem.len() - "/index".len());
    }
    let mut version = None;
    let mut date = None;
    match kind {
        Kind::Explainer => {
            if let Some((folder, file)) = inside.rsplit_once('/')
                && name != folder.rsplit('/').next().unwrap_or(folder)
            {
                version = parse_date(file);
                if version.is_none() {
                    let help = "rename it to the date of this version, like `2023-09-11.md`";
                    diagnostics.push(front_matter::bad_file_date(path, file, help));
                    return (None, diagnostics);
                }
                name = folder.rsplit('/').next().unwrap_or(folder);
                key = format!("{}/{folder}", kind.folder());
            }
        }
        Kind::Briefing => {
            if let Some(found) = name.get(..10).and_then(parse_date)
                && let Some(rest) = name[10..].strip_prefix('-')
            {
                date = Some(found);
                name = rest;
            } else if looks_dated(name) {
                let help = "mend the date in the file's name";
                diagnostics.push(front_matter::bad_file_date(path, &name[..10], help));
            }
        }
        Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => {}
    }
    let language_of_name = language.as_deref().unwrap_or(default_language);
    let id = letters::slug(name, language_of_name).unwrap_or_default();
    (Some(Identity { kind, key: key.into(), language, id: id.into(), date, version }), diagnostics)
}

fn known_language(code: &str, languages: &[String]) -> bool {
    languages.iter().any(|language| language == code)
}

/// Whether a name begins as one with a date does: `2023-02-30-`.
fn looks_dated(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() > 10
        && bytes[..11].iter().enumerate().all(|(i, b)| match i {
            4 | 7 | 10 => *b == b'-',
            _ => b.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(path: &str) -> Option<Identity> {
        let languages = ["en", "ru", "kk"].map(str::to_owned);
        identify(&SitePath::new(path), "en", &languages).0
    }

    #[test]
    fn a_path_says_what_a_file_is() {
        let briefing = identity("content/briefings/2023/09/2023-09-11-Vote.ru.md").expect("a briefing");
        assert_eq!((&*briefing.id, briefing.language.as_deref()), ("vote", Some("ru")));
        assert_eq!(&*briefing.key, "briefings/2023/09/2023-09-11-Vote");
        assert_eq!(briefing.date, parse_date("2023-09-11"));

        let folder = identity("content/briefings/vote/index.md").expect("a briefing in a folder");
        assert_eq!((&*folder.id, &*folder.key), ("vote", "briefings/vote"));

        let version = identity("content/explainers/aral-sea/2023-09-11.kk.markdown").expect("a version");
        assert_eq!((&*version.id, &*version.key), ("aral-sea", "explainers/aral-sea"));
        assert_eq!(version.version, parse_date("2023-09-11"));

        assert_eq!(identity("content/pages/Über uns.md").expect("a page").id.as_ref(), "ueber-uns");
        assert_eq!(identity("content/briefings/photo.jpg"), None);
        assert_eq!(identity("content/briefings/vote.kz.md"), None);
    }
}
