//! The look of a site: its templates over the built-in ones, the catalogue of components, the strings of
//! its languages. Loading it again costs milliseconds, so any change of a template makes a new one.

pub mod arguments;
pub mod builtin;
pub mod catalogue;
pub mod data;
pub mod errors;
pub mod functions;

use std::collections::BTreeMap;
use std::sync::Arc;

use tera::{Tera, Value};

pub use catalogue::{Catalogue, Component};

use crate::config::Config;
use crate::diagnostic::catalog::{components, files, front_matter, settings};
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::{ComponentRule, Rules};
use crate::fields::Place;
use crate::language::dates::DateFormats;
use crate::language::{Heads, Language, Languages, Strings};
use crate::media::card::Faces;
use crate::path::SitePath;
use crate::tree::Tree;
use crate::yaml;

/// The prefix of built-in templates: `{% extends "nutgraf/base.html" %}`.
pub const PREFIX: &str = "nutgraf/";

/// Templates, components, strings and data.
pub struct Theme {
    /// The engine with every template; its functions know no site yet.
    pub engine: Tera,
    /// The components.
    pub catalogue: Catalogue,
    /// The languages of the site.
    pub languages: Arc<Languages>,
    /// The typefaces of social cards.
    pub faces: Arc<Faces>,
    /// data/, by name.
    pub data: Value,
    /// The texts of templates, strings and data files, for messages.
    pub sources: BTreeMap<SitePath, Arc<str>>,
}

/// Loads the theme of a site. A template that is malformed is left out, so that all can be reported.
pub fn load(site: &Tree, built_in: &Tree, config: &Config) -> (Theme, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let d = &mut diagnostics;
    let mut sources = BTreeMap::new();
    let mut templates = built_in_templates(built_in, &mut sources, d);
    for path in site.below("templates") {
        let is_other =
            ["templates/strings/", "templates/fonts/"].iter().any(|f| path.as_str().starts_with(f));
        if is_other || path.extension() == "md" {
            continue;
        }
        match site.read_text(path) {
            Ok(text) => {
                templates.push((path.as_str()["templates/".len()..].to_owned(), Arc::clone(&text)));
                sources.insert(path.clone(), text);
            }
            Err(diagnostic) => d.push(*diagnostic),
        }
    }
    let engine = load_templates(&templates, d);
    let (catalogue, more) = catalogue::read(&engine, &sources);
    d.extend(more);
    let languages = load_languages(site, built_in, config, &catalogue, &mut sources, d);
    let data = data::load(site, &mut sources, d);
    let languages = Arc::new(languages);
    let faces = Arc::new(if config.cards { load_faces(site, built_in, d) } else { Faces::default() });
    (Theme { engine, catalogue, languages, faces, data, sources }, diagnostics)
}

/// The typefaces of social cards: those of the site when it has any, else the built-in ones.
fn load_faces(site: &Tree, built_in: &Tree, d: &mut Vec<Diagnostic>) -> Faces {
    let is_face = |path: &&SitePath| matches!(path.extension().as_str(), "ttf" | "otf");
    let own: Vec<&SitePath> = site.below("templates/fonts").filter(is_face).collect();
    let (tree, paths) = if own.is_empty() {
        (built_in, built_in.below("nutgraf/templates/fonts").filter(is_face).collect())
    } else {
        (site, own)
    };
    let files = paths.into_iter().filter_map(|path| match tree.read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            d.push(files::unreadable(path, &error.to_string()));
            None
        }
    });
    Faces::new(files.collect())
}

/// The built-in templates, and each built-in component a second time as `nutgraf.<name>`.
fn built_in_templates(
    built_in: &Tree,
    sources: &mut BTreeMap<SitePath, Arc<str>>,
    d: &mut Vec<Diagnostic>,
) -> Vec<(String, Arc<str>)> {
    let mut templates = Vec::new();
    for path in built_in.below("nutgraf/templates") {
        let name = &path.as_str()["nutgraf/templates/".len()..];
        if name.starts_with("strings/") || name.starts_with("fonts/") {
            continue;
        }
        match built_in.read_text(path) {
            Ok(text) => {
                if let Some(component) = name.strip_prefix("components/") {
                    let alias = text
                        .replace("{% component ", "{% component nutgraf.")
                        .replace("{% endcomponent ", "{% endcomponent nutgraf.");
                    templates.push((format!("{PREFIX}components/nutgraf.{component}"), alias.into()));
                }
                templates.push((format!("{PREFIX}{name}"), Arc::clone(&text)));
                sources.insert(path.clone(), text);
            }
            Err(diagnostic) => d.push(*diagnostic),
        }
    }
    templates
}

fn new_engine() -> Tera {
    let mut engine = Tera::default();
    engine.set_fallback_prefixes([PREFIX]).expect("no template is loaded yet");
    engine.autoescape_on(vec![".html", ".htm", ".xml", ".svg"]);
    functions::declare(&mut engine);
    engine
}

