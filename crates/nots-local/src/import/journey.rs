//! The journey of a booking as a file has it.

use deserr::Deserr;
use nots_core::{
    Timestamp,
    entity::booking::BookedJourney,
    geo::{Coordinates, Latitude, Longitude, Place},
    journey::{
        Distance, Duration, MAX_DRIVE_METRES, MAX_DRIVE_SECONDS, MAX_STOP_MINUTES, MAX_VIA_STOPS, ViaStop,
    },
    text::{Address, Note},
};
use nots_http::{FieldError, InvalidBody};

use super::line::{Field, Within, at_most, derived};

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(super) struct JourneyPart {
    pickup_location: PlacePart,
    #[deserr(default)]
    via_stops: Vec<ViaPart>,
    dropoff_location: PlacePart,
    pickup_time: Field<Timestamp>,
    #[deserr(default)]
    pickup_instructions: Option<Field<Note>>,
    #[deserr(default)]
    dropoff_instructions: Option<Field<Note>>,
    distance: DistancePart,
    duration: DurationPart,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct PlacePart {
    address: Field<Address>,
    latitude: Field<Latitude>,
    longitude: Field<Longitude>,
}

/// A stop on the way.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct ViaPart {
    address: Field<Address>,
    latitude: Field<Latitude>,
    longitude: Field<Longitude>,
    #[deserr(default)]
    waiting_minutes: Option<Within<0, MAX_STOP_MINUTES>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct DistancePart {
    meters: Within<1, MAX_DRIVE_METRES>,
    #[deserr(default)]
    miles: Option<f64>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct DurationPart {
    seconds: Within<1, MAX_DRIVE_SECONDS>,
    #[deserr(default)]
    minutes: Option<Within<0, { u32::MAX }>>,
}

impl JourneyPart {
    pub(super) fn kept(self, errors: &mut Vec<FieldError>) -> BookedJourney {
        at_most("/journey/viaStops", MAX_VIA_STOPS, &self.via_stops, errors);
        let distance = Distance { meters: self.distance.meters.get() };
        let duration = Duration { seconds: self.duration.seconds.get() };
        let figure = |of: serde_json::Result<serde_json::Value>, name: &str| {
            of.ok().and_then(|json| json.get(name).and_then(serde_json::Value::as_f64)).unwrap_or_default()
        };
        let miles = figure(serde_json::to_value(distance), "miles");
        derived("/journey/distance/miles", self.distance.miles, miles, errors);
        let minutes = figure(serde_json::to_value(duration), "minutes");
        derived(
            "/journey/duration/minutes",
            self.duration.minutes.map(|minutes| f64::from(minutes.get::<u32>())),
            minutes,
            errors,
        );
        BookedJourney {
            pickup_location: self.pickup_location.kept(),
            via_stops: self.via_stops.into_iter().map(ViaPart::kept).collect(),
            dropoff_location: self.dropoff_location.kept(),
            pickup_time: self.pickup_time.0,
            pickup_instructions: self.pickup_instructions.map(|field| field.0),
            dropoff_instructions: self.dropoff_instructions.map(|field| field.0),
            distance,
            duration,
        }
    }
}

impl PlacePart {
    fn kept(self) -> Place {
        let at = Coordinates { latitude: self.latitude.0, longitude: self.longitude.0 };
        Place { address: self.address.0.to_string(), at }
    }
}

impl ViaPart {
    fn kept(self) -> ViaStop {
        let place = PlacePart { address: self.address, latitude: self.latitude, longitude: self.longitude };
        ViaStop {
            place: place.kept(),
            waiting_minutes: self.waiting_minutes.map_or(0, |minutes| minutes.get()),
        }
    }
}
