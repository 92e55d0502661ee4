//! What is at a target and what is to be there into what must be done, in its order. A pure comparison of two records:
//! nothing is asked or written here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::manifest::{Kept, Kind, Manifest, Record, Served, Wave};
use crate::config::deploy::MaxDeletes;

/// What a target has.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What the last deploy left there; `None` when there was none.
    pub manifest: Option<Manifest>,
    /// The deploy after it that was cut short.
    pub interrupted: Option<Interrupted>,
    /// Whether somebody else changed what is there, so that of no file it is known.
    pub is_changed: bool,
    /// Files that no deploy of ours made and that would go: of a branch that somebody else filled.
    pub others: Vec<String>,
    /// What else is to be said of it.
    pub notes: Vec<String>,
    /// What the target knows the last record by, to see whether another deploy came between.
    pub stamp: Option<String>,
}

impl Standing {
    /// The deploys that can be gone back to: those before the one that readers see, and that one too when another was cut
    /// short after it. The last comes first.
    pub fn to_go_back_to(&self) -> impl Iterator<Item = &Record> {
        let is_cut = self.interrupted.is_some() || self.is_changed;
        let current = self.manifest.iter().filter(move |_| is_cut).map(|base| &base.record);
        current.chain(self.manifest.iter().flat_map(|base| &base.history))
    }

    /// The deploys of which a later record knows nothing any more.
    pub fn forgotten<'a>(&'a self, later: &'a Manifest) -> impl Iterator<Item = &'a String> {
        let all = self.manifest.iter().flat_map(|base| base.history.iter().chain([&base.record]));
        all.filter(|record| !later.history.contains(record)).map(|record| &record.id)
    }

    /// How many files there are, as far as that is known.
    pub fn files(&self) -> usize {
        let made = self.interrupted.as_ref().map_or(0, |interrupted| interrupted.manifest.files.len());
        let base = self.manifest.as_ref().map_or(0, |base| base.files.len());
        base.max(made) + self.others.len()
    }
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
        let turn = match self.action {
            Action::Add => Turn::Comes,
            Action::Replace(_) => Turn::Changes,
            Action::Delete => Turn::Goes,
        };
        turn.mark(&self.path, self.kind)
    }

    /// The part of the deploy that it belongs to.
    pub fn wave(&self) -> Wave {
        if self.action == Action::Delete { Wave::Deletions } else { self.kind.wave() }
    }
}

/// When a file's turn is within its part.
#[derive(Clone, Copy)]
enum Turn {
    /// First, as it is new.
    Comes,
    /// After what is new.
    Changes,
    /// Last of all.
    Goes,
}

