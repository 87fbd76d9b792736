//! Compliance documents: what lets a driver drive and a vehicle be driven, and those that others have replaced.

use serde::{Deserialize, Serialize};

use super::{of_driver, of_vehicle, replaced_document::ReplacedDocument};
use crate::{
    actor::{Actor, Reviewer},
    id::{DocumentId, DriverId, VehicleId},
    table::{
        Base, Entity, Gsi1, IllegalMove, IndexedBy, Key, Machine, Move, New, Pk, Stateful, Stored,
        Transaction,
    },
    text::{Note, Text},
    time::{Seconds, Timestamp},
};

/// Seconds before its expiry from which on a document expires soon: thirty days.
pub const SOON: Seconds = 30 * 86_400;

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
    /// What time says of a document that has been found good.
    #[must_use]
    pub fn of_good(expiry: Timestamp, now: Timestamp) -> Self {
        if now >= expiry {
            Self::Expired
        } else if now >= expiry.minus(SOON) {
            Self::ExpiringSoon
        } else {
            Self::Valid
        }
    }
}

impl Machine for DocumentStatus {
    const ALL: &'static [Self] =
        &[Self::PendingReview, Self::Valid, Self::ExpiringSoon, Self::Expired, Self::Rejected];

    fn as_str(self) -> &'static str {
        match self {
            Self::PendingReview => "pending_review",
            Self::Valid => "valid",
            Self::ExpiringSoon => "expiring_soon",
            Self::Expired => "expired",
            Self::Rejected => "rejected",
        }
    }

    fn successors(self) -> &'static [Self] {
        match self {
            // To itself, and from anywhere to it: another document takes the place.
            Self::PendingReview => Self::ALL,
            Self::Valid => &[Self::PendingReview, Self::ExpiringSoon, Self::Expired, Self::Rejected],
            Self::ExpiringSoon => &[Self::PendingReview, Self::Expired, Self::Rejected],
            Self::Expired | Self::Rejected => &[Self::PendingReview],
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

/// Where a file can be fetched: up to 2,000 characters.
pub type FileUrl = Text<2_000>;
/// A file's key in the bucket, as long as S3 allows.
pub type FileKey = Text<1_024>;

/// What somebody hands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id.
    pub document_id: DocumentId,
    /// The first moment at which it has run out, by whoever handed it in.
    pub expiry_date: Timestamp,
    /// Where the file can be fetched.
    pub file_url: Option<FileUrl>,
    /// The file's key in the bucket.
    pub file_key: Option<FileKey>,
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
    /// Where the file can be fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_url: Option<FileUrl>,
    /// The file's key in the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_key: Option<FileKey>,
    /// Who looked at it.
    pub reviewed_by: Option<Reviewer>,
    /// When.
    pub reviewed_at: Option<Timestamp>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection_reason: Option<Note>,
}

impl ComplianceDocument {
    /// A document to be put in the table, the first of its kind that its holder has.
    pub fn file(self, by: Actor, at: Timestamp) -> New<Self> {
        New::of(self, by, at)
    }

    /// Puts another document in the place of this one, which is kept as [`ReplacedDocument`], together or not at all.
    /// The new one has yet to be looked at. How long its holder may work is another item's, and stays as it is until
    /// then.
    ///
    /// # Errors
    /// Never, as the machine stands: any document can be replaced.
    pub fn replace(
        row: Stored<Self>,
        upload: Upload,
        by: Actor,
        at: Timestamp,
    ) -> Result<Transaction, IllegalMove> {
        let past = ReplacedDocument {
            document: row.data.clone(),
            replaced_at: at,
            replaced_by: by.clone(),
            successor: upload.document_id.clone(),
        };
        let past = New::of(past, by.clone(), at);
        let data = Self {
            document_id: upload.document_id,
            holder: row.data.holder.clone(),
            document_type: row.data.document_type,
            status: DocumentStatus::PendingReview,
            expiry_date: upload.expiry_date,
            uploaded_at: at,
            file_url: upload.file_url,
            file_key: upload.file_key,
            reviewed_by: None,
            reviewed_at: None,
            rejection_reason: None,
        };
        Ok(Transaction::new().apply(&Move::of(row, data, by, at)?).create(&past))
    }

    /// Somebody has looked at it and found it good until a moment. Which status it gets is for time to say.
    ///
    /// # Errors
    /// When it does not wait for review.
    pub fn approve(
        row: Stored<Self>,
        expiry_date: Timestamp,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let status = DocumentStatus::of_good(expiry_date, at);
        // Valid → expiring soon is age: another verb's.
        if row.data.status != DocumentStatus::PendingReview {
            let (from, to) = (row.data.status.as_str(), status.as_str());
            return Err(IllegalMove { entity: Self::TYPE, from, to });
        }
        let data = Self {
            status,
            expiry_date,
            reviewed_by: Some(by.clone().into()),
            reviewed_at: Some(at),
            ..row.data.clone()
        };
        Move::of(row, data, by, at)
    }

