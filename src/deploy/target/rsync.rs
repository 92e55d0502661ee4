//! A folder that the program `rsync` reaches: an rsync server, or any machine over ssh. Files are sent in the order of the
//! plan, each part when the one before is there; rsync puts each in its place whole. What is replaced goes into
//! `.nutgraf/kept/` on the server. rsync cannot lock: two deploys at once are told from each other before they
//! begin, not while they run.
#![expect(clippy::disallowed_methods, reason = "a deploy keeps what it is about to send beside the cache")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::program::{Program, Ran};
use crate::deploy::failure::Failure;
use crate::deploy::manifest::{Digest, Manifest, Record, Served};
use crate::deploy::plan::{Action, Change, Interrupted, Standing};
use crate::deploy::{Bytes, Shipment, Target};

/// A folder elsewhere.
pub struct Remote {
    /// What rsync takes.
    address: String,
    port: Option<u16>,
    /// A folder of this machine for what is about to be sent, or was fetched.
    desk: PathBuf,
}

/// Where records and what is kept lie, from the site's root.
const RECORDS: &str = ".nutgraf";
/// The record of what is there.
const CURRENT: &str = "current.gz";
/// The record of what is being made.
const DEPLOYING: &str = "deploying.gz";
/// What rsync ends with when some files could not be found.
const SOME_MISSING: i32 = 23;

impl Remote {
    /// The target of an address, for a site in a folder.
    pub fn new(site: &Path, address: &str, port: Option<u16>) -> Self {
        let name = Digest::of(address.as_bytes()).to_string();
        let desk = site.join(".nutgraf").join("deploy").join(name);
        Self { address: address.to_owned(), port, desk }
    }

    fn rsync(&self) -> Program {
        let program = Program::new("rsync").with(["--timeout=120", "--copy-links"]);
        match self.port {
            Some(port) => program.with(["-e", &format!("ssh -p {port}")]),
            None => program,
        }
    }

    /// An empty folder of this machine.
    fn room(&self, name: &str) -> Result<PathBuf, Failure> {
        let room = self.desk.join(name);
        let _ = fs::remove_dir_all(&room);
        fs::create_dir_all(&room)?;
        Ok(room)
    }

    /// Fetches files from where records are; of those that are there.
    fn fetch(&self, names: &BTreeSet<&str>, to: &Path) -> Result<(), Failure> {
        // By rules and not by a list: some servers find nothing in folders of folders by that.
        let rules = [
            "--recursive",
            "--prune-empty-dirs",
            "--from0",
            "--include=*/",
            "--include-from=-",
            "--exclude=*",
        ];
        let from = format!("{}/{RECORDS}/", self.address);
        let fetch = self.rsync().with(rules).with(["--"]).with([from.as_ref(), to.as_os_str()]);
        let ran = fetch.feed(|list| {
            names.iter().try_for_each(|name| write!(list, "/{}\0", literal(name))).map_err(Failure::from)
        })?;
        let is_first = ran.code == Some(SOME_MISSING) && ran.said.contains("No such file");
        if ran.code == Some(0) || is_first { Ok(()) } else { Err(Failure::program("rsync", &ran.said)) }
    }

    /// The records of these names, of those that are there.
    fn records(&self, names: &[&str]) -> Result<BTreeMap<String, Manifest>, Failure> {
        let room = self.room("records")?;
        self.fetch(&names.iter().copied().collect(), &room)?;
        let mut found = BTreeMap::new();
        for name in names {
            let Ok(bytes) = fs::read(room.join(name)) else { continue };
            let manifest = Manifest::unpack(&bytes).map_err(|why| Failure::bad_record(name, &why))?;
            found.insert((*name).to_owned(), manifest);
        }
        Ok(found)
    }

    /// Sends files of a folder, by their paths in it.
    fn send(&self, folder: &Path, paths: &[&str], keep: Option<&Record>) -> Result<(), Failure> {
        let send = self.rsync().with(["--ignore-times", "--perms", "--chmod=D755,F644"]);
        self.list(send, folder, paths, keep)
    }

