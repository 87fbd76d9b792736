//! How a booking is changed once it was made: what costs nothing at once, and what was sold by a fresh quote, whose
//! difference is settled. While it waits to be paid the old terms hold.

use serde::{Deserialize, Serialize};

use super::{Booked, BookedTerms, Booking, BookingStatus, Changes, Misfit};
use crate::{
    actor::Actor,
    entity::{
        attempt::CheckoutAttempt,
        payment::{Books, BooksError, Owed, Payment, PaymentStatus},
        quote::{Quote, QuoteStatus},
        refund::RefundCause,
        settings::Settings,
        vehicle::Vehicle,
    },
    id::QuoteId,
    money::{LEAST_CHARGE, Pence, Total},
    rearrange::{KeeperRows, rearrange},
    table::{IllegalMove, Machine, Move, Rewrite, Stored, Transaction},
    time::Timestamp,
};

/// A change that was asked for and waits for its difference to be paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amendment {
    /// 1, 2, 3…, counted for each booking, never used again.
    pub number: u32,
    /// The quote that it is made of.
    pub quote_id: QuoteId,
    /// What the booking will be.
    pub terms: BookedTerms,
    /// How much more it costs: what is to be paid.
    pub difference: Total,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The last moment at which it can be paid.
    pub pay_by: Timestamp,
    /// Who asked for it.
    pub asked_by: Actor,
}

/// What became of the difference of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Settled {
    /// Nothing has been paid yet: it is asked for with the fare.
    WithTheFare,
    /// It costs the same.
    Even,
    /// It was paid.
    Paid,
    /// It goes back, as far as it was paid.
    GivenBack {
        /// How much.
        amount: Total,
    },
    /// It is too little to be charged and was let go.
    LetGo,
}

/// The last change that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Amended {
    /// Which.
    pub number: u32,
    /// The quote that it was made of.
    pub quote_id: QuoteId,
    /// Since when it holds.
    pub at: Timestamp,
    /// Who asked for it.
    pub asked_by: Actor,
    /// How much more the way costs than before; below nothing, less.
    pub difference: Total,
    /// What became of that.
    pub settled: Settled,
}

/// Why a booking is not changed so.
#[derive(Debug, thiserror::Error)]
pub enum Unamendable {
    /// It is over, called off or under way.
    #[error("the booking is {}", .0.as_str())]
    Standing(BookingStatus),
    /// The driver has set out.
    #[error("the driver has set out")]
    Begun,
    /// Money for it is on its way.
    #[error("its payment is being processed")]
    Processing,
    /// The quote has been used.
    #[error("the quote has been used")]
    Used,
    /// The quote has expired.
    #[error("the quote has expired")]
    Expired,
    /// It cannot be booked so.
    #[error("it cannot be booked so")]
    Unfit(Vec<Misfit>),
    /// The books, or a machine, have no such move; a fault of ours.
    #[error(transparent)]
    Books(#[from] BooksError),
}

impl From<IllegalMove> for Unamendable {
    fn from(error: IllegalMove) -> Self {
        Self::Books(error.into())
    }
}

/// A change of what was sold, and all that is read for it.
#[derive(Debug)]
pub struct Amending<'a> {
    /// The booking.
    pub booking: Stored<Booking>,
    /// The fresh quote.
    pub quote: Stored<Quote>,
    /// The payment of the booking.
    pub payment: Stored<Payment>,
    /// What whoever has the job is judged by, as [`crate::rearrange::reads`] names it.
    pub keepers: Option<KeeperRows>,
    /// The operator's settings.
    pub settings: &'a Settings,
}

