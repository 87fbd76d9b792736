//! Every access pattern, asked of the table and of the model.

use std::{cell::RefCell, collections::BTreeSet};

use nots_core::{
    Timestamp, access,
    entity::{
        Booking, CheckoutAttempt, ComplianceDocument, Driver, DriverDay, DriverValidity, History, Notice,
        Payment, PaymentStatus, Quote, ReferenceLink, Settings, StripeLink, Tariff, Vehicle, VehicleDay,
        VehicleValidity,
        document::Holder,
        driver::FleetStatus,
        schedule::{Commitment, Jobs},
        validity::Standing,
    },
    event::EventKind,
    ports::{Channel, Table},
    table::{Entity, Get, Index, Machine, Query, Stored},
};

use super::{
    ops::{FEW, KINDS, REFERENCES},
    state::{Fact, Model, Name, Told, Whose},
    verbs::{BOOKING_STATES, booking_id, channel, event, holder, intent, quote_id, windows},
};
use crate::{
    documents::source,
    rows::{NOW, at, driver_id, reference, user, vehicle_id},
};

/// What of a row the model knows.
pub(super) trait Shown: Entity {
    fn shown(row: &Stored<Self>) -> (Name, Fact);
}

fn number(id: &str) -> usize {
    id.rsplit('_').next().and_then(|digits| digits.parse().ok()).expect(id)
}

fn seconds(at: Timestamp) -> i64 {
    at.seconds() - NOW
}

/// What every row shows.
fn fact<E: Entity>(row: &Stored<E>) -> Fact {
    Fact { version: row.meta.version.get(), made: seconds(row.meta.created_at), ..Fact::default() }
}

impl Shown for Quote {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (q, user) = (&row.data, row.data.used_by.as_ref().map(|user| number(user.as_str())));
        let fact = Fact { status: q.status.as_str(), at: seconds(q.pickup_time), user, ..fact(row) };
        (Name::Quote(number(q.quote_id.as_str())), fact)
    }
}

impl Shown for Booking {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let b = &row.data;
        let fact = Fact {
            status: b.status.as_str(),
            at: seconds(b.journey.pickup_time),
            user: b.customer.user_id.as_ref().map(|user| number(user.as_str())),
            driver: b.driver.as_ref().map(|driver| number(driver.driver_id.as_str())),
            vehicle: b.vehicle.as_ref().map(|vehicle| number(vehicle.vehicle_id.as_str())),
            count: u32::try_from(b.steps.len()).unwrap(),
            ..fact(row)
        };
        (Name::Booking(number(b.booking_id.as_str())), fact)
    }
}

impl Shown for Payment {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let p = &row.data;
        let user = p.user_id.as_ref().map(|user| number(user.as_str()));
        let fact = Fact { status: p.status.as_str(), count: p.attempts, user, ..fact(row) };
        (Name::Payment(number(p.booking_id.as_str())), fact)
    }
}

impl Shown for CheckoutAttempt {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let a = &row.data;
        let fact = Fact { at: seconds(a.expires_at), on: a.session().is_some(), ..fact(row) };
        (Name::Attempt(number(a.booking_id.as_str()), a.number), fact)
    }
}

impl Shown for Notice {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let n = &row.data;
        let event = EventKind::ALL.iter().position(|kind| *kind == n.event).unwrap();
        let told = Told { event, version: n.event_version.get(), email: n.channel == Channel::Email };
        let fact =
            Fact { status: n.status.as_str(), at: seconds(n.claimed_until), count: n.tries, ..fact(row) };
        (Name::Notice(number(n.booking_id.as_str()), told), fact)
    }
}

impl Shown for History {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        (Name::History(number(row.data.booking_id.as_str()), row.data.version.get()), fact(row))
    }
}

impl Shown for ReferenceLink {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let named = (0..REFERENCES).find(|n| reference(*n) == row.data.booking_reference).unwrap();
        (Name::Reference(named), Fact { booking: number(row.data.booking_id.as_str()), ..fact(row) })
    }
}

