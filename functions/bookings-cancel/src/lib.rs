//! `DELETE /v1/bookings/{bookingId}`: calls a booking off, for its customer or the office.

use std::sync::Arc;

use deserr::Deserr;
use nots_core::{
    BookingId, Timestamp, access,
    cancellation::{CallingOff, Found, reads},
    entity::Booking,
    ports::{Clock, Ids, Table},
    retry,
    table::Stored,
    text::Note,
};
use nots_http::{
    Access, Endpoint, FieldError, InvalidBody, Method, Problem, Request, Response, Route, StatusCode, Wire,
    behalf::{ForCustomer, ONLY_STAFF, calling_off},
    parse_checked, roles, shown,
    view::{self, Viewer},
};

/// Calls bookings off.
pub struct BookingsCancel {
    /// Bookings, payments, tariffs, days.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    reason: Wire<Note>,
    #[deserr(default)]
    on_behalf_of: Option<Wire<ForCustomer>>,
}

impl Endpoint for BookingsCancel {
    const ROUTE: Route = Route {
        method: Method::Delete,
        path: "/bookings/{bookingId}",
        function: "bookings-cancel",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let id: BookingId = request.id("bookingId")?;
        request.query().finish()?;
        let caller = request.caller()?;
        let (_, by) = caller.as_user()?;
        let asked: Asked = parse_checked(&request.body, |body| {
            let named = body.get("onBehalfOf").is_some_and(|named| !named.is_null()) && !caller.is_staff();
            named.then(|| FieldError::at("/onBehalfOf", ONLY_STAFF)).into_iter().collect()
        })?;
        let behalf = asked.on_behalf_of.map(|Wire(behalf)| behalf);

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let (booking, settings) = self.table.read((access::booking(&id), access::settings())).await?;
            let booking = booking.ok_or_else(Problem::not_found)?;
            let (viewer, side) = calling_off(caller, &booking.data, behalf)?;
            if booking.data.is_cancelled_by(side) {
                // Clicked twice, or our answer was not heard.
                return answer(&booking, viewer, self.clock.now());
            }
            request.unless_stale(booking.meta.version)?;
            let settings = settings.ok_or_else(|| Problem::not_set_up("settings"))?.data;
            let (payment, tariff, other, days) = self.table.read(reads(&booking.data, &settings)).await?;
            let found = Found { payment, tariff, other: other.flatten(), days };
            let now = self.clock.now();
            let wish = CallingOff {
                side,
                reason: Some(asked.reason.0.clone()),
                happened: now,
                location: None,
                by: by.clone(),
            };
            let (cancelled, transaction) = wish.make(booking, found, now)?;
            match self.table.commit(transaction).await {
                Ok(()) => return answer(&cancelled, viewer, now),
                Err(error) if error.is_transient() => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::from))
    }
}

fn answer(booking: &Stored<Booking>, viewer: Viewer, now: Timestamp) -> Result<Response, Problem> {
    Ok(shown(StatusCode::OK, booking, &view::booking(booking, viewer, now)?))
}
