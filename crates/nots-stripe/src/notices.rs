//! Reading what Stripe sends.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    BookingId, Timestamp,
    ports::{CompletedCheckout, PaymentNotice, PaymentNotices, Secret, WebhookError},
};
use serde::Deserialize;
use serde_json::Value;
use stripe_webhook::Webhook;

const COMPLETED: &str = "checkout.session.completed";

/// Stripe's webhooks: a signature in the `Stripe-Signature` scheme, over the raw body, at most 300 seconds from
/// now either way.
pub struct StripeNotices {
    secret: Arc<dyn Secret>,
}

impl StripeNotices {
    /// Uses the signing secret (`whsec_…`) that `secret` holds at the time of each call.
    #[must_use]
    pub fn new(secret: Arc<dyn Secret>) -> Self {
        Self { secret }
    }
}

#[async_trait]
impl PaymentNotices for StripeNotices {
    async fn read(
        &self,
        body: &[u8],
        signature: &str,
        now: Timestamp,
    ) -> Result<PaymentNotice, WebhookError> {
        let secret = self.secret.get().await.map_err(WebhookError::NoSecret)?;
        let text = std::str::from_utf8(body).map_err(|error| WebhookError::Forged(error.into()))?;
        verify(text, signature, secret.trim(), now).map_err(|error| WebhookError::Forged(error.into()))?;
        Ok(understand(text))
    }
}

/// The cryptographic verdict alone: the library parses strictly after it has verified, and a shape that it does
/// not know is no forgery.
fn verify(
    body: &str,
    signature: &str,
    secret: &str,
    now: Timestamp,
) -> Result<(), stripe_webhook::WebhookError> {
    if secret.is_empty() {
        // An empty key would verify what anyone can sign.
        return Err(stripe_webhook::WebhookError::BadKey);
    }
    match Webhook::construct_event_with_timestamp(body, signature, secret, now.seconds()) {
        Ok(_) | Err(stripe_webhook::WebhookError::BadParse(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The envelope, as far as it is used.
#[derive(Deserialize)]
struct Event {
    id: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Session,
}

/// A Checkout Session, as far as it is used.
#[derive(Deserialize)]
struct Session {
    id: String,
    client_reference_id: Option<String>,
    payment_status: String,
    amount_total: i64,
    currency: String,
    payment_intent: Option<Reference>,
}

/// Stripe names another object by its id, or writes it out in full.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Id(String),
    Object { id: String },
}

impl Reference {
    fn into_id(self) -> String {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

fn understand(body: &str) -> PaymentNotice {
    let other = |kind: &str| PaymentNotice::Other { kind: kind.to_owned() };
    let Ok(event) = serde_json::from_str::<Value>(body) else {
        return other("not JSON");
    };
    match event.get("type").and_then(Value::as_str).filter(|kind| is_kind(kind)) {
        None => other("no type"),
        Some(COMPLETED) => match serde_json::from_value::<Event>(event).ok().and_then(ours) {
            Some(completed) => PaymentNotice::CheckoutCompleted(completed),
            None => other(COMPLETED),
        },
        Some(kind) => other(kind),
    }
}

/// The completed session of one of our bookings; none when it is somebody else's.
fn ours(event: Event) -> Option<CompletedCheckout> {
    let session = event.data.object;
    let booking_id = BookingId::parse(session.client_reference_id.as_deref()?).ok()?;
    Some(CompletedCheckout {
        event_id: Some(event.id).filter(|id| is_id(id, "evt_"))?,
        session_id: Some(session.id).filter(|id| is_id(id, "cs_"))?,
        booking_id,
        paid: session.payment_status == "paid",
        amount: session.amount_total,
        currency: session.currency,
        payment_intent: session.payment_intent.map(Reference::into_id).filter(|id| is_id(id, "pi_")),
    })
}

/// Ids go into keys, so they are held to the letters that Stripe writes them with.
fn is_id(text: &str, prefix: &str) -> bool {
    text.len() <= 255
        && text.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

/// `checkout.session.completed`: what may stand in a log line.
fn is_kind(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_'))
}
