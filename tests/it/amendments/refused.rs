//! What costs nothing, and what is refused.

use super::*;

#[tokio::test]
async fn what_costs_nothing_is_changed_at_once_and_null_takes_a_text_out() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.booked(&ada, DAY).await;
    let path = path(&booking);
    let asked = json!({
        "passengers": 4, "luggage": 3, "specialRequirements": "A guide dog", "pickupInstructions": "By the clock",
        "dropoffInstructions": "Gate B", "flightNumber": "BA123",
    });
    let seen = world.patch(&path, &ada, asked.clone()).await.expect_status(200);
    assert_eq!(
        (&seen["passengers"], &seen["luggage"], &seen["flightNumber"]),
        (&json!(4), &json!(3), &json!("BA123"))
    );
    assert_eq!(seen["journey"]["pickupInstructions"], "By the clock");
    assert_eq!((&seen["version"], total(&seen)), (&json!(2), total(&booking)));
    let table = world.table();
    assert_eq!(world.patch(&path, &ada, asked).await.expect_status(200), seen);
    assert_eq!(world.table(), table, "the same again writes nothing");
    let cleared = json!({ "specialRequirements": null, "pickupInstructions": null, "flightNumber": null });
    let seen = world.patch(&path, &ada, cleared).await.expect_status(200);
    assert!(seen.get("specialRequirements").is_none() && seen.get("flightNumber").is_none());
    assert!(seen["journey"].get("pickupInstructions").is_none());
    assert_eq!(seen["journey"]["dropoffInstructions"], "Gate B", "what is left out stays");

    let notes = json!({ "internalNotes": "Rang twice" });
    let seen = world.patch(&path, &staff, notes.clone()).await.expect_status(200);
    assert_eq!(seen["internalNotes"], "Rang twice");
    assert!(world.booking(&booking, &ada).await.get("internalNotes").is_none());
    let refused = world.patch(&path, &ada, notes).await.expect_status(422);
    assert_eq!(refused["errors"][0]["pointer"], "/internalNotes");
    world.settle().await;
}

#[tokio::test]
async fn what_is_changed_while_another_change_waits_holds_with_it_and_without() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let fresh = quote(&world, farther).await;
    let path = path(&booking);
    let asked = json!({ "quoteId": fresh["quoteId"], "passengers": 3, "flightNumber": "BA1" });
    let seen = world.patch(&path, &ada, asked).await.expect_status(200);
    assert_eq!((&seen["passengers"], seen.get("flightNumber")), (&json!(2), None), "it waits");
    let terms = &seen["amendment"]["terms"];
    assert_eq!((&terms["passengers"], &terms["flightNumber"]), (&json!(3), &json!("BA1")));
    // The same quote once more means what waits; without it, both.
    let asked = json!({ "quoteId": fresh["quoteId"], "passengers": 4 });
    let seen = world.patch(&path, &ada, asked).await.expect_status(200);
    assert_eq!((&seen["passengers"], &seen["amendment"]["terms"]["passengers"]), (&json!(2), &json!(4)));
    let seen = world.patch(&path, &ada, json!({ "luggage": 5 })).await.expect_status(200);
    assert_eq!((&seen["luggage"], &seen["amendment"]["terms"]["luggage"]), (&json!(5), &json!(5)));
    let page = pay_page(&world, &ada, &booking).await.expect_status(201);
    world.pay(&page).await.expect_status(200);
    let seen = world.booking(&booking, &ada).await;
    assert_eq!((&seen["passengers"], &seen["luggage"]), (&json!(4), &json!(5)));
    assert_eq!(seen["flightNumber"], "BA1");
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn a_quote_that_cannot_be_had_changes_nothing() {
    let world = World::new().await;
    let (ada, bob) = (world.person("customer").await, world.person("customer").await);
    let booking = world.confirmed(&ada, DAY).await;
    let old = quote(&world, nearer).await;
    let theirs = world.booked(&bob, DAY).await;
    let mine = world.booked(&ada, DAY).await;
    let pair = quote(&world, |journey| {
        journey["returnJourney"] = json!(true);
        journey["returnPickupTime"] = json!(world.now() + 3 * DAY);
    })
    .await;
    let passing = quote(&world, |journey| journey["pickupTime"] = json!(world.now() + 30)).await;
    let crowded = quote(&world, nearer).await;
    let unknown = json!({ "quoteId": "quote_none" });
    world.platform.advance(60).await.unwrap();
    let table = world.table();
    for (quote, status) in
        [(&theirs, 409), (&mine, 409), (&booking, 409), (&unknown, 404), (&pair, 422), (&passing, 422)]
    {
        let refused = amend(&world, &ada, &booking, quote).await.expect_status(status);
        match status {
            409 => assert_eq!(refused["current"]["status"], "used"),
            _ => assert_eq!(refused["errors"][0]["pointer"], "/quoteId"),
        }
    }
    let body = json!({ "quoteId": crowded["quoteId"], "passengers": 5 });
    let refused = world.patch(&path(&booking), &ada, body).await.expect_status(422);
    assert_eq!(refused["errors"][0]["pointer"], "/passengers");
    // Somebody else's booking is not found, with a good quote or without.
    amend(&world, &bob, &booking, &crowded).await.expect_status(404);
    world.patch(&path(&booking), &bob, json!({ "luggage": 2 })).await.expect_status(404);
    assert_eq!(world.table(), table);
    world.platform.advance(900).await.unwrap();
    amend(&world, &ada, &booking, &old).await.expect_status(410);
    world.settle().await;
}

