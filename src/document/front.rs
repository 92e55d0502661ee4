//! Front matter to [`Front`]. The keys of each kind stand in [`read`]; whatever else is there is a warning
//! with the nearest known key. A value of the wrong type is an error, and reading goes on.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Date;

use super::allow::{self, Allowed};
use super::facts::ExplainerRef;
use super::identity::{Identity, Kind};
use super::{Rules, keys, markdown};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::front_matter;
use crate::fields::{Fields, Located, Place, Unknown, is_position, is_unsafe_url, text};
use crate::language::letters;
use crate::moment::{Moment, parse_date};
use crate::path::Url;
use crate::yaml::{self, Node, Value};

/// The ways to show an explainer.
const WAYS: [&str; 3] = ["summary", "full", "collapsed"];

/// The longest title that still is one.
const MAX_TITLE: usize = 500;

/// The front matter of a document of any kind. What is absent is `None` or empty, so that a translation
/// can take it from its original.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Front {
    /// Where the YAML stands.
    pub at: Range<usize>,
    /// Whether `date` or `as_of` is there, right or wrong.
    pub gives_date: bool,
    /// Links in front matter: addresses, and links in its Markdown texts.
    pub urls: Vec<Located<String>>,
    /// The headline; an author's name.
    pub title: Option<Located<String>>,
    /// First publication.
    pub date: Option<Located<Moment>>,
    /// Last significant change.
    pub updated: Option<Located<Moment>>,
    /// The id of a section.
    pub section: Option<Located<String>>,
    /// The label over the headline.
    pub kicker: Option<String>,
    /// The standfirst.
    pub description: Option<String>,
    /// Authors: ids or names.
    pub authors: Vec<Located<Term>>,
    /// A role instead of a person.
    pub byline: Option<String>,
    /// The place of filing.
    pub dateline: Option<String>,
    /// The lead photo.
    pub image: Option<Image>,
    /// Topics.
    pub topics: Vec<Located<Term>>,
    /// The running story.
    pub thread: Option<Located<Term>>,
    /// Explainers placed after the text.
    pub explainers: Vec<ExplainerRef>,
    /// The first entries of "Read also": slugs or paths.
    pub related: Vec<Located<String>>,
    /// Where the facts come from.
    pub sources: Vec<Source>,
    /// What was wrong.
    pub corrections: Vec<Correction>,
    /// Leads the front page until then.
    pub pin: Option<Moment>,
    /// Whether this change is a typo.
    pub minor: Option<bool>,
    /// Whether it is unfinished.
    pub draft: Option<bool>,
    /// Not before.
    pub embargo: Option<Located<Moment>>,
    /// Not after.
    pub expires: Option<Located<Moment>>,
    /// Its part of the address.
    pub slug: Option<Located<String>>,
    /// Its old addresses.
    pub aliases: Vec<Located<Url>>,
    /// Whether bold starts may open sections.
    pub run_in_heads: Option<bool>,
    /// Anything, for templates.
    pub extra: Option<serde_json::Value>,
    /// Messages that this file may give, each with the reason.
    pub allow: Vec<Allowed>,
    /// An explainer: the date its facts are of.
    pub as_of: Option<Located<Date>>,
    /// An explainer: itself in a few sentences.
    pub summary: Option<Located<String>>,
    /// An explainer: who keeps it.
    pub owner: Option<String>,
    /// An explainer: when it must be looked at again.
    pub review_by: Option<Located<Date>>,
    /// An explainer: what changed, when.
    pub changes: Vec<Change>,
    /// A topic or thread: the explainer on its page.
    pub explainer: Option<Located<String>>,
    /// A thread: how it stands.
    pub status: Option<String>,
    /// An author: what they do.
    pub role: Option<String>,
    /// An author: where else to find them.
    pub links: Vec<Link>,
}

/// A topic, thread or author: an id, and the name it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The id.
    pub id: String,
    /// The text as written.
    pub name: String,
}

