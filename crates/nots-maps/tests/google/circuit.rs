//! What a customer gets while the provider is down, on a clock that stands.

use std::{
    cell::RefCell,
    io::Write,
    sync::{Arc, Once},
};

use nots_core::{
    journey::{Leg, Source},
    ports::{Maps, MapsError},
};
use nots_maps::{Circuit, EmbeddedMaps, FAILURES, Fault, REST};

use crate::{Around, Google, KEY, Say, way};

const FOUND: Say = Say::File(200, "route");
const DOWN: Say = Say::Text(500, "");
const ADDRESS: &str = "12 Acacia Avenue, Poole";

struct Stage {
    google: Google,
    around: Arc<Around>,
    circuit: Circuit,
}

impl Stage {
    /// Tries once, so that what is heard is what is let through.
    async fn with(script: impl IntoIterator<Item = Say>) -> Self {
        let google = Google::says(script).await;
        let (maps, around) = google.maps();
        let once = nots_maps::Patience { tries: 1, ..crate::patient() };
        let circuit = Circuit::around(Arc::new(maps.with_patience(once)), around.clone());
        Self { google, around, circuit }
    }

    async fn drive(&self) -> Leg {
        self.circuit.drive(&way()).await.unwrap()
    }
}

async fn estimate() -> Leg {
    EmbeddedMaps.drive(&way()).await.unwrap()
}

