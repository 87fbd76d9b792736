//! How tariffs of earlier schemas are read.

use serde_dynamo::AttributeValue;

use crate::table::{Item, Upgrade, attr};

/// The steps, the first from schema 1 to 2.
pub(super) const STEPS: &[Upgrade] = &[rates_alone_become_a_whole_tariff, cancelling_costs_nothing];

fn map(fields: &[(&str, AttributeValue)]) -> AttributeValue {
    AttributeValue::M(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

/// 1 → 2: a tariff was rates by kind of vehicle and VAT. What it did not have it does not charge for, so that a quote which
/// it priced costs the same to the penny.
fn rates_alone_become_a_whole_tariff(item: &mut Item) {
    let Some(data) = attr::data(item) else { return };
    let none = || AttributeValue::L(Vec::new());
    let zero = || attr::number(0);
    if let Some(AttributeValue::M(rates)) = data.get_mut("rates") {
        for rate in rates.values_mut() {
            if let AttributeValue::M(rate) = rate {
                rate.insert("perViaStop".to_owned(), zero());
                rate.insert("perWaitingMinute".to_owned(), zero());
            }
        }
    }
    let overlap = ("overlap", attr::text("highest"));
    let uplifts = [("entries", none()), overlap, ("onFixedPrices", AttributeValue::Bool(false))];
    let more = [
        ("zones", none()),
        ("fixedPrices", none()),
        ("uplifts", map(&uplifts)),
        ("bankHolidays", map(&[("also", none()), ("except", none())])),
        ("freeWaiting", map(&[("atPickup", zero()), ("atAirport", zero()), ("atViaStop", zero())])),
        ("returnDiscountBasisPoints", zero()),
        ("extras", none()),
        ("serviceArea", none()),
        ("minimumNoticeSeconds", zero()),
        ("estimatesBookable", AttributeValue::Bool(true)),
    ];
    for (name, value) in more {
        data.insert(name.to_owned(), value);
    }
}

/// 2 → 3: a tariff did not say what cancelling costs, so it costs nothing.
fn cancelling_costs_nothing(item: &mut Item) {
    let Some(data) = attr::data(item) else { return };
    let free = || map(&[("percentBasisPoints", attr::number(0))]);
    let row = map(&[("hoursBefore", attr::number(0)), ("fee", free())]);
    let policy = [("rows", AttributeValue::L(vec![row])), ("noShow", free())];
    data.insert("cancellation".to_owned(), map(&policy));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{
        entity::{
            Tariff,
            tariff::{CancellationRow, Fee, Overlap, demo},
        },
        table::{Entity, Item, Stored},
    };

    /// As the first schema had it.
    fn first() -> Item {
        let rate = |base: i64, mile: i64, minute: i64, minimum: i64| json!({ "baseFare": base, "perMile": mile, "perMinute": minute, "minimumFare": minimum });
        let item = json!({
            "PK": "TARIFF", "SK": "EFFECTIVE#1000000000#000001", "EntityType": "Tariff", "CreatedAt": 1_733_738_400,
            "UpdatedAt": 1_733_738_400, "UpdatedBy": "system", "Version": 1, "SchemaVersion": 1,
            "Data": {
                "version": 1, "effectiveFrom": 1_000_000_000, "currency": "GBP",
                "vat": { "registered": false, "rateBasisPoints": 2_000 },
                "rates": {
                    "standard": rate(500, 100, 10, 800), "executive": rate(900, 160, 16, 1_500),
                    "minibus": rate(1_100, 180, 18, 1_800),
                },
            },
        });
        serde_dynamo::to_item(item).unwrap()
    }

    #[test]
    fn rates_alone_are_a_tariff_that_charges_for_nothing_else() {
        let row = Stored::<Tariff>::from_item(first()).unwrap();
        let (terms, present) = (&row.data.terms, demo().unwrap().terms);
        for (before, now) in [
            (&terms.rates.standard, &present.rates.standard),
            (&terms.rates.executive, &present.rates.executive),
            (&terms.rates.minibus, &present.rates.minibus),
        ] {
            assert_eq!((before.base_fare, before.per_mile), (now.base_fare, now.per_mile));
            assert_eq!((before.per_minute, before.minimum_fare), (now.per_minute, now.minimum_fare));
            assert_eq!((before.per_via_stop.get(), before.per_waiting_minute.get()), (0, 0));
        }
        assert!(terms.zones.is_empty() && terms.extras.is_empty() && terms.uplifts.entries.is_empty());
        assert_eq!(terms.uplifts.overlap, Overlap::Highest);
        assert!(terms.estimates_bookable && terms.return_discount_basis_points == 0);
        assert_eq!(terms.cancellation.rows, [CancellationRow { hours_before: 0, fee: Fee::NONE }]);
        assert_eq!(terms.cancellation.no_show, Fee::NONE);
        terms.clone().check().unwrap();
        // Written, it is one of this schema, and nothing of it is told twice.
        let written = row.to_item().unwrap();
        assert_eq!(written["SchemaVersion"], crate::table::attr::number(Tariff::SCHEMA));
        assert_eq!(Stored::<Tariff>::from_item(written).unwrap(), row);
    }
}
