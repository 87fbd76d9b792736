//! Schedules to jobs.

use std::{future::Future, sync::Arc};

use lambda_runtime::{Diagnostic, Error, LambdaEvent};
use nots_core::{consume::Job, ports::Cause};
use serde_json::Value;
use tower::Service;

/// Why a job failed, as Lambda reports it.
#[derive(Debug)]
pub struct JobFailed(Cause);

impl From<JobFailed> for Diagnostic {
    fn from(failed: JobFailed) -> Self {
        // What went wrong is in the log; a person's data might be in it.
        tracing::error!(cause = failed.0.to_string(), "The job failed");
        Self { error_type: "JobFailed".to_owned(), error_message: "the job failed".to_owned() }
    }
}

/// A job as Lambda sees it. What the schedule sends is not looked at: that it comes says all.
pub fn schedule_service<J: Job>(
    job: Arc<J>,
) -> impl Service<LambdaEvent<Value>, Response = Value, Error = JobFailed, Future: Future + Send> + Clone {
    tower::service_fn(move |_: LambdaEvent<Value>| {
        let job = job.clone();
        async move { job.run().await.map(|()| Value::Null).map_err(JobFailed) }
    })
}

/// Runs a job under the Lambda runtime.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_schedule<J: Job>(job: J) -> Result<(), Error> {
    lambda_runtime::run(schedule_service(Arc::new(job))).await
}
