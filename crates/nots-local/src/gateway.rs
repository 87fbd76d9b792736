//! API Gateway on this machine: from HTTP to REST proxy events (v1), through the authorizer, down the path that
//! Lambda's own events go, and back.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use nots_core::{Seconds, Timestamp, ports::Clock};
use nots_http::{Access, Endpoint, Problem, Route};
use nots_lambda::{Invoke, Origins, http_service, invocable};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// The API's stage, which is its base path.
pub const STAGE: &str = "v1";
const API: &str = "local";
/// Seconds that an authorizer's answer is kept for a token, as the template sets it.
const AUTHORIZED_FOR: Seconds = 300;

/// The API's front door.
pub struct Gateway {
    clock: Arc<dyn Clock>,
    origins: Origins,
    authorizer: Invoke,
    authorized: Mutex<HashMap<String, (Timestamp, Value)>>,
    mounted: Vec<(Route, Invoke)>,
}

/// Why the gateway itself answers.
enum Refusal {
    Unauthorized,
    Forbidden,
    NoRoute,
    Integration(String),
}

impl Gateway {
    /// With an authorizer and no routes yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, origins: Origins, authorizer: Invoke) -> Self {
        Self { clock, origins, authorizer, authorized: Mutex::default(), mounted: Vec::new() }
    }

    /// Adds an endpoint at its own route.
    #[must_use]
    pub fn mount<E: Endpoint>(mut self, endpoint: E) -> Self {
        let service = http_service(Arc::new(endpoint), self.origins.clone());
        self.mounted.push((E::ROUTE, invocable(service)));
        self
    }

    /// Every route, in the order in which they were mounted.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.mounted.iter().map(|(route, _)| route)
    }

    /// The function that serves a route, to be called as Lambda calls it.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Invoke> {
        self.mounted.iter().find(|(route, _)| route.function == name).map(|(_, invoke)| invoke)
    }

    /// Answers a request whose path begins with the stage.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let request_id = uuid::Builder::from_random_bytes(rand::random()).into_uuid().to_string();
        if request.method() == http::Method::OPTIONS {
            return preflight();
        }
        match self.pass(&request, &request_id).await {
            Ok(response) => response,
            Err(refusal) => {
                let problem = match refusal {
                    Refusal::Unauthorized => Problem::unauthorized(),
                    Refusal::Forbidden => Problem::forbidden(),
                    Refusal::NoRoute => Problem::no_route(),
                    Refusal::Integration(cause) => Problem::bad_gateway(cause),
                };
                let answer = problem.into_response(&request_id);
                let mut response = Response::new(answer.body);
                *response.status_mut() = answer.status;
                *response.headers_mut() = answer.headers;
                // As the template's gateway responses: what the gateway says itself is nobody's secret.
                response
                    .headers_mut()
                    .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
                response
            }
        }
    }

    async fn pass(&self, request: &Request<Bytes>, request_id: &str) -> Result<Response<Bytes>, Refusal> {
        let path = request.uri().path().strip_prefix("/v1").ok_or(Refusal::NoRoute)?;
        let (route, invoke, params) = self.find(request.method(), path).ok_or(Refusal::NoRoute)?;
        let mut event = proxy_event(request, route, path, &params, request_id, self.clock.now());
        if let Access::Roles(_) = route.access {
            let context = self.authorize(request, &event).await?;
            if let Some(fields) = event.pointer_mut("/requestContext").and_then(Value::as_object_mut) {
                fields.insert("authorizer".to_owned(), context);
            }
        }
        let answer = invoke(event.to_string().into_bytes()).await;
        let answer = answer.map_err(|error| Refusal::Integration(error.to_string()))?;
        from_answer(&answer).map_err(Refusal::Integration)
    }

    /// The route that a path is of: one that names a segment goes before one that takes any.
    fn find(&self, method: &http::Method, path: &str) -> Option<(&Route, &Invoke, Map<String, Value>)> {
        let of_method = self.mounted.iter().filter(|(route, _)| route.method.as_str() == method.as_str());
        let matching =
            of_method.filter_map(|(route, invoke)| Some((route, invoke, params_of(route.path, path)?)));
        matching.min_by_key(|(_, _, params)| params.len())
    }

    /// What the authorizer says of the caller, asked once for each token and a while.
    async fn authorize(&self, request: &Request<Bytes>, event: &Value) -> Result<Value, Refusal> {
        // The token is the identity source: without one the authorizer is not asked.
        let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.filter(|token| !token.is_empty()).ok_or(Refusal::Unauthorized)?;
        let (method, resource) = (request.method().as_str(), request.uri().path().trim_start_matches("/v1"));
        let arn = format!("arn:aws:execute-api:eu-west-2:000000000000:{API}/{STAGE}/{method}{resource}");
        let now = self.clock.now();
        let known = {
            let authorized = self.authorized.lock().unwrap_or_else(PoisonError::into_inner);
            authorized.get(token).filter(|(until, _)| now < *until).map(|(_, answer)| answer.clone())
        };
        let answer = match known {
            Some(answer) => answer,
            None => {
                let mut asked = event.clone();
                if let Some(fields) = asked.as_object_mut() {
                    fields.insert("type".to_owned(), json!("REQUEST"));
                    fields.insert("methodArn".to_owned(), json!(arn));
                    fields.remove("body");
                    fields.remove("isBase64Encoded");
                    for name in [
                        "queryStringParameters",
                        "multiValueQueryStringParameters",
                        "pathParameters",
                        "stageVariables",
                    ] {
                        // Where a function is told null, an authorizer is told that there are none.
                        if fields.get(name).is_some_and(Value::is_null) {
                            fields.insert(name.to_owned(), json!({}));
                        }
                    }
                }
                let answer = (self.authorizer)(asked.to_string().into_bytes()).await;
                let answer = answer.map_err(|error| match error.to_string().as_str() {
                    "Unauthorized" => Refusal::Unauthorized,
                    other => Refusal::Integration(other.to_owned()),
                })?;
                let answer: Value =
                    serde_json::from_slice(&answer).map_err(|e| Refusal::Integration(e.to_string()))?;
                let mut authorized = self.authorized.lock().unwrap_or_else(PoisonError::into_inner);
                if authorized.len() >= 1_000 {
                    authorized.clear();
                }
                authorized.insert(token.to_owned(), (now.plus(AUTHORIZED_FOR), answer.clone()));
                answer
            }
        };
        if !allows(&answer, &arn) {
            return Err(Refusal::Forbidden);
        }
        let mut context = answer.get("context").cloned().unwrap_or_else(|| json!({}));
        if let (Some(fields), Some(principal)) = (context.as_object_mut(), answer.get("principalId")) {
            fields.insert("principalId".to_owned(), principal.clone());
            fields.insert("integrationLatency".to_owned(), json!(0));
        }
        Ok(context)
    }
}

