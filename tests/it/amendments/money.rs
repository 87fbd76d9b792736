//! The difference: paid, given back, let go, or asked for with the fare.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn what_costs_more_holds_once_it_is_paid_and_not_before() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let (old, fresh) = (total(&booking), quote(&world, farther).await);
    let more = total(&fresh) - old;
    let seen = amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    assert_eq!(seen["journey"], booking["journey"], "the old terms hold");
    assert_eq!(total(&seen), old);
    let waits = &seen["amendment"];
    assert_eq!((&waits["number"], &waits["status"]), (&json!(1), &json!("awaiting_payment")));
    assert_eq!(waits["difference"]["total"], more);
    assert_eq!(waits["payBy"], waits["askedAt"].as_i64().unwrap() + 3_600);
    assert_eq!(waits["terms"]["journey"]["dropoffLocation"], fresh["dropoffLocation"]);
    assert!(waits.get("askedBy").is_none(), "the office's");
    assert_eq!(asked_for(&world), old);
    let again = amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    assert_eq!(again, seen, "who did not hear the answer asks again");

    let page = pay_page(&world, &ada, &booking).await.expect_status(201);
    assert_eq!(page["amount"]["total"], more);
    let same = pay_page(&world, &ada, &booking).await.expect_status(200);
    assert_eq!(same["checkoutSessionId"], page["checkoutSessionId"]);
    world.pay(&page).await.expect_status(200);
    let paid = world.booking(&booking, &ada).await;
    assert_eq!(paid["journey"]["dropoffLocation"], fresh["dropoffLocation"]);
    assert_eq!((total(&paid), &paid["status"]), (total(&fresh), &json!("confirmed")));
    assert!(paid.get("amendment").is_none());
    assert_eq!(paid["amended"]["settled"], json!({ "kind": "paid" }));
    assert_eq!(asked_for(&world), total(&fresh));
    assert_eq!(accounts(&world), sums([("card", total(&fresh)), ("fares", -total(&fresh))]));
    assert_eq!(refunds(&world), []);
    let again = amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    assert_eq!(again, paid, "also after it was paid");
    pay_page(&world, &ada, &booking).await.expect_status(409);
    world.settle().await;
    assert_eq!(world.told(), ["email amended", "email confirmed", "sms amended", "sms confirmed"]);
    let difference = paid["amended"]["difference"]["displayTotal"].as_str().unwrap();
    says(&world, &["Southampton Airport", &format!("You have paid the difference of {difference}.")]);
}

#[tokio::test]
async fn what_costs_less_holds_at_once_and_the_difference_goes_back() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let fresh = quote(&world, nearer).await;
    let less = total(&booking) - total(&fresh);
    let seen = amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    assert_eq!(seen["journey"]["dropoffLocation"], fresh["dropoffLocation"]);
    assert_eq!((total(&seen), seen.get("amendment")), (total(&fresh), None));
    assert_eq!(seen["amended"]["settled"]["amount"]["total"], less);
    assert_eq!(refunds(&world), [("amended".to_owned(), "owed".to_owned(), less)]);
    let paid = total(&booking);
    let books = sums([("card", paid), ("fares", -total(&fresh)), ("customer", -less)]);
    assert_eq!((accounts(&world), asked_for(&world)), (books, total(&fresh)));
    let again = amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    assert_eq!((again, refunds(&world).len()), (seen.clone(), 1), "once");
    world.settle().await;
    let refund = seen["amended"]["settled"]["amount"]["displayTotal"].as_str().unwrap();
    says(&world, &["Bournemouth Pier", &format!("We refund {refund}.")]);
    world.leaves_messages();
}

#[tokio::test]
async fn the_same_fare_moves_no_money_and_a_few_pence_are_let_go() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let old = total(&booking);
    let pickup = booking["journey"]["pickupTime"].clone();
    let same = quote(&world, |journey| {
        journey["pickupTime"] = pickup.clone();
        journey["passengers"] = json!(3);
    });
    let seen = amend(&world, &ada, &booking, &same.await).await.expect_status(200);
    assert_eq!((&seen["passengers"], &seen["amended"]["settled"]), (&json!(3), &json!({ "kind": "even" })));
    world.settle().await;
    says(&world, &["The fare stays"]);
    assert_eq!(accounts(&world), sums([("card", old), ("fares", -old)]));

    let fresh = quote(&world, |journey| {
        journey["pickupTime"] = pickup.clone();
        a_little_farther(journey);
    })
    .await;
    let more = total(&fresh) - old;
    assert!((1..30).contains(&more), "{more}");
    let seen = amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    assert_eq!(seen["amended"]["settled"], json!({ "kind": "let_go" }));
    assert_eq!((total(&seen), asked_for(&world)), (total(&fresh), total(&fresh)));
    let books = sums([("card", old), ("fares", -total(&fresh)), ("written_off", more)]);
    assert_eq!((accounts(&world), refunds(&world)), (books, vec![]));
    world.settle().await;
    says(&world, &["the far end", "You have nothing more to pay."]);
}

