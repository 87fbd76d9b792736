//! What has changed since an earlier run: there, and here.

use nots_core::{Actor, Timestamp, UserId, access, contact::Email, entity::User};
use serde_json::{Value, json};

use super::{World, booking, customer, empty, jsonl, table_of, take_in, take_out};

fn links(world: &World) -> Vec<String> {
    let linked = |key: &String| ["UNIQUE#", "REF#", "STRIPE#"].iter().any(|prefix| key.starts_with(prefix));
    world.table().into_keys().filter(linked).collect()
}

#[tokio::test]
async fn what_changed_there_is_brought_up_to_date_with_the_names_it_goes_by() {
    let world = empty().await;
    let mut user = customer("a", "a@example.com");
    user["cognitoId"] = json!("sub-a");
    let mut paid = booking(&world, "1", "confirmed");
    paid["payment"] = json!({ "status": "completed", "stripePaymentIntentId": "pi_1" });
    paid["createdAt"] = json!(1_700_000_000);
    take_in(&world, &jsonl(&[user.clone(), paid.clone()])).await;

    user["email"] = json!("new@example.com");
    user["cognitoId"] = json!("sub-b");
    let mut done = booking(&world, "1", "completed");
    done["bookingReference"] = json!("NOTS-1B");
    done["payment"] = json!({ "status": "completed", "stripePaymentIntentId": "pi_1b" });
    assert_eq!(take_in(&world, &jsonl(&[user, done])).await.sums(), [0, 2, 0, 0, 0]);
    assert_eq!(
        links(&world),
        [
            "REF#NOTS-1B / BOOKING",
            "STRIPE#pi_1b / BOOKING",
            "UNIQUE#COGNITO#sub-b / USER",
            "UNIQUE#EMAIL#new@example.com / USER"
        ]
    );
    let table = world.table();
    let item = &table["BOOKING#booking_1 / METADATA"];
    assert_eq!((&item["Version"]["N"], &item["CreatedAt"]["N"]), (&json!("2"), &json!("1700000000")));
    assert_eq!(item["GSI1PK"]["S"], "STATUS#completed");
    let payment = &table["BOOKING#booking_1 / PAYMENT#payment_1"];
    assert_eq!(payment["Data"]["M"]["provider"]["M"]["paymentIntentId"]["S"], "pi_1b");

    // What was given up is free again.
    let again = [customer("b", "A@example.com"), {
        let mut other = booking(&world, "2", "confirmed");
        other["bookingReference"] = json!("NOTS-1");
        other
    }];
    assert_eq!(take_in(&world, &jsonl(&again)).await.sums(), [2, 0, 0, 0, 0]);
}

#[tokio::test]
async fn what_changed_here_is_kept_and_named() {
    let world = World::new().await;
    let table = table_of(&world);
    let mut lines = vec![
        customer("a", "a@example.com"),
        booking(&world, "assigned", "confirmed"),
        booking(&world, "paying", "pending"),
        booking(&world, "left", "confirmed"),
    ];
    take_in(&world, &jsonl(&lines)).await;

    let id = UserId::parse("user_a").unwrap();
    let row = table.read(access::user(&id)).await.unwrap().unwrap();
    let data = User { email: Email::parse("own@example.com").unwrap(), ..row.data.clone() };
    let at = Timestamp::new(world.now()).unwrap();
    table.commit(User::revise(row, data, Actor::User(id), at).transaction).await.unwrap();
    let dispatcher = world.person("dispatcher").await;
    world.assign(&dispatcher, &lines[1], "driver_demo1").await.expect_status(200);
    world
        .post("/v1/payments", &dispatcher, json!({ "bookingId": "booking_paying" }))
        .await
        .expect_status(201);
    world.settle().await;

    for line in &mut lines[1..] {
        line["passengers"] = json!(3);
    }
    let before = world.table();
    let outcome = take_in(&world, &jsonl(&lines)).await;
    assert_eq!(outcome.sums(), [0, 1, 0, 3, 0]);
    let kept: Vec<_> = outcome.kept.iter().map(|kept| (&kept["line"], &kept["id"])).collect();
    assert_eq!(
        kept,
        [
            (&json!(1), &json!("user_a")),
            (&json!(2), &json!("booking_assigned")),
            (&json!(3), &json!("booking_paying"))
        ]
    );
    assert_eq!(outcome.kept[0]["updatedBy"], "user_a");
    assert_eq!(outcome.kept[1]["updatedBy"], dispatcher.id.as_str());
    let after = world.table();
    let changed: Vec<_> =
        after.iter().filter(|(key, item)| before.get(*key) != Some(*item)).map(|(key, _)| key).collect();
    assert_eq!(changed, ["BOOKING#booking_left / METADATA", "BOOKING#booking_left / PAYMENT#payment_left"]);
    world.settle().await;
}

#[tokio::test]
async fn a_change_that_lands_between_reading_and_writing_is_kept() {
    let meddler = std::sync::Arc::new(nots_testkit::Meddler::default());
    let world = empty().await;
    let table = table_of(&world);
    let line = customer("a", "a@example.com");
    take_in(&world, &jsonl(std::slice::from_ref(&line))).await;

    let meddled = nots_testkit::MeddledTable::over(table.clone(), meddler.clone());
    let at = Timestamp::new(world.now()).unwrap();
    meddler.before_the_next_transaction(move |table| async move {
        let id = UserId::parse("user_a").unwrap();
        let row = table.read(access::user(&id)).await.unwrap().unwrap();
        let data = row.data.clone();
        let own = User::revise(row, data, Actor::User(id), at);
        table.commit(own.transaction).await.unwrap();
    });
    let mut changed = line;
    changed["email"] = json!("b@example.com");
    let outcome = super::take_in_to(&meddled, at, &jsonl(&[changed])).await;
    assert_eq!(outcome.sums(), [0, 0, 0, 1, 0]);
    assert_eq!(links(&world), ["UNIQUE#EMAIL#a@example.com / USER"]);
    let out: Value = serde_json::from_str(take_out(&world).await.trim()).unwrap();
    assert_eq!(out["email"], "a@example.com");
}
