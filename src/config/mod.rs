//! nutgraf.yaml to [`Config`]. Every key it knows stands in [`read`]; every other is an error.

pub mod check;
pub mod deploy;
pub mod keys;
pub mod outputs;

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::tz::TimeZone;

use self::outputs::{ContentPolicy, Feed, Host, Publisher, Security, Twin};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::{front_matter, settings};
use crate::fields::{Fields, Located, Place, Unknown, is_unsafe_url, text};
use crate::path::{SitePath, Url};
use crate::yaml::{self, Entry, Node};

/// The settings of a site.
#[expect(clippy::struct_excessive_bools, reason = "what nutgraf.yaml turns on and off, each on its own")]
#[derive(Clone, Debug)]
pub struct Config {
    /// The site's name.
    pub title: String,
    /// Scheme and host, without a final slash: `https://example.org`.
    pub origin: String,
    /// The path the site lies under, without a final slash; empty at the root of its host.
    pub base_path: String,
    /// The default language's code.
    pub language: String,
    /// Every language by its code, the default one included.
    pub languages: BTreeMap<String, LanguageConfig>,
    /// The zone of dates without an offset, and of the dates on pages.
    pub timezone: TimeZone,
    /// What the site is, in a sentence.
    pub description: Option<String>,
    /// Who publishes it.
    pub publisher: Publisher,
    /// What feeds hold.
    pub feed: Feed,
    /// The hosts whose files are made besides those that every site has.
    pub hosting: Vec<Host>,
    /// The pages that have a form for machines too.
    pub twins: Vec<Twin>,
    /// Whether readers can search the site.
    pub search: bool,
    /// The policy that pages are served with.
    pub content_policy: ContentPolicy,
    /// Whom to tell of a hole in its security.
    pub security: Option<Security>,
    /// The menu.
    pub menu: Vec<MenuItem>,
    /// The sections in their order, by id.
    pub sections: Vec<Section>,
    /// Sections on the front page; all when empty.
    pub home_sections: Vec<Located<String>>,
    /// Topics on the front page.
    pub home_topics: Vec<Located<String>>,
    /// The look: accent colour, logo, own style sheets.
    pub theme: Theme,
    /// What a page may weigh in bytes, its HTML and style sheets compressed.
    pub budget: Option<Located<usize>>,
    /// Whether pictures are offered in AVIF too.
    pub avif: bool,
    /// Whether briefings and explainers have social cards.
    pub cards: bool,
    /// Run-in heads of the site.
    pub heads: Vec<Head>,
    /// Entries on a page of a list.
    pub per_page: usize,
    /// The pattern of a briefing's address.
    pub permalink: Permalink,
    /// Whether bold starts may open sections.
    pub run_in_heads: bool,
    /// What becomes of HTML in the text.
    pub raw_html: RawHtml,
    /// Keys of front matter under other names.
    pub rename: BTreeMap<String, String>,
    /// Keys of front matter that are somebody else's.
    pub ignore: Vec<String>,
    /// How the site is checked.
    pub check: check::Check,
    /// Where it is shipped, the usual place first.
    pub deploy: Vec<deploy::Target>,
    /// Anything, for templates.
    pub extra: serde_json::Value,
}

impl Config {
    /// What the addresses of a language begin with: nothing for the default one.
    pub fn prefix(&self, language: &str) -> String {
        if language == self.language { String::new() } else { format!("/{language}") }
    }
}

/// What a language changes of the settings.
#[derive(Clone, Debug, Default)]
pub struct LanguageConfig {
    /// The site's name in it.
    pub title: Option<String>,
    /// The site's description in it.
    pub description: Option<String>,
    /// Where nutgraf.yaml names it.
    pub at: Range<usize>,
}

/// A run-in head of the site.
#[derive(Clone, Debug)]
pub struct Head {
    /// The language it belongs to.
    pub language: String,
    /// The text, `*` at an end for any.
    pub text: String,
    /// The component it opens.
    pub component: Located<String>,
}

