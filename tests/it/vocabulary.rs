//! Structured data against schema.org's own vocabulary: every type and property exists, and the property belongs
//! to the type.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::site::package;

/// The vocabulary, as it was published.
static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    Vocabulary::read(
        &fs::read_to_string(package().join("tests/schemas/schemaorg.ttl")).expect("a vocabulary"),
    )
});

/// Values without properties of their own, by how JSON writes them.
const NUMBERS: [&str; 3] = ["Number", "Integer", "Float"];
const MOMENTS: [&str; 3] = ["Date", "DateTime", "Time"];

#[derive(Default)]
struct Vocabulary {
    /// Types with those right above them.
    types: BTreeMap<String, Vec<String>>,
    properties: BTreeMap<String, Property>,
}

#[derive(Default)]
struct Property {
    /// The types it belongs to.
    domain: Vec<String>,
    /// The types of its values.
    range: Vec<String>,
}

impl Vocabulary {
    /// Reads Turtle, as far as the vocabulary uses it.
    fn read(turtle: &str) -> Self {
        let mut vocabulary = Self::default();
        for statement in tokens(turtle).split(|token| token == ".") {
            let Some((subject, rest)) = statement.split_first() else { continue };
            let mut facts: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for fact in rest.split(|token| token == ";") {
                let Some((predicate, objects)) = fact.split_first() else { continue };
                let objects = objects.iter().filter(|token| *token != ",");
                let objects = objects.map(|object| object.trim_start_matches(':').to_owned());
                facts.entry(predicate).or_default().extend(objects);
            }
            let Some(name) = subject.strip_prefix(':') else { continue };
            let mut take = |predicate| facts.remove(predicate).unwrap_or_default();
            let kinds = take("a");
            if kinds.iter().any(|kind| kind == "rdfs:Class") {
                vocabulary.types.insert(name.to_owned(), take("rdfs:subClassOf"));
            } else if kinds.iter().any(|kind| kind == "rdf:Property") {
                let property = Property { domain: take(":domainIncludes"), range: take(":rangeIncludes") };
                vocabulary.properties.insert(name.to_owned(), property);
            }
        }
        vocabulary
    }

    /// A type with all above it.
    fn with_ancestors(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            open.extend(self.types.get(&name).into_iter().flatten().cloned());
            found.insert(name);
        }
        found
    }

    /// What is wrong with a value and all in it.
    fn faults(&self, place: &str, value: &Value, faults: &mut Vec<String>) {
        let Value::Object(node) = value else {
            for value in value.as_array().into_iter().flatten() {
                self.faults(place, value, faults);
            }
            return;
        };
        if node.contains_key("@value") || node.keys().all(|key| key == "@id") {
            return;
        }
        let names: Vec<&str> = node.get("@type").map(list).unwrap_or_default();
        if names.is_empty() {
            faults.push(format!("{place}: a node without a type"));
        }
        let mut types = BTreeSet::new();
        for name in &names {
            if !self.types.contains_key(*name) {
                faults.push(format!("{place}: there is no type `{name}`"));
            }
            types.extend(self.with_ancestors(name));
        }
        let place = format!("{place}/{}", names.join("+"));
        for (key, value) in node.iter().filter(|(key, _)| !key.starts_with('@')) {
            let at = format!("{place}.{key}");
            match self.properties.get(key) {
                None => faults.push(format!("{at}: there is no such property")),
                Some(property) if !property.domain.iter().any(|of| types.contains(of)) => {
                    faults.push(format!("{at}: it belongs to {}", property.domain.join(", ")));
                }
                Some(property) => {
                    let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
                    faults.extend(values.iter().filter_map(|value| self.misfit(&at, property, value)));
                }
            }
            self.faults(&at, value, faults);
        }
    }

    /// Why a value cannot be one of a property. A text may stand for a thing, as schema.org says.
    fn misfit(&self, at: &str, property: &Property, value: &Value) -> Option<String> {
        let range = &property.range;
        let takes = |names: &[&str]| range.iter().any(|of| names.contains(&of.as_str()));
        let is_right = match value {
            Value::Null | Value::Array(_) => false,
            Value::Bool(_) => takes(&["Boolean"]),
            // Pixels are numbers in all documentation of search engines, where the vocabulary has a distance.
            Value::Number(_) => takes(&NUMBERS) || takes(&["Text", "Distance"]),
            Value::String(text) if text.trim().is_empty() => false,
            Value::String(_) if takes(&["Text"]) => true,
            Value::String(text) if takes(&MOMENTS) => text.starts_with(|c: char| c.is_ascii_digit()),
            Value::String(text) if takes(&["URL"]) => {
                text.starts_with("https://") || text.starts_with("http://")
            }
            Value::String(_) => !range.iter().all(|of| of == "Boolean" || NUMBERS.contains(&of.as_str())),
            Value::Object(node) if !node.contains_key("@type") => true,
            Value::Object(node) => list(&node["@type"]).iter().any(|name| {
                let types = self.with_ancestors(name);
                range.iter().any(|of| types.contains(of))
            }),
        };
        (!is_right).then(|| format!("{at}: {value} is not one of {}", range.join(", ")))
    }
}

