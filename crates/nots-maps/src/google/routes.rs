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
use serde::{Deserialize, Serialize};
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

/// `ComputeRoutesRequest`, as far as it is used.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    origin: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    intermediates: Vec<Value>,
    destination: Value,
    travel_mode: &'static str,
    routing_preference: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    departure_time: Option<String>,
    language_code: &'static str,
    region_code: &'static str,
    units: &'static str,
}

impl HowFar<'_> {
    fn body(&self) -> Result<String, Fault> {
        let departing = self.way.departing;
        let body = Body {
            origin: stop(self.way.from),
            intermediates: self.way.via.iter().copied().map(stop).collect(),
            destination: stop(self.way.to),
            travel_mode: "DRIVE",
            // A fare has a charge for time, and the road at eight in the morning is not the road at night. It is
            // billed as Compute Routes Pro; without traffic it would be Essentials.
            routing_preference: "TRAFFIC_AWARE",
            departure_time: (departing > self.now.plus(SOON)).then(|| departing.in_utc("%Y-%m-%dT%H:%M:%SZ")),
            language_code: "en-GB",
            region_code: "GB",
            units: "METRIC",
        };
        // Numbers and texts of ours can always be written.
        serde_json::to_string(&body).map_err(|_| Fault::Refused("unwritable".to_owned()))
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
        *request.body_mut() = Some(self.body()?.into());
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
