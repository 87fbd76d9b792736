//! A driver's id where a vehicle's is wanted.

use nots_core::{DriverId, Timestamp, access};

fn main() {
    let driver = DriverId::parse("driver_1").unwrap();
    let day = Timestamp::MIN.day();
    let _ = access::driver_day(&driver, day);
    let _ = access::vehicle_day(&driver, day);
}
