//! The card processor's ports: what it is asked to do, what it says when it is asked, and what it sends.
//!
//! Everything that is learned from it is a fact that only moves on: a session that was paid stays paid, a refund that
//! failed stays failed. So the order in which facts arrive does not matter, and nothing is ordered by a time stamp.

use async_trait::async_trait;

use super::Cause;
use crate::{
    contact::Email,
    entity::webhook::Arrival,
    id::{BookingId, PaymentId, RefundId},
    money::{Pence, Total},
    time::{Interval, Timestamp},
};

/// Everything a Checkout Session is made of; the same for every try of one attempt.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckoutOrder {
    /// The same key is the same session.
    pub idempotency_key: String,
    /// Which booking: Stripe's `client_reference_id`.
    pub booking_id: BookingId,
    /// Which payment.
    pub payment_id: PaymentId,
    /// Which of its attempts.
    pub attempt: u32,
    /// What is charged.
    pub amount: Total,
    /// What the card holder reads: `Bournemouth Railway Station to Poole Harbour, NOTS-7K3M9Q`.
    pub description: String,
    /// Whom the receipt goes to.
    pub email: Email,
    /// When the session can no longer be paid.
    pub expires_at: Timestamp,
    /// Where the card holder returns to after paying.
    pub success_url: String,
    /// Where the card holder returns to otherwise.
    pub cancel_url: String,
}

/// A session that a card holder can pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutSession {
    /// Stripe's id: `cs_…`.
    pub id: String,
    /// The page to send the card holder to.
    pub url: String,
}

/// How far a Checkout Session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionStage {
    /// It can be paid: `open`.
    Open,
    /// It is complete and its money is on its way.
    Processing,
    /// It is complete and its money has been taken: `payment_status` is `paid`.
    Paid,
    /// It is complete and its money did not come.
    Failed,
    /// It can no longer be paid: `expired`.
    Expired,
}

/// What the card processor says of a Checkout Session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionFacts {
    /// `cs_…`.
    pub session_id: String,
    /// Our booking, by `client_reference_id`.
    pub booking_id: BookingId,
    /// Which attempt, by the metadata `attempt`; none of a session that was opened before it was told.
    pub attempt: Option<u32>,
    /// How far it has come.
    pub stage: SessionStage,
    /// `amount_total`, in the currency's smallest unit.
    pub amount: i64,
    /// ISO 4217, lower case as Stripe writes it.
    pub currency: String,
    /// Whether it is about real money.
    pub livemode: bool,
    /// `pi_…`.
    pub payment_intent: Option<String>,
}

/// A refund that is to be made; the same for every try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// Ours: the idempotency key, and the metadata `refundId`.
    pub refund_id: RefundId,
    /// Of which booking's money, as metadata `bookingId`.
    pub booking_id: BookingId,
    /// Of which payment: `pi_…`.
    pub payment_intent: String,
    /// How much.
    pub amount: Total,
}

/// How far a refund has come at the card processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundStage {
    /// It is on its way: `pending`, `requires_action`.
    Pending,
    /// It has been made: `succeeded`.
    Succeeded,
    /// It did not arrive: `failed`, `canceled`. A refund that had succeeded may still fail.
    Failed,
}

/// What the card processor says of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundFacts {
    /// `re_…`.
    pub id: String,
    /// Of which payment: `pi_…`.
    pub payment_intent: Option<String>,
    /// How much, in the currency's smallest unit.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// How far it has come.
    pub stage: RefundStage,
    /// Stripe's word for why it failed: `lost_or_stolen_card`.
    pub failure: Option<String>,
    /// Ours, by the metadata `refundId`; none of one that was made in Stripe's dashboard.
    pub refund_id: Option<RefundId>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A charge that took money, in the card processor's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeFacts {
    /// `ch_…`.
    pub id: String,
    /// `pi_…`.
    pub payment_intent: Option<String>,
    /// `amount_captured`, in the currency's smallest unit.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// Our booking, by the metadata `bookingId`.
    pub booking_id: Option<BookingId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStage {
    /// The card holder disputes the charge and its money is held. An enquiry that holds no money is none of these.
    Open,
    /// It was decided for us.
    Won,
    /// It was decided for the card holder.
    Lost,
}

