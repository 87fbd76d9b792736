//! Money that was taken before there was a ledger, or in another system: once more of it moves, the ledger says what was
//! taken less what has gone back.

use std::collections::BTreeMap;

use nots_core::{
    BookingId, access,
    entity::{
        PaymentStatus,
        ledger::{Account, balance},
    },
    ports::{RefundFacts, RefundStage},
    settle::{Cashier, Learned, Outcome},
    table::{Condition, Op, RawKey, Stored, attr},
};
use nots_testkit::{Answer, Person, World};
use serde_json::{Value, json};

/// Somebody in the office gives a part of a booking's money back.
async fn give_back(world: &World, admin: &Person, booking: &str, amount: i64) -> Answer {
    let suffix = booking.trim_start_matches("booking_");
    let request = http::Request::post(format!("/v1/payments/payment_{suffix}/refunds"))
        .header("authorization", format!("Bearer {}", admin.token))
        .header("content-type", "application/json")
        .header("idempotency-key", "first")
        .body(bytes::Bytes::from(json!({ "amount": amount, "reason": "The driver was late" }).to_string()))
        .unwrap();
    let (parts, body) = world.platform.gateway.handle(request).await.into_parts();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// What stands on each account of a booking, but those where nothing does; and the names of its entries.
async fn books(world: &World, booking: &str) -> (BTreeMap<String, i64>, Vec<String>) {
    let id = BookingId::parse(booking).unwrap();
    let page = world.platform.ports.table.page(&access::ledger_of_booking(&id), 100, None).await.unwrap();
    let entries: Vec<_> = page.rows.into_iter().map(|row| row.data).collect();
    let names = entries.iter().map(|entry| entry.entry.as_str().split('.').next().unwrap().to_owned());
    let on = |account: Account| {
        let name = serde_json::to_value(account).unwrap().as_str().unwrap().to_owned();
        (name, balance(&entries, account).unwrap().get())
    };
    let all = Account::ALL.into_iter().map(on).filter(|(_, amount)| *amount != 0).collect();
    (all, names.collect())
}

fn standing(all: &[(&str, i64)]) -> BTreeMap<String, i64> {
    all.iter().map(|(name, amount)| ((*name).to_owned(), *amount)).collect()
}

/// Makes a paid booking as the code before the ledger left it: a payment of schema 1 and no entry.
async fn age(world: &World, booking: &str, given_back: i64) {
    let (id, table) = (BookingId::parse(booking).unwrap(), &world.platform.ports.table);
    let row = table.read(access::payment_of_booking(&id)).await.unwrap().unwrap();
    let version = row.meta.version;
    let mut item = row.to_item().unwrap();
    item.insert("SchemaVersion".to_owned(), attr::number(1));
    item.insert("Version".to_owned(), attr::number(version.get() + 1));
    let key = RawKey {
        pk: format!("BOOKING#{booking}"),
        sk: format!("PAYMENT#payment_{}", booking.trim_start_matches("booking_")),
    };
    let data = attr::data(&mut item).unwrap();
    assert!(data.remove("captures").is_some(), "there was what schema 1 did not have");
    if given_back > 0 {
        let summary: Value = json!({
            "refunded": true, "refundId": "re_old", "amount": given_back, "reason": null, "refundedAt": 1_733_738_400,
        });
        data.insert("refund".to_owned(), serde_dynamo::to_attribute_value(summary).unwrap());
    }
    let condition = Condition::Unchanged(version);
    let mut ops = vec![Op::Put { entity: "Payment", key, item, spread: Vec::new(), condition }];
    let page = table.page(&access::ledger_of_booking(&id), 100, None).await.unwrap();
    for entry in &page.rows {
        let sk = format!("LEDGER#{}", entry.data.entry);
        let key = RawKey { pk: format!("BOOKING#{booking}"), sk };
        ops.push(Op::Delete {
            entity: "LedgerEntry",
            key,
            condition: Condition::Unchanged(entry.meta.version),
        });
    }
    table.write_items(ops).await.unwrap();
}

#[tokio::test]
async fn a_payment_of_the_first_schema_is_read_and_given_back() {
    for before in [0, 200] {
        let world = World::new().await;
        let (customer, admin) = (world.person("customer").await, world.person("admin").await);
        let booking = world.confirmed(&customer, 86_400).await;
        let (id, total) =
            (booking["bookingId"].as_str().unwrap(), booking["pricing"]["total"].as_i64().unwrap());
        world.settle().await;
        age(&world, id, before).await;
        assert_eq!(books(&world, id).await, (BTreeMap::new(), vec![]));
        let too_much = give_back(&world, &admin, id, total - before + 1).await.expect_status(409);
        assert_eq!(too_much["current"]["refundable"]["total"], total - before);
        let answer = give_back(&world, &admin, id, 500).await.expect_status(201);
        assert_eq!(answer["refundable"]["total"], total - before - 500);
        let (owed, names) = books(&world, id).await;
        let left = total - before;
        assert_eq!(owed, standing(&[("card", left), ("customer", -500), ("fares", 500 - left)]));
        assert_eq!(names, ["credit", "opening"], "what was there before is put there once");
        world.settle().await;
        let (made, names) = books(&world, id).await;
        assert_eq!(made, standing(&[("card", left - 500), ("fares", 500 - left)]));
        assert_eq!(names, ["credit", "opening", "refund"]);
        let row = access::payment_of_booking(&BookingId::parse(id).unwrap());
        let row = world.platform.ports.table.read(row).await.unwrap().unwrap();
        assert_eq!((row.data.captured().get(), row.data.refund.amount.get()), (total, before + 500));
        let again: Stored<nots_core::entity::Payment> = Stored::from_item(row.to_item().unwrap()).unwrap();
        assert_eq!(again.data, row.data, "written in the schema of now");
    }
}

#[tokio::test]
async fn what_was_paid_in_the_system_before_is_given_back_and_the_ledger_says_so() {
    let world = World::new().await;
    let admin = world.person("admin").await;
    let mut line = crate::import::booking(&world, "old", "confirmed");
    line["payment"] = json!({ "status": "completed", "stripePaymentIntentId": "pi_old" });
    assert_eq!(crate::import::take_in(&world, &format!("{line}\n")).await.sums(), [1, 0, 0, 0, 0]);
    world.settle().await;
    assert_eq!(books(&world, "booking_old").await.0, BTreeMap::new(), "an import moves nothing");
    let answer = give_back(&world, &admin, "booking_old", 500).await.expect_status(201);
    let refund: nots_core::id::RefundId = answer["refundId"].as_str().unwrap().parse().unwrap();
    let ports = &world.platform.ports;
    let cashier =
        Cashier { table: ports.table.as_ref(), clock: ports.clock.as_ref(), ids: ports.ids.as_ref() };
    let order = cashier.refund_to_make(&BookingId::parse("booking_old").unwrap(), &refund).await.unwrap();
    assert_eq!(order.unwrap().0.payment_intent, "pi_old", "of what the system before took");
    let facts = RefundFacts {
        id: "re_1".to_owned(),
        payment_intent: Some("pi_old".to_owned()),
        amount: 500,
        currency: "gbp".to_owned(),
        stage: RefundStage::Succeeded,
        failure: None,
        refund_id: Some(refund),
        created_at: ports.clock.now(),
    };
    let learned = cashier.refunds("pi_old", None, &[facts], None).await.unwrap();
    assert_eq!(learned, Learned::Taken(Outcome::Noted));
    let (made, names) = books(&world, "booking_old").await;
    assert_eq!(made, standing(&[("card", 728), ("fares", -728)]));
    assert_eq!(names, ["credit", "opening", "refund"]);
    // The announcement of what was owed comes late, and finds nothing to make.
    world.settle().await;
    assert_eq!(books(&world, "booking_old").await.0, made);
}

#[tokio::test]
async fn what_was_paid_where_no_money_of_ours_went_is_called_off_and_stays_paid() {
    let world = World::new().await;
    let staff = world.person("dispatcher").await;
    let mut line = crate::import::booking(&world, "old", "confirmed");
    line["payment"] = json!({ "status": "completed" });
    assert_eq!(crate::import::take_in(&world, &format!("{line}\n")).await.sums(), [1, 0, 0, 0, 0]);
    let reason = json!({ "reason": "Rang and called it off", "onBehalfOf": "customer" });
    let cancelled = world.delete("/v1/bookings/booking_old", &staff, reason).await.expect_status(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["payment"]["status"]),
        (&json!("cancelled"), &json!("completed"))
    );
    assert_eq!(cancelled["cancellation"]["refund"]["total"], 0, "whoever has the money gives it back");
    let row = access::payment_of_booking(&BookingId::parse("booking_old").unwrap());
    let row = world.platform.ports.table.read(row).await.unwrap().unwrap();
    assert_eq!((row.data.status, row.meta.version.get()), (PaymentStatus::Completed, 1), "as it was");
    assert_eq!(books(&world, "booking_old").await, (BTreeMap::new(), vec![]));
    world.settle().await;
}
