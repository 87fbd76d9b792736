//! Users and their unique names, what customers say, and where drivers are.

use nots_core::{
    Actor, ComplaintId, RatingId, Role, access,
    contact::{CognitoSub, Email, Phone},
    entity::{
        CognitoLink, Complaint, ComplaintStatus, DriverLocation, Rating, User,
        complaint::{ComplaintCategory, Grievance, Priority},
        driver::Sighting,
        rating::{Categories, Score},
        user::{Preferences, UserStatus},
    },
    geo::Coordinates,
    ports::Table,
    table::{Machine, Stored, Transaction},
    text::{Name as PersonName, Text},
};
use proptest::prelude::*;

use super::{
    compare::Asked,
    ops::FEW,
    shown::{Shown, fact, number, seconds},
    state::{Fact, Holds, Model, Name, Part},
    verbs::{Both, booking_id, nth_booking, nth_of, one},
};
use crate::rows::{at, driver_id, user};

/// Users, addresses, logins: fewer names than those who may want them.
const USERS: usize = 4;
const NAMES: usize = 4;

#[derive(Debug, Clone)]
pub(super) enum Op {
    Enrol {
        who: usize,
        names: Names,
    },
    Rename {
        who: usize,
        names: Names,
    },
    /// To the address that another has now.
    Covet {
        who: usize,
        of: usize,
    },
    Rate {
        booking: usize,
        driver: usize,
        stars: u8,
    },
    Complain {
        driver: Option<usize>,
        priority: usize,
    },
    /// Prioritise, investigate, resolve or close.
    Handle {
        complaint: usize,
        how: usize,
        priority: usize,
    },
    /// A driver's phone says where they were at a moment.
    Sight {
        driver: usize,
        seen: i64,
    },
}

/// What no two users share: address, which may be written in capitals, and login.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    email: usize,
    capitals: bool,
    login: Option<usize>,
}

fn names() -> impl Strategy<Value = Names> {
    let login = prop::option::of(0..NAMES);
    (0..NAMES, any::<bool>(), login).prop_map(|(email, capitals, login)| Names { email, capitals, login })
}

pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let some = || 0_usize..64;
    let priority = || 0..Priority::ALL.len();
    prop_oneof![
        2 => (0..USERS, names()).prop_map(|(who, names)| Op::Enrol { who, names }),
        4 => (some(), names()).prop_map(|(who, names)| Op::Rename { who, names }),
        1 => (some(), 0..FEW, 1_u8..=5).prop_map(|(booking, driver, stars)| Op::Rate { booking, driver, stars }),
        2 => (prop::option::weighted(0.7, 0..FEW), priority())
            .prop_map(|(driver, priority)| Op::Complain { driver, priority }),
        3 => (some(), 0_usize..4, priority())
            .prop_map(|(complaint, how, priority)| Op::Handle { complaint, how, priority }),
        1 => (0..FEW, 0_i64..6).prop_map(|(driver, seen)| Op::Sight { driver, seen }),
    ]
}

/// What there is before anything happens.
pub(super) fn opening() -> Vec<Op> {
    let enrol = |who| Op::Enrol { who, names: Names { email: who, capitals: false, login: None } };
    vec![enrol(0), enrol(1), Op::Complain { driver: Some(0), priority: 1 }]
}

