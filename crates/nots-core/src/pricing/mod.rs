//! Fares: an ordered list of lines, each naming the rule that made it, that sum to the total.
//!
//! The same terms and the same trip give the same pence, always: that is what a stored quote is priced again by.
//! Rounding is to the penny, half to even, once for each line. Fares include VAT.
//!
//! In order: base fare; a fixed price, or distance and time; what lifts it to the minimum fare; uplifts, on all of that;
//! the discount of a way back, on all of that; then stops, waiting, extras and airport fees, which nothing is added to or
//! taken from.

mod explain;
mod fare;
mod preview;
mod work;

use serde::{Deserialize, Serialize};

use crate::{
    entity::tariff::{Code, Terms},
    geo::Coordinates,
    journey::VehicleType,
    time::{Seconds, Timestamp},
};

pub use explain::{
    ExplainedLeg, ExplainedLine, ExplainedStep, Explanation, Inputs, PricedBy, ROUNDING, Whole, explain,
};
pub use fare::{Breakdown, Fare, Line, Rule};
pub use preview::{Preview, PreviewTotals, Priced, Repriced, preview};
pub use work::{Step, Worked, waiting_at_pickup, work_out};

/// Which way of a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// There.
    Outward,
    /// Back: the tariff's discount is taken off.
    Return,
}

/// A stop on the way, as it is priced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stop {
    /// Where.
    pub at: Coordinates,
    /// How long the driver waits there.
    pub waiting_minutes: u32,
}

/// So many of an extra.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Which.
    pub code: Code,
    /// How many.
    pub quantity: u8,
}

/// What is priced: one way of a journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Trip {
    /// There or back.
    pub direction: Direction,
    /// In what.
    pub vehicle_type: VehicleType,
    /// From where.
    pub pickup: Coordinates,
    /// By way of.
    pub stops: Vec<Stop>,
    /// To where.
    pub dropoff: Coordinates,
    /// When.
    pub pickup_time: Timestamp,
    /// How far by road, in metres.
    pub metres: u32,
    /// How long the drive takes.
    pub seconds: Seconds,
    /// With what.
    pub extras: Vec<Wanted>,
}

/// Why there is no fare.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpriceable {
    /// The tariff has no such extra.
    #[error("the tariff has no extra `{0}`")]
    NoSuchExtra(Code),
    /// The fare is larger than can be held: the tariff is absurd.
    #[error("the fare is larger than can be held")]
    TooLarge,
}

/// What a whole journey costs: there, and back when that was asked for too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JourneyFare {
    /// The whole: the lines of the way there, and the way back as one line and its discount.
    pub whole: Fare,
    /// The way there by itself.
    pub outward: Fare,
    /// The way back by itself.
    pub back: Option<Fare>,
}

/// Prices a journey of one way or two. The VAT of the whole is that of its ways, so that two bookings add up to it.
///
/// # Errors
/// When an extra is none of the tariff's; no checked tariff and no journey on Earth give a fare that cannot be held.
pub fn price(terms: &Terms, outward: &Trip, back: Option<&Trip>) -> Result<JourneyFare, Unpriceable> {
    let outward = work_out(terms, outward)?.fare;
    let back = back.map(|trip| Ok(work_out(terms, trip)?.fare)).transpose()?;
    let whole = match &back {
        None => outward.clone(),
        Some(back) => outward.with_return(back).ok_or(Unpriceable::TooLarge)?,
    };
    Ok(JourneyFare { whole, outward, back })
}
