//! `docs/openapi.json` says what the platform does: its routes and for whom each is, every body and every answer.

mod answers;
mod requests;

use std::collections::BTreeSet;

use nots_http::Access;
use nots_testkit::World;
use serde_json::{Value, json};

/// The document.
struct Document(Value);

impl Document {
    fn read() -> Self {
        Self(serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap())
    }

    /// What a `$ref` stands for; anything else is itself.
    fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value.get("$ref").and_then(Value::as_str) {
            Some(to) => {
                self.0.pointer(to.trim_start_matches('#')).unwrap_or_else(|| panic!("{to} leads nowhere"))
            }
            None => value,
        }
    }

    /// Every operation: its method, its path, and itself.
    fn operations(&self) -> impl Iterator<Item = (String, &str, &Value)> {
        self.0["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(|(method, operation)| (method.to_uppercase(), path.as_str(), operation))
        })
    }

    /// What is wrong with a value that should be of a schema.
    fn against(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut schema = schema.clone();
        schema["components"] = json!({ "schemas": self.0["components"]["schemas"] });
        let validator =
            jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

/// Everything inside a value that is an object, with a pointer to it.
fn objects<'a>(value: &'a Value, at: &str, into: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(fields) => {
            into.push((at.to_owned(), value));
            for (name, inside) in fields {
                objects(inside, &format!("{at}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (place, inside) in items.iter().enumerate() {
                objects(inside, &format!("{at}/{place}"), into);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn its_operations_are_the_platform_s_routes() {
    let world = World::new().await;
    let document = Document::read();
    let documented: BTreeSet<_> = document
        .operations()
        .map(|(method, path, operation)| {
            let security = (operation["security"].clone(), operation["x-roles"].clone());
            (
                method,
                path.to_owned(),
                operation["operationId"].as_str().unwrap().to_owned(),
                format!("{security:?}"),
            )
        })
        .collect();
    let served: BTreeSet<_> = world
        .platform
        .gateway
        .routes()
        .map(|route| {
            let security = match route.access {
                Access::Public => (json!([]), Value::Null),
                Access::Roles(roles) => (json!([{ "accessToken": [] }]), json!(roles)),
            };
            let method = route.method.as_str().to_owned();
            (method, route.path.to_owned(), route.function.to_owned(), format!("{security:?}"))
        })
        .collect();
    assert_eq!(documented, served);
    assert_eq!(document.0["info"]["version"], env!("CARGO_PKG_VERSION"));
    let servers: Vec<_> =
        document.0["servers"].as_array().unwrap().iter().map(|server| &server["url"]).collect();
    assert_eq!(servers, ["https://api.nots.co.uk/v1", "http://127.0.0.1:3000/v1"]);
}

#[test]
fn every_operation_says_what_a_reader_needs() {
    let document = Document::read();
    let tags: Vec<_> = document.0["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone()).collect();
    for (method, path, operation) in document.operations() {
        let at = format!("{method} {path}");
        for name in ["summary", "description"] {
            assert!(operation[name].as_str().is_some_and(|text| text.len() > 10), "{at} has no {name}");
        }
        assert!(
            operation["tags"].as_array().is_some_and(|own| own.iter().all(|tag| tags.contains(tag))),
            "{at}"
        );
        assert_eq!(operation.get("requestBody").is_some(), method != "GET", "{at}: a body");
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let parameters: Vec<_> = parameters.iter().map(|parameter| document.follow(parameter)).collect();
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let in_path: Vec<_> =
            in_path.map(|parameter| format!("{{{}}}", parameter["name"].as_str().unwrap())).collect();
        assert_eq!(in_path, path.split('/').filter(|part| part.starts_with('{')).collect::<Vec<_>>(), "{at}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = document.follow(response);
            assert!(response["description"].is_string(), "{at} {status}");
            let mut kinds: Vec<_> = response["content"].as_object().unwrap().keys().collect();
            let succeeds = status.starts_with('2');
            // What can be filed is a PDF too.
            kinds.retain(|kind| !(succeeds && path.ends_with("/receipt") && *kind == "application/pdf"));
            assert_eq!(
                kinds,
                [if succeeds { "application/json" } else { "application/problem+json" }],
                "{at} {status}"
            );
        }
    }
}

#[test]
fn its_references_lead_somewhere_and_all_of_it_is_used() {
    let document = Document::read();
    let mut all = Vec::new();
    objects(&document.0, "", &mut all);
    let used: BTreeSet<_> =
        all.iter().filter_map(|(_, object)| object.get("$ref").and_then(Value::as_str)).collect();
    for reference in &used {
        document.follow(&json!({ "$ref": reference }));
    }
    for (group, entries) in document.0["components"].as_object().unwrap() {
        for name in entries.as_object().unwrap().keys().filter(|_| group != "securitySchemes") {
            assert!(
                used.contains(format!("#/components/{group}/{name}").as_str()),
                "nobody uses {group}/{name}"
            );
        }
    }
}

#[test]
fn its_schemas_are_closed_so_that_drift_shows() {
    let document = Document::read();
    let mut all = Vec::new();
    objects(&document.0["components"]["schemas"], "", &mut all);
    let open: Vec<_> = all
        .iter()
        .filter(|(_, schema)| schema["type"] == "object")
        .filter(|(_, schema)| {
            schema["additionalProperties"] != false && schema["unevaluatedProperties"] != false
        })
        .map(|(at, _)| at.as_str())
        .collect();
    // What the three views share, how things stand, extras by name, and what Stripe sends.
    let known = [
        "/BookingCore",
        "/Problem/properties/current",
        "/QuoteRequest/properties/extras/oneOf/1",
        "/StripeEvent",
    ];
    assert_eq!(open, known);
}

#[test]
fn its_examples_are_of_their_schemas() {
    let document = Document::read();
    let mut all = Vec::new();
    objects(&document.0, "", &mut all);
    let mut tried = 0;
    for (at, object) in all {
        let Some(schema) = object.get("schema") else { continue };
        let several =
            object.get("examples").and_then(Value::as_object).into_iter().flat_map(|named| named.values());
        let several = several.map(|example| &document.follow(example)["value"]);
        for example in several.chain(object.get("example")) {
            assert_eq!(document.against(schema, example), Vec::<String>::new(), "{at}: {example}");
            tried += 1;
        }
    }
    assert!(tried > 50, "only {tried} examples");
}
