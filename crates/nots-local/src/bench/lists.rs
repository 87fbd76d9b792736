//! Whether a list costs more the longer it is.

use nots_core::ports::Cause;

use super::stock::{PAGE, Stock};
use crate::{Options, Platform};

const SHORTEST: u32 = 1_000;
/// How many items are put at once.
const BATCH: u32 = 10_000;

/// Prints the read units of a page of lists ten times as long, and ten times as long again.
#[expect(clippy::print_stdout, reason = "a command's answer")]
pub(super) async fn run(up_to: u32) -> Result<(), Cause> {
    let platform = Platform::start(Options { by_hand: true, ..Options::default() }).await?;
    let stock = Stock::after_a_journey(&platform).await?;
    let lists = stock.lists()?;
    println!("Pages of {PAGE}; the deep one begins after nine tenths of the list.\n");
    println!("| list | items | first page: round trips | read units | deep page: round trips | read units |");
    println!("|---|---:|---:|---:|---:|---:|");
    let (mut length, mut loaded) = (SHORTEST, 0);
    while length <= up_to {
        while loaded < length {
            let until = length.min(loaded + BATCH);
            let items = (loaded..until).map(|number| stock.item(number)).collect::<Result<Vec<_>, _>>()?;
            platform.engine().load(&items)?;
            loaded = until;
        }
        // The highest number comes last by pickup time and first among a user's bookings.
        let (late, early) = (stock.item(length / 10 * 9)?, stock.item(length / 10)?);
        for list in &lists {
            let first = list.page(&platform, None).await?;
            let deep = if list.newest_first() { &early } else { &late };
            let deep = list.page(&platform, Some(deep)).await?;
            println!(
                "| {} | {length} | {} | {} | {} | {} |",
                list.name(),
                first.round_trips,
                first.read_units,
                deep.round_trips,
                deep.read_units
            );
        }
        length = length.saturating_mul(10);
    }
    Ok(())
}
