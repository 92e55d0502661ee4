//! `nutgraf deploy`: makes the site, shows what would change where readers find it, and ships it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::progress::{Bar, Job};
use super::{End, MessageFormat, Session, build, misuse, plural, real_time};
use crate::config::Config;
use crate::config::deploy::Target as Settings;
use crate::deploy::built;
use crate::deploy::failure::Failure;
use crate::deploy::manifest::{Kind, Manifest, Record};
use crate::deploy::plan::{self, Action, Change, Plan, Standing, Trust, allowed_deletes, remembered};
use crate::deploy::{Bytes, Environment, Shipment, Target, after, guard, revision, target};
use crate::diagnostic::nearest::did_you_mean;
use crate::diagnostic::{Severity, Sources, has_errors};
use crate::edition::{self, Edition};
use crate::path::{OutputPath, SitePath};
use crate::site::Shows;
use crate::tree::Tree;

/// Ship the site: build it, show what changes, upload it
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(clap::Args)]
pub struct Arguments {
    /// Where to, by its name under `deploy` in nutgraf.yaml [default: the first]
    target: Option<String>,

    /// Ship what is built already in this folder, and build nothing
    #[arg(long, value_name = "DIR", conflicts_with_all = ["history", "rollback"])]
    from: Option<PathBuf>,

    /// Show what would change, and stop there
    #[arg(long, conflicts_with = "history")]
    plan: bool,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Confirm that so many files are deleted, when that is more than nutgraf.yaml allows
    #[arg(long, value_name = "N")]
    deletes: Option<usize>,

    /// Ship every file, whatever the record of the last deploy says
    #[arg(long, conflicts_with_all = ["history", "rollback"])]
    force: bool,

    /// Ship only what has no warnings
    #[arg(long)]
    strict: bool,

    /// List the deploys, the last first
    #[arg(long)]
    history: bool,

    /// Go back to an earlier deploy [default: the one before the last]
    #[arg(long, value_name = "ID", num_args = 0..=1, default_missing_value = "", conflicts_with = "history")]
    rollback: Option<String>,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    let config = match settings(session) {
        Ok(config) => config,
        Err(end) => return end,
    };
    let settings = match choose(&config, arguments.target.as_deref()) {
        Ok(settings) => settings,
        Err(end) => return end,
    };
    let environment = environment();
    let target = match target::open(settings, &session.site, &environment) {
        Ok(target) => target,
        Err(failure) => return fail(session, &failure),
    };
    let work =
        Work { session, arguments, config: &config, settings, environment: &environment, target: &*target };
    let ended = match &arguments.rollback {
        _ if arguments.history => work.history(),
        Some(id) => work.go_back(id),
        None => work.deploy(),
    };
    ended.unwrap_or_else(|stop| match stop {
        Stop::Failure(failure) => fail(session, &failure),
        Stop::End(end) => end,
    })
}

/// Why a deploy ends early.
enum Stop {
    Failure(Failure),
    End(End),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

fn fail(session: &Session, failure: &Failure) -> End {
    session.fail_with(&failure.message, failure.help.as_deref())
}

/// The environment, for credentials.
#[expect(clippy::disallowed_methods, reason = "the environment is read here and handed down")]
fn environment() -> Environment {
    let all = std::env::vars_os();
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// nutgraf.yaml alone: it says where to ship to, and whether the site has another address there.
fn settings(session: &Session) -> Result<Arc<Config>, End> {
    if !session.site.is_dir() {
        return Err(misuse(&format!("there is no folder {}", session.site.display())));
    }
    let (tree, _) = Tree::open(&session.site);
    let (said, sources) = match edition::settings(&tree, &session.edition_options(Shows::Published, None)) {
        Ok(settings) if !has_errors(&settings.said) => return Ok(settings.config),
        Ok(settings) => (settings.said, [(SitePath::new("nutgraf.yaml"), settings.source)].into()),
        Err(unread) => unread,
    };
    session.report(said, &sources, false);
    Err(End::Errors)
}

fn choose<'a>(config: &'a Config, wanted: Option<&str>) -> Result<&'a Settings, End> {
    let Some(first) = config.deploy.first() else {
        return Err(misuse(
            "nutgraf.yaml names no place to ship to: add `deploy: {production: {to: \"s3://bucket\"}}` (docs/deploy.md has the others)",
        ));
    };
    let Some(wanted) = wanted else { return Ok(first) };
    config.deploy.iter().find(|target| target.name == wanted).ok_or_else(|| {
        let names = config.deploy.iter().map(|target| target.name.as_str());
        let known = names.clone().collect::<Vec<_>>().join(", ");
        let hint = did_you_mean(wanted, names).unwrap_or_else(|| format!("there are: {known}"));
        misuse(&format!("`deploy` in nutgraf.yaml has no target `{wanted}`; {hint}"))
    })
}

