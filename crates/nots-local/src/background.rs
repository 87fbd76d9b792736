//! What runs by itself: the table's stream to `events-relay`, queues to `notifications-send` and `payments-settle`,
//! Stripe's webhooks to the gateway, and what falls due by the clock.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use nots_core::{
    Timestamp,
    ports::{Cause, Clock},
};
use nots_lambda::Invoke;
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};

use crate::{
    bus::{LocalBus, LocalQueue},
    dynamo::Dynamo,
    gateway::Gateway,
    stripe::{StripeStandIn, WebhookDelivery, WebhookReceiver},
};

/// How often a stream record is tried before it is put aside for a person.
const MOST_TRIES: u32 = 5;
const BATCH: usize = 100;
/// Nobody rings when a foreign client writes to the table, so it is looked at this often anyway.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often expired items are looked for.
const SWEEP_EVERY: u32 = 3_600;
/// How often our books are compared with the card processor's lists.
const RECONCILE_EVERY: u32 = 86_400;
/// How often bookings that were not paid are looked for, as the schedule in the template says.
const END_EVERY: u32 = 60;

/// The background of a platform.
pub(crate) struct Background {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) dynamo: Dynamo,
    pub(crate) relay: Invoke,
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) sender: Invoke,
    pub(crate) settler: Invoke,
    pub(crate) sweeper: Invoke,
    pub(crate) reconciler: Invoke,
    pub(crate) stripe: Arc<StripeStandIn>,
    pub(crate) gateway: Arc<Gateway>,
    /// Where the stream goes on, and when the table was last swept; held by whoever is at work.
    pub(crate) at: Mutex<Progress>,
    /// Where the stream's position is kept, when data is.
    pub(crate) position: Option<PathBuf>,
    /// Rung when a request has been answered.
    pub(crate) bell: Arc<Notify>,
}

/// How far the background has come.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) stream: Option<String>,
    pub(crate) kept: Option<String>,
    pub(crate) swept: Timestamp,
    /// When unpaid bookings were last looked for.
    pub(crate) ended: Timestamp,
    /// When our books were last compared with the card processor's lists.
    pub(crate) reconciled: Timestamp,
    pub(crate) aside: Vec<Value>,
}

#[async_trait::async_trait]
impl WebhookReceiver for Gateway {
    async fn post(&self, delivery: &WebhookDelivery) -> Result<u16, Cause> {
        let request = http::Request::post("/v1/webhooks/stripe")
            .header("content-type", "application/json")
            .header("stripe-signature", &delivery.signature)
            .body(bytes::Bytes::from(delivery.body.clone()))?;
        Ok(self.handle(request).await.status().as_u16())
    }
}

