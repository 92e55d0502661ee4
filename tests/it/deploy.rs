//! `nutgraf deploy`: plans, what is refused, the way back; shipped to a folder of this machine.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::servers::missing;
use crate::ships::{
    FIRST, Twice, about, at, built, differences, history, paths, plain, plan, settle, ship, ship_cleanly,
    site, third, third_for_second,
};
use crate::site::{NOW, Site, command, run};

const HERE: &str = "  local: \"file:www/site\"\n";

fn place(site: &Site) -> PathBuf {
    site.path().join("www/site")
}

#[cfg(feature = "cards")]
#[test]
fn a_plan_says_what_is_new_changed_and_deleted_and_why() {
    let site = site(HERE);
    let first = site.run(&["deploy", "--plan", "--now", NOW]);
    assert_eq!(
        plain(&first.stdout),
        "11 pages and 19 files in ./public (30 changed, 0 removed) in T s\n\
         to local (file:www/site)\n\
         nothing was deployed there before\n\
         new: 30 files (5 pictures, cards and sheets, 1 other file, 2 briefings, 1 explainer, 1 page, 6 lists, 1 front page, 6 feeds, 2 sitemaps, 5 files for hosts), 240.9 KB\n\
        \x20 + /assets/icon-46481dc6c2823c21-512.png\n  + /assets/icon-4c015d0857e6a0b2-180.png\n  + /assets/icon-5a626bec66026eba.svg\n  + /assets/icon-6d9e71c29a21d676-192.png\n  + /assets/sea-0bd3f61cb3467e91.svg\n  + /site.webmanifest\n  + /briefings/first/index.html\n  + /briefings/second/index.html\n  + /explainers/water/index.html\n  + /404.html\n  and 20 more (`-v` names them all)\n"
    );
    assert!(!site.exists("www"), "a plan writes nothing");
    ship_cleanly(&site, &[]);
    site.write(
        "content/briefings/first.md",
        FIRST.replace("The first", "A new").replace("title", "minor: true\ntitle"),
    );
    third_for_second(&site);
    let run = site.run(&["deploy", "--plan", "--now", NOW]);
    assert_eq!(
        plain(&run.stdout),
        "11 pages and 19 files in ./public (10 changed, 1 removed) in T s\n\
         to local (file:www/site)\n\
         there now: ID  DATE TIME, 30 files\n\
         new: 1 file (1 briefing), 25.8 KB\n  + /briefings/third/index.html\n\
         changed: 9 files (1 briefing, 1 explainer, 1 page, 1 list, 1 front page, 3 feeds, 1 sitemap), 117.0 KB\n  \
         ~ /briefings/first/index.html  bytes\n  ~ /explainers/water/index.html  bytes\n  ~ /404.html  bytes\n  \
         ~ /briefings/index.html  bytes\n  ~ /index.html  bytes\n  ~ /atom.xml  bytes\n  ~ /feed.json  bytes\n  \
         ~ /feed.xml  bytes\n  ~ /sitemap.xml  bytes\n\
         deleted: 1 file (1 briefing), 25.9 KB\n  - /briefings/second/index.html\n\
         unchanged: 20 files\n"
    );
}

#[test]
fn a_plan_for_programs_names_every_file() {
    let site = site(HERE);
    ship_cleanly(&site, &[]);
    site.write(
        "content/explainers/water.md",
        "---\ntitle: Water\nas_of: 2023-01-01\nsummary: Water, anew.\n---\nWet.\n",
    );
    let plan = plan(&site, &[]);
    assert_eq!(plan["target"], "local");
    assert_eq!(plan["last"]["files"], built(&site).len());
    assert_eq!(paths(&plan, "new"), Vec::<String>::new());
    assert_eq!(paths(&plan, "deleted"), Vec::<String>::new());
    let changed = paths(&plan, "changed");
    assert!(changed.contains(&"briefings/first/index.html".to_owned()), "{changed:?}");
    assert!(!changed.contains(&"briefings/second/index.html".to_owned()), "{changed:?}");
    assert_eq!(plan["explainers"], json!({"content/explainers/water.md": ["briefings/first/index.html"]}));
    assert_eq!(plan["shipped"], false);
    let text = site.run(&["deploy", "--plan", "--now", NOW]).stdout;
    assert!(
        text.contains(
            "content/explainers/water.md changed, and 1 page changes with it:\n  briefings/first/index.html\n"
        ),
        "{text}"
    );
}

