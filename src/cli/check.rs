//! `nutgraf check`: everything a build would say, and the rules of the trade. Writes nothing but the fixes it is
//! asked for.
#![expect(clippy::disallowed_methods, reason = "it mends files of a site, as its user asked")]

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use similar::TextDiff;

use super::progress::Bar;
use super::{End, MessageFormat, Session, misuse};
use crate::build::{self, Work};
use crate::cache::Cache;
use crate::check::{self, fix};
use crate::diagnostic::{Diagnostic, Sources, sort};
use crate::edition;
use crate::path::SitePath;
use crate::site::Shows;
use crate::theme;
use crate::tree::Tree;

/// Look at everything: what a build would say, and the rules of the trade.
#[derive(clap::Args)]
pub struct Arguments {
    /// Mend what has one right answer, and show what was done
    #[arg(long)]
    fix: bool,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

/// How often files are mended and looked at again: what is mended may bring something else to light.
const ROUNDS: usize = 3;

/// Runs the command.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    if !session.site.is_dir() {
        return misuse(&format!("there is no folder {}", session.site.display()));
    }
    let mut rounds = if arguments.fix { ROUNDS } else { 0 };
    loop {
        let (tree, mut found) = Tree::open(&session.site);
        let sources = match look(session, &tree, &mut found) {
            Ok(sources) => sources,
            Err(error) => return session.fail(&error.to_string()),
        };
        if rounds > 0 {
            rounds -= 1;
            match mend(session, &tree, &found, &sources) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => return session.fail(&error),
            }
        }
        let is_told = session.format == MessageFormat::Human && !arguments.fix;
        let fixable = if is_told { fixable(&found) } else { 0 };
        let is_empty = found.is_empty();
        let failed = session.report(found, &sources, arguments.strict);
        if session.format == MessageFormat::Human {
            if is_empty {
                session.say("nothing to say");
            } else if fixable > 0 {
                let them =
                    if fixable == 1 { "1 of these is".to_owned() } else { format!("{fixable} of these are") };
                session.say(&format!("{them} mended by `nutgraf check --fix`"));
            }
        }
        return if failed { End::Errors } else { End::Done };
    }
}

/// How many of the messages can be mended.
fn fixable(found: &[Diagnostic]) -> usize {
    let fixable = found.iter().filter(|diagnostic| diagnostic.fix.is_some()).cloned();
    sort(fixable.collect()).len()
}

/// Everything there is to say, and the texts it is about.
fn look(session: &Session, tree: &Tree, found: &mut Vec<Diagnostic>) -> io::Result<Sources> {
    let bar = Bar::new(session, Instant::now());
    let options = edition::Options {
        progress: edition::Progress(bar.of(Work::Looking)),
        cache: Cache::to_read(&session.site),
        ..session.edition_options(Shows::Published, None)
    };
    let cache = options.cache.clone();
    let mut loaded = edition::load(tree, options);
    found.append(&mut loaded.diagnostics);
    let Some(edition) = loaded.edition else { return Ok(loaded.sources) };
    let progress = |work: Work, done: usize, total: usize| bar.tell(work, done, total);
    let options = build::Options {
        site: &session.site,
        out: None,
        strict: false,
        stats: false,
        cache: &cache,
        progress: &progress,
    };
    let report = build::build(&edition, tree, &theme::builtin::tree(), found, &options);
    bar.clear();
    found.extend(report?.diagnostics);
    found.extend(check::all(&edition));
    Ok(loaded.sources)
}

/// Mends what can be mended and shows it. Returns whether anything was.
fn mend(session: &Session, tree: &Tree, found: &[Diagnostic], sources: &Sources) -> Result<bool, String> {
    let mended = fix::mend(&sort(found.to_vec()), sources);
    let mut done: BTreeSet<PathBuf> = BTreeSet::new();
    for (file, mended) in &mended {
        let place = tree.place(file);
        // A file that lies in the site under two names is mended once; the next round sees it anew.
        if !done.insert(fs::canonicalize(&place).unwrap_or_else(|_| place.clone())) {
            continue;
        }
        let explain = |error: io::Error| format!("{file}: {error}");
        let bytes = fs::read(&place).map_err(explain)?;
        // A mark at the beginning is no part of the text, and stays.
        let mark = if bytes.starts_with("\u{feff}".as_bytes()) { "\u{feff}" } else { "" };
        if bytes != format!("{mark}{}", mended.before).as_bytes() {
            return Err(format!("{file} was changed meanwhile, so it was left alone"));
        }
        replace(&place, format!("{mark}{}", mended.after).as_bytes()).map_err(explain)?;
        // Other programs read a log, and a log only.
        if !matches!(session.format, MessageFormat::Sarif | MessageFormat::Github) {
            session.say(&shown(session, file, mended));
        }
    }
    Ok(!done.is_empty())
}

/// Puts a text in the place of a file whole, or not at all.
fn replace(place: &Path, text: &[u8]) -> io::Result<()> {
    // Through a link, the file it leads to is the one that is meant.
    let place = fs::canonicalize(place)?;
    let name = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let permissions = fs::metadata(&place)?.permissions();
    if permissions.readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // A file of a name of its own, which nobody laid there: what exists is not written over or through.
    let beside = place.with_file_name(format!(".{name}.nutgraf-{}", std::process::id()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
    let written = io::Write::write_all(&mut file, text)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::set_permissions(&beside, permissions))
        .and_then(|()| fs::rename(&beside, &place));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// What was done to a file.
fn shown(session: &Session, file: &SitePath, mended: &fix::Mended) -> String {
    if session.format == MessageFormat::Json {
        return serde_json::json!({"mended": file.as_str(), "done": mended.done}).to_string();
    }
    let diff = TextDiff::from_lines(&mended.before, &mended.after);
    let diff = diff.unified_diff().context_radius(0).to_string();
    let lines = diff.lines().filter(|line| !line.starts_with("@@"));
    let lines: Vec<String> = lines.map(|line| format!("  {line}")).collect();
    format!("mended {file}: {}\n{}", mended.done.join("; "), lines.join("\n"))
}
