//! The world.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hmac::{Hmac, Mac};
use nots_core::ports::Clock;
use nots_local::{
    Options, Platform,
    client::{Answer, Client},
};
use serde_json::{Value, json};
use sha2::Sha256;

/// Somebody with a token.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their access token.
    pub token: String,
    /// Their user or driver id.
    pub id: String,
}

/// A platform, and a client that speaks to it.
pub struct World {
    /// The platform.
    pub platform: Arc<Platform>,
    /// A client of its API.
    pub client: Client,
    unsent: AtomicBool,
}

impl World {
    /// A fresh one, with the demonstration's data.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// A fresh one, started so.
    pub async fn with(options: Options) -> Self {
        let platform =
            Platform::start(Options { by_hand: true, ..options }).await.expect("the platform starts");
        let client = Client::new(format!("http://{}", platform.api));
        Self { platform, client, unsent: AtomicBool::new(false) }
    }

    /// This test means to leave messages unsent.
    pub fn leaves_messages(&self) {
        self.unsent.store(true, Ordering::Relaxed);
    }

    /// Unix seconds by the platform's clock.
    pub fn now(&self) -> i64 {
        self.platform.clock.now().seconds()
    }

    /// Somebody of a role: `customer`, `dispatcher`, `admin`, `owner`.
    pub async fn person(&self, role: &str) -> Person {
        self.token(json!({ "role": role }), "/userId").await
    }

    /// The driver with this id.
    pub async fn driver(&self, id: &str) -> Person {
        self.token(json!({ "role": "driver", "driverId": id }), "/driverId").await
    }

    async fn token(&self, body: Value, id: &str) -> Person {
        let answer = self.post("/local/token", None, body).await.expect_status(200);
        let text = |pointer| answer.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned();
        Person { token: text("/accessToken"), id: text(id) }
    }

    /// Reads.
    pub async fn get(&self, path: &str, who: impl Into<Option<&Person>>) -> Answer {
        self.client.get(path, who.into().map(|who| who.token.as_str())).await.expect("an answer")
    }

    /// Makes.
    pub async fn post(&self, path: &str, who: impl Into<Option<&Person>>, body: Value) -> Answer {
        self.client.post(path, who.into().map(|who| who.token.as_str()), &body).await.expect("an answer")
    }

    /// Changes.
    pub async fn patch(&self, path: &str, who: impl Into<Option<&Person>>, body: Value) -> Answer {
        self.client.patch(path, who.into().map(|who| who.token.as_str()), &body).await.expect("an answer")
    }

    /// Replaces.
    pub async fn put(&self, path: &str, who: impl Into<Option<&Person>>, body: Value) -> Answer {
        self.client.put(path, who.into().map(|who| who.token.as_str()), &body).await.expect("an answer")
    }

    /// Calls off.
    pub async fn delete(&self, path: &str, who: impl Into<Option<&Person>>, body: Value) -> Answer {
        self.client.delete(path, who.into().map(|who| who.token.as_str()), &body).await.expect("an answer")
    }

    /// A journey of about half an hour, to begin so many seconds from now.
    pub fn journey(&self, in_seconds: i64) -> Value {
        json!({
            "pickupLocation": { "address": "Bournemouth Railway Station, Bournemouth, UK", "latitude": 50.7260, "longitude": -1.8782 },
            "dropoffLocation": { "address": "Poole Harbour, Poole, UK", "latitude": 50.7122, "longitude": -2.0053 },
            "pickupTime": self.now() + in_seconds,
            "passengers": 2,
            "luggage": 1,
            "vehicleType": "standard",
        })
    }

    /// Seconds from now to noon in UTC so many days from today: by day in England, whenever a test runs.
    pub fn to_noon(&self, days: i64) -> i64 {
        (self.now() / 86_400 + days) * 86_400 + 43_200 - self.now()
    }

    /// What a customer says of themselves.
    pub fn traveller() -> Value {
        json!({ "firstName": "John", "lastName": "Doe", "email": "john@example.com", "phone": "+447700900123" })
    }

    /// A quote for a journey to begin so many seconds from now.
    pub async fn quote(&self, in_seconds: i64) -> Value {
        self.post("/v1/quotes", None, self.journey(in_seconds)).await.expect_status(201)
    }

    /// A pending booking of theirs.
    pub async fn booked(&self, who: &Person, in_seconds: i64) -> Value {
        let quote = self.quote(in_seconds).await;
        let body = json!({ "quoteId": quote["quoteId"], "customer": Self::traveller() });
        self.post("/v1/bookings", who, body).await.expect_status(201)
    }

