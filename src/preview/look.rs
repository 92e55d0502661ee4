//! What a tab is told when it asks what its page is now: everything, so that nothing has to be remembered
//! about tabs. What a tab has seen already is not sent again.

use serde_json::{Value, json};

use super::answer::{self, Answer, Page};
use super::current::Current;
use super::work::{Shared, hash};
use crate::diagnostic::print::{Format, position, print};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::document::Kind;
use crate::edition::Edition;
use crate::moment::Moment;
use crate::path::SitePath;
use crate::render::Marks;

/// How many diagnostics a tab is shown.
const SHOWN: usize = 50;

/// How many pages that an edit changes too are named.
const NAMED: usize = 20;

/// What a tab asks.
pub struct Question {
    /// The path of the page it shows.
    pub page: String,
    /// The file that page is of, as far as it was told.
    pub source: String,
    /// The hash of what it shows.
    pub seen: String,
}

/// Answers a tab.
pub fn look(shared: &Shared, current: &Current, question: &Question) -> Value {
    let page = match answer::answer(shared, current, &question.page, Marks::Source) {
        Answer::Page(page) => Some(page),
        Answer::File { .. } | Answer::Redirect { .. } | Answer::Nothing => None,
    };
    let seen_source = (!question.source.is_empty()).then(|| SitePath::new(question.source.as_str()));
    let mut told = match (&page, &current.edition) {
        (Some(page), _) if !page.is_missing && is_still(page, seen_source.as_ref()) => shown(page, question),
        (_, Some(edition)) => match seen_source.as_ref().and_then(|source| moved(current, edition, source)) {
            Some(to) if to != question.page => json!({"state": "moved", "to": to, "hash": question.seen}),
            _ => match &page {
                // A tab may show the page for what is not there.
                Some(page) if !page.is_missing || hash(&page.bytes) == question.seen => shown(page, question),
                Some(_) | None => json!({"state": "gone", "hash": question.seen}),
            },
        },
        (None, None) => json!({"state": "same", "hash": question.seen}),
        (Some(page), None) => shown(page, question),
    };
    let said = page.as_ref().map(|page| page.said.clone()).unwrap_or_default();
    let source = page.as_ref().and_then(|page| page.source.clone());
    told["revision"] = current.revision.into();
    told["source"] = source.as_ref().map(SitePath::as_str).into();
    told["problems"] = problems(shared, current, said);
    told["files"] = json!(*current.statics);
    told["editor"] = shared.options.editor.is_some().into();
    (told["badges"], told["also"], told["title"]) = (json!([]), Value::Null, Value::Null);
    told["clock"] = json!({"now": "", "set": false, "unpublished": current.clock.unpublished});
    if let Some(edition) = &current.edition {
        told["title"] = source.as_ref().and_then(|s| title(edition, s)).into();
        told["badges"] = source.as_ref().map_or_else(|| json!([]), |source| badges(edition, source));
        told["also"] = source.as_ref().map_or(Value::Null, |source| also(current, edition, source));
        told["clock"] = clock(current, edition);
    }
    told
}

/// Whether a page is of the file that the tab's page was of.
fn is_still(page: &Page, seen: Option<&SitePath>) -> bool {
    seen.is_none_or(|seen| page.source.as_ref() == Some(seen))
}

fn shown(page: &Page, question: &Question) -> Value {
    let hash = hash(&page.bytes);
    // A tab that shows a page keeps it while it cannot be made.
    if page.has_failed && !question.seen.is_empty() {
        json!({"state": "same", "hash": question.seen})
    } else if hash == question.seen {
        json!({"state": "same", "hash": hash})
    } else {
        json!({"state": "changed", "hash": hash, "html": String::from_utf8_lossy(&page.bytes)})
    }
}

/// Where the document that a file held is shown now, when the file or its address is another.
fn moved(current: &Current, edition: &Edition, source: &SitePath) -> Option<String> {
    let mut source = source;
    // A file that was moved twice was moved.
    for _ in 0..16 {
        if let Some(address) = answer::address_of(edition, source) {
            return Some(address);
        }
        source = current.moved.get(source)?;
    }
    None
}

fn title(edition: &Edition, source: &SitePath) -> Option<String> {
    edition.world.site.entry_at(source).map(|entry| entry.title().to_owned())
}

