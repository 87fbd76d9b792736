//! The ledger: every movement of money about a booking, in double entry, written once and never changed.
//!
//! An entry is put in the transaction that causes the movement or learns of it. Its key follows from its cause, so that
//! the same cause twice is one entry. Each has two or more postings that sum to nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::of_booking;
use crate::{
    actor::Actor,
    id::{BookingId, RefundId},
    money::{Currency, Pence},
    table::{Base, Entity, Gsi1, IndexedBy, Key, New, Pk, Stored},
    text::{self, Note, Text},
    time::{Day, Timestamp},
};

/// Where money is, or what it is for. In pence; a debit is positive and a credit negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// At the card processor: taken, less what was given back and what is disputed.
    Card,
    /// In notes and coins, taken by drivers.
    Cash,
    /// On a customer's account, to be invoiced.
    Invoiced,
    /// Between the customer and us: below nothing we owe them, above they owe us.
    Customer,
    /// Sold: journeys.
    Fares,
    /// Sold: what was kept when a journey was cancelled.
    Fees,
    /// Sold: waiting.
    Waiting,
    /// Held by the card scheme while a charge is disputed.
    Disputes,
    /// Lost in disputes.
    Losses,
    /// Let go: too small to charge, or written off by a person.
    WrittenOff,
}

impl Account {
    /// Every account.
    pub const ALL: [Self; 10] = [
        Self::Card,
        Self::Cash,
        Self::Invoiced,
        Self::Customer,
        Self::Fares,
        Self::Fees,
        Self::Waiting,
        Self::Disputes,
        Self::Losses,
        Self::WrittenOff,
    ];
}

/// What moved money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// The card holder, or a passenger with cash, paid.
    Charge,
    /// Money became owed to the customer, other than by a cancellation or an amendment.
    Credit,
    /// A journey was cancelled: what it cost is split into a fee and what is owed back.
    Cancellation,
    /// A journey's price changed.
    Amendment,
    /// Money went back to the customer.
    Refund,
    /// Money that had gone back did not arrive and is here again.
    RefundFailed,
    /// Waiting was charged after the ride.
    Due,
    /// What is owed to us was let go.
    WriteOff,
    /// A charge was disputed, or a dispute decided.
    Dispute,
}

/// One side of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// Pence: a debit above nothing, a credit below; never nothing.
    pub amount: Pence,
}

/// Two or more postings that sum to nothing, each account once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Posting>", into = "Vec<Posting>")]
pub struct Postings(Vec<Posting>);

/// Postings that do not sum to nothing, or name an account twice or for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("postings do not balance")]
pub struct Unbalanced;

impl Postings {
    /// Those of these that are for something; none when nothing moves.
    ///
    /// # Errors
    /// When they do not sum to nothing.
    pub fn of<const N: usize>(sides: [(Account, Pence); N]) -> Result<Option<Self>, Unbalanced> {
        let sides: Vec<Posting> = sides
            .into_iter()
            .filter(|(_, amount)| *amount != Pence::ZERO)
            .map(|(account, amount)| Posting { account, amount })
            .collect();
        if sides.is_empty() { Ok(None) } else { Self::try_from(sides).map(Some) }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Posting> + '_ {
        self.0.iter().copied()
    }
}

impl TryFrom<Vec<Posting>> for Postings {
    type Error = Unbalanced;
    fn try_from(sides: Vec<Posting>) -> Result<Self, Unbalanced> {
        let sum = sides.iter().try_fold(Pence::ZERO, |sum, side| sum.plus(side.amount));
        let mut accounts: Vec<_> = sides.iter().map(|side| side.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let sound = accounts.len() == sides.len() && sides.iter().all(|side| side.amount != Pence::ZERO);
        if sound && !sides.is_empty() && sum == Some(Pence::ZERO) { Ok(Self(sides)) } else { Err(Unbalanced) }
    }
}

impl From<Postings> for Vec<Posting> {
    fn from(postings: Postings) -> Self {
        postings.0
    }
}

/// What an entry is called under its booking; it follows from what caused it: `charge.pi_…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryName(#[serde(deserialize_with = "text::bounded::<_, 300>")] String);

impl EntryName {
    /// That of a movement, by what caused it.
    pub(crate) fn of(movement: &str, cause: impl fmt::Display) -> Self {
        Self(format!("{movement}.{cause}"))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an entry is about, beside its postings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Particulars {
    /// Which way of the journey; the booking itself when there is one.
    pub concerns: BookingId,
    /// What moved the money.
    pub movement: Movement,
    /// The card processor's name for it: `pi_…`, `re_…`, `du_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<Text<255>>,
    /// The refund that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// Why, in somebody's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
}

/// One entry. Never written again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    /// The booking that the payment stands under.
    pub booking_id: BookingId,
    /// What it is called there.
    pub entry: EntryName,
    /// What it is about.
    #[serde(flatten)]
    pub particulars: Particulars,
    /// What the amounts are in.
    pub currency: Currency,
    /// What moved from where to where.
    pub postings: Postings,
    /// When it was caused or learned of.
    pub at: Timestamp,
}

impl LedgerEntry {
    /// What the sort keys of a booking's entries begin with.
    pub(crate) const PREFIX: &'static str = "LEDGER#";
    /// What entries are called that put into the ledger what was taken before there was one.
    pub(crate) const OPENING: &'static str = "opening";

