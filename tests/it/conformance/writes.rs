//! Conditional writes and transactions: who refuses, with what was there, and that nothing is half done.

use std::{collections::BTreeSet, sync::Arc};

use nots_core::{
    Timestamp,
    entity::validity::Standing,
    ports::TableError,
    table::{Condition, Item, SortRange, Version, attr},
};
use serde_dynamo::AttributeValue;

use super::engine::{
    Engine, check, delete, everywhere, in_full, indexed, item, key_of, of_index, put, unchanged, with,
};

fn data<const N: usize>(fields: [(&str, AttributeValue); N]) -> AttributeValue {
    AttributeValue::M(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

fn at_status(sk: &str, status: &str) -> Item {
    with(item("W", sk), "Data", data([("status", attr::text(status))]))
}

fn valid_until(sk: &str, status: &str, until: AttributeValue) -> Item {
    with(item("W", sk), "Data", data([("status", attr::text(status)), ("validUntil", until)]))
}

fn leaves(version: u64, states: &[&'static str]) -> Condition {
    Condition::Leaves(Version::new(version), states.to_vec())
}

fn standing(until: i64) -> Condition {
    Condition::Meets(Standing::requirement(Timestamp::new(until).unwrap()))
}

/// Which operations refused, each with what was there.
#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, TableError>) -> Vec<(usize, Option<Item>)> {
    match outcome {
        Err(TableError::Refused(refused)) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn rejected<T: std::fmt::Debug>(outcome: Result<T, TableError>) {
    assert!(matches!(outcome, Err(TableError::Rejected(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_is_there_is_not_made_again() {
    everywhere(|engine| async move {
        let first = with(item("W", "1"), "Note", attr::text("first"));
        engine.write(vec![put(first.clone(), Condition::Absent)]).await.unwrap();
        let again = put(with(item("W", "1"), "Note", attr::text("second")), Condition::Absent);
        assert_eq!(refused(engine.write(vec![again.clone()]).await), [(0, Some(first.clone()))], "alone");
        let both = vec![put(item("W", "2"), Condition::Absent), again];
        assert_eq!(refused(engine.write(both).await), [(1, Some(first.clone()))], "in a transaction");
        assert_eq!(engine.get("W", "1").await, Some(first));
        assert_eq!(engine.get("W", "2").await, None, "all or nothing");
    })
    .await;
}

#[tokio::test]
async fn an_item_is_replaced_whole_and_only_as_it_was_read() {
    everywhere(|engine| async move {
        engine.plant([with(item("W", "1"), "Gone", attr::text("x"))]).await;
        let second = with(item("W", "1"), "Version", attr::number(2));
        engine.write(vec![put(second.clone(), unchanged(1))]).await.unwrap();
        assert_eq!(engine.get("W", "1").await, Some(second.clone()), "what was not written is not kept");
        for alone in [true, false] {
            let others = if alone { vec![] } else { vec![put(item("W", "other"), Condition::Absent)] };
            let with = |op| [vec![op], others.clone()].concat();
            let stale = put(item("W", "1"), unchanged(1));
            assert_eq!(refused(engine.write(with(stale)).await), [(0, Some(second.clone()))], "stale");
            let missing = put(item("W", "none"), unchanged(1));
            assert_eq!(refused(engine.write(with(missing)).await), [(0, None)], "not there");
        }
        assert_eq!(engine.get("W", "none").await, None);
        assert_eq!(engine.get("W", "other").await, None);
    })
    .await;
}

#[tokio::test]
async fn a_move_leaves_only_the_states_it_names() {
    everywhere(|engine| async move {
        engine.plant([at_status("1", "pending")]).await;
        let next = |status| with(at_status("1", status), "Version", attr::number(2));
        let illegal = put(next("assigned"), leaves(1, &["confirmed", "assigned"]));
        assert_eq!(refused(engine.write(vec![illegal]).await), [(0, Some(at_status("1", "pending")))]);
        let stale = put(next("confirmed"), leaves(7, &["pending"]));
        assert_eq!(refused(engine.write(vec![stale]).await), [(0, Some(at_status("1", "pending")))]);
        let no_status = put(with(item("W", "2"), "Version", attr::number(2)), leaves(1, &["pending"]));
        engine.plant([item("W", "2")]).await;
        assert_eq!(refused(engine.write(vec![no_status]).await), [(0, Some(item("W", "2")))], "no status");
        let legal = put(next("confirmed"), leaves(1, &["pending", "assigned"]));
        engine.write(vec![legal]).await.unwrap();
        assert_eq!(engine.get("W", "1").await, Some(next("confirmed")));
    })
    .await;
}

#[tokio::test]
async fn a_requirement_is_held_without_writing() {
    everywhere(|engine| async move {
        let until = |n| attr::number(n);
        engine
            .plant([
                valid_until("good", "active", until(2_000_000_000)),
                valid_until("suspended", "suspended", until(2_000_000_000)),
                valid_until("text", "active", attr::text("2000000000")),
                valid_until("null", "active", AttributeValue::Null(true)),
                at_status("never", "active"),
            ])
            .await;
        let good = engine.get("W", "good").await;
        for (until, sk, holds) in [
            (1_900_000_000, "good", true),
            (2_000_000_000, "good", true),
            (2_000_000_001, "good", false),
            (1_900_000_000, "suspended", false),
            // A text is no number, whatever it says.
            (1_900_000_000, "text", false),
            (1_900_000_000, "null", false),
            (1_900_000_000, "never", false),
            (1_900_000_000, "nobody", false),
        ] {
            let mark = format!("{sk} {until}");
            let ops = vec![check("W", sk, standing(until)), put(item("W", &mark), Condition::Absent)];
            let outcome = engine.write(ops).await;
            if holds {
                outcome.unwrap();
            } else {
                assert_eq!(refused(outcome), [(0, engine.get("W", sk).await)], "{mark}");
            }
            assert_eq!(engine.get("W", &mark).await.is_some(), holds, "{mark}");
        }
        assert_eq!(engine.get("W", "good").await, good, "a check writes nothing");
        assert_eq!(engine.get("W", "nobody").await, None);
    })
    .await;
}

#[tokio::test]
async fn each_operation_says_whether_it_refused_and_what_was_there() {
    everywhere(|engine| async move {
        let there = [at_status("exists", "a"), at_status("stale", "b"), at_status("moved", "c")];
        engine.plant(there.clone()).await;
        let [exists, stale, moved] = there.map(Some);
        let outcome = engine
            .write(vec![
                put(item("W", "new"), Condition::Absent),
                put(item("W", "exists"), Condition::Absent),
                put(item("W", "stale"), unchanged(9)),
                put(at_status("moved", "d"), leaves(1, &["z"])),
                put(item("W", "missing"), unchanged(1)),
                check("W", "unmet", standing(1_900_000_000)),
                put(item("W", "new too"), Condition::Absent),
            ])
            .await;
        assert_eq!(
            refused(outcome),
            [(1, exists.clone()), (2, stale.clone()), (3, moved.clone()), (4, None), (5, None)]
        );
        assert_eq!(engine.get("W", "exists").await, exists);
        assert_eq!(engine.get("W", "stale").await, stale);
        assert_eq!(engine.get("W", "moved").await, moved);
        for sk in ["new", "missing", "new too"] {
            assert_eq!(engine.get("W", sk).await, None, "{sk}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_transaction_takes_a_hundred_operations_and_no_more() {
    everywhere(|engine| async move {
        let many = |prefix: &str, count: usize| {
            let one = |n| put(item("W", &format!("{prefix}{n:03}")), Condition::Absent);
            (0..count).map(one).collect::<Vec<_>>()
        };
        rejected(engine.write(many("a", 101)).await);
        assert_eq!(engine.get("W", "a000").await, None);
        engine.write(many("b", 100)).await.unwrap();
        for sk in ["b000", "b050", "b099"] {
            assert!(engine.get("W", sk).await.is_some(), "{sk}");
        }
        // The last of a hundred refuses as well as the first.
        let mut ops = many("c", 99);
        ops.push(put(item("W", "b000"), Condition::Absent));
        assert_eq!(refused(engine.write(ops).await), [(99, Some(item("W", "b000")))]);
        assert_eq!(engine.get("W", "c000").await, None);
    })
    .await;
}

#[tokio::test]
async fn one_item_twice_in_a_transaction_is_refused() {
    everywhere(|engine| async move {
        let once = put(item("W", "1"), Condition::Absent);
        rejected(engine.write(vec![once.clone(), once.clone()]).await);
        rejected(engine.write(vec![once, check("W", "1", Condition::Absent)]).await);
        assert_eq!(engine.get("W", "1").await, None);
    })
    .await;
}

/// An item whose names and values come to this many bytes.
fn weighing(sk: &str, bytes: usize) -> Item {
    let item: Item = item("W", sk).into_iter().filter(|(name, _)| name != "Version").collect();
    let beside = "PK".len() + "W".len() + "SK".len() + sk.len() + "D".len();
    with(item, "D", attr::text("x".repeat(bytes - beside)))
}

#[tokio::test]
async fn an_item_weighs_at_most_400_kb() {
    everywhere(|engine| async move {
        const MOST: usize = 400 * 1024;
        engine.write(vec![put(weighing("most", MOST), Condition::Absent)]).await.unwrap();
        assert_eq!(engine.get("W", "most").await, Some(weighing("most", MOST)));
        let more = put(weighing("more", MOST + 1), Condition::Absent);
        rejected(engine.write(vec![more.clone()]).await);
        rejected(engine.write(vec![put(item("W", "beside"), Condition::Absent), more]).await);
        assert_eq!(engine.get("W", "more").await, None);
        assert_eq!(engine.get("W", "beside").await, None);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_weighs_at_most_4_mb() {
    everywhere(|engine| async move {
        let many = |prefix: &str, count| {
            let one = |n| put(weighing(&format!("{prefix}{n}"), 390_000), Condition::Absent);
            (0..count).map(one).collect::<Vec<_>>()
        };
        rejected(engine.write(many("a", 11)).await);
        assert_eq!(engine.get("W", "a0").await, None);
        if in_full() {
            engine.write(many("b", 10)).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_is_a_text_that_is_neither_empty_nor_too_long() {
    everywhere(|engine| async move {
        let long = |length| "k".repeat(length);
        let bad = [
            item("", "1"),
            item("W", ""),
            item(&long(2_049), "1"),
            item("W", &long(1_025)),
            indexed(item("W", "1"), 1, "", "1"),
            indexed(item("W", "1"), 2, "P", ""),
            with(item("W", "1"), "GSI3PK", attr::number(5)),
            with(item("W", "1"), "GSI3SK", AttributeValue::Null(true)),
        ];
        for item in bad {
            let alone = engine.write(vec![put(item.clone(), Condition::Absent)]).await;
            assert!(matches!(alone, Err(TableError::Rejected(_))), "{item:?}: {alone:?}");
            let beside = put(super::engine::item("W", "beside"), Condition::Absent);
            let together = engine.write(vec![put(item.clone(), Condition::Absent), beside]).await;
            assert!(matches!(together, Err(TableError::Rejected(_))), "{item:?}: {together:?}");
        }
        assert_eq!(engine.get("W", "beside").await, None);
        let longest = item(&long(2_048), &long(1_024));
        engine.write(vec![put(longest, Condition::Absent)]).await.unwrap();
        assert!(engine.get(&long(2_048), &long(1_024)).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn an_index_key_that_is_too_long_is_refused() {
    everywhere(|engine| async move {
        let long = indexed(item("W", "1"), 1, &"p".repeat(2_049), &"s".repeat(1_025));
        let outcome = engine.write(vec![put(long, Condition::Absent)]).await;
        if engine.departs("an_index_key_that_is_too_long_is_refused") {
            outcome.unwrap();
        } else {
            rejected(outcome);
        }
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_who_read_the_same_one_is_written() {
    everywhere(|engine| async move {
        const MANY: usize = 16;
        engine.plant([item("W", "1")]).await;
        let engine = Arc::new(engine);
        let one = |n: usize| {
            let engine = engine.clone();
            async move {
                let next = with(item("W", "1"), "Version", attr::number(2));
                let next = with(next, "By", attr::number(n));
                let mark = put(item("W", &format!("mark{n:02}")), Condition::Absent);
                // Half of them alone, half in transactions.
                let ops = if n.is_multiple_of(2) {
                    vec![put(next, unchanged(1))]
                } else {
                    vec![mark, put(next, unchanged(1))]
                };
                (n, engine.write(ops).await)
            }
        };
        let outcomes = futures_util::future::join_all((0..MANY).map(|n| tokio::spawn(one(n)))).await;
        let mut winners = Vec::new();
        for outcome in outcomes {
            match outcome.unwrap() {
                (n, Ok(_)) => winners.push(n),
                (_, Err(TableError::Conflict)) => {}
                (n, Err(error)) => {
                    let refused = refused::<()>(Err(error));
                    assert_eq!(refused.len(), 1);
                    assert_eq!(refused[0].0, n % 2, "the item itself refuses, not the mark");
                }
            }
        }
        let [winner] = winners[..] else { panic!("{winners:?} all won") };
        assert_eq!(engine.get("W", "1").await.unwrap()["By"], attr::number(winner));
        let marks = marks(&engine).await;
        let expected = if winner % 2 == 1 { vec![format!("mark{winner:02}")] } else { vec![] };
        assert_eq!(marks, expected, "the losers left nothing behind");
    })
    .await;
}

async fn marks(engine: &Engine) -> Vec<String> {
    let keys: Vec<_> = (0..16).map(|n| key_of(&item("W", &format!("mark{n:02}")))).collect();
    let found = engine.table.get_items(keys).await.unwrap().value;
    found.into_keys().map(|key| key.sk).collect::<BTreeSet<_>>().into_iter().collect()
}

#[tokio::test]
async fn a_write_costs_each_index_it_is_in_and_a_transaction_twice() {
    everywhere(|engine| async move {
        let units = |ops| {
            let engine = &engine;
            async move { engine.write(ops).await.unwrap().write_units }
        };
        let plain = |sk: &str| put(item("W", sk), Condition::Absent);
        let in_two =
            |sk: &str| put(indexed(indexed(item("W", sk), 1, "P", "s"), 2, "Q", "s"), Condition::Absent);
        let costs = [
            units(vec![plain("a")]).await,
            units(vec![in_two("b")]).await,
            units(vec![plain("c"), plain("d")]).await,
        ];
        assert_eq!(costs, [1.0, 3.0, 4.0]);
        let checked = vec![check("W", "none", Condition::Absent), plain("e")];
        assert_eq!(units(checked).await, 4.0, "what is checked costs as what is written");
        let large = put(indexed(weighing("f", 2_500), 1, "P", "s"), Condition::Absent);
        assert_eq!(units(vec![large]).await, 6.0, "a unit for each kilobyte begun, there and in the index");
    })
    .await;
}

#[tokio::test]
async fn an_item_is_deleted_only_while_it_meets_what_is_required_of_it() {
    everywhere(|engine| async move {
        let held = indexed(valid_until("1", "active", attr::number(1_800_000_000)), 1, "I", "s");
        engine.plant([held.clone(), item("W", "kept")]).await;
        for alone in [true, false] {
            let others = if alone { vec![] } else { vec![put(item("W", "other"), Condition::Absent)] };
            let with = |op| [vec![op], others.clone()].concat();
            let unmet = delete("W", "1", standing(1_800_000_001));
            assert_eq!(refused(engine.write(with(unmet)).await), [(0, Some(held.clone()))], "another's");
            let missing = delete("W", "none", standing(1_800_000_000));
            assert_eq!(refused(engine.write(with(missing)).await), [(0, None)], "not there");
        }
        assert_eq!(engine.get("W", "1").await, Some(held.clone()));
        assert_eq!(engine.get("W", "other").await, None);
        // Another operation refuses, and the item stays.
        let refusing =
            vec![delete("W", "1", standing(1_800_000_000)), put(item("W", "kept"), Condition::Absent)];
        assert_eq!(refused(engine.write(refusing).await), [(1, Some(item("W", "kept")))]);
        assert_eq!(engine.get("W", "1").await, Some(held.clone()));
        // One name is given up and another taken, together.
        let renamed = vec![delete("W", "1", standing(1_800_000_000)), put(item("W", "2"), Condition::Absent)];
        engine.write(renamed).await.unwrap();
        assert_eq!(engine.get("W", "1").await, None);
        assert_eq!(engine.get("W", "2").await, Some(item("W", "2")));
        let listed = engine.query(of_index("I", SortRange::All)).await.unwrap().items;
        assert_eq!(listed, [], "it has left the index");
        // Whoever wants it may have it now; by itself it goes too.
        engine.write(vec![put(held, Condition::Absent)]).await.unwrap();
        engine.write(vec![delete("W", "1", standing(1_800_000_000))]).await.unwrap();
        assert_eq!(engine.get("W", "1").await, None);
        assert_eq!(refused(engine.write(vec![delete("W", "1", standing(1_800_000_000))]).await), [(0, None)]);
        rejected(engine.write(vec![delete("W", "2", unchanged(1)), put(item("W", "2"), unchanged(1))]).await);
        assert_eq!(engine.get("W", "2").await, Some(item("W", "2")), "no item twice");
    })
    .await;
}

#[tokio::test]
async fn of_many_at_once_one_deletes() {
    everywhere(|engine| async move {
        engine.plant([valid_until("1", "active", attr::number(1_800_000_000))]).await;
        let gone = |n: u32| {
            let table = engine.table.clone();
            let ops = vec![
                delete("W", "1", standing(1_800_000_000)),
                put(item("W", &format!("x{n}")), Condition::Absent),
            ];
            tokio::spawn(async move { table.write_items(ops).await.is_ok() })
        };
        let running: Vec<_> = (0..8).map(gone).collect();
        let mut through = 0;
        for one in running {
            through += u32::from(one.await.unwrap());
        }
        assert_eq!(through, 1);
    })
    .await;
}
