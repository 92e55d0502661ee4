//! A page's structured data: one graph of schema.org's terms as JSON-LD. It says what the page shows, from the same
//! values. What the terms mean and where they belong: schema.org; which of them news
//! search reads: Google's documentation on `Article`, `ProfilePage` and image metadata.

use std::fmt::Display;

use super::meta::{self, Meta, whole};
use crate::document::front::Term;
use crate::document::{Kind, markdown};
use crate::edition::views::{self, Card, Picture};
use crate::edition::{Edition, World};
use crate::route::{self, List, Route, list_url};
use crate::site::{Entry, EntryId, Shown, explainers};

/// How many entries a list names in its graph.
const MOST_ITEMS: usize = 20;

/// A node of the graph, being written: JSON that may stand in a `<script>`. What is not known is left out.
struct Node(String);

impl Node {
    /// A node of some types.
    fn new(kinds: &[&str]) -> Self {
        let mut node = Self(String::with_capacity(256));
        node.0.push('{');
        match kinds {
            [kind] => node.text("@type", kind),
            kinds => node.list("@type", kinds.iter().map(|kind| quoted(kind))),
        }
    }

    /// A node that stands elsewhere.
    fn reference(id: &str) -> Self {
        Self("{".into()).text("@id", id)
    }

    fn key(&mut self, key: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
    }

    fn text(mut self, key: &str, text: &str) -> Self {
        if !text.is_empty() {
            self.key(key);
            quote(text, &mut self.0);
        }
        self
    }

    fn maybe(self, key: &str, text: Option<&str>) -> Self {
        self.text(key, text.unwrap_or_default())
    }

    fn plain(mut self, key: &str, value: Option<impl Display>) -> Self {
        if let Some(value) = value {
            self.key(key);
            self.0.push_str(&value.to_string());
        }
        self
    }

    fn node(mut self, key: &str, node: Option<Self>) -> Self {
        if let Some(node) = node {
            self.key(key);
            self.0.push_str(&node.end());
        }
        self
    }

    fn nodes(self, key: &str, nodes: impl IntoIterator<Item = Self>) -> Self {
        self.list(key, nodes.into_iter().map(Self::end))
    }

    fn texts<'t>(self, key: &str, texts: impl IntoIterator<Item = &'t str>) -> Self {
        self.list(key, texts.into_iter().map(quoted))
    }

    fn list(mut self, key: &str, values: impl Iterator<Item = String>) -> Self {
        let start = self.0.len();
        self.key(key);
        self.0.push('[');
        let empty = self.0.len();
        for value in values {
            if self.0.len() > empty {
                self.0.push(',');
            }
            self.0.push_str(&value);
        }
        if self.0.len() == empty {
            self.0.truncate(start);
        } else {
            self.0.push(']');
        }
        self
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(text, &mut out);
    out
}

/// A text as JSON in which nothing ends or leaves the `<script>` around it: one ends at `</script`, and old browsers
/// take two marks for ends of lines.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    let is_special = |c: char| c < ' ' || matches!(c, '"' | '\\' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
    while let Some(at) = rest.find(is_special) {
        out.push_str(&rest[..at]);
        let c = rest[at..].chars().next().expect("it was found there");
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
        rest = &rest[at + c.len_utf8()..];
    }
    out.push_str(rest);
    out.push('"');
}

