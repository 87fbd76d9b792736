//! How quotes are shown, and who sees what of a booking.

use http::StatusCode;
use nots_core::{
    Timestamp,
    entity::{Booking, Due, LedgerEntry, Payment, Quote, Refund, Tariff, tariff::TariffHead},
    money::Total,
    table::{Stored, Version},
};
use serde_json::{Value, json};

use crate::{Caller, Problem, Response, reply::tagged, shown, with_version};

/// As whom a booking is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewer {
    /// Whose booking it is.
    Customer,
    /// Who drives it.
    Driver,
    /// Who works in the office.
    Staff,
}

impl Viewer {
    /// As whom a caller may look at a booking; none when it is not theirs.
    #[must_use]
    pub fn of(caller: &Caller, booking: &Booking) -> Option<Self> {
        let theirs = caller.user().is_some() && caller.user() == booking.customer.user_id.as_ref();
        let drives =
            caller.driver().is_some_and(|id| booking.driver.as_ref().is_some_and(|d| d.driver_id == *id));
        if caller.is_staff() {
            Some(Self::Staff)
        } else if theirs {
            Some(Self::Customer)
        } else if drives {
            Some(Self::Driver)
        } else {
            None
        }
    }
}

/// A booking as somebody may see it. Notes and names of the office stay in the office; a driver gets what a pickup
/// needs, with the telephone number masked, and of a cancellation on whose side it lies and when. Of a change that waits to
/// be paid it is said whether it still can be.
///
/// # Errors
/// 500 when it cannot be JSON; a fault of ours.
pub fn booking(row: &Stored<Booking>, viewer: Viewer, now: Timestamp) -> Result<Value, Problem> {
    let mut value = with_version(row)?;
    let Some(fields) = value.as_object_mut() else { return Ok(value) };
    let waits = fields.get_mut("amendment").and_then(Value::as_object_mut);
    if let Some((shown, amendment)) = waits.zip(row.data.amendment.as_ref()) {
        let open = row.data.waits_to_be_amended().is_some() && now <= amendment.pay_by;
        shown.insert("status".to_owned(), json!(if open { "awaiting_payment" } else { "lapsed" }));
    }
    if viewer != Viewer::Staff {
        for change in ["amendment", "amended"] {
            if let Some(change) = fields.get_mut(change).and_then(Value::as_object_mut) {
                change.remove("askedBy");
            }
        }
        fields.remove("amendments");
        for name in ["internalNotes", "takenBy", "dispatchedBy", "steps", "committed"] {
            fields.remove(name);
        }
        if let Some(cancellation) = fields.get_mut("cancellation").and_then(Value::as_object_mut) {
            cancellation.remove("cancelledBy");
            cancellation.remove("location");
            if viewer == Viewer::Driver {
                cancellation.retain(|name, _| matches!(name.as_str(), "by" | "at"));
            }
        }
    }
    if viewer == Viewer::Driver {
        for name in ["payment", "amendment", "amended"] {
            fields.remove(name);
        }
        if let Some(customer) = fields.get_mut("customer").and_then(Value::as_object_mut) {
            customer.remove("email");
            customer.remove("userId");
            customer.insert("phone".to_owned(), json!(row.data.customer.phone.masked()));
        }
    }
    Ok(value)
}

/// What explains a payment, beside itself.
#[derive(Debug, Default)]
pub struct PaymentParts {
    /// Its refunds.
    pub refunds: Vec<Stored<Refund>>,
    /// Its movements.
    pub ledger: Vec<Stored<LedgerEntry>>,
    /// What the journey still owes.
    pub due: Option<Stored<Due>>,
}

