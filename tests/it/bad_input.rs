//! Bad input, through the routes: every refusal is a problem that names exactly what is wrong, and writes nothing.

mod bodies;
mod fields;
mod lists;
mod noise;
mod tariff;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use fields::Field;
use nots_testkit::{Answer, World};
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

/// Every endpoint that takes a body, each with one that it would take now.
async fn targets(world: &World) -> Vec<Target> {
    let customer = world.person("customer").await;
    let (dispatcher, driver) = (world.person("dispatcher").await, world.driver("driver_demo1").await);
    let (quote, fresh) = (world.quote(86_400).await, world.quote(86_400).await);
    let pending = world.booked(&customer, 2 * 86_400).await;
    let confirmed = world.confirmed(&customer, 3 * 86_400).await;
    let job = world.confirmed(&customer, 4 * 86_400).await;
    world.assign(&dispatcher, &job, "driver_demo1").await.expect_status(200);
    let called_off = world.confirmed(&customer, 5 * 86_400).await;
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
    let changed = format!("/bookings/{}", pending["bookingId"].as_str().unwrap());
    let change =
        json!({ "quoteId": fresh["quoteId"], "passengers": 2, "luggage": 1, "internalNotes": "Rang" });
    let called_off = format!("/bookings/{}", called_off["bookingId"].as_str().unwrap());
    let cancellation = json!({ "reason": "Plans changed", "onBehalfOf": "customer" });
    let (customer, dispatcher) = (Some(customer.token.as_str()), Some(dispatcher.token.as_str()));
    let payment = json!({ "bookingId": pending["bookingId"] });
    let mut journey = world.journey(86_400);
    journey["viaStops"] =
        json!([{ "address": "Poole", "latitude": 50.72, "longitude": -1.98, "waitingMinutes": 5 }]);
    journey["returnJourney"] = json!(true);
    journey["returnPickupTime"] = json!(now + 60 * 86_400);
    journey["extras"] = json!([{ "code": "child_seat", "quantity": 2 }, "meetAndGreet"]);
    vec![
        target("POST", "/quotes", None, journey, fields::of_quote(now)),
        target("POST", "/bookings", customer, booking, fields::of_booking()),
        target("POST", "/payments", customer, payment, fields::of_payment()),
        target("POST", "/dispatch", dispatcher, assignment, fields::of_assignment()),
        target("PATCH", &job, Some(&driver.token), step, fields::of_job(now)),
        target("PATCH", &changed, dispatcher, change, fields::of_change()),
        target("DELETE", &called_off, dispatcher, cancellation, fields::of_cancellation()),
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
        let _ = world.platform.meter.take();
        Self { world, before: world.table(), tried: 0, wrong: Vec::new() }
    }

    /// The answer must be a problem with this status that names exactly these.
    fn judge(&mut self, what: &str, answer: &Answer, status: u16, expected: &[&str]) {
        self.tried += 1;
        let outcome = named(answer, status);
        if outcome.as_ref().is_ok_and(|names| names.iter().eq(&BTreeSet::from_iter(expected.iter().copied())))
        {
            let written = self.world.platform.meter.take().write_units > 0.0;
            self.wrong.extend(written.then(|| format!("{what}: wrote something")));
        } else {
            self.wrong.push(format!("{what:.600}: expected {status} {expected:?}, got {outcome:?}"));
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
        assert!(self.world.table() == self.before, "the table has changed");
    }
}

/// A body with a field changed, added or (without a value) left out.
fn with(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    let parent = body.pointer_mut(parent).unwrap();
    if let (Value::Array(list), Ok(at)) = (&mut *parent, name.parse::<usize>()) {
        list[at] = value.unwrap();
        return body;
    }
    let fields = parent.as_object_mut().unwrap();
    match value {
        Some(value) => fields.insert(name, value),
        None => fields.remove(&name),
    };
    body
}
