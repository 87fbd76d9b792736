//! Calling off: what it costs to the second, what goes back, whose days are free, and that the preview is what is charged.

mod both_ways;
mod races;

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    BookingId, Timestamp, access,
    entity::ledger::{Account, balance},
    ports::Clock,
};
use nots_lambda::Origins;
use nots_local::{
    functions::{self, Ports},
    gateway::Gateway,
};
use nots_testkit::{Answer, Person, World};
use serde_json::{Value, json};

use crate::bad_input::send;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// A clock that stands still.
struct Still(Timestamp);

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn pause(&self, _: std::time::Duration) {}
}

/// The platform's functions at one moment.
fn at(world: &World, moment: i64) -> Gateway {
    let clock = Arc::new(Still(Timestamp::new(moment).unwrap()));
    let ports = Ports { clock: clock.clone(), ..world.platform.ports.clone() };
    // Tokens are judged by the time at which they were made.
    let authorizer = functions::authorizer(world.platform.tokens.clone(), world.platform.clock.clone());
    functions::mount(Gateway::new(clock, Origins::default(), authorizer), |_| ports.clone())
}

async fn ask(gateway: &Gateway, method: &str, path: &str, who: &Person, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let bearer = format!("Bearer {}", who.token);
    let request = http::Request::builder().method(method).uri(path).header("authorization", bearer);
    let (parts, body) = gateway.handle(request.body(body.into()).unwrap()).await.into_parts();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

fn path(booking: &Value) -> String {
    format!("/v1/bookings/{}", booking["bookingId"].as_str().unwrap())
}

fn preview(booking: &Value) -> String {
    format!("{}/cancellation", path(booking))
}

fn reason() -> Value {
    json!({ "reason": "Plans changed" })
}

async fn cancelled(world: &World, booking: &Value, who: &Person) -> Value {
    world.delete(&path(booking), who, reason()).await.expect_status(200)
}

/// Half of an odd number of pence goes to the even penny.
fn half(total: i64) -> i64 {
    total / 2 + if total % 2 == 1 { total / 2 % 2 } else { 0 }
}

fn pence(total: &Value) -> i64 {
    total["total"].as_i64().unwrap()
}

/// What stands on each account that a booking's money has touched: card, fares, fees, customer.
async fn books(world: &World, booking: &Value) -> [i64; 4] {
    let id = BookingId::parse(booking["bookingId"].as_str().unwrap()).unwrap();
    let page = world.platform.ports.table.page(&access::ledger_of_booking(&id), 100, None).await.unwrap();
    let entries: Vec<_> = page.rows.into_iter().map(|row| row.data).collect();
    [Account::Card, Account::Fares, Account::Fees, Account::Customer]
        .map(|account| balance(&entries, account).unwrap().get())
}

/// The payment of a booking, and the status and amount of each of its refunds.
async fn payment(world: &World, booking: &Value) -> (nots_core::entity::Payment, Vec<(String, i64)>) {
    let id = BookingId::parse(booking["bookingId"].as_str().unwrap()).unwrap();
    let table = &world.platform.ports.table;
    let payment = table.read(access::payment_of_booking(&id)).await.unwrap().unwrap().data;
    let refunds = table.page(&access::refunds_of_booking(&id), 100, None).await.unwrap().rows;
    let told = |row: nots_core::table::Stored<nots_core::entity::Refund>| {
        use nots_core::table::Machine;
        (row.data.status.as_str().to_owned(), row.data.amount.total.get())
    };
    (payment, refunds.into_iter().map(told).collect())
}

/// Nothing is owed either way: what was kept is on the card, and is the fee.
async fn settled(world: &World, booking: &Value, kept: i64) {
    world.settle().await;
    assert_eq!(books(world, booking).await, [kept, 0, -kept, 0], "card, fares, fees, customer");
    let (payment, refunds) = payment(world, booking).await;
    let back: i64 = refunds.iter().map(|(_, amount)| amount).sum();
    assert_eq!(payment.captured().get() - back, kept);
    assert_eq!(payment.refund.amount.get(), back, "made");
    assert!(refunds.iter().all(|(status, _)| status == "succeeded"), "{refunds:?}");
}

#[tokio::test]
async fn each_row_counts_to_the_second_and_the_preview_is_what_is_charged() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    for (left, row, share) in [
        (24 * HOUR + 1, 24, 0),
        (24 * HOUR, 24, 0),
        (24 * HOUR - 1, 2, 5_000),
        (2 * HOUR, 2, 5_000),
        (2 * HOUR - 1, 0, 10_000),
        (0, 0, 10_000),
        (-60, 0, 10_000),
    ] {
        let booking = world.confirmed(&ada, 3 * DAY).await;
        let total = booking["pricing"]["total"].as_i64().unwrap();
        let moment = booking["journey"]["pickupTime"].as_i64().unwrap() - left;
        let gateway = at(&world, moment);
        let said = ask(&gateway, "GET", &preview(&booking), &ada, &Value::Null).await.expect_status(200);
        let answer = ask(&gateway, "DELETE", &path(&booking), &ada, &reason()).await;
        assert!(answer.headers.contains_key("etag"));
        let after = answer.expect_status(200);
        let was = &after["cancellation"];
        for name in ["by", "row", "fee", "refund"] {
            assert_eq!(said[name], was[name], "{left}: {name}");
        }
        assert_eq!(was["by"], "customer");
        let counts =
            json!({ "kind": "hours_before", "hoursBefore": row, "fee": { "percentBasisPoints": share } });
        assert_eq!(was["row"], counts, "{left}");
        assert_eq!((&was["secondsBefore"], &was["at"]), (&json!(left.max(0)), &json!(moment)));
        assert_eq!(was["reason"], "Plans changed");
        let fee = [0, half(total), total][usize::from(share > 0) + usize::from(share == 10_000)];
        assert_eq!((pence(&was["fee"]), pence(&was["refund"])), (fee, total - fee), "{left}");
        assert_eq!((pence(&said["paid"]), &said["cancellable"]), (total, &json!(true)));
        assert_eq!(
            (&said["status"], &said["hoursBefore"]),
            (&json!("confirmed"), &json!(left.max(0) / HOUR))
        );
        assert_eq!(
            (&after["status"], &after["timeline"]["cancelled"]),
            (&json!("cancelled"), &json!(moment))
        );
        assert_eq!(after["version"].as_i64(), booking["version"].as_i64().map(|version| version + 1));
        settled(&world, &booking, fee).await;
        // Now it says what it came to.
        let said = world.get(&preview(&booking), &ada).await.expect_status(200);
        assert_eq!((&said["cancellable"], &said["fee"]), (&json!(false), &was["fee"]));
    }
    world.settle().await;
}

