//! The outputs that no reader opens as a page: feeds, sitemaps, files for hosts, twins of briefings.

use std::ops::Range;

use super::{List, Route, Routes, list_url};
use crate::config::Config;
use crate::config::outputs::{Host, Twin};
use crate::document::Kind;
use crate::media::{Inventory, is_for_hosts};
use crate::path::Url;
use crate::site::{EntryId, Site};

/// In what form a feed is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedFormat {
    /// RSS 2.0.
    Rss,
    /// Atom (RFC 4287).
    Atom,
    /// JSON Feed 1.1.
    Json,
}

impl FeedFormat {
    /// All of them, the one that most readers know first.
    pub const ALL: [Self; 3] = [Self::Rss, Self::Atom, Self::Json];

    /// The name of its file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Rss => "feed.xml",
            Self::Atom => "atom.xml",
            Self::Json => "feed.json",
        }
    }

    /// What it is sent as.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml",
            Self::Atom => "application/atom+xml",
            Self::Json => "application/feed+json",
        }
    }
}

/// A list of pages for search engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sitemap {
    /// `/sitemap.xml`: all pages, or an index over parts of them.
    Main,
    /// `/sitemap-1.xml`, one of several.
    Part(usize),
    /// `/news-sitemap.xml`.
    News,
}

/// A file that a host reads, or that is known by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFile {
    /// Where old addresses lead: Netlify, Cloudflare Pages.
    Redirects,
    /// What answers carry: Netlify, Cloudflare Pages.
    Headers,
    /// Tells GitHub Pages to publish everything as it is.
    NoJekyll,
    /// The domain, for GitHub Pages.
    Cname,
    /// What search engines may read.
    Robots,
    /// Whom to tell of a hole (RFC 9116).
    Security,
    /// The settings of Vercel.
    Vercel,
    /// The settings of Azure Static Web Apps.
    Azure,
    /// A part of the settings of nginx.
    Nginx,
    /// A part of the settings of Caddy.
    Caddy,
}

impl HostFile {
    /// Every file, in the order in which they are made.
    const ALL: [Self; 10] = [
        Self::Redirects,
        Self::Headers,
        Self::NoJekyll,
        Self::Cname,
        Self::Robots,
        Self::Security,
        Self::Vercel,
        Self::Azure,
        Self::Nginx,
        Self::Caddy,
    ];

    /// Its name in the output folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redirects => "_redirects",
            Self::Headers => "_headers",
            Self::NoJekyll => ".nojekyll",
            Self::Cname => "CNAME",
            Self::Robots => "robots.txt",
            Self::Security => ".well-known/security.txt",
            Self::Vercel => "vercel.json",
            Self::Azure => "staticwebapp.config.json",
            Self::Nginx => "nginx.conf",
            Self::Caddy => "Caddyfile",
        }
    }

    /// Whether a site has it.
    fn is_wanted(self, config: &Config) -> bool {
        match self {
            Self::Redirects | Self::Headers | Self::NoJekyll | Self::Robots => true,
            Self::Cname => has_own_domain(config),
            Self::Security => config.security.is_some(),
            Self::Vercel => config.hosting.contains(&Host::Vercel),
            Self::Azure => config.hosting.contains(&Host::Azure),
            Self::Nginx => config.hosting.contains(&Host::Nginx),
            Self::Caddy => config.hosting.contains(&Host::Caddy),
        }
    }

    /// The files that are made for a site. One that lies in static/ is the site's own, but for those that are joined
    /// with it.
    pub fn of(config: &Config, inventory: &Inventory) -> Vec<Self> {
        let is_own = |file: &Self| !is_for_hosts(file.name()) && inventory.statics.contains_key(file.name());
        Self::ALL.into_iter().filter(|file| file.is_wanted(config) && !is_own(file)).collect()
    }
}

/// Whether a site lies at the root of a domain of its own, and not of a host's or of this machine.
fn has_own_domain(config: &Config) -> bool {
    let host = config.origin.split_once("://").map_or("", |(_, host)| host);
    let hosts = [".github.io", ".gitlab.io", ".pages.dev", ".netlify.app", ".vercel.app", ".web.app"];
    let is_name =
        host.contains('.') && host.ends_with(|c: char| c.is_alphabetic()) && !host.contains([':', '[']);
    config.base_path.is_empty() && is_name && !hosts.iter().any(|other| host.ends_with(other))
}

/// The form of a briefing's twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwinForm {
    /// Plain Markdown.
    Markdown,
    /// ninjs 3.1 (IPTC).
    Ninjs,
}

impl TwinForm {
    /// The ending of its name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Ninjs => "json",
        }
    }

    /// What it is sent as.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Ninjs => "application/json",
        }
    }

    /// The forms that a site's briefings have.
    pub fn of(config: &Config) -> impl Iterator<Item = Self> {
        config.twins.iter().filter_map(|twin| match twin {
            Twin::Markdown => Some(Self::Markdown),
            Twin::Ninjs => Some(Self::Ninjs),
            Twin::Llms => None,
        })
    }
}

/// The address of a briefing's twin: beside its page.
pub fn twin_url(site: &Site, id: EntryId, form: TwinForm) -> Url {
    let page = site.entries[id].url.as_str();
    let stem = page.strip_suffix(".html").map_or_else(|| format!("{page}index"), str::to_owned);
    Url::parse(&format!("{stem}.{}", form.extension())).expect("an ending makes no address worse")
}

