//! Receipts hold what the books hold, whatever has happened to the money, and each way of two has its own part.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod happens;
mod money;

use happens::{Dice, happens};
use money::{Money, at, demo, facts, owed, pence, sum};
use nots_core::{
    Pence,
    entity::{BookingStatus, PaymentStatus, ledger::Account, refund::RefundCause, tariff::Vat},
    ports::{DisputeFacts, DisputeStage, RefundStage},
    receipt::{LineRule, NoReceipt, Receipt, RefundProgress, Since},
};

/// What every receipt must hold.
fn holds(receipt: &Receipt) {
    let total = receipt.total.get();
    assert_eq!(sum(&receipt.lines, |line| line.amount), total);
    assert_eq!(receipt.subtotal.get() + receipt.tax.get(), total);
    assert_eq!(sum(&receipt.payments, |paid| paid.amount), receipt.paid.get());
    let sent = receipt.refunds.iter().filter(|refund| refund.status.is_sent());
    assert_eq!(sum(sent, |refund| refund.amount), receipt.refunded.get());
    assert_eq!(receipt.paid.get() - receipt.refunded.get(), receipt.balance.get());
    assert_eq!(receipt.balance.get() + receipt.still_due.get() - receipt.still_to_refund.get(), total);
    assert!(receipt.still_due >= Pence::ZERO && receipt.still_to_refund >= Pence::ZERO);
}

#[test]
fn nothing_paid_is_no_receipt() {
    assert_eq!(Money::booked(false).receipt(0), Err(NoReceipt::NothingPaid));
    assert_eq!(Money::booked(true).receipt(1), Err(NoReceipt::NothingPaid));
}

#[test]
fn a_journey_that_was_paid_for_shows_its_lines_and_its_payment() {
    let receipt = Money::paid(false).receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.paid, receipt.balance), (pence(1_228), pence(1_228), pence(1_228)));
    assert_eq!(receipt.lines.len(), 3);
    assert_eq!((receipt.tax, receipt.vat.registered, receipt.vat.rate_basis_points), (Pence::ZERO, false, 0));
    assert_eq!(receipt.issued_at, at(101), "the last thing on it");
    assert_eq!(receipt.operator.address, ["1 Example Street"]);
    let json = serde_json::to_value(&receipt).unwrap();
    assert_eq!(json["lines"][0]["rule"], "base");
    assert_eq!(json["journey"]["pickupTimeInLondon"], at(86_400).in_london());
    assert_eq!(json["payments"][0]["method"], "stripe");
    assert!(json["payments"][0].get("wholePayment").is_none());
}

#[test]
fn a_cancellation_leaves_its_fee_and_the_vat_inside_it() {
    let mut money = Money::paid(false);
    let id = money.id(0);
    money.with(|books| {
        let back = books.cancel(pence(1_228), pence(600), &owed("cancel", RefundCause::Cancelled, &id));
        assert_eq!(back.unwrap(), pence(628));
    });
    let mut tariff = demo().clone();
    tariff.terms.vat = Vat { registered: true, rate_basis_points: 2_000 };
    let receipt = money.receipt_by(0, Some(&tariff)).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.cancellation_fee), (pence(600), Some(pence(600))));
    assert_eq!((receipt.subtotal, receipt.tax), (pence(500), pence(100)));
    assert_eq!((receipt.refunded, receipt.still_to_refund), (Pence::ZERO, pence(628)));
    assert_eq!(receipt.refunds[0].status, RefundProgress::Owed);

    let told = facts(&money.refunds[0].data, RefundStage::Succeeded);
    let row = money.refunds[0].clone();
    money.with(|books| books.refund_told(row, &told).unwrap());
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.refunded, receipt.balance), (pence(628), pence(600)));
    assert_eq!((receipt.still_due, receipt.still_to_refund), (Pence::ZERO, Pence::ZERO));
}

#[test]
fn a_tariff_that_is_not_here_leaves_the_rate_that_the_fare_says() {
    let mut money = Money::paid(false);
    let fare = &mut money.bookings[0].pricing.breakdown;
    (fare.subtotal, fare.tax) = (pence(1_023), pence(205));
    let receipt = money.receipt_by(0, None).unwrap();
    assert!(receipt.vat.registered);
    assert_eq!((receipt.vat.rate_basis_points, receipt.tax), (2_004, pence(205)));
}

#[test]
fn lines_that_are_not_known_are_one() {
    let mut money = Money::paid(false);
    money.bookings[0].pricing.lines.clear();
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!(receipt.lines.len(), 1);
    assert_eq!(receipt.lines[0].rule, LineRule::Since(Since::AgreedFare));
}

#[test]
fn what_was_given_back_before_refunds_were_kept_is_shown() {
    let mut money = Money::paid(false);
    let data = &mut money.payment.data;
    (data.refund.amount, data.refund.refunded) = (pence(1_228), true);
    data.captures[0].given_back = pence(1_228);
    data.captures[0].posted = false;
    money.ledger.clear();
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.balance, receipt.refunded), (Pence::ZERO, Pence::ZERO, pence(1_228)));
}

#[test]
fn each_way_of_two_has_its_own_part_of_the_payment() {
    let mut money = Money::paid(true);
    let whole = money.payment.data.amount.total;
    let (there, back) = (money.receipt(0).unwrap(), money.receipt(1).unwrap());
    for receipt in [&there, &back] {
        holds(receipt);
        assert_eq!(receipt.payments[0].whole_payment, Some(whole));
        assert_eq!(receipt.paid, receipt.total);
    }
    assert_eq!(there.paid.plus(back.paid), Some(whole));
    let id = money.id(1);
    let fare = back.total;
    money.with(|books| {
        books.cancel(fare, pence(100), &owed("cancel", RefundCause::Cancelled, &id)).unwrap();
    });
    assert_eq!(money.receipt(0).unwrap(), there, "the way there has nothing to do with it");
    let back = money.receipt(1).unwrap();
    holds(&back);
    assert_eq!((back.total, back.cancellation_fee), (pence(100), Some(pence(100))));
    assert_eq!((back.still_to_refund, back.refunds.len()), (fare.less(pence(100)).unwrap(), 1));
}

