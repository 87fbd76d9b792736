//! Problems: RFC 9457 `application/problem+json`. 4xx is theirs, 5xx is ours, 503 means try again.

use std::error::Error;

use http::{HeaderValue, StatusCode, header};
use nots_core::table::Version;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Response, accept::Form};

/// One bad field of a body, or one bad query parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldError {
    /// A field of the body.
    Field {
        /// JSON pointer to it; empty for the whole body.
        pointer: String,
        /// What is wrong.
        detail: String,
    },
    /// A query parameter.
    Parameter {
        /// Its name.
        parameter: String,
        /// What is wrong.
        detail: String,
    },
}

impl FieldError {
    /// A bad field of the body.
    #[must_use]
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Field { pointer: pointer.into(), detail: detail.into() }
    }

    /// A bad query parameter.
    #[must_use]
    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Parameter { parameter: name.into(), detail: detail.into() }
    }
}

/// The most bad fields that one problem names.
const MOST_ERRORS: usize = 1_000;

/// Why a request was not done.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    more: Map<String, Value>,
    /// For the log only.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    fn new(status: StatusCode, slug: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        let (detail, errors, more) = (detail.into(), Vec::new(), Map::new());
        Self(Box::new(Inner { status, slug, title, detail, errors, more, cause: None }))
    }

    /// 400: the body is not JSON at all.
    #[must_use]
    pub fn not_json(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let whole = FieldError::at("", detail.clone());
        Self::new(StatusCode::BAD_REQUEST, "not-json", "The body is not JSON", detail)
            .with_errors(vec![whole])
    }

    /// 400: query parameters are wrong.
    #[must_use]
    pub fn bad_query(errors: Vec<FieldError>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-query",
            "The query is not understood",
            "See errors for each parameter.",
        )
        .with_errors(errors)
    }

    /// 400: the cursor is none that this list gave.
    #[must_use]
    pub fn bad_cursor() -> Self {
        Self::bad_query(vec![FieldError::parameter("cursor", "is not a cursor of this list")])
    }

    /// 401.
    #[must_use]
    pub fn unauthorized() -> Self {
        let detail = "Send a valid access token as Authorization: Bearer.";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "No valid access token", detail)
    }

    /// 400: a signature that is not the sender's.
    #[must_use]
    pub fn bad_signature() -> Self {
        let detail = "The signature is missing, too old or not made with our secret.";
        Self::new(StatusCode::BAD_REQUEST, "bad-signature", "The signature does not hold", detail)
            .with_errors(vec![FieldError::at("", detail)])
    }

    /// 403.
    #[must_use]
    pub fn forbidden() -> Self {
        let detail = "Your role does not allow this.";
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// 404, also for what is somebody else's.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", "There is nothing here for you.")
    }

    /// 404: no endpoint is there.
    #[must_use]
    pub fn no_route() -> Self {
        let detail = "There is no such route: look at the path, the method, and the base path /v1.";
        Self::new(StatusCode::NOT_FOUND, "no-route", "No such route", detail)
    }

    /// 404: what a field of the body names is not there.
    #[must_use]
    pub fn nothing_named(pointer: &str, what: &str) -> Self {
        let detail = format!("There is no such {what}.");
        let error = FieldError::at(pointer, detail.clone());
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail).with_errors(vec![error])
    }

    /// 406: it cannot be had in any form that was asked for.
    #[must_use]
    pub fn not_acceptable(forms: &[Form]) -> Self {
        let named = |form: &Form| {
            let first = if form.binary { ", named first" } else { "" };
            format!("{}{first}", form.media_type)
        };
        let forms: Vec<_> = forms.iter().map(named).collect();
        let detail = format!("Ask for it by Accept: {}.", forms.join(", or "));
        Self::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not in that form", detail)
    }

    /// 409: the state that is does not allow it; `current` says what that state is.
    #[must_use]
    pub fn conflict(detail: impl Into<String>, current: Value) -> Self {
        let mut problem = Self::new(StatusCode::CONFLICT, "conflict", "Not as things stand", detail);
        problem.0.more.insert("current".to_owned(), current);
        problem
    }

    /// 410: it was here, and is no longer good.
    #[must_use]
    pub fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "gone", "No longer good", detail)
    }

    /// 412: it has changed since the caller saw it.
    #[must_use]
    pub fn stale(version: Version) -> Self {
        let detail = "It has changed since you saw it: read it again.";
        let mut problem = Self::new(StatusCode::PRECONDITION_FAILED, "stale", "Changed meanwhile", detail);
        problem.0.more.insert("current".to_owned(), json!({ "version": version }));
        problem
    }

    /// 413: so many bytes are the most.
    #[must_use]
    pub fn too_large(most_bytes: usize) -> Self {
        let detail = format!("A body may have at most {} KiB.", most_bytes / 1_024);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large", detail.clone())
            .with_errors(vec![FieldError::at("", detail)])
    }

    /// 422: fields of the body are wrong. Of a body of nothing but faults the first 1,000 are told: naming a field takes
    /// more bytes than sending one does.
    #[must_use]
    pub fn invalid(mut errors: Vec<FieldError>) -> Self {
        let detail = if errors.len() > MOST_ERRORS {
            format!("See errors for each of the first {MOST_ERRORS} fields; {} are wrong.", errors.len())
        } else {
            "See errors for each field.".to_owned()
        };
        errors.truncate(MOST_ERRORS);
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The body is not valid", detail)
            .with_errors(errors)
    }

    /// 503: the operator has not set up what this needs.
    #[must_use]
    pub fn not_set_up(what: &'static str) -> Self {
        let detail = format!("The operator has no {what} yet.");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "not-set-up", "Not set up", detail).because(what)
    }

    /// 503: not now; the cause goes to the log.
    #[must_use]
    pub fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "Nothing is lost: please try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "try-again", "Busy", detail).because(cause)
    }

    /// 500: a fault of ours; the cause goes to the log.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "The fault is ours and has been recorded.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong", detail)
            .because(cause)
    }

    /// 502: who we depend on refused; the cause goes to the log.
    #[must_use]
    pub fn bad_gateway(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "A service that we depend on refused; the fault has been recorded.";
        Self::new(StatusCode::BAD_GATEWAY, "bad-gateway", "Something went wrong", detail).because(cause)
    }

    /// The same, naming fields.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The answer; a cause is logged here, once, with its chain.
    #[must_use]
    pub fn into_response(self, request_id: &str) -> Response {
        let Self(inner) = self;
        if let Some(cause) = &inner.cause {
            let mut chain = cause.to_string();
            let mut source = cause.source();
            while let Some(inner) = source {
                chain.push_str(": ");
                chain.push_str(&inner.to_string());
                source = inner.source();
            }
            tracing::error!(
                request.id = request_id,
                status = inner.status.as_u16(),
                cause = chain,
                "Could not answer"
            );
        }
        let mut body = inner.more;
        body.insert("type".to_owned(), json!(format!("https://nots.co.uk/problems/{}", inner.slug)));
        body.insert("title".to_owned(), json!(inner.title));
        body.insert("status".to_owned(), json!(inner.status.as_u16()));
        body.insert("detail".to_owned(), json!(inner.detail));
        body.insert("errors".to_owned(), json!(inner.errors));
        body.insert("requestId".to_owned(), json!(request_id));
        let mut response = Response::json(inner.status, &Value::Object(body))
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if inner.status == StatusCode::UNAUTHORIZED {
            response = response.header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if inner.status == StatusCode::SERVICE_UNAVAILABLE {
            response = response.header(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