/// An entry of the menu.
#[derive(Clone, Debug)]
pub struct MenuItem {
    /// Its text by language; the default language's under its code.
    pub titles: BTreeMap<String, String>,
    /// Where it leads: from the site's root, or a full address.
    pub url: Located<String>,
}

/// A section of the newsroom.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its id, also its address.
    pub id: String,
    /// Its name by language.
    pub titles: BTreeMap<String, String>,
    /// The schema.org type of its briefings.
    pub article: Option<&'static str>,
    /// The pattern of its briefings' addresses.
    pub permalink: Option<Permalink>,
}

/// The look of a site, as far as nutgraf.yaml sets it.
#[derive(Clone, Debug, Default)]
pub struct Theme {
    /// The accent colour, any CSS colour in hexadecimal.
    pub accent: Option<String>,
    /// The colour of the masthead's ground, likewise.
    pub masthead: Option<String>,
    /// The typeface of headlines and text, when not the reader's own.
    pub font: Option<String>,
    /// The logo's path in static/.
    pub logo: Option<Located<String>>,
    /// Further style sheets in static/.
    pub css: Vec<Located<String>>,
}

/// What becomes of HTML in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawHtml {
    /// It goes through an allow-list.
    Sanitize,
    /// It is shown as text.
    Escape,
    /// It is left as it is.
    Allow,
}

/// The pattern of an address: `/{year}/{month}/{slug}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permalink(pub String);

