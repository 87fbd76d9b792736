//! On a schedule: bookings that were not paid in time are ended.
//!
//! Stripe is asked to end a booking's sessions first, and says how they stand then: money that came in the last moment
//! confirms the booking instead. Only when nothing can be paid any more is the booking cancelled. A crash in between
//! leaves a booking that the next sweep finds.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use nots_core::{
    BookingId, Timestamp,
    access::{self, Window},
    consume::Job,
    entity::{Booking, BookingStatus, CheckoutAttempt, Payment, PaymentStatus},
    ports::{Cause, Clock, GatewayError, Ids, Payments, SessionFacts, SessionStage, Table},
    settle::{self, Cashier, Learned, Outcome},
    table::{Stored, WriteError},
};

/// Ends what is not paid.
pub struct PaymentsSweep {
    /// Bookings, payments, attempts.
    pub table: Arc<dyn Table>,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

/// Bookings of a page.
const PAGE: u32 = 100;
/// Attempts of a payment that are looked at: the latest. Each was begun when the one before it had ended.
const ATTEMPTS: u32 = 50;

/// The operator has no settings.
#[derive(Debug, thiserror::Error)]
#[error("the operator has no settings")]
struct NoSettings;

/// What became of a booking that was not paid in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swept {
    /// Nothing can be paid any more: it is cancelled.
    Lapsed,
    /// It was paid in the last moment.
    Confirmed,
    /// Its money is on its way, or something changed just now: the next sweep looks again.
    Left,
}

#[async_trait]
impl Job for PaymentsSweep {
    async fn run(&self) -> Result<(), Cause> {
        let settings = self.table.read(access::settings()).await?.ok_or(NoSettings)?;
        let due = self.clock.now().minus(settings.data.payments.unpaid_after_seconds);
        let mut seen = BTreeSet::new();
        let mut after = None;
        loop {
            let query = access::bookings_by_status(BookingStatus::Pending, Window::default());
            let page = self.table.page(&query, PAGE, after).await?;
            for row in page.rows.iter().filter(|row| row.meta.created_at <= due) {
                // A journey there and back is one payment.
                let id = row.data.paid_under();
                if seen.insert(id.clone()) {
                    self.sweep(id, due).await;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// What is paid for together, as it stands.
struct Unpaid {
    bookings: Vec<Stored<Booking>>,
    payment: Stored<Payment>,
}

impl PaymentsSweep {
    /// Ends one; what fails is left for the next sweep and keeps no other from being ended.
    async fn sweep(&self, id: &BookingId, due: Timestamp) {
        match self.end(id, due).await {
            Ok(swept) => tracing::info!(booking.id = %id, ?swept, "Swept an unpaid booking"),
            Err(cause) => tracing::warn!(booking.id = %id, %cause, "Could not end an unpaid booking yet"),
        }
    }

    async fn find(&self, id: &BookingId) -> Result<Option<Unpaid>, Cause> {
        let back = BookingId::return_of(id);
        let reads = (access::booking(id), access::booking(&back), access::payment_of_booking(id));
        let (Some(booking), returning, Some(payment)) = self.table.read(reads).await? else {
            return Ok(None);
        };
        Ok(Some(Unpaid { bookings: Booking::paid_together(booking, returning), payment }))
    }

    async fn end(&self, id: &BookingId, due: Timestamp) -> Result<Swept, Cause> {
        let Some(found) = self.find(id).await? else { return Ok(Swept::Left) };
        let attempts = found.payment.data.attempts;
        if found.payment.data.status == PaymentStatus::Processing {
            return Ok(Swept::Left);
        }
        let first = attempts.saturating_sub(ATTEMPTS).saturating_add(1);
        let numbers: Vec<_> =
            (first..=attempts).map(|number| access::attempt_of_booking(id, number)).collect();
        let open: Vec<_> = self.table.read(numbers).await?.into_iter().flatten().collect();
        for attempt in open.into_iter().filter(|attempt| attempt.data.may_be_open()) {
            match self.close(&attempt).await? {
                Some(Swept::Confirmed) => return Ok(Swept::Confirmed),
                Some(Swept::Left) => return Ok(Swept::Left),
                Some(Swept::Lapsed) | None => {}
            }
        }
        // What was learned has been written: what is cancelled is what stands now.
        let Some(found) = self.find(id).await? else { return Ok(Swept::Left) };
        let waits =
            |row: &Stored<Booking>| row.data.status == BookingStatus::Pending && row.meta.created_at <= due;
        let begun_meanwhile = found.payment.data.attempts != attempts;
        if begun_meanwhile || !found.bookings.iter().any(waits) {
            return Ok(Swept::Left);
        }
        let lapsed = settle::lapse(found.bookings, found.payment, self.clock.now())?;
        match self.table.commit(lapsed).await {
            Ok(()) => Ok(Swept::Lapsed),
            Err(WriteError::Busy(_) | WriteError::Refused(_)) => Ok(Swept::Left),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends an attempt's session at Stripe, and takes what Stripe says of it.
    async fn close(&self, attempt: &Stored<CheckoutAttempt>) -> Result<Option<Swept>, Cause> {
        let Some(facts) = self.ended(&attempt.data).await? else { return Ok(None) };
        if facts.stage == SessionStage::Open {
            return Ok(Some(Swept::Left));
        }
        let (clock, ids) = (self.clock.as_ref(), self.ids.as_ref());
        let cashier = Cashier { table: self.table.as_ref(), clock, ids };
        let learned = cashier.session(&facts, self.payments.livemode().await?, None).await?;
        Ok(match learned {
            Learned::Taken(Outcome::Confirmed) => Some(Swept::Confirmed),
            Learned::Taken(Outcome::Processing) => Some(Swept::Left),
            Learned::Mismatched(why) => {
                tracing::error!(booking.id = %facts.booking_id, why, alert = "payment_mismatch",
                    "A session is not what was asked for");
                Some(Swept::Left)
            }
            _ => None,
        })
    }

    async fn ended(&self, attempt: &CheckoutAttempt) -> Result<Option<SessionFacts>, GatewayError> {
        let session = match &attempt.checkout_session_id {
            Some(session) => session.clone(),
            // Whether it was opened is not known here: the same words under the same key bring the same session.
            None => match self.payments.open_checkout(&attempt.order()).await {
                Ok(session) => session.id,
                Err(GatewayError::Refused { .. }) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        self.payments.end_checkout(&session).await
    }
}
