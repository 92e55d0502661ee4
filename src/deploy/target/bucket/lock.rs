//! The lock of a bucket: an object that says who ships, that they are alive, and how far they came. Whoever finds one without
//! a sign of life takes it over and goes on from there. It is only ever exchanged for what was read; it is never deleted,
//! so that nobody can delete another's.

use std::fs::{self, File, TryLockError};
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use object_store::{Error, PutMode, UpdateVersion};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{Objects, TRIES, version, written};
use crate::deploy::failure::Failure;
use crate::deploy::plan::Mark;

/// How often a deploy says that it is alive.
const BEAT: Duration = Duration::from_secs(5);
/// When it could not say so for so long, it stops, before somebody else begins.
const SILENT: Duration = Duration::from_secs(90);
/// After how long without such a sign it counts as dead.
const DEAD_AFTER: SignedDuration = SignedDuration::from_secs(180);

/// The name of the lock among the records.
const LOCK: &str = "lock.json";

/// What a deploy says of itself while it is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The deploy.
    pub id: String,
    /// When it was begun, for people.
    who: String,
    /// The site's folder on the machine where it runs, known by a text nobody else has; empty when it has none.
    token: String,
    /// The last sign of life, for people.
    seen: Timestamp,
    /// Whether it is over: it ended, or stopped by itself.
    is_over: bool,
    /// Whether what it replaces is kept, so that it may have begun to replace it.
    pub began: bool,
    /// How far it came.
    pub mark: Option<Mark>,
}

/// A lock as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it says; `None` when that is no lock of ours.
    pub lock: Option<Lock>,
    /// What the store knows it by.
    pub version: UpdateVersion,
    /// When it was written, by the clock of the store.
    at: Timestamp,
}

/// The lock while it is held.
pub struct Held {
    /// What it says next.
    pub lock: Mutex<Lock>,
    /// What the store knows its last state by.
    version: tokio::sync::Mutex<UpdateVersion>,
}

