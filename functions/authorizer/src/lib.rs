//! Who holds a token: verified once for the whole API, from the issuer's own keys.
//!
//! RS256 is pinned; issuer, `token_use`, `client_id` and expiry are checked; keys are known by `kid` and fetched
//! again when an unknown one comes, at most every half minute.

use std::{collections::HashMap, sync::Arc};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use nots_core::{
    Role, Timestamp,
    ports::{Clock, SigningKeys},
};
use nots_http::{Authorizer, Caller, NotAuthorized};
use serde::Deserialize;
use tokio::sync::Mutex;

/// Seconds between two fetches of the issuer's keys: a flood of tokens with made-up `kid`s is not passed on.
const REFETCH_AFTER: u64 = 30;

/// Verifies access tokens of a user pool.
pub struct TokenAuthorizer {
    keys: Arc<dyn SigningKeys>,
    clock: Arc<dyn Clock>,
    issuer: String,
    clients: Vec<String>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_kid: HashMap<String, DecodingKey>,
    fetched: Option<Timestamp>,
    /// Whether the last fetch went well.
    current: bool,
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
    token_use: String,
    client_id: String,
    #[serde(rename = "cognito:groups", default)]
    groups: Vec<String>,
    #[serde(rename = "nots:userId")]
    user: Option<String>,
    #[serde(rename = "nots:driverId")]
    driver: Option<String>,
}

impl TokenAuthorizer {
    /// Accepts access tokens that `issuer` gave to one of `clients`.
    #[must_use]
    pub fn new(
        keys: Arc<dyn SigningKeys>,
        clock: Arc<dyn Clock>,
        issuer: String,
        clients: Vec<String>,
    ) -> Self {
        Self { keys, clock, issuer, clients, known: Mutex::default() }
    }

    async fn key(&self, kid: &str) -> Result<DecodingKey, NotAuthorized> {
        let mut known = self.known.lock().await;
        if let Some(key) = known.by_kid.get(kid) {
            return Ok(key.clone());
        }
        let now = self.clock.now();
        if known.fetched.is_some_and(|at| now.since(at) < REFETCH_AFTER) {
            return Err(if !known.current {
                NotAuthorized::Unavailable("the issuer's keys could not be had a moment ago".into())
            } else {
                NotAuthorized::Refused("the key is not known")
            });
        }
        known.fetched = Some(now);
        known.current = false;
        let text = self.keys.fetch().await.map_err(|error| NotAuthorized::Unavailable(error.into()))?;
        let set: JwkSet =
            serde_json::from_str(&text).map_err(|error| NotAuthorized::Unavailable(error.into()))?;
        let usable = |jwk: &jsonwebtoken::jwk::Jwk| {
            Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?))
        };
        known.current = true;
        known.by_kid = set.keys.iter().filter_map(usable).collect();
        known.by_kid.get(kid).cloned().ok_or(NotAuthorized::Refused("the key is not the issuer's"))
    }
}

impl Authorizer for TokenAuthorizer {
    async fn authorize(&self, authorization: Option<&str>) -> Result<Caller, NotAuthorized> {
        let header = authorization.ok_or(NotAuthorized::Refused("no token"))?;
        let (scheme, token) = header.split_once(' ').ok_or(NotAuthorized::Refused("not a bearer token"))?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(NotAuthorized::Refused("not a bearer token"));
        }
        let token = token.trim();
        let head = decode_header(token).map_err(|_| NotAuthorized::Refused("not a token"))?;
        if head.alg != Algorithm::RS256 {
            return Err(NotAuthorized::Refused("not signed with RS256"));
        }
        let key = self.key(&head.kid.ok_or(NotAuthorized::Refused("names no key"))?).await?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        // Cognito's access tokens have a client_id in place of an audience, and time is the Clock port's.
        validation.validate_aud = false;
        validation.validate_exp = false;
        let token = decode::<Claims>(token, &key, &validation)
            .map_err(|_| NotAuthorized::Refused("not the issuer's"))?;
        let claims = token.claims;
        if claims.exp <= self.clock.now().seconds() {
            return Err(NotAuthorized::Refused("expired"));
        }
        if claims.token_use != "access" {
            return Err(NotAuthorized::Refused("not an access token"));
        }
        if !self.clients.contains(&claims.client_id) {
            return Err(NotAuthorized::Refused("given to another client"));
        }
        let roles = claims.groups.iter().filter_map(|group| group.parse::<Role>().ok());
        let user = claims.user.and_then(|id| id.parse().ok());
        let driver = claims.driver.and_then(|id| id.parse().ok());
        Ok(Caller::new(roles, user, driver))
    }
}
