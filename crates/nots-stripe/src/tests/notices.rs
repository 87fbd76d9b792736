use std::sync::Arc;

use nots_core::{
    BookingId, Timestamp,
    ports::{CompletedCheckout, PaymentNotice, PaymentNotices, WebhookError},
};
use serde_json::{Value, json};
use stripe_webhook::Webhook;

use super::{Held, held, overhear, overheard};
use crate::StripeNotices;

const SECRET: &str = "whsec_local";
const NOW: i64 = 1_795_219_200;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(seconds).unwrap()
}

/// An event as Stripe sends it, with more in it than anyone here reads.
fn event(kind: &str, object: Value) -> Value {
    json!({
        "id": "evt_1RlHe3R7UUImIKwkQOxX4eYe",
        "object": "event",
        "api_version": "2099-01-01.unheard_of",
        "created": NOW,
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null},
        "type": kind
    })
}

fn session() -> Value {
    json!({
        "id": "cs_test_a1Zk7Id18b3FeLh8OQGRS78R",
        "object": "checkout.session",
        "amount_subtotal": 1228,
        "amount_total": 1228,
        "automatic_tax": "a shape of tomorrow",
        "client_reference_id": "booking_X7",
        "currency": "gbp",
        "metadata": {"bookingId": "booking_X7", "paymentId": "payment_X7"},
        "payment_intent": "pi_3RlHe2R7UUImIKwk0PqLT3rA",
        "payment_status": "paid",
        "status": "complete"
    })
}

fn completed() -> CompletedCheckout {
    CompletedCheckout {
        event_id: "evt_1RlHe3R7UUImIKwkQOxX4eYe".into(),
        session_id: "cs_test_a1Zk7Id18b3FeLh8OQGRS78R".into(),
        booking_id: BookingId::parse("booking_X7").unwrap(),
        paid: true,
        amount: 1228,
        currency: "gbp".into(),
        payment_intent: Some("pi_3RlHe2R7UUImIKwk0PqLT3rA".into()),
    }
}

async fn read(body: &[u8], signature: &str) -> Result<PaymentNotice, WebhookError> {
    StripeNotices::new(held(SECRET)).read(body, signature, at(NOW)).await
}

async fn signed(body: &str) -> PaymentNotice {
    read(body.as_bytes(), &Webhook::generate_test_header(body, SECRET, Some(NOW))).await.unwrap()
}

async fn signed_session(change: impl FnOnce(&mut Value)) -> PaymentNotice {
    let mut session = session();
    change(&mut session);
    signed(&event("checkout.session.completed", session).to_string()).await
}

fn other(kind: &str) -> PaymentNotice {
    PaymentNotice::Other { kind: kind.into() }
}

#[tokio::test]
async fn a_completed_checkout_is_read_whatever_else_is_in_it() {
    assert_eq!(signed_session(|_| ()).await, PaymentNotice::CheckoutCompleted(completed()));
    let unpaid = signed_session(|session| session["payment_status"] = json!("unpaid")).await;
    assert_eq!(unpaid, PaymentNotice::CheckoutCompleted(CompletedCheckout { paid: false, ..completed() }));
}

#[tokio::test]
async fn a_payment_intent_may_be_written_out_missing_or_nonsense() {
    let expanded = json!({"id": "pi_3RlHe2R7UUImIKwk0PqLT3rA", "object": "payment_intent", "amount": 1228});
    let read = signed_session(|session| session["payment_intent"] = expanded).await;
    assert_eq!(read, PaymentNotice::CheckoutCompleted(completed()));
    for odd in [json!(null), json!("ch_1"), json!("pi_"), json!("pi_a#b"), json!("pi_é")] {
        let read = signed_session(|session| session["payment_intent"] = odd).await;
        let expected = CompletedCheckout { payment_intent: None, ..completed() };
        assert_eq!(read, PaymentNotice::CheckoutCompleted(expected));
    }
}

