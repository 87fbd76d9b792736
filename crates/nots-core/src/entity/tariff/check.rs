//! Whether a tariff can be published: it is judged as a whole, and everything that is wrong is told at once.

use std::collections::HashSet;

use super::{Code, Extra, FixedPrice, Rate, Terms, WHOLE, When};
use crate::{
    area::Area,
    calendar::Weekday,
    journey::VehicleType,
    money::{LEAST_CHARGE, Pence},
};

/// The most that one amount of a tariff may be: £10,000.
const MAX_AMOUNT: Pence = Pence::new(1_000_000);
/// The most that an uplift may add: three times the fare.
const MAX_UPLIFT: u32 = 30_000;
/// The most zones, fixed prices, uplifts, extras and dates that a tariff may have; it is one item of the table.
const MOST: (usize, usize, usize, usize, usize) = (100, 300, 10, 30, 100);
/// The most zones that are airports: each may be a line of a fare.
const MOST_AIRPORTS: usize = 20;
/// The most corners that all zones have together.
const MOST_CORNERS: usize = 2_000;
/// The most free waiting, in minutes: a day.
const MOST_FREE_MINUTES: u32 = 1_440;
/// The most notice, in seconds: thirty days.
const MOST_NOTICE: u32 = 30 * 86_400;
/// The most of one extra.
const MOST_OF_AN_EXTRA: u8 = 20;

/// One thing that is wrong with a tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A JSON pointer (RFC 6901) into the tariff.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}

/// Terms in which nothing is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedTerms(Terms);

impl CheckedTerms {
    /// The terms.
    #[must_use]
    pub fn into_inner(self) -> Terms {
        self.0
    }

    /// The terms, to price with.
    #[must_use]
    pub fn get(&self) -> &Terms {
        &self.0
    }
}

#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(Fault { pointer: pointer.into(), detail: detail.into() });
    }

    pub(super) fn amount(&mut self, pointer: impl Into<String>, amount: Pence) {
        if amount < Pence::ZERO {
            self.add(pointer, "must not be negative");
        } else if amount > MAX_AMOUNT {
            self.add(pointer, format!("must be at most {} pence", MAX_AMOUNT.get()));
        }
    }

    pub(super) fn at_most(&mut self, pointer: impl Into<String>, number: u32, most: u32) {
        if number > most {
            self.add(pointer, format!("must be at most {most}"));
        }
    }

    /// Whether a list is short enough to be looked into: whoever sends one that is too long waits for no more than that.
    pub(super) fn few(&mut self, pointer: &str, number: usize, most: usize) -> bool {
        if number > most {
            self.add(pointer, format!("must have at most {most} entries"));
        }
        number <= most
    }

    fn unique<'a>(&mut self, list: &str, field: &str, codes: impl Iterator<Item = &'a Code>) {
        let mut seen = HashSet::new();
        for (place, code) in codes.enumerate() {
            if !seen.insert(code) {
                self.add(format!("{list}/{place}{field}"), format!("`{code}` is there already"));
            }
        }
    }
}

impl Terms {
    /// Judges the whole tariff.
    ///
    /// # Errors
    /// Everything that is wrong: an amount that is negative or absurd, a zone that is none or that is named and not
    /// there, two entries that say different things of the same journey or hour, an extra for accessibility that costs
    /// something, a moment before the pickup at which no row says what cancelling costs.
    pub fn check(self) -> Result<CheckedTerms, Vec<Fault>> {
        let mut faults = Faults::default();
        self.check_amounts(&mut faults);
        self.check_zones(&mut faults);
        self.check_fixed_prices(&mut faults);
        self.check_uplifts(&mut faults);
        self.check_extras(&mut faults);
        self.cancellation.check(&mut faults);
        if faults.0.is_empty() { Ok(CheckedTerms(self)) } else { Err(faults.0) }
    }

