//! A status moves by the verbs of its entity, and by nothing else.

use nots_core::{
    Actor, Timestamp,
    entity::{Booking, BookingStatus},
    table::{Move, Stored},
};

fn cancel(booking: Stored<Booking>, at: Timestamp) {
    let data = Booking { status: BookingStatus::Cancelled, ..booking.data.clone() };
    let _ = Move::of(booking, data, Actor::System, at);
}

fn main() {}
