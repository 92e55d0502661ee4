//! The demo's pages against the rules of HTML, by html-validate. `NUTGRAF_TOOLS` names the folder of packages where
//! it is, else `node_modules` does; without it these tests say so and are left out, and where `CI` is set that is a
//! failure.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::edits::demo;
use crate::site::{package, run};

/// A file of a package of npm, or a word that it is missing.
pub fn tool(path: &str) -> Option<PathBuf> {
    let named = std::env::var_os("NUTGRAF_TOOLS").map(PathBuf::from);
    let file = named.unwrap_or_else(|| package().join("node_modules")).join(path);
    if file.exists() {
        return Some(file);
    }
    let file = file.display();
    assert!(std::env::var_os("CI").is_none(), "there is no {file}");
    writeln!(std::io::stderr(), "left out: there is no {file}").expect("stderr");
    None
}

/// What html-validate has against the HTML in a folder, with the rules of `tests/html-validate.json`: each message
/// with its place, and the number of files.
fn faults(program: &Path, folder: &Path) -> (Vec<String>, usize) {
    let rules = fs::read_to_string(package().join("tests/html-validate.json")).expect("the rules");
    let mut rules: Value = serde_json::from_str(&rules).expect("JSON");
    // A rule that is off has its reason in place of its level.
    let off = rules.as_object_mut().and_then(|rules| rules.remove("off")).unwrap_or_default();
    let off: Map<String, Value> = serde_json::from_value(off).expect("rules with reasons");
    for (rule, reason) in off {
        assert!(reason.as_str().is_some_and(|reason| reason.len() > 20), "{rule} is off for a reason");
        rules["rules"][rule] = json!("off");
    }
    let settings = tempfile::Builder::new().suffix(".json").tempfile().expect("a temporary file");
    fs::write(settings.path(), rules.to_string()).expect("settings");
    let count = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let count = count.filter(|entry| entry.path().extension().is_some_and(|e| e == "html")).count();
    let mut command = Command::new("node");
    // Into a file: of what it prints into a pipe, it does not wait for the end.
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    let format = format!("json={}", report.path().display());
    command.arg(program).arg("--config").arg(settings.path()).args(["--formatter", &format]).arg(folder);
    let run = run(command);
    let found = fs::read_to_string(report.path()).expect("a report");
    let found: Value = serde_json::from_str(&found).unwrap_or_else(|e| panic!("{e}: {}", run.stderr));
    let mut faults = Vec::new();
    for file in found.as_array().expect("a list of files") {
        for message in file["messages"].as_array().expect("messages") {
            let of = |key: &str| message[key].to_string();
            let (line, rule, text) = (of("line"), of("ruleId"), of("message"));
            faults.push(format!("{}:{line}: {rule} {text}", file["filePath"]));
        }
    }
    assert_eq!(run.code, i32::from(!faults.is_empty()), "{}", run.stderr);
    (faults, count)
}

const PROGRAM: &str = "html-validate/bin/html-validate.mjs";

#[test]
fn every_page_of_the_demo_is_right_html() {
    let Some(program) = tool(PROGRAM) else { return };
    let site = demo();
    let run = site.run(&["build", "--now", "2026-11-01T00:00:00Z"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let (faults, count) = faults(&program, &site.path().join("public"));
    assert!(count > 100, "{count} pages");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(30)].join("\n"));
}

#[test]
fn html_that_is_wrong_is_found() {
    let Some(program) = tool(PROGRAM) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = "<!doctype html>\n<html lang=\"en\"><head><title>A</title></head><body><p id=\"a\"><div id=\"a\">x</p></body></html>\n";
    fs::write(folder.path().join("a.html"), page).expect("a page");
    let found = faults(&program, folder.path()).0.join("\n");
    assert!(found.contains("no-dup-id") && found.contains("close-order"), "{found}");
}
