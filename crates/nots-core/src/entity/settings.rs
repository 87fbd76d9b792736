//! What the operator sets.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use crate::{
    actor::Actor,
    contact::{Email, Phone},
    id::BookingId,
    table::{Base, Entity, Key, New, Pk},
    text::{self, Text},
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
    /// Where the operator is, line by line, at most six; none where it is not said. Receipts have it.
    #[serde(
        default,
        deserialize_with = "text::bounded_list::<_, _, 6>",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub address: Vec<Text<100>>,
    /// The operator's VAT number as it is to be printed, `GB 123 4567 89`; none without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_number: Option<Text<30>>,
}

/// What the operator's terms with the map provider allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MapTerms {
    /// Whether an answer may be kept for a quarter of an hour and given again.
    pub answers_may_be_kept: bool,
}

/// How long the operator waits for money. A card holder's page can be paid for half an hour at least and a day at
/// most, as Stripe has it, so each is from 31 minutes to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PaymentTerms {
    /// Seconds after which a booking that nobody paid for is given up: 1,860 to 86,400.
    #[serde(deserialize_with = "waited")]
    pub unpaid_after_seconds: Seconds,
    /// Seconds that an amendment waits for its difference to be paid, the old terms holding: 1,860 to 86,400.
    #[serde(deserialize_with = "waited")]
    pub amendment_seconds: Seconds,
}

impl PaymentTerms {
    /// The least and the most that may be waited.
    pub const BOUNDS: (Seconds, Seconds) = (1_860, 86_400);
}

impl Default for PaymentTerms {
    fn default() -> Self {
        Self { unpaid_after_seconds: 2_100, amendment_seconds: 3_600 }
    }
}

fn waited<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
    let seconds = Seconds::deserialize(deserializer)?;
    let (least, most) = PaymentTerms::BOUNDS;
    if seconds < least || seconds > most {
        return Err(D::Error::custom(format_args!("must be {least} to {most} seconds")));
    }
    Ok(seconds)
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
    /// How long is waited for money; the usual, unless it is said.
    #[serde(default)]
    pub payments: PaymentTerms,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings as the first release wrote them.
    fn written_before() -> serde_json::Value {
        serde_json::json!({
            "operator": {
                "name": "Dorset Transfer Company", "phone": "+441202555010", "email": "bookings@nots.co.uk",
                "licensingAuthority": "BCP Council", "licenceNumber": "PHO-0417"
            },
            "bufferSeconds": 600, "paymentSuccessUrl": "https://nots.co.uk", "paymentCancelUrl": "https://nots.co.uk"
        })
    }

    #[test]
    fn what_was_written_before_reads_with_the_usual_terms() {
        let settings: Settings = serde_json::from_value(written_before()).unwrap();
        assert_eq!((settings.operator.address, settings.operator.vat_number), (vec![], None));
        assert_eq!(settings.payments, PaymentTerms { unpaid_after_seconds: 2_100, amendment_seconds: 3_600 });
    }

    #[test]
    fn what_is_set_is_held_to_its_bounds() {
        let reads = |pointer: &str, value: serde_json::Value| {
            let mut settings = written_before();
            settings["payments"] = serde_json::json!({});
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            settings.pointer_mut(parent).unwrap()[field] = value;
            serde_json::from_value::<Settings>(settings).is_ok()
        };
        for field in ["/payments/unpaidAfterSeconds", "/payments/amendmentSeconds"] {
            let bounds = [(1_859, false), (1_860, true), (86_400, true), (86_401, false)];
            for (seconds, held) in bounds {
                assert_eq!(reads(field, seconds.into()), held, "{field} {seconds}");
            }
        }
        assert!(reads("/operator/address", vec!["1 Example Street"; 6].into()));
        assert!(!reads("/operator/address", vec!["1 Example Street"; 7].into()));
        assert!(!reads("/operator/vatNumber", "".into()));
    }
}
