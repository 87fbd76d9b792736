//! Extras as they are asked for: `["child_seat"]`, `[{"code":"child_seat","quantity":2}]` or `{"childSeat":2}`.

use deserr::{DeserializeError, Deserr, IntoValue, Map, Sequence, Value, ValuePointerRef, take_cf_content};
use nots_core::{
    entity::tariff::{Code, Terms},
    pricing::Wanted,
};
use nots_http::{FieldError, InvalidBody, Wire};

/// Extras, each with where it stands in the body.
pub(crate) struct AskedExtras(Vec<(String, Code, u8)>);

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

impl Deserr<InvalidBody> for AskedExtras {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        let mut read = Reader { found: Vec::new(), wrong: None };
        match value {
            Value::Sequence(list) => {
                for (index, entry) in list.into_iter().enumerate() {
                    let here = at.push_index(index);
                    let one = match entry.into_value() {
                        Value::String(text) => Ok(One { code: Wire(text), quantity: Wire(1) }),
                        object => One::deserialize_from_value(object, here),
                    };
                    read.take::<V>(format!("/extras/{index}"), one, here);
                }
            }
            Value::Map(map) => {
                for (name, quantity) in map.into_iter() {
                    let here = at.push_key(&name);
                    let quantity = Wire::<u8>::deserialize_from_value(quantity.into_value(), here);
                    let one = quantity.map(|quantity| One { code: Wire(name.clone()), quantity });
                    read.take::<V>(format!("/extras/{name}"), one, here);
                }
            }
            _ => return Err(InvalidBody::unexpected::<V>("must be a list or an object of extras", at)),
        }
        read.wrong.map_or(Ok(Self(read.found)), Err)
    }
}

struct Reader {
    found: Vec<(String, Code, u8)>,
    wrong: Option<InvalidBody>,
}

impl Reader {
    fn take<V: IntoValue>(
        &mut self,
        pointer: String,
        one: Result<One, InvalidBody>,
        here: ValuePointerRef<'_>,
    ) {
        let read = one.and_then(|One { code: Wire(text), quantity: Wire(quantity) }| {
            let code = code(&text).map_err(|msg| {
                take_cf_content(<InvalidBody as DeserializeError>::error::<V>(
                    None,
                    deserr::ErrorKind::Unexpected { msg },
                    here,
                ))
            })?;
            Ok((pointer, code, quantity))
        });
        match read {
            Ok(one) => self.found.push(one),
            Err(InvalidBody(errors)) => {
                self.wrong.get_or_insert_with(|| InvalidBody(Vec::new())).0.extend(errors);
            }
        }
    }
}

impl AskedExtras {
    /// What is wanted of what the tariff has, the same ones together; what it does not have is told.
    pub(crate) fn wanted(&self, terms: &Terms, errors: &mut Vec<FieldError>) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for (pointer, code, quantity) in &self.0 {
            let Some(extra) = terms.extra(code) else {
                let known: Vec<&str> = terms.extras.iter().map(|extra| extra.code.as_str()).collect();
                let detail = format!("`{code}` is not offered; on offer are {}", known.join(", "));
                errors.push(FieldError::at(pointer.clone(), detail));
                continue;
            };
            let so_far = wanted.iter_mut().find(|other| other.code == *code);
            let total = so_far.as_ref().map_or(0, |other| other.quantity).saturating_add(*quantity);
            if total > extra.maximum {
                let detail = format!("at most {} of `{code}` can be had", extra.maximum);
                errors.push(FieldError::at(pointer.clone(), detail));
            }
            match so_far {
                Some(other) => other.quantity = total,
                None if *quantity > 0 => wanted.push(Wanted { code: code.clone(), quantity: *quantity }),
                None => {}
            }
        }
        wanted
    }
}
