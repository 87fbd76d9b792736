//! Bookings of another system: what they must be to be held here, and the payment that follows from each.

use crate::{
    actor::Actor,
    entity::{
        Booking, BookingStatus, Payment, PaymentStatus, ReferenceLink, StripeLink,
        booking::BookedPricing,
        payment::{PaymentMethod, Provider, Refund},
    },
    id::PaymentId,
    journey::MAX_LUGGAGE,
    money::{Pence, Total},
    pricing::{Breakdown, Line, Rule},
    table::{New, Rewrite, Stored, Transaction},
    time::Timestamp,
};

use super::{FoundBooking, Plan};

/// A field that cannot be held, as a JSON pointer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer.
    pub pointer: &'static str,
    /// Why.
    pub detail: String,
}

impl Fault {
    pub(super) fn at(pointer: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer, detail: detail.into() }
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
#[must_use]
pub fn faults(b: &Booking) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut must = |holds: bool, pointer, detail: &str| {
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
    let own = PaymentId::of_booking(&b.booking_id);
    must(paid.payment_id == own, "/payment/paymentId", &format!("must be {own}"));
    must(
        paid.stripe_payment_intent_id.is_none() || paid.method == PaymentMethod::Stripe,
        "/payment/stripePaymentIntentId",
        "goes with the method stripe alone",
    );

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
    use PaymentMethod::{Cash, Legacy, Stripe};
    use PaymentStatus::{Completed, Failed, Pending, Refunded};
    const ANY: &[PaymentMethod] = &[Stripe, Cash, Legacy];
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

fn payment_of(b: &Booking) -> Payment {
    let refunded = b.payment.status == PaymentStatus::Refunded;
    let amount = b.pricing.amount;
    let refund = Refund {
        refunded,
        amount: if refunded { amount.total } else { Pence::ZERO },
        refunded_at: b.timeline.cancelled.filter(|_| refunded),
        ..Refund::default()
    };
    Payment {
        payment_id: b.payment.payment_id.clone(),
        booking_id: b.booking_id.clone(),
        user_id: b.customer.user_id.clone(),
        status: b.payment.status,
        method: b.payment.method,
        provider: Provider {
            name: b.payment.method,
            payment_intent_id: b.payment.stripe_payment_intent_id.clone(),
            charge_id: None,
        },
        amount,
        refund,
        attempts: 0,
    }
}

pub(super) fn plan(wanted: &Booking, found: FoundBooking, since: Option<Timestamp>, at: Timestamp) -> Plan {
    match found {
        (None, _) => Plan::Create(create(wanted, since.unwrap_or(at), at)),
        (Some(row), _) if row.data == *wanted => Plan::Unchanged,
        (Some(row), _) if row.meta.updated_by != Actor::Import => Plan::Kept(row.meta),
        // Whoever has begun to pay has changed it, though the booking itself does not show it yet.
        (Some(_), Some(payment)) if payment.meta.updated_by != Actor::Import => Plan::Kept(payment.meta),
        (Some(row), None) => Plan::Kept(row.meta),
        (Some(row), Some(payment)) => Plan::Update(update(wanted, row, payment, at)),
    }
}

fn create(b: &Booking, since: Timestamp, at: Timestamp) -> Transaction {
    let (id, by) = (b.booking_id.clone(), Actor::Import);
    let link = ReferenceLink::to(b.booking_reference.clone(), id.clone(), by.clone(), at);
    let transaction = Transaction::new()
        .create(&New::of(b.clone(), by.clone(), at).since(since))
        .create(&New::of(payment_of(b), by.clone(), at).since(since))
        .create(&link);
    match b.payment.stripe_payment_intent_id.clone() {
        Some(intent) => transaction.create(&StripeLink::to(intent, id, by, at)),
        None => transaction,
    }
}

fn update(b: &Booking, row: Stored<Booking>, payment: Stored<Payment>, at: Timestamp) -> Transaction {
    let (id, by) = (b.booking_id.clone(), Actor::Import);
    let mut transaction = Transaction::new();
    let old = &row.data;
    if old.booking_reference != b.booking_reference {
        transaction = transaction
            .release(&ReferenceLink::given_up_by(old.booking_reference.clone(), id.clone()))
            .create(&ReferenceLink::to(b.booking_reference.clone(), id.clone(), by.clone(), at));
    }
    let (had, has) = (&old.payment.stripe_payment_intent_id, &b.payment.stripe_payment_intent_id);
    if had != has {
        if let Some(intent) = had.clone() {
            transaction = transaction.release(&StripeLink::given_up_by(intent, id.clone()));
        }
        if let Some(intent) = has.clone() {
            transaction = transaction.create(&StripeLink::to(intent, id, by.clone(), at));
        }
    }
    transaction.rewrite(&Rewrite::of(row, b.clone(), by.clone(), at)).rewrite(&Rewrite::of(
        payment,
        payment_of(b),
        by,
        at,
    ))
}
