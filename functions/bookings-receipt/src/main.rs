//! Composes `bookings-receipt` for Lambda; decides nothing.

use bookings_receipt::BookingsReceipt;
use nots_aws::{Aws, config};
use nots_lambda::{Error, Origins, init_telemetry, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let endpoint = BookingsReceipt { table: aws.table()? };
    serve(endpoint, Origins::new(config::list("ALLOWED_ORIGINS"))).await
}
