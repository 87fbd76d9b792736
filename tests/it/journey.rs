//! The whole journey, through HTTP.

use nots_testkit::World;
use serde_json::json;

#[tokio::test]
async fn from_a_price_to_a_finished_ride() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;

    let booking = world.confirmed(&customer, 86_400).await;
    assert_eq!(
        (&booking["status"], &booking["payment"]["status"]),
        (&json!("confirmed"), &json!("completed"))
    );
    let assigned = world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    assert_eq!(assigned["driver"]["licenceNumber"], "PHD-2101");
    let jobs = world.get("/v1/drivers/me/jobs", &driver).await.expect_status(200);
    assert_eq!(jobs["items"][0]["bookingId"], booking["bookingId"]);
    let path = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    for progress in ["en_route", "arrived", "passenger_onboard", "completed"] {
        world.patch(&path, &driver, json!({ "progress": progress })).await.expect_status(200);
    }
    let done = world.booking(&booking, &customer).await;
    assert_eq!(done["status"], "completed");
    for moment in
        ["created", "confirmed", "assigned", "driverEnRoute", "arrived", "passengerOnboard", "completed"]
    {
        assert!(done["timeline"][moment].is_i64(), "{moment}");
    }
    assert!(done["timeline"]["cancelled"].is_null());

    world.settle().await;
    let told = ["arrived", "assigned", "completed", "confirmed"];
    let expected: Vec<_> =
        ["email", "sms"].iter().flat_map(|c| told.iter().map(move |e| format!("{c} {e}"))).collect();
    assert_eq!(world.told(), expected);
    let history: Vec<_> = world.table().into_keys().filter(|key| key.contains("HISTORY#")).collect();
    assert_eq!(history.len(), 7, "a row for every version: {history:?}");
}
