//! Prices.

use nots_testkit::World;
use serde_json::{Value, json};

#[tokio::test]
async fn a_quote_is_priced_from_the_tariff_in_the_table_and_says_so() {
    let world = World::new().await;
    let quote = world.quote(world.to_noon(1)).await;
    assert_eq!(quote["journey"]["source"], "estimate");
    assert_eq!(quote["pricing"]["tariffVersion"], 1);
    assert_eq!(quote["expiresAt"].as_i64(), quote["createdAt"].as_i64().map(|at| at + 900));
    let lines = quote["pricing"]["lines"].as_array().unwrap();
    let sum: i64 = lines.iter().map(|line| line["amount"].as_i64().unwrap()).sum();
    assert_eq!(quote["pricing"]["breakdown"]["total"], sum);
    assert_eq!(
        lines.iter().map(|l| l["rule"].as_str().unwrap()).collect::<Vec<_>>(),
        ["base", "distance", "time"]
    );
    let alternatives: Vec<_> = quote["alternatives"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["vehicleType"].as_str().unwrap())
        .collect();
    assert_eq!(alternatives, ["executive", "minibus"]);
    let again = world.get(&format!("/v1/quotes/{}", quote["quoteId"].as_str().unwrap()), None).await;
    assert_eq!(again.expect_status(200), quote);
}

#[tokio::test]
async fn an_address_that_the_gazetteer_knows_needs_no_coordinates() {
    let world = World::new().await;
    let mut body = world.journey(3_600);
    body["pickupLocation"] = json!({ "address": "bournemouth railway station" });
    body["dropoffLocation"] = json!({ "address": "Heathrow Terminal 5" });
    let quote = world.post("/v1/quotes", None, body.clone()).await.expect_status(201);
    assert_eq!(quote["pickupLocation"]["latitude"], 50.726);
    assert!(quote["journey"]["distance"]["meters"].as_i64().unwrap() > 120_000);
    body["dropoffLocation"] = json!({ "address": "12 Acacia Avenue, Poole" });
    let refused = world.post("/v1/quotes", None, body).await.expect_status(422);
    assert_eq!(refused["errors"][0]["pointer"], "/dropoffLocation/address");
}

#[tokio::test]
async fn alternatives_are_those_that_fit() {
    let world = World::new().await;
    let mut body = world.journey(3_600);
    body["passengers"] = json!(7);
    body["vehicleType"] = json!("minibus");
    let quote = world.post("/v1/quotes", None, body).await.expect_status(201);
    assert_eq!(quote["alternatives"], json!([]));
}

#[tokio::test]
async fn an_expired_quote_is_gone_for_as_long_as_the_item_is_there_and_then_not_found() {
    let world = World::new().await;
    let quote = world.quote(86_400).await;
    let path = format!("/v1/quotes/{}", quote["quoteId"].as_str().unwrap());
    world.platform.advance(890).await.unwrap();
    world.get(&path, None).await.expect_status(200);
    world.platform.advance(10).await.unwrap();
    world.get(&path, None).await.expect_status(410);
    world.platform.advance(47 * 3_600).await.unwrap();
    world.get(&path, None).await.expect_status(410);
    world.platform.advance(2 * 3_600).await.unwrap();
    world.get(&path, None).await.expect_status(404);
}

#[tokio::test]
async fn twelve_months_ahead_and_no_further() {
    let world = World::new().await;
    let mut body = world.journey(365 * 86_400 - 60);
    world.post("/v1/quotes", None, body.clone()).await.expect_status(201);
    body["pickupTime"] = json!(world.now() + 367 * 86_400);
    let refused = world.post("/v1/quotes", None, body).await.expect_status(422);
    assert_eq!(pointers(&refused), ["/pickupTime"]);
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn without_a_tariff_nothing_is_quoted() {
    let world = World::with(nots_local::Options { empty: true, ..Default::default() }).await;
    let problem = world.post("/v1/quotes", None, world.journey(3_600)).await.expect_status(503);
    assert!(problem["detail"].as_str().unwrap().contains("tariff"), "{problem}");
}
