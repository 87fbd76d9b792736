//! Why a quote costs what it costs.

use nots_core::{
    QuoteId, access,
    table::{Condition, Op, Version, attr},
};
use nots_testkit::World;
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};

use super::{DAY, with_base};

async fn explained(world: &World, quote: &Value) -> Value {
    let path = format!("/v1/quotes/{}/explanation", quote["quoteId"].as_str().unwrap());
    world.get(&path, None).await.expect_status(200)
}

fn amounts(lines: &Value) -> Vec<(String, i64)> {
    let of = |line: &Value| (line["rule"].as_str().unwrap().to_owned(), line["amount"].as_i64().unwrap());
    lines.as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn every_rule_adds_up_to_what_was_quoted() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let mut terms = with_base(500);
    terms["vat"] = json!({ "registered": true, "rateBasisPoints": 2_000 });
    world.put("/v1/tariff", &owner, terms).await.expect_status(201);
    let mut body = world.journey(DAY);
    body["extras"] = json!({ "childSeat": 2 });
    body["viaStops"] = json!([{ "address": "Bournemouth Airport", "waitingMinutes": 20 }]);
    (body["returnJourney"], body["returnPickupTime"]) = (json!(true), json!(world.now() + 3 * DAY));
    let quote = world.post("/v1/quotes", None, body).await.expect_status(201);
    let explanation = explained(&world, &quote).await;

    assert_eq!((&explanation["matches"], &explanation["tariff"]["version"]), (&json!(true), &json!(2)));
    let breakdown = &quote["pricing"]["breakdown"];
    for name in ["subtotal", "tax", "total"] {
        assert_eq!(explanation["whole"][name], breakdown[name], "{name}");
    }
    assert_eq!(explanation["quoted"], breakdown["total"]);
    assert_eq!(amounts(&explanation["whole"]["lines"]), amounts(&quote["pricing"]["lines"]));
    let legs = explanation["legs"].as_array().unwrap();
    assert_eq!(legs.len(), 2);
    for (leg, name) in legs.iter().zip(["outward", "return"]) {
        assert_eq!(leg["direction"], name);
        let quoted = &quote["pricing"]["legs"][name];
        let steps = leg["steps"].as_array().unwrap();
        let mut so_far = 0;
        for step in steps {
            so_far += step["amount"].as_i64().unwrap();
            assert_eq!(step["runningTotal"], so_far);
            assert!(step["applied"] == true || step["amount"] == 0, "{step}");
            assert!(!step["arithmetic"].as_str().unwrap().is_empty());
        }
        assert_eq!(
            (&leg["total"], &leg["tax"]),
            (&quoted["breakdown"]["total"], &quoted["breakdown"]["tax"])
        );
        assert_eq!(so_far, quoted["breakdown"]["total"].as_i64().unwrap());
        let applied: Value = steps.iter().filter(|step| step["applied"] == true).cloned().collect();
        assert_eq!(amounts(&applied), amounts(&quoted["lines"]));
    }
    let shown =
        |pence: &Value| format!("£{}.{:02}", pence.as_i64().unwrap() / 100, pence.as_i64().unwrap() % 100);
    let sum = |name: &str| {
        let (there, back) = (shown(&legs[0][name]), shown(&legs[1][name]));
        format!(
            "{there} for the way there + {back} for the way back = {}",
            shown(&explanation["whole"][name])
        )
    };
    assert_eq!(explanation["whole"]["arithmetic"], sum("total"));
    assert_eq!(explanation["whole"]["vat"], format!("VAT: {}", sum("tax")));
    assert_eq!(
        legs[0]["vat"],
        format!(
            "VAT at 20% is inside {}: 20% ÷ 120% of it, {}",
            shown(&legs[0]["total"]),
            shown(&legs[0]["tax"])
        )
    );
    // What was asked for, and when by two clocks.
    let inputs = &explanation["inputs"];
    assert_eq!((&inputs["pickupLocation"], &inputs["extras"]), (&quote["pickupLocation"], &quote["extras"]));
    assert_eq!((&inputs["viaStops"], &inputs["passengers"]), (&quote["viaStops"], &quote["passengers"]));
    assert_eq!(
        (&inputs["pickupTime"], &inputs["returnJourney"], &inputs["returnPickupTime"]),
        (&quote["pickupTime"], &json!(true), &quote["returnLeg"]["pickupTime"])
    );
    assert!(legs[0]["measured"].as_str().unwrap().contains("an estimate"), "{}", legs[0]["measured"]);
    assert_eq!(
        (&legs[0]["distance"], &legs[0]["source"]),
        (&quote["journey"]["distance"], &json!("estimate"))
    );
    assert_eq!((&legs[1]["from"], &legs[1]["to"]), (&legs[0]["to"], &legs[0]["from"]));
    assert_eq!(legs[1]["pickupTime"], quote["returnLeg"]["pickupTime"]);
}

