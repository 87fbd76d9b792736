//! `cargo run -- reconcile`: our books against the card processor's lists, for a person to read.

use std::{fmt::Write as _, path::PathBuf};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use deserr::Deserr;
use nots_core::{
    Timestamp,
    entity::{Reconciliation, reconciliation::Difference},
    ports::{Cause, Clock},
    time::{Interval, Seconds},
};
use nots_http::{FieldError, InvalidBody, Problem, parse_checked};
use serde_json::{Value, json};

use crate::{
    client::Client,
    functions,
    platform::{Options, Platform},
    routes::{Shared, problem, stopping},
};

/// How far back a comparison goes when nothing is said.
const USUAL: Seconds = 7 * 86_400;

/// What happened when is compared: Unix seconds, the first inside and the last not.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub struct Asked {
    /// From when on; a week ago when it is not said.
    #[deserr(default)]
    pub from: Option<i64>,
    /// Until when; now when it is not said.
    #[deserr(default)]
    pub to: Option<i64>,
}

impl Asked {
    fn window(self, now: Timestamp) -> Option<Interval> {
        let to = self.to.map_or(Some(now), |to| Timestamp::new(to).ok())?;
        let from = self.from.map_or(Some(to.minus(USUAL)), |from| Timestamp::new(from).ok())?;
        (from < to).then_some(Interval { from, to })
    }

    fn to_json(self) -> Value {
        let fields = [("from", self.from), ("to", self.to)];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
    }
}

/// `POST /local/reconcile`.
pub(crate) async fn by_request(State(platform): State<Shared>, body: Bytes) -> Response {
    let Some(platform) = platform.upgrade() else { return stopping() };
    let asked = if body.is_empty() { Ok(Asked::default()) } else { parse_checked(&body, |_| Vec::new()) };
    let now = platform.clock.now();
    let window = match asked.map(|asked: Asked| asked.window(now)) {
        Ok(Some(window)) => window,
        Ok(None) => {
            let detail = "must be Unix seconds of an earlier moment than `to`";
            return problem(Problem::invalid(vec![FieldError::at("/from", detail)]));
        }
        Err(refused) => return problem(refused),
    };
    match compare(&platform, window).await {
        Ok(found) => Json(found).into_response(),
        Err(error) => problem(Problem::unavailable(error)),
    }
}

async fn compare(platform: &Platform, window: Interval) -> Result<Reconciliation, Cause> {
    // What is on its way first: its absence would be no difference.
    platform.settle().await;
    let found = functions::reconciler(&platform.ports).compare(window).await?;
    platform.settle().await;
    Ok(found)
}

/// Asks a platform that runs at `port`, or opens the folder of one that does not, and answers what was found.
///
/// # Errors
/// When neither is to be had, or does not answer.
pub async fn by_hand(asked: Asked, data: Option<PathBuf>, port: u16) -> Result<Reconciliation, Cause> {
    if let Some(folder) = data {
        if !folder.join("table.sqlite").is_file() {
            return Err(format!("{} is no folder of a platform", folder.display()).into());
        }
        let options = Options { data: Some(folder), by_hand: true, empty: true, ..Options::default() };
        match Platform::start(options).await {
            Ok(platform) => {
                let window = asked.window(platform.clock.now()).ok_or("--from must be before --to")?;
                return compare(&platform, window).await;
            }
            // One runs there: it is asked.
            Err(error) if error.to_string().ends_with("is in use by another platform") => {}
            Err(error) => return Err(error),
        }
    }
    let at = format!("http://127.0.0.1:{port}");
    let answer = Client::new(at.clone())
        .call(http::Method::POST, "/local/reconcile", None, Some(&asked.to_json()))
        .await;
    let answer = answer.map_err(|error| format!("no platform answers at {at}: {error}"))?;
    if answer.status != 200 {
        return Err(format!("the platform at {at} answered {}: {}", answer.status, answer.body).into());
    }
    Ok(serde_json::from_value(answer.body)?)
}

/// What was found, as a person reads it.
#[must_use]
pub fn told(found: &Reconciliation) -> String {
    let moment = |at: Timestamp| at.in_utc("%Y-%m-%d %H:%M UTC");
    let mut text = format!("From {} until {}: ", moment(found.window.from), moment(found.window.to));
    if found.is_clean() {
        text.push_str("our books and Stripe's lists agree.\n");
        return text;
    }
    let number = found.differences.len().saturating_add(usize::try_from(found.more).unwrap_or(usize::MAX));
    let _ = writeln!(text, "{number} difference{}.", if number == 1 { "" } else { "s" });
    let mut of = None;
    for difference in &found.differences {
        let Difference { booking_id, kind, stripe_id, theirs, ours } = difference;
        if of != Some(booking_id) {
            let name = booking_id.as_ref().map_or("(no booking of ours)", |id| id.as_str());
            let _ = writeln!(text, "\n{name}");
            of = Some(booking_id);
        }
        let kind = serde_json::to_value(kind).ok();
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or_default().replace('_', " ");
        let _ =
            writeln!(text, "  {kind}{}", stripe_id.as_ref().map_or(String::new(), |id| format!(": {id}")));
        let (left, right) =
            if difference.stripe_id.is_none() { ("payment", "ledger ") } else { ("Stripe ", "ledger ") };
        for (who, what) in [(left, theirs), (right, ours)] {
            if let Some(what) = what {
                let _ = writeln!(text, "    {who}  {what}");
            }
        }
    }
    if found.more > 0 {
        let _ = writeln!(text, "\n… and {} more.", found.more);
    }
    text
}
