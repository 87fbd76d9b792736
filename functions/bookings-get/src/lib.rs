//! `GET /v1/bookings/{bookingId}`: one booking, for whose it is, who drives it, and the office.

use std::sync::Arc;

use nots_core::{
    BookingId, access,
    ports::{Clock, Table},
};
use nots_http::{
    Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode, roles, shown,
    view::{self, Viewer},
};

/// Answers a booking.
pub struct BookingsGet {
    /// Bookings.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

impl Endpoint for BookingsGet {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/bookings/{bookingId}",
        function: "bookings-get",
        access: Access::Roles(roles::ANYONE),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let id: BookingId = request.id("bookingId")?;
        request.query().finish()?;
        let booking = self.table.read(access::booking(&id)).await?.ok_or_else(Problem::not_found)?;
        // Somebody else's is not found either.
        let viewer = Viewer::of(request.caller()?, &booking.data).ok_or_else(Problem::not_found)?;
        Ok(shown(StatusCode::OK, &booking, &view::booking(&booking, viewer, self.clock.now())?))
    }
}
