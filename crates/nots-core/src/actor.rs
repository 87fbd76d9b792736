//! Who acts, and what they may do.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::{AdminId, DriverId, UserId};

/// What a caller's token says they are. `owner` may do everything, `admin` everything but pricing and
/// compliance policy, `dispatcher` all bookings and assignment, `driver` own jobs, `customer` own bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Own bookings and payments.
    Customer,
    /// Own jobs and documents.
    Driver,
    /// All bookings, assignment.
    Dispatcher,
    /// Everything but pricing and compliance policy.
    Admin,
    /// Everything.
    Owner,
}

/// The text is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be customer, driver, dispatcher, admin or owner")]
pub struct NotARole;

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Customer, Self::Driver, Self::Dispatcher, Self::Admin, Self::Owner];

    /// As in `cognito:groups`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Driver => "driver",
            Self::Dispatcher => "dispatcher",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether this is one who works in the office: dispatcher, admin or owner.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Dispatcher | Self::Admin | Self::Owner)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = NotARole;
    fn from_str(text: &str) -> Result<Self, NotARole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(NotARole)
    }
}

/// Who made a change, as `UpdatedBy` keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A customer or a member of staff.
    User(UserId),
    /// A driver.
    Driver(DriverId),
    /// The card processor, by a signed webhook.
    Stripe,
    /// The platform itself: schedules, queues, streams.
    System,
    /// A move from a legacy system.
    Import,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Driver(id) => id.fmt(f),
            Self::Stripe => f.write_str("stripe"),
            Self::System => f.write_str("system"),
            Self::Import => f.write_str("import"),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "stripe" => Ok(Self::Stripe),
            "system" => Ok(Self::System),
            "import" => Ok(Self::Import),
            other => UserId::parse(other)
                .map(Self::User)
                .or_else(|_| DriverId::parse(other).map(Self::Driver))
                .map_err(serde::de::Error::custom),
        }
    }
}

/// Who decided something for the operator, as a record of the decision keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reviewer {
    /// Who it was.
    Actor(Actor),
    /// Who it was in the system before.
    Admin(AdminId),
}

impl From<Actor> for Reviewer {
    fn from(actor: Actor) -> Self {
        Self::Actor(actor)
    }
}
