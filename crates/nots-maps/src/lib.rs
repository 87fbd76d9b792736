//! Places and distances: what stands behind the port [`Maps`].
//!
//! [`EmbeddedMaps`] is the default: a gazetteer of the places that customers of a Bournemouth and Poole operator
//! travel between, and an estimate of the road from one point to another. Behind the feature `google`, `GoogleMaps`
//! asks Google's Routes and Geocoding APIs; [`Circuit`] does without it while it is down, and [`KeptMaps`] gives an
//! answer again that is still good.
//!
//! **Invariant:** the embedded map needs no network, no file and no clock, never guesses which place was meant, and
//! says of each distance that it is an estimate. A provider's answer is checked before it is believed, and no address,
//! coordinate, key or URL enters an error or a log line.

// Without a provider there is nothing to believe.
#[cfg_attr(not(feature = "google"), expect(dead_code, reason = "asked of a provider's answers only"))]
mod believe;
mod circuit;
mod estimate;
mod fault;
mod gazetteer;
#[cfg(feature = "google")]
mod google;
mod kept;

use async_trait::async_trait;
use nots_core::{
    geo::Place,
    journey::{Leg, Way},
    ports::{Maps, MapsError},
};

pub use believe::Doubt;
pub use circuit::{Circuit, FAILURES, REST};
pub use fault::Fault;
pub use gazetteer::{Entry, Kind};
#[cfg(feature = "google")]
pub use google::{GoogleMaps, Patience, google_or_embedded};
pub use kept::KeptMaps;

/// The map that is compiled in: it answers at once and never fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedMaps;

impl EmbeddedMaps {
    /// The map.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }

    /// Every place that it knows, in the order of the gazetteer.
    #[must_use]
    pub fn entries(self) -> &'static [Entry] {
        gazetteer::entries()
    }
}

#[async_trait]
impl Maps for EmbeddedMaps {
    /// The one place of the gazetteer that the address names; none when it names none, or could name two.
    ///
    /// An address names a place when, without regard to case, punctuation and spacing, it is the place's name or one
    /// of its aliases, followed by nothing but other names of that place, the towns and counties it lies in, and its
    /// country. So `Bournemouth station`, `LHR T5` and `Poole Ferry Terminal, Poole, UK` are found, while
    /// `12 Acacia Avenue, Poole` and `Ferndown, Kent` are not: what is not in the gazetteer is unknown, however
    /// well known its town.
    ///
    /// # Errors
    /// Never.
    async fn locate(&self, address: &str) -> Result<Option<Place>, MapsError> {
        Ok(gazetteer::find(address).map(Entry::place))
    }

    /// Great circle × 1.3 in metres, and the seconds it takes at an ordinary speed for that distance, from each stop
    /// to the next and summed, marked [`Source::Estimate`](nots_core::journey::Source::Estimate); the same both ways
    /// and at every hour.
    ///
    /// # Errors
    /// Never.
    async fn drive(&self, way: &Way) -> Result<Leg, MapsError> {
        Ok(estimate::along(way))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use nots_core::{Timestamp, journey::Source};

    use super::*;

    /// The answer of a future that has nothing to wait for.
    fn at_once<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => answer,
            Poll::Pending => panic!("the embedded map waited for something"),
        }
    }

    fn locate(address: &str) -> Option<Place> {
        at_once(EmbeddedMaps::new().locate(address)).unwrap()
    }

    #[test]
    fn the_journey_of_the_source_documents() {
        let station = locate("Bournemouth Railway Station, Bournemouth, UK").unwrap();
        let harbour = locate("Poole Harbour, Poole, UK").unwrap();
        assert_eq!(station.address, "Bournemouth Railway Station, Bournemouth, UK");
        assert_eq!(harbour.address, "Poole Harbour, Poole, UK");
        let degrees = |place: &Place| (f64::from(place.at.latitude), f64::from(place.at.longitude));
        assert_eq!(degrees(&station), (50.7260, -1.8782));
        assert_eq!(degrees(&harbour), (50.7122, -2.0053));

        let departing = Timestamp::new(1_733_842_200).unwrap();
        let way = Way { from: station.at, via: vec![], to: harbour.at, departing };
        let leg = at_once(EmbeddedMaps::new().drive(&way)).unwrap();
        assert_eq!(leg.source, Source::Estimate);
        assert_eq!((leg.metres, leg.seconds), (11_803, 1_238));
        assert!(f64::from(leg.metres) >= station.at.metres_to(harbour.at));
        let back = Way { from: way.to, to: way.from, departing: departing.plus(40_000), ..way };
        let at_night = at_once(EmbeddedMaps::new().drive(&back));
        assert_eq!(at_night.unwrap(), leg, "the same both ways and at every hour");
    }

    #[test]
    fn what_is_not_in_the_gazetteer_is_unknown() {
        assert_eq!(locate("12 Acacia Avenue, Poole"), None);
        assert_eq!(locate(""), None);
    }
}
