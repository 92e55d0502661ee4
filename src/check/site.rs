//! Rules between documents: translations that are missing or old, files that nobody names, pages to which nothing
//! leads.

use std::collections::{BTreeMap, BTreeSet};

use super::{headline_of, stories};
use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::front::CorrectionKind;
use crate::document::{Kind, identity};
use crate::edition::{Edition, World};
use crate::links::{Link, files_of};
use crate::path::SitePath;
use crate::site::{Entry, Site};

/// A document in all its languages.
type Together<'a> = BTreeMap<&'a str, &'a Entry>;

/// Translations that are missing where others have them, or older than their original.
pub fn translations(edition: &Edition) -> Vec<Diagnostic> {
    let world = &*edition.world;
    let site = &world.site;
    let languages: Vec<&str> = site.languages().collect();
    let mut all: BTreeMap<(Kind, &str, Option<jiff::civil::Date>), Together<'_>> = BTreeMap::new();
    for entry in stories(world).chain(site.older.iter().map(|entry| &**entry)) {
        let identity = &entry.document.identity;
        let key = (entry.kind, &*identity.key, identity.version);
        all.entry(key).or_default().insert(&entry.language, entry);
    }
    let usual = usual(&all);
    let history: BTreeSet<&SitePath> = site.older.iter().map(|older| &older.document.path).collect();
    let mut said = Vec::new();
    for ((kind, ..), together) in &all {
        let missing: Vec<&str> = languages
            .iter()
            .copied()
            .filter(|language| !together.contains_key(language))
            .filter(|language| usual.contains(&(*kind, *language)))
            .collect();
        let original = together.get(site.config.language.as_str()).or_else(|| together.values().next());
        let Some(original) = original else { continue };
        // An older version of an explainer is history.
        let is_history = history.contains(&original.document.path);
        if !missing.is_empty() && !is_history {
            said.push(say::translation_missing(headline_of(original), &missing));
        }
        for translation in together.values().filter(|entry| entry.document.path != original.document.path) {
            said.extend(outdated(site, original, translation));
        }
    }
    said
}

/// The languages in which most documents of a kind have a text.
fn usual<'a>(
    all: &BTreeMap<(Kind, &str, Option<jiff::civil::Date>), Together<'a>>,
) -> BTreeSet<(Kind, &'a str)> {
    let mut have: BTreeMap<(Kind, &str), usize> = BTreeMap::new();
    let mut count: BTreeMap<Kind, usize> = BTreeMap::new();
    for ((kind, ..), together) in all {
        *count.entry(*kind).or_default() += 1;
        for language in together.keys() {
            *have.entry((*kind, language)).or_default() += 1;
        }
    }
    have.into_iter().filter(|((kind, _), have)| have * 2 > count[kind]).map(|(key, _)| key).collect()
}

/// What an original has that its translation has not caught up with.
fn outdated(site: &Site, original: &Entry, translation: &Entry) -> Option<Diagnostic> {
    let (own, first) = (&translation.document.front, &original.document.front);
    let zone = &site.config.timezone;
    let span = |entry: &Entry, at: &std::ops::Range<usize>| Span::new(&entry.document.path, at.clone());
    if let (Some(own), Some(first)) = (&own.updated, &first.updated)
        && own.value.at < first.value.at
        && (own.value.has_time || own.value.date(zone) < first.value.date(zone))
    {
        let what =
            format!("was updated on {}, this text on {}", first.value.date(zone), own.value.date(zone));
        let places = (span(translation, &own.at), span(original, &first.at));
        return Some(say::translation_outdated(places.0, places.1, &what));
    }
    if let (Some(own), Some(first)) = (&own.as_of, &first.as_of)
        && own.value < first.value
    {
        let what = format!("is of {}, this text of {}", first.value, own.value);
        let places = (span(translation, &own.at), span(original, &first.at));
        return Some(say::translation_outdated(places.0, places.1, &what));
    }
    let corrected = |entry: &Entry| {
        let corrections = entry.document.front.corrections.clone().into_iter();
        let real = corrections.filter(|correction| correction.kind != CorrectionKind::Update);
        real.map(|correction| (correction.date.value.date(zone), correction.date.at)).collect::<Vec<_>>()
    };
    let own = corrected(translation);
    let missing = corrected(original).into_iter().find(|(date, _)| own.iter().all(|(own, _)| own != date));
    missing.map(|(date, at)| {
        let what = format!("was corrected on {date}, this text was not");
        say::translation_outdated(headline_of(translation), span(original, &at), &what)
    })
}

/// Files of content/ that no document names, not even one that is withheld.
pub fn unused_assets(edition: &Edition) -> Vec<Diagnostic> {
    let world = &*edition.world;
    let linker = world.linker();
    let left_out = world.site.left_out.iter().map(|left_out| &left_out.entry);
    let entries = world.site.entries.iter().chain(&world.site.older).chain(left_out);
    let named: BTreeSet<SitePath> = entries.flat_map(|entry| files_of(linker, entry)).collect();
    let files = world.inventory.content.iter();
    let unused = files.filter(|file| !named.contains(*file) && !identity::is_markdown(file));
    unused.map(|file| say::unused_asset(Span::file(file))).collect()
}

/// Pages that no menu, policy, template or text leads to.
pub fn orphan_pages(edition: &Edition) -> Vec<Diagnostic> {
    let world = &*edition.world;
    let site = &world.site;
    let pages: Vec<&Entry> = site.entries.iter().map(|e| &**e).filter(|e| e.kind == Kind::Page).collect();
    if pages.is_empty() {
        return Vec::new();
    }
    let mut led_to: BTreeSet<String> = BTreeSet::new();
    for entry in stories(world).chain(site.older.iter().map(|entry| &**entry)) {
        led_to.extend(links(world, entry));
    }
    let mut named = site.config.publisher.all.to_string();
    for item in &site.config.menu {
        named.push_str(&format!(" \"{}\"", item.url.value));
    }
    let is_named = |entry: &Entry| {
        let url = entry.url.as_str();
        let path = url.strip_prefix(&site.config.prefix(&entry.language)).unwrap_or(url);
        [url, path].iter().any(|url| {
            let bare = url.trim_end_matches('/');
            named.contains(&format!("\"{url}")) || named.contains(&format!("\"{bare}\""))
        })
    };
    let templates = edition.theme.sources.values();
    pages
        .into_iter()
        .filter(|entry| {
            let mut addresses =
                std::iter::once(&entry.url).chain(entry.front.aliases.iter().map(|alias| &alias.value));
            !is_named(entry) && !addresses.any(|url| led_to.contains(&site.href(url)))
        })
        .filter(|entry| {
            let named = ["\"", "'"].map(|quote| format!("{}{quote}", entry.url));
            !templates.clone().any(|text| named.iter().any(|named| text.contains(named)))
        })
        .map(|entry| say::orphan_page(headline_of(entry), entry.url.as_str()))
        .collect()
}

/// The addresses that a document's links lead to, but for its own.
fn links<'a>(world: &'a World, entry: &'a Entry) -> impl Iterator<Item = String> + 'a {
    let document = &entry.document;
    let all = document.facts.links.iter().chain(&document.front.urls);
    let own = world.site.href(&entry.url);
    let led = all.filter_map(|link| match world.linker().link(document, &entry.language, &link.value) {
        Link::Inside(url) => Some(url.split(['#', '?']).next().unwrap_or(&url).to_owned()),
        Link::Here(_) | Link::Outside | Link::Withheld(_) | Link::NoAnchor { .. } | Link::Nowhere => None,
    });
    led.filter(move |url| *url != own)
}
