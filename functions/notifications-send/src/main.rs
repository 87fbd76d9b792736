//! Composes `notifications-send` for Lambda; decides nothing.

use std::{path::Path, sync::Arc};

use notifications_send::{NotificationsSend, Templates};
use nots_aws::{Aws, config};
use nots_lambda::{Error, RandomIds, SystemClock, init_telemetry, serve_queue};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let aws = Aws::from_env().await;
    let templates = Templates::from_dir(Path::new(&config::required("TEMPLATES_DIR")?))?;
    let sender = NotificationsSend {
        table: aws.table()?,
        mail: aws.mail()?,
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds::default()),
        templates: Arc::new(templates),
    };
    serve_queue(sender).await
}
