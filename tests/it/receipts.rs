//! Receipts through the route, as JSON and as a PDF, and with the e-mail that ends a journey.

use nots_core::{Currency, Pence};
use nots_testkit::{Person, World, pdf::Sheets};
use serde_json::{Value, json};

const DAY: i64 = 86_400;

fn path(booking: &Value) -> String {
    format!("/v1/bookings/{}/receipt", booking["bookingId"].as_str().unwrap())
}

/// The answer to whoever accepts this, as bytes.
async fn accepting(
    world: &World,
    path: &str,
    who: &Person,
    accept: &str,
) -> (u16, http::HeaderMap, bytes::Bytes) {
    let request = http::Request::get(path)
        .header("authorization", format!("Bearer {}", who.token))
        .header("accept", accept)
        .body(bytes::Bytes::new())
        .unwrap();
    let (parts, body) = world.platform.gateway.handle(request).await.into_parts();
    (parts.status.as_u16(), parts.headers, body)
}

fn pence(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn sum(list: &Value) -> i64 {
    list.as_array().unwrap().iter().map(|one| pence(&one["amount"])).sum()
}

/// The sums that every receipt holds, by the JSON alone.
fn holds(receipt: &Value) {
    assert_eq!(sum(&receipt["lines"]), pence(&receipt["total"]));
    assert_eq!(pence(&receipt["subtotal"]) + pence(&receipt["tax"]), pence(&receipt["total"]));
    assert_eq!(sum(&receipt["payments"]), pence(&receipt["paid"]));
    assert_eq!(pence(&receipt["paid"]) - pence(&receipt["refunded"]), pence(&receipt["balance"]));
    let open = pence(&receipt["stillDue"]) - pence(&receipt["stillToRefund"]);
    assert_eq!(pence(&receipt["balance"]) + open, pence(&receipt["total"]));
}

#[tokio::test]
async fn a_customer_files_what_they_paid() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let receipt = world.get(&path(&booking), &ada).await.expect_status(200);
    holds(&receipt);
    assert_eq!(receipt["total"], booking["pricing"]["total"]);
    assert_eq!(receipt["paid"], booking["pricing"]["total"]);
    assert_eq!(receipt["lines"], booking["pricing"]["lines"]);
    assert_eq!(receipt["bookingReference"], booking["bookingReference"]);
    assert_eq!(receipt["journey"]["pickupTime"], booking["journey"]["pickupTime"]);
    assert_eq!(receipt["operator"]["address"][2], "Bournemouth");
    assert_eq!(receipt["vat"], json!({ "registered": false, "rateBasisPoints": 0 }));
    assert_eq!(receipt["issuedAt"], receipt["payments"][0]["paidAt"]);

    let (status, headers, bytes) = accepting(&world, &path(&booking), &ada, "application/pdf").await;
    assert_eq!((status, &headers["content-type"]), (200, &"application/pdf".parse().unwrap()));
    assert_eq!(headers["cache-control"], "no-store");
    let reference = booking["bookingReference"].as_str().unwrap();
    let name = format!("attachment; filename=\"receipt-{reference}.pdf\"");
    assert_eq!(headers["content-disposition"], name.as_str());
    let sheets = Sheets::read(&bytes);
    for words in ["Dorset Transfer Company", "1 Example Street", reference, "For John Doe", "By card"] {
        assert!(sheets.has(words), "{words} is not in {}", sheets.flowing());
    }
    assert_eq!(sheets.beside("Total"), booking["pricing"]["displayTotal"].as_str());
    for line in receipt["lines"].as_array().unwrap() {
        assert!(sheets.flowing().contains(line["description"].as_str().unwrap()));
    }
    let later = world.now() + 600;
    world.platform.advance(600).await.unwrap();
    assert!(world.now() >= later);
    let again = accepting(&world, &path(&booking), &ada, "application/pdf").await;
    assert_eq!(again.2, bytes, "the same facts are the same file");
    world.settle().await;
}

#[tokio::test]
async fn staff_see_any_and_others_none() {
    let world = World::new().await;
    let (ada, eve) = (world.person("customer").await, world.person("customer").await);
    let staff = world.person("dispatcher").await;
    let booking = world.confirmed(&ada, DAY).await;
    world.get(&path(&booking), &staff).await.expect_status(200);
    world.get(&path(&booking), &eve).await.expect_status(404);
    world.get("/v1/bookings/booking_1/receipt", &staff).await.expect_status(404);
    world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
    let driver = world.driver("driver_demo1").await;
    world.get(&path(&booking), &driver).await.expect_status(403);
    world.get(&format!("{}?x=1", path(&booking)), &ada).await.expect_status(400);
    world.settle().await;
}

#[tokio::test]
async fn what_is_not_paid_has_none_and_says_how_it_stands() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&ada, DAY).await;
    let refused = world.get(&path(&booking), &ada).await.expect_status(409);
    assert_eq!(refused["current"], json!({ "status": "pending", "paymentStatus": "pending" }));
    world.pay(&payment).await.expect_status(200);
    world.get(&path(&booking), &ada).await.expect_status(200);
    world.settle().await;
}

