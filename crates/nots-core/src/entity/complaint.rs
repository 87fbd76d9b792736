//! Complaints: opened, looked into, resolved, closed; the most urgent first.

use serde::{Deserialize, Serialize};

use super::{of_driver, payment::created_sort};
use crate::{
    actor::{Actor, Reviewer},
    id::{BookingId, ComplaintId, DriverId, UserId},
    table::{
        Base, Entity, Gsi1, Gsi2, IllegalMove, IndexedBy, Key, Machine, Move, New, Pk, Stateful, Stored,
    },
    text::Text,
    time::Timestamp,
};

/// What is complained of, or how it was resolved: up to 2,000 characters, in lines.
pub type Statement = Text<2_000, true>;

/// Where a complaint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplaintStatus {
    /// Nobody has taken it up.
    Open,
    /// Somebody is looking into it.
    Investigating,
    /// An answer has been found.
    Resolved,
    /// Done with.
    Closed,
}

impl Machine for ComplaintStatus {
    const ALL: &'static [Self] = &[Self::Open, Self::Investigating, Self::Resolved, Self::Closed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Investigating => "investigating",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            // To itself: its priority changes.
            Self::Open => &[Self::Open, Self::Investigating, Self::Resolved, Self::Closed],
            Self::Investigating => &[Self::Investigating, Self::Resolved, Self::Closed],
            // Back: the customer is not content with the answer.
            Self::Resolved => &[Self::Investigating, Self::Closed],
            Self::Closed => &[],
        }
    }
}

/// How urgent a complaint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Now.
    Urgent,
    /// Today.
    High,
    /// In its turn.
    Medium,
    /// When there is time.
    Low,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Urgent, Self::High, Self::Medium, Self::Low];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }

    /// What it sorts by in a key, since its name does not sort by urgency: 0 is the most urgent.
    const fn rank(self) -> u8 {
        match self {
            Self::Urgent => 0,
            Self::High => 1,
            Self::Medium => 2,
            Self::Low => 3,
        }
    }
}

/// What a complaint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComplaintCategory {
    /// How the driver behaved.
    DriverBehavior,
    /// The state of the vehicle.
    VehicleCondition,
    /// The driver came late.
    LatePickup,
    /// The way that was taken.
    RouteDispute,
    /// The fare.
    PricingDispute,
    /// Danger.
    SafetyConcern,
    /// Anything else.
    Other,
}

impl ComplaintCategory {
    /// Every category.
    pub const ALL: [Self; 7] = [
        Self::DriverBehavior,
        Self::VehicleCondition,
        Self::LatePickup,
        Self::RouteDispute,
        Self::PricingDispute,
        Self::SafetyConcern,
        Self::Other,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DriverBehavior => "driver_behavior",
            Self::VehicleCondition => "vehicle_condition",
            Self::LatePickup => "late_pickup",
            Self::RouteDispute => "route_dispute",
            Self::PricingDispute => "pricing_dispute",
            Self::SafetyConcern => "safety_concern",
            Self::Other => "other",
        }
    }
}

/// What somebody complains of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grievance {
    /// Of which journey; null when it is of none.
    pub booking_id: Option<BookingId>,
    /// Of which driver; null when it is of none.
    pub driver_id: Option<DriverId>,
    /// Who complains; null for a guest, who told staff.
    pub customer_id: Option<UserId>,
    /// How urgent it is.
    pub priority: Priority,
    /// What it is about.
    pub category: ComplaintCategory,
    /// In words.
    pub description: Statement,
}

/// A complaint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Complaint {
    /// Its id.
    pub complaint_id: ComplaintId,
    /// What is complained of.
    #[serde(flatten)]
    pub grievance: Grievance,
    /// Where it stands.
    pub status: ComplaintStatus,
    /// What came of it; null until resolved.
    pub resolution: Option<Statement>,
    /// Who resolved it.
    pub resolved_by: Option<Reviewer>,
    /// When.
    pub resolved_at: Option<Timestamp>,
}

impl Complaint {
    /// What the sort keys of a driver's complaints begin with.
    pub(crate) const OF_DRIVER: &'static str = "CREATED#";
    /// What the sort keys of complaints by urgency begin with.
    pub(crate) const BY_PRIORITY: &'static str = "PRIORITY#";

    /// A new complaint.
    pub fn open(complaint_id: ComplaintId, grievance: Grievance, by: Actor, at: Timestamp) -> New<Self> {
        let status = ComplaintStatus::Open;
        let complaint =
            Self { complaint_id, grievance, status, resolution: None, resolved_by: None, resolved_at: None };
        New::of(complaint, by, at)
    }

    /// Judges its urgency anew.
    ///
    /// # Errors
    /// When it has been resolved or closed.
    pub fn prioritise(
        row: Stored<Self>,
        priority: Priority,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let mut data = row.data.clone();
        data.grievance.priority = priority;
        Move::of(row, data, by, at)
    }

