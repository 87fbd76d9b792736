//! Real ids and chance.

use std::sync::Mutex;

use nots_core::{Timestamp, ports::Ids};
use uuid::{ContextV7, Uuid};

/// UUID v7 that ascend within this process, and the operating system's randomness.
#[derive(Debug)]
pub struct RandomIds {
    context: Mutex<ContextV7>,
}

impl Default for RandomIds {
    fn default() -> Self {
        Self { context: Mutex::new(ContextV7::new()) }
    }
}

impl Ids for RandomIds {
    fn uuid(&self, now: Timestamp) -> Uuid {
        let seconds = u64::try_from(now.seconds()).unwrap_or_default();
        let context = self.context.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, seconds, 0))
    }

    fn random(&self) -> u64 {
        rand::random()
    }
}
