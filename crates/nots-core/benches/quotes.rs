//! Quotes priced in a second on one core, in the core alone: `cargo bench -p nots-core --bench quotes`.
//!
//! A quote is what `Quote::offer` makes: the chosen kind of vehicle in full, the totals of the others that fit, and the item
//! that the table would hold.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that prints figures")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use nots_core::{
    Pence, QuoteId, Timestamp,
    area::Area,
    calendar::LocalDate,
    entity::{
        Quote, Tariff,
        quote::{Enquiry, ReturnLeg},
        tariff::{Code, Label, Zone, demo},
    },
    geo::{Coordinates, Place},
    journey::{Leg, Measure, Source, VehicleType, ViaStop},
    pricing::Wanted,
};

const MEASURED_FOR: Duration = Duration::from_secs(2);

fn at(latitude: f64, longitude: f64) -> Coordinates {
    Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() }
}

fn place(latitude: f64, longitude: f64) -> Place {
    Place { address: "Somewhere in Dorset".to_owned(), at: at(latitude, longitude) }
}

fn measure(metres: u32, seconds: u32) -> Measure {
    Measure::from(Leg { metres, seconds, source: Source::Estimate, polyline: None })
}

fn pickup_time() -> Timestamp {
    "2026-11-24".parse::<LocalDate>().unwrap().begins().plus(43_200)
}

fn plain() -> Enquiry {
    Enquiry {
        pickup_location: place(50.7260, -1.8782),
        via_stops: Vec::new(),
        dropoff_location: place(50.7122, -2.0053),
        pickup_time: pickup_time(),
        journey: measure(8_500, 1_200),
        vehicle_type: VehicleType::Standard,
        passengers: 2,
        luggage: 1,
        extras: Vec::new(),
        return_leg: None,
    }
}

fn to_the_airport() -> Enquiry {
    Enquiry { dropoff_location: place(51.4706, -0.4619), journey: measure(166_000, 7_463), ..plain() }
}

fn with_everything() -> Enquiry {
    let stop = |n: f64| ViaStop { place: place(50.73 + n / 100.0, -1.9), waiting_minutes: 12 };
    let extras = [("child_seat", 2), ("meet_and_greet", 1), ("wheelchair_access", 1)];
    Enquiry {
        via_stops: [1.0, 2.0, 3.0, 4.0, 5.0].map(stop).into(),
        extras: extras.map(|(code, quantity)| Wanted { code: Code::parse(code).unwrap(), quantity }).into(),
        return_leg: Some(ReturnLeg {
            pickup_time: pickup_time().plus(36_000),
            journey: measure(166_000, 7_463),
        }),
        ..to_the_airport()
    }
}

/// A hundred zones, each a ring of twenty corners, before the demonstration's own.
fn of_a_hundred_zones(tariff: &Tariff) -> Tariff {
    let mut tariff = tariff.clone();
    let ring = |n: f64| {
        let corner = |i: u32| {
            let turn = f64::from(i) / 20.0 * std::f64::consts::TAU;
            at(52.0 + n / 100.0 + turn.sin() / 200.0, -3.0 + turn.cos() / 200.0)
        };
        Area::Polygon { points: (0..20).map(corner).collect() }
    };
    let more = (0..93_u32).map(|n| Zone {
        code: Code::parse(&format!("zone{n}")).unwrap(),
        name: Label::parse("A zone").unwrap(),
        area: ring(f64::from(n)),
        airport_fee: (n < 14).then_some(Pence::new(500)),
    });
    tariff.terms.zones.splice(0..0, more);
    tariff.terms.clone().check().unwrap();
    tariff
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch is what this is for")]
fn a_second(tariff: &Tariff, enquiry: &Enquiry) -> f64 {
    let id = QuoteId::parse("quote_1").unwrap();
    let once = || {
        let quote =
            Quote::offer(id.clone(), black_box(enquiry).clone(), black_box(tariff), pickup_time()).unwrap();
        black_box(quote.after().to_item().unwrap());
    };
    (0..1_000).for_each(|_| once());
    let (started, mut made) = (Instant::now(), 0_u32);
    while started.elapsed() < MEASURED_FOR {
        (0..100).for_each(|_| once());
        made += 100;
    }
    f64::from(made) / started.elapsed().as_secs_f64()
}

fn main() {
    // `cargo test --benches` only looks whether it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let small = demo().unwrap();
    let large = of_a_hundred_zones(&small);
    println!("| a quote | a second on one core | of the first |");
    println!("|---|---:|---:|");
    let mut first = None;
    for (name, tariff, enquiry) in [
        ("one way, by distance and time", &small, plain()),
        ("to an airport, at a fixed price", &small, to_the_airport()),
        ("there and back, five stops, extras", &small, with_everything()),
        ("the same, by a tariff of a hundred zones", &large, with_everything()),
    ] {
        let rate = a_second(tariff, &enquiry);
        let ratio = rate / *first.get_or_insert(rate);
        println!("| {name} | {rate:.0} | {ratio:.2} |");
    }
}
