//! `nutgraf deploy` to branches of git repositories, to rsync servers and over ssh.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::servers::{GIT, RsyncDaemon, Sshd, bare_repository, branch_files, git, missing};
use crate::ships::{
    FIRST, Twice, built, differences, history, paths, plan, settle, ship, ship_cleanly, site,
    third_for_second, without_records,
};
use crate::site::{NOW, Run, Site, command, files, run};

/// A site, and a repository of which it is shipped to a branch; none where there is no git.
fn with_branch(more: &str) -> Option<(Site, PathBuf)> {
    if missing(&["git"]) {
        return None;
    }
    let site = site("  none: \"file:x\"\n");
    let repository = site.path().join("remote.git");
    bare_repository(&repository);
    settle(&site, &format!("  pages: {{to: \"git+file://{}#gh-pages\"{more}}}\n", repository.display()));
    Some((site, repository))
}

/// A folder that an rsync server serves, and its address; none where there is no rsync.
fn served(read_only: bool) -> Option<(tempfile::TempDir, RsyncDaemon)> {
    let folder = tempfile::tempdir().expect("a folder");
    let server = RsyncDaemon::start(folder.path(), read_only)?;
    Some((folder, server))
}

#[test]
fn a_branch_is_just_the_site_and_has_its_history() {
    let Some((site, repository)) = with_branch("") else { return };
    site.write("static/a \"b\" – я.txt", "A name.");
    site.write("static/thing", "A file.");
    ship_cleanly(&site, &[]);
    assert_eq!(differences(&branch_files(&repository, "gh-pages"), &built(&site)), Vec::<String>::new());
    let first = built(&site);
    assert!(first.contains_key(".nojekyll") && first.contains_key("CNAME"));
    let again = ship_cleanly(&site, &[]);
    assert!(again.stdout.ends_with("nothing to ship: all of it is there already\n"), "{}", again.stdout);
    third_for_second(&site);
    site.remove("static/thing");
    site.write("static/thing/deeper.txt", "In a folder.");
    ship_cleanly(&site, &[]);
    assert_eq!(differences(&branch_files(&repository, "gh-pages"), &built(&site)), Vec::<String>::new());
    assert_eq!(git(&repository, &["rev-list", "--count", "gh-pages"]), "2");
    let subject = git(&repository, &["log", "-1", "--format=%s %an", "gh-pages"]);
    assert_eq!(subject, format!("Deploy {} Nutgraf", history(&site, "pages")[0]));
    // A machine that never saw it, as that of a workflow is.
    fs::remove_dir_all(site.path().join(".nutgraf")).expect("what was kept");
    ship_cleanly(&site, &["--rollback"]);
    assert_eq!(differences(&branch_files(&repository, "gh-pages"), &first), Vec::<String>::new());
    assert_eq!(git(&repository, &["rev-list", "--count", "gh-pages"]), "3");
    assert_eq!(
        git(&repository, &["for-each-ref", "--format=%(refname)"]),
        "refs/heads/gh-pages\nrefs/nutgraf/gh-pages"
    );
    assert_eq!(git(&repository, &["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn a_branch_without_history_is_one_commit_with_a_way_back() {
    let Some((site, repository)) = with_branch(", history: single") else { return };
    ship_cleanly(&site, &[]);
    let first = built(&site);
    third_for_second(&site);
    ship_cleanly(&site, &[]);
    assert_eq!(git(&repository, &["rev-list", "--count", "gh-pages"]), "1");
    assert_eq!(git(&repository, &["rev-list", "--count", "refs/nutgraf/gh-pages"]), "1");
    ship_cleanly(&site, &["--rollback"]);
    assert_eq!(differences(&branch_files(&repository, "gh-pages"), &first), Vec::<String>::new());
    assert_eq!(git(&repository, &["rev-list", "--count", "gh-pages"]), "1");
}

#[test]
fn what_somebody_else_pushed_is_seen_before_it_goes() {
    let Some((site, repository)) = with_branch("") else { return };
    let push = |name: &str| {
        let work = site.path().join("work");
        let _ = fs::remove_dir_all(&work);
        git(site.path(), &["clone", "-q", "remote.git", "work"]);
        let known = git(&repository, &["for-each-ref", "--format=%(refname)", "refs/heads/gh-pages"]);
        if known.is_empty() {
            git(&work, &["checkout", "-q", "--orphan", "gh-pages"]);
        } else {
            git(&work, &["checkout", "-q", "gh-pages"]);
        }
        fs::write(work.join(name), "theirs").expect("a file");
        git(&work, &["add", name]);
        git(&work, &["commit", "-q", "-m", "By hand"]);
        git(&work, &["push", "-q", "origin", "gh-pages"]);
    };
    push("README.md");
    assert_eq!(paths(&plan(&site, &[]), "deleted"), ["README.md"]);
    let run = ship(&site, &[]);
    assert!(run.code == 1 && run.stderr.contains("confirm it with `--deletes 1`"), "{}", run.stderr);
    ship_cleanly(&site, &["--deletes", "1"]);
    assert_eq!(differences(&branch_files(&repository, "gh-pages"), &built(&site)), Vec::<String>::new());
    push("index.html");
    site.write("content/briefings/first.md", FIRST.replace("The first", "minor"));
    assert_eq!(
        plan(&site, &[])["silent_edits"],
        serde_json::json!(["content/briefings/first.md"]),
        "it is still known"
    );
    site.write("content/briefings/first.md", FIRST);
    let run = ship(&site, &[]);
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "warning: the branch `gh-pages` was changed by something else than a deploy; what it has now is replaced\n"
    );
    assert_eq!(differences(&branch_files(&repository, "gh-pages"), &built(&site)), Vec::<String>::new());
}

#[test]
fn what_is_wrong_with_a_branch_is_said() {
    let Some((site, repository)) = with_branch("") else { return };
    let hook = repository.join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    fs::write(&hook, "#!/bin/sh\necho 'GH006: Protected branch update failed' >&2\nexit 1\n")
        .expect("a hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("a program");
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("error: the branch is protected; git says:\n"), "{}", run.stderr);
    assert!(
        run.stderr.ends_with("help: let this user push to it, or name another branch in nutgraf.yaml\n"),
        "{}",
        run.stderr
    );
    fs::remove_file(&hook).expect("a hook");
    ship_cleanly(&site, &[]);
    settle(&site, "  pages: \"git+file:///nowhere/site.git#gh-pages\"\n");
    let run = ship(&site, &[]);
    assert!(run.stderr.starts_with("error: there is nothing at this address; git says:\n"), "{}", run.stderr);
    settle(&site, "  pages: \"git+https://127.0.0.1:9/site.git#gh-pages\"\n");
    let run = ship(&site, &[]);
    assert!(run.stderr.starts_with("error: the host does not answer; git says:\n"), "{}", run.stderr);
    let mut without = command();
    without.current_dir(site.path()).args(["deploy", "--yes", "--now", NOW]).env("PATH", "/nowhere");
    let run = self::run(without);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with("error: `git` is not installed, or not found in PATH\n  help: "),
        "{}",
        run.stderr
    );
}

/// The folder of a server, and what is known of it.
fn of_server(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    without_records(files(folder))
}

#[test]
fn an_rsync_server_gets_the_site_and_gives_it_back() {
    let Some((folder, server)) = served(false) else { return };
    let site = site(&format!("  server: \"{}\"\n", server.url()));
    goes_and_comes_back(&site, folder.path());
}

#[test]
fn a_folder_over_ssh_gets_the_site_and_gives_it_back() {
    let home = tempfile::tempdir().expect("a folder");
    let Some(server) = Sshd::start(home.path()) else { return };
    if missing(&["rsync"]) {
        return;
    }
    let folder = home.path().join("www");
    let site = site(&format!("  server: \"ssh://{}@127.0.0.1{}\"\n", server.user(), folder.display()));
    let shell = server.command();
    site.write("env", &shell);
    let with_key = |arguments: &[&str]| -> Run {
        let all = [&["deploy", "--yes", "--now", NOW], arguments].concat();
        site.run_with(&all, &[("RSYNC_RSH", &shell)])
    };
    let run = with_key(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(differences(&of_server(&folder), &built(&site)), Vec::<String>::new());
    let first = built(&site);
    third_for_second(&site);
    assert_eq!(with_key(&[]).code, 0);
    assert_eq!(differences(&of_server(&folder), &built(&site)), Vec::<String>::new());
    assert_eq!(with_key(&["--rollback"]).code, 0);
    assert_eq!(differences(&of_server(&folder), &first), Vec::<String>::new());
    // A branch over ssh.
    let repository = home.path().join("remote.git");
    bare_repository(&repository);
    settle(
        &site,
        &format!("  pages: \"git+ssh://{}@127.0.0.1{}#gh-pages\"\n", server.user(), repository.display()),
    );
    let environment = [GIT, &[("GIT_SSH_COMMAND", shell.as_str())]].concat();
    let run = site.run_with(&["deploy", "--yes", "--now", NOW], &environment);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(differences(&branch_files(&repository, "gh-pages"), &built(&site)), Vec::<String>::new());
    // Without the key nobody is let in.
    let run = site.run_with(
        &["deploy", "--yes", "--now", NOW, "--force"],
        &[("GIT_SSH_COMMAND", &shell.replace("/user'", "/host'"))],
    );
    assert_eq!(run.code, 1);
    assert!(run.stderr.starts_with("error: the host does not know this user; git says:\n"), "{}", run.stderr);
}

fn goes_and_comes_back(site: &Site, folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o751)).expect("a folder of ours");
    for name in
        ["a b.txt", "-dash.txt", "#hash.txt", "back\\slash.txt", "star*[x].txt", "star*[y].txt", "я.txt"]
    {
        site.write(&format!("static/odd/{name}"), format!("This is {name}."));
    }
    site.write("static/flat/file.txt", "Not flat.");
    ship_cleanly(site, &[]);
    assert_eq!(differences(&of_server(folder), &built(site)), Vec::<String>::new());
    let mode =
        |path: &str| fs::metadata(folder.join(path)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(".nutgraf"), 0o700, "what was taken back is not for readers");
    assert_eq!(
        (mode(""), mode("briefings"), mode("index.html")),
        (0o751, 0o755, 0o644),
        "the folder is as it was"
    );
    let again = ship_cleanly(site, &[]);
    assert!(again.stdout.ends_with("nothing to ship: all of it is there already\n"), "{}", again.stdout);
    let first = built(site);
    third_for_second(site);
    site.write("static/odd/star*[x].txt", "Another.");
    site.remove("static/odd/a b.txt");
    // A file becomes a folder, and a folder a file.
    site.remove("static/odd/я.txt");
    site.write("static/odd/я.txt/я.txt", "Deeper.");
    fs::remove_dir_all(site.path().join("static/flat")).expect("a folder");
    site.write("static/flat", "Flat.");
    let theirs = ["briefings/second/theirs.txt", "theirs.txt"];
    for name in theirs {
        fs::write(folder.join(name), "theirs").expect("a file");
    }
    ship_cleanly(site, &[]);
    let second = built(site);
    assert_eq!(differences(&of_server(folder), &second), theirs, "what others put there stays");
    for name in theirs {
        fs::remove_file(folder.join(name)).expect("a file");
    }
    fs::remove_dir(folder.join("briefings/second")).expect("an empty folder");
    ship_cleanly(site, &["--rollback"]);
    assert_eq!(differences(&of_server(folder), &first), Vec::<String>::new());
    ship_cleanly(site, &["--rollback"]);
    assert_eq!(differences(&of_server(folder), &second), Vec::<String>::new());
    assert_eq!(history(site, "server").len(), 4);
}

