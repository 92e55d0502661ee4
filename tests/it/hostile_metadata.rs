//! Hostile text in every field that takes text: what is made for programs stays well-formed and says what was
//! written, and nothing runs in a browser.

use std::collections::BTreeMap;

use serde_json::Value;

#[cfg(feature = "serve")]
use crate::host::Host;
#[cfg(feature = "serve")]
use crate::live::browser;
use crate::newsroom::quoted;
use crate::pages::{FEEDS, Published, plain, text, title_of, xml};
use crate::site::Site;

/// Runs in a browser wherever it gets out of its place.
const RUNS: &str = "Ann </script></style></title></textarea>--><script>window.hit=1</script>\"><img src=x \
                    onerror=window.hit=1>'><svg onload=window.hit=1> ${window.hit=1}{{7*7}}{% raw %}";

/// Texts that break one format or another.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        RUNS,
        "Ann ]]> <![CDATA[ ]]]]> & &amp; &lt;b&gt; &#0; &nbsp; <!-- -- --> <?xml ?> <b 'c' \"d\"",
        "Ann \u{0} \u{1} \u{8} \u{b} \u{c} \u{1b} \u{7f} \u{85} \u{9f} \u{fffe} \u{ffff} \t \n \r end",
        "Ann \u{202e}left\u{202c} \u{2066}inside\u{2069} \u{200f}mark \u{61c} \u{feff} \u{ad} end",
        "Ann one\u{2028}two\u{2029}three\u{a0}four\u{3000}five",
        "Ann 👩\u{200d}👩\u{200d}👧\u{200d}👦 🇰🇿 𝔘𝔫 e\u{301}\u{301}\u{301} \u{e0001}\u{10fffd} end",
        "Ann \\ \\\" \\u003c/script> %3Cscript%3E \\n ' ` $& $1",
    ]
    .map(str::to_owned)
    .into();
    // As long as a headline may be; all other fields take twenty times as much.
    texts.push(format!("Ann {}", "жұлдыз ".repeat(60)));
    texts
}

/// A site with a text in every field of front matter and settings, for readers and for machines.
fn site(hostile: &str) -> Site {
    let mut long = hostile.to_owned();
    while hostile.chars().count() > 300 && long.chars().count() < 10_000 {
        long.push_str(hostile);
    }
    let (q, long) = (quoted(hostile), quoted(&long));
    let url = quoted("https://example.net/?a=\"><script>window.hit=1</script>&b='c'&d=]]>");
    let site = Site::new([]);
    site.write(
        "nutgraf.yaml",
        format!(
            "title: {q}\nurl: https://example.org\nlanguages: {{ru: {{title: {q}, description: {long}}}}}\ndescription: \
             {long}\npublisher: {{name: {q}, logo: /logo.svg, policies: {{corrections: /policy/}}}}\nmenu: [{{title: {q}, titles: \
             {{ru: {q}}}, url: /news/}}]\nsections: {{news: {{title: {q}, titles: {{ru: {q}}}, article: \
             OpinionNewsArticle}}}}\nhome: {{sections: [news], topics: [energy]}}\nfeed: {{hub: {url}}}\ntwins: [markdown, ninjs, \
             llms]\nextra: {{a: {q}}}\n"
        ),
    );
    let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 90 60\"><circle r=\"9\"/></svg>";
    site.write("static/logo.svg", drawing);
    site.write("content/briefings/a.svg", drawing);
    let image = format!(
        "image: {{src: a.svg, alt: {long}, caption: {long}, credit: [{q}, {q}], creator: {q}, license: {q}, license_url: \
         {url}, acquire_url: {url}}}"
    );
    let sources = format!("sources: [{{title: {q}, url: {url}, publisher: {q}, date: 2023-01-02}}, {q}]");
    let briefing = format!(
        "title: {q}\ndescription: {long}\nkicker: {q}\nbyline: {q}\ndateline: {q}\n{image}\ncorrections: [{{date: \
         2023-10-01, text: {long}, kind: correction}}, {{date: 2023-10-02, text: {q}, kind: update}}]\n"
    );
    // A name without a profile becomes part of an address, which not all letters can.
    let is_foreign = hostile.chars().any(|c| c.is_alphabetic() && u32::from(c) > 0xffff);
    let author = if is_foreign { "Ben" } else { &q };
    let shared = format!(
        "date: 2023-09-11 10:00\nsection: news\nauthors: [ann, {author}]\ntopics: [energy]\nthread: river\nexplainers: \
         [grid]\n{sources}\nextra: {{a: {q}}}\n"
    );
    for (path, front, body) in [
        ("briefings/a.md", briefing.clone() + &shared, "The lede.\n"),
        // Without words of its own, its text stands for them.
        ("briefings/b.md", format!("title: {q}\n{shared}"), hostile),
        ("briefings/a.ru.md", briefing.clone(), "Начало.\n"),
        (
            "explainers/grid.md",
            format!(
                "title: {q}\nas_of: 2023-01-01\nsummary: {q}\nowner: {q}\n{sources}\nchanges: [{{date: 2023-01-01, text: {q}}}]\n"
            ),
            "The grid.\n",
        ),
        (
            "authors/ann.md",
            format!("name: {q}\nrole: {q}\nlinks: [{{title: {q}, url: {url}}}]\n"),
            "Herself.\n",
        ),
        ("topics/energy.md", format!("title: {q}\ndescription: {q}\n"), "All.\n"),
        ("threads/river.md", format!("title: {q}\nstatus: {q}\n"), "Long.\n"),
        ("pages/policy.md", format!("title: {q}\ndescription: {q}\n"), "So.\n"),
    ] {
        site.write(&format!("content/{path}"), format!("---\n{front}---\n{body}"));
    }
    site
}

