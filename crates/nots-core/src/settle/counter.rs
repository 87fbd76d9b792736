//! What the office does about money: takes a job that is settled at the end, settles a due by hand, or lets it go.

use crate::{
    actor::Actor,
    entity::{
        Booking, BookingStatus, Due, Payment,
        due::DueStatus,
        payment::{Books, BooksError, PaymentMethod},
    },
    table::{Stored, Transaction},
    text::Note,
    time::Timestamp,
};

/// Bookings that wait to be paid are confirmed without the card processor: they are settled once they are over.
///
/// # Errors
/// When one of them, or the payment, is in a state that has no such move.
pub fn settle_at_the_end(
    bookings: Vec<Stored<Booking>>,
    payment: Stored<Payment>,
    method: PaymentMethod,
    by: &Actor,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let mut books = Books::open(payment, by.clone(), at);
    books.settle_at_the_end(method);
    let mut transaction = books.close()?;
    for booking in bookings.into_iter().filter(|row| row.data.status == BookingStatus::Pending) {
        transaction = transaction.apply(&Booking::confirm(booking, method, None, by.clone(), at)?);
    }
    Ok(transaction)
}

/// A due was paid in cash.
///
/// # Errors
/// When it is not owed any more.
pub fn due_paid_in_cash(
    due: Stored<Due>,
    payment: Stored<Payment>,
    by: &Actor,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let mut books = Books::open(payment, by.clone(), at);
    books.due_paid_in_cash(&due.data.concerns, due.data.amount.total)?;
    Ok(books.close()?.apply(&Due::settle(due, DueStatus::Paid, by.clone(), at)?))
}

/// A due is let go.
///
/// # Errors
/// When it is not owed any more.
pub fn write_off(
    due: Stored<Due>,
    payment: Stored<Payment>,
    reason: Option<Note>,
    by: &Actor,
    at: Timestamp,
) -> Result<Transaction, BooksError> {
    let mut books = Books::open(payment, by.clone(), at);
    books.write_off_due(&due.data.concerns, due.data.amount.total, reason)?;
    Ok(books.close()?.apply(&Due::settle(due, DueStatus::WrittenOff, by.clone(), at)?))
}
