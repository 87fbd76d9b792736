//! API Gateway REST proxy events (v1) to endpoints and back.

use std::{convert::Infallible, future::Future, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use lambda_http::{
    Adapter, Body, Request as LambdaHttpRequest, RequestExt,
    request::{LambdaRequest, RequestContext},
};
use lambda_runtime::{Error, LambdaEvent};
use nots_http::{Caller, Endpoint, Request, Response, answer};
use tower::Service;

/// Websites whose pages may read the answers.
#[derive(Debug, Clone, Default)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// These origins: `https://nots.co.uk`.
    pub fn new(origins: impl IntoIterator<Item = String>) -> Self {
        Self(origins.into_iter().collect())
    }

    /// Whether a page of this origin may read the answers.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }
}

/// An endpoint as Lambda sees it: from its event to its answer. Events are parsed by `lambda_http`, so whoever
/// calls this with an event's JSON takes the path that Lambda takes.
pub fn http_service<E: Endpoint>(
    endpoint: Arc<E>,
    origins: Origins,
) -> impl Service<
    LambdaEvent<LambdaRequest>,
    Response = impl serde::Serialize,
    Error = Infallible,
    Future: Future + Send,
> + Clone {
    Adapter::from(tower::service_fn(move |event: LambdaHttpRequest| {
        let (endpoint, origins) = (endpoint.clone(), origins.clone());
        async move {
            let origin = event.headers().get(header::ORIGIN).cloned();
            let response = answer(endpoint.as_ref(), to_request(event)).await;
            Ok::<_, Infallible>(from_response(response, origin.as_ref(), &origins))
        }
    }))
}

/// Runs an endpoint under the Lambda runtime.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve<E: Endpoint>(endpoint: E, origins: Origins) -> Result<(), Error> {
    lambda_runtime::run(http_service(Arc::new(endpoint), origins)).await
}

fn to_request(event: LambdaHttpRequest) -> Request {
    let params = event.path_parameters_ref().into_iter().flat_map(|map| map.iter());
    let params = params.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = event.query_string_parameters_ref().into_iter().flat_map(|map| map.iter());
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (caller, request_id) = match event.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => {
            let fields = &context.authorizer.fields;
            let caller = Caller::from_context(|name| fields.get(name).and_then(|value| value.as_str()));
            (caller, context.request_id.clone().unwrap_or_default())
        }
        _ => (None, String::new()),
    };
    let (parts, body) = event.into_parts();
    let body = match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    };
    Request { params, query, headers: parts.headers, body, caller, request_id }
}

fn from_response(
    response: Response,
    origin: Option<&HeaderValue>,
    origins: &Origins,
) -> http::Response<Body> {
    let Response { status, mut headers, body } = response;
    share(&mut headers, origin, origins);
    let textual = std::str::from_utf8(&body).ok().filter(|_| is_text(&headers)).map(str::to_owned);
    let body = textual.map_or_else(|| Body::Binary(body.to_vec()), Body::Text);
    let mut answer = http::Response::new(body);
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    answer
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/") || kind.contains("json")
}

/// Lets a page of an allowed origin read the answer (CORS).
fn share(headers: &mut HeaderMap, origin: Option<&HeaderValue>, origins: &Origins) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin
        && origin.to_str().is_ok_and(|text| origins.allows(text))
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag, Retry-After"));
    }
}
