//! A built site as programs read it that are not ours: pages by html5ever, feeds by feed-rs, sitemaps by roxmltree.

use std::borrow::Cow;
use std::collections::BTreeMap;

use feed_rs::model::{Entry, Feed};
use html5ever::tendril::TendrilSink;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use serde_json::Value;

use crate::site::Site;

/// An element of a page.
#[derive(Debug)]
pub struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    /// The number of the one that holds it.
    parent: Option<usize>,
    /// All text in it.
    pub text: String,
}

impl Element {
    /// An attribute; empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    fn is_of(&self, attribute: &str, word: &str) -> bool {
        self.get(attribute).split_whitespace().any(|found| found == word)
    }
}

/// A page, or a piece of one.
#[derive(Debug)]
pub struct Page {
    /// Its whole address, by the place where it lies.
    pub url: String,
    elements: Vec<Element>,
    /// Its structured data, one value a block.
    pub graphs: Vec<Value>,
}

impl Page {
    /// Reads HTML as a browser does.
    pub fn read(url: &str, html: &str) -> Self {
        let document = html5ever::parse_document(RcDom::default(), html5ever::ParseOpts::default()).one(html);
        let mut elements = Vec::new();
        collect(&document.document, None, &mut elements);
        let blocks = elements.iter().filter(|e| e.name == "script" && e.get("type") == "application/ld+json");
        let graphs = blocks.map(|block| serde_json::from_str(&block.text).unwrap_or_default()).collect();
        Self { url: url.to_owned(), elements, graphs }
    }

    /// All elements of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements.iter().filter(move |element| element.name == name)
    }

    /// All elements of a name that stand in one of a class.
    pub fn within<'a>(&'a self, class: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.all(name).filter(move |element| {
            let mut above = element.parent;
            while let Some(at) = above {
                if self.elements[at].is_of("class", class) {
                    return true;
                }
                above = self.elements[at].parent;
            }
            false
        })
    }

    pub fn language(&self) -> &str {
        self.all("html").next().map_or("", |html| html.get("lang"))
    }

    pub fn headline(&self) -> String {
        self.all("h1").next().map_or_else(String::new, |h1| plain(&h1.text))
    }

    /// What the head says under a name or property, each time it says it.
    pub fn metas(&self, name: &str) -> Vec<String> {
        let named = self.all("meta").filter(|meta| meta.get("name") == name || meta.get("property") == name);
        named.map(|meta| plain(meta.get("content"))).collect()
    }

    /// What the head says once under a name or property.
    pub fn meta(&self, name: &str) -> Option<String> {
        self.metas(name).pop()
    }

    /// The links of the head that are of a kind.
    pub fn links<'a>(&'a self, rel: &'a str) -> impl Iterator<Item = &'a Element> {
        self.all("link").filter(move |link| link.is_of("rel", rel))
    }

    pub fn canonical(&self) -> Option<&str> {
        self.links("canonical").next().map(|link| link.get("href"))
    }

    /// The page in all languages, itself too, as its head says: code to address.
    pub fn translations(&self) -> BTreeMap<String, String> {
        let links = self.links("alternate").filter(|link| !link.get("hreflang").is_empty());
        links.map(|link| (link.get("hreflang").to_owned(), link.get("href").to_owned())).collect()
    }

    /// The feeds that its head names: kind to whole address.
    pub fn feeds(&self) -> Vec<(&str, String)> {
        let feeds =
            self.links("alternate").filter(|link| FEEDS.iter().any(|(kind, _)| *kind == link.get("type")));
        feeds.map(|link| (link.get("type"), self.join(link.get("href")))).collect()
    }

    /// Whether it only leads to another.
    pub fn is_redirect(&self) -> bool {
        self.all("meta").any(|meta| meta.get("http-equiv").eq_ignore_ascii_case("refresh"))
    }

    /// Whether search engines may list it.
    pub fn is_indexable(&self) -> bool {
        !self.metas("robots").iter().any(|robots| robots.contains("noindex"))
    }

    /// The nodes of its graph.
    pub fn nodes(&self) -> Vec<&Value> {
        self.graphs.iter().flat_map(|graph| list(&graph["@graph"])).collect()
    }

    /// The first node of a type.
    pub fn node(&self, kind: &str) -> Option<&Value> {
        self.nodes().into_iter().find(|node| is_a(node, kind))
    }

    /// The node of its story.
    pub fn article(&self) -> Option<&Value> {
        let id = format!("{}#article", self.url);
        self.nodes().into_iter().find(|node| node["@id"] == *id && node.get("@type").is_some())
    }

    /// The values of a property, each as the node that is meant.
    pub fn values<'a>(&'a self, node: &'a Value, property: &str) -> Vec<&'a Value> {
        let meant = |value: &'a Value| {
            let is_reference = value.as_object().is_some_and(|node| node.len() == 1);
            let of = |node: &&Value| is_reference && node["@id"] == value["@id"];
            self.nodes().into_iter().find(of).unwrap_or(value)
        };
        list(&node[property]).into_iter().map(meant).collect()
    }

    /// An address as it is from this page.
    pub fn join(&self, href: &str) -> String {
        let url = url::Url::parse(&self.url).expect("a page has an address");
        url.join(href).map_or_else(|_| href.to_owned(), String::from)
    }

    /// Every address that an attribute names, as written.
    pub fn addresses(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for element in &self.elements {
            for name in ["href", "src", "poster", "data", "action"] {
                found.extend(element.attributes.get(name).map(String::as_str));
            }
            let set = element.attributes.get("srcset").map_or("", String::as_str);
            found.extend(set.split(',').filter_map(|part| part.split_whitespace().next()));
        }
        found
    }
}

