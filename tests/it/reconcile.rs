//! Our books against the card processor's lists: a clean platform reports nothing, and a difference of each kind is found.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use nots_core::{
    BookingId, Timestamp, access,
    entity::{
        Reconciliation,
        reconciliation::{Difference, DifferenceKind as Kind},
    },
    ports::{
        ChargeFacts, CheckoutOrder, CheckoutSession, Clock, DisputeFacts, DisputeStage, GatewayError, Listed,
        Payments, RefundFacts, RefundOrder, RefundStage, SessionFacts,
    },
    reconcile::Theirs,
    table::{Condition, Entity, Op, RawKey, Version},
    time::Interval,
};
use nots_local::{functions, reconcile::told};
use nots_testkit::World;
use serde_json::{Value, json};

type Alter = Arc<dyn Fn(&mut Theirs) + Send + Sync>;
/// Says otherwise what is of the PaymentIntent that is asked for.
type How = fn(&mut Theirs, &dyn Fn(&Option<String>) -> bool);

/// The card processor, whose lists say something else.
struct Altered {
    inner: Arc<dyn Payments>,
    alter: Alter,
}

impl Altered {
    fn lists(&self, mut theirs: Theirs) -> Theirs {
        (self.alter)(&mut theirs);
        theirs
    }
}

#[async_trait]
impl Payments for Altered {
    async fn livemode(&self) -> Result<bool, GatewayError> {
        self.inner.livemode().await
    }

    async fn open_checkout(&self, order: &CheckoutOrder) -> Result<CheckoutSession, GatewayError> {
        self.inner.open_checkout(order).await
    }

    async fn end_checkout(&self, session_id: &str) -> Result<Option<SessionFacts>, GatewayError> {
        self.inner.end_checkout(session_id).await
    }

    async fn refund(&self, order: &RefundOrder) -> Result<RefundFacts, GatewayError> {
        self.inner.refund(order).await
    }

    async fn refunds_of(&self, payment_intent: &str) -> Result<Vec<RefundFacts>, GatewayError> {
        self.inner.refunds_of(payment_intent).await
    }

    async fn charges(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<ChargeFacts>, GatewayError> {
        let page = self.inner.charges(made, after).await?;
        let theirs = Theirs { charges: page.items, ..Theirs::default() };
        Ok(Listed { items: self.lists(theirs).charges, next: page.next })
    }

    async fn refunds(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<RefundFacts>, GatewayError> {
        let page = self.inner.refunds(made, after).await?;
        let theirs = Theirs { refunds: page.items, ..Theirs::default() };
        Ok(Listed { items: self.lists(theirs).refunds, next: page.next })
    }

    async fn disputes(
        &self,
        made: Interval,
        after: Option<String>,
    ) -> Result<Listed<DisputeFacts>, GatewayError> {
        let page = self.inner.disputes(made, after).await?;
        let theirs = Theirs { disputes: page.items, ..Theirs::default() };
        Ok(Listed { items: self.lists(theirs).disputes, next: page.next })
    }
}

/// All that has happened on it.
fn ever(world: &World) -> Interval {
    let now = world.platform.clock.now();
    Interval { from: now.minus(2 * 86_400), to: now }
}

/// What is found, without anything else being done.
async fn compared(world: &World) -> Reconciliation {
    functions::reconciler(&world.platform.ports).compare(ever(world)).await.unwrap()
}

async fn compared_with(world: &World, alter: &Alter) -> Vec<Difference> {
    let mut reconciler = functions::reconciler(&world.platform.ports);
    reconciler.payments = Arc::new(Altered { inner: reconciler.payments, alter: alter.clone() });
    reconciler.compare(ever(world)).await.unwrap().differences
}

fn id_of(booking: &Value) -> BookingId {
    BookingId::parse(booking["bookingId"].as_str().unwrap()).unwrap()
}

/// The PaymentIntent that paid for a booking.
async fn intent_of(world: &World, booking: &BookingId) -> String {
    let payment = world.platform.ports.table.read(access::payment_of_booking(booking)).await.unwrap();
    payment.unwrap().data.provider.payment_intent_id.unwrap()
}

async fn at_stripe(world: &World, path: &str, body: Value) -> Value {
    world.post(&format!("/local/stripe/{path}"), None, body).await.expect_status(200)
}

/// A booking of which a part went back from the dashboard and the rest is disputed, and one that was called off.
async fn moved(world: &World) -> (BookingId, BookingId) {
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let kept = world.confirmed(&customer, 86_400).await;
    let off = world.confirmed(&customer, 90_000).await;
    let path = format!("/v1/bookings/{}", off["bookingId"].as_str().unwrap());
    world.delete(&path, &dispatcher, json!({ "reason": "No driver" })).await.expect_status(200);
    world.settle().await;
    let intent = intent_of(world, &id_of(&kept)).await;
    at_stripe(world, &format!("payments/{intent}/refund"), json!({ "amount": 100 })).await;
    at_stripe(world, &format!("charges/{intent}/dispute"), Value::Null).await;
    world.settle().await;
    (id_of(&kept), id_of(&off))
}

#[tokio::test]
async fn a_platform_that_is_well_reports_nothing_and_keeps_nothing() {
    let world = World::new().await;
    moved(&world).await;
    world.platform.clock.advance(7_200).unwrap();
    let found = compared(&world).await;
    assert_eq!(found.differences, [], "{}", told(&found));
    assert!(told(&found).ends_with("our books and Stripe's lists agree.\n"), "{}", told(&found));
    let kept = world.table().into_keys().filter(|key| key.starts_with("RECONCILIATION")).count();
    assert_eq!(kept, 0);
    let answer = world.post("/local/reconcile", None, json!({})).await.expect_status(200);
    assert_eq!(answer["differences"], json!([]));
    assert_eq!(
        answer["window"]["to"].as_i64().unwrap() - answer["window"]["from"].as_i64().unwrap(),
        7 * 86_400
    );
    let refused = world.post("/local/reconcile", None, json!({ "from": 9, "until": 1 })).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!("/until")));
    let refused = world.post("/local/reconcile", None, json!({ "from": world.now() + 1 })).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["pointer"]), (422, &json!("/from")));
}

