//! The ports over AWS SDKs.
//!
//! **Invariant:** this is the only crate that calls an AWS SDK, and [`config`] is the only reader of the
//! environment. One feature stands for one grant, so a function links what it may call and no more.
#![expect(clippy::disallowed_types, reason = "this is the crate that holds the clients")]

#[cfg(feature = "cloud")]
mod cloud;
pub mod config;
#[cfg(feature = "events")]
mod events;
#[cfg(feature = "keys")]
mod keys;
#[cfg(feature = "mail")]
mod mail;
#[cfg(feature = "secrets")]
mod secrets;
#[cfg(feature = "table")]
mod table;

#[cfg(feature = "cloud")]
pub use cloud::Aws;
#[cfg(feature = "events")]
pub use events::EventBus;
#[cfg(feature = "keys")]
pub use keys::CognitoKeys;
#[cfg(feature = "mail")]
pub use mail::SesAndSns;
#[cfg(feature = "secrets")]
pub use secrets::SecretsManager;
#[cfg(feature = "table")]
pub use table::{DynamoTable, LocalDynamo};
