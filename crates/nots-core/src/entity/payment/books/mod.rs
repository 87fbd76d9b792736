//! One change of a booking's money: whatever moves is put into the payment's facts and into the ledger at once, and what
//! is owed back becomes refunds to be made, in one transaction that the payment's version guards.

mod disputes;
mod refunds;

use super::{Capture, Payment, PaymentMethod, PaymentStatus};
use crate::{
    actor::Actor,
    entity::{
        ledger::{Account, EntryName, LedgerEntry, Movement, Particulars, Postings, Unbalanced},
        link::StripeLink,
        refund::{Refund, RefundCause},
    },
    id::BookingId,
    money::Pence,
    table::{IllegalMove, Move, New, Stored, Transaction},
    text::{Note, Text},
    time::Timestamp,
};

/// Why money does not move so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BooksError {
    /// The payment, or a refund, is in a state that has no such move.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// Less than that can be given back.
    #[error("only {left} can be given back")]
    NotEnough {
        /// What can be.
        left: Pence,
    },
    /// An amount of another currency, or one that cannot be held.
    #[error("the amount cannot be kept")]
    Amount,
    /// It follows from what was not read; a fault of ours.
    #[error("what it follows from was not read")]
    Unread,
}

impl From<Unbalanced> for BooksError {
    fn from(_: Unbalanced) -> Self {
        Self::Amount
    }
}

/// Where money is that did not come by card.
const fn into(method: PaymentMethod) -> Account {
    match method {
        PaymentMethod::Account => Account::Invoiced,
        PaymentMethod::Cash | PaymentMethod::Stripe | PaymentMethod::Legacy => Account::Cash,
    }
}

/// Money that is to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed<'a> {
    /// What it follows from; the same again is the same refund.
    pub key: &'a str,
    /// What it is for.
    pub cause: RefundCause,
    /// Which way of the journey it is about.
    pub concerns: &'a BookingId,
    /// Why, in somebody's words.
    pub reason: Option<Note>,
}

/// The books of one payment, open for one transaction.
#[must_use]
#[derive(Debug)]
pub struct Books {
    row: Stored<Payment>,
    data: Payment,
    entries: Vec<New<LedgerEntry>>,
    refunds: Vec<New<Refund>>,
    told: Vec<Move<Refund>>,
    links: Vec<New<StripeLink>>,
    by: Actor,
    at: Timestamp,
}

impl Books {
    /// Opens them.
    pub fn open(row: Stored<Payment>, by: Actor, at: Timestamp) -> Self {
        let data = row.data.clone();
        let (entries, refunds, told, links) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { row, data, entries, refunds, told, links, by, at }
    }

    /// The payment as it will be.
    #[must_use]
    pub fn payment(&self) -> &Payment {
        &self.data
    }

    /// Where the payment will stand: once money was taken, what was taken and what went back say it.
    #[must_use]
    pub fn status(&self) -> PaymentStatus {
        let (captured, asked) = (self.data.captured(), self.data.amount.total);
        let back = self.data.refund.amount;
        if captured.is_zero() {
            self.data.status
        } else if back >= captured {
            PaymentStatus::Refunded
        } else if self.data.status == PaymentStatus::Pending
            && self.data.method.is_settled_at_the_end()
            && captured < asked
        {
            // Of a journey there and back only one way is over. Once it was paid, or given back, it waits no more.
            PaymentStatus::Pending
        } else {
            PaymentStatus::Completed
        }
    }

