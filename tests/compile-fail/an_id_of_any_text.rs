//! Ids are parsed, never wrapped around whatever text there is.

use nots_core::BookingId;

fn wrap<T: From<String>>() {}

fn main() {
    let _ = BookingId::parse("booking_1");
    wrap::<BookingId>();
}
