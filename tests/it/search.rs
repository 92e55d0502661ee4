//! Searching a site in a real Chromium: by keyboard, in each language, under the policy that the site is served with.
//! Without Chromium these tests say so and are left out; where `CI` is set that is a failure.

use std::collections::BTreeMap;

use crate::browser::Browser;
use crate::edits::demo;
use crate::host::Host;
use crate::live::browser;
use crate::preview::Preview;
use crate::site::{SETTINGS, Site};

/// The demo, where readers can search.
fn searchable() -> Site {
    let site = demo();
    let settings = site.read("nutgraf.yaml");
    site.write("nutgraf.yaml", format!("{settings}search: true\n"));
    site
}

fn built() -> BTreeMap<String, Vec<u8>> {
    let site = searchable();
    let run = site.run(&["build", "--now", "2026-11-01"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    site.output()
}

/// Types words and presses Enter, as somebody without a mouse does.
fn search(browser: &Browser, words: &str) {
    words.chars().for_each(|c| browser.press(&c.to_string()));
    browser.press("Enter");
}

/// The headlines and addresses that were found.
fn found(browser: &Browser) -> Vec<(String, String)> {
    let all = browser.wait_for(
        "document.querySelector('#search-results a') && JSON.stringify([...document.querySelectorAll('#search-results a')]
           .map(a => [a.textContent, new URL(a.href).pathname]))",
    );
    serde_json::from_str(all.as_str().expect("a text")).expect("a list")
}

#[test]
fn readers_find_by_keyboard_what_is_in_their_language() {
    let Some(browser) = browser() else { return };
    let host = Host::of(built());
    browser.open(&format!("{}/briefings/kok-aral-dam-twenty-years/", host.origin));
    browser.drawn();
    let asked = host.asked();
    assert!(asked.iter().all(|path| !path.contains("pagefind") && !path.contains("search")), "{asked:?}");
    browser.open(&format!("{}/search/", host.origin));
    browser.wait_for("document.activeElement.id === 'search-words'");
    assert!(
        host.asked().iter().all(|path| !path.contains("pagefind")),
        "nothing is loaded before somebody searches"
    );
    search(&browser, "dams");
    let dams = found(&browser);
    assert!(dams.iter().any(|(_, address)| address == "/briefings/kok-aral-dam-twenty-years/"), "{dams:?}");
    assert!(
        dams.iter().all(|(title, address)| !title.is_empty() && !address.starts_with("/ru/")),
        "{dams:?}"
    );
    let state = browser.run("return document.getElementById('search-state').textContent", &[]);
    assert_eq!(state, format!("Found for “dams”: {}", dams.len()));
    browser.wait_for("document.querySelector('#search-results mark')");
    assert!(browser.url().ends_with("/search/?q=dams"), "what was found can be linked to");
    // From the field over the button to the first that was found, and there.
    browser.press_often("Tab", 2);
    browser.wait_for("document.activeElement.matches('#search-results a')");
    browser.press("Enter");
    browser.wait_for("document.querySelector('article.story')");
    assert!(browser.url().ends_with(&dams[0].1));

    browser.open(&format!("{}/ru/search/", host.origin));
    browser.wait_for("document.activeElement.id === 'search-words'");
    search(&browser, "референдума");
    let russian = found(&browser);
    assert!(russian.iter().all(|(_, address)| address.starts_with("/ru/")), "{russian:?}");
    browser.open(&format!("{}/kk/search/?q=референдум", host.origin));
    let kazakh = found(&browser);
    assert!(kazakh.iter().all(|(_, address)| address.starts_with("/kk/")), "{kazakh:?}");

    browser.open(&format!("{}/search/?q=zyxwvut", host.origin));
    browser.wait_for(
        "document.getElementById('search-state').textContent === 'Nothing was found for “zyxwvut”.'",
    );
    assert_eq!(
        browser.console_errors(),
        Vec::<String>::new(),
        "the policy lets everything through that is needed"
    );
}

#[test]
fn without_scripts_the_search_page_says_what_it_needs() {
    let output = built();
    let page = |path: &str| String::from_utf8(output[path].clone()).expect("UTF-8");
    for (path, words, list) in [
        ("search/index.html", "Searching needs JavaScript", "/briefings/"),
        ("ru/search/index.html", "нужен JavaScript", "/ru/briefings/"),
        ("kk/search/index.html", "Іздеуге JavaScript керек", "/kk/briefings/"),
    ] {
        let html = page(path);
        let told = html
            .split("<noscript>")
            .nth(1)
            .and_then(|rest| rest.split("</noscript>").next())
            .expect("a word");
        assert!(told.contains(words) && told.contains(&format!("href=\"{list}\"")), "{told}");
        assert!(
            html.contains("<form class=\"search-form\" role=\"search\"") && html.contains(" hidden"),
            "{html}"
        );
        assert!(html.contains("<meta name=\"robots\" content=\"noindex\">"));
    }
    let scripts = |html: &str| html.matches("<script").count() - html.matches("application/ld+json").count();
    for (path, bytes) in
        output.iter().filter(|(path, _)| path.ends_with(".html") && !path.contains("pagefind"))
    {
        let expected = usize::from(path.ends_with("search/index.html"));
        assert_eq!(scripts(&String::from_utf8_lossy(bytes)), expected, "{path}");
    }
}

#[test]
fn the_same_site_gives_the_same_engine_and_one_that_asks_for_none_has_none() {
    let engine = |output: BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        output.into_iter().filter(|(path, _)| path.starts_with("pagefind/")).collect()
    };
    let first = engine(built());
    assert!(first.contains_key("pagefind/pagefind.js") && first.len() > 10);
    assert!(
        first
            .keys()
            .all(|path| !path.contains("ui") || path.contains("/index/") || path.contains("/fragment/"))
    );
    assert!(first == engine(built()), "the same bytes");
    let plain = demo();
    assert_eq!(plain.run(&["build", "--now", "2026-11-01"]).code, 0);
    assert!(engine(plain.output()).is_empty() && !plain.exists("public/search/index.html"));
}

