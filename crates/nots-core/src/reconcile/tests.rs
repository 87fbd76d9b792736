use super::*;
use crate::{
    Currency,
    actor::Actor,
    entity::{
        ledger::{EntryName, Particulars, Postings},
        payment::{GivenBack, PaymentMethod, PaymentStatus, Provider},
        reconciliation::{MOST, Reconciliation},
    },
    id::{PaymentId, RefundId},
    money::Total,
    ports::RefundStage,
    text::Text,
};

const NOW: i64 = 1_795_219_200;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(seconds).unwrap()
}

fn day() -> Interval {
    Interval { from: at(NOW - 86_400), to: at(NOW) }
}

fn booking() -> BookingId {
    BookingId::parse("booking_X7").unwrap()
}

fn total(pence: i64) -> Total {
    Total { total: Pence::new(pence), currency: Currency::Gbp }
}

fn entry(name: &str, movement: Movement, of: &str, sides: [(Account, i64); 2], made: i64) -> LedgerEntry {
    let particulars = Particulars {
        concerns: booking(),
        movement,
        provider_id: Text::parse(of).ok(),
        refund_id: None,
        reason: None,
    };
    let postings = Postings::of(sides.map(|(account, pence)| (account, Pence::new(pence)))).unwrap().unwrap();
    let name = EntryName::of(name, of);
    let by = (Actor::Stripe, at(made));
    LedgerEntry::of(booking(), name, particulars, Currency::Gbp, postings, by).after().data.clone()
}

/// £12.28, taken two hours ago.
fn paid() -> Kept {
    let made = NOW - 7_200;
    let capture = Capture {
        payment_intent_id: Some("pi_1".into()),
        method: PaymentMethod::Stripe,
        amount: Pence::new(1228),
        given_back: Pence::ZERO,
        at: at(made),
        posted: true,
        in_vain: false,
    };
    let payment = Payment {
        payment_id: PaymentId::of_booking(&booking()),
        booking_id: booking(),
        user_id: None,
        status: PaymentStatus::Completed,
        method: PaymentMethod::Stripe,
        provider: Provider { name: PaymentMethod::Stripe, payment_intent_id: None, charge_id: None },
        amount: total(1228),
        refund: GivenBack::default(),
        attempts: 1,
        captures: vec![capture],
        disputes: Vec::new(),
        owed_again: Pence::ZERO,
    };
    let sides = [(Account::Card, 1228), (Account::Fares, -1228)];
    let entries = vec![entry("charge", Movement::Charge, "pi_1", sides, made)];
    Kept { payment, entries, refunds: Vec::new(), dues: Vec::new() }
}

fn charge(made: i64) -> ChargeFacts {
    ChargeFacts {
        id: "ch_1".into(),
        payment_intent: Some("pi_1".into()),
        amount: 1228,
        currency: "gbp".into(),
        booking_id: Some(booking()),
        created_at: at(made),
    }
}

fn refund(made: i64) -> RefundFacts {
    RefundFacts {
        id: "re_1".into(),
        payment_intent: Some("pi_1".into()),
        amount: 100,
        currency: "gbp".into(),
        stage: RefundStage::Succeeded,
        failure: None,
        refund_id: None,
        created_at: at(made),
    }
}

fn kinds(theirs: &Theirs, ours: &[Kept]) -> Vec<DifferenceKind> {
    differences(day(), theirs, ours, at(NOW)).into_iter().map(|difference| difference.kind).collect()
}

fn charged() -> Theirs {
    Theirs { charges: vec![charge(NOW - 7_205)], ..Theirs::default() }
}

#[test]
fn what_agrees_is_no_difference() {
    assert_eq!(kinds(&charged(), &[paid()]), []);
}

#[test]
fn a_charge_that_was_learned_of_days_later_is_found_in_the_longer_list() {
    let theirs = Theirs { charges: vec![charge(NOW - 3 * 86_400)], ..Theirs::default() };
    assert_eq!(kinds(&theirs, &[paid()]), []);
    assert_eq!(kinds(&Theirs::default(), &[paid()]), [DifferenceKind::ChargeMissingAtStripe]);
    let lists = lists_for(day());
    assert!(lists.charges.from <= at(NOW - 8 * 86_400) && lists.charges.to > at(NOW));
}

