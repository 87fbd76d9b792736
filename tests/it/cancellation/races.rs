//! Clicked twice, raced with others, and stopped in between.

use std::sync::Mutex;

use futures_util::future::join_all;
use nots_core::ports::Table;
use nots_local::Options;
use nots_testkit::{Call, Fault, FaultyTable, MeddledTable, Meddler};
use tokio::sync::Notify;

use super::*;

#[tokio::test]
async fn many_clicks_are_one_cancellation() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let booking = world.confirmed(&ada, 2 * DAY).await;
    world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
    let path = path(&booking);
    let answers = join_all((0..10).map(|_| world.delete(&path, &ada, reason()))).await;
    let first = world.booking(&booking, &ada).await;
    for answer in answers {
        assert_eq!(answer.expect_status(200), first, "one effect, told to each");
    }
    assert_eq!(payment(&world, &booking).await.1.len(), 1);
    settled(&world, &booking, 0).await;
    // By whoever may, and whatever they saw before.
    let bearer = format!("Bearer {}", ada.token);
    let headers = [("authorization", bearer.as_str()), ("if-match", "\"1\"")];
    let again = send(&world, "DELETE", &path, &headers, reason().to_string()).await;
    assert_eq!(again.expect_status(200)["cancellation"], first["cancellation"]);
    let told: Vec<_> = world.told().into_iter().filter(|told| told.ends_with("cancelled")).collect();
    assert_eq!(told, ["email cancelled", "sms cancelled"]);
}

#[tokio::test]
async fn of_customer_and_operator_at_once_one_is_first_and_the_other_is_told() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    for _ in 0..5 {
        let booking = world.confirmed(&ada, HOUR).await;
        let path = path(&booking);
        let asks = [&ada, &staff].map(|who| world.delete(&path, who, reason()));
        let answers = join_all(asks).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{answers:?}");
        let now = world.booking(&booking, &ada).await;
        settled(&world, &booking, pence(&now["cancellation"]["fee"])).await;
    }
}

#[tokio::test]
async fn whoever_saw_another_version_calls_nothing_off() {
    let world = World::new().await;
    let ada = world.person("customer").await;
    let booking = world.confirmed(&ada, 2 * DAY).await;
    let bearer = format!("Bearer {}", ada.token);
    let with = |tag: String| {
        let headers = [("authorization", bearer.clone()), ("if-match", tag)];
        let (world, path) = (&world, path(&booking));
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            send(world, "DELETE", &path, &headers, reason().to_string()).await
        }
    };
    let stale = with("\"1\"".to_owned()).await.expect_status(412);
    assert_eq!(stale["current"]["version"], booking["version"]);
    assert_eq!(world.booking(&booking, &ada).await["status"], "confirmed");
    with(format!("\"{}\"", booking["version"])).await.expect_status(200);
    world.settle().await;
}

#[tokio::test]
async fn a_job_that_is_given_while_it_is_called_off_is_one_of_the_two() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    for round in 0..6 {
        let booking = world.confirmed(&ada, 2 * DAY + round * 2 * HOUR).await;
        let path = path(&booking);
        let (given, off) = futures_util::join!(
            world.assign(&staff, &booking, "driver_demo3"),
            world.delete(&path, &ada, reason())
        );
        assert!(matches!(given.status, 200 | 409), "{given:?}");
        off.expect_status(200);
        let id = booking["bookingId"].as_str().unwrap();
        let held = world
            .table()
            .into_iter()
            .any(|(key, item)| key.contains(" / DAY#") && item.to_string().contains(id));
        assert!(!held, "no day holds what was called off");
        settled(&world, &booking, 0).await;
    }
}

