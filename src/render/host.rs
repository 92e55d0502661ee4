//! Files for those who serve the site: where old addresses lead, what answers carry, what may be read. The formats are
//! those of Netlify and Cloudflare Pages, as they document them; `hosting.rs` has those of other hosts.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::hosting;
use super::meta::{self, whole};
use crate::config::RawHtml;
use crate::config::outputs::ContentPolicy;
use crate::diagnostic::catalog::settings as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::edition::{Edition, World};
use crate::links::encode;
use crate::media::card::Card;
use crate::media::{AssetBytes, ICON};
use crate::path::{OutputPath, SitePath};
use crate::route::machine::HostFile;
use crate::route::{List, Route, list_url};

/// Limits of Cloudflare Pages: redirects, rules of headers, characters of a line of each.
const MOST_REDIRECTS: usize = 2000;
const MOST_RULES: usize = 100;
const LONGEST_REDIRECT: usize = 1000;
const LONGEST_HEADER: usize = 2000;

/// How a page is kept by those who read it: asked for again each time.
pub const REVALIDATE: &str = "public, max-age=0, must-revalidate";
/// How a file is kept whose name has a hash of its bytes.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What every answer carries.
pub const HEADERS: [(&str, &str); 4] = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
];

/// A file for hosts.
pub fn file(edition: &Edition, file: HostFile, diagnostics: &mut Vec<Diagnostic>) -> Vec<u8> {
    let world = &edition.world;
    let text = match file {
        HostFile::Redirects => redirects(world, diagnostics),
        HostFile::Headers => headers(edition, diagnostics),
        HostFile::NoJekyll => String::new(),
        HostFile::Cname => world.site.config.origin.rsplit('/').next().unwrap_or_default().to_owned() + "\n",
        HostFile::Robots => robots(world),
        HostFile::Security => security(world, diagnostics),
        HostFile::Vercel => hosting::vercel(edition),
        HostFile::Azure => hosting::azure(edition),
        HostFile::Nginx => hosting::nginx(edition),
        HostFile::Caddy => hosting::caddy(edition),
    };
    text.into_bytes()
}

/// What a phone must know to keep the site among its programs (W3C's web application manifest).
pub fn manifest(edition: &Edition, language: &str, drawn: &[Card]) -> Vec<u8> {
    let world = &edition.world;
    let site = &world.site;
    let icon = world.inventory.statics.get(ICON).and_then(|file| world.assets.get(file));
    let icon = icon.map(|icon| json!({"src": site.href(&icon.url), "type": "image/svg+xml", "sizes": "any"}));
    let drawn = drawn.iter().map(|icon| {
        let (width, height) = icon.size;
        json!({"src": site.href(&icon.url), "type": "image/png", "sizes": format!("{width}x{height}")})
    });
    let icons: Vec<Value> = icon.into_iter().chain(drawn).collect();
    let title = meta::site_title(site, language);
    let home = site.href(&list_url(site, &List::Home, language));
    let theme = &site.config.theme;
    let colour = theme.masthead.as_deref().unwrap_or("#ffffff");
    let manifest = json!({
        "name": title,
        "short_name": title,
        "lang": language,
        "id": home,
        "start_url": home,
        "scope": format!("{}/", site.config.base_path),
        "display": "minimal-ui",
        "background_color": "#ffffff",
        "theme_color": colour,
        "icons": icons,
    });
    format!("{manifest:#}\n").into_bytes()
}

/// Old addresses and where each leads.
pub fn moved(world: &World) -> impl Iterator<Item = (String, String)> + '_ {
    world.routes.all.iter().filter_map(|route| {
        let Route::Redirect { from, to } = route else { return None };
        let to = world.site.href(&world.site.entries[*to].url);
        Some((encode(&world.site.href(from)), encode(&to)))
    })
}

/// A file of static/ of the same name, which stands before what is made.
fn own(world: &World, file: HostFile) -> String {
    let asset = world.inventory.statics.get(file.name()).and_then(|path| world.assets.get(path));
    let Some(AssetBytes::Text(text)) = asset.map(|asset| &asset.bytes) else { return String::new() };
    text.trim_end().to_owned() + "\n"
}