/// A picture with what must be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The file, relative to this one or from the site's root.
    pub src: Located<String>,
    /// What is on it, for those who do not see it.
    pub alt: Option<String>,
    /// What is on it, for everybody.
    pub caption: Option<String>,
    /// Whom to thank.
    pub credit: Vec<String>,
    /// Who made it.
    pub creator: Option<String>,
    /// Under what licence.
    pub license: Option<String>,
    /// The licence's address.
    pub license_url: Option<String>,
    /// Where a licence can be had.
    pub acquire_url: Option<String>,
    /// What must stay in view when it is cropped.
    pub focus: Option<String>,
    /// Whether it says nothing that the text does not.
    pub decorative: bool,
    /// What puts an empty `alt` into the front matter, when there is no such key.
    pub alt_missing: Option<Located<String>>,
}

/// Where a fact comes from.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Source {
    /// What it is.
    pub title: String,
    /// Where it is.
    pub url: Option<String>,
    /// Whose it is.
    pub publisher: Option<String>,
    /// When it was published, at its precision.
    pub date: Option<String>,
}

/// The kinds of corrections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CorrectionKind {
    /// A fact was wrong.
    Correction,
    /// A fact was misleading.
    Clarification,
    /// There are new facts.
    Update,
}

impl Front {
    /// The corrections that are dated no later than a moment, with their places among all.
    pub fn corrections_until(&self, now: Timestamp) -> impl Iterator<Item = (usize, &Correction)> {
        self.corrections.iter().enumerate().filter(move |(_, correction)| correction.date.value.at <= now)
    }
}

impl CorrectionKind {
    /// Its name in front matter, and the key of its interface string.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Clarification => "clarification",
            Self::Update => "update",
        }
    }
}

/// What was wrong, and when it was mended.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// When.
    pub date: Located<Moment>,
    /// What was wrong and what is right.
    pub text: String,
    /// What kind of change it is.
    pub kind: CorrectionKind,
}

/// A change of an explainer.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When.
    pub date: Date,
    /// What changed.
    pub text: String,
}

/// A link with its text.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Link {
    /// The text.
    pub title: String,
    /// The address.
    pub url: String,
}

impl Front {
    /// Its short texts, the headline first, each with where it stands when that was kept.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Option<&Range<usize>>)> {
        let located =
            self.title.iter().chain(&self.summary).map(|text| (text.value.as_str(), Some(&text.at)));
        let image = self.image.iter().flat_map(|image| image.caption.iter().chain(&image.alt));
        let corrections = self.corrections.iter().map(|correction| &correction.text);
        let others = self.description.iter().chain(&self.kicker).chain(image).chain(corrections);
        located.chain(others.map(|text| (text.as_str(), None)))
    }

    /// Whether it differs from another only in words that nothing but the document's own page and its card
    /// show, so that a site with the one links as with the other.
    pub fn links_like(&self, other: &Self) -> bool {
        let without_words = |front: &Self| Self {
            at: 0..0,
            title: None,
            kicker: None,
            description: None,
            byline: None,
            dateline: None,
            sources: Vec::new(),
            minor: None,
            extra: None,
            allow: Vec::new(),
            summary: None,
            owner: None,
            review_by: None,
            changes: Vec::new(),
            status: None,
            role: None,
            links: Vec::new(),
            urls: Vec::new(),
            run_in_heads: None,
            ..front.clone()
        };
        without_words(self) == without_words(other)
    }
}