/// One deploy.
struct Work<'a> {
    session: &'a Session,
    arguments: &'a Arguments,
    config: &'a Config,
    settings: &'a Settings,
    environment: &'a Environment,
    target: &'a dyn Target,
}

/// A site that is built.
struct Site {
    edition: Edition,
    /// The texts that messages point into.
    sources: Sources,
    /// The folder it is built in.
    folder: PathBuf,
    /// What was made there; of a folder that was built before, that is not known.
    made: Option<BTreeSet<OutputPath>>,
}

/// A plan with what is to be said of it.
struct Proposal {
    standing: Standing,
    plan: Plan,
    manifest: Manifest,
    /// The pages that an explainer changes.
    explainers: BTreeMap<String, Vec<String>>,
    /// The sources of texts that changed silently.
    silent: Vec<String>,
    /// What lies in the folder and is not shipped.
    foreign: Vec<String>,
    /// Pages in the folder that the site does not have.
    unknown: Vec<String>,
}

impl Proposal {
    /// Whether there is nothing to do: all files are there, the record of them too, and nothing is kept that must go.
    fn is_done(&self) -> bool {
        let base = self.standing.manifest.as_ref();
        let forgets = base.is_some_and(|base| self.manifest.kept.is_empty() && !base.kept.is_empty());
        self.plan.is_empty() && self.standing.interrupted.is_none() && !self.standing.is_changed && !forgets
    }

    /// Every file that is another than at the last complete deploy, and those of which that is not known.
    fn since_last(&self) -> Vec<Change> {
        let last = Standing { manifest: self.standing.manifest.clone(), ..Standing::default() };
        let mut changes = plan::plan(&last, &self.manifest.files, Trust::Record).changes;
        let known: BTreeSet<String> = changes.iter().map(|change| change.path.clone()).collect();
        changes.extend(self.plan.changes.iter().filter(|change| !known.contains(&change.path)).cloned());
        changes
    }
}