fn redirects(world: &World, diagnostics: &mut Vec<Diagnostic>) -> String {
    let mut out = String::new();
    // With and without the slash at its end an address is another one to some hosts; where there is no room for both, most
    // of them still know what is meant.
    let has_room = moved(world).count() * 2 <= MOST_REDIRECTS;
    // The first that fits wins, and one of the site's own may fit anything.
    for (from, to) in moved(world) {
        out.push_str(&format!("{from} {to} 301\n"));
        if !has_room {
            continue;
        }
        if let Some(bare) = from.strip_suffix('/').filter(|bare| !bare.is_empty()) {
            out.push_str(&format!("{bare} {to} 301\n"));
        }
    }
    out.push_str(&own(world, HostFile::Redirects));
    let lines = || out.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    limit(HostFile::Redirects, "redirects", lines().count(), MOST_REDIRECTS, diagnostics);
    let longest = lines().map(|line| line.chars().count()).max().unwrap_or(0);
    limit(HostFile::Redirects, "characters in one line", longest, LONGEST_REDIRECT, diagnostics);
    out
}

fn limit(file: HostFile, what: &str, count: usize, most: usize, diagnostics: &mut Vec<Diagnostic>) {
    if count > most {
        diagnostics.push(say::host_limit(&OutputPath::of_static(file.name()), what, count, most));
    }
}

fn headers(edition: &Edition, diagnostics: &mut Vec<Diagnostic>) -> String {
    let world = &edition.world;
    let mut out = own(world, HostFile::Headers);
    let mut rules = rules(edition);
    let own_rules = out.lines().filter(|line| is_rule(line)).count();
    if own_rules + rules.len() > MOST_RULES {
        // Pages go without: hosts ask for them again by themselves. A policy that the site asked for goes to everything.
        limit(HostFile::Headers, "rules", own_rules + rules.len(), MOST_RULES, diagnostics);
        rules.truncate(COMMON_RULES);
        if let ContentPolicy::Own(policy) = &world.site.config.content_policy {
            rules[0].1.push(("Content-Security-Policy", policy.clone()));
        }
    }
    for (path, headers) in rules {
        out.push_str(&format!("{path}\n"));
        for (name, value) in headers {
            out.push_str(&format!("  {name}: {value}\n"));
        }
    }
    let longest = out.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    limit(HostFile::Headers, "characters in one line", longest, LONGEST_HEADER, diagnostics);
    out
}

fn is_rule(line: &str) -> bool {
    line.starts_with('/') || line.starts_with("http")
}

/// The paths of pages: the front pages, and the folders below them, each once. No two of them take one page.
fn page_paths(world: &World) -> BTreeSet<String> {
    let site = &world.site;
    let prefixes: Vec<String> =
        site.languages().map(|l| site.config.prefix(l)).filter(|prefix| !prefix.is_empty()).collect();
    let is_page = |route: &&Route| route.page_kind(site).is_some();
    let urls = world.routes.all.iter().filter(is_page).filter_map(|route| route.url(site));
    urls.map(|url| {
        let url = url.as_str();
        let inside =
            |prefix: &&String| url.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'));
        let prefix = prefixes.iter().find(inside).map_or("", String::as_str);
        let rest = &url[prefix.len() + 1..];
        let path = match rest.split_once('/') {
            Some((folder, _)) => format!("{prefix}/{folder}/*"),
            None => url.to_owned(),
        };
        encode(&format!("{}{path}", site.config.base_path))
    })
    .collect()
}

/// What the search page may run: its own script and the search engine, which is WebAssembly.
const SEARCH_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; \
                             img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; font-src 'self'; \
                             manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

/// What pages without scripts may load: pictures, and the site's own styles and typefaces. A photo may be elsewhere;
/// styles stand in the page.
const PAGE_POLICY: &str = "default-src 'none'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; \
                           font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                           frame-ancestors 'self'";

/// The policy of pages; none where the site's own templates or its authors' HTML may load what nobody can foresee.
fn policy(edition: &Edition) -> Option<String> {
    let config = &edition.world.site.config;
    match &config.content_policy {
        ContentPolicy::Own(policy) => Some(policy.clone()),
        ContentPolicy::Off => None,
        ContentPolicy::Fitting => {
            let is_plain = config.raw_html != RawHtml::Allow && !loads_more(edition);
            is_plain.then(|| PAGE_POLICY.to_owned())
        }
    }
}

/// Whether a template or a style sheet of the site's own loads or runs what the policy of plain pages would stop.
fn loads_more(edition: &Edition) -> bool {
    let (theme, world) = (&edition.theme, &edition.world);
    let own = theme.sources.iter().filter(|(path, text)| {
        let is_built_in = || theme.sources.get(format!("nutgraf/{path}").as_str()) == Some(text);
        path.as_str().starts_with("templates/") && !is_built_in()
    });
    let mut templates = own.filter(|(path, _)| matches!(path.extension().as_str(), "html" | "htm"));
    let sheets = world.site.config.theme.css.iter();
    let mut sheets = sheets.filter_map(|css| {
        let file = world.inventory.statics.get(css.value.trim_start_matches('/'))?;
        let AssetBytes::Text(text) = &world.assets.get(file)?.bytes else { return None };
        Some(text)
    });
    templates.any(|(_, text)| needs_more(text)) || sheets.any(|text| styles_need_more(text))
}

