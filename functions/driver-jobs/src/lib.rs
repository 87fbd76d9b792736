//! `GET /v1/drivers/me/jobs`: a driver's jobs by pickup time, from yesterday on unless asked otherwise.

use std::sync::Arc;

use nots_core::{
    Seconds,
    access::{self, Window},
    ports::{Clock, Table},
};
use nots_http::{
    Access, Endpoint, Listing, Method, Problem, Request, Response, Route, listed, roles,
    view::{self, Viewer},
};

/// Lists a driver's own jobs.
pub struct DriverJobs {
    /// Bookings.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

/// A phone wants today's jobs, and the night's that has just ended.
const LOOK_BACK: Seconds = 24 * 60 * 60;

impl Endpoint for DriverJobs {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/drivers/me/jobs",
        function: "driver-jobs",
        access: Access::Roles(roles::DRIVER),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let (driver, _) = request.caller()?.as_driver()?;
        let mut query = request.query();
        let listing = Listing::read(&mut query);
        let window = Window { from: query.moment("from"), to: query.moment("to") };
        if window.from.zip(window.to).is_some_and(|(from, to)| from > to) {
            query.refuse("from", "is after to");
        }
        query.finish()?;
        let now = self.clock.now();
        let yesterday = now.minus(LOOK_BACK);
        let window = Window { from: window.from.or(Some(yesterday)), ..window };
        let query = access::jobs_of_driver(&driver, window);
        let page = self.table.page(&query, listing.limit, listing.after(&query)?).await?;
        let items = page
            .rows
            .iter()
            .map(|row| view::booking(row, Viewer::Driver, now))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(listed(&items, listing.next(&query, &page).as_deref()))
    }
}
