//! What of a payment's books is one booking's. A journey there and back has one payment; each way has its own receipt.

use super::{
    Facts, LineRule, NoReceipt, PaymentShown, Receipt, ReceiptLine, RefundProgress, RefundShown, Since, less,
    sum,
};
use crate::{
    cancellation::CancelledBy,
    entity::{
        Booking, BookingStatus, Due, LedgerEntry, Payment, PaymentStatus, Refund, Tariff,
        ledger::{Account, Movement},
        payment::Capture,
        refund::{RefundCause, RefundStatus},
        settings::Operator,
        tariff::{Vat, WHOLE},
    },
    id::BookingId,
    money::Pence,
    ports::DisputeStage,
    time::Timestamp,
};

/// Everything that is stored about the money of a booking, and of the other way when there is one.
#[derive(Debug, Clone, Copy)]
pub struct Accounts<'a> {
    /// Whose receipt it is.
    pub booking: &'a Booking,
    /// The booking of the other way.
    pub other: Option<&'a Booking>,
    /// What is paid for both.
    pub payment: &'a Payment,
    /// Refunds of the payment.
    pub refunds: &'a [Refund],
    /// Every movement of money of the payment.
    pub ledger: &'a [LedgerEntry],
    /// What either way owed after the ride.
    pub dues: &'a [Due],
}

impl Receipt {
    /// The receipt of a booking, by the operator, the tariff that priced it, and its accounts.
    ///
    /// # Errors
    /// When nothing has been paid for it, or a sum cannot be held.
    pub fn of_accounts(
        operator: &Operator,
        tariff: Option<&Tariff>,
        accounts: Accounts<'_>,
    ) -> Result<Self, NoReceipt> {
        Self::of(Facts {
            operator,
            booking: accounts.booking,
            vat: vat(accounts.booking, tariff),
            since: accounts.since()?,
            payments: accounts.payments()?,
            refunds: accounts.refunds()?,
        })
    }
}

/// The VAT of the tariff that priced the booking; of one whose tariff is not here, what its fare says.
fn vat(booking: &Booking, tariff: Option<&Tariff>) -> Vat {
    if let Some(tariff) = tariff {
        return tariff.terms.vat;
    }
    let fare = &booking.pricing.breakdown;
    let rate = Pence::new(i64::from(WHOLE)).ratio(fare.tax.get(), fare.subtotal.get());
    let rate_basis_points = rate.and_then(|rate| u32::try_from(rate.get()).ok()).unwrap_or(0);
    Vat { registered: rate_basis_points > 0, rate_basis_points }
}

