//! Quotes: a fixed price, good for fifteen minutes, for one booking.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    geo::Place,
    id::{QuoteId, UserId},
    journey::{Measure, VehicleType},
    money::{Currency, Pence},
    pricing::{Breakdown, Fare, Line},
    table::{Base, Entity, IllegalMove, Key, Machine, Move, New, Pk, Stateful, Stored},
    time::{Seconds, Timestamp},
};

/// Seconds that a quote is good for.
pub const LIFETIME: Seconds = 900;

/// Whether a quote can still become a booking. Expiry is judged by whoever reads it, not by a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuoteStatus {
    /// It can.
    Valid,
    /// A booking has been made of it.
    Used,
}

impl Machine for QuoteStatus {
    const ALL: &'static [Self] = &[Self::Valid, Self::Used];

    fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Used => "used",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            Self::Valid => &[Self::Used],
            Self::Used => &[],
        }
    }
}

/// A price with the tariff that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotePricing {
    /// What it is in.
    pub currency: Currency,
    /// By kind.
    pub breakdown: Breakdown,
    /// Line by line.
    pub lines: Vec<Line>,
    /// The tariff that priced it.
    pub tariff_version: u32,
    /// Since when that tariff is in force; with the version it names the tariff item.
    pub tariff_effective_from: Timestamp,
}

/// What the same journey costs in another kind of vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alternative {
    /// In what.
    pub vehicle_type: VehicleType,
    /// Pence.
    pub total: Pence,
}

/// What a customer asks a price for, and what the map says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Enquiry {
    /// From where.
    pub pickup: Place,
    /// To where.
    pub dropoff: Place,
    /// When.
    pub pickup_time: Timestamp,
    /// How many.
    pub passengers: u8,
    /// With how many pieces.
    pub luggage: u8,
    /// In what.
    pub vehicle_type: VehicleType,
    /// How far and how long.
    pub measure: Measure,
}

/// A fixed price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// Its id.
    pub quote_id: QuoteId,
    /// Whether a booking has been made of it.
    pub status: QuoteStatus,
    /// From where.
    pub pickup_location: Place,
    /// To where.
    pub dropoff_location: Place,
    /// When.
    pub pickup_time: Timestamp,
    /// How far and how long.
    pub journey: Measure,
    /// For how much.
    pub pricing: QuotePricing,
    /// What other kinds of vehicle that fit would cost.
    pub alternatives: Vec<Alternative>,
    /// In what.
    pub vehicle_type: VehicleType,
    /// How many.
    pub passengers: u8,
    /// With how many pieces.
    pub luggage: u8,
    /// Whether there is a way back too.
    pub return_journey: bool,
    /// Whose booking it became, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<UserId>,
}

impl Quote {
    /// A new quote. The tariff's key is named, so that the price can be made again.
    pub fn offer(
        quote_id: QuoteId,
        enquiry: Enquiry,
        fare: Fare,
        alternatives: Vec<Alternative>,
        tariff: (Timestamp, u32),
        at: Timestamp,
    ) -> New<Self> {
        let quote = Self {
            quote_id,
            status: QuoteStatus::Valid,
            pickup_location: enquiry.pickup,
            dropoff_location: enquiry.dropoff,
            pickup_time: enquiry.pickup_time,
            journey: enquiry.measure,
            pricing: QuotePricing {
                currency: fare.currency,
                breakdown: fare.breakdown,
                lines: fare.lines,
                tariff_version: tariff.1,
                tariff_effective_from: tariff.0,
            },
            alternatives,
            vehicle_type: enquiry.vehicle_type,
            passengers: enquiry.passengers,
            luggage: enquiry.luggage,
            return_journey: false,
            used_by: None,
        };
        New::of(quote, Actor::System, at)
    }

    /// Marks it used by a booking.
    ///
    /// # Errors
    /// When it has been used.
    pub fn use_up(
        row: Stored<Self>,
        user: Option<UserId>,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status: QuoteStatus::Used, used_by: user, ..row.data.clone() };
        Move::of(row, data, by, at)
    }

    /// The first moment at which it is no longer good.
    #[must_use]
    pub fn expires_at(row: &Stored<Self>) -> Timestamp {
        row.meta.created_at.plus(LIFETIME)
    }
}

impl Entity for Quote {
    const TYPE: &'static str = "Quote";
    type Id<'a> = &'a QuoteId;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("QUOTE#{id}")).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.quote_id
    }

    fn ttl(row: &Stored<Self>) -> Option<Timestamp> {
        Some(Self::expires_at(row))
    }
}

impl Stateful for Quote {
    type Status = QuoteStatus;

    fn status(&self) -> QuoteStatus {
        self.status
    }
}
