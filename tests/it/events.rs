//! Every event of `events/`, down the path that Lambda's own go.

mod replay;
mod scripted;

use std::sync::{Arc, Mutex};

use nots_lambda::{Invoke, Origins};
use nots_local::{functions, gateway::Gateway};
use nots_testkit::World;
pub(crate) use replay::{Case, Stage, names_in, root};
use replay::{differences, keys, set};
use serde_json::{Value, json};

#[tokio::test]
async fn every_event_is_answered_as_its_sidecar_says() {
    let functions = names_in("functions");
    let folders: Vec<_> = names_in("events").into_iter().filter(|name| name != "README.md").collect();
    assert_eq!(folders, functions, "a folder of events for every function and for nothing else");

    let mut failures = Vec::new();
    for function in functions {
        let cases = Case::all_of(&function);
        assert!(cases.len() >= 2, "events/{function} needs what goes well and what does not");
        for case in cases {
            let wrong = match Stage::before(&case).await {
                Ok(stage) => {
                    let played = stage.play(&case).await.map_err(|error| error.to_string());
                    outcome(&stage, &case, played)
                }
                Err(wrong) => vec![wrong],
            };
            failures.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", case.name)));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// What came of a case and should not have.
fn outcome(stage: &Stage, case: &Case, played: Result<Value, String>) -> Vec<String> {
    let expect = &case.expect;
    let known = ["after", "stripe", "answer", "error", "published", "history", "told", "table"];
    let names = expect.as_object().expect("an object").keys();
    let mut wrong: Vec<_> =
        names.filter(|name| !known.contains(&name.as_str())).map(|name| format!("what is {name}?")).collect();
    match (&expect["error"], played) {
        (Value::Null, Ok(answer)) => {
            wrong.extend(differences(&expect["answer"], &answer));
            wrong.extend(foreign_members(&answer));
        }
        (expected, Ok(answer)) => wrong.push(format!("should fail with {expected}, answered {answer}")),
        (expected, Err(error)) if *expected == json!(error) => {}
        (expected, Err(error)) => wrong.push(format!("should fail with {expected}, failed with {error}")),
    }
    let found = [
        ("published", json!(stage.published())),
        ("history", json!(stage.history())),
        ("told", json!(stage.world.told())),
    ];
    for (name, found) in found {
        if !expect[name].is_null() && expect[name] != found {
            wrong.push(format!("{name} should be {}, is {found}", expect[name]));
        }
    }
    for (key, expected) in expect["table"].as_object().into_iter().flatten() {
        let found = stage.data(key);
        wrong.extend(differences(expected, &found).into_iter().map(|wrong| format!("{key}: {wrong}")));
    }
    wrong
}

/// Members of an answer that AWS does not know: API Gateway makes a 502 of a REST answer with any.
fn foreign_members(answer: &Value) -> Vec<String> {
    if answer.is_null() {
        // Nobody waits for the answer of a job.
        return Vec::new();
    }
    let known: &[&str] = if answer["statusCode"].is_number() {
        &["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"]
    } else if answer["principalId"].is_string() {
        &["principalId", "policyDocument", "context"]
    } else {
        &["batchItemFailures"]
    };
    let names = answer.as_object().expect("an object").keys();
    names.filter(|name| !known.contains(&name.as_str())).map(|name| format!("answers {name} too")).collect()
}

#[tokio::test]
async fn a_stage_composes_every_function() {
    assert_eq!(Stage::new().await.functions(), names_in("functions"));
}

#[tokio::test]
async fn a_body_says_the_same_in_base64() {
    let (plain, base64) = (
        Case::named("quotes-calculator/station-to-harbour"),
        Case::named("quotes-calculator/body-in-base64"),
    );
    assert_eq!(
        (&plain.event["isBase64Encoded"], &base64.event["isBase64Encoded"]),
        (&json!(false), &json!(true))
    );
    let (one, other) = (Stage::new().await, Stage::new().await);
    let (one, other) = (one.play(&plain).await.unwrap(), other.play(&base64).await.unwrap());
    assert_eq!(one["statusCode"], 201);
    assert_eq!(one, other);
}

#[tokio::test]
async fn a_query_is_read_from_either_member() {
    let case = Case::named("bookings-list/by-status");
    for missing in ["/queryStringParameters", "/multiValueQueryStringParameters"] {
        let stage = Stage::before(&case).await.unwrap();
        let mut event = case.event.clone();
        set(&mut event, missing, Value::Null);
        let answer = stage.invoke("bookings-list", &event).await.unwrap();
        assert_eq!(
            (&answer["statusCode"], answer["body"]["items"].as_array().map(Vec::len)),
            (&json!(200), Some(1))
        );
    }
}

#[tokio::test]
async fn a_test_from_the_console_has_null_for_headers() {
    let mut case = Case::named("quotes-retrieve/in-time");
    let stage = Stage::before(&case).await.unwrap();
    for missing in ["/headers", "/multiValueHeaders"] {
        set(&mut case.event, missing, Value::Null);
    }
    assert_eq!(stage.play(&case).await.unwrap()["statusCode"], 200);
}

#[tokio::test]
async fn what_stands_behind_a_bad_record_of_the_stream_is_worked_on_all_the_same() {
    let case = Case::named("events-relay/one-bad-record");
    let stage = Stage::new().await;
    let stopped_at = stage.play(&case).await.unwrap()["batchItemFailures"][0]["itemIdentifier"].clone();

    assert_eq!(stage.history(), ["HISTORY#000001", "HISTORY#000002"], "those before it and behind it");

    // Lambda comes back with the record that was named and all behind it, then gives that one up and goes on.
    let records = case.event["Records"].as_array().unwrap();
    let bad = records.iter().position(|record| record["dynamodb"]["SequenceNumber"] == stopped_at).unwrap();
    assert_eq!(bad, 1, "the one in the middle");
    let again = stage.invoke("events-relay", &json!({ "Records": records[bad..] })).await.unwrap();
    assert_eq!(again["batchItemFailures"][0]["itemIdentifier"], stopped_at);
    let rest = stage.invoke("events-relay", &json!({ "Records": records[bad + 1..] })).await.unwrap();
    assert_eq!(rest["batchItemFailures"], json!([]));
    assert_eq!(stage.history(), ["HISTORY#000001", "HISTORY#000002"]);
    let published: std::collections::BTreeSet<_> = stage.published().into_iter().collect();
    assert_eq!(published.len(), 2, "the same events again are the same events");
}

#[tokio::test]
async fn the_local_gateway_sends_what_api_gateway_sends() {
    let world = World::new().await;
    let seen = Arc::new(Mutex::new(Value::Null));
    let allows_all: Invoke = {
        let seen = seen.clone();
        Arc::new(move |event| {
            *seen.lock().unwrap() = serde_json::from_slice(&event).unwrap();
            Box::pin(async {
                let statement = json!({ "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*" });
                let answer =
                    json!({ "principalId": "user_abc123", "policyDocument": { "Statement": [statement] } });
                Ok(answer.to_string().into_bytes())
            })
        })
    };
    let gateway = Gateway::new(world.platform.clock.clone(), Origins::default(), allows_all);
    let gateway = functions::mount(gateway, |_| world.platform.ports.clone());
    let request = http::Request::get("/v1/bookings/booking_1").header("authorization", "Bearer token");
    gateway.handle(request.body(bytes::Bytes::new()).unwrap()).await;

    // The authorizer is sent what the function will be sent, with its own `type` and `methodArn` and without the body.
    let sample = Case::named("authorizer/customer").event;
    let under = ["requestContext", "identity"];
    let (local, real) = (keys(&seen.lock().unwrap(), &under), keys(&sample, &under));
    let (missing, foreign): (Vec<_>, Vec<_>) =
        (real.difference(&local).collect(), local.difference(&real).collect());
    assert!(missing.is_empty() && foreign.is_empty(), "AWS has also {missing:?}, and has no {foreign:?}");
}

#[test]
fn every_rest_event_has_the_same_members() {
    let under = ["requestContext", "identity"];
    let members = |event: &Value| {
        let mut members = keys(event, &under);
        members.remove("requestContext/authorizer");
        members
    };
    let first = members(&Case::named("bookings-get/own").event);
    for function in names_in("functions") {
        for case in Case::all_of(&function).iter().filter(|case| case.event["httpMethod"].is_string()) {
            let mut found = members(&case.event);
            if function == "authorizer" {
                assert!(found.remove("type") && found.remove("methodArn"));
                found.extend(["body".to_owned(), "isBase64Encoded".to_owned()]);
            }
            assert_eq!(found, first, "{}", case.name);
        }
    }
}

#[tokio::test]
async fn the_local_stream_sends_what_dynamodb_streams_sends() {
    let world = World::new().await;
    let sample = Case::named("events-relay/booking-created").event["Records"][0].clone();
    let inserted =
        world.platform.stream().unwrap().into_iter().find(|record| record["eventName"] == "INSERT");
    let mut found = keys(&inserted.expect("the demonstration's items"), &["dynamodb"]);
    // Added where a batch is put together.
    found.insert("eventSourceARN".to_owned());
    assert_eq!(found, keys(&sample, &["dynamodb"]));
}
