//! What the file system says happened, as places to look at. An event only says where; what is there now
//! decides. A save is taken the moment its file is closed; only what may be half done is waited for.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, SystemTime};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use super::work::Message;
use crate::tree::{FOLDERS, path_in_site};

/// How long a file that is gone may take to come back: some programs save by deleting and making it anew.
const COMES_BACK: Duration = Duration::from_millis(10);

/// How long a file that is being written must be quiet when nobody says that it is closed.
const SETTLES: Duration = Duration::from_millis(40);

/// How many places at once are more than one person's save: a branch is checked out, an archive unpacked.
const MANY: usize = 8;

/// How long it must be quiet after many places at once.
const QUIET: Duration = Duration::from_millis(30);

/// How often places are looked at where the system cannot say that something happened.
const POLLS: Duration = Duration::from_secs(1);

/// How many times [`QUIET`] a stale lock of a version control is waited for.
const PATIENCE: usize = 300;

/// Watches the folders of a site.
pub struct Watch {
    watcher: Box<dyn Watcher + Send>,
    root: PathBuf,
    watched: BTreeSet<PathBuf>,
    /// The folder of git.
    git: Option<PathBuf>,
    /// When git last wrote down what the work tree holds.
    index: Option<SystemTime>,
    being_written: BTreeSet<PathBuf>,
    /// Files that were not there before: one that goes again has never been there.
    new: BTreeSet<PathBuf>,
    gone: BTreeSet<PathBuf>,
    ready: BTreeSet<PathBuf>,
    /// Folders that came: what was put into them before they were watched is looked for once more.
    came: BTreeSet<PathBuf>,
    missed: bool,
    /// Messages that came while it was waited for quiet.
    kept: VecDeque<Message>,
}

/// What was heard.
pub enum Heard {
    /// Something may have happened at these places.
    Places(BTreeSet<PathBuf>),
    /// A message that is about no file.
    Other(Message),
    /// Nothing, for as long as was asked.
    Nothing,
    /// Nobody can say anything any more.
    End,
}

impl Watch {
    /// Begins to watch; a sentence when the system cannot tell of changes and they are looked for instead.
    ///
    /// # Errors
    /// When the site's folder cannot be watched at all.
    pub fn begin(root: &Path, tell: &Sender<Message>) -> notify::Result<(Self, Option<String>)> {
        let (own, other) = (tell.clone(), tell.clone());
        let system = RecommendedWatcher::new(
            move |event| {
                let _ = own.send(Message::Event(event));
            },
            notify::Config::default(),
        );
        let mut watch = Self {
            watcher: Box::new(notify::NullWatcher),
            root: root.to_owned(),
            watched: BTreeSet::new(),
            git: root.ancestors().map(|above| above.join(".git")).find(|git| git.is_dir()),
            index: None,
            being_written: BTreeSet::new(),
            new: BTreeSet::new(),
            gone: BTreeSet::new(),
            ready: BTreeSet::new(),
            came: BTreeSet::new(),
            missed: false,
            kept: VecDeque::new(),
        };
        watch.index = watch.git_index();
        let first = system.and_then(|system| {
            watch.watcher = Box::new(system);
            watch.follow()
        });
        let Err(error) = first else { return Ok((watch, None)) };
        let polls = notify::Config::default().with_poll_interval(POLLS);
        let poller = PollWatcher::new(
            move |event| {
                let _ = other.send(Message::Event(event));
            },
            polls,
        )?;
        watch.watcher = Box::new(poller);
        watch.watched.clear();
        watch.follow()?;
        Ok((
            watch,
            Some(format!(
                "changes are looked for each second, because the system cannot tell of them: {error}"
            )),
        ))
    }

    /// Watches the site's folder itself, and those of its folders that are there by now.
    pub fn follow(&mut self) -> notify::Result<()> {
        let root = self.root.clone();
        let begins = self.watched.is_empty();
        if self.watched.insert(root.clone()) {
            self.watcher.watch(&root, RecursiveMode::NonRecursive)?;
        }
        for folder in FOLDERS.iter().map(|folder| root.join(folder)) {
            if !folder.is_dir() {
                self.watched.remove(&folder);
            } else if self.watched.insert(folder.clone()) {
                self.watcher.watch(&folder, RecursiveMode::Recursive)?;
                // At the beginning the folders are read after this.
                self.came.extend((!begins).then_some(folder));
            }
        }
        Ok(())
    }

