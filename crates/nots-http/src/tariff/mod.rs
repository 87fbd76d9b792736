//! A tariff as it is sent: the JSON that the table holds and that `GET /v1/tariff` answers, read strictly.
//!
//! Types and what a tariff means are told together: what each field is not, and, of all that can be read, what
//! [`Terms::check`] says.

mod cancellation;
mod readable;

use std::collections::BTreeSet;

use deserr::{Deserr, IntoValue, Map, Value, ValuePointerRef};
use nots_core::{
    Pence, Timestamp,
    area::Area,
    calendar::{LocalDate, TimeOfDay, Weekday},
    entity::tariff::{
        BankHolidays, Code, Extra, Fault, FixedPrice, FreeWaiting, Label, Overlap, PerVehicle, Rate, Terms,
        Uplift, Uplifts, Vat, When, Zone,
    },
    geo::{Coordinates, Latitude, Longitude},
    money::Currency,
};
use serde_json::Value as Json;

use self::cancellation::CancellationBody;
use crate::{FieldError, FromWire, InvalidBody, Wire};

/// The most bytes that a body with a tariff may have. A tariff with all that it may have, compact and with every letter of
/// its names a whole Unicode character, has less than half of it.
pub const MAX_TARIFF_BYTES: usize = 512 * 1024;

/// A tariff as somebody sends it.
#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
pub struct TariffBody {
    #[deserr(default)]
    effective_from: Given<Timestamp>,
    currency: Wire<Currency>,
    vat: VatBody,
    rates: Each<RateBody>,
    zones: Vec<ZoneBody>,
    fixed_prices: Vec<FixedPriceBody>,
    uplifts: UpliftsBody,
    bank_holidays: BankHolidaysBody,
    free_waiting: FreeWaitingBody,
    return_discount_basis_points: Wire<u32>,
    extras: Vec<ExtraBody>,
    service_area: Vec<Wire<Code>>,
    minimum_notice_seconds: Wire<u32>,
    estimates_bookable: bool,
    cancellation: CancellationBody,
    // What an answer says of the version that it shows, so that it can be changed and sent back as it came.
    #[deserr(default)]
    version: Passed,
    #[deserr(default)]
    #[expect(dead_code, reason = "nothing follows from it")]
    latest_version: Passed,
    #[deserr(default)]
    #[expect(dead_code, reason = "nothing follows from it")]
    latest_effective_from: Passed,
    #[deserr(default)]
    #[expect(dead_code, reason = "nothing follows from it")]
    published_at: Passed,
    #[deserr(default)]
    #[expect(dead_code, reason = "nothing follows from it")]
    published_by: Passed,
}

/// Whether a field is there; what it says is not looked at.
#[derive(Default)]
struct Passed(bool);

impl Deserr<InvalidBody> for Passed {
    fn deserialize_from_value<V: IntoValue>(
        _: Value<V>,
        _: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        Ok(Self(true))
    }
}

/// A field that may be left out and then means something: null is none of its values.
struct Given<T>(Option<T>);

impl<T> Default for Given<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: FromWire> Deserr<InvalidBody> for Given<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        Wire::deserialize_from_value(value, at).map(|Wire(given)| Self(Some(given)))
    }
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct VatBody {
    registered: bool,
    rate_basis_points: Wire<u32>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, where_predicate = T: Deserr<InvalidBody>)]
struct Each<T> {
    standard: T,
    executive: T,
    minibus: T,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct RateBody {
    base_fare: Wire<Pence>,
    per_mile: Wire<Pence>,
    per_minute: Wire<Pence>,
    minimum_fare: Wire<Pence>,
    per_via_stop: Wire<Pence>,
    per_waiting_minute: Wire<Pence>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct ZoneBody {
    code: Wire<Code>,
    name: Wire<Label>,
    area: AreaBody,
    #[deserr(default)]
    airport_fee: Option<Wire<Pence>>,
}

struct AreaBody(Area);

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct CircleBody {
    centre: CoordinatesBody,
    radius_meters: Wire<u32>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields)]
struct PolygonBody {
    points: Vec<CoordinatesBody>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields)]
struct CoordinatesBody {
    latitude: Wire<Latitude>,
    longitude: Wire<Longitude>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct FixedPriceBody {
    code: Wire<Code>,
    from: Wire<Code>,
    to: Wire<Code>,
    both_directions: bool,
    prices: PricesBody,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields)]
