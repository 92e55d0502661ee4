//! What the clock lets through. Everything that is withheld is left out before anything is derived from it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::document::Front;
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
    /// Whether drafts are shown.
    pub drafts: bool,
}

impl Withheld {
    /// Why a document with this front matter is not published, or `None` when it is.
    pub fn of(front: &Front, clock: Clock) -> Option<Self> {
        if front.draft == Some(true) && !clock.drafts {
            return Some(Self::Draft);
        }
        if let Some(embargo) = &front.embargo
            && embargo.value.at > clock.now
        {
            return Some(Self::Embargo(embargo.value));
        }
        if let Some(expires) = &front.expires
            && expires.value.at <= clock.now
        {
            return Some(Self::Expired(expires.value));
        }
        if let Some(date) = &front.date
            && date.value.at > clock.now
        {
            return Some(Self::Future(date.value));
        }
        None
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
