use serde_json::json;

use super::*;

async fn post(stripe: &Arc<StripeStandIn>, path: &str, accept: Option<&str>) -> (StatusCode, String, String) {
    let mut request = Request::post(format!("/local/stripe/checkout/{path}"));
    if let Some(accept) = accept {
        request = request.header("accept", accept);
    }
    let (status, headers, body) = send(stripe.card_holder(), request.body(Body::empty()).unwrap()).await;
    (status, headers["content-type"].to_str().unwrap().to_owned(), body)
}

async fn act(stripe: &Arc<StripeStandIn>, path: &str) -> (u16, Value) {
    let (status, _, body) = post(stripe, path, None).await;
    (status.as_u16(), serde_json::from_str(&body).unwrap())
}

async fn delivered(stripe: &Arc<StripeStandIn>) -> Vec<WebhookDelivery> {
    let webhook = Webhook::default();
    stripe.deliver_due(&webhook).await;
    webhook.got()
}

#[tokio::test]
async fn a_session_is_paid_once() {
    let (stripe, clock) = start();
    let id = opened(&stripe).await;
    let (status, paid) = act(&stripe, &format!("{id}/pay")).await;
    assert_eq!(status, 200);
    let intent = paid["paymentIntent"].as_str().unwrap().to_owned();
    assert!(intent.starts_with("pi_"), "{intent}");
    let expected =
        json!({"sessionId": id, "status": "complete", "paymentStatus": "paid", "paymentIntent": intent});
    assert_eq!(paid, expected);

    for action in ["pay", "decline", "expire"] {
        let (status, refused) = act(&stripe, &format!("{id}/{action}")).await;
        assert_eq!(status, 409);
        assert_eq!(refused["session"], expected, "nothing changed");
    }
    let events = delivered(&stripe).await;
    assert_eq!(events.len(), 1, "one charge, one event");
    let PaymentNotice::CheckoutCompleted(notice) = understood(&events[0], clock.now()).await else {
        panic!("{events:?}");
    };
    assert!(notice.paid);
    assert_eq!((notice.amount, notice.currency.as_str()), (1228, "gbp"));
    assert_eq!(notice.booking_id.as_str(), "booking_X7");
    assert_eq!(notice.session_id, id);
    assert_eq!(notice.payment_intent, Some(intent));
    assert_eq!(notice.event_id, events[0].event_id);
}

#[tokio::test]
async fn a_decline_leaves_the_session_open_and_the_next_try_is_of_the_same_intent() {
    let (stripe, clock) = start();
    let id = opened(&stripe).await;
    let (status, declined) = act(&stripe, &format!("{id}/decline")).await;
    assert_eq!(
        (status, &declined["status"], &declined["paymentStatus"]),
        (200, &json!("open"), &json!("unpaid"))
    );
    let (status, paid) = act(&stripe, &format!("{id}/pay")).await;
    assert_eq!((status, &paid["paymentIntent"]), (200, &declined["paymentIntent"]));

    let events = delivered(&stripe).await;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["payment_intent.payment_failed", "checkout.session.completed"]);
    let failed: Value = serde_json::from_str(&events[0].body).unwrap();
    let intent = &failed["data"]["object"];
    assert_eq!(
        intent["metadata"],
        json!({"bookingId": "booking_X7"}),
        "the intent leads back to the booking"
    );
    assert_eq!(intent["last_payment_error"]["code"], "card_declined");
    let kind = "payment_intent.payment_failed".to_owned();
    assert_eq!(understood(&events[0], clock.now()).await, PaymentNotice::Other { kind });
}

