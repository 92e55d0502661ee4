//! The pages of lists: the front page, sections, hubs, corrections, and who uses an explainer.

use serde::Serialize;
use tera::{Map, Value};

use super::meta::{self, Meta};
use super::page::page_view;
use super::{Marks, context, template};
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Kind;
use crate::edition::{Edition, views};
use crate::path::{SitePath, Url};
use crate::route::{self, List, Pages, page_url};
use crate::site::{self, EntryId, Group, Site};

/// How many entries a block of the front page has.
const HOME_BLOCK: usize = 5;

/// What a template knows of a list, besides its entries.
#[derive(Clone, Debug, Serialize)]
pub struct ListFields {
    /// `home`, `briefings`, `section`, `explainers`, `topics`, `authors`, `threads`, `corrections`,
    /// `topic`, `author`, `thread` or `used_by`.
    pub kind: &'static str,
    /// The id of a section or hub.
    pub id: Option<String>,
    /// Its title: a section's, a hub's or an explainer's; else the template names it.
    pub title: Option<String>,
    /// Its address.
    pub url: String,
    /// Its whole address.
    pub permalink: String,
    /// The number of an older page; nothing on the first.
    pub number: Option<usize>,
    /// How many entries there are on all pages.
    pub total: usize,
    /// How many older pages there are.
    pub older_pages: usize,
    /// The address of the next page with older entries.
    pub older_url: Option<String>,
    /// The address of the next page with newer entries.
    pub newer_url: Option<String>,
}

