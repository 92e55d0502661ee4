//! What was published since a moment, to be sent: as HTML that programs for mail show, as plain text, as messages of
//! Telegram. From the same documents as the pages.

use jiff::Timestamp;
use serde::Serialize;

use super::meta::{self, whole};
use super::{context, template};
use crate::diagnostic::{Diagnostic, Span};
use crate::document::markdown;
use crate::edition::{Edition, views};
use crate::language::excerpt;
use crate::path::SitePath;
use crate::route::{self, List, list_url};
use crate::site::Group;

/// How long a message may be, in UTF-16 code units as Telegram counts them.
pub const LONGEST_MESSAGE: usize = 4096;

/// What is sent.
#[derive(Clone, Debug, Serialize)]
pub struct Digest {
    /// Its subject.
    pub title: String,
    /// The whole address of the front page.
    pub home: String,
    /// The moment it is made at, ISO 8601.
    pub date: String,
    /// The briefings, the newest first.
    pub briefings: Vec<DigestEntry>,
    /// Corrections of briefings that are not new themselves.
    pub corrections: Vec<DigestEntry>,
}

/// A briefing or a correction in a digest.
#[derive(Clone, Debug, Serialize)]
pub struct DigestEntry {
    /// The headline.
    pub title: String,
    /// The whole address.
    pub url: String,
    /// The label over the headline, or the section.
    pub label: Option<String>,
    /// The standfirst, else the lede; of a correction its text.
    pub text: String,
    /// When it was published: a date, or a moment in ISO 8601.
    pub date: String,
    /// Whether it is a correction.
    pub is_correction: bool,
}

/// What was published in a language after a moment.
pub fn digest(edition: &Edition, language: &str, since: Timestamp) -> Digest {
    let world = &edition.world;
    let site = &world.site;
    let zone = &site.config.timezone;
    let new = |at: Timestamp| at > since;
    let all = site.groups.of(Group::All, language);
    let briefings: Vec<DigestEntry> = all
        .iter()
        .filter_map(|id| Some((*id, site.entries[*id].published?)))
        .take_while(|(_, published)| new(published.at))
        .map(|(id, published)| {
            let entry = &site.entries[id];
            let card = world.card_view(id).clone();
            let front = &entry.front;
            let text = front.description.as_deref().map(markdown::plain);
            DigestEntry {
                title: card.title,
                url: card.permalink,
                label: card.kicker.or(card.section.map(|section| section.title)),
                text: text.unwrap_or_else(|| entry.document.facts.lede.clone()),
                date: published.as_written(zone),
                is_correction: false,
            }
        })
        .collect();
    let corrections = route::corrections(site, language).into_iter().filter_map(|(id, i)| {
        let entry = &site.entries[id];
        let correction = &entry.front.corrections[i];
        let is_new_itself = entry.published.is_some_and(|published| new(published.at));
        (new(correction.date.value.at) && !is_new_itself).then(|| DigestEntry {
            title: entry.title().to_owned(),
            url: format!("{}#{}", views::permalink(world, &entry.url), views::correction_id(i)),
            label: Some(meta::text(edition, language, correction.kind.as_str())),
            text: markdown::plain(&correction.text),
            date: correction.date.value.as_written(zone),
            is_correction: true,
        })
    });
    let title = meta::text(edition, language, "digest_title");
    Digest {
        title: title.replace("{site}", meta::site_title(site, language)),
        home: whole(world, &site.href(&list_url(site, &List::Home, language))),
        date: super::now(edition),
        briefings,
        corrections: corrections.collect(),
    }
}

impl Digest {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.briefings.is_empty() && self.corrections.is_empty()
    }
}

/// A digest by a template: `digest.html` for mail, `digest.txt` for everybody.
pub fn page(
    edition: &Edition,
    digest: &Digest,
    language: &str,
    name: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<String> {
    let mut context = context(edition, language);
    context.insert("digest", digest);
    let span = Span::file(&SitePath::new("nutgraf.yaml"));
    let bytes = template(edition, name, &context, &span, diagnostics)?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A digest as messages, in the HTML that Telegram knows; none longer than it takes.
pub fn messages(edition: &Edition, digest: &Digest, language: &str) -> Vec<String> {
    let mut blocks = vec![format!("<b>{}</b>", escaped(&digest.title))];
    blocks.extend(digest.briefings.iter().map(block));
    if !digest.corrections.is_empty() {
        blocks.push(format!("<b>{}</b>", escaped(&meta::text(edition, language, "digest_corrections"))));
        blocks.extend(digest.corrections.iter().map(block));
    }
    let mut messages: Vec<String> = Vec::new();
    for block in blocks {
        match messages.last_mut() {
            Some(last) if units(last) + units(&block) + 2 <= LONGEST_MESSAGE => {
                last.push_str("\n\n");
                last.push_str(&block);
            }
            Some(_) | None => messages.push(block),
        }
    }
    messages
}

/// One entry: the headline leads to its page.
fn block(entry: &DigestEntry) -> String {
    let made = |title: &str, text: &str| {
        let (url, title, text) = (escaped(&entry.url).replace('"', "&quot;"), escaped(title), escaped(text));
        let label = match (&entry.label, entry.is_correction) {
            (Some(label), true) => format!("{}. ", escaped(label)),
            _ => String::new(),
        };
        format!("<b><a href=\"{url}\">{title}</a></b>\n{label}{text}")
    };
    let whole = made(&entry.title, &entry.text);
    if units(&whole) <= LONGEST_MESSAGE {
        return whole;
    }
    // What is escaped is longer by as much as five times.
    let most = LONGEST_MESSAGE / 8;
    made(&excerpt::of(&entry.title, most / 2), &excerpt::of(&entry.text, most))
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What Telegram's HTML asks to be escaped.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
