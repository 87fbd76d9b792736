//! Money after it was taken: refunds that are owed, made, refused and come again, dues, and the ledger of it all.

use nots_core::{
    Actor, BookingId, PaymentId, Pence, access,
    entity::{
        Due, LedgerEntry, Payment, Refund,
        due::DueStatus,
        ledger::{Account, EntryName},
        payment::{Books, Owed},
        refund::{RefundCause, RefundStatus},
        tariff,
    },
    id::RefundId,
    ports::{RefundFacts, RefundStage, Table},
    settle,
    table::{Stored, Transaction},
};
use proptest::prelude::*;

use super::{
    compare::Asked,
    ops::{FEW, REFERENCES},
    shown::{Shown, fact, number},
    state::{BACK, Change, Entry, Fact, Job, Model, Name, Part},
    verbs::{Both, booking_id, intent, nth_of, payment_id},
};
use crate::rows::at;

/// Keys that the office names refunds by: few, so that one is used twice.
const KEYS: usize = 3;
/// Seconds that a driver waited, and what the demonstration's tariff asks for it: 45 minutes after 15 free.
const WAITED: i64 = 3_600;
const WAITING: i64 = 45 * 30;
const STAGES: [(RefundStage, &str); 3] = [
    (RefundStage::Pending, "pending"),
    (RefundStage::Succeeded, "succeeded"),
    (RefundStage::Failed, "failed"),
];

#[derive(Debug, Clone)]
pub(super) enum Op {
    /// The office gives a part back.
    GiveBack { payment: usize, key: usize, amount: i64 },
    /// The card processor says how a refund stands.
    Told { refund: usize, stage: usize },
    /// The card processor will not make it.
    Refuse { refund: usize },
    /// A driver waited.
    Raise { payment: usize, back: bool },
    /// What is owed for it is paid in cash, or let go.
    Settle { due: usize, cash: bool },
}

pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let some = || 0_usize..64;
    prop_oneof![
        4 => (some(), 0..KEYS, 1_i64..900).prop_map(|(payment, key, amount)| Op::GiveBack { payment, key, amount }),
        5 => (some(), 0..STAGES.len()).prop_map(|(refund, stage)| Op::Told { refund, stage }),
        2 => some().prop_map(|refund| Op::Refuse { refund }),
        2 => (some(), any::<bool>()).prop_map(|(payment, back)| Op::Raise { payment, back }),
        2 => (some(), any::<bool>()).prop_map(|(due, cash)| Op::Settle { due, cash }),
    ]
}

/// Those that want the same.
pub(super) fn rivals() -> impl Strategy<Value = Vec<Op>> {
    let some = || 0_usize..64;
    prop_oneof![
        // One key twice at once, and two keys for more than there is.
        2 => (some(), 0..KEYS).prop_map(|(payment, key)| vec![Op::GiveBack { payment, key, amount: 300 }; 2]),
        2 => some().prop_map(|payment| {
            [0, 1].map(|key| Op::GiveBack { payment, key, amount: 800 }).to_vec()
        }),
        3 => (some(), 0..STAGES.len(), 0..STAGES.len())
            .prop_map(|(refund, one, other)| [one, other].map(|stage| Op::Told { refund, stage }).to_vec()),
        1 => some().prop_map(|refund| vec![Op::Told { refund, stage: 1 }, Op::Refuse { refund }]),
        2 => some().prop_map(|due| [true, false].map(|cash| Op::Settle { due, cash }).to_vec()),
    ]
}

/// What there is before anything happens: a part of what the first paid is owed, and its driver waited.
pub(super) fn opening() -> Vec<Op> {
    vec![Op::GiveBack { payment: 0, key: 0, amount: 100 }, Op::Raise { payment: 0, back: false }]
}

fn named(key: usize) -> String {
    format!("requested.{key}")
}

/// The refund of a key, of what one PaymentIntent took.
fn refund_id(booking: usize, key: usize, of: &str) -> RefundId {
    RefundId::of_cause(&payment_id(booking), &named(key), of)
}

/// A payment that was paid by card.
fn nth_paid(model: &Model, number: usize) -> Option<usize> {
    nth_of(model, number, |name, fact| match name {
        Name::Payment(number) => Some(number).filter(|_| fact.taken > 0),
        _ => None,
    })
}

fn nth_refund(model: &Model, number: usize) -> Option<(usize, usize)> {
    nth_of(model, number, |name, _| match name {
        Name::Refund(booking, key) => Some((booking, key)),
        _ => None,
    })
}

