//! Stripe's objects as JSON, complete enough for a strict decoder of [`API_VERSION`].

use nots_core::Timestamp;
use serde_json::{Map, Value, json};

use super::state::{Intent, Session, Status};

/// The version of Stripe's API whose shapes these are.
pub(super) const API_VERSION: &str = "2026-09-30.endive";

/// What a plain card payment leaves empty in a Checkout Session.
const UNUSED: &[&str] = &[
    "after_expiration",
    "allow_promotion_codes",
    "billing_address_collection",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer",
    "customer_account",
    "integration_identifier",
    "invoice",
    "locale",
    "managed_payments",
    "name_collection",
    "optional_items",
    "origin_context",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "presentment_details",
    "recovered_from",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "subscription",
    "tax_id_collection",
    "wallet_options",
    "allowed_payment_method_types",
    "excluded_payment_method_types",
    "branding_settings",
    "invoice_creation",
    "payment_method_options",
];

/// What a plain card payment leaves empty in a PaymentIntent.
const UNUSED_BY_INTENT: &[&str] = &[
    "application",
    "application_fee_amount",
    "automatic_payment_methods",
    "canceled_at",
    "cancellation_reason",
    "customer",
    "customer_account",
    "description",
    "next_action",
    "on_behalf_of",
    "payment_method",
    "processing",
    "receipt_email",
    "review",
    "setup_future_usage",
    "shipping",
    "source",
    "statement_descriptor",
    "transfer_data",
    "transfer_group",
];

pub(super) fn object<const N: usize>(unused: &[&str], used: [(&str, Value); N]) -> Value {
    let mut fields: Map<String, Value> =
        unused.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    fields.extend(used.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(fields)
}

impl Session {
    /// The page on which it can be paid.
    pub(super) fn page(&self, pages: &str) -> String {
        format!("{pages}/{}", self.id)
    }

    /// `paid` or `unpaid`.
    pub(super) fn payment_status(&self) -> &'static str {
        if self.intent.as_ref().is_some_and(|intent| intent.paid) { "paid" } else { "unpaid" }
    }

    /// As a `checkout.session`.
    pub(super) fn to_json(&self, pages: &str) -> Value {
        let asked = &self.asked;
        let open = self.status == Status::Open;
        // Stripe knows the customer once a card was entered.
        let details = self.intent.as_ref().map(|_| {
            json!({
                "address": null, "business_name": null, "email": asked.customer_email,
                "individual_name": null, "name": null, "phone": null, "tax_exempt": "none", "tax_ids": [],
            })
        });
        object(
            UNUSED,
            [
                ("id", json!(self.id)),
                ("object", json!("checkout.session")),
                ("adaptive_pricing", json!({"enabled": false})),
                ("amount_subtotal", json!(asked.amount)),
                ("amount_total", json!(asked.amount)),
                (
                    "automatic_tax",
                    json!({"enabled": false, "liability": null, "provider": null, "status": null}),
                ),
                ("cancel_url", json!(asked.cancel_url)),
                ("client_reference_id", json!(asked.client_reference_id)),
                ("created", json!(self.created)),
                ("currency", json!(asked.currency)),
                ("custom_fields", json!([])),
                (
                    "custom_text",
                    json!({
                        "after_submit": null, "shipping_address": null, "submit": null,
                        "terms_of_service_acceptance": null,
                    }),
                ),
                ("customer_creation", json!("if_required")),
                ("customer_details", json!(details)),
                ("customer_email", json!(asked.customer_email)),
                ("discounts", json!([])),
                ("expires_at", json!(asked.expires_at)),
                ("livemode", json!(false)),
                ("metadata", json!(asked.metadata)),
                ("mode", json!("payment")),
                ("payment_intent", json!(self.intent.as_ref().map(|intent| &intent.id))),
                ("payment_method_collection", json!("if_required")),
                ("payment_method_types", json!(["card"])),
                ("payment_status", json!(self.payment_status())),
                ("phone_number_collection", json!({"enabled": false})),
                ("shipping_options", json!([])),
                ("status", json!(self.status.as_str())),
                ("success_url", json!(asked.success_url)),
                ("total_details", json!({"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0})),
                ("ui_mode", json!("hosted_page")),
                ("url", json!(open.then(|| self.page(pages)))),
            ],
        )
    }

    /// As a `checkout.session` with its PaymentIntent written out.
    pub(super) fn to_json_with_intent(&self, pages: &str) -> Value {
        let mut session = self.to_json(pages);
        if let (Some(intent), Some(fields)) = (&self.intent, session.as_object_mut()) {
            fields.insert("payment_intent".to_owned(), self.intent_json(intent));
        }
        session
    }

    /// Its PaymentIntent as a `payment_intent`.
    pub(super) fn intent_json(&self, intent: &Intent) -> Value {
        let asked = &self.asked;
        let (received, status) = match (intent.paid, intent.waits) {
            (true, _) => (asked.amount, "succeeded"),
            (false, true) => (0, "processing"),
            (false, false) => (0, "requires_payment_method"),
        };
        let declined = json!({
            "charge": intent.charge, "code": "card_declined", "decline_code": "generic_decline",
            "doc_url": "https://stripe.com/docs/error-codes/card-declined",
            "message": "Your card was declined.", "type": "card_error",
        });
        object(
            UNUSED_BY_INTENT,
            [
                ("id", json!(intent.id)),
                ("object", json!("payment_intent")),
                ("amount", json!(asked.amount)),
                ("amount_capturable", json!(0)),
                ("amount_received", json!(received)),
                ("capture_method", json!("automatic_async")),
                ("client_secret", json!(format!("{}_secret_local", intent.id))),
                ("confirmation_method", json!("automatic")),
                ("created", json!(intent.created)),
                ("currency", json!(asked.currency)),
                ("last_payment_error", if intent.paid || intent.waits { Value::Null } else { declined }),
                ("latest_charge", json!(intent.charge)),
                ("livemode", json!(false)),
                ("metadata", json!(asked.intent_metadata)),
                ("payment_method_types", json!(["card"])),
                ("status", json!(status)),
            ],
        )
    }
}

/// An event about `object`, as the webhook is sent it.
pub(super) fn event(id: &str, kind: &str, object: &Value, now: Timestamp) -> Value {
    json!({
        "id": id,
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": object},
        "livemode": false,
        "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null},
        "type": kind,
    })
}
