//! Our books against the card processor's own lists: what was charged, given back and disputed, and whether each
//! booking's entries come to what its payment says.
//!
//! What happened in a window is compared, both ways. Because we learn of things after they happen, and refunds and
//! disputes change long after they are made, the card processor's lists are read from further back than the window
//! ([`lists_for`]): what is known there is found whenever it was learned, and a refund or a dispute whose last news was
//! lost is found although it is older.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    entity::{
        Due, LedgerEntry, Payment, Refund,
        due::DueStatus,
        ledger::{Account, Movement, balance},
        payment::{self, Capture},
        reconciliation::{Difference, DifferenceKind},
        refund::RefundStatus,
    },
    id::BookingId,
    money::Pence,
    ports::{ChargeFacts, DisputeFacts, DisputeStage, RefundFacts, total_of},
    time::{Interval, Seconds, Timestamp},
};

/// How long news may be on its way before its absence is a difference.
pub const GRACE: Seconds = 3_600;
/// How long before the window a charge may have been made that was learned of within it: Stripe sends an event for three
/// days, and a person may have it sent again.
const CHARGES_BEFORE: Seconds = 7 * 86_400;
/// How old a refund may be whose state is still compared: banks send money back within a month.
const REFUNDS_BEFORE: Seconds = 30 * 86_400;
/// How old a dispute may be whose state is still compared: card schemes take up to three months to decide.
const DISPUTES_BEFORE: Seconds = 120 * 86_400;

/// What the card processor lists.
#[derive(Debug, Clone, Default)]
pub struct Theirs {
    /// Charges that took money.
    pub charges: Vec<ChargeFacts>,
    /// Refunds.
    pub refunds: Vec<RefundFacts>,
    /// Disputes.
    pub disputes: Vec<DisputeFacts>,
}

/// Of when each of the card processor's lists is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    /// Charges.
    pub charges: Interval,
    /// Refunds.
    pub refunds: Interval,
    /// Disputes.
    pub disputes: Interval,
}

/// Of when the lists are to be read that a window is compared with.
#[must_use]
pub fn lists_for(window: Interval) -> Lists {
    // A little beyond its end too: their clock may be ahead of ours.
    let from = |before| Interval { from: window.from.minus(before), to: window.to.plus(GRACE) };
    Lists { charges: from(CHARGES_BEFORE), refunds: from(REFUNDS_BEFORE), disputes: from(DISPUTES_BEFORE) }
}

impl Theirs {
    /// Every PaymentIntent that they name.
    #[must_use]
    pub fn intents(&self) -> BTreeSet<String> {
        let charges = self.charges.iter().map(|charge| &charge.payment_intent);
        let refunds = self.refunds.iter().map(|refund| &refund.payment_intent);
        let disputes = self.disputes.iter().map(|dispute| &dispute.payment_intent);
        charges.chain(refunds).chain(disputes).flatten().cloned().collect()
    }
}

/// All that the table keeps about one booking's money.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The payment.
    pub payment: Payment,
    /// All of its entries.
    pub entries: Vec<LedgerEntry>,
    /// All of its refunds.
    pub refunds: Vec<Refund>,
    /// What its journeys owe, or owed, after they were over.
    pub dues: Vec<Due>,
}

/// An amount as a person reads it beside another.
fn said(amount: Pence) -> String {
    amount.display(crate::money::Currency::Gbp)
}

fn said_by_them(amount: i64, currency: &str) -> String {
    total_of(amount, currency).map_or_else(|| format!("{amount} {currency}"), |total| said(total.total))
}

/// Whether it is theirs to say that it is the same amount.
fn same(amount: i64, currency: &str, ours: Pence) -> bool {
    total_of(amount, currency).is_some_and(|total| total.total == ours)
}

