//! A process that stops, an answer that is lost, a table that is busy: at every call of every mutation. Nothing is
//! half done, and asking again ends as if nothing had happened.

use std::sync::{Arc, Mutex};

use nots_local::Options;
use nots_testkit::{Answer, Call, Fault, FaultyTable, World, paid_session, signed};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// Which call from now on faults, and how.
type Aim = Arc<Mutex<Option<(usize, Fault)>>>;

struct Fragile {
    world: World,
    aim: Aim,
    crashed: Arc<Notify>,
}

impl Fragile {
    async fn new() -> Self {
        let (aim, crashed): (Aim, _) = (Aim::default(), Arc::new(Notify::new()));
        let (plan, ring) = (aim.clone(), crashed.clone());
        let options = Options {
            wrap_table: Some(Box::new(move |table| {
                let next = move |_: Call| {
                    let mut aim = plan.lock().unwrap();
                    match aim.take() {
                        Some((0, fault)) => fault,
                        left => {
                            *aim = left.map(|(calls, fault)| (calls - 1, fault));
                            Fault::None
                        }
                    }
                };
                Arc::new(FaultyTable::over(table, ring, next))
            })),
            ..Options::default()
        };
        Self { world: World::with(options).await, aim, crashed }
    }

    /// Asks with the fault armed; none when the process stopped.
    async fn ask(&self, request: &Request, at: usize, fault: Fault) -> Option<Answer> {
        *self.aim.lock().unwrap() = Some((at, fault));
        let gateway = self.world.platform.gateway.clone();
        tokio::select! {
            // Whoever is not chosen is dropped, as a process is that stops.
            () = self.crashed.notified() => None,
            answer = gateway.handle(request.build(&self.world)) => {
                let (parts, body) = answer.into_parts();
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                Some(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
            }
        }
    }

    /// Whether the fault was met; disarms it.
    fn met(&self) -> bool {
        self.aim.lock().unwrap().take().is_none()
    }
}

/// A mutation, as its caller would ask for it again.
struct Request {
    method: &'static str,
    path: String,
    token: Option<String>,
    body: Value,
}

impl Request {
    fn build(&self, world: &World) -> http::Request<bytes::Bytes> {
        let body = self.body.to_string();
        let mut request = http::Request::builder().method(self.method).uri(&self.path);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if self.path.ends_with("/webhooks/stripe") {
            request = request.header("stripe-signature", signed(&body, "whsec_local", world.now()));
        }
        request.body(bytes::Bytes::from(body)).unwrap()
    }
}

/// The mutations of a journey in order, each prepared by those before it.
async fn prepared(world: &World, step: usize) -> Request {
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;
    let token = |who: &nots_testkit::Person| Some(who.token.clone());
    if step == 0 {
        return Request {
            method: "POST",
            path: "/v1/quotes".into(),
            token: None,
            body: world.journey(86_400),
        };
    }
    if step == 1 {
        let quote = world.quote(86_400).await;
        let body = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
        return Request { method: "POST", path: "/v1/bookings".into(), token: token(&customer), body };
    }
    let booking = world.booked(&customer, 86_400).await;
    let pay = json!({ "bookingId": booking["bookingId"] });
    if step == 2 {
        return Request { method: "POST", path: "/v1/payments".into(), token: token(&customer), body: pay };
    }
    let payment = world.post("/v1/payments", &customer, pay).await.expect_status(201);
    let webhook = paid_session(&payment, &format!("evt_{}", &booking["bookingId"].as_str().unwrap()[8..]));
    let webhook = Request { method: "POST", path: "/v1/webhooks/stripe".into(), token: None, body: webhook };
    if step == 3 {
        return webhook;
    }
    assert_eq!(world.platform.gateway.handle(webhook.build(world)).await.status(), 200);
    let body = json!({ "bookingId": booking["bookingId"], "driverId": "driver_demo1" });
    if step == 4 {
        return Request { method: "POST", path: "/v1/dispatch".into(), token: token(&dispatcher), body };
    }
    world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    let path = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    Request { method: "PATCH", path, token: token(&driver), body: json!({ "progress": "en_route" }) }
}

/// What must hold of every table, whatever happened to it.
fn whole(world: &World) {
    let table = world.table();
    let data = |key: &str| table.get(key).map(|item| item["Data"]["M"].clone());
    for (key, item) in &table {
        let data_of = &item["Data"]["M"];
        let Some(id) = key.strip_prefix("BOOKING#").and_then(|key| key.strip_suffix(" / METADATA")) else {
            continue;
        };
        let suffix = id.trim_start_matches("booking_");
        let quote = data(&format!("QUOTE#quote_{suffix} / METADATA")).expect("its quote");
        assert_eq!(quote["status"]["S"], "used");
        let payment = data(&format!("BOOKING#{id} / PAYMENT#payment_{suffix}")).expect("its payment");
        assert_eq!(payment["status"], data_of["payment"]["M"]["status"]);
        let reference = data_of["bookingReference"]["S"].as_str().unwrap();
        assert_eq!(data(&format!("REF#{reference} / BOOKING")).expect("its reference")["bookingId"]["S"], id);
        let status = data_of["status"]["S"].as_str().unwrap();
        assert_eq!(status == "pending", payment["status"]["S"] == "pending");
        assert_eq!(item["GSI1PK"]["S"], format!("STATUS#{status}"));
        let days = |kind: &str| {
            table
                .iter()
                .filter(|(key, item)| {
                    key.starts_with(kind)
                        && key.contains("DAY#")
                        && item["Data"]["M"]["jobs"].to_string().contains(id)
                })
                .count()
        };
        let given = data_of["driver"]["M"].is_object();
        assert_eq!((given, given), (days("DRIVER#") > 0, days("VEHICLE#") > 0), "{status}");
        // Left out while there is none.
        let attempts: usize = payment["attempts"]["N"].as_str().unwrap_or("0").parse().unwrap();
        let stored = table.keys().filter(|key| key.starts_with(&format!("BOOKING#{id} / ATTEMPT#"))).count();
        assert_eq!(stored, attempts);
    }
    let used = table
        .iter()
        .filter(|(key, item)| key.starts_with("QUOTE#") && item["Data"]["M"]["status"]["S"] == "used");
    let booked = table.keys().filter(|key| key.starts_with("BOOKING#") && key.ends_with("METADATA")).count();
    assert_eq!(used.count(), booked, "no quote is used up without a booking");
}

#[tokio::test]
async fn at_every_call_of_every_mutation() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::LoseReply, Fault::Throttle, Fault::Conflict];
    for step in 0..6 {
        for fault in faults {
            let fragile = Fragile::new().await;
            for at in 0.. {
                let request = prepared(&fragile.world, step).await;
                let answer = fragile.ask(&request, at, fault).await;
                let met = fragile.met();
                whole(&fragile.world);
                if let Some(answer) = &answer {
                    assert!([200, 201, 503].contains(&answer.status), "{step} {fault:?} at {at}: {answer:?}");
                }
                // Whoever got no answer, or was asked to come back, asks again.
                let again = fragile.ask(&request, usize::MAX, Fault::None).await.unwrap();
                fragile.met();
                let dispatched =
                    step == 4 && again.status == 409 && again.body["current"]["status"] == "assigned";
                assert!(
                    [200, 201].contains(&again.status) || dispatched,
                    "{step} {fault:?} at {at}: {again:?}"
                );
                whole(&fragile.world);
                free_the_driver(&fragile, step).await;
                if !met {
                    assert!(at > 0, "the fault was never met");
                    break;
                }
            }
            fragile.world.leaves_messages();
        }
    }
}

/// Each round gives the same driver a job at the same hour, so the clock moves on.
async fn free_the_driver(fragile: &Fragile, step: usize) {
    if step >= 4 {
        fragile.world.platform.clock.advance(7_200).unwrap();
    }
}

#[tokio::test]
async fn a_table_that_stays_busy_is_a_503_that_says_when_to_come_back() {
    let world = World::with(Options {
        wrap_table: Some(Box::new(|table| {
            let never = |call| if call == Call::Write { Fault::Throttle } else { Fault::None };
            Arc::new(FaultyTable::over(table, Arc::new(Notify::new()), never))
        })),
        ..Options::default()
    })
    .await;
    let answer = world.post("/v1/quotes", None, world.journey(86_400)).await;
    assert_eq!(answer.headers["retry-after"], "1");
    let problem = answer.expect_status(503);
    assert!(!problem.to_string().contains("capacity"), "an error's internal text never leaves: {problem}");
}
