//! One whole journey, from a price to a finished ride, step by step through the API; the demonstration tells it and
//! the benchmark counts it. Beside it, everything else that happens around its money, to be counted.

mod money;

use std::sync::Arc;

use nots_core::ports::{Cause, Clock, Consumed};
use serde_json::{Value, json};

use crate::{
    Platform,
    client::{Answer, Client},
};

/// One step as it was answered, and what it cost the table.
#[derive(Debug, Clone)]
pub struct Step {
    /// What was done.
    pub title: &'static str,
    /// What came of it, as a person wants to read it.
    pub lines: Vec<String>,
    /// By the request itself.
    pub request: Consumed,
    /// By what the request caused in the background.
    pub background: Consumed,
}

/// Plays the journey on a platform where nothing runs by itself, so that each step's cost is its own.
pub struct Journey {
    platform: Arc<Platform>,
    client: Client,
    steps: Vec<Step>,
}

/// Method, path, and whose token.
type Ask<'a> = (http::Method, &'a str, Option<&'a str>);

struct Tokens {
    customer: String,
    dispatcher: String,
    driver: String,
}

impl Journey {
    /// On a platform started by hand.
    #[must_use]
    pub fn on(platform: Arc<Platform>) -> Self {
        let client = Client::new(format!("http://{}", platform.api));
        Self { platform, client, steps: Vec::new() }
    }

    /// Plays it to the end.
    ///
    /// # Errors
    /// When a step does not answer as it should.
    pub async fn play(mut self) -> Result<Vec<Step>, Cause> {
        let tokens = Tokens {
            customer: self.token(json!({ "role": "customer" })).await?,
            dispatcher: self.token(json!({ "role": "dispatcher" })).await?,
            driver: self.token(json!({ "role": "driver", "driverId": "driver_demo1" })).await?,
        };
        let quote = self.quote().await?;
        let booking = self.book(&quote, &tokens.customer).await?;
        self.pay(&booking, &tokens.customer).await?;
        self.dispatch(&booking, &tokens).await?;
        self.drive(&booking, &tokens.driver).await?;
        self.look_back(&booking, &tokens).await?;
        Ok(self.steps)
    }

    async fn token(&self, body: Value) -> Result<String, Cause> {
        let answer = self.client.post("/local/token", None, &body).await?;
        Ok(text(&answer.body, "/accessToken"))
    }

    /// Does one step: asks, lets the background catch up, and keeps what both cost.
    async fn step(
        &mut self,
        title: &'static str,
        ask: Ask<'_>,
        body: Option<Value>,
        expected: u16,
    ) -> Result<Value, Cause> {
        Ok(self.step_with(title, &[], ask, body, expected).await?.body)
    }

    /// The same, with headers of its own.
    async fn step_with(
        &mut self,
        title: &'static str,
        headers: &[(&str, &str)],
        (method, path, token): Ask<'_>,
        body: Option<Value>,
        expected: u16,
    ) -> Result<Answer, Cause> {
        let _ = self.platform.meter.take();
        let answer = self.client.call_with(headers, method, path, token, body.as_ref()).await?;
        if answer.status != expected {
            return Err(format!("{title}: expected {expected}, got {} {}", answer.status, answer.body).into());
        }
        self.count(title).await;
        Ok(answer)
    }

    /// Keeps what has been asked since the meter was last taken as a step, and what it causes in the background.
    async fn count(&mut self, title: &'static str) {
        let request = self.platform.meter.take();
        self.platform.settle().await;
        let background = self.platform.meter.take();
        self.steps.push(Step { title, lines: Vec::new(), request, background });
    }

    fn say(&mut self, line: String) {
        if let Some(step) = self.steps.last_mut() {
            step.lines.push(line);
        }
    }

    async fn quote(&mut self) -> Result<String, Cause> {
        let body = json!({
            "pickupLocation": { "address": "Bournemouth Railway Station" },
            "dropoffLocation": { "address": "Poole Harbour" },
            "pickupTime": self.platform.clock.now().plus(86_400),
            "passengers": 2, "luggage": 1, "vehicleType": "standard",
        });
        let ask = (http::Method::POST, "/v1/quotes", None);
        let quote = self.step("A customer asks for a price", ask, Some(body), 201).await?;
        let (miles, minutes) =
            (number(&quote, "/journey/distance/miles"), number(&quote, "/journey/duration/minutes"));
        self.say(format!(
            "{} to {}",
            text(&quote, "/pickupLocation/address"),
            text(&quote, "/dropoffLocation/address")
        ));
        self.say(format!("{miles} miles, about {minutes} minutes ({})", text(&quote, "/journey/source")));
        for line in quote.pointer("/pricing/lines").and_then(Value::as_array).into_iter().flatten() {
            self.say(format!("{:>9}  {}", pounds(line, "/amount"), text(line, "/description")));
        }
        self.say(format!("{:>9}  in all, good for 15 minutes", pounds(&quote, "/pricing/breakdown/total")));
        for other in quote.pointer("/alternatives").and_then(Value::as_array).into_iter().flatten() {
            self.say(format!("{:>9}  as {}", pounds(other, "/total"), text(other, "/vehicleType")));
        }
        Ok(text(&quote, "/quoteId"))
    }

