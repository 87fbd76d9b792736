//! Stripe's lists: newest first, by when something was made and what it belongs to, a page at a time.

use nots_core::Timestamp;
use serde_json::{Value, json};

use super::{
    form::Form,
    params::{integer, nothing_left},
    refusal::Refusal,
    state::State,
};

/// What there are lists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Charges,
    Disputes,
    PaymentIntents,
    Refunds,
}

impl Kind {
    /// One of them, as Stripe calls it.
    const fn one(self) -> &'static str {
        match self {
            Self::Charges => "charge",
            Self::Disputes => "dispute",
            Self::PaymentIntents => "payment_intent",
            Self::Refunds => "refund",
        }
    }
}

/// One thing in a list.
pub(super) struct Entry {
    pub(super) id: String,
    created: Timestamp,
    intent: String,
    charge: String,
    pub(super) object: Value,
}

impl State {
    /// Everything of a kind, newest first.
    pub(super) fn all(&self, kind: Kind) -> Vec<Entry> {
        let payments =
            || self.sessions.values().filter_map(|session| Some((session, session.intent.as_ref()?)));
        let mut all: Vec<Entry> = match kind {
            Kind::Charges => payments()
                .map(|(session, intent)| Entry {
                    id: intent.charge.clone(),
                    created: intent.tried_at.unwrap_or(intent.created),
                    intent: intent.id.clone(),
                    charge: intent.charge.clone(),
                    object: self.charge_json(session, intent),
                })
                .collect(),
            Kind::PaymentIntents => payments()
                .map(|(session, intent)| Entry {
                    id: intent.id.clone(),
                    created: intent.created,
                    intent: intent.id.clone(),
                    charge: intent.charge.clone(),
                    object: session.intent_json(intent),
                })
                .collect(),
            Kind::Refunds => (self.refunds.iter().rev())
                .map(|refund| Entry {
                    id: refund.id.clone(),
                    created: refund.created,
                    intent: refund.intent.clone(),
                    charge: refund.charge.clone(),
                    object: refund.to_json(),
                })
                .collect(),
            Kind::Disputes => (self.disputes.iter().rev())
                .map(|dispute| Entry {
                    id: dispute.id.clone(),
                    created: dispute.created,
                    intent: dispute.intent.clone(),
                    charge: dispute.charge.clone(),
                    object: dispute.to_json(),
                })
                .collect(),
        };
        // Stable, so that what was made in the same second stays as it stood.
        all.sort_by_key(|entry| std::cmp::Reverse(entry.created));
        all
    }

    /// One of a kind.
    pub(super) fn one(&self, kind: Kind, id: &str) -> Result<Value, Refusal> {
        let found = self.all(kind).into_iter().find(|entry| entry.id == id);
        found.map(|entry| entry.object).ok_or_else(|| missing(kind.one(), id, "id"))
    }

    /// A page of a kind.
    pub(super) fn page(&self, kind: Kind, path: &str, mut query: Form) -> Result<Value, Refusal> {
        let mut bound = |name: &str| {
            let name = format!("created[{name}]");
            query.take(&name).map(|text| integer(&name, &text)).transpose()
        };
        let (gte, gt, lte, lt) = (bound("gte")?, bound("gt")?, bound("lte")?, bound("lt")?);
        let limit = query.take("limit").map(|text| integer("limit", &text)).transpose()?.unwrap_or(10);
        let limit =
            usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit)).ok_or_else(|| {
                let refusal = Refusal::invalid("This value must be between 1 and 100.");
                refusal.code("parameter_invalid_integer").about("limit")
            })?;
        let after = query.take("starting_after");
        // A list of PaymentIntents is not had by PaymentIntent, nor one of charges by charge.
        let intent = (kind != Kind::PaymentIntents).then(|| query.take("payment_intent")).flatten();
        let refunds_or_disputes = matches!(kind, Kind::Refunds | Kind::Disputes);
        let charge = refunds_or_disputes.then(|| query.take("charge")).flatten();
        nothing_left(&query)?;
        for (name, id) in [("payment_intent", &intent), ("charge", &charge)] {
            if let Some(id) = id.as_ref().filter(|id| self.payment(id).is_none()) {
                return Err(missing(name, id, name));
            }
        }
        let mut all = self.all(kind);
        if let Some(after) = after {
            let at = all.iter().position(|entry| entry.id == after);
            let at = at.ok_or_else(|| missing(kind.one(), &after, "starting_after"))?;
            all.drain(..=at);
        }
        all.retain(|entry| {
            let created = entry.created.seconds();
            gte.is_none_or(|bound| created >= bound)
                && gt.is_none_or(|bound| created > bound)
                && lte.is_none_or(|bound| created <= bound)
                && lt.is_none_or(|bound| created < bound)
                && intent.as_ref().is_none_or(|intent| *intent == entry.intent)
                && charge.as_ref().is_none_or(|charge| *charge == entry.charge)
        });
        let more = all.len() > limit;
        all.truncate(limit);
        let data: Vec<Value> = all.into_iter().map(|entry| entry.object).collect();
        Ok(json!({"object": "list", "data": data, "has_more": more, "url": path}))
    }
}

fn missing(what: &str, id: &str, param: &str) -> Refusal {
    Refusal::missing(format!("No such {what}: '{id}'")).code("resource_missing").about(param)
}
