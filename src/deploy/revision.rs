//! The revision of the sources, as git knows it.

use std::path::Path;

use super::target::program::{Program, line};

/// The revision that a site's folder is at; `None` when it is in no repository, or there is no git. One with changes that
/// are not in the repository says so.
pub fn of(site: &Path) -> Option<String> {
    let commit = git(site, &["rev-parse", "HEAD"])?;
    let changed = git(site, &["status", "--porcelain", "--untracked-files=no", "--", "."])?;
    let short: String = commit.chars().take(12).collect();
    Some(if changed.is_empty() { short } else { format!("{short} with changes") })
}

/// The branch that a site's folder is on.
pub fn branch(site: &Path) -> Option<String> {
    git(site, &["symbolic-ref", "--short", "HEAD"])
}

fn git(site: &Path, words: &[&str]) -> Option<String> {
    let ran = Program::new("git").with(["-C"]).with([site]).with(words).try_run().ok()?;
    (ran.code == Some(0)).then(|| line(&ran.out))
}