/// Everything in which they differ, by booking. `now` is when the comparison was begun: what came later is left to the
/// next one.
#[must_use]
pub fn differences(window: Interval, theirs: &Theirs, ours: &[Kept], now: Timestamp) -> Vec<Difference> {
    let mut comparison = Comparison { window, now, theirs, found: Vec::new() };
    let by_intent: BTreeMap<&str, &Kept> = ours
        .iter()
        .flat_map(|kept| {
            kept.payment.captures.iter().filter_map(move |c| Some((c.payment_intent_id.as_deref()?, kept)))
        })
        .collect();
    let kept = |intent: &Option<String>| intent.as_deref().and_then(|intent| by_intent.get(intent)).copied();
    for charge in &theirs.charges {
        comparison.charge(charge, kept(&charge.payment_intent));
    }
    for refund in &theirs.refunds {
        comparison.refund(refund, kept(&refund.payment_intent));
    }
    for dispute in &theirs.disputes {
        comparison.dispute(dispute, kept(&dispute.payment_intent));
    }
    for kept in ours {
        comparison.entries(kept);
        comparison.refunds_owed(kept);
        comparison.books(kept);
    }
    let mut found = comparison.found;
    found.sort();
    found.dedup();
    found
}

struct Comparison<'a> {
    window: Interval,
    now: Timestamp,
    theirs: &'a Theirs,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn differ(
        &mut self,
        booking: Option<&BookingId>,
        kind: DifferenceKind,
        stripe_id: Option<&str>,
        (theirs, ours): (Option<String>, Option<String>),
    ) {
        let (booking_id, stripe_id) = (booking.cloned(), stripe_id.map(str::to_owned));
        self.found.push(Difference { booking_id, kind, stripe_id, theirs, ours });
    }

    fn in_window(&self, at: Timestamp) -> bool {
        self.window.from <= at && at < self.window.to && at < self.now
    }

    /// Whether it happened in the window, and long enough ago to be known here.
    fn should_be_known(&self, at: Timestamp) -> bool {
        self.in_window(at) && at.plus(GRACE) <= self.now
    }

    fn charge(&mut self, charge: &ChargeFacts, kept: Option<&Kept>) {
        if !self.should_be_known(charge.created_at) {
            return;
        }
        let stripe_id = Some(charge.id.as_str());
        let theirs = Some(said_by_them(charge.amount, &charge.currency));
        let capture = kept.zip(charge.payment_intent.as_deref());
        let capture =
            capture.and_then(|(kept, intent)| Some((kept, intent, kept.payment.capture_of(intent)?)));
        let Some((kept, intent, capture)) = capture else {
            // Without a booking of ours it is another business's.
            if charge.booking_id.is_some() {
                let kind = DifferenceKind::ChargeMissingInLedger;
                self.differ(charge.booking_id.as_ref(), kind, stripe_id, (theirs, None));
            }
            return;
        };
        let booking = Some(&kept.payment.booking_id);
        let entry = kept.entries.iter().find(|entry| is_charge_of(entry, intent));
        let ours = match entry {
            None if capture.posted => {
                self.differ(booking, DifferenceKind::ChargeMissingInLedger, stripe_id, (theirs, None));
                return;
            }
            Some(entry) if !entry.opens() => entry.on(Account::Card),
            _ => capture.amount,
        };
        if !same(charge.amount, &charge.currency, ours) {
            self.differ(booking, DifferenceKind::AmountDiffers, stripe_id, (theirs, Some(said(ours))));
        }
    }

    fn refund(&mut self, refund: &RefundFacts, kept: Option<&Kept>) {
        let stripe_id = Some(refund.id.as_str());
        let theirs = Some(said_by_them(refund.amount, &refund.currency));
        let missing = DifferenceKind::RefundMissingInLedger;
        let Some(kept) = kept else {
            // Ours by its metadata, of a payment that no booking knows.
            if refund.refund_id.is_some() && self.should_be_known(refund.created_at) {
                self.differ(None, missing, stripe_id, (theirs, None));
            }
            return;
        };
        let booking = Some(&kept.payment.booking_id);
        let row = kept.refunds.iter().find(|row| {
            row.stripe_refund_id.as_deref() == Some(&refund.id)
                || refund.refund_id.as_ref() == Some(&row.refund_id)
        });
        let entry = row.and_then(|row| {
            let of_row = |entry: &&LedgerEntry| entry.particulars.refund_id.as_ref() == Some(&row.refund_id);
            kept.entries.iter().filter(of_row).find(|entry| entry.particulars.movement == Movement::Refund)
        });
        let Some((row, entry)) = row.zip(entry) else {
            // What went back before there was a ledger has no entry.
            if !began_before_the_ledger(kept) && self.should_be_known(refund.created_at) {
                self.differ(booking, missing, stripe_id, (theirs, None));
            }
            return;
        };
        let ours = entry.on(Account::Card).negated();
        if !same(refund.amount, &refund.currency, ours) {
            self.differ(booking, DifferenceKind::AmountDiffers, stripe_id, (theirs, Some(said(ours))));
        }
        let state = RefundStatus::from(refund.stage);
        if state != row.status {
            let (theirs, ours) = (Some(word(state)), Some(word(row.status)));
            self.differ(booking, DifferenceKind::RefundStateDiffers, stripe_id, (theirs, ours));
        }
    }

    fn dispute(&mut self, dispute: &DisputeFacts, kept: Option<&Kept>) {
        let Some(kept) = kept else { return };
        let (booking, stripe_id) = (Some(&kept.payment.booking_id), Some(dispute.id.as_str()));
        let theirs =
            Some(format!("{}, {}", word(dispute.stage), said_by_them(dispute.amount, &dispute.currency)));
        match kept.payment.disputes.iter().find(|known| known.dispute_id == dispute.id) {
            None if self.should_be_known(dispute.created_at) => {
                self.differ(booking, DifferenceKind::DisputeMissing, stripe_id, (theirs, None));
            }
            Some(known)
                if known.status != dispute.stage
                    || !same(dispute.amount, &dispute.currency, known.amount) =>
            {
                let ours = Some(format!("{}, {}", word(known.status), said(known.amount)));
                self.differ(booking, DifferenceKind::DisputeDiffers, stripe_id, (theirs, ours));
            }
            _ => {}
        }
    }

    /// What the ledger has of the window, and the card processor does not list.
    fn entries(&mut self, kept: &Kept) {
        let booking = Some(&kept.payment.booking_id);
        for entry in kept.entries.iter().filter(|entry| !entry.opens()) {
            if !self.in_window(entry.at) {
                continue;
            }
            let Some(id) = entry.particulars.provider_id.as_ref().map(|id| id.as_str()) else { continue };
            let card = entry.on(Account::Card);
            let theirs = self.theirs;
            let (kind, known) = match entry.particulars.movement {
                Movement::Charge => (
                    DifferenceKind::ChargeMissingAtStripe,
                    theirs.charges.iter().any(|charge| charge.payment_intent.as_deref() == Some(id)),
                ),
                Movement::Refund => (
                    DifferenceKind::RefundMissingAtStripe,
                    theirs.refunds.iter().any(|refund| refund.id == id),
                ),
                Movement::Dispute => {
                    (DifferenceKind::DisputeMissing, theirs.disputes.iter().any(|dispute| dispute.id == id))
                }
                _ => continue,
            };
            if !known {
                let amount = if card < Pence::ZERO { card.negated() } else { card };
                self.differ(booking, kind, Some(id), (None, Some(said(amount))));
            }
        }
    }

    fn refunds_owed(&mut self, kept: &Kept) {
        let late =
            |refund: &&Refund| refund.status == RefundStatus::Owed && refund.owed_at.plus(GRACE) <= self.now;
        let late: Vec<&Refund> = kept.refunds.iter().filter(late).collect();
        for refund in late {
            let ours = format!(
                "{} owed since {}, {}",
                said(refund.amount.total),
                refund.owed_at.in_utc("%Y-%m-%d %H:%M UTC"),
                refund.refund_id
            );
            let booking = Some(&refund.booking_id);
            let of = refund.payment_intent_id.as_deref();
            self.differ(booking, DifferenceKind::RefundNotMade, of, (None, Some(ours)));
        }
    }

    /// Whether the entries come to what the payment says. Its version lets one change of it through at a time, and each
    /// puts its entries in the same transaction.
    fn books(&mut self, kept: &Kept) {
        for (what, payment, ledger) in sums(kept) {
            if payment != ledger {
                let theirs = payment.map_or_else(|| "too much to add".to_owned(), said);
                let ours = ledger.map_or_else(|| "too much to add".to_owned(), said);
                let booking = Some(&kept.payment.booking_id);
                let said = (Some(format!("{what}: {theirs}")), Some(format!("{what}: {ours}")));
                self.differ(booking, DifferenceKind::BooksDoNotAddUp, None, said);
            }
        }
    }
}

