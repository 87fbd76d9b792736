//! What calling off a way costs: judged once, by the code that both the preview and the cancelling ask, and kept with
//! the booking as it was judged.

mod calling_off;

use serde::{Deserialize, Serialize};

pub use calling_off::{CallingOff, CancelError, Found, Reads, preview, reads};

use crate::{
    actor::Actor,
    entity::tariff::{CancellationPolicy, Fee},
    geo::Coordinates,
    money::{Pence, Total},
    text::Note,
    time::Timestamp,
};

/// On whose side it lies that a way is not driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledBy {
    /// The customer called it off, or staff did for them.
    Customer,
    /// The operator called it off.
    Operator,
    /// The driver was there and nobody came.
    NoShow,
    /// It was not paid for in time.
    Unpaid,
}

impl CancelledBy {
    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::NoShow => "no_show",
            Self::Unpaid => "unpaid",
        }
    }
}

/// What a fee went by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum AppliedRow {
    /// A row of the policy.
    HoursBefore {
        /// From how many hours before the pickup it counts.
        hours_before: u32,
        /// What it keeps.
        fee: Fee,
    },
    /// What the policy says of those who do not come.
    NoShow {
        /// What it keeps.
        fee: Fee,
    },
    /// The operator calls off: nothing is kept.
    Operator,
    /// Nothing had been paid, so nothing is kept.
    Unpaid,
}

impl AppliedRow {
    const fn fee(self) -> Fee {
        match self {
            Self::HoursBefore { fee, .. } | Self::NoShow { fee } => fee,
            Self::Operator | Self::Unpaid => Fee::NONE,
        }
    }
}

/// What calling off comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// On whose side it lies.
    pub by: CancelledBy,
    /// Seconds that were left to the pickup; 0 from then on.
    pub seconds_before: u64,
    /// What the fee went by.
    pub row: AppliedRow,
    /// What is kept of what was paid.
    pub fee: Total,
    /// What is given back of it.
    pub refund: Total,
}

impl Judgement {
    /// Whole hours that were left to the pickup.
    #[must_use]
    pub const fn hours_before(&self) -> u64 {
        self.seconds_before / 3_600
    }
}

/// Judges the calling off of one way at a moment. `paid` is what has been paid of this way's fare and has not gone back; the
/// fee is worked out of the whole fare and no more is kept than that. Fee and refund sum to what was paid, and neither is
/// below nothing.
#[must_use]
pub fn judge(
    policy: &CancellationPolicy,
    by: CancelledBy,
    fare: Total,
    paid: Pence,
    pickup: Timestamp,
    now: Timestamp,
) -> Judgement {
    let paid = paid.max(Pence::ZERO);
    let seconds_before = pickup.since(now);
    let row = match by {
        _ if paid.is_zero() => AppliedRow::Unpaid,
        CancelledBy::Customer => {
            // Without any row that counts, nothing says that it costs something.
            policy
                .row(seconds_before)
                .map_or(AppliedRow::HoursBefore { hours_before: 0, fee: Fee::NONE }, |row| {
                    AppliedRow::HoursBefore { hours_before: row.hours_before, fee: row.fee }
                })
        }
        CancelledBy::NoShow => AppliedRow::NoShow { fee: policy.no_show },
        CancelledBy::Operator => AppliedRow::Operator,
        CancelledBy::Unpaid => AppliedRow::Unpaid,
    };
    let fee = row.fee().of(fare.total).min(paid);
    let refund = paid.less(fee).unwrap_or(Pence::ZERO);
    let of = |total| Total { total, currency: fare.currency };
    Judgement { by, seconds_before, row, fee: of(fee), refund: of(refund) }
}

/// That a way was called off: what was judged, when, by whom and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancellation {
    /// What it came to.
    #[serde(flatten)]
    pub judgement: Judgement,
    /// Why, in the words of who called it off; none where nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
    /// When.
    pub at: Timestamp,
    /// Where the driver waited, when the phone said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Coordinates>,
    /// Who did it.
    pub cancelled_by: Actor,
}
