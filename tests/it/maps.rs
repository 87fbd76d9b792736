//! A provider's drives and places, kept in a real table: what is read, written and given again, and what never is.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use nots_core::{
    Timestamp, access,
    entity::Settings,
    geo::{Coordinates, Place},
    journey::{Leg, Source, Way},
    ports::{Clock, Maps, MapsError, Table},
    table::{Stored, attr},
};
use nots_maps::{Circuit, KeptMaps, REST};
use nots_testkit::{Call, Fault, FaultyTable, World};
use serde_dynamo::AttributeValue;
use serde_json::Value;
use tokio::sync::Notify;

const NOW: i64 = 1_733_835_000;

struct StoppedClock(AtomicI64);

#[async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::new(self.0.load(Ordering::SeqCst)).unwrap()
    }

    async fn pause(&self, _: Duration) {}
}

/// Says a metre more each time it is asked how far, and another degree each time it is asked where.
struct Provider {
    asked: AtomicU32,
    source: Source,
    is_down: AtomicBool,
}

#[async_trait]
impl Maps for Provider {
    async fn locate(&self, address: &str) -> Result<Option<Place>, MapsError> {
        let degrees = self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if self.is_down.load(Ordering::SeqCst) {
            return Err(MapsError("it is down".into()));
        }
        let (latitude, longitude) = (f64::from(degrees).try_into().unwrap(), (-1.98).try_into().unwrap());
        let place = Place { address: address.to_owned(), at: Coordinates { latitude, longitude } };
        Ok((!address.contains("Nowhere")).then_some(place))
    }

    async fn drive(&self, _: &Way) -> Result<Leg, MapsError> {
        let metres = 10_000 + self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(Leg { metres, seconds: 1_200, source: self.source, polyline: Some("_p~iF~ps|U".to_owned()) })
    }
}

struct Stage {
    world: World,
    clock: Arc<StoppedClock>,
    provider: Arc<Provider>,
    maps: KeptMaps,
}

impl Stage {
    async fn new(may_be_kept: bool, source: Source) -> Self {
        let world = World::new().await;
        let table = world.platform.ports.table.clone();
        if may_be_kept {
            allow(&*table).await;
        }
        Self::over(world, table, source)
    }

    fn over(world: World, table: Arc<dyn Table>, source: Source) -> Self {
        let clock = Arc::new(StoppedClock(AtomicI64::new(NOW)));
        let provider = Arc::new(Provider { asked: AtomicU32::new(0), source, is_down: false.into() });
        let circuit = Arc::new(Circuit::around(provider.clone(), clock.clone()));
        let maps = KeptMaps::over(circuit, table, clock.clone());
        Self { world, clock, provider, maps }
    }

    async fn metres(&self, way: &Way) -> u32 {
        self.maps.drive(way).await.unwrap().metres
    }

    /// Degrees north of an address, if it is known.
    async fn degrees(&self, address: &str) -> Option<f64> {
        let place = self.maps.locate(address).await.unwrap()?;
        assert_eq!(place.address, address, "in the words of whoever asks");
        Some(place.at.latitude.into())
    }

    fn asked(&self) -> u32 {
        self.provider.asked.load(Ordering::SeqCst)
    }

    /// What is kept.
    fn kept(&self) -> BTreeMap<String, Value> {
        let is_kept = |key: &str| key.starts_with("ROUTE#") || key.starts_with("PLACE#");
        self.world.table().into_iter().filter(|(key, _)| is_kept(key)).collect()
    }
}

/// The operator's terms allow it from now on. No route writes settings yet, so the item is put as an owner would.
async fn allow(table: &dyn Table) {
    let row = table.read(access::settings()).await.unwrap().expect("the demonstration has settings");
    let mut item = row.to_item().unwrap();
    let Some(AttributeValue::M(data)) = item.get_mut("Data") else { panic!("settings without Data") };
    data.insert(
        "maps".to_owned(),
        AttributeValue::M([("answersMayBeKept".to_owned(), AttributeValue::Bool(true))].into()),
    );
    item.insert("Version".to_owned(), attr::number(2));
    let put = nots_core::table::Op::Put {
        entity: "Settings",
        key: access::settings().raw(),
        item,
        spread: Vec::new(),
        condition: nots_core::table::Condition::Unchanged(row.meta.version),
    };
    table.write_items(vec![put]).await.unwrap();
}

const STREET: &str = "12 Acacia Avenue, Poole";
const NOWHERE: &str = "1 Nowhere Lane, Poole";

fn way() -> Way {
    let at = |latitude: f64, longitude: f64| Coordinates {
        latitude: latitude.try_into().unwrap(),
        longitude: longitude.try_into().unwrap(),
    };
    let departing = Timestamp::new(NOW + 7_200).unwrap();
    Way { from: at(50.7260, -1.8782), via: vec![], to: at(50.7122, -2.0053), departing }
}

