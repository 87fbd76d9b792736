//! A quote's price worked out again by the tariff that made it, step by step and in words.

use serde::Serialize;

use super::{
    Direction, Fare, JourneyFare, Rule, Step, Trip, Unpriceable, Wanted, price, work::percent, work_out,
};
use crate::{
    entity::{
        Quote, Tariff,
        quote::{LegPricing, QuotePricing},
        tariff::{Vat, WHOLE},
    },
    geo::Place,
    journey::{Distance, Duration, Measure, Source, VehicleType, ViaStop},
    money::{Currency, Pence},
    time::Timestamp,
};

/// How amounts are rounded, in words.
pub const ROUNDING: &str = "Each line is rounded once, to the penny, and half a penny to the even one; totals are sums \
                            of rounded lines. VAT is inside the fare and is rounded once for each way.";

/// Why a quote costs what it costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// What was asked for.
    pub inputs: Inputs,
    /// The tariff that priced it.
    pub tariff: PricedBy,
    /// What amounts are in; they are in its smallest unit.
    pub currency: Currency,
    /// Each way by itself.
    pub legs: Vec<ExplainedLeg>,
    /// What the ways make together.
    pub whole: Whole,
    /// How amounts are rounded.
    pub rounding: &'static str,
    /// What was quoted.
    pub quoted: Pence,
    /// Whether working it out again gives what was quoted, line by line.
    pub matches: bool,
}

/// What was asked for; how far it is stands with each way.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inputs {
    /// From where.
    pub pickup_location: Place,
    /// By way of.
    pub via_stops: Vec<ViaStop>,
    /// To where.
    pub dropoff_location: Place,
    /// In what.
    pub vehicle_type: VehicleType,
    /// How many.
    pub passengers: u8,
    /// With how many pieces.
    pub luggage: u8,
    /// With what, each way.
    pub extras: Vec<Wanted>,
    /// When.
    pub pickup_time: Timestamp,
    /// Whether there is a way back.
    pub return_journey: bool,
    /// When the way back begins, when there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_pickup_time: Option<Timestamp>,
}

/// A tariff by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PricedBy {
    /// Its number.
    pub version: u32,
    /// Since when it is in force.
    pub effective_from: Timestamp,
}

/// One way, rule by rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedLeg {
    /// There or back.
    pub direction: Direction,
    /// Where it begins.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// When it begins.
    pub pickup_time: Timestamp,
    /// The same in UTC, as ISO 8601 writes it.
    pub pickup_time_in_utc: String,
    /// The same by a clock in London, which uplifts go by.
    pub pickup_time_in_london: String,
    /// How far.
    pub distance: Distance,
    /// How long.
    pub duration: Duration,
    /// Who said so.
    pub source: Source,
    /// The same in words.
    pub measured: &'static str,
    /// Every rule that was looked at, in order.
    pub steps: Vec<ExplainedStep>,
    /// What they come to.
    pub total: Pence,
    /// The VAT inside it.
    pub tax: Pence,
    /// How the VAT comes about.
    pub vat: String,
}

/// A rule and what it has come to so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedStep {
    /// The rule.
    #[serde(flatten)]
    pub step: Step,
    /// All steps up to this one.
    pub running_total: Pence,
}

/// A line of the whole and what it has come to so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedLine {
    /// The rule that made it.
    pub rule: Rule,
    /// Its arithmetic in words.
    pub description: String,
    /// Pence.
    pub amount: Pence,
    /// All lines up to this one.
    pub running_total: Pence,
}

/// What the ways make together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Whole {
    /// The quote's lines.
    pub lines: Vec<ExplainedLine>,
    /// How the ways add up.
    pub arithmetic: String,
    /// Total less tax.
    pub subtotal: Pence,
    /// The VAT inside the total.
    pub tax: Pence,
    /// How the VAT comes about.
    pub vat: String,
    /// What the customer pays.
    pub total: Pence,
}

/// Works a quote out again by the tariff that priced it.
///
/// # Errors
/// As [`price`], when the tariff is another one than that.
pub fn explain(quote: &Quote, tariff: &Tariff) -> Result<Explanation, Unpriceable> {
    let (enquiry, terms) = (&quote.enquiry, &tariff.terms);
    let (there, back) = enquiry.trips(enquiry.vehicle_type);
    let fare = price(terms, &there, back.as_ref())?;
    let (pickup, dropoff) = (&enquiry.pickup_location.address, &enquiry.dropoff_location.address);
    let mut legs = vec![leg(tariff, &there, &enquiry.journey, (pickup, dropoff))?];
    if let (Some(trip), Some(returning)) = (&back, &enquiry.return_leg) {
        legs.push(leg(tariff, trip, &returning.journey, (dropoff, pickup))?);
    }
    Ok(Explanation {
        inputs: Inputs {
            pickup_location: enquiry.pickup_location.clone(),
            via_stops: enquiry.via_stops.clone(),
            dropoff_location: enquiry.dropoff_location.clone(),
            vehicle_type: enquiry.vehicle_type,
            passengers: enquiry.passengers,
            luggage: enquiry.luggage,
            extras: enquiry.extras.clone(),
            pickup_time: enquiry.pickup_time,
            return_journey: enquiry.return_leg.is_some(),
            return_pickup_time: enquiry.return_leg.as_ref().map(|leg| leg.pickup_time),
        },
        tariff: PricedBy { version: tariff.version, effective_from: tariff.effective_from },
        currency: fare.whole.currency,
        legs,
        whole: whole(&fare, terms.vat)?,
        rounding: ROUNDING,
        quoted: quote.pricing.breakdown.total,
        matches: same(&QuotePricing::of(fare, tariff.key()), &quote.pricing),
    })
}

