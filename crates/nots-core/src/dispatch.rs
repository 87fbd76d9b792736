//! Giving a job to a driver: what must hold, and the one transaction that makes it so.

use crate::{
    access,
    actor::Actor,
    entity::{
        Booking, Driver, DriverDay, DriverValidity, Settings, Vehicle, VehicleDay, VehicleValidity,
        booking::BookedJourney,
        schedule::{self, Commitment, ScheduleDay},
        validity::Standing,
    },
    id::{BookingId, BookingReference, VehicleId},
    journey::VehicleType,
    table::{Get, IllegalMove, Stored, Transaction},
    time::{Day, Interval, Timestamp},
};

/// A booking, the driver it is to be given to, and in which vehicle.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The job.
    pub booking: Stored<Booking>,
    /// Who.
    pub driver: Driver,
    /// In which vehicle.
    pub vehicle: VehicleId,
}

/// What the table says of the vehicle and of both their time; read together, written together.
#[derive(Debug)]
pub struct Diary {
    /// The vehicle.
    pub vehicle: Vehicle,
    /// How long the driver may drive.
    pub driver_validity: Option<Stored<DriverValidity>>,
    /// How long the vehicle may be driven.
    pub vehicle_validity: Option<Stored<VehicleValidity>>,
    /// Each day of the driver that the job touches.
    pub driver_days: Vec<Option<Stored<DriverDay>>>,
    /// Each day of the vehicle that the job touches.
    pub vehicle_days: Vec<Option<Stored<VehicleDay>>>,
}

/// The reads that a diary is made of: one round trip.
pub type DiaryReads =
    (Get<Vehicle>, Get<DriverValidity>, Get<VehicleValidity>, Vec<Get<DriverDay>>, Vec<Get<VehicleDay>>);

/// Whose time or papers are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The driver's.
    Driver,
    /// The vehicle's.
    Vehicle,
}

impl Whose {
    /// As a sentence begins.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Driver => "driver",
            Self::Vehicle => "vehicle",
        }
    }
}

/// Why a job cannot be given to this driver in this vehicle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The booking is in a state that cannot be assigned.
    #[error(transparent)]
    Booking(#[from] IllegalMove),
    /// Too few seats.
    #[error("the vehicle seats {seats}, the booking is for {passengers}")]
    Seats {
        /// Of the vehicle.
        seats: u8,
        /// Of the booking.
        passengers: u8,
    },
    /// A wheelchair is to be taken, and the vehicle takes none.
    #[error("the vehicle takes no wheelchair")]
    Wheelchair,
    /// Another kind of vehicle was booked.
    #[error("the vehicle is {vehicle}, the booking is for {booked}")]
    Kind {
        /// What it is.
        vehicle: VehicleType,
        /// What was booked.
        booked: VehicleType,
    },
    /// Operator, driver and vehicle are not licensed by the same authority.
    #[error("the {} is not licensed by the operator's authority", .0.noun())]
    Authority(Whose),
    /// May not work at all, or nothing is known of them.
    #[error("the {} may not work: {status}", .whose.noun())]
    NotActive {
        /// Who or what.
        whose: Whose,
        /// `suspended`, `inactive`, or `no documents`.
        status: &'static str,
    },
    /// A document runs out before the job ends.
    #[error("the {}'s {document} runs out before the job ends", .whose.noun())]
    RunsOut {
        /// Whose document.
        whose: Whose,
        /// Which.
        document: String,
        /// When.
        at: Timestamp,
    },
    /// They have another job at that time.
    #[error("the {} has {reference} at that time", .whose.noun())]
    Busy {
        /// Whose time.
        whose: Whose,
        /// The other job.
        reference: BookingReference,
    },
}

impl Assignment {
    /// The time that is kept free for the job, buffer included. A pickup that has passed is driven from now on.
    #[must_use]
    pub fn commitment(&self, settings: &Settings, now: Timestamp) -> Commitment {
        let booking = &self.booking.data;
        Commitment {
            booking_id: booking.booking_id.clone(),
            booking_reference: booking.booking_reference.clone(),
            time: kept_free(&booking.journey, settings, now),
        }
    }

    /// Every UTC day that the job touches.
    fn days(&self, settings: &Settings, now: Timestamp) -> Vec<Day> {
        self.commitment(settings, now).time.days()
    }

    /// What must be read to decide at this moment.
    pub fn diary(&self, settings: &Settings, now: Timestamp) -> DiaryReads {
        let (driver, vehicle) = (&self.driver.driver_id, &self.vehicle);
        let days = self.days(settings, now);
        (
            access::vehicle(vehicle),
            access::driver_validity(driver),
            access::vehicle_validity(vehicle),
            days.iter().map(|day| access::driver_day(driver, *day)).collect(),
            days.iter().map(|day| access::vehicle_day(vehicle, *day)).collect(),
        )
    }

