//! Files for hosts: what Netlify, Cloudflare, Vercel, Azure, nginx and Caddy are told, read back as they read it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::site::{SETTINGS, Site};

/// A site with old addresses and two languages.
fn moved(settings: &str) -> Site {
    moved_under("", settings)
}

/// The same under a path of its host.
fn moved_under(path: &str, settings: &str) -> Site {
    let url = SETTINGS.replace("example.org", &format!("example.org{path}"));
    let settings = format!("{url}cards: false\nlanguages: {{ru: {{}}}}\n{settings}");
    let site = Site::new([("nutgraf.yaml", settings.as_str())]);
    site.write(
        "content/briefings/a.md",
        "---\ntitle: A\ndate: 2023-09-11\naliases: [/old/, /archive/a.html, \"/a b/\", /it$x/]\n---\nText.\n",
    );
    site.write("content/briefings/a.ru.md", "---\ntitle: А\naliases: [/ru/old/]\n---\nТекст.\n");
    site
}

/// The rules of `_headers`: by path, the headers with their values.
pub fn headers(text: &str) -> BTreeMap<String, Vec<(String, String)>> {
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
pub fn of_path<'a>(
    rules: &'a BTreeMap<String, Vec<(String, String)>>,
    path: &str,
) -> BTreeMap<&'a str, &'a str> {
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
        "/old/ /briefings/a/ 301\n/old /briefings/a/ 301\n/archive/a.html /briefings/a/ 301\n\
         /a%20b/ /briefings/a/ 301\n/a%20b /briefings/a/ 301\n\
         /it$x/ /briefings/a/ 301\n/it$x /briefings/a/ 301\n\
         /ru/old/ /ru/briefings/a/ 301\n/ru/old /ru/briefings/a/ 301\n\
         # ours\n/blog/* /briefings/:splat 302\n"
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
        if ["/old/", "/archive/a.html", "/a b/", "/it$x/", "/ru/old/", "/widget/"].contains(&path.as_str()) {
            continue;
        }
        let found = of_path(&rules, &path);
        assert_eq!(found.get("Cache-Control"), Some(&ASKED_AGAIN), "{path}");
        let policy = found.get("Content-Security-Policy").unwrap_or_else(|| panic!("{path} has a policy"));
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("script-src"), "{policy}");
        assert_eq!(found.get("X-Content-Type-Options"), Some(&"nosniff"));
        assert_eq!(found.get("X-Frame-Options"), Some(&"SAMEORIGIN"));
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
        "<form action=\"https://list.example/join\" onsubmit=\"x()\">",
        "<style>@import url(https://fonts.example/x.css)</style>",
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
    let run = site.build();
    assert_eq!(run.code, 0);
    assert!(
        run.stderr.contains("warning[host-limit]: _headers has 130 rules; Cloudflare reads 100"),
        "{}",
        run.stderr
    );
    let text = site.read("public/_headers");
    assert_eq!(headers(&text).keys().collect::<Vec<_>>(), ["/*", "/assets/*"]);
    site.write("nutgraf.yaml", format!("{SETTINGS}content_security_policy: \"default-src 'self'\"\n"));
    assert_eq!(site.build().code, 0);
    let rules = headers(&site.read("public/_headers"));
    assert_eq!(
        of_path(&rules, "/p1/").get("Content-Security-Policy"),
        Some(&"default-src 'self'"),
        "what was asked for"
    );
}

