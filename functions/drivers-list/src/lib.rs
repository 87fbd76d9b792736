//! `GET /v1/drivers`: drivers of a status, or those on duty now with the best rated first.

use std::sync::Arc;

use nots_core::{
    access,
    entity::{Driver, driver::FleetStatus},
    ports::Table,
    table::{Index, Query},
};
use nots_http::{
    Access, Endpoint, Listing, Method, Problem, Request, Response, Route, listed, roles, with_version,
};

/// Lists drivers.
pub struct DriversList {
    /// Drivers.
    pub table: Arc<dyn Table>,
}

impl Endpoint for DriversList {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/drivers",
        function: "drivers-list",
        access: Access::Roles(roles::STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let mut query = request.query();
        let listing = Listing::read(&mut query);
        let status = query.parsed::<FleetStatus>("status");
        let available = query.parsed::<bool>("available");
        if available == Some(false) {
            query.refuse("available", "only true can be asked for: leave it out for all drivers");
        }
        if available == Some(true) && status.is_some_and(|status| status != FleetStatus::Active) {
            query.refuse("status", "only active drivers are available");
        }
        query.finish()?;
        if available == Some(true) {
            self.page(&access::available_drivers(), &listing).await
        } else {
            self.page(&access::drivers_by_status(status.unwrap_or(FleetStatus::Active)), &listing).await
        }
    }
}

impl DriversList {
    async fn page<I: Index>(&self, query: &Query<I, Driver>, listing: &Listing) -> Result<Response, Problem> {
        let page = self.table.page(query, listing.limit, listing.after(query)?).await?;
        let items = page.rows.iter().map(with_version).collect::<Result<Vec<_>, _>>()?;
        Ok(listed(&items, listing.next(query, &page).as_deref()))
    }
}
