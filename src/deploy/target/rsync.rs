//! A folder that the program `rsync` reaches: an rsync server, or any machine over ssh. Files are sent in the order of the
//! plan, each part when the one before is there; rsync puts each in its place whole. What is replaced goes into
//! `.nutgraf/kept/` on the server. rsync cannot lock: two deploys at once are told from each other before they
//! begin, not while they run.
#![expect(clippy::disallowed_methods, reason = "a deploy keeps what it is about to send beside the cache")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::program::{Program, Ran};
use crate::deploy::failure::Failure;
use crate::deploy::manifest::{Digest, Manifest, Record, Served};
use crate::deploy::plan::{Action, Interrupted, Standing};
use crate::deploy::{Bytes, Environment, Shipment, Target};

/// A folder elsewhere.
pub struct Remote {
    /// What rsync takes.
    address: String,
    port: Option<u16>,
    /// The command of ssh.
    shell: String,
    /// A folder of this machine for what is about to be sent, or was fetched.
    desk: PathBuf,
    /// The lock among the processes of this machine. What rsync still sends holds it too, should this program be killed.
    lock: Mutex<Option<File>>,
}

/// Where records and what is kept lie, from the site's root.
const RECORDS: &str = ".nutgraf";
/// The record of what is there.
const CURRENT: &str = "current.gz";
/// The record of what is being made.
const DEPLOYING: &str = "deploying.gz";
/// How long another process is waited for, and how often that is looked at.
const WAIT: Duration = Duration::from_millis(100);
const WAITS: u32 = 100;
/// What rsync ends with when some files could not be found.
const SOME_MISSING: i32 = 23;

impl Remote {
    /// The target of an address, for a site in a folder.
    pub fn new(site: &Path, address: &str, port: Option<u16>, environment: &Environment) -> Self {
        let name = Digest::of(address.as_bytes()).to_string();
        let desk = site.join(".nutgraf").join("deploy").join(name);
        let shell = environment.get("RSYNC_RSH").map_or("ssh", String::as_str).to_owned();
        Self { address: address.to_owned(), port, shell, desk, lock: Mutex::default() }
    }

