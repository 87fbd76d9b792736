//! `docs/access-patterns.md` against `nots_core::access`: the same functions in the same order, and of each the index, key
//! condition and order that it really produces.

use std::collections::{BTreeMap, BTreeSet};

use nots_core::{
    BookingId, ComplaintId, DriverId, PaymentId, QuoteId, Timestamp, UserId, VehicleId,
    access::{self, Window},
    contact::{CognitoSub, Email},
    entity::{
        BookingStatus, ComplaintStatus, PaymentStatus,
        document::{DocumentStatus, DocumentType, Holder},
        driver::FleetStatus,
        webhook::StripeEventId,
    },
    event::{BookingEvent, EventKind},
    geo::Coordinates,
    id::{BookingReference, RefundId},
    journey::Way,
    ports::Channel,
    table::{Entity, Get, Index, Machine, Query, RawQuery, SortRange, Version},
};

use super::source;
use crate::events::names_in;

/// A row of the document.
#[derive(Debug, PartialEq)]
struct Row {
    function: String,
    asked_by: BTreeSet<String>,
    index: String,
    condition: String,
    order: String,
    round_trips: String,
}

fn rows() -> Vec<Row> {
    let document = source("docs/access-patterns.md");
    let table = document.split("| function | for |").nth(1).expect("the table of patterns");
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    lines
        .map(|line| {
            let cells: Vec<_> =
                line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
            let [function, purpose, asked_by, index, condition, order, round_trips] =
                cells.try_into().expect(line);
            assert!(!purpose.is_empty(), "{function}");
            let asked_by =
                asked_by.split(", ").filter(|name| *name != "nobody yet").map(str::to_owned).collect();
            Row { function, asked_by, index, condition, order, round_trips }
        })
        .collect()
}

#[test]
fn the_document_lists_the_functions_of_access_rs() {
    let code = source("crates/nots-core/src/access.rs");
    let public = code.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next());
    let listed: Vec<_> = rows().into_iter().map(|row| row.function).collect();
    assert_eq!(listed, public.collect::<Vec<_>>());
}

/// A function of core, or of a crate that works for functions, and what it is called by.
struct Deed {
    /// Its file and the module that this is in: `cashier`, `settle`.
    modules: [String; 2],
    name: String,
    /// Types of its file, whose method it may be.
    types: BTreeSet<String>,
    text: String,
}

/// Every function of the core outside its entities, its table and `access`.
fn deeds() -> Vec<Deed> {
    let mut all = Vec::new();
    for name in names_in("crates/nots-core/src") {
        if ["access.rs", "lib.rs", "entity", "table"].contains(&name.as_str()) {
            continue;
        }
        let path = format!("crates/nots-core/src/{name}");
        match name.strip_suffix(".rs") {
            Some(module) => all.extend(deeds_of(module, module, &source(&path))),
            None => {
                for file in names_in(&path).iter().filter(|file| file.ends_with(".rs")) {
                    all.extend(deeds_of(
                        &name,
                        file.trim_end_matches(".rs"),
                        &source(&format!("{path}/{file}")),
                    ));
                }
            }
        }
    }
    all
}

fn deeds_of(module: &str, file: &str, text: &str) -> Vec<Deed> {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let types: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("pub struct ")).map(first_word).collect();
    let mut all: Vec<Deed> = Vec::new();
    for line in text.lines() {
        let bare = line.trim_start();
        let word = bare.split("fn ").nth(1).filter(|_| {
            let before = bare.split("fn ").next().unwrap();
            before
                .split_whitespace()
                .all(|word| ["pub", "pub(crate)", "pub(super)", "async", "const"].contains(&word))
        });
        if let Some(word) = word {
            let modules = [module.to_owned(), file.to_owned()];
            all.push(Deed { modules, name: first_word(word), types: types.clone(), text: String::new() });
        } else if let Some(deed) = all.last_mut() {
            deed.text.push_str(line);
            deed.text.push('\n');
        }
    }
    all
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

impl Deed {
    /// Whether a text calls it: by its module, by a value of its file's types, or from the same file by its name alone.
    fn is_called_in(&self, text: &str, whole: &str, same_file: bool) -> bool {
        let call = format!("{}(", self.name);
        // `module::{Type, name}`.
        let imported = self.modules.iter().any(|module| {
            let begins = format!("{module}::{{");
            let lists = whole.split(begins.as_str()).skip(1).filter_map(|rest| rest.split('}').next());
            lists.flat_map(|list| list.split(',')).any(|name| name.trim() == self.name)
        });
        let known = same_file || self.types.iter().any(|name| whole.contains(name.as_str()));
        text.match_indices(&call).any(|(at, _)| {
            let before = &text[..at];
            let bare = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.' || c == ':');
            self.modules.iter().any(|module| before.ends_with(&format!("{module}::")))
                || known && before.ends_with('.')
                || same_file && before.ends_with("Self::")
                || (same_file || imported) && bare
        })
    }
}

