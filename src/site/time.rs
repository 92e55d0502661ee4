//! What the clock lets through. Everything that is withheld is left out before anything is derived from it.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{Entry, Site, lead};
use crate::document::{Front, Kind};
use crate::moment::Moment;
use crate::path::SitePath;

/// Why a document is not published at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// It is unfinished.
    Draft,
    /// It must not appear before a moment.
    Embargo(Moment),
    /// Its date is later than now.
    Future(Moment),
    /// It is past its end.
    Expired(Moment),
}

/// A document that was left out. Nothing of a site is derived from it; what it is, only those know who ask what
/// is withheld.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// What it would be.
    pub entry: Arc<Entry>,
    /// Why.
    pub why: Withheld,
}

impl LeftOut {
    /// The file.
    pub fn path(&self) -> &SitePath {
        &self.entry.document.path
    }

    /// Whether a site without this links as without another one: they differ in words alone.
    pub fn links_like(&self, other: &Self) -> bool {
        self.path() == other.path() && self.why == other.why
    }
}

/// What of time decides which documents a site has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The instant the site is seen at.
    pub now: Timestamp,
    /// What is shown besides what is published.
    pub shows: Shows,
}

/// What of a site is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// What is published.
    Published,
    /// Drafts too.
    Drafts,
    /// What is to come too: drafts, and what is under embargo or dated later.
    Upcoming,
}

impl Shows {
    /// Whether a document withheld for this reason is shown all the same.
    pub fn lets_through(self, why: Withheld) -> bool {
        match (self, why) {
            (Self::Published, _) | (_, Withheld::Expired(_)) => false,
            (Self::Drafts, why) => why == Withheld::Draft,
            (Self::Upcoming, Withheld::Draft | Withheld::Embargo(_) | Withheld::Future(_)) => true,
        }
    }
}

/// What happens to a site by itself when a moment comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// A document appears, or a version of an explainer.
    Appears,
    /// A document ends.
    Expires,
    /// A briefing stops leading the front page.
    Unpinned,
    /// Its date of change comes.
    Updated,
    /// A correction appears.
    Corrected,
    /// A briefing is no news any more, to those who list it by its age.
    NoNews,
    /// A briefing is old, and says so.
    Old,
    /// An explainer was to be looked at again.
    ReviewDue,
}

impl Turn {
    /// What happens, in a few words that follow the name of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Appears => "appears",
            Self::Expires => "expires",
            Self::Unpinned => "stops leading the front page",
            Self::Updated => "shows its date of change",
            Self::Corrected => "shows a correction",
            Self::NoNews => "leaves the list of the last two days' news",
            Self::Old => "is a year old and says so",
            Self::ReviewDue => "is due for review and says so",
        }
    }
}

/// The next moment, after the one a site is seen at, at which it would be another, and what happens then, by file.
pub fn next(site: &Site) -> Option<(Timestamp, Vec<(SitePath, Turn)>)> {
    let zone = &site.config.timezone;
    let pages = site.entries.iter().map(|entry| (entry, true));
    let older = site.older.iter().map(|entry| (entry, false));
    // A draft waits for nobody's clock.
    let waiting = site.left_out.iter().filter(|left_out| left_out.why != Withheld::Draft);
    let all = pages.chain(older).chain(waiting.map(|left_out| (&left_out.entry, false)));
    let turns: Vec<(Timestamp, &SitePath, Turn)> = all
        .flat_map(|(entry, has_page)| {
            let leads = |at: Timestamp| lead(site, &entry.language, at);
            // The end of a pin is seen only where something else leads then.
            let is_seen = move |at: Timestamp, turn: Turn| {
                turn != Turn::Unpinned || leads(at.saturating_sub(1.nanosecond()).unwrap_or(at)) != leads(at)
            };
            let turns = turns(entry, has_page, zone).into_iter();
            // Who writes the year 9999 means never.
            let turns =
                turns.filter(move |(at, turn)| *at > site.now && *at < Timestamp::MAX && is_seen(*at, *turn));
            turns.map(|(at, turn)| (at, &entry.document.path, turn))
        })
        .collect();
    let at = turns.iter().map(|(at, _, _)| *at).min()?;
    let mut then: Vec<(SitePath, Turn)> =
        turns.into_iter().filter(|turn| turn.0 == at).map(|(_, path, turn)| (path.clone(), turn)).collect();
    then.sort();
    then.dedup();
    Some((at, then))
}

