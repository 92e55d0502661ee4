//! The catalogue of components: every example works, from Markdown as from a template.

use serde_json::Value;

use crate::site::{Site, package};

/// The built-in components as `nutgraf components` lists them.
fn components() -> Vec<Value> {
    let site = Site::new([]);
    let run = site.run(&["components", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    serde_json::from_str::<Value>(&run.stdout).expect("JSON").as_array().expect("a list").clone()
}

fn text<'a>(component: &'a Value, key: &str) -> &'a str {
    component[key].as_str().unwrap_or_else(|| panic!("{component} has no {key}"))
}

const SETTINGS: &str = "title: The Test\nurl: https://example.org\nlanguages: {ru: {}, kk: {}}\n";
const EXPLAINER: &str =
    "---\ntitle: The explainer\nas_of: 2023-01-01\nsummary: In short.\n---\nThe whole of it.\n";

#[test]
fn every_built_in_component_of_the_documentation_exists() {
    let names: Vec<String> = components().iter().map(|c| text(c, "name").to_owned()).collect();
    let expected = [
        "context",
        "correction",
        "embed",
        "explainer",
        "fact_box",
        "figure",
        "key_points",
        "numbers",
        "profile",
        "question",
        "quote",
        "reactions",
        "read_also",
        "section",
        "sources",
        "timeline",
        "what_we_dont_know",
        "what_we_know",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_example_is_rendered() {
    for component in components() {
        let name = text(&component, "name");
        assert!(!text(&component, "doc").is_empty(), "{name} has no doc");
        let example = text(&component, "example");
        assert!(!example.is_empty(), "{name} has no example");
        let page = if component["in_text"] == true {
            format!(
                "---\ntitle: A\ndate: 2023-09-11\nsources: [{{title: A source}}]\n---\nThe lede.\n\n{example}\n"
            )
        } else {
            format!("---\ntitle: A\ndate: 2023-09-11\n{example}\n---\nThe lede.\n")
        };
        let site = Site::new([
            ("nutgraf.yaml", SETTINGS),
            ("content/briefings/a.md", page.as_str()),
            ("content/briefings/b.md", "---\ntitle: B\ndate: 2023-09-10\n---\nThe lede.\n"),
            ("content/explainers/the-explainers-id.md", EXPLAINER),
        ]);
        site.build_cleanly();
        let html = site.read("public/briefings/a/index.html");
        let class = name.replace('_', "-");
        let class = if name == "figure" { "picture".to_owned() } else { class };
        assert!(
            html.contains(&format!("class=\"{class}")) || html.contains(&format!(" {class}\"")),
            "{name} is not on the page:\n{html}"
        );
        assert!(!html.contains(":::"), "{name} left its directive in the text");
    }
}

#[test]
fn templates_call_the_same_components() {
    let template = r#"{% extends "nutgraf/briefing.html" %}{% block main %}
{{ <question title="Why?" id="why" /> }}
{% <key_points> %}<ul><li>One</li></ul>{% </key_points> %}
{{ <timeline title="When" events={[{"date": "2020-11", "title": "A thing", "body": "", "source": ""}]} /> }}
{{ <explainer ref="the-explainers-id" id="x" /> }}
{{ <nutgraf.fact_box title="Facts" id="f" /> }}
{% endblock main %}"#;
    let site = Site::new([
        ("nutgraf.yaml", SETTINGS),
        ("templates/briefing.html", template),
        ("content/briefings/a.md", "---\ntitle: A\ndate: 2023-09-11\n---\nThe lede.\n"),
        ("content/explainers/the-explainers-id.md", EXPLAINER),
    ]);
    site.build_cleanly();
    let html = site.read("public/briefings/a/index.html");
    for part in [
        "id=\"why\">Why?",
        "<li>One</li>",
        "November 2020",
        "In short.",
        "href=\"/explainers/the-explainers-id/\"",
        "Facts",
    ] {
        assert!(html.contains(part), "{part} is not in\n{html}");
    }
}

#[test]
fn every_language_has_every_string() {
    let file = |code: &str| {
        let text = std::fs::read_to_string(package().join(format!("templates/strings/{code}.yaml")))
            .expect("a strings file");
        let node = nutgraf::yaml::parse(&text, 0..text.len()).expect("YAML");
        node.to_json()
    };
    let keys = |strings: &Value, group: &str| -> Vec<String> {
        strings[group].as_object().expect("a group").keys().cloned().collect()
    };
    let english = file("en");
    for code in ["ru", "kk"] {
        let other = file(code);
        assert_eq!(keys(&other, "strings"), keys(&english, "strings"), "{code}");
        assert_eq!(keys(&other, "heads"), keys(&english, "heads"), "{code}");
    }
}
