//! What an author allows of what `check` would say, and why: in the front matter for the whole file, in a comment for a
//! paragraph.

use std::ops::Range;

use crate::diagnostic::catalog::editorial;
use crate::diagnostic::{Code, Diagnostic, Nature};
use crate::fields::{Located, Place};

/// A message that an author allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Its code.
    pub code: Located<Code>,
    /// Where it is allowed; everywhere in the file when absent.
    pub scope: Option<Range<usize>>,
}

/// A permission as written: the name of a message, where it stands, and why.
pub fn named(
    place: Place<'_>,
    name: &str,
    at: Range<usize>,
    reason: &str,
    scope: Option<Range<usize>>,
    d: &mut Vec<Diagnostic>,
) -> Option<Allowed> {
    let Some(code) = Code::of(name) else {
        d.push(editorial::unknown_rule(place.span(&at), name));
        return None;
    };
    if code.nature() == Nature::Error {
        d.push(editorial::fixed_severity(place.span(&at), name));
        return None;
    }
    if reason.trim().is_empty() {
        d.push(editorial::allow_without_reason(place.span(&at), name));
    }
    Some(Allowed { code: Located { value: code, at }, scope })
}

/// `<!-- allow long-paragraph: the court's own words -->`: for the paragraph it stands in, or the next one. Nothing for
/// any other comment.
pub fn in_comment(
    place: Place<'_>,
    comment: &str,
    at: &Range<usize>,
    d: &mut Vec<Diagnostic>,
) -> Option<Allowed> {
    let (name, reason) = permission(comment)?;
    let written = &place.source[at.clone()];
    let start = written.find(name).map_or(at.start, |i| at.start + i);
    let scope = paragraph_at(place.source, &(at.start..at.start + written.trim_end().len()));
    named(place, name, start..start + name.len(), reason, Some(scope), d)
}

/// HTML without the permission it begins with, if it begins with one.
pub fn without_permission(html: &str) -> &str {
    let start = html.len() - html.trim_start().len();
    let end = html.find("-->").map(|i| i + 3);
    match end.filter(|end| start < *end && permission(&html[start..*end]).is_some()) {
        Some(end) => &html[end..],
        None => html,
    }
}

/// What a comment allows, and why; nothing for any other HTML.
fn permission(html: &str) -> Option<(&str, &str)> {
    let inner = html.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    let (word, permission) = inner.split_once(char::is_whitespace)?;
    let (name, reason) = permission.split_once(':').unwrap_or((permission, ""));
    let name = name.trim();
    // Any other comment that begins with the word has more words.
    (word.eq_ignore_ascii_case("allow") && !name.contains(char::is_whitespace)).then_some((name, reason))
}

/// The paragraph or the item of a list that a place stands in; for a line of its own, the paragraph below it.
fn paragraph_at(source: &str, at: &Range<usize>) -> Range<usize> {
    let line = source[..at.start].rfind('\n').map_or(0, |i| i + 1);
    let after = source[at.end..].lines().next().unwrap_or_default();
    let is_alone = source[line..at.start].trim().is_empty() && after.trim().is_empty();
    let is_item = |line: &str| {
        let line = line.trim_start();
        let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
        ["- ", "* ", "+ "].iter().any(|mark| line.starts_with(mark))
            || number.len() < line.len() && number.starts_with(['.', ')'])
    };
    // Only what is near is looked at: a text may have many comments.
    let mut start = line;
    while !is_alone && start > 0 && line - start < NEAR {
        let above = source[..start - 1].rfind('\n').map_or(0, |i| i + 1);
        let text = &source[above..start];
        if text.trim().is_empty() || is_item(&source[start..]) {
            break;
        }
        start = above;
    }
    let mut end = line;
    let mut has_text = !is_alone;
    for text in source[line..].split_inclusive('\n') {
        let is_past = end >= at.end;
        if is_past && has_text && (text.trim().is_empty() || !is_alone && is_item(text))
            || end > at.end + NEAR
        {
            break;
        }
        has_text |= is_past && !text.trim().is_empty() && !text.trim_start().starts_with("<!--");
        end += text.len();
    }
    start..end
}

/// How far from a comment its paragraph begins and ends, in bytes.
const NEAR: usize = 4_000;
