//! Documents and those that they replaced, versions of the tariff, the card processor's events, and answers about ways and
//! addresses.

use nots_core::{
    Actor, DocumentId, access,
    entity::{
        ComplianceDocument, PlaceMemo, Reconciliation, ReplacedDocument, RouteMemo, Tariff, TariffHead,
        WebhookEvent,
        document::{DocumentStatus, Holder, Upload},
        reconciliation::{Difference, DifferenceKind},
        route_memo::Keep,
        tariff,
        webhook::{Arrival, StripeEventId, WebhookStatus},
    },
    geo::{Coordinates, Place},
    journey::{Leg, Source, Way},
    ports::Table,
    table::{Entity, Machine, New, Stored, Transaction},
    text::Text,
    time::Interval,
};
use proptest::prelude::*;

use super::{
    compare::Asked,
    ops::{FEW, KINDS, REFERENCES},
    shown::{Shown, fact, number, seconds},
    state::{Fact, Model, Name, Whose},
    verbs::{Both, holder, nth_of, one},
};
use crate::rows::at;

/// Ways to ask of.
const WAYS: usize = 2;
/// Addresses to ask of.
const ADDRESSES: [&str; 2] = ["12 Acacia Avenue", "12 Acacia Road"];
/// When documents run out: before anything happens, within thirty days, and later.
const EXPIRIES: [i64; 3] = [10, 200_000, 5_000_000];
const THIRTY_DAYS: i64 = 30 * 86_400;
/// So much later time is asked what it says of a document.
const LATER: i64 = 4_000_000;
/// What can come of an event when it comes.
const OUTCOMES: [WebhookStatus; 4] = [
    WebhookStatus::Applied,
    WebhookStatus::Irrelevant,
    WebhookStatus::Unrecognised,
    WebhookStatus::Mismatched,
];

#[derive(Debug, Clone)]
pub(super) enum Op {
    File {
        whose: Whose,
        number: usize,
        kind: usize,
    },
    Replace {
        document: usize,
        expiry: usize,
    },
    /// Approve until a moment, reject, or see what time says.
    Review {
        document: usize,
        how: usize,
        expiry: usize,
    },
    Publish {
        effective: i64,
    },
    Take {
        event: usize,
        outcome: usize,
    },
    /// It has its effect after all, or a person looks at it.
    Look {
        event: usize,
        how: usize,
    },
    /// The books differ from the card processor's lists in so many things.
    Find {
        differences: usize,
    },
    Ask {
        way: usize,
        seconds: u32,
    },
    /// Nowhere at 0 degrees.
    Locate {
        address: usize,
        degrees: u32,
    },
}

pub(super) fn any_op() -> impl Strategy<Value = Op> {
    let some = || 0_usize..64;
    let expiry = || 0..EXPIRIES.len();
    let whose = prop_oneof![Just(Whose::Driver), Just(Whose::Vehicle)];
    prop_oneof![
        2 => (whose, 0..FEW, 0..KINDS.len()).prop_map(|(whose, number, kind)| Op::File { whose, number, kind }),
        2 => (some(), expiry()).prop_map(|(document, expiry)| Op::Replace { document, expiry }),
        4 => (some(), 0_usize..3, expiry())
            .prop_map(|(document, how, expiry)| Op::Review { document, how, expiry }),
        2 => (0_i64..4).prop_map(|effective| Op::Publish { effective }),
        2 => (0..REFERENCES, 0..OUTCOMES.len()).prop_map(|(event, outcome)| Op::Take { event, outcome }),
        2 => (some(), 0_usize..2).prop_map(|(event, how)| Op::Look { event, how }),
        1 => (1_usize..4).prop_map(|differences| Op::Find { differences }),
        1 => (0..WAYS, 1_u32..9).prop_map(|(way, seconds)| Op::Ask { way, seconds }),
        1 => (0..ADDRESSES.len(), 0_u32..3).prop_map(|(address, degrees)| Op::Locate { address, degrees }),
    ]
}

/// What there is before anything happens.
pub(super) fn opening() -> Vec<Op> {
    let file = |whose| Op::File { whose, number: 0, kind: 0 };
    vec![
        file(Whose::Driver),
        file(Whose::Vehicle),
        Op::Publish { effective: 0 },
        Op::Take { event: 9, outcome: 2 },
    ]
}

