//! The parts of a booking: what is kept of its customer, journey, fare, driver, vehicle, payment and steps.

use serde::{Deserialize, Serialize};

use super::BookingStatus;
use crate::{
    contact::{Email, Phone},
    entity::{
        payment::{PaymentMethod, PaymentStatus},
        quote::{Enquiry, LegPricing, QuotePricing},
        tariff::TariffKey,
    },
    geo::{Coordinates, Place},
    id::{BookingId, DriverId, PaymentId, UserId, VehicleId},
    journey::{self, Distance, Duration, ViaStop},
    money::Total,
    pricing::{Breakdown, Line},
    text::{Name, Note},
    time::{Seconds, Timestamp},
};

/// Who travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Whose booking it is; null for a guest who booked by telephone.
    pub user_id: Option<UserId>,
    /// First name.
    pub first_name: Name,
    /// Last name.
    pub last_name: Name,
    /// E-mail.
    pub email: Email,
    /// Telephone.
    pub phone: Phone,
}

/// What is driven, copied from the quote, which will vanish.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedJourney {
    /// From where.
    pub pickup_location: Place,
    /// By way of, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via_stops: Vec<ViaStop>,
    /// To where.
    pub dropoff_location: Place,
    /// When.
    pub pickup_time: Timestamp,
    /// For the driver at the pickup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_instructions: Option<Note>,
    /// For the driver at the drop-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropoff_instructions: Option<Note>,
    /// How far.
    pub distance: Distance,
    /// How long.
    pub duration: Duration,
}

impl BookedJourney {
    /// The way there of what was asked for.
    pub(super) fn outward(enquiry: &Enquiry, pickup: Option<Note>, dropoff: Option<Note>) -> Self {
        Self {
            pickup_location: enquiry.pickup_location.clone(),
            via_stops: enquiry.via_stops.clone(),
            dropoff_location: enquiry.dropoff_location.clone(),
            pickup_time: enquiry.pickup_time,
            pickup_instructions: pickup,
            dropoff_instructions: dropoff,
            distance: enquiry.journey.distance,
            duration: enquiry.journey.duration,
        }
    }

    /// Seconds from the pickup to the drop-off: the drive, and the waiting at its stops.
    #[must_use]
    pub fn lasts(&self) -> Seconds {
        journey::lasts(self.duration, &self.via_stops)
    }
}

/// The booking of the other way of a journey there and back. Each has its own time, driver and status; one payment,
/// kept under the outward one, is for both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Links", into = "Links")]
pub enum Pairing {
    /// This is the way there.
    Outward {
        /// The way back.
        return_booking_id: BookingId,
    },
    /// This is the way back.
    Return {
        /// The way there.
        outward_booking_id: BookingId,
    },
    /// There is no other.
    Alone,
}

/// A pairing as it is stored and sent.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    return_booking_id: Option<BookingId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outward_booking_id: Option<BookingId>,
}

/// A booking names both a way there and a way back.
#[derive(Debug, thiserror::Error)]
#[error("is both the way there and the way back")]
struct BothWays;

impl TryFrom<Links> for Pairing {
    type Error = BothWays;
    fn try_from(links: Links) -> Result<Self, BothWays> {
        match (links.return_booking_id, links.outward_booking_id) {
            (None, None) => Ok(Self::Alone),
            (Some(return_booking_id), None) => Ok(Self::Outward { return_booking_id }),
            (None, Some(outward_booking_id)) => Ok(Self::Return { outward_booking_id }),
            (Some(_), Some(_)) => Err(BothWays),
        }
    }
}

impl From<Pairing> for Links {
    fn from(pairing: Pairing) -> Self {
        match pairing {
            Pairing::Alone => Self::default(),
            Pairing::Outward { return_booking_id } => {
                Self { return_booking_id: Some(return_booking_id), ..Self::default() }
            }
            Pairing::Return { outward_booking_id } => {
                Self { outward_booking_id: Some(outward_booking_id), ..Self::default() }
            }
        }
    }
}

