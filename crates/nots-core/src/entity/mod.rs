//! The entities: what is kept, under which key, and by which verbs it changes.

pub mod attempt;
pub mod booking;
pub mod document;
pub mod driver;
pub mod history;
pub mod link;
pub mod notice;
pub mod payment;
pub mod quote;
pub mod route_memo;
pub mod schedule;
pub mod settings;
pub mod tariff;
pub mod validity;
pub mod vehicle;

pub use attempt::CheckoutAttempt;
pub use booking::{Booking, BookingStatus};
pub use document::ComplianceDocument;
pub use driver::Driver;
pub use history::History;
pub use link::{ReferenceLink, StripeLink};
pub use notice::Notice;
pub use payment::{Payment, PaymentStatus};
pub use quote::{Quote, QuoteStatus};
pub use route_memo::RouteMemo;
pub use schedule::{DriverDay, VehicleDay};
pub use settings::Settings;
pub use tariff::Tariff;
pub use validity::{DriverValidity, VehicleValidity};
pub use vehicle::Vehicle;

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
