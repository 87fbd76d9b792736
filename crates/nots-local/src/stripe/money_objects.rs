//! Charges, refunds and disputes as JSON, with what Stripe tells of a card and its holder: nothing of that may be found
//! again anywhere in the platform.

use serde_json::{Value, json};

use super::{
    money::{Dispute, Refund, RefundStatus},
    objects::object,
    state::{Intent, Session, State},
};

/// What a plain card payment leaves empty in a charge.
const UNUSED: &[&str] = &[
    "application",
    "application_fee",
    "application_fee_amount",
    "authorization_code",
    "balance_transaction",
    "customer",
    "description",
    "failure_balance_transaction",
    "level3",
    "on_behalf_of",
    "payment_method",
    "presentment_details",
    "radar_options",
    "receipt_email",
    "receipt_number",
    "receipt_url",
    "refunds",
    "review",
    "shipping",
    "source",
    "source_transfer",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer",
    "transfer_data",
    "transfer_group",
];

/// What a plain refund leaves empty.
const UNUSED_BY_REFUND: &[&str] = &[
    "balance_transaction",
    "customer",
    "customer_account",
    "description",
    "failure_balance_transaction",
    "instructions_email",
    "next_action",
    "payment_method",
    "pending_reason",
    "presentment_details",
    "receipt_number",
    "source_transfer_reversal",
    "transfer_reversal",
];

impl State {
    /// The latest try of a PaymentIntent as a `charge`.
    pub(super) fn charge_json(&self, session: &Session, intent: &Intent) -> Value {
        let asked = &session.asked;
        let status = match (intent.paid, intent.waits) {
            (true, _) => "succeeded",
            (false, true) => "pending",
            (false, false) => "failed",
        };
        let refunded = self.refunded(&intent.charge);
        let declined = status == "failed";
        object(
            UNUSED,
            [
                ("id", json!(intent.charge)),
                ("object", json!("charge")),
                ("amount", json!(asked.amount)),
                ("amount_captured", json!(if intent.paid { asked.amount } else { 0 })),
                ("amount_refunded", json!(refunded)),
                (
                    "billing_details",
                    json!({
                        "address": {"city": null, "country": "GB", "line1": null, "line2": null,
                            "postal_code": "BH15 1HX", "state": null},
                        "email": asked.customer_email, "name": "A Card Holder", "phone": null, "tax_id": null,
                    }),
                ),
                ("calculated_statement_descriptor", json!("DORSET TRANSFER")),
                ("captured", json!(intent.paid)),
                ("created", json!(intent.tried_at.unwrap_or(intent.created))),
                ("currency", json!(asked.currency)),
                ("disputed", json!(self.disputes.iter().any(|dispute| dispute.charge == intent.charge))),
                ("failure_code", json!(declined.then_some("card_declined"))),
                ("failure_message", json!(declined.then_some("Your card was declined."))),
                ("fraud_details", json!({})),
                ("livemode", json!(false)),
                ("metadata", json!(asked.intent_metadata)),
                ("outcome", Value::Null),
                ("paid", json!(!declined)),
                ("payment_intent", json!(intent.id)),
                (
                    "payment_method_details",
                    json!({
                        "card": {"brand": "visa", "country": "GB", "exp_month": 12, "exp_year": 2034,
                            "fingerprint": "Xt5EWLLDS7FJjR1c", "funding": "credit", "last4": "4242"},
                        "type": "card",
                    }),
                ),
                ("refunded", json!(refunded == asked.amount)),
                ("status", json!(status)),
            ],
        )
    }
}

impl Refund {
    /// As a `refund`.
    pub(super) fn to_json(&self) -> Value {
        let failed = self.status == RefundStatus::Failed;
        object(
            UNUSED_BY_REFUND,
            [
                ("id", json!(self.id)),
                ("object", json!("refund")),
                ("amount", json!(self.amount)),
                ("charge", json!(self.charge)),
                ("created", json!(self.created)),
                ("currency", json!(self.currency)),
                (
                    "destination_details",
                    json!({"card": {"reference_status": "pending", "type": "refund"}, "type": "card"}),
                ),
                ("failure_reason", json!(failed.then_some("lost_or_stolen_card"))),
                ("metadata", json!(self.metadata)),
                ("payment_intent", json!(self.intent)),
                ("reason", json!(self.reason)),
                ("status", json!(self.status.as_str())),
            ],
        )
    }
}

impl Dispute {
    /// As a `dispute`.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": self.amount,
            "balance_transactions": [],
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "enhanced_eligibility_types": [],
            "evidence": {"customer_name": "A Card Holder", "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": null, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
                "submission_count": 0,
            },
            "is_charge_refundable": false,
            "livemode": false,
            "metadata": {},
            "network_reason_code": "10.4",
            "payment_intent": self.intent,
            "payment_method_details": null,
            "reason": "fraudulent",
            "status": self.status.as_str(),
        })
    }
}