/// Reads the YAML of a document of a kind.
pub fn read(
    place: Place<'_>,
    yaml: Option<Range<usize>>,
    identity: &Identity,
    rules: &Rules,
    d: &mut Vec<Diagnostic>,
) -> Front {
    let Some(range) = yaml else { return Front::default() };
    let opening = place.span(&(0..3));
    let node = match yaml::parse(place.source, range.clone()) {
        Ok(node) => node,
        Err(malformed) => {
            d.push(front_matter::malformed(place.span(&malformed.at), &malformed));
            return Front::default();
        }
    };
    if !matches!(node.value, Value::Map(_) | Value::Null) {
        d.push(front_matter::not_a_map(place.span(&node.at), node.describe()));
        return Front::default();
    }
    let rename = |key| rules.rename.get(key).map_or(key, String::as_str);
    let mut fields = Fields::new(place, &node, keys::of(identity.kind), rename, d);
    let kind = identity.kind;
    let language = identity.language.as_deref().unwrap_or(&rules.language);
    let mut reader =
        Reader { place, rules, language, is_translation: identity.language.is_some(), urls: Vec::new() };
    // What others call the title of a profile is its name.
    let title_key = if kind == Kind::Author && fields.key_at("title").is_none() { "name" } else { "title" };
    let mut front = Front {
        at: range,
        title: match kind {
            Kind::Author => {
                let (name, title) = (fields.text("name", d), fields.text("title", d));
                name.or(title)
            }
            Kind::Briefing | Kind::Explainer | Kind::Topic | Kind::Thread | Kind::Page => {
                fields.text("title", d)
            }
        },
        updated: reader.moment(&mut fields, "updated", d),
        description: value(fields.text("description", d)),
        image: reader.image(&mut fields, d),
        draft: fields.flag("draft", d),
        embargo: reader.moment(&mut fields, "embargo", d),
        expires: reader.moment(&mut fields, "expires", d),
        slug: reader.slug(&mut fields, d),
        aliases: reader.aliases(&mut fields, d),
        extra: fields.get("extra").map(Node::to_json),
        allow: reader.allow(&mut fields, d),
        ..Front::default()
    };
    match kind {
        Kind::Briefing => reader.briefing(&mut front, &mut fields, d),
        Kind::Explainer => reader.explainer(&mut front, &mut fields, d),
        Kind::Topic => front.explainer = fields.text("explainer", d),
        Kind::Thread => {
            front.explainer = fields.text("explainer", d);
            front.status = value(fields.text("status", d));
        }
        Kind::Author => {
            front.role = value(fields.text("role", d));
            front.links = reader.links(&mut fields, d);
        }
        Kind::Page => {}
    }
    match &front.title {
        None if fields.get(title_key).is_none() => {
            let help = format!("add a line like `{title_key}: …`");
            d.push(front_matter::missing_key(opening, title_key, &a(kind), &help));
        }
        Some(title) if title.value.chars().count() > MAX_TITLE => {
            let span = place.span(&title.at);
            d.push(front_matter::too_long(span, title_key, title.value.chars().count(), MAX_TITLE));
        }
        None | Some(_) => {}
    }
    front.gives_date = match kind {
        Kind::Briefing => fields.get("date").is_some(),
        Kind::Explainer => fields.get("as_of").is_some(),
        Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => false,
    };
    front.urls = reader.urls;
    fields.finish(&a(kind), Unknown::Warn, &rules.ignore, d);
    front
}

/// The kind with its article, for messages.
fn a(kind: Kind) -> String {
    let article = if matches!(kind, Kind::Explainer | Kind::Author) { "an" } else { "a" };
    format!("{article} {}", kind.name())
}

fn value(located: Option<Located<String>>) -> Option<String> {
    located.map(|l| l.value)
}

/// What reading a value needs besides the value.
struct Reader<'a> {
    place: Place<'a>,
    rules: &'a Rules,
    language: &'a str,
    is_translation: bool,
    urls: Vec<Located<String>>,
}

