//! How far and how long by road, estimated from nothing but two points.
//!
//! The numbers are NOTS's own: ordinary roads around Bournemouth and Poole run about 1.3 times the great circle, and
//! a journey begins and ends in town, the longer it is the more of it on fast roads.

use nots_core::{
    geo::Coordinates,
    journey::{Leg, Source, Way},
    time::Seconds,
};

/// Metres of road for each metre of great circle.
const ROAD_FACTOR: f64 = 1.3;

/// Metres driven at town speed, in every journey.
const IN_TOWN: u32 = 8_000;
/// Metres per second in town: 18 mph, lights and queues included.
const TOWN_SPEED: f64 = 8.0;
/// Metres driven on A-roads after those in town.
const ON_A_ROADS: u32 = 24_000;
/// Metres per second on A-roads: 36 mph, roundabouts included.
const A_ROAD_SPEED: f64 = 16.0;
/// Metres per second beyond, on dual carriageways and motorways: 60 mph.
const MOTORWAY_SPEED: f64 = 27.0;

/// The drive along a way: the sum of the drives from each stop to the next, since a car that stops begins again in
/// town.
pub(crate) fn along(way: &Way) -> Leg {
    let none = Leg { metres: 0, seconds: 0, source: Source::Estimate, polyline: None };
    way.hops().map(|(from, to)| leg(from, to)).fold(none, |sum, next| Leg {
        metres: sum.metres.saturating_add(next.metres),
        seconds: sum.seconds.saturating_add(next.seconds),
        ..sum
    })
}

/// The drive between two points: whole metres and whole seconds, both rounded up; nothing for the same point.
fn leg(from: Coordinates, to: Coordinates) -> Leg {
    // Half the Earth's circumference × 1.3 is 26,019,649 m, far inside the range of `u32`.
    let metres = (from.metres_to(to) * ROAD_FACTOR).ceil() as u32;
    Leg { metres, seconds: seconds(metres), source: Source::Estimate, polyline: None }
}

