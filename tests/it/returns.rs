//! Journeys there and back: one quote, two linked bookings, one payment.

use futures_util::future::join_all;
use nots_core::{
    BookingId, access,
    table::{Condition, Op, RawKey, attr},
};
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
    // The clock goes on while this runs.
    let (asked, now) = (back["journey"]["pickupTime"].as_i64().unwrap(), world.now());
    assert!((now - 60..=now).contains(&(asked - 3 * DAY)), "{asked}");
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
    let payment = json!({ "bookingId": booking["bookingId"] });
    let payment = world.post("/v1/payments", &ada, payment).await.expect_status(201);
    world.pay(&payment).await.expect_status(200);
    let refused = world.assign(&staff, &booking, "driver_demo1").await.expect_status(409);
    assert_eq!(refused["current"]["reason"], "no_wheelchair_access");
    world.assign(&staff, &booking, "driver_demo8").await.expect_status(200);
    world.settle().await;
    world.leaves_messages();
}

/// Puts an item as it is with these changes of its `Data`, as another version of the code, or an import, might have it.
async fn change(world: &World, id: &str, becomes: &str, changes: &[(&str, &str)]) {
    let table = &world.platform.ports.table;
    let row = table.read(access::booking(&BookingId::parse(id).unwrap())).await.unwrap().expect("a booking");
    let mut item = row.to_item().unwrap();
    for (at, value) in [("PK", format!("BOOKING#{becomes}")), ("GSI1PK", "STATUS#".to_owned())] {
        let status = changes.iter().find(|(name, _)| *name == "status").map_or("pending", |(_, value)| value);
        let value = if at == "GSI1PK" { format!("{value}{status}") } else { value };
        item.insert(at.to_owned(), attr::text(value));
    }
    let data = attr::data(&mut item).unwrap();
    data.insert("bookingId".to_owned(), attr::text(becomes));
    for (name, value) in changes {
        data.insert((*name).to_owned(), attr::text(*value));
    }
    item.insert("Version".to_owned(), attr::number(2));
    let key = RawKey { pk: format!("BOOKING#{becomes}"), sk: "METADATA".to_owned() };
    let condition = if id == becomes { Condition::Unchanged(row.meta.version) } else { Condition::Absent };
    let op = Op::Put { entity: "Booking", key, item, spread: Vec::new(), condition };
    table.write_items(vec![op]).await.unwrap();
}

#[tokio::test]
async fn a_booking_that_only_sounds_like_a_way_back_is_not_confirmed_with_another() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.booked(&ada, DAY).await;
    let id = booking["bookingId"].as_str().unwrap();
    let namesake = format!("{id}r");
    change(&world, id, &namesake, &[("bookingReference", "NOTS-OTHER")]).await;
    let payment = world.post("/v1/payments", &ada, json!({ "bookingId": id })).await.expect_status(201);
    world.pay(&payment).await.expect_status(200);
    let status = async |id: &str| {
        world.get(&format!("/v1/bookings/{id}"), &ada).await.expect_status(200)["status"].clone()
    };
    assert_eq!((status(id).await, status(&namesake).await), (json!("confirmed"), json!("pending")));
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn money_for_two_ways_confirms_the_one_that_still_waits_for_it_and_the_rest_goes_back() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let quote = quoted(&world).await;
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let there = world.post("/v1/bookings", &ada, order).await.expect_status(201);
    let (id, back) = (there["bookingId"].as_str().unwrap(), there["returnBookingId"].as_str().unwrap());
    let ask = || world.post("/v1/payments", &ada, json!({ "bookingId": id }));
    let both = ask().await.expect_status(201);
    let why = json!({ "reason": "One way will do" });
    world.delete(&format!("/v1/bookings/{back}"), &ada, why).await.expect_status(200);
    // Nobody is asked to pay for both ways any more, and who has the page open is not lost.
    let one = ask().await.expect_status(201);
    assert_ne!(one["checkoutSessionId"], both["checkoutSessionId"]);
    assert_eq!(one["amount"]["total"], there["pricing"]["total"]);
    world.post("/v1/payments", &ada, json!({ "bookingId": back })).await.expect_status(409);
    world.pay(&both).await.expect_status(200);
    for (id, status) in [(id, "confirmed"), (back, "cancelled")] {
        let booking = world.get(&format!("/v1/bookings/{id}"), &ada).await.expect_status(200);
        assert_eq!(booking["status"], status, "{id}");
    }
    world.settle().await;
    let more = pence(&both["amount"]["total"]) - pence(&one["amount"]["total"]);
    assert_eq!(refunded(&world), [("paid_twice".to_owned(), "succeeded".to_owned(), more)]);
    // The page with the right price is still open in another tab.
    world.pay(&one).await.expect_status(200);
    world.settle().await;
    let mut refunds = vec![more, pence(&one["amount"]["total"])]
        .into_iter()
        .map(|amount| ("paid_twice".to_owned(), "succeeded".to_owned(), amount))
        .collect::<Vec<_>>();
    refunds.sort();
    assert_eq!(refunded(&world), refunds, "a session that is paid after another is refunded in full");
    let seen = world.get(&format!("/v1/bookings/{id}"), &ada).await.expect_status(200);
    assert_eq!((&seen["status"], &seen["payment"]["status"]), (&json!("confirmed"), &json!("completed")));
}

/// Refunds in the table: why, where they stand, and how much, in order.
fn refunded(world: &World) -> Vec<(String, String, i64)> {
    let all = world.table().into_iter().filter(|(key, _)| key.contains(" / REFUND#"));
    let mut all: Vec<_> = all
        .map(|(_, item)| {
            let data = &item["Data"]["M"];
            let text = |name: &str| data[name]["S"].as_str().unwrap().to_owned();
            let amount = data["amount"]["M"]["total"]["N"].as_str().unwrap().parse().unwrap();
            (text("cause"), text("status"), amount)
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn many_clicks_at_once_make_one_pair_and_one_payment() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let quote = quoted(&world).await;
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let clicks = (0..6).map(|_| world.post("/v1/bookings", &ada, order.clone()));
    let answers = join_all(clicks).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| [200, 201].contains(&answer.status)));
    let table = world.table();
    let with = |part: &str| table.keys().filter(|key| key.contains(part)).count();
    let bookings =
        table.keys().filter(|key| key.starts_with("BOOKING#") && key.ends_with("METADATA")).count();
    assert_eq!((bookings, with("PAYMENT#"), with("REF#")), (2, 1, 2));
}
