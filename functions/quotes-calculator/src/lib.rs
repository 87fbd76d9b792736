//! `POST /v1/quotes`: a fixed price for a journey, good for fifteen minutes.

mod asked;
mod extras;

use std::sync::Arc;

use futures_util::future::{join_all, try_join};
use nots_core::{
    Pence, QuoteId, Timestamp, access,
    entity::{
        Quote, Tariff,
        quote::{Enquiry, ReturnLeg},
    },
    geo::{Coordinates, Place},
    journey::{MAX_DRIVE_METRES, MAX_DRIVE_SECONDS, Measure, ViaStop, Way},
    ports::{Clock, Ids, Maps, Table},
    table::{Because, Transaction},
};
use nots_http::{
    Access, Endpoint, FieldError, Method, Problem, Request, Response, Route, StatusCode, Wire, parse_checked,
    view,
};

use crate::asked::{Asked, Where, faults};

/// The most that Stripe takes in sterling.
const MOST_BY_CARD: Pence = Pence::new(99_999_999);
/// Two places that are nearer to one another are the same.
const SAME_PLACE_METRES: f64 = 1.0;

/// Prices a journey.
pub struct QuotesCalculator {
    /// Tariffs and quotes.
    pub table: Arc<dyn Table>,
    /// Distances.
    pub maps: Arc<dyn Maps>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// New quote ids.
    pub ids: Arc<dyn Ids>,
}

impl Endpoint for QuotesCalculator {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/quotes",
        function: "quotes-calculator",
        access: Access::Public,
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        request.query().finish()?;
        let now = self.clock.now();
        let asked: Asked = parse_checked(&request.body, |body| faults(body, now))?;
        let tariff = self.tariff(now).await?;
        let enquiry = self.enquiry(&asked, &tariff, now).await?;
        let id = QuoteId::from_uuid(self.ids.uuid(now));
        let quote = Quote::offer(id, enquiry, &tariff, now).map_err(Problem::internal)?;
        if quote.after().data.pricing.breakdown.total > MOST_BY_CARD {
            let detail = "costs more than can be paid by card: ring us";
            return Err(Problem::invalid(vec![FieldError::at("/dropoffLocation", detail)]));
        }
        match self.table.commit(Transaction::new().create(&quote)).await {
            Ok(()) => {}
            // The id is new, so the quote that is there is this one: the answer to a first try was lost.
            Err(error) if error.refused_by::<Quote>() == Some(&Because::Exists) => {}
            Err(error) => return Err(error.into()),
        }
        view::quote(StatusCode::CREATED, quote.after())
    }
}

impl QuotesCalculator {
    async fn tariff(&self, now: Timestamp) -> Result<Tariff, Problem> {
        let page = self.table.page(&access::tariff_in_force(now), 1, None).await?;
        let row = page.rows.into_iter().next();
        row.map(|row| row.data).ok_or_else(|| Problem::not_set_up("tariff in force"))
    }

