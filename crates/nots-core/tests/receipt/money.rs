//! A journey's bookings and everything that its money has left behind.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use async_trait::async_trait;
use futures_util::FutureExt;
use nots_core::{
    Actor, BookingId, Pence, QuoteId, Timestamp,
    contact::{Email, Phone},
    entity::{
        Booking, Due, LedgerEntry, Payment, PaymentStatus, Quote, Refund, Tariff,
        booking::{BookingSource, Customer, Particulars},
        ledger::{self, Account},
        payment::{Books, Owed},
        quote::{Enquiry, ReturnLeg},
        refund::RefundCause,
        settings::Operator,
        tariff,
    },
    geo::{Coordinates, Place},
    id::BookingReference,
    journey::{Leg, Measure, Source, VehicleType},
    ports::{Consumed, RawPage, RefundFacts, RefundStage, Reply, Table, TableError},
    receipt::{Accounts, NoReceipt, Receipt},
    table::{Item, Op, RawKey, RawQuery, Stored, Transaction},
    text::{Name, Text},
};

pub(crate) const NOW: i64 = 1_795_000_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::new(NOW + seconds).unwrap()
}

pub(crate) fn pence(amount: i64) -> Pence {
    Pence::new(amount)
}

pub(crate) fn demo() -> &'static Tariff {
    static DEMO: LazyLock<Tariff> = LazyLock::new(|| tariff::demo().unwrap());
    &DEMO
}

pub(crate) fn operator() -> Operator {
    Operator {
        name: "Dorset Transfer Company".to_owned(),
        phone: Phone::parse("+441202555010").unwrap(),
        email: Email::parse("bookings@nots.co.uk").unwrap(),
        licensing_authority: "BCP Council".to_owned(),
        licence_number: "PHO-0417".to_owned(),
        address: vec![Text::parse("1 Example Street").unwrap()],
        vat_number: None,
    }
}

pub(crate) fn place(address: &str, latitude: f64, longitude: f64) -> Place {
    let at = Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() };
    Place { address: address.to_owned(), at }
}

/// A journey's bookings and everything that its money has left behind.
pub(crate) struct Money {
    pub(crate) bookings: Vec<Booking>,
    pub(crate) payment: Stored<Payment>,
    pub(crate) refunds: Vec<Stored<Refund>>,
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) dues: Vec<Due>,
    pub(crate) clock: i64,
    /// What was paid for each way.
    pub(crate) paid: [i64; 2],
}

impl Money {
    /// A journey that is booked, and not paid for.
    pub(crate) fn booked(both_ways: bool) -> Self {
        let leg =
            |metres| Measure::from(Leg { metres, seconds: 1_200, source: Source::Estimate, polyline: None });
        let enquiry = Enquiry {
            pickup_location: place("Bournemouth Railway Station", 50.7260, -1.8782),
            via_stops: Vec::new(),
            dropoff_location: place("Poole Harbour", 50.7122, -2.0053),
            pickup_time: at(86_400),
            journey: leg(8_500),
            vehicle_type: VehicleType::Standard,
            passengers: 2,
            luggage: 1,
            extras: Vec::new(),
            return_leg: both_ways.then(|| ReturnLeg { pickup_time: at(180_000), journey: leg(9_900) }),
        };
        let id = QuoteId::parse("quote_X").unwrap();
        let quote = Quote::offer(id, enquiry, demo(), at(0)).unwrap().after().clone();
        let particulars = Particulars {
            customer: Customer {
                user_id: None,
                first_name: Name::parse("John").unwrap(),
                last_name: Name::parse("Doe").unwrap(),
                email: Email::parse("john@example.com").unwrap(),
                phone: Phone::parse("+447700900123").unwrap(),
            },
            passengers: None,
            luggage: None,
            special_requirements: None,
            pickup_instructions: None,
            dropoff_instructions: None,
            flight_number: None,
            source: BookingSource::Web,
            taken_by: None,
        };
        let reference = BookingReference::from_random(7);
        let booked = Booking::book(quote, particulars, reference, Actor::System, at(1)).unwrap();
        let ops = ops(booked.transaction);
        let mut money = Self {
            bookings: Vec::new(),
            payment: row(&ops, Payment::read).remove(0),
            refunds: Vec::new(),
            ledger: Vec::new(),
            dues: Vec::new(),
            clock: 100,
            paid: [0, 0],
        };
        money.bookings = row(&ops, Booking::read).into_iter().map(|row| row.data).collect();
        money.bookings.sort_by(|a, b| a.booking_id.cmp(&b.booking_id));
        money
    }

