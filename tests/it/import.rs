//! Moving in from another system and out again.

mod faults;
mod held;
mod lines;
mod since;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use nots_core::{
    Timestamp,
    ports::{Clock, Table},
    table::Shards,
};
use nots_lambda::RandomIds;
use nots_local::import::{self, Aside, Counts, Stopped};
use nots_testkit::World;
use serde_json::{Value, json};

/// The world's clock, on which nobody waits.
struct Now(Timestamp);

#[async_trait]
impl Clock for Now {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn pause(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
}

/// What an import came to.
pub(crate) struct Outcome {
    counts: Counts,
    refused: Vec<Value>,
    kept: Vec<Value>,
    ended: Result<(), Stopped>,
}

impl Outcome {
    /// Created, updated, unchanged, kept and refused of those read, which they sum to.
    pub(crate) fn sums(&self) -> [u64; 5] {
        let Counts { read, created, updated, unchanged, kept, refused } = self.counts;
        let sums = [created, updated, unchanged, kept, refused];
        assert_eq!(read, sums.iter().sum::<u64>(), "no line is lost: {:?}", self.counts);
        assert_eq!((self.refused.len() as u64, self.kept.len() as u64), (refused, kept));
        sums
    }

    /// `line pointer: detail` of everything that was refused.
    fn reasons(&self) -> Vec<String> {
        let of_line = |line: &Value| {
            let number = line["refused"]["line"].clone();
            let errors = line["refused"]["errors"].as_array().expect("errors").clone();
            let text = |error: &Value, name: &str| error[name].as_str().expect("a text").to_owned();
            errors
                .into_iter()
                .map(move |error| format!("{number} {}: {}", text(&error, "pointer"), text(&error, "detail")))
        };
        self.refused.iter().flat_map(of_line).collect()
    }
}

async fn take_in_to(table: &dyn Table, at: Timestamp, text: &str) -> Outcome {
    let (mut refused, mut kept) = (Vec::new(), Vec::new());
    let aside = Aside { refused: &mut refused, kept: &mut kept };
    let ids = RandomIds::default();
    let (counts, ended) = import::import(table, &Now(at), &ids, text.as_bytes(), aside, |_| {}).await;
    let lines = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    Outcome { counts, refused: lines(refused), kept: lines(kept), ended }
}

pub(crate) async fn take_in(world: &World, text: &str) -> Outcome {
    let outcome = take_in_to(world.platform.ports.table.as_ref(), world.platform.clock.now(), text).await;
    assert!(outcome.ended.is_ok(), "{:?}", outcome.ended);
    outcome
}

async fn take_out(world: &World) -> String {
    let mut out = Vec::new();
    let (table, ids) = (world.platform.ports.table.as_ref(), RandomIds::default());
    let now = Now(world.platform.clock.now());
    import::export(table, &now, &ids, &mut out, |_| {}).await.expect("an export");
    String::from_utf8(out).expect("text")
}

/// A platform without the demonstration's drivers and vehicles.
async fn empty() -> World {
    World::with(nots_local::Options { empty: true, ..nots_local::Options::default() }).await
}

fn sample(bookings: u32) -> String {
    let mut text = Vec::new();
    import::write_sample(bookings, &mut text).expect("a sample");
    String::from_utf8(text).expect("text")
}

fn jsonl(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

fn customer(id: &str, email: &str) -> Value {
    json!({
        "kind": "customer", "userId": format!("user_{id}"), "email": email, "firstName": "Ada", "lastName": "Byron",
        "phone": "07700 900123",
    })
}

/// A booking of a guest, picked up tomorrow by the clock of a world.
pub(crate) fn booking(world: &World, id: &str, status: &str) -> Value {
    let mut booking = json!({
        "kind": "booking", "bookingId": format!("booking_{id}"), "bookingReference": format!("NOTS-{id}"), "status": status,
        "customer": { "firstName": "Ada", "lastName": "Byron", "email": "ada@example.com", "phone": "07700 900123" },
        "journey": {
            "pickupLocation": { "address": "Bournemouth Railway Station", "latitude": 50.7260, "longitude": -1.8782 },
            "dropoffLocation": { "address": "Poole Harbour", "latitude": 50.7122, "longitude": -2.0053 },
            "pickupTime": world.now() + 86_400, "distance": { "meters": 11_900 }, "duration": { "seconds": 1_245 },
        },
        "vehicleType": "standard", "passengers": 2, "pricing": { "total": 1_228 },
    });
    let moment = world.now() - 3_600;
    match status {
        "completed" => {
            booking["timeline"] = json!({ "created": moment, "confirmed": moment, "completed": moment })
        }
        "cancelled" => booking["timeline"] = json!({ "created": moment, "cancelled": moment }),
        "confirmed" => booking["timeline"] = json!({ "created": moment, "confirmed": moment }),
        _ => {}
    }
    booking
}

#[tokio::test]
async fn what_goes_in_comes_out_and_again() {
    let (one, other) = (empty().await, empty().await);
    let text = sample(300);
    let lines = text.lines().count() as u64;
    assert_eq!(take_in(&one, &text).await.sums(), [lines, 0, 0, 0, 0]);
    let out = take_out(&one).await;
    assert_eq!(sorted(&out), sorted(&text), "the same lines, in an order of their own");

    let table = one.table();
    assert_eq!(take_in(&one, &text).await.sums(), [0, 0, lines, 0, 0]);
    assert_eq!(one.table(), table, "a second run changes nothing");

    assert_eq!(take_in(&other, &out).await.sums(), [lines, 0, 0, 0, 0]);
    assert_eq!(take_out(&other).await, out, "byte by byte");
}

#[tokio::test]
async fn over_shards_it_is_the_same_file() {
    let shards = Some(Shards::new(4, 4).expect("four"));
    let options = || nots_local::Options { empty: true, shards, ..nots_local::Options::default() };
    let world = World::with(options()).await;
    let text = sample(60);
    take_in(&world, &text).await;
    let spread = world.table().values().any(|item| item["GSI1PK"]["S"].to_string().matches('#').count() > 1);
    assert!(spread, "the bookings are in more than one piece");
    let out = take_out(&world).await;
    let whole = empty().await;
    take_in(&whole, &text).await;
    assert_eq!(take_out(&whole).await, out);
}

#[tokio::test]
async fn every_item_is_whole_and_by_the_import() {
    let world = empty().await;
    take_in(&world, &sample(40)).await;
    let table = world.table();
    let mut bookings = 0;
    for (key, item) in &table {
        if key.starts_with("SETTINGS") {
            continue;
        }
        assert_eq!(item["UpdatedBy"]["S"], "import", "{key}");
        let data = &item["Data"]["M"];
        if item["EntityType"]["S"] != "Booking" {
            continue;
        }
        bookings += 1;
        let (id, reference) =
            (data["bookingId"]["S"].as_str().unwrap(), data["bookingReference"]["S"].as_str());
        let suffix = id.trim_start_matches("booking_");
        let payment = &table[&format!("BOOKING#{id} / PAYMENT#payment_{suffix}")];
        assert_eq!(payment["Data"]["M"]["status"], data["payment"]["M"]["status"]);
        assert_eq!(payment["Data"]["M"]["amount"]["M"]["total"], data["pricing"]["M"]["total"]);
        let link = &table[&format!("REF#{} / BOOKING", reference.unwrap())];
        assert_eq!(link["Data"]["M"]["bookingId"]["S"], id);
        assert_eq!(item["CreatedAt"], data["timeline"]["M"]["created"], "as the line says");
        if let Some(intent) = data["payment"]["M"]["stripePaymentIntentId"]["S"].as_str() {
            assert_eq!(table[&format!("STRIPE#{intent} / BOOKING")]["Data"]["M"]["bookingId"]["S"], id);
        }
    }
    assert_eq!(bookings, 40);
}

#[tokio::test]
async fn the_example_of_the_document_is_imported() {
    let world = empty().await;
    let text = include_str!("../../docs/import-example.jsonl");
    let outcome = take_in(&world, text).await;
    assert_eq!(outcome.reasons(), Vec::<String>::new());
    let kinds: std::collections::BTreeSet<_> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].to_string()).collect();
    assert_eq!(kinds.len(), 4, "every kind");

