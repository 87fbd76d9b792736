//! E-mails and text messages that a person can read: what SES and SNS would have sent.

use std::{
    io::Write,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use nots_core::ports::{About, Mail, MailError, Message};
use serde::{Deserialize, Serialize};

/// One message as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// `email` or `sms`.
    pub channel: String,
    /// To whom.
    pub to: String,
    /// Of an e-mail.
    pub subject: Option<String>,
    /// The words.
    pub text: String,
    /// Of an e-mail.
    pub html: Option<String>,
    /// About which booking.
    pub booking_id: String,
    /// About what.
    pub event: String,
}

/// Everything sent, kept as JSON Lines with the data, or in memory.
#[derive(Debug, Default)]
pub struct Outbox {
    sent: Mutex<Vec<Sent>>,
    file: Option<PathBuf>,
}

impl Outbox {
    /// An outbox that is kept in a file, or nowhere.
    #[must_use]
    pub fn open(file: Option<PathBuf>) -> Self {
        let kept = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let sent = kept.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        Self { sent: Mutex::new(sent), file }
    }

    /// Everything sent, newest first.
    #[must_use]
    pub fn newest_first(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}

#[async_trait]
impl Mail for Outbox {
    async fn send(&self, message: &Message, about: &About) -> Result<String, MailError> {
        let (booking_id, event) = (about.booking_id.to_string(), about.event.to_owned());
        let sent = match message.clone() {
            Message::Email { to, subject, text, html } => Sent {
                channel: "email".to_owned(),
                to: to.to_string(),
                subject: Some(subject),
                text,
                html: Some(html),
                booking_id,
                event,
            },
            Message::Sms { to, text } => Sent {
                channel: "sms".to_owned(),
                to: to.to_string(),
                subject: None,
                text,
                html: None,
                booking_id,
                event,
            },
        };
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &self.file {
            let line = serde_json::to_string(&sent).map_err(|error| MailError::Unavailable(error.into()))?;
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
            opened
                .and_then(|mut file| writeln!(file, "{line}"))
                .map_err(|error| MailError::Unavailable(error.into()))?;
        }
        all.push(sent);
        Ok(format!("local-{}", all.len()))
    }
}