#[tokio::test]
async fn what_nobody_has_paid_for_yet_is_asked_for_with_the_fare() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let (booking, first) = world.at_checkout(&ada, DAY).await;
    let fresh = quote(&world, farther).await;
    let seen = amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    assert_eq!((total(&seen), &seen["status"]), (total(&fresh), &json!("pending")));
    assert_eq!(seen["amended"]["settled"], json!({ "kind": "with_the_fare" }));
    assert_eq!(asked_for(&world), total(&fresh));
    // Who had the first page open pays too little: it goes back, and the booking waits still.
    world.pay(&first).await.expect_status(200);
    assert_eq!(world.booking(&booking, &ada).await["status"], "pending");
    let page = pay_page(&world, &ada, &booking).await.expect_status(201);
    assert_eq!(page["amount"]["total"], total(&fresh));
    world.pay(&page).await.expect_status(200);
    assert_eq!(world.booking(&booking, &ada).await["status"], "confirmed");
    let (paid, back) = (total(&fresh), total(&booking));
    assert_eq!(refunds(&world), [("paid_too_late".to_owned(), "succeeded".to_owned(), back)]);
    assert_eq!(accounts(&world), sums([("card", paid), ("fares", -paid)]));

    // In cash: whatever it costs, it is taken at the end.
    let cash = world.booked(&ada, DAY).await;
    let body = json!({ "bookingId": cash["bookingId"], "method": "cash" });
    world.post("/v1/payments", &staff, body).await.expect_status(200);
    let fresh = quote(&world, farther).await;
    let seen = amend(&world, &ada, &cash, &fresh).await.expect_status(200);
    assert_eq!((total(&seen), &seen["status"]), (total(&fresh), &json!("confirmed")));
    assert_eq!(seen["amended"]["settled"], json!({ "kind": "with_the_fare" }));
    world.settle().await;
    world.leaves_messages();
}

/// A booking that is paid, and a page on which what a change costs more can be paid.
async fn at_the_page(world: &World, ada: &Person) -> (Value, Value, Value) {
    let booking = world.confirmed(ada, DAY).await;
    let fresh = quote(world, farther).await;
    amend(world, ada, &booking, &fresh).await.expect_status(200);
    let page = pay_page(world, ada, &booking).await.expect_status(201);
    (booking, fresh, page)
}

#[tokio::test]
async fn money_that_comes_too_late_goes_back_and_the_old_terms_hold() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let (booking, fresh, page) = at_the_page(&world, &ada).await;
    world.platform.advance(3_601).await.unwrap();
    assert_eq!(world.booking(&booking, &ada).await["amendment"]["status"], "lapsed");
    pay_page(&world, &ada, &booking).await.expect_status(409);
    told_of(&world, &booking, &page).await;
    let seen = world.booking(&booking, &ada).await;
    assert_eq!((&seen["journey"], seen.get("amendment")), (&booking["journey"], None));
    let (old, more) = (total(&booking), total(&fresh) - total(&booking));
    assert_eq!(refunds(&world), [("paid_too_late".to_owned(), "owed".to_owned(), more)]);
    let books = sums([("card", old + more), ("fares", -old), ("customer", -more)]);
    assert_eq!((accounts(&world), asked_for(&world)), (books, old));
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn a_change_that_is_asked_for_too_late_to_be_paid_is_refused_and_a_page_is_opened_in_time_only() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let soon = quote(&world, |journey| {
        farther(journey);
        journey["pickupTime"] = json!(world.now() + 1_700);
    })
    .await;
    let refused = amend(&world, &ada, &booking, &soon).await.expect_status(422);
    assert_eq!(refused["errors"][0]["pointer"], "/quoteId");
    let fresh = quote(&world, farther).await;
    amend(&world, &ada, &booking, &fresh).await.expect_status(200);
    // Half an hour, and a minute for Stripe's clock, must be left for a page to be opened: one that is open serves to the end.
    world.platform.advance(1_741).await.unwrap();
    let refused = pay_page(&world, &ada, &booking).await.expect_status(409);
    assert_eq!(refused["current"]["payBy"], world.booking(&booking, &ada).await["amendment"]["payBy"]);
    world.settle().await;
}

