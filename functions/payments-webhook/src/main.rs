//! Composes `payments-webhook` for Lambda; decides nothing.

use std::sync::Arc;

use nots_aws::{Aws, config};
use nots_lambda::{Error, Origins, RandomIds, SystemClock, init_telemetry, serve};
use nots_stripe::{StripeNotices, StripePayments};
use payments_webhook::PaymentsWebhook;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let endpoint = PaymentsWebhook {
        table: aws.table()?,
        notices: Arc::new(StripeNotices::new(aws.secret("STRIPE_WEBHOOK_SECRET_ID")?)),
        payments: Arc::new(StripePayments::new(aws.secret("STRIPE_SECRET_KEY_ID")?, None)),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
    };
    serve(endpoint, Origins::new(config::list("ALLOWED_ORIGINS"))).await
}