#[tokio::test]
async fn when_the_operator_calls_off_all_goes_back_unless_it_is_for_the_customer() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let late = |booking: &Value| at(&world, booking["journey"]["pickupTime"].as_i64().unwrap() - 60);
    let booking = world.confirmed(&ada, DAY).await;
    let gateway = late(&booking);
    let said = ask(&gateway, "GET", &preview(&booking), &staff, &Value::Null).await.expect_status(200);
    let after = ask(&gateway, "DELETE", &path(&booking), &staff, &reason()).await.expect_status(200);
    let was = &after["cancellation"];
    assert_eq!((&was["by"], &was["row"]), (&json!("operator"), &json!({ "kind": "operator" })));
    assert_eq!((&said["fee"], &said["refund"]), (&was["fee"], &was["refund"]));
    assert_eq!((pence(&was["fee"]), &was["refund"]["total"]), (0, &booking["pricing"]["total"]));
    assert_eq!(was["cancelledBy"], json!(staff.id));
    assert!(world.booking(&booking, &ada).await["cancellation"].get("cancelledBy").is_none());
    settled(&world, &booking, 0).await;
    let now = world.booking(&booking, &staff).await;
    assert_eq!(now["payment"]["status"], "refunded");

    let booking = world.confirmed(&ada, DAY).await;
    let gateway = late(&booking);
    let asked = format!("{}?onBehalfOf=customer", preview(&booking));
    let said = ask(&gateway, "GET", &asked, &staff, &Value::Null).await.expect_status(200);
    let body = json!({ "reason": "Rang us", "onBehalfOf": "customer" });
    let after = ask(&gateway, "DELETE", &path(&booking), &staff, &body).await.expect_status(200);
    let was = &after["cancellation"];
    assert_eq!((&was["by"], &said["fee"]), (&json!("customer"), &was["fee"]));
    assert_eq!((&was["fee"]["total"], pence(&was["refund"])), (&booking["pricing"]["total"], 0));
    settled(&world, &booking, pence(&was["fee"])).await;
    // Customers act for nobody.
    let booking = world.confirmed(&ada, DAY).await;
    let refused = world.delete(&path(&booking), &ada, body).await.expect_status(422);
    assert_eq!(refused["errors"][0]["pointer"], "/onBehalfOf");
    let refused = world.get(&format!("{}?onBehalfOf=customer", preview(&booking)), &ada).await;
    assert_eq!(refused.expect_status(400)["errors"][0]["parameter"], "onBehalfOf");
    world.settle().await;
}