/// Those that want the same.
pub(super) fn rivals() -> impl Strategy<Value = Vec<Op>> {
    let some = || 0_usize..64;
    prop_oneof![
        // One address, two who have yet to come.
        1 => (0..USERS, names(), names()).prop_map(|(who, a, b)| {
            let b = Names { email: a.email, ..b };
            vec![Op::Enrol { who, names: a }, Op::Enrol { who: (who + 1) % USERS, names: b }]
        }),
        // Somebody gives an address up, another takes it, and what the first decided before that gives it up again.
        3 => (some(), names(), names()).prop_map(|(who, a, b)| {
            vec![Op::Rename { who, names: a }, Op::Covet { who: who + 1, of: who }, Op::Rename { who, names: b }]
        }),
        // One address or one login, two who are there; one gives up what the other takes; one renamed twice.
        3 => (some(), 0_usize..2, names(), names()).prop_map(|(who, other, a, b)| {
            vec![Op::Rename { who, names: a }, Op::Rename { who: who + other, names: b }]
        }),
        1 => (some(), 0..FEW).prop_map(|(booking, driver)| {
            [1, 5].map(|stars| Op::Rate { booking, driver, stars }).to_vec()
        }),
        2 => (some(), 0_usize..4, 0_usize..4).prop_map(|(complaint, how, other)| {
            [how, other].map(|how| Op::Handle { complaint, how, priority: how }).to_vec()
        }),
        1 => (0..FEW, 0_i64..6).prop_map(|(driver, seen)| {
            [seen, seen + 1].map(|seen| Op::Sight { driver, seen }).to_vec()
        }),
    ]
}

fn email(names: Names) -> Email {
    let Names { email, capitals, .. } = names;
    let text = if capitals { format!("Ada{email}@Example.com") } else { format!("ada{email}@example.com") };
    Email::parse(&text).unwrap()
}

fn login(number: usize) -> CognitoSub {
    CognitoSub::parse(&format!("login_{number}")).unwrap()
}

fn complaint_id(number: usize) -> ComplaintId {
    ComplaintId::parse(&format!("complaint_{number:04}")).unwrap()
}

fn person(who: usize, names: Names) -> User {
    User {
        user_id: user(who),
        cognito_id: names.login.map(login),
        email: email(names),
        first_name: PersonName::parse("Ada").unwrap(),
        last_name: PersonName::parse("Lovelace").unwrap(),
        phone: Phone::parse("+447700900123").unwrap(),
        role: Role::Customer,
        status: UserStatus::Active,
        preferences: Preferences::default(),
    }
}

fn named(names: Names) -> Fact {
    let Names { email, capitals, login } = names;
    Fact { status: "active", email: Some(email), on: capitals, login, ..Fact::default() }
}

fn taken(name: Name, who: usize, now: i64) -> Part {
    Model::create(name, Fact { user: Some(who), made: now, ..Fact::default() })
}

fn given_up(name: Name, who: usize) -> Part {
    Part { name, holds: Holds::GivenUpBy(who), becomes: None }
}

/// Where a driver was at a moment; where follows from when.
fn sighting(seen: i64) -> Sighting {
    let latitude = (50.0 + f64::from(u8::try_from(seen).unwrap()) / 100.0).try_into().unwrap();
    Sighting { at: Coordinates { latitude, longitude: (-1.9).try_into().unwrap() }, updated_at: at(seen) }
}

fn nth_user(model: &Model, number: usize) -> Option<usize> {
    nth_of(model, number, |name, _| if let Name::User(who) = name { Some(who) } else { None })
}

/// A user gets other names; what they had goes.
async fn renamed(table: &dyn Table, model: &Model, who: usize, names: Names, now: i64) -> Option<Both> {
    let seen = model.get(Name::User(who))?;
    let row = table.read(access::user(&user(who))).await.unwrap()?;
    let renamed = User::revise(row, person(who, names), Actor::System, at(now));
    let mut parts = vec![Model::change(Name::User(who), seen, named(names))];
    if seen.email != Some(names.email) {
        parts.extend(seen.email.map(|email| given_up(Name::Address(email), who)));
        parts.push(taken(Name::Address(names.email), who, now));
    }
    if seen.login != names.login {
        parts.extend(seen.login.map(|login| given_up(Name::Login(login), who)));
        parts.extend(names.login.map(|login| taken(Name::Login(login), who, now)));
    }
    Some((Some(renamed.transaction), Some(parts)))
}

