//! References from front matter to other documents and to the settings, checked where they stand.

use super::{Entry, EntryId, Site, Target, Withheld};
use crate::diagnostic::catalog::site as say;
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::document::Kind;
use crate::path::{SitePath, Url};

/// Checks the section, the authors and the related briefings of a document.
pub fn check(site: &Site, entry: &Entry, d: &mut Vec<Diagnostic>) {
    let front = &entry.document.front;
    let file = &entry.document.path;
    if let Some(section) = &front.section
        && !site.config.sections.iter().any(|s| s.id == section.value)
    {
        let known = site.config.sections.iter().map(|s| s.id.as_str());
        d.push(say::unknown_section(Span::new(file, section.at.clone()), &section.value, known));
    }
    for author in front.authors.iter().filter(|author| author.value.name == author.value.id) {
        if site.find_or_default(Kind::Author, &author.value.id, &entry.language).is_none() {
            let profiles = site.groups.of_kind(Kind::Author, &site.config.language);
            let known = profiles.iter().map(|id| &*site.entries[*id].id);
            if let Some(near) = nearest(&author.value.id, known) {
                d.push(say::unknown_author(Span::new(file, author.at.clone()), &author.value.id, near));
            }
        }
    }
    for reference in &front.related {
        let span = Span::new(file, reference.at.clone());
        match find_briefing(site, entry, &reference.value) {
            Ok(Some(_)) => {}
            Ok(None) => {
                let unknown = || {
                    let briefings = site.entries.iter().filter(|e| e.kind == Kind::Briefing);
                    let known: Vec<&str> = briefings.map(|e| &*e.id).collect();
                    let code = Code::UnknownBriefing;
                    say::unknown_reference(code, span.clone(), "briefing", &reference.value, known)
                };
                let held_back = |why: Withheld| {
                    let reason = why.reason(&site.config.timezone);
                    say::withheld_link(span.clone(), &reference.value, &reason)
                };
                d.push(withheld(site, entry, &reference.value).map_or_else(unknown, held_back));
            }
            Err(several) => {
                let paths: Vec<&SitePath> =
                    several.iter().map(|id| &site.entries[*id].document.path).collect();
                d.push(say::ambiguous_briefing(span, &reference.value, &paths));
            }
        }
    }
}

fn slug_of(reference: &str) -> &str {
    let name = reference.trim_end_matches('/').rsplit('/').next().unwrap_or(reference);
    name.split('.').next().unwrap_or(name)
}

/// The briefing that a slug, a file's path or an address names, seen from an entry.
///
/// # Errors
/// When a slug names several briefings: all of them.
pub fn find_briefing(site: &Site, from: &Entry, reference: &str) -> Result<Option<EntryId>, Vec<EntryId>> {
    let as_entry = |target: Option<Target>| match target {
        Some(Target::Entry(id)) => Some(id),
        Some(Target::Withheld(_)) | None => None,
    };
    if reference.starts_with('/') {
        let with_slash =
            if reference.ends_with('/') { reference.to_owned() } else { format!("{reference}/") };
        let urls = [reference, &with_slash];
        return Ok(urls.iter().find_map(|url| site.at_url(&Url::parse(url)?)));
    }
    if is_path(reference) {
        return Ok(targets(site, from, reference).find_map(|target| as_entry(Some(target))));
    }
    for language in [from.language.as_str(), &site.config.language] {
        match site.find_all(Kind::Briefing, reference, language) {
            None => {}
            Some((one, [])) => return Ok(Some(one)),
            Some((first, others)) => {
                return Err(std::iter::once(first).chain(others.iter().copied()).collect());
            }
        }
    }
    Ok(None)
}

/// Whether a reference is a file's path and no slug.
fn is_path(reference: &str) -> bool {
    reference.contains('/') || reference.contains('.')
}

/// What of the site a path may name, seen from an entry.
fn targets<'a>(site: &'a Site, from: &Entry, reference: &str) -> impl Iterator<Item = Target> + 'a {
    let beside = from.document.path.join(reference);
    let below =
        [reference.to_owned(), format!("content/{reference}"), format!("content/briefings/{reference}")];
    let candidates = beside.into_iter().chain(below.into_iter().map(SitePath::new));
    candidates.flat_map(move |path| {
        ["", ".md", "/index.md", ".markdown"]
            .into_iter()
            .filter_map(move |ending| site.at_path(&SitePath::new(format!("{path}{ending}"))))
    })
}

/// Why the briefing that a reference names is not published, when there is one.
fn withheld(site: &Site, from: &Entry, reference: &str) -> Option<Withheld> {
    let by_path = targets(site, from, reference).find_map(|target| match target {
        Target::Withheld(why) => Some(why),
        Target::Entry(_) => None,
    });
    by_path.filter(|_| is_path(reference)).or_else(|| site.withheld(Kind::Briefing, slug_of(reference)))
}
