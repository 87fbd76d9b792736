//! Bookings with what stands under them, payments, and what prices them.

use nots_core::{
    BookingId, DriverId, PaymentId, QuoteId, UserId, VehicleId,
    access::{self, Window},
    entity::{BookingStatus, Due, LedgerEntry, Payment, PaymentStatus, Refund, Tariff},
    event::{BookingEvent, EventKind},
    geo::Coordinates,
    id::{BookingReference, RefundId},
    journey::Way,
    ports::Channel,
    table::Version,
};
use nots_testkit::World;
use serde_json::{Value, json};

use super::{at, empty, table};

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect(name)
}

#[tokio::test]
async fn bookings_by_status_user_driver_and_reference() {
    let world = World::new().await;
    let table = table(&world);
    let (customer, other) = (world.person("customer").await, world.person("customer").await);
    let dispatcher = world.person("dispatcher").await;
    let mut made = Vec::new();
    // In another order than they are driven in.
    for days in [3, 1, 4, 2] {
        made.push(world.confirmed(&customer, days * 86_400).await);
    }
    let pending = world.booked(&other, 86_400).await;
    let pickup = |booking: &Value| booking["journey"]["pickupTime"].as_i64().unwrap();
    let by_pickup = |from: Option<i64>, to: Option<i64>| {
        let mut inside: Vec<_> = made
            .iter()
            .filter(|booking| from.is_none_or(|from| from <= pickup(booking)))
            .filter(|booking| to.is_none_or(|to| pickup(booking) <= to))
            .collect();
        inside.sort_by_key(|booking| pickup(booking));
        inside.iter().map(|booking| text(booking, "bookingId").to_owned()).collect::<Vec<_>>()
    };
    let ids = |bookings: Vec<nots_core::entity::Booking>| {
        bookings.iter().map(|booking| booking.booking_id.to_string()).collect::<Vec<_>>()
    };
    let first = pickup(&made[1]);
    for (from, to) in
        [(None, None), (Some(first), Some(first)), (Some(first + 1), None), (None, Some(first + 86_400))]
    {
        let window = Window { from: from.map(at), to: to.map(at) };
        let listed = table.all(&access::bookings_by_status(BookingStatus::Confirmed, window)).await;
        assert_eq!(ids(listed), by_pickup(from, to), "{window:?}");
    }
    let waiting = table.all(&access::bookings_by_status(BookingStatus::Pending, Window::default())).await;
    assert_eq!(ids(waiting), [text(&pending, "bookingId")]);

    let user = UserId::parse(&customer.id).unwrap();
    let newest_first: Vec<_> =
        made.iter().rev().map(|booking| text(booking, "bookingId").to_owned()).collect();
    assert_eq!(ids(table.all(&access::bookings_of_user(&user)).await), newest_first);

    for booking in &made {
        world.assign(&dispatcher, booking, "driver_demo1").await.expect_status(200);
    }
    world.settle().await;
    let driver = DriverId::parse("driver_demo1").unwrap();
    let jobs = table.all(&access::jobs_of_driver(&driver, Window::default())).await;
    assert_eq!(ids(jobs), by_pickup(None, None));
    let window = Window { from: Some(at(first + 1)), to: None };
    assert_eq!(
        ids(table.all(&access::jobs_of_driver(&driver, window)).await),
        by_pickup(Some(first + 1), None)
    );
    let vehicle = VehicleId::parse("vehicle_demo1").unwrap();
    let day = at(first).day();
    let days = (access::driver_day(&driver, day), access::vehicle_day(&vehicle, day));
    let (of_driver, of_vehicle) = table.0.read(days).await.unwrap();
    let jobs = of_driver.expect("a day").data.jobs;
    assert!(jobs.all().iter().any(|job| job.booking_id.as_str() == text(&made[1], "bookingId")));
    assert_eq!(of_vehicle.expect("a day").data.jobs, jobs);
    let none = table.all(&access::bookings_by_status(BookingStatus::Confirmed, Window::default())).await;
    assert!(none.is_empty(), "they have moved on");

    // By key, all of one booking in one round trip.
    let id = BookingId::parse(text(&made[0], "bookingId")).unwrap();
    let reference = BookingReference::parse(text(&made[0], "bookingReference")).unwrap();
    let quote = QuoteId::parse(text(&made[0], "quoteId")).unwrap();
    let event =
        |kind| BookingEvent { booking_id: id.clone(), event: kind, version: Version::new(2), at: at(first) };
    let confirmed = event(EventKind::Confirmed);
    let one = (
        (access::booking(&id), access::booking_by_reference(&reference), access::quote(&quote)),
        (access::payment_of_booking(&id), access::attempt_of_booking(&id, 1)),
        access::notice_of_event(&confirmed, Channel::Email),
    );
    let ((booking, link, quote), (payment, attempt), notice) = table.0.read(one).await.unwrap();
    let payment = payment.expect("a payment").data;
    assert_eq!((booking.unwrap().data.booking_id, link.unwrap().data.booking_id), (id.clone(), id.clone()));
    assert_eq!(attempt.unwrap().data.payment_id, payment.payment_id);
    assert!(quote.is_some() && notice.is_some());
    let intent = payment.provider.payment_intent_id.expect("it is paid");
    let link = table.0.read(access::booking_by_payment_intent(&intent)).await.unwrap();
    assert_eq!(link.unwrap().data.booking_id, id);

    let history = table.all(&access::history_of_booking(&id)).await;
    let versions: Vec<_> = history.iter().map(|row| row.version.get()).collect();
    assert_eq!(versions, [1, 2, 3], "none is missing");
}

