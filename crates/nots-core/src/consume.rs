//! What runs behind the API: one record of a stream or one message of a queue at a time, as plain data.
//!
//! The runner reports each record that failed and loses none of the others.

use async_trait::async_trait;

use crate::{ports::Cause, table::Item};

/// One record of the table's stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// Its place in the shard.
    pub sequence_number: String,
    /// The item before; none when it was made.
    pub before: Option<Item>,
    /// The item after; none when it was deleted.
    pub after: Option<Item>,
}

impl StreamRecord {
    /// The partition it is of, within which records are in order.
    #[must_use]
    pub fn partition(&self) -> Option<String> {
        let item = self.after.as_ref().or(self.before.as_ref())?;
        match item.get("PK") {
            Some(serde_dynamo::AttributeValue::S(partition)) => Some(partition.clone()),
            _ => None,
        }
    }
}

/// One message of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The queue's id of this delivery.
    pub id: String,
    /// What was put in.
    pub body: String,
}

/// Works on records one by one. Working on the same record again must change nothing more.
#[async_trait]
pub trait Consumer<R: Send + 'static>: Send + Sync + 'static {
    /// Works on one; a failure brings it back later.
    async fn consume(&self, record: R) -> Result<(), Cause>;
}

/// Works when a schedule says so. Working again at once must change nothing more.
#[async_trait]
pub trait Job: Send + Sync + 'static {
    /// Works; a failure is reported, and the next time comes anyway.
    async fn run(&self) -> Result<(), Cause>;
}
