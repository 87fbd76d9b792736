//! Queries: ranges, order, limits, positions, sparse indexes, and pages that are cut at 1 MB.

use nots_core::{
    ports::TableError,
    table::{Item, RawQuery, SortRange, attr},
};

use super::engine::{
    Engine, behind, everywhere, indexed, item, key, key_of, of_index, of_table, put, sort_keys, unchanged,
    with,
};

fn begins_with(prefix: &str) -> SortRange {
    SortRange::BeginsWith(prefix.to_owned())
}

fn between(from: &str, to: &str) -> SortRange {
    SortRange::Between(from.to_owned(), to.to_owned())
}

fn up_to(end: &str) -> SortRange {
    SortRange::UpTo(end.to_owned())
}

/// Every page of a query, each with whether another followed, and never more than the limit on one.
async fn pages(engine: &Engine, mut query: RawQuery) -> Vec<Vec<Item>> {
    let mut pages = Vec::new();
    loop {
        let page = engine.query(query.clone()).await.unwrap();
        assert!(page.items.len() <= query.limit as usize);
        pages.push(page.items);
        query.after = page.next;
        if query.after.is_none() {
            return pages;
        }
        assert!(pages.len() < 100, "it never ends");
    }
}

async fn all(engine: &Engine, query: RawQuery) -> Vec<String> {
    sort_keys(&pages(engine, query).await.concat())
}