impl Amending<'_> {
    /// Makes it so, or keeps it until its difference is paid; the quote is used up with it.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn make(self, changes: &Changes, by: Actor, at: Timestamp) -> Result<Booked, Unamendable> {
        let Self { booking, quote, payment, keepers, settings } = self;
        booking.data.may_be_amended()?;
        if payment.data.status == PaymentStatus::Processing {
            return Err(Unamendable::Processing);
        }
        let terms = booking.data.terms().requoted(&quote.data).with(changes);
        let more = terms.pricing.amount.total.less(booking.data.pricing.amount.total);
        let difference =
            Total { total: more.ok_or(BooksError::Amount)?, currency: terms.pricing.amount.currency };
        let paid = booking.data.status != BookingStatus::Pending
            && !booking.data.payment.method.is_settled_at_the_end();
        let waits = paid && difference.total >= LEAST_CHARGE;
        let pay_by = at.plus(settings.payments.amendment_seconds).min(terms.journey.pickup_time);
        let too_soon = waits && pay_by.since(at) < u64::from(CheckoutAttempt::LEAST);
        if quote.data.status == QuoteStatus::Used {
            return Err(Unamendable::Used);
        }
        if at >= Quote::expires_at(&quote) {
            return Err(Unamendable::Expired);
        }
        let misfits = [
            terms.too_many(),
            quote.data.return_journey.then_some(Misfit::BothWays),
            (!quote.data.bookable).then_some(Misfit::Estimate),
            if terms.journey.pickup_time < at {
                Some(Misfit::PickupPassed)
            } else {
                too_soon.then_some(Misfit::TooSoon)
            },
        ];
        let misfits: Vec<_> = misfits.into_iter().flatten().collect();
        if !misfits.is_empty() {
            return Err(Unamendable::Unfit(misfits));
        }
        let number = booking.data.amendments.saturating_add(1);
        let quote_id = quote.data.quote_id.clone();
        let used = Quote::use_up(quote, booking.data.customer.user_id.clone(), by.clone(), at)?;
        let transaction = Transaction::new().apply(&used);
        let mut next = booking.data.clone();
        next.amendments = number;
        next.note(changes);
        if waits {
            let asked_by = by.clone();
            next.amendment =
                Some(Amendment { number, quote_id, terms, difference, asked_at: at, pay_by, asked_by });
            return next.written(booking, transaction, by, at);
        }
        next.hold(terms);
        next.amendment = None;
        let key = key(&next, number);
        let concerns = next.booking_id.clone();
        let mut books = Books::open(payment, by.clone(), at);
        let settled = if !paid {
            books.reprice(difference.total)?;
            Settled::WithTheFare
        } else if difference.total < Pence::ZERO {
            let owed = Owed { key: &key, cause: RefundCause::Amended, concerns: &concerns, reason: None };
            let back = books.amend_down(difference.total.negated(), &owed)?;
            Settled::GivenBack { amount: Total { total: back, ..difference } }
        } else if difference.total.is_zero() {
            Settled::Even
        } else {
            books.let_go(difference.total, &key, &concerns)?;
            Settled::LetGo
        };
        next.amended = Some(Amended { number, quote_id, at, asked_by: by.clone(), difference, settled });
        let transaction = transaction.and(books.close()?);
        let roster = keepers.map(|rows| (rows, settings));
        let transaction = next.rearranged(&booking.data, transaction, roster, (&by, at))?;
        next.written(booking, transaction, by, at)
    }
}

/// What the money of a change is named by: the same change is the same refund and the same entry.
fn key(booking: &Booking, number: u32) -> String {
    format!("{}.{number}", booking.booking_id)
}

impl Booking {
    /// Whether what was sold may still be changed.
    fn may_be_amended(&self) -> Result<(), Unamendable> {
        match self.status {
            BookingStatus::Pending | BookingStatus::Confirmed => Ok(()),
            BookingStatus::Assigned if self.last_step().is_none() => Ok(()),
            BookingStatus::Assigned => Err(Unamendable::Begun),
            status @ (BookingStatus::InProgress | BookingStatus::Completed | BookingStatus::Cancelled) => {
                Err(Unamendable::Standing(status))
            }
        }
    }

    /// Whether a quote is one that this booking was changed by, or is to be: asked for again, it is the same change.
    #[must_use]
    pub fn was_amended_by(&self, quote: &QuoteId) -> bool {
        let waits = self.amendment.as_ref().is_some_and(|amendment| amendment.quote_id == *quote);
        waits || self.amended.as_ref().is_some_and(|amended| amended.quote_id == *quote)
    }

    /// Changes what costs nothing, in what holds and in what waits to be paid; `with` names the quote that was sent along
    /// once more, whose terms alone are meant when it is the one that waits. None when nothing would be another.
    ///
    /// # Errors
    /// When the booking is over or under way, or more passengers are named than a vehicle takes.
    pub fn change(
        row: Stored<Self>,
        changes: &Changes,
        with: Option<&QuoteId>,
        vehicle: Option<&Vehicle>,
        by: Actor,
        at: Timestamp,
    ) -> Result<Option<Booked>, Unamendable> {
        let mut next = row.data.clone();
        next.note(changes);
        let waiting_alone = with.is_some() && row.data.amendment.as_ref().map(|a| &a.quote_id) == with;
        if let Some(amendment) = &mut next.amendment {
            amendment.terms = amendment.terms.clone().with(changes);
        }
        if !waiting_alone {
            next.hold(row.data.terms().with(changes));
        }
        if next == row.data {
            return Ok(None);
        }
        let status = row.data.status;
        let open =
            matches!(status, BookingStatus::Pending | BookingStatus::Confirmed | BookingStatus::Assigned);
        if !open && !changes.is_for_the_office() {
            return Err(Unamendable::Standing(status));
        }
        if changes.passengers.is_some() {
            let seats = vehicle.map(|vehicle| vehicle.capacity).filter(|seats| *seats < next.passengers);
            let waiting = next.amendment.as_ref().and_then(|amendment| amendment.terms.too_many());
            let misfits = [next.terms().too_many().or(waiting), seats.map(|seats| Misfit::Seats { seats })];
            let misfits: Vec<_> = misfits.into_iter().flatten().collect();
            if !misfits.is_empty() {
                return Err(Unamendable::Unfit(misfits));
            }
        }
        next.written(row, Transaction::new(), by, at).map(Some)
    }

