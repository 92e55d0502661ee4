//! All routes of an edition to files of the output folder. Pages are made in parallel and streamed into a
//! stage; nothing in the folder changes before everything has been made without an error.

pub mod leak;
pub mod search;
pub mod weight;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use crate::cache::Cache;
use crate::diagnostic::catalog::{settings as say, templates};
use crate::diagnostic::{Diagnostic, Severity, Span, has_errors};
use crate::document::Kind;
use crate::edition::{Edition, check};
use crate::media::card::Card;
use crate::media::recipe::Recipe;
use crate::media::{self, Asset, AssetBytes, Darkroom};
use crate::path::{OutputPath, SitePath};
use crate::render::{Body, Output, render};
use crate::route::Route;
use crate::tree::Tree;
use leak::Leaks;
use weight::Scales;
use write::{Stage, Written};

/// How to build.
pub struct Options<'a> {
    /// The site's folder, where the list of files made is kept.
    pub site: &'a Path,
    /// The output folder; without one everything is made and looked at, and nothing is written.
    pub out: Option<&'a Path>,
    /// Whether a warning is as bad as an error.
    pub strict: bool,
    /// Whether to weigh every page.
    pub stats: bool,
    /// What was made earlier.
    pub cache: &'a Cache,
    /// Told how many of how many outputs are made.
    pub progress: &'a (dyn Fn(Work, usize, usize) + Sync),
}

/// What a build is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Looking at pictures, which it does once for each.
    Looking,
    /// Making pages.
    Pages,
    /// Making pictures.
    Pictures,
}