/// A payment as the schema document has it, of another booking, status and moment.
fn payment(booking: &str, status: &str, created: i64) -> Value {
    let item: Value = serde_json::from_str(crate::seed::PAYMENT).unwrap();
    let mut item = item;
    item["Data"]["bookingId"] = json!(booking);
    item["Data"]["status"] = json!(status);
    let more = json!({ "CreatedAt": created, "UpdatedBy": "import", "Version": 1, "SchemaVersion": 1 });
    item.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    item
}

#[tokio::test]
async fn payments_by_status_and_when_they_came_into_being() {
    let world = empty().await;
    let table = table(&world);
    let now = 1_733_842_200;
    for (booking, status, created) in [
        ("booking_3", "completed", now + 30),
        ("booking_1", "completed", now + 10),
        ("booking_4", "failed", now + 15),
        ("booking_2", "completed", now + 20),
        // Two of one second are both in the list.
        ("booking_5", "completed", now + 20),
    ] {
        table.put::<Payment>(&payment(booking, status, created)).await;
    }
    let list = async |status, from: Option<i64>, to: Option<i64>| {
        let window = Window { from: from.map(at), to: to.map(at) };
        let all = table.all(&access::payments_by_status(status, window)).await;
        let mut suffixes: Vec<_> = all.iter().map(|payment| payment.booking_id.suffix().to_owned()).collect();
        if suffixes.len() > 2 {
            suffixes[1..3].sort();
        }
        suffixes.concat()
    };
    assert_eq!(list(PaymentStatus::Completed, None, None).await, "1253");
    assert_eq!(list(PaymentStatus::Completed, Some(now + 21), None).await, "3");
    assert_eq!(list(PaymentStatus::Completed, None, Some(now + 10)).await, "1");
    assert_eq!(list(PaymentStatus::Completed, Some(now + 11), Some(now + 19)).await, "");
    assert_eq!(list(PaymentStatus::Failed, None, None).await, "4");
    assert_eq!(list(PaymentStatus::Refunded, None, None).await, "");

    // It has an id that does not follow from the booking's, and is found by it.
    let booking = BookingId::parse("booking_3").unwrap();
    let id = PaymentId::parse("payment_xyz123").unwrap();
    let (by_id, by_booking) =
        table.0.read((access::payment(&booking, &id), access::payment_of_booking(&booking))).await.unwrap();
    assert_eq!(by_id.expect("a payment").data.booking_id, booking);
    assert!(by_booking.is_none());
}

#[tokio::test]
async fn what_prices_and_who_operates() {
    let world = World::new().await;
    let table = table(&world);
    let now = at(world.now());
    let page = table.0.page(&access::tariff_in_force(now), 1, None).await.unwrap();
    let in_force = page.rows.into_iter().next().expect("a tariff").data;
    let by_key = access::tariff(in_force.key());
    let (named, settings) = table.0.read((by_key, access::settings())).await.unwrap();
    assert_eq!(named.unwrap().data, in_force);
    let head = table.0.read(access::tariff_head()).await.unwrap().expect("a count").data;
    assert_eq!((head.latest_effective_from, head.latest_version), in_force.key());
    let versions = table.all(&access::tariff_versions()).await;
    assert_eq!(versions.iter().map(Tariff::key).collect::<Vec<_>>(), [in_force.key()]);
    // Nothing is kept of what nobody asked.
    let here = Coordinates { latitude: 50.7.try_into().unwrap(), longitude: (-1.9).try_into().unwrap() };
    let way = Way { from: here, via: Vec::new(), to: here, departing: now };
    assert!(table.0.read(access::route_memo(&way)).await.unwrap().is_none());
    assert!(table.0.read(access::place_memo("12 Acacia Avenue")).await.unwrap().is_none());
    assert_eq!(settings.unwrap().data.operator.name, "Dorset Transfer Company");
}

