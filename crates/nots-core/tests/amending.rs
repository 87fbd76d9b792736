//! Changing a booking: the difference to the penny, deadlines to the second, and what is refused.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

use nots_core::{
    Actor, Pence, QuoteId, Timestamp, UserId,
    contact::{Email, Phone},
    entity::{
        Booking, BookingStatus, CheckoutAttempt, Payment, PaymentStatus, Quote, QuoteStatus, Settings,
        attempt::{Asked, Purpose},
        booking::{
            Amending, Booked, BookingSource, Changes, Customer, Edit, Misfit, Particulars, Settled,
            Unamendable,
        },
        payment::{Capture, PaymentMethod},
        quote::{Enquiry, ReturnLeg},
        tariff,
    },
    event::{BookingEvent, EventKind},
    geo::{Coordinates, Place},
    id::BookingReference,
    journey::{Leg, Measure, Source, VehicleType},
    money::{Currency, Total},
    ports::{SessionFacts, SessionStage},
    settle::{Outcome, Scene, Verdict, session_told},
    table::{Entity, Stored, attr},
    text::{Name, Note},
};

const NOW: i64 = 1_795_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(NOW + seconds).unwrap()
}

fn place(address: &str, latitude: f64, longitude: f64) -> Place {
    let at = Coordinates { latitude: latitude.try_into().unwrap(), longitude: longitude.try_into().unwrap() };
    Place { address: address.to_owned(), at }
}

fn enquiry(pickup: i64) -> Enquiry {
    let leg = Leg { metres: 8_500, seconds: 1_200, source: Source::Estimate, polyline: None };
    Enquiry {
        pickup_location: place("Bournemouth Railway Station", 50.7260, -1.8782),
        via_stops: Vec::new(),
        dropoff_location: place("Poole Harbour", 50.7122, -2.0053),
        pickup_time: at(pickup),
        journey: Measure::from(leg),
        vehicle_type: VehicleType::Standard,
        passengers: 2,
        luggage: 1,
        extras: Vec::new(),
        return_leg: None,
    }
}

fn quoted(id: &str, enquiry: Enquiry) -> Stored<Quote> {
    let id = QuoteId::parse(id).unwrap();
    Quote::offer(id, enquiry, &tariff::demo().unwrap(), at(0)).unwrap().after().clone()
}

/// A quote for the day after, that costs so much more than the first.
fn fresh(more: i64) -> Stored<Quote> {
    let mut quote = quoted("quote_Y", enquiry(2 * 86_400));
    quote.data.pricing.breakdown.total = Pence::new(1_228 + more);
    quote
}

/// A booking of 1,228 pence for tomorrow, at a status.
fn booking(status: BookingStatus) -> Stored<Booking> {
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
        pickup_instructions: Some(Note::parse("By the clock").unwrap()),
        dropoff_instructions: None,
        flight_number: Some("BA1".to_owned()),
        source: BookingSource::Web,
        taken_by: None,
    };
    let quote = quoted("quote_X", enquiry(86_400));
    let mut row =
        Booking::book(quote, particulars, BookingReference::from_random(7), by(), at(1)).unwrap().booking;
    row.data.status = status;
    row.data.payment.status =
        if status == BookingStatus::Pending { PaymentStatus::Pending } else { PaymentStatus::Completed };
    row
}

fn by() -> Actor {
    Actor::User(UserId::parse("user_1").unwrap())
}

fn stored<E: Entity>(data: serde_json::Value) -> Stored<E> {
    let mut item = booking(BookingStatus::Pending).to_item().unwrap();
    item.insert("EntityType".to_owned(), attr::text(E::TYPE));
    item.insert("Data".to_owned(), serde_dynamo::to_attribute_value(data).unwrap());
    Stored::from_item(item).unwrap()
}