#[test]
fn a_folder_is_switched_at_once_and_holds_just_the_site() {
    let site = site(HERE);
    let run = ship_cleanly(&site, &[]);
    assert!(plain(&run.stdout).ends_with("shipped to local: deploy ID\n"), "{}", run.stdout);
    assert!(place(&site).is_symlink());
    assert_eq!(differences(&at(&place(&site)), &built(&site)), Vec::<String>::new());
    let (before, inode) = (fs::read_link(place(&site)).expect("a link"), inode(&site, "robots.txt"));
    let again = ship_cleanly(&site, &[]);
    assert!(again.stdout.ends_with("nothing to ship: all of it is there already\n"), "{}", again.stdout);
    assert_eq!(fs::read_link(place(&site)).expect("a link"), before);
    third(&site);
    ship_cleanly(&site, &[]);
    assert_ne!(fs::read_link(place(&site)).expect("a link"), before);
    assert_eq!(differences(&at(&place(&site)), &built(&site)), Vec::<String>::new());
    assert_eq!(inode, self::inode(&site, "robots.txt"), "what did not change is not written again");
}

fn inode(site: &Site, path: &str) -> u64 {
    fs::metadata(place(site).join(path)).expect("a file").ino()
}

#[test]
fn an_earlier_deploy_is_gone_back_to_byte_for_byte() {
    let site = site(HERE);
    ship_cleanly(&site, &[]);
    let first = at(&place(&site));
    third_for_second(&site);
    ship_cleanly(&site, &[]);
    let second = at(&place(&site));
    assert_ne!(first, second);
    let known = history(&site, "local");
    assert_eq!(known.len(), 2);
    let run = ship_cleanly(&site, &["--rollback"]);
    assert!(plain(&run.stdout).ends_with("went back to ID to local: deploy ID\n"), "{}", run.stdout);
    assert_eq!(differences(&at(&place(&site)), &first), Vec::<String>::new());
    ship_cleanly(&site, &["--rollback", &known[0]]);
    assert_eq!(differences(&at(&place(&site)), &second), Vec::<String>::new());
    let (listed, n) = (site.run(&["deploy", "--history"]), first.len());
    assert_eq!(
        plain(&listed.stdout),
        format!(
            "ID  DATE TIME, {n} files, back to ID\nID  DATE TIME, {n} files, back to ID\nID  DATE TIME, {n} files\nID  DATE TIME, {n} files\n"
        )
    );
    let run = ship(&site, &["--rollback", "yesterday"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            1,
            "error: there is no deploy `yesterday` to go back to\n  help: `nutgraf deploy --history` lists them\n"
        )
    );
}

#[test]
fn what_was_replaced_is_kept_only_for_as_long_as_the_settings_say() {
    let change = |site: &Site, n: u32| {
        site.write("content/pages/about.md", format!("---\ntitle: About {n}\n---\nVersion {n}.\n"));
        ship_cleanly(site, &[]);
    };
    let releases =
        |site: &Site| fs::read_dir(site.path().join("www/.site.nutgraf/releases")).expect("releases").count();
    let forgetful = site("  local: {to: \"file:www/site\", keep: off}\n");
    change(&forgetful, 1);
    change(&forgetful, 2);
    assert_eq!((history(&forgetful, "local").len(), releases(&forgetful)), (1, 1));
    let run = ship(&forgetful, &["--rollback"]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("error: there is no earlier deploy to go back to\n"), "{}", run.stderr);
    let short = site("  local: {to: \"file:www/site\", keep: 1 ms}\n");
    for n in 1..=4 {
        change(&short, n);
    }
    // The last but one was there until just now.
    assert_eq!((history(&short, "local").len(), releases(&short)), (2, 2));
}

