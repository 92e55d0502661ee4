//! The demo newsroom, which is this package's own content/.

use std::path::Path;

use crate::site::{Run, command, files, package, run};

/// The moment the demo is seen at in tests.
const NOW: &str = "2026-01-01";

fn build(out: &Path, environment: &[(&str, &str)], site: &Path) -> Run {
    let mut command = command();
    command.arg("--site").arg(site).args(["--now", NOW, "build", "--strict", "--out"]).arg(out);
    command.envs(environment.iter().copied());
    run(command)
}

/// A copy of the demo, so that tests do not meet in one folder.
fn copy(to: &Path) {
    for folder in ["content", "templates", "static"] {
        for (path, bytes) in files(&package().join(folder)) {
            let file = to.join(folder).join(path);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, bytes).expect("a file");
        }
    }
    std::fs::copy(package().join("nutgraf.yaml"), to.join("nutgraf.yaml")).expect("the settings");
}

#[test]
fn the_demo_has_nothing_wrong_and_shows_every_component() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(folder.path());
    let out = folder.path().join("out");
    let run = build(&out, &[], folder.path());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let pages: String = files(&out)
        .into_iter()
        .filter(|(path, _)| path.starts_with("briefings/") || path.starts_with("explainers/"))
        .map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    for class in [
        "section context",
        "what-we-know",
        "what-we-dont-know",
        "section question",
        "fact-box",
        "key-points",
        "explainer-summary",
        "explainer-full",
        "explainer-collapsed",
        "timeline",
        "\"quote\"",
        "profile",
        "numbers",
        "reactions",
        "\"picture\"",
        "\"sources\"",
        "read-also",
        "embed",
        "correction-correction",
        "correction-update",
    ] {
        assert!(pages.contains(class), "{class} is nowhere in the demo");
    }
}

// Without pictures, what a photo says of itself is not read.
#[cfg(feature = "images")]
#[test]
fn an_editor_finds_nothing_to_mend_in_the_demo() {
    let mut command = command();
    command.arg("--site").arg(package()).args(["--now", NOW, "check"]);
    let run = run(command);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "nothing to say\n", ""));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let one = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    let deep = other.path().join("ein/tiefer ordner");
    copy(one.path());
    copy(&deep);
    let first = one.path().join("out");
    let second = deep.join("out");
    assert_eq!(
        build(&first, &[("RAYON_NUM_THREADS", "1"), ("TZ", "UTC"), ("LANG", "C")], one.path()).code,
        0
    );
    let environment = [("RAYON_NUM_THREADS", "7"), ("TZ", "Asia/Tokyo"), ("LANG", "ru_RU.UTF-8")];
    assert_eq!(build(&second, &environment, &deep).code, 0);
    let (first, second) = (files(&first), files(&second));
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (path, bytes) in &first {
        assert!(bytes == &second[path], "{path} differs");
    }
}

#[test]
fn no_page_of_the_demo_has_a_dead_link() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(folder.path());
    let out = folder.path().join("out");
    build(&out, &[], folder.path());
    let files = files(&out);
    let mut dead = Vec::new();
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".html")) {
        let html = String::from_utf8_lossy(bytes);
        for attribute in ["href=\"/", "src=\"/"] {
            for (at, _) in html.match_indices(attribute) {
                let rest = &html[at + attribute.len()..];
                let target = rest.split(['"', '#', '?']).next().unwrap_or_default();
                let file = if target.is_empty() || target.ends_with('/') {
                    format!("{target}index.html")
                } else {
                    target.to_owned()
                };
                if !files.contains_key(&file) {
                    dead.push(format!("{path}: /{target}"));
                }
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
}
