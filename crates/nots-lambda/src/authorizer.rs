//! API Gateway's request authorizer: 401 by the one error text that the gateway knows, otherwise a policy for the
//! whole API, so that its cached answer serves every route. Roles are each endpoint's own to judge.

use std::{future::Future, sync::Arc};

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest as AuthorizerRequest;
use lambda_runtime::{Diagnostic, Error, LambdaEvent};
use nots_http::{Authorizer, NotAuthorized};
use serde_json::{Value, json};
use tower::Service;

/// How the authorizer fails: API Gateway answers `Unauthorized` with 401, and anything else with 500.
#[derive(Debug)]
pub struct Failure(&'static str);

impl From<Failure> for Diagnostic {
    fn from(Failure(word): Failure) -> Self {
        Self { error_type: word.to_owned(), error_message: word.to_owned() }
    }
}

/// An authorizer as Lambda sees it.
pub fn authorizer_service<A: Authorizer>(
    authorizer: Arc<A>,
) -> impl Service<LambdaEvent<AuthorizerRequest>, Response = Value, Error = Failure, Future: Future + Send> + Clone
{
    tower::service_fn(move |event: LambdaEvent<AuthorizerRequest>| {
        let authorizer = authorizer.clone();
        async move {
            let request = event.payload;
            let token = request.headers.get("authorization").and_then(|value| value.to_str().ok());
            match authorizer.authorize(token).await {
                Ok(caller) => {
                    let context = caller.to_context();
                    let user =
                        context.iter().find(|(name, _)| name.ends_with("Id")).map(|(_, id)| id.as_str());
                    let context: serde_json::Map<_, _> =
                        context.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
                    Ok(json!({
                        "principalId": user.unwrap_or("nobody"),
                        "policyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [{
                                "Action": "execute-api:Invoke",
                                "Effect": "Allow",
                                "Resource": whole_api(&request.method_arn.unwrap_or_default()),
                            }],
                        },
                        "context": context,
                    }))
                }
                Err(NotAuthorized::Refused(reason)) => {
                    tracing::info!(reason, "Refused a token");
                    Err(Failure("Unauthorized"))
                }
                Err(error @ NotAuthorized::Unavailable(_)) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(cause, "Could not judge a token");
                    Err(Failure("Unavailable"))
                }
            }
        }
    })
}

/// Runs an authorizer under the Lambda runtime.
///
/// # Errors
/// When the runtime cannot be reached.
pub async fn serve_authorizer<A: Authorizer>(authorizer: A) -> Result<(), Error> {
    lambda_runtime::run(authorizer_service(Arc::new(authorizer))).await
}

/// From the ARN of one method, `arn:aws:execute-api:eu-west-2:123456789012:abc/v1/GET/bookings`, to that of every
/// method of the same stage.
fn whole_api(method_arn: &str) -> String {
    let mut parts = method_arn.splitn(3, '/');
    match (parts.next(), parts.next()) {
        (Some(api), Some(stage)) => format!("{api}/{stage}/*"),
        _ => method_arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::whole_api;

    #[test]
    fn one_cached_policy_serves_every_route_of_its_stage() {
        let arn = "arn:aws:execute-api:eu-west-2:123456789012:abcdef/v1/GET/bookings/booking_1";
        assert_eq!(whole_api(arn), "arn:aws:execute-api:eu-west-2:123456789012:abcdef/v1/*");
    }
}
