//! The live preview in a real Chromium: what an editor sees while typing. Without Chromium on the machine
//! these tests say so and are left out; where `CI` is set that is a failure.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::edits::{demo, set};
use crate::preview::{Preview, Revisions};
use crate::site::{SETTINGS, Site};

/// Chromium, or a word that it is missing.
pub fn browser() -> Option<Browser> {
    let browser = Browser::find();
    if browser.is_none() {
        assert!(std::env::var_os("CI").is_none(), "the browser tests need chromium and chromedriver");
        writeln!(std::io::stderr(), "left out: there is no chromium with chromedriver on this machine")
            .expect("stderr");
    }
    browser
}

/// A page long enough to scroll, with everything that must outlive a change.
fn story(changed: &str) -> String {
    let mut text = "---\ntitle: The port\ndate: 2023-09-11\nexplainers: [{ref: harbour, show: full}]\n---\nThe lede of the story.\n\n".to_owned();
    for i in 0..30 {
        text += &format!(
            "Paragraph {i} is about the port and its cranes, and about those who work there by night.\n\n"
        );
    }
    text + changed + "\n\nThe end.\n"
}

const EXPLAINER: &str = "---\ntitle: The harbour\nas_of: 2023-01-01\n---\nThe harbour is old.\n";

fn site() -> Site {
    let other =
        |title: &str| format!("---\ntitle: {title}\ndate: 2023-09-10\nexplainers: [harbour]\n---\nText.\n");
    let site = Site::new([("nutgraf.yaml", SETTINGS), ("content/explainers/harbour.md", EXPLAINER)]);
    site.write("content/briefings/port.md", story("Once."));
    site.write("content/briefings/quay.md", other("The quay"));
    site.write("content/briefings/pier.md", other("The pier"));
    site
}

/// A browser that shows a page of a preview.
struct Live {
    browser: Browser,
    preview: Preview,
    revisions: Revisions,
}

impl Live {
    fn open(site: &Site, path: &str) -> Option<Self> {
        Self::with(site, path, &["--now", "2024-01-01"])
    }

    fn with(site: &Site, path: &str, arguments: &[&str]) -> Option<Self> {
        let browser = browser()?;
        let preview = Preview::with(site.path(), arguments);
        let revisions = preview.revisions();
        browser.open(&format!("{}{path}", preview.origin));
        // The panel is there, and it is this page and no other that is changed in place.
        browser.wait_for(&format!("{PANEL}.querySelector('.status')?.textContent === 'Up to date'"));
        browser.run("window.same = true", &[]);
        Some(Self { browser, preview, revisions })
    }

    fn wait(&self, expression: &str) -> Value {
        self.browser.wait_for(expression)
    }

    /// The page was never loaded anew.
    fn is_same_page(&self) {
        assert_eq!(self.browser.run("return window.same", &[]), json!(true), "the page was loaded anew");
    }

    fn text_of(&self, selector: &str) -> String {
        let script = format!("return {PANEL}.querySelector('{selector}')?.innerText ?? ''");
        self.browser.run(&script, &[]).as_str().expect("text").to_owned()
    }
}

/// The preview's own part of a page.
const PANEL: &str = "document.querySelector('nutgraf-preview').shadowRoot";

fn has(word: &str) -> String {
    format!("document.querySelector('main').textContent.includes('{word}')")
}

#[test]
fn a_change_is_seen_in_place_and_nothing_is_lost() {
    let site = site();
    site.write(
        "content/briefings/port.md",
        story("Once.") + "\n<details><summary>More</summary>\n\nHidden words.\n\n</details>\n",
    );
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    live.browser.run(
        "const p = document.querySelectorAll('.text > p'); const range = document.createRange();
         range.selectNodeContents(p[5]); getSelection().addRange(range);
         document.querySelector('details').open = true;
         const link = document.querySelector('a[rel], .background a, main a'); link.focus({preventScroll: true});
         window.focused = document.activeElement; window.paragraph = p[5]; scrollTo({top: 300, behavior: 'instant'})",
        &[],
    );
    // A paragraph goes in above: everything below moves, and nothing may be lost.
    let text =
        site.read("content/briefings/port.md").replace("Paragraph 4 is", "Quite new.\n\nParagraph 4 is");
    site.write("content/briefings/port.md", text);
    live.wait(&has("Quite new."));
    live.is_same_page();
    let kept = live.browser.run(
        "return [scrollY > 200, getSelection().toString().startsWith('Paragraph 4'),
                 document.querySelector('details').open, document.activeElement === window.focused,
                 window.paragraph.isConnected && window.paragraph.textContent.startsWith('Paragraph 4')]",
        &[],
    );
    assert_eq!(kept, json!([true, true, true, true, true]), "scroll, selection, details, focus, node");
    assert_eq!(live.browser.console_errors(), Vec::<String>::new());
}

