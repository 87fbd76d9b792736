//! The schema document's own items: each is read, means what it says, and is written back as it was found. Where the
//! product decided otherwise, the test names the place, what becomes of it and why.

use nots_core::{
    Timestamp,
    actor::Reviewer,
    entity::{
        Booking, BookingStatus, Complaint, ComplaintStatus, ComplianceDocument, Driver, Payment,
        PaymentStatus, Quote, Rating, Vehicle,
        complaint::{ComplaintCategory, Priority},
        document::{DocumentStatus, DocumentType, Holder},
        driver::{FleetStatus, StarRating},
    },
    id::AdminId,
    journey::VehicleType,
    money::Currency,
    pricing::Breakdown,
    table::{Entity, Stored},
};
use serde_json::{Value, json};

use super::examples;

/// Where an item is written otherwise than it was found: the place, what stands there then (null when nothing does),
/// and why.
type Departure = (&'static str, Value, &'static str);

/// Reads an example, with what the product adds to every item, and holds what is written of it to the departures.
fn golden<E: Entity>(example: &str, departures: &[Departure]) -> Stored<E> {
    let mut found: Value = serde_json::from_str(example).expect("an example");
    for (name, value) in [("Version", json!(4)), ("SchemaVersion", json!(1)), ("UpdatedBy", json!("system"))]
    {
        found.as_object_mut().unwrap().insert(name.to_owned(), value);
    }
    let item = serde_dynamo::to_item(found.clone()).expect("an item");
    let row = Stored::<E>::from_item(item).expect("the example is read");
    let written: Value = serde_dynamo::from_item(row.to_item().expect("it is written")).expect("plain");
    let mut differences = Vec::new();
    differ("", &found, &written, &mut differences);
    // A schema that has moved on says so.
    differences.retain(|(at, _)| E::SCHEMA == 1 || at != "/SchemaVersion");
    let mut listed: Vec<_> =
        departures.iter().map(|(at, then, _)| ((*at).to_owned(), then.clone())).collect();
    differences.sort_by(|a, b| a.0.cmp(&b.0));
    listed.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(differences, listed, "{}: departures of {written:#}", E::TYPE);
    row
}

fn differ(at: &str, found: &Value, written: &Value, into: &mut Vec<(String, Value)>) {
    match (found, written) {
        (Value::Object(a), Value::Object(b)) => {
            for name in a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))) {
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned();
                match (of(a), of(b)) {
                    (Some(a), Some(b)) => differ(&format!("{at}/{name}"), &a, &b, into),
                    (_, there) => into.push((format!("{at}/{name}"), there.unwrap_or_default())),
                }
            }
        }
        (a, b) if a == b => {}
        (_, b) => into.push((at.to_owned(), b.clone())),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(seconds).unwrap()
}

#[test]
fn a_driver() {
    let row = golden::<Driver>(examples::DRIVER, &[]);
    let driver = row.data;
    assert_eq!(driver.cognito_id.as_deref(), Some("cognito-uuid-abc"));
    assert_eq!((driver.status, driver.availability.available), (FleetStatus::Active, true));
    assert_eq!(driver.performance.rating, StarRating::from_tenths(48));
    assert_eq!(driver.assigned_vehicle.unwrap().as_str(), "vehicle_def456");
    // Where a profile says that its driver was is read and kept. Where they are now is an item of its own.
    let seen = driver.availability.current_location.expect("a sighting");
    assert_eq!((f64::from(seen.at.latitude), seen.updated_at), (50.7192, at(1_701_710_400)));
    // What the product asks of a driver beyond the document is not made up.
    assert_eq!((driver.licence_number.as_str(), driver.licensing_authority.as_str()), ("", ""));
}

#[test]
fn a_compliance_document() {
    let index = "the example is indexed by another status and expiry than its own: index and Data agree";
    let row = golden::<ComplianceDocument>(
        examples::DOCUMENT,
        &[("/GSI1PK", json!("DOC_STATUS#valid"), index), ("/GSI1SK", json!("EXPIRY#1767139200"), index)],
    );
    let document = row.data;
    assert!(
        matches!(&document.holder, Holder::Driver { driver_id } if driver_id.as_str() == "driver_xyz789")
    );
    assert_eq!((document.document_type, document.status), (DocumentType::Dbs, DocumentStatus::Valid));
    assert_eq!(document.expiry_date, at(1_767_139_200));
    assert_eq!(document.file_key.unwrap().as_str(), "drivers/driver_xyz789/dbs_abc123.pdf");
    assert_eq!(document.reviewed_by, Some(Reviewer::Admin(AdminId::parse("admin_def456").unwrap())));
}

