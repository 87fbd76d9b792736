//! Moving in from another system, and out again: JSON Lines to the table and back. `docs/import.md` describes the format.
//!
//! Lines are checked one by one and written some at a time. A line that is refused stops no other; whatever stops the
//! whole, running it again goes on where it was.

mod batch;
mod bench;
mod booking;
mod command;
mod export;
mod fleet;
mod journey;
mod line;
mod lines;
mod person;
mod pricing;
mod refused;
mod sample;
mod target;

use std::{
    collections::HashMap,
    fmt,
    io::{self, BufRead, Write},
};

use batch::{Done, GaveUp, Waiting};
pub use bench::bench;
pub use command::{export_file, import_file};
pub use export::export;
use lines::{Line, Lines};
use nots_core::{
    import::Record,
    ports::{Cause, Clock, Ids, Table, TableError},
    table::RawKey,
};
use nots_http::FieldError;
pub use sample::{sample, write_sample};
use serde::Serialize;
use sha2::{Digest, Sha256};
pub use target::{Opened, Target};

/// How many lines are read and written together: a new customer or booking has three items or four, and a transaction
/// takes 100.
const TOGETHER: usize = 25;

/// What became of the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines that say anything.
    pub read: u64,
    /// Were not here.
    pub created: u64,
    /// Were here, by an earlier import, and said something else.
    pub updated: u64,
    /// Were here as they should be.
    pub unchanged: u64,
    /// Were changed here since an earlier import, or made here.
    pub kept: u64,
    /// Could not be taken.
    pub refused: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} read: {} created, {} updated, {} unchanged, {} kept because changed here since, {} refused",
            self.read, self.created, self.updated, self.unchanged, self.kept, self.refused
        )
    }
}

/// Why an import ended before its file did. What had been written stays, and running it again goes on.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The file, or one that is written beside it.
    #[error("a file cannot be read or written")]
    File(#[from] io::Error),
    /// The table holds what cannot be read.
    #[error("the table holds what cannot be read")]
    Read(#[source] nots_core::table::ReadError),
    /// The table did not answer, or stayed busy.
    #[error("the table does not answer, or stays busy; run it again, and it goes on where it was")]
    Table(#[source] TableError),
    /// The table does not take what is asked of it, and would not another time.
    #[error("the table does not take what is asked of it")]
    Rejected(#[source] Cause),
}

impl From<TableError> for Stopped {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Rejected(cause) => Self::Rejected(cause),
            error => Self::Table(error),
        }
    }
}

/// Where the lines go that were not taken.
pub struct Aside<'a> {
    /// As they were, and why they were refused.
    pub refused: &'a mut (dyn Write + Send),
    /// Which were kept as they are here, and who changed them.
    pub kept: &'a mut (dyn Write + Send),
}

/// A record that was left as it is here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    line: u64,
    kind: &'static str,
    id: &'a str,
    updated_by: String,
    updated_at: i64,
}

/// Imports lines; `progress` is told the counts after every few.
///
/// # Errors
/// When the file cannot be read to its end, or the table gives no way. The counts are as far as it came.
pub async fn import(
    table: &dyn Table,
    clock: &dyn Clock,
    ids: &dyn Ids,
    from: impl BufRead + Send,
    aside: Aside<'_>,
    mut progress: impl FnMut(&Counts) + Send,
) -> (Counts, Result<(), Stopped>) {
    let mut run = Run { counts: Counts::default(), aside, failed: None };
    let ended = all(batch::Ports { table, clock, ids }, from, &mut run, &mut progress).await;
    let ended = ended.and_then(|()| Ok(run.aside.refused.flush().and_then(|()| run.aside.kept.flush())?));
    (run.counts, ended)
}

struct Run<'a> {
    counts: Counts,
    aside: Aside<'a>,
    failed: Option<io::Error>,
}

async fn all(
    ports: batch::Ports<'_>,
    from: impl BufRead + Send,
    run: &mut Run<'_>,
    progress: &mut (impl FnMut(&Counts) + Send),
) -> Result<(), Stopped> {
    let mut lines = Lines::of(from);
    let mut seen = Seen::default();
    loop {
        let mut batch = Vec::new();
        let mut more = true;
        while batch.len() < TOGETHER {
            let Some(line) = lines.next()? else {
                more = false;
                break;
            };
            run.counts.read += 1;
            let number = lines.number;
            let (text, read) = match line {
                Line::TooLong(text) => {
                    let most = lines::MAX_LINE_BYTES;
                    (text, Err(vec![FieldError::at("", format!("must be at most {most} bytes"))]))
                }
                Line::Whole(text) => {
                    let read = line::parse(&text, ports.clock.now());
                    (text, read)
                }
            };
            match read.and_then(|record| seen.first(number, record)) {
                Ok(record) => batch.push(Waiting::new(number, text, record)),
                Err(errors) => run.refuse(number, &text, &errors),
            }
        }
        let ended = batch::settle(ports, batch, |line, done| run.done(&line, done)).await;
        if let Some(error) = run.failed.take() {
            return Err(error.into());
        }
        ended.map_err(|GaveUp(error)| Stopped::from(error))?;
        progress(&run.counts);
        if !more {
            return Ok(());
        }
    }
}

impl Run<'_> {
    fn refuse(&mut self, number: u64, text: &str, errors: &[FieldError]) {
        self.counts.refused += 1;
        let told = writeln!(self.aside.refused, "{}", refused::told(number, text, errors));
        self.failed = self.failed.take().or(told.err());
    }

    fn done(&mut self, line: &Waiting, done: Done) {
        match done {
            Done::Created => self.counts.created += 1,
            Done::Updated => self.counts.updated += 1,
            Done::Unchanged => self.counts.unchanged += 1,
            Done::Refused(errors) => self.refuse(line.number, &line.text, &errors),
            Done::Kept(updated_by, at) => {
                self.counts.kept += 1;
                let (kind, id) = (line.record.kind(), line.record.id());
                let kept = Kept { line: line.number, kind, id, updated_by, updated_at: at.seconds() };
                let told = serde_json::to_string(&kept).map_err(io::Error::from);
                let told = told.and_then(|kept| writeln!(self.aside.kept, "{kept}"));
                self.failed = self.failed.take().or(told.err());
            }
        }
    }
}

/// The names that earlier lines of the file claim: a digest each, since a file may be long.
#[derive(Default)]
struct Seen(HashMap<[u8; 16], u64>);

impl Seen {
    /// The record, unless an earlier line claims one of its names.
    fn first(&mut self, number: u64, record: Record) -> Result<Record, Vec<FieldError>> {
        let claims: Vec<_> =
            record.claims().into_iter().map(|(key, pointer)| (digest(&key), pointer)).collect();
        let taken = claims.iter().filter_map(|(name, pointer)| {
            Some(FieldError::at(*pointer, format!("is the same as in line {}", self.0.get(name)?)))
        });
        let taken: Vec<_> = taken.collect();
        if !taken.is_empty() {
            return Err(taken);
        }
        self.0.extend(claims.into_iter().map(|(name, _)| (name, number)));
        Ok(record)
    }
}

fn digest(key: &RawKey) -> [u8; 16] {
    let whole = Sha256::new().chain_update(&key.pk).chain_update([0]).chain_update(&key.sk).finalize();
    let mut half = [0; 16];
    half.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    half
}
