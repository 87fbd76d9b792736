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
