//! What templates see: typed views of documents, lists and the site, made once and shared as Tera values.
//! Their fields are documented in docs/templates.md, which a test holds against these types.

use std::collections::BTreeMap;

use serde::Serialize;
use tera::{Map, Value};

use super::World;
use super::history::{VersionView, history};
use crate::document::facts::Heading;
use crate::document::front::{CorrectionKind, Image, Link as NamedLink, Source, Term};
use crate::document::{Document, Front, Kind, markdown};
use crate::language::excerpt;
use crate::links::is_outside;
use crate::media::card::{self, Card as SocialCard};
use crate::media::picture::Kind as PictureKind;
use crate::media::recipe::{Crop, Format, Recipe};
use crate::media::words::Words;
use crate::media::{AssetBytes, ICON, colour};
use crate::moment::Moment;
use crate::path::Url;
use crate::route::machine::beside;
use crate::route::{List, list_url};
use crate::site::explainers::used_versions;
use crate::site::{Entry, EntryId, Group, Shown, time};
use crate::theme::Theme;

/// How many characters a description made of the lede has at most.
const DESCRIPTION: usize = 160;

/// A document in a list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Card {
    /// `briefing`, `explainer`, `topic`, `author`, `thread` or `page`.
    pub kind: &'static str,
    /// Its slug or id.
    pub id: String,
    /// Its headline or name.
    pub title: String,
    /// Its address from the root of the host.
    pub url: String,
    /// Its whole address.
    pub permalink: String,
    /// Its language.
    pub language: String,
    /// When it was published: a date, or a moment in ISO 8601 when a time of day was written.
    pub date: Option<String>,
    /// When it last changed, when that is later.
    pub updated: Option<String>,
    /// The date an explainer's facts are of.
    pub as_of: Option<String>,
    /// The standfirst, else the lede cut at a word.
    pub description: String,
    /// Whether the standfirst was written.
    pub has_standfirst: bool,
    /// The label over the headline.
    pub kicker: Option<String>,
    /// Its section.
    pub section: Option<Named>,
    /// Its authors.
    pub authors: Vec<Named>,
    /// A role instead of a person.
    pub byline: Option<String>,
    /// The place of filing.
    pub dateline: Option<String>,
    /// Its topics.
    pub topics: Vec<Named>,
    /// Its running story.
    pub thread: Option<Named>,
    /// Its picture.
    pub image: Option<Picture>,
    /// In the list on the page of an explainer that has versions: the date of the one that it shows.
    pub version: Option<String>,
}

/// A name that leads somewhere.
#[derive(Clone, Debug, Serialize)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// A picture with what must be said of it.
#[derive(Clone, Debug, Serialize)]
pub struct Picture {
    /// Its path in the site, for `picture()` and `image()`; a whole address for one elsewhere.
    pub src: String,
    /// Its address, at most 1,200 pixels wide.
    pub url: String,
    /// How wide it is at that address, in pixels.
    pub width: Option<u32>,
    /// How high.
    pub height: Option<u32>,
    /// The colour that most of it has: `#aabbcc`.
    pub colour: Option<String>,
    /// What is on it, for those who do not see it; empty for a decorative one.
    pub alt: String,
    /// What is on it, for everybody.
    pub caption: Option<String>,
    /// Whom to thank.
    pub credit: Vec<String>,
    /// Who made it.
    pub creator: Option<String>,
    /// Under what licence.
    pub license: Option<String>,
    /// The licence's address.
    pub license_url: Option<String>,
    /// Where a licence can be had.
    pub acquire_url: Option<String>,
    /// What must stay in view when it is cropped, as CSS says it: `30% 20%`.
    pub focus: Option<String>,
}

