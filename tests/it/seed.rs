//! Items as the database schema document shows them: same keys, same index keys, same names in `Data` with the same types,
//! whoever opens the table. Where the product departs from the document, the departure is listed here with its reason.

mod examples;
mod golden;
mod sizes;
mod user;

pub(crate) use examples::PAYMENT;

use std::collections::HashMap;

use nots_core::{
    entity::{Booking, Payment, Quote},
    table::{Condition, DecodeError, Entity, Item, Op, RawKey, Stored, Version},
};
use nots_testkit::World;
use serde_json::{Map, Value, json};

/// DynamoDB's JSON as plain JSON: what `Data` says.
pub(crate) fn plain(value: &Value) -> Value {
    let (kind, inner) = value.as_object().and_then(|typed| typed.iter().next()).expect("a typed value");
    match kind.as_str() {
        "S" | "BOOL" => inner.clone(),
        "N" => serde_json::from_str(inner.as_str().expect("digits")).expect("a number"),
        "NULL" => Value::Null,
        "L" => inner.as_array().expect("a list").iter().map(plain).collect(),
        "M" => all_plain(inner),
        other => panic!("no item of ours has a {other}"),
    }
}

fn all_plain(attributes: &Value) -> Value {
    let attributes = attributes.as_object().expect("attributes").iter();
    attributes.map(|(name, value)| (name.clone(), plain(value))).collect::<Map<_, _>>().into()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The one item of an entity whose key begins so.
fn item(world: &World, entity: &str, key: &str) -> Value {
    let table = world.table();
    let mut found =
        table.iter().filter(|(at, item)| at.starts_with(key) && item["EntityType"]["S"] == entity);
    let (_, item) = found.next().unwrap_or_else(|| panic!("no {entity} under {key}"));
    all_plain(item)
}

/// A place where an item is not what the example shows, and why the product has it so.
type Departure = (&'static str, &'static str);

/// What an item has otherwise than the example, beyond what is listed; and what is listed and no longer so.
fn compare(example: &str, item: &Value, departures: &[Departure]) {
    let example: Value = serde_json::from_str(example).expect("an example");
    let mut found = Vec::new();
    names("", &example, item, &mut found);
    for name in ["PK", "SK", "GSI1PK", "GSI1SK", "GSI2PK", "GSI2SK", "GSI3PK", "GSI3SK"] {
        let expected = example[name].as_str().map(|key| key_of(key, &example, item));
        if expected.as_deref() != item[name].as_str() {
            found.push(format!("/{name}"));
        }
    }
    if example["EntityType"] != item["EntityType"] {
        found.push("/EntityType".to_owned());
    }
    if example["TTL"].is_i64() && !item["TTL"].is_i64() {
        found.push("/TTL".to_owned());
    }
    let mut listed: Vec<_> = departures.iter().map(|(at, _)| (*at).to_owned()).collect();
    found.sort();
    found.dedup();
    listed.sort();
    assert_eq!(found, listed, "departures of {item:#}");
}

/// Every name of `Data` that is missing or of another type.
fn names(at: &str, example: &Value, item: &Value, into: &mut Vec<String>) {
    if kind(example) != kind(item) {
        into.push(at.to_owned());
        return;
    }
    for (name, inner) in example.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        match item.get(name) {
            Some(found) => names(&at, inner, found, into),
            None => into.push(at),
        }
    }
}

/// The example's key with each part that the example has in an attribute put as the item has it there.
fn key_of(key: &str, example: &Value, item: &Value) -> String {
    let mut pairs = vec![(text(&example["CreatedAt"]), text(&item["CreatedAt"]))];
    leaves(&example["Data"], &item["Data"], &mut pairs);
    let part = |part: &str| {
        pairs.iter().find(|(said, _)| said == part).map_or(part.to_owned(), |(_, has)| has.clone())
    };
    key.split('#').map(part).collect::<Vec<_>>().join("#")
}

fn leaves(example: &Value, item: &Value, into: &mut Vec<(String, String)>) {
    for (name, inner) in example.as_object().into_iter().flatten() {
        match inner {
            Value::Object(_) => leaves(inner, &item[name], into),
            Value::Array(_) => {}
            leaf => into.push((text(leaf), text(&item[name]))),
        }
    }
}

