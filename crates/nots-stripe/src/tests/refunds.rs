use nots_core::{
    BookingId, Currency, Pence, Timestamp,
    id::RefundId,
    money::Total,
    ports::{GatewayError, Payments, RefundFacts, RefundOrder, RefundStage},
};
use serde_json::{Value, json};

use super::server::{Say, Server, asking, error};

fn order() -> RefundOrder {
    RefundOrder {
        refund_id: RefundId::parse("refund_R7").unwrap(),
        booking_id: BookingId::parse("booking_X7").unwrap(),
        payment_intent: "pi_3RlHe2R7UUImIKwk0PqLT3rA".into(),
        amount: Total { total: Pence::new(614), currency: Currency::Gbp },
    }
}

/// A `refund` as Stripe answers it, and a field of tomorrow.
fn made(change: impl FnOnce(&mut Value)) -> Value {
    let mut refund = json!({
        "id": "re_3RlHe2R7UUImIKwk0LhWmS4e",
        "object": "refund",
        "amount": 614,
        "balance_transaction": "txn_3RlHe2R7UUImIKwk0K2bV5yD",
        "charge": "ch_3RlHe2R7UUImIKwk0mQ3Xh8P",
        "created": 1_795_219_260,
        "currency": "gbp",
        "destination_details": {"card": {"reference": "4242424242424242", "type": "refund"}, "type": "card"},
        "metadata": {"bookingId": "booking_X7", "refundId": "refund_R7"},
        "payment_intent": "pi_3RlHe2R7UUImIKwk0PqLT3rA",
        "reason": null,
        "status": "succeeded",
        "tomorrow": [[{}]]
    });
    change(&mut refund);
    refund
}

fn facts() -> RefundFacts {
    RefundFacts {
        id: "re_3RlHe2R7UUImIKwk0LhWmS4e".into(),
        payment_intent: Some("pi_3RlHe2R7UUImIKwk0PqLT3rA".into()),
        amount: 614,
        currency: "gbp".into(),
        stage: RefundStage::Succeeded,
        failure: None,
        refund_id: Some(RefundId::parse("refund_R7").unwrap()),
        created_at: Timestamp::new(1_795_219_260).unwrap(),
    }
}

#[tokio::test]
async fn a_refund_is_asked_for_by_its_own_id_and_again_in_the_same_words() {
    let lost = || Say::Json(500, error("api_error", "unknown_to_us", None));
    let (server, url) = Server::start([lost(), Say::Json(200, made(|_| ()))]).await;
    assert_eq!(asking(&url).refund(&order()).await.unwrap(), facts());
    let heard = server.heard();
    assert_eq!(heard[0], heard[1]);
    insta::assert_snapshot!(heard[1], @r"
    POST /v1/refunds
    authorization: Bearer sk_test_x
    content-type: application/x-www-form-urlencoded
    idempotency-key: refund_R7
    stripe-version: 2026-09-30.endive
    amount=614
    metadata[bookingId]=booking_X7
    metadata[refundId]=refund_R7
    payment_intent=pi_3RlHe2R7UUImIKwk0PqLT3rA
    ");
}

#[tokio::test]
async fn a_refund_stands_as_stripe_says() {
    for (status, stage) in [
        ("pending", RefundStage::Pending),
        ("requires_action", RefundStage::Pending),
        ("succeeded", RefundStage::Succeeded),
        ("failed", RefundStage::Failed),
        ("canceled", RefundStage::Failed),
    ] {
        let (_server, url) =
            Server::start([Say::Json(200, made(|refund| refund["status"] = json!(status)))]).await;
        assert_eq!(asking(&url).refund(&order()).await.unwrap().stage, stage, "{status}");
    }
    let failed = made(|refund| {
        refund["failure_reason"] = json!("lost_or_stolen_card");
        refund["status"] = json!("failed");
    });
    let (_server, url) = Server::start([Say::Json(200, failed)]).await;
    assert_eq!(asking(&url).refund(&order()).await.unwrap().failure.as_deref(), Some("lost_or_stolen_card"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_refusal_because_money_may_have_moved() {
    for (member, odd) in [
        ("status", json!("paused")),
        ("status", json!(null)),
        ("amount", json!("6.14")),
        ("currency", json!("Ada Lovelace")),
        ("created", json!(7)),
        ("id", json!("re_/../")),
    ] {
        let strange = made(|refund| refund[member] = odd.clone());
        let (_server, url) = Server::start([Say::Json(200, strange)]).await;
        let failed = asking(&url).refund(&order()).await.unwrap_err();
        assert!(matches!(failed, GatewayError::Unavailable(_)), "{member} {odd}: {failed:?}");
        assert!(!format!("{failed:?}").contains("Ada"), "{failed:?}");
    }
}

#[tokio::test]
async fn what_stripe_refuses_carries_its_word_for_why() {
    let refused = || Say::Json(400, error("invalid_request_error", "charge_already_refunded", None));
    let (server, url) = Server::start([refused()]).await;
    let failed = asking(&url).refund(&order()).await.unwrap_err();
    assert!(
        matches!(&failed, GatewayError::Refused { code: Some(code), .. } if code == "charge_already_refunded"),
        "{failed:?}"
    );
    assert_eq!(server.heard().len(), 1);

    // More than is left: Stripe gives no code.
    let message = "Refund amount (£12.28) is greater than unrefunded amount on charge (£6.14)";
    let body = json!({"error": {"message": message, "param": "amount", "type": "invalid_request_error"}});
    let (_server, url) = Server::start([Say::Json(400, body)]).await;
    let failed = asking(&url).refund(&order()).await.unwrap_err();
    assert!(matches!(&failed, GatewayError::Refused { code: None, .. }), "{failed:?}");
}

#[tokio::test]
async fn every_refund_of_a_payment_is_read_over_all_pages() {
    let theirs = made(|refund| {
        refund["id"] = json!("re_dashboard");
        refund["metadata"] = json!({});
    });
    let page =
        |data: Value, more: bool| Say::Json(200, json!({"object": "list", "data": data, "has_more": more}));
    let script = [page(json!([made(|_| ())]), true), page(json!([theirs]), false)];
    let (server, url) = Server::start(script).await;
    let all = asking(&url).refunds_of("pi_3RlHe2R7UUImIKwk0PqLT3rA").await.unwrap();
    assert_eq!(all, [facts(), RefundFacts { id: "re_dashboard".into(), refund_id: None, ..facts() }]);
    let heard = server.heard();
    let asked = "GET /v1/refunds?limit=100&payment_intent=pi_3RlHe2R7UUImIKwk0PqLT3rA";
    assert!(heard[0].starts_with(&format!("{asked}\n")), "{heard:?}");
    assert!(
        heard[1].starts_with(&format!("{asked}&starting_after=re_3RlHe2R7UUImIKwk0LhWmS4e\n")),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_payment_that_is_not_there_has_no_refunds() {
    for (status, code) in [(400, "resource_missing"), (404, "resource_missing"), (404, "unheard_of")] {
        let missing = Say::Json(status, error("invalid_request_error", code, Some("payment_intent")));
        let (_server, url) = Server::start([missing]).await;
        assert_eq!(asking(&url).refunds_of("pi_none").await.unwrap(), []);
    }
    let refused = Say::Json(400, error("invalid_request_error", "parameter_invalid_empty", None));
    let (_server, url) = Server::start([refused]).await;
    assert!(matches!(asking(&url).refunds_of("pi_1").await.unwrap_err(), GatewayError::Refused { .. }));
}
