//! Files into the output folder, safely: made in a stage beside it and moved at the end; unchanged files are
//! left alone; what an earlier build made and this one does not is removed; what Nutgraf did not make stays.
//! Nothing is ever written through a link or outside the folder.
#![expect(clippy::disallowed_methods, reason = "this is the one writer of the output folder")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use walkdir::WalkDir;

use crate::path::{OutputPath, slashed};

/// How the name of a stage goes on after the output folder's.
const STAGE: &str = ".nutgraf-stage-";

/// An output being made.
pub struct Stage {
    target: PathBuf,
    making: PathBuf,
    /// Where the list of files made is kept.
    list: PathBuf,
    /// The files of earlier builds.
    before: BTreeSet<String>,
    /// Whether there is nothing in the target yet, so that the whole stage can take its place.
    fresh: bool,
    folders: Mutex<HashSet<PathBuf>>,
    written: Mutex<BTreeSet<String>>,
    /// Held while building, so that two builds into one folder do not mix.
    _lock: File,
}

/// What a build changed in the output folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many files are new or different.
    pub changed: usize,
    /// How many are as they were.
    pub unchanged: usize,
    /// How many of an earlier build were removed.
    pub removed: usize,
    /// Files in the folder that Nutgraf did not make, in their order.
    pub kept: Vec<String>,
    /// Files in the folder that somebody else made where this build makes one: they were replaced.
    pub replaced: Vec<String>,
    /// Sources whose text is not what it was at the last build.
    pub edited: BTreeSet<String>,
}

/// Removes the stage when a build ends without a commit.
impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.making);
    }
}

