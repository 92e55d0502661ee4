//! Sitemaps: what is in them, against the protocol's published schema, which the npm package `sitemap` carries, with
//! the rules of the extensions in `tests/schemas/sitemap/`, and as that package reads them. What is missing on the
//! machine is said, as in `markup.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::edits::demo;
use crate::markup::tool;
use crate::metadata::{BASE, Faults, NEWSROOM, sitemap_disagreements};
use crate::newsroom::{NOW, Story, ZONE, invent};
use crate::pages::{Listed, News, Published};
use crate::site::{SETTINGS, Site, package, run};

/// The schema of a sitemap with its extensions, by the namespace of each part.
struct Schema {
    folder: tempfile::TempDir,
}

impl Schema {
    /// None when the published schema or xmllint is not there. (The package has an `all.xsd` for the extensions too,
    /// but that fetches them from the net.)
    fn find() -> Option<Self> {
        let protocol = tool("sitemap/schema/sitemap.xsd")?;
        if Command::new("xmllint").arg("--version").output().is_err() {
            assert!(std::env::var_os("CI").is_none(), "there is no xmllint");
            writeln!(std::io::stderr(), "left out: there is no xmllint").expect("stderr");
            return None;
        }
        let own = |name: &str| package().join("tests/schemas/sitemap").join(name);
        let parts: [(&str, PathBuf); 4] = [
            ("http://www.sitemaps.org/schemas/sitemap/0.9", fs::canonicalize(protocol).expect("a file")),
            ("http://www.google.com/schemas/sitemap-news/0.9", own("news.xsd")),
            ("http://www.google.com/schemas/sitemap-image/1.1", own("image.xsd")),
            ("http://www.w3.org/1999/xhtml", own("xhtml.xsd")),
        ];
        let part = |(namespace, file): &(&str, PathBuf)| {
            let url = url::Url::from_file_path(file).expect("a whole path");
            format!("<xs:import namespace=\"{namespace}\" schemaLocation=\"{url}\"/>")
        };
        let parts: String = parts.iter().map(part).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let text = format!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{parts}</xs:schema>");
        fs::write(folder.path().join("all.xsd"), text).expect("a schema");
        Some(Self { folder })
    }

    /// What xmllint has against a sitemap; nothing when it is valid.
    fn faults(&self, text: &str) -> String {
        let file = self.folder.path().join("sitemap.xml");
        fs::write(&file, text).expect("a sitemap");
        let mut command = Command::new("xmllint");
        command.args(["--nonet", "--noout", "--schema"]).arg(self.folder.path().join("all.xsd")).arg(&file);
        let run = run(command);
        if run.code == 0 { String::new() } else { run.stderr }
    }
}

