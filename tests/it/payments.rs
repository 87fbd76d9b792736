//! Paying: one session an attempt, one confirmation a payment.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use nots_core::{
    Actor, BookingId, access,
    entity::{
        CheckoutAttempt, Payment,
        attempt::{Asked, Purpose},
    },
    ports::Clock,
    table::Transaction,
};
use nots_testkit::{Answer, Person, World, paid_session, signed};
use serde_json::{Value, json};

/// The completed session of a payment that was begun, as the card processor would tell of it.
fn completed(payment: &Value, event: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut told = paid_session(payment, event);
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
    world.card_holder(&answers[0].body, "expire").await.expect_status(200);
    let next = ask().await.expect_status(201);
    assert_ne!(next["checkoutSessionId"], *first, "the first has expired");
    let attempts = world.table().into_iter().filter(|(key, _)| key.contains("ATTEMPT#"));
    let ended: Vec<_> = attempts.map(|(_, item)| item["Data"]["M"]["ended"]["S"].clone()).collect();
    assert_eq!(ended, [json!("expired"), Value::Null], "the first is known to have ended, and only that");
    world.settle().await;
}

#[tokio::test]
async fn a_decline_leaves_the_session_open() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    world.card_holder(&payment, "decline").await.expect_status(200);
    assert_eq!(world.booking(&booking, &customer).await["status"], "pending");
    world.pay(&payment).await.expect_status(200);
    assert_eq!(world.booking(&booking, &customer).await["status"], "confirmed");
    world.pay(&payment).await.expect_status(409);
    world.settle().await;
}

/// Begins an attempt at the card as a process does that stops before it has stored which session was opened.
async fn begun(world: &World, booking: &Value) {
    let id = BookingId::parse(booking["bookingId"].as_str().unwrap()).unwrap();
    let (table, now) = (&world.platform.ports.table, world.platform.clock.now());
    let reads = (access::booking(&id), access::payment_of_booking(&id), access::settings());
    let (row, payment, settings) = table.read(reads).await.unwrap();
    let (payment, by) = (payment.unwrap(), Actor::System);
    let asked = Asked { purpose: Purpose::Fare, amount: payment.data.amount, until: None };
    let settings = settings.unwrap().data;
    let attempt =
        CheckoutAttempt::begin(&payment.data, &row.unwrap().data, asked, &settings, by.clone(), now);
    let counted = Payment::begin_attempt(payment, by, now).unwrap();
    table.commit(Transaction::new().create(&attempt).apply(&counted)).await.unwrap();
}

