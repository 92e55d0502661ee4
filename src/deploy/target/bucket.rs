//! A bucket of an object store. Files are put in the order of the plan, each part when all of the one before is there, and
//! deleted last. What is replaced is copied first, on the server, to where it is kept. A lock with a sign of life keeps a
//! second deploy out; it also says how far this one came, so that the next one goes on there. The record is
//! exchanged only if nobody else did so meanwhile.
#![expect(
    clippy::disallowed_methods,
    reason = "a deploy holds a lock of this machine, and large files are read in parts"
)]

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::future::Future;
use std::io::Read;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions,
    UpdateVersion, WriteMultipart,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio::task::block_in_place;
use tokio::time::sleep;

use super::vendor::{self, Patience, innermost};
use crate::config::deploy::Bucket;
use crate::deploy::built::{Built, WHOLE};
use crate::deploy::failure::Failure;
use crate::deploy::manifest::{Digest, Form, Manifest, Record, Served};
use crate::deploy::plan::{Action, Change, Interrupted, Mark, Standing};
use crate::deploy::{Bytes, Environment, Shipment, Target};

/// How often a deploy says that it is alive.
const BEAT: Duration = Duration::from_secs(10);
/// After how long without such a sign it counts as dead.
const DEAD_AFTER: SignedDuration = SignedDuration::from_secs(180);
/// How often a step is tried again when the server fails in a way that the library does not see as passing.
const TRIES: u32 = 5;
/// The parts in which large files go.
const PART: usize = 8 << 20;
/// How many of them are under way at once.
const PARTS: usize = 3;
/// How many objects are deleted in one request.
const DELETED_AT_ONCE: usize = 1000;

/// The record of what is there.
const CURRENT: &str = "current.gz";
/// The lock of a deploy that is under way.
const LOCK: &str = "lock.json";

/// A bucket, or a folder of it.
pub struct Objects {
    runtime: Runtime,
    /// While a plan is made.
    quick: Arc<dyn ObjectStore>,
    /// While it is carried out.
    store: Arc<dyn ObjectStore>,
    name: String,
    /// What the keys of the site's files begin with, with its slash.
    prefix: String,
    /// What the keys of records begin with, with its slash.
    records: String,
    connections: usize,
    /// The lock among the processes of this machine, which ends with the process.
    here: PathBuf,
}

/// What a deploy says of itself while it is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Lock {
    /// The deploy.
    id: String,
    /// Where it runs, for people.
    who: String,
    /// The site's folder on the machine where it runs, known by a number nobody else has.
    token: String,
    /// The last sign of life.
    seen: Timestamp,
    /// Whether what it replaces is kept, so that it may have begun to replace it.
    began: bool,
    /// How far it came.
    mark: Option<Mark>,
}

/// The lock while it is held.
struct Held {
    lock: Mutex<Lock>,
    /// What the store knows its last state by.
    version: tokio::sync::Mutex<UpdateVersion>,
    /// Whether somebody else has taken it.
    is_lost: AtomicBool,
}

impl Objects {
    /// The target of a bucket, for a site in a folder.
    ///
    /// # Errors
    /// When there are no credentials for it.
    pub fn open(
        bucket: &Bucket,
        site: &FilePath,
        connections: usize,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        vendor::choose_cipher();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let with_slash = |folder: &str| if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let prefix = with_slash(&bucket.prefix);
        let records = bucket.records.as_ref().map_or_else(|| format!("{prefix}.nutgraf/"), |r| with_slash(r));
        let here = Digest::of(format!("{:?} {} {}", bucket.vendor, bucket.name, records).as_bytes());
        let _inside = runtime.enter();
        let store = |patience| vendor::store(bucket, connections, environment, patience);
        Ok(Self {
            quick: store(Patience::Short)?,
            store: store(Patience::Long)?,
            name: bucket.name.clone(),
            prefix,
            records,
            connections,
            here: site.join(".nutgraf").join("deploy").join(format!("{here}.lock")),
            runtime,
        })
    }

    fn file(&self, path: &str) -> Result<Path, Failure> {
        self.key(&format!("{}{path}", self.prefix))
    }

    fn record(&self, name: &str) -> Result<Path, Failure> {
        self.key(&format!("{}{name}", self.records))
    }

    fn key(&self, key: &str) -> Result<Path, Failure> {
        Path::parse(key)
            .map_err(|_| Failure::other(format!("`{key}` is no name for an object of `{}`", self.name)))
    }

