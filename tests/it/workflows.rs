//! `nutgraf new --ci`: the workflows are what their runners expect, and their scripts do what they say.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::servers::{GIT, bare_repository, branch_files, git, missing};
use crate::ships::{about, built, differences, settle, site};
use crate::site::{NOW, Run, Site, run};

/// A workflow as its runner reads it.
fn workflow(site: &Site, runner: &str, file: &str) -> Value {
    let run = site.run(&["new", "--ci", runner]);
    assert_eq!((run.code, run.stdout.trim()), (0, format!("./{file}").as_str()), "{}", run.stderr);
    let text = site.read(file);
    nutgraf::yaml::parse(&text, 0..text.len()).expect("YAML").to_json()
}

/// Runs a script of a workflow as its runner does, at a moment, with the program on the path.
fn script(site: &Site, script: &str, now: &str, environment: &[(&str, &str)]) -> Run {
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_nutgraf")).parent().expect("a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let epoch = now.parse::<jiff::Timestamp>().expect("a time").as_second().to_string();
    let mut shell = Command::new("bash");
    shell
        .args(["-e", "-c", script])
        .current_dir(site.path())
        .env("PATH", path)
        .env("SOURCE_DATE_EPOCH", epoch);
    shell.envs(GIT.iter().copied()).envs(environment.iter().copied());
    run(shell)
}

#[test]
fn the_workflow_of_github_ships_on_a_push_and_when_the_site_changes_by_itself() {
    if missing(&["bash", "git"]) {
        return;
    }
    let site = site("  none: \"file:x\"\n");
    let repository = site.path().join("remote.git");
    bare_repository(&repository);
    settle(&site, &format!("  pages: \"git+file://{}#gh-pages\"\n", repository.display()));
    site.write("content/briefings/later.md", "---\ntitle: Later\nembargo: 2024-02-01\n---\nTo come.\n");
    site.write(".gitignore", "/public/\n/.nutgraf/\n/remote.git/\n");
    let commit = || {
        git(site.path(), &["add", "-A"]);
        git(site.path(), &["commit", "-q", "--allow-empty", "-m", "Sources"]);
    };
    git(site.path(), &["init", "-q", "-b", "trunk"]);
    let workflow = workflow(&site, "github", ".github/workflows/site.yml");
    commit();
    assert_eq!(workflow["on"]["push"]["branches"][0], "trunk", "the branch that is there");
    let steps = workflow["jobs"]["site"]["steps"].as_array().expect("steps");
    let of = |name: &str| {
        steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("a step {name}"))
    };
    assert_eq!(of("Check")["run"], "nutgraf check --format github");
    assert!(steps.iter().all(|step| step["run"].is_string() || step["uses"].is_string()));
    let deploy = of("Deploy")["run"].as_str().expect("a script");
    let at = |now: &str, event: &str| script(&site, deploy, now, &[("GITHUB_EVENT_NAME", event)]);
    let shown = || branch_files(&repository, "gh-pages");
    let first = at("2024-01-01T00:00:00Z", "push");
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(differences(&shown(), &built(&site)), Vec::<String>::new());
    let tip = || git(&repository, &["rev-parse", "gh-pages"]);
    let before = tip();
    let quiet = at("2024-01-02T00:00:00Z", "schedule");
    assert_eq!(quiet.code, 0, "{}", quiet.stderr);
    assert!(quiet.stdout.ends_with("nothing changed by itself\n"), "{}", quiet.stdout);
    assert_eq!(tip(), before);
    let due = at("2024-02-01T00:01:00Z", "schedule");
    assert_eq!(due.code, 0, "{}", due.stderr);
    assert!(shown().contains_key("briefings/later/index.html"), "the embargo is over");
    let again = at("2024-02-01T00:02:00Z", "schedule");
    assert!(again.stdout.ends_with("nothing changed by itself\n"), "{}", again.stdout);
    // A push that never came through is made up for.
    about(&site);
    commit();
    assert_eq!(at("2024-02-01T00:03:00Z", "schedule").code, 0);
    assert!(shown().contains_key("about/index.html"));
    // What somebody went back to, the clock leaves alone; a push does not.
    assert_eq!(script(&site, "nutgraf deploy --rollback --yes", "2024-02-01T00:04:00Z", &[]).code, 0);
    let left = at("2024-02-01T00:05:00Z", "schedule");
    assert!(left.stdout.contains("somebody went back to an earlier deploy"), "{}", left.stdout);
    assert!(!shown().contains_key("about/index.html"));
    assert_eq!(at("2024-02-01T00:06:00Z", "push").code, 0);
    assert!(shown().contains_key("about/index.html"));
    // A mistake is none of "nothing changed".
    site.write("nutgraf.yaml", "title: [\n");
    assert_ne!(at("2024-02-01T00:07:00Z", "schedule").code, 0);
}

