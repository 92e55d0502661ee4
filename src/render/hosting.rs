//! What every host is told ([`super::host`]), as Vercel, Azure Static Web Apps, nginx and Caddy want it, for sites that ask
//! for it.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::host::{HEADERS, moved, rules};
use crate::edition::{Edition, World};

/// What is for hosts and not for readers.
const HIDDEN: [&str; 5] = ["nginx.conf", "Caddyfile", "_headers", "_redirects", "vercel.json"];

/// The settings of Vercel: <https://vercel.com/docs/project-configuration>.
pub fn vercel(edition: &Edition) -> String {
    let world = &edition.world;
    let redirects: Vec<Value> = moved(world)
        .map(|(from, to)| json!({"source": literal(&from), "destination": to, "permanent": true}))
        .collect();
    let headers: Vec<Value> = rules(edition)
        .into_iter()
        .map(|(path, headers)| {
            let headers: Vec<Value> =
                headers.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
            json!({"source": path.replace("/*", "/(.*)"), "headers": headers})
        })
        .collect();
    format!("{:#}\n", json!({"trailingSlash": true, "redirects": redirects, "headers": headers}))
}

/// A path in which Vercel sees no pattern.
fn literal(path: &str) -> String {
    let marks = |c: char| "():*+?{}".contains(c);
    path.chars().flat_map(|c| marks(c).then_some('\\').into_iter().chain([c])).collect()
}

/// The settings of Azure Static Web Apps: <https://learn.microsoft.com/azure/static-web-apps/configuration>.
pub fn azure(edition: &Edition) -> String {
    let world = &edition.world;
    let mut routes: Vec<Value> =
        moved(world).map(|(from, to)| json!({"route": from, "redirect": to, "statusCode": 301})).collect();
    let mut global = serde_json::Map::new();
    for (i, (path, headers)) in rules(edition).into_iter().enumerate() {
        let headers: serde_json::Map<String, Value> =
            headers.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect();
        if i == 0 {
            global = headers;
        } else {
            routes.push(json!({"route": path, "headers": headers}));
        }
    }
    let config = json!({
        "trailingSlash": "always",
        "routes": routes,
        "responseOverrides": {"404": {"rewrite": format!("{}/404.html", world.site.config.base_path)}},
        "globalHeaders": global,
        "mimeTypes": {".webmanifest": "application/manifest+json"},
    });
    format!("{config:#}\n")
}

/// A part of a `server` of nginx: <https://nginx.org/en/docs/>.
pub fn nginx(edition: &Edition) -> String {
    let world = &edition.world;
    let site = &world.site;
    let mut out = String::from(
        "# Made with the site: `include` it in its `server { … }`, beside `root` and `listen`.\n\
         index index.html;\ncharset utf-8;\n\
         charset_types text/html text/plain text/css text/markdown text/xml application/javascript application/json \
         application/xml application/rss+xml image/svg+xml;\n",
    );
    for hidden in HIDDEN {
        let hidden = quoted(&format!("{}/{hidden}", site.config.base_path));
        out.push_str(&format!("location = {hidden} {{ return 404; }}\n"));
    }
    for (from, to) in moved(world) {
        // It compares addresses as they are once their escapes are read.
        let from = percent_decode_str(&from).decode_utf8_lossy();
        out.push_str(&format!("location = {} {{ return 301 {}; }}\n", in_quotes(&from), quoted(&to)));
        if let Some(bare) = from.strip_suffix('/').filter(|bare| !bare.is_empty()) {
            out.push_str(&format!("location = {} {{ return 301 {}; }}\n", in_quotes(bare), quoted(&to)));
        }
    }
    let add = |(name, value): (&str, &str), always: &str| {
        format!("  add_header {name} {}{always};\n", quoted(value))
    };
    let shared = HEADERS.map(|header| add(header, " always")).concat();
    let pages: Vec<String> = site
        .languages()
        .map(|language| format!("{}{}/404.html", site.config.base_path, site.config.prefix(language)))
        .collect();
    for (i, (path, headers)) in rules(edition).into_iter().enumerate() {
        if pages.contains(&path) {
            continue;
        }
        // What is set inside replaces what is set around it, so that it is said again.
        let (location, missing) = match path.strip_suffix('*') {
            Some(all) if i == 0 => (quoted(all), not_found(world, all)),
            Some(prefix) => (format!("^~ {}", quoted(prefix)), not_found(world, prefix)),
            // A folder is answered by its index, which is looked for anew.
            None if path.ends_with('/') => {
                (format!("= {}", quoted(&format!("{path}index.html"))), not_found(world, &path))
            }
            None => (format!("= {}", quoted(&path)), not_found(world, &path)),
        };
        let own = if i == 0 { Vec::new() } else { headers };
        let own: Vec<String> = own.iter().map(|(name, value)| add((name, value), "")).collect();
        let own = own.concat();
        out.push_str(&format!("location {location} {{\n{shared}{own}  error_page 404 {missing};\n}}\n"));
    }
    // What lies in no folder of pages is looked for below each language.
    for page in
        pages.iter().filter(|page| page.matches('/').count() > site.config.base_path.matches('/').count() + 1)
    {
        let folder = quoted(page.trim_end_matches("404.html"));
        out.push_str(&format!("location {folder} {{\n{shared}  error_page 404 {page};\n}}\n"));
    }
    for page in pages {
        out.push_str(&format!("location = {page} {{\n{shared}  internal;\n}}\n"));
    }
    out
}