#[tokio::test]
async fn who_may_change_it_and_when() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&ada, DAY).await;
    world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
    let fresh = quote(&world, nearer).await;
    let refused = amend(&world, &ada, &booking, &fresh).await.expect_status(409);
    assert_eq!(refused["current"]["status"], "assigned");
    let body = json!({ "luggage": 2 });
    world.patch(&path(&booking), &ada, body.clone()).await.expect_status(409);
    let driver = world.driver("driver_demo1").await;
    world.patch(&path(&booking), &driver, body.clone()).await.expect_status(403);
    world.patch(&path(&booking), None, body.clone()).await.expect_status(401);
    world.patch(&path(&booking), &staff, body).await.expect_status(200);
    let job = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    for progress in ["en_route", "arrived", "passenger_onboard"] {
        world.patch(&job, &driver, json!({ "progress": progress })).await.expect_status(200);
    }
    for _ in 0..2 {
        let refused = amend(&world, &staff, &booking, &fresh).await.expect_status(409);
        assert!(["in_progress", "completed"].contains(&refused["current"]["status"].as_str().unwrap()));
        world.patch(&path(&booking), &staff, json!({ "luggage": 7 })).await.expect_status(409);
        world.patch(&job, &driver, json!({ "progress": "completed" })).await.expect_status(200);
    }
    // The office may write down what it must, whenever.
    let seen = world.patch(&path(&booking), &staff, json!({ "internalNotes": "Left a scarf" })).await;
    assert_eq!(seen.expect_status(200)["internalNotes"], "Left a scarf");
    world.settle().await;
}

#[tokio::test]
async fn a_change_is_held_to_what_its_caller_saw() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let fresh = quote(&world, nearer).await;
    let bearer = format!("Bearer {}", ada.token);
    let ask = async |tag: &str, body: Value| {
        let request = http::Request::patch(path(&booking))
            .header("authorization", &bearer)
            .header("if-match", tag)
            .body(bytes::Bytes::from(body.to_string()))
            .unwrap();
        let (parts, body) = world.platform.gateway.handle(request).await.into_parts();
        (parts.status.as_u16(), serde_json::from_slice::<Value>(&body).unwrap())
    };
    let table = world.table();
    for body in [json!({ "quoteId": fresh["quoteId"] }), json!({ "luggage": 9 })] {
        let (status, refused) = ask("\"1\"", body).await;
        assert_eq!((status, &refused["current"]["version"]), (412, &booking["version"]));
    }
    assert_eq!(world.table(), table);
    let tag = format!("\"{}\"", booking["version"]);
    let body = json!({ "quoteId": fresh["quoteId"] });
    let (status, seen) = ask(&tag, body.clone()).await;
    assert_eq!((status, total(&seen)), (200, total(&fresh)));
    let (status, again) = ask(&tag, body).await;
    assert_eq!((status, again), (200, seen), "what was done already is answered");
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn every_bad_field_is_named() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.booked(&ada, DAY).await;
    let cases = [
        (json!({}), vec![""]),
        (json!([]), vec![""]),
        (
            json!({ "quoteId": null, "passengers": null, "luggage": null }),
            vec!["/luggage", "/passengers", "/quoteId"],
        ),
        (json!({ "quoteId": "booking_1", "passengers": "two" }), vec!["/passengers", "/quoteId"]),
        (json!({ "passengers": 0, "luggage": 21 }), vec!["/luggage", "/passengers"]),
        (json!({ "passengers": 5 }), vec!["/passengers"]),
        (json!({ "passengers": 300, "luggage": -1 }), vec!["/luggage", "/passengers"]),
        (
            json!({ "flightNumber": "ABCDEFGHIJK", "pickupInstructions": "" }),
            vec!["/flightNumber", "/pickupInstructions"],
        ),
        (
            json!({ "specialRequirements": 7, "dropoffInstructions": "x".repeat(501) }),
            vec!["/dropoffInstructions", "/specialRequirements"],
        ),
        (json!({ "internalNotes": "x".repeat(2_001) }), vec!["/internalNotes"]),
        (json!({ "status": "confirmed", "luggage": 2 }), vec!["/status"]),
    ];
    let table = world.table();
    for (body, pointers) in cases {
        let refused = world.patch(&path(&booking), &staff, body.clone()).await.expect_status(422);
        let errors = refused["errors"].as_array().unwrap();
        let mut told: Vec<_> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
        told.sort_unstable();
        told.dedup();
        assert_eq!(told, pointers, "{body}");
    }
    assert_eq!(world.table(), table);
    world.patch("/v1/bookings/nonsense", &staff, json!({ "luggage": 2 })).await.expect_status(404);
}
