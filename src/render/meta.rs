//! What a page says about itself to machines: one value, from which the head of the page, its structured data, feeds
//! and sitemaps are made, so that they agree.

use serde::Serialize;
use tera::Value;

use super::{graph, listing};
use crate::config::outputs::Publisher;
use crate::document::Kind;
use crate::edition::views::{self, Card as View, Named, Picture};
use crate::edition::{Edition, World};
use crate::language::Strings;
use crate::language::dates::Style;
use crate::links::is_outside;
use crate::media::card::{self, Card};
use crate::moment::Moment;
use crate::path::Url;
use crate::route::machine::{self, FeedFormat, TwinForm};
use crate::route::{List, Route, list_url};
use crate::site::{EntryId, Group, Site};

/// What a page says about itself.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Meta {
    /// Its own title, without the site's.
    pub title: String,
    /// What stands on a browser's tab: with the site's name, and the number of an older page.
    pub document_title: String,
    /// What it is about, in a sentence or two.
    pub description: Option<String>,
    /// Its whole address; none for a page that stands for no address.
    pub canonical: Option<String>,
    /// What search engines may do: `max-image-preview:large`, or `noindex`.
    pub robots: String,
    /// `article`, `profile` or `website`, as Open Graph has it.
    pub kind: &'static str,
    /// Its language and the land where it is spoken most, `ru_RU`; as the strings of the language say.
    pub locale: Option<String>,
    /// Those of its translations.
    pub other_locales: Vec<String>,
    /// The same page in every language that it has, itself included; empty when it has one only.
    pub alternates: Vec<Alternate>,
    /// The picture by which it is known elsewhere.
    pub image: Option<MetaImage>,
    /// When it was first published, ISO 8601 with an offset.
    pub published: Option<String>,
    /// When it last changed.
    pub modified: Option<String>,
    /// When it ends.
    pub expires: Option<String>,
    /// The name of its section.
    pub section: Option<String>,
    /// The whole addresses of its authors' pages.
    pub authors: Vec<String>,
    /// The names of its topics.
    pub tags: Vec<String>,
    /// Where it stands: the pages above it, from the front page down.
    pub crumbs: Vec<Crumb>,
    /// The feeds to offer on it, its own first.
    pub feeds: Vec<FeedLink>,
    /// The same in other forms.
    pub twins: Vec<TwinLink>,
    /// Its structured data, JSON-LD.
    #[serde(skip)]
    pub graph: String,
}

/// A page in a language.
#[derive(Clone, Debug, Serialize)]
pub struct Alternate {
    /// The language's code; `x-default` for whom none fits.
    pub language: String,
    /// The whole address.
    pub url: String,
}

/// A picture by which a page is known elsewhere.
#[derive(Clone, Debug, Serialize)]
pub struct MetaImage {
    /// Its whole address.
    pub url: String,
    /// Its width in pixels.
    pub width: Option<u32>,
    /// Its height.
    pub height: Option<u32>,
    /// What is on it, for those who do not see it.
    pub alt: String,
}

/// A page above another.
#[derive(Clone, Debug, Serialize)]
pub struct Crumb {
    /// Its name.
    pub title: String,
    /// Its address from the root of the host.
    pub url: String,
}

/// A feed as pages offer it.
#[derive(Clone, Debug, Serialize)]
pub struct FeedLink {
    /// Its name.
    pub title: String,
    /// Its address from the root of the host.
    pub url: String,
    /// What it is sent as.
    pub media_type: &'static str,
}

/// A page in another form.
#[derive(Clone, Debug, Serialize)]
pub struct TwinLink {
    /// Its address from the root of the host.
    pub url: String,
    /// What it is sent as.
    pub media_type: &'static str,
}