    /// The change that waits to be paid, in time or not, while the journey is still to come and the driver has not set
    /// out.
    #[must_use]
    pub fn waits_to_be_amended(&self) -> Option<&Amendment> {
        let sold = matches!(self.status, BookingStatus::Confirmed | BookingStatus::Assigned);
        self.amendment.as_ref().filter(|_| sold && self.may_be_amended().is_ok())
    }

    /// The change that a payment was for, while it can still be paid.
    #[must_use]
    pub(crate) fn awaits(&self, number: u32, at: Timestamp) -> Option<&Amendment> {
        self.waits_to_be_amended().filter(|a| a.number == number && at <= a.pay_by)
    }

    /// The difference of the change that waits was paid: it holds from now on.
    ///
    /// # Errors
    /// When the machine has no such move, or nothing was read of whoever has the job.
    pub(crate) fn amend_paid(
        row: Stored<Self>,
        amendment: Amendment,
        payment: PaymentStatus,
        roster: Option<(KeeperRows, Settings)>,
        (by, at): (Actor, Timestamp),
    ) -> Result<Transaction, BooksError> {
        let mut next = row.data.clone();
        let Amendment { number, quote_id, terms, difference, asked_by, .. } = amendment;
        next.hold(terms);
        next.amendment = None;
        next.amended = Some(Amended { number, quote_id, at, asked_by, difference, settled: Settled::Paid });
        next.payment.status = payment;
        let roster = roster.as_ref().map(|(rows, settings)| (rows.clone(), settings));
        let transaction = next.rearranged(&row.data, Transaction::new(), roster, (&by, at))?;
        Ok(next.put(row, transaction, by, at)?.transaction)
    }

    /// The change that waits is waited for no longer; none when it is another one by now, or none.
    pub(crate) fn forget_amendment(
        row: Stored<Self>,
        number: u32,
        by: Actor,
        at: Timestamp,
    ) -> Option<Rewrite<Self>> {
        row.data.amendment.as_ref().filter(|amendment| amendment.number == number)?;
        let data = Self { amendment: None, ..row.data.clone() };
        Some(Rewrite::of(row, data, by, at))
    }

    fn rearranged(
        &mut self,
        before: &Self,
        transaction: Transaction,
        roster: Option<(KeeperRows, &Settings)>,
        written: (&Actor, Timestamp),
    ) -> Result<Transaction, BooksError> {
        let held = before.driver.is_some() && before.vehicle.is_some();
        if before.status != BookingStatus::Assigned || !held {
            return Ok(transaction);
        }
        let (rows, settings) = roster.ok_or(BooksError::Unread)?;
        Ok(rearrange(transaction, before, self, rows, settings, written))
    }

    fn written(
        self,
        row: Stored<Self>,
        transaction: Transaction,
        by: Actor,
        at: Timestamp,
    ) -> Result<Booked, Unamendable> {
        Ok(self.put(row, transaction, by, at)?)
    }

    /// The booking as it will be, moved when its status moves.
    fn put(
        self,
        row: Stored<Self>,
        transaction: Transaction,
        by: Actor,
        at: Timestamp,
    ) -> Result<Booked, IllegalMove> {
        if self.status == row.data.status {
            let rewrite = Rewrite::of(row, self, by, at);
            let booking = rewrite.after().clone();
            return Ok(Booked { booking, transaction: transaction.rewrite(&rewrite) });
        }
        let moved = Move::of(row, self, by, at)?;
        Ok(Booked { booking: moved.after().clone(), transaction: transaction.apply(&moved) })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
pub(super) const fn is_none_yet(count: &u32) -> bool {
    *count == 0
}