/// Whether an authorizer's policy lets this method be called.
fn allows(answer: &Value, arn: &str) -> bool {
    let statements = answer.pointer("/policyDocument/Statement").and_then(Value::as_array);
    statements.into_iter().flatten().any(|statement| {
        let resource = statement.get("Resource").and_then(Value::as_str).unwrap_or_default();
        let covered = resource.strip_suffix('*').map_or(resource == arn, |prefix| arn.starts_with(prefix));
        statement.get("Effect").and_then(Value::as_str) == Some("Allow") && covered
    })
}

fn params_of(template: &str, path: &str) -> Option<Map<String, Value>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut params = Map::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(want), Some(got)) => match want.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !got.is_empty() => {
                    params.insert(name.to_owned(), json!(percent_decode_str(got).decode_utf8_lossy()));
                }
                Some(_) => return None,
                None if want == got => {}
                None => return None,
            },
            _ => return None,
        }
    }
}

/// The event that API Gateway makes of a request; what is empty is null, as there.
fn proxy_event(
    request: &Request<Bytes>,
    route: &Route,
    path: &str,
    params: &Map<String, Value>,
    request_id: &str,
    now: Timestamp,
) -> Value {
    let headers = several(request.headers().iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    }));
    let query = request.uri().query().unwrap_or_default();
    let query = several(query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode =
            |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        (decode(name), decode(value))
    }));
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let binary = kind.starts_with("application/pdf");
    let body = if request.body().is_empty() {
        Value::Null
    } else if binary {
        json!(STANDARD.encode(request.body()))
    } else {
        json!(String::from_utf8_lossy(request.body()))
    };
    json!({
        "resource": route.path,
        "path": path,
        "httpMethod": request.method().as_str(),
        "headers": last_of(&headers),
        "multiValueHeaders": or_null(&headers),
        "queryStringParameters": last_of(&query),
        "multiValueQueryStringParameters": or_null(&query),
        "pathParameters": if params.is_empty() { Value::Null } else { Value::Object(params.clone()) },
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": API,
            "deploymentId": "local",
            "domainName": "127.0.0.1",
            "domainPrefix": API,
            "extendedRequestId": request_id,
            "httpMethod": request.method().as_str(),
            "identity": {
                "accessKey": null,
                "accountId": null,
                "caller": null,
                "cognitoAuthenticationProvider": null,
                "cognitoAuthenticationType": null,
                "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null,
                "principalOrgId": null,
                "sourceIp": "127.0.0.1",
                "user": null,
                "userAgent": user_agent,
                "userArn": null,
            },
            "path": format!("/{STAGE}{path}"),
            "protocol": "HTTP/1.1",
            "requestId": request_id,
            "requestTime": now.in_utc("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": now.seconds().saturating_mul(1_000),
            "resourceId": "local",
            "resourcePath": route.path,
            "stage": STAGE,
        },
        "body": body,
        "isBase64Encoded": binary && !request.body().is_empty(),
    })
}