/// A page of a list.
pub fn list(
    edition: &Edition,
    list: &List,
    language: &str,
    page: Option<usize>,
    meta: &Meta,
    marks: Marks,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<u8>> {
    let world = &edition.world;
    let mut context = context(edition, language);
    context.insert_value(
        "languages",
        views::language_links(world, &edition.theme, language, |other| same_list(edition, list, other)),
    );
    context.insert_value("meta", meta::view(meta));
    context.insert_value("list", view(edition, list, language, page));
    let mut span = Span::file(&SitePath::new("nutgraf.yaml"));
    let name = match (list, page) {
        (List::Home, None) => {
            context.insert_value("home", home(edition, language));
            "home.html"
        }
        (List::Corrections, _) => "corrections.html",
        (List::Hub(kind, id), _) => {
            let hub = match world.site.find(*kind, id, language) {
                Some(entry) => {
                    span = Span::file(&world.site.entries[entry].document.path);
                    Value::from(page_view(edition, entry, marks, diagnostics))
                }
                None => bare_hub(edition, *kind, id, language),
            };
            context.insert_value("page", hub);
            match kind {
                Kind::Topic => "topic.html",
                Kind::Author => "author.html",
                Kind::Thread => "thread.html",
                Kind::Briefing | Kind::Explainer | Kind::Page => "list.html",
            }
        }
        (
            List::Home
            | List::Briefings
            | List::Section(_)
            | List::Explainers
            | List::Topics
            | List::Authors
            | List::Threads
            | List::UsedBy(_),
            _,
        ) => "list.html",
    };
    template(edition, name, &context, &span, diagnostics)
}

/// The address of the same list in another language, where there is one.
fn same_list(edition: &Edition, list: &List, language: &str) -> Option<Url> {
    let world = &edition.world;
    let url = match list {
        List::UsedBy(id) => {
            let other = world.site.in_language(*id, language);
            (world.site.entries[other].language == language).then(|| world.site.entries[other].url.clone())
        }
        _ => Some(route::list_url(&world.site, list, language)),
    };
    url.filter(|url| world.routes.has(url))
}

/// A hub that has no text in this language: the default language's fields without its text, or its name.
fn bare_hub(edition: &Edition, kind: Kind, id: &str, language: &str) -> Value {
    let world = &edition.world;
    let (card, fields) = views::bare_hub(world, kind, id, language);
    let mut page = views::to_map(&card);
    page.extend(views::to_map(&fields));
    for key in ["read_also", "explainers"] {
        page.insert(key.into(), Value::from(Vec::<Value>::new()));
    }
    for key in ["thread_earlier", "thread_later"] {
        page.insert(key.into(), Value::none());
    }
    for key in ["content", "background"] {
        page.insert(key.into(), Value::safe_string(""));
    }
    if kind == Kind::Topic {
        let explainers = world.site.groups.explainers_of(id, language);
        page.insert("explainers".into(), views::cards_of(world, explainers));
    }
    Value::from(page)
}

/// What a template knows of a page of a list.
pub fn view(edition: &Edition, list: &List, language: &str, page: Option<usize>) -> Value {
    let world = &edition.world;
    let site = &world.site;
    let members = route::members(site, list, language);
    let pages = route::pages(site, list, language);
    let range = pages.range(page);
    let url = page_url(site, list, language, page);
    let (older, newer) = neighbours(pages, page);
    let href = |page: usize| site.href(&page_url(site, list, language, (page > 0).then_some(page)));
    let (kind, id, title) = naming(world, list, language);
    let fields = ListFields {
        kind,
        id,
        title,
        url: site.href(&url),
        permalink: views::permalink(world, &url),
        number: page,
        total: pages.total,
        older_pages: pages.older,
        older_url: older.map(href),
        newer_url: newer.map(href),
    };
    let mut map: Map = views::to_map(&fields);
    let items = match list {
        List::Corrections => corrections(edition, &route::corrections(site, language)[range]),
        List::UsedBy(id) => views::users(world, *id, members.get(range).unwrap_or_default()),
        _ => views::cards_of(world, members.get(range).unwrap_or_default()),
    };
    map.insert("items".into(), items);
    let hubs = match list {
        List::Topics => hubs(edition, Kind::Topic, language),
        List::Authors => hubs(edition, Kind::Author, language),
        List::Threads => hubs(edition, Kind::Thread, language),
        _ => Value::from(Vec::<Value>::new()),
    };
    map.insert("hubs".into(), hubs);
    Value::from(map)
}

/// The pages beside a page, as numbers: with older entries, and with newer ones (0 is the first page).
fn neighbours(pages: Pages, page: Option<usize>) -> (Option<usize>, Option<usize>) {
    match page {
        None => ((pages.older > 0).then_some(pages.older), None),
        Some(page) => ((page > 1).then(|| page - 1), Some(if page < pages.older { page + 1 } else { 0 })),
    }
}

fn naming(
    world: &crate::edition::World,
    list: &List,
    language: &str,
) -> (&'static str, Option<String>, Option<String>) {
    let site: &Site = &world.site;
    match list {
        List::Home => ("home", None, None),
        List::Briefings => ("briefings", None, None),
        List::Section(id) => {
            ("section", Some(id.clone()), views::section(world, id, language).map(|s| s.title))
        }
        List::Explainers => ("explainers", None, None),
        List::Topics => ("topics", None, None),
        List::Authors => ("authors", None, None),
        List::Threads => ("threads", None, None),
        List::Corrections => ("corrections", None, None),
        List::Hub(kind, id) => {
            (kind.name(), Some(id.clone()), Some(views::named(world, *kind, id, language).title))
        }
        List::UsedBy(id) => {
            let entry = &site.entries[*id];
            ("used_by", Some(entry.id.to_string()), Some(entry.title().to_owned()))
        }
    }
}

fn hubs(edition: &Edition, kind: Kind, language: &str) -> Value {
    let world = &edition.world;
    let hubs: Vec<Value> =
        world.site.hubs(kind, language).iter().map(|id| views::hub(world, kind, id, language)).collect();
    Value::from(hubs)
}

fn corrections(edition: &Edition, corrections: &[(EntryId, usize)]) -> Value {
    let world = &edition.world;
    let zone = &world.site.config.timezone;
    let items = corrections.iter().map(|(id, i)| {
        let correction = &world.site.entries[*id].front.corrections[*i];
        let mut map = views::to_map(&views::CorrectionView {
            id: views::correction_id(*i),
            date: correction.date.value.as_written(zone),
            text: views::rewrite(world, &world.site.entries[*id], &correction.text),
            kind: correction.kind,
        });
        map.insert("page".into(), world.card(*id));
        Value::from(map)
    });
    Value::from(items.collect::<Vec<_>>())
}

/// The blocks of the front page.
fn home(edition: &Edition, language: &str) -> Value {
    let world = &edition.world;
    let site = &world.site;
    let all = site.groups.of(Group::All, language);
    let lead = site::lead(site, language, site.now);
    let rest: Vec<EntryId> = all.iter().copied().filter(|id| Some(*id) != lead).collect();
    let mut map = Map::new();
    map.insert("lead".into(), lead.map_or_else(Value::none, |id| world.card(id)));
    map.insert("latest".into(), views::cards_of(world, &rest[..rest.len().min(2 * HOME_BLOCK)]));
    let block = |named: views::Named, group: Group<'_>| {
        let mut map = views::to_map(&named);
        let members = site.groups.of(group, language);
        map.insert("items".into(), views::cards_of(world, &members[..members.len().min(HOME_BLOCK)]));
        (!members.is_empty()).then(|| Value::from(map))
    };
    let wanted = &site.config.home_sections;
    let ids: Vec<&str> = if wanted.is_empty() {
        site.config.sections.iter().map(|s| s.id.as_str()).collect()
    } else {
        wanted.iter().map(|id| id.value.as_str()).collect()
    };
    let sections =
        ids.iter().filter_map(|id| block(views::section(world, id, language)?, Group::Section(id)));
    map.insert("sections".into(), Value::from(sections.collect::<Vec<_>>()));
    let topics = site.config.home_topics.iter().filter_map(|id| {
        block(views::named(world, Kind::Topic, &id.value, language), Group::Topic(&id.value))
    });
    map.insert("topics".into(), Value::from(topics.collect::<Vec<_>>()));
    map.insert("threads".into(), hubs(edition, Kind::Thread, language));
    let explainers = route::members(site, &List::Explainers, language);
    map.insert("explainers".into(), views::cards_of(world, &explainers[..explainers.len().min(HOME_BLOCK)]));
    Value::from(map)
}