#[tokio::test]
async fn what_stripe_says_otherwise_is_found_by_booking() {
    let world = World::new().await;
    let (kept, off) = moved(&world).await;
    let (paid, back) = (intent_of(&world, &kept).await, intent_of(&world, &off).await);
    world.platform.clock.advance(7_200).unwrap();
    let ours = |intent: &str| {
        let intent = intent.to_owned();
        move |of: &Option<String>| of.as_deref() == Some(&intent)
    };
    let alter = |how: How, intent: &str| -> Alter {
        let is = ours(intent);
        Arc::new(move |theirs: &mut Theirs| how(theirs, &is))
    };
    let cases: Vec<(&str, &BookingId, Kind, Alter)> = vec![
        (
            "a charge of ours that we do not know",
            &kept,
            Kind::ChargeMissingInLedger,
            alter(
                |theirs, is| {
                    let more = theirs.charges.iter().find(|charge| is(&charge.payment_intent)).cloned();
                    let new = |charge| ChargeFacts {
                        id: "ch_unknown".into(),
                        payment_intent: Some("pi_unknown".into()),
                        ..charge
                    };
                    theirs.charges.extend(more.map(new));
                },
                &paid,
            ),
        ),
        (
            "no charge",
            &kept,
            Kind::ChargeMissingAtStripe,
            alter(|theirs, is| theirs.charges.retain(|charge| !is(&charge.payment_intent)), &paid),
        ),
        (
            "a penny more",
            &kept,
            Kind::AmountDiffers,
            alter(
                |theirs, is| {
                    let mut of = theirs.charges.iter_mut().filter(|charge| is(&charge.payment_intent));
                    of.by_ref().for_each(|charge| charge.amount += 1);
                },
                &paid,
            ),
        ),
        (
            "another currency",
            &off,
            Kind::AmountDiffers,
            alter(
                |theirs, is| {
                    let of = theirs.charges.iter_mut().filter(|charge| is(&charge.payment_intent));
                    of.for_each(|charge| charge.currency = "eur".into());
                },
                &back,
            ),
        ),
        (
            "a refund that we do not know",
            &off,
            Kind::RefundMissingInLedger,
            alter(
                |theirs, is| {
                    let more = theirs.refunds.iter().find(|refund| is(&refund.payment_intent)).cloned();
                    let new = |refund| RefundFacts {
                        id: "re_unknown".into(),
                        refund_id: None,
                        amount: 1,
                        ..refund
                    };
                    theirs.refunds.extend(more.map(new));
                },
                &back,
            ),
        ),
        (
            "no refund",
            &off,
            Kind::RefundMissingAtStripe,
            alter(|theirs, is| theirs.refunds.retain(|refund| !is(&refund.payment_intent)), &back),
        ),
        (
            "a refund of a penny less",
            &kept,
            Kind::AmountDiffers,
            alter(
                |theirs, is| {
                    let of = theirs.refunds.iter_mut().filter(|refund| is(&refund.payment_intent));
                    of.for_each(|refund| refund.amount -= 1);
                },
                &paid,
            ),
        ),
        (
            "a refund that came back",
            &off,
            Kind::RefundStateDiffers,
            alter(
                |theirs, is| {
                    let of = theirs.refunds.iter_mut().filter(|refund| is(&refund.payment_intent));
                    of.for_each(|refund| refund.stage = RefundStage::Failed);
                },
                &back,
            ),
        ),
        (
            "a dispute that we do not know",
            &kept,
            Kind::DisputeMissing,
            alter(
                |theirs, is| {
                    let more = theirs.disputes.iter().find(|dispute| is(&dispute.payment_intent)).cloned();
                    theirs.disputes.extend(more.map(|new| DisputeFacts { id: "du_unknown".into(), ..new }));
                },
                &paid,
            ),
        ),
        (
            "no dispute",
            &kept,
            Kind::DisputeMissing,
            alter(|theirs, is| theirs.disputes.retain(|dispute| !is(&dispute.payment_intent)), &paid),
        ),
        (
            "a dispute that was lost",
            &kept,
            Kind::DisputeDiffers,
            alter(
                |theirs, is| {
                    let of = theirs.disputes.iter_mut().filter(|dispute| is(&dispute.payment_intent));
                    of.for_each(|dispute| dispute.stage = DisputeStage::Lost);
                },
                &paid,
            ),
        ),
    ];
    for (what, booking, kind, alter) in cases {
        let found = compared_with(&world, &alter).await;
        let short: Vec<_> = found.iter().map(|one| (one.booking_id.as_ref(), one.kind)).collect();
        assert_eq!(short, [(Some(booking), kind)], "{what}: {found:?}");
        assert!(found[0].stripe_id.is_some() && found[0].theirs != found[0].ours, "{what}: {found:?}");
    }
    assert_eq!(compared(&world).await.differences, [], "it is only what was said otherwise");
}

