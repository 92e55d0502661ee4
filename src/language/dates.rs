//! Dates in a language, by CLDR.

use icu_calendar::{Date as IcuDate, Gregorian};
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::{Y, YM, YMD, YMDT};
use icu_datetime::input::{DateTime as IcuDateTime, Time as IcuTime};
use icu_locale_core::Locale;
use jiff::ZonedDateTime;
use jiff::civil::Date;

use crate::moment::{Partial, parse_period};

/// The forms a date takes on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `September 9, 2023`
    Long,
    /// `Sep 9, 2023`
    Short,
    /// `September 9, 2023 at 10:00 AM`
    Time,
}

impl Style {
    /// The style of a name used in templates.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "long" => Some(Self::Long),
            "short" => Some(Self::Short),
            "time" => Some(Self::Time),
            _ => None,
        }
    }
}

/// The formatters of one language, made once.
pub struct DateFormats {
    long: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    short: FixedCalendarDateTimeFormatter<Gregorian, YMD>,
    time: FixedCalendarDateTimeFormatter<Gregorian, YMDT>,
    month: FixedCalendarDateTimeFormatter<Gregorian, YM>,
    year: FixedCalendarDateTimeFormatter<Gregorian, Y>,
}

impl DateFormats {
    /// The formatters of a language; of English when CLDR does not know it.
    pub fn new(language: &str) -> Self {
        let english = || Locale::try_from_str("en").expect("`en` is a locale");
        let locale = Locale::try_from_str(language).unwrap_or_else(|_| english());
        Self::of(&locale).or_else(|| Self::of(&english())).expect("English is compiled in")
    }

    fn of(locale: &Locale) -> Option<Self> {
        Some(Self {
            long: FixedCalendarDateTimeFormatter::try_new(locale.clone().into(), YMD::long()).ok()?,
            short: FixedCalendarDateTimeFormatter::try_new(locale.clone().into(), YMD::medium()).ok()?,
            time: FixedCalendarDateTimeFormatter::try_new(locale.clone().into(), YMD::long().with_time_hm())
                .ok()?,
            month: FixedCalendarDateTimeFormatter::try_new(locale.clone().into(), YM::long()).ok()?,
            year: FixedCalendarDateTimeFormatter::try_new(locale.clone().into(), Y::long()).ok()?,
        })
    }

    /// A date in a style.
    pub fn date(&self, date: Date, style: Style) -> String {
        let date = gregorian(date);
        match style {
            Style::Long | Style::Time => self.long.format(&date).to_string(),
            Style::Short => self.short.format(&date).to_string(),
        }
    }

    /// A moment in a style; only [`Style::Time`] shows the time of day.
    pub fn moment(&self, moment: &ZonedDateTime, style: Style) -> String {
        match style {
            Style::Long | Style::Short => self.date(moment.date(), style),
            Style::Time => {
                let clock = moment.time();
                let parts = |n: i8| u8::try_from(n).unwrap_or(0);
                let time = IcuTime::try_new(parts(clock.hour()), parts(clock.minute()), 0, 0)
                    .expect("jiff's hours and minutes are in range");
                self.time.format(&IcuDateTime { date: gregorian(moment.date()), time }).to_string()
            }
        }
    }

    /// A date or a period at its own precision, or `None` when the text is neither.
    pub fn period(&self, text: &str, style: Style) -> Option<String> {
        let (from, to) = parse_period(text)?;
        Some(match to {
            None => self.partial(from, style),
            Some(to) => format!("{} – {}", self.partial(from, style), self.partial(to, style)),
        })
    }

    fn partial(&self, partial: Partial, style: Style) -> String {
        match partial {
            Partial::Year(year) => match Date::new(year, 1, 1) {
                Ok(date) => self.year.format(&gregorian(date)).to_string(),
                Err(_) => year.to_string(),
            },
            Partial::Month(year, month) => match Date::new(year, month, 1) {
                Ok(date) => self.month.format(&gregorian(date)).to_string(),
                Err(_) => format!("{year}-{month}"),
            },
            Partial::Day(date) => self.date(date, style),
        }
    }
}

fn gregorian(date: Date) -> IcuDate<Gregorian> {
    let part = |n: i8| u8::try_from(n).unwrap_or(1);
    IcuDate::try_new_gregorian(i32::from(date.year()), part(date.month()), part(date.day()))
        .expect("jiff's dates are Gregorian dates")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_their_language_does() {
        let date = Date::new(2023, 9, 9).expect("a date");
        let long = |language: &str| DateFormats::new(language).date(date, Style::Long);
        assert_eq!(long("en"), "September 9, 2023");
        assert_eq!(long("ru"), "9 сентября 2023\u{202f}г.");
        assert_eq!(long("kk"), "2023\u{202f}ж. 9 қыркүйек");
        let time = date.at(10, 5, 0, 0).in_tz("Asia/Almaty").expect("a zone");
        assert_eq!(DateFormats::new("ru").moment(&time, Style::Time), "9 сентября 2023\u{202f}г. в 10:05");
    }

    #[test]
    fn a_period_is_written_at_its_precision() {
        let english = DateFormats::new("en");
        assert_eq!(english.period("2020", Style::Long).as_deref(), Some("2020"));
        assert_eq!(english.period("2020-11", Style::Long).as_deref(), Some("November 2020"));
        assert_eq!(
            english.period("2020-09/2020-11", Style::Long).as_deref(),
            Some("September 2020 – November 2020")
        );
        assert_eq!(english.period("soon", Style::Long), None);
        assert_eq!(
            DateFormats::new("ru").period("2020-11", Style::Long).as_deref(),
            Some("ноябрь 2020\u{202f}г.")
        );
    }
}