/// The page for missing addresses below a path.
fn not_found(world: &World, path: &str) -> String {
    let site = &world.site;
    let base = &site.config.base_path;
    let inner = path.strip_prefix(base.as_str()).unwrap_or(path);
    let prefix = site.languages().map(|language| site.config.prefix(language)).find(|prefix| {
        !prefix.is_empty() && inner.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/'))
    });
    format!("{base}{}/404.html", prefix.unwrap_or_default())
}

/// A text as one word of the settings of nginx or Caddy, both of which take `$` and `{` for the beginning of a name.
fn quoted(text: &str) -> String {
    in_quotes(&text.replace('$', "%24").replace('{', "%7B").replace('}', "%7D"))
}

/// A text as one word where no names are looked for.
fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A part of a site of Caddy: <https://caddyserver.com/docs/caddyfile>.
pub fn caddy(edition: &Edition) -> String {
    let world = &edition.world;
    let site = &world.site;
    let mut out = String::from(
        "# Made with the site: `import` it in its block, beside `root`. It serves the files too.\n\
         @hidden path",
    );
    for hidden in HIDDEN {
        out.push_str(&format!(" {}/{hidden}", site.config.base_path));
    }
    out.push_str("\nrespond @hidden 404\n");
    for (from, to) in moved(world) {
        out.push_str(&format!("redir {} {} 301\n", in_quotes(&from), in_quotes(&to)));
    }
    for (path, headers) in rules(edition) {
        for (name, value) in headers {
            out.push_str(&format!("header {} {name} {}\n", quoted(&path), quoted(&value)));
        }
    }
    out.push_str(
        "encode gzip\nfile_server\nhandle_errors {\n\
         \t@missing expression {http.error.status_code} == 404\n\thandle @missing {\n",
    );
    let base = &site.config.base_path;
    let prefixes = site.languages().map(|language| site.config.prefix(language));
    let others = prefixes.filter(|prefix| !prefix.is_empty()).map(|prefix| format!("{base}{prefix}"));
    for (i, prefix) in others.enumerate() {
        let matcher = format!("@language{i}");
        out.push_str(&format!("\t\t{matcher} path {prefix}/*\n\t\trewrite {matcher} {prefix}/404.html\n"));
    }
    out + &format!(
        "\t\t@rest not path */404.html\n\t\trewrite @rest {base}/404.html\n\t\tfile_server\n\t}}\n}}\n"
    )
}