#[test]
fn a_block_that_changed_out_of_sight_is_brought_into_view_and_marked() {
    let site = site();
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    site.write("content/briefings/port.md", story("Twice."));
    live.wait(
        "(() => { const p = [...document.querySelectorAll('.text p')].find(p => p.textContent === 'Twice.');
           const box = p?.getBoundingClientRect(); return box && box.top > 0 && box.bottom < innerHeight && p.getAnimations().length > 0 })()",
    );
    live.wait("document.getAnimations().length === 0");
    let left = live.browser.run("return document.querySelectorAll('main [style]').length", &[]);
    assert_eq!(left, json!(0), "the mark leaves nothing behind");
    live.is_same_page();
}

#[test]
fn what_is_the_same_is_not_touched() {
    let site = site();
    let Some(mut live) = Live::open(&site, "/briefings/port/") else { return };
    live.browser.run(
        "window.touched = []; new MutationObserver(list => touched.push(...list.map(m => m.target.nodeName + m.type)))
           .observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
         addEventListener('nutgraf:looked', event => { window.looked = event.detail.revision })",
        &[],
    );
    // The same bytes; then another page's text, which this page does not show.
    site.write("content/briefings/port.md", story("Once."));
    site.write("content/briefings/quay.md", site.read("content/briefings/quay.md") + "More.\n");
    let revision = live.revisions.next();
    live.wait(&format!("window.looked >= {revision}"));
    assert_eq!(live.browser.run("return touched", &[]), json!([]));
    live.is_same_page();
}

#[test]
fn templates_components_explainers_settings_and_styles_change_the_page_in_place() {
    let site = site();
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    site.write("static/own.css", "");
    let probe = |value: &str| {
        format!("getComputedStyle(document.documentElement).getPropertyValue('--probe').trim() === '{value}'")
    };
    let steps: [(&str, String, String); 8] = [
        (
            "templates/briefing.html",
            "{% extends \"nutgraf/briefing.html\" %}{% block aside %}<p id=\"by-template\">T</p>{% endblock aside %}".into(),
            "document.getElementById('by-template')".into(),
        ),
        (
            "templates/components/explainer.html",
            "{% component explainer(ref: string, title: string = \"\", show: string = \"summary\", version: string = \"\") {\"doc\": \"x\"} %}<section id=\"by-component\">{{ body }}</section>{% endcomponent explainer %}".into(),
            "document.getElementById('by-component')".into(),
        ),
        ("content/explainers/harbour.md", EXPLAINER.replace("is old", "was dredged"), has("was dredged")),
        ("nutgraf.yaml", SETTINGS.replace("The Test", "Another name"), "document.querySelector('.masthead').textContent.includes('Another name')".into()),
        ("nutgraf.yaml", SETTINGS.to_owned() + "theme: {css: [own.css]}\n", "document.querySelector('link[rel=stylesheet]')".into()),
        ("static/own.css", ":root { --probe: by-style }".into(), probe("by-style")),
        ("static/own.css", ":root { --probe: by-another }".into(), probe("by-another")),
        ("static/css/print.css", "html { --probe: in-the-page !important }".into(), probe("in-the-page")),
    ];
    for (file, text, seen) in steps {
        site.write(file, text);
        live.wait(&seen);
        live.is_same_page();
    }
    let sheets = live.wait("document.querySelectorAll('link[rel=stylesheet]').length === 1");
    assert_eq!(sheets, json!(true), "the old sheet is gone");
}

#[test]
fn a_renamed_page_takes_the_tab_along_and_a_deleted_one_says_so() {
    let site = site();
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    set(&site, "content/briefings/port.md", "slug", "docks");
    live.wait("location.pathname === '/briefings/docks/' && document.querySelector('nutgraf-preview')");
    let from = site.path().join("content/briefings/port.md");
    let text = site.read("content/briefings/port.md").replace("slug: docks\n", "");
    site.write("content/briefings/port.md", text);
    live.wait("location.pathname === '/briefings/port/' && document.querySelector('nutgraf-preview')");
    fs::rename(from, site.path().join("content/briefings/basin.md")).expect("a rename");
    live.wait("location.pathname === '/briefings/basin/' && document.querySelector('nutgraf-preview')");
    site.remove("content/briefings/basin.md");
    live.wait(&format!("{PANEL}.querySelector('.gone').innerText.includes('This page no longer exists')"));
    assert!(live.text_of(".gone").contains("content/briefings/basin.md"), "{}", live.text_of(".gone"));
    assert_eq!(live.wait(&has("The lede of the story.")), json!(true), "the page stays below the notice");
    site.write("content/briefings/basin.md", story("Back."));
    live.wait(&format!("{PANEL}.querySelector('.gone').hidden && {}", has("Back.")));
}