    /// Decides at the moment for which the diary was read, and answers the booking as it will be with the transaction that makes it so: the booking moves,
    /// every day it touches gets the job, and both validities are held to the job's end, together or not at all.
    ///
    /// # Errors
    /// Why it cannot be.
    pub fn make(
        self,
        settings: &Settings,
        diary: Diary,
        by: Actor,
        at: Timestamp,
    ) -> Result<(Stored<Booking>, Transaction), Unfit> {
        let job = self.commitment(settings, at);
        let days = self.days(settings, at);
        let Self { booking, driver, .. } = self;
        let vehicle = diary.vehicle;
        let assigned = Booking::assign(booking, &driver, &vehicle, job.time, by.clone(), at)?;
        fits(&assigned.after().data, &driver, &vehicle, settings)?;
        let until = job.time.to;
        standing(Whose::Driver, diary.driver_validity.as_ref().map(|v| &v.data.standing), until)?;
        standing(Whose::Vehicle, diary.vehicle_validity.as_ref().map(|v| &v.data.standing), until)?;
        free(Whose::Driver, &diary.driver_days, &job)?;
        free(Whose::Vehicle, &diary.vehicle_days, &job)?;

        let mut transaction = Transaction::new()
            .apply(&assigned)
            .require(&access::driver_validity(&driver.driver_id), Standing::requirement(until))
            .require(&access::vehicle_validity(&vehicle.vehicle_id), Standing::requirement(until));
        for (day, row) in days.iter().zip(diary.driver_days) {
            transaction = schedule::commit(transaction, &driver.driver_id, *day, row, &job, (by.clone(), at));
        }
        for (day, row) in days.iter().zip(diary.vehicle_days) {
            transaction =
                schedule::commit(transaction, &vehicle.vehicle_id, *day, row, &job, (by.clone(), at));
        }
        Ok((assigned.after().clone(), transaction))
    }
}

/// The time that is kept free for a job that is given at a moment, buffer included.
pub(crate) fn kept_free(journey: &BookedJourney, settings: &Settings, given: Timestamp) -> Interval {
    let from = journey.pickup_time.max(given);
    Interval::starting(from, journey.lasts()).widened(settings.buffer_seconds)
}

/// The reads of the days that hold a job: its driver's and its vehicle's.
pub type HeldReads = (Vec<Get<DriverDay>>, Vec<Get<VehicleDay>>);
/// The days that hold a job, as far as they are there.
pub type HeldDays = (Vec<Option<Stored<DriverDay>>>, Vec<Option<Stored<VehicleDay>>>);

/// What must be read to free driver and vehicle of a job: exactly the days that were committed when it was given, and
/// nothing of a job that nobody has. Of one that was given before that time was kept with it, it is worked out again.
pub fn held(booking: &Booking, settings: &Settings) -> HeldReads {
    let (driver, vehicle) = (booking.driver.as_ref(), booking.vehicle.as_ref());
    let (Some(driver), Some(vehicle), true) = (driver, vehicle, booking.is_under_way()) else {
        return HeldReads::default();
    };
    let given = driver.assigned_at;
    let days = booking.committed.unwrap_or_else(|| kept_free(&booking.journey, settings, given)).days();
    (
        days.iter().map(|day| access::driver_day(&driver.driver_id, *day)).collect(),
        days.iter().map(|day| access::vehicle_day(&vehicle.vehicle_id, *day)).collect(),
    )
}

/// Takes a job out of the days that hold it, together with what else the transaction does.
pub fn release(
    transaction: Transaction,
    booking: &BookingId,
    (driver_days, vehicle_days): HeldDays,
    by: &Actor,
    at: Timestamp,
) -> Transaction {
    let mut transaction = transaction;
    for row in driver_days {
        transaction = schedule::release(transaction, row, booking, (by.clone(), at));
    }
    for row in vehicle_days {
        transaction = schedule::release(transaction, row, booking, (by.clone(), at));
    }
    transaction
}

pub(crate) fn fits(
    booking: &Booking,
    driver: &Driver,
    vehicle: &Vehicle,
    settings: &Settings,
) -> Result<(), Unfit> {
    let authority = &settings.operator.licensing_authority;
    if vehicle.capacity < booking.passengers {
        Err(Unfit::Seats { seats: vehicle.capacity, passengers: booking.passengers })
    } else if !vehicle.kind.serves(booking.vehicle_type) {
        Err(Unfit::Kind { vehicle: vehicle.kind, booked: booking.vehicle_type })
    } else if booking.needs_wheelchair_access() && !vehicle.takes_wheelchairs() {
        Err(Unfit::Wheelchair)
    } else if driver.licensing_authority != *authority {
        Err(Unfit::Authority(Whose::Driver))
    } else if vehicle.licensing_authority != *authority {
        Err(Unfit::Authority(Whose::Vehicle))
    } else {
        Ok(())
    }
}

pub(crate) fn standing(whose: Whose, standing: Option<&Standing>, until: Timestamp) -> Result<(), Unfit> {
    match standing {
        None => Err(Unfit::NotActive { whose, status: "no documents" }),
        Some(s) if s.covers(until) => Ok(()),
        Some(s) if s.status != crate::entity::driver::FleetStatus::Active => {
            Err(Unfit::NotActive { whose, status: s.status.as_str() })
        }
        Some(s) => Err(Unfit::RunsOut { whose, document: s.limited_by.clone(), at: s.valid_until }),
    }
}

pub(crate) fn free<D: ScheduleDay>(
    whose: Whose,
    days: &[Option<Stored<D>>],
    job: &Commitment,
) -> Result<(), Unfit> {
    let clash = days.iter().flatten().find_map(|day| day.data.jobs().clash(job));
    clash.map_or(Ok(()), |other| Err(Unfit::Busy { whose, reference: other.booking_reference.clone() }))
}
