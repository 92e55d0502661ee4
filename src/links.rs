//! Where the links of a text lead: to a page, a file, another site, or nowhere. One resolver, used to check
//! links and to write them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use rayon::prelude::*;

use crate::diagnostic::catalog::site as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::facts::could_be_file;
use crate::document::{Document, Kind, markdown};
use crate::fields::is_unsafe_url;
use crate::media::picture::Fault;
use crate::media::{Assets, Inventory};
use crate::path::{SitePath, Url};
use crate::route::{List, Route, Routes};
use crate::site::{Entry, EntryId, Site, Target, Withheld};

/// What resolving needs to know.
#[derive(Clone, Copy)]
pub struct Linker<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its outputs.
    pub routes: &'a Routes,
    /// Its files.
    pub inventory: &'a Inventory,
    /// Their addresses; empty while links are only checked.
    pub assets: &'a Assets,
    /// Where files are noted whose own address was given, so that they are published.
    pub asked: Option<&'a Mutex<BTreeSet<SitePath>>>,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// To a place on the same page.
    Here(String),
    /// To an address of this site, base path included.
    Inside(String),
    /// To another site, as written.
    Outside,
    /// To something that is not published at this moment.
    Withheld(Withheld),
    /// To a page that exists, but to no place on it.
    NoAnchor {
        /// The document.
        entry: EntryId,
        /// The anchor.
        anchor: String,
    },
    /// To nothing.
    Nowhere,
}

impl Link {
    /// What an attribute says of a link written so, with the address of an anchor on the page itself; `None`
    /// when it is to become plain text.
    pub fn href(self, written: &str, here: impl FnOnce(&str) -> String) -> Option<String> {
        match self {
            Self::Outside => (!is_unsafe_url(written)).then(|| written.to_owned()),
            Self::Inside(url) => Some(url),
            Self::Here(anchor) => Some(here(&anchor)),
            Self::Withheld(_) | Self::NoAnchor { .. } | Self::Nowhere => None,
        }
    }
}

/// What must be escaped in a path.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'#')
    .add(b'?')
    .add(b'{')
    .add(b'}')
    .add(b'%');

