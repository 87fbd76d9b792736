//! Lines that are refused: each by every field that is wrong with it, and none with another.

use serde_json::{Value, json};

use super::{World, booking, customer, empty, jsonl, take_in, take_out};

#[tokio::test]
async fn every_bad_field_of_every_bad_line_is_named_and_the_others_go_in() {
    let world = empty().await;
    let good = [customer("a", "a@example.com"), booking(&world, "1", "confirmed")];
    let text = [
        "not json".to_owned(),
        "[1]".to_owned(),
        "{}".to_owned(),
        json!({ "kind": "parcel" }).to_string(),
        json!({
            "kind": "customer", "createdAt": 12, "userId": "driver_1", "email": "a@", "firstName": "", "phone": "12",
            "role": "king", "status": "asleep", "nickname": "Ad",
            "preferences": { "notifications": { "email": 1, "fax": true }, "savedAddresses": [{ "label": "Home", "latitude": 91 }] },
        })
        .to_string(),
        json!({
            "kind": "driver", "driverId": "driver_1", "email": "d@example.com", "firstName": "J", "lastName": "S", "phone": 7_700_900_456_i64,
            "performance": { "rating": 6, "totalTrips": -1, "completionRate": 98.5, "acceptanceRate": 95.2, "onTimeRate": 101.0 },
            "licensingAuthority": "BCP Council",
        })
        .to_string(),
        json!({
            "kind": "vehicle", "vehicleId": "vehicle_1", "registration": "?", "make": "Toyota", "model": "Prius", "year": 22,
            "color": "Silver", "type": "tank", "capacity": 9, "plateNumber": "1", "licensingAuthority": "BCP Council",
        })
        .to_string(),
        good[0].to_string(),
        good[1].to_string(),
        "x".repeat(300_000),
    ]
    .join("\n");
    let outcome = take_in(&world, &text).await;
    assert_eq!(outcome.sums(), [2, 0, 0, 0, 8]);
    let mut reasons = outcome.reasons();
    reasons.sort();
    insta::assert_snapshot!(reasons.join("\n"), @r"
    1 : is not JSON at column 2
    10 : must be at most 262144 bytes
    2 : must be an object
    3 /kind: is required: customer, driver, vehicle or booking
    4 /kind: must be customer, driver, vehicle or booking
    5 /createdAt: must be a Unix time in seconds of ten digits
    5 /email: must be an e-mail address such as ada@example.com
    5 /firstName: must be 1 to 100 characters without control characters
    5 /lastName: is required
    5 /nickname: is not known here; known are userId, cognitoId, email, firstName, lastName, phone, role, status, preferences
    5 /phone: must be a telephone number such as +447700900123
    5 /preferences/notifications/email: must be true or false, not a whole number
    5 /preferences/notifications/fax: is not known here; known are email, sms
    5 /preferences/savedAddresses/0/address: is required
    5 /preferences/savedAddresses/0/latitude: must be a number of degrees from -90 to 90
    5 /preferences/savedAddresses/0/longitude: is required
    5 /role: must be one of customer, driver, dispatcher, admin, owner
    5 /status: must be one of active, inactive, suspended
    5 /userId: must be `user_` followed by 1 to 64 letters or digits
    6 /performance/onTimeRate: must be 0 to 100 per cent
    6 /performance/rating: must be from 0.0 to 5.0 stars
    6 /performance/totalTrips: must be a whole number from 0
    6 /phone: must be a text
    7 /capacity: must be a whole number from 1 to 8
    7 /registration: must be a registration mark such as AB12 CDE
    7 /type: must be one of standard, executive, minibus
    7 /year: must be a whole number from 1900 to 2100
    ");
    assert_eq!(outcome.refused[0]["refused"]["text"], "not json");
    assert_eq!(take_out(&world).await.lines().count(), 2);
}

/// A booking with one thing changed, and where it is refused for it.
#[tokio::test]
async fn a_booking_that_does_not_fit_together_is_refused_where_it_does_not() {
    let world = empty().await;
    let moment = json!(world.now());
    let cases: &[(&str, &str, Value, &str)] = &[
        ("confirmed", "/status", json!("assigned"), "/status"),
        ("confirmed", "/status", json!("in_progress"), "/status"),
        ("confirmed", "/passengers", json!(5), "/passengers"),
        ("confirmed", "/passengers", json!(0), "/passengers"),
        ("confirmed", "/luggage", json!(21), "/luggage"),
        ("confirmed", "/pricing/total", json!(-1), "/pricing/total"),
        ("confirmed", "/pricing/total", json!(12.28), "/pricing/total"),
        ("confirmed", "/pricing/currency", json!("EUR"), "/pricing/currency"),
        ("confirmed", "/pricing/displayTotal", json!("£12.29"), "/pricing/displayTotal"),
        ("confirmed", "/pricing/lines", json!([]), "/pricing/breakdown"),
        ("confirmed", "/journey/distance/miles", json!(1.0), "/journey/distance/miles"),
        ("confirmed", "/journey/duration/minutes", json!(1), "/journey/duration/minutes"),
        ("confirmed", "/journey/pickupTime", json!(1_900_000_000_000_i64), "/journey/pickupTime"),
        ("confirmed", "/journey/pickupLocation/longitude", Value::Null, "/journey/pickupLocation/longitude"),
        ("confirmed", "/payment", json!({ "status": "pending" }), "/payment/status"),
        ("confirmed", "/payment", json!({ "status": "refunded" }), "/payment/status"),
        ("confirmed", "/payment", json!({ "status": "processing" }), "/payment/status"),
        (
            "confirmed",
            "/payment",
            json!({ "status": "completed", "paymentId": "payment_x" }),
            "/payment/paymentId",
        ),
        (
            "confirmed",
            "/payment",
            json!({ "status": "completed", "method": "cash", "stripePaymentIntentId": "pi_1" }),
            "/payment/stripePaymentIntentId",
        ),
        ("pending", "/payment", json!({ "status": "completed" }), "/payment/status"),
        ("pending", "/timeline/confirmed", moment.clone(), "/timeline/confirmed"),
        ("confirmed", "/timeline/assigned", moment.clone(), "/timeline/assigned"),
        ("confirmed", "/timeline/completed", moment.clone(), "/timeline/completed"),
        ("completed", "/timeline/completed", Value::Null, "/timeline/completed"),
        ("completed", "/timeline/cancelled", moment.clone(), "/timeline/cancelled"),
        ("cancelled", "/timeline/cancelled", Value::Null, "/timeline/cancelled"),
        (
            "confirmed",
            "/vehicle",
            json!({
                "vehicleId": "vehicle_1", "registration": "AB12 CDE", "make": "Toyota", "model": "Prius", "color": "Silver",
                "plateNumber": "1",
            }),
            "/vehicle",
        ),
        ("completed", "/driver", json!({ "driverId": "driver_1" }), "/driver/licenceNumber"),
        ("confirmed", "/bookingReference", json!("ABC-1"), "/bookingReference"),
        ("confirmed", "/bookingId", json!("1"), "/bookingId"),
        ("confirmed", "/customer/email", json!("nobody"), "/customer/email"),
        ("confirmed", "/internalNotes", json!("x".repeat(2_001)), "/internalNotes"),
        ("confirmed", "/takenBy", json!("Mrs Miggins"), "/takenBy"),
        ("confirmed", "/journey/via", json!([]), "/journey/via"),
        (
            "confirmed",
            "/journey/viaStops",
            json!([{ "address": "Sandbanks" }]),
            "/journey/viaStops/0/latitude",
        ),
        (
            "confirmed",
            "/extras",
            json!([{ "code": "child_seat", "quantity": 1, "colour": "red" }]),
            "/extras/0/colour",
        ),
        ("confirmed", "/returnBookingId", json!("booking_other"), "/returnBookingId"),
        ("confirmed", "/outwardBookingId", json!("booking_other"), "/outwardBookingId"),
        ("confirmed", "/paymentTotal", json!(2_000), "/paymentTotal"),
    ];
    each_is_refused(&world, cases).await;
}

/// A booking of a status, where it is changed, to what, and where it is refused for it.
pub(super) type Case<'a> = (&'a str, &'a str, Value, &'a str);

