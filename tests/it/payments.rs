//! Paying: one session an attempt, one confirmation a payment.

use futures_util::future::join_all;
use nots_testkit::{Answer, World, signed};
use serde_json::{Value, json};

/// A completed session as the card processor would tell of it.
fn completed(booking: &Value, event: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut told = json!({
        "id": event,
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": 1_795_000_000,
        "livemode": false,
        "pending_webhooks": 1,
        "request": null,
        "type": "checkout.session.completed",
        "data": { "object": {
            "id": "cs_test_made_up",
            "object": "checkout.session",
            "client_reference_id": booking["bookingId"],
            "payment_status": "paid",
            "amount_total": booking["pricing"]["total"],
            "currency": "gbp",
            "payment_intent": format!("pi_{}", &booking["bookingId"].as_str().unwrap()[8..]),
        } },
    });
    change(&mut told);
    told.to_string()
}

async fn deliver(world: &World, body: &str, signature: &str) -> Answer {
    let request = http::Request::post("/v1/webhooks/stripe")
        .header("content-type", "application/json")
        .header("stripe-signature", signature)
        .body(bytes::Bytes::from(body.to_owned()))
        .unwrap();
    let (parts, body) = world.platform.gateway.handle(request).await.into_parts();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn told(world: &World, body: &str) -> Answer {
    deliver(world, body, &signed(body, "whsec_local", world.now())).await
}

#[tokio::test]
async fn a_second_click_is_the_same_session() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let booking = world.booked(&customer, 86_400).await;
    let ask = || world.post("/v1/payments", &customer, json!({ "bookingId": booking["bookingId"] }));
    let answers = join_all((0..10).map(|_| ask())).await;
    let first = &answers[0].body["checkoutSessionId"];
    assert!(first.as_str().unwrap().starts_with("cs_"));
    assert!(answers.iter().all(|a| [200, 201].contains(&a.status) && a.body["checkoutSessionId"] == *first));
    assert_eq!(answers[0].body["amount"]["total"], booking["pricing"]["total"]);
    assert_eq!(ask().await.expect_status(200)["checkoutSessionId"], *first);
    world.platform.advance(2_400).await.unwrap();
    let next = ask().await.expect_status(201);
    assert_ne!(next["checkoutSessionId"], *first, "the first has expired");
    assert_eq!(world.table().keys().filter(|key| key.contains("ATTEMPT#")).count(), 2);
}

#[tokio::test]
async fn a_decline_leaves_the_session_open() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    let session = payment["checkoutSessionId"].as_str().unwrap();
    world
        .post(&format!("/local/stripe/checkout/{session}/decline"), None, Value::Null)
        .await
        .expect_status(200);
    assert_eq!(world.booking(&booking, &customer).await["status"], "pending");
    world.pay(&payment).await.expect_status(200);
    assert_eq!(world.booking(&booking, &customer).await["status"], "confirmed");
    world.pay(&payment).await.expect_status(409);
    world.settle().await;
}

#[tokio::test]
async fn the_webhook_may_come_before_the_session_is_stored() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let booking = world.booked(&customer, 86_400).await;
    told(&world, &completed(&booking, "evt_early", |_| ())).await.expect_status(200);
    let paid = world.booking(&booking, &customer).await;
    assert_eq!((&paid["status"], &paid["payment"]["status"]), (&json!("confirmed"), &json!("completed")));
    let intent = paid["payment"]["stripePaymentIntentId"].as_str().unwrap();
    let link = &world.table()[&format!("STRIPE#{intent} / BOOKING")];
    assert_eq!(link["Data"]["M"]["bookingId"]["S"], booking["bookingId"]);
    world
        .post("/v1/payments", &customer, json!({ "bookingId": booking["bookingId"] }))
        .await
        .expect_status(409);
    world.settle().await;
}

#[tokio::test]
async fn duplicates_at_once_and_late_ones_change_nothing() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.booked(&customer, 86_400).await;
    let event = completed(&booking, "evt_one", |_| ());
    let other = completed(&booking, "evt_two", |_| ());
    let answers = join_all((0..20).map(|n| told(&world, if n % 2 == 0 { &event } else { &other }))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    world.settle().await;
    let (table, outbox) = (world.table(), world.told());
    assert_eq!(outbox, ["email confirmed", "sms confirmed"]);
    told(&world, &event).await.expect_status(200);
    world.settle().await;
    assert_eq!((world.table(), world.told()), (table, outbox));

    world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    world.settle().await;
    let table = world.table();
    told(&world, &other).await.expect_status(200);
    world.settle().await;
    assert_eq!(world.table(), table, "late: the booking has moved on");
}

