//! The stand-in against the platform's own Stripe adapters, the client library's strict decoders, and plain HTTP.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use nots_core::{
    BookingId, Currency, PaymentId, Pence, Timestamp,
    contact::Email,
    money::Total,
    ports::{
        Cause, CheckoutOrder, Clock, News, PaymentNotice, PaymentNotices, Secret, SessionFacts, SessionStage,
    },
};
use nots_stripe::StripeNotices;
use serde_json::Value;
use tower::ServiceExt;

use super::{
    API_KEY, SIGNING_SECRET, StripeStandIn, WebhookDelivery, WebhookReceiver,
    cards::{CardAction, CardRefusal},
    deliver::Deliveries,
};

mod api;
mod cards;
mod deliver;
mod faults;
mod lists;
mod money;

const NOW: i64 = 1_795_219_200;
const PAGES: &str = "http://127.0.0.1:3000/local/stripe/checkout";

/// A clock that moves when it is told to, and when somebody waits by it.
struct Hands(AtomicI64);

impl Hands {
    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::new(self.0.load(Ordering::SeqCst)).unwrap()
    }

    async fn pause(&self, time: Duration) {
        self.advance(i64::try_from(time.as_secs()).unwrap());
        tokio::task::yield_now().await;
    }
}

struct Held(&'static str);

#[async_trait]
impl Secret for Held {
    async fn get(&self) -> Result<String, Cause> {
        Ok(self.0.to_owned())
    }
}

/// A webhook that answers from a list, then 200, and keeps what it took.
#[derive(Default)]
struct Webhook {
    answers: Mutex<VecDeque<Result<u16, &'static str>>>,
    got: Mutex<Vec<WebhookDelivery>>,
}

impl Webhook {
    fn answering(answers: impl IntoIterator<Item = Result<u16, &'static str>>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() }
    }

    fn got(&self) -> Vec<WebhookDelivery> {
        self.got.lock().unwrap().clone()
    }
}

#[async_trait]
impl WebhookReceiver for Webhook {
    async fn post(&self, delivery: &WebhookDelivery) -> Result<u16, Cause> {
        self.got.lock().unwrap().push(delivery.clone());
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or(Ok(200)).map_err(Into::into)
    }
}

fn start() -> (Arc<StripeStandIn>, Arc<Hands>) {
    start_with(None)
}

fn start_with(file: Option<PathBuf>) -> (Arc<StripeStandIn>, Arc<Hands>) {
    let clock = Arc::new(Hands(AtomicI64::new(NOW)));
    (StripeStandIn::open(clock.clone(), file, PAGES).unwrap(), clock)
}

/// A file in a directory of its own, gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("nots-stripe-{}-{name}", std::process::id()));
        Self(directory)
    }

    fn file(&self) -> PathBuf {
        self.0.join("below").join("stripe.json")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn order(key: &str) -> CheckoutOrder {
    CheckoutOrder {
        idempotency_key: key.into(),
        booking_id: BookingId::parse("booking_X7").unwrap(),
        payment_id: PaymentId::parse("payment_X7").unwrap(),
        attempt: 1,
        amount: Total { total: Pence::new(1228), currency: Currency::Gbp },
        description: "NOTS-7K3M9Q: Station <b>to</b> Poole Harbour & Quay".into(),
        email: Email::parse("ada+taxi@example.com").unwrap(),
        expires_at: Timestamp::new(NOW + 2_400).unwrap(),
        success_url: "https://dorset.example/bookings/booking_X7?paid={CHECKOUT_SESSION_ID}".into(),
        cancel_url: "https://dorset.example/bookings/booking_X7".into(),
    }
}

/// A request as the client makes it; `change` replaces a parameter, or leaves it out when empty.
fn form(change: &[(&str, &str)]) -> String {
    let usual = [
        ("mode", "payment"),
        ("line_items[0][price_data][currency]", "gbp"),
        ("line_items[0][price_data][unit_amount]", "1228"),
        ("line_items[0][price_data][product_data][name]", "Station+to+Poole+%26+Quay"),
        ("line_items[0][quantity]", "1"),
        ("client_reference_id", "booking_X7"),
        ("customer_email", "ada%2Btaxi@example.com"),
        ("metadata[bookingId]", "booking_X7"),
        ("payment_intent_data[metadata][bookingId]", "booking_X7"),
        ("expires_at", "1795221600"),
        ("success_url", "https://dorset.example/paid"),
        ("cancel_url", "https://dorset.example/"),
    ];
    let mut pairs: Vec<(&str, &str)> =
        usual.into_iter().filter(|(name, _)| !change.iter().any(|(other, _)| other == name)).collect();
    pairs.extend(change.iter().filter(|(_, value)| !value.is_empty()));
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

async fn send(router: Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (head, body) = router.oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, 1_000_000).await.unwrap();
    (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// Asks the stand-in's API with a good key; the answer is status and JSON.
async fn ask(
    stripe: &Arc<StripeStandIn>,
    method: &str,
    path: &str,
    form: &str,
    key: Option<&str>,
) -> (u16, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {API_KEY}"))
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let (status, _, body) = send(stripe.api(), request.body(form.to_owned().into()).unwrap()).await;
    (status.as_u16(), serde_json::from_str(&body).unwrap())
}

/// Does something as a person may; the answer is status and JSON.
async fn local(stripe: &Arc<StripeStandIn>, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = Request::builder().method(method).uri(format!("/local/stripe/{path}"));
    let (status, _, body) = send(stripe.for_people(), request.body(body.into()).unwrap()).await;
    (status.as_u16(), serde_json::from_str(&body).unwrap())
}

/// Opens a session and pays it; the answer is its PaymentIntent.
async fn paid(stripe: &Arc<StripeStandIn>) -> String {
    let id = opened(stripe).await;
    stripe.act(&id, CardAction::Pay).unwrap().payment_intent.unwrap()
}

/// Delivers all that is due.
async fn delivered(stripe: &Arc<StripeStandIn>) -> Vec<WebhookDelivery> {
    let webhook = Webhook::default();
    stripe.deliver_due(&webhook).await;
    webhook.got()
}

fn kinds(events: &[WebhookDelivery]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).collect()
}

/// Opens a session over HTTP; the answer is status, headers and JSON.
async fn create(stripe: &Arc<StripeStandIn>, form: String, key: Option<&str>) -> (u16, HeaderMap, Value) {
    let mut request = Request::post("/v1/checkout/sessions")
        .header("authorization", format!("Bearer {API_KEY}"))
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let (status, headers, body) = send(stripe.api(), request.body(form.into()).unwrap()).await;
    (status.as_u16(), headers, serde_json::from_str(&body).unwrap())
}

/// Opens a session and answers its id.
async fn opened(stripe: &Arc<StripeStandIn>) -> String {
    let (status, _, session) = create(stripe, form(&[]), None).await;
    assert_eq!(status, 200, "{session}");
    session["id"].as_str().unwrap().to_owned()
}

/// What the platform reads in a delivery, at the stand-in's time.
async fn understood(delivery: &WebhookDelivery, now: Timestamp) -> PaymentNotice {
    StripeNotices::new(Arc::new(Held(SIGNING_SECRET)))
        .read(delivery.body.as_bytes(), &delivery.signature, now)
        .await
        .unwrap()
}

/// What it says of a session.
async fn session_of(delivery: &WebhookDelivery, now: Timestamp) -> SessionFacts {
    match understood(delivery, now).await.news {
        News::Session(session) => session,
        other => panic!("{}: {other:?}", delivery.kind),
    }
}
