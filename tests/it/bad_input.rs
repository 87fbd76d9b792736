//! Bad input, through the routes: every refusal is a problem that names exactly what is wrong, and writes nothing.
//!
//! A table says for each field what it will not take; the pointer that the answer must name is the field itself.

use std::collections::{BTreeMap, BTreeSet};

use Need::{NotNull, Optional, Required};
use bytes::Bytes;
use nots_core::{
    access::{self, Window},
    entity::BookingStatus,
    table::{Page, Position},
};
use nots_http::{Listing, Request};
use nots_testkit::{Answer, World, signed};
use serde_json::{Value, json};

/// One request down the gateway's own path, with any headers, and a body that need not be JSON.
pub(crate) async fn send(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Answer {
    let mut request = http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = world.platform.gateway.handle(request.body(body.into()).unwrap()).await;
    let (parts, body) = answer.into_parts();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// What a problem names: pointers into the body, and query parameters with a `?` before them. An error when the
/// answer is not a whole problem with this status.
pub(crate) fn named(answer: &Answer, status: u16) -> Result<BTreeSet<String>, String> {
    let body = &answer.body;
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    let filled = |name: &str| body[name].as_str().is_some_and(|text| !text.is_empty());
    let texts = ["type", "title", "detail", "requestId"].into_iter().all(filled);
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let whole = kind == Some("application/problem+json")
        && texts
        && body["status"] == status
        && body["errors"].is_array()
        && errors.iter().all(|error| error["detail"].as_str().is_some_and(|text| !text.is_empty()))
        && !(matches!(status, 400 | 413 | 422) && errors.is_empty());
    if answer.status != status || !whole {
        return Err(format!("not a problem with {status}: {} {kind:?} {body}", answer.status));
    }
    let name = |error: &Value| match (&error["pointer"], &error["parameter"]) {
        (Value::String(pointer), Value::Null) => Ok(pointer.clone()),
        (Value::Null, Value::String(parameter)) => Ok(format!("?{parameter}")),
        _ => Err(format!("names nothing: {error}")),
    };
    errors.iter().map(name).collect()
}

/// An endpoint that takes a body, with one that it would take.
struct Target {
    method: &'static str,
    path: String,
    authorization: Option<String>,
    valid: Value,
    fields: Vec<Field>,
}

/// Whether a field may be left out, and whether it may be null.
#[derive(Clone, Copy, PartialEq)]
enum Need {
    Required,
    NotNull,
    Optional,
}

/// A field, and what it does not take beside what is not of its kind.
type Field = (&'static str, Need, Vec<Value>);

fn all(kinds: Value, more: Value) -> Vec<Value> {
    [kinds, more].iter().flat_map(|values| values.as_array().unwrap().clone()).collect()
}
fn text(more: Value) -> Vec<Value> {
    all(json!([1, 1.5, true, [], {}]), more)
}
fn whole(more: Value) -> Vec<Value> {
    all(json!(["1", 1.5, true, [], {}, -1, u64::MAX, i64::MIN, 1e300]), more)
}
fn degrees(more: Value) -> Vec<Value> {
    all(json!(["50", true, [], {}, u64::MAX, i64::MIN, 1e300, -1e300]), more)
}
fn yes_or_no(more: Value) -> Vec<Value> {
    all(json!([1, "true", [], {}]), more)
}
fn object() -> Vec<Value> {
    json!([1, "x", true, [], [{}]]).as_array().unwrap().clone()
}
fn list(more: Value) -> Vec<Value> {
    all(json!([1, "x", true, {}]), more)
}
fn id(kind: &str) -> Vec<Value> {
    let long = format!("{kind}_{}", "a".repeat(65));
    let of = |rest: &str| format!("{kind}{rest}");
    text(json!([
        "",
        kind,
        of("_"),
        of("_a b"),
        of("_a#b"),
        of("_é"),
        of("_a\u{0}"),
        of("__a"),
        "other_1",
        long
    ]))
}
fn note(most: usize) -> Vec<Value> {
    text(json!(["", "   ", "a\u{0}b", "\u{1b}[1m", "a".repeat(most + 1)]))
}

fn quote_fields(now: i64) -> Vec<Field> {
    let moments =
        json!([0, 999_999_999, 10_000_000_000_i64, 1_733_842_200_000_i64, now - 60, now + 400 * 86_400]);
    let place = json!({ "latitude": 50.7, "longitude": -1.9 });
    let mut fields: Vec<Field> = vec![
        ("/pickupLocation", Required, object()),
        ("/dropoffLocation", Required, object()),
        ("/pickupTime", Required, whole(moments)),
        ("/passengers", Required, whole(json!([0, 5, 256]))),
        ("/luggage", NotNull, whole(json!([21, 256]))),
        ("/vehicleType", Required, text(json!(["", "Standard", "limousine"]))),
        ("/returnJourney", NotNull, yes_or_no(json!([true]))),
        ("/returnPickupTime", Optional, whole(json!([now + 86_400]))),
        ("/viaStops", NotNull, list(json!([[place]]))),
        ("/extras", NotNull, list(json!([["child_seat"]]))),
    ];
    for at in ["/pickupLocation", "/dropoffLocation"] {
        let inside = |name: &str| -> &'static str { Box::leak(format!("{at}{name}").into_boxed_str()) };
        fields.push((inside("/address"), Optional, note(300)));
        fields.push((inside("/latitude"), Optional, degrees(json!([90.001, -90.001]))));
        fields.push((inside("/longitude"), Optional, degrees(json!([180.001, -180.001]))));
    }
    fields
}

fn booking_fields() -> Vec<Field> {
    let emails = json!([
        "",
        "x",
        "a@",
        "@example.com",
        "a b@example.com",
        "Ada <ada@example.com>",
        "a@example.com\r\nBcc: b@example.com",
        "a@exam\u{0}ple.com",
        format!("{}@example.com", "a".repeat(250))
    ]);
    let phones =
        json!(["", "+", "12", "phone", "7700900123", "+0447700900123", "+1234567890123456", "+44770090012x"]);
    vec![
        ("/quoteId", Required, id("quote")),
        ("/customer", Required, object()),
        ("/customer/firstName", Required, note(100)),
        ("/customer/lastName", Required, note(100)),
        ("/customer/email", Required, text(emails)),
        ("/customer/phone", Required, text(phones)),
        ("/userId", Optional, [id("user"), vec![json!("user_somebodyelse")]].concat()),
        ("/passengers", Optional, whole(json!([0, 5, 256]))),
        ("/luggage", Optional, whole(json!([21, 256]))),
        ("/specialRequirements", Optional, note(500)),
        ("/pickupInstructions", Optional, note(500)),
        ("/dropoffInstructions", Optional, note(500)),
        ("/flightNumber", Optional, note(10)),
    ]
}

fn job_fields(now: i64) -> Vec<Field> {
    let moments = json!([0, 1_733_842_200_000_i64, now - 3_600, now + 3_600]);
    vec![
        ("/progress", Required, text(json!(["", "EN_ROUTE", "assigned", "finished"]))),
        ("/at", Optional, whole(moments)),
        ("/location", Optional, object()),
        ("/location/latitude", Required, degrees(json!([90.001, -90.001]))),
        ("/location/longitude", Required, degrees(json!([180.001, -180.001]))),
    ]
}

/// Every endpoint that takes a body, each with one that it would take now.
async fn targets(world: &World) -> Vec<Target> {
    let customer = world.person("customer").await;
    let (dispatcher, driver) = (world.person("dispatcher").await, world.driver("driver_demo1").await);
    let quote = world.quote(86_400).await;
    let pending = world.booked(&customer, 2 * 86_400).await;
    let confirmed = world.confirmed(&customer, 3 * 86_400).await;
    let job = world.confirmed(&customer, 4 * 86_400).await;
    world.assign(&dispatcher, &job, "driver_demo1").await.expect_status(200);
    let now = world.now();
    let target = |method, path: &str, token: Option<&str>, valid, fields| Target {
        method,
        path: format!("/v1{path}"),
        authorization: token.map(|token| format!("Bearer {token}")),
        valid,
        fields,
    };
    let assignment = json!({ "bookingId": confirmed["bookingId"], "driverId": "driver_demo2" });
    let step =
        json!({ "progress": "en_route", "at": now, "location": { "latitude": 50.72, "longitude": -1.88 } });
    let booking = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let job = format!("/jobs/{}", job["bookingId"].as_str().unwrap());
    let (customer, dispatcher) = (Some(customer.token.as_str()), Some(dispatcher.token.as_str()));
    let assignment_fields = vec![
        ("/bookingId", Required, id("booking")),
        ("/driverId", Required, id("driver")),
        ("/vehicleId", Optional, id("vehicle")),
        ("/offer", NotNull, yes_or_no(json!([true]))),
    ];
    vec![
        target("POST", "/quotes", None, world.journey(86_400), quote_fields(now)),
        target("POST", "/bookings", customer, booking, booking_fields()),
        target(
            "POST",
            "/payments",
            customer,
            json!({ "bookingId": pending["bookingId"] }),
            vec![("/bookingId", Required, id("booking"))],
        ),
        target("POST", "/dispatch", dispatcher, assignment, assignment_fields),
        target("PATCH", &job, Some(&driver.token), step, job_fields(now)),
    ]
}

/// Tries one after another against a table that must stay as it is, and tells of all that went wrong.
struct Trial<'a> {
    world: &'a World,
    before: BTreeMap<String, Value>,
    tried: usize,
    wrong: Vec<String>,
}

impl<'a> Trial<'a> {
    fn of(world: &'a World) -> Self {
        Self { world, before: world.table(), tried: 0, wrong: Vec::new() }
    }

    /// The answer must be a problem with this status that names exactly these.
    fn judge(&mut self, what: &str, answer: &Answer, status: u16, expected: &[&str]) {
        self.tried += 1;
        let outcome = named(answer, status);
        if outcome.as_ref().is_ok_and(|names| names.iter().eq(&BTreeSet::from_iter(expected.iter().copied())))
        {
            let written = self.world.table() != self.before;
            self.wrong.extend(written.then(|| format!("{what}: wrote something")));
        } else {
            let what: String = what.chars().take(300).collect();
            self.wrong.push(format!("{what}: expected {status} {expected:?}, got {outcome:?}"));
        }
    }

    async fn body(&mut self, target: &Target, body: impl Into<Bytes>, status: u16, expected: &[&str]) {
        let (body, token) = (body.into(), target.authorization.as_deref());
        let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
        let what = format!("{} {} {}", target.method, target.path, String::from_utf8_lossy(&body));
        let answer = send(self.world, target.method, &target.path, &headers, body).await;
        self.judge(&what, &answer, status, expected);
    }

    async fn fields(&mut self, target: &Target, body: &Value, expected: &[&str]) {
        self.body(target, body.to_string(), 422, expected).await;
    }

    async fn query(&mut self, path: &str, token: &str, expected: &[&str]) {
        let answer =
            send(self.world, "GET", path, &[("authorization", &format!("Bearer {token}"))], "").await;
        self.judge(path, &answer, 400, expected);
    }

    #[track_caller]
    fn end(self) {
        let (wrong, tried) = (self.wrong.len(), self.tried);
        assert!(wrong == 0, "{wrong} of {tried} went wrong:\n{}", self.wrong.join("\n"));
    }
}

/// A body with a field changed, added or (without a value) left out.
fn with(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    let fields = body.pointer_mut(parent).and_then(Value::as_object_mut).unwrap();
    match value {
        Some(value) => fields.insert(name, value),
        None => fields.remove(&name),
    };
    body
}

#[tokio::test]
async fn each_field_refuses_what_it_is_not_and_is_the_one_that_is_named() {
    let world = World::new().await;
    let targets = targets(&world).await;
    let mut trial = Trial::of(&world);
    for target in &targets {
        for (pointer, need, refused) in &target.fields {
            for value in refused {
                trial.fields(target, &with(&target.valid, pointer, Some(value.clone())), &[pointer]).await;
            }
            if *need != Optional {
                trial.fields(target, &with(&target.valid, pointer, Some(Value::Null)), &[pointer]).await;
            }
            if *need == Required {
                trial.fields(target, &with(&target.valid, pointer, None), &[pointer]).await;
            }
        }
        let objects = ["", "/pickupLocation", "/dropoffLocation", "/customer", "/location"];
        for at in objects.into_iter().filter(|at| target.valid.pointer(at).is_some_and(Value::is_object)) {
            for unknown in ["/x", "/a~1b~0c", "/", "/__proto__", "/Passengers", "/stripe\u{1f697}"] {
                let pointer = format!("{at}{unknown}");
                trial.fields(target, &with(&target.valid, &pointer, Some(Value::Null)), &[&pointer]).await;
            }
        }
    }
    trial.end();
    // They were refused for what was wrong with them and nothing else.
    for target in &targets {
        let token = target.authorization.as_deref().unwrap_or("none");
        let headers = [("authorization", token)];
        let answer = send(&world, target.method, &target.path, &headers, target.valid.to_string()).await;
        assert!(answer.status < 300, "{} {}: {} {}", target.method, target.path, answer.status, answer.body);
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new().await;
    let all = targets(&world).await;
    let [quotes, bookings, payments, dispatch, jobs] = all.as_slice() else { panic!("five") };
    let mut trial = Trial::of(&world);
    let now = world.now();
    for (target, body, expected) in [
        (
            quotes,
            json!({}),
            &["/pickupLocation", "/dropoffLocation", "/pickupTime", "/passengers", "/vehicleType"][..],
        ),
        (bookings, json!({ "x": 1 }), &["/quoteId", "/customer", "/x"]),
        (
            bookings,
            json!({ "quoteId": "q", "customer": { "email": "x" }, "passengers": -1, "flightNumber": null, "n": {} }),
            &[
                "/quoteId",
                "/customer/firstName",
                "/customer/lastName",
                "/customer/email",
                "/customer/phone",
                "/passengers",
                "/n",
            ],
        ),
        (
            bookings,
            with(&with(&bookings.valid, "/passengers", Some(json!(0))), "/luggage", Some(json!(21))),
            &["/passengers", "/luggage"],
        ),
        (payments, json!({ "bookingId": null, "paymentId": 1 }), &["/bookingId", "/paymentId"]),
        (dispatch, json!({ "driverId": 1, "offer": 1 }), &["/bookingId", "/driverId", "/offer"]),
        (
            jobs,
            json!({ "progress": "x", "at": 1.5, "location": { "latitude": 91 } }),
            &["/progress", "/at", "/location/latitude", "/location/longitude"],
        ),
        (
            quotes,
            json!({
                "pickupLocation": { "latitude": 50.7 }, "dropoffLocation": {}, "pickupTime": now - 60,
                "passengers": 9, "luggage": 21, "vehicleType": "minibus", "returnJourney": true,
                "returnPickupTime": now, "viaStops": [{ "address": "Poole" }], "extras": ["child_seat"],
            }),
            &[
                "/pickupLocation/longitude",
                "/dropoffLocation",
                "/pickupTime",
                "/passengers",
                "/luggage",
                "/returnJourney",
                "/returnPickupTime",
                "/viaStops",
                "/extras",
            ],
        ),
        (
            quotes,
            with(&quotes.valid, "/viaStops", Some(json!([1, { "latitude": 91, "x": 1 }]))),
            &["/viaStops/0", "/viaStops/1/latitude", "/viaStops/1/x"],
        ),
        (quotes, with(&quotes.valid, "/extras", Some(json!([1, "a\u{0}"]))), &["/extras/0", "/extras/1"]),
        (
            quotes,
            with(&quotes.valid, "/pickupLocation", Some(json!({ "longitude": 1 }))),
            &["/pickupLocation/latitude"],
        ),
        (
            quotes,
            with(&quotes.valid, "/dropoffLocation", Some(quotes.valid["pickupLocation"].clone())),
            &["/dropoffLocation"],
        ),
        (
            quotes,
            with(&quotes.valid, "/pickupLocation", Some(json!({ "address": "12 Nowhere Lane, Mars" }))),
            &["/pickupLocation/address"],
        ),
    ] {
        trial.fields(target, &body, expected).await;
    }
    trial.end();
}

/// What cannot be told from the field alone (a time that has passed) does not hide behind what can (91 degrees).
#[tokio::test]
async fn a_field_of_the_wrong_kind_hides_no_other() {
    let world = World::new().await;
    let all = targets(&world).await;
    let mut trial = Trial::of(&world);
    let mut body = all[0].valid.clone();
    body["pickupLocation"]["latitude"] = json!(91);
    body["passengers"] = json!(0);
    body["luggage"] = json!(21);
    body["pickupTime"] = json!(world.now() - 60);
    trial
        .fields(&all[0], &body, &["/pickupLocation/latitude", "/passengers", "/luggage", "/pickupTime"])
        .await;
    trial.end();
}

#[tokio::test]
async fn a_body_that_is_not_json_or_no_object_or_too_large() {
    let world = World::new().await;
    let targets = targets(&world).await;
    let mut trial = Trial::of(&world);
    for target in &targets {
        let valid = target.valid.to_string();
        let not_json = [
            "",
            " ",
            "{",
            "nope",
            "{}{}",
            "\u{feff}{}",
            "{\"a\":NaN}",
            "{\"a\":-Infinity}",
            "{\"a\":1e400}",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":01}",
        ];
        for body in not_json {
            trial.body(target, body, 400, &[""]).await;
        }
        for deep in ["[".repeat(60_000), format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000))] {
            trial.body(target, deep, 400, &[""]).await;
        }
        trial.body(target, &b"{\"a\":\"\xff\xfe\"\xff}"[..], 400, &[""]).await;
        let listed = format!("[{valid}]");
        for body in ["[]", &listed, "null", "true", "1", "-0.0", "1e300", "\"x\""] {
            trial.body(target, body.to_owned(), 422, &[""]).await;
        }
        let padded = |size: usize| format!("{valid}{}", " ".repeat(size - valid.len()));
        trial.body(target, padded(64 * 1024 + 1), 413, &[""]).await;
        let largest = format!("{{{}", " ".repeat(64 * 1024 - 1));
        trial.body(target, largest, 400, &[""]).await;
        let nested = format!("{{\"deep\":{}{}}}", "[".repeat(100), "]".repeat(100));
        let required =
            target.fields.iter().filter(|(at, need, _)| *need == Required && at.matches('/').count() == 1);
        let expected: Vec<_> = required.map(|(at, ..)| *at).chain(["/deep"]).collect();
        trial.body(target, nested, 422, &expected).await;
    }
    trial.end();
}

#[tokio::test]
async fn a_webhook_needs_our_signature_and_then_understands_what_it_can() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, _) = world.at_checkout(&customer, 86_400).await;
    let event = json!({
        "id": "evt_1", "type": "checkout.session.completed",
        "data": { "object": { "id": "cs_1", "client_reference_id": booking["bookingId"], "payment_status": "paid",
            "amount_total": booking["pricing"]["total"], "currency": "gbp", "payment_intent": "pi_1" } },
    });
    let (sound, now) = (event.to_string(), world.now());
    let mut trial = Trial::of(&world);
    let genuine = signed(&sound, "whsec_local", now);
    for (what, body, signature) in [
        ("unsigned", sound.clone(), None),
        ("empty", sound.clone(), Some(String::new())),
        ("garbage", sound.clone(), Some("t=x,v1=zz,\u{7f}".replace('\u{7f}', "~"))),
        ("no digits", sound.clone(), Some(format!("t={now},v1="))),
        ("another secret", sound.clone(), Some(signed(&sound, "whsec_other", now))),
        ("no secret", sound.clone(), Some(signed(&sound, "", now))),
        ("too old", sound.clone(), Some(signed(&sound, "whsec_local", now - 301))),
        ("too new", sound.clone(), Some(signed(&sound, "whsec_local", now + 360))),
        ("of another body", sound.replace("evt_1", "evt_2"), Some(genuine.clone())),
        ("of nothing", String::new(), Some(genuine)),
    ] {
        let headers: Vec<_> = signature.iter().map(|text| ("stripe-signature", text.as_str())).collect();
        let answer = send(&world, "POST", "/v1/webhooks/stripe", &headers, body).await;
        trial.judge(what, &answer, 400, &[""]);
    }
    let large = format!("{sound}{}", " ".repeat(64 * 1024));
    let signature = signed(&large, "whsec_local", now);
    let answer =
        send(&world, "POST", "/v1/webhooks/stripe", &[("stripe-signature", &signature)], large).await;
    trial.judge("too large", &answer, 413, &[""]);
    // What is well signed and not understood is no fault of the sender's: it must not come again.
    let odd = [
        "",
        "{",
        "[]",
        "null",
        "1e400",
        "{}",
        r#"{"type":null}"#,
        r#"{"type":"checkout.session.completed"}"#,
    ];
    let changed =
        ["/data", "/data/object", "/data/object/client_reference_id", "/data/object/amount_total", "/id"]
            .map(|at| with(&event, at, Some(json!("\u{0}#x"))).to_string());
    for body in odd.map(str::to_owned).into_iter().chain(changed) {
        let signature = signed(&body, "whsec_local", now);
        let answer =
            send(&world, "POST", "/v1/webhooks/stripe", &[("stripe-signature", &signature)], body.clone())
                .await;
        assert_eq!((answer.status, &answer.body), (200, &json!({ "received": true })), "{body}");
        assert!(world.table() == trial.before, "{body} wrote something");
    }
    trial.end();
}

