//! What must not be shipped unseen: texts that changed behind their readers' backs, and what is withheld. Also what a deploy
//! changes by way of an explainer. Reads the edition and the record of the last deploy.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::built::{Built, is_text};
use super::manifest::{Digest, Manifest, Story};
use super::plan::{Action, Plan};
use crate::build::leak::Leaks;
use crate::diagnostic::catalog::editorial as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::document::Kind;
use crate::edition::{Edition, check};
use crate::path::OutputPath;
use crate::site::{Entry, EntryId, Site};

/// Every published document as this deploy sees it, by the path of its page. What did not change since `base` is taken
/// from there.
pub fn stories(site: &Site, base: Option<&Manifest>) -> BTreeMap<String, Story> {
    let known = |page: &str| base.and_then(|manifest| manifest.stories.get(page));
    let pages = site.entries.par_iter().map(|entry| (page(entry), entry));
    // Older versions of explainers have no page: they go by their sources.
    let versions = site.older.par_iter().map(|entry| (entry.document.path.to_string(), entry));
    pages
        .chain(versions)
        .map(|(page, entry)| {
            let document = &entry.document;
            let hash = Digest::of(document.source.as_bytes());
            let same = known(&page).filter(|story| story.hash == hash);
            let text = same.map_or_else(|| text_of(entry), |story| story.text);
            let updated = entry.front.updated.as_ref().map(|updated| updated.value.at);
            let corrections: Vec<String> = entry
                .front
                .corrections_until(site.now)
                .map(|(_, correction)| format!("{} {}", correction.date.value.at, correction.text))
                .collect();
            let story = Story {
                source: document.path.to_string(),
                hash,
                text,
                updated,
                corrections: Digest::of(corrections.join("\n").as_bytes()),
            };
            (page, story)
        })
        .collect()
}

/// The path of a document's page.
fn page(entry: &Entry) -> String {
    entry.url.output().as_str().to_owned()
}

/// The hash of what readers read of a document, wherever its lines break: headline, standfirst, caption and all of its text
/// as it is written, with what its components say, without comments.
fn text_of(entry: &Entry) -> Digest {
    let document = &entry.document;
    let own = &document.front;
    let image = own.image.as_ref();
    let front = [
        own.title.as_ref().map(|title| title.value.as_str()),
        own.description.as_deref(),
        own.summary.as_ref().map(|summary| summary.value.as_str()),
        image.and_then(|image| image.caption.as_deref()),
        image.and_then(|image| image.alt.as_deref()),
    ];
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        for word in text.split_whitespace() {
            hasher.update(word.as_bytes()).update(b" ");
        }
        hasher.update(b"\n");
    };
    front.into_iter().flatten().for_each(&mut add);
    let mut rest = document.source.get(own.at.end..).unwrap_or_default();
    let mut body = String::with_capacity(rest.len());
    while let Some((text, comment)) = rest.split_once("<!--") {
        body.push_str(text);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    body.push_str(rest);
    add(&body);
    Digest::from(hasher.finalize())
}

/// The briefings whose text is another than readers saw, with nothing that tells them: neither a later `updated` nor another
/// correction, nor `minor: true`, which says that it is a typo.
pub fn silent_edits(site: &Site, base: &Manifest, stories: &BTreeMap<String, Story>) -> Vec<Diagnostic> {
    let briefings = site.entries.iter().filter(|entry| entry.kind == Kind::Briefing);
    let silent = briefings.filter(|entry| {
        let page = page(entry);
        let (Some(old), Some(new)) = (base.stories.get(&page), stories.get(&page)) else { return false };
        old.text != new.text
            && new.updated <= old.updated
            && new.corrections == old.corrections
            && entry.document.front.minor != Some(true)
    });
    let said = silent.map(|entry| {
        let at = entry.document.front.title.as_ref().map_or(0..0, |title| title.at.clone());
        say::silent_edit(Span::new(&entry.document.path, at))
    });
    check::settle(site, said.collect())
}

/// The pages that change because an explainer changed which they show, and not by themselves; by the explainer's source.
pub fn explainers(
    site: &Site,
    base: &Manifest,
    stories: &BTreeMap<String, Story>,
    plan: &Plan,
) -> BTreeMap<String, Vec<String>> {
    let replaced = plan.changes.iter().filter(|change| matches!(change.action, Action::Replace(_)));
    let replaced: BTreeSet<&str> = replaced.map(|change| change.path.as_str()).collect();
    let differs = |page: &String| {
        base.stories.get(page).zip(stories.get(page)).is_some_and(|(old, new)| old.hash != new.hash)
    };
    let mut changed: Vec<(&Entry, EntryId)> = Vec::new();
    for (id, entry) in site.entries.iter().enumerate().filter(|(_, entry)| entry.kind == Kind::Explainer) {
        if differs(&page(entry)) {
            changed.push((entry, id));
        }
    }
    for entry in site.older.iter().filter(|entry| differs(&entry.document.path.to_string())) {
        let newest = site.find(Kind::Explainer, &entry.id, &entry.language);
        changed.extend(newest.map(|newest| (&**entry, newest)));
    }
    let mut found = BTreeMap::new();
    for (explainer, id) in changed {
        let users = site.uses.get(&id).into_iter().flatten();
        let pages = users.map(|user| page(&site.entries[*user]));
        let pages: Vec<String> =
            pages.filter(|page| replaced.contains(page.as_str()) && !differs(page)).collect();
        if !pages.is_empty() {
            found.insert(explainer.document.path.to_string(), pages);
        }
    }
    found
}

/// What is withheld and stands in a folder that somebody built: by an earlier clock, with drafts, or by hand.
///
/// # Errors
/// When a file cannot be read.
pub fn leaks(edition: &Edition, built: &Built) -> std::io::Result<Vec<Diagnostic>> {
    let leaks = Leaks::of(edition);
    if leaks.is_empty() {
        return Ok(Vec::new());
    }
    let said: Vec<Vec<Diagnostic>> = built
        .files
        .par_iter()
        .filter(|(path, _)| !built.is_made_of_another(path))
        .map(|(path, served)| {
            let bytes = if is_text(&served.form.media_type) { built.original(path)? } else { Vec::new() };
            Ok(leaks.look(&OutputPath::of_static(path), &bytes))
        })
        .collect::<std::io::Result<_>>()?;
    let again = "this folder was built with `--drafts`, for a later moment, or by hand: build it again";
    let said = said.into_iter().flatten();
    let said = said.map(|diagnostic| {
        let place = diagnostic.help.as_deref().and_then(|help| help.split(';').next()).unwrap_or_default();
        let help = format!("{place}; {again}");
        diagnostic.help(help)
    });
    Ok(check::settle(&edition.world.site, said.collect()))
}