    async fn book(&mut self, quote: &str, token: &str) -> Result<String, Cause> {
        let body = json!({
            "quoteId": quote,
            "customer": {
                "firstName": "John", "lastName": "Doe", "email": "john@example.com", "phone": "+44 7700 900123",
            },
            "pickupInstructions": "Wait by main entrance",
        });
        let ask = (http::Method::POST, "/v1/bookings", Some(token));
        let booking = self.step("books it", ask, Some(body.clone()), 201).await?;
        let (reference, status) = (text(&booking, "/bookingReference"), text(&booking, "/status"));
        self.say(format!("{reference} is {status}"));
        let again = (http::Method::POST, "/v1/bookings", Some(token));
        let same = self.step("clicks twice", again, Some(body), 200).await?;
        self.say(format!("{} again: one quote, one booking", text(&same, "/bookingReference")));
        Ok(text(&booking, "/bookingId"))
    }

    async fn pay(&mut self, booking: &str, token: &str) -> Result<(), Cause> {
        let ask = (http::Method::POST, "/v1/payments", Some(token));
        let payment = self.step("goes to pay", ask, Some(json!({ "bookingId": booking })), 201).await?;
        self.say(format!("{} at {}", text(&payment, "/amount/displayTotal"), text(&payment, "/checkoutUrl")));
        let pay = format!("/local/stripe/checkout/{}/pay", text(&payment, "/checkoutSessionId"));
        let paid = self.step("pays by card", (http::Method::POST, &pay, None), None, 200).await?;
        self.say(format!(
            "The card processor says {}; its signed webhook confirms the booking",
            text(&paid, "/paymentStatus")
        ));
        self.tell();
        Ok(())
    }

    async fn dispatch(&mut self, booking: &str, tokens: &Tokens) -> Result<(), Cause> {
        let list =
            (http::Method::GET, "/v1/drivers?available=true&limit=3", Some(tokens.dispatcher.as_str()));
        let drivers = self.step("A dispatcher looks who is on duty", list, None, 200).await?;
        for driver in drivers.pointer("/items").and_then(Value::as_array).into_iter().flatten() {
            let stars = number(driver, "/performance/rating");
            self.say(format!("{} {}, {stars} stars", text(driver, "/firstName"), text(driver, "/lastName")));
        }
        let body = json!({ "bookingId": booking, "driverId": "driver_demo1" });
        let ask = (http::Method::POST, "/v1/dispatch", Some(tokens.dispatcher.as_str()));
        let assigned = self.step("gives the job to a driver", ask, Some(body), 200).await?;
        self.say(format!(
            "{} {} (badge {}) in a {} {} {}, {} (plate {})",
            text(&assigned, "/driver/firstName"),
            text(&assigned, "/driver/lastName"),
            text(&assigned, "/driver/licenceNumber"),
            text(&assigned, "/vehicle/color"),
            text(&assigned, "/vehicle/make"),
            text(&assigned, "/vehicle/model"),
            text(&assigned, "/vehicle/registration"),
            text(&assigned, "/vehicle/plateNumber"),
        ));
        self.tell();
        Ok(())
    }

    async fn drive(&mut self, booking: &str, token: &str) -> Result<(), Cause> {
        let list = (http::Method::GET, "/v1/drivers/me/jobs", Some(token));
        let jobs = self.step("The driver looks at the day", list, None, 200).await?;
        for job in jobs.pointer("/items").and_then(Value::as_array).into_iter().flatten() {
            self.say(format!(
                "{}: {} {} at {}",
                text(job, "/bookingReference"),
                text(job, "/customer/firstName"),
                text(job, "/customer/lastName"),
                text(job, "/journey/pickupLocation/address"),
            ));
        }
        let path = format!("/v1/jobs/{booking}");
        let steps = [
            ("en_route", "sets out"),
            ("arrived", "arrives"),
            ("passenger_onboard", "has the passenger on board"),
            ("completed", "drops the passenger off"),
        ];
        for (progress, title) in steps {
            let ask = (http::Method::PATCH, path.as_str(), Some(token));
            let job = self.step(title, ask, Some(json!({ "progress": progress })), 200).await?;
            self.say(format!("The booking is {}", text(&job, "/status")));
            self.tell();
        }
        Ok(())
    }

    async fn look_back(&mut self, booking: &str, tokens: &Tokens) -> Result<(), Cause> {
        let path = format!("/v1/bookings/{booking}");
        let ask = (http::Method::GET, path.as_str(), Some(tokens.customer.as_str()));
        let done = self.step("The customer looks back", ask, None, 200).await?;
        self.say(format!(
            "{} is {}, version {}",
            text(&done, "/bookingReference"),
            text(&done, "/status"),
            number(&done, "/version")
        ));
        Ok(())
    }

    /// What the customer has just been told.
    fn tell(&mut self) {
        let told: usize = self.steps.iter().flat_map(|s| &s.lines).filter(|l| l.starts_with(TOLD)).count();
        let mut sent = self.platform.outbox.newest_first();
        sent.reverse();
        for message in sent.into_iter().skip(told) {
            let what = message.subject.unwrap_or(message.text);
            self.say(format!("{TOLD} {} to {}: {what}", message.channel, message.to));
        }
    }
}

const TOLD: &str = "✉";

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned()
}

fn number(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).map_or_else(|| "?".to_owned(), ToString::to_string)
}

fn pounds(value: &Value, pointer: &str) -> String {
    let pence = value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    nots_core::Pence::new(pence).display(nots_core::Currency::Gbp)
}
