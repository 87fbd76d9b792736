//! Some lines at a time: read together, planned, and written in as few transactions as take them.

use std::collections::HashSet;

use nots_core::{
    Timestamp,
    import::{Plan, Record, fault_of},
    ports::{Clock, Ids, Table, TableError},
    retry,
    table::{RawKey, ReadError, Refusal, Transaction, WriteError},
};
use nots_http::FieldError;

/// Most operations of a transaction.
const MAX_OPS: usize = 100;
/// How often in a row a table that is busy or silent is asked again; waits grow to 640 ms, so some ten seconds in all.
pub(super) const PATIENCE: u32 = 40;
/// How often a line is decided anew because somebody else was quicker.
const RACES: u32 = 8;

/// A line on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    /// Its number.
    pub(super) number: u64,
    /// As it was.
    pub(super) text: String,
    /// What it says.
    pub(super) record: Record,
    races: u32,
    alone: bool,
    /// What was asked of a table that did not answer.
    unanswered: Option<Done>,
}

impl Waiting {
    pub(super) fn new(number: u64, text: String, record: Record) -> Self {
        Self { number, text, record, races: 0, alone: false, unanswered: None }
    }
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Done {
    Created,
    Updated,
    Unchanged,
    /// By whom and when it was changed here.
    Kept(String, Timestamp),
    Refused(Vec<FieldError>),
}

/// The table will not, and asking again does not help.
#[derive(Debug, thiserror::Error)]
#[error("the table gives no way")]
pub(super) struct GaveUp(#[source] pub(super) TableError);

/// Those of a batch that one transaction writes.
#[derive(Default)]
struct Group {
    transaction: Transaction,
    lines: Vec<(Waiting, Vec<RawKey>, Done)>,
}

/// The ports that a batch needs.
#[derive(Clone, Copy)]
pub(super) struct Ports<'a> {
    pub(super) table: &'a dyn Table,
    pub(super) clock: &'a dyn Clock,
    pub(super) ids: &'a dyn Ids,
}

/// Sees a batch through: every line is done, or the table gave no way.
pub(super) async fn settle(
    ports: Ports<'_>,
    mut left: Vec<Waiting>,
    mut done: impl FnMut(Waiting, Done),
) -> Result<(), GaveUp> {
    let mut idle = 0;
    while !left.is_empty() {
        retry::pause_before(idle, ports.clock, ports.ids).await;
        let before = left.len();
        let trouble = round(ports, &mut left, &mut done).await;
        // Lines that are decided anew wait too; how often each is, is bounded by itself.
        idle = if left.len() < before { 0 } else { idle.saturating_add(1) };
        if let Some(error) = trouble
            && (idle >= PATIENCE || matches!(error, TableError::Rejected(_)))
        {
            return Err(GaveUp(error));
        }
    }
    Ok(())
}

/// Reads, plans and writes what is left once; why the table did not, if it did not.
async fn round(
    ports: Ports<'_>,
    left: &mut Vec<Waiting>,
    done: &mut impl FnMut(Waiting, Done),
) -> Option<TableError> {
    let reads: Vec<_> = left.iter().map(|line| line.record.reads()).collect();
    let found = match ports.table.read(reads).await {
        Ok(found) => found,
        Err(ReadError::Table(error)) => return Some(error),
        Err(ReadError::Decode(_) | ReadError::Position) => {
            return unreadable(ports, left, done).await;
        }
    };
    let now = ports.clock.now();
    let mut groups = vec![Group::default()];
    for (line, found) in std::mem::take(left).into_iter().zip(found) {
        let (transaction, becomes) = match line.record.plan(found, now) {
            Plan::Unchanged => {
                let became = line.unanswered.clone().unwrap_or(Done::Unchanged);
                done(line, became);
                continue;
            }
            Plan::Kept(meta) => {
                let kept = Done::Kept(meta.updated_by.to_string(), meta.updated_at);
                done(line, kept);
                continue;
            }
            Plan::Create(transaction) => (transaction, Done::Created),
            Plan::Update(transaction) => (transaction, Done::Updated),
        };
        pack(&mut groups, line, transaction, becomes);
    }
    let mut trouble = None;
    for group in groups.into_iter().filter(|group| !group.lines.is_empty()) {
        trouble = write(ports.table, group, left, done).await.or(trouble);
    }
    trouble
}

/// Puts a line where there is room and nobody touches the same item: no transaction may touch one twice.
fn pack(groups: &mut Vec<Group>, line: Waiting, transaction: Transaction, becomes: Done) {
    let keys: Vec<RawKey> = transaction.keys().cloned().collect();
    let fits = |group: &Group| {
        let theirs: HashSet<_> = group.lines.iter().flat_map(|(_, keys, _)| keys).collect();
        group.lines.is_empty()
            || (!line.alone
                && !group.lines.iter().any(|(other, ..)| other.alone)
                && group.transaction.len() + keys.len() <= MAX_OPS
                && !keys.iter().any(|key| theirs.contains(key)))
    };
    // Only the last has room: lines are written in the order of the file.
    if !groups.last().is_some_and(fits) {
        groups.push(Group::default());
    }
    if let Some(group) = groups.last_mut() {
        group.transaction = std::mem::take(&mut group.transaction).and(transaction);
        group.lines.push((line, keys, becomes));
    }
}

/// Writes a group; what must be decided anew goes back to those left.
async fn write(
    table: &dyn Table,
    group: Group,
    left: &mut Vec<Waiting>,
    done: &mut impl FnMut(Waiting, Done),
) -> Option<TableError> {
    let Group { transaction, lines } = group;
    match table.commit(transaction).await {
        Ok(()) => {
            for (line, _, became) in lines {
                done(line, became);
            }
            None
        }
        Err(WriteError::Refused(refusals)) => {
            for (mut line, keys, _) in lines {
                let of_line = refusals.iter().filter(|refusal| keys.contains(&refusal.key));
                let faults = refused(&mut line, of_line);
                if faults.is_empty() { left.push(line) } else { done(line, Done::Refused(faults)) }
            }
            None
        }
        Err(WriteError::Busy(error)) => {
            left.extend(lines.into_iter().map(|(line, ..)| line));
            Some(error)
        }
        Err(WriteError::Unknown(error)) => {
            // It may have been written: what is found there next is then this run's own.
            left.extend(
                lines.into_iter().map(|(line, _, becomes)| Waiting { unanswered: Some(becomes), ..line }),
            );
            Some(error)
        }
        Err(WriteError::Encode(_) | WriteError::Rejected(_)) => {
            let many = lines.len() > 1;
            for (line, ..) in lines {
                if many {
                    left.push(Waiting { alone: true, ..line });
                } else {
                    done(
                        line,
                        Done::Refused(vec![FieldError::at("", "the table does not take it as it is")]),
                    );
                }
            }
            None
        }
    }
}

/// What items that refused say of a line: what is wrong with it for good, if anything is. Where somebody else was
/// quicker nothing is, so long as that is not without end; the line is then to be decided anew.
fn refused<'a>(line: &mut Waiting, refusals: impl Iterator<Item = &'a Refusal>) -> Vec<FieldError> {
    let (mut faults, mut raced) = (Vec::new(), false);
    for refusal in refusals {
        match fault_of(refusal) {
            Some(fault) => faults.push(FieldError::at(fault.pointer, fault.detail)),
            None => raced = true,
        }
    }
    if raced {
        // It is there by now, or has changed: its links tell nothing before it has been read again.
        line.races += 1;
        faults.clear();
        if line.races > RACES {
            let why = "is being changed by somebody else at the same time: import it again";
            faults.push(FieldError::at("", why));
        }
    }
    faults
}

/// Something that is there cannot be read: whoever is not concerned goes on, one by one. Why the table did not answer,
/// if it did not.
async fn unreadable(
    ports: Ports<'_>,
    left: &mut Vec<Waiting>,
    done: &mut impl FnMut(Waiting, Done),
) -> Option<TableError> {
    let mut trouble = None;
    for line in std::mem::take(left) {
        match ports.table.read(line.record.reads()).await {
            Err(ReadError::Decode(_)) => {
                let why = "what the table holds under its id cannot be read";
                done(line, Done::Refused(vec![FieldError::at("", why)]));
            }
            found => {
                if let Err(ReadError::Table(error)) = found {
                    trouble = Some(error);
                }
                left.push(line);
            }
        }
    }
    trouble
}
