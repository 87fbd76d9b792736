//! What a card holder does, as the platform's own routes.

use std::{io, sync::Arc};

use axum::{
    Router,
    extract::{Path, State as Extracted},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use nots_core::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{
    StripeStandIn, page,
    state::{Intent, Session, State, Status},
};

/// What a card holder may do with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CardAction {
    /// Pays with a card that is good.
    Pay,
    /// Tries a card that is declined; the session stays open.
    Decline,
    /// Lets the time run out.
    Expire,
    /// Pays by a method whose money comes later, or does not.
    PayLater,
    /// That money comes.
    Arrive,
    /// That money does not come.
    Bounce,
}

impl CardAction {
    /// As it stands in a path.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "pay" => Some(Self::Pay),
            "decline" => Some(Self::Decline),
            "expire" => Some(Self::Expire),
            "pay-later" => Some(Self::PayLater),
            "arrive" => Some(Self::Arrive),
            "bounce" => Some(Self::Bounce),
            _ => None,
        }
    }
}

/// How the session stands afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CardAnswer {
    /// `cs_…`.
    pub(crate) session_id: String,
    /// `open`, `complete` or `expired`.
    pub(crate) status: &'static str,
    /// `paid` or `unpaid`.
    pub(crate) payment_status: &'static str,
    /// `pi_…`, from the first try to pay on.
    pub(crate) payment_intent: Option<String>,
}