    pub(crate) fn of(
        booking_id: BookingId,
        entry: EntryName,
        particulars: Particulars,
        currency: Currency,
        postings: Postings,
        (by, at): (Actor, Timestamp),
    ) -> New<Self> {
        New::of(Self { booking_id, entry, particulars, currency, postings, at }, by, at)
    }

    /// Whether it only puts into the ledger what was taken before there was one.
    #[must_use]
    pub fn opens(&self) -> bool {
        self.entry.as_str().starts_with(Self::OPENING)
    }

    /// What it moves on an account; nothing when it does not touch it.
    #[must_use]
    pub fn on(&self, account: Account) -> Pence {
        self.postings.iter().find(|side| side.account == account).map_or(Pence::ZERO, |side| side.amount)
    }
}

/// What stands on an account after these entries; none when it cannot be held.
pub fn balance<'a>(entries: impl IntoIterator<Item = &'a LedgerEntry>, account: Account) -> Option<Pence> {
    entries.into_iter().try_fold(Pence::ZERO, |sum, entry| sum.plus(entry.on(account)))
}

/// How entries of a day sort.
pub(crate) fn moment_sort(at: Timestamp) -> String {
    format!("AT#{at}")
}

impl Entity for LedgerEntry {
    const TYPE: &'static str = "LedgerEntry";
    type Id<'a> = (&'a BookingId, &'a EntryName);
    type Indexes = (Gsi1,);

    fn key_of((booking, entry): Self::Id<'_>) -> Key<Base> {
        of_booking(booking).at(format_args!("{}{entry}", Self::PREFIX))
    }

    fn id(&self) -> Self::Id<'_> {
        (&self.booking_id, &self.entry)
    }
}

impl IndexedBy<Base> for LedgerEntry {
    type Partition<'a> = &'a BookingId;

    fn partition(booking: Self::Partition<'_>) -> Pk<Base> {
        of_booking(booking)
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Base>> {
        Some(Self::key_of(row.data.id()))
    }
}

impl IndexedBy<Gsi1> for LedgerEntry {
    const SPREAD: bool = true;
    type Partition<'a> = Day;

    fn partition(day: Self::Partition<'_>) -> Pk<Gsi1> {
        Pk::new(format_args!("LEDGER#{day}"))
    }

    fn entry(row: &Stored<Self>) -> Option<Key<Gsi1>> {
        Some(Self::partition(row.data.at.day()).at(moment_sort(row.data.at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pence(amount: i64) -> Pence {
        Pence::new(amount)
    }

    #[test]
    fn only_what_balances_is_an_entry() {
        use Account::{Card, Cash, Customer, Fares, Fees};
        assert!(Postings::of([(Card, pence(1228)), (Fares, pence(-1228))]).unwrap().is_some());
        assert!(Postings::of([(Fares, pence(1228)), (Fees, pence(-500)), (Customer, pence(-728))]).is_ok());
        assert_eq!(Postings::of([(Card, pence(0)), (Fares, pence(0))]), Ok(None), "nothing moves");
        assert_eq!(Postings::of([(Card, pence(1)), (Fares, pence(-2))]), Err(Unbalanced));
        assert_eq!(Postings::of([(Card, pence(1)), (Card, pence(-1))]), Err(Unbalanced));
        let most = [(Card, pence(i64::MAX)), (Cash, pence(i64::MAX)), (Fares, pence(2))];
        assert_eq!(Postings::of(most), Err(Unbalanced), "a sum that cannot be held is none");
        let stored =
            serde_json::json!([{ "account": "card", "amount": 1 }, { "account": "fares", "amount": -2 }]);
        assert!(serde_json::from_value::<Postings>(stored).is_err(), "not even from the table");
    }
}
