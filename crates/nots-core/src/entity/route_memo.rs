//! A map provider's answer, kept for a quarter of an hour, so that the same question is not paid for and waited for
//! again. Where the operator's terms with the provider allow it: [`Settings`](super::Settings) say so.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    actor::Actor,
    geo::Coordinates,
    journey::{Leg, Measure, Source, Way},
    table::{Base, Entity, Key, New, Pk, Rewrite, Stored},
    time::{Seconds, Timestamp},
};

/// Seconds that an answer is good for.
pub const LIFETIME: Seconds = 900;
/// Seconds within which two departures are the same one: traffic does not change as fast.
const SAME_DEPARTURE: i64 = 300;

/// Names a way: the same stops in the same order, departing within the same five minutes. It does not say where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WayHash(String);

impl WayHash {
    /// Of a way.
    #[must_use]
    pub fn of(way: &Way) -> Self {
        let mut hash = Sha256::new();
        let ends = [way.from, way.to];
        for at in ends.iter().chain(&way.via) {
            let Coordinates { latitude, longitude } = *at;
            for degrees in [f64::from(latitude), f64::from(longitude)] {
                // Coordinates have seven decimals.
                hash.update(((degrees * 1e7).round() as i64).to_be_bytes());
            }
        }
        hash.update(way.departing.seconds().div_euclid(SAME_DEPARTURE).to_be_bytes());
        Self(digits(hash))
    }

    /// As it stands in a key: 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Half of a hash, as it stands in a key.
pub(super) fn digits(hash: Sha256) -> String {
    let hash: [u8; 32] = hash.finalize().into();
    let half = hash.first_chunk::<16>().map_or(0, |half| u128::from_be_bytes(*half));
    format!("{half:032x}")
}

/// What a provider said of a way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteMemo {
    /// Of which way.
    pub way_hash: WayHash,
    /// What it said.
    pub journey: Measure,
}

/// How an answer is kept.
#[derive(Debug)]
pub enum Keep<E> {
    /// Where there is none.
    First(New<E>),
    /// In the place of one that has expired and is still there.
    Again(Rewrite<E>),
}

impl<E: Entity> Keep<E> {
    pub(super) fn of(found: Option<Stored<E>>, memo: E, at: Timestamp) -> Self {
        match found {
            None => Self::First(New::of(memo, Actor::System, at)),
            Some(row) => Self::Again(Rewrite::of(row, memo, Actor::System, at)),
        }
    }
}

impl RouteMemo {
    /// Keeps a provider's answer; none for an estimate, which costs nothing to make again and must not outlive the
    /// outage that made it.
    #[must_use]
    pub fn keep(found: Option<Stored<Self>>, way: &Way, leg: &Leg, at: Timestamp) -> Option<Keep<Self>> {
        if leg.source == Source::Estimate {
            return None;
        }
        let memo = Self { way_hash: WayHash::of(way), journey: Measure::from(leg.clone()) };
        Some(Keep::of(found, memo, at))
    }

    /// What was said, while it is good.
    #[must_use]
    pub fn answer(row: &Stored<Self>, now: Timestamp) -> Option<Leg> {
        if now >= Self::expires_at(row) {
            return None;
        }
        let Measure { distance, duration, route, source } = row.data.journey.clone();
        Some(Leg { metres: distance.meters, seconds: duration.seconds, source, polyline: route.polyline })
    }

    /// The first moment at which it is no longer good.
    #[must_use]
    pub fn expires_at(row: &Stored<Self>) -> Timestamp {
        row.meta.updated_at.plus(LIFETIME)
    }
}

impl Entity for RouteMemo {
    const TYPE: &'static str = "RouteMemo";
    type Id<'a> = &'a WayHash;
    type Indexes = ();

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("ROUTE#{}", id.0)).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.way_hash
    }

    fn ttl(row: &Stored<Self>) -> Option<Timestamp> {
        Some(Self::expires_at(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Coordinates {
        Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() }
    }

    fn way() -> Way {
        let departing = Timestamp::new(1_733_842_200).unwrap();
        Way { from: at(50.7260, -1.8782), via: vec![], to: at(50.7122, -2.0053), departing }
    }

    fn leg(source: Source) -> Leg {
        Leg { metres: 10_214, seconds: 1_311, source, polyline: Some("_p~iF~ps|U".to_owned()) }
    }

    fn row(keep: Option<Keep<RouteMemo>>) -> Stored<RouteMemo> {
        match keep.unwrap() {
            Keep::First(new) => new.after().clone(),
            Keep::Again(rewrite) => rewrite.after().clone(),
        }
    }

    #[test]
    fn the_same_question_has_the_same_name_and_another_has_another() {
        let base = WayHash::of(&way());
        assert_eq!(base.as_str(), "bcceb98595edd8bf966e333f0635c9f1", "and every build agrees on it");
        let soon = Way { departing: way().departing.plus(299), ..way() };
        assert_eq!(WayHash::of(&soon), base);
        let a = at(50.78, -1.84);
        for other in [
            Way { departing: way().departing.plus(300), ..way() },
            Way { departing: way().departing.minus(1), ..way() },
            Way { from: way().to, to: way().from, ..way() },
            Way { from: at(50.7260001, -1.8782), ..way() },
            Way { via: vec![a], ..way() },
            Way { via: vec![a, a], ..way() },
            Way { via: vec![way().to], to: a, ..way() },
        ] {
            assert_ne!(WayHash::of(&other), base, "{other:?}");
        }
        let (one, two) = (at(50.7, -1.9), at(50.8, -1.8));
        let order = |via| WayHash::of(&Way { via, ..way() });
        assert_ne!(order(vec![one, two]), order(vec![two, one]));
    }

    #[test]
    fn it_is_good_for_a_quarter_of_an_hour_from_when_it_was_kept_last() {
        let now = way().departing.minus(7_200);
        let first = row(RouteMemo::keep(None, &way(), &leg(Source::Google), now));
        assert_eq!(RouteMemo::answer(&first, now.plus(899)), Some(leg(Source::Google)));
        assert_eq!(RouteMemo::answer(&first, now.plus(900)), None, "however late DynamoDB deletes it");
        assert_eq!(RouteMemo::ttl(&first), Some(now.plus(900)));
        let later = now.plus(5_000);
        let again = row(RouteMemo::keep(Some(first), &way(), &leg(Source::Google), later));
        assert_eq!(RouteMemo::answer(&again, later.plus(899)), Some(leg(Source::Google)));
        assert_eq!(RouteMemo::ttl(&again), Some(later.plus(900)));
    }

    #[test]
    fn an_estimate_is_not_kept() {
        assert!(RouteMemo::keep(None, &way(), &leg(Source::Estimate), way().departing).is_none());
    }
}
