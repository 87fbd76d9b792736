//! A loopback server that answers from a script.

use std::{
    collections::VecDeque,
    error::Error,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use nots_core::ports::GatewayError;
use serde_json::{Value, json};

use super::held;
use crate::{Patience, Refusal, StripePayments};

/// What the server says next.
pub(super) enum Say {
    Json(u16, Value),
    Text(u16, &'static str),
    Nothing,
}

#[derive(Clone, Default)]
pub(super) struct Server {
    script: Arc<Mutex<VecDeque<Say>>>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Listens on a free port, answers from the script and keeps what it heard.
    pub(super) async fn start(script: impl IntoIterator<Item = Say>) -> (Self, String) {
        let server = Self::default();
        server.script.lock().unwrap().extend(script);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (server, url)
    }

    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

async fn answer(State(server): State<Server>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 100_000).await.unwrap();
    let mut lines = vec![format!("{} {}", head.method, head.uri)];
    for name in ["authorization", "content-type", "idempotency-key", "stripe-version"] {
        let value = head.headers.get(name).map_or("none", |value| value.to_str().unwrap());
        lines.push(format!("{name}: {value}"));
    }
    // The client keeps metadata in a hash map, so the order of its pairs is chance.
    let mut pairs: Vec<&str> = std::str::from_utf8(&body).unwrap().split('&').collect();
    pairs.sort_unstable();
    lines.extend(pairs.into_iter().map(str::to_owned));
    server.heard.lock().unwrap().push(lines.join("\n"));
    let next = server.script.lock().unwrap().pop_front();
    match next {
        Some(Say::Json(status, body)) => {
            (StatusCode::from_u16(status).unwrap(), body.to_string()).into_response()
        }
        Some(Say::Text(status, body)) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Some(Say::Nothing) => std::future::pending().await,
        None => (StatusCode::IM_A_TEAPOT, "the script has ended").into_response(),
    }
}

pub(super) fn error(kind: &str, code: &str, param: Option<&str>) -> Value {
    json!({"error": {
        "code": code,
        "doc_url": "https://stripe.com/docs/error-codes",
        "message": "Invalid email address: ada@example.com",
        "param": param,
        "request_log_url": "https://dashboard.stripe.com/test/logs/req_1",
        "type": kind,
    }})
}

pub(super) fn quick() -> Patience {
    Patience {
        per_try: Duration::from_millis(100),
        total: Duration::from_secs(20),
        tries: 3,
        pause: Duration::from_millis(1),
    }
}

pub(super) fn refusal(error: &GatewayError) -> Option<&Refusal> {
    error.source().and_then(|cause| cause.downcast_ref())
}

/// Asks the server there.
pub(super) fn asking(url: &str) -> StripePayments {
    // Loopback answers at once, so only a server that says nothing runs into this.
    let patience = Patience { per_try: Duration::from_secs(10), ..quick() };
    StripePayments::new(held("sk_test_x\n"), Some(url)).with_patience(patience)
}
