//! Every access pattern of the table, by name. This is the only public way to make a read; `docs/access-patterns.md`
//! lists the same functions, and a test holds the two equal.

use crate::{
    contact::{CognitoSub, Email},
    entity::{
        Booking, BookingStatus, CheckoutAttempt, CognitoLink, Complaint, ComplaintStatus, ComplianceDocument,
        Driver, DriverDay, DriverLocation, DriverValidity, Due, History, LedgerEntry, Notice, Payment,
        PaymentStatus, PlaceMemo, Quote, Rating, Reconciliation, ReferenceLink, Refund, ReplacedDocument,
        RouteMemo, Settings, StripeLink, Tariff, TariffHead, User, Vehicle, VehicleDay, VehicleValidity,
        WebhookEvent,
        booking::pickup_sort,
        document::{DocumentStatus, DocumentType, Holder},
        driver::FleetStatus,
        ledger::moment_sort,
        payment::created_sort,
        place_memo::AddressHash,
        route_memo::WayHash,
        tariff::TariffKey,
        webhook::StripeEventId,
    },
    event::BookingEvent,
    id::{
        BookingId, BookingReference, ComplaintId, DriverId, PaymentId, QuoteId, RefundId, UserId, VehicleId,
    },
    journey::Way,
    ports::Channel,
    table::{Base, Get, Gsi1, Gsi2, Gsi3, Query, SortRange},
    time::{Day, Timestamp},
};

/// A stretch of time, both ends included; an end that is missing is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first moment.
    pub from: Option<Timestamp>,
    /// The last moment.
    pub to: Option<Timestamp>,
}

impl Window {
    fn range(self, sort: fn(Timestamp) -> String) -> SortRange {
        let from = self.from.unwrap_or(Timestamp::MIN);
        SortRange::Between(sort(from), sort(self.to.unwrap_or(Timestamp::MAX)))
    }
}

/// A user by id.
pub fn user(id: &UserId) -> Get<User> {
    Get::by(id)
}

/// The user with an e-mail address, in any capitals, as the first of a page of one.
pub fn user_by_email(email: &Email) -> Query<Gsi1, User> {
    Query::over(email).range(SortRange::BeginsWith(User::BY_EMAIL.to_owned()))
}

/// The user whom a login belongs to.
pub fn user_by_cognito(login: &CognitoSub) -> Get<CognitoLink> {
    Get::by(login)
}

/// Every user, by id.
pub fn all_users() -> Query<Gsi2, User> {
    Query::over(()).range(SortRange::BeginsWith(User::AMONG_ALL.to_owned()))
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
    Query::over(status).range(window.range(pickup_sort))
}

/// A user's bookings, newest first.
pub fn bookings_of_user(user: &UserId) -> Query<Gsi2, Booking> {
    Query::over(user).range(SortRange::BeginsWith(Booking::OF_USER.to_owned())).newest_first()
}

/// A driver's jobs by pickup time, earliest first.
pub fn jobs_of_driver(driver: &DriverId, window: Window) -> Query<Gsi3, Booking> {
    Query::over(driver).range(window.range(pickup_sort))
}

/// Every change of a booking, in order.
pub fn history_of_booking(booking: &BookingId) -> Query<Base, History> {
    Query::over(booking).range(SortRange::BeginsWith(History::PREFIX.to_owned()))
}

/// What is paid for a booking, by the id that follows from the booking's.
pub fn payment_of_booking(booking: &BookingId) -> Get<Payment> {
    Get::by((booking, &PaymentId::of_booking(booking)))
}

/// A payment by an id of its own, as a booking that was not made here may name it.
pub fn payment(booking: &BookingId, payment: &PaymentId) -> Get<Payment> {
    Get::by((booking, payment))
}

/// Payments of a status by when they came into being, oldest first.
pub fn payments_by_status(status: PaymentStatus, window: Window) -> Query<Gsi1, Payment> {
    Query::over(status).range(window.range(created_sort))
}

/// One attempt at the card, by its number.
pub fn attempt_of_booking(booking: &BookingId, number: u32) -> Get<CheckoutAttempt> {
    Get::by((booking, number))
}

/// A refund of a booking's payment, by its id.
pub fn refund_of_booking(booking: &BookingId, refund: &RefundId) -> Get<Refund> {
    Get::by((booking, refund))
}

/// Every refund of a booking's payment.
pub fn refunds_of_booking(booking: &BookingId) -> Query<Base, Refund> {
    Query::over(booking).range(SortRange::BeginsWith(Refund::PREFIX.to_owned()))
}

/// What a way of a booking's journey still owes.
pub fn due_of_booking(booking: &BookingId, concerns: &BookingId) -> Get<Due> {
    Get::by((booking, concerns))
}

