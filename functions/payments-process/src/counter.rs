//! What staff do without Stripe: jobs that are settled at the end, dues paid in cash or let go.

use nots_core::{
    Actor, Timestamp,
    entity::{BookingStatus, Payment, PaymentStatus, payment::PaymentMethod},
    money::Total,
    settle,
    table::Stored,
    text::Note,
};
use nots_http::{Response, StatusCode};
use serde_json::json;

use crate::{Found, PaymentsProcess, Tried};

impl PaymentsProcess {
    /// Confirms what waits to be paid; again, it answers what stands.
    pub(crate) async fn at_the_end(
        &self,
        found: Found,
        method: PaymentMethod,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Response, Tried> {
        let status = found.booking()?.status;
        let payment = &found.payment.data;
        if status != BookingStatus::Pending && status != BookingStatus::Cancelled && payment.method == method
        {
            return Ok(answer(&found.payment, payment.amount));
        }
        // What was paid in vain and went back leaves it waiting.
        let waits = payment.refundable().is_zero()
            && !matches!(payment.status, PaymentStatus::Processing | PaymentStatus::Failed);
        if status != BookingStatus::Pending || !waits {
            return Err(found.nothing("The booking is not waiting to be paid.").into());
        }
        let amount = payment.amount;
        let taken = settle::settle_at_the_end(found.bookings, found.payment.clone(), method, by, now);
        self.table.commit(taken?).await.map_err(Tried::Write)?;
        let mut payment = found.payment;
        payment.data.method = method;
        Ok(answer(&payment, amount))
    }

    /// Takes what is owed after the journey in cash.
    pub(crate) async fn due_in_cash(
        &self,
        found: Found,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Response, Tried> {
        let due = found.owed().cloned().ok_or_else(|| found.nothing("Nothing is owed for the booking."))?;
        let amount = due.data.amount;
        let settled = settle::due_paid_in_cash(due, found.payment.clone(), by, now);
        self.table.commit(settled?).await.map_err(Tried::Write)?;
        Ok(answer(&found.payment, amount))
    }

    /// Lets go what is owed after the journey.
    pub(crate) async fn write_off(
        &self,
        found: Found,
        reason: Option<Note>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Response, Tried> {
        let due = found.owed().cloned().ok_or_else(|| found.nothing("Nothing is owed for the booking."))?;
        let amount = due.data.amount;
        let settled = settle::write_off(due, found.payment.clone(), reason, by, now);
        self.table.commit(settled?).await.map_err(Tried::Write)?;
        Ok(answer(&found.payment, amount))
    }
}

fn answer(payment: &Stored<Payment>, amount: Total) -> Response {
    let data = &payment.data;
    let body = json!({
        "paymentId": data.payment_id,
        "bookingId": data.booking_id,
        "status": data.status,
        "method": data.method,
        "checkoutUrl": null,
        "checkoutSessionId": null,
        "amount": amount,
    });
    Response::json(StatusCode::OK, &body)
}
