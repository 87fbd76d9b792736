//! Money beside the card's first payment: what is settled at the end, what is still owed then, and what the office gives
//! back.

use futures_util::future::join_all;
use nots_testkit::{Answer, Person, World, paid_session, signed};
use serde_json::{Value, json};

/// What there is to do with one booking.
struct Job<'a> {
    world: &'a World,
    booking: Value,
    dispatcher: Person,
    owner: Person,
    customer: Person,
}

impl<'a> Job<'a> {
    /// A pending booking of a customer's, to begin in two hours.
    async fn booked(world: &'a World) -> Self {
        let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
        let booking = world.booked(&customer, 7_200).await;
        Self { world, booking, dispatcher, owner: world.person("owner").await, customer }
    }

    /// The same, paid by card.
    async fn paid(world: &'a World) -> Self {
        let job = Self::booked(world).await;
        let payment = job.pay(&job.customer, json!({})).await.expect_status(201);
        world.pay(&payment).await.expect_status(200);
        job
    }

    fn id(&self) -> &str {
        self.booking["bookingId"].as_str().unwrap()
    }

    /// `POST /v1/payments` for it, with this beside.
    async fn pay(&self, who: &Person, mut body: Value) -> Answer {
        body["bookingId"] = json!(self.id());
        self.world.post("/v1/payments", who, body).await
    }

    /// Driven, after the passenger was waited for so many minutes.
    async fn driven(&self, minutes: u32) {
        self.world.assign(&self.dispatcher, &self.booking, "driver_demo1").await.expect_status(200);
        let pickup = self.booking["journey"]["pickupTime"].as_i64().unwrap();
        let until_pickup = u32::try_from(pickup - self.world.now()).unwrap();
        self.world.platform.advance(until_pickup).await.unwrap();
        let driver = self.world.driver("driver_demo1").await;
        // By the driver's own times, so that a second of this machine's clock makes no minute of waiting.
        let waited = pickup + i64::from(60 * minutes);
        for (progress, at, then) in [
            ("en_route", pickup - 60, 60 * minutes),
            ("arrived", pickup, 0),
            ("passenger_onboard", waited, 1_200),
            ("completed", waited + 1_200, 0),
        ] {
            let path = format!("/v1/jobs/{}", self.id());
            let step = json!({ "progress": progress, "at": at });
            self.world.patch(&path, &driver, step).await.expect_status(200);
            self.world.platform.advance(then).await.unwrap();
        }
        self.world.settle().await;
    }

    /// The payment as the office sees it.
    async fn payment(&self) -> Value {
        let page = self.world.get(&format!("/v1/payments?bookingId={}", self.id()), &self.owner).await;
        page.expect_status(200)["items"][0].clone()
    }

    async fn refund(&self, key: &str, amount: i64) -> Answer {
        let path = format!("/v1/payments/{}/refunds", self.booking["payment"]["paymentId"].as_str().unwrap());
        let body = json!({ "amount": amount, "reason": "The driver was late" });
        refund(self.world, &path, &self.owner, key, &body).await
    }
}

