//! How payments of earlier schemas are read.

use serde_dynamo::AttributeValue;

use crate::table::{Item, Upgrade, attr};

/// The steps, the first from schema 1 to 2.
pub(super) const STEPS: &[Upgrade] = &[what_was_paid_was_captured];

/// 1 → 2: a payment did not say what was taken, and when. One that was completed took its whole amount at once.
fn what_was_paid_was_captured(item: &mut Item) {
    let at = item.get("UpdatedAt").cloned();
    let Some(data) = attr::data(item) else { return };
    let status = match data.get("status") {
        Some(AttributeValue::S(status)) => status.as_str(),
        _ => return,
    };
    if !matches!(status, "completed" | "refunded") || data.contains_key("captures") {
        return;
    }
    let within = |outer: &str, inner: &str| match data.get(outer) {
        Some(AttributeValue::M(map)) => map.get(inner).cloned(),
        _ => None,
    };
    let (Some(amount), Some(method), Some(at)) = (within("amount", "total"), data.get("method").cloned(), at)
    else {
        return;
    };
    let intent = within("provider", "paymentIntentId").unwrap_or(AttributeValue::Null(true));
    let given_back = within("refund", "amount").unwrap_or_else(|| attr::number(0));
    let fields = [
        ("paymentIntentId", intent),
        ("method", method),
        ("amount", amount),
        ("givenBack", given_back),
        ("at", at),
    ];
    let capture = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    data.insert("captures".to_owned(), AttributeValue::L(vec![AttributeValue::M(capture)]));
}
