//! What is wrong between documents: references, links and files that lead nowhere, seen in an edition.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::World;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::links;
use crate::path::SitePath;
use crate::site::{self, Entry, Site};

/// Everything that is wrong between the documents of an edition.
pub fn all(world: &World) -> Vec<Diagnostic> {
    let entries = world.site.entries.par_iter().chain(&world.site.older);
    let mut said: Vec<Diagnostic> = entries.flat_map_iter(|entry| entry_alone(world, entry)).collect();
    said.extend(rest(world));
    soften(&world.site, said)
}

/// What is wrong with the references, links and files of one document.
pub fn document(world: &World, path: &SitePath) -> Vec<Diagnostic> {
    world.site.entry_at(path).map_or_else(Vec::new, |entry| self::entry(world, entry))
}

/// What is wrong with the references, links and files of one entry.
pub fn entry(world: &World, entry: &Entry) -> Vec<Diagnostic> {
    soften(&world.site, entry_alone(world, entry))
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
    soften(&world.site, said)
}

/// What is not published stops nobody from publishing the rest: its mistakes are warnings.
pub fn soften(site: &Site, mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if site.left_out.is_empty() {
        return diagnostics;
    }
    let left_out: BTreeSet<&SitePath> = site.left_out.iter().map(|left_out| &left_out.path).collect();
    for diagnostic in &mut diagnostics {
        // Its own dates are why it is not published: those must be right.
        if diagnostic.code != Code::DateOrder
            && diagnostic.span.as_ref().is_some_and(|span| left_out.contains(&span.file))
        {
            diagnostic.severity = Severity::Warning;
        }
    }
    diagnostics
}
