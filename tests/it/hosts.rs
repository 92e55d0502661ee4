//! Files for hosts: what Netlify, Cloudflare, Vercel, Azure, nginx and Caddy are told, read back as they read it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::site::{SETTINGS, Site};

/// A site with old addresses and two languages.
fn moved(settings: &str) -> Site {
    let settings = format!("{SETTINGS}cards: false\nlanguages: {{ru: {{}}}}\n{settings}");
    let site = Site::new([("nutgraf.yaml", settings.as_str())]);
    site.write(
        "content/briefings/a.md",
        "---\ntitle: A\ndate: 2023-09-11\naliases: [/old/, /archive/a.html, \"/a b/\"]\n---\nText.\n",
    );
    site.write("content/briefings/a.ru.md", "---\ntitle: А\naliases: [/ru/old/]\n---\nТекст.\n");
    site
}

/// The rules of `_headers`: by path, the headers with their values.
fn headers(text: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut rules: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut path = String::new();
    for line in text.lines() {
        match line.trim().split_once(": ") {
            Some((name, value)) if line.starts_with(' ') => {
                rules.entry(path.clone()).or_default().push((name.into(), value.into()));
            }
            _ => line.clone_into(&mut path),
        }
    }
    rules
}

/// What `_headers` says of a path. A header that two rules give is joined by both hosts, and broken by it.
fn of_path<'a>(rules: &'a BTreeMap<String, Vec<(String, String)>>, path: &str) -> BTreeMap<&'a str, &'a str> {
    let takes = |rule: &str| match rule.strip_suffix('*') {
        Some(prefix) => path.starts_with(prefix),
        None => rule == path,
    };
    let mut found = BTreeMap::new();
    for (name, value) in rules.iter().filter(|(rule, _)| takes(rule)).flat_map(|(_, headers)| headers) {
        assert!(found.insert(name.as_str(), value.as_str()).is_none(), "{path} has {name} once");
    }
    found
}

const KEPT: &str = "public, max-age=31536000, immutable";
const ASKED_AGAIN: &str = "public, max-age=0, must-revalidate";

#[test]
fn old_addresses_lead_to_the_new_ones() {
    let site = moved("");
    site.write("static/_redirects", "# ours\n/blog/* /briefings/:splat 302");
    site.build_cleanly();
    assert_eq!(
        site.read("public/_redirects"),
        "# ours\n/blog/* /briefings/:splat 302\n\
         /old/ /briefings/a/ 301\n/old /briefings/a/ 301\n/archive/a.html /briefings/a/ 301\n\
         /a%20b/ /briefings/a/ 301\n/a%20b /briefings/a/ 301\n\
         /ru/old/ /ru/briefings/a/ 301\n/ru/old /ru/briefings/a/ 301\n"
    );
}

#[test]
fn pages_are_asked_for_again_and_files_with_a_hash_are_kept() {
    let site = moved("");
    site.write("static/_headers", "/*\n  X-Ours: 1\n");
    site.write("static/widget/index.html", "<script>1</script>");
    site.build_cleanly();
    let text = site.read("public/_headers");
    assert!(text.starts_with("/*\n  X-Ours: 1\n/*\n"), "{text}");
    let rules = headers(&text);
    for (path, _) in site.output().iter().filter(|(path, _)| path.ends_with(".html")) {
        let path = format!("/{}", path.trim_end_matches("index.html"));
        if ["/old/", "/archive/a.html", "/a b/", "/ru/old/", "/widget/"].contains(&path.as_str()) {
            continue;
        }
        let found = of_path(&rules, &path);
        assert_eq!(found.get("Cache-Control"), Some(&ASKED_AGAIN), "{path}");
        let policy = found.get("Content-Security-Policy").unwrap_or_else(|| panic!("{path} has a policy"));
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("script-src"), "{policy}");
        assert_eq!(found.get("X-Content-Type-Options"), Some(&"nosniff"));
        assert_eq!(found.get("X-Frame-Options"), Some(&"DENY"));
    }
    assert_eq!(of_path(&rules, "/assets/x.css").get("Cache-Control"), Some(&KEPT));
    assert_eq!(
        of_path(&rules, "/widget/").get("Content-Security-Policy"),
        None,
        "a page of theirs may run what it is"
    );
    let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(rules.len() <= 100 && longest <= 2000);
}

#[test]
fn a_site_whose_templates_load_more_has_no_policy_but_its_own() {
    let policy = |settings: &str, template: &str| {
        let site = moved(settings);
        site.write("templates/page.html", template);
        site.build_cleanly();
        let rules = headers(&site.read("public/_headers"));
        of_path(&rules, "/briefings/a/").get("Content-Security-Policy").map(|policy| (*policy).to_owned())
    };
    assert!(policy("", "<p>plain</p>").is_some());
    for template in [
        "<script src=\"https://stats.example/x.js\"></script>",
        "<iframe src=\"https://video.example\"></iframe>",
        "<link rel=\"stylesheet\" href=\"https://fonts.example/x.css\">",
        "<button onclick=\"x()\">",
    ] {
        assert_eq!(policy("", template), None, "{template}");
    }
    assert_eq!(policy("raw_html: allow\n", "<p>"), None);
    assert_eq!(policy("content_security_policy: off\n", "<p>"), None);
    let own = "default-src 'self'; script-src stats.example";
    assert_eq!(
        policy(&format!("content_security_policy: \"{own}\"\n"), "<script></script>").as_deref(),
        Some(own)
    );
}

