//! `GET /v1/quotes/{quoteId}/explanation`: why a quote costs what it costs, worked out again by the tariff that priced it.

use std::sync::Arc;

use nots_core::{
    QuoteId, access,
    entity::Quote,
    ports::{Clock, Table},
    pricing::explain,
};
use nots_http::{Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode};
use serde_json::json;

/// Explains quotes.
pub struct QuotesExplain {
    /// Quotes and tariffs.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

impl Endpoint for QuotesExplain {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/quotes/{quoteId}/explanation",
        function: "quotes-explain",
        access: Access::Public,
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let id: QuoteId = request.id("quoteId")?;
        request.query().finish()?;
        let quote = self.table.read(access::quote(&id)).await?.ok_or_else(Problem::not_found)?;
        let expires_at = Quote::expires_at(&quote);
        if self.clock.now() >= expires_at {
            return Err(Problem::gone("The quote has expired: ask for a new one."));
        }
        // A version is never taken away, so one that is missing is a fault of ours.
        let tariff = self.table.read(access::tariff(quote.data.pricing.tariff())).await?;
        let tariff =
            tariff.ok_or_else(|| Problem::internal("the tariff that priced a quote is not there"))?;
        let explanation = explain(&quote.data, &tariff.data).map_err(Problem::internal)?;
        if !explanation.matches {
            tracing::error!(quote.id = %id, tariff.version = tariff.data.version, alert = "price_mismatch",
                "Quote `{id}` does not come out at its price by the tariff that priced it");
        }
        let mut body = serde_json::to_value(&explanation).map_err(Problem::internal)?;
        if let Some(fields) = body.as_object_mut() {
            fields.insert("quoteId".to_owned(), json!(id));
            fields.insert("expiresAt".to_owned(), json!(expires_at));
        }
        Ok(Response::json(StatusCode::OK, &body))
    }
}