#[tokio::test]
async fn the_tariff_that_it_was_sold_by_says_what_it_costs() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let mut terms = serde_json::to_value(nots_core::entity::tariff::demo_terms().unwrap()).unwrap();
    terms["cancellation"]["rows"] = json!([{ "hoursBefore": 0, "fee": { "fixed": 500 } }]);
    world.put("/v1/tariff", &world.person("owner").await, terms.clone()).await.expect_status(201);
    let booking = world.confirmed(&ada, 3 * DAY).await;
    // What it was sold by counts, whatever is in force when it is called off.
    terms["cancellation"]["rows"] = json!([{ "hoursBefore": 0, "fee": { "percentBasisPoints": 10_000 } }]);
    world.put("/v1/tariff", &world.person("owner").await, terms).await.expect_status(201);
    let after = cancelled(&world, &booking, &ada).await;
    assert_eq!(after["cancellation"]["row"]["fee"], json!({ "fixed": 500 }));
    assert_eq!(pence(&after["cancellation"]["fee"]), 500);
    settled(&world, &booking, 500).await;
}

#[tokio::test]
async fn what_the_office_gave_back_before_counts_as_given_back() {
    let world = World::new().await;
    let (ada, admin) = (world.person("customer").await, world.person("admin").await);
    for quarters in [1, 3, 4] {
        let booking = world.confirmed(&ada, 3 * DAY).await;
        let total = booking["pricing"]["total"].as_i64().unwrap();
        let given = total * quarters / 4;
        let kept = half(total).min(total - given);
        let paid = booking["payment"]["paymentId"].as_str().unwrap();
        let (refunds, bearer) = (format!("/v1/payments/{paid}/refunds"), format!("Bearer {}", admin.token));
        let headers = [("authorization", bearer.as_str()), ("idempotency-key", "late")];
        let body = json!({ "amount": given, "reason": "Late" }).to_string();
        send(&world, "POST", &refunds, &headers, body).await.expect_status(201);
        world.settle().await;
        let gateway = at(&world, booking["journey"]["pickupTime"].as_i64().unwrap() - 3 * HOUR);
        let said = ask(&gateway, "GET", &preview(&booking), &ada, &Value::Null).await.expect_status(200);
        let was = ask(&gateway, "DELETE", &path(&booking), &ada, &reason()).await.expect_status(200);
        let was = &was["cancellation"];
        assert_eq!(pence(&was["fee"]), kept, "half of the whole fare, of what is left");
        assert_eq!(pence(&was["refund"]), total - given - kept);
        assert_eq!((&said["fee"], &said["refund"]), (&was["fee"], &was["refund"]));
        settled(&world, &booking, kept).await;
    }
}

#[tokio::test]
async fn what_was_not_paid_costs_nothing_and_money_that_comes_later_goes_back() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let (booking, session) = world.at_checkout(&ada, HOUR).await;
    let said = world.get(&preview(&booking), &ada).await.expect_status(200);
    let after = cancelled(&world, &booking, &ada).await;
    let was = &after["cancellation"];
    assert_eq!((&was["by"], &was["row"]), (&json!("customer"), &json!({ "kind": "unpaid" })));
    for said in [was, &said] {
        assert_eq!((pence(&said["fee"]), pence(&said["refund"])), (0, 0));
    }
    assert_eq!(pence(&said["paid"]), 0);
    assert_eq!(after["payment"]["status"], "failed");
    let (due, refunds) = payment(&world, &booking).await;
    assert_eq!((due.status, refunds.len()), (nots_core::entity::PaymentStatus::Failed, 0));
    world.post("/v1/payments", &ada, json!({ "bookingId": booking["bookingId"] })).await.expect_status(409);
    world.pay(&session).await;
    settled(&world, &booking, 0).await;
    assert_eq!(world.booking(&booking, &ada).await["status"], "cancelled");
}

#[tokio::test]
async fn a_job_that_is_called_off_frees_its_driver_and_its_vehicle_at_once() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;
    // Over midnight, so that two days of each hold it.
    let midnight = (world.now() / DAY + 2) * DAY - world.now();
    let (one, other) = (world.confirmed(&ada, midnight - 300).await, world.confirmed(&ada, midnight).await);
    let given = world.assign(&staff, &one, "driver_demo1").await.expect_status(200);
    let (from, to) = (&given["committed"]["from"], &given["committed"]["to"]);
    assert!(from.as_i64() < to.as_i64() && world.booking(&one, &ada).await.get("committed").is_none());
    let days = |world: &World| {
        let id = one["bookingId"].as_str().unwrap();
        let held = |(key, item): &(String, Value)| key.contains(" / DAY#") && item.to_string().contains(id);
        world.table().into_iter().filter(held).count()
    };
    assert_eq!(days(&world), 4);
    world.assign(&staff, &other, "driver_demo1").await.expect_status(409);
    let after = cancelled(&world, &one, &staff).await;
    assert_eq!(days(&world), 0);
    assert!(after.get("committed").is_none());
    assert_eq!(
        (&after["driver"], &after["vehicle"]),
        (&given["driver"], &given["vehicle"]),
        "for the record"
    );
    world.assign(&staff, &other, "driver_demo1").await.expect_status(200);
    let jobs = world.get("/v1/drivers/me/jobs", &driver).await.expect_status(200);
    let jobs: Vec<_> = jobs["items"].as_array().unwrap().iter().map(|job| &job["bookingId"]).collect();
    assert_eq!(jobs, [&other["bookingId"]], "no job of theirs any more");
    let seen = world.booking(&one, &driver).await;
    assert_eq!(seen["cancellation"], json!({ "by": "operator", "at": after["cancellation"]["at"] }));
    settled(&world, &one, 0).await;
}

