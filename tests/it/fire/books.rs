//! What must hold once all of it has settled.

use std::collections::BTreeMap;

use nots_core::{
    BookingId, Pence, Timestamp, access,
    entity::{
        Booking, BookingStatus, Due, LedgerEntry, Payment, Refund,
        due::DueStatus,
        ledger::{Account, Movement, balance},
        refund::{RefundCause, RefundStatus},
    },
    ports::{Clock, DisputeStage, RefundStage},
    table::{Query, Stored},
    time::Interval,
};
use nots_local::{functions, reconcile::told};
use nots_testkit::World;

use super::play::Play;

/// All about one booking's money, as it is stored.
struct Kept {
    ways: Vec<Booking>,
    payment: Payment,
    entries: Vec<LedgerEntry>,
    refunds: Vec<Refund>,
    dues: Vec<Due>,
}

pub(super) async fn agree(play: &Play) {
    let world = &play.world;
    let ever = Interval { from: Timestamp::new(play.began - 3_600).unwrap(), to: world.platform.clock.now() };
    let found = functions::reconciler(&world.platform.ports).compare(ever).await.unwrap();
    assert!(found.is_clean(), "{}", told(&found));
    assert_eq!(world.platform.bus.dead_letters(), [""; 0], "given up");
    assert_eq!(world.platform.bus.waiting(), 0, "left undone");

    let mut card = Pence::ZERO;
    for outward in play.outward() {
        let kept = kept(world, &BookingId::parse(outward).unwrap()).await;
        adds_up(&kept);
        card = card.plus(on(&kept, Account::Card)).unwrap();
    }
    assert_eq!(card.get(), at_stripe(world, ever).await, "what they hold is what our ledgers say");
    no_card_data(world);
}

async fn rows<I, E>(world: &World, of: Query<I, E>) -> Vec<E>
where
    I: nots_core::table::Index,
    E: nots_core::table::IndexedBy<I>,
{
    let page = world.platform.ports.table.page(&of, 500, None).await.unwrap();
    assert!(page.next.is_none(), "more than are looked at");
    page.rows.into_iter().map(|row| row.data).collect()
}

async fn kept(world: &World, id: &BookingId) -> Kept {
    let table = &world.platform.ports.table;
    let back = BookingId::return_of(id);
    let reads = (access::booking(id), access::booking(&back), access::payment_of_booking(id));
    let dues = (access::due_of_booking(id, id), access::due_of_booking(id, &back));
    let (way, other, payment) = table.read(reads).await.unwrap();
    let (due, other_due) = table.read(dues).await.unwrap();
    Kept {
        ways: data([way, other]),
        payment: payment.unwrap().data,
        entries: rows(world, access::ledger_of_booking(id)).await,
        refunds: rows(world, access::refunds_of_booking(id)).await,
        dues: data([due, other_due]),
    }
}

fn data<E>(found: [Option<Stored<E>>; 2]) -> Vec<E> {
    found.into_iter().flatten().map(|row| row.data).collect()
}

fn on(kept: &Kept, account: Account) -> Pence {
    balance(&kept.entries, account).unwrap()
}

fn sum(amounts: impl IntoIterator<Item = Pence>) -> i64 {
    amounts.into_iter().map(Pence::get).sum()
}

