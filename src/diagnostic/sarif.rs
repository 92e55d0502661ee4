//! Diagnostics to SARIF 2.1.0, which code hosts and editors read: one log of one run.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::print::{message, position};
use super::{Code, Diagnostic, Edit, Severity, Sources, Span};

/// What must be escaped in a relative address (RFC 3986).
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b':');

/// The log of a run.
pub fn log(diagnostics: &[Diagnostic], sources: &Sources) -> Value {
    let codes: BTreeSet<Code> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let results = diagnostics.iter().map(|diagnostic| {
        let rule = codes.iter().position(|code| *code == diagnostic.code);
        result(diagnostic, rule.unwrap_or_default(), sources)
    });
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "nutgraf",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| json!({"id": code.as_str()})).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn result(diagnostic: &Diagnostic, rule: usize, sources: &Sources) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let help = diagnostic.help.as_ref().map_or_else(String::new, |help| format!("\n{help}"));
    let mut result = json!({
        "ruleId": diagnostic.code.as_str(),
        "ruleIndex": rule,
        "level": level,
        "message": {"text": format!("{}{help}", message(diagnostic))},
    });
    if let Some(span) = &diagnostic.span {
        result["locations"] = json!([{"physicalLocation": location(span, sources)}]);
    }
    let related = diagnostic.labels.iter().enumerate().map(|(i, label)| {
        json!({"id": i, "physicalLocation": location(&label.span, sources), "message": {"text": label.text}})
    });
    let related: Vec<Value> = related.collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if let Some(fix) = &diagnostic.fix {
        result["fixes"] =
            json!([{"description": {"text": fix.what}, "artifactChanges": changes(&fix.edits, sources)}]);
    }
    result
}

/// The edits of a fix, by file.
fn changes(edits: &[Edit], sources: &Sources) -> Vec<Value> {
    let files: BTreeSet<_> = edits.iter().map(|edit| &edit.span.file).collect();
    let of = |file| {
        let own = edits.iter().filter(move |edit| &edit.span.file == file);
        own.map(|edit| {
            json!({"deletedRegion": region(&edit.span, sources), "insertedContent": {"text": edit.text}})
        })
    };
    files
        .into_iter()
        .map(|file| {
            json!({"artifactLocation": artifact(&Span::file(file)), "replacements": of(file).collect::<Vec<_>>()})
        })
        .collect()
}

fn location(span: &Span, sources: &Sources) -> Value {
    match region(span, sources) {
        Value::Null => json!({"artifactLocation": artifact(span)}),
        region => json!({"artifactLocation": artifact(span), "region": region}),
    }
}

fn artifact(span: &Span) -> Value {
    json!({"uri": utf8_percent_encode(span.file.as_str(), PATH).to_string()})
}

/// A place in a text; nothing for a file that is no text.
fn region(span: &Span, sources: &Sources) -> Value {
    let Some(text) = sources.get(&span.file) else { return Value::Null };
    let (start, end) = (position(text, span.start), position(text, span.end));
    json!({
        "startLine": start.line, "startColumn": start.column,
        "endLine": end.line, "endColumn": end.column,
    })
}
