//! The tariff through its routes: read, published, scheduled, raced for.

mod explained;
mod largest;
mod previewed;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::join_all;
use nots_core::table::{Condition, Op, RawKey};
use nots_core::{
    Actor, Pence, Timestamp, UserId, access,
    entity::{Tariff, tariff::demo_terms},
    ports::Table,
    table::Version,
};
use nots_local::Options;
use nots_testkit::{Answer, Call, Fault, FaultyTable, MeddledTable, Meddler, Person, World};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::bad_input::send;

const DAY: i64 = 86_400;

/// What a tariff says, of what is answered: what can be sent again.
pub(crate) fn terms_of(tariff: &Value) -> Value {
    let mut terms = tariff.clone();
    let fields = terms.as_object_mut().unwrap();
    let named =
        ["version", "effectiveFrom", "latestVersion", "latestEffectiveFrom", "publishedAt", "publishedBy"];
    for name in named {
        assert!(fields.remove(name).is_some(), "no {name}");
    }
    terms
}

/// The demonstration's tariff with another base fare for saloons.
fn with_base(pence: i64) -> Value {
    let mut terms = serde_json::to_value(demo_terms().unwrap()).unwrap();
    terms["rates"]["standard"]["baseFare"] = json!(pence);
    terms
}

fn from(mut terms: Value, at: i64) -> Value {
    terms["effectiveFrom"] = json!(at);
    terms
}

async fn put_if(world: &World, who: &Person, terms: &Value, tag: &str) -> Answer {
    let bearer = format!("Bearer {}", who.token);
    let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
    send(world, "PUT", "/v1/tariff", &headers, terms.to_string()).await
}

async fn published(world: &World, who: &Person, terms: Value) -> Value {
    world.put("/v1/tariff", who, terms).await.expect_status(201)
}

/// Keys of every version that there is.
fn versions(world: &World) -> Vec<String> {
    world.table().into_keys().filter(|key| key.starts_with("TARIFF / ")).collect()
}

fn priced_by(quote: &Value) -> (i64, i64) {
    let pricing = &quote["pricing"];
    (pricing["tariffVersion"].as_i64().unwrap(), pricing["breakdown"]["baseFare"].as_i64().unwrap())
}

async fn meddled() -> (World, Arc<Meddler>) {
    let meddler = Arc::new(Meddler::default());
    let handed = meddler.clone();
    let wrap = move |table| Arc::new(MeddledTable::over(table, handed)) as Arc<dyn Table>;
    (World::with(Options { wrap_table: Some(Box::new(wrap)), ..Options::default() }).await, meddler)
}

/// Another owner publishes, past the route.
async fn another_publishes(table: Arc<dyn Table>, at: i64) {
    let head = table.read(access::tariff_head()).await.unwrap();
    let mut terms = demo_terms().unwrap();
    terms.rates.standard.base_fare = Pence::new(999);
    let (by, at) = (Actor::User(UserId::parse("user_another").unwrap()), Timestamp::new(at).unwrap());
    let next = Tariff::publish(head, 0, terms.check().unwrap(), at, by, at);
    table.commit(next.transaction).await.unwrap();
}