#[tokio::test]
async fn what_is_not_the_money_that_was_asked_for_confirms_nothing() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let booking = world.booked(&customer, 86_400).await;
    let table = world.table();
    let set =
        |path: &'static str, value: Value| move |told: &mut Value| *told.pointer_mut(path).unwrap() = value;
    for change in [
        set("/data/object/amount_total", json!(1)),
        set("/data/object/currency", json!("eur")),
        set("/data/object/payment_status", json!("unpaid")),
        set("/data/object/payment_status", json!("no_payment_required")),
        set("/data/object/client_reference_id", Value::Null),
        set("/data/object/client_reference_id", json!("booking_nobody")),
        set("/data/object/client_reference_id", json!("somebody else's")),
        set("/data/object/amount_total", json!("1439")),
        set("/data/object", json!([])),
        set("/type", json!("invoice.paid")),
        set("/type", json!("something.unheard_of")),
    ] {
        let body = completed(&booking, "evt_odd", change);
        told(&world, &body).await.expect_status(200);
        assert_eq!(world.table(), table, "{body}");
    }
    told(&world, "not json at all").await.expect_status(200);
    assert_eq!(world.table(), table);
}

#[tokio::test]
async fn a_forged_or_stale_signature_is_refused() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let booking = world.booked(&customer, 86_400).await;
    let (table, body) = (world.table(), completed(&booking, "evt_forged", |_| ()));
    let now = world.now();
    for signature in [
        signed(&body, "whsec_other", now),
        signed(&body, "whsec_local", now - 301),
        signed(&body, "whsec_local", now + 302),
        signed(&format!("{body} "), "whsec_local", now),
        "t=1,v1=00".to_owned(),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let refused = deliver(&world, &body, &signature).await.expect_status(400);
        assert_eq!(refused["errors"][0]["pointer"], "", "{signature}");
    }
    world.post("/v1/webhooks/stripe", None, json!({})).await.expect_status(400);
    assert_eq!(world.table(), table);
    deliver(&world, &body, &signed(&body, "whsec_local", now - 299)).await.expect_status(200);
    assert_eq!(world.booking(&booking, &customer).await["status"], "confirmed");
    world.settle().await;
}

#[tokio::test]
async fn one_payment_intent_pays_for_one_booking() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (one, two) = (world.booked(&customer, 86_400).await, world.booked(&customer, 90_000).await);
    let same = |told: &mut Value| told["data"]["object"]["payment_intent"] = json!("pi_same");
    told(&world, &completed(&one, "evt_a", same)).await.expect_status(200);
    told(&world, &completed(&two, "evt_b", same)).await.expect_status(200);
    assert_eq!(world.booking(&one, &customer).await["status"], "confirmed");
    assert_eq!(world.booking(&two, &customer).await["status"], "pending");
    world.settle().await;
}

#[tokio::test]
async fn a_session_left_alone_expires_and_the_booking_stays_pending() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    world.platform.advance(3_000).await.unwrap();
    world.pay(&payment).await.expect_status(409);
    assert_eq!(world.booking(&booking, &customer).await["status"], "pending");
}

#[tokio::test]
async fn nobody_pays_for_a_pickup_that_has_passed() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let booking = world.booked(&customer, 3_600).await;
    world.platform.advance(3_700).await.unwrap();
    world
        .post("/v1/payments", &customer, json!({ "bookingId": booking["bookingId"] }))
        .await
        .expect_status(409);
}

#[tokio::test]
async fn an_address_that_the_card_processor_does_not_take_keeps_nobody_from_paying() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let quote = world.quote(86_400).await;
    let mut traveller = World::traveller();
    traveller["email"] = json!("ada@localhost");
    let body = json!({ "quoteId": quote["quoteId"], "customer": traveller });
    let booking = world.post("/v1/bookings", &customer, body).await.expect_status(201);
    world
        .post("/v1/payments", &customer, json!({ "bookingId": booking["bookingId"] }))
        .await
        .expect_status(201);
}
