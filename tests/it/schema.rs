//! The JSON Schemas for editors against what the program itself says of front matter and settings.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;

use crate::site::{NOW, Site, command, files, package, run};

const KINDS: [(&str, &str); 6] = [
    ("briefing", "briefings"),
    ("explainer", "explainers"),
    ("topic", "topics"),
    ("author", "authors"),
    ("thread", "threads"),
    ("page", "pages"),
];

fn schema(arguments: &[&str], folder: &Path) -> Value {
    let mut command = command();
    command.arg("--site").arg(folder).args(["--now", NOW, "schema"]).args(arguments);
    let run = run(command);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    serde_json::from_str(&run.stdout).expect("JSON")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).expect("a JSON Schema")
}

/// The validators of a site's kinds, by folder.
fn kinds(folder: &Path) -> BTreeMap<&'static str, Validator> {
    let all = schema(&["front-matter"], folder);
    KINDS.into_iter().map(|(kind, name)| (name, validator(&all["definitions"][kind]))).collect()
}

/// The front matter of a text, read by a YAML parser that is not ours; nothing when there is none that it can read.
fn front_matter(text: &str) -> Option<Value> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let (yaml, _) = text.trim_start().strip_prefix("---\n")?.split_once("\n---")?;
    serde_yaml::from_str(yaml).ok()
}

/// What a schema has against a value.
fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect()
}

#[test]
fn the_demo_is_as_its_schemas_say() {
    let kinds = kinds(&package());
    for (path, bytes) in files(&package().join("content")) {
        if !path.ends_with(".md") {
            continue;
        }
        let text = String::from_utf8(bytes).expect("UTF-8");
        let front = front_matter(&text).unwrap_or_else(|| panic!("{path} has front matter"));
        let folder = path.split('/').next().expect("a folder");
        assert_eq!(faults(&kinds[folder], &front), Vec::<String>::new(), "{path}");
    }
    let settings = fs::read_to_string(package().join("nutgraf.yaml")).expect("nutgraf.yaml");
    let settings: Value = serde_yaml::from_str(&settings).expect("YAML");
    assert_eq!(faults(&validator(&schema(&["config"], &package())), &settings), Vec::<String>::new());
}

/// The sites of tests/cases/, as files by path.
fn case_sites() -> Vec<(String, Vec<(String, String)>)> {
    let cases = files(&package().join("tests/cases"));
    cases
        .into_iter()
        .map(|(name, bytes)| {
            let text = String::from_utf8(bytes).expect("UTF-8");
            let mut found: Vec<(String, String)> = Vec::new();
            let mut is_file = false;
            for line in text.split_inclusive('\n') {
                let bare = line.trim_end();
                if let Some(path) = bare.strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
                    found.push((path.to_owned(), String::new()));
                    is_file = true;
                } else if bare.starts_with("== ") {
                    is_file = false;
                } else if let Some((_, text)) = found.last_mut().filter(|_| is_file) {
                    text.push_str(line);
                }
            }
            (name, found)
        })
        .collect()
}

/// What of a message a schema can know: keys and types, not what a value means to the rest of the site.
const SHARED: [&str; 3] = ["unknown-key", "wrong-type", "bad-choice"];

