//! `nutgraf build`: makes the site.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use super::progress::Bar;
use super::{End, MessageFormat, Session, misuse, plural};
use crate::build::write::Written;
use crate::build::{self, Report, Work, weight};
use crate::config::split_url;
use crate::diagnostic::Sources;
use crate::edition::{self, Edition};
use crate::path::SitePath;
use crate::site::{Shows, time};
use crate::theme;
use crate::tree::Tree;

/// Make the site.
#[derive(clap::Args)]
pub struct Arguments {
    /// The output folder [default: public, in the site's folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Publish drafts too
    #[arg(long)]
    drafts: bool,

    /// Publish under another address than that of nutgraf.yaml
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,

    /// Show what the pages weigh, compressed: HTML with its style sheets
    #[arg(long)]
    stats: bool,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

/// How many files are named when nobody asks for all.
const NAMED: usize = 10;

/// A site that was made.
pub struct Made {
    /// What it was made of.
    pub edition: Edition,
    /// The texts that messages point into.
    pub sources: Sources,
    /// What came of it.
    pub report: Report,
    /// The folder it is in.
    pub out: PathBuf,
    took: Duration,
}

/// How to make a site.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// The output folder, when it is another than usual.
    pub out: Option<&'a Path>,
    /// What of the site is shown.
    pub shows: Shows,
    /// The address readers see, when it is not that of nutgraf.yaml.
    pub base_url: Option<&'a str>,
    /// Whether pages are weighed.
    pub stats: bool,
    /// Whether a warning is as bad as an error.
    pub strict: bool,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    if let Some(url) = arguments.base_url.as_deref().filter(|url| split_url(url).is_none()) {
        return misuse(&format!(
            "`--base-url {url}` is not the address of a site: write it like https://example.org/news"
        ));
    }
    let making = Making {
        out: arguments.out.as_deref(),
        shows: if arguments.drafts { Shows::Drafts } else { Shows::Published },
        base_url: arguments.base_url.as_deref(),
        stats: arguments.stats,
        strict: arguments.strict,
    };
    match make(session, making) {
        Ok(made) => {
            summary(session, &made);
            if arguments.stats && session.format != MessageFormat::Json {
                stats(session, &made.report);
            }
            End::Done
        }
        Err(end) => end,
    }
}

/// Makes the site and says what is wrong with it; a site with errors is not written.
#[expect(clippy::disallowed_methods, reason = "the time a build takes is shown, never used")]
pub fn make(session: &Session, making: Making<'_>) -> Result<Made, End> {
    let started = Instant::now();
    if !session.site.is_dir() {
        return Err(misuse(&format!("there is no folder {}", session.site.display())));
    }
    let (tree, mut diagnostics) = Tree::open(&session.site);
    let bar = Bar::new(session, started);
    let options = edition::Options {
        progress: edition::Progress(bar.of(Work::Looking)),
        ..session.edition_options(making.shows, making.base_url.map(str::to_owned))
    };
    let cache = options.cache.clone();
    let mut loaded = edition::load(&tree, options);
    diagnostics.append(&mut loaded.diagnostics);
    let Some(edition) = loaded.edition else {
        session.report(diagnostics, &loaded.sources, making.strict);
        return Err(End::Errors);
    };
    let built_in = theme::builtin::tree();
    let out = making.out.map_or_else(|| session.site.join("public"), Path::to_owned);
    let progress = |work: Work, done: usize, total: usize| bar.tell(work, done, total);
    let build_options = build::Options {
        site: &session.site,
        out: Some(&out),
        strict: making.strict,
        stats: making.stats,
        cache: &cache,
        progress: &progress,
    };
    let report = build::build(&edition, &tree, &built_in, &diagnostics, &build_options);
    bar.clear();
    let mut report = match report {
        Ok(report) => report,
        Err(error) => {
            session.report(diagnostics, &loaded.sources, making.strict);
            return Err(session.fail(&error.to_string()));
        }
    };
    diagnostics.append(&mut report.diagnostics);
    let failed = session.report(diagnostics, &loaded.sources, making.strict);
    if failed || report.written.is_none() {
        return Err(End::Errors);
    }
    Ok(Made { edition, sources: loaded.sources, report, out, took: started.elapsed() })
}

