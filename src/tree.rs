//! The files of a site: a sorted list of what is there, and the only place that reads them. It never
//! follows a link out of the site and never reads what nobody asks for.
#![expect(clippy::disallowed_methods, reason = "this is the one reader of the site's files")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::files;
use crate::path::{SitePath, slashed};

/// The folders that make a site, besides nutgraf.yaml.
pub const FOLDERS: &[&str] = &["content", "data", "static", "templates"];

/// The longest text of a site: far beyond any story, far below what hurts.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// The files of a site by path.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    root: PathBuf,
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
        let mut tree = Self { root: root.to_owned(), files: BTreeMap::new() };
        let mut diagnostics = Vec::new();
        let settings = root.join("nutgraf.yaml");
        if settings.is_file() {
            tree.files.insert(SitePath::new("nutgraf.yaml"), Origin::Disk(settings));
        }
        for folder in FOLDERS {
            walk(root, &root.join(folder), folder, &mut tree.files, &mut diagnostics);
        }
        (tree, diagnostics)
    }

    /// A site held in memory, for tests and for what is built into the program.
    pub fn in_memory<B: Into<Arc<[u8]>>>(files: impl IntoIterator<Item = (String, B)>) -> Self {
        let files =
            files.into_iter().map(|(path, bytes)| (SitePath::new(path), Origin::Memory(bytes.into())));
        Self { root: PathBuf::new(), files: files.collect() }
    }

    /// A tree of some of the files, with others in memory that win over them.
    #[must_use]
    pub fn part(&self, keep: impl Fn(&SitePath) -> bool, files: Vec<(String, String)>) -> Self {
        let kept = self.files.iter().filter(|(path, _)| keep(path));
        let mut part = Self {
            root: self.root.clone(),
            files: kept.map(|(path, origin)| (path.clone(), origin.clone())).collect(),
        };
        part.files.extend(
            files
                .into_iter()
                .map(|(path, text)| (SitePath::new(path), Origin::Memory(text.into_bytes().into()))),
        );
        part
    }

    /// Looks again at places where something may have happened: a file or a folder that came, changed or
    /// went. Returns every file of the site that may be another now; what stands in their bytes is for the
    /// reader to compare.
    pub fn look_again(&mut self, places: &BTreeSet<PathBuf>) -> (BTreeSet<SitePath>, Vec<Diagnostic>) {
        let mut touched = BTreeSet::new();
        let mut diagnostics = Vec::new();
        for place in places {
            let Some(path) = path_in_site(&self.root, place) else { continue };
            let before: Vec<SitePath> = self.at_or_below(path.as_str()).cloned().collect();
            for file in &before {
                self.files.remove(file);
            }
            let mut found = BTreeMap::new();
            if path.as_str() == "nutgraf.yaml" {
                if place.is_file() {
                    found.insert(path.clone(), Origin::Disk(place.clone()));
                }
            } else {
                let folder = path.as_str().split('/').next().unwrap_or_default();
                // A place may lie below a link that leads out.
                let parent = place.parent().and_then(|parent| fs::canonicalize(parent).ok());
                let inside = fs::canonicalize(&self.root).unwrap_or_else(|_| self.root.clone());
                if parent.is_some_and(|parent| parent.starts_with(inside)) {
                    walk(&self.root, place, folder, &mut found, &mut diagnostics);
                }
            }
            touched.extend(before);
            touched.extend(found.keys().cloned());
            self.files.append(&mut found);
        }
        (touched, diagnostics)
    }

    /// Where a file of the site lies on disk.
    pub fn place(&self, path: &SitePath) -> PathBuf {
        self.root.join(path.as_str())
    }

    fn at_or_below<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a SitePath> {
        let own = self.files.get_key_value(path).map(|(path, _)| path);
        // Everything below `a/b` stands between `a/b/` and `a/b0`, the character after `/`.
        let (from, to) = (SitePath::new(format!("{path}/")), SitePath::new(format!("{path}0")));
        own.into_iter().chain(self.files.range(from..to).map(|(path, _)| path))
    }

    /// The paths of all files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &SitePath> {
        self.files.keys()
    }

    /// The paths of the files below a folder, in order.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = &SitePath> {
        let (from, to) = (SitePath::new(format!("{folder}/")), SitePath::new(format!("{folder}0")));
        self.files.range(from..to).map(|(path, _)| path)
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

/// The path of a place in the site at `root`, or `None` when nothing of the site can be there.
pub fn path_in_site(root: &Path, place: &Path) -> Option<SitePath> {
    if !place.starts_with(root) {
        return None;
    }
    let path = site_path(root, place);
    let mut parts = path.as_str().split('/');
    let folder = parts.next().unwrap_or_default();
    let ours = path.as_str() == "nutgraf.yaml" || FOLDERS.contains(&folder);
    (ours && !parts.any(|name| is_ignored(name, folder))).then_some(path)
}

/// Lists what is at or below a place of one of the folders.
fn walk(
    root: &Path,
    start: &Path,
    folder: &str,
    found: &mut BTreeMap<SitePath, Origin>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if !start.exists() {
        return;
    }
    let inside = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let mut walker = WalkDir::new(start).follow_links(true).sort_by_file_name().into_iter();
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
            && !fs::canonicalize(entry.path()).is_ok_and(|target| target.starts_with(&inside))
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
    SitePath::new(slashed(path.strip_prefix(root).unwrap_or(path)))
}
