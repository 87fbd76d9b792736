//! Events that the card processor sends: each is taken once, and what nobody knew what to do with is kept for a person.
//!
//! Of what the event carries only the name of the object it is about is kept: nothing of a card, nothing of a person.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    actor::{Actor, Reviewer},
    id::BookingId,
    table::{Base, Entity, Gsi1, IllegalMove, IndexedBy, Key, Machine, Move, New, Pk, Stateful, Stored},
    text::{Note, Text},
    time::{Seconds, Timestamp},
};

/// Seconds after which an event that needs nobody may be deleted: ninety days, three times as long as Stripe keeps
/// events that it could send again.
pub const KEPT_FOR: Seconds = 90 * 86_400;

/// The text is no id of Stripe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 255 letters, digits, hyphens or underscores")]
pub struct NotAStripeId;

/// Stripe's id of an event: `evt_…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StripeEventId(String);

impl StripeEventId {
    /// Reads an id. Stripe promises no more of it than that it is at most 255 characters.
    ///
    /// # Errors
    /// When it is empty, longer, or not made of letters, digits, hyphens and underscores.
    pub fn parse(text: &str) -> Result<Self, NotAStripeId> {
        let sound = (1..=255).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if sound { Ok(Self(text.to_owned())) } else { Err(NotAStripeId) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StripeEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StripeEventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// It had its effect, in the transaction that put this item.
    Applied,
    /// It is of a kind we know and asks nothing of us.
    Irrelevant,
    /// Its kind or its shape is none that we know. A person should look.
    Unrecognised,
    /// It is not what we asked for: another amount, currency or mode. A person must look.
    Mismatched,
    /// A person has looked.
    Reviewed,
}

impl WebhookStatus {
    /// Whether a person should look.
    #[must_use]
    pub const fn wants_a_person(self) -> bool {
        matches!(self, Self::Unrecognised | Self::Mismatched)
    }
}

impl Machine for WebhookStatus {
    const ALL: &'static [Self] =
        &[Self::Applied, Self::Irrelevant, Self::Unrecognised, Self::Mismatched, Self::Reviewed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Irrelevant => "irrelevant",
            Self::Unrecognised => "unrecognised",
            Self::Mismatched => "mismatched",
            Self::Reviewed => "reviewed",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            Self::Applied => &[],
            // Sent again, once what it is about is known here.
            Self::Irrelevant => &[Self::Applied],
            // Sent again, once there is code that knows it.
            Self::Unrecognised => &[Self::Applied, Self::Irrelevant, Self::Reviewed],
            Self::Mismatched => &[Self::Reviewed],
            Self::Reviewed => &[Self::Applied],
        }
    }
}

/// An event as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Stripe's id of it.
    pub event_id: StripeEventId,
    /// Its kind: `checkout.session.completed`.
    pub event_type: Text<100>,
    /// The version of Stripe's API whose shape it has.
    pub api_version: Option<Text<60>>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// What it is about, by Stripe's id: `cs_…`, `pi_…`, `ch_…`.
    pub object_id: Option<Text<255>>,
    /// The booking it concerns, once that is known.
    pub booking_id: Option<BookingId>,
    /// When Stripe says that it happened. Nothing is ordered by it.
    pub occurred_at: Option<Timestamp>,
}

impl Arrival {
    /// The same, once it is known which booking it concerns.
    #[must_use]
    pub fn about(&self, booking: &BookingId) -> Self {
        Self { booking_id: Some(booking.clone()), ..self.clone() }
    }
}

/// An event that the card processor sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEvent {
    /// Stripe's id of it.
    pub event_id: StripeEventId,
    /// Its kind: `checkout.session.completed`.
    pub event_type: Text<100>,
    /// The version of Stripe's API whose shape it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<Text<60>>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// What it is about, by Stripe's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<Text<255>>,
    /// The booking it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<BookingId>,
    /// When Stripe says that it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// When it first came.
    pub received_at: Timestamp,
    /// What came of it.
    pub status: WebhookStatus,
    /// Why, in our words: what did not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
    /// Who looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<Reviewer>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Timestamp>,
}

impl WebhookEvent {
    /// What the sort keys of events kept for a person begin with.
    pub(crate) const BY_ARRIVAL: &'static str = "RECEIVED#";

