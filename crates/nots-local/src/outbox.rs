//! E-mails and text messages that a person can read: what SES and SNS would have sent.

use std::{
    io::Write,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
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
    /// The files that went with it.
    #[serde(default)]
    pub attachments: Vec<Attached>,
}

/// A file that went with a message, as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    /// What it is called.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// How long it is.
    pub bytes: usize,
    /// Where it is to be had.
    pub url: String,
}

/// A message as it is kept: with the files themselves.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    sent: Sent,
    /// In base64, in the order of the attachments.
    #[serde(default)]
    files: Vec<String>,
}

/// Everything sent, kept as JSON Lines with the data, or in memory.
#[derive(Debug, Default)]
pub struct Outbox {
    sent: Mutex<Vec<Kept>>,
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
        let all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().map(|kept| kept.sent.clone()).collect()
    }

    /// A file by the number of its message, counted from 0, and its place in that: its media type and its bytes.
    #[must_use]
    pub fn file(&self, message: usize, place: usize) -> Option<(String, Vec<u8>)> {
        let all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get(message)?;
        let bytes = STANDARD.decode(kept.files.get(place)?).ok()?;
        Some((kept.sent.attachments.get(place)?.content_type.clone(), bytes))
    }
}

#[async_trait]
impl Mail for Outbox {
    async fn send(&self, message: &Message, about: &About) -> Result<String, MailError> {
        let (booking_id, event) = (about.booking_id.to_string(), about.event.to_owned());
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let number = all.len();
        let mut files = Vec::new();
        let sent = match message.clone() {
            Message::Email { to, subject, text, html, attachments } => Sent {
                channel: "email".to_owned(),
                to: to.to_string(),
                subject: Some(subject),
                text,
                html: Some(html),
                booking_id,
                event,
                attachments: (0..)
                    .zip(attachments)
                    .map(|(place, file)| {
                        files.push(STANDARD.encode(&file.bytes));
                        Attached {
                            name: file.name,
                            content_type: file.content_type.to_owned(),
                            bytes: file.bytes.len(),
                            url: format!("/local/outbox/{number}/attachments/{place}"),
                        }
                    })
                    .collect(),
            },
            Message::Sms { to, text } => Sent {
                channel: "sms".to_owned(),
                to: to.to_string(),
                subject: None,
                text,
                html: None,
                booking_id,
                event,
                attachments: Vec::new(),
            },
        };
        let kept = Kept { sent, files };
        if let Some(file) = &self.file {
            let line = serde_json::to_string(&kept).map_err(|error| MailError::Unavailable(error.into()))?;
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
            opened
                .and_then(|mut file| writeln!(file, "{line}"))
                .map_err(|error| MailError::Unavailable(error.into()))?;
        }
        all.push(kept);
        Ok(format!("local-{}", all.len()))
    }
}
