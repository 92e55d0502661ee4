//! Explainers with dated versions: what changes when one is added, who shows which, and the history; and the
//! briefings before and after in a running story.

use std::collections::{BTreeMap, BTreeSet};

use crate::site::{NOW, SETTINGS, Site};

type Output = BTreeMap<String, Vec<u8>>;

const PORT: &str = "content/explainers/port";

fn version(text: &str) -> String {
    format!("---\ntitle: The port\ntopics: [ports]\n---\n{text}\n")
}

/// A site in which an explainer with two versions, of January and June 2022, is shown in every way, and by more
/// briefings than stand on one page.
fn harbour() -> Site {
    let site = Site::new([]);
    site.write("nutgraf.yaml", format!("{SETTINGS}cards: false\nper_page: 5\n"));
    site.write(&format!("{PORT}/2022-01-01.md"), version("The port has two old cranes."));
    site.write(&format!("{PORT}/2022-06-01.md"), version("The port has three old cranes."));
    site.write(
        "content/explainers/trade.md",
        "---\ntitle: Trade\nas_of: 2022-01-01\n---\nIt goes by sea.\n\n::explainer{ref=port}\n",
    );
    site.write("content/topics/ports.md", "---\ntitle: Ports\nexplainer: port\n---\nWhere ships lie.\n");
    site.write("content/threads/strike.md", "---\ntitle: The strike\nexplainer: port\n---\nIt goes on.\n");
    site.write("content/pages/about.md", "---\ntitle: About\n---\nUs.\n");
    let briefing = |slug: &str, date: &str, more: &str| {
        let text = format!("---\ntitle: About {slug}\ndate: {date}\n{more}---\nText.\n");
        site.write(&format!("content/briefings/{slug}.md"), text);
    };
    // In the time of the first version, and of the second.
    for day in 1..=20 {
        briefing(&format!("spring-{day:02}"), &format!("2022-03-{day:02}"), "explainers: [port]\n");
    }
    for day in 1..=20 {
        briefing(&format!("autumn-{day:02}"), &format!("2022-09-{day:02}"), "explainers: [port]\n");
    }
    for (slug, day) in [("winter-1", 1), ("winter-2", 2), ("winter-3", 3)] {
        briefing(slug, &format!("2023-02-0{day}"), "explainers: [port]\n");
    }
    briefing("pinned", "2023-02-04", "explainers: [{ref: port, version: 2022-01-01}]\n");
    briefing("latest", "2022-03-21", "explainers: [{ref: port, version: latest}]\n");
    briefing("inside-early", "2022-03-22", "explainers: [{ref: trade, show: full}]\n");
    briefing("inside-late", "2023-02-05", "explainers: [{ref: trade, show: full}]\n");
    briefing("without", "2023-02-06", "");
    site
}

/// Builds, and returns the output.
fn output(site: &Site) -> Output {
    let run = site.build();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    site.output()
}

/// The pages in which two outputs differ, by their addresses.
fn changed(before: &Output, after: &Output) -> Vec<String> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let paths = paths.into_iter().filter(|path| path.ends_with(".html"));
    let other = paths.filter(|path| before.get(*path) != after.get(*path));
    let mut other: Vec<String> =
        other.map(|path| format!("/{}", path.trim_end_matches("index.html"))).collect();
    other.sort();
    other
}

fn page(output: &Output, address: &str) -> String {
    let path = format!("{}index.html", address.trim_start_matches('/'));
    let bytes = output.get(&path).unwrap_or_else(|| panic!("there is no {path}"));
    String::from_utf8(bytes.clone()).expect("UTF-8")
}

/// The date of the version that a page shows, as the page says it.
fn shows(output: &Output, address: &str) -> Vec<String> {
    let page = page(output, address);
    let labels = page.split("<p class=\"as-of\"").skip(1);
    let labels =
        labels.filter_map(|rest| Some(rest.split_once('>')?.1.split_once("</p>")?.0.trim().to_owned()));
    labels.collect()
}

