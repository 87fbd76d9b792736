//! What a journey asks of the table: a page is one round trip, a mutation at most two dependent reads and one write.

use nots_local::{Options, Platform, journey::Journey};

#[tokio::test]
async fn every_step_keeps_to_its_round_trips() {
    let platform = Platform::start(Options { by_hand: true, ..Options::default() }).await.unwrap();
    let steps = Journey::on(platform).play().await.unwrap();
    let counted: Vec<_> =
        steps.iter().map(|step| format!("{}: {}", step.title, step.request.round_trips)).collect();
    // Opening a checkout stores the attempt, asks Stripe, and stores the session: a write on each side of the call.
    insta::assert_snapshot!(counted.join("\n"), @r"
    A customer asks for a price: 2
    books it: 2
    clicks twice: 1
    goes to pay: 3
    pays by card: 8
    A dispatcher looks who is on duty: 1
    gives the job to a driver: 3
    The driver looks at the day: 1
    sets out: 2
    arrives: 2
    has the passenger on board: 2
    drops the passenger off: 3
    The customer looks back: 1
    ");
    // Paying asks nothing of ours; what is counted is its webhook and all that follows, which the stand-in waits for.
    let behind: u32 = steps.iter().map(|step| step.background.round_trips).sum();
    assert!(steps.iter().all(|step| step.request.write_units + step.background.write_units < 40.0));
    assert!(behind < 60, "{behind}");
}

#[tokio::test]
async fn so_does_every_step_of_its_money() {
    let platform = Platform::start(Options { by_hand: true, ..Options::default() }).await.unwrap();
    let steps = Journey::on(platform).play_money().await.unwrap();
    let counted: Vec<_> =
        steps.iter().map(|step| format!("{}: {}", step.title, step.request.round_trips)).collect();
    // What explains one payment, or makes a receipt, is three questions side by side after a first. A checkout writes on each
    // side of the call to Stripe. What is unpaid is looked for by settings and a list, and each asks Stripe after two reads,
    // then takes what Stripe says, a read and a write, and then ends, a read and a write.
    insta::assert_snapshot!(counted.join("\n"), @r"
    GET /v1/payments?bookingId: 4
    PATCH /v1/bookings/{id}: without money: 2
    PATCH /v1/bookings/{id}: costs less: 3
    PATCH /v1/bookings/{id}: costs more: 3
    POST /v1/payments: the difference: 4
    The difference is paid: 8
    GET /v1/bookings/{id}/receipt: 4
    GET /v1/bookings/{id}/receipt: PDF: 4
    POST /v1/payments/{id}/refunds: 3
    GET /v1/bookings/{id}/cancellation: 2
    DELETE /v1/bookings/{id}: 3
    POST /v1/payments: cash, by staff: 2
    GET /v1/payments?status: 1
    An unpaid booking is ended: 8
    Books and lists are compared: 8
    ");
    let behind: u32 = steps.iter().map(|step| step.background.round_trips).sum();
    assert!(steps.iter().all(|step| step.request.write_units + step.background.write_units < 80.0));
    assert!(behind < 100, "{behind}");
}
