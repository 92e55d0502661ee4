//! The settings and the documents of a tree, each with what is wrong with it, seen alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use super::{Now, Options};
use crate::config::{self, Config};
use crate::diagnostic::catalog::{front_matter, settings as say};
use crate::diagnostic::{Code, Diagnostic, Sources, Span, has_errors};
use crate::document::{self, Document, Rules, identity};
use crate::moment::Moment;
use crate::path::SitePath;
use crate::theme::{self, Theme};
use crate::tree::Tree;

/// The settings of a site as they were read.
pub struct Settings {
    /// The settings.
    pub config: Arc<Config>,
    /// Their text.
    pub source: Arc<str>,
    /// What is wrong with them.
    pub said: Vec<Diagnostic>,
}

/// A Markdown file as it was read.
pub struct Read {
    /// The document; the last good one when the text has an error in it since; `None` for what is none.
    pub document: Option<Arc<Document>>,
    /// The text as it is; `None` when it cannot be read.
    pub source: Option<Arc<str>>,
    /// What is wrong with it.
    pub said: Vec<Diagnostic>,
    /// What of that its path says.
    identified: Vec<Diagnostic>,
    /// Whether the document is of a text without an error.
    is_good: bool,
}

impl Read {
    /// Keeps the document that was there before an error came into the text.
    pub fn keep_last_good(&mut self, old: &Self) {
        // A file that is no document any more has no page either.
        if self.document.is_some() && !self.is_good && old.is_good {
            self.document.clone_from(&old.document);
            self.is_good = true;
        }
    }

    /// Checks the calls of components again, against another catalogue.
    pub fn check_arguments(&mut self, theme: &Theme) {
        let Some(document) = &self.document else { return };
        // The messages of a text with errors are about another document than the one that is shown.
        if self.source.as_ref().is_none_or(|source| *source != document.source) {
            return;
        }
        self.said = said(document, theme, &self.identified);
        self.is_good = !has_errors(&self.said);
    }
}

/// Everything there is to say about a document alone.
fn said(document: &Document, theme: &Theme, identified: &[Diagnostic]) -> Vec<Diagnostic> {
    let own = identified.iter().chain(&document.diagnostics).cloned();
    own.chain(theme::arguments::check(&theme.catalogue, document)).collect()
}

/// Reads nutgraf.yaml.
///
/// # Errors
/// When it is not there or cannot be read as YAML.
pub fn settings(tree: &Tree, options: &Options) -> Result<Settings, (Vec<Diagnostic>, Sources)> {
    let file = SitePath::new("nutgraf.yaml");
    if !tree.contains(&file) {
        return Err((vec![say::missing(&file)], Sources::new()));
    }
    let source = tree.read_text(&file).map_err(|diagnostic| (vec![*diagnostic], Sources::new()))?;
    let (mut config, mut said) = config::read(&file, &source);
    // Settings that cannot be read would make everything else look wrong.
    let unreadable = said
        .iter()
        .any(|d| matches!(d.code, Code::YamlMalformed | Code::YamlTab | Code::YamlQuotes | Code::YamlBudget));
    if unreadable {
        return Err((said, [(file, source)].into()));
    }
    if let Some(url) = &options.base_url {
        match config::split_url(url) {
            Some((origin, base_path)) => (config.origin, config.base_path) = (origin, base_path),
            None => said.push(say::bad_url(Span::file(&file), url)),
        }
    }
    Ok(Settings { config: Arc::new(config), source, said })
}

/// The instant a site is seen at.
pub fn instant(now: &Now, config: &Config) -> Timestamp {
    match now {
        Now::At(now) => *now,
        Now::Typed(text) => {
            Moment::parse(text, &config.timezone).map_or(Timestamp::UNIX_EPOCH, |moment| moment.at)
        }
    }
}

/// Reads documents, each alone and in parallel.
pub fn documents(tree: &Tree, paths: &[&SitePath], rules: &Rules, theme: &Theme) -> BTreeMap<SitePath, Read> {
    let read: Vec<(SitePath, Read)> = paths
        .par_iter()
        .filter(|path| identity::is_markdown(path))
        .map(|path| ((*path).clone(), one(tree, path, rules, theme)))
        .collect();
    read.into_iter().collect()
}

fn one(tree: &Tree, path: &SitePath, rules: &Rules, theme: &Theme) -> Read {
    let (identity, identified) = identity::identify(path, &rules.language, &rules.languages);
    let text = tree.read_text(path);
    let source = text.as_ref().ok().cloned();
    let Some(identity) = identity else {
        return Read { document: None, source, said: identified.clone(), identified, is_good: false };
    };
    let document = Arc::new(match text {
        Ok(text) if text.trim().is_empty() => {
            document::unreadable(path, text, identity, front_matter::missing(Span::file(path)))
        }
        Ok(text) => document::read(path, text, identity, rules),
        Err(diagnostic) => {
            let shown = match diagnostic.code {
                Code::NotUtf8 => tree.read(path).unwrap_or_default(),
                _ => Vec::new(),
            };
            let text = String::from_utf8_lossy(&shown).into_owned().into();
            document::unreadable(path, text, identity, *diagnostic)
        }
    });
    let said = said(&document, theme, &identified);
    let is_good = !has_errors(&said);
    let source = source.or_else(|| Some(Arc::clone(&document.source)));
    Read { document: Some(document), source, said, identified, is_good }
}