#[test]
fn a_newer_version_changes_the_pages_that_show_it_or_say_so_for_the_first_time() {
    let site = harbour();
    let before = output(&site);
    assert_eq!(shows(&before, "/briefings/spring-01/"), ["As of January 1, 2022. Updated since."]);
    assert_eq!(shows(&before, "/briefings/autumn-01/"), ["As of June 1, 2022."]);
    site.write(&format!("{PORT}/2023-01-01.md"), version("The port has four new cranes."));
    let after = output(&site);
    let mut expected: Vec<String> = (1..=20).map(|day| format!("/briefings/autumn-{day:02}/")).collect();
    expected.extend(
        [
            "/",
            "/briefings/inside-late/",
            "/briefings/latest/",
            "/briefings/winter-1/",
            "/briefings/winter-2/",
            "/briefings/winter-3/",
            "/explainers/",
            "/explainers/port/",
            // Of the older pages of its users the one with the briefing that follows the newest version.
            "/explainers/port/page/5/",
            "/explainers/trade/",
            "/threads/strike/",
            "/topics/ports/",
        ]
        .map(str::to_owned),
    );
    expected.sort();
    assert_eq!(changed(&before, &after), expected);
    assert_eq!(shows(&after, "/briefings/autumn-01/"), ["As of June 1, 2022. Updated since."]);
    assert_eq!(shows(&after, "/briefings/winter-1/"), ["As of January 1, 2023."]);
    assert_eq!(shows(&after, "/briefings/latest/"), ["As of January 1, 2023."]);
    assert_eq!(shows(&after, "/briefings/pinned/"), ["As of January 1, 2022. Updated since."]);
    assert!(page(&after, "/briefings/autumn-01/").contains("three old cranes"));
    assert!(page(&after, "/briefings/winter-1/").contains("four new cranes"));
    assert!(after.keys().filter(|path| path.starts_with("explainers/port/page/")).count() >= 8);
}

#[test]
fn a_version_in_the_middle_changes_the_briefings_of_its_time_and_the_explainers_page() {
    let site = harbour();
    site.write(&format!("{PORT}/2023-01-01.md"), version("The port has four new cranes."));
    let before = output(&site);
    site.write(&format!("{PORT}/2022-09-15.md"), version("The port has three painted cranes."));
    let after = output(&site);
    let mut expected: Vec<String> = (15..=20).map(|day| format!("/briefings/autumn-{day:02}/")).collect();
    // The list of users says which version each shows: those of its time stand on these older pages.
    let users: Vec<String> = before
        .keys()
        .filter(|path| path.starts_with("explainers/port/page/"))
        .map(|path| format!("/{}", path.trim_end_matches("index.html")))
        .filter(|address| (15..=20).any(|day| page(&before, address).contains(&format!("autumn-{day:02}/"))))
        .collect();
    assert!(!users.is_empty());
    expected.extend(users);
    expected.push("/explainers/port/".to_owned());
    expected.sort();
    assert_eq!(changed(&before, &after), expected);
    assert_eq!(shows(&after, "/briefings/autumn-15/"), ["As of September 15, 2022. Updated since."]);
    assert_eq!(shows(&after, "/briefings/autumn-14/"), ["As of June 1, 2022. Updated since."]);
}

/// A site of few briefings that show an explainer, one of them through another.
fn few() -> Site {
    let site = Site::new([]);
    site.write(
        "nutgraf.yaml",
        format!("{SETTINGS}cards: false\nlanguages: {{ru: {{}}}}\ntimezone: Asia/Almaty\n"),
    );
    site.write(
        &format!("{PORT}/2022-01-01.md"),
        version("The port has two old cranes.\n\nShips come every day."),
    );
    site.write(
        &format!("{PORT}/2022-06-01.md"),
        version("The port has three new cranes.\n\nA railway ends here."),
    );
    site.write(&format!("{PORT}/2022-06-01.ru.md"), "---\ntitle: Порт\n---\nВ порту три крана.\n");
    site.write(
        "content/explainers/trade.md",
        "---\ntitle: Trade\nas_of: 2022-01-01\n---\nBy sea.\n\n::explainer{ref=port}\n",
    );
    let briefing = |path: &str, front: &str| {
        site.write(&format!("content/briefings/{path}.md"), format!("---\n{front}\n---\nText.\n"));
    };
    briefing("a", "title: The first ship\ndate: 2022-03-01\nexplainers: [port]");
    briefing("b", "title: The second ship\ndate: 2022-09-01 08:30\nexplainers: [port]");
    briefing("b.ru", "title: Второй корабль");
    briefing(
        "c",
        "title: A look back\ndate: 2022-10-01\nexplainers: [{ref: port, version: 2022-01-01}, {ref: port, version: latest}]",
    );
    briefing("d", "title: What trade is\ndate: 2022-11-01\nexplainers: [trade]");
    briefing("e", "title: Another story\ndate: 2022-12-01");
    briefing("f", "title: A draft\ndate: 2022-12-02\ndraft: true\nexplainers: [port]");
    site
}

