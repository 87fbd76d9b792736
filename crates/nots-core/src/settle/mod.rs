//! What becomes of money: of a session's facts, of refunds and of disputes, one transaction makes whatever follows. The
//! same facts again, in any order, change nothing more.

mod cashier;
mod counter;
mod ride;

pub use cashier::{Cashier, LearnError, Learned};
pub use counter::{due_paid_in_cash, settle_at_the_end, write_off};
pub use ride::{ride_over, ride_reads, waited};

use crate::{
    actor::Actor,
    entity::{
        Booking, BookingStatus, CheckoutAttempt, Due, Payment, Refund, Settings,
        attempt::{Ending, Purpose},
        due::DueStatus,
        payment::{Books, BooksError, Owed, PaymentMethod, PaymentStatus},
        refund::RefundCause,
    },
    id::BookingId,
    money::Pence,
    ports::{RefundFacts, SessionFacts, SessionStage, total_of},
    rearrange::{self, KeeperReads, KeeperRows},
    table::{Stored, Transaction},
    time::Timestamp,
};

/// What a session's facts are judged against, as it stands in the table.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The bookings that one payment is for.
    pub bookings: Vec<Stored<Booking>>,
    /// The payment.
    pub payment: Stored<Payment>,
    /// The attempt that opened the session; none when no attempt of ours did.
    pub attempt: Option<Stored<CheckoutAttempt>>,
    /// What the journey that the attempt names still owes.
    pub due: Option<Stored<Due>>,
    /// What a paid change of a job that somebody has is judged by: what was found of [`keepers`], and the operator's
    /// settings.
    pub roster: Option<(KeeperRows, Settings)>,
}

/// What must be read besides, once the rest of a scene has been, to judge at this moment whether whoever has the job of
/// a change that is paid keeps it; nothing when nobody has it, or no change waits for this attempt.
#[must_use]
pub fn keepers(
    bookings: &[Stored<Booking>],
    attempt: &CheckoutAttempt,
    settings: &Settings,
    at: Timestamp,
) -> Option<KeeperReads> {
    let Purpose::Amendment { booking_id, number } = &attempt.purpose else { return None };
    let booking = bookings.iter().find(|row| row.data.booking_id == *booking_id)?;
    let amendment = booking.data.awaits(*number, at)?;
    rearrange::reads(&booking.data, &amendment.terms.journey, settings, at)
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Bookings were confirmed.
    Confirmed,
    /// What a changed journey costs more was paid, and it is changed.
    Amended,
    /// A due was paid.
    DuePaid,
    /// The money confirms nothing and goes back.
    GivenBack,
    /// The money is on its way.
    Processing,
    /// It was no news, or none that moves money.
    Noted,
}

