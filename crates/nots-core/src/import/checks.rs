//! What a booking of another system says of its journey, its fare and its times, held to itself and to one another.

use crate::{
    entity::{Booking, booking::Step},
    journey::{MAX_EXTRAS, Way},
    time::Timestamp,
};

use super::{Fault, MAX_LINES, MAX_NOTES};

/// Below this, in metres, two places are one; and so much may a way be shorter than the great circle.
const NO_WAY: f64 = 1.0;

pub(super) fn lists(b: &Booking, faults: &mut Vec<Fault>) {
    let mut at_most = |most: usize, has: usize, pointer: &'static str, of: &str| {
        if has > most {
            faults.push(Fault::at(pointer, format!("must have at most {most} {of}")));
        }
    };
    at_most(MAX_EXTRAS, b.extras.len(), "/extras", "entries");
    at_most(MAX_LINES, b.pricing.lines.len(), "/pricing/lines", "entries");
    at_most(MAX_NOTES, b.internal_notes.chars().count(), "/internalNotes", "characters");
    at_most(Step::ALL.len(), b.steps.len(), "/steps", "entries, each step once");
    for (place, taken) in b.steps.iter().enumerate() {
        if b.steps.iter().take(place).any(|earlier| earlier.step == taken.step) {
            faults.push(Fault::at(format!("/steps/{place}/step"), "is the same as in an earlier entry"));
        }
    }
}

pub(super) fn journey(b: &Booking, faults: &mut Vec<Fault>) {
    let j = &b.journey;
    let way = Way {
        from: j.pickup_location.at,
        via: j.via_stops.iter().map(|stop| stop.place.at).collect(),
        to: j.dropoff_location.at,
        departing: j.pickup_time,
    };
    if way.via.is_empty() && way.from.metres_to(way.to) < NO_WAY {
        let detail = "is the same place as the pickup, and there is no stop between";
        faults.push(Fault::at("/journey/dropoffLocation", detail));
    }
    let least = way.great_circle_metres();
    if f64::from(j.distance.meters) + NO_WAY < least {
        let detail = format!("must be at least {least:.0}: no road is shorter than as the crow flies");
        faults.push(Fault::at("/journey/distance/meters", detail));
    }
}

pub(super) fn fare(b: &Booking, faults: &mut Vec<Fault>) {
    // Lines that cannot be summed are refused as such.
    for (member, due) in b.pricing.breakdown.amiss(&b.pricing.lines).unwrap_or_default() {
        let detail = match member {
            "tax" => "must be from 0 to the total".to_owned(),
            "subtotal" => format!("must be {}, the total less the tax", due.get()),
            _ => format!("must be {}, as the lines say", due.get()),
        };
        faults.push(Fault::at(format!("/pricing/breakdown/{member}"), detail));
    }
}

pub(super) fn times(b: &Booking, now: Timestamp, faults: &mut Vec<Fault>) {
    let t = &b.timeline;
    let all = [
        ("created", t.created),
        ("confirmed", t.confirmed),
        ("assigned", t.assigned),
        ("driverEnRoute", t.driver_en_route),
        ("arrived", t.arrived),
        ("passengerOnboard", t.passenger_onboard),
        ("completed", t.completed),
        ("cancelled", t.cancelled),
    ];
    for (name, moment) in all {
        let Some(moment) = moment else { continue };
        if moment > now {
            faults.push(Fault::at(format!("/timeline/{name}"), "must not be in the future"));
        } else if t.created.is_some_and(|created| moment < created) {
            faults.push(Fault::at(format!("/timeline/{name}"), "must not be before timeline.created"));
        }
    }
}
