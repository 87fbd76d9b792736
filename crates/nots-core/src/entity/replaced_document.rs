//! Documents that others have replaced: what a driver or a vehicle was once allowed to work by.

use serde::{Deserialize, Serialize};

use super::document::{ComplianceDocument, DocumentType, Holder, of_holder};
use crate::{
    actor::Actor,
    id::DocumentId,
    table::{Base, Entity, IndexedBy, Key, Pk, Stored},
    time::Timestamp,
};

/// A document that another has replaced, as it was then. In no index: nobody relies on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplacedDocument {
    /// The document.
    #[serde(flatten)]
    pub document: ComplianceDocument,
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// Who replaced it.
    pub replaced_by: Actor,
    /// The document that took its place.
    pub successor: DocumentId,
}

impl Entity for ReplacedDocument {
    const TYPE: &'static str = "ReplacedDocument";
    type Id<'a> = (&'a Holder, DocumentType, Timestamp, &'a DocumentId);
    type Indexes = ();

    fn key_of((holder, kind, uploaded_at, document): Self::Id<'_>) -> Key<Base> {
        of_holder(holder).at(format_args!("{}{uploaded_at}#{document}", Self::of_kind(kind)))
    }

    fn id(&self) -> Self::Id<'_> {
        let document = &self.document;
        (&document.holder, document.document_type, document.uploaded_at, &document.document_id)
    }
}

impl ReplacedDocument {
    /// What the sort keys of replaced documents of a kind begin with. Not `DOC#`: what begins so is what a driver or
    /// a vehicle has now.
    pub(crate) fn of_kind(kind: DocumentType) -> String {
        format!("PAST_DOC#{}#", kind.as_str())
    }
}

impl IndexedBy<Base> for ReplacedDocument {
    type Partition<'a> = &'a Holder;

    fn partition(holder: Self::Partition<'_>) -> Pk<Base> {
        of_holder(holder)
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}
