//! How bookings come into being and are paid for: one, or two that are linked, of one quote.

use super::{
    BookedJourney, BookedPricing, Booking, BookingPayment, BookingSource, BookingStatus, Customer, Pairing,
    Timeline,
};
use crate::{
    actor::Actor,
    cancellation::{Cancellation, CancelledBy, judge},
    entity::{
        link::ReferenceLink,
        payment::{Payment, PaymentMethod, PaymentStatus},
        quote::{Enquiry, LegPricing, Quote},
        tariff::{CancellationPolicy, Extra},
    },
    id::{BookingId, BookingReference, PaymentId},
    journey::ViaStop,
    money::{Pence, Total},
    table::{IllegalMove, Move, New, Rewrite, Stored, Transaction},
    text::Note,
    time::Timestamp,
};

/// What a customer, or staff for them, adds to a quote to make it a booking.
#[derive(Debug, Clone, PartialEq)]
pub struct Particulars {
    /// Who travels.
    pub customer: Customer,
    /// How many, unless as quoted.
    pub passengers: Option<u8>,
    /// With how many pieces, unless as quoted.
    pub luggage: Option<u8>,
    /// What they need.
    pub special_requirements: Option<Note>,
    /// For the driver at the pickup.
    pub pickup_instructions: Option<Note>,
    /// For the driver at the drop-off.
    pub dropoff_instructions: Option<Note>,
    /// The flight that is met.
    pub flight_number: Option<String>,
    /// Through what it came in.
    pub source: BookingSource,
    /// Who took it, when it was not the customer.
    pub taken_by: Option<Actor>,
}

/// A booking and all that is written with it.
#[must_use]
#[derive(Debug)]
pub struct Booked {
    /// The booking as the table will hold it: of the way there, when there are two.
    pub booking: Stored<Booking>,
    /// Bookings, payment, references, and the quote used up.
    pub transaction: Transaction,
}

/// What the two bookings of a journey there and back differ in.
struct Leg {
    booking_id: BookingId,
    reference: BookingReference,
    pairing: Pairing,
    journey: BookedJourney,
    flight_number: Option<String>,
    pricing: LegPricing,
}

impl Booking {
    /// Makes a booking of a quote, and a second one of its way back: bookings, payment and references come into being
    /// and the quote is used up, together or not at all.
    ///
    /// # Errors
    /// When the quote has been used.
    pub fn book(
        quote: Stored<Quote>,
        particulars: Particulars,
        reference: BookingReference,
        by: Actor,
        at: Timestamp,
    ) -> Result<Booked, IllegalMove> {
        let user = particulars.customer.user_id.clone();
        let booking_id = BookingId::of_quote(&quote.data.quote_id);
        let pricing = &quote.data.pricing;
        let amount = Total { total: pricing.breakdown.total, currency: pricing.currency };
        let (outward, returning) = legs(&quote.data, &particulars, &booking_id, &reference);
        let make = |leg| New::of(Self::made(&quote.data, &particulars, leg, at), by.clone(), at);
        let (outward, returning) = (make(outward), returning.map(make));

        let payment = Payment::due(&booking_id, user.clone(), amount, by.clone(), at);
        let link = |to: &Stored<Self>| {
            let data = &to.data;
            ReferenceLink::to(data.booking_reference.clone(), data.booking_id.clone(), by.clone(), at)
        };
        let mut transaction =
            Transaction::new().create(&outward).create(&payment).create(&link(outward.after()));
        if let Some(returning) = &returning {
            transaction = transaction.create(returning).create(&link(returning.after()));
        }
        let used = Quote::use_up(quote, user, by, at)?;
        Ok(Booked { booking: outward.after().clone(), transaction: transaction.apply(&used) })
    }

    fn made(quote: &Quote, particulars: &Particulars, leg: Leg, at: Timestamp) -> Self {
        let Enquiry { vehicle_type, passengers, luggage, ref extras, .. } = quote.enquiry;
        let outward = match &leg.pairing {
            Pairing::Return { outward_booking_id } => outward_booking_id,
            Pairing::Outward { .. } | Pairing::Alone => &leg.booking_id,
        };
        Self {
            quote_id: quote.quote_id.clone(),
            status: BookingStatus::Pending,
            source: particulars.source,
            customer: particulars.customer.clone(),
            vehicle_type,
            passengers: particulars.passengers.unwrap_or(passengers),
            luggage: particulars.luggage.unwrap_or(luggage),
            extras: extras.clone(),
            special_requirements: particulars.special_requirements.clone(),
            flight_number: leg.flight_number,
            pricing: BookedPricing::of(&quote.pricing, leg.pricing),
            driver: None,
            vehicle: None,
            committed: None,
            payment: BookingPayment {
                payment_id: PaymentId::of_booking(outward),
                status: PaymentStatus::Pending,
                method: PaymentMethod::Stripe,
                stripe_payment_intent_id: None,
            },
            timeline: Timeline { created: Some(at), ..Timeline::default() },
            cancellation: None,
            steps: Vec::new(),
            taken_by: particulars.taken_by.clone(),
            dispatched_by: None,
            internal_notes: String::new(),
            amendment: None,
            amendments: 0,
            amended: None,
            booking_id: leg.booking_id,
            booking_reference: leg.reference,
            pairing: leg.pairing,
            journey: leg.journey,
        }
    }