struct PricesBody {
    #[deserr(default)]
    standard: Option<Wire<Pence>>,
    #[deserr(default)]
    executive: Option<Wire<Pence>>,
    #[deserr(default)]
    minibus: Option<Wire<Pence>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct UpliftsBody {
    entries: Vec<UpliftBody>,
    overlap: Wire<Overlap>,
    on_fixed_prices: bool,
}

struct UpliftBody(Uplift);

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct NightBody {
    code: Wire<Code>,
    name: Wire<Label>,
    basis_points: Wire<u32>,
    from: Wire<TimeOfDay>,
    to: Wire<TimeOfDay>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct WeekendBody {
    code: Wire<Code>,
    name: Wire<Label>,
    basis_points: Wire<u32>,
    days: Vec<Wire<Weekday>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct BankHolidayBody {
    code: Wire<Code>,
    name: Wire<Label>,
    basis_points: Wire<u32>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields)]
struct BankHolidaysBody {
    also: Vec<Wire<LocalDate>>,
    except: Vec<Wire<LocalDate>>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct FreeWaitingBody {
    at_pickup: Wire<u32>,
    at_airport: Wire<u32>,
    at_via_stop: Wire<u32>,
}

#[derive(Deserr)]
#[deserr(error = InvalidBody, deny_unknown_fields, rename_all = camelCase)]
struct ExtraBody {
    code: Wire<Code>,
    name: Wire<Label>,
    unit_price: Wire<Pence>,
    maximum: Wire<u8>,
    accessibility: bool,
}

/// Takes what says which shape an object has; what is left of it is of that shape.
fn tagged<V: IntoValue>(
    value: Value<V>,
    at: ValuePointerRef<'_>,
    tag: &str,
    known: &[&'static str],
) -> Result<(&'static str, Value<V>), InvalidBody> {
    let Value::Map(mut fields) = value else {
        return Err(InvalidBody::unexpected::<V>("must be an object", at));
    };
    let here = at.push_key(tag);
    let refuse = |msg: String| InvalidBody::unexpected::<V>(msg, here);
    match fields.remove(tag).map(IntoValue::into_value) {
        Some(Value::String(text)) => match known.iter().find(|one| **one == text) {
            Some(one) => Ok((one, Value::Map(fields))),
            None => Err(refuse(format!("must be one of {}", known.join(", ")))),
        },
        Some(_) => Err(refuse("must be a text".to_owned())),
        None => Err(refuse("is required".to_owned())),
    }
}

impl Deserr<InvalidBody> for AreaBody {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        let (shape, rest) = tagged(value, at, "shape", &["circle", "polygon"])?;
        Ok(Self(if shape == "circle" {
            let CircleBody { centre, radius_meters } = CircleBody::deserialize_from_value(rest, at)?;
            Area::Circle { centre: centre.into(), radius_meters: radius_meters.0 }
        } else {
            let PolygonBody { points } = PolygonBody::deserialize_from_value(rest, at)?;
            Area::Polygon { points: points.into_iter().map(Coordinates::from).collect() }
        }))
    }
}

impl Deserr<InvalidBody> for UpliftBody {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        at: ValuePointerRef<'_>,
    ) -> Result<Self, InvalidBody> {
        let (kind, rest) = tagged(value, at, "kind", &["night", "weekend", "bank_holiday"])?;
        let (code, name, when, basis_points) = match kind {
            "night" => {
                let of = NightBody::deserialize_from_value(rest, at)?;
                (of.code, of.name, When::Night { from: of.from.0, to: of.to.0 }, of.basis_points)
            }
            "weekend" => {
                let of = WeekendBody::deserialize_from_value(rest, at)?;
                (of.code, of.name, When::Weekend { days: plain(of.days) }, of.basis_points)
            }
            _ => {
                let of = BankHolidayBody::deserialize_from_value(rest, at)?;
                (of.code, of.name, When::BankHoliday, of.basis_points)
            }
        };
        Ok(Self(Uplift { code: code.0, name: name.0, when, basis_points: basis_points.0 }))
    }
}

impl From<CoordinatesBody> for Coordinates {
    fn from(of: CoordinatesBody) -> Self {
        Self { latitude: of.latitude.0, longitude: of.longitude.0 }
    }
}

fn plain<T>(list: Vec<Wire<T>>) -> Vec<T> {
    list.into_iter().map(|Wire(one)| one).collect()
}

fn amount(of: Option<Wire<Pence>>) -> Option<Pence> {
    of.map(|Wire(pence)| pence)
}

impl From<RateBody> for Rate {
    fn from(of: RateBody) -> Self {
        Self {
            base_fare: of.base_fare.0,
            per_mile: of.per_mile.0,
            per_minute: of.per_minute.0,
            minimum_fare: of.minimum_fare.0,
            per_via_stop: of.per_via_stop.0,
            per_waiting_minute: of.per_waiting_minute.0,
        }
    }
}

impl From<ZoneBody> for Zone {
    fn from(of: ZoneBody) -> Self {
        Self { code: of.code.0, name: of.name.0, area: of.area.0, airport_fee: amount(of.airport_fee) }
    }
}

impl From<FixedPriceBody> for FixedPrice {
    fn from(of: FixedPriceBody) -> Self {
        let PricesBody { standard, executive, minibus } = of.prices;
        Self {
            code: of.code.0,
            from: of.from.0,
            to: of.to.0,
            both_directions: of.both_directions,
            prices: PerVehicle {
                standard: amount(standard),
                executive: amount(executive),
                minibus: amount(minibus),
            },
        }
    }
}

impl From<ExtraBody> for Extra {
    fn from(of: ExtraBody) -> Self {
        Self {
            code: of.code.0,
            name: of.name.0,
            unit_price: of.unit_price.0,
            maximum: of.maximum.0,
            accessibility: of.accessibility,
        }
    }
}

impl TariffBody {
    /// When it is to take effect, when that is said. An answer that is sent back says when the version that it shows took
    /// effect, which is no wish.
    #[must_use]
    pub fn effective_from(&self, now: Timestamp) -> Option<Timestamp> {
        self.effective_from.0.filter(|from| !(self.version.0 && *from <= now))
    }

    /// What it says.
    #[must_use]
    pub fn into_terms(self) -> Terms {
        Terms {
            currency: self.currency.0,
            vat: Vat { registered: self.vat.registered, rate_basis_points: self.vat.rate_basis_points.0 },
            rates: PerVehicle {
                standard: self.rates.standard.into(),
                executive: self.rates.executive.into(),
                minibus: self.rates.minibus.into(),
            },
            zones: self.zones.into_iter().map(Zone::from).collect(),
            fixed_prices: self.fixed_prices.into_iter().map(FixedPrice::from).collect(),
            uplifts: Uplifts {
                entries: self.uplifts.entries.into_iter().map(|UpliftBody(uplift)| uplift).collect(),
                overlap: self.uplifts.overlap.0,
                on_fixed_prices: self.uplifts.on_fixed_prices,
            },
            bank_holidays: BankHolidays {
                also: plain(self.bank_holidays.also),
                except: plain(self.bank_holidays.except),
            },
            free_waiting: FreeWaiting {
                at_pickup: self.free_waiting.at_pickup.0,
                at_airport: self.free_waiting.at_airport.0,
                at_via_stop: self.free_waiting.at_via_stop.0,
            },
            return_discount_basis_points: self.return_discount_basis_points.0,
            extras: self.extras.into_iter().map(Extra::from).collect(),
            service_area: plain(self.service_area),
            minimum_notice_seconds: self.minimum_notice_seconds.0,
            estimates_bookable: self.estimates_bookable,
            cancellation: self.cancellation.into(),
        }
    }
}

/// What [`Terms::check`] says of a tariff in a body, of all that can be read of it. `at` is the pointer to the tariff, and
/// `unfit` what is of the wrong type in the body.
#[must_use]
pub fn faults(body: &Json, at: &str, unfit: &[FieldError]) -> Vec<FieldError> {
    let tariff = body.pointer(at).unwrap_or(&Json::Null);
    let Some((terms, unread)) = readable::read(tariff) else { return Vec::new() };
    let unfit: BTreeSet<String> = unfit
        .iter()
        .filter_map(|error| match error {
            FieldError::Field { pointer, .. } => pointer.strip_prefix(at).map(str::to_owned),
            FieldError::Parameter { .. } => None,
        })
        .collect();
    let told = terms.check().err().unwrap_or_default().into_iter();
    let sound = told.filter(|fault| !unread.bears_on(tariff, fault) && !covered(&unfit, &fault.pointer));
    sound.map(|Fault { pointer, detail }| FieldError::at(format!("{at}{pointer}"), detail)).collect()
}

/// Whether a pointer, or anything around what it points to, is among these.
fn covered(these: &BTreeSet<String>, pointer: &str) -> bool {
    let mut around = Some(pointer);
    while let Some(here) = around {
        if these.contains(here) {
            return true;
        }
        around = here.rsplit_once('/').map(|(around, _)| around);
    }
    false
}

/// What is wrong with when a tariff is to take effect: `at` is the pointer to the tariff in the body.
#[must_use]
pub fn time_fault(body: &Json, at: &str, now: Timestamp) -> Option<FieldError> {
    let pointer = format!("{at}/effectiveFrom");
    let asked = body.pointer(&pointer).and_then(Json::as_i64).and_then(|time| Timestamp::new(time).ok())?;
    let answered = body.pointer(&format!("{at}/version")).is_some();
    if asked <= now && answered {
        None
    } else if asked < now {
        Some(FieldError::at(pointer, "is in the past"))
    } else if asked > now.plus_months(12) {
        Some(FieldError::at(pointer, "is more than 12 months ahead"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
