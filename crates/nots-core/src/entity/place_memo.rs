//! Where a map provider said that an address is, kept for a quarter of an hour, so that the same address is not paid for
//! and waited for again. Where the operator's terms with the provider allow it, as with a
//! [`RouteMemo`](super::RouteMemo).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::route_memo::{Keep, LIFETIME, digits};
use crate::{
    geo::{Coordinates, Place},
    table::{Base, Entity, Key, Pk, Stored},
    time::Timestamp,
};

/// Names an address, whatever its case and spacing. It does not say which.
///
/// Punctuation counts: without it flat 1/2 would be house 12.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressHash(String);

impl AddressHash {
    /// Of an address as it was typed.
    #[must_use]
    pub fn of(address: &str) -> Self {
        let words: Vec<_> = address.split_whitespace().map(str::to_lowercase).collect();
        Self(digits(Sha256::new_with_prefix(words.join(" "))))
    }

    /// As it stands in a key: 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a provider said of an address. The address itself is not in it: whoever asks has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceMemo {
    /// Of which address.
    pub address_hash: AddressHash,
    /// Where it is; none when the provider knows no such address.
    pub at: Option<Coordinates>,
}

impl PlaceMemo {
    /// Keeps a provider's answer, that it knows no such address too.
    #[must_use]
    pub fn keep(
        found: Option<Stored<Self>>,
        address: &str,
        said: Option<&Place>,
        at: Timestamp,
    ) -> Keep<Self> {
        let memo = Self { address_hash: AddressHash::of(address), at: said.map(|place| place.at) };
        Keep::of(found, memo, at)
    }

    /// What was said, while it is good, under the words of whoever asks now: the place, or that there is none.
    #[must_use]
    pub fn answer(row: &Stored<Self>, address: &str, now: Timestamp) -> Option<Option<Place>> {
        let good = now < Self::expires_at(row);
        good.then(|| row.data.at.map(|at| Place { address: address.to_owned(), at }))
    }

    /// The first moment at which it is no longer good.
    #[must_use]
    pub fn expires_at(row: &Stored<Self>) -> Timestamp {
        row.meta.updated_at.plus(LIFETIME)
    }
}

impl Entity for PlaceMemo {
    const TYPE: &'static str = "PlaceMemo";
    type Id<'a> = &'a AddressHash;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("PLACE#{}", id.0)).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.address_hash
    }

    fn ttl(row: &Stored<Self>) -> Option<Timestamp> {
        Some(Self::expires_at(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "12 Acacia Avenue, Poole";

    fn place(address: &str) -> Place {
        let (latitude, longitude) = (50.72.try_into().unwrap(), (-1.98).try_into().unwrap());
        Place { address: address.to_owned(), at: Coordinates { latitude, longitude } }
    }

    fn row(keep: Keep<PlaceMemo>) -> Stored<PlaceMemo> {
        match keep {
            Keep::First(new) => new.after().clone(),
            Keep::Again(rewrite) => rewrite.after().clone(),
        }
    }

    #[test]
    fn case_and_spacing_make_no_other_address_and_everything_else_does() {
        let base = AddressHash::of(ADDRESS);
        assert_eq!(base.as_str(), "465fa518b36c81f73fc5bd589c21758e", "and every build agrees on it");
        assert_eq!(AddressHash::of("  12 ACACIA\u{a0}avenue,   Poole "), base);
        for other in ["1 2 Acacia Avenue, Poole", "1/2 Acacia Avenue, Poole", "12 Acacia Avenue", ""] {
            assert_ne!(AddressHash::of(other), base, "{other:?}");
        }
    }

    #[test]
    fn it_is_good_for_a_quarter_of_an_hour_and_answers_in_the_words_of_whoever_asks() {
        let now = Timestamp::new(1_733_835_000).unwrap();
        let first = row(PlaceMemo::keep(None, ADDRESS, Some(&place(ADDRESS)), now));
        let shouted = "12 ACACIA AVENUE, POOLE";
        assert_eq!(PlaceMemo::answer(&first, shouted, now.plus(899)), Some(Some(place(shouted))));
        assert_eq!(
            PlaceMemo::answer(&first, shouted, now.plus(900)),
            None,
            "however late DynamoDB deletes it"
        );
        assert_eq!(PlaceMemo::ttl(&first), Some(now.plus(900)));
        let later = now.plus(5_000);
        let gone = row(PlaceMemo::keep(Some(first), ADDRESS, None, later));
        assert_eq!(
            PlaceMemo::answer(&gone, ADDRESS, later.plus(899)),
            Some(None),
            "that there is none is kept"
        );
        assert_eq!(PlaceMemo::answer(&gone, ADDRESS, later.plus(900)), None);
    }
}
