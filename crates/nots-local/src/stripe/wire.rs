//! Stripe's API over HTTP, as far as the platform calls it.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State as Extracted},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use nots_core::Timestamp;

use super::{
    StripeStandIn,
    form::Form,
    params::Asked,
    refusal::Refusal,
    state::{Answer, State},
};

const SESSIONS: &str = "/v1/checkout/sessions";

impl StripeStandIn {
    /// Stripe's API, to be served where the platform's Stripe client is pointed.
    pub(crate) fn api(self: &Arc<Self>) -> Router {
        Router::new()
            .route(SESSIONS, post(create))
            .route("/v1/checkout/sessions/{id}", get(retrieve))
            .fallback(unknown)
            .method_not_allowed_fallback(unknown)
            .with_state(Arc::clone(self))
    }
}

type StandIn = Extracted<Arc<StripeStandIn>>;

async fn create(Extracted(stripe): StandIn, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    authorise(&headers)?;
    let form = Form::parse(&body)?;
    let key = idempotency_key(&headers)?;
    let done = stripe.change(|state, now| state.create_once(form, key.as_deref(), now));
    let (answer, replayed) = done.map_err(|error| Refusal::broken(&error))??;
    let mut response = json(answer.body);
    let mut put = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            response.headers_mut().insert(name, value);
        }
    };
    put("request-id", &answer.request_id);
    if let Some(key) = &key {
        put("idempotency-key", key);
    }
    if replayed {
        put("idempotent-replayed", "true");
    }
    Ok(response)
}

async fn retrieve(
    Extracted(stripe): StandIn,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    authorise(&headers)?;
    let found = stripe
        .change(|state, _| state.sessions.get(&id).map(|session| session.to_json(&state.pages)))
        .map_err(|error| Refusal::broken(&error))?;
    let missing = || {
        Refusal::missing(format!("No such checkout.session: {id}")).code("resource_missing").about("session")
    };
    Ok(json(found.ok_or_else(missing)?.to_string()))
}

async fn unknown(method: Method, uri: Uri) -> Refusal {
    Refusal::missing(format!("Unrecognized request URL ({method}: {}).", uri.path()))
}

fn json(body: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], body).into_response()
}

/// Test keys only: a live key has no business here.
fn authorise(headers: &HeaderMap) -> Result<(), Refusal> {
    let said = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match said.and_then(|text| text.strip_prefix("Bearer ")) {
        None => Err(Refusal::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, \
             using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )),
        Some(key) if key.len() > 8 && (key.starts_with("sk_test_") || key.starts_with("rk_test_")) => Ok(()),
        Some(_) => Err(Refusal::unauthorized("Invalid API Key provided.")),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if (1..=255).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(Refusal::invalid("Idempotency-Key must be 1 to 255 visible characters.")),
    }
}

impl State {
    /// Opens a session, or answers what the key was answered before. A refusal is not remembered: Stripe keeps
    /// only what it began to execute.
    fn create_once(
        &mut self,
        form: Form,
        key: Option<&str>,
        now: Timestamp,
    ) -> Result<(Answer, bool), Refusal> {
        let fingerprint = form.fingerprint(SESSIONS);
        if let Some((key, known)) = key.and_then(|key| Some((key, self.answers.get(key)?))) {
            if known.fingerprint != fingerprint {
                return Err(Refusal::idempotency(key));
            }
            return Ok((known.clone(), true));
        }
        let asked = Asked::from_form(form, now)?;
        let request_id = self.id("req_", 14);
        let body = self.open_session(asked, now).to_json(&self.pages).to_string();
        let answer = Answer { fingerprint, at: now, request_id, body };
        if let Some(key) = key {
            self.answers.insert(key.to_owned(), answer.clone());
        }
        Ok((answer, false))
    }
}
