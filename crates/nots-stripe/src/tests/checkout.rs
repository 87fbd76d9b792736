use std::sync::Arc;

use nots_core::{
    BookingId, Currency, PaymentId, Pence, Timestamp,
    contact::Email,
    money::Total,
    ports::{CheckoutOrder, CheckoutSession, GatewayError, Payments, SessionFacts, SessionStage},
};
use serde_json::{Value, json};
use stripe::StripeError;

use super::{
    Held, held, overhear, overheard,
    server::{Say, Server, asking, error, quick, refusal},
};
use crate::{Patience, Refusal, StripePayments};

fn order() -> CheckoutOrder {
    CheckoutOrder {
        idempotency_key: "checkout-payment_X7-1".into(),
        booking_id: BookingId::parse("booking_X7").unwrap(),
        payment_id: PaymentId::parse("payment_X7").unwrap(),
        attempt: 3,
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

async fn open(url: &str) -> Result<CheckoutSession, GatewayError> {
    asking(url).open_checkout(&order()).await
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
    adaptive_pricing[enabled]=false
    allowed_payment_method_types[0]=card
    cancel_url=https://dorset.example/bookings/booking_X7
    client_reference_id=booking_X7
    customer_email=ada%2Btaxi@example.com
    expires_at=1795221600
    line_items[0][price_data][currency]=gbp
    line_items[0][price_data][product_data][name]=NOTS-7K3M9Q:+Bournemouth+Railway+Station+to+Poole+Harbour+%26+Quay
    line_items[0][price_data][unit_amount]=1228
    line_items[0][quantity]=1
    metadata[attempt]=3
    metadata[bookingId]=booking_X7
    metadata[paymentId]=payment_X7
    mode=payment
    payment_intent_data[metadata][attempt]=3
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
        (402, "card_error", "card_declined", None),
        (404, "invalid_request_error", "resource_missing", Some("price")),
    ] {
        let (server, url) = Server::start([Say::Json(status, error(kind, code, param))]).await;
        let refused = open(&url).await.unwrap_err();
        assert!(
            matches!(&refused, GatewayError::Refused { code: of, .. } if of.as_deref() == Some(code)),
            "{status}: {refused:?}"
        );
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
        || Say::Json(403, error("invalid_request_error", "secret_key_required", None)),
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
        GatewayError::Refused { cause, .. } => panic!("refused: {cause}"),
    };
    let (_server, url) = silent().await;
    let payments = StripePayments::new(held("sk_test_x"), Some(&url)).with_patience(quick());
    let failed = payments.open_checkout(&order()).await.unwrap_err();
    assert_eq!(late(failed), StripeError::Timeout.to_string(), "a try's own");

    let (server, url) = silent().await;
    let short = Patience {
        per_try: std::time::Duration::from_secs(20),
        total: std::time::Duration::from_millis(100),
        ..quick()
    };
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
    assert!(matches!(open(&url).await.unwrap_err(), GatewayError::Refused { .. }));
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

fn complete() -> Value {
    let mut paid = session();
    paid["status"] = json!("complete");
    paid["payment_status"] = json!("paid");
    paid["payment_intent"] = json!({"id": "pi_3RlHe2", "object": "payment_intent", "status": "succeeded"});
    paid["metadata"] = json!({"attempt": "3", "bookingId": "booking_X7"});
    paid["url"] = Value::Null;
    paid
}

async fn end(url: &str) -> Result<Option<SessionFacts>, GatewayError> {
    asking(url).end_checkout("cs_test_a1Zk7Id18b3FeLh8OQGRS78R").await
}

/// As Stripe says that a session is over: without a code.
fn over() -> Say {
    let message = "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a \
                   status of `complete`.";
    Say::Json(400, json!({"error": {"message": message, "type": "invalid_request_error"}}))
}

#[tokio::test]
async fn a_session_that_is_open_is_ended() {
    let mut ended = session();
    ended["status"] = json!("expired");
    let (server, url) = Server::start([Say::Text(502, "bad gateway"), Say::Json(200, ended)]).await;
    let facts = end(&url).await.unwrap().unwrap();
    assert_eq!((facts.stage, facts.amount, facts.attempt), (SessionStage::Expired, 1228, None));
    let heard = server.heard();
    assert_eq!(heard.len(), 2, "again is harmless");
    assert!(heard[1].starts_with("POST /v1/checkout/sessions/cs_test_a1Zk7Id18b3FeLh8OQGRS78R/expire\n"));
}

#[tokio::test]
async fn a_session_that_is_over_is_looked_at() {
    let nothing_came = json!({"id": "pi_3RlHe2", "status": "requires_payment_method"});
    let waiting = json!({"id": "pi_3RlHe2", "status": "processing"});
    for (intent, paid, stage) in [
        (complete()["payment_intent"].clone(), "paid", SessionStage::Paid),
        (waiting, "unpaid", SessionStage::Processing),
        (nothing_came, "unpaid", SessionStage::Failed),
    ] {
        let mut told = complete();
        told["payment_intent"] = intent;
        told["payment_status"] = json!(paid);
        let (server, url) = Server::start([over(), Say::Json(200, told)]).await;
        let facts = end(&url).await.unwrap().unwrap();
        assert_eq!(facts.stage, stage);
        assert_eq!(facts.payment_intent.as_deref(), Some("pi_3RlHe2"));
        assert_eq!((facts.attempt, facts.livemode), (Some(3), false));
        assert!(server.heard()[1].starts_with("GET /v1/checkout/sessions/cs_test_"), "{:?}", server.heard());
        assert!(server.heard()[1].contains("expand[0]=payment_intent"), "{:?}", server.heard());
    }
}

#[tokio::test]
async fn a_session_that_is_not_there_is_none_and_one_that_stays_open_was_not_ended() {
    let missing = || Say::Json(404, error("invalid_request_error", "resource_missing", Some("session")));
    let (_server, url) = Server::start([missing(), missing()]).await;
    assert_eq!(end(&url).await.unwrap(), None);

    let (_server, url) = Server::start([over(), Say::Json(200, session())]).await;
    assert!(matches!(end(&url).await.unwrap_err(), GatewayError::Refused { .. }));

    let (server, url) = Server::start([]).await;
    for odd in ["", "cs_", "../v1/balance", "cs_test/../../x", "cs_test_a?x=1"] {
        assert_eq!(asking(&url).end_checkout(odd).await.unwrap(), None, "{odd}");
    }
    assert!(server.heard().is_empty(), "no path is made of it");

    let mut strange = session();
    strange["status"] = json!("paused");
    let (_server, url) = Server::start([Say::Json(200, strange)]).await;
    assert!(matches!(end(&url).await.unwrap_err(), GatewayError::Unavailable(_)));
}