pub(super) async fn both(table: &dyn Table, model: &Model, op: &Op, now: i64) -> Option<Both> {
    let (by, when) = (Actor::System, at(now));
    let made = |fact: Fact| Fact { made: now, ..fact };
    Some(match *op {
        Op::Enrol { who, names } => {
            let enrolled = person(who, names).register(by, when);
            let mut parts = vec![
                taken(Name::Address(names.email), who, now),
                Model::create(Name::User(who), made(named(names))),
            ];
            parts.extend(names.login.map(|login| taken(Name::Login(login), who, now)));
            (Some(enrolled.transaction), Some(parts))
        }
        Op::Rename { who, names } => return renamed(table, model, nth_user(model, who)?, names, now).await,
        Op::Covet { who, of } => {
            let (who, of) = (nth_user(model, who)?, nth_user(model, of)?);
            let email = model.get(Name::User(of))?.email?;
            let login = model.get(Name::User(who))?.login;
            return renamed(table, model, who, Names { email, capitals: false, login }, now).await;
        }
        Op::Rate { booking, driver, stars } => {
            let number = nth_booking(model, booking)?;
            let rating = Rating {
                rating_id: RatingId::parse("rating_1").unwrap(),
                booking_id: booking_id(number),
                driver_id: driver_id(driver),
                customer_id: None,
                score: Score::new(stars).unwrap(),
                feedback: None,
                categories: Categories::default(),
            };
            let fact = Fact { driver: Some(driver), count: stars.into(), ..Fact::default() };
            let part = Model::create(Name::Rating(number), made(fact));
            (Some(Transaction::new().create(&rating.give(by, when))), one(part))
        }
        Op::Complain { driver, priority } => {
            let number = (0..).find(|n| model.get(Name::Complaint(*n)).is_none())?;
            let grievance = Grievance {
                booking_id: None,
                driver_id: driver.map(driver_id),
                customer_id: None,
                priority: Priority::ALL[priority],
                category: ComplaintCategory::Other,
                description: Text::parse("The seat was wet").unwrap(),
            };
            let opened = Complaint::open(complaint_id(number), grievance, by, when);
            let count = u32::try_from(priority).unwrap();
            let fact = made(Fact { status: "open", driver, count, ..Fact::default() });
            (Some(Transaction::new().create(&opened)), one(Model::create(Name::Complaint(number), fact)))
        }
        Op::Handle { complaint, how, priority } => {
            let is_complaint = |name, _: &Fact| if let Name::Complaint(n) = name { Some(n) } else { None };
            let number = nth_of(model, complaint, is_complaint)?;
            let name = Name::Complaint(number);
            let seen = model.get(name)?;
            let row = table.read(access::complaint(&complaint_id(number))).await.unwrap()?;
            let handled = match how {
                0 => Complaint::prioritise(row, Priority::ALL[priority], by, when),
                1 => Complaint::investigate(row, by, when),
                2 => Complaint::resolve(row, Text::parse("Refunded").unwrap(), by, when),
                _ => Complaint::close(row, by, when),
            };
            let status = [seen.status, "investigating", "resolved", "closed"][how];
            let count = if how == 0 { u32::try_from(priority).unwrap() } else { seen.count };
            let next = Fact { status, count, on: seen.on || how == 2, ..seen.clone() };
            let change = name.may(seen.status, status).then(|| vec![Model::change(name, seen, next)]);
            (handled.ok().map(|handled| Transaction::new().apply(&handled)), change)
        }
        Op::Sight { driver, seen } => {
            let name = Name::Location(driver);
            let fact = Fact { at: seen, ..Fact::default() };
            let row = table.read(access::driver_location(&driver_id(driver))).await.unwrap();
            let transaction = match row {
                None => {
                    let first = DriverLocation::first(driver_id(driver), sighting(seen), when);
                    Some(Transaction::new().create(&first))
                }
                Some(row) => DriverLocation::moved(row, sighting(seen), when)
                    .map(|moved| Transaction::new().rewrite(&moved)),
            };
            let change = match model.get(name) {
                None => one(Model::create(name, made(fact))),
                Some(there) if there.at < seen => one(Model::change(name, there, fact)),
                Some(_) => None,
            };
            (transaction, change)
        }
    })
}

impl Shown for User {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let u = &row.data;
        let digits = |text: &str| text.chars().find_map(|c| c.to_digit(10)).unwrap() as usize;
        let fact = Fact {
            status: u.status.as_str(),
            email: Some(digits(u.email.as_str())),
            on: u.email.as_str().starts_with('A'),
            login: u.cognito_id.as_ref().map(|login| number(login.as_str())),
            ..fact(row)
        };
        (Name::User(number(u.user_id.as_str())), fact)
    }
}

