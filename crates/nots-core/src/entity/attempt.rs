//! An attempt at the card: everything its Checkout Session is made of is stored before Stripe is asked, so that
//! every try of one attempt sends the same words under the same key.

use serde::{Deserialize, Serialize};

use super::{of_booking, payment::Payment, settings::Settings};
use crate::{
    actor::Actor,
    contact::Email,
    entity::booking::Booking,
    id::{BookingId, PaymentId},
    money::Total,
    ports::{CheckoutOrder, CheckoutSession},
    table::{Base, Entity, Key, New, Rewrite, Stored},
    text,
    time::{Seconds, Timestamp},
};

/// Seconds that a card holder has for one attempt. Stripe wants at least thirty minutes when it is asked; the
/// ten minutes above that are how long a lost first try may be made again unchanged.
pub const LIFETIME: Seconds = 2_400;
/// The least Stripe takes between being asked and a session's expiry.
const STRIPE_LEAST: Seconds = 1_800;
/// Seconds by which Stripe's clock may be ahead of ours when it reads what we ask.
const MARGIN: Seconds = 60;

/// What a Checkout Session pays for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum Purpose {
    /// The journeys that the payment is for.
    #[default]
    Fare,
    /// What a changed journey costs more.
    Amendment {
        /// Which way of the journey.
        booking_id: BookingId,
        /// Which of its amendments.
        number: u32,
    },
    /// What a journey still owes.
    Due {
        /// Which way of the journey.
        booking_id: BookingId,
    },
}

/// How a Checkout Session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It was paid.
    Paid,
    /// It can no longer be paid.
    Expired,
    /// Its money did not come.
    Failed,
}

/// One Checkout Session, as it is asked for and as it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutAttempt {
    /// For which booking.
    pub booking_id: BookingId,
    /// For which payment.
    pub payment_id: PaymentId,
    /// 1, 2, 3…
    pub number: u32,
    /// What it pays for.
    #[serde(default)]
    pub purpose: Purpose,
    /// How much.
    pub amount: Total,
    /// What the card holder reads.
    #[serde(deserialize_with = "text::bounded::<_, 700>")]
    pub description: String,
    /// Whom Stripe writes to.
    pub email: Email,
    /// When it can no longer be paid.
    pub expires_at: Timestamp,
    /// Where to after paying.
    #[serde(deserialize_with = "text::bounded::<_, 2_100>")]
    pub success_url: String,
    /// Where to otherwise.
    #[serde(deserialize_with = "text::bounded::<_, 2_100>")]
    pub cancel_url: String,
    /// `cs_…`, once opened.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 255>")]
    pub checkout_session_id: Option<String>,
    /// The page to pay on, once opened.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 8_000>")]
    pub checkout_url: Option<String>,
    /// How it ended, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ending>,
}

/// What the next attempt of a payment is for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it pays for.
    pub purpose: Purpose,
    /// How much.
    pub amount: Total,
    /// The latest moment to pay it.
    pub until: Option<Timestamp>,
}

impl CheckoutAttempt {
    /// Seconds that must be left for an attempt to be begun: Stripe opens no session that ends sooner, by its own clock.
    pub const LEAST: Seconds = STRIPE_LEAST.saturating_add(MARGIN);

    /// The next attempt of a payment, to be put together with the payment's own count of it. `booking` is the one that is
    /// paid for, which the attempt of a pair's payment names in words only.
    pub fn begin(
        payment: &Payment,
        booking: &Booking,
        asked: Asked,
        settings: &Settings,
        by: Actor,
        at: Timestamp,
    ) -> New<Self> {
        let Asked { purpose, amount, until } = asked;
        let (success_url, cancel_url) = settings.return_urls(&booking.booking_id);
        let lifetime = at.plus(LIFETIME);
        let attempt = Self {
            booking_id: payment.booking_id.clone(),
            payment_id: payment.payment_id.clone(),
            number: payment.attempts.saturating_add(1),
            purpose,
            amount,
            description: format!(
                "{}: {} to {}",
                booking.booking_reference,
                booking.journey.pickup_location.address,
                booking.journey.dropoff_location.address
            ),
            email: booking.customer.email.clone(),
            expires_at: until.map_or(lifetime, |until| until.min(lifetime)),
            success_url,
            cancel_url,
            checkout_session_id: None,
            checkout_url: None,
            ended: None,
        };
        New::of(attempt, by, at)
    }

    /// What Stripe is asked, the same on every try.
    #[must_use]
    pub fn order(&self) -> CheckoutOrder {
        CheckoutOrder {
            idempotency_key: format!("checkout-{}-{}", self.payment_id, self.number),
            booking_id: self.booking_id.clone(),
            payment_id: self.payment_id.clone(),
            attempt: self.number,
            amount: self.amount,
            description: self.description.clone(),
            email: self.email.clone(),
            expires_at: self.expires_at,
            success_url: self.success_url.clone(),
            cancel_url: self.cancel_url.clone(),
        }
    }

    /// The session that a card holder can still pay this amount with, if it was opened.
    #[must_use]
    pub fn session(&self) -> Option<CheckoutSession> {
        let (id, url) = (self.checkout_session_id.clone()?, self.checkout_url.clone()?);
        Some(CheckoutSession { id, url })
    }

    /// Whether this attempt still serves: for this purpose and amount, not ended, and either open and unexpired or
    /// fresh enough for Stripe to open.
    #[must_use]
    pub fn serves(&self, asked: &Asked, now: Timestamp) -> bool {
        let until = if self.checkout_session_id.is_some() { now } else { now.plus(Self::LEAST) };
        self.ended.is_none()
            && self.purpose == asked.purpose
            && self.amount == asked.amount
            && until < self.expires_at
    }

    /// Whether it may still be open at Stripe, as far as is known here.
    #[must_use]
    pub fn may_be_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Keeps how its session ended; none when that is known. What was paid stays paid.
    pub fn ended(
        row: Stored<Self>,
        session: &str,
        ending: Ending,
        by: Actor,
        at: Timestamp,
    ) -> Option<Rewrite<Self>> {
        if row.data.ended == Some(Ending::Paid) || row.data.ended == Some(ending) {
            return None;
        }
        let checkout_session_id = Some(session.to_owned());
        let data = Self { ended: Some(ending), checkout_session_id, ..row.data.clone() };
        Some(Rewrite::of(row, data, by, at))
    }

    /// Keeps the session that Stripe opened.
    pub fn opened(row: Stored<Self>, session: &CheckoutSession, by: Actor, at: Timestamp) -> Rewrite<Self> {
        let data = Self {
            checkout_session_id: Some(session.id.clone()),
            checkout_url: Some(session.url.clone()),
            ..row.data.clone()
        };
        Rewrite::of(row, data, by, at)
    }
}

impl Entity for CheckoutAttempt {
    const TYPE: &'static str = "CheckoutAttempt";
    type Id<'a> = (&'a BookingId, u32);
    type Indexes = ();

    fn key_of((booking, number): Self::Id<'_>) -> Key<Base> {
        of_booking(booking).at(format_args!("ATTEMPT#{number:04}"))
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.booking_id, self.number)
    }
}
