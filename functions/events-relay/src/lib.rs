//! From the table's stream: the booking's history, and the events that everybody else works from.
//!
//! A change that is stored is announced and one that is not stored never is. Each record may come again: the history
//! row is conditional, and whoever listens knows an event by its id.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    Actor,
    consume::{Consumer, StreamRecord},
    entity::{Booking, History},
    event::BookingEvent,
    ports::{Cause, Events, Table},
    table::{Because, Entity, Item, Stored, Transaction, attr},
};

/// Relays.
pub struct EventsRelay {
    /// History.
    pub table: Arc<dyn Table>,
    /// The bus.
    pub events: Arc<dyn Events>,
}

#[async_trait]
impl Consumer<StreamRecord> for EventsRelay {
    async fn consume(&self, record: StreamRecord) -> Result<(), Cause> {
        let (Some(after), before) = (booking(record.after)?, booking(record.before)?) else {
            return Ok(());
        };
        let history = History::of(before.as_ref(), &after)?;
        match self.table.commit(Transaction::new().create(&history)).await {
            Ok(()) => {}
            // This record has been here before.
            Err(error) if error.refused_by::<History>() == Some(&Because::Exists) => {}
            Err(error) => return Err(error.into()),
        }
        if after.meta.updated_by == Actor::Import {
            // What is moved in from a legacy system has long been known to whom it concerns.
            return Ok(());
        }
        for event in BookingEvent::between(before.as_ref(), &after) {
            self.events.publish(&event).await?;
            tracing::info!(booking.id = %event.booking_id, "Published `{}`", event.id());
        }
        Ok(())
    }
}

/// The booking that an image is of; none when it is of something else.
fn booking(image: Option<Item>) -> Result<Option<Stored<Booking>>, Cause> {
    let is_booking = |item: &Item| item.get("EntityType") == Some(&attr::text(Booking::TYPE));
    Ok(image.filter(is_booking).map(Stored::from_item).transpose()?)
}
