//! The booking's machine, its verbs, and what the stream says of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use nots_core::{
    Actor, BookingId, DriverId, Pence, QuoteId, Timestamp, UserId,
    cancellation::{Cancellation, CancelledBy, judge},
    contact::{Email, Phone},
    entity::{
        Booking, BookingStatus, Payment, PaymentStatus, Quote, QuoteStatus,
        booking::{BookingSource, Customer, Particulars, Step, StepError},
        notice::NoticeStatus,
        quote::Enquiry,
        tariff::{self, CancellationPolicy, CancellationRow, Fee},
    },
    event::{BookingEvent, EventKind},
    geo::{Coordinates, Place},
    id::BookingReference,
    journey::{Leg, Measure, Source, VehicleType},
    settle,
    table::{Condition, Machine, Stored, attr},
    text::Name,
    time::Interval,
};

const NOW: i64 = 1_795_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(NOW + seconds).unwrap()
}

fn place(address: &str, latitude: f64, longitude: f64) -> Place {
    let at = Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() };
    Place { address: address.to_owned(), at }
}

fn enquiry() -> Enquiry {
    let leg = Leg { metres: 8_500, seconds: 1_200, source: Source::Estimate, polyline: None };
    Enquiry {
        pickup_location: place("Bournemouth Railway Station", 50.7260, -1.8782),
        via_stops: Vec::new(),
        dropoff_location: place("Poole Harbour", 50.7122, -2.0053),
        pickup_time: at(86_400),
        journey: Measure::from(leg),
        vehicle_type: VehicleType::Standard,
        passengers: 2,
        luggage: 1,
        extras: Vec::new(),
        return_leg: None,
    }
}

fn quoted(enquiry: Enquiry) -> Stored<Quote> {
    let id = QuoteId::parse("quote_X").unwrap();
    Quote::offer(id, enquiry, &tariff::demo().unwrap(), at(0)).unwrap().after().clone()
}

fn quote() -> Stored<Quote> {
    quoted(enquiry())
}

fn booking() -> Stored<Booking> {
    let particulars = Particulars {
        customer: Customer {
            user_id: Some(UserId::parse("user_1").unwrap()),
            first_name: Name::parse("John").unwrap(),
            last_name: Name::parse("Doe").unwrap(),
            email: Email::parse("john@example.com").unwrap(),
            phone: Phone::parse("+447700900123").unwrap(),
        },
        passengers: None,
        luggage: None,
        special_requirements: None,
        pickup_instructions: None,
        dropoff_instructions: None,
        flight_number: None,
        source: BookingSource::Web,
        taken_by: None,
    };
    let by = Actor::User(UserId::parse("user_1").unwrap());
    Booking::book(quote(), particulars, BookingReference::from_random(7), by, at(1)).unwrap().booking
}

/// The same booking as if it stood at a status, with the timeline that goes with it.
fn standing(status: BookingStatus) -> Stored<Booking> {
    let mut row = booking();
    row.data.status = status;
    let t = &mut row.data.timeline;
    if matches!(status, BookingStatus::Assigned | BookingStatus::InProgress | BookingStatus::Completed) {
        t.confirmed = Some(at(2));
        t.assigned = Some(at(3));
    }
    if matches!(status, BookingStatus::InProgress | BookingStatus::Completed) {
        t.driver_en_route = Some(at(4));
        t.arrived = Some(at(5));
        t.passenger_onboard = Some(at(6));
    }
    if status == BookingStatus::Completed {
        t.completed = Some(at(7));
    }
    row
}

fn matrix<M: Machine>() -> Vec<String> {
    let row = |from: &M| {
        let to: Vec<_> = from.successors().iter().map(|to| to.as_str()).collect();
        format!("{} → {}", from.as_str(), to.join(", "))
    };
    M::ALL.iter().map(row).collect()
}

