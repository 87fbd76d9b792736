//! Logs: one JSON line an event. What is never logged is listed in `docs/operations.md`.

use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Begins to log: JSON to standard output, for CloudWatch. `filter` is `RUST_LOG`'s grammar by target
/// (`info,nots=debug`); one that cannot be read is `info`.
///
/// Two libraries never speak below `warn`: the Stripe webhook reader and the HTTP client, whose spans carry what
/// people sent.
pub fn init_telemetry(filter: Option<&str>) {
    let wanted: Targets = filter
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(tracing::level_filters::LevelFilter::INFO));
    let quiet = wanted
        .with_target("stripe_webhook", tracing::level_filters::LevelFilter::OFF)
        .with_target("hyper", tracing::level_filters::LevelFilter::WARN);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_current_span(false);
    // A second call, in one process, keeps the first.
    let _ = tracing_subscriber::registry().with(quiet).with(lines).try_init();
}