impl Turn {
    fn mark(self, path: &str, kind: Kind) -> Mark {
        let rank = kind as u8;
        match self {
            Self::Comes => Mark(kind.wave(), false, rank, path.to_owned()),
            Self::Changes => Mark(kind.wave(), true, rank, path.to_owned()),
            // What leads to others goes first.
            Self::Goes => Mark(Wave::Deletions, true, u8::MAX - rank, path.to_owned()),
        }
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
    /// The changes in the parts that come one after the other: each when all of the one before is there.
    pub fn parts(&self) -> impl Iterator<Item = &[Change]> {
        self.changes
            .chunk_by(|a, b| (a.wave(), a.action == Action::Add) == (b.wave(), b.action == Action::Add))
    }

    /// A record as it is left before anything is done: with what is not known, and with all that is still kept, for whoever goes
    /// on should this deploy be cut short.
    pub fn making(&self, manifest: &Manifest) -> Manifest {
        let mut kept = self.kept.clone();
        kept.extend(manifest.kept.clone());
        Manifest { kept, unsure: self.unsure.iter().cloned().collect(), ..manifest.clone() }
    }

    /// Where the version of a file is kept that an earlier deploy had.
    ///
    /// # Errors
    /// When it is not kept any more.
    pub fn kept_of(&self, earlier: &Manifest, path: &str) -> Result<&str, Failure> {
        let kept = self.kept.get(&earlier.files[path].key());
        kept.map(|kept| kept.at.as_str()).ok_or_else(|| Failure::not_kept(&earlier.record.id, path))
    }

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

/// What of a target is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The record of the last deploy.
    Record,
    /// Nothing: every file is shipped.
    Nothing,
}

/// What takes a target from what it has to these files.
pub fn plan(standing: &Standing, files: &BTreeMap<String, Served>, trust: Trust) -> Plan {
    let none = BTreeMap::new();
    let base = standing.manifest.as_ref().map_or(&none, |manifest| &manifest.files);
    let made = standing.interrupted.as_ref().map_or(&none, |interrupted| &interrupted.manifest.files);
    let touched = touched(standing, base);
    let mut plan = Plan { kept: kept(standing), ..Plan::default() };
    // Whoever comes after this one, should it be cut short too, knows no more of these than this one does.
    plan.unsure.extend(touched.keys().map(|path| (*path).clone()));
    let paths: BTreeSet<&String> = files.keys().chain(base.keys()).chain(touched.keys().copied()).collect();
    for path in paths {
        let new = files.get(path);
        let was_touched = touched.get(path);
        let state =
            was_touched.copied().unwrap_or_else(|| base.get(path).map_or(State::Absent, State::There));
        let action = match (state, new) {
            (State::Absent, None) => continue,
            (State::Absent, Some(_)) if was_touched.is_some() => Action::Replace(vec![Why::Unsure]),
            (State::Absent, Some(_)) => Action::Add,
            (State::There(_) | State::Unsure, None) => Action::Delete,
            (State::Unsure, Some(_)) => Action::Replace(vec![Why::Unsure]),
            (State::There(old), Some(new)) => match differences(old, new) {
                why if !why.is_empty() => Action::Replace(why),
                _ if trust == Trust::Nothing => Action::Replace(vec![Why::Unsure]),
                _ => {
                    plan.unchanged += 1;
                    continue;
                }
            },
        };
        // What is sent again only to be sure is the version that is there.
        let is_same = matches!(&action, Action::Replace(why) if *why == [Why::Unsure]);
        if let Some(old) = base.get(path).filter(|_| was_touched.is_none() && !is_same) {
            plan.keep.insert(path.clone(), old.clone());
        }
        let known = new.or_else(|| base.get(path)).or_else(|| made.get(path));
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

/// The files of which the record does not say what is there: those that a deploy which was cut short may have touched, or
/// all, when somebody else did. Of some of them the mark tells.
fn touched<'a>(
    standing: &'a Standing,
    base: &'a BTreeMap<String, Served>,
) -> BTreeMap<&'a String, State<'a>> {
    let mut paths: BTreeMap<&String, State<'_>> = BTreeMap::new();
    if standing.is_changed {
        paths.extend(base.keys().map(|path| (path, State::Unsure)));
    }
    let Some(Interrupted { manifest, mark: reached, began }) = &standing.interrupted else { return paths };
    let unsure: BTreeSet<&String> = manifest.unsure.iter().collect();
    paths.extend(unsure.iter().map(|path| (*path, State::Unsure)));
    if !*began {
        return paths;
    }
    for path in base.keys().chain(manifest.files.keys()) {
        let differs = match (base.get(path), manifest.files.get(path)) {
            (Some(old), Some(new)) => !differences(old, new).is_empty(),
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
        };
        if differs {
            paths.insert(path, State::Unsure);
        }
    }
    for (path, state) in &mut paths {
        let (old, new) = (base.get(*path), manifest.files.get(*path));
        // Of what neither has, its place in the order is not known.
        let Some(known) = new.or(old) else { continue };
        // What it was not sure of itself, it shipped as if something were there.
        let turn = match new {
            None => Turn::Goes,
            Some(_) if old.is_some() || unsure.contains(path) => Turn::Changes,
            Some(_) => Turn::Comes,
        };
        let own = turn.mark(path, known.form.kind);
        if reached.as_ref().is_some_and(|reached| own <= *reached) {
            *state = new.map_or(State::Absent, State::There);
        }
    }
    paths
}

/// The versions that are kept, of those perhaps that an interrupted deploy had not come to yet: these are there still.
fn kept(standing: &Standing) -> BTreeMap<String, Kept> {
    let interrupted = standing.interrupted.as_ref().map(|interrupted| &interrupted.manifest);
    let both = standing.manifest.iter().chain(interrupted);
    both.flat_map(|manifest| manifest.kept.clone()).collect()
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
    // What an interrupted deploy put aside, only this one takes the place of.
    for served in plan.unsure.iter().filter_map(|path| base.files.get(path)) {
        if let Some(kept) = kept.get_mut(&served.key()) {
            kept.since = now;
        }
    }
    kept.retain(|_, kept| kept.since >= since);
    (history, kept)
}
