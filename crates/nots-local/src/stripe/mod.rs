//! A stand-in for Stripe, for a machine without a network.
//!
//! It speaks the part of Stripe's API that the platform uses (Checkout Sessions, refunds, lists of what happened, by form
//! over HTTP, with bearer keys and idempotency keys), lets a person or a test act as the card holder, the bank and the
//! operator at Stripe's dashboard, and sends signed events to the webhook until they are taken. What it does not model it
//! refuses as Stripe refuses a parameter it does not know, so that nothing works here by accident.
//!
//! | part | module |
//! |---|---|
//! | Stripe's API: [`StripeStandIn::api`] | `wire`, `lists`, `form`, `params`, `refusal` |
//! | what a card holder does: [`StripeStandIn::act`] | `cards`, `page` |
//! | what a bank does, and the operator by hand: refunds that fail, disputes | `dashboard` |
//! | what goes wrong on request | `faults` |
//! | events on their way: [`StripeStandIn::deliver_due`] | `deliver` |
//! | what is kept, and how it is written out | `state`, `money`, `objects`, `money_objects` |
//!
//! Time is the platform's [`Clock`] throughout. Whatever fell due by the clock is done before anything else is
//! looked at; [`StripeStandIn::sweep`] does only that, and is to be called when the clock is moved.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use nots_core::{Timestamp, ports::Clock};

pub(crate) mod cards;
mod dashboard;
pub(crate) mod deliver;
mod faults;
mod form;
mod lists;
mod money;
mod money_objects;
mod objects;
mod page;
mod params;
mod refusal;
mod state;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use deliver::{WebhookDelivery, WebhookReceiver};
use state::State;

/// What the stand-in signs its events with.
pub(crate) const SIGNING_SECRET: &str = "whsec_local";
/// An API key that it takes; it takes any that begins with `sk_test_`.
pub(crate) const API_KEY: &str = "sk_test_local";

/// The stand-in. All of it is behind one lock that is never held over an await.
pub(crate) struct StripeStandIn {
    clock: Arc<dyn Clock>,
    file: Option<PathBuf>,
    state: Mutex<State>,
    /// Held by the one who is delivering.
    delivering: tokio::sync::Mutex<()>,
}

impl StripeStandIn {
    /// Starts with what `file` holds, or with nothing. Without a file nothing outlives the process.
    ///
    /// `pages` is where its payment pages are reached, without a slash at the end:
    /// `http://127.0.0.1:3000/local/stripe/checkout`.
    ///
    /// # Errors
    /// When the file is there and cannot be read, or its directory cannot be made.
    pub(crate) fn open(
        clock: Arc<dyn Clock>,
        file: Option<PathBuf>,
        pages: impl Into<String>,
    ) -> io::Result<Arc<Self>> {
        let state = State::load(file.as_deref(), clock.now(), pages.into())?;
        Ok(Arc::new(Self { clock, file, state: Mutex::new(state), delivering: tokio::sync::Mutex::new(()) }))
    }

    /// The platform's routes for people and tests, below `/local/stripe`.
    pub(crate) fn for_people(self: &Arc<Self>) -> Router {
        self.card_holder().merge(self.dashboard()).merge(self.faults())
    }

    /// Does what has fallen due at `now`: sessions expire, and idempotency keys are forgotten after a day. Events
    /// that are due to be sent again are sent by [`StripeStandIn::run`], which this wakes.
    ///
    /// # Errors
    /// When the change was made and could not be kept in the file.
    pub(crate) fn sweep(&self, now: Timestamp) -> io::Result<()> {
        self.change_at(now, |_| ())
    }

    /// Changes the state at the clock's time, and keeps it.
    fn change<T>(&self, act: impl FnOnce(&mut State, Timestamp) -> T) -> io::Result<T> {
        let now = self.clock.now();
        self.change_at(now, |state| act(state, now))
    }

    /// What has been changed stays changed when it cannot be written; the next change writes both.
    fn change_at<T>(&self, now: Timestamp, act: impl FnOnce(&mut State) -> T) -> io::Result<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.fall_due(now);
        let answer = act(&mut state);
        if !state.touched {
            return Ok(answer);
        }
        if let Some(file) = &self.file {
            state.save(file)?;
        }
        state.touched = false;
        Ok(answer)
    }

    /// Looks without changing anything, not even what fell due.
    fn look<T>(&self, at: impl FnOnce(&State) -> T) -> T {
        at(&self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
