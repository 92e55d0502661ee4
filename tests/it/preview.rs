//! The live preview: the program as a server, asked as a browser and as a program would ask it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use nutgraf::cache::Cache;
use nutgraf::diagnostic::has_errors;
use nutgraf::edition::{Desk, Now, Options, Progress};
use nutgraf::path::Url;
use nutgraf::render::{Body, render};
use nutgraf::site::Shows;
use nutgraf::tree::Tree;
use rayon::prelude::*;
use serde_json::{Value, json};
use ureq::http::Response;

use crate::edits::{Edits, demo};
use crate::site::{NOW, SETTINGS, Site, command};

/// How long anything may take before a test gives up.
pub const LIMIT: Duration = Duration::from_secs(20);

/// `nutgraf serve`, ended when it is dropped.
pub struct Preview {
    program: Child,
    /// Its address without a final slash.
    pub origin: String,
    /// What it said until it was ready.
    pub said: String,
    /// What it says after that.
    lines: BufReader<ChildStdout>,
}

/// An answer of a server.
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Preview {
    /// Begins to serve a site at a fixed moment.
    pub fn of(site: &Site) -> Self {
        Self::with(site.path(), &["--now", "2024-01-01"])
    }

    pub fn with(site: &Path, arguments: &[&str]) -> Self {
        let mut program = command();
        let any_port: &[&str] = if arguments.contains(&"--port") { &[] } else { &["--port", "0"] };
        program.current_dir(site).arg("serve").args(any_port).args(arguments).env_remove("VISUAL");
        let mut program =
            program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut said = String::new();
        let mut lines = BufReader::new(program.stdout.take().expect("its output"));
        while !said.contains("ready in") {
            assert!(lines.read_line(&mut said).expect("a line") > 0, "it ended: {said}");
        }
        let local = said.lines().find_map(|line| line.strip_prefix("Local:")).expect("an address").trim();
        let port = local.split(':').nth(2).expect("a port").split('/').next().expect("a number");
        Self { program, origin: format!("http://127.0.0.1:{port}"), said, lines }
    }

    fn agent() -> ureq::Agent {
        let config = ureq::Agent::config_builder();
        let config = config.max_redirects(0).http_status_as_error(false).timeout_global(Some(LIMIT));
        config.build().into()
    }

    /// The next line it says.
    fn next_line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.lines.read_line(&mut line).expect("a line") > 0, "it ended");
        line.trim_end().to_owned()
    }

    /// Asks with headers.
    pub fn ask(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Self::agent().get(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.call())
    }

    /// Asks as a program does.
    pub fn get(&self, path: &str) -> Answer {
        self.ask(path, &[])
    }

    /// Asks as a browser does.
    pub fn browse(&self, path: &str) -> Answer {
        self.ask(path, &[("Accept", "text/html,*/*")])
    }

    pub fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = Self::agent().post(format!("{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send(body.to_string()))
    }

    /// What a tab is told that shows a page and has seen nothing.
    pub fn look(&self, page: &str) -> Value {
        self.look_from(page, "")
    }

    pub fn look_from(&self, page: &str, source: &str) -> Value {
        let answer = self.get(&format!("/_nutgraf/look?page={page}&source={source}&seen="));
        serde_json::from_slice(&answer.body).expect("JSON")
    }

    /// The stream of revisions, from the newest on.
    pub fn revisions(&self) -> Revisions {
        let host = self.origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        let request = format!("GET /_nutgraf/events HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a question");
        let mut revisions = Revisions { lines: BufReader::new(stream), newest: 0 };
        revisions.next();
        revisions
    }

    /// Waits until something is so, looking again at every new revision.
    pub fn until<T>(&self, revisions: &mut Revisions, what: &str, is_so: impl Fn(&Self) -> Option<T>) -> T {
        loop {
            if let Some(so) = is_so(self) {
                return so;
            }
            revisions.next_or(what);
        }
    }
}

