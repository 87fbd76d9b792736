//! Composes `quotes-calculator` for Lambda; decides nothing.

use std::sync::Arc;

use nots_aws::{Aws, config};
use nots_lambda::{Error, Origins, RandomIds, SystemClock, init_telemetry, serve};
use nots_maps::google_or_embedded;
use quotes_calculator::QuotesCalculator;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let (table, clock, ids) = (aws.table()?, Arc::new(SystemClock), Arc::new(RandomIds::default()));
    let key = aws.secret_if_named("GOOGLE_MAPS_KEY_ID");
    let maps = google_or_embedded(key, table.clone(), clock.clone(), ids.clone())?;
    let endpoint = QuotesCalculator { table, maps, clock, ids };
    serve(endpoint, Origins::new(config::list("ALLOWED_ORIGINS"))).await
}