fn build(hostile: &str) -> Published {
    let site = site(hostile);
    let run = site.build();
    assert_eq!(run.code, 0, "{hostile:?}: {}", run.stderr);
    Published::of(&site, "https://example.org", "UTC")
}

#[test]
fn every_format_stays_well_formed_and_says_what_was_written() {
    for hostile in texts() {
        let published = build(&hostile);
        let title = plain(&hostile);
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (path, bytes) in &published.files {
            if path.ends_with(".xml") || path.ends_with(".svg") {
                xml(std::str::from_utf8(bytes).expect("UTF-8"));
                *seen.entry("xml").or_default() += 1;
            } else if path.ends_with(".json") || path.ends_with(".webmanifest") {
                let read = serde_json::from_slice::<Value>(bytes);
                assert!(read.is_ok(), "{path} of {hostile:?}: {read:?}");
                *seen.entry("json").or_default() += 1;
            }
        }
        assert!(seen["xml"] > 10 && seen["json"] > 4, "{seen:?}");
        for page in published.pages.values() {
            assert!(page.graphs.iter().all(Value::is_object), "{}: {hostile:?}", page.url);
            assert_eq!(page.graphs.len(), 1, "{}: {hostile:?}", page.url);
        }
        for path in ["briefings/a", "briefings/b", "ru/briefings/a", "explainers/grid"] {
            let page = &published.pages[&format!("https://example.org/{path}/")];
            let article = page.article().unwrap_or_else(|| panic!("{path} of {hostile:?} has an article"));
            assert_eq!(text(&article["headline"]), title, "{path}");
            assert_eq!(page.headline(), title, "{path}");
            assert_eq!(page.meta("og:title"), Some(title.clone()), "{path}");
        }
        for (_, name) in FEEDS {
            for folder in ["", "ru/", "news/", "ru/news/"] {
                let path = format!("{folder}{name}");
                let entries = published.feed(&path).entries;
                assert!(
                    !entries.is_empty() && entries.iter().all(|entry| title_of(entry) == title),
                    "{path} of {hostile:?}"
                );
            }
            assert_eq!(
                published.feed(&format!("corrections/{name}")).entries.len(),
                2,
                "{name} of {hostile:?}"
            );
        }
        assert!(published.sitemap().len() > 8, "{hostile:?}");
        let ninjs: Value = serde_json::from_str(published.text("briefings/a/index.json")).expect("JSON");
        assert_eq!(text(&ninjs["headlines"][0]["value"]), title);
    }
}

#[test]
fn fresh_stories_with_hostile_titles_are_in_the_news_sitemap() {
    for hostile in texts() {
        let site = site(&hostile);
        let run = site.run(&["build", "--now", "2023-09-12"]);
        assert_eq!(run.code, 0, "{hostile:?}: {}", run.stderr);
        let news = Published::of(&site, "https://example.org", "UTC").news();
        assert_eq!(news.len(), 3, "{hostile:?}");
        for story in news {
            assert_eq!((plain(&story.title), plain(&story.publication)), (plain(&hostile), plain(&hostile)));
        }
    }
}

#[cfg(feature = "serve")]
#[test]
fn nothing_that_was_written_runs_in_a_browser() {
    let Some(browser) = browser() else { return };
    let published = build(RUNS);
    let pages: Vec<String> = published.pages.keys().cloned().collect();
    assert!(pages.len() > 20);
    let host = Host::of(published.files);
    for page in pages {
        let path = page.strip_prefix("https://example.org").expect("a page of the site");
        browser.open(&format!("{}{path}", host.origin));
        browser.drawn();
        let hit =
            browser.run("return window.hit === undefined && document.querySelector('h1') !== null", &[]);
        assert_eq!(hit, Value::Bool(true), "{path}");
    }
}