#[test]
fn the_machines_are_these_and_no_others() {
    assert_eq!(
        matrix::<BookingStatus>(),
        [
            "pending → confirmed, cancelled",
            "confirmed → assigned, cancelled",
            "assigned → assigned, confirmed, in_progress, cancelled",
            "in_progress → completed",
            "completed → ",
            "cancelled → ",
        ]
    );
    assert_eq!(matrix::<QuoteStatus>(), ["valid → used", "used → "]);
    assert_eq!(
        matrix::<PaymentStatus>(),
        [
            "pending → pending, processing, completed, failed, refunded",
            "processing → processing, completed, pending, failed",
            "completed → completed, refunded, pending",
            "failed → failed, pending, processing, completed, refunded",
            "refunded → refunded, completed, pending, failed",
        ]
    );
    assert_eq!(matrix::<NoticeStatus>()[0], "claimed → claimed, released, sent, undeliverable");
}

#[test]
fn a_write_may_leave_only_the_states_that_lead_to_it_and_names_the_version_it_read() {
    let sources = |to| BookingStatus::sources(to).into_iter().map(Machine::as_str).collect::<Vec<_>>();
    assert_eq!(sources(BookingStatus::Confirmed), ["pending", "assigned"]);
    assert_eq!(sources(BookingStatus::Cancelled), ["pending", "confirmed", "assigned"]);
    let version = booking().meta.version;
    let condition = Condition::Leaves(version, sources(BookingStatus::InProgress)).expression();
    assert_eq!(condition.text, "#n0 = :v0 AND #n1.#n2 IN (:v1)");
    assert_eq!(condition.names["#n0"], "Version");
    assert_eq!(condition.values[":v1"], attr::text("assigned"));
}

#[test]
fn only_a_pending_booking_is_confirmed() {
    for status in BookingStatus::ALL {
        let (payment, row) = (payment(), standing(*status));
        let confirmed = settle::confirm(vec![row], payment, "pi_1", Pence::new(1_228), at(9));
        // Back from assigned is another verb's: paying does not take a job away from a driver.
        let may = matches!(status, BookingStatus::Pending);
        assert_eq!(confirmed.is_ok(), may, "{status:?}");
    }
}

fn payment() -> Stored<Payment> {
    let json = serde_json::json!({
        "paymentId": "payment_X", "bookingId": "booking_X", "userId": "user_1", "status": "pending", "method": "stripe",
        "provider": { "name": "stripe", "paymentIntentId": null, "chargeId": null },
        "amount": { "total": 1228, "currency": "GBP" },
        "refund": { "refunded": false, "refundId": null, "amount": 0, "reason": null, "refundedAt": null },
    });
    let mut item = booking().to_item().unwrap();
    item.insert("EntityType".to_owned(), attr::text("Payment"));
    item.insert("Data".to_owned(), serde_dynamo::to_attribute_value(json).unwrap());
    Stored::from_item(item).unwrap()
}

#[test]
fn each_step_from_each_state_is_taken_in_its_order_or_not_at_all() {
    let by = || Actor::Driver(DriverId::parse("driver_1").unwrap());
    for status in BookingStatus::ALL {
        for step in Step::ALL {
            let row = standing(*status);
            let next = row.data.next_step();
            let taken = Booking::take(row, step, at(10), None, by(), at(10));
            assert_eq!(taken.is_ok(), next == Some(step), "{status:?} {step:?}");
            if next != Some(step) {
                assert_eq!(taken.unwrap_err(), StepError::OutOfOrder);
            }
        }
    }
    let next = |status| standing(status).data.next_step();
    assert_eq!(next(BookingStatus::Assigned), Some(Step::EnRoute));
    assert_eq!(next(BookingStatus::InProgress), Some(Step::Completed));
    for ended in
        [BookingStatus::Pending, BookingStatus::Confirmed, BookingStatus::Completed, BookingStatus::Cancelled]
    {
        assert_eq!(next(ended), None, "{ended:?}");
    }
}

