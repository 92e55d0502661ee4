//! `check:` of nutgraf.yaml: how much each message matters to a site, and what its rules go by.

use std::collections::BTreeMap;

use super::keys;
use crate::diagnostic::catalog::{editorial, front_matter};
use crate::diagnostic::{Code, Diagnostic, Nature, Severity};
use crate::fields::{Fields, Place, Unknown};
use crate::yaml::Node;

/// How a site is checked.
#[derive(Clone, Debug)]
pub struct Check {
    /// What a code's messages are; `None` when they are left out.
    pub levels: BTreeMap<Code, Option<Severity>>,
    /// After how many days an explainer without a `review_by` is to be looked at again.
    pub stale_after: usize,
    /// Acronyms that every reader of the site knows.
    pub acronyms: Vec<String>,
    /// The quotation marks of the house, by language: what opens, what closes.
    pub quotation_marks: BTreeMap<String, (char, char)>,
}

impl Default for Check {
    fn default() -> Self {
        Self {
            levels: BTreeMap::new(),
            stale_after: 365,
            acronyms: Vec::new(),
            quotation_marks: BTreeMap::new(),
        }
    }
}

/// The words for how much a message matters.
const LEVELS: [&str; 3] = ["off", "warning", "error"];

/// Reads `check:`.
pub fn read(place: Place<'_>, node: &Node, d: &mut Vec<Diagnostic>) -> Check {
    let mut fields = Fields::new(place, node, &[keys::CHECK], |key| key, d);
    let mut check = Check::default();
    for entry in fields.entries("rules", d) {
        let at = place.span(&entry.key_at);
        let Some(code) = Code::of(&entry.key) else {
            d.push(editorial::unknown_rule(at, &entry.key));
            continue;
        };
        if code.nature() == Nature::Error {
            d.push(editorial::fixed_severity(at, &entry.key));
            continue;
        }
        let level = match entry.value.as_text() {
            Some("off" | "false" | "no") => None,
            Some("warning" | "on" | "true" | "yes") => Some(Severity::Warning),
            Some("error") => Some(Severity::Error),
            other => {
                let found = other.unwrap_or_else(|| entry.value.describe());
                d.push(front_matter::bad_choice(place.span(&entry.value.at), found, LEVELS));
                continue;
            }
        };
        check.levels.insert(code, level);
    }
    if let Some(days) = fields.number("stale_after", d) {
        check.stale_after = days;
    }
    check.acronyms = fields.texts("acronyms", d).into_iter().map(|text| text.value).collect();
    for entry in fields.entries("quotation_marks", d) {
        let marks: Vec<char> = entry.value.as_text().unwrap_or_default().chars().collect();
        if let [open, close] = marks[..] {
            check.quotation_marks.insert(entry.key.clone(), (open, close));
        } else {
            let wanted = "the two marks, like `«»`";
            let found = entry.value.as_text().map_or(entry.value.describe().to_owned(), |t| format!("`{t}`"));
            d.push(front_matter::wrong_type(place.span(&entry.value.at), &entry.key, wanted, &found));
        }
    }
    fields.finish("`check`", Unknown::Refuse, &[], d);
    check
}