    /// Deletes files and empty folders.
    fn delete(&self, paths: &[&str], keep: Option<&Record>) -> Result<(), Failure> {
        // What is missing from a folder here goes at the other end.
        let nothing = self.room("nothing")?;
        for (folder, _) in paths.iter().filter_map(|path| path.rsplit_once('/')) {
            fs::create_dir_all(nothing.join(folder))?;
        }
        self.list(self.rsync().with(["--delete-missing-args"]), &nothing, paths, keep)
    }

    /// Runs a transfer over a list of paths; `keep` is whose versions are put aside.
    fn list(
        &self,
        program: Program,
        folder: &Path,
        paths: &[&str],
        keep: Option<&Record>,
    ) -> Result<(), Failure> {
        if paths.is_empty() {
            return Ok(());
        }
        let backup = keep.map(|base| format!("--backup-dir={RECORDS}/kept/{}", base.id));
        let program = program.with(backup.into_iter().flat_map(|folder| ["--backup".to_owned(), folder]));
        let program = program.with(["--files-from=-", "--from0", "--"]);
        let Ran { code, said, .. } = program
            .with([folder.join("").as_os_str(), format!("{}/", self.address).as_ref()])
            .feed(|list| paths.iter().try_for_each(|path| write!(list, "{path}\0")).map_err(Failure::from))?;
        if code == Some(0) { Ok(()) } else { Err(Failure::program("rsync", &said)) }
    }

    /// Sends a record under a name.
    fn record(&self, name: &str, manifest: &Manifest) -> Result<(), Failure> {
        let room = self.room("record")?;
        let path = format!("{RECORDS}/{name}");
        let file = room.join(&path);
        fs::create_dir_all(file.parent().unwrap_or(&room))?;
        fs::write(&file, manifest.pack())?;
        self.send(&room, &[&path], None)
    }

    /// Files that are not as they are in the built folder: compressed forms, and what is fetched from where it is kept.
    fn stage(&self, shipment: &Shipment<'_>) -> Result<(PathBuf, BTreeSet<String>), Failure> {
        let room = self.room("stage")?;
        let sent = shipment.plan.changes.iter().filter(|change| change.action != Action::Delete);
        let mut staged = BTreeSet::new();
        match shipment.bytes {
            Bytes::Built(built) => {
                for change in sent.filter(|change| built.files[&change.path].form.encoding.is_some()) {
                    put(&room.join(&change.path), &built.load(&change.path)?)?;
                    staged.insert(change.path.clone());
                }
            }
            Bytes::Back(to) => {
                let kept = self.room("kept")?;
                let mut places = Vec::new();
                for change in sent {
                    let key = to.files[&change.path].key();
                    let place = shipment.plan.kept.get(&key);
                    let place = place.ok_or_else(|| Failure::not_kept(&to.record.id, &change.path))?;
                    places.push((&change.path, place.at.as_str()));
                }
                self.fetch(&places.iter().map(|(_, at)| *at).collect(), &kept)?;
                for (path, at) in places {
                    let bytes =
                        fs::read(kept.join(at)).map_err(|_| Failure::not_kept(&to.record.id, path))?;
                    put(&room.join(path), &bytes)?;
                    staged.insert(path.clone());
                }
            }
        }
        Ok((room, staged))
    }
}

/// A path as a rule of rsync that fits nothing else.
fn literal(path: &str) -> String {
    if !path.contains(['*', '?', '[']) {
        return path.to_owned();
    }
    path.chars()
        .flat_map(|c| ['*', '?', '[', '\\'].contains(&c).then_some('\\').into_iter().chain([c]))
        .collect()
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    fs::write(file, bytes)?;
    Ok(())
}

/// The folders that have no file any more, the deepest first.
fn empty_folders<'a>(gone: &[&'a str], files: &BTreeMap<String, Served>) -> Vec<&'a str> {
    let mut folders = BTreeSet::new();
    for path in gone {
        let mut rest = *path;
        while let Some((folder, _)) = rest.rsplit_once('/') {
            let below = format!("{folder}/");
            if files.range(below.clone()..).next().is_some_and(|(path, _)| path.starts_with(&below)) {
                break;
            }
            folders.insert(folder);
            rest = folder;
        }
    }
    let mut folders: Vec<&str> = folders.into_iter().collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(depth(folder)));
    folders
}

fn depth(path: &str) -> usize {
    path.matches('/').count()
}

