//! What a site does by itself: the moments at which it changes, what it says then, and that the same moment always
//! gives the same bytes.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::site::{NOW, Run, SETTINGS, Site};
use crate::withheld::Invented;

const PLAIN: &str = "title: The Test\nurl: https://example.org\ncards: false\ntimezone: Asia/Almaty\n";

/// A site of texts: path and front matter.
fn site(texts: &[(&str, &str)]) -> Site {
    let site = Site::new([("nutgraf.yaml", PLAIN)]);
    for (path, front) in texts {
        site.write(&format!("content/{path}.md"), format!("---\n{front}\n---\nText.\n"));
    }
    site
}

/// Builds at a moment, and returns what was said on stdout.
fn build(site: &Site, now: &str) -> String {
    let run = site.run(&["build", "--now", now]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout
}

/// The output at a moment.
fn output(site: &Site, now: &str) -> BTreeMap<String, Vec<u8>> {
    build(site, now);
    site.output()
}

fn next(site: &Site, now: &str) -> String {
    let run = site.run(&["next", "--now", now]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout
}

/// A site in which everything happens that a clock can bring about.
fn eventful() -> Site {
    site(&[
        ("briefings/under-embargo", "title: A\ndate: 2023-01-01\nembargo: 2024-02-01 06:00"),
        ("briefings/dated-later", "title: B\ndate: 2024-02-10"),
        ("briefings/ending", "title: C\ndate: 2023-12-01\nexpires: 2024-02-20 12:00 +00:00"),
        ("briefings/pinned", "title: D\ndate: 2023-12-01\npin: 2024-03-05"),
        ("briefings/changed", "title: E\ndate: 2023-12-01\nupdated: 2024-03-10 10:00"),
        (
            "briefings/corrected",
            "title: F\ndate: 2023-12-01\ncorrections:\n  - {date: 2024-03-15, text: It was wrong.}",
        ),
        ("explainers/due", "title: G\nas_of: 2023-01-01\nreview_by: 2024-04-01"),
        ("explainers/dated/2023-01-01", "title: H"),
        ("explainers/dated/2024-05-01", "title: H"),
        ("briefings/draft", "title: I\ndate: 2024-02-05\ndraft: true"),
    ])
}

/// Every moment and what happens then.
const EVENTS: &[(&str, &[&str])] = &[
    ("2024-02-01T06:00:00+06:00", &["content/briefings/under-embargo.md appears"]),
    (
        "2024-02-03T06:00:00+06:00",
        &["content/briefings/under-embargo.md leaves the list of the last two days' news"],
    ),
    ("2024-02-10T00:00:00+06:00", &["content/briefings/dated-later.md appears"]),
    (
        "2024-02-12T00:00:00+06:00",
        &["content/briefings/dated-later.md leaves the list of the last two days' news"],
    ),
    ("2024-02-20T18:00:00+06:00", &["content/briefings/ending.md expires"]),
    ("2024-03-05T00:00:00+05:00", &["content/briefings/pinned.md stops leading the front page"]),
    ("2024-03-10T10:00:00+05:00", &["content/briefings/changed.md shows its date of change"]),
    ("2024-03-15T00:00:00+05:00", &["content/briefings/corrected.md shows a correction"]),
    ("2024-04-02T00:00:00+05:00", &["content/explainers/due.md is due for review and says so"]),
    ("2024-05-01T00:00:00+05:00", &["content/explainers/dated/2024-05-01.md appears"]),
    (
        "2024-12-01T00:00:00+05:00",
        &[
            "content/briefings/changed.md is a year old and says so",
            "content/briefings/corrected.md is a year old and says so",
            "content/briefings/pinned.md is a year old and says so",
        ],
    ),
    ("2025-02-01T00:00:00+05:00", &["content/briefings/under-embargo.md is a year old and says so"]),
    ("2025-02-10T00:00:00+05:00", &["content/briefings/dated-later.md is a year old and says so"]),
];

#[test]
fn next_says_what_happens_one_moment_after_the_other() {
    let site = eventful();
    let mut now = NOW.to_owned();
    for (at, what) in EVENTS {
        let lines: Vec<String> = what.iter().map(|line| format!("  {line}\n")).collect();
        assert_eq!(next(&site, &now), format!("{at}\n{}", lines.concat()), "at {now}");
        (*at).clone_into(&mut now);
    }
    assert_eq!(next(&site, &now), "nothing changes by itself\n");
}

#[test]
fn each_of_these_moments_changes_the_output_and_the_second_before_does_not() {
    let site = eventful();
    let mut before = output(&site, NOW);
    for (at, what) in EVENTS {
        let turn: Timestamp = at.parse().expect("a moment");
        assert!(before == output(&site, &(turn - 1.second()).to_string()), "a second before {at}, {what:?}");
        let after = output(&site, at);
        assert!(before != after, "at {at}, {what:?}");
        before = after;
    }
    assert!(before == output(&site, "2030-01-01"));
}

#[test]
fn next_tells_programs_the_same_and_a_quiet_one_the_moment_alone() {
    let site = eventful();
    let json = |arguments: &[&str]| -> serde_json::Value {
        let run = site.run(arguments);
        assert_eq!((run.code, run.stdout.lines().count()), (0, 1));
        serde_json::from_str(&run.stdout).expect("JSON")
    };
    assert_eq!(
        json(&["next", "--now", NOW, "--format", "json"]),
        serde_json::json!({
            "at": "2024-02-01T06:00:00+06:00",
            "changes": [{"file": "content/briefings/under-embargo.md", "what": "appears"}],
        })
    );
    assert_eq!(
        json(&["next", "--now", "2030-01-01", "--format", "json"]),
        serde_json::json!({"at": null, "changes": []})
    );
    assert_eq!(site.run(&["next", "--now", NOW, "--quiet"]).stdout, "2024-02-01T06:00:00+06:00\n");
}

#[test]
fn next_since_answers_with_its_exit_code_whether_the_site_changed() {
    let site = eventful();
    let since = |since: &str, now: &str| {
        let run = site.run(&["next", "--since", since, "--now", now]);
        (run.code, run.stdout)
    };
    let first = "2024-02-01T06:00:00+06:00\n  content/briefings/under-embargo.md appears\n".to_owned();
    assert_eq!(since("2024-01-01", "2024-02-01T06:00"), (0, first.clone()), "the moment itself is in");
    assert_eq!(since("2024-01-01", "2024-12-31"), (0, first), "the first of many is named");
    assert_eq!(since("2024-01-01", "2024-02-01T05:59:59"), (3, "nothing changes by itself\n".to_owned()));
    assert_eq!(
        since("2024-02-01T06:00", "2024-02-03T05:59:59").0,
        3,
        "what happened at the moment asked about is known"
    );
    assert_eq!(since("2024-02-01 06:00 +0600", "2024-02-10").0, 0);
    assert_eq!(since("2024-02-05", "2024-02-05T23:00").0, 3, "a draft counts for nothing");
    let run = site.run(&["next", "--since", "soon", "--now", NOW]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert_eq!(run.stderr, "error: `--since soon` is not a time: write it like 2023-09-11T10:00\n");
    assert_eq!(site.run(&["next", "--now", "soon"]).code, 2);
}

#[test]
fn next_of_a_site_without_settings_is_an_error() {
    let empty = Site::new([("content/briefings/a.md", "---\ntitle: A\n---\n")]);
    assert_eq!(empty.run(&["next", "--now", NOW]).code, 1);
    assert_eq!(empty.run(&["next", "--since", "2023-01-01", "--now", NOW]).code, 1);
}

#[test]
fn what_would_happen_to_what_is_not_there_is_nothing() {
    let site = site(&[
        ("briefings/draft", "title: A\ndate: 2024-02-05\ndraft: true\nexpires: 2024-03-01\npin: 2024-02-20"),
        ("briefings/ended", "title: B\ndate: 2023-02-05\nexpires: 2023-03-01\nupdated: 2024-02-01"),
        ("explainers/draft", "title: C\nas_of: 2024-02-01\ndraft: true\nreview_by: 2024-03-01"),
        ("explainers/older/2023-01-01", "title: D\nreview_by: 2024-03-01"),
        ("explainers/older/2023-06-01", "title: D"),
    ]);
    assert_eq!(next(&site, NOW), "nothing changes by itself\n");
}

#[test]
fn what_happens_before_a_text_appears_is_no_moment_of_its_own() {
    let site = site(&[(
        "briefings/a",
        "title: A\ndate: 2024-02-01\nembargo: 2024-03-01\npin: 2024-02-10\nupdated: 2024-02-15\ncorrections:\n  - {date: 2024-02-20, text: It was wrong.}",
    )]);
    assert_eq!(next(&site, NOW), "2024-03-01T00:00:00+05:00\n  content/briefings/a.md appears\n");
    assert_eq!(
        next(&site, "2024-03-01"),
        "2024-03-03T00:00:00+05:00\n  content/briefings/a.md leaves the list of the last two days' news\n"
    );
    assert_eq!(
        next(&site, "2024-03-03"),
        "2025-03-01T00:00:00+05:00\n  content/briefings/a.md is a year old and says so\n"
    );
}

#[test]
fn the_date_of_change_of_any_page_is_a_moment() {
    let site = site(&[
        ("explainers/a", "title: A\nas_of: 2023-01-01\nupdated: 2024-02-01"),
        ("pages/about", "title: About\nupdated: 2024-02-02"),
        ("topics/ports", "title: Ports\nupdated: 2024-02-03"),
    ]);
    let mut now = NOW;
    let mut before = output(&site, now);
    for (at, file) in [
        ("2024-02-01T00:00:00+06:00", "explainers/a"),
        ("2024-02-02T00:00:00+06:00", "pages/about"),
        ("2024-02-03T00:00:00+06:00", "topics/ports"),
    ] {
        assert_eq!(next(&site, now), format!("{at}\n  content/{file}.md shows its date of change\n"));
        let after = output(&site, at);
        assert!(before != after, "{file}");
        (now, before) = (at, after);
    }
    assert!(before == output(&site, "2024-12-31"));
    assert_eq!(next(&site, now), "nothing changes by itself\n");
}

#[test]
fn the_end_of_a_pin_that_changes_no_front_page_is_no_moment() {
    let newest = site(&[
        ("briefings/older", "title: A\ndate: 2023-12-01"),
        ("briefings/newest", "title: B\ndate: 2023-12-02\npin: 2024-02-01"),
    ]);
    assert!(output(&newest, NOW) == output(&newest, "2024-06-01"), "the newest leads with and without a pin");
    assert_eq!(
        next(&newest, NOW),
        "2024-12-01T00:00:00+05:00\n  content/briefings/older.md is a year old and says so\n"
    );
}

/// The moment that `next` names.
fn moment(site: &Site, now: Timestamp) -> Option<Timestamp> {
    let run = site.run(&["next", "--now", &now.to_string(), "--format", "json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    told["at"].as_str().map(|at| at.parse().expect("a moment"))
}

#[test]
fn random_sites_change_at_the_moment_that_next_names_and_not_before() {
    let mut seen = 0;
    for seed in 101..=125 {
        let mut invented = Invented::new(seed);
        let clock = invented.clocks(1)[0];
        let site = &invented.site;
        let before = output(site, &clock.to_string());
        let Some(at) = moment(site, clock) else {
            assert!(before == output(site, "2090-01-01"), "site {seed} after {clock}: nothing was to change");
            continue;
        };
        assert!(at > clock);
        assert!(before == output(site, &(at - 1.second()).to_string()), "site {seed} from {clock} to {at}");
        let what = site.run(&["next", "--now", &clock.to_string()]).stdout;
        assert!(before != output(site, &at.to_string()), "site {seed} from {clock}: {what}");
        seen += 1;
    }
    assert!(seen > 15);
}

#[test]
fn the_same_moment_gives_the_same_bytes_however_it_is_told() {
    let mut invented = Invented::new(7);
    let clock = invented.clocks(1)[0];
    let site = &invented.site;
    let first = output(site, &clock.to_string());
    std::fs::remove_dir_all(site.path().join("public")).expect("removed");
    std::fs::remove_dir_all(site.path().join(".nutgraf")).expect("removed");
    assert!(first == output(site, &clock.to_string()), "again, from nothing");
    output(site, "2090-01-01");
    let run = site.run_with(&["build"], &[("SOURCE_DATE_EPOCH", &clock.as_second().to_string())]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(first == site.output(), "from the environment");
    let elsewhere = clock.to_zoned_datetime(TimeZone::get("Asia/Tokyo").expect("bundled"));
    let written = elsewhere.strftime("%Y-%m-%d %H:%M:%S %:z").to_string();
    assert!(first == output(site, &written), "as a clock in Tokyo has it");
    let run = site.run_with(&["build", "--now", &clock.to_string()], &[("SOURCE_DATE_EPOCH", "0")]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(first == site.output(), "what is typed goes first");
    let run = site.run_with(&["build"], &[("SOURCE_DATE_EPOCH", "today")]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "error: `SOURCE_DATE_EPOCH=today` is not a number of seconds\n")
    );
}

#[test]
fn a_time_without_an_offset_is_that_of_the_sites_zone_on_that_day() {
    // Kazakhstan moved its clocks back by an hour at the beginning of March 1, 2024.
    let site = site(&[
        ("briefings/before", "title: A\nembargo: 2024-02-29 12:00"),
        ("briefings/after", "title: B\nembargo: 2024-03-01 12:00"),
        ("briefings/midnight", "title: C\ndate: 2024-03-01"),
        ("explainers/x/2023-01-01", "title: X"),
        ("explainers/x/2024-03-01", "title: X"),
    ]);
    let is_there = |slug: &str, now: &str| {
        build(&site, now);
        site.exists(&format!("public/briefings/{slug}/index.html"))
    };
    for (slug, second_before, at) in [
        ("before", "2024-02-29T05:59:59Z", "2024-02-29T06:00:00Z"),
        ("midnight", "2024-02-29T18:59:59Z", "2024-02-29T19:00:00Z"),
        ("after", "2024-03-01T06:59:59Z", "2024-03-01T07:00:00Z"),
    ] {
        assert_eq!((is_there(slug, second_before), is_there(slug, at)), (false, true), "{slug}");
    }
    let version = |now: &str| {
        build(&site, now);
        site.read("public/explainers/x/index.html").contains("As of March 1, 2024.")
    };
    assert_eq!((version("2024-02-29T18:59:59Z"), version("2024-02-29T19:00:00Z")), (false, true));
    let turns = ["2024-02-29T12:00:00+06:00", "2024-03-01T00:00:00+05:00", "2024-03-01T12:00:00+05:00"];
    let mut now = NOW;
    for at in turns {
        assert_eq!(next(&site, now).lines().next(), Some(at));
        now = at;
    }
    // `--now` is read as dates in texts are.
    assert!(output(&site, "2024-03-01") == output(&site, "2024-02-29T19:00:00Z"));
    assert!(output(&site, "2024-02-29T12:00") == output(&site, "2024-02-29T06:00:00Z"));
}

#[test]
fn build_names_what_it_left_out_and_why() {
    let site = site(&[
        (
            "briefings/a",
            "title: A\ndate: 2023-12-01\ncorrections:\n  - {date: 2023-12-02, text: Seen.}\n  - {date: 2024-02-02 10:00, text: Not yet.}",
        ),
        ("briefings/b", "title: B\ndate: 2023-12-01\ndraft: true"),
        ("briefings/c", "title: C\nembargo: 2024-02-01 06:00 +00:00"),
        ("briefings/d", "title: D\ndate: 2024-02-10"),
        ("briefings/e", "title: E\ndate: 2023-01-01\nexpires: 2023-06-01"),
        ("explainers/f/2023-01-01", "title: F"),
        ("explainers/f/2024-06-01", "title: F"),
    ]);
    let said = build(&site, NOW);
    let lines: Vec<&str> = said.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "not published:",
            "  content/briefings/b.md: a draft",
            "  content/briefings/c.md: under embargo until 2024-02-01 12:00",
            "  content/briefings/d.md: dated 2024-02-10",
            "  content/briefings/e.md: expired 2023-06-01",
            "  content/explainers/f/2024-06-01.md: dated 2024-06-01",
            "  content/briefings/a.md: a correction dated 2024-02-02 10:00",
        ]
    );
    let run = site.run(&["build", "--now", NOW, "--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let reasons: Vec<String> = told["left_out"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| {
            format!("  {}: {}", row["file"].as_str().expect("a file"), row["reason"].as_str().expect("why"))
        })
        .collect();
    assert_eq!(reasons, lines[1..]);
    let page = site.read("public/briefings/a/index.html");
    assert!(page.contains("Seen.") && !page.contains("Not yet."));
}

/// What `nutgraf stale` says at a moment.
fn stale(site: &Site, now: &str, more: &[&str]) -> Run {
    let run = site.run(&[&["stale", "--now", now], more].concat());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run
}

/// Explainers that are due, each with briefings that show it.
fn library() -> Site {
    let explainers = [
        ("explainers/busy", "title: Busy\nas_of: 2023-01-01\nreview_by: 2023-10-01\nowner: Jane Doe"),
        ("explainers/recent", "title: Recent\nas_of: 2022-01-01"),
        ("explainers/quiet", "title: Quiet\nas_of: 2020-01-01\nreview_by: 2023-12-31"),
        ("explainers/lone", "title: Lone\nas_of: 2019-01-01\nreview_by: 2023-12-30"),
        ("explainers/fresh", "title: Fresh\nas_of: 2023-06-01"),
        ("explainers/later", "title: Later\nas_of: 2019-06-01\nreview_by: 2024-01-01"),
        ("explainers/dated/2021-01-01", "title: Dated\nreview_by: 2021-06-01"),
        ("explainers/dated/2022-06-01", "title: Dated\nreview_by: 2022-12-01"),
    ];
    let site = site(&explainers);
    let mut made = 0;
    let mut briefing = |date: &str, shows: &str| {
        made += 1;
        let text = format!("---\ntitle: Story {made}\ndate: {date}\nexplainers: [{shows}]\n---\nText.\n");
        site.write(&format!("content/briefings/story-{made}.md"), text);
    };
    // One story of last week weighs more than many old ones.
    for day in 1..=5 {
        briefing(&format!("2023-05-0{day}"), "busy");
    }
    briefing("2023-12-28", "recent");
    briefing("2022-01-05", "quiet");
    briefing("2023-12-30", "later");
    briefing("2023-12-30", "fresh");
    // Three stories of a time before the newest version, one after it.
    briefing("2021-03-01", "dated");
    briefing("2021-03-02", "dated");
    briefing("2021-03-03", "dated");
    briefing("2022-07-01", "dated");
    site.write(
        "content/briefings/draft.md",
        "---\ntitle: Draft\ndate: 2023-12-29\ndraft: true\nexplainers: [lone]\n---\nText.\n",
    );
    site
}

#[test]
fn stale_lists_what_is_due_and_most_read_first() {
    let run = stale(&library(), NOW, &[]);
    assert_eq!(
        run.stdout,
        "\
explainer                               as of       due          briefings  newest      owner
content/explainers/recent.md            2022-01-01  2023-01-01           1  2023-12-28
content/explainers/busy.md              2023-01-01  2023-10-01           5  2023-05-05  Jane Doe
content/explainers/dated/2022-06-01.md  2022-06-01  2022-12-01           1  2022-07-01
content/explainers/quiet.md             2020-01-01  2023-12-31           1  2022-01-05
content/explainers/lone.md              2019-01-01  2023-12-30           0
"
    );
}

#[test]
fn stale_counts_the_days_that_the_settings_say_where_no_day_is_written() {
    let site = library();
    let names = |now: &str| -> Vec<String> {
        let run = stale(&site, now, &["--format", "json"]);
        let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        let rows = told.as_array().expect("a list").iter();
        rows.map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
    };
    assert!(!names(NOW).contains(&"fresh".to_owned()));
    assert!(!names("2024-05-31").contains(&"fresh".to_owned()), "365 days later is the last day");
    assert!(names("2024-06-01").contains(&"fresh".to_owned()));
    site.write("nutgraf.yaml", format!("{PLAIN}check: {{stale_after: 100}}\n"));
    assert!(names(NOW).contains(&"fresh".to_owned()));
    site.write("nutgraf.yaml", format!("{PLAIN}check: {{stale_after: 1000}}\n"));
    assert!(!names(NOW).contains(&"recent".to_owned()));
    // A day that is written goes first: it is due when that day is over.
    assert!(!names("2024-01-01T23:59:59").contains(&"later".to_owned()));
    assert!(names("2024-01-02").contains(&"later".to_owned()));
}

#[test]
fn stale_tells_programs_the_same() {
    let run = stale(&library(), NOW, &["--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(told.as_array().map(Vec::len), Some(5));
    assert_eq!(
        told[1],
        serde_json::json!({
            "file": "content/explainers/busy.md", "id": "busy", "title": "Busy", "language": "en",
            "owner": "Jane Doe", "as_of": "2023-01-01", "due": "2023-10-01", "review_by": "2023-10-01",
            "briefings": 5, "newest": "2023-05-05",
        })
    );
    assert_eq!(
        told[4],
        serde_json::json!({
            "file": "content/explainers/lone.md", "id": "lone", "title": "Lone", "language": "en", "owner": null,
            "as_of": "2019-01-01", "due": "2023-12-30", "review_by": "2023-12-30", "briefings": 0, "newest": null,
        })
    );
    let empty = Site::new([("nutgraf.yaml", SETTINGS)]);
    assert_eq!(stale(&empty, NOW, &[]).stdout, "no explainer is due\n");
    assert_eq!(stale(&empty, NOW, &["--format", "json"]).stdout, "[]\n");
}

#[test]
fn stale_lists_ten_unless_asked_for_all() {
    let site = Site::new([("nutgraf.yaml", SETTINGS)]);
    for i in 1..=13 {
        let text = format!("---\ntitle: E{i}\nas_of: 2020-01-{i:02}\n---\nText.\n");
        site.write(&format!("content/explainers/e{i:02}.md"), text);
    }
    let run = stale(&site, NOW, &[]);
    assert!(run.stdout.ends_with("\n\nand 3 more (`-v` lists them all)\n"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("content/explainers/").count(), 10);
    assert!(run.stdout.contains("e01.md") && !run.stdout.contains("e11.md"), "the longest due first");
    let run = stale(&site, NOW, &["--verbose"]);
    assert_eq!(run.stdout.matches("content/explainers/").count(), 13);
    assert!(!run.stdout.contains("more"));
}
