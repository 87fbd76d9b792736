//! What was sold with a booking, and what a change makes of it.

use serde::{Deserialize, Serialize};

use super::{BookedJourney, BookedPricing, Booking};
use crate::{
    entity::quote::{Enquiry, Quote},
    journey::VehicleType,
    pricing::Wanted,
    text::{self, Note},
};

/// What was sold, or is to be: what is driven, in what, for whom and for how much.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedTerms {
    /// What is driven.
    pub journey: BookedJourney,
    /// In what.
    pub vehicle_type: VehicleType,
    /// How many.
    pub passengers: u8,
    /// With how many pieces.
    pub luggage: u8,
    /// With what.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<Wanted>,
    /// What they need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special_requirements: Option<Note>,
    /// The flight that is met.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text::bounded_or_none::<_, 40>"
    )]
    pub flight_number: Option<String>,
    /// For how much.
    pub pricing: BookedPricing,
}

/// What is to become of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// It stays.
    #[default]
    Keep,
    /// It is taken out.
    Clear,
    /// It is this from now on.
    To(T),
}

impl<T: Clone> Edit<T> {
    fn on(&self, text: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *text = None,
            Self::To(new) => *text = Some(new.clone()),
        }
    }
}

/// What is to be changed without money.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// How many, unless as they are.
    pub passengers: Option<u8>,
    /// With how many pieces, unless as they are.
    pub luggage: Option<u8>,
    /// What they need.
    pub special_requirements: Edit<Note>,
    /// For the driver at the pickup.
    pub pickup_instructions: Edit<Note>,
    /// For the driver at the drop-off.
    pub dropoff_instructions: Edit<Note>,
    /// The flight that is met.
    pub flight_number: Edit<String>,
    /// For staff only.
    pub internal_notes: Edit<String>,
}

impl Changes {
    /// Whether nothing but the office's notes is changed, which no state of the booking keeps anybody from.
    #[must_use]
    pub fn is_for_the_office(&self) -> bool {
        *self == Self { internal_notes: self.internal_notes.clone(), ..Self::default() }
    }
}

impl BookedTerms {
    /// What a quote makes of these terms: all that it says, and from here what it does not.
    #[must_use]
    pub fn requoted(&self, quote: &Quote) -> Self {
        let Enquiry { vehicle_type, passengers, luggage, ref extras, .. } = quote.enquiry;
        let BookedJourney { pickup_instructions, dropoff_instructions, .. } = self.journey.clone();
        Self {
            journey: BookedJourney::outward(&quote.enquiry, pickup_instructions, dropoff_instructions),
            vehicle_type,
            passengers,
            luggage,
            extras: extras.clone(),
            special_requirements: self.special_requirements.clone(),
            flight_number: self.flight_number.clone(),
            pricing: BookedPricing::of(&quote.pricing, quote.pricing.outward()),
        }
    }

    /// The same with what is changed without money.
    #[must_use]
    pub fn with(mut self, changes: &Changes) -> Self {
        self.passengers = changes.passengers.unwrap_or(self.passengers);
        self.luggage = changes.luggage.unwrap_or(self.luggage);
        changes.special_requirements.on(&mut self.special_requirements);
        changes.pickup_instructions.on(&mut self.journey.pickup_instructions);
        changes.dropoff_instructions.on(&mut self.journey.dropoff_instructions);
        changes.flight_number.on(&mut self.flight_number);
        self
    }

    pub(super) fn too_many(&self) -> Option<Misfit> {
        let most = self.vehicle_type.capacity();
        (self.passengers > most).then_some(Misfit::Passengers { most, vehicle: self.vehicle_type })
    }
}

/// What cannot be booked so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// More passengers than such a vehicle takes.
    Passengers {
        /// The most.
        most: u8,
        /// In what.
        vehicle: VehicleType,
    },
    /// More passengers than the vehicle seats that has been given to the job.
    Seats {
        /// Of the vehicle.
        seats: u8,
    },
    /// The quote is for a journey there and back.
    BothWays,
    /// The quote's distance is an estimate, which the tariff does not let be booked.
    Estimate,
    /// The quote's pickup time has passed.
    PickupPassed,
    /// The quote's pickup is so soon that no difference can be paid before it.
    TooSoon,
}

impl Booking {
    /// What was sold, as it holds.
    #[must_use]
    pub fn terms(&self) -> BookedTerms {
        BookedTerms {
            journey: self.journey.clone(),
            vehicle_type: self.vehicle_type,
            passengers: self.passengers,
            luggage: self.luggage,
            extras: self.extras.clone(),
            special_requirements: self.special_requirements.clone(),
            flight_number: self.flight_number.clone(),
            pricing: self.pricing.clone(),
        }
    }

    pub(super) fn hold(&mut self, terms: BookedTerms) {
        let BookedTerms {
            journey,
            vehicle_type,
            passengers,
            luggage,
            extras,
            special_requirements,
            flight_number,
            pricing,
        } = terms;
        self.journey = journey;
        self.vehicle_type = vehicle_type;
        self.passengers = passengers;
        self.luggage = luggage;
        self.extras = extras;
        self.special_requirements = special_requirements;
        self.flight_number = flight_number;
        self.pricing = pricing;
    }

    pub(super) fn note(&mut self, changes: &Changes) {
        match &changes.internal_notes {
            Edit::Keep => {}
            Edit::Clear => self.internal_notes.clear(),
            Edit::To(notes) => self.internal_notes.clone_from(notes),
        }
    }
}
