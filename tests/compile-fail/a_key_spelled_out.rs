//! Nor is a key put together from its parts.

use nots_core::table::{Base, Key, Pk};

fn key(pk: Pk<Base>) -> Key<Base> {
    Key { pk, sk: "METADATA".to_owned() }
}

fn main() {}
