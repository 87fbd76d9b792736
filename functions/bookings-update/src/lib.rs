//! `PATCH /v1/bookings/{bookingId}`: changes a booking, without money or by a fresh quote whose difference is settled.
//!
//! A quote that this booking was changed by, or is to be, asks for nothing new: whoever did not hear the answer may send
//! the same again, and gets the booking as it is.

use std::sync::Arc;

use nots_core::{
    Actor, BookingId, Timestamp, access,
    entity::{
        Booking, BookingStatus, Quote, Settings,
        booking::{Amending, Booked, Misfit, Unamendable},
        payment::BooksError,
    },
    ports::{Clock, Ids, Table},
    rearrange, retry,
    table::{Stored, WriteError},
};
use nots_http::{
    Access, Caller, Endpoint, FieldError, Method, Problem, Request, Response, Route, StatusCode,
    parse_checked, roles, shown,
    view::{self, Viewer},
};
use serde_json::json;

mod asked;

use asked::Asked;

/// Changes bookings.
pub struct BookingsUpdate {
    /// Bookings, quotes, payments, drivers, vehicles, days, validities, settings.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

impl Endpoint for BookingsUpdate {
    const ROUTE: Route = Route {
        method: Method::Patch,
        path: "/bookings/{bookingId}",
        function: "bookings-update",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let id: BookingId = request.id("bookingId")?;
        request.query().finish()?;
        let caller = request.caller()?;
        let (_, by) = caller.as_user()?;
        let asked: Asked = parse_checked(&request.body, |body| asked::faults(body, caller.is_staff()))?;

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let now = self.clock.now();
            let Found { booking, viewer, quote, settings } = self.find(&id, &asked, caller).await?;
            let answer =
                |row: &Stored<Booking>| Ok(shown(StatusCode::OK, row, &view::booking(row, viewer, now)?));
            let known = asked.quote_id().is_none_or(|quote| booking.data.was_amended_by(quote));
            let booked = if known {
                match self.change(booking.clone(), &asked, by.clone(), now).await? {
                    // Somebody did not hear our answer and asks again.
                    Ok(None) => return answer(&booking),
                    Ok(Some(booked)) => Ok(booked),
                    Err(refused) => Err(refused),
                }
            } else {
                may_change(viewer, &booking.data)?;
                request.unless_stale(booking.meta.version)?;
                let quote = quote.ok_or_else(|| Problem::nothing_named("/quoteId", "quote"))?;
                let settings = settings.ok_or_else(|| Problem::not_set_up("settings"))?;
                self.amend(booking.clone(), quote, &settings.data, &asked, by.clone(), now).await?
            };
            may_change(viewer, &booking.data)?;
            request.unless_stale(booking.meta.version)?;
            let booked = booked.map_err(|error| refused(error, &booking.data))?;
            match self.table.commit(booked.transaction).await {
                Ok(()) => return answer(&booked.booking),
                // Something that it was decided by has changed meanwhile: decide anew.
                Err(error @ (WriteError::Busy(_) | WriteError::Refused(_))) => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::unavailable))
    }
}

/// What is read first.
struct Found {
    booking: Stored<Booking>,
    viewer: Viewer,
    quote: Option<Stored<Quote>>,
    settings: Option<Stored<Settings>>,
}

impl BookingsUpdate {
    async fn find(&self, id: &BookingId, asked: &Asked, caller: &Caller) -> Result<Found, Problem> {
        let quote = asked.quote_id().map(|quote| (access::quote(quote), access::settings()));
        let (booking, quote) = self.table.read((access::booking(id), quote)).await?;
        let booking = booking.ok_or_else(Problem::not_found)?;
        // Somebody else's is not found either, nor is it its driver's to change.
        let viewer = Viewer::of(caller, &booking.data).filter(|viewer| *viewer != Viewer::Driver);
        let (quote, settings) = quote.unwrap_or_default();
        Ok(Found { booking, viewer: viewer.ok_or_else(Problem::not_found)?, quote, settings })
    }

