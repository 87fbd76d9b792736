//! Access tokens, signed as Cognito signs them: RS256, with the key published as a JWK Set.

use std::{io, path::Path, sync::OnceLock};

use async_trait::async_trait;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use nots_core::{
    DriverId, Role, Seconds, Timestamp, UserId,
    ports::{Cause, KeysError, SigningKeys},
};
use rsa::{
    RsaPrivateKey,
    pkcs1::{EncodeRsaPrivateKey, LineEnding},
};
use serde_json::{Value, json};

/// The issuer that local tokens name.
pub const ISSUER: &str = "http://127.0.0.1/local";
/// The client that local tokens are given to.
pub const CLIENT: &str = "local-client";
/// The name of the key that local tokens are signed with.
pub const KID: &str = "local-1";
/// Seconds that a token is good for, by the platform's clock.
const GOOD_FOR: Seconds = 86_400;

/// Signs tokens, and publishes the key to verify them by.
pub struct TokenIssuer {
    key: EncodingKey,
    jwks: String,
}

impl TokenIssuer {
    /// With the key kept in a file, made if it is not there; without a file, with this process's own.
    ///
    /// # Errors
    /// When the key cannot be made, kept or read.
    pub fn open(file: Option<&Path>) -> Result<Self, Cause> {
        let pem = match file {
            None => {
                // Tests start many platforms; making a key takes longer than starting one.
                static OF_THIS_PROCESS: OnceLock<String> = OnceLock::new();
                match OF_THIS_PROCESS.get() {
                    Some(pem) => pem.clone(),
                    None => OF_THIS_PROCESS.get_or_init(|| new_key().unwrap_or_default()).clone(),
                }
            }
            Some(file) => match std::fs::read_to_string(file) {
                Ok(pem) => pem,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let pem = new_key()?;
                    std::fs::write(file, &pem)?;
                    pem
                }
                Err(error) => return Err(error.into()),
            },
        };
        let key = EncodingKey::from_rsa_pem(pem.as_bytes())?;
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        jwk.common.key_id = Some(KID.to_owned());
        let jwks = json!({ "keys": [jwk] }).to_string();
        Ok(Self { key, jwks })
    }

    /// The JWK Set as JSON text.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// An access token for a role, as the user pool's pre-token-generation trigger would fill it.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn issue(
        &self,
        role: Role,
        user: Option<&UserId>,
        driver: Option<&DriverId>,
        now: Timestamp,
    ) -> Result<String, Cause> {
        let mut claims = json!({
            "sub": user.map(UserId::suffix).or(driver.map(DriverId::suffix)),
            "iss": ISSUER,
            "client_id": CLIENT,
            "token_use": "access",
            "scope": "openid",
            "iat": now,
            "exp": now.plus(GOOD_FOR),
            "cognito:groups": [role],
        });
        if let Some(claims) = claims.as_object_mut() {
            claims.extend(user.map(|id| ("nots:userId".to_owned(), json!(id))));
            claims.extend(driver.map(|id| ("nots:driverId".to_owned(), json!(id))));
        }
        self.sign(Some(KID), &claims)
    }

    /// A token with these claims, naming a key.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign(&self, kid: Option<&str>, claims: &Value) -> Result<String, Cause> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = kid.map(str::to_owned);
        Ok(encode(&header, claims, &self.key)?)
    }
}

fn new_key() -> Result<String, Cause> {
    let key = RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2_048)?;
    Ok(key.to_pkcs1_pem(LineEnding::LF)?.to_string())
}

#[async_trait]
impl SigningKeys for TokenIssuer {
    async fn fetch(&self) -> Result<String, KeysError> {
        Ok(self.jwks.clone())
    }
}
