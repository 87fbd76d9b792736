//! Receipts hold what the books hold, whatever has happened to the money, and each way of two has its own part.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use async_trait::async_trait;
use futures_util::FutureExt;
use nots_core::{
    Actor, BookingId, Currency, Pence, QuoteId, Timestamp,
    contact::{Email, Phone},
    entity::{
        Booking, Due, LedgerEntry, Payment, PaymentStatus, Quote, Refund, Tariff,
        booking::{BookingSource, Customer, Particulars},
        due::DueStatus,
        ledger::{self, Account},
        payment::{Books, Owed},
        quote::{Enquiry, ReturnLeg},
        refund::{RefundCause, RefundStatus},
        settings::Operator,
        tariff::{self, Vat},
    },
    geo::{Coordinates, Place},
    id::BookingReference,
    journey::{Leg, Measure, Source, VehicleType},
    money::Total,
    ports::{
        Consumed, DisputeFacts, DisputeStage, RawPage, RefundFacts, RefundStage, Reply, Table, TableError,
    },
    receipt::{Accounts, LineRule, NoReceipt, Receipt, RefundProgress, Since},
    table::{Item, Op, RawKey, RawQuery, Stored, Transaction},
    text::{Name, Text},
};

const NOW: i64 = 1_795_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(NOW + seconds).unwrap()
}

fn pence(amount: i64) -> Pence {
    Pence::new(amount)
}

fn demo() -> &'static Tariff {
    static DEMO: LazyLock<Tariff> = LazyLock::new(|| tariff::demo().unwrap());
    &DEMO
}

fn operator() -> Operator {
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

fn place(address: &str, latitude: f64, longitude: f64) -> Place {
    let at = Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() };
    Place { address: address.to_owned(), at }
}

/// A journey's bookings and everything that its money has left behind.
struct Money {
    bookings: Vec<Booking>,
    payment: Stored<Payment>,
    refunds: Vec<Stored<Refund>>,
    ledger: Vec<LedgerEntry>,
    dues: Vec<Due>,
    clock: i64,
    /// What was paid for each way.
    paid: [i64; 2],
}

