//! What can be published as a tariff, and what is told of what cannot.

use nots_core::{
    Pence,
    area::Area,
    calendar::Weekday,
    entity::tariff::{Fault, Terms, When},
};

use super::{code, place, terms};

fn faults(change: impl FnOnce(&mut Terms)) -> Vec<String> {
    let mut changed = terms();
    change(&mut changed);
    let told = |Fault { pointer, detail }: Fault| format!("{pointer} {detail}");
    changed.check().map_or_else(|faults| faults.into_iter().map(told).collect(), |_| Vec::new())
}

#[test]
fn the_demonstration_can_be_published() {
    assert_eq!(faults(|_| {}), Vec::<String>::new());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let told = faults(|t| {
        t.rates.standard.per_mile = Pence::new(-1);
        t.rates.executive.minimum_fare = Pence::new(29);
        t.rates.minibus.base_fare = Pence::new(1_000_001);
        t.vat.rate_basis_points = 10_001;
        t.return_discount_basis_points = 10_001;
        t.free_waiting.at_airport = 1_441;
        t.minimum_notice_seconds = 31 * 86_400;
        t.zones[1].code = code("bournemouth-poole");
        t.zones[1].airport_fee = Some(Pence::new(-5));
        t.zones[2].area = Area::Polygon { points: vec![place((50.0, 0.0)); 3] };
        t.zones[3].area = Area::Circle { centre: place((50.0, 0.0)), radius_meters: 0 };
        t.fixed_prices[1].to = code("atlantis");
        t.fixed_prices[3].code = code("heathrow-airport");
        t.fixed_prices[4].prices.standard = Some(Pence::new(-1));
        t.uplifts.entries[0].basis_points = 30_001;
        t.extras[0].maximum = 0;
        t.extras[3].unit_price = Pence::new(1);
        t.service_area = vec![code("atlantis")];
        t.bank_holidays.also = vec!["2027-06-04".parse().unwrap()];
        t.bank_holidays.except.clone_from(&t.bank_holidays.also);
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    /rates/standard/perMile must not be negative
    /rates/minibus/baseFare must be at most 1000000 pence
    /rates/executive/minimumFare must be at least 30 pence: no less can be paid by card
    /vat/rateBasisPoints must be at most 10000
    /returnDiscountBasisPoints must be at most 10000
    /freeWaiting/atAirport must be at most 1440
    /minimumNoticeSeconds must be at most 2592000
    /zones/1/code `bournemouth-poole` is there already
    /zones/1/airportFee must not be negative
    /zones/2/area/points has lines that cross or corners that repeat
    /zones/3/area/radiusMeters must have a radius of 1 to 500000 metres
    /serviceArea/0 `atlantis` is none of the zones
    /fixedPrices/3/code `heathrow-airport` is there already
    /fixedPrices/0/to `bournemouth-airport` is none of the zones
    /fixedPrices/1/to `atlantis` is none of the zones
    /fixedPrices/4/prices/standard must not be negative
    /uplifts/entries/0/basisPoints must be at most 30000
    /bankHolidays/except/0 is among those that are added
    /extras/0/maximum must be from 1 to 20
    /extras/3/unitPrice must be 0: what somebody needs because of a disability never costs more
    "#);
}

/// Who must have a vehicle that takes a wheelchair asks for it by a code that dispatch knows; it cannot be sold.
#[test]
fn wheelchair_access_is_always_for_accessibility() {
    let told = faults(|t| {
        t.extras[3].accessibility = false;
        t.extras[3].unit_price = Pence::new(2_000);
    });
    assert_eq!(
        told,
        ["/extras/3/accessibility must be true: a vehicle that takes a wheelchair is asked for by this code"]
    );
}

#[test]
fn what_overlaps_without_a_rule_is_refused() {
    let told = faults(|t| {
        let mut again = t.fixed_prices[0].clone();
        again.code = code("again");
        std::mem::swap(&mut again.from, &mut again.to);
        again.both_directions = false;
        t.fixed_prices.push(again);
        let mut later = t.uplifts.entries[0].clone();
        later.code = code("later");
        later.when = When::Night { from: "05:59".parse().unwrap(), to: "08:00".parse().unwrap() };
        t.uplifts.entries.push(later);
        let mut weekend = t.uplifts.entries[0].clone();
        weekend.code = code("weekend");
        weekend.when = When::Weekend { days: vec![Weekday::Saturday] };
        t.uplifts.entries.push(weekend.clone());
        weekend.code = code("sunday");
        weekend.when = When::Weekend { days: vec![Weekday::Sunday] };
        t.uplifts.entries.push(weekend.clone());
        weekend.code = code("no_day");
        weekend.when = When::Weekend { days: Vec::new() };
        t.uplifts.entries.push(weekend.clone());
        weekend.code = code("no_night");
        weekend.when = When::Night { from: "12:00".parse().unwrap(), to: "12:00".parse().unwrap() };
        t.uplifts.entries.push(weekend);
    });
    insta::assert_snapshot!(told.join("\n"), @r#"
    /fixedPrices/6 is the journey of `bournemouth-airport`, which would always count instead
    /uplifts/entries/2 counts at hours at which `night` of the same kind does
    /uplifts/entries/5/days must name a day
    /uplifts/entries/6/to must not be the time at which it begins
    /uplifts/entries/6 counts at hours at which `night` of the same kind does
    "#);
}

#[test]
fn a_fixed_price_has_a_price() {
    let told = faults(|t| {
        let prices = &mut t.fixed_prices[0].prices;
        (prices.standard, prices.executive, prices.minibus) = (None, None, None);
    });
    assert_eq!(told, ["/fixedPrices/0/prices must have a price for at least one kind of vehicle"]);
}
