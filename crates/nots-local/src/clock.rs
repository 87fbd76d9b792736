//! The platform's clock: the machine's, moved on by whoever asks.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use nots_core::{Timestamp, ports::Clock};
use nots_lambda::SystemClock;

/// The machine's clock and an offset that is kept with the data.
#[derive(Debug, Default)]
pub struct PlatformClock {
    offset: AtomicI64,
    file: Option<PathBuf>,
}

impl PlatformClock {
    /// A clock whose offset is kept in a file, or nowhere.
    #[must_use]
    pub fn open(file: Option<PathBuf>) -> Self {
        let kept = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let offset = kept.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        Self { offset: AtomicI64::new(offset), file }
    }

    /// Moves the clock on.
    ///
    /// # Errors
    /// When the offset cannot be kept.
    pub fn advance(&self, seconds: u32) -> std::io::Result<Timestamp> {
        let offset =
            self.offset.fetch_add(i64::from(seconds), Ordering::SeqCst).saturating_add(i64::from(seconds));
        if let Some(file) = &self.file {
            std::fs::write(file, offset.to_string())?;
        }
        Ok(self.now())
    }
}

#[async_trait]
impl Clock for PlatformClock {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(SystemClock.now().seconds().saturating_add(self.offset.load(Ordering::SeqCst)))
    }

    async fn pause(&self, time: Duration) {
        SystemClock.pause(time).await;
    }
}
