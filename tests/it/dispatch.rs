//! Giving jobs to drivers: nobody twice at once, nobody unlicensed.

use futures_util::future::join_all;
use nots_core::{
    Actor, DriverId, Timestamp, VehicleId, access,
    entity::{DriverValidity, VehicleValidity, driver::FleetStatus, validity::Standing},
    ports::Table,
    table::Transaction,
};
use nots_testkit::{Person, World};
use serde_json::{Value, json};

#[tokio::test]
async fn fifty_at_once_for_one_booking_have_one_winner() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&customer, 86_400).await;
    let drivers = (0..50).map(|n| format!("driver_demo{}", n % 4 + 1)).collect::<Vec<_>>();
    let answers = join_all(drivers.iter().map(|driver| world.assign(&dispatcher, &booking, driver))).await;
    let of = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((of(200), of(409)), (1, 49), "{answers:?}");
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
    let now = world.booking(&booking, &dispatcher).await;
    assert_eq!(now["driver"], winner.body["driver"]);
    let loser = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert_eq!(loser.body["current"]["status"], "assigned", "it says what is");
    assert_eq!(days(&world), 2, "one day of one driver and of one vehicle");
    world.settle().await;
}

/// Schedule days with a job in them.
fn days(world: &World) -> usize {
    let jobs = |item: &Value| item["Data"]["M"]["jobs"]["L"].as_array().map_or(0, Vec::len);
    world.table().iter().filter(|(key, item)| key.contains("DAY#") && jobs(item) > 0).count()
}

/// Of overlapping bookings given to one driver at once, the one who got the job; the others are told of it.
async fn one_winner(world: &World, dispatcher: &Person, bookings: &[Value], driver: &str) {
    let answers = join_all(bookings.iter().map(|booking| world.assign(dispatcher, booking, driver))).await;
    let of = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((of(200), of(409)), (1, bookings.len() - 1));
    let winner = answers.iter().find(|answer| answer.status == 200).unwrap();
    for loser in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(loser.body["current"]["reason"], "overlaps");
        assert_eq!(loser.body["current"]["bookingReference"], winner.body["bookingReference"]);
    }
}

#[tokio::test]
async fn fifty_at_once_of_overlapping_bookings_to_one_driver_have_one_winner() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let bookings = join_all((0..50).map(|n| world.confirmed(&customer, 86_400 + n * 30))).await;
    one_winner(&world, &dispatcher, &bookings, "driver_demo2").await;
    world.settle().await;
}

