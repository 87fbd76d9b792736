//! Composes `payments-get` for Lambda; decides nothing.

use nots_aws::{Aws, config};
use nots_lambda::{Error, Origins, init_telemetry, serve};
use payments_get::PaymentsGet;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let endpoint = PaymentsGet { table: aws.table()? };
    serve(endpoint, Origins::new(config::list("ALLOWED_ORIGINS"))).await
}