/// What a page has besides its card.
#[expect(clippy::struct_excessive_bools, reason = "answers to what templates ask, each on its own")]
#[derive(Clone, Debug, Default, Serialize)]
pub struct PageFields {
    /// The picture by which a link to a briefing or an explainer is known elsewhere; its address is whole.
    pub card: Option<Made>,
    /// Headings of the text.
    pub toc: Vec<TocEntry>,
    /// Where the facts come from.
    pub sources: Vec<Source>,
    /// What was wrong.
    pub corrections: Vec<CorrectionView>,
    /// The same page in other languages.
    pub translations: Vec<Translation>,
    /// How many minutes it takes to read.
    pub reading_minutes: usize,
    /// Whether a briefing is from more than a year ago, so that much of it may have changed since.
    pub is_old: bool,
    /// Whether the date by which an explainer was to be looked at again has passed.
    pub is_review_due: bool,
    /// Whether `read_also` stands in the text.
    pub places_read_also: bool,
    /// Whether `sources` stands in the text.
    pub places_sources: bool,
    /// A thread's status.
    pub status: Option<String>,
    /// An author's role.
    pub role: Option<String>,
    /// An author's links.
    pub links: Vec<NamedLink>,
    /// An explainer in a few sentences, as Markdown.
    pub summary: Option<String>,
    /// Who keeps an explainer: the name of the author with this id, else as written.
    pub owner: Option<String>,
    /// When an explainer must be looked at again.
    pub review_by: Option<String>,
    /// What changed in an explainer.
    pub changes: Vec<ChangeView>,
    /// The versions of an explainer, the newest first; empty when there is but one.
    pub history: Vec<VersionView>,
    /// Anything, from front matter.
    pub extra: serde_json::Value,
    /// The file in content/.
    pub source_path: String,
}

/// A heading of the text.
#[derive(Clone, Debug, Serialize)]
pub struct TocEntry {
    /// Its id.
    pub id: String,
    /// Its text.
    pub title: String,
    /// Its level.
    pub level: u8,
}

/// A correction.
#[derive(Clone, Debug, Serialize)]
pub struct CorrectionView {
    /// Its id on the page.
    pub id: String,
    /// When: a date, or a moment in ISO 8601.
    pub date: String,
    /// What was wrong and what is right.
    pub text: String,
    /// `correction`, `clarification` or `update`.
    pub kind: CorrectionKind,
}

/// A change of an explainer.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeView {
    /// When.
    pub date: String,
    /// What.
    pub text: String,
}

/// The same page in another language.
#[derive(Clone, Debug, Serialize)]
pub struct Translation {
    /// The language's code.
    pub language: String,
    /// The language's own name.
    pub name: String,
    /// The title.
    pub title: String,
    /// The address.
    pub url: String,
}

/// An explainer as a component shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ShownExplainer {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The address of its page.
    pub url: String,
    /// The date its facts are of.
    pub as_of: String,
    /// The language it is in.
    pub language: String,
    /// Whether that is not the page's language.
    pub foreign: bool,
    /// Whether a newer version exists.
    pub updated_since: bool,
    /// Itself in a few sentences, as text.
    pub summary: String,
}

/// The site.
#[derive(Clone, Debug, Serialize)]
pub struct SiteView {
    /// Its name.
    pub title: String,
    /// What it is.
    pub description: Option<String>,
    /// The address of its front page in this language.
    pub url: String,
    /// Its whole address.
    pub permalink: String,
    /// The language.
    pub language: String,
    /// `ltr` or `rtl`.
    pub direction: String,
    /// All its languages.
    pub languages: Vec<Translation>,
    /// The menu.
    pub menu: Vec<MenuEntry>,
    /// Its sections.
    pub sections: Vec<Named>,
    /// The standing lists: `briefings`, `explainers`, `topics`, `authors`, `threads`, `corrections`.
    pub lists: BTreeMap<&'static str, String>,
    /// The page on which it is searched, when it can be.
    pub search: Option<String>,
    /// The folder of what searches it in the browser.
    pub search_engine: Option<String>,
    /// Its icon in pixels, for phones that take no drawing; none where nothing is drawn.
    pub touch_icon: Option<String>,
    /// What a phone must know to keep it among its programs.
    pub manifest: String,
    /// Who publishes it.
    pub publisher: serde_json::Value,
    /// The accent colour.
    pub accent: Option<String>,
    /// The colour of the masthead's ground.
    pub masthead: Option<String>,
    /// Black or white, whichever is easier to read on it.
    pub masthead_ink: Option<&'static str>,
    /// The typeface that comes with the site: `noto-serif`.
    pub font: Option<String>,
    /// The logo's address.
    pub logo: Option<String>,
    /// Further style sheets, as names in static/.
    pub css: Vec<String>,
    /// Anything, from nutgraf.yaml.
    pub extra: serde_json::Value,
}

