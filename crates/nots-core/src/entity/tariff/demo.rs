//! The demonstration tariff: an operator who is not registered for VAT, with fixed prices to airports.

use super::{
    BankHolidays, CancellationPolicy, CancellationRow, Code, Extra, Fee, FixedPrice, FreeWaiting, Label,
    NotACode, Overlap, PerVehicle, Rate, Tariff, Terms, Uplift, Uplifts, Vat, WHOLE, When, Zone,
};
use crate::{
    area::Area,
    calendar::TimeOfDay,
    geo::{Coordinates, Latitude, Longitude},
    money::{Currency, Pence},
    text::NotText,
    time::Timestamp,
};

/// The demonstration is not what it should be: a fault of ours.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A short name is none.
    #[error(transparent)]
    Code(#[from] NotACode),
    /// A label is none.
    #[error(transparent)]
    Label(#[from] NotText),
    /// A place is none.
    #[error(transparent)]
    Place(#[from] crate::geo::OffTheMap),
    /// An hour is none.
    #[error("an hour is none")]
    Hour,
}

/// Airports: code, name, where the terminals are, metres around them, the fee, and the fixed prices from Bournemouth
/// and Poole in a saloon, a luxury saloon and a minibus.
type Airport = (&'static str, &'static str, (f64, f64), u32, i64, [i64; 3]);
const AIRPORTS: [Airport; 6] = [
    ("bournemouth-airport", "Bournemouth Airport", (50.7800, -1.8425), 1_500, 300, [2_000, 3_200, 3_600]),
    ("southampton-airport", "Southampton Airport", (50.9503, -1.3568), 1_500, 500, [6_000, 9_500, 10_500]),
    ("heathrow-airport", "Heathrow Airport", (51.4700, -0.4543), 4_500, 700, [14_500, 22_500, 24_500]),
    ("gatwick-airport", "Gatwick Airport", (51.1537, -0.1821), 3_000, 700, [15_500, 24_000, 26_000]),
    ("bristol-airport", "Bristol Airport", (51.3827, -2.7191), 2_000, 600, [12_500, 19_500, 21_500]),
    ("exeter-airport", "Exeter Airport", (50.7344, -3.4139), 1_500, 300, [13_000, 20_000, 22_000]),
];

fn at((latitude, longitude): (f64, f64)) -> Result<Coordinates, DemoError> {
    Ok(Coordinates { latitude: Latitude::try_from(latitude)?, longitude: Longitude::try_from(longitude)? })
}

fn zone(
    code: &str,
    name: &str,
    centre: (f64, f64),
    metres: u32,
    fee: Option<i64>,
) -> Result<Zone, DemoError> {
    Ok(Zone {
        code: Code::parse(code)?,
        name: Label::parse(name)?,
        area: Area::Circle { centre: at(centre)?, radius_meters: metres },
        airport_fee: fee.map(Pence::new),
    })
}

fn extra(code: &str, name: &str, pence: i64, maximum: u8, accessibility: bool) -> Result<Extra, DemoError> {
    Ok(Extra {
        code: Code::parse(code)?,
        name: Label::parse(name)?,
        unit_price: Pence::new(pence),
        maximum,
        accessibility,
    })
}

fn uplift(code: &str, name: &str, when: When, basis_points: u32) -> Result<Uplift, DemoError> {
    Ok(Uplift { code: Code::parse(code)?, name: Label::parse(name)?, when, basis_points })
}

/// What the demonstration tariff says.
///
/// # Errors
/// Never, as a test shows.
pub fn demo_terms() -> Result<Terms, DemoError> {
    let rate = |base, mile, minute, minimum, stop, waiting| Rate {
        base_fare: Pence::new(base),
        per_mile: Pence::new(mile),
        per_minute: Pence::new(minute),
        minimum_fare: Pence::new(minimum),
        per_via_stop: Pence::new(stop),
        per_waiting_minute: Pence::new(waiting),
    };
    let row = |hours_before, share| CancellationRow { hours_before, fee: Fee::Percent(share) };
    let town = "bournemouth-poole";
    // Highcliffe to Upton and Wimborne to the sea.
    let mut zones =
        vec![zone(town, "Bournemouth, Christchurch and Poole", (50.7350, -1.9000), 14_000, None)?];
    let mut fixed_prices = Vec::new();
    for (code, name, centre, metres, fee, [standard, executive, minibus]) in AIRPORTS {
        zones.push(zone(code, name, centre, metres, Some(fee))?);
        fixed_prices.push(FixedPrice {
            code: Code::parse(code)?,
            from: Code::parse(town)?,
            to: Code::parse(code)?,
            both_directions: true,
            prices: PerVehicle {
                standard: Some(Pence::new(standard)),
                executive: Some(Pence::new(executive)),
                minibus: Some(Pence::new(minibus)),
            },
        });
    }
    let night = When::Night {
        from: TimeOfDay::of(22, 0).ok_or(DemoError::Hour)?,
        to: TimeOfDay::of(6, 0).ok_or(DemoError::Hour)?,
    };
    Ok(Terms {
        currency: Currency::Gbp,
        vat: Vat { registered: false, rate_basis_points: 2_000 },
        rates: PerVehicle {
            standard: rate(500, 100, 10, 800, 300, 30),
            executive: rate(900, 160, 16, 1_500, 500, 50),
            minibus: rate(1_100, 180, 18, 1_800, 500, 50),
        },
        zones,
        fixed_prices,
        uplifts: Uplifts {
            entries: vec![
                uplift("night", "Night", night, 2_000)?,
                uplift("bank-holiday", "Bank holiday", When::BankHoliday, 5_000)?,
            ],
            overlap: Overlap::Highest,
            on_fixed_prices: true,
        },
        bank_holidays: BankHolidays::default(),
        free_waiting: FreeWaiting { at_pickup: 15, at_airport: 45, at_via_stop: 5 },
        return_discount_basis_points: 1_000,
        extras: vec![
            extra("child_seat", "Child seat", 500, 4, false)?,
            extra("booster_seat", "Booster seat", 300, 4, false)?,
            extra("meet_and_greet", "Meet and greet", 1_000, 1, false)?,
            extra(Extra::WHEELCHAIR_ACCESS, "Wheelchair-accessible vehicle", 0, 2, true)?,
            extra("assistance_dog", "Assistance dog", 0, 2, true)?,
        ],
        service_area: Vec::new(),
        minimum_notice_seconds: 0,
        estimates_bookable: true,
        cancellation: CancellationPolicy {
            rows: vec![row(24, 0), row(2, 5_000), row(0, WHOLE)],
            no_show: Fee::Percent(WHOLE),
        },
    })
}

/// The demonstration tariff, in force since for ever.
///
/// # Errors
/// Never, as a test shows.
pub fn demo() -> Result<Tariff, DemoError> {
    Ok(Tariff { version: 1, effective_from: Timestamp::MIN, terms: demo_terms()? })
}