/// The address of a file beside the front page of a language, or in the folder of a list.
pub fn beside(site: &Site, list: &List, language: &str, file: &str) -> Url {
    let folder = list_url(site, list, language);
    Url::parse(&format!("{folder}{file}")).expect("the address of a list is a folder")
}

/// The feeds of a list, the most common first; none of most lists.
pub fn feeds_of(list: &List) -> &'static [FeedFormat] {
    match list {
        List::Home | List::Section(_) | List::Corrections => &FeedFormat::ALL,
        List::Hub(Kind::Topic | Kind::Author, _) => &[FeedFormat::Rss],
        List::Briefings
        | List::Explainers
        | List::Topics
        | List::Authors
        | List::Threads
        | List::Hub(..)
        | List::UsedBy(_) => &[],
    }
}

/// Adds what a site has for machines to its pages.
pub fn add(site: &Site, inventory: &Inventory, all: &mut Vec<Route>) {
    let config = &site.config;
    let feeds: Vec<Route> = all
        .iter()
        .filter_map(|route| {
            let Route::List { list, language, page: None } = route else { return None };
            Some((list, language))
        })
        .flat_map(|(list, language)| {
            feeds_of(list).iter().map(|format| Route::Feed {
                list: list.clone(),
                language: language.clone(),
                format: *format,
            })
        })
        .collect();
    let briefings = site.entries.iter().take_while(|entry| entry.kind == Kind::Briefing).count();
    let twins = (0..briefings).flat_map(|id| TwinForm::of(config).map(move |form| Route::Twin { id, form }));
    let twins: Vec<Route> = twins.collect();
    all.extend(feeds);
    all.extend(twins);
    for language in site.languages() {
        all.push(Route::Manifest { language: language.to_owned() });
        if config.search {
            all.push(Route::Search { language: language.to_owned() });
        }
        if config.twins.contains(&Twin::Llms) {
            all.push(Route::Llms { language: language.to_owned() });
        }
    }
    let parts = parts(site, all).len();
    all.extend((1..=parts).filter(|_| parts > 1).map(|part| Route::Sitemap(Sitemap::Part(part))));
    all.extend([Route::Sitemap(Sitemap::Main), Route::Sitemap(Sitemap::News)]);
    all.extend(HostFile::of(config, inventory).into_iter().map(Route::Host));
}

/// How many pages a sitemap may list (sitemaps.org).
const MOST_PAGES: usize = 50_000;

/// How many bytes it may have (sitemaps.org: 52,428,800), with a margin for what is around the pages.
const MOST_BYTES: usize = 52_000_000;

/// The pages that sitemaps list: briefings from the oldest on, so that what is listed in a full part stays there, then
/// all others.
pub fn listed<'a>(site: &'a Site, all: &'a [Route]) -> impl Iterator<Item = &'a Route> {
    let is_briefing =
        |route: &&'a Route| matches!(route, Route::Entry(id) if site.entries[*id].kind == Kind::Briefing);
    let briefings = all.iter().take_while(is_briefing).count();
    let (briefings, others) = all.split_at(briefings);
    briefings.iter().rev().chain(others).filter(|route| matches!(route, Route::Entry(_) | Route::List { .. }))
}

/// The parts into which sitemaps fall, as ranges of what is listed.
pub fn parts(site: &Site, all: &[Route]) -> Vec<Range<usize>> {
    let count = listed(site, all).count();
    // Fewer pages than these have fewer bytes, whatever their addresses are.
    if count <= MOST_PAGES / 10 {
        return std::iter::once(0..count).collect();
    }
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, route) in listed(site, all).enumerate() {
        let next = most_bytes(site, route);
        if at - start == MOST_PAGES || bytes + next > MOST_BYTES {
            parts.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes += next;
    }
    parts.push(start..count);
    parts
}

/// No fewer bytes than a page has in a sitemap.
fn most_bytes(site: &Site, route: &Route) -> usize {
    let (others, url) = match route {
        Route::Entry(id) => (site.translations(*id).len(), site.entries[*id].url.as_str().to_owned()),
        route => {
            (site.config.languages.len() - 1, route.url(site).map_or_else(String::new, |url| url.to_string()))
        }
    };
    // A letter outside ASCII becomes three bytes for each of its own, `&` becomes five.
    let own = url.bytes().map(|b| if b.is_ascii_alphanumeric() || b"/-._".contains(&b) { 1 } else { 5 });
    let address = site.config.origin.len() + site.config.base_path.len() * 5 + own.sum::<usize>();
    // The page and its picture; with others, each of them, the page again and the one for all languages.
    let addresses = if others > 0 { others + 4 } else { 2 };
    400 + addresses * (address + 80)
}

impl Routes {
    /// The pages of a part of the sitemap, numbered from 1; all of them when there is one part.
    pub fn in_sitemap<'a>(&'a self, site: &'a Site, part: Option<usize>) -> impl Iterator<Item = &'a Route> {
        let range = match part {
            None => 0..usize::MAX,
            Some(part) => self.parts.get(part - 1).cloned().unwrap_or(0..0),
        };
        listed(site, &self.all).skip(range.start).take(range.len())
    }
}
