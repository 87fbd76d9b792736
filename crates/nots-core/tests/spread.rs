//! Lists over shards, on a table in memory whose order of equal sort keys is its own affair, as DynamoDB's is.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, atomic::AtomicU32, atomic::Ordering},
};

use async_trait::async_trait;
use futures_util::FutureExt;
use nots_core::{
    ports::{Consumed, RawPage, Reply, Table, TableError},
    table::{Condition, Item, Op, Position, RawKey, RawQuery, Shards, SortRange, attr},
};
use proptest::{prelude::*, sample::Index};
use serde_dynamo::AttributeValue;

const PARTITION: &str = "STATUS#confirmed";

#[derive(Default)]
struct Memory {
    items: Mutex<HashMap<RawKey, Item>>,
    /// The most items that a page has, as if the rest were over a megabyte.
    page: Option<usize>,
    queries: AtomicU32,
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    }
}

/// A table need not order equal sort keys by what they belong to.
fn tie(key: &RawKey) -> u64 {
    key.pk.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(byte.into()))
}

fn within(range: &SortRange, sk: &str) -> bool {
    match range {
        SortRange::All => true,
        SortRange::BeginsWith(prefix) => sk.starts_with(prefix.as_str()),
        SortRange::Between(first, last) => first.as_str() <= sk && sk <= last.as_str(),
        SortRange::UpTo(last) => sk <= last.as_str(),
    }
}

#[async_trait]
impl Table for Memory {
    async fn get_items(&self, _: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        Err(TableError::Throttled)
    }

    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let items = self.items.lock().unwrap();
        let place = |item: &Item| {
            let key = RawKey::of(item).unwrap();
            (text(item, query.sk), tie(&key), key)
        };
        if matches!(&query.range, SortRange::Between(first, last) if first > last) {
            return Err(TableError::Rejected("upper bound below lower bound".into()));
        }
        let mut found: Vec<_> = items
            .values()
            .filter(|item| {
                text(item, query.pk.0) == query.pk.1 && within(&query.range, &text(item, query.sk))
            })
            .cloned()
            .collect();
        found.sort_by_key(place);
        if query.newest_first {
            found.reverse();
        }
        if let Some(after) = &query.after {
            let Some(key) = after.whole().filter(|_| within(&query.range, &after.sk)) else {
                return Err(TableError::Rejected("outside query boundaries".into()));
            };
            let start = (after.sk.clone(), tie(key), key.clone());
            found.retain(|item| if query.newest_first { place(item) < start } else { place(item) > start });
        }
        let most = self.page.unwrap_or(usize::MAX).min(usize::try_from(query.limit).unwrap());
        // Like DynamoDB: a full page says that there may be more.
        let next = (found.len() >= most).then(|| &found[most - 1]);
        let next = next.map(|item| Position::behind(text(item, query.sk), RawKey::of(item).unwrap()));
        found.truncate(most);
        let consumed = Consumed { round_trips: 1, read_units: 0.5, write_units: 0.0 };
        Ok(Reply { value: RawPage { items: found, next }, consumed })
    }

    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        let mut items = self.items.lock().unwrap();
        for op in ops {
            if let Op::Put { key, item, .. } = op {
                items.insert(key, item);
            }
        }
        Ok(Reply { value: (), consumed: Consumed::default() })
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing here waits")
}

fn shards(written: u16, listed: u16) -> Shards {
    Shards::new(written, listed).unwrap()
}

fn key(name: u32) -> RawKey {
    RawKey { pk: format!("BOOKING#booking_{name}"), sk: "METADATA".to_owned() }
}

/// Puts an item through a spread table as an entity would.
fn put(table: &dyn Table, name: u32, sort: u8) {
    let key = key(name);
    let attributes = [
        ("PK", key.pk.as_str()),
        ("SK", &key.sk),
        ("GSI1PK", PARTITION),
        ("GSI1SK", &format!("T#{sort:03}")),
    ];
    let item = attributes.iter().map(|(name, value)| ((*name).to_owned(), attr::text(*value))).collect();
    let op = Op::Put { entity: "Booking", key, item, spread: vec!["GSI1PK"], condition: Condition::Absent };
    now(table.write_items(vec![op])).unwrap();
}

fn ask(limit: u32, newest_first: bool, range: SortRange, after: Option<Position>) -> RawQuery {
    let pk = ("GSI1PK", PARTITION.to_owned());
    RawQuery { index: Some("GSI1"), pk, sk: "GSI1SK", range, newest_first, spread: true, limit, after }
}

fn range() -> impl Strategy<Value = SortRange> {
    let sort = || (0..32_u8).prop_map(|sort| format!("T#{sort:03}"));
    prop_oneof![
        3 => Just(SortRange::All),
        1 => Just(SortRange::BeginsWith("T#".to_owned())),
        1 => Just(SortRange::BeginsWith("T#01".to_owned())),
        1 => sort().prop_map(SortRange::UpTo),
        2 => (sort(), sort()).prop_map(|(a, b)| SortRange::Between(a.clone().min(b.clone()), a.max(b))),
    ]
}