fn answer(result: Result<Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = result.expect("an answer");
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
    Answer {
        status: response.status().as_u16(),
        headers: headers.collect(),
        body: response.body_mut().read_to_vec().expect("a body"),
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// The stream of revisions.
pub struct Revisions {
    lines: BufReader<TcpStream>,
    pub newest: u64,
}

impl Revisions {
    /// Waits for the next revision.
    pub fn next(&mut self) -> u64 {
        self.next_or("a new revision")
    }

    fn next_or(&mut self, what: &str) -> u64 {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.lines.read_line(&mut line);
            assert!(read.is_ok_and(|n| n > 0), "{what} never came");
            if let Some(revision) = line.trim().strip_prefix("data: ") {
                self.newest = revision.parse().expect("a number");
                return self.newest;
            }
        }
    }
}

const BRIEFING: &str = "---\ntitle: The port\ndate: 2023-09-11\naliases: [/harbour/]\n---\nThe lede.\n\n**The context.** Once.\n";

fn small() -> Site {
    Site::new([("nutgraf.yaml", SETTINGS), ("content/briefings/port.md", BRIEFING)])
}

#[test]
fn a_page_is_what_build_writes_and_a_browser_gets_the_script_too() {
    let site = small();
    site.build_cleanly();
    let preview = Preview::of(&site);
    for (path, bytes) in site.output() {
        let url = format!("/{}", path.trim_end_matches("index.html"));
        let answer = preview.get(&url);
        assert_eq!(String::from_utf8_lossy(&answer.body), String::from_utf8_lossy(&bytes), "{url}");
    }
    let page = preview.browse("/briefings/port/");
    assert!(
        page.text().contains("<p data-nutgraf=\"content/briefings/port.md:6\">The lede."),
        "{}",
        page.text()
    );
    assert!(page.text().contains("<script type=\"module\" src=\"/_nutgraf/client.js\""));
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["cache-control"], "no-store");
}

#[test]
fn addresses_are_found_as_a_host_finds_them() {
    let site = small();
    site.write("static/notes.txt", "0123456789");
    site.write(
        "static/_redirects",
        "/old-news/* /briefings/:splat 301\n/briefings/port/ /elsewhere/\n/shown /briefings/port/ 200\n",
    );
    site.write("static/_headers", "/briefings/*\n  X-Frame-Options: DENY\n  Content-Security-Policy: default-src 'none'; style-src 'self'\n");
    let preview = Preview::of(&site);
    let to = |path: &str| {
        let answer = preview.get(path);
        (answer.status, answer.headers.get("location").cloned().unwrap_or_default())
    };
    assert_eq!(to("/harbour/"), (302, "/briefings/port/".into()), "an alias");
    assert_eq!(to("/briefings/port"), (302, "/briefings/port/".into()), "a missing slash");
    assert_eq!(to("/briefings/port/index.html"), (302, "/briefings/port/".into()));
    assert_eq!(to("/old-news/port/"), (302, "/briefings/port/".into()), "a rule");
    assert_eq!(to("/briefings/port/").0, 200, "a page wins over a rule");
    assert!(preview.get("/shown").text().contains("The lede."));
    let missing = preview.get("/nothing/");
    assert_eq!(missing.status, 404);
    assert_eq!(missing.text(), preview.get("/404.html").text());
    let page = preview.browse("/briefings/port/");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(
        page.headers["content-security-policy"],
        "default-src 'none'; style-src 'self' 'self'; script-src 'self'; connect-src 'self'"
    );
    assert_eq!(preview.get("/").headers.get("x-frame-options"), None);
    assert_eq!(preview.get("/").headers["x-robots-tag"], "noindex", "a preview is nothing to be found");
    let file = preview.get("/notes.txt");
    assert_eq!(
        (file.text().as_str(), file.headers["content-type"].as_str()),
        ("0123456789", "text/plain; charset=utf-8")
    );
    let part = preview.ask("/notes.txt", &[("Range", "bytes=2-4")]);
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    assert_eq!(part.headers["content-range"], "bytes 2-4/10");
    assert_eq!(preview.ask("/notes.txt", &[("Range", "bytes=-3")]).text(), "789");
    assert_eq!(preview.ask("/notes.txt", &[("Range", "bytes=40-")]).status, 416);
}

#[test]
fn a_site_under_a_path_is_served_under_it() {
    let site = Site::new([
        ("nutgraf.yaml", "title: T\nurl: https://example.org/news\n"),
        ("content/briefings/port.md", BRIEFING),
    ]);
    let preview = Preview::of(&site);
    assert!(preview.said.contains("/news/\n"), "{}", preview.said);
    assert_eq!(preview.get("/").headers["location"], "/news/");
    assert_eq!(preview.get("/news/briefings/port/").status, 200);
    assert_eq!(preview.get("/briefings/port/").status, 404);
}

