//! The verbs: each reads rows and facts, and prepares the same change on both sides without making it.

use nots_core::{
    Actor, BookingId, PaymentId, Timestamp, access,
    access::Window,
    dispatch::{Assignment, Diary},
    entity::{
        Booking, BookingStatus, CheckoutAttempt, DriverValidity, History, Notice, Payment, VehicleValidity,
        attempt::{Asked, Purpose},
        booking::Step,
        document::Holder,
        notice::Claim,
        payment::PaymentMethod,
        webhook::WebhookStatus,
    },
    event::{BookingEvent, EventKind},
    id::BookingReference,
    ports::{Channel, CheckoutSession, Table},
    settle,
    table::{Stored, Transaction, Version},
};

use super::{
    money,
    ops::{LATE, Op, RIDE, STATES, STAY},
    papers, people,
    state::{BACK, Change, Fact, Holds, Model, Name, Part, Told, Whose},
};
use crate::rows::{self, at, book, driver_id, reference, user, vehicle_id};

const BUFFER: i64 = 600;
const LEASE: i64 = 60;

/// The same change on both sides: what core would commit, and what the model expects of it.
pub(super) struct Prepared {
    pub(super) transaction: Transaction,
    pub(super) change: Change,
}

/// What core and the model each say of a verb; they must both refuse it or both not.
pub(super) type Both = (Option<Transaction>, Option<Change>);

/// A booking's id by its number.
pub(super) fn booking_id(number: usize) -> BookingId {
    let outward = BookingId::parse(&format!("booking_{:04}", number % BACK)).unwrap();
    if number < BACK { outward } else { BookingId::return_of(&outward) }
}

/// The payment of a booking, by its number.
pub(super) fn payment_id(number: usize) -> PaymentId {
    PaymentId::of_booking(&booking_id(number))
}

/// A reference by its number.
pub(super) fn reference_of(number: usize) -> BookingReference {
    let outward = reference(number % BACK);
    if number < BACK { outward } else { outward.of_return() }
}

pub(super) fn intent(number: usize) -> String {
    format!("pi_{number}")
}

pub(super) fn holder(whose: Whose, number: usize) -> Holder {
    match whose {
        Whose::Driver => Holder::Driver { driver_id: driver_id(number) },
        Whose::Vehicle => Holder::Vehicle { vehicle_id: vehicle_id(number) },
    }
}

pub(super) fn event(booking: usize, told: Told) -> BookingEvent {
    BookingEvent {
        booking_id: booking_id(booking),
        event: EventKind::ALL[told.event],
        version: Version::new(told.version),
        at: at(0),
    }
}

pub(super) fn channel(told: Told) -> Channel {
    if told.email { Channel::Email } else { Channel::Sms }
}

/// A user by its number; 0 is nobody.
fn somebody(number: usize) -> Option<usize> {
    (number > 0).then_some(number)
}

fn allowed<T, E>(verb: Result<T, E>) -> Option<T> {
    verb.ok()
}

pub(super) fn one(part: Part) -> Option<Change> {
    Some(vec![part])
}

/// Reads what the operation needs and prepares it, at a second of the model's time; none when there is nothing to do it to.
pub(super) async fn prepare(table: &dyn Table, model: &Model, op: &Op, now: i64) -> Option<Prepared> {
    let (transaction, change) = both(table, model, op, now).await?;
    assert_eq!(
        transaction.is_some(),
        change.is_some(),
        "core and the model disagree whether {op:?} is allowed"
    );
    Some(Prepared { transaction: transaction?, change: change? })
}