/// What a page says about itself; nothing of a route that is no page.
pub fn of(edition: &Edition, route: &Route, card: Option<&Card>) -> Meta {
    let world = &edition.world;
    let site = &world.site;
    let language = language(site, route);
    let mut meta = Meta {
        robots: listing::robots(site, route),
        kind: "website",
        locale: strings(edition, language).and_then(|strings| strings.locale.clone()),
        canonical: is_addressed(route)
            .then(|| route.url(site).map(|url| views::permalink(world, &url)))
            .flatten(),
        ..Meta::default()
    };
    let others = listing::alternates(world, route);
    meta.other_locales = others
        .iter()
        .filter(|(other, _)| other != language)
        .filter_map(|(other, _)| strings(edition, other)?.locale.clone())
        .collect();
    meta.alternates = listing::hreflang(world, others);
    let mut number = None;
    let mut view = None;
    match route {
        Route::Entry(id) => {
            let own = world.card_view(*id);
            view = Some(own);
            of_entry(edition, *id, own, card, &mut meta);
        }
        Route::List { list, page, .. } => {
            number = *page;
            of_list(edition, list, language, *page, &mut meta);
        }
        Route::NotFound { .. } => meta.title = text(edition, language, "not_found"),
        Route::Search { .. } => {
            meta.title = text(edition, language, "search");
            meta.crumbs = vec![home(edition, language)];
        }
        Route::Redirect { .. }
        | Route::Feed { .. }
        | Route::Twin { .. }
        | Route::Llms { .. }
        | Route::Manifest { .. }
        | Route::Sitemap(_)
        | Route::Host(_)
        | Route::Static { .. } => {}
    }
    let site_title = site_title(site, language);
    let mut parts = vec![meta.title.clone()];
    if let Some(number) = number {
        parts.push(text(edition, language, "page_number").replace("{number}", &number.to_string()));
    }
    if !matches!(route, Route::List { list: List::Home, .. }) {
        parts.push(site_title.to_owned());
    }
    meta.document_title = parts.join(" – ");
    meta.feeds.extend(feeds(edition, &List::Home, language));
    meta.graph = graph::of(edition, route, language, &meta, view);
    meta
}

/// Whether a route has an address of its own: the page for missing ones is shown at any.
fn is_addressed(route: &Route) -> bool {
    !matches!(route, Route::NotFound { .. } | Route::Redirect { .. })
}

fn of_entry(edition: &Edition, id: EntryId, view: &View, card: Option<&Card>, meta: &mut Meta) {
    let world = &edition.world;
    let site = &world.site;
    let entry = &*site.entries[id];
    let zone = &site.config.timezone;
    entry.title().clone_into(&mut meta.title);
    meta.description = Some(view.description.clone()).filter(|text| !text.is_empty());
    meta.image = match card {
        Some(card) => Some(MetaImage {
            url: views::permalink(world, &card.url),
            width: Some(card::SIZE.0),
            height: Some(card::SIZE.1),
            alt: meta.title.clone(),
        }),
        None => view.image.as_ref().map(|picture| image_of(world, picture, &meta.title)),
    };
    if matches!(entry.kind, Kind::Briefing | Kind::Explainer) {
        meta.kind = "article";
        meta.published = listing::published(site, entry).map(|moment| moment.iso(zone));
        meta.modified = listing::modified(site, entry).map(|moment| moment.iso(zone));
        meta.expires = entry.front.expires.as_ref().map(|expires| expires.value.iso(zone));
        meta.section = view.section.as_ref().map(|section| section.title.clone());
        meta.authors = view.authors.iter().map(|author| whole(world, &author.url)).collect();
        meta.tags = view.topics.iter().map(|topic| topic.title.clone()).collect();
    }
    let language = &entry.language;
    meta.crumbs = vec![home(edition, language)];
    match entry.kind {
        Kind::Briefing => {
            meta.crumbs.push(match view.section.as_ref().or(view.topics.first()) {
                Some(named) => crumb(named),
                None => list_crumb(edition, &List::Briefings, language),
            });
            meta.crumbs.extend(view.thread.as_ref().map(crumb));
            if let Some(section) = &entry.front.section {
                meta.feeds.extend(feeds(edition, &List::Section(section.value.clone()), language));
            }
            let forms = TwinForm::of(&site.config);
            meta.twins.extend(forms.map(|form| TwinLink {
                url: site.href(&machine::twin_url(site, id, form)),
                media_type: form.media_type(),
            }));
        }
        Kind::Explainer => meta.crumbs.push(list_crumb(edition, &List::Explainers, language)),
        Kind::Topic | Kind::Author | Kind::Thread | Kind::Page => {}
    }
}

