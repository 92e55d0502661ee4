//! Documents to entries: translations take what they leave out from their original, ids and addresses are
//! given, and what the clock withholds is set aside.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use rayon::prelude::*;

use super::Entry;
use super::time::{Clock, LeftOut, Withheld};
use crate::config::Config;
use crate::diagnostic::catalog::{front_matter, site as say};
use crate::diagnostic::{Diagnostic, Span};
use crate::document::front::Image;
use crate::document::{Document, Front, Kind};
use crate::fields::Located;
use crate::language::letters;
use crate::moment::Moment;
use crate::path::{SitePath, Url};

/// All documents of a site with what the settings and the clock make of each. Kept from one link to the
/// next, so that only what changed is gathered again.
#[derive(Clone, Debug)]
pub struct Gathering {
    config: Arc<Config>,
    clock: Clock,
    together: BTreeMap<Same, Together>,
}

/// What the translations of one document share: kind, path without language, version.
type Same = (Kind, Arc<str>, Option<Date>);

/// A document with its translations.
#[derive(Clone, Debug, Default)]
struct Together {
    /// By path.
    documents: BTreeMap<SitePath, Arc<Document>>,
    gathered: Arc<Gathered>,
}

/// What came of a document and its translations.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Those that are published; of an explainer every version.
    pub entries: Vec<Arc<Entry>>,
    /// What the clock withholds.
    pub left_out: Vec<LeftOut>,
    /// The ids of documents that are withheld.
    pub withheld: Vec<(Kind, Arc<str>, Withheld)>,
    /// The addresses of documents that are withheld.
    pub withheld_urls: Vec<(Url, Withheld)>,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

impl Gathered {
    /// Whether a site with this links as with another: they differ in text and words alone.
    pub fn links_like(&self, other: &Self) -> bool {
        let entries = self.entries.iter().zip(&other.entries);
        self.entries.len() == other.entries.len()
            && entries.into_iter().all(|(own, other)| own.links_like(other))
            && self.left_out.len() == other.left_out.len()
            && self.left_out.iter().zip(&other.left_out).all(|(own, other)| own.links_like(other))
            && self.withheld == other.withheld
            && self.withheld_urls == other.withheld_urls
            && self.diagnostics.is_empty()
            && other.diagnostics.is_empty()
    }
}

impl Gathering {
    /// Gathers documents.
    pub fn new(config: Arc<Config>, clock: Clock, documents: &[Arc<Document>]) -> Self {
        let mut together: BTreeMap<Same, Together> = BTreeMap::new();
        for document in documents {
            let same = together.entry(same(document)).or_default();
            same.documents.insert(document.path.clone(), Arc::clone(document));
        }
        let mut gathering = Self { config, clock, together };
        gathering.gather_all();
        gathering
    }

    /// Gathers the same documents under other settings, or at another moment.
    pub fn turn(&mut self, config: Arc<Config>, clock: Clock) {
        (self.config, self.clock) = (config, clock);
        self.gather_all();
    }

    /// Takes a document out and puts one in, and returns what came of those it belonged to, before and after.
    pub fn replace(
        &mut self,
        old: Option<&Document>,
        new: Option<&Arc<Document>>,
    ) -> Vec<(Arc<Gathered>, Arc<Gathered>)> {
        let mut touched: Vec<Same> = Vec::new();
        if let Some(old) = old {
            let key = same(old);
            if let Some(together) = self.together.get_mut(&key) {
                together.documents.remove(&old.path);
            }
            touched.push(key);
        }
        if let Some(new) = new {
            let key = same(new);
            let together = self.together.entry(key.clone()).or_default();
            together.documents.insert(new.path.clone(), Arc::clone(new));
            touched.push(key);
        }
        touched.dedup();
        let mut changes = Vec::new();
        for key in touched {
            let Some(together) = self.together.get_mut(&key) else { continue };
            let gathered = Arc::new(gather(&self.config, self.clock, together));
            changes.push((std::mem::replace(&mut together.gathered, Arc::clone(&gathered)), gathered));
            if together.documents.is_empty() {
                self.together.remove(&key);
            }
        }
        changes
    }

