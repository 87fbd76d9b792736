//! Writing: conditional, in transactions, and with an answer that says which item refused and why.

use std::marker::PhantomData;

use super::{
    condition::{Condition, Requirement},
    entity::{Entity, IndexSet, Machine, Stateful},
    key::{Base, Key, RawKey},
    read::Get,
    stored::{DecodeError, Item, Stored, Version},
};
use crate::{
    actor::Actor,
    ports::{Table, TableError},
    time::Timestamp,
};

/// An entity that is not in the table yet. Made only by the entities themselves.
#[must_use]
#[derive(Debug, Clone)]
pub struct New<E>(Stored<E>);

impl<E: Entity> New<E> {
    pub(crate) fn of(data: E, by: Actor, at: Timestamp) -> Self {
        Self(Stored::first(data, by, at))
    }

    /// The same, with a `CreatedAt` from before it came here.
    pub(crate) fn since(mut self, created: Timestamp) -> Self {
        self.0.meta.created_at = created;
        self
    }

    /// The row as the table will hold it.
    #[must_use]
    pub fn after(&self) -> &Stored<E> {
        &self.0
    }
}

/// The next version of an entity whose status does not move here: it has none, or it moved in another system. Made only
/// by the entities themselves.
#[must_use]
#[derive(Debug, Clone)]
pub struct Rewrite<E> {
    next: Stored<E>,
    seen: Version,
}

impl<E: Entity> Rewrite<E> {
    pub(crate) fn of(row: Stored<E>, data: E, by: Actor, at: Timestamp) -> Self {
        let seen = row.meta.version;
        Self { next: row.next(data, by, at), seen }
    }

    /// The row as the table will hold it.
    #[must_use]
    pub fn after(&self) -> &Stored<E> {
        &self.next
    }
}

/// Proof that the machine has the move from the status that was read to the one that is written. The verbs on
/// the entity are its only door.
#[must_use]
#[derive(Debug, Clone)]
pub struct Move<E: Stateful> {
    next: Stored<E>,
    seen: Version,
}

/// The machine has no such move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{entity} that is {from} cannot become {to}")]
pub struct IllegalMove {
    /// What would move.
    pub entity: &'static str,
    /// Where it stands.
    pub from: &'static str,
    /// Where it should have gone.
    pub to: &'static str,
}

impl<E: Stateful> Move<E> {
    pub(crate) fn of(row: Stored<E>, data: E, by: Actor, at: Timestamp) -> Result<Self, IllegalMove> {
        let (from, to) = (row.data.status(), data.status());
        if !from.successors().contains(&to) {
            return Err(IllegalMove { entity: E::TYPE, from: from.as_str(), to: to.as_str() });
        }
        let seen = row.meta.version;
        Ok(Self { next: row.next(data, by, at), seen })
    }

    /// The row as the table will hold it.
    #[must_use]
    pub fn after(&self) -> &Stored<E> {
        &self.next
    }
}

/// A name that its bearer gives up. Made only by the entities themselves, for links; nothing else is ever deleted.
#[must_use]
#[derive(Debug, Clone)]
pub struct Release<E> {
    key: Key<Base>,
    held: Requirement,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity> Release<E> {
    pub(crate) fn of(link: &E, held: Requirement) -> Self {
        Self { key: E::key_of(link.id()), held, entity: PhantomData }
    }
}

/// Why an item refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// It is not there.
    NotFound,
    /// It is there already.
    Exists,
    /// It is in a state that has no such move.
    IllegalMove {
        /// The state it is in.
        status: String,
    },
    /// It has changed since it was read: read again and retry.
    Stale,
    /// It does not meet what was required of it.
    Unmet,
}

/// An item that refused, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The kind of item.
    pub entity: &'static str,
    /// Which one.
    pub key: RawKey,
    /// Why.
    pub because: Because,
}

/// One operation as plain data.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Write the whole item.
    Put {
        /// The item's entity.
        entity: &'static str,
        /// Its key.
        key: RawKey,
        /// The item.
        item: Item,
        /// Which of its attributes hold a partition key that may be spread over shards.
        spread: Vec<&'static str>,
        /// What must hold.
        condition: Condition,
    },
    /// Delete the item.
    Delete {
        /// The item's entity.
        entity: &'static str,
        /// Its key.
        key: RawKey,
        /// What must hold.
        condition: Condition,
    },
    /// Only hold the item to a condition.
    Check {
        /// The item's entity.
        entity: &'static str,
        /// Its key.
        key: RawKey,
        /// What must hold.
        condition: Condition,
    },
}

impl Op {
    /// What must hold for it.
    #[must_use]
    pub fn condition(&self) -> &Condition {
        match self {
            Self::Put { condition, .. } | Self::Delete { condition, .. } | Self::Check { condition, .. } => {
                condition
            }
        }
    }

    /// The key it touches.
    #[must_use]
    pub fn key(&self) -> &RawKey {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }

    fn refusal(&self, old: Option<&Item>) -> Refusal {
        let (Self::Put { entity, key, condition, .. }
        | Self::Delete { entity, key, condition }
        | Self::Check { entity, key, condition }) = self;
        Refusal { entity, key: key.clone(), because: condition.because(old) }
    }
}