/// Those that want the same.
pub(super) fn rivals() -> impl Strategy<Value = Vec<Op>> {
    let some = || 0_usize..64;
    prop_oneof![
        // A document is replaced while somebody looks at it, or while another takes its place.
        3 => (some(), 0_usize..3, 0..EXPIRIES.len()).prop_map(|(document, how, expiry)| {
            vec![Op::Replace { document, expiry }, Op::Review { document, how, expiry }]
        }),
        1 => some().prop_map(|document| [0, 1].map(|expiry| Op::Replace { document, expiry }).to_vec()),
        // One number, two versions.
        2 => (0_i64..3, 0_i64..2)
            .prop_map(|(from, more)| [from, from + more].map(|effective| Op::Publish { effective }).to_vec()),
        1 => (0..REFERENCES, 0..OUTCOMES.len()).prop_map(|(event, outcome)| {
            [0, outcome].map(|outcome| Op::Take { event, outcome }).to_vec()
        }),
        1 => some().prop_map(|event| [0, 1].map(|how| Op::Look { event, how }).to_vec()),
        1 => (1_usize..4).prop_map(|differences| vec![Op::Find { differences }, Op::Find { differences: 1 }]),
        1 => (0..WAYS).prop_map(|way| [1, 2].map(|seconds| Op::Ask { way, seconds }).to_vec()),
        1 => (0..ADDRESSES.len())
            .prop_map(|address| [0, 1].map(|degrees| Op::Locate { address, degrees }).to_vec()),
    ]
}

/// A document's id by the second at which it came in.
fn document_id(second: i64) -> DocumentId {
    DocumentId::parse(&format!("doc_{second}")).unwrap()
}

fn event_id(number: usize) -> StripeEventId {
    StripeEventId::parse(&format!("evt_{number}")).unwrap()
}

/// An event that has not come before.
pub(super) fn taken(number: usize, status: WebhookStatus, now: i64) -> New<WebhookEvent> {
    let arrival = Arrival {
        event_id: event_id(number),
        event_type: Text::parse("checkout.session.completed").unwrap(),
        api_version: None,
        livemode: false,
        object_id: None,
        booking_id: None,
        occurred_at: None,
    };
    WebhookEvent::take(arrival, status, None, at(now))
}

fn way(number: usize) -> Way {
    let departing = at(i64::try_from(number).unwrap() * 600);
    Way { from: north(50.7), via: Vec::new(), to: north(50.8), departing }
}

fn north(latitude: f64) -> Coordinates {
    Coordinates { latitude: latitude.try_into().unwrap(), longitude: (-1.9).try_into().unwrap() }
}

fn kept<E: Entity>(keep: Keep<E>) -> Transaction {
    match keep {
        Keep::First(new) => Transaction::new().create(&new),
        Keep::Again(rewrite) => Transaction::new().rewrite(&rewrite),
    }
}

fn nth_document(model: &Model, nth: usize) -> Option<(Whose, usize, usize)> {
    nth_of(model, nth, |name, _| match name {
        Name::Document(whose, number, kind) => Some((whose, number, kind)),
        _ => None,
    })
}

/// What time says of a good document.
fn of_good(expiry: i64, now: i64) -> &'static str {
    match expiry - now {
        ..=0 => "expired",
        1..=THIRTY_DAYS => "expiring_soon",
        _ => "valid",
    }
}

