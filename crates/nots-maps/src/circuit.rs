//! A provider that is down is not asked for a while, and its part is taken by the embedded map.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use nots_core::{
    Timestamp,
    geo::Place,
    journey::{Leg, Way},
    ports::{Clock, Maps, MapsError},
    time::Seconds,
};

use crate::{EmbeddedMaps, Fault};

/// Failures in a row after which the provider is left in peace.
pub const FAILURES: u32 = 3;
/// Seconds between then and the next trial, and between one trial that fails and the next.
pub const REST: Seconds = 30;

/// A provider with the embedded map behind it, so that a price never waits for one that is down and is never refused
/// because of it.
///
/// A place is asked of the gazetteer first: what it knows it knows exactly, at once, and the same whether the provider
/// is up or not. After [`FAILURES`] failures in a row the provider rests for [`REST`] seconds by the clock; then one
/// request is its trial, and what comes of that decides. Places and drives are two services at a provider, and each
/// rests by itself. What goes wrong with one request alone counts for nothing.
pub struct Circuit {
    provider: Arc<dyn Maps>,
    places: Breaker,
    drives: Breaker,
}

impl Circuit {
    /// Around a provider.
    #[must_use]
    pub fn around(provider: Arc<dyn Maps>, clock: Arc<dyn Clock>) -> Self {
        let breaker = |service| Breaker { service, clock: clock.clone(), state: Mutex::default() };
        Self { provider, places: breaker("places"), drives: breaker("drives") }
    }
}

/// Whether one service of the provider is asked.
struct Breaker {
    service: &'static str,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    rests_until: Option<Timestamp>,
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the provider is asked now. Of those who come after its rest one is let through; if that one is never
    /// heard of again, the next after another rest.
    fn may_ask(&self) -> bool {
        let (now, mut state) = (self.clock.now(), self.state());
        match state.rests_until {
            None => true,
            Some(until) if now < until => false,
            Some(_) => {
                state.rests_until = Some(now.plus(REST));
                true
            }
        }
    }

    /// Takes the provider's answer; none when there is none to be used.
    fn judge<T>(&self, answer: Result<T, MapsError>) -> Option<T> {
        let error = match answer {
            Ok(answer) => {
                self.succeeded();
                return Some(answer);
            }
            Err(error) => error,
        };
        let (service, fault, why) = (self.service, error.0.downcast_ref::<Fault>(), chain(&*error.0));
        if fault.is_some_and(|fault| !fault.is_outage()) {
            self.succeeded();
            tracing::info!(service, why, "Did without the map provider's answer to one request");
        } else if !self.failed() {
            tracing::warn!(service, why, "Did without the map provider's answer");
        } else if matches!(fault, Some(Fault::Denied(_))) {
            tracing::error!(
                service,
                why,
                alert = "maps_denied",
                "Stopped asking the map provider for a while"
            );
        } else {
            tracing::warn!(service, why, "Stopped asking the map provider for a while");
        }
        None
    }

    fn succeeded(&self) {
        let was = std::mem::take(&mut *self.state());
        if was.rests_until.is_some() {
            tracing::info!(service = self.service, "The map provider answers again");
        }
    }

    /// Counts a failure; whether the provider now rests because of it.
    fn failed(&self) -> bool {
        let (now, mut state) = (self.clock.now(), self.state());
        state.failures = state.failures.saturating_add(1);
        let rests = state.failures >= FAILURES;
        if rests {
            state.rests_until = Some(now.plus(REST));
        }
        rests
    }
}

#[async_trait]
impl Maps for Circuit {
    /// The gazetteer's place, or else the provider's; none when neither knows it.
    ///
    /// # Errors
    /// [`Fault::DoneWithout`] when the gazetteer does not know it and there is no answer of the provider's to be used:
    /// whoever keeps answers must not keep that as "not known".
    async fn locate(&self, address: &str) -> Result<Option<Place>, MapsError> {
        let known = EmbeddedMaps.locate(address).await?;
        if known.is_some() {
            return Ok(known);
        }
        if !self.places.may_ask() {
            return Err(Fault::DoneWithout.into());
        }
        self.places.judge(self.provider.locate(address).await).ok_or_else(|| Fault::DoneWithout.into())
    }

    /// The provider's drive, or else the estimate.
    ///
    /// # Errors
    /// Never.
    async fn drive(&self, way: &Way) -> Result<Leg, MapsError> {
        if self.drives.may_ask()
            && let Some(leg) = self.drives.judge(self.provider.drive(way).await)
        {
            return Ok(leg);
        }
        EmbeddedMaps.drive(way).await
    }
}

/// An error and its causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