fn adds_up(kept: &Kept) {
    let Kept { ways, payment, entries, refunds, dues } = kept;
    let id = &payment.booking_id;
    for entry in entries {
        assert_eq!(sum(entry.postings.iter().map(|side| side.amount)), 0, "{entry:?}");
    }
    let captured = sum(payment.captures.iter().map(|capture| capture.amount));
    let disputes = payment.disputes.iter().filter(|dispute| dispute.status != DisputeStage::Won);
    let disputed = sum(disputes.map(|dispute| dispute.amount));
    let held = [Account::Card, Account::Cash, Account::Invoiced].map(|account| on(kept, account));
    assert_eq!(captured - payment.refund.amount.get() - disputed, sum(held), "{id}: what is held");

    let dues = sum(dues.iter().filter(|due| due.status == DueStatus::Owed).map(|due| due.amount.total));
    let between = on(kept, Account::Customer).get();
    assert_eq!(between, dues - payment.owed_again.get(), "{id}: between the customer and us");

    let owed: Vec<_> = refunds.iter().filter(|refund| refund.status == RefundStatus::Owed).collect();
    assert!(owed.is_empty(), "{id}: not given back: {owed:?}");
    assert!(payment.refund.amount.get() <= captured, "{id}: more went back than came");
    let elsewhere = refunds.iter().any(|refund| refund.cause == RefundCause::Elsewhere);
    for capture in payment.captures.iter().filter(|_| !elsewhere) {
        assert!(
            Pence::ZERO <= capture.given_back && capture.given_back <= capture.amount,
            "{id}: {capture:?}"
        );
    }

    let stands = |way: &&Booking| !matches!(way.status, BookingStatus::Pending | BookingStatus::Cancelled);
    let by_hand = payment.method.is_settled_at_the_end();
    let paid = entries.iter().any(|entry| {
        entry.particulars.movement == Movement::Charge && entry.on(Account::Fares) < Pence::ZERO
    });
    assert!(by_hand || paid || !ways.iter().any(|way| stands(&way)), "{id}: confirmed, and not paid");
    assert!(!ways.iter().any(|way| way.status == BookingStatus::Pending), "{id}: forgotten");

    // Unless somebody gave money back for its own sake, or a card holder disputes it, what was sold is what the journeys cost
    // that stand.
    let for_its_own_sake = elsewhere || refunds.iter().any(|refund| refund.cause == RefundCause::Requested);
    if !for_its_own_sake && payment.disputes.is_empty() {
        let over = |way: &&Booking| way.status == BookingStatus::Completed || (stands(way) && !by_hand);
        let cost = sum(ways.iter().filter(over).map(|way| way.pricing.amount.total));
        // What was let go of a journey that was called off later stands on both sides.
        let off = |entry: &&LedgerEntry| {
            let way = ways.iter().find(|way| way.booking_id == entry.particulars.concerns);
            entry.particulars.movement == Movement::WriteOff && !way.is_some_and(|way| over(&way))
        };
        let let_go = sum(entries.iter().filter(off).map(|entry| entry.on(Account::Fares)));
        let sold = let_go - on(kept, Account::Fares).get();
        assert_eq!(sold, cost, "{id}: what was sold: {entries:#?}");
    }
}

/// What the card processor holds by its own lists: charges less refunds less what is held or lost in disputes.
async fn at_stripe(world: &World, ever: Interval) -> i64 {
    let payments = &world.platform.ports.payments;
    let mut holds: BTreeMap<&str, i64> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = payments.charges(ever, after).await.unwrap();
        *holds.entry("charges").or_default() += page.items.iter().map(|charge| charge.amount).sum::<i64>();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = payments.refunds(ever, after).await.unwrap();
        let made = page.items.iter().filter(|refund| refund.stage != RefundStage::Failed);
        *holds.entry("refunds").or_default() -= made.map(|refund| refund.amount).sum::<i64>();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let page = payments.disputes(ever, after).await.unwrap();
        let against = page.items.iter().filter(|dispute| dispute.stage != DisputeStage::Won);
        *holds.entry("disputes").or_default() -= against.map(|dispute| dispute.amount).sum::<i64>();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    holds.values().sum()
}

/// What the stand-in's objects say of the card is nowhere: not in the table, what its stream tells, or what was sent.
fn no_card_data(world: &World) {
    let table = format!("{:?}", world.table());
    let stream = format!("{:?}", world.platform.stream().unwrap());
    let sent = format!("{:?}", world.platform.outbox.newest_first());
    for words in
        ["Xt5EWLLDS7FJjR1c", "fingerprint", "last4", "exp_month", "visa", "4242 4242", "4242424242424242"]
    {
        for (what, text) in [("table", &table), ("stream", &stream), ("outbox", &sent)] {
            assert!(!text.to_lowercase().contains(&words.to_lowercase()), "{words} in the {what}");
        }
    }
}
