//! From the queue: refunds that are owed are made at the card processor.
//!
//! What is asked of it is what is stored, under a key that follows from the refund's id, so that asking again, after a
//! crash or a second delivery, is the same refund. What it answers goes into the books in one transaction; a webhook that
//! says the same first, or later, changes nothing.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    Seconds,
    announce::RefundOwed,
    consume::{Consumer, QueueMessage},
    event::SOURCE,
    ports::{Cause, Clock, GatewayError, Ids, Payments, RefundFacts, RefundOrder, Table},
    settle::{Cashier, Learned},
};
use serde::Deserialize;

/// Makes refunds.
pub struct PaymentsSettle {
    /// Refunds and payments.
    pub table: Arc<dyn Table>,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

/// An announcement as EventBridge puts it into the queue.
#[derive(Deserialize)]
struct Envelope {
    source: String,
    detail: RefundOwed,
}

/// Seconds for which Stripe surely remembers an idempotency key; it promises a day. Whoever comes later asks first whether
/// the refund was made.
const KEY_IS_SURE: Seconds = 20 * 60 * 60;

/// Why a message comes back.
#[derive(Debug, thiserror::Error)]
enum NotMade {
    #[error("the message is no refund that is owed")]
    Unreadable(#[source] serde_json::Error),
    #[error("the message is of another source")]
    Foreign,
    #[error("the refund is of a payment that is not here")]
    Unknown,
}

#[async_trait]
impl Consumer<QueueMessage> for PaymentsSettle {
    async fn consume(&self, message: QueueMessage) -> Result<(), Cause> {
        let envelope: Envelope = serde_json::from_str(&message.body).map_err(NotMade::Unreadable)?;
        if envelope.source != SOURCE {
            return Err(NotMade::Foreign.into());
        }
        let RefundOwed { booking_id, refund_id } = envelope.detail;
        let (clock, ids) = (self.clock.as_ref(), self.ids.as_ref());
        let cashier = Cashier { table: self.table.as_ref(), clock, ids };
        let Some((order, owed_at)) = cashier.refund_to_make(&booking_id, &refund_id).await? else {
            tracing::info!(booking.id = %booking_id, "Refund `{refund_id}` is not to be made any more");
            return Ok(());
        };
        if clock.now().since(owed_at) > u64::from(KEY_IS_SURE)
            && let Some(facts) = self.made(&order).await?
        {
            cashier.refunds(&order.payment_intent, None, &[facts], None).await?;
            return Ok(());
        }
        let learned = match self.payments.refund(&order).await {
            Ok(facts) => {
                tracing::info!(booking.id = %booking_id, stage = ?facts.stage, "Made refund `{refund_id}`");
                cashier.refunds(&order.payment_intent, None, &[facts], None).await?
            }
            Err(GatewayError::Refused { code, cause }) => {
                // Refused, because it was made and we never heard of it?
                if let Some(facts) = self.made(&order).await? {
                    cashier.refunds(&order.payment_intent, None, &[facts], None).await?;
                    return Ok(());
                }
                tracing::error!(booking.id = %booking_id, code, %cause, alert = "refund_failed",
                    "The card processor would not make refund `{refund_id}`");
                cashier.refund_refused(&booking_id, &refund_id, code).await?
            }
            Err(error @ GatewayError::Unavailable(_)) => return Err(error.into()),
        };
        match learned {
            Learned::NotOurs | Learned::TooEarly => Err(NotMade::Unknown.into()),
            Learned::Taken(_) | Learned::Known | Learned::Mismatched(_) => Ok(()),
        }
    }
}

impl PaymentsSettle {
    /// The refund, if it was made at the card processor.
    async fn made(&self, order: &RefundOrder) -> Result<Option<RefundFacts>, GatewayError> {
        let all = self.payments.refunds_of(&order.payment_intent).await?;
        Ok(all.into_iter().find(|facts| facts.refund_id.as_ref() == Some(&order.refund_id)))
    }
}
