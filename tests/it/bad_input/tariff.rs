//! A tariff that is none, field by field, through both of its routes.

use nots_core::entity::tariff::demo_terms;
use nots_testkit::World;
use serde_json::{Value, json};

use super::{
    Target, Trial,
    fields::{
        self,
        Need::{Optional, Required},
    },
    send, with,
};

/// The demonstration's tariff, with a polygon, a weekend and a bank holiday that is moved.
fn valid() -> Value {
    let mut terms = serde_json::to_value(demo_terms().unwrap()).unwrap();
    let corner = |latitude: f64, longitude: f64| json!({ "latitude": latitude, "longitude": longitude });
    let points = [corner(50.9, -1.7), corner(50.9, -1.4), corner(50.7, -1.5), corner(50.7, -1.6)];
    let forest = json!({ "code": "new-forest", "name": "New Forest", "area": { "shape": "polygon", "points": points } });
    let weekend = json!({
        "code": "weekend", "name": "Weekend", "kind": "weekend", "days": ["saturday", "sunday"], "basisPoints": 500,
    });
    terms["zones"].as_array_mut().unwrap().push(forest);
    terms["uplifts"]["entries"].as_array_mut().unwrap().push(weekend);
    terms["bankHolidays"] = json!({ "also": ["2027-06-04"], "except": ["2027-05-31"] });
    terms["serviceArea"] = json!(["new-forest", "bournemouth-poole"]);
    let row = json!({ "hoursBefore": 48, "fee": { "fixed": 500 } });
    terms["cancellation"]["rows"].as_array_mut().unwrap().push(row);
    terms
}

async fn target(world: &World) -> Target {
    let owner = world.person("owner").await;
    Target {
        method: "PUT",
        path: "/v1/tariff".to_owned(),
        authorization: Some(format!("Bearer {}", owner.token)),
        valid: valid(),
        fields: fields::of_tariff(world.now()),
    }
}

