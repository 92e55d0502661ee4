//! `nutgraf new`: starts a site, or adds a briefing or an explainer to one. Never writes over a file.
#![expect(clippy::disallowed_methods, reason = "it adds files to a site, as its user asked")]

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::ZonedDateTime;

use super::workflows::Runner;
use super::{End, Now, Session, misuse, scaffold, schema};
use crate::config::{self, Config};
use crate::deploy::revision;
use crate::language::letters;
use crate::moment::Moment;
use crate::path::SitePath;
use crate::tree::Tree;

/// Start a site, or add a briefing, an explainer or a workflow to one.
#[derive(clap::Args)]
#[command(
    override_usage = "nutgraf new <DIR> [--ci github|gitlab]\n       nutgraf new briefing <TITLE> [--slug SLUG]\n       nutgraf new explainer <TITLE> [--slug SLUG]\n       nutgraf new --ci github|gitlab"
)]
pub struct Arguments {
    /// A folder for a new site, or `briefing`, or `explainer`
    #[arg(value_name = "DIR|briefing|explainer", required_unless_present = "ci")]
    what: Option<String>,

    /// The title of the briefing or explainer
    title: Option<String>,

    /// Its file name, and so its address
    #[arg(long)]
    slug: Option<String>,

    /// Write a workflow that checks, builds and deploys: for the new site, or for the one that is here
    #[arg(long, value_name = "RUNNER")]
    ci: Option<Runner>,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    let Some(what) = arguments.what.as_deref() else {
        return arguments.ci.map_or(End::WrongUse, |runner| workflow(session, runner));
    };
    match (what, &arguments.title) {
        ("briefing" | "explainer", _) if arguments.ci.is_some() => {
            misuse("`--ci` writes a workflow: nutgraf new --ci github, in the site's folder")
        }
        ("briefing" | "explainer", Some(title)) => document(session, what, title, arguments.slug.as_deref()),
        ("briefing" | "explainer", None) => misuse(&format!(
            "`nutgraf new {what}` needs a title: nutgraf new {what} \"…\" (for a site in a folder of that name, write ./{what})"
        )),
        (_, Some(title)) => misuse(&format!(
            "`nutgraf new` makes a site in one folder; for a briefing write: nutgraf new briefing \"{title}\""
        )),
        (folder, None) => site(session, Path::new(folder), arguments.ci),
    }
}

fn site(session: &Session, folder: &Path, ci: Option<Runner>) -> End {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return session.fail(&format!("{} exists already and is not empty", folder.display()));
    }
    let name = folder.file_name().map_or_else(|| "site".into(), |n| n.to_string_lossy().into_owned());
    let today = clock(session, None).strftime("%Y-%m-%d").to_string();
    for (path, text) in scaffold::site(&name, &today) {
        if let Err(error) = write(&folder.join(path), &text) {
            return session.fail(&error);
        }
    }
    // What editors are told of is made from the site as it is now.
    let own = Session { site: folder.to_owned(), ..session.clone() };
    for (path, text) in schema::files(&own) {
        if let Err(error) = write(&folder.join(path), &text) {
            return session.fail(&error);
        }
    }
    if let Some(runner) = ci
        && let Err(error) = write(&folder.join(runner.file()), &runner.workflow(&[], "main"))
    {
        return session.fail(&error);
    }
    session.say(&format!("made a site in {}", folder.display()));
    session.say("next:");
    session.say(&format!("  cd {}", folder.display()));
    session.say("  nutgraf serve --open");
    session.say("  nutgraf new briefing \"Your first headline\"");
    End::Done
}

/// Writes a workflow for the site that is here.
fn workflow(session: &Session, runner: Runner) -> End {
    let config = match settings(session) {
        Ok(config) => config,
        Err(end) => return end,
    };
    let file = session.site.join(runner.file());
    let branch = revision::branch(&session.site).unwrap_or_else(|| "main".to_owned());
    if let Err(error) = write(&file, &runner.workflow(&config.deploy, &branch)) {
        return session.fail(&error);
    }
    session.say(&file.display().to_string());
    if config.deploy.is_empty() {
        session.say("next: name a place to ship to under `deploy` in nutgraf.yaml");
    }
    End::Done
}

/// The settings of the site that is here.
fn settings(session: &Session) -> Result<Config, End> {
    let (tree, _) = Tree::open(&session.site);
    let file = SitePath::new("nutgraf.yaml");
    tree.read_text(&file).map(|text| config::read(&file, &text).0).map_err(|_| {
        session.fail(&format!(
            "there is no nutgraf.yaml in {}: run this in a site's folder, or name it with `--site DIR`",
            session.site.display()
        ))
    })
}

fn document(session: &Session, what: &str, title: &str, slug: Option<&str>) -> End {
    let config = match settings(session) {
        Ok(config) => config,
        Err(end) => return end,
    };
    let (tree, _) = Tree::open(&session.site);
    if let Some(slug) = slug
        && !letters::is_slug(slug)
    {
        return misuse(&format!("`--slug {slug}` must be lower-case letters a–z, digits and `-`"));
    }
    let Some(slug) = slug.map(str::to_owned).or_else(|| letters::slug(title, &config.language)) else {
        return misuse(&format!("no file name can be made of `{title}`: give one with `--slug`"));
    };
    let slug: String = slug.chars().take(80).collect();
    let slug = slug.trim_end_matches('-');
    let (folder, text) = if what == "briefing" {
        let date = clock(session, Some(&config)).strftime("%Y-%m-%d %H:%M %:z").to_string();
        ("briefings", scaffold::briefing(title, &date))
    } else {
        let date = clock(session, Some(&config)).strftime("%Y-%m-%d").to_string();
        ("explainers", scaffold::explainer(title, &date))
    };
    let path = format!("content/{folder}/{slug}.md");
    let taken = tree.contains(&SitePath::new(path.clone()))
        || tree.below("content").any(|p| p.as_str().starts_with(&format!("content/{folder}/{slug}/")));
    if taken {
        return session.fail(&format!("{path} exists already"));
    }
    match write(&session.site.join(&path), &text) {
        Ok(()) => {
            session.say(&session.site.join(&path).display().to_string());
            End::Done
        }
        Err(error) => session.fail(&error),
    }
}

/// The time in the site's zone.
fn clock(session: &Session, config: Option<&Config>) -> ZonedDateTime {
    let zone = config.map_or(jiff::tz::TimeZone::UTC, |config| config.timezone.clone());
    match &session.now {
        Now::Real(now) | Now::Fixed(now) => now.to_zoned_datetime(zone),
        Now::Typed(text) => match Moment::parse(text, &zone) {
            Some(moment) => moment.zoned(&zone),
            None => jiff::Timestamp::UNIX_EPOCH.to_zoned_datetime(zone),
        },
    }
}

/// Writes a new file; never over one that exists.
fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    let explain = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{} is there already, and is left as it is", path.display()),
        _ => format!("{}: {error}", path.display()),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(explain)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(explain)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(explain)
}