#[test]
fn the_workflow_of_gitlab_has_the_same_script() {
    let site = site("  server: \"ssh://deploy@example.org:2222/srv/www/site\"\n");
    let workflow = workflow(&site, "gitlab", ".gitlab-ci.yml");
    let script = workflow["deploy"]["script"][0].as_str().expect("a script");
    assert!(
        script.contains("nutgraf next --since") && script.ends_with("nutgraf deploy --yes\n"),
        "{script}"
    );
    assert!(script.contains("\"$DEPLOY_KEY\" > ~/.ssh/id_ed25519"), "{script}");
    assert_eq!(workflow["check"]["script"][0], "nutgraf check");
    assert!(site.read(".gitlab-ci.yml").contains("masked and protected: DEPLOY_KEY, KNOWN_HOSTS."));
}

#[test]
fn a_workflow_asks_for_the_secrets_of_its_target() {
    for (to, expected) in [
        ("s3://bucket", "AWS_SECRET_ACCESS_KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}"),
        ("gs://bucket", "GOOGLE_SERVICE_ACCOUNT_KEY: ${{ secrets.GOOGLE_SERVICE_ACCOUNT_KEY }}"),
        ("azblob://bucket", "AZURE_STORAGE_ACCOUNT_KEY: ${{ secrets.AZURE_STORAGE_ACCOUNT_KEY }}"),
        ("git+https://example.org/a.git#pages", "GITHUB_TOKEN: ${{ github.token }}"),
        ("git+https://example.org/a.git#pages", "contents: write"),
        ("ssh://deploy@example.org/srv/site", "DEPLOY_KEY: ${{ secrets.DEPLOY_KEY }}"),
        ("ssh://deploy@example.org/srv/site", "what `ssh-keyscan example.org` prints"),
        ("ssh://deploy@example.org:2222/srv/site", "what `ssh-keyscan -p 2222 example.org` prints"),
        ("rsync://example.org/site", "RSYNC_PASSWORD: ${{ secrets.RSYNC_PASSWORD }}"),
    ] {
        let site = site(&format!("  production: \"{to}\"\n"));
        workflow(&site, "github", ".github/workflows/site.yml");
        let text = site.read(".github/workflows/site.yml");
        assert!(text.contains(expected), "{to}: {text}");
    }
}

#[test]
fn a_workflow_is_never_written_over() {
    let site = site("  production: \"s3://bucket\"\n");
    site.write(".github/workflows/site.yml", "ours");
    let run = site.run(&["new", "--ci", "github"]);
    assert_eq!(run.code, 1);
    assert!(
        run.stderr.contains(".github/workflows/site.yml is there already, and is left as it is"),
        "{}",
        run.stderr
    );
    assert_eq!(site.read(".github/workflows/site.yml"), "ours");
    let run = site.run(&["new", "fresh", "--ci", "gitlab", "--now", NOW]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        fs::read_to_string(site.path().join("fresh/.gitlab-ci.yml"))
            .expect("it is there")
            .contains("nutgraf deploy --yes")
    );
}
