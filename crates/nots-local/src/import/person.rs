//! Customers as a file has them.

use deserr::Deserr;
use nots_core::{
    Role, UserId,
    contact::{CognitoSub, Email, Phone},
    entity::{
        User,
        user::{MAX_SAVED_ADDRESSES, Notifications, Preferences, SavedAddress, UserStatus},
    },
    geo::{Latitude, Longitude},
    import::Subject,
    text::{Address, Name, Text},
};
use nots_http::{FieldError, InvalidBody};

use super::line::{Field, at_most};

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(super) struct CustomerLine {
    user_id: Field<UserId>,
    #[deserr(default)]
    cognito_id: Option<Field<CognitoSub>>,
    email: Field<Email>,
    first_name: Field<Name>,
    last_name: Field<Name>,
    phone: Field<Phone>,
    #[deserr(default = Field(Role::Customer))]
    role: Field<Role>,
    #[deserr(default = Field(UserStatus::Active))]
    status: Field<UserStatus>,
    #[deserr(default)]
    preferences: Option<PreferencesLine>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct PreferencesLine {
    #[deserr(default)]
    notifications: Option<NotificationsLine>,
    #[deserr(default)]
    saved_addresses: Vec<SavedAddressLine>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct NotificationsLine {
    #[deserr(default = true)]
    email: bool,
    #[deserr(default = true)]
    sms: bool,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct SavedAddressLine {
    label: Field<Text<50>>,
    address: Field<Address>,
    latitude: Field<Latitude>,
    longitude: Field<Longitude>,
}

impl CustomerLine {
    pub(super) fn subject(self) -> Result<Subject, Vec<FieldError>> {
        let mut errors = Vec::new();
        let preferences = self.preferences.map_or_else(Preferences::default, |said| {
            at_most("/preferences/savedAddresses", MAX_SAVED_ADDRESSES, &said.saved_addresses, &mut errors);
            said.kept()
        });
        let user = User {
            user_id: self.user_id.0,
            cognito_id: self.cognito_id.map(|field| field.0),
            email: self.email.0,
            first_name: self.first_name.0,
            last_name: self.last_name.0,
            phone: self.phone.0,
            role: self.role.0,
            status: self.status.0,
            preferences,
        };
        if errors.is_empty() { Ok(Subject::Customer(Box::new(user))) } else { Err(errors) }
    }
}

impl PreferencesLine {
    fn kept(self) -> Preferences {
        let notifications = self
            .notifications
            .map_or_else(Notifications::default, |said| Notifications { email: said.email, sms: said.sms });
        let saved_addresses = self.saved_addresses.into_iter().map(|said| SavedAddress {
            label: said.label.0,
            address: said.address.0,
            latitude: said.latitude.0,
            longitude: said.longitude.0,
        });
        Preferences { notifications, saved_addresses: saved_addresses.collect() }
    }
}