    fn check_amounts(&self, faults: &mut Faults) {
        for kind in VehicleType::ALL {
            let Rate { base_fare, per_mile, per_minute, minimum_fare, per_via_stop, per_waiting_minute } =
                self.rates.of(kind);
            for (name, amount) in [
                ("baseFare", base_fare),
                ("perMile", per_mile),
                ("perMinute", per_minute),
                ("minimumFare", minimum_fare),
                ("perViaStop", per_via_stop),
                ("perWaitingMinute", per_waiting_minute),
            ] {
                faults.amount(format!("/rates/{kind}/{name}"), *amount);
            }
        }
        for kind in VehicleType::ALL {
            if self.rates.of(kind).minimum_fare < LEAST_CHARGE {
                let detail =
                    format!("must be at least {} pence: no less can be paid by card", LEAST_CHARGE.get());
                faults.add(format!("/rates/{kind}/minimumFare"), detail);
            }
        }
        faults.at_most("/vat/rateBasisPoints", self.vat.rate_basis_points, WHOLE);
        faults.at_most("/returnDiscountBasisPoints", self.return_discount_basis_points, WHOLE);
        faults.at_most("/freeWaiting/atPickup", self.free_waiting.at_pickup, MOST_FREE_MINUTES);
        faults.at_most("/freeWaiting/atAirport", self.free_waiting.at_airport, MOST_FREE_MINUTES);
        faults.at_most("/freeWaiting/atViaStop", self.free_waiting.at_via_stop, MOST_FREE_MINUTES);
        faults.at_most("/minimumNoticeSeconds", self.minimum_notice_seconds, MOST_NOTICE);
    }

    fn check_zones(&self, faults: &mut Faults) {
        if !faults.few("/zones", self.zones.len(), MOST.0)
            || !faults.few("/serviceArea", self.service_area.len(), MOST.0)
        {
            return;
        }
        faults.unique("/zones", "/code", self.zones.iter().map(|zone| &zone.code));
        let mut corners: usize = 0;
        for (place, zone) in self.zones.iter().enumerate() {
            if let Err(why) = zone.area.check() {
                faults.add(format!("/zones/{place}/area/{}", why.member()), why.to_string());
            }
            if let Area::Polygon { points } = &zone.area {
                corners = corners.saturating_add(points.len());
            }
            if let Some(fee) = zone.airport_fee {
                faults.amount(format!("/zones/{place}/airportFee"), fee);
            }
        }
        if self.zones.iter().filter(|zone| zone.is_airport()).count() > MOST_AIRPORTS {
            faults.add("/zones", format!("must have at most {MOST_AIRPORTS} airports"));
        }
        if corners > MOST_CORNERS {
            faults.add("/zones", format!("must have at most {MOST_CORNERS} corners together"));
        }
        faults.unique("/serviceArea", "", self.service_area.iter());
        for (place, code) in self.service_area.iter().enumerate() {
            self.known_zone(faults, format!("/serviceArea/{place}"), code);
        }
    }

    fn known_zone(&self, faults: &mut Faults, pointer: String, code: &Code) {
        if self.zone(code).is_none() {
            faults.add(pointer, format!("`{code}` is none of the zones"));
        }
    }

    fn check_fixed_prices(&self, faults: &mut Faults) {
        if !faults.few("/fixedPrices", self.fixed_prices.len(), MOST.1) {
            return;
        }
        faults.unique("/fixedPrices", "/code", self.fixed_prices.iter().map(|fixed| &fixed.code));
        for (place, fixed) in self.fixed_prices.iter().enumerate() {
            let at = |field: &str| format!("/fixedPrices/{place}{field}");
            self.known_zone(faults, at("/from"), &fixed.from);
            self.known_zone(faults, at("/to"), &fixed.to);
            let priced =
                VehicleType::ALL.into_iter().filter_map(|kind| Some((kind, (*fixed.prices.of(kind))?)));
            let mut none = true;
            for (kind, price) in priced {
                none = false;
                faults.amount(at(&format!("/prices/{kind}")), price);
            }
            if none {
                faults.add(at("/prices"), "must have a price for at least one kind of vehicle");
            }
            let earlier = self.fixed_prices.iter().take(place).find(|other| same_journey(other, fixed));
            if let Some(earlier) = earlier {
                let detail =
                    format!("is the journey of `{}`, which would always count instead", earlier.code);
                faults.add(at(""), detail);
            }
        }
    }