#[tokio::test]
async fn a_day_that_has_a_job_already_has_one_winner_too() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let (morning, noon) = (before_midnight(&world, 18 * 3_600), before_midnight(&world, 12 * 3_600));
    let early = world.confirmed(&customer, morning).await;
    world.assign(&dispatcher, &early, "driver_demo2").await.expect_status(200);
    let bookings = join_all((0..20).map(|n| world.confirmed(&customer, noon + n * 30))).await;
    one_winner(&world, &dispatcher, &bookings, "driver_demo2").await;

    // The same for a vehicle that drivers share.
    let (evening, shared) = (before_midnight(&world, 4 * 3_600), "vehicle_demo2");
    let bookings = join_all((0..20).map(|n| world.confirmed(&customer, evening + n * 30))).await;
    let answers = join_all(bookings.iter().enumerate().map(|(n, booking)| {
        let driver = format!("driver_demo{}", n % 4 + 1);
        let body = json!({ "bookingId": booking["bookingId"], "driverId": driver, "vehicleId": shared });
        let (world, dispatcher) = (&world, &dispatcher);
        async move { world.post("/v1/dispatch", dispatcher, body).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let jobs_of = |key: &str| world.table()[key]["Data"]["M"]["jobs"]["L"].as_array().unwrap().len();
    let day = nots_core::Timestamp::new(world.now() + noon).unwrap().day();
    assert_eq!(jobs_of(&format!("VEHICLE#{shared} / DAY#{day}")), 3);
    world.settle().await;
}

#[tokio::test]
async fn jobs_that_do_not_overlap_all_go_to_one_driver_at_once() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let bookings = join_all((0..6).map(|n| world.confirmed(&customer, 86_400 + n * 7_200))).await;
    let answers =
        join_all(bookings.iter().map(|booking| world.assign(&dispatcher, booking, "driver_demo3"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    world.settle().await;
}

/// Seconds from now to so many seconds before the midnight (UTC) after next.
fn before_midnight(world: &World, seconds: i64) -> i64 {
    let day = 86_400;
    (world.now() / day + 2) * day - seconds - world.now()
}

#[tokio::test]
async fn jobs_each_side_of_midnight_see_each_other() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let late = world.confirmed(&customer, before_midnight(&world, 300)).await;
    let early = world.confirmed(&customer, before_midnight(&world, -300)).await;
    let clear = world.confirmed(&customer, before_midnight(&world, -2 * 3_600)).await;
    world.assign(&dispatcher, &early, "driver_demo1").await.expect_status(200);
    let refused = world.assign(&dispatcher, &late, "driver_demo1").await.expect_status(409);
    assert_eq!(refused["current"]["bookingReference"], early["bookingReference"]);
    world.assign(&dispatcher, &clear, "driver_demo1").await.expect_status(200);
    let body =
        json!({ "bookingId": late["bookingId"], "driverId": "driver_demo2", "vehicleId": "vehicle_demo1" });
    let refused = world.post("/v1/dispatch", &dispatcher, body).await.expect_status(409);
    assert_eq!(
        refused["current"]["reason"], "overlaps",
        "another driver cannot take the same vehicle either"
    );
    world.assign(&dispatcher, &late, "driver_demo2").await.expect_status(200);
    world.settle().await;
}

#[tokio::test]
async fn the_buffer_is_kept_before_a_pickup_and_after_a_drop_off() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let first = world.confirmed(&customer, 86_400).await;
    let ride = first["journey"]["duration"]["seconds"].as_i64().unwrap();
    let ends = first["journey"]["pickupTime"].as_i64().unwrap() + ride;
    let close = world.confirmed(&customer, ends + 1_190 - world.now()).await;
    let far = world.confirmed(&customer, ends + 1_200 - world.now() + 5).await;
    world.assign(&dispatcher, &first, "driver_demo1").await.expect_status(200);
    world.assign(&dispatcher, &close, "driver_demo1").await.expect_status(409);
    world.assign(&dispatcher, &far, "driver_demo1").await.expect_status(200);
    world.settle().await;
}

async fn revise_driver(table: &dyn Table, id: &str, status: FleetStatus, valid_until: Timestamp) {
    let row = table.read(access::driver_validity(&DriverId::parse(id).unwrap())).await.unwrap().unwrap();
    let standing = Standing { status, valid_until, limited_by: "phv_license".to_owned() };
    let change = DriverValidity::revise(row, standing, Actor::System, valid_until);
    table.commit(Transaction::new().rewrite(&change)).await.unwrap();
}

async fn revise_vehicle(table: &dyn Table, id: &str, status: FleetStatus, valid_until: Timestamp) {
    let row = table.read(access::vehicle_validity(&VehicleId::parse(id).unwrap())).await.unwrap().unwrap();
    let standing = Standing { status, valid_until, limited_by: "mot".to_owned() };
    let change = VehicleValidity::revise(row, standing, Actor::System, valid_until);
    table.commit(Transaction::new().rewrite(&change)).await.unwrap();
}

#[tokio::test]
async fn nobody_works_unlicensed() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&customer, 86_400).await;
    let table = world.platform.ports.table.as_ref();
    let pickup = booking["journey"]["pickupTime"].as_i64().unwrap();
    let at = |seconds| Timestamp::new(seconds).unwrap();
    let ends = pickup + booking["journey"]["duration"]["seconds"].as_i64().unwrap() + 600;

    let reason = |answer: Value| answer["current"]["reason"].as_str().unwrap().to_owned();
    revise_driver(table, "driver_demo1", FleetStatus::Active, at(ends - 1)).await;
    let refused = world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(409);
    assert!(
        refused["detail"].as_str().unwrap().contains("phv_license runs out before the job ends"),
        "{refused}"
    );
    assert_eq!(reason(refused), "not_valid");
    revise_driver(table, "driver_demo1", FleetStatus::Suspended, at(ends)).await;
    assert_eq!(
        reason(world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(409)),
        "not_active"
    );
    revise_driver(table, "driver_demo1", FleetStatus::Active, at(ends)).await;
    revise_vehicle(table, "vehicle_demo1", FleetStatus::Active, at(ends - 1)).await;
    assert_eq!(
        reason(world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(409)),
        "not_valid"
    );
    revise_vehicle(table, "vehicle_demo1", FleetStatus::Active, at(ends)).await;
    world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    world.settle().await;
}

#[tokio::test]
async fn the_vehicle_fits_the_booking() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let mut asked = world.journey(86_400);
    asked["passengers"] = json!(7);
    asked["vehicleType"] = json!("minibus");
    let quote = world.post("/v1/quotes", None, asked).await.expect_status(201);
    let body = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let booking = world.post("/v1/bookings", &customer, body).await.expect_status(201);
    let refused = world.assign(&dispatcher, &booking, "driver_demo8").await.expect_status(409);
    assert_eq!(refused["current"]["status"], "pending", "not before it is paid");
    let payment = world
        .post("/v1/payments", &customer, json!({ "bookingId": booking["bookingId"] }))
        .await
        .expect_status(201);
    world.pay(&payment).await.expect_status(200);
    let refused = world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(409);
    assert_eq!(refused["current"]["reason"], "too_few_seats");
    world.assign(&dispatcher, &booking, "driver_demo8").await.expect_status(200);

    let standard = world.confirmed(&customer, 86_400).await;
    world.assign(&dispatcher, &standard, "driver_demo5").await.expect_status(200);
    world.settle().await;
}

