//! Asking Stripe: one question, as many tries as are safe, and the judgement of what came back.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use miniserde::json::Value;
use nots_core::ports::{Cause, GatewayError, Secret};
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError};
use stripe_client_core::{RequestBuilder, StripeMethod};
use tokio::time::{sleep, timeout};

use crate::facts::{Odd, Thing};

/// How long an answer of Stripe's is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one try.
    pub per_try: Duration,
    /// For all tries of one request and the pauses between them.
    pub total: Duration,
    /// How many tries at most.
    pub tries: u32,
    /// The first pause between two tries; each later one is twice as long, and up to half of it is jitter.
    pub pause: Duration,
}

impl Default for Patience {
    /// Three tries within eight seconds, none longer than four: well inside API Gateway's 29 seconds.
    fn default() -> Self {
        Self {
            per_try: Duration::from_secs(4),
            total: Duration::from_secs(8),
            tries: 3,
            pause: Duration::from_millis(200),
        }
    }
}

/// Stripe refused a request; its message is left out because it may quote what a customer typed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Stripe answered {status}: {kind}, code {}, parameter {}", or_none(.code), or_none(.param))]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Stripe's type: `invalid_request_error`.
    pub kind: String,
    /// Stripe's code: `amount_too_small`.
    pub code: Option<String>,
    /// The parameter at fault: `expires_at`.
    pub param: Option<String>,
}

fn or_none(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("none")
}

/// Stripe opened a session that has no page to pay on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session that Stripe opened has no page")]
pub struct Unusable;

/// One request, that may be made again word for word: by its key, or because again is harmless.
pub(crate) struct Question {
    method: StripeMethod,
    path: String,
    query: Option<String>,
    body: Option<String>,
    key: Option<IdempotencyKey>,
}

impl Question {
    /// A request that changes nothing, or nothing more when it is made again.
    pub(crate) fn harmless(request: RequestBuilder) -> Self {
        let RequestBuilder { query, body, path, method } = request;
        Self { method, path, query, body, key: None }
    }

    /// A request that Stripe does once for one key.
    ///
    /// # Errors
    /// When Stripe would take no such key.
    pub(crate) fn keyed(request: RequestBuilder, key: &str) -> Result<Self, GatewayError> {
        let key = IdempotencyKey::new(key)
            .map_err(|error| GatewayError::Refused { code: None, cause: error.into() })?;
        Ok(Self { key: Some(key), ..Self::harmless(request) })
    }

    fn request(&self) -> RequestBuilder {
        let Self { method, path, query, body, .. } = self;
        RequestBuilder { query: query.clone(), body: body.clone(), path: path.clone(), method: *method }
    }

    /// What tells this request from those that were turned away with it.
    fn seed(&self) -> &str {
        self.key.as_ref().map_or(&self.path, |key| key.as_str())
    }
}

/// What one try came to.
enum Tried {
    Answered(Value),
    /// The key is not, or no longer, one that Stripe knows.
    WrongKey(Refusal),
    Failed(GatewayError),
}

/// Stripe, with the key that a secret holds.
///
/// A request is made again, within [`Patience`], after a lost answer, a lock (409), a rate limit (429) or a fault of
/// Stripe's own (5xx). A key that Stripe does not know (401) is asked for again once: it may have been rotated.
pub(crate) struct Asker {
    secret: Arc<dyn Secret>,
    base_url: Option<String>,
    pub(crate) patience: Patience,
    /// The client of the key last seen; a rotated key makes a new one.
    client: Mutex<Option<(String, Client)>>,
}

impl Asker {
    pub(crate) fn new(secret: Arc<dyn Secret>, base_url: Option<&str>) -> Self {
        // The client appends `v1/…` to whatever it is given.
        let base_url = base_url.map(|url| format!("{}/", url.trim_end_matches('/')));
        Self { secret, base_url, patience: Patience::default(), client: Mutex::new(None) }
    }

    /// The API key.
    pub(crate) async fn key(&self) -> Result<String, GatewayError> {
        self.secret.get().await.map_err(GatewayError::Unavailable).map(|key| key.trim().to_owned())
    }

