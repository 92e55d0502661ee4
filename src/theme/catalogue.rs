//! The components as declared in templates, and what their metadata says beyond Tera's types. The keys of
//! the metadata are documented in docs/components.md.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tera::{ComponentArgType, Tera, Value};

use crate::diagnostic::catalog::components as say;
use crate::diagnostic::{Diagnostic, Span};
use crate::path::SitePath;

/// The components by name.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By name; built-in ones also as `nutgraf.<name>`.
    pub components: BTreeMap<String, Component>,
}

/// A component.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its arguments in the order of their names, without implicit ones.
    pub arguments: Vec<Declared>,
    /// The implicit arguments it asks for.
    pub implicits: Vec<String>,
    /// Whether it takes any other argument too.
    pub open: bool,
    /// What it is for.
    pub doc: String,
    /// Markdown to copy.
    pub example: String,
    /// Whether it is a section of its page.
    pub section: bool,
    /// How a body that is a list becomes an argument.
    pub list: Option<ListForm>,
    /// Whether it says nothing without text inside it.
    pub needs_text: bool,
    /// Why it cannot be called from the text, if so.
    pub not_for_text: Option<String>,
}

/// A declared argument.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// Its default; required without one.
    pub default: Option<Value>,
    /// What its items have, for an array.
    pub items: Vec<Item>,
}

impl Declared {
    /// Its type and whether it must be given, in words.
    pub fn describe(&self) -> String {
        match &self.default {
            None => format!("{}, required", self.kind.name()),
            Some(default) => {
                let shown = default.to_string();
                let empty = shown.is_empty() || shown == "[]";
                if empty { self.kind.name() } else { format!("{}, {shown} unless told", self.kind.name()) }
            }
        }
    }
}

/// A key of the items of an array.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// Whether every item needs it.
    pub required: bool,
}

/// A body that is a list, each item beginning with bold text.
#[derive(Clone, Debug)]
pub struct ListForm {
    /// The argument it becomes.
    pub argument: String,
    /// The item's key for the bold text.
    pub bold: String,
    /// The item's key for the rest of the paragraph.
    pub rest: String,
    /// The item's key for what follows the paragraph.
    pub body: Option<String>,
}

/// The type of an argument or of an item's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Text.
    String,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// A list.
    Array,
    /// A group of keys.
    Map,
    /// Anything.
    Any,
    /// Text that is a link.
    Url,
    /// Text that is a date or a period, at its precision.
    Date,
    /// Text that names a file of the site.
    File,
    /// Text that is a place in a picture: `30% 20%`.
    Position,
    /// Text that is one of a few.
    Choice(Vec<String>),
}

impl Type {
    /// The type as printed.
    pub fn name(&self) -> String {
        match self {
            Self::String => "string".into(),
            Self::Bool => "bool".into(),
            Self::Integer => "integer".into(),
            Self::Number => "number".into(),
            Self::Array => "array".into(),
            Self::Map => "map".into(),
            Self::Any => "any".into(),
            Self::Url => "url".into(),
            Self::Date => "date".into(),
            Self::File => "file".into(),
            Self::Position => "position".into(),
            Self::Choice(choices) => choices.join("|"),
        }
    }

    /// The type of a name used in metadata.
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "string" => Self::String,
            "bool" => Self::Bool,
            "integer" => Self::Integer,
            "number" | "float" => Self::Number,
            "array" => Self::Array,
            "map" => Self::Map,
            "any" => Self::Any,
            "url" => Self::Url,
            "date" => Self::Date,
            "file" => Self::File,
            "position" => Self::Position,
            choices if choices.contains('|') => Self::Choice(choices.split('|').map(str::to_owned).collect()),
            _ => return None,
        })
    }

    fn of_tera(kind: Option<ComponentArgType>) -> Self {
        match kind {
            Some(ComponentArgType::String) => Self::String,
            Some(ComponentArgType::Bool) => Self::Bool,
            Some(ComponentArgType::Integer) => Self::Integer,
            Some(ComponentArgType::Float | ComponentArgType::Number) => Self::Number,
            Some(ComponentArgType::Array) => Self::Array,
            Some(ComponentArgType::Map) => Self::Map,
            _ => Self::Any,
        }
    }
}

impl Catalogue {
    /// A component by its name.
    pub fn get(&self, name: &str) -> Option<&Component> {
        self.components.get(name)
    }

    /// The names of all components, without the second names of built-in ones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.components.keys().map(String::as_str).filter(|name| !name.starts_with("nutgraf."))
    }
}

impl Component {
    /// Itself as JSON: what it is for, its arguments, and Markdown to copy.
    pub fn to_json(&self) -> serde_json::Value {
        let arguments: Vec<serde_json::Value> = self
            .arguments
            .iter()
            .map(|argument| {
                let items: Vec<serde_json::Value> = argument
                .items
                .iter()
                .map(|item| json!({"name": item.name, "type": item.kind.name(), "required": item.required}))
                .collect();
                json!({
                    "name": argument.name,
                    "type": argument.kind.name(),
                    "required": argument.default.is_none(),
                    "default": argument.default.as_ref().map(ToString::to_string),
                    "items": items,
                })
            })
            .collect();
        json!({
            "name": self.name,
            "doc": self.doc,
            "section": self.section,
            "in_text": self.not_for_text.is_none(),
            "arguments": arguments,
            "example": self.example,
        })
    }

