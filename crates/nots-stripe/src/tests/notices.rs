use std::sync::Arc;

use nots_core::{
    BookingId, Timestamp,
    entity::webhook::StripeEventId,
    ports::{
        DisputeFacts, DisputeStage, News, PaymentNotice, PaymentNotices, SessionFacts, SessionStage,
        WebhookError,
    },
};
use serde_json::{Value, json};
use stripe_webhook::Webhook;

use super::{Held, Rotated, held, overhear, overheard};
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
        "metadata": {"attempt": "2", "bookingId": "booking_X7", "paymentId": "payment_X7"},
        "payment_intent": "pi_3RlHe2R7UUImIKwk0PqLT3rA",
        "payment_status": "paid",
        "status": "complete"
    })
}

fn paid() -> SessionFacts {
    SessionFacts {
        session_id: "cs_test_a1Zk7Id18b3FeLh8OQGRS78R".into(),
        booking_id: BookingId::parse("booking_X7").unwrap(),
        attempt: Some(2),
        stage: SessionStage::Paid,
        amount: 1228,
        currency: "gbp".into(),
        livemode: false,
        payment_intent: Some("pi_3RlHe2R7UUImIKwk0PqLT3rA".into()),
    }
}

async fn read(body: &[u8], signature: &str) -> Result<PaymentNotice, WebhookError> {
    StripeNotices::new(held(SECRET)).read(body, signature, at(NOW)).await
}

async fn signed(body: &str) -> PaymentNotice {
    read(body.as_bytes(), &Webhook::generate_test_header(body, SECRET, Some(NOW))).await.unwrap()
}

/// What an event of this kind, about this object, says.
async fn told(kind: &str, object: Value) -> News {
    signed(&event(kind, object).to_string()).await.news
}

fn changed(mut object: Value, change: impl FnOnce(&mut Value)) -> Value {
    change(&mut object);
    object
}

async fn told_of_session(change: impl FnOnce(&mut Value)) -> News {
    told("checkout.session.completed", changed(session(), change)).await
}

