//! A plain HTTP client for the platform's own commands and tests: JSON out, JSON in.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::TokioExecutor,
};
use nots_core::ports::Cause;
use serde_json::Value;

/// Speaks to one address.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http<HttpConnector, Full<Bytes>>,
    base: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// The body, when the status is this one.
    ///
    /// # Panics
    /// Otherwise, with what came back: for tests.
    #[track_caller]
    #[expect(clippy::panic, reason = "for tests")]
    pub fn expect_status(self, status: u16) -> Value {
        if self.status == status {
            return self.body;
        }
        panic!("expected {status}, got {}: {}", self.status, self.body)
    }
}

impl Client {
    /// For `http://127.0.0.1:3000`.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { http: Http::builder(TokioExecutor::new()).build_http(), base: base.into() }
    }

    /// Asks, as whoever holds a token.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, Cause> {
        self.call_with(&[], method, path, token, body).await
    }

    /// Asks with headers of its own, as whoever holds a token.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn call_with(
        &self,
        headers: &[(&str, &str)],
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, Cause> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let answer = self.http.request(request.body(Full::new(body))?).await?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// Reads.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str, token: Option<&str>) -> Result<Answer, Cause> {
        self.call(Method::GET, path, token, None).await
    }

    /// Makes.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Answer, Cause> {
        self.call(Method::POST, path, token, Some(body)).await
    }

    /// Changes.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn patch(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Answer, Cause> {
        self.call(Method::PATCH, path, token, Some(body)).await
    }

    /// Replaces.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn put(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Answer, Cause> {
        self.call(Method::PUT, path, token, Some(body)).await
    }

    /// Calls off.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn delete(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Answer, Cause> {
        self.call(Method::DELETE, path, token, Some(body)).await
    }
}
