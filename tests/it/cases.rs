//! tests/cases/*.txt: each a small site in one file, with what the program must say of it and the pages it
//! must make. `UPDATE=1 cargo test` writes what it says and makes now into the files, to be read in review.
//!
//! ```text
//! What the case shows.
//! -- content/briefings/a.md --
//! a file of the site
//! == command ==
//! build --drafts
//! == messages ==
//! all of stderr, and the exit code when it is not 0
//! == /briefings/a/index.html ==
//! a whole output
//! ```
//! Without a nutgraf.yaml the case has a plain one; without a templates/base.html pages are their main part.

use std::fs;
use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::site::{NOW, SETTINGS, Site, package};

/// A base template that leaves of a page what cases are about.
const BASE: &str = "{% block main %}{% endblock main %}";

struct Case {
    about: String,
    files: Vec<(String, String)>,
    expected: Vec<(String, String)>,
}

#[test]
fn cases() {
    let mut paths: Vec<PathBuf> = fs::read_dir(package().join("tests/cases"))
        .expect("tests/cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "there are cases");
    let update = std::env::var("UPDATE").is_ok_and(|v| v == "1");
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let chunks: Vec<_> = paths.chunks(paths.len().div_ceil(workers)).collect();
        let threads: Vec<_> = chunks
            .into_iter()
            .map(|chunk| {
                scope.spawn(move || chunk.iter().filter_map(|path| check(path, update)).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a case does not panic")).collect()
    });
    assert!(
        failures.is_empty(),
        "{} of {} cases failed:\n{}",
        failures.len(),
        paths.len(),
        failures.join("\n")
    );
}

fn check(path: &Path, update: bool) -> Option<String> {
    let text = fs::read_to_string(path).expect("a case");
    let case = parse(&text);
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    if case.expected.is_empty() {
        return Some(format!("{name} expects nothing"));
    }
    let actual = actual(&case);
    let now = show(&case, &actual);
    if now == text {
        return None;
    }
    if update {
        fs::write(path, now).expect("the case is written");
        return None;
    }
    let diff = TextDiff::from_lines(&text, &now);
    Some(format!("{name}:\n{}", diff.unified_diff().context_radius(3).header("expected", "actual")))
}

fn parse(text: &str) -> Case {
    let mut case = Case { about: String::new(), files: Vec::new(), expected: Vec::new() };
    let mut current: Option<(bool, usize)> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if let Some(name) = bare.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            case.files.push((name.to_owned(), String::new()));
            current = Some((true, case.files.len() - 1));
        } else if let Some(name) = bare.strip_prefix("== ").and_then(|rest| rest.strip_suffix(" ==")) {
            case.expected.push((name.to_owned(), String::new()));
            current = Some((false, case.expected.len() - 1));
        } else {
            match current {
                None => case.about.push_str(line),
                Some((true, i)) => case.files[i].1.push_str(line),
                Some((false, i)) => case.expected[i].1.push_str(line),
            }
        }
    }
    case
}

/// What the program says and makes now, for each expectation.
fn actual(case: &Case) -> Vec<String> {
    let site = Site::new(case.files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let has = |wanted: &str| case.files.iter().any(|(path, _)| path == wanted);
    if !has("nutgraf.yaml") && !has("no nutgraf.yaml") {
        site.write("nutgraf.yaml", SETTINGS);
    }
    if !has("templates/base.html") {
        site.write("templates/base.html", BASE);
    }
    let command =
        case.expected.iter().find(|(name, _)| name == "command").map_or("build", |(_, text)| text.trim());
    let mut arguments: Vec<&str> = command.split_whitespace().collect();
    if !arguments.contains(&"--now") {
        arguments.extend(["--now", NOW]);
    }
    let run = site.run(&arguments);
    case.expected
        .iter()
        .map(|(name, text)| match name.as_str() {
            "command" => text.clone(),
            "messages" => match run.code {
                0 => run.stderr.clone(),
                code => format!("{}exit code {code}\n", run.stderr),
            },
            "stdout" => run.stdout.clone(),
            // Icons of pixels are drawn with the feature `cards` only.
            "files" => {
                let is_icon = |path: &str| path.starts_with("assets/icon-") && path.ends_with(".png");
                let paths = site.output().into_keys().filter(|path| !is_icon(path));
                paths.fold(String::new(), |all, path| format!("{all}{path}\n"))
            }
            path => match site.output().get(path.trim_start_matches('/')) {
                Some(bytes) => tidy(&String::from_utf8_lossy(bytes)),
                None => "(no such file)\n".into(),
            },
        })
        .collect()
}

/// A page without the empty lines and the indentation that templates leave.
fn tidy(page: &str) -> String {
    page.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .fold(String::new(), |all, line| format!("{all}{line}\n"))
}

fn show(case: &Case, actual: &[String]) -> String {
    let mut text = case.about.clone();
    for (path, content) in &case.files {
        text.push_str(&format!("-- {path} --\n{content}"));
    }
    for ((name, _), content) in case.expected.iter().zip(actual) {
        text.push_str(&format!("== {name} ==\n{content}"));
    }
    text
}
