//! `POST /v1/webhooks/stripe`: what the card processor says has happened.
//!
//! An event is a hint at a fact, and facts only move on: duplicates, late and reordered events change nothing more. An
//! event is kept in the transaction that has its effect. What is well signed and not ours, or none that we know, is
//! answered 200, so that it is not sent again; our own failure is answered 503, so that it is.

use std::sync::Arc;

use nots_core::{
    Seconds,
    entity::webhook::{Arrival, WebhookStatus},
    ports::{Clock, GatewayError, Ids, News, PaymentNotice, PaymentNotices, Payments, Table, WebhookError},
    settle::{Cashier, LearnError, Learned, Outcome},
};
use nots_http::{Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode};
use serde_json::json;

/// Takes Stripe's events.
pub struct PaymentsWebhook {
    /// Bookings and payments.
    pub table: Arc<dyn Table>,
    /// Stripe's signatures and shapes.
    pub notices: Arc<dyn PaymentNotices>,
    /// Stripe, to be asked how a refund stands now.
    pub payments: Arc<dyn Payments>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

impl Endpoint for PaymentsWebhook {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/webhooks/stripe",
        function: "payments-webhook",
        access: Access::Public,
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let signature = request.header("stripe-signature").ok_or_else(Problem::bad_signature)?;
        match self.notices.read(&request.body, signature, self.clock.now()).await {
            Ok(notice) => {
                let learned = match self.learn(&notice).await {
                    Err(Again::Learn(LearnError::Books(error))) => {
                        self.put_aside(&notice.arrival, "the books cannot hold what it says", error).await
                    }
                    Ok(Learned::TooEarly) if self.is_old(&notice.arrival) => {
                        let why = "it is about money of ours that has never been heard of";
                        self.put_aside(&notice.arrival, why, "too early for hours").await
                    }
                    learned => learned,
                };
                told(&notice.arrival, &learned.map_err(Problem::unavailable)?)?;
            }
            Err(WebhookError::NoEvent(why)) => {
                tracing::warn!(
                    why = why.to_string(),
                    alert = "webhook_unreadable",
                    "Took a webhook that is no event"
                );
            }
            Err(WebhookError::Forged(why)) => {
                // Many of these after a rotation mean that the secret here is not Stripe's.
                tracing::warn!(why = why.to_string(), "Refused a webhook");
                return Err(Problem::bad_signature());
            }
            Err(error @ WebhookError::NoSecret(_)) => return Err(Problem::unavailable(error)),
        }
        Ok(Response::json(StatusCode::OK, &json!({ "received": true })))
    }
}

/// Why an event must come again.
#[derive(Debug, thiserror::Error)]
enum Again {
    #[error(transparent)]
    Learn(#[from] LearnError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
}

/// Seconds after which what an event is about will not be heard of any more.
const IS_OLD: Seconds = 6 * 60 * 60;

impl PaymentsWebhook {
    fn is_old(&self, event: &Arrival) -> bool {
        let now = self.clock.now();
        event.occurred_at.is_some_and(|at| now.since(at) > u64::from(IS_OLD))
    }

    /// Keeps an event for a person: sent again and again it would change nothing.
    async fn put_aside(
        &self,
        event: &Arrival,
        why: &'static str,
        cause: impl std::fmt::Display,
    ) -> Result<Learned, Again> {
        tracing::error!(event.id = event.event_id.as_str(), %cause, "Put an event aside");
        let (clock, ids) = (self.clock.as_ref(), self.ids.as_ref());
        let cashier = Cashier { table: self.table.as_ref(), clock, ids };
        cashier.keep(event, WebhookStatus::Unrecognised, Some(why)).await?;
        Ok(Learned::Mismatched(why))
    }

    async fn learn(&self, notice: &PaymentNotice) -> Result<Learned, Again> {
        let (clock, ids) = (self.clock.as_ref(), self.ids.as_ref());
        let cashier = Cashier { table: self.table.as_ref(), clock, ids };
        let event = Some(&notice.arrival);
        Ok(match &notice.news {
            News::Session(facts) => cashier.session(facts, self.payments.livemode().await?, event).await?,
            News::Refunds { payment_intent, booking_id } => {
                // The event says that something changed; what it is now, Stripe says.
                let facts = self.payments.refunds_of(payment_intent).await?;
                cashier.refunds(payment_intent, booking_id.as_ref(), &facts, event).await?
            }
            News::Dispute(facts) => match &facts.payment_intent {
                Some(intent) => cashier.dispute(intent, facts, event).await?,
                None => cashier.keep(&notice.arrival, WebhookStatus::Irrelevant, None).await?,
            },
            News::Nothing => cashier.keep(&notice.arrival, WebhookStatus::Irrelevant, None).await?,
            News::Unrecognised { why } => {
                cashier.keep(&notice.arrival, WebhookStatus::Unrecognised, Some(why)).await?
            }
        })
    }
}

/// What came of it, for the log; an event that is too early is to be sent again.
fn told(event: &Arrival, learned: &Learned) -> Result<(), Problem> {
    let (id, kind) = (event.event_id.as_str(), event.event_type.as_str());
    match learned {
        Learned::Taken(outcome @ (Outcome::Confirmed | Outcome::DuePaid)) => {
            tracing::info!(event.id = id, kind, ?outcome, "Took the money");
        }
        Learned::Taken(Outcome::GivenBack) => {
            tracing::warn!(event.id = id, kind, "Took money that confirms nothing; it goes back");
        }
        Learned::Taken(outcome) => tracing::info!(event.id = id, kind, ?outcome, "Took an event"),
        Learned::Known => tracing::info!(event.id = id, kind, "The event has been here before"),
        Learned::NotOurs => tracing::info!(event.id = id, kind, "The event asks nothing of us"),
        Learned::Mismatched(why) => {
            tracing::error!(
                event.id = id,
                kind,
                why,
                alert = "payment_mismatch",
                "Took no effect of an event"
            );
        }
        Learned::TooEarly => {
            return Err(Problem::unavailable("the payment that it is about is not known yet"));
        }
    }
    Ok(())
}
