//! What is paid for a booking: one item a booking; attempts at the card have sort keys of their own.

use serde::{Deserialize, Serialize};

use super::of_booking;
use crate::{
    actor::Actor,
    id::{BookingId, PaymentId, UserId},
    money::{Pence, Total},
    table::{Base, Entity, Gsi1, IllegalMove, IndexedBy, Key, Machine, Move, New, Pk, Stateful, Stored},
    text,
    time::Timestamp,
};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Nothing has been paid.
    Pending,
    /// The card holder has done their part and the money is on its way.
    Processing,
    /// Paid.
    Completed,
    /// The money did not come.
    Failed,
    /// Given back in full.
    Refunded,
}

impl Machine for PaymentStatus {
    const ALL: &'static [Self] =
        &[Self::Pending, Self::Processing, Self::Completed, Self::Failed, Self::Refunded];

    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Refunded => "refunded",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            // A new attempt at the card leaves it pending.
            Self::Pending => &[Self::Pending, Self::Processing, Self::Completed, Self::Failed],
            Self::Processing => &[Self::Completed, Self::Failed],
            Self::Failed => &[Self::Pending],
            Self::Completed => &[Self::Refunded],
            Self::Refunded => &[],
        }
    }
}

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PaymentMethod {
    /// By card, at Stripe.
    Stripe,
    /// In cash, to the driver.
    Cash,
    /// Through the system that was there before this one.
    Legacy,
}

impl PaymentMethod {
    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Cash => "cash",
            Self::Legacy => "legacy",
        }
    }
}

/// The card processor's names for it. No card number is ever among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// `stripe`, or how else it is paid.
    pub name: PaymentMethod,
    /// `pi_…`, once paid.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 255>")]
    pub payment_intent_id: Option<String>,
    /// `ch_…`, once known.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 255>")]
    pub charge_id: Option<String>,
}

/// What has been given back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// Whether anything has.
    pub refunded: bool,
    /// `re_…`.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 255>")]
    pub refund_id: Option<String>,
    /// Pence.
    pub amount: Pence,
    /// Why.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 500>")]
    pub reason: Option<String>,
    /// When.
    pub refunded_at: Option<Timestamp>,
}

/// What is paid for a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// Its id, which follows from the booking's.
    pub payment_id: PaymentId,
    /// For which booking.
    pub booking_id: BookingId,
    /// By whom; null for a guest.
    pub user_id: Option<UserId>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// How it is paid.
    pub method: PaymentMethod,
    /// The card processor's names for it.
    pub provider: Provider,
    /// How much.
    pub amount: Total,
    /// What has been given back.
    pub refund: Refund,
    /// How many attempts at the card have been begun.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub attempts: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none_yet(attempts: &u32) -> bool {
    *attempts == 0
}

impl Payment {
    pub(crate) fn due(
        booking: &BookingId,
        user: Option<UserId>,
        amount: Total,
        by: Actor,
        at: Timestamp,
    ) -> New<Self> {
        let payment = Self {
            payment_id: PaymentId::of_booking(booking),
            booking_id: booking.clone(),
            user_id: user,
            status: PaymentStatus::Pending,
            method: PaymentMethod::Stripe,
            provider: Provider { name: PaymentMethod::Stripe, payment_intent_id: None, charge_id: None },
            amount,
            refund: Refund::default(),
            attempts: 0,
        };
        New::of(payment, by, at)
    }

    /// Counts one more attempt at the card.
    ///
    /// # Errors
    /// When it is not pending.
    pub fn begin_attempt(row: Stored<Self>, by: Actor, at: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let data = Self {
            attempts: row.data.attempts.saturating_add(1),
            status: PaymentStatus::Pending,
            ..row.data.clone()
        };
        Move::of(row, data, by, at)
    }

    /// The money has been taken.
    ///
    /// # Errors
    /// When it is not one that can still be paid.
    pub fn complete(
        row: Stored<Self>,
        intent: Option<String>,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let provider = Provider { payment_intent_id: intent, ..row.data.provider.clone() };
        let data = Self { status: PaymentStatus::Completed, provider, ..row.data.clone() };
        Move::of(row, data, Actor::Stripe, at)
    }
}

impl Entity for Payment {
    const TYPE: &'static str = "Payment";
    type Id<'a> = (&'a BookingId, &'a PaymentId);
    type Indexes = (Gsi1,);

    fn key_of((booking, payment): Self::Id<'_>) -> Key<Base> {
        of_booking(booking).at(format_args!("PAYMENT#{payment}"))
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.booking_id, &self.payment_id)
    }
}

impl Stateful for Payment {
    type Status = PaymentStatus;

    fn status(&self) -> PaymentStatus {
        self.status
    }
}

impl IndexedBy<Gsi1> for Payment {
    const SPREAD: bool = true;
    type Partition<'a> = PaymentStatus;

    fn partition(status: Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new(format_args!("PAYMENT_STATUS#{}", status.as_str()))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        Some(Self::partition(row.data.status).at(created_sort(row.meta.created_at)))
    }
}

/// The sort key of what came into being at a moment.
pub(crate) fn created_sort(at: Timestamp) -> String {
    format!("CREATED#{at}")
}