/// Loads all templates; those with errors of their own are reported and left out.
fn load_templates(templates: &[(String, Arc<str>)], d: &mut Vec<Diagnostic>) -> Tera {
    let mut good: Vec<(&str, &str)> = Vec::new();
    for (name, text) in templates {
        match errors::syntax_error(name, text) {
            Some(diagnostic) => d.push(diagnostic),
            None => good.push((name, text)),
        }
    }
    loop {
        let mut engine = new_engine();
        match engine.add_raw_templates(good.iter().copied()) {
            Ok(()) => return engine,
            Err(error) => {
                let found = errors::load_errors(&error, templates);
                let blamed: Vec<&str> = found.iter().filter_map(|(name, _)| name.as_deref()).collect();
                let before = good.len();
                good.retain(|(name, _)| !blamed.contains(name) || name.starts_with(PREFIX));
                d.extend(found.into_iter().map(|(_, diagnostic)| diagnostic));
                if good.len() == before {
                    // Nothing of the site is to blame by name: go on with the built-in templates alone.
                    good.retain(|(name, _)| name.starts_with(PREFIX));
                    if good.len() == before {
                        return engine;
                    }
                }
            }
        }
    }
}

fn load_languages(
    site: &Tree,
    built_in: &Tree,
    config: &Config,
    catalogue: &Catalogue,
    sources: &mut BTreeMap<SitePath, Arc<str>>,
    d: &mut Vec<Diagnostic>,
) -> Languages {
    let mut languages = Languages::new();
    for code in config.languages.keys() {
        let mut strings = Strings::new(code);
        // A language without strings of its own speaks English until it has some.
        let files = [
            (built_in, SitePath::new("nutgraf/templates/strings/en.yaml")),
            (built_in, SitePath::new(format!("nutgraf/templates/strings/{code}.yaml"))),
            (site, SitePath::new(format!("templates/strings/{code}.yaml"))),
        ];
        let mut found = code == "en";
        for (i, (tree, file)) in files.iter().enumerate() {
            if !tree.contains(file) {
                continue;
            }
            // Another language's heads are not those of English.
            if i > 0 && code != "en" && (i == 1 || !built_in.contains(&files[1].1)) {
                strings.heads = Heads::default();
                strings.locale = None;
            }
            found = found || i > 0;
            match tree.read_text(file) {
                Err(diagnostic) => d.push(*diagnostic),
                Ok(text) => {
                    let place = Place { file, source: &text };
                    match yaml::parse(&text, 0..text.len()) {
                        Ok(node) => {
                            let known: Vec<String> = strings.texts.keys().cloned().collect();
                            strings.merge(place, &node, d);
                            if i == 2 {
                                nearly_known(place, &node, &known, d);
                            }
                        }
                        Err(malformed) => {
                            d.push(front_matter::malformed(place.span(&malformed.at), &malformed));
                        }
                    }
                    sources.insert(file.clone(), text);
                }
            }
        }
        if !found {
            let at = config.languages[code].at.clone();
            d.push(settings::missing_strings(Span::new(&SitePath::new("nutgraf.yaml"), at), code));
        }
        for head in config.heads.iter().filter(|head| head.language == *code) {
            strings.heads.add(&head.text, &head.component.value);
        }
        languages
            .insert(code.clone(), Language { code: code.clone(), strings, dates: DateFormats::new(code) });
    }
    // A string of the site's own that a language lacks is shown in the default language.
    let own = languages.get(&config.language).map(|l| l.strings.texts.clone()).unwrap_or_default();
    for language in languages.values_mut() {
        for (key, text) in &own {
            language.strings.texts.entry(key.clone()).or_insert_with(|| text.clone());
        }
    }
    for head in config.heads.iter().filter(|head| catalogue.get(&head.component.value).is_none()) {
        let span = Span::new(&SitePath::new("nutgraf.yaml"), head.component.at.clone());
        d.push(components::unknown(span, &head.component.value, catalogue.names()));
    }
    languages
}

/// Warns of a string's key that is nearly one of the built-in ones.
fn nearly_known(place: Place<'_>, node: &yaml::Node, known: &[String], d: &mut Vec<Diagnostic>) {
    let yaml::Value::Map(groups) = &node.value else { return };
    let Some(strings) = groups.iter().find(|group| group.key == "strings") else { return };
    let yaml::Value::Map(entries) = &strings.value.value else { return };
    for entry in entries.iter().filter(|entry| !known.contains(&entry.key)) {
        let known = known.iter().map(String::as_str);
        if nearest(&entry.key, known.clone()).is_some() {
            d.push(front_matter::unknown_key(place.span(&entry.key_at), &entry.key, "the interface", known));
        }
    }
}

/// The rules documents are read by, under these settings and this theme.
pub fn rules(config: &Config, theme: &Theme) -> Rules {
    let components = theme.catalogue.components.values().map(|component| {
        let rule =
            ComponentRule { section: component.section, files: component.files(), urls: component.urls() };
        (component.name.clone(), rule)
    });
    let heads =
        theme.languages.values().map(|language| (language.code.clone(), language.strings.heads.clone()));
    Rules {
        language: config.language.clone(),
        languages: config.languages.keys().cloned().collect(),
        zone: config.timezone.clone(),
        rename: config.rename.clone(),
        ignore: config.ignore.clone(),
        run_in_heads: config.run_in_heads,
        heads: heads.collect(),
        components: components.collect(),
        raw_html: config.raw_html,
    }
}