impl Linker<'_> {
    /// Resolves a link written in a document that is shown in a language.
    pub fn link(&self, from: &Document, language: &str, written: &str) -> Link {
        if is_outside(written) {
            return Link::Outside;
        }
        let (path, anchor) =
            written.split_once('#').map_or((written, None), |(path, anchor)| (path, Some(anchor)));
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let anchor =
            anchor.filter(|a| !a.is_empty()).map(|a| percent_decode_str(a).decode_utf8_lossy().into_owned());
        let path = percent_decode_str(path).decode_utf8_lossy();
        if path.is_empty() {
            return match anchor {
                Some(anchor) => Link::Here(anchor),
                None => Link::Here(String::new()),
            };
        }
        let target = match path.strip_prefix('/') {
            Some(_) => self.rooted(&path),
            None => self.relative(from, language, &path),
        };
        match target {
            Found::Entry(id) => self.entry(id, query, anchor),
            Found::Page(url) | Found::File(url) => {
                let query = query.map_or_else(String::new, |q| format!("?{q}"));
                let anchor = anchor.map_or_else(String::new, |a| format!("#{}", encode(&a)));
                Link::Inside(format!("{url}{query}{anchor}"))
            }
            Found::Withheld(why) => Link::Withheld(why),
            Found::Nothing => Link::Nowhere,
        }
    }

    /// Why an address from the site's root shows nothing at this moment, when something is to be there.
    pub fn withheld(&self, path: &str) -> Option<Withheld> {
        let path = path.split(['?', '#']).next().unwrap_or(path);
        match self.rooted(path) {
            Found::Withheld(why) => Some(why),
            Found::Entry(_) | Found::Page(_) | Found::File(_) | Found::Nothing => None,
        }
    }

    /// Where a link leads, as an attribute says it; `None` when it is to become plain text.
    pub fn href(&self, from: &Document, language: &str, written: &str) -> Option<String> {
        self.link(from, language, written).href(written, |anchor| format!("#{anchor}"))
    }

    /// A short Markdown text of a document with its links as they lead from any page.
    pub fn rewrite(&self, from: &Document, language: &str, text: &str) -> String {
        let mut rewritten = text.to_owned();
        for link in markdown::links(text).into_iter().rev() {
            match (self.href(from, language, &link.url), link.destination) {
                (Some(href), Some(destination)) => rewritten.replace_range(destination, &href),
                // What leads nowhere is plain text, and no trace of the address is left.
                _ => rewritten.replace_range(link.at, &text[link.label]),
            }
        }
        rewritten
    }

    /// The file that a document names as a picture or an attachment.
    pub fn file(&self, from: &Document, written: &str) -> Option<SitePath> {
        let path = written.split(['?', '#']).next().unwrap_or(written);
        let path = percent_decode_str(path).decode_utf8_lossy();
        match path.strip_prefix('/') {
            Some(name) => self.inventory.statics.get(name).cloned(),
            None => from.path.join(&path).filter(|path| self.inventory.content.contains(path)),
        }
    }

    /// What templates and components are given for a picture: its path in the site, or its whole address. `None`
    /// for one that does not exist or cannot be shown, of which its document was told.
    pub fn key(&self, from: &Document, written: &str) -> Option<String> {
        if is_outside(written) {
            return (!is_unsafe_url(written)).then(|| written.to_owned());
        }
        let file = self.file(from, written)?;
        let picture = self.assets.get(&file).and_then(|asset| asset.picture.as_ref());
        if picture.is_some_and(Result::is_err) {
            return None;
        }
        let name = file.as_str().trim_start_matches("nutgraf/").strip_prefix("static/");
        Some(name.map_or_else(|| file.to_string(), |name| format!("/{name}")))
    }

    /// The address of a file: hashed for a file of content/ or of the built-in theme, its own name for one of
    /// static/.
    pub fn file_href(&self, file: &SitePath) -> Option<String> {
        let base = &self.site.config.base_path;
        let name = file.as_str().strip_prefix("static/");
        let Some(name) = name else {
            if let Some(asked) = self.asked {
                asked.lock().unwrap_or_else(PoisonError::into_inner).insert(file.clone());
            }
            return self.assets.get(file).map(|asset| format!("{base}{}", asset.url));
        };
        Some(format!("{base}/{}", encode(name)))
    }

    fn entry(&self, id: EntryId, query: Option<&str>, anchor: Option<String>) -> Link {
        let entry = &self.site.entries[id];
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let href = format!("{}{query}", self.site.href(&entry.url));
        match anchor {
            None => Link::Inside(href),
            Some(anchor) if has_anchor(self.site, entry, &anchor) => {
                Link::Inside(format!("{href}#{}", encode(&anchor)))
            }
            Some(anchor) => Link::NoAnchor { entry: id, anchor },
        }
    }

    fn rooted(&self, path: &str) -> Found {
        if let Some(file) = path.strip_prefix('/').and_then(|name| self.inventory.statics.get(name)) {
            return self.file_href(file).map_or(Found::Nothing, Found::File);
        }
        let with_slash = format!("{path}/");
        for candidate in [path, with_slash.as_str()] {
            let Some(url) = Url::parse(candidate) else { continue };
            // A hub whose text is withheld still lists its briefings.
            if let Some(why) = self.site.withheld_at(&url).filter(|_| !self.routes.has(&url)) {
                return Found::Withheld(why);
            }
            match self.routes.at(&url) {
                Some(Route::Entry(id)) => return Found::Entry(*id),
                Some(Route::List { list: List::Hub(kind, id), language, page: None }) => {
                    return match self.site.find(*kind, id, language) {
                        Some(entry) => Found::Entry(entry),
                        None => Found::Page(self.site.href(&url)),
                    };
                }
                Some(_) => return Found::Page(self.site.href(&url)),
                None => {}
            }
        }
        Found::Nothing
    }

    fn relative(&self, from: &Document, language: &str, path: &str) -> Found {
        let Some(target) = from.path.join(path) else { return Found::Nothing };
        for ending in ["", ".md", "/index.md"] {
            match self.site.at_path(&SitePath::new(format!("{target}{ending}"))) {
                Some(Target::Entry(id)) => return Found::Entry(self.site.in_language(id, language)),
                Some(Target::Withheld(why)) => return Found::Withheld(why),
                None => {}
            }
        }
        if self.inventory.content.contains(&target) {
            return Found::File(self.file_href(&target).unwrap_or_default());
        }
        Found::Nothing
    }
}

