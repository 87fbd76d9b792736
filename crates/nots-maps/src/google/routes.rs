//! `computeRoutes` of the Routes API.

use nots_core::{
    Timestamp,
    geo::Coordinates,
    journey::{Leg, Way},
};
use reqwest::{
    Method, Request, Url,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GoogleMaps, Question, refusal};
use crate::{Fault, believe::believe};

pub(super) const URL: &str = "https://routes.googleapis.com/directions/v2:computeRoutes";
/// What is asked for is what is paid for and waited for, so nothing else is.
const FIELDS: &str = "routes.distanceMeters,routes.duration,routes.polyline.encodedPolyline";
/// A departure that is nearer than this is now: Google refuses one that has passed by its own clock.
const SOON: u32 = 60;

/// How far a way is.
pub(super) struct HowFar<'a> {
    pub(super) way: &'a Way,
    pub(super) now: Timestamp,
}

impl HowFar<'_> {
    fn body(&self) -> Value {
        let mut body = json!({
            "origin": stop(self.way.from),
            "destination": stop(self.way.to),
            "travelMode": "DRIVE",
            // A fare has a charge for time, and the road at eight in the morning is not the road at night. Departure
            // times need it. It is billed as Compute Routes Pro; without traffic it would be Essentials.
            "routingPreference": "TRAFFIC_AWARE",
            "languageCode": "en-GB",
            "regionCode": "GB",
            "units": "METRIC",
        });
        if !self.way.via.is_empty() {
            let via: Vec<_> = self.way.via.iter().copied().map(stop).collect();
            body["intermediates"] = via.into();
        }
        if self.way.departing > self.now.plus(SOON) {
            body["departureTime"] = self.way.departing.in_utc("%Y-%m-%dT%H:%M:%SZ").into();
        }
        body
    }
}

fn stop(at: Coordinates) -> Value {
    json!({ "location": { "latLng": { "latitude": at.latitude, "longitude": at.longitude } } })
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    routes: Vec<Found>,
}

/// What is zero Google leaves out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    distance_meters: f64,
    #[serde(default)]
    duration: String,
    polyline: Option<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    encoded_polyline: Option<String>,
}

impl Question for HowFar<'_> {
    type Answer = Leg;

    fn request(&self, google: &GoogleMaps, key: &str) -> Result<Request, Fault> {
        let mut key = HeaderValue::from_str(key).map_err(|error| Fault::NoKey(error.into()))?;
        key.set_sensitive(true);
        let url = Url::parse(&google.routes).map_err(|error| Fault::Unreachable(error.into()))?;
        let mut request = Request::new(Method::POST, url);
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("x-goog-api-key"), key);
        headers.insert(HeaderName::from_static("x-goog-fieldmask"), HeaderValue::from_static(FIELDS));
        *request.body_mut() = Some(self.body().to_string().into());
        Ok(request)
    }

    fn read(&self, status: u16, body: &[u8]) -> Result<Leg, Fault> {
        if status != 200 {
            return Err(refusal(status, body));
        }
        let answer: Answer = serde_json::from_slice(body).map_err(|_| Fault::Unreadable)?;
        let route = answer.routes.into_iter().next().ok_or(Fault::NoRoad)?;
        let seconds = if route.duration.is_empty() { Some(0.0) } else { seconds(&route.duration) };
        let polyline = route.polyline.and_then(|line| line.encoded_polyline);
        believe(self.way, route.distance_meters, seconds.ok_or(Fault::Unreadable)?, polyline)
            .map_err(Fault::Unbelievable)
    }
}

/// A protobuf `Duration` as JSON has it: `1311s`, `3.5s`.
fn seconds(text: &str) -> Option<f64> {
    text.strip_suffix('s')?.parse().ok()
}
