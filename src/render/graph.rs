//! A page's structured data: one graph of schema.org's terms as JSON-LD. It says what the page shows, from the same
//! values; nothing in it is guessed. What the terms mean and where they belong: schema.org; which of them news
//! search reads: Google's documentation on `Article`, `ProfilePage` and image metadata.

use serde_json::{Map, Value, json};

use super::meta::{self, Meta, whole};
use crate::document::front::Term;
use crate::document::{Kind, markdown};
use crate::edition::views::{self, Picture};
use crate::edition::{Edition, World};
use crate::route::{self, List, Route, list_url};
use crate::site::{Entry, EntryId, Shown, explainers};

/// How many entries a list names in its graph.
const MOST_ITEMS: usize = 20;

/// The graph of a page as text that may stand in a `<script>`; empty for a page that says `noindex` by its nature.
pub fn of(edition: &Edition, route: &Route, language: &str, meta: &Meta) -> String {
    let mut graph = vec![organization(edition, language), website(edition, language)];
    if let Some(url) = &meta.canonical {
        if let Some(breadcrumb) = breadcrumb(&edition.world, meta, url) {
            graph.push(breadcrumb);
        }
        match route {
            Route::Entry(id) => graph.push(entry(edition, *id, meta, url)),
            Route::List { list, language, page } => {
                graph.push(collection(edition, list, language, *page, meta, url));
            }
            _ => {}
        }
    }
    for_script(&json!({"@context": "https://schema.org", "@graph": graph}))
}

/// JSON that nothing in it can end or leave: a `<script>` ends at `</script`, and old browsers take two marks for
/// ends of lines.
pub fn for_script(value: &Value) -> String {
    let text = value.to_string();
    let mut safe = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    safe
}

/// A node, without what is not known.
fn node(kind: &Value, fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let mut map = Map::new();
    map.insert("@type".into(), kind.clone());
    for (key, value) in fields {
        let is_known = match &value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(all) => !all.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
        };
        if is_known {
            map.insert(key.into(), value);
        }
    }
    Value::Object(map)
}

fn root(world: &World) -> String {
    format!("{}{}/", world.site.config.origin, world.site.config.base_path)
}

fn organization_id(world: &World) -> String {
    format!("{}#organization", root(world))
}

fn website_id(world: &World, language: &str) -> String {
    format!("{}#website", views::permalink(world, &list_url(&world.site, &List::Home, language)))
}

fn reference(id: &str) -> Value {
    json!({"@id": id})
}

fn organization(edition: &Edition, language: &str) -> Value {
    let world = &edition.world;
    let publisher = &world.site.config.publisher;
    let logo = publisher.logo.as_ref().or(world.site.config.theme.logo.as_ref());
    let logo = logo.and_then(|logo| {
        let made = views::file(world, &logo.value)?;
        let size = [("width", made.width), ("height", made.height)];
        let size = size.into_iter().map(|(key, pixels)| (key, json!(pixels)));
        Some(node(&json!("ImageObject"), [("url", json!(whole(world, &made.url)))].into_iter().chain(size)))
    });
    let policies = publisher.policies.iter().filter_map(|(policy, url)| {
        Some((policy.property, json!(whole(world, &views::own_url(world, &url.value, language)?))))
    });
    let fields = [
        ("@id", json!(organization_id(world))),
        ("name", json!(meta::publisher_name(&world.site, language))),
        ("legalName", json!(publisher.legal_name)),
        ("url", json!(root(world))),
        ("logo", json!(logo)),
        ("email", json!(publisher.email)),
        ("foundingDate", json!(publisher.founded)),
        ("sameAs", json!(publisher.same_as)),
    ];
    node(&json!("NewsMediaOrganization"), fields.into_iter().chain(policies))
}

fn website(edition: &Edition, language: &str) -> Value {
    let world = &edition.world;
    let site = &world.site;
    node(
        &json!("WebSite"),
        [
            ("@id", json!(website_id(world, language))),
            ("url", json!(views::permalink(world, &list_url(site, &List::Home, language)))),
            ("name", json!(meta::site_title(site, language))),
            ("description", json!(meta::site_description(site, language))),
            ("inLanguage", json!(language)),
            ("publisher", reference(&organization_id(world))),
        ],
    )
}