#[test]
fn a_site_with_errors_is_not_shipped() {
    let site = site(HERE);
    site.write("content/briefings/first.md", FIRST.replace("[water]", "[fire]"));
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("fire") && !site.exists("www"), "{}", run.stderr);
}

#[test]
fn more_deletions_than_the_settings_allow_need_their_number() {
    let site = site("  local: {to: \"file:www/site\", max_deletes: 1}\n");
    ship_cleanly(&site, &[]);
    let before = at(&place(&site));
    for name in ["first.md", "second.md", "sea.svg"] {
        site.remove(&format!("content/briefings/{name}"));
    }
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert_eq!(
        run.stderr,
        format!(
            "error: this would delete 3 files of the {} there are; without being told to, at most 1 may go\n  \
         help: if that is right, confirm it with `--deletes 3`; `max_deletes` in nutgraf.yaml is the limit\n",
            before.len()
        )
    );
    assert_eq!(differences(&at(&place(&site)), &before), Vec::<String>::new());
    let plan = plan(&site, &[]);
    assert_eq!(plan["deletes"], json!({"files": 3, "limit": 1, "allowed": false}));
    assert_eq!(ship(&site, &["--deletes", "1"]).code, 1);
    ship_cleanly(&site, &["--deletes", "3"]);
    assert_eq!(differences(&at(&place(&site)), &built(&site)), Vec::<String>::new());
}

#[test]
fn a_built_folder_is_shipped_as_it_is_unless_it_tells_what_is_withheld() {
    let site = site(HERE);
    site.write("content/briefings/secret.md", "---\ntitle: The minister will resign\ndate: 2023-09-13\nembargo: 2024-02-01\n---\nShe says so in a letter to the president.\n");
    site.build_cleanly();
    site.write("public/.DS_Store", "x");
    site.write("public/by-hand.html", "<!DOCTYPE html><title>By hand</title></html>");
    let folder = ["--from", "public"];
    ship_cleanly(&site, &folder);
    let mut expected = built(&site);
    expected.remove(".DS_Store");
    assert_eq!(differences(&at(&place(&site)), &expected), Vec::<String>::new());
    let before = at(&place(&site));
    // Built for a later moment, with drafts, or by hand: what is in it is not for readers yet.
    assert_eq!(site.run(&["build", "--now", "2024-03-01"]).code, 0);
    let run = ship(&site, &folder);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("error[withheld-leak]: the headline of this is in what would be published"),
        "{}",
        run.stderr
    );
    assert_eq!(differences(&at(&place(&site)), &before), Vec::<String>::new());
    site.write(
        "content/briefings/secret.md",
        "---\ntitle: The minister will resign\ndate: 2023-09-13\ndraft: true\n---\nText.\n",
    );
    assert_eq!(site.run(&["build", "--now", NOW, "--drafts"]).code, 0);
    let run = ship(&site, &folder);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("error[withheld-leak]: the headline of this is in"), "{}", run.stderr);
    assert!(
        run.stderr.contains("; this folder was built with `--drafts`, for a later moment, or by hand"),
        "{}",
        run.stderr
    );
    // Also one whose headline is too short to be told from other words, and in a plan.
    site.write(
        "content/briefings/secret.md",
        "---\ntitle: Secret\ndate: 2023-09-13\ndraft: true\n---\nText.\n",
    );
    assert_eq!(site.run(&["build", "--now", NOW, "--drafts"]).code, 0);
    let run = site.run(&["deploy", "--plan", "--now", NOW, "--from", "public"]);
    assert!(run.code == 1 && run.stderr.contains("error[withheld-leak]: the slug of this"), "{}", run.stderr);
    assert_eq!(ship(&site, &folder).code, 1);
    // Once it is for readers, it is shipped.
    site.write(
        "content/briefings/secret.md",
        "---\ntitle: The minister will resign\ndate: 2023-09-13\n---\nText.\n",
    );
    site.build_cleanly();
    ship_cleanly(&site, &folder);
    let run = ship(&site, &["--from", "nowhere"]);
    assert_eq!((run.code, run.stderr.as_str()), (2, "error: nowhere is no folder\n"));
}

