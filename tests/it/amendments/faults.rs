//! A process that stops, an answer that is lost, a table that is busy, at every call of a change: all or nothing, and
//! asking again ends it.

use std::sync::{Arc, Mutex};

use nots_core::ports::Table;
use nots_local::Options;
use nots_testkit::{Call, Fault, FaultyTable};
use tokio::sync::Notify;

use super::*;

/// Which call from now on faults, and how.
type Aim = Arc<Mutex<Option<(usize, Fault)>>>;

async fn fragile(aim: &Aim, crashed: &Arc<Notify>) -> World {
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
    World::with(Options { wrap_table: Some(Box::new(wrap)), ..Options::default() }).await
}

/// The rows that a change of what was sold writes together.
fn written(world: &World, booking: &Value, fresh: &Value) -> [bool; 5] {
    let table = world.table();
    let id = booking["bookingId"].as_str().unwrap();
    let quote = &table[&format!("QUOTE#{} / METADATA", fresh["quoteId"].as_str().unwrap())];
    let under = |part: &str| table.keys().any(|key| key.starts_with(&format!("BOOKING#{id} / {part}")));
    let stored = &table[&metadata(booking)]["Data"]["M"];
    let pickup = fresh["pickupTime"].to_string();
    let days = table.iter().filter(|(key, _)| key.contains(" / DAY#"));
    let new_day = days.filter(|(_, item)| item.to_string().contains(id)).all(|(_, item)| {
        let jobs = item["Data"]["M"]["jobs"]["L"].as_array().unwrap();
        let job = jobs.iter().find(|job| job["M"]["bookingId"]["S"] == id).unwrap();
        let from = job["M"]["from"]["N"].as_str().unwrap().parse::<i64>().unwrap();
        (from + 600).to_string() == pickup
    });
    [
        quote["Data"]["M"]["status"]["S"] == "used",
        stored["amended"]["M"]["number"]["N"] == "1",
        stored["journey"]["M"]["pickupTime"]["N"] == pickup.as_str(),
        under("REFUND#") && under("LEDGER#amendment"),
        new_day,
    ]
}

#[tokio::test]
async fn a_process_that_stops_anywhere_leaves_all_or_nothing_and_asking_again_ends_it() {
    let faults = [Fault::CrashBefore, Fault::CrashAfter, Fault::LoseReply, Fault::Throttle, Fault::Conflict];
    for fault in faults {
        let (aim, crashed) = (Aim::default(), Arc::new(Notify::new()));
        let world = fragile(&aim, &crashed).await;
        let (ada, staff) = (world.person("customer").await, world.person("dispatcher").await);
        for call in 0.. {
            let hours = i64::from(call) * 2 * 3_600;
            let booking = world.confirmed(&ada, DAY + hours).await;
            world.assign(&staff, &booking, "driver_demo1").await.expect_status(200);
            let fresh = quote(&world, |journey| {
                nearer(journey);
                journey["pickupTime"] = json!(world.now() + 4 * DAY + hours);
            })
            .await;
            *aim.lock().unwrap() = Some((usize::try_from(call).unwrap(), fault));
            let request = http::Request::patch(path(&booking))
                .header("authorization", format!("Bearer {}", staff.token))
                .body(bytes::Bytes::from(json!({ "quoteId": fresh["quoteId"] }).to_string()))
                .unwrap();
            tokio::select! {
                () = crashed.notified() => {}
                answer = world.platform.gateway.handle(request) => {
                    let status = answer.status().as_u16();
                    assert!([200, 503].contains(&status), "{fault:?} at {call}: {status}");
                }
            }
            let met = aim.lock().unwrap().take().is_none();
            let now = written(&world, &booking, &fresh);
            assert!(now == [true; 5] || now == [false; 5], "{fault:?} at {call}: {now:?}");
            amend(&world, &staff, &booking, &fresh).await.expect_status(200);
            assert_eq!(written(&world, &booking, &fresh), [true; 5], "{fault:?} at {call}");
            if !met {
                assert!(call >= 3, "two reads and a write are {call} calls");
                break;
            }
        }
        world.settle().await;
        let (card, fares) = (accounts(&world)["card"], accounts(&world)["fares"]);
        assert_eq!((card + fares, accounts(&world).len()), (0, 2), "every refund was made once");
        world.leaves_messages();
    }
}
