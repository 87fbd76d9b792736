//! The platform: everything started, on ports that are free or asked for.

use std::{
    fs::{File, TryLockError},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;
use nots_aws::LocalDynamo;
use nots_core::{
    ports::{Cause, Clock, Events, Ids, Mail, Payments, Secret, Table},
    table::Shards,
};
use nots_lambda::RandomIds;
use nots_maps::EmbeddedMaps;
use nots_stripe::{StripeNotices, StripePayments};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify},
};

use crate::{
    background::{Background, Progress},
    bus::LocalBus,
    clock::PlatformClock,
    demo_data,
    dynamo::{Dynamo, TABLE},
    functions::{self, Ports},
    gateway::Gateway,
    meter::{Meter, Metered},
    outbox::Outbox,
    routes, s3, stripe,
    stripe::StripeStandIn,
    tokens::TokenIssuer,
};

/// A wrapper around a port, for whoever wants to count, delay, fail or lose an answer.
pub type Wrap<P> = Box<dyn FnOnce(Arc<P>) -> Arc<P> + Send>;

/// How a platform is to be started.
#[derive(Default)]
pub struct Options {
    /// Of the API; 0 for any free one.
    pub port: u16,
    /// Of DynamoDB; 0 for any free one.
    pub dynamodb_port: u16,
    /// Of S3; 0 for any free one.
    pub s3_port: u16,
    /// Where data is kept; in memory without it.
    pub data: Option<PathBuf>,
    /// Without the demonstration's tariff, drivers and vehicles.
    pub empty: bool,
    /// Whether nothing runs by itself: whoever started it calls [`Platform::settle`].
    pub by_hand: bool,
    /// Over how many shards busy partitions are spread; in one piece without it.
    pub shards: Option<Shards>,
    /// Around the table.
    pub wrap_table: Option<Wrap<dyn Table>>,
    /// Around the card processor.
    pub wrap_payments: Option<Wrap<dyn Payments>>,
    /// Around the event bus.
    pub wrap_events: Option<Wrap<dyn Events>>,
    /// Around the message services.
    pub wrap_mail: Option<Wrap<dyn Mail>>,
}

/// A platform that runs.
pub struct Platform {
    /// Its clock.
    pub clock: Arc<PlatformClock>,
    /// Its front door.
    pub gateway: Arc<Gateway>,
    /// What it has sent.
    pub outbox: Arc<Outbox>,
    /// Who signs its tokens.
    pub tokens: Arc<TokenIssuer>,
    /// Its event bus and queue.
    pub bus: Arc<LocalBus>,
    /// Its ports, as its functions have them.
    pub ports: Ports,
    /// What its table is asked and what that costs.
    pub meter: Arc<Meter>,
    /// Where the API is.
    pub api: SocketAddr,
    /// Where DynamoDB is.
    pub dynamodb: SocketAddr,
    /// Where S3 is.
    pub s3: SocketAddr,
    background: Arc<Background>,
    tasks: std::sync::Mutex<Vec<tokio::task::JoinHandle<()>>>,
    // Goes last, with the folder it borrowed.
    _buckets: s3::Buckets,
    _lock: Option<File>,
}

struct Fixed(&'static str);

#[async_trait]
impl Secret for Fixed {
    async fn get(&self) -> Result<String, Cause> {
        Ok(self.0.to_owned())
    }
}

/// Takes a data folder for this process alone.
pub(crate) fn lock(folder: &Path) -> Result<File, Cause> {
    let told = |error: std::io::Error| format!("{} cannot be used for data: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(told)?;
    let file = File::create(folder.join("lock")).map_err(told)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(format!("{} is in use by another platform", folder.display()).into())
        }
        Err(TryLockError::Error(error)) => Err(told(error).into()),
    }
}

/// Says which file an error is about.
fn about<T>(file: Option<&Path>, outcome: Result<T, impl Into<Cause>>) -> Result<T, Cause> {
    outcome.map_err(|error| match file {
        Some(file) => format!("{}: {}", file.display(), error.into()).into(),
        None => error.into(),
    })
}

async fn listen(port: u16) -> Result<TcpListener, Cause> {
    let bound = TcpListener::bind(("127.0.0.1", port)).await;
    bound.map_err(|error| format!("port {port} cannot be used: {error}; choose another").into())
}

