//! A world to act in: a platform of one's own where nothing runs by itself, people with tokens, and journeys taken as
//! far as a test needs them. Everything goes through the routes.
//!
//! A world that is dropped with a message unsent fails its test.

mod faults;
mod memory;
pub mod pdf;
mod world;

pub use faults::{Call, Fault, FaultyMail, FaultyTable, MeddledTable, Meddler};
pub use memory::{Items, MemoryTable};
pub use nots_local::client::Answer;
pub use world::{Person, World, paid_session, signed};
