//! A tree to an edition: settings, theme and documents are read, the documents linked, their files hashed.
//! Everything that is wrong is collected; what can go on goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use jiff::Timestamp;
use rayon::prelude::*;

use super::{Edition, World, functions, views};
use crate::config::{self, Config};
use crate::diagnostic::catalog::{front_matter, settings};
use crate::diagnostic::{Code, Diagnostic, Severity, Sources, Span};
use crate::document::{self, Document, Rules, identity};
use crate::links::{self, Linker};
use crate::media::{self, Assets};
use crate::moment::Moment;
use crate::path::SitePath;
use crate::route;
use crate::site::{self, Clock, Shows};
use crate::theme;
use crate::tree::Tree;

/// What an edition depends on besides the files.
#[derive(Clone, Debug)]
pub struct Options {
    /// The moment the site is seen at.
    pub now: Now,
    /// What is shown besides what is published.
    pub shows: Shows,
    /// Another address than that of nutgraf.yaml.
    pub base_url: Option<String>,
}

/// A moment, as far as it is known before the settings are read.
#[derive(Clone, Debug)]
pub enum Now {
    /// An instant.
    At(Timestamp),
    /// A time as typed, in the site's zone unless it says otherwise.
    Typed(String),
}

/// What came of a tree.
pub struct Loaded {
    /// The edition; `None` when there is no nutgraf.yaml.
    pub edition: Option<Edition>,
    /// What is wrong so far.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that diagnostics point into.
    pub sources: Sources,
}

/// Makes an edition of a tree.
pub fn load(tree: &Tree, options: &Options) -> Loaded {
    let mut diagnostics = Vec::new();
    let mut sources = Sources::new();
    let built_in = theme::builtin::tree();
    let Some(config) = read_config(tree, options, &mut sources, &mut diagnostics) else {
        return Loaded { edition: None, diagnostics, sources };
    };
    let config = Arc::new(config);
    let (theme, more) = theme::load(tree, &built_in, &config);
    diagnostics.extend(more);
    sources.extend(theme.sources.clone());

    let rules = theme::rules(&config, &theme);
    let (documents, more) = read_documents(tree, &rules);
    diagnostics.extend(more);
    for document in &documents {
        sources.insert(document.path.clone(), Arc::clone(&document.source));
    }
    let checked: Vec<Diagnostic> = documents
        .par_iter()
        .flat_map_iter(|document| {
            document.diagnostics.iter().cloned().chain(theme::arguments::check(&theme.catalogue, document))
        })
        .collect();
    diagnostics.extend(checked);

    let clock = Clock { now: instant(&options.now, &config), shows: options.shows };
    let gathering = site::Gathering::new(Arc::clone(&config), clock, &documents);
    let (site, more) = site::link(Arc::clone(&config), &gathering, clock);
    diagnostics.extend(more);
    diagnostics.extend(site::check(&site));
    // What is not published stops nobody from publishing the rest.
    for diagnostic in &mut diagnostics {
        let file = diagnostic.span.as_ref().map(|span| &span.file);
        // Its own dates are why it is not: those must be right.
        if diagnostic.code != Code::DateOrder
            && site.left_out.iter().any(|left_out| Some(&left_out.path) == file)
        {
            diagnostic.severity = Severity::Warning;
        }
    }
    let inventory = media::inventory(tree, &built_in);
    let (routes, more) = route::routes(&site, &inventory);
    diagnostics.extend(more);
    let no_assets = Assets::new();
    let linker = Linker { site: &site, routes: &routes, inventory: &inventory, assets: &no_assets };
    diagnostics.extend(links::check(linker));
    let named = links::named_files(linker);
    let (assets, more) = media::assets(tree, &built_in, &inventory, &named);
    diagnostics.extend(more);

    let mut world = World {
        cards: site.entries.iter().map(|_| OnceLock::new()).collect(),
        site,
        routes,
        inventory,
        assets,
        sites: BTreeMap::new(),
        asked: Mutex::new(BTreeSet::new()),
    };
    world.sites = views::sites(&world, &theme);
    let world = Arc::new(world);
    let mut engine = theme.engine.clone();
    functions::register(&mut engine, &world, &theme);
    Loaded { edition: Some(Edition { world, theme, engine }), diagnostics, sources }
}

fn instant(now: &Now, config: &Config) -> Timestamp {
    match now {
        Now::At(now) => *now,
        Now::Typed(text) => {
            Moment::parse(text, &config.timezone).map_or(Timestamp::UNIX_EPOCH, |moment| moment.at)
        }
    }
}

fn read_config(
    tree: &Tree,
    options: &Options,
    sources: &mut Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Config> {
    let file = SitePath::new("nutgraf.yaml");
    if !tree.contains(&file) {
        diagnostics.push(settings::missing(&file));
        return None;
    }
    let text = match tree.read_text(&file) {
        Ok(text) => text,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return None;
        }
    };
    let (mut config, more) = config::read(&file, &text);
    // Settings that cannot be read would make everything else look wrong.
    let unreadable = more
        .iter()
        .any(|d| matches!(d.code, Code::YamlMalformed | Code::YamlTab | Code::YamlQuotes | Code::YamlBudget));
    diagnostics.extend(more);
    if unreadable {
        sources.insert(file, text);
        return None;
    }
    if let Some(url) = &options.base_url {
        match config::split_url(url) {
            Some((origin, base_path)) => (config.origin, config.base_path) = (origin, base_path),
            None => diagnostics.push(settings::bad_url(Span::file(&file), url)),
        }
    }
    sources.insert(file, text);
    Some(config)
}

/// Reads every document, each alone and in parallel.
fn read_documents(tree: &Tree, rules: &Rules) -> (Vec<Arc<Document>>, Vec<Diagnostic>) {
    let paths: Vec<&SitePath> = tree.below("content").collect();
    let read: Vec<(Option<Arc<Document>>, Vec<Diagnostic>)> = paths
        .par_iter()
        .map(|path| {
            let (identity, diagnostics) = identity::identify(path, &rules.language, &rules.languages);
            let document = identity.map(|identity| {
                Arc::new(match tree.read_text(path) {
                    Ok(source) if source.trim().is_empty() => {
                        document::unreadable(path, source, identity, front_matter::missing(Span::file(path)))
                    }
                    Ok(source) => document::read(path, source, identity, rules),
                    Err(diagnostic) => {
                        let shown = match diagnostic.code {
                            Code::NotUtf8 => tree.read(path).unwrap_or_default(),
                            _ => Vec::new(),
                        };
                        let source = String::from_utf8_lossy(&shown).into_owned().into();
                        document::unreadable(path, source, identity, *diagnostic)
                    }
                })
            });
            (document, diagnostics)
        })
        .collect();
    let mut documents = Vec::with_capacity(read.len());
    let mut diagnostics = Vec::new();
    for (document, more) in read {
        documents.extend(document);
        diagnostics.extend(more);
    }
    (documents, diagnostics)
}