#[tokio::test]
async fn who_and_what_is_named_must_be_there() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&customer, 86_400).await;
    let table = world.table();
    for (body, pointer) in [
        (json!({ "bookingId": "booking_none", "driverId": "driver_demo1" }), "/bookingId"),
        (json!({ "bookingId": booking["bookingId"], "driverId": "driver_none" }), "/driverId"),
        (
            json!({ "bookingId": booking["bookingId"], "driverId": "driver_demo1", "vehicleId": "vehicle_none" }),
            "/vehicleId",
        ),
    ] {
        let refused = world.post("/v1/dispatch", &dispatcher, body).await.expect_status(404);
        assert_eq!(refused["errors"][0]["pointer"], pointer);
    }
    assert_eq!(world.table(), table);
    world.settle().await;
}

#[tokio::test]
async fn drivers_are_listed_by_status_and_those_on_duty_by_rating() {
    let world = World::new().await;
    let dispatcher = world.person("dispatcher").await;
    let all = world.get("/v1/drivers?limit=100", &dispatcher).await.expect_status(200);
    assert_eq!(all["items"].as_array().unwrap().len(), 9);
    let on_duty = world.get("/v1/drivers?available=true", &dispatcher).await.expect_status(200);
    let stars: Vec<_> = on_duty["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["performance"]["rating"].as_f64().unwrap())
        .collect();
    assert_eq!(stars.len(), 9);
    assert!(stars.is_sorted_by(|a, b| a >= b), "{stars:?}");
    let suspended = world.get("/v1/drivers?status=suspended", &dispatcher).await.expect_status(200);
    assert_eq!(suspended["items"], json!([]));
}

#[tokio::test]
async fn a_pickup_that_has_passed_is_driven_from_now_on() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let late = world.confirmed(&customer, 3_600).await;
    let next = world.confirmed(&customer, 4 * 3_600 + 600).await;
    world.assign(&dispatcher, &next, "driver_demo2").await.expect_status(200);
    world.platform.advance(4 * 3_600).await.unwrap();
    let dispatcher = world.person("dispatcher").await;
    let refused = world.assign(&dispatcher, &late, "driver_demo2").await.expect_status(409);
    assert_eq!(refused["current"]["bookingReference"], next["bookingReference"]);
    world.assign(&dispatcher, &late, "driver_demo1").await.expect_status(200);
    world.settle().await;
}