fn breadcrumb(world: &World, meta: &Meta, url: &str) -> Option<Value> {
    if meta.crumbs.is_empty() {
        return None;
    }
    let above = meta.crumbs.iter().map(|crumb| (crumb.title.as_str(), whole(world, &crumb.url)));
    let all = above.chain([(meta.title.as_str(), url.to_owned())]);
    let items = all
        .enumerate()
        .map(|(i, (name, url))| json!({"@type": "ListItem", "position": i + 1, "name": name, "item": url}));
    Some(node(&json!("BreadcrumbList"), [("itemListElement", items.collect())]))
}

fn entry(edition: &Edition, id: EntryId, meta: &Meta, url: &str) -> Value {
    let world = &edition.world;
    let entry = &world.site.entries[id];
    match entry.kind {
        Kind::Briefing => {
            let section = entry.front.section.as_ref();
            let section = section.and_then(|id| world.site.config.sections.iter().find(|s| s.id == id.value));
            let own = section.and_then(|section| section.article).filter(|own| *own != "NewsArticle");
            let kind = match own {
                Some(own) => json!(["NewsArticle", own]),
                None => json!("NewsArticle"),
            };
            article(edition, id, &kind, meta, url)
        }
        Kind::Explainer => article(edition, id, &json!("BackgroundNewsArticle"), meta, url),
        Kind::Page | Kind::Topic | Kind::Author | Kind::Thread => web_page(edition, meta, url, entry),
    }
}

/// A plain page.
fn web_page(edition: &Edition, meta: &Meta, url: &str, entry: &Entry) -> Value {
    let world = &edition.world;
    let modified = entry.modified.map(|moment| moment.iso(&world.site.config.timezone));
    node(
        &json!("WebPage"),
        [
            ("@id", json!(url)),
            ("url", json!(url)),
            ("name", json!(meta.title)),
            ("description", json!(meta.description)),
            ("inLanguage", json!(entry.language)),
            ("isPartOf", reference(&website_id(world, &entry.language))),
            ("dateModified", json!(modified)),
        ],
    )
}

fn article(edition: &Edition, id: EntryId, kind: &Value, meta: &Meta, url: &str) -> Value {
    let world = &edition.world;
    let site = &world.site;
    let entry = &site.entries[id];
    let card = views::card(world, entry);
    let organization = reference(&organization_id(world));
    // A role is nobody's name: what carries none is the newsroom's.
    let authors: Vec<Value> = match entry.front.authors.as_slice() {
        [] => vec![organization.clone()],
        authors => authors.iter().map(|author| person(world, &author.value, &entry.language)).collect(),
    };
    let mut images: Vec<Value> = card.image.iter().map(|picture| image(world, picture)).collect();
    if let Some(known) =
        meta.image.as_ref().filter(|known| images.iter().all(|image| image["url"] != known.url.as_str()))
    {
        let fields =
            [("url", json!(known.url)), ("width", json!(known.width)), ("height", json!(known.height))];
        images.push(node(&json!("ImageObject"), fields));
    }
    let topics = card
        .topics
        .iter()
        .map(|topic| json!({"@type": "Thing", "name": topic.title, "url": whole(world, &topic.url)}));
    let zone = &site.config.timezone;
    let fields = [
        ("@id", json!(format!("{url}#article"))),
        ("mainEntityOfPage", json!(url)),
        ("url", json!(url)),
        ("isPartOf", reference(&website_id(world, &entry.language))),
        ("headline", json!(entry.title())),
        ("description", json!(meta.description)),
        ("inLanguage", json!(entry.language)),
        ("datePublished", json!(meta.published)),
        ("dateModified", json!(meta.modified)),
        ("expires", json!(entry.front.expires.as_ref().map(|expires| expires.value.iso(zone)))),
        ("dateline", json!(entry.front.dateline)),
        (
            "locationCreated",
            json!(entry.front.dateline.as_ref().map(|place| json!({"@type": "Place", "name": place}))),
        ),
        ("articleSection", json!(meta.section)),
        ("keywords", json!(meta.tags)),
        ("about", topics.collect()),
        ("isAccessibleForFree", json!(true)),
        ("author", json!(authors)),
        ("publisher", organization),
        ("image", json!(images)),
        ("citation", citations(world, entry)),
        ("correction", corrections(world, entry, url)),
        ("hasPart", parts(world, entry)),
    ];
    node(kind, fields.into_iter().chain(translations(world, id)))
}

