//! A vehicle is found by its status in GSI1 and in no other index.

use nots_core::{
    entity::Vehicle,
    table::{Gsi1, Gsi2, Index, IndexedBy},
};

/// What every query asks of its index and its entity.
fn query<I: Index, E: IndexedBy<I>>() {}

fn main() {
    query::<Gsi1, Vehicle>();
    query::<Gsi2, Vehicle>();
}