#[test]
fn the_document_knows_who_asks() {
    // What core asks on a function's behalf counts as the function's own; so does what its map does.
    let deeds = deeds();
    let same = |a: &Deed, b: &Deed| a.modules == b.modules;
    let calls: Vec<Vec<usize>> = deeds
        .iter()
        .map(|of| {
            let called = |to: &Deed| to.is_called_in(&of.text, &of.text, same(of, to));
            (0..deeds.len()).filter(|to| called(&deeds[*to])).collect()
        })
        .collect();
    let maps = asks(&source("crates/nots-maps/src/kept.rs"));
    let mut askers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for function in names_in("functions") {
        let folder = format!("functions/{function}/src");
        let text: String = names_in(&folder).iter().map(|file| source(&format!("{folder}/{file}"))).collect();
        let mut asked = asks(&text);
        if text.contains("google_or_embedded(") {
            asked.extend(maps.clone());
        }
        let first = (0..deeds.len()).filter(|at| deeds[*at].is_called_in(&text, &text, false));
        let (mut next, mut done): (Vec<_>, BTreeSet<_>) = (first.collect(), BTreeSet::new());
        while let Some(at) = next.pop() {
            if done.insert(at) {
                asked.extend(asks(&deeds[at].text));
                next.extend(&calls[at]);
            }
        }
        for pattern in asked {
            askers.entry(pattern).or_default().insert(function.clone());
        }
    }
    let mut wrong = Vec::new();
    for row in rows() {
        let asked_by = askers.remove(&row.function).unwrap_or_default();
        if row.asked_by != asked_by {
            wrong.push(format!("{} is asked by {asked_by:?}", row.function));
        }
    }
    assert!(wrong.is_empty() && askers.is_empty(), "{}\n{askers:?}", wrong.join("\n"));
}

/// The functions of `access` that a source file calls.
fn asks(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let after = text.split("access::").skip(1);
    after
        .map(|rest| rest.chars().take_while(|c| is_name(*c)).collect())
        .filter(|name: &String| !name.is_empty())
        .collect()
}

/// What a function of `access` asks the table, in the document's words.
struct Asked {
    index: String,
    condition: String,
    order: &'static str,
    round_trips: &'static str,
    spread: bool,
}

fn get<E: Entity>(get: &Get<E>) -> Asked {
    let key = get.raw();
    let condition = format!("PK = {}, SK = {}", key.pk, key.sk);
    Asked { index: "table".to_owned(), condition, order: "one item", round_trips: "1", spread: false }
}

fn list<I: Index, E: Entity>(query: &Query<I, E>) -> Asked {
    let RawQuery { index, pk: (name, partition), sk, range, newest_first, spread, .. } = query.raw(25, None);
    let sort = match range {
        SortRange::All => String::new(),
        SortRange::BeginsWith(prefix) => format!(", {sk} begins_with {prefix}"),
        SortRange::Between(from, to) => format!(", {sk} between {from} and {to}"),
        SortRange::UpTo(end) => format!(", {sk} <= {end}"),
    };
    Asked {
        index: index.unwrap_or("table").to_owned(),
        condition: format!("{name} = {partition}{sort}"),
        order: if newest_first { "descending" } else { "ascending" },
        round_trips: "1 a page",
        spread,
    }
}