    /// What came of all documents, in their order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Gathered>> {
        self.together.values().map(|together| &together.gathered)
    }

    fn gather_all(&mut self) {
        let (config, clock) = (&self.config, self.clock);
        let mut all: Vec<&mut Together> = self.together.values_mut().collect();
        all.par_iter_mut().for_each(|together| {
            together.gathered = Arc::new(gather(config, clock, together));
        });
    }
}

fn same(document: &Document) -> Same {
    let identity = &document.identity;
    (identity.kind, Arc::clone(&identity.key), identity.version)
}

/// Turns a document and its translations into entries.
fn gather(config: &Config, clock: Clock, together: &Together) -> Gathered {
    let mut gathered = Gathered::default();
    let group: Vec<&Arc<Document>> = together.documents.values().collect();
    let language =
        |document: &Document| document.identity.language.clone().unwrap_or_else(|| config.language.clone());
    let original = group
        .iter()
        .copied()
        .min_by_key(|document| (language(document) != config.language, language(document)));
    let Some(original) = original else { return gathered };
    let mut seen: BTreeMap<String, &SitePath> = BTreeMap::new();
    for document in &group {
        let language = language(document);
        if let Some(first) = seen.insert(language.clone(), &document.path) {
            gathered.diagnostics.push(say::same_language(&document.path, &language, first));
            continue;
        }
        let front = if Arc::ptr_eq(document, original) {
            Arc::clone(&document.front)
        } else {
            Arc::new(inherit(&document.front, &original.front))
        };
        let front = with_date(config, document, front, &mut gathered.diagnostics);
        add(config, document, original, front, language, clock, &mut gathered);
    }
    gathered
}

/// Gives a briefing the date of its file name, or of its embargo; complains when there is none.
fn with_date(config: &Config, document: &Document, front: Arc<Front>, d: &mut Vec<Diagnostic>) -> Arc<Front> {
    let identity = &document.identity;
    match identity.kind {
        Kind::Briefing if front.date.is_none() => {
            let named = identity.date.and_then(|date| Moment::parse(&date.to_string(), &config.timezone));
            let date = named.map(|value| Located { value, at: 0..0 }).or_else(|| front.embargo.clone());
            if date.is_none() && front.at.end > 0 && !document.front.gives_date {
                let span = Span::new(&document.path, 0..3);
                d.push(if identity.language.is_some() {
                    front_matter::no_original(span, document.path.name())
                } else {
                    let help = "add a line like `date: 2023-09-11`, or begin the file's name with the date";
                    front_matter::missing_key(span, "date", "a briefing", help)
                });
            }
            Arc::new(Front { date, ..(*front).clone() })
        }
        Kind::Explainer if front.as_of.is_none() => {
            if let Some(value) = identity.version {
                return Arc::new(Front { as_of: Some(Located { value, at: 0..0 }), ..(*front).clone() });
            }
            if front.at.end > 0 && !document.front.gives_date {
                let span = Span::new(&document.path, 0..3);
                let help = "add a line like `as_of: 2023-09-11`: the date its facts are of";
                d.push(front_matter::missing_key(span, "as_of", "an explainer", help));
            }
            front
        }
        Kind::Briefing | Kind::Explainer | Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => front,
    }
}

