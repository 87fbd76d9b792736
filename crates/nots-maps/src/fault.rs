//! Why a provider's answer could not be used.

use nots_core::ports::{Cause, MapsError};

use crate::believe::Doubt;

/// Why a provider's answer could not be used. Of what the provider says only its status words are kept: its messages
/// may quote the address that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// No answer in the time that there is.
    #[error("no answer in time")]
    Late,
    /// No connection, or one that broke.
    #[error("not reachable")]
    Unreachable(#[source] Cause),
    /// A fault of the provider's own.
    #[error("a fault of the provider's own: {0}")]
    Broken(String),
    /// Too many requests, for a moment or for the day.
    #[error("the quota is used up: {0}")]
    Quota(String),
    /// The key is wrong, restricted, without billing, or past a cap: a person must look.
    #[error("the key is refused: {0}")]
    Denied(String),
    /// There is no key to ask with.
    #[error("the key could not be had")]
    NoKey(#[source] Cause),
    /// This request is not taken; another may be.
    #[error("the request is not taken: {0}")]
    Refused(String),
    /// An answer of no known shape.
    #[error("the answer cannot be read")]
    Unreadable,
    /// No road leads from stop to stop.
    #[error("no road leads there")]
    NoRoad,
    /// An answer that no road can be.
    #[error("the answer is not believed: {0}")]
    Unbelievable(Doubt),
    /// The provider is not asked for a while, or its answer could not be used; why is in the log.
    #[error("done without the provider's answer")]
    DoneWithout,
}

impl Fault {
    /// Whether asking again at once can help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Late | Self::Unreachable(_) | Self::Broken(_) | Self::Quota(_))
    }

    /// Whether it says something of the provider, and not of one request alone. A request's own fault must not keep
    /// others from being asked: anybody may send one.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::NoRoad | Self::Unbelievable(_))
    }
}

impl From<Fault> for MapsError {
    fn from(fault: Fault) -> Self {
        Self(fault.into())
    }
}
