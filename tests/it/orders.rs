//! Every order of what happens around a payment, with up to three copies of each event and a stop before and after each
//! outside call: the states that can be reached are walked one by one, through the functions' own code.
//!
//! A state is the whole table, all that the card processor keeps, and what is still on its way. Of two ways that lead to the
//! same state only one is walked on, so that all orders are looked at although there are many more orders than states.

mod doubles;
mod stage;

use std::collections::BTreeSet;

use stage::{Arriving, Stage, Start, World};

/// Walks every order; answers the states in which nothing is on its way any more.
fn walk(stage: &Stage, from: World, arriving: &[Arriving]) -> Vec<World> {
    let mut seen = BTreeSet::new();
    let (mut ends, mut next) = (Vec::new(), vec![from]);
    while let Some(world) = next.pop() {
        if !seen.insert(world.fingerprint()) {
            continue;
        }
        let mut moved = false;
        for what in arriving.iter().filter(|what| world.has(**what)) {
            moved = true;
            next.extend(stage.deliver(&world, *what));
        }
        if !moved {
            ends.push(world);
        }
    }
    assert!(seen.len() > 100, "{} states: nothing was walked", seen.len());
    ends
}

/// One final table, one charge, and captured less refunded is what the ledger says.
fn ends_as_one(ends: &[World]) {
    let first = ends.first().expect("some order ends");
    for end in ends {
        assert_eq!(end.table(), first.table(), "two orders end differently");
        end.adds_up();
        assert_eq!(end.charges(), 1);
    }
}

#[test]
fn paid_then_cancelled_with_a_fee_then_refunded() {
    let stage = Stage::new();
    let world = stage.start(Start::PaidThenCancelledByTheCustomer);
    let ends = walk(&stage, world, &Arriving::ALL);
    ends_as_one(&ends);
    assert_eq!((ends[0].captured(), ends[0].refunded()), (1_228, 614), "half of it is kept");
}

#[test]
fn paid_then_cancelled_by_the_operator_then_refunded_in_full() {
    let stage = Stage::new();
    let world = stage.start(Start::PaidThenCancelledByTheOperator);
    let ends = walk(&stage, world, &Arriving::ALL);
    ends_as_one(&ends);
    assert_eq!((ends[0].captured(), ends[0].refunded()), (1_228, 1_228));
}

#[test]
fn paid_while_it_is_cancelled_goes_back_whoever_is_first() {
    let stage = Stage::new();
    let world = stage.start(Start::PaidAtStripeAndNotHeardOf);
    let ends = walk(&stage, world, &[&Arriving::ALL[..], &[Arriving::Cancel]].concat());
    for end in &ends {
        end.adds_up();
        assert_eq!((end.charges(), end.captured(), end.refunded()), (1, 1_228, 1_228));
        assert_eq!(end.status(), "cancelled");
    }
}

#[test]
fn a_refund_that_fails_at_the_bank_is_owed_again_whenever_that_is_heard() {
    let stage = Stage::new();
    let world = stage.start(Start::RefundFailsLater);
    let ends = walk(&stage, world, &Arriving::ALL);
    ends_as_one(&ends);
    assert_eq!((ends[0].captured(), ends[0].refunded(), ends[0].owed_again()), (1_228, 0, 1_228));
}
