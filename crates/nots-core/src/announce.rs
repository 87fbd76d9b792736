//! What is announced of a change, read from two images of an item in the table's stream. Nothing else announces one, so
//! what follows a change outside the table follows it even when a process dies in between.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    actor::Actor,
    entity::{
        Booking, Payment, Reconciliation, Refund, WebhookEvent,
        refund::{RefundCause, RefundStatus},
    },
    event::BookingEvent,
    id::{BookingId, RefundId},
    table::{DecodeError, Entity, Item, Stored, attr},
};

/// Something that is announced on the event bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Announcement {
    /// By which rules pick it: `booking.confirmed`.
    pub detail_type: String,
    /// The same for every delivery of the same.
    pub id: String,
    /// What happened, as whoever acts on it reads it.
    pub detail: Value,
}

/// A refund is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundOwed {
    /// The booking that its payment stands under.
    pub booking_id: BookingId,
    /// Which.
    pub refund_id: RefundId,
}

impl RefundOwed {
    /// The `detail-type` of it.
    pub const DETAIL_TYPE: &'static str = "refund.owed";
}

/// What a person in the office must look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertKind {
    /// The card processor says something that is not what was asked for.
    PaymentMismatch,
    /// The card processor sent something that is not known.
    WebhookUnrecognised,
    /// Money came that confirmed nothing, and goes back.
    PaidInVain,
    /// A refund was refused, or did not arrive: what is owed is owed still.
    RefundFailed,
    /// Money was given back at the card processor, and not here.
    RefundElsewhere,
    /// A card holder disputes a charge, or a dispute was decided.
    Dispute,
    /// Our books and the card processor's differ.
    BooksDiffer,
}

/// A person in the office must look. It carries no person's data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// At what.
    pub alert: AlertKind,
    /// Of which booking, when that is known.
    pub booking_id: Option<BookingId>,
    /// What it is called: of an event, a refund or a dispute.
    pub subject: String,
    /// In our words.
    pub reason: Option<String>,
}

impl Alert {
    /// The `detail-type` of it.
    pub const DETAIL_TYPE: &'static str = "payment.alert";
}

/// Why a record of the stream is not understood.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// An image is not of its entity.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What happened cannot be written as JSON; a fault of ours.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Announcement {
    fn of<T: Serialize>(detail_type: String, id: String, what: &T) -> Result<Self, serde_json::Error> {
        Ok(Self { detail_type, id, detail: serde_json::to_value(what)? })
    }

    /// What happened to a booking.
    ///
    /// # Errors
    /// When it cannot be written as JSON; a fault of ours.
    pub fn of_booking(event: &BookingEvent) -> Result<Self, serde_json::Error> {
        Self::of(event.detail_type(), event.id(), event)
    }

    fn alert(
        kind: AlertKind,
        booking: Option<BookingId>,
        subject: &str,
        why: Option<String>,
    ) -> Result<Self, serde_json::Error> {
        let alert = Alert { alert: kind, booking_id: booking, subject: subject.to_owned(), reason: why };
        let name = serde_json::to_value(kind)?;
        let id = format!("{subject}.{}", name.as_str().unwrap_or_default());
        Self::of(Alert::DETAIL_TYPE.to_owned(), id, &alert)
    }

    /// Everything that one change of one item announces. A change that an import made announces nothing.
    ///
    /// # Errors
    /// When an image is not of its entity.
    pub fn between(before: Option<Item>, after: Option<Item>) -> Result<Vec<Self>, AnnounceError> {
        let Some(after) = after else { return Ok(Vec::new()) };
        let kind = after.get("EntityType").cloned();
        let is = |entity: &str| kind == Some(attr::text(entity));
        if is(Booking::TYPE) {
            let (before, after) = images::<Booking>(before, after)?;
            of_bookings(before.as_ref(), &after)
        } else if is(Refund::TYPE) {
            let (before, after) = images::<Refund>(before, after)?;
            of_refunds(before.as_ref(), &after)
        } else if is(Payment::TYPE) {
            let (before, after) = images::<Payment>(before, after)?;
            of_payments(before.as_ref(), &after)
        } else if is(WebhookEvent::TYPE) {
            let (before, after) = images::<WebhookEvent>(before, after)?;
            of_webhooks(before.as_ref(), &after)
        } else if is(Reconciliation::TYPE) {
            let (before, after) = images::<Reconciliation>(before, after)?;
            of_reconciliations(before.as_ref(), &after)
        } else {
            Ok(Vec::new())
        }
    }
}

type Images<E> = (Option<Stored<E>>, Stored<E>);

fn images<E: Entity>(before: Option<Item>, after: Item) -> Result<Images<E>, DecodeError> {
    Ok((before.map(Stored::from_item).transpose()?, Stored::from_item(after)?))
}

