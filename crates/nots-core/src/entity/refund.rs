//! Refunds: each one of one payment by card or in cash, owed before it is made, and made by whoever reads the stream.

use serde::{Deserialize, Serialize};

use super::of_booking;
use crate::{
    actor::Actor,
    id::{BookingId, PaymentId, RefundId},
    money::Total,
    ports::{RefundFacts, RefundOrder, RefundStage},
    table::{Base, Entity, IllegalMove, IndexedBy, Key, Machine, Move, New, Pk, Stateful, Stored},
    text::{self, Note},
    time::Timestamp,
};

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// It is to be made.
    Owed,
    /// It was asked for and is on its way.
    Pending,
    /// It was made.
    Succeeded,
    /// It was refused, or did not arrive. The money is still owed: a person must look.
    Failed,
}

impl Machine for RefundStatus {
    const ALL: &'static [Self] = &[Self::Owed, Self::Pending, Self::Succeeded, Self::Failed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            Self::Owed => &[Self::Pending, Self::Succeeded, Self::Failed],
            Self::Pending => &[Self::Succeeded, Self::Failed],
            // A bank may send money back days later.
            Self::Succeeded => &[Self::Failed],
            Self::Failed => &[],
        }
    }
}

impl From<RefundStage> for RefundStatus {
    fn from(stage: RefundStage) -> Self {
        match stage {
            RefundStage::Pending => Self::Pending,
            RefundStage::Succeeded => Self::Succeeded,
            RefundStage::Failed => Self::Failed,
        }
    }
}

/// What a refund is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// A journey was cancelled.
    Cancelled,
    /// A journey was changed and costs less.
    Amended,
    /// The money came when nothing waited for it any more.
    PaidTooLate,
    /// The money came a second time, or more of it than was asked for now.
    PaidTwice,
    /// Somebody in the office gave it.
    Requested,
    /// It was made at the card processor, not here.
    Elsewhere,
}

/// Money that is given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// Its id, which follows from its cause.
    pub refund_id: RefundId,
    /// The booking that the payment stands under.
    pub booking_id: BookingId,
    /// The payment.
    pub payment_id: PaymentId,
    /// Which way of the journey it is about.
    pub concerns: BookingId,
    /// Where it stands.
    pub status: RefundStatus,
    /// What it is for.
    pub cause: RefundCause,
    /// Of what: `pi_…`; none of money that was taken in cash.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 255>")]
    pub payment_intent_id: Option<String>,
    /// How much.
    pub amount: Total,
    /// Why, in somebody's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
    /// `re_…`, once it was asked for.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 255>")]
    pub stripe_refund_id: Option<String>,
    /// The card processor's word for why it failed.
    #[serde(
        default,
        deserialize_with = "text::bounded_or_none::<_, 255>",
        skip_serializing_if = "Option::is_none"
    )]
    pub failure: Option<String>,
    /// When it came to be owed.
    pub owed_at: Timestamp,
    /// When it was first known to be made.
    #[serde(default)]
    pub made_at: Option<Timestamp>,
}

impl Refund {
    /// What the sort keys of a booking's refunds begin with.
    pub(crate) const PREFIX: &'static str = "REFUND#";

    pub(crate) fn begin(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }

    /// What the card processor is asked, the same on every try; none of a refund in cash.
    #[must_use]
    pub fn order(&self) -> Option<RefundOrder> {
        Some(RefundOrder {
            refund_id: self.refund_id.clone(),
            booking_id: self.booking_id.clone(),
            payment_intent: self.payment_intent_id.clone()?,
            amount: self.amount,
        })
    }

    /// Whether money has gone back by it, whatever became of that money later.
    #[must_use]
    pub fn was_made(&self) -> bool {
        self.made_at.is_some()
    }

    /// Takes what the card processor says of it; none when that is nothing new.
    pub(crate) fn told(
        row: Stored<Self>,
        facts: &RefundFacts,
        by: Actor,
        at: Timestamp,
    ) -> Option<Move<Self>> {
        let status = RefundStatus::from(facts.stage);
        let data = Self {
            status,
            stripe_refund_id: Some(facts.id.clone()),
            failure: facts.failure.clone(),
            made_at: row.data.made_at.or(Some(at)),
            ..row.data.clone()
        };
        // The machine has no way back: what was heard before something that was heard already is no news.
        Move::of(row, data, by, at).ok()
    }

    /// The card processor would not make it.
    pub(crate) fn refused(
        row: Stored<Self>,
        code: Option<String>,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status: RefundStatus::Failed, failure: code, ..row.data.clone() };
        Move::of(row, data, by, at)
    }
}

impl Entity for Refund {
    const TYPE: &'static str = "Refund";
    type Id<'a> = (&'a BookingId, &'a RefundId);
    type Indexes = ();

    fn key_of((booking, refund): Self::Id<'_>) -> Key<Base> {
        of_booking(booking).at(format_args!("{}{refund}", Self::PREFIX))
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.booking_id, &self.refund_id)
    }
}

impl Stateful for Refund {
    type Status = RefundStatus;

    fn status(&self) -> RefundStatus {
        self.status
    }
}

impl IndexedBy<Base> for Refund {
    type Partition<'a> = &'a BookingId;

    fn partition(booking: Self::Partition<'_>) -> Pk<Base> {
        of_booking(booking)
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}
