//! Mending: the texts of fixes put into files, and nothing else in them touched.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Edit, Sources};
use crate::path::SitePath;

/// A file, mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Its text before.
    pub before: String,
    /// Its text after.
    pub after: String,
    /// What was done, in a few words each.
    pub done: Vec<String>,
}

/// Puts the fixes of diagnostics into the texts they are about. Of two that overlap, the first is taken.
pub fn mend(diagnostics: &[Diagnostic], sources: &Sources) -> BTreeMap<SitePath, Mended> {
    let mut by_file: BTreeMap<&SitePath, Vec<(&Edit, &str)>> = BTreeMap::new();
    let mut taken: BTreeMap<&SitePath, Vec<(usize, usize)>> = BTreeMap::new();
    for fix in diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_ref()) {
        let is_free = |edit: &Edit| {
            let others = taken.get(&edit.span.file);
            let meets = |(start, end): &(usize, usize)| edit.span.start <= *end && *start <= edit.span.end;
            !others.is_some_and(|others| others.iter().any(meets))
        };
        // Half a fix mends nothing.
        if !fix.edits.iter().all(is_free) {
            continue;
        }
        for edit in &fix.edits {
            taken.entry(&edit.span.file).or_default().push((edit.span.start, edit.span.end));
            by_file.entry(&edit.span.file).or_default().push((edit, &fix.what));
        }
    }
    let mended = by_file.into_iter().filter_map(|(file, mut edits)| {
        let before = sources.get(file)?.to_string();
        edits.sort_by_key(|(edit, _)| edit.span.start);
        let mut after = before.clone();
        for (edit, _) in edits.iter().rev() {
            after.get(edit.span.start..edit.span.end)?;
            after.replace_range(edit.span.start..edit.span.end, &edit.text);
        }
        let mut done: Vec<String> = edits.iter().map(|(_, what)| (*what).to_owned()).collect();
        done.dedup();
        (before != after).then(|| (file.clone(), Mended { before, after, done }))
    });
    mended.collect()
}
