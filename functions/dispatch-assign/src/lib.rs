//! `POST /v1/dispatch`: gives a job to a driver in a vehicle, in one transaction that nobody can get past.

use std::sync::Arc;

use deserr::Deserr;
use nots_core::{
    BookingId, DriverId, VehicleId, access,
    dispatch::{Assignment, Diary, Unfit},
    entity::{Booking, validity::refused_standing},
    ports::{Clock, Ids, Table},
    retry,
    table::{Because, Stored, WriteError},
};
use nots_http::{
    Access, Endpoint, FieldError, InvalidBody, Method, Problem, Request, Response, Route, StatusCode, Wire,
    parse_checked, roles, shown,
    view::{self, Viewer},
};
use serde_json::{Value, json};

/// Gives jobs to drivers.
pub struct DispatchAssign {
    /// Bookings, drivers, vehicles, days, validities.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    booking_id: Wire<BookingId>,
    driver_id: Wire<DriverId>,
    #[deserr(default)]
    vehicle_id: Option<Wire<VehicleId>>,
    #[deserr(default)]
    #[expect(dead_code, reason = "refused when true")]
    offer: bool,
}

/// What is wrong beyond the fields' types.
fn faults(body: &Value) -> Vec<FieldError> {
    let offer = body.get("offer") == Some(&Value::Bool(true));
    let not_yet =
        || FieldError::at("/offer", "offers are not made yet: leave it out to give the job directly");
    offer.then(not_yet).into_iter().collect()
}

impl Endpoint for DispatchAssign {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/dispatch",
        function: "dispatch-assign",
        access: Access::Roles(roles::STAFF),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        request.query().finish()?;
        let asked: Asked = parse_checked(&request.body, faults)?;
        let (_, by) = request.caller()?.as_user()?;

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            match self.assign(&asked, &by).await? {
                Ok(booking) => {
                    return Ok(shown(
                        StatusCode::OK,
                        &booking,
                        &view::booking(&booking, Viewer::Staff, self.clock.now())?,
                    ));
                }
                // A day or the booking changed meanwhile: decide anew with what is there now.
                Err(error) if may_pass(&error) => lost = Some(error),
                Err(error) => return Err(expired(&error).unwrap_or_else(|| error.into())),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::from))
    }
}

/// Whether deciding anew can help: a day that somebody else has just begun is as good as a day that has changed.
fn may_pass(error: &WriteError) -> bool {
    match error {
        WriteError::Busy(_) => true,
        WriteError::Refused(refusals) => refusals
            .iter()
            .all(|r| matches!(r.because, Because::Stale | Because::Exists | Because::IllegalMove { .. })),
        WriteError::Unknown(_) | WriteError::Encode(_) | WriteError::Rejected(_) => false,
    }
}

/// A document that ran out, or a suspension that landed, between reading and writing.
fn expired(error: &WriteError) -> Option<Problem> {
    let whose = refused_standing(error)?;
    let detail = format!("The {whose} is not valid to the end of the job.");
    Some(Problem::conflict(detail, json!({ "reason": "not_valid" })))
}

impl DispatchAssign {
    /// One attempt: two reads, one write.
    async fn assign(
        &self,
        asked: &Asked,
        by: &nots_core::Actor,
    ) -> Result<Result<Stored<Booking>, WriteError>, Problem> {
        let reads =
            (access::booking(&asked.booking_id.0), access::driver(&asked.driver_id.0), access::settings());
        let (booking, driver, settings) = self.table.read(reads).await?;
        let booking = booking.ok_or_else(|| Problem::nothing_named("/bookingId", "booking"))?;
        let driver = driver.ok_or_else(|| Problem::nothing_named("/driverId", "driver"))?.data;
        let settings = settings.ok_or_else(|| Problem::not_set_up("settings"))?.data;
        let named = asked.vehicle_id.as_ref().map(|Wire(id)| id.clone());
        let vehicle = named.or_else(|| driver.assigned_vehicle.clone()).ok_or_else(|| {
            Problem::invalid(vec![FieldError::at(
                "/vehicleId",
                "is required: the driver has no vehicle of their own",
            )])
        })?;

        let now = self.clock.now();
        let assignment = Assignment { booking, driver, vehicle };
        let read = self.table.read(assignment.diary(&settings, now)).await?;
        let (vehicle, driver_validity, vehicle_validity, driver_days, vehicle_days) = read;
        let vehicle = vehicle.ok_or_else(|| Problem::nothing_named("/vehicleId", "vehicle"))?.data;
        let diary = Diary { vehicle, driver_validity, vehicle_validity, driver_days, vehicle_days };
        let made = assignment.make(&settings, diary, by.clone(), now);
        let (booking, transaction) = made.map_err(unfit)?;
        Ok(self.table.commit(transaction).await.map(|()| booking))
    }
}

fn unfit(unfit: Unfit) -> Problem {
    let reason = match &unfit {
        Unfit::Booking(illegal) => return Problem::from(*illegal),
        Unfit::Seats { .. } => "too_few_seats",
        Unfit::Wheelchair => "no_wheelchair_access",
        Unfit::Kind { .. } => "other_vehicle_type",
        Unfit::Authority(_) => "other_authority",
        Unfit::NotActive { .. } => "not_active",
        Unfit::RunsOut { .. } => "not_valid",
        Unfit::Busy { .. } => "overlaps",
    };
    let mut current = json!({ "reason": reason });
    if let (Unfit::Busy { reference, .. }, Some(fields)) = (&unfit, current.as_object_mut()) {
        fields.insert("bookingReference".to_owned(), json!(reference));
    }
    let sentence = unfit.to_string();
    let mut letters = sentence.chars();
    let detail = letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str()));
    Problem::conflict(detail.unwrap_or_default(), current)
}
