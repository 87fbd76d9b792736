//! The calendar that tariffs go by: dates and times of day in England, and England's bank holidays by rule.

use std::{fmt, str::FromStr};

use jiff::{
    ToSpan,
    civil::{Date, Weekday as JiffWeekday, date},
    tz::TimeZone,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::{Timestamp, london};

/// A date on the calendar in England; written `2026-12-25`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalDate(Date);

/// The text is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a date such as 2026-12-25")]
pub struct NotADate;

impl FromStr for LocalDate {
    type Err = NotADate;
    fn from_str(text: &str) -> Result<Self, NotADate> {
        // Jiff reads more than a date out of a longer text; here a date is all there may be.
        if text.len() != 10 {
            return Err(NotADate);
        }
        text.parse().map(Self).map_err(|_| NotADate)
    }
}

impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// The text is no day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a day of the week such as saturday")]
pub struct NotAWeekday;

impl Weekday {
    /// Every day, Monday first.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// As people in England write it: `Saturday`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }
}

impl FromStr for Weekday {
    type Err = NotAWeekday;
    fn from_str(text: &str) -> Result<Self, NotAWeekday> {
        Self::ALL.into_iter().find(|day| day.as_str() == text).ok_or(NotAWeekday)
    }
}

/// A time of day to the minute; written `22:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    minutes: u16,
}

/// The text is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of day from 00:00 to 23:59")]
pub struct NotATimeOfDay;

impl TimeOfDay {
    /// A time by hour and minute; none when there is no such time.
    #[must_use]
    pub const fn of(hour: u8, minute: u8) -> Option<Self> {
        if hour < 24 && minute < 60 {
            let minutes = (hour as u16).saturating_mul(60).saturating_add(minute as u16);
            Some(Self { minutes })
        } else {
            None
        }
    }

    /// Whether it lies in the stretch from `from` to before `to`; one that ends before it begins goes over midnight.
    #[must_use]
    pub fn within(self, from: Self, to: Self) -> bool {
        if from < to { from <= self && self < to } else { from <= self || self < to }
    }
}