impl Shown for StripeLink {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let booking = number(row.data.booking_id.as_str());
        (Name::Intent(number(&row.data.payment_intent_id)), Fact { booking, ..fact(row) })
    }
}

impl Shown for Driver {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let d = &row.data;
        let stars = d.performance.rating.to_string().replace('.', "").parse().unwrap();
        let fact =
            Fact { status: d.status.as_str(), on: d.availability.available, count: stars, ..fact(row) };
        (Name::Driver(number(d.driver_id.as_str())), fact)
    }
}

impl Shown for Vehicle {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let fact = Fact { status: row.data.status.as_str(), ..fact(row) };
        (Name::Vehicle(number(row.data.vehicle_id.as_str())), fact)
    }
}

fn standing(standing: &Standing, fact: Fact) -> Fact {
    Fact { status: standing.status.as_str(), at: seconds(standing.valid_until), ..fact }
}

impl Shown for DriverValidity {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let name = Name::Validity(Whose::Driver, number(row.data.driver_id.as_str()));
        (name, standing(&row.data.standing, fact(row)))
    }
}

impl Shown for VehicleValidity {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let name = Name::Validity(Whose::Vehicle, number(row.data.vehicle_id.as_str()));
        (name, standing(&row.data.standing, fact(row)))
    }
}

/// Days since 1970.
fn day(date: &str) -> i64 {
    let midnight = (0..).map(|n| at(n * 86_400)).find(|at| at.day().to_string() == date).unwrap();
    midnight.seconds().div_euclid(86_400)
}

fn jobs(jobs: &Jobs, fact: Fact) -> Fact {
    let all = jobs.all();
    assert!(all.is_sorted_by_key(|job| job.time.from), "a day's jobs are in order");
    let apart = |pair: &[Commitment]| matches!(pair, [a, b] if a.time.to <= b.time.from);
    assert!(all.windows(2).all(apart), "two jobs of one day overlap: {all:?}");
    let job =
        |job: &Commitment| (seconds(job.time.from), seconds(job.time.to), number(job.booking_id.as_str()));
    Fact { jobs: all.iter().map(job).collect(), ..fact }
}

impl Shown for DriverDay {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (who, day) = (number(row.data.driver_id.as_str()), day(&row.data.date.to_string()));
        (Name::Day(Whose::Driver, who, day), jobs(&row.data.jobs, fact(row)))
    }
}

impl Shown for VehicleDay {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (who, day) = (number(row.data.vehicle_id.as_str()), day(&row.data.date.to_string()));
        (Name::Day(Whose::Vehicle, who, day), jobs(&row.data.jobs, fact(row)))
    }
}

impl Shown for ComplianceDocument {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let d = &row.data;
        let (whose, who) = match &d.holder {
            Holder::Driver { driver_id } => (Whose::Driver, number(driver_id.as_str())),
            Holder::Vehicle { vehicle_id } => (Whose::Vehicle, number(vehicle_id.as_str())),
        };
        let kind = KINDS.iter().position(|kind| *kind == d.document_type).unwrap();
        (Name::Document(whose, who, kind), Fact { at: seconds(d.expiry_date), ..fact(row) })
    }
}

impl Shown for Tariff {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        (Name::Tariff(row.data.version), Fact { at: seconds(row.data.effective_from), ..fact(row) })
    }
}

impl Shown for Settings {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        (Name::Settings, fact(row))
    }
}

/// Both sides, how long pages are, and which patterns have been asked.
struct Asked<'a> {
    table: &'a dyn Table,
    model: &'a Model,
    limit: u32,
    patterns: RefCell<BTreeSet<&'static str>>,
}