#[tokio::test]
async fn the_form_is_the_one_that_is_liked_best() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    for (accept, status, kind) in [
        ("*/*", 200, "application/json"),
        ("application/pdf;q=0.5, application/json", 200, "application/json"),
        ("application/pdf, */*;q=0.1", 200, "application/pdf"),
        ("text/html", 406, "application/problem+json"),
        // API Gateway would hand its bytes on as base64.
        ("text/html, application/pdf", 406, "application/problem+json"),
    ] {
        let (answered, headers, _) = accepting(&world, &path(&booking), &ada, accept).await;
        assert_eq!((answered, headers["content-type"].to_str().unwrap()), (status, kind), "{accept}");
        let varies = headers.get_all("vary").iter().any(|on| on == "Accept");
        assert_eq!(varies, status == 200, "{accept}");
    }
    world.settle().await;
}

#[tokio::test]
async fn the_mail_that_ends_a_journey_brings_the_receipt() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&ada, DAY).await;
    world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
    let driver = world.driver("driver_demo1").await;
    let job = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
    for progress in ["en_route", "arrived", "passenger_onboard", "completed"] {
        world.patch(&job, &driver, json!({ "progress": progress })).await.expect_status(200);
    }
    world.settle().await;
    let outbox = world.get("/local/outbox", None).await.expect_status(200);
    for sent in outbox["items"].as_array().unwrap() {
        let ends = sent["event"] == "completed" && sent["channel"] == "email";
        assert_eq!(sent["attachments"].as_array().unwrap().len(), usize::from(ends), "{sent}");
        assert_eq!(sent["text"].as_str().unwrap().contains("Your receipt is attached"), ends);
        if !ends {
            continue;
        }
        let attached = &sent["attachments"][0];
        let reference = booking["bookingReference"].as_str().unwrap();
        assert_eq!(attached["name"], format!("receipt-{reference}.pdf"));
        assert_eq!(attached["contentType"], "application/pdf");
        let (status, _, bytes) = accepting(&world, &path(&booking), &ada, "application/pdf").await;
        assert_eq!((status, attached["bytes"].as_u64()), (200, Some(bytes.len() as u64)));
        assert_eq!(attached["url"].as_str().map(|url| file(&world, url)), Some(Some(bytes.to_vec())));
        assert!(sent["html"].as_str().unwrap().contains("Your receipt is attached"));
    }
    assert_eq!(file(&world, "/local/outbox/0/attachments/0"), None);
}

/// A file of the outbox, by where it is said to be.
fn file(world: &World, url: &str) -> Option<Vec<u8>> {
    let mut parts = url.strip_prefix("/local/outbox/")?.split("/attachments/").map(|part| part.parse().ok());
    Some(world.platform.outbox.file(parts.next()??, parts.next()??)?.1)
}

/// Of a journey there and back each way has its own receipt, and what becomes of one is not the other's.
#[tokio::test]
async fn each_way_has_its_own() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let mut asked = world.journey(3_600);
    asked["returnJourney"] = json!(true);
    asked["returnPickupTime"] = json!(world.now() + 4 * 3_600);
    let quote = world.post("/v1/quotes", None, asked).await.expect_status(201);
    let order = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let there = world.post("/v1/bookings", &ada, order).await.expect_status(201);
    let back = json!({ "bookingId": there["returnBookingId"] });
    world.get(&path(&back), &ada).await.expect_status(409);
    let payment = world.post("/v1/payments", &ada, json!({ "bookingId": there["bookingId"] })).await;
    world.pay(&payment.expect_status(201)).await.expect_status(200);
    let of = async |booking: &Value| {
        let receipt = world.get(&path(booking), &ada).await.expect_status(200);
        holds(&receipt);
        receipt
    };
    let (first, second) = (of(&there).await, of(&back).await);
    let whole = pence(&quote["pricing"]["breakdown"]["total"]);
    assert_eq!(pence(&first["paid"]) + pence(&second["paid"]), whole);
    assert_eq!(first["payments"][0]["wholePayment"], whole);
    assert_eq!(first["total"], there["pricing"]["total"]);

    // The way back is called off for a fee.
    let way_back = format!("/v1/bookings/{}", back["bookingId"].as_str().unwrap());
    let answer = world.delete(&way_back, &ada, json!({ "reason": "Staying" })).await.expect_status(200);
    let fee = pence(&answer["cancellation"]["fee"]["total"]);
    let fare = pence(&second["total"]);
    assert!(0 < fee && fee < fare, "{answer}");
    let called_off = of(&back).await;
    assert_eq!((&called_off["total"], &called_off["cancellationFee"]), (&json!(fee), &json!(fee)));
    assert_eq!(called_off["stillToRefund"], fare - fee);
    world.settle().await;
    let made = of(&back).await;
    assert_eq!((&made["refunds"][0]["status"], &made["balance"]), (&json!("succeeded"), &json!(fee)));
    assert_eq!(made["refunded"], fare - fee);
    assert_eq!(of(&there).await, first, "the way there has nothing to do with it");
    let (_, _, bytes) = accepting(&world, &path(&back), &ada, "application/pdf").await;
    let sheets = Sheets::read(&bytes);
    let fee = Pence::new(fee).display(Currency::Gbp);
    assert_eq!(sheets.beside("Cancellation fee"), Some(fee.as_str()));
    assert_eq!(sheets.beside("Paid less refunded"), Some(fee.as_str()));
}