fn wrong(outcome: Result<nots_core::ports::RawPage, TableError>) {
    assert!(matches!(outcome, Err(TableError::Rejected(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_range_is_what_it_says_in_both_directions() {
    everywhere(|engine| async move {
        let keys = ["A#1", "A#10", "A#2", "B#", "B#1", "C", "a", "é", "😀"];
        engine.plant(keys.map(|sk| item("L", sk))).await;
        engine.plant([item("K", "A#1"), item("M", "A#1")]).await;
        for (range, expected) in [
            (SortRange::All, &keys[..]),
            (begins_with("A#"), &["A#1", "A#10", "A#2"]),
            (begins_with("A#1"), &["A#1", "A#10"]),
            (begins_with("Z"), &[]),
            (between("A#10", "B#"), &["A#10", "A#2", "B#"]),
            (between("A#11", "A#11"), &[]),
            (between("A#2", "A#2"), &["A#2"]),
            (up_to("A#2"), &["A#1", "A#10", "A#2"]),
            (up_to("A#2~"), &["A#1", "A#10", "A#2"]),
            (up_to("A"), &[]),
        ] {
            for newest_first in [false, true] {
                for limit in [1, 2, 3, 100] {
                    let query = RawQuery { newest_first, limit, ..of_table("L", range.clone()) };
                    let mut expected: Vec<_> = expected.iter().map(|sk| (*sk).to_owned()).collect();
                    if newest_first {
                        expected.reverse();
                    }
                    assert_eq!(all(&engine, query.clone()).await, expected, "{query:?}");
                }
            }
        }
        wrong(engine.query(of_table("L", between("B", "A"))).await);
        assert_eq!(all(&engine, of_table("none", SortRange::All)).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_ends_at_the_end_has_one_empty_page_after_it() {
    everywhere(|engine| async move {
        engine.plant((0..4).map(|n| indexed(item("L", &n.to_string()), 1, "I", &n.to_string()))).await;
        for query in [of_table("L", SortRange::All), of_index("I", SortRange::All)] {
            for newest_first in [false, true] {
                let lengths = |limit| {
                    let query = RawQuery { limit, newest_first, ..query.clone() };
                    let engine = &engine;
                    async move { pages(engine, query).await.iter().map(Vec::len).collect::<Vec<_>>() }
                };
                assert_eq!(lengths(5).await, [4], "there is more room than items");
                assert_eq!(lengths(4).await, [4, 0], "nobody has looked beyond the fourth");
                assert_eq!(lengths(3).await, [3, 1]);
                assert_eq!(lengths(2).await, [2, 2, 0]);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_position_is_the_keys_of_the_last_item() {
    everywhere(|engine| async move {
        engine.plant((0..3).map(|n| indexed(item("L", &n.to_string()), 1, "I", &format!("s{n}")))).await;
        let query = RawQuery { limit: 2, ..of_table("L", SortRange::All) };
        assert_eq!(engine.query(query.clone()).await.unwrap().next, behind("1", key("L", "1")));
        let query = RawQuery { limit: 2, ..of_index("I", SortRange::All) };
        assert_eq!(engine.query(query.clone()).await.unwrap().next, behind("s1", key("L", "1")));
    })
    .await;
}

#[tokio::test]
async fn a_position_holds_although_its_item_has_gone() {
    everywhere(|engine| async move {
        let place = |n: u32| indexed(item("L", &n.to_string()), 1, "I", &format!("s{n}"));
        engine.plant((0..6).map(place)).await;
        let query = RawQuery { limit: 3, ..of_index("I", SortRange::All) };
        let first = engine.query(query.clone()).await.unwrap();
        assert_eq!(sort_keys(&first.items), ["0", "1", "2"]);
        // The last of the page leaves the index, the next one moves behind, and one comes in before.
        let next = |item| with(item, "Version", attr::number(2));
        let moved = indexed(place(3), 1, "I", "s9");
        engine.write(vec![put(next(item("L", "2")), unchanged(1))]).await.unwrap();
        engine.write(vec![put(next(moved), unchanged(1))]).await.unwrap();
        engine.plant([indexed(item("L", "6"), 1, "I", "s0a")]).await;
        assert_eq!(all(&engine, RawQuery { after: first.next, ..query.clone() }).await, ["4", "5", "3"]);

        // The same where there never was such an item.
        let after = behind("s45", key("L", "x"));
        let forward = RawQuery { after: after.clone(), ..query.clone() };
        assert_eq!(all(&engine, forward).await, ["5", "3"]);
        let back = RawQuery { after, newest_first: true, ..query };
        assert_eq!(all(&engine, back).await, ["4", "1", "6", "0"]);
        let query = of_table("L", SortRange::All);
        let after = behind("45", key("L", "45"));
        assert_eq!(all(&engine, RawQuery { after, ..query }).await, ["5", "6"]);
    })
    .await;
}

#[tokio::test]
async fn items_of_one_sort_key_are_each_met_once() {
    everywhere(|engine| async move {
        let place = |n: u32| indexed(item(&format!("L{n}"), "x"), 1, "I", &format!("s{}", n / 4));
        engine.plant((0..10).map(place)).await;
        for newest_first in [false, true] {
            for limit in 1..=11 {
                let query = RawQuery { limit, newest_first, ..of_index("I", SortRange::All) };
                let found = pages(&engine, query).await.concat();
                let mut places: Vec<_> = found.iter().map(|item| item["GSI1SK"].clone()).collect();
                if newest_first {
                    places.reverse();
                }
                let expected: Vec<_> = (0..10).map(|n| attr::text(format!("s{}", n / 4))).collect();
                assert_eq!(places, expected, "in order of the sort key");
                let mut keys: Vec<_> = found.iter().map(key_of).collect();
                keys.sort();
                keys.dedup();
                assert_eq!(keys.len(), 10, "each once, in whatever order");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_position_outside_what_is_asked_for_is_refused() {
    everywhere(|engine| async move {
        engine.plant((0..4).map(|n| indexed(item("L", &n.to_string()), 1, "I", &n.to_string()))).await;
        for query in [of_table("L", between("1", "2")), of_index("I", between("1", "2"))] {
            let after = |sk| RawQuery { after: behind(sk, key("L", sk)), ..query.clone() };
            wrong(engine.query(after("0")).await);
            wrong(engine.query(after("3")).await);
            assert_eq!(all(&engine, after("1")).await, ["2"]);
        }
    })
    .await;
}

#[tokio::test]
async fn an_index_holds_what_has_both_its_keys_and_follows_every_rewrite() {
    everywhere(|engine| async move {
        let half = with(item("L", "half"), "GSI1PK", attr::text("I"));
        engine.plant([half, item("L", "none"), indexed(item("L", "other"), 2, "I", "s")]).await;
        let listed = |pk: &'static str| {
            let engine = &engine;
            async move { all(engine, of_index(pk, SortRange::All)).await }
        };
        assert_eq!(listed("I").await, [""; 0]);
        let write = |version: u64, item: Item| {
            let next = with(item, "Version", attr::number(version + 1));
            let engine = &engine;
            async move { engine.write(vec![put(next, unchanged(version))]).await.unwrap() }
        };
        let row = || item("L", "none");
        write(1, indexed(row(), 1, "I", "s")).await;
        assert_eq!(listed("I").await, ["none"], "it enters");
        write(2, indexed(row(), 1, "J", "s")).await;
        assert_eq!((listed("I").await, listed("J").await), (vec![], vec!["none".to_owned()]), "it moves");
        write(3, with(indexed(row(), 1, "J", "t"), "D", attr::text("whole"))).await;
        let found = engine.query(of_index("J", SortRange::All)).await.unwrap().items;
        assert_eq!(found, [engine.get("L", "none").await.unwrap()], "the whole item is in the index");
        write(4, row()).await;
        assert_eq!((listed("I").await, listed("J").await), (vec![], vec![]), "it leaves");
        // What a transaction does to several, it does to their places.
        let next = |sk| with(indexed(item("L", sk), 1, "I", sk), "Version", attr::number(6));
        let entered = put(next("none"), unchanged(5));
        let refused = engine.write(vec![entered.clone(), put(next("half"), unchanged(9))]).await;
        assert!(matches!(refused, Err(TableError::Refused(_))), "{refused:?}");
        assert_eq!(listed("I").await, [""; 0]);
        engine.write(vec![entered, put(next("half"), unchanged(1))]).await.unwrap();
        assert_eq!(listed("I").await, ["half", "none"]);
    })
    .await;
}

#[tokio::test]
async fn a_page_is_cut_at_1_mb_and_says_where() {
    everywhere(|engine| async move {
        let large = |n: u32| with(item("L", &n.to_string()), "D", attr::text("x".repeat(300_000)));
        engine.plant((0..5).map(|n| indexed(large(n), 1, "I", &n.to_string()))).await;
        for query in [of_table("L", SortRange::All), of_index("I", SortRange::All)] {
            for newest_first in [false, true] {
                let query = RawQuery { limit: 5, newest_first, ..query.clone() };
                let pages = pages(&engine, query).await;
                assert!(pages[0].len() < 5, "{} large items on a page", pages[0].len());
                let mut found = sort_keys(&pages.concat());
                if newest_first {
                    found.reverse();
                }
                assert_eq!(found, ["0", "1", "2", "3", "4"]);
            }
        }
    })
    .await;
}
