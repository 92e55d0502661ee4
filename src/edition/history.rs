//! The versions of an explainer as a reader compares them: what came, what went and what was reworded, passage by
//! passage and word by word.

use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices};

use crate::document::{markdown, prose};
use crate::site::explainers::Version;

/// A version of an explainer.
#[derive(Clone, Debug, Serialize)]
pub struct VersionView {
    /// The date its facts are of.
    pub as_of: String,
    /// Its title.
    pub title: String,
    /// What it changed of the version before it; nothing in the first.
    pub changes: Vec<PassageChange>,
}

/// A passage that another version has not, or not so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassageChange {
    /// `added`, `removed` or `changed`.
    pub kind: &'static str,
    /// Its words.
    pub parts: Vec<Part>,
}

/// Words of a passage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `same`, `added` or `removed`.
    pub kind: &'static str,
    /// The words.
    pub text: String,
}

/// Of how many versions the differences are shown: the newest. A page is not to grow with every year.
const COMPARED: usize = 8;

/// How much of two passages must be the same for the one to be the other, reworded.
const ALIKE: f32 = 0.5;

/// How many passages a version may have, how many pairs of them are compared word by word, and how long those may be
/// in bytes: a page is made at once, whatever its text.
const PASSAGES: usize = 1_000;
const PAIRS: usize = 400;
const LONG: usize = 4_000;

/// The versions of an explainer, the newest first.
pub fn history(versions: &[Version]) -> Vec<VersionView> {
    let passages: Vec<Vec<String>> = versions.iter().rev().take(COMPARED + 1).map(passages).collect();
    let newest_first = versions.iter().rev().enumerate();
    newest_first
        .map(|(i, version)| {
            let changes = match (passages.get(i), passages.get(i + 1)) {
                (Some(new), Some(old)) => changes(old, new),
                _ => Vec::new(),
            };
            let title = version.front.title.as_ref().map_or_else(String::new, |title| title.value.clone());
            VersionView { as_of: version.as_of.to_string(), title, changes }
        })
        .collect()
}

/// What is read of a version: title, summary, and the passages of its text.
fn passages(version: &Version) -> Vec<String> {
    let front = version.front.title.iter().chain(&version.front.summary);
    let front = front.map(|text| markdown::plain(&text.value));
    let text = prose::read(&version.document).passages.into_iter().map(|passage| passage.text);
    front.chain(text).collect()
}

/// What changed from one list of passages to another.
fn changes(old: &[String], new: &[String]) -> Vec<PassageChange> {
    let mut changes = Vec::new();
    // Two texts of a thousand passages each are no versions of one.
    if old.len().max(new.len()) > PASSAGES {
        return changes;
    }
    let whole = |kind, text: &String| PassageChange { kind, parts: vec![Part { kind, text: text.clone() }] };
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        match op {
            DiffOp::Equal { .. } => {}
            DiffOp::Delete { old_index, old_len, .. } => {
                changes.extend(old[old_index..old_index + old_len].iter().map(|text| whole("removed", text)));
            }
            DiffOp::Insert { new_index, new_len, .. } => {
                changes.extend(new[new_index..new_index + new_len].iter().map(|text| whole("added", text)));
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let mut left: Vec<&String> = old[old_index..old_index + old_len].iter().collect();
                let is_few = old_len * new_len <= PAIRS;
                for text in &new[new_index..new_index + new_len] {
                    // What stands before the passage it was is gone.
                    let found = left.iter().position(|old| is_few && alike(old, text) >= ALIKE);
                    if let Some(at) = found {
                        changes.extend(left.drain(..at).map(|old| whole("removed", old)));
                        let old = left.remove(0);
                        changes.push(PassageChange { kind: "changed", parts: words(old, text) });
                    } else {
                        changes.push(whole("added", text));
                    }
                }
                changes.extend(left.into_iter().map(|old| whole("removed", old)));
            }
        }
    }
    changes
}

fn alike(old: &str, new: &str) -> f32 {
    if old.len().max(new.len()) > LONG {
        return 0.0;
    }
    TextDiff::from_words(old, new).ratio()
}

/// A passage with what came and went in it.
fn words(old: &str, new: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for change in TextDiff::from_words(old, new).iter_all_changes() {
        let kind = match change.tag() {
            ChangeTag::Equal => "same",
            ChangeTag::Insert => "added",
            ChangeTag::Delete => "removed",
        };
        match parts.last_mut() {
            Some(part) if part.kind == kind => part.text.push_str(change.value()),
            _ => parts.push(Part { kind, text: change.value().to_owned() }),
        }
    }
    joined(parts)
}

/// Changes with nothing but a space between them are one: `<del>a b</del>` is easier to read than every word alone.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut runs: Vec<Part> = Vec::new();
    let (mut removed, mut added) = (String::new(), String::new());
    let flush = |runs: &mut Vec<Part>, removed: &mut String, added: &mut String| {
        for (kind, text) in [("removed", removed), ("added", added)] {
            if !text.is_empty() {
                runs.push(Part { kind, text: std::mem::take(text) });
            }
        }
    };
    let count = parts.len();
    for (i, part) in parts.into_iter().enumerate() {
        let is_between = !removed.is_empty() && !added.is_empty() && i + 1 < count;
        match part.kind {
            "removed" => removed.push_str(&part.text),
            "added" => added.push_str(&part.text),
            _ if part.text.trim().is_empty() && is_between => {
                removed.push_str(&part.text);
                added.push_str(&part.text);
            }
            _ => {
                flush(&mut runs, &mut removed, &mut added);
                runs.push(part);
            }
        }
    }
    flush(&mut runs, &mut removed, &mut added);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &[&str], new: &[&str]) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let part = |part: &Part| match part.kind {
            "added" => format!("+{}+", part.text),
            "removed" => format!("-{}-", part.text),
            _ => part.text.clone(),
        };
        changes(&owned(old), &owned(new))
            .iter()
            .map(|change| format!("{}: {}", change.kind, change.parts.iter().map(part).collect::<String>()))
            .collect()
    }

    #[test]
    fn what_came_went_and_was_reworded_is_told_apart() {
        let old =
            ["The sea is small.", "About 40 ships lie in the sand today.", "Nobody fishes.", "The end."];
        let new = [
            "The sea is small.",
            "About 12 old ships lie in the sand today.",
            "The end.",
            "A dam was built.",
        ];
        assert_eq!(
            shown(&old, &new),
            [
                "changed: About -40-+12 old+ ships lie in the sand today.",
                "removed: -Nobody fishes.-",
                "added: +A dam was built.+",
            ]
        );
    }

    #[test]
    fn words_that_changed_side_by_side_are_one_change() {
        assert_eq!(
            shown(&["It has five grey doors and a roof."], &["It has six green doors and a roof."]),
            ["changed: It has -five grey-+six green+ doors and a roof."]
        );
    }
}
