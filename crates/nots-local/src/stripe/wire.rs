//! Stripe's API over HTTP, as far as the platform calls it.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State as Extracted},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use nots_core::Timestamp;
use serde_json::Value;

use super::{
    StripeStandIn, faults,
    form::Form,
    lists::Kind,
    money::RefundAsked,
    params::{Asked, nothing_left},
    refusal::Refusal,
    state::{Answer, State, Status},
};

const SESSIONS: &str = "/v1/checkout/sessions";
const REFUNDS: &str = "/v1/refunds";

impl StripeStandIn {
    /// Stripe's API, to be served where the platform's Stripe client is pointed.
    pub(crate) fn api(self: &Arc<Self>) -> Router {
        let listed = [
            ("/v1/charges", Kind::Charges),
            ("/v1/disputes", Kind::Disputes),
            ("/v1/payment_intents", Kind::PaymentIntents),
            (REFUNDS, Kind::Refunds),
        ];
        let mut router = Router::new()
            .route(SESSIONS, post(create))
            .route("/v1/checkout/sessions/{id}", get(retrieve))
            .route("/v1/checkout/sessions/{id}/expire", post(expire))
            .route(REFUNDS, post(refund));
        for (path, kind) in listed {
            router = router.route(path, get(move |stripe, headers, uri| list(stripe, headers, uri, kind)));
            let one = format!("{path}/{{id}}");
            router =
                router.route(&one, get(move |stripe, headers, id, uri| look(stripe, headers, id, uri, kind)));
        }
        router
            .fallback(unknown)
            .method_not_allowed_fallback(unknown)
            .layer(middleware::from_fn_with_state(Arc::clone(self), faults::befall))
            .with_state(Arc::clone(self))
    }

    /// Does something that was posted, once for a key.
    fn once(
        &self,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
        act: impl FnOnce(&mut State, Form, Timestamp) -> Result<Value, Refusal>,
    ) -> Result<Response, Refusal> {
        authorise(headers)?;
        let form = Form::parse(body)?;
        let key = idempotency_key(headers)?;
        let done = self.change(|state, now| state.once(path, form, key.as_deref(), now, act));
        let (answer, replayed) = done.map_err(|error| Refusal::broken(&error))??;
        let mut response = json(answer.status, answer.body);
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

    /// Looks at the state as it is now.
    fn read(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        at: impl FnOnce(&State, Form) -> Result<Value, Refusal>,
    ) -> Result<Response, Refusal> {
        authorise(headers)?;
        let query = Form::parse(uri.query().unwrap_or_default().as_bytes())?;
        let found = self.change(|state, _| at(state, query)).map_err(|error| Refusal::broken(&error))??;
        Ok(json(200, found.to_string()))
    }
}

type StandIn = Extracted<Arc<StripeStandIn>>;

async fn create(Extracted(stripe): StandIn, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    stripe.once(SESSIONS, &headers, &body, |state, form, now| {
        let asked = Asked::from_form(form, now)?;
        Ok(state.open_session(asked, now).to_json(&state.pages))
    })
}

async fn refund(Extracted(stripe): StandIn, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    stripe.once(REFUNDS, &headers, &body, |state, form, now| {
        let asked = RefundAsked::from_form(form)?;
        Ok(state.make_refund(asked, now)?.to_json())
    })
}

async fn expire(
    Extracted(stripe): StandIn,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let path = format!("{SESSIONS}/{id}/expire");
    stripe.once(&path, &headers, &body, |state, form, now| {
        nothing_left(&form)?;
        let session = state.sessions.get(&id).ok_or_else(|| no_session(&id))?;
        if session.status != Status::Open {
            let message = format!(
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status \
                 of `{}`.",
                session.status.as_str()
            );
            return Err(Refusal::invalid(message).having_begun());
        }
        state.expire(&id, now);
        state.sessions.get(&id).map(|session| session.to_json(&state.pages)).ok_or_else(|| no_session(&id))
    })
}

async fn retrieve(
    Extracted(stripe): StandIn,
    headers: HeaderMap,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    stripe.read(&headers, &uri, |state, mut query| {
        let expand = query.take_first("expand");
        nothing_left(&query)?;
        let session = state.sessions.get(&id).ok_or_else(|| no_session(&id))?;
        match expand.as_deref() {
            None => Ok(session.to_json(&state.pages)),
            Some("payment_intent") => Ok(session.to_json_with_intent(&state.pages)),
            Some(other) => {
                Err(Refusal::invalid(format!("This property cannot be expanded ({other}).")).about("expand"))
            }
        }
    })
}

async fn list(
    Extracted(stripe): StandIn,
    headers: HeaderMap,
    uri: Uri,
    kind: Kind,
) -> Result<Response, Refusal> {
    stripe.read(&headers, &uri, |state, query| state.page(kind, uri.path(), query))
}

async fn look(
    Extracted(stripe): StandIn,
    headers: HeaderMap,
    Path(id): Path<String>,
    uri: Uri,
    kind: Kind,
) -> Result<Response, Refusal> {
    stripe.read(&headers, &uri, |state, query| {
        nothing_left(&query)?;
        state.one(kind, &id)
    })
}

async fn unknown(method: Method, uri: Uri) -> Refusal {
    Refusal::missing(format!("Unrecognized request URL ({method}: {}).", uri.path()))
}

fn no_session(id: &str) -> Refusal {
    Refusal::missing(format!("No such checkout.session: {id}")).code("resource_missing").about("session")
}

fn json(status: u16, body: String) -> Response {
    let kind = HeaderValue::from_static("application/json");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, kind)], body).into_response()
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
    /// Does something, or answers what the key was answered before. A key remembers what was begun, refused or not; a
    /// request that was wrong in itself was not, so the same key may be used again to ask rightly. (Stripe remembers a
    /// fault of its own too; here one that is asked for, [`faults`], is forgotten, so that trying again is of use.)
    fn once(
        &mut self,
        path: &str,
        form: Form,
        key: Option<&str>,
        now: Timestamp,
        act: impl FnOnce(&mut Self, Form, Timestamp) -> Result<Value, Refusal>,
    ) -> Result<(Answer, bool), Refusal> {
        let fingerprint = form.fingerprint(path);
        if let Some((key, known)) = key.and_then(|key| Some((key, self.answers.get(key)?))) {
            if known.fingerprint != fingerprint {
                return Err(Refusal::idempotency(key));
            }
            return Ok((known.clone(), true));
        }
        let (status, body) = match act(self, form, now) {
            Ok(object) => (200, object.to_string()),
            Err(refusal) if refusal.begun => (refusal.status.as_u16(), refusal.to_json()),
            Err(refusal) => return Err(refusal),
        };
        let answer = Answer { fingerprint, at: now, request_id: self.id("req_", 14), status, body };
        if let Some(key) = key {
            self.answers.insert(key.to_owned(), answer.clone());
        }
        Ok((answer, false))
    }
}
