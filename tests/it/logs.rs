//! What the log says of a journey, and of whom it does not.

use std::{
    io::Write,
    process::Command,
    sync::{Arc, Mutex},
};

use nots_core::ports::Clock;
use nots_local::{Options, Platform, journey::Journey};
use nots_testkit::signed;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<u8>>>);

impl Write for Ear {
    fn write(&mut self, heard: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(heard);
        Ok(heard.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Ear {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Whoever listens shares one switch for every line with all that runs in the process, so this runs in one of its own.
#[test]
fn nobodys_data_enters_a_line_of_the_log() {
    let alone =
        Command::new(std::env::current_exe().unwrap()).args(["--ignored", "--exact", "logs::heard"]).output();
    let alone = alone.unwrap();
    let said = String::from_utf8_lossy(&alone.stdout);
    assert!(
        alone.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&alone.stderr)
    );
}

#[tokio::test]
#[ignore = "run by the test above"]
async fn heard() {
    let ear = Ear::default();
    // The level that the template sets; everything of this test runs on its one thread.
    let lines = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::INFO)
        .with_writer(ear.clone())
        .finish();
    let _heard = tracing::subscriber::set_default(lines);
    let platform = Platform::start(Options { by_hand: true, ..Options::default() }).await.unwrap();
    Journey::on(platform.clone()).play().await.unwrap();
    // And of an event with all that a card can have in it, of a kind that nobody knows.
    let card = json!({ "number": "4242424242424242", "last4": "4242", "fingerprint": "Xt5EWLLDS7FJjR1c" });
    let event = json!({
        "id": "evt_1CARD", "object": "event", "type": "payment_method.attached", "livemode": false,
        "created": 1_795_000_000, "data": { "object": { "id": "pm_1", "card": card, "name": "ADA CARDHOLDER" } },
    });
    let body = event.to_string();
    let request = http::Request::post("/v1/webhooks/stripe")
        .header("stripe-signature", signed(&body, "whsec_local", platform.clock.now().seconds()))
        .body(bytes::Bytes::from(body))
        .unwrap();
    assert_eq!(platform.gateway.handle(request).await.status(), 200);
    platform.settle().await;
    let text = String::from_utf8(ear.0.lock().unwrap().clone()).unwrap();
    for said in ["\"Took the money\"", "\"outcome\":\"Confirmed\"", "Published `booking_"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for private in [
        "424242424242",
        "last4",
        "Xt5EWLLDS7FJjR1c",
        "CARDHOLDER",
        "john@example.com",
        "7700",
        "John",
        "Doe",
        "Wait by main entrance",
        "Bournemouth Railway",
        "Jane",
        "50.72",
    ] {
        assert!(!text.contains(private), "{private}: {text}");
    }
}
