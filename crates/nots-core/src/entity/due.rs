//! Dues: what a journey still owes once it is over. Waiting is charged so, by a payment of its own.

use serde::{Deserialize, Serialize};

use super::of_booking;
use crate::{
    actor::Actor,
    id::BookingId,
    money::Total,
    table::{Base, Entity, IllegalMove, Key, Machine, Move, New, Stateful, Stored},
    text::Text,
    time::Timestamp,
};

/// Where a due stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueStatus {
    /// It is to be paid.
    Owed,
    /// It was paid.
    Paid,
    /// It was let go.
    WrittenOff,
}

impl Machine for DueStatus {
    const ALL: &'static [Self] = &[Self::Owed, Self::Paid, Self::WrittenOff];

    fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Paid => "paid",
            Self::WrittenOff => "written_off",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            Self::Owed => &[Self::Paid, Self::WrittenOff],
            Self::Paid | Self::WrittenOff => &[],
        }
    }
}

/// What one way of a journey still owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// The booking that the payment stands under.
    pub booking_id: BookingId,
    /// Which way of the journey owes it.
    pub concerns: BookingId,
    /// Where it stands.
    pub status: DueStatus,
    /// How much.
    pub amount: Total,
    /// For what: `12 minutes of waiting at £0.30, after 15 free`.
    pub description: Text<300>,
    /// When it came to be owed.
    pub raised_at: Timestamp,
    /// When it was paid or let go.
    #[serde(default)]
    pub settled_at: Option<Timestamp>,
}

impl Due {
    pub(crate) fn raise(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }

    pub(crate) fn settle(
        row: Stored<Self>,
        status: DueStatus,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status, settled_at: Some(at), ..row.data.clone() };
        Move::of(row, data, by, at)
    }
}

impl Entity for Due {
    const TYPE: &'static str = "Due";
    type Id<'a> = (&'a BookingId, &'a BookingId);
    type Indexes = ();

    fn key_of((booking, concerns): Self::Id<'_>) -> Key<Base> {
        of_booking(booking).at(format_args!("DUE#{concerns}"))
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.booking_id, &self.concerns)
    }
}

impl Stateful for Due {
    type Status = DueStatus;

    fn status(&self) -> DueStatus {
        self.status
    }
}
