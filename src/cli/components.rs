//! `nutgraf components`: the catalogue, with Markdown to copy.

use serde_json::Value;

use super::{End, MessageFormat, Session, misuse};
use crate::config;
use crate::diagnostic::nearest::did_you_mean;
use crate::path::SitePath;
use crate::theme;
use crate::theme::catalogue::Component;
use crate::tree::Tree;

/// List the components with their arguments and Markdown to copy.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this component
    name: Option<String>,
}

/// Runs the command. Outside a site it lists the built-in components.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    if !session.site.is_dir() {
        return misuse(&format!("there is no folder {}", session.site.display()));
    }
    let (tree, mut diagnostics) = Tree::open(&session.site);
    let file = SitePath::new("nutgraf.yaml");
    let text = tree.read_text(&file).unwrap_or_else(|_| "title: none\nurl: https://example.org".into());
    let (config, _) = config::read(&file, &text);
    let (theme, more) = theme::load(&tree, &theme::builtin::tree(), &config);
    diagnostics.extend(more);
    let failed = session.report(diagnostics, &theme.sources, false);
    let names: Vec<&str> = theme.catalogue.names().collect();
    let wanted: Vec<&Component> = match &arguments.name {
        None => names.iter().filter_map(|name| theme.catalogue.get(name)).collect(),
        Some(name) => {
            if let Some(component) = theme.catalogue.get(&name.replace('-', "_")) {
                vec![component]
            } else {
                let hint = did_you_mean(name, names).map_or_else(String::new, |h| format!("; {h}"));
                return session.fail(&format!("there is no component `{name}`{hint}"));
            }
        }
    };
    if session.format == MessageFormat::Json {
        let all: Vec<Value> = wanted.iter().map(|component| component.to_json()).collect();
        session.result(&Value::Array(all).to_string());
    } else {
        let all: Vec<String> = wanted.iter().map(|component| to_text(component)).collect();
        session.result(&all.join("\n\n"));
    }
    if failed { End::Errors } else { End::Done }
}

fn to_text(component: &Component) -> String {
    let mut text = format!("{}\n  {}", component.name, component.doc);
    for argument in &component.arguments {
        text.push_str(&format!("\n  {:<12} {}", argument.name, argument.describe()));
        for item in &argument.items {
            let required = if item.required { ", required" } else { "" };
            text.push_str(&format!("\n    - {:<8} {}{required}", item.name, item.kind.name()));
        }
    }
    if component.example.is_empty() {
        return text;
    }
    text.push('\n');
    for line in component.example.lines() {
        text.push_str(&format!("\n      {line}"));
    }
    text
}
