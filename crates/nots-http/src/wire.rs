//! How the core's types are read from a body: each refuses what it is not, in its own words.

use deserr::{DeserializeError, Deserr, ErrorKind, IntoValue, Value, ValuePointerRef, take_cf_content};
use nots_core::{
    BookingId, DriverId, Pence, QuoteId, Timestamp, UserId, VehicleId,
    calendar::{LocalDate, TimeOfDay, Weekday},
    contact::{Email, Phone},
    entity::{
        booking::Edit,
        tariff::{Code, Overlap},
    },
    geo::{Latitude, Longitude},
    journey::VehicleType,
    money::Currency,
    text::Text,
};

/// A value of the core as a field of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Wire<T>(pub T);

/// What can be a field of a body.
pub trait FromWire: Sized {
    /// Reads a text.
    ///
    /// # Errors
    /// What is wrong with it.
    fn from_text(_text: &str) -> Result<Self, String> {
        Err("must not be a text".to_owned())
    }

    /// Reads a number.
    ///
    /// # Errors
    /// What is wrong with it.
    fn from_number(_number: f64) -> Result<Self, String> {
        Err("must be a text".to_owned())
    }

    /// Reads a whole number.
    ///
    /// # Errors
    /// What is wrong with it.
    fn from_integer(number: i64) -> Result<Self, String> {
        #[expect(clippy::cast_precision_loss, reason = "degrees are small")]
        Self::from_number(number as f64)
    }
}

impl<T: FromWire, E: DeserializeError> Deserr<E> for Wire<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef) -> Result<Self, E> {
        let read = match value {
            Value::String(text) => T::from_text(&text),
            Value::Float(number) => T::from_number(number),
            Value::Integer(number) => {
                i64::try_from(number).map_err(|_| "is too large".to_owned()).and_then(T::from_integer)
            }
            Value::NegativeInteger(number) => T::from_integer(number),
            Value::Null => Err("must not be null".to_owned()),
            Value::Boolean(_) | Value::Sequence(_) | Value::Map(_) => Err("is of the wrong type".to_owned()),
        };
        read.map(Self)
            .map_err(|msg| take_cf_content(E::error::<V>(None, ErrorKind::Unexpected { msg }, location)))
    }
}

/// What is to become of a text, as a field of a body: `null` takes it out, and left out it stays.
#[derive(Debug, Clone, PartialEq)]
pub struct WireEdit<T>(pub Edit<T>);

impl<T> Default for WireEdit<T> {
    fn default() -> Self {
        Self(Edit::Keep)
    }
}

impl<T: FromWire, E: DeserializeError> Deserr<E> for WireEdit<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef) -> Result<Self, E> {
        if matches!(value, Value::Null) {
            return Ok(Self(Edit::Clear));
        }
        Wire::deserialize_from_value(value, location).map(|Wire(text)| Self(Edit::To(text)))
    }
}

macro_rules! from_text {
    ($($type:ty => $parse:expr;)*) => {$(
        impl FromWire for $type {
            fn from_text(text: &str) -> Result<Self, String> {
                ($parse)(text).map_err(|error| error.to_string())
            }
        }
    )*};
}

from_text! {
    BookingId => BookingId::parse;
    DriverId => DriverId::parse;
    QuoteId => QuoteId::parse;
    UserId => UserId::parse;
    VehicleId => VehicleId::parse;
    Email => Email::parse;
    Phone => Phone::parse;
    VehicleType => str::parse::<VehicleType>;
    Code => Code::parse;
    LocalDate => str::parse::<LocalDate>;
    TimeOfDay => str::parse::<TimeOfDay>;
    Weekday => str::parse::<Weekday>;
}

impl<const MAX: usize, const LINES: bool> FromWire for Text<MAX, LINES> {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }
}

impl FromWire for String {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl FromWire for Currency {
    fn from_text(text: &str) -> Result<Self, String> {
        if text == Self::Gbp.code() { Ok(Self::Gbp) } else { Err("must be GBP".to_owned()) }
    }
}

impl FromWire for Overlap {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "highest" => Ok(Self::Highest),
            "sum" => Ok(Self::Sum),
            _ => Err("must be highest or sum".to_owned()),
        }
    }
}

macro_rules! from_whole {
    ($($type:ty => $parse:expr;)*) => {$(
        impl FromWire for $type {
            fn from_text(_: &str) -> Result<Self, String> {
                Err("must be a whole number".to_owned())
            }

            fn from_number(_: f64) -> Result<Self, String> {
                Err("must be a whole number".to_owned())
            }

            fn from_integer(number: i64) -> Result<Self, String> {
                ($parse)(number)
            }
        }
    )*};
}

fn unsigned<T: TryFrom<i64>>(number: i64) -> Result<T, String> {
    T::try_from(number)
        .map_err(|_| if number < 0 { "must not be negative" } else { "is too large" }.to_owned())
}

from_whole! {
    u8 => unsigned::<u8>;
    u32 => unsigned::<u32>;
    Pence => |pence| Ok(Pence::new(pence));
}

macro_rules! from_degrees {
    ($($type:ty),*) => {$(
        impl FromWire for $type {
            fn from_text(_: &str) -> Result<Self, String> {
                Err("must be a number".to_owned())
            }

            fn from_number(number: f64) -> Result<Self, String> {
                Self::try_from(number).map_err(|error| error.to_string())
            }
        }
    )*};
}
from_degrees!(Latitude, Longitude);

impl FromWire for Timestamp {
    fn from_text(_: &str) -> Result<Self, String> {
        Err("must be a Unix time in seconds, a number".to_owned())
    }

    fn from_number(_: f64) -> Result<Self, String> {
        Err("must be whole seconds".to_owned())
    }

    fn from_integer(number: i64) -> Result<Self, String> {
        Self::new(number).map_err(|error| error.to_string())
    }
}
