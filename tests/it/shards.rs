//! Busy partitions spread over shards: the stored strings, and lists through the route.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use async_trait::async_trait;
use nots_core::{
    access::{self, Window},
    entity::{BookingStatus, Payment, PaymentStatus},
    ports::{RawPage, Reply, Table, TableError},
    table::{Item, Op, Page, Position, RawKey, RawQuery, Shards},
};
use nots_http::{Listing, Request};
use nots_local::{Options, journey::Journey};
use nots_testkit::{Person, World};
use serde_json::{Value, json};

fn shards(number: u16) -> Shards {
    Shards::new(number, number).unwrap()
}

async fn spread(number: u16) -> World {
    World::with(Options { shards: Some(shards(number)), ..Options::default() }).await
}

/// The partition of GSI1 in which each item stands, by entity.
fn partitions(world: &World) -> BTreeMap<String, BTreeSet<String>> {
    let mut all = BTreeMap::<_, BTreeSet<_>>::new();
    for item in world.table().into_values() {
        let text = |name: &str| item[name]["S"].as_str().map(str::to_owned);
        if let (Some(entity), Some(partition)) = (text("EntityType"), text("GSI1PK")) {
            all.entry(entity).or_default().insert(partition);
        }
    }
    all
}

#[tokio::test]
async fn one_shard_writes_the_strings_of_the_schema() {
    for world in [World::new().await, spread(1).await] {
        let customer = world.person("customer").await;
        world.booked(&customer, 86_400).await;
        world.confirmed(&customer, 86_400).await;
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let expected = [
            ("Booking", set(&["STATUS#pending", "STATUS#confirmed"])),
            ("Payment", set(&["PAYMENT_STATUS#pending", "PAYMENT_STATUS#completed"])),
            ("ComplianceDocument", set(&["DOC_STATUS#valid"])),
            ("Driver", set(&["DRIVER_STATUS#active"])),
            ("Vehicle", set(&["VEHICLE_STATUS#active"])),
        ];
        let found = partitions(&world);
        for (entity, expected) in expected {
            assert_eq!(found[entity], expected, "{entity}");
        }
        world.settle().await;
    }
}

#[tokio::test]
async fn only_what_lists_by_status_and_grows_is_spread() {
    let world = spread(3).await;
    let customer = world.person("customer").await;
    for _ in 0..8 {
        world.booked(&customer, 86_400).await;
    }
    let found = partitions(&world);
    for (entity, partition) in [
        ("Booking", "STATUS#pending"),
        ("Payment", "PAYMENT_STATUS#pending"),
        ("ComplianceDocument", "DOC_STATUS#valid"),
    ] {
        let own: BTreeSet<_> =
            [String::new(), "#1".to_owned(), "#2".to_owned()].map(|s| format!("{partition}{s}")).into();
        assert!(found[entity].is_subset(&own), "{:?}", found[entity]);
        assert!(found[entity].len() > 1, "{entity} is in one shard");
    }
    for (entity, partition) in [("Driver", "DRIVER_STATUS#active"), ("Vehicle", "VEHICLE_STATUS#active")] {
        assert_eq!(found[entity], BTreeSet::from([partition.to_owned()]));
    }
}

/// The bookings of a page, and where the next begins.
async fn page(world: &World, who: &Person, query: &str) -> (Vec<Value>, Option<String>) {
    let page = world.get(&format!("/v1/bookings?{query}"), who).await.expect_status(200);
    (page["items"].as_array().unwrap().clone(), page["nextCursor"].as_str().map(str::to_owned))
}

/// Every booking of a list.
async fn all(world: &World, who: &Person, query: &str, limit: usize) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let (items, next) = page(world, who, &format!("{query}&limit={limit}{cursor}")).await;
        found.extend(items.clone());
        let Some(next) = next else { return found };
        assert_eq!(items.len(), limit, "a page before the last is full");
        cursor = format!("&cursor={next}");
    }
}

