//! The driver who has the job, and the vehicle: they keep it for its new time, or it is taken from them.

use nots_core::{
    Actor, DriverId, Timestamp, access,
    entity::{DriverValidity, driver::FleetStatus, validity::Standing},
    ports::Table,
    table::Transaction,
};
use nots_local::Options;
use nots_testkit::{MeddledTable, Meddler};

use super::*;

const HOUR: i64 = 3_600;
const DRIVER: &str = "driver_demo1";

/// Whose days hold a booking, and from when to when.
fn held(world: &World, booking: &Value) -> Vec<(String, i64, i64)> {
    let mut held = Vec::new();
    for (key, item) in world.table().iter().filter(|(key, _)| key.contains(" / DAY#")) {
        for job in item["Data"]["M"]["jobs"]["L"].as_array().unwrap() {
            let number = |name: &str| job["M"][name]["N"].as_str().unwrap().parse::<i64>().unwrap();
            if job["M"]["bookingId"]["S"] == booking["bookingId"] {
                let whose = key.split('#').next().unwrap().to_lowercase();
                held.push((whose, number("from"), number("to")));
            }
        }
    }
    // A job over midnight stands in both days.
    held.sort();
    held.dedup();
    held
}

/// For how long driver and vehicle must be held for a booking as it is.
fn kept_free(booking: &Value) -> Vec<(String, i64, i64)> {
    let journey = &booking["journey"];
    let from = journey["pickupTime"].as_i64().unwrap() - 600;
    let to = from + journey["duration"]["seconds"].as_i64().unwrap() + 1_200;
    vec![("driver".to_owned(), from, to), ("vehicle".to_owned(), from, to)]
}

async fn assigned(world: &World, ada: &Person, staff: &Person, in_seconds: i64) -> Value {
    let booking = world.confirmed(ada, in_seconds).await;
    world.assign(staff, &booking, DRIVER).await.expect_status(200)
}

/// A quote that costs less, to begin so many seconds from now.
async fn cheaper(world: &World, in_seconds: i64) -> Value {
    quote(world, |journey| {
        nearer(journey);
        journey["pickupTime"] = json!(world.now() + in_seconds);
    })
    .await
}

#[tokio::test]
async fn who_is_free_then_keeps_the_job_and_the_old_time_is_free_again() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    for moved in [HOUR / 2, 6 * HOUR, 2 * DAY] {
        let booking = assigned(&world, &ada, &staff, DAY).await;
        assert_eq!(held(&world, &booking), kept_free(&booking));
        let fresh = cheaper(&world, DAY + moved).await;
        let seen = amend(&world, &staff, &booking, &fresh).await.expect_status(200);
        assert_eq!((&seen["status"], &seen["driver"]), (&json!("assigned"), &booking["driver"]));
        assert_eq!(seen["journey"]["pickupTime"], fresh["pickupTime"]);
        assert_eq!(held(&world, &seen), kept_free(&seen), "the new time, and no other");
        assert_eq!(seen["committed"]["from"], kept_free(&seen)[0].1);
        let other = world.confirmed(&ada, DAY + moved).await;
        let refused = world.assign(&staff, &other, DRIVER).await.expect_status(409);
        assert_eq!(refused["current"]["bookingReference"], booking["bookingReference"]);
        world.delete(&path(&seen), &staff, json!({ "reason": "Tried" })).await.expect_status(200);
        assert_eq!(held(&world, &seen), []);
    }
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn who_is_busy_then_has_the_job_taken_away_and_the_customer_is_told_of_the_change() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let busy = assigned(&world, &ada, &staff, 2 * DAY).await;
    let booking = assigned(&world, &ada, &staff, DAY).await;
    world.settle().await;
    let told = world.told().len();
    let fresh = cheaper(&world, 2 * DAY + 60).await;
    let seen = amend(&world, &staff, &booking, &fresh).await.expect_status(200);
    assert_eq!(
        (&seen["status"], &seen["driver"], &seen["vehicle"]),
        (&json!("confirmed"), &Value::Null, &Value::Null)
    );
    assert_eq!((&seen["timeline"]["assigned"], seen.get("committed")), (&Value::Null, None));
    assert_eq!((held(&world, &booking), held(&world, &busy).len()), (vec![], 2));
    world.settle().await;
    assert_eq!(world.told().len(), told + 2, "of the change, by e-mail and text message");
    let outbox = world.platform.outbox.newest_first();
    let mail = outbox.iter().find(|sent| sent.channel == "email" && sent.event == "amended").unwrap();
    assert!(mail.text.contains("once a driver is assigned"), "{}", mail.text);
    assert!(mail.text.contains("We refund"), "{}", mail.text);
    assert!(mail.text.contains("Bournemouth Pier"), "{}", mail.text);
    // Somebody else takes it.
    world.assign(&staff, &seen, "driver_demo2").await.expect_status(200);
    world.settle().await;
    let path = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    let first = world.driver(DRIVER).await;
    world.patch(&path, &first, json!({ "progress": "en_route" })).await.expect_status(404);
}

