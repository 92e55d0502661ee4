//! The keys a map may have, and the shape of each value: what [`super::Fields`] reads a map by, and what editors are
//! told of it as JSON Schema.

use serde_json::{Map, Value, json};

use crate::yaml::{self, Node};

/// A key of a map.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub shape: Shape,
    /// Whether the map is wrong without it.
    pub required: bool,
    /// What it is, for who writes it.
    pub doc: &'static str,
}

/// The keys of a map, in groups that several maps share.
pub type Keys = &'static [&'static [Key]];

/// What a value looks like. Empty or null is absent, whatever the shape.
#[derive(Debug)]
pub enum Shape {
    /// A text; a number keeps its spelling.
    Text,
    /// A text of a certain form, as a regular expression.
    Form(&'static str),
    /// A day, or a moment.
    Moment,
    /// `true` or `false`.
    Flag,
    /// A whole number above zero.
    Number,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// The id of something else in the site.
    Reference(Reference),
    /// A list; one value stands for a list of one.
    List(&'static Self),
    /// A map with keys of its own.
    Group(Keys),
    /// A map whose keys are free.
    Map(&'static Self),
    /// A map whose keys are ids.
    By(Reference, &'static Self),
    /// One or the other.
    Either(&'static Self, &'static Self),
    /// Anything.
    Any,
    /// Another name of a key.
    Alias(&'static str),
}

/// What an id may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// A topic.
    Topic,
    /// An author.
    Author,
    /// An explainer.
    Explainer,
    /// A running story.
    Thread,
    /// A section.
    Section,
    /// A briefing.
    Briefing,
    /// A message of the program.
    Message,
    /// A component.
    Component,
}

impl Shape {
    /// Whether a value could be one of this shape, seen from outside.
    pub fn fits(&self, node: &Node) -> bool {
        match (self, &node.value) {
            (Self::Any | Self::List(_) | Self::Either(..), _) | (_, yaml::Value::Null) => true,
            (Self::Moment, yaml::Value::Scalar { text, .. }) => {
                text.starts_with(|c: char| c.is_ascii_digit())
            }
            (Self::Group(_) | Self::Map(_) | Self::By(..), value) => matches!(value, yaml::Value::Map(_)),
            (_, value) => matches!(value, yaml::Value::Scalar { .. }),
        }
    }
}

/// A key that may be left out.
pub const fn key(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: false, doc }
}

/// A key that must be there.
pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Key {
    Key { name, shape, required: true, doc }
}

/// The key of a name.
pub fn find(keys: Keys, name: &str) -> Option<&'static Key> {
    keys.iter().copied().flatten().find(|key| key.name == name)
}

/// The known ids of a kind, offered where one is due.
pub type Known<'a> = &'a dyn Fn(Reference) -> Vec<String>;

/// A map with these keys as JSON Schema, with no others but those `extra` allows.
pub fn object(keys: Keys, known: Known<'_>, extra: &[String]) -> Value {
    let mut properties = Map::new();
    for key in keys.iter().copied().flatten() {
        let mut schema = schema_of(&key.shape, known, key.required);
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("description".into(), key.doc.into());
        }
        properties.insert(key.name.into(), schema);
    }
    for name in extra {
        properties.entry(name.clone()).or_insert_with(|| json!({}));
    }
    let required: Vec<&str> =
        keys.iter().copied().flatten().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}

/// A day or a moment, as [`crate::moment::Moment::parse`] reads it.
const MOMENT: &str = r"^\s*\d{4}-\d{2}-\d{2}([Tt ]\s*\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*([Zz]|[Uu][Tt][Cc]|[+-]\d{1,2}(:?\d{2})?)?)?\s*$";

/// `true` or `false` in the words that are understood.
const FLAG: &str = "^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$";

fn schema_of(shape: &Shape, known: Known<'_>, required: bool) -> Value {
    let schema = match shape {
        Shape::Text | Shape::Alias(_) => json!({"type": ["string", "number", "boolean"]}),
        Shape::Form(pattern) => json!({"type": ["string", "number"], "pattern": pattern}),
        Shape::Moment => json!({"type": "string", "pattern": MOMENT}),
        Shape::Flag => json!({"anyOf": [{"type": "boolean"}, {"type": "string", "pattern": FLAG}]}),
        Shape::Number => {
            json!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": "^[0-9]+$"}]})
        }
        Shape::OneOf(words) => json!({"enum": words}),
        Shape::Reference(reference) => {
            let mut ids = known(*reference);
            ids.sort();
            ids.dedup();
            let text = json!({"type": ["string", "number"]});
            // Ids that are not there yet are written first sometimes.
            if ids.is_empty() { text } else { json!({"anyOf": [{"enum": ids}, text]}) }
        }
        Shape::List(item) => {
            let item = schema_of(item, known, false);
            json!({"anyOf": [{"type": "array", "items": item.clone()}, item]})
        }
        Shape::Group(keys) => object(keys, known, &[]),
        Shape::Map(value) => {
            json!({"type": "object", "additionalProperties": schema_of(value, known, false)})
        }
        Shape::By(reference, value) => {
            let value = schema_of(value, known, false);
            let ids: Map<String, Value> =
                known(*reference).into_iter().map(|id| (id, value.clone())).collect();
            let others = if ids.is_empty() { value } else { json!(false) };
            json!({"type": "object", "properties": ids, "additionalProperties": others})
        }
        Shape::Either(one, other) => {
            json!({"anyOf": [schema_of(one, known, true), schema_of(other, known, true)]})
        }
        Shape::Any => return json!({}),
    };
    if required { schema } else { json!({"anyOf": [schema, {"enum": [null, "", [], {}]}]}) }
}
