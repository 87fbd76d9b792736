//! Money that goes back: owed, asked for, made, refused, and come again.

use super::{Books, BooksError, Owed, into};
use crate::{
    entity::{
        ledger::{Account, Movement},
        payment::{Payment, PaymentMethod},
        refund::{Refund, RefundCause, RefundStatus},
    },
    id::{PaymentId, RefundId},
    money::{Pence, Total},
    ports::{RefundFacts, RefundStage, total_of},
    table::Stored,
};

/// Money by hand has no name of its own: the first, the second part of it.
fn by_hand_part(part: usize) -> String {
    format!("by_hand.{part}")
}

impl Books {
    /// Somebody in the office gives money back. What failed to go back before is given first.
    ///
    /// # Errors
    /// When more is asked for than can be given back.
    pub fn give_back(&mut self, amount: Pence, owed: &Owed<'_>) -> Result<(), BooksError> {
        let again = amount.min(self.data.owed_again);
        let fresh = amount.less(again).ok_or(BooksError::Amount)?;
        self.data.owed_again = self.data.owed_again.less(again).ok_or(BooksError::Amount)?;
        let mut particulars = self.about(owed.concerns, Movement::Credit, None);
        particulars.reason.clone_from(&owed.reason);
        let sides = [(Account::Fares, fresh), (Account::Customer, fresh.negated())];
        self.post("credit", RefundId::of_cause(&self.data.payment_id, owed.key, ""), particulars, sides)?;
        self.owe(amount, owed, None)
    }

    /// Refunds of an amount, of the oldest money first; each is of one PaymentIntent.
    pub(super) fn owe(&mut self, amount: Pence, owed: &Owed<'_>, of: Option<&str>) -> Result<(), BooksError> {
        let mut wanted = amount;
        let mut made = Vec::new();
        let left: Vec<Pence> = self.data.captures.iter().map(|capture| self.data.left_of(capture)).collect();
        for (capture, left) in self.data.captures.iter_mut().zip(left) {
            let method = capture.method;
            let fits = of.is_none() || capture.payment_intent_id.as_deref() == of;
            let part = left.min(wanted);
            if !fits || part <= Pence::ZERO {
                continue;
            }
            wanted = wanted.less(part).ok_or(BooksError::Amount)?;
            capture.given_back = capture.given_back.plus(part).ok_or(BooksError::Amount)?;
            made.push((capture.payment_intent_id.clone(), method, part));
        }
        if wanted > Pence::ZERO {
            return Err(BooksError::NotEnough { left: amount.less(wanted).unwrap_or(Pence::ZERO) });
        }
        for (intent, method, part) in made {
            self.begin_refund(intent, method, part, owed)?;
        }
        Ok(())
    }

    fn begin_refund(
        &mut self,
        intent: Option<String>,
        method: PaymentMethod,
        amount: Pence,
        owed: &Owed<'_>,
    ) -> Result<(), BooksError> {
        let by_hand = intent.is_none();
        let by_hand_before = self.refunds().filter(|refund| refund.payment_intent_id.is_none()).count();
        // Money by hand of several times is one refund each.
        let of = intent.clone().unwrap_or_else(|| by_hand_part(by_hand_before));
        let refund_id = RefundId::of_cause(&self.data.payment_id, owed.key, &of);
        // Money that did not come by card is handed over, and whoever says so has done it.
        let status = if by_hand { RefundStatus::Succeeded } else { RefundStatus::Owed };
        let refund = Refund {
            refund_id: refund_id.clone(),
            booking_id: self.data.booking_id.clone(),
            payment_id: self.data.payment_id.clone(),
            concerns: owed.concerns.clone(),
            status,
            cause: owed.cause,
            payment_intent_id: intent,
            amount: Total { total: amount, currency: self.data.amount.currency },
            reason: owed.reason.clone(),
            stripe_refund_id: None,
            failure: None,
            owed_at: self.at,
            made_at: by_hand.then_some(self.at),
        };
        if by_hand {
            self.went_back(&refund, (Account::Customer, into(method)), None)?;
        }
        self.refunds.push(refund.begin(self.by.clone(), self.at));
        Ok(())
    }

    /// What the refunds would be called that a cause has of a payment, whichever of its money they are of.
    #[must_use]
    pub fn refunds_by(payment: &Payment, key: &str) -> Vec<RefundId> {
        let intents = payment.captures.iter().filter_map(|capture| capture.payment_intent_id.clone());
        let by_hand = payment.captures.iter().filter(|capture| capture.payment_intent_id.is_none());
        let parts = intents.chain(by_hand.enumerate().map(|(part, _)| by_hand_part(part)));
        parts.map(|of| RefundId::of_cause(&payment.payment_id, key, &of)).collect()
    }

