//! What becomes of a job that somebody has when what was sold changes: driver and vehicle keep it for its new time, or
//! it is taken from them, together with the change or not at all.

use crate::{
    access,
    actor::Actor,
    dispatch::{DiaryReads, Unfit, Whose, fits, free, kept_free, standing},
    entity::{
        Booking, BookingStatus, Driver, DriverDay, DriverValidity, Settings, Vehicle, VehicleDay,
        VehicleValidity,
        booking::BookedJourney,
        schedule::{self, Commitment, ScheduleDay},
        validity::Standing,
    },
    table::{Get, Stored, Transaction},
    time::{Day, Interval, Timestamp},
};

/// The reads by which it is judged: one round trip.
pub type KeeperReads = (Get<Driver>, DiaryReads);

/// What is found by [`KeeperReads`]: the driver, the vehicle, both validities, and every day of either that the job
/// touches as it is or as it will be.
pub type KeeperRows = (
    Option<Stored<Driver>>,
    (
        Option<Stored<Vehicle>>,
        Option<Stored<DriverValidity>>,
        Option<Stored<VehicleValidity>>,
        Vec<Option<Stored<DriverDay>>>,
        Vec<Option<Stored<VehicleDay>>>,
    ),
);

/// The time that a job takes as it is, and as it will be.
struct Times {
    old: Interval,
    new: Interval,
}

impl Times {
    fn of(
        booking: &Booking,
        given: Timestamp,
        next: &BookedJourney,
        settings: &Settings,
        now: Timestamp,
    ) -> Self {
        let old = booking.committed.unwrap_or_else(|| kept_free(&booking.journey, settings, given));
        Self { old, new: kept_free(next, settings, now) }
    }

    fn days(&self) -> Vec<Day> {
        let mut days: Vec<_> = self.old.days().into_iter().chain(self.new.days()).collect();
        days.sort();
        days.dedup();
        days
    }
}

/// What must be read to judge at this moment whether whoever has a job keeps it once its journey is another one; nothing
/// of a job that nobody has.
#[must_use]
pub fn reads(
    booking: &Booking,
    next: &BookedJourney,
    settings: &Settings,
    now: Timestamp,
) -> Option<KeeperReads> {
    let (driver, vehicle) = booking.driver.as_ref().zip(booking.vehicle.as_ref())?;
    if booking.status != BookingStatus::Assigned {
        return None;
    }
    let days = Times::of(booking, driver.assigned_at, next, settings, now).days();
    let (driver, vehicle) = (&driver.driver_id, &vehicle.vehicle_id);
    let diary = (
        access::vehicle(vehicle),
        access::driver_validity(driver),
        access::vehicle_validity(vehicle),
        days.iter().map(|day| access::driver_day(driver, *day)).collect(),
        days.iter().map(|day| access::vehicle_day(vehicle, *day)).collect(),
    );
    Some((access::driver(driver), diary))
}

/// Decides at the moment for which the rows were read, and lets `next`, which is `booking` with other terms, say it: who
/// has the job keeps it and their days get its new time, or it is nobody's again and their days are freed.
pub(crate) fn rearrange(
    transaction: Transaction,
    booking: &Booking,
    next: &mut Booking,
    rows: KeeperRows,
    settings: &Settings,
    (by, at): (&Actor, Timestamp),
) -> Transaction {
    let Some((has, vehicle_id)) = booking.driver.as_ref().zip(booking.vehicle.as_ref()) else {
        return transaction;
    };
    let (driver_id, vehicle_id) = (&has.driver_id, &vehicle_id.vehicle_id);
    let times = Times::of(booking, has.assigned_at, &next.journey, settings, at);
    let job = Commitment {
        booking_id: booking.booking_id.clone(),
        booking_reference: booking.booking_reference.clone(),
        time: times.new,
    };
    let kept = keeps(next, &rows, &job, settings).is_ok();
    let (_, (_, _, _, driver_days, vehicle_days)) = rows;
    let mut transaction = transaction;
    let stays = if kept { times.new.days() } else { Vec::new() };
    let written = (by.clone(), at);
    for (day, row) in times.days().into_iter().zip(driver_days) {
        transaction = place(transaction, driver_id, (day, row), &job, stays.contains(&day), written.clone());
    }
    for (day, row) in times.days().into_iter().zip(vehicle_days) {
        transaction = place(transaction, vehicle_id, (day, row), &job, stays.contains(&day), written.clone());
    }
    if kept {
        let until = Standing::requirement(times.new.to);
        next.committed = Some(times.new);
        transaction
            .require(&access::driver_validity(driver_id), until.clone())
            .require(&access::vehicle_validity(vehicle_id), until)
    } else {
        next.status = BookingStatus::Confirmed;
        next.timeline.assigned = None;
        next.committed = None;
        next.dispatched_by = None;
        next.driver = None;
        next.vehicle = None;
        transaction
    }
}

/// Whether driver and vehicle would be given the job as it will be.
fn keeps(next: &Booking, rows: &KeeperRows, job: &Commitment, settings: &Settings) -> Result<(), Unfit> {
    let (driver, (vehicle, driver_validity, vehicle_validity, driver_days, vehicle_days)) = rows;
    let gone = |whose| Unfit::NotActive { whose, status: "no documents" };
    let driver = driver.as_ref().ok_or_else(|| gone(Whose::Driver))?;
    let vehicle = vehicle.as_ref().ok_or_else(|| gone(Whose::Vehicle))?;
    fits(next, &driver.data, &vehicle.data, settings)?;
    standing(Whose::Driver, driver_validity.as_ref().map(|v| &v.data.standing), job.time.to)?;
    standing(Whose::Vehicle, vehicle_validity.as_ref().map(|v| &v.data.standing), job.time.to)?;
    free(Whose::Driver, driver_days, job)?;
    free(Whose::Vehicle, vehicle_days, job)
}

/// Puts the job into a day, or takes it out.
fn place<D: ScheduleDay>(
    transaction: Transaction,
    owner: &D::Owner,
    (day, row): (Day, Option<Stored<D>>),
    job: &Commitment,
    stays: bool,
    written: (Actor, Timestamp),
) -> Transaction {
    if stays {
        schedule::commit(transaction, owner, day, row, job, written)
    } else {
        schedule::release(transaction, row, &job.booking_id, written)
    }
}
