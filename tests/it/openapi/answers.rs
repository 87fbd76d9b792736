//! Every answer is as it is said to be, and every status that is promised below 500 is one that comes.

use std::collections::BTreeSet;

use bytes::Bytes;
use nots_core::{Role, ports::Clock};
use nots_http::tariff::MAX_TARIFF_BYTES;
use nots_testkit::{World, signed};
use serde_json::{Value, json};

use super::Document;
use crate::{bad_input::send, tariffs::terms_of};

/// Asks, and holds request and answer to the document.
struct Witness<'a> {
    world: &'a World,
    document: &'a Document,
    seen: BTreeSet<(String, u16)>,
}

impl Witness<'_> {
    /// Asks a function; `query` is what follows the path, `token` a bearer token.
    async fn ask(
        &mut self,
        asked: (&str, &str),
        token: Option<&str>,
        body: impl Into<Bytes>,
        status: u16,
    ) -> Value {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        self.ask_with(asked, &headers, body.into(), status).await
    }

    async fn ask_with(
        &mut self,
        asked: (&str, &str),
        headers: &[(&str, &str)],
        body: Bytes,
        status: u16,
    ) -> Value {
        let (function, rest) = asked;
        let mut operations = self.document.operations();
        let (method, path, operation) = operations.find(|(_, _, o)| o["operationId"] == function).unwrap();
        let (id, query) = rest.split_once('?').map_or((rest, None), |(id, query)| (id, Some(query)));
        let segments = path.split('/').map(|segment| if segment.starts_with('{') { id } else { segment });
        let path = format!("/v1{}", segments.collect::<Vec<_>>().join("/"));
        let path = query.map_or(path.clone(), |query| format!("{path}?{query}"));
        let answer = send(self.world, &method, &path, headers, body.clone()).await;
        let at = format!("{function} {rest} {status}");
        assert_eq!(answer.status, status, "{at}: {}", answer.body);

        if status < 300 && !body.is_empty() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let wrong = self.document.against(schema, &serde_json::from_slice(&body).unwrap());
            assert!(wrong.is_empty(), "{at}, the request: {}", wrong.join("\n"));
        }
        let response = &operation["responses"][status.to_string()];
        assert!(response.is_object(), "{at} is not in the document");
        let response = self.document.follow(response);
        let kind = answer.headers["content-type"].to_str().unwrap();
        let wrong = self.document.against(&response["content"][kind]["schema"], &answer.body);
        assert!(wrong.is_empty(), "{at}: {}\n{}", wrong.join("\n"), answer.body);
        for name in response["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(answer.headers.contains_key(name), "{at}: no {name}");
        }
        self.seen.insert((function.to_owned(), status));
        answer.body
    }

    /// Holds an answer to one of the views of a booking.
    fn is(&self, value: &Value, schema: &str) {
        let wrong =
            self.document.against(&json!({ "$ref": format!("#/components/schemas/{schema}") }), value);
        assert!(wrong.is_empty(), "{schema}: {}\n{value}", wrong.join("\n"));
    }
}

/// A booking that is changed twice, without money and with: what its customer and staff see of it while the second change
/// waits to be paid, and then. As staff see it, with what both times have.
async fn changed(witness: &mut Witness<'_>, customer: &str, staff: &str) -> Value {
    let world = witness.world;
    let quote = world.quote(50 * 3_600).await;
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() }).to_string();
    let booking = witness.ask(("bookings-create", ""), Some(customer), order, 201).await;
    let id = booking["bookingId"].as_str().unwrap();
    let what = json!({ "bookingId": id }).to_string();
    let payment = witness.ask(("payments-process", ""), Some(customer), what.clone(), 201).await;
    world.pay(&payment).await.expect_status(200);
    let words = json!({
        "passengers": 3, "luggage": 2, "flightNumber": "BA2490", "specialRequirements": "A ramp",
        "pickupInstructions": null, "dropoffInstructions": null, "internalNotes": "Rang twice",
    });
    witness.ask(("bookings-update", id), Some(staff), words.to_string(), 200).await;
    let mut farther = world.journey(50 * 3_600);
    farther["dropoffLocation"]["longitude"] = json!(-2.4);
    farther["extras"] = json!(["child_seat"]);
    let quote = witness.ask(("quotes-calculator", ""), None, farther.to_string(), 201).await;
    let change = json!({ "quoteId": quote["quoteId"] }).to_string();
    let bearer = format!("Bearer {customer}");
    let stale = [("authorization", bearer.as_str()), ("if-match", "\"1\"")];
    witness.ask_with(("bookings-update", id), &stale, Bytes::from(change.clone()), 412).await;
    let seen = witness.ask(("bookings-update", id), Some(customer), change, 200).await;
    witness.is(&seen, "BookingForCustomer");
    let mut whole = witness.ask(("bookings-get", id), Some(staff), "", 200).await;
    witness.is(&whole, "BookingForStaff");
    let page = witness.ask(("payments-process", ""), Some(customer), what, 201).await;
    world.pay(&page).await.expect_status(200);
    let seen = witness.ask(("bookings-get", id), Some(customer), "", 200).await;
    witness.is(&seen, "BookingForCustomer");
    let seen = witness.ask(("bookings-get", id), Some(staff), "", 200).await;
    witness.is(&seen, "BookingForStaff");
    whole["amended"] = seen["amended"].clone();
    whole
}