/// Seconds to drive so many metres: continuous and strictly increasing before it is rounded up, so a longer way
/// never takes less time.
fn seconds(metres: u32) -> Seconds {
    let in_town = metres.min(IN_TOWN);
    let beyond = metres.saturating_sub(IN_TOWN);
    let on_a_roads = beyond.min(ON_A_ROADS);
    let on_motorways = beyond.saturating_sub(ON_A_ROADS);
    let exact = f64::from(in_town) / TOWN_SPEED
        + f64::from(on_a_roads) / A_ROAD_SPEED
        + f64::from(on_motorways) / MOTORWAY_SPEED;
    exact.ceil() as Seconds
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gazetteer;

    fn at(latitude: f64, longitude: f64) -> Coordinates {
        Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() }
    }

    fn between(from: &str, to: &str) -> Leg {
        let [from, to] = [from, to].map(|name| gazetteer::find(name).unwrap().at);
        leg(from, to)
    }

    /// What drivers allow outside the rush hour, in minutes, against the estimate: within a quarter, or 5 minutes.
    #[test]
    fn it_is_near_to_what_drivers_allow() {
        for (from, to, minutes) in [
            ("Bournemouth Railway Station", "Poole Harbour", 20),
            ("Bournemouth", "Bournemouth Airport", 18),
            ("Poole", "Wimborne", 18),
            ("Bournemouth", "Southampton Airport", 50),
            ("Bournemouth", "Salisbury", 50),
            ("Bournemouth", "Dorchester", 50),
            ("Poole", "Weymouth", 50),
            ("Bournemouth", "Heathrow", 115),
            ("Poole", "Gatwick", 135),
            ("Bournemouth", "Bristol Airport", 125),
            ("Bournemouth", "Exeter Airport", 125),
            ("Bournemouth", "London Waterloo", 140),
            ("Poole", "Stansted", 170),
        ] {
            let estimate = f64::from(between(from, to).seconds) / 60.0;
            let minutes = f64::from(minutes);
            let off = (estimate - minutes).abs();
            assert!(off <= (minutes / 4.0).max(5.0), "{from} to {to}: {estimate:.0} for {minutes} minutes");
        }
    }

    #[test]
    fn the_speeds_join_without_a_step() {
        assert_eq!(seconds(0), 0);
        assert_eq!(seconds(1), 1);
        assert_eq!(seconds(8_000), 1_000);
        assert_eq!(seconds(8_016), 1_001);
        assert_eq!(seconds(32_000), 2_500);
        assert_eq!(seconds(32_027), 2_501);
        assert_eq!(seconds(166_000), 7_463, "about Bournemouth to Heathrow: 2 h 4 min");
    }

    #[test]
    fn the_ends_of_the_earth_fit() {
        for (from, to) in [
            (at(0.0, 0.0), at(0.0, 180.0)),
            (at(90.0, 0.0), at(-90.0, 0.0)),
            (at(50.72, -1.88), at(-50.72, 178.12)),
        ] {
            let leg = leg(from, to);
            assert!((26_019_000..26_020_000).contains(&leg.metres), "{leg:?}");
            assert!(leg.seconds > 900_000, "{leg:?}");
        }
        assert_eq!(leg(at(50.0, 0.0), at(50.0, 0.0)).metres, 0);
        assert!(seconds(u32::MAX) > seconds(26_020_000), "whatever is asked, it does not wrap");
    }

    #[test]
    fn a_way_is_driven_from_stop_to_stop() {
        let [station, airport, harbour] =
            ["Bournemouth Railway Station", "Bournemouth Airport", "Poole Harbour"]
                .map(|name| gazetteer::find(name).unwrap().at);
        let departing = nots_core::Timestamp::new(1_733_842_200).unwrap();
        let straight = Way { from: station, via: vec![], to: harbour, departing };
        assert_eq!(along(&straight), leg(station, harbour));
        let round = Way { via: vec![airport], ..straight };
        let (out, back) = (leg(station, airport), leg(airport, harbour));
        let sum = along(&round);
        assert_eq!((sum.metres, sum.seconds), (out.metres + back.metres, out.seconds + back.seconds));
        assert_eq!((sum.source, sum.polyline), (Source::Estimate, None));
        let twice = Way { via: vec![airport, airport], ..round };
        assert_eq!(along(&twice).metres, sum.metres, "the same stop again is no farther");
    }

    prop_compose! {
        fn anywhere()(latitude in -90.0..=90.0f64, longitude in -180.0..=180.0f64) -> Coordinates {
            at(latitude, longitude)
        }
    }
    prop_compose! {
        fn nearby()(latitude in 50.0..52.6f64, longitude in -5.8..1.9f64) -> Coordinates {
            at(latitude, longitude)
        }
    }

    proptest! {
        #[test]
        fn never_shorter_than_the_great_circle(from in anywhere(), to in anywhere()) {
            prop_assert!(f64::from(leg(from, to).metres) >= from.metres_to(to));
        }

        #[test]
        fn the_same_both_ways(from in anywhere(), to in anywhere()) {
            prop_assert_eq!(leg(from, to), leg(to, from));
        }

        #[test]
        fn farther_is_never_shorter_or_sooner(from in nearby(), a in nearby(), b in nearby()) {
            let (near, far) = if from.metres_to(a) <= from.metres_to(b) { (a, b) } else { (b, a) };
            let (near, far) = (leg(from, near), leg(from, far));
            prop_assert!(near.metres <= far.metres);
            prop_assert!(near.seconds <= far.seconds);
        }

        #[test]
        fn more_road_takes_more_time(metres in 0..26_020_000u32, more in 0..1_000_000u32) {
            prop_assert!(seconds(metres + more) >= seconds(metres));
            // Two seconds' way at top speed is at least a second more, whatever was rounded.
            prop_assert!(seconds(metres + more + 54) > seconds(metres));
        }
    }
}
