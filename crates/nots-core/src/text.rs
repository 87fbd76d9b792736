//! Text that people type: trimmed, without control characters, of a bounded length.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Text of 1 to `MAX` characters, trimmed, without control characters; line breaks and tabs only where `LINES` says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize, const LINES: bool = false>(String);

/// The text is empty, too long, or has control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {max} characters without control characters")]
pub struct NotText {
    /// The most characters it may have.
    pub max: usize,
}

/// A name of a person: up to 100 characters.
pub type Name = Text<100>;
/// A note to a driver or dispatcher: up to 500 characters, in lines.
pub type Note = Text<500, true>;
/// What people call a place: up to 300 characters.
pub type Address = Text<300>;

impl<const MAX: usize, const LINES: bool> Text<MAX, LINES> {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// When nothing is left after trimming, or it is longer than `MAX`, or has control characters.
    pub fn parse(text: &str) -> Result<Self, NotText> {
        let text = text.trim();
        let control = text.chars().any(|c| c.is_control() && !(LINES && matches!(c, '\n' | '\r' | '\t')));
        if text.is_empty() || control || text.chars().count() > MAX {
            return Err(NotText { max: MAX });
        }
        Ok(Self(text.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize, const LINES: bool> fmt::Display for Text<MAX, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de, const MAX: usize, const LINES: bool> Deserialize<'de> for Text<MAX, LINES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Reads text of at most `MAX` characters: for `#[serde(deserialize_with)]` of what is kept as it was written.
///
/// # Errors
/// When it is longer.
pub fn bounded<'de, D: Deserializer<'de>, const MAX: usize>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.chars().count() > MAX {
        return Err(serde::de::Error::custom(format_args!("must be at most {MAX} characters")));
    }
    Ok(text)
}

/// Reads text of at most `MAX` characters, or none: [`bounded`], for what may be missing.
///
/// # Errors
/// When it is longer.
pub fn bounded_or_none<'de, D: Deserializer<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    struct Within<const MAX: usize>(String);
    impl<'de, const MAX: usize> Deserialize<'de> for Within<MAX> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            bounded::<D, MAX>(deserializer).map(Self)
        }
    }
    Ok(Option::<Within<MAX>>::deserialize(deserializer)?.map(|text| text.0))
}

/// Reads a name that somebody else's system gave, of at most `MAX` bytes, or none: for what stands many times in one item.
///
/// # Errors
/// When it is longer.
pub fn foreign_id_or_none<'de, D: Deserializer<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let name = bounded_or_none::<D, MAX>(deserializer)?;
    if name.as_ref().is_some_and(|name| name.len() > MAX) {
        return Err(serde::de::Error::custom(format_args!("must be at most {MAX} bytes")));
    }
    Ok(name)
}

/// Reads a list of at most `MAX`: for `#[serde(deserialize_with)]`.
///
/// # Errors
/// When it has more.
pub fn bounded_list<'de, D: Deserializer<'de>, T: Deserialize<'de>, const MAX: usize>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let list = Vec::deserialize(deserializer)?;
    if list.len() > MAX {
        return Err(serde::de::Error::custom(format_args!("must be at most {MAX}")));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_bounded_and_printable() {
        assert_eq!(Text::<3>::parse(" añb ").unwrap().as_str(), "añb");
        for bad in ["", "   ", "abcd", "a\0b", "\u{1b}[1"] {
            assert_eq!(Text::<3>::parse(bad), Err(NotText { max: 3 }), "{bad:?}");
        }
        assert!(Text::<9, true>::parse("two\nlines").is_ok());
        assert!(Text::<9>::parse("two\nlines").is_err());
    }
}
