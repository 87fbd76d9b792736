use nots_core::ports::{GatewayError, Payments};
use serde_json::json;

use super::{
    Held, Rotated, held,
    server::{Say, Server, error, quick, refusal},
};
use crate::StripePayments;

fn expired() -> Say {
    Say::Json(401, error("invalid_request_error", "api_key_expired", None))
}

fn no_refunds() -> Say {
    Say::Json(200, json!({"object": "list", "data": [], "has_more": false}))
}

#[tokio::test]
async fn a_key_that_was_rotated_is_asked_for_once_and_used_from_then_on() {
    let (server, url) = Server::start([expired(), no_refunds(), no_refunds()]).await;
    let secret = Rotated::new("sk_test_old", "sk_test_new\n");
    let payments = StripePayments::new(secret.clone(), Some(&url)).with_patience(quick());
    payments.refunds_of("pi_1").await.unwrap();
    payments.refunds_of("pi_1").await.unwrap();
    let keys: Vec<bool> = server.heard().iter().map(|heard| heard.contains("Bearer sk_test_new\n")).collect();
    assert_eq!(keys, [false, true, true]);
    assert_eq!(secret.refreshed(), 1);
}

#[tokio::test]
async fn a_key_that_nobody_knows_is_no_refusal_of_what_was_asked() {
    let secret = Rotated::new("sk_test_old", "sk_test_new");
    let (server, url) = Server::start([expired(), expired(), no_refunds()]).await;
    let payments = StripePayments::new(secret.clone(), Some(&url)).with_patience(quick());
    let failed = payments.refunds_of("pi_1").await.unwrap_err();
    assert!(matches!(failed, GatewayError::Unavailable(_)), "a refund may be made later: {failed:?}");
    assert_eq!(refusal(&failed).unwrap().status, 401);
    assert_eq!((server.heard().len(), secret.refreshed()), (2, 1));

    let (server, url) = Server::start([expired(), no_refunds()]).await;
    let payments = StripePayments::new(held("sk_test_x"), Some(&url)).with_patience(quick());
    assert!(matches!(payments.refunds_of("pi_1").await.unwrap_err(), GatewayError::Unavailable(_)));
    assert_eq!(server.heard().len(), 1, "the same key is not tried again");
}

#[tokio::test]
async fn a_key_says_whether_it_moves_real_money() {
    for (key, live) in [
        ("sk_live_x", true),
        ("rk_live_x\n", true),
        ("sk_test_x", false),
        ("rk_test_x", false),
        ("x_live_", false),
    ] {
        let payments = StripePayments::new(held(key), None);
        assert_eq!(payments.livemode().await.unwrap(), live, "{key}");
    }
    let keyless = StripePayments::new(std::sync::Arc::new(Held(None)), None);
    assert!(matches!(keyless.livemode().await.unwrap_err(), GatewayError::Unavailable(_)));
}
