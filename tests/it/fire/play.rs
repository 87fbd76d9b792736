//! Who does what, step by step.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use nots_core::{BookingId, access, entity::BookingStatus};
use nots_testkit::{Answer, Person, World};
use serde_json::{Value, json};

use super::{
    deeds::{DEEDS, Deed},
    dice::Dice,
};

const HOUR: i64 = 3_600;
/// Tokens hold for an hour.
const FRESH: i64 = 3_000;

struct Cast {
    customer: Person,
    dispatcher: Person,
    admin: Person,
    since: i64,
}

#[derive(Debug, Clone)]
struct Way {
    id: String,
    outward: String,
}

pub(super) struct Play {
    pub(super) world: World,
    pub(super) steps: Vec<String>,
    pub(super) began: i64,
    dice: Dice,
    cast: Cast,
    /// Every way that was booked: its id, and of which outward one it is.
    ways: Vec<Way>,
    /// Every page that could be paid: its session.
    pages: Vec<String>,
    /// Those that have not been paid yet, and those whose money is on its way.
    open: Vec<String>,
    slow: Vec<String>,
    /// Every PaymentIntent that was heard of.
    intents: Vec<String>,
    /// Who was given which.
    crew: BTreeMap<String, String>,
}

impl Play {
    pub(super) async fn begin(seed: u64) -> Self {
        let world = World::new().await;
        let (customer, dispatcher) = (world.person("customer").await, world.person("dispatcher").await);
        let admin = world.person("admin").await;
        let began = world.now();
        let cast = Cast { customer, dispatcher, admin, since: began };
        Self {
            steps: Vec::new(),
            began,
            dice: Dice::of(seed),
            cast,
            ways: Vec::new(),
            pages: Vec::new(),
            open: Vec::new(),
            slow: Vec::new(),
            intents: Vec::new(),
            crew: BTreeMap::new(),
            world,
        }
    }

    pub(super) async fn on(&mut self, steps: usize) {
        for _ in 0..steps {
            self.renew().await;
            // Nobody can do anything about nothing.
            let deed = if self.ways.is_empty() { Deed::Book } else { self.dice.weighed(DEEDS) };
            self.act(deed).await;
        }
    }

    async fn renew(&mut self) {
        if self.world.now() - self.cast.since < FRESH {
            return;
        }
        self.cast.since = self.world.now();
        for (role, person) in [
            ("customer", &mut self.cast.customer),
            ("dispatcher", &mut self.cast.dispatcher),
            ("admin", &mut self.cast.admin),
        ] {
            let body = json!({ "role": role, "userId": person.id });
            let answer = self.world.post("/local/token", None, body).await.expect_status(200);
            person.token = answer["accessToken"].as_str().unwrap().to_owned();
        }
    }