impl Reader<'_> {
    fn briefing(&mut self, front: &mut Front, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) {
        front.date = self.moment(fields, "date", d);
        front.section = fields.text("section", d);
        front.kicker = value(fields.text("kicker", d));
        front.authors = self.terms(fields, "authors", d);
        front.byline = value(fields.text("byline", d));
        front.dateline = value(fields.text("dateline", d));
        front.topics = self.terms(fields, "topics", d);
        front.thread = fields.text("thread", d).and_then(|t| self.term(t, "the thread", d));
        front.explainers = self.explainer_refs(fields, d);
        front.related = fields.texts("related", d);
        front.sources = self.sources(fields, d);
        front.corrections = self.corrections(fields, d);
        front.pin = self.moment(fields, "pin", d).map(|m| m.value);
        front.minor = fields.flag("minor", d);
        front.run_in_heads = fields.flag("run_in_heads", d);
    }

    fn explainer(&mut self, front: &mut Front, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) {
        front.as_of = self.date(fields, "as_of", d);
        front.summary = fields.text("summary", d);
        if let Some(summary) = &front.summary {
            self.links_in(summary);
        }
        front.topics = self.terms(fields, "topics", d);
        front.owner = value(fields.text("owner", d));
        front.review_by = self.date(fields, "review_by", d);
        front.sources = self.sources(fields, d);
        front.run_in_heads = fields.flag("run_in_heads", d);
        for node in fields.items("changes") {
            if !matches!(node.value, Value::Map(_)) {
                let example = "changes: [{date: 2023-09-12, text: \"…\"}]";
                d.push(front_matter::not_a_group(self.place.span(&node.at), "a change", example));
                continue;
            }
            let mut change = Fields::new(self.place, node, &[keys::CHANGE], |key| key, d);
            let date = self.date(&mut change, "date", d);
            let text = self.required_text(&mut change, "text", "a change", d);
            if date.is_none() && change.key_at("date").is_none() {
                d.push(front_matter::missing_key(
                    self.place.span(&node.at),
                    "date",
                    "a change",
                    "write `{date: 2023-09-11, text: \"…\"}`",
                ));
            }
            change.finish("a change", Unknown::Inside, &[], d);
            if let (Some(date), Some(text)) = (date, text) {
                front.changes.push(Change { date: date.value, text });
            }
        }
    }

    fn moment(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        d: &mut Vec<Diagnostic>,
    ) -> Option<Located<Moment>> {
        let node = fields.get(key)?;
        let found = text(self.place, key, node, d)?;
        if let Some(value) = Moment::parse(&found.value, &self.rules.zone) {
            Some(Located { value, at: found.at })
        } else {
            d.push(front_matter::bad_date(self.place.span(&found.at), &found.value, "a date"));
            None
        }
    }

    fn date(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        d: &mut Vec<Diagnostic>,
    ) -> Option<Located<Date>> {
        let moment = self.moment(fields, key, d)?;
        let text = fields.get(key).and_then(Node::as_text).and_then(|t| parse_date(t.get(..10)?));
        Some(Located { value: text.unwrap_or_else(|| moment.value.date(&self.rules.zone)), at: moment.at })
    }

    fn allow(&self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Vec<Allowed> {
        let mut allowed = Vec::new();
        for entry in fields.entries("allow", d) {
            let reason = entry.value.as_text().unwrap_or_default();
            allowed.extend(allow::named(self.place, &entry.key, entry.key_at.clone(), reason, None, d));
        }
        allowed
    }

    fn slug(&self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Option<Located<String>> {
        let slug = fields.text("slug", d)?;
        if letters::is_slug(&slug.value) {
            return Some(slug);
        }
        let suggestion = letters::slug(&slug.value, self.language);
        d.push(front_matter::bad_slug(
            self.place.span(&slug.at),
            "the slug",
            &slug.value,
            suggestion.as_deref(),
        ));
        None
    }

    fn aliases(&self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Vec<Located<Url>> {
        let mut aliases = Vec::new();
        for alias in fields.texts("aliases", d) {
            match Url::parse(&alias.value).filter(|url| url.as_str() != "/") {
                Some(value) => aliases.push(Located { value, at: alias.at }),
                None => d.push(front_matter::bad_alias(self.place.span(&alias.at), &alias.value)),
            }
        }
        aliases
    }

    fn terms(
        &self,
        fields: &mut Fields<'_>,
        key: &'static str,
        d: &mut Vec<Diagnostic>,
    ) -> Vec<Located<Term>> {
        let what = if key == "authors" { "the author" } else { "the topic" };
        let mut terms: Vec<Located<Term>> = Vec::new();
        let is_one = matches!(fields.get(key), Some(Node { value: Value::Scalar { plain: true, .. }, .. }));
        for found in fields.texts(key, d) {
            if is_one && found.value.contains(", ") {
                d.push(front_matter::comma_list(self.place.span(&found.at), key));
            }
            if let Some(term) = self.term(found, what, d)
                && !terms.iter().any(|t| t.value.id == term.value.id)
            {
                terms.push(term);
            }
        }
        terms
    }

    fn term(&self, found: Located<String>, what: &str, d: &mut Vec<Diagnostic>) -> Option<Located<Term>> {
        if let Some(id) = letters::slug(&found.value, self.language) {
            Some(Located { value: Term { id, name: found.value }, at: found.at })
        } else {
            d.push(front_matter::bad_slug(self.place.span(&found.at), what, &found.value, None));
            None
        }
    }

    fn explainer_refs(&self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Vec<ExplainerRef> {
        let mut refs = Vec::new();
        for node in fields.items("explainers") {
            if !matches!(node.value, Value::Map(_)) {
                if let Some(id) = text(self.place, "explainers", node, d) {
                    refs.push(ExplainerRef::of(id));
                }
                continue;
            }
            let mut inner = Fields::new(self.place, node, &[keys::SHOWN], |key| key, d);
            let id = inner.text("ref", d);
            let version = inner.text("version", d);
            let show = inner.text("show", d);
            if let Some(show) = &show
                && !WAYS.contains(&show.value.as_str())
            {
                d.push(front_matter::bad_choice(self.place.span(&show.at), &show.value, WAYS));
            }
            match id {
                Some(id) => refs.push(ExplainerRef { id, version, show: value(show) }),
                None => d.push(front_matter::missing_key(
                    self.place.span(&node.at),
                    "ref",
                    "an entry of `explainers`",
                    "write `{ref: the-explainers-id}`",
                )),
            }
            inner.finish("an entry of `explainers`", Unknown::Inside, &[], d);
        }
        refs
    }

    fn sources(&mut self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Vec<Source> {
        let mut sources = Vec::new();
        for node in fields.items("sources") {
            if let Some(found) = node.as_text() {
                let found = found.to_owned();
                let is_url = found.starts_with("https://") || found.starts_with("http://");
                if is_url {
                    self.urls.push(Located { value: found.clone(), at: node.at.clone() });
                }
                sources.push(Source {
                    title: found.clone(),
                    url: is_url.then_some(found),
                    publisher: None,
                    date: None,
                });
                continue;
            }
            let mut inner = Fields::new(self.place, node, &[keys::SOURCE], |key| key, d);
            let url = self.url(&mut inner, "url", d);
            let title = value(inner.text("title", d)).or_else(|| url.clone());
            let publisher = value(inner.text("publisher", d));
            let date = inner.text("date", d).and_then(|date| {
                let moment = Moment::parse(&date.value, &self.rules.zone).filter(|m| m.has_time);
                if let Some(moment) = moment {
                    return Some(moment.date(&self.rules.zone).to_string());
                }
                let known = crate::moment::parse_period(&date.value).is_some();
                if !known {
                    d.push(front_matter::bad_date(self.place.span(&date.at), &date.value, "a date"));
                }
                known.then_some(date.value)
            });
            match title {
                Some(title) => sources.push(Source { title, url, publisher, date }),
                None => d.push(front_matter::missing_key(
                    self.place.span(&node.at),
                    "title",
                    "a source",
                    "write `{title: …, url: …}`",
                )),
            }
            inner.finish("a source", Unknown::Inside, &[], d);
        }
        sources
    }

    fn corrections(&mut self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Vec<Correction> {
        let mut corrections = Vec::new();
        for node in fields.items("corrections") {
            if !matches!(node.value, Value::Map(_)) {
                let example = "corrections: [{date: 2023-09-12, text: \"…\"}]";
                d.push(front_matter::not_a_group(self.place.span(&node.at), "a correction", example));
                continue;
            }
            let mut inner = Fields::new(self.place, node, &[keys::CORRECTION], |key| key, d);
            let date = self.moment(&mut inner, "date", d);
            let text = self.required_text(&mut inner, "text", "a correction", d);
            let kind = match inner.text("kind", d) {
                None => CorrectionKind::Correction,
                Some(kind) => match kind.value.as_str() {
                    "correction" => CorrectionKind::Correction,
                    "clarification" => CorrectionKind::Clarification,
                    "update" => CorrectionKind::Update,
                    other => {
                        let choices = ["correction", "clarification", "update"];
                        d.push(front_matter::bad_choice(self.place.span(&kind.at), other, choices));
                        CorrectionKind::Correction
                    }
                },
            };
            if date.is_none() && inner.key_at("date").is_none() {
                d.push(front_matter::missing_key(
                    self.place.span(&node.at),
                    "date",
                    "a correction",
                    "write `{date: 2023-09-11, text: \"…\"}`",
                ));
            }
            inner.finish("a correction", Unknown::Inside, &[], d);
            if let (Some(date), Some(text)) = (date, text) {
                corrections.push(Correction { date, text, kind });
            }
        }
        corrections
    }

    fn image(&mut self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Option<Image> {
        let node = fields.get("image")?;
        let plain = |src| Image {
            src,
            alt: None,
            caption: None,
            credit: Vec::new(),
            creator: None,
            license: None,
            license_url: None,
            acquire_url: None,
            focus: None,
            decorative: false,
            alt_missing: None,
        };
        if node.as_text().is_some() {
            let src = text(self.place, "image", node, d)?;
            let alt_missing = self.plain_scalar(node).map(|written| {
                let needs_quotes =
                    written.contains([',', '[', ']', '{', '}']) && !written.starts_with(['"', '\'']);
                let quote = if needs_quotes { "\"" } else { "" };
                let map = format!("{{src: {quote}{written}{quote}, alt: \"\"}}");
                Located { value: map, at: node.at.clone() }
            });
            return self.safe(src, d).map(|src| Image { alt_missing, ..plain(src) });
        }
        let mut inner = Fields::new(self.place, node, keys::IMAGE, |key| key, d);
        let given = inner.text("src", d);
        let src = given.clone().and_then(|src| self.safe(src, d));
        let image = Image {
            alt: value(inner.text("alt", d)),
            caption: value(inner.text("caption", d)),
            credit: inner.texts("credit", d).into_iter().map(|t| t.value).collect(),
            creator: value(inner.text("creator", d)),
            license: value(inner.text("license", d)),
            license_url: self.url(&mut inner, "license_url", d),
            acquire_url: self.url(&mut inner, "acquire_url", d),
            focus: inner.text("focus", d).and_then(|focus| {
                let known = is_position(&focus.value);
                if !known {
                    let found = format!("`{}`", focus.value);
                    let wanted = "a place in the picture like `30% 20%` or `left top`";
                    d.push(front_matter::wrong_type(self.place.span(&focus.at), "focus", wanted, &found));
                }
                known.then_some(focus.value)
            }),
            decorative: inner.flag("decorative", d).unwrap_or(false),
            alt_missing: self.alt_missing(&inner, node),
            src: src.clone().unwrap_or(Located { value: String::new(), at: node.at.clone() }),
        };
        // A translation may give only the words; the file comes from its original.
        if given.is_none() && !self.is_translation {
            let help = "add `src: photo.jpg`, a file beside this one";
            d.push(front_matter::missing_key(self.place.span(&node.at), "src", "`image`", help));
        }
        inner.finish("`image`", Unknown::Inside, &[], d);
        Some(image)
    }

    /// A text as it is written, when it is written plainly: on one line, no alias, no tag, with nothing to escape.
    fn plain_scalar(&self, node: &Node) -> Option<&str> {
        let written = self.place.source.get(node.at.clone())?;
        let text = node.as_text()?;
        let quoted = ["\"", "'"].iter().any(|quote| written == format!("{quote}{text}{quote}"));
        let is_plain = written == text && !text.contains(['"', '\'', '\n', '\\']);
        // What an anchor or a tag stands before is more than its text.
        let before = self.place.source[..node.at.start].trim_end_matches([' ', '\t']);
        (is_plain || quoted && !text.contains('\n'))
            .then_some(written)
            .filter(|_| before.ends_with([':', ',', '{']))
    }

    /// What puts an empty `alt` after the `src` of a map.
    fn alt_missing(&self, image: &Fields<'_>, node: &Node) -> Option<Located<String>> {
        let Value::Map(entries) = &node.value else { return None };
        let src = entries.iter().find(|entry| entry.key == "src")?;
        if image.key_at("alt").is_some() {
            return None;
        }
        self.plain_scalar(&src.value)?;
        let source = self.place.source;
        let end = src.value.at.end;
        if source[node.at.start..].starts_with('{') {
            return Some(Located { value: ", alt: \"\"".into(), at: end..end });
        }
        let line_start = source[..src.key_at.start].rfind('\n').map_or(0, |i| i + 1);
        let indent = &source[line_start..src.key_at.start];
        let line_end = source[end..].find(['\r', '\n']).map_or(source.len(), |i| end + i);
        let newline = if source[line_end..].starts_with('\r') { "\r\n" } else { "\n" };
        let value = format!("{newline}{indent}alt: \"\"");
        indent.trim().is_empty().then_some(Located { value, at: line_end..line_end })
    }

    fn links(&mut self, fields: &mut Fields<'_>, d: &mut Vec<Diagnostic>) -> Vec<Link> {
        let mut links = Vec::new();
        for node in fields.items("links") {
            if let Some(url) = node.as_text() {
                if is_unsafe_url(url) {
                    d.push(front_matter::unsafe_url(self.place.span(&node.at), url));
                } else {
                    links.push(Link { title: url.to_owned(), url: url.to_owned() });
                }
                continue;
            }
            let mut inner = Fields::new(self.place, node, &[keys::LINK], |key| key, d);
            let url = self.url(&mut inner, "url", d);
            let title = value(inner.text("title", d)).or_else(|| url.clone());
            inner.finish("a link", Unknown::Inside, &[], d);
            if let (Some(title), Some(url)) = (title, url) {
                links.push(Link { title, url });
            }
        }
        links
    }

    fn url(&mut self, fields: &mut Fields<'_>, key: &'static str, d: &mut Vec<Diagnostic>) -> Option<String> {
        let url = fields.text(key, d)?;
        let url = self.safe(url, d)?;
        self.urls.push(url.clone());
        Some(url.value)
    }

    /// An address that browsers do not run.
    fn safe(&self, url: Located<String>, d: &mut Vec<Diagnostic>) -> Option<Located<String>> {
        if is_unsafe_url(&url.value) {
            d.push(front_matter::unsafe_url(self.place.span(&url.at), &url.value));
            return None;
        }
        Some(url)
    }

    /// Remembers the links of a text that is Markdown.
    fn links_in(&mut self, text: &Located<String>) {
        let links = markdown::links(&text.value).into_iter();
        self.urls.extend(links.map(|link| Located { value: link.url, at: text.at.clone() }));
    }

    fn required_text(
        &mut self,
        fields: &mut Fields<'_>,
        key: &'static str,
        of: &str,
        d: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let found = fields.text(key, d);
        if found.is_none() {
            d.push(front_matter::missing_key(
                self.place.span(&fields.at),
                key,
                of,
                &format!("add `{key}: …`"),
            ));
        }
        if let Some(text) = &found {
            self.links_in(text);
        }
        value(found)
    }
}
