//! `nutgraf digest`: what was published since a moment, to be sent by mail or to a channel.

use serde_json::json;

use super::{End, MessageFormat, Session, misuse};
use crate::diagnostic::Severity;
use crate::diagnostic::nearest::did_you_mean;
use crate::edition;
use crate::moment::Moment;
use crate::render::digest;
use crate::site::Shows;
use crate::tree::Tree;

/// Print what was published since a moment: for mail, as text, for Telegram
#[derive(clap::Args)]
pub struct Arguments {
    /// After which moment, for example 2023-09-11T10:00
    #[arg(long, value_name = "TIME")]
    since: String,

    /// In which language [default: the site's]
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
}

/// Runs the command.
pub fn run(session: &Session, arguments: &Arguments) -> End {
    let Arguments { since, language } = arguments;
    if Moment::parse(since, &jiff::tz::TimeZone::UTC).is_none() {
        return misuse(&format!("`--since {since}` is not a time: write it like 2023-09-11T10:00"));
    }
    if !session.site.is_dir() {
        return misuse(&format!("there is no folder {}", session.site.display()));
    }
    let (tree, mut said) = Tree::open(&session.site);
    let mut loaded = edition::load(&tree, session.edition_options(Shows::Published, None));
    said.append(&mut loaded.diagnostics);
    // What a build would refuse is not sent: its links would lead nowhere. Warnings are for who builds.
    said.retain(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(edition) = loaded.edition.filter(|_| said.is_empty()) else {
        session.report(said, &loaded.sources, false);
        return End::Errors;
    };
    let site = &edition.world.site;
    let language = language.as_ref().unwrap_or(&site.config.language);
    if !site.config.languages.contains_key(language) {
        let hint = did_you_mean(language, site.config.languages.keys().map(String::as_str));
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        return misuse(&format!("the site has no language `{language}`{hint}"));
    }
    let since = Moment::parse(since, &site.config.timezone).map_or(site.now, |moment| moment.at);
    let digest = digest::digest(&edition, language, since);
    let text = match session.format {
        MessageFormat::Html => digest::page(&edition, &digest, language, "digest.html", &mut said),
        MessageFormat::Telegram => {
            // One line each, as the method `sendMessage` takes it.
            let all = digest::messages(&edition, &digest, language);
            let lines = all.iter().map(|text| {
                json!({"text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": true}})
                    .to_string()
            });
            Some(lines.collect::<Vec<_>>().join("\n"))
        }
        MessageFormat::Json => Some(json!(digest).to_string()),
        MessageFormat::Human
        | MessageFormat::Text
        | MessageFormat::Short
        | MessageFormat::Sarif
        | MessageFormat::Github => digest::page(&edition, &digest, language, "digest.txt", &mut said),
    };
    if session.report(said, &edition.theme.sources, false) {
        return End::Errors;
    }
    if digest.is_empty() && session.format != MessageFormat::Json {
        let is_later = if since > site.now { ", which is later than now" } else { "" };
        return session.nothing(&format!("nothing was published since then{is_later}"));
    }
    session.result(text.as_deref().unwrap_or_default().trim_end());
    if digest.is_empty() { End::Unchanged } else { End::Done }
}
