use nots_core::ports::Payments;
use nots_stripe::StripePayments;
use serde_json::json;
use stripe::{Client, ClientBuilder};
use stripe_checkout::{
    CheckoutSession, CheckoutSessionPaymentStatus, CheckoutSessionStatus, CheckoutSessionUiMode,
    checkout_session::RetrieveCheckoutSession,
};

use super::*;

/// Serves the stand-in on a free port; the answer is where.
pub(super) async fn serve(stripe: &Arc<StripeStandIn>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = stripe.api();
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn retrieve(client: &Client, id: &str) -> CheckoutSession {
    RetrieveCheckoutSession::new(id).send(client).await.unwrap()
}

#[tokio::test]
async fn the_platforms_client_opens_a_session_and_a_strict_one_reads_it_in_each_state() {
    let (stripe, _) = start();
    let url = serve(&stripe).await;
    let payments = StripePayments::new(Arc::new(Held(API_KEY)), Some(&url));
    let opened = payments.open_checkout(&order("checkout-payment_X7-1")).await.unwrap();
    assert_eq!(opened.url, format!("{PAGES}/{}", opened.id));
    let again = payments.open_checkout(&order("checkout-payment_X7-1")).await.unwrap();
    assert_eq!(again, opened, "the same key is the same session");
    let next = payments.open_checkout(&order("checkout-payment_X7-2")).await.unwrap();
    assert_ne!(next.id, opened.id);

    let client = ClientBuilder::new(API_KEY).url(url).build().unwrap();
    let session = retrieve(&client, &opened.id).await;
    assert_eq!(session.status, Some(CheckoutSessionStatus::Open));
    assert_eq!(session.payment_status, CheckoutSessionPaymentStatus::Unpaid);
    assert_eq!(session.ui_mode, Some(CheckoutSessionUiMode::HostedPage));
    assert_eq!(session.url, Some(opened.url));
    assert_eq!(session.amount_total, Some(1228));
    assert_eq!(session.client_reference_id.as_deref(), Some("booking_X7"));
    assert_eq!(session.customer_email.as_deref(), Some("ada+taxi@example.com"));
    assert_eq!(session.expires_at, NOW + 2_400);
    assert_eq!(session.metadata.unwrap()["paymentId"], "payment_X7");
    assert!(session.payment_intent.is_none());

    stripe.act(&opened.id, CardAction::Decline).unwrap();
    let session = retrieve(&client, &opened.id).await;
    assert_eq!(session.status, Some(CheckoutSessionStatus::Open));
    let declined = session.payment_intent.unwrap().id().clone();

    stripe.act(&opened.id, CardAction::Pay).unwrap();
    let session = retrieve(&client, &opened.id).await;
    assert_eq!(session.status, Some(CheckoutSessionStatus::Complete));
    assert_eq!(session.payment_status, CheckoutSessionPaymentStatus::Paid);
    assert_eq!(session.payment_intent.unwrap().id(), &declined);
    assert_eq!(session.url, None);

    stripe.act(&next.id, CardAction::Expire).unwrap();
    assert_eq!(retrieve(&client, &next.id).await.status, Some(CheckoutSessionStatus::Expired));
    assert!(RetrieveCheckoutSession::new("cs_test_none").send(&client).await.is_err());
}

#[tokio::test]
async fn a_key_replays_its_answer_and_refuses_other_parameters() {
    let (stripe, clock) = start();
    let (status, headers, first) = create(&stripe, form(&[]), Some("k1")).await;
    assert_eq!(status, 200);
    assert!(!headers.contains_key("idempotent-replayed"));
    stripe.act(first["id"].as_str().unwrap(), CardAction::Pay).unwrap();

    let mut other_order: Vec<&str> = Vec::new();
    let same = form(&[]);
    other_order.extend(same.split('&').rev());
    let (status, headers, replay) = create(&stripe, other_order.join("&"), Some("k1")).await;
    assert_eq!((status, &replay), (200, &first), "as it was answered first, open and unpaid");
    assert_eq!(headers["idempotent-replayed"], "true");
    assert_eq!(headers["idempotency-key"], "k1");

    let dearer = form(&[("line_items[0][price_data][unit_amount]", "1229")]);
    let (status, _, refused) = create(&stripe, dearer, Some("k1")).await;
    assert_eq!((status, &refused["error"]["type"]), (400, &json!("idempotency_error")));

    let (_, _, another) = create(&stripe, form(&[]), Some("k2")).await;
    assert_ne!(another["id"], first["id"]);

    clock.advance(86_400);
    let later = form(&[("expires_at", "")]);
    let (status, headers, forgotten) = create(&stripe, later, Some("k1")).await;
    assert_eq!(status, 200);
    assert!(!headers.contains_key("idempotent-replayed"), "a key is remembered for a day");
    assert_ne!(forgotten["id"], first["id"]);
}

#[tokio::test]
async fn a_refusal_is_not_what_a_key_remembers() {
    let (stripe, _) = start();
    let (status, ..) = create(&stripe, form(&[("mode", "")]), Some("k1")).await;
    assert_eq!(status, 400);
    let (status, ..) = create(&stripe, form(&[]), Some("k1")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn what_stripe_would_refuse_is_refused_in_its_words() {
    const AMOUNT: &str = "line_items[0][price_data][unit_amount]";
    const CURRENCY: &str = "line_items[0][price_data][currency]";
    const NAME: &str = "line_items[0][price_data][product_data][name]";
    const QUANTITY: &str = "line_items[0][quantity]";
    let (stripe, _) = start();
    for (name, value, code, param) in [
        ("mode", "", json!("parameter_missing"), json!("mode")),
        ("mode", "gift", json!(null), json!("mode")),
        ("mode", "subscription", json!(null), json!("mode")),
        ("success_url", "", json!("parameter_missing"), json!("success_url")),
        ("success_url", "ftp://dorset.example", json!("url_invalid"), json!("success_url")),
        ("cancel_url", "https://", json!("url_invalid"), json!("cancel_url")),
        ("customer_email", "ada", json!("email_invalid"), json!("customer_email")),
        ("expires_at", "1795220999", json!(null), json!("expires_at")),
        ("expires_at", "1795305601", json!(null), json!("expires_at")),
        ("expires_at", "soon", json!("parameter_invalid_integer"), json!("expires_at")),
        (AMOUNT, "29", json!("amount_too_small"), json!(null)),
        (AMOUNT, "100000000", json!("amount_too_large"), json!(null)),
        (AMOUNT, "-1", json!("parameter_invalid_integer"), json!(AMOUNT)),
        (AMOUNT, "12.28", json!("parameter_invalid_integer"), json!(AMOUNT)),
        (CURRENCY, "eur", json!(null), json!(CURRENCY)),
        (CURRENCY, "", json!("parameter_missing"), json!(CURRENCY)),
        (NAME, "", json!("parameter_missing"), json!(NAME)),
        (QUANTITY, "0", json!("parameter_invalid_integer"), json!(QUANTITY)),
        ("capture_method", "manual", json!("parameter_unknown"), json!("capture_method")),
        ("line_items[2][quantity]", "1", json!("parameter_unknown"), json!("line_items[2][quantity]")),
        ("success_url", "%zz", json!(null), json!(null)),
    ] {
        let (status, _, refused) = create(&stripe, form(&[(name, value)]), None).await;
        let error = &refused["error"];
        assert_eq!(
            (status, &error["type"], &error["code"], &error["param"]),
            (400, &json!("invalid_request_error"), &code, &param),
            "{name}={value}: {refused}"
        );
    }
    let long = "x".repeat(201);
    let (status, ..) = create(&stripe, form(&[("client_reference_id", &long)]), None).await;
    assert_eq!(status, 400);
    for expiry in ["1795221000", "1795305600"] {
        let (status, _, session) = create(&stripe, form(&[("expires_at", expiry)]), None).await;
        assert_eq!(status, 200, "thirty minutes and a day are allowed: {session}");
    }
    let (_, _, session) = create(&stripe, form(&[("expires_at", "")]), None).await;
    assert_eq!(session["expires_at"], NOW + 86_400);
}

#[tokio::test]
async fn nothing_is_answered_without_a_test_key() {
    let (stripe, _) = start();
    for key in [None, Some("Basic c2s="), Some("Bearer sk_live_real"), Some("Bearer sk_test_")] {
        let mut request = Request::post("/v1/checkout/sessions");
        if let Some(key) = key {
            request = request.header("authorization", key);
        }
        let (status, _, body) = send(stripe.api(), request.body(form(&[]).into()).unwrap()).await;
        assert_eq!(status, 401, "{key:?}: {body}");
        assert!(!body.contains("sk_live"), "a key is not echoed");
    }
}

#[tokio::test]
async fn what_is_not_modelled_is_not_found() {
    let (stripe, _) = start();
    for request in [Request::post("/v1/charges"), Request::delete("/v1/checkout/sessions")] {
        let (status, _, body) = send(stripe.api(), request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, 404, "{body}");
        assert!(body.contains("Unrecognized request URL"), "{body}");
    }
}

#[tokio::test]
async fn a_session_is_ended_while_it_is_open_and_otherwise_told_of() {
    let (stripe, clock) = start();
    let url = serve(&stripe).await;
    let payments = StripePayments::new(Arc::new(Held(API_KEY)), Some(&url));
    let (first, second, third, fourth) =
        (opened(&stripe).await, opened(&stripe).await, opened(&stripe).await, opened(&stripe).await);
    stripe.act(&second, CardAction::Pay).unwrap();
    stripe.act(&third, CardAction::PayLater).unwrap();
    stripe.act(&fourth, CardAction::PayLater).unwrap();
    stripe.act(&fourth, CardAction::Bounce).unwrap();
    delivered(&stripe).await;

    for (id, stage) in [
        (&first, SessionStage::Expired),
        (&second, SessionStage::Paid),
        (&third, SessionStage::Processing),
        (&fourth, SessionStage::Failed),
    ] {
        for _ in 0..2 {
            let facts = payments.end_checkout(id).await.unwrap().unwrap();
            assert_eq!((facts.stage, &facts.session_id, facts.amount), (stage, id, 1228));
        }
    }
    let events = delivered(&stripe).await;
    assert_eq!(kinds(&events), ["checkout.session.expired"], "once");
    assert_eq!(session_of(&events[0], clock.now()).await.session_id, first);
    assert_eq!(payments.end_checkout("cs_test_none").await.unwrap(), None);

    let (status, refused) =
        ask(&stripe, "POST", &format!("/v1/checkout/sessions/{second}/expire"), "", None).await;
    assert_eq!(status, 400);
    assert!(
        refused["error"]["message"].as_str().unwrap().ends_with("has a status of `complete`."),
        "{refused}"
    );
}
