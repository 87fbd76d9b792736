//! What a customer can file: a journey, what it came to, what was paid for it and what was given back.
//!
//! A receipt is made of stored facts alone. It bears the time of the last thing on it, so the same facts are the same
//! receipt whoever asks for it and whenever.

use serde::Serialize;

mod accounts;
mod making;
mod reading;

pub use accounts::Accounts;
pub use making::{Facts, NoReceipt};
pub use reading::{ReceiptError, read};

use making::{less, sum};

use crate::{
    contact::{Email, Phone},
    entity::{payment::PaymentMethod, tariff::BasisPoints},
    id::{BookingId, BookingReference},
    money::{Currency, Pence},
    pricing::Rule,
    time::Timestamp,
};

/// A receipt for one booking. Amounts are in pence of `currency`.
///
/// `total` is the sum of `lines` and of `subtotal` and `tax`; `balance` is `paid` less `refunded`; and `total` is
/// `balance` plus `still_due` less `still_to_refund`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Who was paid.
    pub operator: Issuer,
    /// For which booking.
    pub booking_id: BookingId,
    /// What people call it.
    pub booking_reference: BookingReference,
    /// Who booked.
    pub customer_name: String,
    /// What was booked.
    pub journey: Travelled,
    /// When the last thing on it happened.
    pub issued_at: Timestamp,
    /// What the amounts are pence of.
    pub currency: Currency,
    /// What was charged and what was taken off, in order.
    pub lines: Vec<ReceiptLine>,
    /// The total without VAT.
    pub subtotal: Pence,
    /// The VAT inside the total.
    pub tax: Pence,
    /// How the VAT was worked out.
    pub vat: VatShown,
    /// What the booking came to in the end.
    pub total: Pence,
    /// The fee among the lines, when it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancellation_fee: Option<Pence>,
    /// The waiting after the ride among the lines, when it was charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting_charge: Option<Pence>,
    /// What was paid, in order.
    pub payments: Vec<PaymentShown>,
    /// What was given back or is to be, in order.
    pub refunds: Vec<RefundShown>,
    /// The sum of the payments.
    pub paid: Pence,
    /// The sum of the refunds that have been sent and did not fail.
    pub refunded: Pence,
    /// What the operator holds: paid less refunded.
    pub balance: Pence,
    /// What the customer has yet to pay.
    pub still_due: Pence,
    /// What the operator has yet to give back.
    pub still_to_refund: Pence,
}

/// The operator as a receipt names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Issuer {
    /// Trading name.
    pub name: String,
    /// Line by line.
    pub address: Vec<String>,
    /// Where customers ring.
    pub phone: Phone,
    /// Where customers write.
    pub email: Email,
    /// As it is printed; none without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vat_number: Option<String>,
    /// Who licenses the operator.
    pub licensing_authority: String,
    /// The operator's licence.
    pub licence_number: String,
}

/// The journey as a receipt names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Travelled {
    /// From where.
    pub pickup: String,
    /// By way of, in order.
    pub stops: Vec<String>,
    /// To where.
    pub dropoff: String,
    /// When.
    pub pickup_time: Timestamp,
    /// When, as a clock in London shows it: `Fri 20 Nov 2026, 14:30`.
    pub pickup_time_in_london: String,
}

/// What made a line of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LineRule {
    /// A rule of the tariff, when the journey was quoted.
    Fare(Rule),
    /// Something since.
    Since(Since),
}

/// What changes what a booking comes to, after it was priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Since {
    /// The fare as one amount, of a booking whose lines are not known.
    AgreedFare,
    /// The fare is not charged: the booking was cancelled.
    Cancelled,
    /// What is charged for the cancellation.
    CancellationFee,
    /// Waiting that came about on the ride.
    WaitingCharge,
    /// Taken off by the operator.
    Reduction,
    /// A difference too small to be asked for, or waiting that was let go.
    WrittenOff,
    /// Lost in a dispute of the card holder's.
    Disputed,
}

/// One line of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptLine {
    /// What made it.
    pub rule: LineRule,
    /// In words.
    pub description: String,
    /// Negative for what is taken off.
    pub amount: Pence,
}

/// How VAT was worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VatShown {
    /// Whether the operator was registered when the journey was priced.
    pub registered: bool,
    /// At what rate, in hundredths of a percent; 0 when not registered.
    pub rate_basis_points: BasisPoints,
}

/// A payment as a receipt has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentShown {
    /// When the money was taken.
    pub paid_at: Timestamp,
    /// How it was paid.
    pub method: PaymentMethod,
    /// The part of it that is for this booking.
    pub amount: Pence,
    /// The whole, where it was for this booking and for the other way too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole_payment: Option<Pence>,
}

/// How far a refund has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundProgress {
    /// To be made.
    Owed,
    /// On its way to the card.
    Pending,
    /// Made.
    Succeeded,
    /// It did not arrive.
    Failed,
}

impl RefundProgress {
    /// Whether the money has left the operator.
    #[must_use]
    pub const fn is_sent(self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}

/// A refund as a receipt has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundShown {
    /// When it came to be owed.
    pub owed_at: Timestamp,
    /// The part of it that is for this booking.
    pub amount: Pence,
    /// Why, in words.
    pub reason: String,
    /// How far it has come.
    pub status: RefundProgress,
}