/// What happens between two pages.
#[derive(Debug, Clone)]
enum Change {
    Add(u8),
    Move(Index, u8),
    Rewrite(Index),
    Remove(Index),
    /// More shards are listed.
    List(u16),
    /// More shards are written, of those that are listed.
    Write(u16),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => (0..32_u8).prop_map(Change::Add),
        2 => (any::<Index>(), 0..32_u8).prop_map(|(which, sort)| Change::Move(which, sort)),
        2 => any::<Index>().prop_map(Change::Rewrite),
        2 => any::<Index>().prop_map(Change::Remove),
        2 => (1..5_u16).prop_map(Change::List),
        2 => (1..5_u16).prop_map(Change::Write),
    ]
}

/// The items as they are, and who has been touched since the list began.
struct Office {
    memory: Arc<Memory>,
    written: u16,
    listed: u16,
    sorts: BTreeMap<u32, u8>,
    touched: BTreeSet<u32>,
    named: u32,
}

impl Office {
    fn table(&self) -> Arc<dyn Table> {
        shards(self.written, self.listed).over(self.memory.clone())
    }

    fn put(&mut self, name: u32, sort: u8) {
        put(self.table().as_ref(), name, sort);
        self.sorts.insert(name, sort);
        self.touched.insert(name);
    }

    fn add(&mut self, sort: u8) {
        self.named += 1;
        self.put(self.named, sort);
    }

    fn pick(&self, which: Index) -> Option<(u32, u8)> {
        (!self.sorts.is_empty())
            .then(|| which.get(&self.sorts.iter().collect::<Vec<_>>()).to_owned())
            .map(|(name, sort)| (*name, *sort))
    }