/// The payment of a booking, which took what it is for unless it is pending.
fn payment(booking: &Stored<Booking>) -> Stored<Payment> {
    let mut row: Stored<Payment> = stored(serde_json::json!({
        "paymentId": "payment_X", "bookingId": "booking_X", "userId": "user_1", "status": "pending",
        "method": "stripe",
        "provider": { "name": "stripe", "paymentIntentId": null, "chargeId": null },
        "amount": { "total": 1228, "currency": "GBP" },
        "refund": { "refunded": false, "refundId": null, "amount": 0, "reason": null, "refundedAt": null },
    }));
    row.data.status = booking.data.payment.status;
    row.data.method = booking.data.payment.method;
    if row.data.status == PaymentStatus::Completed && !row.data.method.is_settled_at_the_end() {
        row.data.captures.push(Capture {
            payment_intent_id: Some("pi_1".to_owned()),
            method: PaymentMethod::Stripe,
            amount: Pence::new(1_228),
            given_back: Pence::ZERO,
            at: at(2),
            posted: true,
            in_vain: false,
        });
    }
    row
}

fn settings() -> Settings {
    let settings = serde_json::json!({
        "operator": {
            "name": "Dorset Transfer Company", "phone": "+441202555010", "email": "bookings@nots.co.uk",
            "licensingAuthority": "BCP Council", "licenceNumber": "PHO-0417"
        },
        "bufferSeconds": 600, "paymentSuccessUrl": "https://nots.co.uk", "paymentCancelUrl": "https://nots.co.uk"
    });
    serde_json::from_value(settings).unwrap()
}

fn amend(booking: Stored<Booking>, quote: Stored<Quote>, moment: i64) -> Result<Booked, Unamendable> {
    let payment = payment(&booking);
    let settings = settings();
    let amending = Amending { booking, quote, payment, keepers: None, settings: &settings };
    amending.make(&Changes::default(), by(), at(moment))
}

/// The kinds of items that a transaction writes beside the booking, the quote and the payment, sorted.
fn besides(booked: &Booked) -> Vec<String> {
    let kinds = booked.transaction.keys().filter_map(|key| key.sk.split_once('#')).map(|(kind, _)| kind);
    let mut kinds: Vec<_> = kinds.filter(|kind| *kind != "PAYMENT").map(str::to_owned).collect();
    kinds.sort();
    kinds
}

#[test]
fn each_difference_is_settled_as_it_must_be() {
    use BookingStatus::{Confirmed, Pending};
    let back =
        |pence| Settled::GivenBack { amount: Total { total: Pence::new(pence), currency: Currency::Gbp } };
    let cases: [(BookingStatus, i64, Option<Settled>, &[&str]); 10] = [
        (Confirmed, -1_228, Some(back(1_228)), &["LEDGER", "REFUND"]),
        (Confirmed, -1, Some(back(1)), &["LEDGER", "REFUND"]),
        (Confirmed, 0, Some(Settled::Even), &[]),
        (Confirmed, 1, Some(Settled::LetGo), &["LEDGER"]),
        (Confirmed, 29, Some(Settled::LetGo), &["LEDGER"]),
        (Confirmed, 30, None, &[]),
        (Confirmed, 5_000, None, &[]),
        (Pending, -500, Some(Settled::WithTheFare), &[]),
        (Pending, 29, Some(Settled::WithTheFare), &[]),
        (Pending, 5_000, Some(Settled::WithTheFare), &[]),
    ];
    for (status, more, settled, written) in cases {
        let before = booking(status);
        let booked = amend(before.clone(), fresh(more), 60).unwrap();
        let data = &booked.booking.data;
        let at = format!("{status:?} {more}");
        assert_eq!(besides(&booked), written, "{at}");
        assert_eq!((data.amendments, data.status), (1, status), "{at}");
        match settled {
            Some(settled) => {
                let amended = data.amended.as_ref().unwrap();
                assert_eq!((amended.settled, amended.difference.total), (settled, Pence::new(more)), "{at}");
                assert_eq!(data.pricing.amount.total, Pence::new(1_228 + more), "{at}");
                assert_eq!(data.journey.pickup_time, fresh(0).data.enquiry.pickup_time, "{at}");
                assert_eq!(data.amendment, None, "{at}");
            }
            None => {
                let amendment = data.amendment.as_ref().unwrap();
                assert_eq!((&data.amended, data.terms()), (&None, before.data.terms()), "{at}");
                assert_eq!(amendment.difference.total, Pence::new(more), "{at}");
            }
        }
        let item = booked.booking.to_item().unwrap();
        assert_eq!(Stored::<Booking>::from_item(item).unwrap(), booked.booking, "{at}");
    }
}