/// Imports a booking for each case: none goes in, and each is refused where it must be, in plain words.
pub(super) async fn each_is_refused(world: &World, cases: &[Case<'_>]) {
    let lines: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(at, (status, pointer, value, _))| {
            let mut line = booking(world, &format!("{at}"), status);
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            if line.pointer(parent).is_none_or(Value::is_null) {
                line[&parent[1..]] = json!({});
            }
            line.pointer_mut(parent).unwrap()[name] = value.clone();
            line
        })
        .collect();
    let outcome = take_in(world, &jsonl(&lines)).await;
    let reasons = outcome.reasons();
    for reason in &reasons {
        let leaks = ["expected", "invalid", "i64", "u8"].iter().any(|word| reason.contains(word));
        assert!(!leaks, "in plain words: {reason}");
    }
    for (at, (_, pointer, value, refused_at)) in cases.iter().enumerate() {
        let wanted = format!("{} {refused_at}: ", at + 1);
        assert!(
            reasons.iter().any(|r| r.starts_with(&wanted)),
            "{pointer} = {value} is not refused: {reasons:#?}"
        );
    }
    assert_eq!(outcome.sums(), [0, 0, 0, 0, cases.len() as u64]);
    assert_eq!(take_out(world).await, "");
}

#[tokio::test]
async fn names_that_are_taken_are_refused_in_the_file_and_in_the_table() {
    let world = empty().await;
    let mut with_login = customer("b", "b@example.com");
    with_login["cognitoId"] = json!("sub-b");
    let mut paid = booking(&world, "2", "confirmed");
    paid["payment"] = json!({ "status": "completed", "stripePaymentIntentId": "pi_2" });
    let first = [
        customer("a", "Ada@example.com"),
        with_login.clone(),
        booking(&world, "1", "confirmed"),
        paid.clone(),
    ];
    assert_eq!(take_in(&world, &jsonl(&first)).await.sums(), [4, 0, 0, 0, 0]);

    let mut same_login = customer("d", "d@example.com");
    same_login["cognitoId"] = json!("sub-b");
    let mut same_reference = booking(&world, "3", "confirmed");
    same_reference["bookingReference"] = json!("nots-1");
    let mut same_intent = booking(&world, "4", "confirmed");
    same_intent["payment"] = paid["payment"].clone();
    let second = [
        customer("c", "ADA@EXAMPLE.COM"),
        same_login,
        customer("e", "e@example.com"),
        customer("f", "E@example.com"),
        customer("e", "other@example.com"),
        same_reference,
        same_intent,
        booking(&world, "5", "confirmed"),
    ];
    let outcome = take_in(&world, &jsonl(&second)).await;
    assert_eq!(outcome.sums(), [2, 0, 0, 0, 6], "only the bad ones of a transaction are refused");
    let mut reasons = outcome.reasons();
    reasons.sort();
    insta::assert_snapshot!(reasons.join("\n"), @r"
    1 /email: is the address of another user
    2 /cognitoId: is the login of another user
    4 /email: is the same as in line 3
    5 /userId: is the same as in line 3
    6 /bookingReference: is the reference of another booking
    7 /payment/stripePaymentIntentId: has paid for another booking
    ");
}

#[tokio::test]
async fn a_refused_line_is_mended_and_imported_again() {
    let world = empty().await;
    let text = r#"{"kind":"customer", "userId":"user_a",  "firstName":"Ada","lastName":"Byron","phone":"07700900123"}"#;
    let outcome = take_in(&world, text).await;
    assert_eq!(outcome.reasons(), ["1 /email: is required"]);
    let mut mended = outcome.refused[0].clone();
    mended["email"] = json!("ada@example.com");
    assert_eq!(take_in(&world, &jsonl(&[mended])).await.sums(), [1, 0, 0, 0, 0]);
    assert_eq!(take_out(&world).await.lines().count(), 1);
}

#[tokio::test]
async fn the_second_line_of_an_id_updates_the_first_when_it_is_imported_unmended() {
    let world = empty().await;
    let (one, mut other) = (customer("a", "a@example.com"), customer("a", "b@example.com"));
    other["firstName"] = json!("Grace");
    let outcome = take_in(&world, &jsonl(&[one, other])).await;
    assert_eq!(outcome.reasons(), ["2 /userId: is the same as in line 1"]);
    assert_eq!(take_in(&world, &jsonl(&outcome.refused)).await.sums(), [0, 1, 0, 0, 0]);
    let out: Value = serde_json::from_str(take_out(&world).await.trim()).unwrap();
    assert_eq!(out["firstName"], "Grace");
}

#[tokio::test]
async fn the_lines_of_a_pair_are_judged_by_themselves() {
    let world = empty().await;
    let (mut there, mut back) = (booking(&world, "p", "confirmed"), booking(&world, "pr", "confirmed"));
    there["returnBookingId"] = json!("booking_pr");
    back["outwardBookingId"] = json!("booking_p");
    let outcome = take_in(&world, &jsonl(&[there, back])).await;
    let required = "1 /paymentTotal: is required: what is paid for both ways, in pence";
    assert_eq!(outcome.reasons(), [required]);
    assert_eq!(outcome.sums(), [1, 0, 0, 0, 1], "the way back is in");
    let payments = || world.table().into_keys().filter(|key| key.contains("PAYMENT#")).count();
    assert_eq!(payments(), 0, "what is paid for both comes with the way there");
    let mut mended = outcome.refused[0].clone();
    mended["paymentTotal"] = json!(2_400);
    assert_eq!(take_in(&world, &jsonl(&[mended])).await.sums(), [1, 0, 0, 0, 0]);
    assert_eq!(payments(), 1);
}
