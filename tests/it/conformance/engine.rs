//! The engines, a table of each, and where they are known to differ from AWS.

use std::{
    collections::BTreeSet,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use nots_aws::LocalDynamo;
use nots_core::{
    ports::{Consumed, RawPage, Table, TableError},
    table::{Condition, Item, Op, Position, RawKey, RawQuery, SortRange, Version, attr},
};
use nots_local::EmbeddedDynamo;

use crate::{documents::source, events::names_in};

/// The tests that hold on AWS and not on an engine. Each asserts what the engine does instead, so that it fails on the day when
/// the engine no longer differs. `docs/engines.md` says more of each.
const DEPARTURES: [(&str, &str); 4] = [
    ("dynoxide", "an_index_key_that_is_too_long_is_refused"),
    ("ministack", "an_index_key_that_is_too_long_is_refused"),
    ("ministack", "a_read_costs_a_unit_for_each_4_kb_and_half_where_it_need_not_be_fresh"),
    ("ministack", "more_than_16_mb_come_in_several_answers"),
];

/// A table of an engine, made as the template makes it.
pub(super) struct Engine {
    pub(super) name: String,
    pub(super) table: Arc<dyn Table>,
}

/// What the environment says.
#[expect(clippy::disallowed_methods, reason = "a further engine is named by whoever runs the tests")]
fn said(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where the further engine is, and its name.
fn further() -> Option<(String, String)> {
    let endpoint = said("NOTS_DYNAMODB_ENDPOINT")?;
    Some((endpoint, said("NOTS_DYNAMODB_ENGINE").unwrap_or_else(|| "unnamed".to_owned())))
}

impl Engine {
    /// A table of this test's own.
    async fn at(endpoint: &str, name: String) -> Self {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let number = TABLES.fetch_add(1, Ordering::Relaxed);
        let table = format!("nots-conformance-{}-{number}", std::process::id());
        let local = LocalDynamo::at(endpoint);
        local.create(&table).await.unwrap_or_else(|error| panic!("{name} at {endpoint}: {error}"));
        Self { name, table: Arc::new(local.table(&table)) }
    }

    /// Whether this engine is known not to hold what the test of this name asserts.
    pub(super) fn departs(&self, test: &str) -> bool {
        DEPARTURES.contains(&(self.name.as_str(), test))
    }

    /// Writes, whatever was there.
    pub(super) async fn plant(&self, items: impl IntoIterator<Item = Item>) {
        let mut ops: Vec<_> = items.into_iter().map(|item| put(item, Condition::Absent)).collect();
        while !ops.is_empty() {
            // Fewer than fit, because a transaction takes no more than 4 MB.
            let rest = ops.split_off(ops.len().min(10));
            self.table.write_items(std::mem::replace(&mut ops, rest)).await.unwrap();
        }
    }

    /// What is there.
    pub(super) async fn get(&self, pk: &str, sk: &str) -> Option<Item> {
        self.table.get_items(vec![key(pk, sk)]).await.unwrap().value.remove(&key(pk, sk))
    }

    /// Writes, and answers what it cost.
    pub(super) async fn write(&self, ops: Vec<Op>) -> Result<Consumed, TableError> {
        self.table.write_items(ops).await.map(|reply| reply.consumed)
    }

    /// One page.
    pub(super) async fn query(&self, query: RawQuery) -> Result<RawPage, TableError> {
        self.table.query_items(query).await.map(|reply| reply.value)
    }
}

struct Blame(String);

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was {}", self.0);
        }
    }
}

/// Runs a test on every engine there is, each with an empty table.
pub(super) async fn everywhere<F: Future<Output = ()>>(test: impl Fn(Engine) -> F) {
    let embedded = EmbeddedDynamo::start().await.unwrap();
    let mut engines = vec![(format!("http://{}", embedded.address), "dynoxide".to_owned())];
    engines.extend(further());
    for (endpoint, name) in engines {
        let engine = Engine::at(&endpoint, name).await;
        let blame = Blame(engine.name.clone());
        test(engine).await;
        drop(blame);
    }
}

/// Whether what takes seconds is run too: where there is a second engine to run it on.
pub(super) fn in_full() -> bool {
    further().is_some()
}

