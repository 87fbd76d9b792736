//! The public keys of a Cognito user pool.

use std::time::Duration;

use async_trait::async_trait;
use nots_core::ports::{KeysError, SigningKeys};

/// `/.well-known/jwks.json` of an issuer.
#[derive(Debug)]
pub struct CognitoKeys {
    http: reqwest::Client,
    url: String,
}

impl CognitoKeys {
    /// The keys of an issuer: `https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_AbCdEf`.
    ///
    /// # Errors
    /// When no TLS can be had.
    pub fn new(issuer: &str) -> Result<Self, KeysError> {
        // Whoever came first has installed the same provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(2)).build();
        let http = http.map_err(|error| KeysError(error.into()))?;
        Ok(Self { http, url: format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')) })
    }
}

#[async_trait]
impl SigningKeys for CognitoKeys {
    async fn fetch(&self) -> Result<String, KeysError> {
        let answer = self.http.get(&self.url).send().await.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(|error| KeysError(error.into()))?;
        answer.text().await.map_err(|error| KeysError(error.into()))
    }
}