/// How facts were judged.
#[derive(Debug)]
pub enum Verdict {
    /// They are not of what was asked for: nothing follows, and a person must look.
    Mismatched(&'static str),
    /// What follows; an empty transaction when nothing does.
    Follows(Outcome, Transaction),
}

/// Judges what the card processor says of a session, with a key for real money or for tests.
///
/// # Errors
/// When the books cannot hold it; a fault of ours.
pub fn session_told(
    scene: Scene,
    facts: &SessionFacts,
    livemode: bool,
    at: Timestamp,
) -> Result<Verdict, BooksError> {
    let Some(attempt) = scene.attempt.clone() else {
        return Ok(Verdict::Mismatched("no attempt of this booking opened the session"));
    };
    if facts.livemode != livemode {
        return Ok(Verdict::Mismatched(
            "it is of the other mode: live instead of test, or test instead of live",
        ));
    }
    let opened = attempt.data.checkout_session_id.as_deref();
    if opened.is_some_and(|opened| opened != facts.session_id) {
        return Ok(Verdict::Mismatched("the attempt opened another session"));
    }
    let paid = total_of(facts.amount, &facts.currency);
    if paid != Some(attempt.data.amount) {
        return Ok(Verdict::Mismatched("another amount or currency was paid than was asked for"));
    }
    let ending = |ending| {
        let ended = CheckoutAttempt::ended(attempt.clone(), &facts.session_id, ending, Actor::Stripe, at);
        ended.map_or_else(Transaction::new, |ended| Transaction::new().rewrite(&ended))
    };
    match facts.stage {
        SessionStage::Open => Ok(Verdict::Follows(Outcome::Noted, Transaction::new())),
        SessionStage::Expired => Ok(Verdict::Follows(Outcome::Noted, ending(Ending::Expired))),
        SessionStage::Failed => {
            let mut books = Books::open(scene.payment, Actor::Stripe, at);
            if books.payment().status == PaymentStatus::Processing {
                books.bounced();
            }
            let transaction = with_bookings(books, scene.bookings, at)?.and(ending(Ending::Failed));
            Ok(Verdict::Follows(Outcome::Noted, transaction))
        }
        SessionStage::Processing => {
            let fresh = attempt.data.ended.is_none() && scene.payment.data.status == PaymentStatus::Pending;
            let mut books = Books::open(scene.payment, Actor::Stripe, at);
            if fresh {
                books.processing();
            }
            Ok(Verdict::Follows(Outcome::Processing, with_bookings(books, scene.bookings, at)?))
        }
        SessionStage::Paid => match facts.payment_intent.as_deref() {
            None => Ok(Verdict::Mismatched("it was paid, and names no PaymentIntent")),
            Some(intent) if scene.payment.data.capture_of(intent).is_some() => {
                Ok(Verdict::Follows(Outcome::Noted, ending(Ending::Paid)))
            }
            Some(intent) => {
                let amount = attempt.data.amount.total;
                let (outcome, transaction) = match &attempt.data.purpose {
                    Purpose::Fare => fare_paid(scene, intent, amount, at)?,
                    Purpose::Due { .. } => due_paid(scene, intent, amount, at)?,
                    Purpose::Amendment { booking_id, number } => {
                        amendment_paid(scene, (booking_id, *number), intent, amount, at)?
                    }
                };
                Ok(Verdict::Follows(outcome, transaction.and(ending(Ending::Paid))))
            }
        },
    }
}

/// The journeys were paid for: those that wait are confirmed, when it is as much as is asked for now. What it is more,
/// since one of them was called off or costs less, goes back.
fn fare_paid(
    scene: Scene,
    intent: &str,
    amount: Pence,
    at: Timestamp,
) -> Result<(Outcome, Transaction), BooksError> {
    let payment = &scene.payment.data;
    let asked = payment.amount.total;
    let waits = |row: &&Stored<Booking>| row.data.status == BookingStatus::Pending;
    let waiting: Vec<_> = scene.bookings.iter().filter(waits).cloned().collect();
    let by_card = payment.method == PaymentMethod::Stripe;
    if waiting.is_empty() || !by_card || payment.refundable() > Pence::ZERO || amount < asked {
        return given_back(scene, intent, amount, at);
    }
    Ok((Outcome::Confirmed, confirm(waiting, scene.payment, intent, amount, at)?))
}

/// Confirms bookings that wait and their payment, because a PaymentIntent took at least what is asked for; what it took
/// more is owed back.
///
/// # Errors
/// When any of it cannot be confirmed from where it stands, or less was taken.
pub fn confirm(
    waiting: Vec<Stored<Booking>>,
    payment: Stored<Payment>,
    intent: &str,
    amount: Pence,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let asked = payment.data.amount.total;
    let mut books = Books::open(payment, Actor::Stripe, at);
    books.capture_card(intent, amount, asked)?;
    let more = amount.less(asked).ok_or(BooksError::Amount)?;
    if more > Pence::ZERO {
        let concerns = books.payment().booking_id.clone();
        let key = format!("more.{intent}");
        let owed = Owed { key: &key, cause: RefundCause::PaidTwice, concerns: &concerns, reason: None };
        books.give_back_of(intent, more, &owed)?;
    }
    let mut transaction = books.close()?;
    for booking in waiting {
        let intent = Some(intent.to_owned());
        transaction =
            transaction.apply(&Booking::confirm(booking, PaymentMethod::Stripe, intent, Actor::Stripe, at)?);
    }
    Ok(transaction)
}

fn due_paid(
    scene: Scene,
    intent: &str,
    amount: Pence,
    at: Timestamp,
) -> Result<(Outcome, Transaction), BooksError> {
    let fits = |due: &&Stored<Due>| due.data.status == DueStatus::Owed && due.data.amount.total == amount;
    let Some(due) = scene.due.as_ref().filter(fits).cloned() else {
        return given_back(scene, intent, amount, at);
    };
    let mut books = Books::open(scene.payment, Actor::Stripe, at);
    books.capture_card_for(&due.data.concerns, intent, amount, Pence::ZERO)?;
    let settled = Due::settle(due, DueStatus::Paid, Actor::Stripe, at)?;
    Ok((Outcome::DuePaid, books.close()?.apply(&settled)))
}

/// What a changed journey costs more was paid: the change holds from now on, while it is still the one that waits, in
/// time, and the driver has not set out. Otherwise the money goes back, and what it was for is waited for no longer.
fn amendment_paid(
    scene: Scene,
    (booking_id, number): (&BookingId, u32),
    intent: &str,
    amount: Pence,
    at: Timestamp,
) -> Result<(Outcome, Transaction), BooksError> {
    let row = scene.bookings.iter().find(|row| row.data.booking_id == *booking_id).cloned();
    let waits = row.as_ref().and_then(|row| row.data.awaits(number, at)).cloned();
    let waits = waits.filter(|amendment| amendment.difference.total == amount);
    let (Some(row), Some(amendment)) = (row.clone(), waits) else {
        let forgotten = row.and_then(|row| Booking::forget_amendment(row, number, Actor::Stripe, at));
        let (outcome, transaction) = given_back(scene, intent, amount, at)?;
        let transaction = match forgotten {
            Some(forgotten) => transaction.rewrite(&forgotten),
            None => transaction,
        };
        return Ok((outcome, transaction));
    };
    let mut books = Books::open(scene.payment, Actor::Stripe, at);
    books.capture_card_for(booking_id, intent, amount, amount)?;
    books.reprice(amount)?;
    let status = books.status();
    let amended = Booking::amend_paid(row, amendment, status, scene.roster, (Actor::Stripe, at))?;
    let others = scene.bookings.into_iter().filter(|row| row.data.booking_id != *booking_id).collect();
    Ok((Outcome::Amended, with_bookings(books, others, at)?.and(amended)))
}

/// Nothing waits for the money any more: it is taken into the books and owed back in full.
pub(crate) fn given_back(
    scene: Scene,
    intent: &str,
    amount: Pence,
    at: Timestamp,
) -> Result<(Outcome, Transaction), BooksError> {
    let (twice, concerns) = match scene.attempt.map(|attempt| attempt.data.purpose) {
        Some(Purpose::Amendment { booking_id, .. }) => (false, booking_id),
        _ => (!scene.payment.data.captured().is_zero(), scene.payment.data.booking_id.clone()),
    };
    let cause = if twice { RefundCause::PaidTwice } else { RefundCause::PaidTooLate };
    let mut books = Books::open(scene.payment, Actor::Stripe, at);
    books.capture_card_for(&concerns, intent, amount, Pence::ZERO)?;
    let key = format!("late.{intent}");
    books.give_back_of(intent, amount, &Owed { key: &key, cause, concerns: &concerns, reason: None })?;
    Ok((Outcome::GivenBack, books.close()?))
}

/// A booking that was paid for in no time, with its payment: cancelled, and nothing is waited for any more.
///
/// # Errors
/// When a booking or the payment is in a state that has no such move.
pub fn lapse(
    bookings: Vec<Stored<Booking>>,
    payment: Stored<Payment>,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let mut books = Books::open(payment, Actor::System, at);
    books.lapse();
    let mut transaction = books.close()?;
    for booking in bookings.into_iter().filter(|row| row.data.status == BookingStatus::Pending) {
        transaction = transaction.apply(&Booking::lapse(booking, at)?);
    }
    Ok(transaction)
}

/// What the card processor says of every refund of one PaymentIntent is put into the books. `known` are the refunds of ours
/// among them.
///
/// # Errors
/// When the books cannot hold it: it is of another currency, or of money that is not known here.
pub fn refunds_told(
    payment: Stored<Payment>,
    bookings: Vec<Stored<Booking>>,
    intent: &str,
    facts: &[RefundFacts],
    known: Vec<Stored<Refund>>,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let mut books = Books::open(payment, Actor::Stripe, at);
    let mut known: std::collections::HashMap<_, _> =
        known.into_iter().map(|row| (row.data.refund_id.clone(), row)).collect();
    for facts in facts {
        let elsewhere = Books::id_of_elsewhere(&books.payment().payment_id, facts);
        let id = facts.refund_id.as_ref().filter(|id| known.contains_key(*id)).unwrap_or(&elsewhere);
        match known.remove(id) {
            Some(row) => books.refund_told(row, facts)?,
            None => books.refund_elsewhere(intent, facts)?,
        }
    }
    with_bookings(books, bookings, at)
}

/// Closes the books, and lets the bookings say how their payment stands now.
///
/// # Errors
/// When the payment is in a state that has no such move.
pub fn with_bookings(
    books: Books,
    bookings: Vec<Stored<Booking>>,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let status = books.status();
    let mut transaction = books.close()?;
    for booking in bookings {
        if let Some(said) = Booking::say_paid(booking, status, at) {
            transaction = transaction.rewrite(&said);
        }
    }
    Ok(transaction)
}
