//! Rows to begin with: quotes, bookings, drivers and vehicles, made by the entities' own verbs.

use nots_core::{
    Actor, DriverId, Pence, QuoteId, Timestamp, UserId, VehicleId,
    contact::{Email, Phone},
    entity::{
        Booking, Driver, DriverValidity, Quote, Settings, Vehicle, VehicleValidity,
        booking::{Booked, BookingSource, Customer, Particulars},
        driver::{Availability, FleetStatus, Performance, StarRating},
        quote::{Enquiry, ReturnLeg},
        settings::{MapTerms, Operator, PaymentTerms},
        tariff,
        validity::Standing,
        vehicle::Registration,
    },
    geo::{Coordinates, Place},
    id::BookingReference,
    journey::{Leg, Measure, Source, VehicleType},
    table::{IllegalMove, New, Stored},
    text::Name,
};

/// When everything here begins.
pub(crate) const NOW: i64 = 1_795_000_000;
const AUTHORITY: &str = "BCP Council";

/// So many seconds later.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::new(NOW + seconds).unwrap()
}

pub(crate) fn user(number: usize) -> UserId {
    UserId::parse(&format!("user_{number}")).unwrap()
}

pub(crate) fn driver_id(number: usize) -> DriverId {
    DriverId::parse(&format!("driver_{number}")).unwrap()
}

pub(crate) fn vehicle_id(number: usize) -> VehicleId {
    VehicleId::parse(&format!("vehicle_{number}")).unwrap()
}

fn place(address: &str, latitude: f64, longitude: f64) -> Place {
    let at = Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() };
    Place { address: address.to_owned(), at }
}

/// A quote for a pickup, made at a moment.
pub(crate) fn quote(number: usize, pickup: Timestamp, made: Timestamp) -> New<Quote> {
    quote_there_and_back(number, pickup, None, made)
}

/// The same, and for a pickup on the way back if there is one.
pub(crate) fn quote_there_and_back(
    number: usize,
    pickup: Timestamp,
    back: Option<Timestamp>,
    made: Timestamp,
) -> New<Quote> {
    let leg = Leg { metres: 8_500, seconds: 1_200, source: Source::Estimate, polyline: None };
    let journey = Measure::from(leg);
    let enquiry = Enquiry {
        pickup_location: place("Bournemouth Railway Station", 50.7260, -1.8782),
        via_stops: Vec::new(),
        dropoff_location: place("Poole Harbour", 50.7122, -2.0053),
        pickup_time: pickup,
        passengers: 2,
        luggage: 1,
        vehicle_type: VehicleType::Standard,
        extras: Vec::new(),
        return_leg: back.map(|pickup_time| ReturnLeg { pickup_time, journey: journey.clone() }),
        journey,
    };
    let id = QuoteId::parse(&format!("quote_{number:04}")).unwrap();
    Quote::offer(id, enquiry, &tariff::demo().unwrap(), made).unwrap()
}

/// The reference of the booking of a quote's number.
pub(crate) fn reference(number: usize) -> BookingReference {
    BookingReference::from_random(number as u64 * 7_919 + 1)
}

/// A booking of a quote, by a user or for a guest.
pub(crate) fn book(
    quote: Stored<Quote>,
    user: Option<UserId>,
    reference: BookingReference,
    made: Timestamp,
) -> Result<Booked, IllegalMove> {
    let by = user.clone().map_or(Actor::System, Actor::User);
    let particulars = Particulars {
        customer: Customer {
            user_id: user,
            first_name: Name::parse("John").unwrap(),
            last_name: Name::parse("Doe").unwrap(),
            email: Email::parse("john@example.com").unwrap(),
            phone: Phone::parse("+447700900123").unwrap(),
        },
        passengers: None,
        luggage: None,
        special_requirements: None,
        pickup_instructions: None,
        dropoff_instructions: None,
        flight_number: None,
        source: BookingSource::Web,
        taken_by: None,
    };
    Booking::book(quote, particulars, reference, by, made)
}

/// A driver of a standing.
pub(crate) fn driver(number: usize, status: FleetStatus, available: bool, stars: u8) -> Driver {
    Driver {
        driver_id: driver_id(number),
        cognito_id: None,
        email: Email::parse(&format!("driver{number}@example.com")).unwrap(),
        first_name: Name::parse("Ann").unwrap(),
        last_name: Name::parse("Driver").unwrap(),
        phone: Phone::parse("+447700900500").unwrap(),
        status,
        availability: Availability { available, current_location: None },
        performance: Performance {
            rating: StarRating::from_tenths(stars),
            total_trips: 0,
            completion_rate: 100.0,
            acceptance_rate: 100.0,
            on_time_rate: 100.0,
        },
        assigned_vehicle: None,
        licence_number: format!("PHD-{number:04}"),
        licensing_authority: AUTHORITY.to_owned(),
    }
}

/// A vehicle of a standing.
pub(crate) fn vehicle(number: usize, status: FleetStatus) -> Vehicle {
    Vehicle {
        vehicle_id: vehicle_id(number),
        registration: Registration::parse(&format!("AB{number:02}CDE")).unwrap(),
        make: "Toyota".to_owned(),
        model: "Prius".to_owned(),
        year: 2_022,
        color: "Silver".to_owned(),
        kind: VehicleType::Standard,
        capacity: VehicleType::Standard.capacity(),
        status,
        assigned_driver: None,
        features: Vec::new(),
        insurance: None,
        mot: None,
        plate_number: format!("PHV-{number:04}"),
        licensing_authority: AUTHORITY.to_owned(),
    }
}

/// Active until a moment, or suspended.
pub(crate) fn standing(active: bool, until: Timestamp) -> Standing {
    let status = if active { FleetStatus::Active } else { FleetStatus::Suspended };
    Standing { status, valid_until: until, limited_by: "insurance".to_owned() }
}

pub(crate) fn driver_validity(number: usize, standing: Standing) -> DriverValidity {
    DriverValidity { driver_id: driver_id(number), standing }
}

pub(crate) fn vehicle_validity(number: usize, standing: Standing) -> VehicleValidity {
    VehicleValidity { vehicle_id: vehicle_id(number), standing }
}

/// The operator's settings.
pub(crate) fn settings() -> Settings {
    Settings {
        operator: Operator {
            name: "Dorset Transfer Company".to_owned(),
            phone: Phone::parse("+441202555010").unwrap(),
            email: Email::parse("bookings@nots.co.uk").unwrap(),
            licensing_authority: AUTHORITY.to_owned(),
            licence_number: "PHO-0417".to_owned(),
            address: vec![],
            vat_number: None,
        },
        buffer_seconds: 600,
        payment_success_url: "https://nots.co.uk/bookings/{bookingId}".to_owned(),
        payment_cancel_url: "https://nots.co.uk/bookings/{bookingId}".to_owned(),
        maps: MapTerms::default(),
        payments: PaymentTerms::default(),
    }
}

/// What the demonstration's tariff makes of the journey above.
pub(crate) const FARE: Pence = Pence::new(1_228);
