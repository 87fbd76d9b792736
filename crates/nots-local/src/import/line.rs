//! A line of the file: one JSON object, read into a record or refused with every bad field named.

use deserr::{Deserr, IntoValue, ValuePointerRef};
use nots_core::{
    Pence, Timestamp,
    entity::Booking,
    import::{MAX_PENCE, Record, Subject},
};
use nots_http::{FieldError, InvalidBody};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    booking::BookingLine,
    fleet::{DriverLine, VehicleLine},
    person::CustomerLine,
};

/// What a line has beside the record's `Data`.
const KIND: &str = "kind";
const CREATED_AT: &str = "createdAt";
const PAYMENT_TOTAL: &str = "paymentTotal";

/// A value of the core as a field of a line: it refuses what it is not, in its own words.
pub(super) struct Field<T>(pub(super) T);

impl<T: DeserializeOwned> Deserr<InvalidBody> for Field<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        let json = <Value as Deserr<InvalidBody>>::deserialize_from_value(value, location)?;
        serde_json::from_value(json)
            .map(Self)
            .map_err(|error| InvalidBody::unexpected::<V>(plainly(&error), location))
    }
}

/// What serde says of a value, in the words that every other refusal has.
fn plainly(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let expected = |kind: &str, what: &str| {
        let (_, expected) = text.strip_prefix(kind)?.split_once(what)?;
        Some(format!("must be {}", expected.replace('`', "").replace("a string", "a text")))
    };
    expected("unknown variant ", ", expected ")
        .or_else(|| expected("invalid type: ", ", expected "))
        .unwrap_or(text)
}

/// A whole number between two others, both included.
pub(super) struct Within<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Within<LEAST, MOST> {
    /// The number, as whatever holds it.
    pub(super) fn get<T: TryFrom<u32> + Default>(&self) -> T {
        T::try_from(self.0).unwrap_or_default()
    }
}

impl<const LEAST: u32, const MOST: u32> Deserr<InvalidBody> for Within<LEAST, MOST> {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        if let deserr::Value::Integer(number) = value
            && let Ok(number) = u32::try_from(number)
            && (LEAST..=MOST).contains(&number)
        {
            return Ok(Self(number));
        }
        let detail = if MOST == u32::MAX {
            format!("must be a whole number from {LEAST}")
        } else {
            format!("must be a whole number from {LEAST} to {MOST}")
        };
        Err(InvalidBody::unexpected::<V>(detail, location))
    }
}

/// So many pence; less than none for what is taken off.
pub(super) struct Money(pub(super) Pence);

impl Deserr<InvalidBody> for Money {
    fn deserialize_from_value<V: IntoValue>(
        value: deserr::Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        let most = i64::from(MAX_PENCE);
        let pence = match value {
            deserr::Value::Integer(pence) => i64::try_from(pence).ok(),
            deserr::Value::NegativeInteger(pence) => Some(pence),
            _ => None,
        };
        let pence = pence.filter(|pence| (-most..=most).contains(pence));
        let detail = || format!("must be a whole number of pence from -{most} to {most}");
        pence
            .map(|pence| Self(Pence::new(pence)))
            .ok_or_else(|| InvalidBody::unexpected::<V>(detail(), location))
    }
}

/// Reads a line, now.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Record, Vec<FieldError>> {
    let whole = |detail: String| vec![FieldError::at("", detail)];
    let value: Value = serde_json::from_str(text)
        .map_err(|error| whole(format!("is not JSON at column {}", error.column())))?;
    let Value::Object(mut fields) = value else { return Err(whole("must be an object".to_owned())) };
    let (kind, created_at) = (fields.remove(KIND), fields.remove(CREATED_AT));
    fields.remove(super::refused::REFUSED);
    let mut errors = Vec::new();
    let payment_total = fields.remove(PAYMENT_TOTAL).filter(|total| !total.is_null());
    let payment_total = payment_total.and_then(|total| {
        let total = total.as_i64().filter(|total| (0..=i64::from(MAX_PENCE)).contains(total));
        if total.is_none() {
            let detail = format!("must be a whole number from 0 to {MAX_PENCE}");
            errors.push(FieldError::at(format!("/{PAYMENT_TOTAL}"), detail));
        }
        total.map(Pence::new)
    });
    let created_at = created_at.filter(|at| !at.is_null()).and_then(|at| {
        let read = serde_json::from_value::<Timestamp>(at);
        read.map_err(|error| errors.push(FieldError::at(format!("/{CREATED_AT}"), plainly(&error)))).ok()
    });
    let subject = match kind.as_ref().and_then(Value::as_str) {
        Some("customer") => read::<CustomerLine, _>(&fields, CustomerLine::subject),
        Some("driver") => read::<DriverLine, _>(&fields, DriverLine::subject),
        Some("vehicle") => read::<VehicleLine, _>(&fields, VehicleLine::subject),
        Some("booking") => read::<BookingLine, _>(&fields, BookingLine::subject),
        Some(_) => Err(vec![FieldError::at("/kind", "must be customer, driver, vehicle or booking")]),
        None => Err(vec![FieldError::at("/kind", "is required: customer, driver, vehicle or booking")]),
    };
    match subject {
        Ok(subject) => {
            let record = Record { subject, created_at, payment_total };
            errors.extend(
                record.faults(now).into_iter().map(|fault| FieldError::at(fault.pointer, fault.detail)),
            );
            if errors.is_empty() { Ok(record) } else { Err(errors) }
        }
        Err(more) => {
            errors.extend(more);
            Err(errors)
        }
    }
}

