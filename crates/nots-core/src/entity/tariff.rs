//! Tariffs: the rates in force from a moment on. A version is never changed in place.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    journey::VehicleType,
    money::{Currency, Pence},
    table::{Base, Entity, IndexedBy, Key, New, Pk, Stored},
    time::Timestamp,
};

/// Rates of one kind of vehicle, all in pence and VAT included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// For coming at all.
    pub base_fare: Pence,
    /// For each statute mile.
    pub per_mile: Pence,
    /// For each minute.
    pub per_minute: Pence,
    /// The least a journey costs.
    pub minimum_fare: Pence,
}

/// Rates by kind of vehicle; none can be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// Saloons.
    pub standard: Rate,
    /// Luxury saloons.
    pub executive: Rate,
    /// Minibuses.
    pub minibus: Rate,
}

impl Rates {
    /// The rates of a kind.
    #[must_use]
    pub fn of(&self, kind: VehicleType) -> &Rate {
        match kind {
            VehicleType::Standard => &self.standard,
            VehicleType::Executive => &self.executive,
            VehicleType::Minibus => &self.minibus,
        }
    }
}

/// Whether the operator is registered for VAT, and at what rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Vat {
    /// Whether the operator is registered.
    pub registered: bool,
    /// Hundredths of a per cent: 2,000 is 20 %.
    pub rate_basis_points: u32,
}

impl Vat {
    /// The VAT inside a total, to the penny; 0 when the operator is not registered. None when it cannot be held.
    #[must_use]
    pub fn inside(self, total: Pence) -> Option<Pence> {
        if !self.registered {
            return Some(Pence::ZERO);
        }
        let rate = i64::from(self.rate_basis_points);
        total.ratio(rate, rate.checked_add(10_000)?)
    }
}

/// One version of the tariff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tariff {
    /// 1, 2, 3…
    pub version: u32,
    /// From when it prices quotes.
    pub effective_from: Timestamp,
    /// What its rates are in.
    pub currency: Currency,
    /// VAT.
    pub vat: Vat,
    /// Rates.
    pub rates: Rates,
}

impl Tariff {
    /// A version to be put in the table.
    pub fn publish(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }

    /// The sort keys of all versions in force at a moment, and later ones not.
    pub(crate) fn in_force_by(at: Timestamp) -> String {
        format!("EFFECTIVE#{at}#~")
    }
}

impl Entity for Tariff {
    const TYPE: &'static str = "Tariff";
    type Id<'a> = (Timestamp, u32);
    type Indexes = ();

    fn key_of((effective_from, version): Self::Id<'_>) -> Key<Base> {
        Self::partition(()).at(format_args!("EFFECTIVE#{effective_from}#{version:06}"))
    }

    fn id(&self) -> Self::Id<'_> {
        (self.effective_from, self.version)
    }
}

impl IndexedBy<Base> for Tariff {
    type Partition<'a> = ();

    fn partition((): Self::Partition<'_>) -> Pk<Base> {
        Pk::new("TARIFF")
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}

/// The demonstration tariff: an operator who is not registered for VAT.
#[must_use]
pub fn demo() -> Tariff {
    let rate = |base, mile, minute, minimum| Rate {
        base_fare: Pence::new(base),
        per_mile: Pence::new(mile),
        per_minute: Pence::new(minute),
        minimum_fare: Pence::new(minimum),
    };
    Tariff {
        version: 1,
        effective_from: Timestamp::MIN,
        currency: Currency::Gbp,
        vat: Vat { registered: false, rate_basis_points: 2_000 },
        rates: Rates {
            standard: rate(500, 100, 10, 800),
            executive: rate(900, 160, 16, 1_500),
            minibus: rate(1_100, 180, 18, 1_800),
        },
    }
}
