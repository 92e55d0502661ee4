//! The interface strings of a language: `templates/strings/<code>.yaml`, a site's file merged over the
//! built-in one key by key.

use std::collections::BTreeMap;

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules, PluralRulesOptions};

use super::heads::Heads;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::catalog::front_matter;
use crate::fields::shape::{Keys, Shape, key};
use crate::fields::{Fields, Place, Unknown, text};
use crate::yaml::{Node, Value};

/// What the interface says in one language.
pub struct Strings {
    /// The language's own name for itself: `Қазақша`.
    pub name: String,
    /// `ltr` or `rtl`.
    pub direction: String,
    /// The language and the land where it is spoken most, as Open Graph has it: `ru_RU`.
    pub locale: Option<String>,
    /// The strings by key.
    pub texts: BTreeMap<String, Text>,
    /// The run-in heads.
    pub heads: Heads,
    plurals: PluralRules,
}

/// One interface string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// The same for every number.
    One(String),
    /// One form a plural category: `one`, `few`, `many`, `other`.
    Plural(BTreeMap<String, String>),
}

/// The keys of a strings file.
const KEYS: Keys = &[&[
    key("name", Shape::Text, "The language's own name."),
    key("direction", Shape::OneOf(&["ltr", "rtl"]), "Which way it is written."),
    key("locale", Shape::Form("^[a-z]{2,3}_[A-Z]{2}$"), "The language with a land: `en_US`."),
    key(
        "strings",
        Shape::Map(&Shape::Any),
        "The words of the interface; with plural forms where there are any.",
    ),
    key("heads", Shape::Map(&Shape::List(&Shape::Text)), "Run-in heads, by the component they open."),
]];

impl Strings {
    /// The strings of a language without any text yet.
    pub fn new(code: &str) -> Self {
        let english = Locale::try_from_str("en").expect("`en` is a locale");
        let locale = Locale::try_from_str(code).unwrap_or_else(|_| english.clone());
        let plurals = PluralRules::try_new(locale.into(), PluralRulesOptions::default())
            .or_else(|_| PluralRules::try_new(english.into(), PluralRulesOptions::default()))
            .expect("English is compiled in");
        Self {
            name: code.to_owned(),
            direction: "ltr".into(),
            locale: None,
            texts: BTreeMap::new(),
            heads: Heads::default(),
            plurals,
        }
    }

    /// Reads a strings file over what is there.
    pub fn merge(&mut self, place: Place<'_>, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
        let mut fields = Fields::new(place, node, KEYS, |key| key, diagnostics);
        if let Some(name) = fields.text("name", diagnostics) {
            self.name = name.value;
        }
        if let Some(direction) = fields.text("direction", diagnostics) {
            self.direction = direction.value;
        }
        if let Some(locale) = fields.text("locale", diagnostics) {
            self.locale = Some(locale.value);
        }
        for entry in fields.entries("strings", diagnostics) {
            if let Some(value) = read_text(place, &entry.key, &entry.value, diagnostics) {
                self.texts.insert(entry.key.clone(), value);
            }
        }
        for entry in fields.entries("heads", diagnostics) {
            let items = match &entry.value.value {
                Value::List(items) => items.as_slice(),
                Value::Null | Value::Scalar { .. } | Value::Map(_) => std::slice::from_ref(&entry.value),
            };
            for item in items {
                if let Some(head) = text(place, &entry.key, item, diagnostics) {
                    self.heads.add(&head.value, &entry.key);
                }
            }
        }
        fields.finish("a strings file", Unknown::Refuse, &[], diagnostics);
    }

    /// The string of a key, in the plural form of `count` when it has forms.
    pub fn get(&self, key: &str, count: Option<i64>) -> Option<&str> {
        match self.texts.get(key)? {
            Text::One(text) => Some(text),
            Text::Plural(forms) => {
                let category = match self.plurals.category_for(count.unwrap_or(1).unsigned_abs()) {
                    PluralCategory::Zero => "zero",
                    PluralCategory::One => "one",
                    PluralCategory::Two => "two",
                    PluralCategory::Few => "few",
                    PluralCategory::Many => "many",
                    PluralCategory::Other => "other",
                };
                forms.get(category).or_else(|| forms.get("other")).map(String::as_str)
            }
        }
    }
}

fn read_text(place: Place<'_>, key: &str, node: &Node, diagnostics: &mut Vec<Diagnostic>) -> Option<Text> {
    match &node.value {
        Value::Map(forms) => {
            let forms = forms.iter().filter_map(|form| {
                Some((form.key.clone(), text(place, &form.key, &form.value, diagnostics)?.value))
            });
            Some(Text::Plural(forms.collect()))
        }
        Value::Scalar { .. } => Some(Text::One(text(place, key, node, diagnostics)?.value)),
        Value::Null | Value::List(_) => {
            let span = place.span(&node.at);
            diagnostics.push(front_matter::wrong_type(span, key, "text or plural forms", node.describe()));
            None
        }
    }
}
