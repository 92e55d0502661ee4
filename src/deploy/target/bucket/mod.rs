//! A bucket of an object store. Files are put in the order of the plan, each part when all of the one before is there, and
//! deleted last. What is replaced is copied first, on the server, to where it is kept. A lock with a sign of life keeps a
//! second deploy out; it also says how far this one came, so that the next one goes on there. The record is
//! exchanged only if nobody else did so meanwhile.
#![expect(
    clippy::disallowed_methods,
    reason = "a deploy holds a lock of this machine, and large files are read in parts"
)]

mod lock;
pub mod vendor;

use std::collections::BTreeSet;
use std::fs::File;
use std::future::Future;
use std::io::Read;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions,
    PutOptions, PutPayload, UpdateVersion, WriteMultipart,
};
use tokio::runtime::Runtime;
use tokio::task::block_in_place;
use tokio::time::sleep;

use self::lock::{Found, Held, Lock};
use self::vendor::{Patience, innermost};
use crate::config::deploy::Bucket;
use crate::deploy::built::{Built, WHOLE};
use crate::deploy::failure::Failure;
use crate::deploy::manifest::{Digest, Form, Manifest, Record, Served};
use crate::deploy::plan::{Action, Change, Interrupted, Standing};
use crate::deploy::{Bytes, Environment, Shipment, Target};

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
    /// What this site's folder is known by; beside it, the lock among the processes of this machine.
    here: PathBuf,
    /// The lock as it was when the plan was made.
    seen: Mutex<Option<Found>>,
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
        let records = bucket.records.as_ref();
        // One place for the records of several sites of a bucket keeps them apart.
        let records = records.map_or_else(|| format!("{prefix}.nutgraf/"), |r| with_slash(r) + &prefix);
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
            seen: Mutex::default(),
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
                Err(ref error @ Error::Generic { .. }) if tries < TRIES && !is_connect(error) => {
                    sleep(wait).await;
                    wait *= 2;
                }
                Err(error) => return Err(self.failure(what, &error)),
            }
        }
    }

    /// An object's bytes and what is known of it; `None` when it is not there.
    async fn get(
        &self,
        store: &Arc<dyn ObjectStore>,
        key: &Path,
    ) -> Result<Option<(Vec<u8>, ObjectMeta)>, Failure> {
        self.attempt(&format!("reading {key}"), || async {
            match store.get(key).await {
                Ok(found) => {
                    let meta = found.meta.clone();
                    Ok(Some((found.bytes().await?.to_vec(), meta)))
                }
                Err(Error::NotFound { source, .. }) if !source.to_string().contains("NoSuchBucket") => {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Puts a record, under a condition; without it where the store is told to know none.
    async fn put_record(&self, key: &Path, bytes: Vec<u8>, mode: PutMode) -> Result<UpdateVersion, Error> {
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, "application/octet-stream".into());
        attributes.insert(Attribute::CacheControl, "no-store".into());
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        let payload = PutPayload::from(bytes);
        let put = match self.store.put_opts(key, payload.clone(), options.clone()).await {
            Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => {
                let options = PutOptions { mode: PutMode::Overwrite, ..options };
                self.store.put_opts(key, payload, options).await
            }
            put => put,
        };
        put.map(UpdateVersion::from)
    }

    async fn read_manifest(
        &self,
        store: &Arc<dyn ObjectStore>,
        name: &str,
    ) -> Result<Option<(Manifest, UpdateVersion)>, Failure> {
        let Some((bytes, meta)) = self.get(store, &self.record(name)?).await? else { return Ok(None) };
        let manifest = Manifest::unpack(&bytes).map_err(|why| Failure::bad_record(name, &why))?;
        Ok(Some((manifest, version(meta))))
    }

    async fn look_now(&self) -> Result<Standing, Failure> {
        let current = self.read_manifest(&self.quick, CURRENT).await?;
        let mut standing = Standing::default();
        if let Some((manifest, version)) = current {
            standing.manifest = Some(manifest);
            standing.stamp = Some(stamp(&version));
        }
        let found = self.find_lock().await?;
        if let Some(found) = &found
            && let Some(lock) = &found.lock
            && standing.manifest.as_ref().is_none_or(|manifest| manifest.record.id != lock.id)
        {
            self.refuse_busy(found)?;
            match self.read_manifest(&self.quick, &deploy(&lock.id)).await? {
                Some((manifest, _)) => {
                    let mark = lock.mark.clone();
                    standing.interrupted = Some(Interrupted { manifest, mark, began: lock.began });
                }
                None if lock.began => {
                    standing.is_changed = true;
                    standing.notes.push(
                        "a deploy was cut short whose record is lost; everything is shipped again, and what it added stays"
                            .to_owned(),
                    );
                }
                None => {}
            }
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = found;
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

    /// Puts one file in its place.
    async fn put(&self, shipment: &Shipment<'_>, path: &str) -> Result<(), Failure> {
        let to = self.file(path)?;
        let what = format!("sending {path}");
        match shipment.bytes {
            Bytes::Back(manifest) => {
                let from = self.record(shipment.plan.kept_of(manifest, path)?)?;
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
                let payload = PutPayload::from(bytes);
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
            // What is sent of it is not made a file.
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
        let (total, count) = (kept + plan.changes.len(), AtomicUsize::new(0));
        let done = || (shipment.progress)(count.fetch_add(1, Ordering::Relaxed) + 1, total);
        if kept > 0 {
            self.keep(shipment, &done).await?;
        }
        held.note(|lock| lock.began = true);
        self.beat(held).await?;
        for part in plan.parts() {
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
                held.note(|lock| lock.mark = Some(change.mark()));
                done();
            }
        }
        self.beat(held).await?;
        self.commit(shipment).await?;
        // The site is there: what fails from here on is only said.
        let mut notes = Vec::new();
        let cleaned = async {
            let old = self.outlived(shipment)?;
            self.delete(old).await?;
            self.release(held).await
        };
        if let Err(failure) = cleaned.await {
            notes.push(format!(
                "the site is there, but old records could not be removed: {}",
                failure.message
            ));
        }
        Ok(notes)
    }

    /// The records and kept versions that nobody needs any more.
    fn outlived(&self, shipment: &Shipment<'_>) -> Result<Vec<Path>, Failure> {
        let Shipment { plan, manifest, standing, .. } = shipment;
        let mut old = Vec::new();
        // What an interrupted deploy was making is nothing to go back to.
        let interrupted = standing.interrupted.as_ref().map(|interrupted| &interrupted.manifest.record.id);
        for id in standing.forgotten(manifest).chain(interrupted) {
            old.push(self.record(&deploy(id))?);
        }
        let still: BTreeSet<&str> = manifest.kept.values().map(|kept| kept.at.as_str()).collect();
        for kept in plan.kept.values().filter(|kept| !still.contains(kept.at.as_str())) {
            old.push(self.record(&kept.at)?);
        }
        Ok(old)
    }

    /// Leaves the record, if nobody else left one meanwhile.
    async fn commit(&self, shipment: &Shipment<'_>) -> Result<(), Failure> {
        let key = self.record(CURRENT)?;
        let bytes = shipment.manifest.pack();
        let mode = match &shipment.standing.stamp {
            Some(stamp) => PutMode::Update(version_of(stamp)),
            None => PutMode::Create,
        };
        let mut failed = None;
        for _ in 0..TRIES {
            match self.put_record(&key, bytes.clone(), mode.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) => match self.read_manifest(&self.store, CURRENT).await? {
                    // It was written, and the answer was lost.
                    Some((now, _)) if now.record.id == shipment.manifest.record.id => return Ok(()),
                    Some((now, version)) if Some(stamp(&version)) != shipment.standing.stamp => {
                        return Err(Failure::overtaken(Some(&now.record.id)));
                    }
                    _ => {
                        failed = Some(self.failure("leaving the record", &error));
                        sleep(Duration::from_millis(500)).await;
                    }
                },
            }
        }
        Err(failed.unwrap_or_else(|| Failure::server("leaving the record", "")))
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
        let ended = self.runtime.block_on(self.ship_now(shipment));
        drop(here);
        ended
    }
}

impl Objects {
    async fn ship_now(&self, shipment: &Shipment<'_>) -> Result<Vec<String>, Failure> {
        let making = shipment.plan.making(shipment.manifest);
        let key = self.record(&deploy(&making.record.id))?;
        self.attempt("leaving the record", || self.put_record(&key, making.pack(), PutMode::Overwrite))
            .await?;
        let mut notes = Vec::new();
        if shipment.standing.manifest.is_none() {
            // It is there since a moment ago: who makes it again does not look.
            let again = self.put_record(&key, making.pack(), PutMode::Create).await;
            if again.is_ok() {
                notes.push("this server does not look whether something is there already, so two deploys at once are not told from each other: ship from one place at a time".to_owned());
            }
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let lock = Lock::new(&making.record.id, self.token());
        let now = match &seen {
            // How old its last sign of life is, the clock of the store says.
            Some(found) if !found.is_over(&lock) => self.time_of(&key).await?,
            _ => Timestamp::UNIX_EPOCH,
        };
        let held = self.take_lock(lock, seen, now).await?;
        let ended = async {
            if self.version_of_current().await? == shipment.standing.stamp {
                self.carry_out(shipment, &held).await
            } else {
                Err(Failure::overtaken(None))
            }
        };
        let ended = tokio::select! {
            ended = ended => ended,
            failure = self.stay_alive(&held) => Err(failure),
        };
        if ended.is_err() {
            // Whoever goes on need not wait, and knows how far this came. When the lock is lost, it is another's.
            let _ = self.release(&held).await;
        }
        notes.extend(ended?);
        Ok(notes)
    }

    /// When an object was written, by the clock of the store.
    async fn time_of(&self, key: &Path) -> Result<Timestamp, Failure> {
        let meta = self.attempt("reading the record", || self.store.head(key)).await?;
        Ok(written(&meta))
    }

    /// What the store knows the record by.
    async fn version_of_current(&self) -> Result<Option<String>, Failure> {
        let key = self.record(CURRENT)?;
        self.attempt("reading the record", || async {
            match self.store.head(&key).await {
                Ok(meta) => Ok(Some(stamp(&version(meta)))),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }
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

/// What an object is known by.
fn version(meta: ObjectMeta) -> UpdateVersion {
    UpdateVersion { e_tag: meta.e_tag, version: meta.version }
}

/// When an object was written, by the clock of the store.
fn written(meta: &ObjectMeta) -> Timestamp {
    Timestamp::from_second(meta.last_modified.timestamp()).unwrap_or(Timestamp::UNIX_EPOCH)
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
