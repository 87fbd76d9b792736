//! Noise: bodies and queries that a fixed seed garbles. Whatever comes, no answer is a fault of ours.

use nots_testkit::{World, paid_session, signed};
use serde_json::{Value, json};

use super::{named, send, targets};

/// SplitMix64: the same dice on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % sides as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// What is put in the place of something.
fn oddities(now: i64) -> Vec<Value> {
    let nested = (0..60).fold(json!(1), |inside, _| json!([inside]));
    let odd = json!([
        null, true, false, 0, -1, 1, 4, 255, 256, 0.5, -0.0, 90, 180, 1e-6, 1e-200, 5e-324, 1e300, u64::MAX, i64::MIN, now,
        now + 3_600, "", " ", "0", "\u{0}", "\u{202e}x", "é".repeat(200), "🚗".repeat(300), "a".repeat(5_000), "{{7*7}}",
        "'; --", "__proto__", "booking_1", "quote_1", "driver_demo3", "vehicle_demo3", "user_1", "minibus", "arrived",
        "Poole Harbour", "+447700900999", "a@b", "NaN", [], {}, nested, [{}], { "latitude": 1, "longitude": 5e-324 },
        { "address": "Poole Harbour" },
    ]);
    odd.as_array().unwrap().clone()
}

/// A pointer to everything in it, itself first.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    for (name, value) in inside {
        places(value, &format!("{at}/{name}"), into);
    }
}

/// A body that was valid, after one to four accidents.
fn garbled(dice: &mut Dice, valid: &Value, odd: &[Value]) -> String {
    let mut body = valid.clone();
    for _ in 0..=dice.roll(4) {
        let mut all = Vec::new();
        places(&body, "", &mut all);
        let (place, donor) = (dice.pick(&all).clone(), dice.pick(&all).clone());
        let value =
            if dice.roll(4) == 0 { body.pointer(&donor).cloned() } else { Some(dice.pick(odd).clone()) };
        let value = value.unwrap_or_default();
        match (dice.roll(3), body.pointer_mut(&place)) {
            (0, Some(Value::Object(fields))) => {
                let name = fields.keys().nth(dice.roll(fields.len().max(1))).cloned();
                name.map(|name| fields.remove(&name));
            }
            (1, Some(Value::Object(fields))) => {
                let name = *dice.pick(&[
                    "x",
                    "",
                    "a/b~c",
                    "passengers",
                    "userId",
                    "vehicleId",
                    "location",
                    "at",
                    "luggage",
                ]);
                fields.insert(name.to_owned(), value);
            }
            (_, Some(slot)) => *slot = value,
            (_, None) => unreachable!("it was there"),
        }
    }
    let mut text = body.to_string();
    if dice.roll(8) == 0 {
        let letters: Vec<char> = text.chars().collect();
        let (a, b) = (dice.roll(letters.len() + 1), dice.roll(letters.len() + 1));
        let (head, tail) = (&letters[..a], &letters[b..]);
        text = head.iter().chain(tail).collect();
    }
    text
}

#[tokio::test]
async fn no_body_is_answered_with_a_fault_of_ours() {
    let world = World::new().await;
    let customer = world.person("customer").await;
    let (_, payment) = world.at_checkout(&customer, 5 * 86_400).await;
    let event = paid_session(&payment, "evt_1");
    let (targets, odd, now) = (targets(&world).await, oddities(world.now()), world.now());
    let (mut dice, mut faults) = (Dice(20_261_120), Vec::new());
    let (mut refused, mut taken) = (0, 0);
    let _ = world.platform.meter.take();
    for turn in 0..60 * (targets.len() + 1) {
        let (method, path, header, body) = match targets.get(turn % (targets.len() + 1)) {
            Some(target) => {
                let token = target.authorization.clone().unwrap_or_default();
                let body = garbled(&mut dice, &target.valid, &odd);
                (target.method, target.path.as_str(), ("authorization", token), body)
            }
            None => {
                let body = garbled(&mut dice, &event, &odd);
                let signature = signed(&body, "whsec_local", now);
                ("POST", "/v1/webhooks/stripe", ("stripe-signature", signature), body)
            }
        };
        let answer = send(&world, method, path, &[(header.0, &header.1)], body.clone()).await;
        let written = world.platform.meter.take().write_units > 0.0;
        let sound = if answer.status < 300 {
            taken += 1;
            true
        } else {
            refused += 1;
            (400..500).contains(&answer.status) && named(&answer, answer.status).is_ok() && !written
        };
        faults.extend(
            (!sound).then(|| format!("{method} {path} {body:.600}: {} {}", answer.status, answer.body)),
        );
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert!(
        refused > 200 && taken > 20,
        "the noise is neither all good nor all bad: {taken} of {} taken",
        taken + refused
    );
}

#[tokio::test]
async fn no_query_is_answered_with_a_fault_of_ours() {
    let world = World::new().await;
    let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
    let driver = world.driver("driver_demo1").await;
    let booking = world.booked(&customer, 86_400).await["bookingId"].as_str().unwrap().to_owned();
    let before = world.table();
    let lists = [
        ("/v1/bookings", &dispatcher),
        ("/v1/bookings", &customer),
        ("/v1/drivers", &dispatcher),
        ("/v1/drivers/me/jobs", &driver),
        (&format!("/v1/bookings/{booking}"), &customer),
    ];
    let names = [
        "limit",
        "cursor",
        "status",
        "userId",
        "driverId",
        "reference",
        "from",
        "to",
        "available",
        "x",
        "",
        "%00",
    ];
    let values = [
        "",
        "1",
        "0",
        "-1",
        "100",
        "1e9",
        "99999999999999999999",
        "9999999999",
        "1000000000",
        "pending",
        "active",
        "true",
        "user_1",
        "driver_demo1",
        "NOTS-7K3M9Q",
        "nots-7k3m9q-r",
        "%00",
        "%FF%FE",
        "%F0%9F%9A%97",
        "+",
        "%2B5",
        "a=b",
        "%26",
        "e30",
        "eyJrZXlzIjp7fSwic2VhbCI6IiJ9",
        "'",
        "%22",
        "%7B%7D",
        "NaN",
        "null",
    ];
    let (mut dice, mut faults) = (Dice(417), Vec::new());
    for _ in 0..240 {
        let (path, who) = dice.pick(&lists);
        let mut query = Vec::new();
        for _ in 0..dice.roll(4) {
            query.push(format!("{}={}", dice.pick(&names), dice.pick(&values)));
        }
        let path = format!("{path}?{}", query.join("&"));
        let answer = world.get(&path, *who).await;
        let sound = answer.status == 200 || named(&answer, 400).is_ok();
        faults.extend((!sound).then(|| format!("{path}: {} {}", answer.status, answer.body)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(world.table() == before);
}
