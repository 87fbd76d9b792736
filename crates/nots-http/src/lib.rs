//! The HTTP edge of NOTS: what an endpoint is, who calls it, how a body is parsed once, how a refusal is told.
//!
//! **Invariant:** nothing here knows what runs it. API Gateway and the local platform both hand a [`Request`] to
//! [`answer`] and send what comes back.

pub mod accept;
pub mod behalf;
mod body;
mod caller;
mod cursor;
mod endpoint;
mod problem;
mod query;
mod refusal;
mod reply;
pub mod tariff;
pub mod view;
mod wire;

pub use body::{Body, InvalidBody, MAX_BODY_BYTES, parse, parse_checked, parse_judged};
pub use caller::{Authorizer, Caller, NotAuthorized};
pub use cursor::Listing;
pub use endpoint::{Access, Endpoint, Method, Request, Route, answer};
pub use http::StatusCode;
pub use problem::{FieldError, Problem};
pub use query::QueryReader;
pub use reply::{Response, listed, shown, with_version};
pub use wire::{FromWire, Wire, WireEdit};

/// Roles that several routes name.
pub mod roles {
    use nots_core::Role;

    /// Dispatcher, admin, owner.
    pub const STAFF: &[Role] = &[Role::Dispatcher, Role::Admin, Role::Owner];
    /// Customers, and staff on their behalf.
    pub const CUSTOMER_OR_STAFF: &[Role] = &[Role::Customer, Role::Dispatcher, Role::Admin, Role::Owner];
    /// Admin, owner.
    pub const MANAGEMENT: &[Role] = &[Role::Admin, Role::Owner];
    /// Owners.
    pub const OWNER: &[Role] = &[Role::Owner];
    /// Drivers.
    pub const DRIVER: &[Role] = &[Role::Driver];
    /// Whoever has a token.
    pub const ANYONE: &[Role] = &Role::ALL;
}
