//! Tariffs: what prices a journey, in force from a moment on. A version is never changed in place.

mod cancellation;
mod check;
mod demo;
mod places;
mod times;
mod upgrade;
mod versions;

use serde::{Deserialize, Serialize};

use crate::{
    journey::VehicleType,
    money::{Currency, Pence},
    text::Text,
    time::{Seconds, Timestamp},
};

pub use cancellation::{CancellationPolicy, CancellationRow, Fee};
pub use check::{CheckedTerms, Fault};
pub use demo::{demo, demo_terms};
pub use places::{FixedPrice, Zone};
pub use times::{BankHolidays, Overlap, Uplift, Uplifts, When};
pub use versions::{Published, Tariff, TariffHead};

/// A short name inside a tariff: 1 to 40 lower-case letters, digits, `_` and `-`, a letter first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Code(String);

/// The text is no short name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 40 lower-case letters, digits, _ and -, a letter first")]
pub struct NotACode;

impl Code {
    /// Reads a short name.
    ///
    /// # Errors
    /// When it has other characters, or too many or none.
    pub fn parse(text: &str) -> Result<Self, NotACode> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
        if first && text.len() <= 40 && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotACode)
        }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What people call something in a tariff.
pub type Label = Text<60>;

/// A share in hundredths of a per cent: 2,000 is 20 %.
pub type BasisPoints = u32;
/// The whole in hundredths of a per cent.
pub const WHOLE: BasisPoints = 10_000;

/// Rates of one kind of vehicle, all in pence and VAT included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// For coming at all.
    pub base_fare: Pence,
    /// For each statute mile.
    pub per_mile: Pence,
    /// For each minute of the drive.
    pub per_minute: Pence,
    /// The least a journey costs.
    pub minimum_fare: Pence,
    /// For each stop on the way.
    pub per_via_stop: Pence,
    /// For each minute of waiting that is not free.
    pub per_waiting_minute: Pence,
}

/// Something of each kind of vehicle; none can be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerVehicle<T> {
    /// Of saloons.
    pub standard: T,
    /// Of luxury saloons.
    pub executive: T,
    /// Of minibuses.
    pub minibus: T,
}

impl<T> PerVehicle<T> {
    /// That of a kind.
    #[must_use]
    pub fn of(&self, kind: VehicleType) -> &T {
        match kind {
            VehicleType::Standard => &self.standard,
            VehicleType::Executive => &self.executive,
            VehicleType::Minibus => &self.minibus,
        }
    }
}

/// Rates by kind of vehicle.
pub type Rates = PerVehicle<Rate>;

/// Whether the operator is registered for VAT, and at what rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vat {
    /// Whether the operator is registered.
    pub registered: bool,
    /// The rate.
    pub rate_basis_points: BasisPoints,
}

impl Vat {
    /// The VAT inside a total, to the penny; 0 when the operator is not registered. None when it cannot be held.
    #[must_use]
    pub fn inside(self, total: Pence) -> Option<Pence> {
        if !self.registered {
            return Some(Pence::ZERO);
        }
        let rate = i64::from(self.rate_basis_points);
        total.ratio(rate, rate.checked_add(i64::from(WHOLE))?)
    }
}

/// Minutes of waiting that cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FreeWaiting {
    /// At the pickup.
    pub at_pickup: u32,
    /// At a pickup in an airport, from when the passenger is due.
    pub at_airport: u32,
    /// At each stop on the way.
    pub at_via_stop: u32,
}

/// Something that can be had with a journey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Extra {
    /// What it is asked for by: `child_seat`.
    pub code: Code,
    /// What people call it.
    pub name: Label,
    /// What one costs, for each way.
    pub unit_price: Pence,
    /// How many can be had.
    pub maximum: u8,
    /// Whether somebody needs it because of a disability; then it costs nothing, ever.
    pub accessibility: bool,
}

impl Extra {
    /// What a vehicle that takes a wheelchair is asked for by; dispatch holds the vehicle to it.
    pub const WHEELCHAIR_ACCESS: &'static str = "wheelchair_access";
}

/// What a tariff says, as an owner writes it. Only [`CheckedTerms`] can be published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    /// What its amounts are in.
    pub currency: Currency,
    /// VAT.
    pub vat: Vat,
    /// Rates by kind of vehicle.
    pub rates: Rates,
    /// Named areas, which fixed prices, fees and the service area go by.
    pub zones: Vec<Zone>,
    /// Prices in place of distance and time. Where several fit a journey the first of them counts.
    pub fixed_prices: Vec<FixedPrice>,
    /// What is added at some times.
    pub uplifts: Uplifts,
    /// England's bank holidays, and what is added to them or taken away.
    pub bank_holidays: BankHolidays,
    /// Waiting that costs nothing.
    pub free_waiting: FreeWaiting,
    /// What is taken off the way back.
    pub return_discount_basis_points: BasisPoints,
    /// What can be had with a journey.
    pub extras: Vec<Extra>,
    /// Zones of which a journey must touch one with its pickup or its drop-off; none: it may be anywhere.
    pub service_area: Vec<Code>,
    /// How long before the pickup a journey must be asked for, in seconds.
    pub minimum_notice_seconds: Seconds,
    /// Whether a quote whose distance is an estimate may be booked.
    pub estimates_bookable: bool,
    /// What cancelling costs.
    pub cancellation: CancellationPolicy,
}

impl Terms {
    /// A zone by its short name.
    #[must_use]
    pub fn zone(&self, code: &Code) -> Option<&Zone> {
        self.zones.iter().find(|zone| zone.code == *code)
    }

    /// An extra by its short name.
    #[must_use]
    pub fn extra(&self, code: &Code) -> Option<&Extra> {
        self.extras.iter().find(|extra| extra.code == *code)
    }
}

/// The key of a tariff: since when it is in force, and its version.
pub type TariffKey = (Timestamp, u32);