enum Found {
    Entry(EntryId),
    Page(String),
    File(String),
    Withheld(Withheld),
    Nothing,
}

/// A path with what an address cannot hold escaped.
pub fn encode(path: &str) -> String {
    utf8_percent_encode(path, PATH).to_string()
}

/// What must be escaped in a whole address, which may have a query and an anchor, and escapes of its own.
const ADDRESS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}');

/// An address with what it cannot hold escaped.
pub fn encode_address(address: &str) -> String {
    utf8_percent_encode(address, ADDRESS).to_string()
}

/// Whether a link leads to another site: it has a scheme or a host.
pub fn is_outside(written: &str) -> bool {
    if written.starts_with("//") {
        return true;
    }
    let scheme = written.split([':', '/', '?', '#']).next().unwrap_or_default();
    // `C:\photo.jpg` is no scheme.
    scheme.len() > 1
        && written[scheme.len()..].starts_with(':')
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Whether a page has a place with this id: in its text, in an explainer it shows, or made by its template.
fn has_anchor(site: &Site, entry: &Entry, anchor: &str) -> bool {
    let facts = &entry.document.facts;
    if facts.has_anchor(anchor) || ["page-sources", "page-read-also", "main"].contains(&anchor) {
        return true;
    }
    if anchor
        .strip_prefix("correction-")
        .and_then(|n| n.parse::<usize>().ok())
        .is_some_and(|n| (1..=entry.front.corrections.len()).contains(&n))
    {
        return true;
    }
    crate::site::explainers::refs(&entry.front, &entry.document).any(|reference| {
        let id = &reference.id.value;
        anchor == id
            || anchor.strip_prefix(id.as_str()).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| {
                [entry.language.as_str(), &site.config.language].iter().any(|language| {
                    site.explainers.versions(id, language).iter().any(|v| v.document.facts.has_anchor(rest))
                })
            })
    })
}

/// Checks what nutgraf.yaml names: the menu's addresses, the theme's files, the front page's blocks.
pub fn check_settings(linker: Linker<'_>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let config = &linker.site.config;
    let file = SitePath::new("nutgraf.yaml");
    let span = |at: &std::ops::Range<usize>| Span::new(&file, at.clone());
    let menu = config.menu.iter().map(|item| &item.url);
    let pages = menu.chain(config.publisher.policies.iter().map(|(_, url)| url));
    for url in pages.filter(|url| url.value.starts_with('/') && !is_outside(&url.value)) {
        let path = url.value.split(['?', '#']).next().unwrap_or_default();
        match linker.rooted(path) {
            Found::Nothing => {
                diagnostics.push(say::dead_link(span(&url.at), path, linker.routes.urls()));
            }
            Found::Withheld(why) => {
                let reason = why.reason(&config.timezone);
                diagnostics.push(say::withheld_link(span(&url.at), path, &reason));
            }
            Found::Entry(_) | Found::Page(_) | Found::File(_) => {}
        }
    }
    for named in config.theme.css.iter().chain(&config.theme.logo).chain(&config.publisher.logo) {
        let statics = &linker.inventory.statics;
        if !statics.contains_key(named.value.trim_start_matches('/')) {
            diagnostics.push(say::missing_static(
                span(&named.at),
                &named.value,
                statics.keys().map(String::as_str),
            ));
        }
    }
    for section in &config.home_sections {
        if !config.sections.iter().any(|s| s.id == section.value) {
            let known = config.sections.iter().map(|s| s.id.as_str());
            diagnostics.push(say::unknown_section(span(&section.at), &section.value, known));
        }
    }
    for topic in &config.home_topics {
        let known: Vec<String> = linker.site.hubs(Kind::Topic, &config.language);
        if !known.contains(&topic.value) {
            let known = known.iter().map(String::as_str);
            diagnostics.push(say::unknown_topic(span(&topic.at), &topic.value, known));
        }
    }
    diagnostics
}