fn add(
    config: &Config,
    document: &Arc<Document>,
    original: &Document,
    front: Arc<Front>,
    language: String,
    clock: Clock,
    gathered: &mut Gathered,
) {
    let d = &mut gathered.diagnostics;
    let identity = &document.identity;
    // A slug is the document's own; an id is shared by all languages.
    let slug = match identity.kind {
        Kind::Briefing | Kind::Page => &front.slug,
        Kind::Explainer | Kind::Topic | Kind::Author | Kind::Thread => &original.front.slug,
    };
    let id: Arc<str> =
        slug.as_ref().map_or_else(|| Arc::clone(&identity.id), |slug| slug.value.as_str().into());
    if !letters::is_slug(&id) {
        let name = document.path.name();
        d.push(front_matter::bad_slug(Span::file(&document.path), "the file name", name, None));
        return;
    }
    let published = match (&front.date, &front.embargo) {
        (Some(date), Some(embargo)) => Some(date.value.max(embargo.value)),
        (date, embargo) => date.as_ref().or(embargo.as_ref()).map(|m| m.value),
    };
    let Some(url) = address(config, identity.kind, &id, &language, &front, published) else { return };
    if let (Some(own), Some(expires), Some(published)) = (&document.front.expires, &front.expires, published)
        && expires.value <= published
    {
        d.push(say::date_order(Span::new(&document.path, own.at.clone()), "expires", "date"));
    }
    let today = clock.now.to_zoned_datetime(config.timezone.clone()).date();
    let future_version = front.as_of.as_ref().map(|a| a.value).filter(|as_of| *as_of > today);
    let reasons = Withheld::reasons(&front, clock.now);
    let why = reasons.iter().copied().find(|why| !clock.shows.lets_through(*why)).or_else(|| {
        let moment = Moment::parse(&future_version?.to_string(), &config.timezone)?;
        Some(Withheld::Future(moment))
    });
    let entry = Arc::new(Entry {
        document: Arc::clone(document),
        kind: identity.kind,
        id,
        url,
        published,
        modified: modified(&front, published, clock),
        unpublished: reasons,
        front,
        language,
    });
    if let Some(why) = why {
        let Entry { front, id, url, language, .. } = &*entry;
        gathered.withheld.push((identity.kind, Arc::clone(id), why));
        gathered.withheld_urls.push((url.clone(), why));
        let topics = front.topics.iter().map(|t| (Kind::Topic, t));
        let authors = front.authors.iter().map(|a| (Kind::Author, a));
        let thread = front.thread.iter().map(|t| (Kind::Thread, t));
        let prefix = config.prefix(language);
        let hubs = topics.chain(authors).chain(thread);
        let hubs = hubs
            .filter_map(|(kind, term)| Url::parse(&format!("{prefix}/{}/{}/", kind.folder(), term.value.id)));
        gathered.withheld_urls.extend(hubs.map(|url| (url, why)));
        gathered.withheld_urls.extend(front.aliases.iter().map(|alias| (alias.value.clone(), why)));
        gathered.left_out.push(LeftOut { entry, why });
        return;
    }
    gathered.entries.push(entry);
}

/// The last change that counts: `updated`, or a later correction.
fn modified(front: &Front, published: Option<Moment>, clock: Clock) -> Option<Moment> {
    let corrections = front.corrections.iter().map(|c| c.date.value).filter(|m| m.at <= clock.now);
    let updated = front.updated.as_ref().map(|m| m.value).filter(|m| m.at <= clock.now);
    corrections.chain(updated).chain(published).max()
}

/// The address of a document.
fn address(
    config: &Config,
    kind: Kind,
    id: &str,
    language: &str,
    front: &Front,
    published: Option<Moment>,
) -> Option<Url> {
    let prefix = config.prefix(language);
    let path = match kind {
        Kind::Briefing => {
            let section = front.section.as_ref().map(|s| s.value.as_str());
            let own = config.sections.iter().find(|s| Some(s.id.as_str()) == section);
            let pattern = own.and_then(|s| s.permalink.as_ref()).unwrap_or(&config.permalink);
            let mut path = pattern.0.replace("{slug}", id);
            if path.contains('{') {
                let date = published.map(|m| m.date(&config.timezone));
                let part = |f: fn(Date) -> String| date.map_or_else(|| "0".into(), f);
                path = path
                    .replace("{year}", &part(|d| format!("{:04}", d.year())))
                    .replace("{month}", &part(|d| format!("{:02}", d.month())))
                    .replace("{day}", &part(|d| format!("{:02}", d.day())))
                    .replace("{section}", section.unwrap_or("briefings"));
            }
            path
        }
        Kind::Explainer | Kind::Topic | Kind::Author | Kind::Thread => format!("/{}/{id}/", kind.folder()),
        Kind::Page => format!("/{id}/"),
    };
    Url::parse(&format!("{prefix}{path}"))
}