    fn client(&self, key: &str) -> Result<Client, GatewayError> {
        let mut kept = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, client)) = kept.as_ref()
            && of == key
        {
            return Ok(client.clone());
        }
        let mut builder = ClientBuilder::new(key);
        if let Some(url) = &self.base_url {
            builder = builder.url(url.as_str());
        }
        let client = builder.build().map_err(|error| GatewayError::Unavailable(error.into()))?;
        *kept = Some((key.to_owned(), client.clone()));
        Ok(client)
    }

    /// Asks, and answers the JSON that came.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Value, GatewayError> {
        let all = timeout(self.patience.total, self.ask_patiently(question)).await;
        all.unwrap_or_else(|late| Err(GatewayError::Unavailable(late.into())))
    }

    async fn ask_patiently(&self, question: &Question) -> Result<Value, GatewayError> {
        let mut key = self.key().await?;
        let mut refreshed = false;
        let mut tried = 0_u32;
        loop {
            match self.once(&self.client(&key)?, question).await {
                Tried::Answered(value) => return Ok(value),
                Tried::WrongKey(refusal) => {
                    // Whatever was asked was not judged: it may well be done once the key is right.
                    let wrong = GatewayError::Unavailable(refusal.into());
                    if refreshed {
                        return Err(wrong);
                    }
                    refreshed = true;
                    let fresh = self.secret.refresh().await.map_err(GatewayError::Unavailable)?;
                    if fresh.trim() == key {
                        return Err(wrong);
                    }
                    tracing::info!("Stripe does not know the key, trying the one that is kept now");
                    key = fresh.trim().to_owned();
                }
                Tried::Failed(GatewayError::Unavailable(cause)) => {
                    tried = tried.saturating_add(1);
                    if tried >= self.patience.tries {
                        return Err(GatewayError::Unavailable(cause));
                    }
                    tracing::info!(tried, cause = %cause, "Stripe did not answer, trying again");
                    sleep(pause(self.patience.pause, tried, question.seed())).await;
                }
                Tried::Failed(refused) => return Err(refused),
            }
        }
    }

    async fn once(&self, client: &Client, question: &Question) -> Tried {
        // async-stripe's own retrying strategies would make up a key, or send none: one try is asked of it.
        let strategy = match &question.key {
            Some(key) => RequestStrategy::Idempotent(key.clone()),
            None => RequestStrategy::Once,
        };
        let request = question.request().customize::<Value>();
        match request.request_strategy(strategy).timeout(self.patience.per_try).send(client).await {
            Ok(value) => Tried::Answered(value),
            Err(error) => judge(error),
        }
    }
}

/// Whether asking again may help: not when Stripe judged the request itself.
fn judge(error: StripeError) -> Tried {
    let StripeError::Stripe(told, status) = error else {
        return Tried::Failed(GatewayError::Unavailable(error.into()));
    };
    let refusal = Refusal {
        status,
        kind: told.type_.to_string(),
        code: told.code.map(|code| code.to_string()),
        param: told.param,
    };
    match status {
        401 => Tried::WrongKey(refusal),
        // 403: the key may not; 409: the same key is being worked on; 424: a party behind Stripe failed; 429: too fast.
        403 | 409 | 424 | 429 | 500.. => Tried::Failed(GatewayError::Unavailable(refusal.into())),
        _ => Tried::Failed(GatewayError::Refused { code: refusal.code.clone(), cause: refusal.into() }),
    }
}

/// The HTTP status of a refusal.
pub(crate) fn status_of(cause: &Cause) -> Option<u16> {
    cause.downcast_ref::<Refusal>().map(|refusal| refusal.status)
}

/// Reads what Stripe answered. What cannot be read may have been done all the same, so it is no refusal.
pub(crate) fn read<T>(
    answer: &Value,
    how: impl FnOnce(Thing<'_>) -> Result<T, Odd>,
) -> Result<T, GatewayError> {
    let thing = Thing::of(answer).ok_or(Odd::Shape("it is no object"));
    thing.and_then(how).map_err(|odd| GatewayError::Unavailable(odd.into()))
}

/// Twice as long each time, and up to half as much again, spread by what is asked so that those who were turned away
/// together do not come back together.
fn pause(first: Duration, tried: u32, seed: &str) -> Duration {
    let base = first.saturating_mul(1_u32.checked_shl(tried.saturating_sub(1)).unwrap_or(u32::MAX));
    let mut hasher = DefaultHasher::new();
    (seed, tried).hash(&mut hasher);
    let percent = u32::try_from(hasher.finish() % 50).unwrap_or(0);
    base.saturating_add(base.saturating_mul(percent) / 100)
}