async fn both(table: &dyn Table, model: &Model, op: &Op, now: i64) -> Option<Both> {
    let by = Actor::System;
    let when = at(now);
    let nth = |number: usize, of: fn(usize) -> Name| {
        let there = (0..).take_while(|n| model.get(of(*n)).is_some()).count();
        (there > 0).then(|| number % there)
    };
    let made = |fact: Fact| Fact { made: now, ..fact };
    Some(match op.clone() {
        Op::Offer { slot, back } => {
            let number = (0..).find(|n| model.get(Name::Quote(*n)).is_none())?;
            let pickup = LATE + slot * 900;
            let returning = back.then(|| at(pickup + STAY));
            let quote = rows::quote_there_and_back(number, at(pickup), returning, when);
            let fact = made(Fact { status: "valid", at: pickup, on: back, ..Fact::default() });
            (Some(Transaction::new().create(&quote)), one(Model::create(Name::Quote(number), fact)))
        }
        Op::Book { quote, user: by, reference: referred } => {
            // The newest, most of the time: an older one has been booked.
            let newest = (0..).take_while(|n| model.get(Name::Quote(*n)).is_some()).last()?;
            let number = if quote.is_multiple_of(4) { nth(quote, Name::Quote)? } else { newest };
            let seen = model.get(Name::Quote(number))?;
            let row = table.read(access::quote(&quote_id(number))).await.unwrap()?;
            let user_id = somebody(by).map(user);
            let booked = allowed(book(row, user_id, reference(referred), when));
            let booking = Fact { status: "pending", user: somebody(by), at: seen.at, ..Fact::default() };
            let payment = Fact { status: "pending", user: somebody(by), ..Fact::default() };
            let change = (seen.status == "valid").then(|| {
                let used = Fact { status: "used", user: somebody(by), ..seen.clone() };
                let link = |back| {
                    let fact = made(Fact { booking: number + back, ..Fact::default() });
                    Model::create(Name::Reference(referred + back), fact)
                };
                let mut parts = vec![
                    Model::create(Name::Booking(number), made(booking.clone())),
                    Model::create(Name::Payment(number), made(payment)),
                    link(0),
                    Model::change(Name::Quote(number), seen, used),
                ];
                if seen.on {
                    let returning = Fact { at: seen.at + STAY, ..booking };
                    parts.extend([Model::create(Name::Booking(number + BACK), made(returning)), link(BACK)]);
                }
                parts
            });
            (booked.map(|booked| booked.transaction), change)
        }
        Op::Attempt { booking } => {
            let number = nth_booking(model, booking)? % BACK;
            let seen = model.get(Name::Payment(number))?;
            let (row, payment) = rows_of(table, number).await?;
            let asked = Asked { purpose: Purpose::Fare, amount: payment.data.amount, until: None };
            let attempt =
                CheckoutAttempt::begin(&payment.data, &row.data, asked, &rows::settings(), by.clone(), when);
            let counted = allowed(Payment::begin_attempt(payment, by, when));
            // Of what has been paid too: something may be owed after the ride.
            let change = (seen.status != "processing").then(|| {
                let count = seen.count + 1;
                let begun = made(Fact { at: now + 2_400, ..Fact::default() });
                vec![
                    Model::create(Name::Attempt(number, count), begun),
                    Model::change(Name::Payment(number), seen, Fact { count, ..seen.clone() }),
                ]
            });
            (counted.map(|counted| Transaction::new().create(&attempt).apply(&counted)), change)
        }
        Op::Open { booking } => {
            let number = nth_booking(model, booking)? % BACK;
            let count = model.get(Name::Payment(number))?.count;
            let seen = model.get(Name::Attempt(number, count))?;
            let row = table.read(access::attempt_of_booking(&booking_id(number), count)).await.unwrap()?;
            let session = CheckoutSession { id: "cs_1".to_owned(), url: "https://pay".to_owned() };
            let opened = CheckoutAttempt::opened(row, &session, by, when);
            let change = Model::change(Name::Attempt(number, count), seen, Fact { on: true, ..seen.clone() });
            (Some(Transaction::new().rewrite(&opened)), one(change))
        }
        Op::Confirm { booking, intent: paid } => {
            // Whichever way it is asked for, both are confirmed.
            let number = nth_in(model, booking, &["pending"])? % BACK;
            let (seen, payment) = (model.get(Name::Booking(number))?, model.get(Name::Payment(number))?);
            let back = model.get(Name::Booking(number + BACK));
            let (row, payment_row) = rows_of(table, number).await?;
            let returning = table.read(access::booking(&booking_id(number + BACK))).await.unwrap();
            let rows: Vec<_> = [Some(row), returning].into_iter().flatten().collect();
            let amount = payment_row.data.amount.total;
            let confirmed = match paid {
                Some(paid) => allowed(settle::confirm(rows, payment_row, &intent(paid), amount, when)),
                // Staff take only what waits, as whoever asks sees it.
                None if rows.iter().any(|row| row.data.status != BookingStatus::Pending) => None,
                None => allowed(settle::settle_at_the_end(rows, payment_row, PaymentMethod::Cash, &by, when)),
            };
            // The event that says so is taken in the same transaction.
            let event = |paid| Transaction::new().create(&papers::taken(paid, WebhookStatus::Applied, now));
            let confirmed = match paid {
                Some(paid) => confirmed.map(|confirmed| confirmed.and(event(paid))),
                None => confirmed,
            };
            let pending = seen.status == "pending" && back.is_none_or(|back| back.status == "pending");
            let change = (pending && payment.status == "pending").then(|| {
                let link = |paid| {
                    let applied = Fact { status: "applied", at: now, ..Fact::default() };
                    [
                        Model::create(Name::Intent(paid), made(Fact { booking: number, ..Fact::default() })),
                        Model::create(Name::Event(paid), made(applied)),
                        money::charged(number, paid, amount.get(), now),
                    ]
                };
                let moved = |fact: &Fact, status| Fact { status, ..fact.clone() };
                // What is settled at the end has not been paid yet.
                let settled = match paid {
                    Some(_) => Fact { status: "completed", taken: amount.get(), ..payment.clone() },
                    None => payment.clone(),
                };
                let mut parts = vec![
                    Model::change(Name::Booking(number), seen, moved(seen, "confirmed")),
                    Model::change(Name::Payment(number), payment, settled),
                ];
                let returning =
                    |back| Model::change(Name::Booking(number + BACK), back, moved(back, "confirmed"));
                parts.extend(back.map(returning));
                parts.extend(paid.map(link).into_iter().flatten());
                parts
            });
            (confirmed, change)
        }
        Op::Assign { booking, driver, vehicle } => {
            let number = nth_in(model, booking, &["confirmed"])?;
            let seen = model.get(Name::Booking(number))?;
            model.get(Name::Driver(driver))?;
            model.get(Name::Vehicle(vehicle))?;
            let transaction = assignment(table, number, driver, vehicle, when).await;
            (transaction, assigned(model, number, seen, (driver, vehicle), now))
        }
        Op::Step { booking } => {
            let number = nth_in(model, booking, &["assigned", "in_progress"])?;
            let seen = model.get(Name::Booking(number))?;
            let (row, _) = rows_of(table, number).await?;
            let step = Step::ALL.get(seen.count as usize).copied().unwrap_or(Step::Completed);
            let taken = Booking::take(row, step, when, None, by, when).ok();
            let under_way = matches!(seen.status, "assigned" | "in_progress");
            let change = under_way.then(|| {
                let status = ["assigned", "assigned", "in_progress", "completed"][seen.count as usize];
                let next = Fact { status, count: seen.count + 1, ..seen.clone() };
                vec![Model::change(Name::Booking(number), seen, next)]
            });
            (taken.map(|taken| Transaction::new().apply(&taken)), change)
        }
        Op::Tell { booking, told } => {
            let number = nth_booking(model, booking)?;
            let name = Name::Notice(number, told);
            let event = event(number, told);
            let found = table.read(access::notice_of_event(&event, channel(told))).await.unwrap();
            let transaction = match Notice::claim(&event, channel(told), found, "a word".to_owned(), when) {
                Claim::First(new) => Some(Transaction::new().create(&new)),
                Claim::Again(again) => Some(Transaction::new().apply(&again)),
                Claim::Settled | Claim::Held | Claim::Doubtful => None,
            };
            let claimed = |count| Fact { status: "claimed", at: now + LEASE, count, ..Fact::default() };
            let change = match model.get(name) {
                None => one(Model::create(name, made(claimed(1)))),
                Some(seen) if seen.status == "released" => {
                    one(Model::change(name, seen, claimed(seen.count)))
                }
                Some(seen) if seen.status == "claimed" && now >= seen.at && seen.count < 2 => {
                    one(Model::change(name, seen, claimed(seen.count + 1)))
                }
                Some(_) => None,
            };
            (transaction, change)
        }
        Op::Told { booking, told, how } => {
            let number = nth_booking(model, booking)?;
            let name = Name::Notice(number, told);
            let seen = model.get(name)?;
            let row =
                table.read(access::notice_of_event(&event(number, told), channel(told))).await.unwrap()?;
            let status = ["sent", "released", "undeliverable"][how];
            let ended = match how {
                0 => Notice::sent(row, "1".to_owned(), when),
                1 => Notice::released(row, when),
                _ => Notice::undeliverable(row, when),
            };
            let transaction = allowed(ended).map(|ended| Transaction::new().apply(&ended));
            let next = Fact { status, ..seen.clone() };
            (transaction, (seen.status == "claimed").then(|| vec![Model::change(name, seen, next)]))
        }
        Op::Record { booking } => {
            let number = nth_booking(model, booking)?;
            let seen = model.get(Name::Booking(number))?;
            let (row, _) = rows_of(table, number).await?;
            let history = History::of(None, &row).unwrap();
            // It is made at the moment of the version that it tells of.
            let made = Fact { made: row.meta.updated_at.seconds() - rows::NOW, ..Fact::default() };
            let part = Model::create(Name::History(number, seen.version), made);
            (Some(Transaction::new().create(&history)), one(part))
        }
        Op::Register { whose, number, status, available, stars } => {
            let (status, fact) =
                (STATES[status], Fact { status: STATES[status].as_str(), ..Fact::default() });
            match whose {
                Whose::Driver => {
                    let driver = rows::driver(number, status, available, stars).register(by, when);
                    let fact = Fact { on: available, count: u32::from(stars), ..fact };
                    (
                        Some(Transaction::new().create(&driver)),
                        one(Model::create(Name::Driver(number), made(fact))),
                    )
                }
                Whose::Vehicle => {
                    let vehicle = rows::vehicle(number, status).register(by, when);
                    (
                        Some(Transaction::new().create(&vehicle)),
                        one(Model::create(Name::Vehicle(number), made(fact))),
                    )
                }
            }
        }
        Op::Declare { whose, number, active, until } => {
            let standing = rows::standing(active, at(until));
            let status = if active { "active" } else { "suspended" };
            let (name, fact) = (Name::Validity(whose, number), Fact { status, at: until, ..Fact::default() });
            let transaction = match whose {
                Whose::Driver => match table.read(access::driver_validity(&driver_id(number))).await.unwrap()
                {
                    None => {
                        Transaction::new().create(&rows::driver_validity(number, standing).declare(by, when))
                    }
                    Some(row) => Transaction::new().rewrite(&DriverValidity::revise(row, standing, by, when)),
                },
                Whose::Vehicle => {
                    match table.read(access::vehicle_validity(&vehicle_id(number))).await.unwrap() {
                        None => Transaction::new()
                            .create(&rows::vehicle_validity(number, standing).declare(by, when)),
                        Some(row) => {
                            Transaction::new().rewrite(&VehicleValidity::revise(row, standing, by, when))
                        }
                    }
                }
            };
            let part = match model.get(name) {
                None => Model::create(name, made(fact)),
                Some(seen) => Model::change(name, seen, fact),
            };
            (Some(transaction), one(part))
        }
        Op::People(op) => return people::both(table, model, &op, now).await,
        Op::Papers(op) => return papers::both(table, model, &op, now).await,
        Op::Money(op) => return money::both(table, model, &op, now).await,
        Op::Settings => {
            let transaction = Transaction::new().create(&rows::settings().publish(by, when));
            (Some(transaction), one(Model::create(Name::Settings, made(Fact::default()))))
        }
    })
}

