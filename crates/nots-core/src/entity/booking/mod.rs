//! Bookings: the journey that was sold, and its way from sold to driven.

use serde::{Deserialize, Serialize};

mod amending;
mod cancelling;
mod making;
mod parts;
mod terms;

pub use amending::{Amended, Amending, Amendment, Settled, Unamendable};
pub use making::{Booked, Particulars};
pub use parts::{
    AssignedDriver, AssignedVehicle, BookedJourney, BookedPricing, BookingPayment, BookingSource, Customer,
    Pairing, Step, StepTaken, Timeline,
};
pub use terms::{BookedTerms, Changes, Edit, Misfit};

use super::{driver::Driver, of_booking, of_driver, payment::PaymentStatus, vehicle::Vehicle};
use crate::{
    actor::Actor,
    cancellation::Cancellation,
    geo::Coordinates,
    id::{BookingId, BookingReference, DriverId, QuoteId, UserId},
    journey::VehicleType,
    money::{Currency, Pence},
    pricing::Wanted,
    table::{
        Base, Entity, Gsi1, Gsi2, Gsi3, IllegalMove, IndexedBy, Key, Machine, Move, Pk, Stateful, Stored,
    },
    text::Note,
    time::{Interval, Timestamp},
};

/// Where a booking stands. En route and arrived are progress inside `assigned`, kept in the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    /// Booked, not paid.
    Pending,
    /// Paid, without a driver.
    Confirmed,
    /// Given to a driver.
    Assigned,
    /// The passenger is on board.
    InProgress,
    /// Driven.
    Completed,
    /// Called off.
    Cancelled,
}

/// The text is no status of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be pending, confirmed, assigned, in_progress, completed or cancelled")]
pub struct NotABookingStatus;

impl std::str::FromStr for BookingStatus {
    type Err = NotABookingStatus;
    fn from_str(text: &str) -> Result<Self, NotABookingStatus> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text).ok_or(NotABookingStatus)
    }
}

impl Machine for BookingStatus {
    const ALL: &'static [Self] =
        &[Self::Pending, Self::Confirmed, Self::Assigned, Self::InProgress, Self::Completed, Self::Cancelled];

    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Assigned => "assigned",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Confirmed, Self::Cancelled],
            Self::Confirmed => &[Self::Assigned, Self::Cancelled],
            // To itself: the driver sets out, arrives, or is another one. Back to confirmed: unassigned.
            Self::Assigned => &[Self::Assigned, Self::Confirmed, Self::InProgress, Self::Cancelled],
            Self::InProgress => &[Self::Completed],
            Self::Completed | Self::Cancelled => &[],
        }
    }
}

/// A booked journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Booking {
    /// Its id, which follows from the quote's.
    pub booking_id: BookingId,
    /// What people call it.
    pub booking_reference: BookingReference,
    /// Where it stands.
    pub status: BookingStatus,
    /// The quote it was made of.
    pub quote_id: QuoteId,
    /// The booking of the other way, when there is one.
    #[serde(flatten)]
    pub pairing: Pairing,
    /// Through what it came in.
    pub source: BookingSource,
    /// Who travels.
    pub customer: Customer,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flight_number: Option<String>,
    /// For how much.
    pub pricing: BookedPricing,
    /// By whom; null until assigned.
    pub driver: Option<AssignedDriver>,
    /// In which vehicle; null until assigned.
    pub vehicle: Option<AssignedVehicle>,
    /// The time for which their days hold the job, as it was when the job was given; none while nobody has it, once it is
    /// over, and of a job that was given before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<Interval>,
    /// How the payment stands.
    pub payment: BookingPayment,
    /// When each thing happened.
    pub timeline: Timeline,
    /// How it was called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<Cancellation>,
    /// The ride's steps as the driver reported them.
    #[serde(default)]
    pub steps: Vec<StepTaken>,
    /// Who took the booking, when it was not the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<Actor>,
    /// Who gave the job to the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispatched_by: Option<Actor>,
    /// For staff only.
    #[serde(default)]
    pub internal_notes: String,
    /// A change that waits for its difference to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amendment: Option<Amendment>,
    /// How many changes of what was sold have been asked for; each has its number.
    #[serde(default, skip_serializing_if = "amending::is_none_yet")]
    pub amendments: u32,
    /// The last change of what was sold that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amended: Option<Amended>,
}

