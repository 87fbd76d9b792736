//! The ports: everything a handler may ask of the world. Each call is one await on plain data, so that any port
//! can be wrapped to count, delay, fail or lose an answer.

use std::{collections::HashMap, error::Error, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{
    announce::Announcement,
    contact::{Email, Phone},
    geo::Place,
    id::BookingId,
    journey::{Leg, Way},
    table::{Item, Op, Position, RawKey, RawQuery},
    time::Timestamp,
};

mod payments;

pub use payments::{
    ChargeFacts, CheckoutOrder, CheckoutSession, DisputeFacts, DisputeStage, GatewayError, Listed, News,
    PaymentNotice, PaymentNotices, Payments, RefundFacts, RefundOrder, RefundStage, SessionFacts,
    SessionStage, WebhookError, total_of,
};

/// A cause that is for the log only.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Units of capacity and calls that an answer cost, as DynamoDB reported them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Consumed {
    /// Round trips to the table.
    pub round_trips: u32,
    /// Read units.
    pub read_units: f64,
    /// Write units, indexes included.
    pub write_units: f64,
}

impl Consumed {
    /// The cost of two calls made side by side, which are one round trip.
    #[must_use]
    pub fn beside(self, other: Self) -> Self {
        Self {
            round_trips: self.round_trips.max(other.round_trips),
            read_units: self.read_units + other.read_units,
            write_units: self.write_units + other.write_units,
        }
    }
}

/// An answer and what it cost.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    /// The answer.
    pub value: T,
    /// What it cost.
    pub consumed: Consumed,
}

/// Items of a page and where it ended.
#[derive(Debug, Clone, Default)]
pub struct RawPage {
    /// The items, in order.
    pub items: Vec<Item>,
    /// Where the next page begins; none at the end.
    pub next: Option<Position>,
}

/// Why the table did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Conditions did not hold: which operations, and the items that were there.
    #[error("a condition did not hold")]
    Refused(Vec<(usize, Option<Item>)>),
    /// Another transaction held an item.
    #[error("another transaction held an item")]
    Conflict,
    /// The table is short of capacity.
    #[error("the table is short of capacity")]
    Throttled,
    /// It does not take the request as it is: a fault of whoever made it.
    #[error("the table does not take the request")]
    Rejected(#[source] Cause),
    /// No answer, or none that can be understood.
    #[error("the table did not answer")]
    Unavailable(#[source] Cause),
}

/// The one table.
#[async_trait]
pub trait Table: Send + Sync {
    /// Reads by key, strongly consistent: one round trip, at most 100 keys, no key twice.
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError>;
    /// One page of one partition.
    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError>;
    /// All operations or none, at most 100, no key twice.
    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError>;
}

/// What time it is.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// Waits between two tries.
    async fn pause(&self, time: Duration);
}

/// Where ids and chance come from.
pub trait Ids: Send + Sync {
    /// A new UUID v7.
    fn uuid(&self, now: Timestamp) -> Uuid;
    /// Sixty-four random bits.
    fn random(&self) -> u64;
}

/// The map could not answer.
#[derive(Debug, thiserror::Error)]
#[error("the map did not answer")]
pub struct MapsError(#[source] pub Cause);

/// Places and distances.
#[async_trait]
pub trait Maps: Send + Sync {
    /// The place that an address names; none when it is not known.
    async fn locate(&self, address: &str) -> Result<Option<Place>, MapsError>;
    /// How far and how long by road, over every stop of the way; never shorter than the great circles between them.
    async fn drive(&self, way: &Way) -> Result<Leg, MapsError>;
}

/// Through what a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail, by SES.
    Email,
    /// Text message, by SNS.
    Sms,
}

impl Channel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// As it stands in a key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// A file that goes with an e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called: `receipt-NOTS-7K3M9Q.pdf`.
    pub name: String,
    /// Its media type: `application/pdf`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What a person is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// An e-mail.
    Email {
        /// To whom.
        to: Email,
        /// One line.
        subject: String,
        /// For readers of plain text.
        text: String,
        /// For everyone else.
        html: String,
        /// What goes with it.
        attachments: Vec<Attachment>,
    },
    /// A text message.
    Sms {
        /// To whom.
        to: Phone,
        /// The words.
        text: String,
    },
}

/// What a message is about; providers keep it as tags.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// Which booking.
    pub booking_id: BookingId,
    /// What happened: `confirmed`.
    pub event: &'static str,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It never will be: the address is not accepted.
    #[error("the address is not accepted")]
    Rejected(#[source] Cause),
    /// It was not taken, and may be later.
    #[error("the message service could not take it")]
    Unavailable(#[source] Cause),
    /// Nobody knows whether it was taken: the answer did not come.
    #[error("the message service did not answer")]
    Unknown(#[source] Cause),
}

/// E-mail and text messages.
#[async_trait]
pub trait Mail: Send + Sync {
    /// Sends; the answer is the provider's id of it.
    async fn send(&self, message: &Message, about: &About) -> Result<String, MailError>;
}

/// Events were not taken by the bus.
#[derive(Debug, thiserror::Error)]
#[error("the event bus did not take an event")]
pub struct PublishError(#[source] pub Cause);

/// The event bus.
#[async_trait]
pub trait Events: Send + Sync {
    /// Publishes one event; again is harmless, since who listens knows it by its id.
    async fn publish(&self, what: &Announcement) -> Result<(), PublishError>;
}

/// The token issuer's keys could not be had.
#[derive(Debug, thiserror::Error)]
#[error("the token issuer's keys could not be had")]
pub struct KeysError(#[source] pub Cause);

/// A secret that is kept elsewhere and may be rotated there.
#[async_trait]
pub trait Secret: Send + Sync {
    /// The secret's text, of a while ago at most.
    async fn get(&self) -> Result<String, Cause>;

    /// The secret's text as it is now, for whoever was refused with the one before.
    async fn refresh(&self) -> Result<String, Cause> {
        self.get().await
    }
}

/// Where the token issuer's public keys come from.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// The JWK Set (RFC 7517) as JSON text.
    async fn fetch(&self) -> Result<String, KeysError>;
}
