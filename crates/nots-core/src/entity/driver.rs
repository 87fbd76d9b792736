//! Drivers. What changes at another speed (validity, location, each day's schedule) is an item of its own.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::of_driver;
use crate::{
    actor::Actor,
    contact::{Email, Phone},
    geo::Coordinates,
    id::{DriverId, VehicleId},
    table::{Base, Entity, Gsi1, Gsi2, IndexedBy, Key, New, Pk, Stored},
    text::{self, Name},
    time::Timestamp,
};

/// Whether a driver, or a vehicle, works for the operator at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FleetStatus {
    /// Works.
    Active,
    /// Does not, for the time being.
    Inactive,
    /// May not.
    Suspended,
}

/// The text is no such status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be active, inactive or suspended")]
pub struct NotAFleetStatus;

impl FleetStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Suspended];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
        }
    }
}

impl std::str::FromStr for FleetStatus {
    type Err = NotAFleetStatus;
    fn from_str(text: &str) -> Result<Self, NotAFleetStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(NotAFleetStatus)
    }
}

/// Stars from 0.0 to 5.0, kept in tenths so that it sorts in a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StarRating(u8);

impl StarRating {
    /// From tenths of a star; more than 50 is 5.0.
    #[must_use]
    pub const fn from_tenths(tenths: u8) -> Self {
        Self(if tenths > 50 { 50 } else { tenths })
    }
}

impl fmt::Display for StarRating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

impl Serialize for StarRating {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 10.0)
    }
}

impl<'de> Deserialize<'de> for StarRating {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stars = f64::deserialize(deserializer)?;
        if !(0.0..=5.0).contains(&stars) {
            return Err(serde::de::Error::custom("must be from 0.0 to 5.0 stars"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 50")]
        Ok(Self((stars * 10.0).round() as u8))
    }
}

/// Where a driver was, and when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    /// Where.
    #[serde(flatten)]
    pub at: Coordinates,
    /// When, by the driver's phone.
    pub updated_at: Timestamp,
}

/// Whether a driver is on duty now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// On duty.
    pub available: bool,
    /// Where they were, as profiles kept it before a location became an item of its own
    /// ([`super::DriverLocation`]). Read and kept; never written anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_location: Option<Sighting>,
}

/// How a driver has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Performance {
    /// Stars.
    pub rating: StarRating,
    /// Journeys completed.
    pub total_trips: u32,
    /// Per cent of jobs taken on that were completed.
    pub completion_rate: f64,
    /// Per cent of jobs offered that were accepted.
    pub acceptance_rate: f64,
    /// Per cent of pickups in time.
    pub on_time_rate: f64,
}

/// A licensed driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Driver {
    /// Their id.
    pub driver_id: DriverId,
    /// Whom they log in as, when they can.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::bounded_or_none::<_, 128>"
    )]
    pub cognito_id: Option<String>,
    /// E-mail.
    pub email: Email,
    /// First name.
    pub first_name: Name,
    /// Last name.
    pub last_name: Name,
    /// Telephone.
    pub phone: Phone,
    /// Whether they work.
    pub status: FleetStatus,
    /// Whether they are on duty now.
    pub availability: Availability,
    /// How they have done.
    pub performance: Performance,
    /// The vehicle they drive unless another is named.
    pub assigned_vehicle: Option<VehicleId>,
    /// Number of the private-hire driver's badge; empty while it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "text::bounded::<_, 60>")]
    pub licence_number: String,
    /// Who gave the badge; empty while it is not known, and then no job can be given to them.
    #[serde(default, skip_serializing_if = "String::is_empty", deserialize_with = "text::bounded::<_, 100>")]
    pub licensing_authority: String,
}

impl Driver {
    /// What the sort keys of drivers on duty begin with.
    pub(crate) const BY_RATING: &'static str = "RATING#";

    /// A driver to be put in the table.
    pub fn register(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }
}

impl Entity for Driver {
    const TYPE: &'static str = "Driver";
    type Id<'a> = &'a DriverId;
    type Indexes = (Gsi1, Gsi2);

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        of_driver(id).at("PROFILE")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.driver_id
    }
}

impl IndexedBy<Gsi1> for Driver {
    type Partition<'a> = FleetStatus;

    fn partition(status: Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new(format_args!("DRIVER_STATUS#{}", status.as_str()))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        Some(Self::partition(row.data.status).at(format_args!("DRIVER#{}", row.data.driver_id)))
    }
}

impl IndexedBy<Gsi2> for Driver {
    type Partition<'a> = ();

    fn partition((): Self::Partition<'_>) -> Pk<Gsi2> {
        Pk::new("DRIVER_AVAILABLE#true")
    }

    /// Only who is active and on duty.
    fn entry(row: &Stored<Self>) -> Option<Key<Gsi2>> {
        let on_duty = row.data.status == FleetStatus::Active && row.data.availability.available;
        on_duty.then(|| {
            Self::partition(()).at(format_args!("{}{}", Self::BY_RATING, row.data.performance.rating))
        })
    }
}
