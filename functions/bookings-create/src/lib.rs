//! `POST /v1/bookings`: a booking of a quote, once, however often and by however many it is asked for.

use std::sync::Arc;

use deserr::Deserr;
use nots_core::{
    Actor, BookingId, QuoteId, Timestamp, UserId, access,
    contact::{Email, Phone},
    entity::{
        Booking, Quote, QuoteStatus,
        booking::{BookingSource, Customer, Particulars},
    },
    id::BookingReference,
    journey::MAX_LUGGAGE,
    ports::{Clock, Ids, Table},
    retry,
    table::{Because, Stored, WriteError},
    text::{Name, Note, Text},
};
use nots_http::{
    Access, Caller, Endpoint, FieldError, InvalidBody, Method, Problem, Request, Response, Route, StatusCode,
    Wire, parse_checked, roles, shown,
    view::{self, Viewer},
};
use serde_json::{Value, json};

/// Books.
pub struct BookingsCreate {
    /// Quotes, bookings, payments, references.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// New references.
    pub ids: Arc<dyn Ids>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    quote_id: Wire<QuoteId>,
    customer: Traveller,
    #[deserr(default)]
    user_id: Option<Wire<UserId>>,
    #[deserr(default)]
    passengers: Option<Wire<u8>>,
    #[deserr(default)]
    luggage: Option<Wire<u8>>,
    #[deserr(default)]
    special_requirements: Option<Wire<Note>>,
    #[deserr(default)]
    pickup_instructions: Option<Wire<Note>>,
    #[deserr(default)]
    dropoff_instructions: Option<Wire<Note>>,
    #[deserr(default)]
    flight_number: Option<Wire<Text<10>>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Traveller {
    first_name: Wire<Name>,
    last_name: Wire<Name>,
    email: Wire<Email>,
    phone: Wire<Phone>,
}

/// What is wrong beyond the fields' types, whatever the quote says.
fn faults(body: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if body.get("passengers").and_then(Value::as_u64) == Some(0) {
        errors.push(FieldError::at("/passengers", "must be at least 1"));
    }
    let most = u64::from(MAX_LUGGAGE);
    if body.get("luggage").and_then(Value::as_u64).is_some_and(|pieces| pieces > most && pieces <= 255) {
        errors.push(FieldError::at("/luggage", format!("must be at most {MAX_LUGGAGE}")));
    }
    errors
}

/// Whose booking it will be, and who takes it.
struct Booker {
    user: Option<UserId>,
    by: Actor,
    source: BookingSource,
    taken_by: Option<Actor>,
    viewer: Viewer,
}

impl Endpoint for BookingsCreate {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/bookings",
        function: "bookings-create",
        access: Access::Roles(roles::CUSTOMER_OR_STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        request.query().finish()?;
        let asked: Asked = parse_checked(&request.body, faults)?;
        let booker = Booker::of(request.caller()?, asked.user_id.as_ref().map(|Wire(id)| id))?;
        let quote_id = &asked.quote_id.0;
        let booking_id = BookingId::of_quote(quote_id);

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let (quote, booking) =
                self.table.read((access::quote(quote_id), access::booking(&booking_id))).await?;
            if let Some(booking) = booking {
                return again(&booking, &booker, self.clock.now());
            }
            let quote = quote.ok_or_else(|| Problem::nothing_named("/quoteId", "quote"))?;
            let now = self.clock.now();
            let particulars = asked.particulars(&booker, &quote, now)?;
            let reference = BookingReference::from_random(self.ids.random());
            let booked = Booking::book(quote, particulars, reference, booker.by.clone(), now)?;
            match self.table.commit(booked.transaction).await {
                Ok(()) => {
                    let view = view::booking(&booked.booking, booker.viewer, now)?;
                    return Ok(shown(StatusCode::CREATED, &booked.booking, &view));
                }
                // Somebody was first: with this booking, with the quote, or with the reference. Look again.
                Err(error @ WriteError::Refused(_)) if may_pass(&error) => lost = Some(error),
                Err(error @ WriteError::Busy(_)) => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::unavailable))
    }
}