#[tokio::test]
async fn every_event_is_one_that_the_library_decodes_strictly() {
    let (stripe, clock) = start();
    let (first, second) = (opened(&stripe).await, opened(&stripe).await);
    stripe.act(&first, CardAction::Decline).unwrap();
    stripe.act(&first, CardAction::Pay).unwrap();
    stripe.act(&second, CardAction::Expire).unwrap();
    let events = delivered(&stripe).await;
    assert_eq!(events.len(), 3);
    for event in events {
        let now = clock.now().seconds();
        let decoded = stripe_webhook::Webhook::construct_event_with_timestamp(
            &event.body,
            &event.signature,
            SIGNING_SECRET,
            now,
        )
        .unwrap();
        assert_eq!(decoded.type_.as_str(), event.kind);
        assert_eq!(decoded.created, now);
        let known = !matches!(decoded.data.object, stripe_webhook::EventObject::Unknown(_));
        assert!(known, "{}", event.kind);
    }
}

#[tokio::test]
async fn a_session_expires_by_the_clock_and_says_so() {
    let (stripe, clock) = start();
    let id = opened(&stripe).await;
    clock.advance(2_399);
    stripe.sweep(clock.now()).unwrap();
    assert!(delivered(&stripe).await.is_empty());
    clock.advance(1);
    let (status, refused) = act(&stripe, &format!("{id}/pay")).await;
    assert_eq!((status, &refused["session"]["status"]), (409, &json!("expired")), "before any sweep");
    stripe.sweep(clock.now()).unwrap();
    stripe.sweep(clock.now()).unwrap();
    let events = delivered(&stripe).await;
    assert_eq!(events.len(), 1, "once");
    assert_eq!(events[0].kind, "checkout.session.expired");

    let other = opened_at(&stripe, clock.now().seconds() + 1_800).await;
    clock.advance(1_800);
    stripe.sweep(clock.now()).unwrap();
    assert!(matches!(stripe.act(&other, CardAction::Pay), Err(CardRefusal::Over(_))));
}

async fn opened_at(stripe: &Arc<StripeStandIn>, expiry: i64) -> String {
    let (_, _, session) = create(stripe, form(&[("expires_at", &expiry.to_string())]), None).await;
    session["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (stripe, _) = start();
    let id = opened(&stripe).await;
    for path in ["cs_test_none/pay".to_owned(), format!("{id}/refund")] {
        let (status, kind, body) = post(&stripe, &path, None).await;
        assert_eq!((status.as_u16(), kind.as_str()), (404, "application/problem+json"), "{path}: {body}");
    }
    assert!(delivered(&stripe).await.is_empty());
}

#[tokio::test]
async fn a_person_gets_a_page() {
    let (stripe, _) = start();
    let asked = [("line_items[0][price_data][product_data][name]", "%3Cb%3EQuay%3C/b%3E+%26+%22Co%22")];
    let (_, _, session) = create(&stripe, form(&asked), None).await;
    let id = session["id"].as_str().unwrap();
    let request = Request::get(format!("/local/stripe/checkout/{id}")).body(Body::empty()).unwrap();
    let (status, _, html) = send(stripe.card_holder(), request).await;
    assert_eq!(status, 200);
    assert!(html.contains("<h1>£12.28</h1>"), "{html}");
    assert!(html.contains("&lt;b&gt;Quay&lt;/b&gt; &amp; &quot;Co&quot;"), "{html}");
    for action in ["pay", "decline", "expire"] {
        assert!(html.contains(&format!("action=\"/local/stripe/checkout/{id}/{action}\"")), "{html}");
    }
    let browser = Some("text/html,application/xhtml+xml");
    let (status, kind, html) = post(&stripe, &format!("{id}/decline"), browser).await;
    assert_eq!((status.as_u16(), kind.as_str()), (200, "text/html; charset=utf-8"));
    assert!(html.contains("declined") && html.contains("<form"), "{html}");
    let (_, _, html) = post(&stripe, &format!("{id}/pay"), browser).await;
    assert!(html.contains("https://dorset.example/paid") && !html.contains("<form"), "{html}");
    let (status, _, html) = post(&stripe, &format!("{id}/pay"), browser).await;
    assert!(status == 409 && html.contains("Paid"), "{html}");
    let (status, _, html) = post(&stripe, "cs_none/pay", browser).await;
    assert!(status == 404 && html.contains("no such Checkout Session"), "{html}");
}
