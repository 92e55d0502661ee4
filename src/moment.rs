//! Dates and times as authors write them: an instant, or a date at its true precision.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

/// A point in time as written in front matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The instant; a date alone is the start of that day in the site's time zone.
    pub at: Timestamp,
    /// Whether a time of day was written.
    pub has_time: bool,
}

impl Moment {
    /// Reads `2023-09-11`, `2023-09-11 10:00[:00[.000]]` or `2023-09-11T10:00:00`, each with an optional
    /// offset (`Z`, `+06:00`, `+0600`, ` -5`). Without an offset it is the zone's time on that date.
    pub fn parse(text: &str, zone: &TimeZone) -> Option<Self> {
        let text = text.trim();
        let date = parse_date(text.get(..10)?)?;
        let rest = &text[10..];
        if rest.is_empty() {
            return Some(Self { at: start_of_day(date, zone)?, has_time: false });
        }
        let rest = rest.strip_prefix(['T', 't', ' '])?.trim_start();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(rest.len());
        let local = DateTime::from_parts(date, parse_time(&rest[..end])?);
        let offset = rest[end..].trim_start();
        let at = if offset.is_empty() {
            local.to_zoned_datetime(zone.clone()).ok()?.timestamp()
        } else {
            parse_offset(offset)?.to_timestamp(local).ok()?
        };
        Some(Self { at, has_time: true })
    }

    /// The moment as read on a clock in a zone.
    pub fn zoned(self, zone: &TimeZone) -> ZonedDateTime {
        self.at.to_zoned_datetime(zone.clone())
    }

    /// The date it is in a zone.
    pub fn date(self, zone: &TimeZone) -> Date {
        self.zoned(zone).date()
    }

    /// As written, for templates: `2023-09-11`, or [`Self::iso`] when a time of day was written.
    pub fn as_written(self, zone: &TimeZone) -> String {
        if self.has_time { self.iso(zone) } else { self.date(zone).to_string() }
    }

    /// RFC 822 with four digits of the year, as RSS wants it: `Mon, 11 Sep 2023 10:00:00 +0600`.
    pub fn rfc822(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
    }

    /// ISO 8601 with the zone's offset at that moment, as metadata wants it: `2023-09-11T10:00:00+06:00`.
    pub fn iso(self, zone: &TimeZone) -> String {
        self.zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

fn start_of_day(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    if date.year() == 9999 {
        // What people write for "never".
        return Some(Timestamp::MAX);
    }
    Some(date.to_zoned_datetime(zone.clone()).ok()?.timestamp())
}

/// Reads `2023-09-11`.
pub fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let shape = year.len() == 4 && month.len() == 2 && day.len() == 2 && parts.next().is_none();
    if !shape || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Reads `9:05`, `09:05:00` or `09:05:00.000`; a fraction of a second is dropped.
fn parse_time(text: &str) -> Option<Time> {
    let whole = text.split('.').next()?;
    let mut parts = whole.split(':');
    let hour: i8 = parts.next()?.parse().ok()?;
    let minute = parts.next().filter(|m| m.len() == 2)?.parse().ok()?;
    let second = match parts.next() {
        Some(second) if second.len() == 2 => second.parse().ok()?,
        Some(_) => return None,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    Time::new(hour, minute, second, 0).ok()
}

/// Reads `Z`, `+06:00`, `+0600` or `-5`.
fn parse_offset(text: &str) -> Option<Offset> {
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(Offset::UTC);
    }
    let (sign, digits) = match text.as_bytes()[0] {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let hours: i32 = hours.parse().ok().filter(|h| (0..=15).contains(h))?;
    let minutes: i32 = minutes.parse().ok().filter(|m| (0..60).contains(m))?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// A date at the precision at which it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partial {
    /// `2020`
    Year(i16),
    /// `2020-11`
    Month(i16, i8),
    /// `2020-11-09`
    Day(Date),
}

impl Partial {
    /// Reads `2020`, `2020-11` or `2020-11-09`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return None;
        }
        match text.len() {
            4 => Some(Self::Year(text.parse().ok()?)),
            7 => {
                let (year, month) = text.split_once('-')?;
                let month: i8 = month.parse().ok().filter(|m| (1..=12).contains(m))?;
                (year.len() == 4).then_some(Self::Month(year.parse().ok()?, month))
            }
            10 => parse_date(text).map(Self::Day),
            _ => None,
        }
    }
}

impl Partial {
    /// The year, month and day it begins on.
    fn start(self) -> (i16, i8, i8) {
        match self {
            Self::Year(year) => (year, 1, 1),
            Self::Month(year, month) => (year, month, 1),
            Self::Day(date) => (date.year(), date.month(), date.day()),
        }
    }
}

/// Reads a date at its precision, or two with `/` between as a period.
pub fn parse_period(text: &str) -> Option<(Partial, Option<Partial>)> {
    match text.split_once('/') {
        None => Some((Partial::parse(text)?, None)),
        Some((from, to)) => {
            let (from, to) = (Partial::parse(from)?, Partial::parse(to)?);
            (from.start() <= to.start()).then_some((from, Some(to)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(text: &str) -> Option<String> {
        let zone = TimeZone::get("Asia/Almaty").expect("bundled");
        Moment::parse(text, &zone).map(|m| m.iso(&zone))
    }

    #[test]
    fn every_form_of_a_date_is_read() {
        let ten = Some("2023-09-11T10:00:00+06:00".to_owned());
        for text in [
            "2023-09-11 10:00",
            "2023-09-11 10:00:00",
            "2023-09-11 10:00:00.000",
            "2023-09-11T10:00:00",
            "2023-09-11T10:00:00+06:00",
            "2023-09-11 10:00 +0600",
            "2023-09-11 10:00:00 +06:00",
            "2023-09-11T04:00:00Z",
            "2023-09-10 23:00 -5",
            "2023-09-11 4:00 Z",
        ] {
            assert_eq!(iso(text), ten, "{text}");
        }
        assert_eq!(iso("2023-09-11"), Some("2023-09-11T00:00:00+06:00".into()));
    }

    #[test]
    fn the_zone_is_the_one_of_that_date() {
        // Kazakhstan moved to UTC+5 on 1 March 2024.
        assert_eq!(iso("2024-02-29 12:00"), Some("2024-02-29T12:00:00+06:00".into()));
        assert_eq!(iso("2024-03-02 12:00"), Some("2024-03-02T12:00:00+05:00".into()));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "11.09.2023",
            "2023-9-1",
            "2023-13-01",
            "2023-02-30",
            "2023-09-11 25:00",
            "2023-09-11 10",
            "2023-09-11x",
            "2023-09-11 10:00 +x",
            "é023-09-11",
        ] {
            assert_eq!(iso(text), None, "{text}");
        }
    }

    #[test]
    fn a_period_keeps_its_precision() {
        assert_eq!(parse_period("2020"), Some((Partial::Year(2020), None)));
        assert_eq!(
            parse_period("2020-09/2020-11"),
            Some((Partial::Month(2020, 9), Some(Partial::Month(2020, 11))))
        );
        assert_eq!(parse_period("2020-13"), None);
        assert_eq!(parse_period("2023/2019"), None);
        assert_eq!(parse_period("autumn"), None);
    }
}
