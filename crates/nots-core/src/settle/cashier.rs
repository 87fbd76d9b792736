//! Takes what the card processor says into the table: reads what it is judged against, writes what follows, and looks
//! again when somebody else was first.

use super::{Outcome, Scene, Verdict, keepers, refunds_told, session_told, with_bookings};
use crate::{
    access,
    actor::Actor,
    entity::{
        Booking, CheckoutAttempt, Refund, StripeLink, WebhookEvent,
        attempt::Purpose,
        payment::{Books, BooksError},
        refund::RefundStatus,
        webhook::{Arrival, WebhookStatus},
    },
    id::{BookingId, RefundId},
    ports::{Clock, DisputeFacts, Ids, RefundFacts, RefundOrder, SessionFacts, Table},
    retry,
    table::{Because, Entity, ReadError, Stored, Transaction, WriteError},
    text::Note,
    time::Timestamp,
};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learned {
    /// It was taken.
    Taken(Outcome),
    /// The event has been here before.
    Known,
    /// It is about nothing of ours.
    NotOurs,
    /// It is not what was asked for, and a person must look.
    Mismatched(&'static str),
    /// It is about money of ours that is not known yet: it must come again.
    TooEarly,
}

/// Why it was not taken. It may come again.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The table could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The books cannot hold it.
    #[error(transparent)]
    Books(#[from] BooksError),
    /// Others were first each time it was tried.
    #[error("no attempt went through")]
    Crowded,
}

/// Takes what the card processor says.
#[derive(Clone, Copy)]
pub struct Cashier<'a> {
    /// The table.
    pub table: &'a dyn Table,
    /// Now.
    pub clock: &'a dyn Clock,
    /// Chance, for pauses.
    pub ids: &'a dyn Ids,
}

/// Refunds that are taken in one transaction: each is at most a row and two entries, and two reads.
const AT_ONCE: usize = 20;

/// One try.
enum Tried {
    Done(Learned),
    Write(Learned, Transaction),
}