/// Every moment at which something happens to a document by itself. What is to happen before it appears or after
/// it ended changes nothing.
fn turns(entry: &Entry, has_page: bool, zone: &TimeZone) -> Vec<(Timestamp, Turn)> {
    let front = &entry.front;
    let version = front.as_of.as_ref().and_then(|date| midnight(date.value, zone));
    let published = entry.published.map(|moment| moment.at);
    let appears =
        published.into_iter().chain(version).chain(front.embargo.as_ref().map(|e| e.value.at)).max();
    let expires = front.expires.as_ref().map(|moment| moment.value.at);
    let mut turns: Vec<(Timestamp, Turn)> = Vec::new();
    let later = |moment: &Timestamp| published.is_none_or(|published| *moment > published);
    turns.extend(front.pin.map(|moment| (moment.at, Turn::Unpinned)));
    turns.extend(front.corrections.iter().map(|correction| (correction.date.value.at, Turn::Corrected)));
    if entry.kind == Kind::Briefing || has_page {
        let updated = front.updated.as_ref().map(|moment| moment.value.at).filter(later);
        turns.extend(updated.map(|at| (at, Turn::Updated)));
    }
    if entry.kind == Kind::Briefing {
        turns.extend(entry.published.map(|moment| (no_news_at(moment), Turn::NoNews)));
        turns.extend(entry.published.map(|moment| (old_at(moment, zone), Turn::Old)));
    }
    if has_page && let Some(date) = &front.review_by {
        turns.extend(due_at(date.value, zone).map(|at| (at, Turn::ReviewDue)));
    }
    turns.retain(|(at, _)| appears.is_none_or(|appears| *at > appears));
    turns.extend(appears.map(|at| (at, Turn::Appears)));
    turns.retain(|(at, _)| expires.is_none_or(|expires| *at < expires));
    turns
        .extend(expires.filter(|expires| appears.is_none_or(|a| a < *expires)).map(|at| (at, Turn::Expires)));
    turns
}

/// The corrections that are not shown yet: the file, and the moment each is dated.
pub fn withheld_corrections(site: &Site) -> Vec<(SitePath, Moment)> {
    let corrected = site.entries.iter().filter(|entry| !entry.front.corrections.is_empty());
    corrected
        .flat_map(|entry| {
            let later = entry.front.corrections.iter().map(|c| c.date.value).filter(|m| m.at > site.now);
            later.map(|moment| (entry.document.path.clone(), moment))
        })
        .collect()
}

/// When a briefing leaves the news sitemap: two days after its publication (Google's rule for them).
pub fn no_news_at(published: Moment) -> Timestamp {
    published.at.saturating_add(48.hours()).unwrap_or(Timestamp::MAX)
}

/// When a briefing is old, and says so: a year after its publication, to the day. It says so only once,
/// with a date and no count of years, so that an archive does not change again and again.
pub fn old_at(published: Moment, zone: &TimeZone) -> Timestamp {
    let date = published.date(zone).saturating_add(1.year());
    midnight(date, zone).unwrap_or(Timestamp::MAX)
}

/// When the date by which an explainer was to be looked at again has passed: at the end of that day.
pub fn due_at(review_by: Date, zone: &TimeZone) -> Option<Timestamp> {
    midnight(review_by.tomorrow().ok()?, zone)
}

/// A date as a moment: the start of that day.
pub fn day(date: Date, zone: &TimeZone) -> Option<Moment> {
    midnight(date, zone).map(|at| Moment { at, has_time: false })
}

fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(date.at(0, 0, 0, 0)).ok()
}

impl Withheld {
    /// Every reason why a document with this front matter is not published at a moment, the one to name
    /// first; none when it is.
    pub fn reasons(front: &Front, now: Timestamp) -> Vec<Self> {
        let draft = (front.draft == Some(true)).then_some(Self::Draft);
        let embargo = front.embargo.as_ref().map(|e| e.value).filter(|e| e.at > now).map(Self::Embargo);
        let expired = front.expires.as_ref().map(|e| e.value).filter(|e| e.at <= now).map(Self::Expired);
        let future = front.date.as_ref().map(|d| d.value).filter(|d| d.at > now).map(Self::Future);
        draft.into_iter().chain(embargo).chain(expired).chain(future).collect()
    }

    /// The reason in a few words, with the date it is about.
    pub fn reason(self, zone: &TimeZone) -> String {
        let when = |moment: Moment| when(moment, zone);
        match self {
            Self::Draft => "a draft".into(),
            Self::Embargo(moment) => format!("under embargo until {}", when(moment)),
            Self::Future(moment) => format!("dated {}", when(moment)),
            Self::Expired(moment) => format!("expired {}", when(moment)),
        }
    }
}

/// A moment in a site's zone, as messages say it: without a time of day when none was written.
pub fn when(moment: Moment, zone: &TimeZone) -> String {
    let pattern = if moment.has_time { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d" };
    moment.zoned(zone).strftime(pattern).to_string()
}
