//! `POST /v1/payments`: a Stripe Checkout Session for a booking; the same one again until it expires or the amount
//! changes.
//!
//! What Stripe is asked is stored before it is asked and read from there on every try, so that a retry after a crash,
//! or a second click, sends the same words under the same idempotency key and gets the same session.

use std::sync::Arc;

use deserr::Deserr;
use nots_core::{
    Actor, BookingId, Timestamp, access,
    entity::{Booking, BookingStatus, CheckoutAttempt, Payment, PaymentStatus, Settings},
    ports::{CheckoutSession, Clock, Ids, Payments, Table},
    retry,
    table::{Stored, Transaction, WriteError},
};
use nots_http::{
    Access, Caller, Endpoint, InvalidBody, Method, Problem, Request, Response, Route, StatusCode, Wire,
    parse, roles, view::Viewer,
};
use serde_json::json;

/// Opens Checkout Sessions.
pub struct PaymentsProcess {
    /// Bookings, payments, attempts, settings.
    pub table: Arc<dyn Table>,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    booking_id: Wire<BookingId>,
}

impl Endpoint for PaymentsProcess {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/payments",
        function: "payments-process",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        request.query().finish()?;
        let asked: Asked = parse(&request.body)?;
        let caller = request.caller()?;
        let (_, by) = caller.as_user()?;
        let id = &asked.booking_id.0;

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let Found { bookings, payment, settings } = self.find(id, caller).await?;
            let booking = payable(bookings, &payment.data, self.clock.now())?;
            let now = self.clock.now();
            let begun = self.attempt(&booking.data, payment.clone(), &settings.data, &by, now).await;
            match begun {
                Ok(attempt) => return self.open(attempt, &by, now, &payment.data).await,
                // Somebody else began one, or the booking moved on: look again.
                Err(Begin::Write(error))
                    if error.is_transient() || matches!(error, WriteError::Refused(_)) =>
                {
                    lost = Some(error);
                }
                Err(Begin::Write(error)) => return Err(error.into()),
                Err(Begin::Problem(problem)) => return Err(problem),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::from))
    }
}

/// Why no attempt stands ready.
enum Begin {
    Write(WriteError),
    Problem(Problem),
}

/// What is to be paid: the booking and, of a journey there and back, the other one; the outward one first.
struct Found {
    bookings: Vec<Stored<Booking>>,
    payment: Stored<Payment>,
    settings: Stored<Settings>,
}

/// The booking under which the payment stands, when all that it is for waits to be paid.
fn payable(
    bookings: Vec<Stored<Booking>>,
    payment: &Payment,
    now: Timestamp,
) -> Result<Stored<Booking>, Problem> {
    for booking in bookings.iter().map(|row| &row.data) {
        if booking.status != BookingStatus::Pending || payment.status != PaymentStatus::Pending {
            let current = json!({ "status": booking.status, "paymentStatus": payment.status });
            return Err(Problem::conflict("The booking is not waiting to be paid.", current));
        }
        if booking.journey.pickup_time < now {
            let current = json!({ "status": booking.status, "pickupTime": booking.journey.pickup_time });
            return Err(Problem::conflict("The pickup time has passed: ask for a new quote.", current));
        }
    }
    bookings.into_iter().next().ok_or_else(|| Problem::nothing_named("/bookingId", "booking"))
}

impl PaymentsProcess {
    /// What is to be paid for the booking that is named, if it is the caller's. One payment is for both ways of a journey
    /// there and back and kept under the way there; whichever is named, both are read at once.
    async fn find(&self, id: &BookingId, caller: &Caller) -> Result<Found, Problem> {
        let maybe_outward = id.maybe_outward();
        let reads = (
            (access::booking(id), access::payment_of_booking(id), access::settings()),
            access::booking(&BookingId::return_of(id)),
            maybe_outward.as_ref().map(|id| (access::booking(id), access::payment_of_booking(id))),
        );
        let ((booking, payment, settings), returning, outward) = self.table.read(reads).await?;
        let missing = || Problem::nothing_named("/bookingId", "booking");
        let booking = booking.filter(|row| Viewer::of(caller, &row.data).is_some()).ok_or_else(missing)?;
        let (outward, returning, payment) = if booking.data.paid_under() == id {
            (booking, returning, payment)
        } else {
            let (outward, payment) = outward.ok_or_else(missing)?;
            (outward.ok_or_else(missing)?, Some(booking), payment)
        };
        Ok(Found {
            bookings: Booking::paid_together(outward, returning),
            payment: payment.ok_or_else(missing)?,
            settings: settings.ok_or_else(|| Problem::not_set_up("settings"))?,
        })
    }

    /// The attempt that serves, or a new one, stored.
    async fn attempt(
        &self,
        booking: &Booking,
        payment: Stored<Payment>,
        settings: &Settings,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Stored<CheckoutAttempt>, Begin> {
        if payment.data.attempts > 0 {
            let last = access::attempt_of_booking(&booking.booking_id, payment.data.attempts);
            let last = self.table.read(last).await.map_err(|error| Begin::Problem(error.into()))?;
            if let Some(last) = last.filter(|last| last.data.serves(payment.data.amount, now)) {
                return Ok(last);
            }
        }
        let begun = CheckoutAttempt::begin(&payment.data, booking, settings, by.clone(), now);
        let counted =
            Payment::begin_attempt(payment, by.clone(), now).map_err(|error| Begin::Problem(error.into()))?;
        let transaction = Transaction::new().create(&begun).apply(&counted);
        self.table.commit(transaction).await.map_err(Begin::Write)?;
        Ok(begun.after().clone())
    }

    /// The attempt's session, opened if it has not been.
    async fn open(
        &self,
        attempt: Stored<CheckoutAttempt>,
        by: &Actor,
        now: Timestamp,
        payment: &Payment,
    ) -> Result<Response, Problem> {
        if let Some(session) = attempt.data.session() {
            return Ok(answer(StatusCode::OK, &session, payment));
        }
        let session = self.payments.open_checkout(&attempt.data.order()).await?;
        let kept = CheckoutAttempt::opened(attempt, &session, by.clone(), now);
        match self.table.commit(Transaction::new().rewrite(&kept)).await {
            // Whoever kept it before us kept the same session: the key is the same.
            Ok(()) | Err(WriteError::Refused(_)) => Ok(answer(StatusCode::CREATED, &session, payment)),
            Err(error) => Err(error.into()),
        }
    }
}

fn answer(status: StatusCode, session: &CheckoutSession, payment: &Payment) -> Response {
    let body = json!({
        "paymentId": payment.payment_id,
        "bookingId": payment.booking_id,
        "status": payment.status,
        "checkoutUrl": session.url,
        "checkoutSessionId": session.id,
        "amount": payment.amount,
    });
    Response::json(status, &body)
}
