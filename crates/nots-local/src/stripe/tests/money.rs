use nots_core::{
    id::RefundId,
    ports::{DisputeStage, GatewayError, Payments, RefundFacts, RefundOrder, RefundStage},
};
use nots_stripe::StripePayments;
use serde_json::json;

use super::{api::serve, *};

fn order(intent: &str, id: &str, pence: i64) -> RefundOrder {
    RefundOrder {
        refund_id: RefundId::parse(id).unwrap(),
        booking_id: BookingId::parse("booking_X7").unwrap(),
        payment_intent: intent.to_owned(),
        amount: Total { total: Pence::new(pence), currency: Currency::Gbp },
    }
}

async fn client(stripe: &Arc<StripeStandIn>) -> StripePayments {
    StripePayments::new(Arc::new(Held(API_KEY)), Some(&serve(stripe).await))
}

fn stands(refunds: &[RefundFacts]) -> Vec<(Option<&str>, i64, RefundStage)> {
    refunds.iter().map(|r| (r.refund_id.as_ref().map(RefundId::as_str), r.amount, r.stage)).collect()
}

#[tokio::test]
async fn refunds_are_made_in_parts_once_for_a_key_and_never_beyond_what_was_charged() {
    let (stripe, clock) = start();
    let payments = client(&stripe).await;
    let intent = paid(&stripe).await;
    delivered(&stripe).await;

    let first = payments.refund(&order(&intent, "refund_a", 614)).await.unwrap();
    assert_eq!((first.amount, first.stage, first.created_at), (614, RefundStage::Succeeded, clock.now()));
    assert_eq!(payments.refund(&order(&intent, "refund_a", 614)).await.unwrap(), first, "the same key");
    let changed = payments.refund(&order(&intent, "refund_a", 615)).await.unwrap_err();
    assert!(matches!(changed, GatewayError::Refused { code: None, .. }), "{changed:?}");

    let events = delivered(&stripe).await;
    assert_eq!(kinds(&events), ["refund.created", "charge.refunded", "refund.updated"], "once");
    for event in &events {
        let news = understood(event, clock.now()).await.news;
        assert!(
            matches!(news, News::Refunds { payment_intent, .. } if payment_intent == intent),
            "{}",
            event.kind
        );
    }

    let over = payments.refund(&order(&intent, "refund_b", 615)).await.unwrap_err();
    assert!(matches!(over, GatewayError::Refused { code: None, .. }), "{over:?}");
    payments.refund(&order(&intent, "refund_c", 614)).await.unwrap();
    let none_left = payments.refund(&order(&intent, "refund_d", 1)).await.unwrap_err();
    let code = |error: &GatewayError| match error {
        GatewayError::Refused { code, .. } => code.clone(),
        GatewayError::Unavailable(cause) => panic!("{cause}"),
    };
    assert_eq!(code(&none_left).as_deref(), Some("charge_already_refunded"));

    let all = payments.refunds_of(&intent).await.unwrap();
    let made = RefundStage::Succeeded;
    assert_eq!(stands(&all), [(Some("refund_c"), 614, made), (Some("refund_a"), 614, made)]);
    assert_eq!(payments.refunds_of("pi_none").await.unwrap(), []);
    let unknown = payments.refund(&order("pi_none", "refund_e", 1)).await.unwrap_err();
    assert_eq!(code(&unknown).as_deref(), Some("resource_missing"));
}

#[tokio::test]
async fn a_refund_is_refused_in_stripes_words() {
    let (stripe, _) = start();
    let intent = paid(&stripe).await;
    let unpaid = stripe.act(&opened(&stripe).await, CardAction::Decline).unwrap().payment_intent.unwrap();
    let form = |rest: &str| format!("payment_intent={intent}{rest}");
    for (form, code, param) in [
        (form("&amount=0"), json!("parameter_invalid_integer"), json!("amount")),
        (form("&amount=6.14"), json!("parameter_invalid_integer"), json!("amount")),
        (form("&amount=1229"), json!(null), json!("amount")),
        (form("&reason=mood"), json!(null), json!("reason")),
        (form("&refund_application_fee=true"), json!("parameter_unknown"), json!("refund_application_fee")),
        ("amount=1".to_owned(), json!("parameter_missing"), json!("payment_intent")),
        (format!("payment_intent={unpaid}"), json!(null), json!(null)),
    ] {
        let (status, refused) = ask(&stripe, "POST", "/v1/refunds", &form, None).await;
        let error = &refused["error"];
        assert_eq!((status, &error["code"], &error["param"]), (400, &code, &param), "{form}: {refused}");
    }
    let (_, refused) = ask(&stripe, "POST", "/v1/refunds", &form("&amount=1229"), None).await;
    assert_eq!(
        refused["error"]["message"],
        "Refund amount (£12.29) is greater than unrefunded amount on charge (£12.28)"
    );
    let (status, whole) =
        ask(&stripe, "POST", "/v1/refunds", &form("&reason=requested_by_customer"), None).await;
    assert_eq!((status, &whole["amount"], &whole["status"]), (200, &json!(1228), &json!("succeeded")));
}