/// A step that cannot be taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// It, or a later one, has been taken, or one before it has not.
    #[error("the step is not the next one")]
    OutOfOrder,
    /// Nobody is due yet: before the pickup time no passenger has failed to come.
    #[error("the pickup time has not come")]
    TooEarly,
    /// Its own time lies before the step before it, or after now.
    #[error("the step's time does not lie between the step before it and now")]
    OutOfTime,
}

/// Seconds by which a driver's phone may be off.
pub const PHONE_OFF: u32 = 120;

/// A moment as a phone tells it: between two others, give or take what its clock may be off. One that is a little off tells
/// nothing before the first or after now.
fn between(before: Timestamp, at: Timestamp, now: Timestamp) -> Result<Timestamp, StepError> {
    if at.plus(PHONE_OFF) < before || at > now.plus(PHONE_OFF) {
        return Err(StepError::OutOfTime);
    }
    Ok(at.max(before).min(now))
}

impl Booking {
    /// Gives the job to a driver. The proof is for [`crate::dispatch`], which also guards both schedules.
    pub(crate) fn assign(
        row: Stored<Self>,
        driver: &Driver,
        vehicle: &Vehicle,
        committed: Interval,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let mut data = row.data.clone();
        // An assigned job is taken away before it is given to another; assigned → assigned is progress.
        data.only_from(BookingStatus::Confirmed, BookingStatus::Assigned)?;
        data.status = BookingStatus::Assigned;
        data.timeline.assigned = Some(at);
        data.committed = Some(committed);
        data.dispatched_by = Some(by.clone());
        data.driver = Some(AssignedDriver {
            driver_id: driver.driver_id.clone(),
            first_name: driver.first_name.clone(),
            last_name: driver.last_name.clone(),
            phone: driver.phone.clone(),
            licence_number: driver.licence_number.clone(),
            assigned_at: at,
        });
        data.vehicle = Some(AssignedVehicle {
            vehicle_id: vehicle.vehicle_id.clone(),
            registration: vehicle.registration.on_the_plate(),
            make: vehicle.make.clone(),
            model: vehicle.model.clone(),
            color: vehicle.color.clone(),
            plate_number: vehicle.plate_number.clone(),
        });
        Move::of(row, data, by, at)
    }

    /// What the sort keys of a user's bookings begin with.
    pub(crate) const OF_USER: &'static str = "BOOKING#";

    /// For a verb that is narrower than the machine: it leads to `to` from `from` alone.
    fn only_from(&self, from: BookingStatus, to: BookingStatus) -> Result<(), IllegalMove> {
        if self.status == from {
            return Ok(());
        }
        Err(IllegalMove { entity: Self::TYPE, from: self.status.as_str(), to: to.as_str() })
    }

