//! The largest tariff that there can be is one item of the table, and one body.

use nots_core::{Timestamp, access, table::item_bytes};
use nots_http::tariff::MAX_TARIFF_BYTES;
use nots_testkit::World;
use serde_json::{Value, json};

use super::{terms_of, with_base};
use crate::events::root;

/// The most bytes of a tariff that the document of the table names.
fn said() -> usize {
    let document = std::fs::read_to_string(root().join("docs/access-patterns.md")).unwrap();
    let figure = document.split("| `Tariff` | ").nth(1).and_then(|rest| rest.split(" KB").next());
    figure.and_then(|figure| figure.parse::<usize>().ok()).expect("a figure") * 1_024
}

fn code(kind: &str, number: usize) -> String {
    format!("{kind}{number:0>width$}", width = 40 - kind.len())
}

/// Twenty corners of a ring.
fn ring(number: usize) -> Value {
    let corner = |at: i32| {
        let turn = f64::from(at) / 20.0 * std::f64::consts::TAU;
        let place = |degrees: f64| (degrees * 1e7).round() / 1e7;
        json!({ "latitude": place(50.1 + turn.sin() / 7.0), "longitude": place(-100.1 - turn.cos() / 7.0) })
    };
    let points: Vec<_> = (0..20).map(corner).collect();
    assert!(number < 100);
    json!({ "shape": "polygon", "points": points })
}

#[tokio::test]
async fn the_largest_is_taken_kept_and_read() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    // A letter of four bytes.
    let name = "🚗".repeat(60);
    let mut terms = with_base(700);
    let zone = |number: usize| {
        let mut zone = json!({ "code": code("zone", number), "name": name, "area": ring(number) });
        if number < 20 {
            zone["airportFee"] = json!(1_000_000);
        }
        zone
    };
    terms["zones"] = (0..100).map(zone).collect();
    let most = json!({ "standard": 1_000_000, "executive": 1_000_000, "minibus": 1_000_000 });
    let fixed = |number: usize| {
        let (from, to) = (code("zone", number / 90), code("zone", 10 + number % 90));
        json!({ "code": code("fixed", number), "from": from, "to": to, "bothDirections": false, "prices": most })
    };
    terms["fixedPrices"] = (0..300).map(fixed).collect();
    let uplift = |number: usize| {
        let (from, to) = (format!("{number:02}:00"), format!("{number:02}:59"));
        json!({ "code": code("uplift", number), "name": name, "kind": "night", "from": from, "to": to, "basisPoints": 30_000 })
    };
    terms["uplifts"]["entries"] = (0..10).map(uplift).collect();
    let extra = |number: usize| json!({ "code": code("extra", number), "name": name, "unitPrice": 1_000_000, "maximum": 20, "accessibility": false });
    terms["extras"] = (0..30).map(extra).collect();
    let dates = |year: i32| {
        (0..100)
            .map(|day| {
                json!(format!("{}-{:02}-{:02}", year + day / 28 / 12, day / 28 % 12 + 1, day % 28 + 1))
            })
            .collect::<Value>()
    };
    terms["bankHolidays"] = json!({ "also": dates(2030), "except": dates(2040) });
    let row =
        |number: u32| json!({ "hoursBefore": 8_760 * number / 19, "fee": { "percentBasisPoints": 10_000 } });
    terms["cancellation"]["rows"] = (0..20).map(row).collect();
    terms["serviceArea"] = (0..100).map(|number| json!(code("zone", number))).collect();

    let bytes = terms.to_string().len();
    assert!((MAX_TARIFF_BYTES / 3..MAX_TARIFF_BYTES).contains(&bytes), "{bytes} bytes");
    let published = world.put("/v1/tariff", &owner, terms.clone()).await.expect_status(201);
    assert_eq!(terms_of(&published), terms);
    assert_eq!(world.get("/v1/tariff", &owner).await.expect_status(200), published);
    let now = Timestamp::new(world.now()).unwrap();
    let row =
        world.platform.ports.table.page(&access::tariff_in_force(now), 1, None).await.unwrap().rows.remove(0);
    let kept = item_bytes(&row.to_item().unwrap());
    assert!((said() / 10 * 9..=said()).contains(&kept), "{kept} bytes, the document says {}", said());

    // One more of anything is too many, and is named.
    for (list, entry) in [
        (
            "/zones",
            json!({ "code": "more", "name": "More", "area": { "shape": "circle", "radiusMeters": 1, "centre": { "latitude": 0, "longitude": 0 } } }),
        ),
        (
            "/fixedPrices",
            json!({ "code": "more", "from": code("zone", 98), "to": code("zone", 99), "bothDirections": false, "prices": most }),
        ),
        (
            "/uplifts/entries",
            json!({ "code": "more", "name": "More", "kind": "bank_holiday", "basisPoints": 1 }),
        ),
        (
            "/extras",
            json!({ "code": "more", "name": "More", "unitPrice": 1, "maximum": 1, "accessibility": false }),
        ),
        ("/bankHolidays/also", json!("2035-01-01")),
        ("/serviceArea", json!(code("zone", 0))),
        ("/cancellation/rows", json!({ "hoursBefore": 1, "fee": { "fixed": 1 } })),
    ] {
        let mut more = terms.clone();
        more.pointer_mut(list).unwrap().as_array_mut().unwrap().push(entry);
        let refused = world.put("/v1/tariff", &owner, more).await.expect_status(422);
        assert_eq!(
            refused["errors"],
            json!([{ "pointer": list, "detail": refused["errors"][0]["detail"] }]),
            "{list}"
        );
        assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("at most"), "{list}");
    }
    let mut airports = terms.clone();
    airports["zones"][20]["airportFee"] = json!(0);
    let refused = world.put("/v1/tariff", &owner, airports).await.expect_status(422);
    assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("20 airports"), "{refused}");
    let mut corners = terms.clone();
    corners["zones"][0]["area"]["points"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "latitude": 50.05, "longitude": -100.23 }));
    let refused = world.put("/v1/tariff", &owner, corners).await.expect_status(422);
    assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("2000 corners"), "{refused}");
}
