//! Reading: by key, several keys at once, and a page of an index.

use std::{
    collections::{BTreeMap, HashMap},
    marker::PhantomData,
};

use super::{
    entity::{Entity, IndexedBy},
    key::{Base, Index, Key, Pk, RawKey},
    spread::Shards,
    stored::{DecodeError, Item, Stored},
};
use crate::ports::{Table, TableError};

/// A read by key. Made only by [`crate::access`].
#[must_use]
#[derive(Debug)]
pub struct Get<E> {
    key: Key<Base>,
    entity: PhantomData<fn() -> E>,
}

impl<E> Clone for Get<E> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), entity: PhantomData }
    }
}

impl<E: Entity> Get<E> {
    pub(crate) fn by(id: E::Id<'_>) -> Self {
        Self { key: E::key_of(id), entity: PhantomData }
    }

    /// The key, as the port takes it.
    #[must_use]
    pub fn raw(&self) -> RawKey {
        self.key.raw()
    }
}

/// Which sort keys of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortRange {
    /// All of them.
    All,
    /// Those that begin with this.
    BeginsWith(String),
    /// From the first to the second, both included.
    Between(String, String),
    /// Those up to this, itself included.
    UpTo(String),
}

impl SortRange {
    /// Whether all of it comes behind a sort key, in the direction of the list.
    fn lies_behind(&self, sk: &str, newest_first: bool) -> bool {
        match self {
            Self::BeginsWith(prefix) if newest_first => sk > prefix.as_str() && !sk.starts_with(prefix),
            Self::Between(_, last) | Self::UpTo(last) if newest_first => sk > last.as_str(),
            Self::BeginsWith(first) | Self::Between(first, _) if !newest_first => sk < first.as_str(),
            _ => false,
        }
    }
}

/// A page of one partition of index `I`, all of them `E`. Index, partition and result agree by construction;
/// made only by [`crate::access`].
#[must_use]
#[derive(Debug)]
pub struct Query<I, E> {
    pk: Pk<I>,
    range: SortRange,
    newest_first: bool,
    spread: bool,
    entity: PhantomData<fn() -> E>,
}

impl<I: Index, E: IndexedBy<I>> Query<I, E> {
    pub(crate) fn over(partition: E::Partition<'_>) -> Self {
        let pk = E::partition(partition);
        Self { pk, range: SortRange::All, newest_first: false, spread: E::SPREAD, entity: PhantomData }
    }
}

impl<I: Index, E: Entity> Query<I, E> {
    pub(crate) fn range(mut self, range: SortRange) -> Self {
        self.range = range;
        self
    }

    pub(crate) fn newest_first(mut self) -> Self {
        self.newest_first = true;
        self
    }

    /// What crosses the port. A position that the range does not reach back to is none: all of the range comes behind
    /// it, and DynamoDB refuses to begin outside what it is asked for.
    #[must_use]
    pub fn raw(&self, limit: u32, after: Option<Position>) -> RawQuery {
        let after = after.filter(|position| !self.range.lies_behind(&position.sk, self.newest_first));
        RawQuery {
            index: I::NAME,
            pk: (I::PK, self.pk.0.clone()),
            sk: I::SK,
            range: self.range.clone(),
            newest_first: self.newest_first,
            spread: self.spread,
            limit,
            after,
        }
    }

    /// Names this list, so that a cursor of another one is refused. Which stretch of it is asked for is not part of the
    /// name: a list that begins a day before now is the same one an hour later.
    #[must_use]
    pub fn shape(&self) -> String {
        format!("{}|{}|{:?}|{}", E::TYPE, I::NAME.unwrap_or("table"), self.pk, self.newest_first)
    }

    /// Whether a position can be one of this query's.
    #[must_use]
    pub fn accepts(&self, position: &Position) -> bool {
        match position.whole() {
            // The table's own keys are the item's keys.
            Some(key) => I::NAME.is_some() || (key.pk == self.pk.0 && key.sk == position.sk),
            None => {
                let known = |shard: &u16| *shard < Shards::MAX;
                self.spread && !position.told.is_empty() && position.told.keys().all(known)
            }
        }
    }
}

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The sort key of the last item told.
    pub sk: String,
    /// By shard, the last item told that has this sort key; of a partition in one piece, its last item as shard 0.
    pub told: BTreeMap<u16, RawKey>,
}

impl Position {
    /// Behind an item of a partition in one piece.
    #[must_use]
    pub fn behind(sk: String, key: RawKey) -> Self {
        Self { sk, told: BTreeMap::from([(0, key)]) }
    }

    /// The last item told of a partition in one piece; none when the position is in several shards, or in another
    /// than the first.
    #[must_use]
    pub fn whole(&self) -> Option<&RawKey> {
        self.told.get(&0).filter(|_| self.told.len() == 1)
    }
}

/// A query as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct RawQuery {
    /// The index's name; none for the table itself.
    pub index: Option<&'static str>,
    /// Name and value of the partition key.
    pub pk: (&'static str, String),
    /// Name of the sort key.
    pub sk: &'static str,
    /// Which sort keys.
    pub range: SortRange,
    /// Whether the highest sort key comes first.
    pub newest_first: bool,
    /// Whether the partition may be spread over shards.
    pub spread: bool,
    /// The most items to answer.
    pub limit: u32,
    /// Where the page before ended.
    pub after: Option<Position>,
}

