//! Reads are named functions of `access`; nobody else makes one.

use nots_core::{
    BookingId,
    entity::{Booking, BookingStatus},
    table::{Get, Gsi1, Query},
};

fn main() {
    let _ = Query::<Gsi1, Booking>::over(BookingStatus::Confirmed);
    let _ = Get::<Booking>::by(&BookingId::parse("booking_1").unwrap());
}
