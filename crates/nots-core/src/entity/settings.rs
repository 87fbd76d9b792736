//! What the operator sets.

use serde::{Deserialize, Serialize};

use crate::{
    actor::Actor,
    contact::{Email, Phone},
    id::BookingId,
    table::{Base, Entity, Key, New, Pk},
    text,
    time::{Seconds, Timestamp},
};

/// Who the operator is, as customers and the council know them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Trading name.
    #[serde(deserialize_with = "text::bounded::<_, 100>")]
    pub name: String,
    /// Where customers ring.
    pub phone: Phone,
    /// Where customers write.
    pub email: Email,
    /// Who licenses the operator, every driver and every vehicle.
    #[serde(deserialize_with = "text::bounded::<_, 100>")]
    pub licensing_authority: String,
    /// The operator's licence.
    #[serde(deserialize_with = "text::bounded::<_, 60>")]
    pub licence_number: String,
}

/// What the operator's terms with the map provider allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MapTerms {
    /// Whether an answer may be kept for a quarter of an hour and given again.
    pub answers_may_be_kept: bool,
}

/// The operator's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Who the operator is.
    pub operator: Operator,
    /// Seconds that a driver and a vehicle are kept free before a pickup and after a drop-off.
    pub buffer_seconds: Seconds,
    /// Where a card holder returns after paying; `{bookingId}` stands for the booking.
    #[serde(deserialize_with = "text::bounded::<_, 2_000>")]
    pub payment_success_url: String,
    /// Where a card holder returns otherwise; `{bookingId}` stands for the booking.
    #[serde(deserialize_with = "text::bounded::<_, 2_000>")]
    pub payment_cancel_url: String,
    /// What the terms with the map provider allow; nothing, unless it is said.
    #[serde(default)]
    pub maps: MapTerms,
}

impl Settings {
    /// Settings to be put in the table.
    pub fn publish(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }

    /// Where a card holder returns after paying for a booking, and otherwise.
    #[must_use]
    pub fn return_urls(&self, booking: &BookingId) -> (String, String) {
        let of = |url: &str| url.replace("{bookingId}", booking.as_str());
        (of(&self.payment_success_url), of(&self.payment_cancel_url))
    }
}

impl Entity for Settings {
    const TYPE: &'static str = "Settings";
    type Id<'a> = ();
    type Indexes = ();

    fn key_of((): Self::Id<'_>) -> Key<Base> {
        Pk::new("SETTINGS").at("OPERATOR")
    }

    fn id(&self) -> Self::Id<'_> {}
}
