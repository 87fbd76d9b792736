//! Busy index partitions, spread over shards.
//!
//! DynamoDB takes a thousand writes a second in one partition. An index that lists by status has few partitions and
//! every change of a status goes through two of them, so an entity may declare
//! ([`IndexedBy::SPREAD`](super::IndexedBy::SPREAD)) that its partitions can be spread: each item then stands in one of
//! several, and a list looks in all of them and merges.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use serde_dynamo::AttributeValue;

use super::{
    key::RawKey,
    read::{Position, RawQuery, SortRange},
    stored::Item,
    write::Op,
};
use crate::ports::{Consumed, RawPage, Reply, Table, TableError};

/// Over how many shards a busy partition is spread.
///
/// An item stays in the shard in which it was written until it is written again. So lists must look in as many shards as
/// were ever written: `listed` is raised first, then `written`, and `listed` is never lowered, which would hide items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shards {
    written: u16,
    listed: u16,
}

/// The number is none of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("shards must be from 1 to {}", Shards::MAX)]
pub struct BadShards;

impl Shards {
    /// The most there can be: a list asks every one of them for a page.
    pub const MAX: u16 = 64;
    /// Partitions in one piece.
    pub const ONE: Self = Self { written: 1, listed: 1 };

    /// Writes go to `written` shards, lists look in `listed`, and never in fewer than are written.
    ///
    /// # Errors
    /// When one of them is not from 1 to [`Shards::MAX`].
    pub fn new(written: u16, listed: u16) -> Result<Self, BadShards> {
        let possible = 1..=Self::MAX;
        if possible.contains(&written) && possible.contains(&listed) {
            Ok(Self { written, listed: listed.max(written) })
        } else {
            Err(BadShards)
        }
    }

    /// A table whose busy partitions are spread so; where nothing is spread, the table itself.
    #[must_use]
    pub fn over(self, table: Arc<dyn Table>) -> Arc<dyn Table> {
        if self.listed > 1 { Arc::new(Spread { inner: table, shards: self }) } else { table }
    }

    /// The shard in which an item is written: always the same for the same key and number.
    fn of(self, key: &RawKey) -> u16 {
        let hash = fnv1a(key.pk.bytes().chain([0]).chain(key.sk.bytes()));
        // FNV's low bits alone are weak.
        let folded = hash ^ (hash >> 32);
        u16::try_from(folded.checked_rem(u64::from(self.written)).unwrap_or_default()).unwrap_or_default()
    }
}

/// FNV-1a, 64 bits: no secret and no defence, but the same on every machine and in every version.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The partition key of a shard. The first is the partition itself, so that one shard changes no key, and what was
/// written before there were more of them is in the first.
fn shard_key(partition: &str, shard: u16) -> String {
    if shard == 0 { partition.to_owned() } else { format!("{partition}#{shard}") }
}

/// A table whose busy partitions are spread over shards.
pub struct Spread {
    inner: Arc<dyn Table>,
    shards: Shards,
}

#[async_trait]
impl Table for Spread {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        self.inner.get_items(keys).await
    }

    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        if !query.spread {
            return self.inner.query_items(query).await;
        }
        let told = query.after.iter().flat_map(|position| position.told.keys());
        if told.max().is_some_and(|shard| *shard >= self.shards.listed) {
            return Err(TableError::Rejected("the position is in shards that there are not".into()));
        }
        let asked = (0..self.shards.listed).map(|shard| self.inner.query_items(of_shard(&query, shard)));
        let mut consumed = Consumed::default();
        let mut shards = Vec::new();
        for reply in join_all(asked).await {
            let reply = reply?;
            consumed = consumed.beside(reply.consumed);
            shards.push(Shard::of(reply.value, query.sk)?);
        }
        Ok(Reply { value: merge(shards, query), consumed })
    }

    async fn write_items(&self, mut ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        for op in &mut ops {
            if let Op::Put { key, item, spread, .. } = op {
                let shard = self.shards.of(key);
                for attribute in spread.iter() {
                    if let Some(AttributeValue::S(partition)) = item.get_mut(*attribute) {
                        *partition = shard_key(partition, shard);
                    }
                }
            }
        }
        self.inner.write_items(ops).await
    }
}

