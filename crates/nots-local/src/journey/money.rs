//! What happens around a journey's money: changes, refunds, receipts, calling off, cash, what is not paid, and the books.

use http::Method;
use nots_core::{
    ports::{Cause, Clock},
    time::Interval,
};
use serde_json::{Value, json};

use super::{Journey, Step, text};
use crate::functions;

const DAY: u32 = 86_400;
/// How long a booking may stay unpaid by the platform's settings, in seconds.
const UNPAID: u32 = 2_100;
/// When the customer of one that stays unpaid goes to the page, in seconds: the sweep finds its session still open.
const HESITATES: u32 = 600;
/// Less than the time between two sweeps, in seconds.
const MOMENT: u32 = 30;

/// Where a journey ends: as booked, nearer and farther.
const BOOKED: &str = "Poole Harbour";
const NEARER: &str = "Bournemouth Pier";
const FARTHER: &str = "Southampton Airport";

struct People {
    customer: String,
    dispatcher: String,
    admin: String,
}

impl Journey {
    /// Plays what else there is to money, each endpoint and each job once.
    ///
    /// # Errors
    /// When a step does not answer as it should.
    pub async fn play_money(mut self) -> Result<Vec<Step>, Cause> {
        let people = People {
            customer: self.token(json!({ "role": "customer" })).await?,
            dispatcher: self.token(json!({ "role": "dispatcher" })).await?,
            admin: self.token(json!({ "role": "admin" })).await?,
        };
        let booking = self.booked(&people.customer).await?;
        let payment = self.at_the_page(&booking, &people.customer).await?;
        self.quietly(&pay(&payment), None, Value::Null).await?;
        self.platform.settle().await;

        let payment = self.look_at_payment(&booking, &people.customer).await?;
        self.change(&booking, &people.customer).await?;
        self.receipts(&booking, &people.customer).await?;
        self.give_back(&payment, &people.admin).await?;
        self.call_off(&booking, &people.customer).await?;
        self.cash(&people).await?;
        self.sweep(&people.customer).await?;
        self.compare().await?;
        Ok(self.steps)
    }

    /// Makes what a step needs, uncounted.
    async fn quietly(&self, path: &str, token: Option<&str>, body: Value) -> Result<Value, Cause> {
        let answer = self.client.post(path, token, &body).await?;
        match answer.status {
            200 | 201 => Ok(answer.body),
            status => Err(format!("{path}: got {status} {}", answer.body).into()),
        }
    }

    async fn quoted(&self, dropoff: &str) -> Result<String, Cause> {
        let body = json!({
            "pickupLocation": { "address": "Bournemouth Railway Station" },
            "dropoffLocation": { "address": dropoff },
            "pickupTime": self.platform.clock.now().plus(2 * DAY),
            "passengers": 2, "luggage": 1, "vehicleType": "standard",
        });
        Ok(text(&self.quietly("/v1/quotes", None, body).await?, "/quoteId"))
    }

    async fn booked(&self, token: &str) -> Result<String, Cause> {
        let body = json!({
            "quoteId": self.quoted(BOOKED).await?,
            "customer": {
                "firstName": "John", "lastName": "Doe", "email": "john@example.com", "phone": "+44 7700 900123",
            },
        });
        let booking = self.quietly("/v1/bookings", Some(token), body).await?;
        self.platform.settle().await;
        Ok(text(&booking, "/bookingId"))
    }

    async fn at_the_page(&self, booking: &str, token: &str) -> Result<Value, Cause> {
        self.quietly("/v1/payments", Some(token), json!({ "bookingId": booking })).await
    }

    async fn look_at_payment(&mut self, booking: &str, token: &str) -> Result<String, Cause> {
        let path = format!("/v1/payments?bookingId={booking}");
        let ask = (Method::GET, path.as_str(), Some(token));
        let page = self.step("GET /v1/payments?bookingId", ask, None, 200).await?;
        Ok(text(&page, "/items/0/paymentId"))
    }

