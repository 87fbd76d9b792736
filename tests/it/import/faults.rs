//! A process that stops, answers that are lost, a table that is busy, two imports at once: run it again, and it is as if
//! nothing had happened.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use nots_core::ports::Clock;
use nots_lambda::RandomIds;
use nots_local::import;
use nots_testkit::{Call, Fault, FaultyTable};
use tokio::sync::Notify;

use super::{Now, Stopped, World, empty, sample, sorted, table_of, take_in, take_in_to, take_out};

/// A table whose calls of a kind fault at some of their turns.
fn faulty(
    world: &World,
    crashed: &Arc<Notify>,
    fault: Fault,
    call: Call,
    at: impl Fn(u32) -> bool + Send + 'static,
) -> FaultyTable {
    let turn = Mutex::new(0);
    FaultyTable::over(table_of(world), crashed.clone(), move |asked| {
        if asked != call {
            return Fault::None;
        }
        let mut turn = turn.lock().unwrap();
        *turn += 1;
        if at(*turn) { fault } else { Fault::None }
    })
}

#[tokio::test]
async fn a_crash_anywhere_is_made_good_by_running_it_again() {
    let text = sample(60);
    let lines = text.lines().count() as u64;
    for (fault, at) in [(Fault::CrashBefore, 2), (Fault::CrashAfter, 1), (Fault::CrashAfter, 3)] {
        let world = empty().await;
        let crashed = Arc::new(Notify::new());
        let table = faulty(&world, &crashed, fault, Call::Write, move |turn| turn == at);
        tokio::select! {
            () = crashed.notified() => {}
            _ = take_in_to(&table, world.platform.clock.now(), &text) => panic!("it did not crash"),
        }
        let half: Vec<_> = take_out(&world).await.lines().map(str::to_owned).collect();
        let outcome = take_in(&world, &text).await;
        let there = half.len() as u64;
        assert_eq!(outcome.sums(), [lines - there, 0, there, 0, 0], "{fault:?} at {at}");
        assert!(fault == Fault::CrashBefore || there > 0);
        assert_eq!(sorted(&take_out(&world).await), sorted(&text));
    }
}

#[tokio::test]
async fn lost_answers_and_a_busy_table_are_lived_through_and_counted_right() {
    let text = sample(60);
    let lines = text.lines().count() as u64;
    for fault in [Fault::LoseReply, Fault::Throttle, Fault::Conflict] {
        for call in [Call::Write, Call::Get] {
            let world = empty().await;
            let table = faulty(&world, &Arc::default(), fault, call, |turn| turn % 2 == 1);
            let outcome = take_in_to(&table, world.platform.clock.now(), &text).await;
            assert!(outcome.ended.is_ok());
            assert_eq!(outcome.sums(), [lines, 0, 0, 0, 0], "{fault:?} {call:?}");
            assert_eq!(sorted(&take_out(&world).await), sorted(&text));
        }
    }
}

#[tokio::test]
async fn a_table_that_stays_busy_ends_it_and_it_goes_on_later() {
    let world = empty().await;
    let text = sample(60);
    let table = faulty(&world, &Arc::default(), Fault::Throttle, Call::Write, |turn| turn > 1);
    let outcome = take_in_to(&table, world.platform.clock.now(), &text).await;
    assert!(matches!(outcome.ended, Err(Stopped::Table(_))), "{:?}", outcome.ended);
    let counts = outcome.counts;
    assert!(counts.created > 0 && counts.created < counts.read, "{counts:?}");
    take_in(&world, &text).await;
    assert_eq!(sorted(&take_out(&world).await), sorted(&text));
}

#[tokio::test]
async fn a_table_that_does_not_take_a_request_is_asked_once() {
    for call in [Call::Get, Call::Query] {
        let world = empty().await;
        let asked = Arc::new(AtomicU32::new(0));
        let counted = asked.clone();
        let at = move |turn| {
            counted.store(turn, Ordering::SeqCst);
            true
        };
        let table = faulty(&world, &Arc::default(), Fault::Reject, call, at);
        let (now, mut out) = (world.platform.clock.now(), Vec::new());
        let ended = match call {
            Call::Get => take_in_to(&table, now, &sample(5)).await.ended,
            _ => {
                let ids = RandomIds::default();
                import::export(&table, &Now(now), &ids, &mut out, |_| {}).await.map(drop)
            }
        };
        let Err(Stopped::Rejected(why)) = ended else { panic!("{ended:?}") };
        assert_eq!((why.to_string().as_str(), asked.load(Ordering::SeqCst)), ("it is not allowed", 1));
    }
}

#[tokio::test]
async fn two_at_once_create_every_line_once() {
    let world = empty().await;
    let (text, now) = (sample(120), world.platform.clock.now());
    let (one, other) = (table_of(&world), table_of(&world));
    let (one, other) =
        tokio::join!(take_in_to(one.as_ref(), now, &text), take_in_to(other.as_ref(), now, &text));
    let lines = text.lines().count() as u64;
    let (a, b) = (one.sums(), other.sums());
    assert_eq!(a[0] + b[0], lines, "{a:?} {b:?}");
    assert_eq!((a[2] + b[2], a[4] + b[4]), (lines, 0), "{a:?} {b:?}");
    assert_eq!(sorted(&take_out(&world).await), sorted(&text));
}
