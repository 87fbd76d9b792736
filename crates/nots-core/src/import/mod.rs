//! Moving in from another system: what one record of it becomes here, and what is done where it has been here before.
//!
//! A record that is absent is created. One that is there as it should be is left alone; so is one that anybody but an
//! import wrote last. What an earlier import wrote is brought up to date, on condition that it is as it was read.
//! Everything is written by [`Actor::Import`], which announces nothing.

mod booking;
mod checks;

use std::collections::HashMap;

pub use booking::{Fault, agreed_fare};

use crate::{
    access,
    actor::Actor,
    entity::{Booking, CognitoLink, Driver, EmailLink, Payment, ReferenceLink, StripeLink, User, Vehicle},
    money::Pence,
    table::{
        DecodeError, Entity, Get, Item, Meta, New, RawKey, ReadSet, Refusal, Rewrite, Stored, Transaction,
    },
    time::Timestamp,
};

/// Most lines of a fare: the rules', and a tariff's uplifts, extras and airports.
pub const MAX_LINES: usize = 48;
/// Most characters of a line's description.
pub const MAX_DESCRIPTION: usize = 200;
/// Most characters of a note for staff.
pub const MAX_NOTES: usize = 2_000;
/// Most pence that are paid at once: what the card processor takes.
pub const MAX_PENCE: u32 = 99_999_999;

/// What a record is of.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A customer, or whoever else logs in.
    Customer(Box<User>),
    /// A driver.
    Driver(Box<Driver>),
    /// A vehicle.
    Vehicle(Box<Vehicle>),
    /// A booking; its payment follows from it.
    Booking(Box<Booking>),
}

/// One record of another system.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is of.
    pub subject: Subject,
    /// Since when it is; kept from the first import on.
    pub created_at: Option<Timestamp>,
    /// Of the way there of a journey there and back: what is paid for both.
    pub payment_total: Option<Pence>,
}

/// What is to be done about a record.
#[must_use]
#[derive(Debug)]
pub enum Plan {
    /// It is not here: make it.
    Create(Transaction),
    /// An earlier import wrote something else: bring it up to date.
    Update(Transaction),
    /// It is here as it should be.
    Unchanged,
    /// It has been changed here since: leave it.
    Kept(Meta),
}

/// The reads that a record's plan needs.
#[derive(Debug, Clone)]
pub enum Reads {
    /// Of a customer.
    Customer(Get<User>),
    /// Of a driver.
    Driver(Get<Driver>),
    /// Of a vehicle.
    Vehicle(Get<Vehicle>),
    /// Of a booking and what is paid for it.
    Booking(Get<Booking>, Get<Payment>),
}

/// What was found of a booking: itself and its payment.
pub type FoundBooking = (Option<Stored<Booking>>, Option<Stored<Payment>>);

/// What was found of a record.
#[derive(Debug)]
pub enum Found {
    /// Of a customer.
    Customer(Option<Stored<User>>),
    /// Of a driver.
    Driver(Option<Stored<Driver>>),
    /// Of a vehicle.
    Vehicle(Option<Stored<Vehicle>>),
    /// Of a booking and its payment.
    Booking(Box<FoundBooking>),
}

impl ReadSet for Reads {
    type Rows = Found;

    fn keys(&self, into: &mut Vec<RawKey>) {
        match self {
            Self::Customer(get) => get.keys(into),
            Self::Driver(get) => get.keys(into),
            Self::Vehicle(get) => get.keys(into),
            Self::Booking(booking, payment) => {
                booking.keys(into);
                payment.keys(into);
            }
        }
    }

    fn rows(self, found: &mut HashMap<RawKey, Item>) -> Result<Found, DecodeError> {
        Ok(match self {
            Self::Customer(get) => Found::Customer(get.rows(found)?),
            Self::Driver(get) => Found::Driver(get.rows(found)?),
            Self::Vehicle(get) => Found::Vehicle(get.rows(found)?),
            Self::Booking(booking, payment) => {
                Found::Booking(Box::new((booking.rows(found)?, payment.rows(found)?)))
            }
        })
    }
}

