//! On a schedule, once a day: our books against Stripe's own lists.
//!
//! What is found is kept, and announced from there by the stream; a comparison that finds nothing leaves nothing. What
//! is found is looked at a second time before it is believed, since money moves while it is compared.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;
use nots_core::{
    BookingId, Timestamp, access,
    consume::Job,
    entity::{Due, LedgerEntry, Reconciliation, Refund, reconciliation::Difference},
    ports::{Cause, ChargeFacts, Clock, DisputeFacts, GatewayError, Listed, Payments, RefundFacts, Table},
    reconcile::{self, Kept, Theirs},
    table::{ReadError, Stored, Transaction, WriteError},
    time::Interval,
};

/// Compares our books with Stripe's lists.
pub struct PaymentsReconcile {
    /// Payments, refunds, dues, the ledger.
    pub table: Arc<dyn Table>,
    /// Stripe.
    pub payments: Arc<dyn Payments>,
    /// Now.
    pub clock: Arc<dyn Clock>,
}

/// Items that are read by key at once.
const AT_ONCE: usize = 50;
/// How far back a comparison goes when it is not said: two days, so that a day is looked at again once its last news has
/// come.
const USUAL: u32 = 2 * 86_400;

#[async_trait]
impl Job for PaymentsReconcile {
    async fn run(&self) -> Result<(), Cause> {
        let now = self.clock.now();
        self.compare(Interval { from: now.minus(USUAL), to: now }).await.map(drop)
    }
}

impl PaymentsReconcile {
    /// Compares what happened in a window, keeps what it finds and answers it.
    ///
    /// # Errors
    /// When the table or Stripe does not answer.
    pub async fn compare(&self, window: Interval) -> Result<Reconciliation, Cause> {
        let now = self.clock.now();
        let mut found = self.look(window, now).await?;
        if !found.is_empty() {
            let again: BTreeSet<_> = self.look(window, now).await?.into_iter().collect();
            found.retain(|difference| again.contains(difference));
        }
        let found = Reconciliation::of(window, found, now);
        if found.is_clean() {
            tracing::info!(from = %window.from, to = %window.to, "Our books and Stripe's lists agree");
            return Ok(found);
        }
        for Difference { booking_id, kind, stripe_id, theirs, ours } in &found.differences {
            tracing::error!(
                booking.id = booking_id.as_ref().map(BookingId::as_str),
                ?kind,
                stripe_id,
                theirs,
                ours,
                alert = "books_differ",
                "Our books and Stripe's lists differ"
            );
        }
        match self.table.commit(Transaction::new().create(&found.clone().keep())).await {
            // Another comparison of the same second has kept it.
            Ok(()) | Err(WriteError::Refused(_)) => Ok(found),
            Err(error) => Err(error.into()),
        }
    }

    async fn look(&self, window: Interval, now: Timestamp) -> Result<Vec<Difference>, Cause> {
        // The ledger's days before Stripe's lists: what is in them has happened at Stripe.
        let mut bookings = self.moved_within(window).await?;
        let theirs = self.theirs(window).await?;
        bookings.extend(self.bookings_of(&theirs).await?);
        let mut ours = Vec::with_capacity(bookings.len());
        for booking in &bookings {
            ours.extend(self.kept(booking).await?);
        }
        Ok(reconcile::differences(window, &theirs, &ours, now))
    }

    /// The bookings whose ledger has an entry of the window.
    async fn moved_within(&self, window: Interval) -> Result<BTreeSet<BookingId>, ReadError> {
        let mut bookings = BTreeSet::new();
        for day in window.days() {
            let entries = self.table.every(&access::ledger_of_day(day)).await?;
            let within = entries.into_iter().map(|row| row.data);
            let within = within.filter(|entry| window.from <= entry.at && entry.at < window.to);
            bookings.extend(within.map(|entry| entry.booking_id));
        }
        Ok(bookings)
    }

    async fn theirs(&self, window: Interval) -> Result<Theirs, GatewayError> {
        let lists = reconcile::lists_for(window);
        let mut charges = Pages::of(|charge: &ChargeFacts| &charge.id);
        while let Some(after) = charges.next.take() {
            charges.take(self.payments.charges(lists.charges, after).await?);
        }
        let mut refunds = Pages::of(|refund: &RefundFacts| &refund.id);
        while let Some(after) = refunds.next.take() {
            refunds.take(self.payments.refunds(lists.refunds, after).await?);
        }
        let mut disputes = Pages::of(|dispute: &DisputeFacts| &dispute.id);
        while let Some(after) = disputes.next.take() {
            disputes.take(self.payments.disputes(lists.disputes, after).await?);
        }
        Ok(Theirs { charges: charges.all(), refunds: refunds.all(), disputes: disputes.all() })
    }

    /// The bookings that Stripe's lists are about, by their PaymentIntents.
    async fn bookings_of(&self, theirs: &Theirs) -> Result<BTreeSet<BookingId>, ReadError> {
        let intents: Vec<String> = theirs.intents().into_iter().collect();
        let mut bookings = BTreeSet::new();
        for some in intents.chunks(AT_ONCE) {
            let links: Vec<_> = some.iter().map(|intent| access::booking_by_payment_intent(intent)).collect();
            let links = self.table.read(links).await?;
            bookings.extend(links.into_iter().flatten().map(|link| link.data.booking_id));
        }
        Ok(bookings)
    }

    /// All that is kept about a booking's money; none when it has no payment.
    async fn kept(&self, booking: &BookingId) -> Result<Option<Kept>, ReadError> {
        let entries: Vec<LedgerEntry> = of_rows(self.table.every(&access::ledger_of_booking(booking)).await?);
        let refunds: Vec<Refund> = of_rows(self.table.every(&access::refunds_of_booking(booking)).await?);
        let back = BookingId::return_of(booking);
        let reads = (
            access::booking(booking),
            access::due_of_booking(booking, booking),
            access::due_of_booking(booking, &back),
        );
        let (row, due, due_of_return) = self.table.read(reads).await?;
        // One that was moved in has a payment of another name.
        let payment = match row {
            Some(row) => access::payment(booking, &row.data.payment.payment_id),
            None => access::payment_of_booking(booking),
        };
        let payment = self.table.read(payment).await?;
        let dues: Vec<Due> = [due, due_of_return].into_iter().flatten().map(|row| row.data).collect();
        Ok(payment.map(|payment| Kept { payment: payment.data, entries, refunds, dues }))
    }
}

fn of_rows<E>(rows: Vec<Stored<E>>) -> Vec<E> {
    rows.into_iter().map(|row| row.data).collect()
}

/// The pages of one of Stripe's lists, one after another; what moved from one to another while they were read is there
/// once.
struct Pages<T> {
    found: BTreeMap<String, T>,
    id: fn(&T) -> &str,
    /// Where the next one begins; the first at none, and none after the last.
    next: Option<Option<String>>,
}

impl<T> Pages<T> {
    fn of(id: fn(&T) -> &str) -> Self {
        Self { found: BTreeMap::new(), id, next: Some(None) }
    }

    fn take(&mut self, page: Listed<T>) {
        let id = self.id;
        self.found.extend(page.items.into_iter().map(|item| (id(&item).to_owned(), item)));
        self.next = page.next.map(Some);
    }

    fn all(self) -> Vec<T> {
        self.found.into_values().collect()
    }
}