impl Cashier<'_> {
    /// Takes what is said of a session, by an event or in answer to a question; `livemode` is what our key says.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn session(
        self,
        facts: &SessionFacts,
        livemode: bool,
        event: Option<&Arrival>,
    ) -> Result<Learned, LearnError> {
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock, self.ids).await;
            let (learned, transaction) = match self.try_session(facts, livemode, event).await? {
                Tried::Done(learned) => return Ok(learned),
                Tried::Write(learned, transaction) => (learned, transaction),
            };
            match self.table.commit(transaction).await {
                Ok(()) => return Ok(learned),
                Err(error) if only_the_link_refused(&error) => {
                    let why = "its PaymentIntent has paid for another booking";
                    return self.mismatched(event, &facts.booking_id, why).await;
                }
                // Another delivery, or another change: look again.
                Err(WriteError::Busy(_) | WriteError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LearnError::Crowded)
    }

    async fn try_session(
        self,
        facts: &SessionFacts,
        livemode: bool,
        event: Option<&Arrival>,
    ) -> Result<Tried, LearnError> {
        let id = &facts.booking_id;
        let back = BookingId::return_of(id);
        let reads = (
            event.map(|event| access::webhook_event(&event.event_id)),
            (access::booking(id), access::booking(&back), access::payment_of_booking(id)),
            facts.attempt.map(|number| access::attempt_of_booking(id, number)),
            access::settings(),
        );
        let (known, (booking, returning, payment), attempt, settings) = self.table.read(reads).await?;
        let known = known.flatten();
        if settled(known.as_ref()) {
            return Ok(Tried::Done(Learned::Known));
        }
        let (Some(booking), Some(payment)) = (booking, payment) else {
            return Ok(self.only_event(known, event, WebhookStatus::Irrelevant, None, Learned::NotOurs));
        };
        let attempt = attempt.flatten().filter(|row| opened(row, facts));
        let numbers = if attempt.is_some() { 0 } else { payment.data.attempts.min(90) };
        let named = attempt.as_ref().and_then(|row| match &row.data.purpose {
            Purpose::Due { booking_id } => Some(booking_id.clone()),
            Purpose::Fare | Purpose::Amendment { .. } => None,
        });
        let now = self.clock.now();
        let bookings = Booking::paid_together(booking, returning);
        let settings = settings.map(|row| row.data);
        let keepers = |attempt: Option<&Stored<CheckoutAttempt>>| {
            settings.as_ref().and_then(|settings| keepers(&bookings, &attempt?.data, settings, now))
        };
        let more = (
            (1..=numbers).map(|number| access::attempt_of_booking(id, number)).collect::<Vec<_>>(),
            named.as_ref().map(|concerns| access::due_of_booking(id, concerns)),
            keepers(attempt.as_ref()),
        );
        let (attempts, due, mut found) = self.table.read(more).await?;
        let late = attempts.into_iter().flatten().find(|row| opened(row, facts));
        if let Some(late) = &late {
            found = self.table.read(keepers(Some(late))).await?;
        }
        let roster = found.zip(settings.clone());
        let scene = Scene { bookings, payment, attempt: attempt.or(late), due: due.flatten(), roster };
        Ok(match session_told(scene, facts, livemode, now)? {
            Verdict::Mismatched(why) => self.only_event(
                known,
                event.map(|event| event.about(id)).as_ref(),
                WebhookStatus::Mismatched,
                Some(why),
                Learned::Mismatched(why),
            ),
            Verdict::Follows(outcome, transaction) => {
                let event = event.map(|event| event.about(id));
                let kept = self.with_event(transaction, known, event.as_ref(), WebhookStatus::Applied, None);
                Tried::Write(Learned::Taken(outcome), kept)
            }
        })
    }

    /// Takes what is said of every refund of one PaymentIntent.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn refunds(
        self,
        intent: &str,
        ours: Option<&BookingId>,
        facts: &[RefundFacts],
        event: Option<&Arrival>,
    ) -> Result<Learned, LearnError> {
        // As many as one read and one transaction hold; the event is kept with the last of them.
        let rest = facts.len().saturating_sub(1) / AT_ONCE;
        let (before, last) = facts.split_at(rest.saturating_mul(AT_ONCE));
        for facts in before.chunks(AT_ONCE) {
            self.refunds_at_once(intent, ours, facts, None).await?;
        }
        self.refunds_at_once(intent, ours, last, event).await
    }

    async fn refunds_at_once(
        self,
        intent: &str,
        ours: Option<&BookingId>,
        facts: &[RefundFacts],
        event: Option<&Arrival>,
    ) -> Result<Learned, LearnError> {
        self.of_intent(
            intent,
            ours.is_some(),
            event,
            |scene| {
                let told =
                    refunds_told(scene.payment, scene.bookings, intent, facts, scene.refunds, scene.now)?;
                Ok((Outcome::Noted, told))
            },
            facts,
        )
        .await
    }

    /// What is to be asked for to make a refund, and since when it is owed; none when it is not owed any more.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn refund_to_make(
        self,
        booking: &BookingId,
        refund: &RefundId,
    ) -> Result<Option<(RefundOrder, Timestamp)>, ReadError> {
        let row = self.table.read(access::refund_of_booking(booking, refund)).await?;
        let owed = row.filter(|row| row.data.status == RefundStatus::Owed);
        Ok(owed.and_then(|row| Some((row.data.order()?, row.data.owed_at))))
    }

    /// The card processor would not make a refund.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn refund_refused(
        self,
        booking: &BookingId,
        refund: &RefundId,
        code: Option<String>,
    ) -> Result<Learned, LearnError> {
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock, self.ids).await;
            let row = self.table.read(access::refund_of_booking(booking, refund)).await?;
            let Some(row) = row.filter(|row| row.data.status == RefundStatus::Owed) else {
                return Ok(Learned::Known);
            };
            let payment = self.table.read(access::payment(booking, &row.data.payment_id)).await?;
            let Some(payment) = payment else { return Ok(Learned::TooEarly) };
            let mut books = Books::open(payment, Actor::Stripe, self.clock.now());
            books.refund_refused(row, code.clone())?;
            match self.table.commit(books.close()?).await {
                Ok(()) => return Ok(Learned::Taken(Outcome::Noted)),
                Err(WriteError::Busy(_) | WriteError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LearnError::Crowded)
    }

    /// Takes what is said of a dispute. It does not name our booking: one of money that is not known here is kept as none
    /// of ours, and judged anew when it is sent again.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn dispute(
        self,
        intent: &str,
        facts: &DisputeFacts,
        event: Option<&Arrival>,
    ) -> Result<Learned, LearnError> {
        self.of_intent(
            intent,
            false,
            event,
            |scene| {
                let mut books = Books::open(scene.payment, Actor::Stripe, scene.now);
                books.dispute_told(intent, facts)?;
                Ok((Outcome::Noted, with_bookings(books, scene.bookings, scene.now)?))
            },
            &[],
        )
        .await
    }

    /// What is known of a payment by its PaymentIntent, and what follows; `ours` when it is of us, or may be.
    async fn of_intent(
        self,
        intent: &str,
        ours: bool,
        event: Option<&Arrival>,
        follows: impl Fn(Known) -> Result<(Outcome, Transaction), BooksError>,
        facts: &[RefundFacts],
    ) -> Result<Learned, LearnError> {
        for attempt in 0..retry::ATTEMPTS {
            retry::pause_before(attempt, self.clock, self.ids).await;
            let known = event.map(|event| access::webhook_event(&event.event_id));
            let (known, link) = self.table.read((known, access::booking_by_payment_intent(intent))).await?;
            let known = known.flatten();
            if settled(known.as_ref()) {
                return Ok(Learned::Known);
            }
            let tried = match link {
                None if ours => Tried::Done(Learned::TooEarly),
                None => self.only_event(known, event, WebhookStatus::Irrelevant, None, Learned::NotOurs),
                Some(link) => {
                    let id = link.data.booking_id.clone();
                    let (scene, event) = (self.known(&link.data, facts).await?, event.map(|e| e.about(&id)));
                    let Some(scene) = scene else { return Ok(Learned::TooEarly) };
                    let (outcome, transaction) = follows(scene)?;
                    let kept =
                        self.with_event(transaction, known, event.as_ref(), WebhookStatus::Applied, None);
                    Tried::Write(Learned::Taken(outcome), kept)
                }
            };
            let (learned, transaction) = match tried {
                Tried::Done(learned) => return Ok(learned),
                Tried::Write(learned, transaction) => (learned, transaction),
            };
            match self.table.commit(transaction).await {
                Ok(()) => return Ok(learned),
                Err(WriteError::Busy(_) | WriteError::Refused(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(LearnError::Crowded)
    }

    async fn known(self, link: &StripeLink, facts: &[RefundFacts]) -> Result<Option<Known>, ReadError> {
        let id = &link.booking_id;
        let back = BookingId::return_of(id);
        let mut refunds: Vec<RefundId> = facts.iter().filter_map(|facts| facts.refund_id.clone()).collect();
        refunds.extend(facts.iter().map(|facts| Books::id_of_elsewhere(&link.payment_id, facts)));
        let reads = (
            (access::booking(id), access::booking(&back), access::payment(id, &link.payment_id)),
            refunds.iter().map(|refund| access::refund_of_booking(id, refund)).collect::<Vec<_>>(),
        );
        let ((booking, returning, payment), refunds) = self.table.read(reads).await?;
        let (Some(booking), Some(payment)) = (booking, payment) else { return Ok(None) };
        let bookings = Booking::paid_together(booking, returning);
        let refunds = refunds.into_iter().flatten().collect();
        Ok(Some(Known { bookings, payment, refunds, now: self.clock.now() }))
    }

    /// Keeps an event that has no effect.
    ///
    /// # Errors
    /// When the table does not take it.
    pub async fn keep(
        self,
        event: &Arrival,
        status: WebhookStatus,
        why: Option<&'static str>,
    ) -> Result<Learned, LearnError> {
        let known = self.table.read(access::webhook_event(&event.event_id)).await?;
        let learned = if known.is_some() { Learned::Known } else { Learned::NotOurs };
        match self.only_event(known, Some(event), status, why, learned) {
            Tried::Done(learned) => Ok(learned),
            Tried::Write(learned, transaction) => match self.table.commit(transaction).await {
                Ok(()) => Ok(learned),
                // Another delivery kept it.
                Err(WriteError::Refused(_)) => Ok(Learned::Known),
                Err(error) => Err(error.into()),
            },
        }
    }

    async fn mismatched(
        self,
        event: Option<&Arrival>,
        booking: &BookingId,
        why: &'static str,
    ) -> Result<Learned, LearnError> {
        if let Some(event) = event {
            self.keep(&event.about(booking), WebhookStatus::Mismatched, Some(why)).await?;
        }
        Ok(Learned::Mismatched(why))
    }

    /// Nothing follows but that the event is kept, when there is one and it is not kept already.
    fn only_event(
        self,
        known: Option<Stored<WebhookEvent>>,
        event: Option<&Arrival>,
        status: WebhookStatus,
        why: Option<&'static str>,
        learned: Learned,
    ) -> Tried {
        if event.is_none() || known.is_some() {
            return Tried::Done(learned);
        }
        Tried::Write(learned, self.with_event(Transaction::new(), None, event, status, why))
    }

    fn with_event(
        self,
        transaction: Transaction,
        known: Option<Stored<WebhookEvent>>,
        event: Option<&Arrival>,
        status: WebhookStatus,
        why: Option<&'static str>,
    ) -> Transaction {
        let now = self.clock.now();
        match (known, event) {
            (Some(row), _) => match WebhookEvent::apply(row, now) {
                Ok(applied) => transaction.apply(&applied),
                Err(_) => transaction,
            },
            (None, Some(event)) => {
                let why = why.and_then(|why| Note::parse(why).ok());
                transaction.create(&WebhookEvent::take(event.clone(), status, why, now))
            }
            (None, None) => transaction,
        }
    }
}

/// What is known of a payment.
struct Known {
    bookings: Vec<Stored<Booking>>,
    payment: Stored<crate::entity::Payment>,
    refunds: Vec<Stored<Refund>>,
    now: Timestamp,
}

/// Whether nothing more follows from an event that is kept.
fn settled(known: Option<&Stored<WebhookEvent>>) -> bool {
    use WebhookStatus::{Applied, Mismatched, Reviewed};
    known.is_some_and(|row| matches!(row.data.status, Applied | Mismatched | Reviewed))
}

/// Whether an attempt is the one that opened a session; one whose answer was lost may have.
fn opened(attempt: &Stored<CheckoutAttempt>, facts: &SessionFacts) -> bool {
    match &attempt.data.checkout_session_id {
        Some(session) => *session == facts.session_id,
        None => facts.attempt == Some(attempt.data.number),
    }
}

/// Everything would have it, and the PaymentIntent has paid for something else. In a race of two deliveries the payment
/// refuses as well, and looking again tells.
fn only_the_link_refused(error: &WriteError) -> bool {
    match error {
        WriteError::Refused(refusals) => {
            refusals.iter().all(|r| r.entity == StripeLink::TYPE && r.because == Because::Exists)
        }
        _ => false,
    }
}