impl Held {
    /// Notes how far the deploy came, for the next sign of life.
    pub fn note(&self, change: impl FnOnce(&mut Lock)) {
        change(&mut self.lock.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Lock {
    /// The lock of a deploy that begins.
    pub fn new(id: &str, token: String) -> Self {
        let now = Timestamp::now();
        let who = format!("begun {}", now.strftime("%Y-%m-%d %H:%M:%S UTC"));
        Self { id: id.to_owned(), who, token, seen: now, is_over: false, began: false, mark: None }
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("all keys are texts")
    }

    fn told(&self) -> String {
        format!("{}, last heard of {}", self.who, self.seen.strftime("%H:%M:%S UTC"))
    }
}

impl Found {
    /// Whether the deploy that wrote it is over, or says nothing any more at a moment of the store's clock.
    fn is_dead(&self, now: Timestamp, own: &Lock) -> bool {
        self.is_over(own) || now.duration_since(self.at) > DEAD_AFTER
    }

    /// Whether the deploy that wrote it is over, whatever the time: it says so, or it ran here, where no other runs now.
    pub fn is_over(&self, own: &Lock) -> bool {
        let Some(lock) = &self.lock else { return true };
        lock.is_over || !lock.token.is_empty() && lock.token == own.token
    }

    /// Who is under way.
    fn busy(&self) -> Failure {
        Failure::busy(&self.lock.as_ref().map_or_else(|| "somebody else's lock".to_owned(), Lock::told))
    }
}

impl Objects {
    /// The lock that is there.
    pub async fn find_lock(&self) -> Result<Option<Found>, Failure> {
        let Some((bytes, meta)) = self.get(&self.quick, &self.record(LOCK)?).await? else { return Ok(None) };
        let (lock, at) = (serde_json::from_slice(&bytes).ok(), written(&meta));
        Ok(Some(Found { lock, version: version(meta), at }))
    }

    /// Refuses when a deploy is under way, as far as this machine can tell.
    ///
    /// # Errors
    /// When one is.
    pub fn refuse_busy(&self, found: &Found) -> Result<(), Failure> {
        if self.is_busy_here() {
            return Err(Failure::busy_here());
        }
        // Clocks differ: whether a lock is old, the store's says, before anything is done.
        let age = Timestamp::now().duration_since(found.at);
        let may_be_old = age.is_negative() || age > DEAD_AFTER;
        if may_be_old || found.is_over(&Lock::new("", self.token())) { Ok(()) } else { Err(found.busy()) }
    }

    /// What this site's folder is known by, on this machine since it was started; empty when it has shipped nothing here,
    /// or nothing tells it from a copy on another machine.
    pub fn token(&self) -> String {
        let token = fs::read_to_string(&self.here).unwrap_or_default();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        match (token.is_empty() || boot.is_empty(), number_of(&self.guard())) {
            (false, Some(number)) => format!("{token} {} {number}", boot.trim()),
            _ => String::new(),
        }
    }

    /// Locks the target against other processes of this machine, for as long as the file is open.
    pub fn lock_here(&self) -> Result<File, Failure> {
        fs::create_dir_all(self.here.parent().unwrap_or(FilePath::new(".")))?;
        let lock = File::create(self.guard())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::busy_here()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if fs::read_to_string(&self.here).unwrap_or_default().is_empty() {
            fs::write(&self.here, nonce())?;
        }
        Ok(lock)
    }

    fn guard(&self) -> PathBuf {
        self.here.with_extension("guard")
    }

    /// Whether another process of this machine ships this site at the moment.
    fn is_busy_here(&self) -> bool {
        File::open(self.guard()).is_ok_and(|guard| matches!(guard.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// Takes the lock, if it is as it was when the plan was made and nobody is under way. `now` is by the store's clock.
    ///
    /// # Errors
    /// When another deploy is under way, or came between.
    pub async fn take_lock(
        &self,
        lock: Lock,
        planned: Option<Found>,
        now: Timestamp,
    ) -> Result<Held, Failure> {
        let key = self.record(LOCK)?;
        let mut planned = planned;
        for _ in 0..TRIES {
            if let Some(found) = planned.as_ref().filter(|found| !found.is_dead(now, &lock)) {
                return Err(found.busy());
            }
            let mode =
                planned.as_ref().map_or(PutMode::Create, |found| PutMode::Update(found.version.clone()));
            let error = match self.put_record(&key, lock.bytes(), mode).await {
                Ok(version) => return Ok(held(lock, version)),
                Err(error) => error,
            };
            let there = self.find_lock().await?;
            match &there {
                // It was written, and the answer was lost.
                Some(Found { lock: Some(own), version, .. })
                    if own.id == lock.id && own.token == lock.token =>
                {
                    return Ok(held(lock, version.clone()));
                }
                // It was not written at all.
                now if now.as_ref().map(|f| &f.version) == planned.as_ref().map(|f| &f.version) => {
                    if matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) {
                        return Err(self.failure("locking the target", &error));
                    }
                    planned = there;
                    sleep(Duration::from_millis(300)).await;
                }
                Some(found) if !found.is_dead(now, &lock) => return Err(found.busy()),
                other => {
                    let id =
                        other.as_ref().and_then(|found| found.lock.as_ref()).map(|lock| lock.id.as_str());
                    return Err(Failure::overtaken(id));
                }
            }
        }
        Err(Failure::server("locking the target", "the server fails each time"))
    }

    /// Says that the deploy is alive and how far it is.
    ///
    /// # Errors
    /// When somebody else has the lock, or nothing could be said.
    pub async fn beat(&self, held: &Held) -> Result<(), Beat> {
        let mut version = held.version.lock().await;
        let lock = {
            let mut lock = held.lock.lock().unwrap_or_else(PoisonError::into_inner);
            lock.seen = Timestamp::now();
            lock.clone()
        };
        let failed = |failure| Beat::Failed(failure);
        let key = self.record(LOCK).map_err(failed)?;
        for _ in 0..TRIES {
            match self.put_record(&key, lock.bytes(), PutMode::Update(version.clone())).await {
                Ok(new) => {
                    *version = new;
                    return Ok(());
                }
                Err(_) => match self.find_lock().await.map_err(failed)? {
                    // The answer to an earlier sign was lost.
                    Some(Found { lock: Some(own), version: now, .. })
                        if own.id == lock.id && own.token == lock.token =>
                    {
                        *version = now;
                    }
                    other => {
                        let id = other.and_then(|found| found.lock).map(|lock| lock.id);
                        return Err(Beat::Lost(Failure::overtaken(id.as_deref())));
                    }
                },
            }
        }
        Err(failed(Failure::server("keeping the lock", "the server fails each time")))
    }

    /// Says from time to time that the deploy is alive; ends when that cannot be said any more.
    pub async fn stay_alive(&self, held: &Held) -> Failure {
        let mut last = Instant::now();
        loop {
            sleep(BEAT).await;
            match self.beat(held).await {
                Ok(()) => last = Instant::now(),
                Err(Beat::Lost(failure)) => return failure,
                Err(Beat::Failed(failure)) if last.elapsed() > SILENT => return failure,
                // It may go better the next time.
                Err(Beat::Failed(_)) => {}
            }
        }
    }

    /// Leaves the lock as that of a deploy that is over: whoever comes next need not wait.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn release(&self, held: &Held) -> Result<(), Failure> {
        held.note(|lock| lock.is_over = true);
        self.beat(held).await.map_err(Failure::from)
    }
}

/// Why no sign of life could be given.
pub enum Beat {
    /// Somebody else has the lock.
    Lost(Failure),
    /// The server does not answer.
    Failed(Failure),
}

impl From<Beat> for Failure {
    fn from(beat: Beat) -> Self {
        match beat {
            Beat::Lost(failure) | Beat::Failed(failure) => failure,
        }
    }
}

fn held(lock: Lock, version: UpdateVersion) -> Held {
    Held { lock: Mutex::new(lock), version: tokio::sync::Mutex::new(version) }
}

/// The number of a file on its disk: a copy of it has another.
#[cfg(unix)]
fn number_of(file: &FilePath) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(file).ok()?;
    Some(format!("{}:{}", metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn number_of(_: &FilePath) -> Option<String> {
    None
}

/// A number that nobody else has.
fn nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1))
}
