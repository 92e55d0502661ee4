//! Feeds: the newest entries of a list with their whole text, as RSS 2.0, Atom (RFC 4287) and JSON Feed 1.1. All three
//! are made of one value; the first two by templates.

use serde::Serialize;
use serde_json::{Value, json};

use super::meta::{self, whole};
use super::page::page_view;
use super::{Marks, context, known, template, xml};
use crate::diagnostic::catalog::templates as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{markdown, raw_html};
use crate::edition::views::{self, Picture};
use crate::edition::{Edition, World, functions};
use crate::media;
use crate::moment::Moment;
use crate::path::SitePath;
use crate::route::machine::{FeedFormat, beside};
use crate::route::{self, List, list_url};
use crate::site::EntryId;

/// How many entries a feed of a topic or an author has at most.
const MOST_OF_HUB: usize = 20;

/// A feed.
#[derive(Clone, Debug, Serialize)]
pub struct FeedView {
    /// Its name.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Its own whole address.
    pub url: String,
    /// The whole address of the page that it follows.
    pub home: String,
    /// Its language.
    pub language: String,
    /// When anything in it last changed: RFC 3339.
    pub updated: String,
    /// The same, RFC 822.
    pub updated_822: Option<String>,
    /// Who publishes it.
    pub publisher: String,
    /// The hub that tells subscribers of changes.
    pub hub: Option<String>,
    /// Its entries, the newest first.
    pub items: Vec<FeedItem>,
}

/// An entry of a feed.
#[derive(Clone, Debug, Serialize)]
pub struct FeedItem {
    /// What it is known by, for ever: the whole address of its page.
    pub id: String,
    /// The whole address of its page.
    pub url: String,
    /// The headline.
    pub title: String,
    /// The standfirst, or the beginning of the text.
    pub summary: String,
    /// The whole text as HTML, its addresses whole; none when feeds have summaries only.
    pub html: Option<String>,
    /// Its language.
    pub language: String,
    /// When it was first published: RFC 3339.
    pub published: String,
    /// The same, RFC 822.
    pub published_822: String,
    /// When it last changed: RFC 3339.
    pub updated: String,
    /// Who wrote it.
    pub authors: Vec<FeedAuthor>,
    /// Its section and topics.
    pub tags: Vec<String>,
    /// Its picture.
    pub image: Option<FeedImage>,
    /// The same in other languages.
    pub translations: Vec<meta::Alternate>,
}

/// Who wrote an entry.
#[derive(Clone, Debug, Serialize)]
pub struct FeedAuthor {
    /// The name.
    pub name: String,
    /// The whole address of the profile.
    pub url: String,
}

/// The picture of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct FeedImage {
    /// Its whole address.
    pub url: String,
    /// What it is sent as.
    pub media_type: &'static str,
    /// Its width in pixels.
    pub width: Option<u32>,
    /// Its height.
    pub height: Option<u32>,
    /// What is on it, for those who do not see it.
    pub alt: String,
    /// What is on it, for everybody.
    pub caption: Option<String>,
    /// Whom to thank.
    pub credit: Option<String>,
    /// Who made it.
    pub creator: Option<String>,
    /// Whether that is a person.
    pub is_by_person: bool,
}

