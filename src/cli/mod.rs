//! The command line: one file a command. The only room that prints, and that asks the machine for the time,
//! the environment and the terminal.
#![expect(clippy::print_stderr, reason = "this is the one room that prints")]

mod build;
mod check;
mod completions;
mod components;
mod deploy;
mod digest;
mod new;
mod next;
mod progress;
mod scaffold;
mod schema;
mod serve;
mod stale;
mod uses;
mod workflows;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cache::Cache;
use crate::config::Config;
use crate::diagnostic::print::{Format, print};
use crate::diagnostic::{self, Diagnostic, Severity, Sources, sarif};
use crate::edition::{self, Desk, Edition};
use crate::moment::Moment;
use crate::site::Shows;
use crate::tree::Tree;

/// The static site generator for news briefings.
#[derive(Parser)]
#[command(name = "nutgraf", version, about, max_term_width = 100)]
struct Arguments {
    /// The site's folder
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    site: PathBuf,

    /// See the site at this moment, for example 2023-09-11T10:00 [default: the real time, or `SOURCE_DATE_EPOCH`]
    #[arg(long, global = true, value_name = "TIME")]
    now: Option<String>,

    /// How messages are written; of `digest`, what it prints
    #[arg(long, global = true, value_enum, default_value_t = MessageFormat::Human)]
    format: MessageFormat,

    /// Say nothing but errors
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Say more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,

    #[command(subcommand)]
    command: Command,
}

/// How messages are written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MessageFormat {
    /// With the lines of the file they are about
    Human,
    /// One line each
    Short,
    /// One JSON object a line
    Json,
    /// A log for code hosts and editors; for `check` only
    Sarif,
    /// Annotations of a GitHub workflow; for `check` only
    Github,
    /// A letter; for `digest` only
    Html,
    /// Plain text; for `digest` only
    Text,
    /// Messages of Telegram, one JSON object a line; for `digest` only
    Telegram,
}

#[derive(Subcommand)]
enum Command {
    /// Start a site, or add a briefing, an explainer or a workflow to one
    New(new::Arguments),
    /// Make the site
    Build(build::Arguments),
    /// Look at everything: what a build would say, and the rules of the trade
    Check(check::Arguments),
    /// See the site live: pages change in the browser while you type
    Serve(serve::Arguments),
    /// List the briefings that show an explainer, with the version each shows
    Uses(uses::Arguments),
    /// List the explainers that most need another look
    Stale(stale::Arguments),
    /// Ship the site: build it, show what changes, upload it
    Deploy(deploy::Arguments),
    /// Say when the site changes next by itself, and what changes then
    Next(next::Arguments),
    /// List the components with their arguments and Markdown to copy
    Components(components::Arguments),
    /// Print what was published since a moment: for mail, as text, for Telegram
    Digest(digest::Arguments),
    /// Print JSON Schemas for completion and checks in editors
    Schema(schema::Arguments),
    /// Print completions for a shell
    Completions(completions::Arguments),
}

/// What every command needs.
#[derive(Clone)]
struct Session {
    site: PathBuf,
    now: Now,
    format: MessageFormat,
    quiet: bool,
    verbose: bool,
}

/// The moment the site is seen at.
#[derive(Clone)]
enum Now {
    /// The real time.
    Real(Timestamp),
    /// An instant that somebody fixed.
    Fixed(Timestamp),
    /// A time as typed, in the site's zone unless it says otherwise.
    Typed(String),
}

/// How a command ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It did what it was asked.
    Done,
    /// There are errors in the site.
    Errors,
    /// The command line was wrong.
    WrongUse,
    /// What was asked about did not change.
    Unchanged,
}