#[test]
fn compressed_forms_go_to_a_server_too() {
    let Some((folder, server)) = served(false) else { return };
    let site = site(&format!("  server: {{to: \"{}\", compress: gzip}}\n", server.url()));
    ship_cleanly(&site, &[]);
    let there = of_server(folder.path());
    assert!(there.contains_key("index.html.gz") && there.contains_key("briefings/first/index.html.gz"));
    site.write(
        "content/briefings/first.md",
        FIRST.replace("title", "minor: true\ntitle").replace("lede", "words"),
    );
    ship_cleanly(&site, &[]);
    let page = &of_server(folder.path())["briefings/first/index.html.gz"];
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&page[..]), &mut unpacked).expect("gzip");
    assert_eq!(unpacked, built(&site)["briefings/first/index.html"]);
}

#[test]
fn killed_at_any_moment_a_server_shows_whole_pages_and_the_next_deploy_goes_on() {
    let Some((folder, server)) = served(false) else { return };
    let twice = Twice::new(25, &format!("  server: \"{}\"\n", server.url()));
    twice.kill(5, |path| fs::read(folder.path().join(path)).ok(), || of_server(folder.path()));
}

#[test]
fn what_is_wrong_with_a_server_is_said() {
    let Some((folder, server)) = served(true) else { return };
    let site = site(&format!("  server: \"{}\"\n", server.url()));
    let run = ship(&site, &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.starts_with("error: nothing can be written there: it is read-only; rsync says:\n"),
        "{}",
        run.stderr
    );
    settle(&site, &format!("  server: \"{}\"\n", server.url().replace("/site", "/sites")));
    let run = ship(&site, &[]);
    assert!(
        run.stderr.starts_with("error: there is nothing at this address; rsync says:\n"),
        "{}",
        run.stderr
    );
    settle(&site, "  server: \"rsync://127.0.0.1:9/site\"\n");
    let run = ship(&site, &[]);
    assert!(run.stderr.starts_with("error: the host does not answer; rsync says:\n"), "{}", run.stderr);
    assert_eq!(files(folder.path()).len(), 0);
}