#[test]
fn a_site_under_a_path_is_searched_there() {
    let Some(browser) = browser() else { return };
    let settings = SETTINGS.replace("example.org", "example.org/news") + "cards: false\nsearch: true\n";
    let site = Site::new([("nutgraf.yaml", settings.as_str())]);
    site.write(
        "content/briefings/a.md",
        "---\ntitle: The quay\ndate: 2023-09-11\n---\nCranes <&> stand there.\n",
    );
    site.write(
        "content/briefings/draft.md",
        "---\ntitle: The pier\ndate: 2023-09-11\ndraft: true\n---\nCranes.\n",
    );
    assert_eq!(site.build().code, 0);
    let host =
        Host::of(site.output().into_iter().map(|(path, bytes)| (format!("news/{path}"), bytes)).collect());
    browser.open(&format!("{}/news/search/?q=cranes", host.origin));
    assert_eq!(found(&browser), [("The quay".to_owned(), "/news/briefings/a/".to_owned())]);
    let excerpt = browser.run("return document.querySelector('#search-results .summary').textContent", &[]);
    assert!(excerpt.as_str().is_some_and(|text| text.contains("Cranes <&> stand there.")), "{excerpt}");
}

#[test]
fn the_preview_searches_when_it_is_asked_to() {
    let Some(browser) = browser() else { return };
    let site = searchable();
    let off = Preview::of(&site);
    browser.open(&format!("{}/search/?q=dam", off.origin));
    browser.wait_for(
        "document.getElementById('search-state').textContent ===
           'The preview does not search unless it is started as `nutgraf serve --search`.'",
    );
    let on = Preview::with(site.path(), &["--search", "--now", "2026-11-01"]);
    browser.open(&format!("{}/search/?q=dam", on.origin));
    assert!(!found(&browser).is_empty());
}
