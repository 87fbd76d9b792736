//! Fares: worked examples rule by rule, and what holds of every tariff and every journey.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod examples;
mod explained;
mod properties;
mod random;
mod tariffs;

use nots_core::{
    Timestamp,
    calendar::LocalDate,
    entity::tariff::{Code, Terms, demo_terms},
    geo::Coordinates,
    journey::VehicleType,
    pricing::{Direction, Fare, Rule, Trip, Wanted, work_out},
};

const STATION: (f64, f64) = (50.7260, -1.8782);
const HARBOUR: (f64, f64) = (50.7122, -2.0053);
const HEATHROW: (f64, f64) = (51.4706, -0.4619);
const FAR_AWAY: (f64, f64) = (52.4862, -1.8904);

fn place((latitude, longitude): (f64, f64)) -> Coordinates {
    Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() }
}

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

/// So many minutes after midnight in London.
fn on(date: &str, minutes: u32) -> Timestamp {
    date.parse::<LocalDate>().unwrap().begins().plus(minutes * 60)
}

/// The source documents' journey, at noon on an ordinary Tuesday.
fn trip() -> Trip {
    Trip {
        direction: Direction::Outward,
        vehicle_type: VehicleType::Standard,
        pickup: place(STATION),
        stops: Vec::new(),
        dropoff: place(HARBOUR),
        pickup_time: on("2026-11-24", 720),
        metres: 8_500,
        seconds: 1_200,
        extras: Vec::new(),
    }
}

fn terms() -> Terms {
    demo_terms().unwrap()
}

fn fare(terms: &Terms, trip: &Trip) -> Fare {
    work_out(terms, trip).unwrap().fare
}

fn lines(fare: &Fare) -> Vec<(Rule, i64)> {
    fare.lines.iter().map(|line| (line.rule, line.amount.get())).collect()
}

fn wanted(text: &str, quantity: u8) -> Wanted {
    Wanted { code: code(text), quantity }
}