#[tokio::test]
async fn an_event_tells_what_it_is_whatever_it_is_about() {
    let PaymentNotice { arrival, news } =
        signed(&event("invoice.paid", json!({"id": "in_1"})).to_string()).await;
    assert_eq!(arrival.event_id, StripeEventId::parse("evt_1RlHe3R7UUImIKwkQOxX4eYe").unwrap());
    assert_eq!(arrival.event_type.as_str(), "invoice.paid");
    assert_eq!(arrival.api_version.unwrap().as_str(), "2099-01-01.unheard_of");
    assert_eq!(arrival.object_id.unwrap().as_str(), "in_1");
    assert_eq!((arrival.livemode, arrival.booking_id, arrival.occurred_at), (false, None, Some(at(NOW))));
    assert_eq!(news, News::Unrecognised { why: "nobody here knows its kind" });

    let live =
        changed(event("checkout.session.completed", session()), |event| event["livemode"] = json!(true));
    let arrival = signed(&live.to_string()).await.arrival;
    assert!(arrival.livemode);
    assert_eq!(arrival.booking_id, Some(BookingId::parse("booking_X7").unwrap()));

    let bare =
        signed(r#"{"id":"evt_1","type":"charge.refunded","data":{"object":{"id":"Ada Lovelace"}}}"#).await;
    let arrival = bare.arrival;
    assert_eq!((arrival.api_version, arrival.object_id, arrival.occurred_at), (None, None, None));
    assert!(!arrival.livemode, "money is not taken for real unless it says so");
}

#[tokio::test]
async fn what_is_no_event_is_said_to_be_none() {
    for body in [
        "not json at all",
        "",
        "[]",
        "{}",
        r#"{"id":"evt_1"}"#,
        r#"{"id":"evt_1","type":7}"#,
        r#"{"id":"evt_1","type":"Ada Lovelace, ada@example.com"}"#,
        r#"{"id":"evt#1","type":"charge.refunded"}"#,
        r#"{"type":"charge.refunded"}"#,
    ] {
        let signature = Webhook::generate_test_header(body, SECRET, Some(NOW));
        let read = read(body.as_bytes(), &signature).await;
        assert!(matches!(read, Err(WebhookError::NoEvent(_))), "{body}: {read:?}");
    }
}

#[tokio::test]
async fn a_session_is_read_in_every_state_whatever_else_is_in_it() {
    assert_eq!(told_of_session(|_| ()).await, News::Session(paid()));
    let unpaid = |session: &mut Value| session["payment_status"] = json!("unpaid");
    let stands = |stage| News::Session(SessionFacts { stage, ..paid() });
    assert_eq!(told_of_session(unpaid).await, stands(SessionStage::Processing));

    let succeeded = "checkout.session.async_payment_succeeded";
    assert_eq!(told(succeeded, session()).await, stands(SessionStage::Paid));
    let failed = "checkout.session.async_payment_failed";
    assert_eq!(told(failed, changed(session(), unpaid)).await, stands(SessionStage::Failed));
    assert_eq!(told(failed, session()).await, stands(SessionStage::Paid), "what it says itself counts");

    let expired = changed(session(), |session| {
        session["status"] = json!("expired");
        session["payment_status"] = json!("unpaid");
        session["payment_intent"] = json!(null);
    });
    let facts = SessionFacts { stage: SessionStage::Expired, payment_intent: None, ..paid() };
    assert_eq!(told("checkout.session.expired", expired).await, News::Session(facts));

    let live = SessionFacts { livemode: true, ..paid() };
    assert_eq!(told_of_session(|session| session["livemode"] = json!(true)).await, News::Session(live));
    for odd in [json!(null), json!({}), json!({"attempt": "first"}), json!({"attempt": 2})] {
        let untold = SessionFacts { attempt: None, ..paid() };
        let news = told_of_session(|session| session["metadata"] = odd).await;
        assert_eq!(news, News::Session(untold), "a session from before attempts were told");
    }
}

#[tokio::test]
async fn a_payment_intent_may_be_written_out_missing_or_nonsense() {
    let expanded = json!({"id": "pi_3RlHe2R7UUImIKwk0PqLT3rA", "object": "payment_intent", "amount": 1228});
    let news = told_of_session(|session| session["payment_intent"] = expanded).await;
    assert_eq!(news, News::Session(paid()));
    for odd in [json!(null), json!("ch_1"), json!("pi_"), json!("pi_a#b"), json!("pi_é")] {
        let news = told_of_session(|session| session["payment_intent"] = odd).await;
        assert_eq!(news, News::Session(SessionFacts { payment_intent: None, ..paid() }));
    }
}

#[tokio::test]
async fn a_session_that_is_not_ours_asks_nothing_of_us_and_one_of_another_shape_is_kept() {
    for odd in [json!(null), json!(""), json!("order-17"), json!("booking_"), json!("booking_a/b")] {
        let news = told_of_session(|session| {
            session["client_reference_id"] = odd;
            session["amount_total"] = json!(null);
        });
        assert_eq!(news.await, News::Nothing);
    }
    for (member, odd) in [
        ("amount_total", json!("12.28")),
        ("amount_total", json!(12.28)),
        ("currency", json!(null)),
        ("id", json!("cs_test_#")),
        ("payment_status", json!("no_payment_required")),
        ("payment_status", json!(7)),
        ("status", json!("paused")),
        ("status", json!(null)),
    ] {
        let news = told_of_session(|session| session[member] = odd.clone()).await;
        assert!(matches!(news, News::Unrecognised { .. }), "{member} {odd}: {news:?}");
    }
    for kind in ["checkout.session.completed", "charge.refunded", "payment_intent.payment_failed"] {
        let shapeless = News::Unrecognised { why: "it is about no object" };
        for body in [
            json!({"id": "evt_1", "type": kind}),
            json!({"id": "evt_1", "type": kind, "data": {"object": 7}}),
        ] {
            assert_eq!(signed(&body.to_string()).await.news, shapeless, "{body}");
        }
    }
}

#[tokio::test]
async fn a_declined_card_asks_nothing_of_us_and_says_of_which_payment() {
    let intent =
        json!({"id": "pi_1", "metadata": {"bookingId": "booking_X7"}, "last_payment_error": {"code": "x"}});
    let notice = signed(&event("payment_intent.payment_failed", intent).to_string()).await;
    assert_eq!(notice.news, News::Nothing);
    assert_eq!(notice.arrival.object_id.unwrap().as_str(), "pi_1");
    assert_eq!(notice.arrival.booking_id.unwrap().as_str(), "booking_X7");
}

#[tokio::test]
async fn news_of_a_refund_says_of_which_payment_and_no_more() {
    let changed = News::Refunds { payment_intent: "pi_1".into(), booking_id: None };
    for kind in ["charge.refunded", "refund.created", "refund.updated", "refund.failed"] {
        assert_eq!(told(kind, json!({"id": "re_1", "payment_intent": "pi_1"})).await, changed, "{kind}");
        assert_eq!(
            told(kind, json!({"id": "re_1", "payment_intent": {"id": "pi_1"}})).await,
            changed,
            "{kind}"
        );
        for odd in [json!(null), json!("src_1"), json!("pi_#"), json!(7)] {
            assert_eq!(
                told(kind, json!({"id": "re_1", "payment_intent": odd})).await,
                News::Nothing,
                "{kind}"
            );
        }
    }
}

#[tokio::test]
async fn a_dispute_is_read_and_an_enquiry_holds_no_money() {
    let dispute = |status: &str| {
        json!({
            "id": "du_1RlHe2", "object": "dispute", "amount": 1228, "charge": "ch_1", "created": NOW - 60,
            "currency": "gbp", "evidence": {"customer_name": "Ada"}, "payment_intent": "pi_1", "status": status
        })
    };
    let stands = |stage| {
        News::Dispute(DisputeFacts {
            id: "du_1RlHe2".into(),
            payment_intent: Some("pi_1".into()),
            amount: 1228,
            currency: "gbp".into(),
            stage,
            created_at: at(NOW - 60),
        })
    };
    for (kind, status, expected) in [
        ("charge.dispute.created", "needs_response", stands(DisputeStage::Open)),
        ("charge.dispute.created", "warning_needs_response", News::Nothing),
        ("charge.dispute.updated", "under_review", stands(DisputeStage::Open)),
        ("charge.dispute.funds_withdrawn", "needs_response", stands(DisputeStage::Open)),
        ("charge.dispute.funds_reinstated", "won", stands(DisputeStage::Won)),
        ("charge.dispute.closed", "won", stands(DisputeStage::Won)),
        ("charge.dispute.closed", "lost", stands(DisputeStage::Lost)),
        ("charge.dispute.closed", "warning_closed", News::Nothing),
        ("charge.dispute.closed", "prevented", News::Nothing),
        ("charge.dispute.closed", "unheard", News::Unrecognised { why: "it does not say how it stands" }),
    ] {
        assert_eq!(told(kind, dispute(status)).await, expected, "{kind} {status}");
    }
    let foreign = changed(dispute("lost"), |dispute| dispute["payment_intent"] = json!(null));
    assert_eq!(told("charge.dispute.created", foreign).await, News::Nothing);
}

#[tokio::test]
async fn a_signature_made_elsewhere_is_accepted() {
    // printf '1795219200.{"id":"evt_1","type":"ping"}' | openssl dgst -sha256 -hmac whsec_local
    let signature = "t=1795219200,v1=2d0738a126ca5cde55d116c94e4b56f897ecc288e4b9ef0d7a021caebcacb19c";
    let notice = read(br#"{"id":"evt_1","type":"ping"}"#, signature).await.unwrap();
    assert_eq!(notice.arrival.event_type.as_str(), "ping");
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
async fn either_of_two_secrets_is_enough_while_one_is_rotated() {
    let body = event("charge.refunded", json!({})).to_string();
    for kept in
        ["whsec_old,whsec_new", " whsec_new , whsec_old\n", "whsec_old\nwhsec_new", "whsec_old whsec_new"]
    {
        for (secret, good) in [("whsec_old", true), ("whsec_new", true), ("whsec_older", false), ("", false)]
        {
            let signature = Webhook::generate_test_header(&body, secret, Some(NOW));
            let read = StripeNotices::new(held(kept)).read(body.as_bytes(), &signature, at(NOW)).await;
            assert_eq!(read.is_ok(), good, "{kept:?} {secret}: {read:?}");
        }
    }
}

#[tokio::test]
async fn a_secret_that_was_rotated_is_asked_for_once_before_anything_is_called_forged() {
    let body = event("charge.refunded", json!({})).to_string();
    for (signed_with, good) in [("whsec_new", true), ("whsec_stranger", false), ("whsec_old", true)] {
        let secret = Rotated::new("whsec_old", "whsec_old whsec_new");
        let signature = Webhook::generate_test_header(&body, signed_with, Some(NOW));
        let read = StripeNotices::new(secret.clone()).read(body.as_bytes(), &signature, at(NOW)).await;
        assert_eq!(read.is_ok(), good, "{signed_with}: {read:?}");
        assert_eq!(secret.refreshed(), u32::from(signed_with != "whsec_old"), "{signed_with}");
        if !good {
            assert!(matches!(read, Err(WebhookError::Forged(_))), "{read:?}");
        }
    }
    // What is too old is so by any secret.
    let secret = Rotated::new("whsec_old", "whsec_new");
    let signature = Webhook::generate_test_header(&body, "whsec_old", Some(NOW - 301));
    let read = StripeNotices::new(secret.clone()).read(body.as_bytes(), &signature, at(NOW)).await;
    assert!(matches!(read, Err(WebhookError::Forged(_))), "{read:?}");
    assert_eq!(secret.refreshed(), 0);
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
    told_of_session(|session| session["customer_email"] = json!("ada@example.com")).await;
    let signature = Webhook::generate_test_header("ada@example.com", SECRET, Some(NOW));
    read(b"ada@example.com", &signature).await.unwrap_err();
    read(b"ada@example.com", "t=1,v1=00").await.unwrap_err();
    tracing::info!("the ear is open");
    let text = overheard();
    assert!(text.contains("the ear is open"), "{text}");
    assert!(!text.contains("ada@"), "{text}");
    assert!(!text.contains(SECRET), "{text}");
}
