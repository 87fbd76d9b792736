//! What happened to a booking, read from two images of it in the table's stream. Nothing else announces a change.

use serde::{Deserialize, Serialize};

use crate::{
    cancellation::CancelledBy,
    entity::{Booking, BookingStatus},
    id::BookingId,
    table::{Stored, Version},
    time::{Seconds, Timestamp},
};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It was booked.
    Created,
    /// It was paid.
    Confirmed,
    /// It was given to a driver.
    Assigned,
    /// The driver set out.
    EnRoute,
    /// The driver is at the pickup.
    Arrived,
    /// The passenger is on board.
    PassengerOnboard,
    /// The passenger is there.
    Completed,
    /// What was sold was changed: its time, its places or its vehicle.
    Amended,
    /// The job was taken from its driver.
    Unassigned,
    /// It was called off.
    Cancelled,
    /// It was not paid for in time.
    Lapsed,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Created,
        Self::Confirmed,
        Self::Assigned,
        Self::EnRoute,
        Self::Arrived,
        Self::PassengerOnboard,
        Self::Completed,
        Self::Amended,
        Self::Unassigned,
        Self::Cancelled,
        Self::Lapsed,
    ];

    /// As it is published and as it stands in keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Confirmed => "confirmed",
            Self::Assigned => "assigned",
            Self::EnRoute => "en_route",
            Self::Arrived => "arrived",
            Self::PassengerOnboard => "passenger_onboard",
            Self::Completed => "completed",
            Self::Amended => "amended",
            Self::Unassigned => "unassigned",
            Self::Cancelled => "cancelled",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether the customer is told by e-mail and text message.
    #[must_use]
    pub const fn is_told(self) -> bool {
        matches!(
            self,
            Self::Confirmed
                | Self::Assigned
                | Self::Arrived
                | Self::Completed
                | Self::Cancelled
                | Self::Lapsed
                | Self::Amended
        )
    }
}

/// The `source` of every event that NOTS publishes.
pub const SOURCE: &str = "nots";

/// One thing that happened to one booking. It carries no person's data: whoever acts on it reads the booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BookingEvent {
    /// To which booking.
    pub booking_id: BookingId,
    /// What.
    pub event: EventKind,
    /// Which version of the booking it made.
    pub version: Version,
    /// When that version was written.
    pub at: Timestamp,
}

/// Seconds after which news of a stage is no news once the ride has left it behind.
const MOMENT: Seconds = 900;

impl BookingEvent {
    /// The `detail-type` by which rules pick it: `booking.confirmed`.
    #[must_use]
    pub fn detail_type(&self) -> String {
        format!("booking.{}", self.event.as_str())
    }

    /// The same for every delivery of the same event.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}.{}.{}", self.booking_id, self.version, self.event.as_str())
    }

    /// What one record of the stream says, in order; nothing when nothing happened that anyone waits for.
    #[must_use]
    pub fn between(before: Option<&Stored<Booking>>, after: &Stored<Booking>) -> Vec<Self> {
        let (old, new) = (before.map(|b| b.data.timeline).unwrap_or_default(), after.data.timeline);
        let given =
            |b: &Stored<Booking>| b.data.driver.as_ref().map(|d| (d.driver_id.clone(), d.assigned_at));
        let newly_given = given(after).is_some() && before.and_then(given) != given(after);
        let number = |b: &Stored<Booking>| b.data.amended.as_ref().map(|amended| amended.number);
        let taken_away = given(after).is_none() && after.data.status == BookingStatus::Confirmed;
        let ended = old.cancelled.is_none() && new.cancelled.is_some();
        let lapsed = after.data.is_cancelled_by(CancelledBy::Unpaid);
        let happened = [
            (EventKind::Created, before.is_none()),
            (EventKind::Confirmed, old.confirmed.is_none() && new.confirmed.is_some()),
            (EventKind::Assigned, newly_given),
            (EventKind::EnRoute, old.driver_en_route.is_none() && new.driver_en_route.is_some()),
            (EventKind::Arrived, old.arrived.is_none() && new.arrived.is_some()),
            (EventKind::PassengerOnboard, old.passenger_onboard.is_none() && new.passenger_onboard.is_some()),
            (EventKind::Completed, old.completed.is_none() && new.completed.is_some()),
            (EventKind::Amended, number(after).is_some() && before.and_then(number) != number(after)),
            (EventKind::Unassigned, before.and_then(given).is_some() && taken_away),
            (EventKind::Cancelled, ended && !lapsed),
            (EventKind::Lapsed, ended && lapsed),
        ];
        let of = |event| Self {
            booking_id: after.data.booking_id.clone(),
            event,
            version: after.meta.version,
            at: after.meta.updated_at,
        };
        happened.into_iter().filter(|(_, did)| *did).map(|(event, _)| of(event)).collect()
    }

    /// Whether what it says is still worth saying. A notice that the booking has overtaken is dropped: of a job since
    /// called off, of a driver since replaced, and of a stage that the ride has left behind, unless that was a moment
    /// ago, as it is when steps follow one another quickly.
    #[must_use]
    pub fn still_holds(&self, booking: &Stored<Booking>, now: Timestamp) -> bool {
        use BookingStatus::{Assigned, Cancelled, Confirmed, Pending};
        let b = &booking.data;
        let just_now = now.since(self.at) <= u64::from(MOMENT);
        // What was called off stays so, and nothing else of it is worth saying.
        let ends = matches!(self.event, EventKind::Cancelled | EventKind::Lapsed);
        if ends || b.status == Cancelled {
            return ends && b.status == Cancelled;
        }
        match self.event {
            EventKind::Confirmed => just_now || matches!(b.status, Pending | Confirmed | Assigned),
            EventKind::Assigned => {
                let stands = b.driver.as_ref().is_some_and(|driver| driver.assigned_at == self.at);
                stands && (just_now || b.status == Assigned)
            }
            EventKind::Arrived => just_now || b.status == Assigned,
            // The next change says how things are now.
            EventKind::Amended => b.amended.as_ref().is_some_and(|amended| amended.at == self.at),
            EventKind::Unassigned => b.driver.is_none(),
            _ => true,
        }
    }
}