#[tokio::test]
async fn what_is_not_ours_or_not_known_is_other() {
    for odd in [json!(null), json!(""), json!("order-17"), json!("booking_"), json!("booking_a/b")] {
        let read = signed_session(|session| session["client_reference_id"] = odd).await;
        assert_eq!(read, other("checkout.session.completed"));
    }
    let read = signed_session(|session| session["amount_total"] = json!("12.28")).await;
    assert_eq!(read, other("checkout.session.completed"));
    let read = signed_session(|session| session["id"] = json!("cs_test_#")).await;
    assert_eq!(read, other("checkout.session.completed"));

    let unheard = event("invoice.from_tomorrow", json!({"anything": [1, 2, 3]})).to_string();
    assert_eq!(signed(&unheard).await, other("invoice.from_tomorrow"));
    for (body, kind) in [
        ("not json at all", "not JSON"),
        ("", "not JSON"),
        ("[]", "no type"),
        ("{}", "no type"),
        (r#"{"type":7}"#, "no type"),
        (r#"{"type":"Ada Lovelace, ada@example.com"}"#, "no type"),
        (r#"{"type":"checkout.session.completed"}"#, "checkout.session.completed"),
        (r#"{"type":"charge.refunded","data":{"object":null}}"#, "charge.refunded"),
    ] {
        assert_eq!(signed(body).await, other(kind), "{body}");
    }
}

#[tokio::test]
async fn a_signature_made_elsewhere_is_accepted() {
    // printf '1795219200.{"id":"evt_1","type":"ping"}' | openssl dgst -sha256 -hmac whsec_local
    let signature = "t=1795219200,v1=2d0738a126ca5cde55d116c94e4b56f897ecc288e4b9ef0d7a021caebcacb19c";
    assert_eq!(read(br#"{"id":"evt_1","type":"ping"}"#, signature).await.unwrap(), other("ping"));
}

#[tokio::test]
async fn one_flipped_bit_anywhere_is_a_forgery() {
    let body = event("checkout.session.completed", session()).to_string();
    let signature = Webhook::generate_test_header(&body, SECRET, Some(NOW));
    for at in (0..body.len()).step_by(7) {
        let mut flipped = body.clone().into_bytes();
        flipped[at] ^= 1;
        let read = read(&flipped, &signature).await;
        assert!(matches!(read, Err(WebhookError::Forged(_))), "byte {at}: {read:?}");
    }
    let hex_at = signature.find("v1=").unwrap() + 3;
    for at in hex_at..signature.len() {
        let mut flipped = signature.clone().into_bytes();
        flipped[at] = if flipped[at] == b'0' { b'1' } else { b'0' };
        let read = read(body.as_bytes(), std::str::from_utf8(&flipped).unwrap()).await;
        assert!(matches!(read, Err(WebhookError::Forged(_))), "character {at}: {read:?}");
    }
    // Bytes that are no text cannot have been signed as what was sent.
    assert!(matches!(read(b"\xff\xfe", &signature).await, Err(WebhookError::Forged(_))));
}

#[tokio::test]
async fn only_a_signature_of_the_last_or_next_five_minutes_counts() {
    let body = event("checkout.session.completed", session()).to_string();
    for (made, good) in [(NOW - 301, false), (NOW - 300, true), (NOW + 300, true), (NOW + 301, false)] {
        let signature = Webhook::generate_test_header(&body, SECRET, Some(made));
        let read = read(body.as_bytes(), &signature).await;
        assert_eq!(read.is_ok(), good, "made {} s from now: {read:?}", made - NOW);
    }
}

#[tokio::test]
async fn one_of_several_signatures_is_enough() {
    let body = event("charge.refunded", json!({})).to_string();
    let of = |secret| Webhook::generate_test_header(&body, secret, Some(NOW));
    let v1 = |secret| of(secret).split_once(",").unwrap().1.to_owned();
    for header in [
        format!("{},{}", of("whsec_retired"), v1(SECRET)),
        format!("{},{}", of(SECRET), v1("whsec_next")),
        format!("{},v0=00", of(SECRET)),
    ] {
        assert!(read(body.as_bytes(), &header).await.is_ok(), "{header}");
    }
    let strangers = format!("{},{}", of("whsec_a"), v1("whsec_b"));
    assert!(matches!(read(body.as_bytes(), &strangers).await, Err(WebhookError::Forged(_))));
}

#[tokio::test]
async fn a_header_that_is_none_is_a_forgery() {
    let body = event("charge.refunded", json!({})).to_string();
    for header in ["", "t=", "v1=00", "t=1795219200", "t=soon,v1=00", "t=1795219200,v0=00", "nonsense", "é=é"]
    {
        assert!(matches!(read(body.as_bytes(), header).await, Err(WebhookError::Forged(_))), "{header}");
    }
}

#[tokio::test]
async fn without_a_secret_nothing_is_verified() {
    let body = event("charge.refunded", json!({})).to_string();
    let missing = StripeNotices::new(Arc::new(Held(None)));
    let read = missing.read(body.as_bytes(), "t=1,v1=00", at(NOW)).await;
    assert!(matches!(read, Err(WebhookError::NoSecret(_))));

    let empty = Webhook::generate_test_header(&body, "", Some(NOW));
    let read = StripeNotices::new(held(" \n")).read(body.as_bytes(), &empty, at(NOW)).await;
    assert!(read.is_err(), "an empty secret would let anyone sign");
}

#[tokio::test]
async fn what_stripe_sends_is_not_logged() {
    overhear();
    signed_session(|session| session["customer_email"] = json!("ada@example.com")).await;
    signed("ada@example.com").await;
    read(b"ada@example.com", "t=1,v1=00").await.unwrap_err();
    tracing::info!("the ear is open");
    let text = overheard();
    assert!(text.contains("the ear is open"), "{text}");
    assert!(!text.contains("ada@"), "{text}");
    assert!(!text.contains(SECRET), "{text}");
}