    /// Whether a driver has it who has not driven it yet.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self.status, BookingStatus::Assigned | BookingStatus::InProgress)
    }

    /// The step that was taken last.
    #[must_use]
    pub fn last_step(&self) -> Option<Step> {
        let t = &self.timeline;
        let taken = [t.driver_en_route, t.arrived, t.passenger_onboard, t.completed];
        Step::ALL.into_iter().zip(taken).filter(|(_, at)| at.is_some()).map(|(step, _)| step).next_back()
    }

    /// The step that can be taken next; none before it is assigned and after it is completed or cancelled.
    #[must_use]
    pub fn next_step(&self) -> Option<Step> {
        let next = match self.last_step() {
            None => Some(Step::EnRoute),
            Some(last) => Step::ALL.into_iter().find(|step| *step > last),
        };
        next.filter(|_| self.is_under_way())
    }

    /// Takes the next step of the ride at the driver's own time.
    ///
    /// # Errors
    /// When it is not the next step, or its time is not between the step before and now, give or take two minutes.
    pub fn take(
        row: Stored<Self>,
        step: Step,
        at: Timestamp,
        location: Option<Coordinates>,
        by: Actor,
        now: Timestamp,
    ) -> Result<Move<Self>, StepError> {
        let mut data = row.data.clone();
        if data.next_step() != Some(step) {
            return Err(StepError::OutOfOrder);
        }
        let before =
            data.steps.last().map(|taken| taken.at).or(data.timeline.assigned).unwrap_or(Timestamp::MIN);
        let at = between(before, at, now)?;
        let moment = match step {
            Step::EnRoute => &mut data.timeline.driver_en_route,
            Step::Arrived => &mut data.timeline.arrived,
            Step::PassengerOnboard => &mut data.timeline.passenger_onboard,
            Step::Completed => &mut data.timeline.completed,
        };
        *moment = Some(at);
        data.status = step.leads_to();
        if step == Step::Completed && data.payment.method.is_settled_at_the_end() {
            data.payment.status = PaymentStatus::Completed;
        }
        // What has been driven is never freed.
        data.committed = data.committed.filter(|_| step != Step::Completed);
        data.steps.push(StepTaken { step, at, recorded_at: now, location });
        Move::of(row, data, by, now).map_err(|_| StepError::OutOfOrder)
    }

    /// What it costs.
    #[must_use]
    pub fn total(&self) -> (Pence, Currency) {
        (self.pricing.amount.total, self.pricing.amount.currency)
    }
}

impl Entity for Booking {
    const TYPE: &'static str = "Booking";
    type Id<'a> = &'a BookingId;
    type Indexes = (Gsi1, Gsi2, Gsi3);

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        of_booking(id).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.booking_id
    }
}

impl Stateful for Booking {
    type Status = BookingStatus;

    fn status(&self) -> BookingStatus {
        self.status
    }
}

/// How bookings sort by pickup time.
pub(crate) fn pickup_sort(at: Timestamp) -> String {
    format!("PICKUP_TIME#{at}")
}

impl IndexedBy<Gsi1> for Booking {
    const SPREAD: bool = true;
    type Partition<'a> = BookingStatus;

    fn partition(status: Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new(format_args!("STATUS#{}", status.as_str()))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        Some(Self::partition(row.data.status).at(pickup_sort(row.data.journey.pickup_time)))
    }
}

impl IndexedBy<Gsi2> for Booking {
    type Partition<'a> = &'a UserId;

    fn partition(user: Self::Partition<'_>) -> Pk<Gsi2> {
        Pk::new(format_args!("USER#{user}"))
    }

    /// A guest's booking is in nobody's list.
    fn entry(row: &Stored<Self>) -> Option<Key<Gsi2>> {
        let user = row.data.customer.user_id.as_ref()?;
        Some(Self::partition(user).at(format_args!("{}{}", Self::OF_USER, row.data.booking_id)))
    }
}

impl IndexedBy<Gsi3> for Booking {
    type Partition<'a> = &'a DriverId;

    fn partition(driver: Self::Partition<'_>) -> Pk<Gsi3> {
        of_driver(driver)
    }

    /// Of what was called off the driver is named for the record; it is no job of theirs any more.
    fn entry(row: &Stored<Self>) -> Option<Key<Gsi3>> {
        let driver = row.data.driver.as_ref().filter(|_| row.data.status != BookingStatus::Cancelled)?;
        Some(Self::partition(&driver.driver_id).at(pickup_sort(row.data.journey.pickup_time)))
    }
}
