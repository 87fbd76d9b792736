//! Time as the platform keeps it: UTC Unix seconds, and UTC days for schedules.

use std::fmt;

use jiff::{ToSpan, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize};

/// A length of time in whole seconds; never negative.
pub type Seconds = u32;

/// The zone in which customers read a clock and tariffs judge night and day.
#[must_use]
pub fn london() -> TimeZone {
    static LONDON: TimeZone = jiff::tz::get!("Europe/London");
    LONDON.clone()
}

/// A moment in UTC Unix seconds, always of ten digits (9 September 2001 to 20 November 2286), so that it sorts
/// in a key as it sorts in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// The seconds given are not a ten-digit Unix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a Unix time in seconds of ten digits")]
pub struct NotATimestamp;

impl Timestamp {
    /// 9 September 2001, the first moment of ten digits.
    pub const MIN: Self = Self(1_000_000_000);
    /// 20 November 2286, the last moment of ten digits.
    pub const MAX: Self = Self(9_999_999_999);

    /// Unix seconds to a moment.
    ///
    /// # Errors
    /// When the number does not have ten digits: milliseconds sent by mistake, or nonsense.
    pub const fn new(seconds: i64) -> Result<Self, NotATimestamp> {
        if seconds >= Self::MIN.0 && seconds <= Self::MAX.0 { Ok(Self(seconds)) } else { Err(NotATimestamp) }
    }

    /// The nearest moment that can be kept; for clocks, which are right in all but absurd cases.
    #[must_use]
    pub fn clamped(seconds: i64) -> Self {
        Self(seconds.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Unix seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The moment this much later; stops at [`Timestamp::MAX`].
    #[must_use]
    pub fn plus(self, seconds: Seconds) -> Self {
        Self::clamped(self.0.saturating_add(i64::from(seconds)))
    }

    /// The moment this much earlier; stops at [`Timestamp::MIN`].
    #[must_use]
    pub fn minus(self, seconds: Seconds) -> Self {
        Self::clamped(self.0.saturating_sub(i64::from(seconds)))
    }

    /// Seconds from `earlier` to this moment, 0 when it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }

    /// The UTC day it falls on.
    #[must_use]
    pub fn day(self) -> Day {
        Day(self.instant().to_zoned(TimeZone::UTC).date())
    }

    /// The same time of day in UTC a number of calendar months later.
    #[must_use]
    pub fn plus_months(self, months: i8) -> Self {
        let later = self.instant().to_zoned(TimeZone::UTC).checked_add(i32::from(months).months());
        later.map_or(Self::MAX, |zoned| Self::clamped(zoned.timestamp().as_second()))
    }

    /// As a customer in England reads it: `Fri 20 Nov 2026, 14:30`.
    #[must_use]
    pub fn in_london(self) -> String {
        self.instant().to_zoned(london()).strftime("%a %-d %b %Y, %H:%M").to_string()
    }

    /// In UTC, as a `strftime` format says.
    #[must_use]
    pub fn in_utc(self, format: &str) -> String {
        self.instant().to_zoned(TimeZone::UTC).strftime(format).to_string()
    }

    fn instant(self) -> jiff::Timestamp {
        // Ten digits are inside jiff's range (years -9999 to 9999).
        jiff::Timestamp::from_second(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// A UTC day, the unit in which schedules are kept; written `2026-11-20`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(Date);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A half-open stretch of time, `from` included and `to` not; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// First moment inside.
    pub from: Timestamp,
    /// First moment after.
    pub to: Timestamp,
}

impl Interval {
    /// The stretch that starts at `from` and lasts at least one second.
    #[must_use]
    pub fn starting(from: Timestamp, lasts: Seconds) -> Self {
        Self { from, to: from.plus(lasts.max(1)) }
    }

    /// The same stretch, with `margin` more on either side.
    #[must_use]
    pub fn widened(self, margin: Seconds) -> Self {
        Self { from: self.from.minus(margin), to: self.to.plus(margin) }
    }

    /// Whether the two share a moment.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Every UTC day that shares a moment with it, in order.
    #[must_use]
    pub fn days(self) -> Vec<Day> {
        let last = self.to.minus(1).day();
        let mut days = vec![self.from.day()];
        while let Some(next) = days.last().filter(|day| **day < last).and_then(|day| day.0.tomorrow().ok()) {
            days.push(Day(next));
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(seconds).unwrap()
    }

    #[test]
    fn a_moment_has_ten_digits() {
        assert_eq!(Timestamp::new(999_999_999), Err(NotATimestamp));
        assert_eq!(Timestamp::new(1_733_842_200_000), Err(NotATimestamp), "milliseconds");
        assert_eq!(at(1_733_842_200).to_string().len(), 10);
        assert_eq!(Timestamp::MAX.plus(10), Timestamp::MAX);
    }

    #[test]
    fn customers_read_london_time_both_sides_of_a_clock_change() {
        // 29 March 2026: clocks go forward at 01:00 UTC.
        assert_eq!(at(1_774_745_999).in_london(), "Sun 29 Mar 2026, 00:59");
        assert_eq!(at(1_774_746_000).in_london(), "Sun 29 Mar 2026, 02:00");
    }

    #[test]
    fn an_interval_names_each_day_it_touches() {
        let evening = at(1_795_219_200 - 300); // 2026-11-20T23:55:00Z
        assert_eq!(evening.day().to_string(), "2026-11-20");
        let over = Interval::starting(evening, 600);
        assert_eq!(
            over.days().iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["2026-11-20", "2026-11-21"]
        );
        let to_midnight = Interval::starting(evening, 300);
        assert_eq!(to_midnight.days().len(), 1, "midnight itself is not inside");
        assert!(!to_midnight.overlaps(Interval::starting(to_midnight.to, 60)), "touching is not overlapping");
        assert!(to_midnight.widened(1).overlaps(Interval::starting(to_midnight.to, 60)));
    }
}