/// The graph of a page as text that may stand in a `<script>`. `card` is that of an entry.
pub fn of(edition: &Edition, route: &Route, language: &str, meta: &Meta, card: Option<&Card>) -> String {
    let world = &edition.world;
    let site = world.site_graph(language, || {
        format!("{},{}", organization(edition, language).end(), website(edition, language).end())
    });
    let mut out = String::with_capacity(4096);
    out.push_str("{\"@context\":\"https://schema.org\",\"@graph\":[");
    out.push_str(&site);
    if let Some(url) = &meta.canonical {
        let page = if let (Route::Entry(id), Some(card)) = (route, card) {
            Some(entry(edition, *id, meta, url, card))
        } else if let Route::List { list, language, page } = route {
            Some(collection(edition, list, language, *page, meta, url))
        } else {
            None
        };
        for node in breadcrumb(world, meta, url).into_iter().chain(page) {
            out.push(',');
            out.push_str(&node.end());
        }
    }
    out.push_str("]}");
    out
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

fn organization(edition: &Edition, language: &str) -> Node {
    let world = &edition.world;
    let publisher = &world.site.config.publisher;
    let logo = publisher.logo.as_ref().or(world.site.config.theme.logo.as_ref());
    let logo = logo.and_then(|logo| views::file(world, &logo.value)).map(|made| {
        let logo = Node::new(&["ImageObject"]).text("url", &whole(world, &made.url));
        logo.plain("width", made.width).plain("height", made.height)
    });
    let node = Node::new(&["NewsMediaOrganization"])
        .text("@id", &organization_id(world))
        .text("name", meta::publisher_name(&world.site, language))
        .maybe("legalName", publisher.legal_name.as_deref())
        .text("url", &root(world))
        .node("logo", logo)
        .maybe("email", publisher.email.as_deref())
        .maybe("foundingDate", publisher.founded.as_deref())
        .texts("sameAs", publisher.same_as.iter().map(String::as_str));
    publisher.policies.iter().fold(node, |node, (policy, url)| {
        let url = views::own_url(world, &url.value, language).map(|url| whole(world, &url));
        node.maybe(policy.property, url.as_deref())
    })
}

fn website(edition: &Edition, language: &str) -> Node {
    let world = &edition.world;
    let site = &world.site;
    Node::new(&["WebSite"])
        .text("@id", &website_id(world, language))
        .text("url", &views::permalink(world, &list_url(site, &List::Home, language)))
        .text("name", meta::site_title(site, language))
        .maybe("description", meta::site_description(site, language))
        .text("inLanguage", language)
        .node("publisher", Some(Node::reference(&organization_id(world))))
}

fn breadcrumb(world: &World, meta: &Meta, url: &str) -> Option<Node> {
    if meta.crumbs.is_empty() {
        return None;
    }
    let above = meta.crumbs.iter().map(|crumb| (crumb.title.as_str(), whole(world, &crumb.url)));
    let all = above.chain([(meta.title.as_str(), url.to_owned())]);
    let items = all.enumerate().map(|(i, (name, url))| {
        let item = Node::new(&["ListItem"]).plain("position", Some(i + 1));
        item.text("name", name).text("item", &url)
    });
    Some(Node::new(&["BreadcrumbList"]).nodes("itemListElement", items))
}

fn entry(edition: &Edition, id: EntryId, meta: &Meta, url: &str, card: &Card) -> Node {
    let world = &edition.world;
    let entry = &world.site.entries[id];
    match entry.kind {
        Kind::Briefing => {
            let section = entry.front.section.as_ref();
            let section = section.and_then(|id| world.site.config.sections.iter().find(|s| s.id == id.value));
            let own = section.and_then(|section| section.article).filter(|own| *own != "NewsArticle");
            let kinds: Vec<&str> = std::iter::once("NewsArticle").chain(own).collect();
            article(edition, id, &kinds, meta, url, card)
        }
        Kind::Explainer => article(edition, id, &["BackgroundNewsArticle"], meta, url, card),
        Kind::Page | Kind::Topic | Kind::Author | Kind::Thread => web_page(edition, meta, url, entry),
    }
}

/// A plain page.
fn web_page(edition: &Edition, meta: &Meta, url: &str, entry: &Entry) -> Node {
    let world = &edition.world;
    let modified = entry.modified.map(|moment| moment.iso(&world.site.config.timezone));
    Node::new(&["WebPage"])
        .text("@id", url)
        .text("url", url)
        .text("name", &meta.title)
        .maybe("description", meta.description.as_deref())
        .text("inLanguage", &entry.language)
        .node("isPartOf", Some(Node::reference(&website_id(world, &entry.language))))
        .maybe("dateModified", modified.as_deref())
}

fn article(edition: &Edition, id: EntryId, kinds: &[&str], meta: &Meta, url: &str, card: &Card) -> Node {
    let world = &edition.world;
    let entry = &world.site.entries[id];
    let organization = || Node::reference(&organization_id(world));
    // A role is nobody's name: what carries none is the newsroom's.
    let authors: Vec<Node> = match entry.front.authors.as_slice() {
        [] => vec![organization()],
        authors => authors.iter().map(|author| person(world, &author.value, &entry.language)).collect(),
    };
    let picture = card.image.iter().map(|picture| image(world, picture));
    let is_picture = |known: &&meta::MetaImage| {
        card.image.as_ref().is_some_and(|picture| whole(world, &picture.url) == known.url)
    };
    let known = meta.image.as_ref().filter(|known| !is_picture(known)).map(|known| {
        let image = Node::new(&["ImageObject"]).text("url", &known.url);
        image.plain("width", known.width).plain("height", known.height)
    });
    let place = entry.front.dateline.as_deref();
    let topics = card
        .topics
        .iter()
        .map(|topic| Node::new(&["Thing"]).text("name", &topic.title).text("url", &whole(world, &topic.url)));
    let node = Node::new(kinds)
        .text("@id", &format!("{url}#article"))
        .text("mainEntityOfPage", url)
        .text("url", url)
        .node("isPartOf", Some(Node::reference(&website_id(world, &entry.language))))
        .text("headline", entry.title())
        .maybe("description", meta.description.as_deref())
        .text("inLanguage", &entry.language)
        .maybe("datePublished", meta.published.as_deref())
        .maybe("dateModified", meta.modified.as_deref())
        .maybe("expires", meta.expires.as_deref())
        .maybe("dateline", place)
        .node("locationCreated", place.map(|place| Node::new(&["Place"]).text("name", place)))
        .maybe("articleSection", meta.section.as_deref())
        .texts("keywords", meta.tags.iter().map(String::as_str))
        .nodes("about", topics)
        .plain("isAccessibleForFree", Some(true))
        .nodes("author", authors)
        .node("publisher", Some(organization()))
        .nodes("image", picture.chain(known))
        .nodes("citation", citations(world, entry))
        .nodes("correction", corrections(edition, entry, url))
        .nodes("hasPart", parts(world, entry));
    translations(world, id, node)
}

/// A person by the name of their profile, or as a text names them.
fn person(world: &World, author: &Term, language: &str) -> Node {
    let named = views::named(world, Kind::Author, &author.id, language);
    let url = whole(world, &named.url);
    let profile = world.site.find_or_default(Kind::Author, &author.id, language);
    let role = profile.and_then(|id| world.site.entries[id].front.role.as_deref());
    Node::new(&["Person"])
        .text("@id", &format!("{url}#person"))
        .text("name", &named.title)
        .text("url", &url)
        .maybe("jobTitle", role)
}

/// A picture with whose it is and how a licence for it is had (IPTC's fields as Google reads them).
fn image(world: &World, picture: &Picture) -> Node {
    let creator = picture.creator.as_ref().map(|name| {
        let kind = if views::is_person(name) { "Person" } else { "Organization" };
        Node::new(&[kind]).text("name", name)
    });
    let address = picture.license.as_ref().filter(|text| text.starts_with("https://"));
    let address = picture.license_url.as_ref().or(address);
    Node::new(&["ImageObject"])
        .text("url", &whole(world, &picture.url))
        .plain("width", picture.width)
        .plain("height", picture.height)
        .maybe("caption", picture.caption.as_deref())
        .text("description", &picture.alt)
        .text("creditText", &picture.credit.join(", "))
        .node("creator", creator)
        .maybe("license", address.map(|url| whole(world, url)).as_deref())
        .maybe("acquireLicensePage", picture.acquire_url.as_ref().map(|url| whole(world, url)).as_deref())
}

fn citations(world: &World, entry: &Entry) -> impl Iterator<Item = Node> {
    entry.front.sources.iter().map(move |source| {
        let source = views::resolved(world, entry, source);
        let publisher = source.publisher.map(|name| Node::new(&["Organization"]).text("name", &name));
        Node::new(&["CreativeWork"])
            .text("name", &source.title)
            .maybe("url", source.url.map(|url| whole(world, &url)).as_deref())
            .node("publisher", publisher)
            .maybe("datePublished", source.date.as_deref())
    })
}

fn corrections(edition: &Edition, entry: &Entry, url: &str) -> impl Iterator<Item = Node> {
    let world = &edition.world;
    let zone = &world.site.config.timezone;
    let shown = entry.front.corrections_until(world.site.now);
    shown.map(move |(i, correction)| {
        Node::new(&["CorrectionComment"])
            .text("name", &meta::text(edition, &entry.language, correction.kind.as_str()))
            .text("text", &markdown::plain(&correction.text))
            .text("datePublished", &correction.date.value.iso(zone))
            .text("url", &format!("{url}#{}", views::correction_id(i)))
    })
}

/// The explainers that a page shows.
fn parts(world: &World, entry: &Entry) -> Vec<Node> {
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
        let title = version.front.title.as_ref().map_or(id.as_str(), |title| title.value.as_str());
        parts.push(work(world, page, title));
    }
    parts
}