    /// The arguments and the keys of items that are links.
    pub fn urls(&self) -> Vec<String> {
        let keys = self.arguments.iter().flat_map(|a| a.items.iter().map(|i| (&i.name, &i.kind)));
        let all = self.arguments.iter().map(|a| (&a.name, &a.kind)).chain(keys);
        all.filter(|(_, kind)| **kind == Type::Url).map(|(name, _)| name.clone()).collect()
    }

    /// The arguments that name files.
    pub fn files(&self) -> Vec<String> {
        self.arguments.iter().filter(|a| a.kind == Type::File).map(|a| a.name.clone()).collect()
    }
}

/// Reads the declarations of an engine's components.
pub fn read(engine: &Tera, sources: &BTreeMap<SitePath, Arc<str>>) -> (Catalogue, Vec<Diagnostic>) {
    let mut catalogue = Catalogue::default();
    let mut diagnostics = Vec::new();
    let mut names: Vec<&str> = engine.get_component_names().collect();
    names.sort_unstable();
    for name in names {
        let Some(info) = engine.get_component_definition(name) else { continue };
        let mut problems = Vec::new();
        let metadata = info.metadata();
        for key in metadata.keys() {
            const KNOWN: [&str; 9] =
                ["doc", "example", "section", "types", "items", "list", "needs_text", "text", "css"];
            if !KNOWN.contains(&key.as_str()) {
                problems.push(format!("it has no key `{key}`"));
            }
        }
        let text =
            |key: &str| metadata.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let types = metadata.get("types");
        let items = metadata.get("items");
        let mut arguments: Vec<Declared> = Vec::new();
        for argument in info.args().iter().filter(|a| !a.is_implicit()) {
            let refined = types.and_then(|t| t.get_from_path(argument.name())).and_then(Value::as_str);
            let kind = match refined {
                None => Type::of_tera(argument.arg_type()),
                Some(written) => Type::parse(written).unwrap_or_else(|| {
                    problems.push(format!("`{written}` is no type"));
                    Type::Any
                }),
            };
            let items = items
                .and_then(|i| i.get_from_path(argument.name()))
                .map_or_else(Vec::new, |keys| item_keys(keys, &mut problems));
            let default = argument.default().cloned();
            arguments.push(Declared { name: argument.name().to_owned(), kind, default, items });
        }
        arguments.sort_by(|a, b| (a.default.is_some(), &a.name).cmp(&(b.default.is_some(), &b.name)));
        if !problems.is_empty() {
            let span = definition(name, sources);
            diagnostics.extend(problems.iter().map(|problem| say::metadata(span.clone(), name, problem)));
        }
        let component = Component {
            name: name.to_owned(),
            arguments,
            implicits: info.args().iter().filter(|a| a.is_implicit()).map(|a| a.name().to_owned()).collect(),
            open: info.rest_param().is_some(),
            doc: text("doc"),
            example: text("example"),
            section: metadata.get("section").and_then(Value::as_bool).unwrap_or(false),
            needs_text: metadata.get("needs_text").and_then(Value::as_bool).unwrap_or(false),
            list: metadata.get("list").and_then(list_form),
            not_for_text: metadata.get("text").and_then(Value::as_str).map(str::to_owned),
        };
        catalogue.components.insert(name.to_owned(), component);
    }
    (catalogue, diagnostics)
}

fn item_keys(keys: &Value, problems: &mut Vec<String>) -> Vec<Item> {
    let mut items = Vec::new();
    for (key, kind) in keys.as_map().into_iter().flatten() {
        let key = key.as_str().unwrap_or_default();
        let written = kind.as_str().unwrap_or_default();
        match Type::parse(written) {
            Some(kind) => {
                let name = key.trim_end_matches('?').to_owned();
                items.push(Item { required: !key.ends_with('?'), name, kind });
            }
            None => problems.push(format!("`{written}` is no type")),
        }
    }
    items
}

fn list_form(value: &Value) -> Option<ListForm> {
    let text = |key: &str| value.get_from_path(key).and_then(Value::as_str).map(str::to_owned);
    Some(ListForm {
        argument: text("argument")?,
        bold: text("bold")?,
        rest: text("rest")?,
        body: text("body"),
    })
}

/// Where a component is defined.
fn definition(name: &str, sources: &BTreeMap<SitePath, Arc<str>>) -> Span {
    let plain = name.strip_prefix("nutgraf.").unwrap_or(name);
    let wanted = format!("component {plain}(");
    let place = sources.iter().rev().find_map(|(path, text)| Some((path, text.find(&wanted)?)));
    match place {
        Some((path, at)) => Span::new(path, at..at + wanted.len() - 1),
        None => Span::file(&SitePath::new("templates")),
    }
}