pub(super) async fn both(table: &dyn Table, model: &Model, op: &Op, now: i64) -> Option<Both> {
    let (by, when) = (Actor::System, at(now));
    let made = |fact: Fact| Fact { made: now, ..fact };
    let came = u32::try_from(now).unwrap();
    Some(match *op {
        Op::File { whose, number, kind } => {
            let document = ComplianceDocument {
                document_id: document_id(now),
                holder: holder(whose, number),
                document_type: KINDS[kind],
                status: DocumentStatus::PendingReview,
                expiry_date: at(EXPIRIES[1]),
                uploaded_at: when,
                file_url: None,
                file_key: None,
                reviewed_by: None,
                reviewed_at: None,
                rejection_reason: None,
            };
            let fact = Fact { status: "pending_review", at: EXPIRIES[1], count: came, ..Fact::default() };
            let part = Model::create(Name::Document(whose, number, kind), made(fact));
            (Some(Transaction::new().create(&document.file(by, when))), one(part))
        }
        Op::Replace { document, expiry } => {
            let (whose, number, kind) = nth_document(model, document)?;
            let name = Name::Document(whose, number, kind);
            let seen = model.get(name)?;
            let row = table.read(access::document(&holder(whose, number), KINDS[kind])).await.unwrap()?;
            let upload = Upload {
                document_id: document_id(now),
                expiry_date: at(EXPIRIES[expiry]),
                file_url: None,
                file_key: None,
            };
            let replaced = ComplianceDocument::replace(row, upload, by, when).unwrap();
            let next =
                Fact { status: "pending_review", at: EXPIRIES[expiry], count: came, ..Fact::default() };
            let past = Fact { status: seen.status, at: seen.at, count: seen.count, ..Fact::default() };
            let parts = vec![
                Model::change(name, seen, next),
                Model::create(Name::Past(whose, number, kind, seen.count), made(past)),
            ];
            (Some(replaced), Some(parts))
        }
        Op::Review { document, how, expiry } => {
            let (whose, number, kind) = nth_document(model, document)?;
            let name = Name::Document(whose, number, kind);
            let seen = model.get(name)?;
            let row = table.read(access::document(&holder(whose, number), KINDS[kind])).await.unwrap()?;
            let until = EXPIRIES[expiry];
            let reviewed = match how {
                0 => ComplianceDocument::approve(row, at(until), by, when).ok(),
                1 => ComplianceDocument::reject(row, Text::parse("Unreadable").unwrap(), by, when).ok(),
                _ => ComplianceDocument::age(row, at(now + LATER)).unwrap(),
            };
            let next = match how {
                0 => Some((of_good(until, now), until)).filter(|_| seen.status == "pending_review"),
                1 => Some(("rejected", seen.at)).filter(|_| name.may(seen.status, "rejected")),
                _ => {
                    let good = matches!(seen.status, "valid" | "expiring_soon");
                    let status = of_good(seen.at, now + LATER);
                    (good && status != "valid" && status != seen.status).then_some((status, seen.at))
                }
            };
            let change =
                next.map(|(status, at)| vec![Model::change(name, seen, Fact { status, at, ..seen.clone() })]);
            (reviewed.map(|reviewed| Transaction::new().apply(&reviewed)), change)
        }
        Op::Publish { effective } => {
            let head = table.read(access::tariff_head()).await.unwrap();
            let terms = tariff::demo_terms().unwrap().check().unwrap();
            let published = Tariff::publish(head, 0, terms, at(effective), by, when);
            let seen = model.get(Name::TariffHead);
            let count = seen.map_or(0, |head| head.count) + 1;
            let fact = Fact { at: effective, count, ..Fact::default() };
            let head = match seen {
                None => Model::create(Name::TariffHead, made(fact.clone())),
                Some(seen) => Model::change(Name::TariffHead, seen, fact.clone()),
            };
            let version = Model::create(Name::Tariff(count, effective), made(fact));
            (Some(published.transaction), Some(vec![version, head]))
        }
        Op::Take { event, outcome } => {
            let status = OUTCOMES[outcome];
            let fact = Fact { status: status.as_str(), at: now, ..Fact::default() };
            let part = Model::create(Name::Event(event), made(fact));
            (Some(Transaction::new().create(&taken(event, status, now))), one(part))
        }
        Op::Look { event, how } => {
            let is_event = |name, _: &Fact| if let Name::Event(n) = name { Some(n) } else { None };
            let number = nth_of(model, event, is_event)?;
            let name = Name::Event(number);
            let seen = model.get(name)?;
            let row = table.read(access::webhook_event(&event_id(number))).await.unwrap()?;
            let (status, moved) = match how {
                0 => ("applied", WebhookEvent::apply(row, when)),
                _ => ("reviewed", WebhookEvent::review(row, by, when)),
            };
            let next = Fact { status, ..seen.clone() };
            let change = name.may(seen.status, status).then(|| vec![Model::change(name, seen, next)]);
            (moved.ok().map(|moved| Transaction::new().apply(&moved)), change)
        }
        Op::Find { differences } => {
            let one = |_| Difference {
                booking_id: None,
                kind: DifferenceKind::BooksDoNotAddUp,
                stripe_id: None,
                theirs: None,
                ours: None,
            };
            let window = Interval::starting(when, 1);
            let found = Reconciliation::of(window, (0..differences).map(one).collect(), when);
            let count = u32::try_from(differences).unwrap();
            let part = Model::create(Name::Comparison(now), made(Fact { count, at: now, ..Fact::default() }));
            (Some(Transaction::new().create(&found.keep())), Some(vec![part]))
        }
        Op::Ask { way: number, seconds } => {
            let found = table.read(access::route_memo(&way(number))).await.unwrap();
            let leg = Leg { metres: 8_500, seconds, source: Source::Google, polyline: None };
            let transaction = kept(RouteMemo::keep(found, &way(number), &leg, when)?);
            let (name, fact) = (Name::Memo(number), Fact { count: seconds, ..Fact::default() });
            let part = match model.get(name) {
                None => Model::create(name, made(fact)),
                Some(seen) => Model::change(name, seen, fact),
            };
            (Some(transaction), one(part))
        }
        Op::Locate { address: number, degrees } => {
            let address = ADDRESSES[number];
            let found = table.read(access::place_memo(address)).await.unwrap();
            let place =
                (degrees > 0).then(|| Place { address: address.to_owned(), at: north(degrees.into()) });
            let transaction = kept(PlaceMemo::keep(found, address, place.as_ref(), when));
            let (name, fact) = (Name::Found(number), Fact { count: degrees, ..Fact::default() });
            let part = match model.get(name) {
                None => Model::create(name, made(fact)),
                Some(seen) => Model::change(name, seen, fact),
            };
            (Some(transaction), one(part))
        }
    })
}