#[tokio::test]
async fn a_pickup_is_told_by_the_clock_in_london() {
    let world = World::new().await;
    let mut body = world.journey(DAY);
    // Sunday 28 March 2027: at 01:30 UTC it is 02:30 in London, and the night has lost an hour.
    body["pickupTime"] = json!(1_806_197_400);
    let quote = world.post("/v1/quotes", None, body).await.expect_status(201);
    let leg = explained(&world, &quote).await["legs"][0].clone();
    assert_eq!(leg["pickupTimeInUtc"], "2027-03-28T01:30:00Z");
    assert_eq!(leg["pickupTimeInLondon"], "Sun 28 Mar 2027, 02:30");
    let night = leg["steps"].as_array().unwrap().iter().find(|step| step["rule"] == "nightUplift").unwrap();
    assert_eq!(night["applied"], true);
    assert!(
        night["arithmetic"].as_str().unwrap().contains("02:30 in London is between 22:00 and 06:00"),
        "{night}"
    );
    let other =
        leg["steps"].as_array().unwrap().iter().find(|step| step["rule"] == "bankHolidayUplift").unwrap();
    assert_eq!((&other["applied"], &other["amount"]), (&json!(false), &json!(0)));
    assert_eq!(leg["vat"], "The operator is not registered for VAT, so none is inside");
}

#[tokio::test]
async fn a_quote_that_does_not_come_out_at_its_price_says_so() {
    let world = World::new().await;
    let quote = world.quote(DAY).await;
    let id = QuoteId::parse(quote["quoteId"].as_str().unwrap()).unwrap();
    let (table, key) = (&world.platform.ports.table, access::quote(&id).raw());
    // As if a penny had been lost in the table.
    let mut item = table.get_items(vec![key.clone()]).await.unwrap().value.remove(&key).unwrap();
    change(item.get_mut("Data").unwrap(), &["pricing", "breakdown", "total"], attr::number(1));
    let op = Op::Put {
        entity: "Quote",
        key,
        item,
        spread: Vec::new(),
        condition: Condition::Unchanged(Version::FIRST),
    };
    table.write_items(vec![op]).await.unwrap();
    let explanation = explained(&world, &quote).await;
    assert_eq!((&explanation["matches"], &explanation["quoted"]), (&json!(false), &json!(1)));
    assert_eq!(explanation["whole"]["total"], quote["pricing"]["breakdown"]["total"]);
}

/// Puts a value in the place of another, inside a map of the table.
fn change(at: &mut AttributeValue, path: &[&str], value: AttributeValue) {
    let AttributeValue::M(fields) = at else { panic!("no map") };
    match path {
        [last] => drop(fields.insert((*last).to_owned(), value)),
        [first, rest @ ..] => change(fields.get_mut(*first).unwrap(), rest, value),
        [] => unreachable!("a path has a field"),
    }
}

#[tokio::test]
async fn it_is_there_as_long_as_its_quote_is() {
    let world = World::new().await;
    let quote = world.quote(DAY).await;
    let path = format!("/v1/quotes/{}/explanation", quote["quoteId"].as_str().unwrap());
    let customer = world.person("customer").await;
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    world.post("/v1/bookings", &customer, order).await.expect_status(201);
    world.platform.advance(890).await.unwrap();
    assert_eq!(explained(&world, &quote).await["expiresAt"], quote["expiresAt"]);
    world.platform.advance(10).await.unwrap();
    world.get(&path, None).await.expect_status(410);
    world.get("/v1/quotes/quote_1/explanation", None).await.expect_status(404);
    world.get("/v1/quotes/nothing/explanation", None).await.expect_status(404);
}
