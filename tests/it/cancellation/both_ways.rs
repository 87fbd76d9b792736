//! Each way of a journey there and back is called off by itself.

use nots_core::entity::PaymentStatus;

use super::*;

/// The two bookings of a journey, not yet paid: there, back.
async fn booked(world: &World, who: &Person) -> (Value, Value) {
    let mut asked = world.journey(3 * DAY);
    asked["returnJourney"] = json!(true);
    asked["returnPickupTime"] = json!(world.now() + 5 * DAY);
    let quote = world.post("/v1/quotes", None, asked).await.expect_status(201);
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let there = world.post("/v1/bookings", who, order).await.expect_status(201);
    let back = world.get(&format!("/v1/bookings/{}", there["returnBookingId"].as_str().unwrap()), who).await;
    (there, back.expect_status(200))
}

async fn begun(world: &World, who: &Person, there: &Value) -> Value {
    let body = json!({ "bookingId": there["bookingId"] });
    world.post("/v1/payments", who, body).await.expect_status(201)
}

fn fare(booking: &Value) -> i64 {
    booking["pricing"]["total"].as_i64().unwrap()
}

#[tokio::test]
async fn of_what_was_paid_each_ways_own_fare_goes_back() {
    for first in 0..2 {
        let world = World::new().await;
        let ada = world.person("customer").await;
        let ways = booked(&world, &ada).await;
        world.pay(&begun(&world, &ada, &ways.0).await).await.expect_status(200);
        let (one, other) = if first == 0 { (&ways.0, &ways.1) } else { (&ways.1, &ways.0) };
        let was = cancelled(&world, one, &ada).await["cancellation"].clone();
        assert_eq!((pence(&was["fee"]), pence(&was["refund"])), (0, fare(one)));
        world.settle().await;
        let stands = world.booking(other, &ada).await;
        assert_eq!(
            (&stands["status"], &stands["payment"]["status"]),
            (&json!("confirmed"), &json!("completed"))
        );
        assert_eq!(books(&world, &ways.0).await, [fare(other), -fare(other), 0, 0]);
        let (paid, refunds) = payment(&world, &ways.0).await;
        assert_eq!((paid.status, paid.refund.amount.get()), (PaymentStatus::Completed, fare(one)));
        assert_eq!(refunds, [("succeeded".to_owned(), fare(one))]);
        // The other for half, a day before.
        let moment = other["journey"]["pickupTime"].as_i64().unwrap() - 20 * HOUR;
        let gateway = at(&world, moment);
        let after = ask(&gateway, "DELETE", &path(other), &ada, &reason()).await.expect_status(200);
        let kept = pence(&after["cancellation"]["fee"]);
        assert!(kept > 0 && kept < fare(other));
        settled(&world, &ways.0, kept).await;
    }
}

#[tokio::test]
async fn of_what_was_not_paid_less_is_asked_for_and_then_nothing() {
    for first in 0..2 {
        let world = World::new().await;
        let ada = world.person("customer").await;
        let ways = booked(&world, &ada).await;
        let dear = begun(&world, &ada, &ways.0).await;
        let (one, other) = if first == 0 { (&ways.0, &ways.1) } else { (&ways.1, &ways.0) };
        cancelled(&world, one, &ada).await;
        let (due, _) = payment(&world, &ways.0).await;
        assert_eq!((due.status, due.amount.total.get()), (PaymentStatus::Pending, fare(other)));
        let cheap = begun(&world, &ada, other).await;
        assert_eq!(pence(&cheap["amount"]), fare(other));
        world.pay(&cheap).await.expect_status(200);
        assert_eq!(world.booking(other, &ada).await["status"], "confirmed");
        assert_eq!(world.booking(one, &ada).await["status"], "cancelled");
        // The page of before, if it is paid all the same, is for nothing.
        world.pay(&dear).await;
        world.settle().await;
        assert_eq!(books(&world, &ways.0).await, [fare(other), -fare(other), 0, 0]);
    }
    let world = World::new().await;
    let ada = world.person("customer").await;
    let (there, back) = booked(&world, &ada).await;
    cancelled(&world, &back, &ada).await;
    cancelled(&world, &there, &ada).await;
    let (due, _) = payment(&world, &there).await;
    assert_eq!((due.status, due.captured().get()), (PaymentStatus::Failed, 0));
    assert_eq!(books(&world, &there).await, [0; 4]);
    world.settle().await;
}

#[tokio::test]
async fn the_page_of_before_pays_for_the_way_that_stands_and_the_rest_goes_back() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let (there, back) = booked(&world, &ada).await;
    let session = begun(&world, &ada, &there).await;
    cancelled(&world, &there, &ada).await;
    world.pay(&session).await.expect_status(200);
    world.settle().await;
    assert_eq!(world.booking(&back, &ada).await["status"], "confirmed");
    assert_eq!(books(&world, &there).await, [fare(&back), -fare(&back), 0, 0]);
}
