//! Changing what was sold: a fresh quote, its difference, and the driver who has the job.

mod crew;
mod faults;
mod money;
mod refused;

use std::collections::BTreeMap;

use nots_testkit::{Answer, Person, World, signed};
use serde_json::{Value, json};

const DAY: i64 = 86_400;

/// A quote for the journey of [`World::journey`] tomorrow, changed.
async fn quote(world: &World, change: impl FnOnce(&mut Value)) -> Value {
    let mut journey = world.journey(DAY);
    change(&mut journey);
    world.post("/v1/quotes", None, journey).await.expect_status(201)
}

fn to(address: &str, latitude: f64, longitude: f64) -> Value {
    json!({ "address": address, "latitude": latitude, "longitude": longitude })
}

/// Far enough to cost more, whenever it is.
fn farther(journey: &mut Value) {
    journey["dropoffLocation"] = to("Southampton Airport", 50.9503, -1.3568);
}

/// Near enough to cost less, whenever it is.
fn nearer(journey: &mut Value) {
    journey["dropoffLocation"] = to("Bournemouth Pier", 50.7163, -1.8755);
}

/// A few metres farther.
fn a_little_farther(journey: &mut Value) {
    journey["dropoffLocation"] = to("Poole Harbour, the far end", 50.7122, -2.0063);
}

fn path(booking: &Value) -> String {
    format!("/v1/bookings/{}", booking["bookingId"].as_str().unwrap())
}

async fn amend(world: &World, who: &Person, booking: &Value, quote: &Value) -> Answer {
    world.patch(&path(booking), who, json!({ "quoteId": quote["quoteId"] })).await
}

async fn pay_page(world: &World, who: &Person, booking: &Value) -> Answer {
    world.post("/v1/payments", who, json!({ "bookingId": booking["bookingId"] })).await
}

fn total(priced: &Value) -> i64 {
    priced["pricing"]["total"].as_i64().or(priced["pricing"]["breakdown"]["total"].as_i64()).unwrap()
}

/// What stands on each account of the ledger, in pence; accounts with nothing are left out.
fn accounts(world: &World) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for (_, item) in world.table().iter().filter(|(key, _)| key.contains("LEDGER#")) {
        for posting in item["Data"]["M"]["postings"]["L"].as_array().unwrap() {
            let account = posting["M"]["account"]["S"].as_str().unwrap().to_owned();
            *sums.entry(account).or_insert(0) +=
                posting["M"]["amount"]["N"].as_str().unwrap().parse::<i64>().unwrap();
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn sums<const N: usize>(of: [(&str, i64); N]) -> BTreeMap<String, i64> {
    of.into_iter().filter(|(_, sum)| *sum != 0).map(|(account, sum)| (account.to_owned(), sum)).collect()
}

/// The refunds of the table, as cause, status and pence.
fn refunds(world: &World) -> Vec<(String, String, i64)> {
    let table = world.table();
    let rows = table.iter().filter(|(key, _)| key.contains("REFUND#"));
    rows.map(|(_, item)| {
        let data = &item["Data"]["M"];
        let text = |name: &str| data[name]["S"].as_str().unwrap().to_owned();
        (text("cause"), text("status"), data["amount"]["M"]["total"]["N"].as_str().unwrap().parse().unwrap())
    })
    .collect()
}

/// What the payment says that the ways cost, in pence.
fn asked_for(world: &World) -> i64 {
    let table = world.table();
    let payment = table.iter().find(|(key, _)| key.contains("PAYMENT#")).unwrap().1;
    payment["Data"]["M"]["amount"]["M"]["total"]["N"].as_str().unwrap().parse().unwrap()
}

/// Where a booking stands in the table.
fn metadata(booking: &Value) -> String {
    format!("BOOKING#{} / METADATA", booking["bookingId"].as_str().unwrap())
}

/// The card processor tells only now that a page was paid.
async fn told_of(world: &World, booking: &Value, page: &Value) {
    let session = page["checkoutSessionId"].as_str().unwrap();
    let body = json!({
        "id": format!("evt_{}", &session[3..]), "object": "event", "type": "checkout.session.completed",
        "created": world.now(), "livemode": false,
        "data": { "object": {
            "id": session, "object": "checkout.session", "client_reference_id": booking["bookingId"],
            "status": "complete", "payment_status": "paid", "amount_total": page["amount"]["total"],
            "currency": "gbp", "livemode": false, "payment_intent": format!("pi_{}", &session[3..]),
        } },
    })
    .to_string();
    let request = http::Request::post("/v1/webhooks/stripe")
        .header("stripe-signature", signed(&body, "whsec_local", world.now()))
        .body(bytes::Bytes::from(body))
        .unwrap();
    assert_eq!(world.platform.gateway.handle(request).await.status(), 200);
}

/// The last e-mail and the last text message of a change say each of these.
fn says(world: &World, words: &[&str]) {
    let outbox = world.platform.outbox.newest_first();
    for channel in ["email", "sms"] {
        let told = outbox.iter().find(|sent| sent.channel == channel && sent.event == "amended").unwrap();
        for words in words {
            assert!(told.text.contains(words), "{channel}: {words}\n{}", told.text);
            assert!(
                channel == "sms" || told.html.as_ref().is_some_and(|html| html.contains(words)),
                "{words}"
            );
        }
    }
}
