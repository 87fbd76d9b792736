//! How large an item can become: every text and list of an item is drawn out until its entity refuses to read it, and
//! what can be drawn out without end is listed with what bounds it elsewhere. `docs/access-patterns.md` has the figures.

use std::collections::{BTreeMap, BTreeSet};

use nots_core::{
    entity::{
        Booking, CheckoutAttempt, CognitoLink, Complaint, ComplianceDocument, Driver, DriverDay,
        DriverLocation, DriverValidity, History, Notice, Payment, PlaceMemo, Quote, Rating, ReferenceLink,
        ReplacedDocument, RouteMemo, Settings, StripeLink, Tariff, TariffHead, User, Vehicle, VehicleDay,
        VehicleValidity, WebhookEvent, booking::Step, link::EmailLink, user::MAX_SAVED_ADDRESSES,
    },
    import,
    journey::{MAX_EXTRAS, MAX_VIA_STOPS},
    table::{Entity, MOST_BYTES, Stored, item_bytes},
};
use nots_testkit::World;
use serde_json::{Value, json};

use super::{all_plain, examples, journey};
use crate::documents::source;

/// A text or list that its type does not bound: entity and place, how long it can be, and what says so.
type Bound = (&'static str, &'static str, usize, &'static str);
const BOUNDS: &[Bound] = &[
    ("Booking", "/amendment/terms/extras", MAX_EXTRAS, "the request"),
    ("Booking", "/amendment/terms/journey/viaStops", MAX_VIA_STOPS, "the request"),
    ("Booking", "/amendment/terms/pricing/lines", import::MAX_LINES, "as a booking's"),
    ("Booking", "/amendment/terms/pricing/lines/*/description", import::MAX_DESCRIPTION, "as a booking's"),
    ("Booking", "/driver/licenceNumber", 60, "as the driver has it; an import"),
    ("Booking", "/flightNumber", 10, "the request; an import"),
    ("Booking", "/internalNotes", import::MAX_NOTES, "an import"),
    ("Booking", "/payment/stripePaymentIntentId", 255, "Stripe; an import"),
    ("Booking", "/extras", MAX_EXTRAS, "the request; an import"),
    ("Booking", "/journey/viaStops", MAX_VIA_STOPS, "the request; an import"),
    (
        "Booking",
        "/pricing/lines",
        import::MAX_LINES,
        "8 rules, and a tariff's uplifts, extras and airports; an import",
    ),
    (
        "Booking",
        "/pricing/lines/*/description",
        import::MAX_DESCRIPTION,
        "words of ours and two names of a tariff; an import",
    ),
    ("Booking", "/steps", Step::ALL.len(), "each step once, also in an import"),
    ("Booking", "/vehicle/color", 40, "as the vehicle has it; an import"),
    ("Booking", "/vehicle/make", 60, "as the vehicle has it; an import"),
    ("Booking", "/vehicle/model", 60, "as the vehicle has it; an import"),
    ("Booking", "/vehicle/plateNumber", 60, "as the vehicle has it; an import"),
    ("Booking", "/vehicle/registration", 8, "as the vehicle has it; an import"),
    ("PlaceMemo", "/addressHash", 32, "we make it"),
    ("Quote", "/alternatives", 2, "the other kinds of vehicle"),
    ("Quote", "/extras", 10, "the request"),
    ("Quote", "/journey/route/polyline", 8_192, "a longer one is dropped"),
    ("Quote", "/pricing/legs/outward/lines", 48, "as a booking's"),
    ("Quote", "/pricing/legs/outward/lines/*/description", 200, "as a booking's"),
    ("Quote", "/pricing/legs/return/lines", 48, "as a booking's"),
    ("Quote", "/pricing/legs/return/lines/*/description", 200, "as a booking's"),
    ("Quote", "/pricing/lines", 50, "as a booking's, and the way back"),
    ("Quote", "/pricing/lines/*/description", 200, "as a booking's"),
    ("Quote", "/returnLeg/journey/route/polyline", 8_192, "a longer one is dropped"),
    ("Quote", "/viaStops", 5, "the request"),
    ("RouteMemo", "/journey/route/polyline", 8_192, "a longer one is dropped"),
    ("RouteMemo", "/wayHash", 32, "we make it"),
    ("Tariff", "/bankHolidays/also", 100, "a tariff is checked as a whole"),
    ("Tariff", "/bankHolidays/except", 100, "a tariff is checked as a whole"),
    ("Tariff", "/cancellation/rows", 20, "a tariff is checked as a whole"),
    ("Tariff", "/extras", 30, "a tariff is checked as a whole"),
    ("Tariff", "/fixedPrices", 300, "a tariff is checked as a whole"),
    ("Tariff", "/serviceArea", 100, "a tariff is checked as a whole"),
    ("Tariff", "/uplifts/entries", 10, "a tariff is checked as a whole"),
    ("Tariff", "/zones", 100, "a tariff is checked as a whole"),
    ("User", "/preferences/savedAddresses", MAX_SAVED_ADDRESSES, "an import"),
];

/// Longer than any bound of a text, and of a list.
const WITHOUT_END: usize = 20_000;
const MANY: usize = 1_000;

/// An item being drawn out.
struct Drawn<E> {
    item: Value,
    unbounded: BTreeSet<String>,
    empty: BTreeSet<String>,
    entity: std::marker::PhantomData<E>,
}

impl<E: Entity> Drawn<E> {
    fn is_read(item: &Value) -> bool {
        Stored::<E>::from_item(serde_dynamo::to_item(item).expect("an item")).is_ok()
    }

    /// Whether the item is read with this value at this place.
    fn takes(&self, at: &str, value: Value) -> bool {
        let mut item = self.item.clone();
        *item.pointer_mut(at).expect("a place of it") = value;
        Self::is_read(&item)
    }

    /// The most of something that is taken, at most so much; none when not even the least is.
    fn most(&self, at: &str, limit: usize, of: &dyn Fn(usize) -> Value) -> Option<usize> {
        if !self.takes(at, of(1)) {
            return None;
        }
        let (mut taken, mut refused) = (1, limit + 1);
        while refused - taken > 1 {
            let middle = taken + (refused - taken) / 2;
            if self.takes(at, of(middle)) { taken = middle } else { refused = middle }
        }
        Some(taken)
    }

    /// Whether this value at this place is written again when the item is.
    fn keeps(&self, at: &str, value: Value) -> bool {
        let mut item = self.item.clone();
        *item.pointer_mut(at).expect("a place of it") = value.clone();
        let row = Stored::<E>::from_item(serde_dynamo::to_item(&item).unwrap()).expect("it is read");
        let written: Value = serde_dynamo::from_item(row.to_item().unwrap()).unwrap();
        written.pointer(at) == Some(&value)
    }

    fn set(&mut self, at: &str, value: Value) {
        *self.item.pointer_mut(at).expect("a place of it") = value;
    }

    /// What is listed of a place that has no end of its own. Elements of a list are one place.
    fn bound(&mut self, at: &str) -> usize {
        let steps = at.strip_prefix("/Data").unwrap_or(at).split('/');
        let place: Vec<_> =
            steps.map(|step| if step.parse::<usize>().is_ok() { "*" } else { step }).collect();
        let place = place.join("/");
        let listed = BOUNDS.iter().find(|(entity, listed, ..)| *entity == E::TYPE && *listed == place);
        self.unbounded.insert(place);
        listed.map_or(1, |(_, _, most, _)| *most)
    }

    fn draw(&mut self, at: &str) {
        match self.item.pointer(at).expect("a place of it").clone() {
            Value::Object(inner) => {
                for name in inner.keys() {
                    self.draw(&format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")));
                }
            }
            // Nothing can be drawn out of an empty list: the item must have an element of each.
            Value::Array(elements) if elements.is_empty() => {
                self.empty.insert(at.to_owned());
            }
            Value::Array(_) => {
                self.draw(&format!("{at}/0"));
                let first = self.item.pointer(&format!("{at}/0")).expect("an element").clone();
                let list = move |n: usize| Value::from(vec![first.clone(); n]);
                let mut most = self.most(at, MANY, &list).expect("one is taken");
                if most == MANY {
                    most = self.bound(at);
                }
                self.set(at, list(most));
            }
            Value::String(text) => self.draw_text(at, &text),
            // What is not there yet may be a text.
            Value::Null => self.draw_text(at, ""),
            _ => {}
        }
    }

    fn draw_text(&mut self, at: &str, text: &str) {
        let more = |tail: &'static str| move |n: usize| Value::from(format!("{text}{}", tail.repeat(n)));
        let wide = |n: usize| Value::from("𝄞".repeat(n));
        let ways: [&dyn Fn(usize) -> Value; 4] = [&wide, &more("a"), &more("1"), &more("A")];
        for of in ways {
            if let Some(mut most) = self.most(at, WITHOUT_END, of) {
                if most == WITHOUT_END {
                    // What is derived is not read at all.
                    if !self.keeps(at, of(most)) {
                        return;
                    }
                    most = self.bound(at);
                }
                self.set(at, of(most));
                return;
            }
        }
    }
}

/// The bytes of the largest item of an entity, and the places that its types do not bound.
fn largest<E: Entity>(item: &Value) -> (usize, BTreeSet<String>) {
    let mut drawn = Drawn::<E> {
        item: item.clone(),
        unbounded: BTreeSet::new(),
        empty: BTreeSet::new(),
        entity: std::marker::PhantomData,
    };
    assert!(Drawn::<E>::is_read(item), "{item:#}");
    drawn.draw("/Data");
    drawn.draw("/UpdatedBy");
    assert_eq!(drawn.empty, BTreeSet::new(), "lists of {} that have nothing to draw out", E::TYPE);
    let row = Stored::<E>::from_item(serde_dynamo::to_item(&drawn.item).unwrap()).expect("it is still read");
    (item_bytes(&row.to_item().unwrap()), drawn.unbounded)
}

/// An item as every item is, of what is in it.
fn item_of(entity: &str, data: Value) -> Value {
    json!({
        "PK": "x", "SK": "x", "EntityType": entity, "Data": data, "CreatedAt": 1_701_710_400,
        "UpdatedAt": 1_701_710_400, "UpdatedBy": "user_1", "Version": 1, "SchemaVersion": 1,
    })
}

/// What a journey leaves in no item: the entities whose endpoints are still to come, and names that are seldom there.
fn seldom() -> Vec<Value> {
    let document: Value = serde_json::from_str(examples::DOCUMENT).unwrap();
    let mut replaced = document["Data"].clone();
    let more = json!({ "replacedAt": 1_701_710_400, "replacedBy": "user_1", "successor": "doc_2" });
    replaced.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let example = |entity: &str, text: &str| {
        item_of(entity, serde_json::from_str::<Value>(text).unwrap()["Data"].take())
    };
    vec![
        example("Rating", examples::RATING),
        example("Complaint", examples::COMPLAINT),
        example("Driver", examples::DRIVER),
        example("ComplianceDocument", examples::DOCUMENT),
        item_of("ReplacedDocument", replaced),
        example("User", examples::USER),
        item_of("UniqueEmail", json!({ "email": "a@example.com", "userId": "user_1" })),
        item_of("UniqueCognito", json!({ "cognitoId": "x", "userId": "user_1" })),
        item_of(
            "RouteMemo",
            json!({
                "wayHash": "0123456789abcdef0123456789abcdef",
                "journey": {
                    "distance": { "meters": 4_000_000_000_u32 }, "duration": { "seconds": 4_000_000_000_u32 },
                    "route": { "polyline": "x" }, "source": "google",
                },
            }),
        ),
        item_of(
            "PlaceMemo",
            json!({
                "addressHash": "0123456789abcdef0123456789abcdef",
                "at": { "latitude": -50.123_456_7, "longitude": -170.123_456_7 },
            }),
        ),
        item_of(
            "DriverLocation",
            json!({ "driverId": "driver_1", "latitude": -50.123_456_7, "longitude": -170.123_456_7, "updatedAt": 1_701_710_400 }),
        ),
        item_of(
            "WebhookEvent",
            json!({
                "eventId": "evt_1", "eventType": "charge.refunded", "apiVersion": "x", "livemode": true, "objectId": "ch_1",
                "bookingId": "booking_1", "occurredAt": 1_701_710_400, "receivedAt": 1_701_710_400,
                "status": "unrecognised", "reason": "x", "reviewedBy": "user_1", "reviewedAt": 1_701_710_400,
            }),
        ),
    ]
}

/// Names that are left out where they are empty.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("Booking", "flightNumber", "BA1"),
    ("Booking", "takenBy", "user_1"),
    ("Booking", "specialRequirements", "x"),
    ("Quote", "usedBy", "user_1"),
    ("Driver", "licenceNumber", "x"),
    ("Driver", "licensingAuthority", "x"),
    ("ComplianceDocument", "rejectionReason", "x"),
    ("ReplacedDocument", "rejectionReason", "x"),
];

#[tokio::test]
async fn no_item_comes_near_to_what_dynamodb_refuses() {
    let world = World::new().await;
    journey(&world, true).await;
    // With everything that a journey can have, there and back.
    let mut asked = world.journey(86_400);
    asked["returnJourney"] = json!(true);
    asked["returnPickupTime"] = json!(world.now() + 2 * 86_400);
    asked["viaStops"] =
        json!([{ "latitude": 50.723_456_7, "longitude": -1.981_234_5, "waitingMinutes": 120 }]);
    asked["extras"] = json!(["child_seat"]);
    let quote = world.post("/v1/quotes", None, asked).await.expect_status(201);
    let mut items: BTreeMap<String, Value> = BTreeMap::new();
    for item in world.table().values().map(all_plain).chain(seldom()) {
        let entity = item["EntityType"].as_str().unwrap().to_owned();
        // The longest of a kind has the most in it to draw out.
        let length = |item: &Value| item["Data"].to_string().len();
        if items.get(&entity).is_none_or(|other| length(other) < length(&item)) {
            items.insert(entity, item);
        }
    }
    for (entity, name, value) in LEFT_OUT {
        let data = items.get_mut(*entity).unwrap()["Data"].as_object_mut().unwrap();
        data.insert((*name).to_owned(), json!(value));
    }
    let booked = &mut items.get_mut("Booking").unwrap()["Data"];
    booked["extras"] = quote["extras"].clone();
    booked["journey"]["viaStops"] = quote["viaStops"].clone();
    booked["steps"] = json!([{
        "step": "passenger_onboard", "at": 1_701_710_400, "recordedAt": 1_701_710_400,
        "location": { "latitude": -50.723_456_7, "longitude": -101.981_234_5 },
    }]);
    booked["returnBookingId"] = json!("booking_1");
    booked["committed"] = json!({ "from": 1_701_710_400, "to": 1_701_710_401 });
    let amount = json!({ "total": -1, "currency": "GBP", "displayTotal": "-£0.01" });
    booked["cancellation"] = json!({
        "by": "customer", "secondsBefore": 1, "row": { "kind": "hours_before", "hoursBefore": 1, "fee": { "percentBasisPoints": 1 } },
        "fee": amount, "refund": amount, "reason": "x", "at": 1_701_710_400, "cancelledBy": "user_1",
        "location": { "latitude": -50.723_456_7, "longitude": -101.981_234_5 },
    });
    let terms = ["journey", "vehicleType", "passengers", "luggage", "extras", "pricing"]
        .map(|name| (name.to_owned(), booked[name].clone()));
    let mut terms: serde_json::Map<_, _> = terms.into_iter().collect();
    terms.extend([("specialRequirements".to_owned(), json!("x")), ("flightNumber".to_owned(), json!("x"))]);
    booked["amendment"] = json!({
        "number": 1, "quoteId": "quote_1", "terms": terms, "difference": amount, "askedAt": 1_701_710_400,
        "payBy": 1_701_710_400, "askedBy": "user_1",
    });
    booked["amendments"] = json!(1);
    booked["amended"] = json!({
        "number": 1, "quoteId": "quote_1", "at": 1_701_710_400, "askedBy": "user_1", "difference": amount,
        "settled": { "kind": "given_back", "amount": amount },
    });
    let tariff = &mut items.get_mut("Tariff").unwrap()["Data"];
    tariff["bankHolidays"] = json!({ "also": ["2030-01-02"], "except": ["2030-01-01"] });
    tariff["serviceArea"] = json!(["poole"]);
    let mut found = BTreeSet::new();
    let mut figures = BTreeMap::new();
    macro_rules! measure {
        ($($entity:ty)*) => {$(
            let name = <$entity as Entity>::TYPE;
            let (bytes, unbounded) = largest::<$entity>(&items.remove(name).expect(name));
            found.extend(unbounded.into_iter().map(|place| format!("{name} {place}")));
            figures.insert(name, bytes);
        )*};
    }
    measure! {
        Booking CheckoutAttempt Complaint ComplianceDocument Driver DriverDay DriverLocation DriverValidity Notice Payment Quote Rating ReferenceLink ReplacedDocument Settings StripeLink Tariff TariffHead User EmailLink CognitoLink RouteMemo PlaceMemo Vehicle VehicleDay
        VehicleValidity WebhookEvent
    }
    // What a version changed is at most all that was and all that is, each named by its place.
    items.remove(History::TYPE);
    figures.insert(History::TYPE, 2 * figures[Booking::TYPE] + 200 * 100);
    assert!(items.is_empty(), "no size is known of {:?}", items.keys());
    let listed: BTreeSet<_> = BOUNDS.iter().map(|(entity, place, ..)| format!("{entity} {place}")).collect();
    assert_eq!(found, listed, "what no type bounds, and what is listed of it");

    let document = source("docs/access-patterns.md");
    let table = document.split("| entity | at most |").nth(1).expect("the table of sizes");
    let mut said: BTreeMap<String, usize> = BTreeMap::new();
    for line in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let most = cells[1].strip_suffix(" KB").expect(line).parse().expect(line);
        said.extend(cells[0].split(", ").map(|name| (name.trim_matches('`').to_owned(), most)));
    }
    let names: BTreeSet<_> = figures.keys().map(|name| (*name).to_owned()).collect();
    assert_eq!(names, said.keys().cloned().collect(), "the entities of the document; {figures:?}");
    for (name, bytes) in figures {
        let most = said[name] * 1_024;
        // Of a history row it is counted that every place of a booking changes at once, which no change does.
        let near = if name == History::TYPE { MOST_BYTES / 4 * 3 } else { MOST_BYTES / 2 };
        assert!(bytes <= most && most <= near, "{name} can have {bytes} bytes, the document says {most}");
    }
}
