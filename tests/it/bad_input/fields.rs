//! What each field of a body does not take; the pointer that the answer must name is the field itself.

use Need::{NotNull, Optional, Required, Unlisted};
use serde_json::{Value, json};

/// Whether a field may be left out, and whether it may be null; an entry of a list is neither.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Need {
    Required,
    NotNull,
    Optional,
    Unlisted,
}

/// A field, and what it does not take beside what is not of its kind.
pub(super) type Field = (&'static str, Need, Vec<Value>);

fn all(kinds: Value, more: Value) -> Vec<Value> {
    [kinds, more].iter().flat_map(|values| values.as_array().unwrap().clone()).collect()
}
fn text(more: Value) -> Vec<Value> {
    all(json!([1, 1.5, true, [], {}]), more)
}
fn whole(more: Value) -> Vec<Value> {
    all(json!(["1", 1.5, true, [], {}, -1, u64::MAX, i64::MIN, 1e300]), more)
}
fn degrees(more: Value) -> Vec<Value> {
    all(json!(["50", true, [], {}, u64::MAX, i64::MIN, 1e300, -1e300]), more)
}
fn yes_or_no(more: Value) -> Vec<Value> {
    all(json!([1, "true", [], {}]), more)
}
fn object() -> Vec<Value> {
    json!([1, "x", true, [], [{}]]).as_array().unwrap().clone()
}
/// What is kept of a fare: in one way, and not in two.
fn fee() -> Vec<Value> {
    [object(), json!([{}, { "fixed": 1, "percentBasisPoints": 1 }]).as_array().unwrap().clone()].concat()
}
fn list(more: Value) -> Vec<Value> {
    all(json!([1, "x", true]), more)
}
fn id(kind: &str) -> Vec<Value> {
    let long = format!("{kind}_{}", "a".repeat(65));
    let of = |rest: &str| format!("{kind}{rest}");
    text(json!([
        "",
        kind,
        of("_"),
        of("_a b"),
        of("_a#b"),
        of("_é"),
        of("_a\u{0}"),
        of("__a"),
        "other_1",
        long
    ]))
}
fn note(most: usize) -> Vec<Value> {
    text(json!(["", "   ", "a\u{0}b", "\u{1b}[1m", "a".repeat(most + 1)]))
}

pub(super) fn of_quote(now: i64) -> Vec<Field> {
    let moments =
        json!([0, 999_999_999, 10_000_000_000_i64, 1_733_842_200_000_i64, now - 60, now + 400 * 86_400]);
    let place = json!({ "latitude": 50.7, "longitude": -1.9 });
    let mut fields: Vec<Field> = vec![
        ("/pickupLocation", Required, object()),
        ("/dropoffLocation", Required, object()),
        ("/pickupTime", Required, whole(moments)),
        ("/passengers", Required, whole(json!([0, 5, 256]))),
        ("/luggage", NotNull, whole(json!([21, 256]))),
        ("/vehicleType", Required, text(json!(["", "Standard", "limousine"]))),
        ("/returnJourney", NotNull, yes_or_no(json!([false]))),
        ("/returnPickupTime", Unlisted, whole(json!([0, now, now + 86_400, now + 400 * 86_400]))),
        ("/viaStops", Optional, list(json!([[place, place, place, place, place, place]]))),
        ("/viaStops/0", Unlisted, object()),
        ("/viaStops/0/waitingMinutes", NotNull, whole(json!([121, 256]))),
        ("/extras", Optional, list(json!([]))),
        (
            "/extras/0",
            Unlisted,
            json!([1, true, [], null, "", "champagne", "Child seat"]).as_array().unwrap().clone(),
        ),
        ("/extras/0/code", Required, text(json!(["", "champagne", "child seat", "a".repeat(41)]))),
        ("/extras/0/quantity", NotNull, whole(json!([5, 256]))),
    ];
    for at in ["/pickupLocation", "/dropoffLocation", "/viaStops/0"] {
        let inside = |name: &str| -> &'static str { Box::leak(format!("{at}{name}").into_boxed_str()) };
        fields.push((inside("/address"), Optional, note(300)));
        fields.push((inside("/latitude"), Optional, degrees(json!([90.001, -90.001]))));
        fields.push((inside("/longitude"), Optional, degrees(json!([180.001, -180.001]))));
    }
    fields
}

pub(super) fn of_booking() -> Vec<Field> {
    let emails = json!([
        "",
        "x",
        "a@",
        "@example.com",
        "a b@example.com",
        "Ada <ada@example.com>",
        "a@example.com\r\nBcc: b@example.com",
        "a@exam\u{0}ple.com",
        format!("{}@example.com", "a".repeat(250))
    ]);
    let phones =
        json!(["", "+", "12", "phone", "7700900123", "+0447700900123", "+1234567890123456", "+44770090012x"]);
    vec![
        ("/quoteId", Required, id("quote")),
        ("/customer", Required, object()),
        ("/customer/firstName", Required, note(100)),
        ("/customer/lastName", Required, note(100)),
        ("/customer/email", Required, text(emails)),
        ("/customer/phone", Required, text(phones)),
        ("/userId", Optional, [id("user"), vec![json!("user_somebodyelse")]].concat()),
        ("/passengers", Optional, whole(json!([0, 5, 256]))),
        ("/luggage", Optional, whole(json!([21, 256]))),
        ("/specialRequirements", Optional, note(500)),
        ("/pickupInstructions", Optional, note(500)),
        ("/dropoffInstructions", Optional, note(500)),
        ("/flightNumber", Optional, note(10)),
    ]
}

pub(super) fn of_job(now: i64) -> Vec<Field> {
    let moments = json!([0, 1_733_842_200_000_i64, now - 3_600, now + 3_600]);
    vec![
        ("/progress", Required, text(json!(["", "EN_ROUTE", "assigned", "finished"]))),
        ("/at", Optional, whole(moments)),
        ("/location", Optional, object()),
        ("/location/latitude", Required, degrees(json!([90.001, -90.001]))),
        ("/location/longitude", Required, degrees(json!([180.001, -180.001]))),
    ]
}

pub(super) fn of_payment() -> Vec<Field> {
    vec![("/bookingId", Required, id("booking"))]
}

pub(super) fn of_assignment() -> Vec<Field> {
    vec![
        ("/bookingId", Required, id("booking")),
        ("/driverId", Required, id("driver")),
        ("/vehicleId", Optional, id("vehicle")),
        ("/offer", NotNull, yes_or_no(json!([true]))),
    ]
}

pub(super) fn of_change() -> Vec<Field> {
    vec![
        ("/quoteId", NotNull, id("quote")),
        ("/passengers", NotNull, whole(json!([0, 5, 256]))),
        ("/luggage", NotNull, whole(json!([21, 256]))),
        ("/specialRequirements", Optional, note(500)),
        ("/pickupInstructions", Optional, note(500)),
        ("/dropoffInstructions", Optional, note(500)),
        ("/flightNumber", Optional, text(json!(["", "a\nb", "a".repeat(11)]))),
        ("/internalNotes", Optional, note(2_000)),
    ]
}

pub(super) fn of_cancellation() -> Vec<Field> {
    vec![
        ("/reason", Required, note(500)),
        ("/onBehalfOf", Optional, text(json!(["", "Customer", "operator", "staff"]))),
    ]
}

/// Of the demonstration's tariff, with a polygon, a weekend and a bank holiday that is moved.
pub(super) fn of_tariff(now: i64) -> Vec<Field> {
    let amount = || whole(json!([1_000_001]));
    let up_to = |most: u64| whole(json!([most + 1]));
    let code = || text(json!(["", "A", "1a", "a b", "é", "a".repeat(41)]));
    let zone = || [code(), vec![json!("atlantis")]].concat();
    let hour = || text(json!(["", "24:00", "1:00", "10:60", "10:00:00", "noon"]));
    let mut fields: Vec<Field> = vec![
        ("/effectiveFrom", NotNull, whole(json!([0, 1_733_842_200_000_i64, now - 60, now + 400 * 86_400]))),
        ("/currency", Required, text(json!(["", "gbp", "EUR"]))),
        ("/vat", Required, object()),
        ("/vat/registered", Required, yes_or_no(json!([]))),
        ("/vat/rateBasisPoints", Required, up_to(10_000)),
        ("/rates", Required, object()),
        ("/zones", Required, list(json!([{}]))),
        ("/zones/7/code", Required, code()),
        ("/zones/1/name", Required, note(100)),
        ("/zones/1/area", Required, object()),
        ("/zones/1/area/shape", Required, text(json!(["", "square", "Circle"]))),
        ("/zones/1/area/centre", Required, object()),
        ("/zones/1/area/centre/latitude", Required, degrees(json!([90.001, -90.001]))),
        ("/zones/1/area/centre/longitude", Required, degrees(json!([180.001, -180.001]))),
        ("/zones/1/area/radiusMeters", Required, whole(json!([]))),
        ("/zones/1/airportFee", Optional, amount()),
        ("/zones/7/area/points", Required, list(json!([{}]))),
        ("/zones/7/area/points/0/latitude", Required, degrees(json!([90.001, -90.001]))),
        ("/zones/7/area/points/2/longitude", Required, degrees(json!([180.001, -180.001]))),
        ("/fixedPrices", Required, list(json!([{}]))),
        ("/fixedPrices/1/code", Required, [code(), vec![json!("bournemouth-airport")]].concat()),
        ("/fixedPrices/1/from", Required, zone()),
        ("/fixedPrices/1/to", Required, zone()),
        ("/fixedPrices/1/bothDirections", Required, yes_or_no(json!([]))),
        ("/fixedPrices/1/prices", Required, all(json!([1, "x", true, [], [{}]]), json!([{}]))),
        ("/fixedPrices/1/prices/standard", Optional, amount()),
        ("/uplifts", Required, object()),
        ("/uplifts/overlap", Required, text(json!(["", "most"]))),
        ("/uplifts/onFixedPrices", Required, yes_or_no(json!([]))),
        ("/uplifts/entries", Required, list(json!([{}]))),
        ("/uplifts/entries/0/kind", Required, text(json!(["", "Night", "full_moon"]))),
        ("/uplifts/entries/0/code", Required, code()),
        ("/uplifts/entries/0/name", Required, note(100)),
        ("/uplifts/entries/0/basisPoints", Required, up_to(30_000)),
        ("/uplifts/entries/0/from", Required, hour()),
        ("/uplifts/entries/0/to", Required, [hour(), vec![json!("22:00")]].concat()),
        ("/uplifts/entries/2/days", Required, list(json!([[], {}, ["monday", "monday"]]))),
        ("/bankHolidays", Required, object()),
        ("/bankHolidays/also", Required, list(json!([{}]))),
        ("/bankHolidays/except", Required, list(json!([{}]))),
        ("/freeWaiting", Required, object()),
        ("/freeWaiting/atPickup", Required, up_to(1_440)),
        ("/freeWaiting/atAirport", Required, up_to(1_440)),
        ("/freeWaiting/atViaStop", Required, up_to(1_440)),
        ("/returnDiscountBasisPoints", Required, up_to(10_000)),
        ("/extras", Required, list(json!([{}]))),
        ("/extras/1/code", Required, [code(), vec![json!("child_seat")]].concat()),
        ("/extras/1/name", Required, note(100)),
        ("/extras/1/unitPrice", Required, amount()),
        ("/extras/1/maximum", Required, whole(json!([0, 21, 256]))),
        ("/extras/1/accessibility", Required, yes_or_no(json!([]))),
        ("/extras/3/unitPrice", Required, whole(json!([1]))),
        ("/serviceArea", Required, list(json!([{}]))),
        ("/minimumNoticeSeconds", Required, up_to(30 * 86_400)),
        ("/estimatesBookable", Required, yes_or_no(json!([]))),
        ("/cancellation", Required, object()),
        ("/cancellation/rows", Required, list(json!([{}, []]))),
        ("/cancellation/rows/0/hoursBefore", Required, up_to(8_760)),
        ("/cancellation/rows/1/hoursBefore", Required, whole(json!([24]))),
        ("/cancellation/rows/2/hoursBefore", Required, whole(json!([]))),
        ("/cancellation/rows/0/fee", Required, fee()),
        ("/cancellation/rows/1/fee/percentBasisPoints", Unlisted, up_to(10_000)),
        ("/cancellation/rows/3/fee/fixed", Unlisted, amount()),
        ("/cancellation/noShow", Required, fee()),
    ];
    for kind in ["standard", "executive", "minibus"] {
        let inside =
            |name: &str| -> &'static str { Box::leak(format!("/rates/{kind}{name}").into_boxed_str()) };
        fields.push((inside(""), Required, object()));
        for name in
            ["/baseFare", "/perMile", "/perMinute", "/minimumFare", "/perViaStop", "/perWaitingMinute"]
        {
            fields.push((inside(name), Required, amount()));
        }
    }
    fields
}
