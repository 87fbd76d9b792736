//! On whose side it lies that somebody calls a booking off.

use std::str::FromStr;

use nots_core::{cancellation::CancelledBy, entity::Booking};

use crate::{Caller, FromWire, Problem, view::Viewer};

/// Staff act for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForCustomer;

/// The text names nobody whom staff can act for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be customer")]
pub struct NotForCustomer;

impl FromStr for ForCustomer {
    type Err = NotForCustomer;
    fn from_str(text: &str) -> Result<Self, NotForCustomer> {
        if text == "customer" { Ok(Self) } else { Err(NotForCustomer) }
    }
}

impl FromWire for ForCustomer {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse::<Self>().map_err(|error| error.to_string())
    }
}

/// What is said to a customer who says whom they act for.
pub const ONLY_STAFF: &str = "only staff call off for somebody else";

/// As whom a caller calls a booking off, and on whose side it lies: of staff the operator's, unless they act for the customer.
///
/// # Errors
/// 404 when the booking is not theirs to call off.
pub fn calling_off(
    caller: &Caller,
    booking: &Booking,
    behalf: Option<ForCustomer>,
) -> Result<(Viewer, CancelledBy), Problem> {
    match Viewer::of(caller, booking) {
        Some(Viewer::Staff) if behalf.is_none() => Ok((Viewer::Staff, CancelledBy::Operator)),
        Some(viewer @ (Viewer::Staff | Viewer::Customer)) => Ok((viewer, CancelledBy::Customer)),
        Some(Viewer::Driver) | None => Err(Problem::not_found()),
    }
}
