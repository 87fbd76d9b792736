//! Every access pattern against a real table: what is put is found, in the order that is promised, and a list is the same
//! list whatever the size of its pages.

mod fleet;
mod journeys;
mod voices;

use std::collections::BTreeSet;

use nots_core::{
    Timestamp,
    ports::Table,
    table::{Condition, Entity, Index, Op, Query, RawKey, Stored, Transaction},
};
use nots_local::Options;
use nots_testkit::World;
use serde_json::Value;

use crate::{documents::source, events::names_in};

/// A world whose table has nothing of the demonstration's in it.
async fn empty() -> World {
    World::with(Options { empty: true, ..Options::default() }).await
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(seconds).unwrap()
}

impl Rows<'_> {
    /// Commits what must go through.
    async fn commit(&self, transaction: Transaction) {
        self.0.commit(transaction).await.expect("it is committed");
    }

    /// Puts an item as somebody else has written it; its keys follow from its `Data`.
    async fn put<E: Entity>(&self, item: &Value) {
        let row = Stored::<E>::from_item(serde_dynamo::to_item(item).unwrap()).expect("an item");
        let item = row.to_item().unwrap();
        let key: RawKey = {
            let part = |name: &str| serde_dynamo::from_attribute_value(item[name].clone()).unwrap();
            RawKey { pk: part("PK"), sk: part("SK") }
        };
        let op = Op::Put { entity: E::TYPE, key, item, spread: Vec::new(), condition: Condition::Absent };
        self.0.write_items(vec![op]).await.expect("it is put");
    }

    /// A whole list, the same by pages of any size.
    async fn all<I: Index, E: Entity>(&self, query: &Query<I, E>) -> Vec<E> {
        let whole = self.pages(query, 100).await;
        for limit in [1, 2, 3, 7] {
            let same = self.pages(query, limit).await;
            assert_eq!(items(&same), items(&whole), "by pages of {limit}");
        }
        whole.into_iter().map(|row| row.data).collect()
    }

    async fn pages<I: Index, E: Entity>(&self, query: &Query<I, E>, limit: u32) -> Vec<Stored<E>> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = self.0.page(query, limit, after).await.expect("a page");
            assert!(page.rows.len() <= limit as usize);
            rows.extend(page.rows);
            let Some(next) = page.next else { return rows };
            assert!(query.accepts(&next), "a cursor of this list");
            after = Some(next);
        }
    }
}

/// The world's table.
struct Rows<'a>(&'a dyn Table);

fn table(world: &World) -> Rows<'_> {
    Rows(&*world.platform.ports.table)
}

fn items<E: Entity>(rows: &[Stored<E>]) -> Vec<Value> {
    rows.iter().map(|row| serde_dynamo::from_item(row.to_item().unwrap()).unwrap()).collect()
}

#[test]
fn every_pattern_is_asked_by_a_test_of_a_real_table() {
    let code = source("crates/nots-core/src/access.rs");
    let public = code.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next());
    let mut tests = String::new();
    let folders = names_in("tests/it").into_iter().filter(|name| !name.contains('.'));
    for folder in folders.map(|name| format!("tests/it/{name}")).chain(["tests/it".to_owned()]) {
        for name in names_in(&folder) {
            // That one asks no table.
            if name.ends_with(".rs") && name != "access_patterns.rs" {
                tests.push_str(&source(&format!("{folder}/{name}")));
            }
        }
    }
    let unasked: BTreeSet<_> = public.filter(|name| !tests.contains(&format!("access::{name}("))).collect();
    assert!(unasked.is_empty(), "{unasked:?}");
}