impl From<&Session> for CardAnswer {
    fn from(session: &Session) -> Self {
        Self {
            session_id: session.id.clone(),
            status: session.status.as_str(),
            payment_status: session.payment_status(),
            payment_intent: session.intent.as_ref().map(|intent| intent.id.clone()),
        }
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CardRefusal {
    /// There is no such session, or no such thing to do with one.
    #[error("there is no such Checkout Session, or nothing of that name can be done with one")]
    NotFound,
    /// It is over; nothing was charged.
    #[error("the Checkout Session is {status}, and nothing more can be done with it", status = .0.status)]
    Over(CardAnswer),
    /// No money is on its way that could arrive, or not.
    #[error("the Checkout Session is {status}, and no money is on its way for it", status = .0.status)]
    NothingOnItsWay(CardAnswer),
    /// It was done, and could not be kept in the file.
    #[error("the stand-in could not keep its state")]
    NotKept(#[source] io::Error),
}

impl StripeStandIn {
    /// Does what a card holder would, at the clock's time; the event that follows is sent by
    /// [`StripeStandIn::run`].
    ///
    /// # Errors
    /// When the session is unknown, or is over: a session is paid once.
    pub(crate) fn act(&self, session: &str, action: CardAction) -> Result<CardAnswer, CardRefusal> {
        self.change(|state, now| state.act(session, action, now)).map_err(CardRefusal::NotKept)?
    }

    /// The platform's routes for people and tests: the payment page at `/local/stripe/checkout/{sessionId}`, and
    /// `POST …/pay`, `…/decline`, `…/expire`, `…/pay-later`, `…/arrive` and `…/bounce`, which answer JSON, or a page to
    /// who accepts HTML.
    pub(super) fn card_holder(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/local/stripe/checkout/{id}", get(show))
            .route("/local/stripe/checkout/{id}/{action}", post(perform))
            .with_state(Arc::clone(self))
    }

    fn session(&self, id: &str) -> Result<Session, CardRefusal> {
        self.change(|state, _| state.sessions.get(id).cloned())
            .map_err(CardRefusal::NotKept)?
            .ok_or(CardRefusal::NotFound)
    }
}

impl State {
    fn act(&mut self, id: &str, action: CardAction, now: Timestamp) -> Result<CardAnswer, CardRefusal> {
        let session = self.sessions.get(id).ok_or(CardRefusal::NotFound)?;
        let waits = session.intent.as_ref().is_some_and(|intent| intent.waits);
        match (action, session.status) {
            (CardAction::Arrive | CardAction::Bounce, _) if !waits => {
                return Err(CardRefusal::NothingOnItsWay(session.into()));
            }
            (CardAction::Arrive, _) => self.settle(id, true, now),
            (CardAction::Bounce, _) => self.settle(id, false, now),
            (_, Status::Complete | Status::Expired) => return Err(CardRefusal::Over(session.into())),
            (CardAction::Expire, Status::Open) => self.expire(id, now),
            (CardAction::Decline, Status::Open) => self.charge(id, Card::Declined, now),
            (CardAction::Pay | CardAction::PayLater, Status::Open) if self.faults.declines() => {
                self.charge(id, Card::Declined, now);
            }
            (CardAction::Pay, Status::Open) => self.charge(id, Card::Good, now),
            (CardAction::PayLater, Status::Open) => self.charge(id, Card::Slow, now),
        }
        self.sessions.get(id).map(CardAnswer::from).ok_or(CardRefusal::NotFound)
    }

    /// Tries to pay an open session. Every try of one session is of one PaymentIntent.
    fn charge(&mut self, id: &str, card: Card, now: Timestamp) {
        let (new, charge) = (self.id("pi_", 24), self.id("ch_", 24));
        let Some(session) = self.sessions.get_mut(id) else { return };
        let (intent, created) =
            session.intent.take().map_or((new, now), |intent| (intent.id, intent.created));
        let intent = Intent {
            id: intent,
            created,
            charge,
            tried_at: Some(now),
            paid: card == Card::Good,
            waits: card == Card::Slow,
        };
        session.intent = Some(intent.clone());
        let (kind, object) = if card == Card::Declined {
            ("payment_intent.payment_failed", session.intent_json(&intent))
        } else {
            session.status = Status::Complete;
            ("checkout.session.completed", session.to_json(&self.pages))
        };
        self.announce(kind, &object, now);
    }

    /// The money that was on its way has come, or will not.
    fn settle(&mut self, id: &str, came: bool, now: Timestamp) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        let Some(intent) = session.intent.as_mut() else { return };
        intent.waits = false;
        intent.paid = came;
        let (intent, object) = (intent.clone(), session.to_json(&self.pages));
        if came {
            self.announce("checkout.session.async_payment_succeeded", &object, now);
        } else {
            let failed = session.intent_json(&intent);
            self.announce("payment_intent.payment_failed", &failed, now);
            self.announce("checkout.session.async_payment_failed", &object, now);
        }
    }
}

/// What comes of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Card {
    Good,
    Slow,
    Declined,
}

async fn show(
    Extracted(stripe): Extracted<Arc<StripeStandIn>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match stripe.session(&id) {
        Ok(session) => Html(page::of(&session, None)).into_response(),
        Err(refusal) => refused(&refusal, wants_page(&headers), None),
    }
}

async fn perform(
    Extracted(stripe): Extracted<Arc<StripeStandIn>>,
    Path((id, action)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let page = wants_page(&headers);
    let done =
        CardAction::parse(&action).ok_or(CardRefusal::NotFound).and_then(|action| stripe.act(&id, action));
    match (done, page.then(|| stripe.session(&id).ok()).flatten()) {
        (Ok(_), Some(session)) => Html(page::of(&session, Some(&action))).into_response(),
        (Ok(answer), None) => axum::Json(answer).into_response(),
        (Err(refusal), session) => refused(&refusal, page, session.as_ref()),
    }
}

fn refused(refusal: &CardRefusal, page: bool, session: Option<&Session>) -> Response {
    let (status, title) = match refusal {
        CardRefusal::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        CardRefusal::Over(_) | CardRefusal::NothingOnItsWay(_) => (StatusCode::CONFLICT, "Conflict"),
        CardRefusal::NotKept(error) => {
            tracing::error!(%error, "The Stripe stand-in could not keep its state");
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal error")
        }
    };
    if page {
        let html =
            session.map_or_else(|| page::saying(&refusal.to_string()), |session| page::of(session, None));
        return (status, Html(html)).into_response();
    }
    let mut problem = json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": refusal.to_string(),
    });
    if let (CardRefusal::Over(session) | CardRefusal::NothingOnItsWay(session), Some(problem)) =
        (refusal, problem.as_object_mut())
    {
        problem.insert("session".to_owned(), json!(session));
    }
    let kind = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, kind)], problem.to_string()).into_response()
}

/// Browsers ask for HTML by name; tools do not.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|text| text.contains("text/html"))
}
