//! `POST /v1/tariff/preview`: what a draft of the tariff would have made of quotes that were given. Writes nothing.

use std::{collections::HashSet, sync::Arc};

use deserr::Deserr;
use nots_core::{
    QuoteId, access,
    entity::tariff::Fault,
    ports::{Clock, Table},
    pricing::preview,
};
use nots_http::{
    Access, Endpoint, FieldError, InvalidBody, Method, Problem, Request, Response, Route, StatusCode, Wire,
    parse_judged, roles,
    tariff::{self, TariffBody},
};
use serde_json::Value;

/// The most quotes at once: as many as one read by key takes.
const MOST_QUOTES: usize = 100;

/// Previews tariffs.
pub struct TariffPreview {
    /// Quotes.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    tariff: TariffBody,
    quote_ids: Vec<Wire<QuoteId>>,
}

impl Endpoint for TariffPreview {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/tariff/preview",
        function: "tariff-preview",
        access: Access::Roles(roles::MANAGEMENT),
    };
    const MOST_BYTES: usize = tariff::MAX_TARIFF_BYTES;

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        request.query().finish()?;
        let now = self.clock.now();
        let asked: Asked = parse_judged(&request.body, |body, unfit| {
            let mut faults = tariff::faults(body, "/tariff", unfit);
            faults.extend(tariff::time_fault(body, "/tariff", now));
            faults.extend(of_quotes(body));
            faults
        })?;
        let told = |Fault { pointer, detail }: Fault| FieldError::at(format!("/tariff{pointer}"), detail);
        let draft = asked.tariff.into_terms().check();
        let draft = draft.map_err(|faults| Problem::invalid(faults.into_iter().map(told).collect()))?;

        let reads: Vec<_> = asked.quote_ids.iter().map(|Wire(id)| access::quote(id)).collect();
        let rows = self.table.read(reads).await?;
        let missing = rows.iter().enumerate().filter(|(_, row)| row.is_none());
        let missing: Vec<_> = missing
            .map(|(place, _)| FieldError::at(format!("/quoteIds/{place}"), "There is no such quote."))
            .collect();
        if !missing.is_empty() {
            return Err(Problem::not_found().with_errors(missing));
        }
        let quotes: Vec<_> = rows.iter().flatten().map(|row| &row.data).collect();
        let preview = preview(&quotes, draft.get()).map_err(Problem::internal)?;
        Ok(Response::json(StatusCode::OK, &preview))
    }
}

/// What is wrong with the list of quotes beyond its entries' types.
fn of_quotes(body: &Value) -> Vec<FieldError> {
    let Some(Value::Array(ids)) = body.get("quoteIds") else { return Vec::new() };
    if ids.is_empty() || ids.len() > MOST_QUOTES {
        return vec![FieldError::at("/quoteIds", format!("must be 1 to {MOST_QUOTES} quotes"))];
    }
    let mut seen = HashSet::new();
    let twice = ids.iter().enumerate().filter(|(_, id)| id.as_str().is_some_and(|id| !seen.insert(id)));
    twice.map(|(place, _)| FieldError::at(format!("/quoteIds/{place}"), "is there already")).collect()
}