/// The tokens of Turtle without texts and comments: names, and the marks between them.
fn tokens(turtle: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = turtle.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => {
                let mark = if rest.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
                let mut end = mark.len();
                while !rest[end..].starts_with(mark) {
                    end += usize::from(rest[end..].starts_with('\\'));
                    end += rest[end..].chars().next().expect("a text ends").len_utf8();
                }
                end + mark.len()
            }
            '<' => rest.find('>').expect("an address ends") + 1,
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '.' | ';' | ',' => 1,
            _ => {
                let end = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '"');
                rest.find(end).unwrap_or(rest.len())
            }
        };
        if !matches!(first, '"' | '#' | '@') {
            found.push(rest[..length].to_owned());
        }
        rest = rest[length..].trim_start();
    }
    found
}

/// The texts of a value that is one text or several.
fn list(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        value => value.as_str().into_iter().collect(),
    }
}

/// What is wrong with the nodes of a graph, with the way to each.
pub fn check(graph: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    VOCABULARY.faults("", graph, &mut faults);
    faults
}

#[test]
fn the_vocabulary_is_read_whole() {
    assert!(VOCABULARY.types.len() > 700 && VOCABULARY.properties.len() > 1200);
    let above = VOCABULARY.with_ancestors("OpinionNewsArticle");
    for name in ["NewsArticle", "Article", "CreativeWork", "Thing"] {
        assert!(above.contains(name), "{name} is above it: {above:?}");
    }
    let dateline = &VOCABULARY.properties["dateline"];
    assert_eq!((dateline.domain.join(" "), dateline.range.join(" ")), ("NewsArticle".into(), "Text".into()));
}

#[test]
fn what_is_not_in_the_vocabulary_is_found() {
    let right = json!([
        {"@type": ["NewsArticle", "OpinionNewsArticle"], "@id": "https://example.org/#a", "headline": "A",
         "dateline": "ASTANA", "author": [{"@type": "Person", "name": "Ann"}], "wordCount": 3,
         "isAccessibleForFree": true, "publisher": {"@id": "https://example.org/#organization"},
         "datePublished": "2023-09-11T10:00:00+06:00", "image": "https://example.org/a.png"},
    ]);
    assert_eq!(check(&right), Vec::<String>::new());
    for (wrong, named) in [
        (json!({"@type": "NewsStory", "name": "A"}), "no type `NewsStory`"),
        (json!({"@type": "NewsArticle", "heading": "A"}), "NewsArticle.heading: there is no such property"),
        (json!({"@type": "Person", "headline": "A"}), "Person.headline: it belongs to CreativeWork"),
        (json!({"@type": "Article", "dateline": "A"}), "Article.dateline: it belongs to NewsArticle"),
        (json!({"@type": "Article", "author": {"@type": "Place"}}), "Article.author: {\"@type\":\"Place\"}"),
        (json!({"@type": "Article", "author": {"name": "Ann"}}), "Article.author: a node without a type"),
        (json!({"@type": "Article", "datePublished": "yesterday"}), "Article.datePublished: \"yesterday\""),
        (json!({"@type": "Article", "url": "/a/", "headline": ""}), "Article.headline: \"\""),
        (json!({"@type": "Article", "isAccessibleForFree": "yes"}), "Article.isAccessibleForFree"),
    ] {
        let found = check(&json!([wrong])).join("\n");
        assert!(found.contains(named), "{named}: {found}");
    }
}