    /// Waits for something to happen, at most `patience` when given.
    pub fn wait(&mut self, messages: &Receiver<Message>, patience: Option<Duration>) -> Heard {
        loop {
            if let Some(heard) = self.drain(messages) {
                return heard;
            }
            if self.git_is_at_work() || self.pending() > MANY {
                self.wait_for_quiet(messages);
            }
            // A file that moves is gone from one place and ready at another: that is one change.
            if !self.ready.is_empty() && self.gone.is_empty() && !self.theme_is_being_written() {
                self.new.clear();
                return Heard::Places(std::mem::take(&mut self.ready));
            }
            let timeout = if !self.ready.is_empty() && !self.gone.is_empty() {
                Some(COMES_BACK)
            } else if !self.being_written.is_empty() || !self.came.is_empty() {
                Some(SETTLES)
            } else if !self.gone.is_empty() {
                Some(COMES_BACK)
            } else {
                patience
            };
            let next = match timeout {
                Some(timeout) => messages.recv_timeout(timeout),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(Message::Event(event)) => self.note(event),
                Ok(other) => return Heard::Other(other),
                Err(RecvTimeoutError::Disconnected) => return Heard::End,
                Err(RecvTimeoutError::Timeout) if self.pending() == 0 => return Heard::Nothing,
                Err(RecvTimeoutError::Timeout) => self.settle(),
            }
        }
    }

    /// Whether a file is half written that is read whenever another one of its kind changes.
    fn theme_is_being_written(&self) -> bool {
        let shared = ["templates", "data"].map(|folder| self.root.join(folder));
        self.being_written.iter().any(|place| shared.iter().any(|folder| place.starts_with(folder)))
    }

    fn pending(&self) -> usize {
        self.ready.len() + self.being_written.len() + self.gone.len() + self.came.len()
    }

    /// Takes everything that was waited for as it is.
    fn settle(&mut self) {
        for waiting in [&mut self.being_written, &mut self.gone, &mut self.came] {
            self.ready.append(waiting);
        }
    }

