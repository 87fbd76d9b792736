//! Bookings as a file has them.

use deserr::Deserr;
use nots_core::{
    Actor, BookingId, DriverId, PaymentId, QuoteId, Timestamp, UserId, VehicleId,
    cancellation::Cancellation,
    contact::{Email, Phone},
    entity::{
        Booking, BookingStatus, PaymentStatus,
        booking::{
            AssignedDriver, AssignedVehicle, BookingPayment, BookingSource, Customer, Pairing, Step,
            StepTaken, Timeline,
        },
        payment::PaymentMethod,
        tariff::Code,
        vehicle::Registration,
    },
    geo::{Coordinates, Latitude, Longitude},
    id::BookingReference,
    import::Subject,
    journey::{MAX_LUGGAGE, VehicleType},
    pricing::Wanted,
    text::{Name, Note, Text},
};
use nots_http::{FieldError, InvalidBody};

use super::{
    journey::JourneyPart,
    line::{Field, Within},
    pricing::PricingPart,
};

// As long as a driver's and a vehicle's own may be.
type Words<const MAX: usize> = Field<Text<MAX>>;
type Moment = Option<Field<Timestamp>>;

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(super) struct BookingLine {
    booking_id: Field<BookingId>,
    booking_reference: Field<BookingReference>,
    status: Field<BookingStatus>,
    #[deserr(default)]
    quote_id: Option<Field<QuoteId>>,
    #[deserr(default)]
    return_booking_id: Option<Field<BookingId>>,
    #[deserr(default)]
    outward_booking_id: Option<Field<BookingId>>,
    #[deserr(default = Field(BookingSource::Phone))]
    source: Field<BookingSource>,
    customer: CustomerPart,
    journey: JourneyPart,
    vehicle_type: Field<VehicleType>,
    passengers: Within<1, 8>,
    #[deserr(default)]
    luggage: Option<Within<0, { MAX_LUGGAGE as u32 }>>,
    #[deserr(default)]
    extras: Vec<WantedPart>,
    #[deserr(default)]
    special_requirements: Option<Field<Note>>,
    #[deserr(default)]
    flight_number: Option<Field<Text<10>>>,
    pricing: PricingPart,
    #[deserr(default)]
    driver: Option<DriverPart>,
    #[deserr(default)]
    vehicle: Option<VehiclePart>,
    #[deserr(default)]
    payment: Option<PaymentPart>,
    #[deserr(default)]
    timeline: TimelinePart,
    #[deserr(default)]
    cancellation: Option<Field<Cancellation>>,
    #[deserr(default)]
    steps: Vec<StepPart>,
    #[deserr(default)]
    taken_by: Option<Field<Actor>>,
    #[deserr(default)]
    dispatched_by: Option<Field<Actor>>,
    #[deserr(default)]
    internal_notes: String,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct CustomerPart {
    #[deserr(default)]
    user_id: Option<Field<UserId>>,
    first_name: Field<Name>,
    last_name: Field<Name>,
    email: Field<Email>,
    phone: Field<Phone>,
}

/// So many of an extra.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct WantedPart {
    code: Field<Code>,
    quantity: Within<1, { u8::MAX as u32 }>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct DriverPart {
    driver_id: Field<DriverId>,
    first_name: Field<Name>,
    last_name: Field<Name>,
    phone: Field<Phone>,
    licence_number: Words<60>,
    assigned_at: Field<Timestamp>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct VehiclePart {
    vehicle_id: Field<VehicleId>,
    registration: Field<Registration>,
    make: Words<60>,
    model: Words<60>,
    color: Words<40>,
    plate_number: Words<60>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct PaymentPart {
    #[deserr(default)]
    payment_id: Option<Field<PaymentId>>,
    status: Field<PaymentStatus>,
    #[deserr(default)]
    method: Option<Field<PaymentMethod>>,
    #[deserr(default)]
    stripe_payment_intent_id: Option<Field<Text<255>>>,
}

#[derive(Deserr, Default)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct TimelinePart {
    #[deserr(default)]
    created: Moment,
    #[deserr(default)]
    confirmed: Moment,
    #[deserr(default)]
    assigned: Moment,
    #[deserr(default)]
    driver_en_route: Moment,
    #[deserr(default)]
    arrived: Moment,
    #[deserr(default)]
    passenger_onboard: Moment,
    #[deserr(default)]
    completed: Moment,
    #[deserr(default)]
    cancelled: Moment,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct StepPart {
    step: Field<Step>,
    at: Field<Timestamp>,
    recorded_at: Field<Timestamp>,
    #[deserr(default)]
    location: Option<LocationPart>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct LocationPart {
    latitude: Field<Latitude>,
    longitude: Field<Longitude>,
}

impl BookingLine {
    pub(super) fn subject(self) -> Result<Subject, Vec<FieldError>> {
        let mut errors = Vec::new();
        let pricing = self.pricing.kept(&mut errors);
        let journey = self.journey.kept(&mut errors);
        let booking_id = self.booking_id.0;
        let pairing = match (self.return_booking_id, self.outward_booking_id) {
            (None, None) => Pairing::Alone,
            (Some(back), None) => Pairing::Outward { return_booking_id: back.0 },
            (None, Some(there)) => Pairing::Return { outward_booking_id: there.0 },
            (Some(_), Some(_)) => {
                let detail = "a booking is the way there or the way back, not both";
                return Err(vec![FieldError::at("/outwardBookingId", detail)]);
            }
        };
        // What both ways of a journey share goes by the way there.
        let shared = match &pairing {
            Pairing::Return { outward_booking_id } => outward_booking_id,
            Pairing::Outward { .. } | Pairing::Alone => &booking_id,
        };
        let payment = payment(self.payment, self.status.0, shared);
        let quote_id = match self.quote_id {
            Some(quote_id) => Some(quote_id.0),
            // The quote that it would have been made of here.
            None => QuoteId::parse(&format!("{}_{}", QuoteId::PREFIX, shared.suffix())).ok(),
        };
        let (Some(pricing), Some(quote_id), true) = (pricing, quote_id, errors.is_empty()) else {
            return Err(errors);
        };
        Ok(Subject::Booking(Box::new(Booking {
            booking_id,
            booking_reference: self.booking_reference.0,
            status: self.status.0,
            quote_id,
            pairing,
            source: self.source.0,
            customer: self.customer.kept(),
            journey,
            vehicle_type: self.vehicle_type.0,
            passengers: self.passengers.get(),
            luggage: self.luggage.map_or(0, |pieces| pieces.get()),
            extras: self.extras.into_iter().map(WantedPart::kept).collect(),
            special_requirements: self.special_requirements.map(|field| field.0),
            flight_number: self.flight_number.map(|field| field.0.to_string()),
            pricing,
            driver: self.driver.map(DriverPart::kept),
            vehicle: self.vehicle.map(VehiclePart::kept),
            committed: None,
            payment,
            timeline: self.timeline.kept(),
            cancellation: self.cancellation.map(|field| field.0),
            steps: self.steps.into_iter().map(StepPart::kept).collect(),
            taken_by: self.taken_by.map(|field| field.0),
            dispatched_by: self.dispatched_by.map(|field| field.0),
            internal_notes: self.internal_notes,
            amendment: None,
            amendments: 0,
            amended: None,
        })))
    }
}

/// How the payment stands; where the line does not say, as it must with the booking's status.
fn payment(said: Option<PaymentPart>, status: BookingStatus, booking: &BookingId) -> BookingPayment {
    let usual = match status {
        BookingStatus::Pending => PaymentStatus::Pending,
        BookingStatus::Cancelled => PaymentStatus::Failed,
        _ => PaymentStatus::Completed,
    };
    let (payment_id, status, method, intent) = match said {
        Some(said) => (said.payment_id, said.status.0, said.method, said.stripe_payment_intent_id),
        None => (None, usual, None, None),
    };
    let method = method.map(|field| field.0).unwrap_or_else(|| {
        // What is still to be paid is paid here, and what names Stripe's payment was paid there.
        let by_stripe = status == PaymentStatus::Pending || intent.is_some();
        if by_stripe { PaymentMethod::Stripe } else { PaymentMethod::Legacy }
    });
    BookingPayment {
        payment_id: payment_id.map_or_else(|| PaymentId::of_booking(booking), |field| field.0),
        status,
        method,
        stripe_payment_intent_id: intent.map(|field| field.0.to_string()),
    }
}

impl WantedPart {
    fn kept(self) -> Wanted {
        Wanted { code: self.code.0, quantity: self.quantity.get() }
    }
}

impl CustomerPart {
    fn kept(self) -> Customer {
        Customer {
            user_id: self.user_id.map(|field| field.0),
            first_name: self.first_name.0,
            last_name: self.last_name.0,
            email: self.email.0,
            phone: self.phone.0,
        }
    }
}

impl DriverPart {
    fn kept(self) -> AssignedDriver {
        AssignedDriver {
            driver_id: self.driver_id.0,
            first_name: self.first_name.0,
            last_name: self.last_name.0,
            phone: self.phone.0,
            licence_number: self.licence_number.0.to_string(),
            assigned_at: self.assigned_at.0,
        }
    }
}

impl VehiclePart {
    fn kept(self) -> AssignedVehicle {
        AssignedVehicle {
            vehicle_id: self.vehicle_id.0,
            registration: self.registration.0.on_the_plate(),
            make: self.make.0.to_string(),
            model: self.model.0.to_string(),
            color: self.color.0.to_string(),
            plate_number: self.plate_number.0.to_string(),
        }
    }
}

impl TimelinePart {
    fn kept(self) -> Timeline {
        let at = |moment: Moment| moment.map(|field| field.0);
        Timeline {
            created: at(self.created),
            confirmed: at(self.confirmed),
            assigned: at(self.assigned),
            driver_en_route: at(self.driver_en_route),
            arrived: at(self.arrived),
            passenger_onboard: at(self.passenger_onboard),
            completed: at(self.completed),
            cancelled: at(self.cancelled),
        }
    }
}

impl StepPart {
    fn kept(self) -> StepTaken {
        let location =
            self.location.map(|l| Coordinates { latitude: l.latitude.0, longitude: l.longitude.0 });
        StepTaken { step: self.step.0, at: self.at.0, recorded_at: self.recorded_at.0, location }
    }
}
