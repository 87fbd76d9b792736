//! The largest tariff that there can be is one item of the table, and one body.

use nots_http::tariff::MAX_TARIFF_BYTES;
use nots_testkit::World;
use serde_json::{Value, json};

use super::{terms_of, with_base};

/// Bytes of a value as DynamoDB counts them: names and texts in UTF-8, numbers by their digits, and a little for each list,
/// map and entry.
fn size(value: &Value) -> usize {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(digits)) => digits.len() / 2 + 2,
        ("M", Value::Object(fields)) => {
            3 + fields.iter().map(|(name, field)| name.len() + 1 + size(field)).sum::<usize>()
        }
        ("L", Value::Array(entries)) => 3 + entries.iter().map(|entry| 1 + size(entry)).sum::<usize>(),
        _ => 1,
    }
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
    let name = "🚗".repeat(100);
    let mut terms = with_base(700);
    let zone = |number: usize| json!({ "code": code("zone", number), "name": name, "area": ring(number), "airportFee": 1_000_000 });
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
    terms["uplifts"]["entries"] = (0..20).map(uplift).collect();
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
    terms["serviceArea"] = (0..100).map(|number| json!(code("zone", number))).collect();

    let bytes = terms.to_string().len();
    assert!((MAX_TARIFF_BYTES / 3..MAX_TARIFF_BYTES).contains(&bytes), "{bytes} bytes");
    let published = world.put("/v1/tariff", &owner, terms.clone()).await.expect_status(201);
    assert_eq!(terms_of(&published), terms);
    assert_eq!(world.get("/v1/tariff", &owner).await.expect_status(200), published);
    let item = &world.table()[&format!("TARIFF / EFFECTIVE#{}#000002", published["effectiveFrom"])];
    let kept = size(&json!({ "M": item }));
    assert!((100_000..400_000).contains(&kept), "{kept} bytes");

    eprintln!("SIZES {bytes} {kept}");
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
    let mut corners = terms.clone();
    corners["zones"][0]["area"]["points"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "latitude": 50.05, "longitude": -100.23 }));
    let refused = world.put("/v1/tariff", &owner, corners).await.expect_status(422);
    assert!(refused["errors"][0]["detail"].as_str().unwrap().contains("2000 corners"), "{refused}");
}