/// A payment as somebody may see it, with what explains it. The ledger and the office's words stay in the office.
///
/// # Errors
/// 500 when it cannot be JSON; a fault of ours.
pub fn payment(row: &Stored<Payment>, viewer: Viewer, parts: &PaymentParts) -> Result<Value, Problem> {
    let mut value = with_version(row)?;
    let Some(fields) = value.as_object_mut() else { return Ok(value) };
    let currency = row.data.amount.currency;
    let money = |total| json!(Total { total, currency });
    fields.insert("captured".to_owned(), money(row.data.captured()));
    fields.insert("refundable".to_owned(), money(row.data.refundable()));
    fields.insert("partlyRefunded".to_owned(), json!(row.data.is_partly_refunded()));
    fields.insert("disputed".to_owned(), json!(row.data.is_disputed()));
    if viewer != Viewer::Staff {
        for name in ["captures", "disputes", "owedAgain", "provider", "attempts"] {
            fields.remove(name);
        }
        if let Some(given_back) = fields.get_mut("refund").and_then(Value::as_object_mut) {
            given_back.remove("reason");
        }
    }
    if !parts.refunds.is_empty() {
        let refunds: Vec<_> = parts.refunds.iter().map(|row| refund(&row.data, viewer)).collect();
        fields.insert("refunds".to_owned(), json!(refunds));
    }
    if let Some(due) = &parts.due {
        fields.insert("due".to_owned(), json!(due.data));
    }
    if viewer == Viewer::Staff && !parts.ledger.is_empty() {
        let mut entries: Vec<_> = parts.ledger.iter().map(|row| &row.data).collect();
        entries.sort_by(|a, b| (a.at, &a.entry).cmp(&(b.at, &b.entry)));
        fields.insert("ledger".to_owned(), json!(entries));
    }
    Ok(value)
}

/// A refund as somebody may see it. Why somebody made it, and why it failed, is the office's.
#[must_use]
pub fn refund(refund: &Refund, viewer: Viewer) -> Value {
    let mut value = json!({
        "refundId": refund.refund_id,
        "bookingId": refund.concerns,
        "status": refund.status,
        "cause": refund.cause,
        "amount": refund.amount,
        "reason": refund.reason,
        "stripeRefundId": refund.stripe_refund_id,
        "failure": refund.failure,
        "owedAt": refund.owed_at,
        "madeAt": refund.made_at,
    });
    if let Some(fields) = value.as_object_mut().filter(|_| viewer != Viewer::Staff) {
        for name in ["reason", "failure"] {
            fields.remove(name);
        }
    }
    value
}

/// A quote with the moment it expires.
///
/// # Errors
/// 500 when it cannot be JSON; a fault of ours.
pub fn quote(status: StatusCode, row: &Stored<Quote>) -> Result<Response, Problem> {
    let mut value = with_version(row)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("expiresAt".to_owned(), json!(Quote::expires_at(row)));
        fields.remove("usedBy");
    }
    Ok(shown(status, row, &value))
}

/// A version of the tariff, and which one is the newest: its number is the `ETag`, whichever version is shown, so that
/// `If-Match` says "nothing newer than what I saw".
///
/// # Errors
/// 500 when it cannot be JSON; a fault of ours.
pub fn tariff(
    status: StatusCode,
    row: &Stored<Tariff>,
    head: Option<&Stored<TariffHead>>,
) -> Result<Response, Problem> {
    // What was read a moment before this version was published knows nothing of it.
    let newest = head.map_or_else(|| row.data.key(), |head| head.data.latest());
    let (from, latest) = if newest.1 > row.data.version { newest } else { row.data.key() };
    let mut value = serde_json::to_value(&row.data).map_err(Problem::internal)?;
    if let Some(fields) = value.as_object_mut() {
        fields.insert("latestVersion".to_owned(), json!(latest));
        fields.insert("latestEffectiveFrom".to_owned(), json!(from));
        fields.insert("publishedAt".to_owned(), json!(row.meta.created_at));
        fields.insert("publishedBy".to_owned(), json!(row.meta.updated_by));
    }
    Ok(tagged(Response::json(status, &value), Version::new(u64::from(latest))))
}
