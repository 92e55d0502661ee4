//! What the clock lets through. Everything that is withheld is left out before anything is derived from it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::document::{Document, Front};
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

/// A document that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub path: SitePath,
    /// Why.
    pub why: Withheld,
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

/// The next moment after `now` at which a site with this document would be another: it appears, ends, stops
/// leading the front page, gets a correction, or a version of an explainer begins.
pub fn next(document: &Document, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let front = &document.front;
    let located = [&front.date, &front.updated, &front.embargo, &front.expires].into_iter().flatten();
    let moments = located.map(|moment| moment.value).chain(front.pin);
    let corrections = front.corrections.iter().map(|correction| correction.date.value);
    let as_of = front.as_of.as_ref().map(|date| date.value).or(document.identity.version);
    let begins = as_of.and_then(|date| Moment::parse(&date.to_string(), zone));
    let dated = [&front.date, &front.embargo].into_iter().flatten().map(|moment| moment.value);
    let old = dated.max_by_key(|moment| moment.at).map(|published| old_at(published, zone));
    let due = front.review_by.as_ref().and_then(|date| due_at(date.value, zone));
    let moments = moments.chain(corrections).chain(begins).map(|moment| moment.at);
    moments.chain(old).chain(due).filter(|at| *at > now).min()
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
        let when = |moment: Moment| {
            let pattern = if moment.has_time { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d" };
            moment.zoned(zone).strftime(pattern).to_string()
        };
        match self {
            Self::Draft => "a draft".into(),
            Self::Embargo(moment) => format!("under embargo until {}", when(moment)),
            Self::Future(moment) => format!("dated {}", when(moment)),
            Self::Expired(moment) => format!("expired {}", when(moment)),
        }
    }
}
