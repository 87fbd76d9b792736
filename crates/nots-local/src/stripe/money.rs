//! Refunds and disputes: what may be done with a charge, and what follows.

use std::collections::BTreeMap;

use nots_core::{Currency, Pence, Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    form::Form,
    params::{integer, metadata, missing, nothing_left},
    refusal::Refusal,
    state::{Intent, Session, State},
};

/// Seconds until a refund that is to fail does so.
const FAILS_AFTER: Seconds = 60;

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

impl RefundStatus {
    /// As Stripe writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

/// A refund.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refund {
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) intent: String,
    pub(super) charge: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: RefundStatus,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) reason: Option<String>,
    /// When it fails, if it is to.
    pub(super) fails_at: Option<Timestamp>,
}

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DisputeStatus {
    NeedsResponse,
    Won,
    Lost,
}

impl DisputeStatus {
    /// As Stripe writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::NeedsResponse => "needs_response",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }
}

/// A dispute.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) intent: String,
    pub(super) charge: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) status: DisputeStatus,
}

/// A refund as it is asked for.
#[derive(Debug, Default)]
pub(super) struct RefundAsked {
    /// `pi_…` or `ch_…`.
    pub(super) of: String,
    /// All that is left when it is not said.
    pub(super) amount: Option<i64>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) reason: Option<String>,
}

impl RefundAsked {
    /// Takes the form apart.
    pub(super) fn from_form(mut form: Form) -> Result<Self, Refusal> {
        let of = form.take("payment_intent").or_else(|| form.take("charge"));
        let amount = form.take("amount").map(|text| integer("amount", &text)).transpose()?;
        if amount.is_some_and(|amount| amount < 1) {
            let refusal = Refusal::invalid("Invalid positive integer");
            return Err(refusal.code("parameter_invalid_integer").about("amount"));
        }
        let reason = form.take("reason");
        const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];
        if reason.as_deref().is_some_and(|reason| !REASONS.contains(&reason)) {
            let message = "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer";
            return Err(Refusal::invalid(message).about("reason"));
        }
        let metadata = metadata(&mut form, "metadata")?;
        nothing_left(&form)?;
        Ok(Self { of: of.ok_or_else(|| missing("payment_intent"))?, amount, metadata, reason })
    }
}

impl State {
    /// The session and the PaymentIntent that `pi_…` or `ch_…` names.
    pub(super) fn payment(&self, id: &str) -> Option<(&Session, &Intent)> {
        let with_intent =
            self.sessions.values().filter_map(|session| Some((session, session.intent.as_ref()?)));
        with_intent.into_iter().find(|(_, intent)| intent.id == id || intent.charge == id)
    }

    /// What of a charge has been given back, or is on its way back.
    pub(super) fn refunded(&self, charge: &str) -> i64 {
        let of_charge = self.refunds.iter().filter(|refund| refund.charge == charge);
        of_charge.filter(|refund| refund.status != RefundStatus::Failed).map(|refund| refund.amount).sum()
    }

    /// Whether a charge's money is held, or lost, in a dispute.
    pub(super) fn disputed(&self, charge: &str) -> bool {
        let of_charge = self.disputes.iter().filter(|dispute| dispute.charge == charge);
        of_charge.into_iter().any(|dispute| dispute.status != DisputeStatus::Won)
    }

