//! `GET /v1/tariff`: the tariff in force, now or at another moment; one version of it; or the list of all versions.

use std::sync::Arc;

use futures_util::future::try_join;
use nots_core::{
    Timestamp, access,
    entity::{
        Tariff,
        tariff::{TariffHead, TariffKey},
    },
    ports::{Clock, Table},
    table::Stored,
};
use nots_http::{
    Access, Endpoint, Listing, Method, Problem, QueryReader, Request, Response, Route, StatusCode, listed,
    roles, view,
};
use serde_json::{Value, json};

/// Answers tariffs.
pub struct TariffGet {
    /// Tariffs.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

impl Endpoint for TariffGet {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/tariff",
        function: "tariff-get",
        access: Access::Roles(roles::MANAGEMENT),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        match Asked::read(request.query())? {
            Asked::InForce(at) => self.in_force(at.unwrap_or_else(|| self.clock.now())).await,
            Asked::One(key) => {
                let (tariff, head) = self.table.read((access::tariff(key), access::tariff_head())).await?;
                answer(tariff, head)
            }
            Asked::Versions(listing) => self.versions(&listing).await,
        }
    }
}

/// Which tariff, or which of them.
enum Asked {
    InForce(Option<Timestamp>),
    /// By what a quote names it by.
    One(TariffKey),
    Versions(Listing),
}

impl Asked {
    fn read(mut query: QueryReader<'_>) -> Result<Self, Problem> {
        let (at, from) = (query.moment("at"), query.moment("effectiveFrom"));
        let version = query.whole("version").map(u32::try_from);
        let listing = Listing::read(&mut query);
        let all = query.text("versions");
        if all.is_some_and(|given| given != "true") {
            query.refuse("versions", "must be true");
        }
        if version.is_some_and(|version| version.is_err()) {
            query.refuse("version", "must be the number of a version");
        }
        let (one, named) = (query.has("version"), query.has("effectiveFrom"));
        for (name, goes) in [
            ("at", all.is_none() && !one && !named),
            ("version", all.is_none() && named),
            ("effectiveFrom", all.is_none() && one),
            ("limit", all.is_some()),
            ("cursor", all.is_some()),
        ] {
            if query.has(name) && !goes {
                let detail = match name {
                    "limit" | "cursor" => "goes with versions=true",
                    "at" => "goes with no other parameter",
                    _ => "goes with version and effectiveFrom alone: together they name one",
                };
                query.refuse(name, detail);
            }
        }
        query.finish()?;
        Ok(match (from, version) {
            (Some(from), Some(Ok(version))) => Self::One((from, version)),
            _ if all.is_some() => Self::Versions(listing),
            _ => Self::InForce(at),
        })
    }
}

fn answer(tariff: Option<Stored<Tariff>>, head: Option<Stored<TariffHead>>) -> Result<Response, Problem> {
    let tariff = tariff.ok_or_else(Problem::not_found)?;
    view::tariff(StatusCode::OK, &tariff, head.as_ref())
}

impl TariffGet {
    async fn in_force(&self, at: Timestamp) -> Result<Response, Problem> {
        let in_force = access::tariff_in_force(at);
        let page = self.table.page(&in_force, 1, None);
        let (page, head) = try_join(page, self.table.read(access::tariff_head())).await?;
        answer(page.rows.into_iter().next(), head)
    }

    async fn versions(&self, listing: &Listing) -> Result<Response, Problem> {
        let now = self.clock.now();
        let (versions, in_force) = (access::tariff_versions(), access::tariff_in_force(now));
        let page = self.table.page(&versions, listing.limit, listing.after(&versions)?);
        let (page, in_force) = try_join(page, self.table.page(&in_force, 1, None)).await?;
        let in_force = in_force.rows.first().map(|row| row.data.key());
        let items: Vec<_> = page.rows.iter().map(|row| summary(row, in_force, now)).collect();
        Ok(listed(&items, listing.next(&versions, &page).as_deref()))
    }
}

/// A version without what it says.
fn summary(row: &Stored<Tariff>, in_force: Option<TariffKey>, now: Timestamp) -> Value {
    let state = if Some(row.data.key()) == in_force {
        "in_force"
    } else if row.data.effective_from > now {
        "scheduled"
    } else {
        "past"
    };
    json!({
        "version": row.data.version,
        "effectiveFrom": row.data.effective_from,
        "state": state,
        "publishedAt": row.meta.created_at,
        "publishedBy": row.meta.updated_by,
    })
}