/// A booking that its customer calls off, and one whose passenger does not come: what everybody sees of both. The second,
/// as staff see it.
async fn called_off(witness: &mut Witness<'_>, customer: &str, staff: &str, driver: &str) -> Value {
    let world = witness.world;
    let mut seen = Value::Null;
    for (hours, comes) in [(30, true), (6, false)] {
        let quote = world.quote(hours * 3_600).await;
        let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() }).to_string();
        let booking = witness.ask(("bookings-create", ""), Some(customer), order, 201).await;
        let what = json!({ "bookingId": booking["bookingId"] }).to_string();
        let payment = witness.ask(("payments-process", ""), Some(customer), what, 201).await;
        world.pay(&payment).await.expect_status(200);
        let id = booking["bookingId"].as_str().unwrap();
        let job = json!({ "bookingId": id, "driverId": "driver_demo1" }).to_string();
        witness.ask(("dispatch-assign", ""), Some(staff), job, 200).await;
        witness.ask(("bookings-cancellation", id), Some(customer), "", 200).await;
        let forwards = format!("{id}?onBehalfOf=customer");
        witness.ask(("bookings-cancellation", &forwards), Some(staff), "", 200).await;
        if comes {
            let reason = json!({ "reason": "Plans changed" }).to_string();
            let bearer = format!("Bearer {customer}");
            let stale = [("authorization", bearer.as_str()), ("if-match", "\"1\"")];
            witness.ask_with(("bookings-cancel", id), &stale, Bytes::from(reason.clone()), 412).await;
            let off = witness.ask(("bookings-cancel", id), Some(customer), reason.clone(), 200).await;
            witness.is(&off, "BookingForCustomer");
            witness.ask(("bookings-cancel", id), Some(staff), reason, 409).await;
        } else {
            for progress in ["en_route", "arrived", "no_show"] {
                if progress == "no_show" {
                    world.until_pickup(&booking).await;
                }
                let here = json!({ "latitude": 50.72, "longitude": -1.88 });
                let step = json!({ "progress": progress, "location": here }).to_string();
                let job = witness.ask(("jobs-progress", id), Some(driver), step, 200).await;
                witness.is(&job, "BookingForDriver");
            }
        }
        witness.ask(("bookings-cancellation", id), Some(customer), "", 200).await;
        for (token, schema) in
            [(customer, "BookingForCustomer"), (driver, "BookingForDriver"), (staff, "BookingForStaff")]
        {
            seen = witness.ask(("bookings-get", id), Some(token), "", 200).await;
            witness.is(&seen, schema);
        }
    }
    assert!(seen["cancellation"]["location"].is_object(), "{seen}");
    seen
}

