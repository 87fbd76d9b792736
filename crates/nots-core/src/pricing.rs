//! Fares: an ordered list of lines, each naming the rule that made it, that sum to the total.
//!
//! Rounding is to the penny, half to even, once for each line. Fares include VAT.

use serde::{Deserialize, Serialize};

use crate::{
    entity::tariff::{Rate, Tariff, Vat},
    journey::VehicleType,
    money::{Currency, Pence},
    time::Seconds,
};

/// The rule that made a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// For coming at all.
    Base,
    /// For each mile.
    Distance,
    /// For each minute.
    Time,
    /// What lifts a short journey to the least fare.
    MinimumFare,
}

/// One line of a fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The rule that made it.
    pub rule: Rule,
    /// The rule's arithmetic in words.
    pub description: String,
    /// Pence.
    pub amount: Pence,
}

/// The lines by kind, and the VAT inside the total. All in pence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Breakdown {
    /// Base fare.
    pub base_fare: Pence,
    /// Distance.
    pub distance_charge: Pence,
    /// Time.
    pub time_charge: Pence,
    /// What lifts it to the least fare.
    pub minimum_fare: Pence,
    /// Total less tax.
    pub subtotal: Pence,
    /// VAT inside the total; 0 for an operator who is not registered.
    pub tax: Pence,
    /// What the customer pays.
    pub total: Pence,
}

/// A price with every penny explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fare {
    /// What it is in.
    pub currency: Currency,
    /// The lines, in the order the rules apply; they sum to the total.
    pub lines: Vec<Line>,
    /// The same by kind.
    pub breakdown: Breakdown,
}

impl Fare {
    /// What the customer pays.
    #[must_use]
    pub fn total(&self) -> Pence {
        self.breakdown.total
    }
}

/// What is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Journey {
    /// In what.
    pub vehicle_type: VehicleType,
    /// How far, in metres.
    pub metres: u32,
    /// How long.
    pub seconds: Seconds,
}

/// The fare is larger than can be held: the tariff is absurd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the fare is larger than can be held")]
pub struct Unpriceable;

/// Prices a journey. The same tariff and journey give the same pence, always.
///
/// # Errors
/// When the fare cannot be held; no tariff that passes validation and no journey on Earth reach it.
pub fn price(tariff: &Tariff, journey: Journey) -> Result<Fare, Unpriceable> {
    let rate = tariff.rates.of(journey.vehicle_type);
    let mut lines = vec![
        base(rate, tariff.currency),
        distance(rate, journey, tariff.currency)?,
        time(rate, journey, tariff.currency)?,
    ];
    let so_far = sum(&lines)?;
    if so_far < rate.minimum_fare {
        let amount = rate.minimum_fare.less(so_far).ok_or(Unpriceable)?;
        let least = rate.minimum_fare.display(tariff.currency);
        let description = format!("Lifted to the minimum fare of {least}");
        lines.push(Line { rule: Rule::MinimumFare, description, amount });
    }
    let breakdown = breakdown(&lines, tariff.vat)?;
    Ok(Fare { currency: tariff.currency, lines, breakdown })
}

fn base(rate: &Rate, currency: Currency) -> Line {
    let description = format!("Base fare {}", rate.base_fare.display(currency));
    Line { rule: Rule::Base, description, amount: rate.base_fare }
}

fn distance(rate: &Rate, journey: Journey, currency: Currency) -> Result<Line, Unpriceable> {
    // A mile is 1,609.344 m, so in whole millimetres the division is exact until it is rounded once.
    let millimetres = i64::from(journey.metres).checked_mul(1_000).ok_or(Unpriceable)?;
    let amount = rate.per_mile.ratio(millimetres, 1_609_344).ok_or(Unpriceable)?;
    let description = format!("{} m at {} a mile", journey.metres, rate.per_mile.display(currency));
    Ok(Line { rule: Rule::Distance, description, amount })
}