/// Reads nutgraf.yaml. Settings that are missing or wrong keep their defaults, so that everything else
/// can still be checked.
pub fn read(file: &SitePath, source: &str) -> (Config, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let place = Place { file, source };
    let node = yaml::parse(source, 0..source.len()).unwrap_or_else(|malformed| {
        diagnostics.push(front_matter::malformed(place.span(&malformed.at), &malformed));
        Node { value: yaml::Value::Null, at: 0..0 }
    });
    let malformed = !diagnostics.is_empty();
    let d = &mut diagnostics;
    let mut fields = Fields::new(place, &node, keys::SETTINGS, |key| key, d);

    let language = fields.text("language", d).map_or_else(|| "en".into(), |l| l.value);
    let title = fields.text("title", d).map(|t| t.value);
    if title.is_none() && !malformed {
        d.push(front_matter::missing_key(
            place.span(&(0..0)),
            "title",
            "nutgraf.yaml",
            "add `title: The name of your site`",
        ));
    }
    let url = fields.text("url", d);
    if url.is_none() && !malformed {
        d.push(front_matter::missing_key(
            place.span(&(0..0)),
            "url",
            "nutgraf.yaml",
            "add `url: https://…`, where the site will be",
        ));
    }
    let (origin, base_path) = match url {
        None => ("https://example.org".into(), String::new()),
        Some(url) => split_url(&url.value).unwrap_or_else(|| {
            d.push(settings::bad_url(place.span(&url.at), &url.value));
            ("https://example.org".into(), String::new())
        }),
    };
    let timezone = match fields.text("timezone", d) {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(&name.value).unwrap_or_else(|_| {
            d.push(settings::bad_timezone(place.span(&name.at), &name.value));
            TimeZone::UTC
        }),
    };
    let description = fields.text("description", d).map(|t| t.value);
    let mut languages: BTreeMap<String, LanguageConfig> = BTreeMap::new();
    for entry in fields.entries("languages", d) {
        languages.insert(entry.key.clone(), language_config(place, entry, d));
    }
    languages.entry(language.clone()).or_default();
    let sections = fields.entries("sections", d).iter().map(|e| section(place, e, &language, d)).collect();
    let menu = fields.items("menu").into_iter().filter_map(|n| menu_item(place, n, &language, d)).collect();
    let (home_sections, home_topics) = match fields.get("home") {
        None => (Vec::new(), Vec::new()),
        Some(node) => {
            let mut home = Fields::new(place, node, &[keys::HOME], |key| key, d);
            let lists = (home.texts("sections", d), home.texts("topics", d));
            home.finish("`home`", Unknown::Refuse, &[], d);
            lists
        }
    };
    let theme = fields.get("theme").map_or_else(Theme::default, |node| theme(place, node, d));
    let budget = fields.get("budget").and_then(|node| {
        let mut budget = Fields::new(place, node, &[keys::BUDGET], |key| key, d);
        let page = budget.text("page", d).and_then(|page| {
            let bytes = bytes(&page.value);
            if bytes.is_none() {
                let found = format!("`{}`", page.value);
                d.push(front_matter::wrong_type(place.span(&page.at), "page", "a size like `14KB`", &found));
            }
            Some(Located { value: bytes?, at: page.at })
        });
        budget.finish("`budget`", Unknown::Refuse, &[], d);
        page
    });
    let avif = fields.get("pictures").is_some_and(|node| {
        let mut pictures = Fields::new(place, node, &[keys::PICTURES], |key| key, d);
        let avif = pictures.flag("avif", d).unwrap_or(false);
        if avif && cfg!(not(feature = "avif")) {
            d.push(settings::no_feature(place.span(&node.at), "pictures in AVIF", "avif"));
        }
        pictures.finish("`pictures`", Unknown::Refuse, &[], d);
        avif
    });
    let heads = heads(place, fields.entries("heads", d), d);
    let permalink = match fields.get("permalinks") {
        None => None,
        Some(node) => {
            let mut permalinks = Fields::new(place, node, &[keys::PERMALINKS], |key| key, d);
            let briefings = permalinks.text("briefings", d).and_then(|p| permalink(place, &p, d));
            permalinks.finish("`permalinks`", Unknown::Refuse, &[], d);
            briefings
        }
    };
    let (rename, ignore) = match fields.get("front_matter") {
        None => (BTreeMap::new(), Vec::new()),
        Some(node) => {
            let mut inner = Fields::new(place, node, &[keys::FRONT_MATTER], |key| key, d);
            let rename = inner.entries("rename", d).iter();
            let rename = rename
                .filter_map(|e| Some((e.key.clone(), text(place, &e.key, &e.value, d)?.value)))
                .collect();
            let ignore = inner.texts("ignore", d).into_iter().map(|t| t.value).collect();
            inner.finish("`front_matter`", Unknown::Refuse, &[], d);
            (rename, ignore)
        }
    };
    let config = Config {
        title: title.unwrap_or_else(|| "Untitled".into()),
        origin,
        base_path,
        languages,
        description,
        publisher: fields
            .get("publisher")
            .map_or_else(Publisher::default, |node| outputs::publisher(place, node, d)),
        feed: fields.get("feed").map_or_else(Feed::default, |node| outputs::feed(place, node, d)),
        hosting: outputs::choices(&mut fields, "hosting", outputs::HOSTS, d),
        twins: outputs::choices(&mut fields, "twins", outputs::TWINS, d),
        search: search(place, &mut fields, d),
        content_policy: outputs::content_policy(&mut fields, d),
        security: fields.get("security").and_then(|node| outputs::security(place, node, &timezone, d)),
        menu,
        sections,
        home_sections,
        home_topics,
        theme,
        budget,
        avif,
        cards: fields.flag("cards", d).unwrap_or(true) && cfg!(feature = "cards"),
        heads,
        per_page: fields.number("per_page", d).unwrap_or(20),
        permalink: permalink.unwrap_or_else(|| Permalink("/briefings/{slug}/".into())),
        run_in_heads: fields.flag("run_in_heads", d).unwrap_or(true),
        raw_html: raw_html(place, &mut fields, d),
        rename,
        ignore,
        check: fields.get("check").map_or_else(check::Check::default, |node| check::read(place, node, d)),
        deploy: deploy::read(place, fields.entries("deploy", d), d),
        extra: fields.get("extra").map_or(serde_json::Value::Null, Node::to_json),
        language,
        timezone,
    };
    fields.finish("nutgraf.yaml", Unknown::Refuse, &[], d);
    (config, diagnostics)
}

