//! The whole platform in one process: the same functions, reached by the same events, over real wire protocols.
//!
//! **Invariant:** everything that a function does here it does through the same code as on AWS; only what stands
//! behind its ports differs, and each stand-in is behind the same port as the real thing.

mod background;
pub mod bench;
pub mod bus;
pub mod client;
pub mod clock;
pub mod demo_data;
mod dynamo;
pub mod functions;
pub mod gateway;
pub mod import;
pub mod journey;
pub mod meter;
pub mod outbox;
pub mod platform;
pub mod reconcile;
mod routes;
mod s3;
mod stripe;
pub mod tokens;

pub use dynamo::{EmbeddedDynamo, TABLE};
pub use platform::{Options, Platform, Wrap};

/// Logs for a person at a terminal: errors, or everything from `info` on.
pub fn log(level: &str) {
    nots_lambda::log_to_terminal(level);
}