/// Why a document would not be published yet, in a few words each.
fn badges(edition: &Edition, source: &SitePath) -> Value {
    use crate::site::Withheld;
    let site = &edition.world.site;
    let Some(entry) = site.entry_at(source) else { return json!([]) };
    let badges = entry.unpublished.iter().map(|why| {
        let kind = match why {
            Withheld::Draft => "draft",
            Withheld::Embargo(_) => "embargo",
            Withheld::Future(_) => "future",
            Withheld::Expired(_) => "expired",
        };
        let text = why.reason(&site.config.timezone);
        let text = text.trim_start_matches("a ");
        let mut letters = text.chars();
        let text: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        json!({"kind": kind, "text": text})
    });
    badges.collect()
}

/// The other briefings that the last edit of an explainer changes, when this page shows it.
fn also(current: &Current, edition: &Edition, source: &SitePath) -> Value {
    let site = &edition.world.site;
    let Some(page) = site.entry_at(source) else { return Value::Null };
    let edited = current.recent.first().and_then(|file| Some((file, site.entry_at(file)?)));
    let Some((file, explainer)) = edited.filter(|(_, entry)| entry.kind == Kind::Explainer) else {
        return Value::Null;
    };
    let users = site.find(Kind::Explainer, &explainer.id, &explainer.language);
    let users = users.and_then(|id| site.uses.get(&id)).map_or(&[][..], Vec::as_slice);
    let shows_it = page.document.path == *file
        || users.iter().any(|user| site.entries[*user].document.path == page.document.path);
    if !shows_it {
        return Value::Null;
    }
    let others = users.iter().map(|id| &site.entries[*id]).filter(|e| e.document.path != page.document.path);
    let others: Vec<_> = others.collect();
    let pages: Vec<Value> = others
        .iter()
        .take(NAMED)
        .map(|entry| json!({"title": entry.title(), "url": site.href(&entry.url)}))
        .collect();
    json!({"file": file.as_str(), "count": others.len(), "pages": pages})
}

fn clock(current: &Current, edition: &Edition) -> Value {
    let site = &edition.world.site;
    let now = Moment { at: site.now, has_time: true }.iso(&site.config.timezone);
    json!({"now": now, "set": current.clock.set.is_some(), "unpublished": current.clock.unpublished})
}

/// Everything that is wrong, each as the terminal shows it.
pub fn problems(shared: &Shared, current: &Current, more: Vec<Diagnostic>) -> Value {
    let problems = current.problems(more);
    let of = |severity| problems.list.iter().filter(|d| d.severity == severity).count();
    let mut ordered: Vec<&Diagnostic> = problems.list.iter().collect();
    ordered.sort_by_key(|d| d.severity);
    let list: Vec<Value> =
        ordered.iter().take(SHOWN).map(|d| problem(shared, d, &problems.sources)).collect();
    let key = hash(json!(list).to_string().as_bytes());
    json!({
        "key": key,
        "errors": of(Severity::Error),
        "warnings": of(Severity::Warning),
        "more": ordered.len() - list.len(),
        "list": list,
    })
}

fn problem(shared: &Shared, diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let span = diagnostic.span.as_ref();
    let place = span.map(|span| position(sources.get(&span.file).map_or("", |text| text), span.start));
    let own = span.filter(|span| shared.is_own(&span.file)).zip(place);
    json!({
        "severity": diagnostic.severity.as_str(),
        "code": diagnostic.code.as_str(),
        "message": diagnostic.message,
        "file": span.map(|span| span.file.as_str()),
        "line": place.map(|place| place.line),
        "column": place.map(|place| place.column),
        "text": print(diagnostic, sources, Format::Human { colour: false }).trim_end(),
        "href": own.map(|(span, place)| vscode(shared, &span.file, place.line, place.column)),
    })
}

/// A link that opens a file in an editor that knows such links.
pub fn vscode(shared: &Shared, file: &SitePath, line: usize, column: usize) -> String {
    let path = shared.options.root.join(file.as_str());
    let path = path.to_string_lossy().replace('\\', "/");
    let path = crate::links::encode(path.trim_start_matches('/'));
    format!("vscode://file/{path}:{line}:{column}")
}