/// A booking with everything a customer may say, paid and given to the first driver.
async fn journey(world: &World, assigned: bool) -> Value {
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let quote = world.quote(86_400).await;
    let body = json!({
        "quoteId": quote["quoteId"], "customer": World::traveller(), "specialRequirements": "Child seat needed",
        "pickupInstructions": "Wait by main entrance", "dropoffInstructions": "Call on arrival",
    });
    let booking = world.post("/v1/bookings", &customer, body).await.expect_status(201);
    let payment = world.post("/v1/payments", &customer, json!({ "bookingId": booking["bookingId"] })).await;
    world.pay(&payment.expect_status(201)).await.expect_status(200);
    if assigned {
        world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    }
    world.settle().await;
    booking
}

#[tokio::test]
async fn a_quote() {
    let world = World::new().await;
    world.quote(86_400).await;
    let quote = item(&world, "Quote", "QUOTE#");
    compare(
        examples::QUOTE,
        &quote,
        &[("/Data/journey/route/polyline", "the estimate draws no way on a map: null")],
    );
    // The example lives for 24 hours; a quote is good for 15 minutes.
    let seconds = |name: &str| quote[name].as_i64().unwrap();
    assert_eq!(seconds("TTL"), seconds("CreatedAt") + 900);
    assert!(
        quote["Data"]["journey"]["distance"]["meters"].as_i64() >= Some(9_100),
        "no less than the great circle"
    );
}

#[tokio::test]
async fn an_assigned_booking() {
    let world = World::new().await;
    journey(&world, true).await;
    // The example says `confirmed` and has a driver: the one state that both fit is `assigned`.
    compare(examples::BOOKING, &item(&world, "Booking", "BOOKING#"), &[]);
}

#[tokio::test]
async fn a_confirmed_booking_has_no_driver_and_is_in_no_driver_s_list() {
    let world = World::new().await;
    journey(&world, false).await;
    let departures = [
        ("/GSI3PK", "a confirmed booking has no driver"),
        ("/GSI3SK", "a confirmed booking has no driver"),
        ("/Data/driver", "a confirmed booking has no driver"),
        ("/Data/vehicle", "a confirmed booking has no driver, and so no vehicle"),
        ("/Data/timeline/assigned", "it has not been assigned"),
    ];
    compare(examples::BOOKING, &item(&world, "Booking", "BOOKING#"), &departures);
}

#[tokio::test]
async fn a_payment() {
    let world = World::new().await;
    journey(&world, true).await;
    let departures =
        [("/Data/provider/chargeId", "what Stripe sends of a paid session names no charge: null")];
    let payment = item(&world, "Payment", "BOOKING#");
    compare(examples::PAYMENT, &payment, &departures);
    assert_eq!(payment["Data"]["status"], "completed");
}

#[tokio::test]
async fn a_driver() {
    let world = World::new().await;
    let departures = [
        ("/Data/cognitoId", "the demonstration's drivers have no login"),
        ("/Data/availability/currentLocation", "what changes at another speed is an item of its own"),
    ];
    compare(examples::DRIVER, &item(&world, "Driver", "DRIVER#driver_demo1 "), &departures);
}

#[tokio::test]
async fn a_vehicle() {
    let world = World::new().await;
    compare(examples::VEHICLE, &item(&world, "Vehicle", "VEHICLE#vehicle_demo1 "), &[]);
    // What assignment relies on are documents under the vehicle's key.
    for paper in ["insurance", "mot", "phv_vehicle_licence"] {
        let document = item(&world, "ComplianceDocument", &format!("VEHICLE#vehicle_demo1 / DOC#{paper}"));
        assert!(document["Data"]["expiryDate"].is_i64());
        assert_eq!(document["Data"]["vehicleId"], "vehicle_demo1");
    }
}

#[tokio::test]
async fn a_compliance_document() {
    let world = World::new().await;
    let document = item(&world, "ComplianceDocument", "DRIVER#driver_demo1 / DOC#dbs");
    let departures = [
        ("/GSI1PK", "the example is indexed by another status than its own; index and Data agree"),
        ("/GSI1SK", "the example is indexed by another expiry than its own; index and Data agree"),
        ("/Data/fileUrl", "nothing was uploaded: the demonstration's documents have no file"),
        ("/Data/fileKey", "nothing was uploaded: the demonstration's documents have no file"),
    ];
    compare(examples::DOCUMENT, &document, &departures);
    assert_eq!(text(&document["GSI1PK"]), format!("DOC_STATUS#{}", text(&document["Data"]["status"])));
    assert_eq!(text(&document["GSI1SK"]), format!("EXPIRY#{}", document["Data"]["expiryDate"]));
}

