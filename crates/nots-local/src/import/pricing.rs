//! The fare of a booking as a file has it.

use deserr::Deserr;
use nots_core::{
    Currency, Pence, Timestamp,
    entity::booking::BookedPricing,
    import::{MAX_DESCRIPTION, MAX_PENCE, agreed_fare},
    money::Total,
    pricing::{Breakdown, Line, Rule},
    text::Text,
};
use nots_http::{FieldError, InvalidBody};

use super::line::{Field, Money, Within, derived};

/// The total alone, or all of what an export has.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub(super) struct PricingPart {
    total: Within<0, MAX_PENCE>,
    #[deserr(default = Field(Currency::Gbp))]
    currency: Field<Currency>,
    #[deserr(default)]
    display_total: Option<String>,
    #[deserr(default)]
    breakdown: Option<BreakdownPart>,
    #[deserr(default)]
    lines: Option<Vec<LinePart>>,
    #[deserr(default)]
    tariff_version: Option<Within<0, { u32::MAX }>>,
    #[deserr(default)]
    tariff_effective_from: Option<Field<Timestamp>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct LinePart {
    rule: Field<Rule>,
    description: Field<Text<MAX_DESCRIPTION>>,
    amount: Money,
}

/// What is left out is nothing.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct BreakdownPart {
    #[deserr(default = NOTHING)]
    base_fare: Money,
    #[deserr(default = NOTHING)]
    distance_charge: Money,
    #[deserr(default = NOTHING)]
    time_charge: Money,
    #[deserr(default = NOTHING)]
    fixed_price: Money,
    #[deserr(default = NOTHING)]
    minimum_fare: Money,
    #[deserr(default = NOTHING)]
    night_uplift: Money,
    #[deserr(default = NOTHING)]
    weekend_uplift: Money,
    #[deserr(default = NOTHING)]
    bank_holiday_uplift: Money,
    #[deserr(default = NOTHING)]
    return_discount: Money,
    #[deserr(default = NOTHING)]
    via_stops: Money,
    #[deserr(default = NOTHING)]
    waiting: Money,
    #[deserr(default = NOTHING)]
    extras: Money,
    #[deserr(default = NOTHING)]
    airport_fee: Money,
    #[deserr(default = NOTHING)]
    return_leg: Money,
    #[deserr(default = NOTHING)]
    subtotal: Money,
    #[deserr(default = NOTHING)]
    tax: Money,
    #[deserr(default = NOTHING)]
    total: Money,
}

const NOTHING: Money = Money(Pence::ZERO);

impl PricingPart {
    /// The one place that knows what a fare is made of: the total alone makes a line of its own.
    pub(super) fn kept(self, errors: &mut Vec<FieldError>) -> Option<BookedPricing> {
        let amount = Total { total: Pence::new(self.total.get()), currency: self.currency.0 };
        let words = amount.total.display(amount.currency);
        derived("/pricing/displayTotal", self.display_total, words, errors);
        match (self.breakdown, self.lines, self.tariff_version, self.tariff_effective_from) {
            (None, None, None, None) => Some(agreed_fare(amount)),
            (Some(breakdown), Some(lines), Some(version), Some(since)) => Some(BookedPricing {
                amount,
                breakdown: breakdown.kept(),
                lines: lines.into_iter().map(LinePart::kept).collect(),
                tariff_version: version.get(),
                tariff_effective_from: since.0,
            }),
            (breakdown, lines, version, since) => {
                for (name, said) in [
                    ("breakdown", breakdown.is_some()),
                    ("lines", lines.is_some()),
                    ("tariffVersion", version.is_some()),
                    ("tariffEffectiveFrom", since.is_some()),
                ] {
                    if !said {
                        let detail = "is required: a fare is the total alone, or whole with breakdown, lines, \
                                      tariffVersion and tariffEffectiveFrom";
                        errors.push(FieldError::at(format!("/pricing/{name}"), detail));
                    }
                }
                None
            }
        }
    }
}

impl LinePart {
    fn kept(self) -> Line {
        Line { rule: self.rule.0, description: self.description.0.to_string(), amount: self.amount.0 }
    }
}

impl BreakdownPart {
    fn kept(self) -> Breakdown {
        Breakdown {
            base_fare: self.base_fare.0,
            distance_charge: self.distance_charge.0,
            time_charge: self.time_charge.0,
            fixed_price: self.fixed_price.0,
            minimum_fare: self.minimum_fare.0,
            night_uplift: self.night_uplift.0,
            weekend_uplift: self.weekend_uplift.0,
            bank_holiday_uplift: self.bank_holiday_uplift.0,
            return_discount: self.return_discount.0,
            via_stops: self.via_stops.0,
            waiting: self.waiting.0,
            extras: self.extras.0,
            airport_fee: self.airport_fee.0,
            return_leg: self.return_leg.0,
            subtotal: self.subtotal.0,
            tax: self.tax.0,
            total: self.total.0,
        }
    }
}