    fn rsync(&self) -> Result<Program, Failure> {
        let mut program = Program::new("rsync").with(["--timeout=120", "--copy-links"]);
        if let Some(port) = self.port {
            program = program.with(["-e", &format!("{} -p {port}", self.shell)]);
        }
        match &*self.lock.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(lock) => program.holding(lock),
            None => Ok(program),
        }
    }

    /// Locks the target against other processes of this machine; waits a little for what a killed one still sends.
    fn lock_here(&self) -> Result<(), Failure> {
        fs::create_dir_all(&self.desk)?;
        let lock = File::create(self.desk.with_extension("lock"))?;
        for _ in 0..WAITS {
            if lock.try_lock().is_ok() {
                *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(lock);
                return Ok(());
            }
            thread::sleep(WAIT);
        }
        Err(Failure::busy_here())
    }

    /// A list for rsync in a file: its stdin may hold the lock.
    fn list_of(&self, names: impl Iterator<Item = String>) -> Result<PathBuf, Failure> {
        fs::create_dir_all(&self.desk)?;
        let file = self.desk.join("list");
        let all: String = names.flat_map(|name| [name, "\0".to_owned()]).collect();
        fs::write(&file, all)?;
        Ok(file)
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
        let rules = self.list_of(names.iter().map(|name| format!("/{}", literal(name))))?;
        let fetch = self.rsync()?.with(["--recursive", "--prune-empty-dirs", "--from0", "--include=*/"]);
        let fetch = fetch.with([format!("--include-from={}", rules.display())]).with(["--exclude=*", "--"]);
        let from = format!("{}/{RECORDS}/", self.address);
        let ran = fetch.with([from.as_ref(), to.as_os_str()]).try_run()?;
        if is_missing(&ran) { Ok(()) } else { ran.or_fail().map(drop) }
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
        let send = self.rsync()?.with(["--ignore-times", "--perms", "--chmod=D755,F644"]);
        self.list(send, folder, paths, keep)
    }

    /// Deletes files and empty folders.
    fn delete(&self, paths: &[&str], keep: Option<&Record>) -> Result<(), Failure> {
        // What is missing from a folder here goes at the other end.
        let nothing = self.room("nothing")?;
        for (folder, _) in paths.iter().filter_map(|path| path.rsplit_once('/')) {
            fs::create_dir_all(nothing.join(folder))?;
        }
        self.list(self.rsync()?.with(["--delete-missing-args"]), &nothing, paths, keep)
    }

    /// Deletes files, and the folders that have none any more then.
    fn delete_all(
        &self,
        paths: &[&str],
        keep: &dyn Fn(&str) -> bool,
        base: Option<&Record>,
        files: &BTreeMap<String, Served>,
    ) -> Result<(), Failure> {
        let (kept, others): (Vec<&str>, Vec<&str>) = paths.iter().partition(|path| keep(path));
        self.delete(&kept, base)?;
        self.delete(&others, None)?;
        let folders = empty_folders(paths, files);
        for level in folders.chunk_by(|a, b| depth(a) == depth(b)) {
            self.delete(level, None)?;
        }
        Ok(())
    }

    /// Deletes everything that was kept of a deploy.
    fn forget(&self, id: &str) -> Result<(), Failure> {
        let nothing = self.room("nothing")?;
        fs::create_dir_all(nothing.join(RECORDS).join("kept"))?;
        let rules = [
            "--recursive".to_owned(),
            "--delete".to_owned(),
            format!("--include=/{RECORDS}/"),
            format!("--include=/{RECORDS}/kept/"),
            format!("--include=/{RECORDS}/kept/{id}/***"),
            "--exclude=*".to_owned(),
        ];
        let to = format!("{}/", self.address);
        self.rsync()?
            .with(rules)
            .with(["--"])
            .with([nothing.join("").as_os_str(), to.as_ref()])
            .run()
            .map(drop)
    }

    /// What is kept of a deploy already.
    fn kept_of(&self, id: &str) -> Result<BTreeSet<String>, Failure> {
        let nothing = self.room("nothing")?;
        let from = format!("{}/{RECORDS}/kept/{id}/", self.address);
        let list =
            self.rsync()?.with(["--recursive", "--dry-run", "--8-bit-output", "--out-format=%n", "--"]);
        let ran = list.with([from.as_ref(), nothing.as_os_str()]).try_run()?;
        let names = if is_missing(&ran) { Vec::new() } else { ran.or_fail()? };
        let names = String::from_utf8_lossy(&names);
        Ok(names.lines().filter(|name| !name.ends_with('/')).map(str::to_owned).collect())
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
        let list = self.list_of(paths.iter().map(|path| {
            // Names that begin like this would be comments. With `./` the folder of the site itself would be sent too, with
            // the mode of a folder of ours.
            if path.starts_with(['#', ';']) { format!("./{path}") } else { (*path).to_owned() }
        }))?;
        let program = program.with([format!("--files-from={}", list.display())]).with(["--from0", "--"]);
        let to = format!("{}/", self.address);
        program.with([folder.join("").as_os_str(), to.as_ref()]).run().map(drop)
    }

    /// Sends a record under a name.
    fn record(&self, name: &str, manifest: &Manifest) -> Result<(), Failure> {
        let room = self.room("record")?;
        let path = format!("{RECORDS}/{name}");
        let file = room.join(&path);
        fs::create_dir_all(file.parent().unwrap_or(&room))?;
        fs::write(&file, manifest.pack())?;
        // Not for readers: what was taken back lies there for a while.
        let send = self.rsync()?.with(["--ignore-times", "--perms", "--chmod=D700,F600"]);
        self.list(send, &room, &[&path], None)
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
                let place = |path| Ok((path, shipment.plan.kept_of(to, path)?));
                let places: Result<Vec<(&str, &str)>, Failure> =
                    sent.map(|change| place(&change.path)).collect();
                let places = places?;
                self.fetch(&places.iter().map(|(_, at)| *at).collect(), &kept)?;
                for (path, at) in places {
                    let bytes =
                        fs::read(kept.join(at)).map_err(|_| Failure::not_kept(&to.record.id, path))?;
                    put(&room.join(path), &bytes)?;
                    staged.insert(path.to_owned());
                }
            }
        }
        Ok((room, staged))
    }
}

