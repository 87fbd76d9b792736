use bytes::Bytes;
use nots_core::entity::tariff::{Terms, demo_terms};
use serde_json::{Value, json};

use super::*;
use crate::{Problem, parse_judged};

fn sent() -> Value {
    let mut tariff = serde_json::to_value(demo_terms().unwrap()).unwrap();
    let corner = |latitude: f64, longitude: f64| json!({ "latitude": latitude, "longitude": longitude });
    tariff["zones"].as_array_mut().unwrap().push(json!({
        "code": "new-forest", "name": "New Forest",
        "area": { "shape": "polygon", "points": [corner(50.9, -1.7), corner(50.9, -1.4), corner(50.7, -1.5)] },
    }));
    let weekend = json!({ "code": "weekend", "name": "Weekend", "kind": "weekend",
        "days": ["saturday", "sunday"], "basisPoints": 500 });
    tariff["uplifts"]["entries"].as_array_mut().unwrap().push(weekend);
    tariff["fixedPrices"][0]["prices"]["minibus"] = Value::Null;
    tariff["bankHolidays"] = json!({ "also": ["2027-06-04"], "except": ["2027-05-31"] });
    tariff["serviceArea"] = json!(["new-forest", "bournemouth-poole"]);
    let row = json!({ "hoursBefore": 48, "fee": { "fixed": 500 } });
    tariff["cancellation"]["rows"].as_array_mut().unwrap().push(row);
    tariff
}

fn read(tariff: &Value) -> Result<TariffBody, Problem> {
    parse_judged(&Bytes::from(tariff.to_string()), |body, unfit| faults(body, "", unfit))
}

/// What is told of a tariff, in no order.
fn told(tariff: &Value) -> Vec<String> {
    let Err(problem) = read(tariff) else { return Vec::new() };
    let answer: Value = serde_json::from_slice(&problem.into_response("r").body).unwrap();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    let errors = answer["errors"].as_array().unwrap().iter();
    let mut told: Vec<_> =
        errors.map(|error| format!("{} {}", text(error, "pointer"), text(error, "detail"))).collect();
    told.sort();
    told
}

fn put(tariff: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match tariff.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
        Value::Array(entries) => entries[name.parse::<usize>().unwrap()] = value,
        other => unreachable!("{pointer}: {other}"),
    }
}

#[test]
fn what_is_kept_is_what_is_sent() {
    let sent = sent();
    let terms = read(&sent).unwrap().into_terms();
    assert_eq!(serde_json::to_value(&terms).unwrap(), sent);
    assert_eq!(serde_json::from_value::<Terms>(sent).unwrap(), terms);
}

