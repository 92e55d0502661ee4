//! Lists of pages for search engines: all pages with their pictures and translations, in parts when they are many
//! (sitemaps.org), and the news of the last two days (Google's news sitemap).

use super::listing;
use super::meta::{self, whole};
use super::xml::{self, escaped};
use crate::document::Kind;
use crate::edition::{Edition, World, views};
use crate::route::Route;
use crate::route::machine::Sitemap;
use crate::site::{Shows, time};

/// How many briefings a news sitemap may have.
const MOST_NEWS: usize = 1000;

/// A sitemap.
pub fn sitemap(edition: &Edition, sitemap: Sitemap) -> Vec<u8> {
    let world = &edition.world;
    let text = match sitemap {
        Sitemap::Main if world.routes.parts.len() > 1 => index(world),
        Sitemap::Main => pages(world, None),
        Sitemap::Part(part) => pages(world, Some(part)),
        Sitemap::News => news(edition),
    };
    xml::clean(text.into_bytes())
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn index(world: &World) -> String {
    let site = &world.site;
    let mut out = format!("{HEAD}<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    for part in 1..=world.routes.parts.len() {
        let changes =
            world.routes.in_sitemap(site, Some(part)).filter_map(|route| listing::last_change(site, route));
        let url = whole(world, &format!("{}/sitemap-{part}.xml", site.config.base_path));
        out.push_str(&format!("<sitemap><loc>{}</loc>", escaped(&url)));
        if let Some(newest) = changes.max() {
            out.push_str(&format!("<lastmod>{}</lastmod>", newest.iso(&site.config.timezone)));
        }
        out.push_str("</sitemap>\n");
    }
    out + "</sitemapindex>\n"
}

fn pages(world: &World, part: Option<usize>) -> String {
    let site = &world.site;
    let mut out = format!(
        "{HEAD}<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
         xmlns:image=\"http://www.google.com/schemas/sitemap-image/1.1\" xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n"
    );
    let listed = world.routes.in_sitemap(site, part).filter(|route| listing::is_indexable(site, route));
    for route in listed {
        page(world, route, &mut out);
    }
    out + "</urlset>\n"
}

fn page(world: &World, route: &Route, out: &mut String) {
    let site = &world.site;
    let Some(url) = route.url(site) else { return };
    out.push_str("<url><loc>");
    out.push_str(&escaped(&views::permalink(world, &url)));
    out.push_str("</loc>");
    // Said only where it is known: a false one teaches to trust none.
    if let Some(changed) = listing::last_change(site, route) {
        out.push_str("<lastmod>");
        out.push_str(&changed.iso(&site.config.timezone));
        out.push_str("</lastmod>");
    }
    for other in listing::hreflang(world, listing::alternates(world, route)) {
        out.push_str(&format!(
            "<xhtml:link rel=\"alternate\" hreflang=\"{}\" href=\"{}\"/>",
            other.language,
            escaped(&other.url)
        ));
    }
    if let Route::Entry(id) = route
        && site.entries[*id].front.image.is_some()
        && let Some(picture) = &world.card_view(*id).image
    {
        let url = escaped(&whole(world, &picture.url));
        out.push_str(&format!("<image:image><image:loc>{url}</image:loc></image:image>"));
    }
    out.push_str("</url>\n");
}

/// The briefings of the last two days, in all languages, the newest first.
fn news(edition: &Edition) -> String {
    let world = &edition.world;
    let site = &world.site;
    let mut out = format!(
        "{HEAD}<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
         xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\">\n"
    );
    let briefings = site.entries.iter().take_while(|entry| entry.kind == Kind::Briefing);
    let news = briefings.filter_map(|entry| Some((entry, entry.published?)));
    let news = news.take_while(|(_, published)| time::no_news_at(*published) > site.now);
    let news = news.filter(|(entry, _)| site.shows != Shows::Drafts && entry.unpublished.is_empty());
    for (entry, published) in news.take(MOST_NEWS) {
        out.push_str(&format!(
            "<url><loc>{}</loc><news:news><news:publication><news:name>{}</news:name>\
             <news:language>{}</news:language></news:publication>\
             <news:publication_date>{}</news:publication_date><news:title>{}</news:title></news:news></url>\n",
            escaped(&views::permalink(world, &entry.url)),
            escaped(meta::publisher_name(site, &entry.language)),
            news_language(&entry.language),
            published.iso(&site.config.timezone),
            escaped(entry.title()),
        ));
    }
    out + "</urlset>\n"
}

/// A language as news sitemaps name it: two or three letters, but for Chinese.
fn news_language(code: &str) -> String {
    let code = code.to_ascii_lowercase();
    match code.as_str() {
        "zh-cn" | "zh-tw" => code,
        _ => code.split('-').next().unwrap_or_default().to_owned(),
    }
}
