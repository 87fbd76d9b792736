//! How a booking is called off.

use super::{Booking, BookingStatus, Step, StepError, between};
use crate::{
    cancellation::{Cancellation, CancelledBy},
    entity::payment::PaymentStatus,
    table::{IllegalMove, Move, Stored},
    time::Timestamp,
};

impl Booking {
    /// Calls it off. Driver and vehicle stay named, for the record; the proof is for [`crate::cancellation`], which also frees
    /// their days and moves the money.
    pub(crate) fn cancel(
        row: Stored<Self>,
        cancellation: Cancellation,
        payment: Option<PaymentStatus>,
        now: Timestamp,
    ) -> Result<Move<Self>, IllegalMove> {
        let mut data = row.data.clone();
        let by = cancellation.cancelled_by.clone();
        data.status = BookingStatus::Cancelled;
        data.timeline.cancelled = Some(cancellation.at);
        data.committed = None;
        data.amendment = None;
        data.payment.status = payment.unwrap_or(data.payment.status);
        data.cancellation = Some(cancellation);
        Move::of(row, data, by, now)
    }

    /// The moment, by the driver's own time, at which they gave up waiting: only where they have arrived and nobody is on board.
    ///
    /// # Errors
    /// When they have not arrived or have gone on, or the pickup time has not come, or the time is not between the arrival and now, give or take two minutes.
    pub fn no_show(&self, at: Timestamp, now: Timestamp) -> Result<Timestamp, StepError> {
        let waiting = self.status == BookingStatus::Assigned && self.last_step() == Some(Step::Arrived);
        let arrived = self.timeline.arrived.filter(|_| waiting).ok_or(StepError::OutOfOrder)?;
        if now < self.journey.pickup_time {
            return Err(StepError::TooEarly);
        }
        between(arrived, at, now)
    }

    /// Whether it is cancelled, and on that side.
    #[must_use]
    pub fn is_cancelled_by(&self, side: CancelledBy) -> bool {
        self.cancellation.as_ref().is_some_and(|cancellation| cancellation.judgement.by == side)
    }

    /// Whether it can be called off as it stands.
    #[must_use]
    pub fn is_cancellable(&self) -> bool {
        use crate::table::Machine;
        self.status.successors().contains(&BookingStatus::Cancelled)
    }
}
