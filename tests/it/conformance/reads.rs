//! Reads by key: what is written is seen at once, many keys are one call, and a large answer comes in parts.

use nots_core::{
    ports::TableError,
    table::{Condition, SortRange, attr},
};

use super::engine::{everywhere, in_full, indexed, item, key, of_index, of_table, put, unchanged, with};

#[tokio::test]
async fn a_read_sees_every_write_that_was_answered_before() {
    everywhere(|engine| async move {
        engine.plant([item("R", "1")]).await;
        for version in 1..30 {
            let next = with(item("R", "1"), "Version", attr::number(version + 1));
            engine.write(vec![put(next.clone(), unchanged(version))]).await.unwrap();
            assert_eq!(engine.get("R", "1").await, Some(next.clone()), "alone");
            let both = engine.table.get_items(vec![key("R", "1"), key("R", "none")]).await.unwrap().value;
            assert_eq!(both.into_iter().collect::<Vec<_>>(), [(key("R", "1"), next)], "among others");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_left_out() {
    everywhere(|engine| async move {
        assert!(engine.table.get_items(vec![key("R", "none")]).await.unwrap().value.is_empty());
        let two = vec![key("R", "none"), key("R", "neither")];
        assert!(engine.table.get_items(two).await.unwrap().value.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_hundred_keys_are_one_call_and_more_are_refused() {
    everywhere(|engine| async move {
        let name = |n: usize| format!("{n:03}");
        engine.plant((0..100).map(|n| item("R", &name(n)))).await;
        let keys = |count| (0..count).map(|n| key("R", &name(n))).collect::<Vec<_>>();
        let answer = engine.table.get_items(keys(100)).await.unwrap();
        assert_eq!(answer.value.len(), 100);
        assert!(answer.value.iter().all(|(key, found)| *found == item("R", &key.sk)));
        assert_eq!(answer.consumed.round_trips, 1);
        let refused = engine.table.get_items(keys(101)).await;
        assert!(matches!(refused, Err(TableError::Rejected(_))), "{refused:?}");
        let twice = engine.table.get_items(vec![key("R", "000"), key("R", "000")]).await;
        assert!(matches!(twice, Err(TableError::Rejected(_))), "{twice:?}");
    })
    .await;
}

#[tokio::test]
async fn more_than_16_mb_come_in_several_answers() {
    if !in_full() {
        return;
    }
    everywhere(|engine| async move {
        let large = |n: usize| with(item("R", &format!("{n:03}")), "D", attr::text("x".repeat(390_000)));
        let small = |n: usize| item("R", &format!("{n:03}"));
        // 45 of them are more than 16 MB.
        engine.plant((0..45).map(large).chain((45..100).map(small))).await;
        let keys = (0..100).map(|n| key("R", &format!("{n:03}"))).collect();
        let answer = engine.table.get_items(keys).await.unwrap();
        assert_eq!(answer.value.len(), 100, "the adapter asks for the rest");
        let whole =
            |n: usize, sk: &str| answer.value[&key("R", sk)] == if n < 45 { large(n) } else { small(n) };
        assert!((0..100).all(|n| whole(n, &format!("{n:03}"))));
        let departs = engine.departs("more_than_16_mb_come_in_several_answers");
        assert_eq!(answer.consumed.round_trips, if departs { 1 } else { 2 });
    })
    .await;
}

#[tokio::test]
async fn a_read_costs_a_unit_for_each_4_kb_and_half_where_it_need_not_be_fresh() {
    everywhere(|engine| async move {
        let five_kb = |sk| {
            let item = with(item("R", sk), "D", attr::text("x".repeat(5_000)));
            put(indexed(item, 1, "P", sk), Condition::Absent)
        };
        engine.write(vec![five_kb("1"), five_kb("2")]).await.unwrap();
        let units = [
            engine.table.get_items(vec![key("R", "1")]).await.unwrap().consumed.read_units,
            engine.table.get_items(vec![key("R", "1"), key("R", "none")]).await.unwrap().consumed.read_units,
            engine.table.query_items(of_table("R", SortRange::All)).await.unwrap().consumed.read_units,
            engine.table.query_items(of_index("P", SortRange::All)).await.unwrap().consumed.read_units,
        ];
        if engine.departs("a_read_costs_a_unit_for_each_4_kb_and_half_where_it_need_not_be_fresh") {
            assert_eq!(units, [1.0, 0.0, 1.0, 0.5]);
        } else {
            // A page is rounded up as a whole, an item that is not there counts as one, an index is never read consistently.
            assert_eq!(units, [2.0, 3.0, 3.0, 1.5]);
        }
    })
    .await;
}
