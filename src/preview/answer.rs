//! What is at an address: a page, a file, another address, or nothing. The same resolver answers a browser,
//! a tab that asks what its page is now, and a rule that shows one address at another.

use std::io;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use percent_encoding::percent_decode_str;

use super::current::Current;
use super::host;
use super::work::Shared;
use crate::build::search;
use crate::diagnostic::Diagnostic;
use crate::edition::{Edition, views};
use crate::media::card::Card;
use crate::media::recipe::Recipe;
use crate::media::{self, AssetBytes};
use crate::path::{SitePath, Url};
use crate::render::{self, Body, Marks, render, render_with};
use crate::route::{List, Route};
use crate::site::Entry;

/// What is at an address.
pub enum Answer {
    /// A page of the site.
    Page(Page),
    /// A file with its name, by which its type is known.
    File {
        /// Its name.
        name: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// Another address, for now: a browser must not remember what an editor may change.
    Redirect {
        /// The address.
        to: String,
        /// A page that says so, where the site has one.
        bytes: Vec<u8>,
    },
    /// Nothing, and there is no page that says so.
    Nothing,
}

/// A page.
pub struct Page {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The file it is of.
    pub source: Option<SitePath>,
    /// Whether it says that there is nothing here.
    pub is_missing: bool,
    /// Whether it could not be made, so that this is the last good one, or an empty one.
    pub has_failed: bool,
    /// What went wrong while it was made.
    pub said: Vec<Diagnostic>,
}

/// Finds what is at a path of the preview's address.
pub fn answer(shared: &Shared, current: &Current, path: &str, marks: Marks) -> Answer {
    let Some(edition) = &current.edition else { return Answer::Nothing };
    let base = edition.world.site.config.base_path.as_str();
    let Ok(path) = percent_decode_str(path).decode_utf8() else { return Answer::Nothing };
    let Some(inner) = path.strip_prefix(base).filter(|rest| rest.starts_with('/')) else {
        if path == "/" || path == base {
            return Answer::Redirect { to: format!("{base}/"), bytes: Vec::new() };
        }
        return missing(current, edition, &path, marks);
    };
    let found = at(shared, current, edition, inner, marks);
    let is_there = found.is_some();
    let rules = text(shared, edition, "_redirects");
    match host::redirect(&rules, inner, is_there) {
        Some(redirect) if matches!(redirect.status, 200 | 404 | 410) => {
            let other = redirect.to.strip_prefix(base).unwrap_or(&redirect.to);
            let shown = at(shared, current, edition, other, marks);
            match shown.or(found) {
                Some(Answer::Page(page)) if redirect.status != 200 => {
                    Some(Answer::Page(Page { is_missing: true, ..page }))
                }
                other => other,
            }
        }
        Some(redirect) => Some(Answer::Redirect { to: redirect.to, bytes: Vec::new() }),
        None => found,
    }
    .unwrap_or_else(|| missing(current, edition, inner, marks))
}

/// The headers of the site's own `_headers` for a path.
pub fn headers(shared: &Shared, current: &Current, path: &str) -> Vec<(String, String)> {
    let Some(edition) = &current.edition else { return Vec::new() };
    let base = &edition.world.site.config.base_path;
    host::headers(&text(shared, edition, "_headers"), path.strip_prefix(base.as_str()).unwrap_or(path))
}

/// The address, from the root of the host, at which a document of the site is shown.
pub fn address_of(edition: &Edition, source: &SitePath) -> Option<String> {
    let site = &edition.world.site;
    let entry = site.entry_at(source)?;
    Some(site.href(&entry.url))
}

/// What is at an address inside the site.
fn at(shared: &Shared, current: &Current, edition: &Edition, inner: &str, marks: Marks) -> Option<Answer> {
    let world = &edition.world;
    let href = |url: &Url| world.site.href(url);
    if let Some(route) = Url::parse(inner).and_then(|url| world.routes.at(&url)) {
        if let Route::Redirect { to, .. } = route {
            let to = href(&world.site.entries[*to].url);
            let bytes = page(current, edition, route, marks).map(|page| page.bytes).unwrap_or_default();
            return Some(Answer::Redirect { to, bytes });
        }
        if route.page_kind(&world.site).is_none() {
            let Some(Body::Bytes(bytes)) = render(edition, route).0.map(|output| output.body) else {
                return None;
            };
            return Some(Answer::File { name: inner.to_owned(), bytes });
        }
        return Some(Answer::Page(page(current, edition, route, marks)?));
    }
    if let Some(bytes) = engine(shared, current, edition, inner) {
        return Some(Answer::File { name: inner.to_owned(), bytes });
    }
    if let Some(recipe) = made(edition, inner) {
        return Some(Answer::File { name: inner.to_owned(), bytes: make(shared, &recipe)? });
    }
    if let Some(bytes) = card(shared, edition, inner) {
        return Some(Answer::File { name: inner.to_owned(), bytes });
    }
    if let Some(asset) = current.asset(inner) {
        let bytes = match asset {
            AssetBytes::Text(text) => text.as_bytes().to_vec(),
            AssetBytes::File(file) => read(shared, file)?,
            AssetBytes::Made(recipe) => make(shared, recipe)?,
            AssetBytes::Bare { file, xmp } => media::bare(&read(shared, file)?, xmp.as_deref()),
            AssetBytes::Nothing => return None,
        };
        return Some(Answer::File { name: inner.to_owned(), bytes });
    }
    if let Some(file) = world.inventory.statics.get(&inner[1..]) {
        return Some(Answer::File { name: inner.to_owned(), bytes: read(shared, file)? });
    }
    // What hosts make of addresses that are nearly right.
    let nearly = [
        inner.strip_suffix("index.html").map(str::to_owned),
        inner.strip_suffix(".html").map(|stem| format!("{stem}/")),
        (!inner.ends_with('/')).then(|| format!("{inner}/")),
        (!inner.ends_with('/')).then(|| format!("{inner}.html")),
        inner.strip_suffix('/').map(|stem| format!("{stem}.html")),
    ];
    let other =
        nearly.into_iter().flatten().find_map(|path| Url::parse(&path).filter(|u| world.routes.has(u)));
    if let Some(url) = other {
        return Some(Answer::Redirect { to: href(&url), bytes: Vec::new() });
    }
    let index = format!("{}/index.html", inner.trim_end_matches('/'));
    let file = world.inventory.statics.get(index.trim_start_matches('/'))?;
    Some(Answer::File { name: index, bytes: read(shared, file)? })
}

/// A file of the search engine; without it, one that says how to get it.
fn engine(shared: &Shared, current: &Current, edition: &Edition, address: &str) -> Option<Vec<u8>> {
    let name = address.strip_prefix('/').filter(|name| name.starts_with(search::FOLDER))?;
    if !edition.world.site.config.search {
        return None;
    }
    if !shared.options.search {
        return (name == "pagefind/pagefind.js").then(|| NO_ENGINE.as_bytes().to_vec());
    }
    let files = current.engine.get_or_init(|| {
        let files = search::files(edition).unwrap_or_default();
        files.into_iter().map(|(path, bytes)| (path.to_string(), bytes)).collect()
    });
    files.get(name).cloned()
}

/// What stands for the search engine while it is off: the search page shows what a `Notice` says.
const NO_ENGINE: &str = "export const options = async () => {};\nexport const search = async () => {\n  \
    const notice = new Error(\"The preview does not search unless it is started as `nutgraf serve --search`.\");\n  \
    notice.name = \"Notice\";\n  throw notice;\n};\n";

/// The recipe of a picture that some page asked for.
fn made(edition: &Edition, address: &str) -> Option<Recipe> {
    let url = Url::parse(address)?;
    edition.world.made.lock().unwrap_or_else(PoisonError::into_inner).get(&url).cloned()
}

/// The social card or the icon at an address: a card is of a page whose name the address begins with. They are made anew to find it,
/// because nobody looks at cards in a preview but who works at their template.
fn card(shared: &Shared, edition: &Edition, address: &str) -> Option<Vec<u8>> {
    let name = address.strip_prefix("/assets/").filter(|name| name.ends_with(".png"))?;
    let draw =
        |card: &Card| shared.options.cache.get_or_make(&card.key(), || card.draw(&edition.theme.faces)).ok();
    if let Some(icon) = views::icons(&edition.world).iter().find(|icon| icon.url.as_str() == address) {
        return draw(icon);
    }
    let entries = &edition.world.site.entries;
    let is_of = |entry: &Entry| name.strip_prefix(&*entry.id).is_some_and(|rest| rest.starts_with('-'));
    let mut cards =
        (0..entries.len()).filter(|id| is_of(&entries[*id])).filter_map(|id| render::card(edition, id));
    let card = cards.find(|card| card.url.as_str() == address)?;
    draw(&card)
}

/// A picture by its recipe.
fn make(shared: &Shared, recipe: &Recipe) -> Option<Vec<u8>> {
    let mut made = None;
    let read = |file: &SitePath| read(shared, file).ok_or_else(|| io::ErrorKind::NotFound.into());
    let outcome = shared.darkroom.make(read, &[recipe], |_, bytes| {
        made = Some(bytes);
        Ok(())
    });
    outcome.ok().and(made)
}

/// What is shown of a page that could never be made.
pub const EMPTY: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Nutgraf</title>\
                         <meta name=\"viewport\" content=\"width=device-width\"></head><body></body></html>\n";

/// Makes a page; when that fails, as it was in the last good edition.
fn page(current: &Current, edition: &Edition, route: &Route, marks: Marks) -> Option<Page> {
    let (output, said) = render_with(edition, route, marks);
    let has_failed = output.is_none();
    let bytes = match output.map(|output| output.body) {
        Some(Body::Bytes(bytes)) => bytes,
        Some(Body::Text(text)) => text.as_bytes().to_vec(),
        Some(Body::File(_)) => return None,
        None => {
            current.has_failed.store(true, Ordering::Relaxed);
            let url = route.url(&edition.world.site);
            let good = current.good.as_ref().zip(url).and_then(|(good, url)| {
                match render_with(good, good.world.routes.at(&url)?, marks).0?.body {
                    Body::Bytes(bytes) => Some(bytes),
                    Body::Text(_) | Body::File(_) => None,
                }
            });
            good.unwrap_or_else(|| EMPTY.into())
        }
    };
    Some(Page { bytes, source: source_of(edition, route), is_missing: false, has_failed, said })
}

/// The file a page is of.
fn source_of(edition: &Edition, route: &Route) -> Option<SitePath> {
    let site = &edition.world.site;
    let entry = match route {
        Route::Entry(id) | Route::List { list: List::UsedBy(id), .. } | Route::Twin { id, .. } => Some(*id),
        Route::List { list: List::Hub(kind, id), language, .. } => site.find(*kind, id, language),
        Route::List { .. }
        | Route::NotFound { .. }
        | Route::Search { .. }
        | Route::Redirect { .. }
        | Route::Feed { .. }
        | Route::Llms { .. }
        | Route::Manifest { .. }
        | Route::Sitemap(_)
        | Route::Host(_)
        | Route::Static { .. } => None,
    };
    entry.map(|id| site.entries[id].document.path.clone())
}

/// The page for an address that does not exist, in the language that the address begins with.
fn missing(current: &Current, edition: &Edition, inner: &str, marks: Marks) -> Answer {
    let site = &edition.world.site;
    let own = |language: &&str| {
        let prefix = site.config.prefix(language);
        !prefix.is_empty() && inner.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('/'))
    };
    let language = site.languages().find(own).unwrap_or(&site.config.language).to_owned();
    match page(current, edition, &Route::NotFound { language }, marks) {
        Some(page) => Answer::Page(Page { is_missing: true, ..page }),
        None => Answer::Nothing,
    }
}

/// The text of a file that a host reads, when the site has it.
fn text(shared: &Shared, edition: &Edition, name: &str) -> String {
    let file = edition.world.inventory.statics.get(name);
    let bytes = file.and_then(|file| read(shared, file)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The bytes of a file of the site or of the built-in theme.
fn read(shared: &Shared, file: &SitePath) -> Option<Vec<u8>> {
    let tree = shared.tree.read().unwrap_or_else(PoisonError::into_inner);
    let tree = if tree.contains(file) { &*tree } else { &shared.built_in };
    tree.read(file).ok()
}
