//! Signatures that Stripe's own library for another language made. `.ci/stripe-signatures` makes them and runs this.

use nots_core::{
    Timestamp,
    ports::{PaymentNotices, WebhookError},
};
use serde::Deserialize;

use super::Held;
use crate::StripeNotices;

#[derive(Deserialize)]
struct Vectors {
    now: i64,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    body: String,
    header: String,
    secret: String,
    /// Any number, to choose a bit by.
    bit: usize,
}

fn flipped(text: &str, bit: usize) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

#[tokio::test]
#[ignore = "needs the vectors that .ci/stripe-signatures makes"]
#[expect(clippy::disallowed_methods, reason = "a test is told by the environment where they are")]
async fn what_stripes_own_library_signs_is_accepted() {
    let path = std::env::var("NOTS_STRIPE_SIGNATURES").expect("where the vectors are");
    let Vectors { now, vectors } = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let now = Timestamp::new(now).unwrap();
    assert!(vectors.len() >= 100, "{} vectors", vectors.len());
    for (number, Vector { body, header, secret, bit }) in vectors.into_iter().enumerate() {
        let notices = StripeNotices::new(std::sync::Arc::new(Held(Some(secret.leak()))));
        let read = notices.read(body.as_bytes(), &header, now).await;
        assert_eq!(read.unwrap().arrival.event_id.as_str(), format!("evt_{number}"), "{body}");

        let forged = notices.read(&flipped(&body, bit), &header, now).await;
        assert!(matches!(forged, Err(WebhookError::Forged(_))), "body, bit {bit}: {forged:?}");
        // Of the signature itself: each digit stands for four bits, so one digit is another.
        let at = header.find("v1=").unwrap() + 3;
        let at = at + bit % (header.len() - at);
        let digit = u8::from_str_radix(&header[at..=at], 16).unwrap() ^ (1 << (bit % 4));
        let other = format!("{}{digit:x}{}", &header[..at], &header[at + 1..]);
        let forged = notices.read(body.as_bytes(), &other, now).await;
        assert!(matches!(forged, Err(WebhookError::Forged(_))), "header, bit {bit}: {forged:?}");
    }
}
