//! What the local platform serves beside the API: the page for people, and `/local/…`.

use std::sync::{Arc, Weak};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::{any, get, post},
};
use bytes::Bytes;
use nots_core::{DriverId, Role, UserId, ports::Clock};
use nots_http::{Access, Problem};
use serde::Deserialize;
use serde_json::json;

use crate::{platform::Platform, stripe::StripeStandIn};

/// API Gateway takes no more; the endpoints themselves take less.
const MOST_BYTES: usize = 10 * 1024 * 1024;

pub(crate) type Shared = Weak<Platform>;

/// Everything behind the API's port.
pub(crate) fn router(platform: Shared, stripe: &Arc<StripeStandIn>) -> Router {
    let stripe = stripe.for_people().layer(middleware::from_fn_with_state(platform.clone(), settled));
    Router::new()
        .route("/", get(page))
        .route("/v1", any(api))
        .route("/v1/{*path}", any(api))
        .route("/local/token", post(token))
        .route("/local/.well-known/jwks.json", get(jwks))
        .route("/local/outbox", get(outbox))
        .route("/local/reconcile", post(crate::reconcile::by_request))
        .route("/local/outbox/{message}/attachments/{place}", get(attachment))
        .route("/local/clock", get(clock).post(advance))
        .with_state(platform)
        .merge(stripe)
        .fallback(async || problem(Problem::no_route()))
}

pub(crate) fn problem(problem: Problem) -> Response {
    let answer = problem.into_response("local");
    (answer.status, answer.headers, answer.body).into_response()
}

pub(crate) fn stopping() -> Response {
    problem(Problem::unavailable("the platform is stopping"))
}

/// After an act at the card processor's, its webhook has been taken before the answer goes out.
async fn settled(State(platform): State<Shared>, request: Request, next: Next) -> Response {
    let acts = request.method() == axum::http::Method::POST;
    let response = next.run(request).await;
    if let (true, Some(platform)) = (acts, platform.upgrade()) {
        platform.settle().await;
    }
    response
}

async fn api(State(platform): State<Shared>, request: Request) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else { return problem(Problem::too_large(MOST_BYTES)) };
    let response = platform.gateway.handle(axum::http::Request::from_parts(parts, body)).await;
    platform.ring();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TokenFor {
    role: Role,
    user_id: Option<UserId>,
    driver_id: Option<DriverId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

fn read<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::not_json(error.to_string()))
}

async fn token(State(platform): State<Shared>, body: Bytes) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    let asked: TokenFor = match read(&body) {
        Ok(asked) => asked,
        Err(refused) => return problem(refused),
    };
    let now = platform.clock.now();
    let (user, driver) = if asked.role == Role::Driver {
        let fresh = || DriverId::from_uuid(platform.ports.ids.uuid(now));
        (asked.user_id, Some(asked.driver_id.unwrap_or_else(fresh)))
    } else {
        let fresh = || UserId::from_uuid(platform.ports.ids.uuid(now));
        (Some(asked.user_id.unwrap_or_else(fresh)), asked.driver_id)
    };
    match platform.tokens.issue(asked.role, user.as_ref(), driver.as_ref(), now) {
        Ok(token) => {
            let mut answer = json!({ "accessToken": token });
            if let Some(fields) = answer.as_object_mut() {
                fields.extend(user.map(|id| ("userId".to_owned(), json!(id))));
                fields.extend(driver.map(|id| ("driverId".to_owned(), json!(id))));
            }
            Json(answer).into_response()
        }
        Err(error) => problem(Problem::internal(error)),
    }
}

async fn jwks(State(platform): State<Shared>) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    let json = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, json)], platform.tokens.jwks().to_owned()).into_response()
}

async fn outbox(State(platform): State<Shared>) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    Json(json!({ "items": platform.outbox.newest_first() })).into_response()
}

async fn attachment(
    State(platform): State<Shared>,
    Path((message, place)): Path<(String, String)>,
) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    let numbers = message.parse().ok().zip(place.parse().ok());
    let file = numbers.and_then(|(message, place)| platform.outbox.file(message, place));
    let Some((kind, bytes)) = file else { return problem(Problem::not_found()) };
    let Ok(kind) = HeaderValue::from_str(&kind) else { return problem(Problem::not_found()) };
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], bytes).into_response()
}

async fn clock(State(platform): State<Shared>) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    Json(json!({ "now": platform.clock.now() })).into_response()
}

async fn advance(State(platform): State<Shared>, body: Bytes) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    let asked: Advance = match read(&body) {
        Ok(asked) => asked,
        Err(refused) => return problem(refused),
    };
    match platform.advance(asked.advance_seconds).await {
        Ok(now) => Json(json!({ "now": now })).into_response(),
        Err(error) => problem(Problem::internal(error)),
    }
}

/// What this is, for people.
async fn page(State(platform): State<Shared>) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    let rows: String = platform
        .gateway
        .routes()
        .map(|route| {
            let access = match route.access {
                Access::Public => "public".to_owned(),
                Access::Roles(roles) => roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", "),
            };
            let (method, path, function) = (route.method, route.path, route.function);
            format!("<tr><td><code>{method} /v1{path}</code></td><td>{access}</td><td><code>{function}</code></td></tr>")
        })
        .collect();
    let page = include_str!("page.html")
        .replace("{{routes}}", &rows)
        .replace("{{api}}", &platform.api.to_string())
        .replace("{{dynamodb}}", &platform.dynamodb.to_string())
        .replace("{{s3}}", &platform.s3.to_string())
        .replace("{{pickup}}", &platform.clock.now().plus(86_400).to_string());
    Html(page).into_response()
}
