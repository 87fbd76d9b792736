//! `GET /v1/bookings/{bookingId}/receipt`: what was paid for a booking and what it came to, as JSON or as a PDF.

use std::sync::Arc;

use nots_core::{
    BookingId, access,
    entity::Booking,
    ports::Table,
    receipt::{self, NoReceipt, ReceiptError},
};
use nots_http::{
    Access, Endpoint, Method, Problem, Request, Response, Route, StatusCode,
    accept::{self, Form},
    roles,
    view::Viewer,
};
use serde_json::json;

/// Answers receipts.
pub struct BookingsReceipt {
    /// Bookings, payments, settings, tariffs.
    pub table: Arc<dyn Table>,
}

const PDF: Form = Form { media_type: "application/pdf", binary: true };
const FORMS: &[Form] = &[Form { media_type: "application/json", binary: false }, PDF];

impl Endpoint for BookingsReceipt {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/bookings/{bookingId}/receipt",
        function: "bookings-receipt",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let id: BookingId = request.id("bookingId")?;
        request.query().finish()?;
        let form = accept::chosen(&request.joined("accept"), FORMS)?;
        let (booking, settings) = self.table.read((access::booking(&id), access::settings())).await?;
        let booking = booking.ok_or_else(Problem::not_found)?.data;
        // Somebody else's is not found either, nor is it the driver's business.
        match Viewer::of(request.caller()?, &booking) {
            Some(Viewer::Customer | Viewer::Staff) => {}
            Some(Viewer::Driver) | None => return Err(Problem::not_found()),
        }
        let settings = settings.ok_or_else(|| Problem::not_set_up("settings"))?.data;
        let receipt = match receipt::read(&*self.table, &booking, &settings.operator).await {
            Ok(receipt) => receipt,
            Err(ReceiptError::None(NoReceipt::NothingPaid)) => return Err(nothing_paid(&booking)),
            Err(ReceiptError::None(none @ NoReceipt::TooMuch)) => return Err(Problem::internal(none)),
            Err(ReceiptError::Read(error)) => return Err(error.into()),
        };
        if form != PDF {
            return Ok(Response::json(StatusCode::OK, &receipt).varies_by_accept());
        }
        let pdf = nots_receipt::pdf(&receipt).map_err(Problem::internal)?;
        Ok(Response::file(PDF.media_type, &nots_receipt::file_name(&receipt), pdf).varies_by_accept())
    }
}

fn nothing_paid(booking: &Booking) -> Problem {
    let current = json!({ "status": booking.status, "paymentStatus": booking.payment.status });
    Problem::conflict("Nothing has been paid for it, so there is no receipt.", current)
}
