//! `nutgraf schema`: what front matter and nutgraf.yaml may hold, as JSON Schema for editors, with this site's own ids
//! as suggestions.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Map, Value, json};

use super::{End, Session};
use crate::config::{Config, keys as settings};
use crate::diagnostic::{Code, Nature};
use crate::document::{Kind, keys};
use crate::edition::{Desk, Edition};
use crate::fields::shape::{Reference, object};
use crate::site::Shows;
use crate::tree::Tree;

/// Print JSON Schemas for completion and checks in editors.
#[derive(clap::Args)]
pub struct Arguments {
    /// Of what
    #[arg(value_enum)]
    of: Of,

    /// Only the front matter of this kind [default: all kinds in one schema]
    #[arg(long, value_parser = kinds())]
    kind: Option<Kind>,
}

/// What a schema is of.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The front matter of the files in content/
    FrontMatter,
    /// nutgraf.yaml
    Config,
    /// All of them, written into .vscode/nutgraf with the ids that the site has now
    Files,
}

/// Reads the name of a kind.
fn kinds() -> impl TypedValueParser<Value = Kind> {
    let named = |name: String| Kind::ALL.iter().copied().find(|kind| kind.name() == name);
    PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.name()))
        .map(move |name| named(name).expect("a name that the parser knows is that of a kind"))
}

/// Runs the command. Outside a site there is nothing to suggest.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    let edition = edition(session);
    let schema = match (arguments.of, arguments.kind) {
        (Of::Config, None) => config(edition.as_ref()),
        (Of::Config | Of::Files, Some(_)) => return super::misuse("`--kind` goes with `front-matter`"),
        (Of::Files, None) => return write_all(session),
        (Of::FrontMatter, Some(kind)) => front_matter(kind, edition.as_ref()),
        (Of::FrontMatter, None) => all(edition.as_ref()),
    };
    session.result(&format!("{schema:#}"));
    End::Done
}

/// Writes the schemas of a site anew.
#[expect(clippy::disallowed_methods, reason = "it writes the schemas of a site, as its user asked")]
fn write_all(session: &Session) -> End {
    for (path, text) in files(session) {
        let file = session.site.join(&path);
        let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        if let Err(error) = folder.and_then(|()| std::fs::write(&file, text)) {
            return session.fail(&format!("{path}: {error}"));
        }
        session.say(&path);
    }
    End::Done
}

/// Where the schemas of a site lie.
pub const FOLDER: &str = ".vscode/nutgraf";

/// The schemas of a site by their file names.
pub fn files(session: &Session) -> Vec<(String, String)> {
    let edition = edition(session);
    let edition = edition.as_ref();
    let kinds = Kind::ALL.iter().map(|kind| (kind.name(), front_matter(*kind, edition)));
    let all = kinds.chain([("config", config(edition))]);
    all.map(|(name, schema)| (format!("{FOLDER}/{name}.json"), format!("{schema:#}\n"))).collect()
}

/// What is withheld is suggested too: editors name what is to come.
fn edition(session: &Session) -> Option<Edition> {
    if !session.site.join("nutgraf.yaml").is_file() {
        return None;
    }
    let (tree, _) = Tree::open(&session.site);
    Some(Desk::open(&tree, session.edition_options(Shows::Upcoming, None)).ok()?.edition())
}

/// The schema of nutgraf.yaml.
fn config(edition: Option<&Edition>) -> Value {
    titled("nutgraf.yaml", &object(settings::SETTINGS, &|reference| known(edition, reference), &[]))
}

/// The schema of the front matter of a kind.
fn front_matter(kind: Kind, edition: Option<&Edition>) -> Value {
    let foreign = edition.map_or_else(Vec::new, |edition| foreign(&edition.world.site.config));
    let mut schema = object(keys::of(kind), &|reference| known(edition, reference), &foreign);
    if kind == Kind::Author {
        schema["anyOf"] = json!([{"required": ["name"]}, {"required": ["title"]}]);
    }
    let article = if matches!(kind, Kind::Explainer | Kind::Author) { "an" } else { "a" };
    titled(&format!("front matter of {article} {}", kind.name()), &schema)
}

/// The schemas of all kinds in one: a front matter is that of some kind.
fn all(edition: Option<&Edition>) -> Value {
    let definitions: Map<String, Value> =
        Kind::ALL.iter().map(|kind| (kind.name().to_owned(), front_matter(*kind, edition))).collect();
    let any: Vec<Value> =
        Kind::ALL.iter().map(|kind| json!({"$ref": format!("#/definitions/{}", kind.name())})).collect();
    titled("front matter", &json!({"definitions": definitions, "anyOf": any}))
}

fn titled(title: &str, schema: &Value) -> Value {
    let mut titled = Map::new();
    titled.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    titled.insert("title".into(), title.into());
    titled.extend(schema.as_object().cloned().unwrap_or_default());
    titled.into()
}

/// Keys that the site knows under other names, or that are somebody else's.
fn foreign(config: &Config) -> Vec<String> {
    config.rename.keys().chain(&config.ignore).cloned().collect()
}

/// The ids of a site that a reference may name.
fn known(edition: Option<&Edition>, reference: Reference) -> Vec<String> {
    if reference == Reference::Message {
        let codes = Code::ALL.iter().filter(|code| code.nature() != Nature::Error);
        return codes.map(|code| code.as_str().to_owned()).collect();
    }
    let Some(edition) = edition else { return Vec::new() };
    let site = &edition.world.site;
    let language = site.config.language.as_str();
    match reference {
        Reference::Topic => site.hubs(Kind::Topic, language),
        Reference::Author => site.hubs(Kind::Author, language),
        Reference::Thread => site.hubs(Kind::Thread, language),
        Reference::Explainer => {
            // A version that is dated later is no version yet.
            let later = site.left_out.iter().map(|left_out| &left_out.entry);
            let later = later.filter(|entry| entry.kind == Kind::Explainer).map(|entry| entry.id.to_string());
            site.explainers.ids().map(str::to_owned).chain(later).collect()
        }
        Reference::Section => site.config.sections.iter().map(|section| section.id.clone()).collect(),
        Reference::Briefing => {
            let briefings = site.entries.iter().filter(|entry| entry.kind == Kind::Briefing);
            briefings.take(NEWEST).map(|entry| entry.id.to_string()).collect()
        }
        Reference::Component => edition.theme.catalogue.names().map(str::to_owned).collect(),
        Reference::Message => Vec::new(),
    }
}

/// How many briefings are suggested: the newest. A list of ten thousand helps nobody.
const NEWEST: usize = 200;
