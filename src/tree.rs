//! The files of a site: a sorted list of what is there, and the only place that reads them. It never
//! follows a link out of the site and never reads what nobody asks for.
#![expect(clippy::disallowed_methods, reason = "this is the one reader of the site's files")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::files;
use crate::path::SitePath;

/// The folders that make a site, besides nutgraf.yaml.
const FOLDERS: &[&str] = &["content", "data", "static", "templates"];

/// The longest text of a site: far beyond any story, far below what hurts.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// The files of a site by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    files: BTreeMap<SitePath, Origin>,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
enum Origin {
    Disk(PathBuf),
    Memory(Arc<[u8]>),
}

impl Tree {
    /// Lists the files of the site in a folder. Dotfiles (but `.well-known/`), names ending in `~` and
    /// names starting with `_` are not part of a site; in static/ names starting with `_` are.
    pub fn open(root: &Path) -> (Self, Vec<Diagnostic>) {
        let mut tree = Self::default();
        let mut diagnostics = Vec::new();
        let settings = root.join("nutgraf.yaml");
        if settings.is_file() {
            tree.files.insert(SitePath::new("nutgraf.yaml"), Origin::Disk(settings));
        }
        let inside = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        for folder in FOLDERS {
            walk(root, &inside, folder, &mut tree.files, &mut diagnostics);
        }
        (tree, diagnostics)
    }

    /// A site held in memory, for tests and for what is built into the program.
    pub fn in_memory<B: Into<Arc<[u8]>>>(files: impl IntoIterator<Item = (String, B)>) -> Self {
        let files =
            files.into_iter().map(|(path, bytes)| (SitePath::new(path), Origin::Memory(bytes.into())));
        Self { files: files.collect() }
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &SitePath> {
        self.files.keys()
    }

    /// The paths of the files below a folder, in order.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a SitePath> {
        self.paths()
            .filter(move |path| path.as_str().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Whether there is such a file.
    pub fn contains(&self, path: &SitePath) -> bool {
        self.files.contains_key(path)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When there is no such file or it cannot be read.
    pub fn read(&self, path: &SitePath) -> io::Result<Vec<u8>> {
        match self.files.get(path) {
            None => Err(io::ErrorKind::NotFound.into()),
            Some(Origin::Disk(file)) => fs::read(file),
            Some(Origin::Memory(bytes)) => Ok(bytes.to_vec()),
        }
    }

    /// The text of a file, without a byte order mark.
    ///
    /// # Errors
    /// When it cannot be read, is too large for a text, or is not UTF-8.
    pub fn read_text(&self, path: &SitePath) -> Result<Arc<str>, Box<Diagnostic>> {
        if let Some(Origin::Disk(file)) = self.files.get(path)
            && let Ok(metadata) = file.metadata()
            && metadata.len() > MAX_TEXT as u64
        {
            return Err(Box::new(files::too_large(
                path,
                usize::try_from(metadata.len()).unwrap_or(usize::MAX),
                MAX_TEXT,
            )));
        }
        let bytes = self.read(path).map_err(|e| Box::new(files::unreadable(path, &e.to_string())))?;
        if bytes.len() > MAX_TEXT {
            return Err(Box::new(files::too_large(path, bytes.len(), MAX_TEXT)));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).into()),
            Err(error) => Err(Box::new(files::not_utf8(path, error.utf8_error().valid_up_to()))),
        }
    }
}

fn walk(
    root: &Path,
    inside: &Path,
    folder: &str,
    found: &mut BTreeMap<SitePath, Origin>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let start = root.join(folder);
    if !start.exists() {
        return;
    }
    let mut walker = WalkDir::new(&start).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = walker.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().map_or_else(|| SitePath::new(folder), |p| site_path(root, p));
                let reason = match error.loop_ancestor() {
                    Some(_) => "a link to a folder that holds it".to_owned(),
                    None => error.io_error().map_or_else(|| error.to_string(), ToString::to_string),
                };
                diagnostics.push(files::unreadable(&path, &reason));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy();
        if entry.depth() > 0 && is_ignored(&name, folder) {
            if entry.file_type().is_dir() {
                walker.skip_current_dir();
            }
            continue;
        }
        let path = site_path(root, entry.path());
        if name.chars().any(char::is_control) {
            diagnostics.push(files::unreadable(&path, "its name has a character that cannot be seen"));
            continue;
        }
        if entry.path_is_symlink()
            && !fs::canonicalize(entry.path()).is_ok_and(|target| target.starts_with(inside))
        {
            diagnostics.push(files::symlink_out(&path));
            if entry.file_type().is_dir() {
                walker.skip_current_dir();
            }
            continue;
        }
        if entry.file_type().is_file() {
            found.insert(path, Origin::Disk(entry.into_path()));
        }
    }
}

fn is_ignored(name: &str, folder: &str) -> bool {
    (name.starts_with('.') && name != ".well-known")
        || name.ends_with('~')
        || (name.starts_with('_') && folder != "static")
}

fn site_path(root: &Path, path: &Path) -> SitePath {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    SitePath::new(parts.join("/"))
}
