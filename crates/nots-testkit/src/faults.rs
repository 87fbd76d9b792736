//! Faults at the ports: what a network, a table or a process may do at any moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use nots_core::{
    ports::{About, Mail, MailError, Message, RawPage, Reply, Table, TableError},
    table::{Item, Op, RawKey, RawQuery},
};
use tokio::sync::Notify;

/// A call to a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A read by key.
    Get,
    /// A page.
    Query,
    /// A write.
    Write,
    /// A message.
    Send,
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It is refused for want of capacity.
    Throttle,
    /// Another transaction holds an item.
    Conflict,
    /// The request is not taken as it is.
    Reject,
    /// It is done, and the answer is lost.
    LoseReply,
    /// The process stops before it is done: the call never returns.
    CrashBefore,
    /// The process stops after it is done: the call never returns.
    CrashAfter,
}

/// Says what happens to each call, in order.
pub type Plan = Box<dyn FnMut(Call) -> Fault + Send>;

struct Script {
    plan: Mutex<Plan>,
    crashed: Arc<Notify>,
}

impl Script {
    fn next(&self, call: Call) -> Fault {
        (self.plan.lock().expect("no test panics inside a plan"))(call)
    }

    async fn stop<T>(&self) -> T {
        self.crashed.notify_one();
        std::future::pending().await
    }
}

/// A table that faults by plan.
pub struct FaultyTable {
    inner: Arc<dyn Table>,
    script: Script,
}

impl FaultyTable {
    /// Over a table; `crashed` is rung when the process stops.
    pub fn over(
        inner: Arc<dyn Table>,
        crashed: Arc<Notify>,
        plan: impl FnMut(Call) -> Fault + Send + 'static,
    ) -> Self {
        Self { inner, script: Script { plan: Mutex::new(Box::new(plan)), crashed } }
    }

    async fn through<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, TableError>>,
    ) -> Result<T, TableError> {
        match self.script.next(call) {
            Fault::None => work.await,
            Fault::Throttle => Err(TableError::Throttled),
            Fault::Conflict => Err(TableError::Conflict),
            Fault::Reject => Err(TableError::Rejected("it is not allowed".into())),
            Fault::LoseReply => {
                work.await?;
                Err(TableError::Unavailable("the answer was lost".into()))
            }
            Fault::CrashBefore => self.script.stop().await,
            Fault::CrashAfter => {
                let _ = work.await;
                self.script.stop().await
            }
        }
    }
}

#[async_trait]
impl Table for FaultyTable {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        self.through(Call::Get, self.inner.get_items(keys)).await
    }

    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        self.through(Call::Query, self.inner.query_items(query)).await
    }

    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        self.through(Call::Write, self.inner.write_items(ops)).await
    }
}

/// Message services that fault by plan.
pub struct FaultyMail {
    inner: Arc<dyn Mail>,
    script: Script,
}

impl FaultyMail {
    /// Over message services; `crashed` is rung when the process stops.
    pub fn over(
        inner: Arc<dyn Mail>,
        crashed: Arc<Notify>,
        plan: impl FnMut(Call) -> Fault + Send + 'static,
    ) -> Self {
        Self { inner, script: Script { plan: Mutex::new(Box::new(plan)), crashed } }
    }
}

#[async_trait]
impl Mail for FaultyMail {
    async fn send(&self, message: &Message, about: &About) -> Result<String, MailError> {
        match self.script.next(Call::Send) {
            Fault::None => self.inner.send(message, about).await,
            Fault::Throttle | Fault::Conflict => Err(MailError::Unavailable("busy".into())),
            Fault::Reject => Err(MailError::Rejected("it is not allowed".into())),
            Fault::LoseReply => {
                self.inner.send(message, about).await?;
                Err(MailError::Unknown("the answer was lost".into()))
            }
            Fault::CrashBefore => self.script.stop().await,
            Fault::CrashAfter => {
                let _ = self.inner.send(message, about).await;
                self.script.stop().await
            }
        }
    }
}

type Meddling = Box<dyn FnOnce(Arc<dyn Table>) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// What somebody else does to the table, between another's reads and their next transaction.
#[derive(Default)]
pub struct Meddler(Mutex<Option<Meddling>>);

impl Meddler {
    /// Does this right before the next transaction.
    pub fn before_the_next_transaction<F>(&self, act: impl FnOnce(Arc<dyn Table>) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        *self.0.lock().expect("nobody panics holding it") = Some(Box::new(|table| Box::pin(act(table))));
    }
}

/// A table that a meddler gets at.
pub struct MeddledTable {
    inner: Arc<dyn Table>,
    meddler: Arc<Meddler>,
}

impl MeddledTable {
    /// Over a table.
    pub fn over(inner: Arc<dyn Table>, meddler: Arc<Meddler>) -> Self {
        Self { inner, meddler }
    }
}

#[async_trait]
impl Table for MeddledTable {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        self.inner.get_items(keys).await
    }

    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        self.inner.query_items(query).await
    }

    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        let act = if ops.len() > 1 {
            self.meddler.0.lock().expect("nobody panics holding it").take()
        } else {
            None
        };
        if let Some(act) = act {
            act(self.inner.clone()).await;
        }
        self.inner.write_items(ops).await
    }
}
