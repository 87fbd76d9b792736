//! Where a driver is: an item of its own, because it changes every few seconds and must refuse nothing else.

use serde::{Deserialize, Serialize};

use super::{driver::Sighting, of_driver};
use crate::{
    actor::Actor,
    geo::Coordinates,
    id::DriverId,
    table::{Base, Entity, Key, New, Rewrite, Stored},
    time::Timestamp,
};

/// Where a driver was last seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriverLocation {
    /// Who.
    pub driver_id: DriverId,
    /// Where, and when.
    #[serde(flatten)]
    pub seen: Sighting,
}

impl DriverLocation {
    /// A driver's first sighting.
    pub fn first(driver_id: DriverId, seen: Sighting, at: Timestamp) -> New<Self> {
        let by = Actor::Driver(driver_id.clone());
        New::of(Self { driver_id, seen }, by, at)
    }

    /// A later one; none when what is stored is as new: a phone that was out of reach reports late and out of order.
    #[must_use]
    pub fn moved(row: Stored<Self>, seen: Sighting, at: Timestamp) -> Option<Rewrite<Self>> {
        if seen.updated_at <= row.data.seen.updated_at {
            return None;
        }
        let data = Self { driver_id: row.data.driver_id.clone(), seen };
        let by = Actor::Driver(data.driver_id.clone());
        Some(Rewrite::of(row, data, by, at))
    }

    /// Where.
    #[must_use]
    pub fn at(&self) -> Coordinates {
        self.seen.at
    }
}

impl Entity for DriverLocation {
    const TYPE: &'static str = "DriverLocation";
    type Id<'a> = &'a DriverId;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        of_driver(id).at("LOCATION")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.driver_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_report_moves_nobody_back() {
        let seen = |at: i64| Sighting {
            at: Coordinates { latitude: 50.7.try_into().unwrap(), longitude: (-1.9).try_into().unwrap() },
            updated_at: Timestamp::new(at).unwrap(),
        };
        let id = DriverId::parse("driver_1").unwrap();
        let now = Timestamp::new(1_733_842_300).unwrap();
        let row = DriverLocation::first(id, seen(1_733_842_200), now).after().clone();
        for late in [1_733_842_199, 1_733_842_200] {
            assert!(DriverLocation::moved(row.clone(), seen(late), now).is_none());
        }
        let moved = DriverLocation::moved(row, seen(1_733_842_201), now).unwrap();
        assert_eq!(moved.after().data.seen, seen(1_733_842_201));
    }
}
