//! Calling a function as Lambda does: an event's JSON in, an answer's JSON out.

use std::{future::Future, pin::Pin, sync::Arc};

use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use tower::{Service, ServiceExt};

/// A function, whatever its trigger.
pub type Invoke = Arc<dyn Fn(Vec<u8>) -> Answer + Send + Sync>;
type Answer = Pin<Box<dyn Future<Output = Result<Vec<u8>, InvokeError>> + Send>>;

/// What Lambda would report in place of an answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The event is not of the function's type, or the answer is not JSON.
    #[error("the event or the answer is not of its type")]
    Shape(#[from] serde_json::Error),
    /// The function failed, with this `errorMessage`.
    #[error("{0}")]
    Failed(String),
}

/// Makes a service callable with JSON, by the same steps as the Lambda runtime: read the event, call, write the
/// answer.
pub fn invocable<S, E>(service: S) -> Invoke
where
    S: Service<LambdaEvent<E>> + Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Response: Serialize,
    S::Error: Into<Diagnostic>,
    E: DeserializeOwned + Send + 'static,
{
    Arc::new(move |event| {
        let service = service.clone();
        Box::pin(async move {
            let event = LambdaEvent::new(serde_json::from_slice::<E>(&event)?, Context::default());
            let answer = service.oneshot(event).await.map_err(|error| {
                let diagnostic: Diagnostic = error.into();
                InvokeError::Failed(diagnostic.error_message)
            })?;
            Ok(serde_json::to_vec(&answer)?)
        })
    })
}