fn leg(
    tariff: &Tariff,
    trip: &Trip,
    measure: &Measure,
    (from, to): (&str, &str),
) -> Result<ExplainedLeg, Unpriceable> {
    let worked = work_out(&tariff.terms, trip)?;
    let mut running_total = Pence::ZERO;
    let mut steps = Vec::with_capacity(worked.steps.len());
    for step in worked.steps {
        running_total = running_total.plus(step.amount).ok_or(Unpriceable::TooLarge)?;
        steps.push(ExplainedStep { step, running_total });
    }
    Ok(ExplainedLeg {
        direction: trip.direction,
        from: from.to_owned(),
        to: to.to_owned(),
        pickup_time: trip.pickup_time,
        pickup_time_in_utc: trip.pickup_time.in_utc("%Y-%m-%dT%H:%M:%SZ"),
        pickup_time_in_london: trip.pickup_time.in_london(),
        distance: measure.distance,
        duration: measure.duration,
        source: measure.source,
        measured: measured(measure.source),
        steps,
        total: worked.fare.total(),
        tax: worked.fare.breakdown.tax,
        vat: vat_inside(&worked.fare, tariff.terms.vat),
    })
}

const fn measured(source: Source) -> &'static str {
    match source {
        Source::Estimate => {
            "Distance and time are an estimate from the straight line between the places; no map has said \
             how far it is by road"
        }
        Source::Google => "Distance and time are by road, as Google's map has them",
    }
}

fn vat_inside(fare: &Fare, vat: Vat) -> String {
    if !vat.registered {
        return "The operator is not registered for VAT, so none is inside".to_owned();
    }
    let show = |amount: Pence| amount.display(fare.currency);
    let (rate, total) = (percent(vat.rate_basis_points), show(fare.total()));
    let with_rate = percent(vat.rate_basis_points.saturating_add(WHOLE));
    format!("VAT at {rate} is inside {total}: {rate} ÷ {with_rate} of it, {}", show(fare.breakdown.tax))
}

fn whole(JourneyFare { whole, outward, back }: &JourneyFare, vat: Vat) -> Result<Whole, Unpriceable> {
    let show = |amount: Pence| amount.display(whole.currency);
    let breakdown = whole.breakdown;
    let mut running_total = Pence::ZERO;
    let mut lines = Vec::with_capacity(whole.lines.len());
    for line in &whole.lines {
        running_total = running_total.plus(line.amount).ok_or(Unpriceable::TooLarge)?;
        let description = line.description.clone();
        lines.push(ExplainedLine { rule: line.rule, description, amount: line.amount, running_total });
    }
    let (arithmetic, in_words) = match back {
        None => (format!("The way there is the whole: {}", show(breakdown.total)), vat_inside(whole, vat)),
        Some(back) => {
            let sum = |there: Pence, back: Pence, whole: Pence| {
                format!(
                    "{} for the way there + {} for the way back = {}",
                    show(there),
                    show(back),
                    show(whole)
                )
            };
            let inside = if vat.registered {
                format!("VAT: {}", sum(outward.breakdown.tax, back.breakdown.tax, breakdown.tax))
            } else {
                vat_inside(whole, vat)
            };
            (sum(outward.total(), back.total(), breakdown.total), inside)
        }
    };
    Ok(Whole {
        lines,
        arithmetic,
        subtotal: breakdown.subtotal,
        tax: breakdown.tax,
        vat: in_words,
        total: breakdown.total,
    })
}

/// Whether two prices are the same by every rule; in which words they say so is another matter.
fn same(one: &QuotePricing, other: &QuotePricing) -> bool {
    let amounts = |pricing: &QuotePricing| {
        let of = |leg: &LegPricing| {
            let lines: Vec<_> = leg.lines.iter().map(|line| (line.rule, line.amount)).collect();
            (leg.breakdown, lines)
        };
        let whole = LegPricing { breakdown: pricing.breakdown, lines: pricing.lines.clone() };
        let legs = pricing.legs.as_ref().map(|legs| (of(&legs.outward), of(&legs.back)));
        (pricing.currency, pricing.tariff(), of(&whole), legs)
    };
    amounts(one) == amounts(other)
}