#[test]
fn a_port_that_is_taken_is_passed_over_and_said() {
    let site = small();
    let first = Preview::of(&site);
    let port: u16 = first.origin.rsplit(':').next().expect("a port").parse().expect("a number");
    let second = Preview::with(site.path(), &["--port", &port.to_string()]);
    assert!(second.said.contains(&format!("port {port} is taken, so it is ")), "{}", second.said);
    assert_eq!(second.get("/").status, 200);
}

#[test]
fn strangers_are_refused_and_nothing_outside_is_readable() {
    let site = small();
    site.write("secret.txt", "secret");
    site.write("nutgraf.yaml", SETTINGS.to_owned() + "extra: {x: not-for-strangers}\n");
    let preview = Preview::with(site.path(), &["--allow-host", "preview.example.org"]);
    for host in ["evil.example", "localhost.evil.example:80"] {
        assert_eq!(preview.ask("/", &[("Host", host)]).status, 403, "{host}");
    }
    assert_eq!(preview.ask("/", &[("Host", "preview.example.org")]).status, 200);
    assert_eq!(preview.ask("/", &[("Origin", "https://evil.example")]).status, 403);
    let clock = json!({"now": null, "unpublished": true});
    assert_eq!(preview.post("/_nutgraf/clock", &clock, &[]).status, 403, "without the preview's own header");
    let edit = |file: &str| {
        preview.post("/_nutgraf/edit", &json!({"file": file, "line": 1, "column": 1}), &[("X-Nutgraf", "1")])
    };
    assert_eq!(edit("content/briefings/port.md").status, 200);
    for file in [
        "secret.txt",
        "../secret.txt",
        "/etc/passwd",
        "content/../../etc/passwd",
        "nutgraf/templates/base.html",
        "",
    ] {
        assert_eq!(edit(file).status, 404, "{file}");
    }
    let paths = [
        "/secret.txt",
        "/nutgraf.yaml",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/content/briefings/port.md",
        "/static/../secret.txt",
        "/%00",
        "/%ff",
        "//etc/passwd",
        "/templates/base.html",
        "/_nutgraf/../secret.txt",
    ];
    for path in paths {
        // A client of its own: others tidy such paths before they send them.
        let host = preview.origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).expect("a connection");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("a question");
        let mut said = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut said).expect("an answer");
        let said = String::from_utf8_lossy(&said);
        assert!(said.starts_with("HTTP/1.1 404") || said.starts_with("HTTP/1.1 302"), "{path}: {said}");
        assert!(
            !said.contains("secret\n") && !said.contains("not-for-strangers") && !said.contains("root:x:"),
            "{path}: {said}"
        );
    }
}

#[test]
#[cfg(unix)]
fn what_lies_behind_a_link_out_of_the_site_stays_out() {
    let outside = tempfile::tempdir().expect("a folder");
    let site = small();
    std::os::unix::fs::symlink(outside.path(), site.path().join("content/briefings/out")).expect("a link");
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    fs::write(outside.path().join("secret.md"), BRIEFING.replace("harbour", "secret")).expect("a file");
    site.write("content/briefings/pier.md", BRIEFING.replace("harbour", "pier"));
    preview.until(&mut revisions, "the pier", |p| (p.get("/briefings/pier/").status == 200).then_some(()));
    assert_eq!(preview.get("/briefings/secret/").status, 404);
}

#[test]
#[cfg(unix)]
fn an_editor_gets_a_path_and_never_a_shell() {
    use std::os::unix::fs::PermissionsExt;
    let site = small();
    let name = "content/briefings/$(touch pwned);a b.md";
    site.write(name, "---\ntitle: A\nslug: a\ndate: 2023-09-11\n---\nText.\n");
    let editor = site.path().join("editor.sh");
    let pipe = site.path().join("opened");
    fs::write(&editor, "#!/bin/sh\nprintf '%s|' \"$@\" > opened.part && mv opened.part opened\n")
        .expect("a script");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("rights");
    let command = format!("{} -n +{{line}} '{{file}}'", editor.display());
    let preview = Preview::with(site.path(), &["--editor", &command]);
    let answer =
        preview.post("/_nutgraf/edit", &json!({"file": name, "line": 6, "column": 1}), &[("X-Nutgraf", "1")]);
    assert_eq!(answer.text(), "{\"opened\":true}");
    let mut tries = 0;
    // The editor is another program: nothing says when it is done but what it leaves behind.
    while !pipe.exists() && tries < 1_000 {
        tries += 1;
        std::thread::yield_now();
        let _ = Command::new("true").status();
    }
    let root = site.path().canonicalize().expect("a folder");
    let expected = format!("-n|+6|{}|", root.join(name).display());
    assert_eq!(fs::read_to_string(&pipe).expect("what was opened"), expected);
    assert!(!site.exists("pwned"));
}