impl<'a> Accounts<'a> {
    fn id(&self) -> &'a BookingId {
        &self.booking.booking_id
    }

    fn about(&self) -> impl Iterator<Item = &'a LedgerEntry> {
        let id = self.id();
        self.ledger.iter().filter(move |entry| entry.particulars.concerns == *id)
    }

    /// What changed the booking's price since it was made, in order.
    fn since(&self) -> Result<Vec<(Timestamp, ReceiptLine)>, NoReceipt> {
        let mut lines = Vec::new();
        for entry in self.about() {
            let mut put = |rule: Since, words: &str, amount: Pence| {
                if !amount.is_zero() {
                    let description = words.to_owned();
                    lines.push((entry.at, ReceiptLine { rule: LineRule::Since(rule), description, amount }));
                }
            };
            let off = |account| entry.on(account).negated();
            match entry.particulars.movement {
                Movement::Cancellation => {
                    put(Since::Cancelled, self.called_off(), off(Account::Fares));
                    put(Since::CancellationFee, "Cancellation fee", off(Account::Fees));
                }
                Movement::Credit => put(Since::Reduction, "Taken off by the operator", off(Account::Fares)),
                // Money that went back at the card processor was not owed before.
                Movement::Refund => put(Since::Reduction, "Taken off by the operator", off(Account::Fares)),
                Movement::RefundFailed => {
                    put(Since::Reduction, "Not taken off: the refund did not arrive", off(Account::Fares));
                }
                Movement::Due => {
                    let due = self.dues.iter().find(|due| due.concerns == *self.id());
                    let words = due.map_or("Waiting", |due| due.description.as_str());
                    put(Since::WaitingCharge, words, off(Account::Waiting));
                }
                Movement::WriteOff => put(Since::WrittenOff, "Not asked for", off(Account::WrittenOff)),
                Movement::Dispute => {
                    put(Since::Disputed, "Given back by the card's bank", off(Account::Losses));
                }
                // The price itself says it, or has no part in it.
                Movement::Charge | Movement::Amendment => {}
            }
        }
        if let Some(at) = self.booking.timeline.cancelled
            && self.came_in_vain()?
        {
            let (rule, description) = (LineRule::Since(Since::Cancelled), self.called_off().to_owned());
            let amount = self.booking.pricing.amount.total.negated();
            lines.push((at, ReceiptLine { rule, description, amount }));
        }
        if let Some(refund) = self.given_back_before()? {
            let description = "Taken off by the operator".to_owned();
            let (rule, amount) = (LineRule::Since(Since::Reduction), refund.amount.negated());
            lines.push((refund.owed_at, ReceiptLine { rule, description, amount }));
        }
        lines.sort_by_key(|(at, _)| *at);
        Ok(lines)
    }

    /// Whether the way was called off before it was paid for: the fare of one that was paid for leaves by the ledger.
    fn came_in_vain(&self) -> Result<bool, NoReceipt> {
        if self.booking.status != BookingStatus::Cancelled {
            return Ok(false);
        }
        let mut sold_before = false;
        for capture in &self.payment.captures {
            let part =
                if self.other.is_some() { self.part(capture, &mut sold_before)? } else { capture.amount };
            if !part.is_zero() && !self.sold(capture).is_zero() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What of one payment was for fares; all of what was taken before there was a ledger.
    fn sold(&self, capture: &Capture) -> Pence {
        self.charge(capture).map_or(capture.amount, |charge| charge.on(Account::Fares).negated())
    }

    /// Why the fare is not charged.
    fn called_off(&self) -> &'static str {
        match self.booking.cancellation.as_ref().map(|called_off| called_off.judgement.by) {
            Some(CancelledBy::NoShow) => "Nobody came to the pickup: the fare is not charged",
            Some(CancelledBy::Operator) => "Cancelled by the operator: the fare is not charged",
            Some(CancelledBy::Customer | CancelledBy::Unpaid) | None => "Cancelled: the fare is not charged",
        }
    }

    /// What of each payment is for this booking.
    fn payments(&self) -> Result<Vec<PaymentShown>, NoReceipt> {
        let mut shown = Vec::new();
        let mut sold_before = false;
        for capture in &self.payment.captures {
            let amount =
                if self.other.is_some() { self.part(capture, &mut sold_before)? } else { capture.amount };
            if amount.is_zero() {
                continue;
            }
            shown.push(PaymentShown {
                paid_at: capture.at,
                method: capture.method,
                amount,
                whole_payment: (amount != capture.amount).then_some(capture.amount),
            });
        }
        Ok(shown)
    }

    /// What of one payment is for this way of the two.
    fn part(&self, capture: &Capture, sold_before: &mut bool) -> Result<Pence, NoReceipt> {
        let all_if = |ours: bool| if ours { capture.amount } else { Pence::ZERO };
        let charge = self.charge(capture);
        if capture.payment_intent_id.is_none()
            && let Some(charge) = charge
        {
            // Taken at the end of one way.
            return Ok(all_if(charge.particulars.concerns == *self.id()));
        }
        let sold = self.sold(capture);
        if sold.is_zero() || std::mem::replace(sold_before, true) {
            // The fare is paid for once; what is sold later is one way's, at its new price, and what is not sold is a
            // due of one way's, or came in vain.
            let concerns = charge.map_or(&self.payment.booking_id, |charge| &charge.particulars.concerns);
            return Ok(all_if(concerns == self.id()));
        }
        let back = self.back().map_or(Ok(Pence::ZERO), |back| self.price_when_paid(back))?.min(sold);
        if self.is_outward() { less(capture.amount, back) } else { Ok(back) }
    }

    fn is_outward(&self) -> bool {
        self.payment.booking_id == *self.id()
    }

    /// The way back, when there is one.
    fn back(&self) -> Option<&'a Booking> {
        if self.is_outward() { self.other } else { Some(self.booking) }
    }

    /// The entry by which a payment came into the ledger.
    fn charge(&self, capture: &Capture) -> Option<&'a LedgerEntry> {
        let charges = self
            .ledger
            .iter()
            .filter(|entry| entry.particulars.movement == Movement::Charge && !entry.opens());
        let by_card = |entry: &&LedgerEntry| {
            let intent = entry.particulars.provider_id.as_ref().map(|id| id.as_str());
            intent.is_some() && intent == capture.payment_intent_id.as_deref()
        };
        let at_the_end = |entry: &&LedgerEntry| {
            let taken = sum([Account::Cash, Account::Invoiced].map(|account| entry.on(account)));
            entry.particulars.provider_id.is_none() && entry.at == capture.at && taken == Ok(capture.amount)
        };
        let mut charges = charges;
        if capture.payment_intent_id.is_some() { charges.find(by_card) } else { charges.find(at_the_end) }
    }

    /// What a way cost when both were paid for: as it costs now, without what was changed since. Nothing of one that was
    /// called off before.
    fn price_when_paid(&self, way: &Booking) -> Result<Pence, NoReceipt> {
        if !matches!(way.payment.status, PaymentStatus::Completed | PaymentStatus::Refunded) {
            return Ok(Pence::ZERO);
        }
        let mut price = way.pricing.amount.total;
        for entry in self.ledger.iter().filter(|entry| entry.particulars.concerns == way.booking_id) {
            let since = match entry.particulars.movement {
                Movement::Amendment | Movement::WriteOff => entry.on(Account::Fares),
                // The fare of both was paid under the way there.
                Movement::Charge if way.booking_id != self.payment.booking_id => entry.on(Account::Fares),
                _ => Pence::ZERO,
            };
            price = price.plus(since).ok_or(NoReceipt::TooMuch)?;
        }
        Ok(price.max(Pence::ZERO))
    }

    /// What went back of it, or is to.
    fn refunds(&self) -> Result<Vec<RefundShown>, NoReceipt> {
        let ours = self.refunds.iter().filter(|refund| refund.concerns == *self.id());
        let mut shown: Vec<_> = ours.map(refund_shown).collect();
        shown.extend(self.given_back_before()?);
        if self.payment.booking_id == *self.id() {
            let lost = self.payment.disputes.iter().filter(|dispute| dispute.status == DisputeStage::Lost);
            shown.extend(lost.map(|dispute| RefundShown {
                owed_at: dispute.opened_at,
                amount: dispute.amount,
                reason: "The card's bank gave it back after a dispute".to_owned(),
                status: RefundProgress::Succeeded,
            }));
        }
        shown.sort_by_key(|refund| refund.owed_at);
        Ok(shown)
    }

    /// What the payment says was given back and no refund does: it was before they were kept.
    fn given_back_before(&self) -> Result<Option<RefundShown>, NoReceipt> {
        let made = |refund: &&Refund| refund.was_made() && refund.status != RefundStatus::Failed;
        let known = sum(self.refunds.iter().filter(made).map(|refund| refund.amount.total))?;
        let all = less(self.payment.refund.amount, known)?;
        let amount = match self.back() {
            None => all,
            Some(back) => {
                let (price, paid) = (self.price_when_paid(back)?, self.payment.captured().max(Pence::new(1)));
                let back = all.ratio(price.get(), paid.get()).ok_or(NoReceipt::TooMuch)?;
                if self.is_outward() { less(all, back)? } else { back }
            }
        };
        let at = self.payment.captures.first().map(|capture| capture.at);
        Ok(at.filter(|_| amount > Pence::ZERO).map(|at| RefundShown {
            owed_at: self.payment.refund.refunded_at.unwrap_or(at),
            amount,
            reason: "Given back".to_owned(),
            status: RefundProgress::Succeeded,
        }))
    }
}

fn refund_shown(refund: &Refund) -> RefundShown {
    // What somebody in the office wrote is the office's.
    let reason = match refund.cause {
        RefundCause::Cancelled => "The journey was cancelled",
        RefundCause::Amended => "The journey was changed and costs less",
        RefundCause::PaidTooLate => "Paid when it was no longer waited for",
        RefundCause::PaidTwice => "Paid a second time, or more than was asked for",
        RefundCause::Requested | RefundCause::Elsewhere => "Given back by the operator",
    };
    let status = match refund.status {
        RefundStatus::Owed => RefundProgress::Owed,
        RefundStatus::Pending => RefundProgress::Pending,
        RefundStatus::Succeeded => RefundProgress::Succeeded,
        RefundStatus::Failed => RefundProgress::Failed,
    };
    RefundShown { owed_at: refund.owed_at, amount: refund.amount.total, reason: reason.to_owned(), status }
}
