//! A stage to replay the events of `events/` on: every function composed as for Lambda, in one process, over a table of
//! its own. The clock stands where each event says it was sent, and ids and chance are always the same, so that the
//! events can name what earlier ones made.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use nots_core::{
    Timestamp,
    announce::Announcement,
    ports::{Clock, Events, Ids, KeysError, PublishError, RawPage, Reply, SigningKeys, Table, TableError},
    table::{Item, Op, RawKey, RawQuery},
};
use nots_lambda::{Invoke, InvokeError, Origins, authorizer_service, invocable, schedule_service};
use nots_local::{
    functions::{self, Ports},
    gateway::Gateway,
};
use nots_maps::KeptMaps;
use nots_testkit::World;
use serde_json::Value;
use uuid::Uuid;

use super::scripted::Scripted;

/// The user pool whose tokens stand in `events/`. Its private key was thrown away when they had been signed.
const JWKS: &str = include_str!("jwks.json");
const ISSUER: &str = "https://cognito-idp.eu-west-2.amazonaws.com/eu-west-2_AbCdEfGhI";
const CLIENT: &str = "1h57kf5cpq17m0eml12example";
/// What a quote of 10:00, and so its booking and payment, is called; of another time, its first twelve digits are.
const ID: Uuid = Uuid::from_u128(0x0193_aadc_8900_7c3e_9f2a_5b6c_7d8e_9f10);
/// What makes the reference NOTS-7K3M9Q.
const CHANCE: u64 = 516_457_415;

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a folder, sorted.
pub(crate) fn names_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// One event of `events/` and its sidecar, which says what comes of it.
pub(crate) struct Case {
    /// `quotes-calculator/station-to-harbour`.
    pub(crate) name: String,
    pub(crate) event: Value,
    pub(crate) expect: Value,
}

impl Case {
    pub(crate) fn named(name: &str) -> Self {
        let read = |ending: &str| {
            let path = root().join(format!("events/{name}{ending}"));
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}{ending}: {error}"));
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}{ending}: {error}"))
        };
        Self { name: name.to_owned(), event: read(".json"), expect: read(".expect.json") }
    }

    /// Every case of a function.
    pub(crate) fn all_of(function: &str) -> Vec<Self> {
        let names = names_in(&format!("events/{function}"));
        let events = names.iter().filter(|name| !name.ends_with(".expect.json"));
        events
            .map(|name| Self::named(&format!("{function}/{}", name.strip_suffix(".json").expect("JSON"))))
            .collect()
    }

    fn function(&self) -> &str {
        self.name.split('/').next().expect("a function")
    }

    /// When the event was sent, by its own account.
    fn sent(&self) -> i64 {
        let text = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok());
        let of_record = |record: &Value| {
            let queued = record.pointer("/attributes/SentTimestamp").and_then(text).map(|ms| ms / 1_000);
            let written = record.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_f64);
            queued.or(written.map(|seconds| seconds as i64))
        };
        // What a schedule sends says it in words.
        if let Some(time) = self.event["time"].as_str() {
            return time.parse::<jiff::Timestamp>().expect("a time").as_second();
        }
        match self.event.pointer("/requestContext/requestTimeEpoch").and_then(Value::as_i64) {
            Some(milliseconds) => milliseconds / 1_000,
            None => {
                self.event["Records"].as_array().into_iter().flatten().filter_map(of_record).max().unwrap()
            }
        }
    }
}

