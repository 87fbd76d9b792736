//! Every endpoint takes the fields that its body is said to have, and no other.

use std::collections::BTreeSet;

use nots_testkit::World;
use serde_json::{Map, Value, json};

use super::Document;
use crate::bad_input::send;

/// A field that no body has.
const UNKNOWN: &str = "unheardOf";

/// A body that asks every object of a schema which fields it knows.
fn asking(document: &Document, schema: &Value) -> Value {
    let mut body = Map::from_iter([(UNKNOWN.to_owned(), json!(0))]);
    for (name, inside) in schema["properties"].as_object().unwrap() {
        let inside = document.follow(inside);
        if inside["type"] == "object" {
            body.insert(name.clone(), asking(document, inside));
        }
    }
    Value::Object(body)
}

/// The fields that each object of a schema has, by a pointer to what it would be in a body.
fn documented(
    document: &Document,
    schema: &Value,
    at: &str,
    into: &mut BTreeSet<(String, BTreeSet<String>)>,
) {
    let fields = schema["properties"].as_object().unwrap();
    into.insert((format!("{at}/{UNKNOWN}"), fields.keys().cloned().collect()));
    for (name, inside) in fields {
        let inside = document.follow(inside);
        if inside["type"] == "object" {
            documented(document, inside, &format!("{at}/{name}"), into);
        }
    }
}

#[tokio::test]
async fn each_body_has_the_fields_that_its_endpoint_knows() {
    let world = World::new().await;
    let document = Document::read();
    let (staff, driver) = (world.person("owner").await, world.driver("driver_demo1").await);
    let mut asked = 0;
    for (method, path, operation) in document.operations() {
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if body.is_null() || path.starts_with("/webhooks") {
            continue;
        }
        let schema = document.follow(body);
        let token = if operation["x-roles"] == json!(["driver"]) { &driver.token } else { &staff.token };
        let path =
            format!("/v1{}", path.replace("{bookingId}", "booking_1").replace("{paymentId}", "payment_1"));
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let answer = send(&world, &method, &path, &headers, asking(&document, schema).to_string()).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
        let known = answer.body["errors"].as_array().unwrap().iter().filter_map(|error| {
            let pointer = error["pointer"].as_str().unwrap();
            let (_, fields) = error["detail"].as_str().unwrap().split_once("known are ")?;
            Some((pointer.to_owned(), fields.split(", ").map(str::to_owned).collect()))
        });
        let mut said = BTreeSet::new();
        documented(&document, schema, "", &mut said);
        assert_eq!(known.collect::<BTreeSet<(String, BTreeSet<String>)>>(), said, "{method} {path}");

        // And of those it wants at least the ones that are said to be required.
        let answer = send(&world, &method, &path, &headers, "{}").await;
        let wanted = answer.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone());
        let required = schema["required"].as_array().into_iter().flatten();
        let required = required.map(|name| json!(format!("/{}", name.as_str().unwrap())));
        // Of those of which any will do, that none was sent is said of the body.
        let required = required.chain(schema.get("minProperties").map(|_| json!("")));
        assert_eq!(
            wanted.map(|pointer| pointer.to_string()).collect::<BTreeSet<_>>(),
            required.map(|pointer| pointer.to_string()).collect::<BTreeSet<_>>(),
            "{method} {path}"
        );
        asked += 1;
    }
    assert_eq!(asked, 10);
}

#[tokio::test]
async fn each_list_has_the_parameters_that_it_knows() {
    let world = World::new().await;
    let document = Document::read();
    let (staff, driver) = (world.person("owner").await, world.driver("driver_demo1").await);
    let names = [
        "limit",
        "cursor",
        "from",
        "to",
        "status",
        "userId",
        "driverId",
        "reference",
        "available",
        "at",
        "version",
        "effectiveFrom",
        "versions",
        "sort",
        "onBehalfOf",
        "bookingId",
    ];
    for (method, path, operation) in document.operations() {
        if method != "GET" {
            continue;
        }
        let parameters =
            operation["parameters"].as_array().unwrap().iter().map(|given| document.follow(given));
        let said: BTreeSet<_> = parameters
            .filter(|given| given["in"] == "query")
            .map(|given| given["name"].as_str().unwrap())
            .collect();
        let query: Vec<_> = names.iter().map(|name| format!("{name}=1")).collect();
        let path = path.replace("{bookingId}", "booking_1").replace("{quoteId}", "quote_1");
        let who = if operation["x-roles"] == json!(["driver"]) { &driver } else { &staff };
        let problem = world.get(&format!("/v1{path}?{}", query.join("&")), who).await.expect_status(400);
        let errors = problem["errors"].as_array().unwrap().iter();
        let unknown: BTreeSet<_> = errors
            .filter(|error| error["detail"] == "is not known here")
            .map(|error| error["parameter"].as_str().unwrap())
            .collect();
        let known: BTreeSet<_> = names.into_iter().filter(|name| !unknown.contains(name)).collect();
        assert_eq!(known, said, "{path}");
    }
}