    // As the office sees it.
    let dispatcher = world.person("dispatcher").await;
    let found = world.get("/v1/bookings?reference=NOTS-12345", &dispatcher).await.expect_status(200);
    assert_eq!(found["items"][0]["bookingId"], "booking_abc123");
    assert_eq!(found["items"][0]["pricing"]["displayTotal"], "£12.28");
    let drivers = world.get("/v1/drivers?status=active", &dispatcher).await.expect_status(200);
    assert_eq!(drivers["items"][0]["driverId"], "driver_xyz789");
}

#[tokio::test]
async fn nothing_is_announced_until_something_happens_here() {
    let world = World::new().await;
    let statuses = ["pending", "confirmed", "completed", "cancelled"];
    let lines: Vec<_> = statuses.iter().map(|status| booking(&world, status, status)).collect();
    assert_eq!(take_in(&world, &jsonl(&lines)).await.sums(), [4, 0, 0, 0, 0]);
    world.settle().await;
    let mut changed = lines.clone();
    changed[1]["passengers"] = json!(3);
    changed[0] = booking(&world, "pending", "confirmed");
    assert_eq!(take_in(&world, &jsonl(&changed)).await.sums(), [0, 2, 2, 0, 0]);
    world.settle().await;
    assert_eq!(world.told(), Vec::<String>::new(), "nobody is told what they have long known");
    let history = world.table().into_keys().filter(|key| key.contains("HISTORY#")).count();
    assert_eq!(history, 6, "the record of every version is complete all the same");

    // One is paid here and one is given to a driver.
    let pending = booking(&world, "later", "pending");
    take_in(&world, &jsonl(std::slice::from_ref(&pending))).await;
    let dispatcher = world.person("dispatcher").await;
    let payment = world.post("/v1/payments", &dispatcher, json!({ "bookingId": "booking_later" })).await;
    world.pay(&payment.expect_status(201)).await.expect_status(200);
    world.assign(&dispatcher, &lines[1], "driver_demo1").await.expect_status(200);
    world.settle().await;
    assert_eq!(world.told(), ["email assigned", "email confirmed", "sms assigned", "sms confirmed"]);
}

