//! `GET /v1/quotes/{quoteId}`: a quote as long as it is good.

use std::sync::Arc;

use nots_core::{
    QuoteId, access,
    entity::Quote,
    ports::{Clock, Table},
};
use nots_http::{Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode, view};

/// Answers a quote.
pub struct QuotesRetrieve {
    /// Quotes.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

impl Endpoint for QuotesRetrieve {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/quotes/{quoteId}",
        function: "quotes-retrieve",
        access: Access::Public,
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let id: QuoteId = request.id("quoteId")?;
        request.query().finish()?;
        let quote = self.table.read(access::quote(&id)).await?.ok_or_else(Problem::not_found)?;
        // DynamoDB deletes late, so whoever reads judges.
        if self.clock.now() >= Quote::expires_at(&quote) {
            return Err(Problem::gone("The quote has expired: ask for a new one."));
        }
        view::quote(StatusCode::OK, &quote)
    }
}