/// The fare, copied from the quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookedPricing {
    /// The total, as pence and as people read it.
    #[serde(flatten)]
    pub amount: Total,
    /// By kind.
    pub breakdown: Breakdown,
    /// Line by line.
    pub lines: Vec<Line>,
    /// The tariff that priced it.
    pub tariff_version: u32,
    /// Since when that tariff is in force.
    pub tariff_effective_from: Timestamp,
}

impl BookedPricing {
    /// One way's part of what was quoted.
    pub(super) fn of(quoted: &QuotePricing, leg: LegPricing) -> Self {
        Self {
            amount: Total { total: leg.breakdown.total, currency: quoted.currency },
            breakdown: leg.breakdown,
            lines: leg.lines,
            tariff_version: quoted.tariff_version,
            tariff_effective_from: quoted.tariff_effective_from,
        }
    }

    /// What names the version of the tariff that priced it; one that is not there, of a fare that was agreed elsewhere.
    #[must_use]
    pub const fn tariff(&self) -> TariffKey {
        (self.tariff_effective_from, self.tariff_version)
    }
}

/// The driver as they were when the job was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignedDriver {
    /// Who.
    pub driver_id: DriverId,
    /// First name.
    pub first_name: Name,
    /// Last name.
    pub last_name: Name,
    /// Telephone.
    pub phone: Phone,
    /// Number of the badge.
    pub licence_number: String,
    /// When the job was given.
    pub assigned_at: Timestamp,
}

/// The vehicle as it was when the job was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignedVehicle {
    /// Which.
    pub vehicle_id: VehicleId,
    /// As it stands on the plate.
    pub registration: String,
    /// Who made it.
    pub make: String,
    /// What they call it.
    pub model: String,
    /// In which colour.
    pub color: String,
    /// Number of the private-hire plate.
    pub plate_number: String,
}

/// How the payment stands, as far as the booking tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookingPayment {
    /// Which payment.
    pub payment_id: PaymentId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// How it is paid.
    pub method: PaymentMethod,
    /// `pi_…`, once paid.
    pub stripe_payment_intent_id: Option<String>,
}

/// When each thing happened; null until it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timeline {
    /// Booked.
    pub created: Option<Timestamp>,
    /// Paid.
    pub confirmed: Option<Timestamp>,
    /// Given to the driver.
    pub assigned: Option<Timestamp>,
    /// The driver set out.
    pub driver_en_route: Option<Timestamp>,
    /// The driver is at the pickup.
    pub arrived: Option<Timestamp>,
    /// The passenger is on board.
    pub passenger_onboard: Option<Timestamp>,
    /// The passenger is there.
    pub completed: Option<Timestamp>,
    /// Called off.
    pub cancelled: Option<Timestamp>,
}

/// Through what a booking came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BookingSource {
    /// The website.
    Web,
    /// A telephone call.
    Phone,
    /// Another company.
    Partner,
}

/// A step of the ride, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The driver set out.
    EnRoute,
    /// The driver is at the pickup.
    Arrived,
    /// The passenger is on board.
    PassengerOnboard,
    /// The passenger is there.
    Completed,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 4] = [Self::EnRoute, Self::Arrived, Self::PassengerOnboard, Self::Completed];

    /// As a driver's app sends it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EnRoute => "en_route",
            Self::Arrived => "arrived",
            Self::PassengerOnboard => "passenger_onboard",
            Self::Completed => "completed",
        }
    }

    pub(super) fn leads_to(self) -> BookingStatus {
        match self {
            Self::EnRoute | Self::Arrived => BookingStatus::Assigned,
            Self::PassengerOnboard => BookingStatus::InProgress,
            Self::Completed => BookingStatus::Completed,
        }
    }
}

/// A step as the driver reported it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepTaken {
    /// Which.
    pub step: Step,
    /// When, by the driver.
    pub at: Timestamp,
    /// When we heard of it.
    pub recorded_at: Timestamp,
    /// Where, when the phone said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Coordinates>,
}
