//! `POST /v1/webhooks/stripe`: what the card processor says has happened.
//!
//! A paid session confirms booking and payment in one transaction, once. Duplicates, late and reordered events find
//! the booking moved on and change nothing; what is well signed and not ours is answered 200, so that it is not sent
//! again; our own failure is answered 503, so that it is.

use std::sync::Arc;

use nots_core::{
    BookingId, access,
    entity::{Booking, BookingStatus, Payment, PaymentStatus, StripeLink},
    ports::{Clock, Ids, News, PaymentNotices, SessionFacts, SessionStage, Table, WebhookError},
    retry,
    table::{Because, Entity, Stored, WriteError},
};
use nots_http::{Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode};
use serde_json::json;

/// Takes Stripe's events.
pub struct PaymentsWebhook {
    /// Bookings and payments.
    pub table: Arc<dyn Table>,
    /// Stripe's signatures and shapes.
    pub notices: Arc<dyn PaymentNotices>,
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
            Ok(notice) => match notice.news {
                News::Session(session) if session.stage == SessionStage::Paid => {
                    self.confirm(&session, notice.arrival.event_id.as_str()).await?
                }
                News::Session(session) => {
                    tracing::info!(booking.id = %session.booking_id, "A session moved on without the money yet");
                }
                _ => {
                    let kind = notice.arrival.event_type.as_str();
                    tracing::info!(kind, "Took a webhook that concerns nothing of ours")
                }
            },
            Err(WebhookError::Forged(why)) => {
                // Many of these after a rotation mean that the secret here is not Stripe's.
                tracing::warn!(why = why.to_string(), "Refused a webhook");
                return Err(Problem::bad_signature());
            }
            Err(error @ WebhookError::NoSecret(_)) => return Err(Problem::unavailable(error)),
            Err(error @ WebhookError::NoEvent(_)) => {
                tracing::info!(%error, "Took a webhook that is no event")
            }
        }
        Ok(Response::json(StatusCode::OK, &json!({ "received": true })))
    }
}

/// Booking and payment would have it, and the PaymentIntent has paid for something else. In a race of two deliveries
/// they refuse as well, and looking again tells.
fn only_the_link_refused(error: &WriteError) -> bool {
    match error {
        WriteError::Refused(refusals) => {
            refusals.iter().all(|r| r.entity == StripeLink::TYPE && r.because == Because::Exists)
        }
        _ => false,
    }
}

fn waits(booking: &Stored<Booking>) -> bool {
    booking.data.status == BookingStatus::Pending
}

impl PaymentsWebhook {
    /// Confirms booking and payment, if they are still waiting for it and the money is what was asked for.
    async fn confirm(&self, checkout: &SessionFacts, event: &str) -> Result<(), Problem> {
        let id = &checkout.booking_id;
        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let back = BookingId::return_of(id);
            let reads = (access::booking(id), access::booking(&back), access::payment_of_booking(id));
            let (Some(booking), returning, Some(payment)) = self.table.read(reads).await? else {
                tracing::warn!(event.id = event, "A paid session names a booking that is not here");
                return Ok(());
            };
            let bookings = Booking::paid_together(booking, returning);
            if !self.concerns(checkout, event, &bookings, &payment.data) {
                return Ok(());
            }
            let intent = checkout.payment_intent.clone();
            let waiting: Vec<_> = bookings.into_iter().filter(waits).collect();
            let Ok(transaction) = Booking::confirm(waiting, payment, intent, self.clock.now()) else {
                // The money is there, whatever we make of it: Stripe need not tell us again.
                tracing::error!(booking.id = %id, event.id = event, alert = "paid_too_late",
                    "A session was paid for what cannot be confirmed");
                return Ok(());
            };
            match self.table.commit(transaction).await {
                Ok(()) => {
                    tracing::info!(booking.id = %id, event.id = event, "Confirmed booking `{id}`");
                    return Ok(());
                }
                Err(error) if only_the_link_refused(&error) => {
                    tracing::error!(booking.id = %id, event.id = event, alert = "payment_mismatch",
                        "The PaymentIntent has paid for another booking");
                    return Ok(());
                }
                // Another delivery of the same event, or another change: look again.
                Err(error @ (WriteError::Busy(_) | WriteError::Refused(_))) => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::unavailable))
    }

    /// Whether a paid session is to confirm any of the bookings that it is for now.
    fn concerns(
        &self,
        checkout: &SessionFacts,
        event: &str,
        bookings: &[Stored<Booking>],
        payment: &Payment,
    ) -> bool {
        let id = &checkout.booking_id;
        if checkout.amount != payment.amount.total.get()
            || !checkout.currency.eq_ignore_ascii_case(payment.amount.currency.code())
        {
            tracing::error!(booking.id = %id, event.id = event, alert = "payment_mismatch",
                "A session was paid with another amount or currency than was asked for");
            return false;
        }
        if payment.status == PaymentStatus::Completed {
            // Another delivery of what paid for it, unless the money is other money.
            if checkout.payment_intent.is_some()
                && checkout.payment_intent != payment.provider.payment_intent_id
            {
                tracing::error!(booking.id = %id, event.id = event, alert = "paid_twice",
                    "A second session was paid for a booking that has been paid");
            }
            return false;
        }
        let waiting = bookings.iter().filter(|booking| waits(booking)).count();
        if waiting == 0 || payment.status != PaymentStatus::Pending {
            tracing::error!(booking.id = %id, event.id = event, alert = "paid_too_late",
                "A session was paid for a booking that no longer waits for it");
            return false;
        }
        if waiting < bookings.len() {
            // The other way is driven all the same; what was paid for this one is owed back.
            tracing::error!(booking.id = %id, event.id = event, alert = "paid_too_late",
                "A session was paid for both ways of a journey of which one no longer waits for it");
        }
        true
    }
}
