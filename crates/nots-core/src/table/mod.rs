//! The grammar of the one table: what a key, an item, a query and a write are.
//!
//! A key is written once, by its entity; the same function serves the writer and the reader. The only public way
//! to make a query is a named access pattern in [`crate::access`], and a pattern that asks for an entity by an
//! index it is not in does not compile.

mod condition;
mod entity;
mod key;
mod read;
mod size;
mod spread;
mod stored;
#[cfg(test)]
mod tests;
mod unknown;
mod write;

pub use condition::{Condition, Expression, Held, Requirement};
pub use entity::{Entity, IndexSet, IndexedBy, Machine, Stateful, Upgrade};
pub use key::{Base, Gsi1, Gsi2, Gsi3, Index, Key, Pk, RawKey};
pub use read::{Get, Page, Position, Query, RawQuery, ReadError, ReadSet, SortRange};
pub use size::{MOST_BYTES, item_bytes};
pub use spread::{BadShards, Shards, Spread};
pub use stored::{DecodeError, Item, Meta, Stored, Version, attr};
pub use write::{Because, IllegalMove, Move, New, Op, Refusal, Release, Rewrite, Transaction, WriteError};