#[tokio::test]
async fn a_key_remembers_what_was_begun_and_forgets_what_was_wrong_in_itself() {
    let (stripe, _) = start();
    let intent = paid(&stripe).await;
    let ask_for = async |amount: &str, key: &str| {
        let form = format!("payment_intent={intent}&amount={amount}");
        ask(&stripe, "POST", "/v1/refunds", &form, Some(key)).await
    };
    assert_eq!(ask_for("nothing", "k1").await.0, 400);
    assert_eq!(ask_for("1228", "k1").await.0, 200, "it was never begun");
    let (status, first) = ask_for("1", "k2").await;
    assert_eq!((status, &first["error"]["code"]), (400, &json!("charge_already_refunded")));
    let refunds = ask(&stripe, "GET", "/v1/refunds", "", None).await.1;
    let id = refunds["data"][0]["id"].as_str().unwrap();
    local(&stripe, "POST", &format!("refunds/{id}/fail"), Value::Null).await;
    assert_eq!(ask_for("1", "k2").await, (400, first), "the same answer, although it would be done now");
    assert_eq!(ask_for("1", "k3").await.0, 200);
    assert_eq!(ask_for("2", "k3").await.1["error"]["type"], "idempotency_error");
}

#[tokio::test]
async fn a_refund_may_fail_after_it_was_made_and_what_it_gave_back_can_be_given_again() {
    let (stripe, clock) = start();
    let payments = client(&stripe).await;
    let intent = paid(&stripe).await;
    let made = payments.refund(&order(&intent, "refund_a", 1228)).await.unwrap();
    delivered(&stripe).await;
    let path = format!("refunds/{}/fail", made.id);
    let (status, failed) = local(&stripe, "POST", &path, Value::Null).await;
    assert_eq!((status, &failed["status"]), (200, &json!("failed")));
    assert_eq!(local(&stripe, "POST", &path, Value::Null).await.0, 409, "once");
    assert_eq!(local(&stripe, "POST", "refunds/re_none/fail", Value::Null).await.0, 404);
    let events = delivered(&stripe).await;
    assert_eq!(kinds(&events), ["refund.updated", "refund.failed"]);
    let news = understood(&events[1], clock.now()).await.news;
    assert!(matches!(news, News::Refunds { payment_intent, .. } if payment_intent == intent));
    payments.refund(&order(&intent, "refund_b", 1228)).await.unwrap();
    let all = payments.refunds_of(&intent).await.unwrap();
    assert_eq!(
        stands(&all),
        [(Some("refund_b"), 1228, RefundStage::Succeeded), (Some("refund_a"), 1228, RefundStage::Failed)]
    );
    assert_eq!(all[1].failure.as_deref(), Some("lost_or_stolen_card"));
}

#[tokio::test]
async fn a_refund_made_in_the_dashboard_is_nobodys_of_ours() {
    let (stripe, _) = start();
    let payments = client(&stripe).await;
    let intent = paid(&stripe).await;
    let path = format!("payments/{intent}/refund");
    let (status, part) = local(&stripe, "POST", &path, json!({"amount": 28})).await;
    assert_eq!((status, &part["amount"], &part["metadata"]), (200, &json!(28), &json!({})));
    assert_eq!(local(&stripe, "POST", &path, Value::Null).await.1["amount"], 1200, "the rest");
    assert_eq!(local(&stripe, "POST", &path, Value::Null).await.0, 409);
    assert_eq!(local(&stripe, "POST", "payments/pi_none/refund", Value::Null).await.0, 404);
    let (status, refused) = local(&stripe, "POST", &path, json!({"pence": 1, "amount": "1"})).await;
    let mut pointers: Vec<_> =
        refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    assert_eq!((status, pointers), (422, vec!["/amount", "/pence"]));
    let all = payments.refunds_of(&intent).await.unwrap();
    assert!(all.len() == 2 && all.iter().all(|refund| refund.refund_id.is_none()), "{all:?}");
}