/// Splits an address into scheme with host, and path.
pub fn split_url(url: &str) -> Option<(String, String)> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let scheme = &url[..url.len() - rest.len()];
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = path.trim_end_matches('/');
    let clean_host = !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || "-.:[]_".contains(c));
    let base_path = if path.is_empty() { String::new() } else { format!("/{path}") };
    // A host with letters beyond ASCII has a second name, which all who read addresses understand.
    let origin = url::Url::parse(&format!("{scheme}{host}")).ok()?.origin().ascii_serialization();
    let is_path = path.is_empty() || Url::parse(&base_path).is_some();
    (clean_host && is_path).then_some((origin, base_path))
}

fn language_config(place: Place<'_>, entry: &Entry, d: &mut Vec<Diagnostic>) -> LanguageConfig {
    let mut fields = Fields::new(place, &entry.value, &[keys::LANGUAGE], |key| key, d);
    let config = LanguageConfig {
        title: fields.text("title", d).map(|t| t.value),
        description: fields.text("description", d).map(|t| t.value),
        at: entry.key_at.clone(),
    };
    fields.finish(&format!("the language `{}`", entry.key), Unknown::Refuse, &[], d);
    config
}

/// `title` in the default language and `titles` by language.
fn titles(fields: &mut Fields<'_>, language: &str, d: &mut Vec<Diagnostic>) -> BTreeMap<String, String> {
    let mut titles = BTreeMap::new();
    if let Some(title) = fields.text("title", d) {
        titles.insert(language.to_owned(), title.value);
    }
    for entry in fields.entries("titles", d) {
        if let Some(title) = text(fields.place, &entry.key, &entry.value, d) {
            titles.insert(entry.key.clone(), title.value);
        }
    }
    titles
}

fn section(place: Place<'_>, entry: &Entry, language: &str, d: &mut Vec<Diagnostic>) -> Section {
    if !crate::language::letters::is_slug(&entry.key) {
        let suggestion = crate::language::letters::slug(&entry.key, language);
        d.push(front_matter::bad_slug(
            place.span(&entry.key_at),
            "the section",
            &entry.key,
            suggestion.as_deref(),
        ));
    }
    let mut fields = Fields::new(place, &entry.value, &[keys::SECTION], |key| key, d);
    let section = Section {
        id: entry.key.clone(),
        titles: titles(&mut fields, language, d),
        article: fields.text("article", d).and_then(|article| {
            let known = outputs::ARTICLES.iter().find(|known| **known == article.value);
            if known.is_none() {
                let known = outputs::ARTICLES.iter().copied();
                d.push(front_matter::bad_choice(place.span(&article.at), &article.value, known));
            }
            known.copied()
        }),
        permalink: fields.text("permalink", d).and_then(|p| permalink(place, &p, d)),
    };
    fields.finish(&format!("the section `{}`", entry.key), Unknown::Refuse, &[], d);
    section
}

fn menu_item(place: Place<'_>, node: &Node, language: &str, d: &mut Vec<Diagnostic>) -> Option<MenuItem> {
    let mut fields = Fields::new(place, node, &[keys::MENU_ITEM], |key| key, d);
    let titles = titles(&mut fields, language, d);
    let url = fields.text("url", d);
    if let Some(url) = &url
        && is_unsafe_url(&url.value)
    {
        d.push(front_matter::unsafe_url(place.span(&url.at), &url.value));
    }
    for (key, missing) in [("title", titles.is_empty()), ("url", url.is_none())] {
        if missing {
            d.push(front_matter::missing_key(
                place.span(&fields.at),
                key,
                "an entry of `menu`",
                "write `{title: …, url: /…/}`",
            ));
        }
    }
    fields.finish("an entry of `menu`", Unknown::Refuse, &[], d);
    Some(MenuItem { titles, url: url? })
}

