//! A fare: its lines, and the same by kind.

use serde::{Deserialize, Serialize};

use crate::{
    entity::tariff::Vat,
    money::{Currency, Pence},
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
    /// Between two zones, in place of distance and time.
    FixedPrice,
    /// What lifts a short journey to the least fare.
    MinimumFare,
    /// At night.
    NightUplift,
    /// At the weekend.
    WeekendUplift,
    /// On a bank holiday.
    BankHolidayUplift,
    /// What is taken off a way back.
    ReturnDiscount,
    /// For stops on the way.
    ViaStops,
    /// For waiting.
    Waiting,
    /// For extras.
    Extras,
    /// For a pickup, stop or drop-off at an airport.
    AirportFee,
    /// The whole way back, before its discount.
    ReturnLeg,
}

/// One line of a fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The rule that made it.
    pub rule: Rule,
    /// The rule's arithmetic in words.
    pub description: String,
    /// Pence; negative for what is taken off.
    pub amount: Pence,
}

/// The lines by kind, and the VAT inside the total. All in pence; what a fare does not have is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Breakdown {
    /// Base fare.
    pub base_fare: Pence,
    /// Distance.
    pub distance_charge: Pence,
    /// Time.
    pub time_charge: Pence,
    /// A fixed price in place of distance and time.
    pub fixed_price: Pence,
    /// What lifts it to the least fare.
    pub minimum_fare: Pence,
    /// At night.
    pub night_uplift: Pence,
    /// At the weekend.
    pub weekend_uplift: Pence,
    /// On a bank holiday.
    pub bank_holiday_uplift: Pence,
    /// Taken off the way back: 0 or negative.
    pub return_discount: Pence,
    /// Stops on the way.
    pub via_stops: Pence,
    /// Waiting.
    pub waiting: Pence,
    /// Extras.
    pub extras: Pence,
    /// Airports.
    pub airport_fee: Pence,
    /// The way back, before its discount.
    pub return_leg: Pence,
    /// Total less tax.
    pub subtotal: Pence,
    /// VAT inside the total; 0 for an operator who is not registered.
    pub tax: Pence,
    /// What the customer pays.
    pub total: Pence,
}

impl Breakdown {
    fn of(&mut self, rule: Rule) -> &mut Pence {
        match rule {
            Rule::Base => &mut self.base_fare,
            Rule::Distance => &mut self.distance_charge,
            Rule::Time => &mut self.time_charge,
            Rule::FixedPrice => &mut self.fixed_price,
            Rule::MinimumFare => &mut self.minimum_fare,
            Rule::NightUplift => &mut self.night_uplift,
            Rule::WeekendUplift => &mut self.weekend_uplift,
            Rule::BankHolidayUplift => &mut self.bank_holiday_uplift,
            Rule::ReturnDiscount => &mut self.return_discount,
            Rule::ViaStops => &mut self.via_stops,
            Rule::Waiting => &mut self.waiting,
            Rule::Extras => &mut self.extras,
            Rule::AirportFee => &mut self.airport_fee,
            Rule::ReturnLeg => &mut self.return_leg,
        }
    }

    /// Sorts lines by kind; none when a sum cannot be held.
    fn sorted(lines: &[Line], tax: Pence) -> Option<Self> {
        let mut breakdown = Self { tax, ..Self::default() };
        for line in lines {
            let kind = breakdown.of(line.rule);
            *kind = kind.plus(line.amount)?;
            breakdown.total = breakdown.total.plus(line.amount)?;
        }
        breakdown.subtotal = breakdown.total.less(tax)?;
        Some(breakdown)
    }

