//! A body is parsed once, at the edge, and every bad field of it is named.

use std::{convert::Infallible, ops::ControlFlow};

use bytes::Bytes;
use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef,
    take_cf_content,
};
use serde_json::Value;

use crate::{FieldError, Problem};

/// The most bytes a body may have, where a route does not take more.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// What can be the body of a request: a struct that derives `Deserr` with this error.
pub trait Body: Deserr<InvalidBody> {}
impl<T: Deserr<InvalidBody>> Body for T {}

/// Every bad field of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidBody(pub Vec<FieldError>);

impl From<InvalidBody> for Problem {
    fn from(InvalidBody(errors): InvalidBody) -> Self {
        Self::invalid(errors)
    }
}

/// Parses a body.
///
/// # Errors
/// 400 when it is not JSON, 422 with a pointer to each bad field.
pub fn parse<T: Body>(body: &Bytes) -> Result<T, Problem> {
    parse_checked(body, |_| Vec::new())
}

/// Parses a body, and holds its fields to what no type can know: the time, or one another. The check looks at the JSON,
/// so that it tells of a field although another is of the wrong type; what it cannot read is not its to refuse.
///
/// # Errors
/// 400 when it is not JSON, 422 with a pointer to each bad field.
pub fn parse_checked<T: Body>(
    body: &Bytes,
    check: impl FnOnce(&Value) -> Vec<FieldError>,
) -> Result<T, Problem> {
    let value = json(body)?;
    let faults = check(&value);
    told(deserr::deserialize::<T, _, InvalidBody>(value), faults)
}

/// The same for a check that must know which fields are of the wrong type, because it reads what is left.
///
/// # Errors
/// 400 when it is not JSON, 422 with a pointer to each bad field.
pub fn parse_judged<T: Body>(
    body: &Bytes,
    check: impl FnOnce(&Value, &[FieldError]) -> Vec<FieldError>,
) -> Result<T, Problem> {
    let value = json(body)?;
    let typed = deserr::deserialize::<T, _, InvalidBody>(value.clone());
    let unfit = typed.as_ref().map_or_else(|InvalidBody(errors)| errors.as_slice(), |_| &[]);
    let faults = check(&value, unfit);
    told(typed, faults)
}

fn json(body: &Bytes) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let detail = if body.is_empty() {
            "A JSON body is required.".to_owned()
        } else {
            format!("Not JSON at line {}, column {}.", error.line(), error.column())
        };
        Problem::not_json(detail)
    })
}

fn told<T>(typed: Result<T, InvalidBody>, faults: Vec<FieldError>) -> Result<T, Problem> {
    match typed {
        Ok(parsed) if faults.is_empty() => Ok(parsed),
        Ok(_) => Err(Problem::invalid(faults)),
        Err(InvalidBody(mut errors)) => {
            errors.extend(faults);
            Err(Problem::invalid(errors))
        }
    }
}

/// A JSON pointer (RFC 6901) to where deserr stands.
fn pointer(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => {
            format!("{}/{}", pointer(*prev), key.replace('~', "~0").replace('/', "~1"))
        }
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(*prev)),
    }
}

/// A kind of JSON value in plain words.
fn plain(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "null",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer | ValueKind::NegativeInteger => "a whole number",
        ValueKind::Float => "a number",
        ValueKind::String => "a text",
        ValueKind::Sequence => "a list",
        ValueKind::Map => "an object",
    }
}

impl MergeWithError<Self> for InvalidBody {
    fn merge(self_: Option<Self>, other: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut errors = self_.map(|known| known.0).unwrap_or_default();
        errors.extend(other.0);
        ControlFlow::Continue(Self(errors))
    }
}

impl MergeWithError<Infallible> for InvalidBody {
    fn merge(_: Option<Self>, other: Infallible, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        match other {}
    }
}