#[test]
fn files_of_others_in_the_output_folder_are_left_out() {
    let site = site(HERE);
    site.build_cleanly();
    site.write("public/notes.txt", "by hand");
    let run = ship_cleanly(&site, &[]);
    assert!(run.stdout.contains("not of this build, left out:\n  notes.txt\n"), "{}", run.stdout);
    assert!(!place(&site).join("notes.txt").exists() && site.exists("public/notes.txt"));
}

#[test]
fn a_text_that_changed_silently_is_named() {
    let site = site(HERE);
    ship_cleanly(&site, &[]);
    let edited = FIRST.replace("The first lede", "Another lede");
    site.write("content/briefings/first.md", &edited);
    let said = "warning[silent-edit]: the text of this changed since it was published, and nothing tells its readers\n \
                --> content/briefings/first.md:2:8\n";
    let run = site.run(&["deploy", "--plan", "--now", NOW]);
    assert!(run.code == 0 && run.stderr.starts_with(said), "{}", run.stderr);
    assert_eq!(plan(&site, &[])["silent_edits"], json!(["content/briefings/first.md"]));
    // Line breaks and what is no text are nothing to readers; a typo says so; all else tells readers.
    for (name, text) in [
        ("other lines", FIRST.replace("first lede", "first\nlede")),
        ("another label", FIRST.replace("title:", "kicker: News\ntitle:")),
        ("a comment", FIRST.replace("lede of", "lede <!-- to be looked at --> of")),
        ("a typo", edited.replace("title:", "minor: true\ntitle:")),
        ("a date of change", edited.replace("title:", "updated: 2023-09-12\ntitle:")),
        (
            "a correction",
            edited.replace("title:", "corrections: [{date: 2023-09-12, text: It was another.}]\ntitle:"),
        ),
    ] {
        site.write("content/briefings/first.md", text);
        let run = site.run(&["deploy", "--plan", "--now", NOW]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{name}");
    }
    for edited in [
        FIRST.replace("(sea.svg)", "(sea.svg)\n\n:::numbers\n- **46** days: the war\n:::"),
        FIRST.replace("title: First", "title: Last"),
    ] {
        site.write("content/briefings/first.md", edited);
        assert_eq!(plan(&site, &[])["silent_edits"], json!(["content/briefings/first.md"]));
    }
    site.write("content/briefings/first.md", &edited);
    settle(&site, &format!("{HERE}check: {{rules: {{silent-edit: error}}}}\n"));
    let run = ship(&site, &[]);
    assert!(run.code == 1 && run.stderr.contains("error[silent-edit]"), "{}", run.stderr);
    assert!(at(&place(&site))["briefings/first/index.html"].windows(9).any(|part| part == b"The first"));
    settle(&site, HERE);
    let run = ship(&site, &[]);
    assert_eq!(run.code, 0, "a warning stops nobody who is not asked: {}", run.stderr);
    assert!(site.run(&["deploy", "--plan", "--now", NOW]).stderr.is_empty(), "it is known now");
}

#[test]
fn who_sits_at_a_terminal_is_asked() {
    if missing(&["script"]) {
        return;
    }
    let site = site("  local: {to: \"file:www/site\", max_deletes: 1}\n");
    let answer = |answer: &str| {
        let program = format!("{} deploy --now {NOW}", env!("CARGO_BIN_EXE_nutgraf"));
        let mut script = Command::new("script");
        script.args(["-qec", &program, "/dev/null"]).current_dir(site.path());
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        std::io::Write::write_all(&mut stdin, format!("{answer}\n").as_bytes()).expect("it reads");
        let done = child.wait_with_output().expect("it ends");
        drop(stdin);
        (done.status.code(), String::from_utf8_lossy(&done.stdout).replace('\r', ""))
    };
    let (code, said) = answer("n");
    assert!(said.contains("Ship this to local? [y/N]") && said.contains("nothing was shipped"), "{said}");
    assert!(code == Some(1) && !site.exists("www"));
    let (code, said) = answer("y");
    assert!(code == Some(0) && said.contains("shipped to local"), "{said}");
    site.write("content/briefings/first.md", FIRST.replace("The first", "Another"));
    let (_, said) = answer("n");
    assert!(said.contains("Ship this to local although 1 published text changed silently? [y/N]"), "{said}");
    site.remove("content/briefings/first.md");
    site.remove("content/briefings/sea.svg");
    let (code, said) = answer("y");
    assert!(code == Some(1) && said.contains("Type 2 to delete them:"), "{said}");
    let (code, said) = answer("2");
    assert!(code == Some(0) && said.contains("shipped to local"), "{said}");
    // Where nobody is, nobody is asked.
    let run = site.run(&["deploy", "--now", NOW, "--force"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: nobody is there to be asked: give `--yes` to ship this, or `--plan` to only see it\n"
    );
}

#[test]
fn an_older_version_of_an_explainer_is_named_too() {
    let site = site(HERE);
    site.remove("content/explainers/water.md");
    let version = |date: &str, text: &str| {
        let front = "title: Water\nsummary: What water is.";
        site.write(&format!("content/explainers/water/{date}.md"), format!("---\n{front}\n---\n{text}\n"));
    };
    version("2023-01-01", "Water is wet.");
    version("2023-12-01", "Water is very wet.");
    site.write("content/briefings/first.md", FIRST.replace("[water]", "[{ref: water, show: full}]"));
    assert_eq!(ship(&site, &[]).code, 0);
    version("2023-01-01", "Water was wet.");
    let changed = plan(&site, &[]);
    assert_eq!(
        changed["explainers"],
        json!({"content/explainers/water/2023-01-01.md": ["briefings/first/index.html"]})
    );
}

#[test]
fn a_moment_that_has_not_come_is_only_looked_at() {
    let site = site(HERE);
    let run = site.run(&["deploy", "--yes", "--now", "2999-01-01"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with("error: the site is seen at a moment that has not come"),
        "{}",
        run.stderr
    );
    assert!(!site.exists("www"));
    assert_eq!(site.run(&["deploy", "--plan", "--now", "2999-01-01"]).code, 0);
}

#[test]
fn a_folder_that_was_built_for_another_address_is_not_shipped() {
    let site = site(
        "  local: \"file:www/site\"\n  staging: {to: \"file:www/staging\", url: \"https://staging.example.net\"}\n",
    );
    ship_cleanly(&site, &["staging"]);
    let run = ship(&site, &["local", "--from", "public"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with("error: public was built for another address: https://staging.example.net/"),
        "{}",
        run.stderr
    );
    ship_cleanly(&site, &["staging", "--from", "public"]);
    let run = ship(&site, &["--from", "content"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "error: content is no built site: it has no index.html\n")
    );
}

#[test]
fn what_somebody_wrote_into_the_folder_by_hand_does_not_come_back() {
    let site = site(HERE);
    ship_cleanly(&site, &[]);
    fs::write(place(&site).join("robots.txt"), "by hand").expect("a file");
    about(&site);
    ship_cleanly(&site, &[]);
    assert_eq!(differences(&at(&place(&site)), &built(&site)), Vec::<String>::new());
    let run = ship(&site, &["--rollback"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("its robots.txt is not kept any more, or was changed by hand"),
        "{}",
        run.stderr
    );
    assert_eq!(differences(&at(&place(&site)), &built(&site)), Vec::<String>::new());
}

#[test]
fn what_the_server_reads_is_for_everybody() {
    let site = site(HERE);
    let program = format!("umask 077; {} deploy --yes --now {NOW}", env!("CARGO_BIN_EXE_nutgraf"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &program]).current_dir(site.path());
    assert_eq!(run(shell).code, 0);
    let mode =
        |path: &str| fs::metadata(site.path().join("www").join(path)).expect("it is there").mode() & 0o777;
    assert_eq!(mode("site/index.html"), 0o644);
    assert_eq!((mode("site/briefings/first"), mode("site"), mode(".site.nutgraf")), (0o755, 0o755, 0o755));
}

#[test]
fn a_place_that_is_somebody_elses_is_left_alone() {
    let site = site(HERE);
    site.write("www/site/index.html", "ours");
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("is a folder with files, which no deploy made\n  help: move it away"),
        "{}",
        run.stderr
    );
    assert_eq!(site.read("www/site/index.html"), "ours");
    site.remove("www/site/index.html");
    ship_cleanly(&site, &[]);
    assert_eq!(differences(&at(&place(&site)), &built(&site)), Vec::<String>::new());
    fs::remove_file(place(&site)).expect("a link");
    std::os::unix::fs::symlink("elsewhere", place(&site)).expect("a link");
    let run = ship(&site, &[]);
    assert!(run.stderr.contains("is a link to elsewhere, which no deploy made"), "{}", run.stderr);
}

#[test]
fn a_second_deploy_waits_its_turn() {
    let site = site(HERE);
    ship_cleanly(&site, &[]);
    let lock = File::create(site.path().join("www/.site.nutgraf/lock")).expect("a lock");
    lock.lock().expect("a lock");
    let run = ship(&site, &["--force"]);
    assert!(
        run.code == 1 && run.stderr.contains("/www/site is under way\n  help: wait until it is done\n"),
        "{}",
        run.stderr
    );
    drop(lock);
    ship_cleanly(&site, &["--force"]);
}

#[test]
fn where_nothing_can_be_written_readers_see_what_they_saw() {
    let site = site("  local: \"file:/sys/nutgraf/site\"\n");
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains("see who may write there; readers still see the site as it was"),
        "{}",
        run.stderr
    );
}

/// A disk that is full after a few hundred kilobytes, in a space of mounts of its own.
#[test]
fn a_full_disk_leaves_the_site_as_it_was() {
    if missing(&["unshare", "mount"]) {
        return;
    }
    let site = site("  small: \"file:disk/site\"\n");
    site.write("disk/.keep", "");
    let deploy = format!("{} deploy --yes --now {NOW}", env!("CARGO_BIN_EXE_nutgraf"));
    let script = format!(
        "set -e; mount -t tmpfs -o size=700k none disk || exit 99; {deploy} > /dev/null; before=$(cat disk/site/index.html | cksum); \
         head -c 600000 /dev/urandom > static/large.bin; if {deploy} 2>said; then exit 98; fi; cat said; \
         test \"$before\" = \"$(cat disk/site/index.html | cksum)\"; test ! -e disk/site/large.bin; \
         rm static/large.bin; echo More. >> content/pages/about.md; {deploy} > /dev/null"
    );
    site.write("static/.keep", "");
    about(&site);
    let mut shell = Command::new("unshare");
    shell.args(["-m", "-r", "sh", "-c", &script]).current_dir(site.path());
    let run = run(shell);
    if run.code == 99 {
        assert!(std::env::var_os("CI").is_none(), "a disk of a test's own: {}", run.stderr);
        return;
    }
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("No space left on device"), "{}", run.stdout);
    assert!(
        run.stdout.contains("make room there and run this again; readers still see the site as it was"),
        "{}",
        run.stdout
    );
}

#[test]
fn compressed_forms_lie_beside_the_files() {
    let site = site("  local: {to: \"file:www/site\", compress: [gzip, br]}\n");
    ship_cleanly(&site, &[]);
    let shipped = at(&place(&site));
    for (path, bytes) in built(&site) {
        assert_eq!(shipped.get(&path), Some(&bytes), "{path}");
        let is_for_hosts = ["_headers", "_redirects", "robots.txt"].contains(&path.as_str());
        let is_packed = bytes.len() >= 256 && !path.ends_with(".png") && !is_for_hosts;
        assert_eq!(shipped.contains_key(&format!("{path}.gz")), is_packed, "{path}");
        assert_eq!(shipped.contains_key(&format!("{path}.br")), is_packed, "{path}");
        if let Some(packed) = shipped.get(&format!("{path}.gz")) {
            let mut unpacked = Vec::new();
            let mut reader = flate2::read::GzDecoder::new(&packed[..]);
            std::io::Read::read_to_end(&mut reader, &mut unpacked).expect("gzip");
            assert_eq!(unpacked, bytes, "{path}");
        }
    }
}

#[test]
fn a_command_of_ones_own_gets_the_addresses_that_changed() {
    let site = site("  local: {to: \"file:www/site\", purge: {command: \"sh -c 'cat > addresses.txt'\"}}\n");
    let run = ship_cleanly(&site, &[]);
    let addresses = site.read("addresses.txt");
    assert!(
        run.stdout.contains(&format!("`sh` got {} addresses\n", addresses.lines().count())),
        "{}",
        run.stdout
    );
    assert!(addresses.lines().any(|line| line == "https://example.org/briefings/first/"), "{addresses}");
    assert!(!addresses.contains("/assets/"), "names with a hash are new each time: {addresses}");
    settle(&site, "  local: {to: \"file:www/site\", purge: {command: \"sh -c 'echo no >&2; exit 3'\"}}\n");
    let run = ship(&site, &["--force"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (0, "warning: `sh` failed: no\n"),
        "the deploy counts all the same"
    );
}

#[test]
fn without_a_target_or_with_a_wrong_one_the_way_is_said() {
    let nowhere = Site::new([("nutgraf.yaml", crate::site::SETTINGS)]);
    let run = nowhere.run(&["deploy"]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.starts_with("error: nutgraf.yaml names no place to ship to: add `deploy:"),
        "{}",
        run.stderr
    );
    let site = site("  production: \"file:www/a\"\n  staging: \"file:www/b\"\n");
    let run = site.run(&["deploy", "stagin"]);
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (2, "error: `deploy` in nutgraf.yaml has no target `stagin`; did you mean `staging`?\n")
    );
    ship_cleanly(&site, &["staging"]);
    assert!(site.path().join("www/b").exists() && !site.path().join("www/a").exists());
    let run = site.run(&["deploy", "--history"]);
    assert_eq!((run.code, run.stderr.as_str()), (3, "nothing was deployed there\n"));
}

#[test]
fn a_target_with_an_address_of_its_own_is_built_for_it() {
    let site = site("  staging: {to: \"file:www/site\", url: \"https://staging.example.net\"}\n");
    ship_cleanly(&site, &[]);
    let page = String::from_utf8(at(&place(&site))["index.html"].clone()).expect("UTF-8");
    assert!(
        page.contains("https://staging.example.net/") && !page.contains("https://example.org/"),
        "{page}"
    );
}

#[test]
fn killed_at_any_moment_a_folder_is_one_site_or_the_other() {
    folder_killed(10, 40);
}

#[test]
#[ignore = "takes minutes"]
fn killed_at_fifty_moments_a_folder_of_two_thousand_files_is_whole() {
    folder_killed(50, 650);
}

fn folder_killed(times: u32, briefings: usize) {
    let twice = Twice::new(briefings, HERE);
    let place = place(&twice.site);
    twice.kill(times, |path| fs::read(place.join(path)).ok(), || at(&place));
}

#[test]
fn of_two_deploys_at_once_one_wins_and_the_site_is_whole() {
    let twice = Twice::new(30, HERE);
    let place = place(&twice.site);
    for _ in 0..5 {
        let (mut one, mut other) = (twice.start(0), twice.start(1));
        let ended = [one.wait().expect("it ends").code(), other.wait().expect("it ends").code()];
        assert!(ended.contains(&Some(0)), "{ended:?}");
        let now = at(&place);
        assert!(twice.files.contains(&now), "it is one of the two");
    }
    let mut help = command();
    help.args(["deploy", "--help"]);
    assert!(run(help).stdout.contains("--rollback [<ID>]"));
}