/// An article on a page of its own, by name; what it is, its page says.
fn work(world: &World, id: EntryId, title: &str) -> Node {
    let entry = &world.site.entries[id];
    let url = views::permalink(world, &entry.url);
    let kind = if entry.kind == Kind::Explainer { "BackgroundNewsArticle" } else { "NewsArticle" };
    Node::new(&[kind])
        .text("@id", &format!("{url}#article"))
        .text("url", &url)
        .text("headline", title)
        .text("inLanguage", &entry.language)
}

/// Adds what a work is translated from, or into what: the original is in the default language, else the first by code. The
/// words for translations are no part of the vocabulary itself, only of one of its extensions.
fn translations(world: &World, id: EntryId, node: Node) -> Node {
    let site = &world.site;
    let mut all: Vec<EntryId> = site.translations(id).to_vec();
    if all.is_empty() {
        return node;
    }
    all.push(id);
    all.sort_by_key(|id| {
        let language = &site.entries[*id].language;
        (*language != site.config.language, language.clone())
    });
    let refer = |id: &EntryId| work(world, *id, site.entries[*id].title());
    if all[0] == id {
        node.nodes("workExample", all[1..].iter().map(refer))
    } else {
        node.node("isBasedOn", Some(refer(&all[0])))
    }
}

fn collection(
    edition: &Edition,
    list: &List,
    language: &str,
    page: Option<usize>,
    meta: &Meta,
    url: &str,
) -> Node {
    let world = &edition.world;
    let site = &world.site;
    let common = |kind: &str| {
        Node::new(&[kind])
            .text("@id", url)
            .text("url", url)
            .text("name", &meta.title)
            .maybe("description", meta.description.as_deref())
            .text("inLanguage", language)
            .node("isPartOf", Some(Node::reference(&website_id(world, language))))
    };
    if let (List::Hub(Kind::Author, id), None) = (list, page) {
        return common("ProfilePage").node("mainEntity", Some(profile(world, id, language, meta, url)));
    }
    let members = route::members(site, list, language);
    let shown = members.get(route::pages(site, list, language).range(page)).unwrap_or_default();
    let items = shown.iter().take(MOST_ITEMS).enumerate().map(|(i, id)| {
        let entry = &site.entries[*id];
        Node::new(&["ListItem"])
            .plain("position", Some(i + 1))
            .text("name", entry.title())
            .text("url", &views::permalink(world, &entry.url))
    });
    let items = (!shown.is_empty()).then(|| Node::new(&["ItemList"]).nodes("itemListElement", items));
    common("CollectionPage").node("mainEntity", items)
}

