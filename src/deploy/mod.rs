//! A built site to where readers find it. `built.rs` looks at what there is, `plan.rs` compares it with the record that the
//! last deploy left at the target (`manifest.rs`), and a [`Target`] carries the plan out, so that readers never meet
//! half a site. What is shipped is what `build` wrote; nothing is made here but compressed forms.

pub mod after;
pub mod built;
pub mod failure;
pub mod guard;
pub mod manifest;
pub mod plan;
pub mod revision;
pub mod target;

use std::collections::BTreeMap;

use jiff::Timestamp;

use self::built::Built;
use self::failure::Failure;
use self::manifest::{Digest, Manifest, Record, Served};
use self::plan::{Plan, Standing};

/// Variables of the environment: where credentials come from.
pub type Environment = BTreeMap<String, String>;

/// A place that a site is shipped to.
pub trait Target {
    /// What is there. Writes nothing.
    ///
    /// # Errors
    /// When it cannot be reached, read, or is none of ours.
    fn look(&self) -> Result<Standing, Failure>;

    /// The record of an earlier deploy.
    ///
    /// # Errors
    /// When it is not there any more.
    fn manifest(&self, id: &str) -> Result<Manifest, Failure>;

    /// Where a version of a file of a deploy is kept once it is replaced, as the target knows it; `None` when it keeps whole
    /// sites.
    fn kept_at(&self, base: &Record, path: &str, served: &Served) -> Option<String>;

    /// Carries out a plan. Cut short at any moment, it leaves every page that readers can reach whole. Returns what is to
    /// be said besides.
    ///
    /// # Errors
    /// When something cannot be done, or another deploy came between; then nothing was deleted.
    fn ship(&self, shipment: &Shipment<'_>) -> Result<Vec<String>, Failure>;
}

/// A plan with all that is needed to carry it out.
pub struct Shipment<'a> {
    /// What is to be done.
    pub plan: &'a Plan,
    /// What the target had when the plan was made.
    pub standing: &'a Standing,
    /// The record that is left there.
    pub manifest: &'a Manifest,
    /// Where the bytes come from.
    pub bytes: Bytes<'a>,
    /// Told how many of how many steps are done.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// Where the bytes of what is shipped come from.
#[derive(Clone, Copy)]
pub enum Bytes<'a> {
    /// A folder that was built.
    Built(&'a Built),
    /// What the target kept of an earlier deploy.
    Back(&'a Manifest),
}

/// The name of a deploy: its time, and a hash of the site and the time, for two within a second.
pub fn id(when: Timestamp, content: Digest) -> String {
    let hash = Digest::of(format!("{content} {}", when.as_nanosecond()).as_bytes());
    format!("{}-{}", when.strftime("%Y%m%d-%H%M%S"), &hash.to_string()[..8])
}