/// What a document shows: whose and of which kind, and itself.
fn paper(document: &ComplianceDocument, fact: Fact) -> ((Whose, usize, usize), Fact) {
    let (whose, who) = match &document.holder {
        Holder::Driver { driver_id } => (Whose::Driver, number(driver_id.as_str())),
        Holder::Vehicle { vehicle_id } => (Whose::Vehicle, number(vehicle_id.as_str())),
    };
    let kind = KINDS.iter().position(|kind| *kind == document.document_type).unwrap();
    let count = u32::try_from(number(document.document_id.as_str())).unwrap();
    assert_eq!(seconds(document.uploaded_at), i64::from(count), "its id says when it came in");
    let fact = Fact { status: document.status.as_str(), at: seconds(document.expiry_date), count, ..fact };
    ((whose, who, kind), fact)
}

impl Shown for ComplianceDocument {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let ((whose, who, kind), fact) = paper(&row.data, fact(row));
        (Name::Document(whose, who, kind), fact)
    }
}

impl Shown for ReplacedDocument {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let ((whose, who, kind), fact) = paper(&row.data.document, fact(row));
        (Name::Past(whose, who, kind, fact.count), fact)
    }
}

impl Shown for Tariff {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (at, count) = (seconds(row.data.effective_from), row.data.version);
        (Name::Tariff(count, at), Fact { at, count, ..fact(row) })
    }
}

impl Shown for TariffHead {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (at, count) = (seconds(row.data.latest_effective_from), row.data.latest_version);
        (Name::TariffHead, Fact { at, count, ..fact(row) })
    }
}

impl Shown for WebhookEvent {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let e = &row.data;
        let fact = Fact { status: e.status.as_str(), at: seconds(e.received_at), ..fact(row) };
        (Name::Event(number(e.event_id.as_str())), fact)
    }
}

impl Shown for Reconciliation {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let (at, count) = (seconds(row.data.at), u32::try_from(row.data.differences.len()).unwrap());
        (Name::Comparison(at), Fact { at, count, ..fact(row) })
    }
}

impl Shown for RouteMemo {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let key = RouteMemo::key_of(row.data.id()).raw();
        let named = (0..WAYS).find(|n| access::route_memo(&way(*n)).raw() == key).unwrap();
        (Name::Memo(named), Fact { count: row.data.journey.duration.seconds, ..fact(row) })
    }
}

impl Shown for PlaceMemo {
    fn shown(row: &Stored<Self>) -> (Name, Fact) {
        let key = PlaceMemo::key_of(row.data.id()).raw();
        let named = ADDRESSES.iter().position(|address| access::place_memo(address).raw() == key).unwrap();
        let degrees = row.data.at.map_or(0.0, |at| f64::from(at.latitude));
        (Name::Found(named), Fact { count: degrees as u32, ..fact(row) })
    }
}

