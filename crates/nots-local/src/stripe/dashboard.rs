//! What happens at Stripe without the platform: what the operator does in Stripe's dashboard, what banks and card
//! schemes decide.

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State as Extracted},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use deserr::Deserr;
use nots_http::{InvalidBody, Problem, parse};
use serde_json::{Value, json};

use super::{StripeStandIn, money::RefundAsked, refusal::Refusal};

impl StripeStandIn {
    /// `POST /local/stripe/payments/{pi}/refund`, `…/refunds/{id}/fail`, `…/charges/{pi_or_ch}/dispute` and
    /// `…/dispute/win`, `…/dispute/lose`; each answers Stripe's object.
    pub(super) fn dashboard(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/local/stripe/payments/{id}/refund", post(refund))
            .route("/local/stripe/refunds/{id}/fail", post(fail))
            .route("/local/stripe/charges/{id}/dispute", post(dispute))
            .route("/local/stripe/charges/{id}/dispute/{outcome}", post(decide))
            .with_state(Arc::clone(self))
    }
}

type StandIn = Extracted<Arc<StripeStandIn>>;

/// All that is left, when nothing is said.
#[derive(Debug, Default, Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct Asked {
    #[deserr(default)]
    amount: Option<u32>,
}

async fn refund(Extracted(stripe): StandIn, Path(of): Path<String>, body: Bytes) -> Response {
    let asked = if body.is_empty() { Ok(Asked::default()) } else { parse::<Asked>(&body) };
    let amount = match asked {
        Ok(asked) => asked.amount.map(i64::from),
        Err(refused) => return problem(refused),
    };
    // Stripe's dashboard knows nothing of our metadata.
    let asked = RefundAsked { of, amount, ..RefundAsked::default() };
    let made = stripe.change(|state, now| state.make_refund(asked, now).map(|refund| refund.to_json()));
    answer(made.map(|made| made.map_err(told)))
}

async fn fail(Extracted(stripe): StandIn, Path(id): Path<String>) -> Response {
    let failed = stripe.change(|state, now| {
        let known = state.refunds.iter().any(|refund| refund.id == id);
        state.fail_refund(&id, now).map(|refund| refund.to_json()).ok_or(known)
    });
    answer(failed.map(|failed| failed.map_err(|known| nothing(known, "The refund has failed already."))))
}

async fn dispute(Extracted(stripe): StandIn, Path(of): Path<String>) -> Response {
    let opened = stripe.change(|state, now| {
        let known = state.payment(&of).is_some();
        state.open_dispute(&of, now).map(|dispute| dispute.to_json()).ok_or(known)
    });
    let why = "Nothing was paid that could be disputed, or it has been disputed.";
    answer(opened.map(|opened| opened.map_err(|known| nothing(known, why))))
}

async fn decide(Extracted(stripe): StandIn, Path((of, outcome)): Path<(String, String)>) -> Response {
    let won = match outcome.as_str() {
        "win" => true,
        "lose" => false,
        _ => return problem(Problem::no_route()),
    };
    let decided = stripe.change(|state, now| {
        let known = state.payment(&of).is_some();
        state.close_dispute(&of, won, now).map(|dispute| dispute.to_json()).ok_or(known)
    });
    let why = "No dispute of it waits to be decided.";
    answer(decided.map(|decided| decided.map_err(|known| nothing(known, why))))
}

fn nothing(known: bool, why: &str) -> Problem {
    if known { Problem::conflict(why, json!({})) } else { Problem::not_found() }
}

fn told(refusal: Refusal) -> Problem {
    match refusal.code {
        Some("resource_missing") => Problem::not_found(),
        code => Problem::conflict(refusal.message, json!({ "code": code })),
    }
}

fn answer(outcome: io::Result<Result<Value, Problem>>) -> Response {
    match outcome {
        Ok(Ok(object)) => Json(object).into_response(),
        Ok(Err(refused)) => problem(refused),
        Err(error) => problem(Problem::internal(error)),
    }
}

pub(super) fn problem(problem: Problem) -> Response {
    let answer = problem.into_response("local");
    (answer.status, answer.headers, answer.body).into_response()
}
