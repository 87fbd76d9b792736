//! Composes `payments-settle` for Lambda; decides nothing.

use std::sync::Arc;

use nots_aws::{Aws, config};
use nots_lambda::{Error, RandomIds, SystemClock, init_telemetry, serve_queue};
use nots_stripe::StripePayments;
use payments_settle::PaymentsSettle;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let settle = PaymentsSettle {
        table: aws.table()?,
        payments: Arc::new(StripePayments::new(aws.secret("STRIPE_SECRET_KEY_ID")?, None)),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
    };
    serve_queue(settle).await
}
