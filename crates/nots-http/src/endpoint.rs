//! The seam that Lambda and the local platform share.

use std::{collections::HashMap, fmt, future::Future};

use bytes::Bytes;
use http::HeaderMap;
use nots_core::{Role, table::Version};

use crate::{Caller, Problem, QueryReader, Response, body::MAX_BODY_BYTES};

/// HTTP methods that NOTS uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Read.
    Get,
    /// Make.
    Post,
    /// Change some of it.
    Patch,
    /// Replace it.
    Put,
    /// Take away.
    Delete,
}

impl Method {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; no token is looked at.
    Public,
    /// Who has one of these roles.
    Roles(&'static [Role]),
}

/// Where an endpoint is, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// By which method.
    pub method: Method,
    /// Under the base path: `/bookings/{bookingId}`.
    pub path: &'static str,
    /// The Lambda function that serves it.
    pub function: &'static str,
    /// For whom.
    pub access: Access,
}

/// A request, whoever delivered it.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Path parameters by name.
    pub params: HashMap<String, String>,
    /// Query parameters in order; a name may come more than once.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// The raw body.
    pub body: Bytes,
    /// Who calls, from a verified token; none on a public route.
    pub caller: Option<Caller>,
    /// The gateway's id of it, for whoever looks into the log.
    pub request_id: String,
}

impl Request {
    /// Who calls.
    ///
    /// # Errors
    /// 401 when nobody is known, which a route with roles never lets through.
    pub fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(Problem::unauthorized)
    }

    /// An id in the path; a malformed one is simply not found.
    ///
    /// # Errors
    /// 404.
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.params.get(name).and_then(|text| text.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A header that may come in several lines, as the one list that it is; empty when it does not come.
    #[must_use]
    pub fn joined(&self, name: &str) -> String {
        let lines = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        lines.collect::<Vec<_>>().join(",")
    }

    /// Holds a change to the version that its caller saw, when `If-Match` says which.
    ///
    /// # Errors
    /// 412 when it is another by now.
    pub fn unless_stale(&self, version: Version) -> Result<(), Problem> {
        let Some(wanted) = self.header("if-match") else { return Ok(()) };
        let mut tags = wanted.split(',').map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'));
        let current = version.to_string();
        if tags.any(|tag| tag == "*" || tag == current) { Ok(()) } else { Err(Problem::stale(version)) }
    }

    /// The query, to be read strictly.
    #[must_use]
    pub fn query(&self) -> QueryReader<'_> {
        QueryReader::new(&self.query)
    }
}

/// One route's answer to a request.
pub trait Endpoint: Send + Sync + 'static {
    /// Where it is and for whom.
    const ROUTE: Route;

    /// The most bytes that a body may have here.
    const MOST_BYTES: usize = MAX_BODY_BYTES;

    /// Answers.
    fn call(&self, request: Request) -> impl Future<Output = Result<Response, Problem>> + Send;
}

/// Answers a request through an endpoint: the role is judged before the body, a body that is too large is not
/// looked at, and whatever went wrong becomes a problem whose cause goes to the log only.
pub async fn answer<E: Endpoint>(endpoint: &E, request: Request) -> Response {
    let request_id = request.request_id.clone();
    let outcome = match admit(&E::ROUTE, E::MOST_BYTES, &request) {
        Ok(()) => endpoint.call(request).await,
        Err(problem) => Err(problem),
    };
    outcome.unwrap_or_else(|problem| problem.into_response(&request_id))
}

fn admit(route: &Route, most_bytes: usize, request: &Request) -> Result<(), Problem> {
    if let Access::Roles(allowed) = route.access
        && !request.caller()?.has_any(allowed)
    {
        return Err(Problem::forbidden());
    }
    if request.body.len() > most_bytes {
        return Err(Problem::too_large(most_bytes));
    }
    Ok(())
}
