//! Whether a list costs more the longer it is.

use std::path::Path;

use nots_core::ports::Cause;

use super::stock::{PAGE, Stock};
use crate::{Options, Platform};

const SHORTEST: u32 = 1_000;
/// How many items are put at once.
const BATCH: u32 = 10_000;

/// Prints the read units of a page of lists ten times as long, and ten times as long again; each list in a table of its
/// own, in memory or in this folder.
#[expect(clippy::print_stdout, reason = "a command's answer")]
pub(super) async fn run(up_to: u32, data: Option<&Path>) -> Result<(), Cause> {
    println!("Pages of {PAGE}; the deep one begins after nine tenths of the list.\n");
    println!("| list | items | first page: round trips | read units | deep page: round trips | read units |");
    println!("|---|---:|---:|---:|---:|---:|");
    for which in 0..Stock::LISTS {
        let data = data.map(|folder| folder.join(format!("list-{which}")));
        let platform = Platform::start(Options { by_hand: true, data, ..Options::default() }).await?;
        let stock = Stock::after_a_journey(&platform).await?;
        let list = stock.lists()?.into_iter().nth(which).ok_or("there is no such list")?;
        let (mut length, mut loaded) = (SHORTEST, 0);
        while length <= up_to {
            while loaded < length {
                let until = length.min(loaded + BATCH);
                let items = (loaded..until).map(|number| stock.item(number, &list));
                platform.engine().load(items.collect::<Result<_, _>>()?)?;
                loaded = until;
            }
            let first = list.page(&platform, None).await?;
            // The highest number comes last by pickup time and first among a user's bookings.
            let tenth = if list.newest_first() { 1 } else { 9 };
            let deep = stock.item(length / 10 * tenth, &list)?;
            let deep = list.page(&platform, Some(&deep)).await?;
            println!(
                "| {} | {length} | {} | {} | {} | {} |",
                list.name(),
                first.round_trips,
                first.read_units,
                deep.round_trips,
                deep.read_units
            );
            length = length.saturating_mul(10);
        }
    }
    Ok(())
}