    fn change(&mut self, change: &Change) {
        match *change {
            Change::Add(sort) => self.add(sort),
            Change::Move(which, sort) => {
                if let Some((name, _)) = self.pick(which) {
                    self.put(name, sort);
                }
            }
            Change::Rewrite(which) => {
                if let Some((name, sort)) = self.pick(which) {
                    self.put(name, sort);
                }
            }
            Change::Remove(which) => {
                if let Some((name, _)) = self.pick(which) {
                    self.memory.items.lock().unwrap().remove(&key(name));
                    self.sorts.remove(&name);
                    self.touched.insert(name);
                }
            }
            Change::List(more) => self.listed = (self.listed + more).min(9),
            Change::Write(more) => self.written = (self.written + more).min(self.listed),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_list_over_shards_loses_nothing_tells_nothing_twice_and_is_in_order(
        phases in prop::collection::vec((1..4_u16, prop::collection::vec(0..32_u8, 0..25)), 1..4),
        changes in prop::collection::vec(prop::collection::vec(change(), 0..4), 0..12),
        limit in 1..12_u32,
        newest_first in any::<bool>(),
        range in range(),
        page in prop::option::weighted(0.2, 1..6_usize),
    ) {
        let memory = Arc::new(Memory { page, ..Memory::default() });
        let mut office =
            Office { memory, written: 1, listed: 1, sorts: BTreeMap::new(), touched: BTreeSet::new(), named: 0 };
        // A table with a past: the number was raised now and then.
        for (more, sorts) in &phases {
            office.listed += more - 1;
            office.written = office.listed;
            for sort in sorts {
                office.add(*sort);
            }
        }
        office.touched.clear();
        let before = office.sorts.clone();

        let mut changes = changes.into_iter();
        let (mut told, mut after) = (Vec::new(), None);
        loop {
            let query = ask(limit, newest_first, range.clone(), after);
            let reply = now(office.table().query_items(query)).unwrap();
            prop_assert_eq!(reply.consumed.round_trips, 1);
            prop_assert_eq!(reply.consumed.read_units, 0.5 * f64::from(office.listed));
            let RawPage { items, next } = reply.value;
            prop_assert!(items.len() <= usize::try_from(limit).unwrap());
            if page.is_none() && next.is_some() {
                prop_assert_eq!(items.len(), usize::try_from(limit).unwrap(), "a page before the last is full");
            }
            prop_assert!(!items.is_empty() || next.is_none(), "a page leads somewhere");
            prop_assert!(told.len() < 1_000, "the list ends");
            told.extend(items.iter().map(|item| (text(item, "GSI1SK"), RawKey::of(item).unwrap())));
            after = next;
            if after.is_none() {
                break;
            }
            for change in changes.next().unwrap_or_default() {
                office.change(&change);
            }
        }

        let sorts: Vec<_> = told.iter().map(|(sort, _)| sort.clone()).collect();
        let mut expected = sorts.clone();
        expected.sort();
        if newest_first {
            expected.reverse();
        }
        prop_assert_eq!(sorts, expected, "in order");
        for (name, sort) in before.iter().filter(|(name, _)| !office.touched.contains(*name)) {
            let times = told.iter().filter(|(_, told)| *told == key(*name)).count();
            let listed = within(&range, &format!("T#{sort:03}"));
            prop_assert_eq!(times, usize::from(listed), "booking_{} at {}", name, sort);
        }
    }
}

#[test]
fn one_shard_is_the_table_itself() {
    let memory: Arc<dyn Table> = Arc::new(Memory::default());
    assert!(Arc::ptr_eq(&Shards::ONE.over(memory.clone()), &memory));
    assert!(Arc::ptr_eq(&shards(1, 1).over(memory.clone()), &memory));
    assert!(!Arc::ptr_eq(&shards(1, 2).over(memory.clone()), &memory));
}

#[test]
fn an_absurd_number_is_refused() {
    for (written, listed) in [(0, 1), (1, 0), (65, 1), (1, 65), (u16::MAX, u16::MAX)] {
        assert!(Shards::new(written, listed).is_err(), "{written} {listed}");
    }
    assert_eq!(Shards::new(4, 1), Shards::new(4, 4), "no list looks in fewer than are written");
}

#[test]
fn a_key_has_its_shard_for_good() {
    let memory = Arc::new(Memory::default());
    let partitions = |written| {
        let table = shards(written, 64).over(memory.clone());
        (0..8).for_each(|name| put(table.as_ref(), name, 1));
        let items = memory.items.lock().unwrap();
        (0..8)
            .map(|name| text(&items[&key(name)], "GSI1PK").replace(PARTITION, ""))
            .collect::<Vec<_>>()
            .join(" ")
    };
    // These must never change: nothing would be lost, but all of it would move when it is next written.
    assert_eq!(partitions(1), "       ");
    assert_eq!(partitions(4), "#3  #3 #1 #3 #3 #2 #3");
    assert_eq!(partitions(64), "#55  #51 #41 #3 #35 #42 #35");
}

#[test]
fn shards_fill_alike() {
    let memory = Arc::new(Memory::default());
    let table = shards(16, 16).over(memory.clone());
    (0..8_000).for_each(|name| put(table.as_ref(), name, 1));
    let mut counts = BTreeMap::<_, u32>::new();
    for item in memory.items.lock().unwrap().values() {
        *counts.entry(text(item, "GSI1PK")).or_default() += 1;
    }
    assert_eq!(counts.len(), 16);
    assert!(counts.values().all(|count| (400..600).contains(count)), "{counts:?}");
}

#[test]
fn what_may_not_be_spread_is_left_alone() {
    let memory = Arc::new(Memory::default());
    let table = shards(16, 16).over(memory.clone());
    let key = key(1);
    let item = Item::from([("GSI1PK".to_owned(), attr::text("DRIVER_STATUS#active"))]);
    let op = |spread| Op::Put {
        entity: "Driver",
        key: key.clone(),
        item: item.clone(),
        spread,
        condition: Condition::Absent,
    };
    for spread in [vec![], vec!["GSI2PK"]] {
        now(table.write_items(vec![op(spread)])).unwrap();
        assert_eq!(memory.items.lock().unwrap()[&key], item);
    }
    let query = RawQuery { spread: false, ..ask(5, false, SortRange::All, None) };
    now(table.query_items(query)).unwrap();
    assert_eq!(memory.queries.load(Ordering::Relaxed), 1);
}

#[test]
fn a_position_in_a_shard_that_there_is_not_is_rejected() {
    let memory = Arc::new(Memory::default());
    let told = BTreeMap::from([(4, key(1))]);
    let position = Position { sk: "T#001".to_owned(), told };
    for listed in [1, 4] {
        let table = shards(1, listed).over(memory.clone());
        let answer = now(table.query_items(ask(5, false, SortRange::All, Some(position.clone()))));
        assert!(matches!(answer, Err(TableError::Rejected(_))), "{listed}");
    }
    now(shards(1, 5).over(memory).query_items(ask(5, false, SortRange::All, Some(position)))).unwrap();
}

#[test]
fn a_shard_that_does_not_answer_fails_the_page() {
    struct Busy(Memory);
    #[async_trait]
    impl Table for Busy {
        async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
            self.0.get_items(keys).await
        }
        async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
            if query.pk.1.ends_with("#2") {
                Err(TableError::Throttled)
            } else {
                self.0.query_items(query).await
            }
        }
        async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
            self.0.write_items(ops).await
        }
    }
    let table = shards(3, 3).over(Arc::new(Busy(Memory::default())));
    let answer = now(table.query_items(ask(5, false, SortRange::All, None)));
    assert!(matches!(answer, Err(TableError::Throttled)));
}