#[tokio::test]
async fn a_dispute_holds_what_is_left_until_it_is_decided() {
    let (stripe, clock) = start();
    let payments = client(&stripe).await;
    for (outcome, stage) in [("win", DisputeStage::Won), ("lose", DisputeStage::Lost)] {
        let intent = paid(&stripe).await;
        payments.refund(&order(&intent, &format!("refund_{outcome}"), 228)).await.unwrap();
        delivered(&stripe).await;
        let path = format!("charges/{intent}/dispute");
        assert_eq!(local(&stripe, "POST", &format!("{path}/win"), Value::Null).await.0, 409, "none is open");
        let (status, opened) = local(&stripe, "POST", &path, Value::Null).await;
        assert_eq!((status, &opened["amount"]), (200, &json!(1000)));
        assert_eq!(local(&stripe, "POST", &path, Value::Null).await.0, 409, "once");
        let events = delivered(&stripe).await;
        assert_eq!(kinds(&events), ["charge.dispute.created", "charge.dispute.funds_withdrawn"]);
        let News::Dispute(facts) = understood(&events[0], clock.now()).await.news else {
            panic!("{events:?}")
        };
        assert_eq!(
            (facts.stage, facts.amount, facts.payment_intent.as_deref()),
            (DisputeStage::Open, 1000, Some(intent.as_str()))
        );
        let held = payments.refund(&order(&intent, &format!("refund_{outcome}2"), 1)).await.unwrap_err();
        assert!(
            matches!(&held, GatewayError::Refused { code: Some(code), .. } if code == "charge_disputed"),
            "{held:?}"
        );

        let charge = opened["charge"].as_str().unwrap();
        assert_eq!(
            local(&stripe, "POST", &format!("charges/{charge}/dispute/shrug"), Value::Null).await.0,
            404
        );
        let (status, _) =
            local(&stripe, "POST", &format!("charges/{charge}/dispute/{outcome}"), Value::Null).await;
        assert_eq!(status, 200);
        let events = delivered(&stripe).await;
        assert_eq!(events[0].kind, "charge.dispute.closed");
        assert_eq!(events.len(), if outcome == "win" { 2 } else { 1 });
        let News::Dispute(facts) = understood(&events[0], clock.now()).await.news else {
            panic!("{events:?}")
        };
        assert_eq!(facts.stage, stage);
        let refundable = payments.refund(&order(&intent, &format!("refund_{outcome}3"), 1)).await.is_ok();
        assert_eq!(refundable, outcome == "win");
    }
    assert_eq!(local(&stripe, "POST", "charges/pi_none/dispute", Value::Null).await.0, 404);
    let unpaid = stripe.act(&opened(&stripe).await, CardAction::Decline).unwrap().payment_intent.unwrap();
    assert_eq!(local(&stripe, "POST", &format!("charges/{unpaid}/dispute"), Value::Null).await.0, 409);
}

#[tokio::test]
async fn a_file_keeps_refunds_and_disputes_and_reads_one_from_before_there_were_any() {
    let scratch = Scratch::new("money");
    let (stripe, _) = start_with(Some(scratch.file()));
    let (intent, other) = (paid(&stripe).await, paid(&stripe).await);
    let (_, refund) =
        local(&stripe, "POST", &format!("payments/{intent}/refund"), json!({"amount": 28})).await;
    local(&stripe, "POST", &format!("charges/{other}/dispute"), Value::Null).await;
    drop(stripe);
    let (stripe, _) = start_with(Some(scratch.file()));
    let refunds = ask(&stripe, "GET", "/v1/refunds", "", None).await.1;
    assert_eq!(refunds["data"], json!([refund]));
    assert_eq!(ask(&stripe, "GET", "/v1/disputes", "", None).await.1["data"].as_array().unwrap().len(), 1);
    drop(stripe);

    let mut kept: Value = serde_json::from_slice(&std::fs::read(scratch.file()).unwrap()).unwrap();
    for member in ["refunds", "disputes"] {
        kept.as_object_mut().unwrap().remove(member).unwrap();
    }
    for session in kept["sessions"].as_object_mut().unwrap().values_mut() {
        let intent = session["intent"].as_object_mut().unwrap();
        intent.remove("triedAt").and(intent.remove("waits")).unwrap();
    }
    for event in kept["outgoing"].as_array_mut().unwrap() {
        event.as_object_mut().unwrap().remove("copies").unwrap();
    }
    std::fs::write(scratch.file(), kept.to_string()).unwrap();
    let (stripe, _) = start_with(Some(scratch.file()));
    let (status, _) = local(&stripe, "POST", &format!("payments/{intent}/refund"), Value::Null).await;
    assert_eq!(status, 200);
}
