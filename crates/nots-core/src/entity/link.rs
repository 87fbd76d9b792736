//! Items that lead from a name to a booking, and by being there make the name unique.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    id::{BookingId, BookingReference, PaymentId},
    table::{Base, Entity, Key, New, Pk},
    text,
    time::Timestamp,
};

/// `REF#NOTS-7K3M9Q`: from what a customer says on the telephone to the booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceLink {
    /// The reference.
    pub booking_reference: BookingReference,
    /// The booking.
    pub booking_id: BookingId,
}

impl ReferenceLink {
    pub(crate) fn to(
        booking_reference: BookingReference,
        booking_id: BookingId,
        by: Actor,
        at: Timestamp,
    ) -> New<Self> {
        New::of(Self { booking_reference, booking_id }, by, at)
    }
}

impl Entity for ReferenceLink {
    const TYPE: &'static str = "BookingReference";
    type Id<'a> = &'a BookingReference;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("REF#{id}")).at("BOOKING")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.booking_reference
    }
}

/// `STRIPE#pi_…`: from Stripe's PaymentIntent to the booking it paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StripeLink {
    /// `pi_…`.
    #[serde(deserialize_with = "text::bounded::<_, 255>")]
    pub payment_intent_id: String,
    /// The booking.
    pub booking_id: BookingId,
    /// Its payment.
    pub payment_id: PaymentId,
}

impl StripeLink {
    pub(crate) fn to(
        payment_intent_id: String,
        booking_id: BookingId,
        by: Actor,
        at: Timestamp,
    ) -> New<Self> {
        let payment_id = PaymentId::of_booking(&booking_id);
        New::of(Self { payment_intent_id, booking_id, payment_id }, by, at)
    }
}

impl Entity for StripeLink {
    const TYPE: &'static str = "StripeReference";
    type Id<'a> = &'a str;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("STRIPE#{id}")).at("BOOKING")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.payment_intent_id
    }
}
