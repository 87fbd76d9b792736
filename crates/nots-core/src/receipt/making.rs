//! How a receipt is made of what is known.

use super::{Issuer, LineRule, PaymentShown, Receipt, ReceiptLine, RefundShown, Since, Travelled, VatShown};
use crate::{
    entity::{Booking, settings::Operator, tariff::Vat},
    money::Pence,
    time::Timestamp,
};

/// What a receipt is made of.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// Who was paid.
    pub operator: &'a Operator,
    /// For what.
    pub booking: &'a Booking,
    /// The VAT of the tariff that priced the booking.
    pub vat: Vat,
    /// What was charged or taken off since it was priced, with the time of each, in order.
    pub since: Vec<(Timestamp, ReceiptLine)>,
    /// What was paid, in order.
    pub payments: Vec<PaymentShown>,
    /// What was given back or is to be, in order.
    pub refunds: Vec<RefundShown>,
}

/// Why there is no receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoReceipt {
    /// Nothing has been paid.
    #[error("nothing has been paid")]
    NothingPaid,
    /// The sums cannot be held.
    #[error("the sums cannot be held")]
    TooMuch,
}

impl Receipt {
    /// The receipt that the facts make.
    ///
    /// # Errors
    /// When nothing has been paid, or a sum cannot be held.
    pub fn of(facts: Facts<'_>) -> Result<Self, NoReceipt> {
        let Facts { operator, booking, vat, since, payments, refunds } = facts;
        if payments.is_empty() {
            return Err(NoReceipt::NothingPaid);
        }
        let moments = payments.iter().map(|paid| paid.paid_at);
        let moments = moments.chain(refunds.iter().map(|refund| refund.owed_at));
        let moments = moments.chain(since.iter().map(|(at, _)| *at)).chain(booking.timeline.completed);
        let issued_at = moments.max().ok_or(NoReceipt::NothingPaid)?;
        let mut lines = fare(booking)?;
        lines.extend(since.into_iter().map(|(_, line)| line));
        let of = |rule: Since| {
            let charged = lines.iter().filter(|line| line.rule == LineRule::Since(rule));
            let charged: Vec<_> = charged.map(|line| line.amount).collect();
            if charged.is_empty() { Ok(None) } else { sum(charged).map(Some) }
        };
        let (cancellation_fee, waiting_charge) = (of(Since::CancellationFee)?, of(Since::WaitingCharge)?);
        let total = sum(lines.iter().map(|line| line.amount))?;
        let tax = vat.inside(total).ok_or(NoReceipt::TooMuch)?;
        let paid = sum(payments.iter().map(|paid| paid.amount))?;
        let refunded =
            sum(refunds.iter().filter(|refund| refund.status.is_sent()).map(|refund| refund.amount))?;
        let balance = less(paid, refunded)?;
        let open = less(total, balance)?;
        Ok(Self {
            operator: issuer(operator),
            booking_id: booking.booking_id.clone(),
            booking_reference: booking.booking_reference.clone(),
            customer_name: format!("{} {}", booking.customer.first_name, booking.customer.last_name),
            journey: travelled(booking),
            issued_at,
            currency: booking.pricing.amount.currency,
            lines,
            subtotal: less(total, tax)?,
            tax,
            vat: VatShown {
                registered: vat.registered,
                rate_basis_points: if vat.registered { vat.rate_basis_points } else { 0 },
            },
            total,
            cancellation_fee,
            waiting_charge,
            payments,
            refunds,
            paid,
            refunded,
            balance,
            still_due: open.max(Pence::ZERO),
            still_to_refund: less(Pence::ZERO, open)?.max(Pence::ZERO),
        })
    }
}

/// The lines of the fare; one for all of it where they are not known, as of a booking that was imported.
fn fare(booking: &Booking) -> Result<Vec<ReceiptLine>, NoReceipt> {
    let pricing = &booking.pricing;
    if sum(pricing.lines.iter().map(|line| line.amount))? != pricing.amount.total {
        let description = "Fare as agreed".to_owned();
        let rule = LineRule::Since(Since::AgreedFare);
        return Ok(vec![ReceiptLine { rule, description, amount: pricing.amount.total }]);
    }
    Ok(pricing
        .lines
        .iter()
        .map(|line| ReceiptLine {
            rule: LineRule::Fare(line.rule),
            description: line.description.clone(),
            amount: line.amount,
        })
        .collect())
}

fn issuer(operator: &Operator) -> Issuer {
    Issuer {
        name: operator.name.clone(),
        address: operator.address.iter().map(ToString::to_string).collect(),
        phone: operator.phone.clone(),
        email: operator.email.clone(),
        vat_number: operator.vat_number.as_ref().map(ToString::to_string),
        licensing_authority: operator.licensing_authority.clone(),
        licence_number: operator.licence_number.clone(),
    }
}

fn travelled(booking: &Booking) -> Travelled {
    let journey = &booking.journey;
    Travelled {
        pickup: journey.pickup_location.address.clone(),
        stops: journey.via_stops.iter().map(|stop| stop.place.address.clone()).collect(),
        dropoff: journey.dropoff_location.address.clone(),
        pickup_time: journey.pickup_time,
        pickup_time_in_london: journey.pickup_time.in_london(),
    }
}

pub(super) fn sum(amounts: impl IntoIterator<Item = Pence>) -> Result<Pence, NoReceipt> {
    amounts.into_iter().try_fold(Pence::ZERO, Pence::plus).ok_or(NoReceipt::TooMuch)
}

pub(super) fn less(from: Pence, amount: Pence) -> Result<Pence, NoReceipt> {
    from.less(amount).ok_or(NoReceipt::TooMuch)
}