impl Platform {
    /// Starts everything.
    ///
    /// # Errors
    /// When a port is taken, the data cannot be used, or the table does not answer.
    pub async fn start(options: Options) -> Result<Arc<Self>, Cause> {
        let kept = |name: &str| options.data.as_ref().map(|dir| dir.join(name));
        let lock = options.data.as_deref().map(lock).transpose()?;
        let (api, dynamodb_listener, s3_listener) = (
            listen(options.port).await?,
            listen(options.dynamodb_port).await?,
            listen(options.s3_port).await?,
        );
        let (api_at, dynamodb, s3_at) =
            (api.local_addr()?, dynamodb_listener.local_addr()?, s3_listener.local_addr()?);

        let clock = Arc::new(PlatformClock::open(kept("clock")));
        let file = kept("table.sqlite");
        let dynamo = about(file.as_deref(), Dynamo::open(file.as_deref(), clock.clone()))?;
        let mut tasks = vec![dynamo.serve(dynamodb_listener)];
        let local = LocalDynamo::at(&format!("http://{dynamodb}"));
        local.create(TABLE).await?;
        let meter = Arc::new(Meter::default());
        // Counted outside the shards: queries side by side are one round trip.
        let table = options.shards.unwrap_or(Shards::ONE).over(Arc::new(local.table(TABLE)));
        let table: Arc<dyn Table> = Arc::new(Metered::over(table, meter.clone()));
        if options.empty {
            demo_data::plant_settings(table.as_ref(), clock.now()).await?;
        } else {
            demo_data::plant(table.as_ref(), clock.now()).await?;
        }

        let buckets = s3::Buckets::open(kept("s3"))?;
        tasks.push(s3::serve(s3_listener, &buckets)?);

        let file = kept("stripe.json");
        let pages = format!("http://{api_at}/local/stripe/checkout");
        let stripe = about(file.as_deref(), StripeStandIn::open(clock.clone(), file.clone(), pages))?;
        let stripe_listener = listen(0).await?;
        let stripe_url = format!("http://{}/", stripe_listener.local_addr()?);
        tasks.push(serve(stripe_listener, stripe.api()));

        let outbox = Arc::new(Outbox::open(kept("outbox.jsonl")));
        let bus = Arc::new(LocalBus::new(clock.clone()));
        let file = kept("signing-key.pem");
        let tokens = Arc::new(about(file.as_deref(), TokenIssuer::open(file.as_deref()))?);
        let payments: Arc<dyn Payments> =
            Arc::new(StripePayments::new(Arc::new(Fixed(stripe::API_KEY)), Some(&stripe_url)));
        let ports = Ports {
            table: wrapped(options.wrap_table, table),
            clock: clock.clone(),
            ids: Arc::new(RandomIds::default()) as Arc<dyn Ids>,
            maps: Arc::new(EmbeddedMaps),
            payments: wrapped(options.wrap_payments, payments),
            notices: Arc::new(StripeNotices::new(Arc::new(Fixed(stripe::SIGNING_SECRET)))),
            events: wrapped(options.wrap_events, bus.clone()),
            mail: wrapped(options.wrap_mail, outbox.clone()),
        };
        let authorizer = functions::authorizer(tokens.clone(), clock.clone());
        let gateway = Gateway::new(clock.clone(), functions::origins(), authorizer);
        let gateway = Arc::new(functions::mount(gateway, |_| ports.clone()));
        let bell = Arc::new(Notify::new());
        let position = kept("stream-position");
        let stream = position.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
        let background = Arc::new(Background {
            clock: clock.clone(),
            dynamo,
            relay: functions::relay(&ports),
            bus: bus.clone(),
            sender: functions::sender(&ports)?,
            settler: functions::settler(&ports),
            sweeper: functions::sweeper(&ports),
            reconciler: nots_lambda::invocable(nots_lambda::schedule_service(Arc::new(
                functions::reconciler(&ports),
            ))),
            stripe: stripe.clone(),
            gateway: gateway.clone(),
            at: Mutex::new(Progress {
                kept: stream.clone(),
                stream,
                swept: clock.now(),
                ended: clock.now(),
                reconciled: clock.now(),
                aside: Vec::new(),
            }),
            position,
            bell,
        });
        if !options.by_hand {
            tasks.push(tokio::spawn(background.clone().run()));
        }
        let _ = meter.take();
        let platform = Arc::new(Self {
            clock,
            gateway,
            outbox,
            tokens,
            bus,
            ports,
            meter,
            api: api_at,
            dynamodb,
            s3: s3_at,
            background,
            tasks: std::sync::Mutex::new(tasks),
            _buckets: buckets,
            _lock: lock,
        });
        // From here on it answers.
        let serving = serve(api, routes::router(Arc::downgrade(&platform), &stripe));
        platform.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(serving);
        Ok(platform)
    }

    /// Works until nothing is left that can be done now.
    pub async fn settle(&self) {
        self.background.settle().await;
    }

    /// The database engine itself.
    pub(crate) fn engine(&self) -> &Dynamo {
        &self.background.dynamo
    }

    /// Every item of the table as DynamoDB's JSON, by key: for a person, or a test, to look at.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn dump(&self) -> Result<Vec<serde_json::Value>, Cause> {
        self.background.dynamo.dump()
    }

    /// Every record of the table's stream, as Lambda receives them.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn stream(&self) -> Result<Vec<serde_json::Value>, Cause> {
        let mut from = self.background.dynamo.stream_start()?;
        let mut all = Vec::new();
        loop {
            let read = self.background.dynamo.stream_records(&from, 1_000)?;
            if read.records.is_empty() {
                return Ok(all);
            }
            all.extend(read.records);
            from = read.next.unwrap_or(from);
        }
    }

    /// The relay and the sender, to be handed batches as Lambda hands them.
    #[must_use]
    pub fn consumers(&self) -> (nots_lambda::Invoke, nots_lambda::Invoke) {
        (self.background.relay.clone(), self.background.sender.clone())
    }

    /// Rings for the background to look.
    pub fn ring(&self) {
        self.background.bell.notify_one();
    }

    /// Moves the clock on and does what fell due.
    ///
    /// # Errors
    /// When the clock cannot be kept.
    pub async fn advance(&self, seconds: u32) -> std::io::Result<nots_core::Timestamp> {
        let now = self.clock.advance(seconds)?;
        self.settle().await;
        Ok(now)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            task.abort();
        }
    }
}

fn wrapped<P: ?Sized>(wrap: Option<Wrap<P>>, port: Arc<P>) -> Arc<P> {
    match wrap {
        Some(wrap) => wrap(port),
        None => port,
    }
}

fn serve(listener: TcpListener, router: axum::Router) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "Stopped serving");
        }
    })
}
