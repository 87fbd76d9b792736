//! Nor is a move put together from its parts, nor the version that was read made up.

use nots_core::{
    entity::Booking,
    table::{Move, Stored, Version},
};

fn overwrite(next: Stored<Booking>) -> Move<Booking> {
    Move { next, seen: Version::FIRST }
}

fn main() {}
