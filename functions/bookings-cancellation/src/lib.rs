//! `GET /v1/bookings/{bookingId}/cancellation`: what calling a booking off would come to now, by the code that charges it;
//! of one that is cancelled, what it came to.

use std::sync::Arc;

use nots_core::{
    BookingId, access,
    cancellation::{Judgement, preview},
    money::Total,
    ports::{Clock, Table},
};
use nots_http::{
    Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode,
    behalf::{ForCustomer, ONLY_STAFF, calling_off},
    roles,
};
use serde_json::json;

/// Answers what a cancellation comes to.
pub struct BookingsCancellation {
    /// Bookings, payments and tariffs.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

impl Endpoint for BookingsCancellation {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/bookings/{bookingId}/cancellation",
        function: "bookings-cancellation",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let id: BookingId = request.id("bookingId")?;
        let caller = request.caller()?;
        let mut query = request.query();
        let behalf = query.parsed::<ForCustomer>("onBehalfOf");
        if query.has("onBehalfOf") && !caller.is_staff() {
            query.refuse("onBehalfOf", ONLY_STAFF);
        }
        query.finish()?;
        let booking = self.table.read(access::booking(&id)).await?.ok_or_else(Problem::not_found)?.data;
        let (_, side) = calling_off(caller, &booking, behalf)?;
        let judged = match &booking.cancellation {
            Some(cancellation) => Some(cancellation.judgement),
            None if booking.is_cancellable() => {
                let under = access::payment_of_booking(booking.paid_under());
                let tariff = access::tariff(booking.pricing.tariff());
                let (payment, tariff) = self.table.read((under, tariff)).await?;
                let (payment, tariff) = (payment.map(|row| row.data), tariff.map(|row| row.data));
                let now = self.clock.now();
                Some(preview(&booking, payment.as_ref(), tariff.as_ref(), side, now))
            }
            None => None,
        };
        let body = json!({
            "bookingId": id,
            "cancellable": booking.is_cancellable(),
            "status": booking.status,
            "by": judged.map_or(side, |judged| judged.by),
            "hoursBefore": judged.map(|judged| judged.hours_before()),
            "row": judged.map(|judged| judged.row),
            "fee": judged.map(|judged| judged.fee),
            "refund": judged.map(|judged| judged.refund),
            "paid": judged.map(paid),
        });
        Ok(Response::json(StatusCode::OK, &body))
    }
}

/// What is kept and what goes back.
fn paid(judged: Judgement) -> Option<Total> {
    Some(Total { total: judged.fee.total.plus(judged.refund.total)?, ..judged.fee })
}
