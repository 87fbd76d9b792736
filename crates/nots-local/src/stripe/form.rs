//! Request bodies as Stripe takes them: `line_items[0][quantity]=1&metadata[bookingId]=booking_X`.

use std::{collections::BTreeMap, fmt::Write as _};

use sha2::{Digest, Sha256};

use super::refusal::Refusal;

/// The parameters of a request by their full names, each taken at most once; what is left over at the end was
/// not known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a form-encoded body; of a repeated parameter the last counts.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let not_text = || Refusal::invalid("Invalid request: the body is not form-encoded UTF-8.");
        let text = std::str::from_utf8(body).map_err(|_| not_text())?;
        text.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name).ok_or_else(not_text)?, decode(value).ok_or_else(not_text)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The same for the same path and parameters, whatever their order.
    pub(super) fn fingerprint(&self, path: &str) -> String {
        let mut text = format!("{path}\n");
        for (name, value) in &self.0 {
            // Lengths keep one parameter's value from passing for another parameter.
            let _ = writeln!(text, "{} {name} {} {value}", name.len(), value.len());
        }
        hex::encode(Sha256::digest(text))
    }

    /// Takes a parameter; an empty one is none.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    /// Takes a list of one: `name[0]` or `name[]`.
    pub(super) fn take_first(&mut self, name: &str) -> Option<String> {
        self.take(&format!("{name}[0]")).or_else(|| self.take(&format!("{name}[]")))
    }

    /// Takes every `name[key]`.
    pub(super) fn take_map(&mut self, name: &str) -> BTreeMap<String, String> {
        let opening = format!("{name}[");
        let key_of = |full: &String| {
            let key = full.strip_prefix(&opening)?.strip_suffix(']')?;
            (!key.is_empty() && !key.contains(['[', ']'])).then(|| key.to_owned())
        };
        let keys: Vec<String> = self.0.keys().filter_map(key_of).collect();
        keys.into_iter()
            .filter_map(|key| {
                let value = self.0.remove(&format!("{opening}{key}]"))?;
                Some((key, value))
            })
            .collect()
    }

    /// Whether anything below `name` is left.
    pub(super) fn has_below(&self, name: &str) -> bool {
        let opening = format!("{name}[");
        self.0.keys().any(|full| full.starts_with(&opening))
    }

    /// A parameter that nobody took.
    pub(super) fn left(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}