/// Every movement of money about a booking.
pub fn ledger_of_booking(booking: &BookingId) -> Query<Base, LedgerEntry> {
    Query::over(booking).range(SortRange::BeginsWith(LedgerEntry::PREFIX.to_owned()))
}

/// Every movement of money on a UTC day, in order.
pub fn ledger_of_day(day: Day) -> Query<Gsi1, LedgerEntry> {
    Query::over(day).range(Window::default().range(moment_sort))
}

/// What comparisons with the card processor found, the latest first.
pub fn reconciliations() -> Query<Base, Reconciliation> {
    Query::over(()).range(SortRange::BeginsWith(Reconciliation::PREFIX.to_owned())).newest_first()
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

/// Where a driver was last seen.
pub fn driver_location(id: &DriverId) -> Get<DriverLocation> {
    Get::by(id)
}

/// What a customer thought of a journey.
pub fn rating_of_booking(booking: &BookingId) -> Get<Rating> {
    Get::by(booking)
}

/// A driver's ratings, those of the newest bookings first.
pub fn ratings_of_driver(driver: &DriverId) -> Query<Gsi1, Rating> {
    Query::over(driver).range(SortRange::BeginsWith(Rating::PREFIX.to_owned())).newest_first()
}

/// A complaint by id.
pub fn complaint(id: &ComplaintId) -> Get<Complaint> {
    Get::by(id)
}

/// Complaints of a driver, newest first.
pub fn complaints_of_driver(driver: &DriverId) -> Query<Gsi1, Complaint> {
    Query::over(driver).range(SortRange::BeginsWith(Complaint::OF_DRIVER.to_owned())).newest_first()
}

/// Complaints of a status, the most urgent first, and of those the oldest.
pub fn complaints_by_status(status: ComplaintStatus) -> Query<Gsi2, Complaint> {
    Query::over(status).range(SortRange::BeginsWith(Complaint::BY_PRIORITY.to_owned()))
}

/// One document of a driver or a vehicle, as it now is.
pub fn document(holder: &Holder, kind: DocumentType) -> Get<ComplianceDocument> {
    Get::by((holder, kind))
}

/// Documents of a driver or a vehicle as they now are, by kind.
pub fn documents_of(holder: &Holder) -> Query<Base, ComplianceDocument> {
    Query::over(holder).range(SortRange::BeginsWith(ComplianceDocument::PREFIX.to_owned()))
}

/// Documents of a kind that others have replaced, the last replaced first.
pub fn replaced_documents_of(holder: &Holder, kind: DocumentType) -> Query<Base, ReplacedDocument> {
    Query::over(holder).range(SortRange::BeginsWith(ReplacedDocument::of_kind(kind))).newest_first()
}

/// Documents of a status, those that run out first first.
pub fn documents_by_status(status: DocumentStatus) -> Query<Gsi1, ComplianceDocument> {
    Query::over(status)
}

/// Documents of a status that run out before a moment, those that run out first first.
pub fn documents_expiring_before(
    status: DocumentStatus,
    moment: Timestamp,
) -> Query<Gsi1, ComplianceDocument> {
    Query::over(status).range(SortRange::UpTo(ComplianceDocument::expires_before(moment)))
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

/// Every version of the tariff, the latest in force, or to come, first.
pub fn tariff_versions() -> Query<Base, Tariff> {
    Query::over(()).range(SortRange::BeginsWith(Tariff::PREFIX.to_owned())).newest_first()
}

/// How many versions of the tariff there are.
pub fn tariff_head() -> Get<TariffHead> {
    Get::by(())
}

/// The version of the tariff that priced a quote.
pub fn tariff(key: TariffKey) -> Get<Tariff> {
    Get::by(key)
}

/// The operator's settings.
pub fn settings() -> Get<Settings> {
    Get::by(())
}

/// An event that Stripe sent, by Stripe's id of it.
pub fn webhook_event(id: &StripeEventId) -> Get<WebhookEvent> {
    Get::by(id)
}

/// Events of Stripe's that are kept for a person to look at, those that came first first.
pub fn webhook_events_kept() -> Query<Gsi1, WebhookEvent> {
    Query::over(()).range(SortRange::BeginsWith(WebhookEvent::BY_ARRIVAL.to_owned()))
}

/// What a map provider said of a way a while ago.
pub fn route_memo(way: &Way) -> Get<RouteMemo> {
    Get::by(&WayHash::of(way))
}

/// Where a map provider said a while ago that an address is.
pub fn place_memo(address: &str) -> Get<PlaceMemo> {
    Get::by(&AddressHash::of(address))
}
