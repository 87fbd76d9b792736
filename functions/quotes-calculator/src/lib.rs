//! `POST /v1/quotes`: a fixed price for a journey, good for fifteen minutes.

use std::sync::Arc;

use deserr::{Deserr, IntoValue, Map, Sequence, Value, ValuePointerRef};
use nots_core::{
    QuoteId, Timestamp, access,
    entity::{
        Quote, Tariff,
        quote::{Alternative, Enquiry},
    },
    geo::{Coordinates, Latitude, Longitude, Place},
    journey::{MAX_LUGGAGE, Measure, VehicleType},
    ports::{Clock, Ids, Maps, Table},
    pricing::{self, Fare, Journey},
    text::Address,
};
use nots_http::{
    Access, Endpoint, FieldError, InvalidBody, Method, Problem, Request, Response, Route, StatusCode, Wire,
    parse, view,
};

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

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    pickup_location: Where,
    dropoff_location: Where,
    #[deserr(default)]
    via_stops: Vec<Where>,
    pickup_time: Wire<Timestamp>,
    passengers: u8,
    #[deserr(default)]
    luggage: u8,
    vehicle_type: Wire<VehicleType>,
    #[deserr(default)]
    return_journey: bool,
    #[deserr(default)]
    return_pickup_time: Option<Wire<Timestamp>>,
    #[deserr(default)]
    #[expect(dead_code, reason = "there are none yet")]
    extras: Option<Extras>,
}

/// A place as it is asked for: by coordinates, or by an address that the map knows.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Where {
    #[deserr(default)]
    address: Option<Wire<Address>>,
    #[deserr(default)]
    latitude: Option<Wire<Latitude>>,
    #[deserr(default)]
    longitude: Option<Wire<Longitude>>,
}

/// Extras, of which there are none yet: an empty list or map.
struct Extras;

impl Deserr<InvalidBody> for Extras {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        match value {
            Value::Sequence(extras) if extras.len() == 0 => Ok(Self),
            Value::Map(extras) if extras.len() == 0 => Ok(Self),
            _ => Err(InvalidBody::unexpected::<V>("extras are not offered yet", at)),
        }
    }
}

impl Endpoint for QuotesCalculator {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/quotes",
        function: "quotes-calculator",
        access: Access::Public,
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        let now = self.clock.now();
        let asked: Asked = parse(&request.body)?;
        let mut errors = asked.faults(now);
        let pickup = self.place("/pickupLocation", &asked.pickup_location, &mut errors).await?;
        let dropoff = self.place("/dropoffLocation", &asked.dropoff_location, &mut errors).await?;
        if let (Some(pickup), Some(dropoff)) = (&pickup, &dropoff)
            && pickup.at == dropoff.at
        {
            errors.push(FieldError::at("/dropoffLocation", "is the same place as the pickup"));
        }
        let (Some(pickup), Some(dropoff), true) = (pickup, dropoff, errors.is_empty()) else {
            return Err(Problem::invalid(errors));
        };

        let tariff = self.tariff(now).await?;
        let leg = self.maps.drive(pickup.at, dropoff.at, asked.pickup_time.0).await?;
        let vehicle_type = asked.vehicle_type.0;
        let price = |vehicle_type| {
            pricing::price(&tariff, Journey { vehicle_type, metres: leg.metres, seconds: leg.seconds })
        };
        let fare = price(vehicle_type).map_err(Problem::internal)?;
        let alternatives = alternatives(vehicle_type, asked.passengers, price)?;
        let enquiry = Enquiry {
            pickup,
            dropoff,
            pickup_time: asked.pickup_time.0,
            passengers: asked.passengers,
            luggage: asked.luggage,
            vehicle_type,
            measure: Measure::from(leg),
        };
        let id = QuoteId::from_uuid(self.ids.uuid(now));
        let quote =
            Quote::offer(id, enquiry, fare, alternatives, (tariff.effective_from, tariff.version), now);
        self.table.commit(nots_core::table::Transaction::new().create(&quote)).await?;
        view::quote(StatusCode::CREATED, quote.after())
    }
}

impl Asked {
    /// What is wrong with it beyond its types.
    fn faults(&self, now: Timestamp) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut refuse = |pointer: &str, detail: String| errors.push(FieldError::at(pointer, detail));
        let capacity = self.vehicle_type.0.capacity();
        if self.passengers == 0 {
            refuse("/passengers", "must be at least 1".to_owned());
        } else if self.passengers > capacity {
            refuse("/passengers", format!("a {} takes at most {capacity}", self.vehicle_type.0));
        }
        if self.luggage > MAX_LUGGAGE {
            refuse("/luggage", format!("must be at most {MAX_LUGGAGE}"));
        }
        if self.pickup_time.0 < now {
            refuse("/pickupTime", "is in the past".to_owned());
        } else if self.pickup_time.0 > now.plus_months(12) {
            refuse("/pickupTime", "is more than 12 months ahead".to_owned());
        }
        if self.return_journey {
            refuse(
                "/returnJourney",
                "return journeys are not offered yet: ask for each way apart".to_owned(),
            );
        }
        if self.return_pickup_time.is_some() {
            refuse(
                "/returnPickupTime",
                "return journeys are not offered yet: ask for each way apart".to_owned(),
            );
        }
        if !self.via_stops.is_empty() {
            refuse("/viaStops", "stops on the way are not offered yet".to_owned());
        }
        errors
    }
}

impl QuotesCalculator {
    /// The place that is meant, or what is wrong with it.
    async fn place(
        &self,
        pointer: &str,
        asked: &Where,
        errors: &mut Vec<FieldError>,
    ) -> Result<Option<Place>, Problem> {
        let mut refuse =
            |field: &str, detail: &str| errors.push(FieldError::at(format!("{pointer}{field}"), detail));
        match (asked.latitude.as_ref(), asked.longitude.as_ref(), asked.address.as_ref()) {
            (Some(Wire(latitude)), Some(Wire(longitude)), address) => {
                let at = Coordinates { latitude: *latitude, longitude: *longitude };
                let unnamed = || format!("{:.5}, {:.5}", f64::from(*latitude), f64::from(*longitude));
                let address = address.map_or_else(unnamed, |Wire(address)| address.to_string());
                return Ok(Some(Place { address, at }));
            }
            (Some(_), None, _) => refuse("/longitude", "is required with a latitude"),
            (None, Some(_), _) => refuse("/latitude", "is required with a longitude"),
            (None, None, None) => refuse("", "needs an address, or a latitude and a longitude"),
            (None, None, Some(Wire(address))) => match self.maps.locate(address.as_str()).await? {
                Some(place) => return Ok(Some(place)),
                None => refuse("/address", "is not known here: send its latitude and longitude too"),
            },
        }
        Ok(None)
    }

    async fn tariff(&self, now: Timestamp) -> Result<Tariff, Problem> {
        let page = self.table.page(&access::tariff_in_force(now), 1, None).await?;
        let row = page.rows.into_iter().next();
        row.map(|row| row.data).ok_or_else(|| Problem::internal("no tariff is in force"))
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
