//! Telling customers: each thing once, whatever the stream, the queue and the providers do.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::join_all;
use nots_local::Options;
use nots_testkit::{Call, Fault, FaultyMail, Person, World, paid_session, signed};
use serde_json::{Value, json};
use tokio::sync::Notify;

const TOLD: [&str; 8] = [
    "email arrived",
    "email assigned",
    "email completed",
    "email confirmed",
    "sms arrived",
    "sms assigned",
    "sms completed",
    "sms confirmed",
];

/// A finished ride of which nothing has been relayed yet.
async fn ridden(world: &World) -> Value {
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;
    let booking = world.booked(&customer, 86_400).await;
    paid(world, &customer, &booking).await;
    world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    let path = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    for progress in ["en_route", "arrived", "passenger_onboard", "completed"] {
        world.patch(&path, &driver, json!({ "progress": progress })).await.expect_status(200);
    }
    booking
}

/// The payment is begun and its webhook comes, without the background that the stand-in's own route waits for.
async fn paid(world: &World, customer: &Person, booking: &Value) {
    let asked = json!({ "bookingId": booking["bookingId"] });
    let payment = world.post("/v1/payments", customer, asked).await.expect_status(201);
    let body = paid_session(&payment, "evt_1").to_string();
    let request = http::Request::post("/v1/webhooks/stripe")
        .header("stripe-signature", signed(&body, "whsec_local", world.now()))
        .body(bytes::Bytes::from(body))
        .unwrap();
    assert_eq!(world.platform.gateway.handle(request).await.status(), 200);
}

/// Both ways of a journey with a stop and extras, confirmed by one payment: the way there.
async fn there_and_back(world: &World) -> Value {
    let customer = world.person("customer").await;
    let mut asked = world.journey(86_400);
    asked["returnJourney"] = json!(true);
    asked["returnPickupTime"] = json!(world.now() + 3 * 86_400);
    asked["viaStops"] = json!([
        { "address": "Poole <Quay>", "latitude": 50.72, "longitude": -1.98, "waitingMinutes": 10 },
        { "address": "Upton", "latitude": 50.73, "longitude": -2.0 },
    ]);
    asked["extras"] = json!([{ "code": "child_seat", "quantity": 2 }, "wheelchair_access"]);
    let quote = world.post("/v1/quotes", None, asked).await.expect_status(201);
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let there = world.post("/v1/bookings", &customer, order).await.expect_status(201);
    let payment = world.post("/v1/payments", &customer, json!({ "bookingId": there["bookingId"] })).await;
    world.pay(&payment.expect_status(201)).await.expect_status(200);
    world.settle().await;
    there
}

/// A small generator, so that a failing order can be had again by its seed.
fn shuffled<T: Clone>(seed: u64, items: &[T]) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let mut order: Vec<T> = items.to_vec();
    for at in (1..order.len()).rev() {
        order.swap(at, next() % (at + 1));
    }
    order
}

