//! The desk at work: it hears what happened, brings the edition up to date and says that there is a new one.
//! What is wrong with pages that nobody looks at is found in the background, after it has been quiet.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rayon::prelude::*;
use tokio::sync::watch;

use super::Options;
use super::current::{Clock, Current, Found};
use super::watch::{Heard, Watch};
use crate::diagnostic::Diagnostic;
use crate::edition::{self, Desk, Edition, Now, check};
use crate::media::Darkroom;
use crate::path::SitePath;
use crate::render::render;
use crate::site::Shows;
use crate::tree::Tree;

/// How long it is quiet before pages that nobody looks at are made.
const CALM: Duration = Duration::from_millis(300);

/// How many changed files are remembered.
const RECENT: usize = 20;

/// How many documents with something wrong are looked at again at once; the others wait for the background.
const LOOKED_AT: usize = 200;

/// How many pages are made in the background with one edition: what they made of it is forgotten then.
const AT_ONCE: usize = 1024;

/// What the desk is told.
pub enum Message {
    /// Something happened to a file.
    Event(notify::Result<notify::Event>),
    /// The clock was set.
    Turn(Clock),
    /// The background knows what is wrong in a revision's edition.
    Found(u64, Vec<Found>),
}

/// What is shared by those who work and those who are served.
pub struct Shared {
    /// What is shown.
    current: RwLock<Arc<Current>>,
    /// The files.
    pub tree: RwLock<Tree>,
    /// The files of the built-in theme.
    pub built_in: Tree,
    /// Says that there is a new revision.
    pub revisions: watch::Sender<u64>,
    /// Tells the desk.
    pub tell: Sender<Message>,
    /// Where pictures are made.
    pub darkroom: Darkroom,
    /// How the preview was begun.
    pub options: Options,
}

impl Shared {
    /// What is shown at this moment.
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a file is one of the site, and not of the built-in theme.
    pub fn is_own(&self, file: &SitePath) -> bool {
        self.tree.read().unwrap_or_else(PoisonError::into_inner).contains(file)
    }

    fn show(&self, current: Current) {
        let revision = current.revision;
        let old = {
            let mut shown = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *shown, Arc::new(current))
        };
        self.revisions.send_replace(revision);
        // A large site takes time to be forgotten, and nobody has to wait for that.
        thread::spawn(move || drop(old));
    }
}

/// The desk, and what it works with.
pub struct Work {
    shared: Arc<Shared>,
    desk: Option<Desk>,
    watch: Watch,
    background: Background,
    /// When the site is another without anybody touching it.
    next_change: Option<Timestamp>,
}

/// Begins: reads the site and shows its first edition.
pub fn begin(options: Options, tell: Sender<Message>) -> notify::Result<(Arc<Shared>, Work, Option<String>)> {
    let (watch, note) = Watch::begin(&options.root, &tell)?;
    let (tree, walked) = Tree::open(&options.root);
    let clock = Clock { set: options.now.clone(), unpublished: true };
    let mut current = Current {
        revision: 1,
        edition: None,
        said: Arc::default(),
        sources: Arc::default(),
        walked: Arc::new(walked),
        found: Arc::default(),
        good: None,
        has_failed: Arc::default(),
        moved: Arc::default(),
        statics: Arc::default(),
        recent: Arc::default(),
        clock,
        assets: Arc::default(),
        sample: Arc::default(),
        engine: Arc::default(),
    };
    let desk = open(&tree, &options, &mut current);
    let shared = Arc::new(Shared {
        current: RwLock::new(Arc::new(current)),
        tree: RwLock::new(tree),
        built_in: crate::theme::builtin::tree(),
        revisions: watch::Sender::new(1),
        tell: tell.clone(),
        darkroom: Darkroom::new(&options.cache),
        options,
    });
    let background = Background::begin(tell);
    let next_change = desk.as_ref().and_then(Desk::next_change);
    let work = Work { shared: Arc::clone(&shared), desk, watch, background, next_change };
    Ok((shared, work, note))
}