impl Work<'_> {
    fn deploy(&self) -> Result<End, Stop> {
        let Site { edition, sources, folder, made } = self.site()?;
        let built = built::read(&folder, made.as_ref(), &edition.world, self.settings)
            .map_err(|e| Failure::io(&e))?;
        if built.files.is_empty() {
            let message = format!("there is nothing in {} to ship", folder.display());
            return Err(Stop::End(self.session.fail(&message)));
        }
        let site = &edition.world.site;
        if site.now > real_time() && !self.arguments.plan {
            let help = "leave out `--now`, or look with `--plan` at what will change then";
            let message = "the site is seen at a moment that has not come: what is under embargo until then would be shipped";
            return Err(Stop::End(self.session.fail_with(message, Some(help))));
        }
        if let Some(other) = built
            .address()
            .filter(|other| !other.starts_with(&format!("{}{}/", site.config.origin, site.config.base_path)))
        {
            let message = format!("{} was built for another address: {other}", folder.display());
            let help = "build it with this target's `url`, or let `deploy` build it: leave out `--from`";
            return Err(Stop::End(self.session.fail_with(&message, Some(help))));
        }
        let standing = self.target.look()?;
        let stories = guard::stories(site, standing.manifest.as_ref());
        let mut said = Vec::new();
        if made.is_none() {
            said.extend(guard::leaks(&edition, &built).map_err(|error| Failure::io(&error))?);
        }
        let silent = standing
            .manifest
            .as_ref()
            .map_or_else(Vec::new, |base| guard::silent_edits(site, base, &stories));
        let plan = plan::plan(&standing, &built.files, self.trust());
        let explainers = standing.manifest.as_ref();
        let explainers =
            explainers.map_or_else(BTreeMap::new, |base| guard::explainers(site, base, &stories, &plan));
        let silent_files =
            silent.iter().filter_map(|d| d.span.as_ref()).map(|span| span.file.to_string()).collect();
        said.extend(silent);
        let content = Manifest::content_of(&built.files);
        let when = real_time();
        let record = Record {
            id: crate::deploy::id(when, content),
            when,
            clock: site.now,
            revision: revision::of(&self.session.site),
            back_to: None,
            files: built.files.len(),
            content,
        };
        let (files, history, kept) = (built.files.clone(), Vec::new(), BTreeMap::new());
        let now = Manifest { record, files, stories, history, kept, unsure: Vec::new() };
        let proposal = Proposal {
            manifest: self.manifest(now, &standing, &plan),
            standing,
            plan,
            explainers,
            silent: silent_files,
            foreign: built.foreign.clone(),
            unknown: built.unknown.clone(),
        };
        let refused = self.session.report(said, &sources, self.arguments.strict);
        if refused && !self.arguments.plan {
            return Err(Stop::End(End::Errors));
        }
        let end = self.propose(&proposal, Bytes::Built(&built))?;
        Ok(if refused { End::Errors } else { end })
    }

    /// The site as it is to be shipped.
    fn site(&self) -> Result<Site, Stop> {
        let Some(folder) = &self.arguments.from else {
            let making = build::Making {
                out: None,
                shows: Shows::Published,
                base_url: self.settings.url.as_deref(),
                stats: false,
                strict: self.arguments.strict,
            };
            let made = build::make(self.session, making).map_err(Stop::End)?;
            if self.session.format != MessageFormat::Json {
                build::summary(self.session, &made);
            }
            let build::Made { edition, sources, report, out, .. } = made;
            return Ok(Site { edition, sources, folder: out, made: Some(report.made) });
        };
        if !folder.join("index.html").is_file() {
            let what = if folder.is_dir() { "no built site: it has no index.html" } else { "no folder" };
            return Err(Stop::End(misuse(&format!("{} is {what}", folder.display()))));
        }
        let (tree, mut said) = Tree::open(&self.session.site);
        let options = self.session.edition_options(Shows::Published, self.settings.url.clone());
        let mut loaded = edition::load(&tree, options);
        said.append(&mut loaded.diagnostics);
        // What else is wrong was said when it was built.
        said.retain(|diagnostic| diagnostic.severity == Severity::Error);
        let Some(edition) = loaded.edition else {
            self.session.report(said, &loaded.sources, false);
            return Err(Stop::End(End::Errors));
        };
        Ok(Site { edition, sources: loaded.sources, folder: folder.clone(), made: None })
    }

    fn trust(&self) -> Trust {
        if self.arguments.force { Trust::Nothing } else { Trust::Record }
    }

    /// The record of a deploy with what it remembers of those before it.
    fn manifest(&self, now: Manifest, standing: &Standing, plan: &Plan) -> Manifest {
        let kept_at = |base: &Record, path: &str, served: &_| self.target.kept_at(base, path, served);
        let (history, kept) = remembered(standing, plan, self.settings.keep, now.record.when, kept_at);
        Manifest { history, kept, ..now }
    }

    fn go_back(&self, id: &str) -> Result<End, Stop> {
        let standing = self.target.look()?;
        let mut known = standing.to_go_back_to();
        let wanted = match id {
            "" => known.next().ok_or_else(Failure::no_way_back)?,
            id => known.find(|record| record.id == id).ok_or_else(|| Failure::no_such_deploy(id))?,
        };
        let to = self.target.manifest(&wanted.id)?;
        drop(known);
        let plan = plan::plan(&standing, &to.files, Trust::Record);
        // All that is needed is looked for before anything is done.
        for change in plan.changes.iter().filter(|change| change.action != Action::Delete) {
            let served = &to.files[&change.path];
            let is_kept_alone = self.target.kept_at(&to.record, &change.path, served).is_some();
            if is_kept_alone {
                plan.kept_of(&to, &change.path)?;
            }
        }
        let when = real_time();
        let record = Record {
            id: crate::deploy::id(when, to.record.content),
            when,
            back_to: Some(to.record.id.clone()),
            ..to.record.clone()
        };
        let now = Manifest { record, unsure: Vec::new(), ..to.clone() };
        let proposal = Proposal {
            manifest: self.manifest(now, &standing, &plan),
            standing,
            plan,
            explainers: BTreeMap::new(),
            silent: Vec::new(),
            foreign: Vec::new(),
            unknown: Vec::new(),
        };
        self.propose(&proposal, Bytes::Back(&to))
    }

    /// Shows a plan, asks, and carries it out.
    fn propose(&self, proposal: &Proposal, bytes: Bytes<'_>) -> Result<End, Stop> {
        let session = self.session;
        let is_json = session.format == MessageFormat::Json;
        if !is_json {
            self.show(proposal);
        }
        if self.arguments.plan {
            if is_json {
                session.result(&self.as_json(proposal).to_string());
            }
            return Ok(End::Done);
        }
        if proposal.is_done() {
            if is_json {
                session.result(&self.as_json(proposal).to_string());
            }
            return Ok(End::Done);
        }
        self.confirm(proposal).map_err(Stop::End)?;
        let bar = Bar::new(session, started());
        let progress = |done: usize, total: usize| bar.tell(Job::Shipping, done, total);
        let shipment = Shipment {
            plan: &proposal.plan,
            standing: &proposal.standing,
            manifest: &proposal.manifest,
            bytes,
            progress: &progress,
        };
        let notes = self.target.ship(&shipment);
        bar.clear();
        let mut notes = notes?;
        for told in after::tell(
            self.config,
            self.settings,
            &proposal.since_last(),
            self.environment,
            &proposal.manifest.record.id,
        ) {
            match told {
                Ok(done) if !is_json => session.say(&done),
                Ok(_) => {}
                Err(failed) => notes.push(failed),
            }
        }
        for note in &notes {
            session.warn(note);
        }
        if is_json {
            let mut object = self.as_json(proposal);
            object["notes"] = json!([&proposal.standing.notes[..], &notes[..]].concat());
            object["shipped"] = json!(true);
            session.result(&object.to_string());
        } else {
            let back = proposal.manifest.record.back_to.as_ref();
            let done = back.map_or_else(|| "shipped".to_owned(), |id| format!("went back to {id}"));
            session.say(&format!("{done} to {}: deploy {}", self.settings.name, proposal.manifest.record.id));
        }
        Ok(End::Done)
    }

    /// Asks whether to go on, where somebody is there to answer.
    fn confirm(&self, proposal: &Proposal) -> Result<(), End> {
        let Arguments { yes, deletes, .. } = self.arguments;
        let (goes, limit) = (proposal.plan.deletes(), self.limit(proposal));
        let somebody = io::stdin().is_terminal() && io::stderr().is_terminal() && !self.session.quiet;
        if goes > limit && *deletes != Some(goes) {
            let message = format!(
                "this would delete {} of the {} there are; without being told to, at most {limit} may go",
                plural(goes, "file", "files"),
                proposal.standing.files(),
            );
            if !somebody || *yes {
                let help = format!(
                    "if that is right, confirm it with `--deletes {goes}`; `max_deletes` in nutgraf.yaml is the limit"
                );
                return Err(self.session.fail_with(&message, Some(&help)));
            }
            let answer = ask(&format!("{message}.\nType {goes} to delete them: "));
            if answer != goes.to_string() {
                return Err(self.session.fail("nothing was shipped"));
            }
            return Ok(());
        }
        if *yes {
            return Ok(());
        }
        if !somebody {
            return Err(misuse(
                "nobody is there to be asked: give `--yes` to ship this, or `--plan` to only see it",
            ));
        }
        let silent = proposal.silent.len();
        let although = if silent == 0 {
            String::new()
        } else {
            format!(" although {} changed silently", plural(silent, "published text", "published texts"))
        };
        match ask(&format!("Ship this to {}{although}? [y/N] ", self.settings.name)).to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(self.session.fail("nothing was shipped")),
        }
    }

    fn limit(&self, proposal: &Proposal) -> usize {
        if proposal.manifest.record.back_to.is_some() {
            // What is gone back to was there, and whoever says so knows what goes.
            return usize::MAX;
        }
        allowed_deletes(self.settings.max_deletes, proposal.standing.files())
    }

    /// Prints a plan.
    fn show(&self, proposal: &Proposal) {
        let Self { session, settings, config, .. } = self;
        let Proposal { standing, plan, explainers, foreign, unknown, .. } = proposal;
        let say = |text: &str| session.say(text);
        say(&format!("to {} ({})", settings.name, settings.written));
        match &standing.manifest {
            None => say("nothing was deployed there before"),
            Some(base) => say(&format!("there now: {}", told(&base.record, &config.timezone))),
        }
        if let Some(back) = &proposal.manifest.record.back_to {
            say(&format!("going back to {back}"));
        }
        if standing.interrupted.is_some() {
            say("a deploy after it was cut short; what it may have touched is shipped again");
        }
        for note in &standing.notes {
            session.warn(note);
        }
        if plan.is_empty() {
            let record = if proposal.is_done() { "" } else { "; only the record of it is not" };
            say(&format!("nothing to ship: all of it is there already{record}"));
            return;
        }
        for (name, sign) in [("new", "+"), ("changed", "~"), ("deleted", "-")] {
            let changes: Vec<&Change> = plan.changes.iter().filter(|change| group(change) == name).collect();
            if changes.is_empty() {
                continue;
            }
            let bytes: u64 = changes.iter().map(|change| change.size).sum();
            say(&format!(
                "{name}: {} ({}), {}",
                plural(changes.len(), "file", "files"),
                kinds(&changes),
                size(bytes)
            ));
            let names = changes.iter().map(|change| format!("{sign} /{}{}", change.path, why(change)));
            build::list_some(session, &names.collect::<Vec<_>>(), session.verbose);
        }
        if plan.unchanged > 0 {
            say(&format!("unchanged: {}", plural(plan.unchanged, "file", "files")));
        }
        for (explainer, pages) in explainers {
            let count = plural(pages.len(), "page changes", "pages change");
            build::name_some(
                session,
                &format!("{explainer} changed, and {count} with it"),
                pages,
                session.verbose,
            );
        }
        build::name_some(session, "not of this build, left out", foreign, session.verbose);
        build::name_some(
            session,
            "pages that the site does not have now, shipped all the same",
            unknown,
            session.verbose,
        );
    }

    /// A plan for programs.
    fn as_json(&self, proposal: &Proposal) -> Value {
        let Proposal { standing, plan, manifest, explainers, silent, foreign, unknown } = proposal;
        let list = |name: &str| -> Vec<Value> {
            let changes = plan.changes.iter().filter(|change| group(change) == name);
            changes
                .map(|change| {
                    let mut object = json!({"path": change.path, "kind": change.kind, "size": change.size});
                    if let Action::Replace(why) = &change.action {
                        object["why"] = why.iter().map(|why| why.as_str()).collect();
                    }
                    object
                })
                .collect()
        };
        json!({
            "target": self.settings.name,
            "to": self.settings.written,
            "id": manifest.record.id,
            "revision": manifest.record.revision,
            "back_to": manifest.record.back_to,
            "last": standing.manifest.as_ref().map(|base| &base.record),
            "interrupted": standing.interrupted.is_some(),
            "new": list("new"),
            "changed": list("changed"),
            "deleted": list("deleted"),
            "unchanged": plan.unchanged,
            "bytes": plan.bytes(),
            "explainers": explainers,
            "silent_edits": silent,
            "left_out": foreign,
            "unknown": unknown,
            "deletes": {"files": plan.deletes(), "limit": self.limit(proposal), "allowed": plan.deletes() <= self.limit(proposal)},
            "shipped": false,
            "notes": standing.notes,
        })
    }

    fn history(&self) -> Result<End, Stop> {
        let standing = self.target.look()?;
        let Some(base) = &standing.manifest else {
            return Ok(self.session.nothing("nothing was deployed there"));
        };
        for record in std::iter::once(&base.record).chain(&base.history) {
            let line = match self.session.format {
                MessageFormat::Json => json!(record).to_string(),
                MessageFormat::Short => {
                    let revision = record.revision.as_deref().unwrap_or("-");
                    let back = record.back_to.as_deref().unwrap_or("-");
                    format!("{}\t{}\t{}\t{revision}\t{back}", record.id, record.when, record.clock)
                }
                MessageFormat::Human
                | MessageFormat::Sarif
                | MessageFormat::Github
                | MessageFormat::Html
                | MessageFormat::Text
                | MessageFormat::Telegram => told(record, &self.config.timezone),
            };
            self.session.result(&line);
        }
        Ok(End::Done)
    }
}