#[tokio::test]
async fn the_same_way_is_asked_for_once_in_a_quarter_of_an_hour() {
    let stage = Stage::new(true, Source::Google).await;
    let first = stage.maps.drive(&way()).await.unwrap();
    assert_eq!(stage.maps.drive(&way()).await.unwrap(), first, "line, seconds and source too");
    stage.clock.0.store(NOW + 899, Ordering::SeqCst);
    assert_eq!((stage.metres(&way()).await, stage.asked()), (10_000, 1));
    let another = Way { via: vec![way().to], to: way().from, ..way() };
    assert_eq!((stage.metres(&another).await, stage.asked()), (10_001, 2));

    stage.clock.0.store(NOW + 900, Ordering::SeqCst);
    assert_eq!(stage.metres(&way()).await, 10_002, "the item is still there, and is not believed");
    stage.clock.0.store(NOW + 1_799, Ordering::SeqCst);
    assert_eq!((stage.metres(&way()).await, stage.asked()), (10_002, 3), "and was kept anew in its place");

    let item = &stage.kept()["ROUTE#bcceb98595edd8bf966e333f0635c9f1 / METADATA"];
    assert_eq!(item["EntityType"]["S"], "RouteMemo");
    assert_eq!(item["TTL"]["N"], (NOW + 1_800).to_string());
    assert_eq!(item["Version"]["N"], "2");
    let data = &item["Data"]["M"];
    assert_eq!(data["journey"]["M"]["distance"]["M"]["meters"]["N"], "10002");
    assert_eq!(data["journey"]["M"]["source"]["S"], "google");
    assert_eq!(data["journey"]["M"]["route"]["M"]["polyline"]["S"], "_p~iF~ps|U");
}

#[tokio::test]
async fn the_same_address_is_asked_for_once_in_a_quarter_of_an_hour() {
    let stage = Stage::new(true, Source::Google).await;
    assert_eq!(stage.degrees(STREET).await, Some(0.0));
    stage.clock.0.store(NOW + 899, Ordering::SeqCst);
    assert_eq!(stage.degrees("12  ACACIA avenue, Poole").await, Some(0.0));
    assert_eq!(stage.asked(), 1);
    assert_eq!(stage.degrees("14 Acacia Avenue, Poole").await, Some(1.0));

    stage.clock.0.store(NOW + 900, Ordering::SeqCst);
    assert_eq!(stage.degrees(STREET).await, Some(2.0), "the item is still there, and is not believed");
    stage.clock.0.store(NOW + 1_799, Ordering::SeqCst);
    assert_eq!(
        (stage.degrees(STREET).await, stage.asked()),
        (Some(2.0), 3),
        "and was kept anew in its place"
    );

    let item = &stage.kept()["PLACE#465fa518b36c81f73fc5bd589c21758e / METADATA"];
    assert_eq!(item["EntityType"]["S"], "PlaceMemo");
    assert_eq!(item["TTL"]["N"], (NOW + 1_800).to_string());
    assert_eq!(item["Version"]["N"], "2");
    assert_eq!(item["Data"]["M"]["at"]["M"]["latitude"]["N"], "2");
    assert!(!item.to_string().to_lowercase().contains("acacia"), "the address is nowhere in it: {item}");
}

#[tokio::test]
async fn that_an_address_is_not_known_is_kept_and_that_nobody_could_say_is_not() {
    let stage = Stage::new(true, Source::Google).await;
    assert_eq!((stage.degrees(NOWHERE).await, stage.degrees(NOWHERE).await), (None, None));
    assert_eq!((stage.asked(), stage.kept().len()), (1, 1));

    stage.provider.is_down.store(true, Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(stage.degrees(STREET).await, None, "no error: the customer can give coordinates");
    }
    assert_eq!((stage.asked(), stage.kept().len()), (4, 1), "asked until it is left in peace");
    stage.provider.is_down.store(false, Ordering::SeqCst);
    stage.clock.0.store(NOW + i64::from(REST), Ordering::SeqCst);
    assert_eq!(stage.degrees(STREET).await, Some(4.0), "known as soon as it answers again");
}

#[tokio::test]
async fn what_the_gazetteer_knows_is_neither_asked_for_nor_kept() {
    let stage = Stage::new(true, Source::Google).await;
    for _ in 0..2 {
        let heathrow = stage.maps.locate("LHR T5").await.unwrap();
        assert_eq!(heathrow, nots_maps::EmbeddedMaps.locate("LHR T5").await.unwrap());
    }
    assert_eq!((stage.asked(), stage.kept().len()), (0, 0));
}

