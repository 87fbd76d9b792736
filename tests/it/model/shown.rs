//! What of a row the model knows.

use nots_core::{
    Timestamp,
    entity::{
        Booking, CheckoutAttempt, Driver, DriverDay, DriverValidity, History, Notice, Payment, Quote,
        ReferenceLink, Settings, StripeLink, Vehicle, VehicleDay, VehicleValidity,
        payment::{Capture, PaymentMethod},
        schedule::{Commitment, Jobs},
        validity::Standing,
    },
    event::EventKind,
    ports::Channel,
    table::{Entity, Machine as _, Stored},
};

use super::{
    ops::REFERENCES,
    state::{BACK, Fact, Name, Told, Whose},
    verbs::reference_of,
};
use crate::rows::{NOW, at};

/// What of a row the model knows.
pub(super) trait Shown: Entity {
    fn shown(row: &Stored<Self>) -> (Name, Fact);
}

pub(super) fn number(id: &str) -> usize {
    let digits = id.rsplit('_').next().unwrap();
    let (digits, back) = digits.strip_suffix('r').map_or((digits, 0), |digits| (digits, BACK));
    digits.parse::<usize>().expect(id) + back
}

pub(super) fn seconds(at: Timestamp) -> i64 {
    at.seconds() - NOW
}

/// What every row shows.
pub(super) fn fact<E: Entity>(row: &Stored<E>) -> Fact {
    Fact { version: row.meta.version.get(), made: seconds(row.meta.created_at), ..Fact::default() }
}

impl Shown for Quote {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (q, user) = (&row.data, row.data.used_by.as_ref().map(|user| number(user.as_str())));
        let (at, on) = (seconds(q.enquiry.pickup_time), q.enquiry.return_leg.is_some());
        let fact = Fact { status: q.status.as_str(), at, on, user, ..fact(row) };
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
        let sum = |of: &dyn Fn(&Capture) -> i64| p.captures.iter().map(of).sum();
        let in_cash = |c: &Capture| if c.method == PaymentMethod::Cash { c.amount.get() } else { 0 };
        let fact = Fact {
            status: p.status.as_str(),
            count: p.attempts,
            user,
            taken: sum(&|c| c.amount.get()),
            cash: sum(&in_cash),
            held: sum(&|c| c.given_back.get()),
            back: p.refund.amount.get(),
            again: p.owed_again.get(),
            ..fact(row)
        };
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
        let mut all = (0..REFERENCES).flat_map(|n| [n, n + BACK]);
        let named = all.find(|n| reference_of(*n) == row.data.booking_reference).unwrap();
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

impl Shown for Settings {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        (Name::Settings, fact(row))
    }
}
