//! Diagnostics about nutgraf.yaml and the strings of a language.
#![expect(missing_docs, reason = "each function's message says what it is for")]

use super::{Code, error, list_names, warning, with_help};
use crate::diagnostic::nearest::did_you_mean;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::path::{OutputPath, SitePath};

pub fn missing(file: &SitePath) -> Diagnostic {
    error(Code::SettingsMissing, Span::file(file), "there is no nutgraf.yaml here")
        .help("run this in a site's folder, name it with `--site DIR`, or make one with `nutgraf new DIR`")
}

pub fn unknown_key<'a>(
    span: Span,
    key: &str,
    of: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let help = did_you_mean(key, known.clone()).or_else(|| {
        let listed = list_names(known);
        (!listed.is_empty()).then(|| format!("known here: {listed}"))
    });
    let diagnostic =
        super::make(Code::UnknownKey, Severity::Error, Some(span), format!("{of} has no key `{key}`"));
    with_help(diagnostic, help)
}

pub fn bad_url(span: Span, text: &str) -> Diagnostic {
    error(Code::BadUrl, span, format!("`{text}` is not the address of a site"))
        .help("write it with its scheme, like `https://example.org` or `https://example.org/news`")
}

pub fn not_on_the_web(span: Span, text: &str) -> Diagnostic {
    error(Code::BadUrl, span, format!("`{text}` is no address on the web"))
        .help("write the whole address, like `https://example.org/`")
}

pub fn no_contact(span: Span, text: &str) -> Diagnostic {
    error(Code::BadUrl, span, format!("`{text}` is no address to write to"))
        .help("write `mailto:security@example.org`, or the whole address of a page")
}

pub fn no_page(span: Span, text: &str) -> Diagnostic {
    error(Code::BadUrl, span, format!("`{text}` is the address of no page"))
        .help("write a page of this site from its root, like `/about/`, any other with `https://…`")
}

pub fn bad_timezone(span: Span, text: &str) -> Diagnostic {
    error(Code::BadTimezone, span, format!("there is no time zone `{text}`"))
        .help("write a name of the time zone database, like `Asia/Almaty` or `UTC`")
}

pub fn bad_permalink(span: Span, text: &str, reason: &str) -> Diagnostic {
    error(Code::BadPermalink, span, format!("the permalink `{text}` cannot work: {reason}"))
        .help("it begins with `/`, holds `{slug}`, and may hold `{year}`, `{month}`, `{day}` and `{section}`")
}

pub fn missing_strings(span: Span, language: &str) -> Diagnostic {
    error(Code::MissingStrings, span, format!("there are no interface strings for the language `{language}`"))
        .help(format!("add templates/strings/{language}.yaml; the documentation on templates lists its keys"))
}

pub fn no_feature(span: Span, what: &str, feature: &str) -> Diagnostic {
    error(Code::NoFeature, span, format!("this program was built without {what}"))
        .help(format!("build it with `cargo build --release --features {feature}`, or take the setting out"))
}

pub fn over_budget(span: Span, page: &OutputPath, bytes: usize, budget: usize) -> Diagnostic {
    let kilobytes = |bytes: usize| format!("{}.{} KB", bytes / 1024, bytes % 1024 * 10 / 1024);
    let (page, weight, budget) = (page.as_str(), kilobytes(bytes), kilobytes(budget));
    warning(
        Code::OverBudget,
        span,
        format!("{page} weighs {weight} with its styles, compressed; the budget is {budget}"),
    )
    .help("`nutgraf build --stats` shows what pages weigh; divide a long text, or raise the budget")
}

pub fn host_limit(file: &OutputPath, what: &str, count: usize, limit: usize) -> Diagnostic {
    let message = format!("{file} has {count} {what}; Cloudflare reads {limit}");
    let beyond = if file.as_str() == "_headers" {
        "pages go without a policy, and are kept as the host likes"
    } else {
        "what is beyond it still works by the page at each old address"
    };
    warning(Code::HostLimit, Span::file(&SitePath::new("nutgraf.yaml")), message).help(format!(
        "{beyond}; on another host, turn this off with `check: {{rules: {{host-limit: off}}}}`"
    ))
}

pub fn security_expired(span: Span, when: &str) -> Diagnostic {
    warning(Code::SecurityExpired, span, format!("what `security` says was true until {when}"))
        .help("see whether it still is, and give it another date, at most a year ahead")
}

pub fn bad_target(span: Span, address: &str, reason: &str) -> Diagnostic {
    error(Code::BadTarget, span, format!("nothing can be shipped to `{address}`: {reason}"))
        .help("write it like `s3://bucket/folder`, `file:/srv/www/site`, `git+ssh://git@host/repository#gh-pages` or `ssh://user@host/folder`")
}

pub fn password_in_target(span: Span, target: &str) -> Diagnostic {
    error(Code::BadTarget, span, format!("the target `{target}` of `deploy` holds a password"))
        .help("take it out: credentials come from the environment, and this file is read by many")
}

pub fn no_headers(span: Span) -> Diagnostic {
    error(
        Code::BadTarget,
        span,
        "`cache` does not fit here: what is sent with a file, the server of this place decides",
    )
    .help("take `cache` out; `hosting` in nutgraf.yaml makes settings for some servers")
}

pub fn no_compression(span: Span, reason: &str) -> Diagnostic {
    error(Code::BadTarget, span, format!("`compress` does not fit here: {reason}"))
        .help("leave one of `gzip` and `br`, or take `compress` out")
}
