//! data/*.{yaml,json,csv} to `data.<name>` in templates and components.

use std::collections::BTreeMap;
use std::sync::Arc;

use tera::Value;

use crate::diagnostic::catalog::{files, front_matter};
use crate::diagnostic::{Diagnostic, Span};
use crate::path::SitePath;
use crate::tree::Tree;
use crate::yaml;

/// Reads every data file.
pub fn load(site: &Tree, sources: &mut BTreeMap<SitePath, Arc<str>>, d: &mut Vec<Diagnostic>) -> Value {
    let mut data: BTreeMap<String, (SitePath, serde_json::Value)> = BTreeMap::new();
    for path in site.below("data") {
        let extension = path.extension();
        if !matches!(extension.as_str(), "yaml" | "yml" | "json" | "csv") {
            continue;
        }
        let text = match site.read_text(path) {
            Ok(text) => text,
            Err(diagnostic) => {
                d.push(*diagnostic);
                continue;
            }
        };
        sources.insert(path.clone(), Arc::clone(&text));
        let name = path.name().split('.').next().unwrap_or_default().replace('-', "_");
        let value = match extension.as_str() {
            "json" => json(path, &text),
            "csv" => csv(path, &text),
            _ => yaml::parse(&text, 0..text.len())
                .map(|node| node.to_json())
                .map_err(|m| front_matter::malformed(Span::new(path, m.at.clone()), &m)),
        };
        match value {
            Err(diagnostic) => {
                d.push(diagnostic);
                // Templates that ask for it are not to blame.
                data.entry(name).or_insert((path.clone(), serde_json::Value::Array(Vec::new())));
            }
            Ok(value) => match data.get(&name) {
                Some((other, _)) => d.push(files::data_twice(path, other)),
                None => {
                    data.insert(name, (path.clone(), value));
                }
            },
        }
    }
    let map: serde_json::Map<String, serde_json::Value> =
        data.into_iter().map(|(name, (_, v))| (name, v)).collect();
    Value::from_serializable(&map)
}

fn json(path: &SitePath, text: &str) -> Result<serde_json::Value, Diagnostic> {
    serde_json::from_str(text).map_err(|error| {
        let start: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = (start + error.column().saturating_sub(1)).min(text.len());
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or(&message);
        files::data_malformed(Span::new(path, at..at), message)
    })
}

/// A table: one map a row, by the names in its first line.
fn csv(path: &SitePath, text: &str) -> Result<serde_json::Value, Diagnostic> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let malformed = |error: &csv::Error| {
        let at = error.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0)).min(text.len());
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!(
                    "this row has {len} cells, the first has {expected_len}; a cell with a comma in it stands in quotes"
                )
            }
            _ => error.to_string(),
        };
        files::data_malformed(Span::new(path, at..at), &message)
    };
    let names: Vec<String> = reader.headers().map_err(|e| malformed(&e))?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| malformed(&e))?;
        let row: serde_json::Map<String, serde_json::Value> =
            names.iter().cloned().zip(record.iter().map(Into::into)).collect();
        rows.push(serde_json::Value::Object(row));
    }
    Ok(serde_json::Value::Array(rows))
}
