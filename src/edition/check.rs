//! What is wrong between documents: references, links and files that lead nowhere, seen in an edition.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::World;
use crate::diagnostic::{Code, Diagnostic, Nature, Severity};
use crate::document::Document;
use crate::document::allow::Allowed;
use crate::links;
use crate::path::SitePath;
use crate::site::{self, Entry, Site};

/// Everything that is wrong between the documents of an edition.
pub fn all(world: &World) -> Vec<Diagnostic> {
    let entries = world.site.entries.par_iter().chain(&world.site.older);
    let mut said: Vec<Diagnostic> = entries.flat_map_iter(|entry| entry_alone(world, entry)).collect();
    said.extend(rest(world));
    settle(&world.site, said)
}

/// What is wrong with the references, links and files of one document.
pub fn document(world: &World, path: &SitePath) -> Vec<Diagnostic> {
    world.site.entry_at(path).map_or_else(Vec::new, |entry| self::entry(world, entry))
}

/// What is wrong with the references, links and files of one entry.
pub fn entry(world: &World, entry: &Entry) -> Vec<Diagnostic> {
    settle(&world.site, entry_alone(world, entry))
}

fn entry_alone(world: &World, entry: &Entry) -> Vec<Diagnostic> {
    let mut said = site::check_entry(&world.site, entry);
    said.extend(links::check_entry(world.linker(), entry));
    said
}

/// What is wrong between documents that no single one is asked for: rings of explainers, and what the
/// settings name.
pub fn rest(world: &World) -> Vec<Diagnostic> {
    let mut said = site::check_rings(&world.site);
    said.extend(links::check_settings(world.linker()));
    settle(&world.site, said)
}

/// What a site makes of what is said: what is not published stops nobody from publishing the rest, so its mistakes
/// are warnings; warnings are as grave as nutgraf.yaml says; what a file allows is not said.
pub fn settle(site: &Site, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let withheld: BTreeMap<&SitePath, &Entry> =
        site.left_out.iter().map(|left_out| (left_out.path(), &*left_out.entry)).collect();
    for diagnostic in &mut diagnostics {
        // Its own dates are why it is not published: those must be right; and what leaks is to stop everything.
        if !matches!(diagnostic.code, Code::DateOrder | Code::WithheldLeak)
            && diagnostic.span.as_ref().is_some_and(|span| withheld.contains_key(&span.file))
        {
            diagnostic.severity = Severity::Warning;
        }
    }
    let levels = &site.config.check.levels;
    diagnostics.retain_mut(|diagnostic| {
        if diagnostic.severity == Severity::Error {
            // Only who wrote what is withheld knows that it is told by chance.
            return diagnostic.code != Code::WithheldLeak || !is_allowed(site, &withheld, diagnostic);
        }
        let usual = (diagnostic.code.nature() != Nature::QuietRule).then_some(Severity::Warning);
        match levels.get(&diagnostic.code).copied().unwrap_or(usual) {
            Some(severity) => {
                let is_left_out =
                    diagnostic.span.as_ref().is_some_and(|span| withheld.contains_key(&span.file));
                diagnostic.severity = if is_left_out { Severity::Warning } else { severity };
            }
            None => return false,
        }
        !is_allowed(site, &withheld, diagnostic)
    });
    diagnostics
}

/// Whether the file that a diagnostic is about allows it.
fn is_allowed(site: &Site, withheld: &BTreeMap<&SitePath, &Entry>, diagnostic: &Diagnostic) -> bool {
    let Some(span) = &diagnostic.span else { return false };
    let entry = withheld.get(&span.file).copied().or_else(|| site.entry_at(&span.file));
    entry.is_some_and(|entry| {
        allowed(&entry.document).any(|allowed| {
            allowed.code.value == diagnostic.code
                && allowed.scope.as_ref().is_none_or(|scope| scope.contains(&span.start))
        })
    })
}

/// What a file allows, in its front matter and in its text.
pub fn allowed(document: &Document) -> impl Iterator<Item = &Allowed> {
    document.front.allow.iter().chain(&document.facts.allowed)
}