#[tokio::test]
async fn each_field_of_a_tariff_refuses_what_it_is_not_and_is_the_one_that_is_named() {
    let world = World::new().await;
    let target = target(&world).await;
    let mut trial = Trial::of(&world);
    for (pointer, need, refused) in &target.fields {
        for value in refused {
            trial.fields(&target, &with(&target.valid, pointer, Some(value.clone())), &[pointer]).await;
        }
        if *need != Optional {
            trial.fields(&target, &with(&target.valid, pointer, Some(Value::Null)), &[pointer]).await;
        }
        if *need == Required {
            trial.fields(&target, &with(&target.valid, pointer, None), &[pointer]).await;
        }
    }
    for at in [
        "",
        "/vat",
        "/rates",
        "/rates/standard",
        "/zones/0",
        "/zones/0/area",
        "/zones/0/area/centre",
        "/zones/7/area",
        "/zones/7/area/points/3",
        "/fixedPrices/0",
        "/fixedPrices/0/prices",
        "/uplifts",
        "/uplifts/entries/0",
        "/uplifts/entries/1",
        "/uplifts/entries/2",
        "/bankHolidays",
        "/freeWaiting",
        "/extras/0",
        "/cancellation",
        "/cancellation/rows/0",
        "/cancellation/rows/3/fee",
        "/cancellation/noShow",
    ] {
        for unknown in ["/x", "/a~1b~0c", "/versions", "/Code"] {
            let pointer = format!("{at}{unknown}");
            trial.fields(&target, &with(&target.valid, &pointer, Some(Value::Null)), &[&pointer]).await;
        }
    }
    trial.end();
    let headers = [("authorization", target.authorization.as_deref().unwrap())];
    let answer = send(&world, "PUT", &target.path, &headers, target.valid.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
}

#[tokio::test]
async fn entries_of_its_lists_are_named_by_their_place() {
    let world = World::new().await;
    let target = target(&world).await;
    let mut trial = Trial::of(&world);
    let corner = |latitude: f64, longitude: f64| json!({ "latitude": latitude, "longitude": longitude });
    let bow_tie = json!([corner(0.0, 0.0), corner(1.0, 1.0), corner(1.0, 0.0), corner(0.0, 1.0)]);
    let night = json!({ "code": "later", "name": "Later", "kind": "night", "from": "05:00", "to": "07:00", "basisPoints": 1 });
    let again = json!({ "code": "again", "from": "heathrow-airport", "to": "bournemouth-poole",
        "bothDirections": false, "prices": { "minibus": 1 } });
    let entry = |list: &str, place: usize, value: Value| {
        let mut body = target.valid.clone();
        let entries = body.pointer_mut(list).unwrap().as_array_mut().unwrap();
        entries.truncate(place.max(entries.len()));
        if place == entries.len() {
            entries.push(value)
        } else {
            entries[place] = value
        }
        body
    };
    let wrong = [
        (entry("/serviceArea", 1, json!("atlantis")), "/serviceArea/1"),
        (entry("/serviceArea", 1, json!("new-forest")), "/serviceArea/1"),
        (entry("/serviceArea", 0, json!(null)), "/serviceArea/0"),
        (entry("/bankHolidays/also", 1, json!("2027-02-29")), "/bankHolidays/also/1"),
        (entry("/bankHolidays/also", 0, json!("4 June 2027")), "/bankHolidays/also/0"),
        (entry("/bankHolidays/except", 1, json!("2027-06-04")), "/bankHolidays/except/1"),
        (entry("/bankHolidays/except", 1, json!("2027-06-04T00:00")), "/bankHolidays/except/1"),
        (entry("/uplifts/entries/2/days", 1, json!("Sunday")), "/uplifts/entries/2/days/1"),
        (entry("/uplifts/entries", 3, night), "/uplifts/entries/3"),
        (entry("/uplifts/entries", 3, json!(null)), "/uplifts/entries/3"),
        (entry("/fixedPrices", 6, again), "/fixedPrices/6"),
        (entry("/fixedPrices", 0, json!([])), "/fixedPrices/0"),
        (entry("/extras", 5, json!("child_seat")), "/extras/5"),
        (entry("/zones", 0, json!(1)), "/zones/0"),
        (entry("/cancellation/rows", 2, json!(1)), "/cancellation/rows/2"),
        (
            entry("/cancellation/rows", 4, target.valid["cancellation"]["rows"][0].clone()),
            "/cancellation/rows/4/hoursBefore",
        ),
        (
            entry("/cancellation/rows", 2, json!({ "hoursBefore": 1, "fee": { "fixed": 1 } })),
            "/cancellation/rows",
        ),
        (entry("/zones", 8, target.valid["zones"][1].clone()), "/zones/8/code"),
        (entry("/zones/7/area/points", 0, json!([50.9, -1.7])), "/zones/7/area/points/0"),
        (entry("/zones/7/area/points", 4, corner(50.7, -1.6)), "/zones/7/area/points"),
        (with(&target.valid, "/zones/7/area/points", Some(bow_tie)), "/zones/7/area/points"),
        (
            with(&target.valid, "/zones/7/area/points", Some(json!([corner(0.0, 0.0)]))),
            "/zones/7/area/points",
        ),
        (with(&target.valid, "/zones/1/area/radiusMeters", Some(json!(0))), "/zones/1/area/radiusMeters"),
        (
            with(&target.valid, "/zones/1/area/radiusMeters", Some(json!(500_001))),
            "/zones/1/area/radiusMeters",
        ),
    ];
    for (body, pointer) in wrong {
        trial.fields(&target, &body, &[pointer]).await;
    }
    // Not JSON, no object, too large.
    let valid = target.valid.to_string();
    for body in ["", "{", "{}{}", "\u{feff}{}"] {
        trial.body(&target, body, 400, &[""]).await;
    }
    for body in ["[]", "null", "1", "\"x\""] {
        trial.body(&target, body, 422, &[""]).await;
    }
    let padded = |size: usize| format!("{valid}{}", " ".repeat(size - valid.len()));
    trial.body(&target, padded(512 * 1024 + 1), 413, &[""]).await;
    trial.body(&target, format!("{{{}", " ".repeat(512 * 1024 - 1)), 400, &[""]).await;
    trial.end();
}
