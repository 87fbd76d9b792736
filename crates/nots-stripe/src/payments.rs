//! The port over Stripe's API.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    ports::{
        ChargeFacts, CheckoutOrder, CheckoutSession, DisputeFacts, GatewayError, Listed, Payments,
        RefundFacts, RefundOrder, Secret, SessionFacts,
    },
    time::Interval,
};

use crate::{
    ask::{Asker, Patience},
    checkout, facts,
    lists::{self, page},
    refunds,
};

/// Checkout Sessions, refunds and lists at Stripe.
///
/// Every request may be made again word for word: by an idempotency key that follows from what is stored, or because
/// again is harmless. That is done within [`Patience`] after a lost answer, a lock (409), a rate limit (429) or a fault
/// of Stripe's own (5xx); a key that Stripe does not know (401) is asked for again once, since it may have been rotated.
pub struct StripePayments {
    asker: Asker,
}

impl StripePayments {
    /// Uses the API key that `secret` holds at the time of each call, at `base_url` or at Stripe itself.
    #[must_use]
    pub fn new(secret: Arc<dyn Secret>, base_url: Option<&str>) -> Self {
        Self { asker: Asker::new(secret, base_url) }
    }

    /// The same, with another patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.asker.patience = patience;
        self
    }
}

#[async_trait]
impl Payments for StripePayments {
    async fn livemode(&self) -> Result<bool, GatewayError> {
        let key = self.asker.key().await?;
        Ok(["sk_live_", "rk_live_"].iter().any(|prefix| key.starts_with(prefix)))
    }

    async fn open_checkout(&self, order: &CheckoutOrder) -> Result<CheckoutSession, GatewayError> {
        checkout::open(&self.asker, order).await
    }

    async fn end_checkout(&self, session_id: &str) -> Result<Option<SessionFacts>, GatewayError> {
        checkout::end(&self.asker, session_id).await
    }

    async fn refund(&self, order: &RefundOrder) -> Result<RefundFacts, GatewayError> {
        refunds::make(&self.asker, order).await
    }

    async fn refunds_of(&self, payment_intent: &str) -> Result<Vec<RefundFacts>, GatewayError> {
        refunds::all_of(&self.asker, payment_intent).await
    }

    async fn charges(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<ChargeFacts>, GatewayError> {
        page(&self.asker, "/charges", &lists::Filter::made(made, after), facts::charge).await
    }

    async fn refunds(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<RefundFacts>, GatewayError> {
        page(&self.asker, "/refunds", &lists::Filter::made(made, after), facts::refund).await
    }

    async fn disputes(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<DisputeFacts>, GatewayError> {
        page(&self.asker, "/disputes", &lists::Filter::made(made, after), facts::dispute).await
    }
}
