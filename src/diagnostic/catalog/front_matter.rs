//! Diagnostics about front matter, and about YAML wherever it stands.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, list_names, warning, with_help};
use crate::diagnostic::nearest::did_you_mean;
use crate::diagnostic::{Diagnostic, Span};
use crate::path::SitePath;
use crate::yaml::{Malformed, Trouble};

pub fn missing(span: Span) -> Diagnostic {
    error(Code::FrontMatterMissing, span, "this file does not begin with front matter").help(
        "begin the file with three lines: `---`, then `title: …`, then `---`; add `date: …` for a briefing",
    )
}

pub fn unclosed(span: Span) -> Diagnostic {
    error(Code::FrontMatterUnclosed, span, "this front matter is never closed")
        .help("put a line with `---` and nothing else after the last key")
}

pub fn malformed(span: Span, malformed: &Malformed) -> Diagnostic {
    match malformed.kind {
        Trouble::Tab => error(Code::YamlTab, span, "a tab at the start of a line")
            .help("indent with spaces: YAML does not allow tabs here"),
        Trouble::Unclosed => error(Code::YamlMalformed, span, "this bracket is never closed")
            .help("close it on the same line, or put the value in quotes if it is text"),
        Trouble::Quotes => error(Code::YamlQuotes, span, "this value needs quotes")
            .help("put the whole value in straight quotes, like `key: \"…\"`; typographic ones do not count"),
        Trouble::InnerQuotes => {
            error(Code::YamlQuotes, span, "the value ends at the second quotation mark, and more follows")
                .help("enclose the whole value in the other kind of quotes: `'…\"…\"…'` or `\"…'…'…\"`")
        }
        Trouble::UnclosedQuote => error(Code::YamlQuotes, span, "this quotation mark is never closed")
            .help("close it with the same mark at the end of the value"),
        Trouble::NoBreakSpace => {
            error(Code::YamlMalformed, span, "this is a no-break space, which YAML does not take for a space")
                .help("delete it and type an ordinary space")
        }
        Trouble::Budget => {
            error(Code::YamlBudget, span, "this YAML is too large or too deep when written out")
                .help("write the values out plainly: aliases (`*name`) that repeat other aliases are refused")
        }
        Trouble::Other => {
            error(Code::YamlMalformed, span, format!("this is not valid YAML: {}", malformed.message)).help(
                "every line is `key: value`, beginning at the left edge; a list's lines begin with `- `",
            )
        }
    }
}

pub fn not_a_map(span: Span, found: &str) -> Diagnostic {
    error(Code::WrongType, span, format!("keys and values are due here, not {found}"))
        .help("write one key a line, with a space after the colon: `title: A headline`")
}

pub fn duplicate_key(span: Span, key: &str, first: Span) -> Diagnostic {
    error(Code::DuplicateKey, span, format!("the key `{key}` stands here a second time"))
        .label(first, "first here")
        .help("keep one of the two")
}

pub fn unknown_key<'a>(
    span: Span,
    key: &str,
    of: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    let known: Vec<&str> = known.into_iter().collect();
    let meant = elsewhere(key).filter(|meant| known.contains(meant));
    let renamed = meant.map(|meant| {
        if meant == "draft" {
            return "write `draft: true` to hold a text back, and take this key out".to_owned();
        }
        format!("did you mean `{meant}`? `front_matter: {{rename: {{{key}: {meant}}}}}` in nutgraf.yaml makes it so everywhere")
    });
    let help = renamed.or_else(|| did_you_mean(key, known.iter().copied())).unwrap_or_else(|| {
        "put it under `extra:`, or list it in `front_matter: {ignore: […]}` of nutgraf.yaml".into()
    });
    let message = format!("{of} has no key `{key}`");
    warning(Code::UnknownKey, span, message).help(help)
}

pub fn comma_in_braces(span: Span, of: &str) -> Diagnostic {
    error(
        Code::UnknownKey,
        span,
        format!("a comma ends a text inside `{{…}}`, so this is taken for a key of {of}"),
    )
    .help("put the whole text in quotes")
}

pub fn comma_list(span: Span, key: &str) -> Diagnostic {
    warning(Code::CommaList, span, "this is one name with a comma in it")
        .help(format!("for several, write a list: `{key}: [one, another]`"))
}

pub fn not_a_group(span: Span, of: &str, example: &str) -> Diagnostic {
    error(Code::WrongType, span, format!("{of} is a group of keys"))
        .help(format!("write it like `{example}`"))
}

pub fn fence_dashes(span: Span) -> Diagnostic {
    error(Code::FrontMatterUnclosed, span, "this line looks like `---`, but has long dashes")
        .help("type three hyphens; some programs turn them into dashes")
}

/// Our name for a key that other generators have under another.
fn elsewhere(key: &str) -> Option<&'static str> {
    Some(match key.to_ascii_lowercase().as_str() {
        "tags" | "tag" | "keywords" | "labels" => "topics",
        "category" | "categories" => "section",
        "author" | "writer" | "by" => "authors",
        "lastmod" | "modified" | "last_modified" | "updated_at" | "lastupdated" => "updated",
        "published" | "public" | "hidden" => "draft",
        "publishdate" | "pubdate" | "published_at" => "date",
        "expirydate" | "expiry" | "expire" | "unpublish" => "expires",
        "summary" | "excerpt" | "deck" | "subtitle" | "standfirst" | "abstract" => "description",
        "cover" | "images" | "featured_image" | "thumbnail" | "hero" => "image",
        "redirect_from" | "redirects" | "redirect" => "aliases",
        "permalink" | "url" => "slug",
        "series" | "story" => "thread",
        "headline" | "name" => "title",
        _ => return None,
    })
}