#[test]
fn every_way_of_saving_is_seen() {
    let site = small();
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    let file = site.path().join("content/briefings/port.md");
    let text = |word: &str| BRIEFING.replace("Once.", word);
    let seen = |revisions: &mut Revisions, url: &str, word: &str| {
        preview.until(revisions, word, |p| p.get(url).text().contains(word).then_some(()));
    };
    site.write("content/briefings/port.md", text("in-place"));
    seen(&mut revisions, "/briefings/port/", "in-place");

    fs::write(site.path().join("content/briefings/.port.md.tmp"), text("by-rename")).expect("a file");
    fs::rename(site.path().join("content/briefings/.port.md.tmp"), &file).expect("a rename");
    seen(&mut revisions, "/briefings/port/", "by-rename");

    fs::remove_file(&file).expect("a file to remove");
    fs::write(&file, text("delete-and-create")).expect("a file");
    seen(&mut revisions, "/briefings/port/", "delete-and-create");

    // As vim saves: the old file becomes a backup, a probe comes and goes.
    fs::write(site.path().join("content/briefings/4913"), "").expect("a probe");
    fs::remove_file(site.path().join("content/briefings/4913")).expect("a probe");
    fs::rename(&file, site.path().join("content/briefings/port.md~")).expect("a backup");
    fs::write(&file, text("with-backup")).expect("a file");
    seen(&mut revisions, "/briefings/port/", "with-backup");

    fs::create_dir(site.path().join("content/briefings/2023")).expect("a folder");
    fs::rename(&file, site.path().join("content/briefings/2023/port.md")).expect("a move");
    site.write(
        "content/briefings/2023/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("Once.", "in-a-new-folder"),
    );
    seen(&mut revisions, "/briefings/quay/", "in-a-new-folder");
    seen(&mut revisions, "/briefings/port/", "with-backup");

    fs::rename(site.path().join("content/briefings/2023"), site.path().join("content/briefings/2024"))
        .expect("a move");
    site.write(
        "content/briefings/2024/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("Once.", "in-a-moved-folder"),
    );
    seen(&mut revisions, "/briefings/quay/", "in-a-moved-folder");

    site.write(
        "templates/page.html",
        "{% extends \"nutgraf/page.html\" %}{% block main %}a-template{% endblock main %}",
    );
    site.write("content/pages/about.md", "---\ntitle: About\n---\nx\n");
    seen(&mut revisions, "/about/", "a-template");
    site.write("static/new.txt", "a-file");
    seen(&mut revisions, "/new.txt", "a-file");
    site.write("nutgraf.yaml", SETTINGS.replace("The Test", "settings"));
    seen(&mut revisions, "/", "settings");
    site.write("templates/strings/en.yaml", "strings:\n  briefings: a-string\n");
    seen(&mut revisions, "/", "a-string");

    // The whole folder is replaced, in both ways, and watched again.
    let content = site.path().join("content");
    fs::rename(&content, site.path().join("aside")).expect("a move");
    fs::rename(site.path().join("aside"), &content).expect("a move");
    site.write(
        "content/briefings/2024/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("Once.", "in-a-folder-that-came-back"),
    );
    seen(&mut revisions, "/briefings/quay/", "in-a-folder-that-came-back");
    let kept = crate::site::files(&content);
    fs::remove_dir_all(&content).expect("a folder to remove");
    for (path, bytes) in &kept {
        site.write(&format!("content/{path}"), bytes);
    }
    site.write(
        "content/briefings/2024/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("Once.", "in-a-folder-made-anew"),
    );
    seen(&mut revisions, "/briefings/quay/", "in-a-folder-made-anew");
    site.write(
        "content/briefings/2024/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("Once.", "and-once-more"),
    );
    seen(&mut revisions, "/briefings/quay/", "and-once-more");

    fs::remove_dir_all(site.path().join("content/briefings/2024")).expect("a folder to remove");
    preview.until(&mut revisions, "a 404", |p| (p.get("/briefings/quay/").status == 404).then_some(()));
    assert_eq!(preview.get("/briefings/port/").status, 404);
}

