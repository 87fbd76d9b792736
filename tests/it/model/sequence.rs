//! One operation after another, some of them decided long before they are written.

use proptest::prelude::*;

use super::{
    money,
    ops::{Op, any_op, rivals},
    papers, people,
    state::Refusals,
    verbs::prepare,
    world::{World, refusals},
};
use crate::random::{cases, run};

/// What happens next.
#[derive(Debug, Clone)]
enum Step {
    /// Decided and written at once.
    Do(Op),
    /// Decided now; what it read may be old when it is written.
    Decide(Op),
    /// What was decided last is written.
    Write,
}

/// A few steps that belong together.
fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    // Each decides on what was there before the others wrote.
    let overtaken = |rivals: Vec<Op>| {
        let decided = rivals.iter().cloned().map(Step::Decide);
        decided.chain(std::iter::repeat_n(Step::Write, rivals.len())).collect()
    };
    let on_a_ride = |booking| vec![Step::Do(Op::Step { booking }); 3];
    prop_oneof![
        10 => any_op().prop_map(|op| vec![Step::Do(op)]),
        2 => any_op().prop_map(|op| vec![Step::Decide(op)]),
        1 => Just(vec![Step::Write]),
        9 => rivals().prop_map(overtaken),
        1 => (1_usize..64).prop_map(on_a_ride),
    ]
}

/// Everything that a day needs, so that few operations go far.
pub(super) fn opening() -> Vec<Op> {
    use super::state::Whose::{Driver, Vehicle};
    let mut ops = Vec::new();
    for number in 0..2 {
        for whose in [Driver, Vehicle] {
            ops.push(Op::Register { whose, number, status: 0, available: true, stars: 45 });
            ops.push(Op::Declare { whose, number, active: true, until: 200_000 });
        }
    }
    for slot in [0, 2, 3, 6, 7] {
        let number = ops.iter().filter(|op| matches!(op, Op::Offer { .. })).count();
        // Every other one there and back.
        ops.push(Op::Offer { slot, back: number % 2 == 1 });
        ops.push(Op::Book { quote: number, user: number % 3, reference: number });
    }
    ops.extend(people::opening().into_iter().map(Op::People));
    ops.extend(papers::opening().into_iter().map(Op::Papers));
    ops.push(Op::Confirm { booking: 0, intent: Some(0) });
    ops.push(Op::Confirm { booking: 1, intent: None });
    ops.push(Op::Confirm { booking: 2, intent: None });
    ops.extend(money::opening().into_iter().map(Op::Money));
    ops
}

async fn play(steps: Vec<(Vec<Step>, u32)>) {
    let mut world = World::new().await;
    let mut decided = Vec::new();
    let opening = opening().into_iter().map(|op| (Step::Do(op), 0));
    let steps = steps.into_iter().flat_map(|(steps, limit)| steps.into_iter().map(move |step| (step, limit)));
    for (step, limit) in opening.chain(steps) {
        let now = world.later();
        let next = match step {
            Step::Do(op) => prepare(world.table.as_ref(), &world.model, &op, now).await,
            Step::Decide(op) => {
                decided.extend(prepare(world.table.as_ref(), &world.model, &op, now).await);
                None
            }
            Step::Write => decided.pop(),
        };
        let Some(next) = next else { continue };
        let expected = world.model.refusals(&next.change);
        let outcome = refusals(world.table.commit(next.transaction).await);
        assert_eq!(outcome, expected, "{:?}", next.change);
        if outcome == Refusals::new() {
            world.model.apply(&next.change);
        }
        if limit > 0 {
            world.compare(limit).await;
        }
    }
    world.compare(3).await;
    world.inspect();
}

#[test]
fn every_access_pattern_finds_what_one_operation_after_another_has_written() {
    let steps = prop::collection::vec((any_steps(), 2_u32..8), 10..18);
    cases(3)
        .run(&steps, |steps| {
            run(play(steps));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