pub(super) fn quote_id(number: usize) -> nots_core::QuoteId {
    nots_core::QuoteId::parse(&format!("quote_{number:04}")).unwrap()
}

/// A booking that there is.
pub(super) fn nth_booking(model: &Model, number: usize) -> Option<usize> {
    nth_of(model, number, |name, _| if let Name::Booking(number) = name { Some(number) } else { None })
}

/// A booking that stands so; one time in eight any, because what is not allowed must be tried too.
fn nth_in(model: &Model, number: usize, status: &[&str]) -> Option<usize> {
    let fit = nth_of(model, number, |name, fact| match name {
        Name::Booking(number) => Some(number).filter(|_| status.contains(&fact.status)),
        _ => None,
    });
    fit.filter(|_| !number.is_multiple_of(8)).or_else(|| nth_booking(model, number))
}

/// One of those that are picked.
pub(super) fn nth_of<T>(model: &Model, number: usize, pick: impl Fn(Name, &Fact) -> Option<T>) -> Option<T> {
    let mut there: Vec<_> = model.facts.iter().filter_map(|(name, fact)| pick(*name, fact)).collect();
    (!there.is_empty()).then(|| there.swap_remove(number % there.len()))
}

async fn rows_of(table: &dyn Table, number: usize) -> Option<(Stored<Booking>, Stored<Payment>)> {
    let id = booking_id(number);
    let paid_under = booking_id(number % BACK);
    let (booking, payment) =
        table.read((access::booking(&id), access::payment_of_booking(&paid_under))).await.unwrap();
    booking.zip(payment)
}