/// Where the events play.
pub(crate) struct Stage {
    pub(crate) world: World,
    clock: Arc<StoppedClock>,
    published: Arc<Published>,
    asked: Arc<Asked>,
    stripe: Arc<Scripted>,
    functions: BTreeMap<String, Invoke>,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let clock = Arc::new(StoppedClock(AtomicI64::new(0)));
        let (published, asked) = (Arc::new(Published::default()), Arc::new(Asked::default()));
        let stripe = Arc::new(Scripted::default());
        let ports = Ports {
            clock: clock.clone(),
            ids: Arc::new(AlwaysTheSame),
            payments: stripe.clone(),
            events: published.clone(),
            ..world.platform.ports.clone()
        };
        let functions = compose(&ports, &asked);
        Self { world, clock, published, asked, stripe, functions }
    }

    /// A stage on which everything that a case comes after has been played; or what did not go as it should.
    pub(crate) async fn before(case: &Case) -> Result<Self, String> {
        let stage = Self::new().await;
        for earlier in case.expect["after"].as_array().into_iter().flatten() {
            let earlier = Case::named(earlier.as_str().expect("a case"));
            let answer = stage
                .play(&earlier)
                .await
                .map_err(|error| format!("before it, {}: {error}", earlier.name))?;
            let differences = differences(&earlier.expect["answer"], &answer);
            if !differences.is_empty() {
                return Err(format!("before it, {}: {}", earlier.name, differences.join(", ")));
            }
        }
        stage.published.0.lock().unwrap().clear();
        Ok(stage)
    }

    /// Sends a case's event down the path that Lambda's go. An HTTP answer's body is read as JSON.
    pub(crate) async fn play(&self, case: &Case) -> Result<Value, InvokeError> {
        self.clock.0.store(case.sent(), Ordering::SeqCst);
        self.stripe.says(&case.expect["stripe"]);
        self.invoke(case.function(), &case.event).await
    }

    /// The same for an event that is in no file, when the clock stands already.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Result<Value, InvokeError> {
        let function =
            self.functions.get(function).unwrap_or_else(|| panic!("{function} is not composed here"));
        let mut answer: Value = serde_json::from_slice(&function(event.to_string().into_bytes()).await?)?;
        if let Some(body) = answer.get_mut("body")
            && let Some(json) = body.as_str().and_then(|text| serde_json::from_str(text).ok())
        {
            *body = json;
        }
        Ok(answer)
    }

    /// Ids of the events published, in order.
    pub(crate) fn published(&self) -> Vec<String> {
        self.published.0.lock().unwrap().clone()
    }

    /// Sort keys of the history that is in the table.
    pub(crate) fn history(&self) -> Vec<String> {
        let sort_key = |key: String| key.split_once(" / ").map(|(_, sort)| sort.to_owned());
        let keys = self.world.table().into_keys().filter_map(sort_key);
        keys.filter(|sort| sort.starts_with("HISTORY#")).collect()
    }

    /// An item's `Data` in plain words, by its keys; null when it is not there.
    pub(crate) fn data(&self, key: &str) -> Value {
        self.world.table().get(key).map_or(Value::Null, |item| crate::seed::plain(&item["Data"]))
    }

    /// What each function has asked of the table, as `dynamodb:GetItem Table`, `dynamodb:Query Table/index/GSI1`.
    pub(crate) fn asked(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.asked.0.lock().unwrap().clone()
    }

    /// Every function that is composed here.
    pub(crate) fn functions(&self) -> Vec<String> {
        self.functions.keys().cloned().collect()
    }
}

/// Every function, over these ports, each with an ear at its table.
fn compose(p: &Ports, asked: &Arc<Asked>) -> BTreeMap<String, Invoke> {
    let overheard = |function: &'static str| -> Ports {
        let table = Overheard { inner: p.table.clone(), function, asked: asked.clone() };
        let table: Arc<dyn Table> = Arc::new(table);
        // On Lambda the map asks the table too, where a provider stands behind it.
        let maps = Arc::new(KeptMaps::over(p.maps.clone(), table.clone(), p.clock.clone()));
        Ports { table, maps, ..p.clone() }
    };
    let clients = vec![CLIENT.to_owned()];
    let verifier =
        authorizer::TokenAuthorizer::new(Arc::new(PublicKeys), p.clock.clone(), ISSUER.to_owned(), clients);
    let authorizer = invocable(authorizer_service(Arc::new(verifier)));
    let gateway = Gateway::new(p.clock.clone(), Origins::default(), authorizer.clone());
    let gateway = functions::mount(gateway, overheard);
    let routed = gateway.routes().map(|route| (route.function.to_owned(), gateway.function(route.function)));
    let mut all: BTreeMap<_, _> =
        routed.map(|(name, function)| (name, function.expect("mounted").clone())).collect();
    all.insert("authorizer".to_owned(), authorizer);
    all.insert("events-relay".to_owned(), functions::relay(&overheard("events-relay")));
    let sender = functions::sender(&overheard("notifications-send"));
    all.insert("notifications-send".to_owned(), sender.expect("templates"));
    all.insert("payments-settle".to_owned(), functions::settler(&overheard("payments-settle")));
    let reconciler = functions::reconciler(&overheard("payments-reconcile"));
    all.insert("payments-reconcile".to_owned(), invocable(schedule_service(Arc::new(reconciler))));
    all.insert("payments-sweep".to_owned(), functions::sweeper(&overheard("payments-sweep")));
    all
}