/// A key.
pub(super) fn key(pk: &str, sk: &str) -> RawKey {
    RawKey { pk: pk.to_owned(), sk: sk.to_owned() }
}

/// An item with nothing but its key and a version.
pub(super) fn item(pk: &str, sk: &str) -> Item {
    [("PK", attr::text(pk)), ("SK", attr::text(sk)), ("Version", attr::number(1))]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The same with one attribute more, or another one.
pub(super) fn with(mut item: Item, name: &str, value: serde_dynamo::AttributeValue) -> Item {
    item.insert(name.to_owned(), value);
    item
}

/// The same with a place in an index.
pub(super) fn indexed(item: Item, index: u8, pk: &str, sk: &str) -> Item {
    let item = with(item, &format!("GSI{index}PK"), attr::text(pk));
    with(item, &format!("GSI{index}SK"), attr::text(sk))
}

/// The key of an item.
pub(super) fn key_of(item: &Item) -> RawKey {
    let text = |name| match item.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => text.clone(),
        other => panic!("{name} is {other:?}"),
    };
    RawKey { pk: text("PK"), sk: text("SK") }
}

/// The sort keys of items, in their order.
pub(super) fn sort_keys(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| key_of(item).sk).collect()
}

/// Puts an item on a condition.
pub(super) fn put(item: Item, condition: Condition) -> Op {
    Op::Put { entity: "Test", key: key_of(&item), item, spread: Vec::new(), condition }
}

/// Holds an item to a condition.
pub(super) fn check(pk: &str, sk: &str, condition: Condition) -> Op {
    Op::Check { entity: "Test", key: key(pk, sk), condition }
}

/// As it was at a version.
pub(super) fn unchanged(version: u64) -> Condition {
    Condition::Unchanged(Version::new(version))
}

/// A query of the table itself.
pub(super) fn of_table(pk: &str, range: SortRange) -> RawQuery {
    RawQuery {
        index: None,
        pk: ("PK", pk.to_owned()),
        sk: "SK",
        range,
        newest_first: false,
        spread: false,
        limit: 100,
        after: None,
    }
}

/// A query of the first index.
pub(super) fn of_index(pk: &str, range: SortRange) -> RawQuery {
    RawQuery { index: Some("GSI1"), pk: ("GSI1PK", pk.to_owned()), sk: "GSI1SK", ..of_table(pk, range) }
}

/// Behind an item of this sort key.
pub(super) fn behind(sort: &str, key: RawKey) -> Option<Position> {
    Some(Position::behind(sort.to_owned(), key))
}

/// Deletes an item on a condition.
pub(super) fn delete(pk: &str, sk: &str, condition: Condition) -> Op {
    Op::Delete { entity: "Test", key: key(pk, sk), condition }
}

#[test]
fn whether_there_is_a_second_engine_is_said_aloud() {
    let says = match further() {
        Some((endpoint, name)) => format!("conformance: dynoxide, and {name} at {endpoint}"),
        None => "conformance: dynoxide ONLY. The second engine is SKIPPED: NOTS_DYNAMODB_ENDPOINT is not set"
            .to_owned(),
    };
    // Past the capture of a test's output, which would swallow it.
    writeln!(std::io::stderr(), "\n{says}").unwrap();
}

#[test]
fn every_departure_is_written_down_and_asserted() {
    let document = source("docs/engines.md");
    let section = document.split("## ").find(|part| part.starts_with("Where they differ"));
    let rows = section.expect("the section").lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().trim_matches('`'));
        Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
    });
    let written: BTreeSet<_> = rows.collect();
    let known = DEPARTURES.map(|(engine, test)| (test.to_owned(), engine.to_owned()));
    assert_eq!(written, known.into_iter().collect());
    let folder = "tests/it/conformance";
    let tests: String = names_in(folder).iter().map(|file| source(&format!("{folder}/{file}"))).collect();
    for (_, test) in DEPARTURES {
        assert!(tests.contains(&format!("async fn {test}()")), "{test} is no test");
        assert!(tests.contains(&format!("departs(\"{test}\")")), "{test} asserts no departure");
    }
}
