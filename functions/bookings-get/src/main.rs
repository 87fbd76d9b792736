//! Composes `bookings-get` for Lambda; decides nothing.

use std::sync::Arc;

use bookings_get::BookingsGet;
use nots_aws::{Aws, config};
use nots_lambda::{Error, Origins, SystemClock, init_telemetry, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let endpoint = BookingsGet { table: aws.table()?, clock: Arc::new(SystemClock) };
    serve(endpoint, Origins::new(config::list("ALLOWED_ORIGINS"))).await
}