/// Checks every link and file that a document names.
pub fn check_entry(linker: Linker<'_>, entry: &Entry) -> Vec<Diagnostic> {
    let document = &entry.document;
    let zone = &linker.site.config.timezone;
    let mut diagnostics = Vec::new();
    let mut dead = 0;
    for link in document.facts.links.iter().chain(&document.front.urls) {
        let span = || Span::new(&document.path, link.at.clone());
        match linker.link(document, &entry.language, &link.value) {
            Link::Inside(_) => {
                // A kind of picture that browsers do not show may still be handed out.
                if could_be_file(&link.value)
                    && let Some(fault) = fault(linker, document, &link.value)
                    && !matches!(fault, Fault::Unshown(_))
                {
                    diagnostics.push(bad_picture(span(), &link.value, fault));
                }
            }
            Link::Outside => {}
            Link::Here(anchor) => {
                if !anchor.is_empty() && !has_anchor(linker.site, entry, &anchor) {
                    diagnostics.push(say::dead_anchor(span(), "this page", &anchor, document.facts.ids()));
                }
            }
            Link::Withheld(why) => {
                diagnostics.push(say::withheld_link(span(), &link.value, &why.reason(zone)));
            }
            Link::NoAnchor { entry: id, anchor } => {
                let target = &linker.site.entries[id].document;
                let page = format!("`{}`", target.path);
                diagnostics.push(say::dead_anchor(span(), &page, &anchor, target.facts.ids()));
            }
            Link::Nowhere => {
                dead += 1;
                diagnostics.push(dead_link(linker, entry, &link.value, span(), dead <= GUESSES));
            }
        }
    }
    let image = document.front.image.iter().map(|image| &image.src).filter(|src| !src.value.is_empty());
    for file in document.facts.files.iter().chain(image).filter(|file| !is_outside(&file.value)) {
        let span = Span::new(&document.path, file.at.clone());
        if let Some(fault) = fault(linker, document, &file.value) {
            diagnostics.push(bad_picture(span, &file.value, fault));
        } else if linker.file(document, &file.value).is_none() {
            let folder = document.path.folder();
            let near = linker
                .inventory
                .content
                .iter()
                .filter_map(|path| path.as_str().strip_prefix(folder)?.strip_prefix('/'));
            let statics: Vec<String> =
                linker.inventory.statics.keys().map(|name| format!("/{name}")).collect();
            diagnostics.push(say::missing_file(
                span,
                &file.value,
                near.chain(statics.iter().map(String::as_str)),
            ));
        }
    }
    diagnostics
}

/// What is wrong with the picture that a document names.
fn fault<'a>(linker: Linker<'a>, document: &Document, written: &str) -> Option<&'a Fault> {
    let asset = linker.assets.get(&linker.file(document, written)?)?;
    asset.picture.as_ref()?.as_ref().err()
}

fn bad_picture(span: Span, written: &str, fault: &Fault) -> Diagnostic {
    let (reason, help) = fault.said();
    say::bad_picture(span, written, &reason, &help)
}

/// For how many dead links of a document the nearest address is looked for: a whole archive that moved has
/// thousands.
const GUESSES: usize = 20;

fn dead_link(linker: Linker<'_>, entry: &Entry, written: &str, span: Span, guess: bool) -> Diagnostic {
    if !guess {
        return say::dead_link(span, written, []);
    }
    if written.starts_with('/') {
        let path = written.split(['?', '#']).next().unwrap_or(written);
        return say::dead_link(span, path, linker.routes.urls());
    }
    let folder = entry.document.path.folder();
    let names: Vec<&str> = linker
        .site
        .entries
        .iter()
        .filter_map(|e| e.document.path.as_str().strip_prefix(folder)?.strip_prefix('/'))
        .collect();
    say::dead_link(span, written.split('#').next().unwrap_or(written), names)
}

/// The files of the site that a document names: pictures, and what it hands out.
pub fn files_of<'a>(linker: Linker<'a>, entry: &'a Entry) -> impl Iterator<Item = SitePath> + 'a {
    let document = &entry.document;
    let image = entry.front.image.iter().map(|image| &image.src.value);
    let files = document.facts.named_files().chain(image);
    files.filter(|file| !is_outside(file)).filter_map(move |file| linker.file(document, file))
}

/// The files that published documents name.
pub fn named_files(linker: Linker<'_>) -> BTreeSet<SitePath> {
    let entries = linker.site.entries.par_iter().chain(&linker.site.older);
    let named: Vec<SitePath> = entries.flat_map_iter(|entry| files_of(linker, entry)).collect();
    named.into_iter().collect()
}
