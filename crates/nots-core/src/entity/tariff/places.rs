//! What a tariff says of places: zones, and fixed prices between them.

use serde::{Deserialize, Serialize};

use super::{Code, Label, PerVehicle, Terms};
use crate::{area::Area, geo::Coordinates, money::Pence, pricing::Trip};

/// A named area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Zone {
    /// What the tariff calls it.
    pub code: Code,
    /// What people call it.
    pub name: Label,
    /// Where it is.
    pub area: Area,
    /// What a pickup, a stop or a drop-off there costs more, once for each way, when it is an airport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub airport_fee: Option<Pence>,
}

impl Zone {
    /// Whether it is an airport.
    #[must_use]
    pub const fn is_airport(&self) -> bool {
        self.airport_fee.is_some()
    }
}

/// A price in place of distance and time; the base fare is charged beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FixedPrice {
    /// What the tariff calls it.
    pub code: Code,
    /// The zone of the pickup.
    pub from: Code,
    /// The zone of the drop-off.
    pub to: Code,
    /// Whether it counts the other way too.
    pub both_directions: bool,
    /// By kind of vehicle; a kind without one goes by distance and time.
    pub prices: PerVehicle<Option<Pence>>,
}

impl Terms {
    /// The fixed price of a journey in a kind of vehicle: the first of the tariff's that fits. The way leads from one zone to
    /// the other once: with a stop outside both, or back in the zone that it has left, it is another journey, however it
    /// begins and ends.
    #[must_use]
    pub fn fixed_price(&self, trip: &Trip) -> Option<(&FixedPrice, Pence)> {
        let within = |code: &Code, at| self.zone(code).is_some_and(|zone| zone.area.contains(at));
        self.fixed_prices.iter().find_map(|fixed| {
            let price = (*fixed.prices.of(trip.vehicle_type))?;
            let leads = |from: &Code, to: &Code| {
                let mut beyond = trip.stops.iter().skip_while(|stop| within(from, stop.at));
                within(from, trip.pickup)
                    && within(to, trip.dropoff)
                    && beyond.all(|stop| within(to, stop.at))
            };
            let fits =
                leads(&fixed.from, &fixed.to) || (fixed.both_directions && leads(&fixed.to, &fixed.from));
            fits.then_some((fixed, price))
        })
    }

    /// The airports that places lie in, each once, in the tariff's order.
    pub fn airports<'a>(&'a self, places: &'a [Coordinates]) -> impl Iterator<Item = (&'a Zone, Pence)> + 'a {
        let touched = |zone: &&Zone| places.iter().any(|place| zone.area.contains(*place));
        self.zones
            .iter()
            .filter_map(|zone| Some((zone, zone.airport_fee?)))
            .filter(move |(zone, _)| touched(zone))
    }

    /// Whether the operator drives between these places.
    #[must_use]
    pub fn serves(&self, pickup: Coordinates, dropoff: Coordinates) -> bool {
        let within = |code: &Code| {
            self.zone(code).is_some_and(|zone| zone.area.contains(pickup) || zone.area.contains(dropoff))
        };
        self.service_area.is_empty() || self.service_area.iter().any(within)
    }
}
