//! The one place where errors of the core become problems.

use nots_core::{
    cancellation::CancelError,
    entity::payment::BooksError,
    ports::{GatewayError, MapsError, TableError},
    table::{Because, IllegalMove, ReadError, WriteError},
};
use serde_json::json;

use crate::Problem;

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Table(TableError::Throttled | TableError::Conflict | TableError::Unavailable(_)) => {
                Self::unavailable(error)
            }
            ReadError::Position => Self::bad_cursor(),
            ReadError::Table(TableError::Refused(_) | TableError::Rejected(_)) | ReadError::Decode(_) => {
                Self::internal(error)
            }
        }
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match &error {
            WriteError::Busy(_) | WriteError::Unknown(_) => Self::unavailable(error),
            WriteError::Encode(_) | WriteError::Rejected(_) => Self::internal(error),
            WriteError::Refused(refusals) => {
                let illegal = refusals.iter().find_map(|refusal| match &refusal.because {
                    Because::IllegalMove { status } => Some((refusal.entity, status.clone())),
                    _ => None,
                });
                match illegal {
                    Some((entity, status)) => {
                        let detail = format!("The {} is {status}.", entity.to_lowercase());
                        Self::conflict(detail, json!({ "status": status }))
                    }
                    // Stale to the last try: others are writing it faster than we read it.
                    None => Self::unavailable(error),
                }
            }
        }
    }
}

impl From<IllegalMove> for Problem {
    fn from(error: IllegalMove) -> Self {
        let detail =
            format!("The {} is {}: it cannot become {}.", error.entity.to_lowercase(), error.from, error.to);
        Self::conflict(detail, json!({ "status": error.from }))
    }
}

impl From<BooksError> for Problem {
    fn from(error: BooksError) -> Self {
        match error {
            BooksError::Illegal(illegal) => illegal.into(),
            // Whoever lets a caller name an amount says so in the caller's words.
            BooksError::NotEnough { .. } | BooksError::Amount | BooksError::Unread => Self::internal(error),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Booking(illegal) => illegal.into(),
            CancelError::Books(error) => error.into(),
        }
    }
}

impl From<GatewayError> for Problem {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Refused { .. } => Self::bad_gateway(error),
            GatewayError::Unavailable(_) => Self::unavailable(error),
        }
    }
}

impl From<MapsError> for Problem {
    fn from(error: MapsError) -> Self {
        Self::unavailable(error)
    }
}
