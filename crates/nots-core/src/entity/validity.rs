//! How long a driver or a vehicle may work: status and earliest expiry, in one small item that assignment checks
//! inside its transaction, so that a suspension or an expiry that lands a moment before wins.

use serde::{Deserialize, Serialize};

use super::{driver::FleetStatus, of_driver, of_vehicle};
use crate::{
    actor::Actor,
    id::{DriverId, VehicleId},
    table::{Base, Entity, Key, New, Requirement, Rewrite, Stored, WriteError, attr},
    text,
    time::Timestamp,
};

/// What validity says, whoever it is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Whether they may work at all.
    pub status: FleetStatus,
    /// The first moment at which a document has run out.
    pub valid_until: Timestamp,
    /// The document that runs out first.
    #[serde(deserialize_with = "text::bounded::<_, 60>")]
    pub limited_by: String,
}

impl Standing {
    /// Whether it lasts beyond a moment.
    #[must_use]
    pub fn covers(&self, until: Timestamp) -> bool {
        self.status == FleetStatus::Active && self.valid_until >= until
    }

    /// The same as a condition inside a transaction.
    #[must_use]
    pub fn requirement(until: Timestamp) -> Requirement {
        Requirement::default()
            .equal(&["Data", "status"], attr::text(FleetStatus::Active.as_str()))
            .at_least(&["Data", "validUntil"], attr::number(until))
    }
}

/// Whose validity refused a transaction that required it, `driver` or `vehicle`: a document ran out, or a suspension
/// landed, between reading and writing.
#[must_use]
pub fn refused_standing(error: &WriteError) -> Option<&'static str> {
    if error.refused_by::<DriverValidity>().is_some() {
        Some("driver")
    } else if error.refused_by::<VehicleValidity>().is_some() {
        Some("vehicle")
    } else {
        None
    }
}

macro_rules! validity {
    ($(#[$doc:meta])* $name:ident, $entity:literal, $field:ident: $id:ty, $partition:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Whose it is.
            pub $field: $id,
            /// What it says.
            #[serde(flatten)]
            pub standing: Standing,
        }

        impl $name {
            /// To be put in the table.
            pub fn declare(self, by: Actor, at: Timestamp) -> New<Self> {
                New::of(self, by, at)
            }

            /// Says something else from now on.
            pub fn revise(row: Stored<Self>, standing: Standing, by: Actor, at: Timestamp) -> Rewrite<Self> {
                let data = Self { standing, ..row.data.clone() };
                Rewrite::of(row, data, by, at)
            }
        }

        impl Entity for $name {
            const TYPE: &'static str = $entity;
            type Id<'a> = &'a $id;
            type Indexes = ();

            fn key_of(id: Self::Id<'_>) -> Key<Base> {
                $partition(id).at("VALIDITY")
            }

            fn id(&self) -> Self::Id<'_> {
                &self.$field
            }
        }
    };
}

validity! {
    /// How long a driver may drive.
    DriverValidity, "DriverValidity", driver_id: DriverId, of_driver
}
validity! {
    /// How long a vehicle may be driven.
    VehicleValidity, "VehicleValidity", vehicle_id: VehicleId, of_vehicle
}
