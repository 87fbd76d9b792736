//! `POST /v1/payments/{paymentId}/refunds`: somebody in the office gives money back, all or a part, never more than was
//! taken.
//!
//! The refund comes to be owed here, and is made at the card processor from the stream. The caller's `Idempotency-Key`
//! names it: the same key is the same refund, another key another one.

use std::sync::Arc;

use deserr::Deserr;
use nots_core::{
    Actor, PaymentId, Pence, access,
    entity::{
        Payment, Refund,
        payment::{Books, BooksError, Owed},
        refund::RefundCause,
    },
    money::Total,
    ports::{Clock, Ids, Table},
    retry,
    table::{Stored, WriteError},
    text::Note,
};
use nots_http::{
    Access, Endpoint, FieldError, InvalidBody, Method, Problem, Request, Response, Route, StatusCode, Wire,
    parse_checked, roles,
    view::{self, Viewer},
};
use serde_json::{Value, json};

/// Gives money back.
pub struct PaymentsRefund {
    /// Payments and refunds.
    pub table: Arc<dyn Table>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Chance, for pauses.
    pub ids: Arc<dyn Ids>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    amount: i64,
    reason: Wire<Note>,
}

/// What is wrong beyond the fields' types.
fn faults(body: &Value) -> Vec<FieldError> {
    let amount = body.get("amount").and_then(Value::as_i64);
    let nothing = amount.is_some_and(|amount| amount < 1);
    nothing.then(|| FieldError::at("/amount", "must be at least 1 penny")).into_iter().collect()
}

/// What names a refund: the header `Idempotency-Key`, 1 to 255 visible characters.
fn key_of(request: &Request) -> Result<String, Problem> {
    let key = request.header("idempotency-key").map(str::trim).unwrap_or_default();
    let sound = (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if sound {
        return Ok(format!("requested.{key}"));
    }
    let detail =
        "must be 1 to 255 visible characters that name this refund; the same again is the same refund";
    Err(Problem::bad_query(vec![FieldError::parameter("Idempotency-Key", detail)]))
}

impl Endpoint for PaymentsRefund {
    const ROUTE: Route = Route {
        method: Method::Post,
        path: "/payments/{paymentId}/refunds",
        function: "payments-refund",
        access: Access::Roles(roles::MANAGEMENT),
    };

    async fn call(&self, request: Request) -> Result<Response, Problem> {
        request.query().finish()?;
        let (_, by) = request.caller()?.as_user()?;
        let id: PaymentId = request.id("paymentId")?;
        let asked: Asked = parse_checked(&request.body, faults)?;
        let key = key_of(&request)?;

        let mut lost = None;
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock.as_ref(), self.ids.as_ref()).await;
            let payment = self.table.read(access::payment(&id.booking(), &id)).await?;
            let payment = payment.ok_or_else(Problem::not_found)?;
            let known = self.known(&payment.data, &key).await?;
            if !known.is_empty() {
                return again(&payment, &known, &asked);
            }
            request.unless_stale(payment.meta.version)?;
            let (books, refunds) = self.give(payment.clone(), &key, &asked, &by)?;
            let after = books.payment().clone();
            match self.table.commit(books.close().map_err(|error| refused(error, &payment.data))?).await {
                Ok(()) => return Ok(answer(StatusCode::CREATED, &after, &refunds)),
                // Somebody else moved money of it, or this very refund was made beside us: look again.
                Err(error @ (WriteError::Busy(_) | WriteError::Refused(_))) => lost = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(lost.map_or_else(|| Problem::unavailable("no attempt was made"), Problem::unavailable))
    }
}

impl PaymentsRefund {
    /// The refunds that the key has already made, if it has.
    async fn known(&self, payment: &Payment, key: &str) -> Result<Vec<Refund>, Problem> {
        let ids = Books::refunds_by(payment, key);
        let reads: Vec<_> = ids.iter().map(|id| access::refund_of_booking(&payment.booking_id, id)).collect();
        let rows = self.table.read(reads).await?;
        Ok(rows.into_iter().flatten().map(|row| row.data).collect())
    }

    fn give(
        &self,
        payment: Stored<Payment>,
        key: &str,
        asked: &Asked,
        by: &Actor,
    ) -> Result<(Books, Vec<Refund>), Problem> {
        let before = payment.data.clone();
        let mut books = Books::open(payment, by.clone(), self.clock.now());
        let reason = Some(asked.reason.0.clone());
        let owed = Owed { key, cause: RefundCause::Requested, concerns: &before.booking_id, reason };
        books.give_back(Pence::new(asked.amount), &owed).map_err(|error| refused(error, &before))?;
        let refunds = books.refunds().cloned().collect();
        Ok((books, refunds))
    }
}

/// The refund that the key has made, when it is the one that is asked for again.
fn again(payment: &Stored<Payment>, known: &[Refund], asked: &Asked) -> Result<Response, Problem> {
    let given: i64 = known.iter().map(|refund| refund.amount.total.get()).sum();
    if given != asked.amount || known.iter().any(|refund| refund.reason.as_ref() != Some(&asked.reason.0)) {
        let current = json!({ "refundId": known.first().map(|refund| &refund.refund_id), "amount": given });
        return Err(Problem::conflict("The Idempotency-Key has made another refund.", current));
    }
    Ok(answer(StatusCode::OK, &payment.data, known))
}

fn refused(error: BooksError, payment: &Payment) -> Problem {
    let currency = payment.amount.currency;
    match error {
        BooksError::NotEnough { .. } => {
            let left = Total { total: payment.refundable(), currency };
            let detail = if payment.captured().is_zero() {
                "Nothing has been paid.".to_owned()
            } else {
                format!("Only {} can still be given back.", left.total.display(currency))
            };
            Problem::conflict(detail, json!({ "status": payment.status, "refundable": left }))
        }
        BooksError::Illegal(illegal) => illegal.into(),
        BooksError::Unread => Problem::internal(error),
        BooksError::Amount => Problem::invalid(vec![FieldError::at("/amount", "is too large")]),
    }
}

/// The refund; of money that came at several times, its parts.
fn answer(status: StatusCode, payment: &Payment, refunds: &[Refund]) -> Response {
    let total = refunds.iter().try_fold(Pence::ZERO, |sum, refund| sum.plus(refund.amount.total));
    let total = Total { total: total.unwrap_or(Pence::ZERO), currency: payment.amount.currency };
    let first = refunds.first();
    let body = json!({
        "refundId": first.map(|refund| &refund.refund_id),
        "paymentId": payment.payment_id,
        "bookingId": payment.booking_id,
        "status": first.map(|refund| refund.status),
        "amount": total,
        "reason": first.and_then(|refund| refund.reason.as_ref()),
        "refundable": Total { total: payment.refundable(), currency: payment.amount.currency },
        "parts": refunds.iter().map(|refund| view::refund(refund, Viewer::Staff)).collect::<Vec<_>>(),
    });
    Response::json(status, &body)
}
