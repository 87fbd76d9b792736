//! `POST /v1/payments`: a Stripe Checkout Session for what a booking waits to be paid; the same one again until it ends
//! or the amount changes. Staff may take a job that is settled at the end, and settle a due by hand.
//!
//! What Stripe is asked is stored before it is asked and read from there on every try, so that a retry after a crash,
//! or a second click, sends the same words under the same idempotency key and gets the same session.

use std::sync::Arc;

use nots_core::{
    Actor, Timestamp, access,
    entity::{Booking, CheckoutAttempt, Payment, Settings, attempt},
    ports::{CheckoutSession, Clock, Ids, Payments, Table},
    retry,
    table::{Stored, Transaction, WriteError},
};
use nots_http::{Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode, parse, roles};
use serde_json::json;

mod asked;
mod counter;
mod found;

use asked::{Asked, How};
use found::{Found, ToPay};

/// Opens Checkout Sessions.
pub struct PaymentsProcess {
    /// Bookings, payments, attempts, dues, settings.
    pub table: Arc<dyn Table>,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
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
        let caller = request.caller()?;
        let asked: Asked = parse(&request.body)?;
        let how = asked.how(caller)?;
        let (_, by) = caller.as_user()?;

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let found = Found::read(self.table.as_ref(), asked.booking(), caller).await?;
            let now = self.clock.now();
            let tried = match &how {
                How::Card => self.by_card(found, &by, now).await,
                How::AtTheEnd(method) => self.at_the_end(found, *method, &by, now).await,
                How::DueInCash => self.due_in_cash(found, &by, now).await,
                How::WrittenOff(reason) => self.write_off(found, reason.clone(), &by, now).await,
            };
            match tried {
                Ok(response) => return Ok(response),
                // Somebody else began one, or the booking moved on: look again.
                Err(Tried::Write(error))
                    if error.is_transient() || matches!(error, WriteError::Refused(_)) =>
                {
                    lost = Some(error);
                }
                Err(Tried::Write(error)) => return Err(error.into()),
                Err(Tried::Problem(problem)) => return Err(problem),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::from))
    }
}

/// Why a try did not answer.
enum Tried {
    Write(WriteError),
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for Tried {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

impl PaymentsProcess {
    async fn by_card(&self, found: Found, by: &Actor, now: Timestamp) -> Result<Response, Tried> {
        let to_pay = found.to_pay(now)?;
        let (attempt, payment) = self.attempt(to_pay, found.payment, &found.settings.data, by, now).await?;
        Ok(self.open(attempt, by, now, &payment).await?)
    }

    /// The attempt that serves, or a new one, stored; and the payment as it stands then.
    async fn attempt(
        &self,
        to_pay: ToPay,
        payment: Stored<Payment>,
        settings: &Settings,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(Stored<CheckoutAttempt>, Payment), Tried> {
        let ToPay { booking, asked } = to_pay;
        if payment.data.attempts > 0 {
            let last = access::attempt_of_booking(&payment.data.booking_id, payment.data.attempts);
            let last = self.table.read(last).await?;
            if let Some(last) = last.filter(|last| last.data.serves(&asked, now)) {
                return Ok((last, payment.data));
            }
        }
        too_late(&asked, &booking, now)?;
        let begun = CheckoutAttempt::begin(&payment.data, &booking, asked, settings, by.clone(), now);
        let counted = Payment::begin_attempt(payment, by.clone(), now)?;
        let transaction = Transaction::new().create(&begun).apply(&counted);
        self.table.commit(transaction).await.map_err(Tried::Write)?;
        Ok((begun.after().clone(), counted.after().data.clone()))
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
            return Ok(answer(StatusCode::OK, &session, payment, &attempt.data));
        }
        let session = self.payments.open_checkout(&attempt.data.order()).await?;
        let opened = attempt.data.clone();
        let kept = CheckoutAttempt::opened(attempt, &session, by.clone(), now);
        match self.table.commit(Transaction::new().rewrite(&kept)).await {
            // Whoever kept it before us kept the same session: the key is the same.
            Ok(()) | Err(WriteError::Refused(_)) => {
                Ok(answer(StatusCode::CREATED, &session, payment, &opened))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Stripe opens no session that ends sooner than in half an hour.
fn too_late(asked: &attempt::Asked, booking: &Booking, now: Timestamp) -> Result<(), Problem> {
    match asked.until {
        Some(until) if now.plus(CheckoutAttempt::LEAST) > until => {
            let current = json!({ "status": booking.status, "payBy": until });
            Err(Problem::conflict(
                "There is too little time left to pay for the change: ask for it again.",
                current,
            ))
        }
        _ => Ok(()),
    }
}

fn answer(
    status: StatusCode,
    session: &CheckoutSession,
    payment: &Payment,
    attempt: &CheckoutAttempt,
) -> Response {
    let body = json!({
        "paymentId": payment.payment_id,
        "bookingId": payment.booking_id,
        "status": payment.status,
        "method": "card",
        "checkoutUrl": session.url,
        "checkoutSessionId": session.id,
        "amount": attempt.amount,
        "purpose": attempt.purpose,
        "expiresAt": attempt.expires_at,
    });
    Response::json(status, &body)
}
