//! `geocode` of the Geocoding API.

use nots_core::geo::{Coordinates, Place};
use reqwest::{Method, Request, Url};
use serde::Deserialize;

use super::{GoogleMaps, Question, refusal, word};
use crate::Fault;

pub(super) const URL: &str = "https://maps.googleapis.com/maps/api/geocode/json";
/// Metres between two results that are still one place: a building and its entrance.
const ONE_PLACE: f64 = 100.0;
/// Kinds of result that are no place to drive to. With a filter by country Google falls back to the country itself.
const REGIONS: [&str; 6] = [
    "country",
    "administrative_area_level_1",
    "administrative_area_level_2",
    "administrative_area_level_3",
    "postal_code_prefix",
    "continent",
];

/// Where an address is.
pub(super) struct Where<'a> {
    pub(super) address: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    status: String,
    #[serde(default)]
    results: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(default)]
    partial_match: bool,
    #[serde(default)]
    types: Vec<String>,
    geometry: Geometry,
}

#[derive(Deserialize)]
struct Geometry {
    location: Location,
}

#[derive(Deserialize)]
struct Location {
    lat: f64,
    lng: f64,
}

impl Found {
    fn at(&self) -> Result<Coordinates, Fault> {
        let Location { lat, lng } = self.geometry.location;
        let latitude = lat.try_into().map_err(|_| Fault::Unreadable)?;
        Ok(Coordinates { latitude, longitude: lng.try_into().map_err(|_| Fault::Unreadable)? })
    }

    fn is_region(&self) -> bool {
        self.types.iter().any(|kind| REGIONS.contains(&kind.as_str()))
    }
}

impl Where<'_> {
    /// The place that every result means. A partial match is Google's guess at what was meant, and two places apart
    /// are two guesses: the customer would be charged for it and the driver would go there.
    fn one(&self, results: &[Found]) -> Result<Option<Place>, Fault> {
        let Some(first) = results.first() else { return Ok(None) };
        let at = first.at()?;
        for result in results {
            if result.partial_match || result.is_region() || at.metres_to(result.at()?) > ONE_PLACE {
                return Ok(None);
            }
        }
        // The customer's words say the flat and the house's name, which Google's do not, and are not Google's to keep.
        Ok(Some(Place { address: self.address.to_owned(), at }))
    }
}

impl Question for Where<'_> {
    type Answer = Option<Place>;

    fn request(&self, google: &GoogleMaps, key: &str) -> Result<Request, Fault> {
        let query = [
            ("address", self.address),
            ("components", "country:GB"),
            ("region", "gb"),
            ("language", "en-GB"),
            ("key", key),
        ];
        let url = Url::parse_with_params(&google.geocode, query);
        Ok(Request::new(Method::GET, url.map_err(|error| Fault::Unreachable(error.into()))?))
    }

    fn read(&self, status: u16, body: &[u8]) -> Result<Option<Place>, Fault> {
        if status != 200 {
            return Err(refusal(status, body));
        }
        let answer: Answer = serde_json::from_slice(body).map_err(|_| Fault::Unreadable)?;
        let told = word(&answer.status);
        match answer.status.as_str() {
            "OK" => self.one(&answer.results),
            "ZERO_RESULTS" => Ok(None),
            "OVER_QUERY_LIMIT" => Err(Fault::Quota(told)),
            // The day's limit stands for a missing bill as well: a person must look.
            "OVER_DAILY_LIMIT" | "REQUEST_DENIED" => Err(Fault::Denied(told)),
            "INVALID_REQUEST" => Err(Fault::Refused(told)),
            "UNKNOWN_ERROR" => Err(Fault::Broken(told)),
            _ => Err(Fault::Unreadable),
        }
    }
}
