//! Composes `authorizer` for Lambda; decides nothing.

use std::sync::Arc;

use authorizer::TokenAuthorizer;
use nots_aws::{CognitoKeys, config};
use nots_lambda::{Error, SystemClock, init_telemetry, serve_authorizer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_telemetry(config::optional("RUST_LOG").as_deref());
    let issuer = config::required("COGNITO_ISSUER")?;
    let keys = Arc::new(CognitoKeys::new(&issuer)?);
    let clients = config::list("COGNITO_CLIENT_IDS");
    serve_authorizer(TokenAuthorizer::new(keys, Arc::new(SystemClock), issuer, clients)).await
}
