//! Booking: one quote, one booking.

use futures_util::future::join_all;
use nots_testkit::World;
use serde_json::{Value, json};

fn body(quote: &Value) -> Value {
    json!({ "quoteId": quote["quoteId"], "customer": World::traveller() })
}

#[tokio::test]
async fn fifty_at_once_from_one_quote_are_one_booking() {
    let world = World::new().await;
    let (customer, quote) = (world.person("customer").await, world.quote(86_400).await);
    let answers = join_all((0..50).map(|_| world.post("/v1/bookings", &customer, body(&quote)))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1);
    assert!(answers.iter().all(|answer| [200, 201].contains(&answer.status)));
    assert!(
        answers.iter().all(|answer| answer.body["bookingReference"] == answers[0].body["bookingReference"])
    );
    let table = world.table();
    for kind in ["BOOKING#", "REF#"] {
        let keys: Vec<_> =
            table.keys().filter(|key| key.starts_with(kind) && !key.contains("HISTORY#")).collect();
        assert_eq!(
            keys.len(),
            if kind == "REF#" { 1 } else { 2 },
            "booking and payment, one reference: {keys:?}"
        );
    }
}

#[tokio::test]
async fn fifty_people_at_once_from_one_quote_are_one_booking() {
    let world = World::new().await;
    let quote = world.quote(86_400).await;
    let people = join_all((0..50).map(|_| world.person("customer"))).await;
    let answers = join_all(people.iter().map(|who| world.post("/v1/bookings", who, body(&quote)))).await;
    let of = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((of(201), of(409)), (1, 49));
}

#[tokio::test]
async fn a_repeat_answers_the_booking_as_it_now_is_even_after_the_quote_has_expired() {
    let world = World::new().await;
    let (customer, other) = (world.person("customer").await, world.person("customer").await);
    let quote = world.quote(86_400).await;
    let first = world.post("/v1/bookings", &customer, body(&quote)).await.expect_status(201);
    let payment = world
        .post("/v1/payments", &customer, json!({ "bookingId": first["bookingId"] }))
        .await
        .expect_status(201);
    world.pay(&payment).await.expect_status(200);
    world.platform.advance(3_600).await.unwrap();
    let again = world.post("/v1/bookings", &customer, body(&quote)).await.expect_status(200);
    assert_eq!((&again["bookingId"], &again["status"]), (&first["bookingId"], &json!("confirmed")));
    world.post("/v1/bookings", &other, body(&quote)).await.expect_status(409);
    world.settle().await;
}

#[tokio::test]
async fn an_expired_or_unknown_quote_makes_no_booking() {
    let world = World::new().await;
    let (customer, quote) = (world.person("customer").await, world.quote(86_400).await);
    world.platform.advance(900).await.unwrap();
    let before = world.table();
    world.post("/v1/bookings", &customer, body(&quote)).await.expect_status(410);
    let unknown = world.post("/v1/bookings", &customer, body(&json!({ "quoteId": "quote_nobody" }))).await;
    assert_eq!(unknown.expect_status(404)["errors"][0]["pointer"], "/quoteId");
    assert_eq!(world.table(), before);
}

#[tokio::test]
async fn what_is_more_than_the_vehicle_takes_is_refused_with_nothing_written() {
    let world = World::new().await;
    let (customer, quote) = (world.person("customer").await, world.quote(86_400).await);
    let before = world.table();
    let mut asked = body(&quote);
    asked["passengers"] = json!(5);
    asked["luggage"] = json!(21);
    let pointer = |refused: Value| refused["errors"][0]["pointer"].as_str().unwrap().to_owned();
    let refused = world.post("/v1/bookings", &customer, asked.clone()).await.expect_status(422);
    assert_eq!(pointer(refused), "/luggage");
    asked["luggage"] = json!(20);
    let refused = world.post("/v1/bookings", &customer, asked.clone()).await.expect_status(422);
    assert_eq!(pointer(refused), "/passengers", "a standard takes four");
    assert_eq!(world.table(), before);
    asked["passengers"] = json!(4);
    asked["luggage"] = json!(20);
    let booking = world.post("/v1/bookings", &customer, asked).await.expect_status(201);
    assert_eq!((&booking["passengers"], &booking["luggage"]), (&json!(4), &json!(20)));
}

