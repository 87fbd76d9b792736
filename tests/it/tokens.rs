//! What the authorizer makes of a token.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use authorizer::TokenAuthorizer;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use nots_core::{
    Role, Timestamp,
    ports::{Clock, KeysError, SigningKeys},
};
use nots_http::{Authorizer, Caller, NotAuthorized};
use nots_lambda::{authorizer_service, invocable};
use nots_local::tokens::{CLIENT, ISSUER, KID, TokenIssuer};
use serde_json::{Value, json};

const NOW: i64 = 1_795_000_000;

struct Hands(AtomicI64);

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::new(self.0.load(Ordering::SeqCst)).unwrap()
    }
    async fn pause(&self, _: std::time::Duration) {}
}

/// The issuer's keys, and how often they were asked for.
struct Counted(TokenIssuer, AtomicUsize);

#[async_trait]
impl SigningKeys for Counted {
    async fn fetch(&self) -> Result<String, KeysError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.fetch().await
    }
}

struct Door {
    keys: Arc<Counted>,
    clock: Arc<Hands>,
    authorizer: TokenAuthorizer,
}

impl Door {
    fn new() -> Self {
        let keys = Arc::new(Counted(TokenIssuer::open(None).unwrap(), AtomicUsize::new(0)));
        let clock = Arc::new(Hands(AtomicI64::new(NOW)));
        let clients = vec![CLIENT.to_owned()];
        let authorizer = TokenAuthorizer::new(keys.clone(), clock.clone(), ISSUER.to_owned(), clients);
        Self { keys, clock, authorizer }
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = json!({
            "iss": ISSUER, "client_id": CLIENT, "token_use": "access", "exp": NOW + 60, "sub": "1",
            "cognito:groups": ["customer"], "nots:userId": "user_1",
        });
        change(&mut claims);
        self.keys.0.sign(Some(KID), &claims).unwrap()
    }

    async fn caller(&self, authorization: &str) -> Option<Caller> {
        self.authorizer.authorize(Some(authorization)).await.ok()
    }

    async fn admits(&self, change: impl FnOnce(&mut Value)) -> bool {
        let token = self.token(change);
        self.caller(&format!("Bearer {token}")).await.is_some()
    }

