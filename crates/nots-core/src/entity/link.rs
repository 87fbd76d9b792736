//! Items that lead from a name to whatever bears it, and by being there make the name unique.

use serde::{Deserialize, Serialize};

use super::user::User;
use crate::{
    actor::Actor,
    contact::{CognitoSub, Email},
    id::{BookingId, BookingReference, PaymentId, UserId},
    table::{Base, Entity, Key, New, Pk, Release, Requirement, attr},
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

    pub(crate) fn given_up_by(booking_reference: BookingReference, booking_id: BookingId) -> Release<Self> {
        let held = led_to(&booking_id);
        Release::of(&Self { booking_reference, booking_id }, held)
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

    pub(crate) fn given_up_by(payment_intent_id: String, booking_id: BookingId) -> Release<Self> {
        let (payment_id, held) = (PaymentId::of_booking(&booking_id), led_to(&booking_id));
        Release::of(&Self { payment_intent_id, booking_id, payment_id }, held)
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

/// `UNIQUE#EMAIL#ada@example.com`: whose address it is. An index holds nobody to anything; this item does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailLink {
    /// The address as the user typed it; the key has it in small letters.
    pub email: Email,
    /// Whose it is.
    pub user_id: UserId,
}

impl EmailLink {
    fn to(user: &User) -> Self {
        Self { email: user.email.clone(), user_id: user.user_id.clone() }
    }

    pub(crate) fn of(user: &User, by: Actor, at: Timestamp) -> New<Self> {
        New::of(Self::to(user), by, at)
    }

    pub(crate) fn given_up_by(user: &User) -> Release<Self> {
        Release::of(&Self::to(user), held_by(&user.user_id))
    }
}

impl Entity for EmailLink {
    const TYPE: &'static str = "UniqueEmail";
    type Id<'a> = &'a Email;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("UNIQUE#EMAIL#{}", id.folded())).at("USER")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.email
    }
}

/// `UNIQUE#COGNITO#…`: from a login to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CognitoLink {
    /// The login's `sub`.
    pub cognito_id: CognitoSub,
    /// Whose it is.
    pub user_id: UserId,
}

impl CognitoLink {
    fn to(user: &User) -> Option<Self> {
        Some(Self { cognito_id: user.cognito_id.clone()?, user_id: user.user_id.clone() })
    }

    pub(crate) fn of(user: &User, by: Actor, at: Timestamp) -> Option<New<Self>> {
        Some(New::of(Self::to(user)?, by, at))
    }

    pub(crate) fn given_up_by(user: &User) -> Option<Release<Self>> {
        Some(Release::of(&Self::to(user)?, held_by(&user.user_id)))
    }
}

impl Entity for CognitoLink {
    const TYPE: &'static str = "UniqueCognito";
    type Id<'a> = &'a CognitoSub;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("UNIQUE#COGNITO#{id}")).at("USER")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.cognito_id
    }
}

/// Nobody gives up a link that leads to another booking.
fn led_to(booking: &BookingId) -> Requirement {
    Requirement::default().equal(&["Data", "bookingId"], attr::text(booking.as_str()))
}

/// Nobody gives up a link that is somebody else's.
fn held_by(user: &UserId) -> Requirement {
    Requirement::default().equal(&["Data", "userId"], attr::text(user.as_str()))
}
