//! Reading what Stripe sends.

use std::sync::Arc;

use async_trait::async_trait;
use miniserde::json::Value;
use nots_core::{
    BookingId, Timestamp,
    entity::webhook::{Arrival, StripeEventId},
    ports::{News, PaymentNotice, PaymentNotices, Secret, SessionStage, WebhookError},
    text::Text,
};

use crate::{
    facts::{self, Odd, Thing, is_id, is_word},
    signature::{Unsigned, verify},
};

/// Stripe's webhooks: a signature in the `Stripe-Signature` scheme, over the raw body, at most 300 seconds from
/// now either way.
pub struct StripeNotices {
    secret: Arc<dyn Secret>,
}

impl StripeNotices {
    /// Uses the signing secret (`whsec_…`) that `secret` holds at the time of each call: two of them, between commas or
    /// white space, while one is rotated. A signature that none of them made is judged again by what it holds now.
    #[must_use]
    pub fn new(secret: Arc<dyn Secret>) -> Self {
        Self { secret }
    }

    async fn verify(&self, body: &str, signature: &str, now: Timestamp) -> Result<(), WebhookError> {
        let known = self.secret.get().await.map_err(WebhookError::NoSecret)?;
        let mut judged = verify(body, signature, &known, now);
        if judged == Err(Unsigned::Signature) {
            let fresh = self.secret.refresh().await.map_err(WebhookError::NoSecret)?;
            if fresh != known {
                judged = verify(body, signature, &fresh, now);
            }
        }
        judged.map_err(|error| WebhookError::Forged(error.into()))
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
        let text = std::str::from_utf8(body).map_err(|error| WebhookError::Forged(error.into()))?;
        self.verify(text, signature, now).await?;
        understand(text).map_err(|error| WebhookError::NoEvent(error.into()))
    }
}

/// Why it is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Lacks {
    #[error("it is no JSON object")]
    Object,
    #[error("it has no id, or none that Stripe would write")]
    Id,
    #[error("it has no type, or none that Stripe would write")]
    Type,
}

fn understand(body: &str) -> Result<PaymentNotice, Lacks> {
    let body: Value = miniserde::json::from_str(body).map_err(|_| Lacks::Object)?;
    let event = Thing::of(&body).ok_or(Lacks::Object)?;
    let event_id = event.text("id").and_then(|id| StripeEventId::parse(id).ok()).ok_or(Lacks::Id)?;
    let kind = event.text("type").filter(|kind| is_word(kind, 100)).ok_or(Lacks::Type)?;
    let object = event.thing("data").and_then(|data| data.thing("object"));
    let arrival = Arrival {
        event_id,
        event_type: Text::parse(kind).map_err(|_| Lacks::Type)?,
        api_version: event
            .text("api_version")
            .filter(|version| is_version(version))
            .and_then(|version| Text::parse(version).ok()),
        livemode: event.flag("livemode"),
        object_id: object
            .and_then(|object| object.text("id"))
            .filter(|id| is_id(id, ""))
            .and_then(|id| Text::parse(id).ok()),
        booking_id: object.and_then(booking),
        occurred_at: event.time("created"),
    };
    Ok(PaymentNotice { arrival, news: object.map_or(SHAPELESS, |object| news(kind, object)) })
}

const SHAPELESS: News = News::Unrecognised { why: "it is about no object" };

fn news(kind: &str, object: Thing<'_>) -> News {
    let read = match kind {
        "checkout.session.completed"
        | "checkout.session.expired"
        | "checkout.session.async_payment_succeeded" => facts::session(object).map(News::Session),
        // Only the kind tells: the session itself is complete and unpaid, as it was while the money was on its way.
        "checkout.session.async_payment_failed" => facts::session(object).map(|mut session| {
            if session.stage == SessionStage::Processing {
                session.stage = SessionStage::Failed;
            }
            News::Session(session)
        }),
        "payment_intent.payment_failed" => Ok(News::Nothing),
        // What is not of a PaymentIntent is not ours; whether the PaymentIntent is ours, the table knows.
        "charge.refunded" | "refund.created" | "refund.updated" | "refund.failed" => object
            .reference("payment_intent", "pi_")
            .map(|intent| News::Refunds { payment_intent: intent.to_owned(), booking_id: object.booking() })
            .ok_or(Odd::NotOurs),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => match object.reference("payment_intent", "pi_") {
            Some(_) => facts::dispute(object).map(News::Dispute),
            None => Err(Odd::NotOurs),
        },
        _ => Err(Odd::Shape("nobody here knows its kind")),
    };
    match read {
        Ok(news) => news,
        Err(Odd::NotOurs) => News::Nothing,
        Err(Odd::Shape(why)) => News::Unrecognised { why },
    }
}

/// Our booking: a session refers to it, everything else of ours carries it as metadata.
fn booking(object: Thing<'_>) -> Option<BookingId> {
    let referred = object.text("client_reference_id").and_then(|id| BookingId::parse(id).ok());
    referred.or_else(|| object.booking())
}

/// `2026-09-30.endive`.
fn is_version(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}