#[test]
fn uses_lists_who_shows_an_explainer_and_which_version() {
    let run = few().run(&["uses", "port", "--now", NOW]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        "\
5 briefings show `port`

published   version                    briefing                   headline
2022-11-01  2022-06-01  in force       content/briefings/d.md     What trade is (inside `trade`)
2022-10-01  2022-01-01  pinned *       content/briefings/c.md     A look back
2022-10-01  2022-06-01  latest         content/briefings/c.md     A look back
2022-09-01  2022-06-01  in force       content/briefings/b.md     The second ship
2022-09-01  2022-06-01  in force       content/briefings/b.ru.md  Второй корабль
2022-03-01  2022-01-01  in force *     content/briefings/a.md     The first ship

* there is a newer version, and the page says so
"
    );
    let run = few().run(&["uses", "trade", "--now", NOW]);
    assert_eq!(
        run.stdout,
        "\
1 briefing shows `trade`

published   version                    briefing                headline
2022-11-01  2022-01-01  the only one   content/briefings/d.md  What trade is
"
    );
}

#[test]
fn uses_tells_programs_the_same() {
    let run = few().run(&["uses", "port", "--now", NOW, "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let row = |file: &str,
               title: &str,
               language: &str,
               url: &str,
               published: &str,
               version: &str,
               choice: &str,
               inside: Option<&str>,
               updated_since: bool| {
        serde_json::json!({
            "file": format!("content/briefings/{file}.md"), "title": title, "language": language, "url": url,
            "published": published, "version": version, "choice": choice, "inside": inside,
            "updated_since": updated_since,
        })
    };
    let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let (new, old) = ("2022-06-01", "2022-01-01");
    let morning = "2022-09-01T08:30:00+06:00";
    assert_eq!(
        told,
        serde_json::json!({"explainer": "port", "uses": [
            row("d", "What trade is", "en", "/briefings/d/", "2022-11-01", new, "in force", Some("trade"), false),
            row("c", "A look back", "en", "/briefings/c/", "2022-10-01", old, "pinned", None, true),
            row("c", "A look back", "en", "/briefings/c/", "2022-10-01", new, "latest", None, false),
            row("b", "The second ship", "en", "/briefings/b/", morning, new, "in force", None, false),
            row("b.ru", "Второй корабль", "ru", "/ru/briefings/b/", morning, new, "in force", None, false),
            row("a", "The first ship", "en", "/briefings/a/", "2022-03-01", old, "in force", None, true),
        ]})
    );
    assert_eq!(run.stdout.lines().count(), 1);
}

#[test]
fn uses_of_nobody_and_of_nothing() {
    let site = few();
    let briefing = |slug: &str| format!("content/briefings/{slug}.md");
    for slug in ["a", "b", "b.ru", "c", "d"] {
        site.remove(&briefing(slug));
    }
    let run = site.run(&["uses", "port", "--now", NOW]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "no briefing shows `port`\n"), "a draft does not count");
    let run = site.run(&["uses", "prot", "--now", NOW]);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(run.stderr, "error: there is no explainer `prot`; did you mean `port`?\n");
}

#[test]
fn the_explainers_page_shows_what_each_version_changed() {
    let site = few();
    let built = output_with_warnings(&site);
    let port = page(&built, "/explainers/port/");
    let history = port.split("<section class=\"history\"").nth(1).expect("a history");
    let history = history.split("</section>").next().expect("its end");
    let paragraphs: Vec<&str> = history
        .split("<p class=\"change-")
        .skip(1)
        .map(|rest| rest.split_once("</p>").expect("its end").0)
        .collect();
    assert_eq!(
        paragraphs,
        [
            "changed\">The port has <del>two old</del><ins>three new</ins> cranes.",
            "added\"><ins>A railway ends here.</ins>",
            "removed\"><del>Ships come every day.</del>",
        ]
    );
    let place = |text: &str| history.find(text).unwrap_or_else(|| panic!("{text} is not in {history}"));
    assert!(place("June 1, 2022") < place("in force now"));
    assert!(place("in force now") < place("January 1, 2022"));
    assert!(place("January 1, 2022") < place("The first version."));
    let single = page(&built, "/explainers/trade/");
    assert!(!single.contains("class=\"history\""), "one version has no history");
}

#[test]
fn the_list_of_users_says_which_version_each_shows() {
    let site = few();
    let page = page(&output_with_warnings(&site), "/explainers/port/");
    let cards = page.split("<section class=\"used-by").nth(1).expect("the list");
    let rows: Vec<(&str, &str)> = cards
        .split("<article")
        .skip(1)
        .map(|card| {
            let title = card.split("<h3>").nth(1).and_then(|rest| rest.split(['<', '>']).nth(2));
            let version = card.split("shows-version\">").nth(1).and_then(|rest| rest.split('<').next());
            (title.expect("a headline"), version.expect("a version"))
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("What trade is", "Shows the version of June 1, 2022."),
            // It shows two: the newer one counts.
            ("A look back", "Shows the version of June 1, 2022."),
            ("The second ship", "Shows the version of June 1, 2022."),
            ("The first ship", "Shows the version of January 1, 2022."),
        ]
    );
}

/// Builds a site of which something may be said, and returns the output.
fn output_with_warnings(site: &Site) -> Output {
    let run = site.build();
    assert_eq!(run.code, 0, "{}", run.stderr);
    site.output()
}

/// A running story of five briefings, the newest translated, and many others beside it.
fn strike() -> Site {
    let site = Site::new([]);
    site.write("nutgraf.yaml", format!("{SETTINGS}cards: false\nlanguages: {{ru: {{}}}}\nper_page: 5\n"));
    site.write("content/threads/strike.md", "---\ntitle: The strike\n---\nIt goes on.\n");
    let briefing = |path: &str, date: &str, more: &str| {
        let text = format!("---\ntitle: Story {path}\ndate: {date}\n{more}---\nText.\n");
        site.write(&format!("content/briefings/{path}.md"), text);
    };
    briefing("first", "2022-01-01", "thread: strike\n");
    briefing("zero", "2022-02-01", "thread: strike\n");
    briefing("one", "2022-03-01", "thread: strike\n");
    briefing("two", "2022-05-01", "thread: strike\n");
    briefing("three", "2022-07-01 12:00", "thread: strike\n");
    site.write("content/briefings/three.ru.md", "---\ntitle: Третий\n---\nТекст.\n");
    briefing("four", "2022-07-01 13:00", "thread: strike\ndraft: true\n");
    // Named by an editor: what is read also is filled, and does not change with the days around.
    for day in 1..=28 {
        briefing(
            &format!("other-{day:02}"),
            &format!("2023-02-{day:02}"),
            "related: [other-01, other-02, other-03, other-04, other-05]\n",
        );
    }
    site
}

/// The earlier and the later briefing that a page names.
fn neighbours(output: &Output, address: &str) -> (Option<String>, Option<String>) {
    let page = page(output, address);
    let named = |relation: &str| {
        let link = page.split("<a href=\"").skip(1).find(|link| {
            link.split('>').next().is_some_and(|tag| tag.contains(&format!("rel=\"{relation}\"")))
        });
        link.and_then(|link| link.split('"').next()).map(str::to_owned)
    };
    (named("prev"), named("next"))
}

#[test]
fn a_briefing_names_the_one_before_and_the_one_after_in_its_running_story() {
    let built = output(&strike());
    let address = |slug: &str| Some(format!("/briefings/{slug}/"));
    assert_eq!(neighbours(&built, "/briefings/first/"), (None, address("zero")));
    assert_eq!(neighbours(&built, "/briefings/one/"), (address("zero"), address("two")));
    assert_eq!(neighbours(&built, "/briefings/two/"), (address("one"), address("three")));
    assert_eq!(neighbours(&built, "/briefings/three/"), (address("two"), None), "a draft is not there");
    assert_eq!(neighbours(&built, "/ru/briefings/three/"), (None, None), "it is alone in its language");
    assert_eq!(neighbours(&built, "/briefings/other-01/"), (None, None));
}

#[test]
fn a_new_briefing_of_a_running_story_changes_its_neighbour_and_lists() {
    let site = strike();
    let before = output(&site);
    let new = "---\ntitle: Story five\ndate: 2023-03-01\nthread: strike\n---\nText.\n";
    site.write("content/briefings/five.md", new);
    let after = output(&site);
    let expected = [
        "/",
        "/404.html",
        "/briefings/",
        "/briefings/five/",
        "/briefings/three/",
        "/threads/",
        "/threads/strike/",
    ];
    assert_eq!(changed(&before, &after), expected);
    let five = Some("/briefings/five/".to_owned());
    assert_eq!(neighbours(&after, "/briefings/three/").1, five);
    assert_eq!(neighbours(&after, "/briefings/five/"), (Some("/briefings/three/".to_owned()), None));
}

#[test]
fn two_versions_of_one_date_are_an_error() {
    let site = few();
    site.write(&format!("{PORT}/2022-01-01.markdown"), version("Again."));
    let run = site.run(&["build", "--now", NOW, "--format", "short"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error[duplicate-id]"), "{}", run.stderr);
    assert!(!site.exists("public"));
}

#[test]
fn what_a_version_changed_is_text_whatever_it_holds() {
    let version = |word: &str| {
        format!("---\ntitle: Port\n---\nThe port has `<script>{word}()</script>` and five old piers.\n")
    };
    let site = Site::new([
        ("content/explainers/port/2023-01-01.md", version("one").as_str()),
        ("content/explainers/port/2023-02-01.md", version("two").as_str()),
    ]);
    site.write("nutgraf.yaml", format!("{SETTINGS}cards: false\n"));
    site.build_cleanly();
    let page = String::from_utf8(site.output()["explainers/port/index.html"].clone()).expect("UTF-8");
    assert!(page.contains("<del>&lt;script&gt;one()&lt;"), "{page}");
    assert!(!page.contains("<script>"), "{page}");
}
