//! Queries, cursors, and ids in paths.

use nots_core::{
    access::{self, Window},
    entity::BookingStatus,
    table::{Entity, Index, Page, Position, Query, RawKey},
};
use nots_http::{Listing, Request};
use nots_testkit::World;
use serde_json::json;

use super::{Trial, named, send};

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

/// Where to go on, as a list's first page of one says it.
async fn cursor(world: &World, list: &str, token: &str) -> String {
    let page = world.client.get(&format!("{list}limit=1"), Some(token)).await.unwrap().expect_status(200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(1), "{list}");
    page["nextCursor"].as_str().unwrap_or_else(|| panic!("{list} ends after one")).to_owned()
}

#[tokio::test]
async fn a_cursor_serves_the_list_that_gave_it_and_no_other() {
    let world = World::new().await;
    let (one, other) = (world.person("customer").await, world.person("customer").await);
    let (dispatcher, driver) = (world.person("dispatcher").await, world.driver("driver_demo1").await);
    for who in [&one, &other] {
        for day in [1, 2] {
            world.booked(who, day * 86_400).await;
        }
    }
    for day in [3, 4] {
        let booking = world.confirmed(&one, day * 86_400).await;
        world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
    }
    let (from, user) = (world.now(), &one.id);
    let lists = [
        ("/v1/bookings?".to_owned(), &one),
        ("/v1/bookings?".to_owned(), &other),
        ("/v1/bookings?status=pending&".to_owned(), &dispatcher),
        (format!("/v1/bookings?status=pending&from={from}&"), &dispatcher),
        ("/v1/bookings?status=assigned&".to_owned(), &dispatcher),
        ("/v1/bookings?driverId=driver_demo1&".to_owned(), &dispatcher),
        (format!("/v1/drivers/me/jobs?from={from}&"), &driver),
        ("/v1/drivers?".to_owned(), &dispatcher),
        ("/v1/drivers?available=true&".to_owned(), &dispatcher),
    ];
    let mut cursors = Vec::new();
    for (list, who) in &lists {
        cursors.push(cursor(&world, list, &who.token).await);
    }
    // A member of staff goes through a user's list as the user does.
    let theirs = format!("/v1/bookings?userId={user}&cursor={}", cursors[0]);
    world.get(&theirs, &dispatcher).await.expect_status(200);

    let mut trial = Trial::of(&world);
    for (at, (list, who)) in lists.iter().enumerate() {
        world.get(&format!("{list}cursor={}", cursors[at]), *who).await.expect_status(200);
        for foreign in cursors.iter().filter(|cursor| **cursor != cursors[at]) {
            trial.query(&format!("{list}cursor={foreign}"), &who.token, &["?cursor"]).await;
        }
        let own = &cursors[at];
        for place in (0..own.len()).step_by(own.len() / 12) {
            let mut letters = own.clone().into_bytes();
            letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(letters).unwrap();
            trial.query(&format!("{list}cursor={changed}"), &who.token, &["?cursor"]).await;
            trial.query(&format!("{list}cursor={}", &own[..place]), &who.token, &["?cursor"]).await;
        }
        trial.query(&format!("{list}cursor={own}="), &who.token, &["?cursor"]).await;
    }
    trial.end();
}

/// A cursor to a place that somebody made up, with the seal that anybody who reads the source can make.
fn made_up<I: Index, E: Entity>(query: &Query<I, E>, sort: &str, key: (&str, &str)) -> String {
    let key = RawKey { pk: key.0.to_owned(), sk: key.1.to_owned() };
    let request = Request::default();
    let page = Page { rows: Vec::new(), next: Some(Position::behind(sort.to_owned(), key)) };
    Listing::read(&mut request.query()).next(query, &page).unwrap()
}

#[tokio::test]
async fn a_cursor_to_a_made_up_place_does_no_harm() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    world.booked(&customer, 86_400).await;
    let before = world.table();
    let pending = access::bookings_by_status(BookingStatus::Pending, Window::default());
    let long = "a".repeat(3_000);
    let mut harm = Vec::new();
    for sort in ["PICKUP_TIME#1795177202", "", " ", "A", "~", "\u{0}", "PICKUP_TIME", &long] {
        for key in [("BOOKING#booking_1", "METADATA"), ("", ""), ("x", ""), ("\u{0}", "~"), (&long, &long)] {
            let path = format!("/v1/bookings?status=pending&cursor={}", made_up(&pending, sort, key));
            let answer = world.get(&path, &dispatcher).await;
            let sound = answer.status == 200 || named(&answer, 400).is_ok();
            let what = || format!("{sort:.20?} {:.20?} {:.20?}: {}", key.0, key.1, answer.status);
            harm.extend((!sound).then(what));
        }
    }
    assert!(harm.is_empty(), "{}", harm.join("\n"));
    assert!(world.table() == before);
}

#[tokio::test]
async fn a_malformed_id_in_a_path_is_not_found_like_any_other() {
    let world = World::new().await;
    let (customer, driver) = (world.person("customer").await, world.driver("driver_demo1").await);
    let mut trial = Trial::of(&world);
    let long = "a".repeat(65);
    let endings = [
        "",
        "_",
        "_%20",
        "_a%20b",
        "_%00",
        "_a%23METADATA",
        "_%F0%9F%9A%97",
        "_%FF",
        "_a_b",
        "_a.b",
        "_..%2Fx",
        "_x%22%7D",
        "%5F",
        "_unknown",
    ];
    for (method, resource, kind, token) in [
        ("GET", "quotes", "quote", "none"),
        ("GET", "bookings", "booking", &format!("Bearer {}", customer.token)),
        ("PATCH", "jobs", "booking", &format!("Bearer {}", driver.token)),
    ] {
        let own = endings.iter().map(|ending| format!("{kind}{ending}"));
        let foreign = ["payment_1", "BOOKING_1", "%00", "me", "1", "-", "%7BbookingId%7D"].map(str::to_owned);
        for id in own.chain(foreign).chain([format!("{kind}_{long}")]) {
            let path = format!("/v1/{resource}/{id}");
            let body = json!({ "progress": "en_route" }).to_string();
            let answer = send(&world, method, &path, &[("authorization", token)], body).await;
            trial.judge(&format!("{method} {path}"), &answer, 404, &[]);
        }
    }
    // Nor is what has no route.
    for (method, path) in [
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/quotes"),
        ("GET", "/v1/quotes/"),
        ("GET", "/v1/quotes/quote_1/x"),
        ("GET", "/v1//quotes/quote_1"),
        ("DELETE", "/v1/quotes/quote_1"),
        ("PUT", "/v1/bookings"),
        ("POST", "/v1/jobs/booking_1"),
        ("HEAD", "/v1/bookings"),
        ("GET", "/v2/bookings"),
        ("POST", "/v1/webhooks/stripe/"),
        ("GET", "/v1/../local/outbox"),
        ("BREW", "/v1/quotes"),
    ] {
        let answer = send(&world, method, path, &[], "").await;
        trial.judge(&format!("{method} {path}"), &answer, 404, &[]);
    }
    trial.end();
}