/// Opens a desk on a site, if its settings let it.
fn open(tree: &Tree, options: &Options, current: &mut Current) -> Option<Desk> {
    match Desk::open(tree, edition_options(options, &current.clock)) {
        Ok(desk) => {
            current.edition = Some(Arc::new(desk.edition()));
            set_said(current, &desk);
            Some(desk)
        }
        Err((said, sources)) => {
            (current.said, current.sources) = (Arc::new(said), Arc::new(sources));
            None
        }
    }
}

fn set_said(current: &mut Current, desk: &Desk) {
    let said = desk.said();
    let mut sources = desk.sources_of(&said);
    sources.extend(desk.settings_source());
    current.sources = Arc::new(sources);
    current.said = Arc::new(said);
    current.assets = Arc::new(OnceLock::new());
    current.sample = Arc::new(OnceLock::new());
    current.engine = Arc::new(OnceLock::new());
}

fn edition_options(options: &Options, clock: &Clock) -> edition::Options {
    edition::Options {
        now: now(options, clock),
        shows: shows(clock),
        base_url: None,
        cache: options.cache.clone(),
        progress: edition::Progress(Arc::clone(&options.progress)),
    }
}

fn now(options: &Options, clock: &Clock) -> Now {
    clock.set.clone().map_or_else(|| Now::At((options.time)()), Now::Typed)
}

fn shows(clock: &Clock) -> Shows {
    if clock.unpublished { Shows::Upcoming } else { Shows::Published }
}

impl Found {
    fn between(diagnostic: Diagnostic) -> Self {
        Self { diagnostic, output: None }
    }
}

impl Work {
    /// Works until nobody tells it anything any more.
    pub fn run(mut self, messages: &Receiver<Message>) {
        self.look_everywhere();
        loop {
            let patience = self.until_next_change();
            match self.watch.wait(messages, patience) {
                Heard::Places(places) => self.look(&places),
                Heard::Other(Message::Turn(clock)) => self.turn(clock),
                Heard::Other(Message::Found(revision, found)) => self.found(revision, found),
                // Events are taken by the watch.
                Heard::Other(Message::Event(_)) => {}
                Heard::Nothing => {
                    let clock = self.shared.current().clock.clone();
                    self.turn(clock);
                }
                Heard::End => return,
            }
        }
    }

    /// How long until the site is another without anybody touching it; only the real clock moves.
    fn until_next_change(&self) -> Option<Duration> {
        if self.shared.current().clock.set.is_some() {
            return None;
        }
        let left = self.next_change?.duration_since((self.shared.options.time)());
        Some(Duration::try_from(left).unwrap_or(Duration::ZERO) + Duration::from_millis(1))
    }

    /// Looks at places where something may have happened, and shows what came of it.
    fn look(&mut self, places: &BTreeSet<std::path::PathBuf>) {
        let shared = Arc::clone(&self.shared);
        self.background.stop();
        // What cannot be watched is seen when it is next looked at.
        let _ = self.watch.follow();
        let (touched, walked) = {
            let mut tree = shared.tree.write().unwrap_or_else(PoisonError::into_inner);
            tree.look_again(places)
        };
        let tree = shared.tree.read().unwrap_or_else(PoisonError::into_inner);
        let mut current = (*shared.current()).clone();
        let before: BTreeMap<&SitePath, Arc<str>> = match &self.desk {
            Some(desk) => {
                let texts = touched.iter().filter(|path| !tree.contains(path));
                texts.filter_map(|path| Some((path, Arc::clone(&desk.document(path)?.source)))).collect()
            }
            None => BTreeMap::new(),
        };
        let changed = if let Some(desk) = &mut self.desk {
            desk.update(&tree, &touched)
        } else {
            self.desk = open(&tree, &shared.options, &mut current);
            true
        };
        let walked = still_walked(&current.walked, &tree, places, walked);
        if !changed && walked == *current.walked {
            self.background.look(current.revision, current.edition.clone());
            return;
        }
        current.walked = Arc::new(walked);
        let Some(desk) = &self.desk else {
            current.revision += 1;
            drop(tree);
            self.show(current);
            return;
        };
        note_moves(&mut current, desk, &tree, &before, &touched);
        note_statics(&mut current, &tree, &touched);
        current.recent = Arc::new(recent(&current.recent, &touched, &tree));
        let mut looked_at: BTreeSet<SitePath> = touched;
        let wrong = current.found.iter().filter_map(|found| found.diagnostic.span.as_ref());
        looked_at.extend(wrong.map(|span| span.file.clone()).take(LOOKED_AT));
        current.advance(desk.edition());
        set_said(&mut current, desk);
        current.found = Arc::new(found_at_once(&current, &looked_at));
        current.revision += 1;
        drop(tree);
        self.show(current);
    }

