//! Bookings of another system: what they must be to be held here, and the payment that follows from each.

use std::borrow::Cow;

use crate::{
    actor::Actor,
    entity::{
        Booking, BookingStatus, Payment, PaymentStatus, ReferenceLink, StripeLink,
        booking::{BookedPricing, Pairing},
        payment::{Capture, GivenBack, PaymentMethod, Provider},
    },
    id::{BookingId, PaymentId},
    journey::MAX_LUGGAGE,
    money::{Pence, Total},
    pricing::{Breakdown, Line, Rule},
    table::{New, Rewrite, Stored, Transaction},
    time::Timestamp,
};

use super::{FoundBooking, Plan, checks};

/// A field that cannot be held, as a JSON pointer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer.
    pub pointer: Cow<'static, str>,
    /// Why.
    pub detail: String,
}

impl Fault {
    pub(super) fn at(pointer: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// A fare that was agreed in another system, by rules that are not known here: one line, and no tariff of ours.
#[must_use]
pub fn agreed_fare(amount: Total) -> BookedPricing {
    let total = amount.total;
    BookedPricing {
        amount,
        breakdown: Breakdown { base_fare: total, subtotal: total, total, ..Breakdown::default() },
        lines: vec![Line {
            rule: Rule::Base,
            description: "As agreed before the move".to_owned(),
            amount: total,
        }],
        tariff_version: 0,
        tariff_effective_from: Timestamp::MIN,
    }
}

/// Everything for which a booking cannot be held as it is.
pub(super) fn faults(b: &Booking, payment_total: Option<Pence>, now: Timestamp) -> Vec<Fault> {
    let mut faults = Vec::new();
    checks::lists(b, &mut faults);
    checks::journey(b, &mut faults);
    checks::fare(b, &mut faults);
    checks::times(b, now, &mut faults);
    let mut must = |holds: bool, pointer: &'static str, detail: &str| {
        if !holds {
            faults.push(Fault::at(pointer, detail));
        }
    };
    let most = b.vehicle_type.capacity();
    must(
        (1..=most).contains(&b.passengers),
        "/passengers",
        &format!("must be 1 to {most} in this vehicle type"),
    );
    must(b.luggage <= MAX_LUGGAGE, "/luggage", &format!("must be at most {MAX_LUGGAGE}"));
    must(b.pricing.amount.total >= Pence::ZERO, "/pricing/total", "must not be negative");
    let sum = b.pricing.lines.iter().try_fold(Pence::ZERO, |sum, line| sum.plus(line.amount));
    must(sum == Some(b.pricing.amount.total), "/pricing/lines", "must sum to the total");
    let paid = &b.payment;
    let own = PaymentId::of_booking(b.paid_under());
    must(paid.payment_id == own, "/payment/paymentId", &format!("must be {own}"));
    must(
        paid.stripe_payment_intent_id.is_none() || paid.method == PaymentMethod::Stripe,
        "/payment/stripePaymentIntentId",
        "goes with the method stripe alone",
    );
    match &b.pairing {
        Pairing::Alone => must(payment_total.is_none(), "/paymentTotal", "goes with a returnBookingId alone"),
        Pairing::Outward { return_booking_id } => {
            let back = BookingId::return_of(&b.booking_id);
            must(*return_booking_id == back, "/returnBookingId", &format!("must be {back}"));
            // Once this way was called off unpaid, less is asked for: the other one's fare.
            let least =
                if b.status == BookingStatus::Cancelled { Pence::ZERO } else { b.pricing.amount.total };
            let enough = payment_total.is_some_and(|total| total >= least);
            must(enough, "/paymentTotal", "is required: what is paid for both ways, in pence");
        }
        Pairing::Return { outward_booking_id } => {
            let fits = BookingId::return_of(outward_booking_id) == b.booking_id;
            must(fits, "/outwardBookingId", "must be the bookingId without the r at its end");
            must(payment_total.is_none(), "/paymentTotal", "goes with the way there");
        }
    }

    let t = &b.timeline;
    match b.status {
        BookingStatus::Assigned | BookingStatus::InProgress => must(
            false,
            "/status",
            "cannot be moved in: a driver's and a vehicle's schedule must hold the job; import it as confirmed, \
             without driver and vehicle, and assign it here",
        ),
        BookingStatus::Pending => {
            must(t.confirmed.is_none(), "/timeline/confirmed", "must be null while it is pending");
        }
        BookingStatus::Confirmed => {}
        BookingStatus::Completed => {
            must(t.completed.is_some(), "/timeline/completed", "is required when it is completed");
        }
        BookingStatus::Cancelled => {
            must(t.cancelled.is_some(), "/timeline/cancelled", "is required when it is cancelled");
        }
    }
    if matches!(b.status, BookingStatus::Pending | BookingStatus::Confirmed) {
        let detail = format!("must be null while it is {}", status(b.status));
        for (moment, pointer) in [
            (t.assigned, "/timeline/assigned"),
            (t.driver_en_route, "/timeline/driverEnRoute"),
            (t.arrived, "/timeline/arrived"),
            (t.passenger_onboard, "/timeline/passengerOnboard"),
        ] {
            must(moment.is_none(), pointer, &detail);
        }
        must(b.driver.is_none(), "/driver", &detail);
        must(b.vehicle.is_none(), "/vehicle", &detail);
        must(b.steps.is_empty(), "/steps", &format!("must be empty while it is {}", status(b.status)));
    }
    for (state, moment, pointer) in [
        (BookingStatus::Completed, t.completed, "/timeline/completed"),
        (BookingStatus::Cancelled, t.cancelled, "/timeline/cancelled"),
    ] {
        let detail = format!("must be null while it is {}", status(b.status));
        must(b.status == state || moment.is_none(), pointer, &detail);
    }
    if let Some(c) = &b.cancellation {
        let detail = format!("must be left out while it is {}", status(b.status));
        must(b.status == BookingStatus::Cancelled, "/cancellation", &detail);
        let (fee, refund) = (c.judgement.fee.total, c.judgement.refund.total);
        let amounts = fee.min(refund) >= Pence::ZERO && fee.max(refund) <= b.pricing.amount.total;
        must(amounts, "/cancellation/fee", "must be, as the refund, from 0 to the fare");
        must(t.cancelled == Some(c.at), "/cancellation/at", "must be timeline.cancelled");
    }
    if let Some(fits) = payments_of(b.status) {
        let words: Vec<_> = fits.iter().map(|(status, methods)| described(*status, methods)).collect();
        let fit = fits.iter().any(|(s, methods)| *s == paid.status && methods.contains(&paid.method));
        let detail = format!("must be {} when it is {}", words.join(" or "), status(b.status));
        must(fit, "/payment/status", &detail);
    }
    faults
}

fn status(status: BookingStatus) -> &'static str {
    use crate::table::Machine;
    status.as_str()
}

