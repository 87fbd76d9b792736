//! Lists through `GET /v1/bookings`, page by page, while bookings come, move and go: one that stays where it is is met exactly once.

use std::{collections::BTreeSet, sync::Arc};

use nots_core::{
    entity::{
        Booking,
        booking::{AssignedDriver, BookingStatus},
    },
    ports::Table,
    table::{Condition, Entity, Op, Stored},
};
use nots_testkit::{Person, World};
use proptest::prelude::*;

use crate::{
    random::{cases, run},
    rows::{at, book, driver, driver_id, quote, reference, user},
};

/// One of the lists of `GET /v1/bookings`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum List {
    Status,
    User,
    Driver,
}

impl List {
    fn path(self) -> &'static str {
        match self {
            Self::Status => "/v1/bookings?status=confirmed",
            Self::User => "/v1/bookings?userId=user_1",
            Self::Driver => "/v1/bookings?driverId=driver_1",
        }
    }
}

/// What happens between two pages, to a booking by its number.
#[derive(Debug, Clone)]
enum Act {
    /// A new one, at a place in the list.
    Comes { number: usize, slot: i64 },
    /// It is at another place from now on.
    Moves { which: usize, slot: i64 },
    /// It leaves the list.
    Goes { which: usize },
    /// It changes and stays.
    Changes { which: usize },
}

fn any_act() -> impl Strategy<Value = Act> {
    // Few places, so that many share one.
    let (which, slot) = (|| 0_usize..64, || 0_i64..6);
    prop_oneof![
        (0_usize..1_000, slot()).prop_map(|(number, slot)| Act::Comes { number, slot }),
        (which(), slot()).prop_map(|(which, slot)| Act::Moves { which, slot }),
        which().prop_map(|which| Act::Goes { which }),
        which().prop_map(|which| Act::Changes { which }),
    ]
}

/// The bookings as they are written, past the verbs: what matters here is where they stand, not how they came there.
struct Bookings {
    table: Arc<dyn Table>,
    list: List,
    rows: Vec<Stored<Booking>>,
    /// The numbers of those that are in the list.
    listed: BTreeSet<usize>,
    taken: BTreeSet<usize>,
}

impl Bookings {
    async fn put(&self, row: &Stored<Booking>, condition: Condition) {
        let (item, key) = (row.to_item().unwrap(), Booking::key_of(row.data.id()).raw());
        self.table
            .write_items(vec![Op::Put { entity: Booking::TYPE, key, item, spread: Vec::new(), condition }])
            .await
            .unwrap();
    }

    /// A booking that is in the list, unless there is one of this number.
    async fn add(&mut self, number: usize, slot: i64) {
        if !self.taken.insert(number) {
            return;
        }
        let quote = quote(number, at(slot * 60), at(0)).after().clone();
        let mut row = book(quote, Some(user(1)), reference(number), at(0)).unwrap().booking;
        row.data.status = BookingStatus::Confirmed;
        if self.list == List::Driver {
            row.data.driver = Some(assigned());
        }
        self.put(&row, Condition::Absent).await;
        self.listed.insert(self.rows.len());
        self.rows.push(row);
    }

    /// Writes another version of a booking; answers which it was.
    async fn change(&mut self, which: usize, change: impl FnOnce(&mut Booking)) -> Option<usize> {
        let at = which.checked_rem(self.rows.len())?;
        let mut row = self.rows[at].clone();
        change(&mut row.data);
        let seen = row.meta.version;
        row.meta.version = seen.next();
        self.put(&row, Condition::Unchanged(seen)).await;
        self.rows[at] = row;
        Some(at)
    }

    /// Does it; answers whose place is no longer what it was.
    async fn act(&mut self, act: &Act) -> Option<usize> {
        match *act {
            Act::Comes { number, slot } => {
                self.add(number, slot).await;
                None
            }
            Act::Moves { which, slot } => {
                let moved = self.change(which, |b| b.journey.pickup_time = at(slot * 60)).await;
                // A user's list goes by the booking's id, which never changes.
                moved.filter(|_| self.list != List::User)
            }
            Act::Goes { which } => {
                let list = self.list;
                let gone = self
                    .change(which, |b| match list {
                        List::Status => b.status = BookingStatus::Cancelled,
                        List::User => b.customer.user_id = None,
                        List::Driver => b.driver = None,
                    })
                    .await?;
                self.listed.remove(&gone);
                Some(gone)
            }
            Act::Changes { which } => {
                self.change(which, |b| b.internal_notes.push('x')).await;
                None
            }
        }
    }

    fn ids(&self, of: &BTreeSet<usize>) -> BTreeSet<String> {
        of.iter().map(|at| self.rows[*at].data.booking_id.to_string()).collect()
    }
}

