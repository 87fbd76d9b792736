use nots_core::ports::{GatewayError, Payments, RefundStage};
use nots_stripe::{Patience, StripePayments};
use serde_json::json;

use super::{api::serve, *};

/// A client that tries once, and one that tries again at once.
async fn clients(stripe: &Arc<StripeStandIn>) -> (StripePayments, StripePayments) {
    let url = serve(stripe).await;
    let pause = Duration::from_millis(1);
    let client = |tries| {
        let patience = Patience { tries, pause, ..Patience::default() };
        StripePayments::new(Arc::new(Held(API_KEY)), Some(&url)).with_patience(patience)
    };
    (client(1), client(3))
}

async fn set(stripe: &Arc<StripeStandIn>, faults: Value) {
    let (status, told) = local(stripe, "POST", "faults", faults).await;
    assert_eq!(status, 200, "{told}");
}

fn sessions(stripe: &Arc<StripeStandIn>) -> usize {
    stripe.look(|state| state.sessions.len())
}

#[tokio::test]
async fn faults_are_set_shown_and_cleared_and_what_is_not_known_is_refused() {
    let (stripe, _) = start();
    let none = json!({
        "failNext": 0, "loseNext": 0, "rateLimitNext": 0, "declineNext": 0, "failRefunds": 0,
        "delayEventsSeconds": 0, "repeatEvents": 0, "reorderEvents": false,
    });
    assert_eq!(local(&stripe, "GET", "faults", Value::Null).await, (200, none.clone()));
    set(&stripe, json!({"failNext": 2, "reorderEvents": true})).await;
    let (_, told) = local(&stripe, "POST", "faults", json!({"repeatEvents": 3, "reorderSeed": 7})).await;
    let expected = json!({
        "failNext": 2, "loseNext": 0, "rateLimitNext": 0, "declineNext": 0, "failRefunds": 0,
        "delayEventsSeconds": 0, "repeatEvents": 3, "reorderEvents": true, "reorderSeed": 7,
    });
    assert_eq!(told, expected, "what is not named stays");
    assert_eq!(local(&stripe, "GET", "faults", Value::Null).await.1, expected);
    let bad = json!({"failNext": -1, "repeatEvents": 256, "reorderEvents": "yes", "explode": true});
    let (status, refused) = local(&stripe, "POST", "faults", bad).await;
    let mut pointers: Vec<_> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!((status, pointers), (422, vec!["/explode", "/failNext", "/reorderEvents", "/repeatEvents"]));
    assert_eq!(local(&stripe, "DELETE", "faults", Value::Null).await, (200, none));
}

#[tokio::test]
async fn a_request_that_fails_or_comes_too_fast_is_not_done_and_one_whose_answer_is_lost_is() {
    for (fault, done) in [("failNext", 0), ("rateLimitNext", 0), ("loseNext", 1)] {
        let (stripe, _) = start();
        let (once, again) = clients(&stripe).await;
        set(&stripe, json!({fault: 1})).await;
        let failed = once.open_checkout(&order("k1")).await.unwrap_err();
        assert!(matches!(failed, GatewayError::Unavailable(_)), "{fault}: {failed:?}");
        assert_eq!(sessions(&stripe), done, "{fault}");
        once.open_checkout(&order("k1")).await.unwrap();
        assert_eq!(sessions(&stripe), 1, "{fault}: the same key is the same session");

        set(&stripe, json!({fault: 2})).await;
        again.open_checkout(&order("k2")).await.unwrap();
        assert_eq!(sessions(&stripe), 2, "{fault}");
    }
}

#[tokio::test]
async fn a_good_card_is_declined_on_request() {
    let (stripe, _) = start();
    set(&stripe, json!({"declineNext": 1})).await;
    let id = opened(&stripe).await;
    assert_eq!(stripe.act(&id, CardAction::Pay).unwrap().status, "open");
    assert_eq!(stripe.act(&id, CardAction::Pay).unwrap().payment_status, "paid");
    assert_eq!(
        kinds(&delivered(&stripe).await),
        ["payment_intent.payment_failed", "checkout.session.completed"]
    );
}

#[tokio::test]
async fn a_refund_is_pending_and_fails_a_minute_later_on_request() {
    let (stripe, clock) = start();
    let (once, _) = clients(&stripe).await;
    let intent = paid(&stripe).await;
    delivered(&stripe).await;
    set(&stripe, json!({"failRefunds": 1})).await;
    let path = format!("payments/{intent}/refund");
    assert_eq!(local(&stripe, "POST", &path, json!({"amount": 28})).await.1["status"], "pending");
    assert_eq!(local(&stripe, "POST", &path, json!({"amount": 100})).await.1["status"], "succeeded");
    assert_eq!(delivered(&stripe).await.len(), 6);
    let of = async || {
        let all = once.refunds_of(&intent).await.unwrap();
        all.into_iter().map(|refund| (refund.amount, refund.stage)).collect::<Vec<_>>()
    };
    clock.advance(59);
    assert_eq!(of().await, [(100, RefundStage::Succeeded), (28, RefundStage::Pending)]);
    clock.advance(1);
    stripe.sweep(clock.now()).unwrap();
    assert_eq!(of().await, [(100, RefundStage::Succeeded), (28, RefundStage::Failed)]);
    assert_eq!(kinds(&delivered(&stripe).await), ["refund.updated", "refund.failed"]);
}

#[tokio::test]
async fn events_wait_come_again_and_come_in_another_order_on_request() {
    let (stripe, clock) = start();
    set(&stripe, json!({"delayEventsSeconds": 30, "repeatEvents": 2})).await;
    let (first, second) = (opened(&stripe).await, opened(&stripe).await);
    stripe.act(&first, CardAction::Decline).unwrap();
    stripe.act(&first, CardAction::Pay).unwrap();
    stripe.act(&second, CardAction::Expire).unwrap();
    assert!(delivered(&stripe).await.is_empty());
    clock.advance(29);
    assert!(delivered(&stripe).await.is_empty());
    clock.advance(1);
    let events = delivered(&stripe).await;
    let round = ["payment_intent.payment_failed", "checkout.session.completed", "checkout.session.expired"];
    assert_eq!(kinds(&events), [round, round, round].concat());
    assert_eq!(events[0].body, events[3].body);
    assert!(delivered(&stripe).await.is_empty());
}

/// The order in which the events of three declines and a payment come.
async fn order_of_events(faults: Value) -> Vec<usize> {
    let (stripe, clock) = start();
    set(&stripe, json!({"delayEventsSeconds": 5})).await;
    set(&stripe, faults).await;
    let mut sent = Vec::new();
    for _ in 0..6 {
        let id = opened(&stripe).await;
        stripe.act(&id, CardAction::Pay).unwrap();
        sent.push(id);
    }
    clock.advance(5);
    let events = delivered(&stripe).await;
    events.iter().map(|event| sent.iter().position(|id| event.body.contains(id)).unwrap()).collect()
}

#[tokio::test]
async fn the_order_is_the_newest_first_or_one_that_follows_from_a_seed() {
    assert_eq!(order_of_events(json!({})).await, [0, 1, 2, 3, 4, 5]);
    assert_eq!(order_of_events(json!({"reorderEvents": true})).await, [5, 4, 3, 2, 1, 0]);
    let seeded = order_of_events(json!({"reorderSeed": 1})).await;
    assert_eq!(seeded, order_of_events(json!({"reorderSeed": 1})).await);
    assert_ne!(seeded, order_of_events(json!({"reorderSeed": 2})).await);
    let mut all = seeded;
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4, 5], "each once");
}