#[test]
fn more_than_a_host_reads_is_a_warning_that_can_be_turned_off() {
    let settings = |more: &str| format!("{SETTINGS}cards: false\n{more}");
    let site = Site::new([("nutgraf.yaml", settings("").as_str())]);
    let aliases: Vec<String> = (0..2001).map(|i| format!("/old-{i}/")).collect();
    let front = format!("title: A\ndate: 2023-09-11\naliases: [{}]", aliases.join(", "));
    site.write("content/briefings/a.md", format!("---\n{front}\n---\nText.\n"));
    let run = site.build();
    assert_eq!(run.code, 0);
    assert!(
        run.stderr.contains("warning[host-limit]: _redirects has 2001 redirects; Cloudflare reads 2000"),
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
    assert_eq!(azure["globalHeaders"]["X-Frame-Options"], "SAMEORIGIN");
    assert_eq!(azure["responseOverrides"]["404"]["rewrite"], "/404.html");
    let assets =
        azure["routes"].as_array().expect("a list").iter().find(|route| route["route"] == "/assets/*");
    assert_eq!(assets.map(|route| &route["headers"]["Cache-Control"]), Some(&Value::from(KEPT)));
}

/// A program that serves a site, ended with the test.
struct Server(std::process::Child, String);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts a program and waits until it answers; none where it is not on this machine.
    fn start(program: &str, arguments: &[&str], port: u16) -> Option<Self> {
        let started = std::process::Command::new(program)
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn();
        let Ok(child) = started else {
            assert!(std::env::var_os("CI").is_none(), "there is no {program}");
            std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("left out: there is no {program}\n").as_bytes(),
            )
            .expect("stderr");
            return None;
        };
        let mut server = Self(child, format!("http://127.0.0.1:{port}"));
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if server.0.try_wait().expect("its state").is_some() {
                let said = server.0.stderr.take().map(|mut all| {
                    let mut said = String::new();
                    std::io::Read::read_to_string(&mut all, &mut said).expect("text");
                    said
                });
                panic!("{program} ended: {}", said.unwrap_or_default());
            }
            std::thread::yield_now();
        }
        Some(server)
    }

    /// The status of an address, where it leads, and its headers.
    fn ask(&self, path: &str) -> (u16, String, BTreeMap<String, String>, String) {
        let config = ureq::Agent::config_builder().max_redirects(0).http_status_as_error(false).proxy(None);
        let agent: ureq::Agent = config.build().into();
        let mut answer = agent.get(format!("{}{path}", self.1)).call().expect("an answer");
        let headers: BTreeMap<String, String> = answer
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.to_str().expect("text").to_owned()))
            .collect();
        let to = headers.get("location").cloned().unwrap_or_default();
        let body = answer.body_mut().read_to_string().expect("text");
        (answer.status().as_u16(), to.replace(&self.1, ""), headers, body)
    }

    /// Everything a host must do for a site under a path.
    fn does_all(&self, base: &str) {
        let ask = |path: &str| self.ask(&format!("{base}{path}"));
        for (from, to) in [
            ("/old/", "/briefings/a/"),
            ("/archive/a.html", "/briefings/a/"),
            ("/a%20b/", "/briefings/a/"),
            ("/it$x/", "/briefings/a/"),
            ("/ru/old/", "/ru/briefings/a/"),
        ] {
            let (status, found, ..) = ask(from);
            assert_eq!((status, found), (301, format!("{base}{to}")), "{from}");
        }
        for path in ["/", "/briefings/a/", "/ru/", "/ru/briefings/a/", "/explainers/"] {
            let (status, _, headers, _) = ask(path);
            assert_eq!(status, 200, "{path}");
            let of = |name: &str| headers.get(name).map(String::as_str);
            assert_eq!(of("cache-control"), Some(ASKED_AGAIN), "{path}");
            assert_eq!(of("x-content-type-options"), Some("nosniff"), "{path}");
            let policy = of("content-security-policy");
            assert!(policy.is_some_and(|policy| policy.starts_with("default-src 'none'; ")), "{path}");
        }
        let (_, _, _, home) = ask("/");
        let icon = home.split("<link rel=\"icon\" href=\"").nth(1).and_then(|rest| rest.split('"').next());
        let (status, _, headers, _) = self.ask(icon.expect("an icon"));
        assert_eq!((status, headers.get("cache-control").map(String::as_str)), (200, Some(KEPT)));
        for (path, words) in [
            ("/nothing/", "This page does not exist"),
            ("/ru/nothing", "Такой страницы нет"),
            ("/ru/briefings/no/", "Такой страницы нет"),
        ] {
            let (status, _, _, body) = ask(path);
            assert_eq!(status, 404, "{path}");
            assert!(body.contains(words), "{path}: {body}");
        }
        for hidden in ["/nginx.conf", "/Caddyfile", "/_headers"] {
            assert_eq!(ask(hidden).0, 404, "{hidden}");
        }
    }
}

/// A port that is free.
fn port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Builds into the folder that a host serves: below it, for a site under a path.
fn build_into(site: &Site, base: &str) {
    let out = format!("served{base}");
    let run = site.run(&["build", "--now", "2024-01-01", "--out", &out]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn nginx_serves_a_site_with_the_part_that_is_made_for_it() {
    for base in ["", "/news"] {
        let site = moved_under(base, "hosting: [nginx]\n");
        build_into(&site, base);
        let (port, root) = (port(), site.path().display().to_string());
        let settings = format!(
            "daemon off; master_process off; pid {root}/pid; error_log stderr;\nevents {{}}\nhttp {{\n\
             access_log off; client_body_temp_path {root}/1; proxy_temp_path {root}/2; fastcgi_temp_path {root}/3;\n\
             uwsgi_temp_path {root}/4; scgi_temp_path {root}/5; types {{ text/html html; image/svg+xml svg; }}\n\
             server {{ listen 127.0.0.1:{port}; absolute_redirect off; root {root}/served; include {root}/served{base}/nginx.conf; }}\n}}\n"
        );
        site.write("settings", settings);
        let file = format!("{root}/settings");
        let Some(server) = Server::start("nginx", &["-c", &file, "-p", &root], port) else { return };
        server.does_all(base);
    }
}

#[test]
fn caddy_serves_a_site_with_the_part_that_is_made_for_it() {
    for base in ["", "/news"] {
        let site = moved_under(base, "hosting: [caddy]\n");
        build_into(&site, base);
        let (port, root) = (port(), site.path().display().to_string());
        let settings = format!(
            "{{\n\tadmin off\n\tauto_https off\n}}\nhttp://127.0.0.1:{port} {{\n\troot * {root}/served\n\timport {root}/served{base}/Caddyfile\n}}\n"
        );
        site.write("settings", settings);
        let file = format!("{root}/settings");
        let arguments = ["run", "--adapter", "caddyfile", "--config", &file];
        let Some(server) = Server::start("caddy", &arguments, port) else { return };
        server.does_all(base);
    }
}
