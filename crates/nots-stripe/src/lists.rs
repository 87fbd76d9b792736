//! Stripe's own lists, a page at a time.

use nots_core::{
    ports::{GatewayError, Listed},
    time::Interval,
};
use serde::Serialize;
use stripe_client_core::{RequestBuilder, StripeMethod};

use crate::{
    ask::{Asker, Question, read},
    facts::{Odd, Thing, is_id},
};

/// The most that Stripe puts on a page.
const PAGE: u32 = 100;

/// What is wanted of a list, and behind what.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Filter<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Created>,
    limit: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_intent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_after: Option<String>,
}

#[derive(Debug, Serialize)]
struct Created {
    gte: i64,
    lt: i64,
}

impl<'a> Filter<'a> {
    /// What was made within a stretch of time.
    pub(crate) fn made(made: Interval, after: Option<String>) -> Self {
        let created = Created { gte: made.from.seconds(), lt: made.to.seconds() };
        Self { created: Some(created), limit: PAGE, starting_after: after, payment_intent: None }
    }

    /// What belongs to a payment.
    pub(crate) fn of(payment_intent: &'a str, after: Option<String>) -> Self {
        Self { created: None, limit: PAGE, starting_after: after, payment_intent: Some(payment_intent) }
    }
}

/// One page. What does not concern us is left out, so a page may be short, or empty, and not the last.
pub(crate) async fn page<T>(
    asker: &Asker,
    path: &str,
    filter: &Filter<'_>,
    how: impl Fn(Thing<'_>) -> Result<T, Odd>,
) -> Result<Listed<T>, GatewayError> {
    let request = RequestBuilder::new(StripeMethod::Get, path).query(filter);
    let answer = asker.ask(&Question::harmless(request)).await?;
    read(&answer, |list| listed(list, how))
}

fn listed<T>(list: Thing<'_>, how: impl Fn(Thing<'_>) -> Result<T, Odd>) -> Result<Listed<T>, Odd> {
    let data = list.array("data").ok_or(Odd::Shape("it is no list"))?;
    let mut items = Vec::with_capacity(data.len());
    let mut last = None;
    for entry in data {
        let thing = Thing::of(entry).ok_or(Odd::Shape("an entry is no object"))?;
        let id = thing.text("id").filter(|id| is_id(id, ""));
        last = Some(id.ok_or(Odd::Shape("an entry has no id"))?);
        match how(thing) {
            Ok(item) => items.push(item),
            Err(Odd::NotOurs) => {}
            Err(odd) => return Err(odd),
        }
    }
    // A list that says there is more and shows nothing would be asked for ever.
    let next = last.filter(|_| list.flag("has_more")).map(str::to_owned);
    Ok(Listed { items, next })
}
