//! A route to an output: the one renderer. It reads no file, no clock and no global; the same edition and
//! route give the same bytes.

mod content;
pub mod digest;
mod feed;
mod graph;
pub mod host;
mod hosting;
mod html;
mod list;
mod listing;
pub mod meta;
mod page;
mod plain;
mod redirect;
mod sitemap;
mod twin;
pub mod xml;

use std::ops::Range;
use std::sync::Arc;

use tera::{Context, Value};

use crate::diagnostic::{Diagnostic, Span};
use crate::document::Kind;
use crate::edition::{Edition, views};
use crate::media::card::Card;
use crate::path::{OutputPath, SitePath};
use crate::route::Route;
use crate::site::EntryId;
use crate::theme::errors;

/// A file of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where it goes.
    pub path: OutputPath,
    /// What is in it.
    pub body: Body,
    /// The social card that goes with a page; the icons that go with a manifest.
    pub cards: Vec<Card>,
}

/// The bytes of an output, or where they are: a copy is not held in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Bytes made now.
    Bytes(Vec<u8>),
    /// Text made before.
    Text(Arc<str>),
    /// A file of the site or of the built-in theme, as it is.
    File(SitePath),
}

/// Whether the blocks of a page say where they come from. The one thing that differs between a page that
/// is published and one that is looked at by its author.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// They do not.
    None,
    /// Each says its file and line: `data-nutgraf="content/briefings/a.md:12"`.
    Source,
}

/// Makes the output of a route; `None` when it could not be made, and then a diagnostic says why.
pub fn render(edition: &Edition, route: &Route) -> (Option<Output>, Vec<Diagnostic>) {
    render_with(edition, route, Marks::None)
}

/// Makes the output of a route, with or without marks.
pub fn render_with(edition: &Edition, route: &Route, marks: Marks) -> (Option<Output>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let path = route.output(&edition.world.site);
    let mut cards = Vec::new();
    let body = match route {
        Route::Entry(id) => {
            let card = page::card(edition, *id, &mut diagnostics);
            let meta = meta::of(edition, route, card.as_ref());
            let page = page::entry(edition, *id, card.as_ref(), &meta, marks, &mut diagnostics);
            cards.extend(card);
            page.map(Body::Bytes)
        }
        Route::List { list, language, page } => {
            let meta = meta::of(edition, route, None);
            list::list(edition, list, language, *page, &meta, marks, &mut diagnostics).map(Body::Bytes)
        }
        Route::NotFound { language } => {
            let meta = meta::of(edition, route, None);
            page::plain(edition, "404.html", language, &meta, &mut diagnostics).map(Body::Bytes)
        }
        Route::Search { language } => {
            let meta = meta::of(edition, route, None);
            page::plain(edition, "search.html", language, &meta, &mut diagnostics).map(Body::Bytes)
        }
        Route::Redirect { to, .. } => Some(Body::Bytes(redirect::redirect(edition, *to))),
        Route::Feed { list, language, format } => {
            feed::feed(edition, list, language, *format, &mut diagnostics).map(Body::Bytes)
        }
        Route::Twin { id, form } => Some(Body::Bytes(twin::twin(edition, *id, *form))),
        Route::Llms { language } => Some(Body::Bytes(twin::llms(edition, language))),
        Route::Manifest { language } => {
            cards = views::icons(&edition.world);
            Some(Body::Bytes(host::manifest(edition, language, &cards)))
        }
        Route::Sitemap(sitemap) => Some(Body::Bytes(sitemap::sitemap(edition, *sitemap))),
        Route::Host(file) => Some(Body::Bytes(host::file(edition, *file, &mut diagnostics))),
        Route::Static { file, .. } => Some(Body::File(file.clone())),
    };
    (body.map(|body| Output { path, body, cards }), diagnostics)
}

/// A document as the search engine reads it: its headline and its own text in its language, without the background that
/// other pages have too, and its date in words.
pub fn for_search(edition: &Edition, id: EntryId) -> String {
    let entry = &edition.world.site.entries[id];
    let language = &entry.language;
    let shown = |key: &str, text: &str| {
        format!("<i data-pagefind-meta=\"{key}:{}\"></i>", html::escaped(text).replace('"', "&quot;"))
    };
    let facts = listing::facts(&edition.world.site, entry);
    let date = entry.published.map(|date| meta::date_words(edition, language, date));
    let date = date.or_else(|| facts.map(|date| meta::as_of(edition, language, date)));
    let kind = (entry.kind == Kind::Explainer).then(|| meta::text(edition, language, "explainer"));
    format!(
        "<!doctype html><html lang=\"{language}\"><body><h1>{}</h1>{}{}{}</body></html>",
        html::escaped(entry.title()),
        date.map(|date| shown("date", &date)).unwrap_or_default(),
        kind.map(|kind| shown("kind", &kind)).unwrap_or_default(),
        plain::html(&plain::own_text(edition, entry))
    )
}

/// The social card of a page; none for one that has none.
pub fn card(edition: &Edition, id: EntryId) -> Option<Card> {
    page::card(edition, id, &mut Vec::new())
}

/// The context every template gets.
fn context(edition: &Edition, language: &str) -> Context {
    let world = &edition.world;
    let mut context = Context::new();
    context.insert_value("site", world.sites.get(language).cloned().unwrap_or_else(Value::none));
    context.insert_value("lang", Value::from(language));
    context.insert_value("data", edition.theme.data.clone());
    context.insert_value("now", Value::from(now(edition)));
    // What a component called by a template finds for its implicit arguments.
    context.insert_value("id", Value::from(""));
    context.insert_value("level", Value::from(2));
    context.insert_value("as_of", Value::from(""));
    context.insert_value("shown", Value::from(tera::Map::new()));
    context
}

/// The instant the site is seen at, ISO 8601 in the site's zone.
fn now(edition: &Edition) -> String {
    let site = &edition.world.site;
    crate::moment::Moment { at: site.now, has_time: true }.iso(&site.config.timezone)
}

/// Renders a template of the theme for a page.
fn template(
    edition: &Edition,
    name: &str,
    context: &Context,
    span: &Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(16 * 1024);
    match edition.engine.render_to(name, context, &mut bytes) {
        Ok(()) => Some(bytes),
        Err(error) => {
            diagnostics.push(errors::render_error(
                &error,
                &edition.theme.sources,
                span,
                "while making the page of this",
            ));
            None
        }
    }
}

/// An object of JSON with those of its fields that are known.
fn known<const N: usize>(fields: [(&str, serde_json::Value); N]) -> serde_json::Value {
    let known = fields.into_iter().filter(|(_, value)| !value.is_null());
    known.map(|(key, value)| (key.to_owned(), value)).collect::<serde_json::Map<_, _>>().into()
}

/// Whether a range holds another.
fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}
