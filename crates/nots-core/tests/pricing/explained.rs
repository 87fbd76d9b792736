//! What is told of a price, and of what a draft would make of it, for every tariff and every journey.

use nots_core::{
    Actor, Pence, QuoteId, Timestamp,
    entity::{Quote, Tariff, quote::Enquiry, tariff::Terms},
    journey::VehicleType,
    pricing::{ExplainedLeg, Line, Rule, explain, preview},
};
use proptest::prelude::*;

use super::random;

fn published(terms: &Terms) -> Tariff {
    let at = Timestamp::MIN.plus(7);
    Tariff::publish(None, 0, terms.clone().check().unwrap(), at, Actor::System, at).tariff.data
}

fn quoted(tariff: &Tariff, enquiry: Enquiry) -> Quote {
    let quote = Quote::offer(QuoteId::parse("quote_X").unwrap(), enquiry, tariff, Timestamp::MIN).unwrap();
    quote.after().data.clone()
}

proptest! {
    #[test]
    fn an_explanation_adds_up_to_what_was_quoted(terms in random::terms(), enquiry in random::enquiry()) {
        let tariff = published(&terms);
        let quote = quoted(&tariff, enquiry);
        let told = explain(&quote, &tariff).unwrap();
        let breakdown = quote.pricing.breakdown;
        prop_assert!(told.matches);
        prop_assert_eq!((told.quoted, told.whole.total, told.whole.tax), (breakdown.total, breakdown.total, breakdown.tax));
        prop_assert_eq!(told.whole.lines.last().unwrap().running_total, breakdown.total);
        prop_assert_eq!(told.legs.len(), 1 + usize::from(quote.return_journey));
        for leg in &told.legs {
            prop_assert_eq!(leg.steps.last().unwrap().running_total, leg.total);
        }
        let sum = |of: fn(&ExplainedLeg) -> Pence| told.legs.iter().map(|leg| of(leg).get()).sum::<i64>();
        prop_assert_eq!((sum(|leg| leg.total), sum(|leg| leg.tax)), (breakdown.total.get(), breakdown.tax.get()));

        // Any penny more or less, in any place, shows.
        let mut other = quote.clone();
        other.pricing.lines[0].amount = other.pricing.lines[0].amount.plus(Pence::new(1)).unwrap();
        prop_assert!(!explain(&other, &tariff).unwrap().matches);
        let mut other = quote.clone();
        other.pricing.tariff_version += 1;
        prop_assert!(!explain(&other, &tariff).unwrap().matches);
        // Other words for the same do not.
        let mut other = quote.clone();
        other.pricing.lines[0].description.push('!');
        prop_assert!(explain(&other, &tariff).unwrap().matches);
        if let Some(legs) = &mut other.pricing.legs {
            legs.back.breakdown.tax = legs.back.breakdown.tax.plus(Pence::new(1)).unwrap();
            prop_assert!(!explain(&other, &tariff).unwrap().matches);
        }
    }

    #[test]
    fn a_draft_that_changes_nothing_changes_no_price(terms in random::terms(), all in prop::collection::vec(random::enquiry(), 1..5)) {
        let tariff = published(&terms);
        let quotes: Vec<_> = all.into_iter().map(|enquiry| quoted(&tariff, enquiry)).collect();
        let quotes: Vec<_> = quotes.iter().collect();
        let same = preview(&quotes, &tariff.terms).unwrap();
        prop_assert_eq!((same.totals.same, same.totals.difference), (quotes.len(), Pence::ZERO));
        prop_assert!(same.items.iter().all(|item| item.after.as_ref() == Some(&item.before)));

        // What is changed for one kind of vehicle is changed for that alone.
        let mut dearer = tariff.terms.clone();
        dearer.rates.standard.base_fare = dearer.rates.standard.base_fare.plus(Pence::new(100)).unwrap();
        let changed = preview(&quotes, &dearer).unwrap();
        prop_assert_eq!(changed.totals.before, same.totals.before);
        for item in &changed.items {
            let base = |lines: &[Line]| lines.iter().find(|line| line.rule == Rule::Base).unwrap().amount.get();
            let more = i64::from(item.vehicle_type == VehicleType::Standard) * 100;
            prop_assert_eq!(base(&item.after.as_ref().unwrap().lines) - base(&item.before.lines), more);
        }
        let totals = changed.totals;
        prop_assert_eq!(totals.quotes, totals.dearer + totals.cheaper + totals.same + totals.unpriceable);
    }
}