/// Says what was made.
pub fn summary(session: &Session, made: &Made) {
    let Made { edition, report, out, took, .. } = made;
    let Some(written) = &report.written else { return };
    let site = &edition.world.site;
    let zone = &site.config.timezone;
    let left_out = site.left_out.iter().map(|l| (l.path().clone(), l.why.reason(zone)));
    let corrections = time::withheld_corrections(site).into_iter();
    let corrections =
        corrections.map(|(path, at)| (path, format!("a correction dated {}", time::when(at, zone))));
    let left_out: Vec<(SitePath, String)> = left_out.chain(corrections).collect();
    if session.format == MessageFormat::Json {
        let left_out: Vec<_> =
            left_out.iter().map(|(path, why)| json!({"file": path.as_str(), "reason": why})).collect();
        let weights: Vec<_> = report
            .weights
            .iter()
            .map(|kind| {
                json!({"kind": kind.name, "pages": kind.pages, "median": kind.median, "largest": kind.largest, "heaviest": kind.heaviest.as_str()})
            })
            .collect();
        let object = json!({
            "pages": report.pages,
            "files": report.files,
            "changed": written.changed,
            "unchanged": written.unchanged,
            "removed": written.removed,
            "kept": written.kept,
            "replaced": written.replaced,
            "edited": edited(edition, written).into_iter().collect::<std::collections::BTreeMap<_, _>>(),
            "left_out": left_out,
            "weights": weights,
            "seconds": took.as_secs_f64(),
        });
        session.say(&object.to_string());
        return;
    }
    session.say(&format!(
        "{} pages and {} files in {} ({} changed, {} removed) in {:.2} s",
        report.pages,
        report.files,
        out.display(),
        written.changed,
        written.removed,
        took.as_secs_f64()
    ));
    let all = session.verbose;
    let left_out: Vec<String> = left_out.iter().map(|(path, why)| format!("{path}: {why}")).collect();
    name_some(session, "not published", &left_out, all);
    name_some(session, "not made by nutgraf, left alone", &written.kept, all);
    name_some(session, "not made by nutgraf, replaced", &written.replaced, all);
    for (explainer, users) in edited(edition, written) {
        let briefings = plural(users.len(), "briefing shows", "briefings show");
        name_some(session, &format!("{explainer} changed, and {briefings} it"), &users, all);
    }
}

/// What the pages weigh, as a table.
fn stats(session: &Session, report: &Report) {
    session.result("HTML and styles, gzip     pages    median   largest");
    for weight::Kind { name, pages, median, largest, heaviest } in &report.weights {
        session.result(&format!("{name:<24}{pages:>7}{median:>10}{largest:>10}  {}", heaviest.as_str()));
    }
}

/// The explainers edited since the last build, each with the briefings that show it.
fn edited(edition: &Edition, written: &Written) -> Vec<(String, Vec<String>)> {
    let site = &edition.world.site;
    let entries = site.entries.iter().enumerate();
    entries
        .filter(|(_, entry)| written.edited.contains(entry.document.path.as_str()))
        .filter_map(|(id, entry)| {
            let users = site.uses.get(&id)?;
            let users = users.iter().map(|user| site.entries[*user].document.path.to_string()).collect();
            Some((entry.document.path.to_string(), users))
        })
        .collect()
}

/// Names things, the first few unless all are wanted.
pub fn name_some(session: &Session, what: &str, names: &[String], all: bool) {
    if names.is_empty() {
        return;
    }
    session.say(&format!("{what}:"));
    list_some(session, names, all);
}

/// Lists names, the first few unless all are wanted.
pub fn list_some(session: &Session, names: &[String], all: bool) {
    let shown = if all { names.len() } else { names.len().min(NAMED) };
    for name in &names[..shown] {
        session.say(&format!("  {name}"));
    }
    if shown < names.len() {
        session.say(&format!("  and {} more (`-v` names them all)", names.len() - shown));
    }
}
