//! `PATCH /v1/jobs/{bookingId}`: a driver takes the ride's next step, or says that nobody came.

use std::sync::Arc;

use deserr::Deserr;
use nots_core::{
    Actor, BookingId, Timestamp, access,
    cancellation::{CallingOff, CancelledBy, Found, reads},
    entity::{
        Booking,
        booking::{Step, StepError},
        validity::{Standing, refused_standing},
    },
    geo::{Coordinates, Latitude, Longitude},
    ports::{Clock, Ids, Table},
    retry, settle,
    table::{Move, Stored, Transaction, WriteError},
};
use nots_http::{
    Access, Endpoint, FieldError, FromWire, InvalidBody, Method, Problem, Request, Response, Route,
    StatusCode, Wire, parse, roles, shown,
    view::{self, Viewer},
};
use serde_json::json;

/// Takes steps.
pub struct JobsProgress {
    /// Bookings and validities.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    progress: Wire<Progress>,
    #[deserr(default)]
    at: Option<Wire<Timestamp>>,
    #[deserr(default)]
    location: Option<Here>,
}

/// What a driver says of a job.
#[derive(Clone, Copy, PartialEq)]
enum Progress {
    Step(Step),
    NoShow,
}

impl FromWire for Progress {
    fn from_text(text: &str) -> Result<Self, String> {
        let step = Step::ALL.into_iter().find(|step| step.as_str() == text).map(Self::Step);
        step.or_else(|| (text == "no_show").then_some(Self::NoShow))
            .ok_or_else(|| "must be en_route, arrived, passenger_onboard, completed or no_show".to_owned())
    }
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Here {
    latitude: Wire<Latitude>,
    longitude: Wire<Longitude>,
}

impl Endpoint for JobsProgress {
    const ROUTE: Route = Route {
        method: Method::Patch,
        path: "/jobs/{bookingId}",
        function: "jobs-progress",
        access: Access::Roles(roles::DRIVER),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let (driver, by) = request.caller()?.as_driver()?;
        let id: BookingId = request.id("bookingId")?;
        request.query().finish()?;
        let asked: Asked = parse(&request.body)?;
        let location = asked
            .location
            .as_ref()
            .map(|here| Coordinates { latitude: here.latitude.0, longitude: here.longitude.0 });

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let read = match asked.progress.0 {
                Progress::Step(_) => (self.table.read(access::booking(&id)).await?, None),
                Progress::NoShow => self.table.read((access::booking(&id), access::settings())).await?,
            };
            let (booking, settings) = (read.0.ok_or_else(Problem::not_found)?, read.1);
            if booking.data.driver.as_ref().is_none_or(|assigned| assigned.driver_id != driver) {
                return Err(Problem::not_found());
            }
            let said = match asked.progress.0 {
                Progress::Step(step) => booking.data.last_step() == Some(step),
                Progress::NoShow => booking.data.is_cancelled_by(CancelledBy::NoShow),
            };
            if said {
                // The phone did not hear our answer and asks again.
                return answer(&booking, self.clock.now());
            }
            request.unless_stale(booking.meta.version)?;
            let now = self.clock.now();
            let at = asked.at.as_ref().map_or(now, |Wire(at)| *at);
            let (after, transaction) = match asked.progress.0 {
                Progress::Step(step) => {
                    let taken = Booking::take(booking.clone(), step, at, location, by.clone(), now);
                    let taken = taken.map_err(|error| refused(error, &booking.data))?;
                    let mut transaction = guarded(step, &taken, now);
                    if step == Step::Completed {
                        transaction = transaction.and(self.money_of(&taken.after().data, &by, now).await?);
                    }
                    (taken.after().clone(), transaction)
                }
                Progress::NoShow => {
                    let settings = settings.ok_or_else(|| Problem::not_set_up("settings"))?.data;
                    let at = booking.data.no_show(at, now).map_err(|error| refused(error, &booking.data))?;
                    let (payment, tariff, other, days) =
                        self.table.read(reads(&booking.data, &settings)).await?;
                    let found = Found { payment, tariff, other: other.flatten(), days };
                    nobody_came(by.clone(), at, location).make(booking, found, now)?
                }
            };
            match self.table.commit(transaction).await {
                Ok(()) => return answer(&after, now),
                Err(error) if error.is_transient() => lost = Some(error),
                Err(error) => return Err(lapsed(&error).unwrap_or_else(|| error.into())),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::from))
    }
}

impl JobsProgress {
    /// What money moves because the ride is over.
    async fn money_of(&self, booking: &Booking, by: &Actor, now: Timestamp) -> Result<Transaction, Problem> {
        let (payment, tariff) = self.table.read(settle::ride_reads(booking)).await?;
        let Some(payment) = payment else { return Ok(Transaction::new()) };
        let terms = tariff.as_ref().map(|row| &row.data.terms);
        Ok(settle::ride_over(booking, payment, terms, by, now)?)
    }
}

fn answer(booking: &Stored<Booking>, now: Timestamp) -> Result<Response, Problem> {
    Ok(shown(StatusCode::OK, booking, &view::booking(booking, Viewer::Driver, now)?))
}

fn nobody_came(by: Actor, happened: Timestamp, location: Option<Coordinates>) -> CallingOff {
    CallingOff { side: CancelledBy::NoShow, reason: None, happened, location, by }
}

/// Setting out and taking a passenger on board hold driver and vehicle to being valid at that moment; a passenger
/// who is on board is driven home.
fn guarded(step: Step, taken: &Move<Booking>, now: Timestamp) -> Transaction {
    let transaction = Transaction::new().apply(taken);
    let data = &taken.after().data;
    match (step, &data.driver, &data.vehicle) {
        (Step::EnRoute | Step::PassengerOnboard, Some(driver), Some(vehicle)) => transaction
            .require(&access::driver_validity(&driver.driver_id), Standing::requirement(now.plus(1)))
            .require(&access::vehicle_validity(&vehicle.vehicle_id), Standing::requirement(now.plus(1))),
        _ => transaction,
    }
}

fn refused(error: StepError, booking: &Booking) -> Problem {
    match error {
        StepError::OutOfOrder => {
            let current = json!({
                "status": booking.status,
                "lastStep": booking.last_step(),
                "nextStep": booking.next_step(),
            });
            Problem::conflict("It is not the ride's next step.", current)
        }
        StepError::TooEarly => {
            let current = json!({ "status": booking.status, "pickupTime": booking.journey.pickup_time });
            Problem::conflict("The pickup time has not come: wait for the passenger.", current)
        }
        StepError::OutOfTime => {
            let detail = "must lie between the step before it and now, give or take two minutes";
            Problem::invalid(vec![FieldError::at("/at", detail)])
        }
    }
}

fn lapsed(error: &WriteError) -> Option<Problem> {
    let whose = refused_standing(error)?;
    let detail = format!("The {whose} may not work: suspended, or a document has run out. Ring the office.");
    Some(Problem::conflict(detail, json!({ "reason": "not_valid" })))
}
