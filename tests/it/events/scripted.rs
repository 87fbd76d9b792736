//! Stripe, as far as a case of `events/` says what it answers.

use std::sync::Mutex;

use async_trait::async_trait;
use nots_core::{
    Timestamp,
    ports::{
        ChargeFacts, CheckoutOrder, CheckoutSession, DisputeFacts, GatewayError, Listed, Payments,
        RefundFacts, RefundOrder, RefundStage, SessionFacts, SessionStage,
    },
    time::Interval,
};
use serde_json::Value;

/// Opens the session that `events/payments-webhook/paid.json` was sent for; everything else it is told.
#[derive(Default)]
pub(crate) struct Scripted(Mutex<Value>);

impl Scripted {
    /// Takes the member `stripe` of a sidecar.
    pub(crate) fn says(&self, what: &Value) {
        *self.0.lock().unwrap() = what.clone();
    }

    /// What is said of a question; without it Stripe cannot be reached.
    fn of(&self, question: &str) -> Result<Value, GatewayError> {
        let said = self.0.lock().unwrap()[question].clone();
        if said.is_null() { Err(GatewayError::Unavailable("the case does not say".into())) } else { Ok(said) }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn refund(of: &Value) -> RefundFacts {
    RefundFacts {
        id: text(&of["id"]).expect("an id"),
        payment_intent: text(&of["payment_intent"]),
        amount: of["amount"].as_i64().expect("an amount"),
        currency: "gbp".to_owned(),
        stage: match of["status"].as_str() {
            Some("pending") => RefundStage::Pending,
            Some("succeeded") => RefundStage::Succeeded,
            Some("failed") => RefundStage::Failed,
            other => panic!("{other:?} is no status of a refund"),
        },
        failure: text(&of["failure_reason"]),
        refund_id: text(&of["metadata"]["refundId"]).map(|id| id.parse().expect("ours")),
        created_at: Timestamp::new(of["created"].as_i64().expect("a time")).unwrap(),
    }
}

fn charge(of: &Value) -> ChargeFacts {
    ChargeFacts {
        id: text(&of["id"]).expect("an id"),
        payment_intent: text(&of["payment_intent"]),
        amount: of["amount_captured"].as_i64().expect("an amount"),
        currency: "gbp".to_owned(),
        booking_id: text(&of["metadata"]["bookingId"]).map(|id| id.parse().expect("ours")),
        created_at: Timestamp::new(of["created"].as_i64().expect("a time")).unwrap(),
    }
}

/// The one page of a list.
fn listed<T>(said: &Value, one: impl Fn(&Value) -> T) -> Listed<T> {
    Listed { items: said.as_array().expect("a list").iter().map(one).collect(), next: None }
}

#[async_trait]
impl Payments for Scripted {
    async fn livemode(&self) -> Result<bool, GatewayError> {
        Ok(false)
    }

    async fn open_checkout(&self, _: &CheckoutOrder) -> Result<CheckoutSession, GatewayError> {
        let id = "cs_test_a1B2c3D4e5F6g7H8".to_owned();
        let url = format!("https://checkout.stripe.com/c/pay/{id}");
        Ok(CheckoutSession { id, url })
    }

    async fn end_checkout(&self, session: &str) -> Result<Option<SessionFacts>, GatewayError> {
        let said = self.of("session")?;
        assert_eq!(said["id"], session);
        let stage = match (said["status"].as_str(), said["payment_status"].as_str()) {
            (Some("expired"), _) => SessionStage::Expired,
            (Some("complete"), Some("paid")) => SessionStage::Paid,
            (Some("complete"), Some("unpaid")) => SessionStage::Processing,
            other => panic!("{other:?} is no status of a session"),
        };
        Ok(Some(SessionFacts {
            session_id: session.to_owned(),
            booking_id: said["client_reference_id"].as_str().expect("a booking").parse().expect("ours"),
            attempt: None,
            stage,
            amount: said["amount_total"].as_i64().expect("an amount"),
            currency: "gbp".to_owned(),
            livemode: false,
            payment_intent: text(&said["payment_intent"]),
        }))
    }

    async fn refund(&self, order: &RefundOrder) -> Result<RefundFacts, GatewayError> {
        if let Ok(code) = self.of("refused") {
            return Err(GatewayError::Refused { code: text(&code), cause: "as the case has it".into() });
        }
        let made = refund(&self.of("refund")?);
        let asked =
            (Some(order.refund_id.clone()), Some(order.payment_intent.clone()), order.amount.total.get());
        assert_eq!(
            asked,
            (made.refund_id.clone(), made.payment_intent.clone(), made.amount),
            "what is asked for"
        );
        Ok(made)
    }

    async fn refunds_of(&self, intent: &str) -> Result<Vec<RefundFacts>, GatewayError> {
        let said = self.of("refunds")?;
        let all: Vec<_> = said.as_array().expect("a list").iter().map(refund).collect();
        assert!(all.iter().all(|refund| refund.payment_intent.as_deref() == Some(intent)));
        Ok(all)
    }

    async fn charges(&self, _: Interval, _: Option<String>) -> Result<Listed<ChargeFacts>, GatewayError> {
        Ok(listed(&self.of("charges")?, charge))
    }

    async fn refunds(&self, _: Interval, _: Option<String>) -> Result<Listed<RefundFacts>, GatewayError> {
        Ok(listed(&self.of("refunds")?, refund))
    }

    async fn disputes(&self, _: Interval, _: Option<String>) -> Result<Listed<DisputeFacts>, GatewayError> {
        let said = self.of("disputes")?;
        assert!(said.as_array().is_some_and(Vec::is_empty), "no case has one");
        Ok(Listed { items: Vec::new(), next: None })
    }
}
