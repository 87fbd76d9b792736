//! Secrets, in Secrets Manager, kept for a while so that a request seldom waits for them.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use nots_core::ports::{Cause, Secret};
use tokio::{sync::Mutex, time::Instant};

/// How long a secret is used before it is asked for again: how long a rotation takes to arrive.
const KEPT: Duration = Duration::from_secs(300);
/// How long even one that was refused is not asked for again: whoever is refused often does not ask as often.
const FRESH: Duration = Duration::from_secs(10);

/// One secret.
#[derive(Debug)]
pub struct SecretsManager {
    client: Client,
    id: String,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    text: String,
    since: Instant,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a secret")
    }
}

/// The secret has no text.
#[derive(Debug, thiserror::Error)]
#[error("the secret has no text")]
struct NoText;

impl SecretsManager {
    /// The secret of this name or ARN.
    #[must_use]
    pub fn new(client: Client, id: String) -> Self {
        Self { client, id, kept: Mutex::new(None) }
    }

    /// The text, asked for no longer ago than this.
    async fn younger_than(&self, age: Duration) -> Result<String, Cause> {
        let mut kept = self.kept.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| known.since.elapsed() < age) {
            return Ok(known.text.clone());
        }
        let answer = self.client.get_secret_value().secret_id(&self.id).send().await?;
        let text = answer.secret_string.ok_or(NoText)?;
        *kept = Some(Kept { text: text.clone(), since: Instant::now() });
        Ok(text)
    }
}

#[async_trait]
impl Secret for SecretsManager {
    async fn get(&self) -> Result<String, Cause> {
        self.younger_than(KEPT).await
    }

    async fn refresh(&self) -> Result<String, Cause> {
        self.younger_than(FRESH).await
    }
}
