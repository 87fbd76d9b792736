//! How a person is reached.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The text is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address such as ada@example.com")]
pub struct NotAnEmail;

/// An e-mail address as RFC 5321 allows it, of at most 254 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address; a display name (`Ada <ada@example.com>`) is not part of one.
    ///
    /// # Errors
    /// When it is not an address.
    pub fn parse(text: &str) -> Result<Self, NotAnEmail> {
        use email_address::{EmailAddress, Options};
        let options = Options::default().without_display_text();
        let text = text.trim();
        // Letters beyond ASCII need an extension (RFC 6531) that not every mail server has.
        if text.len() > 254 || !text.is_ascii() || text.bytes().any(|b| b.is_ascii_control()) {
            return Err(NotAnEmail);
        }
        EmailAddress::parse_with_options(text, options).map_err(|_| NotAnEmail)?;
        Ok(Self(text.to_owned()))
    }

    /// As it was typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In small letters, as keys have it: no mail service tells two people apart by capitals.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a telephone number such as +447700900123")]
pub struct NotAPhone;

/// Any possible E.164 number: `+`, a country code that does not begin with 0, at most fifteen digits in all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// Reads a number as people write it: spaces, dots, hyphens and brackets are left out, and a British number
    /// may begin with 0 in place of +44.
    ///
    /// # Errors
    /// When what is left is not an E.164 number.
    pub fn parse(text: &str) -> Result<Self, NotAPhone> {
        let compact: String =
            text.trim().chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let digits = if let Some(international) = compact.strip_prefix('+') {
            international.to_owned()
        } else if let Some(international) = compact.strip_prefix("00") {
            international.to_owned()
        } else {
            format!("44{}", compact.strip_prefix('0').ok_or(NotAPhone)?)
        };
        let possible = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if possible { Ok(Self(format!("+{digits}"))) } else { Err(NotAPhone) }
    }

    /// In E.164: `+447700900123`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For a screen that others may see: the last three digits.
    #[must_use]
    pub fn masked(&self) -> String {
        let shown: String = self.0.chars().skip(self.0.len().saturating_sub(3)).collect();
        format!("{}{shown}", "•".repeat(self.0.len().saturating_sub(3)))
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a login's `sub`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a Cognito sub: 1 to 128 letters, digits, hyphens or underscores")]
pub struct NotACognitoSub;

/// The `sub` of a login in the user pool. Cognito makes UUIDs; an older pool may have had other names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct CognitoSub(String);

impl CognitoSub {
    /// Reads a `sub`.
    ///
    /// # Errors
    /// When it is not 1 to 128 letters, digits, hyphens or underscores.
    pub fn parse(text: &str) -> Result<Self, NotACognitoSub> {
        let sound = (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if sound { Ok(Self(text.to_owned())) } else { Err(NotACognitoSub) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for CognitoSub {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for CognitoSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for written in
            ["+447700900123", "+44 7700 900 123", "07700 900123", "0044 (7700) 900-123", "07700.900.123"]
        {
            assert_eq!(Phone::parse(written).unwrap().as_str(), "+447700900123", "{written}");
        }
        for bad in ["", "+", "+0447700900123", "7700900123", "+44770090012x", "+1234567890123456", "+123456"]
        {
            assert_eq!(Phone::parse(bad), Err(NotAPhone), "{bad}");
        }
        assert_eq!(Phone::parse("+447700900123").unwrap().masked(), "••••••••••123");
    }

    #[test]
    fn addresses_as_rfc_5321_allows() {
        for good in ["a@example.com", "first.last+tag@sub.example.co.uk", "\"quoted local\"@example.com"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "a@",
            "@example.com",
            "a b@example.com",
            "Ada <ada@example.com>",
            "a@@example.com",
            "é@example.com",
            "\"a\tb\"@example.com",
        ] {
            assert_eq!(Email::parse(bad), Err(NotAnEmail), "{bad}");
        }
    }
}