#[test]
fn what_is_settled_at_the_end_and_what_has_gone_back_is_not_given_back_again() {
    let mut cash = booking(BookingStatus::Confirmed);
    cash.data.payment.method = PaymentMethod::Cash;
    for more in [-500, 5_000] {
        let booked = amend(cash.clone(), fresh(more), 60).unwrap();
        assert_eq!(booked.booking.data.amended.as_ref().unwrap().settled, Settled::WithTheFare);
        assert_eq!(besides(&booked), [""; 0]);
    }
    let paid = booking(BookingStatus::Confirmed);
    let (mut payment, settings) = (payment(&paid), settings());
    payment.data.captures[0].given_back = Pence::new(1_000);
    let amending =
        Amending { booking: paid, quote: fresh(-500), payment, keepers: None, settings: &settings };
    let booked = amending.make(&Changes::default(), by(), at(60)).unwrap();
    let Settled::GivenBack { amount } = booked.booking.data.amended.unwrap().settled else { panic!() };
    assert_eq!(amount.total, Pence::new(228), "as far as it was paid and has not gone back");
}

#[test]
fn what_the_quote_does_not_say_stays_and_what_is_said_with_it_counts() {
    let confirmed = booking(BookingStatus::Confirmed);
    let (payment, settings) = (payment(&confirmed), settings());
    let amending =
        Amending { booking: confirmed, quote: fresh(0), payment, keepers: None, settings: &settings };
    let changes = Changes { passengers: Some(4), flight_number: Edit::Clear, ..Changes::default() };
    let terms = amending.make(&changes, by(), at(60)).unwrap().booking.data.terms();
    assert_eq!((terms.passengers, terms.luggage, terms.flight_number), (4, 1, None));
    assert_eq!(terms.journey.pickup_instructions, Some(Note::parse("By the clock").unwrap()));
}

#[test]
fn a_quote_or_a_booking_that_cannot_be_had_is_refused() {
    let confirmed = || booking(BookingStatus::Confirmed);
    let refused = |booking, quote, moment| amend(booking, quote, moment).unwrap_err();
    let changed = |change: &dyn Fn(&mut Quote)| {
        let mut quote = fresh(0);
        change(&mut quote.data);
        quote
    };
    for status in [BookingStatus::InProgress, BookingStatus::Completed, BookingStatus::Cancelled] {
        let error = refused(booking(status), fresh(0), 60);
        assert!(matches!(error, Unamendable::Standing(found) if found == status), "{error:?}");
    }
    let mut begun = booking(BookingStatus::Assigned);
    begun.data.timeline.driver_en_route = Some(at(50));
    assert!(matches!(refused(begun, fresh(0), 60), Unamendable::Begun));
    let mut processing = booking(BookingStatus::Pending);
    processing.data.payment.status = PaymentStatus::Processing;
    assert!(matches!(refused(processing, fresh(0), 60), Unamendable::Processing));
    let used = changed(&|quote| quote.status = QuoteStatus::Used);
    assert!(matches!(refused(confirmed(), used, 60), Unamendable::Used));
    assert!(matches!(refused(confirmed(), fresh(0), 900), Unamendable::Expired));
    assert!(amend(confirmed(), fresh(0), 899).is_ok());

    let misfits = |quote, moment| match refused(confirmed(), quote, moment) {
        Unamendable::Unfit(misfits) => misfits,
        other => panic!("{other:?}"),
    };
    let back = ReturnLeg { pickup_time: at(5 * 86_400), journey: enquiry(0).journey };
    let both = quoted("quote_Y", Enquiry { return_leg: Some(back), ..enquiry(2 * 86_400) });
    assert_eq!(misfits(both, 60), [Misfit::BothWays]);
    let several = changed(&|quote| (quote.bookable, quote.enquiry.passengers) = (false, 5));
    let crowded = Misfit::Passengers { most: 4, vehicle: VehicleType::Standard };
    assert_eq!(misfits(several, 60), [crowded, Misfit::Estimate]);
    let passed = changed(&|quote| quote.enquiry.pickup_time = at(59));
    assert_eq!(misfits(passed, 60), [Misfit::PickupPassed]);
}

