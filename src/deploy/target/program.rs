//! Other programs that targets are reached by: started with words, never through a shell.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::deploy::failure::Failure;

/// A program with its words.
pub struct Program {
    name: String,
    command: Command,
}

/// What came of it.
pub struct Ran {
    name: String,
    /// The exit code; none when it was killed.
    pub code: Option<i32>,
    /// What it said on stdout.
    pub out: Vec<u8>,
    /// What it said on stderr.
    pub said: String,
}

impl Program {
    /// A program of this name.
    pub fn new(name: &str) -> Self {
        let mut command = Command::new(name);
        // Its messages are read: in English.
        command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
        Self { name: name.to_owned(), command }
    }

    /// The same with more words.
    #[must_use]
    pub fn with(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(words);
        self
    }

    /// The same with a variable of its environment.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// The same, holding a file open for as long as it runs: a lock that outlives this program when that is killed.
    ///
    /// # Errors
    /// When the file cannot be held twice.
    pub fn holding(mut self, file: &File) -> Result<Self, Failure> {
        self.command.stdin(file.try_clone()?);
        Ok(self)
    }

    /// Runs it to its end; an exit code other than 0 is an error.
    ///
    /// # Errors
    /// When it is not there, or fails.
    pub fn run(self) -> Result<Vec<u8>, Failure> {
        self.try_run()?.or_fail()
    }

    /// Runs it to its end, whatever comes of it.
    ///
    /// # Errors
    /// When it is not there.
    pub fn try_run(mut self) -> Result<Ran, Failure> {
        let output = self.command.output().map_err(|error| self.not_started(&error))?;
        Ok(Ran::of(self.name, output))
    }

    /// Runs it to its end with what is written to its stdin.
    ///
    /// # Errors
    /// When it is not there, or what it is to be given cannot be made.
    pub fn feed(mut self, give: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<Ran, Failure> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(|error| self.not_started(&error))?;
        let stdin = child.stdin.take();
        let reading = thread::spawn(move || child.wait_with_output());
        let given = stdin.map_or(Ok(()), |mut stdin| give(&mut stdin));
        let output = reading.join().map_err(|_| Failure::other(format!("{} went away", self.name)))?;
        let ran = Ran::of(self.name, output?);
        // A program that stops reading says itself why.
        match given {
            Err(error) if ran.code == Some(0) || error.kind() != io::ErrorKind::BrokenPipe => {
                Err(error.into())
            }
            _ => Ok(ran),
        }
    }

    fn not_started(&self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::NotFound => Failure::no_program(&self.name),
            _ => Failure::other(format!("{} cannot be started: {error}", self.name)),
        }
    }
}

impl Ran {
    fn of(name: String, output: Output) -> Self {
        let Output { status, stdout, stderr } = output;
        Self { name, code: status.code(), out: stdout, said: String::from_utf8_lossy(&stderr).into_owned() }
    }

    /// What it said on stdout; an exit code other than 0 is an error.
    ///
    /// # Errors
    /// When it failed.
    pub fn or_fail(self) -> Result<Vec<u8>, Failure> {
        if self.code == Some(0) { Ok(self.out) } else { Err(Failure::program(&self.name, &self.said)) }
    }
}

/// What a program said, as one line of text.
pub fn line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