async fn refund(world: &World, path: &str, who: &Person, key: &str, body: &Value) -> Answer {
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", who.token))
        .header("idempotency-key", key)
        .body(bytes::Bytes::from(body.to_string()))
        .unwrap();
    let (parts, body) = world.platform.gateway.handle(request).await.into_parts();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// What stands on an account.
fn stands(payment: &Value, account: &str) -> i64 {
    let entries = payment["ledger"].as_array().into_iter().flatten();
    let sides = entries.flat_map(|entry| entry["postings"].as_array().unwrap());
    sides.filter(|side| side["account"] == account).map(|side| side["amount"].as_i64().unwrap()).sum()
}

fn standings(payment: &Value) -> Vec<(&'static str, i64)> {
    let all = ["card", "cash", "invoiced", "customer", "fares", "fees", "waiting", "written_off"];
    all.into_iter().map(|account| (account, stands(payment, account))).filter(|(_, sum)| *sum != 0).collect()
}

#[tokio::test]
async fn a_cash_job_is_confirmed_without_stripe_and_settled_when_it_is_over() {
    let world = World::new().await;
    let job = Job::booked(&world).await;
    job.pay(&job.customer, json!({ "method": "cash" })).await.expect_status(422);
    let taken = job.pay(&job.dispatcher, json!({ "method": "cash" })).await.expect_status(200);
    assert_eq!((&taken["status"], &taken["checkoutUrl"]), (&json!("pending"), &Value::Null));
    job.pay(&job.dispatcher, json!({ "method": "cash" })).await.expect_status(200);
    job.pay(&job.dispatcher, json!({ "method": "account" })).await.expect_status(409);
    job.pay(&job.customer, json!({})).await.expect_status(409);
    world.settle().await;
    let seen = world.booking(&job.booking, &job.customer).await;
    assert_eq!((&seen["status"], &seen["payment"]["method"]), (&json!("confirmed"), &json!("cash")));
    // Nobody ends it for not being paid.
    world.platform.advance(3_600).await.unwrap();
    assert_eq!(standings(&job.payment().await), []);

    job.driven(0).await;
    let fare = job.booking["pricing"]["total"].as_i64().unwrap();
    let payment = job.payment().await;
    assert_eq!(standings(&payment), [("cash", fare), ("fares", -fare)]);
    assert_eq!((&payment["status"], &payment["captured"]["total"]), (&json!("completed"), &json!(fare)));
    assert_eq!(world.booking(&job.booking, &job.customer).await["payment"]["status"], "completed");
    // What goes back of it is handed over, and whoever says so has done it.
    let back = job.refund("a", 200).await.expect_status(201);
    assert_eq!(back["status"], "succeeded");
    assert_eq!(standings(&job.payment().await), [("cash", fare - 200), ("fares", 200 - fare)]);
}

#[tokio::test]
async fn waiting_is_owed_once_the_ride_is_over_and_paid_by_its_own_session() {
    let world = World::new().await;
    let job = Job::paid(&world).await;
    let fare = job.booking["pricing"]["total"].as_i64().unwrap();
    job.driven(27).await;
    let payment = job.payment().await;
    let (owed, due) = (12 * 30, &payment["due"]);
    assert_eq!((&due["status"], &due["amount"]["total"]), (&json!("owed"), &json!(owed)), "{due}");
    let books = [("card", fare), ("customer", owed), ("fares", -fare), ("waiting", -owed)];
    assert_eq!(standings(&payment), books);
    let outbox = world.platform.outbox.newest_first();
    let mail =
        outbox.iter().find(|sent| (sent.event.as_str(), sent.channel.as_str()) == ("completed", "email"));
    let (mail, at) = (mail.unwrap(), format!("https://nots.co.uk/bookings/{}?payment=cancelled", job.id()));
    let words = "Waiting came to £3.60 and is still to be paid: you can pay it on your booking's page";
    assert!(mail.text.contains(&format!("{words}: {at}")), "{}", mail.text);
    let html = mail.html.as_ref().unwrap();
    assert!(html.contains("<strong>£3.60</strong> and is still to be paid"), "{html}");
    job.pay(&job.dispatcher, json!({ "method": "write_off", "reason": "Our fault" }))
        .await
        .expect_status(422);

    let page = job.pay(&job.customer, json!({})).await.expect_status(201);
    assert_eq!((&page["amount"]["total"], &page["purpose"]["kind"]), (&json!(owed), &json!("due")));
    assert_eq!(
        job.pay(&job.customer, json!({})).await.expect_status(200)["checkoutUrl"],
        page["checkoutUrl"]
    );
    world.pay(&page).await.expect_status(200);
    let payment = job.payment().await;
    assert_eq!(payment["due"]["status"], "paid");
    assert_eq!(standings(&payment), [("card", fare + owed), ("fares", -fare), ("waiting", -owed)]);
    job.pay(&job.customer, json!({})).await.expect_status(409);
    job.pay(&job.owner, json!({ "method": "write_off" })).await.expect_status(409);
}

#[tokio::test]
async fn what_is_owed_may_be_let_go_and_a_session_that_is_paid_later_goes_back() {
    let world = World::new().await;
    let job = Job::paid(&world).await;
    let fare = job.booking["pricing"]["total"].as_i64().unwrap();
    job.driven(20).await;
    let page = job.pay(&job.customer, json!({})).await.expect_status(201);
    job.pay(&job.owner, json!({ "method": "write_off", "reason": "Our fault" })).await.expect_status(200);
    let books = [("card", fare), ("fares", -fare), ("waiting", -150), ("written_off", 150)];
    assert_eq!(standings(&job.payment().await), books);
    world.pay(&page).await.expect_status(200);
    world.settle().await;
    let payment = job.payment().await;
    assert_eq!(standings(&payment), books, "nothing waited for it");
    assert_eq!(payment["refunds"][0]["status"], "succeeded");
    assert_eq!(payment["refunds"][0]["amount"]["total"], 150);
}

#[tokio::test]
async fn what_cannot_be_charged_by_card_is_not_owed_and_cash_takes_it_all_at_once() {
    let world = World::new().await;
    let free = Job::paid(&world).await;
    free.driven(15).await;
    assert_eq!(free.payment().await["due"], Value::Null, "a quarter of an hour is free");
    let outbox = world.platform.outbox.newest_first();
    assert!(outbox.iter().all(|sent| !sent.text.contains("still to be paid")), "{outbox:?}");

    let world = World::new().await;
    let job = Job::booked(&world).await;
    job.pay(&job.dispatcher, json!({ "method": "account" })).await.expect_status(200);
    job.driven(17).await;
    let payment = job.payment().await;
    let fare = job.booking["pricing"]["total"].as_i64().unwrap();
    assert_eq!(payment["due"]["status"], "paid");
    assert_eq!(standings(&payment), [("invoiced", fare + 60), ("fares", -fare), ("waiting", -60)]);
}

#[tokio::test]
async fn refunds_by_one_key_are_one_and_together_never_more_than_was_taken() {
    let world = World::new().await;
    let job = Job::paid(&world).await;
    let fare = job.booking["pricing"]["total"].as_i64().unwrap();
    // The same key, many at once.
    let same = join_all((0..6).map(|_| job.refund("one", 100))).await;
    let made = same.iter().filter(|answer| answer.status == 201).count();
    assert!(made == 1 && same.iter().all(|answer| [200, 201, 503].contains(&answer.status)));
    assert_eq!(job.refund("one", 101).await.expect_status(409)["current"]["amount"], 100);
    // Other keys, more at once than there is money for.
    let asked = fare / 4;
    let keys: Vec<String> = (0..8).map(|n| format!("key-{n}")).collect();
    let others = join_all(keys.iter().map(|key| job.refund(key, asked))).await;
    assert!(others.iter().all(|answer| [201, 409, 503].contains(&answer.status)));
    // Whoever was turned away by the crowd comes again.
    for key in &keys {
        let answer = job.refund(key, asked).await;
        assert!([200, 201, 409].contains(&answer.status), "{}", answer.body);
    }
    world.settle().await;
    let payment = job.payment().await;
    let gone = payment["refund"]["amount"].as_i64().unwrap();
    assert_eq!(gone, 100 + (fare - 100) / asked * asked, "as many as there was money for");
    assert_eq!(stands(&payment, "card"), fare - gone);
    assert_eq!(payment["partlyRefunded"], true);
    let left = fare - gone;
    let problem = job.refund("more", left + 1).await.expect_status(409);
    assert_eq!(problem["current"]["refundable"]["total"], left);
    job.refund("rest", left).await.expect_status(201);
    world.settle().await;
    let whole = job.payment().await;
    assert_eq!(
        (&whole["status"], &whole["refunds"][0]["reason"]),
        (&json!("refunded"), &json!("The driver was late"))
    );
    // Its customer sees what went back, and not the office's words.
    let page =
        world.get(&format!("/v1/payments?bookingId={}", job.id()), &job.customer).await.expect_status(200);
    let seen = &page["items"][0];
    assert_eq!(
        (&seen["refunds"][0]["cause"], &seen["refund"]["amount"]),
        (&json!("requested"), &json!(fare))
    );
    assert!(
        !page.to_string().contains("The driver was late") && seen["refunds"][0].get("failure").is_none(),
        "{page}"
    );
    assert_eq!(world.booking(&job.booking, &job.customer).await["payment"]["status"], "refunded");
}

#[tokio::test]
async fn no_card_enters_the_table_the_bus_or_a_message() {
    let world = World::new().await;
    let job = Job::booked(&world).await;
    let payment = job.pay(&job.customer, json!({})).await.expect_status(201);
    let mut event = paid_session(&payment, "evt_1CARD");
    event["data"]["object"]["payment_method_details"] = json!({ "card": { "last4": "4242", "brand": "visa", "number": "4242424242424242", "fingerprint": "Xt5EWLLDS7FJjR1c" } });
    event["data"]["object"]["customer_details"] =
        json!({ "name": "ADA CARDHOLDER", "address": { "postal_code": "EX4 9ZZ" } });
    let strange = json!({
        "id": "evt_2CARD", "object": "event", "type": "payment_method.attached", "livemode": false,
        "created": world.now(), "data": { "object": { "id": "pm_1", "card": { "number": "4242424242424242" } } },
    });
    for event in [event, strange] {
        let body = event.to_string();
        let request = http::Request::post("/v1/webhooks/stripe")
            .header("stripe-signature", signed(&body, "whsec_local", world.now()))
            .body(bytes::Bytes::from(body))
            .unwrap();
        assert_eq!(world.platform.gateway.handle(request).await.status(), 200);
    }
    world.settle().await;
    assert_eq!(world.booking(&job.booking, &job.customer).await["status"], "confirmed");
    let outbox = world.get("/local/outbox", None).await.expect_status(200).to_string();
    let table: String = world.table().values().map(ToString::to_string).collect();
    let stream: String = world.platform.stream().unwrap().iter().map(ToString::to_string).collect();
    for card in ["424242424242", "last4", "visa", "Xt5EWLLDS7FJjR1c", "CARDHOLDER", "EX4 9ZZ"] {
        assert!(!outbox.contains(card) && !table.contains(card) && !stream.contains(card), "{card}");
    }
    assert!(table.contains("unrecognised"), "what nobody knows is kept for a person, without its contents");
}
