//! What customers say: ratings and complaints; and what Stripe says that nobody understands.

use nots_core::{
    Actor, BookingId, ComplaintId, DriverId, RatingId, access,
    entity::{
        Complaint, ComplaintStatus, Rating, WebhookEvent,
        complaint::{ComplaintCategory, Grievance, Priority, Statement},
        rating::{Categories, Score},
        webhook::{Arrival, StripeEventId, WebhookStatus},
    },
    table::{Because, Stored, Transaction},
    text::Text,
};

use super::{at, empty, table};

const NOW: i64 = 1_733_842_200;

fn driver(id: &str) -> DriverId {
    DriverId::parse(id).unwrap()
}

fn rating(booking: &str, of: &str, score: u8) -> Rating {
    Rating {
        rating_id: RatingId::parse(&booking.replace("booking", "rating")).unwrap(),
        booking_id: BookingId::parse(booking).unwrap(),
        driver_id: driver(of),
        customer_id: None,
        score: Score::new(score).unwrap(),
        feedback: None,
        categories: Categories::default(),
    }
}

fn grievance(of: Option<&str>, priority: Priority) -> Grievance {
    Grievance {
        booking_id: None,
        driver_id: of.map(driver),
        customer_id: None,
        priority,
        category: ComplaintCategory::LatePickup,
        description: Statement::parse("Late").unwrap(),
    }
}

fn open(id: &str, of: Option<&str>, priority: Priority, seconds: i64) -> nots_core::table::New<Complaint> {
    let id = ComplaintId::parse(id).unwrap();
    Complaint::open(id, grievance(of, priority), Actor::System, at(seconds))
}

#[tokio::test]
async fn ratings_and_complaints_of_a_driver_are_two_lists() {
    let world = empty().await;
    let table = table(&world);
    for (booking, of) in [
        ("booking_2", "driver_a"),
        ("booking_1", "driver_a"),
        ("booking_4", "driver_b"),
        ("booking_3", "driver_a"),
    ] {
        table.commit(Transaction::new().create(&rating(booking, of, 4).give(Actor::System, at(NOW)))).await;
    }
    for (id, of, seconds) in [
        ("complaint_1", Some("driver_a"), NOW + 1),
        ("complaint_2", Some("driver_b"), NOW + 2),
        ("complaint_3", Some("driver_a"), NOW + 3),
        ("complaint_4", None, NOW + 4),
    ] {
        table.commit(Transaction::new().create(&open(id, of, Priority::Low, seconds))).await;
    }
    let ratings = table.all(&access::ratings_of_driver(&driver("driver_a"))).await;
    let bookings: Vec<_> = ratings.iter().map(|rating| rating.booking_id.as_str()).collect();
    assert_eq!(bookings, ["booking_3", "booking_2", "booking_1"], "the newest first");
    let complaints = table.all(&access::complaints_of_driver(&driver("driver_a"))).await;
    let complaints: Vec<_> = complaints.iter().map(|complaint| complaint.complaint_id.as_str()).collect();
    assert_eq!(complaints, ["complaint_3", "complaint_1"], "the newest first");

    let booking = BookingId::parse("booking_4").unwrap();
    let found = table.0.read(access::rating_of_booking(&booking)).await.unwrap();
    assert_eq!(found.unwrap().data, rating("booking_4", "driver_b", 4));
    // A booking is rated once.
    let again = rating("booking_4", "driver_b", 1).give(Actor::System, at(NOW));
    let refused = table.0.commit(Transaction::new().create(&again)).await.unwrap_err();
    assert_eq!(refused.refused_by::<Rating>(), Some(&Because::Exists));
}

