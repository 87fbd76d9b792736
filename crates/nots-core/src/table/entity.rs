//! What an entity is to the table, and what a status is to an entity.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    key::{Base, Index, Key, Pk},
    stored::{Item, Stored, attr},
};
use crate::time::Timestamp;

/// One step of an entity's evolution, made of an item as it was found. [`super::attr::data`] is its `Data`.
pub type Upgrade = fn(&mut Item);

#[expect(clippy::cast_possible_truncation, reason = "a handful of steps")]
const fn schema_after(upgrades: &[Upgrade]) -> u32 {
    (upgrades.len() as u32).saturating_add(1)
}

/// What is kept as one item. The type itself is the item's `Data`.
pub trait Entity: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The item's `EntityType`.
    const TYPE: &'static str;
    /// How an item of an earlier schema becomes one of the next: the first step makes the second schema of the first.
    /// A step is never changed once it has been released; it leaves alone what it does not understand.
    const UPGRADES: &'static [Upgrade] = &[];
    /// The schema that this code writes. It follows from [`Entity::UPGRADES`] and is never given.
    const SCHEMA: u32 = schema_after(Self::UPGRADES);
    /// Whether [`Entity::ttl`] alone says when an item goes. Without it a time to live that a later schema gave
    /// stays when `ttl` answers none.
    const EXPIRES: bool = false;
    /// What must be known to read one.
    type Id<'a>;
    /// The indexes that may hold it: `()`, or a tuple of indexes it is [`IndexedBy`].
    type Indexes: IndexSet<Self>;

    /// The key that belongs to an id; writer and reader share it.
    fn key_of(id: Self::Id<'_>) -> Key<Base>;

    /// The id of this one.
    fn id(&self) -> Self::Id<'_>;

    /// When DynamoDB may delete it.
    fn ttl(_row: &Stored<Self>) -> Option<Timestamp> {
        None
    }
}

/// `E: IndexedBy<Gsi1>` is the only licence to query `Gsi1` for `E`.
pub trait IndexedBy<I: Index>: Entity {
    /// Whether a partition takes so many writes that it may be spread over [shards](super::Shards).
    const SPREAD: bool = false;
    /// What a caller must know to name a partition.
    type Partition<'a>;

    /// The partition; writer and reader share it, so that they cannot drift apart.
    fn partition(of: Self::Partition<'_>) -> Pk<I>;

    /// Where this row stands in the index; none keeps it out.
    fn entry(row: &Stored<Self>) -> Option<Key<I>>;
}

/// The indexes of an entity, written together with it.
pub trait IndexSet<E: Entity> {
    /// Adds the index keys of this row to the item.
    fn write(row: &Stored<E>, item: &mut Item);

    /// Whether an attribute is a key of one of them.
    fn manages(attribute: &str) -> bool;
    /// The attributes among them whose partitions may be spread over shards.
    fn spread() -> Vec<&'static str>;
}

fn is_key<I: Index>(attribute: &str) -> bool {
    attribute == I::PK || attribute == I::SK
}

fn spread_by<I: Index, E: IndexedBy<I>>() -> Option<&'static str> {
    E::SPREAD.then_some(I::PK)
}

fn write_entry<I: Index, E: IndexedBy<I>>(row: &Stored<E>, item: &mut Item) {
    if let Some(key) = E::entry(row) {
        item.insert(I::PK.to_owned(), attr::text(key.pk.0));
        item.insert(I::SK.to_owned(), attr::text(key.sk));
    }
}

impl<E: Entity> IndexSet<E> for () {
    fn write(_: &Stored<E>, _: &mut Item) {}

    fn manages(_: &str) -> bool {
        false
    }

    fn spread() -> Vec<&'static str> {
        Vec::new()
    }
}

impl<E: IndexedBy<A>, A: Index> IndexSet<E> for (A,) {
    fn write(row: &Stored<E>, item: &mut Item) {
        write_entry::<A, E>(row, item);
    }

    fn manages(attribute: &str) -> bool {
        is_key::<A>(attribute)
    }

    fn spread() -> Vec<&'static str> {
        spread_by::<A, E>().into_iter().collect()
    }
}

impl<E: IndexedBy<A> + IndexedBy<B>, A: Index, B: Index> IndexSet<E> for (A, B) {
    fn write(row: &Stored<E>, item: &mut Item) {
        write_entry::<A, E>(row, item);
        write_entry::<B, E>(row, item);
    }

    fn manages(attribute: &str) -> bool {
        is_key::<A>(attribute) || is_key::<B>(attribute)
    }

    fn spread() -> Vec<&'static str> {
        [spread_by::<A, E>(), spread_by::<B, E>()].into_iter().flatten().collect()
    }
}

impl<E: IndexedBy<A> + IndexedBy<B> + IndexedBy<C>, A: Index, B: Index, C: Index> IndexSet<E> for (A, B, C) {
    fn write(row: &Stored<E>, item: &mut Item) {
        write_entry::<A, E>(row, item);
        write_entry::<B, E>(row, item);
        write_entry::<C, E>(row, item);
    }

    fn manages(attribute: &str) -> bool {
        is_key::<A>(attribute) || is_key::<B>(attribute) || is_key::<C>(attribute)
    }

    fn spread() -> Vec<&'static str> {
        [spread_by::<A, E>(), spread_by::<B, E>(), spread_by::<C, E>()].into_iter().flatten().collect()
    }
}

/// A status and the table of its legal moves.
pub trait Machine: Copy + Eq + std::fmt::Debug + Send + Sync + 'static {
    /// Every state.
    const ALL: &'static [Self];

    /// As it is stored in `Data.status`.
    fn as_str(self) -> &'static str;

    /// The states that can be reached from this one in one move; itself, where it can change and stay.
    fn successors(self) -> &'static [Self];

    /// The states from which `to` can be reached in one move: what a conditional write may leave.
    fn sources(to: Self) -> Vec<Self> {
        Self::ALL.iter().copied().filter(|from| from.successors().contains(&to)).collect()
    }
}

/// An entity whose `Data.status` moves only along its machine.
pub trait Stateful: Entity {
    /// Its machine.
    type Status: Machine;

    /// Where it stands.
    fn status(&self) -> Self::Status;
}