/// What was paid for a booking is looked at, and some of it given back.
async fn given_back(
    witness: &mut Witness<'_>,
    (customer, other, staff, owner): (&str, &str, &str, &str),
    id: &str,
) {
    let world = witness.world;
    let of = format!("?bookingId={id}");
    witness.ask(("payments-get", &of), Some(other), "", 404).await;
    let payment = id.replace("booking_", "payment_");
    let bearer = format!("Bearer {owner}");
    let body =
        |amount: i64| Bytes::from(json!({ "amount": amount, "reason": "The driver was late" }).to_string());
    let keyed = |key: &'static str| [("authorization", bearer.as_str()), ("idempotency-key", key)];
    let no_key = [("authorization", bearer.as_str())];
    witness.ask_with(("payments-refund", &payment), &no_key, body(200), 400).await;
    let stale = [keyed("a")[0], keyed("a")[1], ("if-match", "\"1\"")];
    witness.ask_with(("payments-refund", &payment), &stale, body(200), 412).await;
    witness.ask_with(("payments-refund", &payment), &keyed("a"), body(200), 201).await;
    witness.ask_with(("payments-refund", &payment), &keyed("a"), body(200), 200).await;
    witness.ask_with(("payments-refund", &payment), &keyed("b"), body(200_000), 409).await;
    witness.ask_with(("payments-refund", "payment_none"), &keyed("c"), body(1), 404).await;
    world.platform.settle().await;
    for token in [customer, staff, owner] {
        witness.ask(("payments-get", &of), Some(token), "", 200).await;
    }
    witness.ask(("payments-get", "?status=completed&limit=1"), Some(owner), "", 200).await;
    witness.ask(("payments-get", "?status=completed"), Some(staff), "", 403).await;
}