/// A deploy in a line.
fn told(record: &Record, zone: &TimeZone) -> String {
    let when = record.when.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let files = plural(record.files, "file", "files");
    let revision =
        record.revision.as_ref().map_or_else(String::new, |revision| format!(", revision {revision}"));
    let back = record.back_to.as_ref().map_or_else(String::new, |id| format!(", back to {id}"));
    format!("{}  {when}, {files}{revision}{back}", record.id)
}

/// How many files of which kinds.
fn kinds(changes: &[&Change]) -> String {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for change in changes {
        *counts.entry(change.kind).or_default() += 1;
    }
    let parts: Vec<String> =
        counts.iter().map(|(kind, count)| format!("{count} {}", kind.name(*count))).collect();
    parts.join(", ")
}

/// What happens to a file, in a word.
fn group(change: &Change) -> &'static str {
    match change.action {
        Action::Add => "new",
        Action::Replace(_) => "changed",
        Action::Delete => "deleted",
    }
}

fn why(change: &Change) -> String {
    match &change.action {
        Action::Replace(why) => {
            format!("  {}", why.iter().map(|why| why.as_str()).collect::<Vec<_>>().join(", "))
        }
        Action::Add | Action::Delete => String::new(),
    }
}

/// A number of bytes for people.
#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}

/// Asks on the terminal and waits for a line.
#[expect(clippy::print_stderr, reason = "this is the one room that prints")]
fn ask(question: &str) -> String {
    eprint!("{question}");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    answer.trim().to_owned()
}

#[expect(clippy::disallowed_methods, reason = "when a bar is shown depends on how long work takes")]
fn started() -> Instant {
    Instant::now()
}