    async fn change(&mut self, booking: &str, token: &str) -> Result<(), Cause> {
        let path = format!("/v1/bookings/{booking}");
        let body = json!({ "luggage": 2, "pickupInstructions": "Wait by main entrance" });
        let ask = (Method::PATCH, path.as_str(), Some(token));
        self.step("PATCH /v1/bookings/{id}: without money", ask.clone(), Some(body), 200).await?;
        let body = json!({ "quoteId": self.quoted(NEARER).await? });
        self.step("PATCH /v1/bookings/{id}: costs less", ask.clone(), Some(body), 200).await?;
        let body = json!({ "quoteId": self.quoted(FARTHER).await? });
        self.step("PATCH /v1/bookings/{id}: costs more", ask, Some(body), 200).await?;
        let ask = (Method::POST, "/v1/payments", Some(token));
        let body = json!({ "bookingId": booking });
        let payment = self.step("POST /v1/payments: the difference", ask, Some(body), 201).await?;
        let pay = pay(&payment);
        self.step("The difference is paid", (Method::POST, &pay, None), None, 200).await?;
        Ok(())
    }

    async fn receipts(&mut self, booking: &str, token: &str) -> Result<(), Cause> {
        let path = format!("/v1/bookings/{booking}/receipt");
        let ask = (Method::GET, path.as_str(), Some(token));
        self.step("GET /v1/bookings/{id}/receipt", ask.clone(), None, 200).await?;
        let title = "GET /v1/bookings/{id}/receipt: PDF";
        let answer = self.step_with(title, &[("accept", "application/pdf")], ask, None, 200).await?;
        match answer.headers.get("content-type") {
            Some(kind) if kind == "application/pdf" => Ok(()),
            other => Err(format!("{title}: is {other:?}").into()),
        }
    }

    async fn give_back(&mut self, payment: &str, token: &str) -> Result<(), Cause> {
        let path = format!("/v1/payments/{payment}/refunds");
        let body = json!({ "amount": 100, "reason": "The driver was late" });
        let (key, ask) = ([("idempotency-key", "late")], (Method::POST, path.as_str(), Some(token)));
        self.step_with("POST /v1/payments/{id}/refunds", &key, ask, Some(body), 201).await?;
        Ok(())
    }

    async fn call_off(&mut self, booking: &str, token: &str) -> Result<(), Cause> {
        let path = format!("/v1/bookings/{booking}/cancellation");
        let ask = (Method::GET, path.as_str(), Some(token));
        self.step("GET /v1/bookings/{id}/cancellation", ask, None, 200).await?;
        let path = format!("/v1/bookings/{booking}");
        let ask = (Method::DELETE, path.as_str(), Some(token));
        let body = json!({ "reason": "We stay at home" });
        self.step("DELETE /v1/bookings/{id}", ask, Some(body), 200).await?;
        Ok(())
    }

    async fn cash(&mut self, people: &People) -> Result<(), Cause> {
        let booking = self.booked(&people.dispatcher).await?;
        let ask = (Method::POST, "/v1/payments", Some(people.dispatcher.as_str()));
        let body = json!({ "bookingId": booking, "method": "cash" });
        self.step("POST /v1/payments: cash, by staff", ask, Some(body), 200).await?;
        let ask = (Method::GET, "/v1/payments?status=pending", Some(people.admin.as_str()));
        self.step("GET /v1/payments?status", ask, None, 200).await?;
        Ok(())
    }

    async fn sweep(&mut self, token: &str) -> Result<(), Cause> {
        let booking = self.booked(token).await?;
        self.platform.advance(HESITATES).await?;
        self.at_the_page(&booking, token).await?;
        // The platform sweeps now, when nothing is due yet, and not again before the next sweep has been counted.
        self.platform.advance(UNPAID - HESITATES - MOMENT).await?;
        self.platform.clock.advance(MOMENT + 1)?;
        let _ = self.platform.meter.take();
        functions::sweeper(&self.platform.ports)(b"{}".to_vec()).await.map_err(Cause::from)?;
        self.count("An unpaid booking is ended").await;
        let path = format!("/v1/bookings/{booking}");
        let status = text(&self.client.get(&path, Some(token)).await?.body, "/status");
        if status == "cancelled" { Ok(()) } else { Err(format!("the unpaid booking is {status}").into()) }
    }

    async fn compare(&mut self) -> Result<(), Cause> {
        let now = self.platform.clock.now();
        let window = Interval { from: now.minus(2 * DAY), to: now };
        let _ = self.platform.meter.take();
        let found = functions::reconciler(&self.platform.ports).compare(window).await?;
        self.count("Books and lists are compared").await;
        if found.is_clean() { Ok(()) } else { Err(format!("the books differ: {found:?}").into()) }
    }
}

/// Where the card holder pays.
fn pay(payment: &Value) -> String {
    format!("/local/stripe/checkout/{}/pay", text(payment, "/checkoutSessionId"))
}
