//! The documentation says what the types say.

use std::collections::BTreeSet;
use std::fs;

use nutgraf::diagnostic::{Code, Nature};

use crate::site::{files, package};

#[test]
fn every_diagnostic_is_documented_and_has_a_case() {
    let page = |name: &str| fs::read_to_string(package().join("docs").join(name)).expect("a page of docs/");
    let (messages, rules) = (page("diagnostics.md"), page("rules.md"));
    let tests: String = ["tests/cases", "tests/it", "tests/rules"]
        .iter()
        .flat_map(|folder| files(&package().join(folder)).into_values())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    for code in Code::ALL {
        let name = code.as_str();
        let (page, words) = match code.nature() {
            Nature::Error => (&messages, "Error"),
            Nature::Warning => (&messages, "Warning"),
            Nature::Either => (&messages, ""),
            Nature::Rule | Nature::QuietRule => (&rules, "Warning"),
        };
        let head = format!("\n## `{name}`\n\n");
        assert_eq!(page.matches(&head).count(), 1, "{name} is documented once");
        let text = &page[page.find(&head).expect("found") + head.len()..];
        assert!(text.starts_with(words), "{name} is documented as what it is");
        let has_case = tests.contains(&format!("[{name}]")) || tests.contains(&format!("== {name} "));
        assert!(has_case, "{name} has no case");
    }
}

/// The field names in the tables of docs/templates.md, by the type named above each.
fn documented(name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(package().join("docs/templates.md")).expect("docs/templates.md");
    let mark = format!("<!-- fields: {name} -->");
    let Some(at) = text.find(&mark) else { panic!("docs/templates.md has no table of {name}") };
    text[at + mark.len()..]
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect()
}

/// The public fields of a struct in a source file.
fn declared(file: &str, name: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(package().join(file)).expect("a source");
    let start =
        source.find(&format!("pub struct {name} {{")).unwrap_or_else(|| panic!("{file} has no {name}"));
    let end = start + source[start..].find("\n}").expect("the end of the struct");
    source[start..end]
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("pub ")?
                .split(':')
                .next()
                .filter(|n| !n.contains(' '))
                .map(str::to_owned)
        })
        .collect()
}

#[test]
fn every_field_of_a_view_is_documented() {
    let views = "src/edition/views.rs";
    for name in [
        "Card",
        "Named",
        "Picture",
        "Made",
        "PageFields",
        "TocEntry",
        "CorrectionView",
        "ChangeView",
        "Translation",
        "LanguageLink",
        "ShownExplainer",
        "SiteView",
        "MenuEntry",
    ] {
        assert_eq!(documented(name), declared(views, name), "{name}");
    }
    for name in ["VersionView", "PassageChange", "Part"] {
        assert_eq!(documented(name), declared("src/edition/history.rs", name), "{name}");
    }
    for (file, names) in [
        ("src/render/meta.rs", &["Meta", "Alternate"][..]),
        ("src/render/feed.rs", &["FeedView", "FeedItem", "FeedImage"]),
        ("src/render/digest.rs", &["Digest", "DigestEntry"]),
    ] {
        for name in names {
            assert_eq!(documented(name), declared(file, name), "{name}");
        }
    }
    let mut list = declared("src/render/list.rs", "ListFields");
    list.extend(["items".to_owned(), "hubs".to_owned()]);
    assert_eq!(documented("ListFields"), list);
}

#[test]
fn every_interface_string_is_documented() {
    let documentation = fs::read_to_string(package().join("docs/templates.md")).expect("docs/templates.md");
    let strings = fs::read_to_string(package().join("templates/strings/en.yaml")).expect("the strings");
    let node = nutgraf::yaml::parse(&strings, 0..strings.len()).expect("YAML").to_json();
    for key in node["strings"].as_object().expect("strings").keys() {
        assert!(documentation.contains(&format!("| `{key}` |")), "{key} is not in docs/templates.md");
    }
}