#[tokio::test]
async fn money_that_nobody_told_us_of_is_found_and_announced() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (booking, payment) = world.at_checkout(&customer, 86_400).await;
    world
        .post("/local/stripe/faults", None, json!({ "delayEventsSeconds": 864_000 }))
        .await
        .expect_status(200);
    world.pay(&payment).await.expect_status(200);
    world.platform.clock.advance(3_599).unwrap();
    assert!(compared(&world).await.is_clean(), "news may be on its way for an hour");
    world.platform.clock.advance(1).unwrap();
    let found = compared(&world).await;
    let [difference] = found.differences.as_slice() else { panic!("{}", told(&found)) };
    assert_eq!(
        (&difference.booking_id, difference.kind),
        (&Some(id_of(&booking)), Kind::ChargeMissingInLedger)
    );
    let text = told(&found);
    assert!(text.contains(&format!("{}\n  charge missing in ledger: ch_", id_of(&booking))), "{text}");

    let kept: Vec<_> =
        world.table().into_iter().filter(|(key, _)| key.starts_with("RECONCILIATION")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    // The sweep would find it out by asking Stripe; what is announced is told before.
    let stream = world.platform.stream().unwrap();
    let record = stream.iter().rfind(|r| r["dynamodb"]["Keys"]["PK"]["S"] == "RECONCILIATION").unwrap();
    let image = nots_core::table::Item::from(
        serde_json::from_value::<serde_dynamo::Item>(record["dynamodb"]["NewImage"].clone()).unwrap(),
    );
    let announced = nots_core::announce::Announcement::between(None, Some(image)).unwrap();
    let expected = json!({
        "alert": "books_differ", "bookingId": booking["bookingId"],
        "subject": format!("reconciliation.{}", found.at), "reason": "1 differences",
    });
    assert_eq!(announced.iter().map(|one| &one.detail).collect::<Vec<_>>(), [&expected]);
    let page = world.platform.ports.table.page(&access::reconciliations(), 10, None).await.unwrap();
    assert_eq!(page.rows.into_iter().map(|row| row.data).collect::<Vec<_>>(), [found]);
}

#[tokio::test]
async fn money_that_is_owed_back_and_not_given_is_found_after_an_hour() {
    let world = World::new().await;
    world.leaves_messages();
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&customer, 86_400).await;
    let path = format!("/v1/bookings/{}", booking["bookingId"].as_str().unwrap());
    world.delete(&path, &dispatcher, json!({ "reason": "No driver" })).await.expect_status(200);
    // Nobody works on the stream.
    world.platform.clock.advance(3_500).unwrap();
    assert!(compared(&world).await.is_clean());
    world.platform.clock.advance(100).unwrap();
    let found = compared(&world).await;
    let short: Vec<_> = found.differences.iter().map(|one| (one.booking_id.clone(), one.kind)).collect();
    assert_eq!(short, [(Some(id_of(&booking)), Kind::RefundNotMade)], "{}", told(&found));
    world.settle().await;
    assert!(compared(&world).await.is_clean());
}