/// A person by the name of their profile, or as a text names them.
pub fn person(world: &World, author: &Term, language: &str) -> Value {
    let named = views::named(world, Kind::Author, &author.id, language);
    let url = whole(world, &named.url);
    let profile = world.site.find_or_default(Kind::Author, &author.id, language);
    let role = profile.and_then(|id| world.site.entries[id].front.role.clone());
    node(
        &json!("Person"),
        [
            ("@id", json!(format!("{url}#person"))),
            ("name", json!(named.title)),
            ("url", json!(url)),
            ("jobTitle", json!(role)),
        ],
    )
}

/// A picture with whose it is and how a licence for it is had (IPTC's fields as Google reads them).
pub fn image(world: &World, picture: &Picture) -> Value {
    let creator = picture.creator.as_ref().map(|name| {
        // A name of one word is an agency's more often than a person's.
        let kind = if name.trim().contains(' ') { "Person" } else { "Organization" };
        json!({"@type": kind, "name": name})
    });
    let license =
        picture.license_url.as_ref().or(picture.license.as_ref().filter(|text| text.starts_with("https://")));
    let copyright = picture.license.as_ref().filter(|_| picture.license_url.is_none());
    node(
        &json!("ImageObject"),
        [
            ("url", json!(whole(world, &picture.url))),
            ("width", json!(picture.width)),
            ("height", json!(picture.height)),
            ("caption", json!(picture.caption)),
            ("description", json!(Some(&picture.alt).filter(|alt| !alt.is_empty()))),
            ("creditText", json!(Some(picture.credit.join(", ")).filter(|credit| !credit.is_empty()))),
            ("creator", json!(creator)),
            ("copyrightNotice", json!(copyright.filter(|text| !text.starts_with("https://")))),
            ("license", json!(license.map(|url| whole(world, url)))),
            ("acquireLicensePage", json!(picture.acquire_url.as_ref().map(|url| whole(world, url)))),
        ],
    )
}

fn citations(world: &World, entry: &Entry) -> Value {
    let sources = entry.front.sources.iter().map(|source| {
        let source = views::resolved(world, entry, source);
        let publisher = source.publisher.map(|name| json!({"@type": "Organization", "name": name}));
        node(
            &json!("CreativeWork"),
            [
                ("name", json!(source.title)),
                ("url", json!(source.url.map(|url| whole(world, &url)))),
                ("publisher", json!(publisher)),
                ("datePublished", json!(source.date)),
            ],
        )
    });
    sources.collect()
}

fn corrections(world: &World, entry: &Entry, url: &str) -> Value {
    let zone = &world.site.config.timezone;
    let all = entry.front.corrections.iter().enumerate();
    let shown = all.filter(|(_, correction)| correction.date.value.at <= world.site.now);
    let comments = shown.map(|(i, correction)| {
        json!({
            "@type": "CorrectionComment",
            "name": correction.kind.as_str(),
            "text": markdown::plain(&correction.text),
            "datePublished": correction.date.value.iso(zone),
            "url": format!("{url}#correction-{}", i + 1),
        })
    });
    comments.collect()
}

/// The explainers that a page shows.
fn parts(world: &World, entry: &Entry) -> Value {
    let site = &world.site;
    let date = entry.published.map(|moment| moment.date(&site.config.timezone));
    let mut seen = Vec::new();
    let mut parts = Vec::new();
    for reference in explainers::refs(&entry.front, &entry.document) {
        let id = &reference.id.value;
        let version = reference.version.as_ref().map(|version| version.value.as_str());
        let shown = site.explainers.shown(id, &entry.language, &site.config.language, version, date);
        let Some(Shown { language, version, .. }) = shown else { continue };
        let Some(page) = site.find(Kind::Explainer, id, language) else { continue };
        if seen.contains(&page) {
            continue;
        }
        seen.push(page);
        let url = views::permalink(world, &site.entries[page].url);
        let title = version.front.title.as_ref().map_or(id.as_str(), |title| title.value.as_str());
        parts.push(json!({
            "@type": "BackgroundNewsArticle",
            "@id": format!("{url}#article"),
            "url": url,
            "headline": title,
            "inLanguage": language,
        }));
    }
    json!(parts)
}

