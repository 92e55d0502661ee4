//! What readers of the demo meet, in a real Chromium: all its pages, on phones and wide screens, by day and by
//! night, with keys alone, with large text and on a slow network. What is asked of a page is in `reader.js`.
//! Without Chromium these tests say so and are left out; where `CI` is set that is a failure.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use serde_json::{Value, json};

use crate::browser::{Browser, Network};
use crate::edits::demo;
use crate::host::Host;
use crate::live::browser;
use crate::markup::tool;
use crate::site::{SETTINGS, Site};

/// The moment the demo is seen at.
const NOW: &str = "2026-11-01T00:00:00Z";
/// A small phone, a phone, a tablet and a desk.
const WIDTHS: [u32; 4] = [320, 390, 768, 1280];
const THEMES: [&str; 2] = ["light", "dark"];
/// "Slow 4G" of Lighthouse and Puppeteer when they slow the browser down.
const SLOW: Network =
    Network { latency: 562.5, download: 1_600_000.0 / 8.0 * 0.9, upload: 750_000.0 / 8.0 * 0.9 };
/// What Lighthouse takes for the same when it only computes with it.
const LESS_SLOW: Network = Network { latency: 150.0, download: 1_638_400.0 / 8.0, upload: 750_000.0 / 8.0 };

/// A site on a host, and a browser to read it with.
struct Reader {
    browser: Browser,
    host: Host,
}

impl Reader {
    /// Opens a browser, if there is one, for a site as it was built.
    fn of(site: &Site) -> Option<Self> {
        let reader = Self { browser: browser()?, host: Host::of(site.output()) };
        reader.browser.run_first(include_str!("reader.js"));
        Some(reader)
    }

    /// Opens a page and waits until it is drawn.
    fn open(&self, page: &str) {
        self.browser.open(&format!("{}{page}", self.host.origin));
        self.browser.drawn();
    }

    /// Sees pages in a theme, and nothing in motion.
    fn prefer(&self, theme: &str) {
        self.browser.prefer(&[("prefers-color-scheme", theme), ("prefers-reduced-motion", "reduce")]);
    }

    /// The addresses of all pages.
    fn pages(&self) -> Vec<String> {
        self.host.pages().map(|(address, _)| address).collect()
    }

    /// The first page of each kind in each language: `/ru/topics/water/` is of the kind `/ru/topics/…`, one
    /// that is in no such folder is of its own kind.
    fn kinds(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut pages = self.pages();
        pages.retain(|page| {
            let depth = if language(page) == "en" { 3 } else { 4 };
            let parts: Vec<&str> = page.split_inclusive('/').collect();
            seen.insert(if parts.len() == depth { parts[..depth - 1].concat() + "…" } else { page.clone() })
        });
        pages
    }

    /// What `reader.js` says to a question.
    fn ask(&self, question: &str) -> Value {
        self.browser.run(&format!("return reader.{question}"), &[])
    }

    fn ask_list(&self, question: &str) -> Vec<String> {
        serde_json::from_value(self.ask(question)).expect("a list of texts")
    }
}

/// What was found wrong, and where.
#[derive(Default)]
struct Findings(BTreeMap<String, Vec<String>>);

impl Findings {
    fn add(&mut self, place: &str, found: Vec<String>) {
        for finding in found {
            self.0.entry(finding).or_default().push(place.to_owned());
        }
    }

    /// Fails with all that was found, each with the first places where it was.
    fn assert_none(self) {
        let list = self.0.iter().map(|(finding, places)| {
            let more = places.len().saturating_sub(4);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!("\n{finding}\n  on {}{more}\n", places[..places.len().min(4)].join("; "))
        });
        let list: String = list.collect();
        assert!(list.is_empty(), "{list}");
    }
}

/// A reader of the demo, if there is a browser.
fn reader_of_demo() -> Option<Reader> {
    let site = demo();
    let run = site.run(&["build", "--now", NOW]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    Reader::of(&site)
}

/// The language of a page.
fn language(page: &str) -> &'static str {
    ["ru", "kk"].into_iter().find(|language| page.starts_with(&format!("/{language}/"))).unwrap_or("en")
}