#[tokio::test]
async fn an_entry_that_is_gone_is_found() {
    let world = World::new().await;
    let (kept, off) = moved(&world).await;
    world.platform.clock.advance(7_200).unwrap();
    let entries: Vec<String> = world.table().into_keys().filter(|key| key.contains(" / LEDGER#")).collect();
    assert!(entries.len() >= 6, "{entries:?}");
    let table = &world.platform.ports.table;
    let mut listed = 0;
    for day in ever(&world).days() {
        let of_day = access::ledger_of_day(day);
        listed += table.page(&of_day, 100, None).await.unwrap().rows.len();
    }
    assert_eq!(listed, entries.len(), "every entry is in its day's list");
    let mut kinds = BTreeSet::new();
    for entry in entries {
        let (pk, sk) = entry.split_once(" / ").unwrap();
        let key = RawKey { pk: pk.into(), sk: sk.into() };
        let item = table.get_items(vec![key.clone()]).await.unwrap().value.remove(&key).unwrap();
        let entity = nots_core::entity::LedgerEntry::TYPE;
        let gone = Op::Delete { entity, key: key.clone(), condition: Condition::Unchanged(Version::new(1)) };
        table.write_items(vec![gone]).await.unwrap();
        let found = compared(&world).await.differences;
        assert!(!found.is_empty(), "{entry}");
        for difference in found {
            let booking = difference.booking_id.clone().unwrap();
            assert!(pk.ends_with(booking.as_str()), "{entry}: {difference:?}");
            assert!(booking == kept || booking == off);
            kinds.insert(difference.kind);
        }
        let again = Op::Put { entity, key, item, spread: Vec::new(), condition: Condition::Absent };
        table.write_items(vec![again]).await.unwrap();
        // The next comparison is of another second, and so another item.
        world.platform.clock.advance(1).unwrap();
    }
    let expected = [Kind::ChargeMissingInLedger, Kind::RefundMissingInLedger, Kind::BooksDoNotAddUp];
    assert_eq!(kinds, expected.into());
    assert!(compared(&world).await.is_clean(), "all of it is back");
}

#[tokio::test]
async fn the_command_reads_a_folder_or_asks_a_platform_that_runs() {
    use nots_local::reconcile::{Asked, by_hand};

    let folder = std::env::temp_dir().join(format!("nots-reconcile-{}", std::process::id()));
    let options = nots_local::Options { data: Some(folder.clone()), ..nots_local::Options::default() };
    let world = World::with(options).await;
    let customer = world.person("customer").await;
    let booking = world.confirmed(&customer, 86_400).await;
    world.settle().await;
    let port = world.platform.api.port();
    let asked = Asked::default();
    assert!(by_hand(asked, None, port).await.unwrap().is_clean());
    assert!(
        by_hand(asked, Some(folder.clone()), port).await.unwrap().is_clean(),
        "one that is in use is asked"
    );
    let entry = world.table().into_keys().find(|key| key.contains(" / LEDGER#charge.")).unwrap();
    let (pk, sk) = entry.split_once(" / ").unwrap();
    let key = RawKey { pk: pk.into(), sk: sk.into() };
    let condition = Condition::Unchanged(Version::new(1));
    let gone = Op::Delete { entity: nots_core::entity::LedgerEntry::TYPE, key, condition };
    world.platform.ports.table.write_items(vec![gone]).await.unwrap();
    drop(world);

    let found = by_hand(asked, Some(folder.clone()), port).await.unwrap();
    assert!(found.differences.iter().all(|one| one.booking_id == Some(id_of(&booking))), "{}", told(&found));
    assert!(!found.is_clean());
    let early = Asked { from: Some(Timestamp::MIN.seconds()), to: Some(Timestamp::MIN.seconds() + 1) };
    assert!(
        by_hand(early, Some(folder.clone()), port).await.unwrap().is_clean(),
        "nothing had happened then"
    );
    let nowhere = by_hand(asked, Some(folder.join("nothing")), port).await;
    assert!(nowhere.unwrap_err().to_string().ends_with("is no folder of a platform"));
    assert!(by_hand(asked, None, port).await.is_err(), "no platform runs");
    std::fs::remove_dir_all(folder).unwrap();
}
