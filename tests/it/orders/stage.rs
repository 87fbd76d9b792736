//! The functions, over a table and a card processor that can be copied whole.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::FutureExt;
use nots_core::{
    Actor, Role, Timestamp,
    announce::{Announcement, RefundOwed},
    consume::{Consumer, QueueMessage},
    entity::{
        Booking, LedgerEntry, Payment, Tariff,
        ledger::{Account, balance},
        tariff,
    },
    ports::{RefundStage, Table},
    table::{Entity, Item, Machine, Stored, Transaction, attr},
};
use nots_http::{Caller, Endpoint, Request};
use nots_testkit::{Call, Fault, FaultyTable, Items, MemoryTable};
use serde_dynamo::AttributeValue;
use serde_json::{Value, json};

use super::doubles::{FakeProcessor, Plain, Processor, Still, Stop, booking_id};
use crate::rows::{self, at, user};

const COPIES: usize = 3;

/// What may arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Arriving {
    /// `checkout.session.completed`.
    Paid,
    /// The message that a refund is owed.
    Owed,
    /// `refund.created`.
    RefundCreated,
    /// `refund.updated`, or `refund.failed`.
    RefundUpdated,
    /// `charge.refunded`.
    ChargeRefunded,
    /// The operator cancels.
    Cancel,
}

impl Arriving {
    /// What others send.
    pub(crate) const ALL: [Self; 5] =
        [Self::Paid, Self::Owed, Self::RefundCreated, Self::RefundUpdated, Self::ChargeRefunded];
}

/// How a walk begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    PaidThenCancelledByTheCustomer,
    PaidThenCancelledByTheOperator,
    PaidAtStripeAndNotHeardOf,
    RefundFailsLater,
}

/// Everything, at one moment.
#[derive(Debug, Clone)]
pub(crate) struct World {
    items: Arc<Items>,
    processor: Processor,
    /// The same for the same table and card processor.
    standing: Standing,
    /// How many copies of each are on their way.
    coming: BTreeMap<Arriving, usize>,
}

type Standing = (u64, String);

/// What came of one run of a function.
#[derive(Debug, Clone)]
struct Outcome {
    items: Arc<Items>,
    processor: Processor,
    standing: Standing,
    /// It was stopped: what it was given comes again.
    stopped: bool,
    /// It took what it was given.
    taken: bool,
}

/// The functions.
pub(crate) struct Stage {
    known: Mutex<HashMap<(Standing, Arriving), Vec<Outcome>>>,
    table: Arc<MemoryTable>,
    processor: Arc<FakeProcessor>,
    stop: Arc<Mutex<Stop>>,
}