    /// Every member by the name it is stored under.
    fn members(&self) -> [(&'static str, Pence); 17] {
        [
            ("baseFare", self.base_fare),
            ("distanceCharge", self.distance_charge),
            ("timeCharge", self.time_charge),
            ("fixedPrice", self.fixed_price),
            ("minimumFare", self.minimum_fare),
            ("nightUplift", self.night_uplift),
            ("weekendUplift", self.weekend_uplift),
            ("bankHolidayUplift", self.bank_holiday_uplift),
            ("returnDiscount", self.return_discount),
            ("viaStops", self.via_stops),
            ("waiting", self.waiting),
            ("extras", self.extras),
            ("airportFee", self.airport_fee),
            ("returnLeg", self.return_leg),
            ("subtotal", self.subtotal),
            ("tax", self.tax),
            ("total", self.total),
        ]
    }

    /// What of it does not follow from these lines and its own tax: each member's stored name, and what it must be.
    /// The tax follows from nothing here; it lies between 0 and the total. None when a sum cannot be held.
    #[must_use]
    pub fn amiss(&self, lines: &[Line]) -> Option<Vec<(&'static str, Pence)>> {
        let most = lines.iter().try_fold(Pence::ZERO, |total, line| total.plus(line.amount))?;
        let tax = self.tax.min(most).max(Pence::ZERO);
        let due = Self::sorted(lines, tax)?;
        let pairs = self.members().into_iter().zip(due.members());
        Some(pairs.filter(|((_, is), (_, due))| is != due).map(|(_, due)| due).collect())
    }
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
    /// A fare of lines; none when a sum cannot be held.
    #[must_use]
    pub fn of(lines: Vec<Line>, currency: Currency, vat: Vat) -> Option<Self> {
        let total = lines.iter().try_fold(Pence::ZERO, |total, line| total.plus(line.amount))?;
        let breakdown = Breakdown::sorted(&lines, vat.inside(total)?)?;
        Some(Self { currency, lines, breakdown })
    }

    /// This way and the way back as one fare; none when a sum cannot be held.
    pub(super) fn with_return(&self, back: &Self) -> Option<Self> {
        let discount = back.breakdown.return_discount;
        let before = back.total().less(discount)?;
        let mut lines = self.lines.clone();
        let of = |rule| back.lines.iter().filter(move |line| line.rule == rule);
        lines.push(Line {
            rule: Rule::ReturnLeg,
            description: format!("The way back: {}", before.display(self.currency)),
            amount: before,
        });
        lines.extend(of(Rule::ReturnDiscount).cloned());
        let tax = self.breakdown.tax.plus(back.breakdown.tax)?;
        let breakdown = Breakdown::sorted(&lines, tax)?;
        Some(Self { currency: self.currency, lines, breakdown })
    }

    /// What the customer pays.
    #[must_use]
    pub fn total(&self) -> Pence {
        self.breakdown.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breakdown_follows_from_its_lines() {
        let line = |rule, amount| Line { rule, description: "x".to_owned(), amount: Pence::new(amount) };
        let lines = [line(Rule::Base, 500), line(Rule::Extras, 40), line(Rule::Extras, 60)];
        let sound = Breakdown::sorted(&lines, Pence::new(100)).unwrap();
        assert_eq!(sound.amiss(&lines), Some(vec![]));
        let names = sound.members().map(|(name, _)| name);
        let stored = serde_json::to_value(sound).unwrap();
        assert_eq!(stored.as_object().unwrap().len(), names.len());
        for (place, name) in names.into_iter().enumerate() {
            // Each by itself, by its own name: one penny more is seen.
            let mut other = stored.clone();
            other[name] = (stored[name].as_i64().unwrap() + 1).into();
            let other: Breakdown = serde_json::from_value(other).unwrap();
            assert_ne!(other.members()[place], sound.members()[place]);
            let amiss = other.amiss(&lines).unwrap();
            // Another tax leaves another subtotal.
            let seen = if name == "tax" { "subtotal" } else { name };
            assert_eq!(amiss.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [seen]);
        }
        let taxed = |tax| Breakdown { tax: Pence::new(tax), ..sound }.amiss(&lines).unwrap();
        let due = |tax| vec![("subtotal", Pence::new(600 - tax)), ("tax", Pence::new(tax))];
        assert_eq!((taxed(-1), taxed(601)), (due(0), due(600)));
        assert_eq!(sound.amiss(&[line(Rule::Base, i64::MAX), line(Rule::Base, 1)]), None);
    }
}
