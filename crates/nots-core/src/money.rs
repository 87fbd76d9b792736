//! Money: integer pence with a currency, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What fares are charged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Currency {
    /// Pounds sterling.
    #[default]
    #[serde(rename = "GBP")]
    Gbp,
}

impl Currency {
    /// ISO 4217, upper case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Gbp => "GBP",
        }
    }
}

/// An amount in pence: positive for what is owed to the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pence(i64);

impl Pence {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in pence.
    #[must_use]
    pub const fn new(pence: i64) -> Self {
        Self(pence)
    }

    /// The number of pence.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// The same amount the other way.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// The sum, or nothing when it cannot be held.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or nothing when it cannot be held.
    #[must_use]
    pub fn less(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `self × numerator ÷ denominator` to the penny, half to even; nothing when `denominator` is not positive
    /// or the answer cannot be held.
    #[must_use]
    pub fn ratio(self, numerator: i64, denominator: i64) -> Option<Self> {
        let (a, n, d) = (i128::from(self.0), i128::from(numerator), i128::from(denominator));
        if d <= 0 {
            return None;
        }
        let product = a.checked_mul(n)?;
        let (quotient, rest) = (product.checked_div_euclid(d)?, product.checked_rem_euclid(d)?);
        let up = match rest.checked_mul(2)?.cmp(&d) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => quotient.checked_rem_euclid(2)? == 1,
        };
        let rounded = if up { quotient.checked_add(1)? } else { quotient };
        i64::try_from(rounded).ok().map(Self)
    }

    /// For people: `£12.28`.
    #[must_use]
    pub fn display(self, currency: Currency) -> String {
        let symbol = match currency {
            Currency::Gbp => "£",
        };
        let (sign, pence) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        format!("{sign}{symbol}{}.{:02}", pence / 100, pence % 100)
    }
}

impl fmt::Display for Pence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}p", self.0)
    }
}

/// The least that can be charged by card, in pence: what Stripe takes in pounds.
pub const LEAST_CHARGE: Pence = Pence::new(30);

/// A total as it is stored and sent; what people read is derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Total {
    /// Pence.
    pub total: Pence,
    /// What they are pence of.
    pub currency: Currency,
}

impl Serialize for Total {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Total", 3)?;
        fields.serialize_field("total", &self.total)?;
        fields.serialize_field("currency", &self.currency)?;
        fields.serialize_field("displayTotal", &self.total.display(self.currency))?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_penny() {
        let half = |pence| Pence::new(pence).ratio(1, 2).map(Pence::get);
        assert_eq!(
            (half(1), half(3), half(5), half(-1), half(-3)),
            (Some(0), Some(2), Some(2), Some(0), Some(-2))
        );
        assert_eq!(Pence::new(1200).ratio(20, 120), Some(Pence::new(200)), "the VAT inside £12.00 at 20%");
        assert_eq!(Pence::new(1).ratio(1, 0), None);
        assert_eq!(Pence::new(i64::MAX).ratio(3, 1), None);
    }

    #[test]
    fn people_read_pounds() {
        assert_eq!(Pence::new(1228).display(Currency::Gbp), "£12.28");
        assert_eq!(Pence::new(-5).display(Currency::Gbp), "-£0.05");
    }
}
