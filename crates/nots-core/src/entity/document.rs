//! Compliance documents: what lets a driver drive and a vehicle be driven.

use serde::{Deserialize, Serialize};

use super::{of_driver, of_vehicle};
use crate::{
    actor::Actor,
    id::{DocumentId, DriverId, VehicleId},
    table::{Base, Entity, Gsi1, IndexedBy, Key, New, Pk, Stored},
    time::Timestamp,
};

/// Kinds of document. The first four are a driver's, `insurance` is anybody's, the others a vehicle's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentType {
    /// DBS check.
    Dbs,
    /// Driving licence.
    DrivingLicense,
    /// The private-hire driver's badge.
    PhvLicense,
    /// Insurance.
    Insurance,
    /// MOT certificate.
    Mot,
    /// The private-hire vehicle's plate.
    PhvVehicleLicence,
}

impl DocumentType {
    /// What a driver needs.
    pub const OF_DRIVER: [Self; 4] = [Self::Dbs, Self::DrivingLicense, Self::PhvLicense, Self::Insurance];
    /// What a vehicle needs.
    pub const OF_VEHICLE: [Self; 3] = [Self::Mot, Self::Insurance, Self::PhvVehicleLicence];

    /// As it stands in a key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dbs => "dbs",
            Self::DrivingLicense => "driving_license",
            Self::PhvLicense => "phv_license",
            Self::Insurance => "insurance",
            Self::Mot => "mot",
            Self::PhvVehicleLicence => "phv_vehicle_licence",
        }
    }
}

/// Whether a document can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Nobody has looked at it.
    PendingReview,
    /// Good.
    Valid,
    /// Good for thirty days at most.
    ExpiringSoon,
    /// Run out.
    Expired,
    /// Looked at, and not good.
    Rejected,
}

impl DocumentStatus {
    const fn as_str(self) -> &'static str {
        match self {
            Self::PendingReview => "pending_review",
            Self::Valid => "valid",
            Self::ExpiringSoon => "expiring_soon",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }
}

/// Whose document it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Holder {
    /// A driver's.
    #[serde(rename_all = "camelCase")]
    Driver {
        /// Whose.
        driver_id: DriverId,
    },
    /// A vehicle's.
    #[serde(rename_all = "camelCase")]
    Vehicle {
        /// Whose.
        vehicle_id: VehicleId,
    },
}

/// A document as it now is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComplianceDocument {
    /// Its id.
    pub document_id: DocumentId,
    /// Whose.
    #[serde(flatten)]
    pub holder: Holder,
    /// Of which kind.
    pub document_type: DocumentType,
    /// Whether it can be relied on.
    pub status: DocumentStatus,
    /// The first moment at which it has run out.
    pub expiry_date: Timestamp,
    /// When it came in.
    pub uploaded_at: Timestamp,
    /// Who looked at it.
    pub reviewed_by: Option<Actor>,
    /// When.
    pub reviewed_at: Option<Timestamp>,
}

impl ComplianceDocument {
    /// A document to be put in the table.
    pub fn file(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }
}

impl Entity for ComplianceDocument {
    const TYPE: &'static str = "ComplianceDocument";
    type Id<'a> = (&'a Holder, DocumentType);
    type Indexes = (Gsi1,);

    fn key_of((holder, kind): Self::Id<'_>) -> Key<Base> {
        Self::partition(holder).at(format_args!("{}{}", Self::PREFIX, kind.as_str()))
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.holder, self.document_type)
    }
}

impl ComplianceDocument {
    /// What the sort keys of documents begin with.
    pub(crate) const PREFIX: &'static str = "DOC#";

    fn partition(holder: &Holder) -> Pk<Base> {
        <Self as IndexedBy<Base>>::partition(holder)
    }
}

impl IndexedBy<Base> for ComplianceDocument {
    type Partition<'a> = &'a Holder;

    fn partition(holder: Self::Partition<'_>) -> Pk<Base> {
        match holder {
            Holder::Driver { driver_id } => of_driver(driver_id),
            Holder::Vehicle { vehicle_id } => of_vehicle(vehicle_id),
        }
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}

impl IndexedBy<Gsi1> for ComplianceDocument {
    const SPREAD: bool = true;
    type Partition<'a> = DocumentStatus;

    fn partition(status: Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new(format_args!("DOC_STATUS#{}", status.as_str()))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        let partition = <Self as IndexedBy<Gsi1>>::partition(row.data.status);
        Some(partition.at(format_args!("EXPIRY#{}", row.data.expiry_date)))
    }
}