impl Shown for CognitoLink {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let user = Some(number(row.data.user_id.as_str()));
        (Name::Login(number(row.data.cognito_id.as_str())), Fact { user, ..fact(row) })
    }
}

impl Shown for Rating {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let r = &row.data;
        let driver = Some(number(r.driver_id.as_str()));
        let fact = Fact { driver, count: r.score.get().into(), ..fact(row) };
        (Name::Rating(number(r.booking_id.as_str())), fact)
    }
}

impl Shown for Complaint {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (c, g) = (&row.data, &row.data.grievance);
        let rank = Priority::ALL.iter().position(|priority| *priority == g.priority).unwrap();
        let fact = Fact {
            status: c.status.as_str(),
            driver: g.driver_id.as_ref().map(|driver| number(driver.as_str())),
            count: u32::try_from(rank).unwrap(),
            on: c.resolution.is_some() && c.resolved_at.is_some(),
            ..fact(row)
        };
        (Name::Complaint(number(c.complaint_id.as_str())), fact)
    }
}

impl Shown for DriverLocation {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let seen = seconds(row.data.seen.updated_at);
        assert_eq!(row.data.seen, sighting(seen), "where and when belong together");
        (Name::Location(number(row.data.driver_id.as_str())), Fact { at: seen, ..fact(row) })
    }
}

/// Holds every access pattern of these to the model.
pub(super) async fn compare(asked: &Asked<'_>, bookings: &[usize]) {
    let few = || 0..FEW;
    // One more than there can be, here and below.
    asked.gets("user", (0..=USERS).map(|n| (Name::User(n), access::user(&user(n))))).await;
    let logins = (0..=NAMES).map(|n| (Name::Login(n), access::user_by_cognito(&login(n))));
    asked.gets("user_by_cognito", logins).await;
    for address in 0..=NAMES {
        let typed = email(Names { email: address, capitals: asked.limit.is_multiple_of(2), login: None });
        let belongs = |name, fact: &Fact| matches!(name, Name::User(_)) && fact.email == Some(address);
        asked.list("user_by_email", access::user_by_email(&typed), false, belongs, |_, _| 0).await;
    }
    let is_user = |name, _: &Fact| matches!(name, Name::User(_));
    asked.list("all_users", access::all_users(), false, is_user, |name, _| name.number()).await;

    let ratings = bookings.iter().map(|n| (Name::Rating(*n), access::rating_of_booking(&booking_id(*n))));
    asked.gets("rating_of_booking", ratings).await;
    for driver in few() {
        let belongs = |name, fact: &Fact| matches!(name, Name::Rating(_)) && fact.driver == Some(driver);
        let query = access::ratings_of_driver(&driver_id(driver));
        asked.list("ratings_of_driver", query, true, belongs, |name, _| name.number()).await;
        let belongs = |name, fact: &Fact| matches!(name, Name::Complaint(_)) && fact.driver == Some(driver);
        let query = access::complaints_of_driver(&driver_id(driver));
        asked.list("complaints_of_driver", query, true, belongs, |_, fact| fact.made).await;
    }

    let complaints = asked.model.facts.keys().filter(|name| matches!(name, Name::Complaint(_))).count();
    let complaints = (0..=complaints).map(|n| (Name::Complaint(n), access::complaint(&complaint_id(n))));
    asked.gets("complaint", complaints).await;
    for status in ComplaintStatus::ALL {
        let belongs =
            |name, fact: &Fact| matches!(name, Name::Complaint(_)) && fact.status == status.as_str();
        let urgency = |_, fact: &Fact| i64::from(fact.count) * 1_000_000 + fact.made;
        let query = access::complaints_by_status(*status);
        asked.list("complaints_by_status", query, false, belongs, urgency).await;
    }
    let places = few().map(|n| (Name::Location(n), access::driver_location(&driver_id(n))));
    asked.gets("driver_location", places).await;
}
