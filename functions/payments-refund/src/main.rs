//! Composes `payments-refund` for Lambda; decides nothing.

use std::sync::Arc;

use nots_aws::{Aws, config};
use nots_lambda::{Error, Origins, RandomIds, SystemClock, init_telemetry, serve};
use payments_refund::PaymentsRefund;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let endpoint = PaymentsRefund {
        table: aws.table()?,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
    };
    serve(endpoint, Origins::new(config::list("ALLOWED_ORIGINS"))).await
}
