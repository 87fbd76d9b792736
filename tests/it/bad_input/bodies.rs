//! Bodies.

use nots_testkit::{World, paid_session, signed};
use serde_json::{Value, json};

use super::{
    Trial,
    fields::Need::{NotNull, Required},
    named, send, targets, with,
};

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
            if matches!(need, Required | NotNull) {
                trial.fields(target, &with(&target.valid, pointer, Some(Value::Null)), &[pointer]).await;
            }
            if *need == Required {
                trial.fields(target, &with(&target.valid, pointer, None), &[pointer]).await;
            }
        }
        let objects =
            ["", "/pickupLocation", "/dropoffLocation", "/viaStops/0", "/extras/0", "/customer", "/location"];
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
    let [quotes, bookings, payments, dispatch, jobs, _, cancel, ..] = all.as_slice() else { panic!("seven") };
    let mut trial = Trial::of(&world);
    let now = world.now();
    for (target, body, expected) in [
        (
            quotes,
            json!({}),
            &["/pickupLocation", "/dropoffLocation", "/pickupTime", "/passengers", "/vehicleType"][..],
        ),
        (bookings, json!({ "x": 1 }), &["/quoteId", "/customer", "/x"]),
        (cancel, json!({ "onBehalfOf": "driver", "fee": 0 }), &["/reason", "/onBehalfOf", "/fee"]),
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
                "passengers": 9, "luggage": 21, "vehicleType": "minibus", "returnJourney": false,
                "returnPickupTime": now, "viaStops": [{ "address": "Poole" }, { "waitingMinutes": 121 }],
                "extras": ["child_seat", "Child seat", { "x": 1 }],
            }),
            &[
                "/pickupLocation/longitude",
                "/dropoffLocation",
                "/pickupTime",
                "/passengers",
                "/luggage",
                "/returnJourney",
                "/viaStops/1",
                "/viaStops/1/waitingMinutes",
                "/extras/1",
                "/extras/2/code",
                "/extras/2/x",
            ],
        ),
        (
            quotes,
            with(&with(&quotes.valid, "/viaStops", Some(json!([1]))), "/extras", Some(json!([{ "x": 1 }]))),
            &["/viaStops/0", "/extras/0/code", "/extras/0/x"],
        ),
        // What only the tariff and the map can tell, all of it together.
        (
            quotes,
            with(
                &with(&quotes.valid, "/viaStops", Some(json!([{ "address": "12 Nowhere Lane, Mars" }]))),
                "/extras",
                Some(json!({ "champagne": 1, "childSeat": 5, "boosterSeat": 1 })),
            ),
            &["/extras/champagne", "/extras/childSeat", "/viaStops/0/address"],
        ),
        (
            quotes,
            with(&quotes.valid, "/viaStops", Some(json!([quotes.valid["pickupLocation"]]))),
            &["/viaStops/0"],
        ),
        // Five stops on the other side of the Earth, by turns.
        (
            quotes,
            with(
                &world.journey(86_400),
                "/viaStops",
                Some(
                    [178.1, -1.9]
                        .iter()
                        .cycle()
                        .take(5)
                        .map(|lon| json!({ "latitude": -50.7 * f64::signum(*lon), "longitude": lon }))
                        .collect(),
                ),
            ),
            &["/dropoffLocation"],
        ),
        // The way back begins before the way there can be over.
        (
            quotes,
            with(&quotes.valid, "/returnPickupTime", Some(json!(now + 86_400 + 900))),
            &["/returnPickupTime"],
        ),
        (
            quotes,
            with(&quotes.valid, "/pickupLocation", Some(json!({ "longitude": 1 }))),
            &["/pickupLocation/latitude"],
        ),
        (quotes, with(&quotes.valid, "/returnPickupTime", None), &["/returnPickupTime"]),
        // There is no way back from where one is already, nor a journey there without a stop.
        (
            quotes,
            with(&quotes.valid, "/dropoffLocation", Some(quotes.valid["pickupLocation"].clone())),
            &["/dropoffLocation"],
        ),
        (
            quotes,
            with(&world.journey(86_400), "/dropoffLocation", Some(quotes.valid["pickupLocation"].clone())),
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

/// What a type cannot tell (a time that has passed) does not hide behind what it can (91 degrees).
#[tokio::test]
async fn a_field_of_the_wrong_kind_hides_no_other() {
    let world = World::new().await;
    let all = targets(&world).await;
    let [quotes, bookings, _, dispatch, ..] = all.as_slice() else { panic!("five") };
    let mut trial = Trial::of(&world);
    let past = world.now() - 60;
    for (target, changes) in [
        (
            quotes,
            &[
                ("/pickupLocation/latitude", json!(91)),
                ("/passengers", json!(0)),
                ("/luggage", json!(21)),
                ("/pickupTime", json!(past)),
            ][..],
        ),
        (quotes, &[("/vehicleType", json!("limousine")), ("/returnPickupTime", json!(past))]),
        (quotes, &[("/x", json!(1)), ("/passengers", json!(5)), ("/dropoffLocation", json!({}))]),
        (bookings, &[("/customer/phone", json!("12")), ("/passengers", json!(0)), ("/luggage", json!(21))]),
        (dispatch, &[("/driverId", json!(1)), ("/offer", json!(true))]),
    ] {
        let change = |body, (at, value): &(&str, Value)| with(&body, at, Some(value.clone()));
        let body = changes.iter().fold(target.valid.clone(), change);
        let expected: Vec<_> = changes.iter().map(|(at, _)| *at).collect();
        trial.fields(target, &body, &expected).await;
    }
    trial.end();
}

/// A double reaches down to 5e-324, a number of the table to 1e-130.
#[tokio::test]
async fn a_degree_too_small_for_the_table_is_taken_or_named() {
    let world = World::new().await;
    let all = targets(&world).await;
    let mut wrong = Vec::new();
    for (target, pointer) in [
        (&all[0], "/pickupLocation/longitude"),
        (&all[0], "/dropoffLocation/latitude"),
        (&all[4], "/location/latitude"),
    ] {
        for degrees in [5e-324, -5e-324, 1e-300, -1e-200, 9.9e-131] {
            let body = with(&target.valid, pointer, Some(json!(degrees))).to_string();
            let token = target.authorization.as_deref().unwrap_or("none");
            let answer = send(&world, target.method, &target.path, &[("authorization", token)], body).await;
            let sound =
                answer.status < 300 || named(&answer, 422).is_ok_and(|names| names.iter().eq([pointer]));
            wrong.extend(
                (!sound).then(|| format!("{pointer} {degrees:e}: {} {}", answer.status, answer.body)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
    let (_, payment) = world.at_checkout(&customer, 86_400).await;
    let event = paid_session(&payment, "evt_1");
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
    trial.end();
    // What is well signed and not understood is no fault of the sender's: it must not come again. What has no id of its own
    // cannot be kept.
    let odd = [
        "",
        "{",
        "[]",
        "null",
        "1e400",
        "{}",
        r#"{"type":null}"#,
        r#"{"type":"checkout.session.completed"}"#,
        r#"{"id":"evt_0"}"#,
    ];
    let nameless = with(&event, "/id", Some(json!("\u{0}#x"))).to_string();
    let nameless = odd.map(str::to_owned).into_iter().chain([nameless]).map(|body| (body, None));
    // Everything else is kept for a person to see, and touches nothing.
    let changed = ["/data", "/data/object", "/data/object/client_reference_id", "/data/object/amount_total"];
    let changed = changed.iter().enumerate().map(|(n, at)| {
        let id = format!("evt_{n}");
        let body = with(&with(&event, at, Some(json!("\u{0}#x"))), "/id", Some(json!(id)));
        (body.to_string(), Some(format!("WEBHOOK#stripe#{id} / METADATA")))
    });
    for (body, kept) in nameless.chain(changed) {
        let before = world.table();
        let signature = signed(&body, "whsec_local", now);
        let answer =
            send(&world, "POST", "/v1/webhooks/stripe", &[("stripe-signature", &signature)], body.clone())
                .await;
        assert_eq!((answer.status, &answer.body), (200, &json!({ "received": true })), "{body}");
        let mut after = world.table();
        if let Some(kept) = kept {
            let item = after.remove(&kept).unwrap_or_else(|| panic!("{body} is not kept"));
            assert!(!item.to_string().contains("#x"), "nothing of what it says is: {item}");
        }
        assert_eq!(after, before, "{body} wrote something");
    }
}