/// A translation's front matter with what it leaves out taken from its original. Words that belong to one
/// language are not taken, nor are addresses.
fn inherit(own: &Front, original: &Front) -> Front {
    fn first<T: Clone>(own: Option<&T>, original: Option<&T>) -> Option<T> {
        own.or(original).cloned()
    }
    fn list<T: Clone>(own: &[T], original: &[T]) -> Vec<T> {
        if own.is_empty() { original.to_vec() } else { own.to_vec() }
    }
    let later = |a: &Option<Located<Moment>>, b: &Option<Located<Moment>>| match (a, b) {
        (Some(a), Some(b)) => Some(if a.value >= b.value { a.clone() } else { b.clone() }),
        (a, b) => a.clone().or_else(|| b.clone()),
    };
    let earlier = |a: &Option<Located<Moment>>, b: &Option<Located<Moment>>| match (a, b) {
        (Some(a), Some(b)) => Some(if a.value <= b.value { a.clone() } else { b.clone() }),
        (a, b) => a.clone().or_else(|| b.clone()),
    };
    Front {
        at: own.at.clone(),
        gives_date: own.gives_date,
        urls: own.urls.clone(),
        title: first(own.title.as_ref(), original.title.as_ref()),
        date: first(own.date.as_ref(), original.date.as_ref()),
        updated: first(own.updated.as_ref(), original.updated.as_ref()),
        section: first(own.section.as_ref(), original.section.as_ref()),
        kicker: own.kicker.clone(),
        description: own.description.clone(),
        authors: list(&own.authors, &original.authors),
        byline: first(own.byline.as_ref(), original.byline.as_ref()),
        dateline: first(own.dateline.as_ref(), original.dateline.as_ref()),
        image: inherit_image(own.image.as_ref(), original.image.as_ref()),
        topics: list(&own.topics, &original.topics),
        thread: first(own.thread.as_ref(), original.thread.as_ref()),
        explainers: list(&own.explainers, &original.explainers),
        related: list(&own.related, &original.related),
        sources: list(&own.sources, &original.sources),
        corrections: own.corrections.clone(),
        pin: own.pin.or(original.pin),
        minor: own.minor.or(original.minor),
        draft: Some(own.draft == Some(true) || original.draft == Some(true)),
        embargo: later(&own.embargo, &original.embargo),
        expires: earlier(&own.expires, &original.expires),
        slug: own.slug.clone(),
        aliases: own.aliases.clone(),
        run_in_heads: own.run_in_heads.or(original.run_in_heads),
        extra: first(own.extra.as_ref(), original.extra.as_ref()),
        allow: own.allow.clone(),
        as_of: first(own.as_of.as_ref(), original.as_of.as_ref()),
        summary: own.summary.clone(),
        owner: first(own.owner.as_ref(), original.owner.as_ref()),
        review_by: first(own.review_by.as_ref(), original.review_by.as_ref()),
        changes: list(&own.changes, &original.changes),
        explainer: first(own.explainer.as_ref(), original.explainer.as_ref()),
        status: first(own.status.as_ref(), original.status.as_ref()),
        role: first(own.role.as_ref(), original.role.as_ref()),
        links: list(&own.links, &original.links),
    }
}

fn inherit_image(own: Option<&Image>, original: Option<&Image>) -> Option<Image> {
    let Some(original) = original else { return own.cloned() };
    let wordless = Image { alt: None, caption: None, alt_missing: None, ..original.clone() };
    let Some(own) = own else { return Some(wordless) };
    let same_file = own.src.value.is_empty() || own.src.value == original.src.value;
    if !same_file {
        return Some(own.clone());
    }
    Some(Image {
        src: original.src.clone(),
        alt: own.alt.clone(),
        caption: own.caption.clone(),
        credit: if own.credit.is_empty() { original.credit.clone() } else { own.credit.clone() },
        creator: own.creator.clone().or_else(|| original.creator.clone()),
        license: own.license.clone().or_else(|| original.license.clone()),
        license_url: own.license_url.clone().or_else(|| original.license_url.clone()),
        acquire_url: own.acquire_url.clone().or_else(|| original.acquire_url.clone()),
        focus: own.focus.clone().or_else(|| original.focus.clone()),
        decorative: own.decorative || original.decorative,
        alt_missing: own.alt_missing.clone(),
    })
}