#[test]
fn a_difference_can_be_paid_for_as_long_as_is_set_and_not_beyond_the_pickup() {
    let waiting = |pickup: i64, more| {
        let mut quote = fresh(more);
        quote.data.enquiry.pickup_time = at(pickup);
        amend(booking(BookingStatus::Confirmed), quote, 60)
    };
    let pay_by = |pickup| waiting(pickup, 30).unwrap().booking.data.amendment.unwrap().pay_by;
    assert_eq!(pay_by(86_400), at(60 + 3_600));
    assert_eq!(pay_by(60 + 3_599), at(60 + 3_599));
    assert_eq!(pay_by(60 + 1_860), at(60 + 1_860));
    let error = waiting(60 + 1_859, 30).unwrap_err();
    assert!(matches!(error, Unamendable::Unfit(misfits) if misfits == [Misfit::TooSoon]));
    assert!(waiting(60 + 1_859, 29).is_ok(), "nothing is to be paid");
}

/// A booking with a change that waits, an attempt at its difference of 500, and what the card processor says of it.
fn at_the_page() -> (Stored<Booking>, Stored<CheckoutAttempt>, SessionFacts) {
    let waiting = amend(booking(BookingStatus::Confirmed), fresh(500), 60).unwrap().booking;
    let amendment = waiting.data.amendment.clone().unwrap();
    let purpose = Purpose::Amendment { booking_id: waiting.data.booking_id.clone(), number: 1 };
    let asked = Asked { purpose, amount: amendment.difference, until: Some(amendment.pay_by) };
    let payment = payment(&waiting);
    let attempt = CheckoutAttempt::begin(&payment.data, &waiting.data, asked, &settings(), by(), at(61));
    let facts = SessionFacts {
        session_id: "cs_1".to_owned(),
        booking_id: waiting.data.booking_id.clone(),
        attempt: Some(attempt.after().data.number),
        stage: SessionStage::Paid,
        amount: 500,
        currency: "gbp".to_owned(),
        livemode: false,
        payment_intent: Some("pi_2".to_owned()),
    };
    (waiting, attempt.after().clone(), facts)
}

/// What follows when the money comes at a moment.
fn paid(
    row: Stored<Booking>,
    attempt: Stored<CheckoutAttempt>,
    facts: &SessionFacts,
    moment: i64,
) -> (Outcome, usize, bool) {
    let payment = payment(&row);
    let scene = Scene { bookings: vec![row], payment, attempt: Some(attempt), due: None, roster: None };
    match session_told(scene, facts, false, at(moment)).unwrap() {
        Verdict::Follows(outcome, transaction) => {
            let booking = transaction.keys().any(|key| key.sk == "METADATA");
            (outcome, transaction.keys().filter(|key| key.sk.starts_with("REFUND#")).count(), booking)
        }
        Verdict::Mismatched(why) => panic!("{why}"),
    }
}

#[test]
fn money_makes_the_change_to_the_last_second_and_not_beyond() {
    let (waiting, attempt, facts) = at_the_page();
    let told = |row: &Stored<Booking>, moment| paid(row.clone(), attempt.clone(), &facts, moment);
    assert_eq!(told(&waiting, 60 + 3_600), (Outcome::Amended, 0, true));
    assert_eq!(told(&waiting, 60 + 3_601), (Outcome::GivenBack, 1, true), "and it is forgotten");
    let mut newer = waiting.clone();
    newer.data.amendment.as_mut().unwrap().number = 2;
    assert_eq!(told(&newer, 100), (Outcome::GivenBack, 1, false), "the newer one waits on");
    let mut other = waiting.clone();
    other.data.amendment.as_mut().unwrap().difference.total = Pence::new(501);
    assert_eq!(told(&other, 100).0, Outcome::GivenBack);
    for status in [BookingStatus::InProgress, BookingStatus::Completed, BookingStatus::Cancelled] {
        let mut over = waiting.clone();
        over.data.status = status;
        assert_eq!(told(&over, 100), (Outcome::GivenBack, 1, true), "{status:?}");
    }
    let mut begun = waiting;
    begun.data.status = BookingStatus::Assigned;
    begun.data.timeline.driver_en_route = Some(at(90));
    assert_eq!(told(&begun, 100).0, Outcome::GivenBack);
}