#[tokio::test]
async fn where_the_terms_do_not_allow_it_nothing_is_kept_and_nothing_kept_is_used() {
    let stage = Stage::new(false, Source::Google).await;
    let settings: Stored<Settings> =
        stage.world.platform.ports.table.read(access::settings()).await.unwrap().expect("settings");
    assert!(!settings.data.maps.answers_may_be_kept, "off, unless an owner says so");
    for metres in 10_000..10_003 {
        assert_eq!(stage.metres(&way()).await, metres);
    }
    for degrees in [3.0, 4.0] {
        assert_eq!(stage.degrees(STREET).await, Some(degrees));
    }
    assert!(stage.kept().is_empty());

    // Kept while it was allowed, and then it no longer is.
    let allowed = Stage::new(true, Source::Google).await;
    allowed.metres(&way()).await;
    allowed.degrees(STREET).await;
    let table = allowed.world.platform.ports.table.clone();
    let mut item = table.read(access::settings()).await.unwrap().expect("settings").to_item().unwrap();
    let Some(AttributeValue::M(data)) = item.get_mut("Data") else { panic!("settings without Data") };
    data.remove("maps");
    let put = nots_core::table::Op::Put {
        entity: "Settings",
        key: access::settings().raw(),
        item,
        spread: Vec::new(),
        condition: nots_core::table::Condition::Unchanged(nots_core::table::Version::new(2)),
    };
    table.write_items(vec![put]).await.unwrap();
    assert_eq!(allowed.metres(&way()).await, 10_002, "settings of an older shape say nothing, and so no");
    assert_eq!(allowed.degrees(STREET).await, Some(3.0));
}

#[tokio::test]
async fn an_estimate_is_never_kept() {
    let stage = Stage::new(true, Source::Estimate).await;
    for metres in 10_000..10_003 {
        assert_eq!(stage.metres(&way()).await, metres);
    }
    assert!(stage.kept().is_empty());
}

#[tokio::test]
async fn two_at_once_keep_one_and_both_are_answered() {
    let stage = Stage::new(true, Source::Google).await;
    let way = way();
    for at in [NOW, NOW + 900] {
        stage.clock.0.store(at, Ordering::SeqCst);
        let answers = join_all((0..4).map(|_| stage.maps.drive(&way))).await;
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(stage.kept().len(), 1);
        let asked = stage.asked();
        stage.metres(&way).await;
        assert_eq!(stage.asked(), asked, "one of them is given again");
    }
    for at in [NOW, NOW + 900] {
        stage.clock.0.store(at, Ordering::SeqCst);
        let answers = join_all((0..4).map(|_| stage.maps.locate(STREET))).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(Some(_)))));
        assert_eq!(stage.kept().len(), 2, "the way and the address");
        let asked = stage.asked();
        stage.degrees(STREET).await;
        assert_eq!(stage.asked(), asked, "one of them is given again");
    }
}

#[tokio::test]
async fn a_table_that_fails_costs_nobody_a_price() {
    for (call, fault) in [
        (Call::Get, Fault::Throttle),
        (Call::Get, Fault::LoseReply),
        (Call::Write, Fault::Throttle),
        (Call::Write, Fault::Conflict),
        (Call::Write, Fault::LoseReply),
    ] {
        let world = World::new().await;
        let table = world.platform.ports.table.clone();
        allow(&*table).await;
        let plan = move |asked: Call| if asked == call { fault } else { Fault::None };
        let faulty = Arc::new(FaultyTable::over(table, Arc::new(Notify::new()), plan));
        let stage = Stage::over(world, faulty, Source::Google);
        assert_eq!(stage.metres(&way()).await, 10_000, "{call:?} {fault:?}");
        assert_eq!(stage.degrees(STREET).await, Some(1.0), "{call:?} {fault:?}");
        assert_eq!(stage.kept().len(), 2 * usize::from(fault == Fault::LoseReply && call == Call::Write));
    }
}

#[tokio::test]
async fn settings_and_what_is_kept_are_one_round_trip_before_and_one_after() {
    let world = World::new().await;
    let table = world.platform.ports.table.clone();
    allow(&*table).await;
    let calls = Arc::new(std::sync::Mutex::new(vec![]));
    let heard = calls.clone();
    let plan = move |call: Call| {
        heard.lock().unwrap().push(call);
        Fault::None
    };
    let stage =
        Stage::over(world, Arc::new(FaultyTable::over(table, Arc::new(Notify::new()), plan)), Source::Google);
    stage.metres(&way()).await;
    stage.metres(&way()).await;
    assert_eq!(*calls.lock().unwrap(), [Call::Get, Call::Write, Call::Get]);
    calls.lock().unwrap().clear();
    stage.degrees(STREET).await;
    stage.degrees(STREET).await;
    stage.maps.locate("LHR T5").await.unwrap();
    assert_eq!(*calls.lock().unwrap(), [Call::Get, Call::Write, Call::Get], "and none for the gazetteer's");
}
