//! What a tariff says of times: uplifts, and the calendar they go by.

use serde::{Deserialize, Serialize};

use super::{BasisPoints, Code, Label, Terms};
use crate::{
    calendar::{LocalDate, LondonTime, TimeOfDay, Weekday},
    pricing::Rule,
    time::Timestamp,
};

/// When an uplift counts, by the clock and calendar in Europe/London at the pickup time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum When {
    /// Every night, from one time of day to before another; over midnight when it ends before it begins.
    Night {
        /// The first minute of it.
        from: TimeOfDay,
        /// The first minute after.
        to: TimeOfDay,
    },
    /// On these days, from midnight to midnight.
    Weekend {
        /// Usually Saturday and Sunday.
        days: Vec<Weekday>,
    },
    /// On bank holidays, from midnight to midnight.
    BankHoliday,
}

/// A share of the fare that is added at some times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Uplift {
    /// What the tariff calls it.
    pub code: Code,
    /// What people call it.
    pub name: Label,
    /// When it counts.
    #[serde(flatten)]
    pub when: When,
    /// How much of the fare is added.
    pub basis_points: BasisPoints,
}

impl Uplift {
    /// The rule that its line names.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        match self.when {
            When::Night { .. } => Rule::NightUplift,
            When::Weekend { .. } => Rule::WeekendUplift,
            When::BankHoliday => Rule::BankHolidayUplift,
        }
    }
}

/// What counts when several uplifts fit a pickup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The highest alone; of equal ones the first in the tariff.
    Highest,
    /// Every one, each on the fare without the others.
    Sum,
}

/// What is added at some times, and the rules for where that meets something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Uplifts {
    /// Each of them.
    pub entries: Vec<Uplift>,
    /// What counts when several fit.
    pub overlap: Overlap,
    /// Whether they count for fixed prices too.
    pub on_fixed_prices: bool,
}

/// England's bank holidays by rule, and what a tariff changes about them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BankHolidays {
    /// Days that are one too: proclaimed for one year alone.
    pub also: Vec<LocalDate>,
    /// Days by rule that are none: moved to another day for one year.
    pub except: Vec<LocalDate>,
}

impl BankHolidays {
    /// The bank holiday that a date is; none on an ordinary day.
    #[must_use]
    pub fn on(&self, date: LocalDate) -> Option<&'static str> {
        if self.also.contains(&date) {
            return Some("Bank holiday");
        }
        date.bank_holiday().filter(|_| !self.except.contains(&date))
    }
}

impl Terms {
    /// Whether an uplift fits a pickup time, and in words what that time is to it:
    /// `22:30 in London is between 22:00 and 06:00`.
    #[must_use]
    pub fn fits(&self, uplift: &Uplift, pickup: Timestamp) -> (bool, String) {
        let local = LondonTime::at(pickup);
        let date = local.date.in_words();
        match &uplift.when {
            When::Night { from, to } => {
                let fits = local.time.within(*from, *to);
                let is = if fits { "is" } else { "is not" };
                (fits, format!("{} in London {is} between {from} and {to}", local.time))
            }
            When::Weekend { days } => {
                let fits = days.contains(&local.weekday);
                let named: Vec<&str> = days.iter().map(|day| day.name()).collect();
                let is = if fits { "is" } else { "is not" };
                (fits, format!("{date} {is} a {}", or(&named)))
            }
            When::BankHoliday => match self.bank_holidays.on(local.date) {
                Some(name) => (true, format!("{date} is a bank holiday: {name}")),
                None => (false, format!("{date} is not a bank holiday")),
            },
        }
    }
}

fn or(words: &[&str]) -> String {
    match words {
        [] => "day at all".to_owned(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