fn of_list(edition: &Edition, list: &List, language: &str, page: Option<usize>, meta: &mut Meta) {
    let world = &edition.world;
    let site = &world.site;
    meta.title = list_title(edition, list, language);
    meta.crumbs = if *list == List::Home { Vec::new() } else { vec![home(edition, language)] };
    match list {
        List::Home => meta.description = site_description(site, language).map(str::to_owned),
        List::Hub(kind, id) => {
            if *kind == Kind::Author {
                meta.kind = "profile";
            }
            let above = match kind {
                Kind::Author => List::Authors,
                Kind::Thread => List::Threads,
                Kind::Topic | Kind::Briefing | Kind::Explainer | Kind::Page => List::Topics,
            };
            meta.crumbs.push(list_crumb(edition, &above, language));
            if let Some(entry) = site.find(*kind, id, language) {
                let view = world.card_view(entry);
                meta.description = Some(view.description.clone()).filter(|text| !text.is_empty());
                meta.image = view.image.as_ref().map(|picture| image_of(world, picture, &meta.title));
            }
        }
        List::UsedBy(id) => {
            let entry = &site.entries[*id];
            meta.crumbs.push(list_crumb(edition, &List::Explainers, language));
            meta.crumbs.push(Crumb { title: entry.title().to_owned(), url: site.href(&entry.url) });
        }
        List::Briefings
        | List::Section(_)
        | List::Explainers
        | List::Topics
        | List::Authors
        | List::Threads
        | List::Corrections => {}
    }
    if page.is_some() && !matches!(list, List::UsedBy(_)) {
        let url = site.href(&list_url(site, list, language));
        meta.crumbs.push(Crumb { title: meta.title.clone(), url });
    }
    if *list != List::Home {
        meta.feeds.extend(feeds(edition, list, language));
    }
}

/// The name of a list in a language.
pub fn list_title(edition: &Edition, list: &List, language: &str) -> String {
    let world = &edition.world;
    let site = &world.site;
    match list {
        List::Home => site_title(site, language).to_owned(),
        List::Section(id) => views::section(world, id, language).map_or_else(|| id.clone(), |s| s.title),
        List::Hub(kind, id) => views::named(world, *kind, id, language).title,
        List::UsedBy(id) => {
            format!("{}: {}", site.entries[*id].title(), text(edition, language, "used_by"))
        }
        List::Briefings => text(edition, language, "briefings"),
        List::Explainers => text(edition, language, "explainers"),
        List::Topics => text(edition, language, "topics"),
        List::Authors => text(edition, language, "authors"),
        List::Threads => text(edition, language, "threads"),
        List::Corrections => text(edition, language, "corrections"),
    }
}

/// The site's name in a language.
pub fn site_title<'a>(site: &'a Site, language: &str) -> &'a str {
    let own = site.config.languages.get(language).and_then(|own| own.title.as_deref());
    own.unwrap_or(&site.config.title)
}

/// What the site is, in a language.
pub fn site_description<'a>(site: &'a Site, language: &str) -> Option<&'a str> {
    let own = site.config.languages.get(language).and_then(|own| own.description.as_deref());
    own.or(site.config.description.as_deref())
}

/// The name of who publishes a site.
pub fn publisher_name<'a>(site: &'a Site, language: &str) -> &'a str {
    let Publisher { name, .. } = &site.config.publisher;
    name.as_deref().unwrap_or_else(|| site_title(site, language))
}

/// An interface string.
pub fn text(edition: &Edition, language: &str, key: &str) -> String {
    strings(edition, language).and_then(|strings| strings.get(key, None)).unwrap_or(key).to_owned()
}

/// A date in words.
pub fn date_words(edition: &Edition, language: &str, date: Moment) -> String {
    let zone = &edition.world.site.config.timezone;
    match edition.theme.languages.get(language) {
        Some(language) => language.dates.moment(&date.zoned(zone), Style::Long),
        None => date.date(zone).to_string(),
    }
}

/// "As of" a date, in words.
pub fn as_of(edition: &Edition, language: &str, date: Moment) -> String {
    text(edition, language, "as_of").replace("{date}", &date_words(edition, language, date))
}

