//! What the table was asked and what it cost, counted at the port.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use nots_core::{
    ports::{Consumed, RawPage, Reply, Table, TableError},
    table::{Item, Op, RawKey, RawQuery},
};

/// A table that counts.
pub struct Metered {
    inner: Arc<dyn Table>,
    sum: Arc<Meter>,
}

/// The count.
#[derive(Debug, Default)]
pub struct Meter(Mutex<Consumed>);

impl Meter {
    /// What has been counted since it was last taken.
    #[must_use]
    pub fn take(&self) -> Consumed {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, more: Consumed) {
        let mut sum = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sum.round_trips += more.round_trips;
        sum.read_units += more.read_units;
        sum.write_units += more.write_units;
    }
}

impl Metered {
    /// Counts what goes to a table.
    #[must_use]
    pub fn over(inner: Arc<dyn Table>, sum: Arc<Meter>) -> Self {
        Self { inner, sum }
    }

    fn counted<T>(&self, answer: Result<Reply<T>, TableError>) -> Result<Reply<T>, TableError> {
        // A call that failed was a round trip too; what it cost is not told.
        self.sum.add(match &answer {
            Ok(reply) => reply.consumed,
            Err(_) => Consumed { round_trips: 1, ..Consumed::default() },
        });
        answer
    }
}

#[async_trait]
impl Table for Metered {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        self.counted(self.inner.get_items(keys).await)
    }

    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        self.counted(self.inner.query_items(query).await)
    }

    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        self.counted(self.inner.write_items(ops).await)
    }
}