/// A feed of a list.
pub fn feed(
    edition: &Edition,
    list: &List,
    language: &str,
    format: FeedFormat,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Vec<u8>> {
    let view = view(edition, list, language, format);
    let name = match format {
        FeedFormat::Rss => "feed.xml",
        FeedFormat::Atom => "atom.xml",
        FeedFormat::Json => return Some(format!("{:#}\n", json_feed(&view)).into_bytes()),
    };
    let mut context = context(edition, language);
    context.insert("feed", &view);
    let span = Span::file(&SitePath::new("nutgraf.yaml"));
    let bytes = xml::clean(template(edition, name, &context, &span, diagnostics)?);
    // A template of the site's own may give anything; what is no XML, no reader of feeds reads.
    let is_own = edition.theme.sources.contains_key(format!("templates/{name}").as_str());
    if let Some(fault) = is_own.then(|| xml::fault(&bytes)).flatten() {
        diagnostics.push(say::bad_feed(name, &fault));
        return None;
    }
    Some(bytes)
}

fn view(edition: &Edition, list: &List, language: &str, format: FeedFormat) -> FeedView {
    let world = &edition.world;
    let site = &world.site;
    let is_hub = matches!(list, List::Hub(..));
    let most = site.config.feed.items.min(if is_hub { MOST_OF_HUB } else { usize::MAX });
    let items: Vec<(Moment, FeedItem)> = if *list == List::Corrections {
        let all = route::corrections(site, language);
        all.iter().take(most).map(|(id, i)| correction(world, *id, *i)).collect()
    } else {
        let all = meta::feed_members(site, list, language);
        all.iter().take(most).filter_map(|id| item(edition, *id)).collect()
    };
    let zone = &site.config.timezone;
    // A feed without entries has not changed since the beginning of all clocks: a moment that no clock moves.
    let updated = items.iter().map(|(changed, _)| *changed).max();
    FeedView {
        title: meta::feed_title(edition, list, language),
        description: meta::site_description(site, language).map(str::to_owned),
        url: views::permalink(world, &beside(site, list, language, format.file())),
        home: views::permalink(world, &list_url(site, list, language)),
        language: language.to_owned(),
        updated: updated.map_or_else(|| "1970-01-01T00:00:00Z".into(), |moment| moment.iso(zone)),
        updated_822: updated.map(|moment| moment.rfc822(zone)),
        publisher: meta::publisher_name(site, language).to_owned(),
        hub: site.config.feed.hub.clone(),
        items: items.into_iter().map(|(_, item)| item).collect(),
    }
}

/// A briefing as an entry, with the moment of its last change.
fn item(edition: &Edition, id: EntryId) -> Option<(Moment, FeedItem)> {
    let world = &edition.world;
    let site = &world.site;
    let zone = &site.config.timezone;
    let entry = &site.entries[id];
    let published = entry.published?;
    let changed = entry.modified.unwrap_or(published);
    let card = world.card_view(id);
    let names = card.section.iter().chain(&card.topics).map(|named| named.title.clone());
    let others = site.translations(id).iter().map(|other| {
        let other = &site.entries[*other];
        meta::Alternate { language: other.language.clone(), url: views::permalink(world, &other.url) }
    });
    let authors = card.authors.iter();
    Some((
        changed,
        FeedItem {
            id: card.permalink.clone(),
            url: card.permalink.clone(),
            title: card.title.clone(),
            summary: card.description.clone(),
            html: site
                .config
                .feed
                .full_text
                .then(|| world.feed_text(id, || text(edition, id).into()).to_string()),
            language: entry.language.clone(),
            published: published.iso(zone),
            published_822: published.rfc822(zone),
            updated: changed.iso(zone),
            authors: authors
                .map(|author| FeedAuthor { name: author.title.clone(), url: whole(world, &author.url) })
                .collect(),
            tags: names.collect(),
            image: card.image.as_ref().and_then(|picture| image(world, picture)),
            translations: others.collect(),
        },
    ))
}

/// A correction as an entry, with its moment.
fn correction(world: &World, id: EntryId, i: usize) -> (Moment, FeedItem) {
    let site = &world.site;
    let zone = &site.config.timezone;
    let entry = &site.entries[id];
    let correction = &entry.front.corrections[i];
    let date = correction.date.value;
    let page = views::permalink(world, &entry.url);
    let url = format!("{page}#{}", views::correction_id(i));
    let html = functions::inline_markdown(&views::rewrite(world, entry, &correction.text));
    let html = format!("<p>{}</p>", raw_html::portable(&html, &url));
    // Its place in the list is no name for ever: an older one may be added before it.
    let before = entry.front.corrections[..i].iter().filter(|other| other.date.value == date).count();
    let again = if before == 0 { String::new() } else { format!("-{}", before + 1) };
    let item = FeedItem {
        id: format!("{page}#correction-of-{}{again}", date.as_written(zone)),
        title: entry.title().to_owned(),
        summary: markdown::plain(&correction.text),
        html: Some(html),
        language: entry.language.clone(),
        published: date.iso(zone),
        published_822: date.rfc822(zone),
        updated: date.iso(zone),
        authors: Vec::new(),
        tags: Vec::new(),
        image: None,
        translations: Vec::new(),
        url,
    };
    (date, item)
}

/// The text of a briefing for readers elsewhere: its addresses whole, and nothing in it that needs this site's
/// styles.
pub fn text(edition: &Edition, id: EntryId) -> String {
    let world = &edition.world;
    let entry = &world.site.entries[id];
    let mut context = context(edition, &entry.language);
    // What is wrong with the text was said when its page was made.
    let mut said = Vec::new();
    context.insert_value("page", tera::Value::from(page_view(edition, id, Marks::None, &mut said)));
    let span = Span::file(&entry.document.path);
    let html = template(edition, "parts/feed-text.html", &context, &span, &mut said).unwrap_or_default();
    let html = raw_html::portable(&String::from_utf8_lossy(&html), &views::permalink(world, &entry.url));
    if html.contains("<pre") {
        return html.trim().to_owned();
    }
    // What was taken out has left empty lines.
    let lines = html.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn image(world: &World, picture: &Picture) -> Option<FeedImage> {
    Some(FeedImage {
        url: whole(world, &picture.url),
        media_type: media::media_type(&picture.url)?,
        width: picture.width,
        height: picture.height,
        alt: picture.alt.clone(),
        caption: picture.caption.clone(),
        credit: Some(picture.credit.join(", ")).filter(|credit| !credit.is_empty()),
        creator: picture.creator.clone(),
        is_by_person: picture.creator.as_deref().is_some_and(views::is_person),
    })
}

/// A JSON Feed 1.1.
fn json_feed(feed: &FeedView) -> Value {
    let items = feed.items.iter().map(|item| {
        let authors: Vec<Value> =
            item.authors.iter().map(|a| json!({"name": a.name, "url": a.url})).collect();
        let text = if item.html.is_some() { Value::Null } else { json!(item.summary) };
        known([
            ("id", json!(item.id)),
            ("url", json!(item.url)),
            ("title", json!(item.title)),
            ("summary", json!(item.summary)),
            ("content_html", json!(item.html)),
            ("content_text", text),
            ("image", json!(item.image.as_ref().map(|image| &image.url))),
            ("date_published", json!(item.published)),
            ("date_modified", json!(item.updated)),
            ("authors", json!((!authors.is_empty()).then_some(authors))),
            ("tags", json!((!item.tags.is_empty()).then_some(&item.tags))),
            ("language", json!(item.language)),
        ])
    });
    known([
        ("version", json!("https://jsonfeed.org/version/1.1")),
        ("title", json!(feed.title)),
        ("home_page_url", json!(feed.home)),
        ("feed_url", json!(feed.url)),
        ("description", json!(feed.description)),
        ("language", json!(feed.language)),
        ("authors", json!([{"name": feed.publisher}])),
        ("hubs", json!(feed.hub.as_ref().map(|url| json!([{"type": "WebSub", "url": url}])))),
        ("items", items.collect()),
    ])
}