    /// Somebody has looked at it, for the first time or again, and it is not good.
    ///
    /// # Errors
    /// When it has run out or been rejected.
    pub fn reject(
        row: Stored<Self>,
        reason: Note,
        by: Actor,
        at: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let data = Self {
            status: DocumentStatus::Rejected,
            reviewed_by: Some(by.clone().into()),
            reviewed_at: Some(at),
            rejection_reason: Some(reason),
            ..row.data.clone()
        };
        Move::of(row, data, by, at)
    }

    /// Time has passed; none when it says nothing new of this document.
    ///
    /// # Errors
    /// Never, as the machine stands: a good document only ages.
    pub fn age(row: Stored<Self>, at: Timestamp) -> Result<Option<Move<Self>>, IllegalMove> {
        let good = matches!(row.data.status, DocumentStatus::Valid | DocumentStatus::ExpiringSoon);
        let status = DocumentStatus::of_good(row.data.expiry_date, at);
        // A clock that was set back makes nothing good again.
        if !good || status == DocumentStatus::Valid || status == row.data.status {
            return Ok(None);
        }
        let data = Self { status, ..row.data.clone() };
        Move::of(row, data, Actor::System, at).map(Some)
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

impl Stateful for ComplianceDocument {
    type Status = DocumentStatus;

    fn status(&self) -> DocumentStatus {
        self.status
    }
}

impl ComplianceDocument {
    /// What the sort keys of documents begin with.
    pub(crate) const PREFIX: &'static str = "DOC#";

    /// The sort keys by status of what runs out before a moment.
    pub(crate) fn expires_before(at: Timestamp) -> String {
        expiry_sort(at.minus(1))
    }

    fn partition(holder: &Holder) -> Pk<Base> {
        <Self as IndexedBy<Base>>::partition(holder)
    }
}

impl IndexedBy<Base> for ComplianceDocument {
    type Partition<'a> = &'a Holder;

    fn partition(holder: Self::Partition<'_>) -> Pk<Base> {
        of_holder(holder)
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
        Some(partition.at(expiry_sort(row.data.expiry_date)))
    }
}

pub(super) fn of_holder(holder: &Holder) -> Pk<Base> {
    match holder {
        Holder::Driver { driver_id } => of_driver(driver_id),
        Holder::Vehicle { vehicle_id } => of_vehicle(vehicle_id),
    }
}

fn expiry_sort(at: Timestamp) -> String {
    format!("EXPIRY#{at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(seconds).unwrap()
    }

    const EXPIRY: i64 = 1_767_139_200;

    fn stored(status: DocumentStatus) -> Stored<ComplianceDocument> {
        let document = ComplianceDocument {
            document_id: DocumentId::parse("doc_1").unwrap(),
            holder: Holder::Driver { driver_id: DriverId::parse("driver_1").unwrap() },
            document_type: DocumentType::Dbs,
            status,
            expiry_date: at(EXPIRY),
            uploaded_at: at(1_701_710_400),
            file_url: None,
            file_key: None,
            reviewed_by: None,
            reviewed_at: None,
            rejection_reason: None,
        };
        document.file(Actor::System, at(1_701_710_400)).after().clone()
    }

    #[test]
    fn thirty_days_before_its_expiry_a_document_expires_soon() {
        let soon = EXPIRY - i64::from(SOON);
        for (now, status) in [
            (soon - 1, DocumentStatus::Valid),
            (soon, DocumentStatus::ExpiringSoon),
            (EXPIRY - 1, DocumentStatus::ExpiringSoon),
            (EXPIRY, DocumentStatus::Expired),
        ] {
            assert_eq!(DocumentStatus::of_good(at(EXPIRY), at(now)), status, "{now}");
            let approved = ComplianceDocument::approve(
                stored(DocumentStatus::PendingReview),
                at(EXPIRY),
                Actor::System,
                at(now),
            );
            assert_eq!(approved.unwrap().after().data.status, status);
            let aged = ComplianceDocument::age(stored(DocumentStatus::Valid), at(now)).unwrap();
            assert_eq!(
                aged.map(|aged| aged.after().data.status),
                (status != DocumentStatus::Valid).then_some(status)
            );
        }
        // What nobody found good does not age, and what has aged does not grow young.
        for status in [DocumentStatus::PendingReview, DocumentStatus::Rejected, DocumentStatus::Expired] {
            assert!(ComplianceDocument::age(stored(status), at(EXPIRY)).unwrap().is_none());
        }
        assert!(
            ComplianceDocument::age(stored(DocumentStatus::ExpiringSoon), at(soon - 1)).unwrap().is_none()
        );
    }

    #[test]
    fn only_what_waits_can_be_approved() {
        for status in DocumentStatus::ALL {
            let approved =
                ComplianceDocument::approve(stored(*status), at(EXPIRY), Actor::System, at(EXPIRY - 1));
            assert_eq!(approved.is_ok(), *status == DocumentStatus::PendingReview, "{status:?}");
        }
    }
}
