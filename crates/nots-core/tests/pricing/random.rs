//! Random tariffs that validate, and random journeys.

use nots_core::{
    Pence, Timestamp,
    area::Area,
    calendar::{TimeOfDay, Weekday},
    entity::quote::{Enquiry, ReturnLeg},
    entity::tariff::{
        BankHolidays, CancellationPolicy, CancellationRow, Extra, Fee, FixedPrice, FreeWaiting, Label,
        Overlap, PerVehicle, Rate, Terms, Uplift, Uplifts, Vat, When, Zone,
    },
    geo::Place,
    journey::{Leg, Measure, Source, VehicleType, ViaStop},
    money::Currency,
    pricing::Wanted,
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
};

use super::{code, place};

fn pence() -> impl Strategy<Value = Pence> {
    prop_oneof![0..30_000_i64, Just(0), Just(1_000_000)].prop_map(Pence::new)
}

fn rate() -> impl Strategy<Value = Rate> {
    (pence(), pence(), pence(), pence(), pence(), pence()).prop_map(|(a, b, c, d, e, f)| Rate {
        base_fare: a,
        per_mile: b,
        per_minute: c,
        minimum_fare: Pence::new(d.get().max(30)),
        per_via_stop: e,
        per_waiting_minute: f,
    })
}

fn point() -> impl Strategy<Value = (f64, f64)> {
    (50.4..51.6_f64, -3.0..0.0_f64)
}

fn area() -> impl Strategy<Value = Area> {
    let circle = (point(), 1..120_000_u32)
        .prop_map(|(centre, radius_meters)| Area::Circle { centre: place(centre), radius_meters });
    let triangle = (point(), 0.1..1.0_f64, 0.1..1.0_f64).prop_map(|((lat, lon), high, wide)| Area::Polygon {
        points: vec![place((lat, lon)), place((lat + high, lon)), place((lat, lon + wide))],
    });
    prop_oneof![circle, triangle]
}

fn time() -> impl Strategy<Value = TimeOfDay> {
    (0..24_u8, 0..60_u8).prop_map(|(hour, minute)| TimeOfDay::of(hour, minute).unwrap())
}

fn uplifts() -> impl Strategy<Value = Uplifts> {
    let night = (time(), time()).prop_map(|(from, to)| (from != to).then_some(When::Night { from, to }));
    let weekend = subsequence(Weekday::ALL.to_vec(), 1..3).prop_map(|days| When::Weekend { days });
    let points = || 0..30_000_u32;
    (night, points(), option::of(weekend), points(), any::<bool>(), points(), any::<bool>(), any::<bool>())
        .prop_map(|(night, a, weekend, b, holiday, c, sum, on_fixed_prices)| {
            let all = [(night, a), (weekend, b), (holiday.then_some(When::BankHoliday), c)];
            let entries = all
                .into_iter()
                .enumerate()
                .filter_map(|(i, (when, basis_points))| {
                    let name = format!("u{i}");
                    Some(Uplift {
                        code: code(&name),
                        name: Label::parse(&name).unwrap(),
                        when: when?,
                        basis_points,
                    })
                })
                .collect();
            let overlap = if sum { Overlap::Sum } else { Overlap::Highest };
            Uplifts { entries, overlap, on_fixed_prices }
        })
}

type PricesOf = (usize, usize, bool, [Option<Pence>; 3]);

fn fixed(zones: usize) -> impl Strategy<Value = Vec<FixedPrice>> {
    let prices = (option::of(pence()), option::of(pence()), pence())
        .prop_map(|(standard, executive, minibus)| [standard, executive, Some(minibus)]);
    let one = (0..zones.max(1), 0..zones.max(1), any::<bool>(), prices);
    vec(one, 0..6).prop_map(move |all: Vec<PricesOf>| {
        let mut seen = Vec::new();
        let fresh = all.into_iter().filter(|(from, to, ..)| {
            let pair = (*from.min(to), *from.max(to));
            let fresh = zones > 0 && !seen.contains(&pair);
            seen.push(pair);
            fresh
        });
        fresh
            .enumerate()
            .map(|(i, (from, to, both_directions, [standard, executive, minibus]))| FixedPrice {
                code: code(&format!("f{i}")),
                from: code(&format!("z{from}")),
                to: code(&format!("z{to}")),
                both_directions,
                prices: PerVehicle { standard, executive, minibus },
            })
            .collect()
    })
}

