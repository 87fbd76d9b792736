//! What a customer's cancelling costs.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{BasisPoints, WHOLE, check::Faults};
use crate::{money::Pence, time::Seconds};

/// The most rows.
const MOST_ROWS: usize = 20;
/// The most hours before the pickup that a row may begin at: a year.
const MOST_HOURS: u32 = 8_760;
const SECONDS_OF_AN_HOUR: Seconds = 3_600;

/// What is kept of a fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fee {
    /// So many pence, but never more than the fare.
    #[serde(rename = "fixed")]
    Fixed(Pence),
    /// A share of the fare.
    #[serde(rename = "percentBasisPoints")]
    Percent(BasisPoints),
}

impl Fee {
    /// Nothing.
    pub const NONE: Self = Self::Percent(0);

    /// What is kept of a fare, to the penny, half to even: never less than nothing or more than the fare.
    #[must_use]
    pub fn of(self, fare: Pence) -> Pence {
        let fare = fare.max(Pence::ZERO);
        let fee = match self {
            Self::Fixed(pence) => pence,
            // A share that cannot be worked out is more than the whole.
            Self::Percent(share) => fare.ratio(i64::from(share), i64::from(WHOLE)).unwrap_or(fare),
        };
        fee.clamp(Pence::ZERO, fare)
    }

    fn check(self, faults: &mut Faults, at: &str) {
        match self {
            Self::Fixed(pence) => faults.amount(format!("{at}/fixed"), pence),
            Self::Percent(share) => faults.at_most(format!("{at}/percentBasisPoints"), share, WHOLE),
        }
    }
}

/// What cancelling costs from a number of hours before the pickup on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancellationRow {
    /// It counts while at least so many hours are left, and no row with more of them does.
    pub hours_before: u32,
    /// What is kept of the fare.
    pub fee: Fee,
}

impl CancellationRow {
    fn begins_by(self, left: u64) -> bool {
        u64::from(self.hours_before).saturating_mul(u64::from(SECONDS_OF_AN_HOUR)) <= left
    }
}

/// What a customer's own cancelling costs, and not coming. When the operator cancels, it costs the customer nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancellationPolicy {
    /// The rows, in any order.
    pub rows: Vec<CancellationRow>,
    /// What is kept of the fare when nobody comes.
    pub no_show: Fee,
}

impl CancellationPolicy {
    /// One by which nothing is kept.
    #[must_use]
    pub fn free() -> Self {
        Self { rows: vec![CancellationRow { hours_before: 0, fee: Fee::NONE }], no_show: Fee::NONE }
    }

    /// The row that counts when so many seconds are left to the pickup; none only of a policy without a row for the last
    /// hour, which [`super::Terms::check`] lets nobody publish.
    #[must_use]
    pub fn row(&self, seconds_left: u64) -> Option<CancellationRow> {
        let begun = self.rows.iter().filter(|row| row.begins_by(seconds_left));
        begun.max_by_key(|row| row.hours_before).copied()
    }

    pub(super) fn check(&self, faults: &mut Faults) {
        self.no_show.check(faults, "/cancellation/noShow");
        if !faults.few("/cancellation/rows", self.rows.len(), MOST_ROWS) {
            return;
        }
        let mut seen = HashSet::new();
        for (place, row) in self.rows.iter().enumerate() {
            let at = |field: &str| format!("/cancellation/rows/{place}/{field}");
            faults.at_most(at("hoursBefore"), row.hours_before, MOST_HOURS);
            if !seen.insert(row.hours_before) {
                faults.add(at("hoursBefore"), format!("`{}` is there already", row.hours_before));
            }
            row.fee.check(faults, &at("fee"));
        }
        if !seen.contains(&0) {
            faults.add(
                "/cancellation/rows",
                "must have a row with 0 hoursBefore: what it costs until the pickup",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_a_part_of_the_fare() {
        let kept = |fee: Fee, fare: i64| fee.of(Pence::new(fare)).get();
        assert_eq!(
            (kept(Fee::Fixed(Pence::new(500)), 1_228), kept(Fee::Fixed(Pence::new(500)), 300)),
            (500, 300)
        );
        // Half to the even penny.
        assert_eq!((kept(Fee::Percent(5_000), 1_227), kept(Fee::Percent(5_000), 1_229)), (614, 614));
        assert_eq!((kept(Fee::Percent(10_000), i64::MAX), kept(Fee::NONE, 1_228)), (i64::MAX, 0));
        assert_eq!((kept(Fee::Percent(u32::MAX), 100), kept(Fee::Fixed(Pence::new(-1)), 100)), (100, 0));
        assert_eq!(kept(Fee::Fixed(Pence::new(5)), -100), 0);
    }

    #[test]
    fn the_row_with_the_most_hours_that_are_still_left_counts() {
        let row = |hours_before| CancellationRow { hours_before, fee: Fee::NONE };
        let policy = CancellationPolicy { rows: vec![row(2), row(0), row(24)], no_show: Fee::NONE };
        let counts = |left| policy.row(left).map(|row| row.hours_before);
        let edges = [u64::MAX, 86_400, 86_399, 7_200, 7_199, 1, 0].map(counts);
        assert_eq!(edges, [Some(24), Some(24), Some(2), Some(2), Some(0), Some(0), Some(0)]);
        assert_eq!(CancellationPolicy { rows: vec![row(2)], no_show: Fee::NONE }.row(7_199), None);
    }
}
