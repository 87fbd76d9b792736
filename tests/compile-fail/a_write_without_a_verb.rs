//! A row that was changed by hand is no move, and nothing else can be written over a row with a status.

use nots_core::{
    entity::{Booking, BookingStatus},
    table::{Stored, Transaction},
};

fn cancel(mut booking: Stored<Booking>) -> Transaction {
    booking.data.status = BookingStatus::Cancelled;
    Transaction::new().apply(&booking)
}

fn main() {}
