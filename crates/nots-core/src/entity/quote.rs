//! Quotes: a fixed price, good for fifteen minutes, for one booking.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    entity::tariff::{Tariff, TariffKey, Terms},
    geo::Place,
    id::{QuoteId, UserId},
    journey::{self, Measure, Source, VehicleType, ViaStop},
    money::{Currency, Pence},
    pricing::{Breakdown, Direction, Fare, JourneyFare, Line, Trip, Unpriceable, Wanted, price},
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

/// What one way of a journey there and back costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegPricing {
    /// By kind.
    pub breakdown: Breakdown,
    /// Line by line.
    pub lines: Vec<Line>,
}

impl From<Fare> for LegPricing {
    fn from(fare: Fare) -> Self {
        Self { breakdown: fare.breakdown, lines: fare.lines }
    }
}

/// What each way of a journey there and back costs; together they are the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegPrices {
    /// There.
    pub outward: LegPricing,
    /// Back, its discount taken off.
    #[serde(rename = "return")]
    pub back: LegPricing,
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
    /// Each way by itself, when there are two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legs: Option<LegPrices>,
    /// The tariff that priced it.
    pub tariff_version: u32,
    /// Since when that tariff is in force; with the version it names the tariff item.
    pub tariff_effective_from: Timestamp,
}

impl QuotePricing {
    pub(crate) fn of(fare: JourneyFare, (effective_from, version): TariffKey) -> Self {
        let JourneyFare { whole, outward, back } = fare;
        Self {
            currency: whole.currency,
            breakdown: whole.breakdown,
            lines: whole.lines,
            legs: back.map(|back| LegPrices { outward: outward.into(), back: back.into() }),
            tariff_version: version,
            tariff_effective_from: effective_from,
        }
    }

    /// The tariff that priced it.
    #[must_use]
    pub fn tariff(&self) -> TariffKey {
        (self.tariff_effective_from, self.tariff_version)
    }

    /// The way there by itself.
    #[must_use]
    pub fn outward(&self) -> LegPricing {
        let whole = || LegPricing { breakdown: self.breakdown, lines: self.lines.clone() };
        self.legs.as_ref().map_or_else(whole, |legs| legs.outward.clone())
    }
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

/// The way back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnLeg {
    /// When it begins, at the way there's drop-off.
    pub pickup_time: Timestamp,
    /// How far and how long: straight back, without the stops of the way there.
    pub journey: Measure,
}

/// What a customer asks a price for, and what the map says of it: everything that a price is made of but the tariff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enquiry {
    /// From where.
    pub pickup_location: Place,
    /// By way of, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via_stops: Vec<ViaStop>,
    /// To where.
    pub dropoff_location: Place,
    /// When.
    pub pickup_time: Timestamp,
    /// How far and how long.
    pub journey: Measure,
    /// In what.
    pub vehicle_type: VehicleType,
    /// How many.
    pub passengers: u8,
    /// With how many pieces.
    #[serde(default)]
    pub luggage: u8,
    /// With what, each way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Wanted>,
    /// The way back, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_leg: Option<ReturnLeg>,
}

impl Enquiry {
    /// The ways to be priced in a kind of vehicle.
    #[must_use]
    pub fn trips(&self, vehicle_type: VehicleType) -> (Trip, Option<Trip>) {
        let (there, back) = (self.pickup_location.at, self.dropoff_location.at);
        let outward = Trip {
            direction: Direction::Outward,
            vehicle_type,
            pickup: there,
            stops: self.via_stops.iter().map(ViaStop::priced).collect(),
            dropoff: back,
            pickup_time: self.pickup_time,
            metres: self.journey.distance.meters,
            seconds: self.journey.duration.seconds,
            extras: self.extras.clone(),
        };
        let returning = self.return_leg.as_ref().map(|leg| Trip {
            direction: Direction::Return,
            vehicle_type,
            pickup: back,
            stops: Vec::new(),
            dropoff: there,
            pickup_time: leg.pickup_time,
            metres: leg.journey.distance.meters,
            seconds: leg.journey.duration.seconds,
            extras: self.extras.clone(),
        });
        (outward, returning)
    }

    /// What it costs in a kind of vehicle under these terms; the same terms give the same pence, always.
    ///
    /// # Errors
    /// As [`price`].
    pub fn price(&self, terms: &Terms, vehicle_type: VehicleType) -> Result<JourneyFare, Unpriceable> {
        let (outward, back) = self.trips(vehicle_type);
        price(terms, &outward, back.as_ref())
    }

    /// When the passengers are where they want to be, or the way back can begin: waiting at stops included.
    #[must_use]
    pub fn arrival(&self) -> Timestamp {
        self.pickup_time.plus(journey::lasts(self.journey.duration, &self.via_stops))
    }

    /// Whether a map estimated any of it.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        let back = self.return_leg.as_ref().map(|leg| leg.journey.source);
        self.journey.source == Source::Estimate || back == Some(Source::Estimate)
    }
}

/// A fixed price.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// Its id.
    pub quote_id: QuoteId,
    /// Whether a booking has been made of it.
    pub status: QuoteStatus,
    /// What was asked for.
    #[serde(flatten)]
    pub enquiry: Enquiry,
    /// Whether there is a way back too.
    pub return_journey: bool,
    /// For how much.
    pub pricing: QuotePricing,
    /// What other kinds of vehicle that fit would cost.
    pub alternatives: Vec<Alternative>,
    /// Whether it may become a booking: not where its distance is an estimate and the tariff does not allow those.
    #[serde(default = "yes")]
    pub bookable: bool,
    /// Whose booking it became, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<UserId>,
}

const fn yes() -> bool {
    true
}

impl Quote {
    /// A new quote: the journey priced by a tariff in the kind of vehicle that was asked for, and in the others that the
    /// passengers fit. The tariff is named, so that the price can be made again.
    ///
    /// # Errors
    /// As [`price`].
    pub fn offer(
        quote_id: QuoteId,
        enquiry: Enquiry,
        tariff: &Tariff,
        at: Timestamp,
    ) -> Result<New<Self>, Unpriceable> {
        let fare = enquiry.price(&tariff.terms, enquiry.vehicle_type)?;
        let others = VehicleType::ALL
            .into_iter()
            .filter(|kind| *kind != enquiry.vehicle_type && kind.capacity() >= enquiry.passengers);
        let alternatives = others
            .map(|vehicle_type| {
                let total = enquiry.price(&tariff.terms, vehicle_type)?.whole.total();
                Ok(Alternative { vehicle_type, total })
            })
            .collect::<Result<_, _>>()?;
        let quote = Self {
            quote_id,
            status: QuoteStatus::Valid,
            return_journey: enquiry.return_leg.is_some(),
            pricing: QuotePricing::of(fare, tariff.key()),
            alternatives,
            bookable: tariff.terms.estimates_bookable || !enquiry.is_estimated(),
            enquiry,
            used_by: None,
        };
        Ok(New::of(quote, Actor::System, at))
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
