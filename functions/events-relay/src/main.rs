//! Composes `events-relay` for Lambda; decides nothing.

use events_relay::EventsRelay;
use nots_aws::{Aws, config};
use nots_lambda::{Error, init_telemetry, serve_stream};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let relay = EventsRelay { table: aws.table()?, events: aws.events()? };
    serve_stream(relay).await
}
