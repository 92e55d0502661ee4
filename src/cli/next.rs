//! `nutgraf next`: the next moment at which the site changes by itself, for whoever builds it by the clock.

use jiff::Timestamp;
use serde_json::json;

use super::{End, MessageFormat, Now, Session, misuse};
use crate::moment::Moment;
use crate::path::SitePath;
use crate::site::{Shows, Turn, time};

/// Say when the site changes next by itself, and what changes then.
#[derive(clap::Args)]
pub struct Arguments {
    /// Answer with the exit code whether it changed after this moment: 0 it did, 3 it did not
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    let Some(since) = &arguments.since else {
        return match session.edition(Shows::Published) {
            Ok(edition) => {
                let site = &edition.world.site;
                say(session, &site.config.timezone, time::next(site));
                End::Done
            }
            Err(end) => end,
        };
    };
    if Moment::parse(since, &jiff::tz::TimeZone::UTC).is_none() {
        return misuse(&format!("`--since {since}` is not a time: write it like 2023-09-11T10:00"));
    }
    // The first change after `since` is what the site of that moment waited for.
    let then = Session { now: Now::Typed(since.clone()), ..session.clone() };
    let edition = match then.edition(Shows::Published) {
        Ok(edition) => edition,
        Err(end) => return end,
    };
    let site = &edition.world.site;
    let now = session.instant(&site.config);
    let next = time::next(site).filter(|(at, _)| *at <= now);
    let end = if next.is_some() { End::Done } else { End::Unchanged };
    say(session, &site.config.timezone, next);
    end
}

fn say(session: &Session, zone: &jiff::tz::TimeZone, next: Option<(Timestamp, Vec<(SitePath, Turn)>)>) {
    let iso = |at: Timestamp| Moment { at, has_time: true }.iso(zone);
    if session.format == MessageFormat::Json {
        let changes = next.iter().flat_map(|(_, turns)| turns);
        let changes = changes.map(|(file, turn)| json!({"file": file.as_str(), "what": turn.as_str()}));
        let at = next.as_ref().map(|(at, _)| iso(*at));
        session.result(&json!({"at": at, "changes": changes.collect::<Vec<_>>()}).to_string());
        return;
    }
    match next {
        None => session.say("nothing changes by itself"),
        Some((at, turns)) => {
            session.result(&iso(at));
            for (file, turn) in turns {
                session.say(&format!("  {file} {}", turn.as_str()));
            }
        }
    }
}