#[tokio::test]
async fn what_moved_under_a_booking_and_on_a_day() {
    let world = empty().await;
    let table = table(&world);
    let now = 1_733_842_200;
    let by = json!({ "CreatedAt": now, "UpdatedAt": now, "UpdatedBy": "stripe", "Version": 1, "SchemaVersion": 1 });
    let item = |entity: &str, data: Value| {
        let mut item = json!({ "EntityType": entity, "Data": data });
        item.as_object_mut().unwrap().extend(by.as_object().unwrap().clone());
        item
    };
    let amount = json!({ "total": 500, "currency": "GBP" });
    let day = 86_400;
    let midnight = now - now % day;
    // Two of another booking, and entries on both sides of a midnight.
    for (booking, name, moment) in [
        ("booking_1", "refund.b", midnight + 20),
        ("booking_1", "charge.a", midnight),
        ("booking_2", "charge.c", midnight + 10),
        ("booking_1", "charge.z", midnight - 1),
        ("booking_2", "credit.d", midnight + day - 1),
        ("booking_2", "refund.e", midnight + day),
    ] {
        let sides = json!([{ "account": "card", "amount": 500 }, { "account": "fares", "amount": -500 }]);
        let data = json!({
            "bookingId": booking, "entry": name, "concerns": booking, "movement": "charge", "currency": "GBP",
            "postings": sides, "at": moment,
        });
        table.put::<LedgerEntry>(&item("LedgerEntry", data)).await;
    }
    for (booking, refund) in [("booking_1", "refund_b"), ("booking_1", "refund_a"), ("booking_2", "refund_c")]
    {
        let data = json!({
            "refundId": refund, "bookingId": booking, "paymentId": booking.replace("booking", "payment"),
            "concerns": booking, "status": "owed", "cause": "requested", "paymentIntentId": "pi_1",
            "amount": amount, "owedAt": now,
        });
        table.put::<Refund>(&item("Refund", data)).await;
    }
    for concerns in ["booking_1", "booking_1r"] {
        let data = json!({
            "bookingId": "booking_1", "concerns": concerns, "status": "owed", "amount": amount,
            "description": "5 minutes of waiting", "raisedAt": now,
        });
        table.put::<Due>(&item("Due", data)).await;
    }
    let (one, two) = (BookingId::parse("booking_1").unwrap(), BookingId::parse("booking_2").unwrap());
    let back = BookingId::return_of(&one);
    let names = async |query| {
        let all: Vec<LedgerEntry> = table.all(&query).await;
        all.iter().map(|entry| entry.entry.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(access::ledger_of_booking(&one)).await, ["charge.a", "charge.z", "refund.b"]);
    assert_eq!(names(access::ledger_of_booking(&two)).await, ["charge.c", "credit.d", "refund.e"]);
    let all: Vec<LedgerEntry> = table.all(&access::ledger_of_day(at(now).day())).await;
    let by_time: Vec<_> = all.iter().map(|entry| entry.entry.as_str()).collect();
    assert_eq!(by_time, ["charge.a", "charge.c", "refund.b", "credit.d"], "of that UTC day alone, in order");
    let refunds = table.all(&access::refunds_of_booking(&one)).await;
    let refunds: Vec<_> = refunds.iter().map(|refund| refund.refund_id.as_str()).collect();
    assert_eq!(refunds, ["refund_a", "refund_b"]);
    let (b, c) = (RefundId::parse("refund_b").unwrap(), RefundId::parse("refund_c").unwrap());
    let reads = (
        (access::refund_of_booking(&one, &b), access::refund_of_booking(&one, &c)),
        (access::due_of_booking(&one, &one), access::due_of_booking(&one, &back)),
        access::due_of_booking(&two, &two),
    );
    let ((own, others), (there, way_back), none) = table.0.read(reads).await.unwrap();
    assert_eq!(own.unwrap().data.refund_id, b);
    assert!(others.is_none() && none.is_none());
    assert_eq!((there.unwrap().data.concerns, way_back.unwrap().data.concerns), (one, back));
}