    /// What is asked for, with what the map says of it.
    async fn enquiry(&self, asked: &Asked, tariff: &Tariff, now: Timestamp) -> Result<Enquiry, Problem> {
        let terms = &tariff.terms;
        let mut errors = Vec::new();
        let extras = asked.extras.as_ref().map(|extras| extras.wanted(terms, &mut errors));
        let stops = asked.via_stops.as_deref().unwrap_or_default();
        let mut places = vec![("/pickupLocation".to_owned(), asked.pickup_location.clone())];
        places.extend(stops.iter().enumerate().map(|(at, stop)| (format!("/viaStops/{at}"), stop.place())));
        places.push(("/dropoffLocation".to_owned(), asked.dropoff_location.clone()));
        let places = self.locate(&places, &mut errors).await?;
        if asked.pickup_time.0 < now.plus(terms.minimum_notice_seconds) {
            let detail = format!("must be at least {} minutes from now", terms.minimum_notice_seconds / 60);
            errors.push(FieldError::at("/pickupTime", detail));
        }
        let [pickup, via @ .., dropoff] = places.as_slice() else {
            return Err(Problem::invalid(errors));
        };
        if !terms.serves(pickup.at, dropoff.at) {
            let detail = "is outside the area that is served, and so is the drop-off";
            errors.push(FieldError::at("/pickupLocation", detail));
        }
        if asked.return_pickup_time.is_some() && pickup.at.metres_to(dropoff.at) < SAME_PLACE_METRES {
            let detail = "is the pickup, from which there is no way back";
            errors.push(FieldError::at("/dropoffLocation", detail));
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }

        let way = Way {
            from: pickup.at,
            via: via.iter().map(|stop| stop.at).collect(),
            to: dropoff.at,
            departing: asked.pickup_time.0,
        };
        let back = asked.return_pickup_time.as_ref().map(|Wire(departing)| Way {
            from: dropoff.at,
            via: Vec::new(),
            to: pickup.at,
            departing: *departing,
        });
        let (journey, back) = self.measure(way, back).await?;
        let enquiry = Enquiry {
            via_stops: via
                .iter()
                .zip(stops)
                .map(|(place, stop)| ViaStop {
                    place: place.clone(),
                    waiting_minutes: u32::from(stop.waiting_minutes.0),
                })
                .collect(),
            pickup_location: pickup.clone(),
            dropoff_location: dropoff.clone(),
            pickup_time: asked.pickup_time.0,
            journey,
            vehicle_type: asked.vehicle_type.0,
            passengers: asked.passengers.0,
            luggage: asked.luggage.0,
            extras: extras.unwrap_or_default(),
            return_leg: back,
        };
        let legs = [Some(&enquiry.journey), enquiry.return_leg.as_ref().map(|leg| &leg.journey)];
        let too_far = |leg: &&Measure| {
            leg.duration.seconds > MAX_DRIVE_SECONDS || leg.distance.meters > MAX_DRIVE_METRES
        };
        if legs.into_iter().flatten().any(|leg| too_far(&leg)) {
            let detail = "is further than anybody is driven here: 14 days, or 40,000 km";
            return Err(Problem::invalid(vec![FieldError::at("/dropoffLocation", detail)]));
        }
        let arrival = enquiry.arrival();
        if enquiry.return_leg.as_ref().is_some_and(|leg| leg.pickup_time < arrival) {
            let detail = format!("is before the way there is over, about {}", arrival.in_london());
            return Err(Problem::invalid(vec![FieldError::at("/returnPickupTime", detail)]));
        }
        Ok(enquiry)
    }

    /// How far and how long there, and back when that is asked for.
    async fn measure(&self, way: Way, back: Option<Way>) -> Result<(Measure, Option<ReturnLeg>), Problem> {
        let there = self.maps.drive(&way);
        let returning = async {
            match &back {
                Some(back) => Ok(Some((back.departing, self.maps.drive(back).await?))),
                None => Ok(None),
            }
        };
        let (there, returning) = try_join(there, returning).await?;
        let leg = |(pickup_time, leg)| ReturnLeg { pickup_time, journey: Measure::from(leg) };
        Ok((Measure::from(there), returning.map(leg)))
    }

    /// The places that are meant, in order; fewer, and the faults told, when the map does not know one or two that follow
    /// one another are the same.
    async fn locate(
        &self,
        asked: &[(String, Where)],
        errors: &mut Vec<FieldError>,
    ) -> Result<Vec<Place>, Problem> {
        let found = join_all(asked.iter().map(|(_, place)| self.place(place))).await;
        let mut places: Vec<Place> = Vec::with_capacity(asked.len());
        let mut before: Option<Coordinates> = None;
        for ((pointer, _), place) in asked.iter().zip(found) {
            let place = place?;
            match &place {
                None => {
                    let detail = "is not known here: send its latitude and longitude too";
                    errors.push(FieldError::at(format!("{pointer}/address"), detail));
                }
                Some(place)
                    if before.is_some_and(|before| before.metres_to(place.at) < SAME_PLACE_METRES) =>
                {
                    errors.push(FieldError::at(pointer.clone(), "is the same place as the one before it"));
                }
                Some(_) => {}
            }
            before = place.as_ref().map(|place| place.at);
            places.extend(place);
        }
        if places.len() < asked.len() {
            places.clear();
        }
        Ok(places)
    }

    /// The place that is meant; none when the map does not know it.
    async fn place(&self, asked: &Where) -> Result<Option<Place>, Problem> {
        if let (Some(Wire(latitude)), Some(Wire(longitude))) = (&asked.latitude, &asked.longitude) {
            let at = Coordinates { latitude: *latitude, longitude: *longitude };
            let unnamed = || format!("{:.5}, {:.5}", f64::from(*latitude), f64::from(*longitude));
            let address = asked.address.as_ref().map_or_else(unnamed, |Wire(address)| address.to_string());
            return Ok(Some(Place { address, at }));
        }
        match &asked.address {
            Some(Wire(address)) => Ok(self.maps.locate(address.as_str()).await?),
            None => Ok(None),
        }
    }
}
