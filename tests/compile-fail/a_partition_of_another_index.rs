//! GSI2 holds a user's bookings: a driver names no partition of it.

use nots_core::{
    DriverId, UserId,
    entity::Booking,
    table::{Gsi2, IndexedBy, Pk},
};

fn main() {
    let (user, driver) = (UserId::parse("user_1").unwrap(), DriverId::parse("driver_1").unwrap());
    let _: Pk<Gsi2> = Booking::partition(&user);
    let _: Pk<Gsi2> = <Booking as IndexedBy<Gsi2>>::partition(&driver);
}