/// Whether HTML loads or runs more than plain pages do.
fn needs_more(html: &str) -> bool {
    let html = html.to_ascii_lowercase();
    let data = html.matches("<script type=\"application/ld+json\"").count();
    let loads = ["<iframe", "<frame", "<object", "<embed", "<video", "<audio", "javascript:"];
    let tags = html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    let is_more = |tag: &str| {
        let runs = tag.split_whitespace().skip(1).any(|word| {
            word.strip_prefix("on")
                .and_then(|rest| rest.split_once('='))
                .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()))
        });
        let elsewhere = tag.contains("//");
        runs || elsewhere
            && (tag.starts_with("link") && tag.contains("stylesheet") || tag.starts_with("form"))
    };
    html.matches("<script").count() > data
        || loads.iter().any(|what| html.contains(what))
        || tags.into_iter().any(is_more)
        || styles_need_more(&html)
}

/// Whether styles load from elsewhere, or a typeface from the sheet itself.
fn styles_need_more(css: &str) -> bool {
    let css = css.to_ascii_lowercase();
    let elsewhere = ["http:", "https:", "//", "data:font", "data:application"];
    let loads = |url: &str| {
        let url = url.trim_start_matches([' ', '"', '\'']);
        elsewhere.iter().any(|scheme| url.starts_with(scheme))
    };
    css.contains("@import") || css.split("url(").skip(1).any(loads)
}

fn robots(world: &World) -> String {
    let base = &world.site.config.base_path;
    let sitemap = |name: &str| whole(world, &format!("{base}/{name}"));
    format!(
        "User-agent: *\nAllow: /\n\nSitemap: {}\nSitemap: {}\n",
        sitemap("sitemap.xml"),
        sitemap("news-sitemap.xml")
    )
}

fn security(world: &World, diagnostics: &mut Vec<Diagnostic>) -> String {
    let site = &world.site;
    let Some(security) = &site.config.security else { return String::new() };
    let zone = &site.config.timezone;
    let expires = security.expires.value;
    if expires.at <= site.now {
        let span = Span::new(&SitePath::new("nutgraf.yaml"), security.expires.at.clone());
        diagnostics.push(say::security_expired(span, &crate::site::time::when(expires, zone)));
    }
    let mut out = String::new();
    for contact in &security.contact {
        out.push_str(&format!("Contact: {contact}\n"));
    }
    out.push_str(&format!("Expires: {}\n", expires.iso(zone)));
    let languages: Vec<&str> = site.languages().collect();
    out.push_str(&format!("Preferred-Languages: {}\n", languages.join(", ")));
    out.push_str(&format!(
        "Canonical: {}\n",
        whole(world, &format!("{}/.well-known/security.txt", site.config.base_path))
    ));
    for (name, url) in [("Policy", &security.policy), ("Encryption", &security.encryption)] {
        if let Some(url) = url {
            out.push_str(&format!("{name}: {url}\n"));
        }
    }
    out
}

/// How many of [`rules`] are not about pages.
const COMMON_RULES: usize = 2;

/// What every host is told, in its own way: paths with the headers of their answers.
pub fn rules(edition: &Edition) -> Vec<(String, Vec<(&'static str, String)>)> {
    let policy = policy(edition);
    let config = &edition.world.site.config;
    let base = &config.base_path;
    let all = HEADERS.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    let mut rules = vec![(encode(&format!("{base}/*")), all)];
    // A site that has files of its own there, whose names tell nothing of their bytes, keeps none for ever.
    let statics = &edition.world.inventory.statics;
    let cache = if statics.keys().any(|name| name.starts_with("assets/")) { REVALIDATE } else { FOR_EVER };
    rules.push((encode(&format!("{base}/assets/*")), vec![("Cache-Control", cache.to_owned())]));
    for path in page_paths(&edition.world) {
        let mut headers = vec![("Cache-Control", REVALIDATE.to_owned())];
        if let Some(policy) = &policy {
            let is_search = config.search
                && config.content_policy == ContentPolicy::Fitting
                && path.ends_with("/search/*");
            let policy = if is_search { SEARCH_POLICY } else { policy };
            headers.push(("Content-Security-Policy", policy.to_owned()));
        }
        rules.push((path, headers));
    }
    rules
}