#[test]
fn a_branch_that_is_checked_out_is_one_change() {
    let site = small();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(site.path())
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(arguments);
        let done = git.output().expect("git is on the machine");
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let write = |word: &str| {
        for i in 0..300 {
            let text = format!("---\ntitle: Story {i}\ndate: 2023-09-11\n---\n{word} {i}.\n");
            site.write(&format!("content/briefings/2023/story-{i}.md"), text);
        }
    };
    write("first");
    git(&["init", "-q", "-b", "one"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    git(&["checkout", "-q", "-b", "two"]);
    write("second");
    git(&["commit", "-qam", "two"]);
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    let before = revisions.newest;
    git(&["checkout", "-q", "one"]);
    revisions.next();
    assert_eq!(revisions.newest, before + 1);
    for i in [0, 150, 299] {
        assert!(
            preview.get(&format!("/briefings/story-{i}/")).text().contains(&format!("first {i}.")),
            "{i}"
        );
    }
}

#[test]
fn what_is_wrong_is_said_and_the_last_good_page_stays() {
    let site = small();
    site.write(
        "content/briefings/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("The port", "The quay"),
    );
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    let broken = BRIEFING.replace("Once.", "Twice.\n\n:::question[Why?]\nNever closed.\n");
    site.write("content/briefings/port.md", &broken);
    let told = preview.until(&mut revisions, "an error", |p| {
        let told = p.look("/briefings/quay/");
        (told["problems"]["errors"] == 1).then_some(told)
    });
    let problem = &told["problems"]["list"][0];
    assert_eq!(problem["message"], "the block `:::question` is never closed");
    assert_eq!((&problem["file"], &problem["line"]), (&json!("content/briefings/port.md"), &json!(10)));
    assert!(
        problem["text"].as_str().is_some_and(|text| text.contains("10 | :::question[Why?]\n   | ^^^")),
        "{problem}"
    );
    assert!(
        problem["href"]
            .as_str()
            .is_some_and(|href| href.starts_with("vscode://file/") && href.ends_with("port.md:10:1"))
    );
    assert!(preview.get("/briefings/port/").text().contains("Once."), "the last good page stays");

    // Another page goes on meanwhile.
    site.write(
        "content/briefings/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("Once.", "Meanwhile."),
    );
    preview.until(&mut revisions, "the other page", |p| {
        p.get("/briefings/quay/").text().contains("Meanwhile.").then_some(())
    });

    site.write("content/briefings/port.md", broken.replace("Never closed.", "Closed.\n:::"));
    let told = preview.until(&mut revisions, "no error", |p| {
        let told = p.look("/briefings/port/");
        (told["problems"]["errors"] == 0).then_some(told)
    });
    assert!(told["html"].as_str().is_some_and(|html| html.contains("Closed.")), "{told}");

    for (file, wrong, right) in [
        (
            "templates/briefing.html",
            "{% extends \"nutgraf/briefing.html\" %}{% block main %}{{ pag.title }}",
            "",
        ),
        ("nutgraf.yaml", "title: [", SETTINGS),
    ] {
        site.write(file, wrong);
        preview.until(&mut revisions, file, |p| (p.look("/")["problems"]["errors"] != 0).then_some(()));
        assert!(preview.get("/briefings/port/").text().contains("Closed."), "{file}");
        if right.is_empty() {
            site.remove(file);
        } else {
            site.write(file, right);
        }
        preview.until(&mut revisions, file, |p| (p.look("/")["problems"]["errors"] == 0).then_some(()));
    }
}

#[test]
fn a_template_that_fails_only_when_it_is_used_leaves_the_page_as_it_was() {
    let site = small();
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    let seen = preview.look("/briefings/port/")["hash"].as_str().expect("a hash").to_owned();
    let wrong =
        "{% extends \"nutgraf/briefing.html\" %}{% block main %}{{ page.nosuch.deep }}{% endblock main %}";
    site.write("templates/briefing.html", wrong);
    revisions.next();
    let look = format!("/_nutgraf/look?page=/briefings/port/&source=content/briefings/port.md&seen={seen}");
    let told: Value = serde_json::from_slice(&preview.get(&look).body).expect("JSON");
    assert_eq!((&told["state"], &told["problems"]["errors"]), (&json!("same"), &json!(1)), "{told}");
    assert!(preview.get("/briefings/port/").text().contains("Once."), "the last good page");
    site.write("content/briefings/port.md", BRIEFING.replace("Once.", "Twice."));
    revisions.next();
    assert!(preview.get("/briefings/port/").text().contains("Once."), "still the last good page");
    site.remove("templates/briefing.html");
    preview.until(&mut revisions, "the new text", |p| {
        (p.get("/briefings/port/").text().contains("Twice.") && p.look("/")["problems"]["errors"] == 0)
            .then_some(())
    });
}

#[test]
fn headers_of_the_site_cannot_break_an_answer() {
    let site = small();
    let rules = "/*\n  Content-Length: 5\n  Transfer-Encoding: chunked\n  Content-Type: text/html; charset=koi8-r\n  \
                 Content-Security-Policy: require-trusted-types-for 'script'; script-src 'none'\n  \
                 Content-Security-Policy: img-src 'self'\n";
    site.write("static/_headers", rules);
    let preview = Preview::of(&site);
    let page = preview.browse("/briefings/port/");
    assert!(page.text().ends_with("</html>") || page.text().ends_with("</html>\n"), "{}", page.text());
    assert_eq!(page.headers["content-type"], "text/html; charset=koi8-r");
    // The last of several headers of a name is the one that this test sees.
    assert_eq!(page.headers["content-security-policy"], "img-src 'self'");
    let host = preview.origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    let request = format!("GET / HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a question");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut stream, &mut said).expect("an answer");
    assert!(said.contains("content-security-policy: script-src 'self'\r\n"), "{said}");
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_out_is_named_until_it_is_gone() {
    let site = small();
    std::os::unix::fs::symlink("/etc/hostname", site.path().join("content/briefings/out.md"))
        .expect("a link");
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    let errors = |p: &Preview| p.look("/")["problems"]["errors"].clone();
    assert_eq!(errors(&preview), 1);
    site.write("content/briefings/port.md", BRIEFING.replace("Once.", "Twice."));
    revisions.next();
    assert_eq!(errors(&preview), 1, "another edit does not hide it");
    site.remove("content/briefings/out.md");
    preview.until(&mut revisions, "no error", |p| (errors(p) == 0).then_some(()));
}

#[test]
fn the_terminal_says_what_is_new_and_how_much_is_wrong_in_all() {
    let site = small();
    let mut preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    site.write("content/briefings/quay.md", "---\ntitle: Quay\ndate: 2023-01-01\ntopcs: a\n---\nText.\n");
    revisions.next();
    site.write("content/briefings/pier.md", "---\ntitle: Pier\ndate: 2023-01-01\n---\n[x](nothing.md)\n");
    assert_eq!(preview.next_line(), "1 error, 1 warning in all");
    site.remove("content/briefings/pier.md");
    assert_eq!(preview.next_line(), "1 warning in all");
    site.remove("content/briefings/quay.md");
    assert_eq!(preview.next_line(), "all is well again");
}

#[test]
fn what_is_wrong_on_pages_that_nobody_looks_at_is_found() {
    let site = small();
    site.write(
        "content/briefings/quay.md",
        BRIEFING.replace("harbour", "wharf").replace("Once.", "[x](port.md)"),
    );
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    site.remove("content/briefings/port.md");
    let told = preview.until(&mut revisions, "a dead link", |p| {
        let told = p.look("/");
        (told["problems"]["errors"] == 1).then_some(told)
    });
    assert_eq!(told["problems"]["list"][0]["file"], "content/briefings/quay.md");
    site.write("content/briefings/port.md", BRIEFING);
    let revision = revisions.next();
    assert_eq!(preview.look("/")["problems"]["errors"], 0, "mended at once, at revision {revision}");
}

#[test]
fn a_site_that_begins_wrong_is_shown_once_it_is_mended() {
    let site = Site::new([("nutgraf.yaml", "title: ["), ("content/briefings/port.md", BRIEFING)]);
    let preview = Preview::of(&site);
    let page = preview.browse("/");
    assert_eq!(page.status, 500);
    assert!(page.text().contains("/_nutgraf/client.js"));
    assert_eq!(preview.look("/")["problems"]["errors"], 1);
    let mut revisions = preview.revisions();
    site.write("nutgraf.yaml", SETTINGS);
    revisions.next();
    assert_eq!(preview.look("/")["state"], "changed");
    assert_eq!(preview.get("/briefings/port/").status, 200);
}

#[test]
fn what_is_not_published_yet_is_shown_with_the_reason_and_the_clock_moves() {
    let site = small();
    site.write("content/briefings/draft.md", "---\ntitle: D\ndate: 2023-01-01\ndraft: true\n---\nText.\n");
    site.write("content/briefings/later.md", "---\ntitle: L\ndate: 2024-05-01 10:00\n---\nText.\n");
    site.write(
        "content/briefings/held.md",
        "---\ntitle: H\ndate: 2023-01-01\nembargo: 2024-03-01 09:30\n---\nText.\n",
    );
    let preview = Preview::of(&site);
    let badge = |slug: &str| preview.look(&format!("/briefings/{slug}/"))["badges"].clone();
    assert_eq!(badge("draft"), json!([{"kind": "draft", "text": "Draft"}]));
    assert_eq!(badge("later"), json!([{"kind": "future", "text": "Dated 2024-05-01 10:00"}]));
    assert_eq!(badge("held"), json!([{"kind": "embargo", "text": "Under embargo until 2024-03-01 09:30"}]));
    assert_eq!(badge("port"), json!([]));

    let mut revisions = preview.revisions();
    let turn = |now: Value, unpublished: bool| {
        let clock = json!({"now": now, "unpublished": unpublished});
        assert_eq!(preview.post("/_nutgraf/clock", &clock, &[("X-Nutgraf", "1")]).status, 200);
    };
    turn(json!("2024-03-02T00:00"), false);
    revisions.next();
    let status = |slug: &str| preview.get(&format!("/briefings/{slug}/")).status;
    assert_eq!((status("draft"), status("later"), status("held")), (404, 404, 200));
    assert_eq!(
        preview.look("/")["clock"],
        json!({"now": "2024-03-02T00:00:00+00:00", "set": true, "unpublished": false})
    );
    turn(json!("2024-06-01T00:00"), false);
    revisions.next();
    assert_eq!((status("draft"), status("later"), status("held")), (404, 200, 200));
}

#[test]
fn a_tab_is_told_where_its_page_went() {
    let site = small();
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    let source = "content/briefings/port.md";
    site.write(source, BRIEFING.replace("date:", "slug: docks\ndate:"));
    revisions.next();
    let told = preview.look_from("/briefings/port/", source);
    assert_eq!((&told["state"], &told["to"]), (&json!("moved"), &json!("/briefings/docks/")));

    site.write(source, BRIEFING);
    revisions.next();
    fs::rename(site.path().join(source), site.path().join("content/briefings/basin.md")).expect("a rename");
    preview
        .until(&mut revisions, "the new page", |p| (p.get("/briefings/basin/").status == 200).then_some(()));
    let told = preview.look_from("/briefings/port/", source);
    assert_eq!((&told["state"], &told["to"]), (&json!("moved"), &json!("/briefings/basin/")));

    site.remove("content/briefings/basin.md");
    preview.until(&mut revisions, "no page", |p| (p.get("/briefings/basin/").status == 404).then_some(()));
    assert_eq!(preview.look_from("/briefings/port/", source)["state"], "gone");
}

/// Whatever is read while edits go on is a whole page of some moment: never nothing, and never an old list
/// once the new one was shown.
#[test]
fn after_random_edits_what_is_served_is_what_is_built() {
    let site = demo();
    // What comes with a new folder is waited for; here what is written first is to be seen first.
    for folder in ["static", "data", "templates/components", "content/briefings/moved"] {
        fs::create_dir_all(site.path().join(folder)).expect("a folder");
    }
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    let as_published = json!({"now": NOW, "unpublished": false});
    assert_eq!(preview.post("/_nutgraf/clock", &as_published, &[("X-Nutgraf", "1")]).status, 200);
    revisions.next();
    let done = AtomicBool::new(false);
    let read = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for url in ["/", "/briefings/", "/explainers/", "/ru/", "/css/tokens.css"] {
                    let answer = preview.get(url);
                    assert_eq!(answer.status, 200, "{url}");
                    let end = if url.ends_with(".css") { "}" } else { "</html>" };
                    assert!(answer.text().trim_end().ends_with(end), "{url}: {}", answer.text());
                }
                read.fetch_add(1, Ordering::Relaxed);
            }
        });
        let ended = SetAtEnd(&done);
        let mut edits = Edits::new(7);
        let mut compared = 0;
        let mut story = Vec::new();
        for number in 1..=200 {
            story.push(edits.make(&site).1);
            // What is written last is seen last.
            site.write("content/pages/last.md", format!("---\ntitle: Last\n---\nEdit {number}.\n"));
            preview.until(&mut revisions, &format!("edit {number}: {story:#?}"), |p| {
                p.get("/last/").text().contains(&format!("Edit {number}.")).then_some(())
            });
            compared += usize::from(is_as_built(&site, &preview, &story));
        }
        drop(ended);
        assert!(compared > 50, "the site was wrong nearly all the time: {story:#?}");
    });
    assert!(read.into_inner() > 20);
}