    /// Moves the clock.
    fn turn(&mut self, clock: Clock) {
        let shared = Arc::clone(&self.shared);
        let tree = shared.tree.read().unwrap_or_else(PoisonError::into_inner);
        let mut current = (*shared.current()).clone();
        let Some(desk) = &mut self.desk else { return };
        desk.turn(&tree, now(&shared.options, &clock), shows(&clock));
        current.clock = clock;
        current.advance(desk.edition());
        set_said(&mut current, desk);
        current.revision += 1;
        drop(tree);
        self.show(current);
    }

    fn show(&mut self, current: Current) {
        let revision = current.revision;
        let edition = current.edition.clone();
        self.shared.show(current);
        self.background.look(revision, edition);
        (self.shared.options.changed)(&self.shared.current());
        self.next_change = self.desk.as_ref().and_then(Desk::next_change);
    }

    /// Looks at all pages of the first edition.
    fn look_everywhere(&mut self) {
        let current = self.shared.current();
        self.background.look(current.revision, current.edition.clone());
        (self.shared.options.changed)(&current);
    }

    /// Shows what the background found, when it is still about what is shown.
    fn found(&mut self, revision: u64, found: Vec<Found>) {
        let mut current = (*self.shared.current()).clone();
        if current.revision == revision && found.iter().all(|found| found.output.is_none()) {
            current.has_failed.store(false, Ordering::Relaxed);
        }
        if current.revision != revision || *current.found == found {
            return;
        }
        current.found = Arc::new(found);
        current.revision += 1;
        self.shared.show(current);
        (self.shared.options.changed)(&self.shared.current());
    }
}

/// What is wrong with folders, after some places were looked at again.
fn still_walked(
    before: &[Diagnostic],
    tree: &Tree,
    places: &BTreeSet<std::path::PathBuf>,
    walked: Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let is_below = |d: &Diagnostic| {
        d.span
            .as_ref()
            .is_some_and(|span| places.iter().any(|place| tree.place(&span.file).starts_with(place)))
    };
    before.iter().filter(|d| !is_below(d)).cloned().chain(walked).collect()
}

/// What is wrong, as far as it must be known at once: between the documents that were touched and those that
/// had something wrong, and on the pages that had. Beyond a number the background looks at them again.
fn found_at_once(current: &Current, looked_at: &BTreeSet<SitePath>) -> Vec<Found> {
    let Some(edition) = &current.edition else { return Vec::new() };
    let world = &edition.world;
    let is_seen = |found: &&Found| {
        found.output.is_none()
            && found
                .diagnostic
                .span
                .as_ref()
                .is_none_or(|span| looked_at.contains(&span.file) || is_settings(&span.file))
    };
    let failed: BTreeSet<&String> =
        current.found.iter().filter_map(|f| f.output.as_ref()).take(LOOKED_AT).collect();
    let rest = current.found.iter().filter(|found| !is_seen(found));
    let rest = rest.filter(|found| found.output.as_ref().is_none_or(|url| !failed.contains(url)));
    let mut found: Vec<Found> = rest.cloned().collect();
    found.extend(looked_at.iter().flat_map(|path| check::document(world, path)).map(Found::between));
    found.extend(check::rest(world).into_iter().map(Found::between));
    let routes = failed
        .into_iter()
        .filter_map(|url| world.routes.at(&crate::path::Url::parse(url)?).map(|route| (url, route)));
    for (url, route) in routes {
        let (_, said) = render(edition, route);
        found.extend(said.into_iter().map(|diagnostic| Found { diagnostic, output: Some(url.clone()) }));
    }
    found
}

fn is_settings(file: &SitePath) -> bool {
    file.as_str() == "nutgraf.yaml"
}