fn ids(bookings: &[Value]) -> BTreeSet<String> {
    let ids: BTreeSet<_> = bookings.iter().map(|b| b["bookingId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), bookings.len(), "one is told twice");
    ids
}

fn in_order(bookings: &[Value]) -> bool {
    bookings.is_sorted_by_key(|booking| booking["journey"]["pickupTime"].as_i64().unwrap())
}

#[tokio::test]
async fn a_list_over_shards_is_one_list() {
    let world = spread(4).await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let mut booked = Vec::new();
    // Three pickups at each time, in no order.
    for day in [3, 1, 4, 1, 3, 4, 1, 4, 3] {
        booked.push(world.booked(&customer, day * 86_400).await);
    }
    assert!(partitions(&world)["Booking"].len() > 1);
    for limit in [1, 2, 4, 9, 100] {
        let found = all(&world, &dispatcher, "status=pending", limit).await;
        assert_eq!(ids(&found), ids(&booked), "{limit}");
        assert!(in_order(&found), "{limit}");
    }
    let until = world.now() + 2 * 86_400;
    let found = all(&world, &dispatcher, &format!("status=pending&to={until}"), 2).await;
    assert_eq!(found.len(), 3);
    // What is not spread is asked as before.
    assert_eq!(ids(&all(&world, &customer, "", 2).await), ids(&booked));

    let table = world.platform.ports.table.as_ref();
    let pending = access::payments_by_status(PaymentStatus::Pending, Window::default());
    let (mut payments, mut after) = (BTreeSet::new(), None);
    loop {
        let page: Page<Payment> = table.page(&pending, 2, after).await.unwrap();
        payments.extend(page.rows.into_iter().map(|row| row.data.booking_id.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(payments, ids(&booked));
}

#[tokio::test]
async fn a_journey_takes_as_many_round_trips_over_shards() {
    let (one, many) = (World::new().await, spread(16).await);
    let mut counted = Vec::new();
    for world in [&one, &many] {
        let steps = Journey::on(world.platform.clone()).play().await.unwrap();
        let _ = world.platform.meter.take();
        let dispatcher = world.person("dispatcher").await;
        world.get("/v1/bookings?status=completed", &dispatcher).await.expect_status(200);
        let list = world.platform.meter.take();
        assert!(list.read_units > 0.0);
        counted
            .push((steps.iter().map(|step| step.request.round_trips).collect::<Vec<_>>(), list.round_trips));
    }
    assert_eq!(counted[0], counted[1]);
}

/// A table whose number of shards is raised while it is in use.
struct Raising {
    inner: Arc<dyn Table>,
    number: Arc<AtomicU16>,
}

impl Raising {
    fn now(&self) -> Arc<dyn Table> {
        shards(self.number.load(Ordering::Relaxed)).over(self.inner.clone())
    }
}

#[async_trait]
impl Table for Raising {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        self.now().get_items(keys).await
    }
    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        self.now().query_items(query).await
    }
    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        self.now().write_items(ops).await
    }
}

#[tokio::test]
async fn more_shards_need_no_rewrite_and_end_no_list() {
    let number = Arc::new(AtomicU16::new(1));
    let raised = number.clone();
    let wrap_table =
        Some(Box::new(|inner| Arc::new(Raising { inner, number: raised }) as Arc<dyn Table>) as _);
    let world = World::with(Options { wrap_table, ..Options::default() }).await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let mut booked = Vec::new();
    for day in [2, 2, 4, 4, 6, 6] {
        booked.push(world.booked(&customer, day * 86_400).await);
    }
    assert_eq!(partitions(&world)["Booking"], BTreeSet::from(["STATUS#pending".to_owned()]));
    let (first, cursor) = page(&world, &dispatcher, "status=pending&limit=3").await;
    let cursor = cursor.expect("more");

    for more in [3, 16] {
        number.store(more, Ordering::Relaxed);
        // What comes in before the cursor is not told by it, what comes in behind it is.
        for day in [1, 3, 5, 7] {
            booked.push(world.booked(&customer, day * 86_400).await);
        }
        let (mut told, mut cursor) = (first.clone(), Some(cursor.clone()));
        while let Some(after) = cursor {
            let (items, next) =
                page(&world, &dispatcher, &format!("status=pending&limit=2&cursor={after}")).await;
            told.extend(items);
            cursor = next;
        }
        assert!(in_order(&told));
        let behind = ids(&told);
        let (late, early): (Vec<_>, Vec<_>) = booked
            .iter()
            .cloned()
            .partition(|b| b["journey"]["pickupTime"].as_i64() >= first[2]["journey"]["pickupTime"].as_i64());
        assert!(behind.is_superset(&ids(&late)), "those behind the cursor, old and new");
        assert_eq!(
            behind.len(),
            late.len() + 2,
            "and before it the two of the first page, of {}",
            early.len()
        );
        let everything = all(&world, &dispatcher, "status=pending", 4).await;
        assert_eq!(ids(&everything), ids(&booked));
        assert!(in_order(&everything));
    }
    assert!(partitions(&world)["Booking"].len() > 3, "the later ones are spread");

    // An old one moves when it is next written, and is where it should be.
    let old = &booked[0];
    let payment = world.post("/v1/payments", &customer, json!({ "bookingId": old["bookingId"] })).await;
    world.pay(&payment.expect_status(201)).await.expect_status(200);
    booked.remove(0);
    assert_eq!(ids(&all(&world, &dispatcher, "status=pending", 5).await), ids(&booked));
    assert_eq!(all(&world, &dispatcher, "status=confirmed", 5).await.len(), 1);
    world.settle().await;
}

/// A cursor with the seal that anybody who reads the source can make.
fn made_up(sk: &str, told: &[(u16, &str, &str)]) -> String {
    let key = |pk: &str, sk: &str| RawKey { pk: pk.to_owned(), sk: sk.to_owned() };
    let told = told.iter().map(|(shard, pk, sk)| (*shard, key(pk, sk))).collect();
    let page = Page { rows: Vec::new(), next: Some(Position { sk: sk.to_owned(), told }) };
    let pending = access::bookings_by_status(BookingStatus::Pending, Window::default());
    Listing::read(&mut Request::default().query()).next(&pending, &page).unwrap()
}

#[tokio::test]
async fn a_cursor_that_no_list_gave_is_refused() {
    let (one, four) = (World::new().await, spread(4).await);
    let (sort, key) = ("PICKUP_TIME#1795177202", ("BOOKING#booking_1", "METADATA"));
    let in_shards = |shards: &[u16]| {
        let told: Vec<_> = shards.iter().map(|shard| (*shard, key.0, key.1)).collect();
        made_up(sort, &told)
    };
    for world in [&one, &four] {
        let dispatcher = world.person("dispatcher").await;
        let list = async |cursor: String| {
            world.get(&format!("/v1/bookings?status=pending&cursor={cursor}"), &dispatcher).await
        };
        list(in_shards(&[0])).await.expect_status(200);
        let everyone: Vec<_> = (0..64).collect();
        for shards in [&[][..], &[4], &[0, 4], &[63], &[64], &[u16::MAX], &everyone] {
            let problem = list(in_shards(shards)).await.expect_status(400);
            assert_eq!(problem["errors"][0]["parameter"], "cursor", "{shards:?} {problem}");
        }
        // Of a list with other shards than there are.
        let status = if std::ptr::eq(world, &four) { 200 } else { 400 };
        list(in_shards(&[1])).await.expect_status(status);
        list(in_shards(&[0, 3])).await.expect_status(status);
        for (sort, key) in [("", key), ("\u{0}", key), ("~", key), (sort, ("", "")), (sort, ("x", ""))] {
            for shards in [&[0][..], &[2], &[1, 3]] {
                let told: Vec<_> = shards.iter().map(|shard| (*shard, key.0, key.1)).collect();
                let answer = list(made_up(sort, &told)).await;
                assert!(
                    [200, 400].contains(&answer.status),
                    "{sort:?} {key:?} {shards:?}: {}",
                    answer.status
                );
            }
        }
    }
}