    /// Somebody takes it up, or takes it up again because the customer is not content with the answer.
    ///
    /// # Errors
    /// When it has been closed.
    pub fn investigate(row: Stored<Self>, by: Actor, at: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status: ComplaintStatus::Investigating, ..row.data.clone() };
        Move::of(row, data, by, at)
    }

    /// An answer has been found.
    ///
    /// # Errors
    /// When it has one, or has been closed.
    pub fn resolve(
        row: Stored<Self>,
        resolution: Statement,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let data = Self {
            status: ComplaintStatus::Resolved,
            resolution: Some(resolution),
            resolved_by: Some(by.clone().into()),
            resolved_at: Some(at),
            ..row.data.clone()
        };
        Move::of(row, data, by, at)
    }

    /// Done with, whether or not it has been resolved.
    ///
    /// # Errors
    /// When it has been closed.
    pub fn close(row: Stored<Self>, by: Actor, at: Timestamp) -> Result<Move<Self>, IllegalMove> {
        let data = Self { status: ComplaintStatus::Closed, ..row.data.clone() };
        Move::of(row, data, by, at)
    }
}

impl Entity for Complaint {
    const TYPE: &'static str = "Complaint";
    type Id<'a> = &'a ComplaintId;
    type Indexes = (Gsi1, Gsi2);

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("COMPLAINT#{id}")).at("METADATA")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.complaint_id
    }
}

impl Stateful for Complaint {
    type Status = ComplaintStatus;

    fn status(&self) -> ComplaintStatus {
        self.status
    }
}

impl IndexedBy<Gsi1> for Complaint {
    type Partition<'a> = &'a DriverId;

    fn partition(driver: Self::Partition<'_>) -> Pk<Gsi1> {
        of_driver(driver)
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        let partition = <Self as IndexedBy<Gsi1>>::partition(row.data.grievance.driver_id.as_ref()?);
        Some(partition.at(created_sort(row.meta.created_at)))
    }
}

impl IndexedBy<Gsi2> for Complaint {
    type Partition<'a> = ComplaintStatus;

    fn partition(status: Self::Partition<'_>) -> Pk<Gsi2> {
        Pk::new(format_args!("STATUS#{}", status.as_str()))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi2>> {
        let priority = row.data.grievance.priority;
        let (prefix, rank, name) = (Self::BY_PRIORITY, priority.rank(), priority.as_str());
        let sort = format!("{prefix}{rank}#{name}#{}", row.meta.created_at);
        Some(<Self as IndexedBy<Gsi2>>::partition(row.data.status).at(sort))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(status: ComplaintStatus) -> Stored<Complaint> {
        let grievance = Grievance {
            booking_id: None,
            driver_id: None,
            customer_id: None,
            priority: Priority::Low,
            category: ComplaintCategory::Other,
            description: Statement::parse("The seat was wet").unwrap(),
        };
        let id = ComplaintId::parse("complaint_1").unwrap();
        let new = Complaint::open(id, grievance, Actor::System, Timestamp::MIN);
        let mut row = new.after().clone();
        row.data.status = status;
        row
    }

    #[test]
    fn only_what_is_not_closed_moves() {
        use ComplaintStatus::{Closed, Investigating, Open, Resolved};
        let answer = Statement::parse("Refunded").unwrap();
        let (by, at) = (|| Actor::System, Timestamp::MAX);
        let legal = |status| {
            [
                Complaint::prioritise(stored(status), Priority::Urgent, by(), at).is_ok(),
                Complaint::investigate(stored(status), by(), at).is_ok(),
                Complaint::resolve(stored(status), answer.clone(), by(), at).is_ok(),
                Complaint::close(stored(status), by(), at).is_ok(),
            ]
        };
        assert_eq!(legal(Open), [true, true, true, true]);
        assert_eq!(legal(Investigating), [true, true, true, true]);
        assert_eq!(legal(Resolved), [false, true, false, true]);
        assert_eq!(legal(Closed), [false; 4]);
    }

    #[test]
    fn who_resolves_it_is_kept() {
        let answer = Statement::parse("Refunded").unwrap();
        let moved =
            Complaint::resolve(stored(ComplaintStatus::Open), answer.clone(), Actor::System, Timestamp::MAX);
        let after = moved.unwrap().after().data.clone();
        assert_eq!(
            (after.resolution, after.resolved_by, after.resolved_at),
            (Some(answer), Some(Reviewer::Actor(Actor::System)), Some(Timestamp::MAX))
        );
    }

    #[test]
    fn names_are_as_they_are_stored() {
        fn said(value: impl Serialize) -> String {
            serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
        }
        for status in ComplaintStatus::ALL {
            assert_eq!(said(status), status.as_str());
        }
        for priority in Priority::ALL {
            assert_eq!(said(priority), priority.as_str());
        }
        for category in ComplaintCategory::ALL {
            assert_eq!(said(category), category.as_str());
        }
        assert!(Priority::ALL.is_sorted_by_key(|priority| priority.rank()));
    }
}