#[test]
fn errors_lie_over_the_last_good_page_until_they_are_mended() {
    let site = site();
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    site.write("content/briefings/port.md", story("Twice.\n\n:::question[Why?]\nNever closed."));
    site.write("content/briefings/quay.md", "---\ntitle: [\n---\n");
    let dialog = format!("{PANEL}.querySelector('dialog')");
    live.wait(&format!("{dialog}.open && {dialog}.innerText.includes('2 errors')"));
    let text = live.text_of("dialog");
    for part in [
        "the block `:::question` is never closed",
        "content/briefings/port.md:70",
        ":::question[Why?]\n",
        "^^^",
        "content/briefings/quay.md:2",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(live.wait(&has("Once.")), json!(true), "the last good page is below");
    live.browser.press("Escape");
    live.wait(&format!("!{dialog}.open"));
    site.write("content/briefings/quay.md", "---\ntitle: The quay\ndate: 2023-09-10\n---\nText.\n");
    live.wait(&format!("{dialog}.open && {dialog}.innerText.includes('1 error')"));
    site.write("content/briefings/port.md", story("Mended."));
    live.wait(&format!("!{dialog}.open && {}", has("Mended.")));
    live.is_same_page();
}

#[test]
fn warnings_wait_in_the_panel_and_a_closed_panel_stays_closed() {
    let site = site();
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    set(&site, "content/briefings/port.md", "topcs", "[a]");
    let count = format!("{PANEL}.querySelector('.body button')");
    live.wait(&format!("{PANEL}.querySelector('aside').innerText.includes('1 warning')"));
    let is_open = format!("return {PANEL}.querySelector('dialog').open");
    assert_eq!(live.browser.run(&is_open, &[]), json!(false), "a warning opens nothing");
    live.browser.run(
        &format!(
            "[...{PANEL}.querySelectorAll('.body button')].find(b => b.innerText.includes('warning')).click()"
        ),
        &[],
    );
    live.wait(&format!(
        "{count} && {PANEL}.querySelector('dialog').innerText.includes('did you mean `topics`?')"
    ));
    live.browser.press("Escape");
    live.browser.run(&format!("{PANEL}.querySelector('.head .close').click()"), &[]);
    let is_folded = format!("{PANEL}.querySelector('aside').classList.contains('folded')");
    live.wait(&is_folded);
    live.browser.open(&live.browser.url());
    live.wait(&format!("document.querySelector('nutgraf-preview') && {is_folded}"));
}

#[test]
#[cfg(unix)]
fn a_click_with_a_key_held_opens_the_source() {
    use std::os::unix::fs::PermissionsExt;
    let site = site();
    let editor = site.path().join("editor.sh");
    fs::write(&editor, "#!/bin/sh\nprintf '%s' \"$1\" > opened.part && mv opened.part static/opened.txt\n")
        .expect("a script");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("rights");
    fs::create_dir(site.path().join("static")).expect("a folder");
    let command = format!("{} {{file}}:{{line}}", editor.display());
    let arguments = ["--now", "2024-01-01", "--editor", &command];
    let Some(mut live) = Live::with(&site, "/briefings/port/", &arguments) else { return };
    let root = site.path().canonicalize().expect("a folder");
    let mut opens = |selector: &str, place: &str| {
        live.browser.click_with_alt(selector);
        let expected = format!("{}/{place}", root.display());
        live.preview
            .until(&mut live.revisions, place, |p| (p.get("/opened.txt").text() == expected).then_some(()));
        assert!(live.browser.url().ends_with("/briefings/port/"), "the click led nowhere else");
    };
    opens(".text > p:nth-of-type(3)", "content/briefings/port.md:10");
    opens(".background p[data-nutgraf^='content/explainers']", "content/explainers/harbour.md:5");
}

#[test]
fn badges_and_the_clock_tell_what_is_not_published() {
    let site = site();
    set(&site, "content/briefings/port.md", "draft", "true");
    set(&site, "content/briefings/quay.md", "date", "2024-05-01");
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    live.wait(&format!("{PANEL}.querySelector('.badges').innerText === 'Draft'"));
    set(&site, "content/briefings/port.md", "draft", "false");
    live.wait(&format!("{PANEL}.querySelector('.badges').innerText === ''"));
    live.browser.open(&format!("{}/briefings/quay/", live.preview.origin));
    live.wait(&format!("{PANEL}.querySelector('.badges').innerText === 'Dated 2024-05-01'"));
    live.browser.run(
        &format!(
            "{PANEL}.querySelector('.clock').open = true; const time = {PANEL}.querySelector('input[type=datetime-local]');
             time.value = '2024-06-01T10:00'; time.dispatchEvent(new Event('input'))"
        ),
        &[],
    );
    live.wait(&format!("{PANEL}.querySelector('.badges').innerText === ''"));
    assert_eq!(live.preview.look("/")["clock"]["now"], "2024-06-01T10:00:00+00:00");
}

#[test]
fn an_edit_of_an_explainer_says_which_other_briefings_it_changes() {
    let site = site();
    let Some(live) = Live::open(&site, "/briefings/port/") else { return };
    site.write("content/explainers/harbour.md", EXPLAINER.replace("is old", "was dredged"));
    live.wait(&has("was dredged"));
    live.wait(&format!("{PANEL}.querySelector('aside').innerText.includes('changes 2 other briefings')"));
    let links = format!(
        "return [...{PANEL}.querySelectorAll('details:not(.clock) a')].map(a => a.getAttribute('href').replace(location.origin, ''))"
    );
    assert_eq!(live.browser.run(&links, &[]), json!(["/briefings/pier/", "/briefings/quay/"]));
}

#[test]
fn the_gallery_shows_every_component_and_the_index_every_page() {
    let site = demo();
    let Some(browser) = browser() else { return };
    let preview = Preview::with(site.path(), &["--now", "2025-11-20"]);
    browser.open(&format!("{}/_nutgraf/components", preview.origin));
    let names = browser.run(
        "return [...document.querySelectorAll('section.component h2')].map(h => h.textContent.trim())",
        &[],
    );
    let names: Vec<String> = serde_json::from_value(names).expect("names");
    assert_eq!(names.len(), 18, "{names:?}");
    for name in &names {
        let seen = preview.get(&format!("/_nutgraf/components/{name}")).text();
        let inside = seen.split_once("<main id=\"main\">").map_or("", |(_, main)| main);
        let class = if name == "figure" { "picture".to_owned() } else { name.replace('_', "-") };
        assert!(
            inside.contains(&format!("class=\"{class}")) || inside.contains(&format!(" {class}\"")),
            "{name}: {inside}"
        );
    }
    let widths =
        browser.run("return [...document.querySelectorAll('#quote iframe')].map(f => f.clientWidth)", &[]);
    assert_eq!(widths, json!([375, 1100]));
    let quote = "document.querySelector('#quote .phone iframe').contentDocument?.querySelector('blockquote')?.textContent.trim()";
    browser.run("document.getElementById('quote').scrollIntoView()", &[]);
    browser.wait_for(&format!("({quote} ?? '').startsWith('We will open the bridge')"));
    let beside = browser.run("return document.querySelector('#quote pre').textContent", &[]);
    assert!(beside.as_str().is_some_and(|markdown| markdown.starts_with(":::quote{speaker=")), "{beside}");
    assert_eq!(browser.console_errors(), Vec::<String>::new());

    set(&site, "content/briefings/tokayev-re-elected.md", "draft", "true");
    let mut revisions = preview.revisions();
    preview.until(&mut revisions, "a draft", |p| {
        p.get("/_nutgraf/").text().contains("Changed lately").then_some(())
    });
    let index = preview.get("/_nutgraf/").text();
    for part in [
        "Changed lately",
        "content/briefings/tokayev-re-elected.md",
        "<span class=\"count\">21</span>",
        "a draft",
    ] {
        assert!(index.contains(part), "{part}");
    }
    let found = preview.get("/_nutgraf/?q=aral").text();
    assert!(found.contains("/explainers/aral-sea/") && !found.contains("tokayev"), "{found}");
}

#[test]
fn eight_tabs_follow_each_its_own_page() {
    let site = site();
    for i in 0..8 {
        site.write(
            &format!("content/briefings/tab-{i}.md"),
            format!("---\ntitle: Tab {i}\ndate: 2023-09-11\n---\nBefore {i}.\n"),
        );
    }
    let Some(live) = Live::open(&site, "/briefings/tab-0/") else { return };
    let mut tabs = vec![live.browser.tab()];
    for i in 1..8 {
        tabs.push(live.browser.new_tab());
        live.browser.open(&format!("{}/briefings/tab-{i}/", live.preview.origin));
        live.wait(&format!("{PANEL}.querySelector('.status')?.textContent === 'Up to date'"));
    }
    for round in 0..2 {
        for i in 0..8 {
            site.write(
                &format!("content/briefings/tab-{i}.md"),
                format!("---\ntitle: Tab {i}\ndate: 2023-09-11\n---\nRound {round} of {i}.\n"),
            );
        }
        for (i, tab) in tabs.iter().enumerate() {
            live.browser.switch(tab);
            live.wait(&has(&format!("Round {round} of {i}.")));
        }
    }
}
