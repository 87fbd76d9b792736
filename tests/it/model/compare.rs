//! Every access pattern, asked of the table and of the model.

use std::{cell::RefCell, collections::BTreeSet};

use nots_core::{
    Timestamp, access,
    access::Window,
    entity::{PaymentStatus, driver::FleetStatus},
    ports::Table,
    table::{Get, Index, Machine, Query},
};

use super::{
    money,
    ops::{FEW, REFERENCES},
    papers, people,
    shown::Shown,
    state::{BACK, Fact, Model, Name, Told, Whose},
    verbs::{
        BOOKING_STATES, booking_id, channel, event, intent, payment_id, quote_id, reference_of, windows,
    },
};
use crate::{
    documents::source,
    rows::{at, driver_id, user, vehicle_id},
};

/// Both sides, how long pages are, and which patterns have been asked.
pub(super) struct Asked<'a> {
    table: &'a dyn Table,
    pub(super) model: &'a Model,
    pub(super) limit: u32,
    patterns: RefCell<BTreeSet<&'static str>>,
}

impl Asked<'_> {
    /// Reads by key: of each name what the model has, or nothing where it has nothing.
    pub(super) async fn gets<E: Shown>(
        &self,
        pattern: &'static str,
        of: impl IntoIterator<Item = (Name, Get<E>)>,
    ) {
        self.patterns.borrow_mut().insert(pattern);
        let (names, gets): (Vec<_>, Vec<_>) = of.into_iter().unzip();
        let found = self.table.read(gets).await.unwrap();
        for (name, row) in names.into_iter().zip(found) {
            let shown = row.as_ref().map(E::shown);
            let expected = self.model.get(name).map(|fact| (name, fact.clone()));
            assert_eq!(shown, expected, "{pattern}");
        }
    }

    /// A list, page by page: everything that `belongs`, once, in the order of `sort`, each whole.
    pub(super) async fn list<I: Index, E: Shown>(
        &self,
        pattern: &'static str,
        query: Query<I, E>,
        newest_first: bool,
        belongs: impl Fn(Name, &Fact) -> bool,
        sort: impl Fn(Name, &Fact) -> i64,
    ) {
        self.patterns.borrow_mut().insert(pattern);
        let (mut after, mut found) = (None, Vec::new());
        loop {
            let page = self.table.page(&query, self.limit, after).await.unwrap();
            assert!(page.rows.len() <= self.limit as usize, "{pattern}");
            found.extend(page.rows.iter().map(E::shown));
            assert!(found.len() <= self.model.facts.len(), "{pattern} never ends: {found:?}");
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let order: Vec<_> = found.iter().map(|(name, fact)| sort(*name, fact)).collect();
        let sorted = if newest_first { order.is_sorted_by(|a, b| a >= b) } else { order.is_sorted() };
        assert!(sorted, "{pattern} is out of order: {found:?}");
        // The table promises no order among equal sort keys.
        found.sort();
        let all = self.model.facts.iter().filter(|(name, fact)| belongs(**name, fact));
        assert_eq!(found, all.map(|(name, fact)| (*name, fact.clone())).collect::<Vec<_>>(), "{pattern}");
    }
}

/// Holds the access patterns to the model, with pages of a length, and answers which those are.
pub(super) async fn compare(table: &dyn Table, model: &Model, limit: u32) -> BTreeSet<&'static str> {
    let asked = Asked { table, model, limit, patterns: RefCell::default() };
    let quotes = (0..).take_while(|n| model.get(Name::Quote(*n)).is_some()).count();
    // One more than there are; and every way back that there is, and one that is not.
    let returns = (0..quotes).filter(|n| model.get(Name::Quote(*n)).is_some_and(|quote| quote.on));
    let any: Vec<_> = (0..=quotes).chain(returns.map(|n| n + BACK)).chain([quotes + BACK]).collect();
    bookings(&asked, quotes, &any).await;
    payments(&asked, quotes).await;
    fleet(&asked).await;
    people::compare(&asked, &any).await;
    papers::compare(&asked).await;
    money::compare(&asked, quotes).await;
    asked.patterns.into_inner()
}

async fn bookings(asked: &Asked<'_>, quotes: usize, any: &[usize]) {
    let is_booking = |name| matches!(name, Name::Booking(_));
    let pickup = |_: Name, fact: &Fact| fact.at;
    let numbered = |name: Name, _: &Fact| name.number();
    asked.gets("quote", (0..=quotes).map(|n| (Name::Quote(n), access::quote(&quote_id(n))))).await;
    let bookings = any.iter().map(|n| (Name::Booking(*n), access::booking(&booking_id(*n))));
    asked.gets("booking", bookings).await;
    let references = (0..REFERENCES).flat_map(|n| [n, n + BACK]);
    let references = references.map(|n| (Name::Reference(n), access::booking_by_reference(&reference_of(n))));
    asked.gets("booking_by_reference", references).await;
    // Every window with some length of page, and one with every length.
    for (window, from, to) in windows().into_iter().take(1 + asked.limit as usize % 2) {
        let within = |fact: &Fact| (from..=to).contains(&fact.at);
        for status in BOOKING_STATES {
            let belongs =
                |name, fact: &Fact| is_booking(name) && fact.status == status.as_str() && within(fact);
            asked
                .list(
                    "bookings_by_status",
                    access::bookings_by_status(*status, window),
                    false,
                    belongs,
                    pickup,
                )
                .await;
        }
        for driver in 0..FEW {
            let belongs = |name, fact: &Fact| is_booking(name) && fact.driver == Some(driver) && within(fact);
            asked
                .list(
                    "jobs_of_driver",
                    access::jobs_of_driver(&driver_id(driver), window),
                    false,
                    belongs,
                    pickup,
                )
                .await;
        }
    }
    for who in 1..=FEW {
        let belongs = |name, fact: &Fact| is_booking(name) && fact.user == Some(who);
        asked.list("bookings_of_user", access::bookings_of_user(&user(who)), true, belongs, numbered).await;
    }
    let there = any.iter().copied().filter(|n| *n == 0 || asked.model.get(Name::Booking(*n)).is_some());
    for n in there {
        let belongs = |name, _: &Fact| matches!(name, Name::History(booking, _) if booking == n);
        let query = access::history_of_booking(&booking_id(n));
        asked.list("history_of_booking", query, false, belongs, numbered).await;
    }
}