#[tokio::test]
async fn every_item_of_the_table_has_what_every_item_has() {
    let world = World::new().await;
    let booking = journey(&world, true).await;
    let driver = world.driver("driver_demo1").await;
    let path = format!("/v1/jobs/{}", text(&booking["bookingId"]));
    for progress in ["en_route", "arrived", "passenger_onboard", "completed"] {
        world.patch(&path, &driver, json!({ "progress": progress })).await.expect_status(200);
    }
    world.settle().await;

    let mut entities = std::collections::BTreeSet::new();
    for (key, item) in world.table() {
        let typed = |name: &str, kind: &str| item[name][kind].as_str().is_some();
        for name in ["PK", "SK", "EntityType", "UpdatedBy"] {
            assert!(typed(name, "S"), "{key} has no {name}");
        }
        for name in ["CreatedAt", "UpdatedAt", "Version", "SchemaVersion"] {
            assert!(typed(name, "N"), "{key} has no {name}");
        }
        assert!(item["Data"]["M"].is_object(), "{key} has no Data");
        for index in ["GSI1", "GSI2", "GSI3"] {
            let half = [format!("{index}PK"), format!("{index}SK")].map(|name| typed(&name, "S"));
            assert_eq!(half[0], half[1], "{key} is half in {index}");
        }
        let entity = text(&item["EntityType"]["S"]);
        // A quote, and an event of Stripe's that needs nobody, may be deleted by itself; nothing else.
        let passes = entity == "Quote"
            || entity == "WebhookEvent"
                && ["applied", "irrelevant"].contains(&text(&item["Data"]["M"]["status"]["S"]).as_str());
        assert_eq!(typed("TTL", "N"), passes, "{key}");
        let known = [
            "PK",
            "SK",
            "EntityType",
            "Data",
            "CreatedAt",
            "UpdatedAt",
            "UpdatedBy",
            "Version",
            "SchemaVersion",
        ];
        for name in item.as_object().unwrap().keys() {
            assert!(
                known.contains(&name.as_str()) || name.starts_with("GSI") || name == "TTL",
                "{key} has {name}"
            );
        }
        let updated_by = text(&item["UpdatedBy"]["S"]);
        let who = ["user_", "driver_"].iter().any(|prefix| updated_by.starts_with(prefix));
        assert!(
            who || ["stripe", "system", "import"].contains(&updated_by.as_str()),
            "{key} by {updated_by}"
        );
        in_camel_case_and_whole_pence(&key, &plain(&item["Data"]));
        entities.insert(entity);
    }
    let seen = entities.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(
        seen,
        "Booking BookingReference CheckoutAttempt ComplianceDocument Driver DriverDay DriverValidity History LedgerEntry \
         Notice Payment Quote Settings StripeReference Tariff TariffHead Vehicle VehicleDay VehicleValidity WebhookEvent"
    );
}

/// Only what is measured in degrees, miles, stars or per cent has a fraction; money never.
fn in_camel_case_and_whole_pence(at: &str, value: &Value) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let camel = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(camel, "{at} has {name}");
        let measured =
            ["latitude", "longitude", "miles", "rating"].contains(&name.as_str()) || name.ends_with("Rate");
        assert!(measured || !inner.is_f64(), "{at}: {name} is {inner}");
        in_camel_case_and_whole_pence(&format!("{at} {name}"), inner);
    }
    for inner in value.as_array().into_iter().flatten() {
        in_camel_case_and_whole_pence(at, inner);
    }
}

/// An item as the port has it.
fn raw(item: &Value) -> Item {
    serde_json::from_value::<HashMap<_, _>>(item.clone()).expect("an item")
}

