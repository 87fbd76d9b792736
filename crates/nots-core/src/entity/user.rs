//! Users: customers, and whoever else logs in. A profile, and with it the links by which no two users share an e-mail
//! address or a login.

use serde::{Deserialize, Serialize};

use super::link::{CognitoLink, EmailLink};
use crate::{
    actor::{Actor, Role},
    contact::{CognitoSub, Email, Phone},
    geo::{Latitude, Longitude},
    id::UserId,
    table::{Base, Entity, Gsi1, Gsi2, IndexedBy, Key, New, Pk, Rewrite, Stored, Transaction},
    text::{Address, Name, Text},
    time::Timestamp,
};

/// Whether a user may use the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    /// They may.
    Active,
    /// They have not for a long time, or asked not to.
    Inactive,
    /// They may not.
    Suspended,
}

/// The text is no status of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be active, inactive or suspended")]
pub struct NotAUserStatus;

impl UserStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Active, Self::Inactive, Self::Suspended];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Suspended => "suspended",
        }
    }
}

impl std::str::FromStr for UserStatus {
    type Err = NotAUserStatus;
    fn from_str(text: &str) -> Result<Self, NotAUserStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or(NotAUserStatus)
    }
}

/// By which ways a user wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// By e-mail.
    pub email: bool,
    /// By text message.
    pub sms: bool,
}

impl Default for Notifications {
    /// Both, until the user says otherwise.
    fn default() -> Self {
        Self { email: true, sms: true }
    }
}

/// A place that a user goes to often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedAddress {
    /// What the user calls it: `Home`.
    pub label: Text<50>,
    /// What people call it.
    pub address: Address,
    /// Degrees north.
    pub latitude: Latitude,
    /// Degrees east.
    pub longitude: Longitude,
}

/// Most places that a user may save.
pub const MAX_SAVED_ADDRESSES: usize = 20;

/// What a user has chosen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preferences {
    /// How they want to be told.
    #[serde(default)]
    pub notifications: Notifications,
    /// Where they go often.
    #[serde(default)]
    pub saved_addresses: Vec<SavedAddress>,
}

/// Somebody who books, or who works here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Their id.
    pub user_id: UserId,
    /// Whom they log in as, when they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cognito_id: Option<CognitoSub>,
    /// E-mail; no two users have the same, however it is capitalised.
    pub email: Email,
    /// First name.
    pub first_name: Name,
    /// Last name.
    pub last_name: Name,
    /// Telephone.
    pub phone: Phone,
    /// What they may do.
    pub role: Role,
    /// Whether they may do it.
    pub status: UserStatus,
    /// What they have chosen.
    #[serde(default)]
    pub preferences: Preferences,
}

/// A user and the writes that make them so.
#[must_use]
#[derive(Debug)]
pub struct Enrolled {
    /// The user as the table will hold them.
    pub user: Stored<User>,
    /// The profile and the links that come with it or go. [`EmailLink`] refuses when another user has the address,
    /// [`CognitoLink`] when another has the login.
    pub transaction: Transaction,
}

impl User {
    /// What the sort keys of all users begin with.
    pub(crate) const AMONG_ALL: &'static str = "USER#";
    /// The sort key under an e-mail address.
    pub(crate) const BY_EMAIL: &'static str = "USER";

    /// A new user: profile and links come into being together or not at all.
    pub fn register(self, by: Actor, at: Timestamp) -> Enrolled {
        self.register_since(at, by, at)
    }

    /// The same for somebody who has been a user of another system since `created`.
    pub(crate) fn register_since(self, created: Timestamp, by: Actor, at: Timestamp) -> Enrolled {
        let mut transaction = Transaction::new().create(&EmailLink::of(&self, by.clone(), at));
        if let Some(link) = CognitoLink::of(&self, by.clone(), at) {
            transaction = transaction.create(&link);
        }
        let user = New::of(self, by, at).since(created);
        Enrolled { user: user.after().clone(), transaction: transaction.create(&user) }
    }

    /// The user's next version. Where e-mail or login change, the old link goes and the new one comes in the same
    /// transaction; the id stays what it is.
    pub fn revise(row: Stored<Self>, data: Self, by: Actor, at: Timestamp) -> Enrolled {
        let old = row.data.clone();
        let data = Self { user_id: old.user_id.clone(), ..data };
        let mut transaction = Transaction::new();
        if old.email.folded() != data.email.folded() {
            transaction = transaction.release(&EmailLink::given_up_by(&old)).create(&EmailLink::of(
                &data,
                by.clone(),
                at,
            ));
        }
        if old.cognito_id != data.cognito_id {
            if let Some(link) = CognitoLink::given_up_by(&old) {
                transaction = transaction.release(&link);
            }
            if let Some(link) = CognitoLink::of(&data, by.clone(), at) {
                transaction = transaction.create(&link);
            }
        }
        let next = Rewrite::of(row, data, by, at);
        Enrolled { user: next.after().clone(), transaction: transaction.rewrite(&next) }
    }
}

impl Entity for User {
    const TYPE: &'static str = "User";
    type Id<'a> = &'a UserId;
    type Indexes = (Gsi1, Gsi2);

    fn key_of(id: Self::Id<'_>) -> Key<Base> {
        Pk::new(format_args!("USER#{id}")).at("PROFILE")
    }

    fn id(&self) -> Self::Id<'_> {
        &self.user_id
    }
}

impl IndexedBy<Gsi1> for User {
    type Partition<'a> = &'a Email;

    fn partition(email: Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new(format_args!("EMAIL#{}", email.folded()))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        Some(<Self as IndexedBy<Gsi1>>::partition(&row.data.email).at(Self::BY_EMAIL))
    }
}

impl IndexedBy<Gsi2> for User {
    type Partition<'a> = ();

    fn partition((): Self::Partition<'_>) -> Pk<Gsi2> {
        Pk::new("USERS")
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi2>> {
        let user = &row.data.user_id;
        Some(<Self as IndexedBy<Gsi2>>::partition(()).at(format_args!("{}{user}", Self::AMONG_ALL)))
    }
}
