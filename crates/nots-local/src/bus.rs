//! The event bus and the queue behind it: what EventBridge and SQS do between `events-relay` and
//! `notifications-send`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use nots_core::{
    Seconds, Timestamp,
    event::{BookingEvent, SOURCE},
    ports::{Clock, Events, PublishError},
};
use serde_json::{Value, json};

/// Seconds after which a message that was not worked on comes back; six times the function's time-out.
const VISIBLE_AGAIN_AFTER: Seconds = 60;
/// How often a message is delivered before it is put aside for a person.
const MOST_DELIVERIES: u32 = 60;
/// Messages in a batch.
const BATCH: usize = 10;

/// A message in the queue.
#[derive(Debug, Clone)]
struct Queued {
    id: String,
    body: String,
    received: u32,
    visible_at: Timestamp,
}

/// A bus whose one rule puts every event of ours into one queue.
pub struct LocalBus {
    clock: Arc<dyn Clock>,
    queue: Mutex<VecDeque<Queued>>,
    dead: Mutex<Vec<String>>,
}

impl LocalBus {
    /// With an empty queue.
    #[must_use]
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, queue: Mutex::default(), dead: Mutex::default() }
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
                "eventSourceARN": "arn:aws:sqs:eu-west-2:000000000000:nots-local-notifications",
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
                tracing::error!(message.id, "Put a notice aside for a person to look at");
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
}

#[async_trait]
impl Events for LocalBus {
    async fn publish(&self, event: &BookingEvent) -> Result<(), PublishError> {
        let detail = serde_json::to_value(event).map_err(|error| PublishError(error.into()))?;
        let now = self.clock.now();
        let id = format!("{:016x}", rand::random::<u64>());
        let envelope = json!({
            "version": "0",
            "id": id,
            "detail-type": event.detail_type(),
            "source": SOURCE,
            "account": "000000000000",
            "time": now.in_utc("%Y-%m-%dT%H:%M:%SZ"),
            "region": "eu-west-2",
            "resources": [event.id()],
            "detail": detail,
        });
        let message = Queued { id, body: envelope.to_string(), received: 0, visible_at: now };
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
        Ok(())
    }
}