/// Remembers which file became which other: one is gone, and another has its text.
fn note_moves(
    current: &mut Current,
    desk: &Desk,
    tree: &Tree,
    before: &BTreeMap<&SitePath, Arc<str>>,
    touched: &BTreeSet<SitePath>,
) {
    if before.is_empty() {
        return;
    }
    let here = touched.iter().filter(|path| tree.contains(path));
    let texts: BTreeMap<&str, &SitePath> =
        here.filter_map(|path| Some((&*desk.document(path)?.source, path))).collect();
    let mut moved = (*current.moved).clone();
    for (from, text) in before {
        if let Some(to) = texts.get(&**text) {
            moved.remove(*to);
            moved.insert((*from).clone(), (*to).clone());
        }
    }
    current.moved = Arc::new(moved);
}

fn note_statics(current: &mut Current, tree: &Tree, touched: &BTreeSet<SitePath>) {
    let statics = touched.iter().filter_map(|path| Some((path, path.as_str().strip_prefix("static/")?)));
    let mut known = (*current.statics).clone();
    for (path, name) in statics {
        let hash = tree.read(path).map_or_else(|_| String::new(), |bytes| hash(&bytes));
        known.insert(format!("/{name}"), hash);
    }
    current.statics = Arc::new(known);
}

/// The files that changed lately, the last first.
fn recent(before: &[SitePath], touched: &BTreeSet<SitePath>, tree: &Tree) -> Vec<SitePath> {
    let fresh: Vec<&SitePath> = touched.iter().filter(|path| tree.contains(path)).collect();
    let old = before.iter().filter(|path| !touched.contains(*path));
    fresh.into_iter().chain(old).take(RECENT).cloned().collect()
}

/// A short hash of bytes.
pub fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..16].to_owned()
}

/// Finds what is wrong on pages that nobody looks at.
struct Background {
    tell: Sender<Message>,
    /// The number of the newest look: an older one stops.
    newest: Arc<AtomicU64>,
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl Background {
    fn begin(tell: Sender<Message>) -> Self {
        // One core is left for those who wait.
        let threads = thread::available_parallelism().map_or(1, |cores| cores.get() - 1).max(1);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().ok().map(Arc::new);
        Self { tell, newest: Arc::default(), pool }
    }

    /// Stops at once: somebody waits for an edit.
    fn stop(&self) {
        self.newest.fetch_add(1, Ordering::Relaxed);
    }

    /// Looks at all pages of an edition once it has been quiet.
    fn look(&self, revision: u64, edition: Option<Arc<Edition>>) {
        let own = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        let (Some(edition), Some(pool)) = (edition, self.pool.clone()) else { return };
        let (tell, newest) = (self.tell.clone(), Arc::clone(&self.newest));
        thread::spawn(move || {
            thread::sleep(CALM);
            let is_old = || newest.load(Ordering::Relaxed) != own;
            if is_old() {
                return;
            }
            let found = pool.install(|| everything_wrong(&edition, &is_old));
            if !is_old() {
                let _ = tell.send(Message::Found(revision, found));
            }
        });
    }
}

fn everything_wrong(edition: &Edition, is_old: &(dyn Fn() -> bool + Sync)) -> Vec<Found> {
    let world = &edition.world;
    let documents = world.site.entries.par_iter().chain(&world.site.older).filter(|_| !is_old());
    let between = documents.flat_map_iter(|entry| check::entry(world, entry)).map(Found::between);
    let mut found: Vec<Found> = between.collect();
    found.extend(check::rest(world).into_iter().map(Found::between));
    for routes in world.routes.all.chunks(AT_ONCE).take_while(|_| !is_old()) {
        let edition = edition.afresh();
        let on_pages: Vec<Found> = routes
            .par_iter()
            .filter(|_| !is_old())
            .flat_map_iter(|route| {
                let url = route.url(&edition.world.site).map(|url| url.to_string());
                let (_, said) = render(&edition, route);
                said.into_iter().map(move |diagnostic| Found { diagnostic, output: url.clone() })
            })
            .collect();
        found.extend(on_pages);
    }
    found
}