    /// What the card processor says of a refund of ours; nothing happens when it is no news.
    ///
    /// # Errors
    /// When the amounts cannot be held.
    pub fn refund_told(&mut self, row: Stored<Refund>, facts: &RefundFacts) -> Result<(), BooksError> {
        let before = row.data.clone();
        let Some(told) = Refund::told(row, facts, self.by.clone(), self.at) else { return Ok(()) };
        let refund = told.after().data.clone();
        // What came of it when it was made in the dashboard was never the customer's to begin with.
        let from = if refund.cause == RefundCause::Elsewhere { Account::Fares } else { Account::Customer };
        if !before.was_made() {
            self.went_back(&refund, (from, Account::Card), Some(&facts.id))?;
        }
        if refund.status == RefundStatus::Failed {
            self.came_again(&refund, (Account::Card, from), &facts.id)?;
        }
        self.told.push(told);
        Ok(())
    }

    /// The card processor would not make a refund; what is owed stands.
    ///
    /// # Errors
    /// When it is not one that was to be made.
    pub fn refund_refused(&mut self, row: Stored<Refund>, code: Option<String>) -> Result<(), BooksError> {
        let refused = Refund::refused(row, code, self.by.clone(), self.at)?;
        let refund = refused.after().data.clone();
        self.release(&refund)?;
        self.data.owed_again = self.data.owed_again.plus(refund.amount.total).ok_or(BooksError::Amount)?;
        self.told.push(refused);
        Ok(())
    }

    /// A refund that was made at the card processor and not here.
    ///
    /// # Errors
    /// When it is of another currency, or of money that is not known here.
    pub fn refund_elsewhere(&mut self, intent: &str, facts: &RefundFacts) -> Result<(), BooksError> {
        let amount = total_of(facts.amount, &facts.currency).ok_or(BooksError::Amount)?;
        let capture = self.data.captures.iter_mut().find(|c| c.payment_intent_id.as_deref() == Some(intent));
        let capture = capture.ok_or(BooksError::Amount)?;
        capture.given_back = capture.given_back.plus(amount.total).ok_or(BooksError::Amount)?;
        let refund = Refund {
            refund_id: Self::id_of_elsewhere(&self.data.payment_id, facts),
            booking_id: self.data.booking_id.clone(),
            payment_id: self.data.payment_id.clone(),
            concerns: self.data.booking_id.clone(),
            status: facts.stage.into(),
            cause: RefundCause::Elsewhere,
            payment_intent_id: Some(intent.to_owned()),
            amount,
            reason: None,
            stripe_refund_id: Some(facts.id.clone()),
            failure: facts.failure.clone(),
            owed_at: self.at,
            made_at: Some(self.at),
        };
        self.went_back(&refund, (Account::Fares, Account::Card), Some(&facts.id))?;
        if facts.stage == RefundStage::Failed {
            self.came_again(&refund, (Account::Card, Account::Fares), &facts.id)?;
        }
        self.refunds.push(refund.begin(self.by.clone(), self.at));
        Ok(())
    }

    /// What a refund that was made at the card processor is called here.
    #[must_use]
    pub fn id_of_elsewhere(payment: &PaymentId, facts: &RefundFacts) -> RefundId {
        RefundId::of_cause(payment, "elsewhere", &facts.id)
    }

    fn went_back(
        &mut self,
        refund: &Refund,
        (debit, credit): (Account, Account),
        provider: Option<&str>,
    ) -> Result<(), BooksError> {
        let amount = refund.amount.total;
        let mut particulars = self.about(&refund.concerns, Movement::Refund, provider);
        particulars.refund_id = Some(refund.refund_id.clone());
        self.post("refund", &refund.refund_id, particulars, [(debit, amount), (credit, amount.negated())])?;
        let summary = &mut self.data.refund;
        summary.amount = summary.amount.plus(amount).ok_or(BooksError::Amount)?;
        summary.refunded = true;
        summary.refund_id = provider.map(str::to_owned);
        summary.reason = refund.reason.as_ref().map(ToString::to_string);
        summary.refunded_at = Some(self.at);
        Ok(())
    }

    fn came_again(
        &mut self,
        refund: &Refund,
        (debit, credit): (Account, Account),
        provider: &str,
    ) -> Result<(), BooksError> {
        let amount = refund.amount.total;
        let mut particulars = self.about(&refund.concerns, Movement::RefundFailed, Some(provider));
        particulars.refund_id = Some(refund.refund_id.clone());
        let sides = [(debit, amount), (credit, amount.negated())];
        self.post("refund_failed", &refund.refund_id, particulars, sides)?;
        let summary = &mut self.data.refund;
        summary.amount = summary.amount.less(amount).ok_or(BooksError::Amount)?;
        summary.refunded = summary.amount > Pence::ZERO;
        self.release(refund)?;
        if credit == Account::Customer {
            self.data.owed_again = self.data.owed_again.plus(amount).ok_or(BooksError::Amount)?;
        }
        Ok(())
    }

    /// A refund that did not come about no longer stands against what was taken.
    fn release(&mut self, refund: &Refund) -> Result<(), BooksError> {
        let of = &refund.payment_intent_id;
        if let Some(capture) = self.data.captures.iter_mut().find(|c| c.payment_intent_id == *of) {
            capture.given_back =
                capture.given_back.less(refund.amount.total).ok_or(BooksError::Amount)?.max(Pence::ZERO);
        }
        Ok(())
    }
}