    fn fetches(&self) -> usize {
        self.keys.1.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_good_token_is_who_it_says() {
    let door = Door::new();
    let token = door.token(|_| ());
    let caller = door.caller(&format!("Bearer {token}")).await.unwrap();
    assert!(caller.has_any(&[Role::Customer]) && !caller.is_staff());
    assert_eq!(caller.user().unwrap().as_str(), "user_1");
    assert!(door.caller(&format!("bearer {token}")).await.is_some(), "schemes have no case");
    assert_eq!(door.fetches(), 1, "the keys are fetched once");
}

#[tokio::test]
async fn every_claim_is_checked() {
    let door = Door::new();
    let set = |name: &'static str, value: Value| move |claims: &mut Value| claims[name] = value;
    assert!(!door.admits(set("iss", json!("https://elsewhere.example"))).await);
    assert!(!door.admits(set("client_id", json!("another"))).await);
    assert!(!door.admits(set("token_use", json!("id"))).await);
    assert!(!door.admits(set("exp", json!(NOW))).await);
    assert!(!door.admits(set("exp", Value::Null)).await);
    assert!(!door.admits(set("exp", json!("tomorrow"))).await);
    assert!(door.admits(set("exp", json!(NOW + 1))).await);
    door.clock.0.store(NOW + 60, Ordering::SeqCst);
    assert!(!door.admits(|_| ()).await, "the platform's clock judges");
}

#[tokio::test]
async fn a_role_without_its_id_is_none() {
    let door = Door::new();
    for (groups, ids, admitted) in [
        (json!(["driver"]), json!({ "nots:userId": "user_1" }), [false, false]),
        (json!(["driver"]), json!({ "nots:driverId": "driver_1" }), [false, true]),
        (json!(["admin"]), json!({ "nots:driverId": "driver_1" }), [false, false]),
        (json!(["admin", "wizard"]), json!({ "nots:userId": "user_1" }), [true, false]),
        (json!(["admin"]), json!({ "nots:userId": "user#1" }), [false, false]),
        (json!([]), json!({ "nots:userId": "user_1" }), [false, false]),
    ] {
        let token = door.token(|claims| {
            claims.as_object_mut().unwrap().remove("nots:userId");
            claims["cognito:groups"] = groups.clone();
            claims.as_object_mut().unwrap().extend(ids.as_object().unwrap().clone());
        });
        let caller = door.caller(&format!("Bearer {token}")).await.unwrap();
        assert_eq!([caller.is_staff(), caller.has_any(&[Role::Driver])], admitted, "{groups} {ids}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_the_issuers_is_refused() {
    let door = Door::new();
    let good = door.token(|_| ());
    let (head, rest) = good.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let other_claims =
        part(json!({ "iss": ISSUER, "client_id": CLIENT, "token_use": "access", "exp": NOW + 60,
        "cognito:groups": ["owner"], "nots:userId": "user_1" }));
    let none = part(json!({ "alg": "none", "kid": KID }));
    let hmac = part(json!({ "alg": "HS256", "kid": KID }));
    let mut flipped = signature.to_owned();
    let first = if flipped.starts_with('A') { "B" } else { "A" };
    flipped.replace_range(0..1, first);
    for bad in [
        format!("Bearer {head}.{other_claims}.{signature}"),
        format!("Bearer {head}.{claims}.{flipped}"),
        format!("Bearer {head}.{claims}."),
        format!("Bearer {none}.{other_claims}."),
        format!("Bearer {hmac}.{other_claims}.{signature}"),
        format!("Basic {good}"),
        good.clone(),
        "Bearer".to_owned(),
        "Bearer ..".to_owned(),
        String::new(),
    ] {
        assert!(door.caller(&bad).await.is_none(), "{bad}");
    }
    assert!(door.authorizer.authorize(None).await.is_err());
    assert!(door.caller(&format!("Bearer {good}")).await.is_some());
}

#[tokio::test]
async fn made_up_keys_do_not_flood_the_issuer() {
    let door = Door::new();
    let made_up = |n: usize| door.keys.0.sign(Some(&format!("key-{n}")), &json!({})).unwrap();
    for n in 0..50 {
        assert!(door.caller(&format!("Bearer {}", made_up(n))).await.is_none());
    }
    assert_eq!(door.fetches(), 1);
    door.clock.0.store(NOW + 30, Ordering::SeqCst);
    assert!(door.caller(&format!("Bearer {}", made_up(99))).await.is_none());
    assert_eq!(door.fetches(), 2);
    assert!(door.admits(|_| ()).await, "who is known is not kept out meanwhile");
}

/// An issuer that cannot be reached.
struct Down;

#[async_trait]
impl SigningKeys for Down {
    async fn fetch(&self) -> Result<String, KeysError> {
        Err(KeysError("no route to host".into()))
    }
}

#[tokio::test]
async fn when_the_keys_cannot_be_had_it_is_our_fault_and_not_the_tokens() {
    let clock = Arc::new(Hands(AtomicI64::new(NOW)));
    let token = Door::new().token(|_| ());
    let clients = vec![CLIENT.to_owned()];
    let authorizer = TokenAuthorizer::new(Arc::new(Down), clock, ISSUER.to_owned(), clients);
    for _ in 0..2 {
        let judged = authorizer.authorize(Some(&format!("Bearer {token}"))).await;
        assert!(matches!(judged, Err(NotAuthorized::Unavailable(_))), "{judged:?}");
    }
    let service = invocable(authorizer_service(Arc::new(authorizer)));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../events/authorizer/customer.json");
    let mut event: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    event["headers"]["Authorization"] = json!(format!("Bearer {token}"));
    let failed = service(event.to_string().into_bytes()).await.unwrap_err();
    assert_ne!(failed.to_string(), "Unauthorized", "the gateway would answer 401");
}
