//! Bookings that are held to what the platform itself could have written: sizes, ways, times and fares.

use nots_core::journey::{MAX_DRIVE_METRES, MAX_DRIVE_SECONDS};
use nots_core::{BookingId, access, table::item_bytes};
use nots_testkit::World;
use serde_json::{Value, json};

use super::{booking, empty, jsonl, lines::each_is_refused, sorted, table_of, take_in, take_out};

/// A whole fare as an export has it, of £12.28 with £2.00 of VAT inside.
fn fare() -> Value {
    json!({
        "total": 1_228, "currency": "GBP", "tariffVersion": 3, "tariffEffectiveFrom": 1_700_000_000,
        "lines": [
            { "rule": "base", "description": "Base fare", "amount": 500 },
            { "rule": "distance", "description": "7.39 miles", "amount": 828 },
            { "rule": "returnDiscount", "description": "The way back", "amount": -100 },
        ],
        "breakdown": {
            "baseFare": 500, "distanceCharge": 828, "returnDiscount": -100, "subtotal": 1_028, "tax": 200, "total": 1_228,
        },
    })
}

/// The fare with one thing changed, or left out.
fn fare_with(pointer: &str, value: Value) -> Value {
    let (mut fare, (parent, name)) = (fare(), pointer.rsplit_once('/').unwrap());
    match fare.pointer_mut(parent).unwrap() {
        Value::Array(entries) => entries[name.parse::<usize>().unwrap()] = value,
        Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
        other => panic!("{other} has no parts"),
    }
    fare
}

#[tokio::test]
async fn a_way_or_a_time_that_cannot_be_is_refused() {
    let world = empty().await;
    let later = json!(world.now() + 3_600);
    let pickup = booking(&world, "x", "confirmed")["journey"]["pickupLocation"].clone();
    let london = json!([{ "address": "London", "latitude": 51.5072, "longitude": -0.1276 }]);
    let step = |step: &str| json!({ "step": step, "at": world.now() - 60, "recordedAt": world.now() - 60 });
    let vehicle = |name: &str, value: &str| {
        let mut vehicle = json!({
            "vehicleId": "vehicle_1", "registration": "AB12 CDE", "make": "Toyota", "model": "Prius", "color": "Silver",
            "plateNumber": "1",
        });
        vehicle[name] = json!(value);
        vehicle
    };
    let driver = json!({
        "driverId": "driver_1", "firstName": "Jane", "lastName": "Smith", "phone": "07700 900123",
        "licenceNumber": "1".repeat(61), "assignedAt": world.now() - 600,
    });
    let extra = |code: &str, quantity: i64| json!([{ "code": code, "quantity": quantity }]);
    let extras: Vec<_> = (0..11).map(|n| json!({ "code": format!("extra{n}"), "quantity": 1 })).collect();
    let cases = [
        ("confirmed", "/journey/duration/seconds", json!(0), "/journey/duration/seconds"),
        ("confirmed", "/journey/duration/seconds", json!(MAX_DRIVE_SECONDS + 1), "/journey/duration/seconds"),
        ("confirmed", "/journey/distance/meters", json!(0), "/journey/distance/meters"),
        ("confirmed", "/journey/distance/meters", json!(MAX_DRIVE_METRES + 1), "/journey/distance/meters"),
        // As the crow flies it is 9,078 m.
        ("confirmed", "/journey/distance/meters", json!(9_076), "/journey/distance/meters"),
        ("confirmed", "/journey/viaStops", london, "/journey/distance/meters"),
        ("confirmed", "/journey/dropoffLocation", pickup, "/journey/dropoffLocation"),
        ("confirmed", "/timeline/created", later.clone(), "/timeline/created"),
        ("completed", "/timeline/completed", later.clone(), "/timeline/completed"),
        ("cancelled", "/timeline/cancelled", later, "/timeline/cancelled"),
        ("completed", "/timeline/created", json!(world.now() - 60), "/timeline/completed"),
        ("confirmed", "/internalNotes", json!("x".repeat(2_001)), "/internalNotes"),
        ("confirmed", "/extras", json!(extras), "/extras"),
        ("confirmed", "/extras", json!(["child_seat"]), "/extras/0"),
        ("confirmed", "/extras", extra("Child seat", 1), "/extras/0/code"),
        ("confirmed", "/extras", extra("child_seat", -1), "/extras/0/quantity"),
        ("confirmed", "/extras", extra("child_seat", 256), "/extras/0/quantity"),
        ("completed", "/steps", json!([step("arrived"), step("arrived")]), "/steps/1/step"),
        ("completed", "/steps", json!(vec![step("arrived"); 5]), "/steps"),
        ("completed", "/driver", driver, "/driver/licenceNumber"),
        ("completed", "/vehicle", vehicle("registration", "AB12 CDEF"), "/vehicle/registration"),
        ("completed", "/vehicle", vehicle("color", &"x".repeat(41)), "/vehicle/color"),
        ("completed", "/vehicle", vehicle("make", &"x".repeat(61)), "/vehicle/make"),
    ];
    each_is_refused(&world, &cases).await;
}