/// axe-core, or a word that it is missing.
fn axe() -> Option<String> {
    tool("axe-core/axe.min.js").map(|file| std::fs::read_to_string(file).expect("axe-core"))
}

/// Lets axe-core look at the pages of a language, each loaded once.
fn find_barriers(of: &str) {
    let Some(axe) = axe() else { return };
    let Some(reader) = reader_of_demo() else { return };
    reader.browser.run_first(&axe);
    let mut findings = Findings::default();
    for page in reader.pages().iter().filter(|page| language(page) == of) {
        reader.open(page);
        for theme in THEMES {
            reader.prefer(theme);
            for width in WIDTHS {
                reader.browser.resize(width, 800);
                findings.add(&format!("{page}, {width}, {theme}"), reader.ask_list("barriers()"));
            }
        }
    }
    findings.assert_none();
}

#[test]
fn no_english_page_bars_anyone_from_reading_it() {
    find_barriers("en");
}

#[test]
fn no_russian_page_bars_anyone_from_reading_it() {
    find_barriers("ru");
}

#[test]
fn no_kazakh_page_bars_anyone_from_reading_it() {
    find_barriers("kk");
}

#[test]
fn no_page_scrolls_sideways_on_a_small_phone_or_in_letters_of_twice_the_size() {
    let Some(reader) = reader_of_demo() else { return };
    let mut findings = Findings::default();
    for page in reader.pages() {
        reader.open(&page);
        for (width, size) in [(320, 100), (640, 200), (390, 200)] {
            reader.browser.resize(width, 800);
            reader.browser.run(&format!("document.documentElement.style.fontSize = '{size}%'"), &[]);
            findings.add(&format!("{page}, {width}, text at {size} %"), reader.ask_list("sideways()"));
        }
    }
    findings.assert_none();
}

#[test]
fn the_tab_key_leads_through_the_whole_page_and_back_and_shows_where_it_is() {
    let Some(reader) = reader_of_demo() else { return };
    let mut findings = Findings::default();
    // All pages with everything unfolded, and each kind once more as it is on a wide screen.
    let mut kinds = reader.kinds();
    kinds.retain(|page| language(page) == "en");
    for (width, theme, pages) in [(390, "light", reader.pages()), (1280, "dark", kinds)] {
        reader.prefer(theme);
        reader.browser.resize(width, 800);
        for page in pages {
            reader.open(&page);
            if width == 390 {
                let unfold =
                    "for (const details of document.querySelectorAll('details')) details.open = true";
                reader.browser.run(unfold, &[]);
            }
            let stops = usize::try_from(reader.ask("watch()").as_u64().expect("a number")).expect("few");
            reader.browser.press_often("Tab", stops);
            reader.browser.press_often("Shift+Tab", stops - 1);
            findings.add(&format!("{page}, {width}, {theme}"), reader.ask_list("walked()"));
        }
    }
    findings.assert_none();
}

#[test]
fn the_first_stop_of_the_tab_key_leads_past_the_menu_to_the_text() {
    let Some(reader) = reader_of_demo() else { return };
    reader.prefer("light");
    for page in reader.kinds() {
        reader.open(&page);
        reader.browser.press("Tab");
        let first = reader.browser.run("return document.activeElement.getAttribute('href')", &[]);
        assert_eq!(first, json!("#main"), "{page}");
        reader.browser.press("Enter");
        reader.browser.wait_for("location.hash === '#main'");
        reader.browser.press("Tab");
        let is_past = "const main = document.querySelector('main#main')
            return main.contains(document.activeElement) || !main.querySelector('a[href]')";
        assert_eq!(reader.browser.run(is_past, &[]), json!(true), "{page}: the next stop is in the text");
    }
}

