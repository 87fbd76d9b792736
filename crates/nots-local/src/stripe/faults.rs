//! What goes wrong on request: `/local/stripe/faults`.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Json, Router,
    body::{Body, HttpBody},
    extract::{Request, State as Extracted},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use deserr::Deserr;
use nots_core::Seconds;
use nots_http::{InvalidBody, parse};
use serde::Serialize;

use super::{StripeStandIn, dashboard::problem, refusal::Refusal};

/// What is still to go wrong. Counts go down as it does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Faults {
    /// Requests that are answered 500 and not done. Unlike Stripe's, the answer is not remembered by the key.
    fail_next: u32,
    /// Requests that are done, and their answer is lost.
    lose_next: u32,
    /// Requests that are answered 429 and not done.
    rate_limit_next: u32,
    /// Payments that are declined although the card is good.
    decline_next: u32,
    /// Refunds that are pending, and fail a minute later.
    fail_refunds: u32,
    /// How long an event waits before it is first delivered.
    pub(super) delay_events_seconds: Seconds,
    /// How often each event is delivered again after it has been taken.
    pub(super) repeat_events: u8,
    /// Whether events that wait are delivered newest first.
    reorder_events: bool,
    /// Events that wait are delivered in an order that follows from this.
    #[serde(skip_serializing_if = "Option::is_none")]
    reorder_seed: Option<u64>,
    /// How many deliveries there have been since.
    #[serde(skip)]
    deliveries: u64,
}

/// What is to go wrong; what is not named stays as it is.
#[derive(Debug, Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    #[deserr(default)]
    fail_next: Option<u32>,
    #[deserr(default)]
    lose_next: Option<u32>,
    #[deserr(default)]
    rate_limit_next: Option<u32>,
    #[deserr(default)]
    decline_next: Option<u32>,
    #[deserr(default)]
    fail_refunds: Option<u32>,
    #[deserr(default)]
    delay_events_seconds: Option<u32>,
    #[deserr(default)]
    repeat_events: Option<u8>,
    #[deserr(default)]
    reorder_events: Option<bool>,
    #[deserr(default)]
    reorder_seed: Option<u64>,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    RateLimit,
    Fail,
    Lose,
}

/// Counts one down; whether there was one.
fn take(count: &mut u32) -> bool {
    let left = count.checked_sub(1);
    *count = left.unwrap_or(0);
    left.is_some()
}

impl Faults {
    fn set(&mut self, asked: Asked) {
        fn put<T>(into: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *into = value;
            }
        }
        put(&mut self.fail_next, asked.fail_next);
        put(&mut self.lose_next, asked.lose_next);
        put(&mut self.rate_limit_next, asked.rate_limit_next);
        put(&mut self.decline_next, asked.decline_next);
        put(&mut self.fail_refunds, asked.fail_refunds);
        put(&mut self.delay_events_seconds, asked.delay_events_seconds);
        put(&mut self.repeat_events, asked.repeat_events);
        put(&mut self.reorder_events, asked.reorder_events);
        if asked.reorder_seed.is_some() {
            (self.reorder_seed, self.deliveries) = (asked.reorder_seed, 0);
        }
    }

    fn of_request(&mut self) -> Option<Fault> {
        if take(&mut self.rate_limit_next) {
            Some(Fault::RateLimit)
        } else if take(&mut self.fail_next) {
            Some(Fault::Fail)
        } else if take(&mut self.lose_next) {
            Some(Fault::Lose)
        } else {
            None
        }
    }

    /// Whether a good card is declined this time.
    pub(super) fn declines(&mut self) -> bool {
        take(&mut self.decline_next)
    }

    /// Whether a refund fails this time.
    pub(super) fn fails_refund(&mut self) -> bool {
        take(&mut self.fail_refunds)
    }

    /// Notes a delivery.
    pub(super) fn delivered(&mut self) {
        self.deliveries = self.deliveries.wrapping_add(1);
    }

    /// Which of so many events that wait is delivered next.
    pub(super) fn place_of_next(&self, waiting: usize) -> usize {
        match self.reorder_seed {
            Some(seed) => {
                let mut hasher = DefaultHasher::new();
                (seed, self.deliveries).hash(&mut hasher);
                let waiting = u64::try_from(waiting).unwrap_or(u64::MAX).max(1);
                usize::try_from(hasher.finish() % waiting).unwrap_or(0)
            }
            None if self.reorder_events => waiting.saturating_sub(1),
            None => 0,
        }
    }
}

impl StripeStandIn {
    /// `GET`, `POST` and `DELETE /local/stripe/faults`.
    pub(super) fn faults(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/local/stripe/faults", get(show).post(set).delete(clear))
            .with_state(Arc::clone(self))
    }
}

type StandIn = Extracted<Arc<StripeStandIn>>;

async fn show(Extracted(stripe): StandIn) -> Response {
    Json(stripe.look(|state| state.faults.clone())).into_response()
}

async fn set(Extracted(stripe): StandIn, body: Bytes) -> Response {
    match parse::<Asked>(&body) {
        Err(refused) => problem(refused),
        Ok(asked) => done(stripe.change(|state, _| {
            state.faults.set(asked);
            state.faults.clone()
        })),
    }
}

async fn clear(Extracted(stripe): StandIn) -> Response {
    done(stripe.change(|state, _| {
        state.faults = Faults::default();
        state.faults.clone()
    }))
}

fn done(faults: io::Result<Faults>) -> Response {
    match faults {
        Ok(faults) => Json(faults).into_response(),
        Err(error) => problem(nots_http::Problem::internal(error)),
    }
}

/// Lets a request to Stripe's API go wrong, if it is to.
pub(super) async fn befall(Extracted(stripe): StandIn, request: Request, next: Next) -> Response {
    match stripe.change(|state, _| state.faults.of_request()) {
        Err(error) => Refusal::broken(&error).into_response(),
        Ok(None) => next.run(request).await,
        Ok(Some(Fault::RateLimit)) => Refusal::too_fast().into_response(),
        Ok(Some(Fault::Fail)) => Refusal::fault().into_response(),
        Ok(Some(Fault::Lose)) => {
            let _ = next.run(request).await;
            (StatusCode::OK, Body::new(Lost)).into_response()
        }
    }
}

/// A body that breaks off before it began, and the connection with it.
struct Lost;

impl HttpBody for Lost {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Err(io::Error::other("the answer is lost on request"))))
    }
}
