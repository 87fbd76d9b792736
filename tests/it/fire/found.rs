//! What was found by playing, each by itself.

use nots_testkit::World;
use serde_json::json;

#[tokio::test]
async fn what_was_taken_in_cash_for_one_of_two_ways_can_go_back() {
    let world = World::new().await;
    let (staff, admin) = (world.person("dispatcher").await, world.person("admin").await);
    let mut asked = world.journey(86_400);
    asked["returnJourney"] = json!(true);
    asked["returnPickupTime"] = json!(world.now() + 3 * 86_400);
    let quote = world.post("/v1/quotes", None, asked).await.expect_status(201);
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let there = world.post("/v1/bookings", &staff, order).await.expect_status(201);
    let id = there["bookingId"].as_str().unwrap();
    let cash = json!({ "bookingId": id, "method": "cash" });
    world.post("/v1/payments", &staff, cash).await.expect_status(200);
    world.assign(&staff, &there, "driver_demo1").await.expect_status(200);
    let driver = world.driver("driver_demo1").await;
    for step in ["en_route", "arrived", "passenger_onboard", "completed"] {
        let body = json!({ "progress": step });
        world.patch(&format!("/v1/jobs/{id}"), &driver, body).await.expect_status(200);
    }
    let fare = there["pricing"]["total"].as_i64().unwrap();
    let path = format!("/v1/payments/{}/refunds", id.replace("booking_", "payment_"));
    let request = http::Request::post(path)
        .header("authorization", format!("Bearer {}", admin.token))
        .header("idempotency-key", "all")
        .body(bytes::Bytes::from(json!({ "amount": fare, "reason": "It broke down" }).to_string()))
        .unwrap();
    let answer = world.platform.gateway.handle(request).await;
    assert_eq!(answer.status().as_u16(), 201, "{:?}", answer.body());
    world.settle().await;
}
