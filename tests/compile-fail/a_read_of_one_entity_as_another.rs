//! What is read under a booking's key is a booking.

use nots_core::{
    BookingId, access,
    entity::{Booking, Payment},
    ports::Table,
    table::{ReadError, Stored},
};

async fn read(table: &dyn Table, id: &BookingId) -> Result<Option<Stored<Booking>>, ReadError> {
    table.read(access::booking(id)).await
}

async fn misread(table: &dyn Table, id: &BookingId) -> Result<Option<Stored<Payment>>, ReadError> {
    table.read(access::booking(id)).await
}

fn main() {}
