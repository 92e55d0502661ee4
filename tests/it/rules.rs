//! Every rule for editors on texts it must flag and texts it must leave alone: tests/rules/rules.txt, in each language
//! that the rule knows.
//!
//! ```text
//! == code language flagged
//! a whole file of content/briefings/
//! == code language clean
//! another one
//! ```

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::site::{Site, package};

const SETTINGS: &str = "title: Rules\nurl: https://example.org\ntimezone: Asia/Almaty\ncards: false\n\
                        languages: {ru: {title: Правила}, kk: {title: Ережелер}}\n";

struct Entry {
    code: String,
    language: String,
    flagged: bool,
    text: String,
}

fn entries() -> Vec<Entry> {
    let text = fs::read_to_string(package().join("tests/rules/rules.txt")).expect("the texts");
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("== ") {
            Some(head) => {
                let words: Vec<&str> = head.split_whitespace().collect();
                let [code, language, kind] = words[..] else { panic!("`{head}` is no head") };
                entries.push(Entry {
                    code: code.to_owned(),
                    language: language.to_owned(),
                    flagged: kind == "flagged",
                    text: String::new(),
                });
            }
            None => entries.last_mut().expect("a head comes first").text.push_str(line),
        }
    }
    entries
}

#[test]
fn rules_flag_what_they_must_and_nothing_else() {
    let entries = entries();
    let path = |i: usize, entry: &Entry| match entry.language.as_str() {
        "en" => format!("content/briefings/text-{i}.md"),
        language => format!("content/briefings/text-{i}.{language}.md"),
    };
    let files = entries.iter().enumerate().map(|(i, entry)| (path(i, entry), entry.text.clone()));
    let files: Vec<(String, String)> = files.collect();
    let site = Site::new(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    site.write("nutgraf.yaml", SETTINGS);
    let run = site.run(&["--format", "json", "--now", "2025-06-15", "check"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in run.stderr.lines() {
        let diagnostic: Value = serde_json::from_str(line).expect("one object a line");
        let text = |key: &str| diagnostic[key].as_str().unwrap_or_default().to_owned();
        said.entry(text("file")).or_default().push(text("code"));
    }
    let wrong = entries.iter().enumerate().filter(|(i, entry)| {
        let found = said.get(&path(*i, entry)).is_some_and(|codes| codes.contains(&entry.code));
        found != entry.flagged
    });
    let wrong: Vec<String> = wrong
        .map(|(_, entry)| {
            let expected = if entry.flagged { "is to be flagged" } else { "is to be left alone" };
            format!("{} {expected} ({}):\n{}", entry.code, entry.language, entry.text)
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} texts:\n{}", wrong.len(), entries.len(), wrong.join("\n"));
}

/// Texts that are long in one way each: no rule may be busy with one for long.
#[test]
fn rules_come_to_an_end_with_texts_that_nobody_writes() {
    let front = "---\ntitle: A long text\ndate: 2023-09-11\n---\n";
    let acronym = |i: u32| -> String {
        let letter = |n: u32| char::from_u32('A' as u32 + n % 26).expect("a letter");
        [letter(i), letter(i / 26), letter(i / 676), 'X'].iter().collect()
    };
    let acronyms = (0..8_000).map(acronym).collect::<Vec<_>>().join(" ");
    let texts = [
        "1".repeat(300_000),
        "5 May ".repeat(50_000),
        acronyms.clone(),
        acronyms.replace(' ', "\n\n"),
        "“".repeat(100_000),
        "“yesterday” ".repeat(20_000),
        "<!-- allow relative-date: x -->\n".repeat(10_000),
        "It met yesterday. <!-- allow relative-date: x -->\n".repeat(5_000),
        "Кaк ".repeat(60_000),
        "> I said so\n\n".repeat(10_000),
        "**Bold.** text\n\n".repeat(10_000),
    ];
    let paths: Vec<String> = (0..texts.len()).map(|i| format!("content/briefings/long-{i}.md")).collect();
    let texts: Vec<String> = texts.iter().map(|text| format!("{front}{text}\n")).collect();
    let site = Site::new(paths.iter().map(String::as_str).zip(texts.iter().map(String::as_str)));
    site.write("nutgraf.yaml", SETTINGS);
    let run = site.run(&["--format", "short", "--now", "2025-06-15", "check"]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("[long-lede]: the first paragraph has 100000 words"), "it was looked at");
}