/// What it is translated from, or into what: the original is in the default language, else the first by code. The
/// words for translations are no part of the vocabulary itself, only of one of its extensions.
fn translations(world: &World, id: EntryId) -> Vec<(&'static str, Value)> {
    let site = &world.site;
    let mut all: Vec<EntryId> = site.translations(id).to_vec();
    if all.is_empty() {
        return Vec::new();
    }
    all.push(id);
    all.sort_by_key(|id| {
        let language = &site.entries[*id].language;
        (*language != site.config.language, language.clone())
    });
    let refer = |id: &EntryId| {
        let entry = &site.entries[*id];
        let url = views::permalink(world, &entry.url);
        let kind = if entry.kind == Kind::Explainer { "BackgroundNewsArticle" } else { "NewsArticle" };
        json!({"@type": kind, "@id": format!("{url}#article"), "url": url, "headline": entry.title(), "inLanguage": entry.language})
    };
    if all[0] == id {
        vec![("workExample", all[1..].iter().map(refer).collect())]
    } else {
        vec![("isBasedOn", refer(&all[0]))]
    }
}

fn collection(
    edition: &Edition,
    list: &List,
    language: &str,
    page: Option<usize>,
    meta: &Meta,
    url: &str,
) -> Value {
    let world = &edition.world;
    let site = &world.site;
    let common = |about: Vec<(&'static str, Value)>, kind: &str| {
        let fields = [
            ("@id", json!(url)),
            ("url", json!(url)),
            ("name", json!(meta.title)),
            ("description", json!(meta.description)),
            ("inLanguage", json!(language)),
            ("isPartOf", reference(&website_id(world, language))),
        ];
        node(&json!(kind), fields.into_iter().chain(about))
    };
    if let (List::Hub(Kind::Author, id), None) = (list, page) {
        return common(vec![("mainEntity", profile(world, id, language, meta, url))], "ProfilePage");
    }
    let members = route::members(site, list, language);
    let shown = members.get(route::pages(site, list, language).range(page)).unwrap_or_default();
    let items = shown.iter().take(MOST_ITEMS).enumerate().map(|(i, id)| {
        let entry = &site.entries[*id];
        let url = views::permalink(world, &entry.url);
        json!({"@type": "ListItem", "position": i + 1, "name": entry.title(), "url": url})
    });
    let items = node(&json!("ItemList"), [("itemListElement", items.collect())]);
    let has_items = items.get("itemListElement").is_some();
    common(if has_items { vec![("mainEntity", items)] } else { Vec::new() }, "CollectionPage")
}

/// The person whom a profile is of.
fn profile(world: &World, id: &str, language: &str, meta: &Meta, url: &str) -> Value {
    let site = &world.site;
    let entry = site.find_or_default(Kind::Author, id, language).map(|id| &*site.entries[id]);
    let links = entry.into_iter().flat_map(|entry| {
        let resolve = |url: &str| world.linker().href(&entry.document, &entry.language, url);
        entry.front.links.iter().filter_map(move |link| Some(whole(world, &resolve(&link.url)?)))
    });
    let picture = entry.and_then(|entry| views::card(world, entry).image);
    node(
        &json!("Person"),
        [
            ("@id", json!(format!("{url}#person"))),
            ("name", json!(meta.title)),
            ("url", json!(url)),
            ("jobTitle", json!(entry.and_then(|entry| entry.front.role.clone()))),
            ("description", json!(meta.description)),
            ("image", json!(picture.map(|picture| image(world, &picture)))),
            ("sameAs", json!(links.collect::<Vec<_>>())),
            ("worksFor", reference(&organization_id(world))),
        ],
    )
}