#[test]
fn what_a_schema_refuses_the_program_complains_of_and_the_other_way_round() {
    let mut compared = (0, 0);
    for (name, site_files) in case_sites() {
        let site = Site::new(site_files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        if !site.exists("nutgraf.yaml") {
            site.write("nutgraf.yaml", crate::site::SETTINGS);
        }
        let said = site.run(&["--format", "json", "--now", NOW, "check"]).stderr;
        let said: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        // A site without settings has nothing to offer.
        let kinds = kinds(site.path());
        let config = validator(&schema(&["config"], site.path()));
        for (path, text) in &site_files {
            let (value, validator, end) = if path == "nutgraf.yaml" {
                (serde_yaml::from_str(text).ok(), Some(&config), usize::MAX)
            } else if let Some(rest) = path.strip_prefix("content/").filter(|path| path.ends_with(".md")) {
                let lines = text.lines().skip(1).take_while(|line| line.trim_end() != "---").count();
                (front_matter(text), kinds.get(rest.split('/').next().unwrap_or_default()), lines + 2)
            } else {
                continue;
            };
            let (Some(value), Some(validator)) = (value, validator) else { continue };
            let about = said.iter().filter(|d| {
                let line = d["line"].as_u64().and_then(|line| usize::try_from(line).ok());
                d["file"] == path.as_str() && line.is_some_and(|line| line <= end)
            });
            let about: Vec<String> =
                about.map(|d| d["code"].as_str().unwrap_or_default().to_owned()).collect();
            let faults = faults(validator, &value);
            let is_shared = about.iter().any(|code| SHARED.contains(&code.as_str()));
            if !faults.is_empty() {
                assert!(!about.is_empty(), "{name} {path}: only the schema complains: {faults:?}");
                compared.0 += 1;
            }
            if is_shared {
                assert!(!faults.is_empty(), "{name} {path}: the schema knows nothing of {about:?}");
                compared.1 += 1;
            }
        }
    }
    assert!(compared.0 > 10 && compared.1 > 10, "enough was compared: {compared:?}");
}

#[test]
fn a_schema_offers_what_the_site_has() {
    let schema = schema(&["front-matter", "--kind", "briefing"], &package());
    let offered = |key: &str| schema["properties"][key].to_string();
    assert!(offered("topics").contains("\"energy\""), "{}", offered("topics"));
    assert!(offered("authors").contains("\"timur-vydumov\""), "{}", offered("authors"));
    assert!(offered("explainers").contains("\"aral-sea\""), "{}", offered("explainers"));
    assert!(offered("thread").contains("\"karabakh\""), "{}", offered("thread"));
    assert!(offered("section").contains("\"economy\""), "{}", offered("section"));
    assert!(offered("allow").contains("\"long-paragraph\""), "{}", offered("allow"));
}

#[test]
fn every_key_is_documented() {
    let page = |name: &str| fs::read_to_string(package().join("docs").join(name)).expect("a page of docs/");
    let writing = page("writing.md");
    for (kind, _) in KINDS {
        let schema = schema(&["front-matter", "--kind", kind], &package());
        for key in schema["properties"].as_object().expect("properties").keys() {
            assert!(writing.contains(&format!("`{key}`")), "{key} of {kind} is not in docs/writing.md");
        }
    }
    let settings = page("settings.md");
    let schema = schema(&["config"], &package());
    for key in schema["properties"].as_object().expect("properties").keys() {
        assert!(settings.contains(&format!("`{key}`")), "{key} is not in docs/settings.md");
    }
}

#[test]
fn a_new_site_carries_the_schemas_and_can_make_them_anew() {
    let site = Site::new([]);
    let made = site.run(&["new", "desk"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let settings: Value = serde_json::from_str(&site.read("desk/.vscode/settings.json")).expect("JSON");
    assert_eq!(settings["yaml.schemas"][".vscode/nutgraf/config.json"], "nutgraf.yaml");
    let tasks: Value = serde_json::from_str(&site.read("desk/.vscode/tasks.json")).expect("JSON");
    let pattern = tasks["tasks"][0]["problemMatcher"]["pattern"]["regexp"].as_str().expect("a pattern");
    assert!(pattern.starts_with("^(.+?):(\\d+):(\\d+): (error|warning)"), "{pattern}");
    let briefing = "desk/.vscode/nutgraf/briefing.json";
    assert!(site.read(briefing).contains("\"how-briefings-work\""));
    site.write("desk/content/explainers/harbour.md", "---\ntitle: Harbour\nas_of: 2023-01-01\n---\nText.\n");
    assert!(!site.read(briefing).contains("\"harbour\""));
    let again = site.run(&["--site", "desk", "schema", "files"]);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    assert!(site.read(briefing).contains("\"harbour\""));
    let text = site.read("desk/nutgraf.yaml");
    let value: Value = serde_yaml::from_str(&text).expect("YAML");
    let config: Value = serde_json::from_str(&site.read("desk/.vscode/nutgraf/config.json")).expect("JSON");
    assert_eq!(faults(&validator(&config), &value), Vec::<String>::new());
}