impl Background {
    /// Works for ever.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            self.settle().await;
            let _ = tokio::time::timeout(LOOK_EVERY, self.bell.notified()).await;
        }
    }

    /// Works until nothing is left that can be done now.
    pub(crate) async fn settle(&self) {
        let mut at = self.at.lock().await;
        loop {
            let now = self.clock.now();
            if now.since(at.swept) >= u64::from(SWEEP_EVERY) {
                at.swept = now;
                log(self.dynamo.delete_expired(now).map(drop), "delete what has expired");
            }
            log(self.stripe.sweep(now).map_err(Cause::from), "sweep the card processor's sessions");
            let mut worked = self.stripe.deliver_due(self.gateway.as_ref()).await > 0;
            worked |= self.stream(&mut at).await;
            worked |= work_on(&self.bus.notifications, &self.sender).await;
            worked |= work_on(&self.bus.refunds, &self.settler).await;
            if now.since(at.ended) >= u64::from(END_EVERY) {
                at.ended = now;
                let swept = (self.sweeper)(b"{}".to_vec()).await;
                log(swept.map(drop).map_err(Cause::from), "end what is not paid");
                worked = true;
            }
            if now.since(at.reconciled) >= u64::from(RECONCILE_EVERY) {
                at.reconciled = now;
                let compared = (self.reconciler)(b"{}".to_vec()).await;
                log(
                    compared.map(drop).map_err(Cause::from),
                    "compare the books with the card processor's lists",
                );
                worked = true;
            }
            if !worked {
                self.keep(&mut at);
                return;
            }
        }
    }

    /// Keeps where the stream goes on, once everything before it has been worked on: what the queue still holds is
    /// lost with the process, and comes from the stream again.
    fn keep(&self, at: &mut Progress) {
        if at.kept == at.stream {
            return;
        }
        if let (Some(file), Some(position), 0) = (&self.position, &at.stream, self.bus.waiting()) {
            at.kept.clone_from(&at.stream);
            log(write_whole(file, position).map_err(Cause::from), "keep the stream's position");
        }
    }

    /// One batch of the stream; whether there was one.
    async fn stream(&self, at: &mut Progress) -> bool {
        let from = match &at.stream {
            Some(from) => from.clone(),
            None => match self.dynamo.stream_start() {
                Ok(start) => start,
                Err(error) => {
                    log(Err(error), "find the table's stream");
                    return false;
                }
            },
        };
        let (mut records, next) = match self.dynamo.stream_records(&from, BATCH) {
            Ok(read) => (read.records, read.next),
            Err(error) => {
                // A position that no longer serves: from the start again, which changes nothing.
                at.stream = None;
                log(Err(error), "read the table's stream");
                return false;
            }
        };
        if records.is_empty() {
            return false;
        }
        for record in &mut records {
            if let Some(record) = record.as_object_mut() {
                let arn = "arn:aws:dynamodb:eu-west-2:000000000000:table/nots-main-table/stream/local";
                record.insert("eventSourceARN".to_owned(), json!(arn));
            }
        }
        let mut tries = 0;
        while !records.is_empty() {
            tries += 1;
            let failed = self.first_failure(&records).await;
            let done = failed.map_or(records.len(), |first| first);
            if done > 0 {
                tries = 1;
            }
            records.drain(..done);
            if failed.is_some() && tries >= MOST_TRIES {
                tracing::error!("Put a stream record aside for a person to look at");
                at.aside.push(records.remove(0));
                tries = 0;
            }
        }
        at.stream = next.or(Some(from));
        true
    }

    /// Hands a batch to the relay; the place of the first record that failed.
    async fn first_failure(&self, records: &[Value]) -> Option<usize> {
        let answer = (self.relay)(json!({ "Records": records }).to_string().into_bytes()).await;
        let answer = answer.map_err(Cause::from).and_then(|a| Ok(serde_json::from_slice::<Value>(&a)?));
        match answer {
            Err(error) => {
                log(Err(error), "relay a batch of the stream");
                Some(0)
            }
            Ok(answer) => {
                let first = failures(&answer).into_iter().next()?;
                let sequence = |r: &Value| {
                    r.pointer("/dynamodb/SequenceNumber").and_then(Value::as_str).map(str::to_owned)
                };
                Some(records.iter().position(|r| sequence(r).as_deref() == Some(&first)).unwrap_or(0))
            }
        }
    }
}

/// One batch of a queue; whether there was one.
async fn work_on(queue: &LocalQueue, function: &Invoke) -> bool {
    let Some((batch, ids)) = queue.receive() else { return false };
    let answer = function(batch.to_string().into_bytes()).await;
    let failed = match answer.map_err(Cause::from).and_then(|a| Ok(serde_json::from_slice::<Value>(&a)?)) {
        Ok(answer) => failures(&answer),
        Err(error) => {
            log(Err(error), "work on a batch of a queue");
            ids.clone()
        }
    };
    queue.settle(&ids, &failed);
    true
}

/// Writes a file whole or not at all, whenever the process is stopped.
fn write_whole(file: &Path, text: &str) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    std::fs::write(&beside, text)?;
    std::fs::rename(beside, file)
}

fn failures(answer: &Value) -> Vec<String> {
    let all = answer.get("batchItemFailures").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|failure| failure.get("itemIdentifier")?.as_str().map(str::to_owned)).collect()
}

fn log(outcome: Result<(), Cause>, what: &str) {
    if let Err(error) = outcome {
        tracing::error!(%error, "Could not {what}");
    }
}