#[tokio::test]
async fn a_query_names_each_bad_parameter() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (dispatcher, driver) = (world.person("dispatcher").await, world.driver("driver_demo1").await);
    let booking = world.booked(&customer, 86_400).await["bookingId"].as_str().unwrap().to_owned();
    let mut trial = Trial::of(&world);
    let lists = [
        ("/v1/bookings?status=pending&", &dispatcher),
        ("/v1/bookings?userId=user_1&", &dispatcher),
        ("/v1/bookings?driverId=driver_1&", &dispatcher),
        ("/v1/bookings?reference=NOTS-7K3M9Q&", &dispatcher),
        ("/v1/bookings?", &customer),
        ("/v1/drivers?", &dispatcher),
        ("/v1/drivers?available=true&", &dispatcher),
        ("/v1/drivers/me/jobs?", &driver),
    ];
    for (list, who) in lists {
        for limit in ["0", "101", "abc", "-1", "1.5", "", "99999999999", "%00", "1&limit=1"] {
            trial.query(&format!("{list}limit={limit}"), &who.token, &["?limit"]).await;
        }
        for cursor in ["", "abc", "e30", "bnVsbA", "%F0%9F%9A%97", "a.b", "W10", "Zm9v&cursor=Zm9v"] {
            trial.query(&format!("{list}cursor={cursor}"), &who.token, &["?cursor"]).await;
        }
        trial.query(&format!("{list}x=1&y=&Limit=5"), &who.token, &["?x", "?y", "?Limit"]).await;
        trial.query(&format!("{list}x=1&limit=0"), &who.token, &["?x", "?limit"]).await;
    }
    let (from, to) = (world.now() + 1, world.now());
    for (query, expected) in [
        ("status=nope", &["?status"][..]),
        ("status=", &["?status"]),
        ("status=pending&status=confirmed", &["?status"]),
        ("status=pending&userId=user_1", &["?status"]),
        ("", &["?status"]),
        ("userId=nope", &["?userId"]),
        ("userId=driver_1", &["?userId"]),
        ("driverId=driver_%00", &["?driverId"]),
        ("driverId=x&from=1795177202", &["?driverId"]),
        ("reference=7K3M9Q", &["?reference"]),
        ("userId=user_1&from=1795177202", &["?from"]),
        ("status=pending&from=abc&to=1", &["?from", "?to"]),
        ("status=pending&from=1733842200000", &["?from"]),
        (&format!("status=pending&from={from}&to={to}"), &["?from"]),
        ("status=nope&from=x&limit=0&z=1", &["?status", "?from", "?limit", "?z"]),
    ] {
        trial.query(&format!("/v1/bookings?{query}"), &dispatcher.token, expected).await;
    }
    for (path, who, expected) in [
        (
            "/v1/bookings?status=pending&userId=user_1&from=1795177202",
            &customer,
            &["?status", "?userId", "?from"][..],
        ),
        (&format!("/v1/drivers/me/jobs?from={from}&to={to}"), &driver, &["?from"]),
        ("/v1/drivers/me/jobs?from=abc&to=&driverId=driver_demo2", &driver, &["?from", "?to", "?driverId"]),
        ("/v1/drivers?status=nope&available=maybe", &dispatcher, &["?status", "?available"]),
        ("/v1/drivers?available=false", &dispatcher, &["?available"]),
        ("/v1/drivers?available=true&status=suspended", &dispatcher, &["?status"]),
        (&format!("/v1/bookings/{booking}?expand=all"), &customer, &["?expand"]),
    ] {
        trial.query(path, &who.token, expected).await;
    }
    trial.end();
}
