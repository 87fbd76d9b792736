//! What is true in NOTS, whatever it runs on.
//!
//! Ids, money, time, the grammar of the one table, the entities with their state machines, pricing,
//! scheduling and the ports through which the outside world is reached.
//!
//! **Invariant:** nothing here does I/O, reads a clock or the environment, or knows an SDK. Clock, randomness,
//! storage, maps, payments and mail come in as arguments or as [`ports`].
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod access;
pub mod actor;
pub mod announce;
pub mod area;
pub mod calendar;
pub mod cancellation;
pub mod consume;
pub mod contact;
pub mod dispatch;
pub mod entity;
pub mod event;
pub mod geo;
pub mod id;
pub mod import;
pub mod journey;
pub mod money;
pub mod ports;
pub mod pricing;
pub mod rearrange;
pub mod receipt;
pub mod reconcile;
pub mod retry;
pub mod settle;
pub mod table;
pub mod text;
pub mod time;

pub use actor::{Actor, Role};
pub use id::{BookingId, ComplaintId, DocumentId, DriverId, PaymentId, QuoteId, RatingId, UserId, VehicleId};
pub use money::{Currency, Pence};
pub use time::{Day, Seconds, Timestamp};
