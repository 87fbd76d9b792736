//! Calling a way off: what must be known of it, what it comes to, and the one transaction that makes it so.

use super::{Cancellation, CancelledBy, Judgement, judge};
use crate::{
    access,
    actor::Actor,
    dispatch::{self, HeldDays, HeldReads},
    entity::{
        Booking, BookingStatus, Payment, PaymentStatus, Settings, Tariff,
        booking::Pairing,
        payment::{Books, BooksError, Owed},
        refund::RefundCause,
        tariff::CancellationPolicy,
    },
    geo::Coordinates,
    money::Pence,
    settle,
    table::{Get, IllegalMove, Stored, Transaction},
    text::Note,
    time::Timestamp,
};

/// The reads that calling a booking off takes once it has been read: one round trip.
pub type Reads = (Get<Payment>, Get<Tariff>, Option<Get<Booking>>, HeldReads);

/// What they find.
#[derive(Debug)]
pub struct Found {
    /// What is paid for the journey.
    pub payment: Option<Stored<Payment>>,
    /// The version of the tariff that priced it.
    pub tariff: Option<Stored<Tariff>>,
    /// The booking of the other way.
    pub other: Option<Stored<Booking>>,
    /// The days that hold the job.
    pub days: HeldDays,
}

/// What must be read to call a booking off.
pub fn reads(booking: &Booking, settings: &Settings) -> Reads {
    let other = match &booking.pairing {
        Pairing::Outward { return_booking_id: other } | Pairing::Return { outward_booking_id: other } => {
            Some(access::booking(other))
        }
        Pairing::Alone => None,
    };
    (
        access::payment_of_booking(booking.paid_under()),
        access::tariff(booking.pricing.tariff()),
        other,
        dispatch::held(booking, settings),
    )
}

/// Whether a way has been paid for. Cash, and what is put on an account, is paid when the ride is over.
fn was_paid(booking: &Booking, payment: &Payment) -> bool {
    let waits = booking.status == BookingStatus::Pending;
    !waits && !payment.method.is_settled_at_the_end() && !payment.captured().is_zero()
}

/// Whether it was paid where no money of ours went: on an account, or in the system before.
fn is_paid_elsewhere(payment: &Payment) -> bool {
    let paid = matches!(payment.status, PaymentStatus::Completed | PaymentStatus::Refunded);
    paid && payment.captured().is_zero()
}

/// What has been paid for a way and has not gone back.
fn paid_for(booking: &Booking, payment: Option<&Payment>) -> Pence {
    let taken = payment.filter(|payment| was_paid(booking, payment));
    taken.map_or(Pence::ZERO, |payment| payment.refundable().min(booking.pricing.amount.total))
}

/// What calling a booking off would come to. A fare that no tariff of ours made is called off
/// for nothing.
#[must_use]
pub fn preview(
    booking: &Booking,
    payment: Option<&Payment>,
    tariff: Option<&Tariff>,
    by: CancelledBy,
    now: Timestamp,
) -> Judgement {
    let paid = paid_for(booking, payment);
    let none = CancellationPolicy::free();
    let policy = tariff.map_or(&none, |tariff| &tariff.terms.cancellation);
    let (fare, pickup) = (booking.pricing.amount, booking.journey.pickup_time);
    judge(policy, by, fare, paid, pickup, now)
}

/// Why a booking cannot be called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// It is in a state that does not lead there.
    #[error(transparent)]
    Booking(#[from] IllegalMove),
    /// The books cannot hold it; a fault of ours.
    #[error(transparent)]
    Books(BooksError),
}

impl From<BooksError> for CancelError {
    fn from(error: BooksError) -> Self {
        match error {
            BooksError::Illegal(illegal) => Self::Booking(illegal),
            error @ (BooksError::NotEnough { .. } | BooksError::Amount | BooksError::Unread) => {
                Self::Books(error)
            }
        }
    }
}

/// Somebody's wish that a booking be called off.
#[derive(Debug, Clone, PartialEq)]
pub struct CallingOff {
    /// On whose side it lies.
    pub side: CancelledBy,
    /// Why.
    pub reason: Option<Note>,
    /// When it happened, by who says so; the fee goes by the time at which we hear of it.
    pub happened: Timestamp,
    /// Where the driver waited.
    pub location: Option<Coordinates>,
    /// Who wishes it.
    pub by: Actor,
}

impl CallingOff {
    /// Makes it so, together or not at all: the booking is cancelled and keeps what was judged, the days of its driver and its
    /// vehicle are free, and what is owed back is in the books. Of what was not paid no money moves; what is asked for goes
    /// down by this way's fare, and nothing is waited for once no way stands.
    ///
    /// # Errors
    /// When the booking is in a state that does not lead to cancelled.
    pub fn make(
        self,
        booking: Stored<Booking>,
        found: Found,
        now: Timestamp,
    ) -> Result<(Stored<Booking>, Transaction), CancelError> {
        let Found { payment, tariff, other, days } = found;
        let (tariff, paying) = (tariff.as_ref().map(|t| &t.data), payment.as_ref().map(|p| &p.data));
        let paid = paid_for(&booking.data, paying);
        let judgement = preview(&booking.data, paying, tariff, self.side, now);
        let (id, fare) = (booking.data.booking_id.clone(), booking.data.pricing.amount.total);
        let under = booking.data.paid_under();
        let other = other.filter(|other| other.data.paid_under() == under);
        let another_stands = other.as_ref().is_some_and(|row| row.data.status != BookingStatus::Cancelled);

        let (money, said) = match payment {
            Some(payment) => {
                let was_paid = was_paid(&booking.data, &payment.data);
                let mut books = Books::open(payment, self.by.clone(), now);
                if !was_paid {
                    give_up(&mut books, fare, another_stands)?;
                } else if !paid.is_zero() {
                    let key = format!("cancelled.{id}");
                    let (cause, reason) = (RefundCause::Cancelled, self.reason.clone());
                    let owed = Owed { key: &key, cause, concerns: &id, reason };
                    books.cancel(paid, judgement.fee.total, &owed)?;
                }
                let said = if was_paid || is_paid_elsewhere(books.payment()) {
                    books.status()
                } else {
                    PaymentStatus::Failed
                };
                (settle::with_bookings(books, other.into_iter().collect(), now)?, Some(said))
            }
            None => (Transaction::new(), None),
        };
        let Self { reason, happened, location, by, .. } = self;
        let cancellation =
            Cancellation { judgement, reason, at: happened, location, cancelled_by: by.clone() };
        let cancelled = Booking::cancel(booking, cancellation, said, now)?;
        let transaction = dispatch::release(Transaction::new().apply(&cancelled), &id, days, &by, now);
        Ok((cancelled.after().clone(), transaction.and(money)))
    }
}

/// A way that was not paid for is called off: less is asked for, or nothing at all. What was paid elsewhere is settled there.
fn give_up(books: &mut Books, fare: Pence, another_stands: bool) -> Result<(), BooksError> {
    if is_paid_elsewhere(books.payment()) {
        return Ok(());
    }
    let rest = books.payment().amount.total.less(fare).unwrap_or(Pence::ZERO);
    if another_stands && rest > Pence::ZERO {
        return books.reprice(fare.negated());
    }
    // Money of the other way that was taken already is not given up with this one.
    if books.payment().captured().is_zero() {
        books.lapse();
    }
    Ok(())
}
