//! What a draft of a tariff would change: quotes that were made, priced again by it.

use serde::Serialize;

use super::{Breakdown, Line, Unpriceable};
use crate::{
    entity::{Quote, tariff::Terms},
    id::QuoteId,
    journey::VehicleType,
    money::{Currency, Pence},
    time::Timestamp,
};

/// Quotes as they were priced and as a draft would price them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Preview {
    /// Each quote, in the order in which they were named.
    pub items: Vec<Repriced>,
    /// All of them together.
    pub totals: PreviewTotals,
}

/// One quote, before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Repriced {
    /// Which.
    pub quote_id: QuoteId,
    /// In what.
    pub vehicle_type: VehicleType,
    /// When.
    pub pickup_time: Timestamp,
    /// Which version priced it.
    pub tariff_version: u32,
    /// As it was quoted.
    pub before: Priced,
    /// By the draft; none when the draft has no price for it.
    pub after: Option<Priced>,
    /// After less before, in pence; none where there is no after.
    pub difference: Option<Pence>,
    /// Why the draft has no price for it.
    pub unpriceable: Option<String>,
    /// Whether the draft's service area has it.
    pub served: bool,
}

/// A price, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Priced {
    /// What the customer pays.
    pub total: Pence,
    /// The VAT inside it.
    pub tax: Pence,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Priced {
    fn of(breakdown: &Breakdown, lines: &[Line]) -> Self {
        Self { total: breakdown.total, tax: breakdown.tax, lines: lines.to_vec() }
    }
}

/// All quotes together. Amounts are those of the quotes that both have a price for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewTotals {
    /// What amounts are in.
    pub currency: Currency,
    /// How many.
    pub quotes: usize,
    /// How many cost more by the draft.
    pub dearer: usize,
    /// How many cost less by the draft.
    pub cheaper: usize,
    /// How many cost the same.
    pub same: usize,
    /// How many the draft has no price for.
    pub unpriceable: usize,
    /// What they were quoted at.
    pub before: Pence,
    /// What they would be quoted at.
    pub after: Pence,
    /// After less before.
    pub difference: Pence,
}

/// Prices quotes again by a draft, each in the kind of vehicle that it was asked for in.
///
/// # Errors
/// When a fare or their sum is larger than can be held; none of a checked draft is.
pub fn preview(quotes: &[&Quote], draft: &Terms) -> Result<Preview, Unpriceable> {
    let items = quotes.iter().map(|quote| again(quote, draft)).collect::<Result<Vec<_>, _>>()?;
    let compared = items.iter().filter_map(|item| Some((item.before.total, item.after.as_ref()?.total)));
    let sum = |mut amounts: Box<dyn Iterator<Item = Pence> + '_>| {
        amounts.try_fold(Pence::ZERO, Pence::plus).ok_or(Unpriceable::TooLarge)
    };
    let before = sum(Box::new(compared.clone().map(|(before, _)| before)))?;
    let after = sum(Box::new(compared.clone().map(|(_, after)| after)))?;
    let count = |fits: fn(Pence, Pence) -> bool| {
        compared.clone().filter(|(before, after)| fits(*before, *after)).count()
    };
    let totals = PreviewTotals {
        currency: draft.currency,
        quotes: items.len(),
        dearer: count(|before, after| after > before),
        cheaper: count(|before, after| after < before),
        same: count(|before, after| after == before),
        unpriceable: items.iter().filter(|item| item.after.is_none()).count(),
        before,
        after,
        difference: after.less(before).ok_or(Unpriceable::TooLarge)?,
    };
    Ok(Preview { items, totals })
}

fn again(quote: &Quote, draft: &Terms) -> Result<Repriced, Unpriceable> {
    let enquiry = &quote.enquiry;
    let before = Priced::of(&quote.pricing.breakdown, &quote.pricing.lines);
    let (after, unpriceable) = match enquiry.price(draft, enquiry.vehicle_type) {
        Ok(fare) => (Some(Priced::of(&fare.whole.breakdown, &fare.whole.lines)), None),
        Err(why @ Unpriceable::NoSuchExtra(_)) => (None, Some(why.to_string())),
        Err(Unpriceable::TooLarge) => return Err(Unpriceable::TooLarge),
    };
    let difference = match &after {
        Some(after) => Some(after.total.less(before.total).ok_or(Unpriceable::TooLarge)?),
        None => None,
    };
    Ok(Repriced {
        quote_id: quote.quote_id.clone(),
        vehicle_type: enquiry.vehicle_type,
        pickup_time: enquiry.pickup_time,
        tariff_version: quote.pricing.tariff_version,
        before,
        after,
        difference,
        unpriceable,
        served: draft.serves(enquiry.pickup_location.at, enquiry.dropoff_location.at),
    })
}
