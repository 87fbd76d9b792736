//! What a draft would change.

use nots_testkit::World;
use serde_json::{Value, json};

use super::{DAY, from, with_base};

#[tokio::test]
async fn each_quote_is_priced_again_and_nothing_is_written() {
    let world = World::new().await;
    let noon = world.to_noon(1);
    let (owner, admin) = (world.person("owner").await, world.person("admin").await);
    let plain = world.quote(noon).await;
    let mut body = world.journey(noon);
    body["vehicleType"] = json!("executive");
    let executive = world.post("/v1/quotes", None, body).await.expect_status(201);
    let mut body = world.journey(noon);
    body["extras"] = json!(["child_seat"]);
    let seated = world.post("/v1/quotes", None, body).await.expect_status(201);
    let mut body = world.journey(noon);
    (body["returnJourney"], body["returnPickupTime"]) = (json!(true), json!(world.now() + noon + DAY));
    let there_and_back = world.post("/v1/quotes", None, body).await.expect_status(201);
    let all = [&plain, &executive, &seated, &there_and_back];
    let ids: Vec<_> = all.iter().map(|quote| quote["quoteId"].clone()).collect();
    // They are gone for whoever would book them, and here for whoever looks at prices.
    world.platform.advance(1_000).await.unwrap();
    let before = world.table();
    let _ = world.platform.meter.take();

    let mut draft = with_base(600);
    draft["rates"]["executive"]["baseFare"] = json!(800);
    draft["extras"] = json!([]);
    draft["serviceArea"] = json!(["heathrow-airport"]);
    let asked = json!({ "tariff": draft, "quoteIds": ids });
    let preview = world.post("/v1/tariff/preview", &admin, asked.clone()).await.expect_status(200);
    let used = world.platform.meter.take();
    assert_eq!((used.round_trips, used.write_units), (1, 0.0), "one read for all of them");
    assert!(world.table() == before);

    let items = preview["items"].as_array().unwrap();
    for (item, quote) in items.iter().zip(all) {
        assert_eq!(item["quoteId"], quote["quoteId"]);
        assert_eq!(item["before"]["lines"], quote["pricing"]["lines"]);
        assert_eq!(item["before"]["total"], quote["pricing"]["breakdown"]["total"]);
        assert_eq!(item["served"], false);
    }
    let differences: Vec<_> = items.iter().map(|item| item["difference"].as_i64()).collect();
    // Of the way back a tenth is off.
    assert_eq!(differences, [Some(100), Some(-100), None, Some(190)]);
    assert_eq!(
        (&items[2]["after"], &items[2]["unpriceable"]),
        (&Value::Null, &json!("the tariff has no extra `child_seat`"))
    );
    let line = |item: &Value, side: &str| item[side]["lines"][0].clone();
    assert_eq!(
        (&line(&items[0], "before")["amount"], &line(&items[0], "after")["amount"]),
        (&json!(500), &json!(600))
    );
    let sum =
        |side: &str| -> i64 { [0, 1, 3].iter().map(|at| items[*at][side]["total"].as_i64().unwrap()).sum() };
    let totals = json!({
        "currency": "GBP", "quotes": 4, "dearer": 2, "cheaper": 1, "same": 0, "unpriceable": 1,
        "before": sum("before"), "after": sum("after"), "difference": 190,
    });
    assert_eq!(preview["totals"], totals);

    // It says what publishing does.
    world.put("/v1/tariff", &owner, asked["tariff"].clone()).await.expect_status(201);
    let mut as_it_was = with_base(600);
    as_it_was["rates"]["executive"]["baseFare"] = json!(800);
    world.put("/v1/tariff", &owner, as_it_was).await.expect_status(201);
    let mut body = world.journey(DAY);
    body["pickupTime"] = plain["pickupTime"].clone();
    let quoted = world.post("/v1/quotes", None, body).await.expect_status(201);
    assert_eq!(quoted["pricing"]["lines"], items[0]["after"]["lines"]);
}

#[tokio::test]
async fn each_quote_that_is_not_there_is_named() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let quote = world.quote(DAY).await["quoteId"].clone();
    let draft = with_base(700);
    for (ids, status, expected) in [
        (
            json!([quote, "quote_1", quote.as_str().unwrap().replace("quote_", "quote_0"), "quote_2"]),
            404,
            &["/quoteIds/1", "/quoteIds/2", "/quoteIds/3"][..],
        ),
        (json!([quote, "booking_1", 7, null]), 422, &["/quoteIds/1", "/quoteIds/2", "/quoteIds/3"]),
        (json!([quote, "quote_1", quote]), 422, &["/quoteIds/2"]),
        (json!([]), 422, &["/quoteIds"]),
        ((0..101).map(|number| json!(format!("quote_{number}"))).collect(), 422, &["/quoteIds"]),
        (json!(quote), 422, &["/quoteIds"]),
        (Value::Null, 422, &["/quoteIds"]),
    ] {
        let asked = json!({ "tariff": draft, "quoteIds": ids });
        let problem = world.post("/v1/tariff/preview", &owner, asked).await.expect_status(status);
        let named: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
        assert_eq!(named, expected, "{ids}");
    }
}

#[tokio::test]
async fn a_hundred_quotes_are_one_read() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let mut ids = Vec::new();
    for minutes in 0..100 {
        ids.push(world.quote(DAY + minutes * 60).await["quoteId"].clone());
    }
    let _ = world.platform.meter.take();
    let asked = json!({ "tariff": with_base(501), "quoteIds": ids });
    let preview = world.post("/v1/tariff/preview", &owner, asked).await.expect_status(200);
    assert_eq!(world.platform.meter.take().round_trips, 1);
    assert_eq!(preview["totals"]["dearer"], 100);
}

#[tokio::test]
async fn a_draft_is_judged_as_what_is_published_is() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let mut draft = from(with_base(-1), world.now() - 1);
    draft["zones"][2]["area"]["centre"]["latitude"] = json!(91);
    draft["fixedPrices"][0]["to"] = json!("atlantis");
    draft["extras"][0]["colour"] = json!("red");
    let published = world.put("/v1/tariff", &owner, draft.clone()).await.expect_status(422);
    let asked = json!({ "tariff": draft, "quoteIds": ["quote_1", "quote_1"] });
    let previewed = world.post("/v1/tariff/preview", &owner, asked).await.expect_status(422);
    let named = |problem: &Value, at: &str| -> Vec<String> {
        let errors = problem["errors"].as_array().unwrap().iter();
        let mut named: Vec<_> = errors.map(|e| format!("{at}{}", e["pointer"].as_str().unwrap())).collect();
        named.sort();
        named
    };
    let of_published = named(&published, "/tariff");
    assert_eq!(
        of_published,
        [
            "/tariff/effectiveFrom",
            "/tariff/extras/0/colour",
            "/tariff/fixedPrices/0/to",
            "/tariff/rates/standard/baseFare",
            "/tariff/zones/2/area/centre/latitude",
        ]
    );
    let mut expected = of_published;
    expected.insert(0, "/quoteIds/1".to_owned());
    assert_eq!(named(&previewed, ""), expected);

    let mut unsaid = with_base(500);
    unsaid["effectiveFrom"] = Value::Null;
    let asked = json!({ "tariff": unsaid, "quoteIds": ["quote_1"] });
    let previewed = world.post("/v1/tariff/preview", &owner, asked).await.expect_status(422);
    assert_eq!(named(&previewed, ""), ["/tariff/effectiveFrom"]);
}