#[tokio::test]
async fn what_lands_between_reading_and_writing_is_judged_anew() {
    let meddler = Arc::new(Meddler::default());
    let handed = meddler.clone();
    let wrap = move |table| Arc::new(MeddledTable::over(table, handed)) as Arc<dyn Table>;
    let world = World::with(Options { wrap_table: Some(Box::new(wrap)), ..Options::default() }).await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);

    // The job is given to a driver.
    let booking = world.confirmed(&ada, 2 * DAY).await;
    let (platform, job) =
        (world.platform.clone(), json!({ "bookingId": booking["bookingId"], "driverId": "driver_demo1" }));
    meddler.before_the_next_transaction(move |_| async move {
        ask(&platform.gateway, "POST", "/v1/dispatch", &staff, &job).await.expect_status(200);
    });
    let after = cancelled(&world, &booking, &ada).await;
    assert_eq!(after["driver"]["driverId"], "driver_demo1");
    let id = booking["bookingId"].as_str().unwrap();
    let held = |(key, item): (String, Value)| key.contains(" / DAY#") && item.to_string().contains(id);
    assert!(!world.table().into_iter().any(held));
    settled(&world, &booking, 0).await;

    // It is paid for, and so costs what the policy says.
    let (booking, session) = world.at_checkout(&ada, HOUR).await;
    let (platform, session) =
        (world.platform.clone(), session["checkoutSessionId"].as_str().unwrap().to_owned());
    meddler.before_the_next_transaction(move |_| async move {
        let client = nots_local::client::Client::new(format!("http://{}", platform.api));
        let path = format!("/local/stripe/checkout/{session}/pay");
        client.post(&path, None, &Value::Null).await.unwrap().expect_status(200);
    });
    let after = cancelled(&world, &booking, &ada).await;
    let kept = pence(&after["cancellation"]["fee"]);
    assert_eq!(kept, booking["pricing"]["total"]);
    settled(&world, &booking, kept).await;
}

#[tokio::test]
async fn each_keeps_to_two_dependent_reads_and_one_write() {
    let world = World::new().await;
    let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;
    for nobody_comes in [false, true] {
        let booking = world.confirmed(&ada, 2 * HOUR + 60).await;
        world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
        let job = format!("/v1/jobs/{}", booking["bookingId"].as_str().unwrap());
        for progress in ["en_route", "arrived"] {
            world.patch(&job, &driver, json!({ "progress": progress })).await.expect_status(200);
        }
        if nobody_comes {
            world.until_pickup(&booking).await;
        }
        world.settle().await;
        let _ = world.platform.meter.take();
        world.get(&preview(&booking), &ada).await.expect_status(200);
        assert_eq!(world.platform.meter.take().round_trips, 2);
        if nobody_comes {
            world.patch(&job, &driver, json!({ "progress": "no_show" })).await.expect_status(200);
        } else {
            cancelled(&world, &booking, &ada).await;
        }
        let cost = world.platform.meter.take();
        assert_eq!(cost.round_trips, 3);
        world.settle().await;
    }
}

/// Which call from now on faults, and how.
type Aim = Arc<Mutex<Option<(usize, Fault)>>>;

#[tokio::test]
async fn a_process_that_stops_anywhere_leaves_all_or_nothing_and_asking_again_ends_it() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::LoseReply, Fault::Throttle, Fault::Conflict];
    for fault in faults {
        let (aim, crashed): (Aim, _) = (Aim::default(), Arc::new(Notify::new()));
        let (plan, ring) = (aim.clone(), crashed.clone());
        let next = move |_: Call| {
            let mut aim = plan.lock().unwrap();
            let (calls, fault) = aim.take().unwrap_or((usize::MAX, Fault::None));
            if calls == 0 {
                return fault;
            }
            *aim = (calls < usize::MAX).then(|| (calls - 1, fault));
            Fault::None
        };
        let wrap = move |table| Arc::new(FaultyTable::over(table, ring, next)) as Arc<dyn Table>;
        let world = World::with(Options { wrap_table: Some(Box::new(wrap)), ..Options::default() }).await;
        let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
        for call in 0.. {
            let booking = world.confirmed(&ada, 2 * DAY + i64::from(call) * 2 * HOUR).await;
            world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
            let before = world.booking(&booking, &staff).await;
            *aim.lock().unwrap() = Some((usize::try_from(call).unwrap(), fault));
            let (path, body) = (path(&booking), reason());
            tokio::select! {
                () = crashed.notified() => {}
                answer = ask(&world.platform.gateway, "DELETE", &path, &ada, &body) => {
                    assert!([200, 503].contains(&answer.status), "{fault:?} at {call}: {answer:?}");
                }
            }
            let met = aim.lock().unwrap().take().is_none();
            let now = world.booking(&booking, &staff).await;
            let (_, refunds) = payment(&world, &booking).await;
            assert!(
                now == before && refunds.is_empty() || now["status"] == "cancelled" && refunds.len() == 1
            );
            let done = cancelled(&world, &booking, &ada).await;
            assert_eq!(done["status"], "cancelled");
            settled(&world, &booking, 0).await;
            if !met {
                assert!(call >= 3, "two reads and a write are {call} calls");
                break;
            }
        }
    }
}
