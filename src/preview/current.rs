//! What is shown at this moment: an edition with everything that is known to be wrong, swapped whole, so that
//! nobody ever sees a half-made site.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{self, Diagnostic, Severity, Sources};
use crate::edition::Edition;
use crate::media::AssetBytes;
use crate::path::SitePath;

/// What is shown, and what is known of it.
#[derive(Clone)]
pub struct Current {
    /// Grows with everything that a page could show differently.
    pub revision: u64,
    /// The last good edition; `None` while the settings could never be read.
    pub edition: Option<Arc<Edition>>,
    /// Documents, templates and settings that have an error in them: what is shown is older than they are.
    pub said: Arc<Vec<Diagnostic>>,
    /// The texts that is about.
    pub sources: Arc<Sources>,
    /// What is wrong with the site's folders: links that lead out, names that cannot be read.
    pub walked: Arc<Vec<Diagnostic>>,
    /// What is wrong between documents and on pages.
    pub found: Arc<Vec<Found>>,
    /// The last edition of which no page is known to have failed.
    pub good: Option<Arc<Edition>>,
    /// Whether a page of this edition failed, or may fail.
    pub has_failed: Arc<AtomicBool>,
    /// Where files went that are gone from their places.
    pub moved: Arc<BTreeMap<SitePath, SitePath>>,
    /// Files of static/ that changed since the preview began, with a hash.
    pub statics: Arc<BTreeMap<String, String>>,
    /// What changed lately, the last first.
    pub recent: Arc<Vec<SitePath>>,
    /// Whether the clock was set, and unpublished things are shown.
    pub clock: Clock,
    /// The published files by their address.
    pub assets: Arc<OnceLock<HashMap<String, AssetBytes>>>,
    /// A site of nothing but the components' examples, made when somebody looks at them.
    pub sample: Arc<OnceLock<Option<Edition>>>,
    /// The search engine by its addresses, made when somebody searches.
    pub engine: Arc<OnceLock<BTreeMap<String, Vec<u8>>>>,
}

/// How the clock of the preview stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The time as it was set; the real one when it was not.
    pub set: Option<String>,
    /// Whether drafts and what is to come are shown.
    pub unpublished: bool,
}

/// Something wrong, and the page it shows on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What is wrong.
    pub diagnostic: Diagnostic,
    /// The address of the page that failed; none for what is wrong between documents.
    pub output: Option<String>,
}

/// Everything that is wrong, in order, with the texts it is about.
pub struct Problems {
    /// What is wrong.
    pub list: Vec<Diagnostic>,
    /// The texts.
    pub sources: Sources,
}

impl Current {
    /// Everything that is known to be wrong, with what a page that is looked at adds.
    pub fn problems(&self, more: Vec<Diagnostic>) -> Problems {
        let mut sources = (*self.sources).clone();
        // A text with an error in it is another than the one that pages are made from.
        let is_newer = |d: &Diagnostic| d.span.as_ref().is_some_and(|span| self.is_newer(&span.file));
        let found = self.found.iter().map(|found| found.diagnostic.clone()).chain(more);
        let mut list: Vec<Diagnostic> = found.filter(|d| !is_newer(d)).collect();
        for diagnostic in &list {
            let spans = diagnostic.span.iter().chain(diagnostic.labels.iter().map(|label| &label.span));
            for span in spans {
                if let Some(text) = self.text(&span.file).filter(|_| !sources.contains_key(&span.file)) {
                    sources.insert(span.file.clone(), text);
                }
            }
        }
        list.extend(self.said.iter().chain(self.walked.iter()).cloned());
        Problems { list: diagnostic::sort(list), sources }
    }

    /// Shows another edition. The one before is remembered as good, unless a page of it failed; an edition
    /// with other templates is not trusted before all its pages were made.
    pub fn advance(&mut self, edition: Edition) {
        let failed = self.found.iter().any(|found| found.output.is_some());
        let is_trusted = !failed && !self.has_failed.load(Ordering::Relaxed);
        if is_trusted {
            self.good.clone_from(&self.edition);
        }
        let has_same_theme =
            self.edition.as_ref().is_some_and(|before| Arc::ptr_eq(&before.theme, &edition.theme));
        self.has_failed = Arc::new(AtomicBool::new(!is_trusted || !has_same_theme));
        self.edition = Some(Arc::new(edition));
    }

    fn is_newer(&self, file: &SitePath) -> bool {
        let wrong = |d: &Diagnostic| {
            d.severity == Severity::Error && d.span.as_ref().is_some_and(|s| s.file == *file)
        };
        self.said.iter().any(wrong)
            && self.sources.get(file).is_some_and(|source| self.text(file).is_none_or(|text| text != *source))
    }

    /// A text as the edition knows it.
    fn text(&self, file: &SitePath) -> Option<Arc<str>> {
        let edition = self.edition.as_ref()?;
        let document = edition.world.site.entry_at(file).map(|entry| Arc::clone(&entry.document.source));
        document.or_else(|| edition.theme.sources.get(file).cloned())
    }

    /// The published file at an address.
    pub fn asset(&self, address: &str) -> Option<&AssetBytes> {
        let by_address = self.assets.get_or_init(|| {
            let assets = self.edition.iter().flat_map(|edition| edition.world.assets.values());
            assets.map(|asset| (asset.url.to_string(), asset.bytes.clone())).collect()
        });
        by_address.get(address)
    }
}