#[test]
fn a_number_in_the_text_leads_to_its_footnote_and_back() {
    let Some(reader) = reader_of_demo() else { return };
    reader.prefer("light");
    let mut languages = BTreeSet::new();
    for (page, html) in reader.host.pages() {
        if !html.contains("<sup") && !html.contains("doc-noteref") {
            continue;
        }
        reader.open(&page);
        for number in 0..reader.ask("references().length").as_u64().expect("a number") {
            languages.insert(language(&page));
            let reference = format!("reader.references()[{number}]");
            for link in [reference.clone(), format!("reader.back({reference})")] {
                reader.ask(&format!("take({link})"));
                reader.browser.press("Enter");
                reader.browser.wait_for("reader.hasArrived()");
            }
        }
    }
    assert_eq!(languages, BTreeSet::from(["en", "kk", "ru"]), "the demo has footnotes in each language");
}

#[test]
fn a_page_runs_no_script_and_asks_no_other_server_for_anything() {
    let Some(reader) = reader_of_demo() else { return };
    // So high that pictures at the end of a page are fetched as well.
    reader.browser.resize(1000, 10_000);
    let mut pictures = 0;
    let mut findings = Findings::default();
    for page in reader.pages() {
        reader.host.asked();
        reader.open(&page);
        reader.browser.wait_for("reader.isComplete()");
        findings.add(&page, reader.ask_list("foreign()"));
        // The search needs a script, which is the site's own.
        if !page.ends_with("/search/") {
            findings.add(&page, reader.ask_list("scripts()"));
        }
        let asked: BTreeSet<String> = reader.host.asked().into_iter().collect();
        let fetched: BTreeSet<String> = reader.ask_list("fetched()").into_iter().collect();
        assert!(!fetched.is_empty() && fetched.is_subset(&asked), "{page}: {fetched:?} of {asked:?}");
        pictures += fetched.iter().filter(|address| address.ends_with(".webp")).count();
    }
    assert!(pictures > 10, "pages fetched only {pictures} pictures");
    findings.assert_none();
}

#[test]
fn nothing_moves_while_a_page_loads_on_a_slow_phone() {
    let Some(reader) = reader_of_demo() else { return };
    let mut findings = Findings::default();
    for page in reader.kinds() {
        // The slower one takes three times as long, so one language must do.
        reader.browser.be_slow_phone(if language(&page) == "en" { &SLOW } else { &LESS_SLOW });
        reader.open(&page);
        reader.ask("toTheEnd()");
        reader.browser.wait_for("reader.isComplete()");
        reader.browser.drawn();
        findings.add(&page, reader.ask_list("shifts()"));
    }
    findings.assert_none();
}

#[test]
fn text_can_be_read_in_any_accent_of_a_site() {
    let mut findings = Findings::default();
    for accent in ["#ffeb3b", "#000000", "#ff0000", "#1f6f78"] {
        let site = Site::of_briefing("---\ntitle: A\ndate: 2023-01-01\n---\nText.\n");
        site.write("nutgraf.yaml", format!("{SETTINGS}theme:\n  accent: \"{accent}\"\n"));
        site.build_cleanly();
        let Some(reader) = Reader::of(&site) else { return };
        reader.open("/briefings/a/");
        for theme in THEMES {
            reader.prefer(theme);
            let pale = reader.ask_list("pale(['--ink', '--soft', '--accent'], ['--paper', '--ground'])");
            findings.add(&format!("accent {accent}, {theme}"), pale);
        }
    }
    findings.assert_none();
}

/// Prints when the largest thing in view of each kind of page is painted on a slow phone. The host does not
/// compress, so the bytes are more than a reader's.
#[test]
#[ignore = "it measures time, on which no test may depend"]
fn paint_figures() {
    let Some(reader) = reader_of_demo() else { return };
    let mut table = "| latency | page | LCP, ms | bytes | element |\n|---|---|---:|---:|---|\n".to_owned();
    for network in [SLOW, LESS_SLOW] {
        reader.browser.be_slow_phone(&network);
        for page in reader.kinds() {
            reader.open(&page);
            let painted = reader.browser.wait_for("reader.isComplete(innerHeight) && reader.painted()");
            let element = painted[1].as_str().expect("a text").replace('|', "\\|");
            let Network { latency, .. } = network;
            table += &format!("| {latency} | {page} | {} | {} | `{element}` |\n", painted[0], painted[2]);
        }
    }
    writeln!(std::io::stdout(), "{table}").expect("stdout");
}