async fn invoke(function: &nots_lambda::Invoke, event: Value) -> Value {
    let answer = function(event.to_string().into_bytes()).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

/// Every item but the notices, whose claims are words of chance.
fn lasting(world: &World) -> Vec<(String, Value)> {
    world.table().into_iter().filter(|(key, _)| !key.contains("NOTICE#")).collect()
}

#[tokio::test]
async fn any_order_and_any_number_of_deliveries_leave_the_same_table_and_outbox() {
    for seed in 0..8 {
        let world = World::new().await;
        let booking = ridden(&world).await;
        let untouched = world.table();
        let records = world.platform.stream().unwrap();
        let (relay, _) = world.platform.consumers();
        for round in 0..3 {
            for batch in shuffled(seed * 3 + round, &records).chunks(4) {
                let answer = invoke(&relay, json!({ "Records": batch })).await;
                assert_eq!(answer["batchItemFailures"], json!([]));
            }
            world.settle().await;
        }
        assert_eq!(world.told(), TOLD, "seed {seed}");
        let id = booking["bookingId"].as_str().unwrap();
        let history: BTreeSet<_> = world.table().into_keys().filter(|key| key.contains("HISTORY#")).collect();
        let expected = (1..=7).map(|version| format!("BOOKING#{id} / HISTORY#{version:06}")).collect();
        assert_eq!(history, expected);
        for (key, item) in untouched {
            assert_eq!(world.table()[&key], item, "the relay changes nothing else");
        }
        let settled = (lasting(&world), world.told());
        invoke(&relay, json!({ "Records": records })).await;
        world.settle().await;
        assert_eq!((lasting(&world), world.told()), settled);
    }
}

/// The events of a ride as SQS would deliver them.
async fn messages(world: &World) -> Vec<Value> {
    let (relay, _) = world.platform.consumers();
    invoke(&relay, json!({ "Records": world.platform.stream().unwrap() })).await;
    let mut all = Vec::new();
    while let Some((batch, ids)) = world.platform.bus.notifications.receive() {
        all.extend(batch["Records"].as_array().unwrap().iter().cloned());
        world.platform.bus.notifications.settle(&ids, &[]);
    }
    all
}

#[tokio::test]
async fn many_workers_with_the_same_messages_send_each_once() {
    let world = World::new().await;
    ridden(&world).await;
    let messages = messages(&world).await;
    let (_, sender) = world.platform.consumers();
    let mut left = true;
    while left {
        let batches = (0..6).map(|seed| json!({ "Records": shuffled(seed, &messages) }));
        let answers = join_all(batches.map(|batch| invoke(&sender, batch))).await;
        left = answers.iter().any(|answer| answer["batchItemFailures"] != json!([]));
    }
    assert_eq!(world.told(), TOLD);
}

/// A world whose message services fault by plan, and what rings when the process stops.
async fn with_mail(plan: impl FnMut(u64) -> Fault + Send + 'static) -> (World, Arc<Notify>) {
    let crashed = Arc::new(Notify::new());
    let (ring, plan, count) = (crashed.clone(), Mutex::new(plan), AtomicU64::new(0));
    let world = World::with(Options {
        wrap_mail: Some(Box::new(move |mail| {
            let next = move |_: Call| (plan.lock().unwrap())(count.fetch_add(1, Ordering::SeqCst));
            Arc::new(FaultyMail::over(mail, ring, next))
        })),
        ..Options::default()
    })
    .await;
    (world, crashed)
}

#[tokio::test]
async fn a_provider_that_is_down_for_a_while_delays_and_doubles_nothing() {
    let (world, _) = with_mail(|call| if call < 5 { Fault::Throttle } else { Fault::None }).await;
    let customer = world.person("customer").await;
    world.confirmed(&customer, 86_400).await;
    assert_eq!(world.told(), [""; 0]);
    for _ in 0..4 {
        world.platform.advance(60).await.unwrap();
    }
    assert_eq!(world.told(), ["email confirmed", "sms confirmed"]);
}

/// The one message of a confirmed booking, taken out of the queue.
async fn confirmation(world: &World) -> Value {
    let customer = world.person("customer").await;
    let booking = world.booked(&customer, 86_400).await;
    paid(world, &customer, &booking).await;
    let all = messages(world).await;
    all.into_iter().find(|message| message["body"].as_str().unwrap().contains("booking.confirmed")).unwrap()
}

/// Delivers a message; whether the process lived to answer, and if so whether the message comes back.
async fn delivered(world: &World, crashed: &Notify, message: &Value) -> Option<bool> {
    let (_, sender) = world.platform.consumers();
    tokio::select! {
        () = crashed.notified() => None,
        answer = invoke(&sender, json!({ "Records": [message] })) => Some(answer["batchItemFailures"] != json!([])),
    }
}

fn emails(world: &World) -> usize {
    world.told().iter().filter(|told| told.starts_with("email")).count()
}

#[tokio::test]
async fn a_crash_between_the_providers_yes_and_the_mark_sends_twice_at_most() {
    let (world, crashed) = with_mail(|call| if call == 0 { Fault::CrashAfter } else { Fault::None }).await;
    let message = confirmation(&world).await;
    assert_eq!(delivered(&world, &crashed, &message).await, None);
    assert_eq!(world.told(), ["email confirmed"]);
    assert_eq!(delivered(&world, &crashed, &message).await, Some(true), "held until the lease ends");
    assert_eq!(world.told(), ["email confirmed", "sms confirmed"], "the other channel is not held up");
    world.platform.clock.advance(61).unwrap();
    for _ in 0..3 {
        assert_eq!(delivered(&world, &crashed, &message).await, Some(false));
        assert_eq!(world.told(), ["email confirmed", "email confirmed", "sms confirmed"]);
    }
}

#[tokio::test]
async fn two_crashes_after_the_providers_yes_leave_it_to_a_person() {
    // The first two sends are the e-mail's: each time the process stops right after.
    let (world, crashed) = with_mail(|call| if call < 2 { Fault::CrashAfter } else { Fault::None }).await;
    let message = confirmation(&world).await;
    assert_eq!(delivered(&world, &crashed, &message).await, None);
    world.platform.clock.advance(61).unwrap();
    assert_eq!(delivered(&world, &crashed, &message).await, None);
    assert_eq!(emails(&world), 2);
    for _ in 0..3 {
        world.platform.clock.advance(61).unwrap();
        assert_eq!(delivered(&world, &crashed, &message).await, Some(true), "a person must look");
    }
    assert_eq!((emails(&world), world.told().len()), (2, 3), "the text message was sent once");
}

#[tokio::test]
async fn a_crash_before_the_provider_is_asked_sends_once_in_the_end() {
    let (world, crashed) = with_mail(|call| if call == 0 { Fault::CrashBefore } else { Fault::None }).await;
    let message = confirmation(&world).await;
    assert_eq!(delivered(&world, &crashed, &message).await, None);
    world.platform.clock.advance(61).unwrap();
    assert_eq!(delivered(&world, &crashed, &message).await, Some(false));
    assert_eq!(world.told(), ["email confirmed", "sms confirmed"]);
}

#[tokio::test]
async fn an_answer_that_never_comes_counts_as_a_try() {
    let (world, crashed) = with_mail(|_| Fault::LoseReply).await;
    let message = confirmation(&world).await;
    for _ in 0..5 {
        assert_eq!(delivered(&world, &crashed, &message).await, Some(true));
        world.platform.clock.advance(61).unwrap();
    }
    assert_eq!(world.told(), ["email confirmed", "email confirmed", "sms confirmed", "sms confirmed"]);
}

#[tokio::test]
async fn what_no_longer_holds_is_not_told() {
    let world = World::new().await;
    ridden(&world).await;
    world.platform.clock.advance(1_200).unwrap();
    world.settle().await;
    assert_eq!(
        world.told(),
        ["email completed", "sms completed"],
        "the rest was twenty minutes ago, of a ride that is over"
    );

    let world = World::new().await;
    ridden(&world).await;
    let replaced = messages(&world).await.into_iter().map(|mut message| {
        let mut body: Value = serde_json::from_str(message["body"].as_str().unwrap()).unwrap();
        if body["detail"]["event"] == "assigned" {
            body["detail"]["at"] = json!(world.now() - 3_600);
        }
        message["body"] = json!(body.to_string());
        message
    });
    let batch = json!({ "Records": replaced.collect::<Vec<_>>() });
    invoke(&world.platform.consumers().1, batch).await;
    let told: Vec<_> = TOLD.into_iter().filter(|told| !told.ends_with("assigned")).collect();
    assert_eq!(world.told(), told, "another assignment than the one that stands");
}

#[tokio::test]
async fn a_message_that_cannot_be_worked_on_is_put_aside_for_a_person() {
    let (world, _) = with_mail(|_| Fault::Throttle).await;
    world.leaves_messages();
    let customer = world.person("customer").await;
    world.confirmed(&customer, 86_400).await;
    for _ in 0..61 {
        world.platform.advance(60).await.unwrap();
    }
    let dead = world.platform.bus.dead_letters();
    assert_eq!(dead.len(), 1);
    assert!(dead[0].contains("booking.confirmed") && !dead[0].contains("john@example.com"), "{dead:?}");
}

#[tokio::test]
async fn what_customers_read() {
    let world = World::new().await;
    let booking = ridden(&world).await;
    world.settle().await;
    let sent = world.platform.outbox.newest_first();
    let reference = booking["bookingReference"].as_str().unwrap();
    for message in &sent {
        let words = format!(
            "{}{}{}",
            message.subject.clone().unwrap_or_default(),
            message.text,
            message.html.clone().unwrap_or_default()
        );
        assert!(words.contains(reference), "{words}");
        assert!(!words.contains("{{") && !words.contains("undefined"), "{words}");
        assert_eq!(message.booking_id, booking["bookingId"]);
    }
    let assigned = sent.iter().find(|m| m.event == "assigned" && m.channel == "sms").unwrap();
    assert!(assigned.text.contains("Jane") && assigned.text.contains("HJ21 ABC"), "{}", assigned.text);
    let completed = sent.iter().find(|m| m.event == "completed" && m.channel == "email").unwrap();
    assert!(
        completed.text.contains(booking["pricing"]["displayTotal"].as_str().unwrap()),
        "{}",
        completed.text
    );
    assert_eq!(completed.to, "john@example.com");
}

#[tokio::test]
async fn what_was_bought_is_in_the_confirmation() {
    let world = World::new().await;
    let there = there_and_back(&world).await;
    let sent = world.platform.outbox.newest_first();
    let reference = there["bookingReference"].as_str().unwrap();
    let email = |id: &Value| sent.iter().find(|m| m.channel == "email" && m.booking_id == *id).unwrap();
    let (out, back) = (email(&there["bookingId"]), email(&there["returnBookingId"]));
    let with = "With: 2 × child seat, 1 × wheelchair access\n";
    let way = format!("This is the way there; the way back is booked as {reference}-R.");
    let journey = format!(
        "By way of: Poole <Quay> (the driver waits 10 minutes)\nBy way of: Upton\nTo: {}\n{with}There and back: {way}\n",
        there["journey"]["dropoffLocation"]["address"].as_str().unwrap(),
    );
    assert!(out.text.contains(&journey), "{}", out.text);
    let html = out.html.as_ref().unwrap();
    for part in [
        "Poole &lt;Quay&gt; (the driver waits 10 minutes)<",
        ">Upton<",
        ">2 × child seat, 1 × wheelchair",
        &way,
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!back.text.contains("By way of"), "straight back: {}", back.text);
    assert!(back.text.contains(with), "{}", back.text);
    let way = format!("There and back: This is the way back; the way there is booked as {reference}.\n");
    assert!(back.text.contains(&way), "{}", back.text);
    for message in [out, back] {
        assert!(message.text.contains("Your journey is confirmed. Both ways are paid together.\n"));
        assert!(message.html.as_ref().unwrap().contains("Both ways are paid together."));
    }

    // Of a journey that is none of this, none of it is said.
    let customer = world.person("customer").await;
    let plain = world.confirmed(&customer, 5 * 86_400).await;
    let sent = world.platform.outbox.newest_first();
    let email = sent.iter().find(|m| m.channel == "email" && m.booking_id == plain["bookingId"]).unwrap();
    for words in [&email.text, email.html.as_ref().unwrap()] {
        let unsaid = ["By way of", "With", "There and back", "Both ways", "\n\n\n"];
        assert!(unsaid.iter().all(|part| !words.contains(part)), "{words}");
    }
}

/// What is said of one booking's end, by channel: subject, text, HTML.
fn told_of(world: &World, booking: &Value, event: &str) -> [String; 2] {
    let sent = world.platform.outbox.newest_first();
    ["email", "sms"].map(|channel| {
        let fits = |m: &&nots_local::outbox::Sent| {
            m.channel == channel && m.event == event && m.booking_id == booking["bookingId"]
        };
        let message = sent.iter().find(fits).expect(channel);
        let parts = [message.subject.clone(), Some(message.text.clone()), message.html.clone()];
        let words = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
        assert!(
            !words.contains("{{") && !words.contains("undefined") && !words.contains("\n\n\n"),
            "{words}"
        );
        words
    })
}

#[tokio::test]
async fn of_what_is_called_off_it_is_said_what_goes_back_and_what_is_kept() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;
    let off = async |booking: &Value, who| {
        let path = format!("/v1/bookings/{}", booking["bookingId"].as_str().unwrap());
        let answer = world.delete(&path, who, json!({ "reason": "A secret of mine" })).await;
        let after = answer.expect_status(200);
        world.settle().await;
        let shown = |name: &str| after["cancellation"][name]["displayTotal"].as_str().unwrap().to_owned();
        (shown("fee"), shown("refund"), told_of(&world, booking, "cancelled"))
    };
    let fare = |booking: &Value| booking["pricing"]["displayTotal"].as_str().unwrap().to_owned();

    let booking = world.confirmed(&ada, 3 * 86_400).await;
    let (_, _, said) = off(&booking, &ada).await;
    for words in said {
        assert!(
            words.contains(&format!("We refund the {} that was paid for it.", fare(&booking))),
            "{words}"
        );
        assert!(words.contains(booking["bookingReference"].as_str().unwrap()), "{words}");
        assert!(
            !words.contains("fee of") && !words.contains("secret") && !words.contains("sorry"),
            "{words}"
        );
    }
    let booking = world.confirmed(&ada, 3 * 3_600).await;
    let (fee, refund, said) = off(&booking, &ada).await;
    let line = format!(
        "We refund {refund} of the {} that was paid for it and keep a cancellation fee of {fee}.",
        fare(&booking)
    );
    assert!(said.iter().all(|words| words.contains(&line)), "{said:?}");
    let booking = world.confirmed(&ada, 3_600).await;
    let (fee, _, said) = off(&booking, &ada).await;
    let line = format!("The cancellation fee is {fee}, all that was paid for it, so nothing is refunded.");
    assert!(said.iter().all(|words| words.contains(&line) && !words.contains("on a card")), "{said:?}");
    let booking = world.booked(&ada, 3_600).await;
    let (_, _, said) = off(&booking, &ada).await;
    let line = "Nothing had been paid for it, so there is nothing to refund.";
    assert!(said.iter().all(|words| words.contains(line)), "{said:?}");
    let booking = world.confirmed(&ada, 3_600).await;
    let (_, _, said) = off(&booking, &staff).await;
    assert!(said[0].contains("We are sorry: we have had to cancel your journey."), "{said:?}");
    assert!(said.iter().all(|words| words.contains("We refund the")), "{said:?}");

    let booking = world.confirmed(&ada, 3_600).await;
    world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
    let job = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    for progress in ["en_route", "arrived", "no_show"] {
        if progress == "no_show" {
            world.until_pickup(&booking).await;
        }
        world.patch(&job, &driver, json!({ "progress": progress })).await.expect_status(200);
    }
    world.settle().await;
    let said = told_of(&world, &booking, "cancelled");
    assert!(said[0].contains("Your driver waited at the pick-up and did not find you"), "{said:?}");

    let there = there_and_back(&world).await;
    let (_, _, said) = off(&there, &staff).await;
    assert!(said[0].contains("This is about the way there alone."), "{said:?}");
}

#[tokio::test]
async fn whoever_did_not_pay_in_time_is_told_that_and_nothing_else() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.booked(&ada, 86_400).await;
    world.platform.advance(2_400).await.unwrap();
    let now = world.booking(&booking, &ada).await;
    assert_eq!((&now["status"], &now["cancellation"]["by"]), (&json!("cancelled"), &json!("unpaid")));
    let said = told_of(&world, &booking, "lapsed");
    assert!(said.iter().all(|words| words.contains("not paid for in time")), "{said:?}");
    assert!(said.iter().all(|words| words.contains("Nothing was charged")), "{said:?}");
    assert_eq!(world.told(), ["email lapsed", "sms lapsed"]);
}