#[test]
fn what_costs_nothing_is_changed_until_the_journey_begins() {
    let changes = Changes { luggage: Some(9), ..Changes::default() };
    let change = |row, changes: &Changes| Booking::change(row, changes, None, None, by(), at(60));
    for status in [BookingStatus::Pending, BookingStatus::Confirmed, BookingStatus::Assigned] {
        let booked = change(booking(status), &changes).unwrap().unwrap();
        assert_eq!((booked.booking.data.luggage, booked.booking.data.status), (9, status));
        assert!(change(booked.booking, &changes).unwrap().is_none(), "the same again is none");
    }
    for status in [BookingStatus::InProgress, BookingStatus::Completed, BookingStatus::Cancelled] {
        let error = change(booking(status), &changes).unwrap_err();
        assert!(matches!(error, Unamendable::Standing(found) if found == status));
        let notes = Changes { internal_notes: Edit::To("Rang".to_owned()), ..Changes::default() };
        assert!(change(booking(status), &notes).unwrap().is_some(), "the office's");
    }
}

#[test]
fn passengers_fit_what_is_booked_what_waits_and_what_was_given() {
    let change = |row, passengers| {
        let changes = Changes { passengers: Some(passengers), ..Changes::default() };
        match Booking::change(row, &changes, None, None, by(), at(60)) {
            Ok(booked) => Ok(booked.unwrap().booking.data.passengers),
            Err(Unamendable::Unfit(misfits)) => Err(misfits),
            Err(other) => panic!("{other:?}"),
        }
    };
    let crowded = Misfit::Passengers { most: 4, vehicle: VehicleType::Standard };
    assert_eq!(change(booking(BookingStatus::Confirmed), 4), Ok(4));
    assert_eq!(change(booking(BookingStatus::Confirmed), 5), Err(vec![crowded]));
    // A minibus is booked, and a smaller vehicle is waited for.
    let mut waiting = amend(booking(BookingStatus::Confirmed), fresh(500), 60).unwrap().booking;
    waiting.data.vehicle_type = VehicleType::Minibus;
    assert_eq!(change(waiting.clone(), 5), Err(vec![crowded]));
    waiting.data.amendment = None;
    assert_eq!(change(waiting, 5), Ok(5));

    let vehicle: Stored<nots_core::entity::Vehicle> = stored(serde_json::json!({
        "vehicleId": "vehicle_1", "registration": "AB12 CDE", "make": "Skoda", "model": "Octavia", "year": 2024,
        "color": "Black", "type": "standard", "capacity": 3, "status": "active", "assignedDriver": null,
        "features": [],
    }));
    let changes = Changes { passengers: Some(4), ..Changes::default() };
    let row = booking(BookingStatus::Assigned);
    let error = Booking::change(row, &changes, None, Some(&vehicle.data), by(), at(60)).unwrap_err();
    assert!(matches!(error, Unamendable::Unfit(misfits) if misfits == [Misfit::Seats { seats: 3 }]));
}

#[test]
fn a_change_is_announced_once_it_holds_and_told_until_the_next() {
    let kinds = |before: &Stored<Booking>, after: &Stored<Booking>| {
        BookingEvent::between(Some(before), after).into_iter().map(|event| event.event).collect::<Vec<_>>()
    };
    let before = booking(BookingStatus::Confirmed);
    let waiting = amend(before.clone(), fresh(500), 60).unwrap().booking;
    assert_eq!(kinds(&before, &waiting), []);
    let changed = amend(before.clone(), fresh(0), 60).unwrap().booking;
    assert_eq!(kinds(&before, &changed), [EventKind::Amended]);
    let event = BookingEvent::between(Some(&before), &changed).remove(0);
    assert!(event.event.is_told() && event.still_holds(&changed, at(9_000)));
    let mut next = changed.clone();
    next.data.amended.as_mut().unwrap().at = at(70);
    assert!(!event.still_holds(&next, at(9_000)), "the next change says how things are");
    next.data.status = BookingStatus::Cancelled;
    assert!(!event.still_holds(&next, at(70)));
    assert!(!EventKind::Unassigned.is_told());
}