    /// The bookings that one payment is for: this one, and the way back when what was found under its id is that.
    #[must_use]
    pub fn paid_together(outward: Stored<Self>, found: Option<Stored<Self>>) -> Vec<Stored<Self>> {
        let is_its_return = |row: &Stored<Self>| {
            outward.data.pairing == Pairing::Outward { return_booking_id: row.data.booking_id.clone() }
                && *row.data.paid_under() == outward.data.booking_id
        };
        let returning = found.filter(is_its_return);
        std::iter::once(outward).chain(returning).collect()
    }

    /// Confirms it: the money has been taken, or will be once the journey is over.
    ///
    /// # Errors
    /// When it does not wait to be paid.
    pub(crate) fn confirm(
        row: Stored<Self>,
        method: PaymentMethod,
        intent: Option<String>,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let mut data = row.data.clone();
        // Assigned → confirmed is a job taken away from its driver: another verb's.
        data.only_from(BookingStatus::Pending, BookingStatus::Confirmed)?;
        data.status = BookingStatus::Confirmed;
        data.timeline.confirmed = Some(at);
        data.payment.method = method;
        if !method.is_settled_at_the_end() {
            data.payment.status = PaymentStatus::Completed;
        }
        data.payment.stripe_payment_intent_id = intent;
        Move::of(row, data, by, at)
    }

    /// It was not paid in time.
    ///
    /// # Errors
    /// When it does not wait to be paid.
    pub(crate) fn lapse(row: Stored<Self>, at: Timestamp) -> Result<Move<Self>, IllegalMove> {
        row.data.only_from(BookingStatus::Pending, BookingStatus::Cancelled)?;
        let (fare, pickup) = (row.data.pricing.amount, row.data.journey.pickup_time);
        let judgement =
            judge(&CancellationPolicy::free(), CancelledBy::Unpaid, fare, Pence::ZERO, pickup, at);
        let by = Actor::System;
        let cancellation = Cancellation { judgement, reason: None, at, location: None, cancelled_by: by };
        Self::cancel(row, cancellation, Some(PaymentStatus::Failed), at)
    }

    /// Says how its payment stands; none when it says so already. What is settled at the end says so way by way, and a way
    /// that was called off unpaid says that, unless its money came after all and went back.
    pub(crate) fn say_paid(row: Stored<Self>, status: PaymentStatus, at: Timestamp) -> Option<Rewrite<Self>> {
        let said = &row.data.payment;
        let off_unpaid = row.data.status == BookingStatus::Cancelled && said.status == PaymentStatus::Failed;
        let stays = off_unpaid && status != PaymentStatus::Refunded;
        if said.status == status || stays || said.method.is_settled_at_the_end() {
            return None;
        }
        let mut data = row.data.clone();
        data.payment.status = status;
        Some(Rewrite::of(row, data, Actor::Stripe, at))
    }

    /// Whether a vehicle must take a wheelchair.
    #[must_use]
    pub fn needs_wheelchair_access(&self) -> bool {
        self.extras.iter().any(|wanted| wanted.code.as_str() == Extra::WHEELCHAIR_ACCESS)
    }

    /// What the booking of the other way is called; none when there is no other, or it does not follow from this one's.
    #[must_use]
    pub fn other_reference(&self) -> Option<BookingReference> {
        match self.pairing {
            Pairing::Outward { .. } => Some(self.booking_reference.of_return()),
            Pairing::Return { .. } => self.booking_reference.of_outward(),
            Pairing::Alone => None,
        }
    }

    /// The booking whose payment is this one's too.
    #[must_use]
    pub fn paid_under(&self) -> &BookingId {
        match &self.pairing {
            Pairing::Return { outward_booking_id } => outward_booking_id,
            Pairing::Outward { .. } | Pairing::Alone => &self.booking_id,
        }
    }
}

/// The way there, and the way back with its places the other way round and what a driver is told of each place with it.
fn legs(
    quote: &Quote,
    particulars: &Particulars,
    booking_id: &BookingId,
    reference: &BookingReference,
) -> (Leg, Option<Leg>) {
    let enquiry = &quote.enquiry;
    let (pickup, dropoff) = (&particulars.pickup_instructions, &particulars.dropoff_instructions);
    let journey = BookedJourney::outward(enquiry, pickup.clone(), dropoff.clone());
    let return_id = BookingId::return_of(booking_id);
    let back = enquiry.return_leg.as_ref().zip(quote.pricing.legs.as_ref()).map(|(leg, prices)| Leg {
        booking_id: return_id.clone(),
        reference: reference.of_return(),
        pairing: Pairing::Return { outward_booking_id: booking_id.clone() },
        journey: BookedJourney {
            pickup_location: journey.dropoff_location.clone(),
            via_stops: Vec::<ViaStop>::new(),
            dropoff_location: journey.pickup_location.clone(),
            pickup_time: leg.pickup_time,
            pickup_instructions: journey.dropoff_instructions.clone(),
            dropoff_instructions: journey.pickup_instructions.clone(),
            distance: leg.journey.distance,
            duration: leg.journey.duration,
        },
        // The flight that was named is the way there's. Who flies home meets another one.
        flight_number: None,
        pricing: prices.back.clone(),
    });
    let pairing = match back {
        Some(_) => Pairing::Outward { return_booking_id: return_id },
        None => Pairing::Alone,
    };
    let outward = Leg {
        booking_id: booking_id.clone(),
        reference: reference.clone(),
        pairing,
        journey,
        flight_number: particulars.flight_number.clone(),
        pricing: quote.pricing.outward(),
    };
    (outward, back)
}
