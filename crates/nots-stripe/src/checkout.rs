//! Opening and ending Checkout Sessions.

use std::collections::HashMap;

use nots_core::{
    Currency,
    ports::{CheckoutOrder, CheckoutSession, GatewayError, SessionFacts, SessionStage},
};
use serde::Serialize;
use stripe::StripeRequest;
use stripe_checkout::{
    CheckoutSessionMode,
    checkout_session::{
        CreateCheckoutSession, CreateCheckoutSessionAdaptivePricing,
        CreateCheckoutSessionAllowedPaymentMethodTypes, CreateCheckoutSessionLineItems,
        CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData, ProductData,
    },
};
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{
    ask::{Asker, Question, Unusable, read, status_of},
    facts::{self, Odd, is_id},
};

/// Opens a session, or answers the one that was opened with the same key.
pub(crate) async fn open(asker: &Asker, order: &CheckoutOrder) -> Result<CheckoutSession, GatewayError> {
    let question = Question::keyed(request(order).build(), &order.idempotency_key)?;
    let answer = asker.ask(&question).await?;
    let (id, url) = read(&answer, |session| {
        let id = session.text("id").filter(|id| is_id(id, "cs_")).ok_or(Odd::Shape("it has no id"))?;
        Ok((id.to_owned(), session.text("url").map(str::to_owned)))
    })?;
    // The same key would bring the same session again.
    let url = url.ok_or_else(|| GatewayError::Refused { code: None, cause: Unusable.into() })?;
    Ok(CheckoutSession { id, url })
}

/// Asks for the PaymentIntent to be written out.
#[derive(Serialize)]
struct WithIntent {
    expand: [&'static str; 1],
}

/// Ends a session that can still be paid, and answers how it stands then.
pub(crate) async fn end(asker: &Asker, session_id: &str) -> Result<Option<SessionFacts>, GatewayError> {
    if !is_id(session_id, "cs_") {
        return Ok(None);
    }
    let path = format!("/checkout/sessions/{session_id}");
    let expire = RequestBuilder::new(StripeMethod::Post, format!("{path}/expire"));
    let refusal = match asker.ask(&Question::harmless(expire)).await {
        Ok(session) => return read(&session, facts::session).map(Some),
        Err(refusal @ GatewayError::Refused { .. }) => refusal,
        Err(error) => return Err(error),
    };
    // It is over already, or was never there: a look tells which.
    let look = RequestBuilder::new(StripeMethod::Get, path).query(&WithIntent { expand: ["payment_intent"] });
    match asker.ask(&Question::harmless(look)).await {
        Ok(session) => {
            let facts = read(&session, facts::session)?;
            // Refused for another reason, and still open: then nothing has been ended.
            if facts.stage == SessionStage::Open { Err(refusal) } else { Ok(Some(facts)) }
        }
        Err(GatewayError::Refused { cause, .. }) if status_of(&cause) == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What Stripe is asked; made of the order alone, so that every try of one attempt asks the same.
fn request(order: &CheckoutOrder) -> CreateCheckoutSession {
    let metadata: HashMap<String, String> = [
        ("attempt".to_owned(), order.attempt.to_string()),
        ("bookingId".to_owned(), order.booking_id.to_string()),
        ("paymentId".to_owned(), order.payment_id.to_string()),
    ]
    .into();
    let mut price = CreateCheckoutSessionLineItemsPriceData::new(match order.amount.currency {
        Currency::Gbp => stripe_types::Currency::GBP,
    });
    price.unit_amount = Some(order.amount.total.get());
    price.product_data = Some(ProductData::new(&order.description));
    let mut line = CreateCheckoutSessionLineItems::new();
    line.price_data = Some(price);
    line.quantity = Some(1);
    let mut intent = CreateCheckoutSessionPaymentIntentData::new();
    intent.metadata = Some(metadata.clone());
    let mut pounds = CreateCheckoutSessionAdaptivePricing::new();
    pounds.enabled = Some(false);
    let session = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Payment)
        // What is asked for in pounds is paid in pounds, whatever the account's own setting is.
        .adaptive_pricing(pounds)
        // Methods whose money comes days later would leave the booking unconfirmed; wallets count as cards.
        .allowed_payment_method_types(vec![CreateCheckoutSessionAllowedPaymentMethodTypes::Card])
        .line_items(vec![line])
        .client_reference_id(order.booking_id.as_str())
        .metadata(metadata)
        .payment_intent_data(intent)
        .expires_at(order.expires_at.seconds())
        .success_url(&order.success_url)
        .cancel_url(&order.cancel_url);
    // Stripe refuses an address at a host without a dot, which RFC 5321 allows; then it asks the payer for one.
    let dotted = order.email.as_str().rsplit_once('@').is_some_and(|(_, host)| host.contains('.'));
    if dotted { session.customer_email(order.email.as_str()) } else { session }
}
