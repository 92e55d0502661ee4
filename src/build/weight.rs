//! What a page weighs: its HTML and its style sheets as they travel, compressed with gzip. Pictures are not
//! counted: the browser fetches them after the page is seen.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::edition::Edition;
use crate::media::AssetBytes;
use crate::path::OutputPath;

/// The bytes of all pages of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Which kind: `briefing`, `list`, …
    pub name: &'static str,
    /// How many pages there are.
    pub pages: usize,
    /// What the middle one weighs.
    pub median: usize,
    /// What the heaviest one weighs.
    pub largest: usize,
    /// Where that is.
    pub heaviest: OutputPath,
}

/// Weighs the pages of an edition.
pub struct Scales {
    /// The compressed style sheets by their address.
    sheets: HashMap<String, usize>,
    weights: Mutex<BTreeMap<&'static str, Vec<(usize, OutputPath)>>>,
}

impl Scales {
    /// Scales for the pages of an edition.
    pub fn new(edition: &Edition) -> Self {
        let world = &edition.world;
        let sheets = world.assets.values().filter_map(|asset| match &asset.bytes {
            AssetBytes::Text(text) if asset.url.as_str().ends_with(".css") => {
                Some((world.site.href(&asset.url), compressed(text.as_bytes())))
            }
            AssetBytes::Text(_)
            | AssetBytes::File(_)
            | AssetBytes::Made(_)
            | AssetBytes::Bare { .. }
            | AssetBytes::Nothing => None,
        });
        Self { sheets: sheets.collect(), weights: Mutex::default() }
    }

    /// Weighs a page, in bytes.
    pub fn weigh(&self, kind: &'static str, path: &OutputPath, html: &[u8]) -> usize {
        let text = String::from_utf8_lossy(html);
        let linked = text.split("<link rel=\"stylesheet\" href=\"").skip(1);
        let linked = linked.filter_map(|rest| self.sheets.get(rest.split('"').next()?));
        let weight = compressed(html) + linked.sum::<usize>();
        let mut weights = self.weights.lock().unwrap_or_else(PoisonError::into_inner);
        weights.entry(kind).or_default().push((weight, path.clone()));
        weight
    }

    /// What was weighed, by kind.
    pub fn kinds(self) -> Vec<Kind> {
        let weights = self.weights.into_inner().unwrap_or_else(PoisonError::into_inner);
        let kinds = weights.into_iter().filter_map(|(name, mut pages)| {
            pages.sort();
            let median = pages[pages.len() / 2].0;
            let (largest, heaviest) = pages.last()?.clone();
            Some(Kind { name, pages: pages.len(), median, largest, heaviest })
        });
        kinds.collect()
    }
}

/// How many bytes are left of some when they are compressed as hosts do it.
fn compressed(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_or(bytes.len(), |bytes| bytes.len())
}