fn collect(node: &Handle, parent: Option<usize>, found: &mut Vec<Element>) {
    let mut holder = parent;
    match &node.data {
        NodeData::Text { contents } => {
            while let Some(at) = holder {
                found[at].text.push_str(&contents.borrow());
                holder = found[at].parent;
            }
            return;
        }
        NodeData::Element { name, attrs, .. } => {
            let attrs = attrs.borrow();
            let attributes = attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
            let name = name.local.to_string();
            found.push(Element { name, attributes, parent, text: String::new() });
            holder = Some(found.len() - 1);
        }
        _ => {}
    }
    for child in node.children.borrow().iter() {
        collect(child, holder, found);
    }
}

/// The kinds of feeds with the names of their files.
pub const FEEDS: [(&str, &str); 3] = [
    ("application/rss+xml", "feed.xml"),
    ("application/atom+xml", "atom.xml"),
    ("application/feed+json", "feed.json"),
];

/// A page in a sitemap.
#[derive(Debug, PartialEq)]
pub struct Listed {
    pub url: String,
    pub modified: Option<String>,
    pub images: Vec<String>,
    pub translations: BTreeMap<String, String>,
}

/// A story in the news sitemap.
#[derive(Debug, PartialEq)]
pub struct News {
    pub url: String,
    pub publication: String,
    pub language: String,
    pub date: String,
    pub title: String,
}

/// All that a build wrote.
pub struct Published {
    /// The address of the site, without a final slash.
    pub base: String,
    pub zone: TimeZone,
    pub files: BTreeMap<String, Vec<u8>>,
    /// By address, those for missing addresses too.
    pub pages: BTreeMap<String, Page>,
    /// Pages that only lead to others.
    pub redirects: Vec<Page>,
}

impl Published {
    /// Reads what a site's build wrote.
    pub fn of(site: &Site, base: &str, zone: &str) -> Self {
        Self::of_files(site.output(), base, zone)
    }

    /// Reads files as a build writes them.
    pub fn of_files(files: BTreeMap<String, Vec<u8>>, base: &str, zone: &str) -> Self {
        let mut published = Self {
            base: base.to_owned(),
            zone: TimeZone::get(zone).expect("bundled"),
            files: BTreeMap::new(),
            pages: BTreeMap::new(),
            redirects: Vec::new(),
        };
        for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
            let url = format!("{base}/{}", path.strip_suffix("index.html").unwrap_or(path));
            let page = Page::read(&url, &String::from_utf8_lossy(bytes));
            if page.is_redirect() {
                published.redirects.push(page);
            } else {
                published.pages.insert(url, page);
            }
        }
        published.files = files;
        published
    }

    /// A file as text.
    pub fn text(&self, path: &str) -> &str {
        let bytes = self.files.get(path).unwrap_or_else(|| panic!("there is no {path}"));
        std::str::from_utf8(bytes).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// The file at an address of this site.
    pub fn path<'a>(&self, url: &'a str) -> Option<Cow<'a, str>> {
        let path = url.strip_prefix(&self.base)?.split(['#', '?']).next()?.strip_prefix('/')?;
        let path = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
        let is_folder = path.is_empty() || path.ends_with('/');
        Some(if is_folder { format!("{path}index.html").into() } else { path })
    }

    /// Whether something is at an address of this site.
    pub fn holds(&self, url: &str) -> bool {
        self.path(url).is_some_and(|path| self.files.contains_key(&*path))
    }

    /// The pages of stories.
    pub fn stories(&self) -> impl Iterator<Item = (&Page, &Value)> {
        self.pages.values().filter_map(|page| Some((page, page.article()?)))
    }

    /// A feed by the path of its file.
    pub fn feed(&self, path: &str) -> Feed {
        feed_rs::parser::parse(self.text(path).as_bytes()).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// The paths of all feeds.
    pub fn feeds(&self) -> Vec<&str> {
        let is_feed = |path: &&str| FEEDS.iter().any(|(_, name)| path.rsplit('/').next() == Some(name));
        self.files.keys().map(String::as_str).filter(is_feed).collect()
    }

    /// The pages of the sitemap, over all its files.
    pub fn sitemap(&self) -> Vec<Listed> {
        let index = xml(self.text("sitemap.xml"));
        let parts = texts(index.root_element(), "sitemap", "loc");
        if parts.is_empty() {
            return entries(&index).map(|entry| listed(&entry)).collect();
        }
        let part = |url: &String| {
            let path = self.path(url).unwrap_or_else(|| panic!("{url} is of this site"));
            let part = xml(self.text(&path));
            entries(&part).map(|entry| listed(&entry)).collect::<Vec<_>>()
        };
        parts.iter().flat_map(part).collect()
    }

    /// The stories of the news sitemap.
    pub fn news(&self) -> Vec<News> {
        let document = xml(self.text("news-sitemap.xml"));
        let one = |entry: roxmltree::Node<'_, '_>, name: &str| {
            let found = entry.descendants().filter(|node| node.has_tag_name((NEWS, name)));
            let found: Vec<&str> = found.filter_map(|node| node.text()).collect();
            assert_eq!(found.len(), 1, "one {name} of each story: {found:?}");
            found[0].to_owned()
        };
        let stories = entries(&document).map(|entry| News {
            url: listed(&entry).url,
            publication: one(entry, "name"),
            language: one(entry, "language"),
            date: one(entry, "publication_date"),
            title: one(entry, "title"),
        });
        stories.collect()
    }

    /// Whether a date on a page, a day or a moment, is of this moment.
    pub fn is_date_of(&self, written: &str, moment: Timestamp) -> bool {
        match written.parse::<Timestamp>() {
            Ok(at) => at == moment,
            Err(_) => written == moment.to_zoned_datetime(self.zone.clone()).date().to_string(),
        }
    }
}

