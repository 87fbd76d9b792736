//! Logs: one JSON line an event. What is never logged is listed in `docs/operations.md`.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Begins to log: JSON to standard output, for CloudWatch. `filter` is `RUST_LOG`'s grammar by target
/// (`info,nots=debug`); one that cannot be read is `info`.
pub fn init_telemetry(filter: Option<&str>) {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    // A second call, in one process, keeps the first.
    let _ = tracing_subscriber::registry().with(targets(filter.unwrap_or("info"))).with(lines).try_init();
}

/// Begins to log for a person at a terminal, to standard error.
pub fn log_to_terminal(filter: &str) {
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let _ = tracing_subscriber::registry().with(targets(filter)).with(lines).try_init();
}

/// These libraries stay quiet: the Stripe webhook reader and the HTTP client, whose spans carry what people sent, and
/// the local S3, which reports a client's wrong signature as an error of its own, and the local DynamoDB, which warns of every race.
fn targets(filter: &str) -> Targets {
    let wanted = filter.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    wanted
        .with_target("stripe_webhook", LevelFilter::OFF)
        .with_target("hyper", LevelFilter::WARN)
        .with_target("s3s", LevelFilter::OFF)
        .with_target("dynoxide", LevelFilter::ERROR)
}
