//! Drivers and vehicles as a file has them.

use deserr::Deserr;
use nots_core::{
    DriverId, Timestamp, VehicleId,
    contact::{CognitoSub, Email, Phone},
    entity::{
        Driver, Vehicle,
        driver::{Availability, FleetStatus, Performance, Sighting, StarRating},
        vehicle::{Insurance, Mot, Registration},
    },
    import::Subject,
    journey::VehicleType,
    text::{Name, Text},
};
use nots_http::{FieldError, InvalidBody};
use serde::Deserialize;

use super::line::{Field, Within, at_most};

/// Most things that a vehicle may have.
const MAX_FEATURES: usize = 40;

type Words<const MAX: usize> = Field<Text<MAX>>;

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
    // Without them no job can be given to them.
    #[deserr(default)]
    licence_number: Option<Words<60>>,
    #[deserr(default)]
    licensing_authority: Option<Words<100>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct AvailabilityLine {
    available: bool,
    #[deserr(default)]
    current_location: Option<Field<Sighting>>,
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
            availability: self.availability.map_or(
                Availability { available: false, current_location: None },
                |said| Availability {
                    available: said.available,
                    current_location: said.current_location.map(|field| field.0),
                },
            ),
            performance,
            assigned_vehicle: self.assigned_vehicle.map(|field| field.0),
            licence_number: words(self.licence_number),
            licensing_authority: words(self.licensing_authority),
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
    make: Words<60>,
    model: Words<60>,
    year: Within<1900, 2100>,
    color: Words<40>,
    #[deserr(rename = "type")]
    kind: Field<VehicleType>,
    // A private-hire vehicle has no more seats than that.
    capacity: Within<1, 8>,
    #[deserr(default = Field(FleetStatus::Active))]
    status: Field<FleetStatus>,
    #[deserr(default)]
    assigned_driver: Option<Field<DriverId>>,
    #[deserr(default)]
    features: Vec<Words<60>>,
    #[deserr(default)]
    insurance: Option<InsurancePart>,
    #[deserr(default)]
    mot: Option<MotPart>,
    // Without them no job can be done in it.
    #[deserr(default)]
    plate_number: Option<Words<60>>,
    #[deserr(default)]
    licensing_authority: Option<Words<100>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct InsurancePart {
    provider: Words<100>,
    policy_number: Words<60>,
    expiry_date: Field<Timestamp>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct MotPart {
    expiry_date: Field<Timestamp>,
    certificate_number: Words<60>,
}

fn words<const MAX: usize>(said: Option<Words<MAX>>) -> String {
    said.map(|field| field.0.to_string()).unwrap_or_default()
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
            insurance: self.insurance.map(|said| Insurance {
                provider: said.provider.0,
                policy_number: said.policy_number.0,
                expiry_date: said.expiry_date.0,
            }),
            mot: self.mot.map(|said| Mot {
                expiry_date: said.expiry_date.0,
                certificate_number: said.certificate_number.0,
            }),
            plate_number: words(self.plate_number),
            licensing_authority: words(self.licensing_authority),
        };
        if errors.is_empty() { Ok(Subject::Vehicle(Box::new(vehicle))) } else { Err(errors) }
    }
}
