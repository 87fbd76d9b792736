//! The one list of the platform's functions: a new endpoint is one more line.

use std::{path::Path, sync::Arc};

use nots_core::ports::{Cause, Clock, Events, Ids, Mail, Maps, PaymentNotices, Payments, SigningKeys, Table};
use nots_http::Endpoint;
use nots_lambda::{
    Invoke, Origins, authorizer_service, invocable, queue_service, schedule_service, stream_service,
};

use crate::{gateway::Gateway, tokens};

/// Every port that a function may be given.
#[derive(Clone)]
pub struct Ports {
    /// The table.
    pub table: Arc<dyn Table>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids and chance.
    pub ids: Arc<dyn Ids>,
    /// Places and distances.
    pub maps: Arc<dyn Maps>,
    /// The card processor.
    pub payments: Arc<dyn Payments>,
    /// What the card processor sends.
    pub notices: Arc<dyn PaymentNotices>,
    /// The event bus.
    pub events: Arc<dyn Events>,
    /// E-mail and text messages.
    pub mail: Arc<dyn Mail>,
}

/// Every endpoint of the API: one line each. `ports` answers those of the function that it is asked for.
#[must_use]
pub fn mount(gateway: Gateway, ports: impl Fn(&'static str) -> Ports) -> Gateway {
    Mount { gateway, ports }
        .with(|p| quotes_calculator::QuotesCalculator {
            table: p.table,
            maps: p.maps,
            clock: p.clock,
            ids: p.ids,
        })
        .with(|p| quotes_retrieve::QuotesRetrieve { table: p.table, clock: p.clock })
        .with(|p| quotes_explain::QuotesExplain { table: p.table, clock: p.clock })
        .with(|p| bookings_create::BookingsCreate { table: p.table, clock: p.clock, ids: p.ids })
        .with(|p| bookings_get::BookingsGet { table: p.table, clock: p.clock })
        .with(|p| bookings_receipt::BookingsReceipt { table: p.table })
        .with(|p| bookings_list::BookingsList { table: p.table, clock: p.clock })
        .with(|p| bookings_update::BookingsUpdate { table: p.table, clock: p.clock, ids: p.ids })
        .with(|p| bookings_cancel::BookingsCancel { table: p.table, clock: p.clock, ids: p.ids })
        .with(|p| bookings_cancellation::BookingsCancellation { table: p.table, clock: p.clock })
        .with(|p| payments_process::PaymentsProcess {
            table: p.table,
            payments: p.payments,
            clock: p.clock,
            ids: p.ids,
        })
        .with(|p| payments_webhook::PaymentsWebhook {
            table: p.table,
            notices: p.notices,
            payments: p.payments,
            clock: p.clock,
            ids: p.ids,
        })
        .with(|p| payments_get::PaymentsGet { table: p.table })
        .with(|p| payments_refund::PaymentsRefund { table: p.table, clock: p.clock, ids: p.ids })
        .with(|p| drivers_list::DriversList { table: p.table })
        .with(|p| dispatch_assign::DispatchAssign { table: p.table, clock: p.clock, ids: p.ids })
        .with(|p| driver_jobs::DriverJobs { table: p.table, clock: p.clock })
        .with(|p| jobs_progress::JobsProgress { table: p.table, clock: p.clock, ids: p.ids })
        .with(|p| tariff_get::TariffGet { table: p.table, clock: p.clock })
        .with(|p| tariff_put::TariffPut { table: p.table, clock: p.clock, ids: p.ids })
        .with(|p| tariff_preview::TariffPreview { table: p.table, clock: p.clock })
        .gateway
}

struct Mount<P> {
    gateway: Gateway,
    ports: P,
}

impl<P: Fn(&'static str) -> Ports> Mount<P> {
    fn with<E: Endpoint>(self, compose: impl FnOnce(Ports) -> E) -> Self {
        let Self { gateway, ports } = self;
        let endpoint = compose(ports(E::ROUTE.function));
        Self { gateway: gateway.mount(endpoint), ports }
    }
}

/// Judges tokens.
#[must_use]
pub fn authorizer(keys: Arc<dyn SigningKeys>, clock: Arc<dyn Clock>) -> Invoke {
    let clients = vec![tokens::CLIENT.to_owned()];
    let authorizer = authorizer::TokenAuthorizer::new(keys, clock, tokens::ISSUER.to_owned(), clients);
    invocable(authorizer_service(Arc::new(authorizer)))
}

/// From the table's stream to history and events.
#[must_use]
pub fn relay(p: &Ports) -> Invoke {
    let relay = events_relay::EventsRelay { table: p.table.clone(), events: p.events.clone() };
    invocable(stream_service(Arc::new(relay)))
}

/// From the queue to e-mails and text messages.
///
/// # Errors
/// When the templates are not usable.
pub fn sender(p: &Ports) -> Result<Invoke, Cause> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../layers/notifications/templates"));
    let sender = notifications_send::NotificationsSend {
        table: p.table.clone(),
        mail: p.mail.clone(),
        clock: p.clock.clone(),
        ids: p.ids.clone(),
        templates: Arc::new(notifications_send::Templates::from_dir(folder)?),
    };
    Ok(invocable(queue_service(Arc::new(sender))))
}

/// From the queue to refunds.
#[must_use]
pub fn settler(p: &Ports) -> Invoke {
    let settle = payments_settle::PaymentsSettle {
        table: p.table.clone(),
        payments: p.payments.clone(),
        clock: p.clock.clone(),
        ids: p.ids.clone(),
    };
    invocable(queue_service(Arc::new(settle)))
}

/// Ends what is not paid in time, by the schedule.
#[must_use]
pub fn sweeper(p: &Ports) -> Invoke {
    let sweep = payments_sweep::PaymentsSweep {
        table: p.table.clone(),
        payments: p.payments.clone(),
        clock: p.clock.clone(),
        ids: p.ids.clone(),
    };
    invocable(schedule_service(Arc::new(sweep)))
}

/// Compares our books with the card processor's lists.
#[must_use]
pub fn reconciler(p: &Ports) -> payments_reconcile::PaymentsReconcile {
    payments_reconcile::PaymentsReconcile {
        table: p.table.clone(),
        payments: p.payments.clone(),
        clock: p.clock.clone(),
    }
}

/// Websites that may read the local API's answers.
#[must_use]
pub fn origins() -> Origins {
    let ports = [3000, 3001, 5173, 8080];
    let hosts =
        ports.into_iter().flat_map(|p| [format!("http://localhost:{p}"), format!("http://127.0.0.1:{p}")]);
    Origins::new(hosts)
}