    fn check_uplifts(&self, faults: &mut Faults) {
        let entries = &self.uplifts.entries;
        let looked_into = faults.few("/uplifts/entries", entries.len(), MOST.2);
        let entries = if looked_into { entries.as_slice() } else { &[] };
        faults.unique("/uplifts/entries", "/code", entries.iter().map(|uplift| &uplift.code));
        for (place, uplift) in entries.iter().enumerate() {
            let at = |field: &str| format!("/uplifts/entries/{place}{field}");
            faults.at_most(at("/basisPoints"), uplift.basis_points, MAX_UPLIFT);
            match &uplift.when {
                When::Night { from, to } if from == to => {
                    faults.add(at("/to"), "must not be the time at which it begins");
                }
                When::Weekend { days } if days.is_empty() => faults.add(at("/days"), "must name a day"),
                When::Weekend { days } if days.iter().collect::<HashSet<_>>().len() < days.len() => {
                    faults.add(at("/days"), "must name each day once");
                }
                _ => {}
            }
            let earlier = entries.iter().take(place).find(|other| same_hours(&other.when, &uplift.when));
            if let Some(earlier) = earlier {
                faults.add(
                    at(""),
                    format!("counts at hours at which `{}` of the same kind does", earlier.code),
                );
            }
        }
        if !faults.few("/bankHolidays/also", self.bank_holidays.also.len(), MOST.4)
            || !faults.few("/bankHolidays/except", self.bank_holidays.except.len(), MOST.4)
        {
            return;
        }
        for (place, day) in self.bank_holidays.except.iter().enumerate() {
            if self.bank_holidays.also.contains(day) {
                faults.add(format!("/bankHolidays/except/{place}"), "is among those that are added");
            }
        }
    }

    fn check_extras(&self, faults: &mut Faults) {
        if !faults.few("/extras", self.extras.len(), MOST.3) {
            return;
        }
        faults.unique("/extras", "/code", self.extras.iter().map(|extra| &extra.code));
        for (place, extra) in self.extras.iter().enumerate() {
            faults.amount(format!("/extras/{place}/unitPrice"), extra.unit_price);
            if extra.accessibility && extra.unit_price > Pence::ZERO {
                let detail = "must be 0: what somebody needs because of a disability never costs more";
                faults.add(format!("/extras/{place}/unitPrice"), detail);
            }
            if extra.code.as_str() == Extra::WHEELCHAIR_ACCESS && !extra.accessibility {
                let detail = "must be true: a vehicle that takes a wheelchair is asked for by this code";
                faults.add(format!("/extras/{place}/accessibility"), detail);
            }
            if !(1..=MOST_OF_AN_EXTRA).contains(&extra.maximum) {
                faults
                    .add(format!("/extras/{place}/maximum"), format!("must be from 1 to {MOST_OF_AN_EXTRA}"));
            }
        }
    }
}

/// Whether every journey that fits `later` fits `earlier` too, in a kind of vehicle that both have a price for. Zones
/// that overlap on the map are another matter: there the first that fits counts.
fn same_journey(earlier: &FixedPrice, later: &FixedPrice) -> bool {
    let kinds = VehicleType::ALL
        .into_iter()
        .any(|kind| earlier.prices.of(kind).is_some() && later.prices.of(kind).is_some());
    let there = earlier.from == later.from && earlier.to == later.to;
    let back = earlier.from == later.to && earlier.to == later.from;
    kinds && (there || (back && (earlier.both_directions || later.both_directions)))
}

/// Whether two uplifts of one kind count at the same hour.
fn same_hours(one: &When, other: &When) -> bool {
    match (one, other) {
        (When::Night { from: a, to: b }, When::Night { from: c, to: d }) => {
            a.within(*c, *d) || c.within(*a, *b)
        }
        (When::Weekend { days: one }, When::Weekend { days: other }) => {
            // More than seven have one twice, which is told beside this.
            one.iter().take(Weekday::ALL.len()).any(|day| other.contains(day))
        }
        (When::BankHoliday, When::BankHoliday) => true,
        _ => false,
    }
}