#[test]
fn types_and_meaning_are_told_together() {
    let mut tariff = sent();
    for (pointer, value) in [
        ("/currency", json!("EUR")),
        ("/vat/rateBasisPoints", json!(20.5)),
        ("/rates/standard/perMile", json!("100")),
        ("/rates/standard/baseFare", json!(-1)),
        ("/rates/minibus", json!([])),
        ("/zones/1/area/centre/latitude", json!(91)),
        ("/zones/1/airportFee", json!(-300)),
        ("/zones/2/area/shape", json!("square")),
        ("/zones/7/area/points/1/longitude", Value::Null),
        ("/zones/3/colour", json!("red")),
        ("/zones/3/area/radiusMeters", json!(0)),
        ("/fixedPrices/1/from", json!("Bournemouth & Poole")),
        ("/fixedPrices/1/to", json!("atlantis")),
        ("/fixedPrices/2/prices/standard", json!("free")),
        ("/fixedPrices/2/prices/minibus", json!(2_000_000)),
        ("/uplifts/entries/0/from", json!("24:00")),
        ("/uplifts/entries/0/basisPoints", json!(40_000)),
        ("/uplifts/entries/2/days/0", json!("caturday")),
        ("/uplifts/entries/1/kind", json!("full_moon")),
        ("/uplifts/overlap", json!(1)),
        ("/bankHolidays/except/0", json!("2027-02-30")),
        ("/freeWaiting/atPickup", json!(-1)),
        ("/freeWaiting/atAirport", json!(2_000)),
        ("/extras/0/maximum", json!(300)),
        ("/extras/0/unitPrice", json!(-1)),
        ("/extras/3/unitPrice", json!(100)),
        ("/extras/3/name", json!("  ")),
        ("/serviceArea/0", json!(7)),
        ("/serviceArea/1", json!("atlantis")),
        ("/estimatesBookable", Value::Null),
        ("/cancellation/rows/0/fee", json!({ "fixed": 1, "percentBasisPoints": 1 })),
        ("/cancellation/rows/1/hoursBefore", json!(9_000)),
        ("/cancellation/rows/2/hoursBefore", json!("0")),
        ("/cancellation/rows/3/fee/fixed", json!(-1)),
        ("/cancellation/noShow", json!({ "percentBasisPoints": 10_001 })),
        ("/effectiveFrom", json!(1_733_842_200_000_i64)),
    ] {
        put(&mut tariff, pointer, value);
    }
    insta::assert_snapshot!(told(&tariff).join("\n"), @r"
    /bankHolidays/except/0 must be a date such as 2026-12-25
    /cancellation/noShow/percentBasisPoints must be at most 10000
    /cancellation/rows/0/fee must have either fixed or percentBasisPoints
    /cancellation/rows/1/hoursBefore must be at most 8760
    /cancellation/rows/2/hoursBefore must be a whole number
    /cancellation/rows/3/fee/fixed must not be negative
    /currency must be GBP
    /effectiveFrom must be a Unix time in seconds of ten digits
    /estimatesBookable must be true or false, not null
    /extras/0/maximum is too large
    /extras/0/unitPrice must not be negative
    /extras/3/name must be 1 to 60 characters without control characters
    /extras/3/unitPrice must be 0: what somebody needs because of a disability never costs more
    /fixedPrices/1/from must be 1 to 40 lower-case letters, digits, _ and -, a letter first
    /fixedPrices/1/to `atlantis` is none of the zones
    /fixedPrices/2/prices/minibus must be at most 1000000 pence
    /fixedPrices/2/prices/standard must be a whole number
    /freeWaiting/atAirport must be at most 1440
    /freeWaiting/atPickup must not be negative
    /rates/minibus must be an object, not a list
    /rates/standard/baseFare must not be negative
    /rates/standard/perMile must be a whole number
    /serviceArea/0 must be a text
    /serviceArea/1 `atlantis` is none of the zones
    /uplifts/entries/0/basisPoints must be at most 30000
    /uplifts/entries/0/from must be a time of day from 00:00 to 23:59
    /uplifts/entries/1/kind must be one of night, weekend, bank_holiday
    /uplifts/entries/2/days/0 must be a day of the week such as saturday
    /uplifts/overlap must be a text
    /vat/rateBasisPoints must be a whole number
    /zones/1/airportFee must not be negative
    /zones/1/area/centre/latitude must be a number of degrees from -90 to 90
    /zones/2/area/shape must be one of circle, polygon
    /zones/3/area/radiusMeters must have a radius of 1 to 500000 metres
    /zones/3/colour is not known here; known are code, name, area, airportFee
    /zones/7/area/points/1/longitude must not be null
    ");
}

#[test]
fn what_stands_in_for_a_wrong_field_is_no_fault_of_the_senders() {
    let known = |changes: &[(&str, Value)]| {
        let mut tariff = sent();
        for (pointer, value) in changes {
            put(&mut tariff, pointer, value.clone());
        }
        told(&tariff)
    };
    // Left out it means now; null means nothing.
    assert_eq!(known(&[("/effectiveFrom", Value::Null)]), ["/effectiveFrom must not be null"]);
    // Whose name cannot be read may be the one that is spoken of.
    let nameless = [("/zones/1/code", json!(1)), ("/fixedPrices/0/to", json!("atlantis"))];
    assert_eq!(known(&nameless), ["/zones/1/code must be a text"]);
    let unlisted = known(&[("/zones", json!({}))]);
    assert_eq!(unlisted, ["/zones must be a list, not an object"]);
    // An hour that cannot be read meets no other, and a price that cannot be read is one.
    let night =
        json!({ "code": "x", "name": "x", "kind": "night", "from": 1, "to": "23:00", "basisPoints": 1 });
    assert_eq!(known(&[("/uplifts/entries/2", night)]), ["/uplifts/entries/2/from must be a text"]);
    let prices = json!({ "standard": true });
    assert_eq!(
        known(&[("/fixedPrices/0/prices", prices)]),
        ["/fixedPrices/0/prices/standard is of the wrong type"]
    );
    // A row whose hours cannot be read may be the one that each policy has; one without it is told.
    let hours = |value: Value| known(&[("/cancellation/rows/2/hoursBefore", value)]);
    assert_eq!(hours(json!("0")), ["/cancellation/rows/2/hoursBefore must be a whole number"]);
    let lacking = "/cancellation/rows must have a row with 0 hoursBefore: what it costs until the pickup";
    assert_eq!(hours(json!(1)), [lacking]);
    assert_eq!(
        known(&[("/cancellation/rows/2/hoursBefore", json!(1)), ("/cancellation/rows/1/fee", json!({}))]),
        [lacking, "/cancellation/rows/1/fee must have either fixed or percentBasisPoints"]
    );
    // How long a list is can be seen all the same.
    let extras = vec![json!({}); 31];
    assert!(
        known(&[("/extras", json!(extras))]).contains(&"/extras must have at most 30 entries".to_owned())
    );
    assert_eq!(told(&json!([])), [" must be an object, not a list"]);
    let nothing = told(&json!({}));
    assert_eq!(nothing.len(), 14, "{nothing:?}");
    assert!(nothing.iter().all(|told| told.ends_with(" is required")), "{nothing:?}");
}

#[test]
fn a_body_of_nothing_but_faults_is_answered_all_the_same() {
    let mut tariff = sent();
    tariff["zones"] = json!(vec![1; 100_000]);
    let Err(problem) = read(&tariff) else { unreachable!("none of it is a zone") };
    let answer = problem.into_response("r");
    assert!(answer.body.len() < 200_000, "{}", answer.body.len());
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1_000);
    assert!(answer["detail"].as_str().unwrap().contains("100001 are wrong"), "{}", answer["detail"]);
}
