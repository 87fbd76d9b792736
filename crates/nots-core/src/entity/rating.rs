//! Ratings: what a customer thought of a journey, once.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{of_booking, of_driver};
use crate::{
    actor::Actor,
    id::{BookingId, DriverId, RatingId, UserId},
    table::{Base, Entity, Gsi1, IndexedBy, Key, New, Pk, Stored},
    text::Text,
    time::Timestamp,
};

/// What a customer writes of a journey: up to 2,000 characters, in lines.
pub type Feedback = Text<2_000, true>;

/// The number is not a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from 1 to 5")]
pub struct NotAScore;

/// Stars that one customer gives: 1 to 5, whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Score(u8);

impl Score {
    /// A score.
    ///
    /// # Errors
    /// When it is not 1 to 5.
    pub const fn new(stars: u8) -> Result<Self, NotAScore> {
        if stars >= 1 && stars <= 5 { Ok(Self(stars)) } else { Err(NotAScore) }
    }

    /// The number of stars.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Score {
    type Error = NotAScore;
    fn try_from(stars: u8) -> Result<Self, NotAScore> {
        Self::new(stars)
    }
}

impl From<Score> for u8 {
    fn from(score: Score) -> Self {
        score.0
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Scores by category; a customer may leave any out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Categories {
    /// On time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub punctuality: Option<Score>,
    /// Clean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleanliness: Option<Score>,
    /// Well driven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driving: Option<Score>,
    /// Courteous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub professionalism: Option<Score>,
}

/// What a customer thought of a journey. A booking has one at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rating {
    /// Its id.
    pub rating_id: RatingId,
    /// Of which journey.
    pub booking_id: BookingId,
    /// Who drove.
    pub driver_id: DriverId,
    /// Whose opinion it is; null for a guest, who told staff.
    pub customer_id: Option<UserId>,
    /// Overall.
    pub score: Score,
    /// In words.
    #[serde(default)]
    pub feedback: Option<Feedback>,
    /// By category.
    #[serde(default)]
    pub categories: Categories,
}

impl Rating {
    /// What the sort keys of a driver's ratings begin with.
    pub(crate) const PREFIX: &'static str = "RATING#";

    /// To be put in the table; refused when the booking has one.
    pub fn give(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }
}

impl Entity for Rating {
    const TYPE: &'static str = "Rating";
    type Id<'a> = &'a BookingId;
    type Indexes = (Gsi1,);

    fn key_of(booking: Self::Id<'_>) -> Key<Base> {
        of_booking(booking).at("RATING")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.booking_id
    }
}

impl IndexedBy<Gsi1> for Rating {
    type Partition<'a> = &'a DriverId;

    fn partition(driver: Self::Partition<'_>) -> Pk<Gsi1> {
        of_driver(driver)
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        let sort = format!("{}{}", Self::PREFIX, row.data.booking_id);
        Some(Self::partition(&row.data.driver_id).at(sort))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_one_to_five_whole_stars() {
        for stars in 1..=5 {
            assert_eq!(Score::new(stars).map(Score::get), Ok(stars));
        }
        for bad in ["0", "6", "4.5", "-1", "\"5\"", "null", "300"] {
            assert!(serde_json::from_str::<Score>(bad).is_err(), "{bad}");
        }
    }
}