impl Stage {
    /// Prepares a build of a site into a folder.
    ///
    /// # Errors
    /// When the folder may not be an output folder, cannot be written, or another build is writing it.
    pub fn open(site: &Path, out: &Path) -> io::Result<Self> {
        let target = absolute(out)?;
        refuse_sources(site, &target)?;
        let kept = site.join(".nutgraf");
        fs::create_dir_all(&kept).map_err(|e| at(&kept, &e))?;
        let lock_path = kept.join("lock");
        let lock = File::create(&lock_path).map_err(|e| at(&lock_path, &e))?;
        if lock.try_lock().is_err() {
            return Err(io::Error::other("another build of this site is running"));
        }
        let name = target.file_name().map_or_else(|| "out".into(), |n| n.to_string_lossy().into_owned());
        let parent = target.parent().unwrap_or(&target).to_owned();
        fs::create_dir_all(&parent).map_err(|e| at(&parent, &e))?;
        remove_stale_stages(&parent, &name);
        let making = parent.join(format!(".{name}{STAGE}{}", std::process::id()));
        fs::create_dir_all(&making).map_err(|e| at(&making, &e))?;
        let fresh = match fs::read_dir(&target) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => {
                let _ = fs::remove_dir_all(&making);
                return Err(at(&target, &error));
            }
        };
        // A site that was moved still knows what it made in a folder of its own.
        let real_site = fs::canonicalize(site)?;
        let known_as = target.strip_prefix(&real_site).unwrap_or(&target);
        let hash = blake3::hash(known_as.to_string_lossy().as_bytes()).to_hex();
        let list = kept.join(format!("made-{}.txt", &hash[..16]));
        let before = made_before(&list);
        Ok(Self {
            list,
            before,
            target,
            making,
            fresh,
            folders: Mutex::default(),
            written: Mutex::default(),
            _lock: lock,
        })
    }

    /// Whether an earlier build made a file that is still there. Enough to know of one whose name has a hash of
    /// what decides about its bytes.
    pub fn has(&self, path: &OutputPath) -> bool {
        self.before.contains(path.as_str())
            && fs::symlink_metadata(self.target.join(path.as_str())).is_ok_and(|m| m.is_file() && m.len() > 0)
    }

    /// Puts a file into the stage, unless the output folder has it already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, path: &OutputPath, bytes: &[u8]) -> io::Result<()> {
        if !self.fresh && is_same(&self.target.join(path.as_str()), bytes) {
            return Ok(());
        }
        let file = self.making.join(path.as_str());
        if let Some(folder) = file.parent() {
            let known =
                self.folders.lock().unwrap_or_else(std::sync::PoisonError::into_inner).contains(folder);
            if !known {
                fs::create_dir_all(folder).map_err(|e| at(folder, &e))?;
                self.folders
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
                    .insert(folder.to_owned());
            }
        }
        fs::write(&file, bytes).map_err(|e| at(&self.target.join(path.as_str()), &e))?;
        self.written
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(path.as_str().to_owned());
        Ok(())
    }

    /// Moves the stage into place. `made` is every file of this build, `sources` the hashes of texts that many
    /// pages show, to be told when one of them was edited.
    ///
    /// # Errors
    /// When a file cannot be moved; those moved before it stay, each whole.
    pub fn commit(
        self,
        made: &BTreeSet<OutputPath>,
        sources: &BTreeMap<String, String>,
    ) -> io::Result<Written> {
        let edited = self.edited(sources);
        let made: BTreeSet<String> = made.iter().map(|path| path.as_str().to_owned()).collect();
        let changed =
            std::mem::take(&mut *self.written.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        if self.fresh {
            // The folder appears whole or not at all. An empty one is in the way of the rename.
            if self.target.exists() && !is_link(&self.target) {
                let _ = fs::remove_dir(&self.target);
            }
            if !self.target.exists() {
                self.remember(&made)?;
                fs::rename(&self.making, &self.target).map_err(|e| at(&self.target, &e))?;
                self.remember_sources(sources)?;
                return Ok(Written { changed: changed.len(), ..Written::default() });
            }
        }
        let before = &self.before;
        let replaced: Vec<String> = changed
            .iter()
            .filter(|path| !before.is_empty() && !before.contains(*path) && self.target.join(path).is_file())
            .cloned()
            .collect();
        // Everything that could be in the way is looked at before the first file moves.
        for path in &changed {
            self.check_way(path, before)?;
        }
        // Should the move be cut short, the next build knows the files of both.
        self.remember(&before.union(&made).cloned().collect())?;
        let mut checked: HashSet<PathBuf> = HashSet::new();
        for path in &changed {
            self.make_way(path, before, &mut checked)?;
            let to = self.target.join(path);
            fs::rename(self.making.join(path), &to).map_err(|e| at(&to, &e))?;
        }
        let mut removed = 0;
        for path in before.difference(&made) {
            removed += usize::from(self.remove(path));
        }
        self.remember(&made)?;
        self.remember_sources(sources)?;
        let unchanged = made.len() - changed.len();
        Ok(Written {
            changed: changed.len(),
            unchanged,
            removed,
            kept: self.foreign(&made),
            replaced,
            edited,
        })
    }

    /// Refuses a file whose folders are links or somebody else's files, and one that is somebody else's folder.
    fn check_way(&self, path: &str, before: &BTreeSet<String>) -> io::Result<()> {
        let mut folder = self.target.clone();
        let mut name = String::new();
        for part in path.split('/').take(path.matches('/').count()) {
            folder.push(part);
            name = if name.is_empty() { part.to_owned() } else { format!("{name}/{part}") };
            match fs::symlink_metadata(&folder) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(metadata) if metadata.is_file() && before.contains(&name) => return Ok(()),
                Ok(_) => {
                    let message = format!("{} is in the way: it is no folder, or a link", folder.display());
                    return Err(io::Error::other(message));
                }
                Err(_) => return Ok(()),
            }
        }
        let file = self.target.join(path);
        let is_folder = fs::symlink_metadata(&file).is_ok_and(|m| m.is_dir());
        let ours = |found: &Path| {
            let relative =
                found.strip_prefix(&self.target).unwrap_or(found).to_string_lossy().replace('\\', "/");
            before.contains(&relative)
        };
        let foreign = is_folder
            && WalkDir::new(&file)
                .into_iter()
                .filter_map(Result::ok)
                .any(|e| !e.file_type().is_dir() && !ours(e.path()));
        if foreign {
            return Err(io::Error::other(format!("{} is in the way: it is a folder", file.display())));
        }
        Ok(())
    }

    /// Sees that the folders above a file are folders of the output and no links.
    fn make_way(
        &self,
        path: &str,
        before: &BTreeSet<String>,
        checked: &mut HashSet<PathBuf>,
    ) -> io::Result<()> {
        let mut folder = self.target.clone();
        let parts: Vec<&str> = path.split('/').collect();
        for (i, part) in parts[..parts.len() - 1].iter().enumerate() {
            folder.push(part);
            if !checked.insert(folder.clone()) {
                continue;
            }
            match fs::symlink_metadata(&folder) {
                Ok(metadata) if metadata.is_dir() => {}
                Ok(metadata) if metadata.is_file() && before.contains(&parts[..=i].join("/")) => {
                    fs::remove_file(&folder).map_err(|e| at(&folder, &e))?;
                    fs::create_dir(&folder).map_err(|e| at(&folder, &e))?;
                }
                Ok(_) => {
                    let message = format!("{} is in the way: it is no folder, or a link", folder.display());
                    return Err(io::Error::other(message));
                }
                Err(_) => fs::create_dir(&folder).map_err(|e| at(&folder, &e))?,
            }
        }
        let file = self.target.join(path);
        if fs::symlink_metadata(&file).is_ok_and(|m| m.is_dir()) {
            // A folder of an earlier build, empty once its files are gone.
            for old in before.iter().filter(|old| old.starts_with(&format!("{path}/"))) {
                self.remove(old);
            }
            // Folders left empty went too, perhaps one this file lies in.
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder).map_err(|e| at(folder, &e))?;
            }
            if file.is_dir() {
                return Err(io::Error::other(format!("{} is in the way: it is a folder", file.display())));
            }
        }
        Ok(())
    }

    /// Removes a file of an earlier build and the folders it leaves empty.
    fn remove(&self, path: &str) -> bool {
        let file = self.target.join(path);
        let mut folder = self.target.clone();
        for part in path.split('/') {
            if is_link(&folder) && folder != self.target {
                return false;
            }
            folder.push(part);
        }
        if fs::remove_file(&file).is_err() {
            return false;
        }
        let mut folder = file.parent();
        while let Some(empty) = folder.filter(|f| f.starts_with(&self.target) && *f != self.target) {
            if fs::remove_dir(empty).is_err() {
                break;
            }
            folder = empty.parent();
        }
        true
    }

    /// The sources that have another hash than at the last build; none when there was none.
    fn edited(&self, sources: &BTreeMap<String, String>) -> BTreeSet<String> {
        let text = fs::read_to_string(self.list.with_extension("sources")).unwrap_or_default();
        let before: BTreeMap<&str, &str> =
            text.lines().filter_map(|line| line.split_once(' ')).map(|(h, p)| (p, h)).collect();
        let is_other =
            |(path, hash): &(&String, &String)| before.get(path.as_str()).is_some_and(|old| old != hash);
        sources.iter().filter(is_other).map(|(path, _)| path.clone()).collect()
    }

    fn remember_sources(&self, sources: &BTreeMap<String, String>) -> io::Result<()> {
        let lines: Vec<String> = sources.iter().map(|(path, hash)| format!("{hash} {path}")).collect();
        let text = lines.join("\n");
        let file = self.list.with_extension("sources");
        fs::write(&file, text).map_err(|e| at(&file, &e))
    }

    fn remember(&self, made: &BTreeSet<String>) -> io::Result<()> {
        let mut text = String::new();
        for path in made {
            text.push_str(path);
            text.push('\n');
        }
        let new = self.list.with_extension("new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &self.list)).map_err(|e| at(&self.list, &e))
    }

    /// Files in the output folder that this build did not make.
    fn foreign(&self, made: &BTreeSet<String>) -> Vec<String> {
        WalkDir::new(&self.target)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| !entry.file_type().is_dir())
            .filter_map(|entry| entry.path().strip_prefix(&self.target).ok().map(slashed))
            .filter(|path| !made.contains(path))
            .collect()
    }
}

