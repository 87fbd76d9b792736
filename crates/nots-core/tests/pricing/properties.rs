//! What holds of every tariff that validates and every journey that can be asked for.

use nots_core::{
    Actor, QuoteId, Timestamp,
    entity::{Quote, Tariff, quote::LegPrices, tariff::Terms},
    journey::Distance,
    pricing::{Breakdown, Rule, work_out},
    table::Stored,
};
use proptest::prelude::*;

use super::{random, wanted};

fn tariff(terms: &Terms) -> Stored<Tariff> {
    let at = Timestamp::MIN.plus(7);
    Tariff::publish(None, 0, terms.clone().check().unwrap(), at, Actor::System, at).tariff
}

fn parts(b: &Breakdown) -> i64 {
    let shown = serde_json::to_value(b).unwrap();
    let fields = shown.as_object().unwrap().iter();
    fields
        .filter(|(name, _)| !["subtotal", "tax", "total"].contains(&name.as_str()))
        .map(|(_, p)| p.as_i64().unwrap())
        .sum()
}

proptest! {
    /// From the table and back, quote and tariff, and priced again: not a penny or a word differs.
    #[test]
    fn a_stored_quote_priced_again_is_the_same(terms in random::terms(), enquiry in random::enquiry()) {
        let tariff = tariff(&terms);
        let quote = Quote::offer(QuoteId::parse("quote_X").unwrap(), enquiry, &tariff.data, Timestamp::MIN).unwrap();
        let again: Stored<Quote> = Stored::from_item(quote.after().to_item().unwrap()).unwrap();
        let by: Stored<Tariff> = Stored::from_item(tariff.to_item().unwrap()).unwrap();
        prop_assert_eq!(&again, quote.after());
        prop_assert_eq!(&by, &tariff);
        prop_assert_eq!(again.data.pricing.tariff(), by.data.key());
        let fare = again.data.enquiry.price(&by.data.terms, again.data.enquiry.vehicle_type).unwrap();
        prop_assert_eq!(&fare.whole.lines, &again.data.pricing.lines);
        prop_assert_eq!(fare.whole.breakdown, again.data.pricing.breakdown);
        for other in &again.data.alternatives {
            let fare = again.data.enquiry.price(&by.data.terms, other.vehicle_type).unwrap();
            prop_assert_eq!(fare.whole.total(), other.total);
        }
    }

    #[test]
    fn lines_sum_to_the_total_and_the_ways_to_the_whole(terms in random::terms(), enquiry in random::enquiry()) {
        let quote = Quote::offer(QuoteId::parse("quote_X").unwrap(), enquiry, &tariff(&terms).data, Timestamp::MIN).unwrap();
        let pricing = &quote.after().data.pricing;
        let b = &pricing.breakdown;
        prop_assert_eq!(pricing.lines.iter().map(|l| l.amount.get()).sum::<i64>(), b.total.get());
        prop_assert_eq!(parts(b), b.total.get());
        prop_assert_eq!(b.subtotal.get() + b.tax.get(), b.total.get());
        prop_assert!(b.total.get() >= 0 && b.tax.get() >= 0);
        if let Some(LegPrices { outward, back }) = &pricing.legs {
            for leg in [outward, back] {
                let total = leg.breakdown.total.get();
                prop_assert_eq!(leg.lines.iter().map(|l| l.amount.get()).sum::<i64>(), total);
                prop_assert_eq!(parts(&leg.breakdown), total);
                prop_assert!(total >= 0);
            }
            prop_assert_eq!(outward.breakdown.total.get() + back.breakdown.total.get(), b.total.get());
            prop_assert_eq!(outward.breakdown.tax.get() + back.breakdown.tax.get(), b.tax.get());
        }
    }

    #[test]
    fn more_distance_or_time_never_costs_less(
        terms in random::terms(), enquiry in random::enquiry(), more in 0..1_000_000_u32,
    ) {
        let kind = enquiry.vehicle_type;
        let fare = enquiry.price(&terms, kind).unwrap().whole;
        let mut further = enquiry.clone();
        further.journey.distance = Distance { meters: enquiry.journey.distance.meters.saturating_add(more) };
        let mut longer = enquiry;
        longer.journey.duration.seconds = longer.journey.duration.seconds.saturating_add(more);
        for mut other in [further, longer] {
            prop_assert!(other.price(&terms, kind).unwrap().whole.total() >= fare.total());
            if let Some(back) = &mut other.return_leg {
                let before = fare.total();
                back.journey.distance.meters = back.journey.distance.meters.saturating_add(more);
                prop_assert!(other.price(&terms, kind).unwrap().whole.total() >= before);
            }
        }
    }

    #[test]
    fn reversing_a_fixed_price_for_both_directions_costs_the_same(
        terms in random::terms(), enquiry in random::enquiry(),
    ) {
        let (there, _) = enquiry.trips(enquiry.vehicle_type);
        let mut back = there.clone();
        std::mem::swap(&mut back.pickup, &mut back.dropoff);
        back.stops.reverse();
        let found = |trip| terms.fixed_price(trip).filter(|(f, _)| f.both_directions).map(|(f, _)| f.code.clone());
        let (one, other) = (found(&there), found(&back));
        if one.is_some() && one == other {
            let (one, other) = (work_out(&terms, &there).unwrap().fare, work_out(&terms, &back).unwrap().fare);
            prop_assert!(one.lines.iter().any(|line| line.rule == Rule::FixedPrice));
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn accessibility_never_costs_more(terms in random::terms(), enquiry in random::enquiry(), number in 1..=5_u8) {
        let kind = enquiry.vehicle_type;
        let mut with = enquiry.clone();
        with.extras.push(wanted("wheelchair_access", number));
        prop_assert_eq!(with.price(&terms, kind).unwrap().whole.total(), enquiry.price(&terms, kind).unwrap().whole.total());
    }
}