/// The person whom a profile is of.
fn profile(world: &World, id: &str, language: &str, meta: &Meta, url: &str) -> Node {
    let site = &world.site;
    let found = site.find_or_default(Kind::Author, id, language);
    let entry = found.map(|id| &*site.entries[id]);
    let links = entry.into_iter().flat_map(|entry| {
        let resolve = |url: &str| world.linker().href(&entry.document, &entry.language, url);
        entry.front.links.iter().filter_map(move |link| Some(whole(world, &resolve(&link.url)?)))
    });
    let links: Vec<String> = links.collect();
    let picture = found.and_then(|id| world.card_view(id).image.as_ref());
    Node::new(&["Person"])
        .text("@id", &format!("{url}#person"))
        .text("name", &meta.title)
        .text("url", url)
        .maybe("jobTitle", entry.and_then(|entry| entry.front.role.as_deref()))
        .maybe("description", meta.description.as_deref())
        .node("image", picture.map(|picture| image(world, picture)))
        .texts("sameAs", links.iter().map(String::as_str))
        .node("worksFor", Some(Node::reference(&organization_id(world))))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_is_quoted_is_the_same_text_and_ends_no_script() {
        for text in ["", "a", "</script><b>&\"\\", "\u{2028}\u{2029}\u{0}\u{1f}\n\t", "Қазақ 🏔", "\u{202e}x"]
        {
            let json = quoted(text);
            assert_eq!(serde_json::from_str::<String>(&json).ok().as_deref(), Some(text), "{json}");
            assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        }
    }
}
