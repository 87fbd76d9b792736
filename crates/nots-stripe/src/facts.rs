//! Stripe's objects, as far as anyone looks: the same reading for what Stripe answers and for what it sends.
//!
//! Nothing is decoded into a type of Stripe's. A field that is not named here may be missing, new or of any shape.

use miniserde::json::{Array, Number, Object, Value};
use nots_core::{
    BookingId, Timestamp,
    id::RefundId,
    ports::{ChargeFacts, DisputeFacts, DisputeStage, RefundFacts, RefundStage, SessionFacts, SessionStage},
};

/// Why an object says nothing to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Odd {
    /// It is somebody else's, or of a sort that asks nothing of us.
    #[error("the object does not concern us")]
    NotOurs,
    /// It is not as Stripe's documents have it.
    #[error("the object has another shape: {0}")]
    Shape(&'static str),
}

/// A JSON object.
#[derive(Clone, Copy)]
pub(crate) struct Thing<'a>(&'a Object);

impl<'a> Thing<'a> {
    /// The value, when it is an object.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        match value {
            Value::Object(object) => Some(Self(object)),
            _ => None,
        }
    }

    /// An object within it.
    pub(crate) fn thing(self, name: &str) -> Option<Self> {
        self.0.get(name).and_then(Self::of)
    }

    pub(crate) fn array(self, name: &str) -> Option<&'a Array> {
        match self.0.get(name) {
            Some(Value::Array(array)) => Some(array),
            _ => None,
        }
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        match self.0.get(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn integer(self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Value::Number(Number::U64(number))) => i64::try_from(*number).ok(),
            Some(Value::Number(Number::I64(number))) => Some(*number),
            _ => None,
        }
    }

    /// Whether it says yes; what is not there says no.
    pub(crate) fn flag(self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::Bool(true)))
    }

    pub(crate) fn time(self, name: &str) -> Option<Timestamp> {
        self.integer(name).and_then(|seconds| Timestamp::new(seconds).ok())
    }

    /// Another object's id: Stripe names it, or writes the object out in full.
    pub(crate) fn reference(self, name: &str, prefix: &str) -> Option<&'a str> {
        let id = self.text(name).or_else(|| self.thing(name)?.text("id"));
        id.filter(|id| is_id(id, prefix))
    }

    /// Our booking, by the metadata.
    pub(crate) fn booking(self) -> Option<BookingId> {
        self.thing("metadata")?.text("bookingId").and_then(|id| BookingId::parse(id).ok())
    }

    fn id(self, prefix: &str) -> Result<&'a str, Odd> {
        self.text("id").filter(|id| is_id(id, prefix)).ok_or(Odd::Shape("it has no id"))
    }

    fn created(self) -> Result<Timestamp, Odd> {
        self.time("created").ok_or(Odd::Shape("it does not say when it was made"))
    }

    fn currency(self) -> Result<String, Odd> {
        let code = self.text("currency").filter(|code| is_word(code, 3));
        code.map(str::to_owned).ok_or(Odd::Shape("it has no currency"))
    }

    fn amount(self, name: &str) -> Result<i64, Odd> {
        self.integer(name).ok_or(Odd::Shape("it has no amount"))
    }
}

/// Ids go into keys, paths and log lines, so they are held to the letters that Stripe writes them with.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    text.len() <= 255
        && text.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
}

/// `lost_or_stolen_card`: what may stand in a log line.
pub(crate) fn is_word(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_'))
}

/// A Checkout Session of one of our bookings.
pub(crate) fn session(of: Thing<'_>) -> Result<SessionFacts, Odd> {
    let ours = of.text("client_reference_id").and_then(|id| BookingId::parse(id).ok());
    let booking_id = ours.ok_or(Odd::NotOurs)?;
    let attempt = of.thing("metadata").and_then(|metadata| metadata.text("attempt"));
    let stage = match of.text("status") {
        Some("open") => SessionStage::Open,
        Some("expired") => SessionStage::Expired,
        Some("complete") => match of.text("payment_status") {
            Some("paid") => SessionStage::Paid,
            Some("unpaid") if came_to_nothing(of) => SessionStage::Failed,
            Some("unpaid") => SessionStage::Processing,
            _ => return Err(Odd::Shape("it does not say whether it was paid")),
        },
        _ => return Err(Odd::Shape("it does not say how it stands")),
    };
    Ok(SessionFacts {
        session_id: of.id("cs_")?.to_owned(),
        booking_id,
        attempt: attempt.and_then(|number| number.parse().ok()),
        stage,
        amount: of.amount("amount_total")?,
        currency: of.currency()?,
        livemode: of.flag("livemode"),
        payment_intent: of.reference("payment_intent", "pi_").map(str::to_owned),
    })
}

/// Of a complete session only its PaymentIntent, written out, tells money that is on its way from money that did not
/// come.
fn came_to_nothing(session: Thing<'_>) -> bool {
    let intent = session.thing("payment_intent").and_then(|intent| intent.text("status"));
    matches!(intent, Some("requires_payment_method" | "canceled"))
}

/// A refund, whoever made it.
pub(crate) fn refund(of: Thing<'_>) -> Result<RefundFacts, Odd> {
    let stage = match of.text("status") {
        Some("pending" | "requires_action") => RefundStage::Pending,
        Some("succeeded") => RefundStage::Succeeded,
        Some("failed" | "canceled") => RefundStage::Failed,
        _ => return Err(Odd::Shape("it does not say how it stands")),
    };
    let ours = of.thing("metadata").and_then(|metadata| metadata.text("refundId"));
    Ok(RefundFacts {
        id: of.id("")?.to_owned(),
        payment_intent: of.reference("payment_intent", "pi_").map(str::to_owned),
        amount: of.amount("amount")?,
        currency: of.currency()?,
        stage,
        failure: of.text("failure_reason").filter(|word| is_word(word, 100)).map(str::to_owned),
        refund_id: ours.and_then(|id| RefundId::parse(id).ok()),
        created_at: of.created()?,
    })
}

/// A charge that took money.
pub(crate) fn charge(of: Thing<'_>) -> Result<ChargeFacts, Odd> {
    // Declined ones, and those whose money is on its way, say zero or nothing.
    let amount = of.integer("amount_captured").filter(|amount| *amount > 0).ok_or(Odd::NotOurs)?;
    if of.text("status") != Some("succeeded") {
        return Err(Odd::NotOurs);
    }
    Ok(ChargeFacts {
        id: of.id("")?.to_owned(),
        payment_intent: of.reference("payment_intent", "pi_").map(str::to_owned),
        amount,
        currency: of.currency()?,
        booking_id: of.booking(),
        created_at: of.created()?,
    })
}

/// A dispute that holds, or held, money. An enquiry holds none, and one that was prevented never did.
pub(crate) fn dispute(of: Thing<'_>) -> Result<DisputeFacts, Odd> {
    let stage = match of.text("status") {
        Some("needs_response" | "under_review") => DisputeStage::Open,
        Some("won") => DisputeStage::Won,
        Some("lost") => DisputeStage::Lost,
        Some("prevented") => return Err(Odd::NotOurs),
        Some(status) if status.starts_with("warning_") => return Err(Odd::NotOurs),
        _ => return Err(Odd::Shape("it does not say how it stands")),
    };
    Ok(DisputeFacts {
        id: of.id("")?.to_owned(),
        payment_intent: of.reference("payment_intent", "pi_").map(str::to_owned),
        amount: of.amount("amount")?,
        currency: of.currency()?,
        stage,
        created_at: of.created()?,
    })
}