fn assigned() -> AssignedDriver {
    let driver = driver(1, nots_core::entity::driver::FleetStatus::Active, true, 45);
    AssignedDriver {
        driver_id: driver_id(1),
        first_name: driver.first_name,
        last_name: driver.last_name,
        phone: driver.phone,
        licence_number: driver.licence_number,
        assigned_at: at(0),
    }
}

/// Reads the whole list, doing what is to be done before each page but the first.
async fn read(world: &World, who: &Person, bookings: &mut Bookings, limits: &[u32], acts: &[Vec<Act>]) {
    let path = bookings.list.path();
    let mut unmoved = bookings.listed.clone();
    let (mut met, mut cursor) = (Vec::new(), None::<String>);
    for page in 0.. {
        if page > 0 {
            for act in acts.get(page - 1).into_iter().flatten() {
                if let Some(moved) = bookings.act(act).await {
                    unmoved.remove(&moved);
                }
            }
        }
        let limit = limits[page % limits.len()];
        let after = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let answer = world.get(&format!("{path}&limit={limit}{after}"), who).await.expect_status(200);
        let items = answer["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        met.extend(items.iter().map(|item| item["bookingId"].as_str().unwrap().to_owned()));
        cursor = answer["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
        assert!(page < 200, "it never ends");
    }
    for id in bookings.ids(&unmoved) {
        let times = met.iter().filter(|met| **met == id).count();
        assert_eq!(times, 1, "{id}, which stayed where it was, among {met:?}");
    }
    assert!(met.iter().all(|id| bookings.rows.iter().any(|row| row.data.booking_id.as_str() == id)));
}

type Reading = (List, Vec<(usize, i64)>, Vec<u32>, Vec<Vec<Act>>);

async fn play((list, first, limits, acts): Reading) {
    let world = World::new().await;
    let dispatcher = world.person("dispatcher").await;
    let table = world.platform.ports.table.clone();
    let mut bookings =
        Bookings { table, list, rows: Vec::new(), listed: BTreeSet::new(), taken: BTreeSet::new() };
    for (number, slot) in first {
        bookings.add(number, slot).await;
    }
    read(&world, &dispatcher, &mut bookings, &limits, &acts).await;
    // When nobody meddles, the list is those that are in it, each once.
    let path = list.path();
    let answer = world.get(&format!("{path}&limit=100"), &dispatcher).await.expect_status(200);
    let items = answer["items"].as_array().unwrap();
    let met: Vec<_> = items.iter().map(|item| item["bookingId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(met.iter().cloned().collect::<BTreeSet<_>>(), bookings.ids(&bookings.listed));
    assert_eq!(met.len(), bookings.listed.len());
}

#[test]
fn a_list_never_loses_a_booking_that_stays_and_never_shows_it_twice() {
    let list = prop_oneof![Just(List::Status), Just(List::User), Just(List::Driver)];
    let first = prop::collection::vec((0_usize..1_000, 0_i64..6), 0..14);
    let limits = prop::collection::vec(1_u32..5, 1..4);
    let acts = prop::collection::vec(prop::collection::vec(any_act(), 0..4), 0..10);
    cases(12)
        .run(&(list, first, limits, acts), |reading| {
            run(play(reading));
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[tokio::test]
async fn a_page_of_jobs_follows_although_the_day_has_moved_on() {
    const HOUR: i64 = 3_600;
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let mut jobs = Vec::new();
    for hours in [2, 30, 40, 50] {
        let booking = world.confirmed(&customer, hours * HOUR).await;
        world.assign(&dispatcher, &booking, "driver_demo1").await.expect_status(200);
        jobs.push(booking);
    }
    let id = |at: usize| jobs[at]["bookingId"].clone();
    let began = world.now();
    let path = "/v1/drivers/me/jobs?limit=2";
    let driver = world.driver("driver_demo1").await;
    let first = world.get(path, &driver).await.expect_status(200);
    assert_eq!((&first["items"][0]["bookingId"], &first["items"][1]["bookingId"]), (&id(0), &id(1)));
    let next = format!("{path}&cursor={}", first["nextCursor"].as_str().unwrap());

    // Before what is asked for now, as where the window moves; and beyond its other end.
    let later = format!("{next}&from={}", began + 45 * HOUR);
    let found = world.get(&later, &driver).await.expect_status(200);
    assert_eq!((&found["items"][0]["bookingId"], &found["items"][1]), (&id(3), &serde_json::Value::Null));
    let earlier = format!("{next}&from={began}&to={}", began + 10 * HOUR);
    world.get(&earlier, &driver).await.expect_status(400);

    world.platform.advance(60 * 3_600).await.unwrap();
    let driver = world.driver("driver_demo1").await;
    let second = world.get(&next, &driver).await.expect_status(200);
    let items = second["items"].as_array().unwrap();
    let found: Vec<_> = items.iter().map(|job| job["bookingId"].clone()).collect();
    assert_eq!(found, [id(2), id(3)], "those that have not passed out of the window");
    world.settle().await;
    world.leaves_messages();
}