#[tokio::test]
async fn what_is_read_can_be_published_and_read_again() {
    let world = World::new().await;
    let (owner, admin) = (world.person("owner").await, world.person("admin").await);
    let first = world.get("/v1/tariff", &admin).await;
    assert_eq!(first.headers["etag"], "\"1\"");
    let first = first.expect_status(200);
    // An answer is a body: changed and sent back as it came, it counts from now on.
    let mut changed = first.clone();
    changed["rates"]["standard"]["baseFare"] = json!(650);
    let preview = json!({ "tariff": changed, "quoteIds": [world.quote(86_400).await["quoteId"]] });
    world.post("/v1/tariff/preview", &owner, preview).await.expect_status(200);
    {
        let other = World::new().await;
        let owner = other.person("owner").await;
        let next = put_if(&other, &owner, &changed, "\"1\"").await.expect_status(201);
        assert_eq!((&next["version"], &next["effectiveFrom"]), (&json!(2), &next["publishedAt"]));
        assert_eq!(priced_by(&other.quote(DAY).await), (2, 650));
    }
    assert_eq!((&first["version"], &first["publishedBy"]), (&json!(1), &json!("system")));
    assert_eq!(terms_of(&first), serde_json::to_value(demo_terms().unwrap()).unwrap());

    let mut terms = terms_of(&first);
    terms["bankHolidays"] = json!({ "also": ["2027-06-04"], "except": ["2027-05-31"] });
    terms["zones"][1]["area"] = json!({ "shape": "polygon", "points": [
        { "latitude": 50.77, "longitude": -1.86 }, { "latitude": 50.79, "longitude": -1.86 },
        { "latitude": 50.78, "longitude": -1.8212345 },
    ] });
    let answer = put_if(&world, &owner, &terms, "\"1\"").await;
    assert_eq!(answer.headers["etag"], "\"2\"");
    let second = answer.expect_status(201);
    assert_eq!((&second["version"], &second["latestVersion"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&second["effectiveFrom"], &second["publishedBy"]),
        (&second["publishedAt"], &json!(owner.id)),
        "at once, and by whom"
    );
    assert_eq!(terms_of(&second), terms);
    assert_eq!(world.get("/v1/tariff", &owner).await.expect_status(200), second);

    // The first is as it was, but for what is the newest.
    let name = |version: &Value| {
        format!("version={}&effectiveFrom={}", version["version"], version["effectiveFrom"])
    };
    let again = world.get(&format!("/v1/tariff?{}", name(&first)), &owner).await;
    assert_eq!(again.headers["etag"], "\"2\"");
    let again = again.expect_status(200);
    assert_eq!((&again["latestVersion"], &again["version"]), (&json!(2), &json!(1)));
    assert_eq!(terms_of(&again), terms_of(&first));
    world
        .get(&format!("/v1/tariff?version=2&effectiveFrom={}", first["effectiveFrom"]), &owner)
        .await
        .expect_status(404);
}

#[tokio::test]
async fn the_next_quote_is_priced_by_it_and_those_before_keep_their_price() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let before = world.quote(DAY).await;
    let path = format!("/v1/quotes/{}", before["quoteId"].as_str().unwrap());
    let explained = world.get(&format!("{path}/explanation"), None).await.expect_status(200);

    published(&world, &owner, with_base(700)).await;
    let after = world.quote(DAY).await;
    assert_eq!((priced_by(&before), priced_by(&after)), ((1, 500), (2, 700)));
    assert_eq!(world.get(&path, None).await.expect_status(200), before);
    assert_eq!(world.get(&format!("{path}/explanation"), None).await.expect_status(200), explained);
    assert_eq!(explained["tariff"]["version"], 1);
    // And it is booked at it.
    let customer = world.person("customer").await;
    let order = json!({ "quoteId": before["quoteId"], "customer": World::traveller() });
    let booking = world.post("/v1/bookings", &customer, order).await.expect_status(201);
    assert_eq!(booking["pricing"]["total"], before["pricing"]["breakdown"]["total"]);
}

