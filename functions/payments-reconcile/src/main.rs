//! Composes `payments-reconcile` for Lambda; decides nothing.

use std::sync::Arc;

use nots_aws::{Aws, config};
use nots_lambda::{Error, SystemClock, init_telemetry, serve_schedule};
use nots_stripe::StripePayments;
use payments_reconcile::PaymentsReconcile;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let reconcile = PaymentsReconcile {
        table: aws.table()?,
        payments: Arc::new(StripePayments::new(aws.secret("STRIPE_SECRET_KEY_ID")?, None)),
        clock: Arc::new(SystemClock),
    };
    serve_schedule(reconcile).await
}