/// What an answer lacks of what is expected of it: every member named must be there, lists must be as long, and
/// members that are not named may be anything.
pub(crate) fn differences(expected: &Value, found: &Value) -> Vec<String> {
    let mut all = Vec::new();
    compare("", expected, found, &mut all);
    all
}

fn compare(at: &str, expected: &Value, found: &Value, into: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(members), Value::Object(_)) => {
            for (name, value) in members {
                compare(&format!("{at}/{name}"), value, &found[name], into);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (place, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{at}/{place}"), a, b, into);
            }
        }
        (expected, found) if expected == found => {}
        (expected, found) => into.push(format!("{at} should be {expected}, is {found}")),
    }
}

struct StoppedClock(AtomicI64);

#[async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::new(self.0.load(Ordering::SeqCst)).expect("an event says when it was sent")
    }

    async fn pause(&self, _: Duration) {}
}

struct AlwaysTheSame;

impl Ids for AlwaysTheSame {
    fn uuid(&self, at: Timestamp) -> Uuid {
        let milliseconds = u128::try_from(at.seconds()).expect("after 1970") * 1_000;
        Uuid::from_u128(milliseconds << 80 | ID.as_u128() & ((1 << 80) - 1))
    }

    fn random(&self) -> u64 {
        CHANCE
    }
}

struct PublicKeys;

#[async_trait]
impl SigningKeys for PublicKeys {
    async fn fetch(&self) -> Result<String, KeysError> {
        Ok(JWKS.to_owned())
    }
}

#[derive(Default)]
struct Published(Mutex<Vec<String>>);

#[async_trait]
impl Events for Published {
    async fn publish(&self, what: &Announcement) -> Result<(), PublishError> {
        self.0.lock().unwrap().push(what.id.clone());
        Ok(())
    }
}

#[derive(Default)]
struct Asked(Mutex<BTreeMap<String, BTreeSet<String>>>);

/// A table that notes which of DynamoDB's actions each function needs.
struct Overheard {
    inner: Arc<dyn Table>,
    function: &'static str,
    asked: Arc<Asked>,
}

impl Overheard {
    fn note(&self, action: &str, resource: &str) {
        let mut asked = self.asked.0.lock().unwrap();
        let of_function = asked.entry(self.function.to_owned()).or_default();
        of_function.insert(format!("dynamodb:{action} {resource}"));
    }
}

#[async_trait]
impl Table for Overheard {
    async fn get_items(&self, keys: Vec<RawKey>) -> Result<Reply<HashMap<RawKey, Item>>, TableError> {
        self.note(if keys.len() == 1 { "GetItem" } else { "BatchGetItem" }, "Table");
        self.inner.get_items(keys).await
    }

    async fn query_items(&self, query: RawQuery) -> Result<Reply<RawPage>, TableError> {
        let resource = query.index.map_or("Table".to_owned(), |index| format!("Table/index/{index}"));
        self.note("Query", &resource);
        self.inner.query_items(query).await
    }

    async fn write_items(&self, ops: Vec<Op>) -> Result<Reply<()>, TableError> {
        for op in &ops {
            let action = match op {
                Op::Put { .. } => "PutItem",
                Op::Delete { .. } => "DeleteItem",
                Op::Check { .. } => "ConditionCheckItem",
            };
            self.note(action, "Table");
        }
        self.inner.write_items(ops).await
    }
}

/// The set of keys of a JSON value, those of objects within objects as `requestContext/identity`.
pub(crate) fn keys(value: &Value, under: &[&str]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        all.insert(name.clone());
        if under.contains(&name.as_str()) {
            all.extend(keys(value, under).into_iter().map(|inner| format!("{name}/{inner}")));
        }
    }
    all
}

/// For a test that changes an event: the member at a JSON pointer.
pub(crate) fn set(event: &mut Value, pointer: &str, value: Value) {
    *event.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
}
