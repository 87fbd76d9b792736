//! A provider's answer is kept in the table for a quarter of an hour, where the operator's settings allow it.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    access,
    entity::{
        RouteMemo,
        route_memo::{Keep, WayHash},
    },
    geo::Place,
    journey::{Leg, Way},
    ports::{Clock, Maps, MapsError, Table},
    table::{Stored, Transaction, WriteError},
};

use crate::circuit::chain;

/// A map whose provider's drives are kept, and given again to whoever asks the same.
///
/// Settings and what is kept are read in one round trip before the map is asked. Nothing is read from what is kept and
/// nothing is kept unless [`MapTerms`](nots_core::entity::settings::MapTerms) allow it. A table that does not answer
/// costs nobody a price: the map is asked then, and its answer is not kept.
pub struct KeptMaps {
    maps: Arc<dyn Maps>,
    table: Arc<dyn Table>,
    clock: Arc<dyn Clock>,
}

/// What the table says before the map is asked.
enum Found {
    /// An answer that is good.
    Answer(Leg),
    /// None, and an answer may be kept: in the place of this one, which has expired.
    MayKeep(Option<Stored<RouteMemo>>),
    /// Nothing may be kept.
    Nothing,
}

impl KeptMaps {
    /// Over a map.
    #[must_use]
    pub fn over(maps: Arc<dyn Maps>, table: Arc<dyn Table>, clock: Arc<dyn Clock>) -> Self {
        Self { maps, table, clock }
    }

    async fn find(&self, way: &Way) -> Found {
        let (settings, memo) = match self.table.read((access::settings(), access::route_memo(way))).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(why = chain(&error), "Could not look for a kept route");
                return Found::Nothing;
            }
        };
        if !settings.is_some_and(|settings| settings.data.maps.answers_may_be_kept) {
            return Found::Nothing;
        }
        match memo.as_ref().and_then(|row| RouteMemo::answer(row, self.clock.now())) {
            Some(leg) => Found::Answer(leg),
            None => Found::MayKeep(memo),
        }
    }

    async fn keep(&self, found: Option<Stored<RouteMemo>>, way: &Way, leg: &Leg) {
        let transaction = match RouteMemo::keep(found, way, leg, self.clock.now()) {
            Some(Keep::First(new)) => Transaction::new().create(&new),
            Some(Keep::Again(rewrite)) => Transaction::new().rewrite(&rewrite),
            None => return,
        };
        match self.table.commit(transaction).await {
            // Somebody else has kept the same in the meantime.
            Ok(()) | Err(WriteError::Refused(_)) => {}
            Err(error) => {
                let way = WayHash::of(way);
                tracing::warn!(route.way = way.as_str(), why = chain(&error), "Could not keep a route");
            }
        }
    }
}

#[async_trait]
impl Maps for KeptMaps {
    /// Whatever the map says.
    ///
    /// # Errors
    /// When the map does not answer.
    async fn locate(&self, address: &str) -> Result<Option<Place>, MapsError> {
        self.maps.locate(address).await
    }

    /// What the map said of the same way in the last quarter of an hour, or else says now.
    ///
    /// # Errors
    /// When the map does not answer.
    async fn drive(&self, way: &Way) -> Result<Leg, MapsError> {
        match self.find(way).await {
            Found::Answer(leg) => Ok(leg),
            Found::Nothing => self.maps.drive(way).await,
            Found::MayKeep(expired) => {
                let leg = self.maps.drive(way).await?;
                self.keep(expired, way, &leg).await;
                Ok(leg)
            }
        }
    }
}