#[tokio::test]
async fn complaints_the_most_urgent_first_and_then_the_oldest() {
    let world = empty().await;
    let table = table(&world);
    let all = [
        ("complaint_1", Priority::Low, NOW),
        ("complaint_2", Priority::High, NOW + 2),
        ("complaint_3", Priority::Urgent, NOW + 3),
        ("complaint_4", Priority::High, NOW + 1),
        ("complaint_5", Priority::Medium, NOW + 4),
        ("complaint_6", Priority::Urgent, NOW + 5),
    ];
    for (id, priority, seconds) in all {
        table.commit(Transaction::new().create(&open(id, Some("driver_a"), priority, seconds))).await;
    }
    let list = async |status| {
        let listed = table.all(&access::complaints_by_status(status)).await;
        let last = |complaint: &Complaint| complaint.complaint_id.suffix().to_owned();
        listed.iter().map(last).collect::<String>()
    };
    assert_eq!(list(ComplaintStatus::Open).await, "364251");

    let read = async |id: &str| -> Stored<Complaint> {
        let id = ComplaintId::parse(id).unwrap();
        table.0.read(access::complaint(&id)).await.unwrap().expect("a complaint")
    };
    let by = || Actor::System;
    let now = at(NOW + 60);
    let raised = Complaint::prioritise(read("complaint_1").await, Priority::Urgent, by(), now).unwrap();
    let taken_up = Complaint::investigate(read("complaint_3").await, by(), now).unwrap();
    let answer = Statement::parse("Told the driver").unwrap();
    let resolved = Complaint::resolve(read("complaint_4").await, answer, by(), now).unwrap();
    let closed = Complaint::close(read("complaint_5").await, by(), now).unwrap();
    table.commit(Transaction::new().apply(&raised).apply(&taken_up).apply(&resolved).apply(&closed)).await;
    assert_eq!(list(ComplaintStatus::Open).await, "162");
    assert_eq!(list(ComplaintStatus::Investigating).await, "3");
    assert_eq!(list(ComplaintStatus::Resolved).await, "4");
    assert_eq!(list(ComplaintStatus::Closed).await, "5");
    // Of two who answer one complaint at once, the second is told that it has been.
    let stale = Complaint::close(taken_up.after().clone(), by(), now).unwrap();
    table.commit(Transaction::new().apply(&stale)).await;
    let late = Complaint::investigate(taken_up.after().clone(), by(), now).unwrap();
    let refused = table.0.commit(Transaction::new().apply(&late)).await.unwrap_err();
    let closed = Because::IllegalMove { status: "closed".to_owned() };
    assert_eq!(refused.refused_by::<Complaint>(), Some(&closed));
}

#[tokio::test]
async fn an_event_is_taken_once_and_what_nobody_knows_is_kept_for_a_person() {
    let world = empty().await;
    let table = table(&world);
    let arrival = |id: &str| Arrival {
        event_id: StripeEventId::parse(id).unwrap(),
        event_type: Text::parse("charge.refunded").unwrap(),
        api_version: None,
        livemode: false,
        object_id: Some(Text::parse("ch_1").unwrap()),
        booking_id: None,
        occurred_at: None,
    };
    for (id, status, seconds) in [
        ("evt_4", WebhookStatus::Unrecognised, NOW + 4),
        ("evt_1", WebhookStatus::Applied, NOW + 1),
        ("evt_2", WebhookStatus::Mismatched, NOW + 2),
        ("evt_3", WebhookStatus::Irrelevant, NOW + 3),
        ("evt_5", WebhookStatus::Unrecognised, NOW + 5),
    ] {
        let new = WebhookEvent::take(arrival(id), status, None, at(seconds));
        table.commit(Transaction::new().create(&new)).await;
    }
    let kept = async || {
        let kept = table.all(&access::webhook_events_kept()).await;
        kept.iter().map(|event| event.event_id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(kept().await, ["evt_2", "evt_4", "evt_5"], "the oldest first");

    // The same event again, and with it whatever it would have caused.
    let again = WebhookEvent::take(arrival("evt_1"), WebhookStatus::Applied, None, at(NOW + 9));
    let effect = rating("booking_1", "driver_a", 5).give(Actor::Stripe, at(NOW + 9));
    let refused = table.0.commit(Transaction::new().create(&again).create(&effect)).await.unwrap_err();
    assert_eq!(refused.refused_by::<WebhookEvent>(), Some(&Because::Exists));
    let booking = BookingId::parse("booking_1").unwrap();
    assert!(table.0.read(access::rating_of_booking(&booking)).await.unwrap().is_none());

    let read = async |id: &str| {
        let id = StripeEventId::parse(id).unwrap();
        table.0.read(access::webhook_event(&id)).await.unwrap().expect("an event")
    };
    let reviewed = WebhookEvent::review(read("evt_2").await, Actor::System, at(NOW + 10)).unwrap();
    let applied = WebhookEvent::apply(read("evt_4").await, at(NOW + 10)).unwrap();
    table.commit(Transaction::new().apply(&reviewed).apply(&applied)).await;
    assert_eq!(kept().await, ["evt_5"]);
}
