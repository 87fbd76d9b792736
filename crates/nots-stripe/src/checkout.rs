//! Opening a Checkout Session.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use nots_core::{
    Currency,
    ports::{CheckoutOrder, CheckoutSession, GatewayError, Payments, Secret},
};
use stripe::{Client, ClientBuilder, IdempotencyKey, RequestStrategy, StripeError, StripeRequest};
use stripe_checkout::{
    CheckoutSessionMode,
    checkout_session::{
        CreateCheckoutSession, CreateCheckoutSessionAllowedPaymentMethodTypes,
        CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
        CreateCheckoutSessionPaymentIntentData, ProductData,
    },
};
use tokio::time::{sleep, timeout};

/// How long an answer of Stripe's is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For one try.
    pub per_try: Duration,
    /// For all tries and the pauses between them.
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

/// The part of a Checkout Session that is used.
#[derive(miniserde::Deserialize)]
struct Opened {
    id: String,
    url: Option<String>,
}

/// Checkout Sessions at Stripe.
///
/// Every request carries the order's idempotency key, so trying again is safe; that is done within [`Patience`]
/// after a lost answer, a lock (409), a rate limit (429) or a fault of Stripe's own (5xx).
pub struct StripePayments {
    secret: Arc<dyn Secret>,
    base_url: Option<String>,
    patience: Patience,
    /// The client of the key last seen; a rotated key makes a new one.
    client: Mutex<Option<(String, Client)>>,
}

impl StripePayments {
    /// Uses the API key that `secret` holds at the time of each call, at `base_url` or at Stripe itself.
    #[must_use]
    pub fn new(secret: Arc<dyn Secret>, base_url: Option<&str>) -> Self {
        // The client appends `v1/…` to whatever it is given.
        let base_url = base_url.map(|url| format!("{}/", url.trim_end_matches('/')));
        Self { secret, base_url, patience: Patience::default(), client: Mutex::new(None) }
    }

    /// The same, with another patience.
    #[must_use]
    pub fn with_patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    fn client(&self, key: &str) -> Result<Client, StripeError> {
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
        let client = builder.build()?;
        *kept = Some((key.to_owned(), client.clone()));
        Ok(client)
    }

    async fn try_to_open(
        &self,
        client: &Client,
        request: &CreateCheckoutSession,
        key: &IdempotencyKey,
    ) -> Result<CheckoutSession, GatewayError> {
        let mut tried = 0_u32;
        loop {
            tried = tried.saturating_add(1);
            // async-stripe's own retrying strategies would make up a key, or send none: one try is asked of it.
            let answer = request
                .build()
                .customize::<Opened>()
                .request_strategy(RequestStrategy::Idempotent(key.clone()))
                .timeout(self.patience.per_try)
                .send(client)
                .await;
            match answer.map_err(judge) {
                Ok(Opened { id, url: Some(url) }) => return Ok(CheckoutSession { id, url }),
                // The same key would bring the same session again.
                Ok(Opened { url: None, .. }) => return Err(GatewayError::Refused(Unusable.into())),
                Err(GatewayError::Unavailable(cause)) if tried < self.patience.tries => {
                    tracing::info!(tried, cause = %cause, "Stripe did not open a session, trying again");
                    sleep(pause(self.patience.pause, tried, key)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[async_trait]
impl Payments for StripePayments {
    async fn open_checkout(&self, order: &CheckoutOrder) -> Result<CheckoutSession, GatewayError> {
        let secret = self.secret.get().await.map_err(GatewayError::Unavailable)?;
        let client = self.client(secret.trim()).map_err(|error| GatewayError::Unavailable(error.into()))?;
        let key = IdempotencyKey::new(&order.idempotency_key)
            .map_err(|error| GatewayError::Refused(error.into()))?;
        let request = request(order);
        timeout(self.patience.total, self.try_to_open(&client, &request, &key))
            .await
            .unwrap_or_else(|late| Err(GatewayError::Unavailable(late.into())))
    }
}

/// What Stripe is asked; made of the order alone, so that every try of one attempt asks the same.
fn request(order: &CheckoutOrder) -> CreateCheckoutSession {
    let metadata: HashMap<String, String> = [
        ("bookingId".to_owned(), order.booking_id.to_string()),
        ("paymentId".to_owned(), order.payment_id.to_string()),
    ]
    .into();
    let mut price = CreateCheckoutSessionLineItemsPriceData::new(match order.amount.currency {
        Currency::Gbp => stripe_types::Currency::GBP,
    });
    price.unit_amount = Some(order.amount.total.get());
    price.product_data = Some(ProductData::new(&order.description));
    let mut line = CreateCheckoutSessionLineItems::new();
    line.price_data = Some(price);
    line.quantity = Some(1);
    let mut intent = CreateCheckoutSessionPaymentIntentData::new();
    intent.metadata = Some(metadata.clone());
    let session = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Payment)
        // Methods whose money comes days later would leave the booking unconfirmed; wallets count as cards.
        .allowed_payment_method_types(vec![CreateCheckoutSessionAllowedPaymentMethodTypes::Card])
        .line_items(vec![line])
        .client_reference_id(order.booking_id.as_str())
        .metadata(metadata)
        .payment_intent_data(intent)
        .expires_at(order.expires_at.seconds())
        .success_url(&order.success_url)
        .cancel_url(&order.cancel_url);
    // Stripe refuses an address at a host without a dot, which RFC 5321 allows; then it asks the payer for one.
    let dotted = order.email.as_str().rsplit_once('@').is_some_and(|(_, host)| host.contains('.'));
    if dotted { session.customer_email(order.email.as_str()) } else { session }
}

/// Whether asking again may help: not when Stripe judged the request itself.
fn judge(error: StripeError) -> GatewayError {
    match error {
        StripeError::Stripe(told, status) => {
            let refusal = Refusal {
                status,
                kind: told.type_.to_string(),
                code: told.code.map(|code| code.to_string()),
                param: told.param,
            };
            // 409: the same key is being worked on; 424: a party behind Stripe failed; 429: too fast.
            if (400..500).contains(&status) && !matches!(status, 409 | 424 | 429) {
                GatewayError::Refused(refusal.into())
            } else {
                GatewayError::Unavailable(refusal.into())
            }
        }
        other => GatewayError::Unavailable(other.into()),
    }
}

/// Twice as long each time, and up to half as much again, spread by the key so that those who were turned away
/// together do not come back together.
fn pause(first: Duration, tried: u32, key: &IdempotencyKey) -> Duration {
    let base = first.saturating_mul(1_u32.checked_shl(tried.saturating_sub(1)).unwrap_or(u32::MAX));
    let mut hasher = DefaultHasher::new();
    (key.as_str(), tried).hash(&mut hasher);
    let percent = u32::try_from(hasher.finish() % 50).unwrap_or(0);
    base.saturating_add(base.saturating_mul(percent) / 100)
}