#[tokio::test]
async fn a_price_is_never_refused_because_google_is_down() {
    for say in [
        DOWN,
        Say::File(429, "quota"),
        Say::File(403, "key_missing"),
        Say::File(400, "invalid_argument"),
        Say::File(200, "no_route"),
        Say::Text(200, "{"),
        Say::Text(200, r#"{"routes":[{"distanceMeters":9000,"duration":"1311s"}]}"#),
    ] {
        let stage = Stage::with([say]).await;
        assert_eq!(stage.drive().await, estimate().await);
        assert_eq!(stage.google.times(), 1);
    }
    let stage = Stage::with([FOUND]).await;
    assert_eq!(stage.drive().await.source, Source::Google);
}

#[tokio::test]
async fn after_three_failures_google_rests_and_is_tried_again_by_one() {
    let script = [DOWN, DOWN, DOWN, DOWN, FOUND, FOUND];
    let stage = Stage::with(script).await;
    for _ in 0..FAILURES + 5 {
        assert_eq!(stage.drive().await.source, Source::Estimate);
    }
    assert_eq!(stage.google.times(), 3, "and then it is left in peace");
    stage.around.later(i64::from(REST) - 1);
    stage.drive().await;
    assert_eq!(stage.google.times(), 3);

    stage.around.later(1);
    for _ in 0..5 {
        assert_eq!(stage.drive().await.source, Source::Estimate);
    }
    assert_eq!(stage.google.times(), 4, "one trial, which failed");

    stage.around.later(i64::from(REST));
    for _ in 0..2 {
        assert_eq!(stage.drive().await.source, Source::Google);
    }
    assert_eq!(stage.google.times(), 6, "a trial that went well, and it is as before");
}

#[tokio::test]
async fn failures_count_in_a_row_only() {
    let stage = Stage::with([DOWN, DOWN, FOUND, DOWN, DOWN, FOUND]).await;
    let mut sources = vec![];
    for _ in 0..6 {
        sources.push(stage.drive().await.source);
    }
    let (google, estimate) = (Source::Google, Source::Estimate);
    assert_eq!(sources, [estimate, estimate, google, estimate, estimate, google]);
}

#[tokio::test]
async fn one_request_s_own_fault_keeps_nobody_else_from_asking() {
    let own = [
        Say::File(400, "invalid_argument"),
        Say::File(200, "no_route"),
        Say::Text(200, r#"{"routes":[{"distanceMeters":9000,"duration":"1311s"}]}"#),
    ];
    let stage = Stage::with(own.into_iter().cycle().take(9).chain([FOUND])).await;
    for _ in 0..9 {
        assert_eq!(stage.drive().await.source, Source::Estimate);
    }
    assert_eq!(stage.drive().await.source, Source::Google);
}

#[tokio::test]
async fn of_many_at_once_one_is_the_trial() {
    let stage = Stage::with([DOWN, DOWN, DOWN, Say::Nothing, FOUND]).await;
    for _ in 0..3 {
        stage.drive().await;
    }
    stage.around.later(i64::from(REST));
    // The trial never hears of its answer: whoever asked is gone.
    let google = stage.google.clone();
    tokio::select! {
        _ = stage.drive() => panic!("nobody answers it"),
        () = async { while google.times() < 4 { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(stage.drive().await.source, Source::Estimate);
    assert_eq!(stage.google.times(), 4, "the trial is still out");
    stage.around.later(i64::from(REST));
    assert_eq!(stage.drive().await.source, Source::Google, "and is not waited for for ever");
}

fn is_done_without(error: &MapsError) -> bool {
    matches!(error.0.downcast_ref(), Some(Fault::DoneWithout))
}

#[tokio::test]
async fn the_gazetteer_is_asked_first_and_google_for_what_it_does_not_know() {
    let stage = Stage::with([Say::File(200, "place"), DOWN, DOWN, DOWN]).await;
    let heathrow = stage.circuit.locate("LHR T5").await.unwrap();
    assert_eq!(heathrow, EmbeddedMaps.locate("LHR T5").await.unwrap());
    assert_eq!(stage.google.times(), 0);
    let street = stage.circuit.locate(ADDRESS).await.unwrap().unwrap();
    assert_eq!((street.address.as_str(), f64::from(street.at.latitude)), (ADDRESS, 50.7251234));
    for _ in 0..5 {
        let error = stage.circuit.locate(ADDRESS).await.unwrap_err();
        assert!(is_done_without(&error), "not guessed while Google is down, nor called unknown");
    }
    assert_eq!(stage.google.times(), 4, "and then left in peace");
    assert!(stage.circuit.locate("LHR T5").await.unwrap().is_some());
}

#[tokio::test]
async fn places_and_drives_rest_each_by_itself() {
    // A key that is good for one of the two APIs only.
    let denied = Say::File(200, "request_denied");
    let stage = Stage::with([denied, FOUND, denied, FOUND, denied, FOUND, FOUND]).await;
    for _ in 0..4 {
        assert!(is_done_without(&stage.circuit.locate(ADDRESS).await.unwrap_err()));
        assert_eq!(stage.drive().await.source, Source::Google);
    }
    assert_eq!(stage.google.times(), 7);
}

thread_local! {
    static OVERHEARD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
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

/// Listens to all that this test's thread logs, at the level that the template sets.
fn overhear() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        tracing_subscriber::fmt().json().with_max_level(tracing::Level::INFO).with_writer(|| Ear).init();
        tracing::callsite::rebuild_interest_cache();
    });
}

#[tokio::test]
async fn the_log_says_why_and_not_where() {
    overhear();
    let stage = Stage::with([
        Say::File(200, "request_denied"),
        DOWN,
        Say::File(403, "key_missing"),
        Say::File(400, "key_invalid"),
        FOUND,
        Say::File(400, "invalid_argument"),
    ])
    .await;
    stage.circuit.locate(ADDRESS).await.unwrap_err();
    for _ in 0..FAILURES {
        stage.drive().await;
    }
    stage.around.later(i64::from(REST));
    stage.drive().await;
    stage.drive().await;
    let text = OVERHEARD.with_borrow(|bytes| String::from_utf8_lossy(bytes).into_owned());
    for said in [
        "the key is refused: REQUEST_DENIED",
        "the key is refused: 400 INVALID_ARGUMENT API_KEY_INVALID",
        "maps_denied",
        "Stopped asking the map provider for a while",
        "The map provider answers again",
        "the request is not taken: 400 INVALID_ARGUMENT",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(text.matches("maps_denied").count(), 1, "when it is given up, not each time: {text}");
    for private in ["Acacia", "50.7", "-1.8", KEY, "127.0.0.1"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}
