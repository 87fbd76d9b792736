//! What the functions are given beside the table: a card processor that can be copied, stopped and asked again, events whose
//! body is their kind, and a clock that stands.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use nots_core::{
    BookingId, Timestamp,
    entity::webhook::{Arrival, StripeEventId},
    ports::{
        ChargeFacts, CheckoutOrder, CheckoutSession, Clock, DisputeFacts, GatewayError, Ids, Listed, News,
        PaymentNotice, PaymentNotices, Payments, RefundFacts, RefundOrder, RefundStage, SessionFacts,
        SessionStage, WebhookError,
    },
    text::Text,
    time::Interval,
};
use uuid::Uuid;

use crate::rows::at;

const INTENT: &str = "pi_1";
const SESSION: &str = "cs_test_1";

/// The only booking there is.
pub(super) fn booking_id() -> BookingId {
    BookingId::parse("booking_0001").unwrap()
}

/// What the card processor keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Processor {
    /// By idempotency key, which is the refund's id.
    pub(super) refunds: BTreeMap<String, RefundFacts>,
    sessions: usize,
    pub(super) fails: bool,
}

/// At which outside call a function is stopped: even before, odd after.
#[derive(Debug, Default)]
pub(super) struct Stop {
    pub(super) at: Option<usize>,
    pub(super) calls: usize,
    pub(super) stopped: bool,
}

impl Stop {
    /// Whether it is stopped before, and after, this call.
    pub(super) fn next(&mut self) -> (bool, bool) {
        let call = self.calls;
        self.calls += 1;
        let (before, after) = (self.at == Some(2 * call), self.at == Some(2 * call + 1));
        self.stopped |= before || after;
        (before, after)
    }
}

/// The card processor, as far as it is asked.
pub(super) struct FakeProcessor {
    pub(super) state: Mutex<Processor>,
    pub(super) stop: Arc<Mutex<Stop>>,
}

impl FakeProcessor {
    async fn through<T>(&self, act: impl FnOnce(&mut Processor) -> T) -> Result<T, GatewayError> {
        let (before, after) = self.stop.lock().unwrap().next();
        if before {
            std::future::pending::<()>().await;
        }
        let answer = act(&mut self.state.lock().unwrap());
        if after {
            std::future::pending::<()>().await;
        }
        Ok(answer)
    }
}

fn never() -> GatewayError {
    GatewayError::Unavailable("nothing here asks for it".into())
}

#[async_trait]
impl Payments for FakeProcessor {
    async fn livemode(&self) -> Result<bool, GatewayError> {
        Ok(false)
    }
    async fn open_checkout(&self, _: &CheckoutOrder) -> Result<CheckoutSession, GatewayError> {
        self.through(|state| {
            state.sessions = 1;
            CheckoutSession { id: SESSION.to_owned(), url: "https://checkout.stripe.com/1".to_owned() }
        })
        .await
    }
    async fn end_checkout(&self, _: &str) -> Result<Option<SessionFacts>, GatewayError> {
        Err(never())
    }
    async fn refund(&self, order: &RefundOrder) -> Result<RefundFacts, GatewayError> {
        self.through(|state| {
            let number = state.refunds.len();
            let made = state.refunds.entry(order.refund_id.to_string()).or_insert_with(|| RefundFacts {
                id: format!("re_{number}"),
                payment_intent: Some(order.payment_intent.clone()),
                amount: order.amount.total.get(),
                currency: "gbp".to_owned(),
                stage: RefundStage::Succeeded,
                failure: None,
                refund_id: Some(order.refund_id.clone()),
                created_at: at(100),
            });
            // What is answered again is what was answered first, whatever became of it.
            RefundFacts { stage: RefundStage::Succeeded, failure: None, ..made.clone() }
        })
        .await
    }
    async fn refunds_of(&self, _: &str) -> Result<Vec<RefundFacts>, GatewayError> {
        self.through(|state| state.refunds.values().cloned().collect()).await
    }
    async fn charges(&self, _: Interval, _: Option<String>) -> Result<Listed<ChargeFacts>, GatewayError> {
        Err(never())
    }
    async fn refunds(&self, _: Interval, _: Option<String>) -> Result<Listed<RefundFacts>, GatewayError> {
        Err(never())
    }
    async fn disputes(&self, _: Interval, _: Option<String>) -> Result<Listed<DisputeFacts>, GatewayError> {
        Err(never())
    }
}

/// Takes the body for what an event says.
pub(super) struct Plain;

#[async_trait]
impl PaymentNotices for Plain {
    async fn read(&self, body: &[u8], _: &str, _: Timestamp) -> Result<PaymentNotice, WebhookError> {
        let kind = String::from_utf8(body.to_vec()).unwrap();
        let arrival = Arrival {
            event_id: StripeEventId::parse(&format!("evt_{}", kind.replace('.', "_"))).unwrap(),
            event_type: Text::parse(&kind).unwrap(),
            api_version: None,
            livemode: false,
            object_id: None,
            booking_id: None,
            occurred_at: None,
        };
        let news = if kind == "checkout.session.completed" {
            News::Session(SessionFacts {
                session_id: SESSION.to_owned(),
                booking_id: booking_id(),
                attempt: Some(1),
                stage: SessionStage::Paid,
                amount: 1_228,
                currency: "gbp".to_owned(),
                livemode: false,
                payment_intent: Some(INTENT.to_owned()),
            })
        } else {
            News::Refunds { payment_intent: INTENT.to_owned(), booking_id: Some(booking_id()) }
        };
        Ok(PaymentNotice { arrival, news })
    }
}

/// Time stands, and so does chance.
pub(super) struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(100)
    }
    async fn pause(&self, _: Duration) {}
}

impl Ids for Still {
    fn uuid(&self, _: Timestamp) -> Uuid {
        Uuid::from_u128(1)
    }
    fn random(&self) -> u64 {
        1
    }
}
