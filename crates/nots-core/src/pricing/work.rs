//! One way of a journey, worked out rule by rule: the fare, and why each rule did or did not count.

use serde::Serialize;

use super::{Direction, Fare, Line, Rule, Trip, Unpriceable};
use crate::{
    entity::tariff::{BasisPoints, Overlap, Rate, Terms, Uplift, WHOLE},
    geo::METRES_PER_MILE,
    journey::VehicleType,
    money::Pence,
    time::Seconds,
};

/// One rule, what it was held against, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which.
    pub rule: Rule,
    /// Whether it made a line.
    pub applied: bool,
    /// Its arithmetic in words, or why it does not count.
    pub arithmetic: String,
    /// Pence; 0 when it does not count.
    pub amount: Pence,
}

/// A fare and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worked {
    /// The fare.
    pub fare: Fare,
    /// Every rule that was looked at, in order; the applied ones are the fare's lines.
    pub steps: Vec<Step>,
}

/// Works out one way of a journey.
///
/// # Errors
/// When an extra is none of the tariff's; no checked tariff and no journey on Earth give a fare that cannot be held.
pub fn work_out(terms: &Terms, trip: &Trip) -> Result<Worked, Unpriceable> {
    let mut sheet = Sheet { terms, trip, rate: terms.rates.of(trip.vehicle_type), steps: Vec::new() };
    sheet.base();
    let fixed = sheet.fixed_price_or_distance_and_time()?;
    sheet.minimum_fare()?;
    sheet.uplifts(fixed)?;
    sheet.return_discount()?;
    sheet.stops()?;
    sheet.waiting()?;
    sheet.extras()?;
    sheet.airport_fees();
    sheet.done()
}

struct Sheet<'a> {
    terms: &'a Terms,
    trip: &'a Trip,
    rate: &'a Rate,
    steps: Vec<Step>,
}

