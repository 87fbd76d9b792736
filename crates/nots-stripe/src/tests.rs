//! Against a loopback server that answers as Stripe was recorded to, and against signatures made elsewhere.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use nots_core::ports::{Cause, Secret};

mod checkout;
mod notices;

/// A secret that is there, or is not.
pub(crate) struct Held(pub(crate) Option<&'static str>);

#[async_trait]
impl Secret for Held {
    async fn get(&self) -> Result<String, Cause> {
        self.0.map(str::to_owned).ok_or_else(|| "no secret today".into())
    }
}

pub(crate) fn held(text: &'static str) -> Arc<dyn Secret> {
    Arc::new(Held(Some(text)))
}

/// Everything that is logged on this thread while the guard lives, down to the libraries' finest level.
pub(crate) fn overhear() -> (Overheard, tracing::subscriber::DefaultGuard) {
    let overheard = Overheard::default();
    let ear = overheard.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(move || ear.clone())
        .finish();
    (overheard, tracing::subscriber::set_default(subscriber))
}

/// What was logged.
#[derive(Clone, Default)]
pub(crate) struct Overheard(Arc<Mutex<Vec<u8>>>);

impl Overheard {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Overheard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
