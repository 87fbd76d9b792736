//! Google's Routes and Geocoding APIs.

mod geocode;
mod routes;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use nots_core::{
    geo::Place,
    journey::{Leg, Way},
    ports::{Cause, Clock, Ids, Maps, MapsError, Secret, Table},
};
use reqwest::{Request, Url, redirect};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{Circuit, EmbeddedMaps, Fault, KeptMaps};

/// How long Google is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one try.
    pub per_try: Duration,
    /// For a place, all tries and the pauses between them.
    pub place: Duration,
    /// For a drive, likewise.
    pub drive: Duration,
    /// How many tries at most.
    pub tries: u32,
    /// The pause between two tries; up to as much again is jitter.
    pub pause: Duration,
}

impl Default for Patience {
    /// A second for a place and a second and a half for a drive: where places are asked side by side, and drives too,
    /// a price waits two and a half seconds at most.
    fn default() -> Self {
        Self {
            per_try: Duration::from_millis(900),
            place: Duration::from_millis(1_000),
            drive: Duration::from_millis(1_500),
            tries: 2,
            pause: Duration::from_millis(50),
        }
    }
}

/// For a connection, TLS not included.
const CONNECT: Duration = Duration::from_millis(500);
/// How long a connection that nobody uses is kept: less than a proxy on the way would.
const IDLE: Duration = Duration::from_secs(20);
/// Most bytes of an answer that are read: a hundred times what is asked for.
const LARGEST: usize = 512 * 1024;

/// Google's Routes and Geocoding APIs.
///
/// Asks again, within [`Patience`], after a lost or late answer, a quota (429) or a fault of Google's own (5xx), and
/// once with a fresh key when the key is refused. No address, coordinate, key or URL enters an error.
pub struct GoogleMaps {
    http: reqwest::Client,
    key: Arc<dyn Secret>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    patience: Patience,
    routes: String,
    geocode: String,
}