/// The row of a payment, and which PaymentIntent paid first.
async fn paid(table: &dyn Table, booking: usize) -> Option<(Stored<Payment>, String)> {
    let row = table.read(access::payment_of_booking(&booking_id(booking))).await.unwrap()?;
    let intent = row.data.captures.first()?.payment_intent_id.clone()?;
    Some((row, intent))
}

/// A payment as it stands once this has moved.
fn moved(seen: &Fact, into: Fact) -> Fact {
    let status = match (into.taken, into.back) {
        (0, _) => seen.status,
        (taken, back) if back >= taken => "refunded",
        _ => "completed",
    };
    Fact { status, ..into }
}

fn entry(booking: usize, which: Entry, of: usize, now: i64, sides: [(Account, i64); 2]) -> Part {
    let fact = Fact { made: now, jobs: sides.map(side).into(), ..Fact::default() };
    Model::create(Name::Ledger(booking, which, of), fact)
}

/// A posting: its account by its place among all, and pence.
fn side((account, amount): (Account, i64)) -> Job {
    (i64::try_from(Account::ALL.iter().position(|of| *of == account).unwrap()).unwrap(), amount, 0)
}

/// The entry of what a PaymentIntent took for journeys.
pub(super) fn charged(booking: usize, paid: usize, amount: i64, now: i64) -> Part {
    entry(booking, Entry::Charge, paid, now, [(Account::Card, amount), (Account::Fares, -amount)])
}

