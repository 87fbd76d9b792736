//! One UTC day of a driver or of a vehicle: every job whose committed time touches it.
//!
//! A job over midnight stands in both days, so two jobs that overlap always meet in one item, and that item's
//! version lets only one of them through.

use serde::{Deserialize, Serialize};

use super::{of_driver, of_vehicle};
use crate::{
    actor::Actor,
    id::{BookingId, BookingReference, DriverId, VehicleId},
    table::{Base, Entity, Key, New, Rewrite, Stored, Transaction},
    text,
    time::{Day, Interval, Timestamp},
};

/// A job's committed time: from its pickup less the buffer to its expected drop-off plus the buffer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Commitment {
    /// Which booking.
    pub booking_id: BookingId,
    /// What people call it.
    pub booking_reference: BookingReference,
    /// The time.
    #[serde(flatten)]
    pub time: Interval,
}

/// A day's jobs, whoever's they are; at most 500, since no two overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Jobs(#[serde(deserialize_with = "text::bounded_list::<_, _, 500>")] Vec<Commitment>);

impl Jobs {
    /// The job that a new one would overlap, if any. A job never overlaps itself.
    #[must_use]
    pub fn clash(&self, new: &Commitment) -> Option<&Commitment> {
        self.0.iter().find(|job| job.booking_id != new.booking_id && job.time.overlaps(new.time))
    }

    /// All of them, in order of time.
    #[must_use]
    pub fn all(&self) -> &[Commitment] {
        &self.0
    }

    /// Whether a booking is among them.
    #[must_use]
    pub fn has(&self, booking: &BookingId) -> bool {
        self.0.iter().any(|job| job.booking_id == *booking)
    }

    fn without(&self, booking: &BookingId) -> Self {
        Self(self.0.iter().filter(|job| job.booking_id != *booking).cloned().collect())
    }

    fn with(&self, new: &Commitment) -> Self {
        let Self(mut jobs) = self.without(&new.booking_id);
        jobs.push(new.clone());
        jobs.sort_by_key(|job| (job.time.from, job.booking_id.clone()));
        Self(jobs)
    }
}

/// A day as an entity of the table, a driver's or a vehicle's.
pub trait ScheduleDay: Entity {
    /// Whose day it is.
    type Owner;
    /// The day's jobs.
    fn jobs(&self) -> &Jobs;
    /// A day with these jobs.
    fn of(owner: &Self::Owner, day: Day, jobs: Jobs) -> Self;
    /// The same day with other jobs.
    fn having(self, jobs: Jobs) -> Self;
}

/// Adds a job to a day, whether or not the day has an item yet; refused by the day's version if anyone else
/// changes it meanwhile.
pub(crate) fn commit<D: ScheduleDay>(
    transaction: Transaction,
    owner: &D::Owner,
    day: Day,
    row: Option<Stored<D>>,
    job: &Commitment,
    (by, at): (Actor, Timestamp),
) -> Transaction {
    match row {
        None => transaction.create(&New::of(D::of(owner, day, Jobs::default().with(job)), by, at)),
        Some(row) => {
            let data = D::of(owner, day, row.data.jobs().with(job));
            transaction.rewrite(&Rewrite::of(row, data, by, at))
        }
    }
}

/// Takes a job out of a day that has it; refused by the day's version if anyone else changes it meanwhile. A day without the
/// job is left alone.
pub(crate) fn release<D: ScheduleDay>(
    transaction: Transaction,
    row: Option<Stored<D>>,
    booking: &BookingId,
    (by, at): (Actor, Timestamp),
) -> Transaction {
    match row.filter(|row| row.data.jobs().has(booking)) {
        None => transaction,
        Some(row) => {
            let data = row.data.clone().having(row.data.jobs().without(booking));
            transaction.rewrite(&Rewrite::of(row, data, by, at))
        }
    }
}

macro_rules! day {
    ($(#[$doc:meta])* $name:ident, $entity:literal, $field:ident: $id:ty, $partition:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Whose day.
            pub $field: $id,
            /// Which day, in UTC.
            pub date: Day,
            /// Its jobs, in order of time.
            pub jobs: Jobs,
        }

        impl Entity for $name {
            const TYPE: &'static str = $entity;
            type Id<'a> = (&'a $id, Day);
            type Indexes = ();

            fn key_of((id, day): Self::Id<'_>) -> Key<Base> {
                $partition(id).at(format_args!("DAY#{day}"))
            }

            fn id(&self) -> Self::Id<'_> {
                (&self.$field, self.date)
            }
        }

        impl ScheduleDay for $name {
            type Owner = $id;

            fn jobs(&self) -> &Jobs {
                &self.jobs
            }

            fn of(owner: &$id, date: Day, jobs: Jobs) -> Self {
                Self { $field: owner.clone(), date, jobs }
            }

            fn having(self, jobs: Jobs) -> Self {
                Self { jobs, ..self }
            }
        }
    };
}

day! {
    /// A driver's day.
    DriverDay, "DriverDay", driver_id: DriverId, of_driver
}
day! {
    /// A vehicle's day.
    VehicleDay, "VehicleDay", vehicle_id: VehicleId, of_vehicle
}
