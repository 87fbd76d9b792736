//! `PATCH /v1/jobs/{bookingId}`: a driver takes the ride's next step.

use std::sync::Arc;

use deserr::Deserr;
use nots_core::{
    BookingId, Timestamp, access,
    entity::{
        Booking,
        booking::{Step, StepError},
        validity::{Standing, refused_standing},
    },
    geo::{Coordinates, Latitude, Longitude},
    ports::{Clock, Ids, Table},
    retry,
    table::{Move, Stored, Transaction, WriteError},
};
use nots_http::{
    Access, Endpoint, FieldError, InvalidBody, Method, Problem, Request, Response, Route, StatusCode, Wire,
    parse, roles, shown,
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
    progress: Wire<Step>,
    #[deserr(default)]
    at: Option<Wire<Timestamp>>,
    #[deserr(default)]
    location: Option<Here>,
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
        let step = asked.progress.0;
        let location = asked
            .location
            .as_ref()
            .map(|here| Coordinates { latitude: here.latitude.0, longitude: here.longitude.0 });

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let booking = self.table.read(access::booking(&id)).await?.ok_or_else(Problem::not_found)?;
            if booking.data.driver.as_ref().is_none_or(|assigned| assigned.driver_id != driver) {
                return Err(Problem::not_found());
            }
            if booking.data.last_step() == Some(step) {
                // The phone did not hear our answer and asks again.
                return answer(&booking, self.clock.now());
            }
            request.unless_stale(booking.meta.version)?;
            let now = self.clock.now();
            let at = asked.at.as_ref().map_or(now, |Wire(at)| *at);
            let taken = Booking::take(booking.clone(), step, at, location, by.clone(), now);
            let taken = taken.map_err(|error| refused(error, &booking.data))?;
            match self.table.commit(guarded(step, &taken, now)).await {
                Ok(()) => return answer(taken.after(), now),
                Err(error) if error.is_transient() => lost = Some(error),
                Err(error) => return Err(lapsed(&error).unwrap_or_else(|| error.into())),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::from))
    }
}

fn answer(booking: &Stored<Booking>, now: Timestamp) -> Result<Response, Problem> {
    Ok(shown(StatusCode::OK, booking, &view::booking(booking, Viewer::Driver, now)?))
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
