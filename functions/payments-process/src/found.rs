//! What is to be paid for a booking, as it stands in the table.

use nots_core::{
    BookingId, Pence, Timestamp, access,
    entity::{
        Booking, BookingStatus, Due, Payment, PaymentStatus, Settings,
        attempt::{Asked, Purpose},
        due::DueStatus,
    },
    ports::Table,
    table::Stored,
};
use nots_http::{Caller, Problem, view::Viewer};
use serde_json::json;

/// A booking and what is paid together with it.
pub(crate) struct Found {
    /// The booking that is named.
    pub(crate) named: BookingId,
    /// It and, of a journey there and back, the other one; the outward one first.
    pub(crate) bookings: Vec<Stored<Booking>>,
    /// The payment.
    pub(crate) payment: Stored<Payment>,
    /// What the named one still owes.
    pub(crate) due: Option<Stored<Due>>,
    /// The operator's settings.
    pub(crate) settings: Stored<Settings>,
}

/// What is to be paid by card now.
pub(crate) struct ToPay {
    /// The booking that it is for.
    pub(crate) booking: Booking,
    /// How much, and for what.
    pub(crate) asked: Asked,
}

impl Found {
    /// What is to be paid for the booking that is named, if it is the caller's. One payment is for both ways of a journey
    /// there and back and kept under the way there; whichever is named, both are read at once.
    pub(crate) async fn read(table: &dyn Table, id: &BookingId, caller: &Caller) -> Result<Self, Problem> {
        let maybe_outward = id.maybe_outward();
        let reads = (
            (access::booking(id), access::payment_of_booking(id), access::settings()),
            (access::booking(&BookingId::return_of(id)), access::due_of_booking(id, id)),
            maybe_outward.as_ref().map(|outward| {
                let due = access::due_of_booking(outward, id);
                (access::booking(outward), access::payment_of_booking(outward), due)
            }),
        );
        let ((booking, payment, settings), (returning, due), outward) = table.read(reads).await?;
        let missing = || Problem::nothing_named("/bookingId", "booking");
        let booking = booking.filter(|row| Viewer::of(caller, &row.data).is_some()).ok_or_else(missing)?;
        let (outward, returning, payment, due) = if booking.data.paid_under() == id {
            (booking, returning, payment, due)
        } else {
            let (outward, payment, due) = outward.ok_or_else(missing)?;
            (outward.ok_or_else(missing)?, Some(booking), payment, due)
        };
        Ok(Self {
            named: id.clone(),
            bookings: Booking::paid_together(outward, returning),
            payment: payment.ok_or_else(missing)?,
            due,
            settings: settings.ok_or_else(|| Problem::not_set_up("settings"))?,
        })
    }

    /// The booking that is named.
    pub(crate) fn booking(&self) -> Result<&Booking, Problem> {
        let named = self.bookings.iter().map(|row| &row.data).find(|data| data.booking_id == self.named);
        named.ok_or_else(|| Problem::nothing_named("/bookingId", "booking"))
    }

    /// The due that is owed, if one is.
    pub(crate) fn owed(&self) -> Option<&Stored<Due>> {
        self.due.as_ref().filter(|due| due.data.status == DueStatus::Owed)
    }

    /// Why there is nothing to be paid.
    pub(crate) fn nothing(&self, detail: &str) -> Problem {
        let status = self.booking().map(|booking| booking.status).ok();
        Problem::conflict(detail, json!({ "status": status, "paymentStatus": self.payment.data.status }))
    }

    /// What waits to be paid by card now.
    pub(crate) fn to_pay(&self, now: Timestamp) -> Result<ToPay, Problem> {
        let booking = self.booking()?;
        if let Some(due) = self.owed() {
            let purpose = Purpose::Due { booking_id: self.named.clone() };
            let asked = Asked { purpose, amount: due.data.amount, until: None };
            return Ok(ToPay { booking: booking.clone(), asked });
        }
        if let Some(amendment) = booking.waits_to_be_amended() {
            let purpose = Purpose::Amendment { booking_id: self.named.clone(), number: amendment.number };
            let asked = Asked { purpose, amount: amendment.difference, until: Some(amendment.pay_by) };
            let journey = amendment.terms.journey.clone();
            return Ok(ToPay { booking: Booking { journey, ..booking.clone() }, asked });
        }
        let payment = &self.payment.data;
        // What was paid and went back in full, since it was not what is asked for, leaves it waiting.
        let waits = payment.refundable() <= Pence::ZERO
            && !matches!(payment.status, PaymentStatus::Processing | PaymentStatus::Failed);
        if booking.status != BookingStatus::Pending || !waits {
            return Err(self.nothing("The booking is not waiting to be paid."));
        }
        let waiting =
            || self.bookings.iter().map(|row| &row.data).filter(|data| data.status == BookingStatus::Pending);
        if let Some(past) = waiting().find(|data| data.journey.pickup_time < now) {
            let current = json!({ "status": past.status, "pickupTime": past.journey.pickup_time });
            return Err(Problem::conflict("The pickup time has passed: ask for a new quote.", current));
        }
        // The payment names the journey by the way there, unless only the way back is left.
        let first = waiting().next().unwrap_or(booking).clone();
        let asked = Asked { purpose: Purpose::Fare, amount: self.payment.data.amount, until: None };
        Ok(ToPay { booking: first, asked })
    }
}
