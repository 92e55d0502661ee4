//! All routes of an edition to files of the output folder. Pages are made in parallel and streamed into a
//! stage; nothing in the folder changes before everything has been made without an error.

pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::diagnostic::{Diagnostic, Severity, has_errors};
use crate::document::Kind;
use crate::edition::Edition;
use crate::media::{Asset, AssetBytes};
use crate::path::OutputPath;
use crate::render::{Body, Output, render};
use crate::route::Route;
use crate::tree::Tree;
use write::{Stage, Written};

/// How to build.
pub struct Options<'a> {
    /// The site's folder, where the list of files made is kept.
    pub site: &'a Path,
    /// The output folder.
    pub out: &'a Path,
    /// Whether a warning is as bad as an error.
    pub strict: bool,
    /// Told how many of how many outputs are made.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What came of a build.
pub struct Report {
    /// What went wrong while pages were made.
    pub diagnostics: Vec<Diagnostic>,
    /// What was written; `None` when there was an error and nothing was.
    pub written: Option<Written>,
    /// How many pages there are.
    pub pages: usize,
    /// How many other files.
    pub files: usize,
}

/// Makes and writes every output of an edition. `earlier` is what is wrong already: with an error in it
/// pages are still made, to find what else is wrong, but nothing is written.
///
/// # Errors
/// When the output folder cannot be written, or a file of the site cannot be read.
pub fn build(
    edition: &Edition,
    site: &Tree,
    built_in: &Tree,
    earlier: &[Diagnostic],
    options: &Options<'_>,
) -> io::Result<Report> {
    let routes = &edition.world.routes.all;
    let stopped = |diagnostics: &[Diagnostic]| {
        has_errors(diagnostics)
            || options.strict && diagnostics.iter().any(|d| d.severity == Severity::Warning)
    };
    let stage = if stopped(earlier) { None } else { Some(Stage::open(options.site, options.out)?) };
    let done = AtomicUsize::new(0);
    let failure: Mutex<Option<io::Error>> = Mutex::new(None);
    let keep = |result: io::Result<()>| {
        if let Err(error) = result {
            failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
        }
    };
    let mut diagnostics: Vec<Diagnostic> = routes
        .par_iter()
        .flat_map_iter(|route| {
            let (output, diagnostics) = render(edition, route);
            if let (Some(stage), Some(output)) = (&stage, output) {
                keep(put(stage, site, built_in, &output));
            }
            (options.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, routes.len());
            diagnostics
        })
        .collect();
    diagnostics.retain(|d| !earlier.contains(d));
    let assets = assets(edition);
    if let Some(stage) = &stage {
        assets.par_iter().for_each(|asset| {
            let output = Output {
                path: asset.url.output(),
                body: match &asset.bytes {
                    AssetBytes::File(file) => Body::File(file.clone()),
                    AssetBytes::Text(text) => Body::Text(std::sync::Arc::clone(text)),
                },
            };
            keep(put(stage, site, built_in, &output));
        });
    }
    if let Some(error) = failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(error);
    }
    let others = routes.iter().filter(|route| matches!(route, Route::Static { .. })).count();
    let written = match stage {
        Some(stage) if !stopped(&diagnostics) => {
            let made: BTreeSet<OutputPath> = routes
                .iter()
                .map(|route| route.output(&edition.world.site))
                .chain(assets.iter().map(|asset| asset.url.output()))
                .collect();
            Some(stage.commit(&made, &explainers(edition))?)
        }
        _ => None,
    };
    Ok(Report { diagnostics, written, pages: routes.len() - others, files: others + assets.len() })
}

/// The hashes of explainers in one file: editing one changes every page that shows it.
fn explainers(edition: &Edition) -> BTreeMap<String, String> {
    let entries = edition.world.site.entries.iter();
    let single = entries.filter(|e| e.kind == Kind::Explainer && e.document.identity.version.is_none());
    single
        .map(|e| {
            (e.document.path.to_string(), blake3::hash(e.document.source.as_bytes()).to_hex().to_string())
        })
        .collect()
}

/// The assets to publish: every file of content/ that something published names, and the files of static/
/// that templates asked for.
fn assets(edition: &Edition) -> Vec<&Asset> {
    let world = &edition.world;
    let asked = world.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    // A style sheet's `url(…)` asks for files too.
    let mut wanted: BTreeSet<_> = asked;
    let sheets: Vec<&Asset> = wanted.iter().filter_map(|file| world.assets.get(file)).collect();
    let texts: Vec<&str> = sheets
        .iter()
        .filter_map(|asset| match &asset.bytes {
            AssetBytes::Text(text) => Some(&**text),
            AssetBytes::File(_) => None,
        })
        .collect();
    for file in world.inventory.statics.values() {
        let name = world.assets.get(file).map(|asset| asset.url.as_str().trim_start_matches("/assets/"));
        if name.is_some_and(|name| texts.iter().any(|text| text.contains(name))) {
            wanted.insert(file.clone());
        }
    }
    let content = world.inventory.content.iter().filter(|file| world.assets.contains_key(*file));
    let files: BTreeSet<_> = wanted.iter().chain(content).collect();
    files.into_iter().filter_map(|file| world.assets.get(file)).collect()
}

fn put(stage: &Stage, site: &Tree, built_in: &Tree, output: &Output) -> io::Result<()> {
    match &output.body {
        Body::Bytes(bytes) => stage.put(&output.path, bytes),
        Body::Text(text) => stage.put(&output.path, text.as_bytes()),
        Body::File(file) => {
            let tree = if site.contains(file) { site } else { built_in };
            stage.put(&output.path, &tree.read(file)?)
        }
    }
}