impl Asked<'_> {
    /// Reads by key: of each name what the model has, or nothing where it has nothing.
    async fn gets<E: Shown>(&self, pattern: &'static str, of: impl IntoIterator<Item = (Name, Get<E>)>) {
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
    async fn list<I: Index, E: Shown>(
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

/// Holds every access pattern to the model, with pages of a length.
pub(super) async fn compare(table: &dyn Table, model: &Model, limit: u32) -> BTreeSet<&'static str> {
    let asked = Asked { table, model, limit, patterns: RefCell::default() };
    let quotes = (0..).take_while(|n| model.get(Name::Quote(*n)).is_some()).count();
    let any = 0..=quotes;
    bookings(&asked, any.clone()).await;
    payments(&asked, any).await;
    fleet(&asked).await;
    asked.gets("settings", [(Name::Settings, access::settings())]).await;
    let tariffs = (2..6).map(|n| (Name::Tariff(n), access::tariff(at(i64::from(n)), n)));
    asked.gets("tariff", tariffs).await;
    let moment = i64::from(limit % 5);
    let effective = |name, fact: &Fact| matches!(name, Name::Tariff(_)) && fact.at <= moment;
    let query = access::tariff_in_force(at(moment));
    asked.list("tariff_in_force", query, true, effective, |_, fact| fact.at).await;
    asked.patterns.into_inner()
}

async fn bookings(asked: &Asked<'_>, any: std::ops::RangeInclusive<usize>) {
    let is_booking = |name| matches!(name, Name::Booking(_));
    let pickup = |_: Name, fact: &Fact| fact.at;
    let numbered = |name: Name, _: &Fact| match name {
        Name::Booking(number) => i64::try_from(number).unwrap(),
        Name::History(_, version) => i64::try_from(version).unwrap(),
        _ => -1,
    };
    asked.gets("quote", any.clone().map(|n| (Name::Quote(n), access::quote(&quote_id(n))))).await;
    asked.gets("booking", any.clone().map(|n| (Name::Booking(n), access::booking(&booking_id(n))))).await;
    let references =
        (0..REFERENCES).map(|n| (Name::Reference(n), access::booking_by_reference(&reference(n))));
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
    for n in any.filter(|n| *n == 0 || asked.model.get(Name::Booking(*n)).is_some()) {
        let belongs = |name, _: &Fact| matches!(name, Name::History(booking, _) if booking == n);
        let query = access::history_of_booking(&booking_id(n));
        asked.list("history_of_booking", query, false, belongs, numbered).await;
    }
}

async fn payments(asked: &Asked<'_>, any: std::ops::RangeInclusive<usize>) {
    let payments = any.clone().map(|n| (Name::Payment(n), access::payment_of_booking(&booking_id(n))));
    asked.gets("payment_of_booking", payments).await;
    for status in PaymentStatus::ALL {
        let belongs = |name, fact: &Fact| matches!(name, Name::Payment(_)) && fact.status == status.as_str();
        asked
            .list("payments_by_status", access::payments_by_status(*status), false, belongs, |_, fact| {
                fact.made
            })
            .await;
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
    let by_number = |name: Name, _: &Fact| match name {
        Name::Driver(n) | Name::Vehicle(n) => i64::try_from(n).unwrap(),
        _ => -1,
    };
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
    for (whose, n) in few().flat_map(|n| [(Whose::Driver, n), (Whose::Vehicle, n)]) {
        let belongs = |name, _: &Fact| matches!(name, Name::Document(w, of, _) if (w, of) == (whose, n));
        let by_kind = |name: Name, _: &Fact| match name {
            // By the kind's name: dbs, insurance, phv_vehicle_licence.
            Name::Document(_, _, kind) => [1, 0, 2][kind],
            _ => -1,
        };
        asked.list("documents_of", access::documents_of(&holder(whose, n)), false, belongs, by_kind).await;
    }
}

/// What `compare` must have asked: every function of `access`.
pub(super) fn every_pattern() -> BTreeSet<String> {
    let code = source("crates/nots-core/src/access.rs");
    code.lines()
        .filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next())
        .map(str::to_owned)
        .collect()
}
