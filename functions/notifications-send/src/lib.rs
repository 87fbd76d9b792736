//! From the queue: e-mails and text messages to customers, each once.
//!
//! Claim, send, mark. A claim is a conditional write with a word of its own, so of two workers with the same message
//! one sends. If a worker dies between the provider's yes and the mark, the message comes back after the claim's
//! lease and is sent once more, and then never again without a person.

mod words;

use std::sync::Arc;

use async_trait::async_trait;
use nots_core::{
    Pence, access,
    consume::{Consumer, QueueMessage},
    entity::{Booking, Notice, Settings, notice::Claim},
    event::{BookingEvent, EventKind, SOURCE},
    money::Total,
    ports::{About, Attachment, Cause, Channel, Clock, Ids, Mail, MailError, Message, Table},
    receipt::{self, NoReceipt, ReceiptError},
    table::{Stored, Transaction, WriteError},
};
use serde::Deserialize;

pub use words::{Billed, Templates, WordsError};

/// Tells customers.
pub struct NotificationsSend {
    /// Bookings, notices, settings.
    pub table: Arc<dyn Table>,
    /// E-mail and text messages.
    pub mail: Arc<dyn Mail>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Words for claims.
    pub ids: Arc<dyn Ids>,
    /// What is said.
    pub templates: Arc<Templates>,
}

/// An event as EventBridge puts it into the queue.
#[derive(Deserialize)]
struct Envelope {
    source: String,
    detail: BookingEvent,
}

/// Why a message comes back.
#[derive(Debug, thiserror::Error)]
enum NotSent {
    #[error("the message is not an event of ours")]
    Unreadable(#[source] serde_json::Error),
    #[error("the message is an event of another source")]
    Foreign,
    #[error("the operator has no settings")]
    NoSettings,
    #[error("another worker holds the claim")]
    Held,
    #[error("it was begun twice and never reported: a person must look before it is sent again")]
    Doubtful,
}

#[async_trait]
impl Consumer<QueueMessage> for NotificationsSend {
    async fn consume(&self, message: QueueMessage) -> Result<(), Cause> {
        let envelope: Envelope = serde_json::from_str(&message.body).map_err(NotSent::Unreadable)?;
        if envelope.source != SOURCE {
            return Err(NotSent::Foreign.into());
        }
        let event = envelope.detail;
        if !event.event.is_told() {
            return Ok(());
        }
        let notices = Channel::ALL.map(|channel| access::notice_of_event(&event, channel)).to_vec();
        let read = self.table.read((access::booking(&event.booking_id), access::settings(), notices)).await?;
        let (Some(booking), settings, notices) = read else {
            tracing::warn!(booking.id = %event.booking_id, "Dropped a notice of a booking that is not here");
            return Ok(());
        };
        let settings = settings.ok_or(NotSent::NoSettings)?;
        if !event.still_holds(&booking, self.clock.now()) {
            tracing::info!(booking.id = %event.booking_id, "Dropped `{}`, which no longer holds", event.id());
            return Ok(());
        }
        // One channel that fails does not keep the other from being told.
        let mut failed = None;
        for (channel, found) in Channel::ALL.into_iter().zip(notices) {
            if let Err(cause) = self.tell(&event, channel, found, &booking.data, &settings.data).await {
                failed = Some(cause);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

impl NotificationsSend {
    async fn tell(
        &self,
        event: &BookingEvent,
        channel: Channel,
        found: Option<Stored<Notice>>,
        booking: &Booking,
        settings: &Settings,
    ) -> Result<(), Cause> {
        let now = self.clock.now();
        // What cannot be said is found out before it is claimed.
        let receipt = self.receipt(event.event, channel, booking, settings).await?;
        let message = self.templates.compose(event.event, channel, booking, settings, receipt)?;
        let word = self.ids.uuid(now).simple().to_string();
        let (claimed, transaction) = match Notice::claim(event, channel, found, word, now) {
            Claim::First(new) => (new.after().clone(), Transaction::new().create(&new)),
            Claim::Again(change) => (change.after().clone(), Transaction::new().apply(&change)),
            Claim::Settled => return Ok(()),
            Claim::Held => return Err(NotSent::Held.into()),
            Claim::Doubtful => return Err(NotSent::Doubtful.into()),
        };
        match self.table.commit(transaction).await {
            Ok(()) => {}
            Err(WriteError::Refused(_)) => return Err(NotSent::Held.into()),
            Err(error) => return Err(error.into()),
        }
        self.send(event, claimed, &message).await
    }

    /// The receipt that goes with the e-mail of a journey that is over, once something was paid for it.
    async fn receipt(
        &self,
        event: EventKind,
        channel: Channel,
        booking: &Booking,
        settings: &Settings,
    ) -> Result<Option<Billed>, Cause> {
        if (event, channel) != (EventKind::Completed, Channel::Email) {
            return Ok(None);
        }
        let receipt = match receipt::read(&*self.table, booking, &settings.operator).await {
            Ok(receipt) => receipt,
            Err(ReceiptError::None(NoReceipt::NothingPaid)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let waiting = receipt.waiting_charge.is_some() && receipt.still_due > Pence::ZERO;
        Ok(Some(Billed {
            waiting_due: waiting.then_some(Total { total: receipt.still_due, currency: receipt.currency }),
            file: Attachment {
                name: nots_receipt::file_name(&receipt),
                content_type: "application/pdf",
                bytes: nots_receipt::pdf(&receipt)?,
            },
        }))
    }

    /// Sends what is claimed and marks how it went.
    async fn send(
        &self,
        event: &BookingEvent,
        claimed: Stored<Notice>,
        message: &Message,
    ) -> Result<(), Cause> {
        let about = About { booking_id: event.booking_id.clone(), event: event.event.as_str() };
        let (mark, outcome) = match self.mail.send(message, &about).await {
            Ok(id) => (Notice::sent(claimed, id, self.clock.now())?, Ok(())),
            Err(MailError::Rejected(_)) => {
                tracing::error!(booking.id = %event.booking_id, alert = "not_told",
                    "The provider does not accept the address for `{}`", event.id());
                (Notice::undeliverable(claimed, self.clock.now())?, Ok(()))
            }
            // As good as dead between the yes and the mark: the claim stands until its lease ends.
            Err(error @ MailError::Unknown(_)) => return Err(error.into()),
            Err(error @ MailError::Unavailable(_)) => {
                (Notice::released(claimed, self.clock.now())?, Err(error.into()))
            }
        };
        self.table.commit(Transaction::new().apply(&mark)).await?;
        outcome
    }
}
