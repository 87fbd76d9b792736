//! History: what the stream said of each version of a booking: who, when, what changed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::of_booking;
use crate::{
    actor::Actor,
    entity::Booking,
    id::BookingId,
    table::{Base, Entity, IndexedBy, Key, New, Pk, Stored, Version},
    time::Timestamp,
};

/// One field that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// JSON pointer into `Data`.
    pub field: String,
    /// What it was; null when it was not there.
    pub from: Value,
    /// What it became; null when it is no longer there.
    pub to: Value,
}

/// One version of a booking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// Of which booking.
    pub booking_id: BookingId,
    /// Which version; one that is missing shows.
    pub version: Version,
    /// Who made it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What changed, field by field; at the first version nothing did.
    pub changes: Vec<Change>,
}

impl History {
    /// What one record of the stream says; the same record gives the same item.
    ///
    /// # Errors
    /// When a booking cannot be written as JSON; a fault of ours.
    pub fn of(
        before: Option<&Stored<Booking>>,
        after: &Stored<Booking>,
    ) -> Result<New<Self>, serde_json::Error> {
        let mut changes = Vec::new();
        if let Some(before) = before {
            let (old, new) = (serde_json::to_value(&before.data)?, serde_json::to_value(&after.data)?);
            differences(&mut String::new(), &old, &new, &mut changes);
        }
        let history = Self {
            booking_id: after.data.booking_id.clone(),
            version: after.meta.version,
            by: after.meta.updated_by.clone(),
            at: after.meta.updated_at,
            changes,
        };
        Ok(New::of(history, Actor::System, after.meta.updated_at))
    }
}

fn differences(path: &mut String, old: &Value, new: &Value, into: &mut Vec<Change>) {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let added = b.keys().filter(|name| !a.contains_key(*name));
            for name in a.keys().chain(added) {
                let length = path.len();
                path.push('/');
                path.push_str(&name.replace('~', "~0").replace('/', "~1"));
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or(Value::Null);
                differences(path, &of(a), &of(b), into);
                path.truncate(length);
            }
        }
        (old, new) if old == new => {}
        (old, new) => into.push(Change { field: path.clone(), from: old.clone(), to: new.clone() }),
    }
}

impl Entity for History {
    const TYPE: &'static str = "History";
    type Id<'a> = (&'a BookingId, Version);
    type Indexes = ();

    fn key_of((booking, version): Self::Id<'_>) -> Key<Base> {
        of_booking(booking).at(format_args!("{}{:06}", Self::PREFIX, version.get()))
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.booking_id, self.version)
    }
}

impl History {
    /// What the sort keys of a booking's history begin with.
    pub(crate) const PREFIX: &'static str = "HISTORY#";
}

impl IndexedBy<Base> for History {
    type Partition<'a> = &'a BookingId;

    fn partition(booking: Self::Partition<'_>) -> Pk<Base> {
        of_booking(booking)
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}