#[tokio::test]
async fn the_webhook_may_come_before_the_session_is_stored() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let booking = world.booked(&customer, 86_400).await;
    begun(&world, &booking).await;
    let payment = json!({
        "bookingId": booking["bookingId"], "checkoutSessionId": "cs_test_lost",
        "amount": { "total": booking["pricing"]["total"] },
    });
    told(&world, &completed(&payment, "evt_early", |_| ())).await.expect_status(200);
    let paid = world.booking(&booking, &customer).await;
    assert_eq!((&paid["status"], &paid["payment"]["status"]), (&json!("confirmed"), &json!("completed")));
    let intent = paid["payment"]["stripePaymentIntentId"].as_str().unwrap();
    let table = world.table();
    let link = &table[&format!("STRIPE#{intent} / BOOKING")];
    assert_eq!(link["Data"]["M"]["bookingId"]["S"], booking["bookingId"]);
    let id = booking["bookingId"].as_str().unwrap();
    let attempt = &table[&format!("BOOKING#{id} / ATTEMPT#0001")]["Data"]["M"];
    assert_eq!(
        (&attempt["checkoutSessionId"]["S"], &attempt["ended"]["S"]),
        (&json!("cs_test_lost"), &json!("paid"))
    );
    let charge = &table[&format!("BOOKING#{id} / LEDGER#charge.{intent}")]["Data"]["M"]["postings"]["L"];
    let total = booking["pricing"]["total"].as_i64().unwrap();
    let sides = [("card", total), ("fares", -total)].map(
        |(account, amount)| json!({ "M": { "account": { "S": account }, "amount": { "N": amount.to_string() } } }),
    );
    assert_eq!(*charge, json!(sides), "the money is in the ledger, in the same transaction");
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
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    let event = completed(&payment, "evt_one", |_| ());
    let other = completed(&payment, "evt_two", |_| ());
    let answers = join_all((0..20).map(|n| told(&world, if n % 2 == 0 { &event } else { &other }))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    world.settle().await;
    let (table, outbox) = (world.table(), world.told());
    assert_eq!(outbox, ["email confirmed", "sms confirmed"]);
    let with = |part: &str| table.keys().filter(|key| key.contains(part)).count();
    assert_eq!((with("LEDGER#"), with("WEBHOOK#"), with("REFUND#")), (1, 2, 0), "one charge, by two events");
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

/// What came of an event by its own account: a status, and whether a reason stands with it.
fn kept(world: &World, event: &str) -> Option<(String, bool)> {
    let item = world.table().remove(&format!("WEBHOOK#stripe#{event} / METADATA"))?;
    let data = &item["Data"]["M"];
    Some((data["status"]["S"].as_str().unwrap().to_owned(), data["reason"]["S"].is_string()))
}

#[tokio::test]
async fn what_is_not_the_money_that_was_asked_for_confirms_nothing() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (_, payment) = world.at_checkout(&customer, 86_400).await;
    world.settle().await;
    let others = || {
        let all = world.table().into_iter();
        all.filter(|(key, _)| !key.starts_with("WEBHOOK#")).collect::<Vec<_>>()
    };
    let table = others();
    let set =
        |path: &'static str, value: Value| move |told: &mut Value| *told.pointer_mut(path).unwrap() = value;
    let (mismatched, irrelevant, unrecognised) = ("mismatched", "irrelevant", "unrecognised");
    for (at, (change, status)) in [
        (set("/data/object/amount_total", json!(1)), mismatched),
        (set("/data/object/currency", json!("eur")), mismatched),
        (set("/data/object/livemode", json!(true)), mismatched),
        (set("/data/object/id", json!("cs_test_another")), mismatched),
        (set("/data/object/payment_intent", Value::Null), mismatched),
        (set("/data/object/payment_status", json!("no_payment_required")), unrecognised),
        (set("/data/object/status", json!("unheard_of")), unrecognised),
        (set("/data/object/client_reference_id", Value::Null), irrelevant),
        (set("/data/object/client_reference_id", json!("booking_nobody")), irrelevant),
        (set("/data/object/client_reference_id", json!("somebody else's")), irrelevant),
        (set("/data/object/amount_total", json!("1439")), unrecognised),
        (set("/data/object", json!([])), unrecognised),
        (set("/type", json!("invoice.paid")), unrecognised),
        (set("/type", json!("something.unheard_of")), unrecognised),
    ]
    .into_iter()
    .enumerate()
    {
        let event = format!("evt_odd{at}");
        let body = completed(&payment, &event, change);
        told(&world, &body).await.expect_status(200);
        assert_eq!(others(), table, "{body}");
        let why = status != irrelevant;
        assert_eq!(kept(&world, &event), Some((status.to_owned(), why)), "{body}");
        let whole = world.table();
        told(&world, &body).await.expect_status(200);
        assert_eq!(world.table(), whole, "kept once: {body}");
    }
    let whole = world.table();
    told(&world, "not json at all").await.expect_status(200);
    assert_eq!(world.table(), whole);
    // What was asked for is still taken, after all that was not.
    world.pay(&payment).await.expect_status(200);
    assert_eq!(world.told(), ["email confirmed", "sms confirmed"]);
}

#[tokio::test]
async fn money_that_is_on_its_way_confirms_when_it_comes_and_may_be_tried_again_when_it_does_not() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let on_its_way = |told: &mut Value| told["data"]["object"]["payment_status"] = json!("unpaid");
    for (kind, status, next) in [
        ("checkout.session.async_payment_succeeded", "confirmed", 409),
        ("checkout.session.async_payment_failed", "pending", 201),
    ] {
        let (booking, payment) = world.at_checkout(&customer, 86_400).await;
        let event = |name: &str| format!("evt_{name}{next}");
        told(&world, &completed(&payment, &event("way"), on_its_way)).await.expect_status(200);
        let waiting = world.booking(&booking, &customer).await;
        assert_eq!(
            (&waiting["status"], &waiting["payment"]["status"]),
            (&json!("pending"), &json!("processing")),
            "nothing is confirmed"
        );
        let again = json!({ "bookingId": booking["bookingId"] });
        world.post("/v1/payments", &customer, again.clone()).await.expect_status(409);
        // However long it takes, nobody ends what may yet be paid.
        world.platform.advance(3_000).await.unwrap();
        assert_eq!(world.booking(&booking, &customer).await["status"], "pending");
        let ended = completed(&payment, &event("end"), |told| {
            told["type"] = json!(kind);
            if status == "pending" {
                on_its_way(told);
            }
        });
        told(&world, &ended).await.expect_status(200);
        assert_eq!(world.booking(&booking, &customer).await["status"], status, "{kind}");
        world.post("/v1/payments", &customer, again).await.expect_status(next);
    }
    world.leaves_messages();
}

#[tokio::test]
async fn a_forged_or_stale_signature_is_refused() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    let (table, body) = (world.table(), completed(&payment, "evt_forged", |_| ()));
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
    let (one, first) = world.at_checkout(&customer, 86_400).await;
    let (two, second) = world.at_checkout(&customer, 90_000).await;
    let same = |told: &mut Value| told["data"]["object"]["payment_intent"] = json!("pi_same");
    told(&world, &completed(&first, "evt_a", same)).await.expect_status(200);
    told(&world, &completed(&second, "evt_b", same)).await.expect_status(200);
    assert_eq!(world.booking(&one, &customer).await["status"], "confirmed");
    assert_eq!(world.booking(&two, &customer).await["status"], "pending");
    assert_eq!(kept(&world, "evt_b"), Some(("mismatched".to_owned(), true)), "a person is told");
    let ledger = world.table().into_keys().filter(|key| key.contains("LEDGER#")).count();
    assert_eq!(ledger, 1);
    world.settle().await;
}