impl DeserializeError for InvalidBody {
    fn error<V: IntoValue>(
        self_: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let found = match error {
            ErrorKind::IncorrectValueKind { actual, accepted } => {
                let mut kinds: Vec<&str> = accepted.iter().map(|kind| plain(*kind)).collect();
                // Whole numbers with a sign and without are one kind to a person.
                kinds.dedup();
                let detail = format!("must be {}, not {}", kinds.join(" or "), plain(actual.kind()));
                FieldError::at(pointer(location), detail)
            }
            ErrorKind::MissingField { field } => {
                FieldError::at(pointer(location.push_key(field)), "is required")
            }
            ErrorKind::UnknownKey { key, accepted } => {
                let detail = format!("is not known here; known are {}", accepted.join(", "));
                FieldError::at(pointer(location.push_key(key)), detail)
            }
            ErrorKind::UnknownValue { accepted, .. } => {
                FieldError::at(pointer(location), format!("must be one of {}", accepted.join(", ")))
            }
            ErrorKind::BadSequenceLen { expected, .. } => {
                FieldError::at(pointer(location), format!("must have {expected} entries"))
            }
            ErrorKind::Unexpected { msg } => FieldError::at(pointer(location), msg),
        };
        Self::merge(self_, Self(vec![found]), location)
    }
}

impl InvalidBody {
    /// One bad field, for a type that reads itself.
    #[must_use]
    pub fn unexpected<V: IntoValue>(msg: impl Into<String>, location: ValuePointerRef<'_>) -> Self {
        take_cf_content(<Self as DeserializeError>::error::<V>(
            None,
            ErrorKind::Unexpected { msg: msg.into() },
            location,
        ))
    }
}

#[cfg(test)]
mod tests {
    use nots_core::{contact::Phone, geo::Latitude};

    use super::*;
    use crate::Wire;

    #[derive(Debug, deserr::Deserr)]
    #[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
    #[expect(dead_code, reason = "only its errors are looked at")]
    struct Sample {
        phone_number: Wire<Phone>,
        passengers: u8,
        place: Inner,
        #[deserr(default)]
        note: Option<String>,
    }

    #[derive(Debug, deserr::Deserr)]
    #[deserr(error = InvalidBody, deny_unknown_fields)]
    #[expect(dead_code, reason = "only its errors are looked at")]
    struct Inner {
        latitude: Wire<Latitude>,
    }

    fn errors(body: &str) -> String {
        let problem = parse::<Sample>(&Bytes::copy_from_slice(body.as_bytes())).unwrap_err();
        let response = problem.into_response("r");
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        let all = body["errors"].as_array().unwrap().iter();
        let mut lines: Vec<_> = all
            .map(|e| {
                format!(
                    "{} {}: {}",
                    response.status.as_u16(),
                    e["pointer"].as_str().unwrap(),
                    e["detail"].as_str().unwrap()
                )
            })
            .collect();
        lines.sort();
        lines.join("\n")
    }

    #[test]
    fn every_bad_field_is_named_at_once() {
        insta::assert_snapshot!(
            errors(r#"{"phoneNumber":"12","passengers":300,"place":{"latitude":91,"x":1},"note":7,"extra":null}"#),
            @r"
        422 /extra: is not known here; known are phoneNumber, passengers, place, note
        422 /note: must be a text, not a whole number
        422 /passengers: value: `300` is too large to be deserialized, maximum value authorized is `255`
        422 /phoneNumber: must be a telephone number such as +447700900123
        422 /place/latitude: must be a number of degrees from -90 to 90
        422 /place/x: is not known here; known are latitude
        "
        );
        insta::assert_snapshot!(errors(r#"{"phoneNumber":null,"passengers":"2","place":null}"#), @r"
        422 /passengers: must be a whole number, not a text
        422 /phoneNumber: must not be null
        422 /place: must be an object, not null
        ");
        insta::assert_snapshot!(errors("{}"), @r"
        422 /passengers: is required
        422 /phoneNumber: is required
        422 /place: is required
        ");
        insta::assert_snapshot!(errors("{"), @"400 : Not JSON at line 1, column 1.");
        insta::assert_snapshot!(errors("[1]"), @"422 : must be an object, not a list");
    }
}
