use nots_core::{
    BookingId, Timestamp,
    ports::{ChargeFacts, DisputeFacts, DisputeStage, GatewayError, Listed, Payments},
    time::Interval,
};
use serde_json::{Value, json};

use super::server::{Say, Server, asking};

const NOW: i64 = 1_795_219_260;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(seconds).unwrap()
}

fn today() -> Interval {
    Interval { from: at(NOW - 100), to: at(NOW + 100) }
}

fn list(data: Vec<Value>, more: bool) -> Say {
    Say::Json(200, json!({"object": "list", "data": data, "has_more": more, "url": "/v1/charges"}))
}

fn charge(id: &str, captured: i64, status: &str) -> Value {
    json!({
        "id": id,
        "object": "charge",
        "amount": 1228,
        "amount_captured": captured,
        "amount_refunded": 0,
        "billing_details": {"email": "ada@example.com", "name": "Ada Lovelace"},
        "captured": captured > 0,
        "created": NOW,
        "currency": "gbp",
        "metadata": {"bookingId": "booking_X7"},
        "paid": status == "succeeded",
        "payment_intent": "pi_1",
        "payment_method_details": {"card": {"last4": "4242"}, "type": "card"},
        "status": status
    })
}

#[tokio::test]
async fn charges_that_took_money_are_listed_by_when_they_were_made() {
    let data = vec![
        charge("ch_1", 1228, "succeeded"),
        charge("ch_2", 0, "failed"),
        charge("ch_3", 0, "succeeded"),
        charge("py_4", 1228, "pending"),
    ];
    let (server, url) = Server::start([list(data, true), list(vec![], false)]).await;
    let stripe = asking(&url);
    let first = stripe.charges(today(), None).await.unwrap();
    let expected = ChargeFacts {
        id: "ch_1".into(),
        payment_intent: Some("pi_1".into()),
        amount: 1228,
        currency: "gbp".into(),
        booking_id: Some(BookingId::parse("booking_X7").unwrap()),
        created_at: at(NOW),
    };
    // Behind the last one of the page, whether it took money or not.
    assert_eq!(first, Listed { items: vec![expected], next: Some("py_4".into()) });
    assert_eq!(stripe.charges(today(), first.next).await.unwrap(), Listed { items: vec![], next: None });
    let heard = server.heard();
    let asked = "GET /v1/charges?created[gte]=1795219160&created[lt]=1795219360&limit=100";
    assert!(heard[0].starts_with(&format!("{asked}\n")), "{heard:?}");
    assert!(heard[1].starts_with(&format!("{asked}&starting_after=py_4\n")), "{heard:?}");
}

#[tokio::test]
async fn a_list_that_promises_more_and_shows_nothing_ends() {
    let (_server, url) = Server::start([list(vec![], true)]).await;
    assert_eq!(asking(&url).charges(today(), None).await.unwrap().next, None);
}

#[tokio::test]
async fn disputes_that_hold_or_held_money_are_listed() {
    let dispute = |id: &str, status: &str| {
        json!({
            "id": id,
            "object": "dispute",
            "amount": 1228,
            "charge": "ch_1",
            "created": NOW,
            "currency": "gbp",
            "evidence": {"customer_name": "Ada Lovelace"},
            "payment_intent": "pi_1",
            "reason": "fraudulent",
            "status": status
        })
    };
    let data = vec![
        dispute("du_1", "needs_response"),
        dispute("du_2", "under_review"),
        dispute("du_3", "won"),
        dispute("dp_4", "lost"),
        dispute("du_5", "warning_needs_response"),
        dispute("du_6", "warning_under_review"),
        dispute("du_7", "warning_closed"),
        dispute("du_8", "prevented"),
    ];
    let (server, url) = Server::start([list(data, false)]).await;
    let listed = asking(&url).disputes(today(), None).await.unwrap();
    let of = |id: &str, stage| DisputeFacts {
        id: id.into(),
        payment_intent: Some("pi_1".into()),
        amount: 1228,
        currency: "gbp".into(),
        stage,
        created_at: at(NOW),
    };
    let expected = vec![
        of("du_1", DisputeStage::Open),
        of("du_2", DisputeStage::Open),
        of("du_3", DisputeStage::Won),
        of("dp_4", DisputeStage::Lost),
    ];
    assert_eq!(listed, Listed { items: expected, next: None });
    assert!(server.heard()[0].starts_with("GET /v1/disputes?created"), "{:?}", server.heard());
}

#[tokio::test]
async fn refunds_are_listed_and_a_strange_entry_spoils_the_page() {
    let refund = json!({
        "id": "re_1", "object": "refund", "amount": 614, "created": NOW, "currency": "gbp",
        "payment_intent": {"id": "pi_1"}, "status": "pending"
    });
    let (server, url) = Server::start([list(vec![refund.clone()], false)]).await;
    let listed = asking(&url).refunds(today(), None).await.unwrap();
    assert_eq!(listed.items[0].payment_intent.as_deref(), Some("pi_1"));
    assert!(server.heard()[0].starts_with("GET /v1/refunds?created"), "{:?}", server.heard());

    let mut odd = refund;
    odd["amount"] = json!(null);
    for strange in [list(vec![odd], false), list(vec![json!({})], false), list(vec![json!("re_1")], false)] {
        let (_server, url) = Server::start([strange]).await;
        let failed = asking(&url).refunds(today(), None).await.unwrap_err();
        assert!(matches!(failed, GatewayError::Unavailable(_)), "{failed:?}");
    }
    let (_server, url) = Server::start([Say::Json(200, json!({"data": {}}))]).await;
    assert!(asking(&url).refunds(today(), None).await.is_err(), "no list at all");
}