fn described(status: PaymentStatus, methods: &[PaymentMethod]) -> String {
    use crate::table::Machine;
    let methods: Vec<_> = methods.iter().map(|method| method.as_str()).collect();
    format!("{} (by {})", status.as_str(), methods.join(", "))
}

/// How a booking may stand with its payment; none for what cannot be moved in at all.
fn payments_of(status: BookingStatus) -> Option<&'static [(PaymentStatus, &'static [PaymentMethod])]> {
    use PaymentMethod::{Account, Cash, Legacy, Stripe};
    use PaymentStatus::{Completed, Failed, Pending, Refunded};
    const ANY: &[PaymentMethod] = &[Stripe, Cash, Account, Legacy];
    match status {
        // It will be paid here, by card.
        BookingStatus::Pending => Some(&[(Pending, &[Stripe]), (Failed, &[Stripe])]),
        // It has been paid, or the driver takes the money.
        BookingStatus::Confirmed => Some(&[(Completed, ANY), (Pending, &[Cash])]),
        BookingStatus::Completed => Some(&[(Completed, ANY), (Refunded, ANY), (Pending, &[Cash])]),
        // The money never came, was kept, or was given back. What is pending would be waited for.
        BookingStatus::Cancelled => Some(&[(Failed, ANY), (Completed, ANY), (Refunded, ANY)]),
        BookingStatus::Assigned | BookingStatus::InProgress => None,
    }
}

/// The PaymentIntent that is kept under this booking: that of a way back is kept under the way there.
pub(super) fn own_intent(b: &Booking) -> Option<&str> {
    b.payment.stripe_payment_intent_id.as_deref().filter(|_| is_paid_here(b))
}

/// Whether the payment stands under this booking.
fn is_paid_here(b: &Booking) -> bool {
    *b.paid_under() == b.booking_id
}

