//! The texts that `nutgraf new` writes.

use super::schema::FOLDER as SCHEMAS;
use crate::document::Kind;

/// The files of a small complete site.
pub fn site(name: &str, today: &str) -> Vec<(&'static str, String)> {
    let title = yaml_text(&title_of(name));
    let settings = format!(
        "# yaml-language-server: $schema={SCHEMAS}/config.json\ntitle: {title}\nurl: https://example.org   # where the site will be\nlanguage: en\ntimezone: UTC             # for example Asia/Almaty\n\n\
         sections:\n  news: {{title: News}}\n\nmenu:\n  - {{title: News, url: /news/}}\n  - {{title: Explainers, url: /explainers/}}\n  - {{title: About, url: /about/}}\n"
    );
    let briefing = format!(
        "---\ntitle: The first briefing\ndate: {today}\nsection: news\nbyline: General news correspondent\ntopics: [welcome]\nexplainers: [how-briefings-work]\n---\n\
         This is the lede: one or two sentences that say what happened.\n\n\
         **The context.** A paragraph that begins with a bold question or a short bold sentence opens a section of its own. You need no special markup for it.\n\n\
         **What happens next?** Run `nutgraf serve --open` and change this file: the page follows every save. `nutgraf build` makes the site in public/, for any web server.\n"
    );
    let explainer = format!(
        "---\ntitle: How briefings work\nas_of: {today}\nsummary: A briefing is short news with its context. The context is written once, in an explainer like this one, and shown wherever it belongs.\n---\n\
         An explainer is background that many briefings need. It is one file in content/explainers/, and every briefing that names it shows it with its date.\n\n\
         **Where is it shown?** In every briefing that has its id under `explainers:`, on a page of its own, and on that page with a list of the briefings that show it.\n"
    );
    vec![
        ("nutgraf.yaml", settings),
        ("content/briefings/first-briefing.md", briefing),
        ("content/explainers/how-briefings-work.md", explainer),
        ("content/pages/about.md", "---\ntitle: About\n---\nWho we are, and how to reach us.\n".into()),
        (".gitignore", "/public/\n/.nutgraf/\n".into()),
        (".vscode/settings.json", editor_settings()),
        (".vscode/extensions.json", "{\n  \"recommendations\": [\"redhat.vscode-yaml\"]\n}\n".into()),
        (".vscode/tasks.json", TASKS.into()),
        (".remarkrc.mjs", remark()),
    ]
}

/// What Visual Studio Code needs to know of nutgraf.yaml.
fn editor_settings() -> String {
    format!("{{\n  \"yaml.schemas\": {{\"{SCHEMAS}/config.json\": \"nutgraf.yaml\"}}\n}}\n")
}

/// `nutgraf check` as a task of Visual Studio Code, its messages at their lines. Links and words are checked, too, so
/// it says more than a schema can.
const TASKS: &str = r#"{
  "version": "2.0.0",
  "tasks": [
    {
      "label": "nutgraf check",
      "type": "shell",
      "command": "nutgraf --format short check",
      "group": {"kind": "test", "isDefault": true},
      "presentation": {"reveal": "never"},
      "problemMatcher": {
        "owner": "nutgraf",
        "fileLocation": ["relative", "${workspaceFolder}"],
        "pattern": {
          "regexp": "^(.+?):(\\d+):(\\d+): (error|warning)\\[([^\\]]+)\\]: (.*)$",
          "file": 1, "line": 2, "column": 3, "severity": 4, "code": 5, "message": 6
        }
      }
    }
  ]
}
"#;

/// The schema of each kind of front matter for editors that read Markdown with remark.
fn remark() -> String {
    let kinds = Kind::ALL.iter().map(|kind| {
        format!("      './{SCHEMAS}/{}.json': ['content/{}/**/*.md'],\n", kind.name(), kind.folder())
    });
    format!(
        "// Checks front matter in editors with remark: npm install --no-save remark-frontmatter remark-lint-frontmatter-schema\n\
         import frontmatter from 'remark-frontmatter';\nimport schema from 'remark-lint-frontmatter-schema';\n\n\
         export default {{\n  plugins: [\n    frontmatter,\n    [schema, {{schemas: {{\n{}    }}}}],\n  ],\n}};\n",
        kinds.collect::<String>()
    )
}

/// A new briefing.
pub fn briefing(title: &str, date: &str) -> String {
    format!(
        "---\ntitle: {}\ndate: {date}\nsection:\nbyline:\ntopics: []\nexplainers: []\ndraft: true\n---\nThe lede: what happened, in one or two sentences.\n\n**The context.** What a reader needs to know first.\n",
        yaml_text(title)
    )
}

/// A new explainer.
pub fn explainer(title: &str, date: &str) -> String {
    format!(
        "---\ntitle: {}\nas_of: {date}\nsummary: The whole of it in two sentences.\ntopics: []\nsources: []\ndraft: true\n---\nThe first paragraph says what it is about.\n\n**How did it begin?** What came first.\n",
        yaml_text(title)
    )
}

/// A title from a folder's name.
fn title_of(name: &str) -> String {
    let words = name.replace(['-', '_'], " ");
    let mut letters = words.trim().chars();
    letters.next().map_or_else(|| "My newsroom".into(), |first| first.to_uppercase().chain(letters).collect())
}

/// Text as a YAML value, always in quotes.
fn yaml_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r', '\t'], " ");
    format!("\"{escaped}\"")
}