/// What the card processor says of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeFacts {
    /// `dp_…`, `du_…`.
    pub id: String,
    /// `pi_…`.
    pub payment_intent: Option<String>,
    /// How much, in the currency's smallest unit.
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: String,
    /// How it stands.
    pub stage: DisputeStage,
    /// When it was opened.
    pub created_at: Timestamp,
}

/// A page of the card processor's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// Why the card processor did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It refused: asking again will not help.
    #[error("the card processor refused")]
    Refused {
        /// Its own word for why: `charge_already_refunded`.
        code: Option<String>,
        /// For the log.
        #[source]
        cause: Cause,
    },
    /// It did not answer, or asked to come back later.
    #[error("the card processor did not answer")]
    Unavailable(#[source] Cause),
}

/// The card processor.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Whether the key in use moves real money.
    async fn livemode(&self) -> Result<bool, GatewayError>;
    /// Opens a Checkout Session, or answers the one that was opened with the same key.
    async fn open_checkout(&self, order: &CheckoutOrder) -> Result<CheckoutSession, GatewayError>;
    /// Ends a session that can still be paid; answers how it stands then, whoever ended it and however. None when there
    /// is no such session.
    async fn end_checkout(&self, session_id: &str) -> Result<Option<SessionFacts>, GatewayError>;
    /// Makes a refund, or answers the one that was made with the same key.
    async fn refund(&self, order: &RefundOrder) -> Result<RefundFacts, GatewayError>;
    /// Every refund of a payment as it stands now, whoever made it; none of them when there is no such payment.
    async fn refunds_of(&self, payment_intent: &str) -> Result<Vec<RefundFacts>, GatewayError>;
    /// Charges that took money, by when they were made; a page from behind `after`.
    async fn charges(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<ChargeFacts>, GatewayError>;
    /// Refunds by when they were asked for; a page from behind `after`.
    async fn refunds(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<RefundFacts>, GatewayError>;
    /// Disputes that hold or held money, by when they were opened; a page from behind `after`.
    async fn disputes(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<DisputeFacts>, GatewayError>;
}

/// A signed event of the card processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentNotice {
    /// The event itself.
    pub arrival: Arrival,
    /// What it says.
    pub news: News,
}

/// What a signed event says, as far as it concerns us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Of one of our sessions.
    Session(SessionFacts),
    /// The refunds of a payment have changed: ask for them.
    Refunds {
        /// `pi_…`.
        payment_intent: String,
        /// Our booking, by the metadata `bookingId` of charge or refund.
        booking_id: Option<BookingId>,
    },
    /// Of a dispute.
    Dispute(DisputeFacts),
    /// A kind that we know, about something that is not ours or asks nothing of us.
    Nothing,
    /// A kind, or a shape, that we do not know.
    Unrecognised {
        /// What about it, in our words.
        why: &'static str,
    },
}

/// Why a webhook was not read.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The signature is missing, old or not ours.
    #[error("the webhook is not signed by the card processor")]
    Forged(#[source] Cause),
    /// The signing secret could not be had.
    #[error("the webhook's signing secret could not be had")]
    NoSecret(#[source] Cause),
    /// It is well signed, and not even an event: nothing of it can be kept.
    #[error("the webhook is no event")]
    NoEvent(#[source] Cause),
}

/// Reads what the card processor sends.
#[async_trait]
pub trait PaymentNotices: Send + Sync {
    /// Checks the signature over the raw body, by either of two secrets while one is rotated, and takes what concerns us.
    async fn read(&self, body: &[u8], signature: &str, now: Timestamp)
    -> Result<PaymentNotice, WebhookError>;
}

/// An amount as the card processor writes it, as one of ours: none in another currency.
#[must_use]
pub fn total_of(amount: i64, currency: &str) -> Option<Total> {
    let ours = crate::money::Currency::Gbp;
    currency.eq_ignore_ascii_case(ours.code()).then_some(Total { total: Pence::new(amount), currency: ours })
}
