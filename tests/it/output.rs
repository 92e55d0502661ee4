//! The output folder: what a build leaves alone, removes, and refuses.

use std::fs;
use std::process::Stdio;

use crate::site::{NOW, SETTINGS, Site, command, files};

const A: &str = "---\ntitle: A\ndate: 2023-09-11\n---\nThe first.\n";
const B: &str = "---\ntitle: B\ndate: 2023-09-12\n---\nThe second.\n";

fn two() -> Site {
    Site::new([("nutgraf.yaml", SETTINGS), ("content/briefings/a.md", A), ("content/briefings/b.md", B)])
}

#[test]
fn a_build_with_errors_leaves_the_previous_output_alone() {
    let site = two();
    site.build_cleanly();
    let before = site.output();
    site.write("content/briefings/b.md", "---\ntitle: [\n---\n");
    assert_eq!(site.build().code, 1);
    assert!(site.output() == before);
    site.write("content/briefings/b.md", B);
    site.write(
        "templates/briefing.html",
        "{% extends \"nutgraf/briefing.html\" %}{% block main %}{{ nothing }}{% endblock main %}",
    );
    assert_eq!(site.build().code, 1);
    assert!(site.output() == before);
    let names: Vec<String> = fs::read_dir(site.path())
        .expect("the site")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("stage"))
        .collect();
    assert_eq!(names, Vec::<String>::new(), "no stage is left behind");
}

#[test]
fn unchanged_files_are_not_rewritten() {
    let site = two();
    site.build_cleanly();
    let modified =
        |path: &str| fs::metadata(site.path().join(path)).and_then(|m| m.modified()).expect("a file");
    let (a, b) = ("public/briefings/a/index.html", "public/briefings/b/index.html");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    for file in [a, b] {
        fs::File::options()
            .write(true)
            .open(site.path().join(file))
            .expect("a file")
            .set_modified(long_ago)
            .expect("a time");
    }
    site.write("content/briefings/b.md", B.replace("second", "second, changed"));
    site.build_cleanly();
    assert_eq!(modified(a), long_ago);
    assert_ne!(modified(b), long_ago);
    assert!(site.read(b).contains("The second, changed."));
}