/// A name that a record claims for itself, and the field that has it, as a JSON pointer.
pub type Claim = (RawKey, &'static str);

impl Record {
    /// The kind, as a file names it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.subject {
            Subject::Customer(_) => "customer",
            Subject::Driver(_) => "driver",
            Subject::Vehicle(_) => "vehicle",
            Subject::Booking(_) => "booking",
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        match &self.subject {
            Subject::Customer(user) => user.user_id.as_str(),
            Subject::Driver(driver) => driver.driver_id.as_str(),
            Subject::Vehicle(vehicle) => vehicle.vehicle_id.as_str(),
            Subject::Booking(booking) => booking.booking_id.as_str(),
        }
    }

    /// Everything for which it cannot be held as it is; what has happened has happened by now. What has any is not to
    /// be planned.
    #[must_use]
    pub fn faults(&self, now: Timestamp) -> Vec<Fault> {
        match &self.subject {
            Subject::Booking(booking) => booking::faults(booking, self.payment_total, now),
            _ if self.payment_total.is_some() => vec![Fault::at("/paymentTotal", "is a booking's alone")],
            _ => Vec::new(),
        }
    }

    /// The names that no two records may share, its id first.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        fn of<E: Entity>(id: E::Id<'_>, pointer: &'static str) -> Claim {
            (E::key_of(id).raw(), pointer)
        }
        match &self.subject {
            Subject::Customer(user) => {
                let login = user.cognito_id.as_ref();
                let names = [of::<User>(&user.user_id, "/userId"), of::<EmailLink>(&user.email, "/email")];
                names.into_iter().chain(login.map(|sub| of::<CognitoLink>(sub, "/cognitoId"))).collect()
            }
            Subject::Driver(driver) => vec![of::<Driver>(&driver.driver_id, "/driverId")],
            Subject::Vehicle(vehicle) => vec![of::<Vehicle>(&vehicle.vehicle_id, "/vehicleId")],
            Subject::Booking(booking) => {
                let intent = booking::own_intent(booking);
                let intent = intent.map(|id| of::<StripeLink>(id, "/payment/stripePaymentIntentId"));
                let names = [
                    of::<Booking>(&booking.booking_id, "/bookingId"),
                    of::<ReferenceLink>(&booking.booking_reference, "/bookingReference"),
                ];
                names.into_iter().chain(intent).collect()
            }
        }
    }

    /// What must be read before it can be planned.
    #[must_use]
    pub fn reads(&self) -> Reads {
        match &self.subject {
            Subject::Customer(user) => Reads::Customer(access::user(&user.user_id)),
            Subject::Driver(driver) => Reads::Driver(access::driver(&driver.driver_id)),
            Subject::Vehicle(vehicle) => Reads::Vehicle(access::vehicle(&vehicle.vehicle_id)),
            Subject::Booking(booking) => Reads::Booking(
                access::booking(&booking.booking_id),
                access::payment_of_booking(booking.paid_under()),
            ),
        }
    }

    /// What is to be done, given what was found. What was found of another kind counts as nothing found, and the
    /// write will refuse.
    pub fn plan(&self, found: Found, at: Timestamp) -> Plan {
        let since = self.created_at;
        match (&self.subject, found) {
            (Subject::Customer(user), found) => {
                let user = user.as_ref();
                let found = if let Found::Customer(found) = found { found } else { None };
                plan(
                    found,
                    user,
                    || user.clone().register_since(since.unwrap_or(at), Actor::Import, at).transaction,
                    |row| User::revise(row, user.clone(), Actor::Import, at).transaction,
                )
            }
            (Subject::Driver(driver), found) => {
                let found = if let Found::Driver(found) = found { found } else { None };
                plan_alone(found, driver.as_ref(), since, at)
            }
            (Subject::Vehicle(vehicle), found) => {
                let found = if let Found::Vehicle(found) = found { found } else { None };
                plan_alone(found, vehicle.as_ref(), since, at)
            }
            (Subject::Booking(booking), found) => {
                let found = if let Found::Booking(found) = found { *found } else { (None, None) };
                booking::plan(booking, self.payment_total, found, since, at)
            }
        }
    }
}

fn plan<E: Entity + PartialEq>(
    found: Option<Stored<E>>,
    wanted: &E,
    create: impl FnOnce() -> Transaction,
    update: impl FnOnce(Stored<E>) -> Transaction,
) -> Plan {
    match found {
        None => Plan::Create(create()),
        Some(row) if row.data == *wanted => Plan::Unchanged,
        Some(row) if row.meta.updated_by != Actor::Import => Plan::Kept(row.meta),
        Some(row) => Plan::Update(update(row)),
    }
}

/// Of what is one item and nothing else.
fn plan_alone<E: Entity + PartialEq>(
    found: Option<Stored<E>>,
    wanted: &E,
    since: Option<Timestamp>,
    at: Timestamp,
) -> Plan {
    plan(
        found,
        wanted,
        || {
            let new = New::of(wanted.clone(), Actor::Import, at).since(since.unwrap_or(at));
            Transaction::new().create(&new)
        },
        |row| Transaction::new().rewrite(&Rewrite::of(row, wanted.clone(), Actor::Import, at)),
    )
}

/// What is wrong with a record for good when an item refuses it: the field, and why. None when somebody else was
/// quicker, and reading again will tell.
#[must_use]
pub fn fault_of(refusal: &Refusal) -> Option<Fault> {
    use crate::table::Because::Exists;
    match (refusal.entity, &refusal.because) {
        (EmailLink::TYPE, Exists) => Some(Fault::at("/email", "is the address of another user")),
        (CognitoLink::TYPE, Exists) => Some(Fault::at("/cognitoId", "is the login of another user")),
        (ReferenceLink::TYPE, Exists) => {
            Some(Fault::at("/bookingReference", "is the reference of another booking"))
        }
        (StripeLink::TYPE, Exists) => {
            Some(Fault::at("/payment/stripePaymentIntentId", "has paid for another booking"))
        }
        _ => None,
    }
}
