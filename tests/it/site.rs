//! A site in a temporary folder, and the program run on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A site on disk; removed when the test ends.
pub struct Site {
    folder: tempfile::TempDir,
}

/// What the program said.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// The moment sites are seen at unless a test says otherwise.
pub const NOW: &str = "2024-01-01";

/// The settings of a site of which a test says nothing else.
pub const SETTINGS: &str = "title: The Test\nurl: https://example.org\n";

impl Site {
    /// A site of these files.
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for (path, text) in files {
            site.write(path, text);
        }
        site
    }

    /// A site of one briefing.
    pub fn of_briefing(text: &str) -> Self {
        Self::new([("nutgraf.yaml", SETTINGS), ("content/briefings/a.md", text)])
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).expect("a file to remove");
    }

    pub fn exists(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// The output, by path.
    pub fn output(&self) -> BTreeMap<String, Vec<u8>> {
        files(&self.path().join("public"))
    }

    /// Runs the program in the site's folder.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    /// Runs the program in the site's folder with variables of the environment.
    pub fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = command();
        command.current_dir(self.path()).args(arguments);
        command.envs(environment.iter().copied());
        run(command)
    }

    /// Builds the site as it is at [`NOW`].
    pub fn build(&self) -> Run {
        self.run(&["build", "--now", NOW])
    }

    /// Builds the site, which must have nothing wrong.
    pub fn build_cleanly(&self) {
        let run = self.build();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    }
}

/// The program, with nothing of the machine's environment that it listens to.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nutgraf"));
    command.env_remove("SOURCE_DATE_EPOCH").env_remove("NO_COLOR");
    command
}

/// Runs a command to its end.
pub fn run(mut command: Command) -> Run {
    let Output { status, stdout, stderr } = command.output().expect("the program runs");
    Run {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).expect("UTF-8"),
        stderr: String::from_utf8(stderr).expect("UTF-8"),
    }
}

/// Every file below a folder, by its path with `/` between parts.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let relative = path.strip_prefix(folder).expect("inside");
                let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
                found.insert(parts.join("/"), fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

/// The package's own folder.
pub fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