fn theme(place: Place<'_>, node: &Node, d: &mut Vec<Diagnostic>) -> Theme {
    let mut fields = Fields::new(place, node, &[keys::THEME], |key| key, d);
    let accent = colour(place, &mut fields, "accent", d);
    let masthead = colour(place, &mut fields, "masthead", d);
    let font = fields.text("font", d).and_then(|font| {
        let is_known = FONTS.contains(&font.value.as_str());
        if !is_known {
            d.push(front_matter::bad_choice(place.span(&font.at), &font.value, FONTS.iter().copied()));
        }
        is_known.then_some(font.value)
    });
    let theme = Theme { accent, masthead, font, logo: fields.text("logo", d), css: fields.texts("css", d) };
    fields.finish("`theme`", Unknown::Refuse, &[], d);
    theme
}

/// A size in bytes: `14KB` has 14 times 1,024, `14000` stands for itself.
fn bytes(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_uppercase();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let unit = match text[number.len()..].trim() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1024,
        "M" | "MB" | "MIB" => 1024 * 1024,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

/// Typefaces that come with the program.
const FONTS: &[&str] = &["noto-serif"];

fn colour(
    place: Place<'_>,
    fields: &mut Fields<'_>,
    key: &'static str,
    d: &mut Vec<Diagnostic>,
) -> Option<String> {
    let colour = fields.text(key, d)?;
    let hex = colour.value.strip_prefix('#').unwrap_or_default();
    let is_colour = matches!(hex.len(), 3 | 6) && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_colour {
        let found = format!("`{}`", colour.value);
        let wanted = "a colour like `\"#0b5394\"`, in quotes";
        d.push(front_matter::wrong_type(place.span(&colour.at), key, wanted, &found));
    }
    is_colour.then_some(colour.value)
}

fn heads(place: Place<'_>, entries: &[Entry], d: &mut Vec<Diagnostic>) -> Vec<Head> {
    let mut heads = Vec::new();
    for language in entries {
        let yaml::Value::Map(inner) = &language.value.value else {
            let span = place.span(&language.value.at);
            d.push(front_matter::wrong_type(
                span,
                "heads",
                "heads with their components",
                language.value.describe(),
            ));
            continue;
        };
        for head in inner {
            if let Some(component) = text(place, &head.key, &head.value, d) {
                heads.push(Head { language: language.key.clone(), text: head.key.clone(), component });
            }
        }
    }
    heads
}

fn permalink(place: Place<'_>, pattern: &Located<String>, d: &mut Vec<Diagnostic>) -> Option<Permalink> {
    let text = &pattern.value;
    let mut sample = text.clone();
    for part in ["{year}", "{month}", "{day}", "{section}", "{slug}"] {
        sample = sample.replace(part, "x");
    }
    let reason = if !text.contains("{slug}") {
        Some("it has no `{slug}`")
    } else if sample.contains(['{', '}']) {
        Some("it has a part that does not exist")
    } else if Url::parse(&sample).is_none() {
        Some("it is no address")
    } else if !(text.ends_with('/') || text.ends_with(".html")) {
        Some("it ends neither in `/` nor in `.html`")
    } else {
        None
    };
    if let Some(reason) = reason {
        d.push(settings::bad_permalink(place.span(&pattern.at), text, reason));
        return None;
    }
    Some(Permalink(text.clone()))
}

fn search(place: Place<'_>, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> bool {
    let search = fields.flag("search", d).unwrap_or(false);
    if search && cfg!(not(feature = "search")) {
        let at = fields.key_at("search").unwrap_or(0..0);
        d.push(settings::no_feature(place.span(&at), "search", "search"));
    }
    search
}

fn raw_html(place: Place<'_>, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> RawHtml {
    let Some(value) = fields.text("raw_html", d) else { return RawHtml::Sanitize };
    match value.value.as_str() {
        "sanitize" => RawHtml::Sanitize,
        "escape" => RawHtml::Escape,
        "allow" => RawHtml::Allow,
        other => {
            d.push(front_matter::bad_choice(place.span(&value.at), other, ["sanitize", "escape", "allow"]));
            RawHtml::Sanitize
        }
    }
}
