//! What pages say of themselves to programs: structured data, heads, feeds and sitemaps say the same, say what the
//! author wrote, and lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::edits::demo;
use crate::newsroom::{NOW, Newsroom, PUBLISHER, Story, ZONE, invent, prefix};
use crate::pages::{
    Element, FEEDS, Page, Published, is_a, list, moment, page_of, picture_name, plain, text, title_of,
};
use crate::site::Site;
use crate::vocabulary;

/// The address of the newsroom.
pub const BASE: &str = "https://example.org";

/// The demo, as it was built.
pub static DEMO: LazyLock<Published> = LazyLock::new(|| {
    let site = demo();
    let run = site.run(&["build", "--now", "2026-11-01T00:00:00Z"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    Published::of(&site, "https://briefing.example", "Asia/Almaty")
});

/// A newsroom of 300 stories, as it was built.
pub static NEWSROOM: LazyLock<(Published, Newsroom)> = LazyLock::new(|| build(invent(7, 300, BASE), BASE));

fn build((site, room): (Site, Newsroom), base: &str) -> (Published, Newsroom) {
    let run = site.run(&["build", "--now", NOW]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    (Published::of(&site, base, ZONE), room)
}

/// What was found wrong, by where it was.
#[derive(Default)]
pub struct Faults(Vec<String>);

impl Faults {
    pub fn check(&mut self, is_right: bool, place: &str, fault: &str) {
        if !is_right {
            self.0.push(format!("{place}: {fault}"));
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "most are made for the comparison")]
    pub fn same<T: PartialEq + Debug>(&mut self, place: &str, what: &str, found: T, due: T) {
        if found != due {
            self.0.push(format!("{place}: {what} is {found:?}, not {due:?}"));
        }
    }

    pub fn assert_none(self) {
        let more = self.0.len().saturating_sub(30);
        let first = self.0[..self.0.len() - more].join("\n");
        assert!(self.0.is_empty(), "{first}\nand {more} more");
    }
}

/// The people among the authors of a story.
fn people(page: &Page, article: &Value) -> Vec<String> {
    let people = page.values(article, "author").into_iter().filter(|author| is_a(author, "Person"));
    people.map(|author| text(&author["name"])).collect()
}

/// The addresses of the pictures of a story.
fn pictures(page: &Page, article: &Value) -> Vec<String> {
    let address = |image: &Value| {
        image.as_str().or(image["url"].as_str()).or(image["contentUrl"].as_str()).map(str::to_owned)
    };
    page.values(article, "image").into_iter().filter_map(address).collect()
}

fn names(addresses: &[String]) -> BTreeSet<String> {
    addresses.iter().map(|address| picture_name(address)).collect()
}

/// What a story says differently in its HTML, its structured data and its head.
fn disagreements(published: &Published, page: &Page, article: &Value, faults: &mut Faults) {
    let at = page.url.as_str();
    let headline = page.headline();
    let node = |name: &str| text(&article[name]);
    let meta = |name: &str| page.meta(name).unwrap_or_default();
    for (what, found) in [("headline", node("headline")), ("og:title", meta("og:title"))] {
        faults.same(at, what, found, headline.clone());
    }
    let title = page.all("title").next().map_or_else(String::new, |title| plain(&title.text));
    faults.check(title.starts_with(&headline), at, "the title begins with the headline");
    faults.same(at, "the canonical address", page.canonical(), Some(at));
    faults.same(at, "og:url", meta("og:url"), at.to_owned());
    faults.same(at, "inLanguage", node("inLanguage"), page.language().to_owned());
    let locale = meta("og:locale");
    faults.same(at, "og:locale", locale.split('_').next(), page.language().split('-').next());
    faults.same(at, "og:description", meta("og:description"), meta("description"));
    faults.check(!meta("description").is_empty(), at, "it has a description");
    faults.same(at, "og:type", meta("og:type"), "article".to_owned());

    if page.url.contains("/briefings/") {
        let (Some(first), Some(last)) = (moment(&article["datePublished"]), moment(&article["dateModified"]))
        else {
            faults.check(false, at, "its dates are moments with an offset");
            return;
        };
        faults.check(first <= last, at, "it changed after it was published");
        let read = |name: &str| meta(name).parse::<Timestamp>().ok();
        faults.same(at, "article:published_time", read("article:published_time"), Some(first));
        let is_silent = page.meta("article:modified_time").is_none() && first == last;
        let is_same = is_silent || read("article:modified_time") == Some(last);
        faults.check(is_same, at, "article:modified_time is dateModified");
        let shown: Vec<&str> = page.within("published", "time").map(|time| time.get("datetime")).collect();
        faults.check(
            matches!(shown[..], [day] if published.is_date_of(day, first)),
            at,
            &format!("{shown:?} on the page is {first}"),
        );
        let shown: Vec<&str> = page.within("updated", "time").map(|time| time.get("datetime")).collect();
        let is_shown = match shown[..] {
            [] => first == last,
            [day] => published.is_date_of(day, last),
            _ => false,
        };
        faults.check(is_shown, at, &format!("{shown:?} on the page is the change at {last}"));

        let byline: Vec<String> = page.within("byline", "a").map(|link| plain(&link.text)).collect();
        let people = people(page, article);
        faults.same(at, "the names of the people", &people, &byline);
        if people.is_empty() {
            let authors = page.values(article, "author");
            let is_organization = |author: &&Value| is_a(author, "NewsMediaOrganization");
            faults.check(
                authors.len() == 1 && authors.iter().all(is_organization),
                at,
                "the organisation is its author",
            );
        }
        let links: Vec<String> = page.within("byline", "a").map(|link| page.join(link.get("href"))).collect();
        let urls = page.values(article, "author").into_iter().filter(|author| is_a(author, "Person"));
        faults.same(
            at,
            "the addresses of its people",
            urls.map(|of| text(&of["url"])).collect(),
            links.clone(),
        );
        faults.same(at, "article:author", page.metas("article:author"), links);
        faults.same(at, "article:section", meta("article:section"), node("articleSection"));
    }

    let pictures = pictures(page, article);
    for url in pictures.iter().chain(page.metas("og:image").iter()) {
        faults.check(published.holds(url), at, &format!("there is a picture {url}"));
    }
    let lead: Vec<String> = page.within("lead-picture", "img").map(|img| img.get("src").to_owned()).collect();
    faults.check(names(&lead).is_subset(&names(&pictures)), at, &format!("{lead:?} is in {pictures:?}"));
    if let Some(image) = page.meta("og:image") {
        let slug = at.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let name = picture_name(&image);
        faults.check(
            name == slug || names(&pictures).contains(&name),
            at,
            &format!("{image} is of this page"),
        );
        faults.check(!meta("og:image:alt").is_empty(), at, "og:image has an alternative");
        let has_size =
            ["og:image:width", "og:image:height"].iter().all(|name| meta(name).parse::<u32>().is_ok());
        // Without the feature `images` nobody looks into a photo.
        let is_known = cfg!(feature = "images") || image.ends_with(".svg") || image.ends_with(".png");
        faults.check(has_size || !is_known, at, "og:image has a size");
        faults.same(at, "twitter:card", meta("twitter:card"), "summary_large_image".to_owned());
    }
    let tags = |value: &Value| -> Vec<String> {
        let written = list(value).into_iter().map(text);
        written.flat_map(|tags| tags.split(',').map(plain).collect::<Vec<_>>()).collect()
    };
    faults.same(at, "keywords", tags(&article["keywords"]), page.metas("article:tag"));
}

/// What feeds say differently from the pages they are about.
fn feed_disagreements(published: &Published, faults: &mut Faults) {
    for path in published.feeds() {
        let feed = published.feed(path);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_log = folder.ends_with("corrections");
        faults.check(
            feed.title.as_ref().is_some_and(|title| !title.content.is_empty()),
            path,
            "it has a title",
        );
        let mut ids = BTreeSet::new();
        for entry in &feed.entries {
            let url = page_of(entry);
            let at = format!("{path}, {url}");
            faults.check(!entry.id.is_empty() && ids.insert(&entry.id), &at, "its id is its own");
            faults.check(published.holds(url), &at, "it leads to a page");
            let body = entry.content.as_ref().and_then(|content| content.body.as_deref()).unwrap_or_default();
            for address in Page::read(url, body).addresses() {
                faults.check(url::Url::parse(address).is_ok(), &at, &format!("{address} is a whole address"));
            }
            let Some(page) = published.pages.get(url).filter(|_| !is_log) else { continue };
            let Some(article) = page.article() else { continue };
            faults.same(&at, "the title", title_of(entry), page.headline());
            let language = feed.language.clone().unwrap_or_default().to_lowercase();
            faults.same(&at, "the language", language, page.language().to_lowercase());
            let read = |name: &str| moment(&article[name]).map(Timestamp::as_second);
            let first = entry.published.map(|at| at.timestamp());
            let last = entry.updated.map(|at| at.timestamp());
            faults.same(&at, "the date", first, read("datePublished"));
            // RSS itself has no date for a change.
            let is_silent = path.ends_with("feed.xml") && last == first;
            faults.check(is_silent || last == read("dateModified"), &at, "the change is that of the page");
            let names: Vec<String> = entry.authors.iter().filter_map(|author| author.name.clone()).collect();
            let people = people(page, article);
            let organization =
                page.node("NewsMediaOrganization").map_or_else(String::new, |of| text(&of["name"]));
            let is_of_house = people.is_empty() && names.iter().all(|name| *name == organization);
            faults.check(
                is_of_house || names == people,
                &at,
                &format!("{names:?} are its authors {people:?}"),
            );
            let media =
                entry.media.iter().flat_map(|media| &media.content).filter_map(|content| content.url.clone());
            let media: Vec<String> = media.map(String::from).collect();
            for url in &media {
                faults.check(published.holds(url), &at, &format!("there is {url}"));
            }
            if path.ends_with("feed.xml") {
                let lead = page
                    .within("lead-picture", "img")
                    .map(|img| img.get("src").to_owned())
                    .collect::<Vec<_>>();
                faults.check(names_in(&lead, &media), &at, &format!("{lead:?} is in {media:?}"));
            }
        }
    }
}

fn names_in(few: &[String], many: &[String]) -> bool {
    names(few).is_subset(&names(many))
}

/// What the sitemaps say differently from the pages in them.
pub fn sitemap_disagreements(published: &Published, faults: &mut Faults) {
    let listed = published.sitemap();
    let urls: Vec<&str> = listed.iter().map(|page| page.url.as_str()).collect();
    let unique: BTreeSet<&str> = urls.iter().copied().collect();
    faults.same("sitemap.xml", "the number of addresses", unique.len(), urls.len());
    let is_due = |page: &&Page| page.is_indexable() && page.canonical() == Some(&page.url);
    let due: BTreeSet<&str> = published.pages.values().filter(is_due).map(|page| page.url.as_str()).collect();
    for url in unique.symmetric_difference(&due) {
        let fault =
            if due.contains(url) { "it is not in the sitemap" } else { "it must not be in the sitemap" };
        faults.check(false, url, fault);
    }
    for entry in &listed {
        let Some(page) = published.pages.get(&entry.url) else { continue };
        faults.same(&entry.url, "its languages in the sitemap", &entry.translations, &page.translations());
        for image in &entry.images {
            faults.check(published.holds(image), &entry.url, &format!("there is {image}"));
        }
        let Some(article) = page.article() else { continue };
        if let Some(modified) = article["dateModified"].as_str() {
            let same = |at: &String| match (at.parse::<Timestamp>(), modified.parse::<Timestamp>()) {
                (Ok(at), Ok(due)) => at == due,
                _ => at == modified,
            };
            let is_same = entry.modified.as_ref().is_some_and(same);
            faults.check(is_same, &entry.url, &format!("{:?} in the sitemap is {modified}", entry.modified));
        }
        let lead: Vec<String> =
            page.within("lead-picture", "img").map(|img| img.get("src").to_owned()).collect();
        faults.check(
            names_in(&lead, &entry.images),
            &entry.url,
            &format!("{lead:?} is in {:?}", entry.images),
        );
    }
    for story in published.news() {
        let at = format!("news-sitemap.xml, {}", story.url);
        let found = published.pages.get(&story.url).and_then(|page| Some((page, page.article()?)));
        let Some((page, article)) = found else {
            faults.check(false, &at, "it is a story");
            continue;
        };
        faults.check(page.is_indexable(), &at, "it may be listed");
        faults.same(&at, "the title", plain(&story.title), page.headline());
        faults.same(&at, "the language", story.language.as_str(), page.language());
        let date = story.date.parse::<Timestamp>().ok();
        faults.same(&at, "the date", date, moment(&article["datePublished"]));
        let organization = page.node("NewsMediaOrganization").map(|of| text(&of["name"]));
        faults.same(&at, "the publication", Some(plain(&story.publication)), organization);
    }
}

/// All that disagrees in what a build wrote, and the number of its stories.
fn all_disagreements(published: &Published) -> (Faults, usize) {
    let mut faults = Faults::default();
    let mut count = 0;
    for (page, article) in published.stories() {
        disagreements(published, page, article, &mut faults);
        count += 1;
    }
    feed_disagreements(published, &mut faults);
    sitemap_disagreements(published, &mut faults);
    (faults, count)
}

/// One story as a build might write it, in every format.
const SPECIMEN: [(&str, &str); 6] = [
    (
        "briefings/a/index.html",
        r#"<!doctype html><html lang="en"><head><title>The port &amp; the quay – The Test</title>
<meta name="description" content="In short."><meta name="robots" content="max-image-preview:large">
<link rel="canonical" href="https://example.org/briefings/a/">
<link rel="alternate" hreflang="en" href="https://example.org/briefings/a/">
<meta property="og:title" content="The port &amp; the quay"><meta property="og:type" content="article">
<meta property="og:url" content="https://example.org/briefings/a/"><meta property="og:locale" content="en_US">
<meta property="og:description" content="In short.">
<meta property="og:image" content="https://example.org/assets/port-0123456789abcdef-1200.jpg">
<meta property="og:image:width" content="1200"><meta property="og:image:height" content="630">
<meta property="og:image:alt" content="A port."><meta name="twitter:card" content="summary_large_image">
<meta property="article:published_time" content="2023-09-11T10:00:00+06:00">
<meta property="article:modified_time" content="2023-09-12T00:00:00+06:00">
<meta property="article:author" content="https://example.org/authors/ann/">
<meta property="article:section" content="News"><meta property="article:tag" content="Energy">
<script type="application/ld+json">{"@context": "https://schema.org", "@graph": [
{"@type": "NewsMediaOrganization", "@id": "https://example.org/#organization", "name": "The House"},
{"@type": ["NewsArticle", "ReportageNewsArticle"], "@id": "https://example.org/briefings/a/#article",
"headline": "The port & the quay", "inLanguage": "en", "datePublished": "2023-09-11T10:00:00+06:00",
"dateModified": "2023-09-12T00:00:00+06:00", "articleSection": "News", "keywords": ["Energy"],
"author": [{"@type": "Person", "name": "Ann", "url": "https://example.org/authors/ann/"}],
"image": [{"@type": "ImageObject", "url": "https://example.org/assets/port-0123456789abcdef-1200.jpg"}]}]}</script>
</head><body><h1>The port &amp; the quay</h1><p class="byline"><a href="/authors/ann/">Ann</a></p>
<p><span class="published"><time datetime="2023-09-11T10:00:00+06:00">11</time></span>
<span class="updated"><time datetime="2023-09-12">12</time></span></p>
<figure class="lead-picture"><img src="/assets/port-fedcba9876543210-800.webp" alt="A port."></figure></body></html>"#,
    ),
    ("assets/port-0123456789abcdef-1200.jpg", ""),
    (
        "feed.xml",
        r#"<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"
xmlns:media="http://search.yahoo.com/mrss/"><channel><title>T</title><language>en</language><item>
<title>The port &amp; the quay</title><link>https://example.org/briefings/a/</link>
<guid>https://example.org/briefings/a/</guid><pubDate>Mon, 11 Sep 2023 10:00:00 +0600</pubDate>
<atom:updated>2023-09-12T00:00:00+06:00</atom:updated><dc:creator>Ann</dc:creator>
<media:content url="https://example.org/assets/port-0123456789abcdef-1200.jpg" type="image/jpeg"/>
<content:encoded><![CDATA[<p><a href="https://example.org/">So</a></p>]]></content:encoded></item></channel></rss>"#,
    ),
    (
        "atom.xml",
        r#"<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>T</title><id>t</id><entry>
<title>The port &amp; the quay</title><id>https://example.org/briefings/a/</id><link href="https://example.org/briefings/a/"/>
<published>2023-09-11T10:00:00+06:00</published><updated>2023-09-12T00:00:00+06:00</updated>
<author><name>Ann</name></author><content type="html">&lt;p&gt;So&lt;/p&gt;</content></entry></feed>"#,
    ),
    (
        "sitemap.xml",
        r#"<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:x="http://www.w3.org/1999/xhtml"
xmlns:i="http://www.google.com/schemas/sitemap-image/1.1"><url><loc>https://example.org/briefings/a/</loc>
<lastmod>2023-09-12T00:00:00+06:00</lastmod>
<x:link rel="alternate" hreflang="en" href="https://example.org/briefings/a/"/>
<i:image><i:loc>https://example.org/assets/port-0123456789abcdef-1200.jpg</i:loc></i:image></url></urlset>"#,
    ),
    (
        "news-sitemap.xml",
        r#"<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://example.org/briefings/a/</loc><n:news>
<n:publication><n:name>The House</n:name><n:language>en</n:language></n:publication>
<n:publication_date>2023-09-11T10:00:00+06:00</n:publication_date><n:title>The port &amp; the quay</n:title></n:news></url>
</urlset>"#,
    ),
];

#[test]
fn a_format_that_disagrees_is_found() {
    let of = |path: &str, from: &str, to: &str| {
        let files = SPECIMEN.map(|(name, text)| {
            let text = if name == path { text.replacen(from, to, 1) } else { text.to_owned() };
            (name.to_owned(), text.into_bytes())
        });
        Published::of_files(files.into(), BASE, ZONE)
    };
    let (faults, count) = all_disagreements(&of("", "", ""));
    assert_eq!((faults.0, count), (Vec::new(), 1));
    let page = "briefings/a/index.html";
    for (path, from, to) in [
        (page, "<title>The port", "<title>A port"),
        (page, "content=\"The port", "content=\"A port"),
        (page, "\"headline\": \"The", "\"headline\": \"A"),
        (page, "<h1>The", "<h1>A"),
        (
            page,
            "canonical\" href=\"https://example.org/briefings/a/",
            "canonical\" href=\"https://example.org/a/",
        ),
        (
            page,
            "og:url\" content=\"https://example.org/briefings/a/",
            "og:url\" content=\"https://example.org/a/",
        ),
        (page, "inLanguage\": \"en", "inLanguage\": \"ru"),
        (page, "en_US", "ru_RU"),
        (page, "og:description\" content=\"In", "og:description\" content=\"So"),
        (page, "published_time\" content=\"2023-09-11T10", "published_time\" content=\"2023-09-11T11"),
        (
            page,
            "published_time\" content=\"2023-09-11T10:00:00+06:00",
            "published_time\" content=\"2023-09-11T10:00:00",
        ),
        (page, "modified_time\" content=\"2023-09-12", "modified_time\" content=\"2023-09-13"),
        (page, "datePublished\": \"2023-09-11T10:00:00+06:00", "datePublished\": \"2023-09-11"),
        (page, "datetime=\"2023-09-11T10", "datetime=\"2023-09-11T11"),
        (page, "datetime=\"2023-09-12", "datetime=\"2023-09-11"),
        (page, "\"name\": \"Ann\"", "\"name\": \"Bo\""),
        (page, "<a href=\"/authors/ann/\">Ann</a>", "Ann"),
        (
            page,
            "article:author\" content=\"https://example.org/authors/ann/",
            "article:author\" content=\"https://example.org/authors/bo/",
        ),
        (page, "article:section\" content=\"News", "article:section\" content=\"Views"),
        (page, "article:tag\" content=\"Energy", "article:tag\" content=\"Water"),
        (
            page,
            "og:image\" content=\"https://example.org/assets/port-0",
            "og:image\" content=\"https://example.org/assets/port-1",
        ),
        (page, "/assets/port-fedcba9876543210-800.webp", "/assets/quay-fedcba9876543210-800.webp"),
        (page, "max-image-preview:large", "noindex"),
        ("feed.xml", "<title>The port", "<title>A port"),
        ("feed.xml", "10:00:00 +0600", "10:00:00 +0500"),
        ("feed.xml", "updated>2023-09-12", "updated>2023-09-13"),
        ("feed.xml", "<language>en", "<language>ru"),
        ("feed.xml", "creator>Ann", "creator>General news correspondent"),
        ("feed.xml", "assets/port-0123456789abcdef-1200.jpg", "assets/port-800.jpg"),
        ("feed.xml", "<link>https://example.org/briefings/a/", "<link>https://example.org/briefings/b/"),
        ("feed.xml", "href=\"https://example.org/\"", "href=\"/\""),
        ("atom.xml", "updated>2023-09-12", "updated>2023-09-11"),
        ("atom.xml", "<name>Ann", "<name>Bo"),
        ("atom.xml", "&lt;p&gt;", "&lt;img srcset=\"/a.png 2x\"&gt;"),
        ("sitemap.xml", "<lastmod>2023-09-12", "<lastmod>2024-09-12"),
        ("sitemap.xml", "hreflang=\"en\"", "hreflang=\"ru\""),
        ("sitemap.xml", "<loc>https://example.org/briefings/a/", "<loc>https://example.org/briefings/b/"),
        ("sitemap.xml", "assets/port-0123456789abcdef-1200.jpg", "assets/quay.jpg"),
        ("news-sitemap.xml", "<n:title>The", "<n:title>A"),
        ("news-sitemap.xml", "date>2023-09-11", "date>2023-09-12"),
        ("news-sitemap.xml", "<n:name>The House", "<n:name>The Test"),
        ("news-sitemap.xml", "language>en", "language>ru"),
    ] {
        let is_there = SPECIMEN.iter().any(|(name, text)| *name == path && text.contains(from));
        assert!(is_there, "{path} has {from}");
        assert!(!all_disagreements(&of(path, from, to)).0.0.is_empty(), "{path}: {from} as {to}");
    }
}

#[test]
fn a_story_says_the_same_in_every_format() {
    let below = build(invent(11, 40, "https://example.org/sub/news"), "https://example.org/sub/news").0;
    let mut faults = Faults::default();
    for (published, least) in [(&*DEMO, 20), (&NEWSROOM.0, 200), (&below, 20)] {
        let (found, count) = all_disagreements(published);
        assert!(count >= least, "only {count} stories");
        faults.0.extend(found.0);
    }
    faults.assert_none();
}

/// What a page says that its author did not write.
fn liberties(page: &Page, story: &Story, base: &str, faults: &mut Faults) {
    let at = page.url.as_str();
    let Some(article) = page.article() else {
        faults.check(false, at, "it has an article");
        return;
    };
    faults.same(at, "the headline", text(&article["headline"]), plain(&story.title));
    faults.same(at, "the date", moment(&article["datePublished"]), Some(story.published));
    faults.same(at, "the change", moment(&article["dateModified"]), Some(story.modified));
    faults.same(
        at,
        "the people",
        people(page, article),
        story.authors.iter().map(|&a| a.to_owned()).collect(),
    );
    let is_typed = is_a(article, "NewsArticle") && story.article.is_none_or(|kind| is_a(article, kind));
    faults.check(is_typed, at, &format!("{} is a NewsArticle, {:?}", article["@type"], story.article));
    faults.same(at, "its place", text(&article["dateline"]), story.dateline.clone().unwrap_or_default());
    let places = page.values(article, "locationCreated");
    faults.same(at, "the number of its places", places.len(), usize::from(story.dateline.is_some()));
    for place in places {
        let name = text(&place["name"]);
        faults.check(
            is_a(place, "Place")
                && story.dateline.as_ref().is_some_and(|line| line.eq_ignore_ascii_case(&name)),
            at,
            &format!("{place} is the place of {:?}", story.dateline),
        );
    }
    if let Some(description) = &story.description {
        faults.same(at, "the description", page.meta("description"), Some(plain(description)));
    }
    if let Some(byline) = &story.byline {
        faults.check(
            plain(&page.within("byline", "span").map(|s| s.text.as_str()).collect::<Vec<_>>().join(" "))
                .contains(byline.as_str()),
            at,
            "it shows the byline",
        );
        let all = page.nodes().into_iter().flat_map(|node| page.values(node, "author"));
        let is_named = all
            .into_iter()
            .any(|author| is_a(author, "Person") && author.to_string().contains(byline.as_str()));
        faults.check(!is_named, at, "a role is no person");
    }
    let sections = usize::from(story.section.is_some());
    faults.same(at, "the number of its sections", list(&article["articleSection"]).len(), sections);
    faults.same(at, "the number of its tags", page.metas("article:tag").len(), story.topics);

    let texts = |property: &str, key: &str| -> Vec<String> {
        page.values(article, property).into_iter().map(|node| text(&node[key])).collect()
    };
    faults.same(at, "its citations", texts("citation", "name"), story.sources.clone());
    let corrections = texts("correction", "text");
    faults.same(at, "the number of its corrections", corrections.len(), story.corrections.len());
    for word in &story.corrections {
        faults.check(
            corrections.iter().any(|text| text.contains(word.as_str())),
            at,
            &format!("it corrects {word}"),
        );
    }
    let parts = texts("hasPart", "@id");
    for explainer in &story.explainers {
        let end = format!("/explainers/{explainer}/#article");
        faults.check(parts.iter().any(|id| id.ends_with(&end)), at, &format!("{explainer} is in {parts:?}"));
    }
    let Some(picture) = &story.picture else {
        faults.check(pictures(page, article).is_empty(), at, "it has no picture");
        return;
    };
    let images = page.values(article, "image");
    let Some(image) =
        images.iter().find(|image| is_a(image, "ImageObject") && image.to_string().contains(&picture.name))
    else {
        faults.check(false, at, "its picture is an ImageObject");
        return;
    };
    let credit = text(&image["creditText"]);
    faults.check(
        picture.credit.iter().all(|name| credit.contains(name.as_str())),
        at,
        &format!("{credit:?} has {:?}", picture.credit),
    );
    faults.check(
        image["creator"].to_string().contains(&picture.creator),
        at,
        &format!("{} made it", picture.creator),
    );
    faults.same(at, "its licence", text(&image["license"]), picture.license_url.clone());
    faults.same(at, "where it is bought", text(&image["acquireLicensePage"]), picture.acquire_url.clone());
    faults.check(text(&image["url"]).starts_with(base), at, "its picture has a whole address");
}

#[test]
fn a_story_says_what_its_author_wrote() {
    let (published, room) = &*NEWSROOM;
    let mut faults = Faults::default();
    let mut count = 0;
    for story in &room.stories {
        let url = format!("{BASE}{}", story.path());
        match published.pages.get(&url) {
            Some(page) if story.is_published => liberties(page, story, BASE, &mut faults),
            page => faults.check(page.is_none() && !story.is_published, &url, "it is published or not"),
        }
        count += usize::from(story.is_published);
    }
    assert!(count >= 200 && room.stories.len() >= 300, "{count} stories are published");
    faults.assert_none();
}

#[test]
fn nothing_that_is_withheld_is_in_any_output() {
    let (published, room) = &*NEWSROOM;
    assert!(room.secrets.len() > 100, "{} words are secret", room.secrets.len());
    let words = aho_corasick::AhoCorasick::new(&room.secrets).expect("words");
    let mut faults = Faults::default();
    for (path, bytes) in &published.files {
        for word in words.find_iter(path).chain(words.find_iter(bytes)) {
            faults.check(false, path, &format!("{} is withheld", room.secrets[word.pattern().as_usize()]));
        }
    }
    faults.assert_none();
}

/// The type of structured data that a page must have, by its address.
fn due_type(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> =
        path.trim_matches('/').split('/').filter(|part| !["ru", "kk"].contains(part)).collect();
    match parts[..] {
        [
            "briefings" | "topics" | "authors" | "explainers" | "corrections" | "threads" | "news"
            | "economy",
        ]
        | ["topics", _]
        | ["briefings", "page", _] => Some("CollectionPage"),
        ["briefings", _] => Some("NewsArticle"),
        ["explainers", _] => Some("BackgroundNewsArticle"),
        ["authors", _] => Some("ProfilePage"),
        _ => None,
    }
}

#[test]
fn a_page_has_one_graph_of_what_it_is() {
    let mut faults = Faults::default();
    let mut seen = BTreeSet::new();
    for published in [&*DEMO, &NEWSROOM.0] {
        for (url, page) in &published.pages {
            faults.same(url, "the number of graphs", page.graphs.len(), 1);
            let graph = page.graphs.first().unwrap_or(&Value::Null);
            faults.same(url, "the context", &graph["@context"], &json!("https://schema.org"));
            let organization = page
                .nodes()
                .into_iter()
                .find(|node| node["@id"] == format!("{}/#organization", published.base));
            faults.check(
                organization.is_some_and(|node| is_a(node, "NewsMediaOrganization")),
                url,
                "it has the organisation",
            );
            let language = page.language();
            let prefix = if language == "en" { String::new() } else { format!("/{language}") };
            let id = format!("{}{prefix}/#website", published.base);
            let website = page.nodes().into_iter().find(|node| node["@id"] == id);
            faults.check(website.is_some_and(|node| is_a(node, "WebSite")), url, "it has the site");
            if url.ends_with("404.html") {
                faults.same(url, "the number of nodes", page.nodes().len(), 2);
                continue;
            }
            if let Some(kind) = due_type(&url[published.base.len()..]) {
                faults.check(page.node(kind).is_some(), url, &format!("it is a {kind}"));
                seen.insert(kind);
            }
            let crumbs = page.node("BreadcrumbList").map(|node| page.values(node, "itemListElement"));
            for (n, crumb) in crumbs.into_iter().flatten().enumerate() {
                faults.same(url, "the position", crumb["position"].as_u64(), Some(n as u64 + 1));
                faults.check(!text(&crumb["name"]).is_empty(), url, "a crumb has a name");
            }
            let is_below = page.within("crumbs", "a").count() > 1;
            faults.check(!is_below || page.node("BreadcrumbList").is_some(), url, "it has crumbs");
        }
        for page in &published.redirects {
            faults.same(&page.url, "the number of graphs", page.graphs.len(), 0);
        }
    }
    assert_eq!(seen.len(), 4, "there was every kind of page: {seen:?}");
    assert!(!NEWSROOM.0.redirects.is_empty(), "there are redirects");
    faults.assert_none();
}

#[test]
fn the_organisation_says_where_its_policies_are() {
    let (published, _) = &*NEWSROOM;
    let page = &published.pages[&format!("{BASE}/")];
    let organization = page.node("NewsMediaOrganization").expect("an organisation");
    assert_eq!(text(&organization["name"]), PUBLISHER);
    assert_eq!(text(&organization["correctionsPolicy"]), format!("{BASE}/corrections-policy/"));
    assert_eq!(text(&organization["ethicsPolicy"]), format!("{BASE}/ethics/"));
    let logo = page.values(organization, "logo");
    let address = logo[0].as_str().or(logo[0]["url"].as_str()).expect("the logo has an address");
    assert!(published.holds(address), "{address}");
}

#[test]
fn every_type_and_property_is_of_schema_org() {
    let mut faults = BTreeMap::new();
    let mut count = 0;
    for (url, page) in DEMO.pages.iter().chain(&NEWSROOM.0.pages) {
        for graph in &page.graphs {
            count += page.nodes().len();
            for fault in vocabulary::check(&graph["@graph"]) {
                faults.entry(fault).or_insert(url);
            }
        }
    }
    assert!(count > 1000, "{count} nodes");
    assert_eq!(faults, BTreeMap::new());
}

/// Every text in a value.
fn strings<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(values) => values.values().for_each(|value| strings(value, found)),
        _ => {}
    }
}

#[test]
fn every_address_in_a_head_or_a_graph_leads_somewhere() {
    let mut faults = Faults::default();
    let mut stories = 0;
    for published in [&*DEMO, &NEWSROOM.0] {
        for (url, page) in &published.pages {
            let mut found = Vec::new();
            page.graphs.iter().for_each(|graph| strings(graph, &mut found));
            let metas = ["og:url", "og:image", "article:author"].map(|name| page.metas(name)).concat();
            let links = page.all("link").map(|link| page.join(link.get("href"))).collect::<Vec<_>>();
            let own = format!("{}/", published.base);
            let all = found.into_iter().chain(metas.iter().chain(&links).map(String::as_str));
            for address in all.filter(|address| address.starts_with(&own)) {
                faults.check(published.holds(address), url, &format!("there is {address}"));
                if let Some(of) = address.strip_suffix("#article") {
                    stories += 1;
                    let is_there = published.pages.get(of).is_some_and(|page| page.article().is_some());
                    faults.check(is_there, url, &format!("{address} is a node"));
                }
            }
        }
    }
    assert!(stories > 300, "{stories} addresses of stories");
    faults.assert_none();
}

#[test]
fn a_page_and_its_translations_name_each_other() {
    let mut faults = Faults::default();
    let mut count = 0;
    for published in [&*DEMO, &NEWSROOM.0] {
        for (url, page) in published.pages.iter().filter(|(_, page)| page.is_indexable()) {
            let all = page.translations();
            if page.article().is_some() {
                // The switch leads to a story in other languages, or to their front pages.
                let is_same = |link: &&Element| {
                    let front = format!("{}{}/", published.base, prefix(link.get("hreflang")));
                    page.join(link.get("href")) != front
                };
                let switch = page.within("languages", "a").filter(is_same);
                let due: BTreeSet<&str> = switch.map(|link| link.get("hreflang")).collect();
                let others = all.keys().map(String::as_str);
                let others = others.filter(|code| *code != page.language() && *code != "x-default");
                faults.same(url, "its other languages", others.collect(), due);
            }
            if all.is_empty() {
                continue;
            }
            faults.same(url, "itself among its languages", all.get(page.language()), Some(url));
            if let Some(english) = all.get("en") {
                faults.same(url, "x-default", all.get("x-default"), Some(english));
            }
            for (code, address) in &all {
                let other = published.pages.get(address);
                faults.check(
                    other.is_some_and(|other| other.translations() == all),
                    url,
                    &format!("{address} names it too"),
                );
                let is_of = other.is_some_and(|other| code == "x-default" || other.language() == code);
                faults.check(is_of, url, &format!("{address} is in {code}"));
            }
            count += usize::from(all.len() > 2);
            let Some(article) = page.article() else { continue };
            let works = ["workExample", "isBasedOn"].map(|name| page.values(article, name)).concat();
            let works: BTreeSet<String> = works.into_iter().map(|work| text(&work["@id"])).collect();
            let due =
                all.values().filter(|address| *address != url).map(|address| format!("{address}#article"));
            let due: BTreeSet<String> = due.collect();
            // A translation names its original, an original its translations.
            faults.check(
                works.is_subset(&due) && works.is_empty() == due.is_empty(),
                url,
                &format!("{works:?} are among {due:?}"),
            );
        }
    }
    assert!(count > 50, "{count} pages have translations");
    faults.assert_none();
}

#[test]
fn a_head_has_what_others_ask_for() {
    let mut faults = Faults::default();
    for published in [&*DEMO, &NEWSROOM.0] {
        for (url, page) in &published.pages {
            let robots = page.metas("robots").join(", ");
            if !page.is_indexable() {
                continue;
            }
            faults.check(robots.contains("max-image-preview:large"), url, &format!("robots {robots:?}"));
            faults.check(
                page.canonical().is_some_and(|of| published.pages.contains_key(of)),
                url,
                "its canonical page is there",
            );
            for name in
                ["og:title", "og:type", "og:url", "og:site_name", "og:locale", "twitter:card", "theme-color"]
            {
                let is_there = page.meta(name).is_some_and(|value| !value.is_empty());
                faults.check(is_there, url, &format!("it has {name}"));
            }
            for once in ["description", "robots", "og:title", "og:url", "og:type", "twitter:card"] {
                faults.check(page.metas(once).len() <= 1, url, &format!("it has {once} once"));
            }
            faults.same(url, "the number of canonical addresses", page.links("canonical").count(), 1);
            faults.check(page.links("icon").next().is_some(), url, "it has an icon");
            let manifest = page.links("manifest").next().map(|link| page.join(link.get("href")));
            let manifest = manifest.and_then(|url| Some(published.text(&published.path(&url)?)));
            let manifest: Option<Value> = manifest.and_then(|text| serde_json::from_str(text).ok());
            faults.check(manifest.is_some_and(|of| of["name"].is_string()), url, "it has a manifest");
            let feeds = page.feeds();
            for (kind, name) in FEEDS {
                let found = feeds
                    .iter()
                    .any(|(is, feed)| *is == kind && feed.ends_with(name) && published.holds(feed));
                faults.check(found, url, &format!("it names a feed of {kind}"));
            }
        }
        let missing = format!("{}/404.html", published.base);
        faults.check(!published.pages[&missing].is_indexable(), &missing, "it is not listed");
        for page in &published.redirects {
            faults.check(!page.is_indexable(), &page.url, "it is not listed");
        }
    }
    let empty = &NEWSROOM.0.pages[&format!("{BASE}/nothing/")];
    faults.check(!empty.is_indexable(), &empty.url, "an empty list is not listed");
    faults.assert_none();
}

#[test]
fn a_build_with_drafts_is_not_for_search_engines() {
    let (site, room) = invent(3, 30, BASE);
    let run = site.run(&["build", "--drafts", "--now", NOW]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let published = Published::of(&site, BASE, ZONE);
    assert!(published.pages.len() > room.stories.len() / 2);
    let listed: Vec<&String> =
        published.pages.values().filter(|page| page.is_indexable()).map(|page| &page.url).collect();
    assert_eq!(listed, Vec::<&String>::new());
    for name in ["sitemap.xml", "news-sitemap.xml"] {
        let listed = published.files.get(name).map(|bytes| String::from_utf8_lossy(bytes).contains("<loc>"));
        assert_ne!(listed, Some(true), "{name} lists nothing");
    }
}