pub fn unknown_inner_key<'a>(
    span: Span,
    key: &str,
    of: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let help = did_you_mean(key, known.clone()).unwrap_or_else(|| format!("it has {}", list_names(known)));
    warning(Code::UnknownKey, span, format!("{of} has no key `{key}`")).help(help)
}

pub fn missing_key(span: Span, key: &str, of: &str, help: &str) -> Diagnostic {
    error(Code::MissingKey, span, format!("{of} needs the key `{key}`")).help(help)
}

pub fn no_original(span: Span, name: &str) -> Diagnostic {
    let mut parts = name.rsplitn(3, '.');
    let (end, stem) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    error(Code::MissingKey, span, format!("a briefing needs the key `date`, and there is no original `{stem}.{end}` to take it from"))
        .help("give the translation the file name of its original, with the language before `.md`; or add a `date:`")
}

pub fn wrong_type(span: Span, key: &str, wanted: &str, found: &str) -> Diagnostic {
    error(Code::WrongType, span, format!("`{key}` should be {wanted}, not {found}"))
}

pub fn bad_date(span: Span, text: &str, wanted: &str) -> Diagnostic {
    let fix = rewritten_date(text).map(|fixed| format!("write it as `{fixed}`"));
    error(Code::BadDate, span, format!("`{text}` is not {wanted}")).help(fix.as_deref().unwrap_or(
        "write a date as `2023-09-11`, with a time as `2023-09-11 10:00`, with an offset as `2023-09-11 10:00 +06:00`",
    ))
}

/// A date in a form that editors use, as it should be: `11.09.2023`, `2023/9/1`, `20230911`.
fn rewritten_date(text: &str) -> Option<String> {
    let whole = text.split_whitespace().next()?;
    let parts: Vec<&str> = whole.split(['.', '/', '-']).collect();
    let (year, month, day) = match parts.as_slice() {
        [y, m, d] if y.len() == 4 => (y.parse().ok()?, m.parse().ok()?, d.parse().ok()?),
        [d, m, y] if y.len() == 4 && whole.contains('.') => {
            (y.parse().ok()?, m.parse().ok()?, d.parse().ok()?)
        }
        [all] if all.len() == 8 && all.is_ascii() => {
            (all[..4].parse().ok()?, all[4..6].parse().ok()?, all[6..].parse().ok()?)
        }
        _ => return None,
    };
    jiff::civil::Date::new(year, month, day).ok().map(|date| date.to_string())
}

pub fn bad_choice<'a>(
    span: Span,
    value: &str,
    choices: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let help = did_you_mean(value, choices.clone());
    let listed = list_names(choices);
    with_help(error(Code::BadChoice, span, format!("`{value}` is none of {listed}")), help)
}

pub fn comment_for_value(span: Span, key: &str) -> Diagnostic {
    warning(Code::CommentCut, span, format!("`{key}` has no value: from `#` on, this is a comment"))
        .help("put the value in quotes, like `\"#0b5394\"`")
}

pub fn bad_file_date(file: &SitePath, text: &str, help: &str) -> Diagnostic {
    error(Code::BadDate, Span::file(file), format!("`{text}` in the file's name is not a date")).help(help)
}

pub fn comment_cut(span: Span) -> Diagnostic {
    warning(Code::CommentCut, span, "from ` #` on, this is a comment and not part of the value")
        .help("put the whole value in quotes if the rest belongs to it")
}

pub fn bad_slug(span: Span, what: &str, text: &str, suggestion: Option<&str>) -> Diagnostic {
    let help = match suggestion {
        Some(slug) => format!("write `{slug}`"),
        None if matches!(what, "the file name" | "the slug") => {
            "give it a name of lower-case letters a–z, digits and `-`: rename the file, or set `slug:`".into()
        }
        None => {
            "write an id of letters a–z, digits and `-`; a file of that name can give it its title".into()
        }
    };
    error(Code::BadSlug, span, format!("{what} `{text}` cannot be part of an address")).help(help)
}

pub fn bad_alias(span: Span, text: &str) -> Diagnostic {
    error(Code::BadAlias, span, format!("`{text}` is not an address of this site"))
        .help("write an old address from the site's root, like `/2019/old-name/`, without `..`, `?` or `#`")
}

pub fn unsafe_url(span: Span, text: &str) -> Diagnostic {
    let scheme = text.split(':').next().unwrap_or_default();
    error(Code::UnsafeUrl, span, format!("a link may not begin with `{scheme}:`"))
        .help("link to a page with `https://…`, or from the site's root with `/…`")
}

pub fn too_long(span: Span, key: &str, characters: usize, limit: usize) -> Diagnostic {
    error(Code::TooLong, span, format!("`{key}` has {characters} characters; at most {limit} are a {key}"))
        .help("move what is text below the second `---`")
}
