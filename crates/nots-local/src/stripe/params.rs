//! What a Checkout Session may be asked for, judged as Stripe judges it.

use std::collections::BTreeMap;

use nots_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::{form::Form, refusal::Refusal};

/// Seconds from creation to the earliest expiry.
const SHORTEST: u32 = 1_800;
/// Seconds from creation to the latest expiry, and to the one of a session that does not ask for any.
const LONGEST: u32 = 86_400;
/// The least Stripe charges in pounds, in pence.
const LEAST: i64 = 30;
/// The most Stripe charges at once, in pence.
const MOST: i64 = 99_999_999;

/// A session as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    /// All lines together, in pence.
    pub(super) amount: i64,
    /// ISO 4217, lower case.
    pub(super) currency: String,
    /// What the lines are called.
    pub(super) names: Vec<String>,
    pub(super) client_reference_id: Option<String>,
    pub(super) customer_email: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    /// Of the PaymentIntent.
    pub(super) intent_metadata: BTreeMap<String, String>,
    pub(super) expires_at: Timestamp,
    pub(super) success_url: String,
    pub(super) cancel_url: Option<String>,
}

impl Asked {
    /// Takes the form apart.
    pub(super) fn from_form(mut form: Form, now: Timestamp) -> Result<Self, Refusal> {
        match form.take("mode").as_deref() {
            Some("payment") => (),
            Some("setup" | "subscription") => {
                return Err(Refusal::invalid("The stand-in knows payments only.").about("mode"));
            }
            Some(_) => {
                let message = "Invalid mode: must be one of payment, setup, or subscription";
                return Err(Refusal::invalid(message).about("mode"));
            }
            None => return Err(missing("mode")),
        }
        let (amount, currency, names) = lines(&mut form)?;
        let methods = form.take("allowed_payment_method_types[0]");
        if methods.as_deref().is_some_and(|method| method != "card") {
            let refusal = Refusal::invalid("The stand-in knows cards only.");
            return Err(refusal.about("allowed_payment_method_types"));
        }
        if form.take("adaptive_pricing[enabled]").is_some_and(|enabled| enabled != "false") {
            return Err(Refusal::invalid("The stand-in charges pounds only.").about("adaptive_pricing"));
        }
        let expires_at = expiry(form.take("expires_at"), now)?;
        let customer_email = form.take("customer_email");
        if let Some(email) = &customer_email {
            let sound =
                email.rsplit_once('@').is_some_and(|(who, host)| !who.is_empty() && host.contains('.'));
            if !sound || email.chars().any(char::is_whitespace) {
                let refusal = Refusal::invalid(format!("Invalid email address: {email}"));
                return Err(refusal.code("email_invalid").about("customer_email"));
            }
        }
        let client_reference_id = form.take("client_reference_id");
        at_most(200, "client_reference_id", client_reference_id.as_deref())?;
        let success_url = form.take("success_url").ok_or_else(|| missing("success_url"))?;
        let cancel_url = form.take("cancel_url");
        url("success_url", &success_url)?;
        cancel_url.as_deref().map_or(Ok(()), |text| url("cancel_url", text))?;
        let asked = Self {
            amount,
            currency,
            names,
            client_reference_id,
            customer_email,
            metadata: metadata(&mut form, "metadata")?,
            intent_metadata: metadata(&mut form, "payment_intent_data[metadata]")?,
            expires_at,
            success_url,
            cancel_url,
        };
        nothing_left(&form).map(|()| asked)
    }
}

/// Refuses a parameter that nobody took.
pub(super) fn nothing_left(form: &Form) -> Result<(), Refusal> {
    form.left().map_or(Ok(()), |name| {
        let refusal = Refusal::invalid(format!("Received unknown parameter: {name}"));
        Err(refusal.code("parameter_unknown").about(name))
    })
}

pub(super) fn missing(name: &str) -> Refusal {
    Refusal::invalid(format!("Missing required param: {name}.")).code("parameter_missing").about(name)
}