#[test]
fn only_what_happened_in_the_window_and_had_an_hour_to_be_told_is_missed() {
    for (made, missed) in
        [(NOW - 86_401, false), (NOW - 86_400, true), (NOW - 3_600, true), (NOW - 3_599, false), (NOW, false)]
    {
        let theirs = Theirs { charges: vec![charge(made)], ..Theirs::default() };
        let expected = if missed { vec![DifferenceKind::ChargeMissingInLedger] } else { Vec::new() };
        assert_eq!(kinds(&theirs, &[]), expected, "made {} s ago", NOW - made);
    }
}

#[test]
fn what_is_another_business_s_is_left_alone() {
    let mut theirs = charged();
    theirs.charges[0].booking_id = None;
    theirs.refunds = vec![refund(NOW - 7_200)];
    assert_eq!(kinds(&theirs, &[]), []);
    // Ours by its name, of money that no booking knows.
    theirs.refunds[0].refund_id = Some(RefundId::parse("refund_R1").unwrap());
    let found = differences(day(), &theirs, &[], at(NOW));
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].booking_id, found[0].kind), (&None, DifferenceKind::RefundMissingInLedger));
}

#[test]
fn money_from_before_the_ledger_is_compared_by_what_was_taken_and_no_further() {
    let mut theirs = charged();
    theirs.refunds = vec![refund(NOW - 7_200)];
    let mut unposted = paid();
    unposted.entries.clear();
    unposted.payment.captures[0].posted = false;
    unposted.payment.refund.amount = Pence::new(100);
    assert_eq!(kinds(&theirs, &[unposted.clone()]), []);
    let mut opened = unposted;
    opened.payment.captures[0].posted = true;
    let sides = [(Account::Card, 1128), (Account::Fares, -1128)];
    opened.entries = vec![entry("opening", Movement::Charge, "pi_1", sides, NOW - 60)];
    assert_eq!(kinds(&theirs, &[opened.clone()]), []);
    theirs.charges[0].amount = 1229;
    assert_eq!(kinds(&theirs, &[opened]), [DifferenceKind::AmountDiffers]);
}

#[test]
fn each_sum_of_a_booking_is_held_to_its_payment() {
    type Spoil = (&'static str, fn(&mut Kept));
    let spoil: [Spoil; 6] = [
        ("taken", |kept| kept.payment.captures[0].amount = Pence::new(1229)),
        ("given back", |kept| kept.payment.refund.amount = Pence::new(1)),
        ("given back or owed", |kept| kept.payment.captures[0].given_back = Pence::new(1)),
        ("between the customer and us", |kept| kept.payment.owed_again = Pence::new(1)),
        ("held in disputes", |kept| {
            let sides = [(Account::Disputes, 5), (Account::Fares, -5)];
            kept.entries.push(entry("dispute", Movement::Amendment, "du_1", sides, NOW - 60));
        }),
        ("lost in disputes", |kept| {
            let sides = [(Account::Losses, 5), (Account::Fares, -5)];
            kept.entries.push(entry("dispute_lost", Movement::Amendment, "du_1", sides, NOW - 60));
        }),
    ];
    for (what, spoil) in spoil {
        let mut kept = paid();
        spoil(&mut kept);
        let found = differences(day(), &charged(), &[kept], at(NOW));
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        assert_eq!(found[0].kind, DifferenceKind::BooksDoNotAddUp);
        for said in [&found[0].theirs, &found[0].ours] {
            assert!(said.as_ref().unwrap().starts_with(&format!("{what}: ")), "{found:?}");
        }
    }
}

#[test]
fn an_item_keeps_as_many_as_fit_and_says_how_many_more_there_were() {
    let one = |number: usize| Difference {
        booking_id: Some(booking()),
        kind: DifferenceKind::ALL[number % DifferenceKind::ALL.len()],
        stripe_id: Some(format!("ch_{number}")),
        theirs: None,
        ours: None,
    };
    let found = Reconciliation::of(day(), (0..MOST + 3).map(one).collect(), at(NOW));
    assert_eq!((found.differences.len(), found.more, found.is_clean()), (MOST, 3, false));
    assert!(Reconciliation::of(day(), Vec::new(), at(NOW)).is_clean());
    let back: Reconciliation = serde_json::from_value(serde_json::to_value(&found).unwrap()).unwrap();
    assert_eq!(back, found);
}
