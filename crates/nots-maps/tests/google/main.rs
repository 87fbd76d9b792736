//! The provider against answers on loopback in the shapes of Google's reference: what is sent, how each answer is
//! understood, and what a customer gets while it is down.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod circuit;
mod geocode;
mod routes;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use nots_core::{
    Timestamp,
    geo::Coordinates,
    journey::Way,
    ports::{Cause, Clock, Ids, MapsError, Secret},
};
use nots_maps::{Fault, GoogleMaps, Patience};
use uuid::Uuid;

/// 10 December 2024, 14:50 UTC.
const PICKUP: i64 = 1_733_842_200;
const KEY: &str = "AIzaSyTheFirstKey";

/// What the server says next.
#[derive(Clone, Copy)]
enum Say {
    /// A status, and a file of `answers/`.
    File(u16, &'static str),
    Text(u16, &'static str),
    /// A redirect to itself.
    Elsewhere,
    /// Nothing, for ever.
    Nothing,
    /// More than anybody reads.
    TooMuch,
}

#[derive(Clone, Default)]
struct Google {
    script: Arc<Mutex<VecDeque<Say>>>,
    heard: Arc<Mutex<Vec<String>>>,
    host: String,
}

impl Google {
    /// Listens on a free port, answers from the script and keeps what it heard.
    async fn says(script: impl IntoIterator<Item = Say>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let server =
            Self { script: Arc::new(Mutex::new(script.into_iter().collect())), host, ..Self::default() };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// What was asked, each as request line, the headers that matter, and body.
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    fn times(&self) -> usize {
        self.heard().len()
    }

    /// The adapter, at this server, and the world around it.
    fn maps(&self) -> (GoogleMaps, Arc<Around>) {
        let around = Arc::new(Around::default());
        let maps = GoogleMaps::new(around.clone(), around.clone(), around.clone()).unwrap();
        (maps.at(&self.host).with_patience(patient()), around)
    }
}

/// Loopback answers at once, so only a server that says nothing runs into these.
fn patient() -> Patience {
    let long = Duration::from_secs(20);
    Patience { per_try: long, place: long, drive: long, tries: 2, pause: Duration::from_millis(50) }
}

async fn answer(State(server): State<Google>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 100_000).await.unwrap();
    let mut lines = vec![format!("{} {}", head.method, head.uri)];
    for name in ["content-type", "x-goog-api-key", "x-goog-fieldmask"] {
        if let Some(value) = head.headers.get(name) {
            lines.push(format!("{name}: {}", value.to_str().unwrap()));
        }
    }
    if !body.is_empty() {
        lines.push(String::from_utf8(body.to_vec()).unwrap());
    }
    server.heard.lock().unwrap().push(lines.join("\n"));
    let next = server.script.lock().unwrap().pop_front();
    let status = |status: u16| StatusCode::from_u16(status).unwrap();
    match next {
        Some(Say::File(code, file)) => (status(code), file_of(file)).into_response(),
        Some(Say::Text(code, body)) => (status(code), body).into_response(),
        Some(Say::Elsewhere) => (status(302), [("location", server.host.clone())], "").into_response(),
        Some(Say::Nothing) => std::future::pending().await,
        Some(Say::TooMuch) => " ".repeat(2_000_000).into_response(),
        None => (StatusCode::IM_A_TEAPOT, "the script has ended").into_response(),
    }
}

fn file_of(name: &str) -> String {
    let path = format!("{}/tests/google/answers/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// Clock, chance and secret of a test. The clock stands two hours before the pickup, and a pause takes no time.
struct Around {
    now: AtomicI64,
    pauses: Mutex<Vec<Duration>>,
    /// The key that is kept, the key as it is now, and how often it was asked for.
    key: Mutex<(&'static str, &'static str, u32)>,
}

impl Default for Around {
    fn default() -> Self {
        Self { now: AtomicI64::new(PICKUP - 7_200), pauses: Mutex::default(), key: Mutex::new((KEY, KEY, 0)) }
    }
}

impl Around {
    fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    fn paused(&self) -> usize {
        self.pauses.lock().unwrap().len()
    }
}

#[async_trait]
impl Clock for Around {
    fn now(&self) -> Timestamp {
        Timestamp::new(self.now.load(Ordering::SeqCst)).unwrap()
    }

    async fn pause(&self, time: Duration) {
        self.pauses.lock().unwrap().push(time);
    }
}

impl Ids for Around {
    fn uuid(&self, _: Timestamp) -> Uuid {
        Uuid::nil()
    }

    fn random(&self) -> u64 {
        1_049
    }
}

#[async_trait]
impl Secret for Around {
    async fn get(&self) -> Result<String, Cause> {
        Ok(format!("{}\n", self.key.lock().unwrap().0))
    }

    async fn refresh(&self) -> Result<String, Cause> {
        let mut key = self.key.lock().unwrap();
        key.0 = key.1;
        key.2 += 1;
        Ok(format!("{}\n", key.0))
    }
}

fn at(latitude: f64, longitude: f64) -> Coordinates {
    Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() }
}

/// From Bournemouth station to Poole Harbour.
fn way() -> Way {
    let departing = Timestamp::new(PICKUP).unwrap();
    Way { from: at(50.7260, -1.8782), via: vec![], to: at(50.7122, -2.0053), departing }
}

fn fault(error: &MapsError) -> &Fault {
    error.0.downcast_ref().unwrap()
}
