//! What customers are told: templates that change without a rebuild, and what they may speak of.

use std::path::Path;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use nots_core::{
    Pence,
    cancellation::Judgement,
    entity::{
        Booking, Settings,
        booking::{Pairing, Settled},
    },
    event::EventKind,
    id::BookingReference,
    money::Total,
    ports::{Attachment, Channel, Message},
};

/// The words for every event and channel.
pub struct Templates(Environment<'static>);

/// What goes with the e-mail of a journey that was paid for.
#[derive(Debug)]
pub struct Billed {
    /// The receipt.
    pub file: Attachment,
    /// What waiting came to that is still to be paid.
    pub waiting_due: Option<Total>,
}

/// The templates are not usable.
#[derive(Debug, thiserror::Error)]
pub enum WordsError {
    /// The folder cannot be read.
    #[error("the templates cannot be read")]
    Folder(#[from] std::io::Error),
    /// One of them is malformed, missing, or speaks of what it may not.
    #[error("a template cannot be used")]
    Template(#[from] minijinja::Error),
}

impl Templates {
    /// Every `*.j2` of a folder. HTML is escaped; a name that nothing is known of is an error.
    ///
    /// # Errors
    /// When the folder cannot be read or a template is malformed.
    pub fn from_dir(folder: &Path) -> Result<Self, WordsError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html.j2") { AutoEscape::Html } else { AutoEscape::None }
        });
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.ends_with(".j2") {
                environment.add_template_owned(name.to_owned(), std::fs::read_to_string(&path)?)?;
            }
        }
        Ok(Self(environment))
    }

    /// The message for an event by a channel. `receipt` goes with an e-mail.
    ///
    /// # Errors
    /// When a template is missing, or speaks of what is not there.
    pub fn compose(
        &self,
        event: EventKind,
        channel: Channel,
        booking: &Booking,
        settings: &Settings,
        receipt: Option<Billed>,
    ) -> Result<Message, WordsError> {
        let known = known(booking, settings, receipt.as_ref());
        let render = |part: &str| -> Result<String, WordsError> {
            let template = self.0.get_template(&format!("{}.{part}.j2", event.as_str()))?;
            Ok(template.render(&known)?.trim().to_owned())
        };
        match channel {
            Channel::Email => Ok(Message::Email {
                to: booking.customer.email.clone(),
                subject: render("subject")?,
                text: render("email.txt")?,
                html: render("email.html")?,
                attachments: receipt.into_iter().map(|receipt| receipt.file).collect(),
            }),
            Channel::Sms => Ok(Message::Sms { to: booking.customer.phone.clone(), text: render("sms")? }),
        }
    }
}

/// Everything that a template may speak of.
fn known(booking: &Booking, settings: &Settings, receipt: Option<&Billed>) -> minijinja::Value {
    let (total, currency) = booking.total();
    let journey = &booking.journey;
    let driver = booking.driver.as_ref().map(|driver| {
        context! { firstName => driver.first_name.as_str(), phone => driver.phone.as_str() }
    });
    let vehicle = booking.vehicle.as_ref().map(|vehicle| {
        let description = format!("{} {} {}", vehicle.color, vehicle.make, vehicle.model);
        context! { description, registration => vehicle.registration.as_str() }
    });
    let stops = journey.via_stops.iter().map(|stop| {
        context! { address => stop.place.address.as_str(), waitingMinutes => stop.waiting_minutes }
    });
    let extras = booking.extras.iter().map(|wanted| {
        // The booking has the codes alone: `child_seat` is a child seat.
        context! { quantity => wanted.quantity, name => wanted.code.as_str().replace(['_', '-'], " ") }
    });
    let ways = match &booking.pairing {
        Pairing::Outward { .. } => Some(("there", "back")),
        Pairing::Return { .. } => Some(("back", "there")),
        Pairing::Alone => None,
    };
    let pair = ways.map(|(way, other)| {
        let reference = booking.other_reference();
        context! { way, otherWay => other, reference => reference.as_ref().map(BookingReference::as_str) }
    });
    let cancellation = booking.cancellation.as_ref().map(|cancellation| {
        let Judgement { by, fee, refund, .. } = cancellation.judgement;
        let show = |amount: Pence| amount.display(fee.currency);
        let paid = fee.total.plus(refund.total).unwrap_or(fee.total);
        context! {
            by => by.as_str(),
            paid => show(paid), isPaid => !paid.is_zero(),
            fee => show(fee.total), hasFee => !fee.total.is_zero(),
            refund => show(refund.total), isRefunded => !refund.total.is_zero(),
        }
    });
    let amendment = booking.amended.as_ref().map(|amended| {
        let show = |amount: Total| amount.total.display(amount.currency);
        let (settled, refund) = match amended.settled {
            Settled::WithTheFare => ("with_the_fare", None),
            Settled::Even => ("even", None),
            Settled::Paid => ("paid", None),
            Settled::GivenBack { amount } => ("given_back", Some(amount)),
            Settled::LetGo => ("let_go", None),
        };
        let refund = refund.filter(|refund| !refund.total.is_zero()).map(show);
        context! { settled, difference => show(amended.difference), refund }
    });
    context! {
        booking => context! {
            reference => booking.booking_reference.as_str(),
            pickupAddress => journey.pickup_location.address.as_str(),
            dropoffAddress => journey.dropoff_location.address.as_str(),
            pickupTime => journey.pickup_time.in_london(),
            total => total.display(currency),
            passengers => booking.passengers,
            luggage => booking.luggage,
            url => settings.return_urls(&booking.booking_id).1,
            viaStops => stops.collect::<Vec<_>>(),
            extras => extras.collect::<Vec<_>>(),
            pair,
        },
        customer => context! {
            firstName => booking.customer.first_name.as_str(),
            lastName => booking.customer.last_name.as_str(),
        },
        operator => context! {
            name => settings.operator.name.as_str(),
            phone => settings.operator.phone.as_str(),
            email => settings.operator.email.as_str(),
        },
        driver,
        vehicle,
        receipt => receipt.map(|receipt| context! {
            fileName => receipt.file.name.as_str(),
            waitingDue => receipt.waiting_due.map(|due| due.total.display(due.currency)),
        }),
        cancellation,
        amendment,
    }
}