/// What dispatch prepares; none when it will not.
async fn assignment(
    table: &dyn Table,
    booking: usize,
    driver: usize,
    vehicle: usize,
    now: Timestamp,
) -> Option<Transaction> {
    let id = booking_id(booking);
    let (booking, driver) =
        table.read((access::booking(&id), access::driver(&driver_id(driver)))).await.unwrap();
    let assignment = Assignment { booking: booking?, driver: driver?.data, vehicle: vehicle_id(vehicle) };
    let settings = rows::settings();
    let (vehicle, driver_validity, vehicle_validity, driver_days, vehicle_days) =
        table.read(assignment.diary(&settings, now)).await.unwrap();
    let diary =
        Diary { vehicle: vehicle?.data, driver_validity, vehicle_validity, driver_days, vehicle_days };
    assignment.make(&settings, diary, Actor::System, now).ok().map(|(_, transaction)| transaction)
}

/// What the model makes of an assignment; none when it will not have it.
fn assigned(
    model: &Model,
    number: usize,
    seen: &Fact,
    (driver, vehicle): (usize, usize),
    now: i64,
) -> Option<Change> {
    if seen.status != "confirmed" {
        return None;
    }
    let from = seen.at.max(now) - BUFFER;
    let to = seen.at.max(now) + RIDE + BUFFER;
    let day = |second: i64| (rows::NOW + second).div_euclid(86_400);
    let next = Fact { status: "assigned", driver: Some(driver), vehicle: Some(vehicle), ..seen.clone() };
    let mut parts = vec![Model::change(Name::Booking(number), seen, next)];
    for (whose, who) in [(Whose::Driver, driver), (Whose::Vehicle, vehicle)] {
        let name = Name::Validity(whose, who);
        model.get(name).filter(|valid| valid.status == "active" && valid.at >= to)?;
        parts.push(Part { name, holds: Holds::ActiveUntil(to), becomes: None });
        for day in day(from)..=day(to - 1) {
            let name = Name::Day(whose, who, day);
            let found = model.get(name);
            let mut jobs = found.map(|found| found.jobs.clone()).unwrap_or_default();
            if jobs.iter().any(|job| job.0 < to && from < job.1) {
                return None;
            }
            jobs.insert((from, to, number));
            let fact = Fact { made: now, jobs, ..Fact::default() };
            parts.push(match found {
                None => Model::create(name, fact),
                Some(found) => Model::change(name, found, fact),
            });
        }
    }
    Some(parts)
}

/// Windows of pickups to ask lists for: all, and a part whose ends are pickups themselves.
pub(super) fn windows() -> [(Window, i64, i64); 2] {
    let (from, to) = (LATE + 900, LATE + 3_600);
    let part = Window { from: Some(at(from)), to: Some(at(to)) };
    [(Window::default(), i64::MIN, i64::MAX), (part, from, to)]
}

/// Every status of a booking.
pub(super) const BOOKING_STATES: &[BookingStatus] = <BookingStatus as nots_core::table::Machine>::ALL;
