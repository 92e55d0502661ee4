//! A folder of this machine, for a server that reads it. The place is a link: a deploy makes a whole new folder beside it and
//! switches the link at once. Files that did not change are one file in both folders, so that a deploy takes no more room
//! than what changed.
#![expect(clippy::disallowed_methods, reason = "a deploy writes where it ships to")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::deploy::built::hash;
use crate::deploy::failure::Failure;
use crate::deploy::manifest::{Manifest, Record, Served};
use crate::deploy::plan::Standing;
use crate::deploy::{Bytes, Shipment, Target};

/// A place that is switched.
pub struct Folder {
    /// The link that readers' server follows.
    place: PathBuf,
    /// The folder beside it, with everything else.
    home: PathBuf,
    /// The name of that folder.
    name: String,
}

impl Folder {
    /// The target at a place.
    ///
    /// # Errors
    /// When the place has no name.
    pub fn new(place: &Path) -> Result<Self, Failure> {
        let place = std::path::absolute(place)?;
        let name = place.file_name().map(|name| format!(".{}.nutgraf", name.to_string_lossy()));
        let name =
            name.ok_or_else(|| Failure::other(format!("{} is no folder to ship to", place.display())))?;
        Ok(Self { home: place.with_file_name(&name), place, name })
    }

    fn release(&self, id: &str) -> PathBuf {
        self.home.join("releases").join(id)
    }

    fn record(&self, id: &str) -> PathBuf {
        self.home.join("deploys").join(format!("{id}.gz"))
    }

    /// The deploy that readers see.
    fn current(&self) -> Result<Option<String>, Failure> {
        let shown = self.place.display().to_string();
        match fs::symlink_metadata(&self.place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&self.place, &error).into()),
            Ok(metadata) if metadata.is_symlink() => {
                let leads = fs::read_link(&self.place)?;
                let id = leads.strip_prefix(Path::new(&self.name).join("releases")).ok();
                let id = id.and_then(Path::to_str).filter(|id| !id.is_empty() && !id.contains('/'));
                match id {
                    Some(id) => Ok(Some(id.to_owned())),
                    None => Err(Failure::foreign_folder(&shown, &format!("a link to {}", leads.display()))),
                }
            }
            Ok(metadata) if metadata.is_dir() => {
                let is_empty = fs::read_dir(&self.place).map_err(|e| at(&self.place, &e))?.next().is_none();
                if is_empty { Ok(None) } else { Err(Failure::foreign_folder(&shown, "a folder with files")) }
            }
            Ok(_) => Err(Failure::foreign_folder(&shown, "a file")),
        }
    }

    /// Puts one file into a new release.
    fn put(
        &self,
        shipment: &Shipment<'_>,
        changed: &BTreeSet<&str>,
        making: &Path,
        path: &str,
    ) -> Result<(), Failure> {
        let to = making.join(path);
        let old = match (shipment.bytes, &shipment.standing.manifest) {
            (Bytes::Back(manifest), _) => Some(&manifest.record.id),
            (Bytes::Built(_), Some(base)) if !changed.contains(path) => Some(&base.record.id),
            (Bytes::Built(_), _) => None,
        };
        if let Some(id) = old {
            let from = self.release(id).join(path);
            // Somebody may have written into it: then it is another file in every folder that has it.
            let served = &shipment.manifest.files[path];
            let is_whole = match hash(&from) {
                // The record has the hash of what is compressed there.
                Ok((found, _)) => served.form.encoding.is_some() || found == served.hash,
                Err(_) => false,
            };
            if is_whole {
                // Some file systems know no second name of a file.
                let linked = fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop));
                return linked.map_err(|error| at(&to, &error).into());
            }
        }
        match shipment.bytes {
            Bytes::Built(built) => {
                let bytes = built.load(path)?;
                fs::write(&to, bytes).map_err(|error| at(&to, &error))?;
                open_to_all(&to, 0o644)
            }
            Bytes::Back(manifest) => Err(Failure::not_kept(&manifest.record.id, path)),
        }
    }

    /// Removes what no deploy needs any more.
    fn prune(&self, manifest: &Manifest) {
        let history = manifest.history.iter().map(|record| &record.id);
        let needed: BTreeSet<&String> = history.chain([&manifest.record.id]).collect();
        let names = |folder: &str| {
            let entries = fs::read_dir(self.home.join(folder)).into_iter().flatten().filter_map(Result::ok);
            entries.map(|entry| entry.path()).collect::<Vec<_>>()
        };
        for path in names("releases").into_iter().chain(names("deploys")) {
            let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            if !needed.contains(&id) || path.extension().is_some_and(|end| end == MAKING) {
                // What stays does no harm, and is tried again.
                let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
            }
        }
    }
}

