//! The versions of the tariff: each an item of its own, numbered by one item that only counts.

use serde::{Deserialize, Serialize};

use super::{CheckedTerms, TariffKey, Terms};
use crate::{
    actor::Actor,
    table::{Base, Entity, IndexedBy, Key, New, Pk, Rewrite, Stored, Transaction, Upgrade},
    time::Timestamp,
};

/// One version of the tariff.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tariff {
    /// 1, 2, 3…
    pub version: u32,
    /// From when it prices quotes.
    pub effective_from: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub terms: Terms,
}

/// Counts the versions: whoever publishes one moves it on, so that no two have the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TariffHead {
    /// The newest version.
    pub latest_version: u32,
    /// Since when that one is in force, or will be.
    pub latest_effective_from: Timestamp,
}

/// A version and all that is written with it.
#[must_use]
#[derive(Debug)]
pub struct Published {
    /// The version as the table will hold it.
    pub tariff: Stored<Tariff>,
    /// The version, and the count moved on.
    pub transaction: Transaction,
}

impl Tariff {
    /// The next version: it comes into being and the count moves on, together or not at all. Versions from before there was
    /// a count are counted by who publishes: `uncounted` is the highest of them, 0 when there is none.
    pub fn publish(
        head: Option<Stored<TariffHead>>,
        uncounted: u32,
        terms: CheckedTerms,
        effective_from: Timestamp,
        by: Actor,
        at: Timestamp,
    ) -> Published {
        let version = head.as_ref().map_or(uncounted, |head| head.data.latest_version).saturating_add(1);
        let next = TariffHead { latest_version: version, latest_effective_from: effective_from };
        let tariff = New::of(Self { version, effective_from, terms: terms.into_inner() }, by.clone(), at);
        let transaction = Transaction::new().create(&tariff);
        let transaction = match head {
            Some(head) => transaction.rewrite(&Rewrite::of(head, next, by, at)),
            None => transaction.create(&New::of(next, by, at)),
        };
        Published { tariff: tariff.after().clone(), transaction }
    }

    /// What names it.
    #[must_use]
    pub fn key(&self) -> TariffKey {
        (self.effective_from, self.version)
    }

    /// What the sort keys of all versions begin with.
    pub(crate) const PREFIX: &'static str = "EFFECTIVE#";

    /// The sort keys of all versions in force at a moment, and later ones not.
    pub(crate) fn in_force_by(at: Timestamp) -> String {
        format!("{}{at}#~", Self::PREFIX)
    }
}

impl TariffHead {
    /// The newest version's name.
    #[must_use]
    pub const fn latest(&self) -> TariffKey {
        (self.latest_effective_from, self.latest_version)
    }
}

impl Entity for Tariff {
    const TYPE: &'static str = "Tariff";
    const UPGRADES: &'static [Upgrade] = super::upgrade::STEPS;
    type Id<'a> = TariffKey;
    type Indexes = ();

    fn key_of((effective_from, version): Self::Id<'_>) -> Key<Base> {
        Self::partition(()).at(format_args!("{}{effective_from}#{version:06}", Self::PREFIX))
    }

    fn id(&self) -> Self::Id<'_> {
        self.key()
    }
}

impl IndexedBy<Base> for Tariff {
    type Partition<'a> = ();

    fn partition((): Self::Partition<'_>) -> Pk<Base> {
        Pk::new("TARIFF")
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}

impl Entity for TariffHead {
    const TYPE: &'static str = "TariffHead";
    type Id<'a> = ();
    type Indexes = ();

    /// In a partition of its own: a query for versions never meets it.
    fn key_of((): Self::Id<'_>) -> Key<Base> {
        Pk::new("TARIFF_HEAD").at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {}
}