#[test]
fn a_site_with_too_many_folders_says_the_same_of_all_pages() {
    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    for i in 0..120 {
        site.write(&format!("content/pages/p{i}.md"), format!("---\ntitle: P{i}\n---\nText.\n"));
    }
    site.build_cleanly();
    let text = site.read("public/_headers");
    assert_eq!(headers(&text).keys().collect::<Vec<_>>(), ["/*", "/assets/*"]);
}

#[test]
fn more_than_a_host_reads_is_a_warning_that_can_be_turned_off() {
    let settings = |more: &str| format!("{SETTINGS}cards: false\n{more}");
    let site = Site::new([("nutgraf.yaml", settings("").as_str())]);
    let aliases: Vec<String> = (0..1001).map(|i| format!("/old-{i}/")).collect();
    let front = format!("title: A\ndate: 2023-09-11\naliases: [{}]", aliases.join(", "));
    site.write("content/briefings/a.md", format!("---\n{front}\n---\nText.\n"));
    let run = site.build();
    assert_eq!(run.code, 0);
    assert!(
        run.stderr.contains("warning[host-limit]: _redirects has 2002 redirects; Cloudflare reads 2000"),
        "{}",
        run.stderr
    );
    site.write("nutgraf.yaml", settings("check: {rules: {host-limit: off}}\n"));
    site.build_cleanly();
}

#[test]
fn what_hosts_know_by_its_name_is_there_and_a_file_of_the_site_takes_its_place() {
    let site = moved("");
    site.build_cleanly();
    assert_eq!(site.read("public/.nojekyll"), "");
    assert_eq!(site.read("public/CNAME"), "example.org\n");
    assert_eq!(
        site.read("public/robots.txt"),
        "User-agent: *\nAllow: /\n\nSitemap: https://example.org/sitemap.xml\nSitemap: https://example.org/news-sitemap.xml\n"
    );
    assert!(site.exists("public/404.html") && site.exists("public/ru/404.html"));
    assert!(!site.exists("public/vercel.json") && !site.exists("public/.well-known/security.txt"));
    site.write("static/robots.txt", "User-agent: *\nDisallow: /\n");
    site.write("static/.well-known/security.txt", "Contact: mailto:x@example.org\n");
    site.build_cleanly();
    assert_eq!(site.read("public/robots.txt"), "User-agent: *\nDisallow: /\n");
    assert_eq!(site.read("public/.well-known/security.txt"), "Contact: mailto:x@example.org\n");
    for (url, has_domain) in [
        ("https://news.example.org", true),
        ("https://someone.github.io", false),
        ("https://example.org/news", false),
        ("http://localhost:4000", false),
        ("http://192.0.2.1", false),
    ] {
        site.write("nutgraf.yaml", format!("title: T\nurl: {url}\ncards: false\nlanguages: {{ru: {{}}}}\n"));
        site.build_cleanly();
        assert_eq!(site.exists("public/CNAME"), has_domain, "{url}");
    }
}

#[test]
fn vercel_and_azure_are_told_the_same() {
    let site = moved("hosting: [vercel, azure]\n");
    site.build_cleanly();
    let read = |path: &str| -> Value { serde_json::from_str(&site.read(path)).expect("JSON") };
    let rules = headers(&site.read("public/_headers"));
    let vercel = read("public/vercel.json");
    assert_eq!(
        vercel["redirects"][0],
        serde_json::json!({"source": "/old/", "destination": "/briefings/a/", "permanent": true})
    );
    let told = vercel["headers"].as_array().expect("a list");
    assert_eq!(told.len(), rules.len());
    for rule in told {
        let path = rule["source"].as_str().expect("a path").replace("(.*)", "*");
        let headers: Vec<(String, String)> = rule["headers"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|h| {
                (h["key"].as_str().expect("a name").into(), h["value"].as_str().expect("a value").into())
            })
            .collect();
        assert_eq!(rules[&path], headers, "{path}");
    }
    let azure = read("public/staticwebapp.config.json");
    assert_eq!(
        azure["routes"][0],
        serde_json::json!({"route": "/old/", "redirect": "/briefings/a/", "statusCode": 301})
    );
    assert_eq!(azure["globalHeaders"]["X-Frame-Options"], "DENY");
    assert_eq!(azure["responseOverrides"]["404"]["rewrite"], "/404.html");
    let assets =
        azure["routes"].as_array().expect("a list").iter().find(|route| route["route"] == "/assets/*");
    assert_eq!(assets.map(|route| &route["headers"]["Cache-Control"]), Some(&Value::from(KEPT)));
}
