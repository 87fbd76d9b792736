//! `GET /v1/bookings`: a customer's own; for the office by status and pickup time, by user, by driver, by reference.

use std::sync::Arc;

use nots_core::{
    DriverId, UserId,
    access::{self, Window},
    entity::{Booking, BookingStatus},
    id::BookingReference,
    ports::{Clock, Table},
    table::{Index, Query},
};
use nots_http::{
    Access, Endpoint, Listing, Method, Problem, Request, Response, Route, listed, roles,
    view::{self, Viewer},
};

/// Lists bookings.
pub struct BookingsList {
    /// Bookings.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

/// What the office asks for.
enum Wanted {
    Status(BookingStatus, Window),
    User(UserId),
    Driver(DriverId, Window),
    Reference(BookingReference),
}

impl Endpoint for BookingsList {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/bookings",
        function: "bookings-list",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller()?;
        let mut query = request.query();
        let listing = Listing::read(&mut query);
        if !caller.is_staff() {
            query.finish()?;
            let (user, _) = caller.as_user()?;
            return self.page(&access::bookings_of_user(&user), &listing, Viewer::Customer).await;
        }
        let status = query.parsed::<BookingStatus>("status");
        let user = query.parsed::<UserId>("userId");
        let driver = query.parsed::<DriverId>("driverId");
        let reference = query.text("reference").map(BookingReference::parse);
        let window = Window { from: query.moment("from"), to: query.moment("to") };
        if window.from.zip(window.to).is_some_and(|(from, to)| from > to) {
            query.refuse("from", "is after to");
        }
        let given = ["status", "userId", "driverId", "reference"].map(|name| query.has(name));
        if given.iter().filter(|given| **given).count() != 1 {
            query.refuse("status", "give exactly one of status, userId, driverId and reference");
        }
        if window != Window::default() && !query.has("status") && !query.has("driverId") {
            query.refuse("from", "goes with status or driverId");
        }
        if let Some(Err(error)) = &reference {
            query.refuse("reference", error.to_string());
        }
        query.finish()?;
        let wanted = match (status, user, driver, reference) {
            (Some(status), ..) => Wanted::Status(status, window),
            (_, Some(user), ..) => Wanted::User(user),
            (_, _, Some(driver), _) => Wanted::Driver(driver, window),
            (_, _, _, Some(Ok(reference))) => Wanted::Reference(reference),
            _ => return Err(Problem::bad_query(Vec::new())),
        };
        match wanted {
            Wanted::Status(status, window) => {
                self.page(&access::bookings_by_status(status, window), &listing, Viewer::Staff).await
            }
            Wanted::User(user) => self.page(&access::bookings_of_user(&user), &listing, Viewer::Staff).await,
            Wanted::Driver(driver, window) => {
                self.page(&access::jobs_of_driver(&driver, window), &listing, Viewer::Staff).await
            }
            Wanted::Reference(reference) => {
                listing.single_page()?;
                self.by_reference(&reference).await
            }
        }
    }
}

impl BookingsList {
    async fn page<I: Index>(
        &self,
        query: &Query<I, Booking>,
        listing: &Listing,
        viewer: Viewer,
    ) -> Result<Response, Problem> {
        let page = self.table.page(query, listing.limit, listing.after(query)?).await?;
        let now = self.clock.now();
        let items =
            page.rows.iter().map(|row| view::booking(row, viewer, now)).collect::<Result<Vec<_>, _>>()?;
        Ok(listed(&items, listing.next(query, &page).as_deref()))
    }

    async fn by_reference(&self, reference: &BookingReference) -> Result<Response, Problem> {
        let link = self.table.read(access::booking_by_reference(reference)).await?;
        let booking = match link {
            Some(link) => self.table.read(access::booking(&link.data.booking_id)).await?,
            None => None,
        };
        let now = self.clock.now();
        let items = booking
            .iter()
            .map(|row| view::booking(row, Viewer::Staff, now))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(listed(&items, None))
    }
}