/// What the name of a release ends in while it is made.
const MAKING: &str = "making";

impl Target for Folder {
    fn look(&self) -> Result<Standing, Failure> {
        let Some(id) = self.current()? else { return Ok(Standing::default()) };
        let manifest = self.manifest(&id)?;
        Ok(Standing { manifest: Some(manifest), stamp: Some(id), ..Standing::default() })
    }

    fn manifest(&self, id: &str) -> Result<Manifest, Failure> {
        let bytes = fs::read(self.record(id)).map_err(|_| Failure::no_such_deploy(id))?;
        Manifest::unpack(&bytes).map_err(|why| Failure::bad_record(id, &why))
    }

    fn kept_at(&self, _: &Record, _: &str, _: &Served) -> Option<String> {
        None
    }

    fn ship(&self, shipment: &Shipment<'_>) -> Result<Vec<String>, Failure> {
        let manifest = shipment.manifest;
        let id = &manifest.record.id;
        for folder in ["releases", "deploys"] {
            let folder = self.home.join(folder);
            fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
        }
        let lock = File::create(self.home.join("lock")).map_err(|error| at(&self.home, &error))?;
        if lock.try_lock().is_err() {
            return Err(Failure::busy_folder(&self.place.display().to_string()));
        }
        let current = self.current()?;
        if current != shipment.standing.stamp {
            return Err(Failure::overtaken(current.as_deref()));
        }
        let making = self.release(&format!("{id}.{MAKING}"));
        let _ = fs::remove_dir_all(&making);
        let folders: BTreeSet<&str> = manifest
            .files
            .keys()
            .map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder))
            .collect();
        for folder in folders {
            let folder = making.join(folder);
            fs::create_dir_all(&folder).map_err(|error| at(&folder, &error))?;
            for folder in folder.ancestors().take_while(|folder| folder.starts_with(&making)) {
                open_to_all(folder, 0o755)?;
            }
        }
        for folder in [&self.home, &self.home.join("releases")] {
            open_to_all(folder, 0o755)?;
        }
        let changed: BTreeSet<&str> =
            shipment.plan.changes.iter().map(|change| change.path.as_str()).collect();
        let done = AtomicUsize::new(0);
        let made: Result<(), Failure> = manifest.files.par_iter().try_for_each(|(path, _)| {
            self.put(shipment, &changed, &making, path)?;
            (shipment.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, manifest.files.len());
            Ok(())
        });
        if let Err(failure) = made {
            let _ = fs::remove_dir_all(&making);
            return Err(failure);
        }
        let release = self.release(id);
        fs::rename(&making, &release).map_err(|error| at(&release, &error))?;
        let record = self.record(id);
        let new = record.with_extension(MAKING);
        fs::write(&new, manifest.pack())
            .and_then(|()| fs::rename(&new, &record))
            .map_err(|e| at(&record, &e))?;
        switch(&Path::new(&self.name).join("releases").join(id), &self.place, &self.home.join("link"))?;
        self.prune(manifest);
        Ok(Vec::new())
    }
}

/// Makes a place a link to a folder, at once.
fn switch(to: &Path, place: &Path, new: &Path) -> Result<(), Failure> {
    let _ = fs::remove_file(new);
    symlink(to, new).map_err(|error| at(new, &error))?;
    if fs::symlink_metadata(place).is_ok_and(|metadata| metadata.is_dir()) {
        // An empty one is in the way of the link.
        fs::remove_dir(place).map_err(|error| at(place, &error))?;
    }
    fs::rename(new, place).map_err(|error| at(place, &error).into())
}

/// Lets the server of readers, which is another user, in.
#[cfg(unix)]
fn open_to_all(path: &Path, mode: u32) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|error| at(path, &error).into())
}

#[cfg(not(unix))]
fn open_to_all(_: &Path, _: u32) -> Result<(), Failure> {
    Ok(())
}

#[cfg(unix)]
fn symlink(to: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

#[cfg(windows)]
fn symlink(to: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(to, link)
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
