//! The command line as its users meet it.

use serde_json::Value;

use crate::site::{SETTINGS, Site};

#[test]
fn a_new_site_builds_and_takes_a_briefing_and_an_explainer() {
    let folder = Site::new([]);
    let run = folder.run(&["new", "my-news", "--now", "2024-01-01"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let site = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["--site", "my-news", "--now", "2024-01-02"].iter().chain(arguments).copied().collect();
        folder.run(&all)
    };
    let run = site(&["build"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(folder.read("my-news/public/index.html").contains("The first briefing"));

    let run = site(&["new", "briefing", "Что известно: «новый» мост"]);
    assert_eq!(run.stdout.trim().replace('\\', "/"), "my-news/content/briefings/chto-izvestno-novyi-most.md");
    let run = site(&["new", "explainer", "The bridge: \"a history\""]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let run = site(&["build", "--drafts"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(folder.exists("my-news/public/briefings/chto-izvestno-novyi-most/index.html"));
    assert!(folder.exists("my-news/public/explainers/the-bridge-a-history/index.html"));

    let run = site(&["new", "briefing", "Что известно: «новый» мост"]);
    assert_eq!(run.code, 1);
    assert_eq!(run.stderr, "error: content/briefings/chto-izvestno-novyi-most.md exists already\n");
    let run = folder.run(&["new", "my-news"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, "error: my-news exists already and is not empty\n"));
}

#[test]
fn exit_codes_tell_errors_of_the_site_from_wrong_use() {
    let site = Site::of_briefing("---\ntitle: A\n---\nNo date.\n");
    assert_eq!(site.run(&["build"]).code, 1);
    assert_eq!(site.run(&["biuld"]).code, 2);
    assert_eq!(site.run(&["build", "--now", "tomorrow"]).code, 2);
    assert_eq!(site.run(&["new", "briefing"]).code, 2);
    assert_eq!(site.run(&["--help"]).code, 0);
    assert_eq!(site.run_with(&["build"], &[("SOURCE_DATE_EPOCH", "soon")]).code, 2);
    site.write("content/briefings/a.md", "---\ntitle: A\ndate: 2023-09-11\n---\nA lede.\n");
    assert_eq!(site.run(&["build"]).code, 0);
}

#[test]
fn strict_takes_warnings_for_errors_and_writes_nothing() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\nlayout: post\n---\nA lede.\n");
    let run = site.run(&["build", "--strict"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("error[unknown-key]"), "{}", run.stderr);
    assert!(!site.exists("public"));
    assert_eq!(site.run(&["build"]).code, 0);
    assert!(site.exists("public/index.html"));
}

#[test]
fn messages_come_in_three_forms() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2023-09-11\ntopcis: [energy]\n---\nA lede.\n");
    let short = site.run(&["build", "--format", "short"]);
    assert_eq!(
        short.stderr,
        "content/briefings/a.md:4:1: warning[unknown-key]: a briefing has no key `topcis` (did you mean `topics`?)\n"
    );
    let json = site.run(&["build", "--format", "json"]);
    let object: Value = serde_json::from_str(&json.stderr).expect("one JSON object");
    let expected = serde_json::json!({
        "code": "unknown-key", "severity": "warning", "message": "a briefing has no key `topcis`",
        "file": "content/briefings/a.md", "line": 4, "column": 1, "end_line": 4, "end_column": 7,
        "help": "did you mean `topics`?",
    });
    assert_eq!(object, expected);
    let result: Value = serde_json::from_str(&json.stdout).expect("one JSON object");
    assert_eq!(result["pages"], 9);
}

#[test]
fn what_is_left_out_is_named() {
    let site = Site::new([
        ("nutgraf.yaml", SETTINGS),
        ("content/briefings/a.md", "---\ntitle: A\ndate: 2023-09-11\ndraft: true\n---\nA.\n"),
        ("content/briefings/b.md", "---\ntitle: B\ndate: 2023-09-11\nembargo: 2024-02-01 10:00\n---\nB.\n"),
        ("content/briefings/c.md", "---\ntitle: C\ndate: 2024-03-01\n---\nC.\n"),
        ("content/briefings/d.md", "---\ntitle: D\ndate: 2023-09-11\nexpires: 2023-10-01\n---\nD.\n"),
    ]);
    let run = site.build();
    let named: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert_eq!(
        named,
        [
            "not published:",
            "  content/briefings/a.md: a draft",
            "  content/briefings/b.md: under embargo until 2024-02-01 10:00",
            "  content/briefings/c.md: dated 2024-03-01",
            "  content/briefings/d.md: expired 2023-10-01",
        ]
    );
    let run = site.run(&["build", "--now", "2024-02-01T10:00", "--drafts"]);
    let named: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert_eq!(
        named,
        [
            "not published:",
            "  content/briefings/c.md: dated 2024-03-01",
            "  content/briefings/d.md: expired 2023-10-01"
        ]
    );
}

#[test]
fn the_clock_can_come_from_the_environment() {
    let site = Site::of_briefing("---\ntitle: A\ndate: 2024-03-01\n---\nA.\n");
    site.run_with(&["build"], &[("SOURCE_DATE_EPOCH", "1709200000")]);
    assert!(!site.exists("public/briefings/a/index.html"), "29 February 2024 is before it");
    site.run_with(&["build"], &[("SOURCE_DATE_EPOCH", "1709300000")]);
    assert!(site.exists("public/briefings/a/index.html"), "1 March 2024 is after it");
}

#[test]
fn completions_are_made_for_every_shell() {
    let site = Site::new([]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = site.run(&["completions", shell]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("base-url"), "{shell}");
    }
}

#[test]
fn one_component_can_be_asked_for() {
    let site = Site::new([]);
    let run = site.run(&["components", "fact-box"]);
    assert_eq!(
        run.stdout,
        "fact_box\n  A few facts beside the story, set apart from it.\n  title        string, required\n\n      \
         :::fact_box[The lake in brief]\n      - Depth: 20 metres\n      - Two rivers feed it\n      :::\n"
    );
    let run = site.run(&["components", "fact_boxx"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (1, "error: there is no component `fact_boxx`; did you mean `fact_box`?\n")
    );
}
