//! Plans after deploys that were cut short, again and again and at any step, on a store that is played here: whatever was
//! done before, a deploy that ends leaves just its site, and every earlier one that is said to be kept can be gone back to.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use nutgraf::deploy::manifest::{Digest, Form, Kept, Kind, Manifest, Record, Served};
use nutgraf::deploy::plan::{Action, Interrupted, Mark, Plan, Standing, Trust, plan, remembered};

use crate::edits::Random;

type Files = BTreeMap<String, Served>;

/// A store: what it has, what it keeps, and its records.
#[derive(Default)]
struct Store {
    files: Files,
    kept: Files,
    current: Option<Manifest>,
    deploys: BTreeMap<String, Manifest>,
    lock: Option<Lock>,
}

struct Lock {
    id: String,
    began: bool,
    mark: Option<Mark>,
}

impl Store {
    fn look(&self) -> Standing {
        let manifest = self.current.clone();
        let is_over = |lock: &&Lock| manifest.as_ref().is_some_and(|manifest| manifest.record.id == lock.id);
        let interrupted = self.lock.as_ref().filter(|lock| !is_over(lock)).map(|lock| Interrupted {
            manifest: self.deploys[&lock.id].clone(),
            mark: lock.mark.clone(),
            began: lock.began,
        });
        Standing { manifest, interrupted, ..Standing::default() }
    }

    /// Carries a plan out, cut short after so many steps. `beat` says whether the lock is brought up to date at a step.
    fn ship(
        &mut self,
        plan: &Plan,
        manifest: &Manifest,
        back: bool,
        steps: usize,
        mut beat: impl FnMut() -> bool,
    ) {
        let mut left = steps;
        let mut step = || {
            left = left.saturating_sub(1);
            left > 0
        };
        let id = manifest.record.id.clone();
        self.deploys.insert(id.clone(), plan.making(manifest));
        self.lock = Some(Lock { id, began: false, mark: None });
        for (path, served) in &plan.keep {
            if !step() {
                return;
            }
            let key = manifest.kept[&served.key()].at.clone();
            if let Some(now) = self.files.get(path) {
                self.kept.insert(key, now.clone());
            }
        }
        let lock =
            |store: &mut Self, change: &dyn Fn(&mut Lock)| change(store.lock.as_mut().expect("it is held"));
        lock(self, &|lock| lock.began = true);
        for change in &plan.changes {
            if !step() {
                return;
            }
            if change.action == Action::Delete {
                self.files.remove(&change.path);
            } else {
                let new = &manifest.files[&change.path];
                let bytes = if back { self.kept[&plan.kept[&new.key()].at].clone() } else { new.clone() };
                self.files.insert(change.path.clone(), bytes);
            }
            if beat() {
                lock(self, &|lock| lock.mark = Some(change.mark()));
            }
        }
        if step() {
            self.current = Some(manifest.clone());
        }
    }
}

/// One of a few versions of one of a few files.
fn some_files(random: &mut Random) -> Files {
    let mut files = Files::new();
    for (i, kind) in [Kind::Hashed, Kind::File, Kind::Briefing, Kind::Page, Kind::List, Kind::Front]
        .into_iter()
        .enumerate()
    {
        for n in 0..2 {
            let version = random.below(4);
            if version > 0 {
                let text = format!("{i} {n} {version}");
                let form =
                    Form { kind, media_type: "text/html".into(), cache: String::new(), encoding: None };
                files.insert(format!("{i}-{n}"), Served { hash: Digest::of(text.as_bytes()), size: 1, form });
            }
        }
    }
    files
}

fn manifest(standing: &Standing, plan: &Plan, files: Files, n: u32) -> Manifest {
    let when = Timestamp::from_second(i64::from(n)).expect("a time");
    let kept_at = |_: &Record, _: &str, served: &Served| Some(format!("kept/{}", served.key()));
    let (history, kept): (_, BTreeMap<String, Kept>) =
        remembered(standing, plan, Some(SignedDuration::from_secs(8)), when, kept_at);
    let content = Manifest::content_of(&files);
    let record = Record {
        id: format!("{n:04}"),
        when,
        clock: when,
        revision: None,
        back_to: None,
        files: files.len(),
        content,
    };
    Manifest { record, files, stories: BTreeMap::new(), history, kept, unsure: Vec::new() }
}

#[test]
fn whatever_was_cut_short_a_deploy_that_ends_leaves_its_site_and_a_way_back() {
    let mut went_back = 0;
    for seed in 0..3000 {
        let mut random = Random(seed * 2 + 1);
        let mut store = Store::default();
        for n in 0..14 {
            let standing = store.look();
            let wants_back = random.below(4) == 0;
            let known: Vec<Record> = standing.to_go_back_to().cloned().collect();
            let to = known.get(random.below(known.len().max(1))).filter(|_| wants_back);
            let files =
                to.map_or_else(|| some_files(&mut random), |record| store.deploys[&record.id].files.clone());
            let plan = plan(
                &standing,
                &files,
                if random.below(9) == 0 && to.is_none() { Trust::Nothing } else { Trust::Record },
            );
            let manifest = manifest(&standing, &plan, files.clone(), n);
            if let Some(to) = to {
                let sent = plan.changes.iter().filter(|change| change.action != Action::Delete);
                for change in sent {
                    let key = files[&change.path].key();
                    assert!(
                        plan.kept.contains_key(&key),
                        "seed {seed}, deploy {n}: {} of {} is kept",
                        change.path,
                        to.id
                    );
                    assert_eq!(
                        store.kept.get(&plan.kept[&key].at),
                        Some(&files[&change.path]),
                        "seed {seed}, deploy {n}"
                    );
                }
                went_back += 1;
            }
            let cut = if random.below(2) == 0 { usize::MAX } else { random.below(20) };
            let mut coin = Random(seed * 31 + u64::from(n) + 1);
            store.ship(&plan, &manifest, to.is_some(), cut, || coin.below(3) == 0);
            if store.current.as_ref().is_some_and(|current| current.record.id == manifest.record.id) {
                assert_eq!(store.files, files, "seed {seed}, deploy {n}");
            }
        }
    }
    assert!(went_back > 1000, "{went_back}");
}
