//! Drivers and vehicles as a file has them.

use deserr::Deserr;
use nots_core::{
    DriverId, VehicleId,
    contact::{CognitoSub, Email, Phone},
    entity::{
        Driver, Vehicle,
        driver::{Availability, FleetStatus, Performance, StarRating},
        vehicle::Registration,
    },
    import::Subject,
    journey::VehicleType,
    text::{Name, Text},
};
use nots_http::{FieldError, InvalidBody};
use serde::Deserialize;

use super::line::{Field, Within, at_most};

/// Most things that a vehicle may have.
const MAX_FEATURES: usize = 50;

type Words = Field<Text<100>>;

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(super) struct DriverLine {
    driver_id: Field<DriverId>,
    #[deserr(default)]
    cognito_id: Option<Field<CognitoSub>>,
    email: Field<Email>,
    first_name: Field<Name>,
    last_name: Field<Name>,
    phone: Field<Phone>,
    #[deserr(default = Field(FleetStatus::Active))]
    status: Field<FleetStatus>,
    #[deserr(default)]
    availability: Option<AvailabilityLine>,
    #[deserr(default)]
    performance: Option<PerformanceLine>,
    #[deserr(default)]
    assigned_vehicle: Option<Field<VehicleId>>,
    licence_number: Words,
    licensing_authority: Words,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct AvailabilityLine {
    available: bool,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct PerformanceLine {
    rating: Field<StarRating>,
    total_trips: Within<0, { u32::MAX }>,
    completion_rate: Field<PerCent>,
    acceptance_rate: Field<PerCent>,
    on_time_rate: Field<PerCent>,
}

impl DriverLine {
    // As every kind of line, though there is nothing left that could be wrong.
    #[expect(clippy::unnecessary_wraps, reason = "the others can fail")]
    pub(super) fn subject(self) -> Result<Subject, Vec<FieldError>> {
        let performance = self.performance.map_or_else(
            // Of somebody who has driven nothing yet.
            || Performance {
                rating: StarRating::from_tenths(0),
                total_trips: 0,
                completion_rate: 100.0,
                acceptance_rate: 100.0,
                on_time_rate: 100.0,
            },
            PerformanceLine::kept,
        );
        let driver = Driver {
            driver_id: self.driver_id.0,
            cognito_id: self.cognito_id.map(|field| field.0.to_string()),
            email: self.email.0,
            first_name: self.first_name.0,
            last_name: self.last_name.0,
            phone: self.phone.0,
            status: self.status.0,
            availability: Availability { available: self.availability.is_some_and(|said| said.available) },
            performance,
            assigned_vehicle: self.assigned_vehicle.map(|field| field.0),
            licence_number: self.licence_number.0.to_string(),
            licensing_authority: self.licensing_authority.0.to_string(),
        };
        Ok(Subject::Driver(Box::new(driver)))
    }
}

impl PerformanceLine {
    fn kept(self) -> Performance {
        Performance {
            rating: self.rating.0,
            total_trips: self.total_trips.get(),
            completion_rate: self.completion_rate.0.0,
            acceptance_rate: self.acceptance_rate.0.0,
            on_time_rate: self.on_time_rate.0.0,
        }
    }
}

/// From 0 to 100.
#[derive(Deserialize)]
#[serde(try_from = "f64")]
struct PerCent(f64);

impl TryFrom<f64> for PerCent {
    type Error = &'static str;

    fn try_from(rate: f64) -> Result<Self, Self::Error> {
        if (0.0..=100.0).contains(&rate) { Ok(Self(rate)) } else { Err("must be 0 to 100 per cent") }
    }
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(super) struct VehicleLine {
    vehicle_id: Field<VehicleId>,
    registration: Field<Registration>,
    make: Words,
    model: Words,
    year: Within<1900, 2100>,
    color: Words,
    #[deserr(rename = "type")]
    kind: Field<VehicleType>,
    // A private-hire vehicle has no more seats than that.
    capacity: Within<1, 8>,
    #[deserr(default = Field(FleetStatus::Active))]
    status: Field<FleetStatus>,
    #[deserr(default)]
    assigned_driver: Option<Field<DriverId>>,
    #[deserr(default)]
    features: Vec<Words>,
    plate_number: Words,
    licensing_authority: Words,
}

impl VehicleLine {
    pub(super) fn subject(self) -> Result<Subject, Vec<FieldError>> {
        let mut errors = Vec::new();
        at_most("/features", MAX_FEATURES, &self.features, &mut errors);
        let vehicle = Vehicle {
            vehicle_id: self.vehicle_id.0,
            registration: self.registration.0,
            make: self.make.0.to_string(),
            model: self.model.0.to_string(),
            year: self.year.get(),
            color: self.color.0.to_string(),
            kind: self.kind.0,
            capacity: self.capacity.get(),
            status: self.status.0,
            assigned_driver: self.assigned_driver.map(|field| field.0),
            features: self.features.into_iter().map(|field| field.0.to_string()).collect(),
            plate_number: self.plate_number.0.to_string(),
            licensing_authority: self.licensing_authority.0.to_string(),
        };
        if errors.is_empty() { Ok(Subject::Vehicle(Box::new(vehicle))) } else { Err(errors) }
    }
}