#[tokio::test]
async fn a_fare_that_does_not_come_to_its_lines_is_refused_where_it_does_not() {
    let world = empty().await;
    let line = |amount: Value| json!({ "rule": "extras", "description": "x", "amount": amount });
    let many: Vec<_> = (0..49).map(|n| line(json!(if n == 0 { 1_228 } else { 0 }))).collect();
    let long = json!("x".repeat(201));
    let cases: Vec<_> = [
        ("/total", json!(1_229), "/pricing/lines"),
        ("/total", json!(100_000_000), "/pricing/total"),
        ("/breakdown/baseFare", json!(501), "/pricing/breakdown/baseFare"),
        ("/breakdown/waiting", json!(1), "/pricing/breakdown/waiting"),
        ("/breakdown/returnDiscount", Value::Null, "/pricing/breakdown/returnDiscount"),
        ("/breakdown/subtotal", json!(1_027), "/pricing/breakdown/subtotal"),
        ("/breakdown/tax", json!(201), "/pricing/breakdown/subtotal"),
        ("/breakdown/tax", json!(-1), "/pricing/breakdown/tax"),
        ("/breakdown/tax", json!(1_229), "/pricing/breakdown/tax"),
        ("/breakdown/total", json!(1_229), "/pricing/breakdown/total"),
        ("/breakdown/total", json!("1228"), "/pricing/breakdown/total"),
        ("/breakdown/vat", json!(200), "/pricing/breakdown/vat"),
        ("/breakdown", json!(1_228), "/pricing/breakdown"),
        ("/breakdown", Value::Null, "/pricing/breakdown"),
        ("/lines", Value::Null, "/pricing/lines"),
        ("/lines", json!(many), "/pricing/lines"),
        ("/lines/2/amount", json!(1.5), "/pricing/lines/2/amount"),
        ("/lines/2/amount", json!(-100_000_000), "/pricing/lines/2/amount"),
        ("/lines/2/rule", json!("discount"), "/pricing/lines/2/rule"),
        ("/lines/2/description", long, "/pricing/lines/2/description"),
        ("/lines/1", json!("distance"), "/pricing/lines/1"),
        ("/tariffVersion", json!(-1), "/pricing/tariffVersion"),
        ("/tariffEffectiveFrom", Value::Null, "/pricing/tariffEffectiveFrom"),
    ]
    .into_iter()
    .map(|(at, value, refused_at)| ("confirmed", "/pricing", fare_with(at, value), refused_at))
    .collect();
    each_is_refused(&world, &cases).await;
}

