//! Keys, and the four indexes an item can be found by.

use std::{fmt, marker::PhantomData};

use serde_dynamo::AttributeValue;

use super::stored::Item;

mod sealed {
    pub trait Sealed {}
}

/// One of the table's four key schemas.
pub trait Index: sealed::Sealed + Send + Sync + 'static {
    /// The index's name; none for the table itself.
    const NAME: Option<&'static str>;
    /// The attribute that holds the partition key.
    const PK: &'static str;
    /// The attribute that holds the sort key.
    const SK: &'static str;
}

macro_rules! indexes {
    ($($(#[$doc:meta])* $name:ident = $index:expr, $pk:literal, $sk:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}
        impl sealed::Sealed for $name {}
        impl Index for $name {
            const NAME: Option<&'static str> = $index;
            const PK: &'static str = $pk;
            const SK: &'static str = $sk;
        }
    )*};
}

indexes! {
    /// The table's own keys.
    Base = None, "PK", "SK";
    /// Entities by status or type, sorted.
    Gsi1 = Some("GSI1"), "GSI1PK", "GSI1SK";
    /// Bookings of a user; drivers on duty; complaints by urgency.
    Gsi2 = Some("GSI2"), "GSI2PK", "GSI2SK";
    /// Jobs of a driver.
    Gsi3 = Some("GSI3"), "GSI3PK", "GSI3SK";
}

/// A partition key of index `I`. Only an entity writes one.
pub struct Pk<I>(pub(crate) String, PhantomData<fn() -> I>);

impl<I: Index> Pk<I> {
    pub(crate) fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string(), PhantomData)
    }

    /// This partition, and a place in it.
    pub(crate) fn at(self, sort: impl fmt::Display) -> Key<I> {
        Key { pk: self, sk: sort.to_string() }
    }
}

impl<I> fmt::Debug for Pk<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<I> Clone for Pk<I> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

/// A whole key of index `I`. Only an entity writes one.
pub struct Key<I> {
    pub(crate) pk: Pk<I>,
    pub(crate) sk: String,
}

impl<I> Clone for Key<I> {
    fn clone(&self) -> Self {
        Self { pk: self.pk.clone(), sk: self.sk.clone() }
    }
}

impl<I> fmt::Debug for Key<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} / {}", self.pk, self.sk)
    }
}

impl Key<Base> {
    /// The key as plain text, for the port.
    #[must_use]
    pub fn raw(&self) -> RawKey {
        RawKey { pk: self.pk.0.clone(), sk: self.sk.clone() }
    }
}

/// The table's own key as plain text: what crosses the port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawKey {
    /// `PK`.
    pub pk: String,
    /// `SK`.
    pub sk: String,
}

impl RawKey {
    /// The key of an item; none if it has none, which no item of the table is without.
    #[must_use]
    pub fn of(item: &Item) -> Option<Self> {
        let text = |name| match item.get(name) {
            Some(AttributeValue::S(text)) => Some(text.clone()),
            _ => None,
        };
        Some(Self { pk: text(Base::PK)?, sk: text(Base::SK)? })
    }
}
