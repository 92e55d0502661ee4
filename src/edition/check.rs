//! What is wrong between documents: references, links and files that lead nowhere, seen in an edition.

use std::collections::BTreeSet;

use super::World;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::links;
use crate::path::SitePath;
use crate::site::{self, Site};

/// Everything that is wrong between the documents of an edition.
pub fn all(world: &World) -> Vec<Diagnostic> {
    let mut said = site::check(&world.site);
    said.extend(links::check(world.linker()));
    soften(&world.site, said)
}

/// What is wrong with the references, links and files of one document.
pub fn document(world: &World, path: &SitePath) -> Vec<Diagnostic> {
    let Some(entry) = world.site.entry_at(path) else { return Vec::new() };
    let mut said = site::check_entry(&world.site, entry);
    said.extend(links::check_entry(world.linker(), entry));
    soften(&world.site, said)
}

/// What is wrong with what the settings name.
pub fn settings(world: &World) -> Vec<Diagnostic> {
    links::check_settings(world.linker())
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
