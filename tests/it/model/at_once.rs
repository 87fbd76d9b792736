//! Batches of operations that have all read the same and write at the same time.

use proptest::prelude::*;

use super::{
    ops::{Op, any_op, rivals},
    sequence::opening,
    state::{Change, Model},
    verbs::prepare,
    world::{World, refusals},
};
use crate::random::{cases, run};

/// Orders those that went through so that each could have; none when there is no such order. Answers the states between them, the
/// first and the last included.
fn in_order(model: &Model, done: &[&Change]) -> Option<Vec<Model>> {
    if done.is_empty() {
        return Some(vec![model.clone()]);
    }
    (0..done.len()).filter(|at| model.refusals(done[*at]).is_empty()).find_map(|at| {
        let mut next = model.clone();
        next.apply(done[at]);
        let mut states = vec![model.clone()];
        states.extend(in_order(&next, &others(done, at))?);
        Some(states)
    })
}

fn others<'a>(all: &[&'a Change], but: usize) -> Vec<&'a Change> {
    all.iter().enumerate().filter(|(at, _)| *at != but).map(|(_, change)| *change).collect()
}

async fn play(batches: Vec<(Vec<Op>, u32)>) {
    let mut world = World::new().await;
    for op in opening() {
        let now = world.later();
        let next = prepare(world.table.as_ref(), &world.model, &op, now).await.unwrap();
        world.table.commit(next.transaction).await.unwrap();
        world.model.apply(&next.change);
    }
    for (batch, limit) in batches {
        let now = world.later();
        let mut changes = Vec::new();
        let mut writes = Vec::new();
        for op in batch {
            // Every one of them has read the same state of the table.
            if let Some(prepared) = prepare(world.table.as_ref(), &world.model, &op, now).await {
                changes.push(prepared.change);
                let (table, transaction) = (world.table.clone(), prepared.transaction);
                writes.push(async move { table.commit(transaction).await });
            }
        }
        let running: Vec<_> = writes.into_iter().map(tokio::spawn).collect();
        let mut outcomes = Vec::new();
        for one in running {
            outcomes.push(refusals(one.await.unwrap()));
        }
        let paired = || changes.iter().zip(&outcomes);
        let done: Vec<_> =
            paired().filter(|(_, refused)| refused.is_empty()).map(|(change, _)| change).collect();
        let Some(states) = in_order(&world.model, &done) else {
            panic!("no order of these can have gone through: {done:#?}")
        };
        for (change, refused) in paired().filter(|(_, refused)| !refused.is_empty()) {
            let explained = states.iter().any(|state| state.refusals(change) == *refused);
            // Items are looked at one after another, and two that only look at an item which another one changes may be ordered
            // in more than one way: each refusal is then one that some state between would have given.
            let somehow =
                refused.iter().all(|one| states.iter().any(|state| state.refusals(change).contains(one)));
            assert!(explained || somehow, "{refused:?} has no cause: {change:#?}");
        }
        world.model = states.into_iter().next_back().unwrap();
        world.compare(limit).await;
    }
    world.inspect();
}

#[test]
fn what_many_write_at_once_is_what_some_order_of_them_would_have_written() {
    let batch = (rivals(), prop::collection::vec(any_op(), 0..4))
        .prop_map(|(rivals, others)| [rivals, others].concat());
    let batches = prop::collection::vec((batch, 2_u32..8), 4..8);
    cases(3)
        .run(&batches, |batches| {
            run(play(batches));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
