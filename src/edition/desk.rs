//! The desk makes editions. It keeps what was read from one edition to the next, so that a change costs what
//! it touches: a document that changed is read again, the site is linked again if the change has to do with
//! other documents, and everything else stays. There is no record of what depends on what: what could be
//! another is compared or made again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::read::{self, Read, Settings};
use super::{Edition, Made, Options, check};
use crate::diagnostic::{Diagnostic, Sources, has_errors};
use crate::document::{Document, Rules};
use crate::links::{self, Linker};
use crate::media::{self, Assets, Files, Inventory};
use crate::path::SitePath;
use crate::route::{self, Routes};
use crate::site::{self, Clock, Gathered, Gathering, Shows, Site};
use crate::theme::{self, Theme};
use crate::tree::Tree;

/// Everything that was read of a site, and what came of it.
pub struct Desk {
    options: Options,
    built_in: Tree,
    settings: Settings,
    /// Whether there are new settings that wait for templates without an error.
    settings_wait: bool,
    theme: Arc<Theme>,
    theme_said: Vec<Diagnostic>,
    /// The texts of templates as they are, also when the last good ones are shown.
    theme_sources: BTreeMap<SitePath, Arc<str>>,
    theme_is_good: bool,
    rules: Rules,
    documents: BTreeMap<SitePath, Read>,
    gathering: Gathering,
    inventory: Arc<Inventory>,
    /// Files with their hashes, as far as any page needed them.
    hashed: Assets,
    /// The pictures that pages of any edition asked for.
    made: Arc<Made>,
    linked: Linked,
}

/// What linking made of the documents and files.
struct Linked {
    site: Site,
    routes: Arc<Routes>,
    assets: Arc<Assets>,
    /// The files of content/ that documents name.
    named: BTreeSet<SitePath>,
    /// What is wrong with ids and addresses.
    said: Vec<Diagnostic>,
    /// Files that could not be read.
    unread: Vec<Diagnostic>,
}

/// How much has to be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Again {
    /// Nothing.
    Nothing,
    /// Only what every edition makes anew: the engine and the views.
    Pages,
    /// The published files and their addresses, too.
    Files,
    /// Everything between documents, too.
    Links,
}

impl Desk {
    /// Reads a site. Without settings there is none, and what is wrong with them is said.
    ///
    /// # Errors
    /// When there is no nutgraf.yaml or it cannot be read: what is wrong, and the texts it is about.
    pub fn open(tree: &Tree, options: Options) -> Result<Self, (Vec<Diagnostic>, Sources)> {
        let built_in = theme::builtin::tree();
        let settings = read::settings(tree, &options)?;
        let config = &settings.config;
        let (theme, theme_said) = theme::load(tree, &built_in, config);
        let rules = theme::rules(config, &theme);
        let paths: Vec<&SitePath> = tree.below("content").collect();
        let documents = read::documents(tree, &paths, &rules, &theme);
        let clock = Clock { now: read::instant(&options.now, config), shows: options.shows };
        let published: Vec<Arc<Document>> =
            documents.values().filter_map(|read| read.document.clone()).collect();
        let gathering = Gathering::new(Arc::clone(config), clock, &published);
        let inventory = Arc::new(media::inventory(tree, &built_in));
        let mut hashed = Assets::new();
        let linked = link(tree, &built_in, &settings, &gathering, clock, &inventory, &options, &mut hashed);
        Ok(Self {
            options,
            built_in,
            settings,
            settings_wait: false,
            theme_is_good: !has_errors(&theme_said),
            theme_sources: theme.sources.clone(),
            theme: Arc::new(theme),
            theme_said,
            rules,
            documents,
            gathering,
            inventory,
            hashed,
            made: Arc::default(),
            linked,
        })
    }