#[test]
fn what_is_no_longer_made_is_removed_and_what_others_made_is_kept() {
    let site = two();
    site.build_cleanly();
    site.write("public/BingSiteAuth.xml", "<users/>");
    site.write("public/briefings/b/notes.txt", "mine");
    site.remove("content/briefings/a.md");
    site.remove("content/briefings/b.md");
    let run = site.build();
    assert_eq!(run.code, 0);
    assert!(!site.exists("public/briefings/a"), "a folder left empty goes too");
    assert!(!site.exists("public/briefings/b/index.html"));
    assert!(
        run.stdout
            .ends_with("not made by nutgraf, left alone:\n  BingSiteAuth.xml\n  briefings/b/notes.txt\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn an_edited_explainer_is_named_with_the_briefings_that_show_it() {
    let site = two();
    let explainer = "---\ntitle: X\nas_of: 2023-01-01\nsummary: In short.\n---\nText.\n";
    site.write("content/explainers/x.md", explainer);
    site.write("content/briefings/a.md", A.replace("---\nThe", "explainers: [x]\n---\nThe"));
    assert_eq!(site.build().stdout.lines().count(), 1, "nothing was there before");
    site.write("content/explainers/x.md", explainer.replace("In short", "In shorter"));
    let run = site.build();
    let said: Vec<&str> = run.stdout.lines().skip(1).collect();
    assert_eq!(
        said,
        ["content/explainers/x.md changed, and 1 briefing shows it:", "  content/briefings/a.md"]
    );
    assert_eq!(site.build().stdout.lines().count(), 1, "it is said once");
}

#[test]
fn a_foreign_file_in_the_way_of_a_page_is_named() {
    let site = two();
    site.build_cleanly();
    site.write("public/briefings/c/index.html", "mine");
    site.write("content/briefings/c.md", "---\ntitle: C\ndate: 2023-09-13\n---\nThe third.\n");
    let run = site.build();
    assert!(
        run.stdout.ends_with("not made by nutgraf, replaced:\n  briefings/c/index.html\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn after_a_refusal_nothing_of_somebody_else_is_taken_for_ours() {
    let site = two();
    site.build_cleanly();
    site.write("public/about/index.html", "theirs");
    site.write("public/zz", "theirs");
    site.write("content/pages/about.md", "---\ntitle: About\n---\nUs.\n");
    site.write("static/zz/a.txt", "ours");
    assert_eq!(site.build().code, 1);
    site.remove("content/pages/about.md");
    fs::remove_dir_all(site.path().join("static")).expect("removed");
    assert_eq!(site.build().code, 0);
    assert_eq!(site.read("public/about/index.html"), "theirs");
    assert_eq!(site.read("public/zz"), "theirs");
}

#[test]
fn nothing_withheld_leaves_a_trace() {
    let site = Site::new([
        ("nutgraf.yaml", SETTINGS),
        (
            "content/briefings/hidden.md",
            "---\ntitle: Buried Treaty\ndate: 2023-09-11\nslug: sec-slug\nembargo: 2030-01-01\ntopics: [Secret Matters]\nauthors: [Quiet Writer]\nthread: silent-thread\naliases: [/old-secret/]\nimage: {src: secret.svg, alt: x}\n---\nBuried lede.\n",
        ),
        (
            "content/briefings/secret.svg",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><!-- secret drawing --></svg>",
        ),
        (
            "content/briefings/a.md",
            "---\ntitle: A\ndate: 2023-09-11\nrelated: [sec-slug]\ndescription: \"See [this](/briefings/sec-slug/).\"\ncorrections: [{date: 2023-09-12, text: \"See [this](/briefings/sec-slug/) and [that](hidden.md).\"}]\nsources: [{title: A source, url: /briefings/sec-slug/}]\n---\nThe [lede](hidden.md), [old](/old-secret/), [hub](/topics/secret-matters/).\n\n::embed{url=\"/briefings/sec-slug/\" title=\"A card\"}\n",
        ),
        (
            "content/explainers/x.md",
            "---\ntitle: X\nas_of: 2023-01-01\nsummary: \"See [this](/briefings/sec-slug/).\"\nchanges: [{date: 2023-01-01, text: \"See [this](../briefings/hidden.md).\"}]\n---\nText.\n",
        ),
    ]);
    let run = site.build();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("under embargo until 2030-01-01"), "{}", run.stderr);
    for (path, bytes) in site.output() {
        let text = String::from_utf8_lossy(&bytes);
        for secret in ["sec-slug", "hidden.md", "uried", "secret", "Secret", "quiet-writer", "silent-thread"]
        {
            assert!(!text.contains(secret) && !path.contains(secret), "{secret} is in {path}:\n{text}");
        }
    }
}

#[test]
fn a_site_that_was_moved_still_knows_what_it_made() {
    let folder = Site::new([
        ("one/nutgraf.yaml", SETTINGS),
        ("one/content/briefings/a.md", A),
        ("one/content/briefings/b.md", B),
    ]);
    assert_eq!(folder.run(&["--site", "one", "build", "--now", NOW]).code, 0);
    fs::rename(folder.path().join("one"), folder.path().join("two")).expect("moved");
    folder.remove("two/content/briefings/b.md");
    assert_eq!(folder.run(&["--site", "two", "build", "--now", NOW]).code, 0);
    assert!(!folder.exists("two/public/briefings/b"), "a story that is gone is gone");
}

#[test]
fn a_page_can_become_a_folder_and_back() {
    let site = two();
    let settings = format!("{SETTINGS}permalinks: {{briefings: \"/x/{{slug}}.html\"}}\n");
    site.write("nutgraf.yaml", &settings);
    site.build_cleanly();
    assert!(site.exists("public/x/a.html"));
    site.write("nutgraf.yaml", settings.replace("/x/{slug}.html", "/x/a.html/{slug}/"));
    site.build_cleanly();
    assert!(site.exists("public/x/a.html/b/index.html"));
    site.write("nutgraf.yaml", &settings);
    site.build_cleanly();
    assert!(site.exists("public/x/a.html"));
    assert!(site.path().join("public/x/a.html").is_file());
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let outside = tempfile::tempdir().expect("a folder");
    let site = two();
    site.build_cleanly();
    fs::remove_dir_all(site.path().join("public/briefings/a")).expect("removed");
    std::os::unix::fs::symlink(outside.path(), site.path().join("public/briefings/a")).expect("a link");
    let run = site.build();
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("is in the way: it is no folder, or a link"), "{}", run.stderr);
    assert_eq!(files(outside.path()).len(), 0);
    let before = site.read("public/404.html");
    site.write("nutgraf.yaml", SETTINGS.replace("The Test", "Another name"));
    assert_eq!(site.build().code, 1);
    assert_eq!(site.read("public/404.html"), before, "nothing moves when something is in the way");
    site.write("nutgraf.yaml", SETTINGS);

    fs::remove_file(site.path().join("public/briefings/a")).expect("removed");
    fs::write(outside.path().join("secret"), "theirs").expect("a file");
    fs::remove_file(site.path().join("public/briefings/b/index.html")).expect("removed");
    std::os::unix::fs::symlink(
        outside.path().join("secret"),
        site.path().join("public/briefings/b/index.html"),
    )
    .expect("a link");
    site.build_cleanly();
    assert_eq!(fs::read_to_string(outside.path().join("secret")).expect("a file"), "theirs");
    assert!(site.read("public/briefings/b/index.html").contains("The second."));
}

#[test]
fn the_sites_own_folders_are_refused_as_output() {
    let site = two();
    for out in [".", "content", "content/briefings", "templates", "static/x", ".."] {
        let run = site.run(&["build", "--out", out]);
        assert_eq!(run.code, 1, "{out}");
        assert!(run.stderr.contains("cannot be the output folder"), "{out}: {}", run.stderr);
    }
    assert_eq!(site.read("content/briefings/a.md"), A);
}

#[test]
fn another_folder_and_another_address_can_be_named() {
    let site = two();
    let run = site.run(&[
        "build",
        "--now",
        NOW,
        "--out",
        "elsewhere/deep",
        "--base-url",
        "https://preview.example/branch",
    ]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let page = site.read("elsewhere/deep/index.html");
    assert!(page.contains("href=\"/branch/briefings/b/\""), "{page}");
    assert!(page.contains("href=\"https://preview.example/branch/\""), "{page}");
    assert!(!site.exists("public"));
}

#[cfg(unix)]
#[test]
fn a_killed_build_leaves_the_previous_output_whole() {
    let site = two();
    site.build_cleanly();
    let before = site.output();
    for i in 0..300 {
        site.write(
            &format!("content/briefings/more-{i}.md"),
            format!("---\ntitle: M{i}\ndate: 2023-09-13\n---\nMore.\n"),
        );
    }
    let stage_exists = || {
        fs::read_dir(site.path())
            .expect("the site")
            .any(|e| e.expect("an entry").file_name().to_string_lossy().contains("stage"))
    };
    let mut child = command()
        .current_dir(site.path())
        .args(["build", "--now", NOW])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    while !stage_exists() && child.try_wait().expect("a child").is_none() {
        std::thread::yield_now();
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    let after = site.output();
    let finished = after.len() > before.len() + 100;
    assert!(finished || after == before, "the output is either the old one or the new one");
    site.build_cleanly();
    assert!(!stage_exists(), "the next build clears what was left");
    assert_eq!(site.output().keys().filter(|path| path.starts_with("briefings/more-")).count(), 300);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_error_that_names_it() {
    let site = two();
    site.write("blocked", "a file where a folder is due");
    let run = site.run(&["build", "--out", "blocked/public"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("blocked"), "{}", run.stderr);
}