impl Money {
    /// A journey that is booked, and not paid for.
    fn booked(both_ways: bool) -> Self {
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

    fn paid(both_ways: bool) -> Self {
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
    fn with(&mut self, change: impl FnOnce(&mut Books)) {
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

    fn id(&self, way: usize) -> BookingId {
        self.bookings[way].booking_id.clone()
    }

    fn price(&mut self, way: usize, by: i64) {
        let pricing = &mut self.bookings[way].pricing;
        pricing.amount.total = pricing.amount.total.plus(pence(by)).unwrap();
    }

    fn receipt(&self, way: usize) -> Result<Receipt, NoReceipt> {
        self.receipt_by(way, Some(demo()))
    }

    fn receipt_by(&self, way: usize, tariff: Option<&Tariff>) -> Result<Receipt, NoReceipt> {
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

    fn on(&self, account: Account) -> i64 {
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

fn owed<'a>(key: &'a str, cause: RefundCause, concerns: &'a BookingId) -> Owed<'a> {
    Owed { key, cause, concerns, reason: None }
}

fn facts(refund: &Refund, stage: RefundStage) -> RefundFacts {
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

fn sum<'a, T: 'a>(all: impl IntoIterator<Item = &'a T>, amount: impl Fn(&T) -> Pence) -> i64 {
    all.into_iter().map(|one| amount(one).get()).sum()
}

/// What every receipt must hold.
fn holds(receipt: &Receipt) {
    let total = receipt.total.get();
    assert_eq!(sum(&receipt.lines, |line| line.amount), total);
    assert_eq!(receipt.subtotal.get() + receipt.tax.get(), total);
    assert_eq!(sum(&receipt.payments, |paid| paid.amount), receipt.paid.get());
    let sent = receipt.refunds.iter().filter(|refund| refund.status.is_sent());
    assert_eq!(sum(sent, |refund| refund.amount), receipt.refunded.get());
    assert_eq!(receipt.paid.get() - receipt.refunded.get(), receipt.balance.get());
    assert_eq!(receipt.balance.get() + receipt.still_due.get() - receipt.still_to_refund.get(), total);
    assert!(receipt.still_due >= Pence::ZERO && receipt.still_to_refund >= Pence::ZERO);
}

#[test]
fn nothing_paid_is_no_receipt() {
    assert_eq!(Money::booked(false).receipt(0), Err(NoReceipt::NothingPaid));
    assert_eq!(Money::booked(true).receipt(1), Err(NoReceipt::NothingPaid));
}

#[test]
fn a_journey_that_was_paid_for_shows_its_lines_and_its_payment() {
    let receipt = Money::paid(false).receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.paid, receipt.balance), (pence(1_228), pence(1_228), pence(1_228)));
    assert_eq!(receipt.lines.len(), 3);
    assert_eq!((receipt.tax, receipt.vat.registered, receipt.vat.rate_basis_points), (Pence::ZERO, false, 0));
    assert_eq!(receipt.issued_at, at(101), "the last thing on it");
    assert_eq!(receipt.operator.address, ["1 Example Street"]);
    let json = serde_json::to_value(&receipt).unwrap();
    assert_eq!(json["lines"][0]["rule"], "base");
    assert_eq!(json["journey"]["pickupTimeInLondon"], at(86_400).in_london());
    assert_eq!(json["payments"][0]["method"], "stripe");
    assert!(json["payments"][0].get("wholePayment").is_none());
}

#[test]
fn a_cancellation_leaves_its_fee_and_the_vat_inside_it() {
    let mut money = Money::paid(false);
    let id = money.id(0);
    money.with(|books| {
        let back = books.cancel(pence(1_228), pence(600), &owed("cancel", RefundCause::Cancelled, &id));
        assert_eq!(back.unwrap(), pence(628));
    });
    let mut tariff = demo().clone();
    tariff.terms.vat = Vat { registered: true, rate_basis_points: 2_000 };
    let receipt = money.receipt_by(0, Some(&tariff)).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.cancellation_fee), (pence(600), Some(pence(600))));
    assert_eq!((receipt.subtotal, receipt.tax), (pence(500), pence(100)));
    assert_eq!((receipt.refunded, receipt.still_to_refund), (Pence::ZERO, pence(628)));
    assert_eq!(receipt.refunds[0].status, RefundProgress::Owed);

    let told = facts(&money.refunds[0].data, RefundStage::Succeeded);
    let row = money.refunds[0].clone();
    money.with(|books| books.refund_told(row, &told).unwrap());
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.refunded, receipt.balance), (pence(628), pence(600)));
    assert_eq!((receipt.still_due, receipt.still_to_refund), (Pence::ZERO, Pence::ZERO));
}

#[test]
fn a_tariff_that_is_not_here_leaves_the_rate_that_the_fare_says() {
    let mut money = Money::paid(false);
    let fare = &mut money.bookings[0].pricing.breakdown;
    (fare.subtotal, fare.tax) = (pence(1_023), pence(205));
    let receipt = money.receipt_by(0, None).unwrap();
    assert!(receipt.vat.registered);
    assert_eq!((receipt.vat.rate_basis_points, receipt.tax), (2_004, pence(205)));
}

#[test]
fn lines_that_are_not_known_are_one() {
    let mut money = Money::paid(false);
    money.bookings[0].pricing.lines.clear();
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!(receipt.lines.len(), 1);
    assert_eq!(receipt.lines[0].rule, LineRule::Since(Since::AgreedFare));
}

#[test]
fn what_was_given_back_before_refunds_were_kept_is_shown() {
    let mut money = Money::paid(false);
    let data = &mut money.payment.data;
    (data.refund.amount, data.refund.refunded) = (pence(1_228), true);
    data.captures[0].given_back = pence(1_228);
    data.captures[0].posted = false;
    money.ledger.clear();
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.balance, receipt.refunded), (Pence::ZERO, Pence::ZERO, pence(1_228)));
}