fn time(rate: &Rate, journey: Journey, currency: Currency) -> Result<Line, Unpriceable> {
    let amount = rate.per_minute.ratio(i64::from(journey.seconds), 60).ok_or(Unpriceable)?;
    let description = format!("{} s at {} a minute", journey.seconds, rate.per_minute.display(currency));
    Ok(Line { rule: Rule::Time, description, amount })
}

fn sum(lines: &[Line]) -> Result<Pence, Unpriceable> {
    lines.iter().try_fold(Pence::ZERO, |total, line| total.plus(line.amount)).ok_or(Unpriceable)
}

fn breakdown(lines: &[Line], vat: Vat) -> Result<Breakdown, Unpriceable> {
    let of = |rule| lines.iter().filter(|l| l.rule == rule).try_fold(Pence::ZERO, |t, l| t.plus(l.amount));
    let total = sum(lines)?;
    let tax = vat.inside(total).ok_or(Unpriceable)?;
    Ok(Breakdown {
        base_fare: of(Rule::Base).ok_or(Unpriceable)?,
        distance_charge: of(Rule::Distance).ok_or(Unpriceable)?,
        time_charge: of(Rule::Time).ok_or(Unpriceable)?,
        minimum_fare: of(Rule::MinimumFare).ok_or(Unpriceable)?,
        subtotal: total.less(tax).ok_or(Unpriceable)?,
        tax,
        total,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entity::tariff::demo;

    fn journey(vehicle_type: VehicleType, metres: u32, seconds: Seconds) -> Journey {
        Journey { vehicle_type, metres, seconds }
    }

    #[test]
    fn the_schema_documents_example() {
        let fare = price(&demo(), journey(VehicleType::Standard, 8_500, 1_200)).unwrap();
        insta::assert_json_snapshot!(fare.breakdown, @r#"
        {
          "baseFare": 500,
          "distanceCharge": 528,
          "timeCharge": 200,
          "minimumFare": 0,
          "subtotal": 1228,
          "tax": 0,
          "total": 1228
        }
        "#);
        let words: Vec<_> = fare.lines.iter().map(|l| l.description.as_str()).collect();
        assert_eq!(words, ["Base fare £5.00", "8500 m at £1.00 a mile", "1200 s at £0.10 a minute"]);
    }

    #[test]
    fn a_short_journey_is_lifted_to_the_minimum_and_the_line_says_so() {
        let fare = price(&demo(), journey(VehicleType::Standard, 400, 90)).unwrap();
        let last = fare.lines.last().unwrap();
        assert_eq!((last.rule, fare.total()), (Rule::MinimumFare, demo().rates.standard.minimum_fare));
        assert_eq!(fare.breakdown.minimum_fare, last.amount);
    }

    #[test]
    fn a_registered_operator_s_fare_has_the_vat_inside_it() {
        let registered = Tariff { vat: Vat { registered: true, rate_basis_points: 2_000 }, ..demo() };
        let (before, fare) = (
            price(&demo(), journey(VehicleType::Executive, 30_000, 2_400)).unwrap(),
            price(&registered, journey(VehicleType::Executive, 30_000, 2_400)).unwrap(),
        );
        assert_eq!(before.total(), fare.total(), "what the customer pays does not depend on it");
        assert_eq!(fare.breakdown.tax, fare.total().ratio(1, 6).unwrap());
        assert_eq!(fare.breakdown.subtotal.plus(fare.breakdown.tax).unwrap(), fare.total());
    }

    proptest! {
        #[test]
        fn lines_sum_to_the_total_and_more_never_costs_less(
            kind in 0_usize..3, metres in 0..40_000_000_u32, seconds in 0..1_000_000_u32, more in 0..1_000_000_u32,
        ) {
            let kind = VehicleType::ALL[kind];
            let fare = price(&demo(), journey(kind, metres, seconds)).unwrap();
            prop_assert_eq!(fare.lines.iter().map(|l| l.amount.get()).sum::<i64>(), fare.total().get());
            let further = price(&demo(), journey(kind, metres + more, seconds)).unwrap();
            let longer = price(&demo(), journey(kind, metres, seconds + more)).unwrap();
            prop_assert!(further.total() >= fare.total() && longer.total() >= fare.total());
        }
    }
}