/// Runs the command line and returns the exit code: 0 done, 1 errors in the site, 2 wrong use, 3
/// nothing changed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * 2);
        }
    };
    let now = match now(arguments.now) {
        Ok(now) => now,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    let session = Session {
        site: arguments.site,
        now,
        format: arguments.format,
        quiet: arguments.quiet,
        verbose: arguments.verbose,
    };
    if let Some(message) = misplaced(session.format, &arguments.command) {
        eprintln!("error: {message}");
        return ExitCode::from(2);
    }
    let end = match arguments.command {
        Command::New(arguments) => new::run(&session, &arguments),
        Command::Build(arguments) => build::run(&session, &arguments),
        Command::Check(arguments) => check::run(&session, &arguments),
        Command::Serve(arguments) => serve::run(&session, arguments),
        Command::Deploy(arguments) => deploy::run(&session, &arguments),
        Command::Uses(arguments) => uses::run(&session, &arguments),
        Command::Stale(arguments) => stale::run(&session, &arguments),
        Command::Next(arguments) => next::run(&session, &arguments),
        Command::Components(arguments) => components::run(&session, &arguments),
        Command::Digest(arguments) => digest::run(&session, &arguments),
        Command::Schema(arguments) => schema::run(&session, &arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    ExitCode::from(match end {
        End::Done => 0,
        End::Errors => 1,
        End::WrongUse => 2,
        End::Unchanged => 3,
    })
}

/// What is wrong when a command is asked to write as only another one does.
fn misplaced(format: MessageFormat, command: &Command) -> Option<&'static str> {
    match (format, command) {
        (MessageFormat::Sarif | MessageFormat::Github, Command::Check(_))
        | (MessageFormat::Html | MessageFormat::Text | MessageFormat::Telegram, Command::Digest(_))
        | (MessageFormat::Human | MessageFormat::Short | MessageFormat::Json, _) => None,
        (MessageFormat::Sarif | MessageFormat::Github, _) => {
            Some("only `nutgraf check` writes SARIF and GitHub annotations")
        }
        (MessageFormat::Html | MessageFormat::Text | MessageFormat::Telegram, _) => {
            Some("only `nutgraf digest` writes letters and messages")
        }
    }
}

/// The moment asked for: typed, from `SOURCE_DATE_EPOCH`, or the real time.
#[expect(clippy::disallowed_methods, reason = "the clock and the environment are read here and handed down")]
fn now(typed: Option<String>) -> Result<Now, String> {
    if let Some(typed) = typed {
        return match Moment::parse(&typed, &TimeZone::UTC) {
            Some(_) => Ok(Now::Typed(typed)),
            None => Err(format!("`--now {typed}` is not a time: write it like 2023-09-11T10:00")),
        };
    }
    match std::env::var("SOURCE_DATE_EPOCH") {
        Err(_) => Ok(Now::Real(real_time())),
        Ok(epoch) => epoch
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .map(Now::Fixed)
            .ok_or_else(|| format!("`SOURCE_DATE_EPOCH={epoch}` is not a number of seconds")),
    }
}

/// The real time.
#[expect(clippy::disallowed_methods, reason = "the clock is read here and handed down")]
fn real_time() -> Timestamp {
    Timestamp::now()
}

impl Session {
    /// The site at the session's moment, for a command that only answers a question. What is wrong with the site is
    /// for others to say; without settings there is none, and that is said.
    fn edition(&self, shows: Shows) -> Result<Edition, End> {
        if !self.site.is_dir() {
            return Err(misuse(&format!("there is no folder {}", self.site.display())));
        }
        let (tree, _) = Tree::open(&self.site);
        Desk::open(&tree, self.edition_options(shows, None)).map(|desk| desk.edition()).map_err(
            |(diagnostics, sources)| {
                self.report(diagnostics, &sources, false);
                End::Errors
            },
        )
    }

    /// The moment of the session, in the site's zone when it was typed without one.
    fn instant(&self, config: &Config) -> Timestamp {
        edition::instant(&self.edition_now(), config)
    }

    fn edition_now(&self) -> edition::Now {
        match &self.now {
            Now::Real(now) | Now::Fixed(now) => edition::Now::At(*now),
            Now::Typed(text) => edition::Now::Typed(text.clone()),
        }
    }

    /// What an edition depends on besides the files.
    fn edition_options(&self, shows: Shows, base_url: Option<String>) -> edition::Options {
        let now = self.edition_now();
        let (cache, progress) = (Cache::of(&self.site), edition::Progress::default());
        edition::Options { now, shows, base_url, cache, progress }
    }

    /// Prints diagnostics in their order on stderr, and how many there were. What is for other programs goes to
    /// stdout.
    fn report(&self, mut diagnostics: Vec<Diagnostic>, sources: &Sources, strict: bool) -> bool {
        let mut rebased = None;
        if matches!(self.format, MessageFormat::Sarif | MessageFormat::Github) && self.site.is_relative() {
            // A code host knows files from where the command was run.
            let folder = self.site.to_string_lossy().replace('\\', "/");
            let folder = folder.trim_start_matches("./").trim_matches('/');
            if !matches!(folder, "" | ".") {
                rebased = Some(diagnostic::rebase(&mut diagnostics, sources, folder));
            }
        }
        let sources = rebased.as_ref().unwrap_or(sources);
        let mut diagnostics = diagnostic::sort(diagnostics);
        if strict {
            for diagnostic in &mut diagnostics {
                diagnostic.severity = Severity::Error;
            }
        }
        let of = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        let stderr = std::io::stderr();
        let format = match self.format {
            MessageFormat::Human | MessageFormat::Html | MessageFormat::Text | MessageFormat::Telegram => {
                Format::Human { colour: colour(stderr.is_terminal()) }
            }
            MessageFormat::Short => Format::Short,
            MessageFormat::Json => Format::Json,
            MessageFormat::Github => Format::Github,
            MessageFormat::Sarif => {
                self.result(&format!("{:#}", sarif::log(&diagnostics, sources)));
                return errors > 0;
            }
        };
        let mut out: Box<dyn Write> = match format {
            Format::Github => Box::new(std::io::stdout().lock()),
            Format::Human { .. } | Format::Short | Format::Json => Box::new(stderr.lock()),
        };
        for diagnostic in diagnostics.iter().filter(|d| !self.quiet || d.severity == Severity::Error) {
            let _ = out.write_all(print(diagnostic, sources, format).as_bytes());
        }
        if self.format == MessageFormat::Human && !self.quiet && errors + warnings > 0 {
            let _ = writeln!(out, "{}", counts(errors, warnings));
        }
        errors > 0
    }

    /// Prints an error that is about no file of the site.
    fn fail(&self, message: &str) -> End {
        self.fail_with(message, None)
    }

    /// Prints a warning that is about no file of the site.
    fn warn(&self, message: &str) {
        if !self.quiet && self.format != MessageFormat::Json {
            eprintln!("warning: {message}");
        }
    }

    /// Prints an error that is about no file of the site, and what to do about it.
    fn fail_with(&self, message: &str, help: Option<&str>) -> End {
        match self.format {
            MessageFormat::Human
            | MessageFormat::Short
            | MessageFormat::Sarif
            | MessageFormat::Github
            | MessageFormat::Html
            | MessageFormat::Text
            | MessageFormat::Telegram => {
                eprintln!("error: {message}");
                if let Some(help) = help {
                    eprintln!("  help: {help}");
                }
            }
            MessageFormat::Json => {
                eprintln!(
                    "{}",
                    serde_json::json!({
                        "code": null, "severity": "error", "message": message, "file": null, "line": null, "column": null,
                        "end_line": null, "end_column": null, "help": help,
                    })
                );
            }
        }
        End::Errors
    }

    /// Says that there is nothing to print, where no program reads it.
    fn nothing(&self, message: &str) -> End {
        if !self.quiet {
            eprintln!("{message}");
        }
        End::Unchanged
    }

    /// Prints what a command was asked for on stdout.
    #[expect(clippy::unused_self, reason = "all printing goes through the session")]
    fn result(&self, text: &str) {
        // A reader that went away is no error of ours.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    /// Prints a result on stdout, unless told to be quiet.
    fn say(&self, text: &str) {
        if !self.quiet {
            self.result(text);
        }
    }
}

/// Prints what was wrong with the command line.
fn misuse(message: &str) -> End {
    eprintln!("error: {message}");
    End::WrongUse
}

/// Whether to use colour.
#[expect(clippy::disallowed_methods, reason = "the environment is read here and handed down")]
fn colour(terminal: bool) -> bool {
    terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn counts(errors: usize, warnings: usize) -> String {
    let (of_errors, of_warnings) =
        (plural(errors, "error", "errors"), plural(warnings, "warning", "warnings"));
    match (errors, warnings) {
        (0, _) => of_warnings,
        (_, 0) => of_errors,
        _ => format!("{of_errors}, {of_warnings}"),
    }
}

/// A number with its word.
fn plural(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
