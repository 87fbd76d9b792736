//! `GET /v1/payments`: what is paid for a booking, with everything that explains it; or payments by status.

use std::sync::Arc;

use futures_util::future::try_join;
use nots_core::{
    BookingId, Role,
    access::{self, Window},
    entity::{Booking, Payment, PaymentStatus},
    ports::Table,
    table::{ReadError, Stored},
};
use nots_http::{
    Access, Caller, Endpoint, Listing, Method, Problem, Request, Response, Route, listed, roles,
    view::{self, PaymentParts, Viewer},
};

/// Shows payments.
pub struct PaymentsGet {
    /// Bookings, payments, refunds, dues, the ledger.
    pub table: Arc<dyn Table>,
}

impl Endpoint for PaymentsGet {
    const ROUTE: Route = Route {
        method: Method::Get,
        path: "/payments",
        function: "payments-get",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let caller = request.caller()?;
        let mut query = request.query();
        let listing = Listing::read(&mut query);
        let booking = query.parsed::<BookingId>("bookingId");
        let status = query.parsed::<PaymentStatus>("status");
        let window = Window { from: query.moment("from"), to: query.moment("to") };
        if window.from.zip(window.to).is_some_and(|(from, to)| from > to) {
            query.refuse("from", "is after to");
        }
        if window != Window::default() && !query.has("status") {
            query.refuse("from", "goes with status");
        }
        if query.has("bookingId") == query.has("status") {
            query.refuse("bookingId", "give exactly one of bookingId and status");
        }
        query.finish()?;
        match (booking, status) {
            (Some(booking), _) => {
                listing.single_page()?;
                self.of_booking(&booking, caller).await
            }
            (_, Some(_)) if !caller.has_any(&[Role::Admin, Role::Owner]) => Err(Problem::forbidden()),
            (_, Some(status)) => self.by_status(status, window, &listing).await,
            (None, None) => Err(Problem::bad_query(Vec::new())),
        }
    }
}

impl PaymentsGet {
    async fn by_status(
        &self,
        status: PaymentStatus,
        window: Window,
        listing: &Listing,
    ) -> Result<Response, Problem> {
        let query = access::payments_by_status(status, window);
        let page = self.table.page(&query, listing.limit, listing.after(&query)?).await?;
        let shown = |row| view::payment(row, Viewer::Staff, &PaymentParts::default());
        let items = page.rows.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
        Ok(listed(&items, listing.next(&query, &page).as_deref()))
    }

    async fn of_booking(&self, id: &BookingId, caller: &Caller) -> Result<Response, Problem> {
        let (booking, payment) = self.find(id).await?.ok_or_else(Problem::not_found)?;
        let viewer = Viewer::of(caller, &booking.data).ok_or_else(Problem::not_found)?;
        let under = &payment.data.booking_id;
        let (refunds, ledger) = (access::refunds_of_booking(under), access::ledger_of_booking(under));
        let due = access::due_of_booking(under, id);
        let rows = try_join(self.table.every(&refunds), self.table.every(&ledger));
        let ((refunds, ledger), due) = try_join(rows, self.table.read(due)).await?;
        let item = view::payment(&payment, viewer, &PaymentParts { refunds, ledger, due })?;
        Ok(listed(&[item], None))
    }

    /// The booking and its payment, which stands under the way there of a journey there and back.
    async fn find(&self, id: &BookingId) -> Result<Option<(Stored<Booking>, Stored<Payment>)>, ReadError> {
        let outward = id.maybe_outward();
        let reads = (
            access::booking(id),
            access::payment_of_booking(id),
            outward.as_ref().map(access::payment_of_booking),
        );
        let (booking, own, of_outward) = self.table.read(reads).await?;
        let Some(booking) = booking else { return Ok(None) };
        let payment = if booking.data.paid_under() == id { own } else { of_outward.flatten() };
        Ok(payment.map(|payment| (booking, payment)))
    }
}