/// Says that it is over also when a test fails.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Compares every address with what a build made from the files now would write; false when a text has an
/// error in it, so that the last good one is shown.
fn is_as_built(site: &Site, preview: &Preview, story: &[String]) -> bool {
    let (tree, _) = Tree::open(site.path());
    let options = Options {
        now: Now::Typed(NOW.into()),
        shows: Shows::Published,
        base_url: None,
        cache: Cache::default(),
        progress: Progress::default(),
    };
    let desk = Desk::open(&tree, options).unwrap_or_else(|_| panic!("the demo has settings"));
    if has_errors(&desk.said()) {
        return false;
    }
    let edition = desk.edition();
    let site = &edition.world.site;
    edition.world.routes.all.par_iter().for_each(|route| {
        let Some(url) = route.url(site) else { return };
        let expected = match render(&edition, route).0.map(|output| output.body) {
            Some(Body::Bytes(bytes)) => bytes,
            _ => Vec::new(),
        };
        let answer = preview.get(url.as_str());
        let (own, expected) = (String::from_utf8_lossy(&answer.body), String::from_utf8_lossy(&expected));
        assert_eq!(own, expected, "{url}: {story:#?}");
    });
    for asset in edition.world.assets.values().map(|asset| asset.url.as_str()).collect::<BTreeSet<_>>() {
        assert_eq!(preview.get(asset).status, 200, "{asset}: {story:#?}");
    }
    let gone =
        story.iter().filter_map(|what| what.strip_prefix("content/briefings/")?.strip_suffix(".md removed"));
    for url in gone.filter_map(|slug| Url::parse(&format!("/briefings/{slug}/"))) {
        if !edition.world.routes.has(&url) {
            assert_eq!(preview.get(url.as_str()).status, 404, "{url}: {story:#?}");
        }
    }
    true
}

#[test]
fn a_storm_of_saves_leaves_nothing_behind() {
    let site = small();
    let preview = Preview::of(&site);
    let mut revisions = preview.revisions();
    for number in 1..=1_000 {
        site.write("content/briefings/port.md", BRIEFING.replace("Once.", &format!("Save {number}.")));
    }
    for number in 0..500 {
        let text = BRIEFING.replace("harbour", &format!("harbour-{number}"));
        site.write(&format!("content/briefings/pier-{number}.md"), text);
    }
    preview.until(&mut revisions, "the last save", |p| {
        let last = p.get("/briefings/port/").text().contains("Save 1000.");
        (last && (0..500).all(|n| p.get(&format!("/briefings/pier-{n}/")).status == 200)).then_some(())
    });
}

#[test]
#[cfg(unix)]
fn an_interrupt_ends_it_at_once_with_tabs_open() {
    let site = small();
    let mut preview = Preview::of(&site);
    let _listening = preview.revisions();
    let id = preview.program.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    let ended = preview.program.wait().expect("an end");
    assert!(!ended.success(), "a signal ended it");
}