const SITEMAP: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
const NEWS: &str = "http://www.google.com/schemas/sitemap-news/0.9";
const IMAGE: &str = "http://www.google.com/schemas/sitemap-image/1.1";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// XML, which must be well-formed.
pub fn xml(text: &str) -> roxmltree::Document<'_> {
    roxmltree::Document::parse(text).unwrap_or_else(|e| panic!("{e}:\n{}", text.get(..400).unwrap_or(text)))
}

fn entries<'a>(document: &'a roxmltree::Document<'a>) -> impl Iterator<Item = roxmltree::Node<'a, 'a>> {
    document.root_element().children().filter(|node| node.has_tag_name((SITEMAP, "url")))
}

/// The texts of the children of one name in those of another.
fn texts(root: roxmltree::Node<'_, '_>, parent: &str, child: &str) -> Vec<String> {
    let parents = root.children().filter(|node| node.has_tag_name((SITEMAP, parent)));
    let children =
        parents.flat_map(|node| node.children().filter(|node| node.has_tag_name((SITEMAP, child))));
    children.filter_map(|node| node.text().map(str::to_owned)).collect()
}

fn listed(entry: &roxmltree::Node<'_, '_>) -> Listed {
    let text = |node: roxmltree::Node<'_, '_>| node.text().unwrap_or_default().trim().to_owned();
    let child = |name| entry.children().find(|node| node.has_tag_name((SITEMAP, name))).map(text);
    let links = entry.children().filter(|node| node.has_tag_name((XHTML, "link")));
    let of = |node: roxmltree::Node<'_, '_>, name| node.attribute(name).unwrap_or_default().to_owned();
    Listed {
        url: child("loc").expect("an entry has an address"),
        modified: child("lastmod"),
        images: entry.descendants().filter(|node| node.has_tag_name((IMAGE, "loc"))).map(text).collect(),
        translations: links.map(|link| (of(link, "hreflang"), of(link, "href"))).collect(),
    }
}

/// The address of the page that an entry of a feed is about.
pub fn page_of(entry: &Entry) -> &str {
    let is_page = |rel: Option<&str>| rel.is_none_or(|rel| rel == "alternate");
    let mut links = entry.links.iter().filter(|link| is_page(link.rel.as_deref()));
    links.next().map_or("", |link| link.href.as_str())
}

/// The title of an entry of a feed.
pub fn title_of(entry: &Entry) -> String {
    entry.title.as_ref().map_or_else(String::new, |title| plain(&title.content))
}

/// A moment as metadata must write it: with its offset.
pub fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Values of which there may be none, one or several.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        value => vec![value],
    }
}

/// A text of structured data.
pub fn text(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default())
}

/// Whether a node is of a type.
pub fn is_a(node: &Value, kind: &str) -> bool {
    list(&node["@type"]).into_iter().any(|name| name == kind)
}

/// A text without what no format can hold, and with single spaces.
pub fn plain(text: &str) -> String {
    let is_kept = |c: &char| match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffd}'..='\u{ffff}' => false,
        c => !c.is_control(),
    };
    let kept: String = text.chars().filter(is_kept).collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name of a picture's file as its source has it, without the hash and the width of what was made of it.
pub fn picture_name(url: &str) -> String {
    let name = url.rsplit('/').next().unwrap_or_default();
    let is_hash = |part: &&str| part.len() == 16 && part.chars().all(|c| c.is_ascii_hexdigit());
    let stem = name.split('.').next().unwrap_or_default();
    stem.split('-').take_while(|part| !is_hash(part)).collect::<Vec<_>>().join("-")
}
