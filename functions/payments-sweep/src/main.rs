//! Composes `payments-sweep` for Lambda; decides nothing.

use std::sync::Arc;

use nots_aws::{Aws, config};
use nots_lambda::{Error, RandomIds, SystemClock, init_telemetry, serve_schedule};
use nots_stripe::StripePayments;
use payments_sweep::PaymentsSweep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let sweep = PaymentsSweep {
        table: aws.table()?,
        payments: Arc::new(StripePayments::new(aws.secret("STRIPE_SECRET_KEY_ID")?, None)),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
    };
    serve_schedule(sweep).await
}