    /// Notes what is there already; a message that is about no file comes first.
    fn drain(&mut self, messages: &Receiver<Message>) -> Option<Heard> {
        if let Some(message) = self.kept.pop_front() {
            return Some(Heard::Other(message));
        }
        loop {
            match messages.try_recv() {
                Ok(Message::Event(event)) => self.note(event),
                Ok(other) => return Some(Heard::Other(other)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Some(Heard::End),
            }
        }
        // What is gone but there again was saved by deleting.
        let back: Vec<PathBuf> = self.gone.iter().filter(|place| place.exists()).cloned().collect();
        for place in back {
            self.gone.remove(&place);
            if !self.being_written.contains(&place) {
                self.ready.insert(place);
            }
        }
        if std::mem::take(&mut self.missed) {
            let all = FOLDERS.iter().copied().chain(["nutgraf.yaml"]);
            self.ready.extend(all.map(|place| self.root.join(place)));
        }
        None
    }

    /// Whether git changes the work tree, or has just done so: it holds a lock meanwhile, and writes its
    /// index at the end.
    fn git_is_at_work(&self) -> bool {
        self.pending() > 0 && (self.git_has_lock() || self.git_index() != self.index)
    }

    fn git_has_lock(&self) -> bool {
        self.git.as_ref().is_some_and(|git| git.join("index.lock").exists())
    }

    fn git_index(&self) -> Option<SystemTime> {
        self.git.as_ref()?.join("index").metadata().ok()?.modified().ok()
    }

    /// Waits until nothing more happens, so that many changes are one.
    fn wait_for_quiet(&mut self, messages: &Receiver<Message>) {
        let mut waited = 0;
        while waited < PATIENCE {
            match messages.recv_timeout(QUIET) {
                Ok(message) => {
                    for message in std::iter::once(message).chain(messages.try_iter()) {
                        match message {
                            Message::Event(event) => self.note(event),
                            other => self.kept.push_back(other),
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) if self.git_has_lock() => waited += 1,
                Err(_) => break,
            }
        }
        self.index = self.git_index();
        self.settle();
    }

    fn note(&mut self, event: notify::Result<Event>) {
        let Ok(event) = event else {
            self.missed = true;
            return;
        };
        self.missed |= event.need_rescan();
        let kind = event.kind;
        let root = self.root.clone();
        for place in event.paths.into_iter().filter(|place| path_in_site(&root, place).is_some()) {
            match kind {
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => self.is_ready(place),
                // Reading is nothing that happens to a file.
                EventKind::Access(_) => {}
                EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                    self.being_written.remove(&place);
                    self.ready.remove(&place);
                    if !self.new.remove(&place) {
                        self.gone.insert(place);
                    }
                }
                // What is put into it is not whole yet.
                EventKind::Create(CreateKind::Folder) => {
                    self.gone.remove(&place);
                    self.came.insert(place);
                }
                EventKind::Modify(ModifyKind::Name(_)) => {
                    if place.is_dir() {
                        self.came.insert(place.clone());
                    }
                    self.is_ready(place);
                }
                EventKind::Modify(ModifyKind::Metadata(_)) => {
                    if !self.being_written.contains(&place) && place.is_file() {
                        self.ready.insert(place);
                    }
                }
                EventKind::Create(_) => {
                    if !self.gone.contains(&place) && !self.ready.contains(&place) {
                        self.new.insert(place.clone());
                    }
                    self.being_written.insert(place);
                }
                EventKind::Modify(_) | EventKind::Any | EventKind::Other => {
                    self.ready.remove(&place);
                    self.being_written.insert(place);
                }
            }
        }
    }

    fn is_ready(&mut self, place: PathBuf) {
        self.being_written.remove(&place);
        self.gone.remove(&place);
        self.ready.insert(place);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use notify::event::{DataChange, RemoveKind};

    use super::*;

    const CLOSED: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));
    const WRITTEN: EventKind = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    const CREATED: EventKind = EventKind::Create(CreateKind::File);
    const REMOVED: EventKind = EventKind::Remove(RemoveKind::File);
    const FROM: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::From));
    const TO: EventKind = EventKind::Modify(ModifyKind::Name(RenameMode::To));

    /// What is heard of some events that came at once, in names.
    fn heard(events: &[(EventKind, &str)]) -> Vec<Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        let (tell, messages) = mpsc::channel();
        let (mut watch, _) = Watch::begin(root, &tell).expect("a watch");
        for (kind, name) in events {
            let event = Event::new(*kind).add_path(root.join(name));
            tell.send(Message::Event(Ok(event))).expect("somebody listens");
        }
        let mut heard = Vec::new();
        while let Heard::Places(places) = watch.wait(&messages, Some(SETTLES)) {
            let names =
                places.iter().map(|place| place.strip_prefix(root).expect("inside").display().to_string());
            heard.push(names.collect());
        }
        heard
    }

    #[test]
    fn every_way_of_saving_is_one_change() {
        let a = "content/a.md";
        let b = "content/b.md";
        let in_place = [(WRITTEN, a), (WRITTEN, a), (CLOSED, a)];
        let by_rename =
            [(CREATED, "content/.a.tmp"), (CLOSED, "content/.a.tmp"), (FROM, "content/.a.tmp"), (TO, a)];
        let delete_and_create = [(REMOVED, a), (CREATED, a), (WRITTEN, a), (CLOSED, a)];
        let with_backup = [
            (CREATED, "content/4913"),
            (CLOSED, "content/4913"),
            (REMOVED, "content/4913"),
            (FROM, a),
            (TO, "content/a.md~"),
            (CREATED, a),
            (WRITTEN, a),
            (CLOSED, a),
            (REMOVED, "content/a.md~"),
        ];
        let never_closed = [(WRITTEN, a)];
        for events in [&in_place[..], &by_rename, &delete_and_create, &with_backup, &never_closed] {
            assert_eq!(heard(events), [[a]], "{events:?}");
        }
        assert_eq!(heard(&[(FROM, a), (TO, b)]), [[a, b]], "a move");
        assert_eq!(heard(&[(REMOVED, a)]), [[a]], "a file that is gone");
        assert_eq!(
            heard(&[(CREATED, a), (CLOSED, a), (REMOVED, a)]),
            Vec::<Vec<String>>::new(),
            "never there"
        );
    }

    #[test]
    fn many_changes_are_one_and_what_is_half_written_waits() {
        let names: Vec<String> = (0..50).map(|i| format!("content/{i}.md")).collect();
        let events: Vec<(EventKind, &str)> = names.iter().map(|name| (CLOSED, name.as_str())).collect();
        assert_eq!(heard(&events).len(), 1);
        // A text does not wait for a picture that takes long.
        let events = [(WRITTEN, "content/large.png"), (WRITTEN, "content/a.md"), (CLOSED, "content/a.md")];
        assert_eq!(heard(&events), [["content/a.md"], ["content/large.png"]]);
        // Templates are read together.
        let events = [(WRITTEN, "templates/a.html"), (CLOSED, "templates/b.html")];
        assert_eq!(heard(&events), [["templates/a.html", "templates/b.html"]]);
        assert_eq!(
            heard(&[(CLOSED, "public/a.md"), (CLOSED, "content/.a.swp"), (CLOSED, "notes.txt")]).len(),
            0
        );
    }
}