    /// The refunds that come to be owed.
    pub fn refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().map(|new| &new.after().data)
    }

    /// A PaymentIntent took money, `sold` of it for journeys at the price that is asked for now. The rest is the
    /// customer's: it pays a due, or is given back.
    ///
    /// # Errors
    /// When `sold` is more than the amount.
    pub fn capture_card(&mut self, intent: &str, amount: Pence, sold: Pence) -> Result<(), BooksError> {
        let concerns = self.data.booking_id.clone();
        self.capture_card_for(&concerns, intent, amount, sold)
    }

    /// The same of money that is about one way of the journey: what it costs more since it was changed, what it still
    /// owed, or what came for it in vain.
    ///
    /// # Errors
    /// When `sold` is more than the amount.
    pub fn capture_card_for(
        &mut self,
        concerns: &BookingId,
        intent: &str,
        amount: Pence,
        sold: Pence,
    ) -> Result<(), BooksError> {
        let rest = amount.less(sold).filter(|rest| *rest >= Pence::ZERO).ok_or(BooksError::Amount)?;
        let sides =
            [(Account::Card, amount), (Account::Fares, sold.negated()), (Account::Customer, rest.negated())];
        let particulars = self.about(concerns, Movement::Charge, Some(intent));
        self.post("charge", intent, particulars, sides)?;
        self.captured(Some(intent), PaymentMethod::Stripe, amount);
        if self.data.provider.payment_intent_id.is_none() {
            self.data.provider.payment_intent_id = Some(intent.to_owned());
        }
        let booking = self.data.booking_id.clone();
        self.links.push(StripeLink::to(intent.to_owned(), booking, self.by.clone(), self.at));
        Ok(())
    }

    /// What a journey still owed was paid in cash.
    ///
    /// # Errors
    /// When the sum cannot be held.
    pub fn due_paid_in_cash(&mut self, concerns: &BookingId, due: Pence) -> Result<(), BooksError> {
        let particulars = self.about(concerns, Movement::Charge, None);
        let sides = [(Account::Cash, due), (Account::Customer, due.negated())];
        self.post("due_paid", concerns, particulars, sides)?;
        self.captured(None, PaymentMethod::Cash, due);
        Ok(())
    }

    /// The passenger paid the driver, or it is put on the account: `fare` for the journey and `due` for what was raised
    /// after it.
    ///
    /// # Errors
    /// When the sum cannot be held.
    pub fn capture_at_the_end(
        &mut self,
        concerns: &BookingId,
        fare: Pence,
        due: Pence,
    ) -> Result<(), BooksError> {
        let amount = fare.plus(due).ok_or(BooksError::Amount)?;
        let particulars = self.about(concerns, Movement::Charge, None);
        let sides = [
            (into(self.data.method), amount),
            (Account::Fares, fare.negated()),
            (Account::Customer, due.negated()),
        ];
        self.post("charge", concerns, particulars, sides)?;
        self.captured(None, self.data.method, amount);
        Ok(())
    }

    fn captured(&mut self, intent: Option<&str>, method: PaymentMethod, amount: Pence) {
        let payment_intent_id = intent.map(str::to_owned);
        let capture =
            Capture { payment_intent_id, method, amount, given_back: Pence::ZERO, at: self.at, posted: true };
        self.data.captures.push(capture);
    }

    /// All that one PaymentIntent took is owed back, for it confirmed nothing; `capture_card` has posted it as the
    /// customer's.
    ///
    /// # Errors
    /// When the PaymentIntent took less.
    pub fn give_back_of(&mut self, intent: &str, amount: Pence, owed: &Owed<'_>) -> Result<(), BooksError> {
        self.owe(amount, owed, Some(intent))
    }

    /// A way of the journey was cancelled: of its fare a fee is kept and the rest is owed back, as far as it was paid and
    /// has not gone back already. What is owed is answered.
    ///
    /// # Errors
    /// When the fee is above the fare.
    pub fn cancel(&mut self, fare: Pence, fee: Pence, owed: &Owed<'_>) -> Result<Pence, BooksError> {
        let rest = fare.less(fee).filter(|rest| *rest >= Pence::ZERO).ok_or(BooksError::Amount)?;
        let back = rest.min(self.data.refundable());
        let sold = back.plus(fee).ok_or(BooksError::Amount)?;
        let sides =
            [(Account::Fares, sold), (Account::Fees, fee.negated()), (Account::Customer, back.negated())];
        let mut particulars = self.about(owed.concerns, Movement::Cancellation, None);
        particulars.reason.clone_from(&owed.reason);
        self.post("cancellation", owed.concerns, particulars, sides)?;
        self.owe(back, owed, None)?;
        Ok(back)
    }

    /// A way of the journey costs less from now on: the difference is owed back, as far as it was paid.
    ///
    /// # Errors
    /// When the amounts cannot be held.
    pub fn amend_down(&mut self, less: Pence, owed: &Owed<'_>) -> Result<Pence, BooksError> {
        let back = less.min(self.data.refundable());
        self.reprice(less.negated())?;
        let particulars = self.about(owed.concerns, Movement::Amendment, None);
        let sides = [(Account::Fares, back), (Account::Customer, back.negated())];
        self.post("amendment", owed.key, particulars, sides)?;
        self.owe(back, owed, None)?;
        Ok(back)
    }

    /// A way of the journey costs more from now on, and so little more that it is let go.
    ///
    /// # Errors
    /// When the amounts cannot be held.
    pub fn let_go(&mut self, more: Pence, key: &str, concerns: &BookingId) -> Result<(), BooksError> {
        self.reprice(more)?;
        let particulars = self.about(concerns, Movement::WriteOff, None);
        let sides = [(Account::WrittenOff, more), (Account::Fares, more.negated())];
        self.post("write_off", key, particulars, sides)
    }

    /// What is asked for changes, and no money moves with it here: nothing has been paid, or it has just been.
    ///
    /// # Errors
    /// When it would be nothing or less, or cannot be held.
    pub fn reprice(&mut self, by: Pence) -> Result<(), BooksError> {
        let total = self.data.amount.total.plus(by).filter(|total| *total >= Pence::ZERO);
        self.data.amount.total = total.ok_or(BooksError::Amount)?;
        Ok(())
    }

    /// Something is owed by the customer after the journey.
    ///
    /// # Errors
    /// When the amount cannot be held.
    pub fn raise_due(&mut self, concerns: &BookingId, amount: Pence) -> Result<(), BooksError> {
        let particulars = self.about(concerns, Movement::Due, None);
        let sides = [(Account::Customer, amount), (Account::Waiting, amount.negated())];
        self.post("due", concerns, particulars, sides)
    }

    /// What the customer owes after the journey is let go.
    ///
    /// # Errors
    /// When the amount cannot be held.
    pub fn write_off_due(
        &mut self,
        concerns: &BookingId,
        amount: Pence,
        reason: Option<Note>,
    ) -> Result<(), BooksError> {
        let particulars = Particulars { reason, ..self.about(concerns, Movement::WriteOff, None) };
        let sides = [(Account::WrittenOff, amount), (Account::Customer, amount.negated())];
        self.post("due_written_off", concerns, particulars, sides)
    }

    /// The money of an attempt is on its way.
    pub fn processing(&mut self) {
        self.data.status = PaymentStatus::Processing;
    }

    /// The money of an attempt did not come, and another may be begun.
    pub fn bounced(&mut self) {
        self.data.status = PaymentStatus::Pending;
    }

    /// Nothing of it is waited for any more.
    pub fn lapse(&mut self) {
        self.data.status = PaymentStatus::Failed;
    }

    /// It is settled once the journey is over.
    pub fn settle_at_the_end(&mut self, method: PaymentMethod) {
        self.data.method = method;
        self.data.provider.name = method;
    }

    fn about(&self, concerns: &BookingId, movement: Movement, provider: Option<&str>) -> Particulars {
        let provider_id = provider.and_then(|id| Text::parse(id).ok());
        Particulars { concerns: concerns.clone(), movement, provider_id, refund_id: None, reason: None }
    }

    fn post<const N: usize>(
        &mut self,
        movement: &str,
        cause: impl std::fmt::Display,
        particulars: Particulars,
        sides: [(Account, Pence); N],
    ) -> Result<(), BooksError> {
        let Some(postings) = Postings::of(sides)? else { return Ok(()) };
        let (booking, currency) = (self.data.booking_id.clone(), self.data.amount.currency);
        let name = EntryName::of(movement, cause);
        let by = (self.by.clone(), self.at);
        self.entries.push(LedgerEntry::of(booking, name, particulars, currency, postings, by));
        Ok(())
    }

    /// Puts into the ledger what was taken before it was kept.
    fn open_the_ledger(&mut self) -> Result<(), BooksError> {
        for at in 0..self.row.data.captures.len() {
            let Some(capture) = self.row.data.captures.get(at).filter(|c| !c.posted).cloned() else {
                continue;
            };
            let into = if capture.payment_intent_id.is_some() { Account::Card } else { Account::Cash };
            let concerns = self.data.booking_id.clone();
            let intent = capture.payment_intent_id.as_deref();
            let particulars = self.about(&concerns, Movement::Charge, intent);
            let stays = capture.left();
            self.post(
                LedgerEntry::OPENING,
                at,
                particulars,
                [(into, stays), (Account::Fares, stays.negated())],
            )?;
            if let Some(capture) = self.data.captures.get_mut(at) {
                capture.posted = true;
            }
        }
        Ok(())
    }

    /// Closes them: the payment with all that has moved. An empty transaction when nothing has.
    ///
    /// # Errors
    /// When the payment is in a state that has no such move.
    pub fn close(mut self) -> Result<Transaction, BooksError> {
        if self.data != self.row.data {
            self.open_the_ledger()?;
        }
        let status = self.status();
        let Self { row, mut data, entries, refunds, told, links, by, at } = self;
        data.status = status;
        if data == row.data && entries.is_empty() && told.is_empty() && refunds.is_empty() {
            return Ok(Transaction::new());
        }
        let mut transaction = Transaction::new().apply(&Move::of(row, data, by, at)?);
        for entry in &entries {
            transaction = transaction.create(entry);
        }
        for refund in &refunds {
            transaction = transaction.create(refund);
        }
        for told in &told {
            transaction = transaction.apply(told);
        }
        for link in &links {
            transaction = transaction.create(link);
        }
        Ok(transaction)
    }
}