fn request(body: &Value, role: Role) -> Request {
    let who = user(if role == Role::Customer { 1 } else { 9 });
    Request {
        params: [("bookingId".to_owned(), booking_id().to_string())].into(),
        body: Bytes::from(body.to_string()),
        caller: Some(Caller::new([role], Some(who), None)),
        ..Request::default()
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        let stop = Arc::new(Mutex::new(Stop::default()));
        let processor = Arc::new(FakeProcessor { state: Mutex::default(), stop: stop.clone() });
        Self { known: Mutex::default(), table: Arc::new(MemoryTable::default()), processor, stop }
    }

    /// The table, as a function that may be stopped has it.
    fn faulty(&self) -> Arc<dyn Table> {
        let stop = self.stop.clone();
        let plan = move |call: Call| match call {
            Call::Write => match stop.lock().unwrap().next() {
                (true, _) => Fault::CrashBefore,
                (_, true) => Fault::CrashAfter,
                _ => Fault::None,
            },
            // Who is stopped at a read has changed nothing: what was given comes again to the same state.
            _ => Fault::None,
        };
        Arc::new(FaultyTable::over(self.table.clone(), Arc::default(), plan))
    }

    fn webhook(&self, kind: &str) -> impl Future<Output = bool> + use<> {
        let endpoint = payments_webhook::PaymentsWebhook {
            table: self.faulty(),
            notices: Arc::new(Plain),
            payments: self.processor.clone(),
            clock: Arc::new(Still),
            ids: Arc::new(Still),
        };
        let mut request = Request { body: Bytes::from(kind.to_owned()), ..Request::default() };
        request.headers.insert("stripe-signature", "t=1,v1=1".parse().unwrap());
        async move { endpoint.call(request).await.is_ok() }
    }

    fn cancel(&self, role: Role) -> impl Future<Output = bool> + use<> {
        let table = self.faulty();
        let endpoint =
            bookings_cancel::BookingsCancel { table, clock: Arc::new(Still), ids: Arc::new(Still) };
        let request = request(&json!({ "reason": "no longer needed" }), role);
        async move { endpoint.call(request).await.is_ok() }
    }

    /// Every refund that is owed, as the queue has it.
    fn settle(&self, refunds: Vec<RefundOwed>) -> impl Future<Output = bool> + use<> {
        let settle = payments_settle::PaymentsSettle {
            table: self.faulty(),
            payments: self.processor.clone(),
            clock: Arc::new(Still),
            ids: Arc::new(Still),
        };
        async move {
            for owed in refunds {
                let body = json!({ "source": "nots", "detail": owed }).to_string();
                if settle.consume(QueueMessage { id: "1".to_owned(), body }).await.is_err() {
                    return false;
                }
            }
            true
        }
    }

    /// Does something that nothing stops.
    fn surely(&self, act: impl Future<Output = bool>) {
        *self.stop.lock().unwrap() = Stop::default();
        assert!(act.now_or_never().expect("nothing is waited for"), "it was refused");
    }

    pub(crate) fn start(&self, start: Start) -> World {
        // A quarter of the way into the policy's middle row, for half the fare.
        let quote = rows::quote(1, at(36_000), at(0));
        let booked = rows::book(quote.after().clone(), Some(user(1)), rows::reference(1), at(1)).unwrap();
        let settings = rows::settings().publish(Actor::System, at(0));
        let terms = tariff::demo_terms().unwrap().check().unwrap();
        let tariff = Tariff::publish(None, 0, terms, Timestamp::MIN, Actor::System, at(0));
        let table: &dyn Table = self.table.as_ref();
        let planted = async {
            table.commit(Transaction::new().create(&quote)).await.unwrap();
            table.commit(booked.transaction).await.unwrap();
            table.commit(tariff.transaction.create(&settings)).await.unwrap();
        };
        planted.now_or_never().expect("nothing is waited for");
        let pay = payments_process::PaymentsProcess {
            table: self.table.clone(),
            payments: self.processor.clone(),
            clock: Arc::new(Still),
            ids: Arc::new(Still),
        };
        let body = json!({ "bookingId": booking_id() });
        self.surely(async move { pay.call(request(&body, Role::Customer)).await.is_ok() });
        let mut coming: BTreeMap<_, _> = Arriving::ALL.into_iter().map(|what| (what, COPIES)).collect();
        match start {
            Start::PaidThenCancelledByTheCustomer
            | Start::PaidThenCancelledByTheOperator
            | Start::RefundFailsLater => {
                self.surely(self.webhook("checkout.session.completed"));
                let role = match start {
                    Start::PaidThenCancelledByTheCustomer => Role::Customer,
                    _ => Role::Dispatcher,
                };
                self.surely(self.cancel(role));
                coming.insert(Arriving::Paid, COPIES - 1);
            }
            Start::PaidAtStripeAndNotHeardOf => {
                coming.insert(Arriving::Cancel, 1);
            }
        }
        self.processor.state.lock().unwrap().fails = start == Start::RefundFailsLater;
        let processor = self.processor.state.lock().unwrap().clone();
        let items = Arc::new(self.table.copy());
        let standing = standing(&items, &processor);
        World { items, processor, standing, coming }
    }

    /// Hands a function what has arrived: once for each moment at which it may be stopped, and once without. What comes of
    /// it follows from the table and the card processor alone, so each pair of them is tried once.
    pub(crate) fn deliver(&self, world: &World, what: Arriving) -> Vec<World> {
        let key = (world.standing.clone(), what);
        let known = self.known.lock().unwrap().get(&key).cloned();
        let outcomes = known.unwrap_or_else(|| {
            let mut outcomes = Vec::new();
            while outcomes.last().is_none_or(|outcome: &Outcome| outcome.stopped) {
                outcomes.push(self.run(world, what, outcomes.len()));
            }
            self.known.lock().unwrap().insert(key, outcomes.clone());
            outcomes
        });
        let then = |outcome: Outcome| {
            let mut coming = world.coming.clone();
            // What is not taken is sent again; what is taken is not.
            if outcome.taken {
                *coming.get_mut(&what).expect("it was coming") -= 1;
            }
            World { items: outcome.items, processor: outcome.processor, standing: outcome.standing, coming }
        };
        outcomes.into_iter().map(then).collect()
    }

    fn run(&self, world: &World, what: Arriving, stop: usize) -> Outcome {
        self.table.set(world.items.as_ref().clone());
        let mut processor = world.processor.clone();
        if what == Arriving::RefundUpdated && processor.fails {
            // The bank has sent it back: that is what this event says, and what is answered from now on.
            for refund in processor.refunds.values_mut() {
                (refund.stage, refund.failure) =
                    (RefundStage::Failed, Some("expired_or_canceled_card".to_owned()));
            }
        }
        *self.processor.state.lock().unwrap() = processor;
        *self.stop.lock().unwrap() = Stop { at: Some(stop), ..Stop::default() };
        let ran = match what {
            Arriving::Paid => self.webhook("checkout.session.completed").now_or_never(),
            Arriving::RefundCreated => self.webhook("refund.created").now_or_never(),
            Arriving::RefundUpdated => self.webhook("refund.updated").now_or_never(),
            Arriving::ChargeRefunded => self.webhook("charge.refunded").now_or_never(),
            Arriving::Owed => self.settle(world.owed()).now_or_never(),
            Arriving::Cancel => self.cancel(Role::Dispatcher).now_or_never(),
        };
        let stopped = ran.is_none();
        assert!(!stopped || self.stop.lock().unwrap().stopped, "a function waits for something");
        let (items, processor) = (Arc::new(self.table.copy()), self.processor.state.lock().unwrap().clone());
        let standing = standing(&items, &processor);
        Outcome { items, processor, standing, stopped, taken: ran == Some(true) }
    }
}

