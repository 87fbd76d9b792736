//! Trying again after a lost race: a bounded number of times, with jitter.

use std::time::Duration;

use crate::ports::{Clock, Ids};

/// How often a mutation is decided and written before the caller is asked to come back.
pub const ATTEMPTS: u32 = 8;

/// Waits before try number `attempt` (the first is 0 and does not wait): up to 10 ms × 2^attempt, at random, so
/// that those who lost one race do not meet again in the next.
pub async fn pause_before(attempt: u32, clock: &dyn Clock, ids: &dyn Ids) {
    if attempt == 0 {
        return;
    }
    let most = 10_u64.saturating_mul(1_u64.checked_shl(attempt.min(6)).unwrap_or(64));
    clock.pause(Duration::from_millis(ids.random().checked_rem(most).unwrap_or(0))).await;
}
