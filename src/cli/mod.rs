//! The command line: one file a command. The only room that prints, and that asks the machine for the time,
//! the environment and the terminal.
#![expect(clippy::print_stderr, reason = "this is the one room that prints")]

mod build;
mod completions;
mod components;
mod new;
mod progress;
mod scaffold;
mod serve;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cache::Cache;
use crate::diagnostic::print::{Format, print};
use crate::diagnostic::{self, Diagnostic, Severity, Sources};
use crate::edition;
use crate::moment::Moment;
use crate::site::Shows;

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

    /// How messages are written
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
}

#[derive(Subcommand)]
enum Command {
    /// Start a site, or add a briefing or an explainer to one
    New(new::Arguments),
    /// Make the site
    Build(build::Arguments),
    /// See the site live: pages change in the browser while you type
    Serve(serve::Arguments),
    /// List the components with their arguments and Markdown to copy
    Components(components::Arguments),
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
}

/// Runs the command line and returns the exit code: 0 done, 1 errors in the site, 2 wrong use.
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
    let end = match arguments.command {
        Command::New(arguments) => new::run(&session, &arguments),
        Command::Build(arguments) => build::run(&session, &arguments),
        Command::Serve(arguments) => serve::run(&session, arguments),
        Command::Components(arguments) => components::run(&session, &arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    ExitCode::from(match end {
        End::Done => 0,
        End::Errors => 1,
        End::WrongUse => 2,
    })
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
    /// What an edition depends on besides the files.
    fn edition_options(&self, shows: Shows, base_url: Option<String>) -> edition::Options {
        let now = match &self.now {
            Now::Real(now) | Now::Fixed(now) => edition::Now::At(*now),
            Now::Typed(text) => edition::Now::Typed(text.clone()),
        };
        let (cache, progress) = (Cache::of(&self.site), edition::Progress::default());
        edition::Options { now, shows, base_url, cache, progress }
    }

    /// Prints diagnostics in their order on stderr, and how many there were.
    fn report(&self, diagnostics: Vec<Diagnostic>, sources: &Sources, strict: bool) -> bool {
        let mut diagnostics = diagnostic::sort(diagnostics);
        if strict {
            for diagnostic in &mut diagnostics {
                diagnostic.severity = Severity::Error;
            }
        }
        let stderr = std::io::stderr();
        let format = match self.format {
            MessageFormat::Human => Format::Human { colour: colour(stderr.is_terminal()) },
            MessageFormat::Short => Format::Short,
            MessageFormat::Json => Format::Json,
        };
        let mut out = stderr.lock();
        for diagnostic in diagnostics.iter().filter(|d| !self.quiet || d.severity == Severity::Error) {
            let _ = out.write_all(print(diagnostic, sources, format).as_bytes());
        }
        let of = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
        if self.format == MessageFormat::Human && !self.quiet && errors + warnings > 0 {
            let _ = writeln!(out, "{}", counts(errors, warnings));
        }
        errors > 0
    }

    /// Prints an error that is about no file of the site.
    fn fail(&self, message: &str) -> End {
        match self.format {
            MessageFormat::Human | MessageFormat::Short => eprintln!("error: {message}"),
            MessageFormat::Json => {
                eprintln!(
                    "{}",
                    serde_json::json!({
                        "code": null, "severity": "error", "message": message, "file": null, "line": null, "column": null,
                        "end_line": null, "end_column": null, "help": null,
                    })
                );
            }
        }
        End::Errors
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
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, _) => plural(warnings, "warning"),
        (_, 0) => plural(errors, "error"),
        _ => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}