fn of_bookings(
    before: Option<&Stored<Booking>>,
    after: &Stored<Booking>,
) -> Result<Vec<Announcement>, AnnounceError> {
    if after.meta.updated_by == Actor::Import {
        // What is moved in from a legacy system has long been known to whom it concerns.
        return Ok(Vec::new());
    }
    let events = BookingEvent::between(before, after);
    Ok(events.iter().map(Announcement::of_booking).collect::<Result<_, _>>()?)
}

fn of_refunds(
    before: Option<&Stored<Refund>>,
    after: &Stored<Refund>,
) -> Result<Vec<Announcement>, AnnounceError> {
    let refund = &after.data;
    let newly = |status| refund.status == status && before.is_none_or(|row| row.data.status != status);
    let (booking, id) = (Some(refund.booking_id.clone()), refund.refund_id.as_str());
    let mut all = Vec::new();
    if newly(RefundStatus::Owed) {
        let owed = RefundOwed { booking_id: refund.booking_id.clone(), refund_id: refund.refund_id.clone() };
        all.push(Announcement::of(RefundOwed::DETAIL_TYPE.to_owned(), format!("{id}.owed"), &owed)?);
    }
    if before.is_none() {
        let kind = match refund.cause {
            RefundCause::PaidTooLate | RefundCause::PaidTwice => Some(AlertKind::PaidInVain),
            RefundCause::Elsewhere => Some(AlertKind::RefundElsewhere),
            RefundCause::Cancelled | RefundCause::Amended | RefundCause::Requested => None,
        };
        all.extend(kind.map(|kind| Announcement::alert(kind, booking.clone(), id, None)).transpose()?);
    }
    if newly(RefundStatus::Failed) {
        all.push(Announcement::alert(AlertKind::RefundFailed, booking, id, refund.failure.clone())?);
    }
    Ok(all)
}

fn of_payments(
    before: Option<&Stored<Payment>>,
    after: &Stored<Payment>,
) -> Result<Vec<Announcement>, AnnounceError> {
    let known = |id: &str| {
        let disputes = before.map(|row| row.data.disputes.iter()).into_iter().flatten();
        disputes.into_iter().find(|dispute| dispute.dispute_id == id).map(|dispute| dispute.status)
    };
    let news = after.data.disputes.iter().filter(|now| known(&now.dispute_id) != Some(now.status));
    let alert = |dispute: &crate::entity::payment::Dispute| {
        let stage = serde_json::to_value(dispute.status)?;
        let stage = stage.as_str().map(str::to_owned);
        let booking = Some(after.data.booking_id.clone());
        // How it was decided is other news than that it was opened.
        let news = stage.clone().unwrap_or_default();
        let alert = Announcement::alert(AlertKind::Dispute, booking, &dispute.dispute_id, stage)?;
        Ok(Announcement { id: format!("{}.{news}", alert.id), ..alert })
    };
    Ok(news.map(alert).collect::<Result<_, serde_json::Error>>()?)
}

fn of_webhooks(
    before: Option<&Stored<WebhookEvent>>,
    after: &Stored<WebhookEvent>,
) -> Result<Vec<Announcement>, AnnounceError> {
    let event = &after.data;
    if before.is_some() || !event.status.wants_a_person() {
        return Ok(Vec::new());
    }
    let kind = match event.status {
        crate::entity::webhook::WebhookStatus::Mismatched => AlertKind::PaymentMismatch,
        _ => AlertKind::WebhookUnrecognised,
    };
    let why = event.reason.as_ref().map(ToString::to_string);
    let alert = Announcement::alert(kind, event.booking_id.clone(), event.event_id.as_str(), why)?;
    Ok(vec![alert])
}

fn of_reconciliations(
    before: Option<&Stored<Reconciliation>>,
    after: &Stored<Reconciliation>,
) -> Result<Vec<Announcement>, AnnounceError> {
    let found = &after.data;
    if before.is_some() || found.is_clean() {
        return Ok(Vec::new());
    }
    // Of one booking when it is about one; what exactly it is, the item says.
    let bookings: std::collections::BTreeSet<_> =
        found.differences.iter().map(|one| &one.booking_id).collect();
    let booking = bookings.first().filter(|_| bookings.len() == 1).and_then(|booking| (*booking).clone());
    let number = found.differences.len().saturating_add(usize::try_from(found.more).unwrap_or(usize::MAX));
    let why = format!("{number} differences");
    let subject = format!("reconciliation.{}", found.at);
    Ok(vec![Announcement::alert(AlertKind::BooksDiffer, booking, &subject, Some(why))?])
}