fn zones() -> impl Strategy<Value = (Vec<Zone>, Vec<FixedPrice>)> {
    vec((area(), option::of(pence())), 0..5).prop_flat_map(|areas| {
        let zones: Vec<Zone> = areas
            .into_iter()
            .enumerate()
            .map(|(i, (area, airport_fee))| {
                let name = format!("z{i}");
                Zone { code: code(&name), name: Label::parse(&name).unwrap(), area, airport_fee }
            })
            .collect();
        let number = zones.len();
        (Just(zones), fixed(number))
    })
}

/// Any tariff that can be published.
pub(super) fn terms() -> impl Strategy<Value = Terms> {
    let rates = (rate(), rate(), rate()).prop_map(|(standard, executive, minibus)| PerVehicle {
        standard,
        executive,
        minibus,
    });
    let vat = (any::<bool>(), 0..=10_000_u32)
        .prop_map(|(registered, rate_basis_points)| Vat { registered, rate_basis_points });
    let extra = |name: &str, unit_price, accessibility| Extra {
        code: code(name),
        name: Label::parse(name).unwrap(),
        unit_price,
        maximum: 5,
        accessibility,
    };
    (rates, vat, zones(), uplifts(), 0..=10_000_u32, pence(), 0..=1_440_u32).prop_map(
        move |(rates, vat, (zones, fixed_prices), uplifts, discount, seat, free)| {
            let terms = Terms {
                currency: Currency::Gbp,
                vat,
                rates,
                zones,
                fixed_prices,
                uplifts,
                bank_holidays: BankHolidays::default(),
                free_waiting: FreeWaiting { at_pickup: 15, at_airport: 45, at_via_stop: free },
                return_discount_basis_points: discount,
                extras: vec![extra("seat", seat, false), extra("wheelchair_access", Pence::ZERO, true)],
                service_area: Vec::new(),
                minimum_notice_seconds: 0,
                estimates_bookable: true,
                cancellation: CancellationPolicy {
                    rows: vec![CancellationRow { hours_before: 0, fee: Fee::NONE }],
                    no_show: Fee::NONE,
                },
            };
            terms.check().unwrap().into_inner()
        },
    )
}

fn somewhere() -> impl Strategy<Value = Place> {
    point().prop_map(|at| Place { address: "Somewhere".to_owned(), at: place(at) })
}

fn measure() -> impl Strategy<Value = Measure> {
    let metres = prop_oneof![0..400_000_u32, any::<u32>()];
    let seconds = prop_oneof![0..40_000_u32, any::<u32>()];
    (metres, seconds).prop_map(|(metres, seconds)| {
        Measure::from(Leg { metres, seconds, source: Source::Google, polyline: None })
    })
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (1_600_000_000..2_200_000_000_i64).prop_map(|seconds| Timestamp::new(seconds).unwrap())
}

/// Any journey that can be asked for.
pub(super) fn enquiry() -> impl Strategy<Value = Enquiry> {
    let stop =
        (somewhere(), 0..=120_u32).prop_map(|(place, waiting_minutes)| ViaStop { place, waiting_minutes });
    let back = (moment(), measure()).prop_map(|(pickup_time, journey)| ReturnLeg { pickup_time, journey });
    (
        somewhere(),
        vec(stop, 0..=5),
        somewhere(),
        moment(),
        measure(),
        select(VehicleType::ALL.to_vec()),
        0..=5_u8,
        option::of(back),
    )
        .prop_map(
            |(
                pickup_location,
                via_stops,
                dropoff_location,
                pickup_time,
                journey,
                vehicle_type,
                seats,
                return_leg,
            )| Enquiry {
                pickup_location,
                via_stops,
                dropoff_location,
                pickup_time,
                journey,
                vehicle_type,
                passengers: 1,
                luggage: 0,
                extras: vec![Wanted { code: code("seat"), quantity: seats }],
                return_leg,
            },
        )
}
