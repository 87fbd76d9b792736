//! Vehicles of the fleet.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::{driver::FleetStatus, of_vehicle};
use crate::{
    actor::Actor,
    id::{DriverId, VehicleId},
    journey::VehicleType,
    table::{Base, Entity, Gsi1, IndexedBy, Key, New, Pk, Stored},
    text::{self, Text},
    time::Timestamp,
};

/// A registration mark: letters and digits, without the space.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Registration(String);

/// The text is not a registration mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a registration mark such as AB12 CDE")]
pub struct NotARegistration;

impl Registration {
    /// Reads a mark with or without its space, in any case.
    ///
    /// # Errors
    /// When it is not 2 to 7 letters and digits.
    pub fn parse(text: &str) -> Result<Self, NotARegistration> {
        let mark: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        let sound = (2..=7).contains(&mark.len()) && mark.bytes().all(|b| b.is_ascii_alphanumeric());
        if sound { Ok(Self(mark)) } else { Err(NotARegistration) }
    }

    /// As it stands on the plate: a space before the last three.
    #[must_use]
    pub fn on_the_plate(&self) -> String {
        match self.0.len().checked_sub(3).and_then(|at| self.0.split_at_checked(at)) {
            Some((first, last)) if self.0.len() == 7 => format!("{first} {last}"),
            _ => self.0.clone(),
        }
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Registration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Who insures a vehicle, as it was entered with the vehicle. What assignment checks is the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Insurance {
    /// The insurer.
    pub provider: Text<100>,
    /// The policy.
    pub policy_number: Text<60>,
    /// The first moment at which it has run out.
    pub expiry_date: Timestamp,
}

/// A vehicle's MOT, as it was entered with the vehicle. What assignment checks is the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mot {
    /// The first moment at which it has run out.
    pub expiry_date: Timestamp,
    /// The certificate.
    pub certificate_number: Text<60>,
}

/// A licensed vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vehicle {
    /// Its id.
    pub vehicle_id: VehicleId,
    /// Its registration mark.
    pub registration: Registration,
    /// Who made it.
    #[serde(deserialize_with = "text::bounded::<_, 60>")]
    pub make: String,
    /// What they call it.
    #[serde(deserialize_with = "text::bounded::<_, 60>")]
    pub model: String,
    /// Of which year.
    pub year: u16,
    /// In which colour.
    #[serde(deserialize_with = "text::bounded::<_, 40>")]
    pub color: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: VehicleType,
    /// Passengers it takes.
    pub capacity: u8,
    /// Whether it is used.
    pub status: FleetStatus,
    /// Who drives it unless another is named.
    pub assigned_driver: Option<DriverId>,
    /// What it has: `wheelchair_accessible`, `child_seat_available`…; at most 40.
    #[serde(default, deserialize_with = "features")]
    pub features: Vec<String>,
    /// Who insures it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurance: Option<Insurance>,
    /// Its MOT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mot: Option<Mot>,
    /// Number of the private-hire plate; empty while it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "text::bounded::<_, 60>")]
    pub plate_number: String,
    /// Who gave the plate; empty while it is not known, and then no job can be done in it.
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "text::bounded::<_, 100>")]
    pub licensing_authority: String,
}

fn features<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let features = text::bounded_list::<D, Text<60>, 40>(deserializer)?;
    Ok(features.iter().map(ToString::to_string).collect())
}

impl Vehicle {
    /// The feature of a vehicle that takes a wheelchair with somebody in it.
    pub const WHEELCHAIR_ACCESSIBLE: &'static str = "wheelchair_accessible";

    /// Whether it takes a wheelchair with somebody in it.
    #[must_use]
    pub fn takes_wheelchairs(&self) -> bool {
        self.features.iter().any(|feature| feature == Self::WHEELCHAIR_ACCESSIBLE)
    }

    /// A vehicle to be put in the table.
    pub fn register(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }

    /// For a customer to look out for: `Silver Toyota Prius`.
    #[must_use]
    pub fn description(&self) -> String {
        format!("{} {} {}", self.color, self.make, self.model)
    }
}

impl Entity for Vehicle {
    const TYPE: &'static str = "Vehicle";
    type Id<'a> = &'a VehicleId;
    type Indexes = (Gsi1,);

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        of_vehicle(id).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.vehicle_id
    }
}

impl IndexedBy<Gsi1> for Vehicle {
    type Partition<'a> = FleetStatus;

    fn partition(status: Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new(format_args!("VEHICLE_STATUS#{}", status.as_str()))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        Some(Self::partition(row.data.status).at(format_args!("VEHICLE#{}", row.data.vehicle_id)))
    }
}