/// An entry of the menu.
#[derive(Clone, Debug, Serialize)]
pub struct MenuEntry {
    /// Its text.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// The card of an entry.
pub fn card(world: &World, entry: &Entry) -> Card {
    let site = &world.site;
    let zone = &site.config.timezone;
    let front = &entry.front;
    let iso = |moment: Moment| moment.as_written(zone);
    let hub = |kind: Kind, term: &Term| named(world, kind, &term.id, &entry.language);
    Card {
        kind: entry.kind.name(),
        id: entry.id.to_string(),
        title: entry.title().to_owned(),
        url: site.href(&entry.url),
        permalink: permalink(world, &entry.url),
        language: entry.language.clone(),
        date: entry.published.map(iso),
        updated: entry.modified.filter(|m| Some(*m) != entry.published).map(iso),
        as_of: front.as_of.as_ref().map(|date| date.value.to_string()),
        description: description(front, &entry.document),
        has_standfirst: front.description.is_some() || front.summary.is_some(),
        kicker: front.kicker.clone(),
        section: front.section.as_ref().and_then(|s| section(world, &s.value, &entry.language)),
        authors: front.authors.iter().map(|a| hub(Kind::Author, &a.value)).collect(),
        byline: front.byline.clone(),
        dateline: front.dateline.clone(),
        topics: front.topics.iter().map(|t| hub(Kind::Topic, &t.value)).collect(),
        thread: front.thread.as_ref().map(|t| hub(Kind::Thread, &t.value)),
        image: front.image.as_ref().and_then(|image| picture(world, &entry.document, image)),
        version: None,
    }
}

/// The fields of a hub that has no text in a language.
pub fn bare_hub(world: &World, kind: Kind, id: &str, language: &str) -> (Card, PageFields) {
    let Named { id, title, url } = named(world, kind, id, language);
    let card = Card {
        kind: kind.name(),
        permalink: format!("{}{url}", world.site.config.origin),
        language: language.to_owned(),
        id,
        title,
        url,
        ..Card::default()
    };
    (card, PageFields::default())
}

/// What a page has besides its card.
pub fn page_fields(world: &World, theme: &Theme, id: EntryId) -> PageFields {
    let entry = &*world.site.entries[id];
    let front = &entry.front;
    let document = &entry.document;
    let zone = &world.site.config.timezone;
    let translations = world.site.translations(id).iter().map(|id| {
        let other = &world.site.entries[*id];
        Translation {
            name: theme.languages.get(&other.language).map_or_else(String::new, |l| l.strings.name.clone()),
            language: other.language.clone(),
            title: other.title().to_owned(),
            url: world.site.href(&other.url),
        }
    });
    let corrections = front.corrections_until(world.site.now);
    PageFields {
        card: None,
        toc: document.facts.headings.iter().map(toc_entry).collect(),
        sources: front.sources.iter().map(|source| resolved(world, entry, source)).collect(),
        corrections: corrections
            .map(|(i, correction)| CorrectionView {
                id: correction_id(i),
                date: correction.date.value.as_written(zone),
                text: rewrite(world, entry, &correction.text),
                kind: correction.kind,
            })
            .collect(),
        translations: translations.collect(),
        // About 1,000 characters a minute in every language tried (IReST).
        reading_minutes: document.facts.characters.div_ceil(1000).max(1),
        is_old: entry.kind == Kind::Briefing
            && entry.published.is_some_and(|date| time::old_at(date, zone) <= world.site.now),
        is_review_due: front
            .review_by
            .as_ref()
            .is_some_and(|date| time::due_at(date.value, zone).is_some_and(|at| at <= world.site.now)),
        places_read_also: document.facts.uses("read_also"),
        places_sources: document.facts.uses("sources"),
        status: front.status.clone(),
        role: front.role.clone(),
        links: front
            .links
            .iter()
            .filter_map(|link| {
                let url = world.linker().href(document, &entry.language, &link.url)?;
                Some(NamedLink { title: link.title.clone(), url })
            })
            .collect(),
        summary: front.summary.as_ref().map(|summary| rewrite(world, entry, &summary.value)),
        owner: front.owner.as_ref().map(|owner| {
            let profile = world.site.find_or_default(Kind::Author, owner, &entry.language);
            profile.map_or_else(|| owner.clone(), |id| world.site.entries[id].title().to_owned())
        }),
        review_by: front.review_by.as_ref().map(|d| d.value.to_string()),
        changes: front
            .changes
            .iter()
            .map(|c| ChangeView { date: c.date.to_string(), text: rewrite(world, entry, &c.text) })
            .collect(),
        history: match world.site.explainers.versions(&entry.id, &entry.language) {
            versions @ [_, _, ..] if entry.kind == Kind::Explainer => history(versions),
            _ => Vec::new(),
        },
        extra: front.extra.clone().unwrap_or_default(),
        source_path: document.path.to_string(),
    }
}

fn toc_entry(heading: &Heading) -> TocEntry {
    TocEntry { id: heading.id.clone(), title: heading.title.clone(), level: heading.level }
}

/// A Markdown text of front matter with its links as they lead from any page.
pub fn rewrite(world: &World, entry: &Entry, text: &str) -> String {
    world.linker().rewrite(&entry.document, &entry.language, text)
}

/// The id of a correction on its page, by its place among them.
pub fn correction_id(i: usize) -> String {
    format!("correction-{}", i + 1)
}

/// Whether the creator of a picture is a person: a name of one word is an agency's more often.
pub fn is_person(creator: &str) -> bool {
    creator.trim().contains(' ')
}

/// A source with its address as pages give it.
pub fn resolved(world: &World, entry: &Entry, source: &Source) -> Source {
    let url = source.url.as_ref().and_then(|url| world.linker().href(&entry.document, &entry.language, url));
    Source { url, ..source.clone() }
}

/// An explainer as a component shows it.
pub fn shown_explainer(world: &World, shown: &Shown<'_>, id: &str, page_language: &str) -> ShownExplainer {
    let front = &shown.version.front;
    let page = world.site.find(Kind::Explainer, id, shown.language);
    ShownExplainer {
        id: id.to_owned(),
        title: front.title.as_ref().map_or_else(|| id.to_owned(), |t| t.value.clone()),
        url: page.map_or_else(String::new, |page| world.site.href(&world.site.entries[page].url)),
        as_of: front.as_of.as_ref().map(|date| date.value.to_string()).unwrap_or_default(),
        language: shown.language.to_owned(),
        foreign: shown.language != page_language,
        updated_since: shown.updated_since,
        summary: front
            .summary
            .as_ref()
            .map_or_else(|| shown.version.document.facts.lede.clone(), |s| s.value.clone()),
    }
}

/// The standfirst, else the lede as text, cut at a word.
pub fn description(front: &Front, document: &Document) -> String {
    match (&front.description, &front.summary) {
        (Some(text), _) => markdown::plain(text),
        (None, Some(summary)) => markdown::plain(&summary.value),
        (None, None) => excerpt::of(&document.facts.lede, DESCRIPTION),
    }
}

/// The whole address of a page.
pub fn permalink(world: &World, url: &Url) -> String {
    format!("{}{}", world.site.config.origin, world.site.href(url))
}

/// A topic, author or thread by name, in a language.
pub fn named(world: &World, kind: Kind, id: &str, language: &str) -> Named {
    let site = &world.site;
    let own = site.find_or_default(kind, id, language).map(|entry| site.entries[entry].title().to_owned());
    let title =
        own.or_else(|| site.groups.name(kind, id).map(str::to_owned)).unwrap_or_else(|| id.to_owned());
    let url = list_url(site, &List::Hub(kind, id.to_owned()), language);
    Named { id: id.to_owned(), title, url: site.href(&url) }
}

/// A section by name, in a language.
pub fn section(world: &World, id: &str, language: &str) -> Option<Named> {
    let site = &world.site;
    let section = site.config.sections.iter().find(|s| s.id == id)?;
    let title = section.titles.get(language).or_else(|| section.titles.get(&site.config.language));
    let url = list_url(site, &List::Section(id.to_owned()), language);
    Some(Named {
        id: id.to_owned(),
        title: title.map_or_else(|| id.to_owned(), Clone::clone),
        url: site.href(&url),
    })
}

/// A picture that was asked for by its path.
#[derive(Clone, Debug, Serialize)]
pub struct Made {
    /// Its address.
    pub url: String,
    /// Its width in pixels, when it is known.
    pub width: Option<u32>,
    /// Its height.
    pub height: Option<u32>,
    /// The colour that most of it has: `#aabbcc`.
    pub colour: Option<String>,
}

/// How wide a picture is when nobody says it, at most: enough for any page that shows one address only.
const WIDE: u32 = 1200;

/// A file of static/ as it is, a picture or not, with its size where it is known.
pub fn file(world: &World, name: &str) -> Option<Made> {
    let file = world.inventory.statics.get(name.trim_start_matches('/'))?;
    let asset = world.assets.get(file);
    let picture = asset.and_then(|asset| asset.picture.as_ref()?.as_ref().ok());
    let (width, height) = picture.and_then(|picture| picture.size).unzip();
    Some(Made { url: world.linker().file_href(file)?, width, height, colour: None })
}

/// A picture by its key, cropped and no wider than asked for. `None` when there is no such file.
pub fn made(
    world: &World,
    key: &str,
    crop: Option<Crop>,
    width: Option<u32>,
    format: Option<Format>,
) -> Option<Made> {
    let as_is = |url: String, size: Option<(u32, u32)>| Made {
        url,
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
        colour: None,
    };
    if is_outside(key) {
        return Some(as_is(key.to_owned(), None));
    }
    let file = world.file(key)?;
    let asset = world.assets.get(&file);
    let picture = asset.and_then(|asset| asset.picture.as_ref()?.as_ref().ok());
    if let (Some(picture), Some(AssetBytes::Made(whole)), Some(asset)) =
        (picture, asset.map(|asset| &asset.bytes), asset)
    {
        let own = picture.size.unwrap_or_default();
        let width = width.unwrap_or(WIDE).clamp(1, crop.map_or(own.0, |crop| crop.width_in(own)));
        let fallback = Format::fallback(matches!(picture.kind, PictureKind::Pixels { alpha: true, .. }));
        let mut recipe = Recipe { crop, width, format: fallback, hash: asset.hash, ..whole.clone() };
        let size = recipe.size(own);
        if let Some(format) = format.filter(|format| format.holds(size)) {
            recipe.format = format;
        }
        let colour = picture.colour.map(|[r, g, b]| format!("#{r:02x}{g:02x}{b:02x}"));
        return Some(Made { colour, ..as_is(world.ask(recipe), Some(size)) });
    }
    Some(as_is(world.linker().file_href(&file)?, picture.and_then(|picture| picture.size)))
}

fn picture(world: &World, document: &Document, image: &Image) -> Option<Picture> {
    let written = image.src.value.as_str();
    let src = world.linker().key(document, written)?;
    let Made { url, width, height, colour } = made(world, &src, None, None, None)?;
    let asset = world.file(&src).and_then(|file| world.assets.get(&file));
    let words = asset.and_then(|asset| asset.picture.as_ref()?.as_ref().ok()).map(|picture| &picture.words);
    // What the file says is in the language of whoever named the file.
    let own = document.front.image.as_ref().is_some_and(|image| !image.src.value.is_empty());
    let said = |word: fn(&Words) -> &Option<String>| words.and_then(|words| word(words).clone());
    let of_own = |word: fn(&Words) -> &Option<String>| said(word).filter(|_| own);
    let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    let credit = said(|words| &words.credit).or_else(|| said(|words| &words.creator));
    Some(Picture {
        src,
        url,
        width,
        height,
        colour,
        alt: image
            .alt
            .clone()
            .or_else(|| of_own(|words| &words.alt))
            .filter(|_| !image.decorative)
            .unwrap_or_default(),
        caption: image.caption.clone().or_else(|| of_own(|words| &words.caption)),
        credit: if image.credit.is_empty() { credit.into_iter().collect() } else { image.credit.clone() },
        creator: image.creator.clone().or_else(|| said(|words| &words.creator)),
        license: image
            .license
            .clone()
            .or_else(|| said(|words| &words.terms))
            .or_else(|| said(|words| &words.rights)),
        license_url: image.license_url.clone().or_else(|| said(|words| &words.license_url).filter(is_web)),
        acquire_url: image.acquire_url.clone().or_else(|| said(|words| &words.licensor_url).filter(is_web)),
        focus: image.focus.clone(),
    })
}

/// The site's icon in the sizes that phones ask for; none where nothing is drawn.
pub fn icons(world: &World) -> Vec<SocialCard> {
    let asset = world.inventory.statics.get(ICON).and_then(|file| world.assets.get(file));
    let Some(AssetBytes::Text(drawing)) = asset.map(|asset| &asset.bytes) else { return Vec::new() };
    card::ICONS.iter().filter_map(|width| SocialCard::icon(drawing, *width)).collect()
}

/// A social card as templates see it.
pub fn social_card(world: &World, card: &SocialCard) -> Value {
    let made = Made {
        url: permalink(world, &card.url),
        width: Some(card::SIZE.0),
        height: Some(card::SIZE.1),
        colour: None,
    };
    Value::from_serializable(&made)
}

/// A language of the site, as the switch on a page leads to it.
#[derive(Clone, Debug, Serialize)]
pub struct LanguageLink {
    /// Its code.
    pub language: String,
    /// Its own name.
    pub name: String,
    /// The address of the same page in it, else of its front page.
    pub url: String,
    /// Whether it is the page's language.
    pub current: bool,
    /// Whether the same page exists in it.
    pub translated: bool,
}

/// Where the language switch of a page leads; `same` finds the page in another language.
pub fn language_links(
    world: &World,
    theme: &Theme,
    current: &str,
    same: impl Fn(&str) -> Option<Url>,
) -> Value {
    let site = &world.site;
    let links = site.languages().map(|language| {
        let found = same(language);
        LanguageLink {
            language: language.to_owned(),
            name: theme
                .languages
                .get(language)
                .map_or_else(|| language.to_owned(), |l| l.strings.name.clone()),
            current: language == current,
            translated: found.is_some(),
            url: site.href(&found.unwrap_or_else(|| list_url(site, &List::Home, language))),
        }
    });
    Value::from_serializable(&links.collect::<Vec<_>>())
}

/// The view of the site in each language.
pub fn sites(world: &World, theme: &Theme) -> BTreeMap<String, Value> {
    world
        .site
        .languages()
        .map(|l| (l.to_owned(), Value::from_serializable(&site_view(world, theme, l))))
        .collect()
}

/// The view of the site in a language.
pub fn site_view(world: &World, theme: &Theme, language: &str) -> SiteView {
    let site = &world.site;
    let config = &site.config;
    let own = config.languages.get(language);
    let home = list_url(site, &List::Home, language);
    let href = |list: List| site.href(&list_url(site, &list, language));
    let languages = site.languages().map(|code| Translation {
        language: code.to_owned(),
        name: theme.languages.get(code).map_or_else(|| code.to_owned(), |l| l.strings.name.clone()),
        title: config
            .languages
            .get(code)
            .and_then(|l| l.title.clone())
            .unwrap_or_else(|| config.title.clone()),
        url: site.href(&list_url(site, &List::Home, code)),
    });
    // What is withheld is in no menu.
    let menu = config.menu.iter().filter_map(|item| {
        let title = item.titles.get(language).or_else(|| item.titles.values().next());
        Some(MenuEntry {
            title: title.cloned().unwrap_or_default(),
            url: own_url(world, &item.url.value, language)?,
        })
    });
    let strings = theme.languages.get(language).map(|l| &l.strings);
    SiteView {
        title: own.and_then(|l| l.title.clone()).unwrap_or_else(|| config.title.clone()),
        description: own.and_then(|l| l.description.clone()).or_else(|| config.description.clone()),
        url: site.href(&home),
        permalink: permalink(world, &home),
        language: language.to_owned(),
        direction: strings.map_or_else(|| "ltr".into(), |s| s.direction.clone()),
        languages: languages.collect(),
        menu: menu.collect(),
        sections: config.sections.iter().filter_map(|s| section(world, &s.id, language)).collect(),
        lists: [
            ("briefings", href(List::Briefings)),
            ("explainers", href(List::Explainers)),
            ("topics", href(List::Topics)),
            ("authors", href(List::Authors)),
            ("threads", href(List::Threads)),
            ("corrections", href(List::Corrections)),
        ]
        .into(),
        search: config.search.then(|| site.href(&beside(site, &List::Home, language, "search/"))),
        search_engine: config.search.then(|| format!("{}/pagefind/", config.base_path)),
        touch_icon: icons(world).first().map(|icon| site.href(&icon.url)),
        manifest: site.href(&beside(site, &List::Home, language, "site.webmanifest")),
        publisher: config.publisher.all.clone(),
        accent: config.theme.accent.clone(),
        masthead: config.theme.masthead.clone(),
        masthead_ink: config.theme.masthead.as_deref().map(colour::ink_on),
        font: config.theme.font.clone(),
        logo: config
            .theme
            .logo
            .as_ref()
            .map(|logo| format!("{}/{}", config.base_path, logo.value.trim_start_matches('/'))),
        css: config.theme.css.iter().map(|css| css.value.trim_start_matches('/').to_owned()).collect(),
        extra: config.extra.clone(),
    }
}

/// The address of a page that the settings name, in this language where there is one; none while it is withheld.
pub fn own_url(world: &World, url: &str, language: &str) -> Option<String> {
    let is_there = !url.starts_with('/') || world.linker().withheld(url).is_none();
    is_there.then(|| menu_url(world, url, language))
}

/// A menu's address: the same page in this language where there is one.
fn menu_url(world: &World, url: &str, language: &str) -> String {
    let site = &world.site;
    if is_outside(url) || !url.starts_with('/') {
        return url.to_owned();
    }
    let (path, anchor) =
        url.split_once('#').map_or((url, String::new()), |(path, a)| (path, format!("#{a}")));
    let translated = Url::parse(&format!("/{language}{path}"))
        .filter(|url| language != site.config.language && world.routes.has(url));
    match translated.or_else(|| Url::parse(path)) {
        Some(url) => format!("{}{anchor}", site.href(&url)),
        None => url.to_owned(),
    }
}

/// A struct as a map that more can be put into.
pub fn to_map<T: Serialize>(value: &T) -> Map {
    Value::from_serializable(value).into_map().unwrap_or_default()
}

/// A hub: a topic, an author or a thread, with how many briefings it has.
pub fn hub(world: &World, kind: Kind, id: &str, language: &str) -> Value {
    let mut map = to_map(&named(world, kind, id, language));
    let count = Group::of_hub(kind, id).map_or(0, |group| world.site.groups.of(group, language).len());
    map.insert("count".into(), Value::from(count));
    let card = world.site.find_or_default(kind, id, language).map(|entry| world.card(entry));
    map.insert("page".into(), card.unwrap_or_else(Value::none));
    Value::from(map)
}

/// The cards of the briefings that show an explainer, each with the version it shows where there is more than one.
pub fn users(world: &World, explainer: EntryId, ids: &[EntryId]) -> Value {
    let site = &world.site;
    let explainer = &site.entries[explainer];
    if site.explainers.versions(&explainer.id, &explainer.language).len() < 2 {
        return cards_of(world, ids);
    }
    let card = |id: &EntryId| {
        let mut card = world.card(*id).into_map().unwrap_or_default();
        let shown = used_versions(site, &site.entries[*id], &explainer.id);
        if let Some(newest) = shown.iter().map(|used| used.as_of).max() {
            card.insert("version".into(), Value::from(newest.to_string()));
        }
        Value::from(card)
    };
    Value::from(ids.iter().map(card).collect::<Vec<_>>())
}

/// The cards of some entries.
pub fn cards_of(world: &World, ids: &[EntryId]) -> Value {
    Value::from(ids.iter().map(|id| world.card(*id)).collect::<Vec<_>>())
}
