//! What a customer asks a price for, and everything that can be wrong with it whatever the tariff says.

use deserr::Deserr;
use nots_core::{
    Timestamp,
    geo::{Latitude, Longitude},
    journey::{MAX_LUGGAGE, MAX_STOP_MINUTES, MAX_VIA_STOPS, VehicleType},
    text::Address,
};
use nots_http::{FieldError, InvalidBody, Wire};
use serde_json::Value as Json;

use crate::extras::AskedExtras;

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(crate) struct Asked {
    pub(crate) pickup_location: Where,
    pub(crate) dropoff_location: Where,
    #[deserr(default)]
    pub(crate) via_stops: Option<Vec<Stop>>,
    pub(crate) pickup_time: Wire<Timestamp>,
    pub(crate) passengers: Wire<u8>,
    #[deserr(default = Wire(0))]
    pub(crate) luggage: Wire<u8>,
    pub(crate) vehicle_type: Wire<VehicleType>,
    #[deserr(default)]
    #[expect(dead_code, reason = "held against returnPickupTime, which says the same")]
    return_journey: bool,
    #[deserr(default)]
    pub(crate) return_pickup_time: Option<Wire<Timestamp>>,
    #[deserr(default)]
    pub(crate) extras: Option<AskedExtras>,
}

/// A place as it is asked for: by coordinates, or by an address that the map knows.
#[derive(Deserr, Clone)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(crate) struct Where {
    #[deserr(default)]
    pub(crate) address: Option<Wire<Address>>,
    #[deserr(default)]
    pub(crate) latitude: Option<Wire<Latitude>>,
    #[deserr(default)]
    pub(crate) longitude: Option<Wire<Longitude>>,
}

/// A stop on the way: a place, and how long to wait there.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(crate) struct Stop {
    #[deserr(default)]
    address: Option<Wire<Address>>,
    #[deserr(default)]
    latitude: Option<Wire<Latitude>>,
    #[deserr(default)]
    longitude: Option<Wire<Longitude>>,
    #[deserr(default = Wire(0))]
    pub(crate) waiting_minutes: Wire<u8>,
}

impl Stop {
    pub(crate) fn place(&self) -> Where {
        Where {
            address: self.address.clone(),
            latitude: self.latitude.clone(),
            longitude: self.longitude.clone(),
        }
    }
}

struct Faults(Vec<FieldError>);

impl Faults {
    fn refuse(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::at(pointer, detail));
    }

    fn place(&mut self, pointer: &str, place: &Json) {
        let Json::Object(place) = place else { return };
        let has = |field: &str| place.get(field).is_some_and(|value| !value.is_null());
        match (has("latitude"), has("longitude"), has("address")) {
            (true, false, _) => self.refuse(format!("{pointer}/longitude"), "is required with a latitude"),
            (false, true, _) => self.refuse(format!("{pointer}/latitude"), "is required with a longitude"),
            (false, false, false) => self.refuse(pointer, "needs an address, or a latitude and a longitude"),
            _ => {}
        }
    }

    fn party(&mut self, body: &Json) {
        let small = |name: &str| body.get(name).and_then(Json::as_u64).and_then(|n| u8::try_from(n).ok());
        let vehicle = body.get("vehicleType").and_then(Json::as_str);
        match (small("passengers"), vehicle.and_then(|kind| kind.parse::<VehicleType>().ok())) {
            (Some(0), _) => self.refuse("/passengers", "must be at least 1"),
            (Some(passengers), Some(vehicle)) if passengers > vehicle.capacity() => {
                self.refuse("/passengers", format!("a {vehicle} takes at most {}", vehicle.capacity()));
            }
            _ => {}
        }
        if small("luggage").is_some_and(|luggage| luggage > MAX_LUGGAGE) {
            self.refuse("/luggage", format!("must be at most {MAX_LUGGAGE}"));
        }
    }

    fn times(&mut self, body: &Json, now: Timestamp) {
        let time =
            |name: &str| body.get(name).and_then(Json::as_i64).and_then(|time| Timestamp::new(time).ok());
        let far = now.plus_months(12);
        let pickup = time("pickupTime");
        if pickup.is_some_and(|time| time < now) {
            self.refuse("/pickupTime", "is in the past");
        } else if pickup.is_some_and(|time| time > far) {
            self.refuse("/pickupTime", "is more than 12 months ahead");
        }
        let returns = body.get("returnJourney") == Some(&Json::Bool(true));
        let no_return = matches!(body.get("returnJourney"), None | Some(Json::Bool(false)));
        let given = body.get("returnPickupTime").is_some_and(|time| !time.is_null());
        let back = time("returnPickupTime");
        if returns && !given {
            self.refuse("/returnPickupTime", "is required for a return journey");
        } else if given && no_return {
            self.refuse("/returnJourney", "must be true where there is a returnPickupTime");
        } else if back.is_some_and(|time| time > far) {
            self.refuse("/returnPickupTime", "is more than 12 months ahead");
        } else if back.zip(pickup.filter(|time| *time <= far)).is_some_and(|(back, pickup)| back <= pickup) {
            self.refuse("/returnPickupTime", "is not after the pickupTime");
        }
    }

    fn places(&mut self, body: &Json) {
        for name in ["pickupLocation", "dropoffLocation"] {
            if let Some(place) = body.get(name) {
                self.place(&format!("/{name}"), place);
            }
        }
        let Some(Json::Array(stops)) = body.get("viaStops") else { return };
        if stops.len() > MAX_VIA_STOPS {
            self.refuse("/viaStops", format!("must be at most {MAX_VIA_STOPS}"));
        }
        for (at, stop) in stops.iter().enumerate().take(MAX_VIA_STOPS) {
            self.place(&format!("/viaStops/{at}"), stop);
            let minutes = stop.get("waitingMinutes").and_then(Json::as_u64);
            if minutes.is_some_and(|minutes| minutes > u64::from(MAX_STOP_MINUTES) && minutes <= 255) {
                let detail = format!("must be at most {MAX_STOP_MINUTES}");
                self.refuse(format!("/viaStops/{at}/waitingMinutes"), detail);
            }
        }
    }
}

/// What is wrong beyond the fields' types, told of each field that can be read.
pub(crate) fn faults(body: &Json, now: Timestamp) -> Vec<FieldError> {
    let mut faults = Faults(Vec::new());
    faults.party(body);
    faults.times(body, now);
    faults.places(body);
    faults.0
}