/// Whom to thank for a picture, with a word that says for what where the words themselves say none.
pub fn credit(edition: &Edition, language: &str, credit: &str) -> String {
    match credit.split_once(':') {
        Some(_) => credit.to_owned(),
        None => format!("{}: {credit}", text(edition, language, "photo")),
    }
}

/// The title of the page at an address of this site, in the language of the page; none of other addresses.
pub fn title_at(world: &World, href: &str) -> Option<String> {
    let path = href.strip_prefix(world.site.config.base_path.as_str())?.split(['?', '#']).next()?;
    let id = world.site.at_url(&Url::parse(path)?)?;
    Some(world.site.entries[id].title().to_owned())
}

fn strings<'a>(edition: &'a Edition, language: &str) -> Option<&'a Strings> {
    edition.theme.languages.get(language).map(|language| &language.strings)
}

/// The language of a route.
pub fn language<'a>(site: &'a Site, route: &'a Route) -> &'a str {
    match route {
        Route::Entry(id) | Route::Redirect { to: id, .. } | Route::Twin { id, .. } => {
            &site.entries[*id].language
        }
        Route::List { language, .. }
        | Route::NotFound { language }
        | Route::Feed { language, .. }
        | Route::Llms { language }
        | Route::Search { language }
        | Route::Manifest { language } => language,
        Route::Sitemap(_) | Route::Host(_) | Route::Static { .. } => &site.config.language,
    }
}

fn home(edition: &Edition, language: &str) -> Crumb {
    let url = edition.world.site.href(&list_url(&edition.world.site, &List::Home, language));
    Crumb { title: text(edition, language, "home"), url }
}

fn crumb(named: &Named) -> Crumb {
    Crumb { title: named.title.clone(), url: named.url.clone() }
}

fn list_crumb(edition: &Edition, list: &List, language: &str) -> Crumb {
    let site = &edition.world.site;
    Crumb { title: list_title(edition, list, language), url: site.href(&list_url(site, list, language)) }
}

/// The name of the feed of a list.
pub fn feed_title(edition: &Edition, list: &List, language: &str) -> String {
    let own = site_title(&edition.world.site, language);
    let of = (*list != List::Home).then(|| list_title(edition, list, language));
    of.map_or_else(|| own.to_owned(), |of| format!("{own}: {of}"))
}

/// The feeds of a list as pages offer them.
fn feeds(edition: &Edition, list: &List, language: &str) -> Vec<FeedLink> {
    let site = &edition.world.site;
    let title = feed_title(edition, list, language);
    let link = |format: &FeedFormat| FeedLink {
        title: title.clone(),
        url: site.href(&machine::beside(site, list, language, format.file())),
        media_type: format.media_type(),
    };
    machine::feeds_of(list).iter().map(link).collect()
}

/// The whole address of what a page links to.
pub fn whole(world: &World, href: &str) -> String {
    if is_outside(href) { href.to_owned() } else { format!("{}{href}", world.site.config.origin) }
}

/// A picture as the one by which a page of this title is known. Its words are the title where it has none.
fn image_of(world: &World, picture: &Picture, title: &str) -> MetaImage {
    let words = [Some(picture.alt.as_str()), picture.caption.as_deref(), Some(title)];
    MetaImage {
        url: whole(world, &picture.url),
        width: picture.width,
        height: picture.height,
        alt: words.into_iter().flatten().find(|words| !words.is_empty()).unwrap_or_default().to_owned(),
    }
}

/// The briefings whose feed a list has, the newest first.
pub fn feed_members<'a>(site: &'a Site, list: &List, language: &str) -> &'a [EntryId] {
    let group = match list {
        List::Section(id) => Group::Section(id),
        List::Hub(kind, id) => Group::of_hub(*kind, id).unwrap_or(Group::All),
        List::Home
        | List::Briefings
        | List::Explainers
        | List::Topics
        | List::Authors
        | List::Threads
        | List::Corrections
        | List::UsedBy(_) => Group::All,
    };
    site.groups.of(group, language)
}

/// The value as templates see it.
pub fn view(meta: &Meta) -> Value {
    let mut map = views::to_map(meta);
    map.insert("graph".into(), Value::safe_string(&meta.graph));
    Value::from(map)
}
