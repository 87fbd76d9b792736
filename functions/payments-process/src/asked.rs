//! What is asked for, and who may ask for it.

use deserr::Deserr;
use nots_core::{BookingId, Role, entity::payment::PaymentMethod, text::Note};
use nots_http::{Caller, FieldError, InvalidBody, Problem, Wire};

/// The body.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(crate) struct Asked {
    booking_id: Wire<BookingId>,
    #[deserr(default)]
    method: Option<Said>,
    #[deserr(default)]
    reason: Option<Wire<Note>>,
}

/// By what means.
#[derive(Deserr, Clone, Copy, PartialEq, Eq)]
#[deserr(error = InvalidBody, rename_all = lowercase)]
enum Said {
    Card,
    Cash,
    Account,
    #[deserr(rename = "due_in_cash")]
    DueInCash,
    #[deserr(rename = "write_off")]
    WriteOff,
}

/// How it is to be paid.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum How {
    /// By card, at Stripe.
    Card,
    /// Once the journey is over.
    AtTheEnd(PaymentMethod),
    /// What is owed after the journey, in cash.
    DueInCash,
    /// Not at all: what is owed after the journey is let go.
    WrittenOff(Option<Note>),
}

impl Asked {
    pub(crate) fn booking(&self) -> &BookingId {
        &self.booking_id.0
    }

    /// How it is to be paid, when the caller may say so.
    pub(crate) fn how(&self, caller: &Caller) -> Result<How, Problem> {
        let refused = |detail: &str| Problem::invalid(vec![FieldError::at("/method", detail)]);
        let method = self.method.unwrap_or(Said::Card);
        if method != Said::WriteOff && self.reason.is_some() {
            return Err(Problem::invalid(vec![FieldError::at("/reason", "goes with write_off")]));
        }
        match method {
            Said::Card => Ok(How::Card),
            _ if !caller.is_staff() => Err(refused("must be card: only staff take anything else")),
            Said::Cash => Ok(How::AtTheEnd(PaymentMethod::Cash)),
            Said::Account => Ok(How::AtTheEnd(PaymentMethod::Account)),
            Said::DueInCash => Ok(How::DueInCash),
            Said::WriteOff if !caller.has_any(&[Role::Admin, Role::Owner]) => {
                Err(refused("only an admin or the owner lets go what is owed"))
            }
            Said::WriteOff => Ok(How::WrittenOff(self.reason.as_ref().map(|Wire(reason)| reason.clone()))),
        }
    }
}