/// Items of one page, and where it ended when there may be more.
#[derive(Debug, Clone)]
pub struct Page<E> {
    /// The items, in order.
    pub rows: Vec<Stored<E>>,
    /// Where the next page begins; none at the end.
    pub next: Option<Position>,
}

/// Why a read did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The table did not answer.
    #[error("the table could not be read")]
    Table(#[from] TableError),
    /// The position is none of this query's.
    #[error("the position is none of this query's")]
    Position,
    /// The table holds something else than its keys say.
    #[error("the table holds an item that cannot be read")]
    Decode(#[from] DecodeError),
}

/// One or more reads by key that make one round trip.
pub trait ReadSet: Send {
    /// What is found, in the shape that was asked for.
    type Rows;
    /// Every key of it.
    fn keys(&self, into: &mut Vec<RawKey>);
    /// Takes what was found.
    ///
    /// # Errors
    /// When an item is not of its entity.
    fn rows(self, found: &mut HashMap<RawKey, Item>) -> Result<Self::Rows, DecodeError>;
}

impl<E: Entity> ReadSet for Get<E> {
    type Rows = Option<Stored<E>>;
    fn keys(&self, into: &mut Vec<RawKey>) {
        into.push(self.raw());
    }
    fn rows(self, found: &mut HashMap<RawKey, Item>) -> Result<Self::Rows, DecodeError> {
        found.get(&self.raw()).cloned().map(Stored::from_item).transpose()
    }
}

impl<S: ReadSet> ReadSet for Vec<S> {
    type Rows = Vec<S::Rows>;
    fn keys(&self, into: &mut Vec<RawKey>) {
        for set in self {
            set.keys(into);
        }
    }
    fn rows(self, found: &mut HashMap<RawKey, Item>) -> Result<Self::Rows, DecodeError> {
        self.into_iter().map(|set| set.rows(found)).collect()
    }
}

impl<S: ReadSet> ReadSet for Option<S> {
    type Rows = Option<S::Rows>;
    fn keys(&self, into: &mut Vec<RawKey>) {
        if let Some(set) = self {
            set.keys(into);
        }
    }
    fn rows(self, found: &mut HashMap<RawKey, Item>) -> Result<Self::Rows, DecodeError> {
        self.map(|set| set.rows(found)).transpose()
    }
}

macro_rules! read_tuples {
    ($(($($name:ident $at:tt),+))*) => {$(
        impl<$($name: ReadSet),+> ReadSet for ($($name,)+) {
            type Rows = ($($name::Rows,)+);
            fn keys(&self, into: &mut Vec<RawKey>) {
                $(self.$at.keys(into);)+
            }
            fn rows(self, found: &mut HashMap<RawKey, Item>) -> Result<Self::Rows, DecodeError> {
                Ok(($(self.$at.rows(found)?,)+))
            }
        }
    )*};
}
read_tuples! { (A 0, B 1) (A 0, B 1, C 2) (A 0, B 1, C 2, D 3) (A 0, B 1, C 2, D 3, F 4) }

/// Rows that are read at a time where all are wanted.
const PAGE: u32 = 100;

impl dyn Table + '_ {
    /// Reads by key, strongly consistent, in one round trip however many keys there are (at most 100).
    ///
    /// # Errors
    /// When the table does not answer, or an item is not of its entity.
    pub async fn read<S: ReadSet>(&self, set: S) -> Result<S::Rows, ReadError> {
        let mut keys = Vec::new();
        set.keys(&mut keys);
        keys.sort();
        keys.dedup();
        let mut found = if keys.is_empty() { HashMap::new() } else { self.get_items(keys).await?.value };
        Ok(set.rows(&mut found)?)
    }

    /// One page of a query, one round trip.
    ///
    /// # Errors
    /// When the table does not answer, or an item is not of its entity.
    pub async fn page<I: Index, E: Entity>(
        &self,
        query: &Query<I, E>,
        limit: u32,
        after: Option<Position>,
    ) -> Result<Page<E>, ReadError> {
        let query = query.raw(limit, after);
        let positioned = query.after.is_some();
        let page = match self.query_items(query).await {
            Ok(reply) => reply.value,
            // Of a query all is ours but the position, which a caller hands back.
            Err(TableError::Rejected(_)) if positioned => return Err(ReadError::Position),
            Err(error) => return Err(error.into()),
        };
        let rows = page.items.into_iter().map(Stored::from_item).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: page.next })
    }

    /// Every row of a query, page after page: for what belongs to one booking, or happened on one day.
    ///
    /// # Errors
    /// When the table does not answer, or an item is not of its entity.
    pub async fn every<I: Index, E: Entity>(&self, query: &Query<I, E>) -> Result<Vec<Stored<E>>, ReadError> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(query, PAGE, after).await?;
            rows.extend(page.rows);
            after = page.next;
            if after.is_none() {
                return Ok(rows);
            }
        }
    }
}
