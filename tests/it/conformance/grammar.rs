//! Core's own reads and writes on the engines: entities there and back, why each refused, and pages of access patterns.

use nots_core::{
    Actor, BookingId, Role, access,
    access::Window,
    contact::{Email, Phone},
    entity::{
        Booking, BookingStatus, DriverValidity, Payment, Quote, User,
        driver::FleetStatus,
        payment::BooksError,
        user::{Preferences, UserStatus},
        validity::{self, Standing},
    },
    settle,
    table::{Because, Get, Stored, Transaction, WriteError},
    text::Text,
};

use super::engine::{Engine, everywhere};
use crate::rows::{self, FARE, NOW, at, book, quote, reference, user};

async fn read<E: nots_core::table::Entity>(engine: &Engine, get: Get<E>) -> Stored<E> {
    engine.table.read(get).await.unwrap().expect("it is there")
}

/// A quote that is in the table.
async fn quoted(engine: &Engine, number: usize, pickup: i64) -> Stored<Quote> {
    let quote = quote(number, at(pickup), at(0));
    engine.table.commit(Transaction::new().create(&quote)).await.unwrap();
    read(engine, access::quote(&quote.after().data.quote_id)).await
}

async fn booked(engine: &Engine, number: usize, pickup: i64) -> Stored<Booking> {
    let quote = quoted(engine, number, pickup).await;
    let booked = book(quote, Some(user(1)), reference(number), at(1)).unwrap();
    engine.table.commit(booked.transaction).await.unwrap();
    read(engine, access::booking(&booked.booking.data.booking_id)).await
}

