//! Extras as they are asked for: `["child_seat"]`, `[{"code":"child_seat","quantity":2}]` or `{"childSeat":2}`.

use deserr::{Deserr, IntoValue, Map, Sequence, Value, ValuePointerRef};
use nots_core::{
    entity::tariff::{Code, Terms},
    journey::MAX_EXTRAS,
    pricing::Wanted,
};
use nots_http::{FieldError, InvalidBody, Wire};

/// Extras, as they are asked for.
pub(crate) struct AskedExtras(Vec<AskedExtra>);

/// One of them, with where in the body its code and its quantity stand.
struct AskedExtra {
    code: Code,
    code_at: String,
    quantity: u8,
    quantity_at: String,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct One {
    code: Wire<String>,
    #[deserr(default = Wire(1))]
    quantity: Wire<u8>,
}

/// A tariff's short name, from either way that people write several words.
fn code(text: &str) -> Result<Code, String> {
    let mut snake = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    Code::parse(&snake).map_err(|_| "must be the code of an extra, such as child_seat".to_owned())
}

/// A code, read where it stands.
fn read<V: IntoValue>(text: &str, here: ValuePointerRef<'_>) -> Result<Code, InvalidBody> {
    code(text).map_err(|msg| InvalidBody::unexpected::<V>(msg, here))
}

/// An entry of a list.
fn entry<V: IntoValue>(
    index: usize,
    value: Value<V>,
    at: ValuePointerRef<'_>,
) -> Result<AskedExtra, InvalidBody> {
    let here = at.push_index(index);
    let pointer = format!("/extras/{index}");
    if let Value::String(text) = value {
        let code = read::<V>(&text, here)?;
        return Ok(AskedExtra { code, code_at: pointer.clone(), quantity: 1, quantity_at: pointer });
    }
    if !matches!(value, Value::Map(_)) {
        return Err(InvalidBody::unexpected::<V>(
            "must be a code, or an object with a code and a quantity",
            here,
        ));
    }
    let One { code: Wire(text), quantity: Wire(quantity) } = One::deserialize_from_value(value, here)?;
    let code = read::<V>(&text, here.push_key("code"))?;
    Ok(AskedExtra {
        code,
        code_at: format!("{pointer}/code"),
        quantity,
        quantity_at: format!("{pointer}/quantity"),
    })
}

/// A field of an object.
fn field<V: IntoValue>(
    name: &str,
    value: Value<V>,
    at: ValuePointerRef<'_>,
) -> Result<AskedExtra, InvalidBody> {
    let here = at.push_key(name);
    let Wire(quantity) = Wire::<u8>::deserialize_from_value(value, here)?;
    let code = read::<V>(name, here)?;
    let pointer = format!("/extras/{name}");
    Ok(AskedExtra { code, code_at: pointer.clone(), quantity, quantity_at: pointer })
}

impl Deserr<InvalidBody> for AskedExtras {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        let read: Vec<_> = match value {
            Value::Sequence(list) => list
                .into_iter()
                .enumerate()
                .map(|(index, value)| entry(index, value.into_value(), at))
                .collect(),
            Value::Map(map) => {
                map.into_iter().map(|(name, value)| field(&name, value.into_value(), at)).collect()
            }
            _ => return Err(InvalidBody::unexpected::<V>("must be a list or an object of extras", at)),
        };
        let mut extras = Vec::with_capacity(read.len());
        let mut errors = Vec::new();
        for one in read {
            match one {
                Ok(extra) => extras.push(extra),
                Err(InvalidBody(wrong)) => errors.extend(wrong),
            }
        }
        if errors.is_empty() { Ok(Self(extras)) } else { Err(InvalidBody(errors)) }
    }
}

impl AskedExtras {
    /// What is wanted of what the tariff has, the same ones together; what it does not have is told.
    pub(crate) fn wanted(&self, terms: &Terms, errors: &mut Vec<FieldError>) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for AskedExtra { code, code_at, quantity, quantity_at } in &self.0 {
            let Some(extra) = terms.extra(code) else {
                let known: Vec<&str> = terms.extras.iter().map(|extra| extra.code.as_str()).collect();
                let detail = format!("`{code}` is not offered; on offer are {}", known.join(", "));
                errors.push(FieldError::at(code_at.clone(), detail));
                continue;
            };
            let so_far = wanted.iter_mut().find(|other| other.code == *code);
            let total = so_far.as_ref().map_or(0, |other| other.quantity).saturating_add(*quantity);
            if total > extra.maximum {
                let detail = format!("at most {} of `{code}` can be had", extra.maximum);
                errors.push(FieldError::at(quantity_at.clone(), detail));
            }
            match so_far {
                Some(other) => other.quantity = total,
                None if *quantity > 0 => wanted.push(Wanted { code: code.clone(), quantity: *quantity }),
                None => {}
            }
        }
        if wanted.len() > MAX_EXTRAS {
            errors.push(FieldError::at("/extras", format!("must be of at most {MAX_EXTRAS} kinds")));
        }
        wanted
    }
}
