//! Against a loopback server that answers as Stripe was recorded to, and against signatures made elsewhere.

use std::{
    cell::RefCell,
    io::Write,
    sync::{
        Arc, Once,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use nots_core::ports::{Cause, Secret};

mod checkout;
mod keys;
mod lists;
mod notices;
mod refunds;
mod server;
mod vectors;

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

/// A secret that is rotated: the one after is had only by asking for it anew.
pub(crate) struct Rotated {
    pub(crate) before: &'static str,
    pub(crate) after: &'static str,
    pub(crate) refreshed: AtomicU32,
}

impl Rotated {
    pub(crate) fn new(before: &'static str, after: &'static str) -> Arc<Self> {
        Arc::new(Self { before, after, refreshed: AtomicU32::new(0) })
    }

    pub(crate) fn refreshed(&self) -> u32 {
        self.refreshed.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Secret for Rotated {
    async fn get(&self) -> Result<String, Cause> {
        Ok(if self.refreshed() == 0 { self.before } else { self.after }.to_owned())
    }

    async fn refresh(&self) -> Result<String, Cause> {
        self.refreshed.fetch_add(1, Ordering::SeqCst);
        Ok(self.after.to_owned())
    }
}

thread_local! {
    static OVERHEARD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Listens, from here on, to what every library logs, down to its finest level. The subscriber is the process's,
/// because what one thread's own hears depends on what others log first.
pub(crate) fn overhear() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_writer(|| Ear)
            .init();
        tracing::callsite::rebuild_interest_cache();
    });
}

/// What was logged by this thread, which is that of one test.
pub(crate) fn overheard() -> String {
    OVERHEARD.with_borrow(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        OVERHEARD.with_borrow_mut(|heard| heard.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