/// The files of earlier builds, as the list of them says.
fn made_before(list: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(list).unwrap_or_default();
    let is_inside =
        |path: &&str| !path.is_empty() && path.split('/').all(|p| !p.is_empty() && p != "." && p != "..");
    text.lines().filter(is_inside).map(str::to_owned).collect()
}

/// The folder's whole path, links above it followed as far as it exists.
fn absolute(out: &Path) -> io::Result<PathBuf> {
    let out = std::path::absolute(out)?;
    if let Ok(real) = fs::canonicalize(&out) {
        return Ok(real);
    }
    let parent = out.parent().and_then(|parent| fs::canonicalize(parent).ok());
    Ok(match (parent, out.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => out,
    })
}

/// An output folder may not be the site, hold it, or lie among its sources.
fn refuse_sources(site: &Path, target: &Path) -> io::Result<()> {
    let site = fs::canonicalize(site)?;
    let sources = ["content", "templates", "static", "data", ".nutgraf", ".git"];
    let among = sources.iter().any(|folder| target.starts_with(site.join(folder)));
    if site.starts_with(target) || among {
        let message =
            format!("{} cannot be the output folder: the site's own files are there", target.display());
        return Err(io::Error::other(message));
    }
    Ok(())
}

fn remove_stale_stages(parent: &Path, name: &str) {
    let prefix = format!(".{name}{STAGE}");
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.filter_map(Result::ok) {
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a file has just these bytes.
fn is_same(file: &Path, bytes: &[u8]) -> bool {
    let same_size = fs::symlink_metadata(file).is_ok_and(|m| m.is_file() && m.len() == bytes.len() as u64);
    same_size && fs::read(file).is_ok_and(|old| old == bytes)
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink())
}

/// An error with the path it is about.
fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
