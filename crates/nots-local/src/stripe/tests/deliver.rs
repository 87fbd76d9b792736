use super::*;

const NONE: Deliveries = Deliveries { due: 0, later: 0, given_up: 0 };

#[tokio::test]
async fn an_event_is_sent_again_until_it_is_taken_signed_anew_and_otherwise_the_same() {
    let (stripe, clock) = start();
    let id = opened(&stripe).await;
    stripe.act(&id, CardAction::Pay).unwrap();
    assert_eq!(stripe.deliveries(), Deliveries { due: 1, ..NONE });
    let webhook = Webhook::answering([Ok(503), Err("connection refused"), Ok(302)]);
    assert_eq!(stripe.deliver_due(&webhook).await, 0);
    assert_eq!(stripe.deliveries(), Deliveries { later: 1, ..NONE });
    assert_eq!(stripe.deliver_due(&webhook).await, 0);
    assert_eq!(webhook.got().len(), 1, "not before it is due");
    for wait in [1, 5, 30] {
        clock.advance(wait);
        stripe.deliver_due(&webhook).await;
    }
    assert_eq!(stripe.deliveries(), NONE);
    let got = webhook.got();
    assert_eq!(got.len(), 4);
    assert!(got.iter().all(|try_| try_.body == got[0].body && try_.event_id == got[0].event_id));
    assert_ne!(got[0].signature, got[3].signature);
    assert_eq!(session_of(&got[3], clock.now()).await.stage, SessionStage::Paid);
}

#[tokio::test]
async fn an_event_that_nobody_takes_is_given_up_and_does_not_hold_up_others() {
    let (stripe, clock) = start();
    let first = opened(&stripe).await;
    stripe.act(&first, CardAction::Pay).unwrap();
    let never = Webhook::answering(vec![Ok(500); 7]);
    for _ in 0..8 {
        stripe.deliver_due(&never).await;
        clock.advance(30_000);
    }
    assert_eq!((never.got().len(), stripe.deliveries()), (7, Deliveries { given_up: 1, ..NONE }));

    let (_, _, second) = create(&stripe, form(&[("expires_at", "")]), None).await;
    let second = second["id"].as_str().unwrap();
    stripe.act(second, CardAction::Pay).unwrap();
    let webhook = Webhook::default();
    assert_eq!(stripe.deliver_due(&webhook).await, 1);
    assert!(webhook.got()[0].body.contains(second));
}

#[tokio::test]
async fn a_file_keeps_sessions_keys_and_events_over_a_restart() {
    let scratch = Scratch::new("restart");
    let (stripe, _) = start_with(Some(scratch.file()));
    let (_, _, session) = create(&stripe, form(&[]), Some("k1")).await;
    let id = session["id"].as_str().unwrap().to_owned();
    stripe.act(&id, CardAction::Pay).unwrap();
    drop(stripe);

    let (stripe, clock) = start_with(Some(scratch.file()));
    let (_, headers, replay) = create(&stripe, form(&[]), Some("k1")).await;
    assert_eq!((replay, headers["idempotent-replayed"].to_str().unwrap()), (session, "true"));
    assert!(matches!(stripe.act(&id, CardAction::Pay), Err(CardRefusal::Over(_))), "still paid");
    let other = opened(&stripe).await;
    assert_ne!(other, id);
    let webhook = Webhook::default();
    assert_eq!(stripe.deliver_due(&webhook).await, 1, "what was not delivered still is");
    assert_eq!(session_of(&webhook.got()[0], clock.now()).await.stage, SessionStage::Paid);
    drop(stripe);

    let (stripe, _) = start_with(Some(scratch.file()));
    assert_eq!(stripe.deliveries(), NONE);
    std::fs::write(scratch.file(), "{\"seed\":").unwrap();
    let clock = Arc::new(Hands(AtomicI64::new(NOW)));
    assert!(StripeStandIn::open(clock, Some(scratch.file()), PAGES).is_err(), "nothing is lost in silence");
}

#[tokio::test]
async fn a_change_that_cannot_be_kept_says_so() {
    let scratch = Scratch::new("unwritable");
    let (stripe, _) = start_with(Some(scratch.file()));
    let id = opened(&stripe).await;
    std::fs::remove_dir_all(scratch.file().parent().unwrap()).unwrap();
    assert!(matches!(stripe.act(&id, CardAction::Pay), Err(CardRefusal::NotKept(_))));
    let (status, _, refused) = create(&stripe, form(&[]), None).await;
    assert_eq!((status, &refused["error"]["type"]), (500, &Value::from("api_error")));
}
