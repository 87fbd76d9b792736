//! What the end of a ride does about money: a job that is settled at the end is settled, and waiting becomes a due.

use crate::{
    access,
    actor::Actor,
    entity::{
        Booking, Due, Payment, Tariff,
        due::DueStatus,
        payment::{Books, BooksError},
        tariff::Terms,
    },
    journey::VehicleType,
    money::{LEAST_CHARGE, Pence, Total},
    pricing::{Line, waiting_at_pickup},
    table::{Get, Stored, Transaction},
    text::Text,
    time::{Seconds, Timestamp},
};

/// What must be read to end a ride: its payment, and the tariff that it was priced by.
pub fn ride_reads(booking: &Booking) -> (Get<Payment>, Get<Tariff>) {
    let tariff = (booking.pricing.tariff_effective_from, booking.pricing.tariff_version);
    (access::payment(booking.paid_under(), &booking.payment.payment_id), access::tariff(tariff))
}

/// How long the driver waited for the passenger: from when the passenger was due, or from arriving later than that.
#[must_use]
pub fn waited(booking: &Booking) -> Seconds {
    let t = &booking.timeline;
    let (Some(arrived), Some(on_board)) = (t.arrived, t.passenger_onboard) else { return 0 };
    let waited = on_board.since(arrived.max(booking.journey.pickup_time));
    Seconds::try_from(waited).unwrap_or(Seconds::MAX)
}

fn waiting(booking: &Booking, terms: &Terms) -> Option<Line> {
    let at = booking.journey.pickup_location.at;
    let at_airport = terms.airports(&[at]).next().is_some();
    let kind: VehicleType = booking.vehicle_type;
    let line = waiting_at_pickup(terms, kind, at_airport, waited(booking)).ok()?;
    (line.amount > Pence::ZERO).then_some(line)
}

/// What money moves because a ride is over, by what was found of it. Without a tariff, as of a journey that was moved in,
/// waiting costs nothing.
///
/// # Errors
/// When the books cannot hold it.
pub fn ride_over(
    booking: &Booking,
    payment: Stored<Payment>,
    terms: Option<&Terms>,
    by: &Actor,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let (concerns, currency) = (&booking.booking_id, payment.data.amount.currency);
    let line = terms.and_then(|terms| waiting(booking, terms));
    let owed = line.as_ref().map_or(Pence::ZERO, |line| line.amount);
    let by_hand = payment.data.method.is_settled_at_the_end();
    let under = payment.data.booking_id.clone();
    let mut books = Books::open(payment, by.clone(), at);
    if by_hand {
        books.raise_due(concerns, owed)?;
        books.capture_at_the_end(concerns, booking.pricing.amount.total, owed)?;
    } else if owed > Pence::ZERO {
        books.raise_due(concerns, owed)?;
        if owed < LEAST_CHARGE {
            books.write_off_due(concerns, owed, None)?;
        }
    }
    let transaction = books.close()?;
    let Some(line) = line else { return Ok(transaction) };
    let status = match (by_hand, owed < LEAST_CHARGE) {
        (true, _) => DueStatus::Paid,
        (false, true) => DueStatus::WrittenOff,
        (false, false) => DueStatus::Owed,
    };
    let due = Due {
        booking_id: under,
        concerns: concerns.clone(),
        status,
        amount: Total { total: owed, currency },
        description: Text::parse(&line.description).map_err(|_| BooksError::Amount)?,
        raised_at: at,
        settled_at: (status != DueStatus::Owed).then_some(at),
    };
    Ok(transaction.create(&due.raise(by.clone(), at)))
}
