//! The model: facts by name, and when a change of them goes through. It shares no code with the table's grammar.

use std::collections::{BTreeMap, BTreeSet};

/// What is added to a booking's number to name the booking of its way back.
pub(super) const BACK: usize = 1_000;

/// What is named in the table; numbers stand for ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Name {
    Quote(usize),
    /// The booking of the quote of this number, and [`BACK`] more that of its way back; so the others that name a booking.
    Booking(usize),
    /// Of the way there, also when it is for both.
    Payment(usize),
    Attempt(usize, u32),
    /// Of whose payment, and by which key it was asked for.
    Refund(usize, usize),
    /// Under which booking, and which way owes it.
    Due(usize, usize),
    /// Under which booking, what moved, and what of: a PaymentIntent, a refund's key, a way.
    Ledger(usize, Entry, usize),
    Notice(usize, Told),
    History(usize, u64),
    Reference(usize),
    Intent(usize),
    Driver(usize),
    Vehicle(usize),
    Validity(Whose, usize),
    /// A UTC day by its number since 1970.
    Day(Whose, usize, i64),
    /// One of the kinds of document, by its place among them.
    Document(Whose, usize, usize),
    /// The same, and which document it was.
    Past(Whose, usize, usize, u32),
    /// A version, in force from a moment.
    Tariff(u32, i64),
    TariffHead,
    Settings,
    User(usize),
    /// An e-mail address that is somebody's.
    Address(usize),
    Login(usize),
    Rating(usize),
    Complaint(usize),
    /// One of the card processor's.
    Event(usize),
    /// What a comparison with the card processor found, by its second.
    Comparison(i64),
    Location(usize),
    /// An answer about a way.
    Memo(usize),
    /// An answer about an address.
    Found(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    Driver,
    Vehicle,
}

/// What moved money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entry {
    Charge,
    Credit,
    Refund,
    RefundFailed,
    Due,
    DuePaid,
    DueLetGo,
}

/// Of what and by which channel somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Told {
    pub(super) event: usize,
    pub(super) version: u64,
    pub(super) email: bool,
}

impl Name {
    /// The `EntityType` of what it names.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Quote(_) => "Quote",
            Self::Booking(_) => "Booking",
            Self::Payment(_) => "Payment",
            Self::Attempt(..) => "CheckoutAttempt",
            Self::Refund(..) => "Refund",
            Self::Due(..) => "Due",
            Self::Ledger(..) => "LedgerEntry",
            Self::Notice(..) => "Notice",
            Self::History(..) => "History",
            Self::Reference(_) => "BookingReference",
            Self::Intent(_) => "StripeReference",
            Self::Driver(_) => "Driver",
            Self::Vehicle(_) => "Vehicle",
            Self::Validity(Whose::Driver, _) => "DriverValidity",
            Self::Validity(Whose::Vehicle, _) => "VehicleValidity",
            Self::Day(Whose::Driver, ..) => "DriverDay",
            Self::Day(Whose::Vehicle, ..) => "VehicleDay",
            Self::Document(..) => "ComplianceDocument",
            Self::Past(..) => "ReplacedDocument",
            Self::Tariff(..) => "Tariff",
            Self::TariffHead => "TariffHead",
            Self::Settings => "Settings",
            Self::User(_) => "User",
            Self::Address(_) => "UniqueEmail",
            Self::Login(_) => "UniqueCognito",
            Self::Rating(_) => "Rating",
            Self::Complaint(_) => "Complaint",
            Self::Event(_) => "WebhookEvent",
            Self::Comparison(_) => "Reconciliation",
            Self::Location(_) => "DriverLocation",
            Self::Memo(_) => "RouteMemo",
            Self::Found(_) => "PlaceMemo",
        }
    }

    /// What it sorts by among its like: its number, the way back behind the way there; a version of a history.
    pub(super) fn number(self) -> i64 {
        let signed = |number: usize| i64::try_from(number).unwrap();
        match self {
            Self::Booking(n) | Self::Rating(n) => signed(n % BACK) * 2 + signed(n / BACK),
            Self::History(_, version) => i64::try_from(version).unwrap(),
            Self::Driver(n) | Self::Vehicle(n) | Self::User(n) => signed(n),
            other => panic!("nothing sorts by the number of {other:?}"),
        }
    }

    /// Whether the machine has the move.
    pub(super) fn may(self, from: &str, to: &str) -> bool {
        self.sources(to).is_some_and(|sources| sources.contains(&from))
    }

    /// The states from which a status can be reached; none for what has no status.
    fn sources(self, to: &str) -> Option<&'static [&'static str]> {
        Some(match (self, to) {
            (Self::Quote(_), "used") => &["valid"],
            (Self::Booking(_), "confirmed") => &["pending", "assigned"],
            (Self::Booking(_), "assigned") => &["confirmed", "assigned"],
            (Self::Booking(_), "in_progress") => &["assigned"],
            (Self::Booking(_), "completed") => &["in_progress"],
            (Self::Payment(_), "pending") => &["pending", "failed", "processing"],
            (Self::Payment(_), "completed") => &["pending", "processing", "failed", "completed", "refunded"],
            (Self::Payment(_), "refunded") => &["completed", "refunded"],
            (Self::Refund(..), "owed") | (Self::Due(..), "owed") => &[],
            (Self::Refund(..), "pending") => &["owed"],
            (Self::Refund(..), "succeeded") => &["owed", "pending"],
            (Self::Refund(..), "failed") => &["owed", "pending", "succeeded"],
            (Self::Due(..), _) => &["owed"],
            (Self::Notice(..), "claimed") => &["claimed", "released"],
            (Self::Notice(..), _) => &["claimed"],
            (Self::Document(..), "pending_review") => {
                &["pending_review", "valid", "expiring_soon", "expired", "rejected"]
            }
            (Self::Document(..), "valid") => &["pending_review"],
            (Self::Document(..), "expiring_soon") => &["pending_review", "valid"],
            (Self::Document(..), _) => &["pending_review", "valid", "expiring_soon"],
            (Self::Complaint(_), "open") => &["open"],
            (Self::Complaint(_), "investigating") => &["open", "investigating", "resolved"],
            (Self::Complaint(_), "resolved") => &["open", "investigating"],
            (Self::Complaint(_), "closed") => &["open", "investigating", "resolved"],
            (Self::Event(_), "applied") => &["unrecognised", "reviewed"],
            (Self::Event(_), "reviewed") => &["unrecognised", "mismatched"],
            _ => return None,
        })
    }
}