/// Writes that happen together or not at all.
#[must_use]
#[derive(Debug, Default)]
pub struct Transaction {
    ops: Vec<Op>,
    fault: Option<DecodeError>,
}

impl Transaction {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts what must not be there yet.
    pub fn create<E: Entity>(self, new: &New<E>) -> Self {
        self.put(&new.0, Condition::Absent)
    }

    /// Replaces what must be as it was read.
    pub fn rewrite<E: Entity>(self, rewrite: &Rewrite<E>) -> Self {
        self.put(&rewrite.next, Condition::Unchanged(rewrite.seen))
    }

    /// Moves what must be as it was read and may make the move.
    pub fn apply<E: Stateful>(self, change: &Move<E>) -> Self {
        let sources = E::Status::sources(change.next.data.status());
        let sources = sources.into_iter().map(Machine::as_str).collect();
        self.put(&change.next, Condition::Leaves(change.seen, sources))
    }

    /// Holds an item to a requirement without writing it.
    pub fn require<E: Entity>(mut self, item: &Get<E>, requirement: Requirement) -> Self {
        let condition = Condition::Meets(requirement);
        self.ops.push(Op::Check { entity: E::TYPE, key: item.raw(), condition });
        self
    }

    /// Deletes a link of whoever gives up the name.
    pub fn release<E: Entity>(mut self, release: &Release<E>) -> Self {
        let condition = Condition::Meets(release.held.clone());
        self.ops.push(Op::Delete { entity: E::TYPE, key: release.key.raw(), condition });
        self
    }

    /// Both together or neither.
    pub fn and(mut self, other: Self) -> Self {
        self.ops.extend(other.ops);
        self.fault = self.fault.or(other.fault);
        self
    }

    /// The keys it touches, in order.
    pub fn keys(&self) -> impl Iterator<Item = &RawKey> {
        self.ops.iter().map(Op::key)
    }

    /// How many operations it has; DynamoDB takes at most 100.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    fn put<E: Entity>(mut self, row: &Stored<E>, condition: Condition) -> Self {
        let key = E::key_of(row.data.id()).raw();
        match row.to_sound_item() {
            Ok(item) => {
                let spread = E::Indexes::spread();
                self.ops.push(Op::Put { entity: E::TYPE, key, item, spread, condition });
            }
            Err(fault) => self.fault = Some(fault),
        }
        self
    }
}

/// Why a write did not go through; nothing of it was written, unless it is [`WriteError::Unknown`].
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Items refused.
    #[error("refused by {}", .0.iter().map(|r| r.entity).collect::<Vec<_>>().join(", "))]
    Refused(Vec<Refusal>),
    /// Another transaction held an item, or the table is short of capacity: try again.
    #[error("the table is busy")]
    Busy(#[source] TableError),
    /// The table did not answer, so it may have been written or not.
    #[error("the table did not answer a write")]
    Unknown(#[source] TableError),
    /// An entity cannot be held by DynamoDB, or could not be read again; a fault of ours.
    #[error("an item could not be written")]
    Encode(#[source] DecodeError),
    /// The table does not take the write as it is; a fault of ours.
    #[error("the table does not take the write")]
    Rejected(#[source] TableError),
}

impl WriteError {
    /// Whether reading again and deciding anew can help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy(_) => true,
            Self::Refused(refusals) => refusals.iter().any(|r| r.because == Because::Stale),
            Self::Unknown(_) | Self::Encode(_) | Self::Rejected(_) => false,
        }
    }

    /// Why the first item of this entity refused, if one did.
    #[must_use]
    pub fn refused_by<E: Entity>(&self) -> Option<&Because> {
        match self {
            Self::Refused(refusals) => refusals.iter().find(|r| r.entity == E::TYPE).map(|r| &r.because),
            _ => None,
        }
    }
}

impl dyn Table + '_ {
    /// Writes all of it or nothing, in one round trip; none when there is nothing to write.
    ///
    /// # Errors
    /// When an item refuses, the table is busy, or it does not answer.
    pub async fn commit(&self, transaction: Transaction) -> Result<(), WriteError> {
        let Transaction { ops, fault } = transaction;
        if let Some(fault) = fault {
            return Err(WriteError::Encode(fault));
        }
        if ops.is_empty() {
            return Ok(());
        }
        match self.write_items(ops.clone()).await {
            Ok(_) => Ok(()),
            Err(TableError::Refused(refused)) => {
                let refusal =
                    |(at, old): (usize, Option<Item>)| ops.get(at).map(|op| op.refusal(old.as_ref()));
                Err(WriteError::Refused(refused.into_iter().filter_map(refusal).collect()))
            }
            Err(busy @ (TableError::Conflict | TableError::Throttled)) => Err(WriteError::Busy(busy)),
            Err(rejected @ TableError::Rejected(_)) => Err(WriteError::Rejected(rejected)),
            Err(unknown @ TableError::Unavailable(_)) => Err(WriteError::Unknown(unknown)),
        }
    }
}
