//! Every access pattern of the table, by name. This is the only public way to make a read; `docs/access-patterns.md`
//! lists the same functions, and a test holds the two equal.

use crate::{
    entity::{
        Booking, BookingStatus, CheckoutAttempt, ComplianceDocument, Driver, DriverDay, DriverValidity,
        History, Notice, Payment, PaymentStatus, Quote, ReferenceLink, RouteMemo, Settings, StripeLink,
        Tariff, Vehicle, VehicleDay, VehicleValidity, booking::pickup_sort, document::Holder,
        driver::FleetStatus, route_memo::WayHash,
    },
    event::BookingEvent,
    id::{BookingId, BookingReference, DriverId, QuoteId, UserId, VehicleId},
    journey::Way,
    ports::Channel,
    table::{Base, Get, Gsi1, Gsi2, Gsi3, Query, SortRange},
    time::{Day, Timestamp},
};

/// A stretch of pickup times, both ends included; an end that is missing is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first pickup time.
    pub from: Option<Timestamp>,
    /// The last pickup time.
    pub to: Option<Timestamp>,
}

impl Window {
    fn range(self) -> SortRange {
        let from = self.from.unwrap_or(Timestamp::MIN);
        SortRange::Between(pickup_sort(from), pickup_sort(self.to.unwrap_or(Timestamp::MAX)))
    }
}

/// A quote by id.
pub fn quote(id: &QuoteId) -> Get<Quote> {
    Get::by(id)
}

/// A booking by id.
pub fn booking(id: &BookingId) -> Get<Booking> {
    Get::by(id)
}

/// The booking that a reference names.
pub fn booking_by_reference(reference: &BookingReference) -> Get<ReferenceLink> {
    Get::by(reference)
}

/// The booking that one of Stripe's PaymentIntents paid for.
pub fn booking_by_payment_intent(intent: &str) -> Get<StripeLink> {
    Get::by(intent)
}

/// Bookings of a status by pickup time, earliest first.
pub fn bookings_by_status(status: BookingStatus, window: Window) -> Query<Gsi1, Booking> {
    Query::over(status).range(window.range())
}

/// A user's bookings, newest first.
pub fn bookings_of_user(user: &UserId) -> Query<Gsi2, Booking> {
    Query::over(user).range(SortRange::BeginsWith(Booking::OF_USER.to_owned())).newest_first()
}

/// A driver's jobs by pickup time, earliest first.
pub fn jobs_of_driver(driver: &DriverId, window: Window) -> Query<Gsi3, Booking> {
    Query::over(driver).range(window.range())
}

/// Every change of a booking, in order.
pub fn history_of_booking(booking: &BookingId) -> Query<Base, History> {
    Query::over(booking).range(SortRange::BeginsWith(History::PREFIX.to_owned()))
}

/// What is paid for a booking.
pub fn payment_of_booking(booking: &BookingId) -> Get<Payment> {
    Get::by(booking)
}

/// Payments of a status by when they came into being, oldest first.
pub fn payments_by_status(status: PaymentStatus) -> Query<Gsi1, Payment> {
    Query::over(status)
}

/// One attempt at the card, by its number.
pub fn attempt_of_booking(booking: &BookingId, number: u32) -> Get<CheckoutAttempt> {
    Get::by((booking, number))
}

/// Whether a customer has been told of an event by a channel.
pub fn notice_of_event(event: &BookingEvent, channel: Channel) -> Get<Notice> {
    Get::by((&event.booking_id, event.event, event.version, channel))
}

/// A driver by id.
pub fn driver(id: &DriverId) -> Get<Driver> {
    Get::by(id)
}

/// Drivers of a status, by id.
pub fn drivers_by_status(status: FleetStatus) -> Query<Gsi1, Driver> {
    Query::over(status)
}

/// Drivers on duty now, the best rated first.
pub fn available_drivers() -> Query<Gsi2, Driver> {
    Query::over(()).range(SortRange::BeginsWith(Driver::BY_RATING.to_owned())).newest_first()
}

/// Documents of a driver or a vehicle, by kind.
pub fn documents_of(holder: &Holder) -> Query<Base, ComplianceDocument> {
    Query::over(holder).range(SortRange::BeginsWith(ComplianceDocument::PREFIX.to_owned()))
}

/// How long a driver may drive.
pub fn driver_validity(id: &DriverId) -> Get<DriverValidity> {
    Get::by(id)
}

/// A driver's UTC day.
pub fn driver_day(id: &DriverId, day: Day) -> Get<DriverDay> {
    Get::by((id, day))
}

/// A vehicle by id.
pub fn vehicle(id: &VehicleId) -> Get<Vehicle> {
    Get::by(id)
}

/// Vehicles of a status, by id.
pub fn vehicles_by_status(status: FleetStatus) -> Query<Gsi1, Vehicle> {
    Query::over(status)
}

/// How long a vehicle may be driven.
pub fn vehicle_validity(id: &VehicleId) -> Get<VehicleValidity> {
    Get::by(id)
}

/// A vehicle's UTC day.
pub fn vehicle_day(id: &VehicleId, day: Day) -> Get<VehicleDay> {
    Get::by((id, day))
}

/// The tariff in force at a moment, as the first of a page of one.
pub fn tariff_in_force(at: Timestamp) -> Query<Base, Tariff> {
    Query::over(()).range(SortRange::UpTo(Tariff::in_force_by(at))).newest_first()
}

/// The version of the tariff that priced a quote.
pub fn tariff(effective_from: Timestamp, version: u32) -> Get<Tariff> {
    Get::by((effective_from, version))
}

/// The operator's settings.
pub fn settings() -> Get<Settings> {
    Get::by(())
}

/// What a map provider said of a way a while ago.
pub fn route_memo(way: &Way) -> Get<RouteMemo> {
    Get::by(&WayHash::of(way))
}