impl World {
    /// Whether another copy can arrive now: nothing is heard of a refund before it is made, or owed.
    pub(crate) fn has(&self, what: Arriving) -> bool {
        let possible = match what {
            Arriving::Paid | Arriving::Cancel => true,
            Arriving::Owed => !self.owed().is_empty(),
            Arriving::RefundCreated | Arriving::RefundUpdated | Arriving::ChargeRefunded => {
                !self.processor.refunds.is_empty()
            }
        };
        possible && self.coming.get(&what).is_some_and(|left| *left > 0)
    }

    fn rows<E: Entity>(&self) -> Vec<Stored<E>> {
        let is = |item: &&Item| item.get("EntityType") == Some(&attr::text(E::TYPE));
        self.items.values().filter(is).map(|item| Stored::from_item(item.clone()).unwrap()).collect()
    }

    /// What the stream has said is owed: every refund, since its first record said so.
    fn owed(&self) -> Vec<RefundOwed> {
        let announced =
            self.items.values().filter(|item| item.get("EntityType") == Some(&attr::text("Refund")));
        announced
            .map(|item| {
                let mut first = item.clone();
                if let Some(data) = attr::data(&mut first) {
                    data.insert("status".to_owned(), attr::text("owed"));
                }
                let said = Announcement::between(None, Some(first)).unwrap();
                let owed = said.iter().find(|what| what.detail_type == RefundOwed::DETAIL_TYPE).unwrap();
                serde_json::from_value(owed.detail.clone()).unwrap()
            })
            .collect()
    }

    fn payment(&self) -> Payment {
        self.rows::<Payment>().remove(0).data
    }

    /// The table, without what says who wrote an item last and how often: that is how one came there.
    pub(crate) fn table(&self) -> BTreeMap<String, Value> {
        let strip = |item: &Item| {
            let mut item = item.clone();
            item.remove("Version");
            item.remove("UpdatedBy");
            serde_dynamo::from_item::<_, Value>(item).unwrap()
        };
        self.items.iter().map(|(key, item)| (format!("{key:?}"), strip(item))).collect()
    }

    /// The same for the same state.
    pub(crate) fn fingerprint(&self) -> (u64, String, String) {
        let (items, processor) = self.standing.clone();
        (items, processor, format!("{:?}", self.coming))
    }

    pub(crate) fn charges(&self) -> usize {
        self.payment().captures.len()
    }

    pub(crate) fn captured(&self) -> i64 {
        self.payment().captured().get()
    }

    pub(crate) fn refunded(&self) -> i64 {
        self.payment().refund.amount.get()
    }

    pub(crate) fn owed_again(&self) -> i64 {
        self.payment().owed_again.get()
    }

    pub(crate) fn status(&self) -> &'static str {
        self.rows::<Booking>().remove(0).data.status.as_str()
    }

    /// Captured less refunded is what the ledger says is at the card processor; and what it does say has gone back.
    pub(crate) fn adds_up(&self) {
        let entries: Vec<LedgerEntry> = self.rows().into_iter().map(|row| row.data).collect();
        let at_processor = balance(&entries, Account::Card).unwrap().get();
        assert_eq!(at_processor, self.captured() - self.refunded());
        let gone: i64 = self
            .processor
            .refunds
            .values()
            .filter(|refund| refund.stage != RefundStage::Failed)
            .map(|refund| refund.amount)
            .sum();
        assert_eq!(gone, self.refunded(), "what the card processor gave back");
        assert_eq!(balance(&entries, Account::Customer).unwrap().get(), -self.owed_again());
    }
}

fn standing(items: &Items, processor: &Processor) -> Standing {
    (items.values().map(hash_of_map).fold(0, u64::wrapping_add), format!("{processor:?}"))
}

/// Of a map, whatever the order in which it gives its members.
fn hash_of_map(map: &Item) -> u64 {
    let member = |(name, value): (&String, &AttributeValue)| {
        let mut hasher = DefaultHasher::new();
        (name, hash_of(value)).hash(&mut hasher);
        hasher.finish()
    };
    map.iter().map(member).fold(map.len() as u64, u64::wrapping_add)
}

fn hash_of(value: &AttributeValue) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        AttributeValue::M(map) => hash_of_map(map).hash(&mut hasher),
        AttributeValue::L(list) => list.iter().map(hash_of).collect::<Vec<_>>().hash(&mut hasher),
        AttributeValue::N(text) | AttributeValue::S(text) => text.hash(&mut hasher),
        other => format!("{other:?}").hash(&mut hasher),
    }
    hasher.finish()
}
