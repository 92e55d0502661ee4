//! What the file system says happened, as places to look at. An event only says where; what is there now
//! decides. A save is taken the moment its file is closed; only what may be half done is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode};
use notify::{Event, EventKind, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use super::work::Message;
use crate::tree::{FOLDERS, path_in_site};

/// How long a file that is gone may take to come back: some programs save by deleting and making it anew.
const COMES_BACK: Duration = Duration::from_millis(10);

/// How long a file that is being written must be quiet when nobody says that it is closed, and a new folder
/// until what is put into it is there.
const SETTLES: Duration = Duration::from_millis(40);

/// How many places at once are more than one person's save: an archive is unpacked, a branch checked out.
const MANY: usize = 8;

/// How long it must be quiet after many places at once.
const QUIET: Duration = Duration::from_millis(30);

/// How long it must be quiet while git holds its lock.
const LOCKED: Duration = Duration::from_millis(100);

/// How long nothing waits for quiet that never comes.
const PATIENCE: Duration = Duration::from_millis(300);

/// And how long while git is at work.
const GIT_PATIENCE: Duration = Duration::from_secs(5);

/// How often places are looked at where the system cannot say that something happened.
const POLLS: Duration = Duration::from_secs(1);

/// Watches the folders of a site.
pub struct Watch {
    watcher: Box<dyn Watcher + Send>,
    root: PathBuf,
    watched: BTreeSet<PathBuf>,
    /// The folder of git.
    git: Option<PathBuf>,
    /// When git last wrote down what the work tree holds.
    index: Option<SystemTime>,
    /// Places where what happened is whole.
    ready: BTreeSet<PathBuf>,
    /// Places where it may not be, each with the moment at which it is taken as it is.
    being_written: BTreeMap<PathBuf, Instant>,
    gone: BTreeMap<PathBuf, Instant>,
    came: BTreeMap<PathBuf, Instant>,
    /// Files that were not there before: one that goes again has never been there.
    new: BTreeSet<PathBuf>,
    /// When the first and the last event came of what is pending.
    first: Instant,
    last: Instant,
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

/// The time, to wait by.
#[expect(clippy::disallowed_methods, reason = "waiting changes nothing of what is shown")]
fn now() -> Instant {
    Instant::now()
}

/// What the system is asked to tell: not that somebody reads, and nothing about files that are no part of
/// the site.
fn teller(root: &Path, tell: &Sender<Message>) -> impl FnMut(notify::Result<Event>) + use<> {
    let (root, tell) = (root.to_owned(), tell.clone());
    move |event| {
        let matters = event.as_ref().map_or(true, |event| {
            let is_read = matches!(event.kind, EventKind::Access(_)) && event.kind != CLOSED;
            event.need_rescan() || !is_read && event.paths.iter().any(|p| path_in_site(&root, p).is_some())
        });
        if matters {
            let _ = tell.send(Message::Event(event));
        }
    }
}

/// A file that was open for writing is closed.
const CLOSED: EventKind = EventKind::Access(AccessKind::Close(AccessMode::Write));

impl Watch {
    /// Begins to watch; a sentence when the system cannot tell of changes and they are looked for instead.
    ///
    /// # Errors
    /// When the site's folder cannot be watched at all.
    pub fn begin(root: &Path, tell: &Sender<Message>) -> notify::Result<(Self, Option<String>)> {
        let system = RecommendedWatcher::new(teller(root, tell), notify::Config::default());
        let mut watch = Self {
            watcher: Box::new(notify::NullWatcher),
            root: root.to_owned(),
            watched: BTreeSet::new(),
            git: root.ancestors().map(|above| above.join(".git")).find(|git| git.is_dir()),
            index: None,
            ready: BTreeSet::new(),
            being_written: BTreeMap::new(),
            gone: BTreeMap::new(),
            came: BTreeMap::new(),
            new: BTreeSet::new(),
            first: now(),
            last: now(),
        };
        watch.index = watch.git_index();
        let first = system.and_then(|system| {
            watch.watcher = Box::new(system);
            watch.follow()
        });
        let note = match first {
            Ok(()) => None,
            Err(error) => {
                let polls = notify::Config::default().with_poll_interval(POLLS);
                watch.watcher = Box::new(PollWatcher::new(teller(root, tell), polls)?);
                watch.watched.clear();
                watch.follow()?;
                Some(format!(
                    "changes are looked for each second, because the system cannot tell of them: {error}"
                ))
            }
        };
        // The folders are read after this.
        watch.came.clear();
        Ok((watch, note))
    }

    /// Watches the site's folder itself, and those of its folders that are there by now.
    pub fn follow(&mut self) -> notify::Result<()> {
        let root = self.root.clone();
        if self.watched.insert(root.clone()) {
            self.watcher.watch(&root, RecursiveMode::NonRecursive)?;
        }
        for folder in FOLDERS.iter().map(|folder| root.join(folder)).filter(|folder| folder.is_dir()) {
            if self.watched.insert(folder.clone()) {
                self.watcher.watch(&folder, RecursiveMode::Recursive)?;
                // What was put into it before is looked for once more.
                self.came.insert(folder, now() + SETTLES);
            }
        }
        Ok(())
    }

    /// Waits for something to happen, at most `patience` when given.
    pub fn wait(&mut self, messages: &Receiver<Message>, patience: Option<Duration>) -> Heard {
        loop {
            while let Ok(message) = messages.try_recv() {
                match message {
                    Message::Event(event) => self.note(event),
                    other => return Heard::Other(other),
                }
            }
            self.take_back();
            let due = self.due();
            if due.is_some_and(|due| due <= now()) {
                return Heard::Places(self.take());
            }
            let timeout = due.map(|due| due.saturating_duration_since(now())).or(patience);
            let next = match timeout {
                Some(timeout) => messages.recv_timeout(timeout),
                None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(Message::Event(event)) => self.note(event),
                Ok(other) => return Heard::Other(other),
                Err(RecvTimeoutError::Disconnected) => return Heard::End,
                Err(RecvTimeoutError::Timeout) if due.is_none() => return Heard::Nothing,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// When what is pending is to be looked at; `None` when nothing is. An ordinary save is ready at once.
    fn due(&self) -> Option<Instant> {
        let waiting = || self.being_written.values().chain(self.gone.values()).chain(self.came.values());
        if self.ready.is_empty() && waiting().next().is_none() {
            return None;
        }
        let pending = self.ready.len() + waiting().count();
        let (lock, index) = (self.git_has_lock(), self.git_index() != self.index);
        if lock || index || pending > MANY {
            let (quiet, patience) = if lock {
                (LOCKED, GIT_PATIENCE)
            } else {
                (QUIET, if index { GIT_PATIENCE } else { PATIENCE })
            };
            let due = (self.last + quiet).min(self.first + patience);
            // Something must have waited long enough by then.
            let soonest = waiting().min().copied().filter(|_| self.ready.is_empty() && pending <= MANY);
            return Some(soonest.map_or(due, |soonest| due.max(soonest)));
        }
        if self.ready.is_empty() {
            return waiting().min().copied();
        }
        // A file that moves is gone from one place and ready at another; templates are read together.
        let shared = ["templates", "data"].map(|folder| self.root.join(folder));
        let is_shared = |place: &Path| shared.iter().any(|folder| place.starts_with(folder));
        let half = self.being_written.iter().filter(|(place, _)| is_shared(place)).map(|(_, due)| due);
        let due = self.gone.values().chain(half).max().copied().unwrap_or(self.first);
        Some(due.min(self.first + PATIENCE))
    }

    /// Takes what is ready, and everything that has waited long enough.
    fn take(&mut self) -> BTreeSet<PathBuf> {
        let now = now();
        let mut places = std::mem::take(&mut self.ready);
        let many = places.len() + self.being_written.len() + self.gone.len() > MANY;
        for waiting in [&mut self.being_written, &mut self.gone, &mut self.came] {
            let over = |due: &Instant| *due <= now || many;
            places.extend(waiting.iter().filter(|(_, due)| over(due)).map(|(place, _)| place.clone()));
            waiting.retain(|_, due| !over(due));
        }
        self.index = self.git_index();
        self.new.retain(|place| self.being_written.contains_key(place));
        self.first = now;
        places
    }

    /// What is gone but there again was saved by deleting.
    fn take_back(&mut self) {
        let back: Vec<PathBuf> = self.gone.keys().filter(|place| place.exists()).cloned().collect();
        for place in back {
            self.gone.remove(&place);
            if !self.being_written.contains_key(&place) {
                self.ready.insert(place);
            }
        }
    }

    /// Git holds a lock while it changes the work tree, and writes its index at the end.
    fn git_has_lock(&self) -> bool {
        self.git.as_ref().is_some_and(|git| git.join("index.lock").exists())
    }

    fn git_index(&self) -> Option<SystemTime> {
        self.git.as_ref()?.join("index").metadata().ok()?.modified().ok()
    }

    fn note(&mut self, event: notify::Result<Event>) {
        let at = now();
        if self.ready.is_empty()
            && self.being_written.is_empty()
            && self.gone.is_empty()
            && self.came.is_empty()
        {
            self.first = at;
        }
        self.last = at;
        let Ok(event) = event else {
            self.look_everywhere();
            return;
        };
        if event.need_rescan() {
            self.look_everywhere();
        }
        let kind = event.kind;
        let root = self.root.clone();
        for place in event.paths.into_iter().filter(|place| path_in_site(&root, place).is_some()) {
            let moves = matches!(
                kind,
                EventKind::Remove(_)
                    | EventKind::Modify(ModifyKind::Name(_))
                    | EventKind::Create(CreateKind::Folder)
            );
            if moves && place.parent() == Some(&root) && self.watched.remove(&place) {
                // Whatever is there next is another folder, and watched anew.
                let _ = self.watcher.unwatch(&place);
            }
            match kind {
                EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
                    self.being_written.remove(&place);
                    self.ready.remove(&place);
                    if !self.new.remove(&place) {
                        self.gone.insert(place, at + COMES_BACK);
                    }
                }
                // What is put into it is not whole yet.
                EventKind::Create(CreateKind::Folder) => {
                    self.gone.remove(&place);
                    self.came.insert(place, at + SETTLES);
                }
                EventKind::Modify(ModifyKind::Name(_)) => {
                    if place.is_dir() {
                        self.came.insert(place.clone(), at + SETTLES);
                    }
                    self.is_ready(place);
                }
                EventKind::Modify(ModifyKind::Metadata(_)) => {
                    if !self.being_written.contains_key(&place) && place.is_file() {
                        self.ready.insert(place);
                    }
                }
                EventKind::Create(_) => {
                    if !self.gone.contains_key(&place) && !self.ready.contains(&place) {
                        self.new.insert(place.clone());
                    }
                    self.being_written.insert(place, at + SETTLES);
                }
                EventKind::Modify(_) | EventKind::Any | EventKind::Other => {
                    self.ready.remove(&place);
                    self.being_written.insert(place, at + SETTLES);
                }
                EventKind::Access(_) => self.is_ready(place),
            }
        }
    }

    /// Something was missed: everything is looked at.
    fn look_everywhere(&mut self) {
        let all = FOLDERS.iter().copied().chain(["nutgraf.yaml"]);
        self.ready.extend(all.map(|place| self.root.join(place)));
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