impl Target for Remote {
    fn look(&self) -> Result<Standing, Failure> {
        let mut records = self.records(&[CURRENT, DEPLOYING])?;
        let manifest = records.remove(CURRENT);
        let id = manifest.as_ref().map(|manifest| manifest.record.id.clone());
        let interrupted = records.remove(DEPLOYING).filter(|made| Some(&made.record.id) != id.as_ref());
        let interrupted = interrupted.map(|manifest| Interrupted { manifest, mark: None, began: true });
        Ok(Standing { manifest, interrupted, stamp: id, ..Standing::default() })
    }

    fn manifest(&self, id: &str) -> Result<Manifest, Failure> {
        let name = format!("deploys/{id}.gz");
        self.records(&[&name])?.remove(&name).ok_or_else(|| Failure::no_such_deploy(id))
    }

    fn kept_at(&self, base: &Record, path: &str, _: &Served) -> Option<String> {
        Some(format!("kept/{}/{path}", base.id))
    }

    fn ship(&self, shipment: &Shipment<'_>) -> Result<Vec<String>, Failure> {
        let Shipment { plan, standing, manifest, bytes, progress } = shipment;
        fs::create_dir_all(&self.desk)?;
        let lock = File::create(self.desk.with_extension("lock"))?;
        if lock.try_lock().is_err() {
            return Err(Failure::busy_here());
        }
        let now = self.look()?;
        let being_made =
            |standing: &Standing| standing.interrupted.as_ref().map(|i| i.manifest.record.id.clone());
        if now.stamp != standing.stamp || being_made(&now) != being_made(standing) {
            return Err(Failure::overtaken(now.stamp.as_deref()));
        }
        let (stage, staged) = self.stage(shipment)?;
        self.record(
            DEPLOYING,
            &Manifest { unsure: plan.unsure.iter().cloned().collect(), ..(*manifest).clone() },
        )?;
        let base = standing.manifest.as_ref().map(|manifest| &manifest.record);
        let folder = match bytes {
            Bytes::Built(built) => built.folder.as_path(),
            Bytes::Back(_) => stage.as_path(),
        };
        let mut done = 0;
        let is_same_part = |a: &Change, b: &Change| {
            (a.wave(), a.action == Action::Add) == (b.wave(), b.action == Action::Add)
        };
        for part in plan.changes.chunk_by(is_same_part) {
            for is_kept in [true, false] {
                let these = |is_staged: bool| -> Vec<&str> {
                    let paths = part.iter().map(|change| change.path.as_str());
                    let kept = paths.filter(|path| plan.keep.contains_key(*path) == is_kept);
                    kept.filter(|path| staged.contains(*path) == is_staged).collect()
                };
                let keep = base.filter(|_| is_kept);
                if part.first().is_some_and(|change| change.action == Action::Delete) {
                    self.delete(&these(false), keep)?;
                } else {
                    self.send(folder, &these(false), keep)?;
                    self.send(&stage, &these(true), keep)?;
                }
            }
            done += part.len();
            progress(done, plan.changes.len());
        }
        let gone = plan.changes.iter().filter(|change| change.action == Action::Delete);
        let gone: Vec<&str> = gone.map(|change| change.path.as_str()).collect();
        let folders = empty_folders(&gone, &manifest.files);
        for level in folders.chunk_by(|a, b| depth(a) == depth(b)) {
            self.delete(level, None)?;
        }
        self.record(&format!("deploys/{}.gz", manifest.record.id), manifest)?;
        self.record(CURRENT, manifest)?;
        let mut old = vec![format!("{RECORDS}/{DEPLOYING}")];
        let earlier = standing.manifest.iter().flat_map(|base| base.history.iter().chain([&base.record]));
        let forgotten = earlier.filter(|record| !manifest.history.contains(record));
        old.extend(forgotten.map(|record| format!("{RECORDS}/deploys/{}.gz", record.id)));
        let still: BTreeSet<&str> = manifest.kept.values().map(|kept| kept.at.as_str()).collect();
        let dropped = plan.kept.values().filter(|kept| !still.contains(kept.at.as_str()));
        old.extend(dropped.map(|kept| format!("{RECORDS}/{}", kept.at)));
        self.delete(&old.iter().map(String::as_str).collect::<Vec<_>>(), None)?;
        let _ = fs::remove_dir_all(&self.desk);
        Ok(Vec::new())
    }
}