/// A sitemap that the package `sitemap` reads, as its own items.
fn items(reader: &Path, text: &str) -> Vec<Value> {
    let script = "const {parseSitemap} = await import(process.argv[1]);
        const {Readable} = await import('node:stream');
        const {readFileSync} = await import('node:fs');
        const items = await parseSitemap(Readable.from([readFileSync(process.argv[2])]));
        console.log(JSON.stringify(items))";
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("a sitemap");
    let mut command = Command::new("node");
    command.args(["--input-type=module", "-e", script]);
    command.arg(url::Url::from_file_path(reader).expect("a whole path").as_str()).arg(file.path());
    let run = run(command);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// The demo two days after its newest story, and a newsroom.
fn sites() -> Vec<Published> {
    let (newsroom, _) = invent(5, 120, "https://example.org");
    let sites = [
        (demo(), "2026-11-01T00:00:00Z", "https://briefing.example"),
        (newsroom, NOW, "https://example.org"),
    ];
    let built = sites.into_iter().map(|(site, now, base)| {
        let run = site.run(&["build", "--now", now]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        Published::of(&site, base, ZONE)
    });
    built.collect()
}

#[test]
fn sitemaps_are_as_the_schemas_say() {
    let Some(schema) = Schema::find() else { return };
    let mut stories = 0;
    for published in sites() {
        assert_eq!(schema.faults(published.text("sitemap.xml")), "", "{}", published.base);
        assert!(published.sitemap().len() > 50);
        let news = published.news().len();
        // The schema of 2008 wants one address at least; to Google an empty file is right.
        if news > 0 {
            assert_eq!(schema.faults(published.text("news-sitemap.xml")), "", "{}", published.base);
        }
        stories += news;
    }
    assert!(stories > 5, "{stories} stories were of the last two days");
}

/// A sitemap of one story with everything.
const RIGHT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
  xmlns:image="http://www.google.com/schemas/sitemap-image/1.1" xmlns:xhtml="http://www.w3.org/1999/xhtml">
<url><loc>https://example.org/a/</loc><lastmod>2023-12-31T10:00:00+06:00</lastmod>
<xhtml:link rel="alternate" hreflang="x-default" href="https://example.org/a/"/>
<image:image><image:loc>https://example.org/a.svg</image:loc></image:image>
<news:news><news:publication><news:name>A &amp; B</news:name><news:language>kk</news:language></news:publication>
<news:publication_date>2023-12-31T10:00:00+06:00</news:publication_date><news:title>The title</news:title></news:news>
</url></urlset>
"#;

#[test]
fn a_sitemap_that_is_wrong_is_found() {
    let Some(schema) = Schema::find() else { return };
    assert_eq!(schema.faults(RIGHT), "");
    for (from, to, named) in [
        ("<news:title>The title</news:title>", "", "Missing child"),
        ("<news:title>The title</news:title>", "<news:title> </news:title>", "title"),
        ("<news:title>", "<news:keywords>a</news:keywords><news:title>", "keywords"),
        ("+06:00</news:", "</news:", "publication_date"),
        (">kk<", ">Kazakh<", "language"),
        ("<image:loc>https://example.org/a.svg</image:loc>", "", "Missing child"),
        (">https://example.org/a.svg<", ">/a.svg<", "loc"),
        (" hreflang=\"x-default\"", "", "hreflang"),
        ("<lastmod>2023-12-31T10:00:00", "<lastmod>yesterday", "lastmod"),
        ("<loc>https://example.org/a/</loc>", "", "loc"),
        ("</url>", "<changefreq>daily</changefreq></url>", "changefreq"),
    ] {
        let wrong = RIGHT.replacen(from, to, 1);
        assert_ne!(wrong, RIGHT, "{from}");
        let found = schema.faults(&wrong);
        assert!(found.contains(named), "{from} as {to}: {found}");
    }
}

#[test]
fn the_package_sitemap_reads_what_our_tests_read() {
    let Some(reader) = tool("sitemap/dist/esm/index.js") else { return };
    let reader = fs::canonicalize(reader).expect("a file");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let one = |name: &str| (name.to_owned(), RIGHT.as_bytes().to_vec());
    let right = [one("sitemap.xml"), one("news-sitemap.xml")].into();
    let right = Published::of_files(right, "https://example.org", ZONE);
    assert_eq!((right.sitemap().len(), right.news().len()), (1, 1));
    for published in sites().into_iter().chain([right]) {
        let items_read = items(&reader, published.text("sitemap.xml"));
        let read = items_read.iter().map(|item| Listed {
            url: text(&item["url"]),
            modified: item["lastmod"].as_str().map(str::to_owned),
            images: all(&item["img"]).iter().map(|image| text(&image["url"])).collect(),
            translations: all(&item["links"]).iter().map(|l| (text(&l["lang"]), text(&l["url"]))).collect(),
        });
        assert_eq!(read.collect::<Vec<_>>(), published.sitemap());
        let items_read = items(&reader, published.text("news-sitemap.xml"));
        let read = items_read.iter().map(|item| News {
            url: text(&item["url"]),
            publication: text(&item["news"]["publication"]["name"]),
            language: text(&item["news"]["publication"]["language"]),
            date: text(&item["news"]["publication_date"]),
            title: text(&item["news"]["title"]),
        });
        assert_eq!(read.collect::<Vec<_>>(), published.news());
    }
}

#[test]
fn the_news_sitemap_has_two_days_to_the_second() {
    let (published, room) = &*NEWSROOM;
    let now: Timestamp = NOW.parse().expect("a moment");
    let since = now - SignedDuration::from_hours(48);
    let is_due = |story: &&Story| story.is_published && story.published > since;
    let due = room.stories.iter().filter(is_due).map(|story| format!("{BASE}{}", story.path()));
    let due: BTreeSet<String> = due.collect();
    let is_edge = |story: &&Story| story.is_published && story.published == since;
    assert!(due.len() >= 6 && room.stories.iter().filter(is_edge).count() >= 2);
    let found: Vec<String> = published.news().into_iter().map(|story| story.url).collect();
    assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), due);
    assert_eq!(found.len(), due.len(), "each once");
}

#[test]
fn the_news_sitemap_has_at_most_a_thousand_stories() {
    let site = Site::new([("nutgraf.yaml", &*format!("{SETTINGS}cards: false\n"))]);
    for n in 0..1003 {
        let (minute, second) = (n / 60, n % 60);
        let front = format!("title: Story {n}\ndate: \"2023-12-31 10:{minute:02}:{second:02}\"");
        site.write(&format!("content/briefings/s{n}.md"), format!("---\n{front}\n---\nText.\n"));
    }
    let run = site.build();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found: BTreeSet<String> =
        Published::of(&site, BASE, "UTC").news().into_iter().map(|news| news.title).collect();
    assert_eq!(found, (3..1003).map(|n| format!("Story {n}")).collect(), "the newest");
}

#[test]
fn a_sitemap_of_more_pages_than_one_file_holds_is_an_index() {
    let (published, _) = &*NEWSROOM;
    assert!(!published.files.contains_key("sitemap-1.xml"), "few pages need no index");
    assert!(published.sitemap().len() > 300);
}

#[test]
#[ignore = "it builds 50,001 pages, which takes minutes"]
fn a_sitemap_of_50_001_pages_is_split() {
    let site = Site::new([("nutgraf.yaml", &*format!("{SETTINGS}cards: false\n"))]);
    for n in 0..50_001 {
        let front = format!("title: Story {n}\ndate: 2023-09-11");
        site.write(&format!("content/briefings/s{n}.md"), format!("---\n{front}\n---\nText.\n"));
    }
    let run = site.build();
    assert_eq!(run.code, 0, "{}", run.stderr);
    let published = Published::of(&site, BASE, "UTC");
    assert!(published.text("sitemap.xml").contains("<sitemapindex"));
    assert_eq!(published.text("sitemap-1.xml").matches("<url>").count(), 50_000);
    let mut faults = Faults::default();
    sitemap_disagreements(&published, &mut faults);
    faults.assert_none();
}
