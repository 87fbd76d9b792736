//! Composes `quotes-calculator` for Lambda; decides nothing.

use std::sync::Arc;

use nots_aws::{Aws, config};
use nots_lambda::{Error, Origins, RandomIds, SystemClock, init_telemetry, serve};
use nots_maps::EmbeddedMaps;
use quotes_calculator::QuotesCalculator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let endpoint = QuotesCalculator {
        table: aws.table()?,
        maps: Arc::new(EmbeddedMaps),
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
    };
    serve(endpoint, Origins::new(config::list("ALLOWED_ORIGINS"))).await
}
