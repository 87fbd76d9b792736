//! A provider's answer is kept in the table for a quarter of an hour, where the operator's settings allow it.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    Timestamp, access,
    entity::{PlaceMemo, RouteMemo, route_memo::Keep},
    geo::Place,
    journey::{Leg, Way},
    ports::{Clock, Maps, MapsError, Table},
    table::{Entity, Get, Stored, Transaction, WriteError},
};

use crate::{EmbeddedMaps, Fault, circuit::chain};

/// A map whose provider's places and drives are kept, and given again to whoever asks the same.
///
/// Settings and what is kept are read in one round trip before the map is asked. Nothing is read from what is kept and
/// nothing is kept unless [`MapTerms`](nots_core::entity::settings::MapTerms) allow it. A table that does not answer
/// costs nobody a price: the map is asked then, and its answer is not kept. What the gazetteer knows is neither looked
/// for nor kept: it costs nothing to ask.
pub struct KeptMaps {
    maps: Arc<dyn Maps>,
    table: Arc<dyn Table>,
    clock: Arc<dyn Clock>,
}

/// What the table says before the map is asked.
enum Found<E, A> {
    /// An answer that is good.
    Answer(A),
    /// None, and an answer may be kept: in the place of this one, which has expired.
    MayKeep(Option<Stored<E>>),
    /// Nothing may be kept.
    Nothing,
}

impl KeptMaps {
    /// Over a map.
    #[must_use]
    pub fn over(maps: Arc<dyn Maps>, table: Arc<dyn Table>, clock: Arc<dyn Clock>) -> Self {
        Self { maps, table, clock }
    }

    async fn find<E: Entity, A>(
        &self,
        memo: Get<E>,
        answer: impl FnOnce(&Stored<E>, Timestamp) -> Option<A>,
    ) -> Found<E, A> {
        let (settings, memo) = match self.table.read((access::settings(), memo)).await {
            Ok(rows) => rows,
            Err(error) => {
                let why = chain(&error);
                tracing::warn!(entity = E::TYPE, why, "Could not look for a kept answer of the map's");
                return Found::Nothing;
            }
        };
        if !settings.is_some_and(|settings| settings.data.maps.answers_may_be_kept) {
            return Found::Nothing;
        }
        match memo.as_ref().and_then(|row| answer(row, self.clock.now())) {
            Some(answer) => Found::Answer(answer),
            None => Found::MayKeep(memo),
        }
    }

    async fn keep<E: Entity>(&self, keep: Keep<E>) {
        let transaction = match keep {
            Keep::First(new) => Transaction::new().create(&new),
            Keep::Again(rewrite) => Transaction::new().rewrite(&rewrite),
        };
        match self.table.commit(transaction).await {
            // Somebody else has kept the same in the meantime.
            Ok(()) | Err(WriteError::Refused(_)) => {}
            Err(error) => {
                tracing::warn!(
                    entity = E::TYPE,
                    why = chain(&error),
                    "Could not keep an answer of the map's"
                );
            }
        }
    }

    /// What the map says of an address; an error that means no answer is none to keep.
    async fn look_up(&self, address: &str) -> Result<Option<Option<Place>>, MapsError> {
        match self.maps.locate(address).await {
            Ok(said) => Ok(Some(said)),
            Err(error) if matches!(error.0.downcast_ref(), Some(Fault::DoneWithout)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Maps for KeptMaps {
    /// The gazetteer's place, or else what the map said of the same address in the last quarter of an hour, or says now;
    /// none when it does not know it, or does [without its provider](Fault::DoneWithout).
    ///
    /// # Errors
    /// When the map does not answer.
    async fn locate(&self, address: &str) -> Result<Option<Place>, MapsError> {
        if let Some(known) = EmbeddedMaps.locate(address).await? {
            return Ok(Some(known));
        }
        let answer = |row: &_, now| PlaceMemo::answer(row, address, now);
        match self.find(access::place_memo(address), answer).await {
            Found::Answer(place) => Ok(place),
            Found::Nothing => Ok(self.look_up(address).await?.flatten()),
            Found::MayKeep(expired) => {
                let Some(said) = self.look_up(address).await? else { return Ok(None) };
                self.keep(PlaceMemo::keep(expired, address, said.as_ref(), self.clock.now())).await;
                Ok(said)
            }
        }
    }

    /// What the map said of the same way in the last quarter of an hour, or else says now.
    ///
    /// # Errors
    /// When the map does not answer.
    async fn drive(&self, way: &Way) -> Result<Leg, MapsError> {
        match self.find(access::route_memo(way), RouteMemo::answer).await {
            Found::Answer(leg) => Ok(leg),
            Found::Nothing => self.maps.drive(way).await,
            Found::MayKeep(expired) => {
                let leg = self.maps.drive(way).await?;
                if let Some(keep) = RouteMemo::keep(expired, way, &leg, self.clock.now()) {
                    self.keep(keep).await;
                }
                Ok(leg)
            }
        }
    }
}