    /// A booking of theirs whose payment has been begun, and the payment.
    pub async fn at_checkout(&self, who: &Person, in_seconds: i64) -> (Value, Value) {
        let booking = self.booked(who, in_seconds).await;
        let payment = self.post("/v1/payments", who, json!({ "bookingId": booking["bookingId"] })).await;
        (booking, payment.expect_status(201))
    }

    /// A confirmed booking of theirs.
    pub async fn confirmed(&self, who: &Person, in_seconds: i64) -> Value {
        let (booking, payment) = self.at_checkout(who, in_seconds).await;
        self.pay(&payment).await.expect_status(200);
        self.booking(&booking, who).await
    }

    /// The card holder pays; the webhook has been taken when this returns.
    pub async fn pay(&self, payment: &Value) -> Answer {
        self.card_holder(payment, "pay").await
    }

    /// What the card holder does with the session of a payment: `pay`, `decline`, `expire`.
    pub async fn card_holder(&self, payment: &Value, does: &str) -> Answer {
        let session = payment["checkoutSessionId"].as_str().expect("a session");
        self.post(&format!("/local/stripe/checkout/{session}/{does}"), None, Value::Null).await
    }

    /// A dispatcher gives a booking to a driver.
    pub async fn assign(&self, dispatcher: &Person, booking: &Value, driver: &str) -> Answer {
        let body = json!({ "bookingId": booking["bookingId"], "driverId": driver });
        self.post("/v1/dispatch", dispatcher, body).await
    }

    /// Moves the clock to a booking's pickup time.
    pub async fn until_pickup(&self, booking: &Value) {
        let pickup = booking["journey"]["pickupTime"].as_i64().expect("a booking");
        let left = u32::try_from(pickup - self.now()).unwrap_or(0);
        self.platform.advance(left).await.expect("a clock that moves");
    }

    /// A booking as they see it now.
    pub async fn booking(&self, booking: &Value, who: &Person) -> Value {
        let id = booking["bookingId"].as_str().expect("a booking");
        self.get(&format!("/v1/bookings/{id}"), who).await.expect_status(200)
    }

    /// Every item of the table, by `PK / SK`.
    pub fn table(&self) -> BTreeMap<String, Value> {
        let key = |item: &Value| {
            let part = |name: &str| {
                item.pointer(&format!("/{name}/S")).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            format!("{} / {}", part("PK"), part("SK"))
        };
        self.platform.dump().expect("the table").into_iter().map(|item| (key(&item), item)).collect()
    }

    /// What has been sent, as `channel event`, sorted.
    pub fn told(&self) -> Vec<String> {
        let all = self.platform.outbox.newest_first();
        let mut told: Vec<_> = all.iter().map(|sent| format!("{} {}", sent.channel, sent.event)).collect();
        told.sort();
        told
    }

    /// Works until nothing is left that can be done now.
    pub async fn settle(&self) {
        self.platform.settle().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let (waiting, dead) = (self.platform.bus.waiting(), self.platform.bus.dead_letters().len());
        if waiting + dead > 0 && !self.unsent.load(Ordering::Relaxed) && !std::thread::panicking() {
            panic!("{waiting} messages wait in the queue and {dead} were put aside");
        }
    }
}

/// An event of the card processor's, of a given id: the session of a payment, as `POST /v1/payments` answered it, is paid.
pub fn paid_session(payment: &Value, event: &str) -> Value {
    let booking = payment["bookingId"].as_str().expect("a booking");
    let suffix = booking.strip_prefix("booking_").expect("its id");
    json!({
        "id": event,
        "object": "event",
        "api_version": "2026-09-30.endive",
        "created": 1_795_000_000,
        "livemode": false,
        "pending_webhooks": 1,
        "request": null,
        "type": "checkout.session.completed",
        "data": { "object": {
            "id": payment["checkoutSessionId"],
            "object": "checkout.session",
            "client_reference_id": booking,
            "metadata": { "bookingId": booking, "attempt": "1" },
            "status": "complete",
            "payment_status": "paid",
            "amount_total": payment["amount"]["total"],
            "currency": "gbp",
            "livemode": false,
            "payment_intent": format!("pi_{suffix}"),
        } },
    })
}

/// The signature that the card processor makes over a body at a moment.
pub fn signed(body: &str, secret: &str, at: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(format!("{at}.{body}").as_bytes());
    format!("t={at},v1={}", hex::encode(mac.finalize().into_bytes()))
}
