//! A journey: what is driven, in what, and how far.

use std::{fmt, iter, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    geo::{Coordinates, METRES_PER_MILE, Place},
    pricing::Stop,
    time::{Seconds, Timestamp},
};

/// Kinds of vehicle that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VehicleType {
    /// A saloon for four.
    Standard,
    /// A luxury saloon for four.
    Executive,
    /// For eight.
    Minibus,
}

/// The text is no kind of vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be standard, executive or minibus")]
pub struct NotAVehicleType;

impl VehicleType {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Standard, Self::Executive, Self::Minibus];

    /// Passengers it takes.
    #[must_use]
    pub const fn capacity(self) -> u8 {
        match self {
            Self::Standard | Self::Executive => 4,
            Self::Minibus => 8,
        }
    }

    /// Whether a vehicle of this kind may be sent when `asked` was booked: the same kind, or anything for a
    /// standard booking. Seats are judged apart.
    #[must_use]
    pub fn serves(self, asked: Self) -> bool {
        self == asked || asked == Self::Standard
    }

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Executive => "executive",
            Self::Minibus => "minibus",
        }
    }
}

impl fmt::Display for VehicleType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for VehicleType {
    type Err = NotAVehicleType;
    fn from_str(text: &str) -> Result<Self, NotAVehicleType> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(NotAVehicleType)
    }
}

/// Most pieces of luggage that a booking may have.
pub const MAX_LUGGAGE: u8 = 20;

/// Who said how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Great circle × 1.3.
    Estimate,
    /// Google's Routes API.
    Google,
}

/// Which way is driven, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// Where it begins.
    pub from: Coordinates,
    /// The stops between, in order.
    pub via: Vec<Coordinates>,
    /// Where it ends.
    pub to: Coordinates,
    /// When it begins.
    pub departing: Timestamp,
}

impl Way {
    /// Every two points that follow one another.
    pub fn hops(&self) -> impl Iterator<Item = (Coordinates, Coordinates)> {
        let starts = iter::once(self.from).chain(self.via.iter().copied());
        starts.zip(self.via.iter().copied().chain(iter::once(self.to)))
    }

    /// Metres along the great circles from each stop to the next: no road is shorter.
    #[must_use]
    pub fn great_circle_metres(&self) -> f64 {
        self.hops().map(|(from, to)| from.metres_to(to)).sum()
    }
}

/// A drive along a way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// By road.
    pub metres: u32,
    /// At the speed that traffic allows.
    pub seconds: Seconds,
    /// Who said so.
    pub source: Source,
    /// Google's encoded polyline, when a map drew one.
    pub polyline: Option<String>,
}

/// A length as it is stored and sent; miles are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Distance {
    /// Metres.
    pub meters: u32,
}

impl Serialize for Distance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let miles = (f64::from(self.meters) / METRES_PER_MILE * 100.0).round() / 100.0;
        let mut fields = serializer.serialize_struct("Distance", 2)?;
        fields.serialize_field("meters", &self.meters)?;
        fields.serialize_field("miles", &miles)?;
        fields.end()
    }
}

/// A length of time as it is stored and sent; minutes are derived, to the nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Duration {
    /// Seconds.
    pub seconds: Seconds,
}

impl Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Duration", 2)?;
        fields.serialize_field("seconds", &self.seconds)?;
        fields.serialize_field("minutes", &(self.seconds.saturating_add(30) / 60))?;
        fields.end()
    }
}

/// A journey's measure as a quote keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// How far.
    pub distance: Distance,
    /// How long.
    pub duration: Duration,
    /// The way, when a map drew one.
    pub route: Route,
    /// Who said so.
    pub source: Source,
}

/// A stop on the way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViaStop {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// How long the driver waits there.
    #[serde(default)]
    pub waiting_minutes: u32,
}

impl ViaStop {
    /// The stop as it is priced.
    #[must_use]
    pub fn priced(&self) -> Stop {
        Stop { at: self.place.at, waiting_minutes: self.waiting_minutes }
    }
}

/// Seconds from the pickup to the drop-off: the drive, and the waiting at its stops.
#[must_use]
pub fn lasts(drive: Duration, stops: &[ViaStop]) -> Seconds {
    let waiting = stops.iter().map(|stop| stop.waiting_minutes.saturating_mul(60));
    waiting.fold(drive.seconds, Seconds::saturating_add)
}

/// Most stops on the way.
pub const MAX_VIA_STOPS: usize = 5;
/// Most kinds of extras with one journey; each is a line of its fare.
pub const MAX_EXTRAS: usize = 10;
/// Longest drive that is priced, in seconds: fourteen days. Each day of a job is two items of its assignment, and one
/// transaction takes a hundred.
pub const MAX_DRIVE_SECONDS: Seconds = 14 * 86_400;
/// Longest way that is priced, in metres: once round the Earth.
pub const MAX_DRIVE_METRES: u32 = 40_000_000;
/// Longest wait at a stop, in minutes.
pub const MAX_STOP_MINUTES: u32 = 120;

/// The way on the map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Google's encoded polyline; none from the estimate.
    pub polyline: Option<String>,
}

impl From<Leg> for Measure {
    fn from(leg: Leg) -> Self {
        Self {
            distance: Distance { meters: leg.metres },
            duration: Duration { seconds: leg.seconds },
            route: Route { polyline: leg.polyline },
            source: leg.source,
        }
    }
}
