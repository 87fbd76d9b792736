//! Reading what Stripe sends.

use std::sync::Arc;

use async_trait::async_trait;
use hmac::{Hmac, Mac};
use nots_core::{
    BookingId, Timestamp,
    ports::{CompletedCheckout, PaymentNotice, PaymentNotices, Secret, WebhookError},
};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

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

/// Seconds that a signature may be old, or ahead of us.
const TOLERANCE: u64 = 300;

/// Why a signature does not hold.
#[derive(Debug, thiserror::Error)]
enum Unsigned {
    #[error("the header is not a signature")]
    Header,
    #[error("the signature is too old, or ahead of us")]
    Time,
    #[error("no signature in it was made with our secret")]
    Signature,
}

/// Stripe's scheme: `t=<seconds>,v1=<hex HMAC-SHA256 of "t.body">`, with a `v1` for each secret while one is rotated.
/// The library's own reader of webhooks has this too, but no way to it that does not link the decoders of every object
/// that Stripe has.
fn verify(body: &str, header: &str, secret: &str, now: Timestamp) -> Result<(), Unsigned> {
    if secret.is_empty() {
        // An empty key would verify what anyone can sign.
        return Err(Unsigned::Signature);
    }
    let mut time = None;
    let mut candidates = Vec::new();
    for pair in header.split(',') {
        match pair.trim().split_once('=').ok_or(Unsigned::Header)? {
            ("t", text) => time = Some(text),
            ("v1", text) => candidates.push(text),
            _ => {}
        }
    }
    let time = time.ok_or(Unsigned::Header)?;
    let signed_at =
        time.parse::<i64>().ok().and_then(|seconds| Timestamp::new(seconds).ok()).ok_or(Unsigned::Time)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| Unsigned::Signature)?;
    mac.update(format!("{time}.{body}").as_bytes());
    let ours = candidates.iter().filter_map(|text| hex::decode(text).ok());
    if !ours.into_iter().any(|bytes| mac.clone().verify_slice(&bytes).is_ok()) {
        return Err(Unsigned::Signature);
    }
    if now.since(signed_at).max(signed_at.since(now)) > TOLERANCE { Err(Unsigned::Time) } else { Ok(()) }
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