/// Where a booking, its payment and its first attempt stand.
async fn standing(world: &World, booking: &Value, customer: &Person) -> [Value; 3] {
    let seen = world.booking(booking, customer).await;
    let id = booking["bookingId"].as_str().unwrap();
    let attempt = world.table()[&format!("BOOKING#{id} / ATTEMPT#0001")]["Data"]["M"]["ended"]["S"].clone();
    [seen["status"].clone(), seen["payment"]["status"].clone(), attempt]
}

#[tokio::test]
async fn what_is_not_paid_in_time_is_ended_and_its_session_with_it() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    let unpaid = [json!("pending"), json!("pending"), Value::Null];
    // The clock goes on while this runs; `events/payments-sweep` has the second.
    world.platform.advance(2_040).await.unwrap();
    assert_eq!(standing(&world, &booking, &customer).await, unpaid, "there is time left");
    // By the next of the sweeps, which are a minute apart.
    world.platform.advance(121).await.unwrap();
    let ended = [json!("cancelled"), json!("failed"), json!("expired")];
    assert_eq!(standing(&world, &booking, &customer).await, ended);
    world.pay(&payment).await.expect_status(409);
    assert_eq!(world.told(), ["email lapsed", "sms lapsed"]);
    let table = world.table();
    world.platform.advance(600).await.unwrap();
    assert_eq!(world.table(), table, "once");
    let again = json!({ "bookingId": booking["bookingId"] });
    world.post("/v1/payments", &customer, again).await.expect_status(409);
}

#[tokio::test]
async fn what_was_paid_and_not_heard_of_is_confirmed_when_its_time_is_up() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    let late = json!({ "delayEventsSeconds": 9_000 });
    world.post("/local/stripe/faults", None, late).await.expect_status(200);
    world.pay(&payment).await.expect_status(200);
    assert_eq!(world.booking(&booking, &customer).await["status"], "pending", "nobody has heard");
    world.platform.advance(2_160).await.unwrap();
    let confirmed = [json!("confirmed"), json!("completed"), json!("paid")];
    assert_eq!(standing(&world, &booking, &customer).await, confirmed, "Stripe was asked first");
    let lasting = |world: &World| {
        let all = world.table().into_iter();
        all.filter(|(key, _)| !key.starts_with("WEBHOOK#")).collect::<Vec<_>>()
    };
    let table = lasting(&world);
    world.platform.advance(9_000).await.unwrap();
    assert_eq!(lasting(&world), table, "its event, hours later, is no news");
    assert_eq!(world.told(), ["email confirmed", "sms confirmed"]);
}

#[tokio::test]
async fn what_is_paid_when_nothing_waits_for_it_goes_back_by_itself() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    // Paid at the card processor, and called off here before its event came.
    let late = json!({ "delayEventsSeconds": 60 });
    world.post("/local/stripe/faults", None, late).await.expect_status(200);
    world.pay(&payment).await.expect_status(200);
    let path = format!("/v1/bookings/{}", booking["bookingId"].as_str().unwrap());
    let why = json!({ "reason": "Rang and called it off" });
    world.delete(&path, &dispatcher, why).await.expect_status(200);
    world.platform.advance(180).await.unwrap();
    assert_eq!(world.booking(&booking, &customer).await["status"], "cancelled");
    let table = world.table();
    let id = booking["bookingId"].as_str().unwrap().trim_start_matches("booking_");
    let paid = &table[&format!("BOOKING#booking_{id} / PAYMENT#payment_{id}")]["Data"]["M"];
    let back = &paid["refund"]["M"]["amount"]["N"];
    assert_eq!((&paid["status"]["S"], back), (&json!("refunded"), &paid["amount"]["M"]["total"]["N"]));
    let refunds: Vec<_> = table.iter().filter(|(key, _)| key.contains(" / REFUND#")).collect();
    let [(_, refund)] = refunds.as_slice() else { panic!("one refund: {refunds:?}") };
    let data = &refund["Data"]["M"];
    let total = booking["pricing"]["total"].to_string();
    assert_eq!(
        (&data["status"]["S"], &data["cause"]["S"], &data["amount"]["M"]["total"]["N"]),
        (&json!("succeeded"), &json!("paid_too_late"), &json!(total))
    );
    assert_eq!(balances(&world), [("card".to_owned(), 0), ("customer".to_owned(), 0)].into());
}

/// What stands on each account, over the whole table.
fn balances(world: &World) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for (_, item) in world.table().into_iter().filter(|(key, _)| key.contains(" / LEDGER#")) {
        for side in item["Data"]["M"]["postings"]["L"].as_array().unwrap() {
            let side = &side["M"];
            let amount: i64 = side["amount"]["N"].as_str().unwrap().parse().unwrap();
            *all.entry(side["account"]["S"].as_str().unwrap().to_owned()).or_default() += amount;
        }
    }
    all
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