/// Writes an item in place of the one that is there, as another version of the code would.
async fn put<E: Entity>(world: &World, item: &Value) {
    let key = RawKey { pk: text(&item["PK"]["S"]), sk: text(&item["SK"]["S"]) };
    let version = text(&item["Version"]["N"]).parse().unwrap();
    let condition = Condition::Unchanged(Version::new(version));
    let op = Op::Put { entity: E::TYPE, key, item: raw(item), spread: Vec::new(), condition };
    world.platform.ports.table.write_items(vec![op]).await.expect("the item is there");
}

/// The item of the one booking, with its key.
fn booking_item(world: &World) -> Value {
    let table = world.table();
    table.into_values().find(|item| item["EntityType"]["S"] == "Booking").expect("a booking")
}

#[tokio::test]
async fn what_a_newer_version_wrote_survives_an_update_by_this_one() {
    let world = World::new().await;
    journey(&world, false).await;
    let mut newer = booking_item(&world);
    let new_names = [
        ("/CarbonLedger", json!({ "S": "scope-3" })),
        ("/Data/M/loyaltyTier", json!({ "S": "gold" })),
        (
            "/Data/M/journey/M/tollRoads",
            json!({ "L": [{ "S": "M3" }, { "M": { "pence": { "N": "250" } } }] }),
        ),
        ("/Data/M/journey/M/pickupLocation/M/what3words", json!({ "S": "index.home.raft" })),
        ("/Data/M/concierge", json!({ "M": { "name": { "S": "Ada" }, "desk": { "NULL": true } } })),
        ("/Data/M/pricing/M/lines/L/0/M/ledgerAccount", json!({ "S": "4000" })),
        ("/Data/M/pricing/M/lines/L/2/M/ledgerAccount", json!({ "S": "4010" })),
        ("/TTL", json!({ "N": "1999999999" })),
    ];
    for (pointer, value) in &new_names {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        newer.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value.clone());
    }
    newer["SchemaVersion"] = json!({ "N": "7" });
    put::<Booking>(&world, &newer).await;

    let dispatcher = world.person("dispatcher").await;
    let booking = json!({ "bookingId": plain(&newer["Data"])["bookingId"] });
    world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);

    let after = booking_item(&world);
    assert_eq!(after["Data"]["M"]["status"]["S"], "assigned", "the update went through");
    let version = |item: &Value| text(&item["Version"]["N"]).parse::<u64>().unwrap();
    assert_eq!(version(&after), version(&newer) + 1);
    for (pointer, value) in &new_names {
        assert_eq!(after.pointer(pointer), Some(value), "{pointer}");
    }
    assert_eq!(after["SchemaVersion"]["N"], "7", "the newer shape is still what it says");
    world.settle().await;
}

#[tokio::test]
async fn a_schema_version_of_our_own_or_before_is_written_as_our_own() {
    let world = World::new().await;
    world.quote(86_400).await;
    let table = world.table();
    let mut item = table.into_values().find(|item| item["EntityType"]["S"] == "Quote").unwrap();
    for (found, written) in [("0", "1"), ("1", "1"), ("2", "2")] {
        item["SchemaVersion"] = json!({ "N": found });
        let stored = Stored::<Quote>::from_item(raw(&item)).expect("a quote");
        assert_eq!(
            serde_json::to_value(&stored.to_item().unwrap()["SchemaVersion"]).unwrap(),
            json!({ "N": written })
        );
    }
}

#[tokio::test]
async fn an_item_that_is_read_and_written_is_the_same_item() {
    let world = World::new().await;
    journey(&world, true).await;
    fn again<E: Entity>(item: &Value) {
        if item["EntityType"]["S"] == E::TYPE {
            let stored = Stored::<E>::from_item(raw(item)).expect("an item of ours");
            assert_eq!(stored.to_item().unwrap(), raw(item));
        }
    }
    for item in world.table().into_values() {
        again::<Booking>(&item);
        again::<Payment>(&item);
        again::<Quote>(&item);
    }
}

#[tokio::test]
async fn an_item_of_another_entity_is_refused() {
    let world = World::new().await;
    world.quote(86_400).await;
    let table = world.table();
    let quote = table.into_values().find(|item| item["EntityType"]["S"] == "Quote").unwrap();
    let refused = Stored::<Booking>::from_item(raw(&quote));
    assert!(matches!(refused, Err(DecodeError::Attribute { entity: "Booking", attribute: "EntityType" })));
}
