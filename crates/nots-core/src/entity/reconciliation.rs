//! Reconciliations: what a comparison of our books with the card processor's own lists found. One that found nothing is
//! not kept.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::BookingId,
    table::{Base, Entity, IndexedBy, Key, New, Pk, Stored},
    text,
    time::{Interval, Timestamp},
};

/// The most differences that one item keeps; how many more there were is kept too.
pub const MOST: usize = 200;

/// In what our books and the card processor differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// The card processor took money that the ledger does not know.
    ChargeMissingInLedger,
    /// The ledger has money that the card processor did not take.
    ChargeMissingAtStripe,
    /// Both know a charge or a refund, of different amounts.
    AmountDiffers,
    /// The card processor gave money back that the ledger does not know.
    RefundMissingInLedger,
    /// The ledger has money given back that the card processor did not give.
    RefundMissingAtStripe,
    /// Both know a refund, and do not agree on what became of it.
    RefundStateDiffers,
    /// Money has been owed back for an hour and was not asked to be given.
    RefundNotMade,
    /// Only one of them knows a dispute.
    DisputeMissing,
    /// Both know a dispute, of different amounts or decided differently.
    DisputeDiffers,
    /// The entries of a booking do not come to what its payment says.
    BooksDoNotAddUp,
}

impl DifferenceKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::ChargeMissingInLedger,
        Self::ChargeMissingAtStripe,
        Self::AmountDiffers,
        Self::RefundMissingInLedger,
        Self::RefundMissingAtStripe,
        Self::RefundStateDiffers,
        Self::RefundNotMade,
        Self::DisputeMissing,
        Self::DisputeDiffers,
        Self::BooksDoNotAddUp,
    ];
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Of which booking; none when neither side says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<BookingId>,
    /// In what.
    pub kind: DifferenceKind,
    /// The card processor's name for it: `ch_…`, `pi_…`, `re_…`, `du_…`.
    #[serde(
        default,
        deserialize_with = "text::bounded_or_none::<_, 255>",
        skip_serializing_if = "Option::is_none"
    )]
    pub stripe_id: Option<String>,
    /// What the card processor says; of books that do not add up what the payment says.
    #[serde(
        default,
        deserialize_with = "text::bounded_or_none::<_, 300>",
        skip_serializing_if = "Option::is_none"
    )]
    pub theirs: Option<String>,
    /// What our ledger says.
    #[serde(
        default,
        deserialize_with = "text::bounded_or_none::<_, 300>",
        skip_serializing_if = "Option::is_none"
    )]
    pub ours: Option<String>,
}

/// A comparison, and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reconciliation {
    /// When it was made.
    pub at: Timestamp,
    /// Of what happened when.
    pub window: Interval,
    /// What was found, by booking.
    #[serde(deserialize_with = "text::bounded_list::<_, _, 200>")]
    pub differences: Vec<Difference>,
    /// How many more there were.
    #[serde(default)]
    pub more: u32,
}

impl Reconciliation {
    /// What the sort keys begin with.
    pub(crate) const PREFIX: &'static str = "RUN#";

    /// A comparison that found this.
    #[must_use]
    pub fn of(window: Interval, mut differences: Vec<Difference>, at: Timestamp) -> Self {
        let more = u32::try_from(differences.len().saturating_sub(MOST)).unwrap_or(u32::MAX);
        differences.truncate(MOST);
        Self { at, window, differences, more }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }

    /// To be kept.
    pub fn keep(self) -> New<Self> {
        let at = self.at;
        New::of(self, Actor::System, at)
    }
}

impl Entity for Reconciliation {
    const TYPE: &'static str = "Reconciliation";
    type Id<'a> = Timestamp;
    type Indexes = ();

    fn key_of(at: Self::Id<'_>) -> Key<Base> {
        Self::partition(()).at(format_args!("{}{at}", Self::PREFIX))
    }

    fn id(&self) -> Self::Id<'_> {
        self.at
    }
}

impl IndexedBy<Base> for Reconciliation {
    type Partition<'a> = ();

    fn partition((): Self::Partition<'_>) -> Pk<Base> {
        Pk::new("RECONCILIATION")
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}
