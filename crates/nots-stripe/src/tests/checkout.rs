use std::{
    collections::VecDeque,
    error::Error,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use nots_core::{
    BookingId, Currency, PaymentId, Pence, Timestamp,
    contact::Email,
    money::Total,
    ports::{CheckoutOrder, CheckoutSession, GatewayError, Payments},
};
use serde_json::{Value, json};
use stripe::StripeError;

use super::{Held, held, overhear, overheard};
use crate::{Patience, Refusal, StripePayments};

/// What the server says next.
enum Say {
    Json(u16, Value),
    Text(u16, &'static str),
    Nothing,
}

#[derive(Clone, Default)]
struct Server {
    script: Arc<Mutex<VecDeque<Say>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Listens on a free port, answers from the script and keeps what it heard.
    async fn start(script: impl IntoIterator<Item = Say>) -> (Self, String) {
        let server = Self::default();
        server.script.lock().unwrap().extend(script);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, url)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 100_000).await.unwrap();
    let mut lines = vec![format!("{} {}", head.method, head.uri)];
    for name in ["authorization", "content-type", "idempotency-key", "stripe-version"] {
        let value = head.headers.get(name).map_or("none", |value| value.to_str().unwrap());
        lines.push(format!("{name}: {value}"));
    }
    // The client keeps metadata in a hash map, so the order of its pairs is chance.
    let mut pairs: Vec<&str> = std::str::from_utf8(&body).unwrap().split('&').collect();
    pairs.sort_unstable();
    lines.extend(pairs.into_iter().map(str::to_owned));
    server.heard.lock().unwrap().push(lines.join("\n"));
    let next = server.script.lock().unwrap().pop_front();
    match next {
        Some(Say::Json(status, body)) => {
            (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
        }
        Some(Say::Text(status, body)) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Some(Say::Nothing) => std::future::pending().await,
        None => (StatusCode::IM_A_TEAPOT, "the script has ended").into_response(),
    }
}

fn order() -> CheckoutOrder {
    CheckoutOrder {
        idempotency_key: "checkout-payment_X7-1".into(),
        booking_id: BookingId::parse("booking_X7").unwrap(),
        payment_id: PaymentId::parse("payment_X7").unwrap(),
        amount: Total { total: Pence::new(1228), currency: Currency::Gbp },
        description: "NOTS-7K3M9Q: Bournemouth Railway Station to Poole Harbour & Quay".into(),
        email: Email::parse("ada+taxi@example.com").unwrap(),
        expires_at: Timestamp::new(1_795_221_600).unwrap(),
        success_url: "https://dorset.example/bookings/booking_X7?paid=yes".into(),
        cancel_url: "https://dorset.example/bookings/booking_X7".into(),
    }
}

/// A `checkout.session` as Stripe answers it, cut to what matters and with a field that nobody knows.
fn session() -> Value {
    json!({
        "id": "cs_test_a1Zk7Id18b3FeLh8OQGRS78R",
        "object": "checkout.session",
        "amount_total": 1228,
        "client_reference_id": "booking_X7",
        "created": 1_795_219_200,
        "currency": "gbp",
        "livemode": false,
        "mode": "payment",
        "payment_intent": null,
        "payment_status": "unpaid",
        "presentment_of_tomorrow": {"shape": ["unknown"]},
        "status": "open",
        "url": "https://checkout.stripe.com/c/pay/cs_test_a1Zk7Id18b3FeLh8OQGRS78R"
    })
}

fn error(kind: &str, code: &str, param: Option<&str>) -> Value {
    json!({"error": {
        "code": code,
        "doc_url": "https://stripe.com/docs/error-codes",
        "message": "Invalid email address: ada@example.com",
        "param": param,
        "request_log_url": "https://dashboard.stripe.com/test/logs/req_1",
        "type": kind,
    }})
}

fn quick() -> Patience {
    Patience {
        per_try: Duration::from_millis(100),
        total: Duration::from_secs(20),
        tries: 3,
        pause: Duration::from_millis(1),
    }
}

async fn open(url: &str) -> Result<CheckoutSession, GatewayError> {
    // Loopback answers at once, so only a server that says nothing runs into this.
    let patience = Patience { per_try: Duration::from_secs(10), ..quick() };
    StripePayments::new(held("sk_test_x\n"), Some(url)).with_patience(patience).open_checkout(&order()).await
}

fn refusal(error: &GatewayError) -> Option<&Refusal> {
    error.source().and_then(|cause| cause.downcast_ref())
}

#[tokio::test]
async fn everything_asked_comes_from_the_order() {
    let (server, url) = Server::start([Say::Json(200, session())]).await;
    let opened = open(&url).await.unwrap();
    assert_eq!(opened.id, "cs_test_a1Zk7Id18b3FeLh8OQGRS78R");
    assert_eq!(opened.url, "https://checkout.stripe.com/c/pay/cs_test_a1Zk7Id18b3FeLh8OQGRS78R");
    insta::assert_snapshot!(server.heard().join("\n\n"), @r"
    POST /v1/checkout/sessions
    authorization: Bearer sk_test_x
    content-type: application/x-www-form-urlencoded
    idempotency-key: checkout-payment_X7-1
    stripe-version: 2026-09-30.endive
    allowed_payment_method_types[0]=card
    cancel_url=https://dorset.example/bookings/booking_X7
    client_reference_id=booking_X7
    customer_email=ada%2Btaxi@example.com
    expires_at=1795221600
    line_items[0][price_data][currency]=gbp
    line_items[0][price_data][product_data][name]=NOTS-7K3M9Q:+Bournemouth+Railway+Station+to+Poole+Harbour+%26+Quay
    line_items[0][price_data][unit_amount]=1228
    line_items[0][quantity]=1
    metadata[bookingId]=booking_X7
    metadata[paymentId]=payment_X7
    mode=payment
    payment_intent_data[metadata][bookingId]=booking_X7
    payment_intent_data[metadata][paymentId]=payment_X7
    success_url=https://dorset.example/bookings/booking_X7?paid%3Dyes
    ");
}

#[tokio::test]
async fn a_base_url_with_a_path_or_a_slash_is_kept() {
    let (server, url) = Server::start([Say::Json(200, session()), Say::Json(200, session())]).await;
    open(&format!("{url}/stripe")).await.unwrap();
    open(&format!("{url}/stripe/")).await.unwrap();
    for heard in server.heard() {
        assert!(heard.starts_with("POST /stripe/v1/checkout/sessions\n"), "{heard}");
    }
}

#[tokio::test]
async fn what_stripe_judged_is_refused_at_once_and_quotes_nobody() {
    for (status, kind, code, param) in [
        (400, "invalid_request_error", "amount_too_small", None),
        (400, "idempotency_error", "idempotency_error", None),
        (400, "invalid_request_error", "email_invalid", Some("customer_email")),
        (401, "invalid_request_error", "api_key_expired", None),
        (402, "card_error", "card_declined", None),
        (404, "invalid_request_error", "resource_missing", Some("price")),
    ] {
        let (server, url) = Server::start([Say::Json(status, error(kind, code, param))]).await;
        let refused = open(&url).await.unwrap_err();
        assert!(matches!(refused, GatewayError::Refused(_)), "{status}: {refused:?}");
        let told =
            Refusal { status, kind: kind.into(), code: Some(code.into()), param: param.map(str::to_owned) };
        assert_eq!(refusal(&refused), Some(&told));
        assert!(!format!("{refused:?} {told}").contains("ada@"), "{refused:?}");
        assert_eq!(server.heard().len(), 1, "{status} is not asked again");
    }
}

#[tokio::test]
async fn a_lock_a_limit_or_a_fault_is_asked_again_in_the_same_words() {
    let (server, url) = Server::start([
        Say::Json(409, error("idempotency_error", "idempotency_key_in_use", None)),
        Say::Json(429, error("invalid_request_error", "rate_limit", None)),
        Say::Json(200, session()),
    ])
    .await;
    open(&url).await.unwrap();
    let heard = server.heard();
    assert_eq!(heard.len(), 3);
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[1], heard[2]);
}

#[tokio::test]
async fn a_fault_that_lasts_is_unavailable_after_three_tries() {
    for say in [
        || Say::Json(500, error("api_error", "unknown_to_us", None)),
        || Say::Json(503, error("api_error", "lock_timeout", None)),
        || Say::Json(429, error("invalid_request_error", "rate_limit", None)),
        || Say::Json(424, error("api_error", "bank_down", None)),
        || Say::Text(502, "<html>Bad Gateway</html>"),
        || Say::Text(200, "{\"id\": \"cs_test_cut"),
    ] {
        let (server, url) = Server::start([say(), say(), say(), Say::Json(200, session())]).await;
        let failed = open(&url).await.unwrap_err();
        assert!(matches!(failed, GatewayError::Unavailable(_)), "{failed:?}");
        assert_eq!(server.heard().len(), 3);
    }
}

#[tokio::test]
async fn silence_is_unavailable_after_each_try_and_after_all() {
    let silent = || Server::start([Say::Nothing, Say::Nothing, Say::Nothing]);
    let late = |error: GatewayError| match error {
        GatewayError::Unavailable(cause) => cause.to_string(),
        GatewayError::Refused(cause) => panic!("refused: {cause}"),
    };
    let (_server, url) = silent().await;
    let payments = StripePayments::new(held("sk_test_x"), Some(&url)).with_patience(quick());
    let failed = payments.open_checkout(&order()).await.unwrap_err();
    assert_eq!(late(failed), StripeError::Timeout.to_string(), "a try's own");

    let (server, url) = silent().await;
    let short = Patience { per_try: Duration::from_secs(20), total: Duration::from_millis(100), ..quick() };
    let payments = StripePayments::new(held("sk_test_x"), Some(&url)).with_patience(short);
    let failed = payments.open_checkout(&order()).await.unwrap_err();
    assert_eq!(late(failed), "deadline has elapsed", "that of all tries together");
    assert!(server.heard().len() <= 1);
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    assert!(matches!(open(&url).await.unwrap_err(), GatewayError::Unavailable(_)));
}

#[tokio::test]
async fn a_session_without_a_page_is_refused() {
    let mut pageless = session();
    pageless["url"] = Value::Null;
    let (server, url) = Server::start([Say::Json(200, pageless)]).await;
    assert!(matches!(open(&url).await.unwrap_err(), GatewayError::Refused(_)));
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn without_a_key_nothing_is_asked() {
    for secret in [None, Some("sk_test_\u{7}")] {
        let (server, url) = Server::start([]).await;
        let payments = StripePayments::new(Arc::new(Held(secret)), Some(&url));
        let failed = payments.open_checkout(&order()).await.unwrap_err();
        assert!(matches!(failed, GatewayError::Unavailable(_)), "{failed:?}");
        assert!(server.heard().is_empty());
    }
}

#[tokio::test]
async fn neither_the_customer_nor_the_key_is_logged() {
    overhear();
    let (_server, url) = Server::start([
        Say::Json(500, error("api_error", "unknown_to_us", Some("customer_email"))),
        Say::Json(400, error("invalid_request_error", "email_invalid", Some("customer_email"))),
    ])
    .await;
    open(&url).await.unwrap_err();
    let text = overheard();
    assert!(text.contains("trying again"), "{text}");
    for private in ["@example.com", "Poole", "sk_test_x"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}
