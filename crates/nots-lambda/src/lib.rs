//! What every function's `main` shares.
//!
//! Each kind of trigger has a `*_service` from Lambda's own event type to Lambda's own answer, and a `serve_*` that
//! runs it under the Lambda runtime. The local platform calls the same services with the same events.

mod authorizer;
mod batch;
mod http;
mod invoke;
mod random;
mod schedule;
mod telemetry;
mod time;

pub use authorizer::{authorizer_service, serve_authorizer};
pub use batch::{queue_service, serve_queue, serve_stream, stream_service};
pub use http::{Origins, http_service, serve};
pub use invoke::{Invoke, InvokeError, invocable};
pub use lambda_runtime::{Context, Error, LambdaEvent};
pub use random::RandomIds;
pub use schedule::{JobFailed, schedule_service, serve_schedule};
pub use telemetry::{init_telemetry, log_to_terminal};
pub use time::SystemClock;