#[test]
fn a_payment() {
    let captured = json!([{
        "paymentIntentId": "pi_abc123", "method": "stripe", "amount": 1_228, "givenBack": 0, "at": 1_701_710_400,
        "posted": false,
    }]);
    let why = "what was taken, and when, and what of it has gone back, stands with what is asked for";
    let row = golden::<Payment>(examples::PAYMENT, &[("/Data/captures", captured, why)]);
    let payment = row.data;
    assert_eq!((payment.captured().get(), payment.refundable().get()), (1_228, 1_228));
    // It keeps the id that it has, though one made here would be called after its booking.
    assert_eq!(payment.payment_id.as_str(), "payment_xyz123");
    assert_eq!(payment.status, PaymentStatus::Completed);
    assert_eq!((payment.amount.total.get(), payment.amount.currency), (1_228, Currency::Gbp));
    assert_eq!(payment.provider.payment_intent_id.as_deref(), Some("pi_abc123"));
    assert_eq!(payment.provider.charge_id.as_deref(), Some("ch_xyz789"));
    assert!(!payment.refund.refunded && payment.refund.amount.get() == 0 && payment.attempts == 0);
}

#[test]
fn a_vehicle() {
    let row = golden::<Vehicle>(examples::VEHICLE, &[]);
    let vehicle = row.data;
    assert_eq!(vehicle.registration.on_the_plate(), "AB12 CDE");
    assert_eq!((vehicle.kind, vehicle.capacity, vehicle.year), (VehicleType::Standard, 4, 2022));
    assert_eq!(vehicle.features, ["air_conditioning", "bluetooth", "child_seat_available"]);
    assert_eq!(vehicle.insurance.unwrap().expiry_date, at(1_767_139_200));
    assert_eq!(vehicle.mot.unwrap().certificate_number.as_str(), "MOT987654");
}

#[test]
fn a_rating() {
    let row = golden::<Rating>(examples::RATING, &[]);
    let rating = row.data;
    assert_eq!(rating.score.get(), 5);
    assert_eq!(rating.categories.professionalism.map(|score| score.get()), Some(5));
    assert_eq!(rating.feedback.unwrap().as_str(), "Excellent service, very professional");
}

#[test]
fn a_complaint() {
    let order =
        "by name `high` stands before `urgent`; by rank the most urgent is first, and then the oldest";
    let sort = json!("PRIORITY#1#high#1701796800");
    let row = golden::<Complaint>(examples::COMPLAINT, &[("/GSI2SK", sort, order)]);
    let complaint = row.data;
    assert_eq!(complaint.status, ComplaintStatus::Open);
    assert_eq!(complaint.grievance.priority, Priority::High);
    assert_eq!(complaint.grievance.category, ComplaintCategory::DriverBehavior);
    assert_eq!(complaint.grievance.driver_id.unwrap().as_str(), "driver_xyz789");
    assert!(complaint.resolution.is_none() && complaint.resolved_by.is_none());
}

/// What the product adds to an example before it can be read, each with why.
fn with(example: &str, additions: &[(&str, Value, &str)]) -> String {
    let mut found: Value = serde_json::from_str(example).expect("an example");
    for (at, value, _) in additions {
        let (parent, name) = at.rsplit_once('/').expect("a place");
        let inside = found.pointer_mut(parent).and_then(Value::as_object_mut).expect("its parent");
        inside.insert(name.to_owned(), value.clone());
    }
    found.to_string()
}

