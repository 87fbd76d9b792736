//! What can be read of a tariff that is wrong in places, so that one wrong field hides no other.

use std::collections::BTreeSet;

use nots_core::{
    Pence,
    area::Area,
    calendar::{self, LocalDate},
    entity::tariff::{
        BankHolidays, CancellationPolicy, CancellationRow, Code, Extra, Fault, Fee, FixedPrice, FreeWaiting,
        Label, Overlap, PerVehicle, Rate, Terms, Uplift, Uplifts, Vat, When, Zone,
    },
    geo::{Coordinates, Latitude, Longitude},
    money::Currency,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::covered;

/// Pointers to what could not be read; something that nothing is wrong with stands in its place.
#[derive(Default)]
pub(super) struct Unread(BTreeSet<String>);

impl Unread {
    /// Whether a fault may be one of what was put in and not of what was sent.
    pub(super) fn bears_on(&self, tariff: &Value, fault: &Fault) -> bool {
        let pointer = fault.pointer.as_str();
        // How long a list is can be seen whatever is in it.
        let list = tariff.pointer(pointer).is_some_and(Value::is_array);
        let within = format!("{pointer}/");
        let inside = || self.0.range(within.clone()..).next().is_some_and(|next| next.starts_with(&within));
        covered(&self.0, pointer) || (!list && inside()) || (names_a_zone(pointer) && self.lacks_zones())
    }

    /// Whether a zone may have a name that could not be read.
    fn lacks_zones(&self) -> bool {
        let nameless = |pointer: &str| {
            let inside = pointer.strip_prefix("/zones/").unwrap_or_default();
            pointer == "/zones"
                || (!inside.is_empty() && (!inside.contains('/') || inside.ends_with("/code")))
        };
        self.0.iter().any(|pointer| nameless(pointer))
    }

    /// What a value is, or something in its place.
    fn value<T: DeserializeOwned>(&mut self, value: Option<&Value>, at: String, instead: T) -> T {
        let read = value.and_then(|value| T::deserialize(value).ok());
        read.unwrap_or_else(|| {
            self.0.insert(at);
            instead
        })
    }

    /// Reads a field.
    fn one<T: DeserializeOwned>(&mut self, of: &Value, at: &str, name: &str, instead: T) -> T {
        self.value(of.get(name), format!("{at}/{name}"), instead)
    }

    /// Reads a field that may be missing.
    fn maybe(&mut self, of: &Value, at: &str, name: &str) -> Option<Pence> {
        of.get(name)?;
        self.one(of, at, name, None)
    }

    /// Reads a list entry by entry; each keeps its place.
    fn list<T>(
        &mut self,
        of: &Value,
        at: &str,
        name: &str,
        entry: impl Fn(&mut Self, &Value, &str, usize) -> Option<T>,
    ) -> Option<Vec<T>> {
        let here = format!("{at}/{name}");
        let Some(Value::Array(entries)) = of.get(name) else {
            self.0.insert(here);
            return Some(Vec::new());
        };
        let entries = entries.iter().enumerate();
        entries.map(|(place, value)| entry(self, value, &format!("{here}/{place}"), place)).collect()
    }
}

/// Whether what stands there is the name of a zone.
fn names_a_zone(pointer: &str) -> bool {
    let fixed = pointer.starts_with("/fixedPrices/");
    pointer.starts_with("/serviceArea/")
        || (fixed && (pointer.ends_with("/from") || pointer.ends_with("/to")))
}

/// A short name that nothing else has.
fn unnamed(place: usize) -> Option<Code> {
    Code::parse(&format!("unread-{place}")).ok()
}

/// Reads what can be read. None is a fault of ours, and then nothing is told.
pub(super) fn read(tariff: &Value) -> Option<(Terms, Unread)> {
    let mut unread = Unread::default();
    let r = &mut unread;
    let of = |name: &str| tariff.get(name).unwrap_or(&Value::Null);
    let (vat, rates, uplifts) = (of("vat"), of("rates"), of("uplifts"));
    let (holidays, free) = (of("bankHolidays"), of("freeWaiting"));
    // Two days that are not the same one, long ago.
    let (once, then) = (calendar::on(1, 1, 1), calendar::on(1, 1, 2));
    let date = |instead: LocalDate| {
        move |r: &mut Unread, value: &Value, at: &str, _| Some(r.value(Some(value), at.to_owned(), instead))
    };
    let terms = Terms {
        currency: Currency::Gbp,
        vat: Vat { registered: false, rate_basis_points: r.one(vat, "/vat", "rateBasisPoints", 0) },
        rates: PerVehicle {
            standard: rate(r, rates, "standard"),
            executive: rate(r, rates, "executive"),
            minibus: rate(r, rates, "minibus"),
        },
        zones: r.list(tariff, "", "zones", zone)?,
        fixed_prices: r.list(tariff, "", "fixedPrices", fixed_price)?,
        uplifts: Uplifts {
            entries: r.list(uplifts, "/uplifts", "entries", uplift)?,
            overlap: Overlap::Highest,
            on_fixed_prices: false,
        },
        bank_holidays: BankHolidays {
            also: r.list(holidays, "/bankHolidays", "also", date(once))?,
            except: r.list(holidays, "/bankHolidays", "except", date(then))?,
        },
        free_waiting: FreeWaiting {
            at_pickup: r.one(free, "/freeWaiting", "atPickup", 0),
            at_airport: r.one(free, "/freeWaiting", "atAirport", 0),
            at_via_stop: r.one(free, "/freeWaiting", "atViaStop", 0),
        },
        return_discount_basis_points: r.one(tariff, "", "returnDiscountBasisPoints", 0),
        extras: r.list(tariff, "", "extras", extra)?,
        service_area: r.list(tariff, "", "serviceArea", |r, value, at, place| {
            Some(r.value(Some(value), at.to_owned(), unnamed(place)?))
        })?,
        minimum_notice_seconds: r.one(tariff, "", "minimumNoticeSeconds", 0),
        estimates_bookable: false,
        cancellation: cancellation(r, of("cancellation"))?,
    };
    Some((terms, unread))
}

fn rate(r: &mut Unread, rates: &Value, kind: &str) -> Rate {
    let (of, at) = (rates.get(kind).unwrap_or(&Value::Null), format!("/rates/{kind}"));
    let mut amount = |name: &str| r.one(of, &at, name, Pence::ZERO);
    Rate {
        base_fare: amount("baseFare"),
        per_mile: amount("perMile"),
        per_minute: amount("perMinute"),
        minimum_fare: amount("minimumFare"),
        per_via_stop: amount("perViaStop"),
        per_waiting_minute: amount("perWaitingMinute"),
    }
}

fn label() -> Option<Label> {
    Label::parse("-").ok()
}

fn zone(r: &mut Unread, of: &Value, at: &str, place: usize) -> Option<Zone> {
    let nowhere =
        Coordinates { latitude: Latitude::try_from(0.0).ok()?, longitude: Longitude::try_from(0.0).ok()? };
    Some(Zone {
        code: r.one(of, at, "code", unnamed(place)?),
        name: r.one(of, at, "name", label()?),
        area: r.one(of, at, "area", Area::Circle { centre: nowhere, radius_meters: 1 }),
        airport_fee: r.maybe(of, at, "airportFee"),
    })
}

fn fixed_price(r: &mut Unread, of: &Value, at: &str, place: usize) -> Option<FixedPrice> {
    let (prices, inside) = (of.get("prices").unwrap_or(&Value::Null), format!("{at}/prices"));
    if !prices.is_object() {
        r.0.insert(inside.clone());
    }
    Some(FixedPrice {
        code: r.one(of, at, "code", unnamed(place)?),
        from: r.one(of, at, "from", unnamed(place)?),
        to: r.one(of, at, "to", unnamed(place)?),
        both_directions: r.one(of, at, "bothDirections", false),
        prices: PerVehicle {
            standard: r.maybe(prices, &inside, "standard"),
            executive: r.maybe(prices, &inside, "executive"),
            minibus: r.maybe(prices, &inside, "minibus"),
        },
    })
}

fn uplift(r: &mut Unread, of: &Value, at: &str, place: usize) -> Option<Uplift> {
    // When it counts stands among its other fields. Without a day it meets no other.
    let when = r.value(Some(of), format!("{at}/when"), When::Weekend { days: Vec::new() });
    if r.0.contains(&format!("{at}/when")) {
        r.0.insert(format!("{at}/days"));
    }
    Some(Uplift {
        code: r.one(of, at, "code", unnamed(place)?),
        name: r.one(of, at, "name", label()?),
        when,
        basis_points: r.one(of, at, "basisPoints", 0),
    })
}

fn cancellation(r: &mut Unread, of: &Value) -> Option<CancellationPolicy> {
    let at = "/cancellation";
    let mut rows = r.list(of, at, "rows", |r, row, at, place| {
        Some(CancellationRow {
            // One that no other row has.
            hours_before: r.one(
                row,
                at,
                "hoursBefore",
                u32::try_from(place).ok().and_then(|n| u32::MAX.checked_sub(n))?,
            ),
            fee: r.one(row, at, "fee", Fee::NONE),
        })
    })?;
    // A row whose hours cannot be read may be the one that each policy has.
    let last = rows.iter().any(|row| row.hours_before == 0);
    let unread = (0..rows.len()).find(|place| r.0.contains(&format!("{at}/rows/{place}/hoursBefore")));
    if let Some(row) = unread.filter(|_| !last).and_then(|place| rows.get_mut(place)) {
        row.hours_before = 0;
    }
    Some(CancellationPolicy { rows, no_show: r.one(of, at, "noShow", Fee::NONE) })
}

fn extra(r: &mut Unread, of: &Value, at: &str, place: usize) -> Option<Extra> {
    Some(Extra {
        code: r.one(of, at, "code", unnamed(place)?),
        name: r.one(of, at, "name", label()?),
        unit_price: r.one(of, at, "unitPrice", Pence::ZERO),
        maximum: r.one(of, at, "maximum", 1),
        accessibility: r.one(of, at, "accessibility", false),
    })
}
