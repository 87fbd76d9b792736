//! Figures, measured: what things cost the table, and how long they take.

use std::path::PathBuf;

use nots_core::ports::Cause;

mod costs;
mod lists;
mod shards;
mod stock;

/// Which figures.
#[derive(Debug)]
pub enum Figures {
    /// Of each step of the journey, and of the Lambda binaries in this folder.
    Costs(PathBuf),
    /// Of pages of lists of 1,000 items and more.
    Lists {
        /// The longest of them.
        up_to: u32,
        /// Where they are kept meanwhile; in memory without it.
        data: Option<PathBuf>,
    },
    /// Of partitions by status, and of pages over shards of them.
    Shards,
}

/// Measures and prints.
///
/// # Errors
/// When what is measured does not go through.
pub async fn run(figures: Figures) -> Result<(), Cause> {
    match figures {
        Figures::Costs(folder) => costs::run(&folder).await,
        Figures::Lists { up_to, data } => lists::run(up_to, data.as_deref()).await,
        Figures::Shards => shards::run().await,
    }
}
