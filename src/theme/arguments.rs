//! The arguments of a call in the text, checked against the component's declaration before it runs, and
//! turned into Tera values. Every mistake is a diagnostic at its own place in the Markdown file.

use std::collections::BTreeMap;

use tera::Value;

use super::catalogue::{Catalogue, Component, Declared, Item, Type};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::{components as say, front_matter};
use crate::document::lists::bold_items;
use crate::document::{Block, ComponentBlock, Document};
use crate::fields::{Place, is_position, is_unsafe_url};
use crate::moment::parse_period;
use crate::yaml::{self, Node};

/// The arguments of one call, ready for Tera.
pub type Bound = BTreeMap<String, Value>;

/// Checks every call in a document.
pub fn check(catalogue: &Catalogue, document: &Document) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    check_blocks(catalogue, document, &document.blocks, &mut diagnostics);
    diagnostics
}

fn check_blocks(catalogue: &Catalogue, document: &Document, blocks: &[Block], d: &mut Vec<Diagnostic>) {
    let place = Place { file: &document.path, source: &document.source };
    for block in blocks {
        let Block::Component(block) = block else { continue };
        match catalogue.get(&block.name.value) {
            None if block.name.value.is_empty() => {}
            None => d.push(say::unknown(place.span(&block.name.at), &block.name.value, catalogue.names())),
            Some(component) => {
                if let Some(help) = &component.not_for_text {
                    d.push(say::not_for_text(place.span(&block.name.at), &component.name, help));
                } else {
                    if component.name.ends_with("explainer") && !block.body.is_empty() {
                        d.push(say::no_text(place.span(&block.at), &block.name.value));
                    }
                    if component.needs_text && block.body.is_empty() {
                        d.push(say::needs_text(place.span(&block.at), &block.name.value));
                    }
                    bind(component, block, place, d);
                    check_list(component, block, document, place, d);
                }
            }
        }
        check_blocks(catalogue, document, &block.body, d);
    }
}

/// Checks a call and turns its arguments into values. What is wrong is left out.
pub fn bind(
    component: &Component,
    block: &ComponentBlock,
    place: Place<'_>,
    d: &mut Vec<Diagnostic>,
) -> Bound {
    let mut bound = Bound::new();
    for argument in &block.arguments {
        let name = argument.name.value.as_str();
        let Some(declared) = component.arguments.iter().find(|a| a.name == name) else {
            if component.open {
                bound.insert(name.to_owned(), Value::from_serializable(&argument.value.to_json()));
            } else {
                let known = component.arguments.iter().map(|a| a.name.as_str());
                d.push(say::unknown_argument(place.span(&argument.name.at), &block.name.value, name, known));
            }
            continue;
        };
        if argument.value.is_empty() && declared.default.is_some() {
            continue;
        }
        if let Some(value) = convert(name, &declared.kind, &declared.items, &argument.value, place, d) {
            bound.insert(name.to_owned(), value);
        }
    }
    for declared in component.arguments.iter().filter(|a| a.default.is_none()) {
        if !block.arguments.iter().any(|a| a.name.value == declared.name) {
            d.push(missing(component, block, declared, place));
        }
    }
    bound
}

fn missing(
    component: &Component,
    block: &ComponentBlock,
    declared: &Declared,
    place: Place<'_>,
) -> Diagnostic {
    let example = component.example.lines().find(|line| line.contains(&format!("{}=", declared.name)));
    say::missing_argument(place.span(&block.at), &block.name.value, &declared.name, example)
}

/// A body that is a list must begin each item as its component asks.
pub fn check_list(
    component: &Component,
    block: &ComponentBlock,
    document: &Document,
    place: Place<'_>,
    d: &mut Vec<Diagnostic>,
) {
    let Some(form) = &component.list else { return };
    if block.arguments.iter().any(|a| a.name.value == form.argument) {
        return;
    }
    let Some(items) = bold_items(&document.source, &document.definitions, &block.body) else { return };
    let declared = component.arguments.iter().find(|a| a.name == form.argument);
    let kind = declared.and_then(|a| a.items.iter().find(|i| i.name == form.bold)).map(|i| &i.kind);
    for item in items {
        match item.bold {
            None => {
                let end = item.at.start + document.source[item.at.clone()].lines().next().map_or(0, str::len);
                d.push(say::plain_item(place.span(&(item.at.start..end)), &block.name.value, &form.bold));
            }
            Some(bold) => {
                let text = bold.value.trim_end_matches(['.', ':']).to_owned();
                let value = yaml::Value::Scalar { text, plain: false };
                if let Some(kind) = kind {
                    convert(&form.bold, kind, &[], &Node { value, at: bold.at }, place, d);
                }
            }
        }
    }
}