#[tokio::test]
async fn every_answer_of_a_journey_and_every_problem_is_as_it_says() {
    let world = World::new().await;
    let document = Document::read();
    let mut witness = Witness { world: &world, document: &document, seen: BTreeSet::new() };
    let (customer, other) = (world.person("customer").await, world.person("customer").await);
    let (staff, driver) = (world.person("dispatcher").await, world.driver("driver_demo1").await);
    let owner = world.person("owner").await;
    let (customer, other, staff, driver, owner) =
        (&customer.token[..], &other.token[..], &staff.token[..], &driver.token[..], &owner.token[..]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();

    // The journey, with every field that may be left out.
    let quote = witness.ask(("quotes-calculator", ""), None, world.journey(86_400).to_string(), 201).await;
    let id = text(&quote["quoteId"]);
    witness.ask(("quotes-retrieve", &id), None, "", 200).await;
    witness.ask(("quotes-explain", &id), None, "", 200).await;
    let words = "Ring the bell";
    let order = json!({
        "quoteId": id, "customer": World::traveller(), "passengers": 3, "luggage": 2, "flightNumber": "BA2490",
        "specialRequirements": words, "pickupInstructions": words, "dropoffInstructions": words,
    });
    let booking = witness.ask(("bookings-create", ""), Some(customer), order.to_string(), 201).await;
    witness.is(&booking, "BookingForCustomer");
    witness.ask(("bookings-create", ""), Some(customer), order.to_string(), 200).await;
    witness.ask(("bookings-create", ""), Some(other), order.to_string(), 409).await;
    let (id, what) = (text(&booking["bookingId"]), json!({ "bookingId": booking["bookingId"] }).to_string());
    let payment = witness.ask(("payments-process", ""), Some(customer), what.clone(), 201).await;
    witness.ask(("payments-process", ""), Some(customer), what.clone(), 200).await;
    witness.ask(("bookings-receipt", &id), Some(customer), "", 409).await;
    world.pay(&payment).await.expect_status(200);
    witness.ask(("payments-process", ""), Some(customer), what, 409).await;
    witness.ask(("bookings-receipt", &id), Some(customer), "", 200).await;
    let bearer = format!("Bearer {customer}");
    let wants_html = [("authorization", bearer.as_str()), ("accept", "text/html")];
    witness.ask_with(("bookings-receipt", &id), &wants_html, Bytes::new(), 406).await;
    witness.ask(("bookings-receipt", &id), Some(other), "", 404).await;
    let guest = world.quote(86_400).await;
    let order = json!({ "quoteId": guest["quoteId"], "customer": World::traveller() }).to_string();
    let guest = witness.ask(("bookings-create", ""), Some(staff), order, 201).await;
    witness.is(&guest, "BookingForStaff");

    for query in ["", "?status=inactive", "?available=true&limit=2"] {
        witness.ask(("drivers-list", query), Some(staff), "", 200).await;
    }
    let job =
        json!({ "bookingId": id, "driverId": "driver_demo1", "vehicleId": "vehicle_demo1", "offer": false });
    let assigned = witness.ask(("dispatch-assign", ""), Some(staff), job.to_string(), 200).await;
    witness.is(&assigned, "BookingForStaff");
    witness.ask(("dispatch-assign", ""), Some(staff), job.to_string(), 409).await;
    witness.ask(("driver-jobs", ""), Some(driver), "", 200).await;
    let bearer = format!("Bearer {driver}");
    let seen_before = [("authorization", bearer.as_str()), ("if-match", "\"1\"")];
    let first = Bytes::from(json!({ "progress": "en_route" }).to_string());
    let stale = witness.ask_with(("jobs-progress", &id), &seen_before, first, 412).await;
    assert_eq!(stale["current"]["version"], assigned["version"]);
    for progress in ["en_route", "arrived", "passenger_onboard", "completed"] {
        let here = json!({ "latitude": 50.72, "longitude": -1.88 });
        let step = json!({ "progress": progress, "at": world.now(), "location": here }).to_string();
        let job = witness.ask(("jobs-progress", &id), Some(driver), step, 200).await;
        witness.is(&job, "BookingForDriver");
    }
    let again = json!({ "progress": "en_route" }).to_string();
    witness.ask(("jobs-progress", &id), Some(driver), again.clone(), 409).await;
    for token in [customer, staff, driver] {
        witness.ask(("bookings-get", &id), Some(token), "", 200).await;
    }
    witness.ask(("bookings-list", ""), Some(customer), "", 200).await;
    for query in ["?status=completed", "?driverId=driver_demo1&limit=1", "?reference=NOTS-222222"] {
        witness.ask(("bookings-list", query), Some(staff), "", 200).await;
    }
    let event = "{}";
    let signature = signed(event, "whsec_local", world.now());
    let headers = [("stripe-signature", signature.as_str())];
    witness.ask_with(("payments-webhook", ""), &headers, Bytes::from(event), 200).await;

    given_back(&mut witness, (customer, other, staff, owner), &id).await;
    let off = called_off(&mut witness, customer, staff, driver).await;
    let changed = changed(&mut witness, customer, staff).await;

    // Nothing is said of a booking that a whole one does not have.
    let whole = witness.ask(("bookings-get", &id), Some(staff), "", 200).await;
    let whole: BTreeSet<_> =
        whole.as_object().unwrap().keys().chain([&"takenBy".to_owned()]).cloned().collect();
    let schemas = &document.0["components"]["schemas"];
    // A way there has a way back, which names it, and what was wanted with it.
    let mut asked = world.journey(86_400);
    asked["returnJourney"] = json!(true);
    asked["returnPickupTime"] = json!(world.now() + 2 * 86_400);
    asked["extras"] = json!(["child_seat"]);
    asked["viaStops"] = json!([{ "latitude": 50.72, "longitude": -1.98 }]);
    let quote = witness.ask(("quotes-calculator", ""), None, asked.to_string(), 201).await;
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() }).to_string();
    let there = witness.ask(("bookings-create", ""), Some(customer), order, 201).await;
    let back = there["returnBookingId"].as_str().unwrap();
    let back = witness.ask(("bookings-get", back), Some(staff), "", 200).await;
    let fields = |booking: &Value| booking.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let more = [&there, &back, &assigned, &off, &changed].map(fields).into_iter().flatten();
    let whole: BTreeSet<_> = whole.into_iter().chain(more).collect();
    let said =
        ["BookingCore", "BookingForStaff"].map(|name| schemas[name]["properties"].as_object().unwrap());
    assert_eq!(whole, said.iter().flat_map(|fields| fields.keys()).cloned().collect());

    // The tariff, its next version, and what that would make of the quote.
    let tariff = witness.ask(("tariff-get", ""), Some(owner), "", 200).await;
    let mut next = terms_of(&tariff);
    let preview = |quote: &Value| json!({ "tariff": next, "quoteIds": [quote] }).to_string();
    let quoted = world.quote(86_400).await;
    witness.ask(("tariff-preview", ""), Some(owner), preview(&quoted["quoteId"]), 200).await;
    witness.ask(("tariff-preview", ""), Some(owner), preview(&json!("quote_1")), 404).await;
    next["effectiveFrom"] = json!(world.now() + 86_400);
    let sent = next.to_string();
    witness.ask(("tariff-put", ""), Some(owner), sent.clone(), 201).await;
    witness.ask(("tariff-put", ""), Some(owner), sent, 200).await;
    let bearer = format!("Bearer {owner}");
    let seen_before = [("authorization", bearer.as_str()), ("if-match", "\"1\"")];
    next["effectiveFrom"] = json!(world.now() + 2 * 86_400);
    witness.ask_with(("tariff-put", ""), &seen_before, Bytes::from(next.to_string()), 412).await;
    witness.ask(("tariff-get", "?versions=true&limit=1"), Some(owner), "", 200).await;
    let before_all = format!("?version=9&effectiveFrom={}", world.now());
    witness.ask(("tariff-get", &before_all), Some(owner), "", 404).await;

    // What is not there, and what is no longer good.
    let late = world.quote(86_400).await;
    world.platform.advance(900).await.unwrap();
    let missing = json!({ "bookingId": "booking_1", "driverId": "driver_demo1" }).to_string();
    for function in ["quotes-retrieve", "quotes-explain"] {
        witness.ask((function, "quote_1"), None, "", 404).await;
        witness.ask((function, late["quoteId"].as_str().unwrap()), None, "", 410).await;
    }
    for (quote, status) in [(&json!("quote_1"), 404), (&late["quoteId"], 410)] {
        let order = json!({ "quoteId": quote, "customer": World::traveller() }).to_string();
        witness.ask(("bookings-create", ""), Some(customer), order, status).await;
    }
    witness.ask(("bookings-get", &id), Some(other), "", 404).await;
    witness.ask(("payments-process", ""), Some(other), json!({ "bookingId": id }).to_string(), 404).await;
    witness.ask(("dispatch-assign", ""), Some(staff), missing, 404).await;
    witness.ask(("jobs-progress", "booking_1"), Some(driver), again, 404).await;
    let reason = json!({ "reason": words }).to_string();
    witness.ask(("bookings-cancel", &id), Some(other), reason.clone(), 404).await;
    let late = json!({ "quoteId": late["quoteId"] }).to_string();
    let there = there["bookingId"].as_str().unwrap();
    witness.ask(("bookings-update", there), Some(customer), late, 410).await;
    let change = json!({ "luggage": 9 }).to_string();
    witness.ask(("bookings-update", &id), Some(other), change.clone(), 404).await;
    witness.ask(("bookings-update", &id), Some(staff), change, 409).await;
    witness.ask(("bookings-cancel", &id), Some(staff), reason, 409).await;
    witness.ask(("bookings-cancellation", &id), Some(other), "", 404).await;
    witness.ask(("bookings-cancellation", &id), Some(staff), "", 200).await;

    // What any operation may answer.
    let nobody = world.platform.tokens.issue(Role::Owner, None, None, world.platform.clock.now()).unwrap();
    for (_, path, operation) in document.operations() {
        let function = operation["operationId"].as_str().unwrap();
        let id = match () {
            () if path.contains("{quoteId}") => "quote_1",
            () if path.contains("{paymentId}") => "payment_1",
            () => "booking_1",
        };
        let roles = &operation["x-roles"];
        let may = |role: &str| roles.as_array().is_some_and(|roles| roles.contains(&json!(role)));
        let token = match roles {
            Value::Array(_) if may("dispatcher") => staff,
            Value::Array(_) if may("driver") => driver,
            Value::Array(_) => owner,
            _ => staff,
        };
        if roles.is_array() {
            witness.ask((function, id), None, "", 401).await;
            witness.ask((function, id), Some(&nobody), "", 403).await;
        }
        if operation.get("requestBody").is_some() {
            witness.ask((function, id), Some(token), "{", 400).await;
            witness.ask((function, id), Some(token), " ".repeat(MAX_TARIFF_BYTES + 1), 413).await;
            if function != "payments-webhook" {
                witness.ask((function, id), Some(token), "{}", 422).await;
            }
        } else {
            witness.ask((function, &format!("{id}?x=1")), Some(token), "", 400).await;
        }
    }

    let promised = document.operations().flat_map(|(_, _, operation)| {
        let function = operation["operationId"].as_str().unwrap().to_owned();
        let statuses =
            operation["responses"].as_object().unwrap().keys().filter_map(|status| status.parse().ok());
        statuses.filter(|status: &u16| *status < 500).map(move |status| (function.clone(), status))
    });
    assert_eq!(witness.seen, promised.collect());
}
