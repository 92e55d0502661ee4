//! `nutgraf uses`: the briefings that show an explainer, and the version each shows.

use serde_json::json;

use super::{End, MessageFormat, Session};
use crate::diagnostic::nearest::did_you_mean;
use crate::document::Kind;
use crate::edition::Edition;
use crate::site::explainers::{Use, used_versions};
use crate::site::{Entry, EntryId, Shows, Site};

/// List the briefings that show an explainer, with the version each shows.
#[derive(clap::Args)]
pub struct Arguments {
    /// The explainer's id
    id: String,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    let edition = match session.edition(Shows::Published) {
        Ok(edition) => edition,
        Err(end) => return end,
    };
    let site = &edition.world.site;
    if !site.explainers.ids().any(|id| id == arguments.id) {
        let hint = did_you_mean(&arguments.id, site.explainers.ids());
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        return session.fail(&format!("there is no explainer `{}`{hint}", arguments.id));
    }
    let mut users: Vec<EntryId> =
        pages(site, &arguments.id).filter_map(|page| site.uses.get(&page)).flatten().copied().collect();
    users.sort_unstable();
    users.dedup();
    let rows: Vec<(&Entry, Use)> = users
        .iter()
        .map(|id| &*site.entries[*id])
        .flat_map(|entry| {
            used_versions(site, entry, &arguments.id).into_iter().map(move |used| (entry, used))
        })
        .collect();
    if session.format == MessageFormat::Json {
        session.result(&json(&edition, &arguments.id, &rows).to_string());
    } else {
        session.result(&text(&edition, &arguments.id, &rows));
    }
    End::Done
}

/// The pages of an explainer, one a language.
fn pages<'a>(site: &'a Site, id: &'a str) -> impl Iterator<Item = EntryId> + 'a {
    site.languages().filter_map(move |language| site.find(Kind::Explainer, id, language))
}

fn text(edition: &Edition, id: &str, rows: &[(&Entry, Use)]) -> String {
    let site = &edition.world.site;
    let briefings =
        rows.iter().map(|(entry, _)| &entry.document.path).collect::<std::collections::BTreeSet<_>>();
    let mut text = match briefings.len() {
        0 => format!("no briefing shows `{id}`"),
        1 => format!("1 briefing shows `{id}`"),
        count => format!("{count} briefings show `{id}`"),
    };
    let width = rows.iter().map(|(entry, _)| entry.document.path.as_str().chars().count()).max().unwrap_or(0);
    if !rows.is_empty() {
        text.push_str(&format!(
            "\n\n{:<12}{:<12}{:<15}{:<width$}  {}",
            "published", "version", "", "briefing", "headline"
        ));
    }
    for (entry, used) in rows {
        let published =
            entry.published.map(|m| m.date(&site.config.timezone).to_string()).unwrap_or_default();
        let inside = used.inside.as_ref().map_or_else(String::new, |inside| format!(" (inside `{inside}`)"));
        let newer = if used.updated_since { " *" } else { "" };
        text.push_str(&format!(
            "\n{published:<12}{:<12}{:<15}{:<width$}  {}{inside}",
            used.as_of.to_string(),
            format!("{}{newer}", used.choice.as_str()),
            entry.document.path.as_str(),
            entry.title(),
        ));
    }
    if rows.iter().any(|(_, used)| used.updated_since) {
        text.push_str("\n\n* there is a newer version, and the page says so");
    }
    text
}

fn json(edition: &Edition, id: &str, rows: &[(&Entry, Use)]) -> serde_json::Value {
    let site = &edition.world.site;
    let rows = rows.iter().map(|(entry, used)| {
        json!({
            "file": entry.document.path.as_str(),
            "title": entry.title(),
            "language": entry.language,
            "url": site.href(&entry.url),
            "published": entry.published.map(|moment| moment.as_written(&site.config.timezone)),
            "version": used.as_of.to_string(),
            "choice": used.choice.as_str(),
            "inside": used.inside.as_deref(),
            "updated_since": used.updated_since,
        })
    });
    json!({"explainer": id, "uses": rows.collect::<Vec<_>>()})
}