pub(super) async fn both(table: &dyn Table, model: &Model, op: &Op, now: i64) -> Option<Both> {
    let when = at(now);
    Some(match *op {
        Op::GiveBack { payment, key, amount } => {
            let booking = nth_paid(model, payment)?;
            let seen = model.get(Name::Payment(booking))?;
            let (row, intent) = paid(table, booking).await?;
            let left = seen.taken - seen.cash - seen.held;
            if seen.cash > 0 && amount > left {
                // Cash goes back by hand, at once.
                return None;
            }
            let (key_of, concerns) = (named(key), booking_id(booking));
            let owed =
                Owed { key: &key_of, cause: RefundCause::Requested, concerns: &concerns, reason: None };
            let mut books = Books::open(row, Actor::System, when);
            let given = books.give_back(Pence::new(amount), &owed).ok().map(|()| books.close().unwrap());
            assert!(intent.starts_with("pi_"));
            let change = (amount <= left).then(|| {
                let again = amount.min(seen.again);
                let next = Fact { held: seen.held + amount, again: seen.again - again, ..seen.clone() };
                let refund = Fact { status: "owed", made: now, taken: amount, ..Fact::default() };
                let mut parts = vec![
                    Model::change(Name::Payment(booking), seen, moved(seen, next)),
                    Model::create(Name::Refund(booking, key), refund),
                ];
                let fresh = amount - again;
                if fresh > 0 {
                    let sides = [(Account::Fares, fresh), (Account::Customer, -fresh)];
                    parts.push(entry(booking, Entry::Credit, key, now, sides));
                }
                parts
            });
            (given, change)
        }
        Op::Told { refund, stage } => {
            let (booking, key) = nth_refund(model, refund)?;
            let (seen, refund) = (model.get(Name::Payment(booking))?, model.get(Name::Refund(booking, key))?);
            let (row, intent) = paid(table, booking).await?;
            let id = refund_id(booking, key, &intent);
            let known = table.read(access::refund_of_booking(&booking_id(booking), &id)).await.unwrap()?;
            let (stage, status) = STAGES[stage];
            let facts = RefundFacts {
                id: format!("re_{booking}_{key}"),
                payment_intent: Some(intent.clone()),
                amount: refund.taken,
                currency: "gbp".to_owned(),
                stage,
                failure: None,
                refund_id: Some(id),
                created_at: when,
            };
            let told = settle::refunds_told(row, vec![], &intent, &[facts], vec![known], when).unwrap();
            let change = told_of(booking, key, (seen, refund), status, now).unwrap_or_default();
            assert_eq!(told.is_empty(), change.is_empty(), "what is no news changes nothing");
            if told.is_empty() {
                return None;
            }
            (Some(told), Some(change))
        }
        Op::Refuse { refund } => {
            let (booking, key) = nth_refund(model, refund)?;
            let (seen, refund) = (model.get(Name::Payment(booking))?, model.get(Name::Refund(booking, key))?);
            let (row, intent) = paid(table, booking).await?;
            let id = refund_id(booking, key, &intent);
            let known = table.read(access::refund_of_booking(&booking_id(booking), &id)).await.unwrap()?;
            if known.data.status != RefundStatus::Owed {
                // Nobody asks for it any more.
                assert_ne!(refund.status, "owed");
                return None;
            }
            let mut books = Books::open(row, Actor::Stripe, when);
            let refused = books.refund_refused(known, None).ok().map(|()| books.close().unwrap());
            let (held, again) = (seen.held - refund.taken, seen.again + refund.taken);
            let next = Fact { held, again, ..seen.clone() };
            let change = vec![
                Model::change(Name::Payment(booking), seen, moved(seen, next)),
                Model::change(
                    Name::Refund(booking, key),
                    refund,
                    Fact { status: "failed", ..refund.clone() },
                ),
            ];
            (refused, Some(change))
        }
        Op::Raise { payment, back } => {
            let booking = nth_paid(model, payment)?;
            let there_and_back = model.get(Name::Booking(booking + BACK)).is_some();
            let concerns = if back && there_and_back { booking + BACK } else { booking };
            let seen = model.get(Name::Payment(booking))?;
            let (row, _) = paid(table, booking).await?;
            let mut ride = table.read(access::booking(&booking_id(concerns))).await.unwrap()?.data;
            let due = ride.journey.pickup_time;
            ride.timeline.arrived = Some(due);
            ride.timeline.passenger_onboard = Some(at(due.seconds() - crate::rows::NOW + WAITED));
            let terms = tariff::demo().unwrap().terms;
            let raised = settle::ride_over(&ride, row, Some(&terms), &Actor::System, when).ok();
            let owed = Fact { status: "owed", made: now, taken: WAITING, ..Fact::default() };
            let sides = [(Account::Customer, WAITING), (Account::Waiting, -WAITING)];
            let change = vec![
                Model::change(Name::Payment(booking), seen, moved(seen, seen.clone())),
                Model::create(Name::Due(booking, concerns), owed),
                entry(booking, Entry::Due, concerns, now, sides),
            ];
            (raised, Some(change))
        }
        Op::Settle { due, cash } => {
            let (booking, concerns) = nth_of(model, due, |name, _| match name {
                Name::Due(booking, concerns) => Some((booking, concerns)),
                _ => None,
            })?;
            let (seen, due) = (model.get(Name::Payment(booking))?, model.get(Name::Due(booking, concerns))?);
            let (row, _) = paid(table, booking).await?;
            let read = access::due_of_booking(&booking_id(booking), &booking_id(concerns));
            let known = table.read(read).await.unwrap()?;
            let settled: Option<Transaction> = if cash {
                settle::due_paid_in_cash(known, row, &Actor::System, when).ok()
            } else {
                settle::write_off(known, row, None, &Actor::System, when).ok()
            };
            let change = (due.status == "owed").then(|| {
                let (status, which, account, more) = if cash {
                    ("paid", Entry::DuePaid, Account::Cash, WAITING)
                } else {
                    ("written_off", Entry::DueLetGo, Account::WrittenOff, 0)
                };
                let next = Fact { taken: seen.taken + more, cash: seen.cash + more, ..seen.clone() };
                let sides = [(account, WAITING), (Account::Customer, -WAITING)];
                vec![
                    Model::change(Name::Payment(booking), seen, moved(seen, next)),
                    Model::change(
                        Name::Due(booking, concerns),
                        due,
                        Fact { status, on: true, ..due.clone() },
                    ),
                    entry(booking, which, concerns, now, sides),
                ]
            });
            (settled, change)
        }
    })
}

/// What follows when the card processor says that a refund stands so; none when that is no news.
fn told_of(
    booking: usize,
    key: usize,
    (seen, refund): (&Fact, &Fact),
    status: &'static str,
    now: i64,
) -> Option<Change> {
    let name = Name::Refund(booking, key);
    if !name.may(refund.status, status) {
        return None;
    }
    let (amount, mut next, mut parts) = (refund.taken, seen.clone(), Vec::new());
    if !refund.on {
        next.back += amount;
        let sides = [(Account::Customer, amount), (Account::Card, -amount)];
        parts.push(entry(booking, Entry::Refund, key, now, sides));
    }
    if status == "failed" {
        next.back -= amount;
        next.held -= amount;
        next.again += amount;
        let sides = [(Account::Card, amount), (Account::Customer, -amount)];
        parts.push(entry(booking, Entry::RefundFailed, key, now, sides));
    }
    parts.push(Model::change(Name::Payment(booking), seen, moved(seen, next)));
    parts.push(Model::change(name, refund, Fact { status, on: true, ..refund.clone() }));
    Some(parts)
}