    /// Takes an event that has not come before. Put in the transaction that has its effect, it makes the effect
    /// happen once: the same event again is refused by this item, which exists.
    pub fn take(arrival: Arrival, status: WebhookStatus, reason: Option<Note>, at: Timestamp) -> New<Self> {
        let Arrival { event_id, event_type, api_version, livemode, object_id, booking_id, occurred_at } =
            arrival;
        let event = Self {
            event_id,
            event_type,
            api_version,
            livemode,
            object_id,
            booking_id,
            occurred_at,
            received_at: at,
            status,
            reason,
            reviewed_by: None,
            reviewed_at: None,
        };
        New::of(event, Actor::Stripe, at)
    }

    /// It came again, and now there is code that knows it: put in the transaction that has its effect.
    ///
    /// # Errors
    /// When it has had its effect, or is not what we asked for.
    pub fn apply(row: Stored<Self>, at: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status: WebhookStatus::Applied, ..row.data.clone() };
        Move::of(row, data, Actor::Stripe, at)
    }

    /// A person has looked at it.
    ///
    /// # Errors
    /// When nobody needs to, or somebody has.
    pub fn review(row: Stored<Self>, by: Actor, at: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let data = Self {
            status: WebhookStatus::Reviewed,
            reviewed_by: Some(by.clone().into()),
            reviewed_at: Some(at),
            ..row.data.clone()
        };
        Move::of(row, data, by, at)
    }
}

impl Entity for WebhookEvent {
    const TYPE: &'static str = "WebhookEvent";
    const EXPIRES: bool = true;
    type Id<'a> = &'a StripeEventId;
    type Indexes = (Gsi1,);

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("WEBHOOK#stripe#{id}")).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.event_id
    }

    /// What nobody needs to look at any more may go.
    fn ttl(row: &Stored<Self>) -> Option<Timestamp> {
        (!row.data.status.wants_a_person()).then(|| row.meta.updated_at.plus(KEPT_FOR))
    }
}

impl Stateful for WebhookEvent {
    type Status = WebhookStatus;

    fn status(&self) -> WebhookStatus {
        self.status
    }
}

impl IndexedBy<Gsi1> for WebhookEvent {
    type Partition<'a> = ();

    fn partition((): Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new("WEBHOOK_KEPT#stripe")
    }

    /// Only what a person should look at.
    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        let received = row.data.received_at;
        row.data
            .status
            .wants_a_person()
            .then(|| Self::partition(()).at(format_args!("{}{received}", Self::BY_ARRIVAL)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(status: WebhookStatus) -> Stored<WebhookEvent> {
        let arrival = Arrival {
            event_id: StripeEventId::parse("evt_1NG8Du2eZvKYlo2CUI79vXWy").unwrap(),
            event_type: Text::parse("checkout.session.completed").unwrap(),
            api_version: None,
            livemode: false,
            object_id: None,
            booking_id: None,
            occurred_at: None,
        };
        WebhookEvent::take(arrival, status, None, Timestamp::MIN).after().clone()
    }

    #[test]
    fn what_wants_a_person_is_in_the_list_and_stays() {
        for status in WebhookStatus::ALL {
            let row = taken(*status);
            assert_eq!(WebhookEvent::entry(&row).is_some(), status.wants_a_person(), "{status:?}");
            assert_eq!(WebhookEvent::ttl(&row).is_none(), status.wants_a_person(), "{status:?}");
            let reviewed = WebhookEvent::review(row.clone(), Actor::System, Timestamp::MAX);
            assert_eq!(reviewed.is_ok(), status.wants_a_person(), "{status:?}");
            if let Ok(reviewed) = reviewed {
                assert!(WebhookEvent::entry(reviewed.after()).is_none());
            }
            let fit = !matches!(status, WebhookStatus::Applied | WebhookStatus::Mismatched);
            assert_eq!(WebhookEvent::apply(row, Timestamp::MAX).is_ok(), fit, "{status:?}");
        }
    }

    #[test]
    fn an_id_has_nothing_that_a_key_has() {
        assert!(StripeEventId::parse("evt_test_65R-x").is_ok());
        for bad in ["", "evt#1", "evt 1", "evt_é", "a\nb"] {
            assert_eq!(StripeEventId::parse(bad), Err(NotAStripeId), "{bad:?}");
        }
        assert!(StripeEventId::parse(&"e".repeat(256)).is_err());
    }
}