impl FromStr for TimeOfDay {
    type Err = NotATimeOfDay;
    fn from_str(text: &str) -> Result<Self, NotATimeOfDay> {
        let digits = |part: &str| -> Option<u8> {
            (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
        };
        let (hour, minute) = text.split_once(':').ok_or(NotATimeOfDay)?;
        let (hour, minute) = digits(hour).zip(digits(minute)).ok_or(NotATimeOfDay)?;
        Self::of(hour, minute).ok_or(NotATimeOfDay)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A moment as a clock and a calendar in England show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LondonTime {
    /// The date.
    pub date: LocalDate,
    /// The day of the week.
    pub weekday: Weekday,
    /// The time, to the minute that has begun.
    pub time: TimeOfDay,
}

impl LondonTime {
    /// The moment in Europe/London: every moment has exactly one time there, both sides of a clock change.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        // Ten digits are inside jiff's range.
        let instant = jiff::Timestamp::from_second(moment.seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let local = instant.to_zoned(london()).datetime();
        let minutes = u16::from(local.hour().unsigned_abs())
            .saturating_mul(60)
            .saturating_add(u16::from(local.minute().unsigned_abs()));
        Self { date: LocalDate(local.date()), weekday: weekday(local.date()), time: TimeOfDay { minutes } }
    }
}

fn weekday(day: Date) -> Weekday {
    match day.weekday() {
        JiffWeekday::Monday => Weekday::Monday,
        JiffWeekday::Tuesday => Weekday::Tuesday,
        JiffWeekday::Wednesday => Weekday::Wednesday,
        JiffWeekday::Thursday => Weekday::Thursday,
        JiffWeekday::Friday => Weekday::Friday,
        JiffWeekday::Saturday => Weekday::Saturday,
        JiffWeekday::Sunday => Weekday::Sunday,
    }
}

impl LocalDate {
    /// The moment at which the day begins in England.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        let start = self.0.to_zoned(london()).or_else(|_| self.0.to_zoned(TimeZone::UTC));
        Timestamp::clamped(start.map_or(0, |zoned| zoned.timestamp().as_second()))
    }

    /// As people in England read it: `Fri 25 Dec 2026`.
    #[must_use]
    pub fn in_words(self) -> String {
        self.0.strftime("%a %-d %b %Y").to_string()
    }

    /// The bank holiday in England that the date is by rule, or the day that another one is taken on; none on an
    /// ordinary day.
    ///
    /// By the Banking and Financial Dealings Act 1971 and what is proclaimed under it every year: New Year's Day, Good
    /// Friday, Easter Monday, the first and last Monday in May, the last Monday in August, Christmas Day and Boxing
    /// Day. One that falls on a weekend is also taken on the next weekday that is none; the day itself stays one too,
    /// because a driver who works on Christmas Day works on Christmas Day. What is proclaimed for one year alone is a
    /// tariff's to add.
    #[must_use]
    pub fn bank_holiday(self) -> Option<&'static str> {
        let year = self.0.year();
        bank_holidays(year).into_iter().find(|(day, _)| *day == self.0).map(|(_, name)| name)
    }
}

/// Every bank holiday of a year in England, with the days that those on a weekend are taken on.
fn bank_holidays(year: i16) -> Vec<(Date, &'static str)> {
    let easter = easter(year);
    let mut days = Vec::with_capacity(12);
    let mut add = |day: Option<Date>, name| days.extend(day.map(|day| (day, name)));
    let fixed = |month, day| Date::new(year, month, day).ok();
    let new_year = fixed(1, 1);
    add(new_year, "New Year's Day");
    add(new_year.and_then(|day| substitute(day, &[])), "New Year's Day (substitute day)");
    add(easter.and_then(|sunday| sunday.checked_sub(2.days()).ok()), "Good Friday");
    add(easter.and_then(|sunday| sunday.checked_add(1.day()).ok()), "Easter Monday");
    add(fixed(5, 1).and_then(|may| may.nth_weekday_of_month(1, JiffWeekday::Monday).ok()), "Early May");
    add(fixed(5, 1).and_then(|may| may.nth_weekday_of_month(-1, JiffWeekday::Monday).ok()), "Spring");
    add(fixed(8, 1).and_then(|august| august.nth_weekday_of_month(-1, JiffWeekday::Monday).ok()), "Summer");
    let (christmas, boxing) = (fixed(12, 25), fixed(12, 26));
    add(christmas, "Christmas Day");
    add(boxing, "Boxing Day");
    // Boxing Day keeps its Monday; Christmas Day goes round it.
    let taken: Vec<Date> = boxing.into_iter().collect();
    let christmas_on = christmas.and_then(|day| substitute(day, &taken));
    add(christmas_on, "Christmas Day (substitute day)");
    let taken: Vec<Date> = christmas_on.into_iter().collect();
    add(boxing.and_then(|day| substitute(day, &taken)), "Boxing Day (substitute day)");
    days
}

/// The first weekday after a weekend day that is none of those taken; none when the day is no weekend day.
fn substitute(day: Date, taken: &[Date]) -> Option<Date> {
    let weekend = |day: Date| matches!(day.weekday(), JiffWeekday::Saturday | JiffWeekday::Sunday);
    if !weekend(day) {
        return None;
    }
    (1..=4)
        .filter_map(|on: i32| day.checked_add(on.days()).ok())
        .find(|day| !weekend(*day) && !taken.contains(day))
}

/// Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus/Jones/Butcher).
fn easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let of = |n: i32, d: i32| (n.div_euclid(d), n.rem_euclid(d));
    #[expect(clippy::arithmetic_side_effects, reason = "years have five digits at most")]
    let (month, day) = {
        let a = of(y, 19).1;
        let (b, c) = of(y, 100);
        let (d, e) = of(b, 4);
        let f = of(b + 8, 25).0;
        let g = of(b - f + 1, 3).0;
        let h = of(19 * a + b - d - g + 15, 30).1;
        let (i, k) = of(c, 4);
        let l = of(32 + 2 * e + 2 * i - h - k, 7).1;
        let m = of(a + 11 * h + 22 * l, 451).0;
        let (month, day) = of(h + l - 7 * m + 114, 31);
        (month, day + 1)
    };
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The date by its numbers, for the tariffs and tests that are written here.
///
/// # Panics
/// When there is no such date, at compile time.
#[must_use]
pub const fn on(year: i16, month: i8, day: i8) -> LocalDate {
    LocalDate(date(year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holidays(year: i16) -> Vec<String> {
        let mut days = bank_holidays(year);
        days.sort();
        days.iter().map(|(day, name)| format!("{day} {name}")).collect()
    }

    /// As gov.uk lists them for England and Wales, with the weekend days themselves.
    #[test]
    fn the_years_ahead() {
        assert_eq!(
            holidays(2026),
            [
                "2026-01-01 New Year's Day",
                "2026-04-03 Good Friday",
                "2026-04-06 Easter Monday",
                "2026-05-04 Early May",
                "2026-05-25 Spring",
                "2026-08-31 Summer",
                "2026-12-25 Christmas Day",
                "2026-12-26 Boxing Day",
                "2026-12-28 Boxing Day (substitute day)",
            ]
        );
        assert_eq!(
            holidays(2027),
            [
                "2027-01-01 New Year's Day",
                "2027-03-26 Good Friday",
                "2027-03-29 Easter Monday",
                "2027-05-03 Early May",
                "2027-05-31 Spring",
                "2027-08-30 Summer",
                "2027-12-25 Christmas Day",
                "2027-12-26 Boxing Day",
                "2027-12-27 Christmas Day (substitute day)",
                "2027-12-28 Boxing Day (substitute day)",
            ]
        );
        // Christmas on a Sunday: Boxing Day keeps its Monday.
        assert_eq!(holidays(2022).last().unwrap(), "2022-12-27 Christmas Day (substitute day)");
        assert!(holidays(2022).contains(&"2022-01-03 New Year's Day (substitute day)".to_owned()));
        assert_eq!(holidays(2022).iter().filter(|day| day.contains("2022-12")).count(), 3);
        assert!(holidays(2028).contains(&"2028-01-03 New Year's Day (substitute day)".to_owned()));
    }

    /// From the Church's tables (and the United States Naval Observatory's): first and last possible among them.
    #[test]
    fn easter_sundays() {
        for (year, month, day) in [
            (2008, 3, 23),
            (2011, 4, 24),
            (2019, 4, 21),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2030, 4, 21),
            (2038, 4, 25),
            (2049, 4, 18),
            (2076, 4, 19),
            (2285, 3, 22),
        ] {
            assert_eq!(easter(year), Date::new(year, month, day).ok(), "{year}");
        }
    }

    #[test]
    fn london_reads_both_sides_of_both_clock_changes() {
        let at = |seconds| LondonTime::at(Timestamp::new(seconds).unwrap());
        let shown = |t: LondonTime| format!("{} {} {}", t.weekday.as_str(), t.date, t.time);
        // 29 March 2026, 01:00 UTC: forward.
        assert_eq!(shown(at(1_774_745_999)), "sunday 2026-03-29 00:59");
        assert_eq!(shown(at(1_774_746_000)), "sunday 2026-03-29 02:00");
        // 25 October 2026, 01:00 UTC: back. The hour from one to two comes twice.
        assert_eq!(shown(at(1_792_886_400)), "sunday 2026-10-25 01:00");
        assert_eq!(shown(at(1_792_890_000)), "sunday 2026-10-25 01:00");
        assert_eq!(on(2026, 10, 25).begins().seconds(), 1_792_882_800);
        assert_eq!(on(2026, 10, 5).in_words(), "Mon 5 Oct 2026");
        assert_eq!(on(2026, 10, 26).begins().since(on(2026, 10, 25).begins()), 25 * 3_600);
    }

    #[test]
    fn windows_go_over_midnight() {
        let t = |text: &str| text.parse::<TimeOfDay>().unwrap();
        for (time, inside) in [
            ("22:00", true),
            ("23:59", true),
            ("00:00", true),
            ("05:59", true),
            ("06:00", false),
            ("21:59", false),
        ] {
            assert_eq!(t(time).within(t("22:00"), t("06:00")), inside, "{time}");
        }
        assert!(t("12:00").within(t("09:00"), t("17:00")) && !t("17:00").within(t("09:00"), t("17:00")));
        for bad in ["24:00", "1:00", "01:60", "0100", "+1:00", "01:00:00", ""] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
        for bad in ["2026-13-01", "2026-02-30", "26-12-25", "2026-12-25T00:00", ""] {
            assert!(bad.parse::<LocalDate>().is_err(), "{bad}");
        }
    }
}
