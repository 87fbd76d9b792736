//! Against a loopback server that answers as Stripe was recorded to, and against signatures made elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::ports::{Cause, Secret};

mod checkout;
mod notices;

/// A secret that is there, or is not.
pub(crate) struct Held(pub(crate) Option<&'static str>);

#[async_trait]
impl Secret for Held {
    async fn get(&self) -> Result<String, Cause> {
        self.0.map(str::to_owned).ok_or_else(|| "no secret today".into())
    }
}

pub(crate) fn held(text: &'static str) -> Arc<dyn Secret> {
    Arc::new(Held(Some(text)))
}