#[tokio::test]
async fn a_scheduled_version_takes_over_when_its_moment_comes() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let (now, later) = (world.now(), world.now() + 7 * DAY);
    let scheduled = published(&world, &owner, from(with_base(700), later)).await;
    assert_eq!((&scheduled["version"], &scheduled["effectiveFrom"]), (&json!(2), &json!(later)));

    let shown = world.get("/v1/tariff", &owner).await;
    assert_eq!(shown.headers["etag"], "\"2\"", "the newest, although another is in force");
    let shown = shown.expect_status(200);
    assert_eq!((&shown["version"], &shown["latestVersion"]), (&json!(1), &json!(2)));
    assert_eq!(shown["latestEffectiveFrom"], later);
    let at = |moment: i64| format!("/v1/tariff?at={moment}");
    assert_eq!(world.get(&at(later - 1), &owner).await.expect_status(200)["version"], 1);
    assert_eq!(world.get(&at(later), &owner).await.expect_status(200)["version"], 2);

    // One that counts from now on does not undo what is scheduled; one from the same moment on does.
    let at_once = put_if(&world, &owner, &with_base(600), shown["latestVersion"].to_string().as_str()).await;
    assert_eq!(at_once.expect_status(201)["version"], 3);
    assert_eq!(priced_by(&world.quote(DAY).await), (3, 600));
    published(&world, &owner, from(with_base(800), later)).await;
    let listed = world.get("/v1/tariff?versions=true", &owner).await.expect_status(200);
    let states: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| (v["version"].as_i64().unwrap(), v["state"].as_str().unwrap()))
        .collect();
    assert_eq!(states, [(4, "scheduled"), (2, "scheduled"), (3, "in_force"), (1, "past")]);

    world.platform.advance(u32::try_from(later - 60 - now).unwrap()).await.unwrap();
    assert_eq!(priced_by(&world.quote(DAY).await), (3, 600));
    world.platform.advance(60).await.unwrap();
    assert_eq!(priced_by(&world.quote(DAY).await), (4, 800));
    let owner = world.person("owner").await;
    assert_eq!(world.get("/v1/tariff", &owner).await.expect_status(200)["version"], 4);
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    for hours in [3, 1, 2] {
        published(&world, &owner, from(with_base(500 + hours), world.now() + hours * 3_600)).await;
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/tariff?versions=true&limit=1{next}");
        let page = world.get(&path, &owner).await.expect_status(200);
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|version| version["version"].as_i64().unwrap()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen, [2, 4, 3, 1], "the latest to take effect first");
}

#[tokio::test]
async fn sent_again_it_is_the_same_version() {
    let world = World::new().await;
    let (owner, other) = (world.person("owner").await, world.person("owner").await);
    let later = world.now() + 60;
    // At once, and from a moment on; with the tag of before, as whoever sends again does.
    let first = put_if(&world, &owner, &with_base(700), "\"1\"").await.expect_status(201);
    assert_eq!(put_if(&world, &owner, &with_base(700), "\"1\"").await.expect_status(200), first);
    world.platform.advance(5).await.unwrap();
    assert_eq!(world.put("/v1/tariff", &owner, with_base(700)).await.expect_status(200), first);
    let second = put_if(&world, &owner, &from(with_base(800), later), "\"2\"").await.expect_status(201);
    let sent = from(with_base(800), later);
    let late = || put_if(&world, &owner, &sent, "\"2\"");
    assert_eq!(late().await.expect_status(200), second);
    world.platform.advance(90).await.unwrap();
    assert_eq!(late().await.expect_status(200), second, "although its moment has passed");
    assert_eq!(versions(&world).len(), 3);

    // Anything else is another version, or is refused.
    let refused = world.put("/v1/tariff", &owner, from(with_base(801), later)).await.expect_status(422);
    assert_eq!(refused["errors"][0]["pointer"], "/effectiveFrom");
    put_if(&world, &other, &with_base(800), "\"2\"").await.expect_status(412);
    assert_eq!(published(&world, &other, with_base(800)).await["version"], 4);
    // What was the tariff once is not what is the tariff now.
    assert_eq!(published(&world, &owner, with_base(700)).await["version"], 5);
    assert_eq!(versions(&world).len(), 5);
}

/// The newest version is in force, and yet another one is by now: the same terms sent again are a wish of their own.
#[tokio::test]
async fn what_another_has_overtaken_is_published_again() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    published(&world, &owner, from(with_base(900), world.now() + 60)).await;
    published(&world, &owner, with_base(700)).await;
    world.platform.advance(60).await.unwrap();
    assert_eq!(priced_by(&world.quote(DAY).await), (2, 900));
    assert_eq!(published(&world, &owner, with_base(700)).await["version"], 4);
    assert_eq!(priced_by(&world.quote(DAY).await), (4, 700));
}

