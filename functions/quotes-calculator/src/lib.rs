//! `POST /v1/quotes`: a fixed price for a journey, good for fifteen minutes.

mod asked;

use std::sync::Arc;

use nots_core::{
    QuoteId, Timestamp, access,
    entity::{
        Quote, Tariff,
        quote::{Alternative, Enquiry},
    },
    geo::{Coordinates, Place},
    journey::{Measure, VehicleType, Way},
    ports::{Clock, Ids, Maps, Table},
    pricing::{self, Fare, Journey},
    table::{Because, Transaction},
};
use nots_http::{
    Access, Endpoint, FieldError, Method, Problem, Request, Response, Route, StatusCode, Wire, parse_checked,
    view,
};

use crate::asked::{Asked, Where, faults};

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
        let mut errors = Vec::new();
        let pickup = self.place("/pickupLocation", &asked.pickup_location, &mut errors).await?;
        let dropoff = self.place("/dropoffLocation", &asked.dropoff_location, &mut errors).await?;
        if let (Some(pickup), Some(dropoff)) = (&pickup, &dropoff)
            && pickup.at.metres_to(dropoff.at) < 1.0
        {
            errors.push(FieldError::at("/dropoffLocation", "is the same place as the pickup"));
        }
        let (Some(pickup), Some(dropoff), true) = (pickup, dropoff, errors.is_empty()) else {
            return Err(Problem::invalid(errors));
        };

        let tariff = self.tariff(now).await?;
        let way = Way { from: pickup.at, via: vec![], to: dropoff.at, departing: asked.pickup_time.0 };
        let leg = self.maps.drive(&way).await?;
        let vehicle_type = asked.vehicle_type.0;
        let price = |vehicle_type| {
            pricing::price(&tariff, Journey { vehicle_type, metres: leg.metres, seconds: leg.seconds })
        };
        let fare = price(vehicle_type).map_err(Problem::internal)?;
        let alternatives = alternatives(vehicle_type, asked.passengers.0, price)?;
        let enquiry = Enquiry {
            pickup,
            dropoff,
            pickup_time: asked.pickup_time.0,
            passengers: asked.passengers.0,
            luggage: asked.luggage.0,
            vehicle_type,
            measure: Measure::from(leg),
        };
        let id = QuoteId::from_uuid(self.ids.uuid(now));
        let quote =
            Quote::offer(id, enquiry, fare, alternatives, (tariff.effective_from, tariff.version), now);
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
    /// The place that is meant; none, and the fault told, when the map does not know it.
    async fn place(
        &self,
        pointer: &str,
        asked: &Where,
        errors: &mut Vec<FieldError>,
    ) -> Result<Option<Place>, Problem> {
        if let (Some(Wire(latitude)), Some(Wire(longitude))) = (&asked.latitude, &asked.longitude) {
            let at = Coordinates { latitude: *latitude, longitude: *longitude };
            let unnamed = || format!("{:.5}, {:.5}", f64::from(*latitude), f64::from(*longitude));
            let address = asked.address.as_ref().map_or_else(unnamed, |Wire(address)| address.to_string());
            return Ok(Some(Place { address, at }));
        }
        let known = match &asked.address {
            Some(Wire(address)) => self.maps.locate(address.as_str()).await?,
            None => None,
        };
        if known.is_none() {
            let detail = "is not known here: send its latitude and longitude too";
            errors.push(FieldError::at(format!("{pointer}/address"), detail));
        }
        Ok(known)
    }

    async fn tariff(&self, now: Timestamp) -> Result<Tariff, Problem> {
        let page = self.table.page(&access::tariff_in_force(now), 1, None).await?;
        let row = page.rows.into_iter().next();
        row.map(|row| row.data).ok_or_else(|| Problem::not_set_up("tariff in force"))
    }
}

/// Totals of the other kinds of vehicle that these passengers fit.
fn alternatives(
    chosen: VehicleType,
    passengers: u8,
    price: impl Fn(VehicleType) -> Result<Fare, pricing::Unpriceable>,
) -> Result<Vec<Alternative>, Problem> {
    let fitting =
        VehicleType::ALL.into_iter().filter(|kind| *kind != chosen && kind.capacity() >= passengers);
    fitting
        .map(|vehicle_type| {
            let total = price(vehicle_type).map_err(Problem::internal)?.total();
            Ok(Alternative { vehicle_type, total })
        })
        .collect()
}