#[tokio::test]
async fn the_most_that_a_booking_may_have_is_taken_and_has_room() {
    let world = empty().await;
    let wide = |most: usize| json!("𝄞".repeat(most));
    let mut most = booking(&world, "most", "completed");
    most["journey"]["duration"]["seconds"] = json!(MAX_DRIVE_SECONDS);
    most["journey"]["distance"]["meters"] = json!(MAX_DRIVE_METRES);
    most["internalNotes"] = wide(2_000);
    most["specialRequirements"] = wide(500);
    let extra = |n: usize| json!({ "code": format!("{}{n}", "x".repeat(39)), "quantity": 255 });
    most["extras"] = (0..10).map(extra).collect();
    let at = world.now() - 60;
    let steps = ["en_route", "arrived", "passenger_onboard", "completed"];
    most["steps"] = steps.iter().map(|step| json!({ "step": step, "at": at, "recordedAt": at })).collect();
    let line = |n: i64| json!({ "rule": "extras", "description": wide(200), "amount": if n == 0 { 99_999_999 } else { 0 } });
    most["pricing"] = json!({
        "total": 99_999_999, "lines": (0..48).map(line).collect::<Vec<_>>(), "tariffVersion": 1,
        "tariffEffectiveFrom": 1_700_000_000,
        "breakdown": { "extras": 99_999_999, "total": 99_999_999, "subtotal": 99_999_999 },
    });
    let mut least = booking(&world, "least", "confirmed");
    least["journey"]["duration"]["seconds"] = json!(1);
    least["journey"]["distance"]["meters"] = json!(9_078);
    let mut round = booking(&world, "round", "confirmed");
    round["journey"]["viaStops"] = json!([round["journey"]["dropoffLocation"]]);
    round["journey"]["dropoffLocation"] = round["journey"]["pickupLocation"].clone();
    round["journey"]["distance"]["meters"] = json!(24_000);
    round["pricing"] = fare();
    let outcome = take_in(&world, &jsonl(&[most, least, round])).await;
    assert_eq!(outcome.reasons(), Vec::<String>::new());
    let id = BookingId::parse("booking_most").unwrap();
    let row = table_of(&world).read(access::booking(&id)).await.unwrap().unwrap();
    let bytes = item_bytes(&row.to_item().unwrap());
    assert!(bytes <= 72 * 1_024, "docs/access-patterns.md says 72 KB, it has {bytes} bytes");
}

#[tokio::test]
async fn what_was_called_off_comes_out_with_how_and_goes_in_again() {
    let (live, fresh) = (World::new().await, empty().await);
    let (ada, staff) = (live.person("customer").await, live.person("dispatcher").await);
    let off = async |booking: &Value, who| {
        let path = format!("/v1/bookings/{}", booking["bookingId"].as_str().unwrap());
        live.delete(&path, who, json!({ "reason": "Plans changed" })).await.expect_status(200)
    };
    let given = live.confirmed(&ada, 172_800).await;
    live.assign(&staff, &given, "driver_demo1").await.expect_status(200);
    off(&given, &staff).await;
    let mut there_and_back = live.journey(200_000);
    there_and_back["returnJourney"] = json!(true);
    there_and_back["returnPickupTime"] = json!(live.now() + 300_000);
    let quote = live.post("/v1/quotes", None, there_and_back).await.expect_status(201);
    let body = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let there = live.post("/v1/bookings", &ada, body).await.expect_status(201);
    let there = off(&there, &ada).await;
    live.settle().await;

    let out = take_out(&live).await;
    let outcome = take_in(&fresh, &out).await;
    assert_eq!(outcome.reasons(), [""; 0]);
    assert_eq!(sorted(&take_out(&fresh).await), sorted(&out));
    let path = format!("/v1/bookings/{}", there["bookingId"].as_str().unwrap());
    let here = fresh.get(&path, &fresh.person("owner").await).await.expect_status(200);
    for name in ["by", "row", "fee", "refund", "reason", "at"] {
        assert_eq!(here["cancellation"][name], there["cancellation"][name], "{name}");
    }
    assert_eq!(here["cancellation"]["cancelledBy"], json!(ada.id));

    // Only of what is cancelled, and of no more than its fare.
    let line = out.lines().find(|line| line.contains("\"cancellation\"")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    let other = live.now() - 60;
    for (pointer, value, refused) in [
        ("/cancellation/fee/total", json!(-1), "/cancellation/fee"),
        ("/cancellation/refund/total", json!(10_000_000), "/cancellation/fee"),
        ("/cancellation/at", json!(other), "/cancellation/at"),
        ("/cancellation/row/kind", json!("by_mood"), "/cancellation"),
    ] {
        let mut wrong = line.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let outcome = take_in(&fresh, &jsonl(&[wrong])).await;
        let named = &outcome.refused[0]["refused"]["errors"];
        assert!(
            named.as_array().unwrap().iter().any(|error| error["pointer"] == refused),
            "{pointer}: {named}"
        );
    }
}
