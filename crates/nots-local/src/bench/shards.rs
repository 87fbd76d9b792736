//! Where one partition of a status ends, and what more of them cost.

use std::collections::BTreeMap;

use nots_core::{
    entity::Booking,
    ports::{Cause, Table},
    table::{Condition, Entity, Gsi1, Index, IndexSet, Op, RawKey, Shards},
};
use serde_json::{Value, json};

use super::stock::{List, PAGE, Stock};
use crate::{Options, Platform, journey::Journey};

/// Write units a second that DynamoDB takes in one partition.
const WRITES: f64 = 1_000.0;
/// Bookings of a status that a page is taken of.
const BOOKINGS: u32 = 1_000;
/// Operations of a transaction, at most.
const AT_ONCE: usize = 100;

/// Prints both tables.
pub(super) async fn run() -> Result<(), Cause> {
    lives().await?;
    pages().await
}

/// What a write moved in GSI1, and what that cost each partition.
#[derive(Default)]
struct Load {
    writes: u32,
    units: f64,
}

/// Plays a journey, takes its writes from the stream, and does them again one by one, to have each one's cost by
/// itself: what leaves a partition is deleted, what enters one is put.
#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn lives() -> Result<(), Cause> {
    let platform = Platform::start(Options { by_hand: true, ..Options::default() }).await?;
    let planted = platform.stream()?.len();
    Journey::on(platform.clone()).play().await?;
    let again = Platform::start(Options { by_hand: true, empty: true, ..Options::default() }).await?;
    let mut loads = BTreeMap::<String, Load>::new();
    for (number, record) in platform.stream()?.iter().enumerate() {
        let image = |name: &str| record.pointer(&format!("/dynamodb/{name}"));
        let (old, new) = (image("OldImage"), image("NewImage"));
        let (left, entered) = (partition(old), partition(new));
        let mut count = |partition: Option<&str>, consumed: &Value| {
            let units =
                consumed.pointer("/GlobalSecondaryIndexes/GSI1/CapacityUnits").and_then(Value::as_f64);
            if let (Some(partition), Some(units), true) = (partition, units, number >= planted) {
                let load = loads.entry(partition.to_owned()).or_default();
                load.writes += 1;
                load.units += units;
            }
        };
        if let Some(old) = old.filter(|_| left != entered) {
            let key = json!({ "PK": old.get("PK"), "SK": old.get("SK") });
            count(left, &again.engine().delete_counted(&key)?);
        }
        if let Some(new) = new {
            count(entered, &again.engine().put_counted(new)?);
        }
    }
    println!("What one booking's life, booked, paid and driven, writes in each partition of GSI1:\n");
    println!("| partition | writes | write units | bookings a second at {WRITES} write units |");
    println!("|---|---:|---:|---:|");
    for (partition, Load { writes, units }) in &loads {
        println!("| `{partition}` | {writes} | {units} | {:.0} |", (WRITES / units).floor());
    }
    println!();
    Ok(())
}

fn partition(image: Option<&Value>) -> Option<&str> {
    image?.pointer(&format!("/{}/S", Gsi1::PK))?.as_str()
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
async fn pages() -> Result<(), Cause> {
    println!("A page of {PAGE} of {BOOKINGS} bookings of one status:\n");
    println!(
        "| shards | first page: round trips | read units | page behind half of them: round trips | read units |"
    );
    println!("|---:|---:|---:|---:|---:|");
    for number in [1, 4, 16] {
        let shards = Some(Shards::new(number, number)?);
        let platform = Platform::start(Options { by_hand: true, shards, ..Options::default() }).await?;
        let stock = Stock::after_a_journey(&platform).await?;
        let table = platform.ports.table.as_ref();
        let [by_status, ..] = stock.lists()?;
        fill(table, &stock, &by_status).await?;
        let first = by_status.page(&platform, None).await?;
        let deep = by_status.page(&platform, Some(&stock.item(BOOKINGS / 2, &by_status)?)).await?;
        println!(
            "| {number} | {} | {} | {} | {} |",
            first.round_trips, first.read_units, deep.round_trips, deep.read_units
        );
    }
    Ok(())
}

/// Through the port, so that each booking is put where it belongs.
async fn fill(table: &dyn Table, stock: &Stock, list: &List) -> Result<(), Cause> {
    let put = |number: u32| {
        let item = stock.item(number, list)?;
        let key = RawKey::of(&item).ok_or("an item without a key")?;
        let spread = <<Booking as Entity>::Indexes as IndexSet<Booking>>::spread();
        Ok::<_, Cause>(Op::Put { entity: Booking::TYPE, key, item, spread, condition: Condition::Absent })
    };
    let ops = (0..BOOKINGS).map(put).collect::<Result<Vec<_>, _>>()?;
    for some in ops.chunks(AT_ONCE) {
        table.write_items(some.to_vec()).await?;
    }
    Ok(())
}