    /// The edition of what the desk has now.
    pub fn edition(&self) -> Edition {
        let linked = &self.linked;
        let (routes, assets) = (Arc::clone(&linked.routes), Arc::clone(&linked.assets));
        let (theme, inventory) = (Arc::clone(&self.theme), Arc::clone(&self.inventory));
        Edition::new(theme, linked.site.clone(), routes, inventory, assets, Arc::clone(&self.made))
    }

    /// A document of the site as it is shown.
    pub fn document(&self, path: &SitePath) -> Option<&Arc<Document>> {
        self.documents.get(path)?.document.as_ref()
    }

    /// Reads again what may have changed and returns whether anything did. A document, the templates or
    /// the settings with a new error in them stay as they were before it, so that everything else goes on.
    pub fn update(&mut self, tree: &Tree, touched: &BTreeSet<SitePath>) -> bool {
        let mut again = Again::Nothing;
        let is_below = |path: &SitePath, folder: &str| {
            path.as_str().strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        let before = Arc::clone(&self.settings.config);
        let settings = (touched.contains("nutgraf.yaml") || self.settings_wait) && self.read_settings(tree);
        let theme = touched.iter().any(|path| is_below(path, "templates") || is_below(path, "data"));
        if settings || theme {
            again = again.max(Again::Pages);
            let (is_adopted, documents) = self.read_theme(tree);
            // New settings with the old templates would be a site that nobody made.
            self.settings_wait = settings && !is_adopted;
            if self.settings_wait {
                self.settings.config = before;
            } else if documents {
                // They were gathered as they were read.
                again = Again::Links;
            } else if settings {
                again = Again::Links;
                self.gathering.turn(Arc::clone(&self.settings.config), self.clock());
            }
        }
        let files: Vec<&SitePath> = touched
            .iter()
            .filter(|path| {
                is_below(path, "static")
                    || is_below(path, "content") && !crate::document::identity::is_markdown(path)
            })
            .collect();
        if self.read_files(tree, &files) {
            let inventory = Arc::new(media::inventory(tree, &self.built_in));
            again = again.max(if inventory == self.inventory { Again::Files } else { Again::Links });
            self.inventory = inventory;
        }
        let texts: Vec<&SitePath> = touched.iter().filter(|path| is_below(path, "content")).collect();
        again = again.max(self.read_documents(tree, &texts));
        match again {
            Again::Nothing => return false,
            Again::Pages => {}
            Again::Files => self.publish(tree),
            Again::Links => self.link(tree),
        }
        true
    }

    /// Moves the clock: to another moment, or to what else is shown.
    pub fn turn(&mut self, tree: &Tree, now: super::Now, shows: Shows) {
        self.options.now = now;
        self.options.shows = shows;
        self.gathering.turn(Arc::clone(&self.settings.config), self.clock());
        self.link(tree);
    }

    /// The next moment, after the one the site is seen at, at which it would be another.
    pub fn next_change(&self) -> Option<Timestamp> {
        site::time::next(&self.linked.site).map(|(at, _)| at)
    }

    /// What is wrong with documents, templates, settings and addresses: what is known without looking at
    /// every reference.
    pub fn said(&self) -> Vec<Diagnostic> {
        let documents = self.documents.values().flat_map(|read| read.said.iter());
        let all = self.settings.said.iter().chain(&self.theme_said).chain(documents);
        let said = all.chain(&self.linked.said).chain(&self.linked.unread).cloned().collect();
        check::settle(&self.linked.site, said)
    }

    /// The texts that diagnostics are about, or may be about once pages are made.
    pub fn sources(&self) -> Sources {
        let files = std::iter::once(SitePath::new("nutgraf.yaml"));
        let files = files.chain(self.documents.keys().cloned()).chain(self.theme_sources.keys().cloned());
        files.filter_map(|file| Some((file.clone(), self.source(&file)?))).collect()
    }

    /// nutgraf.yaml and its text.
    pub fn settings_source(&self) -> Option<(SitePath, Arc<str>)> {
        let file = SitePath::new("nutgraf.yaml");
        Some((file.clone(), self.source(&file)?))
    }

    /// The texts that some diagnostics are about.
    pub fn sources_of(&self, diagnostics: &[Diagnostic]) -> Sources {
        let spans = diagnostics.iter().flat_map(|d| d.span.iter().chain(d.labels.iter().map(|l| &l.span)));
        let files: BTreeSet<&SitePath> = spans.map(|span| &span.file).collect();
        files.into_iter().filter_map(|file| Some((file.clone(), self.source(file)?))).collect()
    }

    fn source(&self, file: &SitePath) -> Option<Arc<str>> {
        if file.as_str() == "nutgraf.yaml" {
            return Some(Arc::clone(&self.settings.source));
        }
        let Some(read) = self.documents.get(file) else { return self.theme_sources.get(file).cloned() };
        // Of what is no document, nothing but its path matters.
        let document = read.document.as_ref()?;
        Some(read.source.clone().unwrap_or_else(|| Arc::clone(&document.source)))
    }

    fn clock(&self) -> Clock {
        let now = read::instant(&self.options.now, &self.settings.config);
        Clock { now, shows: self.options.shows }
    }

    /// Returns whether the settings are others.
    fn read_settings(&mut self, tree: &Tree) -> bool {
        match read::settings(tree, &self.options) {
            Ok(settings) if !has_errors(&settings.said) => {
                let same = settings.source == self.settings.source
                    && !has_errors(&self.settings.said)
                    && !self.settings_wait;
                self.settings = settings;
                !same
            }
            Ok(settings) => {
                (self.settings.said, self.settings.source) = (settings.said, settings.source);
                true
            }
            Err((said, sources)) => {
                self.settings.said = said;
                self.settings.source = sources.into_values().next().unwrap_or_else(|| "".into());
                true
            }
        }
    }

    /// Reads templates, strings and data. Returns whether they were taken, and whether documents had to be
    /// read again.
    fn read_theme(&mut self, tree: &Tree) -> (bool, bool) {
        let (theme, said) = theme::load(tree, &self.built_in, &self.settings.config);
        let is_good = !has_errors(&said);
        self.theme_said = said;
        if self.theme_is_good && !is_good {
            // The last good templates stay; messages are about the new texts.
            self.theme_sources = theme.sources;
            return (false, false);
        }
        self.theme_is_good = is_good;
        self.theme_sources.clone_from(&theme.sources);
        self.theme = Arc::new(theme);
        let rules = theme::rules(&self.settings.config, &self.theme);
        if rules == self.rules {
            for read in self.documents.values_mut() {
                read.check_arguments(&self.theme);
            }
            return (true, false);
        }
        self.rules = rules;
        let paths: Vec<&SitePath> = tree.below("content").collect();
        let mut documents = read::documents(tree, &paths, &self.rules, &self.theme);
        for (path, read) in &mut documents {
            if let Some(old) = self.documents.get(path) {
                read.keep_last_good(old);
            }
        }
        self.documents = documents;
        let published: Vec<Arc<Document>> =
            self.documents.values().filter_map(|read| read.document.clone()).collect();
        self.gathering = Gathering::new(Arc::clone(&self.settings.config), self.clock(), &published);
        (true, true)
    }

    /// Forgets the hashes of files that are others now. Returns whether any is.
    fn read_files(&mut self, tree: &Tree, files: &[&SitePath]) -> bool {
        let mut changed = false;
        for file in files {
            let own = tree.contains(file);
            let known = self.inventory.content.contains(*file)
                || self.inventory.statics.values().any(|known| known == *file);
            let same = match (own, self.hashed.get(*file)) {
                (true, Some(asset)) => media::hash(tree, file).is_ok_and(|now| now == asset.hash),
                // Nobody has asked for it yet.
                (true, None) => known,
                (false, _) => !known,
            };
            if !same {
                self.hashed.remove(*file);
                changed = true;
            }
        }
        changed
    }

    fn read_documents(&mut self, tree: &Tree, paths: &[&SitePath]) -> Again {
        let changed: Vec<&SitePath> = paths
            .iter()
            .copied()
            .filter(|path| match (self.documents.get(*path), tree.contains(path)) {
                (None, there) => there && crate::document::identity::is_markdown(path),
                (Some(_), false) => true,
                (Some(known), true) => tree.read_text(path).ok() != known.source,
            })
            .collect();
        if changed.is_empty() {
            return Again::Nothing;
        }
        let there: Vec<&SitePath> = changed.iter().copied().filter(|path| tree.contains(path)).collect();
        let mut fresh = read::documents(tree, &there, &self.rules, &self.theme);
        let mut gathered: Vec<(Arc<Gathered>, Arc<Gathered>)> = Vec::new();
        for path in changed {
            let old = self.documents.remove(path);
            let mut new = fresh.remove(path);
            if let (Some(old), Some(new)) = (&old, &mut new) {
                new.keep_last_good(old);
            }
            let (before, after) = (
                old.as_ref().and_then(|read| read.document.as_ref()),
                new.as_ref().and_then(|read| read.document.as_ref()),
            );
            let same = before.zip(after).is_some_and(|(before, after)| Arc::ptr_eq(before, after));
            if !same {
                gathered.extend(self.gathering.replace(before.map(|d| &**d), after));
            }
            if let Some(new) = new {
                self.documents.insert(path.clone(), new);
            }
        }
        let said = &self.linked.said;
        match self.linked.site.with(&gathered) {
            // What is said of the addresses of these documents would point to the wrong place.
            Some(site) if said.iter().all(|d| d.span.as_ref().is_none_or(|s| !paths.contains(&&s.file))) => {
                self.linked.site = site;
                Again::Pages
            }
            Some(_) | None => Again::Links,
        }
    }

    fn link(&mut self, tree: &Tree) {
        let clock = self.clock();
        self.linked = link(
            tree,
            &self.built_in,
            &self.settings,
            &self.gathering,
            clock,
            &self.inventory,
            &self.options,
            &mut self.hashed,
        );
    }

    /// Gives the published files their addresses again.
    fn publish(&mut self, tree: &Tree) {
        let files = files(tree, &self.built_in, &self.settings, &self.inventory, &self.options);
        let (assets, unread) = media::assets(&files, &self.linked.named, &mut self.hashed);
        (self.linked.assets, self.linked.unread) = (Arc::new(assets), unread);
    }
}

/// What the addresses of files are found with.
fn files<'a>(
    site: &'a Tree,
    built_in: &'a Tree,
    settings: &'a Settings,
    inventory: &'a Inventory,
    options: &'a Options,
) -> Files<'a> {
    let Options { cache, progress, .. } = options;
    let base_path = &settings.config.base_path;
    Files { site, built_in, inventory, cache, base_path, progress: &*progress.0 }
}

#[expect(clippy::too_many_arguments, reason = "everything that decides how a site is linked")]
fn link(
    tree: &Tree,
    built_in: &Tree,
    settings: &Settings,
    gathering: &Gathering,
    clock: Clock,
    inventory: &Inventory,
    options: &Options,
    hashed: &mut Assets,
) -> Linked {
    let (site, mut said) = site::link(Arc::clone(&settings.config), gathering, clock);
    let (routes, more) = route::routes(&site, inventory);
    said.extend(more);
    let none = Assets::new();
    let named =
        links::named_files(Linker { site: &site, routes: &routes, inventory, assets: &none, asked: None });
    let (assets, unread) =
        media::assets(&files(tree, built_in, settings, inventory, options), &named, hashed);
    Linked { site, routes: Arc::new(routes), assets: Arc::new(assets), named, said, unread }
}
