//! The connection to AWS that a Lambda function has: its role's credentials, one TLS stack, bounded time.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::{Builder, tls};

use crate::config;

/// Makes the adapters that a function asks for.
#[derive(Debug)]
pub struct Aws {
    sdk: SdkConfig,
}

impl Aws {
    /// From the environment that Lambda sets. Connects to nothing yet.
    pub async fn from_env() -> Self {
        let http = Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        // A function has at least three seconds: one slow try and a second one fit.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_millis(500))
            .operation_attempt_timeout(Duration::from_millis(1_200))
            .operation_timeout(Duration::from_millis(2_700))
            .build();
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .load()
            .await;
        Self { sdk }
    }

    /// The table that `TABLE_NAME` names, its busy partitions spread as `STATUS_SHARDS` and `STATUS_SHARDS_LISTED` say.
    ///
    /// # Errors
    /// When it is not set, or they are no numbers of shards.
    #[cfg(feature = "table")]
    pub fn table(&self) -> Result<std::sync::Arc<dyn nots_core::ports::Table>, config::NoTable> {
        let table = self.table_named(&config::required("TABLE_NAME")?);
        let (written, listed) = (config::shards("STATUS_SHARDS")?, config::shards("STATUS_SHARDS_LISTED")?);
        let shards = nots_core::table::Shards::new(written, listed).map_err(config::NoTable::from)?;
        Ok(shards.over(table))
    }

    /// The table of this name, in one piece, for commands that are told it.
    #[cfg(feature = "table")]
    #[must_use]
    pub fn table_named(&self, name: &str) -> std::sync::Arc<dyn nots_core::ports::Table> {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        std::sync::Arc::new(crate::DynamoTable::new(client, name.to_owned()))
    }

    /// The bus that `EVENT_BUS_NAME` names.
    ///
    /// # Errors
    /// When it is not set.
    #[cfg(feature = "events")]
    pub fn events(&self) -> Result<std::sync::Arc<dyn nots_core::ports::Events>, config::NotSet> {
        let client = aws_sdk_eventbridge::Client::new(&self.sdk);
        Ok(std::sync::Arc::new(crate::EventBus::new(client, config::required("EVENT_BUS_NAME")?)))
    }

    /// E-mail from `MAIL_FROM`, text messages as `SMS_SENDER_ID`.
    ///
    /// # Errors
    /// When either is not set.
    #[cfg(feature = "mail")]
    pub fn mail(&self) -> Result<std::sync::Arc<dyn nots_core::ports::Mail>, config::NotSet> {
        // Trying again is the claim's to decide: the SDK, which does not know of it, would send twice.
        let once = self.sdk.to_builder().retry_config(RetryConfig::disabled()).build();
        let (ses, sns) = (aws_sdk_sesv2::Client::new(&once), aws_sdk_sns::Client::new(&once));
        let (from, sender) = (config::required("MAIL_FROM")?, config::required("SMS_SENDER_ID")?);
        Ok(std::sync::Arc::new(crate::SesAndSns::new(ses, sns, from, sender)))
    }

    /// The secret that a variable names.
    ///
    /// # Errors
    /// When the variable is not set.
    #[cfg(feature = "secrets")]
    pub fn secret(
        &self,
        variable: &'static str,
    ) -> Result<std::sync::Arc<dyn nots_core::ports::Secret>, config::NotSet> {
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Ok(std::sync::Arc::new(crate::SecretsManager::new(client, config::required(variable)?)))
    }

    /// The secret that a variable names; none when the variable is empty or not set.
    #[cfg(feature = "secrets")]
    #[must_use]
    pub fn secret_if_named(&self, variable: &str) -> Option<std::sync::Arc<dyn nots_core::ports::Secret>> {
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        let id = config::optional(variable)?;
        Some(std::sync::Arc::new(crate::SecretsManager::new(client, id)))
    }
}
