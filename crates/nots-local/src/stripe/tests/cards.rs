use serde_json::json;

use super::*;

async fn post(stripe: &Arc<StripeStandIn>, path: &str, accept: Option<&str>) -> (StatusCode, String, String) {
    let mut request = Request::post(format!("/local/stripe/checkout/{path}"));
    if let Some(accept) = accept {
        request = request.header("accept", accept);
    }
    let (status, headers, body) = send(stripe.for_people(), request.body(Body::empty()).unwrap()).await;
    (status, headers["content-type"].to_str().unwrap().to_owned(), body)
}

async fn act(stripe: &Arc<StripeStandIn>, path: &str) -> (u16, Value) {
    let (status, _, body) = post(stripe, path, None).await;
    (status.as_u16(), serde_json::from_str(&body).unwrap())
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
    let notice = session_of(&events[0], clock.now()).await;
    assert_eq!(notice.stage, SessionStage::Paid);
    assert_eq!((notice.amount, notice.currency.as_str()), (1228, "gbp"));
    assert_eq!(notice.booking_id.as_str(), "booking_X7");
    assert_eq!(notice.session_id, id);
    assert_eq!(notice.payment_intent, Some(intent));
    let arrival = understood(&events[0], clock.now()).await.arrival;
    assert_eq!(arrival.event_id.as_str(), events[0].event_id);
    assert!(!arrival.livemode);
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
    assert_eq!(kinds(&events), ["payment_intent.payment_failed", "checkout.session.completed"]);
    let failed: Value = serde_json::from_str(&events[0].body).unwrap();
    let intent = &failed["data"]["object"];
    assert_eq!(
        intent["metadata"],
        json!({"bookingId": "booking_X7"}),
        "the intent leads back to the booking"
    );
    assert_eq!(intent["last_payment_error"]["code"], "card_declined");
    assert_eq!(understood(&events[0], clock.now()).await.news, News::Nothing);
}

#[tokio::test]
async fn every_event_is_one_that_the_library_decodes_strictly() {
    let (stripe, clock) = start();
    let (first, second, third, fourth) =
        (opened(&stripe).await, opened(&stripe).await, opened(&stripe).await, opened(&stripe).await);
    stripe.act(&first, CardAction::Decline).unwrap();
    let intent = stripe.act(&first, CardAction::Pay).unwrap().payment_intent.unwrap();
    stripe.act(&second, CardAction::Expire).unwrap();
    stripe.act(&third, CardAction::PayLater).unwrap();
    let other = stripe.act(&third, CardAction::Arrive).unwrap().payment_intent.unwrap();
    stripe.act(&fourth, CardAction::PayLater).unwrap();
    stripe.act(&fourth, CardAction::Bounce).unwrap();
    let (_, refund) =
        local(&stripe, "POST", &format!("payments/{intent}/refund"), json!({"amount": 28})).await;
    local(&stripe, "POST", &format!("refunds/{}/fail", refund["id"].as_str().unwrap()), Value::Null).await;
    for of in [&intent, &other] {
        local(&stripe, "POST", &format!("charges/{of}/dispute"), Value::Null).await;
    }
    local(&stripe, "POST", &format!("charges/{intent}/dispute/win"), Value::Null).await;
    local(&stripe, "POST", &format!("charges/{other}/dispute/lose"), Value::Null).await;
    let events = delivered(&stripe).await;
    let kinds: std::collections::BTreeSet<&str> = kinds(&events).into_iter().collect();
    let expected = [
        "charge.dispute.closed",
        "charge.dispute.created",
        "charge.dispute.funds_reinstated",
        "charge.dispute.funds_withdrawn",
        "charge.refunded",
        "checkout.session.async_payment_failed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.completed",
        "checkout.session.expired",
        "payment_intent.payment_failed",
        "refund.created",
        "refund.failed",
        "refund.updated",
    ];
    assert_eq!(kinds, expected.into());
    for event in events {
        let now = clock.now().seconds();
        let decoded = stripe_webhook::Webhook::construct_event_with_timestamp(
            &event.body,
            &event.signature,
            SIGNING_SECRET,
            now,
        )
        .unwrap_or_else(|error| panic!("{}: {error}\n{}", event.kind, event.body));
        assert_eq!(decoded.type_.as_str(), event.kind);
        assert_eq!(decoded.created, now);
        let known = !matches!(decoded.data.object, stripe_webhook::EventObject::Unknown(_));
        assert!(known, "{}", event.kind);
        let read = understood(&event, clock.now()).await;
        assert!(!matches!(read.news, News::Unrecognised { .. }), "{}: {read:?}", event.kind);
        assert!(read.arrival.object_id.is_some(), "{}", event.kind);
    }
}

#[tokio::test]
async fn a_slow_payment_is_on_its_way_until_it_comes_or_does_not() {
    let (stripe, clock) = start();
    for (outcome, stage, status) in
        [("arrive", SessionStage::Paid, "paid"), ("bounce", SessionStage::Failed, "unpaid")]
    {
        let id = opened(&stripe).await;
        let (status_before, refused) = act(&stripe, &format!("{id}/{outcome}")).await;
        assert_eq!(status_before, 409, "nothing is on its way: {refused}");
        let (_, waits) = act(&stripe, &format!("{id}/pay-later")).await;
        assert_eq!((&waits["status"], &waits["paymentStatus"]), (&json!("complete"), &json!("unpaid")));
        let first = delivered(&stripe).await;
        assert_eq!(kinds(&first), ["checkout.session.completed"]);
        assert_eq!(session_of(&first[0], clock.now()).await.stage, SessionStage::Processing);
        for action in ["pay", "decline", "expire", "pay-later"] {
            assert_eq!(act(&stripe, &format!("{id}/{action}")).await.0, 409, "{action}");
        }

        let (_, settled) = act(&stripe, &format!("{id}/{outcome}")).await;
        assert_eq!(settled["paymentStatus"], status);
        let then = delivered(&stripe).await;
        let last = session_of(then.last().unwrap(), clock.now()).await;
        assert_eq!(last.stage, stage);
        assert_eq!(last.payment_intent.as_deref(), waits["paymentIntent"].as_str());
        assert_eq!(act(&stripe, &format!("{id}/{outcome}")).await.0, 409, "once");
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
    let (status, _, html) = send(stripe.for_people(), request).await;
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