    /// Makes a refund, and tells the webhook.
    pub(super) fn make_refund(&mut self, asked: RefundAsked, now: Timestamp) -> Result<Refund, Refusal> {
        let RefundAsked { of, amount, metadata, reason } = asked;
        let Some((session, intent)) = self.payment(&of) else {
            let what = if of.starts_with("ch_") { "charge" } else { "payment_intent" };
            let refusal = Refusal::invalid(format!("No such {what}: '{of}'"));
            return Err(refusal.code("resource_missing").about(what).having_begun());
        };
        if !intent.paid {
            let message =
                format!("This PaymentIntent ({}) does not have a successful charge to refund.", intent.id);
            return Err(Refusal::invalid(message).having_begun());
        }
        let (intent, charge) = (intent.id.clone(), intent.charge.clone());
        let (charged, currency) = (session.asked.amount, session.asked.currency.clone());
        let left = charged.saturating_sub(self.refunded(&charge));
        if left == 0 {
            let refusal = Refusal::invalid(format!("Charge {charge} has already been refunded."));
            return Err(refusal.code("charge_already_refunded").having_begun());
        }
        if self.disputed(&charge) {
            let message = format!("Charge {charge} has been charged back; cannot issue a refund.");
            return Err(Refusal::invalid(message).code("charge_disputed").having_begun());
        }
        let amount = amount.unwrap_or(left);
        if amount > left {
            let money = |pence| Pence::new(pence).display(Currency::Gbp);
            let message = format!(
                "Refund amount ({}) is greater than unrefunded amount on charge ({})",
                money(amount),
                money(left)
            );
            return Err(Refusal::invalid(message).about("amount").having_begun());
        }
        let fails = self.faults.fails_refund();
        let refund = Refund {
            id: self.id("re_", 24),
            created: now,
            intent,
            charge,
            amount,
            currency,
            status: if fails { RefundStatus::Pending } else { RefundStatus::Succeeded },
            metadata,
            reason,
            fails_at: fails.then(|| now.plus(FAILS_AFTER)),
        };
        self.refunds.push(refund.clone());
        self.announce("refund.created", &refund.to_json(), now);
        if let Some((session, intent)) = self.payment(&refund.charge) {
            let charge = self.charge_json(session, intent);
            self.announce("charge.refunded", &charge, now);
        }
        self.announce("refund.updated", &refund.to_json(), now);
        Ok(refund)
    }

    /// A refund that was made does not arrive; none when there is no such refund, or it has failed already.
    pub(super) fn fail_refund(&mut self, id: &str, now: Timestamp) -> Option<Refund> {
        let open = |refund: &&mut Refund| refund.id == id && refund.status != RefundStatus::Failed;
        let refund = self.refunds.iter_mut().find(open)?;
        refund.status = RefundStatus::Failed;
        refund.fails_at = None;
        let refund = refund.clone();
        self.announce("refund.updated", &refund.to_json(), now);
        self.announce("refund.failed", &refund.to_json(), now);
        Some(refund)
    }

    /// Fails the refunds whose time for it has come.
    pub(super) fn fail_refunds_due(&mut self, now: Timestamp) {
        let due = |refund: &&Refund| refund.fails_at.is_some_and(|at| at <= now);
        let due: Vec<String> = self.refunds.iter().filter(due).map(|refund| refund.id.clone()).collect();
        for id in due {
            self.fail_refund(&id, now);
        }
    }

    /// The card holder disputes what is left of a charge; none when nothing is, or it is disputed already.
    pub(super) fn open_dispute(&mut self, of: &str, now: Timestamp) -> Option<Dispute> {
        let (session, intent) = self.payment(of).filter(|(_, intent)| intent.paid)?;
        let (intent, charge) = (intent.id.clone(), intent.charge.clone());
        let (charged, currency) = (session.asked.amount, session.asked.currency.clone());
        let amount = charged.saturating_sub(self.refunded(&charge));
        if amount == 0 || self.disputes.iter().any(|dispute| dispute.charge == charge) {
            return None;
        }
        let id = self.id("du_", 24);
        let status = DisputeStatus::NeedsResponse;
        let dispute = Dispute { id, created: now, intent, charge, amount, currency, status };
        self.disputes.push(dispute.clone());
        self.announce("charge.dispute.created", &dispute.to_json(), now);
        self.announce("charge.dispute.funds_withdrawn", &dispute.to_json(), now);
        Some(dispute)
    }

    /// The card scheme decides; none when nothing is waiting for it.
    pub(super) fn close_dispute(&mut self, of: &str, won: bool, now: Timestamp) -> Option<Dispute> {
        let open = |dispute: &&mut Dispute| {
            [&dispute.id, &dispute.charge, &dispute.intent].into_iter().any(|id| id == of)
                && dispute.status == DisputeStatus::NeedsResponse
        };
        let dispute = self.disputes.iter_mut().find(open)?;
        dispute.status = if won { DisputeStatus::Won } else { DisputeStatus::Lost };
        let dispute = dispute.clone();
        self.announce("charge.dispute.closed", &dispute.to_json(), now);
        if won {
            self.announce("charge.dispute.funds_reinstated", &dispute.to_json(), now);
        }
        Some(dispute)
    }
}