/// Holds every access pattern of these to the model.
pub(super) async fn compare(asked: &Asked<'_>) {
    documents(asked).await;
    tariffs(asked).await;
    let events = (0..=REFERENCES).map(|n| (Name::Event(n), access::webhook_event(&event_id(n))));
    asked.gets("webhook_event", events).await;
    let kept = |name, fact: &Fact| {
        matches!(name, Name::Event(_)) && matches!(fact.status, "unrecognised" | "mismatched")
    };
    asked.list("webhook_events_kept", access::webhook_events_kept(), false, kept, |_, fact| fact.at).await;
    let found = |name, _: &Fact| matches!(name, Name::Comparison(_));
    asked.list("reconciliations", access::reconciliations(), true, found, |_, fact| fact.at).await;
    asked.gets("route_memo", (0..WAYS).map(|n| (Name::Memo(n), access::route_memo(&way(n))))).await;
    let places = ADDRESSES.iter().enumerate();
    asked.gets("place_memo", places.map(|(n, address)| (Name::Found(n), access::place_memo(address)))).await;
}

async fn documents(asked: &Asked<'_>) {
    let holders = (0..FEW).flat_map(|n| [(Whose::Driver, n), (Whose::Vehicle, n)]);
    for (whose, n) in holders {
        let holder = holder(whose, n);
        let each = KINDS.into_iter().enumerate();
        let gets = each.map(|(at, kind)| (Name::Document(whose, n, at), access::document(&holder, kind)));
        asked.gets("document", gets).await;
        let belongs = |name, _: &Fact| matches!(name, Name::Document(w, of, _) if (w, of) == (whose, n));
        let by_kind = |name: Name, _: &Fact| match name {
            // By the kind's name: dbs, insurance, phv_vehicle_licence.
            Name::Document(_, _, kind) => [1, 0, 2][kind],
            _ => -1,
        };
        asked.list("documents_of", access::documents_of(&holder), false, belongs, by_kind).await;
        for (at, kind) in KINDS.into_iter().enumerate() {
            let belongs =
                |name, _: &Fact| matches!(name, Name::Past(w, of, k, _) if (w, of, k) == (whose, n, at));
            let query = access::replaced_documents_of(&holder, kind);
            asked.list("replaced_documents_of", query, true, belongs, |_, fact| fact.count.into()).await;
        }
    }
    let is = |name, fact: &Fact, status: &str| matches!(name, Name::Document(..)) && fact.status == status;
    for status in DocumentStatus::ALL {
        let belongs = |name, fact: &Fact| is(name, fact, status.as_str());
        let query = access::documents_by_status(*status);
        asked.list("documents_by_status", query, false, belongs, |_, fact| fact.at).await;
        // What runs out at the moment itself does not run out before it.
        let moment = EXPIRIES[1] + i64::from(asked.limit % 2);
        let belongs = |name, fact: &Fact| is(name, fact, status.as_str()) && fact.at < moment;
        let query = access::documents_expiring_before(*status, at(moment));
        asked.list("documents_expiring_before", query, false, belongs, |_, fact| fact.at).await;
    }
}

async fn tariffs(asked: &Asked<'_>) {
    asked.gets("tariff_head", [(Name::TariffHead, access::tariff_head())]).await;
    let there = asked.model.facts.keys().filter_map(|name| match name {
        Name::Tariff(version, effective) => Some((*version, *effective)),
        _ => None,
    });
    let gets = there
        .chain([(1, 9)])
        .map(|(version, from)| (Name::Tariff(version, from), access::tariff((at(from), version))));
    asked.gets("tariff", gets).await;
    let order = |_, fact: &Fact| fact.at * 1_000 + i64::from(fact.count);
    let all = |name, _: &Fact| matches!(name, Name::Tariff(..));
    asked.list("tariff_versions", access::tariff_versions(), true, all, order).await;
    let moment = i64::from(asked.limit % 5);
    let effective = |name, fact: &Fact| all(name, fact) && fact.at <= moment;
    asked.list("tariff_in_force", access::tariff_in_force(at(moment)), true, effective, order).await;
}