/// A value of a type, or a diagnostic at the value.
fn convert(
    name: &str,
    kind: &Type,
    items: &[Item],
    node: &Node,
    place: Place<'_>,
    d: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let text = node.as_text();
    let found = || text.map_or_else(|| node.describe().to_owned(), |t| format!("`{t}`"));
    let mut wrong = |wanted: &str| {
        d.push(say::wrong_argument(place.span(&node.at), name, wanted, &found()));
        None
    };
    match kind {
        Type::Any => Some(Value::from_serializable(&node.to_json())),
        Type::String | Type::File => text.map(Value::from).or_else(|| wrong("text")),
        Type::Url => match text {
            None => wrong("a link"),
            Some(url) if is_unsafe_url(url) => {
                d.push(front_matter::unsafe_url(place.span(&node.at), url));
                None
            }
            Some(url) => Some(Value::from(url)),
        },
        Type::Date => match text {
            Some(date) if parse_period(date).is_some() => Some(Value::from(date.trim())),
            _ => wrong("a date like `2020`, `2020-11`, `2020-11-09` or `2020-09/2020-11`"),
        },
        Type::Position => match text {
            Some(position) if is_position(position) => Some(Value::from(position)),
            _ => wrong("a place in the picture like `30% 20%` or `left top`"),
        },
        Type::Choice(choices) => match text {
            Some(choice) if choices.iter().any(|c| c == choice) => Some(Value::from(choice)),
            Some(choice) => {
                d.push(front_matter::bad_choice(
                    place.span(&node.at),
                    choice,
                    choices.iter().map(String::as_str),
                ));
                None
            }
            None => wrong("one word"),
        },
        Type::Bool => match text {
            Some("true" | "yes") => Some(Value::from(true)),
            Some("false" | "no") => Some(Value::from(false)),
            _ => wrong("`true` or `false`"),
        },
        Type::Integer => match text.and_then(|t| t.parse::<i64>().ok()) {
            Some(number) => Some(Value::from(number)),
            None => wrong("a whole number"),
        },
        Type::Number => match text.and_then(|t| t.parse::<f64>().ok()).filter(|n| n.is_finite()) {
            Some(number) => Some(match text.and_then(|t| t.parse::<i64>().ok()) {
                Some(whole) => Value::from(whole),
                None => Value::from(number),
            }),
            None => wrong("a number"),
        },
        Type::Map => match &node.value {
            yaml::Value::Map(_) => Some(Value::from_serializable(&node.to_json())),
            _ => wrong("a group of keys"),
        },
        Type::Array => {
            let list: Vec<&Node> = match &node.value {
                yaml::Value::List(list) => list.iter().collect(),
                yaml::Value::Null => Vec::new(),
                yaml::Value::Scalar { .. } | yaml::Value::Map(_) => vec![node],
            };
            if items.is_empty() {
                let values: Vec<Value> =
                    list.iter().map(|n| Value::from_serializable(&n.to_json())).collect();
                return Some(Value::from(values));
            }
            let values: Vec<Value> =
                list.iter().filter_map(|n| convert_item(name, items, n, place, d)).collect();
            Some(Value::from(values))
        }
    }
}

fn convert_item(
    name: &str,
    items: &[Item],
    node: &Node,
    place: Place<'_>,
    d: &mut Vec<Diagnostic>,
) -> Option<Value> {
    let yaml::Value::Map(entries) = &node.value else {
        let keys: Vec<&str> = items.iter().map(|i| i.name.as_str()).collect();
        let wanted = format!("a list of items with {}", keys.join(", "));
        d.push(say::wrong_argument(place.span(&node.at), name, &wanted, node.describe()));
        return None;
    };
    let mut map = tera::Map::new();
    for entry in entries {
        let Some(item) = items.iter().find(|i| i.name == entry.key) else {
            let known = items.iter().map(|i| i.name.as_str());
            d.push(say::unknown_item_key(place.span(&entry.key_at), name, &entry.key, known));
            continue;
        };
        if entry.value.is_empty() {
            continue;
        }
        if let Some(value) = convert(&entry.key, &item.kind, &[], &entry.value, place, d) {
            map.insert(item.name.clone().into(), value);
        }
    }
    for item in items {
        let key: tera::value::Key<'static> = item.name.clone().into();
        if map.contains_key(&key) {
            continue;
        }
        let given = entries.iter().any(|e| e.key == item.name && !e.value.is_empty());
        if item.required && !given {
            d.push(say::missing_item_key(place.span(&node.at), name, &item.name));
        }
        // Every item has every key, so that a template can ask for any of them.
        map.insert(key, Value::none());
    }
    Some(Value::from(map))
}
