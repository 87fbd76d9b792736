//! The driver's steps: each in its order, and only by the driver who has the job.

use nots_core::{
    Actor, DriverId, Timestamp, access,
    entity::{DriverValidity, driver::FleetStatus, validity::Standing},
    table::Transaction,
};
use nots_testkit::{Person, World};
use serde_json::{Value, json};

const STEPS: [&str; 4] = ["en_route", "arrived", "passenger_onboard", "completed"];

async fn assigned(world: &World) -> (Value, Person, String) {
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&customer, 86_400).await;
    world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    let path = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    (booking, world.driver("driver_demo1").await, path)
}

#[tokio::test]
async fn every_step_out_of_its_order_is_refused_and_changes_nothing() {
    let world = World::new().await;
    let (_, driver, path) = assigned(&world).await;
    for done in 0..=STEPS.len() {
        let last = done.checked_sub(1);
        for (at, step) in STEPS.iter().enumerate() {
            if at == done || Some(at) == last {
                continue;
            }
            let table = world.table();
            let refused = world.patch(&path, &driver, json!({ "progress": step })).await.expect_status(409);
            assert_eq!(
                refused["current"]["nextStep"],
                STEPS.get(done).map_or(Value::Null, |next| json!(next))
            );
            assert_eq!(world.table(), table, "{step} after {last:?}");
        }
        if let Some(step) = STEPS.get(done) {
            world.patch(&path, &driver, json!({ "progress": step })).await.expect_status(200);
            let table = world.table();
            world.patch(&path, &driver, json!({ "progress": step })).await.expect_status(200);
            assert_eq!(world.table(), table, "a repeat of {step} changes nothing");
        }
    }
    world.settle().await;
}

#[tokio::test]
async fn only_the_driver_who_has_the_job() {
    let world = World::new().await;
    let (_, _, path) = assigned(&world).await;
    let other = world.driver("driver_demo2").await;
    let table = world.table();
    world.patch(&path, &other, json!({ "progress": "en_route" })).await.expect_status(404);
    world.patch("/v1/jobs/booking_none", &other, json!({ "progress": "en_route" })).await.expect_status(404);
    assert_eq!(world.table(), table);
    world.settle().await;
}

#[tokio::test]
async fn a_step_s_own_time_lies_between_the_step_before_and_two_minutes_from_now() {
    let world = World::new().await;
    let (_, driver, path) = assigned(&world).await;
    let now = world.now();
    for at in [now - 3_600, now + 190] {
        let refused =
            world.patch(&path, &driver, json!({ "progress": "en_route", "at": at })).await.expect_status(422);
        assert_eq!(refused["errors"][0]["pointer"], "/at");
    }
    world.platform.advance(600).await.unwrap();
    let place = json!({ "latitude": 50.72, "longitude": -1.88 });
    let sent_later = json!({ "progress": "en_route", "at": now + 300, "location": place });
    world.patch(&path, &driver, sent_later).await.expect_status(200);
    let refused = world.patch(&path, &driver, json!({ "progress": "arrived", "at": now + 300 - 121 })).await;
    assert_eq!(refused.expect_status(422)["errors"][0]["pointer"], "/at");
    let arrived = world
        .patch(&path, &driver, json!({ "progress": "arrived", "at": now + 400 }))
        .await
        .expect_status(200);
    assert_eq!(arrived["timeline"]["driverEnRoute"], now + 300);
    let onboard = json!({ "progress": "passenger_onboard", "at": world.now() + 100 });
    let onboard = world.patch(&path, &driver, onboard).await.expect_status(200);
    let kept = onboard["timeline"]["passengerOnboard"].as_i64().unwrap();
    assert!(kept <= world.now(), "a phone that is ahead takes no step after now");
    world.patch(&path, &driver, json!({ "progress": "completed" })).await.expect_status(200);
    let staff = world.person("dispatcher").await;
    let seen = world.booking(&arrived, &staff).await;
    assert_eq!(seen["steps"][0]["location"]["latitude"], 50.72);
    assert!(seen["steps"][0]["recordedAt"].as_i64().unwrap() >= now + 600);
    world.settle().await;
}

#[tokio::test]
async fn whose_badge_has_run_out_neither_sets_out_nor_takes_a_passenger_but_brings_one_home() {
    let world = World::new().await;
    let (_, driver, path) = assigned(&world).await;
    let table = world.platform.ports.table.as_ref();
    let set = |status: FleetStatus, until: i64| async move {
        let id = DriverId::parse("driver_demo1").unwrap();
        let row = table.read(access::driver_validity(&id)).await.unwrap().unwrap();
        let until = Timestamp::new(until).unwrap();
        let standing = Standing { status, valid_until: until, limited_by: "dbs".to_owned() };
        let change = DriverValidity::revise(row, standing, Actor::System, until);
        table.commit(Transaction::new().rewrite(&change)).await.unwrap();
    };
    let far = world.now() + 1_000_000;
    let take = |step: &'static str| world.patch(&path, &driver, json!({ "progress": step }));
    set(FleetStatus::Suspended, far).await;
    assert_eq!(take("en_route").await.expect_status(409)["current"]["reason"], "not_valid");
    set(FleetStatus::Active, far).await;
    take("en_route").await.expect_status(200);
    take("arrived").await.expect_status(200);
    set(FleetStatus::Active, world.now() - 1).await;
    assert_eq!(take("passenger_onboard").await.expect_status(409)["current"]["reason"], "not_valid");
    set(FleetStatus::Active, far).await;
    take("passenger_onboard").await.expect_status(200);
    set(FleetStatus::Suspended, far).await;
    take("completed").await.expect_status(200);
    world.settle().await;
}

#[tokio::test]
async fn a_change_is_held_to_the_version_that_its_caller_saw() {
    let world = World::new().await;
    let (_, driver, path) = assigned(&world).await;
    let booking = path.trim_start_matches("/v1/jobs/").to_owned();
    let seen = world.get(&format!("/v1/bookings/{booking}"), &driver).await;
    let etag = seen.headers["etag"].to_str().unwrap().to_owned();
    let send = async |step: &str, tag: &str| {
        let request = http::Request::patch(&path)
            .header("authorization", format!("Bearer {}", driver.token))
            .header("if-match", tag)
            .body(bytes::Bytes::from(json!({ "progress": step }).to_string()))
            .unwrap();
        let (parts, body) = world.platform.gateway.handle(request).await.into_parts();
        (parts.status.as_u16(), serde_json::from_slice::<Value>(&body).unwrap())
    };
    let table = world.table();
    for stale in ["\"999\"", "nonsense", ""] {
        let (status, problem) = send("en_route", stale).await;
        assert_eq!((status, &problem["current"]["version"]), (412, &seen.body["version"]), "{stale}");
    }
    assert_eq!(world.table(), table);
    assert_eq!(send("en_route", &etag).await.0, 200);
    assert_eq!(send("en_route", &etag).await.0, 200, "a repeat is answered as it was");
    assert_eq!(send("arrived", &etag).await.0, 412);
    assert_eq!(send("arrived", "*").await.0, 200);
    world.settle().await;
}