fn several(pairs: impl Iterator<Item = (String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs {
        all.entry(name).or_default().push(value);
    }
    all
}

fn or_null(all: &BTreeMap<String, Vec<String>>) -> Value {
    if all.is_empty() { Value::Null } else { json!(all) }
}

fn last_of(all: &BTreeMap<String, Vec<String>>) -> Value {
    if all.is_empty() {
        return Value::Null;
    }
    all.iter()
        .filter_map(|(name, values)| Some((name.clone(), json!(values.last()?))))
        .collect::<Map<_, _>>()
        .into()
}

/// The response that API Gateway makes of a function's answer.
fn from_answer(answer: &[u8]) -> Result<Response<Bytes>, String> {
    let answer: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let status = answer.get("statusCode").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.and_then(|code| StatusCode::from_u16(code).ok()).ok_or("no status")?;
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = if answer.get("isBase64Encoded") == Some(&json!(true)) {
        Bytes::from(STANDARD.decode(body).map_err(|error| error.to_string())?)
    } else {
        Bytes::from(body.to_owned())
    };
    let mut headers = HeaderMap::new();
    let several = answer.get("multiValueHeaders").and_then(Value::as_object).into_iter().flatten();
    let pairs = several
        .flat_map(|(name, values)| values.as_array().into_iter().flatten().map(move |value| (name, value)));
    for (name, value) in pairs {
        let name = HeaderName::try_from(name.as_str()).map_err(|error| error.to_string())?;
        let value =
            HeaderValue::from_str(value.as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
        headers.append(name, value);
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// What the template's preflight answers. It names no origin: there are no cookies, and which pages may read an
/// answer is said by the answer.
fn preflight() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let methods = HeaderValue::from_static("GET,POST,PATCH,PUT,DELETE,OPTIONS");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let allowed = HeaderValue::from_static("Authorization,Content-Type,If-Match,Idempotency-Key");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    response
}
