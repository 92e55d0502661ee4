//! What search engines may list, in which languages a page is there, and when it last changed.

use jiff::Timestamp;

use super::meta::Alternate;
use crate::document::Kind;
use crate::edition::{World, views};
use crate::moment::Moment;
use crate::path::Url;
use crate::route::{self, List, Route, list_url};
use crate::site::{Entry, EntryId, Shows, Site, time};

/// What search engines may do with a page.
pub fn robots(site: &Site, route: &Route) -> String {
    if !is_indexable(site, route) {
        return "noindex".into();
    }
    let expires = if let Route::Entry(id) = route { site.entries[*id].front.expires.as_ref() } else { None };
    let end = expires.filter(|expires| expires.value.at < Timestamp::MAX);
    let end = end.map(|expires| format!(", unavailable_after:{}", expires.value.iso(&site.config.timezone)));
    format!("max-image-preview:large{}", end.unwrap_or_default())
}

/// Whether search engines may list a page: all but those that are nobody's aim, empty lists, what is shown before it
/// is published, and everything in a build with drafts. (The preview, which shows what is to come, keeps them away by
/// a header: its pages are those of a build.)
pub fn is_indexable(site: &Site, route: &Route) -> bool {
    let is_aim = if let Route::Entry(id) = route {
        site.entries[*id].unpublished.is_empty()
    } else if let Route::List { list, language, .. } = route {
        !is_empty(site, list, language)
    } else {
        false
    };
    is_aim && site.shows != Shows::Drafts
}

fn is_empty(site: &Site, list: &List, language: &str) -> bool {
    match list {
        List::Topics => site.hubs(Kind::Topic, language).is_empty(),
        List::Authors => site.hubs(Kind::Author, language).is_empty(),
        List::Threads => site.hubs(Kind::Thread, language).is_empty(),
        // A hub is there because something is on its page.
        List::Hub(..) => false,
        List::Home | List::Briefings | List::Section(_) | List::Explainers | List::UsedBy(_) => {
            route::members(site, list, language).is_empty()
        }
        List::Corrections => route::corrections(site, language).is_empty(),
    }
}

/// The addresses of a page in all its languages, in their order; none when it has one only.
pub fn alternates(world: &World, route: &Route) -> Vec<(String, Url)> {
    let site = &world.site;
    if !is_indexable(site, route) {
        return Vec::new();
    }
    let mut found: Vec<(String, Url)> = Vec::new();
    if let Route::Entry(id) = route {
        let mut all: Vec<EntryId> = site.translations(*id).to_vec();
        all.retain(|other| is_indexable(site, &Route::Entry(*other)));
        all.push(*id);
        all.sort_by(|a, b| site.entries[*a].language.cmp(&site.entries[*b].language));
        found.extend(
            all.into_iter().map(|id| (site.entries[id].language.clone(), site.entries[id].url.clone())),
        );
    } else if let Route::List { list, page: None, .. } = route {
        // Of an older page there is none in another language: their numbers mean other entries.
        let all = site.languages().map(|language| (language, list_url(site, list, language)));
        let there = all.filter(|(language, url)| world.routes.has(url) && !is_empty(site, list, language));
        found.extend(there.map(|(language, url)| (language.to_owned(), url)));
    }
    if found.len() > 1 { found } else { Vec::new() }
}

/// The alternates as `hreflang` says them: with the one for whom no language fits, the default language's, else the
/// first.
pub fn hreflang(world: &World, found: Vec<(String, Url)>) -> Vec<Alternate> {
    let default = &world.site.config.language;
    let any = found.iter().find(|(language, _)| language == default).or(found.first()).cloned();
    let any = any.map(|(_, url)| ("x-default".to_owned(), url));
    let all = found.into_iter().chain(any);
    all.map(|(language, url)| Alternate { language, url: views::permalink(world, &url) }).collect()
}

/// When an entry was first published: of an explainer, the date of its oldest version.
pub fn published(site: &Site, entry: &Entry) -> Option<Moment> {
    match entry.kind {
        Kind::Explainer => {
            let versions = site.explainers.versions(&entry.id, &entry.language);
            let dates = versions.iter().map(|version| version.as_of);
            dates.min().and_then(|date| time::day(date, &site.config.timezone))
        }
        Kind::Briefing | Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => entry.published,
    }
}

/// When an entry last changed significantly: of an explainer, the later of the date of its facts and of a change.
pub fn modified(site: &Site, entry: &Entry) -> Option<Moment> {
    facts(site, entry).into_iter().chain(entry.modified).max()
}

/// The day that an explainer's facts are of.
pub fn facts(site: &Site, entry: &Entry) -> Option<Moment> {
    entry.front.as_of.as_ref().and_then(|date| time::day(date.value, &site.config.timezone))
}

/// When what a page shows last changed; nothing for one of which that is not known.
pub fn last_change(site: &Site, route: &Route) -> Option<Moment> {
    if let Route::Entry(id) = route {
        return modified(site, &site.entries[*id]);
    }
    let Route::List { list, language, page } = route else { return None };
    let range = route::pages(site, list, language).range(*page);
    if *list == List::Corrections {
        let (id, i) = *route::corrections(site, language)[range].first()?;
        return Some(site.entries[id].front.corrections[i].date.value);
    }
    let members = route::members(site, list, language);
    // Lists of hubs have none.
    let shown = members.get(range).unwrap_or_default();
    let newest = shown.iter().filter_map(|id| modified(site, &site.entries[*id])).max();
    let text = if let List::Hub(kind, id) = list { site.find(*kind, id, language) } else { None };
    newest.into_iter().chain(text.and_then(|id| site.entries[id].modified)).max()
}