    /// An error of the store in words.
    fn failure(&self, what: &str, error: &Error) -> Failure {
        let text = error.to_string();
        let said =
            between(&text, "<Message>", "</Message>").or_else(|| between(&text, "\"message\": \"", "\""));
        let code = between(&text, "<Code>", "</Code>").unwrap_or_default();
        let said = said.map_or_else(|| innermost(error), str::to_owned);
        let no_bucket = ["NoSuchBucket", "ContainerNotFound"].contains(&code)
            || text.contains("bucket does not exist")
            || text.contains("container does not exist");
        let refused =
            ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "ExpiredToken", "InvalidToken"];
        if no_bucket {
            return Failure::no_bucket(&self.name, &said);
        }
        if matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. })
            || refused.contains(&code)
        {
            return Failure::refused(&self.name, &said);
        }
        let is_connect = |kind| matches!(kind, HttpErrorKind::Connect | HttpErrorKind::Timeout);
        if http_error(error).is_some_and(|error| is_connect(error.kind())) {
            return Failure::unreachable(&format!("the server of `{}`", self.name), &said);
        }
        Failure::server(what, &said)
    }

    /// Tries a step until it succeeds, fails for good, or failed too often.
    async fn attempt<T, F>(&self, what: &str, mut step: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut wait = Duration::from_millis(200);
        let mut tries = 0;
        loop {
            tries += 1;
            match step().await {
                Ok(done) => return Ok(done),
                Err(error @ Error::Generic { .. }) if tries < TRIES && !is_connect(&error) => {
                    let _ = error;
                    sleep(wait).await;
                    wait *= 2;
                }
                Err(error) => return Err(self.failure(what, &error)),
            }
        }
    }

    /// An object's bytes and version; `None` when it is not there.
    async fn get(
        &self,
        store: &Arc<dyn ObjectStore>,
        key: &Path,
    ) -> Result<Option<(Vec<u8>, UpdateVersion)>, Failure> {
        self.attempt(&format!("reading {key}"), || async {
            match store.get(key).await {
                Ok(found) => {
                    let version = UpdateVersion {
                        e_tag: found.meta.e_tag.clone(),
                        version: found.meta.version.clone(),
                    };
                    Ok(Some((found.bytes().await?.to_vec(), version)))
                }
                Err(Error::NotFound { source, .. }) if !source.to_string().contains("NoSuchBucket") => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Puts a record, under a condition.
    async fn put_record(&self, key: &Path, bytes: Vec<u8>, mode: PutMode) -> Result<UpdateVersion, Error> {
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, "application/octet-stream".into());
        attributes.insert(Attribute::CacheControl, "no-store".into());
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        self.store.put_opts(key, bytes.into(), options).await.map(UpdateVersion::from)
    }

    async fn read_lock(
        &self,
        store: &Arc<dyn ObjectStore>,
    ) -> Result<Option<(Lock, UpdateVersion)>, Failure> {
        let found = self.get(store, &self.record(LOCK)?).await?;
        // What is no lock of ours locks nothing.
        Ok(found.and_then(|(bytes, version)| Some((serde_json::from_slice(&bytes).ok()?, version))))
    }

    async fn read_manifest(
        &self,
        store: &Arc<dyn ObjectStore>,
        name: &str,
    ) -> Result<Option<(Manifest, UpdateVersion)>, Failure> {
        let Some((bytes, version)) = self.get(store, &self.record(name)?).await? else { return Ok(None) };
        let manifest = Manifest::unpack(&bytes).map_err(|why| Failure::bad_record(name, &why))?;
        Ok(Some((manifest, version)))
    }

    async fn look_now(&self) -> Result<Standing, Failure> {
        let current = self.read_manifest(&self.quick, CURRENT).await?;
        let mut standing = Standing::default();
        if let Some((manifest, version)) = current {
            standing.manifest = Some(manifest);
            standing.stamp = Some(stamp(&version));
        }
        if let Some((lock, _)) = self.read_lock(&self.quick).await? {
            let is_done = standing.manifest.as_ref().is_some_and(|manifest| manifest.record.id == lock.id);
            if !is_done {
                if self.is_busy_here() {
                    return Err(Failure::busy_here());
                }
                if !lock.is_dead(&self.token()) {
                    return Err(Failure::busy(&lock.told()));
                }
                let made =
                    self.read_manifest(&self.quick, &deploy(&lock.id)).await?.map(|(manifest, _)| manifest);
                let made = made.or_else(|| standing.manifest.as_ref().map(|base| lost(base, &lock.id)));
                standing.interrupted =
                    made.map(|manifest| Interrupted { manifest, mark: lock.mark, began: lock.began });
            }
        }
        if standing.manifest.is_none() && standing.interrupted.is_none() {
            let prefix = if self.prefix.is_empty() {
                None
            } else {
                Some(self.key(self.prefix.trim_end_matches('/'))?)
            };
            let first = self
                .attempt("listing the bucket", || async {
                    self.quick.list(prefix.as_ref()).take(DELETED_AT_ONCE).try_collect::<Vec<_>>().await
                })
                .await?;
            if !first.is_empty() {
                let more = if first.len() == DELETED_AT_ONCE { " or more" } else { "" };
                standing.notes.push(format!(
                    "{}{more} objects are there that no deploy of nutgraf made; those of other names are left alone",
                    first.len()
                ));
            }
        }
        Ok(standing)
    }

    /// What this site's folder is known by, on this machine since it was started; empty when it has shipped nothing here. A
    /// copy of the folder on another machine is somebody else.
    fn token(&self) -> String {
        let token = fs::read_to_string(&self.here).unwrap_or_default();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        if token.is_empty() { token } else { format!("{token} {}", boot.trim()) }
    }

    /// Locks the target against other processes of this machine, for as long as the file is open.
    fn lock_here(&self) -> Result<File, Failure> {
        fs::create_dir_all(self.here.parent().unwrap_or(FilePath::new(".")))?;
        let lock = File::create(self.guard())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::busy_here()),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        if self.token().is_empty() {
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

    /// Locks the target against everybody.
    async fn lock(&self, lock: &Lock, standing: &Standing) -> Result<UpdateVersion, Failure> {
        let key = self.record(LOCK)?;
        let mut mode = PutMode::Create;
        for _ in 0..TRIES {
            match self.put_record(&key, lock.bytes(), mode.clone()).await {
                Ok(version) => return Ok(version),
                Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => mode = PutMode::Overwrite,
                Err(
                    Error::AlreadyExists { .. }
                    | Error::Precondition { .. }
                    | Error::NotFound { .. }
                    | Error::Generic { .. },
                ) => {
                    let Some((other, version)) = self.read_lock(&self.store).await? else {
                        mode = PutMode::Create;
                        continue;
                    };
                    if other.id == lock.id && other.token == lock.token {
                        // It was written, and the answer was lost.
                        return Ok(version);
                    }
                    let planned =
                        standing.interrupted.as_ref().map(|interrupted| &interrupted.manifest.record.id);
                    let is_over =
                        standing.manifest.as_ref().is_some_and(|manifest| manifest.record.id == other.id);
                    if !other.is_dead(&lock.token) {
                        return Err(Failure::busy(&other.told()));
                    }
                    let is_first = standing.manifest.is_none();
                    if planned != Some(&other.id) && !is_over && !is_first && other.began {
                        return Err(Failure::overtaken(Some(&other.id)));
                    }
                    mode = PutMode::Update(version);
                }
                Err(error) => return Err(self.failure("locking the target", &error)),
            }
        }
        Err(Failure::busy("somebody else takes the lock each time"))
    }

    /// Says that the deploy is alive and how far it is.
    async fn beat(&self, held: &Held) -> Result<(), Failure> {
        let mut version = held.version.lock().await;
        let lock = {
            let mut lock = held.lock.lock().unwrap_or_else(PoisonError::into_inner);
            lock.seen = Timestamp::now();
            lock.clone()
        };
        let key = self.record(LOCK)?;
        for _ in 0..TRIES {
            match self.put_record(&key, lock.bytes(), PutMode::Update(version.clone())).await {
                Ok(new) => {
                    *version = new;
                    return Ok(());
                }
                Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                    let put = self.put_record(&key, lock.bytes(), PutMode::Overwrite).await;
                    return put.map(drop).map_err(|error| self.failure("keeping the lock", &error));
                }
                Err(_) => match self.read_lock(&self.store).await? {
                    // The answer to an earlier beat was lost.
                    Some((own, now)) if own.id == lock.id && own.token == lock.token => *version = now,
                    other => {
                        held.is_lost.store(true, Ordering::Relaxed);
                        return Err(Failure::overtaken(other.as_ref().map(|(lock, _)| lock.id.as_str())));
                    }
                },
            }
        }
        Err(Failure::server("keeping the lock", "the server fails each time"))
    }

    /// Puts one file in its place.
    async fn put(&self, shipment: &Shipment<'_>, path: &str) -> Result<(), Failure> {
        let to = self.file(path)?;
        let what = format!("sending {path}");
        match shipment.bytes {
            Bytes::Back(manifest) => {
                let key = manifest.files[path].key();
                let kept = shipment.plan.kept.get(&key);
                let kept = kept.ok_or_else(|| Failure::not_kept(&manifest.record.id, path))?;
                let from = self.record(&kept.at)?;
                self.attempt(&what, || self.store.copy(&from, &to)).await
            }
            Bytes::Built(built) => {
                let served = &built.files[path];
                let attributes = attributes(&served.form);
                if served.size > WHOLE {
                    return self
                        .attempt(&what, || self.put_in_parts(built, path, &to, attributes.clone()))
                        .await;
                }
                let bytes = block_in_place(|| built.load(path))?;
                let payload = object_store::PutPayload::from(bytes);
                self.attempt(&what, || {
                    let options = PutOptions { attributes: attributes.clone(), ..PutOptions::default() };
                    self.store.put_opts(&to, payload.clone(), options)
                })
                .await
                .map(drop)
            }
        }
    }

    /// Puts a file that is too large to be held in memory.
    async fn put_in_parts(
        &self,
        built: &Built,
        path: &str,
        to: &Path,
        attributes: Attributes,
    ) -> Result<(), Error> {
        let generic = |error: std::io::Error| Error::Generic { store: "file", source: Box::new(error) };
        let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
        let upload = self.store.put_multipart_opts(to, options).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut file = File::open(built.source(path)).map_err(generic)?;
        let mut hasher = blake3::Hasher::new();
        let mut part = vec![0; PART];
        loop {
            let read = block_in_place(|| file.read(&mut part)).map_err(generic)?;
            if read == 0 {
                break;
            }
            hasher.update(&part[..read]);
            writer.wait_for_capacity(PARTS).await?;
            writer.write(&part[..read]);
        }
        if Digest::from(hasher.finalize()) != built.files[path].hash {
            writer.abort().await?;
            let error = std::io::Error::other(format!("{path} changed while it was shipped"));
            return Err(generic(error));
        }
        writer.finish().await.map(drop)
    }

    /// Deletes objects; one that is not there is as good as deleted.
    async fn delete(&self, keys: Vec<Path>) -> Result<(), Failure> {
        for some in keys.chunks(DELETED_AT_ONCE) {
            self.attempt("deleting", || async {
                let keys = stream::iter(some.to_vec()).map(Ok).boxed();
                let mut deleted = self.store.delete_stream(keys);
                while let Some(result) = deleted.next().await {
                    match result {
                        Ok(_) | Err(Error::NotFound { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Copies what is about to be replaced to where it is kept.
    async fn keep(&self, shipment: &Shipment<'_>, done: &(dyn Fn() + Sync)) -> Result<(), Failure> {
        let steps = shipment.plan.keep.iter().filter_map(|(path, served)| {
            let kept = shipment.manifest.kept.get(&served.key())?;
            Some((path, kept))
        });
        let copies = steps.map(|(path, kept)| async move {
            let (from, to) = (self.file(path)?, self.record(&kept.at)?);
            self.attempt(&format!("keeping {path}"), || async {
                match self.store.copy(&from, &to).await {
                    // Somebody deleted it: there is nothing to keep.
                    Err(Error::NotFound { .. }) => Ok(()),
                    other => other,
                }
            })
            .await?;
            done();
            Ok::<(), Failure>(())
        });
        stream::iter(copies).buffer_unordered(self.connections).try_collect().await
    }

    async fn carry_out(&self, shipment: &Shipment<'_>, held: &Held) -> Result<Vec<String>, Failure> {
        let Shipment { plan, manifest, .. } = shipment;
        let kept = if manifest.kept.is_empty() { 0 } else { plan.keep.len() };
        let (total, count) = (kept + plan.changes.len(), std::sync::atomic::AtomicUsize::new(0));
        let done = || (shipment.progress)(count.fetch_add(1, Ordering::Relaxed) + 1, total);
        if kept > 0 {
            self.keep(shipment, &done).await?;
        }
        held.lock.lock().unwrap_or_else(PoisonError::into_inner).began = true;
        self.beat(held).await?;
        let is_same_part = |a: &Change, b: &Change| {
            (a.wave(), a.action == Action::Add) == (b.wave(), b.action == Action::Add)
        };
        for part in plan.changes.chunk_by(is_same_part) {
            if held.is_lost.load(Ordering::Relaxed) {
                return Err(Failure::overtaken(None));
            }
            if part.first().is_some_and(|change| change.action == Action::Delete) {
                // Nobody but the holder of the lock may delete.
                self.beat(held).await?;
                let keys: Result<Vec<Path>, Failure> =
                    part.iter().map(|change| self.file(&change.path)).collect();
                self.delete(keys?).await?;
                for _ in part {
                    done();
                }
                continue;
            }
            let puts = part.iter().map(|change| async move {
                self.put(shipment, &change.path).await?;
                Ok::<&Change, Failure>(change)
            });
            let mut puts = stream::iter(puts).buffered(self.connections);
            while let Some(change) = puts.try_next().await? {
                held.lock.lock().unwrap_or_else(PoisonError::into_inner).mark = Some(change.mark());
                done();
                if held.is_lost.load(Ordering::Relaxed) {
                    return Err(Failure::overtaken(None));
                }
            }
        }
        self.commit(shipment).await?;
        let mut old = vec![self.record(LOCK)?];
        let earlier =
            shipment.standing.manifest.iter().flat_map(|base| base.history.iter().chain([&base.record]));
        let forgotten = earlier.filter(|record| !manifest.history.contains(record)).map(|record| &record.id);
        // What an interrupted deploy was making is nothing to go back to.
        let interrupted =
            shipment.standing.interrupted.as_ref().map(|interrupted| &interrupted.manifest.record.id);
        for id in forgotten.chain(interrupted) {
            old.push(self.record(&deploy(id))?);
        }
        let still: BTreeSet<&str> = manifest.kept.values().map(|kept| kept.at.as_str()).collect();
        for kept in plan.kept.values().filter(|kept| !still.contains(kept.at.as_str())) {
            old.push(self.record(&kept.at)?);
        }
        let mut notes = Vec::new();
        if let Err(failure) = self.delete(old).await {
            notes.push(format!(
                "the site is there, but old records could not be removed: {}",
                failure.message
            ));
        }
        Ok(notes)
    }

    /// Leaves the record, if nobody else left one meanwhile.
    async fn commit(&self, shipment: &Shipment<'_>) -> Result<(), Failure> {
        let key = self.record(CURRENT)?;
        let bytes = shipment.manifest.pack();
        let mode = match &shipment.standing.stamp {
            Some(stamp) => PutMode::Update(version_of(stamp)),
            None => PutMode::Create,
        };
        for _ in 0..TRIES {
            match self.put_record(&key, bytes.clone(), mode.clone()).await {
                Ok(_) => return Ok(()),
                Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                    let put = self.put_record(&key, bytes.clone(), PutMode::Overwrite).await;
                    return put.map(drop).map_err(|error| self.failure("leaving the record", &error));
                }
                Err(_) => match self.read_manifest(&self.store, CURRENT).await? {
                    Some((now, _)) if now.record.id == shipment.manifest.record.id => return Ok(()),
                    Some((now, version)) if Some(stamp(&version)) != shipment.standing.stamp => {
                        return Err(Failure::overtaken(Some(&now.record.id)));
                    }
                    _ => sleep(Duration::from_millis(500)).await,
                },
            }
        }
        Err(Failure::server("leaving the record", "the server fails each time"))
    }
}

impl Target for Objects {
    fn look(&self) -> Result<Standing, Failure> {
        self.runtime.block_on(self.look_now())
    }

    fn manifest(&self, id: &str) -> Result<Manifest, Failure> {
        let found = self.runtime.block_on(self.read_manifest(&self.quick, &deploy(id)))?;
        found.map(|(manifest, _)| manifest).ok_or_else(|| Failure::no_such_deploy(id))
    }

    fn kept_at(&self, _: &Record, _: &str, served: &Served) -> Option<String> {
        Some(format!("kept/{}", served.key()))
    }

    fn ship(&self, shipment: &Shipment<'_>) -> Result<Vec<String>, Failure> {
        let here = self.lock_here()?;
        let lock = Lock {
            id: shipment.manifest.record.id.clone(),
            who: format!("begun {}", Timestamp::now().strftime("%Y-%m-%d %H:%M:%S UTC")),
            token: self.token(),
            seen: Timestamp::now(),
            began: false,
            mark: None,
        };
        let ended = self.runtime.block_on(async {
            let unsure = shipment.plan.unsure.iter().cloned().collect();
            let making = Manifest { unsure, ..shipment.manifest.clone() };
            let key = self.record(&deploy(&lock.id))?;
            self.attempt("leaving the record", || self.put_record(&key, making.pack(), PutMode::Overwrite))
                .await?;
            let version = self.lock(&lock, shipment.standing).await?;
            let held = Held {
                lock: Mutex::new(lock),
                version: tokio::sync::Mutex::new(version),
                is_lost: AtomicBool::new(false),
            };
            let now = self.version_of_current().await;
            let ended = match now {
                Ok(now) if now == shipment.standing.stamp => {
                    let alive = async {
                        loop {
                            sleep(BEAT).await;
                            // Whether it was lost, the work looks itself; what else fails may go better the next time.
                            let _ = self.beat(&held).await;
                        }
                    };
                    tokio::select! {
                        ended = self.carry_out(shipment, &held) => ended,
                        () = alive => Ok(Vec::new()),
                    }
                }
                Ok(_) => Err(Failure::overtaken(None)),
                Err(failure) => Err(failure),
            };
            if ended.is_err() && !held.is_lost.load(Ordering::Relaxed) {
                // Whoever goes on need not wait, and knows how far this came.
                let _ = self.release(&held).await;
            }
            ended
        });
        drop(here);
        ended
    }
}

impl Objects {
    /// What the store knows the record by.
    async fn version_of_current(&self) -> Result<Option<String>, Failure> {
        let key = self.record(CURRENT)?;
        self.attempt("reading the record", || async {
            match self.store.head(&key).await {
                Ok(meta) => Ok(Some(stamp(&UpdateVersion { e_tag: meta.e_tag, version: meta.version }))),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Leaves the lock as that of a deploy that is over.
    async fn release(&self, held: &Held) -> Result<(), Failure> {
        let lock = {
            let mut lock = held.lock.lock().unwrap_or_else(PoisonError::into_inner);
            lock.seen = Timestamp::UNIX_EPOCH;
            lock.clone()
        };
        let version = held.version.lock().await.clone();
        let put = self.put_record(&self.record(LOCK)?, lock.bytes(), PutMode::Update(version)).await;
        put.map(drop).map_err(|error| self.failure("leaving the lock", &error))
    }
}

impl Lock {
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("all keys are texts")
    }

    /// Whether the deploy that wrote it is over: it ran here, where no other runs now, or says nothing any more.
    fn is_dead(&self, own_token: &str) -> bool {
        let age = Timestamp::now().duration_since(self.seen);
        age > DEAD_AFTER || (!self.token.is_empty() && self.token == own_token)
    }

    fn told(&self) -> String {
        format!("{}, last heard of {}", self.who, self.seen.strftime("%H:%M:%S UTC"))
    }
}

/// What a deploy was making whose record is lost: of no file it is known what it did.
fn lost(base: &Manifest, id: &str) -> Manifest {
    let record = Record { id: id.to_owned(), ..base.record.clone() };
    Manifest { record, unsure: base.files.keys().cloned().collect(), ..base.clone() }
}

/// The name of the record of a deploy.
fn deploy(id: &str) -> String {
    format!("deploys/{id}.gz")
}

/// What is sent with a file.
fn attributes(form: &Form) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert(Attribute::ContentType, form.media_type.clone().into());
    attributes.insert(Attribute::CacheControl, form.cache.clone().into());
    if let Some(encoding) = form.encoding {
        attributes.insert(Attribute::ContentEncoding, encoding.name().into());
    }
    attributes
}

/// What an object is known by, as one text.
fn stamp(version: &UpdateVersion) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("{}\n{}", part(&version.e_tag), part(&version.version))
}

/// The version of a [`stamp`].
fn version_of(stamp: &str) -> UpdateVersion {
    let (e_tag, version) = stamp.split_once('\n').unwrap_or((stamp, ""));
    let part = |part: &str| (!part.is_empty()).then(|| part.to_owned());
    UpdateVersion { e_tag: part(e_tag), version: part(version) }
}

/// A number that nobody else has.
fn nonce() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1))
}

fn is_connect(error: &Error) -> bool {
    http_error(error).is_some_and(|error| error.kind() == HttpErrorKind::Connect)
}

/// The error of the connection that is behind an error of the store.
fn http_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a HttpError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<HttpError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.find(after).map(|end| &rest[..end])
}