impl GoogleMaps {
    /// With the API key that `key` holds at the time of each call.
    ///
    /// # Errors
    /// When no TLS can be had.
    pub fn new(key: Arc<dyn Secret>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self, Cause> {
        // Whoever came first has installed the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            // The key goes to Google and nowhere else.
            .redirect(redirect::Policy::none())
            .build()?;
        let (routes, geocode) = (routes::URL.to_owned(), geocode::URL.to_owned());
        Ok(Self { http, key, clock, ids, patience: Patience::default(), routes, geocode })
    }

    /// The same, at another host: `http://127.0.0.1:1234`.
    #[must_use]
    pub fn at(mut self, host: &str) -> Self {
        let path = |url: &str| Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
        (self.routes, self.geocode) =
            (format!("{host}{}", path(routes::URL)), format!("{host}{}", path(geocode::URL)));
        self
    }

    /// The same, with another patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Asks until there is an answer, or no use or no time in asking again.
    async fn ask<T>(&self, total: Duration, question: &dyn Question<Answer = T>) -> Result<T, Fault> {
        timeout(total, self.tries(question)).await.unwrap_or(Err(Fault::Late))
    }

    async fn tries<T>(&self, question: &dyn Question<Answer = T>) -> Result<T, Fault> {
        let mut key = self.key.get().await.map_err(Fault::NoKey)?;
        let (mut tried, mut renewed) = (0_u32, false);
        loop {
            let answer = self.send(question.request(self, key.trim())?).await;
            let fault = match answer.and_then(|(status, body)| question.read(status, &body)) {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            tried = tried.saturating_add(1);
            if matches!(fault, Fault::Denied(_)) && !renewed {
                renewed = true;
                let fresh = self.key.refresh().await.map_err(Fault::NoKey)?;
                if fresh == key {
                    return Err(fault);
                }
                key = fresh;
            } else if fault.may_pass() && tried < self.patience.tries {
                tracing::info!(tried, why = crate::circuit::chain(&fault), "Asking Google again");
                self.clock.pause(self.pause()).await;
            } else {
                return Err(fault);
            }
        }
    }

    fn pause(&self) -> Duration {
        let least = self.patience.pause;
        let jitter =
            u64::try_from(least.as_millis()).ok().and_then(|most| self.ids.random().checked_rem(most));
        least.saturating_add(Duration::from_millis(jitter.unwrap_or(0)))
    }

    async fn send(&self, mut request: Request) -> Result<(u16, Vec<u8>), Fault> {
        *request.timeout_mut() = Some(self.patience.per_try);
        let mut answer = self.http.execute(request).await.map_err(lost)?;
        let mut body = Vec::new();
        while let Some(more) = answer.chunk().await.map_err(lost)? {
            body.extend_from_slice(&more);
            if body.len() > LARGEST {
                return Err(Fault::Unreadable);
            }
        }
        Ok((answer.status().as_u16(), body))
    }
}

/// An error of the HTTP client, without the URL: that holds the address, and the key.
fn lost(error: reqwest::Error) -> Fault {
    if error.is_timeout() { Fault::Late } else { Fault::Unreachable(error.without_url().into()) }
}

/// Something to ask, as often as it takes.
trait Question: Sync {
    type Answer;
    fn request(&self, google: &GoogleMaps, key: &str) -> Result<Request, Fault>;
    fn read(&self, status: u16, body: &[u8]) -> Result<Self::Answer, Fault>;
}

#[async_trait]
impl Maps for GoogleMaps {
    /// The one place that Google takes the address for, under the customer's own words; none when it knows none, knows
    /// only a part of the address, could mean two places, or means a region.
    ///
    /// # Errors
    /// When Google does not answer, or refuses.
    async fn locate(&self, address: &str) -> Result<Option<Place>, MapsError> {
        Ok(self.ask(self.patience.place, &geocode::Where { address }).await?)
    }

    /// Google's drive, by the traffic expected at the time.
    ///
    /// # Errors
    /// When Google does not answer, refuses, knows no road, or says what no road can be.
    async fn drive(&self, way: &Way) -> Result<Leg, MapsError> {
        let now = self.clock.now();
        Ok(self.ask(self.patience.drive, &routes::HowFar { way, now }).await?)
    }
}

/// What a function asks: Google, behind a [`Circuit`] and what is kept of its answers, when there is a key to ask with;
/// the embedded map when there is none.
///
/// # Errors
/// When no TLS can be had.
pub fn google_or_embedded(
    key: Option<Arc<dyn Secret>>,
    table: Arc<dyn Table>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Result<Arc<dyn Maps>, Cause> {
    let Some(key) = key else { return Ok(Arc::new(EmbeddedMaps)) };
    let google = Arc::new(GoogleMaps::new(key, clock.clone(), ids)?);
    let steady = Arc::new(Circuit::around(google, clock.clone()));
    Ok(Arc::new(KeptMaps::over(steady, table, clock)))
}

/// An error as Google's APIs answer it (`google.rpc.Status`).
#[derive(Deserialize, Default)]
struct Errors {
    #[serde(default)]
    error: Told,
}

#[derive(Deserialize, Default)]
struct Told {
    #[serde(default)]
    status: String,
    #[serde(default)]
    details: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    #[serde(default)]
    reason: String,
}

/// What an answer other than 200 means.
fn refusal(http: u16, body: &[u8]) -> Fault {
    let told = serde_json::from_slice::<Errors>(body).unwrap_or_default().error;
    let reason = told.details.iter().map(|detail| detail.reason.as_str()).find(|reason| !reason.is_empty());
    let reason = reason.unwrap_or_default();
    let text = [http.to_string(), word(&told.status), word(reason)];
    let text = text.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    match http {
        429 => Fault::Quota(text),
        _ if told.status == "RESOURCE_EXHAUSTED" => Fault::Quota(text),
        401 | 403 => Fault::Denied(text),
        // A key that does not exist is a bad request to Google.
        400 if reason.starts_with("API_KEY_") => Fault::Denied(text),
        408 | 500.. => Fault::Broken(text),
        400..500 => Fault::Refused(text),
        _ => Fault::Unreadable,
    }
}

/// A status word of Google's; nothing when it is anything else, which might quote what was asked.
fn word(text: &str) -> String {
    let is_word = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if is_word { text.to_owned() } else { "unnamed".to_owned() }
}