#[tokio::test]
async fn an_answer_that_is_lost_publishes_nothing_twice() {
    let lost = Arc::new(AtomicBool::new(false));
    let armed = lost.clone();
    let wrap = move |table| {
        let plan = move |call| {
            let lose = call == Call::Write && armed.swap(false, Ordering::SeqCst);
            if lose { Fault::LoseReply } else { Fault::None }
        };
        Arc::new(FaultyTable::over(table, Arc::new(Notify::new()), plan)) as Arc<dyn Table>
    };
    let world = World::with(Options { wrap_table: Some(Box::new(wrap)), ..Options::default() }).await;
    let owner = world.person("owner").await;
    lost.store(true, Ordering::SeqCst);
    world.put("/v1/tariff", &owner, with_base(700)).await.expect_status(503);
    let again = put_if(&world, &owner, &with_base(700), "\"1\"").await.expect_status(200);
    assert_eq!((&again["version"], versions(&world).len()), (&json!(2), 2));
}

#[tokio::test]
async fn of_two_owners_at_once_each_gets_a_number_of_their_own() {
    let (world, meddler) = meddled().await;
    let owner = world.person("owner").await;
    let now = world.now();
    meddler.before_the_next_transaction(move |table| another_publishes(table, now));
    let mine = world.put("/v1/tariff", &owner, with_base(700)).await.expect_status(201);
    assert_eq!(mine["version"], 3, "theirs is the second");
    // Who says what they saw is told.
    meddler.before_the_next_transaction(move |table| another_publishes(table, now));
    let refused = put_if(&world, &owner, &with_base(800), "\"3\"").await.expect_status(412);
    assert_eq!(refused["current"]["version"], 4);
    assert_eq!(versions(&world).len(), 4);

    let world = World::new().await;
    let mut owners = Vec::new();
    for _ in 0..5 {
        owners.push(world.person("owner").await);
    }
    let all = owners.iter().enumerate().map(|(place, owner)| {
        let base = 600 + i64::try_from(place).unwrap();
        world.put("/v1/tariff", owner, with_base(base))
    });
    let numbers = join_all(all).await.into_iter().map(|answer| answer.expect_status(201)["version"].as_i64());
    assert_eq!(numbers.collect::<BTreeSet<_>>(), (2..=6).map(Some).collect());
    let bodies: Vec<_> = (0..5).map(|place| with_base(700 + place)).collect();
    let held =
        join_all(owners.iter().zip(&bodies).map(|(owner, body)| put_if(&world, owner, body, "\"6\""))).await;
    let mut statuses: Vec<_> = held.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 412, 412, 412, 412]);
}

#[tokio::test]
async fn the_first_of_all_is_published_like_any_other() {
    let meddler = Arc::new(Meddler::default());
    let handed = meddler.clone();
    let wrap = move |table| Arc::new(MeddledTable::over(table, handed)) as Arc<dyn Table>;
    let options = Options { empty: true, wrap_table: Some(Box::new(wrap)), ..Options::default() };
    let world = World::with(options).await;
    let owner = world.person("owner").await;
    let now = world.now();
    world.get("/v1/tariff", &owner).await.expect_status(404);
    let none = world.get("/v1/tariff?versions=true", &owner).await.expect_status(200);
    assert_eq!(none, json!({ "items": [], "nextCursor": null }));
    put_if(&world, &owner, &with_base(700), "\"1\"").await.expect_status(412);

    // Two owners begin at once.
    meddler.before_the_next_transaction(move |table| another_publishes(table, now));
    let second = published(&world, &owner, with_base(700)).await;
    assert_eq!(second["version"], 2);
    assert_eq!(priced_by(&world.quote(DAY).await), (2, 700), "of the same second the higher number");
}