/// Whether what was asked for is not there.
fn is_missing(ran: &Ran) -> bool {
    ran.code == Some(SOME_MISSING) && ran.said.contains("No such file")
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
        self.lock_here()?;
        let now = self.look()?;
        let being_made =
            |standing: &Standing| standing.interrupted.as_ref().map(|i| i.manifest.record.id.clone());
        if now.stamp != standing.stamp || being_made(&now) != being_made(standing) {
            return Err(Failure::overtaken(now.stamp.as_deref()));
        }
        let (stage, staged) = self.stage(shipment)?;
        let base = standing.manifest.as_ref().map(|manifest| &manifest.record);
        let keeps = !manifest.kept.is_empty();
        // Of what an interrupted deploy may have touched, that is still the old version of which nothing is kept.
        let mut known = BTreeSet::new();
        if let Some(base) = base.filter(|_| keeps && !plan.unsure.is_empty()) {
            known = self.kept_of(&base.id)?;
        }
        let is_old = |path: &str| {
            let had = standing.manifest.as_ref().is_some_and(|base| base.files.contains_key(path));
            had && plan.unsure.contains(path) && !known.contains(path)
        };
        let is_kept = |path: &str| keeps && (plan.keep.contains_key(path) || is_old(path));
        self.record(DEPLOYING, &plan.making(manifest))?;
        let folder = match bytes {
            Bytes::Built(built) => built.folder.as_path(),
            Bytes::Back(_) => stage.as_path(),
        };
        let moved = self.make_room(shipment, &is_kept, base)?;
        let mut done = 0;
        for part in plan.parts() {
            let paths = part.iter().map(|change| change.path.as_str());
            let paths: Vec<&str> = paths.filter(|path| !moved.contains(path)).collect();
            if part.first().is_some_and(|change| change.action == Action::Delete) {
                self.still_ours(manifest)?;
                self.delete_all(&paths, &is_kept, base, &manifest.files)?;
            } else {
                for (keep, is_staged) in [(true, false), (true, true), (false, false), (false, true)] {
                    let these = paths.iter().copied();
                    let these =
                        these.filter(|path| is_kept(path) == keep && staged.contains(*path) == is_staged);
                    let these: Vec<&str> = these.collect();
                    if let (Bytes::Built(built), false) = (bytes, is_staged) {
                        these.iter().try_for_each(|path| built.check(path))?;
                    }
                    self.send(if is_staged { &stage } else { folder }, &these, base.filter(|_| keep))?;
                }
            }
            done += part.len();
            progress(done, plan.changes.len());
        }
        self.still_ours(manifest)?;
        self.record(&format!("deploys/{}.gz", manifest.record.id), manifest)?;
        self.record(CURRENT, manifest)?;
        // The site is there: what fails from here on is only said.
        let mut notes = Vec::new();
        if let Err(failure) = self.clean(shipment) {
            notes.push(format!(
                "the site is there, but old records could not be removed: {}",
                failure.message
            ));
        }
        let _ = fs::remove_dir_all(&self.desk);
        Ok(notes)
    }
}

impl Remote {
    /// Deletes files that are in the way: where a folder is to be, or below what is to be a file. Everything else goes last.
    fn make_room<'a>(
        &self,
        shipment: &Shipment<'a>,
        is_kept: &dyn Fn(&str) -> bool,
        base: Option<&Record>,
    ) -> Result<Vec<&'a str>, Failure> {
        let files = &shipment.manifest.files;
        let is_in_the_way = |path: &&str| {
            let below = format!("{path}/");
            let is_folder =
                files.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below));
            let above = path.match_indices('/').any(|(i, _)| files.contains_key(&path[..i]));
            is_folder || above
        };
        let gone = shipment.plan.changes.iter().filter(|change| change.action == Action::Delete);
        let gone: Vec<&str> = gone.map(|change| change.path.as_str()).filter(is_in_the_way).collect();
        self.delete_all(&gone, is_kept, base, files)?;
        Ok(gone)
    }

    /// Refuses to go on when another deploy has begun meanwhile.
    fn still_ours(&self, manifest: &Manifest) -> Result<(), Failure> {
        let now = self.records(&[DEPLOYING])?.remove(DEPLOYING).map(|manifest| manifest.record.id);
        if now.as_ref() == Some(&manifest.record.id) {
            Ok(())
        } else {
            Err(Failure::overtaken(now.as_deref()))
        }
    }

    /// Removes what nobody needs any more.
    fn clean(&self, shipment: &Shipment<'_>) -> Result<(), Failure> {
        let Shipment { manifest, standing, .. } = shipment;
        let mut old = vec![format!("{RECORDS}/{DEPLOYING}")];
        for id in standing.forgotten(manifest) {
            old.push(format!("{RECORDS}/deploys/{id}.gz"));
            self.forget(id)?;
        }
        self.delete(&old.iter().map(String::as_str).collect::<Vec<_>>(), None)
    }
}