#[test]
fn each_way_of_two_has_its_own_part_of_the_payment() {
    let mut money = Money::paid(true);
    let whole = money.payment.data.amount.total;
    let (there, back) = (money.receipt(0).unwrap(), money.receipt(1).unwrap());
    for receipt in [&there, &back] {
        holds(receipt);
        assert_eq!(receipt.payments[0].whole_payment, Some(whole));
        assert_eq!(receipt.paid, receipt.total);
    }
    assert_eq!(there.paid.plus(back.paid), Some(whole));
    let id = money.id(1);
    let fare = back.total;
    money.with(|books| {
        books.cancel(fare, pence(100), &owed("cancel", RefundCause::Cancelled, &id)).unwrap();
    });
    assert_eq!(money.receipt(0).unwrap(), there, "the way there has nothing to do with it");
    let back = money.receipt(1).unwrap();
    holds(&back);
    assert_eq!((back.total, back.cancellation_fee), (pence(100), Some(pence(100))));
    assert_eq!((back.still_to_refund, back.refunds.len()), (fare.less(pence(100)).unwrap(), 1));
}

#[test]
fn a_way_that_was_called_off_before_it_was_paid_has_no_receipt() {
    let mut money = Money::booked(true);
    let fare = money.bookings[0].pricing.amount.total;
    let off = money.bookings[1].pricing.amount.total;
    money.with(|books| {
        books.reprice(off.negated()).unwrap();
        books.capture_card("pi_fare", fare, fare).unwrap();
    });
    money.bookings[0].payment.status = PaymentStatus::Completed;
    assert_eq!(money.receipt(1), Err(NoReceipt::NothingPaid));
    let there = money.receipt(0).unwrap();
    holds(&there);
    assert_eq!((there.paid, there.payments[0].whole_payment), (fare, None));
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % most.max(1)
    }
}

/// One thing that may happen to the money of a journey.
fn happens(money: &mut Money, dice: &mut Dice, step: usize) {
    let way = usize::try_from(dice.below(i64::try_from(money.bookings.len()).unwrap())).unwrap();
    let id = money.id(way);
    let key = format!("step{step}");
    let refundable = money.payment.data.refundable().get();
    let called_off = money.bookings[way].timeline.cancelled.is_some();
    match dice.below(11) {
        0 if !called_off => {
            let fare = money.bookings[way].pricing.amount.total;
            let fee = pence(dice.below(fare.get() + 1));
            money.with(|books| {
                books.cancel(fare, fee, &owed(&key, RefundCause::Cancelled, &id)).unwrap();
            });
            money.bookings[way].timeline.cancelled = Some(at(money.clock));
        }
        1 if !called_off => {
            let less = dice.below(refundable.min(money.bookings[way].pricing.amount.total.get()) + 1);
            money.with(|books| {
                books.amend_down(pence(less), &owed(&key, RefundCause::Amended, &id)).unwrap();
            });
            money.price(way, -less);
        }
        2 if !called_off => {
            let more = 1 + dice.below(29);
            money.with(|books| books.let_go(pence(more), &key, &id).unwrap());
            money.price(way, more);
        }
        3 if money.dues.iter().all(|due| due.concerns != id) => {
            let amount = pence(1 + dice.below(900));
            money.with(|books| books.raise_due(&id, amount).unwrap());
            money.dues.push(Due {
                booking_id: money.id(0),
                concerns: id,
                status: DueStatus::Owed,
                amount: Total { total: amount, currency: Currency::Gbp },
                description: Text::parse("12 minutes of waiting").unwrap(),
                raised_at: at(money.clock),
                settled_at: None,
            });
        }
        4 => {
            let due = money.dues.iter().position(|due| due.concerns == id && due.status == DueStatus::Owed);
            let Some(due) = due else { return };
            let (amount, how) = (money.dues[due].amount.total, dice.below(3));
            let intent = format!("pi_due{step}");
            money.with(|books| match how {
                0 => books.write_off_due(&id, amount, None).unwrap(),
                1 => books.due_paid_in_cash(&id, amount).unwrap(),
                _ => books.capture_card(&intent, amount, Pence::ZERO).unwrap(),
            });
            money.dues[due].status = if how == 0 { DueStatus::WrittenOff } else { DueStatus::Paid };
            money.paid[way] += if how == 0 { 0 } else { amount.get() };
            money.dues[due].settled_at = Some(at(money.clock));
        }
        5 if refundable > 0 => {
            let amount = pence(1 + dice.below(refundable));
            money.with(|books| {
                books.give_back(amount, &owed(&key, RefundCause::Requested, &id)).unwrap();
            });
        }
        6 => {
            let (amount, intent, out) = (pence(1 + dice.below(5_000)), format!("pi_late{step}"), money.id(0));
            money.with(|books| {
                books.capture_card(&intent, amount, Pence::ZERO).unwrap();
                let late = owed(&key, RefundCause::PaidTwice, &out);
                books.give_back_of(&intent, amount, &late).unwrap();
            });
            money.paid[0] += amount.get();
        }
        7 | 8 => {
            let open =
                |row: &&Stored<Refund>| matches!(row.data.status, RefundStatus::Owed | RefundStatus::Pending);
            let Some(row) = money.refunds.iter().find(open).cloned() else { return };
            let stage = [RefundStage::Pending, RefundStage::Succeeded, RefundStage::Failed]
                [usize::try_from(dice.below(3)).unwrap()];
            let told = facts(&row.data, stage);
            money.with(|books| books.refund_told(row, &told).unwrap());
        }
        9 => {
            let mut refunds = money.refunds.iter();
            let row = refunds.find(|row| row.data.status == RefundStatus::Owed).cloned();
            let Some(row) = row else { return };
            money.with(|books| books.refund_refused(row, None).unwrap());
        }
        _ => {
            let left = money.payment.data.captures[0].left().get();
            if left < 2 {
                return;
            }
            let amount = 1 + dice.below(left - 1);
            let elsewhere = RefundFacts {
                id: format!("re_{step}"),
                payment_intent: Some("pi_fare".to_owned()),
                amount,
                currency: "gbp".to_owned(),
                stage: if dice.below(2) == 0 { RefundStage::Succeeded } else { RefundStage::Failed },
                failure: None,
                refund_id: None,
                created_at: at(0),
            };
            money.with(|books| books.refund_elsewhere("pi_fare", &elsewhere).unwrap());
        }
    }
}

