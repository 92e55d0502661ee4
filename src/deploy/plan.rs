//! What is at a target and what is to be there into what must be done, in its order. A pure comparison of two records:
//! nothing is asked or written here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::manifest::{Kept, Kind, Manifest, Record, Served, Wave};
use crate::config::deploy::MaxDeletes;

/// What a target has.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What the last deploy left there; `None` when there was none.
    pub manifest: Option<Manifest>,
    /// The deploy after it that was cut short.
    pub interrupted: Option<Interrupted>,
    /// Files that no deploy of ours made and that would go: of a branch that somebody else filled.
    pub others: Vec<String>,
    /// What else is to be said of it.
    pub notes: Vec<String>,
    /// What the target knows the last record by, to see whether another deploy came between.
    pub stamp: Option<String>,
}

/// A deploy that was cut short.
#[derive(Clone, Debug)]
pub struct Interrupted {
    /// What it was making.
    pub manifest: Manifest,
    /// How far it is known to have come.
    pub mark: Option<Mark>,
    /// Whether it had kept what it was about to replace, and so may have begun to replace it.
    pub began: bool,
}

/// A place in the order in which files are shipped: the part of the deploy, whether something is replaced, the rank of its
/// kind, the path. What is new comes before what leads to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark(Wave, bool, u8, String);

/// What is done with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Add,
    /// It takes the place of another version.
    Replace(Vec<Why>),
    /// It goes.
    Delete,
}

/// Why a file is shipped again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its bytes are others.
    Bytes,
    /// Its type is another.
    Type,
    /// How long it may be kept is another.
    Cache,
    /// It is compressed otherwise.
    Encoding,
    /// An earlier deploy was cut short, or all is to be shipped.
    Unsure,
}

impl Why {
    /// The reason in a word or two.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Type => "type",
            Self::Cache => "cache header",
            Self::Encoding => "compression",
            Self::Unsure => "not sure what is there",
        }
    }
}

/// One file of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// What it is to a reader.
    pub kind: Kind,
    /// How many bytes it has, before they are compressed; of what goes, had.
    pub size: u64,
    /// What is done with it.
    pub action: Action,
}

impl Change {
    /// Its place in the order.
    pub fn mark(&self) -> Mark {
        place(&self.path, self.kind, self.action != Action::Add, self.action == Action::Delete)
    }

    /// The part of the deploy that it belongs to.
    pub fn wave(&self) -> Wave {
        if self.action == Action::Delete { Wave::Deletions } else { self.kind.wave() }
    }
}

fn place(path: &str, kind: Kind, was_there: bool, goes: bool) -> Mark {
    let rank = kind as u8;
    if goes {
        // What leads to others goes first.
        Mark(Wave::Deletions, true, u8::MAX - rank, path.to_owned())
    } else {
        Mark(kind.wave(), was_there, rank, path.to_owned())
    }
}

/// What a deploy does.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Every file that is shipped or goes, in the order in which that happens.
    pub changes: Vec<Change>,
    /// How many files stay as they are.
    pub unchanged: usize,
    /// Versions of files that are there and are to be kept before they are replaced, by path.
    pub keep: BTreeMap<String, Served>,
    /// Versions that are kept already, by [`Served::key`].
    pub kept: BTreeMap<String, Kept>,
    /// Files of which it is not known what the target has.
    pub unsure: BTreeSet<String>,
}

impl Plan {
    /// How many files are deleted.
    pub fn deletes(&self) -> usize {
        self.changes.iter().filter(|change| change.action == Action::Delete).count()
    }

