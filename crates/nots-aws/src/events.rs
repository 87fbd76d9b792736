//! Events, on EventBridge.

use async_trait::async_trait;
use aws_sdk_eventbridge::{Client, types::PutEventsRequestEntry};
use nots_core::{
    announce::Announcement,
    ports::{Events, PublishError},
};

/// An EventBridge bus.
#[derive(Debug)]
pub struct EventBus {
    client: Client,
    bus: String,
}

/// The bus answered that it did not take the event.
#[derive(Debug, thiserror::Error)]
#[error("the bus answered {0}")]
struct NotTaken(String);

impl EventBus {
    /// The bus of this name.
    #[must_use]
    pub fn new(client: Client, bus: String) -> Self {
        Self { client, bus }
    }
}

#[async_trait]
impl Events for EventBus {
    async fn publish(&self, what: &Announcement) -> Result<(), PublishError> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(nots_core::event::SOURCE)
            .detail_type(&what.detail_type)
            .resources(&what.id)
            .detail(what.detail.to_string())
            .build();
        let answer = self.client.put_events().entries(entry).send().await;
        let answer = answer.map_err(|error| PublishError(error.into()))?;
        // The call succeeds even when the entry does not.
        match answer.entries().iter().find_map(|entry| entry.error_code()) {
            None => Ok(()),
            Some(code) => Err(PublishError(NotTaken(code.to_owned()).into())),
        }
    }
}
