//! The event bus and the queue behind it: what EventBridge and SQS do between `events-relay` and
//! `notifications-send`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use nots_core::{
    Seconds, Timestamp,
    announce::{Alert, Announcement, RefundOwed},
    event::SOURCE,
    ports::{Clock, Events, PublishError},
};
use serde_json::{Value, json};

/// Seconds after which a message that was not worked on comes back; six times the function's time-out.
const VISIBLE_AGAIN_AFTER: Seconds = 60;
/// How often a message is delivered before it is put aside for a person.
const MOST_DELIVERIES: u32 = 60;
/// Messages in a batch.
const BATCH: usize = 10;

/// A message in a queue.
#[derive(Debug, Clone)]
struct Queued {
    id: String,
    body: String,
    received: u32,
    visible_at: Timestamp,
}

/// A queue with what a function takes from it.
pub struct LocalQueue {
    name: &'static str,
    clock: Arc<dyn Clock>,
    queue: Mutex<VecDeque<Queued>>,
    dead: Mutex<Vec<String>>,
}

impl LocalQueue {
    fn new(name: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self { name, clock, queue: Mutex::default(), dead: Mutex::default() }
    }

    /// A batch as Lambda receives it, and the ids in it; none when no message is visible now.
    pub fn receive(&self) -> Option<(Value, Vec<String>)> {
        let now = self.clock.now();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let mut records = Vec::new();
        for message in queue.iter_mut().filter(|message| message.visible_at <= now).take(BATCH) {
            message.received += 1;
            message.visible_at = now.plus(VISIBLE_AGAIN_AFTER);
            records.push(json!({
                "messageId": message.id,
                "receiptHandle": format!("{}-{}", message.id, message.received),
                "body": message.body,
                "attributes": {
                    "ApproximateReceiveCount": message.received.to_string(),
                    "SentTimestamp": format!("{}000", now),
                    "SenderId": "events.amazonaws.com",
                    "ApproximateFirstReceiveTimestamp": format!("{}000", now),
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": format!("arn:aws:sqs:eu-west-2:000000000000:nots-local-{}", self.name),
                "awsRegion": "eu-west-2",
            }));
        }
        let ids = records.iter().filter_map(|r| r.get("messageId")?.as_str().map(str::to_owned)).collect();
        (!records.is_empty()).then(|| (json!({ "Records": records }), ids))
    }

    /// Takes what was worked on out of the queue, and what failed too often aside.
    pub fn settle(&self, delivered: &[String], failed: &[String]) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.retain(|message| {
            if !delivered.contains(&message.id) {
                return true;
            }
            let again = failed.contains(&message.id) && message.received < MOST_DELIVERIES;
            if failed.contains(&message.id) && !again {
                tracing::error!(message.id, "Put a message of {} aside for a person to look at", self.name);
                self.dead.lock().unwrap_or_else(PoisonError::into_inner).push(message.body.clone());
            }
            again
        });
    }

    /// Messages that wait in the queue.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Messages that failed too often, for a person to look at.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<String> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, message: Queued) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
    }
}

/// A bus with the rules that the template has: what happened to bookings goes to one queue, refunds that are owed to
/// another, and what a person must look at to the log.
pub struct LocalBus {
    clock: Arc<dyn Clock>,
    /// What people are told of.
    pub notifications: LocalQueue,
    /// Refunds to be made.
    pub refunds: LocalQueue,
}

impl LocalBus {
    /// With empty queues.
    #[must_use]
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let queue = |name| LocalQueue::new(name, clock.clone());
        Self { notifications: queue("notifications"), refunds: queue("refunds"), clock }
    }

    /// Messages that wait in any queue.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.notifications.waiting() + self.refunds.waiting()
    }

    /// Messages that failed too often, of every queue.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<String> {
        [self.notifications.dead_letters(), self.refunds.dead_letters()].concat()
    }
}

#[async_trait]
impl Events for LocalBus {
    async fn publish(&self, what: &Announcement) -> Result<(), PublishError> {
        let now = self.clock.now();
        let id = format!("{:016x}", rand::random::<u64>());
        let envelope = json!({
            "version": "0",
            "id": id,
            "detail-type": what.detail_type,
            "source": SOURCE,
            "account": "000000000000",
            "time": now.in_utc("%Y-%m-%dT%H:%M:%SZ"),
            "region": "eu-west-2",
            "resources": [what.id],
            "detail": what.detail,
        });
        let message = Queued { id, body: envelope.to_string(), received: 0, visible_at: now };
        match what.detail_type.as_str() {
            RefundOwed::DETAIL_TYPE => self.refunds.put(message),
            Alert::DETAIL_TYPE => tracing::warn!(alert = %what.detail, "A person must look"),
            _ => self.notifications.put(message),
        }
        Ok(())
    }
}
