//! What a customer asks a price for, and everything that can be wrong with it.

use deserr::{Deserr, IntoValue, Map, Sequence, Value, ValuePointerRef};
use nots_core::{
    Timestamp,
    geo::{Latitude, Longitude},
    journey::{MAX_LUGGAGE, VehicleType},
    text::Address,
};
use nots_http::{FieldError, InvalidBody, Wire};
use serde_json::Value as Json;

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(crate) struct Asked {
    pub(crate) pickup_location: Where,
    pub(crate) dropoff_location: Where,
    #[deserr(default)]
    #[expect(dead_code, reason = "there are none yet")]
    via_stops: Option<NoStops>,
    pub(crate) pickup_time: Wire<Timestamp>,
    pub(crate) passengers: Wire<u8>,
    #[deserr(default = Wire(0))]
    pub(crate) luggage: Wire<u8>,
    pub(crate) vehicle_type: Wire<VehicleType>,
    #[deserr(default)]
    #[expect(dead_code, reason = "refused when true")]
    return_journey: bool,
    #[deserr(default)]
    #[expect(dead_code, reason = "refused when given")]
    return_pickup_time: Option<Wire<Timestamp>>,
    #[deserr(default)]
    #[expect(dead_code, reason = "there are none yet")]
    extras: Option<NoExtras>,
}

/// A place as it is asked for: by coordinates, or by an address that the map knows.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(crate) struct Where {
    #[deserr(default)]
    pub(crate) address: Option<Wire<Address>>,
    #[deserr(default)]
    pub(crate) latitude: Option<Wire<Latitude>>,
    #[deserr(default)]
    pub(crate) longitude: Option<Wire<Longitude>>,
}

/// Stops on the way, which are not offered yet: an empty list.
struct NoStops;

/// Extras, which are not offered yet: an empty list or map.
struct NoExtras;

const NOT_YET: &str = "is not offered yet: leave it out";

impl Deserr<InvalidBody> for NoStops {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        match value {
            Value::Sequence(stops) if stops.len() == 0 => Ok(Self),
            _ => Err(InvalidBody::unexpected::<V>(NOT_YET, at)),
        }
    }
}

impl Deserr<InvalidBody> for NoExtras {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        match value {
            Value::Sequence(extras) if extras.len() == 0 => Ok(Self),
            Value::Map(extras) if extras.len() == 0 => Ok(Self),
            _ => Err(InvalidBody::unexpected::<V>(NOT_YET, at)),
        }
    }
}

/// What is wrong beyond the fields' types, told of each field that can be read.
pub(crate) fn faults(body: &Json, now: Timestamp) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |pointer: &str, detail: String| errors.push(FieldError::at(pointer, detail));
    let small =
        |name: &str| body.get(name).and_then(Json::as_u64).and_then(|number| u8::try_from(number).ok());
    let vehicle =
        body.get("vehicleType").and_then(Json::as_str).and_then(|kind| kind.parse::<VehicleType>().ok());
    match (small("passengers"), vehicle) {
        (Some(0), _) => refuse("/passengers", "must be at least 1".to_owned()),
        (Some(passengers), Some(vehicle)) if passengers > vehicle.capacity() => {
            refuse("/passengers", format!("a {vehicle} takes at most {}", vehicle.capacity()));
        }
        _ => {}
    }
    if small("luggage").is_some_and(|luggage| luggage > MAX_LUGGAGE) {
        refuse("/luggage", format!("must be at most {MAX_LUGGAGE}"));
    }
    let pickup_time =
        body.get("pickupTime").and_then(Json::as_i64).and_then(|time| Timestamp::new(time).ok());
    if pickup_time.is_some_and(|time| time < now) {
        refuse("/pickupTime", "is in the past".to_owned());
    } else if pickup_time.is_some_and(|time| time > now.plus_months(12)) {
        refuse("/pickupTime", "is more than 12 months ahead".to_owned());
    }
    let one_way = "return journeys are not offered yet: ask for each way apart";
    if body.get("returnJourney") == Some(&Json::Bool(true)) {
        refuse("/returnJourney", one_way.to_owned());
    }
    if body.get("returnPickupTime").is_some_and(Json::is_i64) {
        refuse("/returnPickupTime", one_way.to_owned());
    }
    for name in ["pickupLocation", "dropoffLocation"] {
        if let Some(Json::Object(place)) = body.get(name) {
            let has = |field: &str| place.get(field).is_some_and(|value| !value.is_null());
            match (has("latitude"), has("longitude"), has("address")) {
                (true, false, _) => {
                    refuse(&format!("/{name}/longitude"), "is required with a latitude".to_owned())
                }
                (false, true, _) => {
                    refuse(&format!("/{name}/latitude"), "is required with a longitude".to_owned())
                }
                (false, false, false) => {
                    refuse(&format!("/{name}"), "needs an address, or a latitude and a longitude".to_owned());
                }
                _ => {}
            }
        }
    }
    errors
}
