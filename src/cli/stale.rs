//! `nutgraf stale`: the explainers that most need another look, the few that matter first.

use jiff::civil::Date;
use serde_json::json;

use super::{End, MessageFormat, Session};
use crate::site::stale::{Stale, stale};
use crate::site::{Shows, Site};

/// List the explainers that most need another look.
#[derive(clap::Args)]
pub struct Arguments {}

/// How many are listed when nobody asks for all: a longer list is not read.
const LISTED: usize = 10;

/// Runs the command.
pub fn run(session: &Session, _: &Arguments) -> End {
    let edition = match session.edition(Shows::Published) {
        Ok(edition) => edition,
        Err(end) => return end,
    };
    let site = &edition.world.site;
    let all = stale(site);
    if session.format == MessageFormat::Json {
        let rows = all.iter().map(|stale| json(site, stale));
        session.result(&serde_json::Value::from(rows.collect::<Vec<_>>()).to_string());
        return End::Done;
    }
    if all.is_empty() {
        session.say("no explainer is due");
        return End::Done;
    }
    let shown = if session.verbose { all.len() } else { all.len().min(LISTED) };
    session.result(&text(site, &all[..shown]));
    if shown < all.len() {
        session.say(&format!("\nand {} more (`-v` lists them all)", all.len() - shown));
    }
    End::Done
}

fn text(site: &Site, all: &[Stale]) -> String {
    let path = |stale: &Stale| site.entries[stale.page].document.path.to_string();
    let width = all.iter().map(|stale| path(stale).chars().count()).max().unwrap_or(0).max(9);
    let owner = |stale: &Stale| site.entries[stale.page].front.owner.clone().unwrap_or_default();
    let mut text = format!(
        "{:<width$}  {:<12}{:<12}{:>10}  {:<12}owner",
        "explainer", "as of", "due", "briefings", "newest"
    );
    for stale in all {
        let date = |date: Option<Date>| date.map_or_else(String::new, |date| date.to_string());
        let row = format!(
            "{:<width$}  {:<12}{:<12}{:>10}  {:<12}{}",
            path(stale),
            date(stale.as_of),
            date(Some(stale.due)),
            stale.users,
            date(stale.newest),
            owner(stale),
        );
        text.push_str(&format!("\n{}", row.trim_end()));
    }
    text
}

fn json(site: &Site, stale: &Stale) -> serde_json::Value {
    let entry = &site.entries[stale.page];
    json!({
        "file": entry.document.path.as_str(),
        "id": &*entry.id,
        "title": entry.title(),
        "language": entry.language,
        "owner": entry.front.owner,
        "as_of": stale.as_of.map(|date| date.to_string()),
        "due": stale.due.to_string(),
        "review_by": entry.front.review_by.as_ref().map(|date| date.value.to_string()),
        "briefings": stale.users,
        "newest": stale.newest.map(|date| date.to_string()),
    })
}