#[tokio::test]
async fn staff_book_for_a_user_or_for_a_guest_and_it_is_kept_who_took_it() {
    let world = World::new().await;
    let (dispatcher, customer) = (world.person("dispatcher").await, world.person("customer").await);
    let mut asked = body(&world.quote(86_400).await);
    asked["userId"] = json!(customer.id);
    let booking = world.post("/v1/bookings", &dispatcher, asked).await.expect_status(201);
    assert_eq!((&booking["source"], &booking["takenBy"]), (&json!("phone"), &json!(dispatcher.id)));
    world.booking(&booking, &customer).await;
    let guest =
        world.post("/v1/bookings", &dispatcher, body(&world.quote(86_400).await)).await.expect_status(201);
    assert!(guest["customer"]["userId"].is_null());
    let repeat = body(&json!({ "quoteId": guest["quoteId"] }));
    world.post("/v1/bookings", &dispatcher, repeat.clone()).await.expect_status(200);
    let colleague = world.person("dispatcher").await;
    let other = world.post("/v1/bookings", &colleague, repeat).await.expect_status(409);
    assert!(!other.to_string().contains("John"), "another guest's booking is not shown: {other}");
    let items = world.table();
    let item = &items[&format!("BOOKING#{} / METADATA", guest["bookingId"].as_str().unwrap())];
    assert!(item["GSI2PK"].is_null(), "a guest is in nobody's list");
    let mut asked = body(&world.quote(86_400).await);
    asked["userId"] = json!("user_other");
    let refused = world.post("/v1/bookings", &customer, asked).await.expect_status(422);
    assert_eq!(refused["errors"][0]["pointer"], "/userId");
}

#[tokio::test]
async fn lists_page_and_lose_nothing() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let mut made = Vec::new();
    for hour in 1..=7 {
        made.push(world.booked(&customer, hour * 3_600).await["bookingId"].as_str().unwrap().to_owned());
    }
    let pages = |path: String, who: nots_testkit::Person| {
        let world = &world;
        async move {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = world.get(&format!("{path}limit=3{cursor}"), &who).await.expect_status(200);
                let items = page["items"].as_array().unwrap();
                seen.extend(items.iter().map(|item| item["bookingId"].as_str().unwrap().to_owned()));
                match page["nextCursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return seen,
                }
            }
        }
    };
    let own = pages("/v1/bookings?".to_owned(), customer.clone()).await;
    assert_eq!(own, made.iter().rev().cloned().collect::<Vec<_>>(), "newest first");
    let pending = pages("/v1/bookings?status=pending&".to_owned(), dispatcher.clone()).await;
    assert_eq!(pending, made, "by pickup time");
    let (from, to) = (world.now() + 2 * 3_600 - 60, world.now() + 4 * 3_600 + 60);
    let window = pages(format!("/v1/bookings?status=pending&from={from}&to={to}&"), dispatcher.clone()).await;
    assert_eq!(window, made[1..4].to_vec());
    let of_user = pages(format!("/v1/bookings?userId={}&", customer.id), dispatcher.clone()).await;
    assert_eq!(of_user, own);

    let reference = world.get(&format!("/v1/bookings/{}", made[0]), &dispatcher).await.expect_status(200);
    let reference = reference["bookingReference"].as_str().unwrap().to_lowercase();
    let found =
        world.get(&format!("/v1/bookings?reference={reference}"), &dispatcher).await.expect_status(200);
    assert_eq!(found["items"][0]["bookingId"], made[0].as_str());

    let first = world.get("/v1/bookings?limit=3", &customer).await.expect_status(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    world.get(&format!("/v1/bookings?status=pending&cursor={cursor}"), &dispatcher).await.expect_status(400);
    let other = world.person("customer").await;
    world.get(&format!("/v1/bookings?cursor={cursor}"), &other).await.expect_status(400);
}