/// Whether looking again can tell more than the refusal does.
fn may_pass(error: &WriteError) -> bool {
    match error {
        WriteError::Refused(refusals) => refusals.iter().all(|refusal| refusal.because != Because::NotFound),
        _ => false,
    }
}

/// The booking that is already there, as it now is, for whoever made it.
fn again(booking: &Stored<Booking>, booker: &Booker, now: Timestamp) -> Result<Response, Problem> {
    let theirs = booking.data.customer.user_id == booker.user;
    // Two guests are two people, although neither has a name here: a guest's booking is repeated by who took it.
    let same = theirs && (booker.user.is_some() || booking.data.taken_by == booker.taken_by);
    if !same {
        return Err(Problem::conflict(
            "The quote has been booked by somebody else.",
            json!({ "status": "used" }),
        ));
    }
    Ok(shown(StatusCode::OK, booking, &view::booking(booking, booker.viewer, now)?))
}

impl Booker {
    fn of(caller: &Caller, user: Option<&UserId>) -> Result<Self, Problem> {
        let (id, by) = caller.as_user()?;
        if caller.is_staff() {
            let taken_by = Some(by.clone());
            return Ok(Self {
                user: user.cloned(),
                by,
                source: BookingSource::Phone,
                taken_by,
                viewer: Viewer::Staff,
            });
        }
        if user.is_some_and(|user| *user != id) {
            return Err(Problem::invalid(vec![FieldError::at(
                "/userId",
                "only staff book for somebody else",
            )]));
        }
        Ok(Self { user: Some(id), by, source: BookingSource::Web, taken_by: None, viewer: Viewer::Customer })
    }
}

impl Asked {
    /// What goes into the booking, once the quote allows it.
    fn particulars(
        &self,
        booker: &Booker,
        quote: &Stored<Quote>,
        now: Timestamp,
    ) -> Result<Particulars, Problem> {
        if quote.data.status == QuoteStatus::Used {
            return Err(Problem::conflict("The quote has been used.", json!({ "status": "used" })));
        }
        if now >= Quote::expires_at(quote) {
            return Err(Problem::gone("The quote has expired: ask for a new one."));
        }
        let mut errors = Vec::new();
        let capacity = quote.data.enquiry.vehicle_type.capacity();
        if self.passengers.as_ref().is_some_and(|Wire(passengers)| *passengers > capacity) {
            let detail = format!("must be from 1 to {capacity} in a {}", quote.data.enquiry.vehicle_type);
            errors.push(FieldError::at("/passengers", detail));
        }
        if !quote.data.bookable {
            let detail = "its distance is an estimate, which cannot be booked here: ring us";
            errors.push(FieldError::at("/quoteId", detail));
        }
        if quote.data.enquiry.pickup_time < now {
            errors.push(FieldError::at("/quoteId", "its pickup time has passed: ask for a new quote"));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let note = |note: &Option<Wire<Note>>| note.as_ref().map(|Wire(note)| note.clone());
        Ok(Particulars {
            customer: Customer {
                user_id: booker.user.clone(),
                first_name: self.customer.first_name.0.clone(),
                last_name: self.customer.last_name.0.clone(),
                email: self.customer.email.0.clone(),
                phone: self.customer.phone.0.clone(),
            },
            passengers: self.passengers.as_ref().map(|Wire(passengers)| *passengers),
            luggage: self.luggage.as_ref().map(|Wire(pieces)| *pieces),
            special_requirements: note(&self.special_requirements),
            pickup_instructions: note(&self.pickup_instructions),
            dropoff_instructions: note(&self.dropoff_instructions),
            flight_number: self.flight_number.as_ref().map(|Wire(flight)| flight.to_string()),
            source: booker.source,
            taken_by: booker.taken_by.clone(),
        })
    }
}