/// What came of a build.
pub struct Report {
    /// What went wrong while pages were made.
    pub diagnostics: Vec<Diagnostic>,
    /// What was written; `None` when there was an error and nothing was.
    pub written: Option<Written>,
    /// Every file that was made.
    pub made: BTreeSet<OutputPath>,
    /// How many pages there are.
    pub pages: usize,
    /// How many other files.
    pub files: usize,
    /// What the pages weigh, when that was asked for or there is a budget.
    pub weights: Vec<weight::Kind>,
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
    let stage = match options.out {
        Some(out) if !stopped(earlier) => Some(Stage::open(options.site, out)?),
        _ => None,
    };
    let leaks = Leaks::of(edition);
    let done = AtomicUsize::new(0);
    let failure: Mutex<Option<io::Error>> = Mutex::new(None);
    let budget = edition.world.site.config.budget.as_ref();
    let scales = (options.stats || budget.is_some()).then(|| Scales::new(edition));
    let cards: Mutex<BTreeSet<OutputPath>> = Mutex::default();
    let keep = |result: io::Result<()>| {
        if let Err(error) = result {
            lock(&failure).get_or_insert(error);
        }
    };
    let mut diagnostics: Vec<Diagnostic> = routes
        .par_iter()
        .flat_map_iter(|route| {
            let (output, mut diagnostics) = render(edition, route);
            if let (Some(scales), Some(Output { path, body: Body::Bytes(html), .. }), Some(kind)) =
                (&scales, &output, route.page_kind(&edition.world.site))
            {
                let weight = scales.weigh(kind, path, html);
                if let Some(budget) = budget.filter(|budget| weight > budget.value) {
                    let span = Span::new(&SitePath::new("nutgraf.yaml"), budget.at.clone());
                    diagnostics.push(say::over_budget(span, path, weight, budget.value));
                }
            }
            let Some(output) = output else { return diagnostics };
            diagnostics.extend(leaked(&leaks, site, built_in, &output));
            for card in &output.cards {
                // All cards are made by one template: where nothing is written, the first tells.
                let is_first = {
                    let mut cards = lock(&cards);
                    cards.insert(card.url.output());
                    cards.len() == 1
                };
                match &stage {
                    Some(stage) => match draw(stage, options.cache, edition, card) {
                        Ok(said) => diagnostics.extend(said),
                        Err(error) => keep(Err(error)),
                    },
                    None if is_first => {
                        let drawn = card.draw(&edition.theme.faces);
                        diagnostics.extend(drawn.err().map(|error| templates::bad_card(&error)));
                    }
                    None => {}
                }
            }
            if let Some(stage) = &stage {
                keep(put(stage, site, built_in, &output));
            }
            (options.progress)(Work::Pages, done.fetch_add(1, Ordering::Relaxed) + 1, routes.len());
            diagnostics
        })
        .collect();
    diagnostics.extend(leak::pictures(edition, site));
    let assets = assets(edition);
    diagnostics.extend(
        assets
            .iter()
            .filter_map(|asset| published(asset))
            .flat_map(|output| leaked(&leaks, site, built_in, &output)),
    );
    let mut diagnostics = check::settle(&edition.world.site, diagnostics);
    diagnostics.retain(|d| !earlier.contains(d));
    let pictures = pictures(edition, &assets);
    if let Some(stage) = stage.as_ref().filter(|_| !stopped(&diagnostics)) {
        assets.par_iter().for_each(|asset| {
            if let Some(output) = published(asset) {
                keep(put(stage, site, built_in, &output));
            } else if let AssetBytes::Bare { file, xmp } = &asset.bytes {
                keep(read(site, built_in, file).and_then(|bytes| {
                    let body = Body::Bytes(media::bare(&bytes, xmp.as_deref()));
                    put(stage, site, built_in, &Output { path: asset.url.output(), body, cards: Vec::new() })
                }));
            }
        });
        let by_file: Vec<&[Recipe]> = pictures.chunk_by(|a, b| a.source == b.source).collect();
        let darkroom = Darkroom::new(options.cache);
        let done = AtomicUsize::new(0);
        by_file.par_iter().for_each(|recipes| {
            let read = |file: &SitePath| read(site, built_in, file);
            let missing = |recipe: &&Recipe| !stage.has(&recipe.url().output());
            let recipes: Vec<&Recipe> = recipes.iter().filter(missing).collect();
            keep(darkroom.make(read, &recipes, |recipe, bytes| stage.put(&recipe.url().output(), &bytes)));
            (options.progress)(Work::Pictures, done.fetch_add(1, Ordering::Relaxed) + 1, by_file.len());
        });
    }
    let mut engine = Vec::new();
    if let Some(stage) = stage.as_ref().filter(|_| edition.world.site.config.search && !stopped(&diagnostics))
    {
        for (path, bytes) in search::files(edition)? {
            stage.put(&path, &bytes)?;
            engine.push(path);
        }
    }
    if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let cards = cards.into_inner().unwrap_or_else(PoisonError::into_inner);
    let made =
        cards.len() + assets.iter().filter(|asset| !matches!(asset.bytes, AssetBytes::Made(_))).count();
    let is_page = |route: &&Route| {
        route.page_kind(&edition.world.site).is_some() || matches!(route, Route::Redirect { .. })
    };
    let pages = routes.iter().filter(is_page).count();
    let (mut written, mut all) = (None, BTreeSet::new());
    if let Some(stage) = stage.filter(|_| !stopped(&diagnostics)) {
        all = routes
            .iter()
            .map(|route| route.output(&edition.world.site))
            .chain(assets.iter().map(|asset| asset.url.output()))
            .chain(pictures.iter().map(|recipe| recipe.url().output()))
            .chain(cards.iter().cloned())
            .chain(engine.iter().cloned())
            .collect();
        written = Some(stage.commit(&all, &explainers(edition))?);
    }
    Ok(Report {
        diagnostics,
        written,
        made: all,
        pages,
        files: routes.len() - pages + made + pictures.len() + engine.len(),
        weights: scales.map(Scales::kinds).unwrap_or_default(),
    })
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

/// The pictures that pages asked for, those of one file beside each other.
fn pictures(edition: &Edition, assets: &[&Asset]) -> Vec<Recipe> {
    let made = lock(&edition.world.made);
    let whole = assets.iter().filter_map(|asset| match &asset.bytes {
        AssetBytes::Made(recipe) => Some(recipe),
        AssetBytes::File(_) | AssetBytes::Text(_) | AssetBytes::Bare { .. } | AssetBytes::Nothing => None,
    });
    let all: BTreeSet<&Recipe> = made.values().chain(whole).collect();
    all.into_iter().cloned().collect()
}

/// The assets to publish: every file of content/ or static/ whose own address a page gives, and what the
/// style sheets among them name.
fn assets(edition: &Edition) -> Vec<&Asset> {
    let world = &edition.world;
    let asked = lock(&world.asked).clone();
    // A style sheet's `url(…)` asks for files too.
    let mut wanted: BTreeSet<_> = asked;
    let sheets: Vec<&Asset> = wanted.iter().filter_map(|file| world.assets.get(file)).collect();
    let texts: Vec<&str> = sheets
        .iter()
        .filter_map(|asset| match &asset.bytes {
            AssetBytes::Text(text) => Some(&**text),
            AssetBytes::File(_) | AssetBytes::Made(_) | AssetBytes::Bare { .. } | AssetBytes::Nothing => None,
        })
        .collect();
    for file in world.inventory.statics.values() {
        let name = world.assets.get(file).map(|asset| asset.url.as_str());
        if name.is_some_and(|name| texts.iter().any(|text| text.contains(name))) {
            wanted.insert(file.clone());
        }
    }
    wanted.iter().filter_map(|file| world.assets.get(file)).collect()
}

/// An asset that is published as it is; nothing for a picture that is made or stripped first.
fn published(asset: &Asset) -> Option<Output> {
    let body = match &asset.bytes {
        AssetBytes::File(file) => Body::File(file.clone()),
        AssetBytes::Text(text) => Body::Text(Arc::clone(text)),
        AssetBytes::Bare { .. } | AssetBytes::Made(_) | AssetBytes::Nothing => return None,
    };
    Some(Output { path: asset.url.output(), body, cards: Vec::new() })
}

/// What an output tells of what is withheld. Pictures and other files without text tell nothing that can be read.
fn leaked(leaks: &Leaks<'_>, site: &Tree, built_in: &Tree, output: &Output) -> Vec<Diagnostic> {
    match &output.body {
        Body::Bytes(bytes) => leaks.look(&output.path, bytes),
        Body::Text(text) => leaks.look(&output.path, text.as_bytes()),
        Body::File(file) => {
            let bytes = if leaks.is_empty() || has_no_text(file) {
                Vec::new()
            } else {
                read(site, built_in, file).unwrap_or_default()
            };
            leaks.look(&output.path, &bytes)
        }
    }
}

/// Whether a file has no text that could be read, by its name.
fn has_no_text(file: &SitePath) -> bool {
    let name = file.as_str().to_ascii_lowercase();
    let endings = [
        ".7z", ".ai", ".bz2", ".doc", ".docx", ".eps", ".flac", ".gz", ".heic", ".m4a", ".m4v", ".mov",
        ".odt", ".ppt", ".pptx", ".psd", ".rar", ".tar", ".tif", ".tiff", ".wasm", ".wav", ".xls", ".xlsx",
        ".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".ico", ".mp3", ".mp4", ".ogg", ".webm", ".pdf",
        ".zip", ".woff", ".woff2", ".ttf", ".otf",
    ];
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Draws a social card, unless it was drawn before.
fn draw(stage: &Stage, cache: &Cache, edition: &Edition, card: &Card) -> io::Result<Option<Diagnostic>> {
    let path = card.url.output();
    if stage.has(&path) {
        return Ok(None);
    }
    match cache.get_or_make(&card.key(), || card.draw(&edition.theme.faces)) {
        Ok(bytes) => stage.put(&path, &bytes).map(|()| None),
        Err(error) => Ok(Some(templates::bad_card(&error))),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn put(stage: &Stage, site: &Tree, built_in: &Tree, output: &Output) -> io::Result<()> {
    match &output.body {
        Body::Bytes(bytes) => stage.put(&output.path, bytes),
        Body::Text(text) => stage.put(&output.path, text.as_bytes()),
        Body::File(file) => stage.put(&output.path, &read(site, built_in, file)?),
    }
}

/// A file of the site, or of the theme of the program.
fn read(site: &Tree, built_in: &Tree, file: &SitePath) -> io::Result<Vec<u8>> {
    let tree = if site.contains(file) { site } else { built_in };
    tree.read(file)
}