#[tokio::test]
async fn a_live_table_comes_out_and_what_a_driver_has_is_refused_by_name() {
    let (live, fresh) = (World::new().await, empty().await);
    let (someone, dispatcher) = (live.person("customer").await, live.person("dispatcher").await);
    live.booked(&someone, 86_400).await;
    live.confirmed(&someone, 90_000).await;
    let mut there_and_back = live.journey(200_000);
    there_and_back["returnJourney"] = json!(true);
    there_and_back["returnPickupTime"] = json!(live.now() + 300_000);
    let quote = live.post("/v1/quotes", None, there_and_back).await.expect_status(201);
    let body = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
    let pair = live.post("/v1/bookings", &someone, body).await.expect_status(201);
    let given = live.confirmed(&someone, 172_800).await;
    live.assign(&dispatcher, &given, "driver_demo1").await.expect_status(200);
    live.settle().await;

    let out = take_out(&live).await;
    let outcome = take_in(&fresh, &out).await;
    assert_eq!(outcome.sums(), [22, 0, 0, 0, 1], "nine drivers, nine vehicles, five bookings");
    let pointers: Vec<_> = outcome.refused[0]["refused"]["errors"].as_array().unwrap().iter().collect();
    assert_eq!(pointers[0]["pointer"], "/status");
    assert!(pointers[0]["detail"].as_str().unwrap().contains("assign it here"), "{pointers:?}");
    assert_eq!(outcome.refused[0]["bookingId"], given["bookingId"]);
    let without: Vec<_> = out.lines().filter(|line| !line.contains("\"status\":\"assigned\"")).collect();
    assert_eq!(take_out(&fresh).await.lines().collect::<Vec<_>>(), without);

    // Both ways of a journey are paid for together here too.
    let key = format!(
        "BOOKING#{} / PAYMENT#{}",
        text_of(&pair["bookingId"]),
        text_of(&pair["payment"]["paymentId"])
    );
    let paid = |world: &World| world.table()[&key]["Data"]["M"]["amount"]["M"]["total"]["N"].clone();
    assert_eq!(paid(&fresh), paid(&live));
    assert_ne!(paid(&live), pair["pricing"]["total"].to_string(), "more than for one way");

    // Into the table that it came from it changes nothing, whoever wrote it.
    let table = live.table();
    assert_eq!(take_in(&live, &out).await.sums(), [0, 0, 22, 0, 1]);
    assert_eq!(live.table(), table);
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A folder that goes with the test.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn files_go_into_a_folder_that_no_platform_runs_on() {
    use nots_local::import::{Target, export_file, import_file};
    let name = format!("nots-import-{}", RandomIds::default().random_name());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0).unwrap();
    let (file, out, data) = (folder.0.join("in.jsonl"), folder.0.join("out.jsonl"), folder.0.join("data"));
    let target = Target::Data(data.clone());
    assert!(
        export_file(Some(&out), &target, Shards::ONE)
            .await
            .unwrap_err()
            .to_string()
            .contains("holds no table")
    );
    assert!(!out.exists() && !data.exists(), "nothing is left behind");

    std::fs::write(&file, format!("{}{{}}\n", sample(5))).unwrap();
    let refused = import_file(&file, &target, Shards::ONE).await.unwrap_err().to_string();
    assert!(refused.contains("1 refused") && refused.contains("in.jsonl.refused.jsonl"), "{refused}");
    assert!(folder.0.join("in.jsonl.refused.jsonl").is_file());
    std::fs::write(&file, sample(5)).unwrap();
    assert_eq!(import_file(&file, &target, Shards::ONE).await.unwrap().unchanged, 10);
    assert!(!folder.0.join("in.jsonl.refused.jsonl").exists(), "nothing was refused this time");
    assert_eq!(export_file(Some(&out), &target, Shards::ONE).await.unwrap(), 10);
    assert_eq!(sorted(&std::fs::read_to_string(&out).unwrap()), sorted(&sample(5)));

    // A platform finds them there; while it runs, its own endpoint is the way in.
    let options = nots_local::Options { data: Some(data), ..nots_local::Options::default() };
    let world = World::with(options).await;
    world.settle().await;
    assert_eq!(world.told(), Vec::<String>::new());
    let in_use = import_file(&file, &target, Shards::ONE).await.unwrap_err().to_string();
    assert!(in_use.contains("in use") && in_use.contains("--endpoint"), "{in_use}");
    let endpoint = Target::Endpoint {
        url: format!("http://{}", world.platform.dynamodb),
        table: nots_local::TABLE.into(),
    };
    assert_eq!(import_file(&file, &endpoint, Shards::ONE).await.unwrap().unchanged, 10);
    let nowhere = Target::Endpoint {
        url: format!("http://{}", world.platform.dynamodb),
        table: "no-such-table".into(),
    };
    assert!(import_file(&file, &nowhere, Shards::ONE).await.is_err(), "before the first line");
}

trait RandomName {
    fn random_name(&self) -> u64;
}

impl RandomName for RandomIds {
    fn random_name(&self) -> u64 {
        nots_core::ports::Ids::random(self)
    }
}

fn table_of(world: &World) -> Arc<dyn Table> {
    world.platform.ports.table.clone()
}