#[test]
fn whatever_happens_receipts_hold_what_the_books_hold() {
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut money = Money::paid(seed % 3 != 0);
        let steps = usize::try_from(dice.below(9)).unwrap();
        for step in 0..steps {
            happens(&mut money, &mut dice, step);
        }
        let ways = 0..money.bookings.len();
        let receipts: Vec<_> = ways.filter_map(|way| money.receipt(way).ok()).collect();
        assert_eq!(receipts.len(), money.bookings.len(), "seed {seed}: what was paid for has a receipt");
        receipts.iter().for_each(holds);
        for (way, receipt) in receipts.iter().enumerate() {
            assert_eq!(receipt.paid.get(), money.paid[way], "seed {seed}: paid for way {way}");
        }
        let all = |amount: fn(&Receipt) -> Pence| sum(&receipts, amount);
        assert_eq!(all(|r| r.paid), money.payment.data.captured().get(), "seed {seed}: paid");
        assert_eq!(all(|r| r.refunded), money.payment.data.refund.amount.get(), "seed {seed}: refunded");
        let sold = [Account::Fares, Account::Fees, Account::Waiting, Account::WrittenOff];
        let sold: i64 = sold.into_iter().map(|account| money.on(account)).sum();
        assert_eq!(all(|r| r.total), -sold, "seed {seed}: what it came to\n{:#?}", money.ledger);
        assert_eq!(
            all(|r| r.balance),
            money.on(Account::Card) + money.on(Account::Cash),
            "seed {seed}: what is held"
        );
        let owed = all(|r| r.still_due) - all(|r| r.still_to_refund);
        assert_eq!(owed, money.on(Account::Customer), "seed {seed}: what is owed");
    }
}

#[test]
fn a_dispute_that_was_lost_is_money_given_back() {
    let mut money = Money::paid(false);
    let mut dispute = DisputeFacts {
        id: "du_1".to_owned(),
        payment_intent: Some("pi_fare".to_owned()),
        amount: 1_228,
        currency: "gbp".to_owned(),
        stage: DisputeStage::Open,
        created_at: at(0),
    };
    let before = money.receipt(0).unwrap();
    money.with(|books| books.dispute_told("pi_fare", &dispute).unwrap());
    assert_eq!(money.receipt(0).unwrap().balance, before.balance, "it is not decided");
    dispute.stage = DisputeStage::Lost;
    money.with(|books| books.dispute_told("pi_fare", &dispute).unwrap());
    let receipt = money.receipt(0).unwrap();
    holds(&receipt);
    assert_eq!((receipt.total, receipt.balance, receipt.still_due), (Pence::ZERO, Pence::ZERO, Pence::ZERO));
}
