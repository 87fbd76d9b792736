//! Only an entity writes a key.

use nots_core::table::{Base, Pk};

fn main() {
    let partition = Pk::<Base>::new("BOOKING#booking_1");
    let _ = partition.at("METADATA");
}