    async fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Book => self.book(false, false).await,
            Deed::BookBothWays => self.book(true, false).await,
            Deed::BookForAGuest => self.book(false, true).await,
            Deed::BeginToPay => self.begin_to_pay().await,
            Deed::Card(what) => self.card(what).await,
            Deed::ByHand(method) => self.by_hand(method).await,
            Deed::CallOff => self.call_off().await,
            Deed::Amend => self.amend().await,
            Deed::Assign => self.assign().await,
            Deed::Drive => self.drive().await,
            Deed::GiveBack => self.give_back().await,
            Deed::BankRefuses => self.bank_refuses().await,
            Deed::Dashboard => self.dashboard().await,
            Deed::Dispute(what) => self.dispute(what).await,
            Deed::Wait(seconds) => self.wait(seconds).await,
            Deed::Fault => self.fault().await,
            Deed::Mend => self.mend().await,
            Deed::Settle => {
                self.world.settle().await;
                self.steps.push("everything that is due is done".to_owned());
            }
        }
    }

    /// Notes what was done and what came of it: done, refused, or not possible just now; a fault of ours is none of them.
    fn note(&mut self, what: String, answer: &Answer) -> bool {
        let step = format!("{what}: {}", answer.status);
        let said = if answer.status >= 300 { format!(" {}", answer.body["detail"]) } else { String::new() };
        self.steps.push(format!("{step}{said}"));
        let fine = answer.status < 500 || answer.status == 503;
        assert!(fine, "{what}: {} {}", answer.status, answer.body);
        answer.status < 300
    }

    /// The bookings that others are paid under.
    pub(super) fn outward(&self) -> impl Iterator<Item = &str> {
        self.ways.iter().filter(|way| way.id == way.outward).map(|way| way.id.as_str())
    }

    /// Short enough to read.
    fn name(&self, way: &Way) -> String {
        let at = self.outward().position(|one| one == way.outward).unwrap_or(usize::MAX);
        format!("#{at}{}", if way.id == way.outward { "" } else { " back" })
    }

    fn way(&mut self) -> Way {
        self.dice.recent(&self.ways).unwrap()
    }

    /// One that stands so, when one is found soon; what does not fit is asked for now and then as well.
    async fn way_that_is(&mut self, fits: &[BookingStatus]) -> Way {
        let mut way = self.way();
        for _ in 0..6 {
            let id = BookingId::parse(&way.id).unwrap();
            let row = self.world.platform.ports.table.read(access::booking(&id)).await.unwrap();
            if row.is_some_and(|row| fits.contains(&row.data.status)) {
                break;
            }
            way = self.way();
        }
        way
    }

    async fn quote(&mut self, change: impl FnOnce(&mut Value)) -> Option<Value> {
        let mut journey = self.world.journey(0);
        change(&mut journey);
        let answer = self.world.post("/v1/quotes", None, journey).await;
        self.note("a quote".to_owned(), &answer).then_some(answer.body)
    }

    async fn book(&mut self, both_ways: bool, guest: bool) {
        let pickup = self.world.now() + self.dice.one(&[3, 5, 30, 50, 100]) * HOUR;
        let quote = self
            .quote(|journey| {
                journey["pickupTime"] = json!(pickup);
                if both_ways {
                    journey["returnJourney"] = json!(true);
                    journey["returnPickupTime"] = json!(pickup + 6 * HOUR);
                }
            })
            .await;
        let Some(quote) = quote else { return };
        let body = json!({ "quoteId": quote["quoteId"], "customer": World::traveller() });
        let who = if guest { &self.cast.dispatcher } else { &self.cast.customer };
        let answer = self.world.post("/v1/bookings", who, body).await;
        if answer.status < 300 {
            let outward = answer.body["bookingId"].as_str().unwrap();
            let back = answer.body["returnBookingId"].as_str();
            for id in [Some(outward), back].into_iter().flatten() {
                self.ways.push(Way { id: id.to_owned(), outward: outward.to_owned() });
            }
        }
        let total = &quote["pricing"]["breakdown"]["total"];
        let at = self.outward().count();
        let what = format!("booked, now {at}, for {total}p, both ways: {both_ways}, guest: {guest}");
        // Most pay at once.
        let pays = self.dice.roll(8);
        if self.note(what, &answer) && pays > 2 {
            let way = self.ways.last().cloned().unwrap();
            self.page_for(&way).await;
            if let (true, Some(page)) = (pays > 3, self.pages.last().cloned()) {
                self.at_the_card(&page, "pay").await;
            }
        }
    }

    async fn begin_to_pay(&mut self) {
        let way = self.way();
        self.page_for(&way).await;
    }

    async fn page_for(&mut self, way: &Way) {
        let guest = self.dice.roll(3) == 0;
        let who = if guest { &self.cast.dispatcher } else { &self.cast.customer };
        let answer = self.world.post("/v1/payments", who, json!({ "bookingId": way.id })).await;
        if let Some(session) = answer.body["checkoutSessionId"].as_str()
            && !self.pages.iter().any(|page| page == session)
        {
            self.pages.push(session.to_owned());
            self.open.push(session.to_owned());
        }
        let at = self.pages.len();
        let total = &answer.body["amount"]["total"];
        self.note(format!("a page ({at} in all) to pay {total}p for {}", self.name(way)), &answer);
    }

    async fn card(&mut self, does: &str) {
        // Mostly one with which it can be done.
        let fit = if matches!(does, "arrive" | "bounce") { &self.slow } else { &self.open };
        let any = if fit.is_empty() || self.dice.roll(6) == 0 { &self.pages } else { fit };
        let Some(page) = self.dice.recent(any) else { return };
        self.at_the_card(&page, does).await;
    }

    async fn at_the_card(&mut self, page: &str, does: &str) {
        let at = self.pages.iter().position(|one| one == page).unwrap() + 1;
        let answer =
            self.world.post(&format!("/local/stripe/checkout/{page}/{does}"), None, Value::Null).await;
        if let Some(intent) = answer.body["paymentIntent"].as_str()
            && !self.intents.iter().any(|one| one == intent)
        {
            self.intents.push(intent.to_owned());
        }
        if does == "pay-later" && answer.status == 200 {
            self.slow.push(page.to_owned());
        } else if answer.status == 200 && matches!(does, "arrive" | "bounce") {
            self.slow.retain(|one| one != page);
        }
        if answer.body["status"] != "open" {
            self.open.retain(|one| one != page);
        }
        self.note(format!("page {at}: {does}"), &answer);
    }

    async fn by_hand(&mut self, method: &str) {
        let fits = if matches!(method, "cash" | "account") {
            BookingStatus::Pending
        } else {
            BookingStatus::Completed
        };
        let way = self.way_that_is(&[fits]).await;
        let body = json!({ "bookingId": way.id, "method": method });
        let answer = self.world.post("/v1/payments", &self.cast.admin, body).await;
        self.note(format!("{method} for {}", self.name(&way)), &answer);
    }

    async fn call_off(&mut self) {
        let way = self.way_that_is(&[BookingStatus::Confirmed, BookingStatus::Assigned]).await;
        let (who, body) = match self.dice.roll(3) {
            0 => (&self.cast.customer, json!({ "reason": "Plans changed" })),
            1 => (&self.cast.dispatcher, json!({ "reason": "No driver" })),
            _ => (&self.cast.dispatcher, json!({ "reason": "Rang", "onBehalfOf": "customer" })),
        };
        let answer = self.world.delete(&format!("/v1/bookings/{}", way.id), who, body.clone()).await;
        self.note(format!("called off {} {body}", self.name(&way)), &answer);
    }

    async fn amend(&mut self) {
        let way = self.way_that_is(&[BookingStatus::Confirmed, BookingStatus::Assigned]).await;
        let staff = self.dice.roll(2) == 0;
        let who = if staff { self.cast.dispatcher.clone() } else { self.cast.customer.clone() };
        let stands = self.world.get(&format!("/v1/bookings/{}", way.id), &who).await;
        let pickup = stands.body["journey"]["pickupTime"].as_i64().unwrap_or(0);
        let pickup = pickup.max(self.world.now() + 4 * HOUR);
        let there = |address: &str, latitude: f64, longitude: f64| json!({ "address": address, "latitude": latitude, "longitude": longitude });
        let (how, to) = match self.dice.roll(4) {
            0 => ("nearer", there("Bournemouth Pier", 50.7163, -1.8755)),
            1 => ("a little farther", there("Poole Harbour, the far end", 50.7122, -2.0063)),
            2 => ("as it was", there("Poole Harbour, Poole, UK", 50.7122, -2.0053)),
            _ => ("farther", there("Southampton Airport", 50.9503, -1.3568)),
        };
        let later = self.dice.one(&[0, 0, 2 * HOUR]);
        let quote = self
            .quote(|journey| {
                journey["dropoffLocation"] = to;
                journey["pickupTime"] = json!(pickup + later);
            })
            .await;
        let Some(quote) = quote else { return };
        let body = json!({ "quoteId": quote["quoteId"] });
        let answer = self.world.patch(&format!("/v1/bookings/{}", way.id), &who, body).await;
        let total = &quote["pricing"]["breakdown"]["total"];
        let waits = &answer.body["amendment"]["difference"]["total"];
        let what = format!("changed {} ({how}) to {total}p, {waits}p more to be paid", self.name(&way));
        self.note(what, &answer);
    }

    async fn assign(&mut self) {
        let way = self.way_that_is(&[BookingStatus::Confirmed]).await;
        let driver = format!("driver_demo{}", 1 + self.dice.roll(4));
        let body = json!({ "bookingId": way.id, "driverId": driver });
        let answer = self.world.post("/v1/dispatch", &self.cast.dispatcher, body).await;
        if self.note(format!("{} to {driver}", self.name(&way)), &answer) {
            self.crew.insert(way.id, driver);
        }
    }

    /// A whole ride, or as much of it as can be done.
    async fn drive(&mut self) {
        let given: Vec<_> = self.crew.clone().into_iter().collect();
        let Some((id, driver)) = self.dice.recent(&given) else { return };
        let way = self.ways.iter().find(|way| way.id == id).cloned().unwrap();
        let path = format!("/v1/bookings/{id}");
        let stands = self.world.get(&path, &self.cast.dispatcher).await;
        let pickup = stands.body["journey"]["pickupTime"].as_i64().unwrap_or(0);
        // How long the passenger lets wait, if the driver comes at the time of the pickup.
        let late = self.dice.one(&[None, None, Some(600), Some(16 * 60), Some(20 * 60), Some(HOUR)]);
        let last = if late.is_some() && self.dice.roll(3) == 0 { "no_show" } else { "completed" };
        for step in ["en_route", "arrived", "passenger_onboard", "completed"] {
            let at_the_door = step == "passenger_onboard";
            if let (true, Some(late)) = (at_the_door, late) {
                let wait = (pickup - self.world.now()).max(0) + late;
                self.wait(u32::try_from(wait).unwrap()).await;
                self.renew().await;
            }
            let gone = at_the_door && last == "no_show";
            let step = if gone { "no_show" } else { step };
            let who = self.world.driver(&driver).await;
            let body = json!({ "progress": step });
            let answer = self.world.patch(&format!("/v1/jobs/{id}"), &who, body).await;
            if !self.note(format!("{driver} with {}: {step}", self.name(&way)), &answer) || gone {
                return;
            }
        }
        self.crew.remove(&id);
    }

    /// One or several at once, with keys of which some are the same.
    async fn give_back(&mut self) {
        let way = self
            .way_that_is(&[BookingStatus::Confirmed, BookingStatus::Assigned, BookingStatus::Completed])
            .await;
        let payment = way.outward.replace("booking_", "payment_");
        let several = 1 + self.dice.roll(4);
        let asked: Vec<_> =
            (0..several).map(|_| (self.dice.roll(4), self.dice.one(&[1, 100, 100, 614, 1_228]))).collect();
        let answers = join_all(asked.iter().map(|(key, amount)| {
            let request = http::Request::post(format!("/v1/payments/{payment}/refunds"))
                .header("authorization", format!("Bearer {}", self.cast.admin.token))
                .header("idempotency-key", format!("key-{key}"))
                .body(bytes::Bytes::from(json!({ "amount": amount, "reason": "Kind" }).to_string()))
                .unwrap();
            async {
                let (parts, body) = self.world.platform.gateway.handle(request).await.into_parts();
                let body = serde_json::from_slice(&body).unwrap();
                Answer { status: parts.status.as_u16(), headers: parts.headers, body }
            }
        }))
        .await;
        for ((key, amount), answer) in asked.into_iter().zip(answers) {
            self.note(format!("{amount}p back for {} by key {key}", self.name(&way)), &answer);
        }
    }

    async fn bank_refuses(&mut self) {
        let way = self.way_that_is(&[BookingStatus::Cancelled, BookingStatus::Confirmed]).await;
        let query = access::refunds_of_booking(&BookingId::parse(&way.outward).unwrap());
        let page = self.world.platform.ports.table.page(&query, 100, None).await.unwrap();
        let made: Vec<_> = page.rows.into_iter().filter_map(|row| row.data.stripe_refund_id).collect();
        let Some(refund) = self.dice.recent(&made) else { return };
        let answer =
            self.world.post(&format!("/local/stripe/refunds/{refund}/fail"), None, Value::Null).await;
        self.note(format!("{refund} fails at the bank"), &answer);
    }

    async fn dashboard(&mut self) {
        let Some(intent) = self.dice.recent(&self.intents) else { return };
        let body = self.dice.one(&[Some(50), Some(300), None]);
        let body = body.map_or(json!({}), |amount| json!({ "amount": amount }));
        let path = format!("/local/stripe/payments/{intent}/refund");
        let answer = self.world.post(&path, None, body.clone()).await;
        self.note(format!("{body} back from the dashboard of {intent}"), &answer);
    }

    async fn dispute(&mut self, what: &str) {
        let Some(intent) = self.dice.recent(&self.intents) else { return };
        // Nobody disputes what they have only just paid.
        if !self.world.table().keys().any(|key| key.starts_with(&format!("STRIPE#{intent} "))) {
            return;
        }
        let path = format!("/local/stripe/charges/{intent}/{what}");
        let answer = self.world.post(&path, None, Value::Null).await;
        self.note(format!("{what} of {intent}"), &answer);
    }

    /// Time passes; what waits in a queue is tried again every minute of it, so that nothing waits for a day.
    async fn wait(&mut self, seconds: u32) {
        self.steps.push(format!("{seconds} seconds pass"));
        let (mut left, mut minutes) = (seconds, 0);
        while left > 0 {
            minutes += 1;
            let tried_again = minutes < 20 && self.world.platform.bus.waiting() > 0;
            // What is on its way arrives before all of a long time has passed.
            let on = match minutes {
                _ if tried_again => left.min(61),
                1 | 2 => left.min(6_001),
                _ => left,
            };
            self.world.platform.advance(on).await.unwrap();
            left -= on;
        }
    }

    async fn fault(&mut self) {
        let some = u32::try_from(1 + self.dice.roll(4)).unwrap();
        let body = match self.dice.roll(9) {
            0 => json!({ "failNext": some }),
            1 => json!({ "loseNext": some }),
            2 => json!({ "rateLimitNext": some }),
            3 => json!({ "declineNext": 1 }),
            4 => json!({ "failRefunds": some }),
            5 => json!({ "delayEventsSeconds": self.dice.one(&[20, 120, 1_500, 6_000]) }),
            6 => json!({ "repeatEvents": some }),
            7 => json!({ "reorderEvents": true }),
            _ => json!({ "reorderSeed": some }),
        };
        let answer = self.world.post("/local/stripe/faults", None, body.clone()).await;
        self.note(format!("from now on {body}"), &answer);
    }

    async fn mend(&mut self) {
        let answer = self.world.delete("/local/stripe/faults", None, Value::Null).await;
        self.note("no faults any more".to_owned(), &answer);
    }

    /// No more faults, every page is over, and time passes until nothing is tried again.
    pub(super) async fn settle_down(&mut self) {
        self.mend().await;
        self.wait(120).await;
        for page in self.slow.clone() {
            let does = self.dice.one(&["arrive", "bounce"]);
            self.at_the_card(&page, does).await;
        }
        for seconds in [400, 4_000, 22_000, 4_000] {
            self.wait(seconds).await;
        }
    }
}
