//! What can be done, and what is done at random: anything, and what wants the same.

use nots_core::{
    entity::{document::DocumentType, driver::FleetStatus},
    event::EventKind,
};
use proptest::prelude::*;

use super::{
    money, papers, people,
    state::{Told, Whose},
};

/// Bookings, drivers, vehicles, users: few, so that operations meet.
pub(super) const FEW: usize = 2;
/// References: fewer than bookings, so that two want the same.
pub(super) const REFERENCES: usize = 12;
/// Kinds of document, a driver's and a vehicle's.
pub(super) const KINDS: [DocumentType; 3] =
    [DocumentType::Insurance, DocumentType::Dbs, DocumentType::PhvVehicleLicence];
/// Standings of drivers and vehicles.
pub(super) const STATES: [FleetStatus; 3] = FleetStatus::ALL;
/// Pickups begin shortly before midnight, so that jobs touch one day or two.
pub(super) const LATE: i64 = 46_400 - 4_500;
pub(super) const RIDE: i64 = 1_200;
/// So many seconds after the pickup begins the way back.
pub(super) const STAY: i64 = 5_400;

#[derive(Debug, Clone)]
pub(super) enum Op {
    Offer { slot: i64, back: bool },
    Book { quote: usize, user: usize, reference: usize },
    Attempt { booking: usize },
    Open { booking: usize },
    Confirm { booking: usize, intent: Option<usize> },
    Assign { booking: usize, driver: usize, vehicle: usize },
    Step { booking: usize },
    Tell { booking: usize, told: Told },
    Told { booking: usize, told: Told, how: usize },
    Record { booking: usize },
    Register { whose: Whose, number: usize, status: usize, available: bool, stars: u8 },
    Declare { whose: Whose, number: usize, active: bool, until: i64 },
    People(people::Op),
    Papers(papers::Op),
    Money(money::Op),
    Settings,
}

/// Any operation; the numbers of quotes and bookings are taken modulo those that there are.
pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let some = || 0_usize..64;
    let few = || 0..FEW;
    let whose = || prop_oneof![Just(Whose::Driver), Just(Whose::Vehicle)];
    let told = || {
        (0..EventKind::ALL.len(), 1_u64..3, any::<bool>()).prop_map(|(event, version, email)| Told {
            event,
            version,
            email,
        })
    };
    let standing =
        (whose(), few(), prop::bool::weighted(0.8), prop_oneof![Just(LATE + RIDE), Just(200_000_i64)]);
    prop_oneof![
        4 => (0_i64..8, any::<bool>()).prop_map(|(slot, back)| Op::Offer { slot, back }),
        6 => (some(), 0..=FEW, 0..REFERENCES).prop_map(|(quote, user, reference)| Op::Book { quote, user, reference }),
        1 => some().prop_map(|booking| Op::Attempt { booking }),
        1 => some().prop_map(|booking| Op::Open { booking }),
        5 => (some(), prop::option::of(0..REFERENCES)).prop_map(|(booking, intent)| Op::Confirm { booking, intent }),
        8 => (some(), few(), few()).prop_map(|(booking, driver, vehicle)| Op::Assign { booking, driver, vehicle }),
        6 => some().prop_map(|booking| Op::Step { booking }),
        2 => (some(), told()).prop_map(|(booking, told)| Op::Tell { booking, told }),
        1 => (some(), told(), 0..3_usize).prop_map(|(booking, told, how)| Op::Told { booking, told, how }),
        1 => some().prop_map(|booking| Op::Record { booking }),
        2 => (whose(), few(), 0..STATES.len(), any::<bool>(), 30_u8..=50).prop_map(
            |(whose, number, status, available, stars)| Op::Register { whose, number, status, available, stars }
        ),
        3 => standing.prop_map(|(whose, number, active, until)| Op::Declare { whose, number, active, until }),
        14 => people::any_op().prop_map(Op::People),
        14 => papers::any_op().prop_map(Op::Papers),
        14 => money::any_op().prop_map(Op::Money),
        1 => Just(Op::Settings),
    ]
}

/// Two or three operations that want the same, in one way or another.
pub(super) fn rivals() -> impl Strategy<Value = Vec<Op>> {
    let hot = || 1_usize..64;
    let whose = || prop_oneof![Just(Whose::Driver), Just(Whose::Vehicle)];
    let assign = |booking, driver, vehicle| Op::Assign { booking, driver, vehicle };
    let declare = |whose, number, active| Op::Declare { whose, number, active, until: 200_000 };
    let confirm = |booking, intent| Op::Confirm { booking, intent: Some(intent) };
    prop_oneof![
        12 => people::rivals().prop_map(|ops| ops.into_iter().map(Op::People).collect()),
        12 => papers::rivals().prop_map(|ops| ops.into_iter().map(Op::Papers).collect()),
        12 => money::rivals().prop_map(|ops| ops.into_iter().map(Op::Money).collect()),
        // One job, two drivers.
        4 => (hot(), 0..FEW).prop_map(move |(job, who)| vec![assign(job, who, who), assign(job, 1 - who, 1 - who)]),
        // One driver, or one vehicle, two jobs.
        3 => (hot(), 0..FEW).prop_map(move |(job, who)| vec![assign(job, who, who), assign(job + 1, who, 1 - who)]),
        2 => (hot(), 0..FEW).prop_map(move |(job, who)| vec![assign(job, who, who), assign(job + 1, 1 - who, who)]),
        // Somebody is suspended while they are given a job.
        4 => (hot(), 0..FEW, whose()).prop_map(move |(job, who, whose)| {
            vec![assign(job, who, who), declare(whose, who, false)]
        }),
        2 => (whose(), 0..FEW).prop_map(move |(whose, who)| vec![declare(whose, who, false), declare(whose, who, true)]),
        3 => hot().prop_map(|booking| vec![Op::Step { booking }; 2]),
        2 => hot().prop_map(move |booking| vec![confirm(booking, 1), confirm(booking, 2), Op::Attempt { booking }]),
        1 => hot().prop_map(|booking| vec![Op::Attempt { booking }, Op::Attempt { booking }]),
        2 => (hot(), 0..REFERENCES).prop_map(|(quote, reference)| {
            [1, 2].map(|user| Op::Book { quote, user, reference: (reference + user) % REFERENCES }).to_vec()
        }),
    ]
}