/// A function, what its document's placeholders stand for, and what it then asks.
type Example = (&'static str, Vec<(&'static str, &'static str)>, Asked);

fn station_to_harbour(departing: Timestamp) -> Way {
    let at = |latitude: f64, longitude: f64| Coordinates {
        latitude: latitude.try_into().unwrap(),
        longitude: longitude.try_into().unwrap(),
    };
    Way { from: at(50.7260, -1.8782), via: vec![], to: at(50.7122, -2.0053), departing }
}

/// Each function asked with what the placeholders of the document stand for.
fn examples() -> Vec<Example> {
    let at = |seconds| Timestamp::new(seconds).unwrap();
    let (booking, driver) = (BookingId::parse("booking_X7").unwrap(), DriverId::parse("driver_Y8").unwrap());
    let (vehicle, user) = (VehicleId::parse("vehicle_Z9").unwrap(), UserId::parse("user_W6").unwrap());
    let (quote, moment) = (QuoteId::parse("quote_X7").unwrap(), at(1_733_842_200));
    let reference = BookingReference::parse("NOTS-7K3M9Q").unwrap();
    let window = Window { from: Some(at(1_733_788_800)), to: Some(at(1_733_875_199)) };
    let event = BookingEvent {
        booking_id: booking.clone(),
        event: EventKind::EnRoute,
        version: Version::new(12),
        at: moment,
    };
    let (complaint, event_id) =
        (ComplaintId::parse("complaint_V5").unwrap(), StripeEventId::parse("evt_1N").unwrap());
    let holder_driver = Holder::Driver { driver_id: driver.clone() };
    let holder_vehicle = Holder::Vehicle { vehicle_id: vehicle.clone() };
    let from_to = [("from", "1733788800"), ("to", "1733875199")];
    let (b, d, v) = (("bookingId", "booking_X7"), ("driverId", "driver_Y8"), ("vehicleId", "vehicle_Z9"));

    let email = Email::parse("Ada@Example.com").unwrap();
    let login = CognitoSub::parse("cognito-uuid-xyz").unwrap();
    let mut all = vec![
        ("user", vec![("userId", "user_W6")], get(&access::user(&user))),
        ("user_by_email", vec![("email", "ada@example.com")], list(&access::user_by_email(&email))),
        ("user_by_cognito", vec![("cognitoId", "cognito-uuid-xyz")], get(&access::user_by_cognito(&login))),
        ("all_users", vec![], list(&access::all_users())),
        ("quote", vec![("quoteId", "quote_X7")], get(&access::quote(&quote))),
        ("booking", vec![b], get(&access::booking(&booking))),
        (
            "booking_by_reference",
            vec![("bookingReference", "NOTS-7K3M9Q")],
            get(&access::booking_by_reference(&reference)),
        ),
        (
            "booking_by_payment_intent",
            vec![("paymentIntentId", "pi_abc123")],
            get(&access::booking_by_payment_intent("pi_abc123")),
        ),
        ("bookings_of_user", vec![("userId", "user_W6")], list(&access::bookings_of_user(&user))),
        ("jobs_of_driver", vec![d, from_to[0], from_to[1]], list(&access::jobs_of_driver(&driver, window))),
        ("history_of_booking", vec![b], list(&access::history_of_booking(&booking))),
        (
            "payment_of_booking",
            vec![b, ("paymentId", "payment_X7")],
            get(&access::payment_of_booking(&booking)),
        ),
        ("attempt_of_booking", vec![b, ("number", "0003")], get(&access::attempt_of_booking(&booking, 3))),
        (
            "refund_of_booking",
            vec![b, ("refundId", "refund_U4")],
            get(&access::refund_of_booking(&booking, &RefundId::parse("refund_U4").unwrap())),
        ),
        ("refunds_of_booking", vec![b], list(&access::refunds_of_booking(&booking))),
        (
            "due_of_booking",
            vec![b, ("concerns", "booking_X7r")],
            get(&access::due_of_booking(&booking, &BookingId::return_of(&booking))),
        ),
        ("ledger_of_booking", vec![b], list(&access::ledger_of_booking(&booking))),
        ("ledger_of_day", vec![("date", "2024-12-10")], list(&access::ledger_of_day(moment.day()))),
        ("reconciliations", vec![], list(&access::reconciliations())),
        ("driver", vec![d], get(&access::driver(&driver))),
        ("available_drivers", vec![], list(&access::available_drivers())),
        ("documents_of", vec![("holder", "DRIVER#driver_Y8")], list(&access::documents_of(&holder_driver))),
        (
            "documents_of",
            vec![("holder", "VEHICLE#vehicle_Z9")],
            list(&access::documents_of(&holder_vehicle)),
        ),
        ("driver_location", vec![d], get(&access::driver_location(&driver))),
        ("rating_of_booking", vec![b], get(&access::rating_of_booking(&booking))),
        ("ratings_of_driver", vec![d], list(&access::ratings_of_driver(&driver))),
        ("complaint", vec![("complaintId", "complaint_V5")], get(&access::complaint(&complaint))),
        ("complaints_of_driver", vec![d], list(&access::complaints_of_driver(&driver))),
        (
            "document",
            vec![("holder", "DRIVER#driver_Y8"), ("documentType", "dbs")],
            get(&access::document(&holder_driver, DocumentType::Dbs)),
        ),
        (
            "replaced_documents_of",
            vec![("holder", "VEHICLE#vehicle_Z9"), ("documentType", "mot")],
            list(&access::replaced_documents_of(&holder_vehicle, DocumentType::Mot)),
        ),
        (
            "payment",
            vec![b, ("paymentId", "payment_abc123")],
            get(&access::payment(&booking, &PaymentId::parse("payment_abc123").unwrap())),
        ),
        ("webhook_event", vec![("eventId", "evt_1N")], get(&access::webhook_event(&event_id))),
        ("webhook_events_kept", vec![], list(&access::webhook_events_kept())),
        ("driver_validity", vec![d], get(&access::driver_validity(&driver))),
        ("driver_day", vec![d, ("date", "2024-12-10")], get(&access::driver_day(&driver, moment.day()))),
        ("vehicle", vec![v], get(&access::vehicle(&vehicle))),
        ("vehicle_validity", vec![v], get(&access::vehicle_validity(&vehicle))),
        ("vehicle_day", vec![v, ("date", "2024-12-10")], get(&access::vehicle_day(&vehicle, moment.day()))),
        ("tariff_in_force", vec![("at", "1733842200")], list(&access::tariff_in_force(moment))),
        (
            "tariff",
            vec![("effectiveFrom", "1733842200"), ("tariffVersion", "000002")],
            get(&access::tariff((moment, 2))),
        ),
        ("tariff_versions", vec![], list(&access::tariff_versions())),
        ("tariff_head", vec![], get(&access::tariff_head())),
        ("settings", vec![], get(&access::settings())),
        (
            "route_memo",
            vec![("wayHash", "bcceb98595edd8bf966e333f0635c9f1")],
            get(&access::route_memo(&station_to_harbour(moment))),
        ),
        (
            "place_memo",
            vec![("addressHash", "465fa518b36c81f73fc5bd589c21758e")],
            get(&access::place_memo("12 Acacia Avenue, Poole")),
        ),
    ];
    for (channel, name) in [(Channel::Email, "email"), (Channel::Sms, "sms")] {
        let words = vec![b, ("event", "en_route"), ("version", "000012"), ("channel", name)];
        all.push(("notice_of_event", words, get(&access::notice_of_event(&event, channel))));
    }
    for status in BookingStatus::ALL {
        let words = vec![("status", status.as_str()), from_to[0], from_to[1]];
        all.push(("bookings_by_status", words, list(&access::bookings_by_status(*status, window))));
    }
    for status in PaymentStatus::ALL {
        let words = vec![("status", status.as_str()), from_to[0], from_to[1]];
        all.push(("payments_by_status", words, list(&access::payments_by_status(*status, window))));
    }
    for status in DocumentStatus::ALL {
        let words = vec![("status", status.as_str())];
        all.push(("documents_by_status", words, list(&access::documents_by_status(*status))));
        let words = vec![("status", status.as_str()), ("lastSecond", "1733842199")];
        let expiring = access::documents_expiring_before(*status, moment);
        all.push(("documents_expiring_before", words, list(&expiring)));
    }
    for status in ComplaintStatus::ALL {
        let words = vec![("status", status.as_str())];
        all.push(("complaints_by_status", words, list(&access::complaints_by_status(*status))));
    }
    for status in FleetStatus::ALL {
        let words = || vec![("status", status.as_str())];
        all.push(("drivers_by_status", words(), list(&access::drivers_by_status(status))));
        all.push(("vehicles_by_status", words(), list(&access::vehicles_by_status(status))));
    }
    all
}

#[test]
fn every_function_asks_what_the_document_says() {
    let examples = examples();
    for row in rows() {
        let of_row: Vec<_> = examples.iter().filter(|(function, ..)| *function == row.function).collect();
        assert!(!of_row.is_empty(), "{} has no example here", row.function);
        for (function, words, asked) in of_row {
            let said = words.iter().fold(row.condition.clone(), |text, (name, value)| {
                assert!(text.contains(&format!("{{{name}}}")), "{function} has no {{{name}}}");
                text.replace(&format!("{{{name}}}"), value)
            });
            assert_eq!(said, asked.condition, "{function}");
            assert_eq!(
                (row.index.as_str(), row.order.as_str(), row.round_trips.as_str()),
                (asked.index.as_str(), asked.order, asked.round_trips),
                "{function}"
            );
        }
    }
}

#[test]
fn the_document_knows_what_may_be_spread() {
    let document = source("docs/access-patterns.md");
    let section = document.split("## Shards").nth(1).expect("a section on shards");
    let functions: BTreeSet<_> = rows().into_iter().map(|row| row.function).collect();
    let named: BTreeSet<_> =
        section.split('`').map(str::to_owned).filter(|word| functions.contains(word)).collect();
    let spread: BTreeSet<_> =
        examples().into_iter().filter(|(.., asked)| asked.spread).map(|(name, ..)| name.to_owned()).collect();
    assert_eq!(named, spread);
}

#[test]
fn a_window_that_is_open_reaches_to_the_end_of_time() {
    let driver = DriverId::parse("driver_Y8").unwrap();
    let asked = list(&access::jobs_of_driver(&driver, Window::default()));
    let all = "GSI3PK = DRIVER#driver_Y8, GSI3SK between PICKUP_TIME#1000000000 and PICKUP_TIME#9999999999";
    assert_eq!(asked.condition, all);
}
