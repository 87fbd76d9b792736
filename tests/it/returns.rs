//! Journeys there and back: one quote, two linked bookings, one payment.

use nots_testkit::World;
use serde_json::{Value, json};

const DAY: i64 = 86_400;

async fn quoted(world: &World) -> Value {
    let mut asked = world.journey(DAY);
    asked["returnJourney"] = json!(true);
    asked["returnPickupTime"] = json!(world.now() + 3 * DAY);
    asked["viaStops"] =
        json!([{ "address": "Poole", "latitude": 50.72, "longitude": -1.98, "waitingMinutes": 10 }]);
    asked["extras"] = json!({ "childSeat": 1 });
    world.post("/v1/quotes", None, asked).await.expect_status(201)
}

fn pence(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

#[tokio::test]
async fn both_ways_are_booked_together_and_add_up_to_the_quote() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let quote = quoted(&world).await;
    assert_eq!(quote["returnJourney"], true);
    let order = json!({
        "quoteId": quote["quoteId"], "customer": World::traveller(), "pickupInstructions": "By the clock",
        "dropoffInstructions": "Gate B",
    });
    let there = world.post("/v1/bookings", &ada, order.clone()).await.expect_status(201);
    let path = format!("/v1/bookings/{}", there["returnBookingId"].as_str().unwrap());
    let back = world.get(&path, &ada).await.expect_status(200);

    let (id, reference) = (there["bookingId"].as_str().unwrap(), there["bookingReference"].as_str().unwrap());
    assert_eq!(back["bookingId"], format!("{id}r"));
    assert_eq!(back["bookingReference"], format!("{reference}-R"));
    assert_eq!(back["outwardBookingId"], id);
    assert_eq!(back["journey"]["pickupTime"], world.now() + 3 * DAY);
    assert_eq!(back["journey"]["pickupLocation"], there["journey"]["dropoffLocation"]);
    assert_eq!(back["journey"]["dropoffLocation"], there["journey"]["pickupLocation"]);
    assert_eq!(back["journey"]["pickupInstructions"], "Gate B");
    assert_eq!(there["journey"]["viaStops"][0]["waitingMinutes"], 10);
    assert!(back["journey"].get("viaStops").is_none(), "straight back");
    assert_eq!(
        (&there["extras"], &back["extras"]),
        (&quote["extras"], &quote["extras"]),
        "the seat both ways"
    );

    let whole = &quote["pricing"];
    let total = pence(&whole["breakdown"]["total"]);
    assert_eq!(pence(&there["pricing"]["total"]) + pence(&back["pricing"]["total"]), total);
    for (booking, leg) in [(&there, "outward"), (&back, "return")] {
        assert_eq!(booking["pricing"]["lines"], whole["legs"][leg]["lines"]);
        let lines = booking["pricing"]["lines"].as_array().unwrap().iter();
        assert_eq!(
            lines.map(|line| pence(&line["amount"])).sum::<i64>(),
            pence(&booking["pricing"]["total"])
        );
    }
    assert!(pence(&whole["breakdown"]["returnDiscount"]) < 0);

    let again = world.post("/v1/bookings", &ada, order).await.expect_status(200);
    assert_eq!(again, there, "asked for twice, booked once");
    let list = world.get("/v1/bookings", &ada).await.expect_status(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let staff = world.person("dispatcher").await;
    let found = world.get(&format!("/v1/bookings?reference={reference}-r"), &staff).await.expect_status(200);
    assert_eq!(found["items"][0]["bookingId"], back["bookingId"]);
}

#[tokio::test]
async fn one_payment_by_either_way_confirms_both_and_each_gets_its_own_driver() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let staff = world.person("dispatcher").await;
    let quote = quoted(&world).await;
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let there = world.post("/v1/bookings", &ada, order).await.expect_status(201);
    let back = json!({ "bookingId": there["returnBookingId"] });
    let asked = world.post("/v1/payments", &ada, back.clone()).await.expect_status(201);
    assert_eq!(asked["bookingId"], there["bookingId"]);
    assert_eq!(asked["amount"]["total"], quote["pricing"]["breakdown"]["total"]);
    let same =
        world.post("/v1/payments", &ada, json!({ "bookingId": there["bookingId"] })).await.expect_status(200);
    assert_eq!(same["checkoutSessionId"], asked["checkoutSessionId"], "one session for both ways");
    let other = world.person("customer").await;
    world.post("/v1/payments", &other, back.clone()).await.expect_status(404);

    world.pay(&asked).await.expect_status(200);
    let path = |booking: &Value| format!("/v1/bookings/{}", booking.as_str().unwrap());
    for id in [&there["bookingId"], &there["returnBookingId"]] {
        let booking = world.get(&path(id), &ada).await.expect_status(200);
        assert_eq!(booking["status"], "confirmed", "{id}");
        assert_eq!(booking["payment"]["status"], "completed");
        assert_eq!(booking["payment"]["paymentId"], asked["paymentId"]);
    }
    world.post("/v1/payments", &ada, back).await.expect_status(409);
    let payments = world.table().into_keys().filter(|key| key.contains("PAYMENT#")).count();
    assert_eq!(payments, 1);

    world.assign(&staff, &there, "driver_demo1").await.expect_status(200);
    let job = json!({ "bookingId": there["returnBookingId"], "driverId": "driver_demo2" });
    world.post("/v1/dispatch", &staff, job).await.expect_status(200);
    let there = world.get(&path(&there["bookingId"]), &staff).await.expect_status(200);
    assert_eq!(
        (&there["status"], &there["driver"]["driverId"]),
        (&json!("assigned"), &json!("driver_demo1"))
    );
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn a_wheelchair_goes_in_a_vehicle_that_takes_one_and_costs_nothing() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let staff = world.person("dispatcher").await;
    let plain = world.quote(DAY).await;
    let mut asked = world.journey(DAY);
    asked["extras"] = json!(["wheelchair_access"]);
    let quote = world.post("/v1/quotes", None, asked).await.expect_status(201);
    assert_eq!(quote["pricing"]["breakdown"], plain["pricing"]["breakdown"]);
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let booking = world.post("/v1/bookings", &ada, order).await.expect_status(201);
    let (_, payment) =
        (0, world.post("/v1/payments", &ada, json!({ "bookingId": booking["bookingId"] })).await);
    world.pay(&payment.expect_status(201)).await.expect_status(200);
    let refused = world.assign(&staff, &booking, "driver_demo1").await.expect_status(409);
    assert_eq!(refused["current"]["reason"], "no_wheelchair_access");
    world.assign(&staff, &booking, "driver_demo8").await.expect_status(200);
    world.settle().await;
    world.leaves_messages();
}