impl Sheet<'_> {
    fn show(&self, amount: Pence) -> String {
        amount.display(self.terms.currency)
    }

    fn counts(&mut self, rule: Rule, arithmetic: String, amount: Pence) {
        self.steps.push(Step { rule, applied: true, arithmetic, amount });
    }

    fn does_not(&mut self, rule: Rule, why: String) {
        self.steps.push(Step { rule, applied: false, arithmetic: why, amount: Pence::ZERO });
    }

    fn so_far(&self) -> Result<Pence, Unpriceable> {
        let sum = self.steps.iter().try_fold(Pence::ZERO, |total, step| total.plus(step.amount));
        sum.ok_or(Unpriceable::TooLarge)
    }

    fn base(&mut self) {
        let amount = self.rate.base_fare;
        self.counts(Rule::Base, format!("Base fare {}", self.show(amount)), amount);
    }

    /// Whether a fixed price counts.
    fn fixed_price_or_distance_and_time(&mut self) -> Result<bool, Unpriceable> {
        let (terms, trip) = (self.terms, self.trip);
        if let Some((fixed, price)) = terms.fixed_price(trip) {
            let name = |code| terms.zone(code).map_or("", |zone| zone.name.as_str());
            let (one, other) = (name(&fixed.from), name(&fixed.to));
            let joined = if fixed.both_directions { "and" } else { "to" };
            let between = if fixed.both_directions { "between" } else { "from" };
            let words = format!(
                "Fixed price {between} {one} {joined} {other}, in place of distance and time: {}",
                self.show(price)
            );
            self.counts(Rule::FixedPrice, words, price);
            return Ok(true);
        }
        if !terms.fixed_prices.is_empty() {
            self.does_not(Rule::FixedPrice, "No fixed price is for these places".to_owned());
        }
        // A mile is 1,609.344 m, so in whole millimetres the division is exact until it is rounded once.
        let millimetres = i64::from(trip.metres).checked_mul(1_000).ok_or(Unpriceable::TooLarge)?;
        let amount = self.rate.per_mile.ratio(millimetres, 1_609_344).ok_or(Unpriceable::TooLarge)?;
        let miles = f64::from(trip.metres) / METRES_PER_MILE;
        let (metres, each) = (trip.metres, self.show(self.rate.per_mile));
        let words = format!("{metres} m ({miles:.2} miles) at {each} a mile: {metres} ÷ 1609.344 × {each}");
        self.counts(Rule::Distance, words, amount);
        let amount = self.rate.per_minute.ratio(i64::from(trip.seconds), 60).ok_or(Unpriceable::TooLarge)?;
        let minutes = f64::from(trip.seconds) / 60.0;
        let (seconds, each) = (trip.seconds, self.show(self.rate.per_minute));
        let words = format!("{seconds} s ({minutes:.1} minutes) at {each} a minute: {seconds} ÷ 60 × {each}");
        self.counts(Rule::Time, words, amount);
        Ok(false)
    }

    fn minimum_fare(&mut self) -> Result<(), Unpriceable> {
        let (so_far, least) = (self.so_far()?, self.rate.minimum_fare);
        let (so_far_shown, least_shown) = (self.show(so_far), self.show(least));
        if so_far < least {
            let amount = least.less(so_far).ok_or(Unpriceable::TooLarge)?;
            self.counts(
                Rule::MinimumFare,
                format!("{so_far_shown} lifted to the minimum fare of {least_shown}"),
                amount,
            );
        } else {
            self.does_not(
                Rule::MinimumFare,
                format!("{so_far_shown} is not below the minimum fare of {least_shown}"),
            );
        }
        Ok(())
    }

    fn share(&self, of: Pence, basis_points: BasisPoints) -> Result<Pence, Unpriceable> {
        of.ratio(i64::from(basis_points), i64::from(WHOLE)).ok_or(Unpriceable::TooLarge)
    }

    fn uplifts(&mut self, fixed: bool) -> Result<(), Unpriceable> {
        let (terms, trip) = (self.terms, self.trip);
        let fare = self.so_far()?;
        let judged: Vec<(&Uplift, bool, String)> = terms
            .uplifts
            .entries
            .iter()
            .map(|uplift| {
                let (fits, why) = terms.fits(uplift, trip.pickup_time);
                (uplift, fits, why)
            })
            .collect();
        let fitting = judged.iter().filter(|(_, fits, _)| *fits).map(|(uplift, ..)| *uplift);
        // The first of equal ones.
        let highest = fitting.rev().max_by_key(|uplift| uplift.basis_points);
        for (uplift, fits, why) in &judged {
            let (name, percent) = (&uplift.name, percent(uplift.basis_points));
            if !fits {
                self.does_not(uplift.rule(), format!("{name}: {why}"));
            } else if fixed && !terms.uplifts.on_fixed_prices {
                self.does_not(uplift.rule(), format!("{name}: {why}, but fixed prices have no uplift"));
            } else if terms.uplifts.overlap == Overlap::Highest && highest != Some(*uplift) {
                let over = highest.map_or("", |uplift| uplift.name.as_str());
                self.does_not(uplift.rule(), format!("{name}: {why}, but only the highest counts: {over}"));
            } else {
                let amount = self.share(fare, uplift.basis_points)?;
                let words = format!("{name}: {percent} of {}, because {why}", self.show(fare));
                self.counts(uplift.rule(), words, amount);
            }
        }
        Ok(())
    }

    fn return_discount(&mut self) -> Result<(), Unpriceable> {
        let points = self.terms.return_discount_basis_points;
        if self.trip.direction == Direction::Return && points > 0 {
            let fare = self.so_far()?;
            let off = Pence::ZERO.less(self.share(fare, points)?).ok_or(Unpriceable::TooLarge)?;
            let words = format!(
                "{} off {}, the way back before stops, extras and fees",
                percent(points),
                self.show(fare)
            );
            self.counts(Rule::ReturnDiscount, words, off);
        }
        Ok(())
    }

    fn stops(&mut self) -> Result<(), Unpriceable> {
        let (number, each) = (self.trip.stops.len(), self.rate.per_via_stop);
        if number > 0 {
            let times = i64::try_from(number).map_err(|_| Unpriceable::TooLarge)?;
            let amount = each.ratio(times, 1).ok_or(Unpriceable::TooLarge)?;
            let stops = if number == 1 { "stop" } else { "stops" };
            self.counts(
                Rule::ViaStops,
                format!("{number} {stops} on the way at {}", self.show(each)),
                amount,
            );
        }
        Ok(())
    }

    fn waiting(&mut self) -> Result<(), Unpriceable> {
        let free = self.terms.free_waiting.at_via_stop;
        let charged: u64 =
            self.trip.stops.iter().map(|stop| u64::from(stop.waiting_minutes.saturating_sub(free))).sum();
        let each = self.rate.per_waiting_minute;
        if charged > 0 {
            let minutes = i64::try_from(charged).map_err(|_| Unpriceable::TooLarge)?;
            let amount = each.ratio(minutes, 1).ok_or(Unpriceable::TooLarge)?;
            let words = format!(
                "{charged} minutes of waiting at {}, after {free} free at each stop",
                self.show(each)
            );
            self.counts(Rule::Waiting, words, amount);
        } else if self.trip.stops.iter().any(|stop| stop.waiting_minutes > 0) {
            self.does_not(Rule::Waiting, format!("{free} minutes of waiting are free at each stop"));
        }
        Ok(())
    }

    fn extras(&mut self) -> Result<(), Unpriceable> {
        let terms = self.terms;
        for wanted in &self.trip.extras {
            let extra =
                terms.extra(&wanted.code).ok_or_else(|| Unpriceable::NoSuchExtra(wanted.code.clone()))?;
            let amount =
                extra.unit_price.ratio(i64::from(wanted.quantity), 1).ok_or(Unpriceable::TooLarge)?;
            let price = if extra.accessibility {
                "free, always".to_owned()
            } else {
                format!("at {}", self.show(extra.unit_price))
            };
            self.counts(Rule::Extras, format!("{} × {} {price}", wanted.quantity, extra.name), amount);
        }
        Ok(())
    }

    fn airport_fees(&mut self) {
        let (terms, trip) = (self.terms, self.trip);
        let mut places = vec![trip.pickup];
        places.extend(trip.stops.iter().map(|stop| stop.at));
        places.push(trip.dropoff);
        for (zone, fee) in terms.airports(&places) {
            self.counts(Rule::AirportFee, format!("{}: {}", zone.name, self.show(fee)), fee);
        }
    }

    fn done(self) -> Result<Worked, Unpriceable> {
        let line =
            |step: &Step| Line { rule: step.rule, description: step.arithmetic.clone(), amount: step.amount };
        let lines = self.steps.iter().filter(|step| step.applied).map(line).collect();
        let fare = Fare::of(lines, self.terms.currency, self.terms.vat).ok_or(Unpriceable::TooLarge)?;
        Ok(Worked { fare, steps: self.steps })
    }
}

/// Hundredths of a per cent as people read them: `20%`, `12.5%`.
pub(super) fn percent(basis_points: BasisPoints) -> String {
    format!("{}%", f64::from(basis_points) / 100.0)
}

/// What waiting at the pickup comes to once the ride is over: each minute begun after the free ones.
///
/// # Errors
/// No checked tariff and no wait give a charge that cannot be held.
pub fn waiting_at_pickup(
    terms: &Terms,
    kind: VehicleType,
    at_airport: bool,
    waited: Seconds,
) -> Result<Line, Unpriceable> {
    let free = if at_airport { terms.free_waiting.at_airport } else { terms.free_waiting.at_pickup };
    let charged = waited.div_ceil(60).saturating_sub(free);
    let each = terms.rates.of(kind).per_waiting_minute;
    let amount = each.ratio(i64::from(charged), 1).ok_or(Unpriceable::TooLarge)?;
    let shown = each.display(terms.currency);
    let minutes = if charged == 1 { "minute" } else { "minutes" };
    let description = format!("{charged} {minutes} of waiting at {shown}, after {free} free");
    Ok(Line { rule: Rule::Waiting, description, amount })
}
