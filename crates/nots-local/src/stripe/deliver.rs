//! Events on their way to the webhook: signed, and sent again until they are taken.

use std::time::Duration;

use async_trait::async_trait;
use hmac::{Hmac, Mac};
use nots_core::{Seconds, Timestamp, ports::Cause};
use sha2::Sha256;

use super::{SIGNING_SECRET, StripeStandIn, state::State};

/// Seconds from a failed try to the next. After the last of them an event is given up and kept.
const AGAIN_AFTER: [Seconds; 6] = [1, 5, 30, 300, 3_600, 21_600];
/// How long the webhook may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// One try to deliver one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookDelivery {
    /// `evt_…`.
    pub(crate) event_id: String,
    /// `checkout.session.completed`.
    pub(crate) kind: String,
    /// The event as JSON, the same text on every try.
    pub(crate) body: String,
    /// For the header `Stripe-Signature`, made at the time of this try.
    pub(crate) signature: String,
}

/// Who takes events: the platform posts them to its own webhook.
#[async_trait]
pub(crate) trait WebhookReceiver: Send + Sync {
    /// Posts an event; the answer is the HTTP status, and anything but 2xx is tried again later.
    async fn post(&self, delivery: &WebhookDelivery) -> Result<u16, Cause>;
}

/// How many events are not delivered yet.
#[cfg(test)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Deliveries {
    /// To be tried now, or being tried.
    pub(crate) due: usize,
    /// To be tried again later.
    pub(crate) later: usize,
    /// Given up.
    pub(crate) given_up: usize,
}

impl StripeStandIn {
    /// Tries every event that is due at the clock's time, the oldest first, and answers how many were taken.
    pub(crate) async fn deliver_due(&self, to: &dyn WebhookReceiver) -> usize {
        self.deliver_until(to, self.clock.now()).await
    }

    /// How many events are not delivered yet.
    #[cfg(test)]
    pub(crate) fn deliveries(&self) -> Deliveries {
        let now = self.clock.now();
        self.look(|state| {
            state.outgoing.iter().fold(Deliveries::default(), |mut count, event| {
                match event.due {
                    Some(due) if due <= now => count.due += 1,
                    Some(_) => count.later += 1,
                    None => count.given_up += 1,
                }
                count
            })
        })
    }

    async fn deliver_until(&self, to: &dyn WebhookReceiver, until: Timestamp) -> usize {
        let _turn = self.delivering.lock().await;
        let mut taken = 0_usize;
        while let Some(delivery) = self.look(|state| state.next_due(until, self.clock.now())) {
            let answer = tokio::time::timeout(PATIENCE, to.post(&delivery)).await;
            let good = match answer {
                Ok(Ok(status)) if (200..300).contains(&status) => true,
                Ok(Ok(status)) => {
                    tracing::warn!(event.id = delivery.event_id, status, "The webhook did not take an event");
                    false
                }
                Ok(Err(cause)) => {
                    tracing::warn!(event.id = delivery.event_id, %cause, "The webhook did not answer");
                    false
                }
                Err(_) => {
                    tracing::warn!(event.id = delivery.event_id, "The webhook did not answer in time");
                    false
                }
            };
            taken = taken.saturating_add(usize::from(good));
            let kept = self.change(|state, now| state.tried(&delivery.event_id, good, now.max(until)));
            if let Err(error) = kept {
                tracing::error!(%error, "The Stripe stand-in could not keep its state");
            }
        }
        taken
    }
}

impl State {
    /// The oldest event that is due, or whichever the order on request has next, signed now.
    fn next_due(&self, until: Timestamp, now: Timestamp) -> Option<WebhookDelivery> {
        let due: Vec<_> =
            self.outgoing.iter().filter(|event| event.due.is_some_and(|due| due <= until)).collect();
        let event = due.get(self.faults.place_of_next(due.len()))?;
        Some(WebhookDelivery {
            event_id: event.event_id.clone(),
            kind: event.kind.clone(),
            body: event.body.clone(),
            signature: sign(&event.body, now),
        })
    }

    /// Forgets an event that was taken, unless it is to be delivered again on request; puts another off, or gives it
    /// up.
    fn tried(&mut self, event_id: &str, good: bool, now: Timestamp) {
        self.touched = true;
        self.faults.delivered();
        if good {
            let Some(at) = self.outgoing.iter().position(|event| event.event_id == event_id) else { return };
            let mut event = self.outgoing.remove(at);
            if let Some(left) = event.copies.checked_sub(1) {
                event.copies = left;
                self.outgoing.push(event);
            }
            return;
        }
        for event in self.outgoing.iter_mut().filter(|event| event.event_id == event_id) {
            event.due = AGAIN_AFTER.get(event.tried).map(|wait| now.plus(*wait));
            event.tried = event.tried.saturating_add(1);
            if event.due.is_none() {
                tracing::error!(event.id = event.event_id, event.kind, "Gave up delivering `{event_id}`");
            }
        }
    }
}

/// Stripe's scheme: HMAC-SHA256 over time and body.
fn sign(body: &str, now: Timestamp) -> String {
    // HMAC takes a key of any length, so there is always a signature.
    let signature = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET.as_bytes()).map(|mut mac| {
        mac.update(format!("{now}.{body}").as_bytes());
        hex::encode(mac.finalize().into_bytes())
    });
    format!("t={now},v1={}", signature.unwrap_or_default())
}