async fn payments(asked: &Asked<'_>, quotes: usize) {
    let any = 0..=quotes;
    let payments = any.clone().map(|n| (Name::Payment(n), access::payment_of_booking(&booking_id(n))));
    asked.gets("payment_of_booking", payments).await;
    let payments = any.clone().map(|n| (Name::Payment(n), access::payment(&booking_id(n), &payment_id(n))));
    asked.gets("payment", payments).await;
    for status in PaymentStatus::ALL {
        // All, or those of some seconds, both of which are moments when something was made.
        let (from, to) = if asked.limit.is_multiple_of(2) { (i64::MIN, i64::MAX) } else { (250, 500) };
        let part = Window { from: Some(at(250)), to: Some(at(500)) };
        let window = if asked.limit.is_multiple_of(2) { Window::default() } else { part };
        let belongs = |name, fact: &Fact| {
            let within = (from..=to).contains(&fact.made);
            matches!(name, Name::Payment(_)) && fact.status == status.as_str() && within
        };
        let query = access::payments_by_status(*status, window);
        asked.list("payments_by_status", query, false, belongs, |_, fact| fact.made).await;
    }
    let intents = (0..REFERENCES).map(|n| (Name::Intent(n), access::booking_by_payment_intent(&intent(n))));
    asked.gets("booking_by_payment_intent", intents).await;
    let attempts = any.flat_map(|n| (1..4).map(move |at| (n, at)));
    let attempts =
        attempts.map(|(n, at)| (Name::Attempt(n, at), access::attempt_of_booking(&booking_id(n), at)));
    asked.gets("attempt_of_booking", attempts.take(100)).await;
    // Those that there are, and one that is not.
    let told = asked.model.facts.keys().filter_map(|name| match name {
        Name::Notice(booking, told) => Some((*booking, *told)),
        _ => None,
    });
    let told = told.chain([(0, Told { event: 0, version: 9, email: true })]);
    let get = |booking, told| access::notice_of_event(&event(booking, told), channel(told));
    asked.gets("notice_of_event", told.map(|(n, told)| (Name::Notice(n, told), get(n, told)))).await;
}

async fn fleet(asked: &Asked<'_>) {
    asked.gets("settings", [(Name::Settings, access::settings())]).await;
    let few = || 0..FEW;
    asked.gets("driver", few().map(|n| (Name::Driver(n), access::driver(&driver_id(n))))).await;
    asked.gets("vehicle", few().map(|n| (Name::Vehicle(n), access::vehicle(&vehicle_id(n))))).await;
    let of = |n| (Name::Validity(Whose::Driver, n), access::driver_validity(&driver_id(n)));
    asked.gets("driver_validity", few().map(of)).await;
    let of = |n| (Name::Validity(Whose::Vehicle, n), access::vehicle_validity(&vehicle_id(n)));
    asked.gets("vehicle_validity", few().map(of)).await;
    let days = || few().flat_map(|n| [0, 86_400].map(|second| (n, at(second))));
    let numbered = |at: Timestamp| at.seconds().div_euclid(86_400);
    let of = |(n, at): (usize, Timestamp)| {
        (Name::Day(Whose::Driver, n, numbered(at)), access::driver_day(&driver_id(n), at.day()))
    };
    asked.gets("driver_day", days().map(of)).await;
    let of = |(n, at): (usize, Timestamp)| {
        (Name::Day(Whose::Vehicle, n, numbered(at)), access::vehicle_day(&vehicle_id(n), at.day()))
    };
    asked.gets("vehicle_day", days().map(of)).await;
    let by_number = |name: Name, _: &Fact| name.number();
    for status in FleetStatus::ALL {
        let belongs = |name, fact: &Fact| matches!(name, Name::Driver(_)) && fact.status == status.as_str();
        asked.list("drivers_by_status", access::drivers_by_status(status), false, belongs, by_number).await;
        let belongs = |name, fact: &Fact| matches!(name, Name::Vehicle(_)) && fact.status == status.as_str();
        asked.list("vehicles_by_status", access::vehicles_by_status(status), false, belongs, by_number).await;
    }
    let belongs = |name, fact: &Fact| matches!(name, Name::Driver(_)) && fact.status == "active" && fact.on;
    asked
        .list("available_drivers", access::available_drivers(), true, belongs, |_, fact| fact.count.into())
        .await;
}

/// What `compare` must have asked: every function of `access`.
pub(super) fn every_pattern() -> BTreeSet<String> {
    let code = source("crates/nots-core/src/access.rs");
    code.lines()
        .filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next())
        .map(str::to_owned)
        .collect()
}