#[track_caller]
fn because(outcome: Result<(), WriteError>) -> Vec<(&'static str, Because)> {
    match outcome {
        Err(WriteError::Refused(refusals)) => refusals.into_iter().map(|r| (r.entity, r.because)).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn an_entity_comes_back_as_it_was_committed() {
    everywhere(|engine| async move {
        let quote = quoted(&engine, 1, 86_400).await;
        assert_eq!(quote, rows::quote(1, at(86_400), at(0)).after().clone());
        let booked = book(quote, Some(user(1)), reference(1), at(1)).unwrap();
        engine.table.commit(booked.transaction).await.unwrap();
        let id = &booked.booking.data.booking_id;
        let reads = (
            access::booking(id),
            access::payment_of_booking(id),
            access::booking_by_reference(&reference(1)),
        );
        let (booking, payment, link) = engine.table.read(reads).await.unwrap();
        assert_eq!(booking, Some(booked.booking.clone()));
        assert_eq!(payment.unwrap().data.amount.total, FARE);
        assert_eq!(link.unwrap().data.booking_id, *id);
    })
    .await;
}

#[tokio::test]
async fn a_quote_becomes_one_booking_and_the_second_is_told_why() {
    everywhere(|engine| async move {
        let quote = quoted(&engine, 1, 86_400).await;
        let book = |user_number, reference_number| {
            book(quote.clone(), Some(user(user_number)), reference(reference_number), at(1)).unwrap()
        };
        let (first, second) = (book(1, 1), book(2, 2));
        engine.table.commit(first.transaction).await.unwrap();
        assert_eq!(
            because(engine.table.commit(second.transaction).await),
            [
                ("Booking", Because::Exists),
                ("Payment", Because::Exists),
                ("Quote", Because::IllegalMove { status: "used".to_owned() })
            ]
        );
        let refused = engine.table.read(access::booking_by_reference(&reference(2))).await.unwrap();
        assert!(refused.is_none(), "its reference is still free");
        // A reference that somebody has refuses by itself.
        let other = quoted(&engine, 2, 86_400).await;
        let taken = rows::book(other, None, reference(1), at(1)).unwrap();
        assert_eq!(
            because(engine.table.commit(taken.transaction).await),
            [("BookingReference", Because::Exists)]
        );
    })
    .await;
}

#[tokio::test]
async fn not_found_stale_and_an_illegal_move_are_told_apart() {
    everywhere(|engine| async move {
        let booking = booked(&engine, 1, 86_400).await;
        let payment = read(&engine, access::payment_of_booking(&booking.data.booking_id)).await;
        let never = booked_elsewhere();
        let confirm = |booking: &Stored<Booking>, payment: &Stored<Payment>, intent: &str| {
            settle::confirm(vec![booking.clone()], payment.clone(), intent, FARE, at(2))
        };
        let lost = confirm(&never.0, &never.1, "pi_0").unwrap();
        assert_eq!(
            because(engine.table.commit(lost).await),
            [("Payment", Because::NotFound), ("Booking", Because::NotFound)]
        );
        // A new attempt at the card: the payment is pending still, and another version.
        let attempt = Payment::begin_attempt(payment.clone(), Actor::System, at(1)).unwrap();
        engine.table.commit(Transaction::new().apply(&attempt)).await.unwrap();
        let stale = confirm(&booking, &payment, "pi_1").unwrap();
        let error = engine.table.commit(stale).await.unwrap_err();
        assert!(error.is_transient());
        assert_eq!(because(Err(error)), [("Payment", Because::Stale)]);
        let payment = attempt.after().clone();
        engine.table.commit(confirm(&booking, &payment, "pi_1").unwrap()).await.unwrap();
        let again = confirm(&booking, &payment, "pi_2").unwrap();
        assert_eq!(
            because(engine.table.commit(again).await),
            [
                // More money may come to what is paid, and goes back then: it only is another version.
                ("Payment", Because::Stale),
                ("Booking", Because::IllegalMove { status: "confirmed".to_owned() }),
            ]
        );
        let confirmed = read(&engine, access::booking(&booking.data.booking_id)).await;
        let illegal: Result<_, BooksError> = confirm(&confirmed, &payment, "pi_3");
        assert!(illegal.is_err(), "core does not even try");
        let free = engine.table.read(access::booking_by_payment_intent("pi_2")).await.unwrap();
        assert!(free.is_none());
    })
    .await;
}

/// A booking and its payment that are in no table.
fn booked_elsewhere() -> (Stored<Booking>, Stored<Payment>) {
    let booked = book(quote(9, at(86_400), at(0)).after().clone(), None, reference(9), at(1)).unwrap();
    let id = &booked.booking.data.booking_id;
    let payment = nots_core::table::Stored::<Payment>::from_item(payment_item(id)).unwrap();
    (booked.booking, payment)
}

fn payment_item(booking: &BookingId) -> nots_core::table::Item {
    let item = serde_json::json!({
        "EntityType": "Payment", "Version": 1, "CreatedAt": NOW, "UpdatedAt": NOW, "UpdatedBy": "system",
        "Data": {
            "paymentId": "payment_0009", "bookingId": booking, "userId": null, "status": "pending",
            "method": "stripe", "amount": { "total": 1228, "currency": "GBP" },
            "provider": { "name": "stripe", "paymentIntentId": null, "chargeId": null },
            "refund": { "refunded": false, "refundId": null, "amount": 0, "reason": null, "refundedAt": null },
        },
    });
    serde_dynamo::to_item(item).unwrap()
}

#[tokio::test]
async fn a_standing_that_ends_too_soon_is_unmet() {
    everywhere(|engine| async move {
        let validity =
            rows::driver_validity(1, rows::standing(true, at(1_000))).declare(Actor::System, at(0));
        engine.table.commit(Transaction::new().create(&validity)).await.unwrap();
        let get = || access::driver_validity(&validity.after().data.driver_id);
        let required = |number, until| {
            let quote = quote(number, at(86_400), at(0));
            Transaction::new().require(&get(), Standing::requirement(at(until))).create(&quote)
        };
        engine.table.commit(required(1, 1_000)).await.unwrap();
        let refused = engine.table.commit(required(2, 1_001)).await.unwrap_err();
        assert_eq!(validity::refused_standing(&refused), Some("driver"));
        assert_eq!(because(Err(refused)), [("DriverValidity", Because::Unmet)]);
        let row = read(&engine, get()).await;
        let suspended = DriverValidity::revise(row, rows::standing(false, at(1_000)), Actor::System, at(1));
        engine.table.commit(Transaction::new().rewrite(&suspended)).await.unwrap();
        assert_eq!(because(engine.table.commit(required(2, 10)).await), [("DriverValidity", Because::Unmet)]);
        let other = access::driver_validity(&rows::driver_id(2));
        let unknown = Transaction::new().require(&other, Standing::requirement(at(1)));
        assert_eq!(
            because(engine.table.commit(unknown.create(&quote(2, at(1), at(0)))).await),
            [("DriverValidity", Because::NotFound)]
        );
    })
    .await;
}

#[tokio::test]
async fn lists_follow_what_is_committed() {
    everywhere(|engine| async move {
        for (number, pickup) in [(1, 9_000), (2, 7_000), (3, 8_000), (4, 8_000)] {
            booked(&engine, number, pickup).await;
        }
        let by_status = |from, to| {
            let window = Window { from: Some(at(from)), to: Some(at(to)) };
            ids(&engine, access::bookings_by_status(BookingStatus::Pending, window), 3)
        };
        assert_eq!(by_status(0, 9_000).await, [2, 3, 4, 1]);
        assert_eq!(by_status(7_001, 8_999).await, [3, 4], "both ends are included, and no more");
        assert_eq!(by_status(9_001, 9_999).await, [0; 0]);
        let of_user = access::bookings_of_user(&user(1));
        assert_eq!(ids(&engine, of_user, 1).await, [4, 3, 2, 1], "newest first");
        assert_eq!(ids(&engine, access::bookings_of_user(&user(2)), 1).await, [0; 0]);

        let registered = |number, available, stars| {
            rows::driver(number, FleetStatus::Active, available, stars).register(Actor::System, at(0))
        };
        let four = [
            registered(1, true, 45),
            registered(2, false, 50),
            registered(3, true, 48),
            registered(4, true, 5),
        ];
        for driver in &four {
            engine.table.commit(Transaction::new().create(driver)).await.unwrap();
        }
        let page = engine.table.page(&access::available_drivers(), 25, None).await.unwrap();
        let best: Vec<_> = page.rows.iter().map(|row| row.data.driver_id.as_str()).collect();
        assert_eq!(best, ["driver_3", "driver_1", "driver_4"]);
    })
    .await;
}

/// The numbers of the bookings that a query lists, page by page.
async fn ids<I: nots_core::table::Index>(
    engine: &Engine,
    query: nots_core::table::Query<I, Booking>,
    limit: u32,
) -> Vec<usize> {
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = engine.table.page(&query, limit, after).await.unwrap();
        let number = |row: &Stored<Booking>| row.data.booking_id.suffix().parse::<usize>().unwrap();
        found.extend(page.rows.iter().map(number));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn an_address_is_one_users_until_they_give_it_up() {
    everywhere(|engine| async move {
        let person = |number: usize, email: &str| User {
            user_id: user(number),
            cognito_id: None,
            email: Email::parse(email).unwrap(),
            first_name: Text::parse("Ada").unwrap(),
            last_name: Text::parse("Lovelace").unwrap(),
            phone: Phone::parse("+447700900123").unwrap(),
            role: Role::Customer,
            status: UserStatus::Active,
            preferences: Preferences::default(),
        };
        let enrol = |number, email| person(number, email).register(Actor::System, at(0));
        let first = enrol(1, "ada@example.com");
        engine.table.commit(first.transaction).await.unwrap();
        let second = enrol(2, "ADA@example.com").transaction;
        assert_eq!(because(engine.table.commit(second).await), [("UniqueEmail", Because::Exists)]);
        let rename = |row: &Stored<User>, email| {
            User::revise(row.clone(), person(1, email), Actor::System, at(1)).transaction
        };
        engine.table.commit(rename(&first.user, "countess@example.com")).await.unwrap();
        engine.table.commit(enrol(2, "ADA@example.com").transaction).await.unwrap();
        // Decided before both: the address has another bearer now, and the user has changed.
        let late = rename(&first.user, "lovelace@example.com");
        assert_eq!(
            because(engine.table.commit(late).await),
            [("UniqueEmail", Because::Unmet), ("User", Because::Stale)]
        );
        for (email, number) in [("ada@example.com", 2), ("countess@example.com", 1)] {
            let found = access::user_by_email(&Email::parse(email).unwrap());
            let page = engine.table.page(&found, 1, None).await.unwrap();
            assert_eq!(page.rows[0].data.user_id, user(number), "{email}");
        }
    })
    .await;
}
