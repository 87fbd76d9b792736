//! A notice: that one person was told one thing once. Claim, send, mark.

use serde::{Deserialize, Serialize};

use super::of_booking;
use crate::{
    actor::Actor,
    event::{BookingEvent, EventKind},
    id::BookingId,
    ports::Channel,
    table::{Base, Entity, IllegalMove, Key, Machine, Move, New, Stateful, Stored, Version},
    text,
    time::{Seconds, Timestamp},
};

/// Seconds after which a claim whose holder has not been heard of may be taken over: longer than the function
/// may run, so that its holder is surely gone.
pub const LEASE: Seconds = 60;
/// How often a notice may be handed to the provider without our learning how that went.
const MOST_TRIES: u32 = 2;

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeStatus {
    /// Somebody is sending it.
    Claimed,
    /// The provider could not take it; anybody may try again.
    Released,
    /// The provider took it.
    Sent,
    /// The provider never will.
    Undeliverable,
}

impl Machine for NoticeStatus {
    const ALL: &'static [Self] = &[Self::Claimed, Self::Released, Self::Sent, Self::Undeliverable];

    fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Released => "released",
            Self::Sent => "sent",
            Self::Undeliverable => "undeliverable",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            Self::Claimed => &[Self::Claimed, Self::Released, Self::Sent, Self::Undeliverable],
            Self::Released => &[Self::Claimed],
            Self::Sent | Self::Undeliverable => &[],
        }
    }
}

/// That the customer is told of one event by one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// About which booking.
    pub booking_id: BookingId,
    /// About what.
    pub event: EventKind,
    /// Of which version of the booking.
    pub event_version: Version,
    /// By which channel.
    pub channel: Channel,
    /// Where it stands.
    pub status: NoticeStatus,
    /// Whose claim it is: a word that nobody else has.
    #[serde(deserialize_with = "text::bounded::<_, 100>")]
    pub claim: String,
    /// Until when the claim holds.
    pub claimed_until: Timestamp,
    /// How often it was handed to the provider without our learning how that went.
    pub tries: u32,
    /// The provider's id of it, once sent.
    #[serde(default, deserialize_with = "text::bounded_or_none::<_, 1_000>")]
    pub provider_id: Option<String>,
}

/// What to do about a notice.
#[derive(Debug)]
pub enum Claim {
    /// It is ours to send once this is written: for the first time.
    First(New<Notice>),
    /// It is ours to send once this is written: again.
    Again(Move<Notice>),
    /// It has been dealt with.
    Settled,
    /// Somebody else is at it: come back later.
    Held,
    /// Twice it was begun and never reported: a person must look before it is sent a third time.
    Doubtful,
}

impl Notice {
    /// Claims a notice with a word that nobody else has.
    #[must_use]
    pub fn claim(
        event: &BookingEvent,
        channel: Channel,
        found: Option<Stored<Self>>,
        claim: String,
        now: Timestamp,
    ) -> Claim {
        let until = now.plus(LEASE);
        let Some(row) = found else {
            let notice = Self {
                booking_id: event.booking_id.clone(),
                event: event.event,
                event_version: event.version,
                channel,
                status: NoticeStatus::Claimed,
                claim,
                claimed_until: until,
                tries: 1,
                provider_id: None,
            };
            return Claim::First(New::of(notice, Actor::System, now));
        };
        let tries = match row.data.status {
            NoticeStatus::Sent | NoticeStatus::Undeliverable => return Claim::Settled,
            NoticeStatus::Released => row.data.tries,
            NoticeStatus::Claimed if now < row.data.claimed_until => return Claim::Held,
            NoticeStatus::Claimed if row.data.tries >= MOST_TRIES => return Claim::Doubtful,
            NoticeStatus::Claimed => row.data.tries.saturating_add(1),
        };
        let data =
            Self { status: NoticeStatus::Claimed, claim, claimed_until: until, tries, ..row.data.clone() };
        Move::of(row, data, Actor::System, now).map_or(Claim::Settled, Claim::Again)
    }

    /// The provider took it.
    ///
    /// # Errors
    /// When it is not claimed.
    pub fn sent(row: Stored<Self>, provider_id: String, now: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status: NoticeStatus::Sent, provider_id: Some(provider_id), ..row.data.clone() };
        Move::of(row, data, Actor::System, now)
    }

    /// The provider could not take it now.
    ///
    /// # Errors
    /// When it is not claimed.
    pub fn released(row: Stored<Self>, now: Timestamp) -> Result<Move<Self>, IllegalMove> {
        Self::ended(row, NoticeStatus::Released, now)
    }

    /// The provider never will take it.
    ///
    /// # Errors
    /// When it is not claimed.
    pub fn undeliverable(row: Stored<Self>, now: Timestamp) -> Result<Move<Self>, IllegalMove> {
        Self::ended(row, NoticeStatus::Undeliverable, now)
    }

    fn ended(row: Stored<Self>, status: NoticeStatus, now: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status, ..row.data.clone() };
        Move::of(row, data, Actor::System, now)
    }
}

impl Entity for Notice {
    const TYPE: &'static str = "Notice";
    type Id<'a> = (&'a BookingId, EventKind, Version, Channel);
    type Indexes = ();

    fn key_of((booking, event, version, channel): Self::Id<'_>) -> Key<Base> {
        let sort = format!("NOTICE#{}#{:06}#{}", event.as_str(), version.get(), channel.as_str());
        of_booking(booking).at(sort)
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.booking_id, self.event, self.event_version, self.channel)
    }
}

impl Stateful for Notice {
    type Status = NoticeStatus;

    fn status(&self) -> NoticeStatus {
        self.status
    }
}
