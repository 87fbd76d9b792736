//! What calling off comes to, for any policy, fare and moment.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;

use nots_core::{
    Currency, Pence, Timestamp,
    cancellation::{AppliedRow, CancelledBy, Judgement, judge},
    entity::tariff::{CancellationPolicy, CancellationRow, Fee, demo_terms},
    money::Total,
};
use proptest::{collection::btree_map, prelude::*};

const HOUR: i64 = 3_600;
const EVERYBODY: [CancelledBy; 4] =
    [CancelledBy::Customer, CancelledBy::Operator, CancelledBy::NoShow, CancelledBy::Unpaid];

fn pounds(pence: i64) -> Total {
    Total { total: Pence::new(pence), currency: Currency::Gbp }
}

fn pickup() -> Timestamp {
    Timestamp::new(1_733_842_200).unwrap()
}

/// So many seconds before the pickup; after it, when they are below 0.
fn before(policy: &CancellationPolicy, by: CancelledBy, paid: i64, seconds: i64) -> Judgement {
    let now = Timestamp::new(pickup().seconds() - seconds).unwrap();
    judge(policy, by, pounds(paid), Pence::new(paid), pickup(), now)
}

fn share(basis_points: u32) -> Fee {
    Fee::Percent(basis_points)
}

fn fees() -> impl Strategy<Value = Fee> {
    let pence = prop_oneof![0..3_000_i64, 0..=1_000_000_i64];
    prop_oneof![pence.prop_map(|pence| Fee::Fixed(Pence::new(pence))), (0..=10_000_u32).prop_map(share)]
}

fn of(rows: &BTreeMap<u32, Fee>, no_show: Fee) -> CancellationPolicy {
    let row = |(&hours_before, &fee)| CancellationRow { hours_before, fee };
    CancellationPolicy { rows: rows.iter().map(row).collect(), no_show }
}

/// Any policy that can be published.
fn policies() -> impl Strategy<Value = CancellationPolicy> {
    (btree_map(1..=8_760_u32, fees(), 0..19), fees(), fees()).prop_map(|(mut rows, last, no_show)| {
        rows.insert(0, last);
        let terms =
            nots_core::entity::tariff::Terms { cancellation: of(&rows, no_show), ..demo_terms().unwrap() };
        terms.check().unwrap().into_inner().cancellation
    })
}

/// One of which each row keeps no less than those before it.
fn rising() -> impl Strategy<Value = CancellationPolicy> {
    (btree_map(1..=200_u32, 0..=10_000_u32, 0..19), 0..=10_000_u32, fees()).prop_map(
        |(mut rows, last, no_show)| {
            rows.insert(0, last);
            let mut shares: Vec<_> = rows.values().copied().collect();
            shares.sort_unstable_by(|a, b| b.cmp(a));
            let rows: BTreeMap<_, _> = rows.keys().copied().zip(shares.into_iter().map(share)).collect();
            of(&rows, no_show)
        },
    )
}

fn moments() -> impl Strategy<Value = i64> {
    prop_oneof![-HOUR..300 * HOUR, -2 * 8_760 * HOUR..2 * 8_760 * HOUR]
}

