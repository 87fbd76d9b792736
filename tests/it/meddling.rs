//! What lands between reading and writing: the transaction itself must refuse it.

use std::sync::Arc;

use nots_core::{
    Actor, DriverId, Timestamp, VehicleId, access,
    entity::{DriverValidity, VehicleValidity, driver::FleetStatus, validity::Standing},
    ports::Table,
    table::Transaction,
};
use nots_local::Options;
use nots_testkit::{MeddledTable, Meddler, World};
use serde_json::{Value, json};

async fn world() -> (World, Arc<Meddler>) {
    let meddler = Arc::new(Meddler::default());
    let handed = meddler.clone();
    let wrap = move |table| Arc::new(MeddledTable::over(table, handed)) as Arc<dyn Table>;
    (World::with(Options { wrap_table: Some(Box::new(wrap)), ..Options::default() }).await, meddler)
}

fn standing(status: FleetStatus, until: i64) -> Standing {
    Standing { status, valid_until: Timestamp::new(until).unwrap(), limited_by: "dbs".to_owned() }
}

async fn driver_becomes(table: Arc<dyn Table>, standing: Standing) {
    let row = table
        .read(access::driver_validity(&DriverId::parse("driver_demo1").unwrap()))
        .await
        .unwrap()
        .unwrap();
    let now = row.meta.updated_at;
    let change = DriverValidity::revise(row, standing, Actor::System, now);
    table.commit(Transaction::new().rewrite(&change)).await.unwrap();
}

async fn vehicle_becomes(table: Arc<dyn Table>, standing: Standing) {
    let id = VehicleId::parse("vehicle_demo1").unwrap();
    let row = table.read(access::vehicle_validity(&id)).await.unwrap().unwrap();
    let now = row.meta.updated_at;
    let change = VehicleValidity::revise(row, standing, Actor::System, now);
    table.commit(Transaction::new().rewrite(&change)).await.unwrap();
}

fn without_validity(world: &World) -> Vec<(String, Value)> {
    world.table().into_iter().filter(|(key, _)| !key.ends_with("VALIDITY")).collect()
}

#[tokio::test]
async fn a_suspension_or_an_expiry_that_lands_a_moment_before_an_assignment_wins() {
    let (world, meddler) = world().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&customer, 86_400).await;
    let far = world.now() + 10_000_000;
    let ends = booking["journey"]["pickupTime"].as_i64().unwrap()
        + booking["journey"]["duration"]["seconds"].as_i64().unwrap();
    let before = without_validity(&world);
    for (driver, vehicle) in [
        (Some(standing(FleetStatus::Suspended, far)), None),
        (Some(standing(FleetStatus::Active, ends)), None),
        (None, Some(standing(FleetStatus::Suspended, far))),
        (None, Some(standing(FleetStatus::Active, ends))),
    ] {
        meddler.before_the_next_transaction(move |table| async move {
            if let Some(standing) = driver {
                driver_becomes(table.clone(), standing).await;
            }
            if let Some(standing) = vehicle {
                vehicle_becomes(table, standing).await;
            }
        });
        let refused = world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(409);
        assert_eq!(refused["current"]["reason"], "not_valid");
        assert_eq!(without_validity(&world), before);
        let table = || world.platform.ports.table.clone();
        driver_becomes(table(), standing(FleetStatus::Active, far)).await;
        vehicle_becomes(table(), standing(FleetStatus::Active, far)).await;
    }
    world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);

    let path = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    let driver = world.driver("driver_demo1").await;
    meddler.before_the_next_transaction(move |table| {
        driver_becomes(table, standing(FleetStatus::Suspended, far))
    });
    let refused = world.patch(&path, &driver, json!({ "progress": "en_route" })).await.expect_status(409);
    assert_eq!(refused["current"]["reason"], "not_valid");
    world.settle().await;
}

#[tokio::test]
async fn a_quote_that_is_used_up_meanwhile_makes_no_second_booking() {
    let (world, meddler) = world().await;
    let customer = world.person("customer").await;
    let quote = world.quote(86_400).await;
    let body = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let id = nots_core::QuoteId::parse(quote["quoteId"].as_str().unwrap()).unwrap();
    meddler.before_the_next_transaction(move |table| async move {
        // As an amendment would: the quote is used, and no booking of its own comes of it.
        let row = table.read(access::quote(&id)).await.unwrap().unwrap();
        let now = row.meta.updated_at;
        let used = nots_core::entity::Quote::use_up(row, None, Actor::System, now).unwrap();
        table.commit(Transaction::new().apply(&used)).await.unwrap();
    });
    world.post("/v1/bookings", &customer, body).await.expect_status(409);
    assert!(!world.table().keys().any(|key| key.starts_with("BOOKING#") || key.starts_with("REF#")));
}
