//! What is paid for a booking: one item a booking. Its version lets one change of a booking's money through at a time;
//! attempts at the card, refunds, dues and ledger entries have sort keys of their own.

mod books;
mod upgrade;

use serde::{Deserialize, Serialize};

pub use books::{Books, BooksError, Owed};

use super::of_booking;
use crate::{
    actor::Actor,
    id::{BookingId, PaymentId, UserId},
    money::{Pence, Total},
    ports::DisputeStage,
    table::{
        Base, Entity, Gsi1, IllegalMove, IndexedBy, Key, Machine, Move, New, Pk, Stateful, Stored, Upgrade,
    },
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
        use PaymentStatus::{Completed, Failed, Pending, Processing, Refunded};
        match self {
            // A new attempt at the card leaves it pending.
            // What one of two ways took in cash, while the other is still to be driven, may go back.
            Pending => &[Pending, Processing, Completed, Failed, Refunded],
            // The money of a slow method came, or did not, and then it may be tried again.
            Processing => &[Processing, Completed, Pending, Failed],
            // Money that comes for what has lapsed is money: it is taken and given back.
            Failed => &[Failed, Pending, Processing, Completed],
            // A part went back, or more came.
            Completed => &[Completed, Refunded],
            // What went back may return, or more may come.
            Refunded => &[Refunded, Completed],
        }
    }
}

/// The text is no status of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be pending, processing, completed, failed or refunded")]
pub struct NotAPaymentStatus;

impl std::str::FromStr for PaymentStatus {
    type Err = NotAPaymentStatus;
    fn from_str(text: &str) -> Result<Self, NotAPaymentStatus> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text).ok_or(NotAPaymentStatus)
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
    /// On account: by an invoice that is sent.
    Account,
    /// Through the system that was there before this one.
    Legacy,
}

impl PaymentMethod {
    /// Whether it is settled once the journey is over, rather than paid before.
    #[must_use]
    pub const fn is_settled_at_the_end(self) -> bool {
        matches!(self, Self::Cash | Self::Account)
    }

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Cash => "cash",
            Self::Account => "account",
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

/// What has been given back, of all that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GivenBack {
    /// Whether anything has.
    pub refunded: bool,
    /// `re_…`, the latest.
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

/// Money that was taken at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capture {
    /// `pi_…`; none of money that did not come by card.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 255>")]
    pub payment_intent_id: Option<String>,
    /// How it came.
    pub method: PaymentMethod,
    /// How much, in pence.
    pub amount: Pence,
    /// How much of it is owed back or has gone back, in pence; never more than `amount`, unless more went back at the card
    /// processor.
    pub given_back: Pence,
    /// When we learned of it.
    pub at: Timestamp,
    /// Whether the ledger has it. What was taken before there was a ledger, or in another system, is put there when money
    /// of the payment next moves.
    #[serde(default)]
    pub posted: bool,
}

impl Capture {
    /// What can still be given back of it.
    #[must_use]
    pub fn left(&self) -> Pence {
        self.amount.less(self.given_back).unwrap_or(Pence::ZERO).max(Pence::ZERO)
    }
}

/// A charge that the card holder disputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// `du_…`.
    #[serde(deserialize_with = "text::bounded::<_, 255>")]
    pub dispute_id: String,
    /// `pi_…`.
    #[serde(deserialize_with = "text::bounded::<_, 255>")]
    pub payment_intent_id: String,
    /// How much, in pence.
    pub amount: Pence,
    /// How it stands.
    pub status: DisputeStage,
    /// When we learned of it.
    pub opened_at: Timestamp,
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
    /// How much the journeys cost that it is for. The cancellation of one that was paid leaves it as it is.
    pub amount: Total,
    /// What has been given back.
    pub refund: GivenBack,
    /// How many attempts at the card have been begun.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub attempts: u32,
    /// Money that was taken, in the order in which we learned of it.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "text::bounded_list::<_, _, 500>"
    )]
    pub captures: Vec<Capture>,
    /// Charges that were disputed.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "text::bounded_list::<_, _, 500>"
    )]
    pub disputes: Vec<Dispute>,
    /// What failed to go back and is owed still, in pence.
    #[serde(default, skip_serializing_if = "Pence::is_zero")]
    pub owed_again: Pence,
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
            refund: GivenBack::default(),
            attempts: 0,
            captures: Vec::new(),
            disputes: Vec::new(),
            owed_again: Pence::ZERO,
        };
        New::of(payment, by, at)
    }

    /// Counts one more attempt at the card.
    ///
    /// # Errors
    /// When it is processing: the money of an attempt is on its way.
    pub fn begin_attempt(row: Stored<Self>, by: Actor, at: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let (from, to) = (row.data.status.as_str(), PaymentStatus::Pending.as_str());
        if row.data.status == PaymentStatus::Processing {
            return Err(IllegalMove { entity: Self::TYPE, from, to });
        }
        let data = Self { attempts: row.data.attempts.saturating_add(1), ..row.data.clone() };
        Move::of(row, data, by, at)
    }

    /// What was taken, in pence.
    #[must_use]
    pub fn captured(&self) -> Pence {
        sum(self.captures.iter().map(|capture| capture.amount))
    }

    /// What can still be given back, in pence: what was taken, less what is owed back or has gone back.
    #[must_use]
    pub fn refundable(&self) -> Pence {
        sum(self.captures.iter().map(Capture::left))
    }

    /// Whether some of what was taken has gone back, and not all.
    #[must_use]
    pub fn is_partly_refunded(&self) -> bool {
        !self.refund.amount.is_zero() && self.refund.amount < self.captured()
    }

    /// Whether a card holder disputes a charge of it, and nothing is decided.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.status == DisputeStage::Open)
    }

    /// What a PaymentIntent took.
    #[must_use]
    pub fn capture_of(&self, intent: &str) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.payment_intent_id.as_deref() == Some(intent))
    }
}

/// Amounts of one payment, none of which is above a million pounds, have a sum.
fn sum(amounts: impl Iterator<Item = Pence>) -> Pence {
    amounts.fold(Pence::ZERO, |sum, amount| sum.plus(amount).unwrap_or(sum))
}

impl Entity for Payment {
    const TYPE: &'static str = "Payment";
    const UPGRADES: &'static [Upgrade] = upgrade::STEPS;
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