    /// What costs nothing.
    async fn change(
        &self,
        booking: Stored<Booking>,
        asked: &Asked,
        by: Actor,
        now: Timestamp,
    ) -> Result<Result<Option<Booked>, Unamendable>, Problem> {
        let changes = asked.changes();
        // Whoever has the job has it in a vehicle with so many seats.
        let assigned = booking.data.vehicle.as_ref().filter(|_| changes.passengers.is_some());
        let vehicle = match assigned {
            Some(assigned) => self.table.read(access::vehicle(&assigned.vehicle_id)).await?,
            None => None,
        };
        let vehicle = vehicle.as_ref().map(|row| &row.data);
        Ok(Booking::change(booking, &changes, asked.quote_id(), vehicle, by, now))
    }

    /// What was sold.
    async fn amend(
        &self,
        booking: Stored<Booking>,
        quote: Stored<Quote>,
        settings: &Settings,
        asked: &Asked,
        by: Actor,
        now: Timestamp,
    ) -> Result<Result<Booked, Unamendable>, Problem> {
        let data = &booking.data;
        let journey = data.terms().requoted(&quote.data).journey;
        let reads = (
            access::payment(data.paid_under(), &data.payment.payment_id),
            rearrange::reads(data, &journey, settings, now),
        );
        let (payment, keepers) = self.table.read(reads).await?;
        let payment = payment.ok_or_else(|| Problem::internal("the booking has no payment"))?;
        Ok(Amending { booking, quote, payment, keepers, settings }.make(&asked.changes(), by, now))
    }
}

/// A customer's booking is theirs to change until it is given to a driver, who has planned with it.
fn may_change(viewer: Viewer, booking: &Booking) -> Result<(), Problem> {
    let open = matches!(booking.status, BookingStatus::Pending | BookingStatus::Confirmed);
    if open || viewer == Viewer::Staff {
        return Ok(());
    }
    let detail = if booking.status == BookingStatus::Assigned {
        "The booking has been given to a driver: ring us to change it.".to_owned()
    } else {
        over(booking)
    };
    Err(Problem::conflict(detail, json!({ "status": booking.status })))
}

fn over(booking: &Booking) -> String {
    use nots_core::table::Machine as _;
    let status = booking.status.as_str().replace('_', " ");
    format!("The booking is {status}: it can no longer be changed.")
}

fn refused(error: Unamendable, booking: &Booking) -> Problem {
    let status = booking.status;
    match error {
        Unamendable::Standing(_) => Problem::conflict(over(booking), json!({ "status": status })),
        Unamendable::Begun => Problem::conflict(
            "The driver has set out: the journey can no longer be changed.",
            json!({ "status": status, "lastStep": booking.last_step() }),
        ),
        Unamendable::Processing => Problem::conflict(
            "Its payment is on its way: change it once the money is here.",
            json!({ "status": status, "paymentStatus": "processing" }),
        ),
        Unamendable::Used => Problem::conflict("The quote has been used.", json!({ "status": "used" })),
        Unamendable::Expired => Problem::gone("The quote has expired: ask for a new one."),
        Unamendable::Unfit(misfits) => Problem::invalid(misfits.into_iter().map(misfit).collect()),
        Unamendable::Books(BooksError::Illegal(illegal)) => illegal.into(),
        Unamendable::Books(error) => Problem::internal(error),
    }
}

fn misfit(misfit: Misfit) -> FieldError {
    match misfit {
        Misfit::Passengers { most, vehicle } => {
            FieldError::at("/passengers", format!("must be from 1 to {most} in a {vehicle}"))
        }
        Misfit::Seats { seats } => FieldError::at(
            "/passengers",
            format!("must be from 1 to {seats} in the vehicle that has been given to the job"),
        ),
        Misfit::BothWays => FieldError::at(
            "/quoteId",
            "is for a journey there and back: each way is changed by a quote of its own",
        ),
        Misfit::Estimate => {
            FieldError::at("/quoteId", "its distance is an estimate, which cannot be booked here: ring us")
        }
        Misfit::PickupPassed => FieldError::at("/quoteId", "its pickup time has passed: ask for a new quote"),
        Misfit::TooSoon => FieldError::at(
            "/quoteId",
            "its pickup is too soon for what it costs more to be paid before it: ring us",
        ),
    }
}