/// A word of ours as it is stored.
fn word(what: impl serde::Serialize) -> String {
    let value = serde_json::to_value(what).ok();
    value.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

fn is_charge_of(entry: &LedgerEntry, intent: &str) -> bool {
    let of = entry.particulars.provider_id.as_ref().map(|id| id.as_str());
    entry.particulars.movement == Movement::Charge && of == Some(intent)
}

/// Whether money moved before there was a ledger to say so.
fn began_before_the_ledger(kept: &Kept) -> bool {
    kept.payment.captures.iter().any(|capture| !capture.posted) || kept.entries.iter().any(LedgerEntry::opens)
}

fn sum(amounts: impl IntoIterator<Item = Pence>) -> Option<Pence> {
    amounts.into_iter().try_fold(Pence::ZERO, Pence::plus)
}

/// What money of customers an entry moves in, or out.
fn taken(entry: &LedgerEntry) -> Option<Pence> {
    sum([Account::Card, Account::Cash, Account::Invoiced].map(|account| entry.on(account)))
}

/// What of these movements came in, or went out.
fn moved(kept: &Kept, movements: &[Movement]) -> Option<Pence> {
    let of_these = kept.entries.iter().filter(|entry| movements.contains(&entry.particulars.movement));
    sum(of_these.map(taken).collect::<Option<Vec<_>>>()?)
}

/// What must be equal: what it is, by the payment with its refunds and dues, by the ledger.
fn sums(kept: &Kept) -> Vec<(&'static str, Option<Pence>, Option<Pence>)> {
    let Kept { payment, entries, refunds, dues } = kept;
    let disputed = |stage| {
        let of_stage = payment.disputes.iter().filter(move |dispute| dispute.status == stage);
        sum(of_stage.map(|dispute: &payment::Dispute| dispute.amount))
    };
    let owed = refunds.iter().filter(|refund| refund.status == RefundStatus::Owed);
    let owed = sum(owed.map(|refund| refund.amount.total)).and_then(|owed| owed.plus(payment.owed_again));
    let due = sum(dues.iter().filter(|due| due.status == DueStatus::Owed).map(|due| due.amount.total));
    let customer = due.zip(owed).and_then(|(due, owed)| due.less(owed));
    let mut all = vec![
        ("between the customer and us", customer, balance(entries, Account::Customer)),
        ("held in disputes", disputed(DisputeStage::Open), balance(entries, Account::Disputes)),
        ("lost in disputes", disputed(DisputeStage::Lost), balance(entries, Account::Losses)),
    ];
    if !began_before_the_ledger(kept) {
        let captured = sum(payment.captures.iter().map(|capture: &Capture| capture.amount));
        all.push(("taken", captured, moved(kept, &[Movement::Charge])));
        let back = moved(kept, &[Movement::Refund, Movement::RefundFailed]).map(Pence::negated);
        all.push(("given back", Some(payment.refund.amount), back));
        let stand = refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
        let given = sum(payment.captures.iter().map(|capture| capture.given_back));
        all.push(("given back or owed", given, sum(stand.map(|refund| refund.amount.total))));
    }
    all
}

#[cfg(test)]
mod tests;
