//! A table in memory that can be copied whole: for tests that look at every order in which things may happen.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use nots_core::{
    ports::{Consumed, RawPage, Reply, Table, TableError},
    table::{Condition, Item, Op, RawKey, RawQuery, SortRange, attr},
};

/// Every item, by key.
pub type Items = BTreeMap<RawKey, Item>;

/// A table that answers at once and forgets nothing. It judges conditions by what they mean, where an engine judges them
/// by DynamoDB's expressions: the conformance tests hold the two to the same answers.
#[derive(Debug, Default)]
pub struct MemoryTable(Mutex<Items>);

impl MemoryTable {
    /// Everything in it.
    pub fn copy(&self) -> Items {
        self.items().clone()
    }

    /// Puts it back to what it was.
    pub fn set(&self, items: Items) {
        *self.items() = items;
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.0.lock().expect("nobody panics holding it")
    }
}

fn answer<T>(value: T) -> Result<Reply<T>, TableError> {
    Ok(Reply { value, consumed: Consumed::default() })
}

fn at<'a>(item: &'a Item, path: &[&str]) -> Option<&'a serde_dynamo::AttributeValue> {
    let (first, rest) = path.split_first()?;
    let mut value = item.get(*first)?;
    for step in rest {
        let serde_dynamo::AttributeValue::M(map) = value else { return None };
        value = map.get(*step)?;
    }
    Some(value)
}

fn number(value: &serde_dynamo::AttributeValue) -> Option<i64> {
    match value {
        serde_dynamo::AttributeValue::N(text) => text.parse().ok(),
        _ => None,
    }
}

fn holds(condition: &Condition, item: Option<&Item>) -> bool {
    let is = |path: &[&str], value: &serde_dynamo::AttributeValue| {
        item.and_then(|item| at(item, path)) == Some(value)
    };
    match condition {
        Condition::Absent => item.is_none(),
        Condition::Unchanged(version) => is(&["Version"], &attr::number(version)),
        Condition::Leaves(version, statuses) => {
            let among = statuses.iter().any(|status| is(&["Data", "status"], &attr::text(*status)));
            is(&["Version"], &attr::number(version)) && among
        }
        Condition::Meets(requirement) => {
            let enough = |(path, least): &(&[&str], serde_dynamo::AttributeValue)| {
                let found = item.and_then(|item| at(item, path)).and_then(number);
                found.zip(number(least)).is_some_and(|(found, least)| found >= least)
            };
            item.is_some()
                && requirement.equals().iter().all(|(path, value)| is(path, value))
                && requirement.at_leasts().iter().all(|(path, least)| enough(&(*path, least.clone())))
        }
    }
}

fn within(range: &SortRange, sk: &str) -> bool {
    match range {
        SortRange::All => true,
        SortRange::BeginsWith(prefix) => sk.starts_with(prefix),
        SortRange::Between(from, to) => (from.as_str()..=to.as_str()).contains(&sk),
        SortRange::UpTo(to) => sk <= to.as_str(),
    }
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    match item.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => Some(text),
        _ => None,
    }
}

#[async_trait]
impl Table for MemoryTable {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        let items = self.items();
        answer(keys.into_iter().filter_map(|key| items.get(&key).cloned().map(|item| (key, item))).collect())
    }

    /// One page of all there is: a page that goes on is more than these tests have.
    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        let (name, partition) = query.pk;
        let mut found: Vec<Item> = self
            .items()
            .values()
            .filter(|item| text(item, name) == Some(&partition))
            .filter(|item| text(item, query.sk).is_some_and(|sk| within(&query.range, sk)))
            .cloned()
            .collect();
        found.sort_by(|a, b| text(a, query.sk).cmp(&text(b, query.sk)));
        if query.newest_first {
            found.reverse();
        }
        assert!(found.len() <= query.limit as usize && query.after.is_none(), "more than one page");
        answer(RawPage { items: found, next: None })
    }

    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        let mut items = self.items();
        let refused: Vec<_> = ops
            .iter()
            .enumerate()
            .filter(|(_, op)| !holds(op.condition(), items.get(op.key())))
            .map(|(place, op)| (place, items.get(op.key()).cloned()))
            .collect();
        if !refused.is_empty() {
            return Err(TableError::Refused(refused));
        }
        for op in ops {
            match op {
                Op::Put { key, item, .. } => {
                    items.insert(key, item);
                }
                Op::Delete { key, .. } => {
                    items.remove(&key);
                }
                Op::Check { .. } => {}
            }
        }
        answer(())
    }
}