#[tokio::test]
async fn a_vehicle_of_another_kind_is_taken_away_and_one_that_serves_stays() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    for (kind, passengers, stays) in [("standard", 4, true), ("minibus", 7, false)] {
        let booking = world.booked(&ada, DAY).await;
        let body = json!({ "bookingId": booking["bookingId"], "method": "cash" });
        world.post("/v1/payments", &staff, body).await.expect_status(200);
        world.assign(&staff, &booking, DRIVER).await.expect_status(200);
        let fresh = quote(&world, |journey| {
            journey["vehicleType"] = json!(kind);
            journey["passengers"] = json!(passengers);
        });
        let seen = amend(&world, &staff, &booking, &fresh.await).await.expect_status(200);
        assert_eq!(seen["status"], if stays { "assigned" } else { "confirmed" }, "{kind}");
        assert_eq!(held(&world, &booking).len(), if stays { 2 } else { 0 });
        world.delete(&path(&seen), &staff, json!({ "reason": "Tried" })).await.expect_status(200);
    }
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn a_change_that_is_paid_moves_the_job_or_takes_it_away_when_it_is_paid() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    for free in [true, false] {
        let booking = assigned(&world, &ada, &staff, DAY).await;
        let fresh = quote(&world, |journey| {
            farther(journey);
            journey["pickupTime"] = json!(world.now() + 2 * DAY);
        })
        .await;
        let seen = amend(&world, &staff, &booking, &fresh).await.expect_status(200);
        assert_eq!(held(&world, &booking), kept_free(&booking), "the old terms hold");
        assert_eq!(seen["amendment"]["askedBy"], staff.id);
        let page = pay_page(&world, &ada, &booking).await.expect_status(201);
        if !free {
            assigned(&world, &ada, &staff, 2 * DAY + 60).await;
        }
        world.pay(&page).await.expect_status(200);
        let seen = world.booking(&booking, &staff).await;
        assert_eq!((&seen["journey"]["pickupTime"], total(&seen)), (&fresh["pickupTime"], total(&fresh)));
        if free {
            assert_eq!((&seen["status"], &seen["driver"]), (&json!("assigned"), &booking["driver"]));
            assert_eq!(held(&world, &booking), kept_free(&seen));
            world.delete(&path(&seen), &staff, json!({ "reason": "Tried" })).await.expect_status(200);
        } else {
            assert_eq!((&seen["status"], &seen["driver"]), (&json!("confirmed"), &Value::Null));
            assert_eq!(held(&world, &booking), []);
        }
    }
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn once_the_driver_has_set_out_nothing_is_changed_and_what_is_paid_for_it_goes_back() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = assigned(&world, &ada, &staff, DAY).await;
    let fresh = quote(&world, farther).await;
    amend(&world, &staff, &booking, &fresh).await.expect_status(200);
    let page = pay_page(&world, &ada, &booking).await.expect_status(201);
    let job = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    let driver = world.driver(DRIVER).await;
    let seen = world.patch(&job, &driver, json!({ "progress": "en_route" })).await.expect_status(200);
    assert!(seen.get("amendment").is_none() && seen.get("amended").is_none(), "not the driver's");
    assert_eq!(world.booking(&booking, &ada).await["amendment"]["status"], "lapsed");
    let late = quote(&world, nearer).await;
    let refused = amend(&world, &staff, &booking, &late).await.expect_status(409);
    assert_eq!(refused["current"], json!({ "status": "assigned", "lastStep": "en_route" }));
    pay_page(&world, &ada, &booking).await.expect_status(409);
    world.pay(&page).await.expect_status(200);
    let seen = world.booking(&booking, &staff).await;
    assert_eq!((&seen["journey"], &seen["status"]), (&booking["journey"], &json!("assigned")));
    assert_eq!(held(&world, &booking), kept_free(&booking));
    let more = total(&fresh) - total(&booking);
    assert_eq!(refunds(&world), [("paid_too_late".to_owned(), "succeeded".to_owned(), more)]);
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn who_is_suspended_a_moment_before_has_it_taken_away() {
    let meddler = std::sync::Arc::new(Meddler::default());
    let handed = meddler.clone();
    let wrap =
        move |table| std::sync::Arc::new(MeddledTable::over(table, handed)) as std::sync::Arc<dyn Table>;
    let world = World::with(Options { wrap_table: Some(Box::new(wrap)), ..Options::default() }).await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = assigned(&world, &ada, &staff, DAY).await;
    let fresh = cheaper(&world, 2 * DAY).await;
    meddler.before_the_next_transaction(|table| async move {
        let id = DriverId::parse(DRIVER).unwrap();
        let row = table.read(access::driver_validity(&id)).await.unwrap().unwrap();
        let (now, valid_until) = (row.meta.updated_at, Timestamp::MAX);
        let status = FleetStatus::Suspended;
        let standing = Standing { status, valid_until, limited_by: "dbs".to_owned() };
        let change = DriverValidity::revise(row, standing, Actor::System, now);
        table.commit(Transaction::new().rewrite(&change)).await.unwrap();
    });
    let seen = amend(&world, &staff, &booking, &fresh).await.expect_status(200);
    assert_eq!((&seen["status"], held(&world, &booking)), (&json!("confirmed"), vec![]));
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn a_job_that_is_given_while_it_is_changed_is_held_for_the_time_that_it_has() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    for round in 0..6 {
        let booking = world.confirmed(&ada, 2 * DAY + round * 2 * HOUR).await;
        let fresh = cheaper(&world, 5 * DAY + round * 2 * HOUR).await;
        let (given, changed) = futures_util::join!(
            world.assign(&staff, &booking, DRIVER),
            amend(&world, &staff, &booking, &fresh)
        );
        given.expect_status(200);
        changed.expect_status(200);
        let seen = world.booking(&booking, &staff).await;
        assert_eq!(seen["journey"]["pickupTime"], fresh["pickupTime"]);
        assert_eq!(held(&world, &booking), kept_free(&seen));
    }
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn a_change_is_two_reads_and_a_write_at_most() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = assigned(&world, &ada, &staff, DAY).await;
    let fresh = cheaper(&world, 2 * DAY).await;
    let waits = quote(&world, farther).await;
    let counted = async |body: Value| {
        let _ = world.platform.meter.take();
        world.patch(&path(&booking), &staff, body).await.expect_status(200);
        world.platform.meter.take().round_trips
    };
    assert_eq!(counted(json!({ "luggage": 4 })).await, 2);
    assert_eq!(counted(json!({ "luggage": 4 })).await, 1, "again");
    assert_eq!(counted(json!({ "passengers": 4 })).await, 3, "the vehicle's seats are looked at");
    assert_eq!(counted(json!({ "quoteId": fresh["quoteId"] })).await, 3);
    assert_eq!(counted(json!({ "quoteId": fresh["quoteId"] })).await, 1, "again");
    assert_eq!(counted(json!({ "quoteId": waits["quoteId"] })).await, 3);
    let page = pay_page(&world, &ada, &booking).await.expect_status(201);
    let _ = world.platform.meter.take();
    told_of(&world, &booking, &page).await;
    assert_eq!(world.platform.meter.take().round_trips, 4, "the attempt is found by its session");
    assert_eq!(world.booking(&booking, &ada).await["amended"]["number"], 2);
    world.settle().await;
    world.leaves_messages();
}