#[tokio::test]
async fn nobody_came() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let (driver, another) = (world.driver("driver_demo1").await, world.driver("driver_demo2").await);
    let booking = world.confirmed(&ada, HOUR).await;
    world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
    let job = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    let says =
        async |who: &Person, progress: &str| world.patch(&job, who, json!({ "progress": progress })).await;
    for step in ["en_route", "arrived"] {
        let early = says(&driver, "no_show").await.expect_status(409);
        assert_eq!(early["current"]["status"], "assigned");
        says(&driver, step).await.expect_status(200);
    }
    let early = says(&driver, "no_show").await.expect_status(409);
    assert_eq!(early["current"]["pickupTime"], booking["journey"]["pickupTime"], "nobody is due yet");
    world.until_pickup(&booking).await;
    says(&another, "no_show").await.expect_status(404);
    let future = json!({ "progress": "no_show", "at": world.now() + 600 });
    assert_eq!(world.patch(&job, &driver, future).await.expect_status(422)["errors"][0]["pointer"], "/at");
    let here = json!({ "latitude": 50.72, "longitude": -1.88 });
    let body = json!({ "progress": "no_show", "at": world.now(), "location": here });
    let after = world.patch(&job, &driver, body.clone()).await.expect_status(200);
    assert_eq!(after["status"], "cancelled");
    let seen = world.booking(&booking, &staff).await;
    let was = &seen["cancellation"];
    assert_eq!((&was["by"], &was["location"]), (&json!("no_show"), &here));
    assert_eq!(was["row"], json!({ "kind": "no_show", "fee": { "percentBasisPoints": 10_000 } }));
    assert_eq!((&was["fee"]["total"], pence(&was["refund"])), (&booking["pricing"]["total"], 0));
    assert_eq!(was["cancelledBy"], json!(driver.id));
    // The phone did not hear the answer.
    assert_eq!(world.patch(&job, &driver, body).await.expect_status(200)["version"], after["version"]);
    says(&driver, "passenger_onboard").await.expect_status(409);
    let late = world.delete(&path(&booking), &ada, reason()).await.expect_status(409);
    assert_eq!(late["current"]["status"], "cancelled");
    settled(&world, &booking, booking["pricing"]["total"].as_i64().unwrap()).await;
    assert!(world.told().contains(&"email cancelled".to_owned()), "{:?}", world.told());
}

#[tokio::test]
async fn only_what_is_theirs_and_not_yet_driven_can_be_called_off() {
    let world = World::new().await;
    let (ada, bob, staff) =
        (world.person("customer").await, world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;
    let booking = world.confirmed(&ada, HOUR).await;
    for (who, status) in [(&bob, 404), (&driver, 403)] {
        world.delete(&path(&booking), who, reason()).await.expect_status(status);
        world.get(&preview(&booking), who).await.expect_status(status);
    }
    world.delete("/v1/bookings/booking_1", &staff, reason()).await.expect_status(404);
    world.get("/v1/bookings/booking_1/cancellation", &staff).await.expect_status(404);
    world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
    let job = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    for progress in ["en_route", "arrived", "passenger_onboard", "completed"] {
        world.patch(&job, &driver, json!({ "progress": progress })).await.expect_status(200);
        let status = world.booking(&booking, &staff).await["status"].clone();
        let said = world.get(&preview(&booking), &ada).await.expect_status(200);
        assert_eq!((&said["cancellable"], &said["status"]), (&json!(status == "assigned"), &status));
        if status != "assigned" {
            assert!(["row", "fee", "refund", "paid", "hoursBefore"].iter().all(|name| said[name].is_null()));
            let refused = world.delete(&path(&booking), &staff, reason()).await.expect_status(409);
            assert_eq!(refused["current"]["status"], status);
        }
    }
    // Another's cancelling is not one's own.
    let booking = world.confirmed(&ada, 2 * DAY).await;
    cancelled(&world, &booking, &staff).await;
    let refused = world.delete(&path(&booking), &ada, reason()).await.expect_status(409);
    assert_eq!(refused["current"]["status"], "cancelled");
    world.settle().await;
}
