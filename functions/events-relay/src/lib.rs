//! From the table's stream: the booking's history, and the announcements that everybody else works from.
//!
//! A change that is stored is announced and one that is not stored never is. Each record may come again: the history
//! row is conditional, and whoever listens knows an announcement by its id.

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    announce::Announcement,
    consume::{Consumer, StreamRecord},
    entity::{Booking, History},
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
        if let Some(after) = booking(record.after.clone())? {
            self.record(booking(record.before.clone())?.as_ref(), &after).await?;
        }
        for what in Announcement::between(record.before, record.after)? {
            self.events.publish(&what).await?;
            tracing::info!("Published `{}`", what.id);
        }
        Ok(())
    }
}

impl EventsRelay {
    /// Writes what changed of a booking.
    async fn record(&self, before: Option<&Stored<Booking>>, after: &Stored<Booking>) -> Result<(), Cause> {
        let history = History::of(before, after)?;
        match self.table.commit(Transaction::new().create(&history)).await {
            Ok(()) => Ok(()),
            // This record has been here before.
            Err(error) if error.refused_by::<History>() == Some(&Because::Exists) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The booking that an image is of; none when it is of something else.
fn booking(image: Option<Item>) -> Result<Option<Stored<Booking>>, Cause> {
    let is_booking = |item: &Item| item.get("EntityType") == Some(&attr::text(Booking::TYPE));
    Ok(image.filter(is_booking).map(Stored::from_item).transpose()?)
}
