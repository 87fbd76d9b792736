//! What the table holds, as lines that an import reads.

use std::io::Write;

use nots_core::{
    BookingId, Pence, Timestamp,
    access::{self, Window},
    entity::{Booking, BookingStatus, booking::Pairing, driver::FleetStatus},
    import::{Record, Subject},
    ports::{Clock, Ids, Table, TableError},
    retry,
    table::{Entity, Index, Machine, Position, Query, ReadError, Stored},
};

use super::{Stopped, batch::PATIENCE, line};

/// Items of a page; DynamoDB ends one at 1 MB anyway.
const PAGE: u32 = 500;

/// Writes customers, drivers, vehicles and bookings, page by page, in an order that depends on what they say alone:
/// by id, bookings by status, pickup time and id. How many of them there were, after every page, to `progress`.
///
/// # Errors
/// When the table gives no way, or holds what cannot be read, or the lines cannot be written.
pub async fn export(
    table: &dyn Table,
    clock: &dyn Clock,
    ids: &dyn Ids,
    to: &mut (dyn Write + Send),
    progress: impl FnMut(u64) + Send,
) -> Result<u64, Stopped> {
    let mut out = Out { table, clock, ids, to, progress, written: 0 };
    out.list(&access::all_users(), |data| Subject::Customer(Box::new(data))).await?;
    for status in FleetStatus::ALL {
        out.list(&access::drivers_by_status(status), |data| Subject::Driver(Box::new(data))).await?;
    }
    for status in FleetStatus::ALL {
        out.list(&access::vehicles_by_status(status), |data| Subject::Vehicle(Box::new(data))).await?;
    }
    for status in BookingStatus::ALL {
        out.bookings(*status).await?;
    }
    out.to.flush()?;
    Ok(out.written)
}

struct Out<'a, P> {
    table: &'a dyn Table,
    clock: &'a dyn Clock,
    ids: &'a dyn Ids,
    to: &'a mut (dyn Write + Send),
    progress: P,
    written: u64,
}

impl<P: FnMut(u64)> Out<'_, P> {
    async fn list<I: Index, E: Entity>(
        &mut self,
        query: &Query<I, E>,
        subject: impl Fn(E) -> Subject,
    ) -> Result<(), Stopped> {
        let mut after = None;
        loop {
            let (rows, next) = self.page(query, after).await?;
            for row in rows {
                self.write(subject(row.data), row.meta.created_at, None)?;
            }
            (self.progress)(self.written);
            after = next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Of those that are picked up at the same time an index promises no order, so they wait until all are there.
    async fn bookings(&mut self, status: BookingStatus) -> Result<(), Stopped> {
        let query = access::bookings_by_status(status, Window::default());
        let (mut after, mut waiting) = (None, Vec::<Stored<Booking>>::new());
        loop {
            let (rows, next) = self.page(&query, after).await?;
            for row in rows {
                let another = waiting
                    .first()
                    .is_some_and(|first| first.data.journey.pickup_time != row.data.journey.pickup_time);
                if another {
                    self.at_one_time(&mut waiting).await?;
                }
                waiting.push(row);
            }
            (self.progress)(self.written);
            after = next;
            if after.is_none() {
                return self.at_one_time(&mut waiting).await;
            }
        }
    }

    async fn at_one_time(&mut self, rows: &mut Vec<Stored<Booking>>) -> Result<(), Stopped> {
        rows.sort_by(|a, b| a.data.booking_id.cmp(&b.data.booking_id));
        for row in rows.drain(..) {
            // What is paid for both ways of a journey, the booking of one does not tell.
            let total = match row.data.pairing {
                Pairing::Outward { .. } => self.payment_total(&row.data.booking_id).await?,
                Pairing::Return { .. } | Pairing::Alone => None,
            };
            self.write(Subject::Booking(Box::new(row.data)), row.meta.created_at, total)?;
        }
        Ok(())
    }

    async fn payment_total(&self, booking: &BookingId) -> Result<Option<Pence>, Stopped> {
        let payment =
            self.patiently(async || self.table.read(access::payment_of_booking(booking)).await).await?;
        Ok(payment.map(|payment| payment.data.amount.total))
    }

    async fn page<I: Index, E: Entity>(
        &self,
        query: &Query<I, E>,
        after: Option<Position>,
    ) -> Result<(Vec<Stored<E>>, Option<Position>), Stopped> {
        let page = self.patiently(async || self.table.page(query, PAGE, after.clone()).await).await?;
        Ok((page.rows, page.next))
    }

    async fn patiently<T>(&self, read: impl AsyncFn() -> Result<T, ReadError>) -> Result<T, Stopped> {
        let mut attempt = 0;
        loop {
            retry::pause_before(attempt, self.clock, self.ids).await;
            match read().await {
                Ok(found) => return Ok(found),
                Err(ReadError::Table(error @ TableError::Rejected(_))) => return Err(error.into()),
                Err(ReadError::Table(error)) if attempt >= PATIENCE => return Err(error.into()),
                Err(ReadError::Table(_)) => attempt += 1,
                Err(error @ (ReadError::Decode(_) | ReadError::Position)) => {
                    return Err(Stopped::Read(error));
                }
            }
        }
    }

    fn write(
        &mut self,
        subject: Subject,
        created_at: Timestamp,
        payment_total: Option<Pence>,
    ) -> Result<(), Stopped> {
        let record = Record { subject, created_at: Some(created_at), payment_total };
        let line = line::write(&record).map_err(std::io::Error::from)?;
        writeln!(self.to, "{line}")?;
        self.written += 1;
        Ok(())
    }
}
