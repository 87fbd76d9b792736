//! Making refunds, and looking at those of a payment.

use nots_core::ports::{GatewayError, RefundFacts, RefundOrder};
use serde::Serialize;
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{
    ask::{Asker, Question, read, status_of},
    facts,
    lists::{Filter, page},
};

/// A refund as Stripe is asked for it; made of the order alone, so that every try of one refund asks the same.
#[derive(Serialize)]
struct Asked<'a> {
    amount: i64,
    metadata: Metadata<'a>,
    payment_intent: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    booking_id: &'a str,
    refund_id: &'a str,
}

/// Makes a refund, or answers the one that was made with the same key.
pub(crate) async fn make(asker: &Asker, order: &RefundOrder) -> Result<RefundFacts, GatewayError> {
    let asked = Asked {
        amount: order.amount.total.get(),
        metadata: Metadata { booking_id: order.booking_id.as_str(), refund_id: order.refund_id.as_str() },
        payment_intent: &order.payment_intent,
    };
    let request = RequestBuilder::new(StripeMethod::Post, "/refunds").form(&asked);
    let answer = asker.ask(&Question::keyed(request, order.refund_id.as_str())?).await?;
    read(&answer, facts::refund)
}

/// Every refund of a payment, whoever made it.
pub(crate) async fn all_of(asker: &Asker, payment_intent: &str) -> Result<Vec<RefundFacts>, GatewayError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        match page(asker, "/refunds", &Filter::of(payment_intent, after), facts::refund).await {
            Ok(listed) => {
                all.extend(listed.items);
                after = listed.next;
                if after.is_none() {
                    return Ok(all);
                }
            }
            // Stripe looks for the payment first, and says that it is missing.
            Err(GatewayError::Refused { code, cause })
                if code.as_deref() == Some("resource_missing") || status_of(&cause) == Some(404) =>
            {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        }
    }
}