fn payment_of(b: &Booking, payment_total: Option<Pence>) -> Payment {
    let refunded = b.payment.status == PaymentStatus::Refunded;
    let amount = b.pricing.amount;
    let amount = Total { total: payment_total.unwrap_or(amount.total), ..amount };
    let given_back = if refunded { amount.total } else { Pence::ZERO };
    let refund = GivenBack {
        refunded,
        amount: given_back,
        refunded_at: b.timeline.cancelled.filter(|_| refunded),
        ..GivenBack::default()
    };
    let intent = b.payment.stripe_payment_intent_id.clone();
    // What the system before took by card is at the same card processor and can be given back from here.
    let by_card = b.payment.status == PaymentStatus::Completed || refunded;
    let captures = intent.clone().filter(|_| by_card).map(|intent| Capture {
        payment_intent_id: Some(intent),
        method: b.payment.method,
        amount: amount.total,
        given_back,
        at: b.timeline.confirmed.or(b.timeline.created).unwrap_or(Timestamp::MIN),
        posted: false,
        in_vain: false,
    });
    Payment {
        payment_id: b.payment.payment_id.clone(),
        booking_id: b.booking_id.clone(),
        user_id: b.customer.user_id.clone(),
        status: b.payment.status,
        method: b.payment.method,
        provider: Provider { name: b.payment.method, payment_intent_id: intent, charge_id: None },
        amount,
        refund,
        attempts: 0,
        captures: captures.into_iter().collect(),
        disputes: Vec::new(),
        owed_again: Pence::ZERO,
    }
}

pub(super) fn plan(
    wanted: &Booking,
    payment_total: Option<Pence>,
    found: FoundBooking,
    since: Option<Timestamp>,
    at: Timestamp,
) -> Plan {
    let due = payment_of(wanted, payment_total);
    let (row, payment) = match found {
        (None, _) => return Plan::Create(create(wanted, due, since.unwrap_or(at), at)),
        (Some(row), payment) => (row, payment),
    };
    let same_amount = payment.as_ref().is_none_or(|row| row.data.amount == due.amount);
    if row.data == *wanted && (same_amount || !is_paid_here(wanted)) {
        return Plan::Unchanged;
    }
    if row.meta.updated_by != Actor::Import {
        return Plan::Kept(row.meta);
    }
    match payment {
        // Whoever has begun to pay has changed it, though the booking itself does not show it yet.
        Some(payment) if payment.meta.updated_by != Actor::Import => Plan::Kept(payment.meta),
        Some(payment) if is_paid_here(wanted) && is_paid_here(&row.data) => {
            let paid = Rewrite::of(payment, due, Actor::Import, at);
            Plan::Update(update(wanted, row, at).rewrite(&paid))
        }
        _ if !is_paid_here(wanted) && !is_paid_here(&row.data) => Plan::Update(update(wanted, row, at)),
        // A way back stays one, and what is paid for stays paid for: no import makes anything else of it.
        _ => Plan::Kept(row.meta),
    }
}

fn create(b: &Booking, due: Payment, since: Timestamp, at: Timestamp) -> Transaction {
    let (id, by) = (b.booking_id.clone(), Actor::Import);
    let link = ReferenceLink::to(b.booking_reference.clone(), id.clone(), by.clone(), at);
    let mut transaction =
        Transaction::new().create(&New::of(b.clone(), by.clone(), at).since(since)).create(&link);
    if is_paid_here(b) {
        transaction = transaction.create(&New::of(due, by.clone(), at).since(since));
    }
    match own_intent(b) {
        Some(intent) => transaction.create(&StripeLink::to(intent.to_owned(), id, by, at)),
        None => transaction,
    }
}

/// The booking and the names it goes by.
fn update(b: &Booking, row: Stored<Booking>, at: Timestamp) -> Transaction {
    let (id, by) = (b.booking_id.clone(), Actor::Import);
    let mut transaction = Transaction::new();
    let old = &row.data;
    if old.booking_reference != b.booking_reference {
        transaction = transaction
            .release(&ReferenceLink::given_up_by(old.booking_reference.clone(), id.clone()))
            .create(&ReferenceLink::to(b.booking_reference.clone(), id.clone(), by.clone(), at));
    }
    let (had, has) = (own_intent(old), own_intent(b));
    if had != has {
        if let Some(intent) = had {
            transaction = transaction.release(&StripeLink::given_up_by(intent.to_owned(), id.clone()));
        }
        if let Some(intent) = has {
            transaction = transaction.create(&StripeLink::to(intent.to_owned(), id, by.clone(), at));
        }
    }
    transaction.rewrite(&Rewrite::of(row, b.clone(), by, at))
}