/// The line that a record came of, or could have: what [`parse`] reads back.
///
/// # Errors
/// When the record cannot be written as JSON; a fault of ours.
pub(super) fn write(record: &Record) -> serde_json::Result<String> {
    let data = data_of(&record.subject)?;
    let mut line = Map::new();
    line.insert(KIND.to_owned(), record.kind().into());
    if let Some(at) = record.created_at {
        line.insert(CREATED_AT.to_owned(), at.seconds().into());
    }
    if let Some(total) = record.payment_total {
        line.insert(PAYMENT_TOTAL.to_owned(), total.get().into());
    }
    if let Value::Object(fields) = data {
        line.extend(fields);
    }
    serde_json::to_string(&line)
}

fn data_of(subject: &Subject) -> serde_json::Result<Value> {
    fn json<T: Serialize>(data: &T) -> serde_json::Result<Value> {
        serde_json::to_value(data)
    }
    match subject {
        Subject::Customer(user) => json(user),
        Subject::Driver(driver) => json(driver),
        Subject::Vehicle(vehicle) => json(vehicle),
        // The time that its driver and vehicle are kept free stands in their days, which are not moved.
        Subject::Booking(booking) => json(&Booking { committed: None, ..(**booking).clone() }),
    }
}

fn read<L: Deserr<InvalidBody>, F>(
    fields: &Map<String, Value>,
    subject: F,
) -> Result<Subject, Vec<FieldError>>
where
    F: FnOnce(L) -> Result<Subject, Vec<FieldError>>,
{
    let line = deserr::deserialize::<L, _, InvalidBody>(Value::Object(fields.clone()));
    let subject = subject(line.map_err(|InvalidBody(errors)| errors)?)?;
    let mut errors = Vec::new();
    let kept = data_of(&subject).map_err(|error| vec![FieldError::at("", error.to_string())])?;
    unknown(&mut String::new(), &Value::Object(fields.clone()), &kept, &mut errors);
    if errors.is_empty() { Ok(subject) } else { Err(errors) }
}

/// What a line says and the record does not keep, however deep: nothing is dropped without a word.
fn unknown(at: &mut String, said: &Value, kept: &Value, errors: &mut Vec<FieldError>) {
    let mut step = |name: &str, said: &Value, kept: Option<&Value>| {
        let length = at.len();
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        match kept {
            Some(kept) => unknown(at, said, kept, errors),
            // What is not there and what is empty are kept alike.
            None if said.is_null() || said.as_array().is_some_and(Vec::is_empty) => {}
            None => errors.push(FieldError::at(at.clone(), "is not known here")),
        }
        at.truncate(length);
    };
    match (said, kept) {
        (Value::Object(said), Value::Object(kept)) => {
            for (name, said) in said {
                step(name, said, kept.get(name));
            }
        }
        (Value::Array(said), Value::Array(kept)) => {
            for (place, said) in said.iter().enumerate() {
                step(&place.to_string(), said, kept.get(place));
            }
        }
        _ => {}
    }
}

/// Refuses a figure that does not follow from the one it is derived from.
pub(super) fn derived<T: PartialEq + Serialize>(
    pointer: &str,
    said: Option<T>,
    is: T,
    errors: &mut Vec<FieldError>,
) {
    if said.is_some_and(|said| said != is) {
        let is = serde_json::to_string(&is).unwrap_or_default();
        errors.push(FieldError::at(pointer, format!("must be {is}, which follows, or be left out")));
    }
}

/// Refuses a list that is too long.
pub(super) fn at_most<T>(pointer: &str, most: usize, list: &[T], errors: &mut Vec<FieldError>) {
    if list.len() > most {
        errors.push(FieldError::at(pointer, format!("must have at most {most} entries")));
    }
}
