//! Every id is a newtype from one list: a prefix, `_`, and letters or digits.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The text is not an id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be `{prefix}_` followed by 1 to 64 letters or digits")]
pub struct MalformedId {
    /// The prefix that ids of this kind begin with.
    pub prefix: &'static str,
}

fn suffix<'a>(text: &'a str, prefix: &'static str) -> Result<&'a str, MalformedId> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|rest| (1..=64).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
        .ok_or(MalformedId { prefix })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// What ids of this kind begin with.
            pub const PREFIX: &'static str = $prefix;

            /// Reads an id.
            ///
            /// # Errors
            /// When the text is not the prefix, `_`, and 1 to 64 letters or digits.
            pub fn parse(text: &str) -> Result<Self, MalformedId> {
                suffix(text, $prefix).map(|_| Self(text.to_owned()))
            }

            /// A new id; from a UUID v7 ids sort by creation.
            #[must_use]
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(format!("{}_{}", $prefix, uuid.simple()))
            }

            /// The whole id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What follows the prefix and `_`.
            #[must_use]
            pub fn suffix(&self) -> &str {
                suffix(&self.0, $prefix).unwrap_or_default()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = MalformedId;
            fn from_str(text: &str) -> Result<Self, MalformedId> {
                Self::parse(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A customer, or a member of staff.
    UserId = "user";
    /// A licensed driver.
    DriverId = "driver";
    /// A licensed vehicle.
    VehicleId = "vehicle";
    /// A fixed price, good for fifteen minutes.
    QuoteId = "quote";
    /// A booked journey.
    BookingId = "booking";
    /// What is paid for a booking.
    PaymentId = "payment";
    /// Money that is given back.
    RefundId = "refund";
    /// A compliance document.
    DocumentId = "doc";
    /// What a customer thought of a journey.
    RatingId = "rating";
    /// A complaint.
    ComplaintId = "complaint";
    /// A member of staff, as records of the system before name them. New ones are users.
    AdminId = "admin";
}

impl BookingId {
    /// The one booking that a quote can become.
    #[must_use]
    pub fn of_quote(quote: &QuoteId) -> Self {
        Self(format!("{}_{}", Self::PREFIX, quote.suffix()))
    }

    /// The booking of the way back of an outward one.
    #[must_use]
    pub fn return_of(outward: &Self) -> Self {
        Self(format!("{}r", outward.0))
    }

    /// The booking that this one may be the way back of, by its id alone: the booking itself knows whether it is.
    #[must_use]
    pub fn maybe_outward(&self) -> Option<Self> {
        self.0.strip_suffix('r').and_then(|text| Self::parse(text).ok())
    }
}

impl PaymentId {
    /// The one payment that a booking has.
    #[must_use]
    pub fn of_booking(booking: &BookingId) -> Self {
        Self(format!("{}_{}", Self::PREFIX, booking.suffix()))
    }

    /// The booking whose payment this is, by its id alone; a payment from another system may be another booking's.
    #[must_use]
    pub fn booking(&self) -> BookingId {
        BookingId(format!("{}_{}", BookingId::PREFIX, self.suffix()))
    }
}

impl RefundId {
    /// The one refund that a cause has of one PaymentIntent: the same cause again is the same refund.
    #[must_use]
    pub fn of_cause(payment: &PaymentId, cause: &str, of: &str) -> Self {
        let digest = Sha256::digest(format!("{payment}\n{cause}\n{of}"));
        let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self(format!("{}_{digits}", Self::PREFIX))
    }
}

/// What a customer quotes on the telephone: `NOTS-7K3M9Q`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct BookingReference(String);

/// The text is not a booking reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must look like NOTS-7K3M9Q")]
pub struct MalformedReference;

impl BookingReference {
    /// Thirty characters that are not mistaken for one another when read out or written down.
    const ALPHABET: &'static [u8; 30] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LENGTH: usize = 6;

    /// A reference from random bits; 30⁶ are possible, and the table refuses one that is taken.
    #[must_use]
    pub fn from_random(mut bits: u64) -> Self {
        let mut text = String::from("NOTS-");
        for _ in 0..Self::LENGTH {
            let at = usize::try_from(bits % 30).unwrap_or(0);
            text.push(Self::ALPHABET.get(at).copied().map_or('2', char::from));
            bits /= 30;
        }
        Self(text)
    }

    /// Reads a reference, in any case.
    ///
    /// # Errors
    /// When it is not `NOTS-` and one or more groups of letters or digits.
    pub fn parse(text: &str) -> Result<Self, MalformedReference> {
        let upper = text.trim().to_ascii_uppercase();
        let code = upper.strip_prefix("NOTS-").ok_or(MalformedReference)?;
        let sound = (1..=16).contains(&code.len())
            && code
                .split('-')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        if sound { Ok(Self(upper)) } else { Err(MalformedReference) }
    }

    /// What the booking of the way back is called: `NOTS-7K3M9Q-R`.
    #[must_use]
    pub fn of_return(&self) -> Self {
        Self(format!("{}-R", self.0))
    }

    /// What the booking of the way there is called, of the way back's; none of a reference that is no way back's.
    #[must_use]
    pub fn of_outward(&self) -> Option<Self> {
        self.0.strip_suffix("-R").and_then(|there| Self::parse(there).ok())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BookingReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BookingReference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_prefix_and_letters_or_digits() {
        assert_eq!(UserId::parse("user_abc123").unwrap().suffix(), "abc123");
        for bad in
            ["", "user", "user_", "driver_abc", "user_a#b", "user_a b", "user_é", "USER_abc", "user__a"]
        {
            assert_eq!(UserId::parse(bad), Err(MalformedId { prefix: "user" }), "{bad}");
        }
        assert!(UserId::parse(&format!("user_{}", "a".repeat(65))).is_err());
    }

    #[test]
    fn a_quote_names_its_booking_and_the_booking_its_payment() {
        let booking = BookingId::of_quote(&QuoteId::parse("quote_X7").unwrap());
        assert_eq!(booking.as_str(), "booking_X7");
        assert_eq!(PaymentId::of_booking(&booking).as_str(), "payment_X7");
    }

    #[test]
    fn references_are_short_and_unambiguous() {
        let one = BookingReference::from_random(u64::MAX);
        assert_eq!(one.as_str().len(), 11);
        assert_eq!(BookingReference::parse("nots-7k3m9q-r").unwrap().as_str(), "NOTS-7K3M9Q-R");
        for bad in ["", "NOTS-", "NOTS", "7K3M9Q", "NOTS-7K#", "NOTS--R"] {
            assert!(BookingReference::parse(bad).is_err(), "{bad}");
        }
    }
}