proptest! {
    #[test]
    fn fee_and_refund_are_what_was_paid(
        policy in policies(), paid in prop_oneof![0..5_000_i64, 0..10_000_000_i64], seconds in moments(),
    ) {
        for by in EVERYBODY {
            let judged = before(&policy, by, paid, seconds);
            let (fee, refund) = (judged.fee.total.get(), judged.refund.total.get());
            prop_assert!(fee >= 0 && refund >= 0 && fee + refund == paid, "{judged:?}");
            prop_assert_eq!(judged.seconds_before, u64::try_from(seconds).unwrap_or(0));
            prop_assert!(fee == 0 || matches!(by, CancelledBy::Customer | CancelledBy::NoShow));
            prop_assert_eq!(judged.row == AppliedRow::Unpaid, paid == 0 || by == CancelledBy::Unpaid);
            // What is kept is read as it was judged.
            let kept = serde_json::to_string(&judged).unwrap();
            prop_assert_eq!(serde_json::from_str::<Judgement>(&kept).unwrap(), judged);
        }
    }

    #[test]
    fn later_is_never_cheaper_where_the_rows_rise(
        policy in rising(), paid in 0..100_000_i64, one in moments(), other in moments(),
    ) {
        let (early, late) = (one.max(other), one.min(other));
        let fee = |seconds| before(&policy, CancelledBy::Customer, paid, seconds).fee.total;
        prop_assert!(fee(early) <= fee(late));
    }

    #[test]
    fn a_row_counts_from_its_own_second_to_the_one_before_the_next(policy in policies()) {
        let mut hours: Vec<i64> = policy.rows.iter().map(|row| i64::from(row.hours_before)).collect();
        hours.sort_unstable();
        let counts = |seconds| match before(&policy, CancelledBy::Customer, 5_000, seconds).row {
            AppliedRow::HoursBefore { hours_before, .. } => i64::from(hours_before),
            other => unreachable!("{other:?}"),
        };
        for pair in hours.windows(2) {
            prop_assert_eq!((counts(pair[0] * HOUR), counts(pair[1] * HOUR - 1)), (pair[0], pair[0]));
        }
        let last = *hours.last().unwrap();
        prop_assert_eq!((counts(last * HOUR), counts(last * HOUR + 1)), (last, last));
    }
}

#[test]
fn what_has_gone_back_before_counts_as_given_back() {
    let policy = demo_terms().unwrap().cancellation;
    let now = Timestamp::new(pickup().seconds() - 3 * HOUR).unwrap();
    let comes_to = |by, held: i64| {
        let judged = judge(&policy, by, pounds(2_000), Pence::new(held), pickup(), now);
        (judged.fee.total.get(), judged.refund.total.get())
    };
    let held = [2_000, 1_500, 700, 0, -1];
    assert_eq!(
        held.map(|held| comes_to(CancelledBy::Customer, held)),
        [(1_000, 1_000), (1_000, 500), (700, 0), (0, 0), (0, 0)],
        "half of the whole fare, of what is still there"
    );
    assert_eq!(held.map(|held| comes_to(CancelledBy::Operator, held).1), [2_000, 1_500, 700, 0, 0]);
}

#[test]
fn the_demonstration_keeps_nothing_then_half_then_all() {
    let policy = demo_terms().unwrap().cancellation;
    let fee = |seconds| before(&policy, CancelledBy::Customer, 1_229, seconds).fee.total.get();
    let edges = [24 * HOUR + 1, 24 * HOUR, 24 * HOUR - 1, 2 * HOUR, 2 * HOUR - 1, 0, -HOUR].map(fee);
    assert_eq!(edges, [0, 0, 614, 614, 1_229, 1_229, 1_229], "half of a penny goes to the even one");
    let by = |by| before(&policy, by, 1_229, 0).fee.total.get();
    assert_eq!(EVERYBODY.map(by), [1_229, 0, 1_229, 0]);
}

#[test]
fn a_judgement_is_kept_in_these_names() {
    let policy = CancellationPolicy {
        rows: vec![CancellationRow { hours_before: 0, fee: Fee::Fixed(Pence::new(500)) }],
        no_show: share(5_000),
    };
    let kept = |by| serde_json::to_value(before(&policy, by, 1_228, 90)).unwrap();
    let total = |pence: i64, display: &str| serde_json::json!({ "total": pence, "currency": "GBP", "displayTotal": display });
    assert_eq!(
        kept(CancelledBy::Customer),
        serde_json::json!({
            "by": "customer", "secondsBefore": 90, "row": { "kind": "hours_before", "hoursBefore": 0, "fee": { "fixed": 500 } },
            "fee": total(500, "£5.00"), "refund": total(728, "£7.28"),
        })
    );
    let rows =
        [CancelledBy::NoShow, CancelledBy::Operator, CancelledBy::Unpaid].map(|by| kept(by)["row"].clone());
    let fee = serde_json::json!({ "percentBasisPoints": 5_000 });
    assert_eq!(
        rows,
        [
            serde_json::json!({ "kind": "no_show", "fee": fee }),
            serde_json::json!({ "kind": "operator" }),
            serde_json::json!({ "kind": "unpaid" }),
        ]
    );
}
