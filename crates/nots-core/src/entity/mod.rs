//! The entities: what is kept, under which key, and by which verbs it changes.

pub mod attempt;
pub mod booking;
pub mod complaint;
pub mod document;
pub mod driver;
pub mod due;
pub mod history;
pub mod ledger;
pub mod link;
pub mod location;
pub mod notice;
pub mod payment;
pub mod place_memo;
pub mod quote;
pub mod rating;
pub mod reconciliation;
pub mod refund;
pub mod replaced_document;
pub mod route_memo;
pub mod schedule;
pub mod settings;
pub mod tariff;
pub mod user;
pub mod validity;
pub mod vehicle;
pub mod webhook;

pub use attempt::CheckoutAttempt;
pub use booking::{Booking, BookingStatus};
pub use complaint::{Complaint, ComplaintStatus};
pub use document::ComplianceDocument;
pub use driver::Driver;
pub use due::Due;
pub use history::History;
pub use ledger::LedgerEntry;
pub use link::{CognitoLink, EmailLink, ReferenceLink, StripeLink};
pub use location::DriverLocation;
pub use notice::Notice;
pub use payment::{Payment, PaymentStatus};
pub use place_memo::PlaceMemo;
pub use quote::{Quote, QuoteStatus};
pub use rating::Rating;
pub use reconciliation::Reconciliation;
pub use refund::Refund;
pub use replaced_document::ReplacedDocument;
pub use route_memo::RouteMemo;
pub use schedule::{DriverDay, VehicleDay};
pub use settings::Settings;
pub use tariff::{Tariff, TariffHead};
pub use user::User;
pub use validity::{DriverValidity, VehicleValidity};
pub use vehicle::Vehicle;
pub use webhook::WebhookEvent;

use crate::{
    id::{BookingId, DriverId, VehicleId},
    table::{Base, Index, Pk},
};

/// `BOOKING#…`: a booking and all that belongs to it.
fn of_booking(id: &BookingId) -> Pk<Base> {
    Pk::new(format_args!("BOOKING#{id}"))
}

/// `DRIVER#…`: a driver and all that belongs to them, and by GSI3 their jobs.
fn of_driver<I: Index>(id: &DriverId) -> Pk<I> {
    Pk::new(format_args!("DRIVER#{id}"))
}

/// `VEHICLE#…`: a vehicle and all that belongs to it.
fn of_vehicle(id: &VehicleId) -> Pk<Base> {
    Pk::new(format_args!("VEHICLE#{id}"))
}