pub(super) fn integer(name: &str, text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| {
        Refusal::invalid(format!("Invalid integer: {text}")).code("parameter_invalid_integer").about(name)
    })
}

fn at_most(most: usize, name: &str, text: Option<&str>) -> Result<(), Refusal> {
    if text.is_some_and(|text| text.chars().count() > most) {
        let refusal = Refusal::invalid(format!("Invalid string; must be at most {most} characters"));
        return Err(refusal.about(name));
    }
    Ok(())
}

fn url(name: &str, text: &str) -> Result<(), Refusal> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    if host.is_none_or(str::is_empty) || text.chars().any(char::is_whitespace) {
        return Err(Refusal::invalid("Not a valid URL").code("url_invalid").about(name));
    }
    Ok(())
}

pub(super) fn metadata(form: &mut Form, name: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let pairs = form.take_map(name);
    if pairs.len() > 50 {
        return Err(Refusal::invalid("Metadata can have up to 50 keys").about(name));
    }
    for (key, value) in &pairs {
        at_most(40, name, Some(key))?;
        at_most(500, name, Some(value))?;
    }
    Ok(pairs)
}

fn expiry(text: Option<String>, now: Timestamp) -> Result<Timestamp, Refusal> {
    const NAME: &str = "expires_at";
    let Some(text) = text else { return Ok(now.plus(LONGEST)) };
    let bound = |bound: &str| {
        let message = format!("The `{NAME}` timestamp must be {bound} from Checkout Session creation.");
        Refusal::invalid(message).about(NAME)
    };
    let seconds = integer(NAME, &text)?;
    if seconds < now.plus(SHORTEST).seconds() {
        return Err(bound("at least 30 minutes"));
    }
    if seconds > now.plus(LONGEST).seconds() {
        return Err(bound("less than 24 hours"));
    }
    Ok(Timestamp::clamped(seconds))
}

/// The sum of the lines, what it is in, and what the lines are called.
fn lines(form: &mut Form) -> Result<(i64, String, Vec<String>), Refusal> {
    let mut total = 0_i64;
    let mut names = Vec::new();
    while form.has_below(&format!("line_items[{}]", names.len())) {
        let line = format!("line_items[{}]", names.len());
        let mut take = |rest: &str| {
            let name = format!("{line}{rest}");
            form.take(&name).ok_or_else(|| missing(&name)).map(|value| (name, value))
        };
        let (name, currency) = take("[price_data][currency]")?;
        if currency != "gbp" {
            return Err(Refusal::invalid("The stand-in charges gbp only.").about(name));
        }
        let (name, amount) = take("[price_data][unit_amount]")?;
        let amount = integer(&name, &amount)?;
        if amount < 0 {
            let refusal = Refusal::invalid("This value must be greater than or equal to 0.");
            return Err(refusal.code("parameter_invalid_integer").about(name));
        }
        let (name, quantity) = take("[quantity]")?;
        let quantity = integer(&name, &quantity)?;
        if quantity < 1 {
            let refusal = Refusal::invalid("This value must be greater than or equal to 1.");
            return Err(refusal.code("parameter_invalid_integer").about(name));
        }
        let (name, called) = take("[price_data][product_data][name]")?;
        at_most(5_000, &name, Some(&called))?;
        total = amount.saturating_mul(quantity).saturating_add(total);
        names.push(called);
    }
    if names.is_empty() {
        return Err(missing("line_items"));
    }
    if total < LEAST {
        let message = "The Checkout Session's total amount due must add up to at least £0.30 gbp";
        return Err(Refusal::invalid(message).code("amount_too_small"));
    }
    if total > MOST {
        let message = "The Checkout Session's total amount due must be no more than £999,999.99 gbp";
        return Err(Refusal::invalid(message).code("amount_too_large"));
    }
    Ok((total, "gbp".to_owned(), names))
}
