//! The adapters against recorded-shape answers on loopback: what is sent, and how each answer is understood.
//! Needs every feature: `cargo test -p nots-aws --all-features`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::{Arc, Mutex};

use aws_config::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use axum::{Router, body::Bytes, http::HeaderMap, response::IntoResponse};
use nots_aws::{CognitoKeys, EventBus, SecretsManager, SesAndSns};
use nots_core::{
    BookingId, Timestamp,
    announce::Announcement,
    contact::{Email, Phone},
    event::{BookingEvent, EventKind},
    ports::{About, Attachment, Events, Mail, MailError, Message, Secret, SigningKeys},
    table::Version,
};
use tokio::net::TcpListener;

type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// Answers every request the same, and keeps what was asked: path and target, and body.
async fn service(status: u16, kind: &'static str, answer: &'static str) -> (String, Seen) {
    let seen = Seen::default();
    let kept = seen.clone();
    let router = Router::new().fallback(move |uri: axum::http::Uri, headers: HeaderMap, body: Bytes| {
        let target = headers.get("x-amz-target").map(|t| t.to_str().unwrap().to_owned()).unwrap_or_default();
        kept.lock().unwrap().push((format!("{uri} {target}"), String::from_utf8_lossy(&body).into_owned()));
        async move {
            (axum::http::StatusCode::from_u16(status).unwrap(), [("content-type", kind)], answer)
                .into_response()
        }
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

async fn sdk(url: &str) -> aws_config::SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(url)
        .region("eu-west-2")
        .credentials_provider(aws_sdk_sns::config::Credentials::new("key", "secret", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .load()
        .await
}

fn announced() -> Announcement {
    Announcement::of_booking(&event()).unwrap()
}

fn event() -> BookingEvent {
    BookingEvent {
        booking_id: BookingId::parse("booking_X").unwrap(),
        event: EventKind::Confirmed,
        version: Version::new(2),
        at: Timestamp::new(1_795_000_000).unwrap(),
    }
}

async fn bus(answer: &'static str) -> (EventBus, Seen) {
    let (url, seen) = service(200, "application/x-amz-json-1.1", answer).await;
    (EventBus::new(aws_sdk_eventbridge::Client::new(&sdk(&url).await), "nots".to_owned()), seen)
}

#[tokio::test]
async fn an_event_goes_to_the_bus_without_anybodys_data() {
    let (bus, seen) = bus(r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#).await;
    bus.publish(&announced()).await.unwrap();
    let (path, body) = seen.lock().unwrap()[0].clone();
    assert!(path.ends_with("AWSEvents.PutEvents"), "{path}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let entry = &body["Entries"][0];
    assert_eq!(
        (entry["Source"].as_str(), entry["DetailType"].as_str()),
        (Some("nots"), Some("booking.confirmed"))
    );
    assert_eq!(entry["EventBusName"], "nots");
    assert_eq!(entry["Resources"][0], "booking_X.2.confirmed");
    let detail = r#"{"at":1795000000,"bookingId":"booking_X","event":"confirmed","version":2}"#;
    assert_eq!(entry["Detail"], detail);
}

#[tokio::test]
async fn an_entry_that_the_bus_did_not_take_is_a_failure_although_the_call_succeeds() {
    let answer = r#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure","ErrorMessage":"x"}]}"#;
    assert!(bus(answer).await.0.publish(&announced()).await.is_err());
}

async fn mail(status: u16, kind: &'static str, answer: &'static str) -> (SesAndSns, Seen) {
    let (url, seen) = service(status, kind, answer).await;
    let sdk = sdk(&url).await;
    let (ses, sns) = (aws_sdk_sesv2::Client::new(&sdk), aws_sdk_sns::Client::new(&sdk));
    (SesAndSns::new(ses, sns, "bookings@nots.co.uk".to_owned(), "NOTS".to_owned()), seen)
}

fn about() -> About {
    About { booking_id: BookingId::parse("booking_X").unwrap(), event: "confirmed" }
}

fn email() -> Message {
    Message::Email {
        to: Email::parse("john@example.com").unwrap(),
        subject: "Confirmed".to_owned(),
        text: "words".to_owned(),
        html: "<p>words</p>".to_owned(),
        attachments: Vec::new(),
    }
}

fn sms() -> Message {
    Message::Sms { to: Phone::parse("+447700900123").unwrap(), text: "words".to_owned() }
}

#[tokio::test]
async fn an_email_goes_to_ses_with_its_tags() {
    let (mail, seen) = mail(200, "application/json", r#"{"MessageId":"ses-1"}"#).await;
    assert_eq!(mail.send(&email(), &about()).await.unwrap(), "ses-1");
    let (path, body) = seen.lock().unwrap()[0].clone();
    assert!(path.starts_with("/v2/email/outbound-emails"), "{path}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["Destination"]["ToAddresses"][0], "john@example.com");
    assert_eq!(body["FromEmailAddress"], "bookings@nots.co.uk");
    assert_eq!(body["Content"]["Simple"]["Body"]["Html"]["Data"], "<p>words</p>");
    assert_eq!(body["EmailTags"][0]["Value"], "booking_X");
    assert_eq!(body["Content"]["Simple"].get("Attachments"), None);
}

#[tokio::test]
async fn an_attachment_goes_with_its_email() {
    let (mail, seen) = mail(200, "application/json", r#"{"MessageId":"ses-1"}"#).await;
    let mut message = email();
    let Message::Email { attachments, .. } = &mut message else { unreachable!() };
    attachments.push(Attachment {
        name: "receipt-NOTS-7K3M9Q.pdf".to_owned(),
        content_type: "application/pdf",
        bytes: b"%PDF-1.7 \xff".to_vec(),
    });
    mail.send(&message, &about()).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&seen.lock().unwrap()[0].1).unwrap();
    let expected = serde_json::json!([{
        "FileName": "receipt-NOTS-7K3M9Q.pdf",
        "ContentType": "application/pdf",
        "ContentDisposition": "ATTACHMENT",
        "ContentTransferEncoding": "BASE64",
        "RawContent": "JVBERi0xLjcg/w==",
    }]);
    assert_eq!(body["Content"]["Simple"]["Attachments"], expected);
}

#[tokio::test]
async fn a_text_message_goes_to_sns_as_a_transaction() {
    let answer =
        "<PublishResponse><PublishResult><MessageId>sns-1</MessageId></PublishResult></PublishResponse>";
    let (mail, seen) = mail(200, "text/xml", answer).await;
    assert_eq!(mail.send(&sms(), &about()).await.unwrap(), "sns-1");
    let (_, body) = seen.lock().unwrap()[0].clone();
    for part in ["Action=Publish", "PhoneNumber=%2B447700900123", "Transactional", "NOTS"] {
        assert!(body.contains(part), "{body}");
    }
}

#[tokio::test]
async fn refused_not_taken_and_nobody_knows_are_told_apart_and_nothing_is_sent_twice() {
    let rejected = r#"{"__type":"BadRequestException","message":"Domain contains illegal character"}"#;
    let (ses, seen) = mail(400, "application/json", rejected).await;
    assert!(matches!(ses.send(&email(), &about()).await, Err(MailError::Rejected(_))));
    assert_eq!(seen.lock().unwrap().len(), 1);

    let unverified = r#"{"__type":"MessageRejected","message":"Email address is not verified."}"#;
    let (ses, _) = mail(400, "application/json", unverified).await;
    assert!(matches!(ses.send(&email(), &about()).await, Err(MailError::Unavailable(_))), "ours to mend");

    let busy = r#"{"__type":"TooManyRequestsException","message":"slow down"}"#;
    let (ses, seen) = mail(429, "application/json", busy).await;
    assert!(matches!(ses.send(&email(), &about()).await, Err(MailError::Unavailable(_))));
    assert_eq!(seen.lock().unwrap().len(), 1);

    let invalid = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>x</Message></Error></ErrorResponse>";
    let (sns, _) = mail(400, "text/xml", invalid).await;
    assert!(matches!(sns.send(&sms(), &about()).await, Err(MailError::Rejected(_))));

    // A service that hangs up after it has been asked: it may have sent.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let hang_up = tokio::spawn(async move {
        let mut asked = 0;
        while let Ok((stream, _)) = listener.accept().await {
            asked += 1;
            stream.readable().await.unwrap();
            if asked == 2 {
                return asked;
            }
        }
        asked
    });
    let sdk = sdk(&url).await;
    let (ses, sns) = (aws_sdk_sesv2::Client::new(&sdk), aws_sdk_sns::Client::new(&sdk));
    let both = SesAndSns::new(ses, sns, "bookings@nots.co.uk".to_owned(), "NOTS".to_owned());
    assert!(matches!(both.send(&email(), &about()).await, Err(MailError::Unknown(_))));
    assert!(matches!(both.send(&sms(), &about()).await, Err(MailError::Unknown(_))));
    assert_eq!(hang_up.await.unwrap(), 2, "once each");
}

#[tokio::test]
async fn a_secret_is_asked_for_once_and_kept_for_a_while() {
    let answer = r#"{"Name":"nots/stripe/secret-key","SecretString":"sk_test_1"}"#;
    let (url, seen) = service(200, "application/x-amz-json-1.1", answer).await;
    let client = aws_sdk_secretsmanager::Client::new(&sdk(&url).await);
    let secret = SecretsManager::new(client, "nots/stripe/secret-key".to_owned());
    for _ in 0..3 {
        assert_eq!(secret.get().await.unwrap(), "sk_test_1");
    }
    assert_eq!(
        secret.refresh().await.unwrap(),
        "sk_test_1",
        "whoever is refused is not asked for at each turn"
    );
    assert_eq!(seen.lock().unwrap().len(), 1);
    assert!(!format!("{secret:?}").contains("sk_test_1"), "a secret is never printed");
}

#[tokio::test]
async fn keys_are_at_the_issuers_well_known_place() {
    let (url, seen) = service(200, "application/json", r#"{"keys":[]}"#).await;
    let keys = CognitoKeys::new(&format!("{url}/eu-west-2_AbC")).unwrap();
    assert_eq!(keys.fetch().await.unwrap(), r#"{"keys":[]}"#);
    assert!(seen.lock().unwrap()[0].0.starts_with("/eu-west-2_AbC/.well-known/jwks.json"));
    let (url, _) = service(503, "text/plain", "no").await;
    assert!(CognitoKeys::new(&url).unwrap().fetch().await.is_err());
}