    /// How many bytes are sent, before they are compressed.
    pub fn bytes(&self) -> u64 {
        self.changes.iter().filter(|change| change.action != Action::Delete).map(|change| change.size).sum()
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What takes a target from what it has to these files. `force` trusts no record.
pub fn plan(standing: &Standing, files: &BTreeMap<String, Served>, force: bool) -> Plan {
    let none = BTreeMap::new();
    let base = standing.manifest.as_ref().map_or(&none, |manifest| &manifest.files);
    let touched = Touched::of(standing, base);
    let mut plan = Plan { kept: kept(standing), ..Plan::default() };
    let paths: BTreeSet<&String> =
        files.keys().chain(base.keys()).chain(touched.paths.keys().copied()).collect();
    for path in paths {
        let new = files.get(path);
        let state = match touched.paths.get(path) {
            Some(state) => *state,
            None => base.get(path).map_or(State::Absent, State::There),
        };
        if state == State::Unsure {
            plan.unsure.insert(path.clone());
        }
        let action = match (state, new) {
            (State::Absent, None) => continue,
            (State::Absent, Some(_)) => Action::Add,
            (State::There(_) | State::Unsure, None) => Action::Delete,
            (State::Unsure, Some(_)) => Action::Replace(vec![Why::Unsure]),
            (State::There(old), Some(new)) => {
                let mut why = differences(old, new);
                if why.is_empty() && force {
                    why.push(Why::Unsure);
                }
                if why.is_empty() {
                    plan.unchanged += 1;
                    continue;
                }
                Action::Replace(why)
            }
        };
        if let Some(old) = base.get(path).filter(|_| !touched.paths.contains_key(path)) {
            plan.keep.insert(path.clone(), old.clone());
        }
        let known = new.or_else(|| base.get(path)).or_else(|| touched.made.and_then(|made| made.get(path)));
        let (kind, size) = known.map_or((Kind::File, 0), |served| (served.form.kind, served.size));
        plan.changes.push(Change { path: path.clone(), kind, size, action });
    }
    plan.changes.extend(
        standing.others.iter().filter(|path| !files.contains_key(*path)).map(|path| Change {
            path: path.clone(),
            kind: Kind::File,
            size: 0,
            action: Action::Delete,
        }),
    );
    plan.changes.sort_by_cached_key(Change::mark);
    plan
}

/// What is known of a file at the target.
#[derive(Clone, Copy, PartialEq)]
enum State<'a> {
    /// It is not there.
    Absent,
    /// It is there like this.
    There(&'a Served),
    /// It is there in one version or another, or not.
    Unsure,
}

/// The files that a deploy which was cut short may have touched.
struct Touched<'a> {
    paths: BTreeMap<&'a String, State<'a>>,
    /// What it was making.
    made: Option<&'a BTreeMap<String, Served>>,
}

impl<'a> Touched<'a> {
    fn of(standing: &'a Standing, base: &'a BTreeMap<String, Served>) -> Self {
        let Some(Interrupted { manifest, mark: reached, began }) = &standing.interrupted else {
            return Self { paths: BTreeMap::new(), made: None };
        };
        let mut paths: BTreeMap<&String, State<'_>> =
            manifest.unsure.iter().map(|path| (path, State::Unsure)).collect();
        if *began {
            let all: BTreeSet<&String> = base.keys().chain(manifest.files.keys()).collect();
            for path in all {
                let (old, new) = (base.get(path), manifest.files.get(path));
                let differs = match (old, new) {
                    (Some(old), Some(new)) => !differences(old, new).is_empty(),
                    (None, None) => false,
                    _ => true,
                };
                if differs {
                    paths.insert(path, State::Unsure);
                }
            }
            for (path, state) in &mut paths {
                let (old, new) = (base.get(*path), manifest.files.get(*path));
                let kind = new.or(old).map_or(Kind::File, |served| served.form.kind);
                // What it was not sure of itself, it shipped as if something were there.
                let was_there = old.is_some() || manifest.unsure.contains(path);
                let own = place(path, kind, was_there, new.is_none());
                let is_known = old.is_some() || new.is_some();
                if is_known && reached.as_ref().is_some_and(|reached| own <= *reached) {
                    *state = new.map_or(State::Absent, State::There);
                }
            }
        }
        Self { paths, made: Some(&manifest.files) }
    }
}

/// The versions that are kept.
fn kept(standing: &Standing) -> BTreeMap<String, Kept> {
    let interrupted = standing.interrupted.as_ref().filter(|interrupted| interrupted.began);
    let manifest = interrupted.map(|interrupted| &interrupted.manifest).or(standing.manifest.as_ref());
    manifest.map(|manifest| manifest.kept.clone()).unwrap_or_default()
}

/// In what two versions of a file differ.
fn differences(old: &Served, new: &Served) -> Vec<Why> {
    let mut why = Vec::new();
    for (differs, reason) in [
        (old.hash != new.hash, Why::Bytes),
        (old.form.media_type != new.form.media_type, Why::Type),
        (old.form.cache != new.form.cache, Why::Cache),
        (old.form.encoding != new.form.encoding, Why::Encoding),
    ] {
        if differs {
            why.push(reason);
        }
    }
    why
}

/// How many files of a site of this size may be deleted without being told to.
pub fn allowed_deletes(limit: MaxDeletes, files: usize) -> usize {
    match limit {
        MaxDeletes::Files(files) => files,
        MaxDeletes::Percent(percent) => files * percent / 100,
    }
}

/// The earlier deploys that can still be gone back to after one more, and the versions that are kept for them.
pub fn remembered(
    standing: &Standing,
    plan: &Plan,
    keep: Option<SignedDuration>,
    now: Timestamp,
    kept_at: impl Fn(&Record, &str, &Served) -> Option<String>,
) -> (Vec<Record>, BTreeMap<String, Kept>) {
    let (Some(keep), Some(base)) = (keep, &standing.manifest) else { return (Vec::new(), BTreeMap::new()) };
    let since = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
    // A deploy counts as old from when the next one took its place.
    let mut replaced = now;
    let mut history = Vec::new();
    for record in std::iter::once(&base.record).chain(&base.history) {
        if replaced >= since {
            history.push(record.clone());
        }
        replaced = record.when;
    }
    let mut kept = plan.kept.clone();
    for (path, served) in &plan.keep {
        if let Some(at) = kept_at(&base.record, path, served) {
            kept.insert(served.key(), Kept { since: now, at });
        }
    }
    kept.retain(|_, kept| kept.since >= since);
    (history, kept)
}
