//! What the stand-in keeps, and how it is kept in a file.

use std::{collections::BTreeMap, fs, io, path::Path};

use nots_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    faults::Faults,
    money::{Dispute, Refund},
    objects,
    params::Asked,
};

/// How long an idempotency key is remembered, in seconds; Stripe promises a day.
const REMEMBERED: u64 = 86_400;

/// Everything.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// What makes the ids of this state unlike those of another.
    seed: String,
    /// How many ids have been made.
    made: u64,
    /// By id.
    pub(super) sessions: BTreeMap<String, Session>,
    /// In the order in which they were made.
    #[serde(default)]
    pub(super) refunds: Vec<Refund>,
    /// In the order in which they were opened.
    #[serde(default)]
    pub(super) disputes: Vec<Dispute>,
    /// What was answered, by idempotency key.
    pub(super) answers: BTreeMap<String, Answer>,
    /// Events that have not been taken yet, in the order in which they happened.
    pub(super) outgoing: Vec<Outgoing>,
    /// What goes wrong on request, until the process ends.
    #[serde(skip)]
    pub(super) faults: Faults,
    /// Where payment pages are reached.
    #[serde(skip)]
    pub(super) pages: String,
    /// Whether something changed since it was last written.
    #[serde(skip)]
    pub(super) touched: bool,
}

/// How far a session has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It can be paid.
    Open,
    /// It has been paid, or its money is or was on its way.
    Complete,
    /// It can no longer be paid.
    Expired,
}

impl Status {
    /// As Stripe writes it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Expired => "expired",
        }
    }
}

/// A Checkout Session.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) status: Status,
    pub(super) asked: Asked,
    /// From the first try to pay on.
    pub(super) intent: Option<Intent>,
}

/// A PaymentIntent with its latest charge.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) created: Timestamp,
    /// The latest try's: `ch_…`.
    pub(super) charge: String,
    /// When that was; of a state kept before it was noted, when the first was.
    #[serde(default)]
    pub(super) tried_at: Option<Timestamp>,
    /// Whether the latest try took the money.
    pub(super) paid: bool,
    /// Whether its money is on its way.
    #[serde(default)]
    pub(super) waits: bool,
}

/// What an idempotency key was first answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    /// Of path and parameters.
    pub(super) fingerprint: String,
    pub(super) at: Timestamp,
    pub(super) request_id: String,
    #[serde(default = "ok")]
    pub(super) status: u16,
    pub(super) body: String,
}

const fn ok() -> u16 {
    200
}

/// An event on its way to the webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outgoing {
    pub(super) event_id: String,
    pub(super) kind: String,
    /// The same text on every try.
    pub(super) body: String,
    /// When it is tried next; none when it has been given up.
    pub(super) due: Option<Timestamp>,
    pub(super) tried: usize,
    /// How often it is still delivered after it has been taken.
    #[serde(default)]
    pub(super) copies: u8,
}

impl State {
    /// What the file holds, or nothing yet.
    pub(super) fn load(file: Option<&Path>, now: Timestamp, pages: String) -> io::Result<Self> {
        let mut state = Self { seed: format!("{now} {pages}"), ..Self::default() };
        if let Some(file) = file {
            if let Some(directory) = file.parent() {
                fs::create_dir_all(directory)?;
            }
            match fs::read(file) {
                Ok(bytes) => state = serde_json::from_slice(&bytes)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => (),
                Err(error) => return Err(error),
            }
        }
        state.pages = pages;
        Ok(state)
    }

    /// Writes all of it beside the file and then puts it in its place, so that the file is never half written.
    pub(super) fn save(&self, file: &Path) -> io::Result<()> {
        let beside = file.with_extension("new");
        fs::write(&beside, serde_json::to_vec(self)?)?;
        fs::rename(beside, file)
    }

    /// A new id: prefix and `length` hexadecimal digits, at most 64.
    pub(super) fn id(&mut self, prefix: &str, length: usize) -> String {
        self.touched = true;
        self.made = self.made.saturating_add(1);
        let digits = hex::encode(Sha256::digest(format!("{} {} {prefix}", self.seed, self.made)));
        format!("{prefix}{}", digits.get(..length).unwrap_or(&digits))
    }

    /// Opens a session.
    pub(super) fn open_session(&mut self, asked: Asked, now: Timestamp) -> Session {
        let id = self.id("cs_test_", 58);
        let session = Session { id: id.clone(), created: now, status: Status::Open, asked, intent: None };
        self.sessions.insert(id, session.clone());
        session
    }

    /// Sends an event on its way.
    pub(super) fn announce(&mut self, kind: &str, object: &Value, now: Timestamp) {
        let event_id = self.id("evt_", 24);
        let body = objects::event(&event_id, kind, object, now).to_string();
        self.outgoing.push(Outgoing {
            event_id,
            kind: kind.to_owned(),
            body,
            due: Some(now.plus(self.faults.delay_events_seconds)),
            tried: 0,
            copies: self.faults.repeat_events,
        });
    }

    /// Ends the sessions whose time is up, fails the refunds that were to fail, and forgets the idempotency keys of yesterday.
    pub(super) fn fall_due(&mut self, now: Timestamp) {
        let over: Vec<String> = self
            .sessions
            .values()
            .filter(|session| session.status == Status::Open && session.asked.expires_at <= now)
            .map(|session| session.id.clone())
            .collect();
        for id in over {
            self.expire(&id, now);
        }
        self.fail_refunds_due(now);
        let known = self.answers.len();
        self.answers.retain(|_, answer| now.since(answer.at) < REMEMBERED);
        self.touched |= self.answers.len() != known;
    }

    /// Ends an open session.
    pub(super) fn expire(&mut self, id: &str, now: Timestamp) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.status = Status::Expired;
        let object = session.to_json(&self.pages);
        self.announce("checkout.session.expired", &object, now);
    }
}
