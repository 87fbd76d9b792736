//! Answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use nots_core::table::{Entity, Stored, Version};
use serde::Serialize;
use serde_json::{Value, json};

use crate::Problem;

/// An answer, whoever delivers it.
#[derive(Debug, Clone)]
pub struct Response {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
}

impl Response {
    /// JSON. Prices and people's data are nobody's to keep on the way.
    #[must_use]
    pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Self {
        let (status, body) = match serde_json::to_vec(body) {
            Ok(body) => (status, body),
            // Nothing that is answered has a map with keys that are not text, the one thing that JSON cannot hold.
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, b"{}".to_vec()),
        };
        let response = Self { status, headers: HeaderMap::new(), body: Bytes::from(body) };
        response
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// A file of a media type, to be kept under a name. Like JSON it is nobody's to keep on the way.
    #[must_use]
    pub fn file(media_type: &'static str, name: &str, bytes: Vec<u8>) -> Self {
        let response = Self { status: StatusCode::OK, headers: HeaderMap::new(), body: Bytes::from(bytes) };
        let response = response
            .header(header::CONTENT_TYPE, HeaderValue::from_static(media_type))
            .header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
            Ok(named) => response.header(header::CONTENT_DISPOSITION, named),
            Err(_) => response,
        }
    }

    /// Says that another `Accept` may have another answer.
    #[must_use]
    pub fn varies_by_accept(self) -> Self {
        self.header(header::VARY, HeaderValue::from_static("Accept"))
    }

    /// The same with a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// An entity's `Data` with its `version`, as it is sent.
///
/// # Errors
/// 500 when it cannot be JSON; a fault of ours.
pub fn with_version<E: Entity>(row: &Stored<E>) -> Result<Value, Problem> {
    let mut value = serde_json::to_value(&row.data).map_err(Problem::internal)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("version".to_owned(), json!(row.meta.version));
        fields.insert("createdAt".to_owned(), json!(row.meta.created_at));
        fields.insert("updatedAt".to_owned(), json!(row.meta.updated_at));
    }
    Ok(value)
}

/// One entity as somebody may see it, with its version as `ETag`.
#[must_use]
pub fn shown<E: Entity>(status: StatusCode, row: &Stored<E>, view: &Value) -> Response {
    tagged(Response::json(status, view), row.meta.version)
}

/// An answer with a version as `ETag`.
pub(crate) fn tagged(response: Response, version: Version) -> Response {
    match HeaderValue::from_str(&format!("\"{version}\"")) {
        Ok(etag) => response.header(header::ETAG, etag),
        Err(_) => response,
    }
}

/// A page of a list.
#[must_use]
pub fn listed(items: &[Value], next: Option<&str>) -> Response {
    Response::json(StatusCode::OK, &json!({ "items": items, "nextCursor": next }))
}