#[test]
fn a_quote_is_used_once() {
    let used = Quote::use_up(quote(), None, Actor::System, at(1)).unwrap();
    let again = Quote::use_up(used.after().clone(), None, Actor::System, at(2)).unwrap_err();
    assert_eq!((again.from, again.to), ("used", "used"));
}

#[test]
fn a_booking_copies_what_it_needs_of_the_quote() {
    let (q, b) = (quote(), booking());
    assert_eq!(b.data.booking_id, BookingId::parse("booking_X").unwrap());
    assert_eq!(b.data.pricing.amount.total, Pence::new(1_228));
    assert_eq!(b.data.pricing.lines, q.data.pricing.lines);
    assert_eq!(b.data.pricing.tariff_version, q.data.pricing.tariff_version);
    assert_eq!(
        (b.data.journey.distance, b.data.journey.duration),
        (q.data.enquiry.journey.distance, q.data.enquiry.journey.duration)
    );
}

#[test]
fn an_item_read_and_written_again_is_the_same_item() {
    let item = booking().to_item().unwrap();
    assert_eq!(Stored::<Booking>::from_item(item.clone()).unwrap().to_item().unwrap(), item);
    // What it gets on its way, too.
    let mut cancelled = standing(BookingStatus::Cancelled);
    let policy = CancellationPolicy {
        rows: vec![CancellationRow { hours_before: 0, fee: Fee::Percent(5_000) }],
        no_show: Fee::Fixed(Pence::new(500)),
    };
    let fare = cancelled.data.pricing.amount;
    for by in [CancelledBy::Customer, CancelledBy::Operator, CancelledBy::NoShow, CancelledBy::Unpaid] {
        let judgement = judge(&policy, by, fare, fare.total, at(86_400), at(5));
        let (at, cancelled_by) = (at(5), Actor::System);
        cancelled.data.cancellation =
            Some(Cancellation { judgement, reason: None, at, location: None, cancelled_by });
        cancelled.data.committed = Some(Interval::starting(at, 1));
        let item = cancelled.to_item().unwrap();
        assert_eq!(Stored::<Booking>::from_item(item.clone()).unwrap(), cancelled);
        assert_eq!(item, Stored::<Booking>::from_item(item.clone()).unwrap().to_item().unwrap());
    }
    let item = quote().to_item().unwrap();
    assert_eq!(Stored::<Quote>::from_item(item.clone()).unwrap().to_item().unwrap(), item);
    assert_eq!(item["TTL"], attr::number(NOW + 900));
}

#[test]
fn the_stream_tells_what_happened_between_two_images() {
    let kinds = |before: Option<&Stored<Booking>>, after: &Stored<Booking>| {
        BookingEvent::between(before, after).into_iter().map(|event| event.event).collect::<Vec<_>>()
    };
    let [pending, assigned, riding, done] = [
        standing(BookingStatus::Pending),
        standing(BookingStatus::Assigned),
        standing(BookingStatus::InProgress),
        standing(BookingStatus::Completed),
    ];
    assert_eq!(kinds(None, &pending), [EventKind::Created]);
    assert_eq!(kinds(Some(&pending), &pending), []);
    assert_eq!(kinds(Some(&riding), &done), [EventKind::Completed]);
    assert_eq!(
        kinds(Some(&assigned), &riding),
        [EventKind::EnRoute, EventKind::Arrived, EventKind::PassengerOnboard]
    );
    let events = BookingEvent::between(None, &pending);
    assert_eq!(events[0].id(), "booking_X.1.created");
    assert_eq!(events[0].detail_type(), "booking.created");
}

#[test]
fn a_notice_of_a_booking_that_was_called_off_no_longer_holds() {
    let event = BookingEvent {
        booking_id: BookingId::parse("booking_X").unwrap(),
        event: EventKind::Confirmed,
        version: booking().meta.version,
        at: at(2),
    };
    for status in BookingStatus::ALL {
        let holds = event.still_holds(&standing(*status), at(60));
        assert_eq!(holds, *status != BookingStatus::Cancelled, "{status:?}");
    }
}