#[tokio::test]
async fn nothing_is_written_over() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let before = world.table();
    for (base, hours) in [(600, 1), (700, 2), (800, 1)] {
        published(&world, &owner, from(with_base(base), world.now() + hours * 3_600)).await;
    }
    let after = world.table();
    for (key, item) in before.iter().filter(|(key, _)| !key.starts_with("TARIFF_HEAD")) {
        assert_eq!(after.get(key), Some(item), "{key}");
    }
    let kept = world.platform.ports.table.page(&access::tariff_versions(), 100, None).await.unwrap();
    assert_eq!(kept.rows.iter().map(|row| row.data.version).collect::<Vec<_>>(), [3, 4, 2, 1]);
    assert!(kept.rows.iter().all(|row| row.meta.version == Version::FIRST));
    let new = after.keys().filter(|key| !before.contains_key(*key));
    assert!(new.clone().all(|key| key.starts_with("TARIFF / EFFECTIVE#")), "{:?}", new.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_query_says_one_thing() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    for (query, named) in [
        ("at=1", &["at"][..]),
        ("at=1733842200000", &["at"]),
        ("version=1", &["version"]),
        ("effectiveFrom=1733842200", &["effectiveFrom"]),
        ("version=-1&effectiveFrom=1733842200", &["version"]),
        ("version=x&effectiveFrom=1733842200", &["version"]),
        ("version=4294967296&effectiveFrom=1733842200", &["version"]),
        ("at=1733842200&version=1&effectiveFrom=1733842200", &["at"]),
        ("versions=false", &["versions"]),
        ("versions=true&at=1733842200", &["at"]),
        ("versions=true&version=1&effectiveFrom=1733842200", &["effectiveFrom", "version"]),
        ("limit=5", &["limit"]),
        ("cursor=e30", &["cursor"]),
        ("versions=true&cursor=e30", &["cursor"]),
        ("versions=true&limit=0", &["limit"]),
        ("when=now", &["when"]),
    ] {
        let problem = world.get(&format!("/v1/tariff?{query}"), &owner).await.expect_status(400);
        let mut found: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["parameter"].as_str().unwrap()).collect();
        found.sort_unstable();
        assert_eq!(found, named, "{query}");
    }
}

/// As tables are that had tariffs put into them by hand, before versions were counted.
#[tokio::test]
async fn versions_from_before_they_were_counted_are_counted_on() {
    let world = World::with(Options { empty: true, ..Options::default() }).await;
    let owner = world.person("owner").await;
    let rate = json!({ "baseFare": 500, "perMile": 100, "perMinute": 10, "minimumFare": 800 });
    for version in [1, 2] {
        let from = 1_700_000_000 + version;
        let sk = format!("EFFECTIVE#{from}#{version:06}");
        let item = serde_dynamo::to_item(json!({
            "PK": "TARIFF", "SK": sk, "EntityType": "Tariff", "CreatedAt": from, "UpdatedAt": from,
            "UpdatedBy": "system", "Version": 1, "SchemaVersion": 1,
            "Data": {
                "version": version, "effectiveFrom": from, "currency": "GBP",
                "vat": { "registered": false, "rateBasisPoints": 2_000 },
                "rates": { "standard": rate, "executive": rate, "minibus": rate },
            },
        }));
        let key = RawKey { pk: "TARIFF".to_owned(), sk };
        let item = item.unwrap();
        let op = Op::Put { entity: "Tariff", key, item, spread: Vec::new(), condition: Condition::Absent };
        world.platform.ports.table.write_items(vec![op]).await.unwrap();
    }
    let shown = world.get("/v1/tariff", &owner).await;
    assert_eq!((shown.headers["etag"].to_str().unwrap(), shown.status), ("\"2\"", 200));
    put_if(&world, &owner, &with_base(700), "\"1\"").await.expect_status(412);
    let next = put_if(&world, &owner, &with_base(700), "\"2\"").await.expect_status(201);
    assert_eq!(next["version"], 3);
    let quote = world.quote(86_400).await;
    assert_eq!(quote["pricing"]["breakdown"]["baseFare"], 700);
}