/// What a shard is asked: from its last item told on, if that item has the position's sort key; otherwise from that
/// sort key on, for all that comes before it has been told. So a shard that is new since the last page, or an item that
/// came in meanwhile, cannot break the order.
fn of_shard(query: &RawQuery, shard: u16) -> RawQuery {
    let mut asked = query.clone();
    asked.pk.1 = shard_key(&query.pk.1, shard);
    if let Some(position) = &query.after {
        asked.after = position.told.get(&shard).map(|key| Position::behind(position.sk.clone(), key.clone()));
        if asked.after.is_none() {
            asked.range = query.range.clone().from(&position.sk, query.newest_first);
        }
    }
    asked
}

/// An item of a shard, with what it is merged by.
struct Found {
    sk: String,
    key: RawKey,
    item: Item,
}

impl Found {
    /// Which comes first in an ascending list. Within a shard the table's own order stands.
    fn order(&self, other: &Self) -> Ordering {
        (&self.sk, &self.key).cmp(&(&other.sk, &other.key))
    }
}

/// What a shard answered and has not been told yet.
struct Shard {
    items: VecDeque<Found>,
    /// Whether more comes behind them.
    more: bool,
}

impl Shard {
    fn of(page: RawPage, sk: &str) -> Result<Self, TableError> {
        let found = |item: Item| match (item.get(sk), RawKey::of(&item)) {
            (Some(AttributeValue::S(sk)), Some(key)) => Ok(Found { sk: sk.clone(), key, item }),
            _ => Err(TableError::Unavailable("an index holds an item without its keys".into())),
        };
        let items = page.items.into_iter().map(found).collect::<Result<_, _>>()?;
        Ok(Self { items, more: page.next.is_some() })
    }
}

/// One page of several, in order.
fn merge(mut shards: Vec<Shard>, query: RawQuery) -> RawPage {
    let mut items = Vec::new();
    let mut position = query.after;
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    while items.len() < limit {
        // What comes behind such a shard's page may come before what the others have.
        if shards.iter().any(|shard| shard.items.is_empty() && shard.more) {
            break;
        }
        let heads = (0..).zip(&mut shards).filter(|(_, shard)| !shard.items.is_empty());
        let first = heads.min_by(|(_, one), (_, other)| match (one.items.front(), other.items.front()) {
            (Some(one), Some(other)) if query.newest_first => other.order(one),
            (Some(one), Some(other)) => one.order(other),
            _ => Ordering::Equal,
        });
        let Some((at, Found { sk, key, item })) =
            first.and_then(|(at, shard)| Some((at, shard.items.pop_front()?)))
        else {
            break;
        };
        items.push(item);
        let mut told = match position.take() {
            Some(position) if position.sk == sk => position.told,
            _ => BTreeMap::new(),
        };
        told.insert(at, key);
        position = Some(Position { sk, told });
    }
    let more = shards.iter().any(|shard| shard.more || !shard.items.is_empty());
    RawPage { items, next: position.filter(|_| more) }
}

impl SortRange {
    /// What is left of it from a sort key on, itself included, in the direction of the list.
    fn from(self, sk: &str, newest_first: bool) -> Self {
        let (first, last) = match self {
            Self::All => (String::new(), END.to_owned()),
            Self::BeginsWith(prefix) => {
                let last = format!("{prefix}{END}");
                (prefix, last)
            }
            Self::Between(first, last) => (first, last),
            Self::UpTo(last) => (String::new(), last),
        };
        match newest_first {
            false => Self::Between(first.max(sk.to_owned()), last),
            true if first.is_empty() => Self::UpTo(last.min(sk.to_owned())),
            true => Self::Between(first, last.min(sk.to_owned())),
        }
    }
}

/// Sorts behind every sort key there is.
const END: &str = "\u{10FFFF}";