/// Seconds from and to, and of which booking.
pub(super) type Job = (i64, i64, usize);

/// What the model knows of an item; what an entity does not have stays as it is by default.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Fact {
    pub(super) version: u64,
    pub(super) status: &'static str,
    pub(super) made: i64,
    pub(super) booking: usize,
    pub(super) user: Option<usize>,
    pub(super) driver: Option<usize>,
    pub(super) vehicle: Option<usize>,
    pub(super) email: Option<usize>,
    pub(super) login: Option<usize>,
    /// A pickup, an expiry, an end.
    pub(super) at: i64,
    /// Attempts, steps, tries, stars; a rank, a version, a document.
    pub(super) count: u32,
    /// On duty; opened; there and back; in capitals; resolved.
    pub(super) on: bool,
    pub(super) jobs: BTreeSet<Job>,
    /// Pence: that were taken, or that a refund or a due is of.
    pub(super) taken: i64,
    /// Pence of those that were taken in cash.
    pub(super) cash: i64,
    /// Pence that are owed back or went back.
    pub(super) held: i64,
    /// Pence that went back.
    pub(super) back: i64,
    /// Pence that did not arrive, and are owed again.
    pub(super) again: i64,
}

/// What must hold of an item for a change to go through.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Holds {
    /// It is not there.
    Absent,
    /// It is this version; it becomes the status of the change.
    Version(u64),
    /// Active, and until this moment.
    ActiveUntil(i64),
    /// It is this user's, and goes.
    GivenUpBy(usize),
}

/// One item of a change: what must hold, and what it becomes; none when it is only looked at, or goes.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: Name,
    pub(super) holds: Holds,
    pub(super) becomes: Option<Fact>,
}

/// What a verb would do.
pub(super) type Change = Vec<Part>;

/// Who refuses, and why, in the words of [`nots_core::table::Because`].
pub(super) type Refusals = BTreeSet<(String, String)>;

/// All that is in the table.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) facts: BTreeMap<Name, Fact>,
}

impl Model {
    pub(super) fn get(&self, name: Name) -> Option<&Fact> {
        self.facts.get(&name)
    }

    /// Makes what must not be there yet.
    pub(super) fn create(name: Name, fact: Fact) -> Part {
        Part { name, holds: Holds::Absent, becomes: Some(Fact { version: 1, ..fact }) }
    }

    /// Changes what was seen.
    pub(super) fn change(name: Name, seen: &Fact, into: Fact) -> Part {
        let becomes = Some(Fact { version: seen.version + 1, made: seen.made, ..into });
        Part { name, holds: Holds::Version(seen.version), becomes }
    }

    /// Who would refuse a change now; nobody when it would go through.
    pub(super) fn refusals(&self, change: &Change) -> Refusals {
        let because = |part: &Part| -> Option<String> {
            let found = self.get(part.name);
            match (&part.holds, found) {
                (Holds::Absent, None) => None,
                (Holds::Absent, Some(_)) => Some("Exists".to_owned()),
                (_, None) => Some("NotFound".to_owned()),
                (Holds::Version(seen), Some(found)) if *seen == found.version => None,
                (Holds::Version(_), Some(found)) => {
                    let to = part.becomes.as_ref().map_or("", |fact| fact.status);
                    let illegal = part.name.sources(to).is_some_and(|from| !from.contains(&found.status));
                    Some(if illegal {
                        format!("IllegalMove {{ status: {:?} }}", found.status)
                    } else {
                        "Stale".to_owned()
                    })
                }
                (Holds::ActiveUntil(until), Some(found)) => {
                    let met = found.status == "active" && found.at >= *until;
                    (!met).then(|| "Unmet".to_owned())
                }
                (Holds::GivenUpBy(user), Some(found)) => {
                    (found.user != Some(*user)).then(|| "Unmet".to_owned())
                }
            }
        };
        let refused = |part: &Part| Some((part.name.kind().to_owned(), because(part)?));
        change.iter().filter_map(refused).collect()
    }

    /// Changes everything; only for a change that nobody refuses.
    pub(super) fn apply(&mut self, change: &Change) {
        assert_eq!(self.refusals(change), Refusals::new());
        for part in change {
            if let Some(fact) = part.becomes.clone() {
                self.facts.insert(part.name, fact);
            }
            if matches!(part.holds, Holds::GivenUpBy(_)) {
                self.facts.remove(&part.name);
            }
        }
    }
}
