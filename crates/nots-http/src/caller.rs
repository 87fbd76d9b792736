//! Who calls, as a verified token says.

use std::future::Future;

use nots_core::{Actor, DriverId, Role, UserId};

use crate::Problem;

/// Who calls. A customer or a member of staff has a user id, a driver a driver id; a role without its id is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    roles: Vec<Role>,
    user: Option<UserId>,
    driver: Option<DriverId>,
}

impl Caller {
    /// What a token's claims amount to.
    #[must_use]
    pub fn new(
        roles: impl IntoIterator<Item = Role>,
        user: Option<UserId>,
        driver: Option<DriverId>,
    ) -> Self {
        let backed = |role: &Role| if *role == Role::Driver { driver.is_some() } else { user.is_some() };
        Self { roles: roles.into_iter().filter(backed).collect(), user, driver }
    }

    /// The scalars that the authorizer hands on: `roles`, `userId`, `driverId`.
    #[must_use]
    pub fn to_context(&self) -> Vec<(&'static str, String)> {
        let roles: Vec<_> = self.roles.iter().map(|role| role.as_str()).collect();
        let mut context = vec![("roles", roles.join(","))];
        context.extend(self.user.iter().map(|id| ("userId", id.to_string())));
        context.extend(self.driver.iter().map(|id| ("driverId", id.to_string())));
        context
    }

    /// Reads the scalars that the authorizer handed on; none when there are none.
    #[must_use]
    pub fn from_context<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let roles = get("roles")?;
        let roles = roles.split(',').filter_map(|role| role.parse().ok());
        let user = get("userId").and_then(|id| id.parse().ok());
        let driver = get("driverId").and_then(|id| id.parse().ok());
        Some(Self::new(roles, user, driver))
    }

    /// Whether they have one of these roles.
    #[must_use]
    pub fn has_any(&self, allowed: &[Role]) -> bool {
        self.roles.iter().any(|role| allowed.contains(role))
    }

    /// Whether they work in the office.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.roles.iter().any(|role| role.is_staff())
    }

    /// Their user id, when they are a customer or staff.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref().filter(|_| self.roles.iter().any(|role| *role != Role::Driver))
    }

    /// Their driver id, when they are a driver.
    #[must_use]
    pub fn driver(&self) -> Option<&DriverId> {
        self.driver.as_ref().filter(|_| self.roles.contains(&Role::Driver))
    }

    /// As `UpdatedBy` keeps them, when they act as a user.
    ///
    /// # Errors
    /// 403 when they are no user.
    pub fn as_user(&self) -> Result<(UserId, Actor), Problem> {
        let user = self.user().ok_or_else(Problem::forbidden)?;
        Ok((user.clone(), Actor::User(user.clone())))
    }

    /// As `UpdatedBy` keeps them, when they act as a driver.
    ///
    /// # Errors
    /// 403 when they are no driver.
    pub fn as_driver(&self) -> Result<(DriverId, Actor), Problem> {
        let driver = self.driver().ok_or_else(Problem::forbidden)?;
        Ok((driver.clone(), Actor::Driver(driver.clone())))
    }
}

/// Why nobody is known.
#[derive(Debug, thiserror::Error)]
pub enum NotAuthorized {
    /// The token is missing, or not one to go by: 401.
    #[error("not authorized: {0}")]
    Refused(&'static str),
    /// Nobody can tell at present: a fault of ours, not of the token.
    #[error("the token could not be judged")]
    Unavailable(#[source] nots_core::ports::Cause),
}

/// Judges a bearer token once for the whole API.
pub trait Authorizer: Send + Sync + 'static {
    /// Who it is.
    fn authorize(
        &self,
        authorization: Option<&str>,
    ) -> impl Future<Output = Result<Caller, NotAuthorized>> + Send;
}
