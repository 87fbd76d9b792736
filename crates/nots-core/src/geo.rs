//! Places on the map.

use serde::{Deserialize, Serialize};

use crate::text;

/// The numbers are not a place on Earth.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("must be a number of degrees from -{limit} to {limit}")]
pub struct OffTheMap {
    /// 90 for a latitude, 180 for a longitude.
    pub limit: u8,
}

/// Degrees north of the equator, -90 to 90, to seven decimals.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Latitude(f64);

/// Degrees east of Greenwich, -180 to 180, to seven decimals.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Longitude(f64);

macro_rules! degrees {
    ($name:ident, $limit:literal) => {
        impl TryFrom<f64> for $name {
            type Error = OffTheMap;
            fn try_from(degrees: f64) -> Result<Self, OffTheMap> {
                // A NaN is in no range.
                let within = (-f64::from($limit as u8)..=f64::from($limit as u8)).contains(&degrees);
                // Seven decimals are a centimetre; adding zero makes an unsigned one of a negative one.
                let kept = (degrees * 1e7).round() / 1e7 + 0.0;
                if within { Ok(Self(kept)) } else { Err(OffTheMap { limit: $limit }) }
            }
        }
        impl From<$name> for f64 {
            fn from(degrees: $name) -> f64 {
                degrees.0
            }
        }
    };
}
degrees!(Latitude, 90);
degrees!(Longitude, 180);

/// A point on the map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coordinates {
    /// Degrees north.
    pub latitude: Latitude,
    /// Degrees east.
    pub longitude: Longitude,
}

/// Mean radius of the Earth, IUGG.
const EARTH_METRES: f64 = 6_371_008.8;
/// Metres in a statute mile.
pub const METRES_PER_MILE: f64 = 1_609.344;

impl Coordinates {
    /// Metres along the great circle (haversine).
    #[must_use]
    pub fn metres_to(self, other: Self) -> f64 {
        let (lat1, lat2) = (self.latitude.0.to_radians(), other.latitude.0.to_radians());
        let half_lat = (lat2 - lat1) / 2.0;
        let half_lon = (other.longitude.0 - self.longitude.0).to_radians() / 2.0;
        let h = half_lat.sin().powi(2) + lat1.cos() * lat2.cos() * half_lon.sin().powi(2);
        2.0 * EARTH_METRES * h.sqrt().min(1.0).asin()
    }
}

/// A place with the name that people know it by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What people call it: at most 300 characters.
    #[serde(deserialize_with = "text::bounded::<_, 300>")]
    pub address: String,
    /// Where it is.
    #[serde(flatten)]
    pub at: Coordinates,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64) -> Coordinates {
        Coordinates { latitude: lat.try_into().unwrap(), longitude: lon.try_into().unwrap() }
    }

    #[test]
    fn great_circles() {
        let (station, harbour) = (at(50.7260, -1.8782), at(50.7122, -2.0053));
        let metres = station.metres_to(harbour);
        assert!((9_050.0..9_150.0).contains(&metres), "{metres}");
        assert_eq!(station.metres_to(station), 0.0);
        let half_way_round = at(0.0, 0.0).metres_to(at(0.0, 180.0));
        assert!((half_way_round - std::f64::consts::PI * EARTH_METRES).abs() < 1.0);
    }

    #[test]
    fn off_the_map_is_refused() {
        for bad in [90.01, -90.01, f64::NAN, f64::INFINITY] {
            assert!(Latitude::try_from(bad).is_err());
        }
        assert!(Longitude::try_from(180.0).is_ok());
        assert!(Longitude::try_from(-180.1).is_err());
    }
}