#[test]
fn a_way_that_was_called_off_before_it_was_paid_has_no_receipt() {
    let mut money = Money::booked(true);
    let fare = money.bookings[0].pricing.amount.total;
    let off = money.bookings[1].pricing.amount.total;
    money.with(|books| {
        books.reprice(off.negated()).unwrap();
        books.capture_card("pi_fare", fare, fare).unwrap();
    });
    money.bookings[0].payment.status = PaymentStatus::Completed;
    assert_eq!(money.receipt(1), Err(NoReceipt::NothingPaid));
    let there = money.receipt(0).unwrap();
    holds(&there);
    assert_eq!((there.paid, there.payments[0].whole_payment), (fare, None));
}

#[test]
fn money_that_came_for_what_was_called_off_leaves_nothing_due() {
    for both_ways in [false, true] {
        let mut money = Money::booked(both_ways);
        for booking in &mut money.bookings {
            booking.status = BookingStatus::Cancelled;
            booking.timeline.cancelled = Some(at(50));
        }
        let (id, late) = (money.id(0), money.payment.data.amount.total);
        let fare = money.bookings[0].pricing.amount.total;
        money.with(|books| {
            books.lapse();
            books.capture_card("pi_late", late, Pence::ZERO).unwrap();
            books.give_back_of("pi_late", late, &owed("late", RefundCause::PaidTooLate, &id)).unwrap();
        });
        let receipt = money.receipt(0).unwrap();
        holds(&receipt);
        let last = receipt.lines.last().unwrap();
        assert_eq!((last.rule, last.amount), (LineRule::Since(Since::Cancelled), fare.negated()));
        assert_eq!(
            (receipt.total, receipt.still_due, receipt.still_to_refund),
            (Pence::ZERO, Pence::ZERO, late)
        );
        let told = facts(&money.refunds[0].data, RefundStage::Succeeded);
        let row = money.refunds[0].clone();
        money.with(|books| books.refund_told(row, &told).unwrap());
        let receipt = money.receipt(0).unwrap();
        holds(&receipt);
        assert_eq!(
            (receipt.balance, receipt.still_due, receipt.still_to_refund),
            (Pence::ZERO, Pence::ZERO, Pence::ZERO)
        );
    }
    // Of what was paid for, and given back before it was called off, the fare has gone already.
    let mut money = Money::paid(false);
    let id = money.id(0);
    money.with(|books| {
        books.give_back(pence(1_228), &owed("all", RefundCause::Requested, &id)).unwrap();
    });
    money.bookings[0].status = BookingStatus::Cancelled;
    money.bookings[0].timeline.cancelled = Some(at(money.clock));
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.still_due), (Pence::ZERO, Pence::ZERO));
}

#[test]
fn whatever_happens_receipts_hold_what_the_books_hold() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut money = Money::paid(seed % 3 != 0);
        let steps = usize::try_from(dice.below(9)).unwrap();
        for step in 0..steps {
            happens(&mut money, &mut dice, step);
        }
        let ways = 0..money.bookings.len();
        let receipts: Vec<_> = ways.filter_map(|way| money.receipt(way).ok()).collect();
        assert_eq!(receipts.len(), money.bookings.len(), "seed {seed}: what was paid for has a receipt");
        receipts.iter().for_each(holds);
        for (way, receipt) in receipts.iter().enumerate() {
            assert_eq!(receipt.paid.get(), money.paid[way], "seed {seed}: paid for way {way}");
        }
        let all = |amount: fn(&Receipt) -> Pence| sum(&receipts, amount);
        assert_eq!(all(|r| r.paid), money.payment.data.captured().get(), "seed {seed}: paid");
        assert_eq!(all(|r| r.refunded), money.payment.data.refund.amount.get(), "seed {seed}: refunded");
        let sold = [Account::Fares, Account::Fees, Account::Waiting, Account::WrittenOff];
        let sold: i64 = sold.into_iter().map(|account| money.on(account)).sum();
        assert_eq!(all(|r| r.total), -sold, "seed {seed}: what it came to\n{:#?}", money.ledger);
        assert_eq!(
            all(|r| r.balance),
            money.on(Account::Card) + money.on(Account::Cash),
            "seed {seed}: what is held"
        );
        let owed = all(|r| r.still_due) - all(|r| r.still_to_refund);
        assert_eq!(owed, money.on(Account::Customer), "seed {seed}: what is owed");
    }
}

#[test]
fn a_dispute_that_was_lost_is_money_given_back() {
    let mut money = Money::paid(false);
    let mut dispute = DisputeFacts {
        id: "du_1".to_owned(),
        payment_intent: Some("pi_fare".to_owned()),
        amount: 1_228,
        currency: "gbp".to_owned(),
        stage: DisputeStage::Open,
        created_at: at(0),
    };
    let before = money.receipt(0).unwrap();
    money.with(|books| books.dispute_told("pi_fare", &dispute).unwrap());
    assert_eq!(money.receipt(0).unwrap().balance, before.balance, "it is not decided");
    dispute.stage = DisputeStage::Lost;
    money.with(|books| books.dispute_told("pi_fare", &dispute).unwrap());
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.balance, receipt.still_due), (Pence::ZERO, Pence::ZERO, Pence::ZERO));
}