#[test]
fn a_quote() {
    let lines = json!([
        { "rule": "base", "description": "Base fare £5.00", "amount": 500 },
        { "rule": "distance", "description": "8500 m (5.28 miles) at £1.00 a mile", "amount": 528 },
        { "rule": "time", "description": "1200 s (20.0 minutes) at £0.10 a minute", "amount": 200 },
    ]);
    let example = with(
        examples::QUOTE,
        &[
            ("/Data/journey/source", json!("google"), "a map says of its answer whose it is"),
            ("/Data/pricing/lines", lines, "every penny is explained"),
            ("/Data/pricing/tariffVersion", json!(1), "and can be made again from the tariff"),
            (
                "/Data/pricing/tariffEffectiveFrom",
                json!(1_701_000_000),
                "which has a version and a beginning",
            ),
            ("/Data/alternatives", json!([]), "the totals of other kinds of vehicle"),
            ("/Data/luggage", json!(1), "what is asked is kept"),
            ("/Data/bookable", json!(true), "an estimate may not be, if the tariff says so"),
        ],
    );
    let kinds = "the breakdown has every kind of line, 0 where there is none";
    let mut departures: Vec<Departure> =
        vec![("/TTL", json!(1_701_711_300), "a quote is good for fifteen minutes, not a day")];
    let more = [
        "fixedPrice",
        "minimumFare",
        "nightUplift",
        "weekendUplift",
        "bankHolidayUplift",
        "returnDiscount",
        "viaStops",
        "waiting",
        "extras",
        "airportFee",
        "returnLeg",
    ];
    let places: Vec<_> = more.map(|kind| format!("/Data/pricing/breakdown/{kind}")).into();
    departures.extend(places.iter().map(|at| (at.as_str(), json!(0), kinds)).map(|(at, then, why)| {
        let at: &'static str = Box::leak(at.to_owned().into_boxed_str());
        (at, then, why)
    }));
    let row = golden::<Quote>(&example, &departures);
    let quote = &row.data;
    assert_eq!(quote.enquiry.journey.route.polyline.as_deref(), Some("encoded_polyline_string"));
    assert_eq!(quote.pricing.breakdown.total.get(), 1_228);
    assert!(!quote.return_journey && quote.enquiry.return_leg.is_none());
    assert_eq!(Quote::expires_at(&row), at(1_701_711_300));
}

#[test]
fn a_booking() {
    let breakdown = serde_json::to_value(Breakdown::default()).unwrap();
    let example = with(
        examples::BOOKING,
        &[
            ("/Data/status", json!("assigned"), "one with a driver is assigned"),
            ("/GSI1PK", json!("STATUS#assigned"), "and is indexed as what it is"),
            ("/Data/source", json!("web"), "through what it came in is kept"),
            ("/Data/vehicleType", json!("standard"), "copied from the quote, which will vanish"),
            ("/Data/journey/distance", json!({ "meters": 8_500, "miles": 5.28 }), "copied from the quote"),
            ("/Data/journey/duration", json!({ "seconds": 1_200, "minutes": 20 }), "copied from the quote"),
            ("/Data/pricing/breakdown", breakdown, "copied from the quote"),
            ("/Data/pricing/lines", json!([]), "copied from the quote"),
            ("/Data/pricing/tariffVersion", json!(1), "copied from the quote"),
            ("/Data/pricing/tariffEffectiveFrom", json!(1_701_000_000), "copied from the quote"),
            ("/Data/driver/licenceNumber", json!("PHD-2101"), "the council asks"),
            ("/Data/vehicle/plateNumber", json!("PHV-3301"), "the council asks"),
            ("/Data/steps", json!([]), "the ride's steps as the driver reported them"),
        ],
    );
    let row = golden::<Booking>(&example, &[]);
    let booking = row.data;
    assert_eq!((booking.status, booking.passengers, booking.luggage), (BookingStatus::Assigned, 2, 1));
    assert_eq!(booking.booking_reference.as_str(), "NOTS-12345");
    assert_eq!(booking.timeline.confirmed, Some(at(1_701_710_400)));
    assert_eq!(booking.driver.unwrap().assigned_at, at(1_701_796_800));
    assert_eq!(booking.payment.stripe_payment_intent_id.as_deref(), Some("pi_abc123"));
    assert_eq!(booking.special_requirements.unwrap().as_str(), "Child seat needed");
}

#[test]
fn another_word_in_an_example_would_be_seen() {
    let other = examples::VEHICLE.replace("\"bluetooth\"", "\"a\",\"b\"");
    golden::<Vehicle>(&other, &[]);
    let stale = other.replace("VEHICLE_STATUS#active", "VEHICLE_STATUS#suspended");
    golden::<Vehicle>(
        &stale,
        &[("/GSI1PK", json!("VEHICLE_STATUS#active"), "an index key follows from Data")],
    );
}