#[tokio::test]
async fn money_for_a_change_of_what_was_called_off_goes_back_too() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let (booking, fresh, page) = at_the_page(&world, &ada).await;
    let called_off = json!({ "reason": "The vehicle broke down" });
    let cancelled = world.delete(&path(&booking), &staff, called_off).await.expect_status(200);
    assert!(cancelled.get("amendment").is_none(), "{cancelled}");
    world.pay(&page).await.expect_status(200);
    let seen = world.booking(&booking, &ada).await;
    assert_eq!((&seen["status"], &seen["journey"]), (&json!("cancelled"), &booking["journey"]));
    let mut back: Vec<_> = refunds(&world).into_iter().map(|(_, status, pence)| (status, pence)).collect();
    back.sort_by_key(|(_, pence)| *pence);
    let (old, more) = (total(&booking), total(&fresh) - total(&booking));
    assert_eq!(back, [("succeeded".to_owned(), old), ("succeeded".to_owned(), more)]);
    assert_eq!(accounts(&world), sums([]));
    pay_page(&world, &ada, &booking).await.expect_status(409);
    amend(&world, &staff, &booking, &quote(&world, nearer).await).await.expect_status(409);
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn a_newer_change_takes_the_place_of_one_that_waits() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let (booking, fresh, first) = at_the_page(&world, &ada).await;
    let newer = quote(&world, |journey| {
        journey["dropoffLocation"] = to("Salisbury Cathedral", 51.0649, -1.7974);
    })
    .await;
    let seen = amend(&world, &ada, &booking, &newer).await.expect_status(200);
    assert_eq!(seen["amendment"]["number"], 2, "no number is used again");
    // The page of the first is open still: whoever pays there gets the money back, and the second waits on.
    world.pay(&first).await.expect_status(200);
    let seen = world.booking(&booking, &ada).await;
    assert_eq!((&seen["amendment"]["number"], total(&seen)), (&json!(2), total(&booking)));
    assert_eq!(refunds(&world).len(), 1);
    let second = pay_page(&world, &ada, &booking).await.expect_status(201);
    world.pay(&second).await.expect_status(200);
    let seen = world.booking(&booking, &ada).await;
    assert_eq!(seen["journey"]["dropoffLocation"], newer["dropoffLocation"]);
    let (back, paid) = (total(&fresh) - total(&booking), total(&newer));
    assert_eq!(refunds(&world), [("paid_too_late".to_owned(), "succeeded".to_owned(), back)]);
    assert_eq!(accounts(&world), sums([("card", paid), ("fares", -paid)]));
    amend(&world, &ada, &booking, &fresh).await.expect_status(409);
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_made_after_the_other_and_the_same_twice_is_one() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, DAY).await;
    let (near, far) = (quote(&world, nearer).await, quote(&world, farther).await);
    let asked = [&near, &far, &near, &far].map(|quote| amend(&world, &ada, &booking, quote));
    let answers = join_all(asked).await;
    assert!(answers.iter().all(|answer| [200, 409].contains(&answer.status)), "{answers:?}");
    let seen = world.booking(&booking, &ada).await;
    assert_eq!(refunds(&world).len(), 1, "what costs less was given back once");
    let less = total(&booking) - total(&near);
    let paid = total(&booking);
    let books = sums([("card", paid), ("fares", less - paid), ("customer", -less)]);
    assert_eq!(accounts(&world), books);
    assert_eq!(total(&seen), total(&near), "what costs more is not paid");
    assert_eq!(world.table()[&metadata(&booking)]["Data"]["M"]["amendments"]["N"], "2");
    world.settle().await;
    world.leaves_messages();
}

#[tokio::test]
async fn one_way_of_two_is_changed_and_the_payment_under_the_other_follows() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let pair = quote(&world, |journey| {
        journey["returnJourney"] = json!(true);
        journey["returnPickupTime"] = json!(world.now() + 3 * DAY);
    })
    .await;
    let order = json!({ "quoteId": pair["quoteId"], "customer": World::traveller() });
    let there = world.post("/v1/bookings", &ada, order).await.expect_status(201);
    let page = pay_page(&world, &ada, &there).await.expect_status(201);
    world.pay(&page).await.expect_status(200);
    let way = format!("/v1/bookings/{}", there["returnBookingId"].as_str().unwrap());
    let back = world.get(&way, &ada).await.expect_status(200);
    let whole = total(&there) + total(&back);

    let dearer = quote(&world, farther).await;
    let seen = amend(&world, &ada, &back, &dearer).await.expect_status(200);
    let more = total(&dearer) - total(&back);
    assert_eq!(seen["amendment"]["difference"]["total"], more);
    let page = pay_page(&world, &ada, &back).await.expect_status(201);
    assert_eq!((&page["amount"]["total"], &page["bookingId"]), (&json!(more), &there["bookingId"]));
    world.pay(&page).await.expect_status(200);
    let seen = world.booking(&back, &ada).await;
    assert_eq!((total(&seen), &seen["outwardBookingId"]), (total(&dearer), &there["bookingId"]));
    assert_eq!(world.booking(&there, &ada).await["journey"], there["journey"], "the other stays");
    assert_eq!(asked_for(&world), whole + more);

    let cheaper = quote(&world, nearer).await;
    amend(&world, &ada, &there, &cheaper).await.expect_status(200);
    let less = total(&there) - total(&cheaper);
    let (card, fares) = (whole + more, less - whole - more);
    assert_eq!(accounts(&world), sums([("card", card), ("fares", fares), ("customer", -less)]));
    assert_eq!((asked_for(&world), refunds(&world).len()), (whole + more - less, 1));
    world.settle().await;
    world.leaves_messages();
}