pub(super) async fn compare(asked: &Asked<'_>, quotes: usize) {
    let there = |n: &usize| asked.model.get(Name::Payment(*n)).is_some();
    for n in (0..=quotes).filter(|n| *n == 0 || there(n)) {
        let id = booking_id(n);
        let first = (0..REFERENCES).map(intent).find(|of| {
            let of = number(of);
            asked.model.get(Name::Intent(of)).is_some_and(|fact| fact.booking == n)
        });
        let of = first.unwrap_or_default();
        let refunds: Vec<_> = (0..KEYS).map(|key| (Name::Refund(n, key), refund_id(n, key, &of))).collect();
        let gets = refunds.iter().map(|(name, refund)| (*name, access::refund_of_booking(&id, refund)));
        asked.gets("refund_of_booking", gets).await;
        let belongs = |name, _: &Fact| matches!(name, Name::Refund(booking, _) if booking == n);
        asked.list("refunds_of_booking", access::refunds_of_booking(&id), false, belongs, |_, _| 0).await;
        let ways = [n, n + BACK];
        let dues = ways.map(|way| (Name::Due(n, way), access::due_of_booking(&id, &booking_id(way))));
        asked.gets("due_of_booking", dues).await;
        let belongs = |name, _: &Fact| matches!(name, Name::Ledger(booking, ..) if booking == n);
        asked.list("ledger_of_booking", access::ledger_of_booking(&id), false, belongs, |_, _| 0).await;
    }
    for midnight in (0..FEW).map(|day| 86_400 * i64::try_from(day).unwrap()) {
        let day = |seconds: i64| at(seconds).day();
        let belongs = |name, fact: &Fact| matches!(name, Name::Ledger(..)) && day(fact.made) == day(midnight);
        let query = access::ledger_of_day(day(midnight));
        asked.list("ledger_of_day", query, false, belongs, |_, fact| fact.made).await;
    }
}

impl Shown for LedgerEntry {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let booking = number(row.data.booking_id.as_str());
        let jobs = row.data.postings.iter().map(|of| side((of.account, of.amount.get()))).collect();
        assert_eq!(row.data.at, row.meta.created_at);
        let (which, of) = named_so(&row.data.entry, &row.data.booking_id);
        (Name::Ledger(booking, which, of), Fact { jobs, ..fact(row) })
    }
}

/// Which entry it is, by its name alone.
fn named_so(name: &EntryName, booking: &BookingId) -> (Entry, usize) {
    let (movement, cause) = name.as_str().split_once('.').expect("a movement and its cause");
    let payment = PaymentId::of_booking(booking);
    let key = |of: &dyn Fn(usize) -> Vec<String>| {
        (0..KEYS)
            .find(|key| {
                of(*key).iter().any(|of| RefundId::of_cause(&payment, &named(*key), of).as_str() == cause)
            })
            .expect("a key of ours")
    };
    let by_card = |_| (0..REFERENCES).map(intent).collect();
    match movement {
        "charge" => (Entry::Charge, number(cause)),
        "credit" => (Entry::Credit, key(&|_| vec![String::new()])),
        "refund" => (Entry::Refund, key(&by_card)),
        "refund_failed" => (Entry::RefundFailed, key(&by_card)),
        "due" => (Entry::Due, number(cause)),
        "due_paid" => (Entry::DuePaid, number(cause)),
        "due_written_off" => (Entry::DueLetGo, number(cause)),
        other => panic!("nobody makes {other}"),
    }
}

impl Shown for Refund {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let r = &row.data;
        let booking = number(r.booking_id.as_str());
        let of = r.payment_intent_id.as_deref().expect("a refund of a card");
        let key = (0..KEYS).find(|key| refund_id(booking, *key, of) == r.refund_id).expect("a key of ours");
        let status = match r.status {
            RefundStatus::Owed => "owed",
            RefundStatus::Pending => "pending",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
        };
        let fact = Fact { status, taken: r.amount.total.get(), on: r.was_made(), ..fact(row) };
        (Name::Refund(booking, key), fact)
    }
}

impl Shown for Due {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let d = &row.data;
        let status = match d.status {
            DueStatus::Owed => "owed",
            DueStatus::Paid => "paid",
            DueStatus::WrittenOff => "written_off",
        };
        let fact = Fact { status, taken: d.amount.total.get(), on: d.settled_at.is_some(), ..fact(row) };
        (Name::Due(number(d.booking_id.as_str()), number(d.concerns.as_str())), fact)
    }
}