    pub(crate) fn paid(both_ways: bool) -> Self {
        let mut money = Self::booked(both_ways);
        let asked = money.payment.data.amount.total;
        money.with(|books| books.capture_card("pi_fare", asked, asked).unwrap());
        for booking in &mut money.bookings {
            booking.payment.status = PaymentStatus::Completed;
        }
        for (paid, booking) in money.paid.iter_mut().zip(&money.bookings) {
            *paid = booking.pricing.amount.total.get();
        }
        money
    }

    /// One change of the books.
    pub(crate) fn with(&mut self, change: impl FnOnce(&mut Books)) {
        self.clock += 1;
        let mut books = Books::open(self.payment.clone(), Actor::System, at(self.clock));
        change(&mut books);
        let ops = ops(books.close().unwrap());
        for payment in row(&ops, Payment::read) {
            self.payment = payment;
        }
        self.ledger.extend(row(&ops, LedgerEntry::read).into_iter().map(|row| row.data));
        for refund in row(&ops, Refund::read) {
            self.refunds.retain(|known| known.data.refund_id != refund.data.refund_id);
            self.refunds.push(refund);
        }
    }

    pub(crate) fn id(&self, way: usize) -> BookingId {
        self.bookings[way].booking_id.clone()
    }

    pub(crate) fn price(&mut self, way: usize, by: i64) {
        let pricing = &mut self.bookings[way].pricing;
        pricing.amount.total = pricing.amount.total.plus(pence(by)).unwrap();
    }

    pub(crate) fn receipt(&self, way: usize) -> Result<Receipt, NoReceipt> {
        self.receipt_by(way, Some(demo()))
    }

    pub(crate) fn receipt_by(&self, way: usize, tariff: Option<&Tariff>) -> Result<Receipt, NoReceipt> {
        let refunds: Vec<_> = self.refunds.iter().map(|row| row.data.clone()).collect();
        let accounts = Accounts {
            booking: &self.bookings[way],
            other: self.bookings.get(1 - way),
            payment: &self.payment.data,
            refunds: &refunds,
            ledger: &self.ledger,
            dues: &self.dues,
        };
        Receipt::of_accounts(&operator(), tariff, accounts)
    }

    pub(crate) fn on(&self, account: Account) -> i64 {
        ledger::balance(&self.ledger, account).unwrap().get()
    }
}

/// Reads entities back out of a transaction.
trait Read: Sized {
    const NAME: &'static str;
    fn read(item: Item) -> Stored<Self>;
}

macro_rules! read {
    ($($entity:ident)*) => {$(
        impl Read for $entity {
            const NAME: &'static str = stringify!($entity);
            fn read(item: Item) -> Stored<Self> {
                Stored::from_item(item).unwrap()
            }
        }
    )*};
}
read! { Booking Payment LedgerEntry Refund }

/// A table that only says what it is asked to write.
#[derive(Default)]
struct Writes(Mutex<Vec<Op>>);

#[async_trait]
impl Table for Writes {
    async fn get_items(&self, _: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        Err(TableError::Throttled)
    }
    async fn query_items(&self, _: RawQuery) -> Result<Reply<RawPage>, TableError> {
        Err(TableError::Throttled)
    }
    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        self.0.lock().unwrap().extend(ops);
        Ok(Reply { value: (), consumed: Consumed::default() })
    }
}

fn ops(transaction: Transaction) -> Vec<Op> {
    let writes = Writes::default();
    let table: &dyn Table = &writes;
    table.commit(transaction).now_or_never().unwrap().unwrap();
    writes.0.into_inner().unwrap()
}

fn row<E: Read>(ops: &[Op], read: fn(Item) -> Stored<E>) -> Vec<Stored<E>> {
    let of = |op: &Op| match op {
        Op::Put { entity, item, .. } if *entity == E::NAME => Some(read(item.clone())),
        _ => None,
    };
    ops.iter().filter_map(of).collect()
}

pub(crate) fn owed<'a>(key: &'a str, cause: RefundCause, concerns: &'a BookingId) -> Owed<'a> {
    Owed { key, cause, concerns, reason: None }
}

pub(crate) fn facts(refund: &Refund, stage: RefundStage) -> RefundFacts {
    RefundFacts {
        id: format!("re_{}", refund.refund_id),
        payment_intent: refund.payment_intent_id.clone(),
        amount: refund.amount.total.get(),
        currency: "gbp".to_owned(),
        stage,
        failure: None,
        refund_id: Some(refund.refund_id.clone()),
        created_at: at(0),
    }
}

pub(crate) fn sum<'a, T: 'a>(all: impl IntoIterator<Item = &'a T>, amount: impl Fn(&T) -> Pence) -> i64 {
    all.into_iter().map(|one| amount(one).get()).sum()
}
